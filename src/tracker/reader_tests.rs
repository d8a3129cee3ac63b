use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};

use rusqlite::params;

use super::super::samples::{day, meta, place, tampering, wall, written};
use super::super::{ChainHash, Journal};
use super::*;

fn problem(path: &Path) -> Option<Flaw> {
    verify(path).expect("readable").problem
}

/// What is wrong, as `verify`, the writer and a reader all see it.
fn noticed(path: &Path, what: &str) -> Flaw {
    let found = problem(path).unwrap_or_else(|| panic!("not noticed: {what}"));
    assert!(matches!(Journal::open(path), Err(JournalError::Bad { .. })), "opened for writing: {what}");
    let read = Reader::open(path).and_then(|reader| reader.replay());
    assert!(matches!(read, Err(JournalError::Bad { .. })), "read: {what}");
    found
}

fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path.parent().expect("a directory"))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    names
}

#[test]
fn a_good_journal_is_reported_with_its_length_and_hash() {
    let (_dir, path) = place();
    let head = written(&path, &day(100), 9);
    let report = verify(&path).expect("readable");
    assert_eq!(report, Report { rows: 100, head: Some(head.hash), problem: None });
    assert_eq!(report.head.map(|hash| hash.to_string().len()), Some(64));
}

#[test]
fn a_reader_beside_the_writer_sees_what_is_durable_and_nothing_changes_under_it() {
    let (_dir, path) = place();
    let rows = day(30);
    let mut journal = Journal::create(&path, meta()).expect("created");
    journal.append(&rows[..10], wall()).expect("appended");
    let reader = Reader::open(&path).expect("opened");
    assert_eq!(reader.replay().expect("read"), rows[..10]);

    let mut seen = 0;
    let head = reader
        .fold(|_| {
            // The writer goes on in the middle of our reading.
            if seen == 5 {
                journal.append(&rows[10..20], wall()).expect("appended");
            }
            seen += 1;
        })
        .expect("read");
    assert_eq!((seen, head.seq), (10, 10));
    assert_eq!(reader.replay().expect("read"), rows[..20]);
    assert_eq!(verify(&path).expect("readable").rows, 20);
    drop(reader);
    journal.append(&rows[20..], wall()).expect("appended");
    assert_eq!(journal.replay().expect("replayed"), rows);
}

#[test]
fn a_reader_leaves_nothing_behind() {
    let (_dir, path) = place();
    written(&path, &day(10), 10);
    let before = (names(&path), fs::read(&path).expect("read"));
    let reader = Reader::open(&path).expect("opened");
    reader.replay().expect("read");
    drop(reader);
    verify(&path).expect("readable");
    assert_eq!((names(&path), fs::read(&path).expect("read")), before);
}

#[test]
fn a_journal_at_rest_can_be_read_without_the_right_to_write_beside_it() {
    let (_dir, path) = place();
    written(&path, &day(10), 10);
    let odd = path.with_file_name("a name? with #5 and 100%.db");
    fs::copy(&path, &odd).expect("copied");
    let before = names(&path);
    let conn = open_at_rest(&odd).and_then(probed).expect("opened");
    let head = replay(&conn, &meta(), &mut |_| ()).expect("read");
    assert_eq!(head.seq, 10);
    assert_eq!(names(&path), before);
}

#[test]
fn a_journal_with_a_log_is_not_taken_for_one_at_rest() {
    let (_dir, path) = place();
    let mut journal = Journal::create(&path, meta()).expect("created");
    assert!(is_at_rest(&path));
    journal.append(&day(1), wall()).expect("appended");
    assert!(!is_at_rest(&path));
}

#[test]
fn what_is_no_journal_is_refused_with_a_reason() {
    let (_dir, path) = place();
    assert!(matches!(verify(&path), Err(JournalError::Absent { .. })));
    assert!(matches!(Reader::open(&path), Err(JournalError::Absent { .. })));
    fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
    fs::write(&path, b"").expect("written");
    assert_eq!(
        noticed(&path, "an empty file").to_string(),
        "after row 0: the database is damaged: no such table: meta"
    );
    fs::write(&path, "not a database at all\n".repeat(100)).expect("written");
    assert_eq!(
        noticed(&path, "a text").to_string(),
        "after row 0: the database is damaged: file is not a database"
    );
}

#[test]
fn every_change_of_a_row_is_noticed_and_named() {
    let (_dir, path) = place();
    written(&path, &day(100), 10);
    let conn = tampering(&path);
    for seq in 1..=100 {
        for (change, undo) in [
            ("body = replace(body, '\"v\":1', '\"v\": 1')", "body = replace(body, '\"v\": 1', '\"v\":1')"),
            ("kind = kind || 's'", "kind = substr(kind, 1, length(kind) - 1)"),
            ("at = at + 1", "at = at - 1"),
            ("hash = CAST(hash || x'00' AS BLOB)", "hash = substr(hash, 1, 32)"),
        ] {
            conn.execute(&format!("UPDATE journal SET {change} WHERE seq = ?1"), [seq]).expect("changed");
            let what = format!("row {seq}: {change}");
            let flaw = noticed(&path, &what).to_string();
            assert!(flaw.starts_with(&format!("row {seq}: ")), "{what}: {flaw}");
            conn.execute(&format!("UPDATE journal SET {undo} WHERE seq = ?1"), [seq]).expect("undone");
        }
    }
    assert_eq!(problem(&path), None);
}

#[test]
fn every_flipped_bit_of_a_hash_is_noticed() {
    let (_dir, path) = place();
    written(&path, &day(100), 10);
    let conn = tampering(&path);
    for (seq, bit) in (1..=100u32).zip((0..256).step_by(3).cycle()) {
        let read = |row: &rusqlite::Row<'_>| row.get::<_, Vec<u8>>(0);
        let hash = conn.query_row("SELECT hash FROM journal WHERE seq = ?1", [seq], read).expect("a hash");
        let mut flipped = hash.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let set = "UPDATE journal SET hash = ?2 WHERE seq = ?1";
        conn.execute(set, params![seq, flipped]).expect("changed");
        let found = noticed(&path, "a flipped hash");
        assert!(
            matches!(found, Flaw::Hash { seq: at, .. } if at == u64::from(seq)),
            "row {seq}, bit {bit}: {found}"
        );
        conn.execute(set, params![seq, hash]).expect("undone");
    }
}

#[test]
fn a_row_that_is_gone_is_noticed_also_the_last() {
    let (_dir, path) = place();
    written(&path, &day(100), 10);
    let conn = tampering(&path);
    conn.execute_batch("CREATE TEMP TABLE kept AS SELECT * FROM main.journal").expect("kept");
    for seq in 1..=100u64 {
        conn.execute("DELETE FROM journal WHERE seq = ?1", [seq as i64]).expect("deleted");
        let expected = match seq {
            100 => Flaw::Head { found: 99, head: 100 },
            _ => Flaw::Missing { seq, found: seq as i64 + 1 },
        };
        assert_eq!(noticed(&path, "a deleted row"), expected);
        conn.execute("INSERT INTO journal SELECT * FROM kept WHERE seq = ?1", [seq as i64]).expect("undone");
    }
    conn.execute_batch("DELETE FROM journal WHERE seq > 40").expect("deleted");
    assert_eq!(noticed(&path, "a cut journal"), Flaw::Head { found: 40, head: 100 });
}

#[test]
fn rows_that_changed_places_are_noticed() {
    let (_dir, path) = place();
    written(&path, &day(100), 10);
    let conn = tampering(&path);
    let swap = |seq: i64| {
        conn.execute_batch(&format!(
            "UPDATE journal SET seq = -1 WHERE seq = {seq};
             UPDATE journal SET seq = {seq} WHERE seq = {seq} + 1;
             UPDATE journal SET seq = {seq} + 1 WHERE seq = -1;"
        ))
        .expect("swapped");
    };
    for seq in 1..100 {
        swap(seq);
        let found = noticed(&path, "two rows that changed places");
        assert!(matches!(found, Flaw::Hash { seq: at, .. } if at == seq as u64), "row {seq}: {found}");
        swap(seq);
    }
}

#[test]
fn a_changed_description_is_noticed() {
    let (_dir, path) = place();
    written(&path, &day(3), 3);
    let conn = tampering(&path);
    for (key, value) in [("epoch", "8"), ("account", "DU0000002"), ("mode", "embedded")] {
        let old: String = conn
            .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
            .expect("an entry");
        let set = "UPDATE meta SET value = ?2 WHERE key = ?1";
        conn.execute(set, [key, value]).expect("changed");
        assert!(matches!(noticed(&path, key), Flaw::Hash { seq: 1, .. }), "{key}");
        conn.execute(set, [key, "?!"]).expect("changed");
        noticed(&path, key);
        conn.execute(set, [key, &old]).expect("undone");
    }
    conn.execute("UPDATE head SET hash = x'00'", []).expect("changed");
    noticed(&path, "an unreadable head");
    conn.execute("UPDATE head SET hash = ?1", [ChainHash::first(&meta()).as_bytes()]).expect("changed");
    assert_eq!(noticed(&path, "another head"), Flaw::HeadHash { seq: 3 });
}

/// Where a row's body lies in the file.
struct Place {
    seq: u32,
    /// More than one where SQLite left an old copy in a page that the row has moved out of.
    starts: Vec<usize>,
    length: usize,
}

fn places_of_bodies(path: &Path, file: &[u8]) -> Vec<Place> {
    let conn = Connection::open(path).expect("a database");
    let mut rows =
        conn.prepare("SELECT seq, hash, kind, body FROM journal ORDER BY seq").expect("a statement");
    rows.query_map([], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?, row.get(2)?, row.get(3)?)))
        .expect("rows")
        .map(|row| {
            let (seq, hash, kind, body): (u32, Vec<u8>, String, String) = row.expect("a row");
            // The columns of a row lie side by side, and its hash is like no other.
            let cell = [kind.as_bytes(), body.as_bytes(), &hash].concat();
            let starts: Vec<usize> = (0..=file.len() - cell.len())
                .filter(|&at| file[at..].starts_with(&cell))
                .map(|at| at + kind.len())
                .collect();
            assert!(!starts.is_empty(), "row {seq} lies in one page");
            Place { seq, starts, length: body.len() }
        })
        .collect()
}

#[test]
fn a_flipped_bit_in_the_file_is_noticed_in_every_row() {
    let (_dir, path) = place();
    written(&path, &day(100), 10);
    let bytes = fs::read(&path).expect("read");
    let places = places_of_bodies(&path, &bytes);
    assert_eq!(places.len(), 100);
    let mut file = OpenOptions::new().read(true).write(true).open(&path).expect("opened");
    let mut flip = |places: &Place, offset: usize, mask: u8| {
        for start in &places.starts {
            file.seek(SeekFrom::Start((start + offset) as u64)).expect("sought");
            file.write_all(&[bytes[start + offset] ^ mask]).expect("written");
        }
    };
    for place in &places {
        let Place { seq, length, .. } = *place;
        // A different bit of each byte looked at; the first and the last byte of every body among them.
        for offset in (0..length).step_by(37).chain([length - 1]) {
            let bit = (offset + seq as usize) % 8;
            flip(place, offset, 1 << bit);
            let found = noticed(&path, "a flipped bit").to_string();
            assert!(
                found.starts_with(&format!("row {seq}: ")),
                "row {seq}, byte {offset}, bit {bit}: {found}"
            );
            flip(place, offset, 0);
        }
    }
    assert_eq!(problem(&path), None);
}

#[test]
fn a_cut_file_is_noticed_wherever_it_is_cut() {
    let (_dir, path) = place();
    written(&path, &day(100), 10);
    let mut bytes = Vec::new();
    fs::File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes)).expect("read");
    for length in (0..bytes.len()).step_by(509) {
        fs::write(&path, &bytes[..length]).expect("cut");
        noticed(&path, &format!("{length} of {} bytes", bytes.len()));
    }
}
