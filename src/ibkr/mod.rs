//! The order manager: Interactive Brokers through ibapi, whose types stop at this folder's wall.
//!
//! [`Session`] is one connection with everything that arrives on it; one loop owns it. Nothing in here decides: it
//! sends what was approved and tells what was said, in the domain's words.
//!
//! - `connect` gets a connection up, or says why not.
//! - `session` is the connection: the barrier, what has arrived, subscriptions.
//! - `inbox` holds the streams and takes what is in them, in a fixed order.
//! - `orders` sends, amends and cancels; `snapshot` asks for everything at once.
//! - `desk` looks up contracts and history, beside the loop.
//! - `translate`, `codes` and `hours` put the broker's words into ours and back. Pure.
//!
//! What it refuses to be: a second memory. Orders, fills and positions are counted elsewhere, from what it tells.

mod codes;
mod connect;
mod desk;
mod hours;
mod inbox;
mod line;
mod orders;
mod session;
mod snapshot;
mod translate;

use std::time::Duration;

use crate::domain::broker::{AccountRow, BrokerFact};
use crate::domain::ids::{BrokerOrderId, Symbol};
use crate::domain::market::Bar;

pub use desk::{BarLength, ContractError, Desk, HistorySpan, Reach};
pub use orders::{Parent, Sent};
pub use session::Session;

/// Where the gateway is, and how long it may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `host:port` of TWS, IB Gateway or the simulated gateway.
    pub address: String,
    /// Our client id. It must stay the same: only the client that gave an order can change or cancel it.
    pub client_id: i32,
    /// How long a connection may take, handshake included.
    pub connect_timeout: Duration,
    /// How long an answer may take.
    pub request_timeout: Duration,
    /// How long an answer with historical bars may take.
    pub history_timeout: Duration,
    /// The account to trade, where the login manages several.
    pub account: Option<String>,
}

impl Settings {
    /// Settings for the gateway at `address`: client id 17, 10 s to connect and to answer, 60 s for history, the
    /// only account of the login.
    pub fn new(address: impl Into<String>) -> Settings {
        Settings {
            address: address.into(),
            client_id: 17,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(10),
            history_timeout: Duration::from_secs(60),
            account: None,
        }
    }
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens there, or the way is blocked.
    #[error("no gateway at {address}: {why}")]
    Unreachable {
        /// Where we tried.
        address: String,
        /// What the system said.
        why: String,
    },
    /// It accepted the connection and said nothing in time.
    #[error("the gateway at {address} did not answer within {} s", after.as_secs_f32())]
    TimedOut {
        /// Where we tried.
        address: String,
        /// How long we waited.
        after: Duration,
    },
    /// It closed the connection in the handshake: at IBKR mostly because our host is not among its trusted addresses.
    #[error(
        "the gateway at {address} closed the connection: {why}; is this host a trusted address of the gateway?"
    )]
    HandshakeClosed {
        /// Where we tried.
        address: String,
        /// What was seen.
        why: String,
    },
    /// Somebody else uses our client id, also after several tries.
    #[error("client id {client_id} is in use by another connection")]
    ClientIdInUse {
        /// Our client id.
        client_id: i32,
    },
    /// The gateway is older than the protocol we speak.
    #[error("the gateway speaks version {has}, at least {needs} is needed: update TWS or IB Gateway")]
    TooOld {
        /// Its version.
        has: i32,
        /// The lowest one we can work with.
        needs: i32,
    },
    /// The gateway counts its orders beyond what can be told from requests.
    #[error(
        "the gateway's next order id {next} is too large: use \"Reset API order ID sequence\" in its settings"
    )]
    OrderIdsUsedUp {
        /// The gateway's next order id.
        next: i32,
    },
    /// Not exactly one account, or not the one that was asked for.
    #[error("{}", no_account(managed, wanted))]
    Account {
        /// The accounts of the login.
        managed: Vec<String>,
        /// The account of the settings.
        wanted: Option<String>,
    },
    /// It answered with something that is not the protocol.
    #[error("the gateway at {address} answered with something unexpected: {why}")]
    Garbled {
        /// Where we tried.
        address: String,
        /// What was seen.
        why: String,
    },
}

fn no_account(managed: &[String], wanted: &Option<String>) -> String {
    let managed = managed.join(", ");
    match wanted {
        Some(wanted) => format!("the login does not manage the account {wanted} (it manages: {managed})"),
        None if managed.is_empty() => "the login manages no account".to_owned(),
        None => format!("the login manages several accounts ({managed}): name one in the configuration"),
    }
}

/// Why a request over a connection that was up has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// No answer in time. The other side may be frozen: only a new connection tells, see [`Session::reopen`].
    #[error("no answer from the gateway within {} s", after.as_secs_f32())]
    TimedOut {
        /// How long we waited.
        after: Duration,
    },
    /// The connection broke. It is being rebuilt; [`LinkEvent::Reconnected`] tells when.
    #[error("the connection to the gateway is down")]
    Down,
    /// The connection is gone for good, see [`Session::reopen`].
    #[error("the connection to the gateway is closed")]
    Closed,
    /// The broker refused the request.
    #[error("the broker refused the request: {text} ({code})")]
    Refused {
        /// IBKR's code.
        code: i32,
        /// IBKR's text.
        text: String,
    },
    /// The answer made no sense.
    #[error("the gateway's answer was not understood: {0}")]
    Garbled(String),
}

/// What happened to the connection, in the order it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkEvent {
    /// The socket broke. It is being rebuilt, for as long as it takes; nothing can be sent meanwhile.
    Down,
    /// The socket broke and is up again. What happened in between is unknown: ask for a snapshot, then
    /// [`Session::resubscribe`].
    Reconnected,
    /// The gateway lost IBKR (1100, 2110). Our connection to the gateway is fine.
    BrokerDown,
    /// The gateway has IBKR again, and subscriptions survived (1102).
    Restored,
    /// The gateway has IBKR again, and subscriptions are lost (1101): [`Session::resubscribe`].
    DataLost,
    /// Order events may be missing: ask for a snapshot. The stream is open again.
    OrdersLagged,
    /// Bars of this symbol are missing, or come no more: [`Session::resubscribe`].
    BarsLost {
        /// Whose bars.
        symbol: Symbol,
        /// Why.
        why: String,
    },
    /// The simulated gateway has played its last bar.
    EndOfBars,
    /// The connection is gone for good: [`Session::reopen`].
    Closed,
    /// Anything else the gateway said about itself.
    Notice {
        /// IBKR's code; negative ones are ibapi's own.
        code: i32,
        /// The text.
        text: String,
    },
}

/// Everything that had arrived, kind by kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drained {
    /// What was said of orders, in the order it was said.
    pub facts: Vec<BrokerFact>,
    /// The account, where anything of it was told anew.
    pub account: Option<AccountRow>,
    /// 5-second bars, by start and then symbol.
    pub bars: Vec<(Symbol, Bar)>,
    /// What happened to the connection.
    pub link: Vec<LinkEvent>,
}

impl Drained {
    /// Whether nothing had arrived.
    pub fn is_empty(&self) -> bool {
        let Drained { facts, account, bars, link } = self;
        facts.is_empty() && account.is_none() && bars.is_empty() && link.is_empty()
    }
}

/// The largest number an order can have; above it ibapi counts requests.
const ORDER_ID_MAX: i32 = 1_499_999_999;

/// The order id after the highest of these. Above [`ORDER_ID_MAX`] ibapi refuses to send.
fn next_order_id(offered: i32, floor: i32, seen: i32) -> BrokerOrderId {
    BrokerOrderId(offered.max(floor.saturating_add(1)).max(seen.saturating_add(1)).max(1))
}
