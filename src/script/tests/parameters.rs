//! Parameters of a plan against the inputs of its rules.

use super::*;

const LONG: Direction = Direction::Long;

const TUNED: &str = r#"
input("mult", 3.0, #{ min: 0.5, max: 10, help: "times the range" });
input("len", 14, #{ min: 2, max: 200, alias: ["length", "period"] });
input("mode", "fast");
input("strict", false);
input("level", (), #{ type: "number" });
input("any", ());
fn trail(ctx) {
    let p = ctx.params;
    ctx.log(`${p.mult} ${p.len} ${p.mode} ${p.strict} ${p.level == ()} ${p.any == ()}`);
    keep()
}
"#;

fn tuned(parameters: &str) -> String {
    let (mut host, _folder) = host_with(&[("tuned.rhai", TUNED)]);
    let plan = trails(LONG, "tuned", parameters);
    let problems = host.check(&plan);
    if problems.is_empty() { play_trail(&mut host, &plan, "100", "101") } else { problem_words(&problems) }
}

#[test]
fn missing_parameters_get_their_defaults_and_given_ones_their_type() {
    insta::assert_snapshot!(tuned(""), @"101.00   keep | 3.0 14 fast false true true");
    insta::assert_snapshot!(tuned("mult: 2, length: 20, mode: slow, strict: true, level: 101, any: x"), @"101.00   keep | 2 20 slow true false false");
}

#[test]
fn everything_that_does_not_fit_is_told_at_once() {
    insta::assert_snapshot!(tuned("mlut: 2, mult: 11, len: 2.5, mode: 3, strict: yes, level: high, colour: red"), @r#"
    R204 Exit [colour]: unknown parameter `colour`
      help: the rule takes mult, len, mode, strict, level, any
    R205 Exit [len]: `len` takes a whole number, not 2.5
      help: len takes a whole number from 2 to 200
    R205 Exit [level]: `level` takes a number, not the text "high"
      help: level takes a number
    R204 Exit [mlut]: unknown parameter `mlut`
      help: did you mean `mult`?
    R205 Exit [mode]: `mode` takes a text, not 3
      help: mode takes a text
    R206 Exit [mult]: `mult` is out of range: 11 is above 10
      help: mult takes a number from 0.5 to 10: times the range
    R205 Exit [strict]: `strict` takes true or false, not the text "yes"
      help: strict takes true or false
    "#);
}

#[test]
fn a_parameter_given_twice_is_told() {
    insta::assert_snapshot!(tuned("len: 2, period: 3"), @"
    R207 Exit [period]: `period` is given twice
      help: len and length and period are spellings of one parameter: keep one
    ");
}

#[test]
fn exactly_one_kind_of_trail_is_wanted() {
    let host = host();
    let told = |parameters: &str| problem_words(&host.check(&trails(LONG, "trailing_stop", parameters)));
    insta::assert_snapshot!(told(""), @"R208 Exit: give exactly one of trail_percent and trail_amount");
    insta::assert_snapshot!(told("trail_percent: 2, trail_amount: 1"), @"R208 Exit: give exactly one of trail_percent and trail_amount");
    insta::assert_snapshot!(told("trail_percent: 51"), @"
    R206 Exit [trail_percent]: `trail_percent` is out of range: 51 is above 50
      help: trail_percent takes a number from 0.1 to 50: distance in percent of the best price
    ");
    insta::assert_snapshot!(told("trail_percent: 0.05"), @"
    R206 Exit [trail_percent]: `trail_percent` is out of range: 0.05 is below 0.1
      help: trail_percent takes a number from 0.1 to 50: distance in percent of the best price
    ");
    insta::assert_snapshot!(told("trail_pct: 2"), @"
    R204 Exit [trail_pct]: unknown parameter `trail_pct`
      help: did you mean `trail_percent`?
    ");
    assert_eq!(told("trail_amount: 1.5, min_trail_distance: 0.5, activation_price: 101"), "");
    assert_eq!(told("trail_percentage: 50"), "");
    assert_eq!(told("trail_percent: 0.1"), "");
}

#[test]
fn the_entry_rules_know_their_parameters() {
    let host = host();
    let told = |parameters: &str| problem_words(&host.check(&enters(LONG, "close_above", parameters)));
    assert_eq!(told("threshold: 100.50, min_volume: 100000, confirmation_bars: 10"), "");
    assert_eq!(told("threshold_price: 100.50, min_distance_percent: 0.5, max_distance_percent: 2"), "");
    insta::assert_snapshot!(told("confirmation_bars: 0"), @"
    R206 Entry [confirmation_bars]: `confirmation_bars` is out of range: 0 is below 1
      help: confirmation_bars takes a whole number from 1 to 10: how many closes in a row must be above it
    ");
    insta::assert_snapshot!(told("confirmation_bars: 11, treshold: 5"), @"
    R206 Entry [confirmation_bars]: `confirmation_bars` is out of range: 11 is above 10
      help: confirmation_bars takes a whole number from 1 to 10: how many closes in a row must be above it
    R204 Entry [treshold]: unknown parameter `treshold`
      help: did you mean `threshold`?
    ");
    insta::assert_snapshot!(told("min_distance_percent: 3, max_distance_percent: 2"), @"R208 Entry: max_distance_percent 2 is less than min_distance_percent 3");
}

#[test]
fn a_rule_that_is_not_there_comes_with_a_suggestion() {
    let (host, _folder) = host_with(&[("my_breakout.rhai", "fn entry(ctx) { wait() }")]);
    insta::assert_snapshot!(problem_words(&host.check(&enters(LONG, "close_abov", ""))), @"
    R201 Entry: there is no rule `close_abov`
      help: did you mean `close_above`?
    ");
    insta::assert_snapshot!(problem_words(&host.check(&enters(LONG, "my_brakeout", ""))), @"
    R201 Entry: there is no rule `my_brakeout`
      help: did you mean `my_breakout`?
    ");
    insta::assert_snapshot!(problem_words(&host.check(&enters(LONG, "zzz", ""))), @"
    R201 Entry: there is no rule `zzz`
      help: there are close_above, close_below, my_breakout; or write scripts/zzz.rhai
    ");
    insta::assert_snapshot!(problem_words(&host.check(&enters(LONG, "trailing_stop", ""))), @"
    R202 Entry: the rule `trailing_stop` has no fn entry(ctx)
      help: rules that have one: close_above, close_below, my_breakout
    ");
}

#[test]
fn the_dry_run_finds_what_only_fails_when_it_runs() {
    let rule = r#"
fn entry(ctx) {
    if ctx.bar.close > ctx.plan.entry_level { return entr("up"); }
    wait()
}
fn trail(ctx) {
    if ctx.position.r > 2 { return ctx.positon.stop; }
    if ctx.position.r < 0 { return "a text"; }
    keep()
}
"#;
    let (host, _folder) = host_with(&[("hasty.rhai", rule)]);
    let told = |direction| {
        let mut plan = enters(direction, "hasty", "");
        plan.exit.rule = "hasty".into();
        problem_words(&host.check(&plan))
    };
    insta::assert_snapshot!(told(LONG), @r#"
    R209 Entry at hasty.rhai:3:54: the rule `hasty` fails in the dry run: unknown function `entr`
      help: did you mean `enter`?
    R209 Exit: the rule `hasty` fails in the dry run: trail returned the text "a text"
      help: a trailing rule answers keep(), a price, move_stop(price), exit_now(why), or a list of these
    R209 Exit at hasty.rhai:7:39: the rule `hasty` fails in the dry run: ctx has no `positon`; did you mean `position`?
    "#);
    assert!(told(Direction::Short).contains("Exit"), "{}", told(Direction::Short));
}

#[test]
fn a_check_that_is_none_is_the_rules_fault() {
    let (host, _folder) = host_with(&[("odd.rhai", "fn check(params) { true }\nfn trail(ctx) { keep() }")]);
    insta::assert_snapshot!(problem_words(&host.check(&trails(LONG, "odd", ""))), @"
    R209 Exit: the rule `odd` fails in the dry run: check returned true
      help: check answers a list of texts, empty where all is well
    ");
}

#[test]
fn a_plan_whose_parameters_no_longer_fit_is_a_fault_and_no_answer() {
    let plan = trails(LONG, "trailing_stop", "trail_percent: 99");
    insta::assert_snapshot!(play_trail(&mut host(), &plan, "100", "101"), @"101.00   FAULT rule trailing_stop, trail: `trail_percent` is out of range: 99 is above 50");
}
