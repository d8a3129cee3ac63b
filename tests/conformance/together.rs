//! IBKR's Python client and ibapi at one gateway, and at two that are alike: what the one decodes the other does.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use ibapi::Client;
use ibapi::contracts::Contract;
use ibapi::market_data::TradingHours;
use ibapi::market_data::realtime::Bar;
use ibapi::orders::{Action, ExecutionFilter, OcaType, Order, OrderUpdate, TimeInForce};
use ibapi::prelude::{Subscription, SubscriptionItem};
use tempfile::TempDir;

use super::Market;
use crate::driven::Driven;
use crate::process::Gateway;
use crate::told::{Names, position};
use crate::venv;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("an answer in time")
}

/// ibapi.
pub(crate) struct Desk {
    pub(crate) client: Client,
    orders: Subscription<OrderUpdate>,
    names: Names,
}

impl Desk {
    pub(crate) async fn at(gateway: &Gateway, id: i32) -> Desk {
        let builder =
            Client::builder().address(gateway.address().to_string()).client_id(id).tcp_no_delay(true);
        let (client, _) = in_time(builder.connect_with_notice_stream()).await.expect("connected");
        let orders = in_time(client.order_update_stream()).await.expect("the order stream");
        Desk { client, orders, names: Names::default() }
    }

    pub(crate) async fn done(&self) {
        in_time(self.client.server_time_millis()).await.expect("a round trip");
    }

    pub(crate) async fn bars(&self) -> Subscription<Bar> {
        let contract = xyz();
        let bars = self.client.realtime_bars(&contract).trading_hours(TradingHours::Extended);
        in_time(bars.subscribe()).await.expect("bars")
    }

    /// Everything it was told of its orders since the last look.
    pub(crate) async fn told(&mut self) -> Vec<String> {
        in_time(self.client.server_time()).await.expect("a round trip");
        let mut told = Vec::new();
        while let Some(Some(item)) = self.orders.next().now_or_never() {
            told.push(self.names.update(item.expect("a readable frame")));
        }
        told
    }

    pub(crate) async fn place(&self, id: i32, order: &Order) {
        in_time(self.client.submit_order(id, &xyz(), order)).await.expect("written");
    }

    pub(crate) async fn cancel(&self, id: i32) {
        drop(in_time(self.client.cancel_order(id, "")).await.expect("written"));
    }

    async fn all_open_orders(&self, names: &mut Names) -> Vec<String> {
        let mut rows = in_time(self.client.all_open_orders()).await.expect("open orders");
        let rows = rows.collect_to_end_within(PATIENCE).await.expect("to their end");
        rows.iter().map(|row| names.open_row(row)).collect()
    }
}

pub(crate) fn xyz() -> Contract {
    Contract::stock("XYZ").build()
}

/// The bracket of `desk.bracket(1, stop, target)`.
fn bracket(stop: f64, target: f64) -> [Order; 3] {
    let leg = |action, kind: &str, role: &str| Order {
        action,
        total_quantity: 100.0,
        order_type: kind.to_owned(),
        tif: TimeInForce::GoodTillCanceled,
        order_ref: role.to_owned(),
        transmit: false,
        ..Order::default()
    };
    let child = |kind: &str, role: &str| Order {
        parent_id: 1,
        oca_group: "plan".to_owned(),
        oca_type: OcaType::CancelWithBlock,
        ..leg(Action::Sell, kind, role)
    };
    [
        leg(Action::Buy, "MKT", "E"),
        Order { aux_price: Some(stop), ..child("STP", "S") },
        Order { limit_price: Some(target), transmit: true, ..child("LMT", "T") },
    ]
}

async fn place_bracket(desk: &Desk, stop: f64, target: f64) {
    for (id, leg) in (1..).zip(bracket(stop, target)) {
        desk.place(id, &leg).await;
    }
}

/// A stop that has moved; it does not name its filled parent.
fn moved(stop: f64) -> Order {
    Order { aux_price: Some(stop), parent_id: 0, transmit: true, ..bracket(9.50, 10.55)[1].clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_clients_trade_at_one_gateway_and_each_hears_what_is_its_own() {
    let Some(python) = venv::python("both clients at one gateway") else { return };
    let folder = TempDir::new().expect("a folder");
    let gateway = Gateway::start(&Market::Morning.write(folder.path()), &[]);
    let mut ours = Desk::at(&gateway, 7).await;
    ours.done().await;
    let mut theirs = Driven::at(gateway.address().port(), &python, &folder, 8);
    theirs.ask("desk.join('XYZ')");
    let mut bars = ours.bars().await;
    let mut held = in_time(ours.client.positions()).await.expect("positions");
    let first = in_time(held.next()).await;
    assert!(matches!(&first, Some(Ok(SubscriptionItem::Data(end))) if position(end) == "positionEnd"));
    theirs.ask("desk.reqPositions()");
    assert_eq!(theirs.told(), ["positionEnd"]);

    // The same ids, the same references: two brackets all the same.
    place_bracket(&ours, 9.50, 10.55).await;
    let our_orders = ours.told().await;
    theirs.ask("[desk.place(*leg) for leg in bracket(1, 9.60, 10.40)] and None");
    let their_orders = theirs.told();
    assert_eq!(ours.told().await, [""; 0], "the other's orders are not told");
    assert_eq!((our_orders.len(), their_orders.len()), (10, 10));
    assert!(our_orders.iter().all(|line| line.contains(" client 7 ")), "{our_orders:#?}");
    assert!(their_orders.iter().all(|line| line.contains(" client 8 ")), "{their_orders:#?}");

    // One instant fills both entries; the position of both is told to both.
    ours.done().await;
    theirs.ask("desk.step()");
    let bar = in_time(bars.next()).await.expect("a bar").expect("readable");
    assert!(matches!(bar, SubscriptionItem::Data(bar) if (bar.open, bar.close) == (10.0, 9.98)));
    let (our_fills, their_fills) = (ours.told().await, theirs.told());
    let fill = |client: i32| {
        format!(
            "execDetails -1: X1 order 1 client {client} P1 BOT 100 XYZ at 10 20131004 09:30:00 US/Eastern SMART cum 100 \
             avg 10 ref 'E' liquidity 2 DU0000001"
        )
    };
    assert_eq!((our_fills[0].clone(), their_fills[0].clone()), (fill(7), fill(8)));
    let both = "position DU0000001 XYZ 200 cost 10.01";
    let told = in_time(held.next()).await.expect("a position").expect("readable");
    let SubscriptionItem::Data(told) = told else { panic!("a notice among the positions") };
    assert_eq!(position(&told), both);
    assert_eq!(their_fills.last().map(String::as_str), Some(both));

    // All that is open is the same list to both, word for word.
    theirs.forget_names();
    theirs.ask("desk.reqAllOpenOrders()");
    let mut all = theirs.told();
    assert_eq!(all.pop().as_deref(), Some("openOrderEnd"));
    assert_eq!(all, ours.all_open_orders(&mut Names::default()).await);
    assert_eq!(all.len(), 8, "a stop and a target each: {all:#?}");
    ours.told().await;

    // Neither can cancel what is the other's.
    ours.place(4, &Order { total_quantity: 1.0, ..bracket(9.50, 10.55)[0].clone() }).await;
    ours.told().await;
    theirs.ask("desk.cancel(4)");
    assert_eq!(theirs.told(), ["error 4 10147 OrderId 4 that needs to be cancelled is not found."]);
    theirs.ask("desk.place(9, order('BUY', 'LMT', 9.00))");
    theirs.told();
    ours.cancel(9).await;
    assert_eq!(ours.told().await, ["error 9 10147 OrderId 9 that needs to be cancelled is not found."]);
    assert_eq!(theirs.told(), [""; 0]);

    executions_and_endings_are_the_same_to_both(&mut ours, &mut theirs).await;
}

/// What has filled and what has ended is the account's, and is told alike.
async fn executions_and_endings_are_the_same_to_both(ours: &mut Desk, theirs: &mut Driven) {
    ours.cancel(3).await;
    theirs.ask("desk.cancel(3)");
    ours.told().await;
    theirs.told();

    theirs.forget_names();
    theirs.ask("desk.reqExecutions(5, everything())");
    let mut filled = theirs.told();
    assert_eq!(filled.pop().as_deref(), Some("execDetailsEnd 5"));
    let mut rows = in_time(ours.client.executions(ExecutionFilter::default())).await.expect("executions");
    let rows = rows.collect_to_end_within(PATIENCE).await.expect("to their end");
    let mut names = Names::default();
    let told: Vec<String> = rows.iter().map(|row| names.executions_row(row)).collect();
    // The request is each client's own.
    let plain = |lines: &[String]| -> Vec<String> {
        let tail =
            |line: &String| line.split_once(": ").map_or_else(String::new, |(_, tail)| tail.to_owned());
        lines.iter().map(tail).collect()
    };
    assert_eq!(plain(&filled), plain(&told));
    assert_eq!(filled.len(), 4, "two fills and their commissions: {filled:#?}");

    theirs.forget_names();
    theirs.ask("desk.reqCompletedOrders(False)");
    let mut ended = theirs.told();
    assert_eq!(ended.pop().as_deref(), Some("completedOrdersEnd"));
    let mut rows = in_time(ours.client.completed_orders(false)).await.expect("completed orders");
    let rows = rows.collect_to_end_within(PATIENCE).await.expect("to their end");
    let mut names = Names::default();
    let told: Vec<String> = rows.iter().map(|row| names.completed_row(row)).collect();
    assert_eq!(ended, told);
    assert_eq!(ended.len(), 4, "two entries and two targets: {ended:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn callback_by_callback_both_clients_decode_the_same() {
    let Some(python) = venv::python("callback by callback") else { return };
    let folders = [TempDir::new().expect("a folder"), TempDir::new().expect("a folder")];
    let [first, second] =
        [0, 1].map(|index| Gateway::start(&Market::Morning.write(folders[index].path()), &[]));
    let mut ours = Desk::at(&first, 1).await;
    ours.done().await;
    let _bars = ours.bars().await;
    let mut theirs = Driven::at(second.address().port(), &python, &folders[1], 1);
    theirs.ask("desk.join('XYZ')");

    place_bracket(&ours, 9.50, 10.55).await;
    theirs.ask("[desk.place(*leg) for leg in bracket(1, 9.50, 10.55)] and None");
    assert_eq!(ours.told().await, theirs.told(), "a bracket, sent");

    ours.done().await;
    theirs.ask("desk.step()");
    let filled = ours.told().await;
    assert_eq!(filled, theirs.told(), "its entry, filled");
    assert!(filled[0].starts_with("execDetails"), "{filled:#?}");

    ours.place(2, &moved(9.80)).await;
    ours.place(2, &moved(9.805)).await;
    ours.cancel(3).await;
    ours.cancel(3).await;
    theirs.ask("desk.place(2, order('SELL', 'STP', 9.80, orderRef='S', ocaGroup='plan', ocaType=1))");
    theirs.ask("desk.place(2, order('SELL', 'STP', 9.805, orderRef='S', ocaGroup='plan', ocaType=1))");
    theirs.ask("[desk.cancel(3), desk.cancel(3)] and None");
    let changed = ours.told().await;
    assert_eq!(changed, theirs.told(), "its stop, moved and not moved; its target, cancelled once");
    assert_eq!(changed.iter().filter(|line| line.starts_with("error")).count(), 3, "{changed:#?}");

    ours.place(2, &moved(10.10)).await;
    theirs.ask("desk.place(2, order('SELL', 'STP', 10.10, orderRef='S', ocaGroup='plan', ocaType=1))");
    for _ in 0..2 {
        ours.done().await;
        theirs.ask("desk.step()");
    }
    let stopped = ours.told().await;
    assert_eq!(stopped, theirs.told(), "its stop, filled");
    assert!(stopped.iter().any(|line| line.contains("realized")), "{stopped:#?}");

    let trail = Order {
        order_type: "TRAIL".to_owned(),
        aux_price: None,
        trailing_percent: Some(2.5),
        trail_stop_price: Some(9.0),
        oca_group: String::new(),
        oca_type: OcaType::None,
        ..moved(9.0)
    };
    ours.place(4, &trail).await;
    theirs
        .ask("desk.place(4, order('SELL', 'TRAIL', orderRef='S', trailingPercent=2.5, trailStopPrice=9.0))");
    let until = Order {
        tif: TimeInForce::GoodTillDate,
        good_till_date: "20131004 16:00:00 US/Eastern".to_owned(),
        outside_rth: true,
        limit_price: Some(10.50),
        order_type: "STP LMT".to_owned(),
        trailing_percent: None,
        trail_stop_price: None,
        aux_price: Some(9.20),
        ..trail
    };
    ours.place(5, &until).await;
    theirs.ask(
        "desk.place(5, order('SELL', 'STP LMT', 9.20, lmtPrice=10.50, orderRef='S', tif='GTD', outsideRth=True, \
         goodTillDate='20131004 16:00:00 US/Eastern'))",
    );
    let kinds = ours.told().await;
    assert_eq!(kinds, theirs.told(), "a trailing stop, and a stop limit good till a date");
    assert_eq!(kinds.iter().filter(|line| line.starts_with("openOrder")).count(), 2, "{kinds:#?}");
}
