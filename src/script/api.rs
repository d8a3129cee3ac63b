//! Every word a script can say. A word is registered and described in one step, so the reference cannot lie; a test
//! runs each example.

use std::sync::Arc;

use rhai::{Dynamic, Engine, EvalAltResult, INT, Map, Position, RhaiNativeFunc};
use rust_decimal::Decimal;

use crate::domain::ids::Direction;
use crate::domain::money::{Price, at_least_cents};
use crate::domain::risk;

use super::fault::nearest;
use super::input::Input;
use super::proposal::{Proposal, price_of};
use super::thread::{Stop, Turn, one_line};
use super::view::{BarWord, Bars, Ctx, Found, Params, PlanWord, PositionWord, describe, number};

/// Characters of a reason.
const WHY_CHARS_MAX: usize = 200;

/// The functions among the words, for suggestions.
pub(super) const WORD_NAMES: [&str; 12] = [
    "input",
    "wait",
    "enter",
    "cancel",
    "keep",
    "move_stop",
    "exit_now",
    "behind",
    "tighter",
    "to_tick",
    "log",
    "len",
];

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// One word with its description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    /// What it belongs to: `bar`, `position`, …; empty for a function that stands alone.
    pub(super) of: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// How it is written.
    pub(super) usage: &'static str,
    /// What it means, with its unit.
    pub(super) says: &'static str,
    /// A line that works in a hook.
    pub(super) example: &'static str,
}

/// An engine that learns words, and the list of those it knows.
pub(super) struct Words<'e> {
    engine: &'e mut Engine,
    /// What it knows, in the order of the reference.
    pub(super) list: Vec<Word>,
}

impl<'e> Words<'e> {
    /// Nothing said yet.
    pub(super) fn new(engine: &'e mut Engine) -> Words<'e> {
        Words { engine, list: Vec::new() }
    }

    /// `thing.name`, read only.
    fn property<T, R>(
        &mut self,
        (of, name): (&'static str, &'static str),
        says: &'static str,
        example: &'static str,
        get: impl Fn(&T) -> R + Send + Sync + 'static,
    ) where
        T: Clone + Send + Sync + 'static,
        R: Clone + Send + Sync + 'static,
    {
        self.list.push(Word { of, name, usage: name, says, example });
        self.engine.register_get(name, move |thing: &mut T| get(thing));
    }

    /// `usage`, a function or a method of `of`.
    fn function<A: 'static, const N: usize, const X: bool, R, const F: bool>(
        &mut self,
        (of, usage): (&'static str, &'static str),
        says: &'static str,
        example: &'static str,
        native: impl RhaiNativeFunc<A, N, X, R, F> + Send + Sync + 'static,
    ) where
        R: Clone + Send + Sync + 'static,
    {
        let name = usage.split('(').next().unwrap_or(usage);
        self.list.push(Word { of, name, usage, says, example });
        self.engine.register_fn(name, native);
    }

    /// Gives `T` its name in messages, and every unknown property of it an answer that helps.
    fn name<T: Clone + Send + Sync + 'static>(&mut self, of: &'static str) {
        let known: Vec<Word> = self.list.iter().filter(|word| word.of == of).copied().collect();
        self.engine.register_type_with_name::<T>(of);
        self.engine.register_indexer_get(move |_: &mut T, name: &str| -> Outcome<Dynamic> {
            Err(match known.iter().find(|word| word.name == name) {
                Some(word) => failure(&format!("write {of}.{}", word.usage)),
                None => unknown(of, name, &known.iter().map(|word| word.name).collect::<Vec<_>>()),
            })
        });
    }
}

/// Teaches an engine every word. Calls report to `turn`.
pub(super) fn speak(words: &mut Words<'_>, turn: &Arc<Turn>) {
    inputs(words, turn);
    answers(words);
    prices(words);
    ctx(words, turn);
    bars(words, turn);
    position(words);
    plan(words);
    params(words);
}

fn inputs(words: &mut Words<'_>, turn: &Arc<Turn>) {
    let says = "at the top of the file: declares a parameter of the plan. The default's type is its type; () makes it \
                optional, its type then stands in `type`: number, whole, text or flag";
    words.list.push(Word {
        of: "",
        name: "input",
        usage: "input(name, default, #{ min, max, help, alias, type })",
        says,
        example: "input(\"mult\", 3.0, #{ min: 0.5, max: 10, help: \"times the range\" })",
    });
    let reader = Arc::clone(turn);
    words.engine.register_fn("input", move |name: &str, default: Dynamic, options: Map| -> Outcome<()> {
        Input::declare(name, default, options)
            .and_then(|input| reader.declare(input))
            .map_err(|no| failure(&no))
    });
    let reader = Arc::clone(turn);
    words.engine.register_fn("input", move |name: &str, default: Dynamic| -> Outcome<()> {
        let input = Input::declare(name, default, Map::new());
        input.and_then(|input| reader.declare(input)).map_err(|no| failure(&no))
    });
}

fn answers(words: &mut Words<'_>) {
    words.engine.register_type_with_name::<Proposal>("an answer");
    words.function(("", "wait()"), "entry: nothing yet", "wait()", || Proposal::Wait);
    words.function(("", "enter(why)"), "entry: enter now", "enter(\"broke out\")", |why: &str| {
        Proposal::Enter(one_line(why, WHY_CHARS_MAX))
    });
    words.function(
        ("", "cancel(why)"),
        "entry: never enter; the plan is done",
        "cancel(\"too late\")",
        |why: &str| Proposal::Cancel(one_line(why, WHY_CHARS_MAX)),
    );
    words.function(("", "keep()"), "trail: leave the stop where it is", "keep()", || Proposal::Keep);
    words.function(
        ("", "move_stop(price)"),
        "trail: move the stop; a bare price means the same. It only ever tightens",
        "move_stop(ctx.position.best - 1.5)",
        |price: Dynamic| -> Outcome<Proposal> {
            let price = price_of(amount("move_stop", "price", &price)?).map_err(|no| failure(&no))?;
            Ok(Proposal::MoveStop(price))
        },
    );
    words.function(
        ("", "exit_now(why)"),
        "trail: close the position at market",
        "exit_now(\"momentum is gone\")",
        |why: &str| Proposal::ExitNow(one_line(why, WHY_CHARS_MAX)),
    );
}

fn prices(words: &mut Words<'_>) {
    words.function(
        ("", "behind(pos, price, dist)"),
        "the price `dist` on the losing side of `price`: below for a long, above for a short",
        "behind(ctx.position, ctx.position.best, 1.5)",
        |pos: &mut PositionWord, price: Dynamic, dist: Dynamic| -> Outcome<Decimal> {
            let (price, dist) = (amount("behind", "price", &price)?, amount("behind", "dist", &dist)?);
            if dist < Decimal::ZERO {
                return Err(failure(&format!("behind() takes a distance of at least 0; got {dist}")));
            }
            match pos.it.direction {
                Direction::Long => price.checked_sub(dist),
                Direction::Short => price.checked_add(dist),
            }
            .ok_or_else(|| failure("behind() got numbers too large for a price"))
        },
    );
    words.function(
        ("", "tighter(pos, a, b)"),
        "the one of two prices that protects more: the higher for a long, the lower for a short",
        "tighter(ctx.position, ctx.position.stop, ctx.position.entry)",
        |pos: &mut PositionWord, a: Dynamic, b: Dynamic| -> Outcome<Decimal> {
            let (a, b) = (amount("tighter", "a", &a)?, amount("tighter", "b", &b)?);
            Ok(match pos.it.direction {
                Direction::Long => a.max(b),
                Direction::Short => a.min(b),
            })
        },
    );
    words.function(
        ("", "to_tick(pos, price)"),
        "`price` on the contract's price step, rounded as a stop is: up for a long, down for a short",
        "to_tick(ctx.position, 180.4567)",
        |pos: &mut PositionWord, price: Dynamic| -> Outcome<Decimal> {
            let price = price_of(amount("to_tick", "price", &price)?).map_err(|no| failure(&no))?;
            let stop = risk::stop_on_tick(pos.it.direction, price, pos.tick);
            stop.map(shown).map_err(|no| failure(&no.to_string()))
        },
    );
}

fn ctx(words: &mut Words<'_>, turn: &Arc<Turn>) {
    words.property(("ctx", "bars"), "closed candles: bars[0] just closed", "ctx.bars[0]", |c: &Ctx| {
        Bars(Arc::clone(&c.0))
    });
    words.property(
        ("ctx", "bars_since_armed"),
        "how many candles closed since the plan was armed",
        "ctx.bars_since_armed >= 3",
        |c: &Ctx| count(c.0.since_armed),
    );
    words.property(("ctx", "plan"), "the plan", "ctx.plan.entry_level", |c: &Ctx| PlanWord(Arc::clone(&c.0)));
    words.property(("ctx", "params"), "the rule's parameters", "ctx.params", |c: &Ctx| c.0.params.clone());

    let usage = Word {
        of: "ctx",
        name: "bar",
        usage: "bar",
        says: "the candle that just closed",
        example: "ctx.bar.close",
    };
    words.list.push(usage);
    let stopper = Arc::clone(turn);
    words.engine.register_get("bar", move |c: &mut Ctx| candle(&Bars(Arc::clone(&c.0)), 0, &stopper));

    let usage = Word {
        of: "ctx",
        name: "position",
        usage: "position",
        says: "the open position; in `trail` only",
        example: "ctx.position.entry",
    };
    words.list.push(usage);
    words.engine.register_get("position", |c: &mut Ctx| -> Outcome<PositionWord> {
        let tick = c.0.tick;
        let it = c.0.position.ok_or_else(|| {
            failure("there is no position before the entry; ctx.position is for fn trail(ctx)")
        })?;
        Ok(PositionWord { it, tick })
    });

    let log = Arc::clone(turn);
    words.function(
        ("ctx", "log(text)"),
        "writes a line to the plan's log: at most 20 lines of 200 characters a call",
        "ctx.log(`close ${ctx.bar.close}`)",
        move |_: &mut Ctx, text: Dynamic| log.log(&text.to_string()),
    );
    words.name::<Ctx>("ctx");
}

fn bars(words: &mut Words<'_>, turn: &Arc<Turn>) {
    words.function(("bars", "len()"), "how many there are", "ctx.bars.len()", |bars: &mut Bars| {
        count(bars.0.candles_total)
    });
    words.engine.register_get("len", |bars: &mut Bars| count(bars.0.candles_total));
    words.name::<Bars>("bars");
    let stopper = Arc::clone(turn);
    words.engine.register_indexer_get(move |bars: &mut Bars, index: INT| -> Outcome<BarWord> {
        let back = usize::try_from(index).map_err(|_| {
            failure(&format!("bars[{index}]: count back from 0, the candle that just closed"))
        })?;
        candle(bars, back, &stopper)
    });
    words.engine.register_indexer_get(|_: &mut Bars, index: Decimal| -> Outcome<BarWord> {
        Err(failure(&format!("bars[{index}]: candles are counted in whole numbers")))
    });

    words.property(("bar", "open"), "first price", "ctx.bar.open", |b: &BarWord| shown(b.0.open));
    words.property(("bar", "high"), "highest price", "ctx.bar.high", |b: &BarWord| shown(b.0.high));
    words.property(("bar", "low"), "lowest price", "ctx.bar.low", |b: &BarWord| shown(b.0.low));
    words.property(("bar", "close"), "last price", "ctx.bar.close", |b: &BarWord| shown(b.0.close));
    words.property(("bar", "volume"), "shares traded", "ctx.bar.volume", |b: &BarWord| {
        INT::try_from(b.0.volume).unwrap_or(INT::MAX)
    });
    words.property(
        ("bar", "time"),
        "when it began, as text in UTC: 2025-08-15T13:30:00Z",
        "ctx.bar.time",
        |b: &BarWord| b.0.start.to_string(),
    );
    words.name::<BarWord>("bar");
}

fn position(words: &mut Words<'_>) {
    let is = |direction| move |p: &PositionWord| p.it.direction == direction;
    words.property(
        ("position", "is_long"),
        "earns when the price rises",
        "ctx.position.is_long",
        is(Direction::Long),
    );
    words.property(
        ("position", "is_short"),
        "earns when the price falls",
        "ctx.position.is_short",
        is(Direction::Short),
    );
    words.property(
        ("position", "entry"),
        "average price of the fills",
        "ctx.position.entry",
        |p: &PositionWord| shown(p.it.entry),
    );
    words.property(("position", "stop"), "where the stop rests", "ctx.position.stop", |p: &PositionWord| {
        shown(p.it.stop)
    });
    words.property(
        ("position", "initial_stop"),
        "where the first stop was",
        "ctx.position.initial_stop",
        |p: &PositionWord| shown(p.it.initial_stop),
    );
    words.property(("position", "qty"), "shares held", "ctx.position.qty", |p: &PositionWord| {
        INT::try_from(p.it.qty.shares()).unwrap_or(INT::MAX)
    });
    words.property(
        ("position", "best"),
        "best price since the entry: highest high, for a short lowest low",
        "ctx.position.best",
        |p: &PositionWord| shown(p.it.best),
    );
    words.property(
        ("position", "r"),
        "profit in units of the initial risk",
        "ctx.position.r >= 1",
        |p: &PositionWord| p.it.r,
    );
    words.property(
        ("position", "pnl"),
        "profit before fees, in account currency",
        "ctx.position.pnl > 0",
        |p: &PositionWord| p.it.pnl.decimal(),
    );
    words.property(
        ("position", "bars_held"),
        "candles closed since the entry",
        "ctx.position.bars_held > 10",
        |p: &PositionWord| INT::from(p.it.bars_held),
    );
    words.name::<PositionWord>("position");
}

fn plan(words: &mut Words<'_>) {
    words.property(("plan", "id"), "the plan's name", "ctx.plan.id", |p: &PlanWord| {
        p.0.plan.id.as_str().to_owned()
    });
    words.property(("plan", "symbol"), "what it trades", "ctx.plan.symbol", |p: &PlanWord| {
        p.0.plan.symbol.as_str().to_owned()
    });
    words.property(("plan", "side"), "\"long\" or \"short\"", "ctx.plan.side == \"long\"", |p: &PlanWord| {
        p.0.plan.direction.word()
    });
    words.property(("plan", "is_long"), "earns when the price rises", "ctx.plan.is_long", |p: &PlanWord| {
        p.0.plan.direction == Direction::Long
    });
    words.property(("plan", "entry_level"), "the planned entry", "ctx.plan.entry_level", |p: &PlanWord| {
        shown(p.0.plan.entry_level)
    });
    words.property(("plan", "stop_loss"), "the first stop", "ctx.plan.stop_loss", |p: &PlanWord| {
        shown(p.0.plan.stop_loss)
    });
    words.property(
        ("plan", "take_profit"),
        "the target, or () without one",
        "ctx.plan.take_profit == ()",
        |p: &PlanWord| p.0.plan.take_profit.map_or(Dynamic::UNIT, |price| Dynamic::from(shown(price))),
    );
    words.property(
        ("plan", "risk"),
        "\"small\", \"normal\" or \"large\"",
        "ctx.plan.risk == \"normal\"",
        |p: &PlanWord| p.0.plan.risk.word(),
    );
    words.property(("plan", "tick"), "the price step", "ctx.bar.close - ctx.plan.tick", |p: &PlanWord| {
        p.0.tick.decimal()
    });
    words.name::<PlanWord>("plan");
}

/// `ctx.params.NAME`: the names are the rule's own.
fn params(words: &mut Words<'_>) {
    words.engine.register_type_with_name::<Params>("params");
    words.engine.register_indexer_get(|params: &mut Params, name: &str| -> Outcome<Dynamic> {
        params.get(name).ok_or_else(|| {
            let known: Vec<&str> = params.inputs.iter().map(|input| input.name.as_str()).collect();
            unknown("params", name, &known)
        })
    });
}

/// The candle `back` candles ago; one that is not there ends the hook quietly.
fn candle(bars: &Bars, back: usize, turn: &Turn) -> Outcome<BarWord> {
    let why = match bars.find(back) {
        Found::Here(candle) => return Ok(BarWord(candle)),
        Found::FurtherBack => Stop::LookFurther,
        Found::NotYet => Stop::WarmingUp { have: bars.0.candles_total, need: back.saturating_add(1) },
    };
    turn.stop(why.clone());
    Err(EvalAltResult::ErrorTerminated(Dynamic::from(why), Position::NONE).into())
}

/// A price that a script's texts show as people write it: 180.50, not 180.5.
fn shown(price: Price) -> Decimal {
    at_least_cents(price.decimal())
}

fn amount(function: &str, argument: &str, value: &Dynamic) -> Outcome<Decimal> {
    number(value).ok_or_else(|| {
        failure(&format!("{function}() takes a number as {argument}; got {}", describe(value)))
    })
}

fn unknown(of: &str, name: &str, known: &[&str]) -> Box<EvalAltResult> {
    let message = format!("{of} has no `{name}`");
    match nearest(name, known.iter().copied()) {
        Some(near) => failure(&format!("{message}; did you mean `{near}`?")),
        None if known.is_empty() => failure(&format!("{message}; the rule declares no input()")),
        None => failure(&format!("{message}; it has {}", known.join(", "))),
    }
}

/// A fault with a message of ours; Rhai adds the place of the call.
pub(super) fn failure(message: &str) -> Box<EvalAltResult> {
    EvalAltResult::ErrorRuntime(message.into(), Position::NONE).into()
}

fn count(number: usize) -> INT {
    INT::try_from(number).unwrap_or(INT::MAX)
}
