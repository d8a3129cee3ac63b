//! The tape: the last trade and the day of every symbol, as far as they have been traded.
//!
//! Open, high, low and the close of the day before are those of regular sessions; the volume is that of the whole
//! date. A date begins with its first instant.

use rust_decimal::Decimal;

use crate::gateway::bars::Bar;
use crate::gateway::clock;
use crate::gateway::feed::{Hours, Slot};

/// What the tape knows of one symbol.
#[derive(Debug, Clone, Default)]
pub(in crate::gateway) struct Print {
    /// The last five seconds in which something traded.
    pub(in crate::gateway) last: Option<Bar>,
    pub(in crate::gateway) open: Option<Decimal>,
    pub(in crate::gateway) high: Option<Decimal>,
    pub(in crate::gateway) low: Option<Decimal>,
    /// The last price of the last session before this date.
    pub(in crate::gateway) close: Option<Decimal>,
    /// Shares traded on this date.
    pub(in crate::gateway) volume: u64,
    /// Price times shares of this date; none where it no longer fits.
    turnover: Option<Decimal>,
    /// The last price of this date's session.
    session_last: Option<Decimal>,
}

impl Print {
    fn next_day(&mut self) {
        self.close = self.session_last.take().or(self.close);
        (self.open, self.high, self.low) = (None, None, None);
        self.volume = 0;
        self.turnover = Some(Decimal::ZERO);
    }

    fn take(&mut self, bar: &Bar, hours: Hours) {
        self.last = Some(*bar);
        self.volume = self.volume.saturating_add(bar.volume);
        let worth = bar.close.checked_mul(Decimal::from(bar.volume));
        self.turnover = self.turnover.zip(worth).and_then(|(sum, worth)| sum.checked_add(worth));
        if hours == Hours::Outside {
            return;
        }
        self.open = self.open.or(Some(bar.open));
        self.high = Some(self.high.map_or(bar.high, |high| high.max(bar.high)));
        self.low = Some(self.low.map_or(bar.low, |low| low.min(bar.low)));
        self.session_last = Some(bar.close);
    }

    /// The date's average price by volume, each five seconds at their close; none where nothing traded.
    pub(in crate::gateway) fn average(&self) -> Option<Decimal> {
        let average = self.turnover?.checked_div(Decimal::from(self.volume))?;
        Some(average.round_dp(6).normalize())
    }
}

/// All symbols, in symbol order.
#[derive(Debug)]
pub(in crate::gateway) struct Tape {
    prints: Vec<Print>,
    /// The first second after the date of the last instant.
    day_ends: i64,
}

impl Tape {
    pub(super) fn new(symbols: usize) -> Tape {
        Tape { prints: vec![Print::default(); symbols], day_ends: i64::MIN }
    }

    pub(in crate::gateway) fn of(&self, symbol: usize) -> &Print {
        &self.prints[symbol]
    }

    /// Begins the date of a moment, in seconds of the epoch, if that is not the one of the last instant.
    pub(super) fn turn(&mut self, moment: i64) {
        if moment >= self.day_ends {
            self.day_ends = clock::midnight(clock::days_after(clock::date(moment), 1));
            self.prints.iter_mut().for_each(Print::next_day);
        }
    }

    pub(super) fn record(&mut self, slot: &Slot) {
        self.turn(slot.start);
        for (print, bar) in self.prints.iter_mut().zip(&slot.bars) {
            if let Some(bar) = bar.as_ref().filter(|bar| bar.traded()) {
                print.take(bar, slot.hours);
            }
        }
    }
}
