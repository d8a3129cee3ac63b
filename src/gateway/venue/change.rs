//! Changing and cancelling orders.

use super::order::Trigger;
use super::place::no_parent;
use super::{Fact, Key, Kind, Margin, Moment, OrphanModify, Reason, Refusal, State, Ticket, Transmit, Venue};
use crate::gateway::telling;

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
        let (old, old_late) = (&self.orders[place].ticket, self.orders[place].acts_outside());
        let old_life = old.life;
        ticket.parent = old.parent;
        ticket.oca_group.clone_from(&old.oca_group);
        ticket.oca_type = old.oca_type;
        if ticket.order_ref.is_empty() {
            ticket.order_ref.clone_from(&old.order_ref);
        }
        if let Some(refusal) = self.unaffordable(place, &ticket) {
            return Err(refusal);
        }
        let transmit = ticket.transmit;
        let (life, late) = (old_life, old_late);
        self.replace(place, ticket);
        let order = &self.orders[place];
        if (order.ticket.life, order.acts_outside()) != (life, late) {
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

    /// Why a change is refused that would bind more than the order did and more than the account has free. What has
    /// filled is bound already.
    fn unaffordable(&self, place: usize, ticket: &Ticket) -> Option<Refusal> {
        let order = &self.orders[place];
        if order.state == State::Held || self.rules.margin == Margin::Ignored {
            return None;
        }
        let left = |ticket: &Ticket| Ticket { quantity: ticket.quantity - order.filled, ..ticket.clone() };
        let (before, after) = (left(&order.ticket), left(ticket));
        if self.follows_parent(place, &after) || self.binds(&after) <= self.binds(&before) {
            return None;
        }
        let why = self.lack_of_margin(&after)?;
        Some(Refusal::new(201, format!("Order rejected - reason:{}", telling::rejection(why))))
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

#[cfg(test)]
mod tests {
    use crate::gateway::venue::story::{LATE, Story};

    #[test]
    fn a_change_that_binds_more_than_there_is_is_refused_and_the_order_stands() {
        let mut story = Story::session();
        story.bar("10.00 10.00 10.00 10.00").order("1 BUY 100 LMT 9.00").order("1 BUY 1000000 LMT 9.00");
        assert!(story.told().ends_with("refused 201"), "{}", story.told());
        story.order("1 BUY 200 LMT 9.00").bar("9.00 9.00 9.00 9.00");
        assert!(story.told().ends_with("1 filled at 9.00 in bar 105"), "{}", story.told());
        assert_eq!(story.venue.executions[0].shares, 200);
        // Closing binds nothing, at whatever price.
        story.order("2 SELL 100 STP 8.00").order("2 SELL 200 STP 8.50");
        assert!(story.told().ends_with("2 PreSubmitted"), "{}", story.told());
    }

    #[test]
    fn a_child_that_does_more_than_close_is_held_against_the_account() {
        for child in ["2 BUY 1000000 LMT 9.00 parent=1", "2 SELL 1000000 STP 8.00 parent=1"] {
            let mut story = Story::session();
            story.bar("10.00 10.00 10.00 10.00").order("1 BUY 100 LMT 9.00 hold").order(child);
            assert!(story.told().contains("2 inactive: Margin"), "{}", story.told());
        }
        let mut story = Story::session();
        story.bar("10.00 10.00 10.00 10.00").order("1 BUY 100 LMT 9.00 hold");
        story.order("2 SELL 100 STP 8.00 parent=1").order("2 SELL 1000000 STP 8.00 parent=1");
        assert!(story.told().ends_with("refused 201"), "{}", story.told());
    }

    #[test]
    fn an_order_whose_time_ends_between_two_instants_trades_in_neither() {
        let mut story = Story::session();
        story.order("1 BUY 100 LMT 9.00 until=130").bar("10.00 10.00 10.00 10.00");
        story.now = 200;
        story.bar("8.00 8.00 8.00 8.00");
        assert!(story.told().ends_with("-- 200\n1 cancelled: Expired"), "{}", story.told());
        assert!(story.venue.executions.is_empty());
    }

    #[test]
    fn a_day_order_for_any_hour_lives_to_the_end_of_the_hours_after_the_session() {
        let mut story = Story::at(990);
        story.order("1 BUY 100 LMT 9.00 any-hour").order("2 BUY 100 LMT 8.00 any-hour");
        story.order("3 BUY 100 LMT 8.00").order("4 BUY 100 LMT 8.00").order("4 BUY 100 LMT 8.00 any-hour");
        story.bar("10.00 10.00 10.00 10.00").bar("10.00 10.00 10.00 10.00");
        assert!(story.told().contains("-- 995\n3 cancelled: Expired"), "{}", story.told());
        story.bar("9.00 9.00 9.00 9.00");
        assert!(story.told().ends_with("1 filled at 9.00 in bar 1000"), "{}", story.told());
        assert_eq!(story.venue.live().len(), 2);
        story.now = LATE;
        story.bar("8.00 8.00 8.00 8.00");
        assert!(story.told().ends_with("2 cancelled: Expired\n4 cancelled: Expired"), "{}", story.told());
    }
}
