//! What a rule's author reads when something is wrong.

use super::*;

/// Bodies of a trailing rule, each with what is said of it.
fn told(bodies: &[&str]) -> String {
    let one = |body: &&str| {
        let told = trail_once(&format!("fn trail(ctx) {{\n  {body}\n}}"));
        let told = told.trim_start_matches("103.00   FAULT rule probe, trail: ").to_owned();
        format!("{body}\n    {told}")
    };
    bodies.iter().map(one).collect::<Vec<_>>().join("\n")
}

#[test]
fn unknown_words_come_with_a_suggestion() {
    insta::assert_snapshot!(told(&[
        "ctx.bar.clsoe",
        "ctx.bars[0].clos",
        "ctx.positon.entry",
        "ctx.position.entri",
        "ctx.position.quantity_of_shares",
        "ctx.plan.stop",
        "ctx.params.mult",
        "ctx.bars.length()",
        "ctx.log",
        "ctx.bar[\"close\"]",
        "ctx.params[\"mult\"]",
        "kepp()",
        "behnd(ctx.position, 1, 1)",
        "ctx.lgo(\"x\")",
        "let best = 1; bset",
        "sleep(10)",
        "timestamp()",
    ]), @r#"
    ctx.bar.clsoe
        line 2, column 10: bar has no `clsoe`; did you mean `close`?
    ctx.bars[0].clos
        line 2, column 14: bar has no `clos`; did you mean `close`?
    ctx.positon.entry
        line 2, column 6: ctx has no `positon`; did you mean `position`?
    ctx.position.entri
        line 2, column 15: position has no `entri`; did you mean `entry`?
    ctx.position.quantity_of_shares
        line 2, column 15: position has no `quantity_of_shares`; it has is_long, is_short, entry, stop, initial_stop, qty, best, r, pnl, bars_held
    ctx.plan.stop
        line 2, column 11: plan has no `stop`; did you mean `stop_loss`?
    ctx.params.mult
        line 2, column 13: params has no `mult`; the rule declares no input()
    ctx.bars.length()
        line 2, column 12: unknown function `length`; did you mean `len`?
    ctx.log
        line 2, column 6: write ctx.log(text)
    ctx.bar["close"]
        line 2, column 10: write bar.close
    ctx.params["mult"]
        line 2, column 13: params has no `mult`; the rule declares no input()
    kepp()
        line 2, column 3: unknown function `kepp`; did you mean `keep`?
    behnd(ctx.position, 1, 1)
        line 2, column 3: unknown function `behnd`; did you mean `behind`?
    ctx.lgo("x")
        line 2, column 7: unknown function `lgo`; did you mean `log`?
    let best = 1; bset
        REFUSED unknown name `bset`
    sleep(10)
        line 2, column 3: unknown function `sleep`
    timestamp()
        line 2, column 3: unknown function `timestamp`
    "#);
}

#[test]
fn wrong_types_are_told_in_words_of_the_language() {
    insta::assert_snapshot!(told(&[
        "enter(1)",
        "exit_now()",
        "behind(1, 2, 3)",
        "behind(ctx.position, \"a\", 3)",
        "behind(ctx.position, 100, -3)",
        "to_tick(ctx.position, true)",
        "to_tick(ctx.position, 0)",
        "ctx.bar.close + \"a\"",
        "ctx.bar.close > ()",
        "ctx.bar + 1",
        "ctx.bars[-1]",
        "ctx.bars[1.5]",
        "ctx.bars[\"x\"]",
        "if ctx.bar.close { keep() }",
        "for x in 3 { } keep()",
        "ctx.bar.close = 5; keep()",
        "let m = #{}; m.missing",
        "[1, 2][7]",
        "9223372036854775807 + 1",
        "79228162514264337593543950335.0 * 10",
    ]), @r#"
    enter(1)
        line 2, column 3: enter() cannot be called with a whole number
    exit_now()
        line 2, column 3: exit_now() cannot be called with nothing
    behind(1, 2, 3)
        line 2, column 3: behind() cannot be called with a whole number, a whole number, a whole number
    behind(ctx.position, "a", 3)
        line 2, column 3: behind() takes a number as price; got the text "a"
    behind(ctx.position, 100, -3)
        line 2, column 3: behind() takes a distance of at least 0; got -3
    to_tick(ctx.position, true)
        line 2, column 3: to_tick() takes a number as price; got true
    to_tick(ctx.position, 0)
        line 2, column 3: 0 is not above zero, so it is no price
    ctx.bar.close + "a"
        line 2, column 17: `+` does not work between a decimal and a text
    ctx.bar.close > ()
        line 2, column 17: `>` cannot compare the number 103.00 with nothing
    ctx.bar + 1
        line 2, column 11: `+` does not work between bar and a whole number
    ctx.bars[-1]
        line 2, column 11: bars[-1]: count back from 0, the candle that just closed
    ctx.bars[1.5]
        line 2, column 11: bars[1.5]: candles are counted in whole numbers
    ctx.bars["x"]
        line 2, column 11: bars has no `x`; it has len
    if ctx.bar.close { keep() }
        line 2, column 9: expected true or false, got a decimal
    for x in 3 { } keep()
        REFUSED expecting an iterable value, not a number
    ctx.bar.close = 5; keep()
        line 2, column 11: `close` cannot be changed
    let m = #{}; m.missing
        line 2, column 18: the map has no `missing`
    [1, 2][7]
        line 2, column 10: the list has 2 items; there is no [7]
    9223372036854775807 + 1
        line 2, column 23: addition overflow: 9223372036854775807 + 1
    79228162514264337593543950335.0 * 10
        line 2, column 35: multiplication overflow: 79228162514264337593543950335 * 10
    "#);
}

#[test]
fn answers_that_are_none_say_what_came_and_what_is_allowed() {
    insta::assert_snapshot!(told(&[
        "let x = 1;",
        "true",
        "\"101\"",
        "ctx.bar",
        "enter(\"x\")",
        "wait()",
        "0",
        "-1.5",
        "move_stop(0)",
        "[101, \"x\"]",
        "[[101]]",
        "#{}",
    ]), @r#"
    let x = 1;
        trail returned nothing; a trailing rule answers keep(), a price, move_stop(price), exit_now(why), or a list of these
    true
        trail returned true; a trailing rule answers keep(), a price, move_stop(price), exit_now(why), or a list of these
    "101"
        trail returned the text "101"; a trailing rule answers keep(), a price, move_stop(price), exit_now(why), or a list of these
    ctx.bar
        trail returned a bar; a trailing rule answers keep(), a price, move_stop(price), exit_now(why), or a list of these
    enter("x")
        trail returned enter(); a trailing rule answers keep(), a price, move_stop(price), exit_now(why), or a list of these
    wait()
        trail returned wait(); a trailing rule answers keep(), a price, move_stop(price), exit_now(why), or a list of these
    0
        trail returned the number 0: 0 is not above zero, so it is no price; a trailing rule answers keep(), a price, move_stop(price), exit_now(why), or a list of these
    -1.5
        trail returned the number -1.5: -1.5 is not above zero, so it is no price; a trailing rule answers keep(), a price, move_stop(price), exit_now(why), or a list of these
    move_stop(0)
        line 2, column 3: 0 is not above zero, so it is no price
    [101, "x"]
        trail returned a list with the text "x"; a trailing rule answers keep(), a price, move_stop(price), exit_now(why), or a list of these
    [[101]]
        trail returned a list with a list; a trailing rule answers keep(), a price, move_stop(price), exit_now(why), or a list of these
    #{}
        trail returned a map; a trailing rule answers keep(), a price, move_stop(price), exit_now(why), or a list of these
    "#);
    let (mut host, _folder) = host_with(&[("probe.rhai", "fn entry(ctx) { 101 }")]);
    let plan = enters(Direction::Long, "probe", "");
    insta::assert_snapshot!(play_entry(&mut host, &plan, "99"), @"99.00    FAULT rule probe, entry: entry returned the number 101; an entry rule answers wait(), enter(why) or cancel(why)");
}

#[test]
fn sources_that_do_not_compile_say_where() {
    insta::assert_snapshot!(told(&[
        "keep(",
        "let = 5;",
        "1 +",
        "eval(\"1\")",
        "Fn(\"keep\")",
        "import \"x\" as x;",
        "let f = || ctx; f.call()",
        "\"open",
        "debug(1)",
        "1.2.3",
        "§",
    ]), @r#"
    keep(
        REFUSED unexpected '}'
    let = 5;
        REFUSED expecting name of a variable
    1 +
        REFUSED unexpected '}'
    eval("1")
        REFUSED `eval` is not part of the rule language
    Fn("keep")
        REFUSED `Fn` is not part of the rule language
    import "x" as x;
        REFUSED `import` is not part of the rule language
    let f = || ctx; f.call()
        REFUSED unknown name `ctx`
    "open
        REFUSED open string is not terminated
    debug(1)
        REFUSED `debug` is not part of the rule language
    1.2.3
        REFUSED expecting name of a property
    §
        REFUSED unexpected '§'
    "#);
}

#[test]
fn entry_has_no_position() {
    let (mut host, _folder) =
        host_with(&[("probe.rhai", "fn entry(ctx) { enter(`${ctx.position.entry}`) }")]);
    insta::assert_snapshot!(play_entry(&mut host, &enters(Direction::Long, "probe", ""), "99"), @"99.00    FAULT rule probe, entry: line 1, column 30: there is no position before the entry; ctx.position is for fn trail(ctx)");
}

#[test]
fn an_input_inside_a_hook_is_a_fault() {
    insta::assert_snapshot!(told(&["input(\"late\", 1); keep()"]), @r#"
    input("late", 1); keep()
        input() stands at the top of the file, not in a hook
    "#);
}

#[test]
fn declarations_that_contradict_themselves_are_refused() {
    let declared = |line: &str| {
        let (mut host, _folder) =
            host_with(&[("probe.rhai", &format!("{line}\nfn trail(ctx) {{ keep() }}"))]);
        let told: Vec<String> = host
            .refresh()
            .iter()
            .map(|problem| {
                format!("{} {}:{} {}", problem.code, problem.line, problem.column, problem.message)
            })
            .collect();
        format!("{line}\n    {}", told.join(" / "))
    };
    let all = [
        "input(\"Mult\", 1);",
        "input(\"mult\", 1, #{ mni: 2 });",
        "input(\"mult\", 1, #{ min: 2 });",
        "input(\"mult\", \"a\", #{ min: 2 });",
        "input(\"mult\", (), #{ type: \"float\" });",
        "input(\"mult\", 1.5, #{ type: \"whole\" });",
        "input(\"mult\", [1]);",
        "input(\"mult\", 1); input(\"mult\", 2);",
        "input(\"mult\", 1); input(\"other\", 2, #{ alias: \"mult\" });",
        "input(1);",
        "input(\"mult\", 1, #{ min: \"a\" });",
        "throw \"no\";",
    ];
    insta::assert_snapshot!(all.map(declared).join("\n"), @r#"
    input("Mult", 1);
        R104 1:1 input "Mult": a parameter's name is lower case letters, digits and _
    input("mult", 1, #{ mni: 2 });
        R104 1:1 input "mult": unknown option `mni`; did you mean `min`?
    input("mult", 1, #{ min: 2 });
        R104 1:1 input "mult": the default is out of range: 1 is below 2
    input("mult", "a", #{ min: 2 });
        R104 1:1 input "mult": min and max are for numbers; say type: "number" or "whole"
    input("mult", (), #{ type: "float" });
        R104 1:1 input "mult": unknown type "float"; there are number, whole, text and flag
    input("mult", 1.5, #{ type: "whole" });
        R104 1:1 input "mult": type "whole" with the default the number 1.5
    input("mult", [1]);
        R104 1:1 input "mult": no parameter can default to a list
    input("mult", 1); input("mult", 2);
        R104 1:19 input "mult" is declared twice
    input("mult", 1); input("other", 2, #{ alias: "mult" });
        R104 1:19 input "mult" is declared twice
    input(1);
        R104 1:1 input() cannot be called with a whole number
    input("mult", 1, #{ min: "a" });
        R104 1:1 input "mult": min and max are numbers, not the text "a"
    throw "no";
        R104 1:1 no
    "#);
}

/// Which limit strikes first is the machine's affair.
#[test]
fn a_file_whose_top_level_never_ends_is_refused() {
    let told = trail_once("loop {}\nfn trail(ctx) { keep() }");
    assert!(told.starts_with("REFUSED stopped after"), "{told}");
}

#[test]
fn a_rule_without_a_hook_is_refused() {
    assert_eq!(trail_once("fn trial(ctx) { keep() }"), "REFUSED the rule has no hook");
    assert_eq!(trail_once("fn trail() { keep() }"), "REFUSED the rule has no hook");
}
