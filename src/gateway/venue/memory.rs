//! The venue over a restart: what it must remember, and how it finds its way again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::manual::Binding;
use super::{Account, Entry, Execution, Key, Order, State, Venue, group_of};

mod delta;

pub(in crate::gateway) use delta::{Delta, Look};

/// Everything the venue must remember. Symbols are their places in symbol order: whoever keeps this has to keep
/// the symbols with it, and to give it back to a venue of the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) struct Memory {
    orders: Vec<Order>,
    executions: Vec<Execution>,
    account: Account,
    /// The highest order id each client has used.
    highest: BTreeMap<i32, i32>,
    /// The clients and names of the groups that take no new orders.
    closed_groups: Vec<(i32, String)>,
    /// The places of the trailing stops that moved since their owners were told.
    moved: BTreeSet<usize>,
    /// The places of the orders that were entered by hand.
    manual: BTreeMap<usize, Binding>,
}

/// Why a memory is none: something in it points to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::gateway) enum Damage {
    /// The market has other symbols than the memory.
    #[error("it remembers {remembered} symbols and there are {there}")]
    Symbols {
        /// In the memory.
        remembered: usize,
        /// In the market.
        there: usize,
    },
    /// An order that cannot be.
    #[error("its order {place} cannot be")]
    Order {
        /// The order's place, counted from 0.
        place: usize,
    },
    /// An execution of no order.
    #[error("its execution {place} belongs to no order")]
    Execution {
        /// The execution's place, counted from 0.
        place: usize,
    },
}

impl Venue {
    /// What has to be remembered now.
    pub(in crate::gateway) fn memory(&self) -> Memory {
        Memory {
            orders: self.orders.clone(),
            executions: self.executions.clone(),
            account: self.account.clone(),
            highest: self.highest.clone(),
            closed_groups: self.closed_groups(),
            moved: self.moved.clone(),
            manual: self.manual.clone(),
        }
    }

    /// The clients and names of the groups that take no new orders, in order.
    fn closed_groups(&self) -> Vec<(i32, String)> {
        let closed = self.groups.iter().filter(|(_, group)| group.entry == Entry::Closed);
        let mut closed: Vec<(i32, String)> = closed.map(|(key, _)| key.clone()).collect();
        closed.sort_unstable();
        closed
    }

    /// Takes up where the venue with this memory left off. Invariant: nothing has happened here yet.
    pub(in crate::gateway) fn restore(&mut self, memory: Memory) -> Result<(), Damage> {
        memory.check(self.books.len())?;
        let Memory { orders, executions, account, highest, closed_groups, moved, manual } = memory;
        self.account = account;
        self.highest = highest;
        self.executions = executions;
        self.orders = orders;
        for place in 0..self.orders.len() {
            self.index(place);
        }
        for key in closed_groups {
            self.groups.entry(key).or_default().entry = Entry::Closed;
        }
        self.moved = moved.intersection(&self.live).copied().collect();
        self.manual = manual;
        Ok(())
    }

    /// Puts a remembered order into every index it belongs to.
    fn index(&mut self, place: usize) {
        let order = &self.orders[place];
        let lost = order.state == State::Cancelled(super::Reason::Lost);
        if order.ticket.key != Key::UNBOUND && !lost {
            self.places.insert(order.ticket.key, place);
        }
        if let Some(parent) = order.parent {
            self.orders[parent].children.push(place);
        }
        let order = &self.orders[place];
        if !order.state.is_live() {
            return;
        }
        self.live.insert(place);
        if let Some(expires) = order.expires {
            self.expiries.insert((expires, place));
        }
        if let Some(group) = group_of(order) {
            self.groups.entry(group).or_default().members.insert(place);
        }
        self.enter_book(place);
    }
}

impl Memory {
    fn check(&self, symbols: usize) -> Result<(), Damage> {
        let remembered = self.account.holdings.len();
        if remembered != symbols {
            return Err(Damage::Symbols { remembered, there: symbols });
        }
        let executions = self.executions.len();
        for (place, order) in self.orders.iter().enumerate() {
            let filled_by = match order.state {
                State::Filled(execution) => Some(execution),
                _ => order.last,
            };
            let sound = order.ticket.symbol < symbols
                && order.parent.is_none_or(|parent| parent < place)
                && filled_by.is_none_or(|execution| execution < executions)
                && (0..=order.ticket.quantity).contains(&order.filled);
            if !sound {
                return Err(Damage::Order { place });
            }
        }
        match self.executions.iter().position(|execution| execution.order >= self.orders.len()) {
            Some(place) => Err(Damage::Execution { place }),
            None => Ok(()),
        }
    }
}
