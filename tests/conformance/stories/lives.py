"""How long orders live and when they act: DAY, GTC, outside regular hours, over a weekend."""

from desk import equal, order, play, say

MONDAY = 1381152540  # 2013-10-07 09:29 in New York


def story(desk):
    desk.join("XYZ")
    bars = desk.bars["XYZ"]
    equal("the last minutes of Friday, two of Monday and one before its open", len(bars), 5 * 12)

    say("a day order, one until cancelled, one that acts at any hour, and a stop that asks for it in vain")
    desk.place(1, order("BUY", "LMT", 9.00, tif="DAY"))
    desk.place(2, order("BUY", "LMT", 10.00, quantity=10, orderRef="session"))
    desk.place(3, order("SELL", "LMT", 10.40, quantity=30, outsideRth=True))
    desk.place(4, order("SELL", "STP", 9.85, quantity=40, outsideRth=True))
    desk.expects("""
        openOrder 1 client 1 P1: BUY 100 XYZ LMT lmt 9 DAY -> Submitted
        orderStatus 1 client 1 P1: Submitted 0/100
        openOrder 2 client 1 P2: BUY 10 XYZ LMT lmt 10 GTC orderRef=session -> Submitted
        orderStatus 2 client 1 P2: Submitted 0/10
        openOrder 3 client 1 P3: SELL 30 XYZ LMT lmt 10.4 GTC outsideRth=True -> Submitted
        orderStatus 3 client 1 P3: Submitted 0/30
        openOrder 4 client 1 P4: SELL 40 XYZ STP aux 9.85 GTC outsideRth=True -> PreSubmitted
        orderStatus 4 client 1 P4: PreSubmitted 0/40 held trigger
        error 4 2109 Order Event Warning:Attribute 'Outside Regular Trading Hours' is ignored based on the order type and destination. PlaceOrder is now being processed.
    """)
    desk.cancel(2)
    desk.told()

    say("at the close the day order ends, and limits of the session stop working")
    desk.place(5, order("BUY", "LMT", 9.50, quantity=50))
    desk.told()
    desk.step(23)
    equal("nothing before", desk.told("realtimeBar"), [])
    desk.step()
    desk.expects("""
        openOrder 1 client 1 P1: BUY 100 XYZ LMT lmt 9 DAY -> Cancelled
        orderStatus 1 client 1 P1: Cancelled 0/100
        error 1 202 Order Canceled - reason:the time it was good for is over
        openOrder 5 client 1 P5: BUY 50 XYZ LMT lmt 9.5 GTC -> PreSubmitted
        orderStatus 5 client 1 P5: PreSubmitted 0/50
    """, "realtimeBar")

    say("a market order waits for the open, and says so")
    desk.place(6, order("BUY", "MKT", quantity=60))
    desk.expects("""
        openOrder 6 client 1 P6: BUY 60 XYZ MKT GTC -> PreSubmitted
        orderStatus 6 client 1 P6: PreSubmitted 0/60
        error 6 399 Order Message: | BUY 60 XYZ | Warning: Your order will not be placed at the exchange until 20131007 09:30:00 US/Eastern
    """)

    say("before Monday's open only the limit for any hour fills")
    reached = next(index for index, bar in enumerate(bars) if bar.start >= MONDAY and bar.high >= 10)
    equal("the bar", (reached, str(bars[reached].open), str(bars[reached].high)), (24, "10.30", "10.30"))
    desk.step(12)
    first = next(bar for bar in bars[24:] if float(bar.high) >= 10.40)
    equal("where the limit trades", first.start, 1381152575)
    desk.expects("""
        execDetails -1: X1 order 3 client 1 P3 SLD 30 XYZ at 10.4 20131007 09:29:35 US/Eastern SMART cum 30 avg 10.4 ref '' liquidity 1 DU0000001
        openOrder 3 client 1 P3: SELL 30 XYZ LMT lmt 10.4 GTC filled 30 outsideRth=True -> Filled
        orderStatus 3 client 1 P3: Filled 30/0 at 10.4 last 10.4
        openOrder 3 client 1 P3: SELL 30 XYZ LMT lmt 10.4 GTC filled 30 outsideRth=True -> Filled
        orderStatus 3 client 1 P3: Filled 30/0 at 10.4 last 10.4
        commission X1: 1 USD realized 0
        openOrder 5 client 1 P5: BUY 50 XYZ LMT lmt 9.5 GTC -> Submitted
        orderStatus 5 client 1 P5: Submitted 0/50
        openOrder 6 client 1 P6: BUY 60 XYZ MKT GTC -> Submitted
        orderStatus 6 client 1 P6: Submitted 0/60
    """, "realtimeBar")

    say("the open fills the market order; the stop waits for its price, in the session")
    desk.step()
    equal("Monday's open", str(bars[36].open), "10.35")
    desk.expects("""
        execDetails -1: X2 order 6 client 1 P6 BOT 60 XYZ at 10.35 20131007 09:30:00 US/Eastern SMART cum 60 avg 10.35 ref '' liquidity 2 DU0000001
        openOrder 6 client 1 P6: BUY 60 XYZ MKT GTC filled 60 -> Filled
        orderStatus 6 client 1 P6: Filled 60/0 at 10.35 last 10.35
        openOrder 6 client 1 P6: BUY 60 XYZ MKT GTC filled 60 -> Filled
        orderStatus 6 client 1 P6: Filled 60/0 at 10.35 last 10.35
        commission X2: 1 USD realized 0
    """, "realtimeBar")
    through = next(index for index, bar in enumerate(bars) if index > 36 and float(bar.low) <= 9.85)
    equal("the bar that trades through the stop", (through, str(bars[through].open)), (55, "9.96"))
    desk.step(through - 37)
    equal("nothing before", desk.told("realtimeBar"), [])
    desk.step()
    # Of the 60 bought, 30 closed the short; the 40 sold close the other 30, which cost 310.50 and half of a dollar.
    equal("the profit", 30 * 9.85 - 310.50 - 0.50 - 0.75, -16.25)
    desk.expects("""
        execDetails -1: X3 order 4 client 1 P4 SLD 40 XYZ at 9.85 20131007 09:31:35 US/Eastern SMART cum 40 avg 9.85 ref '' liquidity 2 DU0000001
        openOrder 4 client 1 P4: SELL 40 XYZ STP aux 9.85 GTC filled 40 outsideRth=True -> Filled
        orderStatus 4 client 1 P4: Filled 40/0 at 9.85 last 9.85
        openOrder 4 client 1 P4: SELL 40 XYZ STP aux 9.85 GTC filled 40 outsideRth=True -> Filled
        orderStatus 4 client 1 P4: Filled 40/0 at 9.85 last 9.85
        commission X3: 1 USD realized -16.25
    """, "realtimeBar")


play(story)
