//! From a closed candle to a tighter stop or an exit.

use rust_decimal::Decimal;

use super::super::book::{OrderRecord, Phase, PlanRecord, Position};
use super::super::broker::Link;
use super::super::event::{Event, ExitReason};
use super::super::ids::{BrokerOrderId, Direction, Leg, PlanId, Stamp};
use super::super::market::Candle;
use super::super::money::{Cash, Price, Tick, cents};
use super::super::order::{OrderFact, OrderState};
use super::super::plan::Plan;
use super::super::ports::{PositionView, Rules, TrailProposal, View};
use super::super::risk::{self, Approved, Change, RestingStop, StopRefusal};
use super::super::told::Told;
use super::{Effect, Engine, Parent, entry, watch};

impl Engine {
    /// Asks the exit rule of an open position about the candle that just closed.
    pub(super) fn trail(&mut self, now: Stamp, id: &PlanId, candle: &Candle, rules: &mut dyn Rules) {
        let Some((plan, position)) = self.open_position(id) else { return };
        let judged =
            self.book.plan(id).and_then(|record| record.judged_to).is_some_and(|to| candle.end <= to);
        if candle.start < position.since || judged {
            return;
        }
        let best = self.best_with(id, plan.direction, candle);
        self.record(now, Event::CandleJudged { plan: id.clone(), candle: *candle, best });
        let Some(record) = self.book.plan(id) else { return };
        let exit_due = self.due.get(id).is_some_and(|due| due.exit.is_some());
        if exit_due || self.book.live(record, Leg::Exit).next().is_some() {
            return;
        }
        let view_of = self.position_view(record, &position, candle, best);
        let key = watch::exit_series(&plan);
        let (Some(series), Some(view_of)) = (self.series.get(&key), view_of) else { return };
        let view = View {
            now: candle.end,
            candles: entry::upto(series.candles(), candle),
            since_armed: series
                .candles()
                .iter()
                .filter(|c| c.end > record.armed_at && c.end <= candle.end)
                .count(),
            tick: self.tick(&plan),
            position: Some(view_of),
        };
        let answer = rules.trail(&plan, &view);
        let mut proposals = vec![];
        match answer {
            Err(fault) => self.rule_failed(now, id, fault.to_string()),
            Ok(answer) => {
                self.once.no_fault(id);
                self.rule_says(id, answer.log);
                proposals = answer.proposal;
            }
        }
        self.follow_edit(now, id, &mut proposals);
        self.take_proposals(now, id, &proposals, candle.close);
    }

    /// An exit beats a stop; of several stops the tightest counts.
    fn take_proposals(&mut self, now: Stamp, id: &PlanId, proposals: &[TrailProposal], market: Price) {
        let Some(record) = self.book.plan(id) else { return };
        let direction = record.plan.direction;
        let exit = proposals.iter().find_map(|p| match p {
            TrailProposal::ExitNow { why } => Some(why.clone()),
            TrailProposal::Keep | TrailProposal::MoveStop(_) => None,
        });
        if let Some(why) = exit {
            self.exit(now, id, ExitReason::Rule, why);
            return;
        }
        let stops = proposals.iter().filter_map(|p| match p {
            TrailProposal::MoveStop(price) => Some(*price),
            TrailProposal::Keep | TrailProposal::ExitNow { .. } => None,
        });
        let tightest = match direction {
            Direction::Long => stops.max(),
            Direction::Short => stops.min(),
        };
        if let Some(proposed) = tightest {
            self.move_stop(now, id, proposed, market);
        }
    }

    fn move_stop(&mut self, now: Stamp, id: &PlanId, proposed: Decimal, market: Price) {
        let Some(record) = self.book.plan(id) else { return };
        let plan = record.plan.clone();
        let Some(base) = self.asked_stop(record) else { return };
        let stop = self.book.live(record, Leg::Stop).last();
        let Some(named) = stop.or_else(|| self.book.legs(record, Leg::Stop).last()) else { return };
        let resting = RestingStop {
            reference: named.ticket.reference.clone(),
            direction: plan.direction,
            stop: base,
            qty: named.asked_qty(),
            tick: self.tick(&plan),
            market,
        };
        let sendable = self.link == Link::Ready && stop.and_then(amendable).is_some();
        let mark = self.marks.get(&plan.symbol).copied().filter(|_| self.link != Link::Down);
        match risk::approve_stop_move(&resting, proposed) {
            Ok(approved) => {
                let price = approved.get().to.price;
                if mark.is_some_and(|mark| risk::passed(plan.direction, price, mark)) {
                    self.exit_passed(now, id, price);
                } else if sendable {
                    self.amend(now, approved);
                } else {
                    self.due.entry(id.clone()).or_default().stop = Some(price);
                }
            }
            Err(StopRefusal::Same { .. }) => {}
            Err(refusal) if self.once.refusal(id, &refusal) => {
                let why = refusal.to_string();
                self.record(now, Event::StopRefused { plan: id.clone(), why: why.clone() });
                self.tell(match refusal {
                    // The ratchet at work: many good rules propose what is looser now and then.
                    StopRefusal::Looser { .. } => {
                        Told::Info { text: format!("plan {id} stop not moved: {why}") }
                    }
                    _ => Told::RuleTrouble { plan: id.clone(), why: format!("stop not moved: {why}") },
                });
            }
            Err(_) => {}
        }
    }

    /// Where the stop rests, was asked to rest, or will be asked to: the base of the ratchet.
    fn asked_stop(&self, record: &PlanRecord) -> Option<Price> {
        let resting = self.book.live(record, Leg::Stop).last().and_then(OrderRecord::asked_price);
        let base = resting.or_else(|| self.book.stop_price(record))?;
        let due = self.due.get(&record.plan.id).and_then(|due| due.stop);
        let tighter = due.filter(|due| risk::tighter(record.plan.direction, *due, base));
        Some(tighter.unwrap_or(base))
    }

    /// Changes a resting order in place. Never a second one.
    pub(super) fn amend(&mut self, now: Stamp, change: Approved<Change>) {
        let reference = change.get().reference.clone();
        let Some(order) = self.book.order(&reference) else { return };
        let Some(id) = amendable(order) else { return };
        let ticket = order.ticket.clone();
        let entry_lives = ticket
            .parent
            .as_ref()
            .and_then(|entry| self.book.order(entry))
            .is_some_and(|entry| entry.state.is_live());
        let parent = if entry_lives { Parent::Working } else { Parent::Done };
        self.record(now, Event::Order { reference, fact: OrderFact::AmendPlanned(change.get().to) });
        self.effects.push(Effect::Amend { change, ticket, id, parent });
    }

    /// Carries out what had to wait for the connection, or for the stop to be named.
    pub(super) fn pay_due(&mut self, now: Stamp, id: &PlanId) {
        let Some(due) = self.due.get(id).cloned() else { return };
        if let Some((reason, text)) = due.exit {
            self.due.remove(id);
            return self.exit(now, id, reason, text);
        }
        let Some(record) = self.book.plan(id) else { return };
        let Some(stop) = due.stop else { return };
        let Some(market) = self.marks.get(&record.plan.symbol).copied() else { return };
        if risk::passed(record.plan.direction, stop, market) {
            self.due.remove(id);
            self.exit_passed(now, id, stop);
        } else if self.link == Link::Ready
            && self.book.live(record, Leg::Stop).last().and_then(amendable).is_some()
        {
            self.due.remove(id);
            self.move_stop(now, id, stop.decimal(), market);
        }
    }

    /// Where the market has passed the stop before it could be moved there, it would have closed the position: so
    /// does prusik.
    fn exit_passed(&mut self, now: Stamp, id: &PlanId, stop: Price) {
        let text = format!("the market passed the stop at {stop} before it could be moved there");
        self.exit(now, id, ExitReason::Rule, text);
    }

    pub(super) fn open_position(&self, id: &PlanId) -> Option<(Plan, Position)> {
        let record = self.book.plan(id).filter(|record| record.phase == Phase::Entered)?;
        let position = self.book.position(record).filter(|position| !position.qty.is_zero())?;
        Some((record.plan.clone(), position))
    }

    pub(super) fn tick(&self, plan: &Plan) -> Tick {
        self.contracts.get(&plan.symbol).map_or(Tick::cent(), |contract| contract.tick)
    }

    fn best_with(&self, id: &PlanId, direction: Direction, candle: &Candle) -> Price {
        let before = self.book.plan(id).and_then(|record| record.best);
        match direction {
            Direction::Long => before.map_or(candle.high, |best| best.max(candle.high)),
            Direction::Short => before.map_or(candle.low, |best| best.min(candle.low)),
        }
    }

    fn position_view(
        &self,
        record: &PlanRecord,
        position: &Position,
        candle: &Candle,
        best: Price,
    ) -> Option<PositionView> {
        let initial_stop = record.initial_stop?;
        let direction = record.plan.direction;
        let gain = match direction {
            Direction::Long => candle.close - position.entry_price,
            Direction::Short => position.entry_price - candle.close,
        };
        let pnl = gain * position.qty;
        let at_risk: Cash = (position.entry_price - initial_stop).abs() * position.qty;
        let r = if at_risk > Cash::ZERO { cents(pnl.decimal() / at_risk.decimal()) } else { Decimal::ZERO };
        Some(PositionView {
            direction,
            entry: position.entry_price,
            stop: self.asked_stop(record)?,
            initial_stop,
            qty: position.qty,
            best,
            bars_held: record.bars_held,
            pnl,
            r,
        })
    }
}

/// The number under which an order can be changed now.
pub(super) fn amendable(order: &OrderRecord) -> Option<BrokerOrderId> {
    match order.state {
        OrderState::Held | OrderState::Working | OrderState::Amending => order.id,
        OrderState::Planned
        | OrderState::Sent
        | OrderState::Unknown
        | OrderState::Cancelling
        | OrderState::Inactive
        | OrderState::Done(_) => None,
    }
}
