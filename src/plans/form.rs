//! What the fields of one plan say. All of them are read, whatever was wrong with those before.

use std::collections::BTreeMap;
use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::domain::ids::{PlanId, Stamp, Symbol};
use crate::domain::market::{Hours, Timeframe};
use crate::domain::money::Qty;
use crate::domain::plan::{ContractSpec, Param, Plan, RiskCategory, RuleUse, Switch, Tif};

use super::code;
use super::fields::Fields;
use super::levels;
use super::source::{Remark, shown};
use super::value::{self, DayEdge};
use crate::yaml::{Entry, Node, Value};

/// The exit that only keeps the resting stop and target, and therefore needs no candles of its own.
const KEEP_ONLY: &str = "stop_loss_take_profit";

/// Fields of a plan, in the order people write them.
const PLAN: &[&str] = &[
    "plan_id",
    "symbol",
    "entry_level",
    "stop_loss",
    "take_profit",
    "risk_category",
    "entry_function",
    "exit_function",
    "side",
    "contract",
    "entry_order",
    "tif",
    "outside_rth",
    "valid_from",
    "valid_until",
    "max_quantity",
    "time_stop",
    "enabled",
    "notes",
    "status",
];
const RULE: &[&str] = &["function_type", "timeframe", "parameters"];
const CONTRACT: &[&str] = &["sec_type", "exchange", "currency", "primary_exchange", "con_id"];
const TIMEFRAMES: &[&str] =
    &["1min", "5min", "15min", "30min", "60min", "1h", "240min", "4h", "1440min", "1d"];

/// The plan that `node` says, marked at `at` where the whole is meant, if it could be read at all; it is a good one only if no error was added to the remarks.
pub(super) fn read(node: &Node, at: Range<usize>, remarks: &mut Vec<Remark>) -> Option<Plan> {
    let mut fields = Fields::open(node, "a plan", at, PLAN, remarks)?;
    let id = fields.needed("plan_id", plan_id);
    let symbol = fields.needed("symbol", symbol);
    let levels = levels::read(&mut fields);
    let risk = fields.needed("risk_category", |node| {
        value::word(node, code::WORD, "risk category", &["small", "normal", "large"], RiskCategory::parse)
    });
    let (entry, exit) = rules(&mut fields);
    let contract = match fields.entry("contract") {
        Some(entry) => contract(entry, fields.remarks),
        None => Some(ContractSpec::default()),
    };
    let rest = rest(&mut fields);
    fields.close();

    let (id, levels) = (id?, levels?);
    Some(Plan {
        digest: digest(&id),
        id,
        symbol: symbol?,
        contract: contract?,
        direction: levels.direction,
        entry_level: levels.entry,
        stop_loss: levels.stop,
        take_profit: levels.target,
        risk: risk?,
        entry: entry?,
        exit: exit?,
        tif: rest.tif,
        hours: rest.hours,
        valid_from: rest.valid_from,
        valid_until: rest.valid_until,
        max_quantity: rest.max_quantity,
        switch: rest.switch,
        notes: rest.notes,
    })
}

/// The entry rule and the exit rule.
fn rules(fields: &mut Fields<'_, '_>) -> (Option<RuleUse>, Option<RuleUse>) {
    let parts = |fields: &mut Fields<'_, '_>, name| match fields.entry(name) {
        Some(entry) => rule(entry, name, fields.remarks),
        None => {
            fields.lacks(name);
            RuleParts::default()
        }
    };
    let mut entry = parts(fields, "entry_function");
    let mut exit = parts(fields, "exit_function");
    if exit.rule.as_deref() == Some(KEEP_ONLY) && exit.lacks_timeframe {
        exit.timeframe = entry.timeframe;
        exit.lacks_timeframe = false;
    }
    (entry.complete(fields.remarks), exit.complete(fields.remarks))
}

/// A rule as far as it could be read.
#[derive(Default)]
struct RuleParts {
    name: &'static str,
    at: Range<usize>,
    rule: Option<String>,
    timeframe: Option<Timeframe>,
    lacks_timeframe: bool,
    parameters: Option<BTreeMap<String, Param>>,
}

impl RuleParts {
    fn complete(&mut self, remarks: &mut Vec<Remark>) -> Option<RuleUse> {
        if self.lacks_timeframe {
            let message = format!("{} is missing `timeframe`", self.name);
            let help = format!("add `timeframe: 15min`; known are: {}", TIMEFRAMES.join(", "));
            remarks.push(Remark::error(code::MISSING, self.at.clone(), message).help(help));
        }
        let parameters = self.parameters.take();
        Some(RuleUse { rule: self.rule.take()?, timeframe: self.timeframe?, parameters: parameters? })
    }
}

fn rule(entry: &Entry, name: &'static str, remarks: &mut Vec<Remark>) -> RuleParts {
    let at = entry.key_span.clone();
    let mut parts = RuleParts { name, at: at.clone(), ..RuleParts::default() };
    let Some(mut fields) = Fields::open(&entry.value, name, at, RULE, remarks) else { return parts };
    parts.rule = fields.needed("function_type", rule_name);
    parts.timeframe = fields.optional("timeframe", |node| {
        value::word(node, code::TIMEFRAME, "timeframe", TIMEFRAMES, Timeframe::parse)
    });
    parts.lacks_timeframe = fields.lacks_value("timeframe");
    parts.parameters = match fields.entry("parameters") {
        Some(entry) => parameters(entry, fields.remarks),
        None => Some(BTreeMap::new()),
    };
    fields.close();
    parts
}

fn rule_name(node: &Node) -> Result<String, Remark> {
    let name = value::text(node, "a rule's name")?;
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    if (1..=64).contains(&name.len()) && name.bytes().all(letter) {
        return Ok(name.to_owned());
    }
    let message = format!("`{}` is no name of a rule", shown(name));
    let help = match name.strip_suffix(".rhai") {
        Some(stem) => format!("write {}, without the folder and the ending", shown(stem.rsplit('/').next().unwrap_or(stem))),
        None => "write a built-in rule, such as close_above, or the name of a file scripts/NAME.rhai: 1 to 64 of a-z, 0-9, _ and -".to_owned(),
    };
    Err(Remark::error(code::RULE_NAME, node.span.clone(), message).help(help))
}

/// Every parameter is one value; which of them the rule knows, the rule says.
fn parameters(entry: &Entry, remarks: &mut Vec<Remark>) -> Option<BTreeMap<String, Param>> {
    let entries = match &entry.value.value {
        Value::Map(entries) => entries,
        Value::Refused => return None,
        _ => {
            let message = "`parameters` is a mapping of names to values";
            let help = "write `parameters: { threshold: 180.50 }`, or leave it out";
            remarks.push(Remark::error(code::WRONG_TYPE, entry.key_span.clone(), message).help(help));
            return None;
        }
    };
    let mut found = BTreeMap::new();
    for parameter in entries {
        let read = match parameter.value.value {
            Value::Refused => continue,
            Value::Empty => Err(Remark::error(
                code::MISSING,
                parameter.key_span.clone(),
                format!("`{}` has no value", shown(&parameter.key)),
            )
            .help("write its value behind the colon, or leave the parameter out for its default")),
            _ => value::param(&parameter.value),
        };
        match read {
            Ok(value) => drop(found.insert(parameter.key.clone(), value)),
            Err(remark) => remarks.push(remark),
        }
    }
    Some(found)
}

fn contract(entry: &Entry, remarks: &mut Vec<Remark>) -> Option<ContractSpec> {
    let usual = ContractSpec::default();
    let mut fields = Fields::open(&entry.value, "contract", entry.key_span.clone(), CONTRACT, remarks)?;
    let sec_type = fields.optional("sec_type", |node| {
        not_yet_but(node, "sec_type", "STK", "only stocks and funds (STK) can be traded so far")
    });
    let exchange = fields.optional("exchange", |node| venue(node, "exchange"));
    let currency = fields.optional("currency", currency);
    let primary_exchange = fields.optional("primary_exchange", |node| venue(node, "exchange"));
    let con_id = fields.optional("con_id", |node| value::whole(node, i32::MAX as u64));
    fields.close();
    Some(ContractSpec {
        sec_type: sec_type.unwrap_or(usual.sec_type),
        exchange: exchange.unwrap_or(usual.exchange),
        currency: currency.unwrap_or(usual.currency),
        primary_exchange,
        con_id: con_id.and_then(|number| i32::try_from(number).ok()),
    })
}

fn venue(node: &Node, what: &str) -> Result<String, Remark> {
    let fits = |word: &str| {
        let letter = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
        ((1..=20).contains(&word.len()) && word.bytes().all(letter)).then(|| word.to_owned())
    };
    value::word(node, code::WORD, what, &["SMART", "NASDAQ", "NYSE", "ARCA", "AMEX", "BATS", "IEX"], fits)
}

fn currency(node: &Node) -> Result<String, Remark> {
    let fits = |word: &str| {
        (word.len() == 3 && word.bytes().all(|b| b.is_ascii_uppercase())).then(|| word.to_owned())
    };
    value::word(node, code::WORD, "currency", &["USD", "EUR", "GBP", "CHF", "JPY", "CAD"], fits)
}

/// The word `possible`; any other is refused as something that cannot be done yet.
fn not_yet_but(node: &Node, field: &str, possible: &str, why: &str) -> Result<String, Remark> {
    let word = value::text(node, "one word")?;
    if word == possible {
        return Ok(word.to_owned());
    }
    let message = format!("{field} `{}` is not available", shown(word));
    let help = format!("{why}; write `{possible}`, or leave {field} out");
    Err(Remark::error(code::NOT_YET, node.span.clone(), message).help(help))
}

/// The fields that may be left out.
struct Rest {
    tif: Tif,
    hours: Hours,
    valid_from: Option<Stamp>,
    valid_until: Option<Stamp>,
    max_quantity: Option<Qty>,
    switch: Switch,
    notes: Option<String>,
}

fn rest(fields: &mut Fields<'_, '_>) -> Rest {
    fields.optional("entry_order", |node| {
        not_yet_but(node, "entry_order", "market", "entries are market orders so far")
    });
    fields.optional::<()>("time_stop", |node| {
        let remark = Remark::error(code::NOT_YET, node.span.clone(), "time_stop is not available yet");
        Err(remark.help("leave it out"))
    });
    if let Some(entry) = fields.entry("status") {
        let message = "status is ignored: prusik remembers itself what became of a plan";
        let remark = Remark::note(code::STATUS, entry.key_span.clone(), message);
        fields.remarks.push(remark.help("leave it out; `enabled: false` keeps a plan from entering"));
    }
    let tif = fields.optional("tif", |node| {
        value::word(node, code::WORD, "tif", &["day", "gtc"], |word| match word {
            "day" => Some(Tif::Day),
            "gtc" => Some(Tif::Gtc),
            _ => None,
        })
    });
    let (valid_from, valid_until) = validity(fields);
    let extended = fields.optional("outside_rth", value::flag).unwrap_or(false);
    let enabled = fields.optional("enabled", value::flag).unwrap_or(true);
    Rest {
        tif: tif.unwrap_or(Tif::Day),
        hours: if extended { Hours::Extended } else { Hours::Regular },
        valid_from,
        valid_until,
        max_quantity: fields.optional("max_quantity", value::shares),
        switch: if enabled { Switch::On } else { Switch::Off },
        notes: fields.optional("notes", value::notes),
    }
}

/// From when until when the plan may enter.
fn validity(fields: &mut Fields<'_, '_>) -> (Option<Stamp>, Option<Stamp>) {
    let read = |edge| move |node: &Node| Ok((value::moment(node, edge)?, node.span.clone()));
    let from = fields.optional("valid_from", read(DayEdge::Start));
    let until = fields.optional("valid_until", read(DayEdge::End));
    if let (Some((from, from_at)), Some((until, until_at))) = (&from, &until)
        && until <= from
    {
        let remark = Remark::error(code::VALIDITY, until_at.clone(), "valid_until is not after valid_from")
            .also(from_at.clone(), "valid_from")
            .help("between the two a plan may enter; leave one of them out for no limit");
        fields.remarks.push(remark);
    }
    (from.map(|(at, _)| at), until.map(|(at, _)| at))
}

/// What stands for a plan in its orders' references.
fn digest(id: &PlanId) -> u64 {
    let hash = Sha256::digest(id.as_str().as_bytes());
    hash.iter().take(8).fold(0, |digest, byte| digest << 8 | u64::from(*byte))
}

fn plan_id(node: &Node) -> Result<PlanId, Remark> {
    let name = value::text(node, "a name")?;
    PlanId::new(name).ok_or_else(|| {
        let fixed: String = name.chars().take(100).map(upper_word).collect();
        let help = match PlanId::new(&fixed) {
            Some(fixed) => format!("write {fixed}: only A-Z, 0-9 and _, at most 100 of them"),
            None => "write 1 to 100 of A-Z, 0-9 and _".to_owned(),
        };
        let message = format!("`{}` is no plan_id", shown(name));
        Remark::error(code::PLAN_ID, node.span.clone(), message).help(help)
    })
}

fn upper_word(c: char) -> char {
    let upper = c.to_ascii_uppercase();
    if upper.is_ascii_alphanumeric() { upper } else { '_' }
}

fn symbol(node: &Node) -> Result<Symbol, Remark> {
    let ticker = value::text(node, "a ticker")?;
    Symbol::new(ticker).ok_or_else(|| {
        let help = match Symbol::new(&ticker.trim().to_ascii_uppercase()) {
            Some(fixed) => format!("write {fixed}"),
            None => "write the ticker as the broker does: AAPL, BRK B".to_owned(),
        };
        Remark::error(code::SYMBOL, node.span.clone(), format!("`{}` is no ticker", shown(ticker))).help(help)
    })
}
