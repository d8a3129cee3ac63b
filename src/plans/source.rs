//! The text of a plan file, where everything in it stands, and how a problem is shown on it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::domain::plan::{Problem, Severity};

/// Characters of a person's own text that a message repeats at most.
const SHOWN_CHARS_MAX: usize = 60;

/// The file a plan was read from, and the place of every field of that plan.
///
/// A field is named by its path: `stop_loss`, `entry_function.parameters.threshold`, `exit_function.function_type`.
/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Source {
    text: Arc<Text>,
    places: Arc<BTreeMap<String, Place>>,
}

impl Source {
    pub(super) fn new(text: Arc<Text>, places: BTreeMap<String, Place>) -> Source {
        Source { text, places: Arc::new(places) }
    }

    /// The file, as the person named it.
    pub fn file(&self) -> &str {
        &self.text.file
    }

    /// A problem with the value of the field at `path`, shown where it stands. A path that is not in the file is
    /// told at its nearest parent that is, at last at the plan itself.
    pub fn problem(
        &self,
        code: &'static str,
        severity: Severity,
        path: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Problem {
        let at = self.place(path).mark.clone();
        self.text.problem(&Remark {
            severity,
            help: help.map(String::into_boxed_str),
            ..Remark::error(code, at, message)
        })
    }

    /// As [`Source::problem`], with the name of the field marked instead of its value: for a parameter that a rule
    /// does not have.
    pub fn problem_at_name(
        &self,
        code: &'static str,
        severity: Severity,
        path: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Problem {
        let at = self.place(path).name.clone();
        self.text.problem(&Remark {
            severity,
            help: help.map(String::into_boxed_str),
            ..Remark::error(code, at, message)
        })
    }

    pub(super) fn text(&self) -> &Text {
        &self.text
    }

    pub(super) fn place(&self, path: &str) -> &Place {
        let mut path = path;
        loop {
            if let Some(place) = self.places.get(path) {
                return place;
            }
            path = path.rfind(['.', '[']).map_or("", |cut| &path[..cut]);
            if path.is_empty() {
                return self.places.get("").unwrap_or(&Place::NOWHERE);
            }
        }
    }
}

/// Where a field stands, in bytes of the text.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Its name.
    pub(super) name: Range<usize>,
    /// What a problem with its value marks: the value, or the name where the value covers several lines or none.
    pub(super) mark: Range<usize>,
}

impl Place {
    const NOWHERE: Place = Place { name: 0..0, mark: 0..0 };
}

/// Something to say about a place in a text that is not rendered yet.
#[derive(Debug)]
pub(super) struct Remark {
    pub(super) code: &'static str,
    pub(super) severity: Severity,
    pub(super) at: Range<usize>,
    pub(super) label: Option<Box<str>>,
    pub(super) also: Vec<(Range<usize>, String)>,
    pub(super) message: String,
    pub(super) help: Option<Box<str>>,
}

impl Remark {
    pub(super) fn error(code: &'static str, at: Range<usize>, message: impl Into<String>) -> Remark {
        Remark {
            code,
            severity: Severity::Error,
            at,
            label: None,
            also: Vec::new(),
            message: message.into(),
            help: None,
        }
    }

    pub(super) fn warning(code: &'static str, at: Range<usize>, message: impl Into<String>) -> Remark {
        Remark { severity: Severity::Warning, ..Remark::error(code, at, message) }
    }

    pub(super) fn note(code: &'static str, at: Range<usize>, message: impl Into<String>) -> Remark {
        Remark { severity: Severity::Note, ..Remark::error(code, at, message) }
    }

    pub(super) fn label(self, label: impl Into<Box<str>>) -> Remark {
        Remark { label: Some(label.into()), ..self }
    }

    pub(super) fn also(mut self, at: Range<usize>, label: impl Into<String>) -> Remark {
        self.also.push((at, label.into()));
        self
    }

    pub(super) fn help(self, help: impl Into<Box<str>>) -> Remark {
        Remark { help: Some(help.into()), ..self }
    }
}

/// A file's name and text, without a byte-order mark.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) file: String,
    pub(super) text: String,
}

impl Text {
    /// The remark with its place in this text.
    pub(super) fn problem(&self, remark: &Remark) -> Problem {
        let report = title(remark).element(self.snippet(remark));
        self.placed(remark, report)
    }

    /// As [`Text::problem`], with a second place, in another file.
    pub(super) fn problem_with(
        &self,
        remark: &Remark,
        other: &Text,
        at: &Range<usize>,
        label: &str,
    ) -> Problem {
        let (at, _) = other.cut(at);
        let second = Snippet::source(&*other.text)
            .path(&*other.file)
            .annotation(AnnotationKind::Context.span(at).label(label.to_owned()));
        self.placed(remark, title(remark).element(self.snippet(remark)).element(second))
    }

    fn placed(&self, remark: &Remark, report: Group<'_>) -> Problem {
        let (at, before) = self.cut(&remark.at);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Problem {
            code: remark.code,
            severity: remark.severity,
            file: self.file.clone(),
            line: count(before.matches('\n').count() + 1),
            column: count(self.text[line_start..at.start].chars().count() + 1),
            message: remark.message.clone(),
            help: remark.help.as_deref().map(str::to_owned),
            rendered: rendered(report, remark.help.as_deref()),
        }
    }

    fn snippet<'a>(&'a self, remark: &'a Remark) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let (at, _) = self.cut(&remark.at);
        let also = remark.also.iter().map(|(at, label)| {
            let (at, _) = self.cut(at);
            AnnotationKind::Context.span(at).label(&**label)
        });
        Snippet::source(&*self.text)
            .path(&*self.file)
            .annotation(AnnotationKind::Primary.span(at).label(remark.label.as_deref()))
            .annotations(also)
    }

    /// The range, made to fit the text and to end with its first line, and the text before it.
    fn cut(&self, at: &Range<usize>) -> (Range<usize>, &str) {
        let start = floor_char(&self.text, at.start);
        let end = floor_char(&self.text, at.end).max(start);
        let first = self.text[start..end].split(['\n', '\r']).next().unwrap_or("");
        (start..start + first.trim_end().len(), &self.text[..start])
    }
}

/// A problem with a whole file or folder, of which no text can be shown.
pub(super) fn whole_file(
    file: &str,
    code: &'static str,
    severity: Severity,
    message: impl Into<String>,
    help: &str,
) -> Problem {
    let message = message.into();
    let remark = Remark { severity, ..Remark::error(code, 0..0, message.clone()) };
    let report = title(&remark).element(Origin::path(file.to_owned()));
    Problem {
        code,
        severity,
        file: file.to_owned(),
        line: 0,
        column: 0,
        message,
        help: Some(help.to_owned()),
        rendered: rendered(report, Some(help)),
    }
}

/// A person's own words inside a message: shortened, nothing invisible in them.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).flat_map(visible).collect();
    if text.chars().count() > SHOWN_CHARS_MAX {
        shown.push('…');
    }
    shown
}

fn visible(c: char) -> Box<dyn Iterator<Item = char>> {
    let plain = c == ' ' || c.is_alphanumeric() || c.is_ascii_punctuation();
    if plain { Box::new(std::iter::once(c)) } else { Box::new(c.escape_debug()) }
}

fn title<'a>(remark: &'a Remark) -> annotate_snippets::Title<'a> {
    let level = match remark.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    level.primary_title(&*remark.message).id(remark.code)
}

/// The report as plain text, without the empty gutter lines a compiler would put between its parts.
fn rendered(report: Group<'_>, help: Option<&str>) -> String {
    let report = match help {
        Some(help) => report.element(Level::HELP.message(help.to_owned())),
        None => report,
    };
    let full = Renderer::plain().render(&[report]);
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
