//! YAML within a budget: text in, a small tree with places out.
//!
//! Scalars stay the text they are: nothing here guesses that `NO` is false or `1_000` a number, and no number
//! passes through a binary float. What lets a file say one thing and mean another (anchors, aliases, merge keys,
//! tags, directives, duplicate keys, several documents) is refused, all of it at once.

use std::ops::Range;

use serde_saphyr::granit_parser::{self, ErrorKind, Event, Parser, ScalarStyle, ScanError, StrInput, Tag};

use super::code;
use super::source::{Remark, shown};

/// Values, keys and collections of one file.
const NODES_MAX: usize = 2_000;
/// Collections inside one another.
const DEPTH_MAX: usize = 12;
/// Tabs that are told one by one.
const TABS_TOLD_MAX: usize = 20;

/// A value and where it stands, in bytes of the text.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) value: Value,
}

/// What a value is, before anyone asked it to be a number or a word.
#[derive(Debug)]
pub(super) enum Value {
    /// Nothing at all after the colon.
    Empty,
    /// Text without quotes.
    Plain(String),
    /// Text in quotes, or a block of text.
    Quoted(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// Something that was refused already, and about which nothing more is to be said.
    Refused,
}

/// A key with its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) value: Node,
}

/// The one document of `text`. What is wrong with it is added to `remarks`; a tree comes back even then, unless the
/// text cannot be read to its end.
pub(super) fn parse(text: &str, remarks: &mut Vec<Remark>) -> Option<Node> {
    let options = granit_parser::options! {
        emit_comments: false,
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        disallow_directives: true,
        flow_nesting_limit: DEPTH_MAX + 4,
        block_nesting_limit: DEPTH_MAX + 4,
    };
    let events = Parser::new_from_str_with_options(text, options);
    Tree { text, events, remarks, nodes: 0, depth: 0 }.document().ok()
}

/// The text cannot be read further; why is among the remarks.
struct Stop;

struct Tree<'t, 'r> {
    text: &'t str,
    events: Parser<'t, StrInput<'t>>,
    remarks: &'r mut Vec<Remark>,
    nodes: usize,
    depth: usize,
}

impl<'t> Tree<'t, '_> {
    fn document(&mut self) -> Result<Node, Stop> {
        let mut root = None;
        loop {
            match self.next()? {
                (Event::DocumentStart(..), span) if root.is_some() => {
                    self.remarks.push(several_documents(span));
                    return Err(Stop);
                }
                (Event::StreamEnd, _) => break,
                (Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd, _) => {}
                (event, span) => root = Some(self.node(event, span)?),
            }
        }
        Ok(root.unwrap_or(Node { span: 0..0, value: Value::Empty }))
    }

    fn next(&mut self) -> Result<(Event<'t>, Range<usize>), Stop> {
        loop {
            let (event, span) = match self.events.next_event() {
                Some(Ok(next)) => next,
                Some(Err(error)) => {
                    self.broken(&error);
                    return Err(Stop);
                }
                None => return Ok((Event::StreamEnd, self.text.len()..self.text.len())),
            };
            let tagged = span.tag_span().map(|tag| bytes(&tag)).unwrap_or(bytes(&span));
            let span = bytes(&span);
            if let Event::Anchor(_, name) = event {
                self.remarks.push(no_alias(span, format!("`&{}` is an anchor", shown(&name))));
                continue;
            }
            if let Some(tag) = event.tag() {
                self.remarks.push(no_tag(tagged, tag));
            }
            return Ok((event, span));
        }
    }

    fn node(&mut self, event: Event<'t>, span: Range<usize>) -> Result<Node, Stop> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return self.over_budget(span, format!("the file holds more than {NODES_MAX} values"));
        }
        let value = match event {
            Event::Scalar(_, ScalarStyle::Plain, ..) if span.is_empty() => Value::Empty,
            Event::Scalar(text, ScalarStyle::Plain, ..) => Value::Plain(text.into_owned()),
            Event::Scalar(text, ..) => Value::Quoted(text.into_owned()),
            Event::SequenceStart(..) => return self.nested(span, Tree::list),
            Event::MappingStart(..) => return self.nested(span, Tree::map),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                let alias = shown(self.text.get(span.clone()).unwrap_or("*"));
                self.remarks.push(no_alias(span.clone(), format!("`{alias}` is an alias")));
                Value::Refused
            }
            _ => Value::Refused,
        };
        Ok(Node { span, value })
    }

    /// A collection that starts at `start`, read by `read`, which tells where it ends.
    fn nested(
        &mut self,
        start: Range<usize>,
        read: fn(&mut Self) -> Result<(Value, usize), Stop>,
    ) -> Result<Node, Stop> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return self.over_budget(start, format!("the file is nested more than {DEPTH_MAX} levels deep"));
        }
        let (value, end) = read(self)?;
        self.depth -= 1;
        Ok(Node { span: start.start..end.max(start.end), value })
    }

    fn list(&mut self) -> Result<(Value, usize), Stop> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, span) => return Ok((Value::List(items), span.end)),
                (event, span) => items.push(self.node(event, span)?),
            }
        }
    }

    fn map(&mut self) -> Result<(Value, usize), Stop> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, span) => return Ok((Value::Map(entries), span.end)),
                (event, span) => self.node(event, span)?,
            };
            let (event, span) = self.next()?;
            let value = self.node(event, span)?;
            let name = match key.value {
                Value::Plain(name) | Value::Quoted(name) => name,
                Value::Refused => continue,
                Value::Empty | Value::List(_) | Value::Map(_) => {
                    self.remarks.push(bad_key(key.span));
                    continue;
                }
            };
            if name == "<<" {
                self.remarks.push(no_alias(key.span, "`<<` merges one mapping into another".into()));
                continue;
            }
            if let Some(first) = entries.iter().find(|entry| entry.key == name) {
                self.remarks.push(duplicate(&name, key.span, first));
                continue;
            }
            entries.push(Entry { key: name, key_span: key.span, value });
        }
    }

    fn over_budget(&mut self, at: Range<usize>, message: String) -> Result<Node, Stop> {
        let help = "a plan needs about 25 values on 3 levels; spread many plans over several files";
        self.remarks.push(Remark::error(code::BUDGET, at, message).label("it ends here").help(help));
        Err(Stop)
    }

    /// Says why the text is no YAML. Tabs in front of lines, which nobody can see, are all told at once where one
    /// stands in the line that could not be read, or in the next.
    fn broken(&mut self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or(0).min(self.text.len());
        let tabs = indented_by_tabs(self.text);
        let next_line_end = line_end(self.text, (line_end(self.text, at) + 1).min(self.text.len()));
        let here = |tab: &Range<usize>| tab.start <= next_line_end && at <= line_end(self.text, tab.start);
        if tabs.iter().any(here) {
            self.remarks.extend(tabs.into_iter().take(TABS_TOLD_MAX).map(tab));
            return;
        }
        let remark = match error.kind() {
            ErrorKind::RecursionLimitExceeded => {
                let message = format!("the file is nested more than {DEPTH_MAX} levels deep");
                Remark::error(code::BUDGET, at..at + 1, message)
            }
            ErrorKind::DirectiveDisallowed => {
                Remark::error(code::TAG, at..at + 1, "YAML directives are refused")
                    .help("leave out the line that begins with %")
            }
            _ => Remark::error(
                code::SYNTAX,
                at..at + 1,
                format!("this is not YAML: {}", shown_long(&error.info())),
            )
            .help(syntax_help(error.kind())),
        };
        self.remarks.push(remark);
    }
}

fn bytes(span: &granit_parser::Span) -> Range<usize> {
    let start = span.start.byte_offset().unwrap_or(0);
    start..span.end.byte_offset().unwrap_or(start).max(start)
}

fn no_alias(at: Range<usize>, message: String) -> Remark {
    Remark::error(code::ALIAS, at, format!("{message}, and plans have none"))
        .help("write the value itself in every place where it is meant")
}

fn no_tag(at: Range<usize>, tag: &Tag) -> Remark {
    Remark::error(code::TAG, at, format!("`{}` is a YAML tag, and plans have none", shown(&tag.original())))
        .help("leave the tag out; put a text in quotes where it could be taken for something else")
}

fn several_documents(at: Range<usize>) -> Remark {
    Remark::error(code::DOCUMENTS, at, "a second YAML document begins here")
        .help("write several plans of one file as a list: every plan begins with `- plan_id: …`")
}

fn bad_key(at: Range<usize>) -> Remark {
    Remark::error(code::BAD_KEY, at, "a key is a plain word").help("write `name: value`")
}

fn duplicate(name: &str, at: Range<usize>, first: &Entry) -> Remark {
    Remark::error(code::DUPLICATE_KEY, at, format!("`{}` stands here twice", shown(name)))
        .label("a second time")
        .also(first.key_span.clone(), "the first time")
        .help("keep one of them")
}

fn tab(at: Range<usize>) -> Remark {
    Remark::error(code::TAB, at, "a tab in front of the line").help("indent with spaces")
}

fn syntax_help(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::UnclosedQuotedScalar => "close the text with the quote it began with",
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator => "close what was opened: every { with }, every [ with ]",
        ErrorKind::InvalidIndentation => "fields of one plan begin in one column",
        _ => {
            "every line is `name: value`; fields of one plan begin in one column; a text with `: ` or ` #` in it needs quotes"
        }
    }
}

/// The first run of blanks with a tab in it of every line that has text behind it.
fn indented_by_tabs(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
        let has_text = !line.trim().is_empty();
        if has_text && let Some(tab) = line[..blank].find('\t') {
            found.push(start + tab..start + blank);
        }
        start += line.len();
    }
    found
}

fn line_end(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |newline| from + newline)
}

fn shown_long(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
