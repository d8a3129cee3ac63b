//! The bars before the first live one: enough for the candles a rule looks back on, and for a position's path since
//! its fill.

use crate::domain::ids::Stamp;
use crate::domain::market::{Bar, Contract, Timeframe};
use crate::ibkr::{BarLength, Desk, HistorySpan, LinkError, Reach};

const DAY_SECONDS: i64 = 86_400;
/// The stretch before now that is fetched in bars of five seconds, so that the candle in the making is whole.
const FINE_SECONDS: u32 = 3_600;
/// As far back as IBKR keeps bars of a minute in one answer.
const MINUTE_DAYS_MAX: i64 = 30;

/// Past bars for candles of `timeframe`, oldest first, none overlapping, and the moment from which on they hold
/// everything that traded. Reaches back to `since` at least, as far as the broker keeps bars.
pub(crate) async fn fetch(
    desk: &Desk,
    contract: &Contract,
    timeframe: Timeframe,
    since: Option<Stamp>,
    now: Stamp,
) -> Result<(Vec<Bar>, Stamp), LinkError> {
    let needed = since.map_or(0, |since| now.since(since).as_secs() / DAY_SECONDS + 2);
    let (length, days) = reach(timeframe, needed);
    let mut past = Past { bars: Vec::new(), now };
    let days_back = Reach::Days(u32::try_from(days).unwrap_or(u32::MAX));
    past.append(
        desk.history(contract, HistorySpan { bar: length, back: days_back }).await?,
        contract,
        length,
    );
    if length != BarLength::Min1 {
        let today = HistorySpan { bar: BarLength::Min1, back: Reach::Days(1) };
        past.append(desk.history(contract, today).await?, contract, BarLength::Min1);
    }
    let fine = HistorySpan { bar: BarLength::Sec5, back: Reach::Seconds(FINE_SECONDS) };
    past.append(desk.history(contract, fine).await?, contract, BarLength::Sec5);
    Ok((past.bars, now.plus_seconds(-days * DAY_SECONDS)))
}

/// How long the bars are, and over how many days, so that some hundred candles come together.
fn reach(timeframe: Timeframe, needed_days: i64) -> (BarLength, i64) {
    match timeframe {
        Timeframe::Min1 | Timeframe::Min5 => (BarLength::Min1, needed_days.clamp(2, MINUTE_DAYS_MAX)),
        Timeframe::Min15 | Timeframe::Min30 => (BarLength::Min1, needed_days.clamp(5, MINUTE_DAYS_MAX)),
        Timeframe::Hour1 | Timeframe::Hour4 => (BarLength::Min30, needed_days.clamp(20, 365)),
        Timeframe::Day1 => (BarLength::Day1, 365),
    }
}

struct Past {
    bars: Vec<Bar>,
    now: Stamp,
}

impl Past {
    /// Takes finer bars in where the coarser ones end. A bar that is not over is left to the finer ones.
    fn append(&mut self, finer: Vec<Bar>, contract: &Contract, length: BarLength) {
        let from = self.bars.last().map(Bar::end);
        let over = |bar: &Bar| bar.end() <= self.now && is_whole(bar, contract, length);
        self.bars
            .extend(finer.into_iter().filter(|bar| from.is_none_or(|from| from <= bar.start)).filter(over));
    }
}

fn is_whole(bar: &Bar, contract: &Contract, length: BarLength) -> bool {
    let whole = match length {
        BarLength::Sec5 => 5,
        BarLength::Min1 => 60,
        // At the end of a half day the last one is shorter, and over.
        BarLength::Min30 => return bar.seconds == 1_800 || contract.session.is_close(bar.end()),
        BarLength::Day1 => return contract.session.is_close(bar.end()),
    };
    bar.seconds == whole
}
