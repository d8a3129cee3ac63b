//! Plans, orders, positions and money at risk: the fold of [`Event`]s, and nothing else.
//!
//! Invariant: two books that were told the same events are equal. Nothing is ever changed but by [`Book::apply`].

mod known;

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Ending, Event, ExitReason, Recorded};
use super::ids::{BrokerOrderId, ExecId, Leg, OrderRef, PermId, PlanId, Stamp, Symbol};
use super::money::{Cash, Price, Qty};
use super::order::{Amendment, Execution, OrderFact, OrderKind, OrderState, Ticket, step};
use super::plan::Plan;

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
    /// By the execution's stem, with the revision they came for.
    charges: BTreeMap<String, (u64, Cash)>,
    /// Symbols whose positions differ, with the broker's shares.
    frozen: BTreeMap<Symbol, i64>,
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
                self.charge(exec, *amount);
            }
            Event::CandleJudged { plan, candle, best } => self.with_plan(plan, |p| {
                p.best = Some(*best);
                p.bars_held += 1;
                p.judged_to = Some(candle.end);
            }),
            Event::PositionMismatch { symbol, broker, .. } => {
                self.frozen.insert(symbol.clone(), *broker);
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
            // Candles that had closed before the edit are not for the new rule to judge.
            let other_candles =
                record.plan.exit.timeframe != plan.exit.timeframe || record.plan.hours != plan.hours;
            if other_candles && record.phase == Phase::Entered {
                record.judged_to = record.judged_to.max(Some(at));
            }
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
        self.wake(reference);
    }

    /// What is final for an order is not final for its plan: a fill can overtake a cancel, and an order that was
    /// given up can turn up. The plan is at work again then, so that its shares are protected.
    fn wake(&mut self, reference: &OrderRef) {
        let Some(order) = self.orders.get(reference) else { return };
        let Some(record) = self.plans.get(&order.ticket.plan) else { return };
        let holds = self.position(record).is_some_and(|position| !position.qty.is_zero());
        if record.phase == Phase::Entered || !(holds || order.state.is_live()) {
            return;
        }
        let stop = self.legs(record, Leg::Stop).last().and_then(OrderRecord::asked_price);
        let id = record.plan.id.clone();
        self.active.insert(id.clone());
        self.with_plan(&id, |record| {
            record.phase = Phase::Entered;
            record.held = None;
            record.initial_stop = record.initial_stop.or(stop);
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
        self.wake(reference);
    }

    /// The costs of the latest revision count, in whatever order they come.
    fn charge(&mut self, exec: &ExecId, amount: Cash) {
        if !self.has_charge(exec) {
            self.charges.insert(exec.stem().to_owned(), (exec.revision(), amount));
        }
    }
}
