"""The market by its rules, worked out here once more from the bar files: nothing of the gateway's code is used.

A source bar of n times five seconds becomes n bars that walk open, low, high, close if it rose or stood, else open,
high, low, close: n/3 bars on each stretch from A to B, closing at A + (B - A) * i / (n/3), rounded to the tick half
away from zero. Each opens at the close before it; volume is shared out evenly, the rest goes to the last one.
"""

import csv
import datetime
import pathlib
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

TICK = Decimal("0.01")
SLOT = 5


class Bar(NamedTuple):
    start: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    count: int


def load(folder):
    """Every symbol's bars of five seconds, without the silence between them."""
    return {path.stem: walked(source(path)) for path in sorted(pathlib.Path(folder).glob("*.csv"))}


def source(path):
    with open(path, newline="") as file:
        return [
            (int(datetime.datetime.fromisoformat(row["time"]).timestamp()),
             *(Decimal(row[name]) for name in ("open", "high", "low", "close")), int(row["volume"]))
            for row in csv.DictReader(file)
        ]


def walked(rows):
    starts = [row[0] for row in rows]
    length = min(later - earlier for earlier, later in zip(starts, starts[1:])) // SLOT
    return [bar for row in rows for bar in walk(length, *row)]


def walk(length, start, first, high, low, last, volume):
    corners = [first, low, high, last] if last >= first else [first, high, low, last]
    each, price = length // 3, first
    for index in range(length):
        stretch, step = divmod(index, each)
        a, b = corners[stretch], corners[stretch + 1]
        close = (a + (b - a) * (step + 1) / each).quantize(TICK, ROUND_HALF_UP)
        share = volume // length + (volume % length if index == length - 1 else 0)
        yield Bar(start + index * SLOT, price, max(price, close), min(price, close), close, share, 1)
        price = close


def ticking(bars, opens, closes):
    """The bars of one session, with the flat ones in which nothing traded, from the first bar on."""
    at = {bar.start: bar for bar in bars}
    price = None
    for start in range(opens, closes, SLOT):
        bar = at.get(start)
        if bar is None and price is None:
            continue
        yield bar or Bar(start, price, price, price, price, 0, 0)
        price = bar.close if bar else price


def together(bars):
    """Bars that follow one another as one."""
    return Bar(
        bars[0].start, bars[0].open, max(bar.high for bar in bars), min(bar.low for bar in bars), bars[-1].close,
        sum(bar.volume for bar in bars), sum(bar.count for bar in bars),
    )


def average(bar):
    """The mean of high, low and close to four decimals."""
    if bar.high == bar.low:
        return bar.close
    return ((bar.high + bar.low + bar.close) / 3).quantize(Decimal("0.0001"))


def commission(quantity, price):
    """Half a cent a share, at least a dollar, then at most 1 % of what was traded, half a cent up."""
    cost = max(Decimal(quantity) * Decimal("0.005"), Decimal(1))
    return min(cost, Decimal(quantity) * Decimal(str(price)) / 100).quantize(TICK, ROUND_HALF_UP)
