//! One order: what it asks for, and its life as a table of (state, fact) → state.

use super::ids::{BrokerOrderId, Leg, OrderRef, PermId, PlanId, Side, Stamp};
use super::market::Hours;
use super::money::{Price, Qty};
use super::plan::Tif;

/// What an order asks of the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Our name for it.
    pub reference: OrderRef,
    /// The plan it serves.
    pub plan: PlanId,
    /// Its role there.
    pub leg: Leg,
    /// Buys or sells.
    pub side: Side,
    /// Shares.
    pub qty: Qty,
    /// At what price.
    pub kind: OrderKind,
    /// How long it lives.
    pub tif: Tif,
    /// Whether it may trade outside the regular session.
    pub hours: Hours,
    /// The one-cancels-all group of the plan's exits; `None` for an entry.
    pub group: Option<String>,
    /// The entry it becomes active with, where it waits for one.
    pub parent: Option<OrderRef>,
}

/// At what price an order trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderKind {
    /// At the market.
    Market,
    /// At this price or better.
    Limit(Price),
    /// At the market once this price traded.
    Stop(Price),
}

impl OrderKind {
    /// IBKR's word: `MKT`, `LMT` or `STP`.
    pub fn word(self) -> &'static str {
        match self {
            OrderKind::Market => "MKT",
            OrderKind::Limit(_) => "LMT",
            OrderKind::Stop(_) => "STP",
        }
    }
}

/// Where an order is in its life. What was filled is counted from executions, not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderState {
    /// Durable with us, not known to have left.
    Planned,
    /// Handed to the socket; nobody has named it yet.
    Sent,
    /// Sent, and nothing known: only the broker can tell. Never sent again.
    Unknown,
    /// Named by the broker, waiting for its parent, its session or the exchange.
    Held,
    /// At work.
    Working,
    /// At work with an older price or quantity: a change was sent.
    Amending,
    /// A cancel was asked for. Fills are still possible.
    Cancelling,
    /// Neither at work nor finished (IBKR `Inactive`): it may come back.
    Inactive,
    /// Finished.
    Done(Outcome),
}

/// How an order ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Completely filled.
    Filled,
    /// Cancelled by us, by the broker, or by its group.
    Cancelled,
    /// Refused: IBKR's code and text.
    Rejected {
        /// IBKR's code; 0 where it told none.
        code: i32,
        /// IBKR's text.
        text: String,
    },
    /// Its time in force ran out.
    Expired,
    /// Never existed at the broker, as complete answers of the broker showed.
    Abandoned,
}

/// Something that happened to one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderFact {
    /// Its bytes were handed to the socket under this number.
    Sent(BrokerOrderId),
    /// Sending failed or timed out: it may or may not have left.
    Lost,
    /// The broker named it.
    Acknowledged {
        /// The number it has with our client id.
        id: BrokerOrderId,
        /// The broker's lasting number; absent while it has none.
        perm: Option<PermId>,
    },
    /// The broker holds it (`PendingSubmit`, `PreSubmitted`, `ApiPending`).
    Held,
    /// It is at work.
    Working,
    /// We asked for another price or quantity.
    AmendPlanned(Amendment),
    /// The broker confirmed the price and quantity that are now in force.
    Amended(Amendment),
    /// The broker refused the change; the order lives on as it was.
    AmendRefused {
        /// IBKR's code.
        code: i32,
        /// IBKR's text.
        text: String,
    },
    /// We asked for its end.
    CancelPlanned,
    /// The broker will neither work nor end it.
    Inactive,
    /// Completely filled, by the count of its executions.
    Filled,
    /// Cancelled.
    Cancelled,
    /// Refused.
    Rejected {
        /// IBKR's code.
        code: i32,
        /// IBKR's text.
        text: String,
    },
    /// Its time in force ran out.
    Expired,
    /// The broker never heard of it.
    Abandoned,
}

/// A new price and quantity for an order that stays the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amendment {
    /// The new price of a stop or limit.
    pub price: Price,
    /// The new total quantity, in shares.
    pub qty: Qty,
}

/// One execution, as the broker told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The broker's name for it: the key against counting it twice.
    pub id: super::ids::ExecId,
    /// Bought or sold.
    pub side: Side,
    /// Shares.
    pub qty: Qty,
    /// Per share.
    pub price: Price,
    /// When, as the exchange says (simulated: the start of the 5-second bar).
    pub at: Stamp,
}

/// A fact that cannot follow a state. The state stays; the fact is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fact:?} cannot follow {state:?}")]
pub struct BadStep {
    /// Where the order is.
    pub state: OrderState,
    /// What was said.
    pub fact: OrderFact,
}

/// The life of an order, as a table.
///
/// Repeats are normal at IBKR and change nothing; what comes late never undoes what is final; a fill always wins.
pub fn step(state: &OrderState, fact: &OrderFact) -> Result<OrderState, BadStep> {
    use OrderFact as F;
    use OrderState as S;
    Ok(match (state, fact) {
        // Facts about an order that is finished. A fill overtakes everything; the rest is an echo.
        (S::Done(Outcome::Filled), _) => S::Done(Outcome::Filled),
        (S::Done(_), F::Filled) => S::Done(Outcome::Filled),
        // The broker can hold an order that complete answers had denied. It lives.
        (S::Done(Outcome::Abandoned), F::Acknowledged { .. } | F::Held) => S::Held,
        (S::Done(Outcome::Abandoned), F::Working) => S::Working,
        // A refusal tells more than the cancellation that comes with it.
        (S::Done(Outcome::Cancelled), F::Rejected { code, text }) => {
            S::Done(Outcome::Rejected { code: *code, text: text.clone() })
        }
        (S::Done(outcome), _) => S::Done(outcome.clone()),

        (S::Planned, F::Sent(_)) => S::Sent,
        (S::Planned | S::Sent | S::Unknown, F::Lost) => S::Unknown,
        // The answer may be faster than our own note that the bytes have left.
        (later, F::Sent(_)) => later.clone(),
        (later, F::Lost) => later.clone(),

        (S::Planned | S::Sent | S::Unknown, F::Acknowledged { .. }) => S::Held,
        (later, F::Acknowledged { .. }) => later.clone(),

        // Our own wish outlives the echo of an older state.
        (S::Cancelling, F::Held | F::Working | F::Inactive) => S::Cancelling,
        (S::Amending, F::Held | F::Working) => S::Amending,
        (_, F::Held) => S::Held,
        (_, F::Working) => S::Working,
        (_, F::Inactive) => S::Inactive,

        (S::Held | S::Working | S::Amending | S::Inactive, F::AmendPlanned(_)) => S::Amending,
        (S::Amending, F::Amended(_) | F::AmendRefused { .. }) => S::Working,
        (later, F::Amended(_) | F::AmendRefused { .. }) => later.clone(),
        (_, F::CancelPlanned) => S::Cancelling,

        (_, F::Filled) => S::Done(Outcome::Filled),
        (_, F::Cancelled) => S::Done(Outcome::Cancelled),
        (_, F::Expired) => S::Done(Outcome::Expired),
        (_, F::Rejected { code, text }) => S::Done(Outcome::Rejected { code: *code, text: text.clone() }),
        (S::Planned | S::Sent | S::Unknown, F::Abandoned) => S::Done(Outcome::Abandoned),

        (state, fact @ (F::AmendPlanned(_) | F::Abandoned)) => {
            return Err(BadStep { state: state.clone(), fact: fact.clone() });
        }
    })
}

impl OrderState {
    /// Whether the order can still trade, as far as we know.
    pub fn is_live(&self) -> bool {
        !matches!(self, OrderState::Done(_))
    }

    /// The word in listings: pending|submitted|filled|cancelled|rejected|inactive|expired|unknown.
    pub fn word(&self) -> &'static str {
        match self {
            OrderState::Planned | OrderState::Sent => "pending",
            // IBKR calls a resting stop `PreSubmitted` until it triggers: held, and as good as submitted.
            OrderState::Held | OrderState::Working | OrderState::Amending | OrderState::Cancelling => {
                "submitted"
            }
            OrderState::Unknown => "unknown",
            OrderState::Inactive => "inactive",
            OrderState::Done(Outcome::Filled) => "filled",
            OrderState::Done(Outcome::Cancelled | Outcome::Abandoned) => "cancelled",
            OrderState::Done(Outcome::Rejected { .. }) => "rejected",
            OrderState::Done(Outcome::Expired) => "expired",
        }
    }
}
