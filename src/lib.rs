//! prusik: an embeddable, script-driven automation runtime for trade plans at Interactive Brokers.

pub mod gateway;
