//! Orders over the wire: fills in parts, groups that reduce, every kind and life, refusals with a face.

use std::num::NonZeroU32;

use futures_util::{FutureExt, StreamExt};
use ibapi::market_data::realtime::Bar;
use ibapi::orders::{Action, OcaType, Order, OrderUpdate, Orders, TimeInForce};
use ibapi::prelude::{Subscription, SubscriptionItem};
use prusik::gateway::{Fills, Gateway, Margin, OrphanModify, Settings};

use crate::desk::*;

/// Every five-second bar of the desk's minutes has a volume of 100.
fn by_volume(percent: u32) -> Settings {
    let percent = NonZeroU32::new(percent).expect("a percentage");
    Settings { fills: Fills::BarVolume { percent }, ..settings() }
}

/// A client in lockstep with a market that has not moved yet.
async fn in_step(gateway: &Gateway) -> (Desk, Subscription<Bar>) {
    let desk = Desk::at(gateway, 1).await;
    desk.done().await;
    let bars = desk.bars("XYZ").await;
    (desk, bars)
}

async fn play(desk: &Desk, bars: &mut Subscription<Bar>, count: usize) {
    for _ in 0..count {
        desk.done().await;
        in_time(bars.next()).await.expect("a bar").expect("readable");
    }
}

/// What was told since the last time, as it came.
async fn updates(desk: &mut Desk) -> Vec<OrderUpdate> {
    in_time(desk.client.server_time()).await.expect("a round trip");
    let mut told = Vec::new();
    while let Some(Some(item)) = desk.orders.next().now_or_never() {
        if let SubscriptionItem::Data(update) = item.expect("readable") {
            told.push(update);
        }
    }
    told
}

async fn completed(desk: &Desk) -> Vec<String> {
    let mut rows = in_time(desk.client.completed_orders(false)).await.expect("completed orders");
    let rows = rows.collect_to_end_within(PATIENCE).await.expect("to their end");
    let row = |row| match row {
        Orders::OrderData(data) => {
            let (order, state) = (data.order, data.order_state);
            format!(
                "{} left {} filled {} {} | {}",
                order.order_type,
                order.total_quantity,
                order.filled_quantity,
                state.status,
                state.completed_status
            )
        }
        Orders::OrderStatus(status) => format!("{status:?}"),
    };
    rows.into_iter().map(row).collect()
}

#[tokio::test]
async fn an_order_larger_than_the_volume_fills_in_parts_that_add_up() {
    let gateway = Gateway::start(by_volume(100)).await.expect("started");
    let (mut desk, mut bars) = in_step(&gateway).await;
    desk.place(1, &Order { total_quantity: 250.0, ..order(Action::Buy, "MKT", 0.0) }).await;
    desk.drain().await;
    play(&desk, &mut bars, 3).await;
    let mut told = Vec::new();
    let (mut commission, mut shares) = (0.0, 0.0);
    for update in updates(&mut desk).await {
        match update {
            OrderUpdate::ExecutionData(data) => {
                let it = data.execution;
                shares += it.shares;
                told.push(format!(
                    "execution {} at {}, {} at {:.4}",
                    it.shares, it.price, it.cumulative_quantity, it.average_price
                ));
            }
            OrderUpdate::OrderStatus(it) => told.push(format!(
                "status {} {}/{} at {:.4}, last {}",
                it.status,
                it.filled,
                it.remaining,
                it.average_fill_price.unwrap_or(0.0),
                it.last_fill_price.unwrap_or(0.0)
            )),
            OrderUpdate::OpenOrder(it) => told.push(format!(
                "open {} {} of {}",
                it.order_state.status, it.order.filled_quantity, it.order.total_quantity
            )),
            OrderUpdate::CommissionReport(it) => {
                commission += it.commission;
                told.push(format!("commission {}", it.commission));
            }
            OrderUpdate::OrderBound(_) => panic!("nothing is bound"),
        }
    }
    told.dedup();
    insta::assert_snapshot!(told.join("\n"), @r"
    execution 100 at 10, 100 at 10.0000
    open Submitted 100 of 250
    status Submitted 100/150 at 10.0000, last 10
    open Submitted 100 of 250
    status Submitted 100/150 at 10.0000, last 10
    commission 1
    execution 100 at 9.98, 200 at 9.9900
    open Submitted 200 of 250
    status Submitted 200/50 at 9.9900, last 9.98
    open Submitted 200 of 250
    status Submitted 200/50 at 9.9900, last 9.98
    commission 0
    execution 50 at 9.96, 250 at 9.9840
    open Filled 250 of 250
    status Filled 250/0 at 9.9840, last 9.96
    open Filled 250 of 250
    status Filled 250/0 at 9.9840, last 9.96
    commission 0.25
    ");
    assert_eq!((shares, commission), (250.0, 1.25));
    assert_eq!(completed(&desk).await, ["MKT left 0 filled 250 Filled | Filled Size: 250"]);
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_parent_cancelled_in_mid_fill_leaves_its_children_what_it_filled() {
    let gateway = Gateway::start(by_volume(40)).await.expect("started");
    let (mut desk, mut bars) = in_step(&gateway).await;
    let leg = |order: Order| Order { parent_id: 1, tif: TimeInForce::GoodTillCanceled, ..order };
    desk.place(1, &Order { transmit: false, ..order(Action::Buy, "LMT", 10.0) }).await;
    desk.place(2, &Order { transmit: false, ..leg(order(Action::Sell, "STP", 9.00)) }).await;
    desk.place(3, &leg(order(Action::Sell, "LMT", 10.50))).await;
    desk.drain().await;
    play(&desk, &mut bars, 1).await;
    insta::assert_snapshot!(desk.drain().await, @r#"
    1 execution 000f4241.00000001.01.01 Bought 40 at 10 on 20131004 09:30:00 US/Eastern ref 
    1 open Buy 100 LMT 10 Submitted
    1 status Submitted 40/60 held ""
    1 open Buy 100 LMT 10 Submitted
    1 status Submitted 40/60 held ""
    commission 000f4241.00000001.01.01 1 None
    2 open Sell 100 STP 9 PreSubmitted
    2 status PreSubmitted 0/100 held "trigger"
    3 open Sell 100 LMT 10.5 Submitted
    3 status Submitted 0/100 held ""
    "#);
    drop(in_time(desk.client.cancel_order(1, "")).await.expect("written"));
    insta::assert_snapshot!(desk.drain().await, @r#"
    1 open Buy 100 LMT 10 Cancelled
    1 status Cancelled 40/60 held ""
    Some(1) notice 202 Order Canceled - reason:
    2 open Sell 40 STP 9 PreSubmitted
    2 status PreSubmitted 0/40 held "trigger"
    3 open Sell 40 LMT 10.5 Submitted
    3 status Submitted 0/40 held ""
    "#);
    let open = desk.open_orders().await;
    let told: Vec<_> =
        open.iter().map(|row| (row.order_id, row.order.total_quantity, row.order.oca_type)).collect();
    assert_eq!(told, [(2, 40.0, OcaType::ReduceWithoutBlock), (3, 40.0, OcaType::ReduceWithoutBlock)]);
    assert_eq!(completed(&desk).await, ["LMT left 60 filled 40 Cancelled | Cancelled by Trader"]);
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_group_that_reduces_takes_the_shares_of_a_fill_from_the_others() {
    let gateway = Gateway::start(by_volume(100)).await.expect("started");
    let (mut desk, mut bars) = in_step(&gateway).await;
    for (id, quantity, kind, price) in
        [(1, 150.0, "LMT", 10.0), (2, 200.0, "STP", 11.0), (3, 80.0, "LMT", 9.0)]
    {
        let order = Order {
            total_quantity: quantity,
            oca_group: "one of these".to_owned(),
            oca_type: OcaType::ReduceWithBlock,
            ..order(Action::Buy, kind, price)
        };
        desk.place(id, &order).await;
    }
    desk.drain().await;
    play(&desk, &mut bars, 1).await;
    insta::assert_snapshot!(desk.drain().await, @r#"
    1 execution 000f4241.00000001.01.01 Bought 100 at 10 on 20131004 09:30:00 US/Eastern ref 
    1 open Buy 150 LMT 10 Submitted
    1 status Submitted 100/50 held ""
    1 open Buy 150 LMT 10 Submitted
    1 status Submitted 100/50 held ""
    commission 000f4241.00000001.01.01 1 None
    2 open Buy 100 STP 11 PreSubmitted
    2 status PreSubmitted 0/100 held "trigger"
    3 open Buy 80 LMT 9 Cancelled
    3 status Cancelled 0/80 held ""
    Some(3) notice 202 Order Canceled - reason:another order of its group was filled
    "#);
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_trailing_stop_tells_where_it_stands_and_a_stop_limit_rests_as_its_limit() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let (mut desk, mut bars) = in_step(&gateway).await;
    play(&desk, &mut bars, 1).await;
    let trail = Order { aux_price: Some(0.35), ..order(Action::Sell, "TRAIL", 0.0) };
    let percent = Order {
        trailing_percent: Some(9.0),
        trail_stop_price: Some(9.25),
        ..order(Action::Sell, "TRAIL", 0.0)
    };
    let stop_limit =
        Order { aux_price: Some(9.95), limit_price: Some(9.96), ..order(Action::Sell, "STP LMT", 0.0) };
    for (id, order) in [(1, &trail), (2, &percent), (3, &stop_limit)] {
        desk.place(id, order).await;
    }
    let row = |update: OrderUpdate| match update {
        OrderUpdate::OpenOrder(it) => {
            let order = it.order;
            Some(format!(
                "{} {} {} limit {:?} aux {:?} percent {:?} stop {:?}",
                it.order_id,
                order.order_type,
                it.order_state.status,
                order.limit_price,
                order.aux_price,
                order.trailing_percent,
                order.trail_stop_price
            ))
        }
        OrderUpdate::ExecutionData(it) => {
            Some(format!("{} filled at {}", it.execution.order_id, it.execution.price))
        }
        _ => None,
    };
    let mut told: Vec<String> = updates(&mut desk).await.into_iter().filter_map(row).collect();
    play(&desk, &mut bars, 36).await;
    told.extend(updates(&mut desk).await.into_iter().filter_map(row));
    told.dedup();
    insta::assert_snapshot!(told.join("\n"), @r"
    1 TRAIL PreSubmitted limit Some(0.0) aux Some(0.35) percent None stop Some(9.63)
    2 TRAIL PreSubmitted limit Some(0.0) aux None percent Some(9.0) stop Some(9.25)
    3 STP LMT PreSubmitted limit Some(9.96) aux Some(9.95) percent None stop None
    3 STP LMT Submitted limit Some(9.96) aux Some(9.95) percent None stop None
    3 filled at 9.96
    3 STP LMT Filled limit Some(9.96) aux Some(9.95) percent None stop None
    1 TRAIL PreSubmitted limit Some(0.0) aux Some(0.35) percent None stop Some(9.77)
    1 TRAIL PreSubmitted limit Some(0.0) aux Some(0.35) percent None stop Some(9.95)
    2 TRAIL PreSubmitted limit Some(0.0) aux None percent Some(9.0) stop Some(9.38)
    1 TRAIL PreSubmitted limit Some(0.0) aux Some(0.35) percent None stop Some(10.25)
    2 TRAIL PreSubmitted limit Some(0.0) aux None percent Some(9.0) stop Some(9.65)
    ");
    gateway.shutdown().await;
}

#[tokio::test]
async fn an_order_good_till_a_date_ends_with_it_and_bad_dates_are_refused() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let (mut desk, mut bars) = in_step(&gateway).await;
    let till = |date: &str| Order {
        tif: TimeInForce::GoodTillDate,
        good_till_date: date.to_owned(),
        ..order(Action::Buy, "LMT", 9.0)
    };
    desk.place(1, &till("20131004 09:30:10 US/Eastern")).await;
    desk.place(2, &till("20131004-13:30:05")).await;
    desk.place(3, &till("")).await;
    desk.place(3, &till("20131003 16:00:00 US/Eastern")).await;
    desk.place(3, &till("tomorrow")).await;
    let open = desk.open_orders().await;
    assert_eq!(open[0].order.good_till_date, "20131004 09:30:10 US/Eastern");
    assert_eq!(open[0].order.tif, TimeInForce::GoodTillDate);
    desk.drain().await;
    play(&desk, &mut bars, 2).await;
    insta::assert_snapshot!(desk.drain().await, @r#"
    2 open Buy 100 LMT 9 Cancelled
    2 status Cancelled 0/100 held ""
    Some(2) notice 202 Order Canceled - reason:the time it was good for is over
    1 open Buy 100 LMT 9 Cancelled
    1 status Cancelled 0/100 held ""
    Some(1) notice 202 Order Canceled - reason:the time it was good for is over
    "#);
    gateway.shutdown().await;
}

#[tokio::test]
async fn an_order_beyond_the_account_gets_201_and_stands_inactive_with_its_children_cancelled() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let (mut desk, mut bars) = in_step(&gateway).await;
    play(&desk, &mut bars, 1).await;
    let mut legs = bracket(1, 9.00, 11.00);
    for (id, leg) in &mut legs {
        leg.total_quantity = 50_000.0;
        desk.place(*id, leg).await;
    }
    drop(in_time(desk.client.cancel_order(1, "")).await.expect("written"));
    insta::assert_snapshot!(desk.drain().await, @r#"
    1 open Buy 50000 MKT 0 PreSubmitted
    1 status PreSubmitted 0/50000 held ""
    2 open Sell 50000 STP 9 PreSubmitted
    2 status PreSubmitted 0/50000 held ""
    1 open Buy 50000 MKT 0 Inactive
    1 status Inactive 0/50000 held ""
    Some(1) notice 201 Order rejected - reason:YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH LOAN VALUE [99750.00 USD] MUST EXCEED THE INITIAL MARGIN [124750.00 USD]
    2 open Sell 50000 STP 9 Cancelled
    2 status Cancelled 0/50000 held ""
    Some(2) notice 202 Order Canceled - reason:its parent was cancelled
    3 open Sell 50000 LMT 11 Cancelled
    3 status Cancelled 0/50000 held ""
    Some(3) notice 202 Order Canceled - reason:its parent was cancelled
    Some(1) notice 10148 OrderId 1 that needs to be cancelled cannot be cancelled, state: Inactive.
    "#);
    assert!(desk.open_orders().await.is_empty());
    let first = &completed(&desk).await[0];
    assert!(first.starts_with("MKT left 50000 filled 0 Inactive | Order rejected"), "{first}");
    gateway.shutdown().await;

    let gateway = Gateway::start(Settings { margin: Margin::Ignored, ..settings() }).await.expect("started");
    let (mut desk, mut bars) = in_step(&gateway).await;
    play(&desk, &mut bars, 1).await;
    desk.place(1, &Order { total_quantity: 50_000.0, ..order(Action::Buy, "LMT", 9.0) }).await;
    assert!(desk.drain().await.starts_with("1 open Buy 50000 LMT 9 Submitted"));
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_change_that_still_names_its_filled_parent_costs_the_child_unless_it_is_spared() {
    for rule in [OrphanModify::Cancels, OrphanModify::LeavesAlive] {
        let gateway = Gateway::start(Settings { orphan_modify: rule, ..settings() }).await.expect("started");
        let (mut desk, mut bars) = in_step(&gateway).await;
        for (id, leg) in bracket(1, 9.00, 11.00) {
            desk.place(id, &leg).await;
        }
        play(&desk, &mut bars, 1).await;
        desk.drain().await;
        let moved = Order { aux_price: Some(9.50), transmit: true, ..bracket(1, 9.00, 11.00)[1].1.clone() };
        desk.place(2, &moved).await;
        let told = desk.drain().await;
        assert!(told.starts_with("Some(2) notice 135 Can't find order with id = 1"), "{told}");
        assert_eq!(told.contains("2 status Cancelled 0/100"), rule == OrphanModify::Cancels, "{told}");
        let open: Vec<i32> = desk.open_orders().await.iter().map(|row| row.order_id).collect();
        assert_eq!(open, if rule == OrphanModify::Cancels { vec![3] } else { vec![2, 3] });
        gateway.shutdown().await;
    }
}
