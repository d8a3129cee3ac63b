//! The requests and the callbacks that a fault can name, and the message ids they have in the protocol.

use crate::gateway::messages::{asked, told};

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident $word:literal $id:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$of])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &[$name] = &[$($name::$variant,)*];

            /// As a fault file spells it.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }

            /// The one a fault file spells so.
            pub fn of_word(word: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|one| one.word() == word)
            }

            /// Its message id in the protocol; none where it is no single message.
            pub(super) fn id(self) -> Option<u32> {
                match self { $($name::$variant => $id,)* }
            }
        }
    };
}

named! {
    /// A request of a client.
    Request {
        /// Whatever it asks.
        Any "any" None,
        /// A new order.
        PlaceOrder "place_order" Some(asked::PLACE_ORDER),
        /// An order whose id is known already: a change of it.
        ModifyOrder "modify_order" Some(asked::PLACE_ORDER),
        /// A cancellation of one order.
        CancelOrder "cancel_order" Some(asked::CANCEL_ORDER),
        /// The cancellation of everything.
        GlobalCancel "global_cancel" Some(asked::GLOBAL_CANCEL),
        /// The client's own live orders.
        OpenOrders "open_orders" Some(asked::OPEN_ORDERS),
        /// All live orders.
        AllOpenOrders "all_open_orders" Some(asked::ALL_OPEN_ORDERS),
        /// To be told of orders given by hand.
        AutoOpenOrders "auto_open_orders" Some(asked::AUTO_OPEN_ORDERS),
        /// The orders that have ended.
        CompletedOrders "completed_orders" Some(asked::COMPLETED_ORDERS),
        /// The fills.
        Executions "executions" Some(asked::EXECUTIONS),
        /// The positions.
        Positions "positions" Some(asked::POSITIONS),
        /// Rows of the account.
        AccountSummary "account_summary" Some(asked::ACCOUNT_SUMMARY),
        /// The account as a whole.
        AccountData "account_data" Some(asked::ACCOUNT_DATA),
        /// A contract.
        ContractData "contract_data" Some(asked::CONTRACT_DATA),
        /// A price grid.
        MarketRule "market_rule" Some(asked::MARKET_RULE),
        /// Bars of the past.
        HistoricalData "historical_data" Some(asked::HISTORICAL_DATA),
        /// The first bar of the past.
        HeadTimestamp "head_timestamp" Some(asked::HEAD_TIMESTAMP),
        /// Five-second bars as they happen.
        RealTimeBars "real_time_bars" Some(asked::REAL_TIME_BARS),
        /// The end of these.
        CancelRealTimeBars "cancel_real_time_bars" Some(asked::CANCEL_REAL_TIME_BARS),
        /// Quotes as they happen.
        MarketData "market_data" Some(1),
        /// Trades one by one.
        TickByTick "tick_by_tick" Some(97),
        /// Live or delayed.
        MarketDataType "market_data_type" Some(asked::MARKET_DATA_TYPE),
        /// The next order id.
        Ids "ids" Some(asked::IDS),
        /// The accounts.
        ManagedAccounts "managed_accounts" Some(asked::MANAGED_ACCOUNTS),
        /// The time.
        CurrentTime "current_time" Some(asked::CURRENT_TIME),
        /// The time in milliseconds, which says "done" to the market.
        CurrentTimeMillis "current_time_millis" Some(asked::CURRENT_TIME_MILLIS),
    }
}

named! {
    /// A message to a client.
    Callback {
        /// Whatever is told.
        Any "any" None,
        /// `orderStatus`.
        OrderStatus "order_status" Some(told::ORDER_STATUS),
        /// `openOrder`.
        OpenOrder "open_order" Some(told::OPEN_ORDER),
        /// `execDetails`.
        Execution "execution" Some(told::EXECUTION),
        /// `commissionReport`.
        Commission "commission" Some(told::COMMISSION),
        /// `error`: also warnings and notices.
        Error "error" Some(told::ERROR),
        /// `nextValidId`.
        NextValidId "next_valid_id" Some(told::NEXT_VALID_ID),
        /// `managedAccounts`.
        ManagedAccounts "managed_accounts" Some(told::MANAGED_ACCOUNTS),
        /// `realtimeBar`.
        RealTimeBar "real_time_bar" Some(told::REAL_TIME_BAR),
        /// `tickPrice`.
        TickPrice "tick_price" Some(1),
        /// `tickSize`.
        TickSize "tick_size" Some(2),
        /// `position`.
        Position "position" Some(told::POSITION),
        /// `positionEnd`.
        PositionsEnd "position_end" Some(told::POSITIONS_END),
        /// `openOrderEnd`.
        OpenOrdersEnd "open_order_end" Some(told::OPEN_ORDERS_END),
        /// `execDetailsEnd`.
        ExecutionsEnd "execution_end" Some(told::EXECUTIONS_END),
        /// `completedOrder`.
        CompletedOrder "completed_order" Some(told::COMPLETED_ORDER),
        /// `completedOrdersEnd`.
        CompletedOrdersEnd "completed_orders_end" Some(told::COMPLETED_ORDERS_END),
        /// `accountSummary`.
        AccountSummary "account_summary" Some(told::ACCOUNT_SUMMARY),
        /// `updateAccountValue`.
        AccountValue "account_value" Some(told::ACCOUNT_VALUE),
        /// `updatePortfolio`.
        PortfolioValue "portfolio_value" Some(told::PORTFOLIO_VALUE),
        /// `contractDetails`.
        ContractData "contract_data" Some(told::CONTRACT_DATA),
        /// `historicalData`.
        HistoricalData "historical_data" Some(told::HISTORICAL_DATA),
        /// `marketRule`.
        MarketRule "market_rule" Some(told::MARKET_RULE),
        /// `currentTime`.
        CurrentTime "current_time" Some(told::CURRENT_TIME),
        /// `currentTimeInMillis`.
        CurrentTimeMillis "current_time_millis" Some(told::CURRENT_TIME_MILLIS),
    }
}

impl Request {
    /// Whether a message is meant; `new` says of an order whether its id was not known before.
    pub(super) fn means(self, id: u32, new: bool) -> bool {
        match self {
            Request::Any => true,
            Request::PlaceOrder => id == asked::PLACE_ORDER && new,
            Request::ModifyOrder => id == asked::PLACE_ORDER && !new,
            other => other.id() == Some(id),
        }
    }
}
