//! The catalogue and the calendar on the wire: contract details, market rules, prices off their step, short days.

use std::io::Write;

use futures_util::StreamExt;
use ibapi::contracts::Contract;
use ibapi::market_data::TradingHours;
use ibapi::market_data::historical::{BarSize, ToDuration};
use ibapi::orders::{Action, TimeInForce};
use prusik::gateway::{Catalogue, Gateway, Settings, StartError};

use crate::desk::*;

const PENNY: &str = "
contracts:
  PENNY: { name: PENNY MINING CORP, con_id: 999999, primary_exchange: AMEX, market_rule: us_sub_dollar }
  LOTS: { size_increment: 100, min_size: 100 }
";

fn penny() -> Settings {
    let catalogue = Catalogue::default().extended(PENNY).expect("a good catalogue");
    let bars = minutes("2013-10-04T09:30:00-04:00", &[[50, 52, 48, 51], [51, 120, 51, 110]]);
    let lots = minutes("2013-10-04T09:30:00-04:00", &[[1000, 1000, 1000, 1000]]);
    Settings {
        bars: vec![("PENNY".to_owned(), bars), ("LOTS".to_owned(), lots)],
        catalogue,
        ..Settings::default()
    }
}

/// The days around Thanksgiving 2013: minutes before the holiday, on the half day and on the Monday after.
fn half_day_week() -> Settings {
    let mut bars = minutes("2013-11-27T09:30:00-05:00", &MINUTES);
    bars.extend(minutes("2013-11-29T12:56:00-05:00", &MINUTES));
    bars.extend(minutes("2013-11-29T13:00:00-05:00", &[[900, 1100, 900, 1000]]));
    bars.extend(minutes("2013-12-02T09:30:00-05:00", &[[1000, 1100, 990, 1050]]));
    Settings { bars: vec![("XYZ".to_owned(), bars)], ..Settings::default() }
}

#[tokio::test]
async fn the_details_of_a_contract_are_those_of_the_catalogue() {
    let bars = vec![("AAPL".to_owned(), minutes("2013-10-04T09:30:00-04:00", &MINUTES))];
    let gateway = Gateway::start(Settings { bars, ..Settings::default() }).await.expect("started");
    let desk = Desk::at(&gateway, 1).await;
    let aapl = Contract::stock("AAPL").build();
    let details = in_time(desk.client.contract_details(&aapl)).await.expect("details").remove(0);
    assert_eq!(details.contract.contract_id, 265_598);
    assert_eq!(details.contract.exchange.to_string(), "SMART");
    assert_eq!(details.contract.primary_exchange.to_string(), "NASDAQ");
    assert_eq!((details.contract.trading_class.as_str(), details.market_name.as_str()), ("NMS", "NMS"));
    assert_eq!((details.long_name.as_str(), details.stock_type.as_str()), ("APPLE INC", "COMMON"));
    assert_eq!(
        [&details.industry, &details.category, &details.subcategory],
        ["Technology", "Computers", "Computers"]
    );
    assert_eq!(details.valid_exchanges[0], "SMART");
    assert_eq!(details.market_rule_ids.len(), details.valid_exchanges.len());
    assert!(details.market_rule_ids.iter().all(|id| id == "26"));
    assert_eq!((details.min_size, details.size_increment), (Some(1.0), Some(1.0)));
    assert_eq!((details.suggested_size_increment, details.price_magnifier), (Some(100.0), 1));
    for kind in ["LMT", "MKT", "STP", "DAY", "GTC"] {
        assert!(details.order_types.iter().any(|known| known == kind), "{kind}");
    }

    let mut elsewhere = Contract { contract_id: 265_598, ..Contract::default() };
    elsewhere.primary_exchange = "ISLAND".into();
    let again = in_time(desk.client.contract_details(&elsewhere)).await.expect("by its id");
    assert_eq!(again[0].contract.symbol.to_string(), "AAPL");
    let wrong = [
        Contract { primary_exchange: "NYSE".into(), ..aapl.clone() },
        Contract { currency: "EUR".into(), ..aapl.clone() },
        Contract { exchange: "LSE".into(), ..aapl.clone() },
        Contract { contract_id: 756_733, ..aapl.clone() },
    ];
    for stranger in wrong {
        let refused = in_time(desk.client.contract_details(&stranger)).await.expect_err("unknown");
        assert!(refused.to_string().contains("200"), "{refused}");
    }
    gateway.shutdown().await;
}

#[tokio::test]
async fn the_hours_of_a_week_have_its_holiday_its_half_day_and_its_weekend() {
    let gateway = Gateway::start(half_day_week()).await.expect("started");
    let desk = Desk::at(&gateway, 1).await;
    let details = in_time(desk.client.contract_details(&xyz())).await.expect("details").remove(0);
    assert_eq!(
        details.liquid_hours,
        [
            "20131127:0930-20131127:1600",
            "20131128:CLOSED",
            "20131129:0930-20131129:1300",
            "20131130:CLOSED",
            "20131201:CLOSED",
            "20131202:0930-20131202:1600",
            // Beyond the last bar, by the calendar.
            "20131203:0930-20131203:1600",
        ]
    );
    assert_eq!(details.trading_hours[0], "20131127:0400-20131127:2000");
    assert_eq!(details.trading_hours[2], "20131129:0400-20131129:1700");
    gateway.shutdown().await;
}

#[tokio::test]
async fn market_rules_are_told_with_their_bands_and_an_unknown_one_is_refused() {
    let gateway = Gateway::start(penny()).await.expect("started");
    let mut desk = Desk::at(&gateway, 1).await;
    let contract = Contract::stock("PENNY").build();
    let details = in_time(desk.client.contract_details(&contract)).await.expect("details").remove(0);
    assert_eq!((details.contract.contract_id, details.min_tick), (999_999, 0.0001));
    let told = |rule: ibapi::contracts::MarketRule| {
        rule.price_increments.iter().map(|band| (band.low_edge, band.increment)).collect::<Vec<_>>()
    };
    let id: i32 = details.market_rule_ids[0].parse().expect("a number");
    let rule = in_time(desk.client.market_rule(id)).await.expect("the rule");
    assert_eq!(told(rule), [(0.0, 0.0001), (1.0, 0.01)]);
    let rule = in_time(desk.client.market_rule(26)).await.expect("the rule");
    assert_eq!(told(rule), [(0.0, 0.01)]);
    tokio::select! {
        answer = desk.client.market_rule(4_711) => {
            let refused = answer.map(told).expect_err("there is no such rule");
            assert!(refused.to_string().contains("321"), "{refused}");
        }
        refused = async { while in_time(desk.notices.next()).await.expect("a notice").code != 321 {} } => refused,
    }
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_price_between_the_steps_of_its_band_and_a_broken_lot_are_refused() {
    let gateway = Gateway::start(penny()).await.expect("started");
    let mut desk = Desk::at(&gateway, 1).await;
    let penny = Contract::stock("PENNY").build();
    let place = async |id: i32, contract: &Contract, price: f64, shares: f64| {
        let mut order = order(Action::Buy, "LMT", price);
        order.total_quantity = shares;
        in_time(desk.client.submit_order(id, contract, &order)).await.expect("written");
    };
    place(1, &penny, 0.4999, 100.0).await;
    place(2, &penny, 0.49995, 100.0).await;
    place(3, &penny, 1.0001, 100.0).await;
    place(4, &penny, 1.01, 100.0).await;
    let lots = Contract::stock("LOTS").build();
    place(5, &lots, 10.0, 150.0).await;
    insta::assert_snapshot!(desk.drain().await, @r#"
    1 open Buy 100 LMT 0.4999 Submitted
    1 status Submitted 0/100 held ""
    Some(2) notice 110 The price does not conform to the minimum price variation for this contract.
    Some(3) notice 110 The price does not conform to the minimum price variation for this contract.
    4 open Buy 100 LMT 1.01 Submitted
    4 status Submitted 0/100 held ""
    Some(5) notice 321 Error validating request.-'bV' : cause - Order size does not conform to market rule.
    "#);
    gateway.shutdown().await;
}

#[tokio::test]
async fn the_walk_of_a_cheap_stock_stands_on_the_steps_of_its_bands() {
    let gateway = Gateway::start(penny()).await.expect("started");
    let desk = Desk::at(&gateway, 1).await;
    desk.done().await;
    let mut bars = desk.bars("PENNY").await;
    let mut closes = Vec::new();
    for _ in 0..24 {
        desk.done().await;
        let bar = in_time(bars.next()).await.expect("a bar").expect("readable");
        if let ibapi::prelude::SubscriptionItem::Data(bar) = bar {
            closes.push(bar.close);
        }
    }
    assert_eq!(closes[..4], [0.495, 0.49, 0.485, 0.48]);
    // From 0.51 to 1.20 in four steps, past a dollar.
    assert_eq!(closes[16..20], [0.6825, 0.855, 1.03, 1.2]);
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_half_day_ends_at_one_for_orders_and_for_history() {
    let mut bars = minutes("2013-11-29T12:56:00-05:00", &MINUTES);
    bars.extend(minutes("2013-11-29T13:00:00-05:00", &[[900, 1100, 900, 1000]]));
    bars.extend(minutes("2013-12-02T09:30:00-05:00", &[[1000, 1100, 910, 1050]]));
    let settings = Settings { bars: vec![("XYZ".to_owned(), bars)], ..Settings::default() };
    let gateway = Gateway::start(settings).await.expect("started");
    let mut desk = Desk::at(&gateway, 1).await;
    desk.done().await;
    let mut live = desk.bars("XYZ").await;
    desk.place(1, &order(Action::Sell, "STP", 9.50)).await;
    let until_cancelled = |price| {
        let mut order = order(Action::Buy, "LMT", price);
        order.tif = TimeInForce::GoodTillCanceled;
        order
    };
    desk.place(2, &until_cancelled(9.20)).await;
    let mut any_hour = until_cancelled(9.10);
    any_hour.outside_rth = true;
    desk.place(3, &any_hour).await;
    desk.drain().await;

    // The last four minutes of the session.
    for _ in 0..48 {
        desk.done().await;
        in_time(live.next()).await.expect("a bar").expect("readable");
    }
    // At 13:00 the day order ends, and what only acts in the session waits; then the minute after it, from 9.00 up.
    desk.done().await;
    in_time(live.next()).await.expect("a bar").expect("readable");
    insta::assert_snapshot!(desk.drain().await, @r#"
    1 open Sell 100 STP 9.5 Cancelled
    1 status Cancelled 0/100 held ""
    Some(1) notice 202 Order Canceled - reason:the time it was good for is over
    2 open Buy 100 LMT 9.2 PreSubmitted
    2 status PreSubmitted 0/100 held ""
    3 execution 000f4243.00000001.01.01 Bought 100 at 9 on 20131129 13:00:00 US/Eastern ref 
    3 open Buy 100 LMT 9.1 Filled
    3 status Filled 100/0 held ""
    3 open Buy 100 LMT 9.1 Filled
    3 status Filled 100/0 held ""
    commission 000f4243.00000001.01.01 1 None
    "#);
    for _ in 0..12 {
        desk.done().await;
        in_time(live.next()).await.expect("a bar").expect("readable");
    }
    desk.drain().await;
    // Monday's first minutes: down to 9.10.
    for _ in 0..4 {
        desk.done().await;
        in_time(live.next()).await.expect("a bar").expect("readable");
    }
    insta::assert_snapshot!(desk.drain().await, @r#"
    2 execution 000f4242.00000002.01.01 Bought 100 at 9.2 on 20131202 09:30:15 US/Eastern ref 
    2 open Buy 100 LMT 9.2 Filled
    2 status Filled 100/0 held ""
    2 open Buy 100 LMT 9.2 Filled
    2 status Filled 100/0 held ""
    commission 000f4242.00000002.01.01 1 None
    "#);

    let contract = xyz();
    let asked = desk.client.historical_data(&contract, BarSize::Hour).duration(2.days());
    let hours = in_time(asked.trading_hours(TradingHours::Regular).fetch()).await.expect("history");
    let told: Vec<_> = hours.bars.iter().map(|bar| (bar.date.to_string(), bar.close)).collect();
    // The hour from noon ends at 13:00; then comes Monday's open.
    let (noon, monday) = ("1385744400".to_owned(), "1385994600".to_owned());
    assert_eq!(told, [(noon, 10.03), (monday, 9.58)]);
    gateway.shutdown().await;
}

#[tokio::test]
async fn daily_bars_span_their_days_session_and_data_on_a_holiday_is_traded() {
    let day = |date: &str| minutes(&format!("{date}T00:00:00-05:00"), &[[1000, 1012, 991, 1006]]);
    // A short day; Christmas, for which somebody made up a bar; a whole day.
    let bars = [day("2013-12-24"), day("2013-12-25"), day("2013-12-26")].concat();
    let settings = Settings { bars: vec![("XYZ".to_owned(), bars)], ..Settings::default() };
    let gateway = Gateway::start(settings).await.expect("started");
    let desk = Desk::at(&gateway, 1).await;
    let details = in_time(desk.client.contract_details(&xyz())).await.expect("details").remove(0);
    assert_eq!(
        details.liquid_hours[..3],
        ["20131224:0930-20131224:1300", "20131225:0930-20131225:1600", "20131226:0930-20131226:1600",]
    );
    let mut bars = desk.bars("XYZ").await;
    let mut starts = Vec::new();
    for _ in 0..2_521 {
        if let ibapi::prelude::SubscriptionItem::Data(bar) =
            in_time(bars.next()).await.expect("a bar").expect("readable")
        {
            starts.push(bar.date.unix_timestamp());
        }
    }
    // 3.5 hours of five seconds, then the next day's open.
    let open = 1_387_895_400;
    assert_eq!((starts[0], starts[2_519], starts[2_520]), (open, open + 12_595, open + 86_400));
    gateway.shutdown().await;
}

#[tokio::test]
async fn symbols_that_trade_by_different_calendars_do_not_share_a_market() {
    let catalogue = Catalogue::default().extended("contracts: { ABC: { calendar: weekdays } }");
    let catalogue = catalogue.expect("a good catalogue");
    let refused = Gateway::start(Settings { catalogue, ..settings() }).await.expect_err("two calendars");
    assert!(matches!(refused, StartError::Calendars { .. }), "{refused}");
    let file = tempfile::NamedTempFile::new().expect("a file");
    file.as_file().write_all(b"contracts: { ABC: { calendar: moon } }").expect("written");
    let refused = Catalogue::default().with_file(file.path()).expect_err("no such calendar").to_string();
    assert!(refused.contains("line 1, column 31: there is no calendar `moon`"), "{refused}");
}
