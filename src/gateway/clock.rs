//! The exchange's clock face: seconds of the epoch to New York wall time and back.
//!
//! Market time is a whole number of seconds since 1970 (`i64`). Nothing here reads a clock of this machine.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// The zone every time of the simulated exchange is told in.
pub(super) const ZONE_NAME: &str = "US/Eastern";
/// The length of the bars the gateway sends, in seconds.
pub(super) const SLOT_SECONDS: i64 = 5;

/// One day's regular session, as seconds of the epoch, the close exclusive. Which days have one, and until when,
/// the calendar of the catalogue knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) date: Date,
    pub(super) open: i64,
    pub(super) close: i64,
}

impl Session {
    /// The session of a date between two times of New York's wall.
    pub(super) fn new(date: Date, open: Time, close: Time) -> Session {
        Session { date, open: of_wall(date.to_datetime(open)), close: of_wall(date.to_datetime(close)) }
    }

    pub(super) fn contains(&self, second: i64) -> bool {
        self.open <= second && second < self.close
    }
}

/// The wall time in New York at a second of the epoch.
pub(super) fn wall(second: i64) -> DateTime {
    let at = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
    new_york().to_datetime(at)
}

/// The date in New York at a second of the epoch.
pub(super) fn date(second: i64) -> Date {
    wall(second).date()
}

/// The second of the epoch of a New York wall time. A time that a clock change skips or repeats takes the
/// offset in force before the change.
pub(super) fn of_wall(wall: DateTime) -> i64 {
    match new_york().to_ambiguous_timestamp(wall).compatible() {
        Ok(at) => at.as_second(),
        Err(_) => 0,
    }
}

/// Reads what people write as a time of the market: `2013-10-04T10:00:00`, New York's wall, or RFC 3339 with its
/// offset.
pub fn market_time(text: &str) -> Option<Timestamp> {
    let wall = || text.parse::<DateTime>().ok().and_then(|wall| Timestamp::from_second(of_wall(wall)).ok());
    text.parse::<Timestamp>().ok().or_else(wall)
}

/// The first second of a New York date.
pub(super) fn midnight(date: Date) -> i64 {
    of_wall(date.at(0, 0, 0, 0))
}

/// The date some days later.
pub(super) fn days_after(date: Date, days: i64) -> Date {
    Span::new().try_days(days).and_then(|span| date.checked_add(span)).unwrap_or(date)
}

/// `20131004 09:30:00 US/Eastern`: how executions, completed orders and the ends of history are spelled.
pub(super) fn stamp(second: i64) -> String {
    format!("{} {ZONE_NAME}", wall(second).strftime("%Y%m%d %H:%M:%S"))
}

/// `20131004`.
pub(super) fn date_stamp(date: Date) -> String {
    date.strftime("%Y%m%d").to_string()
}

/// Reads what IBKR's clients send as a time: `20131004 16:00:00 US/Eastern`, `20131004 20:00:00 UTC`,
/// `20131004-20:00:00` (UTC), or without a zone (New York).
pub(super) fn parse_stamp(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(utc) = DateTime::strptime("%Y%m%d-%H:%M:%S", text) {
        return TimeZone::UTC.to_timestamp(utc).ok().map(|at| at.as_second());
    }
    let mut words = text.splitn(3, ' ');
    let (date, time) = (words.next()?, words.next().unwrap_or("00:00:00"));
    let at = DateTime::strptime("%Y%m%d %H:%M:%S", format!("{date} {time}")).ok()?;
    match words.next().map(str::trim) {
        None | Some("" | "EST" | "EDT") => Some(of_wall(at)),
        Some(zone) => {
            let zone = TimeZone::get(zone).ok()?;
            zone.to_ambiguous_timestamp(at).compatible().ok().map(|at| at.as_second())
        }
    }
}

fn new_york() -> &'static TimeZone {
    static ZONE: std::sync::LazyLock<TimeZone> = std::sync::LazyLock::new(|| {
        TimeZone::get("America/New_York").expect("the time zone database is part of the binary")
    });
    &ZONE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_six_and_a_half_hours_of_new_york_in_summer_and_in_winter() {
        let session =
            |date: Date| Session::new(date, Time::constant(9, 30, 0, 0), Time::constant(16, 0, 0, 0));
        let summer = session(jiff::civil::date(2013, 10, 4));
        assert_eq!(stamp(summer.open), "20131004 09:30:00 US/Eastern");
        assert_eq!(stamp(summer.close), "20131004 16:00:00 US/Eastern");
        let winter = session(jiff::civil::date(2013, 12, 4));
        assert_eq!(winter.open, 1_386_167_400);
        assert!(winter.contains(winter.open) && !winter.contains(winter.close));
    }

    #[test]
    fn every_spelling_of_a_time_that_clients_send_is_the_same_second() {
        let second = parse_stamp("20131004 16:00:00 US/Eastern");
        assert_eq!(second, Some(1_380_916_800));
        assert_eq!(parse_stamp("20131004 20:00:00 UTC"), second);
        assert_eq!(parse_stamp("20131004-20:00:00"), second);
        assert_eq!(parse_stamp("20131004 16:00:00"), second);
        assert_eq!(parse_stamp("yesterday"), None);
    }
}
