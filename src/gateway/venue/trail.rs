//! Stops that follow the price, never back.

use rust_decimal::{Decimal, RoundingStrategy};

use super::order::Distance;
use super::{Fact, Kind, Side, Venue};
use crate::gateway::bars::Bar;
use crate::gateway::catalogue::MarketRule;

impl Venue {
    /// Where a trailing stop begins: where its client said, else its distance from a price. Invariant: the
    /// order is in no book yet.
    pub(super) fn start_trail(
        &mut self,
        place: usize,
        by: Distance,
        start: Option<Decimal>,
        price: Option<Decimal>,
    ) {
        let order = &mut self.orders[place];
        let ticks = &self.ticks[order.ticket.symbol];
        order.best = price.filter(|_| start.is_none());
        order.trail_stop =
            start.or_else(|| price.map(|price| stop_behind(price, by, order.ticket.side, ticks)));
    }

    /// Lets the trailing stops of a symbol follow a bar that has not triggered them.
    pub(super) fn follow(&mut self, symbol: usize, bar: &Bar) {
        for place in self.books[symbol].trails_behind(bar) {
            if !self.orders[place].acts_at(bar.start) {
                continue;
            }
            let Kind::Trail { by, .. } = self.orders[place].ticket.kind else { continue };
            self.leave_book(place);
            let order = &mut self.orders[place];
            let side = order.ticket.side;
            let best = match side {
                Side::Sell => bar.high,
                Side::Buy => bar.low,
            };
            let (stop, before) = (stop_behind(best, by, side, &self.ticks[symbol]), order.trail_stop);
            let closer = match (side, before) {
                (_, None) => true,
                (Side::Sell, Some(before)) => stop > before,
                (Side::Buy, Some(before)) => stop < before,
            };
            order.best = Some(best);
            if closer {
                order.trail_stop = Some(stop);
                self.moved.insert(place);
            }
            self.enter_book(place);
        }
    }

    /// Tells the trailing stops that moved, once a minute: a client need not hear of every bar.
    pub(super) fn tell_moved(&mut self, facts: &mut Vec<Fact>) {
        for place in std::mem::take(&mut self.moved) {
            self.stands(place, facts);
        }
    }
}

/// The stop at its distance from the best price, rounded to the tick towards the price.
fn stop_behind(best: Decimal, by: Distance, side: Side, ticks: &MarketRule) -> Decimal {
    let distance = match by {
        Distance::Amount(amount) => amount,
        Distance::Percent(percent) => best * percent / Decimal::ONE_HUNDRED,
    };
    let (stop, rounding) = match side {
        Side::Sell => (best - distance, RoundingStrategy::ToPositiveInfinity),
        Side::Buy => (best + distance, RoundingStrategy::ToNegativeInfinity),
    };
    ticks.to_tick_by(stop, rounding)
}
