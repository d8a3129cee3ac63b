//! How one source bar is walked into bars of five seconds.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::SourceBar;
use crate::gateway::catalogue::MarketRule;
use crate::gateway::clock::SLOT_SECONDS;

/// A bar of five seconds, or several of them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) struct Bar {
    /// The bar's start, in seconds of the epoch.
    pub(in crate::gateway) start: i64,
    pub(in crate::gateway) open: Decimal,
    pub(in crate::gateway) high: Decimal,
    pub(in crate::gateway) low: Decimal,
    pub(in crate::gateway) close: Decimal,
    pub(in crate::gateway) volume: u64,
    /// Trades in the bar. Invariant: at least 1 where the source has a bar, 0 where it has none.
    pub(in crate::gateway) count: u32,
}

impl Bar {
    /// The bar of a session's five seconds in which the source has none.
    pub(in crate::gateway) fn flat(start: i64, price: Decimal) -> Bar {
        Bar { start, open: price, high: price, low: price, close: price, volume: 0, count: 0 }
    }

    /// Whether anything traded: a flat bar triggers and fills nothing.
    pub(in crate::gateway) fn traded(&self) -> bool {
        self.count > 0
    }

    /// The average price told with a bar: of high, low and close, to four decimals.
    pub(in crate::gateway) fn average(&self) -> Decimal {
        if self.high == self.low {
            return self.close;
        }
        ((self.high + self.low + self.close) / Decimal::from(3)).round_dp(4)
    }

    /// Adds the bar that follows.
    pub(in crate::gateway) fn extend(&mut self, next: &Bar) {
        self.high = self.high.max(next.high);
        self.low = self.low.min(next.low);
        self.close = next.close;
        self.volume = self.volume.saturating_add(next.volume);
        self.count = self.count.saturating_add(next.count);
    }
}

/// One source bar on its way: open → low → high → close if it rose or stood, else open → high → low → close.
///
/// The bars are shared out evenly over the three stretches. Where their number is no multiple of three, the
/// earlier stretches get one more; a stretch left without a bar of its own is folded into the last bar, whose
/// high and low then cover it: so a source bar of five seconds is its own walk.
#[derive(Debug, Clone)]
pub(in crate::gateway) struct Walk {
    start: i64,
    slots: i64,
    next: i64,
    corners: [Decimal; 4],
    lengths: [i64; 3],
    stretch: usize,
    step: i64,
    price: Decimal,
    volume: u64,
    rule: Arc<MarketRule>,
}

impl Walk {
    /// A walk of `slots` bars from `start`, in seconds of the epoch, on the steps of a market rule.
    pub(super) fn new(bar: &SourceBar, start: i64, slots: i64, rule: Arc<MarketRule>) -> Walk {
        let SourceBar { time: _, open, high, low, close, volume } = *bar;
        let corners = if close >= open { [open, low, high, close] } else { [open, high, low, close] };
        let slots = slots.max(1);
        let (each, rest) = (slots / 3, slots % 3);
        let lengths = [each + i64::from(rest > 0), each + i64::from(rest > 1), each];
        Walk { start, slots, next: 0, corners, lengths, stretch: 0, step: 0, price: open, volume, rule }
    }

    /// The start of the bar that comes next, if one does.
    pub(in crate::gateway) fn upcoming(&self) -> Option<i64> {
        (self.next < self.slots).then(|| self.start + self.next * SLOT_SECONDS)
    }

    /// The end of the whole walk.
    pub(in crate::gateway) fn end(&self) -> i64 {
        self.start + self.slots * SLOT_SECONDS
    }

    /// All bars of a walk that has not begun, as one. The same as walking it and adding up, only quicker.
    pub(in crate::gateway) fn whole(&self) -> Bar {
        // The open of a walked bar stays as the source has it; only closes are put on the tick.
        let [open, ..] = self.corners;
        let [_, a, b, close] = self.corners.map(|corner| self.on_tick(corner));
        let high = open.max(a).max(b).max(close);
        let low = open.min(a).min(b).min(close);
        let count = u32::try_from(self.slots).unwrap_or(u32::MAX);
        Bar { start: self.start, open, high, low, close, volume: self.volume, count }
    }

    /// A bar of five seconds is passed on as the source has it; everything else closes on the tick.
    fn on_tick(&self, price: Decimal) -> Decimal {
        if self.slots == 1 {
            return price;
        }
        self.rule.to_tick(price)
    }

    fn close_of_step(&self) -> Decimal {
        let (from, to) = (self.corners[self.stretch], self.corners[self.stretch + 1]);
        let length = self.lengths[self.stretch];
        if self.step == length || from == to {
            return self.on_tick(to);
        }
        self.on_tick(from + (to - from) * Decimal::from(self.step) / Decimal::from(length))
    }
}

impl Iterator for Walk {
    type Item = Bar;

    fn next(&mut self) -> Option<Bar> {
        let start = self.upcoming()?;
        if self.step == self.lengths[self.stretch] {
            self.stretch += 1;
            self.step = 0;
        }
        self.next += 1;
        self.step += 1;
        let open = self.price;
        let mut close = self.close_of_step();
        let (mut high, mut low) = (open.max(close), open.min(close));
        let last = self.next == self.slots;
        if last {
            for corner in self.stretch + 2..self.corners.len() {
                close = self.on_tick(self.corners[corner]);
                high = high.max(close);
                low = low.min(close);
            }
        }
        self.price = close;
        let slots = u64::try_from(self.slots).unwrap_or(1);
        let each = self.volume / slots;
        let volume = if last { each + self.volume % slots } else { each };
        Some(Bar { start, open, high, low, close, volume, count: 1 })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn source(open: i64, high: i64, low: i64, close: i64, volume: u64) -> SourceBar {
        let cents = |cents| Decimal::new(cents, 2);
        let [open, high, low, close] = [open, high, low, close].map(cents);
        SourceBar { time: Timestamp::UNIX_EPOCH, open, high, low, close, volume }
    }

    fn cents() -> Arc<MarketRule> {
        Arc::new(MarketRule::cents())
    }

    fn play(bar: &SourceBar, slots: i64) -> String {
        let row = |bar: Bar| {
            let Bar { start, open, high, low, close, volume, count } = bar;
            format!("{start:>3} {open} {high} {low} {close} {volume} {count}")
        };
        Walk::new(bar, 0, slots, cents()).map(row).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_rising_minute_walks_down_to_its_low_then_up_to_its_high_then_to_its_close() {
        insta::assert_snapshot!(play(&source(1000, 1030, 990, 1010, 125), 12), @r"
          0 10.00 10.00 9.98 9.98 10 1
          5 9.98 9.98 9.95 9.95 10 1
         10 9.95 9.95 9.93 9.93 10 1
         15 9.93 9.93 9.90 9.90 10 1
         20 9.90 10.00 9.90 10.00 10 1
         25 10.00 10.10 10.00 10.10 10 1
         30 10.10 10.20 10.10 10.20 10 1
         35 10.20 10.30 10.20 10.30 10 1
         40 10.30 10.30 10.25 10.25 10 1
         45 10.25 10.25 10.20 10.20 10 1
         50 10.20 10.20 10.15 10.15 10 1
         55 10.15 10.15 10.10 10.10 15 1
        ");
    }

    #[test]
    fn a_falling_bar_visits_its_high_first() {
        insta::assert_snapshot!(play(&source(1000, 1010, 980, 990, 6), 6), @r"
          0 10.00 10.05 10.00 10.05 1 1
          5 10.05 10.10 10.05 10.10 1 1
         10 10.10 10.10 9.95 9.95 1 1
         15 9.95 9.95 9.80 9.80 1 1
         20 9.80 9.85 9.80 9.85 1 1
         25 9.85 9.90 9.85 9.90 1 1
        ");
    }

    #[test]
    fn half_a_tick_is_rounded_away_from_zero() {
        // 10.00 → 9.99 in two steps: the first closes at 9.995, so at 10.00.
        let closes: Vec<_> =
            Walk::new(&source(1000, 1001, 999, 1000, 0), 0, 6, cents()).map(|bar| bar.close).collect();
        assert_eq!(closes[..4], [1000, 999, 1000, 1001].map(|cents| Decimal::new(cents, 2)));
    }

    #[test]
    fn a_source_bar_of_five_seconds_is_its_own_walk() {
        assert_eq!(play(&source(1000, 1030, 990, 1010, 7), 1), "  0 10.00 10.30 9.90 10.10 7 1");
    }

    #[test]
    fn bars_that_do_not_share_out_over_three_stretches_still_visit_high_and_low() {
        insta::assert_snapshot!(play(&source(1000, 1030, 990, 1010, 5), 2), @r"
          0 10.00 10.00 9.90 9.90 2 1
          5 9.90 10.30 9.90 10.10 3 1
        ");
        insta::assert_snapshot!(play(&source(1000, 1030, 990, 1010, 5), 4), @r"
          0 10.00 10.00 9.95 9.95 1 1
          5 9.95 9.95 9.90 9.90 1 1
         10 9.90 10.30 9.90 10.30 1 1
         15 10.30 10.30 10.10 10.10 2 1
        ");
    }

    proptest! {
        #[test]
        fn the_bars_of_a_walk_add_up_to_the_whole(
            prices in prop::array::uniform4(1i64..100_000), volume in 0u64..1_000_000, slots in 1i64..200,
        ) {
            let [open, close, a, b] = prices;
            let high = prices.into_iter().max().unwrap_or(a);
            let low = prices.into_iter().min().unwrap_or(b);
            let walk = Walk::new(&source(open, high, low, close, volume), 0, slots, cents());
            let mut bars = walk.clone();
            let mut sum = bars.next().expect("a walk has at least one bar");
            for bar in bars {
                prop_assert_eq!(bar.open, sum.close);
                sum.extend(&bar);
            }
            prop_assert_eq!(sum, walk.whole());
        }
    }
}
