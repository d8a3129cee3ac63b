"""Bars that keep up to date: the past, its end, and then the bar that forms, told anew every five seconds."""

import model
from desk import equal, play, say, stock
from past import stamp, told


def story(desk):
    desk.join("XYZ")
    desk.step(14)
    desk.told()
    bars = desk.bars["XYZ"]

    say("the first minute, and ten seconds of the second")
    desk.reqHistoricalData(3, stock("XYZ"), "", "1 D", "1 min", "TRADES", 1, 1, True, [])
    equal("the past", desk.told(), [
        told(model.together(bars[:12]), 3, stamp(bars[0].start)),
        told(model.together(bars[12:14]), 3, stamp(bars[12].start)),
        f"historicalDataEnd 3 20131004 00:00:00 US/Eastern {stamp(bars[14].start)}",
    ])

    say("every five seconds the bar that forms")
    for index in range(14, 38):
        desk.step()
        first = index // 12 * 12
        forming = told(model.together(bars[first:index + 1]), 3, stamp(bars[first].start), "historicalDataUpdate")
        got = desk.told("realtimeBar")
        if got != [forming]:
            equal(f"instant {index}", got, [forming])
    equal("the last one", got, [forming])

    say("cancelled it is silent, and history has what was told last of each bar")
    desk.cancelHistoricalData(3)
    desk.expects("error 3 162 Historical Market Data Service error message:API historical data query cancelled: 3")
    desk.step()
    equal("updates", desk.told("realtimeBar"), [])
    desk.reqHistoricalData(4, stock("XYZ"), "20131004 09:33:00 US/Eastern", "1 D", "1 min", "TRADES", 1, 1, False, [])
    equal("three minutes", desk.told()[:3], [
        told(model.together(bars[start:start + 12]), 4, stamp(bars[start].start)) for start in (0, 12, 24)
    ])


play(story)
