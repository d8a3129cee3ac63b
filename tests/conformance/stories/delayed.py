"""Without a subscription to live data: 354, then delayed quotes with ids of their own, a quarter of an hour behind."""

from desk import equal, play, say, stock

DELAYED = {66: "bid", 67: "ask", 68: "last", 72: "high", 73: "low", 74: "volume", 76: "open"}


def story(desk):
    desk.reqCurrentTimeInMillis()
    desk.rows_told()

    say("live data is refused, and so are real-time bars and ticks")
    desk.reqMktData(1, stock("XYZ"), "", False, False, [])
    equal("quotes", desk.told()[0].split()[:3], ["error", "1", "354"])
    desk.reqRealTimeBars(2, stock("XYZ"), 5, "TRADES", False, [])
    equal("bars", desk.told()[0].split()[:3], ["error", "2", "420"])
    desk.reqTickByTickData(3, stock("XYZ"), "Last", 0, False)
    equal("ticks", desk.told()[0].split()[:3], ["error", "3", "10189"])

    say("delayed data says that it is")
    desk.reqMarketDataType(3)
    desk.reqMktData(4, stock("XYZ"), "", False, False, [])
    told = desk.told()
    equal("the notice", told[0], "error 4 10167 Requested market data is not subscribed. Displaying delayed market data.")
    equal("the type", [line for line in told if line.startswith("marketDataType")], ["marketDataType 4 3"])

    say("fifteen minutes later the first five seconds are there")
    # Instants that tell a client nothing are not waited for: the first step leads to the first quote.
    desk.step()
    equal("market time", desk.time(), 1380893400 + 900 + 5)
    desk.step(47)
    seen = {}
    for name, args in desk.rows_told():
        if name in ("tickPrice", "tickSize") and args[1] in DELAYED:
            seen.setdefault(DELAYED[args[1]], []).append(float(args[2]))
    first, seen = {name: told[0] for name, told in seen.items()}, {name: told[-1] for name, told in seen.items()}
    equal("the first of them", (first["last"], first["volume"]), (9.98, 100.0))
    bars = desk.bars["XYZ"]
    equal("the day as it was a quarter of an hour ago", {name: seen[name] for name in ("last", "high", "low", "open", "volume")}, {
        "last": float(bars[-1].close), "high": float(max(bar.high for bar in bars)),
        "low": float(min(bar.low for bar in bars)), "open": float(bars[0].open),
        "volume": float(sum(bar.volume for bar in bars))})
    equal("bid below ask around the last", seen["bid"] < seen["ask"] and seen["bid"] <= seen["last"] <= seen["ask"], True)


play(story)
