//! A market that begins in the middle of its bars: what came before is history, and the first bar is the one asked for.

use futures_util::StreamExt;
use ibapi::market_data::historical::{BarSize, ToDuration};
use ibapi::orders::Action;
use ibapi::prelude::SubscriptionItem;
use prusik::gateway::{Gateway, Settings, StartError, market_time};

use crate::desk::*;

/// The bars of the desk's day, and the same minutes on the Monday after it; the market starts as it is said.
fn from(start: &str) -> Settings {
    let xyz =
        [minutes("2013-10-04T09:30:00-04:00", &MINUTES), minutes("2013-10-07T09:30:00-04:00", &MINUTES)];
    let start_at = Some(market_time(start).expect("a time"));
    Settings { bars: vec![("XYZ".to_owned(), xyz.concat())], start_at, ..Settings::default() }
}

#[tokio::test]
async fn what_came_before_the_start_is_history_and_the_first_bar_is_the_one_asked_for() {
    let gateway = Gateway::start(from("2013-10-07T09:31:00")).await.expect("started");
    assert_eq!(gateway.market_time(), 1_381_152_660);
    let mut desk = Desk::at(&gateway, 7).await;
    desk.done().await;
    let contract = xyz();
    let head = in_time(desk.client.head_timestamp(
        &contract,
        ibapi::market_data::historical::WhatToShow::Trades,
        ibapi::market_data::TradingHours::Extended,
    ));
    assert_eq!(head.await.expect("a head").unix_timestamp(), 1_380_893_400);
    let history = desk.client.historical_data(&contract, BarSize::Min).duration(2.days());
    let history = in_time(history.fetch()).await.expect("history");
    // A whole session of minutes where it traded, and the one minute of the Monday that was over.
    let last = history.bars.last().expect("a bar");
    assert_eq!((history.bars.len(), last.open, last.close), (5, 10.00, 10.06));
    let mut bars = desk.bars("XYZ").await;
    desk.place(1, &order(Action::Buy, "LMT", 9.95)).await;
    desk.done().await;
    let Some(Ok(SubscriptionItem::Data(first))) = in_time(bars.next()).await else { panic!("a bar") };
    assert_eq!((first.date.unix_timestamp(), first.open), (1_381_152_660, 10.06));
    // 9.91 has traded, on both days, before the market began.
    for _ in 0..60 {
        desk.done().await;
        in_time(bars.next()).await.expect("a bar").expect("readable");
    }
    assert!(!desk.drain().await.contains("execution"));
    gateway.shutdown().await;
}

#[tokio::test]
async fn quotes_know_the_close_of_the_day_before_and_orders_the_last_price() {
    let gateway = Gateway::start(from("2013-10-07T09:25:00")).await.expect("started");
    assert_eq!(gateway.market_time(), 1_381_152_600, "nothing trades before the session");
    let mut raw = Raw::greet(&gateway, "v213..226").await;
    raw.frame(71, &[0x08, 3]).await;
    raw.frame(105, &[]).await;
    raw.frame(1, b"\x08\x07\x12\x05\x12\x03XYZ").await;
    let mut close = None;
    raw.frame(105, &[]).await;
    let mut times = 0;
    while times < 2 {
        let (id, message) = raw.next().await.expect("a frame");
        times += i32::from(id == 109);
        // A tick price: its type is 9 for the close, then the price as a double.
        if id == 1 && message[2..4] == [0x10, 9] {
            close = Some(f64::from_le_bytes(message[5..13].try_into().expect("eight bytes")));
        }
    }
    assert_eq!(close, Some(10.03));
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_start_after_the_last_bar_is_refused_and_the_state_of_a_market_that_runs_wins() {
    let error = Gateway::start(from("2013-10-07T16:00:00")).await.expect_err("nothing trades from there on");
    assert!(matches!(error, StartError::StartAfterEnd { .. }));
    let told = "the market cannot start at 20131007 16:00:00 US/Eastern: the bars end at 20131007 16:00:00 US/Eastern";
    assert_eq!(error.to_string(), told);
    let folder = tempfile::tempdir().expect("a folder");
    let state = Some(folder.path().join("state.jsonl"));
    let first = Settings { state: state.clone(), ..from("2013-10-07T09:31:00") };
    let gateway = Gateway::start(first).await.expect("started");
    let desk = Desk::at(&gateway, 7).await;
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    desk.done().await;
    in_time(bars.next()).await.expect("a bar").expect("readable");
    let time = gateway.market_time();
    assert!(time > 1_381_152_660);
    drop((desk, bars));
    gateway.shutdown().await;
    let gateway = Gateway::start(Settings { state, ..from("2013-10-07T10:00:00") }).await.expect("started");
    assert_eq!(gateway.market_time(), time);
    gateway.shutdown().await;
}
