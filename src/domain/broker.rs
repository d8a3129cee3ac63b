//! What a broker tells us, in the domain's words. The adapter translates; nothing here knows a protocol.

use super::ids::{BrokerOrderId, ExecId, OrderRef, PermId, Side, Symbol};
use super::money::{Cash, Price, Qty};
use super::order::{Execution, OrderKind};

/// One thing the broker said about orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrokerFact {
    /// The whole order as it stands at the broker (IBKR `openOrder`).
    Report(OrderReport),
    /// A short status (IBKR `orderStatus`). It names the order by numbers only.
    Status(OrderStatus),
    /// An execution.
    Executed(ExecutionReport),
    /// What an execution cost, in account currency.
    Charged {
        /// The execution.
        exec: ExecId,
        /// Commission and fees, zero or above.
        amount: Cash,
    },
    /// An error or a warning about an order.
    Remark {
        /// The order.
        id: BrokerOrderId,
        /// IBKR's code.
        code: i32,
        /// IBKR's text.
        text: String,
        /// What the code means for the order.
        verdict: Verdict,
    },
}

/// The whole of an order, as the broker has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderReport {
    /// Our name for it; `None` for orders that are not ours.
    pub reference: Option<OrderRef>,
    /// Its number with our client id; absent for completed orders.
    pub id: Option<BrokerOrderId>,
    /// Its lasting number, absent while it has none.
    pub perm: Option<PermId>,
    /// What it trades.
    pub symbol: Symbol,
    /// Buys or sells.
    pub side: Side,
    /// Total quantity, in shares.
    pub qty: Qty,
    /// At what price; `None` for an order type that is not ours.
    pub kind: Option<OrderKind>,
    /// Where it stands.
    pub standing: Standing,
}

/// The short status of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderStatus {
    /// Its number with our client id.
    pub id: BrokerOrderId,
    /// Its lasting number, absent while it has none.
    pub perm: Option<PermId>,
    /// Where it stands.
    pub standing: Standing,
    /// Shares filled. A hint: fills are counted from executions.
    pub filled: Qty,
}

/// Where an order stands at the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Received and not at work: `ApiPending`, `PendingSubmit`, `PreSubmitted`.
    Held,
    /// At work: `Submitted`.
    Working,
    /// A cancel is under way: `PendingCancel`.
    Cancelling,
    /// `Inactive`: refused, held or outside its hours.
    Inactive,
    /// `Filled`.
    Filled,
    /// `Cancelled`, `ApiCancelled`.
    Cancelled,
    /// A word we do not know: look again.
    Unclear,
}

/// What a code means for the order it came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The request was refused: a new order is dead, a changed one lives on as it was.
    Refused,
    /// The order is cancelled.
    Cancelled,
    /// A remark on an order that lives.
    Warning,
    /// Our picture of the order may be wrong: ask the broker.
    LookAgain,
}

/// An execution and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionReport {
    /// Our name for the order; `None` for executions of others.
    pub reference: Option<OrderRef>,
    /// The order's number with the client that gave it.
    pub id: BrokerOrderId,
    /// The order's lasting number.
    pub perm: Option<PermId>,
    /// What was traded.
    pub symbol: Symbol,
    /// What happened.
    pub execution: Execution,
}

/// A position in the account, whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PositionRow {
    /// What is held.
    pub symbol: Symbol,
    /// Shares; negative when short.
    pub shares: i64,
    /// Average price paid per share, where the broker tells it.
    pub average_cost: Option<Price>,
}

/// The account, as last told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Net liquidation value, in account currency.
    pub net_liquidation: Cash,
    /// What may be spent on new positions, in account currency.
    pub buying_power: Cash,
    /// Three letters.
    pub currency: String,
}

/// Everything the broker has, asked for at once: each part ended with its end marker.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Orders at work, of every client.
    pub open: Vec<OrderReport>,
    /// Orders that ended, as long as the broker remembers.
    pub completed: Vec<OrderReport>,
    /// Executions, as long as the broker remembers.
    pub executions: Vec<ExecutionReport>,
    /// Commissions that came with them.
    pub charges: Vec<(ExecId, Cash)>,
    /// Positions.
    pub positions: Vec<PositionRow>,
}

/// Whether orders can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// No connection, or the books are not reconciled: nothing is sent, nothing is decided.
    Down,
    /// Connected, with doubts: exits and cancels only.
    Degraded,
    /// Reconciled.
    Ready,
}
