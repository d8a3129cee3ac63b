//! `prusik check`: every problem of plans, rules and the configuration, before anything runs.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::args::CheckArgs;
use super::code::{Code, Fail};
use super::home::Home;
use super::out;
use super::problems::{self, Row, is_error};
use crate::config::{self, Config, Flags, Loaded};
use crate::domain::ids::PlanId;
use crate::domain::plan::{Problem, Severity};
use crate::plans::{self, Folder, Moment, PLAN_BYTES_MAX, SourcedPlan};
use crate::runtime::{check_rules, moment};
use crate::script::Host;

/// A file that was saved a moment ago counts for a check: it is looked at as if it had been left alone since.
const LEFT_ALONE: Duration = Duration::from_secs(3_600);

/// Checks, and says what was found.
pub(super) fn run(home: &Home, args: &CheckArgs) -> Result<Code, Fail> {
    let mut found = Found::default();
    if args.paths.is_empty() {
        found.directory(home)?;
    }
    let scripts = home.join(found.settings(home).paths.scripts);
    for path in &args.paths {
        found.path(path, &scripts)?;
    }
    let Found { plans, problems, .. } = found;
    let errors = problems.iter().filter(|problem| is_error(problem)).count();
    if args.json {
        let plans = plans.iter().map(|(plan_id, file)| PlanRow { plan_id: plan_id.as_str(), file }).collect();
        out::document(&Answer { plans, problems: problems.iter().map(Row::of).collect() })?;
    } else {
        out::answer(&told(plans.len(), errors, &problems))?;
    }
    Ok(if errors == 0 { Code::Done } else { Code::Configuration })
}

/// A check in JSON.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    plans: Vec<PlanRow<'a>>,
    problems: Vec<Row<'a>>,
}

#[derive(Debug, Serialize)]
struct PlanRow<'a> {
    plan_id: &'a str,
    file: &'a str,
}

fn told(plans: usize, errors: usize, problems: &[Problem]) -> String {
    let good = match plans {
        1 => "1 good plan".to_owned(),
        plans => format!("{plans} good plans"),
    };
    let remarks = problems.len() - errors;
    match (errors, remarks) {
        (0, 0) => format!("ok: {good}, no problems"),
        (0, _) => format!("{}\n\nok: {good}, {remarks} remark(s)", problems::rendered(problems)),
        _ => format!("{}\n\n{good}, {errors} error(s), {remarks} remark(s)", problems::rendered(problems)),
    }
}

/// What was looked at so far.
#[derive(Default)]
struct Found {
    /// Plans without an error, and their files.
    plans: BTreeMap<PlanId, String>,
    problems: Vec<Problem>,
    rules: BTreeMap<PathBuf, Host>,
}

impl Found {
    /// A whole directory: configuration, rules, plans.
    fn directory(&mut self, home: &Home) -> Result<(), Fail> {
        let config = match config::load(home.path(), &Flags::default()) {
            Ok(Loaded { config, remarks }) => {
                self.problems.extend(remarks);
                config
            }
            Err(problems) => {
                self.problems.extend(problems);
                Config::default()
            }
        };
        let scripts = home.join(config.paths.scripts);
        self.rules(&scripts)?;
        let plans = home.join(config.paths.plans);
        if plans.is_dir() { self.plans(&plans, &scripts) } else { self.no_plans(&plans) }
    }

    /// The settings in force; where they are bad, the defaults, since only their folders matter here.
    fn settings(&self, home: &Home) -> Config {
        config::load(home.path(), &Flags::default()).map(|loaded| loaded.config).unwrap_or_default()
    }

    /// A file or a folder that was named. `scripts` holds the rules for plans that stand alone.
    fn path(&mut self, path: &Path, scripts: &Path) -> Result<(), Fail> {
        if path.is_dir() {
            if path.join(config::FILE_NAME).is_file() {
                return self.directory(&Home::at(path)?);
            }
            self.rules(path)?;
            return self.plans(path, scripts);
        }
        if !path.exists() {
            let fail = Fail::new(Code::Usage, format_args!("there is no file or folder {}", path.display()));
            return Err(fail.help("give plans, rules, prusik.yaml, or folders of them"));
        }
        if path.file_name().is_some_and(|name| name == config::FILE_NAME) {
            return self.configuration(path);
        }
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("yaml" | "yml") => self.plan_file(path, scripts),
            Some("rhai") => self.rule_file(path),
            _ => {
                let fail =
                    Fail::new(Code::Usage, format_args!("{} is nothing that can be checked", path.display()));
                Err(fail.help("plans end in .yaml or .yml, rules in .rhai"))
            }
        }
    }

    fn configuration(&mut self, path: &Path) -> Result<(), Fail> {
        let dir = path.parent().unwrap_or(Path::new(""));
        match config::load(dir, &Flags::default()) {
            Ok(loaded) => self.problems.extend(loaded.remarks),
            Err(problems) => self.problems.extend(problems),
        }
        Ok(())
    }

    /// The rules of a folder.
    fn rules(&mut self, folder: &Path) -> Result<(), Fail> {
        let problems = self.host(folder)?.refresh();
        self.problems.extend(problems);
        Ok(())
    }

    fn rule_file(&mut self, path: &Path) -> Result<(), Fail> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let (folder, named) = match folder {
            Some(folder) => (folder, path.to_owned()),
            None => (Path::new("."), Path::new(".").join(path)),
        };
        let named = named.display().to_string();
        let problems = self.host(folder)?.refresh();
        self.problems.extend(problems.into_iter().filter(|problem| problem.file == named));
        Ok(())
    }

    fn host(&mut self, folder: &Path) -> Result<&mut Host, Fail> {
        if !self.rules.contains_key(folder) {
            let host =
                Host::start(Some(folder.to_owned())).map_err(|error| Fail::new(Code::Refused, error))?;
            self.rules.insert(folder.to_owned(), host);
        }
        Ok(self.rules.get_mut(folder).expect("a host was just put there"))
    }

    /// The plans of a folder, as a run would read them.
    fn plans(&mut self, folder: &Path, scripts: &Path) -> Result<(), Fail> {
        let now = moment();
        let now = Moment { wall: now.wall + LEFT_ALONE, ..now };
        let reading = Folder::new(folder, folder.display().to_string()).look(now);
        let told_before = self.problems.len();
        self.problems.extend(reading.problems);
        for sourced in reading.plans.values() {
            self.plan(sourced, scripts)?;
        }
        // File by file, whoever found it.
        let place = |problem: &Problem| (problem.file.clone(), problem.line, problem.column);
        self.problems[told_before..].sort_by_key(place);
        Ok(())
    }

    fn no_plans(&mut self, folder: &Path) -> Result<(), Fail> {
        let message = "there is no folder of plans".to_owned();
        let help = "`prusik init DIR` makes one; --dir names another directory";
        self.problems.push(whole(folder, plans::code::FOLDER, message, help));
        Ok(())
    }

    fn plan_file(&mut self, path: &Path, scripts: &Path) -> Result<(), Fail> {
        let mut bytes = Vec::new();
        let read =
            std::fs::File::open(path).and_then(|file| file.take(PLAN_BYTES_MAX + 1).read_to_end(&mut bytes));
        if let Err(error) = read {
            let message = format!("the file could not be read: {error}");
            self.problems.push(whole(path, plans::code::UNREADABLE, message, "make the file readable"));
            return Ok(());
        }
        let document = plans::read(&path.display().to_string(), &bytes);
        self.problems.extend(document.problems);
        for sourced in &document.plans {
            self.plan(sourced, scripts)?;
        }
        Ok(())
    }

    /// A plan that reads well: its name, its rules.
    fn plan(&mut self, sourced: &SourcedPlan, scripts: &Path) -> Result<(), Fail> {
        let (id, file) = (&sourced.plan.id, sourced.source.file());
        if let Some(other) = self.plans.get(id).filter(|other| *other != file) {
            let message = format!("{id} is already the plan of {other}");
            let help = "give the plan a plan_id of its own, or delete one of the two files".to_owned();
            let severity = Severity::Error;
            let code = plans::code::DUPLICATE_PLAN;
            self.problems.push(sourced.source.problem(code, severity, "plan_id", message, Some(help)));
            return Ok(());
        }
        let problems = check_rules(self.host(scripts)?, sourced);
        if !problems.iter().any(is_error) {
            self.plans.insert(id.clone(), file.to_owned());
        }
        self.problems.extend(problems);
        Ok(())
    }
}

fn whole(file: &Path, code: &'static str, message: String, help: &str) -> Problem {
    let file = file.display().to_string();
    let (severity, help) = (Severity::Error, Some(help.to_owned()));
    Problem { code, severity, file, line: 0, column: 0, message, help, rendered: String::new() }
}
