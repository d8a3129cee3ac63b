//! `prusik gateway --faults FILE` and `--fault-seed N`.

use super::journal::UP_AND_DOWN;
use super::prusik::{Dir, minutes, plan, prusik};

fn dir() -> Dir {
    let dir = Dir::with_plans(&[("xyz.yaml", &plan("XYZ_1", "1"))]);
    dir.write("xyz.csv", &minutes(&UP_AND_DOWN));
    dir
}

#[test]
fn a_fault_file_full_of_mistakes_is_told_with_its_lines_and_nothing_starts() {
    let dir = dir();
    dir.write(
        "faults.yaml",
        "- on: place_ordr\n  do: { refuse: 110 }\n- at: noon\n  do: duplicat\n- { on: fill, do: vanish }\n",
    );
    let words = ["gateway", "--listen", "127.0.0.1:0", "--bars", "XYZ=xyz.csv", "--faults"];
    let told = dir.prusik(words.iter().copied().chain(["faults.yaml"]));
    assert_eq!((told.code, told.out.as_str()), (78, ""));
    insta::assert_snapshot!(told.err, @r"
    error: `place_ordr` is no request, no step of a connection and not `fill`
     --> faults.yaml:1:7
      = help: did you mean `place_order`?
    error: `noon` is no time
     --> faults.yaml:3:7
      = help: write it like 2013-10-04T10:00:00 (New York) or 2013-10-04T14:00:00Z
    error: `duplicat` is no deed
     --> faults.yaml:4:7
      = help: did you mean `duplicate`?
    error: vanish cannot be done on a fill: it goes with `on` or `before` a request
     --> faults.yaml:5:3
      = help: take another occasion, or leave the filter out
    ");
    assert_eq!(dir.prusik(words.iter().copied().chain(["none.yaml"])).code, 2);
    let rate = ["faults.yaml", "--fault-seed", "7", "--fault-rate", "often"];
    assert!(dir.prusik(words.iter().copied().chain(rate)).code > 0);
}

#[test]
fn the_help_says_how_a_fault_is_written() {
    let help = prusik(["gateway", "--help"]).out;
    for word in ["--faults", "--fault-seed", "--fault-rate", "do: { refuse: 110 }", "corporate_split"] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn a_run_at_a_gateway_meets_the_faults_of_the_file_and_the_log_names_them() {
    let dir = dir();
    dir.write(
        "faults.yaml",
        "- { name: twice, on: { callback: open_order }, times: always, do: duplicate }\n",
    );
    let mut gateway = dir.start([
        "gateway",
        "--listen",
        "127.0.0.1:0",
        "--bars",
        "XYZ=xyz.csv",
        "--speed",
        "max",
        "--faults",
        "faults.yaml",
    ]);
    let line = gateway.line();
    let address = line.strip_prefix("listening on ").expect("an address");
    let told = dir.prusik(["run", "--connect", address, "--exit-at-end"]);
    assert!(told.out.contains("1 trade closed, P&L 2302.84 after fees"), "{}{}", told.out, told.err);
    gateway.wait_for("fault `twice` strikes: duplicate 1");
    gateway.signal("TERM");
    assert_eq!(gateway.end().code, 0);
}
