//! Stories of a folder: what is in force after every look, whatever people and editors do to the files.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;

use super::disk;
use super::folder::{Folder, LOOKS_APART_MIN, Moment, QUIET_WITHOUT_NEWLINE, Reading};

/// A good plan with the name `id` and its stop at `stop`.
fn plan(id: &str, stop: &str) -> String {
    format!(
        "plan_id: {id}
symbol: AAPL
entry_level: 180.50
stop_loss: {stop}
take_profit: 185.00
risk_category: normal
entry_function: {{ function_type: close_above, timeframe: 15min }}
exit_function:
  function_type: trailing_stop
  timeframe: 5min
  parameters: {{ trail_percent: 2.0 }}
"
    )
}

/// Plans as a list in one file.
fn list(plans: &[String]) -> String {
    plans.iter().map(|plan| format!("- {}\n", plan.trim_end().replace('\n', "\n  "))).collect()
}

/// A folder, and a clock that moves when told.
struct Desk {
    dir: TempDir,
    folder: Folder,
    now: Moment,
}

impl Desk {
    fn new() -> Desk {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(dir.path().join("plans"), "plans");
        fs::create_dir(dir.path().join("plans")).expect("made");
        Desk { dir, folder, now: Moment { steady: Instant::now(), wall: SystemTime::now() } }
    }

    /// A desk that has looked at its empty folder.
    fn running() -> Desk {
        let mut desk = Desk::new();
        assert_eq!(desk.look(), "");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("plans").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    fn delete(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("deleted");
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).expect("renamed");
    }

    fn wait(&mut self, time: Duration) {
        self.now = Moment { steady: self.now.steady + time, wall: self.now.wall + time };
    }

    fn read(&mut self) -> Reading {
        self.wait(LOOKS_APART_MIN);
        self.folder.look(self.now)
    }

    /// What is in force, and the codes of all problems.
    fn look(&mut self) -> String {
        told(&self.read())
    }

    /// What is in force once nothing moves.
    fn settle(&mut self) -> String {
        self.look();
        self.look()
    }
}

fn told(reading: &Reading) -> String {
    let plans = reading.plans.values().map(|sourced| {
        let plan = &sourced.plan;
        format!("{} {} ({})", plan.id, plan.stop_loss, sourced.source.file())
    });
    let problems = reading.problems.iter().map(|problem| format!("{} in {}", problem.code, problem.file));
    plans.chain(problems).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_first_look_believes_whole_files_at_once() {
    let mut desk = Desk::new();
    desk.write("a.yaml", &plan("A", "178.00"));
    desk.write("b.yml", &plan("B", "179.00"));
    let reading = desk.read();
    assert_eq!(told(&reading), "A 178.00 (plans/a.yaml), B 179.00 (plans/b.yml)");
    assert_eq!(
        (reading.files, reading.unsettled),
        (vec!["plans/a.yaml".to_owned(), "plans/b.yml".to_owned()], 0)
    );
}

#[test]
fn the_first_look_believes_a_file_without_a_last_newline_only_if_it_is_old() {
    let mut desk = Desk::new();
    desk.write("old.yaml", plan("OLD", "178.00").trim_end());
    desk.write("young.yaml", plan("YOUNG", "178.00").trim_end());
    let old = File::options().write(true).open(desk.path("old.yaml")).expect("opened");
    old.set_modified(desk.now.wall - Duration::from_secs(60)).expect("made old");
    assert_eq!(desk.look(), "OLD 178.00 (plans/old.yaml)");
}

#[test]
fn a_new_file_is_believed_after_two_equal_looks() {
    let mut desk = Desk::running();
    desk.write("a.yaml", &plan("A", "178.00"));
    let reading = desk.read();
    assert_eq!((told(&reading).as_str(), reading.unsettled), ("", 1));
    let reading = desk.read();
    assert_eq!((told(&reading).as_str(), reading.unsettled), ("A 178.00 (plans/a.yaml)", 0));
}

#[test]
fn two_looks_that_are_not_apart_count_as_one() {
    let mut desk = Desk::running();
    desk.write("a.yaml", &plan("A", "178.00"));
    let now = desk.now;
    for _ in 0..3 {
        assert_eq!(told(&desk.folder.look(now)), "");
    }
}

#[test]
fn a_half_written_file_is_never_in_force_wherever_its_writer_is_interrupted() {
    let (old, new) = (plan("A", "178.00"), plan("A", "176.00"));
    for cut in 0..new.len() {
        let mut desk = Desk::new();
        desk.write("a.yaml", &old);
        desk.look();
        desk.write("a.yaml", &new[..cut]);
        assert_eq!(desk.look(), "A 178.00 (plans/a.yaml)", "cut at {cut}");
        desk.write("a.yaml", &new);
        assert_eq!(desk.look(), "A 178.00 (plans/a.yaml)", "cut at {cut}");
        assert_eq!(desk.look(), "A 176.00 (plans/a.yaml)", "cut at {cut}");
    }
}

#[test]
fn seventeen_of_178_is_not_believed_without_its_newline() {
    let mut desk = Desk::running();
    let mut text = plan("A", "178.00");
    // The stop is the last line, so that what is before it is a whole plan.
    text = text.replace("stop_loss: 178.00\n", "") + "stop_loss: 178.00\n";
    desk.write("a.yaml", text.trim_end_matches("8.00\n"));
    let mut passed = Duration::ZERO;
    while passed < QUIET_WITHOUT_NEWLINE {
        assert_eq!(desk.look(), "", "after {passed:?}");
        passed += LOOKS_APART_MIN;
    }
    // Whoever leaves it so for two seconds is taken at his word, with a warning.
    assert_eq!(desk.settle(), "A 17.00 (plans/a.yaml), P110 in plans/a.yaml");
    desk.write("a.yaml", &text);
    assert_eq!(desk.settle(), "A 178.00 (plans/a.yaml)");
}

#[test]
fn an_atomic_rename_replaces_a_plan_after_two_looks() {
    let mut desk = Desk::new();
    desk.write("a.yaml", &plan("A", "178.00"));
    desk.look();
    desk.write(".a.yaml.tmp", &plan("A", "179.00"));
    assert_eq!(desk.settle(), "A 178.00 (plans/a.yaml)", "the temporary file is none of ours");
    desk.rename(".a.yaml.tmp", "a.yaml");
    assert_eq!(desk.look(), "A 178.00 (plans/a.yaml)");
    assert_eq!(desk.look(), "A 179.00 (plans/a.yaml)");
}

#[test]
fn a_deleted_file_is_gone_after_two_looks() {
    let mut desk = Desk::new();
    desk.write("a.yaml", &plan("A", "178.00"));
    desk.look();
    desk.delete("a.yaml");
    let reading = desk.read();
    assert_eq!((told(&reading).as_str(), reading.unsettled), ("A 178.00 (plans/a.yaml)", 1));
    assert_eq!(desk.look(), "");
}

#[test]
fn an_editor_that_moves_the_file_away_while_it_saves_loses_nothing() {
    let mut desk = Desk::new();
    desk.write("a.yaml", &plan("A", "178.00"));
    desk.look();
    desk.rename("a.yaml", "a.yaml~");
    assert_eq!(desk.look(), "A 178.00 (plans/a.yaml)");
    desk.write("a.yaml", &plan("A", "177.00"));
    assert_eq!(desk.look(), "A 178.00 (plans/a.yaml)");
    desk.delete("a.yaml~");
    assert_eq!(desk.look(), "A 177.00 (plans/a.yaml)");
}

#[test]
fn truth_9_a_broken_file_keeps_its_last_good_version() {
    let mut desk = Desk::new();
    desk.write("a.yaml", &plan("A", "178.00"));
    desk.look();
    for broken in [plan("A", "oops"), plan("A", "190.00"), String::new(), "\u{0}\n".into(), "a: [\n".into()] {
        desk.write("a.yaml", &broken);
        let told = desk.settle();
        assert!(told.starts_with("A 178.00 (plans/a.yaml), P"), "{told}");
        assert!(told.ends_with("P044 in plans/a.yaml"), "{told}");
    }
    desk.write("a.yaml", &plan("A", "177.00"));
    assert_eq!(desk.settle(), "A 177.00 (plans/a.yaml)");
    desk.write("a.yaml", &plan("A", "oops"));
    desk.settle();
    desk.delete("a.yaml");
    assert_eq!(desk.settle(), "", "deleting it retires what it kept");
}

#[test]
fn the_good_plans_of_a_new_list_count_and_a_list_that_turns_bad_keeps_all_it_had() {
    let mut desk = Desk::new();
    desk.write("all.yaml", &list(&[plan("A", "178.00"), plan("B", "oops")]));
    assert_eq!(desk.look(), "A 178.00 (plans/all.yaml), P022 in plans/all.yaml");
    desk.write("all.yaml", &list(&[plan("A", "178.00"), plan("B", "178.00")]));
    assert_eq!(desk.settle(), "A 178.00 (plans/all.yaml), B 178.00 (plans/all.yaml)");
    desk.write("all.yaml", &list(&[plan("A", "177.00"), plan("B", "oops"), plan("C", "178.00")]));
    let kept = "A 178.00 (plans/all.yaml), B 178.00 (plans/all.yaml), P022 in plans/all.yaml, P044 in plans/all.yaml";
    assert_eq!(desk.settle(), kept);
}

#[test]
fn of_two_files_with_one_plan_the_earlier_name_wins_at_first() {
    let mut desk = Desk::new();
    desk.write("b.yaml", &plan("A", "177.00"));
    desk.write("a.yaml", &plan("A", "178.00"));
    let reading = desk.read();
    assert_eq!(told(&reading), "A 178.00 (plans/a.yaml), P041 in plans/b.yaml");
    insta::assert_snapshot!(reading.problems[0].rendered, @r"
    error[P041]: A is already the plan of plans/a.yaml
     --> plans/b.yaml:1:10
    1 | plan_id: A
      |          ^ this one is refused
     ::: plans/a.yaml:1:10
    1 | plan_id: A
      |          - this one stays in force
      = help: give the plan a plan_id of its own, or delete one of the two files
    ");
    desk.delete("a.yaml");
    assert_eq!(desk.settle(), "A 177.00 (plans/b.yaml)", "it is the only one now");
}

#[test]
fn a_plan_in_force_is_not_displaced_by_a_file_with_an_earlier_name() {
    let mut desk = Desk::new();
    desk.write("b.yaml", &plan("A", "178.00"));
    desk.look();
    desk.write("a.yaml", &plan("A", "177.00"));
    let both = "A 178.00 (plans/b.yaml), P041 in plans/a.yaml";
    assert_eq!(desk.settle(), both);
    desk.write("b.yaml", &plan("A", "179.00"));
    assert_eq!(desk.settle(), both.replace("178", "179"), "and may be edited");
}

#[test]
fn a_renamed_file_is_no_change_at_any_look() {
    let mut desk = Desk::new();
    desk.write("a.yaml", &plan("A", "178.00"));
    let before = desk.read();
    // A copy under an earlier name stays refused, whatever the plan in force is called.
    desk.write("0.yaml", &plan("A", "177.00"));
    desk.settle();
    desk.rename("a.yaml", "z.yaml");
    for _ in 0..3 {
        let reading = desk.read();
        assert_eq!(told(&reading), "A 178.00 (plans/z.yaml), P041 in plans/0.yaml");
        let plan = |reading: &Reading| {
            reading.plans.values().map(|sourced| sourced.plan.clone()).collect::<Vec<_>>()
        };
        assert_eq!(plan(&reading), plan(&before));
    }
}

#[test]
fn a_broken_file_that_is_renamed_still_keeps_its_last_good_version() {
    let mut desk = Desk::new();
    desk.write("a.yaml", &plan("A", "178.00"));
    desk.look();
    desk.write("a.yaml", &plan("A", "oops"));
    desk.settle();
    desk.rename("a.yaml", "b.yaml");
    assert_eq!(desk.settle(), "A 178.00 (plans/a.yaml), P022 in plans/b.yaml, P044 in plans/b.yaml");
}

#[test]
fn only_regular_files_of_a_plans_size_are_read() {
    let mut desk = Desk::new();
    desk.write("real.txt", &plan("A", "178.00"));
    desk.write(".hidden.yaml", &plan("H", "178.00"));
    desk.write("large.yaml", &format!("{}# {}\n", plan("L", "178.00"), "x".repeat(70_000)));
    fs::create_dir(desk.path("dir.yaml")).expect("made");
    std::os::unix::fs::symlink(desk.path("real.txt"), desk.path("link.yaml")).expect("linked");
    assert_eq!(desk.look(), "P040 in plans/dir.yaml, P003 in plans/large.yaml, P040 in plans/link.yaml");
}

#[test]
fn a_plan_file_that_becomes_a_link_keeps_its_last_good_version() {
    let mut desk = Desk::new();
    desk.write("a.yaml", &plan("A", "178.00"));
    desk.look();
    desk.write("other.txt", &plan("A", "177.00"));
    desk.delete("a.yaml");
    std::os::unix::fs::symlink(desk.path("other.txt"), desk.path("a.yaml")).expect("linked");
    assert_eq!(desk.settle(), "A 178.00 (plans/a.yaml), P040 in plans/a.yaml");
}

#[test]
fn a_folder_that_is_missing_is_a_problem_and_changes_nothing() {
    let mut desk = Desk::new();
    desk.write("a.yaml", &plan("A", "178.00"));
    desk.look();
    let (here, away) = (desk.dir.path().join("plans"), desk.dir.path().join("away"));
    fs::rename(&here, &away).expect("moved away");
    for _ in 0..3 {
        assert_eq!(desk.look(), "A 178.00 (plans/a.yaml), P042 in plans");
    }
    fs::rename(&away, &here).expect("moved back");
    assert_eq!(desk.look(), "A 178.00 (plans/a.yaml)");
}

#[test]
fn a_file_that_did_not_change_is_not_read_again() {
    let mut desk = Desk::new();
    for n in 0..20 {
        desk.write(&format!("{n}.yaml"), &plan(&format!("P{n}"), "178.00"));
    }
    assert_eq!(desk.read().files_read, 20);
    desk.wait(Duration::from_secs(10));
    assert_eq!(desk.read().files_read, 20, "once more, when the clock of the files has moved on");
    assert_eq!(desk.read().files_read, 0);
    desk.write("7.yaml", &plan("P7", "177.00"));
    assert_eq!(desk.read().files_read, 1);
}

#[test]
fn an_edit_that_hides_behind_the_old_time_and_size_is_seen() {
    let mut desk = Desk::new();
    desk.write("a.yaml", &plan("A", "178.00"));
    let modified = fs::metadata(desk.path("a.yaml")).and_then(|file| file.modified()).expect("its time");
    desk.look();
    desk.wait(Duration::from_secs(10));
    desk.look();
    desk.write("a.yaml", &plan("A", "177.00"));
    File::options()
        .write(true)
        .open(desk.path("a.yaml"))
        .and_then(|file| file.set_modified(modified))
        .expect("set back");
    assert_eq!(desk.settle(), "A 177.00 (plans/a.yaml)");
}

#[test]
fn a_file_that_is_only_touched_is_no_change() {
    let mut desk = Desk::new();
    desk.write("a.yaml", &plan("A", "178.00"));
    desk.look();
    desk.write("a.yaml", &plan("A", "178.00"));
    let reading = desk.read();
    assert_eq!((told(&reading).as_str(), reading.unsettled), ("A 178.00 (plans/a.yaml)", 0));
}

#[test]
fn a_name_that_would_mislead_a_reader_of_messages_is_made_visible() {
    assert_eq!(disk::file_name("plans", "a\u{202e}b\n.yaml"), "plans/a\\u{202e}b\\n.yaml");
}
