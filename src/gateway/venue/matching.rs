//! Matching, exactly: what one instant's bars do to the orders.
//!
//! Symbol by symbol, and inside a bar: market orders first, at its open, in the order they came, with the
//! children that this makes active; then stops, then limits. So of a stop and a target that both trade in one
//! bar the stop wins. A bar without a trade triggers and fills nothing. Where a bar offers only so many shares,
//! the orders are served from them in that order; what is left of a triggered stop goes on as a market order
//! with the next bar, what is left of a limit waits for its price again.

use rust_decimal::Decimal;

use super::fill::When;
use super::order::{Kind, Side, Trigger};
use super::rules::Offer;
use super::{Fact, Reason, Venue};
use crate::gateway::bars::Bar;
use crate::gateway::feed::{Hours, Slot};

/// Market seconds between two words about trailing stops that moved.
const MOVED_TOLD_SECONDS: i64 = 60;

impl Venue {
    /// Trades one instant. `next_hours` are those of its end.
    pub(in crate::gateway) fn trade(&mut self, slot: &Slot, next_hours: Hours, facts: &mut Vec<Fact>) {
        // Between two instants no time passes for the orders: one may have ended on the way.
        self.expire(slot.start, facts);
        self.set_hours(slot.hours, facts);
        for (symbol, bar) in slot.bars.iter().enumerate() {
            let Some(bar) = bar else { continue };
            if bar.traded() && !self.live.is_empty() {
                self.serve(symbol, bar, slot.hours, facts);
            }
            self.account.holdings[symbol].mark = Some(bar.close);
        }
        self.expire(slot.end(), facts);
        if slot.end() % MOVED_TOLD_SECONDS == 0 {
            self.tell_moved(facts);
        }
        self.set_hours(next_hours, facts);
    }

    fn serve(&mut self, symbol: usize, bar: &Bar, hours: Hours, facts: &mut Vec<Fact>) {
        let mut offer = Offer::of(self.rules.fills, bar.volume);
        if hours == Hours::Session {
            self.serve_markets(symbol, bar, &mut offer, facts);
        }
        for place in self.books[symbol].stops_reached(bar, hours) {
            self.serve_stop(place, bar, &mut offer, facts);
        }
        for place in self.books[symbol].limits_reached(bar, hours) {
            self.serve_limit(place, bar, &mut offer, facts);
        }
        if hours == Hours::Session {
            self.follow(symbol, bar);
        }
    }

    /// Market orders act in the session only. A child that a fill makes active came after its parent, so it is
    /// met on the way.
    fn serve_markets(&mut self, symbol: usize, bar: &Bar, offer: &mut Offer, facts: &mut Vec<Fact>) {
        let mut from = 0;
        while let Some(place) = self.books[symbol].market_from(from).filter(|_| !offer.is_spent()) {
            from = place + 1;
            if !self.orders[place].acts_at(bar.start) {
                continue;
            }
            let shares = offer.take(self.fillable(place));
            if shares > 0 {
                self.fill_in_parts(place, shares, bar.open, When::at_open(bar.start), facts);
            }
        }
    }

    /// A stop that the bar reached: it fills at its price or at the open beyond it, whichever is worse. One with
    /// a limit fills there only if the limit allows it, since what the bar did later is not known.
    fn serve_stop(&mut self, place: usize, bar: &Bar, offer: &mut Offer, facts: &mut Vec<Fact>) {
        // A fill before may have ended it, or a child may have nothing to close.
        if !self.orders[place].acts_at(bar.start) || self.fillable(place) == 0 {
            return;
        }
        let order = &self.orders[place];
        let (kind, side) = (order.ticket.kind, order.ticket.side);
        let super::Form::Stop(Some(stop)) = order.form() else { return };
        let price = match side {
            Side::Sell => stop.min(bar.open),
            Side::Buy => stop.max(bar.open),
        };
        self.leave_book(place);
        let order = &mut self.orders[place];
        order.trigger = Trigger::Pulled;
        order.acts_after = bar.start;
        self.moved.remove(&place);
        self.enter_book(place);
        let allowed = match kind {
            Kind::StopLimit { limit, .. } => within(limit, price, side),
            _ => true,
        };
        let shares = if allowed { offer.take(self.fillable(place)) } else { 0 };
        if shares > 0 {
            self.fill_in_parts(place, shares, price, When::inside(bar.start), facts);
        } else {
            self.stands(place, facts);
        }
    }

    /// A limit that the bar reached fills at its price or at the open beyond it, whichever is better.
    fn serve_limit(&mut self, place: usize, bar: &Bar, offer: &mut Offer, facts: &mut Vec<Fact>) {
        if offer.is_spent() || !self.orders[place].acts_at(bar.start) {
            return;
        }
        let order = &self.orders[place];
        let super::Form::Limit(limit) = order.form() else { return };
        let price = match order.ticket.side {
            Side::Buy => limit.min(bar.open),
            Side::Sell => limit.max(bar.open),
        };
        let shares = offer.take(self.fillable(place));
        if shares > 0 {
            self.fill_in_parts(place, shares, price, When::inside(bar.start), facts);
        }
    }

    /// Ends the orders whose time is over.
    fn expire(&mut self, now: i64, facts: &mut Vec<Fact>) {
        while let Some((_, place)) = self.expiries.first().copied().filter(|(expires, _)| *expires <= now) {
            self.end(place, Reason::Expired, now, facts);
        }
    }
}

/// Whether a limit allows a price.
fn within(limit: Decimal, price: Decimal, side: Side) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => limit <= price,
    }
}

#[cfg(test)]
mod kinds;
#[cfg(test)]
mod tests;
