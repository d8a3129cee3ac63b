//! Reading a journal, while its writer runs or not, without leaving a trace.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::chain::{ChainHash, Head, Meta};
use super::error::{Flaw, JournalError, is_about_access};
use super::walk::{Halt, read_meta, walk};
use crate::domain::event::Recorded;

/// How long to wait for another process that recovers or checkpoints the journal.
const BUSY_MS_MAX: u64 = 5_000;

/// A journal, open for reading. Sees what its writer has made durable, also while it runs.
#[derive(Debug)]
pub struct Reader {
    conn: Connection,
    path: PathBuf,
    meta: Meta,
}

impl Reader {
    /// Opens the journal at `path`. Refuses with [`JournalError::Absent`], [`JournalError::Unreadable`], and with
    /// [`JournalError::Bad`] what is no journal of this version. The rows are checked when they are read.
    pub fn open(path: &Path) -> Result<Reader, JournalError> {
        let conn = connect(path)?;
        let meta = read_meta(&conn).map_err(|halt| halt.at(path))?;
        Ok(Reader { conn, path: path.to_owned(), meta })
    }

    /// What the journal says it is.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Hands on every event, oldest first, each checked against the chain, and tells where the journal ends. Sees one
    /// moment of a journal that grows meanwhile. [`JournalError::Bad`] names the first row that is wrong; what came
    /// before it was handed on.
    pub fn fold(&self, mut each: impl FnMut(Recorded)) -> Result<Head, JournalError> {
        replay(&self.conn, &self.meta, &mut each).map_err(|halt| halt.at(&self.path))
    }

    /// Every event, oldest first; as [`Reader::fold`].
    pub fn replay(&self) -> Result<Vec<Recorded>, JournalError> {
        let mut events = Vec::new();
        self.fold(|recorded| events.push(recorded))?;
        Ok(events)
    }
}

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many rows are as they were written, counted from the first.
    pub rows: u64,
    /// The hash of the last of them; absent where the journal does not even say what it is.
    pub head: Option<ChainHash>,
    /// The first problem, if there is one.
    pub problem: Option<Flaw>,
}

/// Checks a whole journal: every row against the chain, its spelling, the end, and SQLite's own structures. An error
/// only where there is no journal or it cannot be read; what is wrong with its content is in the report.
pub fn verify(path: &Path) -> Result<Report, JournalError> {
    let conn = match connect(path) {
        Ok(conn) => conn,
        Err(JournalError::Bad { flaw, .. }) => {
            return Ok(Report { rows: 0, head: None, problem: Some(flaw) });
        }
        Err(error) => return Err(error),
    };
    let mut head = None;
    let problem = match inspect(&conn, &mut head) {
        Ok(()) => None,
        Err(Halt::Flaw(flaw)) => Some(flaw),
        Err(halt) => return Err(halt.at(path)),
    };
    Ok(Report { rows: head.map_or(0, |head: Head| head.seq), head: head.map(|head| head.hash), problem })
}

fn inspect(conn: &Connection, reached: &mut Option<Head>) -> Result<(), Halt> {
    let _moment = conn.unchecked_transaction().map_err(Halt::sql(0))?;
    let meta = read_meta(conn)?;
    let head = reached.insert(Head { seq: 0, hash: ChainHash::first(&meta) });
    walk(conn, head, &mut |_| ())?;
    // The chain covers the rows, this what is around them.
    let said: String =
        conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(Halt::sql(head.seq))?;
    if said == "ok" { Ok(()) } else { Err(Flaw::Database { after: head.seq, what: said }.into()) }
}

/// Walks over one moment of the journal.
pub(super) fn replay(conn: &Connection, meta: &Meta, each: &mut dyn FnMut(Recorded)) -> Result<Head, Halt> {
    let _moment = conn.unchecked_transaction().map_err(Halt::sql(0))?;
    let mut head = Head { seq: 0, hash: ChainHash::first(meta) };
    walk(conn, &mut head, each)?;
    Ok(head)
}

/// Opens for reading. A connection that may write leaves no `-wal` and `-shm` behind when it is the last one; where
/// we may not write at all and no writer left anything behind, the file is read as it lies there.
fn connect(path: &Path) -> Result<Connection, JournalError> {
    if !path.exists() {
        return Err(JournalError::Absent { path: path.to_owned() });
    }
    let halted = match open_beside_writer(path).and_then(probed) {
        Ok(conn) => return Ok(conn),
        Err(error) => error,
    };
    if is_about_access(&halted) && is_at_rest(path) {
        return open_at_rest(path).and_then(probed).map_err(|error| Halt::sql(0)(error).at(path));
    }
    Err(Halt::sql(0)(halted).at(path))
}

fn open_beside_writer(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.busy_timeout(Duration::from_millis(BUSY_MS_MAX))?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

/// Without locks and without a log beside it: only right while nobody writes.
fn open_at_rest(path: &Path) -> rusqlite::Result<Connection> {
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => uri.push(char::from(byte)),
            _ => write!(uri, "%{byte:02X}").expect("a string takes everything"),
        }
    }
    uri.push_str("?immutable=1");
    Connection::open_with_flags(uri, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
}

/// SQLite opens lazily; the first question shows whether it can read.
fn probed(conn: Connection) -> rusqlite::Result<Connection> {
    conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(conn)
}

/// Whether everything that was written is in the file itself.
fn is_at_rest(path: &Path) -> bool {
    beside(path, "-wal").metadata().map_or(true, |log| log.len() == 0)
}

/// A file that SQLite keeps beside the database: `-wal` or `-shm`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
