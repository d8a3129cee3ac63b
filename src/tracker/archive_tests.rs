use super::super::samples::{day, meta, place, wall, written};
use super::super::{Journal, Reader};
use super::*;

fn state_dir(path: &Path) -> &Path {
    path.parent().expect("a directory")
}

#[test]
fn an_archived_journal_is_whole_and_makes_room_for_the_next() {
    let (_dir, path) = place();
    assert!(matches!(archive(state_dir(&path), "7"), Ok(None)), "nothing to move");
    let rows = day(20);
    // Left as a kill leaves it: with a log beside it.
    let mut journal = Journal::create(&path, meta()).expect("created");
    journal.append(&rows, wall()).expect("appended");
    drop(journal);

    let lies = archive(state_dir(&path), "7").expect("archived").expect("one");
    assert_eq!(lies, state_dir(&path).join("archive").join("journal-7-1.db"));
    assert_eq!(Reader::open(&lies).expect("opened").replay().expect("read"), rows);
    assert!(!path.exists() && !beside(&path, "-wal").exists());
    Journal::create(&path, meta()).expect("there is room");
}

#[test]
fn an_archive_never_overwrites() {
    let (_dir, path) = place();
    for n in 1..=3 {
        written(&path, &day(n), 1);
        let lies = archive(state_dir(&path), "../2013-10-04 x").expect("archived").expect("one");
        let name = format!("journal-___2013-10-04_x-{n}.db");
        assert_eq!(lies, state_dir(&path).join("archive").join(name), "stays in its directory");
    }
    for n in 1..=3 {
        let lies = state_dir(&path).join("archive").join(format!("journal-___2013-10-04_x-{n}.db"));
        assert_eq!(Reader::open(&lies).expect("opened").replay().expect("read"), day(n));
    }
}

#[test]
fn a_journal_at_work_is_not_archived() {
    let (_dir, path) = place();
    let journal = Journal::create(&path, meta()).expect("created");
    assert!(matches!(archive(state_dir(&path), "7"), Err(JournalError::Locked { .. })));
    drop(journal);
    assert!(archive(state_dir(&path), "7").expect("archived").is_some());
}

#[test]
fn a_damaged_journal_is_put_aside_as_it_is_with_the_files_beside_it() {
    let (_dir, path) = place();
    fs::create_dir_all(state_dir(&path)).expect("a directory");
    fs::write(&path, b"damaged beyond reading").expect("written");
    fs::write(beside(&path, "-wal"), b"its log").expect("written");
    let lies = archive(state_dir(&path), "7").expect("archived").expect("one");
    assert_eq!(fs::read(&lies).expect("read"), b"damaged beyond reading");
    assert_eq!(fs::read(beside(&lies, "-wal")).expect("read"), b"its log");
    assert!(!beside(&path, "-wal").exists());
    Journal::create(&path, meta()).expect("there is room");
}
