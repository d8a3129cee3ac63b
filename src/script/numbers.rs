//! What numbers mean in a rule: whole ones and decimals are one kind, nothing is dropped in silence.

use rhai::{Dynamic, Engine, EvalAltResult, INT, ImmutableString};
use rust_decimal::Decimal;
use rust_decimal::prelude::MathematicalOps;

use super::sandbox::refusal;
use super::view::describe;

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// Teaches an engine how numbers mix, divide and compare.
pub(super) fn teach(engine: &mut Engine) {
    // Built-in operators would not let a registered one have its say.
    engine.set_fast_operators(false);
    whole_numbers_like_decimals(engine);
    compare_like_with_like(engine);
}

/// A number is a number: `100 * 1.5`, `sqrt(4)` and `min(1, 0.5)` work however it is written. Rhai mixes the operators
/// itself; here are the functions, and the division of whole numbers, which would silently drop the rest.
fn whole_numbers_like_decimals(engine: &mut Engine) {
    engine.register_fn("/", divide);
    engine.register_fn("/=", |a: &mut INT, b: INT| -> Outcome<()> {
        *a = divide(*a, b)?;
        Ok(())
    });
    for name in ["floor", "ceiling", "round", "int", "to_int"] {
        engine.register_fn(name, |whole: INT| whole);
    }
    engine.register_fn("round", |whole: INT, _digits: INT| whole);
    engine.register_fn("sqrt", |whole: INT| -> Outcome<Decimal> {
        Decimal::from(whole).sqrt().ok_or_else(|| refusal("a negative number has no square root"))
    });
}

/// Rhai calls every comparison of different types false: a rule whose optional parameter was left out would wait for
/// ever. Equality stays as it is; `== ()` asks whether there is something.
fn compare_like_with_like(engine: &mut Engine) {
    for operator in [">", ">=", "<", "<="] {
        incomparable::<Decimal, ()>(engine, operator);
        incomparable::<INT, ()>(engine, operator);
        incomparable::<Decimal, ImmutableString>(engine, operator);
        incomparable::<INT, ImmutableString>(engine, operator);
        incomparable::<Decimal, bool>(engine, operator);
        incomparable::<INT, bool>(engine, operator);
    }
}

fn incomparable<A, B>(engine: &mut Engine, operator: &'static str)
where
    A: Clone + Send + Sync + 'static,
    B: Clone + Send + Sync + 'static,
{
    let refuse = move |left: &Dynamic, right: &Dynamic| {
        let (left, right) = (describe(left), describe(right));
        Err(refusal(&format!("`{operator}` cannot compare {left} with {right}")))
    };
    engine.register_fn(operator, move |a: A, b: B| -> Outcome<bool> {
        refuse(&Dynamic::from(a), &Dynamic::from(b))
    });
    engine.register_fn(operator, move |b: B, a: A| -> Outcome<bool> {
        refuse(&Dynamic::from(b), &Dynamic::from(a))
    });
}

fn divide(a: INT, b: INT) -> Outcome<INT> {
    match (a.checked_div(b), a.checked_rem(b)) {
        (Some(quotient), Some(0)) => Ok(quotient),
        (Some(quotient), Some(_)) => Err(refusal(&format!(
            "{a} / {b} of two whole numbers is {quotient} and drops the rest; write {a}.0 / {b}"
        ))),
        _ => Err(refusal(&format!("{a} / {b} has no result"))),
    }
}
