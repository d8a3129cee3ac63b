//! Exact numbers: read from a word of the command line without a detour through a binary float, and shown without
//! the noise of a division.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::domain::money::at_least_cents;

/// The decimals of a quotient that are shown.
const QUOTIENT_DECIMALS_MAX: u32 = 8;
/// The decimals of a quotient that people read in a table.
const TABLE_DECIMALS_MAX: u32 = 4;

/// A number above zero: digits, at most one point, nothing else.
pub(super) fn positive(text: &str) -> Result<Decimal, String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.matches('.').count() <= 1;
    if !plain {
        return Err("not a number like 180.50".into());
    }
    let number = Decimal::from_str_exact(text).map_err(|_| "more digits than can be counted exactly")?;
    if number > Decimal::ZERO { Ok(number) } else { Err("not above zero".into()) }
}

/// An amount as it stands in JSON: its own decimals, at least two, of a quotient at most eight.
pub(super) fn exact(number: Decimal) -> String {
    rounded(number, QUOTIENT_DECIMALS_MAX)
}

/// An amount as people read it in a table.
pub(super) fn short(number: Decimal) -> String {
    rounded(number, TABLE_DECIMALS_MAX)
}

fn rounded(number: Decimal, decimals_max: u32) -> String {
    at_least_cents(number.round_dp_with_strategy(decimals_max, RoundingStrategy::MidpointAwayFromZero))
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_digits_with_at_most_one_point_and_above_zero() {
        assert_eq!(positive("180.50").expect("a number").to_string(), "180.50");
        for bad in ["", "-5", "0", "0.00", "1e5", "1_000", "+1", ".5", "5.", "1.2.3", "ten", "٣", "1,5"] {
            assert!(positive(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_quotient_is_shown_without_its_tail_and_everything_else_as_it_is() {
        let third = Decimal::from(541) / Decimal::from(3);
        assert_eq!(exact(third), "180.33333333");
        assert_eq!(short(third), "180.3333");
        assert_eq!(exact(Decimal::from(2000)), "2000.00");
        assert_eq!(exact(Decimal::new(-18050, 3)), "-18.05");
    }
}
