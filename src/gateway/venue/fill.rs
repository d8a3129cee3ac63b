//! A fill and what follows from it: the account, the rest of its group, its children.

use rust_decimal::Decimal;

use super::{Entry, Execution, Fact, Kind, Reason, State, Venue, group_of};
use crate::gateway::account::commission_of;

/// The OCA types under which a fill only takes its shares from the others of its group. Every other type, and
/// none, means that it cancels them.
const REDUCING: [i32; 2] = [2, 3];

/// When a fill happened, and what that means for the children it activates.
#[derive(Debug, Clone, Copy)]
pub(super) struct When {
    /// In seconds of the epoch.
    pub(super) time: i64,
    /// Children act in instants that start after this one.
    pub(super) children_after: i64,
}

impl When {
    /// At a bar's open: the children see the whole bar.
    pub(super) fn at_open(start: i64) -> When {
        When { time: start, children_after: i64::MIN }
    }

    /// Somewhere inside a bar: what the bar did before and after is not known, so the children wait.
    pub(super) fn inside(start: i64) -> When {
        When { time: start, children_after: start }
    }
}

impl Venue {
    /// Fills so many shares of a working order by command, at any price; answers the place of the execution.
    /// Fewer are filled where fewer are left; nothing where the order does not work or has nothing to fill.
    pub(in crate::gateway) fn fill_now(
        &mut self,
        place: usize,
        shares: i64,
        price: Decimal,
        time: i64,
        facts: &mut Vec<Fact>,
    ) -> Option<usize> {
        if self.orders.get(place)?.state != State::Working {
            return None;
        }
        let shares = shares.min(self.fillable(place));
        (shares > 0).then(|| self.fill(place, shares, price, When::at_open(time), facts))
    }

    /// How many shares of an order may fill now: a child no more than its living parent has filled, less what
    /// it and the others of its group have closed of that.
    pub(super) fn fillable(&self, place: usize) -> i64 {
        let order = &self.orders[place];
        let parent = order.parent.map(|parent| &self.orders[parent]);
        match parent {
            Some(parent) if parent.state.is_live() => {
                order.remaining().min(parent.filled - order.filled - order.reduced).max(0)
            }
            _ => order.remaining(),
        }
    }

    /// Fills a part of a working order, or all that is left of it. Invariant: no more than is fillable.
    pub(super) fn fill(
        &mut self,
        place: usize,
        shares: i64,
        price: Decimal,
        when: When,
        facts: &mut Vec<Fact>,
    ) -> usize {
        let execution = self.executions.len();
        let order = &mut self.orders[place];
        order.filled += shares;
        order.value += Decimal::from(shares) * price;
        order.last = Some(execution);
        let charged = commission_of(order.filled, order.value);
        let commission = charged - order.charged;
        order.charged = charged;
        let (symbol, side) = (order.ticket.symbol, order.ticket.side);
        let remaining = order.remaining();
        let realized = self.account.book(symbol, side, shares, price, commission);
        self.executions.push(Execution {
            id: format!("{:08x}.{:08x}.01.01", order.perm_id, execution + 1),
            order: place,
            time: when.time,
            shares,
            price,
            cumulative: order.filled,
            average: order.average_price(),
            remaining,
            commission,
            realized,
        });
        if remaining == 0 {
            self.close(place, State::Filled(execution), when.time);
        }
        facts.push(Fact::Filled(execution));
        self.settle_group(place, shares, when.time, facts);
        self.wake_children(place, price, when, facts);
        execution
    }

    /// What the fill of an order does to the others of its group.
    fn settle_group(&mut self, place: usize, shares: i64, now: i64, facts: &mut Vec<Fact>) {
        let order = &self.orders[place];
        let reduces = REDUCING.contains(&order.ticket.oca_type);
        let Some(group) = group_of(order).and_then(|group| self.groups.get_mut(&group)) else { return };
        if !reduces {
            group.entry = Entry::Closed;
        }
        let others: Vec<usize> = group.members.iter().copied().filter(|other| *other != place).collect();
        for other in others {
            // The end of one may have ended the next.
            if !self.orders[other].state.is_live() {
                continue;
            }
            if reduces && shares < self.orders[other].remaining() {
                let other_order = &mut self.orders[other];
                other_order.ticket.quantity -= shares;
                other_order.reduced += shares;
                self.stands(other, facts);
            } else {
                self.end(other, Reason::OcaGroup, now, facts);
            }
        }
    }

    /// The children of an order that has filled go to work, with as much as it has filled: at once when it
    /// filled at a bar's open, else from the next bar.
    fn wake_children(&mut self, parent: usize, price: Decimal, when: When, facts: &mut Vec<Fact>) {
        for index in 0..self.orders[parent].children.len() {
            let place = self.orders[parent].children[index];
            let order = &mut self.orders[place];
            match order.state {
                State::Waiting => {
                    order.acts_after = when.children_after;
                    self.set_to_work(place, Some(price));
                    self.stands(place, facts);
                }
                State::Working => order.acts_after = order.acts_after.max(when.children_after),
                _ => {}
            }
        }
    }

    /// An order is at the exchange from now on; `price` is where a trailing stop starts from.
    pub(super) fn set_to_work(&mut self, place: usize, price: Option<Decimal>) {
        self.orders[place].state = State::Working;
        if let Kind::Trail { by, start } = self.orders[place].ticket.kind {
            self.start_trail(place, by, start, price);
        }
        self.enter_book(place);
    }

    /// Cancels a live order, and its children: they have nothing to wait for. What it had filled stays theirs.
    pub(super) fn end(&mut self, place: usize, reason: Reason, now: i64, facts: &mut Vec<Fact>) {
        self.close(place, State::Cancelled(reason), now);
        facts.push(Fact::Cancelled(place, reason));
        self.end_children(place, now, facts);
    }

    /// What becomes of the children of an order that has ended unfilled, or with a part filled, and of theirs: a
    /// list of what is still to look at, since a client may build a family of any depth.
    pub(super) fn end_children(&mut self, parent: usize, now: i64, facts: &mut Vec<Fact>) {
        let mut left: Vec<usize> = self.orders[parent].children.iter().rev().copied().collect();
        while let Some(place) = left.pop() {
            let parent_filled = self.orders[place].parent.map_or(0, |parent| self.orders[parent].filled);
            let order = &mut self.orders[place];
            if !order.state.is_live() {
                continue;
            }
            let quantity = order.ticket.quantity.min(parent_filled - order.reduced);
            match order.last {
                Some(last) if quantity <= order.filled => {
                    order.ticket.quantity = order.filled;
                    self.close(place, State::Filled(last), now);
                    self.stands(place, facts);
                }
                None if quantity <= 0 => {
                    self.close(place, State::Cancelled(Reason::Parent), now);
                    facts.push(Fact::Cancelled(place, Reason::Parent));
                }
                _ if quantity < order.ticket.quantity => {
                    order.ticket.quantity = quantity;
                    self.stands(place, facts);
                    continue;
                }
                _ => continue,
            }
            left.extend(self.orders[place].children.iter().rev());
        }
    }
}

#[cfg(test)]
mod tests;
