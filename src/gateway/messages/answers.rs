//! What the gateway tells that is not about one order.

use super::Contract;
use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct Empty {}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct ErrorMessage {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) id: Option<i32>,
    #[prost(int64, optional, tag = "2")]
    pub(in crate::gateway) time: Option<i64>,
    #[prost(int32, optional, tag = "3")]
    pub(in crate::gateway) code: Option<i32>,
    #[prost(string, optional, tag = "4")]
    pub(in crate::gateway) text: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct NextValidId {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) order_id: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct ManagedAccounts {
    #[prost(string, optional, tag = "1")]
    pub(in crate::gateway) accounts: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct ContractData {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::gateway) contract: Option<Contract>,
    #[prost(message, optional, tag = "3")]
    pub(in crate::gateway) details: Option<ContractDetails>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct ContractDetails {
    #[prost(string, optional, tag = "1")]
    pub(in crate::gateway) market_name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(in crate::gateway) min_tick: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) order_types: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(in crate::gateway) valid_exchanges: Option<String>,
    #[prost(int32, optional, tag = "5")]
    pub(in crate::gateway) price_magnifier: Option<i32>,
    #[prost(string, optional, tag = "7")]
    pub(in crate::gateway) long_name: Option<String>,
    #[prost(string, optional, tag = "9")]
    pub(in crate::gateway) industry: Option<String>,
    #[prost(string, optional, tag = "10")]
    pub(in crate::gateway) category: Option<String>,
    #[prost(string, optional, tag = "11")]
    pub(in crate::gateway) subcategory: Option<String>,
    #[prost(string, optional, tag = "12")]
    pub(in crate::gateway) time_zone_id: Option<String>,
    #[prost(string, optional, tag = "13")]
    pub(in crate::gateway) trading_hours: Option<String>,
    #[prost(string, optional, tag = "14")]
    pub(in crate::gateway) liquid_hours: Option<String>,
    #[prost(int32, optional, tag = "18")]
    pub(in crate::gateway) agg_group: Option<i32>,
    #[prost(string, optional, tag = "21")]
    pub(in crate::gateway) market_rule_ids: Option<String>,
    #[prost(string, optional, tag = "23")]
    pub(in crate::gateway) stock_type: Option<String>,
    #[prost(string, optional, tag = "24")]
    pub(in crate::gateway) min_size: Option<String>,
    #[prost(string, optional, tag = "25")]
    pub(in crate::gateway) size_increment: Option<String>,
    #[prost(string, optional, tag = "26")]
    pub(in crate::gateway) suggested_size_increment: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct RequestEnd {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct Position {
    #[prost(string, optional, tag = "1")]
    pub(in crate::gateway) account: Option<String>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::gateway) contract: Option<Contract>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) position: Option<String>,
    #[prost(double, optional, tag = "4")]
    pub(in crate::gateway) average_cost: Option<f64>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct AccountSummary {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(string, optional, tag = "2")]
    pub(in crate::gateway) account: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) tag: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(in crate::gateway) value: Option<String>,
    #[prost(string, optional, tag = "5")]
    pub(in crate::gateway) currency: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct AccountValue {
    #[prost(string, optional, tag = "1")]
    pub(in crate::gateway) key: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(in crate::gateway) value: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) currency: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(in crate::gateway) account: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct PortfolioValue {
    #[prost(message, optional, tag = "1")]
    pub(in crate::gateway) contract: Option<Contract>,
    #[prost(string, optional, tag = "2")]
    pub(in crate::gateway) position: Option<String>,
    #[prost(double, optional, tag = "3")]
    pub(in crate::gateway) market_price: Option<f64>,
    #[prost(double, optional, tag = "4")]
    pub(in crate::gateway) market_value: Option<f64>,
    #[prost(double, optional, tag = "5")]
    pub(in crate::gateway) average_cost: Option<f64>,
    #[prost(double, optional, tag = "6")]
    pub(in crate::gateway) unrealized_pnl: Option<f64>,
    #[prost(double, optional, tag = "7")]
    pub(in crate::gateway) realized_pnl: Option<f64>,
    #[prost(string, optional, tag = "8")]
    pub(in crate::gateway) account: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct AccountText {
    #[prost(string, optional, tag = "1")]
    pub(in crate::gateway) text: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct RealTimeBar {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(int64, optional, tag = "2")]
    pub(in crate::gateway) time: Option<i64>,
    #[prost(double, optional, tag = "3")]
    pub(in crate::gateway) open: Option<f64>,
    #[prost(double, optional, tag = "4")]
    pub(in crate::gateway) high: Option<f64>,
    #[prost(double, optional, tag = "5")]
    pub(in crate::gateway) low: Option<f64>,
    #[prost(double, optional, tag = "6")]
    pub(in crate::gateway) close: Option<f64>,
    #[prost(string, optional, tag = "7")]
    pub(in crate::gateway) volume: Option<String>,
    #[prost(string, optional, tag = "8")]
    pub(in crate::gateway) wap: Option<String>,
    #[prost(int32, optional, tag = "9")]
    pub(in crate::gateway) count: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct HistoricalData {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(message, repeated, tag = "2")]
    pub(in crate::gateway) bars: Vec<HistoricalBar>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct HistoricalBar {
    #[prost(string, optional, tag = "1")]
    pub(in crate::gateway) date: Option<String>,
    #[prost(double, optional, tag = "2")]
    pub(in crate::gateway) open: Option<f64>,
    #[prost(double, optional, tag = "3")]
    pub(in crate::gateway) high: Option<f64>,
    #[prost(double, optional, tag = "4")]
    pub(in crate::gateway) low: Option<f64>,
    #[prost(double, optional, tag = "5")]
    pub(in crate::gateway) close: Option<f64>,
    #[prost(string, optional, tag = "6")]
    pub(in crate::gateway) volume: Option<String>,
    #[prost(string, optional, tag = "7")]
    pub(in crate::gateway) wap: Option<String>,
    #[prost(int32, optional, tag = "8")]
    pub(in crate::gateway) count: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct HistoricalDataEnd {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(string, optional, tag = "2")]
    pub(in crate::gateway) start: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) end: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct HeadTimestamp {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(string, optional, tag = "2")]
    pub(in crate::gateway) timestamp: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct CurrentTime {
    #[prost(int64, optional, tag = "1")]
    pub(in crate::gateway) time: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct MarketRule {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) rule_id: Option<i32>,
    #[prost(message, repeated, tag = "2")]
    pub(in crate::gateway) increments: Vec<PriceIncrement>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct PriceIncrement {
    #[prost(double, optional, tag = "1")]
    pub(in crate::gateway) low_edge: Option<f64>,
    #[prost(double, optional, tag = "2")]
    pub(in crate::gateway) increment: Option<f64>,
}
