//! The stream of instants: what every symbol trades in each five seconds, one instant after the other.
//!
//! A date in New York on which any symbol has a bar is a source day. On such a day the session ticks for every
//! symbol that has a last price, with flat bars where its source has none; outside the session only source
//! bars tick. Instants are made one at a time: twenty years of daily bars are 27 million of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::bars::{Bar, Series, Walk};
use super::catalogue::{Calendar, DayHours};
use super::clock::{self, SLOT_SECONDS, Session};

/// One instant: five seconds of the whole market.
#[derive(Debug, Default, Clone)]
pub(super) struct Slot {
    /// Where the five seconds start, in seconds of the epoch.
    pub(super) start: i64,
    /// Whether they lie in the regular session.
    pub(super) hours: Hours,
    /// A bar for each symbol, in symbol order; none where the symbol does not tick.
    pub(super) bars: Vec<Option<Bar>>,
}

impl Slot {
    pub(super) fn end(&self) -> i64 {
        self.start + SLOT_SECONDS
    }
}

/// Whether an instant lies in the regular session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Hours {
    Session,
    #[default]
    Outside,
}

/// The days on which anything trades, with their sessions by the calendar, worked out once: they are asked for with
/// every instant. A source day on which the calendar is closed has the usual session.
#[derive(Debug)]
pub(super) struct Days {
    /// Oldest first.
    sessions: Vec<Session>,
    calendar: Arc<Calendar>,
}

impl Days {
    /// The source days of these series, which share one calendar.
    pub(super) fn of(series: &[Arc<Series>]) -> Days {
        let calendar =
            series.first().map_or_else(|| Arc::new(Calendar::weekdays()), |first| first.calendar());
        let starts = series.iter().flat_map(|series| series.bars.iter().map(|bar| bar.time.as_second()));
        let dates: BTreeSet<_> = starts.map(clock::date).collect();
        let sessions = dates.into_iter().map(|date| calendar.session(date)).collect();
        Days { sessions, calendar }
    }

    /// The hours of a date as they are told to clients: up to the last source day those of source days only, beyond
    /// it the calendar's.
    pub(super) fn hours_on(&self, date: jiff::civil::Date) -> Option<DayHours> {
        match self.sessions.last() {
            Some(last) if date <= last.date => self.on(date).map(|_| self.calendar.traded(date)),
            _ => self.calendar.on(date),
        }
    }

    /// The session that holds a moment.
    pub(super) fn session_at(&self, moment: i64) -> Option<Session> {
        self.open_after(moment).filter(|day| day.contains(moment))
    }

    /// The first session that has not closed at a moment.
    pub(super) fn open_after(&self, moment: i64) -> Option<Session> {
        let index = self.sessions.partition_point(|day| day.close <= moment);
        self.sessions.get(index).copied()
    }

    /// The end of the hours after the first session for which they are not over at a moment.
    pub(super) fn late_end_after(&self, moment: i64) -> Option<i64> {
        let today = self.sessions.partition_point(|day| day.close <= moment).saturating_sub(1);
        let ends = self.sessions[today..].iter().take(2).map(|day| {
            let post = self.calendar.traded(day.date).post;
            clock::of_wall(day.date.to_datetime(post))
        });
        ends.into_iter().find(|end| moment < *end)
    }

    /// The session of a date, if it is a source day.
    pub(super) fn on(&self, date: jiff::civil::Date) -> Option<Session> {
        let index = self.sessions.binary_search_by_key(&date, |day| day.date).ok()?;
        Some(self.sessions[index])
    }

    /// The first of the last `count` source days up to and with the date of a moment.
    pub(super) fn back_from(&self, moment: i64, count: usize) -> Option<Session> {
        let date = clock::date(moment);
        let after = self.sessions.partition_point(|day| day.date <= date);
        self.sessions.get(after.saturating_sub(count.max(1))).copied()
    }

    pub(super) fn hours_at(&self, moment: i64) -> Hours {
        match self.session_at(moment) {
            Some(_) => Hours::Session,
            None => Hours::Outside,
        }
    }
}

/// Makes the instants, oldest first.
#[derive(Debug)]
pub(super) struct Feed {
    lanes: Vec<Lane>,
    days: Arc<Days>,
    /// The start of the instant made last.
    made: Option<i64>,
}

/// One symbol's place in its bars.
#[derive(Debug)]
struct Lane {
    series: Arc<Series>,
    index: usize,
    walk: Option<Walk>,
    last: Option<Decimal>,
}

impl Feed {
    /// A feed of series that stand in symbol order.
    pub(super) fn new(series: &[Arc<Series>], days: Arc<Days>) -> Feed {
        let lane = |series: &Arc<Series>| {
            let walk = (!series.bars.is_empty()).then(|| series.walk(0));
            Lane { series: Arc::clone(series), index: 0, walk, last: None }
        };
        Feed { lanes: series.iter().map(lane).collect(), days, made: None }
    }

    /// The start of the first instant, or of the next while the feed runs.
    pub(super) fn upcoming(&self) -> Option<i64> {
        let traded = self.lanes.iter().filter_map(Lane::upcoming).min();
        let Some(made) = self.made.filter(|_| self.lanes.iter().any(|lane| lane.last.is_some())) else {
            return traded;
        };
        let next = made + SLOT_SECONDS;
        let session = self.days.open_after(next).map(|day| day.open.max(next));
        match (traded, session) {
            (Some(traded), Some(session)) => Some(traded.min(session)),
            (traded, session) => traded.or(session),
        }
    }

    /// Makes the next instant in `slot`; false at the end of the bars.
    pub(super) fn advance(&mut self, slot: &mut Slot) -> bool {
        let Some(start) = self.upcoming() else { return false };
        slot.start = start;
        slot.hours = self.days.hours_at(start);
        slot.bars.clear();
        for lane in &mut self.lanes {
            slot.bars.push(lane.take(start, slot.hours));
        }
        self.made = Some(start);
        true
    }
}

impl Lane {
    fn upcoming(&self) -> Option<i64> {
        self.walk.as_ref().and_then(Walk::upcoming)
    }

    fn take(&mut self, start: i64, hours: Hours) -> Option<Bar> {
        if self.upcoming() != Some(start) {
            let last = self.last.filter(|_| hours == Hours::Session)?;
            return Some(Bar::flat(start, last));
        }
        let walk = self.walk.as_mut()?;
        let bar = walk.next()?;
        if walk.upcoming().is_none() {
            self.index += 1;
            self.walk = (self.index < self.series.bars.len()).then(|| self.series.walk(self.index));
        }
        self.last = Some(bar.close);
        Some(bar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::bars::SourceBar;

    fn series(rows: &[(&str, i64)]) -> Arc<Series> {
        let bar = |(time, cents): &(&str, i64)| {
            let price = Decimal::new(*cents, 2);
            let time = time.parse().expect("a test writes times well");
            SourceBar { time, open: price, high: price, low: price, close: price, volume: 12 }
        };
        Arc::new(Series::new(rows.iter().map(bar).collect()).expect("a test's bars are whole"))
    }

    fn slots(series: &[Arc<Series>]) -> Vec<(i64, Hours, Vec<Option<Bar>>)> {
        let mut feed = Feed::new(series, Arc::new(Days::of(series)));
        let (mut slot, mut all) = (Slot::default(), Vec::new());
        while feed.advance(&mut slot) {
            all.push((slot.start, slot.hours, slot.bars.clone()));
        }
        all
    }

    #[test]
    fn the_hours_after_a_session_end_earlier_on_a_half_day_and_belong_to_their_own_day() {
        let days = Days::of(&[series(&[
            ("2024-07-02T10:00:00-04:00", 1000),
            ("2024-07-03T10:00:00-04:00", 1000),
            ("2024-07-05T10:00:00-04:00", 1000),
        ])]);
        let late = |moment| {
            let moment = clock::parse_stamp(moment).expect("a time");
            days.late_end_after(moment).map(clock::stamp)
        };
        let end = |stamp: &str| Some(format!("{stamp} US/Eastern"));
        assert_eq!(late("20240702 03:00:00"), end("20240702 20:00:00"));
        assert_eq!(late("20240702 16:00:00"), end("20240702 20:00:00"));
        assert_eq!(late("20240702 20:00:00"), end("20240703 17:00:00"));
        assert_eq!(late("20240703 13:30:00"), end("20240703 17:00:00"));
        assert_eq!(late("20240704 12:00:00"), end("20240705 20:00:00"));
        assert_eq!(late("20240705 20:00:00"), None);
    }

    #[test]
    fn a_session_ticks_where_its_source_is_silent_and_the_night_does_not() {
        let all = slots(&[series(&[
            ("2013-10-04T09:29:00-04:00", 1000),
            ("2013-10-04T09:30:00-04:00", 1001),
            ("2013-10-04T16:10:00-04:00", 1002),
            ("2013-10-07T11:00:00-04:00", 1003),
        ])]);
        // 12 before the open, the whole session, 12 after the close, and the whole next session.
        assert_eq!(all.len(), 12 + 4_680 + 12 + 4_680);
        let flat = all[24].2[0].expect("the session ticks");
        assert_eq!((flat.count, flat.volume, flat.close), (0, 0, Decimal::new(1001, 2)));
        assert_eq!((all[11].1, all[12].1), (Hours::Outside, Hours::Session));
        assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn a_symbol_ticks_from_its_first_price_and_on_the_days_of_the_others() {
        let all = slots(&[
            series(&[("2013-10-04T10:00:00-04:00", 1000), ("2013-10-04T10:01:00-04:00", 1000)]),
            series(&[
                ("2013-10-04T09:30:00-04:00", 500),
                ("2013-10-07T09:30:00-04:00", 501),
                ("2013-10-07T09:31:00-04:00", 501),
            ]),
        ]);
        assert_eq!(all.len(), 2 * 4_680);
        assert_eq!(all[359].2[0], None);
        assert_eq!(all[360].2[0].map(|bar| bar.count), Some(1));
        assert_eq!(all[9_359].2[0].map(|bar| (bar.count, bar.close)), Some((0, Decimal::new(1000, 2))));
    }

    /// Where the market data lies; none with a clear line where it does not.
    fn data(file: &str) -> Option<std::path::PathBuf> {
        let folder =
            std::env::var_os("PRUSIK_DATA").map_or_else(|| "../shared/data".into(), std::path::PathBuf::from);
        let path = folder.join(file);
        if !path.exists() {
            let line = format!("skipped: no {}\n", path.display());
            let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
            return None;
        }
        Some(path)
    }

    #[test]
    fn the_traded_instants_of_real_minutes_add_up_to_the_minutes_of_the_file() {
        for file in ["SPY_1min_2013-10-04_2013-10-11.csv", "AAPL_1min_2014-06-05_2014-06-09.csv"] {
            let Some(path) = data(file) else { return };
            let source = crate::gateway::bars::load_bars(path).expect("a good file");
            let series = [Arc::new(Series::new(source.clone()).expect("whole bars"))];
            let mut minutes: Vec<Bar> = Vec::new();
            for (start, _, bars) in slots(&series) {
                let bar = bars[0].expect("one symbol ticks whenever the market does");
                match minutes.last_mut() {
                    _ if !bar.traded() => {}
                    Some(minute) if start < minute.start + 60 => minute.extend(&bar),
                    _ => minutes.push(bar),
                }
            }
            let told = |bar: &Bar| (bar.start, bar.open, bar.high, bar.low, bar.close, bar.volume);
            let given =
                |bar: &SourceBar| (bar.time.as_second(), bar.open, bar.high, bar.low, bar.close, bar.volume);
            assert!(minutes.iter().map(told).eq(source.iter().map(given)), "{file}");
        }
    }

    #[test]
    fn a_daily_bar_spans_the_session_whatever_its_time_says() {
        let all =
            slots(&[series(&[("2013-10-04T00:00:00-04:00", 1000), ("2013-10-07T00:00:00-04:00", 1001)])]);
        assert_eq!(all.len(), 2 * 4_680);
        assert_eq!(clock::stamp(all[0].0), "20131004 09:30:00 US/Eastern");
        assert!(
            all.iter()
                .all(|(_, hours, bars)| *hours == Hours::Session && bars[0].is_some_and(|b| b.traded()))
        );
    }
}
