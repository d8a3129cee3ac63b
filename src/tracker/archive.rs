//! Putting a journal aside: moved, never changed, never overwritten.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::JOURNAL_FILE;
use super::error::JournalError;
use super::lock::Lock;
use super::reader::beside;
use super::store::{checkpoint, sync_directory};

const ARCHIVE_DIR: &str = "archive";

/// Moves the journal of `state_dir`, if there is one, to `archive/journal-<when>-<n>.db`, `n` being the first number
/// that is free, and tells where it lies now. Characters of `when` other than letters, digits and `-` become `_`.
///
/// A journal that cannot be read is moved too, with the files beside it. Refuses with [`JournalError::Locked`] where
/// a process writes it.
pub fn archive(state_dir: &Path, when: &str) -> Result<Option<PathBuf>, JournalError> {
    let journal = state_dir.join(JOURNAL_FILE);
    if !journal.exists() {
        return Ok(None);
    }
    let _lock = Lock::take(state_dir)?;
    gather(&journal);

    let dir = state_dir.join(ARCHIVE_DIR);
    fs::create_dir_all(&dir).map_err(JournalError::io(&dir))?;
    let target = free_name(&dir, when);
    // The database last: after a crash in between it still stands in the way of a new journal, which must never find
    // the log of an old one.
    for suffix in ["-wal", "-shm", ""] {
        let from = beside(&journal, suffix);
        if from.exists() {
            fs::rename(&from, beside(&target, suffix)).map_err(JournalError::io(&from))?;
        }
    }
    sync_directory(&dir)?;
    sync_directory(state_dir)?;
    Ok(Some(target))
}

/// Brings everything into the one file. Where that fails, the files beside it hold the rest and move along.
fn gather(journal: &Path) {
    // The connection that closes last clears away what it takes for an empty log, also beside a damaged database.
    const LEAVE_LOG: DbConfig = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    let Ok(conn) = Connection::open_with_flags(journal, OpenFlags::SQLITE_OPEN_READ_WRITE) else { return };
    let gathered = conn.set_db_config(LEAVE_LOG, true).and_then(|_| checkpoint(&conn, "TRUNCATE"));
    if gathered.is_ok() {
        let _ = conn.set_db_config(LEAVE_LOG, false);
    }
}

fn free_name(dir: &Path, when: &str) -> PathBuf {
    let label: String =
        when.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let mut n = 1u64;
    loop {
        let name = dir.join(format!("journal-{label}-{n}.db"));
        let taken = ["", "-wal", "-shm"].iter().any(|suffix| beside(&name, suffix).exists());
        if !taken {
            return name;
        }
        n += 1;
    }
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
