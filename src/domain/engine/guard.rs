//! What keeps a position protected, what closes it, and what is left to clear away behind it.

use super::super::book::{OrderRecord, Phase, PlanRecord, Position};
use super::super::broker::Link;
use super::super::event::{Ending, Event, ExitReason};
use super::super::ids::{BrokerOrderId, Direction, Leg, OrderRef, PlanId, Stamp};
use super::super::market::Hours;
use super::super::money::{Price, Qty};
use super::super::order::{OrderKind, OrderState, Outcome, Ticket};
use super::super::plan::{Plan, Tif};
use super::super::risk::{self, Approved, Change};
use super::super::told::Told;
use super::super::trade;
use super::trail::amendable;
use super::{
    Effect, Engine, LOST_SECONDS_MAX, Moment, SILENCE_SECONDS_MAX, UNPROTECTED_SECONDS_MAX, Unprotected,
    entry,
};

/// How long a closed trade waits for the costs of its last execution.
const COSTS_SECONDS_MAX: i64 = 60;
/// The pause before an exit that failed is tried again; it doubles with every failure.
const EXIT_PAUSE_SECONDS: i64 = 5;
/// The longest such pause.
const EXIT_PAUSE_SECONDS_MAX: i64 = 60;

impl Engine {
    /// What follows from where everything stands, after every input.
    pub(super) fn tend(&mut self, now: Stamp, moment: Moment) {
        for id in self.plan_ids(|record| record.phase == Phase::Entered) {
            self.mind_entry(now, &id, moment);
            let Some(record) = self.book.plan(&id) else { continue };
            match self.book.position(record) {
                Some(position) if !position.qty.is_zero() => self.protect(now, &id, moment),
                Some(_) => self.close(now, &id),
                None => self.give_up(now, &id),
            }
        }
    }

    /// Sees to it that every position has one working stop of its size, acts where it has not, and carries out what
    /// had to wait for the connection.
    fn protect(&mut self, now: Stamp, id: &PlanId, moment: Moment) {
        let Some((plan, position)) = self.open_position(id) else { return };
        let Some(record) = self.book.plan(id) else { return };
        if self.link == Link::Down {
            // What was seen before the connection broke says nothing about what will be found after it.
            self.unprotected.remove(id);
            return;
        }
        let stop = self.book.live(record, Leg::Stop).last().cloned();
        let exit_lives = self.book.live(record, Leg::Exit).next().is_some();
        match stop {
            Some(stop) if is_resting(&stop) => {
                self.unprotected.remove(id);
                self.tell_protected(id, &plan, &position, &stop);
                self.resize(now, id, position.qty);
                self.cancel_extras(now, id, &stop);
            }
            _ if exit_lives => {}
            stop => self.climb(now, id, &plan, &position, stop.is_some(), moment),
        }
        if moment != Moment::Between {
            self.exit_again(now, id);
        }
        self.pay_due(now, id);
    }

    /// The ladder of a position without a working stop: place one anew, else close the position.
    fn climb(
        &mut self,
        now: Stamp,
        id: &PlanId,
        plan: &Plan,
        position: &Position,
        unconfirmed: bool,
        moment: Moment,
    ) {
        let first = Unprotected { since: now, attempts: 0, asked: false };
        let state = *self.unprotected.entry(id.clone()).or_insert(first);
        let Some(record) = self.book.plan(id) else { return };
        if moment == Moment::Between || self.failed_exit(record).is_some() {
            return;
        }
        let waited = now.since(state.since).as_secs();
        if unconfirmed {
            if waited >= UNPROTECTED_SECONDS_MAX {
                self.close_unprotected(now, id, position.qty);
            }
            return;
        }
        // Its group ends a stop when another exit fills, and a person may have closed the position with it: one
        // question settles that.
        let disputed = self.disputes.contains_key(&plan.symbol);
        let certain = moment == Moment::Complete && !disputed || self.stop_was_refused(record);
        if !certain && waited < LOST_SECONDS_MAX {
            if !state.asked {
                self.unprotected.insert(id.clone(), Unprotected { asked: true, ..state });
                self.look();
            }
            return;
        }
        let Some(price) = self.book.stop_price(record) else { return };
        if self.would_turn(id, plan, position.qty) {
            return;
        }
        let passed =
            self.marks.get(&plan.symbol).is_some_and(|mark| risk::passed(plan.direction, price, *mark));
        if passed || state.attempts > 0 {
            return self.close_unprotected(now, id, position.qty);
        }
        self.unprotected.insert(id.clone(), Unprotected { attempts: state.attempts + 1, ..state });
        self.place_stop(now, id, price);
    }

    fn place_stop(&mut self, now: Stamp, id: &PlanId, price: Price) {
        let Some((plan, position)) = self.open_position(id) else { return };
        let Some(record) = self.book.plan(id) else { return };
        let ticket = self.closing_ticket(record, Leg::Stop, OrderKind::Stop(price), position.qty);
        let Some(approved) = risk::approve_protection(ticket.clone(), plan.direction, position.qty) else {
            return;
        };
        self.tell(Told::Alarm { text: format!("plan {id}: the stop is gone; placing it anew at {price}") });
        let text = "the position had no stop".to_owned();
        self.record(now, Event::OrderPlanned { ticket: ticket.clone(), why: ExitReason::Protection, text });
        self.effects.push(Effect::Submit(approved));
        self.tell(Told::Placed { ticket, symbol: plan.symbol, risk: None });
    }

    fn close_unprotected(&mut self, now: Stamp, id: &PlanId, qty: Qty) {
        let text = format!("plan {id}: {qty} shares have no working stop; closing at market");
        self.tell(Told::Alarm { text });
        self.exit(now, id, ExitReason::Protection, "the position could not be protected".into());
    }

    fn stop_was_refused(&self, record: &PlanRecord) -> bool {
        let last = self.book.legs(record, Leg::Stop).last();
        last.is_some_and(|stop| matches!(stop.state, OrderState::Done(Outcome::Rejected { .. })))
    }

    /// The exit that should have closed the position and ended otherwise, and how many there were.
    fn failed_exit<'a>(&'a self, record: &'a PlanRecord) -> Option<(&'a OrderRecord, u32)> {
        let last = self.book.legs(record, Leg::Exit).last()?;
        let failed = matches!(
            last.state,
            OrderState::Done(Outcome::Rejected { .. } | Outcome::Abandoned | Outcome::Expired)
        );
        failed.then(|| (last, self.book.generation(record, Leg::Exit)))
    }

    /// What had to be closed still has to be: a new order under a new name, ever more slowly.
    fn exit_again(&mut self, now: Stamp, id: &PlanId) {
        let Some(record) = self.book.plan(id) else { return };
        let Some((last, failures)) = self.failed_exit(record) else { return };
        let pause = (EXIT_PAUSE_SECONDS << (failures - 1).min(8)).min(EXIT_PAUSE_SECONDS_MAX);
        if now.since(last.updated_at).as_secs() >= pause {
            let why = last.why.unwrap_or(ExitReason::Rule);
            self.exit(now, id, why, "the exit before it failed".into());
        }
    }

    /// Closes the position at market, once. Its stop stays until the exit is filled.
    pub(super) fn exit(&mut self, now: Stamp, id: &PlanId, reason: ExitReason, text: String) {
        let Some((plan, position)) = self.open_position(id) else { return };
        let Some(record) = self.book.plan(id) else { return };
        if self.book.live(record, Leg::Exit).next().is_some() {
            return;
        }
        if self.link == Link::Down {
            self.due.entry(id.clone()).or_default().exit.get_or_insert((reason, text));
            return;
        }
        if self.would_turn(id, &plan, position.qty) {
            return;
        }
        let Some(record) = self.book.plan(id) else { return };
        let ticket = self.closing_ticket(record, Leg::Exit, OrderKind::Market, position.qty);
        let Some(approved) = risk::approve_exit(ticket.clone(), plan.direction, position.qty) else { return };
        self.record(now, Event::OrderPlanned { ticket: ticket.clone(), why: reason, text });
        self.effects.push(Effect::Submit(approved));
        self.tell(Told::Placed { ticket, symbol: plan.symbol, risk: None });
    }

    /// Whether the account holds less than is to be closed, as somebody else's trades have left it: the rest would
    /// open a position the other way. Told once.
    pub(super) fn would_turn(&mut self, id: &PlanId, plan: &Plan, qty: Qty) -> bool {
        let held = self.book.disputed(&plan.symbol).map(|shares| match plan.direction {
            Direction::Long => shares,
            Direction::Short => shares.saturating_neg(),
        });
        let shares = i64::try_from(qty.shares()).unwrap_or(i64::MAX);
        if held.is_none_or(|held| shares <= held) {
            self.once.unblocked(id);
            return false;
        }
        if self.once.blocked(id) {
            let text = format!(
                "plan {id}: no order is sent for its {qty} shares: the broker holds fewer; look at the account"
            );
            self.tell(Told::Alarm { text });
        }
        true
    }

    /// An order that closes the position, in the group of its other exits: only one of them can fill.
    pub(super) fn closing_ticket(&self, record: &PlanRecord, leg: Leg, kind: OrderKind, qty: Qty) -> Ticket {
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

    /// A stop that was taken for lost can turn up beside the one placed for it: the newest stays.
    fn cancel_extras(&mut self, now: Stamp, id: &PlanId, newest: &OrderRecord) {
        let Some(record) = self.book.plan(id) else { return };
        let extras: Vec<(OrderRef, BrokerOrderId)> = self
            .book
            .live(record, Leg::Stop)
            .filter(|order| order.ticket.reference != newest.ticket.reference)
            .filter_map(|order| Some((order.ticket.reference.clone(), cancellable(order)?)))
            .collect();
        for (reference, number) in extras {
            self.cancel(now, reference, number);
        }
    }

    /// An entry that must not fill any more is taken back: its plan's file is gone, its stop is dead, or the broker
    /// has put it aside.
    fn mind_entry(&mut self, now: Stamp, id: &PlanId, moment: Moment) {
        let Some(record) = self.book.plan(id) else { return };
        let Some(working) = self.book.live(record, Leg::Entry).next() else { return };
        let aside = working.state == OrderState::Inactive
            && now.since(working.updated_at).as_secs() >= SILENCE_SECONDS_MAX;
        let naked = self.book.live(record, Leg::Stop).next().is_none()
            && (moment != Moment::Between || self.stop_was_refused(record));
        if self.link == Link::Down || !(record.file == super::FileState::Orphaned || naked || aside) {
            return;
        }
        if let Some(number) = cancellable(working) {
            let reference = working.ticket.reference.clone();
            self.cancel(now, reference, number);
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
        let removed = record.file == super::FileState::Orphaned;
        let how = if removed { Ending::Removed } else { Ending::EntryFailed };
        self.forget(id);
        self.record(now, Event::PlanEnded { plan: id.clone(), how });
        self.tell(Told::Ended { plan: id.clone(), how });
    }

    fn forget(&mut self, id: &PlanId) {
        self.due.remove(id);
        self.unprotected.remove(id);
        self.protected.remove(id);
    }

    /// Cancels exits that nothing is left to exit from. The broker ends a group by itself; this waits for it a
    /// moment, and then asks.
    fn cancel_leftovers(&mut self, now: Stamp, id: &PlanId) {
        if self.link == Link::Down {
            return;
        }
        let Some(record) = self.book.plan(id) else { return };
        let orders = || record.orders.iter().filter_map(|name| self.book.order(name));
        let news = orders().filter(|order| !order.state.is_live()).map(|order| order.updated_at).max();
        if news.is_some_and(|news| now.since(news).as_secs() < SILENCE_SECONDS_MAX) {
            return;
        }
        let leftovers: Vec<(OrderRef, BrokerOrderId)> =
            orders().filter_map(|o| Some((o.ticket.reference.clone(), cancellable(o)?))).collect();
        for (reference, number) in leftovers {
            self.cancel(now, reference, number);
        }
    }
}

/// The number under which an order can be cancelled now, where that was not asked for yet.
pub(super) fn cancellable(order: &OrderRecord) -> Option<BrokerOrderId> {
    match order.state {
        OrderState::Held | OrderState::Working | OrderState::Amending | OrderState::Inactive => order.id,
        OrderState::Planned
        | OrderState::Sent
        | OrderState::Unknown
        | OrderState::Cancelling
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
