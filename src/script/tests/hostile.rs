//! Scripts that mean harm, or are merely wrong in the worst way. Each is contained: it ends as a fault or as a harmless
//! answer, the resting stop is not touched by it, and the next call works. (Truth 8: contained.)

use std::sync::Arc;

use super::*;
use crate::script::sandbox;
use crate::script::thread::{Lost, RuleThread};

/// Bodies of a trailing hook, and what each ends as.
const HOSTILE: [(&str, &str); 64] = [
    // Without end.
    ("loop {}", "stopped after"),
    ("while true { let x = 1; }", "stopped after"),
    ("do { } until false", "stopped after"),
    ("for i in 0..9223372036854775807 { }", "stopped after"),
    ("let i = 0; while i < 1000000000 { i += 1; }", "stopped after"),
    ("loop { try { loop {} } catch { } }", "stopped after"),
    ("try { loop {} } catch (e) { keep() }", "stopped after"),
    ("f(1)", "levels deep"),
    ("g(1)", "levels deep"),
    ("[1].map(|x| f(x))", "levels deep"),
    ("let a = [3, 2, 1]; a.sort(|x, y| { loop {} }); keep()", "stopped after"),
    ("let a = [3, 2, 1]; for i in 0..9 { a.sort(|x, y| f(x)); } keep()", "levels deep"),
    ("let a = []; for i in 0..1000 { a.push(i); } loop { a.filter(|x| x > 5); }", "stopped after"),
    ("let a = []; for i in 0..1000 { a.push(i); } loop { a == a; }", "stopped after"),
    ("let s = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"; loop { s == `${s}`; }", "stopped after"),
    // Without measure.
    ("let s = \"x\"; loop { s += s; }", "too large"),
    ("let s = \"\"; loop { s = `${s}xxxxxxxxxxxxxxxxxxxxx`; }", "too large"),
    ("let a = []; loop { a.push(1); }", "too large|stopped after"),
    ("let a = [1]; loop { a += a; }", "too large"),
    ("let a = [[1]]; loop { a = [a, a]; }", "too large|stopped after|deep"),
    ("let m = #{}; let i = 0; loop { m[`k${i}`] = i; i += 1; }", "too large|stopped after"),
    ("let m = #{}; loop { m = #{ a: m, b: m }; }", "too large|stopped after|deep"),
    ("let a = []; loop { a = [a]; }", "too large|stopped after|deep"),
    ("let m = #{}; loop { m = #{ m: m }; }", "too large|stopped after|deep"),
    ("let a = []; loop { a.push(a); }", "too large|stopped after"),
    ("let m = #{}; loop { m[\"a\"] = m; }", "too large|stopped after"),
    (
        "let s = \"\"; for i in 0..200 { s += \"x\"; } let a = []; loop { a.push(s + s); }",
        "too large|stopped after",
    ),
    ("let a = [1, 2, 3]; a.dedup(|x, y| f(x)); keep()", "not part of the rule language"),
    ("let a = []; a.pad(100000000, 1); keep()", "not part of the rule language"),
    ("let a = []; a.pad(6148914691236517206, [1, 1]); keep()", "not part of the rule language"),
    ("let a = [1]; a.insert(9223372036854775807, 1); a[-9223372036854775808]", "there is no|bounds"),
    ("let a = [1, 2, 3]; a.splice(-9223372036854775808, 9223372036854775807, [1]); keep()", "|keep"),
    ("let a = [1, 2, 3]; a.extract(-9223372036854775808..9223372036854775807); keep()", "|keep"),
    ("let a = [1]; a.chop(-9223372036854775808); a.truncate(-1); keep()", "|keep"),
    ("for i in 0..200 { ctx.log(`${i}`); } keep()", "|keep"),
    ("for i in 0..2000 { print(\"spam\"); } keep()", "|keep"),
    ("throw [1, 2, #{ a: \"x\" }]", "FAULT"),
    ("let a = []; for i in 0..1024 { a.push(1); } a", "|stop 1 + stop 1"),
    // Numbers at their ends.
    ("9223372036854775807 + 1", "overflow"),
    ("-9223372036854775808 - 1", "overflow|malformed"),
    ("9223372036854775807 * 2", "overflow"),
    ("(-9223372036854775807 - 1) / -1", "no result"),
    ("abs(-9223372036854775807 - 1)", "overflow"),
    ("1 % 0", "zero"),
    ("1.0 / 0.0", "zero"),
    ("79228162514264337593543950335.0 + 79228162514264337593543950335.0", "overflow"),
    ("2 ** 9223372036854775807", "overflow|too large|power"),
    ("(-10.5) ** 0.5", "FAULT"),
    ("10.5 ** 1000000.0", "FAULT"),
    ("tan(3.14159265358979323846264338 / 2)", "not part of the rule language"),
    ("sqrt(-1.5)", "FAULT"),
    ("ln(0.0)", "FAULT"),
    ("exp(1000000.0)", "FAULT"),
    ("1 << 64; 1 >> 9223372036854775807; keep()", "|keep|FAULT"),
    // Ways out.
    ("eval(\"1\")", "not part of the rule language"),
    ("sleep(100000)", "unknown function `sleep`"),
    ("exit(42)", "unknown function `exit`"),
    ("import \"/etc/passwd\" as x;", "not part of the rule language"),
    ("Fn(\"f\").call(1)", "not part of the rule language"),
    ("curry(1)", "not part of the rule language"),
    ("timestamp()", "unknown function `timestamp`"),
    ("parse_json(\"{}\")", "unknown function `parse_json`"),
    ("ctx.position.stop = 1; keep()", "cannot be changed"),
    ("let p = ctx.position; p = 5; this", "FAULT|REFUSED"),
];

#[test]
fn every_hostile_hook_is_contained_and_the_next_call_works() {
    let helpers = "fn f(x) { f(x + 1) }\nfn g(x) { h(x) }\nfn h(x) { g(x) }\n";
    let (mut host, folder) = host_with(&[]);
    let mut surprises = Vec::new();
    for (body, expected) in HOSTILE {
        let source = format!("{helpers}fn trail(ctx) {{ {body} }}");
        save(folder.path(), "hostile.rhai", &source);
        save(folder.path(), "good.rhai", "fn trail(ctx) { 102.5 }");
        let broken: Vec<String> =
            host.refresh().iter().map(|problem| format!("REFUSED {}", problem.message)).collect();
        let told = match broken.first() {
            Some(refused) => refused.clone(),
            None => {
                let plan = trails(Direction::Long, "hostile", "");
                play_trail(&mut host, &plan, "100", "104/99/103").replace("103.00   ", "|")
            }
        };
        let as_expected = expected.split('|').filter(|word| !word.is_empty()).any(|word| told.contains(word));
        if !as_expected {
            surprises.push(format!(
                "{body}
    {told}"
            ));
        }
        let next = play_trail(&mut host, &trails(Direction::Long, "good", ""), "100", "104/99/103");
        assert_eq!(next.trim(), "103.00   stop 102.5", "after {body}");
        // The next one starts without a good version to fall back on.
        std::fs::remove_file(folder.path().join("hostile.rhai")).expect("removed");
        host = Host::start(Some(folder.path().to_owned())).expect("the sandbox holds");
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

#[test]
fn every_limit_is_set() {
    let engine = sandbox::engine(&Arc::new(crate::script::thread::Turn::default()));
    assert_eq!(engine.max_operations(), 100_000);
    assert_eq!(engine.max_call_levels(), 16);
    assert_eq!((engine.max_expr_depth(), engine.max_function_expr_depth()), (32, 24));
    assert_eq!(engine.max_string_size(), 256);
    assert_eq!(engine.max_array_size(), 1_024);
    assert_eq!(engine.max_map_size(), 128);
    assert_eq!(engine.max_variables(), 64);
    assert_eq!(engine.max_functions(), 32);
    assert!(engine.strict_variables() && engine.fail_on_invalid_map_property());
    let deep = |levels: u32| {
        trail_once(&format!(
            "fn down(n) {{ if n == 0 {{ 101 }} else {{ down(n - 1) }} }} fn trail(ctx) {{ down({levels}) }}"
        ))
    };
    assert_eq!(deep(12), "103.00   stop 101");
    assert!(deep(16).contains("levels deep"));
}

#[test]
fn sources_made_to_break_the_parser_are_refused() {
    let many = |text: &str, count: usize| text.repeat(count);
    let sources = [
        format!("fn trail(ctx) {{ {}1{} }}", many("(", 20_000), many(")", 20_000)),
        format!("fn trail(ctx) {{ 1{} }}", many("+1", 20_000)),
        format!("fn trail(ctx) {{ ctx{} }}", many(".a", 20_000)),
        format!("fn trail(ctx) {{ ctx{} }}", many("[0]", 15_000)),
        format!("fn trail(ctx) {{ {} }}", many("-", 60_000)),
        format!("fn trail(ctx) {{ {}{} }}", many("if true {", 5_000), many("}", 5_000)),
        format!("fn trail(ctx) {{ {}{} }}", many("{", 20_000), many("}", 20_000)),
        format!("fn trail(ctx) {{ {}{} }}", many("[", 20_000), many("]", 20_000)),
        format!("fn trail(ctx) {{ {}1{} }}", many("#{a:", 10_000), many("}", 10_000)),
        format!("fn trail(ctx) {{ {}1 }}", many("|| ", 15_000)),
        format!("fn trail(ctx) {{ {}1 }}", many("() ?? ", 10_000)),
        format!("fn trail(ctx) {{ \"{}\" }}", many("x", 60_000)),
        format!("fn trail(ctx) {{ {} }}", many("`${", 15_000)),
        many("fn f(a) { 1 }\n", 4_000),
        (0..40).map(|n| format!("fn f{n}(a) {{ 1 }}\n")).collect(),
        format!("fn trail(ctx) {{ {} }}", (0..70).map(|n| format!("let v{n} = 1;")).collect::<String>()),
        format!("/*{}", many("/*", 30_000)),
        many("1;", 40_000),
        "\0\u{1}\u{2}".into(),
    ];
    for source in sources {
        let told = trail_once(&source);
        let shown: String = source.chars().take(40).collect();
        assert!(told.starts_with("REFUSED") || told.contains("FAULT"), "{shown}: {told}");
    }
}

#[test]
fn a_native_that_panics_costs_one_call() {
    let thread = RuleThread::start(|turn| {
        let mut engine = sandbox::engine(turn);
        engine.register_fn("boom", || -> i64 { panic!("out of the blue") });
        engine
    })
    .expect("a thread");
    for _ in 0..3 {
        let lost = thread.run(|engine, _| engine.eval::<i64>("boom()").map_err(|error| error.to_string()));
        assert_eq!(lost, Err(Lost::Panicked("out of the blue".into())));
        let next = thread.run(|engine, _| engine.eval::<i64>("40 + 2").map_err(|error| error.to_string()));
        assert_eq!(next, Ok(Ok(42)));
    }
}

#[test]
fn a_native_that_hangs_costs_one_thread_and_the_next_call_works() {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = Arc::new(std::sync::Mutex::new(held));
    let thread = RuleThread::start(move |turn| {
        let mut engine = sandbox::engine(turn);
        let held = Arc::clone(&held);
        engine.register_fn("hang", move || held.lock().is_ok_and(|held| held.recv().is_ok()));
        engine
    })
    .expect("a thread")
    .with_patience(std::time::Duration::from_millis(20));
    let lost = thread.run(|engine, _| engine.eval::<bool>("hang()").map_err(|error| error.to_string()));
    assert_eq!(lost, Err(Lost::Hung));
    let thread = thread.with_patience(std::time::Duration::from_secs(60));
    let next = thread.run(|engine, _| engine.eval::<i64>("40 + 2").map_err(|error| error.to_string()));
    assert_eq!(next, Ok(Ok(42)));
    drop(release);
}

#[test]
fn a_deadline_that_passed_counts_even_where_the_script_returned() {
    let thread = RuleThread::start(sandbox::engine).expect("a thread");
    let told = thread.run(|engine, turn| {
        turn.begin(std::time::Duration::ZERO);
        let result = engine.eval::<i64>("let x = 0; for i in 0..1000 { x += i; } x");
        (result.is_err(), turn.end().stop)
    });
    assert_eq!(told, Ok((true, Some(crate::script::thread::Stop::Deadline))));
}

#[test]
#[cfg(unix)]
fn a_machine_that_is_busy_with_others_is_not_held_against_a_rule() {
    let thread = RuleThread::start(sandbox::engine).expect("a thread");
    let told = thread.run(|engine, turn| {
        turn.begin(sandbox::DEADLINE);
        // The thread is not run for longer than a rule may take, as on a machine with too much to do.
        std::thread::sleep(2 * sandbox::DEADLINE);
        let result = engine.eval::<i64>("let x = 0; for i in 0..100 { x += i; } x");
        (result.ok(), turn.end().stop)
    });
    assert_eq!(told, Ok((Some(4950), None)));
}

#[test]
fn a_sandbox_that_does_not_hold_is_found_at_the_start() {
    let broken: [fn(&mut rhai::Engine); 4] = [
        |engine| {
            engine.register_fn("sleep", |_: i64| ());
        },
        |engine| {
            engine.register_fn("timestamp", || 1_i64);
        },
        |engine| {
            engine.on_progress(|_| None);
            engine.set_max_operations(0);
            engine.on_progress(|operations| (operations > 10_000_000).then(|| "test".into()));
            engine.register_fn("parse_json", |_: &str| ());
        },
        |engine| {
            engine.set_fast_operators(true);
        },
    ];
    for spoil in broken {
        let thread = RuleThread::start(move |turn| {
            let mut engine = sandbox::engine(turn);
            spoil(&mut engine);
            engine
        })
        .expect("a thread");
        let verdict = thread.run(sandbox::self_test).expect("an answer");
        assert!(verdict.is_err());
    }
    let thread = RuleThread::start(sandbox::engine).expect("a thread");
    assert_eq!(thread.run(sandbox::self_test), Ok(Ok(())));
}

#[test]
fn plans_ask_from_several_threads_one_after_the_other() {
    let host = Arc::new(host());
    let plan = plan(Direction::Long);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(host.check(&plan), []));
        }
    });
}
