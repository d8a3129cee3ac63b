//! From a closed candle to an approved entry.

use super::super::book::Phase;
use super::super::broker::Link;
use super::super::event::{Ending, Event};
use super::super::ids::{Direction, Leg, OrderRef, PlanId, Stamp, Symbol};
use super::super::market::{Bar, Candle, Contract, Hours, Timeframe};
use super::super::money::Price;
use super::super::order::{OrderKind, Ticket};
use super::super::plan::{Plan, Switch, Tif};
use super::super::ports::{EntryProposal, Rules, View};
use super::super::risk::{self, Bracket, Denied, EntryRequest, Sized};
use super::super::told::Told;
use super::{Effect, Engine, SIGNAL_SECONDS_MAX, watch};

/// When a signal is to be acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SignalTime {
    /// At once.
    Now,
    /// On the first bar of the next session.
    Held,
    /// Not at all: the contract does not trade.
    Closed,
    /// Not any more.
    Late,
}

impl Engine {
    /// Asks an armed plan's rule about the candle that just closed.
    pub(super) fn ask_entry(&mut self, now: Stamp, id: &PlanId, candle: &Candle, rules: &mut dyn Rules) {
        let Some(record) = self.book.plan(id) else { return };
        let plan = &record.plan;
        // Candles of the past are shown to the rule; they are not decided on.
        let closed_before = candle.end <= record.armed_at;
        if record.phase != Phase::Armed
            || record.held.is_some()
            || plan.switch == Switch::Off
            || closed_before
        {
            return;
        }
        if plan.valid_from.is_some_and(|from| candle.end < from)
            || plan.valid_until.is_some_and(|until| until < candle.end)
        {
            return;
        }
        let Some(series) = self.series.get(&watch::entry_series(plan)) else { return };
        let Some(contract) = self.contracts.get(&plan.symbol) else { return };
        let shown = upto(series.candles(), candle);
        let since_armed = shown.iter().filter(|c| c.end > record.armed_at).count();
        let view = View { now: candle.end, candles: shown, since_armed, tick: contract.tick, position: None };
        let answer = rules.entry(plan, &view);
        let (id, close) = (plan.id.clone(), candle.close);
        let when = self.signal_time(now, plan, contract, candle);
        match answer {
            Err(fault) => self.rule_failed(now, &id, fault.to_string()),
            Ok(answer) => {
                self.once.no_fault(&id);
                self.rule_says(&id, answer.log);
                match (answer.proposal, when) {
                    (EntryProposal::Wait, _) => {}
                    (EntryProposal::Cancel { why }, _) => self.cancel_plan(now, &id, &why),
                    (EntryProposal::Enter { .. }, SignalTime::Late) => self.tell_late(&id, candle.end),
                    (EntryProposal::Enter { .. }, SignalTime::Closed) => {
                        self.refuse(now, &id, Denied::OutsideSession);
                    }
                    (EntryProposal::Enter { why }, SignalTime::Held) => {
                        self.hold(now, &id, candle.end, why);
                    }
                    (EntryProposal::Enter { why }, SignalTime::Now) => {
                        self.once.in_time(&id);
                        self.enter(now, &id, close, why);
                    }
                }
            }
        }
    }

    /// When a signal of this candle is to be acted on.
    fn signal_time(&self, now: Stamp, plan: &Plan, contract: &Contract, candle: &Candle) -> SignalTime {
        // A daily candle is its session's last one, also where the plan counts the hours after it.
        let daily = plan.entry.timeframe == Timeframe::Day1;
        if daily || contract.session.is_close(candle.end) {
            let Some(open) = contract.session.next_open(candle.end) else { return SignalTime::Closed };
            let today = contract.session.stretch_at(now, Hours::Regular).filter(|day| candle.end < day.open);
            return if plan.valid_until.is_some_and(|until| until < open) {
                SignalTime::Closed
            } else if today.is_some_and(|day| now > day.open.plus_seconds(SIGNAL_SECONDS_MAX)) {
                SignalTime::Late
            } else {
                SignalTime::Held
            };
        }
        if now.since(candle.end).as_secs() > SIGNAL_SECONDS_MAX {
            SignalTime::Late
        } else if contract.session.is_open(candle.end) {
            SignalTime::Now
        } else {
            SignalTime::Closed
        }
    }

    fn tell_late(&mut self, id: &PlanId, candle_end: Stamp) {
        if self.once.late(id) {
            let text = format!("plan {id}: a signal of {candle_end} is too old to act on");
            self.tell(Told::Info { text });
        }
    }

    fn cancel_plan(&mut self, now: Stamp, id: &PlanId, why: &str) {
        self.tell(Told::RuleSays { plan: id.clone(), line: format!("cancel: {why}") });
        self.record(now, Event::PlanEnded { plan: id.clone(), how: Ending::Cancelled });
        self.tell(Told::Ended { plan: id.clone(), how: Ending::Cancelled });
    }

    fn hold(&mut self, now: Stamp, id: &PlanId, candle_end: Stamp, why: String) {
        self.record(now, Event::SignalHeld { plan: id.clone(), candle_end, why: why.clone() });
        self.tell(Told::Held { plan: id.clone(), why });
    }

    /// Decides the signals that waited for a session to begin, on its first bar.
    pub(super) fn decide_held(&mut self, now: Stamp, bars: &[(Symbol, Bar)]) {
        for id in self.plan_ids(|record| record.held.is_some()) {
            let Some(record) = self.book.plan(&id) else { continue };
            let Some((candle_end, why)) = record.held.clone() else { continue };
            let Some((_, bar)) = bars.iter().find(|(symbol, _)| *symbol == record.plan.symbol) else {
                continue;
            };
            let Some(contract) = self.contracts.get(&record.plan.symbol) else { continue };
            // The session that has come, not the one a calendar without holidays would expect.
            let Some(day) = contract.session.stretch_at(bar.start, Hours::Regular) else { continue };
            if day.open < candle_end {
                continue;
            }
            let missed = self
                .series
                .get(&watch::entry_series(&record.plan))
                .is_some_and(|series| series.candles().last().is_some_and(|last| candle_end < last.end));
            if missed || bar.start > day.open.plus_seconds(SIGNAL_SECONDS_MAX) {
                // Its moment has passed while nobody looked.
                self.refuse(now, &id, Denied::SignalLate);
            } else {
                self.enter(now, &id, bar.close, why);
            }
        }
    }

    /// Sizes the entry and sends it with its protection, or says which limit stands in the way.
    fn enter(&mut self, now: Stamp, id: &PlanId, market: Price, why: String) {
        let Some(record) = self.book.plan(id) else { return };
        let plan = record.plan.clone();
        match self.approve(&plan, market) {
            Err(denied) => self.refuse(now, id, denied),
            Ok((approved, account)) => {
                let bracket = approved.get().clone();
                self.record(now, Event::EntryPlanned { bracket: Box::new(bracket.clone()), account, why });
                self.effects.push(Effect::Enter(approved));
                self.tell(Told::Placed {
                    ticket: bracket.entry,
                    symbol: plan.symbol.clone(),
                    risk: Some(bracket.risk),
                });
                for ticket in std::iter::once(bracket.stop).chain(bracket.target) {
                    self.tell(Told::Placed { ticket, symbol: plan.symbol.clone(), risk: None });
                }
            }
        }
    }

    fn approve(
        &self,
        plan: &Plan,
        market: Price,
    ) -> Result<(risk::Approved<Bracket>, super::super::money::Cash), Denied> {
        if self.link != Link::Ready {
            return Err(Denied::NotReady);
        }
        if self.book.is_frozen(&plan.symbol) || self.disputes.contains_key(&plan.symbol) {
            return Err(Denied::Frozen);
        }
        let contract = self.contracts.get(&plan.symbol).ok_or(Denied::NotReady)?;
        let valuation = self.valuation.as_ref().ok_or(Denied::AccountUnknown)?;
        if contract.currency != valuation.currency() {
            return Err(Denied::Currency {
                contract: contract.currency.clone(),
                account: valuation.currency().to_owned(),
            });
        }
        let stop = risk::stop_on_tick(plan.direction, plan.stop_loss.decimal(), contract.tick)
            .map_err(|_| Denied::StopPassed { price: market, stop: plan.stop_loss })?;
        if risk::passed(plan.direction, stop, market) {
            return Err(Denied::StopPassed { price: market, stop });
        }
        let request = EntryRequest {
            category: plan.risk,
            reference: worse(plan.direction, plan.entry_level, market),
            stop,
            max_quantity: plan.max_quantity,
        };
        let account = valuation.account(&self.marks);
        let exposure = self.book.exposure();
        let build = |sized: Sized| self.bracket(plan, contract, &request, sized);
        let approved = risk::approve_entry(&request, &self.limits, &account, &exposure, build)?;
        Ok((approved, account.value))
    }

    fn bracket(&self, plan: &Plan, contract: &Contract, request: &EntryRequest, sized: Sized) -> Bracket {
        let generation = |leg| self.book.plan(&plan.id).map_or(0, |record| self.book.generation(record, leg));
        let entry_ref = OrderRef::new(self.epoch, plan.digest, Leg::Entry, generation(Leg::Entry));
        let group = oca_group(self.epoch, plan, generation(Leg::Entry));
        let child = |leg, kind, hours| Ticket {
            reference: OrderRef::new(self.epoch, plan.digest, leg, generation(leg)),
            plan: plan.id.clone(),
            leg,
            side: plan.direction.exit_side(),
            qty: sized.qty,
            kind,
            // Protection that ends with the day would leave the night without any.
            tif: Tif::Gtc,
            hours,
            group: Some(group.clone()),
            parent: Some(entry_ref.clone()),
        };
        let target = plan
            .take_profit
            .and_then(|price| risk::target_on_tick(plan.direction, price.decimal(), contract.tick).ok())
            .map(|price| child(Leg::Target, OrderKind::Limit(price), plan.hours));
        Bracket {
            stop: child(Leg::Stop, OrderKind::Stop(request.stop), Hours::Regular),
            target,
            entry: Ticket {
                reference: entry_ref.clone(),
                plan: plan.id.clone(),
                leg: Leg::Entry,
                side: plan.direction.entry_side(),
                qty: sized.qty,
                kind: OrderKind::Market,
                tif: plan.tif,
                hours: Hours::Regular,
                group: None,
                parent: None,
            },
            risk: sized.risk,
            reference: request.reference,
        }
    }

    /// The plan stays armed; each limit is told once.
    fn refuse(&mut self, now: Stamp, id: &PlanId, denied: Denied) {
        let told = self.book.plan(id).is_some_and(|record| record.refused.contains(denied.limit()));
        let held = self.book.plan(id).is_some_and(|record| record.held.is_some());
        if !told || held {
            self.record(now, Event::EntryRefused { plan: id.clone(), denied: denied.clone() });
        }
        if !told {
            self.tell(Told::Refused { plan: id.clone(), denied });
        }
    }

    pub(super) fn rule_failed(&mut self, now: Stamp, id: &PlanId, why: String) {
        if !self.once.fault(id, &why) {
            return;
        }
        self.record(now, Event::RuleFailed { plan: id.clone(), why: why.clone() });
        self.tell(Told::RuleTrouble { plan: id.clone(), why });
    }

    pub(super) fn rule_says(&mut self, id: &PlanId, lines: Vec<String>) {
        for line in lines {
            self.tell(Told::RuleSays { plan: id.clone(), line });
        }
    }
}

/// The name of the group in which one exit cancels the others.
pub(super) fn oca_group(epoch: u64, plan: &Plan, generation: u32) -> String {
    format!("prusik:{epoch}:{:016x}:{generation}", plan.digest)
}

/// The price at which the trade would cost more: the size must hold there too.
fn worse(direction: Direction, level: Price, market: Price) -> Price {
    match direction {
        Direction::Long => level.max(market),
        Direction::Short => level.min(market),
    }
}

/// The candles up to and with `last`: later ones may have closed in the same input.
pub(super) fn upto<'a>(candles: &'a [Candle], last: &Candle) -> &'a [Candle] {
    let end = candles.partition_point(|c| c.end <= last.end);
    &candles[..end]
}
