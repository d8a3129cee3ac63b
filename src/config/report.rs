//! Problems with their place, ready for a terminal. Nothing that follows `://` is ever shown: it may be a secret that
//! was written into the wrong file.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::domain::plan::{Problem, Severity};

/// How much of a person's own words is repeated in a message, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// A file's name and text.
pub(super) struct Text {
    file: String,
    text: String,
    /// The same, byte for byte, with what may be secret blotted out.
    blotted: String,
}

impl Text {
    /// A text; without its byte-order mark, if it has one.
    pub(super) fn new(file: &str, text: &str) -> Text {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Text { file: file.to_owned(), text: text.to_owned(), blotted: blotted(text) }
    }

    /// The text.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// An error at these bytes.
    pub(super) fn problem(
        &self,
        code: &'static str,
        at: &Range<usize>,
        message: String,
        help: &str,
    ) -> Problem {
        let start = floor_char(&self.text, at.start);
        let end = floor_char(&self.text, at.end).max(start);
        // A place ends with its first line.
        let first = self.text[start..end].split(['\n', '\r']).next().unwrap_or("");
        let at = start..start + first.trim_end().len();
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let snippet =
            Snippet::source(&*self.blotted).path(&*self.file).annotation(AnnotationKind::Primary.span(at));
        let report = Level::ERROR.primary_title(&*message).id(code).element(snippet);
        Problem {
            code,
            severity: Severity::Error,
            file: self.file.clone(),
            line: count(before.matches('\n').count() + 1),
            column: count(before[line_start..].chars().count() + 1),
            rendered: rendered(report, help),
            message,
            help: Some(help.to_owned()),
        }
    }
}

/// A problem with a whole file, a variable or a flag.
pub(super) fn without_source(
    code: &'static str,
    severity: Severity,
    file: &str,
    message: String,
    help: &str,
) -> Problem {
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let report = level.primary_title(&*message).id(code).element(Origin::path(file.to_owned()));
    let rendered = rendered(report, help);
    Problem {
        code,
        severity,
        file: file.to_owned(),
        line: 0,
        column: 0,
        rendered,
        message,
        help: Some(help.to_owned()),
    }
}

/// A person's own words inside a message: shortened, nothing invisible and nothing secret in them.
pub(super) fn shown(text: &str) -> String {
    let text = blotted(text);
    let mut shown: String = text
        .chars()
        .take(SHOWN_CHARS_MAX)
        .map(|c| if c == ' ' || c.is_alphanumeric() || c.is_ascii_punctuation() { c } else { '?' })
        .collect();
    if text.chars().count() > SHOWN_CHARS_MAX {
        shown.push('…');
    }
    shown
}

/// The text with every word's rest after `://` as stars, byte for byte, so that places stay what they are.
fn blotted(text: &str) -> String {
    let mut blotted = String::with_capacity(text.len());
    let mut secret = false;
    for c in text.chars() {
        secret &= !(c.is_whitespace() || c.is_control() || matches!(c, '"' | '\''));
        if secret {
            blotted.extend(std::iter::repeat_n('*', c.len_utf8()));
        } else {
            blotted.push(c);
            secret = blotted.ends_with("://");
        }
    }
    blotted
}

fn rendered(report: Group<'_>, help: &str) -> String {
    let report = report.element(Level::HELP.message(help.to_owned()));
    let full = Renderer::plain().render(&[report]);
    // Without the empty gutter lines a compiler puts between the parts.
    let lines = full.lines().map(str::trim_end).filter(|line| line.trim_start() != "|");
    lines.collect::<Vec<_>>().join("\n")
}

fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
