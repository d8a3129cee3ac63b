//! Faults of the market and of the gateway's servers, as the real client sees them.

use futures_util::{FutureExt, StreamExt};
use ibapi::accounts::PositionUpdate;
use ibapi::market_data::realtime::Bar;
use ibapi::orders::Action;
use ibapi::prelude::{Subscription, SubscriptionItem};
use prusik::gateway::faults::{
    Callback, Deed, Fault, Found, Meanwhile, Only, Outage, Priced, Ratio, Request, Restored, Spell, Stranger,
    When,
};
use prusik::gateway::{Gateway, Settings};
use rust_decimal::Decimal;

use super::desk::*;

async fn gateway(faults: Vec<Fault>) -> Gateway {
    Gateway::start(Settings { faults, ..settings() }).await.expect("started")
}

/// The first market second of the bars.
const OPEN: i64 = 1_380_893_400;

async fn trading(gateway: &Gateway) -> (Desk, Subscription<Bar>) {
    let desk = Desk::at(gateway, 1).await;
    desk.done().await;
    let bars = desk.bars("XYZ").await;
    (desk, bars)
}

/// The next bar: its start after the open, its close and its volume.
async fn bar(desk: &Desk, bars: &mut Subscription<Bar>) -> (i64, f64, f64) {
    desk.done().await;
    loop {
        if let SubscriptionItem::Data(bar) = in_time(bars.next()).await.expect("a bar").expect("readable") {
            return (bar.date.unix_timestamp() - OPEN, bar.close, bar.volume);
        }
    }
}

async fn held(desk: &Desk) -> Vec<(String, f64, f64)> {
    let mut positions = in_time(desk.client.positions()).await.expect("positions");
    let mut rows = Vec::new();
    while let Some(Ok(SubscriptionItem::Data(PositionUpdate::Position(row)))) =
        in_time(positions.next()).await
    {
        rows.push((row.contract.symbol.to_string(), row.position, row.average_cost));
    }
    rows
}

fn spell(seconds: i64) -> Spell {
    Spell { symbol: "XYZ".to_owned(), lasting: Some(seconds) }
}

#[tokio::test]
async fn an_outage_hides_what_happens_and_tells_it_at_its_end_with_the_data_kept() {
    let outage = Outage { lasting: Some(60), restored: Restored::DataKept, meanwhile: Meanwhile::Queued };
    let gateway = gateway(vec![Fault::new(When::At(OPEN + 10), Deed::Outage(outage))]).await;
    let (mut desk, mut bars) = trading(&gateway).await;
    desk.place(1, &order(Action::Buy, "LMT", 9.95)).await;
    assert_eq!(bar(&desk, &mut bars).await.0, 0);
    assert_eq!(bar(&desk, &mut bars).await.0, 5);
    assert!(desk.notice(1100).await.contains("has been lost"));
    desk.place(2, &order(Action::Buy, "LMT", 9.0)).await;
    desk.drain().await;
    desk.done().await;
    assert!(desk.notice(1102).await.contains("data maintained"));
    assert_eq!(gateway.market_time(), OPEN + 70);
    let told = desk.drain().await;
    let kinds: Vec<&str> = told.lines().filter(|line| !line.contains(" open ")).collect();
    insta::assert_snapshot!(kinds.join("\n"), @r#"
    1 execution 000f4241.00000001.01.01 Bought 100 at 9.95 on 20131004 09:30:10 US/Eastern ref 
    1 status Filled 100/0 held ""
    1 status Filled 100/0 held ""
    commission 000f4241.00000001.01.01 1 None
    2 status Submitted 0/100 held ""
    "#);
    assert_eq!(bar(&desk, &mut bars).await.0, 70, "the bars go on, and those between are lost");
    gateway.shutdown().await;
}

#[tokio::test]
async fn an_outage_that_loses_the_data_wants_it_to_be_asked_for_again() {
    let outage = Outage { lasting: Some(30), restored: Restored::DataLost, meanwhile: Meanwhile::Lost };
    let gateway = gateway(vec![Fault::new(When::At(OPEN + 5), Deed::Outage(outage))]).await;
    let (mut desk, mut bars) = trading(&gateway).await;
    bar(&desk, &mut bars).await;
    desk.notice(1100).await;
    desk.place(1, &order(Action::Buy, "LMT", 9.0)).await;
    desk.drain().await;
    desk.done().await;
    assert!(desk.notice(1101).await.contains("data lost"));
    assert!(desk.open_orders().await.is_empty(), "the order of the outage is lost");
    assert!(bars.next().now_or_never().is_none_or(|bar| bar.is_none_or(|bar| bar.is_err())));
    let mut again = desk.bars("XYZ").await;
    assert_eq!(bar(&desk, &mut again).await.0, 35, "the market waited for the client to ask again");
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_halted_symbol_ticks_and_fills_nothing_until_it_trades_again() {
    let gateway = gateway(vec![Fault::new(When::At(OPEN + 5), Deed::Halt(spell(60)))]).await;
    let (mut desk, mut bars) = trading(&gateway).await;
    let (_, last, _) = bar(&desk, &mut bars).await;
    desk.place(1, &order(Action::Buy, "MKT", 0.0)).await;
    desk.drain().await;
    for slot in 1..=12 {
        assert_eq!(bar(&desk, &mut bars).await, (5 * slot, last, 0.0));
    }
    assert_eq!(desk.drain().await, "");
    let (start, close, volume) = bar(&desk, &mut bars).await;
    assert!(start == 65 && close > last && volume > 0.0, "{close}");
    assert!(desk.drain().await.contains("1 status Filled 100/0"));
    gateway.shutdown().await;
}

#[tokio::test]
async fn data_stops_or_stands_still_while_the_market_goes_on() {
    let gateway = gateway(vec![
        Fault::new(When::At(OPEN + 5), Deed::Stale(spell(30))),
        Fault::new(When::At(OPEN + 40), Deed::Frozen(spell(15))),
    ])
    .await;
    let (mut desk, mut bars) = trading(&gateway).await;
    bar(&desk, &mut bars).await;
    desk.place(1, &order(Action::Buy, "MKT", 0.0)).await;
    desk.drain().await;
    desk.done().await;
    assert!(desk.drain().await.contains("20131004 09:30:05"), "the order fills unseen, and is told");
    let mut starts = Vec::new();
    for _ in 0..6 {
        starts.push(bar(&desk, &mut bars).await.0);
    }
    assert_eq!(starts, [35, 40, 40, 40, 55, 60]);
    gateway.shutdown().await;
}

#[tokio::test]
async fn orders_and_positions_of_others_appear() {
    let stranger = |client, price| {
        let (symbol, order_ref) = ("XYZ".to_owned(), "theirs".to_owned());
        Deed::Order(Stranger { client, symbol, quantity: -100, price, order_ref })
    };
    let found = Found { symbol: "ABC".to_owned(), quantity: 300, cost: Some(Decimal::new(4_000, 2)) };
    let gateway = gateway(vec![
        Fault::new(When::At(OPEN + 5), stranger(Some(77), Priced::Limit(Decimal::from(20)))),
        Fault::new(When::At(OPEN + 5), stranger(None, Priced::Stop(Decimal::from(5)))),
        Fault::new(When::At(OPEN + 5), Deed::Position(found)),
    ])
    .await;
    let (desk, mut bars) = trading(&gateway).await;
    bar(&desk, &mut bars).await;
    let open: Vec<_> = desk
        .open_orders()
        .await
        .iter()
        .map(|row| (row.order.client_id, row.order.order_type.clone(), row.order.total_quantity))
        .collect();
    assert_eq!(open, [(77, "LMT".to_owned(), 100.0), (0, "STP".to_owned(), 100.0)]);
    assert_eq!(held(&desk).await, [("ABC".to_owned(), 300.0, 40.0)]);
    gateway.shutdown().await;
}

#[tokio::test]
async fn shares_are_split_and_what_they_cost_stays() {
    let found = Found { symbol: "XYZ".to_owned(), quantity: 100, cost: Some(Decimal::from(10)) };
    let ratio = Ratio { symbol: "XYZ".to_owned(), new: 4, old: 1 };
    let gateway = gateway(vec![
        Fault::new(When::At(OPEN), Deed::Position(found)),
        Fault::new(When::At(OPEN + 10), Deed::CorporateSplit(ratio)),
    ])
    .await;
    let (desk, mut bars) = trading(&gateway).await;
    desk.place(1, &order(Action::Sell, "STP", 5.0)).await;
    bar(&desk, &mut bars).await;
    assert_eq!(held(&desk).await, [("XYZ".to_owned(), 100.0, 10.0)]);
    bar(&desk, &mut bars).await;
    assert_eq!(held(&desk).await, [("XYZ".to_owned(), 400.0, 2.5)]);
    let open = desk.open_orders().await;
    assert_eq!((open[0].order.aux_price, open[0].order.total_quantity), (Some(5.0), 100.0));
    gateway.shutdown().await;
}

#[tokio::test]
async fn orders_fill_on_demand_and_a_fill_can_end_the_connection_before_it_is_told() {
    let gateway = gateway(vec![
        Fault::new(When::Callback(Callback::OrderStatus), Deed::Fill(Some(40))).order_ref("x"),
        Fault::new(When::After(Request::Positions), Deed::Fill(None)),
    ])
    .await;
    let (mut desk, _bars) = trading(&gateway).await;
    desk.place(1, &ibapi::orders::Order { order_ref: "x".to_owned(), ..order(Action::Buy, "LMT", 9.0) })
        .await;
    let told = desk.drain().await;
    assert!(told.contains("1 status Submitted 40/60"), "{told}");
    let only = Only { order_type: Some("LMT".to_owned()), ..Only::default() };
    gateway
        .faults()
        .inject(Fault { only, ..Fault::new(When::Now, Deed::Fill(None)) })
        .expect("an order to fill");
    assert!(desk.drain().await.contains("1 status Filled 100/0"));
    gateway.shutdown().await;
}
