//! One reading: the file, then the environment, then the flags, each upon the other; and what none of them shows
//! alone.

use std::collections::BTreeMap;
use std::ops::Range;

use super::keys::{self, KEYS, Key, Wrong};
use super::report::{Text, shown, without_source};
use super::yaml;
use super::{Broker, Config, ENVIRONMENT_PREFIX, Flags, code};
use crate::domain::plan::{Problem, Severity};
use crate::yaml::{Entry, Node, Value};

/// Variables of ours that are read elsewhere.
const ENVIRONMENT_ELSEWHERE: [&str; 3] = ["PRUSIK_DISCORD_WEBHOOK", "PRUSIK_LOG", "PRUSIK_DIR"];

/// The configuration as far as it could be read, and every problem.
pub(super) fn layered(
    text: &Text,
    environment: &[(String, String)],
    flags: &Flags,
) -> (Config, Vec<Problem>) {
    let mut reading =
        Reading { text, config: Config::default(), origins: BTreeMap::new(), problems: Vec::new() };
    reading.file();
    reading.environment(environment);
    reading.flags(flags);
    reading.remote_gateway();
    (reading.config, reading.problems)
}

/// One reading, layer upon layer.
struct Reading<'t> {
    text: &'t Text,
    config: Config,
    /// Where each key got its value from, by its path.
    origins: BTreeMap<&'static str, Place>,
    problems: Vec<Problem>,
}

/// Where a value was written.
#[derive(Debug, Clone)]
enum Place {
    /// In the file, at these bytes.
    File(Range<usize>),
    /// In this variable or flag.
    Outside(String),
}

impl Reading<'_> {
    fn file(&mut self) {
        for entry in yaml::parse(self.text, &mut self.problems) {
            if !keys::sections().any(|section| section == entry.key) {
                self.file_key(&entry.key.clone(), entry);
                continue;
            }
            match entry.value.value {
                Value::Empty | Value::Refused => {}
                Value::Map(entries) => {
                    entries
                        .into_iter()
                        .for_each(|inner| self.file_key(&format!("{}.{}", entry.key, inner.key), inner));
                }
                Value::Plain(_) | Value::Quoted(_) | Value::List(_) => {
                    let message = format!("`{}` is a section, not a value", entry.key);
                    let help = format!("write its keys below it, indented: {}", keys::names_of(&entry.key));
                    self.problems.push(self.text.problem(
                        code::WRONG_TYPE,
                        &entry.value.span,
                        message,
                        &help,
                    ));
                }
            }
        }
    }

    fn file_key(&mut self, path: &str, entry: Entry) {
        // By its own name, not by a path written as one word.
        let Some(key) = keys::find(path).filter(|key| key.name == entry.key) else {
            let message = format!("unknown key `{}`", shown(&entry.key));
            self.problems.push(self.text.problem(
                code::UNKNOWN_KEY,
                &entry.key_span,
                message,
                &keys::help_for(path),
            ));
            return;
        };
        let Node { span, value, .. } = entry.value;
        match value {
            Value::Empty | Value::Refused => {}
            Value::Plain(text) | Value::Quoted(text) => self.set(key, &text, Place::File(span)),
            // A section covers many lines: its name is shown.
            value @ (Value::List(_) | Value::Map(_)) => {
                let at = if matches!(value, Value::Map(_)) { entry.key_span } else { span };
                let message = format!("`{}` takes one value", key.name);
                self.problems.push(self.text.problem(code::WRONG_TYPE, &at, message, &key.help()));
            }
        }
    }

    fn environment(&mut self, environment: &[(String, String)]) {
        let mut ours: Vec<_> =
            environment.iter().filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX)).collect();
        ours.sort();
        for (name, value) in ours {
            match KEYS.iter().find(|key| key.variable() == *name) {
                Some(_) if value.trim().is_empty() => {}
                Some(key) => self.set(key, value.trim(), Place::Outside(format!("${name}"))),
                None if ENVIRONMENT_ELSEWHERE.contains(&name.as_str()) => {}
                // Its value may be a secret under a misspelt name: it is not shown.
                None => self.problems.push(without_source(
                    code::UNKNOWN_VARIABLE,
                    Severity::Warning,
                    &format!("${}", shown(name)),
                    "this variable is not one of prusik's and has no effect".into(),
                    &keys::help_for_variable(name, &ENVIRONMENT_ELSEWHERE),
                )),
            }
        }
    }

    fn flags(&mut self, flags: &Flags) {
        for (flag, path, value) in flags.given() {
            let key = keys::find(path).expect("every flag names a key of the table");
            self.set(key, value, Place::Outside(flag.into()));
        }
    }

    fn set(&mut self, key: &'static Key, text: &str, place: Place) {
        match (key.set)(&mut self.config, text) {
            Ok(()) => {
                self.origins.insert(key.path, place);
            }
            Err(wrong) => {
                let (code, message, help) = match wrong {
                    Wrong::Type(what) => {
                        (code::WRONG_TYPE, format!("`{}` is not {what}", shown(text)), key.help())
                    }
                    Wrong::Range => (
                        code::OUT_OF_RANGE,
                        format!("`{}` {} is out of range", key.name, shown(text)),
                        key.help(),
                    ),
                    Wrong::Live => (
                        code::LIVE,
                        "live trading does not exist yet".into(),
                        "write `mode: paper`, or leave it out".into(),
                    ),
                };
                self.problem(&place, code, message, &help);
            }
        }
    }

    /// Whoever reaches a gateway's port controls the account: another machine's is used only when that was said.
    fn remote_gateway(&mut self) {
        let Broker { connect, allow_remote_gateway, .. } = &self.config.broker;
        let Some(address) =
            connect.as_ref().filter(|address| !address.is_loopback() && !allow_remote_gateway)
        else {
            return;
        };
        let message = format!("the gateway at {address} is not on this machine");
        let help = "its port gives full control of the account: use an SSH tunnel to 127.0.0.1, or say \
                    `allow_remote_gateway: true` in the section broker";
        let place = self.origins.get("broker.connect").cloned().unwrap_or(Place::File(0..0));
        self.problem(&place, code::REMOTE_GATEWAY, message, help);
    }

    fn problem(&mut self, place: &Place, code: &'static str, message: String, help: &str) {
        self.problems.push(match place {
            Place::File(at) => self.text.problem(code, at, message, help),
            Place::Outside(name) => without_source(code, Severity::Error, name, message, help),
        });
    }
}
