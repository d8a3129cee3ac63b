"""Stop limits, trailing stops by an amount and by percent, orders good till a moment."""

from decimal import ROUND_CEILING, Decimal

from desk import equal, order, play, say


def trailing(bars, stop, behind):
    """The instant in which a selling stop that follows triggers, and its price: tried first, then it follows the high."""
    for index, bar in enumerate(bars):
        if bar.low <= stop:
            return index, min(stop, bar.open)
        stop = max(stop, behind(bar.high))
    return None, stop


def story(desk):
    desk.join("XYZ")
    bars = desk.bars["XYZ"]
    desk.step()
    desk.told()

    say("a stop limit: it triggers, its limit is not there, it rests and fills where the limit says")
    desk.place(1, order("SELL", "STP LMT", 9.95, lmtPrice=9.96))
    desk.expects("""
        openOrder 1 client 1 P1: SELL 100 XYZ STP LMT lmt 9.96 aux 9.95 GTC -> PreSubmitted
        orderStatus 1 client 1 P1: PreSubmitted 0/100 held trigger
    """)
    trigger = next(index for index, bar in enumerate(bars) if index > 0 and bar.low <= Decimal("9.95"))
    desk.step(trigger)
    told = desk.told("realtimeBar")
    equal("it triggered", told[-1], "orderStatus 1 client 1 P1: Submitted 0/100")
    filled = next(index for index, bar in enumerate(bars) if index > trigger and bar.high >= Decimal("9.96"))
    desk.step(filled - trigger - 1)
    equal("nothing before", desk.told("realtimeBar"), [])
    desk.step()
    equal("its fill", desk.told("realtimeBar")[0].split(" XYZ at ")[1].split(" SMART")[0],
          f"9.96 20131004 09:30:{5 * filled} US/Eastern")

    say("two trailing stops: 0.35 behind, and 9 percent behind with a start of its own")
    desk.place(2, order("SELL", "TRAIL", auxPrice=0.35))
    desk.place(3, order("SELL", "TRAIL", trailingPercent=9.0, trailStopPrice=9.25))
    here = bars[filled].close
    start = here - Decimal("0.35")
    desk.expects(f"""
        openOrder 2 client 1 P2: SELL 100 XYZ TRAIL aux 0.35 GTC trailStopPrice={start} -> PreSubmitted
        orderStatus 2 client 1 P2: PreSubmitted 0/100 held trigger
        openOrder 3 client 1 P3: SELL 100 XYZ TRAIL GTC trailStopPrice=9.25 trailingPercent=9 -> PreSubmitted
        orderStatus 3 client 1 P3: PreSubmitted 0/100 held trigger
    """)
    rest = bars[filled + 1:]
    reached, price = trailing(rest, start, lambda high: high - Decimal("0.35"))
    _, other = trailing(rest, Decimal("9.25"), lambda high: (high * Decimal("0.91")).quantize(Decimal("0.01"), ROUND_CEILING))
    equal("the rule says where the first one fills", (filled + 1 + reached, str(price)), (42, "10.25"))
    desk.step(reached)
    stops = {}
    for name, args in desk.rows_told():
        if name == "openOrder":
            stops.setdefault(args[0], []).append(str(args[2].trailStopPrice))
    equal("where they stood as the minutes ended", stops, {2: ["9.77", "9.95", "10.25"], 3: ["9.38", "9.65"]})
    equal("where the rule has the second one", str(other), "9.65")
    desk.step()
    desk.expects(f"""
        execDetails -1: X2 order 2 client 1 P2 SLD 100 XYZ at {price} 20131004 09:33:30 US/Eastern SMART cum 100 avg {price} ref '' liquidity 2 DU0000001
        openOrder 2 client 1 P2: SELL 100 XYZ TRAIL aux 0.35 GTC filled 100 trailStopPrice={price} -> Filled
        orderStatus 2 client 1 P2: Filled 100/0 at {price} last {price}
        openOrder 2 client 1 P2: SELL 100 XYZ TRAIL aux 0.35 GTC filled 100 trailStopPrice={price} -> Filled
        orderStatus 2 client 1 P2: Filled 100/0 at {price} last {price}
        commission X2: 1 USD realized 0
    """, "realtimeBar")

    say("good till a moment: it ends with the bar that reaches it")
    desk.place(4, order("BUY", "LMT", 9.00, tif="GTD", goodTillDate="20131004 09:33:40 US/Eastern"))
    desk.expects("""
        openOrder 4 client 1 P4: BUY 100 XYZ LMT lmt 9 GTD goodTillDate=20131004 09:33:40 US/Eastern -> Submitted
        orderStatus 4 client 1 P4: Submitted 0/100
    """)
    desk.step()
    desk.expects("""
        openOrder 4 client 1 P4: BUY 100 XYZ LMT lmt 9 GTD goodTillDate=20131004 09:33:40 US/Eastern -> Cancelled
        orderStatus 4 client 1 P4: Cancelled 0/100
        error 4 202 Order Canceled - reason:the time it was good for is over
    """, "realtimeBar")
    desk.place(5, order("BUY", "LMT", 9.00, tif="GTD", goodTillDate="20131004 09:30:00 US/Eastern"))
    equal("a moment that is over", desk.told()[0].split()[:3], ["error", "5", "334"])


play(story)
