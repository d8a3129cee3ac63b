"""Quotes: the tick of the prices, the type of the data, then what changed, each price with its size; bid below ask."""

import model
from desk import equal, play, say, stock

BID_SIZE, BID, ASK, ASK_SIZE, LAST, LAST_SIZE, HIGH, LOW, VOLUME, OPEN, LAST_TIME = 0, 1, 2, 3, 4, 5, 6, 7, 8, 14, 45


def story(desk):
    desk.join("XYZ")
    bars = desk.bars["XYZ"]
    desk.reqMarketDataType(1)
    desk.reqMktData(7, stock("XYZ"), "", False, False, [])

    say("what comes first, and the first five seconds")
    desk.step()
    told = desk.told("realtimeBar")
    equal("the tick and the type", [line for line in told if line.split()[0] in ("tickReqParams", "marketDataType")],
          ["tickReqParams 7 0.01 NASDAQ 3", "marketDataType 7 1"])
    equal("ticks", [line for line in told if line.split()[0] in ("tickPrice", "tickSize", "tickString")], [
        "tickPrice 7 1 9.98", "tickSize 7 0 100",
        "tickPrice 7 2 9.99", "tickSize 7 3 100",
        "tickPrice 7 4 9.98", "tickSize 7 5 50",
        "tickSize 7 8 100", "tickPrice 7 6 10", "tickPrice 7 7 9.98", "tickPrice 7 14 10",
        "tickString 7 45 1380893404",
    ])

    say("every instant after it: what was told last is the market as the bars have it")
    seen = {BID: 9.98, ASK: 9.99, LAST: 9.98, HIGH: 10.0, LOW: 9.98, OPEN: 10.0, VOLUME: 100, LAST_TIME: "1380893404"}
    for index in range(1, len(bars)):
        desk.step()
        for name, args in desk.rows_told():
            if name.startswith("tick"):
                seen[args[1]] = args[2]
        sofar = model.together(bars[:index + 1])
        got = (seen[LAST], seen[HIGH], seen[LOW], seen[OPEN], int(seen[VOLUME]), int(seen[LAST_TIME]))
        expected = (*map(float, (sofar.close, sofar.high, sofar.low, sofar.open)), sofar.volume, bars[index].start + 4)
        if got != expected or not 0 < seen[BID] < seen[ASK] or not seen[BID] <= seen[LAST] <= seen[ASK]:
            equal(f"instant {index}: {seen}", got, expected)
    equal("at the end: last, bid below ask", (seen[LAST], seen[BID] < seen[ASK]), (10.03, True))

    say("a snapshot is all of it at once, and then its end")
    desk.reqMktData(8, stock("XYZ"), "", True, False, [])
    rows = desk.rows_told()
    again = {args[1]: args[2] for name, args in rows if name in ("tickPrice", "tickSize", "tickString") and args[0] == 8}
    equal("the same", {kind: again[kind] for kind in seen if kind != 49}, {kind: seen[kind] for kind in seen if kind != 49})
    equal("its end", rows[-1], ("tickSnapshotEnd", (8,)))

    say("cancelled it is silent; an unknown symbol has no quotes")
    desk.cancelMktData(7)
    desk.step(3)
    equal("ticks", [line for line in desk.told() if line.startswith("tick")], [])
    desk.reqMktData(9, stock("QQQQQ"), "", False, False, [])
    desk.expects("error 9 200 No security definition has been found for the request")


play(story)
