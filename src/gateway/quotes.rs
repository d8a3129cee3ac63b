//! Market data: what a client watches beside real-time bars, and what it may.
//!
//! In one instant a client's data goes out after its orders and the account, and before its real-time bars: first its
//! quotes, then its ticks one by one, then its bars that keep up to date, each in the order they were asked for.

use super::contract::Listings;
use super::history::{Answer, Follow, LiveBars};
use super::market::Market;
use super::venue::Refusal;

mod line;
mod screen;
mod spread;
mod tape;
mod trades;

pub(super) use line::Line;
pub(super) use screen::{Age, DELAY_SECONDS, Screen, Shown};
pub use screen::{Halt, MarketData};
pub(super) use spread::Show;
pub use spread::Spread;
pub(super) use trades::{Kind, Sizes, TickFeed};
use trades::{TRADE_SECONDS, last_size};

/// Quotes a client may watch at once.
const LINES_MAX: usize = 100;
/// Symbols a client may watch tick by tick at once.
const TICK_FEEDS_MAX: usize = 5;
/// Histories that keep up to date a client may have at once.
const LIVE_BARS_MAX: usize = 100;

/// The type of data a client asked for. The number is the one clients know it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Asked {
    #[default]
    Live = 1,
    Frozen = 2,
    Delayed = 3,
    DelayedFrozen = 4,
}

impl Asked {
    pub(super) fn read(number: i32) -> Option<Asked> {
        [Asked::Live, Asked::Frozen, Asked::Delayed, Asked::DelayedFrozen]
            .into_iter()
            .find(|asked| *asked as i32 == number)
    }

    fn takes_delayed(self) -> bool {
        matches!(self, Asked::Delayed | Asked::DelayedFrozen)
    }
}

/// What one client watches.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The type of data its next quotes will be of.
    pub(super) asked: Asked,
    pub(super) lines: Vec<Line>,
    pub(super) ticks: Vec<TickFeed>,
    pub(super) bars: Vec<LiveBars>,
}

impl Watch {
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.ticks.is_empty() && self.bars.is_empty()
    }

    /// What the last instant brought.
    pub(super) fn tell(&mut self, out: &mut Vec<u8>, market: &Market) {
        for line in &mut self.lines {
            line.tell(out, market);
        }
        for feed in &mut self.ticks {
            feed.tell(out, market);
        }
        for bars in &mut self.bars {
            bars.tell(out, market);
        }
    }

    /// Goes on after a history that keeps up to date, or does not where it could not be told.
    pub(super) fn follow(&mut self, out: &mut Vec<u8>, answer: &Answer) {
        match answer.follow {
            Follow::Updates(req_id) => {
                self.bars.iter_mut().filter(|bars| bars.req_id == req_id).for_each(|bars| bars.release(out));
            }
            Follow::Refused(req_id) => self.bars.retain(|bars| bars.req_id != req_id),
            Follow::Nothing => {}
        }
    }

    /// Whether one more line may be watched under this id.
    pub(super) fn line_fits(&self, req_id: i32) -> Result<(), Refusal> {
        if self.lines.iter().any(|line| line.req_id == req_id) {
            return Err(Refusal::new(102, "Duplicate ticker ID."));
        }
        if self.lines.len() == LINES_MAX {
            return Err(Refusal::new(101, "Max number of tickers has been reached."));
        }
        Ok(())
    }

    /// Goes on with a history; one of the same id ends.
    pub(super) fn keep_up(&mut self, bars: LiveBars) -> Result<(), Refusal> {
        self.bars.retain(|other| other.req_id != bars.req_id);
        if self.bars.len() == LIVE_BARS_MAX {
            return Err(Refusal::new(101, "Max number of tickers has been reached."));
        }
        self.bars.push(bars);
        Ok(())
    }

    /// Whether one more symbol may be watched tick by tick under this id.
    pub(super) fn ticks_fit(&self, req_id: i32) -> Result<(), Refusal> {
        if self.ticks.iter().any(|feed| feed.req_id == req_id) {
            return Err(Refusal::new(102, "Duplicate ticker ID."));
        }
        if self.ticks.len() == TICK_FEEDS_MAX {
            return Err(Refusal::new(10190, "Max number of tick-by-tick requests has been reached."));
        }
        Ok(())
    }
}

/// What the account may see, by what it has subscribed to.
impl MarketData {
    /// How old the quotes are that a client gets, and whether it is told that they are not what it could have had.
    pub(super) fn quotes(self, asked: Asked) -> Result<Age, Refusal> {
        let unsubscribed = "Requested market data is not subscribed.";
        match self {
            MarketData::Live => Ok(Age::Live),
            MarketData::Delayed if asked.takes_delayed() => Ok(Age::Delayed),
            MarketData::Delayed => {
                Err(Refusal::new(354, format!("{unsubscribed}Delayed market data is available.")))
            }
            MarketData::None => Err(Refusal::new(354, unsubscribed)),
        }
    }

    /// Whether real-time bars may be had.
    pub(super) fn real_time_bars(self, listings: &Listings, symbol: usize) -> Result<(), Refusal> {
        let text = || format!("Invalid Real-time Query:{}", no_permissions(listings, symbol));
        self.live().then_some(()).ok_or_else(|| Refusal::new(420, text()))
    }

    /// Whether ticks may be had one by one.
    pub(super) fn ticks(self, listings: &Listings, symbol: usize) -> Result<(), Refusal> {
        let text = || format!("Failed to request tick-by-tick data.{}", no_permissions(listings, symbol));
        self.live().then_some(()).ok_or_else(|| Refusal::new(10189, text()))
    }

    /// Up to when history may be had at `now`, in seconds of the epoch.
    pub(super) fn history(self, listings: &Listings, symbol: usize, now: i64) -> Result<i64, Refusal> {
        match self {
            MarketData::Live => Ok(now),
            MarketData::Delayed => Ok(now - DELAY_SECONDS),
            MarketData::None => {
                let why = no_permissions(listings, symbol);
                Err(Refusal::new(162, format!("Historical Market Data Service error message:{why}")))
            }
        }
    }

    pub(super) fn live(self) -> bool {
        self == MarketData::Live
    }
}

fn no_permissions(listings: &Listings, symbol: usize) -> String {
    let exchange = listings.contract(symbol).primary_exchange.unwrap_or_default();
    format!("No market data permissions for {exchange} STK")
}
