//! The rules at hand: those in the binary, and the files of a folder over them. A file that does not compile leaves the
//! last version that did.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::domain::plan::{Problem, Severity};

use super::fault::Fault;
use super::rule::{Fingerprint, Rule, fingerprint};
use super::sandbox::SOURCE_BYTES_MAX;
use super::thread::{RuleThread, is_direction_mark};

/// The rules in the binary.
const BUILT_IN: [(&str, &str); 4] = [
    ("close_above", include_str!("../../scripts/close_above.rhai")),
    ("close_below", include_str!("../../scripts/close_below.rhai")),
    ("stop_loss_take_profit", include_str!("../../scripts/stop_loss_take_profit.rhai")),
    ("trailing_stop", include_str!("../../scripts/trailing_stop.rhai")),
];
/// Characters of a rule's name.
const NAME_BYTES_MAX: usize = 64;

/// Every rule by its name.
pub(super) struct Shelf {
    built_in: BTreeMap<String, Arc<Rule>>,
    files: BTreeMap<String, Shelved>,
}

/// A rule of the folder.
struct Shelved {
    /// The bytes that were read last, good or not; `None` where they could not be read.
    seen: Option<Fingerprint>,
    /// The last version that compiled.
    good: Option<Arc<Rule>>,
    /// What is wrong with what was read last.
    problem: Option<Problem>,
    /// Whether the file is still in the folder.
    presence: Presence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    There,
    Gone,
}

/// Why a plan can't use a rule of some name.
pub(super) enum Absent<'s> {
    /// There is none.
    Unknown,
    /// Its file does not compile, and never has.
    Broken(&'s Problem),
}

impl Shelf {
    /// The rules in the binary. An error is a fault of ours and names the rule.
    pub(super) fn built_in(thread: &RuleThread) -> Result<Shelf, (&'static str, Fault)> {
        let mut built_in = BTreeMap::new();
        for (name, source) in BUILT_IN {
            let file = format!("{name}.rhai (built in)");
            let rule = Rule::read(thread, name, &file, source).map_err(|fault| (name, fault))?;
            built_in.insert(name.to_owned(), Arc::new(rule));
        }
        Ok(Shelf { built_in, files: BTreeMap::new() })
    }

    /// The rule that a plan which is checked now would use.
    pub(super) fn offer(&self, name: &str) -> Result<&Arc<Rule>, Absent<'_>> {
        match self.files.get(name) {
            Some(Shelved { presence: Presence::There, good: Some(rule), .. }) => Ok(rule),
            Some(Shelved { presence: Presence::There, problem: Some(problem), .. }) => {
                Err(Absent::Broken(problem))
            }
            _ => self.built_in.get(name).ok_or(Absent::Unknown),
        }
    }

    /// The rule of a plan that runs. A rule whose file was deleted goes on until the program ends.
    pub(super) fn running(&self, name: &str) -> Option<&Arc<Rule>> {
        let deleted = || self.files.get(name).and_then(|shelved| shelved.good.as_ref());
        match self.offer(name) {
            Ok(rule) => Some(rule),
            Err(Absent::Unknown) => deleted(),
            Err(Absent::Broken(_)) => None,
        }
    }

    /// Every name a plan may use.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let there = self.files.iter().filter(|(_, shelved)| shelved.presence == Presence::There);
        self.built_in.keys().chain(there.map(|(name, _)| name)).map(String::as_str)
    }

    /// Reads the folder again and tells everything that is wrong with it now.
    pub(super) fn refresh(&mut self, thread: &RuleThread, folder: &Path) -> Vec<Problem> {
        let (found, mut problems) = match rule_files(folder) {
            Ok(listed) => listed,
            // A folder that can't be listed says nothing of its files: they stay as they are.
            Err(error) => return vec![unreadable(folder, &error, "make the folder readable")],
        };
        for (name, path) in &found {
            self.read(thread, name, path);
        }
        for (name, shelved) in &mut self.files {
            if !found.contains_key(name) && shelved.presence == Presence::There {
                shelved.presence = Presence::Gone;
                shelved.seen = None;
                problems.push(gone(folder, name));
            }
        }
        let there = self.files.values().filter(|shelved| shelved.presence == Presence::There);
        problems.extend(there.filter_map(|shelved| shelved.problem.clone()));
        problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        problems
    }

    fn read(&mut self, thread: &RuleThread, name: &str, path: &Path) {
        let new = || Shelved { seen: None, good: None, problem: None, presence: Presence::There };
        let shelved = self.files.entry(name.to_owned()).or_insert_with(new);
        shelved.presence = Presence::There;
        let bytes = match bytes_of(path) {
            Ok(bytes) => bytes,
            Err(problem) => {
                shelved.seen = None;
                shelved.problem = Some(told(*problem, shelved.good.is_some()));
                return;
            }
        };
        let seen = fingerprint(&bytes);
        if shelved.seen == Some(seen) {
            return;
        }
        shelved.seen = Some(seen);
        let file = path.display().to_string();
        match compiled(thread, name, &file, &bytes) {
            Ok(rule) => {
                shelved.good = Some(Arc::new(rule));
                shelved.problem = None;
            }
            Err(problem) => shelved.problem = Some(told(*problem, shelved.good.is_some())),
        }
    }
}

type Listed = (BTreeMap<String, PathBuf>, Vec<Problem>);

/// The rule files of `folder` by name. Other files and folders are none of ours; a folder that is not there is empty.
fn rule_files(folder: &Path) -> io::Result<Listed> {
    let (mut found, mut problems) = (BTreeMap::new(), Vec::new());
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((found, problems)),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(name) = file_name.strip_suffix(".rhai") else { continue };
        // Editors park their locks and drafts under a leading dot.
        if name.starts_with('.') || name.is_empty() {
            continue;
        }
        if is_rule_name(name) {
            found.insert(name.to_owned(), path);
        } else {
            let help = "name it with lower case letters, digits, - and _, at most 64 characters";
            problems.push(problem("R102", &path, format!("`{file_name}` is no name for a rule"), Some(help)));
        }
    }
    Ok((found, problems))
}

/// Whether a plan can name such a rule: `^[a-z0-9_-]{1,64}$`.
fn is_rule_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(fits)
}

/// The content of a rule's file. Refuses what is no plain file, too large, or open to everybody's pen.
fn bytes_of(path: &Path) -> Result<Vec<u8>, Box<Problem>> {
    let cannot = |error: io::Error| Box::new(unreadable(path, &error, "make the file readable"));
    let meta = fs::symlink_metadata(path).map_err(cannot)?;
    if !meta.is_file() {
        let what = if meta.is_symlink() { "a link" } else { "no plain file" };
        let help = "put the file itself into the folder";
        return Err(problem("R102", path, format!("this rule is {what}"), Some(help)).into());
    }
    if everybody_writes(&meta) {
        let message = "everybody on this machine may write this rule".into();
        return Err(problem("R102", path, message, Some("take the permission away: chmod o-w")).into());
    }
    let mut bytes = Vec::new();
    let limit = SOURCE_BYTES_MAX as u64 + 1;
    File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(cannot)?;
    if bytes.len() > SOURCE_BYTES_MAX {
        let help = "split it into several rules";
        let message = format!("the rule is larger than {} KiB", SOURCE_BYTES_MAX / 1024);
        return Err(problem("R103", path, message, Some(help)).into());
    }
    Ok(bytes)
}

#[cfg(unix)]
fn everybody_writes(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    meta.mode() & 0o002 != 0
}

#[cfg(not(unix))]
fn everybody_writes(_: &fs::Metadata) -> bool {
    false
}

fn compiled(thread: &RuleThread, name: &str, file: &str, bytes: &[u8]) -> Result<Rule, Box<Problem>> {
    let path = Path::new(file);
    let source = std::str::from_utf8(bytes).map_err(|_| {
        problem("R103", path, "the rule is not UTF-8 text".into(), Some("save it with the encoding UTF-8"))
    })?;
    if source.contains(is_direction_mark) {
        let message = "the rule has invisible characters that change the direction of text".into();
        let help = "such text reads otherwise than it runs; remove them";
        return Err(problem("R103", path, message, Some(help)).into());
    }
    Rule::read(thread, name, file, source).map_err(|fault| shown(file, source, fault).into())
}

fn problem(code: &'static str, path: &Path, message: String, help: Option<&str>) -> Problem {
    let file = path.display().to_string();
    let rendered = render(code, &message, help, None);
    let help = help.map(str::to_owned);
    Problem { code, severity: Severity::Error, file, line: 0, column: 0, message, help, rendered }
}

fn unreadable(path: &Path, error: &io::Error, help: &str) -> Problem {
    problem("R101", path, format!("cannot read {}: {error}", path.display()), Some(help))
}

/// Nobody here knows who uses the rule, so this is a warning, and it is told once.
fn gone(folder: &Path, name: &str) -> Problem {
    let message = format!("the file of the rule `{name}` is gone");
    let help = "plans that run it keep its last version until prusik stops; new ones can't use it";
    let path = folder.join(format!("{name}.rhai"));
    Problem { severity: Severity::Warning, ..problem("R105", &path, message, Some(help)) }
}

/// Says that the last good version stays.
fn told(problem: Problem, good: bool) -> Problem {
    if !good {
        return problem;
    }
    let stays = "the last good version stays in use";
    let help = problem.help.map_or_else(|| stays.to_owned(), |help| format!("{help}; {stays}"));
    let rendered = if problem.rendered.is_empty() {
        String::new()
    } else {
        format!("{}\n  = note: {stays}", problem.rendered)
    };
    Problem { help: Some(help), rendered, ..problem }
}

fn shown(file: &str, source: &str, fault: Fault) -> Problem {
    let Fault { message, help, at } = fault;
    let (line, column) = at.unwrap_or((0, 0));
    let place = at.map(|(line, column)| (file, source, span(source, line, column)));
    let rendered = render("R104", &message, help.as_deref(), place);
    let severity = Severity::Error;
    Problem { code: "R104", severity, file: file.into(), line, column, message, help, rendered }
}

type Where<'s> = (&'s str, &'s str, std::ops::Range<usize>);

fn render(code: &str, message: &str, help: Option<&str>, place: Option<Where<'_>>) -> String {
    let Some((file, source, span)) = place else { return String::new() };
    let title = Level::ERROR.primary_title(message).id(code);
    let snippet = Snippet::source(source).path(file).annotation(AnnotationKind::Primary.span(span));
    let mut group: Group<'_> = title.element(snippet);
    if let Some(help) = help {
        group = group.element(Level::HELP.message(help));
    }
    Renderer::plain().render(&[group])
}

/// The word at a place, as bytes of `source`.
fn span(source: &str, line: u32, column: u32) -> std::ops::Range<usize> {
    let before: usize = source.split_inclusive('\n').take(line as usize - 1).map(str::len).sum();
    let text = source[before..].lines().next().unwrap_or("");
    let skipped: usize = text.chars().take(column as usize - 1).map(char::len_utf8).sum();
    let start = before + skipped;
    let word = source[start..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(0);
    let one = source[start..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
    start..start + word.max(one)
}
