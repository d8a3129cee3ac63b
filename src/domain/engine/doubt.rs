//! What is not known for certain: orders that nobody names, changes and cancels that nobody confirms, fills without
//! executions, positions that differ. Only the broker can tell; it is asked until it has.

use std::collections::{BTreeMap, BTreeSet};

use super::super::book::OrderRecord;
use super::super::broker::{Link, OrderReport, Snapshot, Standing};
use super::super::event::Event;
use super::super::ids::{OrderRef, Stamp, Symbol};
use super::super::order::{OrderFact, OrderState};
use super::super::told::Told;
use super::{Engine, LOST_SECONDS_MAX, SETTLE_SECONDS, SILENCE_SECONDS_MAX};

/// How many complete answers must deny an order before it is given up.
const DENIALS: u32 = 2;
/// The longest pause between two questions about the same doubt.
const PAUSE_SECONDS_MAX: i64 = 60;

/// When the broker was last asked about a doubt, and how often in a row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked {
    last: Option<Stamp>,
    times: u32,
}

impl Engine {
    /// An order that nobody named becomes unknown, and whatever is in doubt is asked about, ever more slowly.
    pub(super) fn notice_silence(&mut self, now: Stamp) {
        if self.link == Link::Down {
            return;
        }
        let silent: Vec<OrderRef> = self
            .live_orders()
            .filter(|order| matches!(order.state, OrderState::Planned | OrderState::Sent))
            .filter(|order| now.since(order.updated_at).as_secs() >= SILENCE_SECONDS_MAX)
            .map(|order| order.ticket.reference.clone())
            .collect();
        for reference in silent {
            self.on_order(now, &reference, OrderFact::Lost);
        }
        if !self.is_doubtful(now) {
            self.asked.times = 0;
            return;
        }
        let pause = (SILENCE_SECONDS_MAX << self.asked.times.min(4)).min(PAUSE_SECONDS_MAX);
        if self.asked.times == 0 || self.asked.last.is_none_or(|last| now.since(last).as_secs() >= pause) {
            self.asked = Asked { last: Some(now), times: self.asked.times.saturating_add(1) };
            self.look();
        }
    }

    fn live_orders(&self) -> impl Iterator<Item = &OrderRecord> {
        self.book.active().flat_map(|record| &record.orders).filter_map(|name| self.book.order(name))
    }

    fn is_doubtful(&mut self, now: Stamp) -> bool {
        let book = &self.book;
        self.unfilled.retain(|name, _| book.order(name).is_some_and(|order| order.state.is_live()));
        let waits = |order: &OrderRecord| now.since(order.updated_at).as_secs() >= SILENCE_SECONDS_MAX;
        self.live_orders().any(|order| match order.state {
            OrderState::Unknown => true,
            OrderState::Amending | OrderState::Cancelling => waits(order),
            _ => false,
        }) || self.unfilled.values().any(|since| now.since(*since).as_secs() >= LOST_SECONDS_MAX)
            || !self.disputes.is_empty()
            || self.book.frozen().next().is_some()
    }

    /// An order as a complete answer shows it. What changed only now may have been told before the answer was made.
    pub(super) fn on_open(&mut self, now: Stamp, report: &OrderReport) {
        let Some(reference) = self.name_reported(now, report) else { return };
        let Some(order) = self.book.order(&reference) else { return };
        let settled = self.link == Link::Down || is_settled(now, order);
        let cancelling = order.state == OrderState::Cancelling;
        if settled {
            self.on_terms(now, &reference, report);
            self.on_lost_change(now, &reference);
        }
        self.on_standing(now, &reference, report.standing);
        // A cancel that the broker does not show was lost; asking again can do no harm.
        let ignored = matches!(report.standing, Standing::Held | Standing::Working | Standing::Inactive);
        if settled
            && cancelling
            && ignored
            && let Some(id) = self.book.order(&reference).and_then(|order| order.id)
        {
            self.cancel(now, reference, id);
        }
    }

    /// A change that the broker does not show was lost: the order is as it was, and may be changed again.
    fn on_lost_change(&mut self, now: Stamp, reference: &OrderRef) {
        let Some(order) = self.book.order(reference) else { return };
        if order.wanted.is_some() && order.state.is_live() {
            let fact =
                OrderFact::AmendRefused { code: 0, text: "the broker does not show the change".into() };
            self.record(now, Event::Order { reference: reference.clone(), fact });
        }
    }

    /// An order that complete answers do not know does not exist. One that was sent only now may be on its way.
    pub(super) fn count_absent(&mut self, now: Stamp, snapshot: &Snapshot) {
        let known: BTreeSet<&OrderRef> = snapshot
            .open
            .iter()
            .chain(&snapshot.completed)
            .filter_map(|report| report.reference.as_ref())
            .collect();
        let missing: Vec<OrderRef> = self
            .book
            .orders()
            .filter(|order| order.state.is_live() && !known.contains(&order.ticket.reference))
            .filter(|order| is_settled(now, order))
            .map(|order| order.ticket.reference.clone())
            .collect();
        self.absent.retain(|reference, _| missing.contains(reference));
        for reference in missing {
            let denials = self.absent.entry(reference.clone()).or_insert(0);
            *denials += 1;
            if *denials < DENIALS {
                self.look();
                continue;
            }
            self.absent.remove(&reference);
            let never_heard = self.book.order(&reference).is_some_and(|order| {
                matches!(order.state, OrderState::Planned | OrderState::Sent | OrderState::Unknown)
            });
            let fact = if never_heard { OrderFact::Abandoned } else { OrderFact::Cancelled };
            self.on_order(now, &reference, fact);
        }
    }

    pub(super) fn compare_positions(&mut self, now: Stamp, snapshot: &Snapshot) {
        let mut theirs: BTreeMap<&Symbol, i64> = BTreeMap::new();
        for row in &snapshot.positions {
            *theirs.entry(&row.symbol).or_default() += row.shares;
        }
        let symbols: BTreeSet<Symbol> = self.book.plans().map(|record| record.plan.symbol.clone()).collect();
        for symbol in symbols {
            let (ours, broker) = (self.book.shares(&symbol), theirs.get(&symbol).copied().unwrap_or(0));
            self.compare_position(now, symbol, ours, broker);
        }
    }

    /// While facts flow, one answer can be half a fill old: a second one decides. Entries wait meanwhile.
    fn compare_position(&mut self, now: Stamp, symbol: Symbol, ours: i64, broker: i64) {
        if ours == broker {
            self.disputes.remove(&symbol);
            if self.book.is_frozen(&symbol) {
                let text = format!("{symbol}: the broker and prusik agree on {ours} shares again");
                self.record(now, Event::PositionAgrees { symbol });
                self.tell(Told::Info { text });
            }
            return;
        }
        if self.book.disputed(&symbol) == Some(broker) {
            return;
        }
        let seen = self.disputes.insert(symbol.clone(), (ours, broker));
        if self.link != Link::Down && seen != Some((ours, broker)) {
            return self.look();
        }
        self.disputes.remove(&symbol);
        let text = format!(
            "{symbol}: the broker holds {broker} shares, prusik knows of {ours}; no entries in it until they agree"
        );
        self.record(now, Event::PositionMismatch { symbol, ours, broker });
        self.tell(Told::Alarm { text });
    }
}

/// Whether what we did with the order last is old enough to show in a complete answer.
fn is_settled(now: Stamp, order: &OrderRecord) -> bool {
    let since = match order.state {
        OrderState::Planned | OrderState::Sent | OrderState::Unknown => order.planned_at,
        _ => order.updated_at,
    };
    now.since(since).as_secs() >= SETTLE_SECONDS
}
