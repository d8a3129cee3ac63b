//! The one way through a journal: from the first row to the last, believing none.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};

use super::chain::{ChainHash, Head, Meta, Mode, SCHEMA};
use super::error::{Flaw, JournalError, is_about_access};
use super::record::decode;
use crate::domain::event::Recorded;
use crate::domain::ids::Stamp;

/// Why a walk did not reach the end.
#[derive(Debug)]
pub(super) enum Halt {
    /// Something is wrong with the content.
    Flaw(Flaw),
    /// The content could not be looked at.
    Access(rusqlite::Error),
}

impl Halt {
    pub(super) fn at(self, path: &std::path::Path) -> JournalError {
        match self {
            Halt::Flaw(flaw) => JournalError::Bad { path: path.to_owned(), flaw },
            Halt::Access(error) => JournalError::unreadable(path)(error),
        }
    }

    pub(super) fn sql(after: u64) -> impl Fn(rusqlite::Error) -> Halt {
        move |error| match is_about_access(&error) {
            true => Halt::Access(error),
            false => Halt::Flaw(Flaw::Database { after, what: error.to_string() }),
        }
    }
}

impl From<Flaw> for Halt {
    fn from(flaw: Flaw) -> Halt {
        Halt::Flaw(flaw)
    }
}

/// What the journal says it is. The schema version is looked at first: whatever else a newer journal holds, it is
/// refused for that.
pub(super) fn read_meta(conn: &Connection) -> Result<Meta, Halt> {
    let schema: u32 = entry(conn, "schema")?;
    if schema != SCHEMA {
        return Err(Flaw::Schema { found: schema }.into());
    }
    let mode: String = entry(conn, "mode")?;
    Ok(Meta {
        epoch: entry(conn, "epoch")?,
        account: entry(conn, "account")?,
        mode: Mode::parse(&mode).ok_or(Flaw::Meta { key: "mode" })?,
        created: entry(conn, "created")?,
    })
}

/// The entries of `meta` that [`read_meta`] reads.
pub(super) fn meta_entries(meta: &Meta) -> [(&'static str, String); 5] {
    let Meta { epoch, account, mode, created } = meta;
    [
        ("schema", SCHEMA.to_string()),
        ("epoch", epoch.to_string()),
        ("account", account.clone()),
        ("mode", mode.word().to_owned()),
        ("created", created.to_string()),
    ]
}

fn entry<T: std::str::FromStr>(conn: &Connection, key: &'static str) -> Result<T, Halt> {
    let value = conn
        .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
            Ok(row.get_ref(0)?.as_str().ok().and_then(|text| text.parse().ok()))
        })
        .optional()
        .map_err(Halt::sql(0))?;
    value.flatten().ok_or_else(|| Flaw::Meta { key }.into())
}

/// Reads and checks every row in order, and hands it on. `head` begins where the chain does, and afterwards says how
/// far the rows are good, also where the walk ends early.
///
/// To see one state of a journal that grows meanwhile, the caller holds a transaction.
pub(super) fn walk(conn: &Connection, head: &mut Head, each: &mut dyn FnMut(Recorded)) -> Result<(), Halt> {
    let mut rows =
        conn.prepare("SELECT seq, at, kind, body, hash FROM journal ORDER BY seq").map_err(Halt::sql(0))?;
    let mut rows = rows.query([]).map_err(Halt::sql(0))?;
    while let Some(row) = rows.next().map_err(Halt::sql(head.seq))? {
        let (recorded, hash) = read_row(row, *head)?;
        *head = Head { seq: head.seq + 1, hash };
        each(recorded);
    }
    match remembered_head(conn, *head)? {
        last if last == *head => Ok(()),
        last if last.seq == head.seq => Err(Flaw::HeadHash { seq: head.seq }.into()),
        last => Err(Flaw::Head { found: head.seq, head: last.seq }.into()),
    }
}

fn read_row(row: &Row<'_>, before: Head) -> Result<(Recorded, ChainHash), Flaw> {
    let seq = before.seq + 1;
    let column = |column| Flaw::Column { seq, column };
    let value = |index: usize, name| row.get_ref(index).map_err(|_| column(name));
    match value(0, "seq")? {
        ValueRef::Integer(found) if u64::try_from(found) == Ok(seq) => {}
        ValueRef::Integer(found) => return Err(Flaw::Missing { seq, found }),
        _ => return Err(column("seq")),
    }
    let at = value(1, "at")?.as_i64().map_err(|_| column("at"))?;
    let kind = value(2, "kind")?.as_str().map_err(|_| column("kind"))?;
    let body = value(3, "body")?.as_str().map_err(|_| column("body"))?;
    let hash =
        value(4, "hash")?.as_blob().ok().and_then(ChainHash::from_bytes).ok_or_else(|| column("hash"))?;

    let expected = before.hash.next(seq, at, kind, body);
    if hash != expected {
        return Err(Flaw::Hash { seq, found: hash, expected });
    }
    let event = decode(kind, body).map_err(|error| Flaw::Record { seq, error })?;
    Ok((Recorded { at: Stamp::from_millis(at), event }, hash))
}

/// The head as the last append left it.
fn remembered_head(conn: &Connection, reached: Head) -> Result<Head, Halt> {
    let head = conn
        .query_row("SELECT seq, hash FROM head WHERE one = 1", [], |row| {
            let seq = row.get_ref(0)?.as_i64().ok().and_then(|seq| u64::try_from(seq).ok());
            let hash = row.get_ref(1)?.as_blob().ok().and_then(ChainHash::from_bytes);
            Ok(seq.zip(hash).map(|(seq, hash)| Head { seq, hash }))
        })
        .optional()
        .map_err(Halt::sql(reached.seq))?;
    let missing =
        || Flaw::Database { after: reached.seq, what: "its head is missing or unreadable".to_owned() };
    Ok(head.flatten().ok_or_else(missing)?)
}
