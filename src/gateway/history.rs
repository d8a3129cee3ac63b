//! Historical bars: the five-second bars that have traded up to market now, added up.
//!
//! Bars within a day stand on multiples of their size since midnight in New York; with regular hours only, the
//! first one starts at the session's open, and the last ends at its close. A bar in which nothing traded does not exist.
//! Bars of bids, asks and midpoints are those of the spread model around the trades; their volume, average price and
//! count are told as -1, as IBKR does.

use std::sync::Arc;

use jiff::Span;

use super::bars::{Bar, Series};
use super::catalogue::MarketRule;
use super::clock::{self, SLOT_SECONDS};
use super::feed::Days;
use super::market::Market;
use super::messages::{HistoricalBar, HistoricalData, HistoricalDataEnd, HistoricalDataRequest, told};
use super::quotes::{MarketData, Show, Spread};
use super::requests::refuse;
use super::venue::{Reach, Refusal};
use super::wire::{self, double};

mod live;

pub(super) use live::LiveBars;

/// The bars one request may ask for, so that the answer fits a frame.
const BARS_MAX: usize = 150_000;
const DAY_SECONDS: i64 = 86_400;

/// One request, with what it needs of the market at the moment it came: it is worked out apart from it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) request: HistoricalDataRequest,
    pub(super) source: Source,
    pub(super) days: Arc<Days>,
    /// Market time, in seconds of the epoch.
    pub(super) now: i64,
    /// Up to when bars may be told.
    pub(super) until: i64,
    pub(super) rights: MarketData,
}

/// What has traded of one symbol, and how it is looked at.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) series: Arc<Series>,
    pub(super) spread: Spread,
    pub(super) rule: Arc<MarketRule>,
    /// When the symbol did not trade, whatever the series says.
    pub(super) silent: Vec<(i64, i64)>,
}

impl Source {
    pub(super) fn of(market: &Market, symbol: usize) -> Source {
        Source {
            series: Arc::clone(&market.series[symbol]),
            spread: market.screen.spread,
            rule: Arc::clone(market.screen.rule(symbol)),
            silent: market.screen.silent(symbol).to_vec(),
        }
    }

    /// A bar as it is asked to be shown.
    fn seen(&self, show: Show, bar: &Bar) -> Bar {
        match show {
            Show::Trades => *bar,
            side => self.spread.side(side, bar, &self.rule),
        }
    }

    fn is_silent(&self, from: i64, to: i64) -> bool {
        self.silent.iter().any(|(start, end)| *start < to && from < *end)
    }
}

/// What bars are asked for.
#[derive(Debug, PartialEq, Eq)]
struct Query {
    from: i64,
    to: i64,
    size: Size,
    reach: Reach,
    show: Show,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Seconds(i64),
    Day,
}

/// The answer to a request for history.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) frames: Vec<u8>,
    pub(super) follow: Follow,
}

/// What comes after history, by the id of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follow {
    Nothing,
    Updates(i32),
    Refused(i32),
}

impl Job {
    /// The answer: the bars, or why there are none.
    pub(super) fn run(&self) -> Answer {
        let mut frames = Vec::new();
        let req_id = self.request.req_id.filter(|_| self.keeps_up());
        if let Err(refusal) = self.answer(&mut frames) {
            frames.clear();
            refuse(&mut frames, self.now, self.request.req_id, &refusal);
            return Answer { frames, follow: req_id.map_or(Follow::Nothing, Follow::Refused) };
        }
        if self.keeps_up() && !self.rights.live() {
            let refusal = Refusal::new(10182, "Failed to request live updates (disconnected).");
            refuse(&mut frames, self.now, self.request.req_id, &refusal);
        }
        Answer { frames, follow: req_id.map_or(Follow::Nothing, Follow::Updates) }
    }

    /// The frames of the answer.
    fn answer(&self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let query = self.query()?;
        let bars = collect(&self.source, &self.days, &query)?;
        // A subscription may begin before anything has traded.
        if bars.is_empty() && !self.keeps_up() {
            let text = "Historical Market Data Service error message:HMDS query returned no data";
            return Err(Refusal::new(162, text));
        }
        let req_id = self.request.req_id;
        let bars =
            bars.iter().map(|bar| row(bar, query.size, self.request.format_date, query.show)).collect();
        wire::push(out, told::HISTORICAL_DATA, &HistoricalData { req_id, bars });
        let (start, end) = (Some(clock::stamp(query.from)), Some(clock::stamp(query.to)));
        wire::push(out, told::HISTORICAL_DATA_END, &HistoricalDataEnd { req_id, start, end });
        Ok(())
    }

    /// Whether updates are to follow.
    pub(super) fn keeps_up(&self) -> bool {
        self.request.keep_up_to_date == Some(true)
    }

    fn query(&self) -> Result<Query, Refusal> {
        let asked = &self.request;
        if self.keeps_up() && !matches!(asked.end.as_deref(), None | Some("")) {
            return Err(invalid("bars that keep up to date have no end time"));
        }
        let show = Show::read(asked.what_to_show.as_deref());
        let show = show.ok_or_else(|| invalid("only TRADES, MIDPOINT, BID and ASK are simulated"))?;
        let size = asked.bar_size.as_deref().and_then(size_of).ok_or_else(|| invalid("unknown bar size"))?;
        let reach = if asked.use_rth == Some(true) { Reach::Session } else { Reach::AnyHour };
        let end = match asked.end.as_deref() {
            None | Some("") => self.until,
            Some(text) => clock::parse_stamp(text).ok_or_else(|| invalid("unknown end time"))?,
        };
        let from = asked.duration.as_deref().and_then(|text| self.begin(text, end));
        let mut from = from.ok_or_else(|| invalid("unknown duration"))?;
        if self.keeps_up() {
            // The bar that forms is told whole, also where it began before what was asked for.
            from = Sum::new(&self.days, size, reach).bucket(from).0.min(from);
        }
        Ok(Query { from, to: end.min(self.until), size, reach, show })
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
fn collect(source: &Source, days: &Arc<Days>, query: &Query) -> Result<Vec<Bar>, Refusal> {
    let series = &source.series;
    let mut sum = Sum::new(days, query.size, query.reach);
    let first = series.bars.partition_point(|bar| bar.time.as_second() < query.from - 2 * DAY_SECONDS);
    for index in first..series.bars.len() {
        let walk = series.walk(index);
        let start = walk.upcoming().unwrap_or(i64::MAX);
        if start >= query.to {
            break;
        }
        let untouched = query.show == Show::Trades && !source.is_silent(start, walk.end());
        if query.from <= start && walk.end() <= query.to && untouched && sum.takes_whole(start, walk.end()) {
            sum.add(&walk.whole())?;
            continue;
        }
        for bar in walk {
            let end = bar.start + SLOT_SECONDS;
            if query.from <= bar.start && end <= query.to && !source.is_silent(bar.start, end) {
                sum.add(&source.seen(query.show, &bar))?;
            }
        }
    }
    Ok(sum.bars)
}

/// Bars on their way to larger ones.
#[derive(Debug)]
struct Sum {
    days: Arc<Days>,
    size: Size,
    reach: Reach,
    bars: Vec<Bar>,
    /// The end of the last of `bars`.
    until: i64,
}

impl Sum {
    fn new(days: &Arc<Days>, size: Size, reach: Reach) -> Sum {
        Sum { days: Arc::clone(days), size, reach, bars: Vec::new(), until: i64::MIN }
    }

    /// Whether everything between two moments falls into one bar, and is asked for.
    fn takes_whole(&self, start: i64, end: i64) -> bool {
        let last = end - SLOT_SECONDS;
        let (from, until) = self.bucket(start);
        from <= start
            && end <= until
            && allowed(start, &self.days, self.reach)
            && allowed(last, &self.days, self.reach)
    }

    fn add(&mut self, bar: &Bar) -> Result<(), Refusal> {
        if !allowed(bar.start, &self.days, self.reach) {
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

fn row(bar: &Bar, size: Size, format: Option<i32>, show: Show) -> HistoricalBar {
    /// Ask for times as seconds of the epoch.
    const FORMAT_EPOCH: i32 = 2;
    let date = match (size, format) {
        (Size::Day, _) => clock::date_stamp(clock::date(bar.start)),
        (_, Some(FORMAT_EPOCH)) => bar.start.to_string(),
        _ => clock::stamp(bar.start),
    };
    let row = HistoricalBar {
        date: Some(date),
        open: Some(double(bar.open)),
        high: Some(double(bar.high)),
        low: Some(double(bar.low)),
        close: Some(double(bar.close)),
        volume: Some(bar.volume.to_string()),
        wap: Some(bar.average().normalize().to_string()),
        count: Some(i32::try_from(bar.count).unwrap_or(i32::MAX)),
    };
    match show {
        Show::Trades => row,
        // Quotes have neither shares nor trades.
        _ => {
            let none = || Some("-1".to_owned());
            HistoricalBar { volume: none(), wap: none(), count: Some(-1), ..row }
        }
    }
}

fn invalid(why: &str) -> Refusal {
    Refusal::new(321, format!("Error validating request.-'bT' : cause - {why}"))
}

#[cfg(test)]
mod tests;
