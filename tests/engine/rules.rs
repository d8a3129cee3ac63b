//! Rules made of nothing: thresholds, a trailing percentage, and answers that a story puts in their mouth.

use std::collections::{BTreeMap, VecDeque};

use prusik::domain::ids::Direction;
use prusik::domain::plan::{Param, Plan, RuleUse};
use prusik::domain::ports::{Answer, EntryProposal, RuleFault, Rules, TrailProposal, View};
use rust_decimal::Decimal;

/// What a story makes a rule say the next time it is asked.
#[derive(Debug, Clone)]
pub(crate) enum Say {
    Enter,
    Cancel,
    Stop(Decimal),
    Exit,
    Fault,
}

#[derive(Debug, Default)]
pub(crate) struct NativeRules {
    /// Per plan, used up one per call.
    pub(crate) scripted: BTreeMap<String, VecDeque<Say>>,
}

impl NativeRules {
    fn next(&mut self, plan: &Plan) -> Option<Say> {
        self.scripted.get_mut(plan.id.as_str())?.pop_front()
    }
}

fn number(rule: &RuleUse, name: &str) -> Decimal {
    match rule.parameters.get(name) {
        Some(Param::Number(number)) => *number,
        other => panic!("{name} is {other:?}"),
    }
}

fn fault(plan: &Plan, hook: &'static str) -> RuleFault {
    RuleFault { rule: plan.exit.rule.clone(), hook, message: "division by zero (line 3)".into() }
}

impl Rules for NativeRules {
    fn entry(&mut self, plan: &Plan, view: &View<'_>) -> Result<Answer<EntryProposal>, RuleFault> {
        assert!(view.position.is_none(), "an armed plan has no position");
        let close = view.candles.last().expect("at least one candle").close.decimal();
        let enter = EntryProposal::Enter { why: format!("close {close}") };
        let proposal = match self.next(plan) {
            Some(Say::Enter) => enter,
            Some(Say::Cancel) => EntryProposal::Cancel { why: "the setup is gone".into() },
            Some(Say::Fault) => return Err(fault(plan, "entry")),
            Some(Say::Stop(_) | Say::Exit) => EntryProposal::Wait,
            None => match plan.entry.rule.as_str() {
                "above" if close > number(&plan.entry, "at") => enter,
                "below" if close < number(&plan.entry, "at") => enter,
                _ => EntryProposal::Wait,
            },
        };
        Ok(Answer { proposal, log: vec![] })
    }

    fn trail(&mut self, plan: &Plan, view: &View<'_>) -> Result<Answer<Vec<TrailProposal>>, RuleFault> {
        let position = view.position.expect("an open plan has a position");
        let close = view.candles.last().expect("at least one candle").close.decimal();
        let proposal = match self.next(plan) {
            Some(Say::Stop(price)) => TrailProposal::MoveStop(price),
            Some(Say::Exit) => TrailProposal::ExitNow { why: "the rule had enough".into() },
            Some(Say::Fault) => return Err(fault(plan, "trail")),
            Some(Say::Enter | Say::Cancel) => TrailProposal::Keep,
            None if plan.exit.rule == "percent" => {
                let part = number(&plan.exit, "at") / Decimal::ONE_HUNDRED;
                let (best, long) = (position.best.decimal(), position.direction == Direction::Long);
                let stop = if long { best * (Decimal::ONE - part) } else { best * (Decimal::ONE + part) };
                let passed = if long { close <= stop } else { close >= stop };
                if passed {
                    TrailProposal::ExitNow { why: format!("close {close} passed {}", stop.normalize()) }
                } else {
                    TrailProposal::MoveStop(stop)
                }
            }
            None => TrailProposal::Keep,
        };
        Ok(Answer { proposal: vec![proposal], log: vec![] })
    }
}
