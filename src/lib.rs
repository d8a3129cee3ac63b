//! prusik: an embeddable, script-driven automation runtime for trade plans at Interactive Brokers.
//!
//! A trader drops a YAML *plan* into a folder and writes *rules* in Rhai. prusik decides on closed candles, sizes the
//! position from the risk, refuses what breaks a limit, places the order with its protection, and tracks it through
//! fills, crashes and reconnects.
//!
//! # The map
//!
//! | module | what it is | what it may name |
//! | --- | --- | --- |
//! | [`domain`] | decisions; pure: no clock, files, sockets, serde | itself, downwards |
//! | [`script`] | the rule host (Rhai, contained) | `domain` |
//! | `yaml` | YAML as a tree with places, and all that makes a text doubtful | nothing |
//! | [`plans`] | plan files, read and watched (YAML) | `domain`, `yaml` |
//! | [`ibkr`] | the order manager (ibapi) | `domain` |
//! | [`tracker`] | the order tracker's memory (SQLite, hash-chained) | `domain` |
//! | [`gateway`] | a simulated IB Gateway on TCP | `domain`, `yaml` |
//! | [`notify`] | Discord | `domain` |
//! | [`runtime`] | one loop, the clock, the order of deeds | `domain` and the adapters |
//! | [`config`] | `prusik.yaml`, environment, flags | `domain`, `yaml`, `runtime` |
//! | `cli` | the only place that prints | everything |
//!
//! Read one file of `domain` first: [`domain::risk`] is short, [`domain::engine`] is where decisions meet.
//!
//! # Ten things that are always true
//!
//! 1. **One gate.** Nothing reaches the broker except as [`domain::risk::Approved`].
//! 2. **Record before deed.** An order intent is durable before its first byte is on the wire.
//! 3. **Protected.** Every filled share has a resting stop at the broker, or the position is closed.
//! 4. **Ratchet.** A stop only tightens.
//! 5. **Once.** One intent is one order; a silent order is resolved by asking, never by sending again.
//! 6. **Bounded.** Open and reserved risk never exceed the portfolio limit at the moment of approval.
//! 7. **Deterministic.** The same inputs give the same decisions.
//! 8. **Contained.** A script can't reach anything but its `ctx`; when it fails, the resting stop stays.
//! 9. **Last good wins.** A broken plan or script never replaces a working one.
//! 10. **Paper unless armed.** Live trading does not exist yet; an account that is not a paper account is refused.
//!
//! # Embedding
//!
//! ```no_run
//! use prusik::gateway::{Speed, synthetic_bars};
//! use prusik::{MarketPlace, Options, Runtime};
//!
//! # async fn run() -> Result<(), prusik::RunError> {
//! let bars = synthetic_bars();
//! let market = MarketPlace::Embedded { bars, cash: 100_000.into(), speed: Speed::Max };
//! let summary = Runtime::start(Options::new("my-plans".as_ref(), market)).await?.run().await?;
//! assert!(summary.open.is_empty());
//! # Ok(())
//! # }
//! ```

pub mod domain;

mod yaml;

pub mod script;

pub mod plans;

pub mod ibkr;

pub mod tracker;

pub mod gateway;

pub mod notify;

pub mod runtime;

pub mod config;

#[cfg(feature = "cli")]
pub mod cli;

pub use runtime::{AtEnd, MarketPlace, Options, RunError, Runtime, Stopper, Summary};

/// The examples of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
