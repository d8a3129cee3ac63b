//! `prusik check`.

use std::path::Path;

use insta::assert_snapshot;
use serde_json::json;

use super::prusik::{Dir, command, plan, prusik, told};

const WRONG_SIDE: &str = "\
plan_id: AAPL_20250815_001
symbol: AAPL
entry_level: 180.50
stop_loss: 187.00
take_profit: 195.00
risk_category: normal
entry_function: { function_type: close_above, timeframe: 15min }
exit_function: { function_type: trailing_stop, timeframe: 5min, parameters: { trail_percent: 2.0 } }
";

#[test]
fn every_plan_of_the_repository_and_every_example_of_init_is_good() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["plans", "examples/spy/plans"];
    let told = told(command(["check", folders[0], folders[1], "--json"]).current_dir(root));
    assert_eq!(told.code, 0, "{}", told.out);
    let document = told.json();
    let files: usize =
        folders.iter().map(|folder| std::fs::read_dir(root.join(folder)).expect("plans").count()).sum();
    assert!(files >= 3);
    assert_eq!(document["plans"].as_array().map(Vec::len), Some(files));
    assert_eq!(document["problems"], json!([]));

    let dir = Dir::new();
    assert_eq!(dir.prusik(["init"]).code, 0);
    let told = dir.prusik(["check"]);
    assert_eq!((told.code, told.out.as_str(), told.err.as_str()), (0, "ok: 2 good plans, no problems\n", ""));
    let document = dir.prusik(["check", "--json"]).json();
    let plans = json!([
        { "plan_id": "AAPL_20250815_001", "file": "plans/aapl.yaml" },
        { "plan_id": "MSFT_SHORT_001", "file": "plans/msft.yaml" },
    ]);
    assert_eq!(document, json!({ "schema": 1, "plans": plans, "problems": [] }));
}

#[test]
fn a_bad_plan_is_shown_where_it_is_wrong() {
    let dir = Dir::with_plans(&[("aapl.yaml", WRONG_SIDE), ("xyz.yaml", &plan("XYZ_1", "1"))]);
    let told = dir.prusik(["check"]);
    assert_eq!((told.code, told.err.as_str()), (78, ""));
    assert_snapshot!(told.out, @r"
    error[P101]: stop_loss and take_profit are on the same side of entry_level
     --> plans/aapl.yaml:4:12
    4 | stop_loss: 187.00
      |            ^^^^^^ 6.50 above entry_level 180.50
    5 | take_profit: 195.00
      |              ------ 14.50 above it
      = help: for a long plan put the stop below 180.50; for a short plan put the target below it

    1 good plan, 1 error(s), 0 remark(s)
    ");
    let told = dir.prusik(["check", "--json"]);
    assert_eq!(told.code, 78);
    assert_eq!(
        told.json(),
        json!({
            "schema": 1,
            "plans": [{ "plan_id": "XYZ_1", "file": "plans/xyz.yaml" }],
            "problems": [{
                "code": "P101", "severity": "error", "file": "plans/aapl.yaml", "line": 4, "column": 12,
                "message": "stop_loss and take_profit are on the same side of entry_level",
                "help": "for a long plan put the stop below 180.50; for a short plan put the target below it",
            }],
        })
    );
}

#[test]
fn plans_rules_and_the_configuration_are_all_told_at_once() {
    let dir = Dir::with_plans(&[
        ("a.yaml", &plan("A_1", "1").replace("close_above", "close_abvoe")),
        ("b.yaml", &plan("B_1", "1").replace("trail_percent", "trail_percnt")),
        ("c.yaml", &plan("C_1", "1").replace("symbol", "simbol")),
        ("d.yaml", &plan("SAME", "1")),
        ("e.yaml", &plan("SAME", "1")),
    ]);
    dir.write("prusik.yaml", "risk:\n  order_shares: 0\n");
    dir.write("scripts/broken.rhai", "fn entry(ctx) {\n  wait(\n}\n");
    let told = dir.prusik(["check", "--json"]);
    assert_eq!(told.code, 78);
    let document = told.json();
    let problems = document["problems"].as_array().expect("problems");
    let told: Vec<String> = problems
        .iter()
        .map(|problem| format!("{} {} {}", problem["file"], problem["line"], problem["code"]))
        .collect();
    assert_snapshot!(told.join("\n"), @r#"
    "prusik.yaml" 2 "C006"
    "scripts/broken.rhai" 3 "R104"
    "plans/a.yaml" 6 "R201"
    "plans/b.yaml" 10 "R204"
    "plans/c.yaml" 2 "P012"
    "plans/e.yaml" 1 "P041"
    "#);
    assert_eq!(document["plans"], json!([{ "plan_id": "SAME", "file": "plans/d.yaml" }]));
}

#[test]
fn warnings_and_notes_do_not_fail_a_check() {
    let dir = Dir::with_plans(&[("a.yaml", &format!("{}status: active\n", plan("A_1", "1")))]);
    let told = dir.prusik(["check", "--json"]);
    assert_eq!(told.code, 0, "{}", told.out);
    let problem = &told.json()["problems"][0];
    assert_eq!((&problem["severity"], &problem["line"]), (&json!("note"), &json!(11)));

    let mut foreign = dir.command(["check", "--json"]);
    let told = super::prusik::told(foreign.env("PRUSIK_RISK_ORDERSHARES", "1"));
    assert_eq!(told.code, 0);
    let problem = &told.json()["problems"][0];
    let wanted = json!({
        "code": "C009", "severity": "warning", "file": "$PRUSIK_RISK_ORDERSHARES", "line": null, "column": null,
        "message": "this variable is not one of prusik's and has no effect",
        "help": "did you mean PRUSIK_RISK_ORDER_SHARES?",
    });
    assert_eq!(*problem, wanted);
}

#[test]
fn files_and_folders_can_be_named() {
    let dir = Dir::with_plans(&[("good.yaml", &plan("A_1", "1")), ("bad.yml", WRONG_SIDE)]);
    dir.write("prusik.yaml", "riks:\n  order_shares: 1\n");
    dir.write("scripts/good.rhai", "fn trail(ctx) { keep() }\n");
    dir.write("scripts/bad.rhai", "fn trail(ctx) { keep( }\n");
    dir.write("other/copy.yaml", &plan("A_1", "1"));
    let code = |paths: &[&str]| dir.prusik(["check"].iter().chain(paths)).code;
    assert_eq!(code(&["plans/good.yaml"]), 0);
    assert_eq!(code(&["plans/bad.yml"]), 78);
    assert_eq!(code(&["plans"]), 78);
    assert_eq!(code(&["other/"]), 0);
    assert_eq!(code(&["scripts/good.rhai"]), 0);
    assert_eq!(code(&["scripts/bad.rhai"]), 78);
    assert_eq!(code(&["scripts"]), 78);
    assert_eq!(code(&["prusik.yaml"]), 78);
    assert_eq!(code(&["."]), 78);
    // A name may stand in one file only.
    let twice = dir.prusik(["check", "plans/good.yaml", "other/copy.yaml"]);
    assert_eq!(twice.code, 78);
    assert!(twice.out.contains("A_1 is already the plan of plans/good.yaml"), "{}", twice.out);
}

#[test]
fn a_plan_may_use_the_rules_of_the_directory() {
    let dir = Dir::with_plans(&[("a.yaml", &plan("A_1", "1").replace("close_above", "mine"))]);
    assert_eq!(dir.prusik(["check", "plans/a.yaml"]).code, 78);
    dir.write("scripts/mine.rhai", "fn entry(ctx) { wait() }\n");
    assert_eq!(dir.prusik(["check", "plans/a.yaml"]).code, 0);
    let told = prusik(["check".as_ref(), "--dir".as_ref(), dir.path().as_os_str()]);
    assert_eq!(told.code, 0, "{}", told.out);
}

#[test]
fn a_path_that_is_not_there_or_nothing_of_ours_is_a_usage_error() {
    let dir = Dir::with_plans(&[]);
    let told = dir.prusik(["check", "plans/none.yaml"]);
    assert_eq!((told.code, told.out.as_str()), (2, ""));
    assert_snapshot!(told.err, @r"
    error: there is no file or folder plans/none.yaml
      = help: give plans, rules, prusik.yaml, or folders of them
    ");
    dir.write("notes.txt", "");
    assert_eq!(dir.prusik(["check", "notes.txt"]).code, 2);
}

#[test]
fn a_directory_without_plans_is_told_how_to_get_some() {
    let told = Dir::new().prusik(["check"]);
    assert_eq!(told.code, 78);
    assert_snapshot!(told.out, @r"
    error[P042]: there is no folder of plans
     --> plans
      = help: `prusik init DIR` makes one; --dir names another directory

    0 good plans, 1 error(s), 0 remark(s)
    ");
}
