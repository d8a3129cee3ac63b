//! What the book can be asked.

use std::collections::BTreeSet;

use super::super::ids::{BrokerOrderId, Direction, ExecId, Leg, OrderRef, PermId, PlanId, Side, Symbol};
use super::super::money::{Cash, Price, Qty};
use super::super::order::{Execution, OrderKind};
use super::super::risk::Exposure;
use super::{Book, OrderRecord, Phase, PlanRecord, Position};

/// What is known.
impl Book {
    /// A plan by its name.
    pub fn plan(&self, id: &PlanId) -> Option<&PlanRecord> {
        self.plans.get(id)
    }

    /// Every plan there ever was, by name.
    pub fn plans(&self) -> impl Iterator<Item = &PlanRecord> {
        self.plans.values()
    }

    /// Plans that are not over, by name.
    pub fn active(&self) -> impl Iterator<Item = &PlanRecord> {
        self.active.iter().filter_map(|id| self.plans.get(id))
    }

    /// An order by our name for it.
    pub fn order(&self, reference: &OrderRef) -> Option<&OrderRecord> {
        self.orders.get(reference)
    }

    /// Every order, by name.
    pub fn orders(&self) -> impl Iterator<Item = &OrderRecord> {
        self.orders.values()
    }

    /// The order the broker means: by its lasting number, else by its number with our client id.
    pub fn find(&self, id: Option<BrokerOrderId>, perm: Option<PermId>) -> Option<&OrderRecord> {
        if let Some(named) = perm.and_then(|perm| self.by_perm.get(&perm)) {
            return self.orders.get(named);
        }
        // Numbers are given anew after a broker's restart: one whose lasting number differs is another order's.
        let order = self.orders.get(self.by_id.get(&id?)?)?;
        (perm.is_none() || order.perm.is_none()).then_some(order)
    }

    /// The orders of a plan that can still trade, of one leg.
    pub fn live<'a>(&'a self, plan: &'a PlanRecord, leg: Leg) -> impl Iterator<Item = &'a OrderRecord> {
        self.legs(plan, leg).filter(|order| order.state.is_live())
    }

    /// The orders of a plan, of one leg, in the order in which they were planned.
    pub fn legs<'a>(&'a self, plan: &'a PlanRecord, leg: Leg) -> impl Iterator<Item = &'a OrderRecord> {
        plan.orders
            .iter()
            .filter_map(|name| self.orders.get(name))
            .filter(move |order| order.ticket.leg == leg)
    }

    /// How many orders of that leg the plan ever had: the next one's generation.
    pub fn generation(&self, plan: &PlanRecord, leg: Leg) -> u32 {
        u32::try_from(self.legs(plan, leg).count()).unwrap_or(u32::MAX)
    }

    /// Whether an execution, or a later correction of it, was counted.
    pub fn has_execution(&self, id: &ExecId) -> bool {
        self.executions.get(id.stem()).is_some_and(|known| known.execution.id.revision() >= id.revision())
    }

    /// Whether an execution's costs are known.
    pub fn has_charge(&self, id: &ExecId) -> bool {
        self.charges.get(id.stem()).is_some_and(|(revision, _)| *revision >= id.revision())
    }

    /// The executions of a plan's orders with their legs, oldest first, and their costs where known.
    pub fn fills<'a>(
        &'a self,
        plan: &'a PlanRecord,
    ) -> impl Iterator<Item = (&'a OrderRecord, &'a Execution, Option<Cash>)> {
        let mut fills: Vec<_> = self
            .executions
            .values()
            .filter(|counted| plan.orders.contains(&counted.order))
            .filter_map(|c| {
                let charge = self.charges.get(c.execution.id.stem()).map(|(_, amount)| *amount);
                Some((self.orders.get(&c.order)?, &c.execution, charge))
            })
            .collect();
        fills.sort_by(|a, b| (a.1.at, &a.1.id).cmp(&(b.1.at, &b.1.id)));
        fills.into_iter()
    }

    /// The plan's shares; `None` before its first fill.
    pub fn position(&self, plan: &PlanRecord) -> Option<Position> {
        let entered: Qty = self.legs(plan, Leg::Entry).map(|o| o.filled).sum();
        if entered.is_zero() {
            return None;
        }
        let cost: Cash = self.legs(plan, Leg::Entry).map(|o| o.filled_value).sum();
        let left: Qty = plan
            .orders
            .iter()
            .filter_map(|name| self.orders.get(name))
            .filter(|o| o.ticket.leg != Leg::Entry)
            .map(|o| o.filled)
            .sum();
        let since = self.legs(plan, Leg::Entry).filter_map(|o| o.first_fill).min()?;
        let entry_price = Price::new(cost.decimal() / entered.decimal()).ok()?;
        Some(Position { qty: entered.minus(left), entered, entry_price, since })
    }

    /// Our shares of a symbol over all plans, negative when short.
    pub fn shares(&self, symbol: &Symbol) -> i64 {
        self.plans
            .values()
            .filter(|p| p.plan.symbol == *symbol && p.phase != Phase::Armed)
            .map(|p| self.signed(p))
            .sum()
    }

    /// Symbols of plans that are not over.
    pub fn active_symbols(&self) -> BTreeSet<Symbol> {
        self.active().map(|p| p.plan.symbol.clone()).collect()
    }

    fn signed(&self, plan: &PlanRecord) -> i64 {
        let signed = |order: &OrderRecord| {
            let shares = i64::try_from(order.filled.shares()).unwrap_or(i64::MAX);
            match order.ticket.side {
                Side::Buy => shares,
                Side::Sell => -shares,
            }
        };
        plan.orders.iter().filter_map(|name| self.orders.get(name)).map(signed).sum()
    }

    /// What is at risk now: every open position from its fill to its stop, never below zero, and every entry that
    /// may still fill at what was reserved for it.
    pub fn exposure(&self) -> Exposure {
        let mut exposure = Exposure::default();
        for plan in self.active().filter(|p| p.phase == Phase::Entered) {
            let stop = self.stop_price(plan);
            if let (Some(position), Some(stop)) = (self.position(plan), stop) {
                let loss = match plan.plan.direction {
                    Direction::Long => position.entry_price - stop,
                    Direction::Short => stop - position.entry_price,
                };
                exposure.open_risk += loss.at_least_zero() * position.qty;
            }
            for entry in self.live(plan, Leg::Entry) {
                let unfilled = entry.ticket.qty.minus(entry.filled);
                if let (Some(reference), Some(stop)) = (plan.reference, plan.initial_stop) {
                    exposure.reserved_risk += (reference - stop).abs() * unfilled;
                    exposure.reserved_value += reference * unfilled;
                }
            }
        }
        exposure
    }

    /// Where the plan's stop rests; the first one's price where none is alive.
    pub fn stop_price(&self, plan: &PlanRecord) -> Option<Price> {
        let resting = self.live(plan, Leg::Stop).last().and_then(|stop| match stop.ticket.kind {
            OrderKind::Stop(price) => Some(price),
            OrderKind::Limit(_) | OrderKind::Market => None,
        });
        resting
            .or_else(|| self.legs(plan, Leg::Stop).last().and_then(OrderRecord::asked_price))
            .or(plan.initial_stop)
    }

    /// Whether entries in this symbol are stopped because our position and the broker's differ.
    pub fn is_frozen(&self, symbol: &Symbol) -> bool {
        self.frozen.contains_key(symbol)
    }

    /// The broker's shares of a frozen symbol, when they were found to differ.
    pub fn disputed(&self, symbol: &Symbol) -> Option<i64> {
        self.frozen.get(symbol).copied()
    }

    /// Symbols that are frozen.
    pub fn frozen(&self) -> impl Iterator<Item = &Symbol> {
        self.frozen.keys()
    }

    /// The highest order number ever seen: the next one is above it.
    pub fn order_id_high(&self) -> i32 {
        self.order_id_high
    }
}
