//! What a client asks.

use super::{Contract, Order};
use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct StartApi {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) client_id: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct PlaceOrder {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) order_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::gateway) contract: Option<Contract>,
    #[prost(message, optional, tag = "3")]
    pub(in crate::gateway) order: Option<Order>,
}

/// The contract of every request that has one.
#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct AboutContract {
    #[prost(message, optional, tag = "2")]
    pub(in crate::gateway) contract: Option<Contract>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct CancelOrder {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) order_id: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct AccountDataRequest {
    #[prost(bool, optional, tag = "1")]
    pub(in crate::gateway) subscribe: Option<bool>,
    #[prost(string, optional, tag = "2")]
    pub(in crate::gateway) account: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct AutoOpenOrders {
    #[prost(bool, optional, tag = "1")]
    pub(in crate::gateway) bind: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct CompletedOrdersRequest {
    #[prost(bool, optional, tag = "1")]
    pub(in crate::gateway) api_only: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct ExecutionRequest {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::gateway) filter: Option<ExecutionFilter>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct ExecutionFilter {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) client_id: Option<i32>,
    #[prost(string, optional, tag = "2")]
    pub(in crate::gateway) account: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) time: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(in crate::gateway) symbol: Option<String>,
    #[prost(string, optional, tag = "5")]
    pub(in crate::gateway) sec_type: Option<String>,
    #[prost(string, optional, tag = "6")]
    pub(in crate::gateway) exchange: Option<String>,
    #[prost(string, optional, tag = "7")]
    pub(in crate::gateway) side: Option<String>,
    #[prost(int32, optional, tag = "8")]
    pub(in crate::gateway) last_n_days: Option<i32>,
    #[prost(int32, repeated, tag = "9")]
    pub(in crate::gateway) specific_dates: Vec<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct ContractDataRequest {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::gateway) contract: Option<Contract>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct HistoricalDataRequest {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::gateway) contract: Option<Contract>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) end: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(in crate::gateway) bar_size: Option<String>,
    #[prost(string, optional, tag = "5")]
    pub(in crate::gateway) duration: Option<String>,
    #[prost(bool, optional, tag = "6")]
    pub(in crate::gateway) use_rth: Option<bool>,
    #[prost(string, optional, tag = "7")]
    pub(in crate::gateway) what_to_show: Option<String>,
    #[prost(int32, optional, tag = "8")]
    pub(in crate::gateway) format_date: Option<i32>,
    #[prost(bool, optional, tag = "9")]
    pub(in crate::gateway) keep_up_to_date: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct HeadTimestampRequest {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::gateway) contract: Option<Contract>,
    #[prost(bool, optional, tag = "3")]
    pub(in crate::gateway) use_rth: Option<bool>,
    #[prost(string, optional, tag = "4")]
    pub(in crate::gateway) what_to_show: Option<String>,
    #[prost(int32, optional, tag = "5")]
    pub(in crate::gateway) format_date: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct RealTimeBarsRequest {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::gateway) contract: Option<Contract>,
    #[prost(int32, optional, tag = "3")]
    pub(in crate::gateway) bar_size: Option<i32>,
    #[prost(string, optional, tag = "4")]
    pub(in crate::gateway) what_to_show: Option<String>,
    #[prost(bool, optional, tag = "5")]
    pub(in crate::gateway) use_rth: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct AccountSummaryRequest {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(string, optional, tag = "2")]
    pub(in crate::gateway) group: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) tags: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct MarketRuleRequest {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) rule_id: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct RequestId {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
}
