//! One value at a time: the text of a scalar → a number, a word, a moment; or why it is none.

use std::ops::Range;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use crate::domain::ids::Stamp;
use crate::domain::money::{Price, Qty, SHARES_MAX, at_least_cents};
use crate::domain::plan::Param;

use super::code;
use super::source::{Remark, shown};
use crate::yaml::{Node, Value};

/// Decimals of a price.
const PRICE_DECIMALS_MAX: u32 = 4;
/// Decimals of a rule's parameter.
const PARAM_DECIMALS_MAX: u32 = 8;
/// Digits of any number: far inside of what an exact decimal holds.
const NUMBER_CHARS_MAX: usize = 24;
/// Characters of a rule's text parameter, as many as a rule may hold.
const PARAM_CHARS_MAX: usize = 256;
/// Characters of the trader's notes.
const NOTES_CHARS_MAX: usize = 4_000;
/// The zone in which a date without a time begins and ends.
const EXCHANGE_ZONE: &str = "America/New_York";

/// Which end of a day a date means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DayEdge {
    Start,
    End,
}

/// The text of a scalar, quoted or not. `wanted` says what the field holds: `a number`.
pub(super) fn text<'t>(node: &'t Node, wanted: &str) -> Result<&'t str, Remark> {
    match &node.value {
        Value::Plain(text) | Value::Quoted(text) => Ok(text),
        Value::List(_) => Err(wrong_type(node, wanted, "a list")),
        Value::Map(_) => Err(wrong_type(node, wanted, "a mapping")),
        Value::Empty | Value::Refused => Err(wrong_type(node, wanted, "nothing")),
    }
}

/// A price: above zero, at most four decimals.
pub(super) fn price(node: &Node) -> Result<Price, Remark> {
    let raw = number(node, PRICE_DECIMALS_MAX)?;
    Price::new(raw).map_err(|error| {
        Remark::error(code::RANGE, node.span.clone(), error.to_string())
            .help("write the price of one share, such as 180.50")
    })
}

/// A whole number of shares, at least one.
pub(super) fn shares(node: &Node) -> Result<Qty, Remark> {
    Ok(Qty::new(whole(node, SHARES_MAX)?))
}

/// A whole number from 1 to `max`.
pub(super) fn whole(node: &Node, max: u64) -> Result<u64, Remark> {
    let raw = number(node, 0)?;
    let fitting = u64::try_from(raw).ok().filter(|n| (1..=max).contains(n));
    fitting.ok_or_else(|| {
        Remark::error(code::RANGE, node.span.clone(), format!("{raw} is not between 1 and {max}"))
            .help("write a whole number")
    })
}

/// `true` or `false`, and none of YAML's other spellings.
pub(super) fn flag(node: &Node) -> Result<bool, Remark> {
    let word = text(node, "true or false")?;
    match word {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Remark::error(
            code::WORD,
            node.span.clone(),
            format!("`{}` is neither true nor false", shown(word)),
        )
        .help("write `true` or `false`")),
    }
}

/// One of `known` words, as `parse` takes them.
pub(super) fn word<T>(
    node: &Node,
    code: &'static str,
    what: &str,
    known: &[&str],
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, Remark> {
    let word = text(node, "one word")?;
    parse(word).ok_or_else(|| {
        Remark::error(code, node.span.clone(), format!("`{}` is no {what}", shown(word)))
            .help(suggestion(word, known))
    })
}

/// A text of a trader's own.
pub(super) fn notes(node: &Node) -> Result<String, Remark> {
    limited(node, text(node, "a text")?, NOTES_CHARS_MAX)
}

/// A rule's parameter. A number in quotes is a number; what could be a number or a truth value to one reader and a
/// text to another is refused.
pub(super) fn param(node: &Node) -> Result<Param, Remark> {
    let word = text(node, "a number, a text, true or false")?;
    let plain = matches!(node.value, Value::Plain(_));
    match word {
        "true" if plain => return Ok(Param::Flag(true)),
        "false" if plain => return Ok(Param::Flag(false)),
        _ => {}
    }
    if strict(word).is_some() || (plain && numeric(word)) {
        return number(node, PARAM_DECIMALS_MAX).map(Param::Number);
    }
    if plain && TRUTHS.contains(&word.to_ascii_lowercase().as_str()) {
        let message = format!("`{}` means different things to different readers of YAML", shown(word));
        return Err(Remark::error(code::WORD, node.span.clone(), message)
            .help(format!("write `true` or `false`, or `\"{}\"` for the text", shown(word))));
    }
    limited(node, word, PARAM_CHARS_MAX).map(Param::Text)
}

/// A moment: RFC 3339, or a date, which means that edge of the day where the exchange is.
pub(super) fn moment(node: &Node, edge: DayEdge) -> Result<Stamp, Remark> {
    let written = text(node, "a moment or a date")?;
    let at = match written.parse::<Date>() {
        Ok(date) if written.len() == 10 => day_edge(date, edge),
        _ => written.parse::<Timestamp>().ok(),
    };
    at.map(Stamp::new).ok_or_else(|| {
        let message = format!("`{}` is neither a moment nor a date", shown(written));
        let help =
            "write 2025-08-15T16:00:00-04:00 (with its offset), or 2025-08-15 for that day in New York";
        Remark::error(code::MOMENT, node.span.clone(), message).help(help)
    })
}

fn day_edge(date: Date, edge: DayEdge) -> Option<Timestamp> {
    let zone = TimeZone::get(EXCHANGE_ZONE).ok()?;
    let start = |day: Date| Some(day.to_zoned(zone.clone()).ok()?.timestamp());
    match edge {
        DayEdge::Start => start(date),
        DayEdge::End => start(date.tomorrow().ok()?)?.checked_sub(SignedDuration::from_millis(1)).ok(),
    }
}

fn limited(node: &Node, text: &str, chars_max: usize) -> Result<String, Remark> {
    if text.chars().count() > chars_max {
        let message = format!("the text is longer than {chars_max} characters");
        return Err(Remark::error(code::TEXT, node.span.clone(), message).help("make it shorter"));
    }
    Ok(text.to_owned())
}

/// Words some readers of YAML take for a truth value or for nothing.
const TRUTHS: [&str; 10] = ["yes", "no", "on", "off", "y", "n", "true", "false", "null", "~"];

/// A decimal written the one way every reader understands alike, with at most `decimals_max` decimals.
fn number(node: &Node, decimals_max: u32) -> Result<Decimal, Remark> {
    let written = text(node, "a number")?;
    let Some(number) = strict(written) else {
        let (why, help) = why_no_number(written);
        let message = format!("`{}` {why}", shown(written));
        return Err(Remark::error(code::NUMBER, node.span.clone(), message).help(help));
    };
    if number.normalize().scale() > decimals_max {
        let (message, help) = match decimals_max {
            0 => (format!("{number} is not a whole number"), "write it without decimals".to_owned()),
            _ => (
                format!("{number} has more than {decimals_max} decimals"),
                format!("write {}", at_least_cents(number.round_dp(decimals_max))),
            ),
        };
        return Err(Remark::error(code::DECIMALS, node.span.clone(), message).help(help));
    }
    Ok(number)
}

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?`, not longer than [`NUMBER_CHARS_MAX`].
fn strict(written: &str) -> Option<Decimal> {
    let digits = written.strip_prefix('-').unwrap_or(written);
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let plain = written.len() <= NUMBER_CHARS_MAX
        && all_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(all_digits);
    if plain { Decimal::from_str_exact(written).ok() } else { None }
}

/// Whether somebody wanted a number here, however it is written.
fn numeric(written: &str) -> bool {
    let core = written.trim_start_matches(['+', '-', '.', '$', '€']);
    core.starts_with(|c: char| c.is_ascii_digit()) && !core.contains([' ', ':'])
        || matches!(core.to_ascii_lowercase().as_str(), "nan" | "inf" | "infinity")
}

/// Why the text is no plain decimal, and what to write instead.
fn why_no_number(written: &str) -> (&'static str, String) {
    let lower = written.to_ascii_lowercase();
    let digits = lower.trim_start_matches(['+', '-']);
    let has_digit = digits.contains(|c: char| c.is_ascii_digit());
    let cleaned: String = lower.chars().filter(|c| !matches!(c, '_' | '$' | '€' | '%' | '+' | ' ')).collect();
    let bare = cleaned.trim_start_matches('0');
    let bare = if bare.starts_with('.') || bare.is_empty() { format!("0{bare}") } else { bare.to_owned() };
    let bare = bare.trim_end_matches('.');
    let instead = match strict(bare) {
        Some(number) if has_digit => format!("write {number}"),
        _ => "write a plain decimal, such as 180.50".to_owned(),
    };
    let why = match digits {
        "nan" | ".nan" | "inf" | ".inf" | "infinity" => "is not finite",
        word if TRUTHS.contains(&word) => "is a word, not a number",
        _ if !has_digit => "is not a number",
        radix if radix.starts_with("0x") || radix.starts_with("0o") || radix.starts_with("0b") => {
            return ("is not decimal", "write a plain decimal, such as 180.50".to_owned());
        }
        _ if lower.contains('_') => "has an underscore, which some readers skip and some do not",
        _ if lower.contains(',') => {
            return (
                "has a comma",
                "write decimals behind a point, and nothing between thousands".to_owned(),
            );
        }
        _ if lower.contains('%') => "has a percent sign",
        _ if lower.contains(['$', '€']) => "has a currency sign",
        _ if lower.starts_with('+') => "has a plus sign",
        zero if zero.len() > 1 && zero.starts_with('0') && zero.as_bytes()[1].is_ascii_digit() => {
            "begins with a zero, which makes it octal to some readers"
        }
        _ if digits.starts_with('.') || digits.ends_with('.') => "has no digit on one side of its point",
        _ if strict_exponent(digits) => {
            return ("is in powers of ten", "write all its digits".to_owned());
        }
        _ if written.len() > NUMBER_CHARS_MAX => "has too many digits",
        _ => "is not a number",
    };
    (why, instead)
}

fn strict_exponent(digits: &str) -> bool {
    digits.split_once('e').is_some_and(|(mantissa, power)| {
        strict(mantissa).is_some() && power.trim_start_matches(['+', '-']).bytes().all(|b| b.is_ascii_digit())
    })
}

fn wrong_type(node: &Node, wanted: &str, found: &str) -> Remark {
    Remark::error(
        code::WRONG_TYPE,
        node.span.clone(),
        format!("{wanted} was expected here, and this is {found}"),
    )
    .help(format!("write {wanted} behind the colon"))
}

/// `did you mean …?`, where a known word is near, and all that are known.
pub(super) fn suggestion(word: &str, known: &[&str]) -> String {
    let list = known.join(", ");
    match nearest(word, known) {
        Some(near) => format!("did you mean `{near}`? Known are: {list}"),
        None => format!("known are: {list}"),
    }
}

/// The known word that differs from `word` in case, hyphens or a few letters only.
pub(super) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word: String = word.to_ascii_lowercase().replace(['-', ' '], "_").chars().take(64).collect();
    let distance = |known: &str| strsim::osa_distance(&word, &known.to_ascii_lowercase());
    let near = known.iter().copied().min_by_key(|known| distance(known))?;
    (distance(near) <= (near.len().max(word.chars().count()) / 3).max(1)).then_some(near)
}

/// Where a problem with a node that may cover several lines is marked.
pub(super) fn mark(node: &Node, name: &Range<usize>) -> Range<usize> {
    match node.value {
        Value::Plain(_) | Value::Quoted(_) if !node.span.is_empty() => node.span.clone(),
        _ => name.clone(),
    }
}
