//! Faults of orders: refused after they were taken, filled in parts, filled in spite of a cancellation, doubled.

use super::asking::Asked;
use super::deed::{Pace, Parts, Unit, Words};
use super::trouble::Due;
use crate::gateway::exchange::Exchange;
use crate::gateway::messages::PlaceOrder;
use crate::gateway::ticket;
use crate::gateway::venue::{Key, State, Ticket};
use crate::gateway::wire::read;

impl Exchange {
    /// The order that a request asks for, where it is one that could be taken.
    fn ticket_of(&self, asked: &Asked<'_>) -> Option<Ticket> {
        let request: PlaceOrder = read(asked.id, asked.message).ok()?;
        if request.order.as_ref().is_some_and(|order| order.what_if == Some(true)) {
            return None;
        }
        ticket::read(asked.client, &request, &self.market.listings, &self.market.account).ok()
    }

    /// Takes a new order and refuses it. Answers whether that was possible; if not the request is done as ever.
    pub(super) fn reject(&mut self, asked: &Asked<'_>, words: &Words) -> bool {
        let Some(ticket) = self.ticket_of(asked) else { return false };
        let moment = self.market.moment();
        if self.market.venue.take_and_reject(ticket, &moment, &mut self.facts).is_err() {
            return false;
        }
        self.tell_facts();
        self.tell_error(asked.client, asked.subject.order, words);
        true
    }

    /// Lets a cancellation come too late. Answers whether the order could fill.
    pub(super) fn overtake(&mut self, asked: &Asked<'_>, words: &Words) -> bool {
        let (Some(id), now) = (asked.subject.order, self.market.now) else { return false };
        let key = Key { client: asked.client, id };
        let Some(price) = self.market.venue.place_of(key).and_then(|place| self.own_price(place)) else {
            return false;
        };
        if !self
            .market
            .venue
            .place_of(key)
            .is_some_and(|place| self.market.venue.orders[place].state == State::Working)
        {
            return false;
        }
        let Ok(place) = self.market.venue.begin_cancel(key, now, &mut self.facts) else { return false };
        self.tell_facts();
        self.market.venue.fill_now(place, i64::MAX, price, now, &mut self.facts);
        let filled = self.tell_facts();
        self.tell_account(&filled);
        self.tell_error(asked.client, Some(id), words);
        // A child that could only fill in part: what is left of it is cancelled as asked.
        self.market.venue.finish_cancel(place, now, &mut self.facts);
        self.tell_facts();
        true
    }

    /// Makes two orders out of one and its change. Answers whether that was possible.
    pub(super) fn twin(&mut self, asked: &Asked<'_>) -> bool {
        let Some(ticket) = self.ticket_of(asked) else { return false };
        let Some(place) = self.market.venue.place_of(ticket.key) else { return false };
        let moment = self.market.moment();
        if self.market.venue.double(place, ticket, &moment, &mut self.facts).is_err() {
            return false;
        }
        self.tell_facts();
        true
    }

    /// Makes an order fill in parts from now on.
    pub(super) fn split(&mut self, place: usize, parts: &Parts) {
        let order = &self.market.venue.orders[place];
        let quantity = order.ticket.quantity;
        let shares = |size: &i64| match parts.unit {
            Unit::Shares => *size,
            Unit::Percent => quantity.saturating_mul(*size) / 100,
        };
        let sizes = parts.sizes.iter().map(|size| shares(size).max(1)).collect();
        self.market.venue.set_parts(place, sizes, parts.pace == Pace::Together);
    }

    /// Fills the live orders that are meant.
    pub(super) fn fill_meant(&mut self, due: &Due, shares: Option<i64>) {
        let now = self.market.now;
        for place in self.orders_meant(due) {
            let Some(price) = self.own_price(place) else { continue };
            let shares = shares.unwrap_or(i64::MAX);
            self.market.venue.fill_now(place, shares, price, now, &mut self.facts);
        }
        let filled = self.tell_facts();
        self.tell_account(&filled);
        self.wake_everyone();
    }

    /// The price an order fills at on demand: its own, or the last.
    fn own_price(&self, place: usize) -> Option<rust_decimal::Decimal> {
        let ticket = &self.market.venue.orders[place].ticket;
        ticket.kind.reference(self.market.venue.account.holdings[ticket.symbol].mark)
    }
}
