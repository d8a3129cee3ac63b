//! The venue: orders from their acceptance to their end. Pure: no clock, no socket; facts leave as values.
//!
//! | file | what |
//! | --- | --- |
//! | `order` | an order, its states, its executions, and what is told of them |
//! | `rules` | what can be chosen |
//! | `place`, `change` | requests: new orders, changes, cancels |
//! | `matching` | what a bar does to the orders, found in each symbol's `book` |
//! | `fill` | a fill and what follows from it: the group, the children |
//! | `trail` | stops that follow the price |
//! | `manual` | orders that no client sent |
//! | `mishap` | what no venue does by itself, and a fault can ask for |
//! | `memory` | the venue over a restart |
//!
//! Every look-up is by an index: a bar touches the orders it reaches, a fill its group and its children, and
//! only the two changes of the hour in a day look at all orders.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rust_decimal::Decimal;

use super::account::Account;
use super::catalogue::MarketRule;
use super::feed::Hours;
use book::Book;
use mishap::Parts;
use order::Form;

mod book;
mod change;
mod fill;
mod manual;
mod matching;
mod memory;
mod mishap;
mod order;
mod place;
mod rules;
#[cfg(test)]
mod story;
#[cfg(test)]
mod tests;
mod trail;

pub(in crate::gateway) use manual::BINDING_CLIENT;
pub(in crate::gateway) use memory::{Damage, Delta, Look, Memory};
pub(in crate::gateway) use order::{
    Distance, Execution, Fact, Key, Kind, Life, Note, Order, Reach, Reason, Refusal, Rejection, Side,
    Standing, State, Status, Ticket, Transmit, Waits,
};
pub(in crate::gateway) use rules::Rules;
pub use rules::{Fills, Margin, OrphanModify};

/// The moment a request arrives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// In seconds of the epoch.
    pub(super) now: i64,
    pub(super) hours: Hours,
    /// The close of this session, or of the next outside of one; none after the last.
    pub(super) day_ends: Option<i64>,
    /// The same for orders that act at any hour: the end of the hours after the session.
    pub(super) late_ends: Option<i64>,
}

/// The orders of one OCA group. A name is a group for each client.
#[derive(Debug, Default)]
struct Group {
    /// The places of those that have not ended.
    members: BTreeSet<usize>,
    entry: Entry,
}

/// Whether a group takes new orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Entry {
    #[default]
    Open,
    /// An order whose fill cancels the others has filled.
    Closed,
}

/// All orders, their fills, and the account they move.
#[derive(Debug)]
pub(super) struct Venue {
    pub(super) orders: Vec<Order>,
    pub(super) executions: Vec<Execution>,
    pub(super) account: Account,
    pub(super) rules: Rules,
    /// The ticks of each symbol, in symbol order.
    pub(super) ticks: Vec<Arc<MarketRule>>,
    /// The places of the orders that have not ended, in the order they came.
    live: BTreeSet<usize>,
    places: HashMap<Key, usize>,
    /// The highest order id each client has used.
    highest: BTreeMap<i32, i32>,
    /// In symbol order.
    books: Vec<Book>,
    groups: HashMap<(i32, String), Group>,
    /// The moments at which live orders end by themselves.
    expiries: BTreeSet<(i64, usize)>,
    /// Trailing stops that moved since their owners were told.
    moved: BTreeSet<usize>,
    /// Orders that fill in parts on demand.
    parts: HashMap<usize, Parts>,
    /// The places of the orders that were entered by hand, and whether client 0 has bound them.
    manual: BTreeMap<usize, manual::Binding>,
    hours: Hours,
}

impl Venue {
    /// A venue for so many symbols with ticks of a cent, its account holding nothing but cash. `hours` are those of
    /// its first instant.
    pub(super) fn new(cash: Decimal, symbols: usize, hours: Hours) -> Venue {
        Venue {
            orders: Vec::new(),
            executions: Vec::new(),
            account: Account::new(cash, symbols),
            rules: Rules::default(),
            ticks: std::iter::repeat_n(Arc::new(MarketRule::cents()), symbols).collect(),
            live: BTreeSet::new(),
            places: HashMap::new(),
            highest: BTreeMap::new(),
            books: std::iter::repeat_with(Book::default).take(symbols).collect(),
            groups: HashMap::new(),
            expiries: BTreeSet::new(),
            moved: BTreeSet::new(),
            parts: HashMap::new(),
            manual: BTreeMap::new(),
            hours,
        }
    }

    /// The next order id a client may use.
    pub(super) fn next_id(&self, client: i32) -> i32 {
        self.highest.get(&client).map_or(1, |highest| highest.saturating_add(1))
    }

    /// The places of the orders that have not ended, in the order they came.
    pub(super) fn live(&self) -> &BTreeSet<usize> {
        &self.live
    }

    /// The place of a client's order, dead or alive.
    pub(super) fn place_of(&self, key: Key) -> Option<usize> {
        self.places.get(&key).copied()
    }

    /// How an order stands now.
    pub(super) fn standing(&self, place: usize) -> Standing {
        let order = &self.orders[place];
        let waits = match (order.state, order.form()) {
            (State::Waiting, _) => Waits::ForParent,
            (State::Working, Form::Stop(_)) => Waits::ForTrigger,
            _ => Waits::Nothing,
        };
        Standing {
            status: status_in(order, self.hours),
            quantity: order.ticket.quantity,
            filled: order.filled,
            last: order.last,
            waits,
            trail_stop: order.trail_stop,
        }
    }

    /// Tells the orders whose standing changes with the hour.
    fn set_hours(&mut self, hours: Hours, facts: &mut Vec<Fact>) {
        if self.hours == hours {
            return;
        }
        let before = std::mem::replace(&mut self.hours, hours);
        for place in &self.live {
            let order = &self.orders[*place];
            if status_in(order, before) != status_in(order, hours) {
                self.stands(*place, facts);
            }
        }
    }

    fn stands(&self, place: usize, facts: &mut Vec<Fact>) {
        facts.push(Fact::Stands(place, self.standing(place)));
    }

    /// Puts a working order where the bars find it.
    fn enter_book(&mut self, place: usize) {
        let order = &self.orders[place];
        if order.state == State::Working {
            self.books[order.ticket.symbol].put(place, order);
        }
    }

    /// Takes a working order from where the bars find it; to be done before anything about it changes.
    fn leave_book(&mut self, place: usize) {
        let order = &self.orders[place];
        if order.state == State::Working {
            self.books[order.ticket.symbol].take(place, order);
        }
    }

    /// Ends a live order in one of the states that are an end.
    fn close(&mut self, place: usize, state: State, now: i64) {
        self.leave_book(place);
        let order = &mut self.orders[place];
        order.state = state;
        order.ended = Some(now);
        self.live.remove(&place);
        self.moved.remove(&place);
        if let Some(expires) = order.expires {
            self.expiries.remove(&(expires, place));
        }
        if let Some(group) = group_of(order).and_then(|group| self.groups.get_mut(&group)) {
            group.members.remove(&place);
        }
    }
}

/// The group an order belongs to, if it belongs to one.
fn group_of(order: &Order) -> Option<(i32, String)> {
    let Ticket { key, oca_group, .. } = &order.ticket;
    (!oca_group.is_empty()).then(|| (key.client, oca_group.clone()))
}

/// What a client is told of an order's standing. IBKR watches stops itself and calls them PreSubmitted until
/// they trigger.
fn status_in(order: &Order, hours: Hours) -> Status {
    match order.state {
        State::Filled(_) => return Status::Filled,
        State::Cancelled(_) => return Status::Cancelled,
        State::Inactive(_) => return Status::Inactive,
        State::Held | State::Waiting | State::Working => {}
    }
    if order.cancel_asked.is_some() {
        return Status::PendingCancel;
    }
    match (order.state, order.form()) {
        (State::Working, Form::Limit(_)) if order.acts_outside() => Status::Submitted,
        (State::Working, Form::Market | Form::Limit(_)) if hours == Hours::Session => Status::Submitted,
        _ => Status::PreSubmitted,
    }
}
