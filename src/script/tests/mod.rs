//! Stories about rules: candles in, proposals out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use rust_decimal::Decimal;

use super::{Host, RuleProblem};
use crate::domain::ids::{Direction, PlanId, Stamp, Symbol};
use crate::domain::market::{Candle, Hours, Timeframe};
use crate::domain::money::{Price, Qty, Tick};
use crate::domain::plan::{ContractSpec, Param, Plan, RiskCategory, RuleUse, Switch, Tif};
use crate::domain::ports::{EntryProposal, PositionView, RuleFault, Rules, TrailProposal, View};

mod built_in;
mod faults;
mod files;
mod hostile;
mod language;
mod parameters;

fn d(text: &str) -> Decimal {
    text.parse().unwrap_or_else(|_| panic!("{text} is a decimal"))
}

fn price(text: &str) -> Price {
    Price::new(d(text)).expect("a price")
}

/// A long plan at 100 with its stop at 98, or a short one with its stop at 102.
fn plan(direction: Direction) -> Plan {
    let rule =
        |rule: &str| RuleUse { rule: rule.into(), timeframe: Timeframe::Min5, parameters: BTreeMap::new() };
    let long = direction == Direction::Long;
    Plan {
        id: PlanId::new("STORY").expect("an id"),
        digest: 1,
        symbol: Symbol::new("SPY").expect("a symbol"),
        contract: ContractSpec::default(),
        direction,
        entry_level: price("100"),
        stop_loss: price(if long { "98" } else { "102" }),
        take_profit: None,
        risk: RiskCategory::Normal,
        entry: rule(if long { "close_above" } else { "close_below" }),
        exit: rule("stop_loss_take_profit"),
        tif: Tif::Gtc,
        hours: Hours::Regular,
        valid_from: None,
        valid_until: None,
        max_quantity: None,
        switch: Switch::On,
        notes: None,
    }
}

/// `name: value` pairs, one after another, as a plan would say them.
fn params(text: &str) -> BTreeMap<String, Param> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once(": ")?;
        let value = match value {
            "true" | "false" => Param::Flag(value == "true"),
            _ => value.parse().map_or_else(|_| Param::Text(value.into()), Param::Number),
        };
        Some((name.trim().to_owned(), value))
    };
    text.split(',').filter_map(pair).collect()
}

fn enters(direction: Direction, rule: &str, parameters: &str) -> Plan {
    let mut plan = plan(direction);
    plan.entry.rule = rule.into();
    plan.entry.parameters = params(parameters);
    plan
}

fn trails(direction: Direction, rule: &str, parameters: &str) -> Plan {
    let mut plan = plan(direction);
    plan.exit.rule = rule.into();
    plan.exit.parameters = params(parameters);
    plan
}

/// Candles from words: `close`, or `high/low/close`, each with an optional `@volume`. Each opens at the last close.
fn candles(text: &str) -> Vec<Candle> {
    let mut open = None;
    let candle = |(index, word): (usize, &str)| {
        let (prices, volume) = word.split_once('@').unwrap_or((word, "1000"));
        let prices: Vec<Price> = prices.split('/').map(price).collect();
        let close = *prices.last().expect("a close");
        let (high, low) = if let [high, low, _] = prices[..] { (high, low) } else { (close, close) };
        let start = Stamp::from_seconds(1_755_264_600 + 300 * index as i64);
        let candle = Candle {
            start,
            end: start.plus_seconds(300),
            open: open.unwrap_or(close),
            high,
            low,
            close,
            volume: volume.parse().expect("a volume"),
        };
        open = Some(close);
        candle
    };
    text.split_whitespace().enumerate().map(candle).collect()
}

fn entry_words(answer: Result<crate::domain::ports::Answer<EntryProposal>, RuleFault>) -> String {
    match answer {
        Err(fault) => format!("FAULT {fault}"),
        Ok(answer) => {
            let proposal = match answer.proposal {
                EntryProposal::Wait => "wait".into(),
                EntryProposal::Enter { why } => format!("ENTER {why}"),
                EntryProposal::Cancel { why } => format!("CANCEL {why}"),
            };
            with_log(proposal, &answer.log)
        }
    }
}

fn trail_words(answer: Result<crate::domain::ports::Answer<Vec<TrailProposal>>, RuleFault>) -> String {
    match answer {
        Err(fault) => format!("FAULT {fault}"),
        Ok(answer) => {
            let one = |proposal: &TrailProposal| match proposal {
                TrailProposal::Keep => "keep".into(),
                TrailProposal::MoveStop(price) => format!("stop {price}"),
                TrailProposal::ExitNow { why } => format!("EXIT {why}"),
            };
            let all: Vec<String> = answer.proposal.iter().map(one).collect();
            with_log(all.join(" + "), &answer.log)
        }
    }
}

fn with_log(proposal: String, log: &[String]) -> String {
    log.iter().fold(proposal, |text, line| format!("{text} | {line}"))
}

/// Plays `text`, every candle since the plan was armed; what the entry rule says at each close.
fn play_entry(host: &mut Host, plan: &Plan, text: &str) -> String {
    play_entry_armed_after(host, plan, text, 0)
}

/// The same, the plan armed only after the first `warm` candles.
fn play_entry_armed_after(host: &mut Host, plan: &Plan, text: &str, warm: usize) -> String {
    let candles = candles(text);
    let mut told = String::new();
    for count in warm + 1..=candles.len() {
        let view = View {
            now: candles[count - 1].end,
            candles: &candles[..count],
            since_armed: count - warm,
            tick: Tick::cent(),
            position: None,
        };
        writeln!(
            told,
            "{:<8} {}",
            candles[count - 1].close.to_string(),
            entry_words(host.entry(plan, &view))
        )
        .expect("a string takes everything");
    }
    told
}

/// A position of 100 shares filled at `entry`, as of the last of `candles`.
fn position(plan: &Plan, entry: &str, candles: &[Candle]) -> PositionView {
    let entry = price(entry);
    let long = plan.direction == Direction::Long;
    let best = if long {
        candles.iter().map(|candle| candle.high).max()
    } else {
        candles.iter().map(|candle| candle.low).min()
    };
    let close = candles.last().expect("a candle").close;
    let gain = if long { close - entry } else { entry - close };
    PositionView {
        direction: plan.direction,
        entry,
        stop: plan.stop_loss,
        initial_stop: plan.stop_loss,
        qty: Qty::new(100),
        best: best.expect("a candle"),
        bars_held: candles.len() as u32,
        pnl: gain * Qty::new(100),
        r: gain.decimal() / (entry - plan.stop_loss).abs().decimal(),
    }
}

/// Plays `text` for a position filled at `entry` before it; what the trailing rule says at each close.
fn play_trail(host: &mut Host, plan: &Plan, entry: &str, text: &str) -> String {
    let candles = candles(text);
    let mut told = String::new();
    for count in 1..=candles.len() {
        let view = View {
            now: candles[count - 1].end,
            candles: &candles[..count],
            since_armed: count,
            tick: Tick::cent(),
            position: Some(position(plan, entry, &candles[..count])),
        };
        writeln!(
            told,
            "{:<8} {}",
            candles[count - 1].close.to_string(),
            trail_words(host.trail(plan, &view))
        )
        .expect("a string takes everything");
    }
    told
}

fn host() -> Host {
    Host::start(None).expect("the sandbox holds")
}

/// A host with the given rule files, and the folder they are in.
fn host_with(files: &[(&str, &str)]) -> (Host, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, source) in files {
        save(folder.path(), name, source);
    }
    (Host::start(Some(folder.path().to_owned())).expect("the sandbox holds"), folder)
}

fn save(folder: &Path, name: &str, source: &str) {
    std::fs::write(folder.join(name), source).expect("a file");
}

/// What a trailing rule of this source says to one candle, long from 100, stop 98, close 103, high 104.
fn trail_once(source: &str) -> String {
    let (mut host, _folder) = host_with(&[("probe.rhai", source)]);
    let told: Vec<String> = host.refresh().iter().map(|problem| problem.message.clone()).collect();
    if !told.is_empty() {
        return format!("REFUSED {}", told.join(" / "));
    }
    let plan = trails(Direction::Long, "probe", "");
    play_trail(&mut host, &plan, "100", "104/99/103").trim().to_owned()
}

/// Problems as people would read them.
fn problem_words(problems: &[RuleProblem]) -> String {
    let one = |problem: &RuleProblem| {
        let place = problem.place.as_ref();
        let file = |place: &super::Place| {
            Path::new(&place.file).file_name().map(|n| n.to_string_lossy().into_owned())
        };
        let place = place
            .map(|place| format!(" at {}:{}:{}", file(place).unwrap_or_default(), place.line, place.column));
        let help = problem.help.as_ref().map(|help| format!("\n  help: {help}")).unwrap_or_default();
        let parameter = problem.parameter.as_ref().map(|name| format!(" [{name}]")).unwrap_or_default();
        format!(
            "{} {:?}{parameter}{}: {}{help}",
            problem.code,
            problem.hook,
            place.unwrap_or_default(),
            problem.message
        )
    };
    problems.iter().map(one).collect::<Vec<_>>().join("\n")
}
