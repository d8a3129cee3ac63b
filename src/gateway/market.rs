//! The market: the feed, the venue that trades it, and its time.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::bars::{Bar, Series};
use super::contract::Listings;
use super::feed::{Days, Feed, Hours, Slot};
use super::venue::{Fact, Moment, Venue};

/// Everything that is simulated, without anyone looking.
#[derive(Debug)]
pub(super) struct Market {
    pub(super) account: String,
    pub(super) listings: Listings,
    /// In symbol order.
    pub(super) series: Vec<Arc<Series>>,
    pub(super) days: Arc<Days>,
    pub(super) venue: Venue,
    /// Market time in seconds of the epoch: the end of the last instant; before the first one, its start.
    pub(super) now: i64,
    /// The last instant.
    pub(super) slot: Slot,
    /// Symbols that do not trade for a while.
    pub(super) halted: Vec<usize>,
    feed: Feed,
}

impl Market {
    /// A market of symbols in order, before its first instant.
    pub(super) fn new(account: String, cash: Decimal, symbols: Vec<(String, Series)>) -> Market {
        let (symbols, series): (Vec<_>, Vec<_>) = symbols.into_iter().unzip();
        let series: Vec<Arc<Series>> = series.into_iter().map(Arc::new).collect();
        let days = Arc::new(Days::of(&series));
        let feed = Feed::new(&series, Arc::clone(&days));
        let now = feed.upcoming().unwrap_or(0);
        let venue = Venue::new(cash, series.len(), days.hours_at(now));
        let listings = Listings::new(symbols.into_iter());
        Market {
            account,
            listings,
            series,
            days,
            venue,
            now,
            slot: Slot::default(),
            halted: Vec::new(),
            feed,
        }
    }

    /// The start of the next instant.
    pub(super) fn upcoming(&self) -> Option<i64> {
        self.feed.upcoming()
    }

    /// Trades the next instant; false at the end of the bars.
    pub(super) fn advance(&mut self, facts: &mut Vec<Fact>) -> bool {
        if !self.feed.advance(&mut self.slot) {
            return false;
        }
        self.now = self.slot.end();
        self.halt();
        let next_hours = self.days.hours_at(self.now);
        self.venue.trade(&self.slot, next_hours, facts);
        true
    }

    /// A symbol that is halted ticks at its last price and trades nothing, whatever its source says.
    fn halt(&mut self) {
        for symbol in &self.halted {
            if let Some(Some(bar)) = self.slot.bars.get_mut(*symbol) {
                let last = self.venue.account.holdings[*symbol].mark.unwrap_or(bar.open);
                *bar = Bar::flat(bar.start, last);
            }
        }
    }

    /// The moment at which a request of now arrives.
    pub(super) fn moment(&self) -> Moment {
        let hours = self.days.hours_at(self.now);
        Moment { now: self.now, hours, day_ends: self.days.open_after(self.now).map(|day| day.close) }
    }

    pub(super) fn in_session(&self) -> bool {
        self.slot.hours == Hours::Session
    }
}
