"""Every trade, one by one: together they are the bars."""

import model
from desk import equal, play, say, stock


def corners(bar):
    """The trades of five seconds: at each corner of the bar's walk, those at one price being one; the rest goes to the last."""
    walk = [bar.open, bar.low, bar.high, bar.close] if bar.close >= bar.open else [bar.open, bar.high, bar.low, bar.close]
    made = []
    for price, seconds in zip(walk, (0, 1, 3, 4)):
        if made and made[-1][1] == price:
            made[-1] = (bar.start + seconds, price)
        else:
            made.append((bar.start + seconds, price))
    each, rest = divmod(bar.volume, len(made))
    return [(time, float(price), each + (rest if index == len(made) - 1 else 0))
            for index, (time, price) in enumerate(made)]


def story(desk):
    desk.join("XYZ")
    bars = desk.bars["XYZ"]
    desk.reqTickByTickData(5, stock("XYZ"), "Last", 0, False)
    desk.reqTickByTickData(6, stock("XYZ"), "BidAsk", 0, False)
    desk.rows_told()

    say("the first five seconds")
    desk.step()
    rows = desk.rows_told()
    trades = [args for name, args in rows if name == "tickByTickAllLast"]
    equal("the trades", [(args[0], args[1], args[2], args[3], int(args[4])) for args in trades],
          [(5, 1, 1380893401, 10.0, 50), (5, 1, 1380893404, 9.98, 50)])
    quotes = [args for name, args in rows if name == "tickByTickBidAsk"]
    equal("the quote", [(args[0], args[1], args[2], args[3], int(args[4]), int(args[5])) for args in quotes],
          [(6, 1380893404, 9.98, 9.99, 100, 100)])

    say("each instant's trades make its bar: first, highest, lowest, last and volume")
    for index, bar in enumerate(bars[1:], 1):
        desk.step()
        rows = desk.rows_told()
        trades = [(args[2], args[3], int(args[4])) for name, args in rows if name == "tickByTickAllLast"]
        if trades != corners(bar):
            equal(f"instant {index}", trades, corners(bar))
        prices = [price for _, price, _ in trades]
        shape = (prices[0], max(prices), min(prices), prices[-1], sum(size for _, _, size in trades))
        if shape != (*map(float, bar[1:5]), bar.volume):
            equal(f"instant {index}", shape, (*map(float, bar[1:5]), bar.volume))
        for _, args in (row for row in rows if row[0] == "tickByTickBidAsk"):
            if not 0 < args[2] < args[3] or not args[2] <= prices[-1] <= args[3]:
                equal(f"the quote of instant {index}", args, prices)
    equal("all instants", len(bars), 48)

    say("past trades first, where they are asked for")
    desk.cancelTickByTickData(5)
    desk.cancelTickByTickData(6)
    desk.reqTickByTickData(7, stock("XYZ"), "AllLast", 3, False)
    (name, (req_id, ticks, done)), = desk.rows_told()
    equal("the last three", (name, req_id, [(tick.time, tick.price, int(tick.size)) for tick in ticks], done),
          ("historicalTicksLast", 7, [trade for bar in bars[-3:] for trade in corners(bar)][-3:], True))


play(story)
