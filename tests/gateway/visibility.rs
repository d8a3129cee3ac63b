//! Who is told what: several clients, client 0 and orders entered by hand, the master client.

#[path = "wire.rs"]
pub(crate) mod wire;

use futures_util::{FutureExt, StreamExt};
use ibapi::accounts::types::AccountGroup;
use ibapi::accounts::{AccountSummaryResult, PositionUpdate};
use ibapi::orders::{Action, ExecutionFilter, Executions, Order, Orders};
use ibapi::prelude::Subscription;
use ibapi::prelude::SubscriptionItem;
use prusik::domain::ids::Side;
use prusik::domain::money::Price;
use prusik::domain::order::OrderKind;
use prusik::gateway::{Gateway, ManualOrder, OpenOrdersOnConnect, Settings};
use rust_decimal::Decimal;

use crate::desk::*;

/// A limit to buy far below the market: it stays.
fn patient() -> Order {
    Order { order_ref: "patient".to_owned(), ..order(Action::Buy, "LMT", 9.0) }
}

fn at(cents: i64) -> Price {
    Price::new(Decimal::new(cents, 2)).expect("a price")
}

async fn started() -> Gateway {
    Gateway::start(settings()).await.expect("started")
}

/// `client/order status` of every order that is told.
async fn rows(mut asked: Subscription<Orders>) -> Vec<String> {
    let rows = asked.collect_to_end_within(PATIENCE).await.expect("to their end");
    let line = |row| match row {
        Orders::OrderData(row) => Some(format!(
            "{}/{} {} {}",
            row.order.client_id, row.order_id, row.order.order_ref, row.order_state.status
        )),
        Orders::OrderStatus(_) => None,
    };
    rows.into_iter().filter_map(line).collect()
}

/// `client/order ref shares` of every execution that is told.
async fn executions(desk: &Desk, filter: ExecutionFilter) -> Vec<String> {
    let mut asked = in_time(desk.client.executions(filter)).await.expect("executions");
    let rows = asked.collect_to_end_within(PATIENCE).await.expect("to their end");
    let line = |row| match row {
        Executions::ExecutionData(row) => {
            let it = row.execution;
            Some(format!("{}/{} {} {}", it.client_id, it.order_id, it.order_reference, it.shares))
        }
        Executions::CommissionReport(_) => None,
    };
    rows.into_iter().filter_map(line).collect()
}

async fn held(positions: &mut Subscription<PositionUpdate>) -> Vec<f64> {
    let mut held = Vec::new();
    while let Some(Some(Ok(SubscriptionItem::Data(update)))) = positions.next().now_or_never() {
        if let PositionUpdate::Position(row) = update {
            held.push(row.position);
        }
    }
    held
}

// ---- several clients

#[tokio::test]
async fn each_client_hears_of_its_own_orders_and_may_ask_about_everybodys() {
    let gateway = started().await;
    let (mut one, mut two) = (Desk::at(&gateway, 1).await, Desk::at(&gateway, 2).await);
    one.done().await;
    let mut bars = one.bars("XYZ").await;
    one.place(1, &Order { order_ref: "one".to_owned(), ..order(Action::Buy, "MKT", 0.0) }).await;
    one.place(2, &patient()).await;
    one.done().await;
    in_time(bars.next()).await.expect("a bar").expect("readable");
    two.place(1, &Order { order_ref: "two".to_owned(), ..order(Action::Buy, "LMT", 8.0) }).await;
    insta::assert_snapshot!(two.drain().await, @r#"
    1 open Buy 100 LMT 8 Submitted
    1 status Submitted 0/100 held ""
    "#);

    // An id that is not its own does not exist for it: 10147 to cancel, and to place it is a new order.
    drop(in_time(two.client.cancel_order(2, "")).await.expect("written"));
    two.place(2, &order(Action::Sell, "LMT", 20.0)).await;
    insta::assert_snapshot!(two.drain().await, @r#"
    Some(2) notice 10147 OrderId 2 that needs to be cancelled is not found.
    2 open Sell 100 LMT 20 Submitted
    2 status Submitted 0/100 held ""
    "#);

    let own = rows(in_time(two.client.open_orders()).await.expect("open orders")).await;
    assert_eq!(own, ["2/1 two Submitted", "2/2  Submitted"]);
    let all = rows(in_time(two.client.all_open_orders()).await.expect("open orders")).await;
    assert_eq!(all, ["1/2 patient Submitted", "2/1 two Submitted", "2/2  Submitted"]);
    assert_eq!(executions(&two, ExecutionFilter::default()).await, ["1/1 one 100"]);
    for (client_id, count) in [(1, 1), (2, 0)] {
        let filter = ExecutionFilter { client_id: Some(client_id), ..ExecutionFilter::default() };
        assert_eq!(executions(&two, filter).await.len(), count, "of client {client_id}");
    }
    let ended = rows(in_time(two.client.completed_orders(true)).await.expect("completed orders")).await;
    assert_eq!(ended, ["1/-1 one Filled"]);

    // A global cancel spares nobody.
    one.drain().await;
    in_time(two.client.global_cancel()).await.expect("written");
    two.drain().await;
    insta::assert_snapshot!(one.drain().await, @r#"
    2 open Buy 100 LMT 9 Cancelled
    2 status Cancelled 0/100 held ""
    Some(2) notice 202 Order Canceled - reason:
    "#);
    gateway.shutdown().await;
}

#[tokio::test]
async fn an_id_once_used_is_refused_and_a_permanent_id_outlives_the_connection() {
    let gateway = started().await;
    let mut desk = Desk::at(&gateway, 4).await;
    desk.place(7, &patient()).await;
    desk.place(3, &patient()).await;
    assert!(desk.drain().await.ends_with("Some(3) notice 103 Duplicate order id"));
    assert_eq!(in_time(desk.client.next_valid_order_id()).await.expect("an id"), 8);
    let perm_id = desk.open_orders().await[0].order.perm_id;
    in_time(desk.client.disconnect()).await;
    let other = Desk::at(&gateway, 5).await;
    assert_eq!(other.client.next_order_id(), 1, "each client counts for itself");
    assert_eq!(other.open_orders().await[0].order.perm_id, perm_id);
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_client_that_connects_is_told_of_its_open_orders_unless_they_are_withheld() {
    for (on_connect, expected) in
        [(OpenOrdersOnConnect::Sent, vec![15, 9, 5, 3, 4]), (OpenOrdersOnConnect::Withheld, vec![15, 9, 4])]
    {
        let settings = Settings { open_orders_on_connect: on_connect, ..settings() };
        let gateway = Gateway::start(settings).await.expect("started");
        let mut desk = Desk::at(&gateway, 4).await;
        desk.place(1, &patient()).await;
        desk.drain().await;
        in_time(desk.client.disconnect()).await;
        // The gateway learns of the end of a connection by itself; until then the id is taken.
        let told = loop {
            let told = greeted(&gateway, 4).await;
            if told != [4] {
                break told;
            }
        };
        assert_eq!(told, expected);
        assert_eq!(greeted(&gateway, 5).await, [15, 9, 4], "it has no orders");
        gateway.shutdown().await;
    }
}

/// The kinds of frames a client gets before it asks anything, up to the first notice.
async fn greeted(gateway: &Gateway, id: u8) -> Vec<u32> {
    let mut raw = Raw::greet(gateway, "v213..226").await;
    raw.next().await.expect("the welcome");
    raw.frame(71, &[0x08, id]).await;
    let mut told = Vec::new();
    while told.last() != Some(&4) {
        told.push(raw.next().await.expect("a frame").0);
    }
    told
}

#[tokio::test]
async fn executions_of_the_days_before_today_are_told_only_when_they_are_asked_for() {
    let mut bars = minutes("2013-10-04T15:59:00-04:00", &MINUTES[..1]);
    bars.extend(minutes("2013-10-07T09:30:00-04:00", &MINUTES[..1]));
    let settings = Settings { bars: vec![("XYZ".to_owned(), bars)], ..settings() };
    let gateway = Gateway::start(settings).await.expect("started");
    let desk = Desk::at(&gateway, 1).await;
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    desk.place(1, &order(Action::Buy, "MKT", 0.0)).await;
    let monday = 1_381_152_600;
    loop {
        desk.done().await;
        let Some(Ok(SubscriptionItem::Data(bar))) = in_time(bars.next()).await else { panic!("a bar") };
        if bar.date.unix_timestamp() == monday {
            break;
        }
    }
    let filter = |last_n_days, dates: &[&str]| ExecutionFilter {
        last_n_days,
        specific_dates: dates.iter().map(|date| (*date).to_owned()).collect(),
        ..ExecutionFilter::default()
    };
    assert!(executions(&desk, filter(0, &[])).await.is_empty());
    assert!(executions(&desk, filter(2, &[])).await.is_empty());
    assert_eq!(executions(&desk, filter(3, &[])).await.len(), 1);
    assert_eq!(executions(&desk, filter(0, &["20131004"])).await.len(), 1);
    assert!(executions(&desk, filter(0, &["20131007"])).await.is_empty());
    gateway.shutdown().await;
}

// ---- orders entered by hand

#[tokio::test]
async fn an_order_entered_by_hand_is_nobodys_until_client_0_binds_it() {
    let gateway = started().await;
    let (mut zero, mut two) = (Desk::at(&gateway, 0).await, Desk::at(&gateway, 2).await);
    let limit = OrderKind::Limit(at(900));
    let perm_id = gateway.place_manual(&ManualOrder::new("XYZ", Side::Buy, 100, limit)).expect("taken");
    assert_eq!((zero.drain().await, two.drain().await), (String::new(), String::new()));
    let all = rows(in_time(two.client.all_open_orders()).await.expect("open orders")).await;
    assert_eq!(all, ["0/0  Submitted"]);
    assert_eq!(two.open_orders().await[0].order.perm_id, perm_id.0);
    drop(in_time(zero.client.cancel_order(0, "")).await.expect("written"));
    assert_eq!(zero.drain().await, "Some(0) notice 10147 OrderId 0 that needs to be cancelled is not found.");

    let own = rows(in_time(zero.client.open_orders()).await.expect("open orders")).await;
    assert_eq!(own, ["0/-2  Submitted"]);
    insta::assert_snapshot!(zero.drain().await, @r#"
    -2 open Buy 100 LMT 9 Submitted
    -2 status Submitted 0/100 held ""
    -2 bound
    "#);
    let again = rows(in_time(zero.client.open_orders()).await.expect("open orders")).await;
    assert_eq!(again, own, "bound once");
    assert_eq!(rows(in_time(two.client.open_orders()).await.expect("open orders")).await, [""; 0]);

    // Client 0 changes and cancels it as its own; to client 2 the id does not exist.
    zero.drain().await;
    zero.place(-2, &order(Action::Buy, "LMT", 9.1)).await;
    drop(in_time(two.client.cancel_order(-2, "")).await.expect("written"));
    assert_eq!(
        two.drain().await,
        "Some(-2) notice 10147 OrderId -2 that needs to be cancelled is not found."
    );
    drop(in_time(zero.client.cancel_order(-2, "")).await.expect("written"));
    insta::assert_snapshot!(zero.drain().await, @r#"
    -2 open Buy 100 LMT 9.1 Submitted
    -2 status Submitted 0/100 held ""
    -2 open Buy 100 LMT 9.1 Submitted
    -2 status Submitted 0/100 held ""
    -2 open Buy 100 LMT 9.1 Cancelled
    -2 status Cancelled 0/100 held ""
    Some(-2) notice 202 Order Canceled - reason:
    "#);
    assert_eq!(zero.client.next_order_id(), 1, "ids of bound orders do not count");
    gateway.shutdown().await;
}

#[tokio::test]
async fn client_0_may_bind_orders_entered_by_hand_as_they_come_and_no_other_client_may() {
    let gateway = started().await;
    let (mut zero, mut two) = (Desk::at(&gateway, 0).await, Desk::at(&gateway, 2).await);
    let _wants = in_time(zero.client.auto_open_orders(true)).await.expect("written");
    let _refused = in_time(two.client.auto_open_orders(true)).await.expect("written");
    assert!(two.notice(321).await.contains("Only the default client (i.e 0) can auto bind orders"));
    zero.drain().await;
    let stop = OrderKind::Stop(at(950));
    let first = gateway.place_manual(&ManualOrder::new("XYZ", Side::Sell, 50, stop)).expect("taken");
    gateway.place_manual(&ManualOrder::new("XYZ", Side::Sell, 60, stop)).expect("taken");
    gateway.cancel_manual(first).expect("it lives");
    insta::assert_snapshot!(zero.drain().await, @r#"
    -2 open Sell 50 STP 9.5 PreSubmitted
    -2 status PreSubmitted 0/50 held "trigger"
    -2 bound
    -3 open Sell 60 STP 9.5 PreSubmitted
    -3 status PreSubmitted 0/60 held "trigger"
    -3 bound
    -2 open Sell 50 STP 9.5 Cancelled
    -2 status Cancelled 0/50 held ""
    Some(-2) notice 202 Order Canceled - reason:
    "#);
    let gone = gateway.cancel_manual(first).expect_err("it has ended");
    assert_eq!(gone.code, 10_147);
    let off = gateway.place_manual(&ManualOrder::new("QQQ", Side::Sell, 50, stop)).expect_err("unknown");
    assert_eq!(off.code, 200);
    in_time(zero.client.global_cancel()).await.expect("written");
    zero.drain().await;
    assert!(two.open_orders().await.is_empty());
    gateway.shutdown().await;
}

#[tokio::test]
async fn what_is_traded_by_hand_moves_the_account_that_every_client_sees() {
    let gateway = started().await;
    let mut desk = Desk::at(&gateway, 3).await;
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    let mut positions = in_time(desk.client.positions()).await.expect("positions");
    gateway.place_manual(&ManualOrder::new("XYZ", Side::Buy, 100, OrderKind::Market)).expect("taken");
    desk.done().await;
    in_time(bars.next()).await.expect("a bar").expect("readable");
    assert_eq!(desk.drain().await, "", "it is not its order");
    assert_eq!(held(&mut positions).await, [100.0]);
    assert_eq!(executions(&desk, ExecutionFilter::default()).await, ["0/0  100"]);
    let all = rows(in_time(desk.client.completed_orders(false)).await.expect("completed orders")).await;
    assert_eq!(all, ["0/-1  Filled"]);
    let api = rows(in_time(desk.client.completed_orders(true)).await.expect("completed orders")).await;
    assert_eq!(api, [""; 0], "only orders of clients");

    // A position that came from elsewhere, and one that went there.
    gateway.hold("ABC", -20, Decimal::from(50)).expect("held");
    gateway.hold("XYZ", 0, Decimal::ONE).expect("held");
    desk.drain().await;
    assert_eq!(held(&mut positions).await, [-20.0, 0.0]);
    assert_eq!(gateway.hold("QQQ", 1, Decimal::ONE).expect_err("unknown").code, 200);
    assert_eq!(gateway.hold("XYZ", 1, Decimal::ZERO).expect_err("no price").code, 321);
    gateway.shutdown().await;
}

// ---- the master client

#[tokio::test]
async fn the_master_client_hears_of_everybodys_orders_and_no_errors_about_them() {
    let settings = Settings { master_client: Some(9), ..settings() };
    let gateway = Gateway::start(settings).await.expect("started");
    let mut master = Raw::greet(&gateway, "v213..226").await;
    master.next().await.expect("the welcome");
    master.frame(71, &[0x08, 9]).await;
    let (mut desk, mut bystander) = (Desk::at(&gateway, 1).await, Desk::at(&gateway, 2).await);
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    desk.place(1, &order(Action::Buy, "MKT", 0.0)).await;
    desk.drain().await;
    gateway.place_manual(&ManualOrder::new("XYZ", Side::Buy, 10, OrderKind::Limit(at(900)))).expect("taken");
    desk.place(2, &patient()).await;
    drop(in_time(desk.client.cancel_order(2, "")).await.expect("written"));
    desk.done().await;
    in_time(bars.next()).await.expect("a bar").expect("readable");
    desk.drain().await;
    assert_eq!(bystander.drain().await, "");

    master.frame(49, &[]).await;
    let mut told = Vec::new();
    loop {
        match master.next().await.expect("a frame") {
            (49, _) => break,
            (4, message) => {
                let notice: wire::Notice = wire::read(&message);
                assert!((2100..2200).contains(&notice.code), "only the greeting: {notice:?}");
            }
            frame => told.extend(wire::line(frame)),
        }
    }
    insta::assert_snapshot!(told.join("\n"), @"
    1/1 open Submitted
    1/1 status Submitted
    0/0 open Submitted
    0/0 status Submitted
    1/2 open Submitted
    1/2 status Submitted
    1/2 open Cancelled
    1/2 status Cancelled
    1/1 execution of request -1
    1/1 open Filled
    1/1 status Filled
    1/1 open Filled
    1/1 status Filled
    commission 000f4241.00000001.01.01
    ");
    gateway.shutdown().await;
}

// ---- what-if

#[tokio::test]
async fn a_what_if_says_what_an_order_would_bind_and_leaves_everything_as_it_was() {
    let gateway = started().await;
    let mut desk = Desk::at(&gateway, 1).await;
    let what_if = |quantity: f64, price: f64| Order {
        what_if: true,
        transmit: true,
        total_quantity: quantity,
        ..order(Action::Buy, "LMT", price)
    };
    let contract = xyz();
    let asked = desk.client.order(&contract).buy(100).limit(10.0);
    let state = in_time(asked.analyze()).await.expect("a preview");
    assert_eq!(state.status.to_string(), "PreSubmitted");
    assert_eq!((state.initial_margin_before, state.initial_margin_change), (Some(0.0), Some(250.0)));
    assert_eq!((state.initial_margin_after, state.maintenance_margin_after), (Some(250.0), Some(250.0)));
    assert_eq!(
        (state.equity_with_loan_before, state.equity_with_loan_after),
        (Some(100_000.0), Some(99_999.0))
    );
    assert_eq!((state.commission, state.commission_currency.as_str()), (Some(1.0), "USD"));
    assert_eq!(state.warning_text, "");
    let asked = desk.client.order(&contract).buy(50_000).limit(10.0);
    let state = in_time(asked.analyze()).await.expect("a preview");
    assert_eq!(
        state.warning_text,
        "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH LOAN VALUE \
         [99750.00 USD] MUST EXCEED THE INITIAL MARGIN [125000.00 USD]"
    );
    desk.drain().await;
    assert!(desk.open_orders().await.is_empty());

    // Its id is used up; asked about a living order, it changes nothing of it.
    desk.place(2, &patient()).await;
    desk.place(3, &patient()).await;
    desk.place(3, &what_if(300.0, 9.5)).await;
    desk.place(3, &Order { action: Action::Sell, ..what_if(300.0, 9.5) }).await;
    insta::assert_snapshot!(desk.drain().await, @r#"
    Some(2) notice 103 Duplicate order id
    3 open Buy 100 LMT 9 Submitted
    3 status Submitted 0/100 held ""
    3 open Buy 300 LMT 9.5 PreSubmitted
    Some(3) notice 105 Order being modified does not match original order
    "#);
    let open = desk.open_orders().await;
    assert_eq!((open.len(), open[0].order.total_quantity, open[0].order.limit_price), (1, 100.0, Some(9.0)));
    gateway.shutdown().await;
}

// ---- the account

#[tokio::test]
async fn a_client_has_two_account_summaries_at_once_of_the_one_group_there_is() {
    let gateway = started().await;
    let mut raw = Raw::greet(&gateway, "v213..226").await;
    raw.next().await.expect("the welcome");
    raw.frame(71, &[0x08, 1]).await;
    let ask = |id: u8, group: &str, tags: &str| {
        let text = |tag: u8, text: &str| [&[tag, text.len() as u8], text.as_bytes()].concat();
        [vec![0x08, id], text(0x12, group), text(0x1A, tags)].concat()
    };
    raw.frame(62, &ask(1, "All", "BuyingPower,Nonsense")).await;
    raw.frame(62, &ask(2, "Friends", "BuyingPower")).await;
    raw.frame(62, &ask(3, "All", "$LEDGER:USD")).await;
    raw.frame(62, &ask(4, "All", "NetLiquidation")).await;
    raw.frame(63, &[0x08, 1]).await;
    raw.frame(62, &ask(5, "All", "NetLiquidation")).await;
    raw.frame(49, &[]).await;
    let mut told = Vec::new();
    loop {
        let frame = raw.next().await.expect("a frame");
        if frame.0 == 49 {
            break;
        }
        told.extend(wire::line(frame));
    }
    insta::assert_snapshot!(told.join("\n"), @"
    1 row BuyingPower 400000.00 USD
    1 end
    2 notice 321
    3 row Currency USD USD
    3 row RealCurrency USD USD
    3 row ExchangeRate 1.00 USD
    3 row CashBalance 100000.00 USD
    3 row TotalCashBalance 100000.00 USD
    3 row AccruedCash 0.00 USD
    3 row StockMarketValue 0.00 USD
    3 row NetLiquidationByCurrency 100000.00 USD
    3 row UnrealizedPnL 0.00 USD
    3 row RealizedPnL 0.00 USD
    3 end
    4 notice 322
    5 row NetLiquidation 100000.00 USD
    5 end
    ");
    let desk = Desk::at(&gateway, 2).await;
    let asked = in_time(desk.client.account_summary(&AccountGroup::from("All"), &["AvailableFunds"])).await;
    let first = in_time(asked.expect("a summary").next()).await.expect("a row").expect("readable");
    assert!(
        matches!(first, SubscriptionItem::Data(AccountSummaryResult::Summary(row)) if row.value == "100000.00"),
        "the limit is each client's own"
    );
    gateway.shutdown().await;
}
