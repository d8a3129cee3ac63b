"""Orders tied together: one fill cancels the rest of its group; a parent takes its children with it."""

from desk import bracket, equal, order, play, say


def story(desk):
    desk.join("XYZ")
    desk.step()
    desk.told()

    say("type 1: the fill of one cancels the others, at once")
    tied = dict(ocaGroup="tied", ocaType=1, quantity=50)
    desk.place(1, order("BUY", "MKT", **tied))
    desk.place(2, order("BUY", "LMT", 9.00, **tied))
    desk.place(3, order("BUY", "LMT", 8.00, quantity=70))
    desk.told()
    desk.step()
    desk.expects("""
        execDetails -1: X1 order 1 client 1 P1 BOT 50 XYZ at 9.98 20131004 09:30:05 US/Eastern SMART cum 50 avg 9.98 ref '' liquidity 2 DU0000001
        openOrder 1 client 1 P1: BUY 50 XYZ MKT GTC filled 50 ocaGroup=tied ocaType=1 -> Filled
        orderStatus 1 client 1 P1: Filled 50/0 at 9.98 last 9.98
        openOrder 1 client 1 P1: BUY 50 XYZ MKT GTC filled 50 ocaGroup=tied ocaType=1 -> Filled
        orderStatus 1 client 1 P1: Filled 50/0 at 9.98 last 9.98
        commission X1: 1 USD realized 0
        openOrder 2 client 1 P2: BUY 50 XYZ LMT lmt 9 GTC ocaGroup=tied ocaType=1 -> Cancelled
        orderStatus 2 client 1 P2: Cancelled 0/50
        error 2 202 Order Canceled - reason:another order of its group was filled
    """, "realtimeBar")

    say("a cancelled parent takes its children with it; without a group of their own they are tied by their parent")
    for order_id, leg in bracket(4, 9.00, 11.00):
        leg.ocaGroup, leg.ocaType = "", 0
        if order_id == 4:
            leg.orderType, leg.lmtPrice = "LMT", 9.50
        desk.place(order_id, leg)
    desk.told()
    desk.cancel(4)
    rows = desk.rows_told()
    opened = {args[0]: args[2] for name, args in rows if name == "openOrder"}
    equal("who ended", sorted(opened), [4, 5, 6])
    equal("the group of the children", {order_id: told.ocaGroup for order_id, told in opened.items()},
          {4: "", 5: str(opened[4].permId), 6: str(opened[4].permId)})
    equal("its type", [opened[5].ocaType, opened[6].ocaType], [3, 3])
    equal("the notices", [args[:1] + args[2:4] for name, args in rows if name == "error"], [
        (4, 202, "Order Canceled - reason:"),
        (5, 202, "Order Canceled - reason:its parent was cancelled"),
        (6, 202, "Order Canceled - reason:its parent was cancelled"),
    ])

    say("a child of a parent that is gone: 135")
    desk.place(7, order("SELL", "STP", 9.00, parentId=4))
    desk.expects("error 7 135 Can't find order with id = 4")
    desk.reqOpenOrders()
    desk.expects("""
        openOrder 3 client 1 P3: BUY 70 XYZ LMT lmt 8 GTC -> Submitted
        orderStatus 3 client 1 P3: Submitted 0/70
        openOrderEnd
    """)


play(story)
