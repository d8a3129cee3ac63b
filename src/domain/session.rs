//! When a contract trades, in its exchange's own time zone.
//!
//! A [`Session`] knows hours by the wall of the exchange; a [`Day`] is one date of it, laid out on the time line.
//! Only making a `Day` asks the time zone; everything asked of a `Day` is a comparison. Who sees many moments keeps
//! the day with [`Session::day_kept`]. A trading day never crosses its local midnight.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday, time};
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::ids::Stamp;
use super::market::Hours;

/// How many days ahead [`Session::next_open`] looks before it says that there is no next session.
pub const CLOSED_DAYS_MAX: u32 = 30;

/// The trading hours of a contract: the usual ones, and the days that differ. Saturday and Sunday are closed unless
/// an exception opens them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    zone: TimeZone,
    usual: Usual,
    exceptions: BTreeMap<Date, Option<Usual>>,
}

/// Both kinds of hours of one day. Invariant: the regular ones lie within the extended ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Usual {
    regular: Option<DayHours>,
    extended: DayHours,
    /// Where the candle grid is fastened.
    anchor: Time,
}

/// Open and close of one day, local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayHours {
    /// First moment of trading.
    pub open: Time,
    /// First moment after trading.
    pub close: Time,
}

/// A stretch of time: of trading, or of one candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// First moment.
    pub open: Stamp,
    /// First moment after.
    pub close: Stamp,
}

impl Stretch {
    /// Whether `at` lies in it: the open does, the close does not.
    pub fn contains(&self, at: Stamp) -> bool {
        self.open <= at && at < self.close
    }

    /// Whether the two share any time.
    pub fn overlaps(&self, other: Stretch) -> bool {
        self.open < other.close && other.open < self.close
    }
}

/// Why hours are no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// Not in the time zone database.
    #[error("{0} is not a known time zone")]
    UnknownZone(String),
    /// Nothing lies between open and close.
    #[error("the open {open} is not before the close {close}")]
    Backwards {
        /// First moment of trading, local.
        open: Time,
        /// First moment after trading, local.
        close: Time,
    },
    /// The extended hours must hold the regular ones.
    #[error("the regular hours {regular} do not lie within the extended hours {extended}")]
    OutsideExtended {
        /// The regular hours.
        regular: DayHours,
        /// The extended hours.
        extended: DayHours,
    },
}

impl Session {
    /// US stocks: New York, 09:30–16:00, with before and after hours 04:00–20:00. Knows no holidays: those come from
    /// the contract's own hours, through [`Session::with_exception`].
    pub fn us_equities() -> Session {
        let regular = DayHours { open: time(9, 30, 0, 0), close: time(16, 0, 0, 0) };
        let extended = DayHours { open: time(4, 0, 0, 0), close: time(20, 0, 0, 0) };
        Session::new("America/New_York", regular, extended).expect("New York is in the built-in database")
    }

    /// The same hours from Monday to Friday, in a zone of the IANA database (the built-in one, whatever the machine
    /// has). Refuses an unknown zone, hours that end before they begin, and regular hours outside the extended ones.
    pub fn new(zone: &str, regular: DayHours, extended: DayHours) -> Result<Session, SessionError> {
        let found = TimeZoneDatabase::bundled().get(zone);
        let zone = found.map_err(|_| SessionError::UnknownZone(zone.to_owned()))?;
        let usual = checked(Some(regular), extended, regular.open)?;
        Ok(Session { zone, usual, exceptions: BTreeMap::new() })
    }

    /// The same session with other hours on one date: a half day, a day without regular hours, or, with neither, a
    /// closed day. Regular hours alone are all the trading of that day. A date given twice keeps the later hours.
    /// Refuses hours that [`Session::new`] would refuse.
    pub fn with_exception(
        mut self,
        date: Date,
        regular: Option<DayHours>,
        extended: Option<DayHours>,
    ) -> Result<Session, SessionError> {
        let anchor = regular.map_or(self.usual.anchor, |hours| hours.open);
        let hours = match extended.or(regular) {
            Some(extended) => Some(checked(regular, extended, anchor)?),
            None => None,
        };
        self.exceptions.insert(date, hours);
        Ok(self)
    }

    /// One date, laid out on the time line.
    pub fn day(&self, date: Date) -> Day {
        let start = self.stamp(date, Time::midnight());
        let end = match date.tomorrow() {
            Ok(next) => self.stamp(next, Time::midnight()),
            Err(_) => Stamp::new(Timestamp::MAX),
        };
        let hours = self.hours(date);
        let lay = |hours: DayHours| {
            let stretch =
                Stretch { open: self.stamp(date, hours.open), close: self.stamp(date, hours.close) };
            // Hours inside the hour that a clock change skips may vanish.
            (stretch.open < stretch.close).then_some(stretch)
        };
        Day {
            date,
            whole: Stretch { open: start, close: end },
            anchor: self.stamp(date, hours.map_or(self.usual.anchor, |hours| hours.anchor)),
            regular: hours.and_then(|hours| hours.regular).and_then(lay),
            extended: hours.map(|hours| hours.extended).and_then(lay),
        }
    }

    /// The day that holds this moment.
    pub fn day_at(&self, at: Stamp) -> Day {
        self.day(self.local_date(at))
    }

    /// As [`Session::day_at`], but looks first at the day that was kept, and keeps the one it answers with. A kept
    /// day keeps its hours, also where the session was exchanged for another one meanwhile.
    pub fn day_kept(&self, kept: &mut Option<Day>, at: Stamp) -> Day {
        match kept {
            Some(day) if day.holds(at) => *day,
            _ => *kept.insert(self.day_at(at)),
        }
    }

    /// The trading of one date; `None` where it is closed.
    pub fn stretch(&self, date: Date, hours: Hours) -> Option<Stretch> {
        self.day(date).stretch(hours)
    }

    /// The stretch of trading that holds this moment; `None` where there is none.
    pub fn stretch_at(&self, at: Stamp, hours: Hours) -> Option<Stretch> {
        self.day_at(at).stretch(hours).filter(|stretch| stretch.contains(at))
    }

    /// Whether the regular session is open at this moment.
    pub fn is_open(&self, at: Stamp) -> bool {
        self.day_at(at).is_open(at)
    }

    /// Whether this moment is the close of a regular session, exactly.
    pub fn is_close(&self, at: Stamp) -> bool {
        self.day_at(at).is_close(at)
    }

    /// The date at the exchange.
    pub fn local_date(&self, at: Stamp) -> Date {
        self.zone.to_datetime(at.timestamp()).date()
    }

    /// The first regular open after this moment; `None` where [`CLOSED_DAYS_MAX`] days bring none.
    pub fn next_open(&self, after: Stamp) -> Option<Stamp> {
        let mut date = self.local_date(after);
        for _ in 0..=CLOSED_DAYS_MAX {
            let open = self.stretch(date, Hours::Regular).map(|regular| regular.open);
            if open.is_some_and(|open| open > after) {
                return open;
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    fn hours(&self, date: Date) -> Option<Usual> {
        match self.exceptions.get(&date) {
            Some(hours) => *hours,
            None if matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) => None,
            None => Some(self.usual),
        }
    }

    /// Of a local time that a clock change repeats, the first; of one that it skips, as much later.
    fn stamp(&self, date: Date, local: Time) -> Stamp {
        let found = self.zone.to_timestamp(date.to_datetime(local));
        Stamp::new(found.unwrap_or(if date.year() < 0 { Timestamp::MIN } else { Timestamp::MAX }))
    }
}

fn checked(regular: Option<DayHours>, extended: DayHours, anchor: Time) -> Result<Usual, SessionError> {
    for DayHours { open, close } in regular.into_iter().chain([extended]) {
        if open >= close {
            return Err(SessionError::Backwards { open, close });
        }
    }
    match regular {
        Some(regular) if regular.open < extended.open || extended.close < regular.close => {
            Err(SessionError::OutsideExtended { regular, extended })
        }
        _ => Ok(Usual { regular, extended, anchor }),
    }
}

/// One date at the exchange, laid out on the time line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    date: Date,
    whole: Stretch,
    anchor: Stamp,
    regular: Option<Stretch>,
    extended: Option<Stretch>,
}

impl Day {
    /// Its date.
    pub fn date(&self) -> Date {
        self.date
    }

    /// From local midnight to local midnight, 23 to 25 hours.
    pub fn whole(&self) -> Stretch {
        self.whole
    }

    /// Whether the moment lies between its local midnights.
    pub fn holds(&self, at: Stamp) -> bool {
        self.whole.contains(at)
    }

    /// Its trading; `None` where it is closed.
    pub fn stretch(&self, hours: Hours) -> Option<Stretch> {
        match hours {
            Hours::Regular => self.regular,
            Hours::Extended => self.extended,
        }
    }

    /// What candles are aligned to: the regular open, or where it would usually be.
    pub fn anchor(&self) -> Stamp {
        self.anchor
    }

    /// Whether the regular session is open at this moment.
    pub fn is_open(&self, at: Stamp) -> bool {
        self.regular.is_some_and(|regular| regular.contains(at))
    }

    /// Whether this moment is the regular session's close, exactly.
    pub fn is_close(&self, at: Stamp) -> bool {
        self.regular.is_some_and(|regular| regular.close == at)
    }
}

impl std::fmt::Display for DayHours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}–{}", self.open, self.close)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn at(text: &str) -> Stamp {
        Stamp::new(text.parse().expect("a moment"))
    }

    fn hours(open: i8, close: i8) -> DayHours {
        DayHours { open: time(open, 0, 0, 0), close: time(close, 0, 0, 0) }
    }

    /// Hours that New York is behind UTC, by the law: daylight saving lasts from the second Sunday of March to the
    /// first of November. Knows nothing of a time zone database.
    fn hours_behind(day: Date) -> i64 {
        let sunday = |month, nth: i8| {
            let first = date(day.year(), month, 1);
            let to_sunday = (7 - first.weekday().to_sunday_zero_offset()) % 7;
            date(day.year(), month, 1 + to_sunday + 7 * (nth - 1))
        };
        if sunday(3, 2) <= day && day < sunday(11, 1) { 4 } else { 5 }
    }

    #[test]
    fn every_trading_day_from_2024_to_2030_opens_and_closes_at_the_hour_of_new_york() {
        let session = Session::us_equities();
        let (mut day, mut edges, mut lengths) = (date(2024, 1, 1), 0, Vec::new());
        while day.year() <= 2030 {
            let next = day.tomorrow().expect("a next day");
            let noon_utc = at(&format!("{day}T12:00:00Z"));
            let local = |hour: i64, minute: i64| {
                noon_utc.plus_seconds((hour - 12 + hours_behind(day)) * 3600 + minute * 60)
            };
            let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
            let expected = |open, close| (!weekend).then_some(Stretch { open, close });
            assert_eq!(session.stretch(day, Hours::Regular), expected(local(9, 30), local(16, 0)), "{day}");
            assert_eq!(session.stretch(day, Hours::Extended), expected(local(4, 0), local(20, 0)), "{day}");
            assert_eq!(
                session.day(day).whole.close,
                session.day(next).whole.open,
                "no moment lies between days"
            );
            if hours_behind(day) != hours_behind(next) {
                edges += 1;
                let change = session.day(next).whole;
                lengths.push(change.close.since(change.open).as_hours());
            }
            day = next;
        }
        assert_eq!(edges, 14, "two clock changes in each of seven years");
        assert_eq!(lengths, [23, 25].repeat(7));
    }

    #[test]
    fn the_open_is_inside_and_the_close_is_not() {
        let session = Session::us_equities();
        let (open, close) = (at("2024-07-01T13:30:00Z"), at("2024-07-01T20:00:00Z"));
        assert!(session.is_open(open) && session.is_open(close.plus_seconds(-5)));
        assert!(!session.is_open(open.plus_seconds(-1)) && !session.is_open(close));
        assert!(session.is_close(close));
        assert!(!session.is_close(close.plus_seconds(-1)) && !session.is_close(open));
        assert_eq!(session.stretch_at(close, Hours::Regular), None);
        assert_eq!(
            session.stretch_at(close, Hours::Extended),
            session.stretch(date(2024, 7, 1), Hours::Extended)
        );
    }

    #[test]
    fn the_date_is_the_one_on_the_wall_of_the_exchange() {
        let session = Session::us_equities();
        assert_eq!(session.local_date(at("2024-07-02T03:59:59Z")), date(2024, 7, 1));
        assert_eq!(session.local_date(at("2024-07-02T04:00:00Z")), date(2024, 7, 2));
    }

    #[test]
    fn the_next_open_comes_after_weekends_and_holidays() {
        let session =
            Session::us_equities().with_exception(date(2024, 9, 2), None, None).expect("a closed day");
        let tuesday = at("2024-09-03T13:30:00Z");
        assert_eq!(session.next_open(at("2024-08-30T13:29:59Z")), Some(at("2024-08-30T13:30:00Z")));
        assert_eq!(
            session.next_open(at("2024-08-30T13:30:00Z")),
            Some(tuesday),
            "Friday's open is not after itself"
        );
        assert_eq!(session.next_open(at("2024-09-02T15:00:00Z")), Some(tuesday));
        assert!(!session.is_open(at("2024-09-02T15:00:00Z")));
    }

    #[test]
    fn a_half_day_closes_early_and_a_day_may_trade_without_a_regular_session() {
        let regular = DayHours { open: time(9, 30, 0, 0), close: time(13, 0, 0, 0) };
        let session = Session::us_equities()
            .with_exception(date(2024, 11, 29), Some(regular), Some(hours(4, 17)))
            .and_then(|session| session.with_exception(date(2024, 12, 26), None, Some(hours(4, 20))))
            .expect("exceptions");
        assert!(session.is_close(at("2024-11-29T18:00:00Z")));
        assert!(!session.is_close(at("2024-11-29T21:00:00Z")));
        let odd = session.day(date(2024, 12, 26));
        assert_eq!(odd.stretch(Hours::Regular), None);
        assert!(odd.stretch(Hours::Extended).is_some());
        assert_eq!(odd.anchor(), at("2024-12-26T14:30:00Z"), "the grid stays where it usually is");
    }

    #[test]
    fn hours_that_make_no_sense_are_refused() {
        let new = |zone, regular, extended| {
            Session::new(zone, regular, extended).map(|_| ()).map_err(|e| e.to_string())
        };
        assert_eq!(
            new("Mars/Olympus", hours(9, 16), hours(4, 20)),
            Err("Mars/Olympus is not a known time zone".into())
        );
        assert_eq!(
            new("Europe/Berlin", hours(9, 9), hours(4, 20)),
            Err("the open 09:00:00 is not before the close 09:00:00".into())
        );
        assert_eq!(
            new("Europe/Berlin", hours(9, 21), hours(4, 20)),
            Err("the regular hours 09:00:00–21:00:00 do not lie within the extended hours 04:00:00–20:00:00"
                .into())
        );
    }

    #[test]
    fn a_kept_day_answers_until_its_midnight() {
        let session = Session::us_equities();
        let mut kept = None;
        for (moment, day) in [
            ("2024-03-10T04:59:59Z", date(2024, 3, 9)),
            ("2024-03-10T05:00:00Z", date(2024, 3, 10)),
            ("2024-03-11T03:59:59Z", date(2024, 3, 10)),
            ("2024-03-11T04:00:00Z", date(2024, 3, 11)),
        ] {
            assert_eq!(session.day_kept(&mut kept, at(moment)).date(), day, "{moment}");
            assert_eq!(kept, Some(session.day_at(at(moment))));
        }
    }

    #[test]
    fn moments_at_the_end_of_the_calendar_do_no_harm() {
        let session = Session::us_equities();
        for moment in [Stamp::from_millis(i64::MIN), Stamp::from_millis(i64::MAX)] {
            assert!(!session.is_close(moment));
            let _ = session.next_open(moment);
        }
    }
}
