//! What can be wrong with a journal, and with the way to it.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::chain::{ChainHash, SCHEMA};
use super::record::RecordError;

/// What is wrong with a journal's content: it is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Written by another prusik, usually a newer one.
    #[error("its schema version is {found}; this prusik reads version {SCHEMA}")]
    Schema {
        /// What the journal says.
        found: u32,
    },
    /// The description of the journal is incomplete or unreadable.
    #[error("its meta entry `{key}` is missing or unreadable")]
    Meta {
        /// Which entry.
        key: &'static str,
    },
    /// A row is not there.
    #[error("row {seq} is missing: row {found} stands in its place")]
    Missing {
        /// The row that should follow.
        seq: u64,
        /// The number of the row that does.
        found: i64,
    },
    /// A column of a row does not hold what belongs there.
    #[error("row {seq}: column `{column}` does not hold what belongs there")]
    Column {
        /// The row.
        seq: u64,
        /// The column.
        column: &'static str,
    },
    /// A row, or its place, was changed after it was written.
    #[error(
        "row {seq}: its hash {found} does not follow from its content and the row before: expected {expected}"
    )]
    Hash {
        /// The row.
        seq: u64,
        /// What stands there.
        found: ChainHash,
        /// What follows from its content.
        expected: ChainHash,
    },
    /// A row that was written so, and that this prusik cannot read.
    #[error("row {seq}: {error}")]
    Record {
        /// The row.
        seq: u64,
        /// Why.
        error: RecordError,
    },
    /// Rows at the end are gone, or came without the journal's knowing.
    #[error("its rows end at {found}, but row {head} was the last one written")]
    Head {
        /// The last row there is.
        found: u64,
        /// The last row as the journal remembers it.
        head: u64,
    },
    /// The journal remembers another hash of its last row.
    #[error("row {seq}: its hash is not the one remembered as the last")]
    HeadHash {
        /// The last row.
        seq: u64,
    },
    /// SQLite itself finds the file damaged.
    #[error("after row {after}: the database is damaged: {what}")]
    Database {
        /// The last row that could be read.
        after: u64,
        /// SQLite's words.
        what: String,
    },
}

/// What could not be done with a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process writes there.
    #[error("{} is held by another prusik{}", path.display(), holder.map_or(String::new(), |pid| format!(" (process {pid})")))]
    Locked {
        /// The lock.
        path: PathBuf,
        /// The process that holds it, where it said so.
        holder: Option<u32>,
    },
    /// There is no journal.
    #[error("there is no journal at {}", path.display())]
    Absent {
        /// Where.
        path: PathBuf,
    },
    /// A new journal would stand where something is already.
    #[error("{} exists already; a journal is never overwritten", path.display())]
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// The journal's content is not to be trusted. Nothing was changed.
    #[error("the journal {} cannot be trusted: {flaw}", path.display())]
    Bad {
        /// The journal.
        path: PathBuf,
        /// What is wrong, and in which row.
        flaw: Flaw,
    },
    /// The journal could not be opened or read; nothing is known about its content.
    #[error("the journal {} cannot be read: {what}", path.display())]
    Unreadable {
        /// The journal.
        path: PathBuf,
        /// SQLite's words.
        what: String,
    },
    /// No room. Nothing of this append was written; a later one may succeed once there is room.
    #[error("the disk is full: nothing of {rows} rows was written to {}", path.display())]
    DiskFull {
        /// The journal.
        path: PathBuf,
        /// How many rows were to be written.
        rows: usize,
    },
    /// It is not known whether the rows are durable. Fatal: nothing may be written through this journal any more;
    /// the way back is to end the process, and to open and verify the journal anew.
    #[error("the journal {} failed while writing: {what}", path.display())]
    Write {
        /// The journal.
        path: PathBuf,
        /// SQLite's words.
        what: String,
    },
    /// An earlier write failed; see [`JournalError::Write`].
    #[error("the journal {} failed earlier and takes no more rows", path.display())]
    Dead {
        /// The journal.
        path: PathBuf,
    },
    /// The directory, the lock or the archive could not be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl JournalError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> JournalError {
        let path = path.to_owned();
        move |source| JournalError::Io { path, source }
    }

    pub(super) fn unreadable(path: &Path) -> impl FnOnce(rusqlite::Error) -> JournalError {
        let path = path.to_owned();
        move |error| JournalError::Unreadable { path, what: error.to_string() }
    }
}

/// Whether an error tells of the way to the file, and not of the file.
pub(super) fn is_about_access(error: &rusqlite::Error) -> bool {
    let Some(code) = error.sqlite_error_code() else { return false };
    matches!(
        code,
        ErrorCode::CannotOpen
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly
            | ErrorCode::OutOfMemory
    )
}
