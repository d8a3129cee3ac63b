"""Two clients of IBKR's at one gateway: each has ids of its own and hears of its own orders; both see what is held."""

from desk import Desk, equal, order, play, say
from ibapi.order_cancel import OrderCancel


def story(desk):
    desk.join("XYZ")
    other = Desk(desk.port, 2, desk.bars)
    other.wait("nextValidId")
    other.rows_told()
    desk.reqPositions()
    desk.expects("positionEnd")
    other.reqPositions()
    other.expects("positionEnd")

    say("the same order id is another order at each")
    desk.place(1, order("BUY", "MKT", orderRef="mine"))
    desk.expects("""
        openOrder 1 client 1 P1: BUY 100 XYZ MKT GTC orderRef=mine -> Submitted
        orderStatus 1 client 1 P1: Submitted 0/100
    """)
    other.place(1, order("BUY", "LMT", 9.00, 50, orderRef="theirs"))
    other.expects("""
        openOrder 1 client 2 P2: BUY 50 XYZ LMT lmt 9 GTC orderRef=theirs -> Submitted
        orderStatus 1 client 2 P2: Submitted 0/50
    """)
    desk.expects("")

    say("own open orders, and all open orders, asked by each")
    mine = """
        openOrder 1 client 1 P1: BUY 100 XYZ MKT GTC orderRef=mine -> Submitted
        orderStatus 1 client 1 P1: Submitted 0/100
    """
    theirs = """
        openOrder 1 client 2 P2: BUY 50 XYZ LMT lmt 9 GTC orderRef=theirs -> Submitted
        orderStatus 1 client 2 P2: Submitted 0/50
    """
    end = """
        openOrderEnd
    """
    for client, own in ((desk, mine), (other, theirs)):
        client.reqOpenOrders()
        client.expects(own.rstrip() + end)
        client.reqAllOpenOrders()
        client.expects(mine.rstrip() + theirs.rstrip() + end)

    say("a fill is told to its owner, the position to both")
    desk.step()
    desk.expects("""
        execDetails -1: X1 order 1 client 1 P1 BOT 100 XYZ at 10 20131004 09:30:00 US/Eastern SMART cum 100 avg 10 ref 'mine' liquidity 2 DU0000001
        openOrder 1 client 1 P1: BUY 100 XYZ MKT GTC filled 100 orderRef=mine -> Filled
        orderStatus 1 client 1 P1: Filled 100/0 at 10 last 10
        openOrder 1 client 1 P1: BUY 100 XYZ MKT GTC filled 100 orderRef=mine -> Filled
        orderStatus 1 client 1 P1: Filled 100/0 at 10 last 10
        commission X1: 1 USD realized 0
        position DU0000001 XYZ 100 cost 10.01
    """, "realtimeBar")
    other.expects("position DU0000001 XYZ 100 cost 10.01")

    say("a client that comes back finds its order and its next id")
    other.leave()
    desk.rows_told()
    other = Desk(desk.port, 2, desk.bars)
    # The gateway learns of the end of a connection by itself; until then the id is taken.
    while not other.greeted():
        other = Desk(desk.port, 2, desk.bars)
    equal("its next id, and its order", other.told()[1:5], ["managedAccounts DU0000001", "nextValidId 2", *map(str.strip, theirs.strip().splitlines())])
    other.reqOpenOrders()
    other.expects(theirs.rstrip() + end)
    other.reqPositions()
    other.expects("""
        position DU0000001 XYZ 100 cost 10.01
        positionEnd
    """)

    say("a cancel of everything ends the orders of all, and each owner is told")
    desk.reqGlobalCancel(OrderCancel())
    desk.expects("")
    other.expects("""
        openOrder 1 client 2 P2: BUY 50 XYZ LMT lmt 9 GTC orderRef=theirs -> Cancelled
        orderStatus 1 client 2 P2: Cancelled 0/50
        error 1 202 Order Canceled - reason:
    """)
    other.leave()


play(story)
