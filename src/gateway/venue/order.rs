//! An order, from its client's words to its last execution.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Who an order belongs to: ids are each client's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::gateway) struct Key {
    pub(in crate::gateway) client: i32,
    pub(in crate::gateway) id: i32,
}

impl Key {
    /// The key of every order that was entered by hand and has not been bound: it belongs to nobody.
    pub(in crate::gateway) const UNBOUND: Key = Key { client: 0, id: 0 };

    /// The client that hears of an order with this key.
    pub(in crate::gateway) fn owner(self) -> Option<i32> {
        (self != Key::UNBOUND).then_some(self.client)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) enum Side {
    Buy,
    Sell,
}

impl Side {
    /// The shares with the sign of what they do to a position.
    pub(in crate::gateway) fn signed(self, quantity: i64) -> i64 {
        match self {
            Side::Buy => quantity,
            Side::Sell => -quantity,
        }
    }
}

/// What an order waits for. Prices are on the tick and above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) enum Kind {
    Market,
    Limit(Decimal),
    Stop(Decimal),
    /// Waits for the stop, then rests as the limit.
    StopLimit {
        stop: Decimal,
        limit: Decimal,
    },
    /// A stop that follows the best price. `start` is where it begins, if its client said so.
    Trail {
        by: Distance,
        start: Option<Decimal>,
    },
}

/// How far a trailing stop keeps from the best price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) enum Distance {
    /// In dollars.
    Amount(Decimal),
    /// In percent of the best price.
    Percent(Decimal),
}

impl Kind {
    /// The price at which an order is judged before it fills: its own, or the last.
    pub(in crate::gateway) fn reference(self, last: Option<Decimal>) -> Option<Decimal> {
        match self {
            Kind::Market => last,
            Kind::Limit(price) | Kind::Stop(price) | Kind::StopLimit { limit: price, .. } => Some(price),
            Kind::Trail { start, .. } => start.or(last),
        }
    }

    /// Whether an order of this kind may act outside the session when it asks to.
    pub(in crate::gateway) fn knows_any_hour(self) -> bool {
        matches!(self, Kind::Limit(_) | Kind::StopLimit { .. })
    }
}

/// How long an order lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) enum Life {
    Day,
    UntilCancelled,
    /// Until a second of the epoch.
    Until(i64),
}

/// When an order may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) enum Reach {
    Session,
    AnyHour,
}

/// Whether an order goes to the exchange at once or waits for one that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) enum Transmit {
    Now,
    Hold,
}

/// An order as its client wrote it, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) struct Ticket {
    pub(in crate::gateway) key: Key,
    /// The symbol's place in symbol order.
    pub(in crate::gateway) symbol: usize,
    pub(in crate::gateway) side: Side,
    /// Whole shares, at least one: what has filled and what has not.
    pub(in crate::gateway) quantity: i64,
    pub(in crate::gateway) kind: Kind,
    pub(in crate::gateway) life: Life,
    pub(in crate::gateway) reach: Reach,
    pub(in crate::gateway) transmit: Transmit,
    /// The order id of the parent; 0 for none.
    pub(in crate::gateway) parent: i32,
    /// Empty for none.
    pub(in crate::gateway) oca_group: String,
    pub(in crate::gateway) oca_type: i32,
    pub(in crate::gateway) trigger_method: i32,
    pub(in crate::gateway) order_ref: String,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) enum State {
    /// Not sent to the exchange yet.
    Held,
    /// Sent; acts when its parent has filled.
    Waiting,
    Working,
    /// Filled whole; the last execution is at this place.
    Filled(usize),
    Cancelled(Reason),
    /// Refused after it had been taken.
    Inactive(Rejection),
}

impl State {
    pub(in crate::gateway) fn is_live(self) -> bool {
        matches!(self, State::Held | State::Waiting | State::Working)
    }
}

/// Why an order was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) enum Reason {
    Asked,
    Parent,
    OcaGroup,
    Expired,
    /// A change of it named a parent that is done.
    Orphaned,
    /// It had not been transmitted, and was lost with the gateway that held it: nobody is told.
    Lost,
}

/// Why an order was refused after it had been taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) enum Rejection {
    /// It would bind more than the account has free: the equity and the margin that it would leave, in dollars.
    Margin { equity: Decimal, margin: Decimal },
    /// An order of its group has filled before it came.
    GroupFilled,
    /// A fault asked for it, and says why.
    OnDemand,
}

/// What a client is told of an order's standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Status {
    PreSubmitted,
    Submitted,
    PendingCancel,
    Filled,
    Cancelled,
    Inactive,
}

/// How an order stood at one moment. It is told when the instant is over, and may have gone on since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) struct Standing {
    pub(in crate::gateway) status: Status,
    pub(in crate::gateway) quantity: i64,
    pub(in crate::gateway) filled: i64,
    /// The place of its last execution.
    pub(in crate::gateway) last: Option<usize>,
    pub(in crate::gateway) waits: Waits,
    /// Where a trailing stop stands.
    pub(in crate::gateway) trail_stop: Option<Decimal>,
}

/// What a live order waits for before it is at the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Waits {
    Nothing,
    ForParent,
    ForTrigger,
}

/// What a working order is to the bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Market,
    /// None: a trailing stop that has seen no price yet.
    Stop(Option<Decimal>),
    Limit(Decimal),
}

/// One order the venue has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) struct Order {
    pub(in crate::gateway) ticket: Ticket,
    pub(in crate::gateway) perm_id: i64,
    pub(in crate::gateway) state: State,
    /// The place of the parent.
    pub(in crate::gateway) parent: Option<usize>,
    /// Shares filled so far.
    pub(in crate::gateway) filled: i64,
    /// What they cost without commissions, in dollars.
    pub(in crate::gateway) value: Decimal,
    /// The commissions charged for them, in dollars.
    pub(in crate::gateway) charged: Decimal,
    /// The place of the last execution.
    pub(in crate::gateway) last: Option<usize>,
    /// The shares its OCA group took from it.
    pub(super) reduced: i64,
    /// Whether its stop has traded.
    pub(super) trigger: Trigger,
    /// Where a trailing stop stands, and the best price it has followed.
    pub(super) trail_stop: Option<Decimal>,
    pub(super) best: Option<Decimal>,
    /// Acts in instants that start after this one: a child that became active inside an instant's five
    /// seconds, other than at their open, has to wait for the next.
    pub(super) acts_after: i64,
    /// When it ends by itself, in seconds of the epoch.
    pub(super) expires: Option<i64>,
    /// When a cancel was asked for that is not done yet.
    pub(super) cancel_asked: Option<i64>,
    /// When the order filled, was cancelled or refused.
    pub(in crate::gateway) ended: Option<i64>,
    /// The places of its children, in the order they came.
    #[serde(skip)]
    pub(super) children: Vec<usize>,
}

/// Whether the stop of an order has traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Trigger {
    Armed,
    Pulled,
}

impl Order {
    pub(super) fn new(ticket: Ticket, perm_id: i64, parent: Option<usize>) -> Order {
        Order {
            ticket,
            perm_id,
            state: State::Held,
            parent,
            filled: 0,
            value: Decimal::ZERO,
            charged: Decimal::ZERO,
            last: None,
            reduced: 0,
            trigger: Trigger::Armed,
            trail_stop: None,
            best: None,
            acts_after: i64::MIN,
            expires: None,
            cancel_asked: None,
            ended: None,
            children: Vec::new(),
        }
    }

    /// The shares that have not filled.
    pub(in crate::gateway) fn remaining(&self) -> i64 {
        self.ticket.quantity - self.filled
    }

    /// What a share cost on average so far; zero before the first.
    pub(in crate::gateway) fn average_price(&self) -> Decimal {
        if self.filled == 0 { Decimal::ZERO } else { self.value / Decimal::from(self.filled) }
    }

    pub(super) fn form(&self) -> Form {
        match (self.ticket.kind, self.trigger) {
            (Kind::Market, _) | (Kind::Stop(_) | Kind::Trail { .. }, Trigger::Pulled) => Form::Market,
            (Kind::Limit(price), _) => Form::Limit(price),
            (Kind::Stop(price) | Kind::StopLimit { stop: price, .. }, Trigger::Armed) => {
                Form::Stop(Some(price))
            }
            (Kind::StopLimit { limit, .. }, Trigger::Pulled) => Form::Limit(limit),
            (Kind::Trail { .. }, Trigger::Armed) => Form::Stop(self.trail_stop),
        }
    }

    pub(super) fn acts_outside(&self) -> bool {
        self.ticket.reach == Reach::AnyHour && self.ticket.kind.knows_any_hour()
    }

    /// Whether the order may act in an instant that starts then.
    pub(super) fn acts_at(&self, start: i64) -> bool {
        self.state == State::Working && self.acts_after < start
    }
}

/// A fill, of an order or of a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) struct Execution {
    pub(in crate::gateway) id: String,
    /// The place of the order.
    pub(in crate::gateway) order: usize,
    /// The start of the bar it fell in, in seconds of the epoch.
    pub(in crate::gateway) time: i64,
    pub(in crate::gateway) shares: i64,
    pub(in crate::gateway) price: Decimal,
    /// The order's shares filled with this one.
    pub(in crate::gateway) cumulative: i64,
    /// What they cost on average.
    pub(in crate::gateway) average: Decimal,
    /// The order's shares left after this one.
    pub(in crate::gateway) remaining: i64,
    /// What this part added to the order's commission.
    pub(in crate::gateway) commission: Decimal,
    /// The profit it closed, after commissions.
    pub(in crate::gateway) realized: Option<Decimal>,
}

/// What the owner of an order is to be told, in this order. The number is the order's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gateway) enum Fact {
    /// The order as it stood then.
    Stands(usize, Standing),
    /// The execution at this place filled an order or a part of it.
    Filled(usize),
    Cancelled(usize, Reason),
    /// Taken, looked at, and refused.
    Rejected(usize, Rejection),
    /// A note about an order that lives on.
    Noted(usize, Note),
}

/// A note about an order that lives on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Note {
    /// The order asks for any hour and its kind only acts in the session.
    SessionOnly,
    /// The order waits for the next session's open.
    WaitsForOpen,
}

/// Why a request about an order was refused; what stood before still stands. The codes are IBKR's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gateway) struct Refusal {
    pub(in crate::gateway) code: i32,
    pub(in crate::gateway) text: String,
}

impl Refusal {
    pub(in crate::gateway) fn new(code: i32, text: impl Into<String>) -> Refusal {
        Refusal { code, text: text.into() }
    }
}
