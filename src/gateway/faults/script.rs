//! Faults from a file: a YAML list, each entry with its occasion, whom it means, and what it does. All that is wrong
//! with a file is told at once, with its place and what to write instead.

use std::io::Read;
use std::path::Path;

use super::fault::{Fault, Kin, Only, Step, Times, Unfit, When};
use super::names::{Callback, Request};
use super::sheet::{Sheet, meant};
use super::yaml::{self, problem, shown};
use crate::gateway::clock;
use crate::yaml::{Entry, Node, Value};

/// The longest fault file, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// What is wrong at a place of a fault file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultProblem {
    /// Counted from 1.
    pub line: u32,
    /// Counted from 1.
    pub column: u32,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub help: String,
}

/// Why a fault file could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum FaultFileError {
    /// There is no such file.
    #[error("there is no file {file}")]
    Missing {
        /// The file.
        file: String,
    },
    /// It is there, and cannot be read.
    #[error("cannot read {file}: {error}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// It is longer than 1 MiB.
    #[error("{file} is longer than {FILE_BYTES_MAX} bytes")]
    TooLong {
        /// The file.
        file: String,
    },
    /// Something is wrong with what it says.
    #[error("{file}: {} problems", problems.len())]
    Malformed {
        /// The file.
        file: String,
        /// All of it, in the order of the file.
        problems: Vec<FaultProblem>,
    },
}

/// Reads the faults of a file.
///
/// # Errors
/// It cannot be read, or all that is wrong with it.
pub fn load_faults(path: impl AsRef<Path>) -> Result<Vec<Fault>, FaultFileError> {
    let file = path.as_ref().display().to_string();
    // What is no plain file has no length before it is read, and may have no end.
    let read = || {
        let mut text = String::new();
        std::fs::File::open(path.as_ref())?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
        Ok::<_, std::io::Error>((text.len() as u64 <= FILE_BYTES_MAX).then_some(text))
    };
    match read() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(FaultFileError::Missing { file }),
        Err(error) => Err(FaultFileError::Unreadable { file, error }),
        Ok(None) => Err(FaultFileError::TooLong { file }),
        Ok(Some(text)) => read_faults(&text).map_err(|problems| FaultFileError::Malformed { file, problems }),
    }
}

/// Reads the faults of a text.
///
/// # Errors
/// All that is wrong with it, in its order.
pub fn read_faults(text: &str) -> Result<Vec<Fault>, Vec<FaultProblem>> {
    let mut problems = Vec::new();
    let mut faults = Vec::new();
    if let Some(root) = yaml::parse(text, &mut problems) {
        match root.value {
            Value::List(entries) => {
                faults.extend(entries.into_iter().filter_map(|entry| fault(&entry, &mut problems)));
            }
            Value::Empty | Value::Refused => {}
            Value::Plain(_) | Value::Quoted(_) | Value::Map(_) => {
                let help = "begin every fault with a `- `, like `- at: 2013-10-04T10:00:00`";
                problems.push(problem(root.place, "a fault file is a list", help));
            }
        }
    }
    if problems.is_empty() {
        return Ok(faults);
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    Err(problems)
}

/// One fault; none where something is wrong with it.
fn fault(entry: &Node, problems: &mut Vec<FaultProblem>) -> Option<Fault> {
    let before = problems.len();
    let mut sheet = Sheet::of(entry, "a fault", problems)?;
    let name = sheet.name("name").unwrap_or_default();
    let when = occasion(entry, &mut sheet);
    let only = Only {
        client: sheet.whole("client"),
        symbol: sheet.text("symbol"),
        order_type: sheet.text("order_type"),
        order_ref: sheet.text("order_ref"),
        kin: sheet.word("kin", &[("parent", Kin::Parent), ("child", Kin::Child)]),
    };
    let nth = sheet.count("nth").unwrap_or(1);
    let times = times(&mut sheet);
    let deed = match sheet.take("do") {
        Some(entry) => super::spelling::deed(&entry.value, sheet.problems),
        None => {
            let what = "the fault does nothing";
            sheet.problems.push(problem(entry.place, what, "add what it does, like `do: duplicate`"));
            None
        }
    };
    sheet.close(&[
        "name",
        "at",
        "on",
        "before",
        "after",
        "client",
        "symbol",
        "order_type",
        "order_ref",
        "kin",
        "nth",
        "times",
        "do",
    ]);
    let fault = Fault { name, when: when?, only, nth, times, deed: deed? };
    if let Some(unfit) = fault.unfit() {
        let help = match unfit {
            Unfit::OrderType { .. } => "write one of them, like `order_type: LMT`",
            Unfit::Percent { .. } => "write parts of 100 at most; what they leave over fills at the end",
            _ => "take another occasion, or leave the filter out",
        };
        problems.push(problem(entry.place, unfit.to_string(), help));
    }
    (problems.len() == before).then_some(fault)
}

fn times(sheet: &mut Sheet<'_>) -> Times {
    let Some(Entry { value, .. }) = sheet.take("times") else { return Times::Count(1) };
    match value.text() {
        Some("always") => Times::Always,
        Some(text) => match text.parse() {
            Ok(times) if times > 0 => Times::Count(times),
            _ => sheet.wrong(&value, Times::Count(1), "how often it strikes", "a number from 1, or `always`"),
        },
        None => sheet.wrong(&value, Times::Count(1), "how often it strikes", "a number from 1, or `always`"),
    }
}

/// What the fault waits for: exactly one of `at`, `on`, `before` and `after`.
fn occasion(entry: &Node, sheet: &mut Sheet<'_>) -> Option<When> {
    let given: Vec<Entry> =
        ["at", "on", "before", "after"].into_iter().filter_map(|key| sheet.take(key)).collect();
    let [Entry { key, value, .. }] = given.as_slice() else {
        let help = "write one of `at: 2013-10-04T10:00:00`, `on: place_order`, `after: place_order`, `on: fill`, \
                    `on: { callback: order_status }`, `on: start`";
        let (place, what) = match given.get(1) {
            Some(second) => (second.key_place, "a second occasion"),
            None => (entry.place, "the fault has no occasion"),
        };
        sheet.problems.push(problem(place, what, help));
        return None;
    };
    if let ("on", Value::Map(_)) = (key.as_str(), &value.value) {
        return callback(value, sheet.problems);
    }
    let Some(word) = value.text() else {
        let help = "write a word, like `on: place_order`, or `on: { callback: order_status }`";
        sheet.problems.push(problem(value.place, "an occasion is one word", help));
        return None;
    };
    let request = Request::of_word(word);
    let step = [Step::Accept, Step::Greeting, Step::Start].into_iter().find(|step| step.word() == word);
    let found = match key.as_str() {
        "at" => clock::market_time(word).map(|at| When::At(at.as_second())),
        "after" => request.map(When::After),
        "before" => request.map(When::Before),
        _ if word == "fill" => Some(When::Fill),
        _ => step.map(When::Step).or(request.map(When::Before)),
    };
    if found.is_none() {
        let (what, help) = match key.as_str() {
            "at" => {
                ("no time", "write it like 2013-10-04T10:00:00 (New York) or 2013-10-04T14:00:00Z".into())
            }
            _ => ("no request, no step of a connection and not `fill`", requests()),
        };
        let words = Request::ALL.iter().map(|one| one.word()).chain(["accept", "greeting", "start", "fill"]);
        let help = match key.as_str() {
            "at" => help,
            _ if word == "fill"
                || [Step::Accept, Step::Greeting, Step::Start].iter().any(|it| it.word() == word) =>
            {
                format!("write `on: {word}`")
            }
            _ => meant(word, words).unwrap_or(help),
        };
        sheet.problems.push(problem(value.place, format!("`{}` is {what}", shown(word)), help));
    }
    found
}

fn callback(value: &Node, problems: &mut Vec<FaultProblem>) -> Option<When> {
    let mut sheet = Sheet::of(value, "an occasion", problems)?;
    let words: Vec<(&str, Callback)> = Callback::ALL.iter().map(|one| (one.word(), *one)).collect();
    let found = sheet.word("callback", &words);
    sheet.close(&["callback"]);
    found.map(When::Callback)
}

fn requests() -> String {
    let words: Vec<&str> = Request::ALL.iter().map(|one| one.word()).collect();
    format!("one of accept, greeting, start, fill, {}", words.join(", "))
}
