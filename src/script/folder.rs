//! The folder of rule files: which there are, what is in them, and what is wrong with them, shown in its place.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::domain::plan::{Problem, Severity};

use super::fault::Fault;
use super::host::RuleProblem;
use super::sandbox::SOURCE_BYTES_MAX;
use super::thread::is_direction_mark;

/// Characters of a rule's name.
const NAME_BYTES_MAX: usize = 64;

/// The rule files of a folder by the rule's name, and problems of names.
pub(super) type Listed = (BTreeMap<String, PathBuf>, Vec<Problem>);

/// The rule files of `folder` by name. Other files and folders are none of ours; a folder that is not there is empty.
pub(super) fn list(folder: &Path) -> io::Result<Listed> {
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
pub(super) fn bytes_of(path: &Path) -> Result<Vec<u8>, Box<Problem>> {
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

/// The source in those bytes. Refuses what is not UTF-8, and characters that make text read otherwise than it runs.
pub(super) fn text_of(path: &Path, bytes: Vec<u8>) -> Result<String, Box<Problem>> {
    let source = String::from_utf8(bytes).map_err(|_| {
        problem("R103", path, "the rule is not UTF-8 text".into(), Some("save it with the encoding UTF-8"))
    })?;
    if source.contains(is_direction_mark) {
        let message = "the rule has invisible characters that change the direction of text".into();
        let help = "such text reads otherwise than it runs; remove them";
        return Err(problem("R103", path, message, Some(help)).into());
    }
    Ok(source)
}

fn problem(code: &'static str, path: &Path, message: String, help: Option<&str>) -> Problem {
    Problem {
        code,
        severity: Severity::Error,
        file: path.display().to_string(),
        line: 0,
        column: 0,
        message,
        help: help.map(str::to_owned),
        rendered: String::new(),
    }
}

pub(super) fn unreadable(path: &Path, error: &io::Error, help: &str) -> Problem {
    problem("R101", path, format!("cannot read {}: {error}", path.display()), Some(help))
}

/// Nobody here knows who uses the rule, so this is a warning, and it is told once.
pub(super) fn gone(folder: &Path, name: &str, is_built_in: bool) -> Problem {
    let message = format!("the file of the rule `{name}` is gone");
    let help = if is_built_in {
        "the built-in rule of that name is in force again"
    } else {
        "plans that run it keep its last version until prusik stops; new ones can't use it"
    };
    let path = folder.join(format!("{name}.rhai"));
    Problem { severity: Severity::Warning, ..problem("R105", &path, message, Some(help)) }
}

/// A new version that compiles and fails a plan that runs.
pub(super) fn kept(folder: &Path, name: &str, plan: &str, failure: RuleProblem) -> Problem {
    let path = folder.join(format!("{name}.rhai"));
    let (line, column) = failure.place.as_ref().map_or((0, 0), |place| (place.line, place.column));
    let message = format!("the new version of the rule `{name}` fails plan {plan}: {}", failure.message);
    let help = "the last good version stays in use; mend the file, and it is tried again";
    Problem { line, column, ..problem("R106", &path, message, Some(help)) }
}

/// A new version that took effect: told, so that nobody wonders which one decides.
pub(super) fn changed(folder: &Path, name: &str) -> Problem {
    let path = folder.join(format!("{name}.rhai"));
    let message = format!("the rule `{name}` changed: the new version decides from the next candle on");
    Problem { severity: Severity::Note, ..problem("R107", &path, message, None) }
}

/// A rule that does not compile.
pub(super) fn faulty(path: &Path, fault: Fault) -> Box<Problem> {
    let Fault { message, help, at } = fault;
    let (line, column) = at.unwrap_or((0, 0));
    Problem { line, column, ..problem("R104", path, message, help.as_deref()) }.into()
}

/// The problem with the source around it; empty where it has no place there.
pub(super) fn rendered(problem: &Problem, source: &str) -> String {
    if problem.line == 0 {
        return String::new();
    }
    let span = span(source, problem.line, problem.column);
    let snippet = Snippet::source(source).path(&problem.file).annotation(AnnotationKind::Primary.span(span));
    let mut group: Group<'_> = Level::ERROR.primary_title(&problem.message).id(problem.code).element(snippet);
    if let Some(help) = &problem.help {
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
