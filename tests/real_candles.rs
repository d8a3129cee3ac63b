//! Candles of real minutes, against an aggregation that knows nothing of sessions, zones or makers: it reads the
//! clock off the text and counts minutes.
//!
//! The bars lie beside the package, in `../shared/data`, or where `PRUSIK_DATA` says. Without them there is nothing
//! to test, and the test says so.

use std::collections::BTreeMap;
use std::path::PathBuf;

use prusik::domain::candle::{BarUse, Candles};
use prusik::domain::ids::Stamp;
use prusik::domain::market::{Bar, Candle, Hours, Timeframe};
use prusik::domain::money::Price;
use prusik::domain::session::Session;

/// A row of the file, as it stands there.
struct Row {
    date: String,
    minute: u32,
    bar: Bar,
}

/// A candle as plain text has it: date, minute of its start and end, then open, high, low, close and volume.
type Plain = (String, u32, u32, [Price; 4], u64);

#[expect(clippy::print_stderr, reason = "a test that has nothing to test must say so")]
fn rows(name: &str) -> Option<Vec<Row>> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("PRUSIK_DATA").map_or_else(beside, PathBuf::from);
    if !folder.is_dir() {
        eprintln!("skipped: no market data at {} (set PRUSIK_DATA)", folder.display());
        return None;
    }
    let text = std::fs::read_to_string(folder.join(name)).expect("the folder is there, so the file must be");
    Some(text.lines().skip(1).map(row).collect())
}

fn row(line: &str) -> Row {
    let fields: Vec<&str> = line.split(',').collect();
    let price = |nth: usize| Price::new(fields[nth].parse().expect("a decimal")).expect("a price");
    let clock = |range: std::ops::Range<usize>| fields[0][range].parse::<u32>().expect("a number");
    Row {
        date: fields[0][..10].to_owned(),
        minute: clock(11..13) * 60 + clock(14..16),
        bar: Bar {
            start: Stamp::new(fields[0].parse().expect("a moment")),
            seconds: 60,
            open: price(1),
            high: price(2),
            low: price(3),
            close: price(4),
            volume: fields[5].parse().expect("a volume"),
            trades: 1,
        },
    }
}

/// Half past nine is minute 570; 04:00, 16:00 and 20:00 are 240, 960 and 1200.
fn plain(rows: &[Row], length: Option<u32>, hours: Hours) -> Vec<Plain> {
    let (from, to) = if hours == Hours::Regular { (570, 960) } else { (240, 1200) };
    let mut groups: BTreeMap<(String, u32, u32), Vec<&Row>> = BTreeMap::new();
    for row in rows.iter().filter(|row| from <= row.minute && row.minute < to) {
        // One length is added before the division and taken off after it: nothing goes below zero.
        let (mut start, mut end) = length.map_or((from, to), |length| {
            let grid = 570 % length;
            let start = (row.minute + length - grid) / length * length + grid - length;
            (start, start + length)
        });
        // The regular close ends a candle whatever hours count; the rest of its length is a candle of its own.
        if length.is_some() && start < 960 && 960 < end {
            (start, end) = if row.minute < 960 { (start, 960) } else { (960, end) };
        }
        groups.entry((row.date.clone(), start, end)).or_default().push(row);
    }
    let candle = |((date, start, end), rows): ((String, u32, u32), Vec<&Row>)| {
        let (first, last) = (rows[0], rows[rows.len() - 1]);
        let high = rows.iter().map(|row| row.bar.high).max().expect("a row");
        let low = rows.iter().map(|row| row.bar.low).min().expect("a row");
        let volume = rows.iter().map(|row| row.bar.volume).sum();
        (date, start.max(from), end.min(to), [first.bar.open, high, low, last.bar.close], volume)
    };
    groups.into_iter().map(candle).collect()
}

/// The candle as text; all files are of summers, four hours behind UTC.
fn shown(candle: Candle) -> Plain {
    let local = |stamp: Stamp| stamp.plus_seconds(-4 * 3600).to_string();
    let minute = |text: &str| {
        text[11..13].parse::<u32>().expect("hours") * 60 + text[14..16].parse::<u32>().expect("minutes")
    };
    let (start, end) = (local(candle.start), local(candle.end));
    let prices = [candle.open, candle.high, candle.low, candle.close];
    (start[..10].to_owned(), minute(&start), minute(&end), prices, candle.volume)
}

fn made(bars: &[Bar], timeframe: Timeframe, hours: Hours) -> Vec<Candle> {
    let session = Session::us_equities();
    let mut candles = Candles::new(timeframe, hours, Stamp::from_seconds(0));
    let mut closed = Vec::new();
    for bar in bars {
        let folded = candles.fold(&session, bar);
        assert!(matches!(folded.bar, BarUse::Used | BarUse::Outside), "{bar:?} is a minute in its place");
        closed.extend(folded.closed());
    }
    let end = bars.last().expect("bars").end();
    closed.extend(candles.clock(end.plus_seconds(86_400)));
    closed
}

/// Every minute of the days and the nights as twelve bars, also those that the file skips: these are empty.
fn five_seconds(rows: &[Row]) -> Vec<Bar> {
    let mut small = Vec::new();
    for pair in rows.windows(2) {
        let (bar, next) = (pair[0].bar, pair[1].bar);
        let flat = |start, price, volume, trades| Bar {
            start,
            seconds: 5,
            open: price,
            high: price,
            low: price,
            close: price,
            volume,
            trades,
        };
        let walk = [bar.open, bar.high, bar.low, bar.close];
        for nth in 0..12u64 {
            let step = usize::try_from(nth / 3).expect("small");
            let share = bar.volume / 12 + if nth == 11 { bar.volume % 12 } else { 0 };
            let start = bar.start.plus_seconds(i64::try_from(nth).expect("small") * 5);
            small.push(flat(start, walk[step], share, 1));
        }
        let mut start = bar.end();
        while start < next.start {
            small.push(flat(start, bar.close, 0, 0));
            start = start.plus_seconds(5);
        }
    }
    small
}

#[test]
fn real_minutes_make_the_candles_that_counting_by_hand_makes() {
    for name in [
        "SPY_1min_2013-10-04_2013-10-11.csv",
        "AIG_1min_2013-10-04_2013-10-11.csv",
        "AAPL_1min_2014-06-05_2014-06-09.csv",
    ] {
        let Some(rows) = rows(name) else { return };
        let bars: Vec<Bar> = rows.iter().map(|row| row.bar).collect();
        for timeframe in Timeframe::ALL {
            let length = timeframe.seconds().map(|seconds| u32::try_from(seconds / 60).expect("small"));
            for hours in [Hours::Regular, Hours::Extended] {
                let expected = plain(&rows, length, hours);
                let closed: Vec<Plain> = made(&bars, timeframe, hours).into_iter().map(shown).collect();
                assert!(closed.len() >= 3, "{name}: at least three sessions");
                assert_eq!(closed, expected, "{name} {} {hours:?}", timeframe.word());
            }
        }
    }
}

#[test]
fn real_minutes_in_bars_of_five_seconds_make_the_same_candles() {
    let Some(rows) = rows("SPY_1min_2013-10-04_2013-10-11.csv") else { return };
    // The last row has no next one to walk to, so both sides go without it.
    let minutes: Vec<Bar> = rows[..rows.len() - 1].iter().map(|row| row.bar).collect();
    let small = five_seconds(&rows);
    for timeframe in Timeframe::ALL {
        for hours in [Hours::Regular, Hours::Extended] {
            assert_eq!(
                made(&small, timeframe, hours),
                made(&minutes, timeframe, hours),
                "{} {hours:?}",
                timeframe.word()
            );
        }
    }
}

#[test]
fn six_sessions_have_as_many_candles_as_their_hours_hold() {
    let Some(rows) = rows("SPY_1min_2013-10-04_2013-10-11.csv") else { return };
    let bars: Vec<Bar> = rows.iter().map(|row| row.bar).collect();
    let counts = Timeframe::ALL.map(|timeframe| made(&bars, timeframe, Hours::Regular).len());
    assert_eq!(counts, [6 * 390, 6 * 78, 6 * 26, 6 * 13, 6 * 7, 6 * 2, 6], "SPY trades in every minute");
}
