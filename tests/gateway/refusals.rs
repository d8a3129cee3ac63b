//! Nothing is dropped without a word: what an order asks for beyond the venue, and requests that nothing answers.

use ibapi::orders::{Action, Order, TimeInForce};
use prusik::gateway::Gateway;

use super::visibility::wire::{Notice, read};
use crate::desk::*;

#[tokio::test]
async fn an_order_with_terms_that_are_not_simulated_is_refused_by_name() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let mut desk = Desk::at(&gateway, 1).await;
    let plain = || order(Action::Buy, "LMT", 5.0);
    let cases = [
        ("allOrNone", Order { all_or_none: true, ..plain() }),
        ("hidden", Order { hidden: true, ..plain() }),
        ("displaySize", Order { display_size: Some(10), ..plain() }),
        ("minQty", Order { min_qty: Some(10), ..plain() }),
        ("discretionaryAmt", Order { discretionary_amt: 0.5, ..plain() }),
        ("triggerPrice", Order { trigger_price: Some(6.0), ..plain() }),
        ("modelCode", Order { model_code: "model".to_owned(), ..plain() }),
        ("cashQty", Order { cash_qty: Some(500.0), ..plain() }),
    ];
    for (id, (name, order)) in (1..).zip(cases) {
        desk.place(id, &order).await;
        let told = desk.drain().await;
        assert!(told.starts_with(&format!("Some({id}) notice 321")) && told.contains(name), "{name}: {told}");
    }
    desk.place(20, &plain()).await;
    assert!(desk.drain().await.starts_with("20 open"), "a plain order is taken");
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_date_without_a_time_is_good_for_all_of_that_day() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let mut desk = Desk::at(&gateway, 1).await;
    let until = |date: &str| Order {
        tif: TimeInForce::GoodTillDate,
        good_till_date: date.to_owned(),
        ..order(Action::Buy, "LMT", 5.0)
    };
    desk.place(1, &until("20131004")).await;
    assert!(desk.drain().await.starts_with("1 open"));
    let told = &desk.open_orders().await[0].order.good_till_date;
    assert_eq!(told, "20131005 00:00:00 US/Eastern");
    desk.place(2, &until("20131003")).await;
    let told = desk.drain().await;
    assert!(told.contains("Some(2) notice 334"), "{told}");
    gateway.shutdown().await;
}

#[tokio::test]
async fn every_request_that_is_not_simulated_is_answered_with_an_error() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let mut raw = Raw::greet(&gateway, "v213..226").await;
    raw.frame(71, &[0x08, 3]).await;
    // Profit and loss names its request; news providers, family codes and scanner parameters have none to name.
    let asked = [
        (92, &[0x08, 7][..], (7, 321)),
        (85, &[], (-1, 321)),
        (80, &[], (-1, 321)),
        (24, &[], (-1, 321)),
        (150, &[0x08, 7], (-1, 505)),
        (25, &[0x08, 8], (8, 366)),
        (51, &[0x08, 9], (9, 300)),
        // Executions since a time that is none: {filter: {time: "x"}}.
        (7, &[0x08, 6, 0x12, 3, 0x1A, 1, b'x'], (6, 321)),
    ];
    for (id, message, _) in asked {
        raw.frame(id, message).await;
    }
    // Whoever ends what never began, or sets how much is logged, is told nothing.
    for id in [14, 93] {
        raw.frame(id, &[0x08, 7]).await;
    }
    raw.frame(49, &[]).await;
    let mut told = Vec::new();
    loop {
        let (id, message) = raw.next().await.expect("a frame");
        match id {
            4 => {
                let notice: Notice = read(&message);
                told.push((notice.id, notice.code));
            }
            49 => break,
            _ => {}
        }
    }
    told.retain(|(_, code)| !(2100..2200).contains(code));
    assert_eq!(told, asked.map(|(_, _, told)| told));
    gateway.shutdown().await;
}
