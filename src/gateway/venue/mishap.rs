//! What no venue does by itself, and a fault can ask for: fills in given parts, an order refused after it was taken,
//! orders that are lost, one order that becomes two.

use std::collections::VecDeque;

use rust_decimal::Decimal;

use super::fill::When;
use super::{Fact, Moment, Reason, Refusal, Rejection, State, Ticket, Transmit, Venue};

/// The parts an order still fills in; what is left after them fills as one.
#[derive(Debug)]
pub(super) struct Parts {
    sizes: VecDeque<i64>,
    together: bool,
}

impl Venue {
    /// Makes an order fill in parts of so many shares: one at each chance to fill, or all of them at the same one.
    pub(in crate::gateway) fn set_parts(&mut self, place: usize, sizes: Vec<i64>, together: bool) {
        self.parts.insert(place, Parts { sizes: sizes.into(), together });
    }

    /// Fills as many of the shares on offer as the order's next part has, or all of them part by part.
    pub(super) fn fill_in_parts(
        &mut self,
        place: usize,
        shares: i64,
        price: Decimal,
        when: When,
        facts: &mut Vec<Fact>,
    ) {
        let mut left = shares;
        while left > 0 && self.orders[place].state == State::Working {
            let Some(parts) = self.parts.get_mut(&place) else {
                self.fill(place, left, price, when, facts);
                return;
            };
            let together = parts.together;
            let part = parts.sizes.pop_front().map_or(left, |part| part.clamp(1, left));
            if parts.sizes.is_empty() {
                self.parts.remove(&place);
            }
            self.fill(place, part, price, when, facts);
            left = if together { (left - part).min(self.fillable(place)) } else { 0 };
        }
    }

    /// Takes a new order and refuses it at once: it stands as Inactive, its id used up.
    pub(in crate::gateway) fn take_and_reject(
        &mut self,
        ticket: Ticket,
        moment: &Moment,
        facts: &mut Vec<Fact>,
    ) -> Result<(), Refusal> {
        let place = self.orders.len();
        // Nobody is told of the order before it is refused.
        self.accept(Ticket { transmit: Transmit::Hold, ..ticket }, moment, &mut Vec::new())?;
        self.reject(place, Rejection::OnDemand, moment.now, facts);
        Ok(())
    }

    /// Loses the orders that were not transmitted, as if they had never been.
    pub(in crate::gateway) fn forget_held(&mut self, now: i64) {
        let held = |place: &usize| self.orders[*place].state == State::Held;
        for place in self.live.iter().copied().filter(held).collect::<Vec<_>>() {
            self.close(place, State::Cancelled(Reason::Lost), now);
            self.places.remove(&self.orders[place].ticket.key);
        }
    }

    /// Takes the change of a live order as an order of its own beside it: the same id means the new one from now on,
    /// which has a permanent id of its own.
    pub(in crate::gateway) fn double(
        &mut self,
        place: usize,
        mut ticket: Ticket,
        moment: &Moment,
        facts: &mut Vec<Fact>,
    ) -> Result<(), Refusal> {
        let old = &self.orders[place];
        if !old.state.is_live() {
            return Err(Refusal::new(104, "Cannot modify a filled order."));
        }
        if ticket.oca_group.is_empty() {
            ticket.oca_group.clone_from(&old.ticket.oca_group);
            ticket.oca_type = old.ticket.oca_type;
        }
        if ticket.order_ref.is_empty() {
            ticket.order_ref.clone_from(&old.ticket.order_ref);
        }
        if old.parent.is_none_or(|parent| !self.orders[parent].state.is_live()) {
            ticket.parent = 0;
        }
        // The id is used a second time, and only here.
        let client = ticket.key.client;
        let highest = self.highest.remove(&client);
        let done = self.accept(ticket, moment, facts);
        let now = self.highest.get(&client).copied();
        if let Some(highest) = highest.max(now) {
            self.highest.insert(client, highest);
        }
        done
    }
}
