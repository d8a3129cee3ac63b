//! What goes out to Discord, and in which words. Pure.

use crate::domain::event::Told;
use crate::domain::plan::Severity;

/// The longest content Discord takes. Counted in UTF-16 units, the strictest way to read its "characters".
pub const CONTENT_UNITS_MAX: usize = 2_000;
/// The longest sentence before its escapes, where escaping would make it too long: escaping at most doubles it.
const SENTENCE_UNITS_MAX: usize = 850;
/// How much of a shortened sentence's end is kept: the order's reference stands there.
const TAIL_UNITS_MAX: usize = 250;

/// Whether orders reach a market or a simulation; people must be able to tell from every message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is real; messages start with `[SIMULATION]`.
    Paper,
    /// Real money.
    Live,
}

/// What may be given up first when messages pile up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Good to know; dropped first, oldest first.
    Info,
    /// Alarms, failures and refusals; never dropped while anything informational waits.
    Urgent,
}

/// One message for a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What may be given up first.
    pub priority: Priority,
    /// Escaped Discord markdown, at most [`CONTENT_UNITS_MAX`] long.
    pub text: String,
}

/// The message of what was told; `None` for what stays on the log only.
///
/// Moves of a stop, armed plans and the lines of rules stay there: Discord takes some thirty messages a minute.
pub fn message(told: &Told, mode: Mode) -> Option<Message> {
    let priority = priority(told)?;
    let prefix = match mode {
        Mode::Paper => "[SIMULATION] ",
        Mode::Live => "",
    };
    let text = format!("{prefix}{}{}", escaped_sentence(&told.to_string()), detail(told));
    debug_assert!(units(&text) <= CONTENT_UNITS_MAX);
    Some(Message { priority, text })
}

fn priority(told: &Told) -> Option<Priority> {
    match told {
        Told::Refused { .. } | Told::EditRefused { .. } | Told::Failed { .. } | Told::Alarm { .. } => {
            Some(Priority::Urgent)
        }
        // Who edits a plan and breaks it has the old one in force, and should not believe otherwise.
        Told::Problem { problem } => (problem.severity == Severity::Error).then_some(Priority::Info),
        // A rule in trouble is in trouble again at every candle: it must not push an alarm out.
        Told::RuleTrouble { .. }
        | Told::Placed { .. }
        | Told::Filled { .. }
        | Told::Closed { .. }
        | Told::Held { .. }
        | Told::Orphaned { .. } => Some(Priority::Info),
        Told::Armed { .. }
        | Told::Changed { .. }
        | Told::Ended { .. }
        | Told::Protected { .. }
        | Told::StopMoved { .. }
        | Told::RuleSays { .. }
        | Told::Info { .. } => None,
    }
}

/// A refusal's limit by its name in `prusik.yaml`, with where it stands and how far it goes.
fn detail(told: &Told) -> String {
    let Told::Refused { denied, .. } = told else { return String::new() };
    let mut line = format!("\nlimit {}", denied.limit());
    if let (Some(current), Some(max)) = (denied.current(), denied.max()) {
        line += &format!(", current {current}, max {max}");
    }
    line
}

fn escaped_sentence(sentence: &str) -> String {
    let escaped = escape(sentence);
    // Cut before escaping: a cut inside an escape would let the rest through.
    if units(&escaped) <= 2 * SENTENCE_UNITS_MAX { escaped } else { escape(&shortened(sentence)) }
}

/// At most [`SENTENCE_UNITS_MAX`], the middle left out.
fn shortened(sentence: &str) -> String {
    let head = prefix_within(sentence.chars(), SENTENCE_UNITS_MAX - TAIL_UNITS_MAX - 1);
    let tail = prefix_within(sentence.chars().rev(), TAIL_UNITS_MAX);
    head.into_iter().chain(['…']).chain(tail.into_iter().rev()).collect()
}

fn prefix_within(chars: impl Iterator<Item = char>, units_max: usize) -> Vec<char> {
    let mut used = 0;
    chars
        .take_while(|c| {
            used += c.len_utf16();
            used <= units_max
        })
        .collect()
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// `text` as Discord shows it letter by letter: no markdown, no mention, no link, no hidden reordering.
///
/// What means something only at the start of a line stays: a sentence never starts with a text from outside. An
/// underscore inside a word stays too, Discord shows it as it is, so that `SPY_1` can be searched for.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied().unwrap_or(' ');
        match c {
            '_' if before.is_ascii_alphanumeric() && after.is_ascii_alphanumeric() => escaped.push(c),
            ':' if after != '/' => escaped.push(c),
            '\\' | '*' | '_' | '~' | '`' | '|' | '<' | '[' | ']' | ':' => escaped.extend(['\\', c]),
            // A backslash does not stop a mention everywhere; a space without width does.
            '@' => escaped.extend([c, '\u{200b}']),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            _ => escaped.push(c),
        }
        before = c;
    }
    escaped
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
