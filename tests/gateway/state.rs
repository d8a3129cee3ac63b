//! The gateway's state over its restart, as clients see it.

use std::path::Path;

use futures_util::StreamExt;
use ibapi::accounts::types::AccountGroup;
use ibapi::accounts::{AccountSummaryResult, PositionUpdate};
use ibapi::orders::{Action, ExecutionFilter, Executions, Orders, TimeInForce};
use ibapi::prelude::SubscriptionItem;
use prusik::gateway::{Gateway, OpenOrdersOnConnect, Settings, StartError, StateError};

use crate::desk::*;

fn kept(file: &Path) -> Settings {
    let open_orders_on_connect = OpenOrdersOnConnect::Withheld;
    Settings { state: Some(file.to_owned()), open_orders_on_connect, ..settings() }
}

async fn start(file: &Path) -> Gateway {
    Gateway::start(kept(file)).await.expect("started")
}

/// What a client can learn of the account by asking.
async fn books(desk: &Desk) -> Vec<String> {
    let mut told = Vec::new();
    for row in desk.open_orders().await {
        let order = &row.order;
        let price = order.limit_price.filter(|price| *price > 0.0).or(order.aux_price);
        told.push(format!(
            "open {} {} parent {} {:?} {price:?} {} {} {}",
            row.order_id,
            order.perm_id,
            order.parent_id,
            order.action,
            order.order_ref,
            order.oca_group,
            row.order_state.status
        ));
    }
    let mut ended = in_time(desk.client.completed_orders(false)).await.expect("completed orders");
    for row in ended.collect_to_end_within(PATIENCE).await.expect("to their end") {
        if let Orders::OrderData(row) = row {
            told.push(format!("ended {} {}", row.order.perm_id, row.order_state.completed_status));
        }
    }
    let mut fills = in_time(desk.client.executions(ExecutionFilter::default())).await.expect("executions");
    for fill in fills.collect_to_end_within(PATIENCE).await.expect("to their end") {
        told.push(match fill {
            Executions::ExecutionData(fill) => {
                let it = fill.execution;
                format!("execution {} {} {} {}", it.execution_id, it.perm_id, it.price, it.time)
            }
            Executions::CommissionReport(report) => format!("commission {}", report.commission),
        });
    }
    let mut positions = in_time(desk.client.positions()).await.expect("positions");
    while let Some(Ok(SubscriptionItem::Data(PositionUpdate::Position(held)))) =
        in_time(positions.next()).await
    {
        told.push(format!("position {} {} at {}", held.contract.symbol, held.position, held.average_cost));
    }
    let tags = ["NetLiquidation", "TotalCashValue"];
    let group = AccountGroup::from("All");
    let mut rows = in_time(desk.client.account_summary(&group, &tags)).await.expect("the account");
    while let Some(Ok(SubscriptionItem::Data(AccountSummaryResult::Summary(row)))) =
        in_time(rows.next()).await
    {
        told.push(format!("{} {}", row.tag, row.value));
    }
    told
}

#[tokio::test]
async fn a_gateway_that_is_started_again_goes_on_where_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state.jsonl");
    let gateway = start(&file).await;
    let mut desk = Desk::at(&gateway, 5).await;
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    for (id, order) in bracket(1, 9.50, 12.00) {
        desk.place(id, &order).await;
    }
    let mut far = order(Action::Buy, "LMT", 5.00);
    far.tif = TimeInForce::GoodTillCanceled;
    desk.place(4, &far).await;
    desk.place(5, &far).await;
    desk.drain().await;
    let _ = in_time(desk.client.cancel_order(5, "")).await.expect("cancelled");
    let mut last = None;
    for _ in 0..3 {
        desk.done().await;
        last = Some(in_time(bars.next()).await.expect("a bar").expect("readable"));
    }
    desk.drain().await;
    let before = books(&desk).await;
    let time = gateway.market_time();
    assert!(before.iter().any(|line| line.starts_with("position XYZ 100")), "{before:#?}");
    drop((desk, bars));
    gateway.shutdown().await;

    let gateway = start(&file).await;
    assert_eq!(gateway.market_time(), time);
    let mut desk = Desk::at(&gateway, 5).await;
    assert_eq!(desk.client.next_order_id(), 6);
    assert_eq!(books(&desk).await, before);
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    desk.done().await;
    let SubscriptionItem::Data(next) = in_time(bars.next()).await.expect("a bar").expect("readable") else {
        panic!("a bar");
    };
    let Some(SubscriptionItem::Data(last)) = last else { panic!("a bar") };
    assert_eq!((next.date - last.date).whole_seconds(), 5, "the market goes on, and trades nothing twice");
    // The stop that came back protects: it is cancelled with its sibling as any other.
    let _ = in_time(desk.client.cancel_order(2, "")).await.expect("cancelled");
    assert!(desk.drain().await.contains("2 status Cancelled"));
    drop((desk, bars));
    gateway.shutdown().await;
}

#[tokio::test]
async fn an_order_that_was_not_transmitted_does_not_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state.jsonl");
    let gateway = start(&file).await;
    let mut desk = Desk::at(&gateway, 5).await;
    let [(id, held), ..] = bracket(1, 9.50, 12.00);
    desk.place(id, &held).await;
    desk.drain().await;
    assert_eq!(desk.open_orders().await.len(), 1);
    drop(desk);
    gateway.shutdown().await;
    let gateway = start(&file).await;
    let desk = Desk::at(&gateway, 5).await;
    assert_eq!(desk.open_orders().await.len(), 0);
    assert_eq!(desk.client.next_order_id(), 2, "its id is used up");
    drop(desk);
    gateway.shutdown().await;
}

/// What a start with this file says.
async fn refused(file: &Path, settings: Settings) -> String {
    let settings = Settings { state: Some(file.to_owned()), ..settings };
    let error = Gateway::start(settings).await.expect_err("refused");
    assert!(matches!(error, StartError::State(_)));
    error.to_string().replace(&file.display().to_string(), "FILE")
}

#[tokio::test]
async fn a_torn_last_line_is_dropped_and_anything_else_that_is_wrong_is_refused_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state.jsonl");
    let gateway = start(&file).await;
    let mut desk = Desk::at(&gateway, 5).await;
    for id in 1..=3 {
        desk.place(id, &order(Action::Buy, "LMT", 5.00)).await;
    }
    desk.drain().await;
    let second = Gateway::start(kept(&file)).await.expect_err("one file, one gateway");
    assert!(matches!(second, StartError::State(StateError::InUse { .. })), "{second}");
    drop(desk);
    gateway.shutdown().await;

    let whole = std::fs::read_to_string(&file).expect("the state");
    // Whose state it is, what it began with, three orders, and the end.
    assert_eq!(whole.lines().count(), 6, "{whole}");
    let whole: String = whole.split_inclusive('\n').take(5).collect();
    let torn = &whole[..whole.len() - 20];
    std::fs::write(&file, torn).expect("written");
    let gateway = start(&file).await;
    let desk = Desk::at(&gateway, 6).await;
    assert_eq!(desk.open_orders().await.len(), 2, "the order of the torn line was never told");
    drop(desk);
    gateway.shutdown().await;

    let mut lines: Vec<&str> = whole.lines().collect();
    lines[2] = "{";
    std::fs::write(&file, lines.join("\n") + "\n").expect("written");
    let told = refused(&file, settings()).await;
    assert!(told.starts_with("FILE, line 3: "), "{told}");
    lines.remove(2);
    std::fs::write(&file, lines.join("\n") + "\n").expect("written");
    assert_eq!(refused(&file, settings()).await, "FILE, line 3: its order 1 cannot be");

    std::fs::write(&file, &whole).expect("written");
    let mut other = settings();
    other.bars.truncate(1);
    let told = refused(&file, other).await;
    assert_eq!(told, "FILE, line 1: it is the state of ABC, XYZ, and the bars are of XYZ");
    let told = refused(&file, Settings { account: "DU7".to_owned(), ..settings() }).await;
    assert_eq!(told, "FILE, line 1: it is the state of account DU0000001, not of DU7");
    std::fs::write(&file, "time,open,high,low,close,volume").expect("written");
    assert!(refused(&file, settings()).await.starts_with("FILE, line 1: "), "no other file is written over");
}
