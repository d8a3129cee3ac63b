//! The command line as people and programs meet it: the real binary, its words, its JSON, its exit codes.

#[path = "cli/prusik.rs"]
mod prusik;

#[path = "cli/check.rs"]
mod check;
#[path = "cli/gateway_faults.rs"]
mod gateway_faults;
#[path = "cli/journal.rs"]
mod journal;
#[path = "cli/run.rs"]
mod run;
#[path = "cli/serve.rs"]
mod serve;
#[path = "cli/size.rs"]
mod size;
#[path = "cli/state.rs"]
mod state;

use insta::assert_snapshot;
use prusik::{Dir, command, prusik, told};

#[test]
fn help_and_version_are_answers_and_a_wrong_line_is_a_usage_error() {
    let help = prusik(["--help"]);
    assert_eq!((help.code, help.err.as_str()), (0, ""));
    for word in ["init", "run", "gateway", "check", "size", "orders", "trades", "journal", "Exit codes"] {
        assert!(help.out.contains(word), "the help names {word}");
    }
    for command in ["init", "run", "gateway", "check", "size", "orders", "trades", "journal"] {
        let help = prusik([command, "--help"]);
        assert_eq!(help.code, 0, "{command}");
        assert!(help.out.contains("prusik ") && help.out.contains("--dir"), "{command}: {}", help.out);
    }
    assert_eq!(prusik(["--version"]).out, concat!("prusik ", env!("CARGO_PKG_VERSION"), "\n"));
    for wrong in [&[][..], &["fly"], &["run", "--fast"], &["size", "--account", "1"], &["gateway"]] {
        let told = prusik(wrong);
        assert_eq!((told.code, told.out.as_str()), (2, ""), "{wrong:?}");
        assert!(!told.err.is_empty(), "{wrong:?}");
    }
}

#[test]
fn a_directory_that_is_not_there_is_a_usage_error_everywhere() {
    let size = ["size", "--account", "1000", "--risk", "small", "--entry", "2", "--stop", "1"];
    for words in [&["run"][..], &["check"], &size, &["orders"], &["trades"], &["journal", "verify"]] {
        let told = prusik(words.iter().copied().chain(["--dir", "/nowhere/at/all"]));
        assert_eq!((told.code, told.out.as_str()), (2, ""), "{words:?}");
        let said = "error: /nowhere/at/all does not exist\n  \
                    = help: `prusik init DIR` makes a directory with all that is needed\n";
        assert_eq!(told.err, said);
    }
}

#[test]
fn the_directory_is_that_of_the_flag_or_else_that_of_the_environment() {
    let (flagged, environment) = (Dir::new(), Dir::new());
    flagged.write("prusik.yaml", "risk: { normal_risk_percent: 1 }\n");
    environment.write("prusik.yaml", "risk: { normal_risk_percent: 4 }\n");
    let size = "size --account 1000 --risk normal --entry 2 --stop 1 --json";
    let mut by_environment = command(size.split(' '));
    by_environment.env("PRUSIK_DIR", environment.path());
    assert_eq!(told(&mut by_environment).json()["quantity"], "40");
    assert_eq!(told(by_environment.arg("--dir").arg(flagged.path())).json()["quantity"], "10");
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
    let mut size = command("size --account 1000 --risk normal --entry 2 --stop 1".split(' '));
    let output = size.stdout(full).output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: the answer cannot be written: "));
}

#[test]
fn init_makes_all_that_is_needed_and_overwrites_nothing() {
    let dir = Dir::new();
    let told = dir.prusik(["init", "demo"]);
    assert_eq!((told.code, told.err.as_str()), (0, ""));
    assert_snapshot!(told.out, @r"
    made demo/
    made demo/prusik.yaml
    made demo/plans/
    made demo/plans/aapl.yaml
    made demo/plans/msft.yaml
    made demo/scripts/
    made demo/state/

    Next:
      prusik check --dir demo
      prusik run --dir demo --speed max --exit-at-end    paper trading on bundled bars, no network
      prusik trades --dir demo

    Then drop your own plans into demo/plans/ while it runs.
    ");

    // What a person changed or took away stays changed and away.
    dir.write("demo/prusik.yaml", "risk:\n  normal_risk_percent: 1.5\n");
    std::fs::remove_file(dir.path().join("demo/plans/msft.yaml")).expect("a file to remove");
    let again = dir.prusik(["init", "demo"]);
    assert_eq!((again.code, again.out.lines().next()), (0, Some("kept demo/prusik.yaml")));
    assert_eq!(dir.read("demo/prusik.yaml"), "risk:\n  normal_risk_percent: 1.5\n");
    assert!(!dir.path().join("demo/plans/msft.yaml").exists());
}

#[test]
fn init_puts_the_folders_where_a_configuration_that_is_there_says() {
    let dir = Dir::new();
    dir.write("prusik.yaml", "paths:\n  plans: my/plans\n");
    assert_eq!(dir.prusik(["init"]).code, 0);
    assert!(dir.path().join("my/plans/aapl.yaml").exists() && !dir.path().join("plans").exists());

    dir.write("prusik.yaml", "paths:\n  plan: my/plans\n");
    let refused = dir.prusik(["init"]);
    assert_eq!(refused.code, 78);
    assert!(refused.err.contains("unknown key `plan`"), "{}", refused.err);
}

#[test]
fn init_where_nothing_can_be_made_fails_with_the_place() {
    let dir = Dir::new();
    dir.write("taken", "a file");
    let told = dir.prusik(["init", "taken/demo"]);
    assert_eq!((told.code, told.out.as_str()), (1, ""));
    assert!(told.err.starts_with("error: cannot make taken/demo: "), "{}", told.err);
}
