"""What IBKR refuses, with its codes; and that what stood before a refusal still stands."""

from desk import Desk, order, play, say, stock


def story(desk):
    desk.join("XYZ")
    other = Desk(desk.port, 2)
    other.wait("nextValidId")
    other.rows_told()

    say("a price off the grid: 110, and there is no order")
    desk.place(1, order("SELL", "STP", 9.505))
    desk.expects("error 1 110 The price does not conform to the minimum price variation for this contract.")
    desk.reqOpenOrders()
    desk.expects("openOrderEnd")

    say("another client's order cannot be cancelled: 10147, it stays; its owner is told nothing")
    desk.place(2, order("BUY", "LMT", 9.00))
    desk.expects("""
        openOrder 2 client 1 P1: BUY 100 XYZ LMT lmt 9 GTC -> Submitted
        orderStatus 2 client 1 P1: Submitted 0/100
    """)
    other.cancel(2)
    other.expects("error 2 10147 OrderId 2 that needs to be cancelled is not found.")
    desk.reqOpenOrders()
    desk.expects("""
        openOrder 2 client 1 P1: BUY 100 XYZ LMT lmt 9 GTC -> Submitted
        orderStatus 2 client 1 P1: Submitted 0/100
        openOrderEnd
    """)

    say("moved off the grid: 110, and the order is where it was")
    desk.place(2, order("BUY", "LMT", 9.005))
    desk.expects("error 2 110 The price does not conform to the minimum price variation for this contract.")
    desk.reqOpenOrders()
    desk.expects("""
        openOrder 2 client 1 P1: BUY 100 XYZ LMT lmt 9 GTC -> Submitted
        orderStatus 2 client 1 P1: Submitted 0/100
        openOrderEnd
    """)

    say("a changed side: 105")
    desk.place(2, order("SELL", "LMT", 9.00))
    desk.expects("error 2 105 Order being modified does not match original order")

    say("a filled order can be changed no more: 104, nor cancelled: 10148")
    desk.place(3, order("BUY", "MKT"))
    desk.step()
    desk.expects("""
        openOrder 3 client 1 P2: BUY 100 XYZ MKT GTC -> Submitted
        orderStatus 3 client 1 P2: Submitted 0/100
        execDetails -1: X1 order 3 client 1 P2 BOT 100 XYZ at 10 20131004 09:30:00 US/Eastern SMART cum 100 avg 10 ref '' liquidity 2 DU0000001
        openOrder 3 client 1 P2: BUY 100 XYZ MKT GTC filled 100 -> Filled
        orderStatus 3 client 1 P2: Filled 100/0 at 10 last 10
        openOrder 3 client 1 P2: BUY 100 XYZ MKT GTC filled 100 -> Filled
        orderStatus 3 client 1 P2: Filled 100/0 at 10 last 10
        commission X1: 1 USD realized 0
    """, "realtimeBar")
    desk.place(3, order("BUY", "MKT", quantity=200))
    desk.expects("error 3 104 Cannot modify a filled order.")
    desk.cancel(3)
    desk.expects("error 3 10148 OrderId 3 that needs to be cancelled cannot be cancelled, state: Filled.")

    say("stale ids: 103, for one that was skipped and for one that was cancelled")
    desk.place(1, order("BUY", "LMT", 9.00))
    desk.expects("error 1 103 Duplicate order id")
    desk.cancel(2)
    desk.expects("""
        openOrder 2 client 1 P1: BUY 100 XYZ LMT lmt 9 GTC -> Cancelled
        orderStatus 2 client 1 P1: Cancelled 0/100
        error 2 202 Order Canceled - reason:
    """)
    desk.place(2, order("BUY", "LMT", 9.00))
    desk.expects("error 2 103 Duplicate order id")
    desk.cancel(2)
    desk.expects("error 2 10148 OrderId 2 that needs to be cancelled cannot be cancelled, state: Cancelled.")
    desk.reqIds(-1)
    desk.expects("nextValidId 4")

    say("an unknown symbol: 200; an unknown kind of order: 387; no shares: 434")
    desk.place(4, order("BUY", "MKT"), "QQQQQ")
    desk.expects("error 4 200 No security definition has been found for the request")
    desk.place(4, order("BUY", "PEG MID"))
    desk.expects("error 4 387 Unsupported order type for this exchange and security type.")
    desk.place(4, order("BUY", "MKT", quantity=0))
    desk.expects("error 4 434 The order size cannot be zero.")
    desk.reqContractDetails(9, stock("QQQQQ"))
    desk.expects("error 9 200 No security definition has been found for the request")

    say("the other client was told nothing of all this")
    other.expects("")
    other.leave()


play(story)
