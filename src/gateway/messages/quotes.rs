//! Market data: quotes, ticks, and bars that keep up to date.

use super::{Contract, HistoricalBar};
use prost::{Message, Oneof};

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct MarketDataRequest {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::gateway) contract: Option<Contract>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) generic_ticks: Option<String>,
    #[prost(bool, optional, tag = "4")]
    pub(in crate::gateway) snapshot: Option<bool>,
    #[prost(bool, optional, tag = "5")]
    pub(in crate::gateway) regulatory_snapshot: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct MarketDataTypeRequest {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) data_type: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct TickByTickRequest {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::gateway) contract: Option<Contract>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) tick_type: Option<String>,
    #[prost(int32, optional, tag = "4")]
    pub(in crate::gateway) number_of_ticks: Option<i32>,
    #[prost(bool, optional, tag = "5")]
    pub(in crate::gateway) ignore_size: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct MarketDataType {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(in crate::gateway) data_type: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct TickReqParams {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(string, optional, tag = "2")]
    pub(in crate::gateway) min_tick: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) bbo_exchange: Option<String>,
    #[prost(int32, optional, tag = "4")]
    pub(in crate::gateway) snapshot_permissions: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct TickPrice {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(in crate::gateway) tick_type: Option<i32>,
    #[prost(double, optional, tag = "3")]
    pub(in crate::gateway) price: Option<f64>,
    #[prost(string, optional, tag = "4")]
    pub(in crate::gateway) size: Option<String>,
    #[prost(int32, optional, tag = "5")]
    pub(in crate::gateway) attributes: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct TickSize {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(in crate::gateway) tick_type: Option<i32>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) size: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct TickString {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(in crate::gateway) tick_type: Option<i32>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) value: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct TickGeneric {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(in crate::gateway) tick_type: Option<i32>,
    #[prost(double, optional, tag = "3")]
    pub(in crate::gateway) value: Option<f64>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct TickByTick {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(in crate::gateway) tick_type: Option<i32>,
    #[prost(oneof = "Tick", tags = "3, 4, 5")]
    pub(in crate::gateway) tick: Option<Tick>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(in crate::gateway) enum Tick {
    #[prost(message, tag = "3")]
    Last(TickLast),
    #[prost(message, tag = "4")]
    BidAsk(TickBidAsk),
    #[prost(message, tag = "5")]
    MidPoint(TickMidPoint),
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct TickLast {
    #[prost(int64, optional, tag = "1")]
    pub(in crate::gateway) time: Option<i64>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::gateway) attributes: Option<TickAttributes>,
    #[prost(double, optional, tag = "3")]
    pub(in crate::gateway) price: Option<f64>,
    #[prost(string, optional, tag = "4")]
    pub(in crate::gateway) size: Option<String>,
    #[prost(string, optional, tag = "5")]
    pub(in crate::gateway) exchange: Option<String>,
    #[prost(string, optional, tag = "6")]
    pub(in crate::gateway) conditions: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct TickBidAsk {
    #[prost(int64, optional, tag = "1")]
    pub(in crate::gateway) time: Option<i64>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::gateway) attributes: Option<TickAttributes>,
    #[prost(double, optional, tag = "3")]
    pub(in crate::gateway) bid: Option<f64>,
    #[prost(double, optional, tag = "4")]
    pub(in crate::gateway) ask: Option<f64>,
    #[prost(string, optional, tag = "5")]
    pub(in crate::gateway) bid_size: Option<String>,
    #[prost(string, optional, tag = "6")]
    pub(in crate::gateway) ask_size: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct TickMidPoint {
    #[prost(int64, optional, tag = "1")]
    pub(in crate::gateway) time: Option<i64>,
    #[prost(double, optional, tag = "2")]
    pub(in crate::gateway) price: Option<f64>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) size: Option<String>,
}

/// Past limit and unreported of a trade, bid past low and ask past high of a quote.
#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct TickAttributes {
    #[prost(bool, optional, tag = "1")]
    pub(in crate::gateway) first: Option<bool>,
    #[prost(bool, optional, tag = "2")]
    pub(in crate::gateway) second: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct PastTicksLast {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(message, repeated, tag = "2")]
    pub(in crate::gateway) ticks: Vec<TickLast>,
    #[prost(bool, optional, tag = "3")]
    pub(in crate::gateway) is_done: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct PastTicksBidAsk {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(message, repeated, tag = "2")]
    pub(in crate::gateway) ticks: Vec<TickBidAsk>,
    #[prost(bool, optional, tag = "3")]
    pub(in crate::gateway) is_done: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct PastTicksMidPoint {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(message, repeated, tag = "2")]
    pub(in crate::gateway) ticks: Vec<TickMidPoint>,
    #[prost(bool, optional, tag = "3")]
    pub(in crate::gateway) is_done: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct HistoricalDataUpdate {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::gateway) bar: Option<HistoricalBar>,
}
