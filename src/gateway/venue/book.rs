//! The working orders of one symbol, kept so that a bar only touches what it reaches.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::order::{Form, Kind, Order, Side, Trigger};
use crate::gateway::bars::Bar;
use crate::gateway::feed::Hours;

/// Prices with the places of the orders that wait for them.
type Ladder = BTreeSet<(Decimal, usize)>;

/// Invariant: holds exactly the orders of its symbol that are Working, each where its form belongs.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// In the order they came.
    markets: BTreeSet<usize>,
    /// The orders that act in the session only.
    session: Ladders,
    /// The orders that act at any hour.
    any_hour: Ladders,
    /// Trailing stops by the best price they have followed.
    trails: Sides,
}

#[derive(Debug, Default)]
struct Ladders {
    stops: Sides,
    limits: Sides,
}

#[derive(Debug, Default)]
struct Sides {
    buys: Ladder,
    sells: Ladder,
}

impl Sides {
    fn of(&mut self, side: Side) -> &mut Ladder {
        match side {
            Side::Buy => &mut self.buys,
            Side::Sell => &mut self.sells,
        }
    }

    /// Those at or above the bar's low, on the one side, and at or below its high, on the other.
    fn reached(&self, above: Side, bar: &Bar, places: &mut Vec<usize>) {
        let (from_low, to_high) = match above {
            Side::Buy => (&self.buys, &self.sells),
            Side::Sell => (&self.sells, &self.buys),
        };
        places.extend(from_low.range((bar.low, 0)..).map(|(_, place)| *place));
        places.extend(to_high.range(..=(bar.high, usize::MAX)).map(|(_, place)| *place));
    }
}

impl Book {
    pub(super) fn put(&mut self, place: usize, order: &Order) {
        let side = order.ticket.side;
        match order.form() {
            Form::Market => drop(self.markets.insert(place)),
            Form::Stop(Some(price)) => drop(self.ladders(order).stops.of(side).insert((price, place))),
            Form::Stop(None) => {}
            Form::Limit(price) => drop(self.ladders(order).limits.of(side).insert((price, place))),
        }
        if let Some(best) = followed(order) {
            self.trails.of(side).insert((best, place));
        }
    }

    /// Invariant: the order has not changed since it was put here.
    pub(super) fn take(&mut self, place: usize, order: &Order) {
        let side = order.ticket.side;
        match order.form() {
            Form::Market => drop(self.markets.remove(&place)),
            Form::Stop(Some(price)) => drop(self.ladders(order).stops.of(side).remove(&(price, place))),
            Form::Stop(None) => {}
            Form::Limit(price) => drop(self.ladders(order).limits.of(side).remove(&(price, place))),
        }
        if let Some(best) = followed(order) {
            self.trails.of(side).remove(&(best, place));
        }
    }

    fn ladders(&mut self, order: &Order) -> &mut Ladders {
        if order.acts_outside() { &mut self.any_hour } else { &mut self.session }
    }

    /// The first market order that came at or after a place.
    pub(super) fn market_from(&self, place: usize) -> Option<usize> {
        self.markets.range(place..).next().copied()
    }

    /// The stops at which a bar trades, in the order they came.
    pub(super) fn stops_reached(&self, bar: &Bar, hours: Hours) -> Vec<usize> {
        self.reached(hours, |ladders, places| ladders.stops.reached(Side::Sell, bar, places))
    }

    /// The limits at which a bar trades, in the order they came.
    pub(super) fn limits_reached(&self, bar: &Bar, hours: Hours) -> Vec<usize> {
        self.reached(hours, |ladders, places| ladders.limits.reached(Side::Buy, bar, places))
    }

    fn reached(&self, hours: Hours, look: impl Fn(&Ladders, &mut Vec<usize>)) -> Vec<usize> {
        let mut places = Vec::new();
        look(&self.any_hour, &mut places);
        if hours == Hours::Session {
            look(&self.session, &mut places);
        }
        places.sort_unstable();
        places
    }

    /// The trailing stops for which a bar has a new best price, in the order they came.
    pub(super) fn trails_behind(&self, bar: &Bar) -> Vec<usize> {
        let sells = self.trails.sells.range(..(bar.high, 0));
        let buys = self.trails.buys.range((bar.low, usize::MAX)..);
        let mut places: Vec<usize> = sells.chain(buys).map(|(_, place)| *place).collect();
        places.sort_unstable();
        places
    }
}

/// The best price a trailing stop has followed; one that has seen none is behind every price.
fn followed(order: &Order) -> Option<Decimal> {
    let follows = matches!(order.ticket.kind, Kind::Trail { .. }) && order.trigger == Trigger::Armed;
    let none = match order.ticket.side {
        Side::Buy => Decimal::MAX,
        Side::Sell => Decimal::ZERO,
    };
    follows.then(|| order.best.unwrap_or(none))
}
