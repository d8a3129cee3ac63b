//! How a calendar's days are written: `july 4`, `third monday of january`, `day after fourth thursday of november`.

use jiff::civil::{Date, Weekday};

use super::calendar::Day;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const NTHS: [(&str, i8); 6] =
    [("first", 1), ("second", 2), ("third", 3), ("fourth", 4), ("fifth", 5), ("last", -1)];

/// The day that is written, and how many days later is meant.
pub(super) fn day(text: &str) -> Option<(Day, i64)> {
    let text = text.trim().to_lowercase();
    let (text, later) = match (text.strip_prefix("day after "), text.strip_prefix("day before ")) {
        (Some(rest), _) => (rest, 1),
        (_, Some(rest)) => (rest, -1),
        _ => (&*text, 0),
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let day = match words[..] {
        ["good", "friday"] => Day::GoodFriday,
        [nth, day, "of", name] => {
            let nth = NTHS.iter().find(|(word, _)| *word == nth)?.1;
            Day::Nth { nth, weekday: weekday(day)?, month: month(name)? }
        }
        [name, day] => {
            let (month, day) = (month(name)?, day.parse().ok()?);
            // Of a leap year, so that February 29 can be meant.
            Date::new(2000, month, day).ok()?;
            Day::Fixed { month, day }
        }
        [date] => Day::Once(date.parse().ok()?),
        _ => return None,
    };
    Some((day, later))
}

/// A weekday by its name.
pub(super) fn weekday(name: &str) -> Option<Weekday> {
    Some(match name.trim().to_lowercase().as_str() {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

fn month(name: &str) -> Option<i8> {
    let place = MONTHS.iter().position(|month| *month == name)?;
    i8::try_from(place + 1).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_are_read_as_people_write_them_and_nonsense_is_none() {
        let thanksgiving = Day::Nth { nth: 4, weekday: Weekday::Thursday, month: 11 };
        for (text, read) in [
            ("july 4", (Day::Fixed { month: 7, day: 4 }, 0)),
            ("Fourth Thursday of November", (thanksgiving, 0)),
            ("day after fourth thursday of november", (thanksgiving, 1)),
            ("last monday of may", (Day::Nth { nth: -1, weekday: Weekday::Monday, month: 5 }, 0)),
            ("good friday", (Day::GoodFriday, 0)),
            ("2001-09-11", (Day::Once(date(2001, 9, 11)), 0)),
        ] {
            assert_eq!(day(text), Some(read), "{text}");
        }
        for text in
            ["", "july", "july 32", "sixth monday of may", "first moonday of may", "2001-13-11", "ides"]
        {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
