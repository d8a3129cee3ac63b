//! The market and the account as IBKR's Python client and ibapi decode them at one gateway, at the same time.

use futures_util::{FutureExt, Stream, StreamExt};
use ibapi::Error;
use ibapi::accounts::AccountSummaryResult;
use ibapi::accounts::types::AccountGroup;
use ibapi::market_data::TradingHours;
use ibapi::market_data::historical::{
    Bar as PastBar, BarSize, BarTimestamp, HistoricalBarUpdate, ToDuration,
};
use ibapi::market_data::realtime::{Bar, Trade};
use ibapi::prelude::SubscriptionItem;
use tempfile::TempDir;

use super::Market;
use crate::driven::Driven;
use crate::process::Gateway;
use crate::together::{Desk, in_time, xyz};
use crate::venv;

/// The tags of the account that are compared.
const TAGS: [&str; 7] = [
    "NetLiquidation",
    "TotalCashValue",
    "BuyingPower",
    "AvailableFunds",
    "ExcessLiquidity",
    "InitMarginReq",
    "MaintMarginReq",
];

/// What a subscription has by now.
fn arrived<T>(from: &mut (impl Stream<Item = Result<SubscriptionItem<T>, Error>> + Unpin)) -> Vec<T> {
    let mut items = Vec::new();
    while let Some(Some(item)) = from.next().now_or_never() {
        match item.expect("readable") {
            SubscriptionItem::Data(data) => items.push(data),
            SubscriptionItem::Notice(notice) => panic!("{notice:?}"),
        }
    }
    items
}

fn bar(bar: &Bar) -> String {
    let Bar { date, open, high, low, close, volume, wap, count } = bar;
    let time = date.unix_timestamp();
    format!("realtimeBar 9000 {time} {open} {high} {low} {close} volume {volume} wap {wap} count {count}")
}

fn past(name: &str, bar: &PastBar) -> String {
    let PastBar { date, open, high, low, close, volume, wap, count, .. } = bar;
    let BarTimestamp::DateTime(date) = date else { panic!("a time, not a date") };
    let time = date.unix_timestamp();
    format!("{name} 3 {time} {open} {high} {low} {close} volume {volume} wap {wap} count {count}")
}

fn trade(trade: &Trade) -> String {
    let Trade { time, price, size, exchange, special_conditions, .. } = trade;
    let time = time.unix_timestamp();
    format!("tickByTickAllLast 5 1 {time} {price} {size} {exchange}{special_conditions}")
}

#[tokio::test(flavor = "multi_thread")]
async fn both_clients_see_the_same_market_at_the_same_time() {
    let Some(python) = venv::python("the same market") else { return };
    let folder = TempDir::new().expect("a folder");
    let gateway = Gateway::start(&Market::Morning.write(folder.path()), &[]);
    let ours = Desk::at(&gateway, 7).await;
    ours.done().await;
    let mut theirs = Driven::at(gateway.address().port(), &python, &folder, 8);
    theirs.ask("desk.join('XYZ')");
    let mut bars = ours.bars().await;
    let contract = xyz();
    let mut trades = in_time(ours.client.tick_by_tick(&contract, 0).last()).await.expect("ticks");
    theirs.ask("desk.reqTickByTickData(5, stock('XYZ'), 'Last', 0, False)");
    theirs.told();
    for _ in 0..2 {
        ours.done().await;
        theirs.ask("desk.step()");
    }
    let history = ours.client.historical_data(&contract, BarSize::Min).trading_hours(TradingHours::Regular);
    let mut minutes = in_time(history.duration(1.days()).stream()).await.expect("history");
    theirs.ask("desk.reqHistoricalData(3, stock('XYZ'), '', '1 D', '1 min', 'TRADES', 1, 2, True, [])");
    let Some(Ok(SubscriptionItem::Data(HistoricalBarUpdate::Historical(batch)))) =
        in_time(minutes.next()).await
    else {
        panic!("the past comes first")
    };
    let Some(Ok(SubscriptionItem::Data(HistoricalBarUpdate::End { .. }))) = in_time(minutes.next()).await
    else {
        panic!("then its end")
    };
    let told = theirs.ask("desk.told()");
    let of = |name: &str, told: &[String]| -> Vec<String> {
        told.iter().filter(|line| line.split(' ').next() == Some(name)).cloned().collect()
    };
    let batch: Vec<String> = batch.bars.iter().map(|bar| past("historicalData", bar)).collect();
    assert_eq!(batch, of("historicalData", &told));
    let ticks: Vec<String> = arrived(&mut trades).iter().map(trade).collect();
    assert_eq!(ticks, of("tickByTickAllLast", &told));
    let first: Vec<String> = arrived(&mut bars).iter().map(bar).collect();
    assert_eq!(first, of("realtimeBar", &told));
    assert_eq!((batch.len(), first.len()), (1, 2));

    for instant in 2..26 {
        ours.done().await;
        theirs.ask("desk.step()");
        in_time(ours.client.server_time()).await.expect("a round trip");
        let told = theirs.ask("desk.told()");
        let updates: Vec<String> = arrived(&mut minutes)
            .iter()
            .map(|update| match update {
                HistoricalBarUpdate::Update(bar) => past("historicalDataUpdate", bar),
                other => panic!("{other:?}"),
            })
            .collect();
        let ours: Vec<Vec<String>> = vec![
            arrived(&mut bars).iter().map(bar).collect(),
            arrived(&mut trades).iter().map(trade).collect(),
            updates,
        ];
        let theirs = ["realtimeBar", "tickByTickAllLast", "historicalDataUpdate"].map(|name| of(name, &told));
        assert_eq!(ours, theirs, "instant {instant}");
        assert!(ours.iter().all(|rows| !rows.is_empty()), "instant {instant}: {ours:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_clients_see_the_same_contract_account_and_preview() {
    let Some(python) = venv::python("the same contract, account and preview") else { return };
    let folder = TempDir::new().expect("a folder");
    let gateway = Gateway::start(&Market::Morning.write(folder.path()), &[]);
    let mut ours = Desk::at(&gateway, 7).await;
    ours.done().await;
    let mut theirs = Driven::at(gateway.address().port(), &python, &folder, 8);
    theirs.ask("desk.join('XYZ')");
    let _bars = ours.bars().await;

    let details = in_time(ours.client.contract_details(&xyz())).await.expect("details");
    let it = &details[0];
    theirs.ask("desk.reqContractDetails(1, stock('XYZ'))");
    let told = theirs.ask(
        "[f'{d.contract.conId} {d.minTick} {d.timeZoneId} {d.tradingHours} {d.liquidHours} {d.marketRuleIds} {d.orderTypes} \
         {d.validExchanges} {d.longName} {d.stockType}' for n, a in desk.rows_told() if n == 'contractDetails' for d in [a[1]]]",
    );
    let decoded = format!(
        "{} {} {} {} {} {} {} {} {} {}",
        it.contract.contract_id,
        it.min_tick,
        it.time_zone_id,
        it.trading_hours.join(";"),
        it.liquid_hours.join(";"),
        it.market_rule_ids.join(","),
        it.order_types.join(","),
        it.valid_exchanges.join(","),
        it.long_name,
        it.stock_type
    );
    assert_eq!(told, [decoded]);

    theirs.ask("desk.place(1, order('BUY', 'MKT', quantity=300))");
    theirs.told();
    ours.done().await;
    theirs.ask("desk.step()");
    theirs.told();
    theirs.ask(&format!("desk.reqAccountSummary(7, 'All', '{}')", TAGS.join(",")));
    let mut told = theirs.told();
    assert_eq!(told.pop().as_deref(), Some("accountSummaryEnd 7"));
    let mut rows =
        in_time(ours.client.account_summary(&AccountGroup::from("All"), &TAGS)).await.expect("the account");
    let mut decoded = Vec::new();
    while let Some(Ok(SubscriptionItem::Data(AccountSummaryResult::Summary(row)))) =
        in_time(rows.next()).await
    {
        decoded.push(format!("accountSummary 7 {} {} {} {}", row.account, row.tag, row.value, row.currency));
    }
    assert_eq!(told, decoded);
    // 300 bought at 10.00 for 1.50 are worth 9.98.
    assert_eq!(told[0], "accountSummary 7 DU0000001 NetLiquidation 99992.50 USD");

    let contract = xyz();
    let asked = ours.client.order(&contract).buy(400).limit(10.0);
    let it = in_time(asked.analyze()).await.expect("a preview");
    theirs.ask("desk.place(2, order('BUY', 'LMT', 10.0, 400, whatIf=True))");
    let told = theirs.ask(
        "[f'{float(s.initMarginBefore)} {float(s.initMarginChange)} {float(s.maintMarginAfter)} \
         {float(s.equityWithLoanAfter)} {s.commissionAndFees}' for n, a in desk.rows_told() if n == 'openOrder' for s in [a[3]]]",
    );
    let decoded = [
        it.initial_margin_before,
        it.initial_margin_change,
        it.maintenance_margin_after,
        it.equity_with_loan_after,
        it.commission,
    ];
    let decoded = decoded.map(|value| format!("{:?}", value.expect("told"))).join(" ");
    assert_eq!(told, [decoded.as_str()]);
    // Bound is a quarter: of 300 at 9.98 now, and of 700 at 10.00 once that is where the last trade was.
    assert_eq!(decoded, "748.5 1001.5 1750.0 99990.5 2.0");
    ours.told().await;
}
