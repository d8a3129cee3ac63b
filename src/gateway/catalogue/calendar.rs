//! Exchange calendars: on which dates there is trading, and from when to when. Pure, in the exchange's wall time.
//!
//! A calendar is rules: "the fourth Thursday of November", "July 4, on the Friday before where that is a Saturday".
//! It knows no delayed opens and no stops of trading in the middle of a day.

use jiff::civil::{Date, Time, Weekday, time};

use super::super::clock;

/// The rules of one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gateway) struct Calendar {
    pub(in crate::gateway) usual: DayHours,
    /// Of a short day: when its regular session and its trading end.
    pub(super) short_close: Time,
    pub(super) short_post: Time,
    /// Days without trading, beside Saturdays and Sundays.
    pub(super) closed: Vec<Falls>,
    /// Days that end early.
    pub(super) short: Vec<Falls>,
}

/// One day's hours, wall time. Invariant: in this order, open before close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) struct DayHours {
    pub(in crate::gateway) pre: Time,
    pub(in crate::gateway) open: Time,
    pub(in crate::gateway) close: Time,
    pub(in crate::gateway) post: Time,
}

/// A day that comes every year, or once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Falls {
    pub(super) day: Day,
    /// How many days later than `day` is meant.
    pub(super) later: i64,
    /// The weekdays on which it counts; any where none is named.
    pub(super) weekdays: Vec<Weekday>,
    /// The weekday that stands in where it falls on a Saturday or on a Sunday.
    pub(super) saturday: Option<Weekday>,
    pub(super) sunday: Option<Weekday>,
    /// The years in which it counts, both included.
    pub(super) from: i16,
    pub(super) until: i16,
}

/// How a day of the year is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    Once(Date),
    Fixed {
        month: i8,
        day: i8,
    },
    /// The last one where `nth` is -1.
    Nth {
        nth: i8,
        weekday: Weekday,
        month: i8,
    },
    GoodFriday,
}

impl Calendar {
    /// US hours, Monday to Friday, without holidays.
    pub(in crate::gateway) fn weekdays() -> Calendar {
        let [pre, open] = [time(4, 0, 0, 0), time(9, 30, 0, 0)];
        let [close, post] = [time(16, 0, 0, 0), time(20, 0, 0, 0)];
        let usual = DayHours { pre, open, close, post };
        let (short_close, short_post) = (time(13, 0, 0, 0), time(17, 0, 0, 0));
        Calendar { usual, short_close, short_post, closed: Vec::new(), short: Vec::new() }
    }

    /// The hours of a date; none where the exchange is closed.
    pub(in crate::gateway) fn on(&self, date: Date) -> Option<DayHours> {
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        if weekend || self.closed.iter().any(|falls| falls.on(date)) {
            return None;
        }
        if self.short.iter().any(|falls| falls.on(date)) {
            return Some(DayHours { close: self.short_close, post: self.short_post, ..self.usual });
        }
        Some(self.usual)
    }

    /// The hours of a date on which something trades: the calendar's, or the usual ones where it says "closed". Data
    /// that was made up for a holiday is traded, not argued with.
    pub(in crate::gateway) fn traded(&self, date: Date) -> DayHours {
        self.on(date).unwrap_or(self.usual)
    }

    /// The regular session of a date on which something trades.
    pub(in crate::gateway) fn session(&self, date: Date) -> clock::Session {
        let DayHours { open, close, .. } = self.traded(date);
        clock::Session::new(date, open, close)
    }
}

impl Falls {
    pub(super) fn every_year(day: Day) -> Falls {
        let (from, until) = (i16::MIN, i16::MAX);
        Falls { day, later: 0, weekdays: Vec::new(), saturday: None, sunday: None, from, until }
    }

    /// Whether it falls on a date. What belongs to a year may be observed in the one before or after it.
    fn on(&self, date: Date) -> bool {
        if let Day::Once(once) = self.day {
            return once == date;
        }
        let year = date.year();
        [year, year - 1, year + 1].into_iter().any(|year| self.in_year(year) == Some(date))
    }

    fn in_year(&self, year: i16) -> Option<Date> {
        if year < self.from || self.until < year {
            return None;
        }
        let named = match self.day {
            Day::Once(date) => date,
            Day::Fixed { month, day } => Date::new(year, month, day).ok()?,
            Day::Nth { nth, weekday, month } => {
                Date::new(year, month, 1).ok()?.nth_weekday_of_month(nth, weekday).ok()?
            }
            Day::GoodFriday => clock::days_after(easter(year)?, -2),
        };
        let date = clock::days_after(named, self.later);
        if !self.weekdays.is_empty() && !self.weekdays.contains(&date.weekday()) {
            return None;
        }
        let stands_in = match date.weekday() {
            Weekday::Saturday => self.saturday,
            Weekday::Sunday => self.sunday,
            _ => None,
        };
        Some(match stands_in {
            Some(weekday) => nearest(date, weekday),
            None => date,
        })
    }
}

/// The date with this weekday that lies nearest.
fn nearest(date: Date, weekday: Weekday) -> Date {
    let ahead = i64::from(date.weekday().until(weekday));
    clock::days_after(date, if ahead > 3 { ahead - 7 } else { ahead })
}

/// Easter Sunday by the Gregorian rule: the golden number and the epact give the Paschal full moon, Easter is the
/// Sunday after it.
fn easter(year: i16) -> Option<Date> {
    let year_number = i64::from(year);
    let golden = year_number % 19;
    let (century, in_century) = (year_number / 100, year_number % 100);
    let moon_shift = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - moon_shift + 15) % 30;
    let to_sunday = (32 + 2 * (century % 4) + 2 * (in_century / 4) - epact - in_century % 4) % 7;
    let late = (golden + 11 * epact + 22 * to_sunday) / 451;
    let days = epact + to_sunday - 7 * late + 114;
    Date::new(year, i8::try_from(days / 31).ok()?, i8::try_from(days % 31 + 1).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn easter_is_where_the_almanac_has_it() {
        let known =
            [(1998, 4, 12), (2000, 4, 23), (2008, 3, 23), (2011, 4, 24), (2025, 4, 20), (2030, 4, 21)];
        for (year, month, day) in known {
            assert_eq!(easter(year), Some(date(year, month, day)));
        }
    }

    #[test]
    fn a_holiday_on_a_weekend_is_observed_where_its_rule_says() {
        let falls = Falls {
            saturday: Some(Weekday::Friday),
            sunday: Some(Weekday::Monday),
            ..Falls::every_year(Day::Fixed { month: 1, day: 1 })
        };
        // A Saturday: observed on the last day of the year before.
        assert!(falls.on(date(2021, 12, 31)) && !falls.on(date(2022, 1, 3)));
        // A Sunday.
        assert!(falls.on(date(2023, 1, 2)));
        let plain = Falls::every_year(Day::Fixed { month: 1, day: 1 });
        assert!(plain.on(date(2022, 1, 1)) && !plain.on(date(2021, 12, 31)));
    }

    #[test]
    fn data_on_a_closed_day_is_traded_in_the_usual_hours() {
        let calendar = Calendar::weekdays();
        let saturday = date(2013, 10, 5);
        assert_eq!(calendar.on(saturday), None);
        assert_eq!(calendar.traded(saturday), calendar.usual);
    }
}
