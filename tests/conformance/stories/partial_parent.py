"""A bracket whose entry fills in parts: its children work at once; cancelled in mid-fill, it leaves them what it filled."""

from desk import bracket, play, say


def story(desk):
    desk.join("XYZ")
    legs = bracket(1, 9.00, 11.00)
    legs[0][1].orderType, legs[0][1].lmtPrice = "LMT", 10.00
    for leg in legs:
        leg[1].ocaGroup, leg[1].ocaType = "", 0
        desk.place(*leg)
    desk.told()

    say("40 of 100 fill on the first bar")
    desk.step()
    desk.expects("""
        execDetails -1: X1 order 1 client 1 P1 BOT 40 XYZ at 10 20131004 09:30:00 US/Eastern SMART cum 40 avg 10 ref 'E' liquidity 1 DU0000001
        orderStatus 1 client 1 P1: Submitted 40/60 at 10 last 10
        orderStatus 1 client 1 P1: Submitted 40/60 at 10 last 10
        commission X1: 1 USD realized 0
        orderStatus 2 client 1 P2: PreSubmitted 0/100 child of 1 held trigger
        orderStatus 3 client 1 P3: Submitted 0/100 child of 1
    """, "realtimeBar", "openOrder")
    # A child without a group of its own is tied to its siblings by the permanent id of their parent.
    group = desk.perm_id(1)

    say("the entry is cancelled: stop and target protect the 40")
    desk.cancel(1)
    desk.told()
    desk.reqOpenOrders()
    desk.expects(f"""
        openOrder 2 client 1 P2: SELL 40 XYZ STP aux 9 GTC child of P1 ocaGroup={group} ocaType=3 orderRef=S parentId=1 -> PreSubmitted
        orderStatus 2 client 1 P2: PreSubmitted 0/40 child of 1 held trigger
        openOrder 3 client 1 P3: SELL 40 XYZ LMT lmt 11 GTC child of P1 ocaGroup={group} ocaType=3 orderRef=T parentId=1 -> Submitted
        orderStatus 3 client 1 P3: Submitted 0/40 child of 1
        openOrderEnd
    """)
    desk.reqCompletedOrders(False)
    desk.expects("""
        completedOrder 1 client 1 P1: BUY 60 XYZ LMT lmt 10 GTC filled 40 orderRef=E -> Cancelled completedStatus=Cancelled by Trader completedTime=20131004 09:30:05 US/Eastern
        completedOrdersEnd
    """)


play(story)
