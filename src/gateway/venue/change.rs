//! Changing and cancelling orders.

use super::order::Trigger;
use super::place::no_parent;
use super::{Fact, Key, Kind, Moment, OrphanModify, Reason, Refusal, State, Ticket, Transmit, Venue};

impl Venue {
    /// Replaces a live order by its new version; the permanent id and the place in the queue stay. What has
    /// filled stays filled: a quantity below it is refused, the same quantity makes the order done.
    pub(super) fn amend(
        &mut self,
        place: usize,
        mut ticket: Ticket,
        moment: &Moment,
        facts: &mut Vec<Fact>,
    ) -> Result<(), Refusal> {
        if let Err(refusal) = self.may_amend(place, &ticket) {
            if refusal.code == 135 && self.rules.orphan_modify == OrphanModify::Cancels {
                self.end(place, Reason::Orphaned, moment.now, facts);
            }
            return Err(refusal);
        }
        let old = &self.orders[place].ticket;
        ticket.parent = old.parent;
        ticket.oca_group.clone_from(&old.oca_group);
        ticket.oca_type = old.oca_type;
        if ticket.order_ref.is_empty() {
            ticket.order_ref.clone_from(&old.order_ref);
        }
        let transmit = ticket.transmit;
        let lives_on = ticket.life == old.life;
        self.replace(place, ticket);
        if !lives_on {
            self.set_life(place, moment);
        }
        let order = &self.orders[place];
        if let (0, Some(last)) = (order.remaining(), order.last) {
            self.close(place, State::Filled(last), moment.now);
            self.stands(place, facts);
            self.end_children(place, moment.now, facts);
        } else if order.state == State::Held && transmit == Transmit::Now {
            self.transmit_family(place, moment, facts);
        } else {
            self.stands(place, facts);
        }
        Ok(())
    }

    fn may_amend(&self, place: usize, ticket: &Ticket) -> Result<(), Refusal> {
        let order = &self.orders[place];
        match order.state {
            State::Filled(_) => return Err(Refusal::new(104, "Cannot modify a filled order.")),
            State::Cancelled(_) | State::Inactive(_) => return Err(Refusal::new(103, "Duplicate order id")),
            State::Held | State::Waiting | State::Working => {}
        }
        let old = &order.ticket;
        if (ticket.symbol, ticket.side) != (old.symbol, old.side) || ticket.quantity < order.filled {
            return Err(mismatch());
        }
        if !ticket.oca_group.is_empty() && ticket.oca_group != old.oca_group {
            return Err(Refusal::new(10_326, "OCA group revision is not allowed"));
        }
        if ticket.parent != 0 {
            if ticket.parent != old.parent {
                return Err(mismatch());
            }
            // IBKR has forgotten a parent that is done: a change of its child must not name it any more.
            if order.parent.is_some_and(|parent| !self.orders[parent].state.is_live()) {
                return Err(no_parent(ticket.parent));
            }
        }
        Ok(())
    }

    /// Puts the new version where the old one stood. A stop that has traded stays triggered as long as the order
    /// stays of its kind; a trailing stop keeps the best price it has followed.
    fn replace(&mut self, place: usize, ticket: Ticket) {
        self.leave_book(place);
        let mark = self.account.holdings[ticket.symbol].mark;
        let order = &mut self.orders[place];
        let kind = ticket.kind;
        let same_kind = std::mem::discriminant(&kind) == std::mem::discriminant(&order.ticket.kind);
        if !same_kind {
            order.trigger = Trigger::Armed;
        }
        let changed = kind != order.ticket.kind;
        order.ticket = ticket;
        match kind {
            Kind::Trail { by, start } if changed && order.state == State::Working => {
                let from = order.best.or(mark);
                self.start_trail(place, by, start, from);
            }
            Kind::Trail { .. } => {}
            _ => (order.trail_stop, order.best) = (None, None),
        }
        self.enter_book(place);
    }

    /// Cancels one order of a client, and with a parent its children.
    pub(in crate::gateway) fn cancel(
        &mut self,
        key: Key,
        now: i64,
        facts: &mut Vec<Fact>,
    ) -> Result<(), Refusal> {
        let place = self.cancellable(key)?;
        self.end(place, Reason::Asked, now, facts);
        Ok(())
    }

    /// Takes a cancel that is not done yet: the order is told as PendingCancel and may still fill, until
    /// [`Venue::finish_cancel`].
    pub(in crate::gateway) fn begin_cancel(
        &mut self,
        key: Key,
        now: i64,
        facts: &mut Vec<Fact>,
    ) -> Result<usize, Refusal> {
        let place = self.cancellable(key)?;
        self.orders[place].cancel_asked = Some(now);
        self.stands(place, facts);
        Ok(place)
    }

    /// Does a cancel that was begun; nothing if the order has ended in the meantime.
    pub(in crate::gateway) fn finish_cancel(&mut self, place: usize, now: i64, facts: &mut Vec<Fact>) {
        if self.orders[place].state.is_live() {
            self.end(place, Reason::Asked, now, facts);
        }
    }

    /// The place of an order that a client may cancel now.
    fn cancellable(&self, key: Key) -> Result<usize, Refusal> {
        let Some(place) = self.place_of(key) else {
            return Err(Refusal::new(
                10_147,
                format!("OrderId {} that needs to be cancelled is not found.", key.id),
            ));
        };
        let order = &self.orders[place];
        let state = match order.state {
            State::Filled(_) => "Filled",
            State::Cancelled(_) => "Cancelled",
            State::Inactive(_) => "Inactive",
            State::Held | State::Waiting | State::Working if order.cancel_asked.is_some() => {
                let text = "Cancel attempted when order is not in a cancellable state. Order permId =";
                return Err(Refusal::new(161, format!("{text} {}", order.perm_id)));
            }
            State::Held | State::Waiting | State::Working => return Ok(place),
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
}

fn mismatch() -> Refusal {
    Refusal::new(105, "Order being modified does not match original order")
}
