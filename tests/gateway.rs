//! The simulated gateway as a client sees it: the real ibapi client over loopback TCP.

#[path = "gateway/calendar.rs"]
mod calendar;
#[path = "gateway/desk.rs"]
mod desk;
#[path = "gateway/faults_attack.rs"]
mod faults_attack;
#[path = "gateway/faults_line.rs"]
mod faults_line;
#[path = "gateway/faults_market.rs"]
mod faults_market;
#[path = "gateway/faults_messages.rs"]
mod faults_messages;
#[path = "gateway/faults_orders.rs"]
mod faults_orders;
#[path = "gateway/faults_script.rs"]
mod faults_script;
#[path = "gateway/orders.rs"]
mod orders;
#[path = "gateway/quotes.rs"]
mod quotes;
#[path = "gateway/refusals.rs"]
mod refusals;
#[path = "gateway/robust.rs"]
mod robust;
#[path = "gateway/start.rs"]
mod start;
#[path = "gateway/state.rs"]
mod state;
#[path = "gateway/visibility.rs"]
mod visibility;

use std::num::NonZeroU32;

use futures_util::{FutureExt, StreamExt};
use ibapi::accounts::types::AccountGroup;
use ibapi::accounts::{AccountSummaryResult, PositionUpdate};
use ibapi::contracts::Contract;
use ibapi::market_data::historical::{BarSize, ToDuration};
use ibapi::orders::{Action, ExecutionFilter, Executions, Order, Orders};
use ibapi::prelude::SubscriptionItem;
use ibapi::{Client, Error};
use jiff::Timestamp;
use prusik::gateway::{Gateway, MarketStart, Settings, Speed, StartError};

use desk::*;

#[tokio::test]
async fn a_client_connects_and_learns_what_there_is() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let mut desk = Desk::at(&gateway, 7).await;
    assert_eq!(desk.client.server_version(), 226);
    assert_eq!(desk.client.handshake_managed_accounts(), ["DU0000001"]);
    assert_eq!(desk.client.next_order_id(), 1);
    assert_eq!(desk.notice(2198).await, "simulated gateway: market time, no real orders");
    let open = "2013-10-04T13:30:00Z".parse::<Timestamp>().expect("a time").as_second();
    assert_eq!(in_time(desk.client.server_time()).await.expect("time").unix_timestamp(), open);

    let details = in_time(desk.client.contract_details(&xyz())).await.expect("details");
    let details = &details[0];
    assert_eq!((details.min_tick, details.time_zone_id.as_str()), (0.01, "US/Eastern"));
    assert_eq!(details.liquid_hours[..2], ["20131004:0930-20131004:1600", "20131005:CLOSED"]);
    let mut by_id = xyz();
    by_id.symbol = "".into();
    by_id.contract_id = details.contract.contract_id;
    let again = in_time(desk.client.contract_details(&by_id)).await.expect("details by id");
    assert_eq!(again[0].contract.symbol.to_string(), "XYZ");
    let stranger = Contract::stock("QQQ").build();
    let refused = in_time(desk.client.contract_details(&stranger)).await.expect_err("unknown");
    assert!(refused.to_string().contains("200"), "{refused}");
    let rule: i32 = details.market_rule_ids[0].parse().expect("a rule");
    let rule = in_time(desk.client.market_rule(rule)).await.expect("the rule");
    assert_eq!(rule.price_increments.len(), 1);

    let tags = ["NetLiquidation", "BuyingPower", "TotalCashValue"];
    let mut rows =
        in_time(desk.client.account_summary(&AccountGroup::from("All"), &tags)).await.expect("the account");
    let mut told = Vec::new();
    while let Some(Ok(SubscriptionItem::Data(AccountSummaryResult::Summary(row)))) =
        in_time(rows.next()).await
    {
        told.push(format!("{} {} {}", row.tag, row.value, row.currency));
    }
    assert_eq!(
        told,
        ["NetLiquidation 100000.00 USD", "BuyingPower 400000.00 USD", "TotalCashValue 100000.00 USD"]
    );
    let mut positions = in_time(desk.client.positions()).await.expect("positions");
    let first = in_time(positions.next()).await.expect("the end").expect("readable");
    assert!(matches!(first, SubscriptionItem::Data(PositionUpdate::PositionEnd)));
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_bracket_fills_its_stop_is_moved_in_place_and_it_ends_with_one_fill_of_its_group() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let mut desk = Desk::at(&gateway, 1).await;
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    let mut positions = in_time(desk.client.positions()).await.expect("positions");
    let tags = ["NetLiquidation", "BuyingPower"];
    let mut rows =
        in_time(desk.client.account_summary(&AccountGroup::from("All"), &tags)).await.expect("the account");
    for (id, leg) in bracket(1, 9.50, 10.55) {
        desk.place(id, &leg).await;
    }
    insta::assert_snapshot!(desk.drain().await, @r#"
    1 open Buy 100 MKT 0 PreSubmitted
    1 status PreSubmitted 0/100 held ""
    2 open Sell 100 STP 9.5 PreSubmitted
    2 status PreSubmitted 0/100 held ""
    1 open Buy 100 MKT 0 Submitted
    1 status Submitted 0/100 held ""
    2 open Sell 100 STP 9.5 PreSubmitted
    2 status PreSubmitted 0/100 held "child"
    3 open Sell 100 LMT 10.55 PreSubmitted
    3 status PreSubmitted 0/100 held "child"
    "#);
    desk.done().await;
    in_time(bars.next()).await.expect("the first bar").expect("readable");
    insta::assert_snapshot!(desk.drain().await, @r#"
    1 execution 000f4241.00000001.01.01 Bought 100 at 10 on 20131004 09:30:00 US/Eastern ref E
    1 open Buy 100 MKT 0 Filled
    1 status Filled 100/0 held ""
    1 open Buy 100 MKT 0 Filled
    1 status Filled 100/0 held ""
    commission 000f4241.00000001.01.01 1 None
    2 open Sell 100 STP 9.5 PreSubmitted
    2 status PreSubmitted 0/100 held "trigger"
    3 open Sell 100 LMT 10.55 Submitted
    3 status Submitted 0/100 held ""
    "#);
    let filled = desk.open_orders().await;
    let perm_id = filled[0].order.perm_id;

    let moved =
        Order { aux_price: Some(9.80), parent_id: 0, transmit: true, ..bracket(1, 9.50, 10.55)[1].1.clone() };
    desk.place(2, &moved).await;
    desk.place(2, &Order { aux_price: Some(9.805), ..moved.clone() }).await;
    insta::assert_snapshot!(desk.drain().await, @r#"
    2 open Sell 100 STP 9.5 PreSubmitted
    2 status PreSubmitted 0/100 held "trigger"
    3 open Sell 100 LMT 10.55 Submitted
    3 status Submitted 0/100 held ""
    2 open Sell 100 STP 9.8 PreSubmitted
    2 status PreSubmitted 0/100 held "trigger"
    2 open Sell 100 STP 9.8 PreSubmitted
    2 status PreSubmitted 0/100 held "trigger"
    Some(2) notice 110 The price does not conform to the minimum price variation for this contract.
    "#);
    let open = desk.open_orders().await;
    assert_eq!(
        open.iter().map(|row| (row.order_id, row.order.order_ref.as_str())).collect::<Vec<_>>(),
        [(2, "S"), (3, "T")]
    );
    assert_eq!((open[0].order.perm_id, open[0].order.aux_price), (perm_id, Some(9.80)));

    // The target fills in the third minute, and the stop goes with it.
    for _ in 1..36 {
        desk.done().await;
        in_time(bars.next()).await.expect("a bar").expect("readable");
    }
    insta::assert_snapshot!(desk.drain().await, @r#"
    2 open Sell 100 STP 9.8 PreSubmitted
    2 status PreSubmitted 0/100 held "trigger"
    3 open Sell 100 LMT 10.55 Submitted
    3 status Submitted 0/100 held ""
    3 execution 000f4243.00000002.01.01 Sold 100 at 10.55 on 20131004 09:32:35 US/Eastern ref T
    3 open Sell 100 LMT 10.55 Filled
    3 status Filled 100/0 held ""
    3 open Sell 100 LMT 10.55 Filled
    3 status Filled 100/0 held ""
    commission 000f4243.00000002.01.01 1 Some(53.0)
    2 open Sell 100 STP 9.8 Cancelled
    2 status Cancelled 0/100 held ""
    Some(2) notice 202 Order Canceled - reason:another order of its group was filled
    "#);
    assert!(desk.open_orders().await.is_empty());

    let mut executions =
        in_time(desk.client.executions(ExecutionFilter::default())).await.expect("executions");
    let told = executions.collect_to_end_within(PATIENCE).await.expect("to their end");
    let order_ref = |row: &Executions| match row {
        Executions::ExecutionData(data) => Some(data.execution.order_reference.clone()),
        Executions::CommissionReport(_) => None,
    };
    let refs: Vec<_> = told.iter().filter_map(order_ref).collect();
    assert_eq!((refs, told.len()), (vec!["E".to_owned(), "T".to_owned()], 4));
    let late =
        ExecutionFilter { time: "20131004 09:31:00 US/Eastern".to_owned(), ..ExecutionFilter::default() };
    let mut executions = in_time(desk.client.executions(late)).await.expect("executions");
    assert_eq!(executions.collect_to_end_within(PATIENCE).await.expect("to their end").len(), 2);

    let mut completed = in_time(desk.client.completed_orders(false)).await.expect("completed orders");
    let told: Vec<_> = completed
        .collect_to_end_within(PATIENCE)
        .await
        .expect("to their end")
        .into_iter()
        .map(|row| match row {
            Orders::OrderData(data) => format!(
                "{} {} {}",
                data.order.order_ref, data.order_state.status, data.order_state.completed_status
            ),
            Orders::OrderStatus(status) => format!("{status:?}"),
        })
        .collect();
    assert_eq!(
        told,
        ["E Filled Filled Size: 100", "S Cancelled Cancelled by Trader", "T Filled Filled Size: 100"]
    );

    let mut held = Vec::new();
    while let Some(Some(Ok(SubscriptionItem::Data(update)))) = positions.next().now_or_never() {
        if let PositionUpdate::Position(row) = update {
            held.push((row.contract.symbol.to_string(), row.position));
        }
    }
    assert_eq!(held, [("XYZ".to_owned(), 100.0), ("XYZ".to_owned(), 0.0)]);
    let mut worth = Vec::new();
    while let Some(Some(Ok(SubscriptionItem::Data(row)))) = rows.next().now_or_never() {
        if let AccountSummaryResult::Summary(row) = row {
            worth.push(row.value);
        }
    }
    // At the start, after the entry, with the first two whole minutes, after the target.
    insta::assert_snapshot!(worth.join(" "), @r#"
    100000.00 400000.00 99997.00 398990.00 100005.00 399014.00 100023.00 399068.00 100053.00 400212.00
    "#);
    gateway.shutdown().await;
}

#[tokio::test]
async fn an_order_is_cancelled_once_and_what_cannot_be_is_refused() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let mut desk = Desk::at(&gateway, 1).await;
    desk.place(1, &order(Action::Buy, "LMT", 9.0)).await;
    drop(in_time(desk.client.cancel_order(1, "")).await.expect("written"));
    drop(in_time(desk.client.cancel_order(1, "")).await.expect("written"));
    drop(in_time(desk.client.cancel_order(8, "")).await.expect("written"));
    desk.place(1, &order(Action::Buy, "LMT", 9.0)).await;
    desk.place(2, &order(Action::Buy, "MOC", 9.0)).await;
    desk.place(3, &order(Action::Buy, "STP", 9.001)).await;
    in_time(desk.client.submit_order(4, &Contract::stock("QQQ").build(), &order(Action::Buy, "MKT", 0.0)))
        .await
        .expect("written");
    desk.place(5, &Order { what_if: true, ..order(Action::Buy, "LMT", 10.0) }).await;
    insta::assert_snapshot!(desk.drain().await, @r#"
    1 open Buy 100 LMT 9 Submitted
    1 status Submitted 0/100 held ""
    1 open Buy 100 LMT 9 Cancelled
    1 status Cancelled 0/100 held ""
    Some(1) notice 202 Order Canceled - reason:
    Some(1) notice 10148 OrderId 1 that needs to be cancelled cannot be cancelled, state: Cancelled.
    Some(8) notice 10147 OrderId 8 that needs to be cancelled is not found.
    Some(1) notice 103 Duplicate order id
    Some(2) notice 387 Unsupported order type for this exchange and security type.
    Some(3) notice 110 The price does not conform to the minimum price variation for this contract.
    Some(4) notice 200 No security definition has been found for the request
    5 open Buy 100 LMT 10 PreSubmitted
    "#);
    assert_eq!(in_time(desk.client.next_valid_order_id()).await.expect("an id"), 6);
    assert!(desk.open_orders().await.is_empty());
    gateway.shutdown().await;
}

#[tokio::test]
async fn history_is_what_was_sent_as_it_was_sent() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let desk = Desk::at(&gateway, 1).await;
    let mut none =
        in_time(desk.client.historical_data(&xyz(), BarSize::Sec5).duration(1.days()).fetch()).await;
    assert!(none.as_ref().is_err_and(|error| error.to_string().contains("162")), "{none:?}");
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    let mut sent = Vec::new();
    for _ in 0..14 {
        desk.done().await;
        let Some(Ok(SubscriptionItem::Data(bar))) = in_time(bars.next()).await else { panic!("a bar") };
        sent.push((
            bar.date.unix_timestamp().to_string(),
            bar.open,
            bar.high,
            bar.low,
            bar.close,
            bar.volume,
            bar.count,
        ));
    }
    none = in_time(desk.client.historical_data(&xyz(), BarSize::Sec5).duration(1.days()).fetch()).await;
    let told = none.expect("history").bars.into_iter();
    let told: Vec<_> = told
        .map(|bar| (bar.date.to_string(), bar.open, bar.high, bar.low, bar.close, bar.volume, bar.count))
        .collect();
    assert_eq!(told, sent);
    let minutes = in_time(desk.client.historical_data(&xyz(), BarSize::Min).duration(1.days()).fetch())
        .await
        .expect("history");
    assert_eq!((minutes.bars.len(), minutes.bars[0].high, minutes.bars[0].count), (2, 10.12, 12));
    gateway.shutdown().await;
}

#[tokio::test]
async fn the_next_instant_waits_until_every_client_in_lockstep_is_done() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let (first, second) = (Desk::at(&gateway, 1).await, Desk::at(&gateway, 2).await);
    first.done().await;
    second.done().await;
    let (mut one, mut two) = (first.bars("XYZ").await, second.bars("ABC").await);
    let start = gateway.market_time();
    first.done().await;
    in_time(first.client.server_time()).await.expect("a round trip");
    assert_eq!(gateway.market_time(), start, "the second client joined and holds the market");
    second.done().await;
    in_time(one.next()).await.expect("a bar").expect("readable");
    in_time(two.next()).await.expect("a bar").expect("readable");
    second.done().await;
    second.done().await;
    assert_eq!(gateway.market_time(), start + 5);
    in_time(second.client.disconnect()).await;
    first.done().await;
    in_time(one.next()).await.expect("a bar: who is gone is not waited for").expect("readable");
    gateway.shutdown().await;
}

#[tokio::test]
async fn orders_outlive_the_connection_and_their_client_finds_them_again() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let mut desk = Desk::at(&gateway, 5).await;
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    for (id, leg) in bracket(1, 9.50, 10.55) {
        desk.place(id, &leg).await;
    }
    desk.done().await;
    in_time(bars.next()).await.expect("a bar").expect("readable");
    let addr = gateway.local_addr().to_string();
    assert!(matches!(in_time(Client::connect(&addr, 5)).await, Err(Error::ClientIdInUse { .. })));
    desk.drain().await;
    // A market goes on without clients; this one joins it and holds it.
    let other = Desk::at(&gateway, 6).await;
    other.done().await;
    in_time(desk.client.disconnect()).await;
    drop((desk, bars));

    // The gateway learns of the end of a connection by itself; until then the id is taken.
    let again = loop {
        match in_time(Client::connect(&addr, 5)).await {
            Ok(client) => break client,
            Err(error) => assert!(matches!(error, Error::ClientIdInUse { .. }), "{error}"),
        }
    };
    assert_eq!(again.next_order_id(), 4);
    in_time(again.disconnect()).await;
    let open = other.open_orders().await;
    assert_eq!(
        open.iter().map(|row| (row.order_id, row.order.client_id)).collect::<Vec<_>>(),
        [(2, 5), (3, 5)]
    );
    gateway.shutdown().await;
}

#[tokio::test]
async fn the_market_opens_on_command_runs_to_its_end_and_says_so() {
    let speed = Speed::Times(NonZeroU32::new(1_000_000).expect("a number"));
    let gateway = Gateway::start(Settings { start: MarketStart::OnCommand, speed, ..settings() })
        .await
        .expect("started");
    let mut desk = Desk::at(&gateway, 1).await;
    let mut bars = desk.bars("XYZ").await;
    let open = gateway.market_time();
    in_time(desk.client.server_time()).await.expect("a round trip");
    assert_eq!(gateway.market_time(), open, "a subscription does not open it");
    gateway.open_market();
    let mut count = 0;
    let mut volume = 0;
    while count < 4_680 {
        let Some(Ok(SubscriptionItem::Data(bar))) = in_time(bars.next()).await else { panic!("a bar") };
        count += 1;
        volume += bar.volume as i64;
    }
    assert_eq!(volume, 4 * 1_200);
    in_time(gateway.end_of_bars()).await;
    assert_eq!(desk.notice(2197).await, "simulated gateway: end of bars");
    let mut late = Desk::at(&gateway, 2).await;
    assert_eq!(late.notice(2197).await, "simulated gateway: end of bars");
    gateway.shutdown().await;
}

#[tokio::test]
async fn bad_settings_are_told_apart() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let taken = Gateway::start(Settings { listen: gateway.local_addr(), ..settings() }).await;
    assert!(matches!(taken, Err(StartError::PortInUse { addr }) if addr == gateway.local_addr()));
    assert!(matches!(Gateway::start(Settings::default()).await, Err(StartError::NoBars)));
    let twice = Settings { bars: settings().bars.into_iter().chain(settings().bars).collect(), ..settings() };
    assert!(
        matches!(Gateway::start(twice).await, Err(StartError::SymbolTwice { symbol }) if symbol == "XYZ")
    );
    let mut bars = settings().bars;
    bars[0].1.swap(1, 2);
    let backwards = Gateway::start(Settings { bars, ..settings() }).await;
    assert!(matches!(backwards, Err(StartError::Bar { index: 2, .. })), "{backwards:?}");
}

#[tokio::test]
async fn six_sessions_of_minute_bars_in_lockstep_with_two_round_trips_an_instant() {
    let Some(path) = data("SPY_1min_2013-10-04_2013-10-11.csv") else { return };
    let bars = vec![("SPY".to_owned(), prusik::gateway::load_bars(path).expect("bars"))];
    let gateway = Gateway::start(Settings { bars, ..Settings::default() }).await.expect("started");
    let desk = Desk::at(&gateway, 1).await;
    desk.done().await;
    let mut bars = desk.bars("SPY").await;
    let mut count = 0;
    desk.done().await;
    let over = gateway.end_of_bars();
    tokio::pin!(over);
    loop {
        tokio::select! {
            bar = bars.next() => drop(bar.expect("a bar").expect("readable")),
            () = &mut over => break,
        }
        count += 1;
        in_time(desk.client.server_time()).await.expect("a round trip");
        desk.done().await;
    }
    assert!(58_000 < count, "{count} instants");
}

#[tokio::test]
async fn malformed_bytes_close_their_own_connection_and_no_other() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let mut desk = Desk::at(&gateway, 1).await;
    assert!(Raw::greet(&gateway, "v100..212").await.next().await.is_none(), "a client that is too old");
    assert!(Raw::greet(&gateway, "what?").await.next().await.is_none());
    for (id, message) in [(71, &[0x0A, 0xFF][..]), (3, &[][..])] {
        let mut raw = Raw::greet(&gateway, "v213..226").await;
        assert!(raw.next().await.is_some(), "the welcome");
        raw.frame(id, message).await;
        assert!(raw.next().await.is_none(), "message {id}");
    }
    let mut raw = Raw::greet(&gateway, "v213..226").await;
    raw.frame(71, &[0x08, 9]).await;
    raw.send(&[0xFF, 0xFF, 0xFF, 0xFF, 0, 0]).await;
    while raw.next().await.is_some() {}
    assert_eq!(desk.drain().await, "", "the others go on");
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_client_that_reads_late_holds_the_market_up_and_misses_nothing() {
    const FEEDS: u8 = 60;
    const INSTANTS: i64 = 4_680;
    let gateway =
        Gateway::start(Settings { start: MarketStart::OnCommand, ..settings() }).await.expect("started");
    let mut raw = Raw::greet(&gateway, "v213..226").await;
    raw.frame(71, &[0x08, 3]).await;
    for feed in 1..=FEEDS {
        raw.frame(50, &[&[0x08, feed][..], b"\x12\x05\x12\x03XYZ"].concat()).await;
    }
    raw.frame(49, &[]).await;
    while raw.next().await.expect("a frame").0 != 49 {}
    let open = gateway.market_time();
    gateway.open_market();
    let other = Desk::at(&gateway, 4).await;
    in_time(other.client.server_time()).await.expect("the gateway serves the others");
    // What is owed is far more than all buffers on the way hold.
    assert!(gateway.market_time() < open + 5 * INSTANTS);
    let mut count = 0;
    while count < INSTANTS * i64::from(FEEDS) {
        count += i64::from(raw.next().await.expect("a frame").0 == 50);
    }
    in_time(gateway.end_of_bars()).await;
    gateway.shutdown().await;
}

#[tokio::test]
async fn the_same_requests_bring_the_same_frames() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let gateway = Gateway::start(settings()).await.expect("started");
        let mut raw = Raw::greet(&gateway, "v213..226").await;
        raw.frame(71, &[0x08, 3]).await;
        raw.frame(105, &[]).await;
        raw.frame(61, &[]).await;
        // Bars of XYZ, then "BUY 100 MKT GTC", transmitted.
        raw.frame(50, b"\x08\x07\x12\x05\x12\x03XYZ").await;
        raw.frame(
            3,
            b"\x08\x01\x12\x05\x12\x03XYZ\x1a\x17\x2a\x03BUY\x32\x03100\x42\x03MKT\x5a\x03GTC\x90\x04\x01",
        )
        .await;
        let mut frames = Vec::new();
        for _ in 0..20 {
            raw.frame(105, &[]).await;
        }
        while frames.iter().filter(|(id, _)| *id == 50).count() < 20 {
            frames.push(raw.next().await.expect("a frame"));
        }
        assert_eq!(frames.iter().filter(|(id, _)| *id == 11).count(), 1, "the order filled");
        runs.push(frames);
        gateway.shutdown().await;
    }
    assert_eq!(runs[0], runs[1]);
}
