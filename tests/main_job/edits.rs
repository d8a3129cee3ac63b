//! Truth 9, last good wins: what becomes of a plan, and of its position, when its files change while it runs.
//!
//! The market stands still while a file is written and until the runtime has told what it made of it.

use prusik::gateway::SourceBar;

use crate::story::{Floor, Place, PlanText, Running, minutes, one, stop_path};

const DAY: &str = "2013-10-04";

/// Twenty minutes before the close, a cent a minute up from 101.00, then five minutes at 104.00 and a fall.
fn bars() -> Vec<(String, Vec<SourceBar>)> {
    let mut closes = vec!["101.00"; 5];
    closes.extend(["101.50", "102.00", "102.50", "103.00", "103.50"]);
    closes.extend(["104.00", "104.50", "105.00", "105.50", "106.00"]);
    closes.extend(["106.50", "107.00", "107.50", "108.00", "90.00"]);
    one("XYZ", minutes(DAY, "15:40", &closes))
}

/// Enters at the first minute's close and trails at a distance of 3.00, once it has gained 1 %.
fn trailing() -> PlanText {
    PlanText {
        stop: "96.00",
        exit_rule: "trailing_stop",
        exit_parameters: "trail_amount: 3.00, activation_threshold: 1.0",
        ..PlanText::default()
    }
}

async fn running(place: &Place) -> (Floor, Running) {
    let floor = Floor::open(bars()).await;
    let running = Running::start(place.options(floor.market())).await;
    (floor, running)
}

/// The plan with its position and its protection, at 15:42:00.
async fn in_position(place: &Place) -> (Floor, Running) {
    let (mut floor, mut running) = running(place).await;
    floor.play_to(DAY, "15:42").await;
    running.heard.wait("protected").await;
    (floor, running)
}

fn stops(place: &Place) -> Vec<String> {
    stop_path(&place.events(), "PLAN").iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_dropped_into_the_folder_is_armed_and_enters_at_the_next_candle() {
    let place = Place::new();
    let (mut floor, mut running) = running(&place).await;
    floor.play_to(DAY, "15:42:30").await;
    place.plan(&trailing());
    running.heard.wait("plan PLAN armed").await;
    floor.play_to(DAY, "15:43").await;
    running.heard.wait("placed: entry order").await;
    floor.play_to(DAY, "15:43:05").await;
    running.heard.wait("entered").await;
    let _gateway = floor.let_go().await;
    running.end().await;
    place.lawful();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_before_the_entry_takes_effect() {
    let place = Place::with(&[PlanText { entry: "102.20", ..trailing() }]);
    let (mut floor, mut running) = running(&place).await;
    floor.play_to(DAY, "15:42").await;
    place.plan(&PlanText { entry: "104.20", stop: "99.00", ..trailing() });
    running.heard.wait("plan PLAN changed: the edit is in force").await;
    floor.play_to(DAY, "15:51").await;
    assert_eq!(running.heard.times("placed"), 0, "102.20 was passed, 104.20 was not");
    floor.play_to(DAY, "15:52").await;
    running.heard.wait("placed: entry order").await;
    running.stop().await;
    assert_eq!(stops(&place), ["99"]);
    place.lawful();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_breaks_is_told_with_its_place_and_keeps_its_last_good_version() {
    let place = Place::with(&[PlanText { entry: "102.20", ..trailing() }]);
    let (mut floor, mut running) = running(&place).await;
    floor.play_to(DAY, "15:42").await;
    place.plan(&PlanText { entry: "102.20", stop: "oops", ..trailing() });
    let told = running.heard.wait("plans/PLAN.yaml:4:12: error").await;
    assert!(told.contains("oops"), "{told}");
    running.heard.wait("its last good version stays in force: PLAN").await;
    floor.play_to(DAY, "15:48:05").await;
    running.heard.wait("entered").await;
    assert_eq!(running.heard.times("PLAN.yaml"), 2, "the problem and the note, once each");

    // Mended with the position open: the tighter stop takes effect at the next candle.
    place.plan(&PlanText { entry: "102.20", stop: "98.00", ..trailing() });
    running.heard.wait("plan PLAN changed").await;
    floor.play_to(DAY, "15:50").await;
    running.heard.wait("stop moved: 96.00 -> 98.00").await;
    running.stop().await;
    place.lawful();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_deleted_before_its_entry_is_over() {
    let place = Place::with(&[PlanText { entry: "102.20", ..trailing() }]);
    let (mut floor, mut running) = running(&place).await;
    floor.play_to(DAY, "15:42").await;
    place.remove("plans/PLAN.yaml");
    running.heard.wait("plan PLAN ended: removed").await;
    floor.play_to(DAY, "15:55").await;
    assert_eq!(running.heard.times("placed"), 0);

    // It never entered: put back, it may be traded.
    place.plan(&PlanText { entry: "102.20", ..trailing() });
    running.heard.wait("plan PLAN armed").await;
    floor.play_to(DAY, "15:56").await;
    running.heard.wait("placed: entry order").await;
    running.stop().await;
    place.lawful();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_position_a_tighter_stop_another_trail_and_a_target_take_effect_at_the_next_candle() {
    let place = Place::with(&[trailing()]);
    let (mut floor, mut running) = in_position(&place).await;

    place.plan(&PlanText { stop: "97.00", ..trailing() });
    running.heard.wait("plan PLAN changed").await;
    assert_eq!(running.heard.times("stop moved"), 0, "not before the candle closes");
    floor.play_to(DAY, "15:43").await;
    running.heard.wait("stop moved: 96.00 -> 97.00").await;

    place.plan(&PlanText { stop: "97.00", more: "take_profit: 110.00", ..trailing() });
    running.heard.wait("plan PLAN changed").await;
    floor.play_to(DAY, "15:44").await;
    running.heard.wait("placed: target order, sell 200 XYZ at 110.00 or better").await;
    place.plan(&PlanText { stop: "97.00", more: "take_profit: 112.00", ..trailing() });
    running.heard.wait("plan PLAN changed").await;
    floor.play_to(DAY, "15:45:05").await;
    let orders = floor.open_orders().await;
    assert_eq!(orders.len(), 2, "{orders:#?}");
    assert!(orders.iter().any(|line| line.contains("LMT Some(112.0) 200")), "{orders:#?}");
    assert!(orders.iter().any(|line| line.contains("STP Some(97.0) 200")), "{orders:#?}");

    place.plan(&PlanText { stop: "97.00", exit_parameters: "trail_amount: 2.00", ..trailing() });
    running.heard.wait("plan PLAN changed").await;
    floor.play_to(DAY, "15:46:05").await;
    running.heard.wait("stop moved: 97.00 -> 99.50").await;
    let orders = floor.open_orders().await;
    assert_eq!(orders.len(), 1, "the target is gone with its line: {orders:#?}");
    assert!(orders[0].contains("STP Some(99.5) 200"), "{orders:#?}");

    let _gateway = floor.let_go().await;
    let (heard, summary) = running.end().await;
    assert!(summary.open.is_empty(), "{:?}", summary.open);
    assert!(heard.lines.iter().all(|line| !line.contains("ALARM")), "{:#?}", heard.lines);
    assert!(heard.lines.iter().all(|line| !line.contains("failed")), "{:#?}", heard.lines);
    place.lawful();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_position_every_other_edit_is_refused_with_its_reason_and_the_old_version_stays() {
    let place = Place::with(&[trailing()]);
    let (mut floor, mut running) = in_position(&place).await;
    for (edit, reason) in [
        (PlanText { stop: "94.00", ..trailing() }, "a looser stop_loss cannot change any more"),
        (PlanText { entry: "99.00", ..trailing() }, "entry_level cannot change any more"),
        (PlanText { risk: "large", ..trailing() }, "risk_category cannot change any more"),
        (PlanText { entry_frame: "5min", ..trailing() }, "entry_function cannot change any more"),
        (
            PlanText { entry: "99.00", exit_parameters: "trail_amount: 0.50", ..trailing() },
            "entry_level cannot change any more",
        ),
    ] {
        place.plan(&edit);
        let told = running.heard.wait("plan PLAN edit refused").await;
        assert!(told.contains(reason), "{told}");
    }
    floor.play_to(DAY, "15:48").await;
    running.heard.wait("stop moved: 96.00 -> 99.50").await;
    floor.play_to(DAY, "15:49").await;
    running.heard.wait("stop moved: 99.50 -> 100.00").await;
    running.stop().await;
    place.lawful();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_deleted_with_a_position_is_orphaned_and_goes_on_trailing_to_its_end() {
    let place = Place::with(&[trailing()]);
    let (mut floor, mut running) = in_position(&place).await;
    place.remove("plans/PLAN.yaml");
    running.heard.wait("plan PLAN orphaned: its file is gone").await;
    let orders = floor.open_orders().await;
    assert!(orders[0].contains("STP Some(96.0) 200"), "{orders:#?}");
    let _gateway = floor.let_go().await;
    let (_, summary) = running.end().await;
    let [trade] = &summary.trades[..] else { panic!("{:?}", summary.trades) };
    assert_eq!(trade.exit_price, crate::story::d("105.00"));
    assert_eq!(trade.exit_reason.word(), "stop");
    // From 102.01 on it has gained a per cent, and follows the market at its distance.
    assert_eq!(stops(&place).len(), 13, "{:?}", stops(&place));
    place.lawful();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_breaks_while_it_is_in_use_keeps_its_old_version() {
    let place = Place::with(&[PlanText { exit_rule: "my_trail", exit_parameters: "", ..trailing() }]);
    place.put("scripts/my_trail.rhai", "fn trail(ctx) { ctx.position.best - 3 }\n");
    let (mut floor, mut running) = in_position(&place).await;
    floor.play_to(DAY, "15:46").await;
    running.heard.wait("stop moved: 98.00 -> 98.50").await;
    place.put("scripts/my_trail.rhai", "fn trail(ctx) {\n    ctx.position.best - (2\n}\n");
    let told = running.heard.wait("my_trail.rhai:").await;
    assert!(told.contains("my_trail.rhai:3:1: error"), "{told}");
    floor.play_to(DAY, "15:47").await;
    running.heard.wait("stop moved: 98.50 -> 99.00").await;

    // Mended, it takes effect at the next candle.
    place.put("scripts/my_trail.rhai", "fn trail(ctx) { ctx.position.best - 2 }\n");
    // A changed rule changes no plan: nothing is told of it, so that a plan of its own says when it is in force.
    place.plan(&PlanText { id: "OTHER", entry: "200.00", stop: "190.00", ..PlanText::default() });
    running.heard.wait("plan OTHER armed").await;
    floor.play_to(DAY, "15:48").await;
    running.heard.wait("stop moved: 99.00 -> 100.50").await;
    running.stop().await;
    place.lawful();
}
