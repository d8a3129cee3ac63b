//! What a script can say, and what numbers mean in it.

use std::sync::Arc;

use super::*;
use crate::script::api::{WORD_NAMES, Words, speak};
use crate::script::thread::Turn;

/// `body` as the body of a trailing rule.
fn trailing(body: &str) -> String {
    trail_once(&format!("fn trail(ctx) {{ {body} }}"))
}

/// Whether an expression holds inside a trailing rule.
fn holds(expression: &str) {
    let told = trailing(&format!("let ok = {expression}; if ok {{ keep() }} else {{ exit_now(\"no\") }}"));
    assert_eq!(told, "103.00   keep", "{expression}");
}

#[test]
fn every_word_of_the_reference_works_as_its_example_says() {
    let mut engine = rhai::Engine::new_raw();
    let mut words = Words::new(&mut engine);
    speak(&mut words, &Arc::new(Turn::default()));
    assert!(words.list.len() > 30);
    for word in &words.list {
        assert!(!word.says.is_empty() && !word.usage.is_empty(), "{word:?}");
        let told = if word.name == "input" {
            trail_once(&format!("{}; fn trail(ctx) {{ keep() }}", word.example))
        } else {
            trailing(&format!("{}; keep()", word.example))
        };
        assert!(told.starts_with("103.00   keep"), "{}: {told}", word.example);
    }
    let functions: Vec<&str> =
        words.list.iter().filter(|word| word.usage.contains('(')).map(|word| word.name).collect();
    assert!(functions.iter().all(|name| WORD_NAMES.contains(name)), "{functions:?}");
    assert!(WORD_NAMES.iter().all(|name| functions.contains(name)), "{functions:?}");
}

#[test]
fn decimals_are_exact() {
    holds("0.1 + 0.2 == 0.3");
    holds("1.10 * 3 == 3.3");
}

#[test]
fn whole_and_decimal_numbers_mix_everywhere() {
    for expression in [
        "1 + 0.5 == 1.5",
        "0.5 + 1 == 1.5",
        "3 * 0.5 == 1.5",
        "1 / 0.5 == 2",
        "0.5 / 2 == 0.25",
        "7 % 2.5 == 2",
        "2.5 - 1 == 1.5",
        "1 - 2.5 == -1.5",
        "1 == 1.0",
        "1.0 == 1",
        "1 != 1.5",
        "1 < 1.5",
        "1.5 > 1",
        "2 >= 2.0",
        "2.0 <= 2",
        "min(1, 0.5) == 0.5",
        "max(1, 0.5) == 1",
        "abs(-3) == 3",
        "(-3.5).abs() == 3.5",
        "sqrt(4) == 2",
        "floor(3) == 3",
        "round(3, 2) == 3",
        "2.75.round(1) == 2.8 || 2.75.round(1) == 2.7",
        "[1, 2.5].contains(1.0)",
        "1.0 in [1, 2]",
        "6 / 2 == 3",
        "2 ** 3 == 8",
        "-(1.5) == -1.5",
        "ctx.bar.volume * 0.5 == 500",
        "ctx.bar.volume > 999.5",
        "() != 1.5",
        "ctx.plan.take_profit == ()",
    ] {
        holds(expression);
    }
    holds("{ let x = 1; x += 0.5; x == 1.5 }");
    holds("{ let x = 1.5; x += 1; x -= 0.5; x *= 2; x /= 4; x == 1 }");
    holds("{ let x = 6; x /= 2; x == 3 }");
    holds("switch 2 { 1 => false, 2 => true, _ => false }");
}

#[test]
fn whole_numbers_divide_only_without_a_rest() {
    insta::assert_snapshot!(trailing("2 / 100"), @"103.00   FAULT rule probe, trail: line 1, column 19: 2 / 100 of two whole numbers is 0 and drops the rest; write 2.0 / 100");
    insta::assert_snapshot!(trailing("let x = 7; x /= 2; x"), @"103.00   FAULT rule probe, trail: line 1, column 30: 7 / 2 of two whole numbers is 3 and drops the rest; write 7.0 / 2");
    insta::assert_snapshot!(trailing("1 / 0"), @"103.00   FAULT rule probe, trail: line 1, column 19: 1 / 0 has no result");
    insta::assert_snapshot!(trailing("1.5 / 0"), @"103.00   FAULT rule probe, trail: line 1, column 21: division by zero: 1.5 / 0");
}

#[test]
fn comparing_a_number_with_something_else_is_a_fault_and_not_false() {
    insta::assert_snapshot!(trailing("ctx.bar.close > ()"), @"103.00   FAULT rule probe, trail: line 1, column 31: `>` cannot compare the number 103.00 with nothing");
    insta::assert_snapshot!(trailing("() <= 5"), @"103.00   FAULT rule probe, trail: line 1, column 20: `<=` cannot compare nothing with the number 5");
    insta::assert_snapshot!(trailing("ctx.bar.volume >= \"5\""), @r#"103.00   FAULT rule probe, trail: line 1, column 32: `>=` cannot compare the number 1000 with the text "5""#);
}

#[test]
fn a_position_says_what_it_is() {
    let told = trailing(
        "let p = ctx.position; ctx.log(`${p.is_long} ${p.is_short} ${p.entry} ${p.stop} ${p.initial_stop} ${p.qty}`);
         ctx.log(`${p.best} ${p.r} ${p.pnl} ${p.bars_held}`); keep()",
    );
    insta::assert_snapshot!(told, @"103.00   keep | true false 100.00 98.00 98.00 100 | 104.00 1.50 300 1");
}

#[test]
fn a_plan_and_a_bar_say_what_they_are() {
    let told = trailing(
        "let p = ctx.plan; ctx.log(`${p.id} ${p.symbol} ${p.side} ${p.is_long} ${p.entry_level} ${p.stop_loss} ${p.risk} ${p.tick}`);
         let b = ctx.bar; ctx.log(`${b.time} ${b.open} ${b.high} ${b.low} ${b.close} ${b.volume} ${ctx.bars.len()}`); keep()",
    );
    insta::assert_snapshot!(told, @"103.00   keep | STORY SPY long true 100.00 98.00 normal 0.01 | 2025-08-15T13:30:00Z 103.00 104.00 99.00 103.00 1000 1");
}

#[test]
fn the_helpers_mirror_for_a_short() {
    let rule = "fn trail(ctx) { let p = ctx.position;
        ctx.log(`${behind(p, 100, 1.5)} ${tighter(p, 100, 101)} ${to_tick(p, 100.005)}`); keep() }";
    let (mut host, _folder) = host_with(&[("probe.rhai", rule)]);
    let told = play_trail(&mut host, &trails(Direction::Long, "probe", ""), "100", "104/99/103");
    insta::assert_snapshot!(told, @"103.00   keep | 98.5 101 100.01");
    let told = play_trail(&mut host, &trails(Direction::Short, "probe", ""), "100", "101/96/97");
    insta::assert_snapshot!(told, @"97.00    keep | 101.5 100 100.00");
}

#[test]
fn a_trailing_rule_answers_in_many_ways() {
    for (body, told) in [
        ("keep()", "keep"),
        ("101", "stop 101"),
        ("101.5", "stop 101.5"),
        ("move_stop(101)", "stop 101"),
        ("exit_now(\"enough\")", "EXIT enough"),
        (
            "[keep(), 101, move_stop(101.5), exit_now(\"enough\")]",
            "keep + stop 101 + stop 101.5 + EXIT enough",
        ),
        ("[]", ""),
    ] {
        assert_eq!(trailing(body), format!("103.00   {told}").trim_end(), "{body}");
    }
}

#[test]
fn an_entry_rule_may_cancel_its_plan() {
    let (mut host, _folder) =
        host_with(&[("late.rhai", "fn entry(ctx) { cancel(`bar ${ctx.bars.len()}`) }")]);
    let told = play_entry(&mut host, &enters(Direction::Long, "late", ""), "99");
    assert_eq!(told.trim(), "99.00    CANCEL bar 1");
}

#[test]
fn a_rule_that_lacks_candles_waits_quietly() {
    let rule = "fn entry(ctx) { if ctx.bars[2].close > 0 { enter(\"three\") } else { wait() } }
                fn trail(ctx) { ctx.log(\"looking\"); ctx.bars[4].close }";
    let (mut host, _folder) = host_with(&[("patient.rhai", rule)]);
    let told = play_entry(&mut host, &enters(Direction::Long, "patient", ""), "99 99 99");
    insta::assert_snapshot!(told, @"
    99.00    wait | warming up 1/3
    99.00    wait | warming up 2/3
    99.00    ENTER three
    ");
    let told = play_trail(&mut host, &trails(Direction::Long, "patient", ""), "100", "99 99");
    insta::assert_snapshot!(told, @"
    99.00    keep | looking | warming up 1/5
    99.00    keep | looking | warming up 2/5
    ");
}

#[test]
fn a_rule_may_look_back_as_far_as_there_are_candles() {
    let rule = "fn entry(ctx) { let sum = 0; for i in 0..ctx.bars.len() { sum += ctx.bars[i].close; }
                enter(`${sum} ${ctx.bars[ctx.bars.len() - 1].close}`) }";
    let (mut host, _folder) = host_with(&[("sum.rhai", rule)]);
    let closes: Vec<String> = (1..=300).map(|close| close.to_string()).collect();
    let told = play_entry_armed_after(&mut host, &enters(Direction::Long, "sum", ""), &closes.join(" "), 299);
    assert_eq!(told.trim(), "300.00   ENTER 45150.00 1.00");
}

#[test]
fn a_looser_stop_is_the_engines_to_refuse() {
    assert_eq!(trailing("1"), "103.00   stop 1");
}

#[test]
fn lines_of_the_log_are_bounded_and_on_one_line() {
    let told = trailing("for i in 0..30 { ctx.log(`line ${i}`); } keep()");
    assert_eq!(told.matches("line").count(), 20, "{told}");
    let told = trailing("let x = \"\"; for i in 0..25 { x += \"0123456789\"; } print(x); keep()");
    assert_eq!(told.len(), "103.00   keep | ".len() + 200, "{told}");
    assert_eq!(
        trailing("ctx.log(\"a\\nb\\u202ec\"); debug_free(); keep() } fn debug_free() {"),
        "103.00   keep | a b c"
    );
}

#[test]
fn a_hook_that_fails_leaves_no_lines() {
    let told = trailing("ctx.log(\"before\"); throw \"why\"");
    insta::assert_snapshot!(told, @"103.00   FAULT rule probe, trail: line 1, column 36: why");
}

#[test]
fn lists_are_sorted_by_a_comparison() {
    holds("[3, 1.5, 2].order(|a, b| a < b) == [1.5, 2, 3]");
    holds("[3, 1.5, 2].order_by(|a, b| b - a) == [3, 2, 1.5]");
    assert_eq!(trailing("let l = [2, 3, 1]; l.sort(|a, b| a > b); [l[0]]"), "103.00   stop 3");
    insta::assert_snapshot!(trailing("[2, 1].order(|a, b| \"x\")"), @r#"103.00   FAULT rule probe, trail: line 1, column 24: a comparison answers a number or true, not the text "x""#);
    insta::assert_snapshot!(trailing("[2, 1].order(|a, b| a.size)"), @"103.00   FAULT rule probe, trail: line 1, column 24: a whole number has no `size`");
}

#[test]
fn a_hook_calls_functions_and_constants_of_its_own() {
    let told = trail_once(
        "/// Twice the distance.\nfn twice(x) { x * 2 }\nfn trail(ctx) { const STEP = 0.5; behind(ctx.position, ctx.bar.close, twice(STEP)) }",
    );
    assert_eq!(told, "103.00   stop 102.00");
}
