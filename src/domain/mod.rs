//! Decisions. Pure: no clock, no files, no sockets, no serde, no order that depends on hashes.
//!
//! Read downwards: amounts and names, what a market tells, what a trader plans, what may leave the house, the life
//! of an order, what is remembered, and last [`engine`], where decisions meet.

pub mod money;

pub mod ids;

pub mod market;
pub mod session;

pub mod candle;

pub mod plan;

pub mod order;

pub mod broker;

pub mod denied;
pub mod risk;

pub mod event;
pub mod told;

pub mod ports;

pub mod book;
pub mod trade;

pub mod engine;
