//! The rule host: Rhai, contained. A rule looks at a view and proposes; it has no other way out.
//!
//! Read downwards: where and how a script runs, what it can say, how it is read from its file, how a plan's parameters
//! reach it, and last [`Host`], which answers the core. Nothing of Rhai is visible outside this folder.

mod numbers;
mod sandbox;
mod thread;

mod api;
mod proposal;
mod view;

mod call;
mod fault;
mod input;
mod rule;

mod folder;
mod rehearsal;
mod shelf;

mod host;

pub use host::{Hook, Host, HostError, Place, RuleProblem};

#[cfg(test)]
mod tests;
