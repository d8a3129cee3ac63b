//! Market rules: the price steps of a contract, in bands of price.

use rust_decimal::{Decimal, RoundingStrategy};

/// The smallest steps by price. Invariant: the first band begins at 0, each begins above the one before it, and
/// every border is a step of both its bands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gateway) struct MarketRule {
    /// The number that clients ask for it by.
    pub(in crate::gateway) id: i32,
    bands: Vec<Band>,
}

/// One band: from its price on, until the next begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) struct Band {
    pub(in crate::gateway) from: Decimal,
    /// Above zero.
    pub(in crate::gateway) tick: Decimal,
    /// The decimals of prices, where the tick is the last of them: such steps are quicker to round to.
    decimals: Option<u32>,
}

/// Why bands are no market rule; the number is the band's, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BandFlaw {
    #[error("a rule has at least one band")]
    None,
    #[error("the first band begins at 0")]
    NotFromZero,
    #[error("a tick is above zero")]
    NoTick(usize),
    #[error("bands stand in the order of their prices")]
    Order(usize),
    #[error("a band begins at a step of its own and of the band before it")]
    Border(usize),
}

impl MarketRule {
    /// A rule of bands, each of its lowest price and its tick.
    pub(super) fn new(id: i32, bands: &[(Decimal, Decimal)]) -> Result<MarketRule, BandFlaw> {
        match bands.first() {
            None => return Err(BandFlaw::None),
            Some((from, _)) if !from.is_zero() => return Err(BandFlaw::NotFromZero),
            Some(_) => {}
        }
        if let Some(band) = bands.iter().position(|(_, tick)| *tick <= Decimal::ZERO) {
            return Err(BandFlaw::NoTick(band));
        }
        for (index, pair) in bands.windows(2).enumerate() {
            let [(below, tick), (from, own)] = [pair[0], pair[1]];
            if from <= below {
                return Err(BandFlaw::Order(index + 1));
            }
            if !(from % tick).is_zero() || !(from % own).is_zero() {
                return Err(BandFlaw::Border(index + 1));
            }
        }
        let band = |(from, tick): &(Decimal, Decimal)| {
            let tick = tick.normalize();
            let decimals = (tick.mantissa() == 1).then_some(tick.scale());
            Band { from: from.normalize(), tick, decimals }
        };
        Ok(MarketRule { id, bands: bands.iter().map(band).collect() })
    }

    /// A tick of a cent at every price: IBKR's rule 26.
    pub(in crate::gateway) fn cents() -> MarketRule {
        let band = Band { from: Decimal::ZERO, tick: Decimal::new(1, 2), decimals: Some(2) };
        MarketRule { id: 26, bands: vec![band] }
    }

    pub(in crate::gateway) fn bands(&self) -> &[Band] {
        &self.bands
    }

    /// The smallest tick of all bands.
    pub(in crate::gateway) fn least_tick(&self) -> Decimal {
        self.bands.iter().map(|band| band.tick).min().unwrap_or_default()
    }

    /// The tick at a price.
    pub(in crate::gateway) fn tick_at(&self, price: Decimal) -> Decimal {
        self.band(price).tick
    }

    /// Whether a price is a step of its band.
    pub(in crate::gateway) fn is_on_tick(&self, price: Decimal) -> bool {
        (price % self.tick_at(price)).is_zero()
    }

    /// The nearest step of the price's band, half a tick away from zero.
    pub(in crate::gateway) fn to_tick(&self, price: Decimal) -> Decimal {
        self.to_tick_by(price, RoundingStrategy::MidpointAwayFromZero)
    }

    /// A step next to the price, in its band, chosen by the rounding.
    pub(in crate::gateway) fn to_tick_by(&self, price: Decimal, rounding: RoundingStrategy) -> Decimal {
        match *self.band(price) {
            Band { decimals: Some(decimals), .. } => price.round_dp_with_strategy(decimals, rounding),
            Band { tick, .. } => (price / tick).round_dp_with_strategy(0, rounding) * tick,
        }
    }

    fn band(&self, price: Decimal) -> &Band {
        let above = self.bands.iter().rposition(|band| band.from <= price).unwrap_or(0);
        &self.bands[above]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        text.parse().expect("a decimal")
    }

    fn sub_dollar() -> MarketRule {
        MarketRule::new(9, &[(d("0"), d("0.0001")), (d("1"), d("0.01"))]).expect("bands")
    }

    #[test]
    fn each_band_has_its_own_steps_and_the_border_belongs_to_the_upper_one() {
        let rule = sub_dollar();
        for (price, fits) in
            [("0.0001", true), ("0.99995", false), ("0.9999", true), ("1.00", true), ("1.005", false)]
        {
            assert_eq!(rule.is_on_tick(d(price)), fits, "{price}");
        }
        assert_eq!((rule.tick_at(d("0.9999")), rule.tick_at(d("1"))), (d("0.0001"), d("0.01")));
        assert_eq!(rule.least_tick(), d("0.0001"));
    }

    #[test]
    fn prices_are_rounded_to_the_step_of_their_band_half_a_tick_away_from_zero() {
        let rule = sub_dollar();
        for (price, rounded) in
            [("0.12345", "0.1235"), ("0.99996", "1.0000"), ("1.005", "1.01"), ("7.1", "7.1")]
        {
            assert_eq!(rule.to_tick(d(price)), d(rounded), "{price}");
        }
        let nickels = MarketRule::new(1, &[(d("0"), d("0.05"))]).expect("bands");
        assert_eq!(nickels.to_tick(d("3.075")), d("3.10"));
        assert_eq!(nickels.to_tick(d("3.07")), d("3.05"));
        assert!(nickels.is_on_tick(d("3.10")) && !nickels.is_on_tick(d("3.11")));
    }

    #[test]
    fn bands_that_make_no_rule_are_refused() {
        let flaw = |bands: &[(&str, &str)]| {
            let bands: Vec<_> = bands.iter().map(|(from, tick)| (d(from), d(tick))).collect();
            MarketRule::new(1, &bands).expect_err("no rule")
        };
        assert_eq!(flaw(&[]), BandFlaw::None);
        assert_eq!(flaw(&[("1", "0.01")]), BandFlaw::NotFromZero);
        assert_eq!(flaw(&[("0", "0")]), BandFlaw::NoTick(0));
        assert_eq!(flaw(&[("0", "0.01"), ("0", "0.1")]), BandFlaw::Order(1));
        assert_eq!(flaw(&[("0", "0.02"), ("1.01", "0.01")]), BandFlaw::Border(1));
    }
}
