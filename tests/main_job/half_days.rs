//! Days that end early: candles, held signals and orders end with the session, at 13:00.

use prusik::gateway::SourceBar;

use crate::story::{Place, PlanText, Ran, d, embedded, flat, minutes, new_york, one};

/// The day after Thanksgiving, and the Monday after it.
const HALF_DAY: &str = "2013-11-29";
const MONDAY: &str = "2013-12-02";

/// The last minutes before 13:00 and the first ones of Monday's session.
fn around_the_close(half_day: &[&str], monday: &[&str]) -> Vec<SourceBar> {
    let mut bars = minutes(HALF_DAY, &format!("12:{}", 60 - half_day.len()), half_day);
    bars.extend(minutes(MONDAY, "09:30", monday));
    bars
}

async fn run_until(place: &Place, bars: Vec<SourceBar>, end: &str) -> Ran {
    let options = place.options(embedded(one("XYZ", bars)));
    let ran = place.run_with(options, |line| line.contains(end)).await;
    place.lawful();
    ran
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_candle_of_every_timeframe_closes_at_one_and_its_signal_is_held_over_the_weekend() {
    for frame in ["1min", "1h", "4h", "1d"] {
        let place = Place::with(&[PlanText { entry_frame: frame, ..PlanText::default() }]);
        let mut closes = flat("99.00", 9);
        closes.push("101.00");
        let ran = run_until(&place, around_the_close(&closes, &["102.00", "94.00"]), "closed:").await;
        let held = "signal held for the next session: close 101.00 above 100.00";
        assert_eq!(ran.when(held), "2013-11-29 13:00:00", "{frame}");
        assert_eq!(ran.when("placed: entry order"), "2013-12-02 09:30:05", "{frame}");
        let [trade] = &ran.summary.trades[..] else { panic!("{:?}", ran.summary) };
        assert_eq!(new_york(trade.entry_time.timestamp()), "2013-12-02 09:30:05", "{frame}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_one_oclock_nothing_is_entered_and_a_stop_does_not_trigger() {
    let late = PlanText { id: "LATE", more: "outside_rth: true", entry: "103.00", ..PlanText::default() };
    let place = Place::with(&[PlanText::default(), late]);
    let mut bars = minutes(HALF_DAY, "12:50", &flat("101.00", 10));
    // After hours: through the stop, and above the other plan's level.
    bars.extend(minutes(HALF_DAY, "13:00", &["101.00", "90.00", "104.00", "104.00"]));
    bars.extend(minutes(MONDAY, "09:30", &["104.00", "94.00", "94.00"]));
    let ran = run_until(&place, bars, "PLAN closed:").await;
    assert_eq!(ran.when("plan LATE refused: Outside the session"), "2013-11-29 13:03:00");
    let trade = ran.summary.trades.iter().find(|trade| trade.plan.as_str() == "PLAN").expect("a trade");
    assert_eq!(new_york(trade.exit_time.timestamp())[..10], *MONDAY, "{}", ran.text());
    assert_eq!(trade.exit_price, d("95.00"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_day_that_was_too_far_ahead_to_be_listed_at_the_start_is_known_when_it_comes() {
    let place = Place::with(&[PlanText { entry_frame: "1d", ..PlanText::default() }]);
    let mut bars = minutes("2013-11-18", "09:30", &flat("99.00", 5));
    bars.extend(around_the_close(&flat("101.00", 10), &["102.00", "94.00"]));
    let ran = run_until(&place, bars, "closed:").await;
    let held = "signal held for the next session: close 101.00 above 100.00";
    assert_eq!(ran.when(held), "2013-11-29 13:00:00", "{}", ran.text());
    assert_eq!(ran.when("placed: entry order"), "2013-12-02 09:30:05");
}
