//! Source bars: reading them from CSV, checking them, and walking one into bars of five seconds.
//!
//! The format is `time,open,high,low,close,volume`, `time` being the bar's start in RFC 3339. The length of a
//! bar is the smallest gap between two bars of its file; a file whose smallest gap is 23 hours or more is a
//! daily one, and its bars span the session of their date in New York whatever their times say.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::catalogue::{Calendar, Listed, MarketRule};
use super::clock;

mod csv;
mod walk;

pub(super) use walk::{Bar, Walk};

/// The shortest gap, in seconds, that makes a file a daily one: a day that loses an hour to daylight saving.
const DAILY_GAP_SECONDS_MIN: i64 = 23 * 3_600;
/// The length taken for a file of a single bar, where no gap tells it.
const LONE_BAR_SECONDS: i64 = 60;
/// The highest price a bar may have, in dollars: beyond it money would not fit the exact arithmetic.
const PRICE_MAX: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// One bar of a source file, as it stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceBar {
    /// When the bar starts.
    pub time: Timestamp,
    /// The first price.
    pub open: Decimal,
    /// The highest price.
    pub high: Decimal,
    /// The lowest price.
    pub low: Decimal,
    /// The last price.
    pub close: Decimal,
    /// Shares traded.
    pub volume: u64,
}

/// One thing that is wrong in a bar file, with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct BarProblem {
    /// The line, counted from 1; the header is line 1.
    pub line: u64,
    /// The character in that line, counted from 1.
    pub column: u64,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub help: String,
}

/// Why a bar file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no such file.
    #[error("there is no file {}", path.display())]
    Missing {
        /// The path as it was given.
        path: PathBuf,
    },
    /// The file is there and could not be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The path as it was given.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file was read, and not everything in it is a bar.
    #[error("{} has {} malformed row(s), the first at {}", path.display(), problems.len(), problems[0])]
    Malformed {
        /// The path as it was given.
        path: PathBuf,
        /// Everything that is wrong, in the order of the file; never empty.
        problems: Vec<BarProblem>,
    },
}

/// Reads a bar file. All its problems are told at once.
///
/// # Errors
/// [`LoadError::Missing`] where there is no file, [`LoadError::Unreadable`] where it could not be read,
/// [`LoadError::Malformed`] for rows that are no bars: a missing or unknown column, a time that is no RFC 3339
/// or not on a five-second mark, a price that is not above zero, a high below the low, times that repeat or go
/// back, and a file without bars.
pub fn load_bars(path: impl AsRef<Path>) -> Result<Vec<SourceBar>, LoadError> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => LoadError::Missing { path: path.to_owned() },
        _ => LoadError::Unreadable { path: path.to_owned(), error },
    })?;
    csv::read(&bytes).map_err(|problems| LoadError::Malformed { path: path.to_owned(), problems })
}

/// What is wrong with one bar, told without a place: the reader of a file adds line and column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    #[error("{field} is not above zero")]
    NotPositive { field: &'static str },
    #[error("{field} {price} is above {PRICE_MAX}")]
    TooHigh { field: &'static str, price: Decimal },
    #[error("high {high} is below low {low}")]
    HighBelowLow { high: Decimal, low: Decimal },
    #[error("{field} {price} is outside of low {low} to high {high}")]
    OutsideRange { field: &'static str, price: Decimal, low: Decimal, high: Decimal },
    #[error("the time is not on a five-second mark")]
    OffMark,
    #[error("the time repeats the bar before it")]
    Repeated,
    #[error("the time is before the bar before it")]
    Backwards,
    #[error("a second bar for the same day, in a file of daily bars")]
    SameDay,
}

impl Flaw {
    /// The column of the CSV format that the flaw is about.
    pub(super) fn field(&self) -> &'static str {
        match self {
            Flaw::NotPositive { field } | Flaw::TooHigh { field, .. } | Flaw::OutsideRange { field, .. } => {
                field
            }
            Flaw::HighBelowLow { .. } => "high",
            Flaw::OffMark | Flaw::Repeated | Flaw::Backwards | Flaw::SameDay => "time",
        }
    }

    pub(super) fn help(&self) -> &'static str {
        match self {
            Flaw::NotPositive { .. } => "give a price above zero",
            Flaw::TooHigh { .. } => "give the price of one share, in dollars",
            Flaw::HighBelowLow { .. } => {
                "the highest price of a bar is at least its lowest: swap or correct them"
            }
            Flaw::OutsideRange { .. } => "open and close lie between low and high",
            Flaw::OffMark => "start bars on multiples of five seconds",
            Flaw::Repeated => "remove one of the two rows",
            Flaw::Backwards => "sort the rows by time, oldest first",
            Flaw::SameDay => "keep one row a day, or give minute bars",
        }
    }
}

/// Everything that is wrong with a bar, looked at after the one before it.
pub(super) fn flaws(bar: &SourceBar, before: Option<&SourceBar>) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let SourceBar { time, open, high, low, close, volume: _ } = *bar;
    if time.as_second() % clock::SLOT_SECONDS != 0 || time.subsec_nanosecond() != 0 {
        flaws.push(Flaw::OffMark);
    }
    match before {
        Some(before) if time == before.time => flaws.push(Flaw::Repeated),
        Some(before) if time < before.time => flaws.push(Flaw::Backwards),
        _ => {}
    }
    for (field, price) in [("open", open), ("high", high), ("low", low), ("close", close)] {
        if price <= Decimal::ZERO {
            flaws.push(Flaw::NotPositive { field });
        }
        if price > PRICE_MAX {
            flaws.push(Flaw::TooHigh { field, price });
        }
    }
    if high < low {
        flaws.push(Flaw::HighBelowLow { high, low });
        return flaws;
    }
    for (field, price) in [("open", open), ("close", close)] {
        if price < low || high < price {
            flaws.push(Flaw::OutsideRange { field, price, low, high });
        }
    }
    flaws
}

/// How long the bars of a series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// Every bar covers this many seconds from its start; a multiple of five.
    Seconds(i64),
    /// Every bar covers the session of its date.
    Session,
}

/// The bars of one symbol, checked, oldest first.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) bars: Vec<SourceBar>,
    pub(super) length: Length,
    rule: Arc<MarketRule>,
    calendar: Arc<Calendar>,
    /// Of daily bars, when each starts and how many bars it walks.
    sessions: Vec<(i64, i64)>,
}

impl Series {
    /// The bars of a symbol that has no entry in the catalogue.
    #[cfg(test)]
    pub(super) fn new(bars: Vec<SourceBar>) -> Result<Series, (usize, Flaw)> {
        Series::listed(bars, &super::Catalogue::default().listed("TEST"))
    }

    /// Checks the bars of what is listed and measures them; refuses with the place in the list (counted from 0) and
    /// the flaw.
    pub(super) fn listed(bars: Vec<SourceBar>, listed: &Listed) -> Result<Series, (usize, Flaw)> {
        let mut before = None;
        for (index, bar) in bars.iter().enumerate() {
            if let Some(flaw) = flaws(bar, before).into_iter().next() {
                return Err((index, flaw));
            }
            before = Some(bar);
        }
        let length = length_of(&bars);
        if length == Length::Session
            && let Some(index) = same_day(&bars)
        {
            return Err((index, Flaw::SameDay));
        }
        let (rule, calendar) = (Arc::clone(&listed.rule), Arc::clone(&listed.calendar));
        let session = |bar: &SourceBar| {
            let session = calendar.session(clock::date(bar.time.as_second()));
            (session.open, (session.close - session.open) / clock::SLOT_SECONDS)
        };
        let sessions = match length {
            Length::Session => bars.iter().map(session).collect(),
            Length::Seconds(_) => Vec::new(),
        };
        Ok(Series { bars, length, rule, calendar, sessions })
    }

    /// The calendar it trades by.
    pub(super) fn calendar(&self) -> Arc<Calendar> {
        Arc::clone(&self.calendar)
    }

    /// The price steps it trades on.
    pub(super) fn rule(&self) -> Arc<MarketRule> {
        Arc::clone(&self.rule)
    }

    /// When a bar starts and how many five-second bars it walks.
    pub(super) fn span(&self, index: usize) -> (i64, i64) {
        match self.length {
            Length::Seconds(seconds) => (self.bars[index].time.as_second(), seconds / clock::SLOT_SECONDS),
            Length::Session => self.sessions[index],
        }
    }

    /// The walk of one bar.
    pub(super) fn walk(&self, index: usize) -> Walk {
        let (start, slots) = self.span(index);
        Walk::new(&self.bars[index], start, slots, Arc::clone(&self.rule))
    }
}

/// The length of the bars: the smallest gap between two of them.
pub(super) fn length_of(bars: &[SourceBar]) -> Length {
    let gaps = bars.windows(2).map(|pair| pair[1].time.as_second() - pair[0].time.as_second());
    match gaps.filter(|gap| *gap > 0).min() {
        None => Length::Seconds(LONE_BAR_SECONDS),
        Some(gap) if gap >= DAILY_GAP_SECONDS_MIN => Length::Session,
        Some(gap) => Length::Seconds(gap),
    }
}

/// The first bar of a daily series that falls on the date of the bar before it.
pub(super) fn same_day(bars: &[SourceBar]) -> Option<usize> {
    let date = |bar: &SourceBar| clock::date(bar.time.as_second());
    (1..bars.len()).find(|&index| date(&bars[index]) <= date(&bars[index - 1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_told_apart_from_one_that_is_malformed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bars.csv");
        let missing = load_bars(&path).expect_err("nothing there");
        assert_eq!(missing.to_string(), format!("there is no file {}", path.display()));
        assert!(matches!(load_bars(folder.path()), Err(LoadError::Unreadable { .. })));
        let rows = "time,open,high,low,close,volume\n2013-10-04T09:30:00-04:00,1,2,3,1,9\n";
        std::fs::write(&path, rows).expect("written");
        let malformed = load_bars(&path).expect_err("high below low");
        let place = "1 malformed row(s), the first at line 2, column 29: high 2 is below low 3";
        assert_eq!(malformed.to_string(), format!("{} has {place}", path.display()));
    }

    #[test]
    fn two_daily_bars_of_one_day_are_refused_and_a_day_that_loses_an_hour_is_still_a_day() {
        let bar = |time: &str| {
            let price = Decimal::TEN;
            let time = time.parse().expect("a time");
            SourceBar { time, open: price, high: price, low: price, close: price, volume: 1 }
        };
        let spring = vec![
            bar("2013-03-09T00:00:00-05:00"),
            bar("2013-03-10T00:00:00-05:00"),
            bar("2013-03-11T00:00:00-04:00"),
        ];
        assert_eq!(Series::new(spring).map(|series| series.length).ok(), Some(Length::Session));
        let twice = vec![bar("2013-10-04T00:10:00-04:00"), bar("2013-10-04T23:20:00-04:00")];
        assert_eq!(Series::new(twice).err(), Some((1, Flaw::SameDay)));
    }
}
