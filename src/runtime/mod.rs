//! One loop, the broker's clock, the order of deeds.
//!
//! [`Runtime::start`] opens the journal, the rules, the connection and the books' agreement with the broker;
//! [`Runtime::run`] turns the loop until it is told to stop, or the bars of a simulation end. The engine decides;
//! what is here carries out, strictly in order: what is recorded is durable before its deed.

mod clock;
mod past;
mod perform;
mod recover;
mod shelf;
mod start;
mod turn;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rust_decimal::Decimal;
use tokio::sync::watch;

use crate::domain::event::{Told, Trade};
use crate::domain::ids::Stamp;
use crate::domain::risk::Limits;
use crate::gateway::{Gateway, SourceBar, Speed};
use crate::notify::WebhookUrl;

#[cfg(feature = "cli")]
pub(crate) use clock::moment;
pub(crate) use perform::Trader;
pub use shelf::check_rules;

/// What a runtime is started with. [`Options::new`] gives the defaults.
pub struct Options {
    /// The folder of the plan files. People know it by this name in messages.
    pub plans: PathBuf,
    /// The folder of the rules.
    pub scripts: PathBuf,
    /// The folder of the journal and its archive.
    pub state: PathBuf,
    /// What may be lost, and how large an order may be.
    pub limits: Limits,
    /// The number this program has at the gateway. It must stay the same: only the client that gave an order can
    /// change it.
    pub client_id: i32,
    /// Where it trades.
    pub market: MarketPlace,
    /// What happens when the bars of a simulated gateway end.
    pub at_end: AtEnd,
    /// Where people are told; nowhere if absent.
    pub webhook: Option<WebhookUrl>,
    /// Called with everything people are told, before it is logged. For a host that shows or stores it.
    pub listener: Option<Listener>,
}

impl Options {
    /// `plans/`, `scripts/` and `state/` in `dir`, the default limits, client id 1, no notifications; a simulation
    /// ends the run with its bars.
    pub fn new(dir: &Path, market: MarketPlace) -> Options {
        Options {
            plans: dir.join("plans"),
            scripts: dir.join("scripts"),
            state: dir.join("state"),
            limits: Limits::default(),
            client_id: 1,
            market,
            at_end: AtEnd::Exit,
            webhook: None,
            listener: None,
        }
    }
}

/// Hears what people are told, with the broker's time.
pub type Listener = Box<dyn FnMut(Stamp, &Told) + Send>;

/// Where a runtime trades.
pub enum MarketPlace {
    /// On a simulated gateway in this process, with its own account. Needs no network.
    Embedded {
        /// Symbols and their bars.
        bars: Vec<(String, Vec<SourceBar>)>,
        /// The account's cash at the start, in dollars.
        cash: Decimal,
        /// Market seconds a second.
        speed: Speed,
    },
    /// At a gateway that runs by itself: TWS, IB Gateway on paper, or `prusik gateway`.
    Gateway {
        /// `host:port`.
        address: String,
    },
}

/// What happens when the bars of a simulated gateway end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtEnd {
    /// The run ends, with a summary. Open positions stay open.
    Exit,
    /// The runtime stays, and waits for more plans.
    Stay,
}

/// Why a runtime did not start, or could not go on. The variants are what a caller does differently.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A plan, a rule or the configuration is no good.
    #[error("{0}")]
    Configuration(String),
    /// A safety rule refused.
    #[error("{0}")]
    Refused(String),
    /// The gateway cannot be reached, or cannot be started.
    #[error("{0}")]
    Unreachable(String),
    /// Another prusik runs on the same journal.
    #[error("{0}")]
    Busy(String),
    /// The journal cannot be written or read. Nothing is sent without it.
    #[error("{0}")]
    Journal(String),
}

/// What a run did.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Trades that were closed, oldest first.
    pub trades: Vec<Trade>,
    /// Plans whose position stays open, with its shares and its stop, in words.
    pub open: Vec<String>,
    /// Plans that wait for their entry.
    pub armed: usize,
    /// Entries a limit stood in the way of, each told limit counted once.
    pub refused: usize,
    /// 5-second bars that were handled.
    pub bars: u64,
    /// How long the loop ran on this machine.
    pub took: Duration,
    /// Net liquidation value at the end, in account currency.
    pub account_value: Option<Decimal>,
}

/// Ends a run from elsewhere. Protection stays at the broker.
#[derive(Debug, Clone)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// Asks the run to end after the turn it is in.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// A runtime that is connected, reconciled, and holds the plans of its folder.
pub struct Runtime {
    trader: Trader,
    gateway: Option<Gateway>,
    at_end: AtEnd,
    stop: watch::Sender<bool>,
}

impl Runtime {
    /// Opens everything, makes the books agree with the broker, and arms the plans of the folder.
    ///
    /// # Errors
    /// See [`RunError`]. A bad plan is none: it is reported, and the good ones run.
    pub async fn start(options: Options) -> Result<Runtime, RunError> {
        start::start(options).await
    }

    /// What ends the run from elsewhere.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// Runs until it is stopped, or until the bars end where the options say so.
    ///
    /// # Errors
    /// [`RunError::Journal`] where a fact could not be made durable: protection rests at the broker, and nothing
    /// more is sent.
    pub async fn run(mut self) -> Result<Summary, RunError> {
        let watch = clock::Stopwatch::start();
        let stop = self.stop.subscribe();
        let outcome = self.trader.turn_until(stop, self.at_end).await;
        let summary = self.trader.summary(watch.elapsed());
        self.trader.close().await;
        if let Some(gateway) = self.gateway {
            gateway.shutdown().await;
        }
        outcome.map(|()| summary)
    }
}
