//! A client at the gateway: ibapi over loopback TCP, and a line for everything it says; raw frames beside it.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use ibapi::Client;
use ibapi::contracts::Contract;
use ibapi::market_data::TradingHours;
use ibapi::market_data::realtime::Bar;
use ibapi::orders::{Action, OcaType, Order, OrderUpdate, Orders, TimeInForce};
use ibapi::prelude::{NoticeStream, Subscription, SubscriptionItem};
use jiff::Timestamp;
use prusik::gateway::{Gateway, Settings, SourceBar};
use rust_decimal::Decimal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than anything here takes; a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Minutes from 09:30 on 2013-10-04, as `open high low close` in cents.
pub(crate) const MINUTES: [[i64; 4]; 4] =
    [[1000, 1012, 991, 1006], [1006, 1030, 1000, 1024], [1024, 1060, 1018, 1048], [1048, 1051, 1000, 1003]];

pub(crate) fn minutes(start: &str, rows: &[[i64; 4]]) -> Vec<SourceBar> {
    let start: Timestamp = start.parse().expect("a time");
    let bar = |(minute, row): (i64, &[i64; 4])| {
        let [open, high, low, close] = row.map(|cents| Decimal::new(cents, 2));
        let time = Timestamp::from_second(start.as_second() + minute * 60).expect("a time");
        SourceBar { time, open, high, low, close, volume: 1_200 }
    };
    (0..).zip(rows).map(bar).collect()
}

pub(crate) fn settings() -> Settings {
    let xyz = minutes("2013-10-04T09:30:00-04:00", &MINUTES);
    let abc = minutes("2013-10-04T09:30:00-04:00", &[[5000, 5000, 5000, 5000], [5000, 5010, 4990, 5005]]);
    Settings { bars: vec![("XYZ".to_owned(), xyz), ("ABC".to_owned(), abc)], ..Settings::default() }
}

pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("an answer in time")
}

pub(crate) fn xyz() -> Contract {
    Contract::stock("XYZ").build()
}

/// A client with its streams, and what they said.
pub(crate) struct Desk {
    pub(crate) client: Client,
    pub(crate) orders: Subscription<OrderUpdate>,
    pub(crate) notices: NoticeStream,
}

impl Desk {
    pub(crate) async fn at(gateway: &Gateway, id: i32) -> Desk {
        let builder =
            Client::builder().address(gateway.local_addr().to_string()).client_id(id).tcp_no_delay(true);
        let (client, notices) = in_time(builder.connect_with_notice_stream()).await.expect("connected");
        let orders = in_time(client.order_update_stream()).await.expect("the order stream");
        Desk { client, orders, notices }
    }

    /// Everything the order stream has, after a round trip.
    pub(crate) async fn drain(&mut self) -> String {
        in_time(self.client.server_time()).await.expect("a round trip");
        let mut lines = Vec::new();
        while let Some(Some(item)) = self.orders.next().now_or_never() {
            lines.push(line(item.expect("a readable frame")));
        }
        lines.join("\n")
    }

    pub(crate) async fn bars(&self, symbol: &str) -> Subscription<Bar> {
        let contract = Contract::stock(symbol).build();
        let bars = self.client.realtime_bars(&contract).trading_hours(TradingHours::Extended);
        in_time(bars.subscribe()).await.expect("subscribed")
    }

    pub(crate) async fn done(&self) {
        in_time(self.client.server_time_millis()).await.expect("a round trip");
    }

    pub(crate) async fn place(&self, id: i32, order: &Order) {
        in_time(self.client.submit_order(id, &xyz(), order)).await.expect("written");
    }

    pub(crate) async fn notice(&mut self, code: i32) -> String {
        loop {
            let notice = in_time(self.notices.next()).await.expect("a notice");
            if notice.code == code {
                return notice.message;
            }
        }
    }

    pub(crate) async fn open_orders(&self) -> Vec<ibapi::orders::OrderData> {
        let mut open = in_time(self.client.all_open_orders()).await.expect("open orders");
        let rows = open.collect_to_end_within(PATIENCE).await.expect("to their end");
        rows.into_iter()
            .filter_map(|row| if let Orders::OrderData(row) = row { Some(row) } else { None })
            .collect()
    }
}

pub(crate) fn line(item: SubscriptionItem<OrderUpdate>) -> String {
    match item {
        SubscriptionItem::Notice(notice) => {
            format!("{:?} notice {} {}", notice.request_id, notice.code, notice.message)
        }
        SubscriptionItem::Data(OrderUpdate::OpenOrder(data)) => {
            let order = &data.order;
            let limit = order.limit_price.unwrap_or(0.0) + order.aux_price.unwrap_or(0.0);
            format!(
                "{} open {:?} {} {} {limit} {}",
                data.order_id, order.action, order.total_quantity, order.order_type, data.order_state.status
            )
        }
        SubscriptionItem::Data(OrderUpdate::OrderStatus(status)) => {
            format!(
                "{} status {} {}/{} held {:?}",
                status.order_id, status.status, status.filled, status.remaining, status.why_held
            )
        }
        SubscriptionItem::Data(OrderUpdate::ExecutionData(data)) => {
            let it = data.execution;
            format!(
                "{} execution {} {:?} {} at {} on {} ref {}",
                it.order_id, it.execution_id, it.side, it.shares, it.price, it.time, it.order_reference
            )
        }
        SubscriptionItem::Data(OrderUpdate::CommissionReport(report)) => {
            format!("commission {} {} {:?}", report.execution_id, report.commission, report.realized_pnl)
        }
        SubscriptionItem::Data(OrderUpdate::OrderBound(bound)) => format!("{} bound", bound.order_id),
    }
}

pub(crate) fn order(action: Action, kind: &str, price: f64) -> Order {
    let mut order = Order { action, total_quantity: 100.0, order_type: kind.to_owned(), ..Order::default() };
    match kind {
        "LMT" => order.limit_price = Some(price),
        "STP" => order.aux_price = Some(price),
        _ => {}
    }
    order
}

/// Entry, stop and target, the last one transmits.
pub(crate) fn bracket(first: i32, stop: f64, target: f64) -> [(i32, Order); 3] {
    let leg = |order: Order, role: &str| Order {
        parent_id: first,
        tif: TimeInForce::GoodTillCanceled,
        oca_group: "plan".to_owned(),
        oca_type: OcaType::CancelWithBlock,
        order_ref: role.to_owned(),
        ..order
    };
    let entry = Order { transmit: false, order_ref: "E".to_owned(), ..order(Action::Buy, "MKT", 0.0) };
    let stop = Order { transmit: false, ..leg(order(Action::Sell, "STP", stop), "S") };
    [(first, entry), (first + 1, stop), (first + 2, leg(order(Action::Sell, "LMT", target), "T"))]
}

/// Where the market data lies; none with a clear line where it does not.
pub(crate) fn data(file: &str) -> Option<std::path::PathBuf> {
    let folder =
        std::env::var_os("PRUSIK_DATA").map_or_else(|| "../shared/data".into(), std::path::PathBuf::from);
    let path = folder.join(file);
    if path.exists() {
        return Some(path);
    }
    // A test's own words are shown when it is run with --nocapture.
    let _ = std::io::Write::write_all(
        &mut std::io::stderr(),
        format!("skipped: no {}\n", path.display()).as_bytes(),
    );
    None
}

/// A client without ibapi: raw frames.
pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) async fn greet(gateway: &Gateway, versions: &str) -> Raw {
        let mut raw = Raw(TcpStream::connect(gateway.local_addr()).await.expect("connected"));
        raw.send(b"API\0").await;
        raw.send(&(versions.len() as u32).to_be_bytes()).await;
        raw.send(versions.as_bytes()).await;
        raw
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("written");
    }

    pub(crate) async fn frame(&mut self, id: u32, message: &[u8]) {
        let length = message.len() as u32 + 4;
        self.send(&[&length.to_be_bytes()[..], &(id + 200).to_be_bytes(), message].concat()).await;
    }

    /// Sends a frame to a gateway that may have hung up.
    pub(crate) async fn try_frame(&mut self, id: u32, message: &[u8]) {
        let length = message.len() as u32 + 4;
        let bytes = [&length.to_be_bytes()[..], &(id + 200).to_be_bytes(), message].concat();
        drop(self.0.write_all(&bytes).await);
    }

    /// The next frame: its id and its message; none when the gateway hung up.
    pub(crate) async fn next(&mut self) -> Option<(u32, Vec<u8>)> {
        let length = in_time(self.0.read_u32()).await.ok()?;
        let mut body = vec![0; length as usize];
        in_time(self.0.read_exact(&mut body)).await.ok()?;
        let message = body.split_off(4.min(body.len()));
        Some((u32::from_be_bytes(body.try_into().ok()?).wrapping_sub(200), message))
    }
}
