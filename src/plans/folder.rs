//! A folder of plan files over time: what is in force now, whatever state its files are in.
//!
//! Last good wins. A file that turns bad keeps the plans it had, all of them, also those whose own text did not
//! change: half a file in force is what nobody wrote. Only where a file never had a good plan (at the first reading,
//! or when it is new) do its good plans count beside its bad ones, since otherwise nothing of it would be watched.
//! A file whose *text* is doubtful (no YAML, a duplicate key, an alias) gives no plan at all.
//!
//! Nothing is believed at first sight: new bytes count after two equal looks apart, and so does the absence of a
//! file, because many editors take a file away for a moment while they save it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::domain::ids::PlanId;
use crate::domain::plan::{Problem, Severity};

use super::code;
use super::disk::{self, Found, Stat};
use super::doc::{self, SourcedPlan};
use super::source::{Remark, whole_file};

/// How far apart two equal looks must be. Less than the pace of [`super::watch::Watch`], so that two of its signals
/// in a row do.
pub const LOOKS_APART_MIN: Duration = Duration::from_millis(150);
/// How long a file that does not end with a newline must be left alone: it may be half of one.
pub const QUIET_WITHOUT_NEWLINE: Duration = Duration::from_secs(2);

/// When a look is taken. Both clocks are the caller's.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// A clock that never jumps: how far apart two looks are.
    pub steady: Instant,
    /// The clock that the times of files are told in.
    pub wall: SystemTime,
}

/// What is in force after a look, and everything that is wrong with the folder now.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The plans in force, each with its source.
    pub plans: BTreeMap<PlanId, Arc<SourcedPlan>>,
    /// All problems of all files as they stand, those of earlier looks included, in the order of the files' names.
    pub problems: Vec<Problem>,
    /// The plan files that were seen, as people know them, by name.
    pub files: Vec<String>,
    /// How many files have changed, or gone, but are not believed yet: look again.
    pub unsettled: usize,
    /// How many files this look had to read; none where nothing has changed for some seconds.
    pub files_read: usize,
}

/// The folder and what is remembered of it from look to look.
#[derive(Debug)]
pub struct Folder {
    dir: PathBuf,
    shown_as: String,
    files: BTreeMap<String, Watched>,
    /// The file whose plan of that name is in force.
    owners: BTreeMap<PlanId, String>,
    looked: bool,
    files_read: usize,
}

/// One file, from look to look.
#[derive(Debug, Default)]
struct Watched {
    in_force: Option<Version>,
    waiting: Option<Waiting>,
    /// Why what lies there now cannot be read at all.
    bad: Option<Problem>,
    gone_since: Option<Instant>,
}

/// The bytes that were believed last.
#[derive(Debug)]
struct Version {
    stat: Stat,
    trusted: bool,
    hash: [u8; 32],
    plans: Vec<Arc<SourcedPlan>>,
    problems: Vec<Problem>,
}

/// Bytes that are not believed yet.
#[derive(Debug)]
struct Waiting {
    stat: Stat,
    /// `None` where the file changed while it was read.
    hash: Option<[u8; 32]>,
    since: Instant,
}

impl Folder {
    /// The folder `dir`, which people know as `shown_as`; its files are told as `shown_as/NAME`.
    pub fn new(dir: impl Into<PathBuf>, shown_as: impl Into<String>) -> Folder {
        Folder {
            dir: dir.into(),
            shown_as: shown_as.into(),
            files: BTreeMap::new(),
            owners: BTreeMap::new(),
            looked: false,
            files_read: 0,
        }
    }

    /// Looks at the folder. The first look believes files that end with a newline or have been left alone for
    /// [`QUIET_WITHOUT_NEWLINE`]; later ones believe what two looks in a row found. A folder that cannot be read is
    /// a problem and changes nothing. Reads files; files that did not change are not read again.
    pub fn look(&mut self, now: Moment) -> Reading {
        self.files_read = 0;
        let (files, problems) = match disk::list(&self.dir, &self.shown_as) {
            Ok((found, problems)) => {
                let names = found.keys().map(|name| disk::file_name(&self.shown_as, name)).collect();
                self.take(found, now);
                (names, problems)
            }
            Err(error) => (Vec::new(), vec![no_folder(&self.shown_as, &error)]),
        };
        self.looked = true;
        self.reading(files, problems)
    }

    fn take(&mut self, found: BTreeMap<String, Found>, now: Moment) {
        let missing: Vec<String> =
            self.files.keys().filter(|name| !found.contains_key(*name)).cloned().collect();
        for (name, found) in found {
            match found {
                Found::File(stat) => self.file(&name, stat, &missing, now),
                Found::Bad(problem) => self.bad(&name, *problem),
            }
        }
        for name in missing {
            self.missing(&name, now);
        }
    }

    fn bad(&mut self, name: &str, problem: Problem) {
        let watched = self.files.entry(name.to_owned()).or_default();
        watched.bad = Some(problem);
        watched.waiting = None;
        watched.gone_since = None;
    }

    fn missing(&mut self, name: &str, now: Moment) {
        let Some(watched) = self.files.get_mut(name) else { return };
        let since = *watched.gone_since.get_or_insert(now.steady);
        let settled = now.steady.saturating_duration_since(since) >= LOOKS_APART_MIN;
        if watched.in_force.is_none() || settled {
            self.files.remove(name);
        }
    }

    fn file(&mut self, name: &str, stat: Stat, missing: &[String], now: Moment) {
        let first_look = !self.looked;
        let watched = self.files.entry(name.to_owned()).or_default();
        watched.bad = None;
        watched.gone_since = None;
        if watched.in_force.as_ref().is_some_and(|version| version.trusted && version.stat == stat) {
            watched.waiting = None;
            return;
        }
        self.files_read += 1;
        let (bytes, hash) = match disk::bytes(&self.dir.join(name), &stat) {
            Ok(Some(read)) => read,
            Ok(None) => {
                watched.waiting = Some(Waiting { stat, hash: None, since: now.steady });
                return;
            }
            Err(error) => {
                let problem = disk::unreadable(&disk::file_name(&self.shown_as, name), &error);
                return self.bad(name, problem);
            }
        };
        let trusted = stat.is_trusted(now.wall);
        if let Some(version) = watched.in_force.as_mut().filter(|version| version.hash == hash) {
            (version.stat, version.trusted) = (stat, trusted);
            watched.waiting = None;
            return;
        }
        let whole = bytes.last() == Some(&b'\n');
        let settled = if first_look {
            whole || stat.is_older_than(QUIET_WITHOUT_NEWLINE, now.wall)
        } else {
            watched.waits_since(&stat, &hash, now.steady)
                >= if whole { LOOKS_APART_MIN } else { QUIET_WITHOUT_NEWLINE }
        };
        // The very bytes that were in force under a name that is gone: the file was renamed.
        let renamed_from = missing.iter().find(|gone| self.holds(gone, &hash)).cloned();
        if settled || renamed_from.is_some() {
            self.believe(
                name,
                Version { stat, trusted, hash, plans: Vec::new(), problems: Vec::new() },
                &bytes,
                renamed_from,
            );
        }
    }

    fn holds(&self, name: &str, hash: &[u8; 32]) -> bool {
        let version = self.files.get(name).and_then(|watched| watched.in_force.as_ref());
        version.is_some_and(|version| version.hash == *hash)
    }

    /// Puts `bytes` in force for the file `name`, which was called `renamed_from` before, if it was renamed.
    fn believe(&mut self, name: &str, mut version: Version, bytes: &[u8], renamed_from: Option<String>) {
        let file = disk::file_name(&self.shown_as, name);
        let document = doc::read(&file, bytes);
        let before = match renamed_from {
            Some(old) => {
                self.owners
                    .values_mut()
                    .filter(|owner| **owner == old)
                    .for_each(|owner| name.clone_into(owner));
                self.files.remove(&old).and_then(|watched| watched.in_force)
            }
            None => self.files.get_mut(name).and_then(|watched| watched.in_force.take()),
        };
        let last_good = before.map(|before| before.plans).unwrap_or_default();
        let keeps = !document.is_good() && !last_good.is_empty();
        version.problems = document.problems;
        version.plans = if keeps {
            version.problems.push(kept(&file, &last_good));
            last_good
        } else {
            document.plans.into_iter().map(Arc::new).collect()
        };
        self.files.insert(name.to_owned(), Watched { in_force: Some(version), ..Watched::default() });
    }

    /// One plan for every name, and everything there is to say.
    fn reading(&mut self, files: Vec<String>, mut problems: Vec<Problem>) -> Reading {
        let mut claims: BTreeMap<PlanId, Vec<(&String, &Arc<SourcedPlan>)>> = BTreeMap::new();
        for (name, watched) in &self.files {
            for sourced in watched.in_force.iter().flat_map(|version| &version.plans) {
                claims.entry(sourced.plan.id.clone()).or_default().push((name, sourced));
            }
        }
        let mut refused: BTreeMap<&String, Vec<Problem>> = BTreeMap::new();
        let mut owners = BTreeMap::new();
        let mut plans = BTreeMap::new();
        for (id, claims) in claims {
            let in_force = self.owners.get(&id);
            let holder = claims.iter().position(|(name, _)| in_force == Some(*name)).unwrap_or(0);
            let (owner, plan) = claims[holder];
            for (name, later) in claims.iter().filter(|(name, _)| *name != owner) {
                refused.entry(name).or_default().push(second_claim(later, plan));
            }
            owners.insert(id.clone(), owner.clone());
            plans.insert(id, plan.clone());
        }
        for (name, watched) in &self.files {
            problems.extend(watched.bad.clone());
            problems.extend(watched.in_force.iter().flat_map(|version| version.problems.iter().cloned()));
            problems.extend(refused.remove(name).unwrap_or_default());
        }
        let unsettled = self.files.values().filter(|watched| watched.is_unsettled()).count();
        self.owners = owners;
        Reading { plans, problems, files, unsettled, files_read: self.files_read }
    }
}

impl Watched {
    /// How long these bytes have been seen unchanged; they wait from now on where they are new.
    fn waits_since(&mut self, stat: &Stat, hash: &[u8; 32], now: Instant) -> Duration {
        match &self.waiting {
            Some(waiting) if waiting.stat == *stat && waiting.hash == Some(*hash) => {
                now.saturating_duration_since(waiting.since)
            }
            _ => {
                self.waiting = Some(Waiting { stat: stat.clone(), hash: Some(*hash), since: now });
                Duration::ZERO
            }
        }
    }

    fn is_unsettled(&self) -> bool {
        self.waiting.is_some() || self.gone_since.is_some()
    }
}

fn no_folder(shown_as: &str, error: &io::Error) -> Problem {
    let message = format!("the folder of plans could not be read: {error}");
    let help = match error.kind() {
        io::ErrorKind::NotFound => {
            "make the folder, or name the directory that holds it; plans in force stay in force"
        }
        _ => "make the folder readable again; until then the plans that are in force stay in force",
    };
    whole_file(shown_as, code::FOLDER, Severity::Error, message, help)
}

/// Says which plans a bad file keeps.
fn kept(file: &str, plans: &[Arc<SourcedPlan>]) -> Problem {
    let names: BTreeSet<&str> = plans.iter().map(|sourced| sourced.plan.id.as_str()).collect();
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    let message = format!("its last good version stays in force: {names}");
    let help = "mend the file to change its plans, or delete it to retire them";
    whole_file(file, code::KEPT, Severity::Note, message, help)
}

fn second_claim(later: &SourcedPlan, holder: &SourcedPlan) -> Problem {
    let id = &later.plan.id;
    let message = format!("{id} is already the plan of {}", holder.source.file());
    let at = later.source.place("plan_id").mark.clone();
    let remark = Remark::error(code::DUPLICATE_PLAN, at, message)
        .label("this one is refused")
        .help("give the plan a plan_id of its own, or delete one of the two files");
    let there = &holder.source.place("plan_id").mark;
    later.source.text().problem_with(&remark, holder.source.text(), there, "this one stays in force")
}
