//! Faults of the connection, as the real client sees them.

use std::time::Duration;

use futures_util::StreamExt;
use ibapi::orders::{Action, Order};
use ibapi::{Client, Error};
use prusik::gateway::faults::{
    Cut, Deed, Door, Fault, Gone, Jump, Lasting, Request, Restart, Step, Trickle, When,
};
use prusik::gateway::{Gateway, MarketStart, Settings};
use tokio::io::AsyncReadExt;

use super::desk::*;

async fn gateway(faults: Vec<Fault>) -> Gateway {
    Gateway::start(Settings { faults, ..settings() }).await.expect("started")
}

fn gone(away_for: Option<i64>, door: Door) -> Deed {
    Deed::Drop(Gone { cut: Cut::Between, away_for, door })
}

/// Connects until the gateway lets it in.
async fn back(gateway: &Gateway, id: i32) -> Desk {
    let addr = gateway.local_addr().to_string();
    in_time(async {
        while Client::connect(&addr, id).await.map(drop).is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // That one is gone again; its seat is free when the gateway has seen so.
    in_time(async {
        loop {
            match Client::connect(&addr, id).await {
                Ok(client) => break drop(client),
                Err(_) => tokio::task::yield_now().await,
            }
        }
    })
    .await;
    loop {
        let builder = Client::builder().address(&addr).client_id(id);
        if let Ok((client, notices)) = in_time(builder.connect_with_notice_stream()).await {
            let orders = in_time(client.order_update_stream()).await.expect("the order stream");
            return Desk { client, orders, notices };
        }
    }
}

#[tokio::test]
async fn an_order_fills_while_its_client_is_away_and_the_market_waits_for_it_to_come_back() {
    let gateway =
        gateway(vec![Fault::new(When::After(Request::PlaceOrder), gone(Some(60), Door::Closed))]).await;
    let desk = Desk::at(&gateway, 1).await;
    desk.done().await;
    let _bars = desk.bars("XYZ").await;
    let open = gateway.market_time();
    desk.place(1, &order(Action::Buy, "MKT", 0.0)).await;
    drop(desk);
    let again = back(&gateway, 1).await;
    assert_eq!(gateway.market_time(), open + 60, "the market went on exactly so long");
    let mut fills = in_time(again.client.executions(Default::default())).await.expect("executions");
    let fills = fills.collect_to_end_within(PATIENCE).await.expect("to their end");
    assert_eq!(fills.len(), 2, "an execution and its commission: {fills:?}");
    assert!(again.open_orders().await.is_empty());
    assert_eq!(gateway.market_time(), open + 60, "it still waits for the client to be in step");
    again.done().await;
    let mut bars = again.bars("XYZ").await;
    again.done().await;
    in_time(bars.next()).await.expect("a bar").expect("readable");
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_dead_session_keeps_its_id_for_as_long_as_it_is_said_to() {
    let on_command = Settings { start: MarketStart::OnCommand, ..settings() };
    let gateway = Gateway::start(on_command).await.expect("started");
    let desk = Desk::at(&gateway, 1).await;
    gateway.faults().now(gone(Some(3600), Door::InUse)).expect("a drop");
    let addr = gateway.local_addr().to_string();
    let refused = in_time(Client::connect(&addr, 1)).await;
    assert!(matches!(refused, Err(Error::ClientIdInUse { .. })));
    let other = Desk::at(&gateway, 2).await;
    in_time(other.client.server_time()).await.expect("the others are served");
    gateway.faults().release();
    in_time(Client::connect(&addr, 3)).await.expect("connected");
    drop(desk);
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_connection_ends_in_the_middle_of_a_frame() {
    let cut = Deed::Drop(Gone { cut: Cut::InFrame, away_for: None, door: Door::Open });
    let gateway = gateway(vec![Fault::new(When::After(Request::CurrentTime), cut)]).await;
    let mut raw = Raw::greet(&gateway, "v213..226").await;
    raw.frame(71, &[0x08, 3]).await;
    raw.frame(49, &[]).await;
    let mut bytes = Vec::new();
    in_time(raw.0.read_to_end(&mut bytes)).await.expect("to the end");
    let mut rest = bytes.as_slice();
    let left = loop {
        let Some(length) = rest.get(..4) else { break rest.len() };
        let length = u32::from_be_bytes(length.try_into().expect("four bytes")) as usize;
        let Some(next) = rest.get(4 + length..) else { break rest.len() };
        rest = next;
    };
    assert!(left > 4, "a length, and fewer bytes than it says: {left}");
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_connection_ends_or_stands_still_at_each_step_before_it_has_an_id() {
    let at = |step, deed| Fault::new(When::Step(step), deed);
    let half = Deed::Drop(Gone { cut: Cut::InFrame, ..Gone::default() });
    let gateway = gateway(vec![
        at(Step::Accept, gone(None, Door::Open)),
        at(Step::Greeting, half),
        at(Step::Start, gone(None, Door::Open)),
        at(Step::Accept, Deed::Freeze(Lasting::UntilReleased)).nth(4),
    ])
    .await;
    let addr = gateway.local_addr().to_string();
    for step in ["accept", "greeting", "start"] {
        assert!(in_time(Client::connect(&addr, 1)).await.is_err(), "it ends at {step}");
    }
    let struck: Vec<_> = gateway.faults().struck().iter().map(|struck| struck.deed).collect();
    assert_eq!(struck, ["drop", "drop", "drop"]);
    let addr = addr.clone();
    let connecting = tokio::spawn(async move { Client::connect(&addr, 2).await });
    while gateway.faults().struck().len() < 4 {
        tokio::task::yield_now().await;
    }
    gateway.faults().release();
    in_time(connecting).await.expect("no panic").expect("connected when it went on");
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_frozen_connection_is_neither_read_nor_written_until_it_is_released() {
    let freeze = Deed::Freeze(Lasting::UntilReleased);
    let gateway = gateway(vec![Fault::new(When::Before(Request::PlaceOrder), freeze).client(1)]).await;
    let (mut desk, other) = (Desk::at(&gateway, 1).await, Desk::at(&gateway, 2).await);
    desk.place(1, &order(Action::Buy, "LMT", 9.0)).await;
    while gateway.faults().struck().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(other.open_orders().await.is_empty(), "the order has not been read");
    let waits = tokio::time::timeout(Duration::from_millis(50), desk.client.server_time()).await;
    assert!(waits.is_err(), "nothing is answered");
    gateway.faults().release();
    assert!(desk.drain().await.contains("1 status Submitted"));
    assert_eq!(gateway.faults().struck().len(), 1, "the order did not meet it again");
    gateway.shutdown().await;
}

#[tokio::test]
async fn what_is_delayed_is_done_at_once_and_told_later_in_its_order() {
    let delay = Deed::Delay(Lasting::UntilReleased);
    let gateway = gateway(vec![
        Fault::new(When::Before(Request::PlaceOrder), delay).client(1),
        Fault::new(When::Before(Request::PlaceOrder), Deed::Delay(Lasting::For(Duration::from_millis(1))))
            .client(1)
            .nth(3),
    ])
    .await;
    let (mut desk, other) = (Desk::at(&gateway, 1).await, Desk::at(&gateway, 2).await);
    desk.place(1, &order(Action::Buy, "LMT", 9.0)).await;
    desk.place(2, &order(Action::Buy, "LMT", 9.1)).await;
    while other.open_orders().await.len() < 2 {}
    let waits = tokio::time::timeout(Duration::from_millis(50), desk.client.server_time()).await;
    assert!(waits.is_err(), "nothing is told");
    gateway.faults().release();
    let told = desk.drain().await;
    let lines: Vec<&str> = told.lines().filter(|line| line.contains("status")).collect();
    assert_eq!(lines, ["1 status Submitted 0/100 held \"\"", "2 status Submitted 0/100 held \"\""]);
    desk.place(3, &order(Action::Buy, "LMT", 9.2)).await;
    assert!(desk.drain().await.contains("3 status Submitted"), "a delay of a given time ends by itself");
    gateway.shutdown().await;
}

#[tokio::test]
async fn frames_in_single_bytes_both_ways_are_frames_all_the_same() {
    let single = Trickle { read: Some(1), write: Some(1), pause: Duration::ZERO };
    let gateway = gateway(vec![Fault::new(When::Step(Step::Start), Deed::Trickle(single))]).await;
    let mut desk = Desk::at(&gateway, 1).await;
    desk.place(1, &order(Action::Buy, "LMT", 9.0)).await;
    assert!(desk.drain().await.contains("1 status Submitted 0/100"));
    let details = in_time(desk.client.contract_details(&xyz())).await.expect("details");
    assert_eq!(details[0].contract.symbol.to_string(), "XYZ");
    gateway.shutdown().await;
}

#[tokio::test]
async fn the_next_order_id_jumps_forward_and_back() {
    let jump = |by| Deed::NextId(Jump::By(by));
    let gateway = gateway(vec![
        Fault::new(When::Step(Step::Start), jump(1_000)),
        Fault::new(When::Before(Request::Ids), jump(-2)),
        Fault::new(When::Before(Request::Ids), Deed::NextId(Jump::To(7))).nth(2),
    ])
    .await;
    let mut desk = Desk::at(&gateway, 1).await;
    assert_eq!(desk.client.next_order_id(), 1_001);
    for id in 1..=3 {
        desk.place(id, &order(Action::Buy, "LMT", 9.0)).await;
    }
    drop(in_time(desk.client.cancel_order(2, "")).await.expect("written"));
    let reissued = in_time(desk.client.next_valid_order_id()).await.expect("an id");
    assert_eq!(reissued, 2, "4 less 2");
    desk.drain().await;
    desk.place(reissued, &order(Action::Buy, "LMT", 9.0)).await;
    assert_eq!(desk.drain().await, "Some(2) notice 103 Duplicate order id");
    assert_eq!(in_time(desk.client.next_valid_order_id()).await.expect("an id"), 7);
    assert_eq!(in_time(desk.client.next_valid_order_id()).await.expect("an id"), 4, "the truth again");
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_restart_loses_what_was_not_transmitted_and_keeps_orders_and_fills() {
    let gateway = gateway(Vec::new()).await;
    let mut desk = Desk::at(&gateway, 1).await;
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    desk.place(1, &order(Action::Buy, "MKT", 0.0)).await;
    desk.place(2, &order(Action::Buy, "LMT", 9.0)).await;
    desk.place(3, &Order { transmit: false, ..order(Action::Buy, "LMT", 9.1) }).await;
    desk.done().await;
    in_time(bars.next()).await.expect("a bar").expect("readable");
    assert!(desk.drain().await.contains("1 status Filled"));
    let before = gateway.market_time();
    gateway.faults().now(Deed::Restart(Restart { closed_for: 300, ids_back: 2 })).expect("a restart");
    drop((desk, bars));
    let again = back(&gateway, 1).await;
    assert_eq!(gateway.market_time(), before + 300);
    assert_eq!(in_time(again.client.next_valid_order_id()).await.expect("an id"), 4);
    let open: Vec<i32> = again.open_orders().await.iter().map(|row| row.order_id).collect();
    assert_eq!(open, [2], "the untransmitted order is lost");
    let mut completed = in_time(again.client.completed_orders(false)).await.expect("completed orders");
    assert_eq!(completed.collect_to_end_within(PATIENCE).await.expect("to their end").len(), 1);
    let mut fills = in_time(again.client.executions(Default::default())).await.expect("executions");
    assert_eq!(fills.collect_to_end_within(PATIENCE).await.expect("to their end").len(), 2);
    gateway.shutdown().await;
}
