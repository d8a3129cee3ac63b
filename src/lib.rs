//! prusik: an embeddable, script-driven automation runtime for trade plans at Interactive Brokers.

pub mod domain;

pub mod config;

#[cfg(feature = "cli")]
pub mod cli;

pub mod gateway;
pub mod ibkr;
pub mod notify;
pub mod plans;
pub mod runtime;
pub mod script;
pub mod tracker;
