//! What the session's hours mean for entries, exits and candles.

use prusik::gateway::SourceBar;

use crate::story::{Place, PlanText, Ran, d, embedded, flat, minutes, new_york, one, stop_path};

const FRIDAY: &str = "2013-10-04";
const MONDAY: &str = "2013-10-07";

/// The last minutes of Friday's session and the first ones of Monday's.
fn two_days(friday: &[&str], monday: &[&str]) -> Vec<(String, Vec<SourceBar>)> {
    let from = format!("15:{}", 60 - friday.len());
    let mut bars = minutes(FRIDAY, &from, friday);
    bars.extend(minutes(MONDAY, "09:30", monday));
    one("XYZ", bars)
}

async fn run_until(place: &Place, bars: Vec<(String, Vec<SourceBar>)>, end: &str) -> Ran {
    let options = place.options(embedded(bars));
    let ran = place.run_with(options, |line| line.contains(end)).await;
    println!("{}", ran.text());
    place.lawful();
    ran
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daily_signal_is_held_and_enters_on_the_next_sessions_second_bar() {
    let place = Place::with(&[PlanText { entry_frame: "1d", ..PlanText::default() }]);
    let bars = two_days(&flat("101.00", 10), &["102.00", "94.00"]);
    let ran = run_until(&place, bars, "closed:").await;
    assert_eq!(
        ran.when("signal held for the next session: close 101.00 above 100.00"),
        "2013-10-04 16:00:00"
    );
    assert_eq!(ran.when("placed: entry order"), "2013-10-07 09:30:05");
    // 1,000 at risk over 102.00 − 95.00: the first bar's close is the worse reference.
    assert!(ran.said("entered: bought 142 XYZ at 102.00"), "{}", ran.text());
    let [trade] = &ran.summary.trades[..] else { panic!("{:?}", ran.summary) };
    assert_eq!(new_york(trade.entry_time.timestamp()), "2013-10-07 09:30:05");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_signal_is_refused_where_the_session_opens_beyond_the_stop() {
    let place = Place::with(&[PlanText { entry_frame: "1d", ..PlanText::default() }]);
    let bars = two_days(&flat("101.00", 10), &["94.50", "94.50"]);
    let ran = run_until(&place, bars, "refused").await;
    let refusal = "plan PLAN refused: Stop already passed: the market is at 94.50, the stop at 95.00";
    assert_eq!(ran.when(refusal), "2013-10-07 09:30:05");
    assert_eq!(ran.times("placed"), 0);
    assert_eq!(ran.summary.armed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_the_session_nothing_is_entered_and_that_is_told_once() {
    let early = PlanText { id: "EARLY", more: "outside_rth: true", ..PlanText::default() };
    let regular = PlanText { id: "REGULAR", ..PlanText::default() };
    let place = Place::with(&[early, regular]);
    let mut bars = minutes(FRIDAY, "09:00", &flat("101.00", 10));
    bars.extend(minutes(FRIDAY, "09:30", &["101.00", "94.00"]));
    let ran = run_until(&place, one("XYZ", bars), "EARLY closed:").await;
    assert_eq!(ran.times("refused"), 1, "{}", ran.text());
    assert_eq!(ran.when("plan EARLY refused: Outside the session"), "2013-10-04 09:01:00");
    for plan in ["EARLY", "REGULAR"] {
        assert_eq!(ran.when(&format!("plan {plan} placed: entry order")), "2013-10-04 09:31:00");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn candles_outside_the_session_count_for_a_plan_that_says_so() {
    let confirmed = "close_above\n  parameters: { confirmation_bars: 3 }";
    let counting =
        PlanText { id: "COUNTING", entry_rule: confirmed, more: "outside_rth: true", ..PlanText::default() };
    let regular = PlanText { id: "REGULAR", entry_rule: confirmed, ..PlanText::default() };
    let place = Place::with(&[counting, regular]);
    let mut bars = minutes(FRIDAY, "09:25", &["99.00", "99.00", "99.00", "101.00", "101.00"]);
    bars.extend(minutes(FRIDAY, "09:30", &["101.00", "101.00", "101.00", "94.00"]));
    let ran = run_until(&place, one("XYZ", bars), "REGULAR placed: stop").await;
    assert_eq!(ran.when("plan COUNTING placed: entry order"), "2013-10-04 09:31:00");
    assert_eq!(ran.when("plan REGULAR placed: entry order"), "2013-10-04 09:33:00");
    assert_eq!(ran.times("refused"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_close_a_stop_may_move_but_it_triggers_in_the_session_only() {
    let plan = PlanText {
        exit_rule: "trailing_stop",
        exit_parameters: "trail_amount: 2.00",
        more: "outside_rth: true",
        ..PlanText::default()
    };
    let place = Place::with(&[plan]);
    let mut bars = minutes(FRIDAY, "15:55", &flat("101.00", 5));
    bars.extend(minutes(FRIDAY, "16:00", &["101.00", "103.00", "104.00", "103.00", "90.00"]));
    bars.extend(minutes(MONDAY, "09:30", &["89.00", "89.00"]));
    let ran = run_until(&place, one("XYZ", bars), "closed:").await;
    assert_eq!(ran.when("stop moved: 101.00 -> 102.00"), "2013-10-04 16:03:00");
    assert_eq!(stop_path(&place.events(), "PLAN"), ["95", "99", "101", "102"].map(d));
    let [trade] = &ran.summary.trades[..] else { panic!("{:?}", ran.summary) };
    assert_eq!(new_york(trade.exit_time.timestamp()), "2013-10-07 09:30:00");
    assert_eq!(trade.exit_price, d("89.00"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exit_by_rule_trades_at_the_next_bar_and_takes_its_stop_along() {
    let place = Place::with(&[PlanText { exit_rule: "done", ..PlanText::default() }]);
    place.put(
        "scripts/done.rhai",
        "fn trail(ctx) { if ctx.bar.close > 102 { exit_now(\"far enough\") } else { keep() } }\n",
    );
    let bars = one("XYZ", minutes(FRIDAY, "15:50", &["101.00", "101.00", "103.00", "104.20", "104.20"]));
    let ran = run_until(&place, bars, "closed:").await;
    let [trade] = &ran.summary.trades[..] else { panic!("{:?}", ran.summary) };
    assert_eq!(trade.exit_reason.word(), "rule");
    assert_eq!(new_york(trade.exit_time.timestamp()), "2013-10-04 15:53:00");
    assert_eq!(trade.exit_price, d("103.00"));
    assert_eq!(ran.times("ALARM") + ran.times("failed"), 0, "{}", ran.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exit_signalled_by_the_sessions_last_candle_waits_for_the_open_behind_its_stop() {
    let place = Place::with(&[PlanText { exit_rule: "done", exit_frame: "1h", ..PlanText::default() }]);
    place.put("scripts/done.rhai", "fn trail(ctx) { exit_now(\"the hour is over\") }\n");
    // The entry is on Friday afternoon, the candle from 15:30 to 16:00 is the session's last.
    let mut bars = minutes(FRIDAY, "15:28", &flat("101.00", 32));
    bars.extend(minutes(MONDAY, "09:30", &["97.00", "97.00"]));
    let ran = run_until(&place, one("XYZ", bars), "closed:").await;
    assert_eq!(ran.when("placed: exit order"), "2013-10-04 16:00:00");
    let [trade] = &ran.summary.trades[..] else { panic!("{:?}", ran.summary) };
    assert_eq!(new_york(trade.exit_time.timestamp()), "2013-10-07 09:30:00");
    assert_eq!((trade.exit_price, trade.exit_reason.word()), (d("97.00"), "rule"));
    assert_eq!(ran.times("placed: exit order"), 1);
    assert_eq!(ran.times("ALARM") + ran.times("failed"), 0, "{}", ran.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_fills_at_its_price_or_at_a_better_open_and_ends_the_trade() {
    for (monday, price) in [(["101.00", "110.00"], "106.00"), (["108.00", "108.00"], "108.00")] {
        let place = Place::with(&[PlanText { more: "take_profit: 106.00", ..PlanText::default() }]);
        let ran = run_until(&place, two_days(&flat("101.00", 10), &monday), "closed:").await;
        let [trade] = &ran.summary.trades[..] else { panic!("{:?}", ran.summary) };
        assert_eq!((trade.exit_price, trade.exit_reason.word()), (d(price), "target"));
        assert_eq!(ran.times("ALARM") + ran.times("failed"), 0, "{}", ran.text());
        assert_eq!(ran.times("stop filled"), 0);
    }
}
