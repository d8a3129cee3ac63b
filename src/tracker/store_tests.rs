use std::fs;

use super::super::samples::{day, meta, place, tampering, wall, written};
use super::super::{Flaw, Mode, Reader, verify};
use super::*;

fn flaw(result: Result<Journal, JournalError>) -> Flaw {
    match result {
        Err(JournalError::Bad { flaw, .. }) => flaw,
        other => panic!("expected a bad journal, got {other:?}"),
    }
}

#[test]
fn what_was_appended_is_there_after_a_restart_in_its_order() {
    let (_dir, path) = place();
    let rows = day(120);
    let mut journal = Journal::create(&path, meta()).expect("created");
    assert_eq!(journal.head(), Head { seq: 0, hash: ChainHash::first(&meta()) });
    journal.append(&rows[..1], wall()).expect("appended");
    journal.append(&[], wall()).expect("nothing to do");
    journal.append(&rows[1..50], wall()).expect("appended");
    let head = journal.head();
    assert_eq!(journal.replay().expect("replayed"), rows[..50]);
    drop(journal);

    let mut seen = Vec::new();
    let mut journal = Journal::open_and_fold(&path, |recorded| seen.push(recorded)).expect("opened");
    assert_eq!((seen.as_slice(), journal.head(), journal.meta()), (&rows[..50], head, &meta()));
    journal.append(&rows[50..], wall()).expect("appended");
    journal.close().expect("closed");
    assert_eq!(Journal::open(&path).expect("opened").replay().expect("replayed"), rows);
}

#[test]
fn the_same_events_make_the_same_rows_whatever_the_clock_on_the_wall_says() {
    let (_one, first) = place();
    let (_two, second) = place();
    let rows = day(100);
    let head = written(&first, &rows, 7);

    let later = "2031-01-01T00:00:00Z".parse().expect("a time");
    let mut journal = Journal::create(&second, Meta { created: later, ..meta() }).expect("created");
    for record in &rows {
        journal.append(std::slice::from_ref(record), later).expect("appended");
    }
    assert_eq!(journal.head(), head);
}

#[test]
fn another_journal_has_other_hashes_from_the_start() {
    let first = ChainHash::first(&meta());
    for other in [
        Meta { epoch: 8, ..meta() },
        Meta { account: "DU0000002".into(), ..meta() },
        Meta { mode: Mode::Embedded, ..meta() },
    ] {
        assert_ne!(ChainHash::first(&other), first, "{other:?}");
    }
}

#[test]
fn a_killed_writer_loses_nothing_it_had_appended() {
    let (dir, path) = place();
    let rows = day(40);
    let mut journal = Journal::create(&path, meta()).expect("created");
    for group in rows.chunks(4) {
        journal.append(group, wall()).expect("appended");
    }
    // The files as a kill leaves them.
    let left = dir.path().join("left").join("journal.db");
    fs::create_dir(directory(&left)).expect("a directory");
    for suffix in ["", "-wal"] {
        fs::copy(beside(&path, suffix), beside(&left, suffix)).expect("copied");
    }
    assert_eq!(Journal::open(&left).expect("opened").replay().expect("replayed"), rows);
}

#[test]
fn a_torn_log_ends_with_a_whole_group_or_before_it() {
    let (dir, path) = place();
    let rows = day(24);
    let mut journal = Journal::create(&path, meta()).expect("created");
    for group in rows.chunks(4) {
        journal.append(group, wall()).expect("appended");
    }
    let (database, log) = (fs::read(&path).expect("read"), fs::read(beside(&path, "-wal")).expect("read"));
    let torn = dir.path().join("torn").join("journal.db");
    fs::create_dir(directory(&torn)).expect("a directory");
    let mut lengths = Vec::new();
    for cut in (0..=log.len()).step_by(1_013).chain([log.len()]) {
        fs::write(&torn, &database).expect("written");
        fs::write(beside(&torn, "-wal"), &log[..cut]).expect("written");
        let journal = Journal::open(&torn).unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        let kept = journal.replay().expect("replayed");
        assert_eq!(kept, rows[..kept.len()], "cut at {cut}");
        assert_eq!(kept.len() % 4, 0, "a group is there or not, cut at {cut}");
        lengths.push(kept.len());
    }
    assert!(lengths.is_sorted());
    assert_eq!((lengths.first(), lengths.last()), (Some(&0), Some(&24)));
}

#[test]
fn there_is_one_writer_at_a_time() {
    let (_dir, path) = place();
    let journal = Journal::create(&path, meta()).expect("created");
    let error = Journal::open(&path).expect_err("locked");
    assert!(matches!(&error, JournalError::Locked { holder: Some(pid), .. } if *pid == std::process::id()));
    assert!(error.to_string().contains("is held by another prusik (process "), "{error}");
    drop(journal);
    Journal::open(&path).expect("free again");
}

#[test]
fn a_journal_is_never_created_over_another() {
    let (_dir, path) = place();
    let rows = day(10);
    written(&path, &rows, 10);
    assert!(matches!(Journal::create(&path, meta()), Err(JournalError::Exists { .. })));
    assert_eq!(Journal::open(&path).expect("opened").replay().expect("replayed"), rows);

    fs::remove_file(&path).expect("removed");
    fs::write(beside(&path, "-wal"), b"of a journal that is gone").expect("written");
    let error = Journal::create(&path, meta()).expect_err("a log without its journal");
    assert!(error.to_string().contains("journal.db-wal exists already"), "{error}");
}

#[test]
fn a_crash_while_creating_leaves_no_journal_and_no_obstacle() {
    let (_dir, path) = place();
    fs::create_dir_all(directory(&path)).expect("a directory");
    fs::write(beside(&path, ".new"), b"half a database").expect("written");
    assert!(matches!(Journal::open(&path), Err(JournalError::Absent { .. })));
    let mut journal = Journal::create(&path, meta()).expect("created");
    journal.append(&day(1), wall()).expect("appended");
    journal.close().expect("closed");
    let mut names: Vec<_> = fs::read_dir(directory(&path))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    assert_eq!(names, ["journal.db", "lock"]);
}

#[test]
fn no_statement_changes_what_was_written() {
    let (_dir, path) = place();
    written(&path, &day(5), 5);
    let conn = Connection::open(&path).expect("a database");
    for (statement, guard) in [
        ("UPDATE journal SET body = '{}' WHERE seq = 3", "no row is ever changed"),
        ("UPDATE journal SET wall = '' WHERE seq = 3", "no row is ever changed"),
        ("DELETE FROM journal WHERE seq = 5", "no row is ever deleted"),
        ("DELETE FROM journal", "no row is ever deleted"),
        ("INSERT OR REPLACE INTO journal SELECT * FROM journal WHERE seq = 2", "a row follows the last one"),
        ("INSERT INTO journal VALUES (9, 0, 'order', '{}', x'00', '')", "a row follows the last one"),
        ("UPDATE meta SET value = '8' WHERE key = 'epoch'", "never changes"),
        ("DELETE FROM meta", "never changes"),
        ("UPDATE head SET seq = 4", "its head moves on"),
        ("DELETE FROM head", "its head moves on"),
    ] {
        let error = conn.execute(statement, []).expect_err(statement).to_string();
        assert!(error.contains(guard), "{statement}: {error}");
    }
    assert_eq!(verify(&path).expect("verified").problem, None);
}

#[test]
fn a_row_from_elsewhere_is_noticed_by_the_writer_and_afterwards() {
    let (_dir, path) = place();
    let rows = day(6);
    let mut journal = Journal::create(&path, meta()).expect("created");
    journal.append(&rows[..3], wall()).expect("appended");
    let conn = Connection::open(&path).expect("a database");
    conn.execute("INSERT INTO journal SELECT 4, at, kind, body, hash, wall FROM journal WHERE seq = 3", [])
        .expect("the guards let a fourth row pass");

    let error = journal.append(&rows[3..], wall()).expect_err("our row has no place");
    assert!(matches!(error, JournalError::Write { .. }), "{error}");
    let error = journal.append(&rows[3..], wall()).expect_err("nothing is tried twice");
    assert!(matches!(error, JournalError::Dead { .. }), "{error}");
    assert_eq!(journal.head().seq, 3);
    drop((journal, conn));

    assert!(matches!(flaw(Journal::open(&path)), Flaw::Hash { seq: 4, .. }));
    let report = verify(&path).expect("verified");
    assert_eq!(report.rows, 3);
    assert!(matches!(report.problem, Some(Flaw::Hash { seq: 4, .. })));
}

#[test]
fn a_full_disk_takes_nothing_of_a_group_and_forgets_nothing() {
    let (_dir, path) = place();
    let rows = day(400);
    let mut journal = Journal::create(&path, meta()).expect("created");
    journal.append(&rows[..10], wall()).expect("appended");
    let pages: u32 = journal.conn.query_row("PRAGMA page_count", [], |row| row.get(0)).expect("a number");
    let limit = |journal: &Journal, pages: u32| {
        let sql = format!("PRAGMA max_page_count = {pages}");
        journal.conn.query_row(&sql, [], |_| Ok(())).expect("limited");
    };
    limit(&journal, pages + 1);
    let head = journal.head();
    let error = journal.append(&rows[10..], wall()).expect_err("no room");
    assert!(matches!(error, JournalError::DiskFull { rows: 390, .. }), "{error}");
    assert_eq!((journal.head(), journal.replay().expect("replayed").len()), (head, 10));

    limit(&journal, 1_000_000);
    journal.append(&rows[10..], wall()).expect("room again");
    assert_eq!(journal.replay().expect("replayed"), rows);
}

#[test]
fn the_log_is_folded_away_while_the_writer_runs() {
    let (_dir, path) = place();
    let rows = day(53);
    let mut journal = Journal::create(&path, meta()).expect("created");
    // Few groups, each of many pages.
    let group: Vec<_> = rows.iter().cycle().take(1_060).cloned().collect();
    for _ in 0..60 {
        journal.append(&group, wall()).expect("appended");
    }
    let log = beside(&path, "-wal").metadata().expect("a log").len();
    let limit = 2 * (LOG_PAGES_MAX * PAGE_BYTES) as u64;
    assert!(log < limit, "{log} bytes of log");
    assert!(path.metadata().expect("a journal").len() > limit, "enough was written to tell");
}

#[test]
fn a_journal_of_a_newer_prusik_is_refused_before_anything_else_is_read() {
    let (_dir, path) = place();
    written(&path, &day(5), 5);
    let conn = tampering(&path);
    conn.execute_batch("UPDATE meta SET value = '2' WHERE key = 'schema'; DROP TABLE head; DROP VIEW fills;")
        .expect("a journal of tomorrow");
    drop(conn);
    assert_eq!(flaw(Journal::open(&path)), Flaw::Schema { found: 2 });
    assert_eq!(
        Reader::open(&path).expect_err("refused").to_string(),
        format!(
            "the journal {} cannot be trusted: its schema version is 2; this prusik reads version 1",
            path.display()
        )
    );
    assert_eq!(verify(&path).expect("verified").problem, Some(Flaw::Schema { found: 2 }));
}

#[test]
fn a_record_of_a_newer_prusik_is_refused_by_its_row() {
    let (_dir, path) = place();
    let head = written(&path, &day(5), 5);
    // Chained as its writer would, so that only its version is foreign.
    let body = r#"{"v":2,"plan":"SPY_1","depth":"deep"}"#;
    let hash = head.hash.next(6, 0, "plan_orphaned", body);
    let conn = Connection::open(&path).expect("a database");
    conn.execute(INSERT_ROW, params![6, 0, "plan_orphaned", body, hash.as_bytes(), ""]).expect("inserted");
    conn.execute(UPDATE_HEAD, params![6, hash.as_bytes()]).expect("updated");
    drop(conn);
    assert_eq!(
        flaw(Journal::open(&path)).to_string(),
        "row 6: field `v`: version 2; this prusik reads version 1"
    );
}

#[test]
fn a_refused_entry_reads_as_a_sentence_in_sql() {
    let (_dir, path) = place();
    written(&path, &day(60), 60);
    let conn = Connection::open(&path).expect("a database");
    let message: String = conn
        .query_row("SELECT message FROM refusals WHERE message LIKE '%Portfolio%'", [], |row| row.get(0))
        .expect("a refusal");
    assert_eq!(
        message,
        "plan SPY_1 refused: Portfolio risk limit exceeded: current 9.00 %, new 2.99 %, max 10.00 %"
    );
    let fill: (String, String, i64, String) = conn
        .query_row("SELECT time, side, quantity, price FROM fills", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .expect("a fill");
    assert_eq!(fill, ("2013-10-04T13:45:05Z".into(), "buy".into(), 100, "168.51".into()));
    let time: String =
        conn.query_row("SELECT time FROM events WHERE seq = 2", [], |row| row.get(0)).expect("an event");
    assert_eq!(time, "2013-10-04T13:30:05.000Z");
}
