//! Candles as stories, and as laws over days that chance made.

use std::fmt::Write;

use jiff::civil::{date, time};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::domain::money::Price;
use crate::domain::session::DayHours;

/// Monday in summer: New York is four hours behind UTC.
const DAY: &str = "2024-07-01";

fn at(clock: &str) -> Stamp {
    let clock = if clock.len() == 5 { format!("{clock}:00") } else { clock.to_owned() };
    let (day, clock) = clock.split_once('T').unwrap_or((DAY, &clock));
    Stamp::new(format!("{day}T{clock}-04:00").parse().expect("a moment"))
}

fn price(text: &str) -> Price {
    Price::new(text.parse().expect("a decimal")).expect("a price")
}

/// A bar as a story writes it: its start, its seconds, and `open high low close volume` or `empty`.
fn bar(words: &[&str]) -> Bar {
    let (start, seconds) = (at(words[0]), words[1].parse().expect("seconds"));
    let trade = |open, high, low, close, volume: u64| Bar {
        start,
        seconds,
        open: price(open),
        high: price(high),
        low: price(low),
        close: price(close),
        volume,
        trades: volume.min(1),
    };
    match words[2..] {
        ["empty"] => trade("999", "999", "999", "999", 0),
        [open, high, low, close, volume] => trade(open, high, low, close, volume.parse().expect("a volume")),
        _ => panic!("{words:?} is no bar"),
    }
}

fn local(stamp: Stamp) -> String {
    let shown = stamp.plus_seconds(-4 * 3600).to_string();
    shown.trim_start_matches(DAY).trim_start_matches('T').trim_end_matches('Z').to_owned()
}

/// Plays a story to a maker that knows everything from midnight: `known TIME`, `gap FROM TO`, `clock TIME`,
/// `past NOW BAR`, or a bar. Tells of each line what became of it, where that is not simply "used".
fn play(timeframe: Timeframe, hours: Hours, story: &str) -> String {
    let session = Session::us_equities();
    let mut candles = Candles::new(timeframe, hours, at("00:00"));
    let mut told = String::new();
    for line in story.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (bar_use, closed): (BarUse, Vec<Candle>) = match words[..] {
            ["known", from] => {
                candles = Candles::new(timeframe, hours, at(from));
                continue;
            }
            ["gap", from, to] => {
                candles.gap(at(from), at(to));
                continue;
            }
            ["clock", now] => (BarUse::Used, candles.clock(at(now)).into_iter().collect()),
            ["past", now, ref rest @ ..] => {
                let folded = candles.fold_past(&session, &bar(rest), at(now));
                (folded.bar, folded.closed().collect())
            }
            _ => {
                let folded = candles.fold(&session, &bar(&words));
                (folded.bar, folded.closed().collect())
            }
        };
        let moment = words[..words.len().min(2)].join(" ");
        if bar_use != BarUse::Used {
            writeln!(told, "{moment}: {bar_use:?}").expect("text grows");
        }
        for Candle { start, end, open, high, low, close, volume } in closed {
            let (start, end) = (local(start), local(end));
            writeln!(told, "{moment}: {start}–{end} {open} {high} {low} {close} volume {volume}")
                .expect("text grows");
        }
    }
    told
}

#[test]
fn a_candle_closes_with_the_bar_that_ends_at_its_end() {
    insta::assert_snapshot!(play(Timeframe::Min1, Hours::Regular, "
        09:30:00 5  10.00 10.20 9.90 10.10 100
        09:30:05 45 10.10 10.50 10.05 10.40 300
        09:30:50 5  10.40 10.45 9.80 9.85 50
        09:30:55 5  9.85 9.90 9.85 9.90 1
        09:31:00 60 9.95 10.00 9.95 10.00 7
    "), @r"
    09:30:55 5: 09:30:00–09:31:00 10.00 10.50 9.80 9.90 volume 451
    09:31:00 60: 09:31:00–09:32:00 9.95 10.00 9.95 10.00 volume 7
    ");
}

#[test]
fn an_empty_bar_closes_a_candle_and_never_touches_its_prices() {
    insta::assert_snapshot!(play(Timeframe::Min1, Hours::Regular, "
        09:30:00 5  empty
        09:30:05 5  10.00 10.20 9.90 10.10 100
        09:30:10 45 empty
        09:30:55 5  empty
    "), @r"
    09:30:55 5: 09:30:00–09:31:00 10.00 10.20 9.90 10.10 volume 100
    ");
}

#[test]
fn a_candle_without_a_traded_bar_does_not_exist() {
    insta::assert_snapshot!(play(Timeframe::Min1, Hours::Regular, "
        09:30:00 60 10 10 10 10 1
        09:31:00 5  empty
        09:31:05 55 empty
        09:32:00 30 empty
        clock 09:33:02
        09:33:00 60 11 11 11 11 1
    "), @r"
    09:30:00 60: 09:30:00–09:31:00 10.00 10.00 10.00 10.00 volume 1
    09:33:00 60: 09:33:00–09:34:00 11.00 11.00 11.00 11.00 volume 1
    ");
}

#[test]
fn a_candle_whose_last_bar_is_missing_closes_before_the_next_bar_is_used() {
    insta::assert_snapshot!(play(Timeframe::Min5, Hours::Regular, "
        09:30:00 60 10 10 10 10 1
        09:33:00 60 12 12 12 12 1
        09:36:00 60 99 99 99 99 1
        clock 09:40:02
    "), @r"
    09:36:00 60: 09:30:00–09:35:00 10.00 12.00 10.00 12.00 volume 2
    clock 09:40:02: 09:35:00–09:40:00 99.00 99.00 99.00 99.00 volume 1
    ");
}

#[test]
fn one_bar_can_close_two_candles() {
    insta::assert_snapshot!(play(Timeframe::Min1, Hours::Regular, "
        09:30:00 5  10 10 10 10 1
        09:31:55 5  11 11 11 11 1
    "), @r"
    09:31:55 5: 09:30:00–09:31:00 10.00 10.00 10.00 10.00 volume 1
    09:31:55 5: 09:31:00–09:32:00 11.00 11.00 11.00 11.00 volume 1
    ");
}

#[test]
fn the_clock_closes_a_candle_two_seconds_after_its_end_and_no_sooner() {
    insta::assert_snapshot!(play(Timeframe::Min1, Hours::Regular, "
        09:30:00 5  10 10 10 10 1
        clock 09:30:59
        clock 09:31:01.999
        clock 09:31:02
        clock 09:31:03
        09:30:55 5  88 88 88 88 1
        09:31:00 60 11 11 11 11 1
    "), @r"
    clock 09:31:02: 09:30:00–09:31:00 10.00 10.00 10.00 10.00 volume 1
    09:30:55 5: Late
    09:31:00 60: 09:31:00–09:32:00 11.00 11.00 11.00 11.00 volume 1
    ");
}

#[test]
fn late_and_repeated_bars_change_nothing() {
    insta::assert_snapshot!(play(Timeframe::Min1, Hours::Regular, "
        09:30:00 5  10 10 10 10 1
        09:30:05 5  11 11 11 11 1
        09:30:05 5  11 11 11 11 1
        09:30:00 60 99 99 99 99 1000
        09:30:10 50 12 12 12 12 1
        09:30:55 5  99 99 99 99 1000
    "), @r"
    09:30:05 5: Late
    09:30:00 60: Late
    09:30:10 50: 09:30:00–09:31:00 10.00 12.00 10.00 12.00 volume 3
    09:30:55 5: Late
    ");
}

#[test]
fn live_bars_that_overlap_the_history_do_not_count_twice() {
    insta::assert_snapshot!(play(Timeframe::Min5, Hours::Regular, "
        past 09:33:10 09:30:00 60 10 10 10 10 100
        past 09:33:10 09:32:00 60 12 12 12 12 100
        past 09:33:10 09:33:00 60 50 50 50 50 100
        09:32:55 5 12 12 12 12 10
        09:33:00 5 13 13 13 13 10
        09:34:55 5 14 14 14 14 10
    "), @r"
    past 09:33:10: Unfinished
    09:32:55 5: Late
    09:34:55 5: 09:30:00–09:35:00 10.00 14.00 10.00 14.00 volume 220
    ");
}

#[test]
fn an_hour_begins_at_the_half_and_the_last_one_of_a_session_is_shorter() {
    insta::assert_snapshot!(play(Timeframe::Hour1, Hours::Regular, "
        09:29:00 60 9 9 9 9 1
        09:30:00 60 10 10 10 10 1
        10:29:00 60 11 11 11 11 1
        10:30:00 60 12 12 12 12 1
        15:29:00 60 13 13 13 13 1
        15:30:00 60 14 14 14 14 1
        15:59:00 60 15 15 15 15 1
        16:00:00 60 16 16 16 16 1
    "), @r"
    09:29:00 60: Outside
    10:29:00 60: 09:30:00–10:30:00 10.00 11.00 10.00 11.00 volume 2
    15:29:00 60: 10:30:00–11:30:00 12.00 12.00 12.00 12.00 volume 1
    15:29:00 60: 14:30:00–15:30:00 13.00 13.00 13.00 13.00 volume 1
    15:59:00 60: 15:30:00–16:00:00 14.00 15.00 14.00 15.00 volume 2
    16:00:00 60: Outside
    ");
}

#[test]
fn the_last_candle_of_four_hours_closes_with_the_session_and_a_day_spans_it() {
    let story = "
        09:30:00 60 10 10 10 10 1
        13:29:00 60 11 11 11 11 1
        13:30:00 60 12 12 12 12 1
        15:59:55 5  empty
    ";
    insta::assert_snapshot!(play(Timeframe::Hour4, Hours::Regular, story), @r"
    13:29:00 60: 09:30:00–13:30:00 10.00 11.00 10.00 11.00 volume 2
    15:59:55 5: 13:30:00–16:00:00 12.00 12.00 12.00 12.00 volume 1
    ");
    insta::assert_snapshot!(play(Timeframe::Day1, Hours::Regular, story), @r"
    15:59:55 5: 09:30:00–16:00:00 10.00 12.00 10.00 12.00 volume 3
    ");
}

#[test]
fn extended_candles_keep_the_grid_of_the_regular_open_and_are_cut_at_the_ends_of_trading() {
    let story = "
        03:59:00 60 3 3 3 3 1
        04:00:00 60 4 4 4 4 1
        04:29:00 60 5 5 5 5 1
        08:30:00 60 6 6 6 6 1
        09:29:00 60 7 7 7 7 1
        09:30:00 60 8 8 8 8 1
        10:29:00 60 9 9 9 9 1
        19:30:00 60 10 10 10 10 1
        19:59:00 60 11 11 11 11 1
        20:00:00 60 12 12 12 12 1
    ";
    insta::assert_snapshot!(play(Timeframe::Hour1, Hours::Extended, story), @r"
    03:59:00 60: Outside
    04:29:00 60: 04:00:00–04:30:00 4.00 5.00 4.00 5.00 volume 2
    09:29:00 60: 08:30:00–09:30:00 6.00 7.00 6.00 7.00 volume 2
    10:29:00 60: 09:30:00–10:30:00 8.00 9.00 8.00 9.00 volume 2
    19:59:00 60: 19:30:00–20:00:00 10.00 11.00 10.00 11.00 volume 2
    20:00:00 60: Outside
    ");
    insta::assert_snapshot!(play(Timeframe::Day1, Hours::Extended, story), @r"
    03:59:00 60: Outside
    19:59:00 60: 04:00:00–20:00:00 4.00 11.00 4.00 11.00 volume 8
    20:00:00 60: Outside
    ");
}

#[test]
fn the_regular_close_ends_a_candle_whatever_hours_count() {
    let story = "
        15:30:00 60 1 1 1 1 1
        15:59:00 60 2 2 2 2 1
        16:00:00 60 3 3 3 3 1
        16:29:00 60 4 4 4 4 1
        16:30:00 60 5 5 5 5 1
        17:29:00 60 6 6 6 6 1
    ";
    insta::assert_snapshot!(play(Timeframe::Hour1, Hours::Extended, story), @r"
    15:59:00 60: 15:30:00–16:00:00 1.00 2.00 1.00 2.00 volume 2
    16:29:00 60: 16:00:00–16:30:00 3.00 4.00 3.00 4.00 volume 2
    17:29:00 60: 16:30:00–17:30:00 5.00 6.00 5.00 6.00 volume 2
    ");
}

#[test]
fn a_later_day_closes_the_candle_that_a_session_left_open() {
    insta::assert_snapshot!(play(Timeframe::Day1, Hours::Regular, "
        09:30:00 60 10 10 10 10 1
        2024-07-02T09:30:00 60 11 11 11 11 1
        2024-07-02T15:59:00 60 12 12 12 12 1
    "), @r"
    2024-07-02T09:30:00 60: 09:30:00–16:00:00 10.00 10.00 10.00 10.00 volume 1
    2024-07-02T15:59:00 60: 2024-07-02T09:30:00–2024-07-02T16:00:00 11.00 12.00 11.00 12.00 volume 2
    ");
}

#[test]
fn a_candle_that_began_before_everything_was_known_never_closes() {
    insta::assert_snapshot!(play(Timeframe::Min5, Hours::Regular, "
        known 09:31:00
        09:31:00 60 10 10 10 10 1
        09:34:00 60 11 11 11 11 1
        09:35:00 300 12 12 12 12 1
    "), @r"
    09:35:00 300: 09:35:00–09:40:00 12.00 12.00 12.00 12.00 volume 1
    ");
}

#[test]
fn a_gap_breaks_the_candles_it_touches_and_no_others() {
    insta::assert_snapshot!(play(Timeframe::Min5, Hours::Regular, "
        09:30:00 60  10 10 10 10 1
        gap 09:35:00 09:36:00
        09:36:00 60  11 11 11 11 1
        09:39:00 60  12 12 12 12 1
        09:40:00 60  13 13 13 13 1
        gap 09:41:00 09:41:05
        09:44:00 60  14 14 14 14 1
        09:45:00 300 15 15 15 15 1
        gap 09:50:00 09:50:00
        09:50:00 300 16 16 16 16 1
    "), @r"
    09:36:00 60: 09:30:00–09:35:00 10.00 10.00 10.00 10.00 volume 1
    09:45:00 300: 09:45:00–09:50:00 15.00 15.00 15.00 15.00 volume 1
    09:50:00 300: 09:50:00–09:55:00 16.00 16.00 16.00 16.00 volume 1
    ");
}

#[test]
fn a_bar_across_a_border_is_no_part_of_any_candle_and_breaks_what_it_lies_in() {
    insta::assert_snapshot!(play(Timeframe::Min5, Hours::Regular, "
        09:29:58 5  9 9 9 9 1
        09:30:03 57 10 10 10 10 1
        09:35:00 60 11 11 11 11 1
        09:39:58 5  12 12 12 12 1
        09:40:03 5  13 13 13 13 1
        09:45:00 60 14 14 14 14 1
        09:46:00 0  88 88 88 88 1
        09:49:58 5  empty
        09:50:03 5  15 15 15 15 1
        15:55:00 600 16 16 16 16 1
    "), @r"
    09:29:58 5: Misfit
    09:39:58 5: Misfit
    09:46:00 0: Misfit
    09:49:58 5: Misfit
    09:50:03 5: 09:45:00–09:50:00 14.00 14.00 14.00 14.00 volume 1
    15:55:00 600: Misfit
    15:55:00 600: 09:50:00–09:55:00 15.00 15.00 15.00 15.00 volume 1
    ");
}

#[test]
fn a_half_day_ends_its_last_candle_early() {
    let early = DayHours { open: time(9, 30, 0, 0), close: time(13, 0, 0, 0) };
    let session =
        Session::us_equities().with_exception(date(2024, 7, 1), Some(early), None).expect("a half day");
    let mut candles = Candles::new(Timeframe::Hour4, Hours::Regular, at("00:00"));
    let closed =
        candles.fold(&session, &bar(&["12:59:00", "60", "10", "10", "10", "10", "1"])).closed().next();
    assert_eq!(closed.map(|candle| (candle.start, candle.end)), Some((at("09:30"), at("13:00"))));
    let after = candles.fold(&session, &bar(&["13:00:00", "60", "10", "10", "10", "10", "1"]));
    assert_eq!(after.bar, BarUse::Outside);
}

#[test]
fn the_first_candle_of_a_session_follows_a_clock_change() {
    let session = Session::us_equities();
    let mut candles = Candles::new(Timeframe::Hour1, Hours::Regular, Stamp::from_seconds(0));
    let mut starts = Vec::new();
    // The Fridays before and the Mondays after both changes of 2024, minute by minute.
    for day in ["2024-03-08", "2024-03-11", "2024-11-01", "2024-11-04"] {
        let midnight = Stamp::new(format!("{day}T00:00:00Z").parse().expect("a moment"));
        for minute in 0..24 * 60 {
            let start = midnight.plus_seconds(minute * 60);
            let bar = Bar { start, seconds: 60, ..bar(&["09:30", "60", "10", "10", "10", "10", "1"]) };
            starts.extend(candles.fold(&session, &bar).closed().map(|candle| candle.start.to_string()));
        }
    }
    let first: Vec<&str> = starts.iter().step_by(7).map(String::as_str).collect();
    assert_eq!(starts.len(), 4 * 7);
    assert_eq!(
        first,
        ["2024-03-08T14:30:00Z", "2024-03-11T13:30:00Z", "2024-11-01T13:30:00Z", "2024-11-04T14:30:00Z"]
    );
}

#[test]
fn the_latest_candles_are_kept_in_one_piece_oldest_first() {
    let session = Session::us_equities();
    let mut candles = Candles::new(Timeframe::Min1, Hours::Extended, at("00:00"));
    let mut all = Vec::new();
    for minute in 0..(16 * 60) {
        let start = at("04:00").plus_seconds(minute * 60);
        let bar = Bar { start, seconds: 60, ..bar(&["09:30", "60", "10", "10", "10", "10", "1"]) };
        all.extend(candles.fold(&session, &bar).closed());
        assert_eq!(candles.candles(), &all[all.len().saturating_sub(CANDLES_MAX)..]);
        assert!(candles.closed.len() < 2 * CANDLES_MAX);
    }
    assert_eq!(all.len(), 16 * 60);
}

#[test]
fn the_candle_in_the_making_tells_its_borders_and_when_the_clock_ends_it() {
    let mut candles = Candles::new(Timeframe::Min5, Hours::Regular, at("00:00"));
    assert_eq!((candles.current(), candles.due(), candles.folded_to()), (None, None, None));
    let _ = candles.fold(&Session::us_equities(), &bar(&["09:31:00", "5", "empty"]));
    assert_eq!(candles.current(), Some(Stretch { open: at("09:30"), close: at("09:35") }));
    assert_eq!(candles.due(), Some(at("09:35:02")));
    assert_eq!(candles.folded_to(), Some(at("09:31:05")));
    assert_eq!(candles.clock(at("09:35:02")), None, "nothing traded");
    assert_eq!((candles.current(), candles.due(), candles.folded_to()), (None, None, Some(at("09:35"))));
}

// Laws, over days that chance made.

/// One minute of trading, or none: open and close in cents over a base, how far high and low go beyond, and shares.
#[derive(Debug, Clone, Copy)]
struct Minute {
    nth: i64,
    open: i64,
    close: i64,
    above: i64,
    below: i64,
    volume: u64,
}

/// Minutes of one day and the next morning, about half of them without a trade. Begins at 08:00, so that both kinds
/// of hours have their first candle.
fn minutes() -> impl Strategy<Value = Vec<Minute>> {
    let minute = (0i64..50, 0i64..50, 0i64..20, 0i64..20, 12u64..500, 0u8..2);
    (0i64..700, proptest::collection::vec(minute, 1..400)).prop_map(|(first, days)| {
        let numbered = days.into_iter().enumerate();
        let traded = numbered.filter(|(_, day)| day.5 == 1);
        traded
            .map(|(nth, (open, close, above, below, volume, _))| Minute {
                nth: first + i64::try_from(nth).expect("few"),
                open,
                close,
                above,
                below,
                volume,
            })
            .collect()
    })
}

fn cents(over: i64) -> Price {
    Price::new(Decimal::new(10_000 + over, 2)).expect("a price")
}

impl Minute {
    fn bar(self) -> Bar {
        let Minute { nth, open, close, above, below, volume } = self;
        Bar {
            start: at("08:00").plus_seconds(nth * 60),
            seconds: 60,
            open: cents(open),
            high: cents(open.max(close) + above),
            low: cents(open.min(close) - below),
            close: cents(close),
            volume,
            trades: 1,
        }
    }

    /// The same minute in twelve bars: the high in one, the low in another, empty ones between.
    fn split(self, high_at: i64, low_at: i64) -> Vec<Bar> {
        let whole = self.bar();
        let part = |nth: i64| {
            let start = whole.start.plus_seconds(nth * 5);
            let flat = |price, volume| Bar {
                start,
                seconds: 5,
                open: price,
                high: price,
                low: price,
                close: price,
                volume,
                trades: 1,
            };
            match nth {
                0 => flat(whole.open, 1),
                11 => flat(whole.close, whole.volume - 3),
                _ if nth == high_at => flat(whole.high, 1),
                _ if nth == low_at => flat(whole.low, 1),
                _ => Bar { trades: 0, ..flat(cents(999), 0) },
            }
        };
        (0..12).map(part).collect()
    }
}

fn every_kind() -> impl Strategy<Value = (Timeframe, Hours)> {
    let hours = prop_oneof![Just(Hours::Regular), Just(Hours::Extended)];
    (proptest::sample::select(Timeframe::ALL.to_vec()), hours)
}

/// Folds the bars, lets the clock end the last candle, and answers with everything that closed.
fn fold_all(kind: (Timeframe, Hours), bars: &[Bar]) -> Vec<Candle> {
    let session = Session::us_equities();
    let mut candles = Candles::new(kind.0, kind.1, at("00:00"));
    let mut closed: Vec<Candle> = bars.iter().flat_map(|bar| candles.fold(&session, bar).closed()).collect();
    closed.extend(candles.clock(at("2024-07-03T00:00")));
    closed
}

/// The candles of the minutes by plain counting: minutes of the local day, no session, no maker.
fn counted(kind: (Timeframe, Hours), minutes: &[Minute]) -> Vec<(i64, i64, Price, Price, Price, Price, u64)> {
    let (open, close) = if kind.1 == Hours::Regular { (570, 960) } else { (240, 1200) };
    let border = |minute: i64| match kind.0.seconds() {
        None => (open, close),
        Some(seconds) => {
            let length = seconds / 60;
            let start = 570 + (minute - 570).div_euclid(length) * length;
            let (start, end) = (start.max(open), (start + length).min(close));
            // The regular session's close ends a candle whatever hours count.
            match (start < 960 && 960 < end, minute < 960) {
                (true, true) => (start, 960),
                (true, false) => (960, end),
                (false, _) => (start, end),
            }
        }
    };
    let mut made: Vec<(i64, i64, Price, Price, Price, Price, u64)> = Vec::new();
    for minute in minutes {
        let (day, local) = ((480 + minute.nth) / 1440, (480 + minute.nth) % 1440);
        if local < open || close <= local {
            continue;
        }
        let (start, end) = border(local);
        let Bar { open, high, low, close, volume, .. } = minute.bar();
        match made.last_mut() {
            Some(last) if last.0 == day * 1440 + start => {
                last.3 = last.3.max(high);
                last.4 = last.4.min(low);
                last.5 = close;
                last.6 += volume;
            }
            _ => made.push((day * 1440 + start, day * 1440 + end, open, high, low, close, volume)),
        }
    }
    made
}

fn minute_of(stamp: Stamp) -> i64 {
    stamp.since(at("00:00")).as_secs() / 60
}

proptest! {
    #[test]
    fn minutes_make_the_candles_that_plain_counting_makes(kind in every_kind(), minutes in minutes()) {
        let bars: Vec<Bar> = minutes.iter().map(|minute| minute.bar()).collect();
        let made: Vec<_> = fold_all(kind, &bars)
            .into_iter()
            .map(|c| (minute_of(c.start), minute_of(c.end), c.open, c.high, c.low, c.close, c.volume))
            .collect();
        prop_assert_eq!(made, counted(kind, &minutes));
    }

    #[test]
    fn any_split_of_minutes_into_small_bars_makes_the_same_candles(
        kind in every_kind(),
        minutes in minutes(),
        places in proptest::collection::vec((1i64..6, 6i64..11), 400),
    ) {
        let whole: Vec<Bar> = minutes.iter().map(|minute| minute.bar()).collect();
        let small: Vec<Bar> = minutes.iter().zip(places).flat_map(|(m, (high, low))| m.split(high, low)).collect();
        // What the high and low bars took must be all that the whole bar had.
        prop_assert_eq!(fold_all(kind, &small), fold_all(kind, &whole));
    }

    #[test]
    fn repeats_latecomers_and_the_clock_never_close_a_candle_twice(
        kind in every_kind(),
        minutes in minutes(),
        replays in proptest::collection::vec(0usize..40, 400),
    ) {
        let bars: Vec<Bar> = minutes.iter().map(|minute| minute.bar()).collect();
        let session = Session::us_equities();
        let mut candles = Candles::new(kind.0, kind.1, at("00:00"));
        let mut closed = Vec::new();
        for (nth, bar) in bars.iter().enumerate() {
            closed.extend(candles.fold(&session, bar).closed());
            for late in &bars[nth.saturating_sub(replays[nth])..=nth] {
                let again = candles.fold(&session, late);
                prop_assert_eq!(again.bar, BarUse::Late);
                prop_assert_eq!(again.closed().count(), 0);
            }
            let now = bar.end().plus_seconds(i64::try_from(replays[nth]).expect("small") % 4);
            closed.extend(candles.clock(now));
            prop_assert_eq!(candles.clock(now), None);
        }
        closed.extend(candles.clock(at("2024-07-03T00:00")));
        prop_assert!(closed.windows(2).all(|pair| pair[0].end <= pair[1].start));
        prop_assert_eq!(closed, fold_all(kind, &bars));
    }

    #[test]
    fn a_gap_takes_the_candles_it_touches_and_leaves_the_others_as_they_were(
        kind in every_kind(),
        minutes in minutes(),
        from in 0i64..1000,
        length in 1i64..90,
        known_from in 0i64..300,
    ) {
        let bars: Vec<Bar> = minutes.iter().map(|minute| minute.bar()).collect();
        let gap = Stretch { open: at("08:00").plus_seconds(from * 60), close: at("08:00").plus_seconds((from + length) * 60) };
        let known_from = at("08:00").plus_seconds(known_from * 60);
        let session = Session::us_equities();
        let mut candles = Candles::new(kind.0, kind.1, known_from);
        let (before, after): (Vec<Bar>, Vec<Bar>) = bars
            .iter()
            .filter(|bar| !gap.contains(bar.start))
            .partition(|bar| bar.start < gap.open);
        let mut closed: Vec<Candle> = before.iter().flat_map(|bar| candles.fold(&session, bar).closed()).collect();
        candles.gap(gap.open, gap.close);
        closed.extend(after.iter().flat_map(|bar| candles.fold(&session, bar).closed()));
        closed.extend(candles.clock(at("2024-07-03T00:00")));

        let untouched = |candle: &Candle| {
            candle.start >= known_from && !gap.overlaps(Stretch { open: candle.start, close: candle.end })
        };
        let expected: Vec<Candle> = fold_all(kind, &bars).into_iter().filter(untouched).collect();
        prop_assert_eq!(closed, expected);
    }
}
