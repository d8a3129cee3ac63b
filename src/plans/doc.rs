//! One plan file: bytes in, checked plans with the place of every field out, and all problems at once.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::domain::plan::{Plan, Problem, Severity};

use super::code;
use super::form;
use super::source::{Place, Remark, Source, Text, shown, whole_file};
use super::value;
use super::yaml;
use crate::yaml::{Node, Value};

/// Bytes of one plan file.
pub const PLAN_BYTES_MAX: u64 = 64 * 1024;
/// Problems of one file that are told.
const PROBLEMS_MAX: usize = 100;

/// A plan, and where each of its fields was written.
#[derive(Debug, Clone)]
pub struct SourcedPlan {
    /// The plan.
    pub plan: Plan,
    /// Its file and places.
    pub source: Source,
}

/// What one file says.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// Its plans without an error, in the order of the file. Where the text itself is doubtful (a duplicate key, an
    /// alias, bad YAML), none is.
    pub plans: Vec<SourcedPlan>,
    /// All that is wrong with it, in the order of the text.
    pub problems: Vec<Problem>,
}

impl Document {
    /// Whether nothing in it is refused; warnings and notes there may be.
    pub fn is_good(&self) -> bool {
        self.problems.iter().all(|problem| problem.severity != Severity::Error)
    }
}

/// Reads the bytes of one plan file: one plan, or a list of them. `file` is its name as people know it.
pub fn read(file: &str, bytes: &[u8]) -> Document {
    let refused = |problem| Document { plans: Vec::new(), problems: vec![problem] };
    if bytes.len() as u64 > PLAN_BYTES_MAX {
        return refused(too_large(file, bytes.len() as u64));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => return refused(not_utf8(file, bytes, error.valid_up_to())),
    };
    let text = Arc::new(Text { file: file.to_owned(), text: text.to_owned() });
    let mut remarks = Vec::new();
    let root = yaml::parse(&text.text, &mut remarks);
    let doubtful = !remarks.is_empty();
    let mut plans = root.map(|root| read_root(&text, &root, &mut remarks)).unwrap_or_default();
    if doubtful {
        plans.clear();
    }
    Document { plans, problems: told(&text, remarks) }
}

/// Why a file of `size` bytes is not read.
pub(super) fn too_large(file: &str, size: u64) -> Problem {
    let message = format!("the file has {size} bytes, and {PLAN_BYTES_MAX} is the most");
    whole_file(file, code::TOO_LARGE, Severity::Error, message, "spread the plans over several files")
}

fn not_utf8(file: &str, bytes: &[u8], valid: usize) -> Problem {
    let help = "save the file with the encoding UTF-8";
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let message = "the file is not UTF-8 text; it looks like UTF-16";
        return whole_file(file, code::NOT_UTF8, Severity::Error, message, help);
    }
    // The valid beginning is the same in both, so the place is too.
    let text = Text { file: file.to_owned(), text: String::from_utf8_lossy(bytes).into_owned() };
    let at = valid..valid + char::REPLACEMENT_CHARACTER.len_utf8();
    text.problem(&Remark::error(code::NOT_UTF8, at, "here is a byte that is not UTF-8 text").help(help))
}

/// The remarks as problems, in the order of the text, not more than people can read.
fn told(text: &Text, mut remarks: Vec<Remark>) -> Vec<Problem> {
    remarks.sort_by_key(|remark| remark.at.start);
    let more = remarks.len().saturating_sub(PROBLEMS_MAX);
    // Errors are told first where not all can be, so that a file with one is never taken for a good one.
    if more > 0 {
        remarks.sort_by_key(|remark| std::cmp::Reverse(remark.severity));
        remarks.truncate(PROBLEMS_MAX);
    }
    let mut problems: Vec<Problem> = remarks.iter().map(|remark| text.problem(remark)).collect();
    if more > 0 {
        let message = format!("the file has {more} more problems");
        let help = "mend those that are told, and look again";
        problems.push(whole_file(&text.file, code::MANY_PROBLEMS, Severity::Note, message, help));
    }
    problems
}

fn read_root(text: &Arc<Text>, root: &Node, remarks: &mut Vec<Remark>) -> Vec<SourcedPlan> {
    let items = match &root.value {
        Value::List(items) if !items.is_empty() => items.as_slice(),
        Value::Map(_) => std::slice::from_ref(root),
        Value::Empty | Value::List(_) => {
            let help = "write a plan, or delete the file to retire its plans";
            remarks.push(Remark::error(code::EMPTY, 0..0, "the file holds no plan").help(help));
            return Vec::new();
        }
        Value::Refused => return Vec::new(),
        Value::Plain(_) | Value::Quoted(_) => {
            let help = "begin with `plan_id: …`, or with `- plan_id: …` for a list of plans";
            let message = "a plan is a mapping of fields, and this is a text";
            remarks.push(Remark::error(code::WRONG_TYPE, root.span.clone(), message).help(help));
            return Vec::new();
        }
    };
    let mut plans: Vec<SourcedPlan> = Vec::new();
    let mut names: BTreeMap<&str, Range<usize>> = BTreeMap::new();
    for item in items {
        let before = remarks.len();
        let plan = form::read(item, head(item), remarks);
        if let Some((name, at)) = written_id(item) {
            match names.get(name) {
                Some(first) => remarks.push(same_id(name, at, first.clone())),
                None => drop(names.insert(name, at)),
            }
        }
        let refused = remarks[before..].iter().any(|remark| remark.severity == Severity::Error);
        if let Some(plan) = plan.filter(|_| !refused) {
            plans.push(SourcedPlan { plan, source: Source::new(text.clone(), places(item)) });
        }
    }
    plans
}

fn written_id(item: &Node) -> Option<(&str, Range<usize>)> {
    let Value::Map(entries) = &item.value else { return None };
    let entry = entries.iter().find(|entry| entry.key == "plan_id")?;
    match &entry.value.value {
        Value::Plain(name) | Value::Quoted(name) => Some((name, entry.value.span.clone())),
        _ => None,
    }
}

fn same_id(name: &str, at: Range<usize>, first: Range<usize>) -> Remark {
    Remark::error(code::DUPLICATE_PLAN, at, format!("a second plan is called {}", shown(name)))
        .label("this one is refused")
        .also(first, "the first one")
        .help("give every plan a plan_id of its own")
}

/// The place of every field under `plan`, by its path.
fn places(plan: &Node) -> BTreeMap<String, Place> {
    let head = head(plan);
    let mut found = BTreeMap::from([(String::new(), Place { name: head.clone(), mark: head })]);
    place_children(plan, "", &mut found);
    found
}

fn place_children(node: &Node, path: &str, found: &mut BTreeMap<String, Place>) {
    let mut put = |path: String, name: Range<usize>, child: &Node| {
        let mark = value::mark(child, &name);
        found.insert(path.clone(), Place { name, mark });
        place_children(child, &path, found);
    };
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
                put(path, entry.key_span.clone(), &entry.value);
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                put(format!("{path}[{index}]"), item.span.clone(), item);
            }
        }
        _ => {}
    }
}

/// What is marked where a whole plan is meant: its id, or else its first key.
fn head(plan: &Node) -> Range<usize> {
    match (written_id(plan), &plan.value) {
        (Some((_, at)), _) => at,
        (None, Value::Map(entries)) => {
            entries.first().map_or(plan.span.clone(), |first| first.key_span.clone())
        }
        (None, _) => plan.span.clone(),
    }
}
