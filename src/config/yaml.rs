//! The YAML of a configuration: text in, entries with their places out. Two levels deep, every scalar kept as the text
//! it is; anchors, aliases, tags and further documents are refused, and so is more than a configuration can need.

use std::ops::Range;

use serde_saphyr::granit_parser::{self, Event, Parser, ScalarStyle, Span, StrInput};

use super::code;
use super::report::{Text, shown};
use crate::domain::plan::Problem;

/// Keys, values and collections of one file.
const NODES_MAX: usize = 2_000;
/// Collections inside one another, before the parser itself gives up.
const DEPTH_MAX: usize = 12;

/// A key with its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_at: Range<usize>,
    pub(super) value: Node,
}

/// What stands behind a key.
#[derive(Debug)]
pub(super) enum Node {
    /// Nothing, `~` or `null`: the default is meant.
    Empty,
    /// One value, before anyone asked it to be a number or a word.
    Value { text: String, at: Range<usize> },
    /// Keys of its own.
    Section(Vec<Entry>),
    /// A list, or something deeper than a configuration goes.
    Other { at: Range<usize> },
}

impl Node {
    /// Where it stands; its key's place where it is nothing or a whole section.
    pub(super) fn place(&self, key_at: &Range<usize>) -> Range<usize> {
        match self {
            Node::Value { at, .. } | Node::Other { at } => at.clone(),
            Node::Empty | Node::Section(_) => key_at.clone(),
        }
    }
}

/// The entries of the one document. What is wrong is added to `problems`; what could be read comes back even then.
pub(super) fn parse(text: &Text, problems: &mut Vec<Problem>) -> Vec<Entry> {
    let options = granit_parser::options! {
        emit_comments: false,
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        disallow_directives: true,
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
    };
    let events = Parser::new_from_str_with_options(text.as_str(), options);
    let mut entries = Vec::new();
    // Stopped: why is among the problems, and what was read so far is checked all the same.
    let _stopped = Reader { text, events, problems, nodes: 0 }.document(&mut entries);
    entries
}

/// The text cannot be read further.
struct Stop;

struct Reader<'t, 'p> {
    text: &'t Text,
    events: Parser<'t, StrInput<'t>>,
    problems: &'p mut Vec<Problem>,
    nodes: usize,
}

impl<'t> Reader<'t, '_> {
    fn document(&mut self, entries: &mut Vec<Entry>) -> Result<(), Stop> {
        let mut documents = 0;
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentStart(..), at) => {
                    documents += 1;
                    if documents > 1 {
                        return self.unwanted(at, "a second YAML document begins here".into());
                    }
                }
                (Event::StreamStart | Event::DocumentEnd, _) => {}
                (Event::MappingStart(..), _) => self.mapping(entries, Level::Top)?,
                (Event::Scalar(_, ScalarStyle::Plain, ..), at) if at.is_empty() => {}
                (event, at) => {
                    self.skip(&event)?;
                    self.add(
                        code::WRONG_TYPE,
                        at,
                        "the file holds no keys".into(),
                        "write `name: value` on lines of their own",
                    );
                }
            }
        }
    }

    fn mapping(&mut self, entries: &mut Vec<Entry>, level: Level) -> Result<(), Stop> {
        loop {
            let (event, key_at) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(()),
                Event::Scalar(key, ..) => Some(key.into_owned()),
                other => {
                    self.skip(&other)?;
                    None
                }
            };
            let value = self.value(level)?;
            let Some(key) = key else {
                self.add(code::WRONG_TYPE, key_at, "a key is a plain word".into(), "write `name: value`");
                continue;
            };
            if entries.iter().any(|entry| entry.key == key) {
                let message = format!("`{}` stands here twice", shown(&key));
                self.add(code::DUPLICATE_KEY, key_at, message, "keep one of them");
                continue;
            }
            entries.push(Entry { key, key_at, value });
        }
    }

    fn value(&mut self, level: Level) -> Result<Node, Stop> {
        let (event, at) = self.next()?;
        Ok(match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) if matches!(&*text, "" | "~" | "null") => Node::Empty,
            Event::Scalar(text, ..) => Node::Value { text: text.into_owned(), at },
            Event::MappingStart(..) if level == Level::Top => {
                let mut entries = Vec::new();
                self.mapping(&mut entries, Level::Section)?;
                Node::Section(entries)
            }
            // Refused already: nothing more is to be said about it.
            Event::Alias(..) | Event::UnresolvedAlias(..) => Node::Empty,
            other => {
                self.skip(&other)?;
                Node::Other { at }
            }
        })
    }

    /// Reads over the rest of a collection that was begun by `event`.
    fn skip(&mut self, event: &Event<'_>) -> Result<(), Stop> {
        let mut open = usize::from(matches!(event, Event::MappingStart(..) | Event::SequenceStart(..)));
        while open > 0 {
            match self.next()?.0 {
                Event::MappingStart(..) | Event::SequenceStart(..) => open += 1,
                Event::MappingEnd | Event::SequenceEnd => open -= 1,
                _ => {}
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Result<(Event<'t>, Range<usize>), Stop> {
        loop {
            let (event, span) = match self.events.next_event() {
                Some(Ok(next)) => next,
                Some(Err(error)) => {
                    let at = error.marker().byte_offset().unwrap_or(0);
                    let message = format!("this is not YAML: {}", shown(&error.info()));
                    let help = "every line is `name: value`; the keys of a section are indented with spaces by the same depth";
                    self.add(code::SYNTAX, at..at + 1, message, help);
                    return Err(Stop);
                }
                None => return Ok((Event::StreamEnd, 0..0)),
            };
            let at = bytes(&span);
            self.nodes += 1;
            if self.nodes > NODES_MAX {
                return self.unwanted(at, format!("the file holds more than {NODES_MAX} keys and values"));
            }
            match event {
                Event::Anchor(..) => self.refuse(at, "an anchor"),
                Event::Alias(..) | Event::UnresolvedAlias(..) => {
                    self.refuse(at.clone(), "an alias");
                    return Ok((event, at));
                }
                event => {
                    if event.tag().is_some() {
                        self.refuse(span.tag_span().map_or(at.clone(), |tag| bytes(&tag)), "a YAML tag");
                    }
                    return Ok((event, at));
                }
            }
        }
    }

    fn refuse(&mut self, at: Range<usize>, what: &str) {
        self.add(
            code::UNWANTED_YAML,
            at,
            format!("{what}, and a configuration has none"),
            "write the value itself",
        );
    }

    fn unwanted<T>(&mut self, at: Range<usize>, message: String) -> Result<T, Stop> {
        self.add(code::UNWANTED_YAML, at, message, "a configuration is one document with a few sections");
        Err(Stop)
    }

    fn add(&mut self, code: &'static str, at: Range<usize>, message: String, help: &str) {
        self.problems.push(self.text.problem(code, &at, message, help));
    }
}

/// How deep a mapping stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Top,
    Section,
}

fn bytes(span: &Span) -> Range<usize> {
    let start = span.start.byte_offset().unwrap_or(0);
    start..span.end.byte_offset().unwrap_or(start).max(start)
}
