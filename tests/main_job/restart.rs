//! Truths 3 and 5 over an abrupt end: the broker lives on, the program comes back, and takes up what is there.
//!
//! The gateway is the test's, and so is its market: it stands still while a program dies, and where the story wants
//! it, it goes on while nobody is there.

use std::time::Duration;

use prusik::gateway::{Gateway, MarketStart, Settings, SourceBar};

use crate::story::{Floor, Heard, Place, PlanText, Running, d, in_time, minutes, one, stop_path};

const DAY: &str = "2013-10-04";

/// Up by half a dollar a minute from 15:45 on, and down through every stop in the last minute.
fn bars() -> Vec<(String, Vec<SourceBar>)> {
    one("XYZ", minutes(DAY, "15:40", &CLOSES))
}

const CLOSES: [&str; 20] = [
    "101.00", "101.00", "101.00", "101.00", "101.00", "101.50", "102.00", "102.50", "103.00", "103.50",
    "104.00", "104.50", "105.00", "105.50", "106.00", "106.50", "107.00", "107.50", "108.00", "90.00",
];

fn trailing() -> PlanText {
    PlanText {
        stop: "96.00",
        exit_rule: "trailing_stop",
        exit_parameters: "trail_amount: 3.00",
        ..PlanText::default()
    }
}

/// A program of its own, as far as a test can have one: everything it does ends with its threads.
struct Program {
    threads: tokio::runtime::Runtime,
    heard: Heard,
}

impl Program {
    async fn start(place: &Place, floor: &Floor) -> Program {
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("threads");
        let running = threads.spawn(Running::start(place.options(floor.market())));
        let running = in_time("a start", running).await.expect("a start");
        Program { threads, heard: running.heard }
    }

    /// No close, no goodbye: what it was doing is not finished.
    async fn kill(self) {
        let threads = self.threads;
        let dead = tokio::task::spawn_blocking(move || threads.shutdown_timeout(Duration::from_secs(20)));
        dead.await.expect("dead");
    }
}

/// The stop's path and the exit of a run that nothing interrupts.
async fn uninterrupted() -> (Vec<String>, String) {
    let place = Place::with(&[trailing()]);
    let floor = Floor::open(bars()).await;
    let running = Running::start(place.options(floor.market())).await;
    let _gateway = floor.let_go().await;
    let (heard, _) = running.end().await;
    place.lawful();
    (path(&place), closed(&heard.lines))
}

fn path(place: &Place) -> Vec<String> {
    stop_path(&place.events(), "PLAN").iter().map(ToString::to_string).collect()
}

fn closed(lines: &[String]) -> String {
    lines.iter().find(|line| line.contains("closed:")).cloned().expect("a closed trade")
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_takes_up_the_same_position_with_the_same_stop_and_trails_as_if_nothing_had_been()
 {
    let (expected, end) = uninterrupted().await;
    assert!(expected.len() > 10, "{expected:?}");
    // Before the fill, right after it, in the middle of a candle, at a candle's end, and several times. What is
    // waited for is done with the instant's work.
    let (sent, protected) = (("15:41", "placed: stop order"), ("15:41:05", "protected"));
    let stories: [&[(&str, &str)]; 6] = [
        &[sent],
        &[protected],
        &[protected, ("15:41:10", ""), ("15:42", "stop moved: 96.00 -> 98.00")],
        &[("15:48:30", "stop moved: 99.00 -> 99.50")],
        &[("15:49", "stop moved: 99.50 -> 100.00")],
        &[
            sent,
            ("15:43:20", "protected"),
            ("15:47", "-> 99.00"),
            ("15:47:05", ""),
            ("15:58:55", ""),
            ("15:59:20", ""),
        ],
    ];
    for moments in stories {
        let place = Place::with(&[trailing()]);
        let mut floor = Floor::open(bars()).await;
        let mut program = Program::start(&place, &floor).await;
        for (moment, told) in moments {
            floor.play_to(DAY, moment).await;
            program.heard.wait(told).await;
            program.kill().await;
            let before = floor.open_orders().await;
            program = Program::start(&place, &floor).await;
            assert_eq!(floor.open_orders().await, before, "{moments:?} at {moment}: the same orders");
        }
        floor.play_to(DAY, "15:59:20").await;
        let stops: Vec<String> =
            floor.orders_ever().await.into_iter().filter(|name| name.contains(":S:")).collect();
        assert_eq!(stops.len(), 1, "{moments:?}: one stop order ever: {stops:?}");
        assert_eq!(floor.executions().await.len(), 1, "{moments:?}: the entry");
        let _gateway = floor.let_go().await;
        let told = program.heard.wait("closed:").await;
        assert_eq!(told, end, "{moments:?}");
        assert_eq!(path(&place), expected, "{moments:?}");
        program.kill().await;
        place.lawful();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn candles_that_closed_while_it_was_gone_are_folded_and_the_stop_catches_up() {
    let (expected, end) = uninterrupted().await;
    let place = Place::with(&[trailing()]);
    let mut floor = Floor::open(bars()).await;
    let mut program = Program::start(&place, &floor).await;
    floor.play_to(DAY, "15:47:20").await;
    program.heard.wait("stop moved: 98.50 -> 99.00").await;
    program.kill().await;
    floor.play_to(DAY, "15:50:25").await;
    let orders = floor.open_orders().await;
    assert!(orders[0].contains("STP Some(99.0) 200"), "the stop rests where it was: {orders:#?}");

    let mut program = Program::start(&place, &floor).await;
    // The candles of 15:47, 15:48 and 15:49 closed at 102.50, 103.00 and 103.50.
    program.heard.wait("-> 100.50").await;
    let orders = floor.open_orders().await;
    assert!(orders[0].contains("STP Some(100.5) 200"), "{orders:#?}");
    assert_eq!(orders.len(), 1);
    floor.play_to(DAY, "15:51:05").await;
    program.heard.wait("stop moved: 100.50 -> 101.00").await;
    let _gateway = floor.let_go().await;
    assert_eq!(program.heard.wait("closed:").await, end);
    let path = path(&place);
    assert!(path.iter().all(|stop| expected.contains(stop)), "{path:?} of {expected:?}");
    assert_eq!(path.last(), expected.last());
    program.kill().await;
    place.lawful();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_filled_while_it_was_gone_closes_the_trade_when_it_is_back() {
    let place = Place::with(&[trailing()]);
    let mut floor = Floor::open(bars()).await;
    let mut program = Program::start(&place, &floor).await;
    floor.play_to(DAY, "15:47").await;
    program.heard.wait("stop moved: 98.50 -> 99.00").await;
    program.kill().await;
    floor.play_to(DAY, "16:00").await;
    assert_eq!(floor.open_orders().await, Vec::<String>::new());
    let mut program = Program::start(&place, &floor).await;
    let told = program.heard.wait("closed:").await;
    assert_eq!(
        told,
        "plan PLAN closed: long 200 XYZ 101.00 -> 99.00 by stop, P&L -402.00, fees 2.00, R -0.40"
    );
    assert_eq!(program.heard.times("ALARM"), 0, "{:#?}", program.heard.lines);
    assert_eq!(program.heard.times("failed"), 0, "{:#?}", program.heard.lines);
    assert_eq!(floor.orders_ever().await.len(), 2);
    program.kill().await;
    place.lawful();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_comes_back_without_its_memory_freezes_the_symbol_and_is_sent_nothing() {
    let place = Place::with(&[trailing()]);
    let mut floor = Floor::open(bars()).await;
    let address = floor.address;
    let mut running = Running::start(place.options(floor.market())).await;
    floor.play_to(DAY, "15:47").await;
    running.heard.wait("stop moved: 98.50 -> 99.00").await;
    floor.let_go().await.expect("our own gateway").shutdown().await;
    running.heard.wait("ALARM: connection lost").await;

    let later = one("XYZ", minutes(DAY, "15:50", &["103.50", "104.00", "98.00", "97.00", "96.00"]));
    let settings =
        Settings { listen: address, bars: later, start: MarketStart::OnCommand, ..Settings::default() };
    let gateway = Gateway::start(settings).await.expect("the same port");
    running.heard.wait("the broker holds 0 shares, prusik knows of 200").await;
    running.heard.wait("ready:").await;
    let mut floor = Floor::hold(gateway, "XYZ").await;
    place.plan(&PlanText { id: "SECOND", entry: "95.00", stop: "90.00", ..PlanText::default() });
    running.heard.wait("plan SECOND armed").await;
    floor.gateway.as_ref().expect("our own gateway").open_market();
    floor.play_to(DAY, "15:55").await;
    running.heard.wait("plan SECOND refused: Symbol frozen").await;
    assert_eq!(floor.orders_ever().await, Vec::<String>::new(), "never a trade to make numbers agree");
    assert_eq!(floor.executions().await, Vec::<String>::new());
    assert_eq!(running.heard.times("ALARM: plan PLAN"), 1, "{:#?}", running.heard.lines);
    let (heard, summary) = running.stop().await;
    println!("{}", heard.lines.join("\n"));
    assert_eq!(summary.open.len(), 1, "{:?}", summary.open);
}
