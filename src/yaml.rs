//! YAML within a budget: text in, a small tree with places out, and everything about the text that lets it say one
//! thing and mean another.
//!
//! Scalars stay the text they are: nothing here guesses that `NO` is false or `1_000` a number, and no number
//! passes through a binary float. Anchors, aliases, merge keys, tags, directives, duplicate keys and further
//! documents are flaws, all told at once. Who reads a file says what its flaws are called and what to write instead.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_saphyr::granit_parser::{
    self, ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput,
};

/// What a file may hold at most, and how it says nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    /// Values, keys and collections of one file.
    pub(crate) nodes_max: usize,
    /// Collections inside one another.
    pub(crate) depth_max: usize,
    /// What `~` and `null` mean.
    pub(crate) null: Null,
}

/// What `~` and `null` without quotes mean in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Null {
    /// As nothing at all after the colon.
    Nothing,
    /// Words like others.
    Word,
}

/// Where something begins: line and character in it, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    /// In bytes of the text.
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

/// What a value is, before anyone asked it to be a number or a word.
#[derive(Debug, Clone)]
pub(crate) enum Value {
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
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Node,
}

impl Node {
    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Plain(text) | Value::Quoted(text) => Some(text),
            Value::Empty | Value::List(_) | Value::Map(_) | Value::Refused => None,
        }
    }
}

/// Something about the text that no file of ours may have.
#[derive(Debug, Clone)]
pub(crate) struct Flaw {
    pub(crate) place: Place,
    /// In bytes of the text.
    pub(crate) at: Range<usize>,
    pub(crate) kind: FlawKind,
}

#[derive(Debug, Clone)]
pub(crate) enum FlawKind {
    /// With its name.
    Anchor(String),
    /// As it is written.
    Alias(String),
    /// A `<<` key.
    Merge,
    /// As it is written.
    Tag(String),
    Directive,
    /// A second document begins here.
    Documents,
    /// A key that is no plain word.
    BadKey,
    /// The key, and where it stands first.
    Duplicate {
        key: String,
        first: Range<usize>,
    },
    /// A tab in front of a line that could not be read.
    Tab,
    /// More values than the budget has.
    TooMany,
    /// More collections inside one another than the budget has.
    TooDeep,
    /// The text is no YAML: what the parser says, and what to do about it where that can be told.
    Syntax {
        what: String,
        remedy: Remedy,
    },
}

/// What makes a text YAML again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    CloseQuote,
    CloseBracket,
    AlignKeys,
    Unknown,
}

/// What was read of a text.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The one document, as far as it could be read; empty where there is none.
    pub(crate) root: Node,
    /// Whether it could be read to its end.
    pub(crate) extent: Extent,
    /// In the order they were met.
    pub(crate) flaws: Vec<Flaw>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Whole,
    /// The last of the flaws is why it ends early.
    Beginning,
}

/// Reads the one document of `text`.
pub(crate) fn parse(text: &str, budget: Budget) -> Tree {
    // Our own count of the depth comes first: the parser's is there for its own stack.
    let nesting_limit = budget.depth_max + 4;
    let options = granit_parser::options! {
        emit_comments: false,
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        disallow_directives: true,
        flow_nesting_limit: nesting_limit,
        block_nesting_limit: nesting_limit,
    };
    let events = Parser::new_from_str_with_options(text, options);
    let mut reader =
        Reader { text, events, budget, flaws: Vec::new(), nodes: 0, depth: 0, extent: Extent::Whole };
    let root = reader.document();
    Tree { root, extent: reader.extent, flaws: reader.flaws }
}

/// An event with where it stands.
struct Met<'t> {
    event: Event<'t>,
    place: Place,
    span: Range<usize>,
}

struct Reader<'t> {
    text: &'t str,
    events: Parser<'t, StrInput<'t>>,
    budget: Budget,
    flaws: Vec<Flaw>,
    nodes: usize,
    depth: usize,
    extent: Extent,
}

impl<'t> Reader<'t> {
    fn document(&mut self) -> Node {
        let mut root = None;
        while let Some(met) = self.next() {
            match met.event {
                Event::DocumentStart(..) if root.is_some() => {
                    self.stop(met.place, met.span, FlawKind::Documents);
                }
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                _ => root = Some(self.node(met)),
            }
        }
        let start = Place { line: 1, column: 1 };
        root.unwrap_or(Node { place: start, span: 0..0, value: Value::Empty })
    }

    /// The next event that means something; none where the text cannot be read further.
    fn next(&mut self) -> Option<Met<'t>> {
        loop {
            if self.extent == Extent::Beginning {
                return None;
            }
            let (event, span) = match self.events.next_event()? {
                Ok(next) => next,
                Err(error) => {
                    self.broken(&error);
                    return None;
                }
            };
            let (place, at) = (place(&span.start), bytes(&span));
            if let Event::Anchor(_, name) = event {
                self.flaw(place, at, FlawKind::Anchor(name.into_owned()));
                continue;
            }
            if let Some(tag) = event.tag() {
                let kind = FlawKind::Tag(tag.original());
                let span = span.tag_span().unwrap_or(span);
                self.flaw(self::place(&span.start), bytes(&span), kind);
            }
            return Some(Met { event, place, span: at });
        }
    }

    fn node(&mut self, met: Met<'t>) -> Node {
        let Met { event, place, span } = met;
        self.nodes += 1;
        if self.nodes > self.budget.nodes_max {
            self.stop(place, span.clone(), FlawKind::TooMany);
            return Node { place, span, value: Value::Refused };
        }
        let value = match event {
            Event::Scalar(_, ScalarStyle::Plain, ..) if span.is_empty() => Value::Empty,
            Event::Scalar(text, ScalarStyle::Plain, ..) => match (&*text, self.budget.null) {
                ("~" | "null", Null::Nothing) => Value::Empty,
                _ => Value::Plain(text.into_owned()),
            },
            Event::Scalar(text, ..) => Value::Quoted(text.into_owned()),
            Event::SequenceStart(..) => return self.nested(place, span, Reader::list),
            Event::MappingStart(..) => return self.nested(place, span, Reader::map),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                let written = self.text.get(span.clone()).unwrap_or("*").to_owned();
                self.flaw(place, span.clone(), FlawKind::Alias(written));
                Value::Refused
            }
            _ => Value::Refused,
        };
        Node { place, span, value }
    }

    /// A collection, read by `read`, which tells where it ends.
    fn nested(
        &mut self,
        place: Place,
        start: Range<usize>,
        read: fn(&mut Self) -> (Value, Option<usize>),
    ) -> Node {
        self.depth += 1;
        if self.depth > self.budget.depth_max {
            self.stop(place, start.clone(), FlawKind::TooDeep);
            return Node { place, span: start, value: Value::Refused };
        }
        let (value, end) = read(self);
        self.depth -= 1;
        Node { place, span: start.start..end.unwrap_or(start.end).max(start.end), value }
    }

    fn list(&mut self) -> (Value, Option<usize>) {
        let mut items = Vec::new();
        while let Some(met) = self.next() {
            if met.event == Event::SequenceEnd {
                return (Value::List(items), Some(met.span.end));
            }
            items.push(self.node(met));
        }
        (Value::List(items), None)
    }

    fn map(&mut self) -> (Value, Option<usize>) {
        let mut entries: Vec<Entry> = Vec::new();
        // A file may be nothing but keys: each is looked up, not looked for.
        let mut seen = BTreeMap::new();
        while let Some(met) = self.next() {
            if met.event == Event::MappingEnd {
                return (Value::Map(entries), Some(met.span.end));
            }
            let key = self.node(met);
            let Some(value) = self.next() else { break };
            let value = self.node(value);
            if let Some(entry) = self.entry(key, value, &mut seen) {
                entries.push(entry);
            }
        }
        (Value::Map(entries), None)
    }

    /// A key with its value, unless the key is no good.
    fn entry(&mut self, key: Node, value: Node, seen: &mut BTreeMap<String, Range<usize>>) -> Option<Entry> {
        let Node { place, span, value: name } = key;
        let name = match name {
            Value::Plain(name) | Value::Quoted(name) => name,
            Value::Refused => return None,
            Value::Empty | Value::List(_) | Value::Map(_) => {
                self.flaw(place, span, FlawKind::BadKey);
                return None;
            }
        };
        if name == "<<" {
            self.flaw(place, span, FlawKind::Merge);
            return None;
        }
        if let Some(first) = seen.get(&name).cloned() {
            self.flaw(place, span, FlawKind::Duplicate { key: name, first });
            return None;
        }
        seen.insert(name.clone(), span.clone());
        Some(Entry { key: name, key_place: place, key_span: span, value })
    }

    /// Says why the text is no YAML. Tabs in front of lines, which nobody can see, are all told at once where one
    /// stands in the line that could not be read, or in the next.
    fn broken(&mut self, error: &ScanError) {
        self.extent = Extent::Beginning;
        let start = error.marker();
        let at = start.byte_offset().unwrap_or(0).min(self.text.len());
        let next_line_end = line_end(self.text, (line_end(self.text, at) + 1).min(self.text.len()));
        let tabs = indented_by_tabs(self.text);
        if tabs.iter().any(|(_, tab)| tab.start <= next_line_end && at <= line_end(self.text, tab.start)) {
            for (place, at) in tabs {
                self.flaw(place, at, FlawKind::Tab);
            }
            return;
        }
        let kind = match error.kind() {
            ErrorKind::RecursionLimitExceeded => FlawKind::TooDeep,
            ErrorKind::DirectiveDisallowed => FlawKind::Directive,
            kind => FlawKind::Syntax { what: error.info().to_string(), remedy: remedy(kind) },
        };
        self.flaw(place(start), at..at + 1, kind);
    }

    fn stop(&mut self, place: Place, at: Range<usize>, kind: FlawKind) {
        self.extent = Extent::Beginning;
        self.flaw(place, at, kind);
    }

    fn flaw(&mut self, place: Place, at: Range<usize>, kind: FlawKind) {
        self.flaws.push(Flaw { place, at, kind });
    }
}

fn place(start: &Marker) -> Place {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Place { line: count(start.line().max(1)), column: count(start.col() + 1) }
}

fn bytes(span: &Span) -> Range<usize> {
    let start = span.start.byte_offset().unwrap_or(0);
    start..span.end.byte_offset().unwrap_or(start).max(start)
}

fn remedy(kind: &ErrorKind) -> Remedy {
    match kind {
        ErrorKind::UnclosedQuotedScalar => Remedy::CloseQuote,
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator => Remedy::CloseBracket,
        ErrorKind::InvalidIndentation => Remedy::AlignKeys,
        _ => Remedy::Unknown,
    }
}

/// The first run of blanks with a tab in it of every line that has text behind it.
fn indented_by_tabs(text: &str) -> Vec<(Place, Range<usize>)> {
    let mut found = Vec::new();
    let mut start = 0;
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
        let has_text = !line.trim().is_empty();
        if has_text && let Some(tab) = line[..blank].find('\t') {
            let column = u32::try_from(tab + 1).unwrap_or(u32::MAX);
            found.push((Place { line: number, column }, start + tab..start + blank));
        }
        start += line.len();
    }
    found
}

fn line_end(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |newline| from + newline)
}

#[cfg(test)]
mod tests;
