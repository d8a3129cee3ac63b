//! Discord: what people are told, delivered without trading ever waiting for it.
//!
//! [`Discord::send`] puts a message into a bounded queue and returns; a task of its own delivers them in order.
//! What goes out, and in which words, is one pure function: [`message`]. This is no durable outbox: what Discord
//! does not take within the attempts, or what is waiting when the process dies, stands in the log only.

mod message;

mod webhook;

mod queue;

mod delivery;

mod discord;

pub use discord::{Discord, StartError, Tally};
pub use message::{CONTENT_UNITS_MAX, Message, Mode, Priority, message};
pub use webhook::{ENVIRONMENT, WebhookRefused, WebhookUrl};
