//! What the core asks of its rules, in the domain's words: it shows a view, it gets a proposal.

use rust_decimal::Decimal;

use super::ids::{Direction, Stamp};
use super::market::Candle;
use super::money::{Cash, Price, Qty, Tick};
use super::plan::Plan;

/// Everything a rule may look at. Built anew for every call; a rule can keep nothing of it.
#[derive(Debug, Clone)]
pub struct View<'a> {
    /// The moment of the decision.
    pub now: Stamp,
    /// Closed candles of the rule's timeframe, oldest first; the last one just closed. At least one.
    pub candles: &'a [Candle],
    /// How many of them closed since the plan was armed.
    pub since_armed: usize,
    /// The contract's price step.
    pub tick: Tick,
    /// The plan's position; absent while it has none.
    pub position: Option<PositionView>,
}

/// A position, as a rule may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionView {
    /// Which way it earns.
    pub direction: Direction,
    /// Average price of its entry fills.
    pub entry: Price,
    /// Where the stop rests, or was asked to rest.
    pub stop: Price,
    /// Where the first stop was.
    pub initial_stop: Price,
    /// Shares held.
    pub qty: Qty,
    /// The best price since the entry: the highest high (short: lowest low) of the candles that began at or after
    /// the 5-second bar of the entry fill.
    pub best: Price,
    /// How many such candles have closed, the latest included.
    pub bars_held: u32,
    /// Profit at the latest close before fees, in account currency.
    pub pnl: Cash,
    /// The same in units of the initial risk.
    pub r: Decimal,
}

/// What an entry rule proposes. There is no size in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryProposal {
    /// Nothing yet.
    Wait,
    /// Enter now.
    Enter {
        /// The rule's reason, for people.
        why: String,
    },
    /// Never enter; the plan is done.
    Cancel {
        /// The rule's reason, for people.
        why: String,
    },
}

/// What a trailing rule proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrailProposal {
    /// Leave the stop where it is.
    Keep,
    /// Move the stop. The gate rounds it to the tick, and refuses what is looser.
    MoveStop(Decimal),
    /// Close the position at market.
    ExitNow {
        /// The rule's reason, for people.
        why: String,
    },
}

/// A rule that did not come to a clean end. Nothing of what it proposed counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule {rule}, {hook}: {message}")]
pub struct RuleFault {
    /// The rule's name.
    pub rule: String,
    /// `entry` or `trail`.
    pub hook: &'static str,
    /// What happened, with line and column where known.
    pub message: String,
}

/// The answer of one call: the proposal, and the lines the rule wrote for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<P> {
    /// What it proposes.
    pub proposal: P,
    /// Bounded lines of `ctx.log`.
    pub log: Vec<String>,
}

/// The rules of the plans. A pure function of plan and view; an implementation contains what goes wrong in it.
pub trait Rules {
    /// Asks the plan's entry rule. Called for an armed plan on each closed candle.
    fn entry(&mut self, plan: &Plan, view: &View<'_>) -> Result<Answer<EntryProposal>, RuleFault>;

    /// Asks the plan's exit rule. Called for an open position on each closed candle; `view.position` is present.
    /// A rule may propose several things; the engine takes an exit over a stop, and the tightest of several stops.
    fn trail(&mut self, plan: &Plan, view: &View<'_>) -> Result<Answer<Vec<TrailProposal>>, RuleFault>;
}
