//! The folder of rules: new ones, better ones, broken ones.

use super::*;
use crate::domain::plan::{Problem, Severity};
use crate::script::shelf::Shelf;
use crate::script::thread::RuleThread;

const LONG: Direction = Direction::Long;

fn says(text: &str) -> String {
    format!("fn entry(ctx) {{ enter(\"{text}\") }}\nfn trail(ctx) {{ exit_now(\"{text}\") }}\n")
}

fn asked(host: &mut Host, rule: &str) -> String {
    play_entry(host, &enters(LONG, rule, ""), "101").trim().trim_start_matches("101.00   ").to_owned()
}

fn problems(problems: &[Problem]) -> String {
    let name = |file: &str| Path::new(file).file_name().map(|n| n.to_string_lossy().into_owned());
    let one = |problem: &Problem| {
        let severity = problem.severity.word();
        let file = name(&problem.file).unwrap_or_default();
        let help = problem.help.clone().unwrap_or_default();
        format!(
            "{severity} {} {file}:{}:{} {}\n  {help}",
            problem.code, problem.line, problem.column, problem.message
        )
    };
    problems.iter().map(one).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_file_adds_a_rule_and_one_of_a_built_in_name_takes_its_place() {
    let (mut host, folder) =
        host_with(&[("own.rhai", &says("mine")), ("close_above.rhai", &says("override"))]);
    assert_eq!(host.refresh(), []);
    assert_eq!(asked(&mut host, "own"), "ENTER mine");
    assert_eq!(asked(&mut host, "close_above"), "ENTER override");
    std::fs::remove_file(folder.path().join("close_above.rhai")).expect("removed");
    assert_eq!(host.refresh().len(), 1, "told once");
    assert_eq!(host.refresh(), []);
    assert_eq!(asked(&mut host, "close_above"), "ENTER close 101.00 above 100.00");
}

/// Truth 9: last good wins.
#[test]
fn a_saved_change_takes_effect_and_a_broken_save_keeps_the_old_version() {
    let (mut host, folder) = host_with(&[("own.rhai", &says("first"))]);
    save(folder.path(), "own.rhai", &says("second"));
    assert_eq!(asked(&mut host, "own"), "ENTER first", "nothing changes by itself");
    assert_eq!(host.refresh(), []);
    assert_eq!(asked(&mut host, "own"), "ENTER second");

    save(folder.path(), "own.rhai", "fn entry(ctx) {\n    let level = 5;\n    enter(levle)\n}\n");
    insta::assert_snapshot!(problems(&host.refresh()), @"
    error R104 own.rhai:3:11 unknown name `levle`
      did you mean `level`?; the last good version stays in use
    ");
    assert_eq!(problems(&host.refresh()), problems(&host.refresh()), "a standing problem is told every time");
    assert_eq!(asked(&mut host, "own"), "ENTER second");
    assert_eq!(host.check(&enters(LONG, "own", "")), []);

    save(folder.path(), "own.rhai", &says("third"));
    assert_eq!(host.refresh(), []);
    assert_eq!(asked(&mut host, "own"), "ENTER third");
}

#[test]
fn a_problem_is_shown_in_its_source() {
    let (mut host, folder) =
        host_with(&[("own.rhai", "fn entry(ctx) {\n    let level = 5;\n    enter(levle)\n}\n")]);
    let told = host.refresh();
    let rendered = told[0].rendered.replace(&folder.path().display().to_string(), "scripts");
    insta::assert_snapshot!(rendered, @"
    error[R104]: unknown name `levle`
     --> scripts/own.rhai:3:11
      |
    3 |     enter(levle)
      |           ^^^^^
      |
      = help: did you mean `level`?
    ");
}

#[test]
fn a_file_that_never_compiled_is_no_rule_even_under_a_built_in_name() {
    let (mut host, _folder) = host_with(&[("close_above.rhai", "fn entry(ctx) { eval(\"1\") }")]);
    assert_eq!(host.refresh().len(), 1);
    insta::assert_snapshot!(problem_words(&host.check(&enters(LONG, "close_above", ""))), @"R203 Entry at close_above.rhai:1:17: the rule `close_above` does not compile: `eval` is not part of the rule language");
    insta::assert_snapshot!(asked(&mut host, "close_above"), @"FAULT rule close_above, entry: there is no working rule of that name");
}

#[test]
fn a_deleted_rule_goes_on_for_plans_that_run_and_is_unknown_to_new_ones() {
    let (mut host, folder) = host_with(&[("own.rhai", &says("mine"))]);
    std::fs::remove_file(folder.path().join("own.rhai")).expect("removed");
    insta::assert_snapshot!(problems(&host.refresh()), @"
    warning R105 own.rhai:0:0 the file of the rule `own` is gone
      plans that run it keep its last version until prusik stops; new ones can't use it
    ");
    assert_eq!(asked(&mut host, "own"), "ENTER mine");
    assert_eq!(host.check(&enters(LONG, "own", ""))[0].code, "R201");
    save(folder.path(), "own.rhai", &says("back"));
    assert_eq!(host.refresh(), []);
    assert_eq!(asked(&mut host, "own"), "ENTER back");
}

#[test]
fn an_unchanged_file_is_not_compiled_again() {
    let folder = tempfile::tempdir().expect("a folder");
    save(folder.path(), "own.rhai", &says("mine"));
    let thread = RuleThread::start(crate::script::sandbox::engine).expect("a thread");
    let mut shelf = Shelf::built_in(&thread).map_err(|(name, _)| name).expect("built-in rules");
    let rule = |shelf: &Shelf| shelf.offer("own").ok().cloned().expect("a rule");
    shelf.refresh(&thread, folder.path());
    let first = rule(&shelf);
    shelf.refresh(&thread, folder.path());
    assert!(std::sync::Arc::ptr_eq(&first, &rule(&shelf)));
    save(folder.path(), "own.rhai", &says("other"));
    shelf.refresh(&thread, folder.path());
    assert!(!std::sync::Arc::ptr_eq(&first, &rule(&shelf)));
}

#[test]
fn files_that_are_no_rules_are_left_alone() {
    let (mut host, folder) = host_with(&[("notes.txt", "x"), (".draft.rhai", "x"), ("own.rhai~", "x")]);
    std::fs::create_dir(folder.path().join("lib")).expect("a folder");
    assert_eq!(host.refresh(), []);
}

#[test]
fn a_folder_that_is_not_there_is_empty() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut host = Host::start(Some(folder.path().join("scripts"))).expect("the sandbox holds");
    assert_eq!(host.refresh(), []);
    std::fs::create_dir(folder.path().join("scripts")).expect("a folder");
    save(&folder.path().join("scripts"), "own.rhai", &says("late"));
    assert_eq!(host.refresh(), []);
    assert_eq!(asked(&mut host, "own"), "ENTER late");
}

#[test]
#[cfg(unix)]
fn files_that_cannot_be_trusted_are_refused() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (mut host, folder) = host_with(&[("Big Name.rhai", &says("x")), ("open.rhai", &says("x"))]);
    let path = |name: &str| folder.path().join(name);
    symlink("/etc/hostname", path("link.rhai")).expect("a link");
    std::fs::create_dir(path("folder.rhai")).expect("a folder");
    std::fs::write(path("latin.rhai"), b"// caf\xe9\nfn trail(ctx) { keep() }").expect("a file");
    std::fs::write(path("large.rhai"), "1;".repeat(33 * 1024)).expect("a file");
    save(folder.path(), "turned.rhai", "// \u{202e}\nfn trail(ctx) { keep() }");
    std::fs::set_permissions(path("open.rhai"), PermissionsExt::from_mode(0o666)).expect("permissions");
    insta::assert_snapshot!(problems(&host.refresh()), @"
    error R102 Big Name.rhai:0:0 `Big Name.rhai` is no name for a rule
      name it with lower case letters, digits, - and _, at most 64 characters
    error R102 folder.rhai:0:0 this rule is no plain file
      put the file itself into the folder
    error R103 large.rhai:0:0 the rule is larger than 64 KiB
      split it into several rules
    error R103 latin.rhai:0:0 the rule is not UTF-8 text
      save it with the encoding UTF-8
    error R102 link.rhai:0:0 this rule is a link
      put the file itself into the folder
    error R102 open.rhai:0:0 everybody on this machine may write this rule
      take the permission away: chmod o-w; the last good version stays in use
    error R103 turned.rhai:0:0 the rule has invisible characters that change the direction of text
      such text reads otherwise than it runs; remove them
    ");
    let told = host.refresh();
    assert!(told.iter().all(|problem| problem.severity == Severity::Error));
}

/// Truth 9: last good wins, also over a version that compiles and fails the plans that run.
#[test]
fn a_version_that_fails_a_running_plan_does_not_take_effect_until_it_is_mended() {
    let (mut host, folder) = host_with(&[("own.rhai", &says("first"))]);
    let plan = enters(LONG, "own", "");
    save(folder.path(), "own.rhai", "fn entry(ctx) { loop {} }\nfn trail(ctx) { keep() }\n");
    insta::assert_snapshot!(problems(&host.refresh_for(&[&plan])), @"
    error R106 own.rhai:0:0 the new version of the rule `own` fails plan STORY: the rule `own` fails in the dry run: stopped after 100000 operations
      the last good version stays in use; mend the file, and it is tried again
    ");
    assert_eq!(asked(&mut host, "own"), "ENTER first");
    assert_eq!(host.refresh_for(&[&plan]).len(), 1, "a standing problem is told every time");

    save(folder.path(), "own.rhai", &says("third"));
    insta::assert_snapshot!(problems(&host.refresh_for(&[&plan])), @"
    note R107 own.rhai:0:0 the rule `own` changed: the new version decides from the next candle on
    ");
    assert_eq!(asked(&mut host, "own"), "ENTER third");
    assert_eq!(host.refresh_for(&[&plan]), [], "the change is told once");
}

/// Truth 9: a broken file over a built-in rule that is in use.
#[test]
fn a_broken_file_over_a_built_in_rule_leaves_the_plans_that_run_it_alone() {
    let (mut host, folder) = host_with(&[]);
    let plan = enters(LONG, "close_above", "");
    save(folder.path(), "close_above.rhai", "fn entry(ctx) {");
    assert_eq!(host.refresh_for(&[&plan]).len(), 1);
    assert_eq!(asked(&mut host, "close_above"), "ENTER close 101.00 above 100.00");
    save(folder.path(), "close_above.rhai", "fn entry(ctx) { loop {} }");
    assert_eq!(host.refresh_for(&[&plan]).len(), 1);
    assert_eq!(asked(&mut host, "close_above"), "ENTER close 101.00 above 100.00");
}
