//! What lies in a folder of plans: names, stats and bytes. It decides nothing about plans.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::domain::plan::{Problem, Severity};

use super::code;
use super::doc::{PLAN_BYTES_MAX, too_large};
use super::source::{shown, whole_file};

/// How old a file's times must be before an unchanged stat proves unchanged bytes: longer than the coarsest clock of
/// any file system.
const STAT_TRUST: Duration = Duration::from_secs(3);

/// What a name in the folder belongs to.
#[derive(Debug)]
pub(super) enum Found {
    File(Stat),
    /// Not a file we read; why.
    Bad(Box<Problem>),
}

/// What identifies a file and its last change without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stat {
    size: u64,
    modified: Option<SystemTime>,
    /// Device, inode and the time of the last change of anything, where the system has them.
    identity: (u64, u64, i64, i64),
}

impl Stat {
    fn of(metadata: &Metadata) -> Stat {
        Stat { size: metadata.len(), modified: metadata.modified().ok(), identity: identity(metadata) }
    }

    /// Whether the same stat later proves the same bytes: the clock of the files has moved on since.
    pub(super) fn is_trusted(&self, wall: SystemTime) -> bool {
        let changed =
            u64::try_from(self.identity.2).map(|s| SystemTime::UNIX_EPOCH + Duration::from_secs(s + 1));
        let old = |at: SystemTime| wall.duration_since(at).is_ok_and(|age| age >= STAT_TRUST);
        self.modified.is_some_and(old) && changed.is_ok_and(old)
    }

    /// Whether the file has been left alone for `quiet`.
    pub(super) fn is_older_than(&self, quiet: Duration, wall: SystemTime) -> bool {
        self.modified.is_some_and(|at| wall.duration_since(at).is_ok_and(|age| age >= quiet))
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64, i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, u64, i64, i64) {
    (0, 0, 0, 0)
}

/// The plan files in `dir`, by name, and what is there under such a name without being one. `shown_as` is the
/// folder's name as people know it.
pub(super) fn list(dir: &Path, shown_as: &str) -> io::Result<(BTreeMap<String, Found>, Vec<Problem>)> {
    let mut found = BTreeMap::new();
    let mut problems = Vec::new();
    for entry in fs::read_dir(dir)? {
        let raw = entry?.file_name();
        let lossy = raw.to_string_lossy();
        if !is_plan_name(&lossy) {
            continue;
        }
        let Some(name) = raw.to_str() else {
            let message = "the name of this file is not UTF-8 text";
            let file = file_name(shown_as, &lossy);
            problems.push(whole_file(&file, code::FILE_NAME, Severity::Error, message, "rename the file"));
            continue;
        };
        match fs::symlink_metadata(dir.join(name)) {
            Ok(metadata) => drop(found.insert(name.to_owned(), judge(&file_name(shown_as, name), &metadata))),
            // Gone between two glances: it is as if it had never been listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let bad = unreadable(&file_name(shown_as, name), &error);
                found.insert(name.to_owned(), Found::Bad(Box::new(bad)));
            }
        }
    }
    Ok((found, problems))
}

/// The file's name as people know it.
pub(super) fn file_name(shown_as: &str, name: &str) -> String {
    format!("{shown_as}/{}", shown(name))
}

/// `*.yaml` and `*.yml`, but for hidden files and what editors and copying tools leave while they work.
fn is_plan_name(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")) else { return false };
    const PASSING: [&str; 7] = [".tmp", ".bak", ".old", ".orig", ".swp", ".part", "~"];
    !stem.is_empty() && !stem.starts_with(['.', '~', '#']) && !PASSING.iter().any(|end| stem.ends_with(end))
}

fn judge(file: &str, metadata: &Metadata) -> Found {
    if metadata.file_type().is_symlink() {
        return bad(
            file,
            "this is a link, and links are not followed",
            "put the file itself into the folder",
        );
    }
    if !metadata.is_file() {
        return bad(file, "this is not a file", "give it a name that does not end as plan files do");
    }
    if metadata.len() > PLAN_BYTES_MAX {
        return Found::Bad(Box::new(too_large(file, metadata.len())));
    }
    Found::File(Stat::of(metadata))
}

fn bad(file: &str, message: &str, help: &str) -> Found {
    Found::Bad(Box::new(whole_file(file, code::LINK, Severity::Error, message, help)))
}

/// Why the file's bytes are not known.
pub(super) fn unreadable(file: &str, error: &io::Error) -> Problem {
    let message = format!("the file could not be read: {error}");
    whole_file(file, code::UNREADABLE, Severity::Error, message, "let the user prusik runs as read the file")
}

/// The bytes of the file at `path` as it was when its stat was taken, and their hash; `None` where it has changed or
/// gone since.
pub(super) fn bytes(path: &Path, stat: &Stat) -> io::Result<Option<(Vec<u8>, [u8; 32])>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // Asked of the open file, so that a link put in its place meanwhile is not taken for it.
    if Stat::of(&file.metadata()?) != *stat {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    (&file).take(PLAN_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if Stat::of(&file.metadata()?) != *stat || bytes.len() as u64 != stat.size {
        return Ok(None);
    }
    let hash = Sha256::digest(&bytes).into();
    Ok(Some((bytes, hash)))
}

#[cfg(test)]
mod tests {
    use super::is_plan_name;

    #[test]
    fn what_editors_leave_behind_is_no_plan() {
        for good in ["aapl.yaml", "aapl.yml", "AAPL 2025.yaml", "a.b.yaml"] {
            assert!(is_plan_name(good), "{good}");
        }
        for bad in [
            ".aapl.yaml",
            ".#aapl.yaml",
            "#aapl.yaml#",
            "aapl.yaml~",
            "aapl~.yaml",
            ".aapl.yaml.swp",
            "aapl.tmp.yaml",
            "aapl.yaml.filepart",
            "~$aapl.yaml",
            "4913",
            ".yaml",
            "aapl.YAML",
            "aapl.json",
        ] {
            assert!(!is_plan_name(bad), "{bad}");
        }
    }
}
