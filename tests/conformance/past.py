"""Historical bars by the rules: what a story expects to be told."""

from datetime import datetime, timedelta, timezone

import lines
import model
from ibapi.common import BarData

# All days of the stories lie in New York's summer; not every machine has the time zones.
NEW_YORK = timezone(timedelta(hours=-4))


def stamp(second):
    """A second of the epoch as the gateway spells it."""
    return datetime.fromtimestamp(second, NEW_YORK).strftime("%Y%m%d %H:%M:%S US/Eastern")


def told(bar, req_id, date, name="historicalData"):
    """The line of a bar that the rules make."""
    made = BarData()
    made.date, made.volume, made.barCount = date, bar.volume, bar.count
    made.open, made.high, made.low, made.close = map(float, bar[1:5])
    made.wap = model.average(bar)
    return lines.line(name, (req_id, made))
