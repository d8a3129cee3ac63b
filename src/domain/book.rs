//! Plans, orders, positions and money at risk: the fold of [`Event`]s, and nothing else.
//!
//! Invariant: two books that were told the same events are equal. Nothing is ever changed but by [`Book::apply`].

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Ending, Event, ExitReason, Recorded};
use super::ids::{BrokerOrderId, ExecId, Leg, OrderRef, PermId, PlanId, Stamp, Symbol};
use super::money::{Cash, Price, Qty};
use super::order::{Amendment, Execution, OrderFact, OrderKind, OrderState, Ticket, step};
use super::plan::Plan;
use super::risk::Exposure;

/// Everything prusik knows about its own trading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    plans: BTreeMap<PlanId, PlanRecord>,
    /// Plans that are not over: what every question about the present is asked of.
    active: BTreeSet<PlanId>,
    orders: BTreeMap<OrderRef, OrderRecord>,
    by_id: BTreeMap<BrokerOrderId, OrderRef>,
    by_perm: BTreeMap<PermId, OrderRef>,
    /// By the execution's stem: a correction replaces what it corrects.
    executions: BTreeMap<String, Counted>,
    charges: BTreeMap<ExecId, Cash>,
    frozen: BTreeSet<Symbol>,
    order_id_high: i32,
}

/// A plan and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRecord {
    /// The plan in force.
    pub plan: Plan,
    /// Since when it waits for its entry, in this version.
    pub armed_at: Stamp,
    /// Where it is in its life.
    pub phase: Phase,
    /// Whether its file is still there.
    pub file: FileState,
    /// A signal of a session's last candle that waits for the next session: the candle's end and the reason.
    pub held: Option<(Stamp, String)>,
    /// Limits that were told already for this version.
    pub refused: BTreeSet<&'static str>,
    /// Its orders, in the order in which they were planned.
    pub orders: Vec<OrderRef>,
    /// The first stop's price, once an entry was planned.
    pub initial_stop: Option<Price>,
    /// The price its size was computed from, once an entry was planned.
    pub reference: Option<Price>,
    /// The best price since the entry, by its rule's candles.
    pub best: Option<Price>,
    /// Candles judged since the entry.
    pub bars_held: u32,
    /// The end of the last of them.
    pub judged_to: Option<Stamp>,
}

/// Where a plan is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It waits for its entry.
    Armed,
    /// Its entry was planned: working, filled, or a position by now.
    Entered,
    /// It is over.
    Ended(Ending),
}

/// Whether a plan's file is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// It is.
    Present,
    /// It was removed while the plan had orders or a position.
    Orphaned,
}

/// An order and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRecord {
    /// What it asks for, with the price and quantity in force.
    pub ticket: Ticket,
    /// Where it is in its life.
    pub state: OrderState,
    /// Its number at the broker.
    pub id: Option<BrokerOrderId>,
    /// Its lasting number there.
    pub perm: Option<PermId>,
    /// Price and quantity that we asked for and that are not confirmed yet.
    pub wanted: Option<Amendment>,
    /// Shares executed.
    pub filled: Qty,
    /// Σ shares × price of them.
    pub filled_value: Cash,
    /// When the first of them was (simulated: the start of its 5-second bar).
    pub first_fill: Option<Stamp>,
    /// Why it was planned; absent for the legs of an entry.
    pub why: Option<ExitReason>,
    /// When it was planned.
    pub planned_at: Stamp,
    /// When something last happened to it.
    pub updated_at: Stamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Counted {
    order: OrderRef,
    execution: Execution,
}

/// A plan's shares: what its entry bought less what its exits sold (for a short, mirrored).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Shares held now.
    pub qty: Qty,
    /// Shares the entry brought in all.
    pub entered: Qty,
    /// What they cost, per share on average.
    pub entry_price: Price,
    /// The start of the 5-second bar of the first fill.
    pub since: Stamp,
}

impl OrderRecord {
    /// Average price of what was executed; `None` before the first fill.
    pub fn average_price(&self) -> Option<rust_decimal::Decimal> {
        (!self.filled.is_zero()).then(|| self.filled_value.decimal() / self.filled.decimal())
    }

    /// The stop price in force, or asked for: the base of the ratchet.
    pub fn asked_price(&self) -> Option<Price> {
        match (self.wanted, self.ticket.kind) {
            (Some(wanted), _) => Some(wanted.price),
            (None, OrderKind::Stop(price) | OrderKind::Limit(price)) => Some(price),
            (None, OrderKind::Market) => None,
        }
    }

    /// The quantity in force, or asked for.
    pub fn asked_qty(&self) -> Qty {
        self.wanted.map_or(self.ticket.qty, |wanted| wanted.qty)
    }
}

impl Book {
    /// Takes a fact in. Facts that cannot follow what is known are ignored: they were written down, and the broker
    /// is asked again.
    pub fn apply(&mut self, recorded: &Recorded) {
        let at = recorded.at;
        match &recorded.event {
            Event::PlanArmed { plan } => self.arm(at, plan),
            Event::PlanChanged { plan } => self.change(at, plan),
            Event::PlanOrphaned { plan } => self.with_plan(plan, |p| p.file = FileState::Orphaned),
            Event::PlanEnded { plan, how } => {
                self.with_plan(plan, |p| p.phase = Phase::Ended(*how));
                self.active.remove(plan);
            }
            Event::SignalHeld { plan, candle_end, why } => {
                self.with_plan(plan, |p| p.held = Some((*candle_end, why.clone())));
            }
            Event::EntryRefused { plan, denied } => self.with_plan(plan, |p| {
                p.held = None;
                p.refused.insert(denied.limit());
            }),
            Event::EntryPlanned { bracket, .. } => {
                let plan = &bracket.entry.plan;
                self.with_plan(plan, |p| {
                    p.phase = Phase::Entered;
                    p.held = None;
                    p.reference = Some(bracket.reference);
                    p.initial_stop = match bracket.stop.kind {
                        OrderKind::Stop(price) => Some(price),
                        OrderKind::Limit(_) | OrderKind::Market => None,
                    };
                });
                let legs = [Some(&bracket.entry), Some(&bracket.stop), bracket.target.as_ref()];
                for ticket in legs.into_iter().flatten() {
                    self.plan_order(at, ticket, None);
                }
            }
            Event::OrderPlanned { ticket, why, .. } => self.plan_order(at, ticket, Some(*why)),
            Event::Order { reference, fact } => self.step_order(at, reference, fact),
            Event::Executed { reference, execution } => self.count(at, reference, execution),
            Event::Charged { exec, amount } => {
                self.charges.insert(exec.clone(), *amount);
            }
            Event::CandleJudged { plan, candle, best } => self.with_plan(plan, |p| {
                p.best = Some(*best);
                p.bars_held += 1;
                p.judged_to = Some(candle.end);
            }),
            Event::PositionMismatch { symbol, .. } => {
                self.frozen.insert(symbol.clone());
            }
            Event::PositionAgrees { symbol } => {
                self.frozen.remove(symbol);
            }
            Event::PlanEditRefused { .. }
            | Event::StopRefused { .. }
            | Event::RuleFailed { .. }
            | Event::Reconciled { .. }
            | Event::ConnectionLost { .. } => {}
        }
    }

    fn with_plan(&mut self, id: &PlanId, change: impl FnOnce(&mut PlanRecord)) {
        if let Some(record) = self.plans.get_mut(id) {
            change(record);
        }
    }

    fn arm(&mut self, at: Stamp, plan: &Plan) {
        let record = PlanRecord {
            plan: plan.clone(),
            armed_at: at,
            phase: Phase::Armed,
            file: FileState::Present,
            held: None,
            refused: BTreeSet::new(),
            // A plan that was removed and came back keeps the orders of its past: their names are used up.
            orders: self.plans.get(&plan.id).map(|old| old.orders.clone()).unwrap_or_default(),
            initial_stop: None,
            reference: None,
            best: None,
            bars_held: 0,
            judged_to: None,
        };
        self.active.insert(plan.id.clone());
        self.plans.insert(plan.id.clone(), record);
    }

    fn change(&mut self, at: Stamp, plan: &Plan) {
        self.with_plan(&plan.id, |record| {
            record.plan = plan.clone();
            record.file = FileState::Present;
            if record.phase == Phase::Armed {
                record.armed_at = at;
                record.held = None;
                record.refused.clear();
            }
        });
    }

    fn plan_order(&mut self, at: Stamp, ticket: &Ticket, why: Option<ExitReason>) {
        let record = OrderRecord {
            ticket: ticket.clone(),
            state: OrderState::Planned,
            id: None,
            perm: None,
            wanted: None,
            filled: Qty::ZERO,
            filled_value: Cash::ZERO,
            first_fill: None,
            why,
            planned_at: at,
            updated_at: at,
        };
        self.orders.insert(ticket.reference.clone(), record);
        self.with_plan(&ticket.plan, |p| p.orders.push(ticket.reference.clone()));
    }

    fn step_order(&mut self, at: Stamp, reference: &OrderRef, fact: &OrderFact) {
        let Some(order) = self.orders.get_mut(reference) else { return };
        order.updated_at = at;
        match fact {
            OrderFact::Sent(id) => self.by_id(reference, *id),
            OrderFact::Acknowledged { id, perm } => {
                self.by_id(reference, *id);
                if let Some(perm) = perm {
                    self.by_perm.insert(*perm, reference.clone());
                    self.with_order(reference, |o| o.perm = Some(*perm));
                }
            }
            OrderFact::AmendPlanned(to) => order.wanted = Some(*to),
            OrderFact::Amended(to) => {
                order.ticket.qty = to.qty;
                order.ticket.kind = match order.ticket.kind {
                    OrderKind::Stop(_) => OrderKind::Stop(to.price),
                    OrderKind::Limit(_) => OrderKind::Limit(to.price),
                    OrderKind::Market => OrderKind::Market,
                };
                // A confirmation of an older change leaves the newer one outstanding.
                if order.wanted == Some(*to) {
                    order.wanted = None;
                }
            }
            OrderFact::AmendRefused { .. } => order.wanted = None,
            _ => {}
        }
        self.with_order(reference, |o| {
            if let Ok(next) = step(&o.state, fact) {
                o.state = next;
            }
            // Confirmed an older change: the newer one is still outstanding.
            if o.wanted.is_some() && o.state == OrderState::Working {
                o.state = OrderState::Amending;
            }
        });
    }

    fn with_order(&mut self, reference: &OrderRef, change: impl FnOnce(&mut OrderRecord)) {
        if let Some(order) = self.orders.get_mut(reference) {
            change(order);
        }
    }

    fn by_id(&mut self, reference: &OrderRef, id: BrokerOrderId) {
        self.by_id.insert(id, reference.clone());
        self.order_id_high = self.order_id_high.max(id.0);
        self.with_order(reference, |o| o.id = Some(id));
    }

    fn count(&mut self, at: Stamp, reference: &OrderRef, execution: &Execution) {
        let counted = Counted { order: reference.clone(), execution: execution.clone() };
        let replaced = self.executions.insert(execution.id.stem().to_owned(), counted);
        self.with_order(reference, |order| {
            if let Some(old) = replaced {
                order.filled = order.filled.minus(old.execution.qty);
                order.filled_value = order.filled_value - old.execution.price * old.execution.qty;
            }
            order.filled = order.filled + execution.qty;
            order.filled_value += execution.price * execution.qty;
            order.first_fill = Some(order.first_fill.map_or(execution.at, |first| first.min(execution.at)));
            order.updated_at = at;
        });
    }
}

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
        let named = perm.and_then(|perm| self.by_perm.get(&perm)).or_else(|| self.by_id.get(&id?))?;
        self.orders.get(named)
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
        self.charges.contains_key(id)
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
                Some((self.orders.get(&c.order)?, &c.execution, self.charges.get(&c.execution.id).copied()))
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
                super::ids::Side::Buy => shares,
                super::ids::Side::Sell => -shares,
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
                    super::ids::Direction::Long => position.entry_price - stop,
                    super::ids::Direction::Short => stop - position.entry_price,
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
        self.frozen.contains(symbol)
    }

    /// Symbols that are frozen.
    pub fn frozen(&self) -> impl Iterator<Item = &Symbol> {
        self.frozen.iter()
    }

    /// The highest order number ever seen: the next one is above it.
    pub fn order_id_high(&self) -> i32 {
        self.order_id_high
    }
}
