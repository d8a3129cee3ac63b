//! Exact amounts: prices, distances, quantities, money. Only the arithmetic that means something compiles;
//! nothing here passes through a binary float.

use std::fmt;
use std::ops;

use rust_decimal::{Decimal, RoundingStrategy};

/// The largest amount a price or a sum of money may be. Beyond it a product could leave the 96 bits of a
/// [`Decimal`], so it is refused at the border instead.
pub const AMOUNT_MAX: i64 = 1_000_000_000_000;
/// The largest quantity of one order or position, in shares: an `i32`, as far as other systems count.
pub const SHARES_MAX: u64 = i32::MAX as u64;

/// Why a number is no price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// Prices are above zero.
    #[error("{0} is not above zero")]
    NotPositive(Decimal),
    /// Above [`AMOUNT_MAX`].
    #[error("{0} is larger than any price")]
    TooLarge(Decimal),
    /// Not a multiple of the contract's tick.
    #[error("{raw} is not a multiple of the tick {tick}")]
    OffGrid {
        /// The number given.
        raw: Decimal,
        /// The contract's tick.
        tick: Decimal,
    },
}

/// A price in the contract's currency, per share, above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(Decimal);

impl Price {
    /// A price from an exact decimal. Refuses zero, negative and absurdly large numbers with [`PriceError`].
    pub fn new(raw: Decimal) -> Result<Price, PriceError> {
        if raw <= Decimal::ZERO {
            return Err(PriceError::NotPositive(raw));
        }
        if raw > Decimal::from(AMOUNT_MAX) {
            return Err(PriceError::TooLarge(raw));
        }
        Ok(Price(raw.normalize()))
    }

    /// As [`Price::new`], and a multiple of `tick`; else [`PriceError::OffGrid`].
    pub fn on_grid(raw: Decimal, tick: Tick) -> Result<Price, PriceError> {
        let price = Price::new(raw)?;
        if raw % tick.0 != Decimal::ZERO {
            return Err(PriceError::OffGrid { raw, tick: tick.0 });
        }
        Ok(price)
    }

    /// The number.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// `self` and the ratio of a distance to it, in percent of `self`.
    pub fn percent_to(self, other: Price) -> Decimal {
        (other.0 - self.0) * Decimal::ONE_HUNDRED / self.0
    }
}

/// The smallest step of a price, in the contract's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick(Decimal);

impl Tick {
    /// A tick from the contract's details. Refuses what is not above zero.
    pub fn new(raw: Decimal) -> Result<Tick, PriceError> {
        if raw <= Decimal::ZERO {
            return Err(PriceError::NotPositive(raw));
        }
        Ok(Tick(raw.normalize()))
    }

    /// One cent: the tick of most US stocks, used until the broker has told the contract's own.
    pub fn cent() -> Tick {
        Tick(Decimal::new(1, 2))
    }

    /// The number.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// The nearest price on the grid that is not below `raw`.
    pub fn up(self, raw: Decimal) -> Result<Price, PriceError> {
        Price::new((raw / self.0).ceil() * self.0)
    }

    /// The nearest price on the grid that is not above `raw`. A result of zero is refused.
    pub fn down(self, raw: Decimal) -> Result<Price, PriceError> {
        Price::new((raw / self.0).floor() * self.0)
    }
}

/// The difference of two prices, in the contract's currency per share; may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Distance(Decimal);

impl Distance {
    /// The number.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// Without its sign.
    pub fn abs(self) -> Distance {
        Distance(self.0.abs())
    }

    /// The distance, or zero where it is negative.
    pub fn at_least_zero(self) -> Distance {
        Distance(self.0.max(Decimal::ZERO))
    }
}

/// A number of whole shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Qty(u64);

impl Qty {
    /// No shares.
    pub const ZERO: Qty = Qty(0);

    /// Whole shares. More than [`SHARES_MAX`] is cut to it: no limit lets so many through.
    pub fn new(shares: u64) -> Qty {
        Qty(shares.min(SHARES_MAX))
    }

    /// The whole part of `raw`, zero for a negative number.
    pub fn floor(raw: Decimal) -> Qty {
        let whole = raw.floor().max(Decimal::ZERO).min(Decimal::from(SHARES_MAX));
        Qty(u64::try_from(whole).unwrap_or(0))
    }

    /// The number of shares.
    pub fn shares(self) -> u64 {
        self.0
    }

    /// The number of shares as a decimal.
    pub fn decimal(self) -> Decimal {
        Decimal::from(self.0)
    }

    /// No shares at all.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// `self − other`, zero where `other` is larger.
    pub fn minus(self, other: Qty) -> Qty {
        Qty(self.0.saturating_sub(other.0))
    }
}

/// An amount of money in the account's currency; may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cash(Decimal);

impl Cash {
    /// Nothing.
    pub const ZERO: Cash = Cash(Decimal::ZERO);

    /// An amount. Numbers beyond ±1000 × [`AMOUNT_MAX`] are cut: no account is that large.
    pub fn new(raw: Decimal) -> Cash {
        let bound = Decimal::from(AMOUNT_MAX) * Decimal::ONE_THOUSAND;
        Cash(raw.clamp(-bound, bound))
    }

    /// The number.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// The number, rounded half away from zero to cents.
    pub fn cents(self) -> Decimal {
        cents(self.0)
    }

    /// `self` as a percentage of `whole`; zero where `whole` is zero.
    pub fn percent_of(self, whole: Cash) -> Decimal {
        if whole.0.is_zero() { Decimal::ZERO } else { self.0 * Decimal::ONE_HUNDRED / whole.0 }
    }

    /// `percent` percent of this amount.
    pub fn percent(self, percent: Decimal) -> Cash {
        Cash::new(self.0 * percent / Decimal::ONE_HUNDRED)
    }
}

/// `raw` with exactly two decimals, rounded half away from zero, as people read money and percentages.
pub fn cents(raw: Decimal) -> Decimal {
    let mut rounded = raw.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(2);
    rounded
}

impl ops::Sub for Price {
    type Output = Distance;
    fn sub(self, other: Price) -> Distance {
        Distance(self.0 - other.0)
    }
}

impl ops::Mul<Qty> for Price {
    type Output = Cash;
    fn mul(self, qty: Qty) -> Cash {
        Cash::new(self.0 * qty.decimal())
    }
}

impl ops::Mul<Qty> for Distance {
    type Output = Cash;
    fn mul(self, qty: Qty) -> Cash {
        Cash::new(self.0 * qty.decimal())
    }
}

impl ops::Add for Cash {
    type Output = Cash;
    fn add(self, other: Cash) -> Cash {
        Cash::new(self.0 + other.0)
    }
}

impl ops::Sub for Cash {
    type Output = Cash;
    fn sub(self, other: Cash) -> Cash {
        Cash::new(self.0 - other.0)
    }
}

impl ops::Neg for Cash {
    type Output = Cash;
    fn neg(self) -> Cash {
        Cash(-self.0)
    }
}

impl ops::AddAssign for Cash {
    fn add_assign(&mut self, other: Cash) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Cash {
    fn sum<I: Iterator<Item = Cash>>(amounts: I) -> Cash {
        amounts.fold(Cash::ZERO, ops::Add::add)
    }
}

impl ops::Add for Qty {
    type Output = Qty;
    fn add(self, other: Qty) -> Qty {
        Qty::new(self.0.saturating_add(other.0))
    }
}

impl std::iter::Sum for Qty {
    fn sum<I: Iterator<Item = Qty>>(quantities: I) -> Qty {
        quantities.fold(Qty::ZERO, ops::Add::add)
    }
}

/// At least two decimals, more where the price has them: 180.50, 0.1234.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", at_least_cents(self.0))
    }
}

impl fmt::Display for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", at_least_cents(self.0))
    }
}

impl fmt::Display for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Qty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Cash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cents())
    }
}

/// The number with its own decimals, but at least two.
pub fn at_least_cents(raw: Decimal) -> Decimal {
    let mut shown = raw.normalize();
    if shown.scale() < 2 {
        shown.rescale(2);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(text: &str) -> Decimal {
        text.parse().expect("a decimal")
    }

    #[test]
    fn a_price_is_above_zero_and_on_its_grid() {
        assert_eq!(Price::new(d("0")), Err(PriceError::NotPositive(d("0"))));
        assert!(Price::new(d("-1")).is_err());
        assert!(Price::new(d("1000000000001")).is_err());
        assert!(Price::on_grid(d("180.505"), Tick::cent()).is_err());
        assert_eq!(Price::on_grid(d("180.50"), Tick::cent()).expect("on the grid").to_string(), "180.50");
    }

    #[test]
    fn the_grid_rounds_to_the_side_that_is_asked_for() {
        let tick = Tick::cent();
        assert_eq!(tick.up(d("10.001")).expect("a price").to_string(), "10.01");
        assert_eq!(tick.down(d("10.009")).expect("a price").to_string(), "10.00");
        assert_eq!(tick.up(d("10.00")).expect("a price").to_string(), "10.00");
        assert!(tick.down(d("0.009")).is_err(), "a price of zero is none");
    }

    #[test]
    fn money_is_shown_in_cents_rounded_half_away_from_zero() {
        assert_eq!(Cash::new(d("1.005")).to_string(), "1.01");
        assert_eq!(Cash::new(d("-1.005")).to_string(), "-1.01");
        assert_eq!(Cash::new(d("2000")).to_string(), "2000.00");
    }

    proptest! {
        #[test]
        fn rounding_moves_less_than_a_tick_and_lands_on_the_grid(units in 1i64..10_000_000, scale in 0u32..6) {
            let raw = Decimal::new(units, scale) + Decimal::ONE;
            let tick = Tick::cent();
            let (up, down) = (tick.up(raw).expect("up"), tick.down(raw).expect("down"));
            prop_assert!(down.decimal() <= raw && raw <= up.decimal());
            prop_assert!((up - down).decimal() <= tick.decimal());
            prop_assert!(Price::on_grid(up.decimal(), tick).is_ok() && Price::on_grid(down.decimal(), tick).is_ok());
        }
    }
}
