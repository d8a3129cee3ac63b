//! `prusik gateway`, and `prusik run --connect` at it.

use super::journal::UP_AND_DOWN;
use super::prusik::{Dir, Running, minutes, plan, prusik};

fn gateway(dir: &Dir) -> (Running, String) {
    dir.write("xyz.csv", &minutes(&UP_AND_DOWN));
    let words = ["gateway", "--listen", "127.0.0.1:0", "--bars", "XYZ=xyz.csv", "--speed", "max"];
    let mut gateway = dir.start(words);
    let line = gateway.line();
    let address = line.strip_prefix("listening on ").expect("an address").to_owned();
    (gateway, address)
}

#[test]
fn a_run_at_a_gateway_of_its_own_trades_as_the_embedded_one() {
    let dir = Dir::with_plans(&[("xyz.yaml", &plan("XYZ_1", "1"))]);
    let (mut gateway, address) = gateway(&dir);
    let told = dir.prusik(["run", "--connect", &address, "--exit-at-end"]);
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(told.out.contains("1 trade closed, P&L 2302.84 after fees"), "{}{}", told.out, told.err);
    gateway.wait_for("the bars have ended");
    gateway.signal("TERM");
    let told = gateway.end();
    assert_eq!((told.code, told.out.as_str()), (0, ""), "{}", told.err);
}

#[test]
fn a_port_in_use_is_told() {
    let dir = Dir::new();
    let (gateway, address) = gateway(&dir);
    let second = dir.prusik(["gateway", "--listen", &address, "--bars", "XYZ=xyz.csv"]);
    assert_eq!((second.code, second.out.as_str()), (69, ""));
    let wanted = format!(
        "error: cannot listen: {address} is in use\n  \
         = help: end what listens there, or take another port with --listen; port 0 takes any\n"
    );
    assert_eq!(second.err, wanted);
    gateway.signal("INT");
    assert_eq!(gateway.end().code, 0);
}

#[test]
fn a_file_of_contracts_is_read_and_all_that_is_wrong_with_it_is_told_with_its_place() {
    let dir = Dir::new();
    dir.write("xyz.csv", &minutes(&UP_AND_DOWN));
    let words = ["gateway", "--listen", "127.0.0.1:0", "--bars", "XYZ=xyz.csv", "--contracts"];
    let with = |file| [&words[..], &[file]].concat();
    dir.write("good.yaml", "contracts: { XYZ: { name: XYZ CORP, con_id: 4711 } }\n");
    let mut gateway = dir.start(with("good.yaml"));
    assert!(gateway.line().starts_with("listening on "));
    gateway.signal("INT");
    assert_eq!(gateway.end().code, 0);

    dir.write("bad.yaml", "contracts:\n  XYZ: { con_id: none, market_rule: strange }\n");
    let told = dir.prusik(with("bad.yaml"));
    assert_eq!((told.code, told.out.as_str()), (78, ""));
    let wanted = "\
error: `none` is no id
 --> bad.yaml:2:18
  = help: write a whole number from 1 to 2147483647
error: there is no market rule `strange`
 --> bad.yaml:2:37
  = help: there are us_stocks, us_sub_dollar
";
    assert_eq!(told.err, wanted);
    assert_eq!(dir.prusik(with("none.yaml")).code, 2);
}

#[test]
fn a_gateway_without_usable_bars_does_not_start() {
    let dir = Dir::new();
    assert_eq!(dir.prusik(["gateway", "--listen", "127.0.0.1:0", "--bars", "XYZ=none.csv"]).code, 2);
    dir.write("bad.csv", "time,open\n");
    let told = dir.prusik(["gateway", "--listen", "127.0.0.1:0", "--bars", "XYZ=bad.csv"]);
    assert_eq!((told.code, told.out.as_str()), (78, ""));
    assert!(told.err.contains("bad.csv:1:1"), "{}", told.err);
    assert_eq!(prusik(["gateway", "--listen", "somewhere", "--bars", "XYZ=bad.csv"]).code, 2);
}
