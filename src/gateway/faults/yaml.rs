//! The YAML of a fault file: text in, a small tree with places out. Scalars stay the text they are; anchors, aliases,
//! tags and further documents are refused, and so is more than a fault file can need.

use serde_saphyr::granit_parser::{self, Event, Parser, ScalarStyle, Span, StrInput};

use super::script::FaultProblem;

/// Keys, values and collections of one file.
const NODES_MAX: usize = 50_000;
/// Collections inside one another.
const DEPTH_MAX: usize = 8;
/// Keys of one mapping.
const KEYS_MAX: usize = 100;

/// A value and where it stands, both counted from 1.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) value: Value,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Nothing,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    /// Refused already; nothing more is to be said about it.
    Refused,
}

impl Node {
    /// A problem with this value.
    pub(super) fn problem(&self, what: impl Into<String>, help: impl Into<String>) -> FaultProblem {
        FaultProblem { line: self.line, column: self.column, what: what.into(), help: help.into() }
    }

    /// The text of a plain value.
    pub(super) fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }
}

/// The one document of a text; what is wrong with it is added to `problems`.
pub(super) fn parse(text: &str, problems: &mut Vec<FaultProblem>) -> Option<Node> {
    let options = granit_parser::options! {
        emit_comments: false,
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        disallow_directives: true,
        flow_nesting_limit: DEPTH_MAX + 2,
        block_nesting_limit: DEPTH_MAX + 2,
    };
    let events = Parser::new_from_str_with_options(text, options);
    Tree { text, events, problems, nodes: 0, last: Place::BEGIN }.document().ok()
}

/// The text cannot be read further; why is among the problems.
struct Stop;

/// Where something stands, both counted from 1.
type At = (u32, u32);

struct Tree<'t, 'p> {
    text: &'t str,
    events: Parser<'t, StrInput<'t>>,
    problems: &'p mut Vec<FaultProblem>,
    nodes: usize,
    /// The place that was looked up last: the next one is mostly behind it.
    last: Place,
}

/// A byte of the text, and its line and column, counted from 1.
#[derive(Debug, Clone, Copy)]
struct Place {
    byte: usize,
    line: usize,
    column: usize,
}

impl Place {
    const BEGIN: Place = Place { byte: 0, line: 1, column: 1 };
}

impl<'t> Tree<'t, '_> {
    fn document(&mut self) -> Result<Node, Stop> {
        let mut root = None;
        loop {
            match self.next()? {
                (Event::DocumentStart(..), at) if root.is_some() => {
                    return self.stop(
                        at,
                        "a second YAML document begins here",
                        "keep all faults in one list",
                    );
                }
                (Event::StreamEnd, _) => break,
                (Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd, _) => {}
                (event, at) => root = Some(self.node(event, at, 0)?),
            }
        }
        Ok(root.unwrap_or(Node { line: 1, column: 1, value: Value::Nothing }))
    }

    fn next(&mut self) -> Result<(Event<'t>, At), Stop> {
        loop {
            let (event, span) = match self.events.next_event() {
                Some(Ok(next)) => next,
                Some(Err(error)) => {
                    let at = self.place(error.marker().byte_offset().unwrap_or(0));
                    let what = format!("this is not YAML: {}", shown(&error.info()));
                    return self.stop(at, &what, "a fault is a `- ` with `name: value` lines in one column");
                }
                None => return Ok((Event::StreamEnd, self.place(self.text.len()))),
            };
            let at = self.place(start(&span));
            if matches!(event, Event::Anchor(..)) || event.tag().is_some() {
                self.add(at, "an anchor or a tag, and a fault file has none", "write the value itself");
            }
            if !matches!(event, Event::Anchor(..)) {
                return Ok((event, at));
            }
        }
    }

    fn node(&mut self, event: Event<'t>, at: At, depth: usize) -> Result<Node, Stop> {
        self.nodes += 1;
        if self.nodes > NODES_MAX || depth > DEPTH_MAX {
            return self.stop(at, "the file holds too much, or too deep", "a fault has three levels");
        }
        let value = match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) if matches!(&*text, "" | "~" | "null") => {
                Value::Nothing
            }
            Event::Scalar(text, ..) => Value::Text(text.into_owned()),
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break Value::List(items),
                        (event, at) => items.push(self.node(event, at, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(..) => self.map(depth)?,
            Event::Alias(..) | Event::UnresolvedAlias(..) => {
                self.add(at, "an alias, and a fault file has none", "write the value itself");
                Value::Refused
            }
            _ => Value::Refused,
        };
        Ok(Node { line: at.0, column: at.1, value })
    }

    fn map(&mut self, depth: usize) -> Result<Value, Stop> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Value::Map(entries)),
                (event, at) => self.node(event, at, depth + 1)?,
            };
            if entries.len() == KEYS_MAX {
                let at = (key.line, key.column);
                return self.stop(at, "more keys than a fault can have", "begin every fault with a `- `");
            }
            let (event, at) = self.next()?;
            let value = self.node(event, at, depth + 1)?;
            match key.text() {
                None => self.problems.push(key.problem("a key is a plain word", "write `name: value`")),
                Some(name) if entries.iter().any(|(other, _)| other.text() == Some(name)) => {
                    let what = format!("`{}` stands here twice", shown(name));
                    self.problems.push(key.problem(what, "keep one of them"));
                }
                Some(_) => entries.push((key, value)),
            }
        }
    }

    /// Line and column of a byte of the text, both counted from 1.
    fn place(&mut self, byte: usize) -> At {
        let byte = byte.min(self.text.len());
        if byte < self.last.byte {
            self.last = Place::BEGIN;
        }
        let between = self.text.get(self.last.byte..byte).unwrap_or_default();
        self.last.line += between.matches('\n').count();
        self.last.column = match between.rsplit_once('\n') {
            Some((_, after)) => after.chars().count() + 1,
            None => self.last.column + between.chars().count(),
        };
        self.last.byte = byte;
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        (number(self.last.line), number(self.last.column))
    }

    fn add(&mut self, (line, column): At, what: &str, help: &str) {
        self.problems.push(FaultProblem { line, column, what: what.to_owned(), help: help.to_owned() });
    }

    fn stop<T>(&mut self, at: At, what: &str, help: &str) -> Result<T, Stop> {
        self.add(at, what, help);
        Err(Stop)
    }
}

fn start(span: &Span) -> usize {
    span.start.byte_offset().unwrap_or(0)
}

/// A text of a file as a message may show it: short, and nothing that would move a terminal's cursor.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
