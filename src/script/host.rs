//! The host: answers the core's questions with the rules of the folder, and checks a plan before it is armed.

use std::path::PathBuf;

use crate::domain::plan::{Plan, Problem, RuleUse};
use crate::domain::ports::{Answer, EntryProposal, RuleFault, Rules, TrailProposal, View};

use super::call;
use super::fault::{Fault, nearest};
use super::folder;
use super::input::Misfit;
use super::proposal::{ENTRY, Question, TRAIL};
use super::rehearsal::rehearse;
use super::rule::Rule;
use super::sandbox;
use super::shelf::{Absent, Shelf};
use super::thread::RuleThread;

/// Why the host did not start. None of them is the user's to mend but the system's or ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// The system gave no thread.
    #[error("no thread for the rules: {0}")]
    Thread(String),
    /// The script engine does not behave as this build of it must: another crate of the program has switched on
    /// features of `rhai` that break the sandbox. The expression that gave it away.
    #[error(
        "the script sandbox does not hold: `{0}` behaves otherwise than it must; check the features of rhai"
    )]
    SelfTest(String),
    /// A built-in rule does not compile.
    #[error("built-in rule {name}: {message}")]
    BuiltIn {
        /// The rule.
        name: &'static str,
        /// What is wrong with it.
        message: String,
    },
}

/// Which of a plan's two rules is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    /// `entry_function`.
    Entry,
    /// `exit_function`.
    Exit,
}

/// A place in a rule's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file; a built-in rule's says so.
    pub file: String,
    /// Line, from 1; 0 where the whole file is meant.
    pub line: u32,
    /// Column in characters, from 1; 0 where the whole file is meant.
    pub column: u32,
}

/// What keeps a plan from using a rule the way it wants to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleProblem {
    /// `R201` unknown rule, `R202` hook missing, `R203` rule does not compile, `R204` unknown parameter, `R205` type,
    /// `R206` range, `R207` given twice, `R208` combination of parameters, `R209` fault in the dry run.
    pub code: &'static str,
    /// Which of the plan's rules.
    pub hook: Hook,
    /// The parameter as the plan spells it, where one is meant.
    pub parameter: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Where in the rule's file, if it is the rule that is wrong; line 0 where the whole file is meant.
    pub place: Option<Place>,
}

/// Every rule, ready to be asked. Scripts run on a thread of their own; a fault of one touches nothing else.
pub struct Host {
    thread: RuleThread,
    shelf: Shelf,
    folder: Option<PathBuf>,
}

impl Host {
    /// Builds the sandbox, tests that it holds, compiles the built-in rules, and reads `scripts_dir` once, where one is
    /// given; what is wrong with its files is told by [`Host::refresh`]. Refuses to start with [`HostError`].
    pub fn start(scripts_dir: Option<PathBuf>) -> Result<Host, HostError> {
        let thread =
            RuleThread::start(sandbox::engine).map_err(|error| HostError::Thread(error.to_string()))?;
        thread
            .run(sandbox::self_test)
            .map_err(|lost| HostError::SelfTest(lost.to_string()))?
            .map_err(|source| HostError::SelfTest(source.into()))?;
        let shelf = Shelf::built_in(&thread)
            .map_err(|(name, fault)| HostError::BuiltIn { name, message: fault.to_string() })?;
        let mut host = Host { thread, shelf, folder: scripts_dir };
        host.refresh();
        Ok(host)
    }

    /// Reads the folder again: new and changed rules take effect, a broken one keeps its last good version. Tells
    /// everything that is wrong with the files now, whether it was told before or not; a file that went missing is
    /// told once.
    pub fn refresh(&mut self) -> Vec<Problem> {
        self.refresh_for(&[])
    }

    /// As [`Host::refresh`], while `in_use` run: a new version of a rule that fails one of them does not take effect,
    /// the version before it stays in use. A version that does is told with a note.
    pub fn refresh_for(&mut self, in_use: &[&Plan]) -> Vec<Problem> {
        let Some(folder) = self.folder.clone() else { return Vec::new() };
        let mut problems = self.shelf.refresh(&self.thread, &folder);
        for (name, before) in self.shelf.take_replaced() {
            let users = in_use.iter().filter(|plan| plan.entry.rule == name || plan.exit.rule == name);
            let users: Vec<&&Plan> = users.collect();
            let failing = users.iter().find_map(|plan| Some((&plan.id, self.failure(plan, &name)?)));
            match failing {
                Some((plan, failure)) => {
                    self.shelf.keep(&name, before, folder::kept(&folder, &name, plan.as_str(), failure));
                }
                None if users.is_empty() => {}
                None => problems.push(folder::changed(&folder, &name)),
            }
        }
        problems.extend(self.shelf.problems());
        problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        problems
    }

    /// The first thing that keeps `plan` from using the rule of this name.
    fn failure(&self, plan: &Plan, name: &str) -> Option<RuleProblem> {
        let uses = [(Hook::Entry, &plan.entry), (Hook::Exit, &plan.exit)];
        uses.into_iter()
            .filter(|(_, wanted)| wanted.rule == name)
            .find_map(|(hook, wanted)| self.check_use(plan, hook, wanted).into_iter().next())
    }

    /// Everything that keeps `plan` from using its two rules, found before it is armed: names, parameters, and a dry run
    /// of both hooks. Empty means that it can.
    pub fn check(&self, plan: &Plan) -> Vec<RuleProblem> {
        let mut problems = self.check_use(plan, Hook::Entry, &plan.entry);
        problems.extend(self.check_use(plan, Hook::Exit, &plan.exit));
        problems
    }

    fn check_use(&self, plan: &Plan, hook: Hook, wanted: &RuleUse) -> Vec<RuleProblem> {
        let rule = match self.shelf.offer(&wanted.rule) {
            Ok(rule) => rule,
            Err(absent) => return vec![self.absent(hook, &wanted.rule, &absent)],
        };
        if !rule.has(hook.function()) {
            return vec![self.hookless(hook, rule)];
        }
        let params = match rule.params(&wanted.parameters) {
            Ok(params) => params,
            Err(misfits) => return misfits.into_iter().map(|wrong| misfit(hook, wrong)).collect(),
        };
        match call::check(&self.thread, rule, params.clone()) {
            Err(fault) => return vec![faulty(hook, rule, fault)],
            Ok(texts) if !texts.is_empty() => {
                return texts.into_iter().map(|text| problem("R208", hook, text)).collect();
            }
            Ok(_) => {}
        }
        let faults = match hook {
            Hook::Entry => rehearse(&self.thread, rule, &ENTRY, plan, &params),
            Hook::Exit => rehearse(&self.thread, rule, &TRAIL, plan, &params),
        };
        faults.into_iter().map(|fault| faulty(hook, rule, fault)).collect()
    }

    fn absent(&self, hook: Hook, name: &str, absent: &Absent<'_>) -> RuleProblem {
        match absent {
            Absent::Broken(told) => {
                let at = Place { file: told.file.clone(), line: told.line, column: told.column };
                let message = format!("the rule `{name}` does not compile: {}", told.message);
                RuleProblem { help: told.help.clone(), place: Some(at), ..problem("R203", hook, message) }
            }
            Absent::Unknown => {
                let known = self.usable(hook);
                let help = match nearest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are {}; or write scripts/{name}.rhai", known.join(", ")),
                };
                RuleProblem {
                    help: Some(help),
                    ..problem("R201", hook, format!("there is no rule `{name}`"))
                }
            }
        }
    }

    fn hookless(&self, hook: Hook, rule: &Rule) -> RuleProblem {
        let help = format!("rules that have one: {}", self.usable(hook).join(", "));
        let message = format!("the rule `{}` has no fn {}(ctx)", rule.name, hook.function());
        RuleProblem { help: Some(help), ..problem("R202", hook, message) }
    }

    /// The names of the rules that have the hook.
    fn usable(&self, hook: Hook) -> Vec<&str> {
        let has = |name: &&str| self.shelf.offer(name).is_ok_and(|rule| rule.has(hook.function()));
        let mut names: Vec<&str> = self.shelf.names().filter(has).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Asks the rule of a plan that runs.
    fn ask<P>(
        &self,
        plan: &Plan,
        wanted: &RuleUse,
        question: &Question<P>,
        view: &View<'_>,
    ) -> Result<Answer<P>, RuleFault> {
        let hook = question.hook;
        let fault = |message: String| RuleFault { rule: wanted.rule.clone(), hook, message };
        let rule = self.shelf.running(&wanted.rule);
        let rule = rule.ok_or_else(|| fault("there is no working rule of that name".into()))?;
        if !rule.has(hook) {
            return Err(fault(format!("the rule has no fn {hook}(ctx) any more")));
        }
        let params = rule.params(&wanted.parameters).map_err(|misfits| {
            let messages: Vec<String> = misfits.into_iter().map(|misfit| misfit.message).collect();
            fault(messages.join("; "))
        })?;
        call::ask(&self.thread, rule, question, plan, view, &params).map_err(|error| fault(error.to_string()))
    }
}

impl Rules for Host {
    fn entry(&mut self, plan: &Plan, view: &View<'_>) -> Result<Answer<EntryProposal>, RuleFault> {
        self.ask(plan, &plan.entry, &ENTRY, view)
    }

    fn trail(&mut self, plan: &Plan, view: &View<'_>) -> Result<Answer<Vec<TrailProposal>>, RuleFault> {
        self.ask(plan, &plan.exit, &TRAIL, view)
    }
}

impl Hook {
    /// The function that a rule must have for it.
    fn function(self) -> &'static str {
        match self {
            Hook::Entry => ENTRY.hook,
            Hook::Exit => TRAIL.hook,
        }
    }
}

fn problem(code: &'static str, hook: Hook, message: String) -> RuleProblem {
    RuleProblem { code, hook, parameter: None, message, help: None, place: None }
}

fn misfit(hook: Hook, misfit: Misfit) -> RuleProblem {
    let Misfit { code, parameter, message, help } = misfit;
    RuleProblem { parameter: Some(parameter), help, ..problem(code, hook, message) }
}

fn faulty(hook: Hook, rule: &Rule, fault: Fault) -> RuleProblem {
    let Fault { message, help, at } = fault;
    let message = format!("the rule `{}` fails in the dry run: {message}", rule.name);
    let place = at.map(|(line, column)| Place { file: rule.file.clone(), line, column });
    RuleProblem { help, place, ..problem("R209", hook, message) }
}
