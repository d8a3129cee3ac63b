//! The candles of one symbol, timeframe and hours, from the past that was fetched to the bar that just came.

use super::super::candle::Candles;
use super::super::ids::{Stamp, Symbol};
use super::super::market::{Bar, Candle, Hours, Timeframe};
use super::super::session::Session;

/// Which candles.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SeriesKey {
    pub(super) symbol: Symbol,
    pub(super) timeframe: Timeframe,
    pub(super) hours: Hours,
}

/// Candles that are complete only once their past arrived; live bars wait for it.
#[derive(Debug)]
pub(super) struct Series {
    key: SeriesKey,
    candles: Option<Candles>,
    /// Live bars that came before the past did; `None` once it has.
    waiting: Option<Vec<Bar>>,
}

impl Series {
    pub(super) fn new(key: SeriesKey) -> Series {
        Series { key, candles: None, waiting: Some(Vec::new()) }
    }

    /// The closed candles, oldest first.
    pub(super) fn candles(&self) -> &[Candle] {
        self.candles.as_ref().map_or(&[], Candles::candles)
    }

    /// Bars may have been missed: nothing closes until the past was fetched again.
    pub(super) fn expect_history(&mut self) {
        self.waiting.get_or_insert_default();
    }

    pub(super) fn awaits_history(&self) -> bool {
        self.waiting.is_some()
    }

    /// Takes a live bar in; the candles that closed with it.
    pub(super) fn fold(&mut self, session: &Session, bar: &Bar) -> Vec<Candle> {
        match (&mut self.waiting, &mut self.candles) {
            (None, Some(candles)) => candles.fold(session, bar).closed().collect(),
            (waiting, _) => {
                waiting.get_or_insert_default().push(*bar);
                Vec::new()
            }
        }
    }

    /// Takes the past in, then the live bars that waited for it; the candles that closed, oldest first, each once.
    pub(super) fn fold_history(
        &mut self,
        session: &Session,
        now: Stamp,
        bars: &[Bar],
        known_from: Stamp,
    ) -> Vec<Candle> {
        let seen_to = self.candles().last().map(|candle| candle.end);
        let mut candles = self.begin(known_from);
        let mut closed: Vec<Candle> = Vec::new();
        for bar in bars {
            closed.extend(candles.fold_past(session, bar, now).closed());
        }
        for bar in self.waiting.take().unwrap_or_default() {
            closed.extend(candles.fold(session, &bar).closed());
        }
        self.candles = Some(candles);
        closed.retain(|candle| seen_to.is_none_or(|seen_to| candle.end > seen_to));
        closed
    }

    /// Where the past reaches back to before the candle in the making, all is made anew of it: its bars may be
    /// longer than those that were seen, and would not fit to them. Else what is between is missing.
    fn begin(&mut self, known_from: Stamp) -> Candles {
        let anew = Candles::new(self.key.timeframe, self.key.hours, known_from);
        let Some(mut seen) = self.candles.take() else { return anew };
        let begun = seen.current().map(|span| span.open).or(seen.folded_to());
        if begun.is_none_or(|begun| known_from <= begun) {
            return anew;
        }
        if let Some(seen_to) = seen.folded_to() {
            seen.gap(seen_to, known_from);
        }
        seen
    }

    /// Closes the candle whose end has passed without a bar.
    pub(super) fn clock(&mut self, now: Stamp) -> Option<Candle> {
        if self.waiting.is_some() { None } else { self.candles.as_mut()?.clock(now) }
    }
}
