//! The one way an engine is built. What is not named here does not exist for a script: no files, no clock, no sleep, no
//! `eval`, no modules, no binary floats; everything it can do is bounded.

use std::sync::Arc;
use std::time::Duration;

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage,
    BasicMathPackage, BasicStringPackage, LogicPackage, Package,
};
use rhai::{
    Array, Dynamic, Engine, EvalAltResult, FnPtr, INT, NativeCallContext, OptimizationLevel, Position,
};
use rust_decimal::Decimal;

use super::api::{self, Words};
use super::numbers;
use super::thread::{Stop, Turn};
use super::view::{describe, number};

/// How long one call may take.
pub(super) const DEADLINE: Duration = Duration::from_millis(50);
/// The clock is read once in so many operations.
const OPERATIONS_BETWEEN_LOOKS: u64 = 64;
/// Operations of one call. No measure of time: natives cost more than an addition.
pub(super) const OPERATIONS_MAX: u64 = 100_000;
/// Nested calls of a script's functions.
pub(super) const CALL_LEVELS_MAX: usize = 16;
/// Nested expressions, outside and inside functions.
const EXPRESSION_LEVELS_MAX: (usize, usize) = (32, 24);
/// Bytes of one text.
pub(super) const TEXT_BYTES_MAX: usize = 256;
/// Elements of one list.
pub(super) const LIST_ITEMS_MAX: usize = 1_024;
/// Entries of one map.
pub(super) const MAP_ENTRIES_MAX: usize = 128;
/// Variables alive at one time.
const VARIABLES_MAX: usize = 64;
/// Functions of one rule.
const FUNCTIONS_MAX: usize = 32;
/// Texts Rhai keeps for reuse.
const TEXTS_KEPT_MAX: usize = 64;
/// Bytes of a rule's source. Parsing has no limit of its own but this.
pub(super) const SOURCE_BYTES_MAX: usize = 64 * 1024;

/// Keywords that are none here.
const DISABLED: [&str; 8] = ["eval", "Fn", "curry", "call", "import", "export", "debug", "is_shared"];

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// Builds the engine whose calls report to `turn`.
pub(super) fn engine(turn: &Arc<Turn>) -> Engine {
    let mut engine = Engine::new_raw();
    name_packages(&mut engine);
    set_limits(&mut engine);
    close_holes(&mut engine);
    numbers::teach(&mut engine);
    watch(&mut engine, turn);
    api::speak(&mut Words::new(&mut engine), turn);
    engine
}

/// Left out with reason: LanguageCore (sleep, exit, parse_json), MoreString (texts that grow before they are measured),
/// BasicTime, BasicBlob, BitField, Debugging.
fn name_packages(engine: &mut Engine) {
    ArithmeticPackage::new().register_into_engine(engine);
    LogicPackage::new().register_into_engine(engine);
    BasicMathPackage::new().register_into_engine(engine);
    BasicStringPackage::new().register_into_engine(engine);
    BasicIteratorPackage::new().register_into_engine(engine);
    BasicArrayPackage::new().register_into_engine(engine);
    BasicMapPackage::new().register_into_engine(engine);
    BasicFnPackage::new().register_into_engine(engine);
}

fn set_limits(engine: &mut Engine) {
    engine
        .set_max_operations(OPERATIONS_MAX)
        .set_max_call_levels(CALL_LEVELS_MAX)
        .set_max_expr_depths(EXPRESSION_LEVELS_MAX.0, EXPRESSION_LEVELS_MAX.1)
        .set_max_string_size(TEXT_BYTES_MAX)
        .set_max_array_size(LIST_ITEMS_MAX)
        .set_max_map_size(MAP_ENTRIES_MAX)
        .set_max_variables(VARIABLES_MAX)
        .set_max_functions(FUNCTIONS_MAX)
        .set_max_strings_interned(TEXTS_KEPT_MAX)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true)
        .set_optimization_level(OptimizationLevel::None);
    for symbol in DISABLED {
        engine.disable_symbol(symbol);
    }
}

/// Natives that panic, whose result is measured only after it was made, or that swallow a fault of their callback: Rhai's
/// own sort goes on when its comparison has failed, even at a limit.
fn close_holes(engine: &mut Engine) {
    let absent = |name: &'static str| move |_: Decimal| -> Outcome<Decimal> { Err(refusal(name)) };
    engine.register_fn("sin", absent("sin() is not part of the rule language"));
    engine.register_fn("cos", absent("cos() is not part of the rule language"));
    engine.register_fn("tan", absent("tan() is not part of the rule language"));
    engine.register_fn("pad", |_: &mut Array, _: INT, _: Dynamic| -> Outcome<()> {
        Err(refusal("pad() is not part of the rule language; use push()"))
    });
    engine.register_fn("dedup", |_: &mut Array, _: FnPtr| -> Outcome<()> {
        Err(refusal("dedup() is not part of the rule language; use filter()"))
    });
    for name in ["sort", "sort_by"] {
        engine.register_fn(name, |call: NativeCallContext<'_>, list: &mut Array, by: FnPtr| -> Outcome<()> {
            *list = sorted(&call, list, &by)?;
            Ok(())
        });
    }
    for name in ["order", "order_by"] {
        engine.register_fn(name, |call: NativeCallContext<'_>, list: &mut Array, by: FnPtr| {
            sorted(&call, list, &by)
        });
    }
}

/// `list` in the order of `by(a, b)`: a number, below zero where `a` comes first, or whether it does.
fn sorted(call: &NativeCallContext<'_>, list: &[Dynamic], by: &FnPtr) -> Outcome<Array> {
    let first = |a: &Dynamic, b: &Dynamic| -> Outcome<bool> {
        let answer = by.call_raw(call, None, [a.clone(), b.clone()])?;
        let order = number(&answer).map(|order| order < Decimal::ZERO).or_else(|| answer.as_bool().ok());
        order.ok_or_else(|| {
            refusal(&format!("a comparison answers a number or true, not {}", describe(&answer)))
        })
    };
    let mut sorted: Array = Array::with_capacity(list.len());
    for item in list {
        let (mut low, mut high) = (0, sorted.len());
        while low < high {
            let middle = (low + high) / 2;
            if first(item, &sorted[middle])? { high = middle } else { low = middle + 1 }
        }
        sorted.insert(low, item.clone());
    }
    Ok(sorted)
}

/// An arithmetic error; Rhai adds the place of the call.
pub(super) fn refusal(message: &str) -> Box<EvalAltResult> {
    EvalAltResult::ErrorArithmetic(message.into(), Position::NONE).into()
}

fn watch(engine: &mut Engine, turn: &Arc<Turn>) {
    let watched = Arc::clone(turn);
    engine.on_progress(move |operations| {
        if operations >= OPERATIONS_MAX {
            watched.stop(Stop::Operations);
        }
        let look = operations % OPERATIONS_BETWEEN_LOOKS == 0 || operations >= OPERATIONS_MAX;
        look.then(|| watched.overdue()).flatten().map(Dynamic::from)
    });
    let listener = Arc::clone(turn);
    engine.on_print(move |text| listener.log(text));
    engine.on_debug(|_, _, _| ());
}

/// What must hold of a built engine, whatever Cargo features a host has switched on for everybody.
#[derive(Debug, Clone, Copy)]
struct Expectation {
    source: &'static str,
    outcome: Expected,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// Evaluates to `true`.
    True,
    /// Is refused, at compile or run time.
    Refused,
}

const EXPECTATIONS: [Expectation; 14] = [
    Expectation { source: "0.1 + 0.2 == 0.3", outcome: Expected::True },
    Expectation { source: "type_of(1.5) == \"decimal\"", outcome: Expected::True },
    Expectation { source: "type_of(1) == \"i64\" && 1 == 1.0 && 1 < 1.5", outcome: Expected::True },
    Expectation { source: "loop {}", outcome: Expected::Refused },
    Expectation { source: "sleep(1)", outcome: Expected::Refused },
    Expectation { source: "timestamp()", outcome: Expected::Refused },
    Expectation { source: "eval(\"1\")", outcome: Expected::Refused },
    Expectation { source: "Fn(\"abs\")", outcome: Expected::Refused },
    Expectation { source: "let a = 1; let f = || a; [1].map(f)", outcome: Expected::Refused },
    Expectation { source: "import \"x\" as x; true", outcome: Expected::Refused },
    Expectation { source: "exit()", outcome: Expected::Refused },
    Expectation { source: "parse_json(\"{}\")", outcome: Expected::Refused },
    Expectation { source: "2 / 100", outcome: Expected::Refused },
    Expectation { source: "9223372036854775807 + 1", outcome: Expected::Refused },
];

/// Runs every expectation; the first that does not hold is told by its source.
pub(super) fn self_test(engine: &Engine, turn: &Turn) -> Result<(), &'static str> {
    for Expectation { source, outcome } in EXPECTATIONS {
        turn.begin(DEADLINE);
        let result = engine.eval::<Dynamic>(source);
        turn.end();
        let holds = match outcome {
            Expected::True => result.is_ok_and(|value| value.as_bool() == Ok(true)),
            Expected::Refused => result.is_err(),
        };
        if !holds {
            return Err(source);
        }
    }
    Ok(())
}
