//! The venue once more, the plain way: no index, every question answered by looking at all orders.

use std::collections::{BTreeSet, HashSet};

use rust_decimal::{Decimal, RoundingStrategy};

use crate::gateway::bars::Bar;
use crate::gateway::venue::{Distance, Kind, Side};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    Waiting,
    Working,
    Filled,
    Cancelled,
    Inactive,
}

#[derive(Debug)]
pub(super) struct Plain {
    pub(super) side: Side,
    pub(super) quantity: i64,
    pub(super) kind: Kind,
    pub(super) any_hour: bool,
    pub(super) parent: Option<usize>,
    pub(super) group: String,
    pub(super) reduces: bool,
    pub(super) expires: Option<i64>,
    pub(super) is: Is,
    pub(super) filled: i64,
    pub(super) taken: i64,
    pub(super) pulled: bool,
    pub(super) stop: Option<Decimal>,
    pub(super) best: Option<Decimal>,
    pub(super) after: i64,
}

impl Plain {
    pub(super) fn lives(&self) -> bool {
        matches!(self.is, Is::Waiting | Is::Working)
    }
}

#[derive(Debug, Default)]
pub(super) struct PlainVenue {
    pub(super) orders: Vec<Plain>,
    /// Order, shares, price, time.
    pub(super) fills: Vec<(usize, i64, Decimal, i64)>,
    closed: HashSet<String>,
    mark: Option<Decimal>,
}

impl PlainVenue {
    pub(super) fn place(&mut self, order: Plain) {
        let place = self.orders.len();
        let closed = self.closed.contains(&order.group);
        let parent = order.parent.map(|parent| &self.orders[parent]);
        let waits = parent.is_some_and(|parent| parent.lives() && parent.filled == 0);
        self.orders.push(order);
        if closed {
            self.orders[place].is = Is::Inactive;
        } else if waits {
            self.orders[place].is = Is::Waiting;
        } else {
            self.work(place, self.mark);
        }
    }

    pub(super) fn amend(&mut self, place: usize, quantity: i64, kind: Kind) {
        let mark = self.mark;
        let order = &mut self.orders[place];
        if std::mem::discriminant(&kind) != std::mem::discriminant(&order.kind) {
            order.pulled = false;
        }
        let changed = order.kind != kind;
        (order.quantity, order.kind) = (quantity, kind);
        match kind {
            Kind::Trail { .. } if changed && order.is == Is::Working => {
                let from = order.best.or(mark);
                self.start(place, from);
            }
            Kind::Trail { .. } => {}
            _ => (order.stop, order.best) = (None, None),
        }
        if self.orders[place].filled == quantity {
            self.orders[place].is = Is::Filled;
            self.orphans(place);
        }
    }

    fn start(&mut self, place: usize, price: Option<Decimal>) {
        let order = &mut self.orders[place];
        let Kind::Trail { by, start } = order.kind else { return };
        order.best = if start.is_some() { None } else { price };
        order.stop = start.or_else(|| price.map(|price| behind(price, by, order.side)));
    }

    fn work(&mut self, place: usize, price: Option<Decimal>) {
        self.orders[place].is = Is::Working;
        self.start(place, price);
    }

    pub(super) fn cancel(&mut self, place: usize) {
        self.orders[place].is = Is::Cancelled;
        self.orphans(place);
    }

    fn orphans(&mut self, parent: usize) {
        let filled = self.orders[parent].filled;
        for place in 0..self.orders.len() {
            let order = &mut self.orders[place];
            if order.parent != Some(parent) || !order.lives() {
                continue;
            }
            let quantity = order.quantity.min(filled - order.taken);
            if quantity <= order.filled && order.filled > 0 {
                (order.quantity, order.is) = (order.filled, Is::Filled);
                self.orphans(place);
            } else if quantity <= 0 {
                self.cancel(place);
            } else {
                order.quantity = quantity;
            }
        }
    }

    pub(super) fn fillable(&self, place: usize) -> i64 {
        let order = &self.orders[place];
        let left = order.quantity - order.filled;
        match order.parent.map(|parent| &self.orders[parent]) {
            Some(parent) if parent.lives() => left.min(parent.filled - order.filled - order.taken).max(0),
            _ => left,
        }
    }

    pub(super) fn fill(&mut self, place: usize, shares: i64, price: Decimal, time: i64, after: i64) {
        self.fills.push((place, shares, price, time));
        let order = &mut self.orders[place];
        order.filled += shares;
        if order.filled == order.quantity {
            order.is = Is::Filled;
        }
        let (group, reduces) = (order.group.clone(), order.reduces);
        if !group.is_empty() {
            if !reduces {
                self.closed.insert(group.clone());
            }
            for other in 0..self.orders.len() {
                let it = &mut self.orders[other];
                if other == place || it.group != group || !it.lives() {
                    continue;
                }
                if reduces && shares < it.quantity - it.filled {
                    it.quantity -= shares;
                    it.taken += shares;
                } else {
                    self.cancel(other);
                }
            }
        }
        for child in 0..self.orders.len() {
            let it = &mut self.orders[child];
            if it.parent != Some(place) {
                continue;
            }
            match it.is {
                Is::Waiting => {
                    it.after = after;
                    self.work(child, Some(price));
                }
                Is::Working => it.after = it.after.max(after),
                _ => {}
            }
        }
    }

    pub(super) fn bar(&mut self, bar: &Bar, session: bool, mut offer: i64) {
        if bar.traded() {
            for turn in ["market", "stop", "limit"] {
                let mut served = BTreeSet::new();
                while let Some(place) = self.next(turn, bar, session, &served) {
                    served.insert(place);
                    offer -= self.serve(place, turn, bar, offer);
                }
            }
            if session {
                self.follow(bar);
            }
        }
        self.mark = Some(bar.close);
        loop {
            let due = |order: &Plain| order.lives() && order.expires.is_some_and(|end| end <= bar.start + 5);
            let first = (0..self.orders.len())
                .filter(|place| due(&self.orders[*place]))
                .min_by_key(|place| (self.orders[*place].expires, *place));
            let Some(place) = first else { break };
            self.cancel(place);
        }
    }

    fn next(&self, turn: &str, bar: &Bar, session: bool, served: &BTreeSet<usize>) -> Option<usize> {
        (0..self.orders.len()).find(|place| {
            let order = &self.orders[*place];
            let (is, price) = form(order);
            let outside = order.any_hour && matches!(order.kind, Kind::Limit(_) | Kind::StopLimit { .. });
            let reached = match (is, order.side, price) {
                ("market", ..) => true,
                (_, _, None) => false,
                ("stop", Side::Sell, Some(stop)) => bar.low <= stop,
                ("stop", Side::Buy, Some(stop)) => bar.high >= stop,
                (_, Side::Buy, Some(limit)) => bar.low <= limit,
                (_, Side::Sell, Some(limit)) => bar.high >= limit,
            };
            order.is == Is::Working
                && order.after < bar.start
                && is == turn
                && (session || outside)
                && reached
                && self.fillable(*place) > 0
                && !served.contains(place)
        })
    }

    /// Answers the shares it took.
    fn serve(&mut self, place: usize, turn: &str, bar: &Bar, offer: i64) -> i64 {
        let shares = self.fillable(place).min(offer);
        let order = &mut self.orders[place];
        let (_, price) = form(order);
        let buys = order.side == Side::Buy;
        let price = match (turn, price) {
            ("stop", Some(stop)) if buys => stop.max(bar.open),
            ("stop", Some(stop)) => stop.min(bar.open),
            ("limit", Some(limit)) if buys => limit.min(bar.open),
            ("limit", Some(limit)) => limit.max(bar.open),
            _ => bar.open,
        };
        if turn == "stop" {
            order.pulled = true;
            order.after = bar.start;
            if let Kind::StopLimit { limit, .. } = order.kind
                && if buys { price > limit } else { price < limit }
            {
                return 0;
            }
        }
        if shares > 0 {
            let after = if turn == "market" { i64::MIN } else { bar.start };
            self.fill(place, shares, price, bar.start, after);
        }
        shares
    }

    fn follow(&mut self, bar: &Bar) {
        for order in &mut self.orders {
            let Kind::Trail { by, .. } = order.kind else { continue };
            if order.is != Is::Working || order.after >= bar.start || order.pulled {
                continue;
            }
            let (best, stop) = match order.side {
                Side::Sell => {
                    let best = order.best.map_or(bar.high, |best| best.max(bar.high));
                    let stop = behind(best, by, Side::Sell);
                    (best, order.stop.map_or(stop, |before| before.max(stop)))
                }
                Side::Buy => {
                    let best = order.best.map_or(bar.low, |best| best.min(bar.low));
                    let stop = behind(best, by, Side::Buy);
                    (best, order.stop.map_or(stop, |before| before.min(stop)))
                }
            };
            (order.best, order.stop) = (Some(best), Some(stop));
        }
    }
}

fn form(order: &Plain) -> (&'static str, Option<Decimal>) {
    match (order.kind, order.pulled) {
        (Kind::Limit(limit), _) | (Kind::StopLimit { limit, .. }, true) => ("limit", Some(limit)),
        (Kind::Stop(stop) | Kind::StopLimit { stop, .. }, false) => ("stop", Some(stop)),
        (Kind::Trail { .. }, false) => ("stop", order.stop),
        _ => ("market", None),
    }
}

fn behind(best: Decimal, by: Distance, side: Side) -> Decimal {
    let distance = match by {
        Distance::Amount(amount) => amount,
        Distance::Percent(percent) => best * percent / Decimal::from(100),
    };
    match side {
        Side::Sell => (best - distance).round_dp_with_strategy(2, RoundingStrategy::ToPositiveInfinity),
        Side::Buy => (best + distance).round_dp_with_strategy(2, RoundingStrategy::ToNegativeInfinity),
    }
}
