//! What the folder says, and what of it may still take effect.

use super::super::book::{FileState, Phase, PlanRecord};
use super::super::broker::Link;
use super::super::event::{Ending, Event, ExitReason};
use super::super::ids::{Leg, PlanId, Stamp};
use super::super::money::Price;
use super::super::order::{OrderKind, OrderState, Outcome};
use super::super::plan::{ContractSpec, Plan, PlanChange, Switch};
use super::super::ports::TrailProposal;
use super::super::risk;
use super::super::told::Told;
use super::{Effect, Engine, guard};

impl Engine {
    pub(super) fn on_plans(&mut self, now: Stamp, changes: Vec<PlanChange>) {
        for change in changes {
            match change {
                PlanChange::Added(plan) | PlanChange::Replaced(plan) => self.on_plan(now, *plan),
                PlanChange::Removed(id) => self.on_removed(now, &id),
            }
        }
    }

    fn on_plan(&mut self, now: Stamp, plan: Plan) {
        let Some(record) = self.book.plan(&plan.id) else { return self.await_contract(now, plan) };
        match record.phase {
            // It never entered: it may be tried again.
            Phase::Ended(Ending::Removed) => self.await_contract(now, plan),
            Phase::Ended(how) => {
                if self.once.over(&plan.id) {
                    let text = format!(
                        "plan {} is over ({}); to trade it again give it a new plan_id",
                        plan.id,
                        how.word()
                    );
                    self.tell(Told::Info { text });
                }
            }
            Phase::Armed if record.plan == plan => {}
            Phase::Armed => self.replace(now, plan),
            Phase::Entered => self.edit_open(now, plan),
        }
    }

    fn await_contract(&mut self, now: Stamp, plan: Plan) {
        if let Some(why) = self.other_contract(&plan) {
            self.tell(Told::Alarm { text: format!("plan {} not armed: {why}", plan.id) });
        } else if self.contracts.contains_key(&plan.symbol) {
            self.arm(now, plan);
        } else {
            self.watch(&plan.symbol, &plan.contract);
            self.arriving.insert(plan.id.clone(), plan);
        }
    }

    /// Bars and orders go by the ticker: in one run it can mean one contract only.
    fn other_contract(&self, plan: &Plan) -> Option<String> {
        let known = self.watched.get(&plan.symbol).filter(|known| **known != plan.contract)?;
        let named = |spec: &ContractSpec| {
            let listing = spec.primary_exchange.as_deref().unwrap_or(&spec.exchange);
            format!("{} in {} at {listing}", spec.sec_type, spec.currency)
        };
        let (symbol, known) = (&plan.symbol, named(known));
        Some(format!("{symbol} means {known} in this run already; give the plan that contract, or restart"))
    }

    pub(super) fn arm(&mut self, now: Stamp, plan: Plan) {
        self.record(now, Event::PlanArmed { plan: Box::new(plan.clone()) });
        self.tell(Told::Armed { plan: Box::new(plan.clone()) });
        if plan.switch == Switch::Off {
            self.tell(Told::Info { text: format!("plan {} is not enabled: it will not enter", plan.id) });
        }
        self.need_candles(&plan);
    }

    /// Before the entry anything may change; the plan is armed anew.
    fn replace(&mut self, now: Stamp, plan: Plan) {
        if let Some(why) = self.other_contract(&plan) {
            self.record(now, Event::PlanEditRefused { plan: plan.id.clone(), why: why.clone() });
            return self.tell(Told::EditRefused { plan: plan.id, why });
        }
        if !self.contracts.contains_key(&plan.symbol) {
            self.record(now, Event::PlanEnded { plan: plan.id.clone(), how: Ending::Removed });
            return self.await_contract(now, plan);
        }
        self.record(now, Event::PlanChanged { plan: Box::new(plan.clone()) });
        self.tell(Told::Changed { plan: plan.id.clone() });
        self.need_candles(&plan);
    }

    /// With an entry sent or a position open, only the exit rule, the target and a tighter stop may change.
    fn edit_open(&mut self, now: Stamp, wanted: Plan) {
        let Some(record) = self.book.plan(&wanted.id) else { return };
        let (pinned, orphaned) = (record.plan.clone(), record.file == FileState::Orphaned);
        if pinned == wanted {
            if orphaned {
                self.record(now, Event::PlanChanged { plan: Box::new(wanted) });
            }
            return;
        }
        let refused = refused_edits(&pinned, &wanted);
        if !refused.is_empty() {
            let why = format!(
                "{} cannot change any more: the entry was sent. The old version stays",
                refused.join(", ")
            );
            self.record(now, Event::PlanEditRefused { plan: wanted.id.clone(), why: why.clone() });
            self.tell(Told::EditRefused { plan: wanted.id, why });
            return;
        }
        self.record(now, Event::PlanChanged { plan: Box::new(wanted.clone()) });
        self.tell(Told::Changed { plan: wanted.id.clone() });
        self.need_candles(&wanted);
    }

    fn on_removed(&mut self, now: Stamp, id: &PlanId) {
        self.arriving.remove(id);
        let Some(record) = self.book.plan(id) else { return };
        match record.phase {
            Phase::Ended(_) => {}
            Phase::Armed => {
                self.record(now, Event::PlanEnded { plan: id.clone(), how: Ending::Removed });
                self.tell(Told::Ended { plan: id.clone(), how: Ending::Removed });
            }
            Phase::Entered => {
                if record.file == FileState::Present {
                    self.record(now, Event::PlanOrphaned { plan: id.clone() });
                    self.tell(Told::Orphaned { plan: id.clone() });
                }
                // An entry that is not filled yet is taken back; what is filled keeps its protection: see `tend`.
            }
        }
    }

    /// What an edit of an open position asks for, at the next candle: a tighter stop joins the proposals, the target
    /// follows.
    pub(super) fn follow_edit(&mut self, now: Stamp, id: &PlanId, proposals: &mut Vec<TrailProposal>) {
        let Some(record) = self.book.plan(id) else { return };
        let plan = record.plan.clone();
        let tick = self.tick(&plan);
        let wanted = risk::stop_on_tick(plan.direction, plan.stop_loss.decimal(), tick).ok();
        let resting = self.book.live(record, Leg::Stop).last().and_then(|stop| stop.asked_price());
        if let (Some(wanted), Some(resting)) = (wanted, resting)
            && risk::tighter(plan.direction, wanted, resting)
        {
            proposals.push(TrailProposal::MoveStop(wanted.decimal()));
        }
        let target = plan
            .take_profit
            .and_then(|price| risk::target_on_tick(plan.direction, price.decimal(), tick).ok());
        self.follow_target(now, id, target);
    }

    fn follow_target(&mut self, now: Stamp, id: &PlanId, wanted: Option<Price>) {
        let Some(record) = self.book.plan(id) else { return };
        if self.link != Link::Ready {
            return;
        }
        let resting = self.book.live(record, Leg::Target).last().cloned();
        match (resting, wanted) {
            (None, None) => {}
            (None, Some(price)) => {
                if !self.target_refused(record, price) {
                    self.place_target(now, id, price);
                }
            }
            (Some(target), None) => {
                if let Some(number) = guard::cancellable(&target) {
                    self.cancel(now, target.ticket.reference, number);
                }
            }
            (Some(target), Some(price)) => {
                if target.asked_price() != Some(price) && matches!(target.ticket.kind, OrderKind::Limit(_)) {
                    self.amend(
                        now,
                        risk::approve_target_move(&target.ticket.reference, price, target.asked_qty()),
                    );
                }
            }
        }
    }

    /// The broker refused a target at this price: it would again.
    fn target_refused(&self, record: &PlanRecord, price: Price) -> bool {
        self.book.legs(record, Leg::Target).last().is_some_and(|last| {
            last.asked_price() == Some(price)
                && matches!(last.state, OrderState::Done(Outcome::Rejected { .. }))
        })
    }

    /// A new target for a position whose plan got one, or lost the one it had at the broker.
    fn place_target(&mut self, now: Stamp, id: &PlanId, price: Price) {
        let Some((plan, position)) = self.open_position(id) else { return };
        if self.would_turn(id, &plan, position.qty) {
            return;
        }
        let Some(record) = self.book.plan(id) else { return };
        let ticket = self.closing_ticket(record, Leg::Target, OrderKind::Limit(price), position.qty);
        let Some(approved) = risk::approve_exit(ticket.clone(), plan.direction, position.qty) else { return };
        let text = "the plan's target".to_owned();
        self.record(now, Event::OrderPlanned { ticket: ticket.clone(), why: ExitReason::Target, text });
        self.effects.push(Effect::Submit(approved));
        self.tell(Told::Placed { ticket, symbol: plan.symbol, risk: None });
    }
}

/// The fields of an edit that came too late.
fn refused_edits(pinned: &Plan, wanted: &Plan) -> Vec<&'static str> {
    // Taken apart, so that a new field that nobody decides about does not compile.
    let Plan {
        id: _,
        digest: _,
        symbol,
        contract,
        direction,
        entry_level,
        stop_loss,
        take_profit: _,
        risk: category,
        entry,
        exit: _,
        tif,
        hours,
        valid_from,
        valid_until,
        max_quantity,
        switch,
        notes: _,
    } = wanted;
    let looser =
        pinned.stop_loss != *stop_loss && !risk::tighter(pinned.direction, *stop_loss, pinned.stop_loss);
    let checks = [
        ("symbol", pinned.symbol != *symbol),
        ("contract", pinned.contract != *contract),
        ("side", pinned.direction != *direction),
        ("entry_level", pinned.entry_level != *entry_level),
        ("a looser stop_loss", looser),
        ("risk_category", pinned.risk != *category),
        ("entry_function", pinned.entry != *entry),
        ("tif", pinned.tif != *tif),
        ("outside_rth", pinned.hours != *hours),
        ("valid_from", pinned.valid_from != *valid_from),
        ("valid_until", pinned.valid_until != *valid_until),
        ("max_quantity", pinned.max_quantity != *max_quantity),
        ("enabled", pinned.switch != *switch),
    ];
    checks.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
}
