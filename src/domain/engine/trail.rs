//! From a closed candle to a tighter stop or an exit; and what keeps a position protected.

use super::super::book::{OrderRecord, Phase, PlanRecord, Position};
use super::super::broker::Link;
use super::super::event::{Event, ExitReason, Told};
use super::super::ids::{BrokerOrderId, Direction, Leg, OrderRef, PlanId, Stamp};
use super::super::market::{Candle, Hours};
use super::super::money::{Cash, Price, Qty, Tick, cents};
use super::super::order::{OrderFact, OrderKind, OrderState, Ticket};
use super::super::plan::{Plan, Tif};
use super::super::ports::{PositionView, Rules, TrailProposal, View};
use super::super::risk::{self, Approved, Change, RestingStop, StopRefusal};
use super::{Due, Effect, Engine, Parent, UNPROTECTED_SECONDS_MAX, Unprotected, entry, watch};

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
        if self.book.live(record, Leg::Exit).next().is_some() {
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

    fn move_stop(&mut self, now: Stamp, id: &PlanId, proposed: rust_decimal::Decimal, market: Price) {
        let Some(record) = self.book.plan(id) else { return };
        let plan = record.plan.clone();
        let Some(stop) = self.book.live(record, Leg::Stop).last() else { return };
        let Some(resting) = stop.asked_price() else { return };
        let resting = RestingStop {
            reference: stop.ticket.reference.clone(),
            direction: plan.direction,
            stop: resting,
            qty: stop.asked_qty(),
            tick: self.tick(&plan),
            market,
        };
        match risk::approve_stop_move(&resting, proposed) {
            Ok(_) if self.link != Link::Ready || amendable(stop).is_none() => {
                self.due.insert(id.clone(), Due::Stop(proposed));
            }
            Ok(approved) => self.amend(now, approved),
            Err(StopRefusal::Same { .. }) => {}
            Err(refusal) => {
                let why = refusal.to_string();
                self.record(now, Event::StopRefused { plan: id.clone(), why: why.clone() });
                self.tell(Told::RuleTrouble { plan: id.clone(), why: format!("stop not moved: {why}") });
            }
        }
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

    /// Closes the position at market, once. Its stop stays until the exit is filled.
    pub(super) fn exit(&mut self, now: Stamp, id: &PlanId, reason: ExitReason, text: String) {
        let Some((plan, position)) = self.open_position(id) else { return };
        let Some(record) = self.book.plan(id) else { return };
        if self.book.live(record, Leg::Exit).next().is_some() {
            return;
        }
        if self.link == Link::Down {
            self.due.insert(id.clone(), Due::Exit(text));
            return;
        }
        let ticket = self.closing_ticket(record, Leg::Exit, OrderKind::Market, position.qty);
        let Some(approved) = risk::approve_exit(ticket.clone(), plan.direction, position.qty) else { return };
        self.record(now, Event::OrderPlanned { ticket: ticket.clone(), why: reason, text });
        self.effects.push(Effect::Submit(approved));
        self.tell(Told::Placed { ticket, symbol: plan.symbol, risk: None });
    }

    /// An order that closes the position, in the group of its other exits: only one of them can fill.
    fn closing_ticket(&self, record: &PlanRecord, leg: Leg, kind: OrderKind, qty: Qty) -> Ticket {
        let plan = &record.plan;
        let group = self
            .book
            .legs(record, Leg::Stop)
            .last()
            .and_then(|stop| stop.ticket.group.clone())
            .unwrap_or_else(|| entry::oca_group(self.epoch, plan, 0));
        Ticket {
            reference: OrderRef::new(self.epoch, plan.digest, leg, self.book.generation(record, leg)),
            plan: plan.id.clone(),
            leg,
            side: plan.direction.exit_side(),
            qty,
            kind,
            tif: Tif::Gtc,
            hours: if leg == Leg::Target { plan.hours } else { Hours::Regular },
            group: Some(group),
            parent: None,
        }
    }

    /// A new target for a position whose plan got one, or lost the one it had at the broker.
    pub(super) fn place_target(&mut self, now: Stamp, id: &PlanId, price: Price) {
        let Some((plan, position)) = self.open_position(id) else { return };
        let Some(record) = self.book.plan(id) else { return };
        if self.link != Link::Ready {
            return;
        }
        let ticket = self.closing_ticket(record, Leg::Target, OrderKind::Limit(price), position.qty);
        let Some(approved) = risk::approve_exit(ticket.clone(), plan.direction, position.qty) else { return };
        let text = "the plan was given a target".to_owned();
        self.record(now, Event::OrderPlanned { ticket: ticket.clone(), why: ExitReason::Target, text });
        self.effects.push(Effect::Submit(approved));
        self.tell(Told::Placed { ticket, symbol: plan.symbol, risk: None });
    }

    /// Sees to it that every position has one working stop of its size, acts where it has not, and carries out what
    /// had to wait for the connection.
    pub(super) fn protect(&mut self, now: Stamp, id: &PlanId) {
        let Some((plan, position)) = self.open_position(id) else { return };
        let Some(record) = self.book.plan(id) else { return };
        if self.link == Link::Down {
            return;
        }
        let stop = self.book.live(record, Leg::Stop).last().cloned();
        let exit_lives = self.book.live(record, Leg::Exit).next().is_some();
        match stop {
            Some(stop) if is_resting(&stop) => {
                self.unprotected.remove(id);
                self.tell_protected(id, &plan, &position, &stop);
                self.resize(now, id, position.qty);
            }
            _ if exit_lives => {}
            stop => self.climb(now, id, &plan, &position, stop.is_some()),
        }
        if let Some(due) = self.due.remove(id) {
            let market = self.marks.get(&plan.symbol).copied();
            match due {
                Due::Exit(why) => self.exit(now, id, ExitReason::Rule, why),
                Due::Stop(price) => {
                    if let Some(market) = market {
                        self.move_due_stop(now, id, price, market);
                    }
                }
            }
        }
    }

    /// A stop that should have moved while nothing could be sent. Where the market has passed it meanwhile, it
    /// would have closed the position: so does prusik.
    fn move_due_stop(&mut self, now: Stamp, id: &PlanId, price: rust_decimal::Decimal, market: Price) {
        let Some(record) = self.book.plan(id) else { return };
        let (direction, tick) = (record.plan.direction, self.tick(&record.plan));
        match risk::stop_on_tick(direction, price, tick) {
            Ok(stop) if risk::passed(direction, stop, market) => {
                self.exit(
                    now,
                    id,
                    ExitReason::Rule,
                    format!("the market passed the stop at {stop} while it could not be moved"),
                );
            }
            _ => self.move_stop(now, id, price, market),
        }
    }

    /// The ladder of a position without a working stop: place one anew, else close the position.
    fn climb(&mut self, now: Stamp, id: &PlanId, plan: &Plan, position: &Position, stop_unconfirmed: bool) {
        let state = *self.unprotected.entry(id.clone()).or_insert(Unprotected { since: now, attempts: 0 });
        let Some(record) = self.book.plan(id) else { return };
        let Some(price) = self.book.stop_price(record) else { return };
        let passed =
            self.marks.get(&plan.symbol).is_some_and(|mark| risk::passed(plan.direction, price, *mark));
        let waited = now.since(state.since).as_secs() >= UNPROTECTED_SECONDS_MAX;
        if stop_unconfirmed && !waited {
            return;
        }
        if waited || (!stop_unconfirmed && (passed || state.attempts > 0)) {
            self.tell(Told::Alarm {
                text: format!("plan {id}: {} shares have no working stop; closing at market", position.qty),
            });
            self.exit(now, id, ExitReason::Protection, "the position could not be protected".into());
            return;
        }
        let ticket = self.closing_ticket(record, Leg::Stop, OrderKind::Stop(price), position.qty);
        let Some(approved) = risk::approve_protection(ticket.clone(), plan.direction, position.qty) else {
            return;
        };
        self.unprotected.insert(id.clone(), Unprotected { attempts: state.attempts + 1, ..state });
        self.tell(Told::Alarm { text: format!("plan {id}: the stop is gone; placing it anew at {price}") });
        let text = "the position had no stop".to_owned();
        self.record(now, Event::OrderPlanned { ticket: ticket.clone(), why: ExitReason::Protection, text });
        self.effects.push(Effect::Submit(approved));
        self.tell(Told::Placed { ticket, symbol: plan.symbol.clone(), risk: None });
    }

    fn tell_protected(&mut self, id: &PlanId, plan: &Plan, position: &Position, stop: &OrderRecord) {
        let covered = stop.ticket.qty >= position.qty;
        if !covered || self.protected.get(id) == Some(&position.qty) {
            return;
        }
        let (OrderKind::Stop(price), Some(order_id)) = (stop.ticket.kind, stop.id) else { return };
        self.protected.insert(id.clone(), position.qty);
        self.tell(Told::Protected {
            plan: id.clone(),
            direction: plan.direction,
            qty: position.qty,
            stop: price,
            order_id: order_id.0,
        });
    }

    /// Once the entry is over, stop and target cover the position: no more, no less.
    fn resize(&mut self, now: Stamp, id: &PlanId, position: Qty) {
        let Some(record) = self.book.plan(id) else { return };
        if self.link != Link::Ready || self.book.live(record, Leg::Entry).next().is_some() {
            return;
        }
        let changes: Vec<Approved<Change>> = [Leg::Stop, Leg::Target]
            .into_iter()
            .filter_map(|leg| self.book.live(record, leg).last())
            .filter(|order| amendable(order).is_some() && order.wanted.is_none() && order.filled.is_zero())
            .filter_map(|o| {
                risk::approve_resize(&o.ticket.reference, o.asked_price()?, o.asked_qty(), position)
            })
            .collect();
        for change in changes {
            self.amend(now, change);
        }
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
        let stop = self.book.live(record, Leg::Stop).last().and_then(OrderRecord::asked_price);
        let gain = match direction {
            Direction::Long => candle.close - position.entry_price,
            Direction::Short => position.entry_price - candle.close,
        };
        let pnl = gain * position.qty;
        let at_risk: Cash = (position.entry_price - initial_stop).abs() * position.qty;
        let r = if at_risk > Cash::ZERO {
            cents(pnl.decimal() / at_risk.decimal())
        } else {
            rust_decimal::Decimal::ZERO
        };
        Some(PositionView {
            direction,
            entry: position.entry_price,
            stop: stop.or(self.book.stop_price(record))?,
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

/// Whether the broker has named the stop and works it.
fn is_resting(stop: &OrderRecord) -> bool {
    matches!(
        stop.state,
        OrderState::Held | OrderState::Working | OrderState::Amending | OrderState::Cancelling
    )
}
