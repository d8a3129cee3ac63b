//! Faults of messages: twice, never, in another order, malformed; as the real client sees them.

use futures_util::{FutureExt, StreamExt};
use ibapi::orders::Action;
use prusik::gateway::faults::{Callback, Corrupt, Deed, Fault, Reorder, Times, When};
use prusik::gateway::{Gateway, Settings};

use super::desk::*;

/// What ibapi says when it had to make a new connection.
const CONNECTED_AGAIN: i32 = -8;

async fn gateway(faults: Vec<Fault>) -> Gateway {
    Gateway::start(Settings { faults, ..settings() }).await.expect("started")
}

fn on(callback: Callback, deed: Deed) -> Fault {
    Fault::new(When::Callback(callback), deed)
}

/// What a market order's fill is told as, each line by its kind.
async fn fill(deed: Fault) -> String {
    let gateway = gateway(vec![deed]).await;
    let mut desk = Desk::at(&gateway, 1).await;
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    desk.place(1, &order(Action::Buy, "MKT", 0.0)).await;
    desk.drain().await;
    desk.done().await;
    in_time(bars.next()).await.expect("a bar").expect("readable");
    let told = desk.drain().await;
    let kind =
        |line: &str| line.split(' ').find(|word| word.chars().all(char::is_alphabetic)).map(str::to_owned);
    let kinds: Vec<String> = told.lines().filter_map(kind).collect();
    gateway.shutdown().await;
    kinds.join(" ")
}

#[tokio::test]
async fn what_belongs_to_a_fill_comes_in_every_order() {
    let reorder = |how| on(Callback::Execution, Deed::Reorder(how));
    assert_eq!(fill(reorder(Reorder::StatusFirst)).await, "execution status open status open commission");
    assert_eq!(fill(reorder(Reorder::ExecutionLast)).await, "open status open status execution commission");
    assert_eq!(fill(reorder(Reorder::CommissionFirst)).await, "commission execution open status open status");
    assert_eq!(fill(reorder(Reorder::Reversed)).await, "commission status open status open execution");
}

#[tokio::test]
async fn a_message_comes_several_times_or_never() {
    let twice = on(Callback::Execution, Deed::Duplicate(1));
    assert_eq!(fill(twice).await, "execution execution open status open status commission");
    let often = on(Callback::OrderStatus, Deed::Duplicate(2)).nth(2);
    assert_eq!(fill(often).await, "execution open status status status open status commission");
    let never = on(Callback::OrderStatus, Deed::Lose).nth(2).times(Times::Always);
    assert_eq!(fill(never).await, "execution open open commission");
}

#[tokio::test]
async fn a_fault_of_a_message_strikes_the_orders_it_names_only() {
    let gateway =
        gateway(vec![on(Callback::OpenOrder, Deed::Lose).order_ref("S").times(Times::Always)]).await;
    let mut desk = Desk::at(&gateway, 1).await;
    for (id, leg) in bracket(1, 9.50, 10.55) {
        desk.place(id, &leg).await;
    }
    let told = desk.drain().await;
    assert!(told.contains("2 status") && !told.contains("2 open") && told.contains("3 open"), "{told}");
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_status_that_is_no_status_does_not_reach_the_order_stream_as_one() {
    for how in [Corrupt::Protobuf, Corrupt::NoRemaining, Corrupt::UnknownId, Corrupt::Text] {
        let gateway = gateway(vec![on(Callback::OrderStatus, Deed::Corrupt(how))]).await;
        let mut desk = Desk::at(&gateway, 1).await;
        desk.place(1, &order(Action::Buy, "LMT", 9.0)).await;
        in_time(desk.client.server_time()).await.expect("the connection goes on");
        let mut told = Vec::new();
        while let Some(Some(item)) = desk.orders.next().now_or_never() {
            told.push(item.map_or_else(|_| "unreadable".to_owned(), line));
        }
        assert!(!told.iter().any(|line| line.contains("status Submitted")), "{how:?}: {told:?}");
        assert_eq!(gateway.faults().struck().len(), 1, "{how:?}");
        gateway.shutdown().await;
    }
}

#[tokio::test]
async fn a_frame_whose_length_is_wrong_costs_the_client_its_connection_and_no_other() {
    for how in [Corrupt::Oversized, Corrupt::Length] {
        let gateway = gateway(vec![on(Callback::OrderStatus, Deed::Corrupt(how)).client(1)]).await;
        let (mut desk, mut other) = (Desk::at(&gateway, 1).await, Desk::at(&gateway, 2).await);
        desk.place(1, &order(Action::Buy, "LMT", 9.0)).await;
        while gateway.faults().struck().is_empty() {
            tokio::task::yield_now().await;
        }
        desk.notice(CONNECTED_AGAIN).await;
        other.place(1, &order(Action::Buy, "LMT", 9.0)).await;
        assert!(other.drain().await.contains("1 status Submitted"), "{how:?}");
        gateway.shutdown().await;
    }
}

#[tokio::test]
async fn malformed_frames_come_out_of_nothing() {
    let gateway = gateway(Vec::new()).await;
    let mut raw = Raw::greet(&gateway, "v213..226").await;
    raw.frame(71, &[0x08, 3]).await;
    raw.frame(49, &[]).await;
    while raw.next().await.expect("a frame").0 != 49 {}
    let faults = gateway.faults();
    faults.now(Deed::Corrupt(Corrupt::UnknownId)).expect("a frame");
    faults.now(Deed::Corrupt(Corrupt::Text)).expect("a frame");
    assert_eq!(raw.next().await.expect("a frame").0, 255);
    assert_eq!(raw.next().await.expect("a frame").0, 3_u32.wrapping_sub(200));
    faults.now(Deed::Corrupt(Corrupt::Oversized)).expect("a frame");
    let mut length = [0; 4];
    in_time(tokio::io::AsyncReadExt::read_exact(&mut raw.0, &mut length)).await.expect("a length");
    assert_eq!(u32::from_be_bytes(length), 0x0100_0000);
    gateway.shutdown().await;
}
