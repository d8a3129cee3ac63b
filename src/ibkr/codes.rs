//! What IBKR's codes mean for the order they come with. ibapi's own classes say whether a text is an error, not
//! whether the order lives: 404 is an error there, and the order is held and well.

use crate::domain::broker::Verdict;

/// Known codes. What is not here means [`Verdict::LookAgain`]: asking the broker is never wrong.
const TABLE: &[(i32, Verdict)] = &[
    (0, Verdict::Warning),
    // Refused: a new order is dead and no status follows; a changed one lives on as it was.
    (103, Verdict::Refused),
    (105, Verdict::Refused),
    (106, Verdict::Refused),
    (107, Verdict::Refused),
    (109, Verdict::Refused),
    (110, Verdict::Refused),
    (111, Verdict::Refused),
    (113, Verdict::Refused),
    (116, Verdict::Refused),
    (132, Verdict::Refused),
    (133, Verdict::Refused),
    (134, Verdict::Refused),
    (200, Verdict::Refused),
    (201, Verdict::Refused),
    (203, Verdict::Refused),
    (320, Verdict::Refused),
    (321, Verdict::Refused),
    (329, Verdict::Refused),
    (387, Verdict::Refused),
    (388, Verdict::Refused),
    (391, Verdict::Refused),
    (392, Verdict::Refused),
    (434, Verdict::Refused),
    (436, Verdict::Refused),
    (202, Verdict::Cancelled),
    // The order lives: held for a locate, its time in force set by a preset, market data by courtesy.
    (399, Verdict::Warning),
    (404, Verdict::Warning),
    (10089, Verdict::Warning),
    (10090, Verdict::Warning),
    (10091, Verdict::Warning),
    (10167, Verdict::Warning),
    (10349, Verdict::Warning),
    // Filled or gone while we changed or cancelled it, or an id nobody knows.
    (104, Verdict::LookAgain),
    (135, Verdict::LookAgain),
    (136, Verdict::LookAgain),
    (161, Verdict::LookAgain),
    (10147, Verdict::LookAgain),
    (10148, Verdict::LookAgain),
    // Too many messages: this one may not have been read.
    (100, Verdict::LookAgain),
];

/// The codes of IBKR's system notices and order warnings.
const WARNINGS: std::ops::RangeInclusive<i32> = 2100..=2199;

/// What a code means for the order it came with.
pub(super) fn verdict(code: i32) -> Verdict {
    if WARNINGS.contains(&code) {
        return Verdict::Warning;
    }
    TABLE.iter().find(|(known, _)| *known == code).map_or(Verdict::LookAgain, |(_, verdict)| *verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(codes: &[i32], expected: Verdict) {
        for code in codes {
            assert_eq!(verdict(*code), expected, "code {code}");
        }
    }

    #[test]
    fn a_refusal_kills_a_new_order_and_leaves_a_changed_one_as_it_was() {
        all(&[103, 105, 106, 107, 109, 110, 111, 113, 116, 132, 133, 134], Verdict::Refused);
        all(&[200, 201, 203, 320, 321, 329, 387, 388, 391, 392, 434, 436], Verdict::Refused);
    }

    #[test]
    fn only_202_says_that_an_order_is_cancelled() {
        let cancelled: Vec<i32> = (-10..20_000).filter(|code| verdict(*code) == Verdict::Cancelled).collect();
        assert_eq!(cancelled, [202]);
    }

    #[test]
    fn a_held_order_a_preset_and_a_capped_price_are_warnings_on_an_order_that_lives() {
        all(&[0, 399, 404, 2100, 2109, 2161, 2199, 10089, 10090, 10091, 10167, 10349], Verdict::Warning);
    }

    #[test]
    fn a_change_or_cancel_that_came_too_late_sends_us_to_the_broker_and_so_does_every_unknown_code() {
        all(&[104, 135, 136, 161, 10147, 10148, 100], Verdict::LookAgain);
        all(&[-6, 1, 2099, 2200, 463, 10318, 99_999], Verdict::LookAgain);
    }

    #[test]
    fn no_code_stands_in_the_table_twice() {
        let mut codes: Vec<i32> = TABLE.iter().map(|(code, _)| *code).collect();
        codes.sort_unstable();
        let all = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }
}
