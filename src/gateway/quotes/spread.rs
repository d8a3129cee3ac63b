//! The spread model: what stood on either side of a trade, as far as a bar tells.
//!
//! The source knows trades only, so bid and ask are made, always the same for the same bar. Both are on the tick,
//! the bid is below the ask and never below one tick:
//!
//! - width = `basis_points` of the bar's close + `range_percent` of the bar's range, rounded to the tick at the close,
//!   half a tick away from zero, and at least one tick. Where a side falls into another band of the market rule, it is
//!   put on that band's tick, the bid down and the ask up;
//! - half of the width lies below the price and half above it; of an odd number of ticks the spare one lies below the
//!   price in a bar that rose or stood (its last buyer paid the ask), above it in a bar that fell;
//! - sizes are whole lots of 100 shares, at least one: half of the bar's volume on the side the price came to, a
//!   quarter of it on the other;
//! - in a bar in which nothing traded, the quote before it stands.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::gateway::bars::Bar;
use crate::gateway::catalogue::MarketRule;

/// Shares in a round lot.
const LOT_SHARES: u64 = 100;
/// The widest share of the price that a spread may be asked to be: all of it.
const BASIS_POINTS_MAX: u32 = 10_000;
/// The largest share of a bar's range that a spread may be asked to add.
const RANGE_PERCENT_MAX: u32 = 100;

/// How far apart the made bid and ask stand; at least a tick, whatever these say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// Hundredths of a percent of the price; above 10,000 counts as 10,000.
    pub basis_points: u32,
    /// Percent of the five-second bar's range, added to it; above 100 counts as 100.
    pub range_percent: u32,
}

impl Default for Spread {
    /// One basis point of the price and a tenth of the bar's range.
    fn default() -> Spread {
        Spread { basis_points: 1, range_percent: 10 }
    }
}

/// What bars are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Show {
    Trades,
    Midpoint,
    Bid,
    Ask,
}

impl Show {
    /// As clients spell it; nothing said means trades.
    pub(in crate::gateway) fn read(text: Option<&str>) -> Option<Show> {
        match text {
            None | Some("" | "TRADES") => Some(Show::Trades),
            Some("MIDPOINT") => Some(Show::Midpoint),
            Some("BID") => Some(Show::Bid),
            Some("ASK") => Some(Show::Ask),
            Some(_) => None,
        }
    }
}

/// The best bid and ask. Invariant: on the tick, above zero, bid < ask; sizes are whole lots, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) struct Quote {
    pub(in crate::gateway) bid: Decimal,
    pub(in crate::gateway) ask: Decimal,
    /// Shares.
    pub(in crate::gateway) bid_size: u64,
    /// Shares.
    pub(in crate::gateway) ask_size: u64,
}

impl Quote {
    pub(in crate::gateway) fn midpoint(&self) -> Decimal {
        ((self.bid + self.ask) / Decimal::TWO).normalize()
    }
}

/// The two sides around each price of one bar.
struct Sides<'r> {
    rule: &'r MarketRule,
    below: Decimal,
    width: Decimal,
}

impl Sides<'_> {
    fn bid(&self, price: Decimal) -> Decimal {
        let wanted = price - self.below;
        let tick = self.rule.tick_at(wanted);
        ((wanted / tick).floor() * tick).max(tick)
    }

    fn ask(&self, price: Decimal) -> Decimal {
        let wanted = self.bid(price) + self.width;
        let tick = self.rule.tick_at(wanted);
        (wanted / tick).ceil() * tick
    }
}

impl Spread {
    /// The quote at the end of a bar in which something traded.
    pub(in crate::gateway) fn quote(&self, bar: &Bar, rule: &MarketRule) -> Quote {
        let sides = self.sides(bar, rule);
        let lots = |share: u64| (bar.volume / share / LOT_SHARES * LOT_SHARES).max(LOT_SHARES);
        let (bid_size, ask_size) = if rose(bar) { (lots(2), lots(4)) } else { (lots(4), lots(2)) };
        Quote { bid: sides.bid(bar.close), ask: sides.ask(bar.close), bid_size, ask_size }
    }

    /// A bar in which something traded as seen from one side of its trades. Its volume and count stay those of the
    /// trades; they are not told.
    pub(in crate::gateway) fn side(&self, show: Show, bar: &Bar, rule: &MarketRule) -> Bar {
        let sides = self.sides(bar, rule);
        let seen = |price: Decimal| match show {
            Show::Trades => price,
            Show::Bid => sides.bid(price),
            Show::Ask => sides.ask(price),
            Show::Midpoint => ((sides.bid(price) + sides.ask(price)) / Decimal::TWO).normalize(),
        };
        Bar { open: seen(bar.open), high: seen(bar.high), low: seen(bar.low), close: seen(bar.close), ..*bar }
    }

    fn sides<'r>(&self, bar: &Bar, rule: &'r MarketRule) -> Sides<'r> {
        let tick = rule.tick_at(bar.close);
        let points = Decimal::from(self.basis_points.min(BASIS_POINTS_MAX)) / Decimal::from(BASIS_POINTS_MAX);
        let percent =
            Decimal::from(self.range_percent.min(RANGE_PERCENT_MAX)) / Decimal::from(RANGE_PERCENT_MAX);
        let wanted = bar.close * points + (bar.high - bar.low) * percent;
        let ticks = (wanted / tick)
            .round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)
            .max(Decimal::ONE);
        let half = ticks / Decimal::TWO;
        let below = if rose(bar) { half.ceil() } else { half.floor() };
        Sides { rule, below: below * tick, width: ticks * tick }
    }
}

fn rose(bar: &Bar) -> bool {
    bar.close >= bar.open
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gateway::catalogue::Catalogue;

    fn bar(cents: [i64; 4], volume: u64) -> Bar {
        let [open, high, low, close] = cents.map(|cents| Decimal::new(cents, 2));
        Bar { start: 0, open, high, low, close, volume, count: 1 }
    }

    fn play(cents: [i64; 4], volume: u64) -> String {
        let Quote { bid, ask, bid_size, ask_size } =
            Spread::default().quote(&bar(cents, volume), &MarketRule::cents());
        format!("{bid} x {bid_size}  {ask} x {ask_size}")
    }

    #[test]
    fn the_spread_is_a_tick_at_least_and_grows_with_price_and_range() {
        assert_eq!(play([1000, 1000, 1000, 1000], 0), "9.99 x 100  10.00 x 100");
        assert_eq!(play([1001, 1001, 1000, 1000], 0), "10.00 x 100  10.01 x 100");
        // One basis point of 168.00 is 1.68 cents.
        assert_eq!(play([16800, 16800, 16800, 16800], 1_900), "167.99 x 900  168.01 x 400");
        // A tenth of a range of 50 cents is 5, so with 1.68 cents 7 ticks: 4 below, 3 above.
        assert_eq!(play([16800, 16850, 16800, 16850], 1_900), "168.46 x 900  168.53 x 400");
        assert_eq!(play([16850, 16850, 16800, 16800], 1_900), "167.97 x 400  168.04 x 900");
        assert_eq!(play([1, 1, 1, 1], 0), "0.01 x 100  0.02 x 100");
    }

    #[test]
    fn beside_a_border_of_the_market_rule_each_side_is_on_the_tick_of_its_own_band() {
        let catalogue = Catalogue::default();
        let rules = (0..10_000).filter_map(|id| catalogue.rule(id));
        let rule = rules.into_iter().find(|rule| rule.bands().len() > 1).expect("a rule with two bands");
        let price = |text: &str| Decimal::from_str_exact(text).expect("a price");
        for text in ["0.9997", "0.9999", "1.00", "1.01"] {
            let flat = Bar { count: 1, ..Bar::flat(0, price(text)) };
            for basis_points in [0, 1, 20, 200] {
                let quote = Spread { basis_points, range_percent: 0 }.quote(&flat, &rule);
                assert!(rule.is_on_tick(quote.bid) && rule.is_on_tick(quote.ask), "{text} {quote:?}");
                assert!(quote.bid < quote.ask && quote.bid <= flat.close && flat.close <= quote.ask);
            }
        }
    }

    proptest! {
        #[test]
        fn bid_and_ask_are_on_the_tick_above_zero_apart_and_around_the_price(
            cents in prop::array::uniform4(1i64..10_000_000), volume in 0u64..1_000_000,
            basis_points in 0u32..20_000, range_percent in 0u32..200,
        ) {
            let spread = Spread { basis_points, range_percent };
            let (high, low) = (cents.iter().max(), cents.iter().min());
            let bar = bar([cents[0], *high.expect("four"), *low.expect("four"), cents[1]], volume);
            let rule = MarketRule::cents();
            let quote = spread.quote(&bar, &rule);
            prop_assert!(Decimal::ZERO < quote.bid && quote.bid < quote.ask);
            prop_assert!(rule.is_on_tick(quote.bid) && rule.is_on_tick(quote.ask));
            prop_assert!(bar.close <= quote.ask && (quote.bid <= bar.close));
            let sides = [Show::Bid, Show::Midpoint, Show::Ask].map(|show| spread.side(show, &bar, &rule));
            prop_assert_eq!([sides[0].close, sides[1].close, sides[2].close], [quote.bid, quote.midpoint(), quote.ask]);
            for side in sides {
                prop_assert!(side.low <= side.open && side.open <= side.high);
                prop_assert!(side.low <= side.close && side.close <= side.high);
            }
        }
    }
}
