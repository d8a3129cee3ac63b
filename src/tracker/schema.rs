//! The tables, and what guards them against a slip of the hand. The chain is what finds the rest.

/// Creates an empty journal's tables. `body` is JSON; `at` is market time, `wall` the clock on the wall.
pub(super) const TABLES: &str = "
CREATE TABLE meta (
    key   TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE journal (
    seq  INTEGER PRIMARY KEY,  -- 1, 2, 3, … without a gap
    at   INTEGER NOT NULL,     -- market time, milliseconds since 1970
    kind TEXT NOT NULL,
    body TEXT NOT NULL,        -- JSON
    hash BLOB NOT NULL,        -- SHA-256 over the row before and this one, wall time left out
    wall TEXT NOT NULL         -- wall time of the writing, RFC 3339
);

CREATE TABLE head (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    seq  INTEGER NOT NULL,     -- the last row, so that rows missing at the end are noticed
    hash BLOB NOT NULL
);

CREATE TRIGGER journal_keeps_rows BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only: no row is ever changed'); END;
CREATE TRIGGER journal_loses_nothing BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only: no row is ever deleted'); END;
-- An INSERT OR REPLACE would pass by the two above.
CREATE TRIGGER journal_grows_at_its_end BEFORE INSERT ON journal
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM journal)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only: a row follows the last one'); END;

CREATE TRIGGER meta_keeps_entries BEFORE UPDATE ON meta
BEGIN SELECT RAISE(ABORT, 'what a journal is never changes'); END;
CREATE TRIGGER meta_loses_nothing BEFORE DELETE ON meta
BEGIN SELECT RAISE(ABORT, 'what a journal is never changes'); END;
CREATE TRIGGER head_moves_on BEFORE UPDATE ON head WHEN NEW.seq <= OLD.seq
BEGIN SELECT RAISE(ABORT, 'the journal is append-only: its head moves on'); END;
CREATE TRIGGER head_stays BEFORE DELETE ON head
BEGIN SELECT RAISE(ABORT, 'the journal is append-only: its head moves on'); END;

-- For people with a SQLite shell.
CREATE VIEW events AS
    SELECT seq, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS time, kind, body FROM journal;
CREATE VIEW fills AS
    SELECT seq, json_extract(body, '$.execution.at') AS time, json_extract(body, '$.reference') AS order_ref,
           json_extract(body, '$.execution.side') AS side, json_extract(body, '$.execution.qty') AS quantity,
           json_extract(body, '$.execution.price') AS price, json_extract(body, '$.execution.id') AS exec_id
    FROM journal WHERE kind = 'executed';
CREATE VIEW refusals AS
    SELECT seq, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS time,
           json_extract(body, '$.plan') AS plan_id, json_extract(body, '$.message') AS message
    FROM journal WHERE kind = 'entry_refused';
";

/// Adds an entry to `meta`.
pub(super) const INSERT_META: &str = "INSERT INTO meta (key, value) VALUES (?1, ?2)";
/// Sets the head of a new journal.
pub(super) const INSERT_HEAD: &str = "INSERT INTO head (one, seq, hash) VALUES (1, ?1, ?2)";
/// Adds a row.
pub(super) const INSERT_ROW: &str =
    "INSERT INTO journal (seq, at, kind, body, hash, wall) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
/// Moves the head to the last row added.
pub(super) const UPDATE_HEAD: &str = "UPDATE head SET seq = ?1, hash = ?2";
