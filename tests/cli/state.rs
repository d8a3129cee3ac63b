//! `prusik gateway --state`: a gateway that is killed and started again.

use std::time::Duration;

use futures_util::StreamExt;
use ibapi::Client;
use ibapi::contracts::Contract;
use ibapi::market_data::TradingHours;
use ibapi::market_data::realtime::Bar;
use ibapi::orders::{Action, Order, Orders};
use ibapi::prelude::{Subscription, SubscriptionItem};

use super::prusik::{Dir, Running, minutes};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("an answer in time")
}

fn gateway(dir: &Dir) -> (Running, String) {
    let words = ["gateway", "--listen", "127.0.0.1:0", "--speed", "max", "--state", "state.jsonl"];
    let mut gateway = dir.start(words.into_iter().chain(["--bars", "XYZ=xyz.csv"]));
    let line = gateway.line();
    let address = line.strip_prefix("listening on ").expect("an address").to_owned();
    (gateway, address)
}

/// A client in lockstep, and its bars.
async fn join(address: &str) -> (Client, Subscription<Bar>) {
    let client = in_time(Client::builder().address(address).client_id(5).connect()).await.expect("connected");
    in_time(client.server_time_millis()).await.expect("a round trip");
    let contract = Contract::stock("XYZ").build();
    let bars = client.realtime_bars(&contract).trading_hours(TradingHours::Extended).subscribe();
    let bars = in_time(bars).await.expect("subscribed");
    (client, bars)
}

/// Lets the market go on by a bar; when it began.
async fn step(client: &Client, bars: &mut Subscription<Bar>) -> i64 {
    in_time(client.server_time_millis()).await.expect("a round trip");
    loop {
        if let SubscriptionItem::Data(bar) = in_time(bars.next()).await.expect("a bar").expect("readable") {
            return bar.date.unix_timestamp();
        }
    }
}

/// The permanent ids of what rests, and the ids of what filled.
async fn books(client: &Client) -> (Vec<i64>, Vec<String>) {
    let mut open = in_time(client.all_open_orders()).await.expect("open orders");
    let rows = open.collect_to_end_within(PATIENCE).await.expect("to their end");
    let mut resting: Vec<i64> = rows
        .into_iter()
        .filter_map(|row| if let Orders::OrderData(row) = row { Some(row.order.perm_id) } else { None })
        .collect();
    resting.sort_unstable();
    resting.dedup();
    let mut fills = in_time(client.executions(Default::default())).await.expect("executions");
    let fills = fills.collect_to_end_within(PATIENCE).await.expect("to their end");
    (resting, fills.into_iter().map(|fill| format!("{fill:?}")).collect())
}

#[tokio::test]
async fn a_killed_gateway_comes_back_with_its_orders_and_fills_and_trades_on() {
    let dir = Dir::new();
    dir.write("xyz.csv", &minutes(&[("10.00", "10.05"), ("10.05", "10.10"), ("10.10", "10.02")]));
    let (running, address) = gateway(&dir);
    let (client, mut bars) = join(&address).await;
    let contract = Contract::stock("XYZ").build();
    let order = |action, kind: &str| Order {
        action,
        total_quantity: 100.0,
        order_type: kind.to_owned(),
        ..Order::default()
    };
    in_time(client.submit_order(1, &contract, &order(Action::Buy, "MKT"))).await.expect("written");
    let stop = Order { aux_price: Some(9.00), ..order(Action::Sell, "STP") };
    in_time(client.submit_order(2, &contract, &stop)).await.expect("written");
    step(&client, &mut bars).await;
    let last = step(&client, &mut bars).await;
    let before = books(&client).await;
    assert_eq!(
        (before.0.len(), before.1.len()),
        (1, 2),
        "a stop rests; a fill and its commission: {before:?}"
    );
    running.signal("KILL");
    drop((client, bars, running));

    let (running, address) = gateway(&dir);
    let (client, mut bars) = join(&address).await;
    assert_eq!(books(&client).await, before);
    assert_eq!(client.next_order_id(), 3);
    // A quiet minute may be told again, and only that.
    let next = step(&client, &mut bars).await;
    assert!(last - 60 < next && next <= last + 5, "{next} after {last}");
    drop((client, bars));
    running.signal("TERM");
    assert_eq!(running.end().code, 0);
}

#[test]
fn a_state_that_cannot_be_taken_up_is_told_with_its_line() {
    let dir = Dir::new();
    dir.write("xyz.csv", &minutes(&[("10.00", "10.05")]));
    dir.write("state.jsonl", "{\"version\":1,\"account\":\"DU0000001\",\"symbols\":[\"AAPL\"]}\n");
    let words = ["gateway", "--listen", "127.0.0.1:0", "--bars", "XYZ=xyz.csv", "--state", "state.jsonl"];
    let told = dir.prusik(words);
    assert_eq!((told.code, told.out.as_str()), (78, ""));
    let wanted = "error: state.jsonl, line 1: it is the state of AAPL, and the bars are of XYZ\n  = help: start with \
                  the bars and the account it was written with, or move it away to begin anew\n";
    assert_eq!(told.err, wanted);
}
