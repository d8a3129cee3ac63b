//! Start, reconnect and every doubt take the same path: ask the broker for everything, and make the books agree by
//! facts. Never a trade to make numbers agree.

use std::collections::{BTreeMap, BTreeSet};

use super::super::broker::{Link, Snapshot};
use super::super::event::Event;
use super::super::ids::{Stamp, Symbol};
use super::super::market::Timeframe;
use super::super::told::Told;
use super::{Effect, Engine};

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
                let open = self.plan_ids(|_| true).iter().any(|id| self.open_position(id).is_some());
                let rest = if open { "; the stops rest at the broker" } else { "" };
                self.tell(Told::Alarm { text: format!("connection lost: {why}{rest}") });
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
        for report in &snapshot.completed {
            if let Some(reference) = self.name_reported(now, report) {
                self.on_standing(now, &reference, report.standing);
            }
        }
        for report in &snapshot.open {
            self.on_open(now, report);
        }
        self.count_absent(now, snapshot);
        self.compare_positions(now, snapshot);
        if self.link == Link::Down {
            self.watch_again();
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
            self.watch(&symbol, &spec);
        }
        // The past is fetched once for both kinds of hours.
        let wanted: BTreeSet<(Symbol, Timeframe)> = self
            .series
            .iter()
            .filter(|(_, series)| series.awaits_history())
            .map(|(key, _)| (key.symbol.clone(), key.timeframe))
            .collect();
        for (symbol, timeframe) in wanted {
            let since = self
                .book
                .active()
                .filter(|record| record.plan.symbol == symbol)
                .filter_map(|record| Some(record.judged_to.unwrap_or(self.book.position(record)?.since)))
                .min();
            self.effects.push(Effect::Fetch { symbol, timeframe, since });
        }
    }
}
