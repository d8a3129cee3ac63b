//! The messages of the TWS protocol that the gateway reads and writes, with the field numbers of IBKR.
//!
//! Only the fields that mean something here have a name; prost skips the others.

mod answers;
mod orders;
mod quotes;
mod requests;
mod terms;

pub(super) use answers::*;
pub(super) use orders::*;
pub(super) use quotes::*;
pub(super) use requests::*;
pub(super) use terms::PlaceOrderTerms;

/// The ids of the messages a client sends.
pub(super) mod asked {
    pub(in crate::gateway) const MARKET_DATA: u32 = 1;
    pub(in crate::gateway) const CANCEL_MARKET_DATA: u32 = 2;
    pub(in crate::gateway) const PLACE_ORDER: u32 = 3;
    pub(in crate::gateway) const CANCEL_ORDER: u32 = 4;
    pub(in crate::gateway) const OPEN_ORDERS: u32 = 5;
    pub(in crate::gateway) const ACCOUNT_DATA: u32 = 6;
    pub(in crate::gateway) const EXECUTIONS: u32 = 7;
    pub(in crate::gateway) const IDS: u32 = 8;
    pub(in crate::gateway) const CONTRACT_DATA: u32 = 9;
    pub(in crate::gateway) const AUTO_OPEN_ORDERS: u32 = 15;
    pub(in crate::gateway) const ALL_OPEN_ORDERS: u32 = 16;
    pub(in crate::gateway) const MANAGED_ACCOUNTS: u32 = 17;
    pub(in crate::gateway) const HISTORICAL_DATA: u32 = 20;
    pub(in crate::gateway) const CANCEL_HISTORICAL_DATA: u32 = 25;
    pub(in crate::gateway) const CURRENT_TIME: u32 = 49;
    pub(in crate::gateway) const REAL_TIME_BARS: u32 = 50;
    pub(in crate::gateway) const CANCEL_REAL_TIME_BARS: u32 = 51;
    pub(in crate::gateway) const GLOBAL_CANCEL: u32 = 58;
    pub(in crate::gateway) const MARKET_DATA_TYPE: u32 = 59;
    pub(in crate::gateway) const POSITIONS: u32 = 61;
    pub(in crate::gateway) const ACCOUNT_SUMMARY: u32 = 62;
    pub(in crate::gateway) const CANCEL_ACCOUNT_SUMMARY: u32 = 63;
    pub(in crate::gateway) const CANCEL_POSITIONS: u32 = 64;
    pub(in crate::gateway) const START_API: u32 = 71;
    pub(in crate::gateway) const HEAD_TIMESTAMP: u32 = 87;
    pub(in crate::gateway) const MARKET_RULE: u32 = 91;
    pub(in crate::gateway) const TICK_BY_TICK: u32 = 97;
    pub(in crate::gateway) const CANCEL_TICK_BY_TICK: u32 = 98;
    pub(in crate::gateway) const COMPLETED_ORDERS: u32 = 99;
    pub(in crate::gateway) const CURRENT_TIME_MILLIS: u32 = 105;
    pub(in crate::gateway) const SERVER_LOG_LEVEL: u32 = 14;
    /// The highest id that IBKR's clients know.
    pub(in crate::gateway) const HIGHEST: u32 = 109;
    /// What ends a subscription that is not simulated: there is nothing to end, and IBKR answers nothing.
    pub(in crate::gateway) const CANCELS: [u32; 15] =
        [11, 13, 23, 53, 56, 57, 70, 75, 77, 89, 90, 93, 95, 106, 107];
    /// What is not simulated and begins with a request id, so that a refusal can name it.
    pub(in crate::gateway) const NOT_SIMULATED: [u32; 22] =
        [10, 22, 52, 54, 55, 67, 74, 76, 78, 79, 81, 83, 84, 86, 88, 92, 94, 96, 100, 102, 104, 108];
}

/// The ids of the messages the gateway sends.
pub(super) mod told {
    pub(in crate::gateway) const TICK_PRICE: u32 = 1;
    pub(in crate::gateway) const TICK_SIZE: u32 = 2;
    pub(in crate::gateway) const ORDER_STATUS: u32 = 3;
    pub(in crate::gateway) const ERROR: u32 = 4;
    pub(in crate::gateway) const OPEN_ORDER: u32 = 5;
    pub(in crate::gateway) const ACCOUNT_VALUE: u32 = 6;
    pub(in crate::gateway) const PORTFOLIO_VALUE: u32 = 7;
    pub(in crate::gateway) const ACCOUNT_TIME: u32 = 8;
    pub(in crate::gateway) const NEXT_VALID_ID: u32 = 9;
    pub(in crate::gateway) const CONTRACT_DATA: u32 = 10;
    pub(in crate::gateway) const EXECUTION: u32 = 11;
    pub(in crate::gateway) const MANAGED_ACCOUNTS: u32 = 15;
    pub(in crate::gateway) const HISTORICAL_DATA: u32 = 17;
    pub(in crate::gateway) const TICK_GENERIC: u32 = 45;
    pub(in crate::gateway) const TICK_STRING: u32 = 46;
    pub(in crate::gateway) const CURRENT_TIME: u32 = 49;
    pub(in crate::gateway) const REAL_TIME_BAR: u32 = 50;
    pub(in crate::gateway) const CONTRACT_DATA_END: u32 = 52;
    pub(in crate::gateway) const OPEN_ORDERS_END: u32 = 53;
    pub(in crate::gateway) const ACCOUNT_DATA_END: u32 = 54;
    pub(in crate::gateway) const EXECUTIONS_END: u32 = 55;
    pub(in crate::gateway) const SNAPSHOT_END: u32 = 57;
    pub(in crate::gateway) const MARKET_DATA_TYPE: u32 = 58;
    pub(in crate::gateway) const COMMISSION: u32 = 59;
    pub(in crate::gateway) const POSITION: u32 = 61;
    pub(in crate::gateway) const POSITIONS_END: u32 = 62;
    pub(in crate::gateway) const ACCOUNT_SUMMARY: u32 = 63;
    pub(in crate::gateway) const ACCOUNT_SUMMARY_END: u32 = 64;
    pub(in crate::gateway) const TICK_PARAMETERS: u32 = 81;
    pub(in crate::gateway) const HEAD_TIMESTAMP: u32 = 88;
    pub(in crate::gateway) const HISTORICAL_DATA_UPDATE: u32 = 90;
    pub(in crate::gateway) const MARKET_RULE: u32 = 93;
    pub(in crate::gateway) const PAST_TICKS_MIDPOINT: u32 = 96;
    pub(in crate::gateway) const PAST_TICKS_BID_ASK: u32 = 97;
    pub(in crate::gateway) const PAST_TICKS_LAST: u32 = 98;
    pub(in crate::gateway) const TICK_BY_TICK: u32 = 99;
    pub(in crate::gateway) const ORDER_BOUND: u32 = 100;
    pub(in crate::gateway) const COMPLETED_ORDER: u32 = 101;
    pub(in crate::gateway) const COMPLETED_ORDERS_END: u32 = 102;
    pub(in crate::gateway) const HISTORICAL_DATA_END: u32 = 108;
    pub(in crate::gateway) const CURRENT_TIME_MILLIS: u32 = 109;
}
