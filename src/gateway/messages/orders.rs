//! Orders, their states and their fills: messages that go both ways.

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct Contract {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) con_id: Option<i32>,
    #[prost(string, optional, tag = "2")]
    pub(in crate::gateway) symbol: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) sec_type: Option<String>,
    #[prost(string, optional, tag = "8")]
    pub(in crate::gateway) exchange: Option<String>,
    #[prost(string, optional, tag = "9")]
    pub(in crate::gateway) primary_exchange: Option<String>,
    #[prost(string, optional, tag = "10")]
    pub(in crate::gateway) currency: Option<String>,
    #[prost(string, optional, tag = "11")]
    pub(in crate::gateway) local_symbol: Option<String>,
    #[prost(string, optional, tag = "12")]
    pub(in crate::gateway) trading_class: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct Order {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) client_id: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    pub(in crate::gateway) order_id: Option<i32>,
    #[prost(int64, optional, tag = "3")]
    pub(in crate::gateway) perm_id: Option<i64>,
    #[prost(int32, optional, tag = "4")]
    pub(in crate::gateway) parent_id: Option<i32>,
    #[prost(string, optional, tag = "5")]
    pub(in crate::gateway) action: Option<String>,
    #[prost(string, optional, tag = "6")]
    pub(in crate::gateway) quantity: Option<String>,
    #[prost(string, optional, tag = "8")]
    pub(in crate::gateway) order_type: Option<String>,
    #[prost(double, optional, tag = "9")]
    pub(in crate::gateway) limit_price: Option<f64>,
    #[prost(double, optional, tag = "10")]
    pub(in crate::gateway) aux_price: Option<f64>,
    #[prost(string, optional, tag = "11")]
    pub(in crate::gateway) tif: Option<String>,
    #[prost(string, optional, tag = "12")]
    pub(in crate::gateway) account: Option<String>,
    #[prost(bool, optional, tag = "19")]
    pub(in crate::gateway) outside_rth: Option<bool>,
    #[prost(double, optional, tag = "22")]
    pub(in crate::gateway) trailing_percent: Option<f64>,
    #[prost(double, optional, tag = "23")]
    pub(in crate::gateway) trail_stop_price: Option<f64>,
    #[prost(string, optional, tag = "25")]
    pub(in crate::gateway) good_after_time: Option<String>,
    #[prost(string, optional, tag = "26")]
    pub(in crate::gateway) good_till_date: Option<String>,
    #[prost(string, optional, tag = "27")]
    pub(in crate::gateway) oca_group: Option<String>,
    #[prost(string, optional, tag = "28")]
    pub(in crate::gateway) order_ref: Option<String>,
    #[prost(int32, optional, tag = "30")]
    pub(in crate::gateway) oca_type: Option<i32>,
    #[prost(int32, optional, tag = "31")]
    pub(in crate::gateway) trigger_method: Option<i32>,
    #[prost(string, optional, tag = "61")]
    pub(in crate::gateway) algo_strategy: Option<String>,
    #[prost(bool, optional, tag = "65")]
    pub(in crate::gateway) what_if: Option<bool>,
    #[prost(bool, optional, tag = "66")]
    pub(in crate::gateway) transmit: Option<bool>,
    #[prost(message, repeated, tag = "100")]
    pub(in crate::gateway) conditions: Vec<super::Empty>,
    #[prost(string, optional, tag = "115")]
    pub(in crate::gateway) filled_quantity: Option<String>,
    #[prost(int64, optional, tag = "121")]
    pub(in crate::gateway) parent_perm_id: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct OrderState {
    #[prost(string, optional, tag = "1")]
    pub(in crate::gateway) status: Option<String>,
    #[prost(double, optional, tag = "2")]
    pub(in crate::gateway) init_margin_before: Option<f64>,
    #[prost(double, optional, tag = "3")]
    pub(in crate::gateway) maint_margin_before: Option<f64>,
    #[prost(double, optional, tag = "4")]
    pub(in crate::gateway) equity_before: Option<f64>,
    #[prost(double, optional, tag = "5")]
    pub(in crate::gateway) init_margin_change: Option<f64>,
    #[prost(double, optional, tag = "6")]
    pub(in crate::gateway) maint_margin_change: Option<f64>,
    #[prost(double, optional, tag = "7")]
    pub(in crate::gateway) equity_change: Option<f64>,
    #[prost(double, optional, tag = "8")]
    pub(in crate::gateway) init_margin_after: Option<f64>,
    #[prost(double, optional, tag = "9")]
    pub(in crate::gateway) maint_margin_after: Option<f64>,
    #[prost(double, optional, tag = "10")]
    pub(in crate::gateway) equity_after: Option<f64>,
    #[prost(double, optional, tag = "11")]
    pub(in crate::gateway) commission: Option<f64>,
    #[prost(string, optional, tag = "14")]
    pub(in crate::gateway) commission_currency: Option<String>,
    #[prost(string, optional, tag = "15")]
    pub(in crate::gateway) margin_currency: Option<String>,
    #[prost(string, optional, tag = "28")]
    pub(in crate::gateway) warning_text: Option<String>,
    #[prost(string, optional, tag = "29")]
    pub(in crate::gateway) completed_time: Option<String>,
    #[prost(string, optional, tag = "30")]
    pub(in crate::gateway) completed_status: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct OpenOrder {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) order_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::gateway) contract: Option<Contract>,
    #[prost(message, optional, tag = "3")]
    pub(in crate::gateway) order: Option<Order>,
    #[prost(message, optional, tag = "4")]
    pub(in crate::gateway) state: Option<OrderState>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct OrderStatus {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) order_id: Option<i32>,
    #[prost(string, optional, tag = "2")]
    pub(in crate::gateway) status: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) filled: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(in crate::gateway) remaining: Option<String>,
    #[prost(double, optional, tag = "5")]
    pub(in crate::gateway) average_price: Option<f64>,
    #[prost(int64, optional, tag = "6")]
    pub(in crate::gateway) perm_id: Option<i64>,
    #[prost(int32, optional, tag = "7")]
    pub(in crate::gateway) parent_id: Option<i32>,
    #[prost(double, optional, tag = "8")]
    pub(in crate::gateway) last_price: Option<f64>,
    #[prost(int32, optional, tag = "9")]
    pub(in crate::gateway) client_id: Option<i32>,
    #[prost(string, optional, tag = "10")]
    pub(in crate::gateway) why_held: Option<String>,
    /// IBKR's clients take a cap that is not there for the largest number there is.
    #[prost(double, optional, tag = "11")]
    pub(in crate::gateway) market_cap_price: Option<f64>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct CompletedOrder {
    #[prost(message, optional, tag = "1")]
    pub(in crate::gateway) contract: Option<Contract>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::gateway) order: Option<Order>,
    #[prost(message, optional, tag = "3")]
    pub(in crate::gateway) state: Option<OrderState>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct ExecutionDetails {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) req_id: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(in crate::gateway) contract: Option<Contract>,
    #[prost(message, optional, tag = "3")]
    pub(in crate::gateway) execution: Option<Execution>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct Execution {
    #[prost(int32, optional, tag = "1")]
    pub(in crate::gateway) order_id: Option<i32>,
    #[prost(string, optional, tag = "2")]
    pub(in crate::gateway) exec_id: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) time: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(in crate::gateway) account: Option<String>,
    #[prost(string, optional, tag = "5")]
    pub(in crate::gateway) exchange: Option<String>,
    #[prost(string, optional, tag = "6")]
    pub(in crate::gateway) side: Option<String>,
    #[prost(string, optional, tag = "7")]
    pub(in crate::gateway) shares: Option<String>,
    #[prost(double, optional, tag = "8")]
    pub(in crate::gateway) price: Option<f64>,
    #[prost(int64, optional, tag = "9")]
    pub(in crate::gateway) perm_id: Option<i64>,
    #[prost(int32, optional, tag = "10")]
    pub(in crate::gateway) client_id: Option<i32>,
    #[prost(bool, optional, tag = "11")]
    pub(in crate::gateway) is_liquidation: Option<bool>,
    #[prost(string, optional, tag = "12")]
    pub(in crate::gateway) cumulative: Option<String>,
    #[prost(double, optional, tag = "13")]
    pub(in crate::gateway) average_price: Option<f64>,
    #[prost(string, optional, tag = "14")]
    pub(in crate::gateway) order_ref: Option<String>,
    #[prost(int32, optional, tag = "18")]
    pub(in crate::gateway) last_liquidity: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct CommissionReport {
    #[prost(string, optional, tag = "1")]
    pub(in crate::gateway) exec_id: Option<String>,
    #[prost(double, optional, tag = "2")]
    pub(in crate::gateway) commission: Option<f64>,
    #[prost(string, optional, tag = "3")]
    pub(in crate::gateway) currency: Option<String>,
    #[prost(double, optional, tag = "4")]
    pub(in crate::gateway) realized_pnl: Option<f64>,
}

#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct OrderBound {
    #[prost(int64, optional, tag = "1")]
    pub(in crate::gateway) perm_id: Option<i64>,
    #[prost(int32, optional, tag = "2")]
    pub(in crate::gateway) client_id: Option<i32>,
    #[prost(int32, optional, tag = "3")]
    pub(in crate::gateway) order_id: Option<i32>,
}
