//! The order tracker's memory: an append-only, hash-chained journal in SQLite.
//!
//! One process writes ([`Journal`]), any number read beside it ([`Reader`], [`verify`]). A row is an event as
//! [`record`] spells it, chained to the row before ([`chain`]), so that any later change is found, and named by its
//! row. The tracker decides nothing: what an event means is the business of the book.
//!
//! On disk, below the state directory: `journal.db`, `lock`, and `archive/` with the journals of the past.

pub mod record;

pub mod chain;
pub mod error;

mod lock;
mod schema;

mod walk;

mod reader;
mod store;

mod archive;

pub use archive::archive;
pub use chain::{ChainHash, Head, Meta, Mode};
pub use error::{Flaw, JournalError};
pub use reader::{Reader, Report, verify};
pub use store::Journal;

/// The journal's file name, within the state directory.
pub const JOURNAL_FILE: &str = "journal.db";

#[cfg(test)]
mod samples;
