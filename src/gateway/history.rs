//! Historical bars: the five-second bars that have traded up to market now, added up.
//!
//! Bars within a day stand on multiples of their size since midnight in New York; with regular hours only, the
//! first one starts at the session's open, and the last ends at its close. A bar in which nothing traded does not exist.

use std::sync::Arc;

use jiff::Span;

use super::bars::{Bar, Series};
use super::clock::{self, SLOT_SECONDS};
use super::feed::Days;
use super::messages::{HistoricalBar, HistoricalData, HistoricalDataEnd, HistoricalDataRequest, told};
use super::venue::{Reach, Refusal};
use super::wire::{self, double};

/// The bars one request may ask for, so that the answer fits a frame.
const BARS_MAX: usize = 150_000;
const DAY_SECONDS: i64 = 86_400;

/// One request, with what it needs of the market at the moment it came: it is worked out apart from it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) request: HistoricalDataRequest,
    pub(super) series: Arc<Series>,
    pub(super) days: Arc<Days>,
    /// Market time, in seconds of the epoch.
    pub(super) now: i64,
}

/// What bars are asked for.
#[derive(Debug, PartialEq, Eq)]
struct Query {
    from: i64,
    to: i64,
    size: Size,
    reach: Reach,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Seconds(i64),
    Day,
}

impl Job {
    /// The frames of the answer.
    pub(super) fn answer(&self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let query = self.query()?;
        let bars = collect(&self.series, &self.days, &query)?;
        if bars.is_empty() {
            let text = "Historical Market Data Service error message:HMDS query returned no data";
            return Err(Refusal::new(162, text));
        }
        let req_id = self.request.req_id;
        let bars = bars.iter().map(|bar| row(bar, query.size, self.request.format_date)).collect();
        wire::push(out, told::HISTORICAL_DATA, &HistoricalData { req_id, bars });
        let (start, end) = (Some(clock::stamp(query.from)), Some(clock::stamp(query.to)));
        wire::push(out, told::HISTORICAL_DATA_END, &HistoricalDataEnd { req_id, start, end });
        Ok(())
    }

    fn query(&self) -> Result<Query, Refusal> {
        let asked = &self.request;
        if asked.keep_up_to_date == Some(true) {
            return Err(invalid("bars that keep up to date are not simulated; subscribe to real-time bars"));
        }
        if !matches!(asked.what_to_show.as_deref(), None | Some("" | "TRADES")) {
            return Err(invalid("only TRADES are simulated"));
        }
        let size = asked.bar_size.as_deref().and_then(size_of).ok_or_else(|| invalid("unknown bar size"))?;
        let reach = if asked.use_rth == Some(true) { Reach::Session } else { Reach::AnyHour };
        let end = match asked.end.as_deref() {
            None | Some("") => self.now,
            Some(text) => clock::parse_stamp(text).ok_or_else(|| invalid("unknown end time"))?,
        };
        let from = asked.duration.as_deref().and_then(|text| self.begin(text, end));
        let from = from.ok_or_else(|| invalid("unknown duration"))?;
        Ok(Query { from, to: end.min(self.now), size, reach })
    }

    /// Where a duration begins that ends at `end`: seconds are seconds, days are days with bars, counted back
    /// from the date of the end.
    fn begin(&self, text: &str, end: i64) -> Option<i64> {
        let (count, unit) = text.trim().split_once(' ')?;
        let count: i64 = count.parse().ok().filter(|count| (1..=100_000_000).contains(count))?;
        let months = |months: i64| {
            let date = clock::date(end).checked_sub(Span::new().try_months(months).ok()?).ok()?;
            Some(clock::midnight(date))
        };
        match unit {
            "S" => Some(end - count),
            "D" => {
                let first = self.days.back_from(end, usize::try_from(count).ok()?);
                Some(first.map_or(end, |day| clock::midnight(day.date)))
            }
            "W" => Some(clock::midnight(clock::days_after(clock::date(end), count.checked_mul(-7)?))),
            "M" => months(count),
            "Y" => months(count.checked_mul(12)?),
            _ => None,
        }
    }
}

/// When the symbol's first bar starts.
pub(super) fn head(series: &Series, days: &Days, reach: Reach) -> Option<i64> {
    (0..series.bars.len()).map(|index| series.span(index).0).find(|start| allowed(*start, days, reach))
}

fn size_of(text: &str) -> Option<Size> {
    let (count, unit) = text.trim().split_once(' ')?;
    let count: i64 = count.parse().ok()?;
    match (count, unit.trim_end_matches('s')) {
        (5 | 10 | 15 | 30, "sec") => Some(Size::Seconds(count)),
        (1 | 2 | 3 | 4 | 5 | 10 | 15 | 20 | 30, "min") => Some(Size::Seconds(count * 60)),
        (1 | 2 | 3 | 4 | 8, "hour") => Some(Size::Seconds(count * 3_600)),
        (1, "day") => Some(Size::Day),
        _ => None,
    }
}

/// Adds up the bars that lie whole in the query's time.
fn collect(series: &Series, days: &Days, query: &Query) -> Result<Vec<Bar>, Refusal> {
    let mut sum = Sum { days, size: query.size, reach: query.reach, bars: Vec::new(), until: i64::MIN };
    let first = series.bars.partition_point(|bar| bar.time.as_second() < query.from - 2 * DAY_SECONDS);
    for index in first..series.bars.len() {
        let walk = series.walk(index);
        let start = walk.upcoming().unwrap_or(i64::MAX);
        if start >= query.to {
            break;
        }
        if query.from <= start && walk.end() <= query.to && sum.takes_whole(start, walk.end()) {
            sum.add(&walk.whole())?;
            continue;
        }
        for bar in walk {
            if query.from <= bar.start && bar.start + SLOT_SECONDS <= query.to {
                sum.add(&bar)?;
            }
        }
    }
    Ok(sum.bars)
}

/// Bars on their way to larger ones.
struct Sum<'d> {
    days: &'d Days,
    size: Size,
    reach: Reach,
    bars: Vec<Bar>,
    /// The end of the last of `bars`.
    until: i64,
}

impl Sum<'_> {
    /// Whether everything between two moments falls into one bar, and is asked for.
    fn takes_whole(&self, start: i64, end: i64) -> bool {
        let last = end - SLOT_SECONDS;
        let (from, until) = self.bucket(start);
        from <= start
            && end <= until
            && allowed(start, self.days, self.reach)
            && allowed(last, self.days, self.reach)
    }

    fn add(&mut self, bar: &Bar) -> Result<(), Refusal> {
        if !allowed(bar.start, self.days, self.reach) {
            return Ok(());
        }
        if bar.start < self.until
            && let Some(last) = self.bars.last_mut()
        {
            last.extend(bar);
            return Ok(());
        }
        if self.bars.len() == BARS_MAX {
            let text = format!("Historical Market Data Service error message:more than {BARS_MAX} bars");
            return Err(Refusal::new(162, text));
        }
        let (start, until) = self.bucket(bar.start);
        self.until = until;
        self.bars.push(Bar { start, ..*bar });
        Ok(())
    }

    /// The bar that a moment falls into: its start and its end.
    fn bucket(&self, moment: i64) -> (i64, i64) {
        let wall = clock::wall(moment);
        let midnight = moment
            - i64::from(wall.hour()) * 3_600
            - i64::from(wall.minute()) * 60
            - i64::from(wall.second());
        let (start, until) = match self.size {
            Size::Day => (midnight, clock::midnight(clock::days_after(wall.date(), 1))),
            Size::Seconds(size) => {
                let start = midnight + (moment - midnight) / size * size;
                (start, start + size)
            }
        };
        match self.reach {
            Reach::AnyHour => (start, until),
            Reach::Session => {
                (self.days.on(wall.date()).map_or(start, |session| start.max(session.open)), until)
            }
        }
    }
}

fn allowed(moment: i64, days: &Days, reach: Reach) -> bool {
    reach == Reach::AnyHour || days.session_at(moment).is_some()
}

fn row(bar: &Bar, size: Size, format: Option<i32>) -> HistoricalBar {
    /// Ask for times as seconds of the epoch.
    const FORMAT_EPOCH: i32 = 2;
    let date = match (size, format) {
        (Size::Day, _) => clock::date_stamp(clock::date(bar.start)),
        (_, Some(FORMAT_EPOCH)) => bar.start.to_string(),
        _ => clock::stamp(bar.start),
    };
    HistoricalBar {
        date: Some(date),
        open: Some(double(bar.open)),
        high: Some(double(bar.high)),
        low: Some(double(bar.low)),
        close: Some(double(bar.close)),
        volume: Some(bar.volume.to_string()),
        wap: Some(bar.average().normalize().to_string()),
        count: Some(i32::try_from(bar.count).unwrap_or(i32::MAX)),
    }
}

fn invalid(why: &str) -> Refusal {
    Refusal::new(321, format!("Error validating request.-'bT' : cause - {why}"))
}

#[cfg(test)]
mod tests;
