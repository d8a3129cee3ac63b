//! Every fact we remember, in the past tense. The journal is a list of these; the book is their fold.

use super::ids::{Direction, ExecId, OrderRef, PlanId, Stamp, Symbol};
use super::market::Candle;
use super::money::{Cash, Price, Qty};
use super::order::{Execution, OrderFact, Ticket};
use super::plan::Plan;
use super::risk::{Bracket, Denied};

pub use super::told::Told;

/// A fact and the moment it became known, in the broker's time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// When.
    pub at: Stamp,
    /// What.
    pub event: Event,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A plan was taken in force and waits for its entry. Holds the whole plan: a position keeps the plan it was
    /// entered with, whatever becomes of the file.
    PlanArmed {
        /// The plan.
        plan: Box<Plan>,
    },
    /// An edit took effect.
    PlanChanged {
        /// The plan as it is in force now.
        plan: Box<Plan>,
    },
    /// An edit came too late; the old version stays.
    PlanEditRefused {
        /// The plan.
        plan: PlanId,
        /// What cannot change any more, and why.
        why: String,
    },
    /// The plan's file is gone while it has a position or working orders: its stop stays and keeps trailing.
    PlanOrphaned {
        /// The plan.
        plan: PlanId,
    },
    /// The plan is over.
    PlanEnded {
        /// The plan.
        plan: PlanId,
        /// How.
        how: Ending,
    },
    /// The rule said enter at a session's last candle: decided on the next session's first bar.
    SignalHeld {
        /// The plan.
        plan: PlanId,
        /// The end of the candle that signalled.
        candle_end: Stamp,
        /// The rule's reason.
        why: String,
    },
    /// A limit stood in the way. The plan stays armed.
    EntryRefused {
        /// The plan.
        plan: PlanId,
        /// Which limit.
        denied: Denied,
    },
    /// An entry with its protection is about to be sent.
    EntryPlanned {
        /// The orders.
        bracket: Box<Bracket>,
        /// The account value the size was computed from, in account currency.
        account: Cash,
        /// The rule's reason.
        why: String,
    },
    /// An order that closes or protects a position by itself is about to be sent.
    OrderPlanned {
        /// The order.
        ticket: Ticket,
        /// Why.
        why: ExitReason,
        /// The same for people.
        text: String,
    },
    /// Something happened to an order.
    Order {
        /// The order.
        reference: OrderRef,
        /// What.
        fact: OrderFact,
    },
    /// An execution was counted.
    Executed {
        /// The order.
        reference: OrderRef,
        /// What was executed.
        execution: Execution,
    },
    /// An execution's costs became known.
    Charged {
        /// The execution.
        exec: ExecId,
        /// Commission and fees, in account currency.
        amount: Cash,
    },
    /// A candle closed while the plan had a position, and its rule looked at it.
    CandleJudged {
        /// The plan.
        plan: PlanId,
        /// The candle.
        candle: Candle,
        /// The best price since the entry, this candle included.
        best: Price,
    },
    /// A rule proposed a stop that the gate refused.
    StopRefused {
        /// The plan.
        plan: PlanId,
        /// Why, with both prices.
        why: String,
    },
    /// A rule did not come to a clean end. The resting stop stays.
    RuleFailed {
        /// The plan.
        plan: PlanId,
        /// What happened.
        why: String,
    },
    /// The broker's position and ours differ. The symbol is frozen for entries.
    PositionMismatch {
        /// The symbol.
        symbol: Symbol,
        /// Ours, in shares, negative when short.
        ours: i64,
        /// The broker's.
        broker: i64,
    },
    /// The broker's position and ours agree again.
    PositionAgrees {
        /// The symbol.
        symbol: Symbol,
    },
    /// The books and the broker were compared, and agree as far as they ever will.
    Reconciled {
        /// Orders of ours at work.
        open_orders: usize,
        /// Positions of ours.
        positions: usize,
    },
    /// The connection to the broker was lost.
    ConnectionLost {
        /// What was seen.
        why: String,
    },
}

/// How a plan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Its position was closed.
    Closed,
    /// Its rule cancelled it before the entry.
    Cancelled,
    /// Its file was removed before the entry.
    Removed,
    /// Its entry was sent and never filled: refused, cancelled or expired at the broker.
    EntryFailed,
}

impl Ending {
    /// The word people read.
    pub fn word(self) -> &'static str {
        match self {
            Ending::Closed => "closed",
            Ending::Cancelled => "cancelled",
            Ending::Removed => "removed",
            Ending::EntryFailed => "entry failed",
        }
    }
}

/// What closed a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitReason {
    /// The resting stop.
    Stop,
    /// The target.
    Target,
    /// The exit rule said so.
    Rule,
    /// A person said so.
    Operator,
    /// prusik did, because the position could not be protected.
    Protection,
    /// Somebody else did, at the broker.
    External,
}

impl ExitReason {
    /// The word in listings.
    pub fn word(self) -> &'static str {
        match self {
            ExitReason::Stop => "stop",
            ExitReason::Target => "target",
            ExitReason::Rule => "rule",
            ExitReason::Operator => "operator",
            ExitReason::Protection => "protection",
            ExitReason::External => "external",
        }
    }
}

/// A position from its first fill to its last, as it stands in the trade record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trade {
    /// The plan.
    pub plan: PlanId,
    /// What was traded.
    pub symbol: Symbol,
    /// Which way it earned.
    pub direction: Direction,
    /// Shares.
    pub qty: Qty,
    /// Average price of the entry, per share.
    pub entry_price: rust_decimal::Decimal,
    /// The first entry fill.
    pub entry_time: Stamp,
    /// Average price of the exit, per share.
    pub exit_price: rust_decimal::Decimal,
    /// The last exit fill.
    pub exit_time: Stamp,
    /// What closed it.
    pub exit_reason: ExitReason,
    /// Profit after fees, in account currency.
    pub pnl: Cash,
    /// Commissions, in account currency.
    pub fees: Cash,
    /// pnl ÷ (quantity × |entry fill − initial stop|), two decimals; absent where that is zero.
    pub r_multiple: Option<rust_decimal::Decimal>,
}
