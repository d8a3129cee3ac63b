//! The YAML of a catalogue: text in, a tree with places out.
//!
//! Every scalar stays the text it is. Anchors, aliases, tags, further documents and duplicate keys are refused, and
//! so is more than a catalogue can need. All that is wrong is told, not only the first.

use serde_saphyr::granit_parser::{self, Event, Parser, ScalarStyle, Span, StrInput};

use super::CatalogueProblem;

/// Keys, values and collections of one file: some 15 for each contract.
const NODES_MAX: usize = 200_000;
/// Collections inside one another.
const DEPTH_MAX: usize = 12;

/// Where something stands: line and character in it, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) column: u64,
}

impl Place {
    /// A problem that stands here.
    pub(super) fn problem(self, what: impl Into<String>, help: impl Into<String>) -> CatalogueProblem {
        let Place { line, column } = self;
        CatalogueProblem { line, column, what: what.into(), help: help.into() }
    }
}

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// What a value is, before anyone asked it to be a number or a word.
#[derive(Debug)]
pub(super) enum Value {
    /// Nothing at all, or something that was refused already.
    Empty,
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) value: Node,
}

/// The one document of `text`; what is wrong is added to `problems`. None where it could not be read to its end.
pub(super) fn parse(text: &str, problems: &mut Vec<CatalogueProblem>) -> Option<Node> {
    let options = granit_parser::options! {
        emit_comments: false,
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        disallow_directives: true,
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
    };
    let events = Parser::new_from_str_with_options(text, options);
    Reader { events, problems, nodes: 0 }.document().ok()
}

/// The text cannot be read further; why is among the problems.
struct Stop;

struct Reader<'t, 'p> {
    events: Parser<'t, StrInput<'t>>,
    problems: &'p mut Vec<CatalogueProblem>,
    nodes: usize,
}

impl<'t> Reader<'t, '_> {
    fn document(&mut self) -> Result<Node, Stop> {
        let mut root = None;
        loop {
            match self.next()? {
                (Event::StreamEnd, at) => return Ok(root.unwrap_or(Node { place: at, value: Value::Empty })),
                (Event::DocumentStart(..), at) if root.is_some() => {
                    self.refuse(at, "a second YAML document begins here", "write all of it in one");
                    return Err(Stop);
                }
                (Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd, _) => {}
                (event, at) => root = Some(self.node(event, at)?),
            }
        }
    }

    fn node(&mut self, event: Event<'t>, place: Place) -> Result<Node, Stop> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            let what = format!("the file holds more than {NODES_MAX} values");
            self.refuse(place, &what, "spread it over several files");
            return Err(Stop);
        }
        let value = match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) if matches!(&*text, "" | "~" | "null") => {
                Value::Empty
            }
            Event::Scalar(text, ..) => Value::Text(text.into_owned()),
            Event::SequenceStart(..) => Value::List(self.list()?),
            Event::MappingStart(..) => Value::Map(self.map()?),
            _ => {
                self.refuse(place, "an alias, and a catalogue has none", "write the value itself");
                Value::Empty
            }
        };
        Ok(Node { place, value })
    }

    fn list(&mut self) -> Result<Vec<Node>, Stop> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, at) => items.push(self.node(event, at)?),
            }
        }
    }

    fn map(&mut self) -> Result<Vec<Entry>, Stop> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(entries),
                (event, at) => self.node(event, at)?,
            };
            let (event, at) = self.next()?;
            let value = self.node(event, at)?;
            let Value::Text(name) = key.value else {
                self.refuse(key.place, "a key is a plain word", "write `name: value`");
                continue;
            };
            if entries.iter().any(|entry| entry.key == name) {
                self.refuse(key.place, &format!("`{name}` stands here twice"), "keep one of them");
                continue;
            }
            entries.push(Entry { key: name, place: key.place, value });
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Place), Stop> {
        loop {
            let (event, span) = match self.events.next_event() {
                Some(Ok(next)) => next,
                Some(Err(error)) => {
                    let marker = error.marker();
                    let at = Place { line: marker.line() as u64, column: marker.col() as u64 + 1 };
                    let what = format!("this is not YAML: {}", error.info());
                    self.refuse(at, &what, "indent with spaces, the keys of one entry by the same depth");
                    return Err(Stop);
                }
                None => return Ok((Event::StreamEnd, Place { line: 1, column: 1 })),
            };
            let at = place(&span);
            if event.tag().is_some() {
                self.refuse(at, "a YAML tag, and a catalogue has none", "leave the tag out");
            }
            if !matches!(event, Event::Anchor(..)) {
                return Ok((event, at));
            }
            self.refuse(at, "an anchor, and a catalogue has none", "leave it out");
        }
    }

    fn refuse(&mut self, at: Place, what: &str, help: &str) {
        self.problems.push(at.problem(what, help));
    }
}

fn place(span: &Span) -> Place {
    Place { line: span.start.line().max(1) as u64, column: span.start.col() as u64 + 1 }
}
