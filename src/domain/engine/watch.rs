//! Bars, contracts and the clock: what makes candles, and what they are handed to.

use super::super::broker::AccountRow;
use super::super::ids::{PlanId, Stamp, Symbol};
use super::super::market::{Bar, Candle, Contract, Hours, Timeframe};
use super::super::plan::{ContractSpec, Plan};
use super::super::ports::Rules;
use super::super::told::Told;
use super::series::{Series, SeriesKey};
use super::valuation::Valuation;
use super::{Effect, Engine};

/// A candle that closed, and of what.
pub(super) type Closed = (SeriesKey, Candle);

impl Engine {
    pub(super) fn on_bars(
        &mut self,
        now: Stamp,
        bars: &[(Symbol, Bar)],
        account: Option<AccountRow>,
        rules: &mut dyn Rules,
    ) {
        let mut closed = Vec::new();
        for (symbol, bar) in bars {
            self.marks.insert(symbol.clone(), bar.close);
            let Some(contract) = self.contracts.get(symbol) else { continue };
            for (key, series) in self.series.iter_mut().filter(|(key, _)| key.symbol == *symbol) {
                closed.extend(
                    series.fold(&contract.session, bar).into_iter().map(|candle| (key.clone(), candle)),
                );
            }
        }
        // Only now: the broker's figures were marked at these very closes.
        if let Some(row) = account {
            self.on_account(row);
        }
        self.on_closed(now, &closed, rules);
        self.decide_held(now, bars);
        self.notice_silence(now);
    }

    fn on_account(&mut self, row: AccountRow) {
        let held = self
            .book
            .active_symbols()
            .into_iter()
            .filter_map(|symbol| {
                let mark = *self.marks.get(&symbol)?;
                let shares = self.book.shares(&symbol);
                Some((symbol, (shares, mark)))
            })
            .collect();
        self.valuation = Some(Valuation::new(row, held));
    }

    /// Hands closed candles to the plans that wait for them, in the order of the plans' names.
    fn on_closed(&mut self, now: Stamp, closed: &[Closed], rules: &mut dyn Rules) {
        if closed.is_empty() {
            return;
        }
        let ids: Vec<PlanId> = self.plan_ids(|_| true);
        for id in ids {
            for (key, candle) in closed {
                self.judge(now, &id, key, candle, rules);
            }
        }
    }

    fn judge(&mut self, now: Stamp, id: &PlanId, key: &SeriesKey, candle: &Candle, rules: &mut dyn Rules) {
        let Some(record) = self.book.plan(id) else { return };
        if *key == exit_series(&record.plan) {
            self.trail(now, id, candle, rules);
        }
        let Some(record) = self.book.plan(id) else { return };
        if *key == entry_series(&record.plan) {
            self.ask_entry(now, id, candle, rules);
        }
    }

    pub(super) fn on_clock(&mut self, now: Stamp, rules: &mut dyn Rules) {
        let mut closed = Vec::new();
        for (key, series) in &mut self.series {
            closed.extend(series.clock(now).into_iter().map(|candle| (key.clone(), candle)));
        }
        self.on_closed(now, &closed, rules);
        self.notice_silence(now);
    }

    /// Looks a contract up, once at a time.
    pub(super) fn watch(&mut self, symbol: &Symbol, spec: &ContractSpec) {
        self.watched.insert(symbol.clone(), spec.clone());
        self.effects.push(Effect::Watch { symbol: symbol.clone(), spec: spec.clone() });
    }

    pub(super) fn on_contract(&mut self, now: Stamp, contract: Contract) {
        let symbol = contract.symbol.clone();
        self.contracts.insert(symbol.clone(), contract);
        let arrived: Vec<Plan> =
            self.arriving.values().filter(|plan| plan.symbol == symbol).cloned().collect();
        for plan in arrived {
            self.arriving.remove(&plan.id);
            self.arm(now, plan);
        }
        let watched: Vec<Plan> =
            self.book.active().filter(|r| r.plan.symbol == symbol).map(|r| r.plan.clone()).collect();
        for plan in watched {
            self.need_candles(&plan);
        }
    }

    pub(super) fn on_contract_refused(&mut self, symbol: &Symbol, why: &str) {
        self.watched.remove(symbol);
        let refused: Vec<PlanId> =
            self.arriving.values().filter(|p| p.symbol == *symbol).map(|p| p.id.clone()).collect();
        for id in refused {
            self.arriving.remove(&id);
            self.tell(Told::Alarm { text: format!("plan {id} not armed: {symbol}: {why}") });
        }
        for id in self.plan_ids(|record| record.plan.symbol == *symbol) {
            let text = format!("plan {id} gets no bars of {symbol}: {why}; what rests at the broker stays");
            self.tell(Told::Alarm { text });
        }
    }

    /// Sees to it that the candles a plan is asked on are made.
    pub(super) fn need_candles(&mut self, plan: &Plan) {
        for key in [entry_series(plan), exit_series(plan)] {
            if self.series.contains_key(&key) {
                continue;
            }
            let since = self.book.plan(&plan.id).and_then(|record| {
                let position = self.book.position(record)?;
                Some(record.judged_to.unwrap_or(position.since))
            });
            self.series.insert(key.clone(), Series::new(key.clone()));
            self.effects.push(Effect::Fetch { symbol: key.symbol, timeframe: key.timeframe, since });
        }
    }

    pub(super) fn on_history(
        &mut self,
        now: Stamp,
        symbol: &Symbol,
        timeframe: Timeframe,
        bars: &[Bar],
        known_from: Stamp,
        rules: &mut dyn Rules,
    ) {
        let Some(contract) = self.contracts.get(symbol).cloned() else { return };
        if let Some(last) = bars.last() {
            self.marks.entry(symbol.clone()).or_insert(last.close);
        }
        let mut closed = Vec::new();
        for hours in [Hours::Regular, Hours::Extended] {
            let key = SeriesKey { symbol: symbol.clone(), timeframe, hours };
            if let Some(series) = self.series.get_mut(&key).filter(|series| series.awaits_history()) {
                let candles = series.fold_history(&contract.session, now, bars, known_from);
                closed.extend(candles.into_iter().map(|candle| (key.clone(), candle)));
            }
        }
        self.on_closed(now, &closed, rules);
    }
}

/// The candles a plan's entry rule is asked on.
pub(super) fn entry_series(plan: &Plan) -> SeriesKey {
    SeriesKey { symbol: plan.symbol.clone(), timeframe: plan.entry.timeframe, hours: plan.hours }
}

/// The candles a plan's exit rule is asked on.
pub(super) fn exit_series(plan: &Plan) -> SeriesKey {
    SeriesKey { symbol: plan.symbol.clone(), timeframe: plan.exit.timeframe, hours: plan.hours }
}
