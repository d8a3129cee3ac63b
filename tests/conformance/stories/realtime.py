"""A client that keeps no step reads five-second bars as fast as it can: every one of the day, each as the rules say."""

import lines
import model
from desk import equal, play, say, stock

OPEN, CLOSE = 1380893400, 1380916800


def told(bar, req_id):
    values = (bar.start, *map(float, bar[1:5]), bar.volume, model.average(bar), bar.count)
    return lines.line("realtimeBar", (req_id, *values))


def story(desk):
    xyz = list(model.ticking(desk.bars["XYZ"], OPEN, CLOSE))
    equal("bars of a session", len(xyz), 4_680)

    say("all bars, and then the end")
    desk.rows_told()
    desk.reqRealTimeBars(5, stock("XYZ"), 5, "TRADES", True, [])
    with desk.heard:
        over = desk.heard.wait_for(lambda: any(
            name == "error" and args[2] == 2197 for name, args in desk.rows), 60)
    equal("the end is told", over, True)
    rows = desk.told()
    equal("the last row", rows[-1], "error -1 2197 simulated gateway: end of bars")
    expected = [told(bar, 5) for bar in xyz]
    for number, (row, bar) in enumerate(zip(rows, expected)):
        if row != bar:
            equal(f"bar {number}", row, bar)
    equal("rows", len(rows), len(expected) + 1)
    for row in rows[:14]:
        print("   ", row)

    say("midpoints are not traded here, and an unknown symbol has no bars")
    desk.reqRealTimeBars(6, stock("QQQQQ"), 5, "TRADES", True, [])
    desk.expects("error 6 200 No security definition has been found for the request")


play(story)
