//! What a rule may answer, and how an answer is read. There is no quantity in it: size belongs to the risk gate.

use rhai::{Array, Dynamic};
use rust_decimal::Decimal;

use crate::domain::money::Price;
use crate::domain::ports::{EntryProposal, TrailProposal};

use super::view::{describe, number};

const ENTRY_ALLOWED: &str = "an entry rule answers wait(), enter(why) or cancel(why)";
const TRAIL_ALLOWED: &str =
    "a trailing rule answers keep(), a price, move_stop(price), exit_now(why), or a list of these";

/// The value of `wait()`, `enter(why)`, … inside a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proposal {
    Wait,
    Enter(String),
    Cancel(String),
    Keep,
    MoveStop(Decimal),
    ExitNow(String),
}

impl Proposal {
    /// The word that makes it.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Proposal::Wait => "wait",
            Proposal::Enter(_) => "enter",
            Proposal::Cancel(_) => "cancel",
            Proposal::Keep => "keep",
            Proposal::MoveStop(_) => "move_stop",
            Proposal::ExitNow(_) => "exit_now",
        }
    }
}

/// One of the two things a rule is asked.
pub(super) struct Question<P> {
    /// The function of the script.
    pub(super) hook: &'static str,
    /// Reads its answer.
    pub(super) read: fn(Dynamic) -> Result<P, BadAnswer>,
    /// The answer of a rule that still waits for candles.
    pub(super) quiet: fn() -> P,
}

/// Shall the plan enter?
pub(super) const ENTRY: Question<EntryProposal> =
    Question { hook: "entry", read: entry, quiet: || EntryProposal::Wait };
/// Where shall the stop be?
pub(super) const TRAIL: Question<Vec<TrailProposal>> =
    Question { hook: "trail", read: trail, quiet: || vec![TrailProposal::Keep] };

/// An answer that is none: what came back, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadAnswer {
    pub(super) message: String,
    pub(super) help: &'static str,
}

/// Reads what `entry` returned.
fn entry(answer: Dynamic) -> Result<EntryProposal, BadAnswer> {
    let bad = BadAnswer { message: format!("entry returned {}", describe(&answer)), help: ENTRY_ALLOWED };
    match answer.try_cast::<Proposal>() {
        Some(Proposal::Wait) => Ok(EntryProposal::Wait),
        Some(Proposal::Enter(why)) => Ok(EntryProposal::Enter { why }),
        Some(Proposal::Cancel(why)) => Ok(EntryProposal::Cancel { why }),
        Some(Proposal::Keep | Proposal::MoveStop(_) | Proposal::ExitNow(_)) | None => Err(bad),
    }
}

/// Reads what `trail` returned. An empty list keeps.
fn trail(answer: Dynamic) -> Result<Vec<TrailProposal>, BadAnswer> {
    if answer.is_array() {
        let list: Array = answer.into_array().unwrap_or_default();
        return list.into_iter().map(|item| one_trail(item, "trail returned a list with ")).collect();
    }
    one_trail(answer, "trail returned ").map(|proposal| vec![proposal])
}

fn one_trail(answer: Dynamic, returned: &str) -> Result<TrailProposal, BadAnswer> {
    if let Some(price) = number(&answer) {
        let price = price_of(price).map_err(|no| BadAnswer {
            message: format!("{returned}{}: {no}", describe(&answer)),
            help: TRAIL_ALLOWED,
        })?;
        return Ok(TrailProposal::MoveStop(price));
    }
    let bad = BadAnswer { message: format!("{returned}{}", describe(&answer)), help: TRAIL_ALLOWED };
    match answer.try_cast::<Proposal>() {
        Some(Proposal::Keep) => Ok(TrailProposal::Keep),
        Some(Proposal::MoveStop(price)) => Ok(TrailProposal::MoveStop(price)),
        Some(Proposal::ExitNow(why)) => Ok(TrailProposal::ExitNow { why }),
        Some(Proposal::Wait | Proposal::Enter(_) | Proposal::Cancel(_)) | None => Err(bad),
    }
}

/// `raw`, where it is a price; else why not.
pub(super) fn price_of(raw: Decimal) -> Result<Decimal, String> {
    Price::new(raw).map(|_| raw).map_err(|error| format!("{error}, so it is no price"))
}
