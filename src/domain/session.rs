//! When a contract trades, in its exchange's own time zone.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::ids::Stamp;

/// The trading hours of a contract: the usual ones, and the days that differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    zone: TimeZone,
    regular: DayHours,
    extended: DayHours,
    exceptions: BTreeMap<Date, Option<DayHours>>,
}

/// Open and close of one day, local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayHours {
    /// First moment of trading.
    pub open: Time,
    /// First moment after trading.
    pub close: Time,
}

/// A stretch of trading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// First moment.
    pub open: Stamp,
    /// First moment after.
    pub close: Stamp,
}
