//! A contract's hours, from the words of its details. Pure.
//!
//! IBKR lists the coming days, `20261127:0930-20261127:1300` or `20261126:CLOSED`. The hours that most of them have are
//! the usual ones; a day that differs is an exception.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use tracing::warn;

use crate::domain::session::{DayHours, Session, SessionError};

/// Names of time zones that gateways use and the database does not have, or has as a fixed offset.
const ALIASES: &[(&str, &str)] = &[
    ("EST", "America/New_York"),
    ("EDT", "America/New_York"),
    ("EST5EDT", "America/New_York"),
    ("CST", "America/Chicago"),
    ("CDT", "America/Chicago"),
    ("MST", "America/Denver"),
    ("MDT", "America/Denver"),
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
    ("BST", "Europe/London"),
    ("CET", "Europe/Berlin"),
    ("MET", "Europe/Berlin"),
    ("CEST", "Europe/Berlin"),
    ("JST", "Asia/Tokyo"),
    ("HKT", "Asia/Hong_Kong"),
    ("GMT", "UTC"),
    ("Z", "UTC"),
];

/// The database's name for a gateway's: `EST (Eastern Standard Time)` is New York.
fn zone_name(told: &str) -> &str {
    let told = told.split(" (").next().unwrap_or(told).trim();
    ALIASES.iter().find(|(alias, _)| *alias == told).map_or(told, |(_, name)| name)
}

/// The time zone a gateway names.
pub(super) fn zone(told: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(zone_name(told)).ok()
}

/// The session of a contract: its zone, `liquidHours` and `tradingHours` as told. A contract that lists no open day
/// at all is refused, unless it trades in New York, whose hours are known.
pub(super) fn session(zone: &str, liquid: &[String], trading: &[String]) -> Result<Session, HoursError> {
    let zone = zone_name(zone);
    let (liquid, trading) = (days(liquid), days(trading));
    let Some(regular) = usual(&liquid) else {
        return match zone {
            "America/New_York" | "US/Eastern" => Ok(Session::us_equities()),
            _ => Err(HoursError::NoOpenDay),
        };
    };
    let extended = around(regular, usual(&trading));
    let mut session = Session::new(zone, regular, extended)?;
    for (date, listed) in &liquid {
        let listed_extended = trading.get(date).copied().flatten();
        let told_extended = listed.map(|listed| around(listed, listed_extended)).or(listed_extended);
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        let as_usual = match listed {
            Some(listed) => !weekend && *listed == regular && told_extended == Some(extended),
            None => weekend && told_extended.is_none(),
        };
        if as_usual {
            continue;
        }
        session = match session.clone().with_exception(*date, *listed, told_extended) {
            Ok(session) => session,
            Err(error) => {
                warn!(%date, %error, "the hours of one day were not understood");
                session
            }
        };
    }
    Ok(session)
}

/// Why told hours are no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum HoursError {
    /// No listed day is open.
    #[error("its trading hours list no open day")]
    NoOpenDay,
    /// They are listed, and make no sense.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// Every listed day with its hours; `None` for a closed one.
fn days(listed: &[String]) -> BTreeMap<Date, Option<DayHours>> {
    let mut days: BTreeMap<Date, Option<DayHours>> = BTreeMap::new();
    for text in listed.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        let Some((date, hours)) = day(text) else {
            warn!(hours = text, "listed hours were not understood");
            continue;
        };
        // A day in several stretches counts from its first open to its last close.
        let so_far = days.entry(date).or_default();
        *so_far = match (*so_far, hours) {
            (Some(a), Some(b)) => Some(DayHours { open: a.open.min(b.open), close: a.close.max(b.close) }),
            (known, new) => known.or(new),
        };
    }
    days
}

/// `20261127:0930-20261127:1300`, `20261127:0930-1130,1230-1500` or `20261126:CLOSED`.
fn day(text: &str) -> Option<(Date, Option<DayHours>)> {
    let (date, rest) = text.split_once(':')?;
    let date = Date::strptime("%Y%m%d", date).ok()?;
    if rest.eq_ignore_ascii_case("CLOSED") {
        return Some((date, None));
    }
    let first = rest.split(',').next()?.split_once('-')?.0;
    let last = rest.rsplit(',').next()?.split_once('-')?.1;
    let (end, close) = match last.split_once(':') {
        Some((end, close)) => (Date::strptime("%Y%m%d", end).ok()?, close),
        None => (date, last),
    };
    let open = clock(first)?;
    // Trading through midnight counts until the day ends.
    let close = if end > date { Time::MAX } else { clock(close)? };
    Some((date, Some(DayHours { open, close })))
}

/// `0930`; `2400` is the last moment of the day.
fn clock(text: &str) -> Option<Time> {
    match text {
        "2400" => Some(Time::MAX),
        _ => Time::strptime("%H%M", text).ok(),
    }
}

/// The hours most weekdays have; of equally frequent ones the longest.
fn usual(days: &BTreeMap<Date, Option<DayHours>>) -> Option<DayHours> {
    let open: Vec<DayHours> = days.values().copied().flatten().collect();
    open.iter().copied().max_by_key(|hours| {
        let same = open.iter().filter(|other| *other == hours).count();
        (same, hours.close, std::cmp::Reverse(hours.open))
    })
}

/// Extended hours that hold the regular ones.
fn around(regular: DayHours, extended: Option<DayHours>) -> DayHours {
    extended.map_or(regular, |extended| DayHours {
        open: extended.open.min(regular.open),
        close: extended.close.max(regular.close),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Stamp;
    use crate::domain::market::Hours;
    use jiff::civil::date;

    fn listed(text: &str) -> Vec<String> {
        text.split(';').map(str::to_owned).collect()
    }

    fn at(text: &str) -> Stamp {
        Stamp::new(text.parse().expect("a timestamp"))
    }

    fn thanksgiving() -> Session {
        let liquid = "20261123:0930-20261123:1600;20261124:0930-20261124:1600;20261125:0930-20261125:1600;\
                      20261126:CLOSED;20261127:0930-20261127:1300;20261128:CLOSED";
        let trading = "20261123:0400-20261123:2000;20261124:0400-20261124:2000;20261125:0400-20261125:2000;\
                       20261126:CLOSED;20261127:0400-20261127:1700;20261128:CLOSED";
        session("US/Eastern", &listed(liquid), &listed(trading)).expect("a session")
    }

    #[test]
    fn a_holiday_is_closed_and_a_half_day_ends_early() {
        let session = thanksgiving();
        assert_eq!(session.stretch(date(2026, 11, 26), Hours::Regular), None);
        let half = session.stretch(date(2026, 11, 27), Hours::Regular).expect("open");
        assert_eq!(half.close, at("2026-11-27T18:00:00Z"));
        let before_and_after = session.stretch(date(2026, 11, 27), Hours::Extended).expect("open");
        assert_eq!(before_and_after.close, at("2026-11-27T22:00:00Z"));
    }

    #[test]
    fn days_that_are_not_listed_have_the_usual_hours() {
        let session = thanksgiving();
        let later = session.stretch(date(2027, 6, 1), Hours::Regular).expect("open");
        assert_eq!((later.open, later.close), (at("2027-06-01T13:30:00Z"), at("2027-06-01T20:00:00Z")));
        assert_eq!(session.stretch(date(2027, 6, 5), Hours::Regular), None, "a Saturday");
    }

    #[test]
    fn zones_are_understood_as_gateways_write_them() {
        for told in ["US/Eastern", "America/New_York", "EST (Eastern Standard Time)", "EST5EDT"] {
            let hours = listed("20260601:0930-20260601:1600");
            let session = session(told, &hours, &hours).expect(told);
            let june = session.stretch(date(2026, 6, 1), Hours::Regular).expect("open");
            assert_eq!(june.open, at("2026-06-01T13:30:00Z"), "{told}");
        }
        let hours = listed("20260601:0930-20260601:1600");
        assert!(session("Mars/Olympus", &hours, &hours).is_err());
    }

    #[test]
    fn the_older_way_to_write_hours_and_lunch_breaks_are_understood() {
        let hours = listed("20260601:0900-1130,1230-1500");
        let session = session("Asia/Tokyo", &hours, &hours).expect("a session");
        let day = session.stretch(date(2026, 6, 1), Hours::Regular).expect("open");
        assert_eq!((day.open, day.close), (at("2026-06-01T00:00:00Z"), at("2026-06-01T06:00:00Z")));
    }

    #[test]
    fn nonsense_in_the_list_is_left_out_and_no_open_day_is_an_error() {
        let hours =
            listed("rubbish;20260601:0930-20260601:1600;99999999:CLOSED;20260602:25xx-20260602:1600;");
        assert!(session("US/Eastern", &hours, &hours).is_ok());
        assert_eq!(session("Asia/Tokyo", &[], &[]), Err(HoursError::NoOpenDay));
        assert_eq!(session("US/Eastern", &[], &[]), Ok(Session::us_equities()));
    }
}
