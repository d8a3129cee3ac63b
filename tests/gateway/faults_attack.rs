//! The fault injector under attack: files that are nonsense, numbers beyond reason, faults that combine badly. Whatever
//! it is asked for, the gateway serves on, and nothing it does lasts longer than it says.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use ibapi::Client;
use ibapi::contracts::Contract;
use ibapi::market_data::historical::{BarSize, ToDuration};
use ibapi::orders::Action;
use prusik::gateway::faults::{
    Callback, Cut, Deed, Door, Fault, FaultFileError, Found, Gone, Jump, Lasting, Meanwhile, Outage, Ratio,
    Request, Restart, Restored, Spell, Step, Times, Trickle, Unfit, When, load_faults, read_faults,
};
use prusik::gateway::{Gateway, Settings};
use rust_decimal::Decimal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::desk::*;

const OPEN: i64 = 1_380_893_400;
/// The bars of the symbols here last four minutes.
const BARS: i64 = 240;

async fn gateway(faults: Vec<Fault>) -> Gateway {
    Gateway::start(Settings { faults, ..settings() }).await.expect("started")
}

fn outage(lasting: Option<i64>) -> Deed {
    Deed::Outage(Outage { lasting, restored: Restored::DataKept, meanwhile: Meanwhile::Queued })
}

/// Connects as often as it takes; a gateway that never lets anyone in again runs out of patience.
async fn let_in(gateway: &Gateway, id: i32) -> Desk {
    let addr = gateway.local_addr().to_string();
    in_time(async {
        loop {
            let builder = Client::builder().address(&addr).client_id(id);
            match builder.connect_with_notice_stream().await {
                Ok((client, notices)) => {
                    let orders = client.order_update_stream().await.expect("the order stream");
                    break Desk { client, orders, notices };
                }
                Err(_) => tokio::task::yield_now().await,
            }
        }
    })
    .await
}

/// A desk in lockstep that has seen the first bar.
async fn trading(gateway: &Gateway) -> (Desk, Bars) {
    let desk = Desk::at(gateway, 1).await;
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    desk.done().await;
    in_time(bars.next()).await.expect("a bar").expect("readable");
    (desk, bars)
}

type Bars = ibapi::prelude::Subscription<ibapi::market_data::realtime::Bar>;

#[test]
fn a_file_of_nonsense_is_refused_with_places_and_in_no_time_to_speak_of() {
    let long_line = format!("[{}]", "{a: [b, c]}, ".repeat(8_000));
    let many_lines = "- { on: place_order, do: { refuse: 110 } }\n".repeat(7_000);
    let many_keys = (0..40_000).map(|key| format!("k{key}: 1\n")).collect::<String>();
    let nonsense = [
        "\u{feff}- ünïcödé: ☃\n  do: ☃",
        "- &a { on: place_order, do: *a }",
        "- <<: { on: place_order }\n  do: vanish",
        &"[".repeat(100_000),
        &"- ".repeat(100_000),
        &"{a: ".repeat(1_000),
        &long_line,
        &many_keys,
        &format!("- {{ name: {}, on: place_order, do: vanish }}", "x".repeat(900_000)),
        "- { name: \"\\e[2J\", on: place_order, do: vanish }",
        "- { on: place_order, do: { freeze: -1 } }",
        "- { on: place_order, do: { freeze: nan } }",
        "- { on: place_order, do: { delay: 1e300 } }",
        "- { on: place_order, nth: 99999999999, do: vanish }",
        "- { on: place_order, times: -1, do: vanish }",
        "- { on: { callback: any }, do: { duplicate: 4294967295 } }",
        "- { on: { callback: any }, do: { duplicate: -1 } }",
        "- { at: 2013-10-04T09:30:00, do: { outage: { for: -5 } } }",
        "- { at: 2013-10-04T09:30:00, do: { outage: { for: 9223372036854775807h } } }",
        "- { at: 2013-10-04T09:30:00, do: { position: { symbol: XYZ, quantity: -9223372036854775808 } } }",
        "- { at: 2013-10-04T09:30:00, do: { position: { symbol: XYZ, quantity: 9223372036854775807 } } }",
        "- { at: 99999-01-01T00:00:00, do: restart }",
        "- { on: place_order, on: fill, do: vanish }",
        "- { on: place_order, do: { vanish: 1, twin: 2 } }",
        "--- []\n--- []",
        "%YAML 9.9\n---\n[]",
        "!!python/object/apply:os.system [true]",
    ];
    for text in nonsense {
        let start: String = text.chars().take(60).collect();
        let problems = read_faults(text).expect_err(&start);
        assert!(problems.iter().all(|it| it.line > 0 && it.column > 0 && it.what.len() < 300), "{start}");
    }
    assert_eq!(read_faults(&many_lines).map(|faults| faults.len()), Ok(7_000));
    for edge in ["-009999-01-03T00:00:00Z", "9999-12-30T00:00:00", "-009999-01-01T00:00:00"] {
        assert!(read_faults(&format!("- {{ at: \"{edge}\", do: restart }}")).is_ok(), "{edge}");
    }
    let problems = read_faults("- { on: place_order, do: vanish }\n- { ☃: 1, on: fill, do: fill, x: 2 }")
        .expect_err("two unknown keys");
    let places: Vec<_> = problems.iter().map(|it| (it.line, it.column)).collect();
    assert_eq!(places, [(2, 5), (2, 31)], "counted in letters");
}

#[test]
fn a_file_without_an_end_is_not_read_to_it() {
    if std::path::Path::new("/dev/zero").exists() {
        assert!(matches!(load_faults("/dev/zero"), Err(FaultFileError::TooLong { .. })));
    }
    assert!(matches!(load_faults("/"), Err(FaultFileError::Unreadable { .. })));
}

#[tokio::test]
async fn numbers_beyond_reason_change_nothing_and_end_nothing() {
    let gateway = gateway(Vec::new()).await;
    let (desk, mut bars) = trading(&gateway).await;
    let faults = gateway.faults();
    let many = Fault::new(When::Callback(Callback::Any), Deed::Duplicate(u32::MAX));
    assert!(matches!(faults.inject(many), Err(Unfit::TooMany { .. })));
    let xyz = || "XYZ".to_owned();
    for (quantity, cost) in [
        (i64::MAX, None),
        (i64::MIN, None),
        (1, Some(Decimal::MAX)),
        (900_000_000_000, None),
        (900_000_000_000, Some(Decimal::from(1_000_000_000))),
    ] {
        faults.now(Deed::Position(Found { symbol: xyz(), quantity, cost })).expect("a moment");
    }
    for (new, old) in
        [(i64::MAX, 1), (i64::MIN, i64::MIN), (1, 4_000_000_000), (1, i64::MAX), (0, 0), (-2, 1)]
    {
        for _ in 0..4 {
            faults.now(Deed::CorporateSplit(Ratio { symbol: xyz(), new, old })).expect("a moment");
        }
    }
    for seconds in [i64::MAX, i64::MIN, -1] {
        let spell = || Spell { symbol: xyz(), lasting: Some(seconds) };
        for deed in [Deed::Halt(spell()), Deed::Stale(spell()), Deed::Frozen(spell()), outage(Some(seconds))]
        {
            faults.now(deed).expect("a moment");
        }
    }
    faults.release();
    desk.done().await;
    in_time(bars.next()).await.expect("a bar").expect("readable");
    let mut orders = Desk::at(&gateway, 2).await;
    orders.place(1, &order(Action::Buy, "LMT", 9.0)).await;
    assert!(!orders.drain().await.is_empty());
    for ids_back in [i32::MIN, i32::MAX] {
        faults.now(Deed::Restart(Restart { closed_for: i64::MAX, ids_back })).expect("a moment");
        faults.release();
        let again = let_in(&gateway, 1).await;
        in_time(again.client.server_time()).await.expect("served");
    }
    gateway.shutdown().await;
}

#[tokio::test]
async fn what_would_last_while_no_market_time_passes_is_over_at_once() {
    // Before the market opens with the first subscription, and there is nobody else to make one.
    let drop = Deed::Drop(Gone { cut: Cut::Between, away_for: Some(300), door: Door::Closed });
    let gateway_before = gateway(vec![
        Fault::new(When::Before(Request::Positions), drop),
        Fault::new(When::Before(Request::Ids), outage(Some(60))),
        Fault::new(
            When::Before(Request::AllOpenOrders),
            Deed::Restart(Restart { closed_for: 60, ids_back: 0 }),
        ),
    ])
    .await;
    let desk = Desk::at(&gateway_before, 1).await;
    let asked = desk.client.positions().await;
    drop_quietly(asked);
    let mut again = let_in(&gateway_before, 1).await;
    std::mem::drop(desk);
    in_time(again.client.next_valid_order_id()).await.expect("an id");
    again.notice(1100).await;
    again.notice(1102).await;
    drop_quietly(again.client.all_open_orders().await);
    let third = let_in(&gateway_before, 3).await;
    third.done().await;
    let mut bars = third.bars("XYZ").await;
    third.done().await;
    in_time(bars.next()).await.expect("a bar").expect("readable");
    gateway_before.shutdown().await;

    // After the bars are over.
    for deed in [outage(Some(BARS * 10)), Deed::Restart(Restart { closed_for: BARS * 10, ids_back: 0 })] {
        let gateway = gateway(vec![Fault::new(When::At(OPEN + 10), deed.clone())]).await;
        let (desk, _bars) = trading(&gateway).await;
        desk.done().await;
        desk.done().await;
        std::mem::drop((desk, _bars));
        in_time(gateway.end_of_bars()).await;
        let mut again = let_in(&gateway, 2).await;
        again.notice(2197).await;
        assert!(again.open_orders().await.is_empty(), "{deed:?}");
        gateway.shutdown().await;
    }
}

fn drop_quietly<T>(it: T) {
    std::mem::drop(it);
}

#[tokio::test]
async fn an_order_sent_into_a_freeze_goes_live_when_it_thaws_though_its_client_has_given_up() {
    let gateway = gateway(Vec::new()).await;
    let other = Desk::at(&gateway, 2).await;
    let builder = Client::builder()
        .address(gateway.local_addr().to_string())
        .client_id(1)
        .one_shot_timeout(Duration::from_millis(50));
    let (client, _notices) = in_time(builder.connect_with_notice_stream()).await.expect("connected");
    let freeze = Fault::new(When::Now, Deed::Freeze(Lasting::UntilReleased)).client(1);
    gateway.faults().inject(freeze).expect("a moment");
    assert!(in_time(client.server_time()).await.is_err(), "its heartbeat times out");
    assert!(client.is_connected(), "and nothing else tells it");
    in_time(client.submit_order(1, &xyz(), &order(Action::Buy, "LMT", 9.0))).await.expect("written, it says");
    in_time(client.disconnect()).await;
    assert!(other.open_orders().await.is_empty());
    gateway.faults().release();
    in_time(async { while other.open_orders().await.is_empty() {} }).await;
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_line_that_goes_in_single_bytes_does_so_until_it_is_released() {
    let gateway = gateway(Vec::new()).await;
    let mut raw = Raw::greet(&gateway, "v213..226").await;
    raw.frame(71, &[0x08, 3]).await;
    raw.frame(49, &[]).await;
    while raw.next().await.expect("a frame").0 != 49 {}
    let slow = Trickle { read: Some(1), write: Some(1), pause: Duration::from_secs(3_600) };
    gateway.faults().now(Deed::Trickle(slow)).expect("a moment");
    gateway
        .faults()
        .now(Deed::Corrupt(prusik::gateway::faults::Corrupt::UnknownId))
        .expect("a frame to send");
    let mut byte = [0; 1];
    in_time(raw.0.read_exact(&mut byte)).await.expect("one byte");
    let more = tokio::time::timeout(Duration::from_millis(50), raw.0.read_exact(&mut byte)).await;
    assert!(more.is_err(), "the next comes in an hour");
    gateway.faults().release();
    in_time(raw.0.read_exact(&mut byte)).await.expect("the rest");
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_client_that_floods_an_outage_is_given_up_and_costs_no_more_than_others() {
    let gateway = gateway(Vec::new()).await;
    let mut raw = Raw::greet(&gateway, "v213..226").await;
    raw.frame(71, &[0x08, 3]).await;
    raw.frame(49, &[]).await;
    while raw.next().await.expect("a frame").0 != 49 {}
    gateway.faults().now(outage(None)).expect("a moment");
    let request = vec![0_u8; 1_000_000];
    for _ in 0..20 {
        // All open orders, with a million bytes of nothing behind it.
        raw.try_frame(16, &request).await;
    }
    while raw.next().await.is_some() {}
    assert!(gateway.client_bytes_max() <= 16 * 1024 * 1024, "{}", gateway.client_bytes_max());
    gateway.faults().release();
    let desk = Desk::at(&gateway, 4).await;
    assert!(desk.open_orders().await.is_empty());
    gateway.shutdown().await;
}

#[tokio::test]
async fn frozen_data_stands_still_in_quotes_ticks_and_bars_of_history_too() {
    let gateway = gateway(Vec::new()).await;
    let (desk, mut bars) = trading(&gateway).await;
    let contract = Contract::stock("XYZ").build();
    let mut quotes = in_time(desk.client.market_data(&contract).subscribe()).await.expect("quotes");
    let mut ticks = in_time(desk.client.tick_by_tick(&contract, 0).last()).await.expect("ticks");
    let history = desk.client.historical_data(&contract, BarSize::Min).duration(1.days());
    let mut history = in_time(history.stream()).await.expect("history");
    let mut round = async |bars: &mut Bars| {
        desk.done().await;
        in_time(bars.next()).await.expect("a bar").expect("readable");
        in_time(desk.client.server_time()).await.expect("a round trip");
        let mut told = [0; 3];
        while quotes.next().now_or_never().is_some_and(|it| it.is_some()) {
            told[0] += 1;
        }
        while ticks.next().now_or_never().is_some_and(|it| it.is_some()) {
            told[1] += 1;
        }
        while history.next().now_or_never().is_some_and(|it| it.is_some()) {
            told[2] += 1;
        }
        told
    };
    round(&mut bars).await;
    let flowing = round(&mut bars).await;
    assert!(flowing.iter().all(|count| *count > 0), "{flowing:?}");
    let spell = Spell { symbol: "XYZ".to_owned(), lasting: None };
    gateway.faults().now(Deed::Frozen(spell)).expect("a moment");
    assert_eq!(round(&mut bars).await, [0, 0, 0], "its real-time bar comes again, and nothing else");
    assert_eq!(round(&mut bars).await, [0, 0, 0]);
    gateway.faults().release();
    let flowing = round(&mut bars).await;
    assert!(flowing.iter().all(|count| *count > 0), "{flowing:?}");
    gateway.shutdown().await;
}

#[tokio::test]
async fn an_outage_with_a_fill_begins_before_the_fill_is_told() {
    let gateway = gateway(vec![Fault::new(When::Fill, outage(Some(30)))]).await;
    let (mut desk, _bars) = trading(&gateway).await;
    desk.place(1, &order(Action::Buy, "MKT", 0.0)).await;
    desk.drain().await;
    desk.done().await;
    assert!(desk.notice(1100).await.contains("has been lost"));
    assert_eq!(desk.drain().await, "");
    desk.done().await;
    desk.notice(1102).await;
    let told = desk.drain().await;
    assert!(told.contains("1 execution") && told.contains("1 status Filled"), "{told}");
    gateway.shutdown().await;
}

#[tokio::test]
async fn all_faults_of_one_step_strike_and_badly_combined_ones_leave_the_others_served() {
    let gone = |away_for, door| Deed::Drop(Gone { cut: Cut::InFrame, away_for, door });
    let freeze = || Deed::Freeze(Lasting::For(Duration::from_millis(1)));
    let gateway = gateway(
        vec![
            Fault::new(When::Step(Step::Accept), freeze()),
            Fault::new(When::Step(Step::Accept), gone(None, Door::Open)),
            Fault::new(When::Step(Step::Greeting), freeze()).nth(1),
            Fault::new(When::Before(Request::PlaceOrder), freeze()).client(1),
            Fault::new(When::Before(Request::PlaceOrder), gone(Some(0), Door::InUse)).client(1),
            Fault::new(When::Before(Request::PlaceOrder), outage(Some(60))).client(1),
            Fault::new(
                When::Before(Request::PlaceOrder),
                Deed::Restart(Restart { closed_for: 60, ids_back: 1 }),
            )
            .client(1),
            Fault::new(When::After(Request::PlaceOrder), freeze()).client(2).times(Times::Always),
            Fault::new(When::After(Request::PlaceOrder), Deed::Duplicate(0)),
            Fault::new(When::Callback(Callback::Any), Deed::NextId(Jump::By(-3))),
        ]
        .into_iter()
        .filter(|fault| {
            !matches!((&fault.when, &fault.deed), (When::After(_), Deed::Duplicate(_)) | (_, Deed::NextId(_)))
        })
        .collect(),
    )
    .await;
    let addr = gateway.local_addr().to_string();
    assert!(in_time(Client::connect(&addr, 1)).await.is_err(), "it stands still, and then it ends");
    let struck: Vec<_> = gateway.faults().struck().iter().map(|struck| struck.deed).collect();
    assert_eq!(struck, ["freeze", "drop"]);
    let desk = let_in(&gateway, 1).await;
    desk.place(1, &order(Action::Buy, "LMT", 9.0)).await;
    std::mem::drop(desk);
    let mut other = let_in(&gateway, 2).await;
    other.place(1, &order(Action::Buy, "LMT", 9.0)).await;
    other.place(2, &order(Action::Buy, "LMT", 9.0)).await;
    assert!(other.drain().await.contains("2 status Submitted"));
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_client_dropped_in_an_outage_and_the_market_do_not_wait_for_each_other() {
    let gateway = gateway(vec![
        Fault::new(When::At(OPEN + 5), outage(Some(60))),
        Fault::new(When::At(OPEN + 10), Deed::Drop(Gone::default())),
    ])
    .await;
    let (desk, _bars) = trading(&gateway).await;
    desk.done().await;
    let again = let_in(&gateway, 1).await;
    again.done().await;
    let _again = again.bars("XYZ").await;
    assert!(again.open_orders().await.is_empty(), "asked in the outage, answered at its end");
    assert_eq!(gateway.market_time(), OPEN + 65, "and the market waits for it then");
    gateway.shutdown().await;
}

/// A greeted connection, as soon as the gateway listens.
async fn connected(gateway: &Gateway) -> Raw {
    in_time(async {
        loop {
            let Ok(mut stream) = TcpStream::connect(gateway.local_addr()).await else { continue };
            if stream.write_all(b"API\0\0\0\0\x09v213..226").await.is_ok() {
                break Raw(stream);
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_restart_while_a_client_is_away_ends_though_the_market_would_wait_for_the_client() {
    let away = Gone { away_for: Some(20), ..Gone::default() };
    let gateway = gateway(vec![
        Fault::new(When::At(OPEN + 10), Deed::Drop(away)),
        Fault::new(When::At(OPEN + 30), Deed::Restart(Restart { closed_for: 60, ids_back: 0 })),
    ])
    .await;
    let (desk, _bars) = trading(&gateway).await;
    desk.done().await;
    let again = let_in(&gateway, 1).await;
    assert_eq!(gateway.market_time(), OPEN + 90, "it listens again, and now it waits");
    again.done().await;
    gateway.shutdown().await;
}

#[tokio::test]
async fn every_fault_at_every_message_for_ever_ends_no_gateway() {
    let text = "
- { on: { callback: any }, times: always, do: { duplicate: 2 } }
- { on: { callback: any }, times: always, do: { reorder: reversed } }
- { on: { callback: order_status }, times: always, do: { order: { client: 9, symbol: XYZ, quantity: 1 } } }
- { on: { callback: open_order }, times: always, do: fill }
- { on: { callback: any }, nth: 40, times: always, do: { corrupt: length } }
- { on: { callback: any }, nth: 60, do: { drop: { cut: in_frame, away_for: 5 } } }
- { on: { callback: any }, nth: 90, times: always, do: { outage: { for: 5 } } }
- { on: fill, times: always, do: { halt: { symbol: XYZ, for: 5 } } }
- { on: any, times: always, do: { trickle: { read: 3, write: 3 } } }
- { on: fill, nth: 3, times: always, do: { restart: { closed_for: 5, ids_back: 3 } } }
";
    let gateway = gateway(read_faults(text).expect("a good file")).await;
    for id in 1..=6 {
        let mut raw = connected(&gateway).await;
        raw.try_frame(71, &[0x08, id]).await;
        raw.try_frame(105, &[]).await;
        raw.try_frame(50, b"\x08\x07\x12\x05\x12\x03XYZ").await;
        for order in 1..=5 {
            let place = [
                &[0x08, order][..],
                b"\x12\x05\x12\x03XYZ\x1a\x17\x2a\x03BUY\x32\x03100\x42\x03MKT\x5a\x03GTC\x90\x04\x01",
            ]
            .concat();
            raw.try_frame(3, &place).await;
            raw.try_frame(105, &[]).await;
        }
        let heard = async { while raw.next().await.is_some() {} };
        std::mem::drop(tokio::time::timeout(Duration::from_millis(200), heard).await);
    }
    gateway.faults().clear();
    gateway.faults().release();
    let desk = let_in(&gateway, 50).await;
    in_time(desk.client.server_time()).await.expect("served");
    gateway.shutdown().await;
}
