//! Minute bars for two symbols that need no file: three sessions with a trend, pull-backs and a turn.
//!
//! They are made, not recorded: the same every time, and nothing like a real market.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use super::bars::SourceBar;
use super::clock;

/// The sessions the bars cover: Tuesday to Thursday.
const DATES: [Date; 3] = [date(2025, 8, 12), date(2025, 8, 13), date(2025, 8, 14)];
const SESSION_MINUTES: i64 = 390;

/// One symbol's course: prices in cents at minutes of the three sessions, straight in between.
struct Course {
    symbol: &'static str,
    corners: &'static [(i64, i64)],
    volume: u64,
}

const COURSES: [Course; 2] = [
    // Quiet below 180.50, a break-out, four legs up with shallow pull-backs, and a fall that ends them.
    Course {
        symbol: "AAPL",
        corners: &[
            (0, 17_900),
            (60, 17_990),
            (120, 17_940),
            (180, 18_020),
            (225, 18_010),
            (270, 18_120),
            (330, 18_230),
            (360, 18_190),
            (389, 18_280),
            (390, 18_300),
            (450, 18_420),
            (480, 18_370),
            (560, 18_560),
            (590, 18_510),
            (660, 18_690),
            (690, 18_640),
            (779, 18_790),
            (780, 18_800),
            (840, 18_900),
            (900, 18_520),
            (960, 18_300),
            (1_050, 18_420),
            (1_169, 18_350),
        ],
        volume: 42_000,
    },
    // A slower climb that begins on the first day and turns on the third.
    Course {
        symbol: "MSFT",
        corners: &[
            (0, 52_000),
            (90, 52_180),
            (150, 52_080),
            (260, 52_450),
            (300, 52_360),
            (389, 52_700),
            (390, 52_740),
            (500, 53_150),
            (540, 53_020),
            (650, 53_500),
            (690, 53_380),
            (779, 53_800),
            (780, 53_840),
            (860, 54_050),
            (930, 53_100),
            (1_000, 52_600),
            (1_169, 52_750),
        ],
        volume: 27_000,
    },
];

/// The bundled symbols and their minute bars of three sessions, 2025-08-12 to 2025-08-14.
///
/// AAPL closes above 180.50 on the first day, climbs to 189 with pull-backs of less than one percent and falls to
/// 183 on the third; MSFT closes above 522, climbs to 540 and falls to 526.
pub fn synthetic_bars() -> Vec<(String, Vec<SourceBar>)> {
    COURSES.iter().map(|course| (course.symbol.to_owned(), bars(course))).collect()
}

fn bars(course: &Course) -> Vec<SourceBar> {
    let mut noise = Noise(course.volume);
    let mut bars = Vec::new();
    for (day, date) in (0_i64..).zip(DATES) {
        let open = clock::of_wall(date.at(9, 30, 0, 0));
        for minute in 0..SESSION_MINUTES {
            let place = day * SESSION_MINUTES + minute;
            let Ok(time) = Timestamp::from_second(open + minute * 60) else { continue };
            bars.push(bar(course, place, time, &mut noise));
        }
    }
    bars
}

fn bar(course: &Course, minute: i64, time: Timestamp, noise: &mut Noise) -> SourceBar {
    let open = price_at(course, minute);
    let overnight = minute % SESSION_MINUTES == SESSION_MINUTES - 1;
    let close = if overnight { open } else { price_at(course, minute + 1) };
    let high = open.max(close) + noise.below(4);
    let low = open.min(close) - noise.below(4);
    let cents = |cents| Decimal::new(cents, 2);
    let volume = course.volume + noise.below(2_000).unsigned_abs() * 12;
    SourceBar { time, open: cents(open), high: cents(high), low: cents(low), close: cents(close), volume }
}

/// The course at a minute, in cents.
fn price_at(course: &Course, minute: i64) -> i64 {
    let next = course.corners.iter().position(|(at, _)| *at >= minute).unwrap_or(course.corners.len() - 1);
    let (to_minute, to) = course.corners[next];
    let (from_minute, from) = course.corners[next.saturating_sub(1)];
    match to_minute - from_minute {
        0 => to,
        span => from + (to - from) * (minute.min(to_minute) - from_minute) / span,
    }
}

/// Small numbers that look like chance and are the same every time (a linear congruential generator).
struct Noise(u64);

impl Noise {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::bars::{Length, Series};

    #[test]
    fn the_bundled_bars_are_three_whole_sessions_of_two_symbols_and_always_the_same() {
        let all = synthetic_bars();
        assert_eq!(all, synthetic_bars());
        let symbols: Vec<_> = all.iter().map(|(symbol, _)| symbol.as_str()).collect();
        assert_eq!(symbols, ["AAPL", "MSFT"]);
        for (_, bars) in all {
            assert_eq!(bars.len(), 3 * 390);
            let series = Series::new(bars).expect("bundled bars are whole");
            assert_eq!(series.length, Length::Seconds(60));
        }
    }

    #[test]
    fn each_symbol_breaks_out_climbs_far_and_then_falls_back_by_more_than_one_percent() {
        for ((symbol, bars), breakout) in synthetic_bars().into_iter().zip([18_050, 52_200]) {
            let breakout = Decimal::new(breakout, 2);
            let first = &bars[..390];
            assert!(first[0].close < breakout && first.iter().any(|bar| bar.close > breakout), "{symbol}");
            let (top, high) = bars
                .iter()
                .enumerate()
                .map(|(at, bar)| (at, bar.high))
                .max_by_key(|(_, high)| *high)
                .expect("bars");
            assert!(high > breakout * Decimal::new(103, 2), "{symbol}");
            let fall = bars[top..].iter().map(|bar| bar.low).min().expect("bars");
            assert!(fall < high * Decimal::new(98, 2), "{symbol}");
        }
    }
}
