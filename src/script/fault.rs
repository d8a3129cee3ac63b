//! What went wrong in a script, said to its author: where, what, and what to write instead.

use std::fmt;

use rhai::{Dynamic, EvalAltResult, LexError, ParseError, ParseErrorType, Position};

use super::sandbox::{
    CALL_LEVELS_MAX, DEADLINE, LIST_ITEMS_MAX, MAP_ENTRIES_MAX, OPERATIONS_MAX, TEXT_BYTES_MAX,
};
use super::thread::Stop;
use super::view::kind_word;

/// Rhai's own functions that a rule is likely to mean; for suggestions only.
const COMMON: [&str; 22] = [
    "abs",
    "min",
    "max",
    "round",
    "floor",
    "ceiling",
    "sqrt",
    "to_int",
    "to_decimal",
    "to_string",
    "len",
    "push",
    "pop",
    "contains",
    "filter",
    "map",
    "reduce",
    "sort",
    "keys",
    "values",
    "print",
    "type_of",
];

/// A fault with its place in the rule's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// What happened.
    pub(super) message: String,
    /// What to write instead.
    pub(super) help: Option<String>,
    /// Line and column, from 1, where known.
    pub(super) at: Option<(u32, u32)>,
}

/// One line: `line 3, column 9: message; help`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.at {
            write!(f, "line {line}, column {column}: ")?;
        }
        write!(f, "{}", self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl Fault {
    /// A fault of the whole rule.
    pub(super) fn new(message: impl Into<String>) -> Fault {
        Fault { message: message.into(), help: None, at: None }
    }

    /// The same with a way out.
    pub(super) fn with_help(self, help: impl Into<String>) -> Fault {
        Fault { help: Some(help.into()), ..self }
    }

    /// A limit struck, at the place `at`.
    pub(super) fn of_limit(stop: &Stop, at: Option<(u32, u32)>) -> Fault {
        let message = match stop {
            Stop::Operations => format!("stopped after {OPERATIONS_MAX} operations"),
            Stop::Deadline | Stop::WarmingUp { .. } | Stop::LookFurther => {
                format!("stopped after {} ms", DEADLINE.as_millis())
            }
        };
        Fault { message, help: Some("is there a loop without end?".into()), at }
    }

    /// What Rhai said at run time. `names` are the functions the script could have meant.
    pub(super) fn of_run(error: EvalAltResult, names: &[&str]) -> Fault {
        let at = place(error.position());
        let (message, help) = run_words(error, names);
        Fault { message, help, at }
    }

    /// What Rhai said of a source it could not compile.
    pub(super) fn of_parse(error: &ParseError, source: &str) -> Fault {
        let ParseError(kind, position) = error;
        let (message, help) = parse_words(kind, source);
        Fault { message, help, at: place(*position) }
    }
}

fn place(position: Position) -> Option<(u32, u32)> {
    let line = u32::try_from(position.line()?).ok()?;
    let column = u32::try_from(position.position().unwrap_or(1)).ok()?;
    Some((line, column))
}

type Said = (String, Option<String>);

fn run_words(error: EvalAltResult, names: &[&str]) -> Said {
    use EvalAltResult as E;
    match error {
        E::ErrorInFunctionCall(_, _, inner, _) => run_words(*inner, names),
        E::ErrorParsing(kind, _) => parse_words(&kind, ""),
        E::ErrorFunctionNotFound(signature, _) => not_found(&signature, names),
        E::ErrorRuntime(thrown, _) => (thrown_words(&thrown), None),
        E::ErrorArithmetic(message, _) => (plain(&message), None),
        E::ErrorStackOverflow(_) => (
            format!("functions call one another more than {CALL_LEVELS_MAX} levels deep"),
            Some("does a function call itself without end?".into()),
        ),
        E::ErrorTooManyVariables(_) => ("too many variables".into(), None),
        E::ErrorDataTooLarge(what, _) => (
            format!("{} grew too large", plain(&what)),
            Some(format!(
                "a text has at most {TEXT_BYTES_MAX} bytes, a list {LIST_ITEMS_MAX} items, a map {MAP_ENTRIES_MAX} entries"
            )),
        ),
        E::ErrorVariableNotFound(name, _) => (format!("unknown name `{name}`"), None),
        E::ErrorPropertyNotFound(name, _) => (format!("the map has no `{name}`"), None),
        E::ErrorDotExpr(message, _) => (property_words(&message), None),
        E::ErrorIndexingType(what, _) => (format!("no index works here: {}", plain(&what)), None),
        E::ErrorMismatchDataType(wanted, got, _) | E::ErrorMismatchOutputType(wanted, got, _) => {
            (format!("expected {}, got {}", kind_word(&wanted), kind_word(&got)), None)
        }
        E::ErrorArrayBounds(len, index, _) => {
            (format!("the list has {len} items; there is no [{index}]"), None)
        }
        E::ErrorFor(_) => ("`for` needs a range or a list".into(), None),
        E::ErrorTerminated(..) => ("stopped".into(), None),
        other => (plain(&other.unannotated()), None),
    }
}

/// Rhai's words without its place, which is told apart.
trait Unannotated {
    fn unannotated(self) -> String;
}

impl Unannotated for EvalAltResult {
    fn unannotated(mut self) -> String {
        self.clear_position();
        self.to_string()
    }
}

fn thrown_words(thrown: &Dynamic) -> String {
    if thrown.is_unit() { "the rule threw an error".into() } else { plain(&thrown.to_string()) }
}

/// `name (type, type)`, as Rhai tells a call that nothing answers.
fn not_found(signature: &str, names: &[&str]) -> Said {
    let (name, types) = signature.split_once(" (").unwrap_or((signature, ")"));
    let types: Vec<&str> =
        types.trim_end_matches(')').split(", ").filter(|word| !word.is_empty()).map(kind_word).collect();
    let operator = !name.is_empty() && name.chars().all(|c| c.is_ascii_punctuation() && c != '_');
    match types.as_slice() {
        [left, right] if operator => (format!("`{name}` does not work between {left} and {right}"), None),
        [one] if operator => (format!("`{name}` does not work on {one}"), None),
        _ if names.contains(&name) || COMMON.contains(&name) => {
            let got = if types.is_empty() { "nothing".into() } else { types.join(", ") };
            (format!("{name}() cannot be called with {got}"), None)
        }
        _ => {
            let near = nearest(name, names.iter().copied().chain(COMMON));
            (format!("unknown function `{name}`"), near.map(|near| format!("did you mean `{near}`?")))
        }
    }
}

/// Rhai tells a property that does not exist in a sentence; the name and the type are what matters of it.
fn property_words(message: &str) -> String {
    let mut quoted = message.split('\'').skip(1).step_by(2);
    match (quoted.next(), quoted.next()) {
        (Some(name), Some(of)) if message.contains("getter") => {
            format!("{} has no `{name}`", kind_word(of))
        }
        (Some(name), _) if message.contains("setter") || message.contains("read-only") => {
            format!("`{name}` cannot be changed")
        }
        _ => plain(message),
    }
}

fn parse_words(kind: &ParseErrorType, source: &str) -> Said {
    use ParseErrorType as E;
    match kind {
        E::UnexpectedEOF => ("the file ends in the middle".into(), Some("is a } or ) missing?".into())),
        E::VariableUndefined(name) => {
            let near = nearest(name, declared(source));
            (format!("unknown name `{name}`"), near.map(|near| format!("did you mean `{near}`?")))
        }
        E::BadInput(LexError::ImproperSymbol(symbol, _)) if symbol.chars().all(char::is_alphabetic) => {
            (format!("`{symbol}` is not part of the rule language"), None)
        }
        E::BadInput(LexError::StringTooLong(_)) => {
            (format!("a text or name has at most {TEXT_BYTES_MAX} bytes"), None)
        }
        E::Reserved(symbol) => (format!("`{symbol}` is not part of the rule language"), None),
        E::ExprTooDeep => ("the expression is nested too deeply".into(), Some("split it with `let`".into())),
        E::TooManyFunctions => ("too many functions".into(), None),
        E::MissingToken(token, why) => (format!("`{token}` is missing {why}"), None),
        other => (plain(&other.to_string()), None),
    }
}

/// Names a source declares itself, by `let`, `const`, `for`, or as a function's parameter.
fn declared(source: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut words = source.split(move |c: char| !is_word(c)).filter(|word| !word.is_empty()).peekable();
    let mut names = Vec::new();
    while let Some(word) = words.next() {
        if matches!(word, "let" | "const" | "for") {
            names.extend(words.peek().copied());
        }
    }
    let heads = source.split("fn ").skip(1).filter_map(|head| head.split_once('(')?.1.split_once(')'));
    names.extend(heads.flat_map(|(list, _)| list.split(',').map(str::trim)));
    names.into_iter()
}

/// Rhai starts its sentences with a capital and names types its own way.
fn plain(message: &str) -> String {
    let mut chars = message.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    let text: String = first.into_iter().chain(chars).collect();
    text.replace("rust_decimal::Decimal", "decimal").replace("i64", "whole number")
}

/// The one of `known` a person most likely meant by `name`.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let edits = |word: &str| strsim::damerau_levenshtein(name, word);
    // Two swapped letters of a short word are one slip, though half the word differs.
    let slip = |word: &str| name.len() >= 3 && edits(word) == 1;
    let close = |word: &&str| *word != name && (slip(word) || strsim::jaro_winkler(name, word) > 0.82);
    known.into_iter().filter(close).min_by_key(|word| edits(word))
}
