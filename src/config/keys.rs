//! Every key there is: its name with its unit, its range, how it is read and how it is shown. One table, from which
//! the reading, the help, the variables and the first `prusik.yaml` come.

use rust_decimal::Decimal;

use super::{Address, Config, Mode, Speed};
use crate::domain::money::Qty;

/// One key.
pub(super) struct Key {
    /// Section and name, joined by a dot; the name alone at the top.
    pub(super) path: &'static str,
    /// The name.
    pub(super) name: &'static str,
    /// What it means, with its unit.
    pub(super) meaning: &'static str,
    /// What it may be.
    pub(super) range: &'static str,
    /// Reads it. Leaves the configuration as it was where the text is wrong.
    pub(super) set: fn(&mut Config, &str) -> Result<(), Wrong>,
    /// Shows it as it would be written; `None` where it is absent.
    pub(super) show: fn(&Config) -> Option<String>,
}

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It is not this.
    Type(&'static str),
    /// It is beyond its range.
    Range,
    /// It asks for live trading.
    Live,
}

const PERCENT: &str = "above 0, at most 100";
const NUMBER: Wrong = Wrong::Type("a number like 2 or 2.5");
const WHOLE: Wrong = Wrong::Type("a whole number");

macro_rules! key {
    ($path:literal, $name:literal, $meaning:expr, $range:expr, $($field:ident).+ = $read:expr, $show:expr) => {
        Key {
            path: $path,
            name: $name,
            meaning: $meaning,
            range: $range,
            set: |config, text| {
                config.$($field).+ = $read(text)?;
                Ok(())
            },
            show: |config| $show(&config.$($field).+),
        }
    };
}

/// Every key, in the order of the file.
pub(super) static KEYS: [Key; 15] = [
    key!(
        "mode",
        "mode",
        "whether orders reach a market",
        "paper; live does not exist yet",
        mode = mode,
        |_: &Mode| { Some("paper".to_owned()) }
    ),
    key!(
        "risk.small_risk_percent",
        "small_risk_percent",
        "what a `small` plan may lose, in percent of the account",
        PERCENT,
        limits.small_risk_percent = percent,
        plain
    ),
    key!(
        "risk.normal_risk_percent",
        "normal_risk_percent",
        "what a `normal` plan may lose, in percent of the account",
        PERCENT,
        limits.normal_risk_percent = percent,
        plain
    ),
    key!(
        "risk.large_risk_percent",
        "large_risk_percent",
        "what a `large` plan may lose, in percent of the account",
        PERCENT,
        limits.large_risk_percent = percent,
        plain
    ),
    key!(
        "risk.portfolio_risk_percent",
        "portfolio_risk_percent",
        "what all positions and working entries may lose together, in percent of the account",
        PERCENT,
        limits.portfolio_risk_percent = percent,
        plain
    ),
    key!(
        "risk.order_value_percent",
        "order_value_percent",
        "the largest value of one order, in percent of the account",
        "above 0, at most 1000",
        limits.order_value_percent = |text| within(decimal(text)?, 1_000),
        plain
    ),
    key!(
        "risk.order_shares",
        "order_shares",
        "the largest order, in shares",
        "1 to 1000000",
        limits.order_shares = |text| Ok(Qty::new(whole(text, 1_000_000)?.into())),
        plain
    ),
    key!(
        "broker.connect",
        "connect",
        "the gateway's host:port; none for the simulated gateway inside prusik",
        "host:port, like 127.0.0.1:4002",
        broker.connect = |text| match Address::parse(text) {
            Some(address) => Ok(Some(address)),
            None => Err(Wrong::Type("a host and a port")),
        },
        |connect: &Option<Address>| connect.as_ref().map(Address::to_string)
    ),
    key!(
        "broker.client_id",
        "client_id",
        "prusik's number at the gateway",
        "1 to 999999",
        broker.client_id = |text| i32::try_from(whole(text, 999_999)?).map_err(|_| Wrong::Range),
        plain
    ),
    key!(
        "broker.allow_remote_gateway",
        "allow_remote_gateway",
        "whether the gateway may be on another machine: its port gives full control of the account",
        "true or false",
        broker.allow_remote_gateway = |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Wrong::Type("true or false")),
        },
        plain
    ),
    key!(
        "paper.cash_usd",
        "cash_usd",
        "what the simulated account starts with, in US dollars",
        "above 0, at most 1000000000",
        paper.cash = |text| within(decimal(text)?, 1_000_000_000),
        plain
    ),
    key!(
        "paper.speed",
        "speed",
        "how many times as fast as the wall clock simulated time runs",
        "1 to 1000000, or max",
        paper.speed = |text| match text {
            "max" => Ok(Speed::Max),
            times => Ok(Speed::Times(whole(times, 1_000_000)?)),
        },
        |speed: &Speed| match speed {
            Speed::Max => Some("max".to_owned()),
            Speed::Times(times) => plain(times),
        }
    ),
    key!("paths.plans", "plans", "the folder of the plan files", FOLDER, paths.plans = folder, shown_folder),
    key!("paths.scripts", "scripts", "the folder of the rules", FOLDER, paths.scripts = folder, shown_folder),
    key!("paths.state", "state", "the folder of the journal", FOLDER, paths.state = folder, shown_folder),
];

const FOLDER: &str = "relative to the folder of this file, or absolute";

impl Key {
    /// The section, empty at the top.
    pub(super) fn section(&self) -> &'static str {
        self.path.split_once('.').map_or("", |(section, _)| section)
    }

    /// The variable of the environment that stands for it.
    pub(super) fn variable(&self) -> String {
        format!("{}{}", super::ENVIRONMENT_PREFIX, self.path.replace('.', "_").to_uppercase())
    }

    /// The way out.
    pub(super) fn help(&self) -> String {
        format!("`{}` is {}: {}", self.name, self.meaning, self.range)
    }
}

/// The key of a path.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The sections, in the order of the file.
pub(super) fn sections() -> impl Iterator<Item = &'static str> {
    let mut last = "";
    KEYS.iter().map(Key::section).filter(move |section| {
        let new = *section != last;
        last = section;
        new
    })
}

/// The names of a section's keys, in one line.
pub(super) fn names_of(section: &str) -> String {
    let names: Vec<_> = KEYS.iter().filter(|key| key.section() == section).map(|key| key.name).collect();
    names.join(", ")
}

/// What was likely meant by a key that does not exist.
pub(super) fn help_for(path: &str) -> String {
    let (section, name) = path.split_once('.').unwrap_or(("", path));
    if ["webhook", "discord", "token", "password", "secret"]
        .iter()
        .any(|word| name.to_lowercase().contains(word))
    {
        return "secrets stay out of this file: set the variable PRUSIK_DISCORD_WEBHOOK".into();
    }
    let here = KEYS.iter().filter(|key| key.section() == section).map(|key| key.name);
    let sections = sections().filter(|_| section.is_empty());
    if let Some(near) = nearest(name, here.chain(sections)) {
        return format!("did you mean `{near}`?");
    }
    // The right name in the wrong place.
    match KEYS.iter().find(|key| key.name == name) {
        Some(key) if key.section().is_empty() => format!("`{name}` stands at the top, in no section"),
        Some(key) => format!("`{name}` stands in the section `{}`", key.section()),
        None if section.is_empty() => {
            format!(
                "there are {} and the sections {}",
                names_of(""),
                self::sections().collect::<Vec<_>>().join(", ")
            )
        }
        None => format!("the section `{section}` has {}", names_of(section)),
    }
}

/// What was likely meant by a variable that does not exist.
pub(super) fn help_for_variable(name: &str, elsewhere: &[&str]) -> String {
    let ours: Vec<String> =
        KEYS.iter().map(Key::variable).chain(elsewhere.iter().map(|name| (*name).to_owned())).collect();
    match nearest(name, ours.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near}?"),
        None => "the variables are PRUSIK_ and the section and key of prusik.yaml: PRUSIK_RISK_ORDER_SHARES"
            .into(),
    }
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance =
        |known: &str| strsim::damerau_levenshtein(known, &name.chars().take(80).collect::<String>());
    known
        .map(|known| (distance(known), known))
        .filter(|(far, known)| *far <= 2.max(known.len() / 4))
        .min()
        .map(|(_, known)| known)
}

fn mode(text: &str) -> Result<Mode, Wrong> {
    match text {
        "paper" => Ok(Mode::Paper),
        "live" => Err(Wrong::Live),
        _ => Err(Wrong::Type("a mode")),
    }
}

/// Digits, at most one point, at most one minus in front: nothing that could mean something else, no binary float.
fn decimal(text: &str) -> Result<Decimal, Wrong> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if !plain || digits.matches('.').count() > 1 {
        return Err(NUMBER);
    }
    // What is plain and still no decimal has too many digits.
    Decimal::from_str_exact(text).map_err(|_| Wrong::Range)
}

fn percent(text: &str) -> Result<Decimal, Wrong> {
    within(decimal(text)?, 100)
}

fn within(number: Decimal, max: u32) -> Result<Decimal, Wrong> {
    if number > Decimal::ZERO && number <= Decimal::from(max) { Ok(number) } else { Err(Wrong::Range) }
}

fn whole(text: &str, max: u32) -> Result<u32, Wrong> {
    let number = decimal(text).map_err(|wrong| if wrong == NUMBER { WHOLE } else { wrong })?;
    if text.contains('.') {
        return Err(WHOLE);
    }
    u32::try_from(number).ok().filter(|number| (1..=max).contains(number)).ok_or(Wrong::Range)
}

fn folder(text: &str) -> Result<std::path::PathBuf, Wrong> {
    if text.is_empty() || text.contains('\0') { Err(Wrong::Type("a folder")) } else { Ok(text.into()) }
}

fn shown_folder(folder: &std::path::Path) -> Option<String> {
    Some(folder.display().to_string())
}

fn plain(value: &impl ToString) -> Option<String> {
    Some(value.to_string())
}
