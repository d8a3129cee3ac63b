//! The on-disk spelling of every event: one JSON object on one line, with stable field names and a version.
//!
//! Decimals are strings, shares and ids numbers, times RFC 3339 in UTC, what is absent is null. Every body begins
//! with `"v":1`. What an old prusik cannot read in full, it refuses; it never reads a part of a record.

mod leaf;
mod parts;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use self::leaf::text;
use self::parts::{
    BracketParts, CandleParts, DeniedParts, ExecutionParts, OrderFactParts, PlanParts, TicketParts,
};
use crate::domain::event::{Ending, Event, ExitReason};
use crate::domain::ids::{ExecId, OrderRef, PlanId, Stamp, Symbol};
use crate::domain::market::Candle;
use crate::domain::money::{Cash, Price};
use crate::domain::order::{Execution, OrderFact, Ticket};
use crate::domain::plan::Plan;
use crate::domain::risk::{Bracket, Denied};

/// The version every body carries as `v`.
pub const VERSION: u32 = 1;

/// An event as it stands in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelled {
    /// What happened: a snake_case word that never changes its meaning.
    pub kind: &'static str,
    /// The rest, as a JSON object on one line.
    pub body: String,
}

/// Why a row is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// No event of that name.
    #[error("unknown kind `{0}`")]
    Kind(String),
    /// The body has no such shape.
    #[error("field `{field}`: {what}")]
    Field {
        /// Where in the body, as a path: `bracket.entry.qty`; empty where the body as a whole is meant.
        field: String,
        /// What is wrong there.
        what: String,
    },
}

/// The spelling of `event`. The same event is always spelled the same.
pub fn encode(event: &Event) -> Spelled {
    let v = Version;
    match event.clone() {
        Event::PlanArmed { plan } => spell("plan_armed", &WholePlan { v, plan: *plan }),
        Event::PlanChanged { plan } => spell("plan_changed", &WholePlan { v, plan: *plan }),
        Event::PlanEditRefused { plan, why } => spell("plan_edit_refused", &PlanWhy { v, plan, why }),
        Event::PlanOrphaned { plan } => spell("plan_orphaned", &PlanAlone { v, plan }),
        Event::PlanEnded { plan, how } => spell("plan_ended", &PlanEnded { v, plan, how }),
        Event::SignalHeld { plan, candle_end, why } => {
            spell("signal_held", &SignalHeld { v, plan, candle_end, why })
        }
        Event::EntryRefused { plan, denied } => {
            let message = format!("plan {plan} refused: {denied}");
            spell("entry_refused", &EntryRefused { v, plan, denied, message })
        }
        Event::EntryPlanned { bracket, account, why } => {
            spell("entry_planned", &EntryPlanned { v, bracket: *bracket, account, why })
        }
        Event::OrderPlanned { ticket, why, text } => {
            spell("order_planned", &OrderPlanned { v, ticket, why, text })
        }
        Event::Order { reference, fact } => spell("order", &Order { v, reference, fact }),
        Event::Executed { reference, execution } => spell("executed", &Executed { v, reference, execution }),
        Event::Charged { exec, amount } => spell("charged", &Charged { v, exec, amount }),
        Event::CandleJudged { plan, candle, best } => {
            spell("candle_judged", &CandleJudged { v, plan, candle, best })
        }
        Event::StopRefused { plan, why } => spell("stop_refused", &PlanWhy { v, plan, why }),
        Event::RuleFailed { plan, why } => spell("rule_failed", &PlanWhy { v, plan, why }),
        Event::PositionMismatch { symbol, ours, broker } => {
            spell("position_mismatch", &PositionMismatch { v, symbol, ours, broker })
        }
        Event::PositionAgrees { symbol } => spell("position_agrees", &PositionAgrees { v, symbol }),
        Event::Reconciled { open_orders, positions } => {
            spell("reconciled", &Reconciled { v, open_orders, positions })
        }
        Event::ConnectionLost { why } => spell("connection_lost", &ConnectionLost { v, why }),
    }
}

/// The event of a row. Refuses with [`RecordError`] what this version cannot read in full.
pub fn decode(kind: &str, body: &str) -> Result<Event, RecordError> {
    Ok(match kind {
        "plan_armed" => {
            let WholePlan { v: _, plan } = read(body)?;
            Event::PlanArmed { plan: Box::new(plan) }
        }
        "plan_changed" => {
            let WholePlan { v: _, plan } = read(body)?;
            Event::PlanChanged { plan: Box::new(plan) }
        }
        "plan_edit_refused" => {
            let PlanWhy { v: _, plan, why } = read(body)?;
            Event::PlanEditRefused { plan, why }
        }
        "plan_orphaned" => {
            let PlanAlone { v: _, plan } = read(body)?;
            Event::PlanOrphaned { plan }
        }
        "plan_ended" => {
            let PlanEnded { v: _, plan, how } = read(body)?;
            Event::PlanEnded { plan, how }
        }
        "signal_held" => {
            let SignalHeld { v: _, plan, candle_end, why } = read(body)?;
            Event::SignalHeld { plan, candle_end, why }
        }
        "entry_refused" => {
            // The sentence was for people; the numbers it was made of are the record.
            let EntryRefused { v: _, plan, denied, message: _ } = read(body)?;
            Event::EntryRefused { plan, denied }
        }
        "entry_planned" => {
            let EntryPlanned { v: _, bracket, account, why } = read(body)?;
            Event::EntryPlanned { bracket: Box::new(bracket), account, why }
        }
        "order_planned" => {
            let OrderPlanned { v: _, ticket, why, text } = read(body)?;
            Event::OrderPlanned { ticket, why, text }
        }
        "order" => {
            let Order { v: _, reference, fact } = read(body)?;
            Event::Order { reference, fact }
        }
        "executed" => {
            let Executed { v: _, reference, execution } = read(body)?;
            Event::Executed { reference, execution }
        }
        _ => return decode_rest(kind, body),
    })
}

/// The kinds that no order is about.
fn decode_rest(kind: &str, body: &str) -> Result<Event, RecordError> {
    Ok(match kind {
        "charged" => {
            let Charged { v: _, exec, amount } = read(body)?;
            Event::Charged { exec, amount }
        }
        "candle_judged" => {
            let CandleJudged { v: _, plan, candle, best } = read(body)?;
            Event::CandleJudged { plan, candle, best }
        }
        "stop_refused" => {
            let PlanWhy { v: _, plan, why } = read(body)?;
            Event::StopRefused { plan, why }
        }
        "rule_failed" => {
            let PlanWhy { v: _, plan, why } = read(body)?;
            Event::RuleFailed { plan, why }
        }
        "position_mismatch" => {
            let PositionMismatch { v: _, symbol, ours, broker } = read(body)?;
            Event::PositionMismatch { symbol, ours, broker }
        }
        "position_agrees" => {
            let PositionAgrees { v: _, symbol } = read(body)?;
            Event::PositionAgrees { symbol }
        }
        "reconciled" => {
            let Reconciled { v: _, open_orders, positions } = read(body)?;
            Event::Reconciled { open_orders, positions }
        }
        "connection_lost" => {
            let ConnectionLost { v: _, why } = read(body)?;
            Event::ConnectionLost { why }
        }
        unknown => return Err(RecordError::Kind(unknown.to_owned())),
    })
}

fn spell<T: Serialize>(kind: &'static str, body: &T) -> Spelled {
    let body = serde_json::to_string(body).expect("texts and numbers under texts are always JSON");
    Spelled { kind, body }
}

fn read<T: DeserializeOwned>(body: &str) -> Result<T, RecordError> {
    serde_json::from_str(body).map_err(|error| {
        let said = error.to_string();
        // serde_json ends with the place; we name the field instead.
        let what = said.rsplit_once(" at line ").map_or(said.as_str(), |(what, _)| what);
        RecordError::Field { field: field_at(body, error.column()), what: what.to_owned() }
    })
}

/// The path of the field that the first `column` bytes of a JSON text on one line end in.
fn field_at(body: &str, column: usize) -> String {
    let bytes = &body.as_bytes()[..column.min(body.len())];
    let mut path: Vec<String> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => path.push(String::new()),
            b'}' | b']' => drop(path.pop()),
            b'"' => {
                let start = at + 1;
                at = start;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                let is_key = start >= 2 && matches!(bytes[start - 2], b'{' | b',');
                if let (true, Some(key)) = (is_key, path.last_mut()) {
                    *key = String::from_utf8_lossy(&bytes[start..at.min(bytes.len())]).into_owned();
                }
            }
            _ => {}
        }
        at += 1;
    }
    path.retain(|key| !key.is_empty());
    path.join(".")
}

/// The `v` of a body: [`VERSION`], and nothing else is read.
#[derive(Clone, Copy)]
struct Version;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u32(VERSION)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Version, D::Error> {
        match u32::deserialize(from)? {
            VERSION => Ok(Version),
            other => Err(de::Error::custom(format!("version {other}; this prusik reads version {VERSION}"))),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WholePlan {
    v: Version,
    #[serde(with = "PlanParts")]
    plan: Plan,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanWhy {
    v: Version,
    #[serde(with = "text")]
    plan: PlanId,
    why: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanAlone {
    v: Version,
    #[serde(with = "text")]
    plan: PlanId,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanEnded {
    v: Version,
    #[serde(with = "text")]
    plan: PlanId,
    #[serde(with = "text")]
    how: Ending,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignalHeld {
    v: Version,
    #[serde(with = "text")]
    plan: PlanId,
    #[serde(with = "text")]
    candle_end: Stamp,
    why: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryRefused {
    v: Version,
    #[serde(with = "text")]
    plan: PlanId,
    #[serde(with = "DeniedParts")]
    denied: Denied,
    message: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryPlanned {
    v: Version,
    #[serde(with = "BracketParts")]
    bracket: Bracket,
    #[serde(with = "text")]
    account: Cash,
    why: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderPlanned {
    v: Version,
    #[serde(with = "TicketParts")]
    ticket: Ticket,
    #[serde(with = "text")]
    why: ExitReason,
    text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    v: Version,
    #[serde(with = "text")]
    reference: OrderRef,
    #[serde(with = "OrderFactParts")]
    fact: OrderFact,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Executed {
    v: Version,
    #[serde(with = "text")]
    reference: OrderRef,
    #[serde(with = "ExecutionParts")]
    execution: Execution,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Charged {
    v: Version,
    #[serde(with = "text")]
    exec: ExecId,
    #[serde(with = "text")]
    amount: Cash,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CandleJudged {
    v: Version,
    #[serde(with = "text")]
    plan: PlanId,
    #[serde(with = "CandleParts")]
    candle: Candle,
    #[serde(with = "text")]
    best: Price,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PositionMismatch {
    v: Version,
    #[serde(with = "text")]
    symbol: Symbol,
    ours: i64,
    broker: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PositionAgrees {
    v: Version,
    #[serde(with = "text")]
    symbol: Symbol,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reconciled {
    v: Version,
    open_orders: usize,
    positions: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectionLost {
    v: Version,
    why: String,
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
