//! What changed of a venue's memory, so that a file can follow it line by line.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::super::{Account, Execution, Hours, Kind, Order, Reason, State, Venue};
use super::{Binding, Damage, Memory};

/// What changed. What is none stayed as it was.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::gateway) struct Delta {
    /// Orders as they now are, by their places.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    orders: BTreeMap<usize, Order>,
    /// Executions after those that are known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    executions: Vec<Execution>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Account>,
    #[serde(skip_serializing_if = "Option::is_none")]
    highest: Option<BTreeMap<i32, i32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_groups: Option<Vec<(i32, String)>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<BTreeSet<usize>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manual: Option<BTreeMap<usize, Binding>>,
}

/// How closely is looked for changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Look {
    /// At what is named and at what is new; the last prices of the account are no change.
    Named,
    /// At everything.
    All,
}

impl Memory {
    /// Whether a memory has nothing in it but the account it began with.
    pub(in crate::gateway) fn empty(venue: &Venue) -> Memory {
        Memory {
            orders: Vec::new(),
            executions: Vec::new(),
            account: Account::new(venue.account.cash, venue.account.holdings.len()),
            highest: BTreeMap::new(),
            closed_groups: Vec::new(),
            moved: BTreeSet::new(),
            manual: BTreeMap::new(),
        }
    }

    /// Everything in it, as a change of nothing.
    pub(in crate::gateway) fn whole(&self) -> Delta {
        Delta {
            orders: self.orders.iter().cloned().enumerate().collect(),
            executions: self.executions.clone(),
            account: Some(self.account.clone()),
            highest: Some(self.highest.clone()),
            closed_groups: Some(self.closed_groups.clone()),
            moved: Some(self.moved.clone()),
            manual: Some(self.manual.clone()),
        }
    }

    /// How many orders are known.
    pub(in crate::gateway) fn orders_known(&self) -> usize {
        self.orders.len()
    }

    /// Whether something has changed beside last prices and where trailing stops stand; of the orders that are known
    /// only those `named` are looked at.
    pub(in crate::gateway) fn is_behind(&self, venue: &Venue, named: &BTreeSet<usize>) -> bool {
        self.orders.len() != venue.orders.len()
            || self.executions.len() != venue.executions.len()
            || self.highest != venue.highest
            || self.manual != venue.manual
            || !same_books(&self.account, &venue.account)
            || named.iter().any(|place| self.orders.get(*place) != venue.orders.get(*place))
    }

    /// Catches up with a venue, and answers what has changed; none if nothing has. Trailing stops move without a
    /// word, so they are among the `named` places as long as they live.
    pub(in crate::gateway) fn follow(
        &mut self,
        venue: &Venue,
        named: &BTreeSet<usize>,
        look: Look,
    ) -> Option<Delta> {
        let mut delta = Delta::default();
        let known = self.orders.len();
        delta.executions.extend_from_slice(&venue.executions[self.executions.len()..]);
        delta.highest = changed(&self.highest, &venue.highest);
        delta.moved = changed(&self.moved, &venue.moved);
        delta.manual = changed(&self.manual, &venue.manual);
        let bound = delta.manual.iter().flat_map(BTreeMap::keys).copied();
        let mut places: BTreeSet<usize> = (known..venue.orders.len()).chain(bound).collect();
        match look {
            Look::Named => places.extend(named.iter().copied()),
            Look::All => places.extend(0..known),
        }
        for place in places {
            let order = &venue.orders[place];
            if self.orders.get(place) != Some(order) {
                delta.orders.insert(place, order.clone());
            }
        }
        if look == Look::All || !delta.executions.is_empty() {
            delta.closed_groups = changed(&self.closed_groups, &venue.closed_groups());
        }
        let booked = !same_books(&self.account, &venue.account);
        if booked || (look == Look::All && self.account != venue.account) {
            delta.account = Some(venue.account.clone());
        }
        if delta.is_empty() {
            return None;
        }
        self.apply(&delta).is_ok().then_some(delta)
    }

    /// Makes a change its own. Refuses one that leaves out orders.
    pub(in crate::gateway) fn apply(&mut self, delta: &Delta) -> Result<(), Damage> {
        let Delta { orders, executions, account, highest, closed_groups, moved, manual } = delta;
        for (place, order) in orders {
            let known = self.orders.len();
            match self.orders.get_mut(*place) {
                Some(old) => old.clone_from(order),
                None if *place == known => self.orders.push(order.clone()),
                None => return Err(Damage::Order { place: *place }),
            }
        }
        self.executions.extend_from_slice(executions);
        set(&mut self.account, account);
        set(&mut self.highest, highest);
        set(&mut self.closed_groups, closed_groups);
        set(&mut self.moved, moved);
        set(&mut self.manual, manual);
        Ok(())
    }
}

impl Delta {
    fn is_empty(&self) -> bool {
        let Delta { orders, executions, account, highest, closed_groups, moved, manual } = self;
        orders.is_empty()
            && executions.is_empty()
            && account.is_none()
            && highest.is_none()
            && closed_groups.is_none()
            && moved.is_none()
            && manual.is_none()
    }
}

impl Venue {
    /// Takes up where the venue with this memory left off, at an hour of these. Invariant: nothing has happened here
    /// yet.
    pub(in crate::gateway) fn resume(&mut self, mut memory: Memory, hours: Hours) -> Result<(), Damage> {
        self.hours = hours;
        // What was not transmitted lived in the gateway only, as at IBKR's.
        for order in memory.orders.iter_mut().filter(|order| order.state == State::Held) {
            order.state = State::Cancelled(Reason::Lost);
        }
        self.restore(memory)
    }

    /// Whether an order is a trailing stop that lives.
    pub(in crate::gateway) fn trails(&self, place: usize) -> bool {
        let order = &self.orders[place];
        order.state.is_live() && matches!(order.ticket.kind, Kind::Trail { .. })
    }

    /// The places of the trailing stops that live.
    pub(in crate::gateway) fn trailing(&self) -> BTreeSet<usize> {
        self.live.iter().copied().filter(|place| self.trails(*place)).collect()
    }
}

/// Whether two accounts are the same but for the last prices.
fn same_books(one: &Account, other: &Account) -> bool {
    fn held(account: &Account) -> impl Iterator<Item = (i64, Decimal, Decimal)> {
        account.holdings.iter().map(|holding| (holding.quantity, holding.cost, holding.realized))
    }
    one.cash == other.cash && held(one).eq(held(other))
}

fn changed<T: Clone + PartialEq>(known: &T, now: &T) -> Option<T> {
    (known != now).then(|| now.clone())
}

fn set<T: Clone>(known: &mut T, now: &Option<T>) {
    if let Some(now) = now {
        known.clone_from(now);
    }
}
