//! What the broker says about orders, and what follows from it at once.

use super::super::book::{OrderRecord, Phase};
use super::super::broker::{BrokerFact, ExecutionReport, Link, OrderReport, Standing, Verdict};
use super::super::event::{Ending, Event, Told};
use super::super::ids::{BrokerOrderId, ExecId, Leg, OrderRef, PermId, PlanId, Stamp};
use super::super::money::Cash;
use super::super::order::{Amendment, OrderFact, OrderKind, OrderState, Outcome, step};
use super::super::trade;
use super::{Dispatch, Effect, Engine, SILENCE_SECONDS_MAX, trail};

/// How long a closed trade waits for the costs of its last execution.
const COSTS_SECONDS_MAX: i64 = 60;

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
        let Some(reference) = &report.reference else { return };
        if self.book.order(reference).is_none() {
            self.tell(Told::Alarm {
                text: format!("the broker has an order {reference} that the journal does not know"),
            });
            return;
        }
        let id = report.id.or_else(|| self.book.order(reference).and_then(|order| order.id));
        if let Some(id) = id {
            self.acknowledge(now, reference, id, report.perm);
        }
        let shown = match report.kind {
            Some(OrderKind::Stop(price) | OrderKind::Limit(price)) => {
                Some(Amendment { price, qty: report.qty })
            }
            Some(OrderKind::Market) | None => None,
        };
        if let Some(shown) = shown {
            self.on_terms(now, reference, shown);
        }
        self.on_standing(now, reference, report.standing);
    }

    /// The broker says which price and quantity are in force.
    fn on_terms(&mut self, now: Stamp, reference: &OrderRef, shown: Amendment) {
        let Some(order) = self.book.order(reference).filter(|order| order.wanted == Some(shown)) else {
            return;
        };
        let (plan, leg, before) = (order.ticket.plan.clone(), order.ticket.leg, order.ticket.kind);
        let number = order.id;
        self.record(now, Event::Order { reference: reference.clone(), fact: OrderFact::Amended(shown) });
        if let (Leg::Stop, OrderKind::Stop(from), Some(id)) = (leg, before, number)
            && from != shown.price
        {
            self.tell(Told::StopMoved { plan, from, to: shown.price, order_id: id.0 });
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
            // Fills are counted from executions; a cancel under way decides nothing yet.
            Standing::Filled | Standing::Cancelling => return,
            Standing::Unclear => {
                self.effects.push(Effect::Look);
                return;
            }
        };
        self.on_order(now, reference, fact);
    }

    /// Takes a fact in where it changes something. Repeats are normal and leave no trace.
    pub(super) fn on_order(&mut self, now: Stamp, reference: &OrderRef, fact: OrderFact) {
        let Some(order) = self.book.order(reference) else { return };
        let Ok(next) = step(&order.state, &fact) else {
            self.effects.push(Effect::Look);
            return;
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
        leg == Leg::Entry || self.open_position(plan).is_some()
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
            if let Some(reference) = &report.reference {
                self.tell(Told::Alarm {
                    text: format!("an execution of {reference}, which the journal does not know"),
                });
            }
            return;
        };
        let (reference, plan, leg) =
            (order.ticket.reference.clone(), order.ticket.plan.clone(), order.ticket.leg);
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
        self.notice_overfill(&plan);
    }

    fn notice_overfill(&mut self, plan: &PlanId) {
        let Some(record) = self.book.plan(plan) else { return };
        let entered: u64 = self.book.legs(record, Leg::Entry).map(|o| o.filled.shares()).sum();
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
        // Costs of executions that are not ours reach us too; they are nobody's here.
        if self.book.has_charge(exec) || !self.book.has_execution(exec) {
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
                self.effects.push(Effect::Look);
            }
            Verdict::Refused if order.wanted.is_some() => {
                let fact = OrderFact::AmendRefused { code, text: text.to_owned() };
                self.record(now, Event::Order { reference: reference.clone(), fact });
                self.tell(Told::Failed {
                    plan,
                    reference,
                    leg,
                    code: Some(code),
                    text: format!("change refused: {text}"),
                });
            }
            Verdict::Refused => match order.state {
                // It worked already: the refusal was of a request, and the order may well be alive.
                OrderState::Working | OrderState::Amending | OrderState::Cancelling => {
                    self.tell(Told::Failed { plan, reference, leg, code: Some(code), text: text.to_owned() });
                    self.effects.push(Effect::Look);
                }
                _ => self.on_order(now, &reference, OrderFact::Rejected { code, text: text.to_owned() }),
            },
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
                self.effects.push(Effect::Look);
            }
        }
    }

    /// An order that nobody named becomes unknown, and the broker is asked.
    pub(super) fn notice_silence(&mut self, now: Stamp) {
        if self.link == Link::Down {
            return;
        }
        let silent = |order: &&OrderRecord| now.since(order.updated_at).as_secs() >= SILENCE_SECONDS_MAX;
        let sent: Vec<OrderRef> = self
            .book
            .active()
            .flat_map(|record| &record.orders)
            .filter_map(|name| self.book.order(name))
            .filter(|order| matches!(order.state, OrderState::Planned | OrderState::Sent))
            .filter(silent)
            .map(|order| order.ticket.reference.clone())
            .collect();
        for reference in sent {
            self.on_order(now, &reference, OrderFact::Lost);
            self.effects.push(Effect::Look);
        }
    }

    /// What follows from where everything stands, after every input.
    pub(super) fn tend(&mut self, now: Stamp) {
        for id in self.plan_ids(|record| record.phase == Phase::Entered) {
            let Some(record) = self.book.plan(&id) else { continue };
            match self.book.position(record) {
                Some(position) if !position.qty.is_zero() => self.protect(now, &id),
                Some(_) => self.close(now, &id),
                None => self.give_up(now, &id),
            }
        }
    }

    /// A position that is closed leaves nothing behind; its trade is told once its costs are known.
    fn close(&mut self, now: Stamp, id: &PlanId) {
        self.cancel_leftovers(now, id);
        let Some(record) = self.book.plan(id) else { return };
        let open =
            record.orders.iter().filter_map(|name| self.book.order(name)).any(|order| order.state.is_live());
        let costs_due = self.book.fills(record).any(|(_, execution, charge)| {
            charge.is_none() && now.since(execution.at).as_secs() < COSTS_SECONDS_MAX
        });
        if open || costs_due {
            return;
        }
        let trade = trade::of_plan(&self.book, record);
        self.forget(id);
        self.record(now, Event::PlanEnded { plan: id.clone(), how: Ending::Closed });
        if let Some(trade) = trade {
            self.tell(Told::Closed { trade: Box::new(trade) });
        }
    }

    /// An entry that ended without a single fill ends its plan.
    fn give_up(&mut self, now: Stamp, id: &PlanId) {
        let Some(record) = self.book.plan(id) else { return };
        if self.book.live(record, Leg::Entry).next().is_some() {
            return;
        }
        self.cancel_leftovers(now, id);
        let Some(record) = self.book.plan(id) else { return };
        if record.orders.iter().filter_map(|name| self.book.order(name)).any(|order| order.state.is_live()) {
            return;
        }
        self.forget(id);
        self.record(now, Event::PlanEnded { plan: id.clone(), how: Ending::EntryFailed });
        self.tell(Told::Ended { plan: id.clone(), how: Ending::EntryFailed });
    }

    fn forget(&mut self, id: &PlanId) {
        self.due.remove(id);
        self.unprotected.remove(id);
        self.protected.remove(id);
    }

    /// Cancels exits that nothing is left to exit from. The broker cancels a group by itself; this waits for it a
    /// moment, and then asks.
    fn cancel_leftovers(&mut self, now: Stamp, id: &PlanId) {
        if self.link == Link::Down {
            return;
        }
        let Some(record) = self.book.plan(id) else { return };
        let settled = self
            .book
            .fills(record)
            .last()
            .is_none_or(|(_, e, _)| now.since(e.at).as_secs() > SILENCE_SECONDS_MAX);
        let leftovers: Vec<(OrderRef, BrokerOrderId)> = [Leg::Stop, Leg::Target, Leg::Exit, Leg::Entry]
            .iter()
            .flat_map(|leg| self.book.live(record, *leg))
            .filter(|_| settled)
            .filter(|order| order.state != OrderState::Cancelling)
            .filter_map(|order| Some((order.ticket.reference.clone(), trail::amendable(order)?)))
            .collect();
        for (reference, number) in leftovers {
            self.cancel(now, reference, number);
        }
    }

    pub(super) fn cancel(&mut self, now: Stamp, reference: OrderRef, id: BrokerOrderId) {
        self.record(now, Event::Order { reference: reference.clone(), fact: OrderFact::CancelPlanned });
        self.effects.push(Effect::Cancel { reference, id });
    }
}

/// What is told when an order goes where it should not.
fn trouble(before: &OrderState, after: &OrderState, leg: Leg) -> Option<(Option<i32>, String)> {
    match (before, after) {
        (_, OrderState::Done(Outcome::Rejected { code, text })) => {
            Some(((*code != 0).then_some(*code), format!("rejected: {text}")))
        }
        (OrderState::Cancelling, OrderState::Done(Outcome::Cancelled)) => None,
        (_, OrderState::Done(Outcome::Cancelled)) if leg != Leg::Exit => {
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
