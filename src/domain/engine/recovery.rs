//! Start, reconnect and every doubt take the same path: ask the broker for everything, and make the books agree by
//! facts. Never a trade to make numbers agree.

use std::collections::{BTreeMap, BTreeSet};

use super::super::broker::{Link, OrderReport, Snapshot};
use super::super::event::{Event, Told};
use super::super::ids::{OrderRef, Stamp, Symbol};
use super::super::order::{OrderFact, OrderState};
use super::series::SeriesKey;
use super::{Effect, Engine};

/// How many complete answers must deny an order before it is given up.
const DENIALS: u32 = 2;

impl Engine {
    pub(super) fn on_link(&mut self, now: Stamp, link: Link, why: String) {
        let before = std::mem::replace(&mut self.link, link);
        if before == link {
            return;
        }
        match link {
            Link::Ready => {
                let open_orders = self.book.orders().filter(|order| order.state.is_live()).count();
                let positions =
                    self.plan_ids(|_| true).iter().filter(|id| self.open_position(id).is_some()).count();
                self.record(now, Event::Reconciled { open_orders, positions });
                self.tell(Told::Info {
                    text: format!("ready: {open_orders} working orders, {positions} positions"),
                });
            }
            Link::Degraded => {
                self.tell(Told::Alarm { text: format!("connection degraded: {why}; no entries") })
            }
            Link::Down => {
                for series in self.series.values_mut() {
                    series.expect_history();
                }
                self.record(now, Event::ConnectionLost { why: why.clone() });
                self.tell(Told::Alarm {
                    text: format!("connection lost: {why}; the stops rest at the broker"),
                });
            }
        }
    }

    pub(super) fn on_snapshot(&mut self, now: Stamp, snapshot: &Snapshot) {
        for report in &snapshot.executions {
            self.on_executed(now, report);
        }
        for (exec, amount) in &snapshot.charges {
            self.on_charged(now, exec, *amount);
        }
        for report in snapshot.completed.iter().chain(&snapshot.open) {
            self.on_report(now, report);
            self.on_silent_amendment(now, report);
        }
        self.count_absent(now, snapshot);
        self.compare_positions(now, snapshot);
        if self.link == Link::Down {
            self.watch_again();
        }
    }

    /// A change that the broker does not show was lost: the order is as it was, and may be changed again.
    fn on_silent_amendment(&mut self, now: Stamp, report: &OrderReport) {
        let Some(order) = report.reference.as_ref().and_then(|name| self.book.order(name)) else { return };
        if order.wanted.is_some() && order.state.is_live() {
            let fact =
                OrderFact::AmendRefused { code: 0, text: "the broker does not show the change".into() };
            self.record(now, Event::Order { reference: order.ticket.reference.clone(), fact });
        }
    }

    /// An order that complete answers do not know does not exist.
    fn count_absent(&mut self, now: Stamp, snapshot: &Snapshot) {
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
            .map(|order| order.ticket.reference.clone())
            .collect();
        self.absent.retain(|reference, _| missing.contains(reference));
        for reference in missing {
            let denials = self.absent.entry(reference.clone()).or_insert(0);
            *denials += 1;
            if *denials < DENIALS {
                self.effects.push(Effect::Look);
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

    fn compare_positions(&mut self, now: Stamp, snapshot: &Snapshot) {
        let mut theirs: BTreeMap<&Symbol, i64> = BTreeMap::new();
        for row in &snapshot.positions {
            *theirs.entry(&row.symbol).or_default() += row.shares;
        }
        let symbols: BTreeSet<Symbol> = self.book.plans().map(|record| record.plan.symbol.clone()).collect();
        for symbol in symbols {
            let (ours, broker) = (self.book.shares(&symbol), theirs.get(&symbol).copied().unwrap_or(0));
            let frozen = self.book.is_frozen(&symbol);
            if ours != broker && !frozen {
                self.record(now, Event::PositionMismatch { symbol: symbol.clone(), ours, broker });
                let text = format!(
                    "{symbol}: the broker holds {broker} shares, prusik knows of {ours}; no entries in it until they agree"
                );
                self.tell(Told::Alarm { text });
            } else if ours == broker && frozen {
                self.record(now, Event::PositionAgrees { symbol });
            }
        }
    }

    /// After a start or a reconnect: contracts that are not known are looked up, the past of the others is fetched.
    fn watch_again(&mut self) {
        let mut unknown: BTreeMap<Symbol, super::ContractSpec> = BTreeMap::new();
        for plan in self.book.active().map(|record| &record.plan).chain(self.arriving.values()) {
            if !self.contracts.contains_key(&plan.symbol) {
                unknown.insert(plan.symbol.clone(), plan.contract.clone());
            }
        }
        for (symbol, spec) in unknown {
            self.effects.push(Effect::Watch { symbol, spec });
        }
        let keys: Vec<SeriesKey> = self
            .series
            .iter()
            .filter(|(_, series)| series.awaits_history())
            .map(|(key, _)| key.clone())
            .collect();
        for key in keys {
            let since = self
                .book
                .active()
                .filter(|record| record.plan.symbol == key.symbol)
                .filter_map(|record| Some(record.judged_to.unwrap_or(self.book.position(record)?.since)))
                .min();
            self.effects.push(Effect::Fetch { symbol: key.symbol, timeframe: key.timeframe, since });
        }
    }
}
