//! What a rule sees: values that share one snapshot, made for one call. A script can copy them, not change them.

use std::sync::Arc;

use rhai::Dynamic;
use rust_decimal::Decimal;

use crate::domain::ids::{Direction, PlanId, Symbol};
use crate::domain::market::Candle;
use crate::domain::money::{Price, Tick};
use crate::domain::plan::{Plan, RiskCategory};
use crate::domain::ports::{PositionView, View};

use super::input::Input;

/// Everything of one call.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// The latest candles, oldest first: as many as the rule has looked at before, not more.
    pub(super) candles: Vec<Candle>,
    /// How many candles there are.
    pub(super) candles_total: usize,
    /// How many of them closed since the plan was armed.
    pub(super) since_armed: usize,
    /// The price step.
    pub(super) tick: Tick,
    /// The position, in `trail`.
    pub(super) position: Option<PositionView>,
    /// The plan's own numbers.
    pub(super) plan: PlanFacts,
    /// The rule's parameters.
    pub(super) params: Params,
}

/// What a rule may know of its plan. There is no quantity in it.
#[derive(Debug, Clone)]
pub(super) struct PlanFacts {
    pub(super) id: PlanId,
    pub(super) symbol: Symbol,
    pub(super) direction: Direction,
    pub(super) entry_level: Price,
    pub(super) stop_loss: Price,
    pub(super) take_profit: Option<Price>,
    pub(super) risk: RiskCategory,
}

impl PlanFacts {
    /// The facts of `plan`.
    pub(super) fn of(plan: &Plan) -> PlanFacts {
        PlanFacts {
            id: plan.id.clone(),
            symbol: plan.symbol.clone(),
            direction: plan.direction,
            entry_level: plan.entry_level,
            stop_loss: plan.stop_loss,
            take_profit: plan.take_profit,
            risk: plan.risk,
        }
    }
}

impl Snapshot {
    /// The view of one call, with the latest `depth` candles.
    pub(super) fn new(plan: &Plan, view: &View<'_>, params: Params, depth: usize) -> Snapshot {
        let first = view.candles.len().saturating_sub(depth);
        Snapshot {
            candles: view.candles[first..].to_vec(),
            candles_total: view.candles.len(),
            since_armed: view.since_armed,
            tick: view.tick,
            position: view.position,
            plan: PlanFacts::of(plan),
            params,
        }
    }
}

/// Which candle a rule asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// This one.
    Here(Candle),
    /// It exists, further back than what was handed over.
    FurtherBack,
    /// There are not so many yet.
    NotYet,
}

/// `ctx`.
#[derive(Debug, Clone)]
pub(super) struct Ctx(pub(super) Arc<Snapshot>);

/// `ctx.bars`.
#[derive(Debug, Clone)]
pub(super) struct Bars(pub(super) Arc<Snapshot>);

impl Bars {
    /// The candle `back` candles before the one that just closed.
    pub(super) fn find(&self, back: usize) -> Found {
        let Bars(snapshot) = self;
        let held = snapshot.candles.len();
        match held.checked_sub(back + 1).and_then(|index| snapshot.candles.get(index)) {
            Some(candle) => Found::Here(*candle),
            None if back < snapshot.candles_total => Found::FurtherBack,
            None => Found::NotYet,
        }
    }
}

/// `ctx.bar`, `ctx.bars[i]`.
#[derive(Debug, Clone)]
pub(super) struct BarWord(pub(super) Candle);

/// `ctx.position`. Invariant: the snapshot's position is this one.
#[derive(Debug, Clone)]
pub(super) struct PositionWord {
    /// The position.
    pub(super) it: PositionView,
    /// The price step, for `to_tick`.
    pub(super) tick: Tick,
}

/// `ctx.plan`.
#[derive(Debug, Clone)]
pub(super) struct PlanWord(pub(super) Arc<Snapshot>);

/// `ctx.params`, and the argument of `check`: the declared inputs and their values, in the same order.
#[derive(Debug, Clone)]
pub(super) struct Params {
    /// What the rule declared.
    pub(super) inputs: Arc<[Input]>,
    /// The values of one plan.
    pub(super) values: Arc<[Dynamic]>,
}

impl Params {
    /// The value of the parameter called `name`.
    pub(super) fn get(&self, name: &str) -> Option<Dynamic> {
        let index = self.inputs.iter().position(|input| input.name == name)?;
        self.values.get(index).cloned()
    }
}

/// A number of a script as a decimal, whether it was written whole or not.
pub(super) fn number(value: &Dynamic) -> Option<Decimal> {
    value.as_decimal().ok().or_else(|| value.as_int().ok().map(Decimal::from))
}

/// What a value is, in the words of the language.
pub(super) fn describe(value: &Dynamic) -> String {
    if value.is_unit() {
        return "nothing".into();
    }
    if let Some(number) = number(value) {
        return format!("the number {number}");
    }
    if let Ok(flag) = value.as_bool() {
        return format!("{flag}");
    }
    if value.is_string() {
        return format!("the text \"{value}\"");
    }
    if let Some(proposal) = value.read_lock::<super::proposal::Proposal>() {
        return format!("{}()", proposal.word());
    }
    let ours = [
        (value.is::<Ctx>(), "ctx"),
        (value.is::<Bars>(), "ctx.bars"),
        (value.is::<BarWord>(), "a bar"),
        (value.is::<PositionWord>(), "the position"),
        (value.is::<PlanWord>(), "the plan"),
        (value.is::<Params>(), "the parameters"),
    ];
    let ours = ours.into_iter().find_map(|(is, word)| is.then_some(word));
    ours.unwrap_or_else(|| kind_word(value.type_name())).into()
}

/// Rhai's name of a type in the words of the language.
pub(super) fn kind_word(type_name: &str) -> &str {
    match type_name {
        "i64" => "a whole number",
        "decimal" | "rust_decimal::Decimal" | "rust_decimal::decimal::Decimal" => "a decimal",
        "string" | "&str | ImmutableString | String" | "ImmutableString" => "a text",
        "bool" => "true or false",
        "()" => "nothing",
        "array" | "rhai::Array" => "a list",
        "map" | "rhai::Map" => "a map",
        "Fn" => "a function",
        other => other,
    }
}
