//! One call of a rule's function: on its thread, under its limits, applied only if it came to a clean end.

use std::sync::Arc;

use rhai::{CallFnOptions, Dynamic, Engine, Scope};

use crate::domain::plan::Plan;
use crate::domain::ports::{Answer, View};

use super::api::WORD_NAMES;
use super::fault::Fault;
use super::proposal::{BadAnswer, Question};
use super::rule::Rule;
use super::sandbox::DEADLINE;
use super::thread::{Left, RuleThread, Stop, Turn};
use super::view::{Ctx, Params, Snapshot, describe};

/// Asks `rule` a question. A fault leaves nothing behind: no answer, no lines.
pub(super) fn ask<P>(
    thread: &RuleThread,
    rule: &Arc<Rule>,
    question: &Question<P>,
    plan: &Plan,
    view: &View<'_>,
    params: &Params,
) -> Result<Answer<P>, Fault> {
    let once = |depth| {
        let snapshot = Snapshot::new(plan, view, params.clone(), depth);
        run(thread, rule, question.hook, Dynamic::from(Ctx(Arc::new(snapshot))))
    };
    let (mut result, mut left) = once(rule.depth())?;
    if left.stop == Some(Stop::LookFurther) {
        // A hook is pure: asked again with every candle, it comes to the same place and goes on.
        rule.deepen(view.candles.len());
        (result, left) = once(view.candles.len())?;
    }
    let Left { stop, mut log, inputs } = left;
    match stop {
        Some(Stop::WarmingUp { have, need }) => {
            log.push(format!("warming up {have}/{need}"));
            return Ok(Answer { proposal: (question.quiet)(), log });
        }
        Some(stop) => return Err(Fault::of_limit(&stop, result.err().and_then(|fault| fault.at))),
        None if !inputs.is_empty() => {
            return Err(Fault::new("input() stands at the top of the file, not in a hook"));
        }
        None => {}
    }
    let proposal = (question.read)(result?)
        .map_err(|BadAnswer { message, help }| Fault::new(message).with_help(help))?;
    Ok(Answer { proposal, log })
}

/// Runs the rule's own `check(params)`, if it has one: problems with combinations of parameters, in its words.
pub(super) fn check(thread: &RuleThread, rule: &Arc<Rule>, params: Params) -> Result<Vec<String>, Fault> {
    if !rule.has("check") {
        return Ok(Vec::new());
    }
    let (result, left) = run(thread, rule, "check", Dynamic::from(params))?;
    if let Some(stop) = left.stop {
        return Err(Fault::of_limit(&stop, result.err().and_then(|fault| fault.at)));
    }
    let value = result?;
    let bad = |value: &Dynamic| {
        Fault::new(format!("check returned {}", describe(value)))
            .with_help("check answers a list of texts, empty where all is well")
    };
    let texts = value.clone().into_array().map_err(|_| bad(&value))?;
    texts
        .into_iter()
        .map(|text| if text.is_string() { Ok(text.to_string()) } else { Err(bad(&text)) })
        .collect()
}

type Run = (Result<Dynamic, Fault>, Left);

fn run(
    thread: &RuleThread,
    rule: &Arc<Rule>,
    function: &'static str,
    argument: Dynamic,
) -> Result<Run, Fault> {
    let called = Arc::clone(rule);
    let run = thread.run(move |engine, turn| call(engine, turn, &called, function, argument));
    run.map_err(|lost| Fault::new(lost.to_string()))
}

fn call(engine: &Engine, turn: &Turn, rule: &Rule, function: &str, argument: Dynamic) -> Run {
    turn.begin(DEADLINE);
    let options = CallFnOptions::new().eval_ast(false).rewind_scope(true);
    let result: Result<Dynamic, _> =
        engine.call_fn_with_options(options, &mut Scope::new(), &rule.ast, function, (argument,));
    let left = turn.end();
    let fault = |error: Box<rhai::EvalAltResult>| {
        let names: Vec<&str> = WORD_NAMES.into_iter().chain(rule.function_names()).collect();
        Fault::of_run(*error, &names)
    };
    (result.map_err(fault), left)
}
