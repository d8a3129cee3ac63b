//! A dry run. A hook is asked on candles that never were, so that what only fails when it runs fails before anything is
//! armed. What it answers is thrown away; only faults are told.

use std::sync::Arc;

use rust_decimal::Decimal;

use crate::domain::ids::{Direction, Stamp};
use crate::domain::market::{Candle, Timeframe};
use crate::domain::money::{Cash, Price, Qty, Tick};
use crate::domain::plan::Plan;
use crate::domain::ports::{PositionView, View};

use super::call;
use super::fault::Fault;
use super::proposal::{Question, TRAIL};
use super::rule::Rule;
use super::thread::RuleThread;
use super::view::Params;

/// Candles of the longest scene.
const CANDLES: usize = 160;
/// 2024-01-02 09:30 in New York: any session would do.
const FIRST: i64 = 1_704_205_800;
/// Enough to see what is wrong; the rest is likely the same again.
const FAULTS_MAX: usize = 3;

/// Where the market stands in a scene, in units of the plan's risk beyond its entry level, at the last candle.
const ENDS: [i64; 5] = [-1, 0, 1, 3, 6];
/// How many candles there are in a scene.
const LENGTHS: [usize; 4] = [1, 2, 12, CANDLES];

/// Asks `rule` the question in every scene, long or short as the plan is. Each different fault is told once.
pub(super) fn rehearse<P>(
    thread: &RuleThread,
    rule: &Arc<Rule>,
    question: &Question<P>,
    plan: &Plan,
    params: &Params,
) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for end in ENDS {
        let candles = scene(plan, end);
        for length in LENGTHS {
            let candles = &candles[candles.len() - length..];
            let view = View {
                now: candles[length - 1].end,
                candles,
                since_armed: length,
                tick: Tick::cent(),
                position: (question.hook == TRAIL.hook).then(|| position(plan, candles)),
            };
            let fault = call::ask(thread, rule, question, plan, &view, params).err();
            let known = |fault: &Fault| faults.iter().any(|other| other.at == fault.at);
            if let Some(fault) = fault.filter(|fault| !known(fault)) {
                faults.push(fault);
            }
            if faults.len() >= FAULTS_MAX {
                return faults;
            }
        }
    }
    faults
}

/// Candles that start one risk on the losing side of the entry level and walk, with steps back, to `end` risks beyond it.
fn scene(plan: &Plan, end: i64) -> Vec<Candle> {
    let risk = (plan.entry_level - plan.stop_loss).abs().decimal();
    let seconds = plan_seconds(plan.entry.timeframe);
    let steps = Decimal::from(CANDLES as u64 - 1);
    let mut open = level(plan, -risk);
    (0..CANDLES)
        .map(|index| {
            let way =
                Decimal::from(index as u64) * (Decimal::from(end) + Decimal::ONE) / steps - Decimal::ONE;
            let wave = Decimal::new([0, 8, -5, 3, -9][index % 5], 2);
            let last = index + 1 == CANDLES;
            let close = level(plan, risk * if last { Decimal::from(end) } else { way + wave });
            let reach = risk * Decimal::new(1 + (index % 4) as i64, 2);
            let start = Stamp::from_seconds(FIRST + seconds * index as i64);
            let candle = Candle {
                start,
                end: start.plus_seconds(seconds),
                open,
                high: lift(open.max(close), reach),
                low: lift(open.min(close), -reach),
                close,
                volume: 1_000 + 137 * (index as u64 % 11),
            };
            open = close;
            candle
        })
        .collect()
}

/// The price `beyond` the entry level on the winning side.
fn level(plan: &Plan, beyond: Decimal) -> Price {
    lift(plan.entry_level, if plan.direction == Direction::Long { beyond } else { -beyond })
}

/// `price + by`, on a cent; at least one cent, since no market falls further.
fn lift(price: Price, by: Decimal) -> Price {
    let raw = (price.decimal() + by).max(Decimal::new(1, 2));
    Tick::cent().up(raw).unwrap_or(price)
}

fn plan_seconds(timeframe: Timeframe) -> i64 {
    timeframe.seconds().unwrap_or(86_400)
}

/// A position that was filled at the plan's level before the first of `candles`. Its best price is no worse than the
/// fill: a distance that reaches below zero from a price no position has seen is no fault of the rule.
fn position(plan: &Plan, candles: &[Candle]) -> PositionView {
    let (entry, stop) = (plan.entry_level, plan.stop_loss);
    let best = match plan.direction {
        Direction::Long => candles.iter().map(|candle| candle.high).fold(entry, Price::max),
        Direction::Short => candles.iter().map(|candle| candle.low).fold(entry, Price::min),
    };
    let close = candles.last().map_or(entry, |candle| candle.close);
    let gain = match plan.direction {
        Direction::Long => close.decimal() - entry.decimal(),
        Direction::Short => entry.decimal() - close.decimal(),
    };
    let qty = Qty::new(100);
    PositionView {
        direction: plan.direction,
        entry,
        stop,
        initial_stop: stop,
        qty,
        best,
        bars_held: u32::try_from(candles.len()).unwrap_or(u32::MAX),
        pnl: Cash::new(gain * qty.decimal()),
        r: gain.checked_div((entry - stop).abs().decimal()).unwrap_or_default(),
    }
}
