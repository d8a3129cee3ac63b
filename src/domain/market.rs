//! What a market can tell us: bars, candles, a contract's facts. Sessions are in [`super::session`].

use super::ids::{Stamp, Symbol};
use super::money::{Price, Tick};
use super::session::Session;

/// Trades of a short, fixed stretch of time, as the broker sends them: live ones of 5 seconds, historical ones longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// Where the stretch begins.
    pub start: Stamp,
    /// Its length in seconds.
    pub seconds: u32,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Shares traded.
    pub volume: u64,
    /// Number of trades; zero in a stretch without any, whose prices are then the last known one.
    pub trades: u64,
}

impl Bar {
    /// The moment the stretch ends.
    pub fn end(&self) -> Stamp {
        self.start.plus_seconds(i64::from(self.seconds))
    }

    /// Whether anything traded. A bar without a trade says that time passed, and nothing else.
    pub fn traded(&self) -> bool {
        self.trades > 0 || self.volume > 0
    }
}

/// The length of a candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timeframe {
    /// One minute.
    Min1,
    /// Five minutes.
    Min5,
    /// A quarter of an hour.
    Min15,
    /// Half an hour.
    Min30,
    /// One hour.
    Hour1,
    /// Four hours.
    Hour4,
    /// One session.
    Day1,
}

impl Timeframe {
    /// Every timeframe, shortest first.
    pub const ALL: [Timeframe; 7] = [
        Timeframe::Min1,
        Timeframe::Min5,
        Timeframe::Min15,
        Timeframe::Min30,
        Timeframe::Hour1,
        Timeframe::Hour4,
        Timeframe::Day1,
    ];

    /// The timeframe that traders write so: `1min 5min 15min 30min 60min|1h 240min|4h 1440min|1d`.
    pub fn parse(text: &str) -> Option<Timeframe> {
        Some(match text {
            "1min" => Timeframe::Min1,
            "5min" => Timeframe::Min5,
            "15min" => Timeframe::Min15,
            "30min" => Timeframe::Min30,
            "60min" | "1h" => Timeframe::Hour1,
            "240min" | "4h" => Timeframe::Hour4,
            "1440min" | "1d" => Timeframe::Day1,
            _ => return None,
        })
    }

    /// The usual spelling.
    pub fn word(self) -> &'static str {
        match self {
            Timeframe::Min1 => "1min",
            Timeframe::Min5 => "5min",
            Timeframe::Min15 => "15min",
            Timeframe::Min30 => "30min",
            Timeframe::Hour1 => "1h",
            Timeframe::Hour4 => "4h",
            Timeframe::Day1 => "1d",
        }
    }

    /// Its length in seconds; `None` for [`Timeframe::Day1`], which is as long as its session.
    pub fn seconds(self) -> Option<i64> {
        match self {
            Timeframe::Min1 => Some(60),
            Timeframe::Min5 => Some(300),
            Timeframe::Min15 => Some(900),
            Timeframe::Min30 => Some(1_800),
            Timeframe::Hour1 => Some(3_600),
            Timeframe::Hour4 => Some(14_400),
            Timeframe::Day1 => None,
        }
    }
}

/// A closed candle of a [`Timeframe`]. Invariant: at least one bar in it traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candle {
    /// Where it begins, aligned to the session's open.
    pub start: Stamp,
    /// Where it ends; the last one of a session ends with it.
    pub end: Stamp,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Shares traded.
    pub volume: u64,
}

/// Which hours count for candles and the target. A stop at market never triggers outside the regular session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hours {
    /// The regular session only.
    Regular,
    /// Before and after it too (`outside_rth: true`).
    Extended,
}

/// What the broker told of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// The ticker.
    pub symbol: Symbol,
    /// The broker's lasting number of the contract.
    pub con_id: i32,
    /// The smallest price step.
    pub tick: Tick,
    /// Currency of its prices, three letters.
    pub currency: String,
    /// When it trades.
    pub session: Session,
}
