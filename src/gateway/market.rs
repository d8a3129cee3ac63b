//! The market: the feed, the venue that trades it, and its time.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::bars::Series;
use super::catalogue::Catalogue;
use super::clock::SLOT_SECONDS;
use super::contract::Listings;
use super::feed::{Days, Feed, Hours, Slot};
use super::quotes::{Halt, Screen, Shown};
use super::venue::{Damage, Fact, Memory, Moment, Venue};

/// Everything that is simulated, without anyone looking.
#[derive(Debug)]
pub(super) struct Market {
    pub(super) account: String,
    pub(super) listings: Listings,
    /// In symbol order.
    pub(super) series: Vec<Arc<Series>>,
    pub(super) days: Arc<Days>,
    pub(super) venue: Venue,
    /// What clients see of it.
    pub(super) screen: Screen,
    /// Market time in seconds of the epoch: the end of the last instant; before the first one, its start.
    pub(super) now: i64,
    /// The last instant.
    pub(super) slot: Slot,
    feed: Feed,
}

impl Market {
    /// A market of symbols as the embedded catalogue has them.
    #[cfg(test)]
    pub(super) fn new(account: String, cash: Decimal, symbols: Vec<(String, Series)>) -> Market {
        Market::of(account, cash, symbols, &Catalogue::default())
    }

    /// A market of symbols in order, before its first instant.
    pub(super) fn of(
        account: String,
        cash: Decimal,
        symbols: Vec<(String, Series)>,
        catalogue: &Catalogue,
    ) -> Market {
        let (symbols, series): (Vec<_>, Vec<_>) = symbols.into_iter().unzip();
        let series: Vec<Arc<Series>> = series.into_iter().map(Arc::new).collect();
        let days = Arc::new(Days::of(&series));
        let feed = Feed::new(&series, Arc::clone(&days));
        let now = feed.upcoming().unwrap_or(0);
        let mut venue = Venue::new(cash, series.len(), days.hours_at(now));
        let listings = Listings::of(symbols.into_iter(), catalogue);
        venue.ticks = (0..series.len()).map(|symbol| Arc::clone(listings.rule(symbol))).collect();
        let screen = Screen::new(series.iter().map(|series| series.rule()).collect());
        Market { account, listings, series, days, venue, screen, now, slot: Slot::default(), feed }
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
        self.screen.quieten(&mut self.slot);
        self.screen.record(&self.slot);
        self.now = self.slot.end();
        let next_hours = self.days.hours_at(self.now);
        self.venue.trade(&self.slot, next_hours, facts);
        true
    }

    /// Takes up where the market with this memory left off: bars up to `now`, in seconds of the epoch, do not trade
    /// again. Invariant: nothing has happened here yet.
    pub(super) fn resume(&mut self, memory: Memory, now: i64) -> Result<(), Damage> {
        while self.feed.upcoming().is_some_and(|start| start + SLOT_SECONDS <= now) {
            self.feed.advance(&mut self.slot);
            self.screen.record(&self.slot);
        }
        self.now = self.now.max(now);
        self.venue.resume(memory, self.hours())
    }

    /// The moment at which a request of now arrives.
    pub(super) fn moment(&self) -> Moment {
        let hours = self.days.hours_at(self.now);
        let day_ends = self.days.open_after(self.now).map(|day| day.close);
        Moment { now: self.now, hours, day_ends, late_ends: self.days.late_end_after(self.now) }
    }

    /// Whether the market is in its session now, at the end of the last instant.
    pub(super) fn hours(&self) -> Hours {
        self.days.hours_at(self.now)
    }

    /// Whether somebody quotes a symbol now: in the session, and outside of it as long as the symbol ticks.
    pub(super) fn quotes(&self, symbol: usize) -> bool {
        let ticks = self.slot.bars.get(symbol).is_some_and(Option::is_some);
        self.hours() == Hours::Session || (self.slot.hours == Hours::Outside && ticks)
    }

    /// Halts a symbol from now on, or lets it trade again: while it is halted its bars are flat and nothing of it
    /// triggers or fills, and its source's bars of that time never happened.
    pub(super) fn halt(&mut self, symbol: usize, halt: Halt) {
        self.screen.halt(symbol, halt, self.now);
    }

    /// Stops a symbol's data, or lets it flow again. The symbol trades on either way, and history knows all of it.
    pub(super) fn show(&mut self, symbol: usize, shown: Shown) {
        self.screen.show(symbol, shown);
    }

    /// The place of a symbol in symbol order.
    pub(super) fn place_of(&self, symbol: &str) -> Option<usize> {
        (0..self.series.len()).find(|place| self.listings.get(*place).symbol == symbol)
    }

    pub(super) fn in_session(&self) -> bool {
        self.slot.hours == Hours::Session
    }
}
