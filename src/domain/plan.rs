//! A trade plan that was checked, the problems of one that was not, and the difference between two sets of them.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;

use super::ids::{Direction, PlanId, Stamp, Symbol};
use super::market::{Hours, Timeframe};
use super::money::{Price, Qty};

/// What to trade, where it is wrong, and how much of the account may be lost.
///
/// Invariant: `stop_loss` lies on the losing side of `entry_level`, `take_profit` on the winning one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its name.
    pub id: PlanId,
    /// The first eight bytes of the SHA-256 of its name: what stands for it in an order's reference.
    pub digest: u64,
    /// What it trades.
    pub symbol: Symbol,
    /// Which of the contracts with that ticker.
    pub contract: ContractSpec,
    /// Which way it earns.
    pub direction: Direction,
    /// The level the trader planned to enter at.
    pub entry_level: Price,
    /// The first protective stop.
    pub stop_loss: Price,
    /// The profit target, if any.
    pub take_profit: Option<Price>,
    /// How much of the account may be lost.
    pub risk: RiskCategory,
    /// The rule that says when to enter.
    pub entry: RuleUse,
    /// The rule that says how the stop trails.
    pub exit: RuleUse,
    /// How long the entry order lives.
    pub tif: Tif,
    /// Which hours count for candles and the target.
    pub hours: Hours,
    /// No entry before.
    pub valid_from: Option<Stamp>,
    /// No entry after.
    pub valid_until: Option<Stamp>,
    /// Never more shares than this.
    pub max_quantity: Option<Qty>,
    /// Whether the plan may enter at all.
    pub switch: Switch,
    /// The trader's own words.
    pub notes: Option<String>,
}

/// Which contract a ticker means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractSpec {
    /// Security type; `STK`.
    pub sec_type: String,
    /// Where orders are routed; `SMART`.
    pub exchange: String,
    /// Three letters; `USD`.
    pub currency: String,
    /// The listing exchange, where the ticker alone is ambiguous.
    pub primary_exchange: Option<String>,
    /// The broker's number of the contract, where known.
    pub con_id: Option<i32>,
}

impl Default for ContractSpec {
    fn default() -> ContractSpec {
        ContractSpec {
            sec_type: "STK".into(),
            exchange: "SMART".into(),
            currency: "USD".into(),
            primary_exchange: None,
            con_id: None,
        }
    }
}

/// How much of the account one trade may lose; the percentages stand in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RiskCategory {
    /// 1 % unless configured otherwise.
    Small,
    /// 2 % unless configured otherwise.
    Normal,
    /// 3 % unless configured otherwise.
    Large,
}

impl RiskCategory {
    /// The category of a word.
    pub fn parse(word: &str) -> Option<RiskCategory> {
        match word {
            "small" => Some(RiskCategory::Small),
            "normal" => Some(RiskCategory::Normal),
            "large" => Some(RiskCategory::Large),
            _ => None,
        }
    }

    /// The word people write.
    pub fn word(self) -> &'static str {
        match self {
            RiskCategory::Small => "small",
            RiskCategory::Normal => "normal",
            RiskCategory::Large => "large",
        }
    }
}

/// A rule with the candle it is asked on and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleUse {
    /// The rule's name: a built-in one, or that of `scripts/<name>.rhai`.
    pub rule: String,
    /// The candles it is asked on.
    pub timeframe: Timeframe,
    /// Parameters by their spelling in the plan.
    pub parameters: BTreeMap<String, Param>,
}

/// The value of a rule's parameter, exactly as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Param {
    /// A number.
    Number(Decimal),
    /// A word or text.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
}

/// How long an order lives at the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tif {
    /// Until the end of the session.
    Day,
    /// Until cancelled.
    Gtc,
}

/// Whether a plan may enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// It may.
    On,
    /// `enabled: false`.
    Off,
}

/// What one reading of the folder changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanChange {
    /// A plan that was not there before.
    Added(Box<Plan>),
    /// A plan whose text says something else now.
    Replaced(Box<Plan>),
    /// A plan whose file is gone.
    Removed(PlanId),
}

/// What must be told to the engine so that `live` becomes `wanted`, in the order of the plans' names.
pub fn diff(live: &BTreeMap<PlanId, Plan>, wanted: &BTreeMap<PlanId, Plan>) -> Vec<PlanChange> {
    let removed = live.keys().filter(|id| !wanted.contains_key(*id)).cloned().map(PlanChange::Removed);
    let changed = wanted.values().filter_map(|plan| match live.get(&plan.id) {
        None => Some(PlanChange::Added(Box::new(plan.clone()))),
        Some(old) if old != plan => Some(PlanChange::Replaced(Box::new(plan.clone()))),
        Some(_) => None,
    });
    removed.chain(changed).collect()
}

/// How bad a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Accepted, with a remark.
    Note,
    /// Accepted, and likely not what was meant.
    Warning,
    /// Refused.
    Error,
}

impl Severity {
    /// The word people read.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// What is wrong with a file a person wrote, where, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `P…` for plans, `R…` for rules, `C…` for the configuration.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The file, as the person named it.
    pub file: String,
    /// Line, from 1; 0 where the whole file is meant.
    pub line: u32,
    /// Column in characters, from 1; 0 where the whole line or file is meant.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The same, with the source shown around it, ready for a terminal; empty where there is no source to show.
    pub rendered: String,
}

/// As a compiler tells it: code, place, source where there is one, and what to write instead.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { code, severity, file, line, column, message, help, rendered } = self;
        if !rendered.is_empty() {
            return f.write_str(rendered.trim_end());
        }
        write!(f, "{}[{code}]: {message}\n --> {file}", severity.word())?;
        if *line > 0 {
            write!(f, ":{line}")?;
        }
        if *line > 0 && *column > 0 {
            write!(f, ":{column}")?;
        }
        match help {
            Some(help) => write!(f, "\n  = help: {help}"),
            None => Ok(()),
        }
    }
}
