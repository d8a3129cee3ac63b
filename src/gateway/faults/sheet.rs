//! A mapping of a fault file, taken apart key by key; what is left over at the end is told.

use std::time::Duration;

use rust_decimal::Decimal;

use super::script::FaultProblem;
use super::yaml::{problem, shown};
use crate::yaml::{Entry, Node, Value};

/// Where a fault of each kind is written out.
const EXAMPLES: &str = "`prusik gateway --example-faults` prints one of each kind";
/// IBKR's words for requests and callbacks, and others that are easily taken for ours.
const OTHERS: [(&str, &str); 36] = [
    ("placeOrder", "place_order"),
    ("new_order", "place_order"),
    ("change_order", "modify_order"),
    ("modifyOrder", "modify_order"),
    ("amend_order", "modify_order"),
    ("cancelOrder", "cancel_order"),
    ("reqGlobalCancel", "global_cancel"),
    ("reqOpenOrders", "open_orders"),
    ("reqAllOpenOrders", "all_open_orders"),
    ("reqAutoOpenOrders", "auto_open_orders"),
    ("reqCompletedOrders", "completed_orders"),
    ("reqExecutions", "executions"),
    ("reqPositions", "positions"),
    ("reqAccountSummary", "account_summary"),
    ("reqAccountUpdates", "account_data"),
    ("reqContractDetails", "contract_data"),
    ("reqMarketRule", "market_rule"),
    ("reqHistoricalData", "historical_data"),
    ("reqHeadTimeStamp", "head_timestamp"),
    ("reqRealTimeBars", "real_time_bars"),
    ("reqMktData", "market_data"),
    ("reqTickByTickData", "tick_by_tick"),
    ("reqMarketDataType", "market_data_type"),
    ("reqIds", "ids"),
    ("reqManagedAccts", "managed_accounts"),
    ("reqCurrentTime", "current_time"),
    ("orderStatus", "order_status"),
    ("openOrder", "open_order"),
    ("execDetails", "execution"),
    ("commissionReport", "commission"),
    ("commissionAndFeesReport", "commission"),
    ("nextValidId", "next_valid_id"),
    ("realtimeBar", "real_time_bar"),
    ("updateAccountValue", "account_value"),
    ("updatePortfolio", "portfolio_value"),
    ("contractDetails", "contract_data"),
];

/// The longest wall time that something may last, in seconds: a day.
const WALL_SECONDS_MAX: f64 = 86_400.0;

/// The longest name of a fault: every strike is told with it.
const NAME_LETTERS_MAX: usize = 100;

/// A mapping that is being read.
pub(super) struct Sheet<'p> {
    entries: Vec<Entry>,
    pub(super) problems: &'p mut Vec<FaultProblem>,
}

impl<'p> Sheet<'p> {
    /// The entries of a mapping; `what` names it where it is none.
    pub(super) fn of(node: &Node, what: &str, problems: &'p mut Vec<FaultProblem>) -> Option<Sheet<'p>> {
        match &node.value {
            Value::Map(entries) => Some(Sheet { entries: entries.clone(), problems }),
            Value::Refused => None,
            Value::Empty | Value::Plain(_) | Value::Quoted(_) | Value::List(_) => {
                let what = format!("{what} is written as `name: value` lines, or as {{ name: value }}");
                problems.push(problem(node.place, what, EXAMPLES));
                None
            }
        }
    }

    /// Takes an entry out.
    pub(super) fn take(&mut self, key: &str) -> Option<Entry> {
        let place = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.swap_remove(place))
    }

    /// Tells a value that is none, and goes on with another.
    pub(super) fn wrong<T>(&mut self, value: &Node, instead: T, what: &str, wanted: &str) -> T {
        let is = value.text().map_or_else(|| "this".to_owned(), |text| format!("`{}`", shown(text)));
        self.problems.push(problem(value.place, format!("{is} is not {what}"), format!("write {wanted}")));
        instead
    }

    fn read<T>(&mut self, key: &str, wanted: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = self.take(key)?.value;
        let found = value.text().and_then(&read);
        if found.is_none() {
            self.wrong(&value, (), &format!("a value of `{key}`"), wanted);
        }
        found
    }

    /// A text as it stands.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.read(key, "a text", |text| Some(text.to_owned()))
    }

    /// A text that may be told over and over.
    pub(super) fn name(&mut self, key: &str) -> Option<String> {
        let wanted = format!("a name of at most {NAME_LETTERS_MAX} letters, in one line");
        self.read(key, &wanted, |text| {
            let fits = text.chars().count() <= NAME_LETTERS_MAX && !text.chars().any(char::is_control);
            fits.then(|| text.to_owned())
        })
    }

    /// A whole number.
    pub(super) fn whole(&mut self, key: &str) -> Option<i32> {
        self.read(key, "a whole number", |text| text.parse().ok())
    }

    /// A whole number of shares or the like.
    pub(super) fn shares(&mut self, key: &str) -> Option<i64> {
        self.read(key, "a whole number", |text| {
            text.parse().ok().filter(|n: &i64| n.unsigned_abs() <= 1_000_000_000)
        })
    }

    /// A number from 1.
    pub(super) fn count(&mut self, key: &str) -> Option<u32> {
        self.read(key, "a number from 1", |text| text.parse().ok().filter(|count| *count > 0))
    }

    /// A price in dollars.
    pub(super) fn price(&mut self, key: &str) -> Option<Decimal> {
        self.read(key, "a price in dollars, like 167.50", |text| {
            Decimal::from_str_exact(text).ok().filter(|price| *price > Decimal::ZERO)
        })
    }

    /// Seconds of the market; `extra` is the word that means no end.
    pub(super) fn market_seconds(&mut self, key: &str, extra: &str) -> Option<Option<i64>> {
        let wanted = format!("market seconds, like 60 or 5m, or `{extra}`");
        self.read(key, &wanted, |text| if text == extra { Some(None) } else { seconds(text).map(Some) })
    }

    /// A time by the wall's clock; `released` means no end.
    pub(super) fn wall(&mut self, key: &str) -> Option<Option<Duration>> {
        self.read(key, "wall seconds, like 0.5 or 20, or `released`", |text| {
            if text == "released" {
                return Some(None);
            }
            let seconds: f64 = text.strip_suffix('s').unwrap_or(text).parse().ok()?;
            (0.0..=WALL_SECONDS_MAX).contains(&seconds).then(|| Some(Duration::from_secs_f64(seconds)))
        })
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&mut self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let value = self.take(key)?.value;
        let text = value.text();
        let found = words.iter().find(|(word, _)| Some(*word) == text).map(|(_, found)| *found);
        if found.is_none() {
            let help = text.and_then(|text| meant(text, words.iter().map(|(word, _)| *word)));
            let is = text.map_or_else(|| "this".to_owned(), |text| format!("`{}`", shown(text)));
            let help = help.unwrap_or_else(|| format!("write {}", one_of(words)));
            self.problems.push(problem(value.place, format!("{is} is not a value of `{key}`"), help));
        }
        found
    }

    /// Tells what has to be there and is not.
    pub(super) fn needs<T>(&mut self, at: &Node, key: &str, found: Option<T>, example: &str) -> Option<T> {
        if found.is_none() {
            let help = format!("add `{key}: {example}`");
            self.problems.push(problem(at.place, format!("`{key}` is missing"), help));
        }
        found
    }

    /// Tells every entry that nobody took, and which there could have been.
    pub(super) fn close(self, known: &[&str]) {
        for Entry { key: name, key_place, .. } in &self.entries {
            let help = meant(name, known.iter().copied())
                .unwrap_or_else(|| format!("the keys here are {}", known.join(", ")));
            self.problems.push(problem(*key_place, format!("unknown key `{}`", shown(name)), help));
        }
    }
}

/// The word that was probably meant, as a question.
pub(super) fn meant<'w>(name: &str, known: impl Iterator<Item = &'w str>) -> Option<String> {
    let known: Vec<&str> = known.collect();
    let other = OTHERS.iter().find(|(other, own)| other.eq_ignore_ascii_case(name) && known.contains(own));
    if let Some((_, own)) = other {
        return Some(format!("did you mean `{own}`?"));
    }
    let near = |word: &&str| strsim::jaro_winkler(name, word);
    let nearest = known.into_iter().max_by(|a, b| near(a).total_cmp(&near(b)))?;
    (near(&nearest) > 0.8).then(|| format!("did you mean `{nearest}`?"))
}

/// Some words, for a help text.
pub(super) fn one_of<T>(words: &[(&str, T)]) -> String {
    let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    format!("one of {}", words.join(", "))
}

/// `90`, `90s`, `5m` or `2h`, as seconds of the market, at most 30 days.
fn seconds(text: &str) -> Option<i64> {
    let (number, unit) = match text.char_indices().last()? {
        (end, 's') => (&text[..end], 1),
        (end, 'm') => (&text[..end], 60),
        (end, 'h') => (&text[..end], 3_600),
        _ => (text, 1),
    };
    let number: i64 = number.trim().parse().ok()?;
    number.checked_mul(unit).filter(|seconds| (0..=30 * 86_400).contains(seconds))
}
