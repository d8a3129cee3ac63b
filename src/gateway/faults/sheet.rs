//! A mapping of a fault file, taken apart key by key; what is left over at the end is told.

use std::time::Duration;

use rust_decimal::Decimal;

use super::script::FaultProblem;
use super::yaml::{problem, shown};
use crate::yaml::{Entry, Node, Value};

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
                problems.push(problem(node.place, what, "look at the examples in the README"));
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
        let wanted = one_of(words);
        self.read(key, &wanted, |text| words.iter().find(|(word, _)| *word == text).map(|(_, found)| *found))
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
    let near = |word: &&str| strsim::jaro_winkler(name, word);
    let nearest = known.max_by(|a, b| near(a).total_cmp(&near(b)))?;
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
