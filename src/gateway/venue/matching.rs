//! Matching, exactly: what one instant's bars do to the orders.
//!
//! Symbol by symbol, and inside a bar: market orders first, at its open, in the order they came, with the
//! children that this makes active; then stops, then limits. So of a stop and a target that both trade in one
//! bar the stop wins. A bar without a trade triggers and fills nothing.

use rust_decimal::Decimal;

use super::{Execution, Fact, Kind, Reach, Reason, Side, State, Venue};
use crate::gateway::account::commission;
use crate::gateway::bars::Bar;
use crate::gateway::feed::{Hours, Slot};

/// The kinds of orders, in the order in which a bar serves them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Market,
    Stop,
    Limit,
}

impl Venue {
    /// Trades one instant. `next_hours` are those of its end.
    pub(in crate::gateway) fn trade(&mut self, slot: &Slot, next_hours: Hours, facts: &mut Vec<Fact>) {
        self.set_hours(slot.hours, facts);
        for (symbol, bar) in slot.bars.iter().enumerate() {
            let Some(bar) = bar else { continue };
            if bar.traded() && !self.live.is_empty() {
                for turn in [Turn::Market, Turn::Stop, Turn::Limit] {
                    self.serve(turn, symbol, bar, slot.hours, facts);
                }
            }
            self.account.holdings[symbol].mark = Some(bar.close);
        }
        self.expire(slot.end(), facts);
        self.set_hours(next_hours, facts);
    }

    /// Fills the orders of one turn, looking anew after each: a fill cancels some and makes others active.
    fn serve(&mut self, turn: Turn, symbol: usize, bar: &Bar, hours: Hours, facts: &mut Vec<Fact>) {
        while let Some((place, price)) = self.first_filled(turn, symbol, bar, hours) {
            self.fill(place, price, turn, bar, facts);
        }
    }

    fn first_filled(&self, turn: Turn, symbol: usize, bar: &Bar, hours: Hours) -> Option<(usize, Decimal)> {
        self.live.iter().find_map(|place| {
            let order = &self.orders[*place];
            let ticket = &order.ticket;
            if ticket.symbol != symbol || order.state != State::Working || order.acts_after >= bar.start {
                return None;
            }
            if turn_of(ticket.kind) != turn || !may_act(ticket.kind, ticket.reach, hours) {
                return None;
            }
            fill_price(ticket.kind, ticket.side, bar).map(|price| (*place, price))
        })
    }

    fn fill(&mut self, place: usize, price: Decimal, turn: Turn, bar: &Bar, facts: &mut Vec<Fact>) {
        let execution = self.executions.len();
        let order = &mut self.orders[place];
        order.state = State::Filled(execution);
        order.ended = Some(bar.start);
        let (key, perm_id, quantity) = (order.ticket.key, order.perm_id, order.ticket.quantity);
        let (symbol, side) = (order.ticket.symbol, order.ticket.side);
        let commission = commission(quantity, price);
        let realized = self.account.book(symbol, side, quantity, price, commission);
        let id = format!("{perm_id:08x}.{:08x}.01.01", execution + 1);
        self.executions.push(Execution { id, order: place, time: bar.start, price, commission, realized });
        self.live.retain(|other| *other != place);
        facts.push(Fact::Filled(execution));
        self.cancel_group(key.client, &self.orders[place].ticket.oca_group.clone(), bar.start, facts);
        self.wake_children(place, turn, bar, facts);
    }

    fn cancel_group(&mut self, client: i32, group: &str, now: i64, facts: &mut Vec<Fact>) {
        if group.is_empty() {
            return;
        }
        let tied =
            |order: &super::Order| order.ticket.key.client == client && order.ticket.oca_group == group;
        while let Some(place) = self.live.iter().copied().find(|place| tied(&self.orders[*place])) {
            self.end(place, Reason::OcaGroup, now, facts);
        }
    }

    /// The children of a filled order go to work: in this bar when it filled at the bar's open as a market
    /// order, else from the next, since what the bar did before and after the fill is not known.
    fn wake_children(&mut self, parent: usize, turn: Turn, bar: &Bar, facts: &mut Vec<Fact>) {
        for index in 0..self.live.len() {
            let place = self.live[index];
            let order = &mut self.orders[place];
            if order.parent != Some(parent) || order.state != State::Waiting {
                continue;
            }
            order.state = State::Working;
            order.acts_after = if turn == Turn::Market { i64::MIN } else { bar.start };
            self.stands(place, facts);
        }
    }
}

fn turn_of(kind: Kind) -> Turn {
    match kind {
        Kind::Market => Turn::Market,
        Kind::Stop(_) => Turn::Stop,
        Kind::Limit(_) => Turn::Limit,
    }
}

/// Outside the session only limits act, and only those that ask for it.
fn may_act(kind: Kind, reach: Reach, hours: Hours) -> bool {
    match hours {
        Hours::Session => true,
        Hours::Outside => reach == Reach::AnyHour && matches!(kind, Kind::Limit(_)),
    }
}

/// Where a bar fills an order, if it does: a stop at its price or the open beyond it, whichever is worse; a
/// limit at its price or the open beyond it, whichever is better.
fn fill_price(kind: Kind, side: Side, bar: &Bar) -> Option<Decimal> {
    match (kind, side) {
        (Kind::Market, _) => Some(bar.open),
        (Kind::Stop(stop), Side::Sell) => (bar.low <= stop).then(|| stop.min(bar.open)),
        (Kind::Stop(stop), Side::Buy) => (bar.high >= stop).then(|| stop.max(bar.open)),
        (Kind::Limit(limit), Side::Buy) => (bar.low <= limit).then(|| limit.min(bar.open)),
        (Kind::Limit(limit), Side::Sell) => (bar.high >= limit).then(|| limit.max(bar.open)),
    }
}

#[cfg(test)]
mod tests;
