//! What the broker says about orders, and what follows from it at once.

use super::super::book::{OrderRecord, Phase};
use super::super::broker::{BrokerFact, ExecutionReport, OrderReport, Standing, Verdict};
use super::super::event::Event;
use super::super::ids::{BrokerOrderId, ExecId, Leg, OrderRef, PermId, PlanId, Stamp};
use super::super::money::Cash;
use super::super::order::{Amendment, OrderFact, OrderKind, OrderState, Outcome, step};
use super::super::risk;
use super::super::told::Told;
use super::{Dispatch, Effect, Engine, SILENCE_SECONDS_MAX};

/// Costs that came before their execution are kept for so many executions; others' costs are among them.
const EARLY_COSTS_MAX: usize = 200;

impl Engine {
    pub(super) fn on_fact(&mut self, now: Stamp, fact: &BrokerFact) {
        match fact {
            BrokerFact::Report(report) => self.on_report(now, report),
            BrokerFact::Status(status) => {
                if let Some(order) = self.book.find(Some(status.id), status.perm) {
                    let reference = order.ticket.reference.clone();
                    self.acknowledge(now, &reference, status.id, status.perm);
                    self.on_standing(now, &reference, status.standing);
                }
            }
            BrokerFact::Executed(report) => self.on_executed(now, report),
            BrokerFact::Charged { exec, amount } => self.on_charged(now, exec, *amount),
            BrokerFact::Remark { id, code, text, verdict } => self.on_remark(now, *id, *code, text, *verdict),
        }
    }

    pub(super) fn on_report(&mut self, now: Stamp, report: &OrderReport) {
        if let Some(reference) = self.name_reported(now, report) {
            self.on_terms(now, &reference, report);
            self.on_standing(now, &reference, report.standing);
        }
    }

    /// Whose order it is, where it is ours; its numbers are taken in.
    pub(super) fn name_reported(&mut self, now: Stamp, report: &OrderReport) -> Option<OrderRef> {
        let reference = report.reference.as_ref()?;
        if self.book.order(reference).is_none() {
            if self.once.stranger(reference) {
                let text = format!("the broker has an order {reference} that the journal does not know");
                self.tell(Told::Alarm { text });
            }
            return None;
        }
        let id = report.id.or_else(|| self.book.order(reference).and_then(|order| order.id));
        if let Some(id) = id {
            self.acknowledge(now, reference, id, report.perm);
        }
        Some(reference.clone())
    }

    /// The broker says which price and quantity are in force. They are, whoever asked for them.
    pub(super) fn on_terms(&mut self, now: Stamp, reference: &OrderRef, report: &OrderReport) {
        let Some(order) = self.book.order(reference).filter(|order| order.state.is_live()) else { return };
        let (Some(OrderKind::Stop(price) | OrderKind::Limit(price)), true) =
            (report.kind, is_at_work(report))
        else {
            return;
        };
        let shown = Amendment { price, qty: report.qty };
        let in_force = match order.ticket.kind {
            OrderKind::Stop(price) | OrderKind::Limit(price) => Amendment { price, qty: order.ticket.qty },
            OrderKind::Market => return,
        };
        if shown == in_force && order.wanted != Some(shown) {
            return;
        }
        let (plan, leg, number, asked) =
            (order.ticket.plan.clone(), order.ticket.leg, order.id, order.wanted);
        self.record(now, Event::Order { reference: reference.clone(), fact: OrderFact::Amended(shown) });
        let Some(record) = self.book.plan(&plan) else { return };
        if leg != Leg::Stop || in_force.price == price {
            return;
        }
        if asked.is_none() && risk::tighter(record.plan.direction, in_force.price, price) {
            let text = format!(
                "plan {plan}: somebody moved the stop from {} to {price}, which protects less; it stays there",
                in_force.price
            );
            self.tell(Told::Alarm { text });
        } else if let Some(id) = number {
            self.tell(Told::StopMoved { plan, from: in_force.price, to: price, order_id: id.0 });
        }
    }

    fn acknowledge(&mut self, now: Stamp, reference: &OrderRef, id: BrokerOrderId, perm: Option<PermId>) {
        let Some(order) = self.book.order(reference) else { return };
        let unheard = matches!(order.state, OrderState::Planned | OrderState::Sent | OrderState::Unknown);
        let news = order.id != Some(id) || (perm.is_some() && order.perm != perm);
        if unheard || news {
            let fact = OrderFact::Acknowledged { id, perm: perm.or(order.perm) };
            self.record(now, Event::Order { reference: reference.clone(), fact });
        }
    }

    pub(super) fn on_standing(&mut self, now: Stamp, reference: &OrderRef, standing: Standing) {
        let fact = match standing {
            Standing::Held => OrderFact::Held,
            Standing::Working => OrderFact::Working,
            Standing::Inactive => OrderFact::Inactive,
            Standing::Cancelled => OrderFact::Cancelled,
            // A cancel under way decides nothing yet.
            Standing::Cancelling => return,
            // Fills are counted from executions: where they do not come, they are asked for.
            Standing::Filled => {
                if self.book.order(reference).is_some_and(|order| order.state.is_live()) {
                    self.unfilled.entry(reference.clone()).or_insert(now);
                }
                return;
            }
            Standing::Unclear => return self.look(),
        };
        self.on_order(now, reference, fact);
    }

    /// Takes a fact in where it changes something. Repeats are normal and leave no trace.
    pub(super) fn on_order(&mut self, now: Stamp, reference: &OrderRef, fact: OrderFact) {
        let Some(order) = self.book.order(reference) else { return };
        let Ok(next) = step(&order.state, &fact) else {
            return self.look();
        };
        if next == order.state {
            return;
        }
        let (before, plan, leg) = (order.state.clone(), order.ticket.plan.clone(), order.ticket.leg);
        self.record(now, Event::Order { reference: reference.clone(), fact });
        if let Some((code, text)) = trouble(&before, &next, leg)
            && self.is_unexpected(&plan, leg)
        {
            self.tell(Told::Failed { plan, reference: reference.clone(), leg, code, text });
        }
    }

    /// Whether the end of such an order is worth a word: exits of a closed position end by themselves.
    fn is_unexpected(&self, plan: &PlanId, leg: Leg) -> bool {
        let entry_lives =
            self.book.plan(plan).is_some_and(|record| self.book.live(record, Leg::Entry).next().is_some());
        leg == Leg::Entry || entry_lives || self.open_position(plan).is_some()
    }

    pub(super) fn on_executed(&mut self, now: Stamp, report: &ExecutionReport) {
        if self.book.has_execution(&report.execution.id) {
            return;
        }
        let named = report.reference.as_ref().and_then(|name| self.book.order(name));
        let Some(order) = named.or_else(|| match &report.reference {
            // An execution that carries no name of ours belongs to us only by the broker's lasting number.
            None => self.book.find(None, report.perm),
            Some(_) => None,
        }) else {
            if let Some(reference) = report.reference.as_ref().filter(|name| self.once.stranger(name)) {
                let text = format!("an execution of {reference}, which the journal does not know");
                self.tell(Told::Alarm { text });
            }
            return;
        };
        let (reference, plan, leg) =
            (order.ticket.reference.clone(), order.ticket.plan.clone(), order.ticket.leg);
        let was_over = self.book.plan(&plan).is_some_and(|record| record.phase != Phase::Entered);
        self.record(
            now,
            Event::Executed { reference: reference.clone(), execution: report.execution.clone() },
        );
        if let Some(valuation) = &mut self.valuation {
            valuation.filled(&report.symbol, &report.execution);
        }
        self.tell(Told::Filled {
            plan: plan.clone(),
            symbol: report.symbol.clone(),
            leg,
            execution: report.execution.clone(),
        });
        if self.book.order(&reference).is_some_and(|order| order.ticket.qty <= order.filled) {
            self.on_order(now, &reference, OrderFact::Filled);
        }
        if was_over && self.open_position(&plan).is_some() {
            let text = format!("plan {plan}: a fill came after its end; it is at work again");
            self.tell(Told::Alarm { text });
        }
        self.notice_overfill(&plan);
        if let Some(amount) = self.early_costs.remove(&report.execution.id) {
            self.on_charged(now, &report.execution.id, amount);
        }
    }

    fn notice_overfill(&mut self, plan: &PlanId) {
        let Some(record) = self.book.plan(plan) else { return };
        // An exit can be told before the entry that it closes.
        let bought = |o: &OrderRecord| if o.state.is_live() { o.ticket.qty } else { o.filled };
        let entered: u64 = self.book.legs(record, Leg::Entry).map(|o| bought(o).shares()).sum();
        let left: u64 = [Leg::Stop, Leg::Target, Leg::Exit]
            .iter()
            .flat_map(|leg| self.book.legs(record, *leg))
            .map(|o| o.filled.shares())
            .sum();
        if left > entered {
            let text = format!(
                "plan {plan}: exits filled {left} shares of a position of {entered}; look at the account"
            );
            self.tell(Told::Alarm { text });
        }
    }

    pub(super) fn on_charged(&mut self, now: Stamp, exec: &ExecId, amount: Cash) {
        if self.book.has_charge(exec) {
            return;
        }
        if !self.book.has_execution(exec) {
            // Of an execution that is still to come, or of somebody else's.
            if self.early_costs.len() >= EARLY_COSTS_MAX {
                self.early_costs.pop_first();
            }
            self.early_costs.insert(exec.clone(), amount);
            return;
        }
        if let Some(valuation) = &mut self.valuation {
            valuation.charged(amount);
        }
        self.record(now, Event::Charged { exec: exec.clone(), amount });
    }

    fn on_remark(&mut self, now: Stamp, id: BrokerOrderId, code: i32, text: &str, verdict: Verdict) {
        let Some(order) = self.book.find(Some(id), None) else {
            self.tell(Told::Info { text: format!("order {}: {code} {text}", id.0) });
            return;
        };
        let reference = order.ticket.reference.clone();
        let (plan, leg) = (order.ticket.plan.clone(), order.ticket.leg);
        match verdict {
            Verdict::Warning => {
                self.tell(Told::Info { text: format!("plan {plan}, {} order: {code} {text}", leg.word()) })
            }
            Verdict::Cancelled => self.on_standing(now, &reference, Standing::Cancelled),
            Verdict::LookAgain => {
                self.tell(Told::Info {
                    text: format!("plan {plan}, {} order: {code} {text}; asking the broker", leg.word()),
                });
                self.look();
            }
            Verdict::Refused => self.on_refused(now, &reference, code, text),
        }
    }

    /// A request was refused. Which one, only the state of the order tells: a new order is dead, a changed one lives
    /// on as it was, and one that has long been at work is asked about.
    fn on_refused(&mut self, now: Stamp, reference: &OrderRef, code: i32, text: &str) {
        let Some(order) = self.book.order(reference) else { return };
        let (plan, leg) = (order.ticket.plan.clone(), order.ticket.leg);
        let new = now.since(order.planned_at).as_secs() < SILENCE_SECONDS_MAX;
        let said =
            |text: String| Told::Failed { plan, reference: reference.clone(), leg, code: Some(code), text };
        match order.state {
            OrderState::Done(Outcome::Cancelled)
                if new && order.wanted.is_none() && order.filled.is_zero() =>
            {
                self.on_order(now, reference, OrderFact::Rejected { code, text: text.to_owned() });
            }
            // The end of an order explains why a request about it failed.
            OrderState::Done(_) => {}
            _ if order.wanted.is_some() => {
                let told = said(format!("{}: {text}", change_refused(order)));
                let fact = OrderFact::AmendRefused { code, text: text.to_owned() };
                self.record(now, Event::Order { reference: reference.clone(), fact });
                self.tell(told);
            }
            OrderState::Working | OrderState::Amending | OrderState::Cancelling => {
                self.tell(said(text.to_owned()));
                self.look();
            }
            OrderState::Held | OrderState::Inactive if !new => {
                self.tell(said(text.to_owned()));
                self.look();
            }
            _ => self.on_order(now, reference, OrderFact::Rejected { code, text: text.to_owned() }),
        }
    }

    pub(super) fn on_dispatched(&mut self, now: Stamp, reference: &OrderRef, how: Dispatch) {
        let Some(order) = self.book.order(reference) else { return };
        let amending = order.wanted.is_some();
        let (plan, leg) = (order.ticket.plan.clone(), order.ticket.leg);
        match how {
            Dispatch::Sent(id) if order.id.is_none() => {
                self.record(now, Event::Order { reference: reference.clone(), fact: OrderFact::Sent(id) });
            }
            Dispatch::Sent(_) => {}
            Dispatch::NotSent(text) if amending => {
                let fact = OrderFact::AmendRefused { code: 0, text: text.clone() };
                self.record(now, Event::Order { reference: reference.clone(), fact });
                self.tell(Told::Failed { plan, reference: reference.clone(), leg, code: None, text });
            }
            Dispatch::NotSent(text) => self.on_order(now, reference, OrderFact::Rejected { code: 0, text }),
            Dispatch::Lost(text) => {
                self.on_order(now, reference, OrderFact::Lost);
                let text = format!("not known whether it was sent: {text}");
                self.tell(Told::Failed { plan, reference: reference.clone(), leg, code: None, text });
                self.look();
            }
        }
    }

    pub(super) fn cancel(&mut self, now: Stamp, reference: OrderRef, id: BrokerOrderId) {
        self.record(now, Event::Order { reference: reference.clone(), fact: OrderFact::CancelPlanned });
        self.effects.push(Effect::Cancel { reference, id });
    }
}

/// Whether a report shows the terms of an order that can trade; those of ended ones are counted differently.
fn is_at_work(report: &OrderReport) -> bool {
    matches!(report.standing, Standing::Held | Standing::Working)
}

/// What is told when an order goes where it should not.
fn trouble(before: &OrderState, after: &OrderState, leg: Leg) -> Option<(Option<i32>, String)> {
    match (before, after) {
        (_, OrderState::Done(Outcome::Rejected { code, text })) => {
            Some(((*code != 0).then_some(*code), format!("rejected: {text}")))
        }
        (OrderState::Cancelling, OrderState::Done(Outcome::Cancelled)) => None,
        // An exit ends with its group; what follows from a lost stop is told by itself.
        (_, OrderState::Done(Outcome::Cancelled)) if leg == Leg::Entry => {
            Some((None, "cancelled at the broker".into()))
        }
        (_, OrderState::Done(Outcome::Expired)) => Some((None, "expired".into())),
        (_, OrderState::Done(Outcome::Abandoned)) => Some((None, "never reached the broker".into())),
        (_, OrderState::Inactive) => {
            Some((None, "inactive at the broker: refused, held, or outside its hours".into()))
        }
        _ => None,
    }
}

/// Which change was refused, and what holds instead.
fn change_refused(order: &OrderRecord) -> String {
    let (Some(wanted), OrderKind::Stop(price) | OrderKind::Limit(price)) = (order.wanted, order.ticket.kind)
    else {
        return "change refused".to_owned();
    };
    let (stays, qty) = (price, order.ticket.qty);
    if wanted.price == stays {
        return format!("change to {} shares refused, it stays at {qty}", wanted.qty);
    }
    format!("change to {} refused, it stays at {stays}", wanted.price)
}
