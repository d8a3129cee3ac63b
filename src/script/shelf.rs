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
    /// What the last reading replaced, by name: in force again where the new version fails a plan.
    replaced: BTreeMap<String, Arc<Rule>>,
    reading: Reading,
}

/// Whether plans may run already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    First,
    Later,
}

/// A rule of the folder.
struct Shelved {
    /// The bytes that were read last, if they compiled.
    seen: Option<Fingerprint>,
    /// The last version that compiled.
    good: Option<Arc<Rule>>,
    /// The built-in rule of that name, where plans may run it because the file came later than they did.
    beneath: Option<Arc<Rule>>,
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
        Ok(Shelf { built_in, files: BTreeMap::new(), replaced: BTreeMap::new(), reading: Reading::First })
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

    /// The rule of a plan that runs. A rule whose file was deleted goes on until the program ends; a
    /// built-in one that a broken file was laid over meanwhile goes on as it was.
    pub(super) fn running(&self, name: &str) -> Option<&Arc<Rule>> {
        let deleted = || self.files.get(name).and_then(|shelved| shelved.good.as_ref());
        match self.offer(name) {
            Ok(rule) => Some(rule),
            Err(Absent::Unknown) => deleted(),
            Err(Absent::Broken(_)) => self.files.get(name).and_then(|shelved| shelved.beneath.as_ref()),
        }
    }

    /// The versions that the last reading replaced. Each is told once.
    pub(super) fn take_replaced(&mut self) -> BTreeMap<String, Arc<Rule>> {
        std::mem::take(&mut self.replaced)
    }

    /// Puts `before` in force again; `why` is wrong with the version that is in the file, until that changes.
    pub(super) fn keep(&mut self, name: &str, before: Arc<Rule>, why: Problem) {
        if let Some(shelved) = self.files.get_mut(name) {
            shelved.good = Some(before);
            shelved.problem = Some(why);
        }
    }

    /// Every name a plan may use.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let there = self.files.iter().filter(|(_, shelved)| shelved.presence == Presence::There);
        self.built_in.keys().chain(there.map(|(name, _)| name)).map(String::as_str)
    }

    /// Reads the folder again. Tells what is wrong with the folder itself; [`Shelf::problems`] has what is wrong with
    /// the rules in it.
    pub(super) fn refresh(&mut self, thread: &RuleThread, at: &Path) -> Vec<Problem> {
        let (found, mut problems) = match folder::list(at) {
            Ok(listed) => listed,
            // A folder that can't be listed says nothing of its files: they stay as they are.
            Err(error) => return vec![folder::unreadable(at, &error, "make the folder readable")],
        };
        for (name, path) in &found {
            self.read(thread, name, path);
        }
        self.reading = Reading::Later;
        for (name, shelved) in &mut self.files {
            if !found.contains_key(name) && shelved.presence == Presence::There {
                shelved.presence = Presence::Gone;
                shelved.seen = None;
                problems.push(folder::gone(at, name, self.built_in.contains_key(name)));
            }
        }
        problems
    }

    /// What is wrong with the files that are there.
    pub(super) fn problems(&self) -> impl Iterator<Item = Problem> {
        let there = self.files.values().filter(|shelved| shelved.presence == Presence::There);
        there.filter_map(|shelved| shelved.problem.clone())
    }

    fn read(&mut self, thread: &RuleThread, name: &str, path: &Path) {
        let beneath = match self.reading {
            Reading::First => None,
            Reading::Later => self.built_in.get(name).cloned(),
        };
        let new = || Shelved { seen: None, good: None, beneath, problem: None, presence: Presence::There };
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
                shelved.problem = None;
                let before =
                    shelved.good.replace(Arc::new(rule)).or_else(|| self.built_in.get(name).cloned());
                if let Some(before) = before {
                    self.replaced.insert(name.to_owned(), before);
                }
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
