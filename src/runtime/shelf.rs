//! Plans and rules from their folders, read together: what is good enough to be told to the engine, and what must be
//! told to the person who wrote it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::clock;
use crate::domain::ids::PlanId;
use crate::domain::plan::{Plan, PlanChange, Problem, Severity, diff};
use crate::plans::{Folder, SourcedPlan};
use crate::script::{Hook, Host, RuleProblem};

/// What the folders hold, and what of it is in force.
pub(crate) struct Shelf {
    folder: Folder,
    /// Plans as the engine knows them.
    live: BTreeMap<PlanId, Plan>,
    /// Problems that were told: each once, until it is gone.
    told: BTreeSet<(String, u32, u32, String)>,
}

/// What one reading brought.
pub(crate) struct Reading {
    /// What changed, for the engine.
    pub(crate) changes: Vec<PlanChange>,
    /// Problems that were not told before.
    pub(crate) problems: Vec<Problem>,
    /// Whether a file changed so lately that it has to be looked at again.
    pub(crate) unsettled: bool,
}

impl Shelf {
    /// A shelf over the folder of plans; `live` are the plans the journal holds in force.
    pub(crate) fn new(plans: &Path, live: impl IntoIterator<Item = Plan>) -> Shelf {
        let live = live.into_iter().map(|plan| (plan.id.clone(), plan)).collect();
        Shelf { folder: Folder::new(plans, plans.display().to_string()), live, told: BTreeSet::new() }
    }

    /// Reads both folders again. What does not read or check leaves its last good version in force.
    pub(crate) fn read(&mut self, rules: &mut Host) -> Reading {
        let in_use: Vec<&Plan> = self.live.values().collect();
        let mut problems = rules.refresh_for(&in_use);
        let reading = self.folder.look(clock::moment());
        let unsettled = reading.unsettled > 0;
        let broken_files = reading.problems.iter().any(|problem| problem.severity == Severity::Error);
        problems.extend(reading.problems);
        let mut wanted = BTreeMap::new();
        for (id, sourced) in reading.plans {
            let found = check_rules(rules, &sourced);
            let good = found.iter().all(|problem| problem.severity < Severity::Error);
            problems.extend(found);
            if good {
                wanted.insert(id, sourced.plan.clone());
            } else if let Some(last_good) = self.live.get(&id) {
                wanted.insert(id, last_good.clone());
            }
        }
        if broken_files {
            // A file that does not read may be the one that holds a missing plan: its last good version stays.
            for (id, plan) in &self.live {
                wanted.entry(id.clone()).or_insert_with(|| plan.clone());
            }
        }
        let changes = diff(&self.live, &wanted);
        self.live = wanted;
        Reading { changes, problems: self.news(problems), unsettled }
    }

    fn news(&mut self, problems: Vec<Problem>) -> Vec<Problem> {
        let key = |p: &Problem| (p.file.clone(), p.line, p.column, p.message.clone());
        let now: BTreeSet<_> = problems.iter().map(key).collect();
        let news = problems.into_iter().filter(|problem| !self.told.contains(&key(problem))).collect();
        self.told = now;
        news
    }
}

/// What the rules say to a plan that reads well, each problem at the place in the plan's file that causes it. Empty
/// where the plan can use its rules as it wants to.
pub fn check_rules(rules: &Host, sourced: &SourcedPlan) -> Vec<Problem> {
    rules.check(&sourced.plan).into_iter().map(|problem| place(problem, sourced)).collect()
}

fn place(problem: RuleProblem, sourced: &SourcedPlan) -> Problem {
    let section = match problem.hook {
        Hook::Entry => "entry_function",
        Hook::Exit => "exit_function",
    };
    let message = match &problem.place {
        Some(place) => format!("{} ({}:{}:{})", problem.message, place.file, place.line, place.column),
        None => problem.message,
    };
    match problem.parameter {
        Some(parameter) => {
            let path = format!("{section}.parameters.{parameter}");
            sourced.source.problem(problem.code, Severity::Error, &path, message, problem.help)
        }
        None => {
            let path = format!("{section}.function_type");
            sourced.source.problem(problem.code, Severity::Error, &path, message, problem.help)
        }
    }
}
