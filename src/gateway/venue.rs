//! The venue: orders from their acceptance to their end. Pure: no clock, no socket; facts leave as values.
//!
//! What it refuses to be: a judge of buying power. Every order that is well formed is taken.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;

use super::account::Account;
use super::feed::Hours;

mod change;
mod manual;
mod matching;
mod place;

pub(super) use manual::BINDING_CLIENT;

/// Who an order belongs to: ids are each client's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) client: i32,
    pub(super) id: i32,
}

impl Key {
    /// The key of every order that was entered by hand and has not been bound: it belongs to nobody.
    pub(super) const UNBOUND: Key = Key { client: 0, id: 0 };

    /// The client that hears of an order with this key.
    pub(super) fn owner(self) -> Option<i32> {
        (self != Key::UNBOUND).then_some(self.client)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Buy,
    Sell,
}

impl Side {
    /// The shares with the sign of what they do to a position.
    pub(super) fn signed(self, quantity: i64) -> i64 {
        match self {
            Side::Buy => quantity,
            Side::Sell => -quantity,
        }
    }
}

/// What an order waits for. Prices are on the tick and above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Market,
    Limit(Decimal),
    Stop(Decimal),
}

/// How long an order lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Day,
    UntilCancelled,
}

/// When an order may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Session,
    AnyHour,
}

/// Whether an order goes to the exchange at once or waits for one that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transmit {
    Now,
    Hold,
}

/// An order as its client wrote it, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) key: Key,
    /// The symbol's place in symbol order.
    pub(super) symbol: usize,
    pub(super) side: Side,
    /// Whole shares, at least one.
    pub(super) quantity: i64,
    pub(super) kind: Kind,
    pub(super) life: Life,
    pub(super) reach: Reach,
    pub(super) transmit: Transmit,
    /// The order id of the parent; 0 for none.
    pub(super) parent: i32,
    /// Empty for none.
    pub(super) oca_group: String,
    pub(super) oca_type: i32,
    pub(super) trigger_method: i32,
    pub(super) order_ref: String,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Not sent to the exchange yet.
    Held,
    /// Sent; acts when its parent has filled.
    Waiting,
    Working,
    /// Filled by the execution at this place.
    Filled(usize),
    Cancelled(Reason),
}

impl State {
    pub(super) fn is_live(self) -> bool {
        matches!(self, State::Held | State::Waiting | State::Working)
    }
}

/// Why an order was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Asked,
    Parent,
    OcaGroup,
    Expired,
}

/// What a client is told of an order's standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    PreSubmitted,
    Submitted,
    Filled,
    Cancelled,
}

/// One order the venue has taken.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) ticket: Ticket,
    pub(super) perm_id: i64,
    pub(super) state: State,
    /// The place of the parent.
    pub(super) parent: Option<usize>,
    /// Acts in instants that start after this one: a child that became active inside an instant's five
    /// seconds, other than at their open, has to wait for the next.
    acts_after: i64,
    /// When a day order ends, in seconds of the epoch.
    expires: Option<i64>,
    /// When the order filled or was cancelled.
    pub(super) ended: Option<i64>,
}

/// A fill. An order fills whole, in one execution.
#[derive(Debug)]
pub(super) struct Execution {
    pub(super) id: String,
    /// The place of the order.
    pub(super) order: usize,
    /// The start of the bar it fell in, in seconds of the epoch.
    pub(super) time: i64,
    pub(super) price: Decimal,
    pub(super) commission: Decimal,
    /// The profit it closed, after commissions.
    pub(super) realized: Option<Decimal>,
}

/// What the owner of an order is to be told, in this order. The number is the order's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fact {
    /// The order as it now stands.
    Stands(usize, Status),
    /// The execution at this place filled an order.
    Filled(usize),
    Cancelled(usize, Reason),
    /// A note about an order that lives on.
    Noted(usize, Note),
}

/// A note about an order that lives on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Note {
    /// The order asks for any hour and its kind only acts in the session.
    SessionOnly,
    /// The order waits for the next session's open.
    WaitsForOpen,
}

/// Why a request about an order was refused; what stood before still stands. The codes are IBKR's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: i32,
    pub(super) text: String,
}

impl Refusal {
    pub(super) fn new(code: i32, text: impl Into<String>) -> Refusal {
        Refusal { code, text: text.into() }
    }
}

/// The moment a request arrives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) hours: Hours,
    /// The close of this session, or of the next outside of one; none after the last.
    pub(super) day_ends: Option<i64>,
}

/// All orders, their fills, and the account they move.
#[derive(Debug)]
pub(super) struct Venue {
    pub(super) orders: Vec<Order>,
    pub(super) executions: Vec<Execution>,
    pub(super) account: Account,
    /// The places of the orders that have not ended, in the order they came.
    live: Vec<usize>,
    places: HashMap<Key, usize>,
    /// The highest order id each client has used.
    highest: BTreeMap<i32, i32>,
    /// The places of the orders that were entered by hand, and whether client 0 has bound them.
    manual: BTreeMap<usize, manual::Binding>,
    hours: Hours,
}

impl Venue {
    /// A venue for so many symbols, its account holding nothing but cash. `hours` are those of its first instant.
    pub(super) fn new(cash: Decimal, symbols: usize, hours: Hours) -> Venue {
        Venue {
            orders: Vec::new(),
            executions: Vec::new(),
            account: Account::new(cash, symbols),
            live: Vec::new(),
            places: HashMap::new(),
            highest: BTreeMap::new(),
            manual: BTreeMap::new(),
            hours,
        }
    }

    /// The next order id a client may use.
    pub(super) fn next_id(&self, client: i32) -> i32 {
        self.highest.get(&client).map_or(1, |highest| highest.saturating_add(1))
    }

    /// The places of the orders that have not ended, in the order they came.
    pub(super) fn live(&self) -> &[usize] {
        &self.live
    }

    /// The place of a client's order, dead or alive.
    pub(super) fn place_of(&self, key: Key) -> Option<usize> {
        self.places.get(&key).copied()
    }

    /// What a client is told of an order's standing now.
    pub(super) fn status(&self, place: usize) -> Status {
        let order = &self.orders[place];
        match (order.state, order.ticket.kind) {
            (State::Filled(_), _) => Status::Filled,
            (State::Cancelled(_), _) => Status::Cancelled,
            (State::Working, Kind::Limit(_)) if order.ticket.reach == Reach::AnyHour => Status::Submitted,
            (State::Working, Kind::Market | Kind::Limit(_)) if self.hours == Hours::Session => {
                Status::Submitted
            }
            // IBKR watches stops itself and calls them so until they trigger.
            _ => Status::PreSubmitted,
        }
    }

    /// Tells the orders whose standing changes with the hour.
    fn set_hours(&mut self, hours: Hours, facts: &mut Vec<Fact>) {
        if self.hours == hours {
            return;
        }
        let before: Vec<Status> = self.live.iter().map(|place| self.status(*place)).collect();
        self.hours = hours;
        for (place, before) in self.live.iter().zip(before) {
            let status = self.status(*place);
            if status != before {
                facts.push(Fact::Stands(*place, status));
            }
        }
    }

    fn stands(&self, place: usize, facts: &mut Vec<Fact>) {
        facts.push(Fact::Stands(place, self.status(place)));
    }
}
