use std::collections::BTreeSet;

use jiff::civil::{Date, date};

use super::*;
use crate::gateway::clock;

/// The calendar of the New York exchanges.
fn new_york() -> Arc<Calendar> {
    Catalogue::default().listed("SPY").calendar
}

fn problems(text: &str) -> String {
    match Catalogue::default().extended(text) {
        Ok(_) => "none".to_owned(),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn the_embedded_catalogue_is_whole_and_has_ibkrs_ids() {
    let mut fresh = Catalogue::empty();
    assert_eq!(reading::read(include_str!("../catalogue.yaml"), &mut fresh), []);
    let catalogue = Catalogue::default();
    let con_id = |symbol: &str| catalogue.listed(symbol).con_id;
    assert_eq!(
        ["SPY", "AAPL", "BRK B", "XYZ"].map(con_id),
        [Some(756_733), Some(265_598), Some(72_063_691), None]
    );
    for (symbol, terms) in &catalogue.contracts {
        let listed = catalogue.listed(symbol);
        assert!(listed.valid_exchanges.contains(&listed.primary_exchange), "{symbol}");
        assert!(terms.con_id.is_some() && terms.name.is_some(), "{symbol}");
    }
    let unlisted = catalogue.listed("XYZ");
    assert_eq!((unlisted.name.as_str(), unlisted.rule.id), ("XYZ (simulated)", 26));
}

#[test]
fn one_entry_adds_a_symbol_and_an_entry_for_a_known_one_replaces_the_lines_it_has() {
    let text = "
contracts:
  PENNY: { name: PENNY MINING, primary_exchange: AMEX, market_rule: us_sub_dollar }
  SPY: { market_rule: nickels, calendar: weekdays }
market_rules:
  nickels:
    id: 77
    bands: [{ from: 0, tick: 0.05 }]
";
    let catalogue = Catalogue::default().extended(text).expect("a good file");
    let penny = catalogue.listed("PENNY");
    assert_eq!((penny.entry, penny.rule.id, penny.con_id), (Entered::Yes, 9_026, None));
    let spy = catalogue.listed("SPY");
    assert_eq!((spy.con_id, spy.rule.id, spy.stock_type.as_str()), (Some(756_733), 77, "ETF"));
    assert!(spy.calendar.on(date(2024, 12, 25)).is_some());
    assert!(catalogue.rule(77).is_some() && catalogue.rule(78).is_none());
}

#[test]
fn all_problems_of_a_file_are_told_with_their_lines() {
    insta::assert_snapshot!(problems("
contracts:
  spy: { con_id: 1 }
  ABC: { con_id: 756733, tick: 0.01, market_rule: none }
  DEF: { con_id: -4, currency: EUR, min_size: 0.5, calendar: mars }
market_rules:
  broken: { id: 26, bands: [{ from: 0, tick: 0.01 }] }
  edgeless: { id: 5, bands: [{ from: 0, tick: 0.02 }, { from: 1.01, tick: 0.01 }] }
  endless: { bands: [] }
calendars:
  mine:
    hours: { open: '25:00', noon: '12:00' }
    closed: [{ day: ides of march }, { on: monday }]
    short: { day: july 3 }
  night: { hours: { open: '17:00' } }
extras: 1
"), @r"
    line 3, column 3: `spy` is no symbol
    line 4, column 3: ABC has the con_id of SPY
    line 4, column 26: `tick` is not known here
    line 4, column 51: there is no market rule `none`
    line 5, column 18: `-4` is no id
    line 5, column 32: only USD is simulated
    line 5, column 47: a size is a whole number of shares
    line 5, column 62: there is no calendar `mars`
    line 7, column 3: market rule `us_stocks` has the id 26 too
    line 8, column 55: a band begins at a step of its own and of the band before it
    line 9, column 3: market rule `endless` has no id
    line 12, column 20: `25:00` is no time of day
    line 12, column 29: `noon` is not known here
    line 13, column 21: `ides of march` is no day
    line 13, column 38: a day has a `day`
    line 14, column 12: here stands a list
    line 15, column 3: the hours of calendar `night` are not in the order of the day
    line 16, column 1: `extras` is not known here
    ");
}

#[test]
fn a_key_that_is_nearly_one_is_answered_with_the_one_that_was_meant() {
    let problems =
        Catalogue::default().extended("contracts: { XYZ: { nam: XYZ CORP } }\n").expect_err("no such key");
    assert!(problems[0].help.starts_with("did you mean `name`?"), "{}", problems[0].help);
}

#[test]
fn what_makes_yaml_say_one_thing_and_mean_another_is_refused() {
    insta::assert_snapshot!(problems("contracts: { ABC: &a { name: x }, ABC: *a }\n---\n"), @r"
    line 1, column 19: an anchor, and a catalogue has none
    line 1, column 35: `ABC` stands here twice
    line 1, column 40: an alias, and a catalogue has none
    line 2, column 1: a second YAML document begins here
    ");
    assert!(problems("contracts:\n\t- x").starts_with("line 2"), "{}", problems("contracts:\n\t- x"));
}

#[test]
fn the_holidays_and_short_days_of_the_years_to_come_follow_the_exchanges_rules() {
    let calendar = new_york();
    let mut told = String::new();
    for year in 2024..=2030 {
        told.push_str(&format!("{year}:"));
        let mut day = date(year, 1, 1);
        while day.year() == year {
            let weekend = day.weekday().to_monday_zero_offset() >= 5;
            match calendar.on(day) {
                None if !weekend => told.push_str(&day.strftime(" %m-%d").to_string()),
                Some(hours) if hours != calendar.usual => {
                    assert_eq!((hours.close.hour(), hours.post.hour()), (13, 17), "{day}");
                    told.push_str(&day.strftime(" %m-%d/13").to_string());
                }
                _ => {}
            }
            day = clock::days_after(day, 1);
        }
        told.push('\n');
    }
    insta::assert_snapshot!(told, @"
    2024: 01-01 01-15 02-19 03-29 05-27 06-19 07-03/13 07-04 09-02 11-28 11-29/13 12-24/13 12-25
    2025: 01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-03/13 07-04 09-01 11-27 11-28/13 12-24/13 12-25
    2026: 01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 11-27/13 12-24/13 12-25
    2027: 01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 11-26/13 12-24
    2028: 01-17 02-21 04-14 05-29 06-19 07-03/13 07-04 09-04 11-23 11-24/13 12-25
    2029: 01-01 01-15 02-19 03-30 05-28 06-19 07-03/13 07-04 09-03 11-22 11-23/13 12-24/13 12-25
    2030: 01-01 01-21 02-18 04-19 05-27 06-19 07-03/13 07-04 09-02 11-28 11-29/13 12-24/13 12-25
    ");
}

#[test]
fn the_odd_days_of_the_past_are_known() {
    let calendar = new_york();
    let short = |day: Date| calendar.on(day).is_some_and(|hours| hours != calendar.usual);
    for day in [
        date(1998, 12, 24),
        date(1999, 12, 31),
        date(2002, 7, 5),
        date(2003, 12, 26),
        date(2013, 7, 3),
        date(2013, 11, 29),
        date(2019, 7, 3),
    ] {
        assert!(short(day), "{day} ends early");
    }
    for day in [date(2002, 7, 3), date(2013, 7, 5), date(2004, 12, 31), date(2021, 12, 31), date(2021, 6, 18)]
    {
        assert_eq!(calendar.on(day), Some(calendar.usual), "{day} is a whole day");
    }
    for day in
        [date(1999, 12, 24), date(2001, 9, 11), date(2007, 1, 2), date(2012, 10, 30), date(2022, 6, 20)]
    {
        assert_eq!(calendar.on(day), None, "{day} is closed");
    }
}

#[test]
fn every_day_with_a_bar_of_twenty_three_years_is_a_trading_day_and_every_weekday_without_one_is_not() {
    let folder = std::env::var_os("PRUSIK_DATA").map_or_else(|| "../shared/data".into(), PathBuf::from);
    let path = folder.join("AAPL_1day_1998_2021.csv");
    let Ok(text) = std::fs::read_to_string(&path) else {
        let line = format!("skipped: no {}\n", path.display());
        let _ = io::Write::write_all(&mut io::stderr(), line.as_bytes());
        return;
    };
    let dates: BTreeSet<Date> = text.lines().skip(1).map(|row| row[..10].parse().expect("a date")).collect();
    let calendar = new_york();
    let (first, last) = (*dates.first().expect("a bar"), *dates.last().expect("a bar"));
    let mut day = first;
    while day <= last {
        assert_eq!(calendar.on(day).is_some(), dates.contains(&day), "{day}");
        day = clock::days_after(day, 1);
    }
    assert_eq!(dates.len(), 5_849);
}

#[test]
fn every_session_around_a_clock_change_from_2024_to_2030_has_its_whole_length() {
    let calendar = new_york();
    // The second Sunday of March and the first of November, and the hours New York is behind UTC from then on.
    for year in 2024..=2030 {
        for (month, nth, behind) in [(3, 2, 4), (11, 1, 5)] {
            let sunday = date(year, month, 1)
                .nth_weekday_of_month(nth, jiff::civil::Weekday::Sunday)
                .expect("a Sunday");
            let midnight_utc =
                |day: Date| i64::from(date(1970, 1, 1).until(day).expect("days").get_days()) * 86_400;
            for (ahead, behind) in [(-2, 9 - behind), (1, behind)] {
                let day = clock::days_after(sunday, ahead);
                let session = calendar.session(day);
                let open = midnight_utc(day) + (9 + behind) * 3_600 + 1_800;
                assert_eq!((session.open, session.close), (open, open + 6 * 3_600 + 1_800), "{day}");
            }
        }
    }
}
