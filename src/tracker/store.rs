//! Writing a journal: what [`Journal::append`] has returned from is on the disk, or was never written.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, params};

use super::chain::{ChainHash, Head, Meta};
use super::error::JournalError;
use super::lock::Lock;
use super::reader::{beside, replay};
use super::record::{Spelled, encode};
use super::schema::{INSERT_HEAD, INSERT_META, INSERT_ROW, TABLES, UPDATE_HEAD};
use super::walk::{Halt, meta_entries, read_meta};
use crate::domain::event::Recorded;
use crate::domain::ids::Stamp;

/// How many pages of 4 KiB the write-ahead log may gather before it is folded into the database.
const LOG_PAGES_MAX: usize = 1_000;
const PAGE_BYTES: usize = 4_096;
/// How long a commit waits for somebody who writes out of band. Trading waits with it.
const BUSY_MS_MAX: u64 = 1_000;

/// The journal, open for writing. Holds the lock of its directory as long as it lives.
#[derive(Debug)]
pub struct Journal {
    conn: Connection,
    path: PathBuf,
    meta: Meta,
    head: Head,
    health: Health,
    /// Estimate of the write-ahead log's length.
    log_pages: usize,
    /// Last, so that the database is closed before another may have it.
    _lock: Lock,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    /// A write failed in a way that leaves its outcome open.
    Dead,
}

impl Journal {
    /// Creates an empty journal at `path`, and its directory where needed. After a crash in the middle there is none.
    /// Refuses with [`JournalError::Locked`] where another process writes, with [`JournalError::Exists`] where a
    /// journal, or the rest of one, lies there.
    pub fn create(path: &Path, meta: Meta) -> Result<Journal, JournalError> {
        let dir = directory(path);
        fs::create_dir_all(dir).map_err(JournalError::io(dir))?;
        let lock = Lock::take(dir)?;
        // A log without its database would be taken for the new one's.
        for taken in [path.to_owned(), beside(path, "-wal")] {
            if taken.exists() {
                return Err(JournalError::Exists { path: taken });
            }
        }
        let draft = beside(path, ".new");
        for left in [draft.clone(), beside(&draft, "-wal"), beside(&draft, "-shm")] {
            if left.exists() {
                fs::remove_file(&left).map_err(JournalError::io(&left))?;
            }
        }
        let first = Head { seq: 0, hash: ChainHash::first(&meta) };
        let mode = build(&draft, &meta, first).map_err(write_failed(path))?;
        if mode != "wal" {
            let what = format!("this file system has no write-ahead log (journal mode `{mode}`)");
            return Err(JournalError::Write { path: path.to_owned(), what });
        }
        fs::rename(&draft, path).map_err(JournalError::io(path))?;
        sync_directory(dir)?;

        let conn = connect(path).map_err(write_failed(path))?;
        Ok(Journal {
            conn,
            path: path.to_owned(),
            meta,
            head: first,
            health: Health::Good,
            log_pages: 0,
            _lock: lock,
        })
    }

    /// Opens the journal at `path` and checks all of it; as [`Journal::open_and_fold`].
    pub fn open(path: &Path) -> Result<Journal, JournalError> {
        Journal::open_and_fold(path, |_| ())
    }

    /// Opens the journal at `path`, checks every row against the chain and hands its event on, oldest first, in one
    /// pass. Refuses with [`JournalError::Absent`], with [`JournalError::Locked`] where another process writes, and
    /// with [`JournalError::Bad`], which names the row, where the journal is not what was written or is another
    /// version's.
    pub fn open_and_fold(path: &Path, mut each: impl FnMut(Recorded)) -> Result<Journal, JournalError> {
        if !path.exists() {
            return Err(JournalError::Absent { path: path.to_owned() });
        }
        let lock = Lock::take(directory(path))?;
        let halted = |halt: Halt| halt.at(path);
        let conn = connect(path).map_err(|error| halted(Halt::sql(0)(error)))?;
        let meta = read_meta(&conn).map_err(halted)?;
        let head = replay(&conn, &meta, &mut each).map_err(halted)?;
        Ok(Journal {
            conn,
            path: path.to_owned(),
            meta,
            head,
            health: Health::Good,
            log_pages: 0,
            _lock: lock,
        })
    }

    /// What the journal says it is.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Where the journal ends: the number and the hash of its last row.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Makes `records` durable, all or none, in their order. `wall` is told to people and stays outside the chain.
    ///
    /// [`JournalError::DiskFull`]: nothing was written, and a later append may succeed. [`JournalError::Write`]: the
    /// outcome is unknown, and no append succeeds any more: nothing is ever tried twice.
    pub fn append(&mut self, records: &[Recorded], wall: Timestamp) -> Result<(), JournalError> {
        if self.health == Health::Dead {
            return Err(JournalError::Dead { path: self.path.clone() });
        }
        if records.is_empty() {
            return Ok(());
        }
        match insert(&mut self.conn, self.head, records, &Stamp::new(wall).to_string()) {
            Ok(written) => {
                self.head = written.head;
                self.log_pages += 2 + written.bytes / PAGE_BYTES;
            }
            Err(error) => return Err(self.failed(&error, records.len())),
        }
        if self.log_pages > LOG_PAGES_MAX { self.fold_log() } else { Ok(()) }
    }

    /// Ours to do, because SQLite's own would keep a failed sync to itself and try it again.
    fn fold_log(&mut self) -> Result<(), JournalError> {
        self.log_pages = 0;
        match checkpoint(&self.conn, "PASSIVE") {
            Ok(()) => Ok(()),
            // The rows are durable in the log, which goes on growing until there is room.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => Ok(()),
            Err(error) => Err(self.failed(&error, 0)),
        }
    }

    /// Every event, oldest first, read and checked anew. [`JournalError::Bad`] names the first row that is wrong.
    pub fn replay(&self) -> Result<Vec<Recorded>, JournalError> {
        let mut events = Vec::new();
        replay(&self.conn, &self.meta, &mut |recorded| events.push(recorded))
            .map_err(|halt| halt.at(&self.path))?;
        Ok(events)
    }

    /// Closes the journal with everything in one file. Dropping it does the same as far as it can, and says nothing.
    pub fn close(self) -> Result<(), JournalError> {
        let Journal { conn, path, _lock, .. } = self;
        checkpoint(&conn, "TRUNCATE").map_err(write_failed(&path))?;
        conn.close().map_err(|(_, error)| write_failed(&path)(error))
    }

    fn failed(&mut self, error: &rusqlite::Error, rows: usize) -> JournalError {
        let path = self.path.clone();
        if error.sqlite_error_code() == Some(ErrorCode::DiskFull) {
            return JournalError::DiskFull { path, rows };
        }
        self.health = Health::Dead;
        JournalError::Write { path, what: error.to_string() }
    }
}

/// What one append has written.
struct Written {
    head: Head,
    bytes: usize,
}

fn insert(
    conn: &mut Connection,
    mut head: Head,
    records: &[Recorded],
    wall: &str,
) -> rusqlite::Result<Written> {
    let mut bytes = 0;
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut row = transaction.prepare_cached(INSERT_ROW)?;
        for Recorded { at, event } in records {
            let Spelled { kind, body } = encode(event);
            let seq = head.seq + 1;
            let hash = head.hash.next(seq, at.millis(), kind, &body);
            row.execute(params![number(seq), at.millis(), kind, body, hash.as_bytes(), wall])?;
            bytes += body.len();
            head = Head { seq, hash };
        }
        transaction.prepare_cached(UPDATE_HEAD)?.execute(params![number(head.seq), head.hash.as_bytes()])?;
    }
    transaction.commit()?;
    Ok(Written { head, bytes })
}

/// Opens for writing: a commit returns when its bytes are on the disk.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.busy_timeout(Duration::from_millis(BUSY_MS_MAX))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    Ok(conn)
}

/// Writes an empty journal into a file of its own, and tells the journal mode that SQLite could give it.
fn build(draft: &Path, meta: &Meta, first: Head) -> rusqlite::Result<String> {
    let mut conn = Connection::open(draft)?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    // Stays with the file. Answers with the mode it is in now.
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    let transaction = conn.transaction()?;
    transaction.execute_batch(TABLES)?;
    for (key, value) in meta_entries(meta) {
        transaction.execute(INSERT_META, params![key, value])?;
    }
    transaction.execute(INSERT_HEAD, params![number(first.seq), first.hash.as_bytes()])?;
    transaction.commit()?;
    checkpoint(&conn, "TRUNCATE")?;
    conn.close().map_err(|(_, error)| error)?;
    Ok(mode)
}

/// Folds the write-ahead log into the database.
pub(super) fn checkpoint(conn: &Connection, how: &str) -> rusqlite::Result<()> {
    conn.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(()))
}

fn number(seq: u64) -> i64 {
    i64::try_from(seq).expect("a journal has fewer than 2^63 rows")
}

fn write_failed(path: &Path) -> impl Fn(rusqlite::Error) -> JournalError {
    move |error| JournalError::Write { path: path.to_owned(), what: error.to_string() }
}

pub(super) fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

/// Makes a new or moved name durable.
#[cfg(unix)]
pub(super) fn sync_directory(dir: &Path) -> Result<(), JournalError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(JournalError::io(dir))
}

/// Elsewhere a directory cannot be opened like a file; the name becomes durable when the system writes it.
#[cfg(not(unix))]
pub(super) fn sync_directory(_: &Path) -> Result<(), JournalError> {
    Ok(())
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
