//! Faults of orders, as the real client sees them.

use futures_util::StreamExt;
use ibapi::orders::{Action, Order};
use prusik::gateway::Gateway;
use prusik::gateway::faults::{
    Deed, Fault, Kin, Meanwhile, Only, Outage, Pace, Parts, Request, Restored, Times, Unit, When, Words,
};

use super::desk::*;

async fn gateway(faults: Vec<Fault>) -> Gateway {
    Gateway::start(prusik::gateway::Settings { faults, ..settings() }).await.expect("started")
}

fn before(request: Request, deed: Deed) -> Fault {
    Fault::new(When::Before(request), deed)
}

/// A desk in lockstep, with bars of XYZ, and one bar behind it.
async fn trading(
    gateway: &Gateway,
) -> (Desk, ibapi::prelude::Subscription<ibapi::market_data::realtime::Bar>) {
    let desk = Desk::at(gateway, 1).await;
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    desk.done().await;
    in_time(bars.next()).await.expect("a bar").expect("readable");
    (desk, bars)
}

#[tokio::test]
async fn an_order_is_refused_by_number_and_a_refused_change_leaves_it_as_it_was() {
    let stops = Only { order_type: Some("STP".to_owned()), ..Only::default() };
    let gateway = gateway(vec![
        Fault { only: stops, ..before(Request::PlaceOrder, Deed::Refuse(Words::of(110))) },
        before(Request::PlaceOrder, Deed::Refuse(Words::of(103))).nth(4),
        before(Request::ModifyOrder, Deed::Refuse(Words::of(110))),
        before(Request::CancelOrder, Deed::Refuse(Words::of(10_147))),
        before(Request::CancelOrder, Deed::Refuse(Words::of(10_148))).nth(2),
        before(Request::CancelOrder, Deed::Refuse(Words { code: 161, text: "not now".to_owned() })).nth(3),
    ])
    .await;
    let mut desk = Desk::at(&gateway, 1).await;
    desk.place(1, &order(Action::Buy, "LMT", 9.0)).await;
    desk.place(2, &order(Action::Sell, "STP", 8.0)).await;
    desk.place(3, &order(Action::Sell, "STP", 8.0)).await;
    desk.place(4, &order(Action::Buy, "LMT", 8.5)).await;
    desk.place(1, &order(Action::Buy, "LMT", 9.1)).await;
    for _ in 0..4 {
        drop(in_time(desk.client.cancel_order(1, "")).await.expect("written"));
    }
    insta::assert_snapshot!(desk.drain().await, @r#"
    1 open Buy 100 LMT 9 Submitted
    1 status Submitted 0/100 held ""
    Some(2) notice 110 The price does not conform to the minimum price variation for this contract.
    3 open Sell 100 STP 8 PreSubmitted
    3 status PreSubmitted 0/100 held "trigger"
    Some(4) notice 103 Duplicate order id
    Some(1) notice 110 The price does not conform to the minimum price variation for this contract.
    Some(1) notice 10147 OrderId 1 that needs to be cancelled is not found.
    Some(1) notice 10148 OrderId 1 that needs to be cancelled cannot be cancelled, state: Filled.
    Some(1) notice 161 not now
    1 open Buy 100 LMT 9 Cancelled
    1 status Cancelled 0/100 held ""
    Some(1) notice 202 Order Canceled - reason:
    "#);
    let struck: Vec<_> = gateway.faults().struck().iter().map(|it| (it.deed, it.client, it.order)).collect();
    assert_eq!(
        struck,
        [2, 4, 1, 1, 1, 1].map(|order| ("refuse", Some(1), Some(order))),
        "each struck once, and is told with whom it struck"
    );
    gateway.shutdown().await;
}

#[tokio::test]
async fn an_order_rejected_with_201_stands_as_inactive_and_its_children_find_no_parent() {
    let parents = Only { kin: Some(Kin::Parent), ..Only::default() };
    let gateway = gateway(vec![Fault {
        only: parents,
        ..before(Request::PlaceOrder, Deed::Reject(Words { code: 201, text: "no margin".to_owned() }))
    }])
    .await;
    let mut desk = Desk::at(&gateway, 1).await;
    for (id, leg) in bracket(1, 9.50, 10.55) {
        desk.place(id, &leg).await;
    }
    insta::assert_snapshot!(desk.drain().await, @r#"
    1 open Buy 100 MKT 0 Inactive
    1 status Inactive 0/100 held ""
    Some(1) notice 201 no margin
    Some(2) notice 135 Can't find order with id = 1
    Some(3) notice 135 Can't find order with id = 1
    "#);
    assert!(desk.open_orders().await.is_empty());
    gateway.shutdown().await;
}

#[tokio::test]
async fn orders_live_on_under_warnings() {
    let warn = |code, nth| before(Request::PlaceOrder, Deed::Warn(Words::of(code))).nth(nth);
    let gateway = gateway(vec![warn(399, 1), warn(404, 2), warn(2109, 3), warn(10_349, 4)]).await;
    let mut desk = Desk::at(&gateway, 1).await;
    for id in 1..=4 {
        desk.place(id, &order(Action::Buy, "LMT", 9.0)).await;
    }
    let told = desk.drain().await;
    let codes: Vec<&str> = told.lines().filter_map(|line| line.split(" notice ").nth(1)).collect();
    let codes: Vec<&str> = codes.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(codes, ["399", "404", "2109", "10349"], "{told}");
    assert_eq!(desk.open_orders().await.len(), 4, "all of them live");
    gateway.shutdown().await;
}

#[tokio::test]
async fn an_order_written_to_the_socket_never_exists_and_its_id_is_told_again() {
    let gateway = gateway(vec![before(Request::PlaceOrder, Deed::Vanish).order_ref("lost")]).await;
    let mut desk = Desk::at(&gateway, 1).await;
    let lost = Order { order_ref: "lost/1".to_owned(), ..order(Action::Buy, "LMT", 9.0) };
    desk.place(1, &lost).await;
    assert_eq!(desk.drain().await, "");
    assert!(desk.open_orders().await.is_empty());
    let mut completed = in_time(desk.client.completed_orders(false)).await.expect("completed orders");
    assert!(completed.collect_to_end_within(PATIENCE).await.expect("to their end").is_empty());
    assert_eq!(in_time(desk.client.next_valid_order_id()).await.expect("an id"), 1);
    desk.place(1, &lost).await;
    desk.drain().await;
    assert_eq!(desk.open_orders().await.len(), 1, "sent again it is there");
    gateway.shutdown().await;
}

#[tokio::test]
async fn an_order_fills_in_the_parts_that_were_asked_for() {
    let split = |sizes: &[i64], unit, pace| Deed::Split(Parts { sizes: sizes.to_vec(), unit, pace });
    let gateway = gateway(vec![
        before(Request::PlaceOrder, split(&[30, 50, 20], Unit::Percent, Pace::OneABar)),
        before(Request::PlaceOrder, split(&[10, 40], Unit::Shares, Pace::Together)).nth(2),
    ])
    .await;
    let (mut desk, mut bars) = trading(&gateway).await;
    desk.place(1, &order(Action::Buy, "MKT", 0.0)).await;
    desk.place(2, &order(Action::Sell, "MKT", 0.0)).await;
    desk.drain().await;
    let mut told = String::new();
    for _ in 0..3 {
        desk.done().await;
        in_time(bars.next()).await.expect("a bar").expect("readable");
        let lines = desk.drain().await;
        let mut rows: Vec<&str> = lines.lines().filter(|line| line.contains("status")).collect();
        rows.dedup();
        told.extend(rows.into_iter().map(|line| format!("{line}\n")));
        told.push_str("-\n");
    }
    insta::assert_snapshot!(told, @r#"
    1 status Submitted 30/70 held ""
    2 status Submitted 10/90 held ""
    2 status Submitted 50/50 held ""
    2 status Filled 100/0 held ""
    -
    1 status Submitted 80/20 held ""
    -
    1 status Filled 100/0 held ""
    -
    "#);
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_fill_overtakes_the_cancel_of_its_order() {
    let gateway = gateway(vec![before(Request::CancelOrder, Deed::Overtake(Words::of(10_148)))]).await;
    let (mut desk, _bars) = trading(&gateway).await;
    desk.place(1, &order(Action::Buy, "LMT", 9.0)).await;
    drop(in_time(desk.client.cancel_order(1, "")).await.expect("written"));
    insta::assert_snapshot!(desk.drain().await, @r#"
    1 open Buy 100 LMT 9 Submitted
    1 status Submitted 0/100 held ""
    1 open Buy 100 LMT 9 PendingCancel
    1 status PendingCancel 0/100 held ""
    1 execution 000f4241.00000001.01.01 Bought 100 at 9 on 20131004 09:30:05 US/Eastern ref 
    1 open Buy 100 LMT 9 Filled
    1 status Filled 100/0 held ""
    1 open Buy 100 LMT 9 Filled
    1 status Filled 100/0 held ""
    commission 000f4241.00000001.01.01 1 None
    Some(1) notice 10148 OrderId 1 that needs to be cancelled cannot be cancelled, state: Filled.
    "#);
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_change_during_an_outage_leaves_two_living_orders_of_one_reference() {
    let outage = Outage { lasting: None, restored: Restored::DataKept, meanwhile: Meanwhile::Queued };
    let gateway = gateway(vec![
        before(Request::ModifyOrder, Deed::Outage(outage)),
        before(Request::ModifyOrder, Deed::Twin),
    ])
    .await;
    let mut desk = Desk::at(&gateway, 1).await;
    let stop = Order { order_ref: "S".to_owned(), ..order(Action::Sell, "STP", 8.0) };
    desk.place(1, &stop).await;
    desk.drain().await;
    desk.place(1, &Order { aux_price: Some(8.5), ..stop }).await;
    assert_eq!(desk.drain().await, "", "nothing is told while the servers are out of reach");
    gateway.faults().release();
    assert!(desk.notice(1102).await.contains("data maintained"));
    let told = desk.drain().await;
    assert!(told.starts_with("1 open Sell 100 STP 8.5 PreSubmitted"), "{told}");
    let open = desk.open_orders().await;
    let rows: Vec<_> = open.iter().map(|row| (row.order.aux_price, row.order.order_ref.as_str())).collect();
    assert_eq!(rows, [(Some(8.0), "S"), (Some(8.5), "S")]);
    assert_ne!(open[0].order.perm_id, open[1].order.perm_id);
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_child_whose_change_still_names_its_filled_parent_gets_135_and_is_cancelled() {
    let gateway = gateway(Vec::new()).await;
    let (mut desk, mut bars) = trading(&gateway).await;
    let legs = bracket(1, 9.50, 10.55);
    for (id, leg) in &legs {
        desk.place(*id, leg).await;
    }
    desk.done().await;
    in_time(bars.next()).await.expect("a bar").expect("readable");
    desk.drain().await;
    desk.place(2, &Order { aux_price: Some(9.80), transmit: true, ..legs[1].1.clone() }).await;
    insta::assert_snapshot!(desk.drain().await, @r#"
    Some(2) notice 135 Can't find order with id = 1
    2 open Sell 100 STP 9.5 Cancelled
    2 status Cancelled 0/100 held ""
    Some(2) notice 202 Order Canceled - reason:its change named a parent that is done
    "#);
    let open: Vec<i32> = desk.open_orders().await.iter().map(|row| row.order_id).collect();
    assert_eq!(open, [3]);
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_fault_strikes_from_the_match_it_names_and_as_often_as_it_says() {
    let refuse = || before(Request::PlaceOrder, Deed::Refuse(Words::of(201)));
    let gateway = gateway(vec![refuse().nth(2).times(Times::Count(2)).named("twice")]).await;
    let mut desk = Desk::at(&gateway, 1).await;
    for id in 1..=4 {
        desk.place(id, &order(Action::Buy, "LMT", 9.0)).await;
    }
    desk.drain().await;
    let open: Vec<i32> = desk.open_orders().await.iter().map(|row| row.order_id).collect();
    assert_eq!(open, [1, 4]);
    assert!(gateway.faults().struck().iter().all(|struck| struck.name == "twice"));

    gateway.faults().inject(refuse().times(Times::Always)).expect("a fault that can be");
    desk.place(5, &order(Action::Buy, "LMT", 9.0)).await;
    assert!(desk.drain().await.contains("notice 201"));
    gateway.faults().clear();
    desk.place(6, &order(Action::Buy, "LMT", 9.0)).await;
    assert!(!desk.drain().await.contains("notice 201"));
    let unfit = gateway.faults().now(Deed::Vanish).expect_err("there is no request to lose");
    assert_eq!(unfit.to_string(), "vanish cannot be done at once: it goes with `on` or `before` a request");
    gateway.shutdown().await;
}
