"""Historical bars: exactly what has traded up to market now, in each size; the head timestamp; what cannot be told."""

import model
from desk import equal, play, say, stock
from past import stamp, told


def story(desk):
    desk.join("XYZ")

    say("nothing has traded")
    desk.reqHistoricalData(1, stock("XYZ"), "", "1 D", "1 min", "TRADES", 1, 1, False, [])
    desk.expects("error 1 162 Historical Market Data Service error message:HMDS query returned no data")

    say("30 instants later: two minutes and a half")
    desk.step(30)
    desk.told()
    now = desk.time()
    equal("market now", stamp(now), "20131004 09:32:30 US/Eastern")
    traded = desk.bars["XYZ"][:30]
    day = f"historicalDataEnd {{}} 20131004 00:00:00 US/Eastern {stamp(now)}"
    for req_id, size, seconds in ((2, "1 min", 60), (3, "5 secs", 5), (4, "30 secs", 30), (5, "1 hour", 3600)):
        desk.reqHistoricalData(req_id, stock("XYZ"), "", "1 D", size, "TRADES", 1, 1, False, [])
        buckets = {}
        for bar in traded:
            start = max(bar.start // seconds * seconds, 1380893400)
            buckets.setdefault(start, []).append(bar)
        bars = [told(model.together(part), req_id, stamp(start)) for start, part in buckets.items()]
        equal(size, desk.told(), bars + [day.format(req_id)])

    say("the epoch's seconds, a window of its own, whole days")
    desk.reqHistoricalData(6, stock("XYZ"), "20131004 09:32:00 US/Eastern", "60 S", "1 min", "TRADES", 1, 2, False, [])
    minute = model.together(traded[12:24])
    equal("one minute", desk.told(), [
        told(minute, 6, str(minute.start)),
        "historicalDataEnd 6 20131004 09:31:00 US/Eastern 20131004 09:32:00 US/Eastern",
    ])
    desk.reqHistoricalData(7, stock("XYZ"), "", "1 D", "1 day", "TRADES", 1, 1, False, [])
    equal("the day so far", desk.told(), [told(model.together(traded), 7, "20131004"), day.format(7)])

    say("the first bar there is")
    desk.reqHeadTimeStamp(8, stock("XYZ"), "TRADES", 1, 1)
    desk.expects("headTimestamp 8 20131004 09:30:00 US/Eastern")
    desk.reqHeadTimeStamp(9, stock("XYZ"), "TRADES", 1, 2)
    desk.expects("headTimestamp 9 1380893400")

    say("what cannot be told")
    desk.reqHistoricalData(10, stock("QQQQQ"), "", "1 D", "1 min", "TRADES", 1, 1, False, [])
    desk.expects("error 10 200 No security definition has been found for the request")
    desk.reqHistoricalData(11, stock("XYZ"), "", "1 D", "7 mins", "TRADES", 1, 1, False, [])
    equal("an unknown size", desk.told()[0].split()[:3], ["error", "11", "321"])


play(story)
