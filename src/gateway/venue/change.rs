//! Changing and cancelling orders.

use super::place::no_parent;
use super::{Fact, Key, Moment, Reason, Refusal, State, Ticket, Transmit, Venue};

impl Venue {
    /// Replaces a live order by its new version; the permanent id and the place in the queue stay.
    pub(super) fn amend(
        &mut self,
        place: usize,
        mut ticket: Ticket,
        moment: &Moment,
        facts: &mut Vec<Fact>,
    ) -> Result<(), Refusal> {
        let order = &self.orders[place];
        match order.state {
            State::Filled(_) => return Err(Refusal::new(104, "Cannot modify a filled order.")),
            State::Cancelled(_) => return Err(Refusal::new(103, "Duplicate order id")),
            State::Held | State::Waiting | State::Working => {}
        }
        let old = &order.ticket;
        if (ticket.symbol, ticket.side) != (old.symbol, old.side) {
            return Err(Refusal::new(105, "Order being modified does not match original order"));
        }
        if !ticket.oca_group.is_empty() && ticket.oca_group != old.oca_group {
            return Err(Refusal::new(10_326, "OCA group revision is not allowed"));
        }
        if ticket.parent != 0 {
            if ticket.parent != old.parent {
                return Err(Refusal::new(105, "Order being modified does not match original order"));
            }
            // IBKR has forgotten a parent that is done: a change of its child must not name it any more.
            if order.parent.is_some_and(|parent| !self.orders[parent].state.is_live()) {
                return Err(no_parent(ticket.parent));
            }
        }
        ticket.parent = old.parent;
        ticket.oca_group.clone_from(&old.oca_group);
        ticket.oca_type = old.oca_type;
        if ticket.order_ref.is_empty() {
            ticket.order_ref.clone_from(&old.order_ref);
        }
        let transmit = ticket.transmit;
        let lives_on = ticket.life == old.life;
        self.orders[place].ticket = ticket;
        if !lives_on {
            self.set_life(place, moment);
        }
        if self.orders[place].state == State::Held && transmit == Transmit::Now {
            self.transmit_family(place, moment, facts);
        } else {
            self.stands(place, facts);
        }
        Ok(())
    }

    /// Cancels one order of a client, and with a parent its children.
    pub(in crate::gateway) fn cancel(
        &mut self,
        key: Key,
        now: i64,
        facts: &mut Vec<Fact>,
    ) -> Result<(), Refusal> {
        let Some(place) = self.places.get(&key).copied() else {
            return Err(Refusal::new(
                10_147,
                format!("OrderId {} that needs to be cancelled is not found.", key.id),
            ));
        };
        let state = match self.orders[place].state {
            State::Filled(_) => "Filled",
            State::Cancelled(_) => "Cancelled",
            State::Held | State::Waiting | State::Working => {
                self.end(place, Reason::Asked, now, facts);
                return Ok(());
            }
        };
        let text =
            format!("OrderId {} that needs to be cancelled cannot be cancelled, state: {state}.", key.id);
        Err(Refusal::new(10_148, text))
    }

    /// Cancels every order of every client.
    pub(in crate::gateway) fn cancel_all(&mut self, now: i64, facts: &mut Vec<Fact>) {
        while let Some(place) = self.live.first().copied() {
            self.end(place, Reason::Asked, now, facts);
        }
    }

    /// Ends the day orders whose session is over.
    pub(super) fn expire(&mut self, now: i64, facts: &mut Vec<Fact>) {
        let due = |order: &super::Order| order.expires.is_some_and(|expires| expires <= now);
        while let Some(place) = self.live.iter().copied().find(|place| due(&self.orders[*place])) {
            self.end(place, Reason::Expired, now, facts);
        }
    }

    /// Cancels a live order, then its children that still wait for it.
    pub(super) fn end(&mut self, place: usize, reason: Reason, now: i64, facts: &mut Vec<Fact>) {
        let order = &mut self.orders[place];
        order.state = State::Cancelled(reason);
        order.ended = Some(now);
        self.live.retain(|other| *other != place);
        facts.push(Fact::Cancelled(place, reason));
        while let Some(child) =
            self.live.iter().copied().find(|child| self.orders[*child].parent == Some(place))
        {
            self.end(child, Reason::Parent, now, facts);
        }
    }
}
