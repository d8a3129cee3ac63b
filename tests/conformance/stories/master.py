"""The master client is told how everybody's orders stand and fill, and nothing of their errors."""

from desk import Desk, order, play, say


def story(desk):
    desk.join("XYZ")
    master, bystander = Desk(desk.port, 9), Desk(desk.port, 3)
    for client in (master, bystander):
        client.wait("nextValidId")
        client.rows_told()

    say("placed, refused, cancelled, filled by client 1")
    desk.place(1, order("BUY", "MKT", orderRef="mine"))
    desk.place(2, order("BUY", "LMT", 9.00))
    desk.place(3, order("BUY", "LMT", 9.005))
    desk.cancel(2)
    desk.step()
    desk.told()

    say("as the master client hears it")
    master.expects("""
        openOrder 1 client 1 P1: BUY 100 XYZ MKT GTC orderRef=mine -> Submitted
        orderStatus 1 client 1 P1: Submitted 0/100
        openOrder 2 client 1 P2: BUY 100 XYZ LMT lmt 9 GTC -> Submitted
        orderStatus 2 client 1 P2: Submitted 0/100
        openOrder 2 client 1 P2: BUY 100 XYZ LMT lmt 9 GTC -> Cancelled
        orderStatus 2 client 1 P2: Cancelled 0/100
        execDetails -1: X1 order 1 client 1 P1 BOT 100 XYZ at 10 20131004 09:30:00 US/Eastern SMART cum 100 avg 10 ref 'mine' liquidity 2 DU0000001
        openOrder 1 client 1 P1: BUY 100 XYZ MKT GTC filled 100 orderRef=mine -> Filled
        orderStatus 1 client 1 P1: Filled 100/0 at 10 last 10
        openOrder 1 client 1 P1: BUY 100 XYZ MKT GTC filled 100 orderRef=mine -> Filled
        orderStatus 1 client 1 P1: Filled 100/0 at 10 last 10
        commission X1: 1 USD realized 0
    """)
    bystander.expects("")
    master.leave()
    bystander.leave()


play(story)
