//! The rules at hand: those in the binary, and the files of a folder over them. A file that does not compile leaves the
//! last version that did.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::domain::plan::Problem;

use super::fault::Fault;
use super::folder;
use super::rule::{Fingerprint, Rule, fingerprint};
use super::thread::RuleThread;

/// The rules in the binary.
const BUILT_IN: [(&str, &str); 4] = [
    ("close_above", include_str!("../../scripts/close_above.rhai")),
    ("close_below", include_str!("../../scripts/close_below.rhai")),
    ("stop_loss_take_profit", include_str!("../../scripts/stop_loss_take_profit.rhai")),
    ("trailing_stop", include_str!("../../scripts/trailing_stop.rhai")),
];

/// Every rule by its name.
pub(super) struct Shelf {
    built_in: BTreeMap<String, Arc<Rule>>,
    files: BTreeMap<String, Shelved>,
}

/// A rule of the folder.
struct Shelved {
    /// The bytes that were read last, if they compiled.
    seen: Option<Fingerprint>,
    /// The last version that compiled.
    good: Option<Arc<Rule>>,
    /// What is wrong with what was read last.
    problem: Option<Problem>,
    /// Whether the file is still in the folder.
    presence: Presence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    There,
    Gone,
}

/// Why a plan can't use a rule of some name.
pub(super) enum Absent<'s> {
    /// There is none.
    Unknown,
    /// Its file does not compile, and never has.
    Broken(&'s Problem),
}

impl Shelf {
    /// The rules in the binary. An error is a fault of ours and names the rule.
    pub(super) fn built_in(thread: &RuleThread) -> Result<Shelf, (&'static str, Fault)> {
        let mut built_in = BTreeMap::new();
        for (name, source) in BUILT_IN {
            let file = format!("{name}.rhai (built in)");
            let rule = Rule::read(thread, name, &file, source).map_err(|fault| (name, fault))?;
            built_in.insert(name.to_owned(), Arc::new(rule));
        }
        Ok(Shelf { built_in, files: BTreeMap::new() })
    }

    /// The rule that a plan which is checked now would use.
    pub(super) fn offer(&self, name: &str) -> Result<&Arc<Rule>, Absent<'_>> {
        match self.files.get(name) {
            Some(Shelved { presence: Presence::There, good: Some(rule), .. }) => Ok(rule),
            Some(Shelved { presence: Presence::There, problem: Some(problem), .. }) => {
                Err(Absent::Broken(problem))
            }
            _ => self.built_in.get(name).ok_or(Absent::Unknown),
        }
    }

    /// The rule of a plan that runs. A rule whose file was deleted goes on until the program ends.
    pub(super) fn running(&self, name: &str) -> Option<&Arc<Rule>> {
        let deleted = || self.files.get(name).and_then(|shelved| shelved.good.as_ref());
        match self.offer(name) {
            Ok(rule) => Some(rule),
            Err(Absent::Unknown) => deleted(),
            Err(Absent::Broken(_)) => None,
        }
    }

    /// Every name a plan may use.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let there = self.files.iter().filter(|(_, shelved)| shelved.presence == Presence::There);
        self.built_in.keys().chain(there.map(|(name, _)| name)).map(String::as_str)
    }

    /// Reads the folder again and tells everything that is wrong with it now.
    pub(super) fn refresh(&mut self, thread: &RuleThread, at: &Path) -> Vec<Problem> {
        let (found, mut problems) = match folder::list(at) {
            Ok(listed) => listed,
            // A folder that can't be listed says nothing of its files: they stay as they are.
            Err(error) => return vec![folder::unreadable(at, &error, "make the folder readable")],
        };
        for (name, path) in &found {
            self.read(thread, name, path);
        }
        for (name, shelved) in &mut self.files {
            if !found.contains_key(name) && shelved.presence == Presence::There {
                shelved.presence = Presence::Gone;
                shelved.seen = None;
                problems.push(folder::gone(at, name, self.built_in.contains_key(name)));
            }
        }
        let there = self.files.values().filter(|shelved| shelved.presence == Presence::There);
        problems.extend(there.filter_map(|shelved| shelved.problem.clone()));
        problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        problems
    }

    fn read(&mut self, thread: &RuleThread, name: &str, path: &Path) {
        let new = || Shelved { seen: None, good: None, problem: None, presence: Presence::There };
        let shelved = self.files.entry(name.to_owned()).or_insert_with(new);
        shelved.presence = Presence::There;
        let bytes = folder::bytes_of(path);
        let seen = bytes.as_deref().ok().map(fingerprint);
        if seen.is_some() && shelved.seen == seen {
            return;
        }
        let source = bytes.and_then(|bytes| folder::text_of(path, bytes));
        let file = path.display().to_string();
        let rule = match &source {
            Ok(source) => {
                Rule::read(thread, name, &file, source).map_err(|fault| folder::faulty(path, fault))
            }
            Err(problem) => Err(problem.clone()),
        };
        match rule {
            Ok(rule) => {
                shelved.seen = seen;
                shelved.good = Some(Arc::new(rule));
                shelved.problem = None;
            }
            Err(problem) => {
                // Read anew next time: a deadline may have struck a busy machine, not a bad rule.
                shelved.seen = None;
                let help = stays(problem.help, shelved.good.is_some());
                let problem = Problem { help, ..*problem };
                let rendered =
                    source.map_or_else(|_| String::new(), |source| folder::rendered(&problem, &source));
                shelved.problem = Some(Problem { rendered, ..problem });
            }
        }
    }
}

/// Says that the last good version stays, where there is one.
fn stays(help: Option<String>, good: bool) -> Option<String> {
    let stays = "the last good version stays in use";
    match (good, help) {
        (false, help) => help,
        (true, None) => Some(stays.into()),
        (true, Some(help)) => Some(format!("{help}; {stays}")),
    }
}
