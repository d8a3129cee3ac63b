//! `prusik run`.

use insta::assert_snapshot;
use serde_json::json;

use super::journal::UP_AND_DOWN;
use super::prusik::{Dir, minutes, plan, told};

const MAX: [&str; 6] = ["run", "--bars", "XYZ=xyz.csv", "--speed", "max", "--exit-at-end"];

/// The answer without its last line, which tells how fast this machine is.
fn without_pace(out: &str) -> String {
    let (rest, pace) = out.trim_end().rsplit_once('\n').expect("two lines");
    assert!(pace.contains(" bars in ") && pace.ends_with(" bars a second"), "{pace}");
    rest.to_owned()
}

#[test]
fn the_examples_of_init_trade_the_bundled_bars() {
    let dir = Dir::new();
    assert_eq!(dir.prusik(["init"]).code, 0);
    let told = dir.prusik(["run", "--speed", "max", "--exit-at-end"]);
    assert_eq!(told.code, 0, "{}", told.err);
    assert_snapshot!(without_pace(&told.out), @r"
    PLAN               SYMBOL  SIDE   QUANTITY   ENTRY  ENTERED                 EXIT  EXITED                BY          P&L  FEES     R
    AAPL_20250815_001  AAPL    long        706  180.83  2025-08-12T17:45:00Z  185.00  2025-08-13T15:54:30Z  target  2936.96  7.06  1.47
    MSFT_SHORT_001     MSFT    short       173  535.08  2025-08-14T15:30:00Z  526.98  2025-08-14T18:58:35Z  stop    1399.30  2.00  1.37

    2 trades closed, P&L 4336.26 after fees
    account value 104336.26
    ");
    // The log tells each story in its order.
    for (plan, end) in [("AAPL_20250815_001", "target filled"), ("MSFT_SHORT_001", "stop filled")] {
        let lines: Vec<&str> = told.err.lines().filter(|line| line.contains(plan)).collect();
        let place = |words: &str| lines.iter().position(|line| line.contains(words)).expect(words);
        let story =
            ["armed:", "placed: entry", "entered:", "protected:", "stop moved:", end, "closed:"].map(place);
        assert!(story.is_sorted(), "{lines:#?}");
        let moves: Vec<_> = lines.iter().filter(|line| line.contains("stop moved:")).collect();
        let order = |line: &str| line.rsplit_once("(order ").map(|(_, number)| number.to_owned());
        assert!(moves.len() >= 3 && moves.iter().all(|line| order(line) == order(moves[0])), "{moves:#?}");
    }
    let trades = dir.prusik(["trades", "--json"]).json();
    let trades = trades["trades"].as_array().expect("trades");
    let told: Vec<_> = trades.iter().map(|trade| (&trade["plan_id"], &trade["exit_reason"])).collect();
    assert_eq!(
        told,
        [(&json!("AAPL_20250815_001"), &json!("target")), (&json!("MSFT_SHORT_001"), &json!("stop")),]
    );
    assert_eq!(dir.prusik(["journal", "verify"]).code, 0);
}

#[test]
fn what_is_open_at_the_end_is_left_open_and_told() {
    let dir = Dir::with_plans(&[
        ("xyz.yaml", &plan("XYZ_1", "10")),
        ("later.yaml", &plan("LATER", "1").replace("100.00", "150.00")),
    ]);
    dir.write("xyz.csv", &minutes(&UP_AND_DOWN));
    let told = dir.prusik(MAX);
    assert_eq!(told.code, 0, "{}", told.err);
    assert_snapshot!(without_pace(&told.out), @r"
    no trades
    plan XYZ_1: long 869 XYZ left open, its stop rests at 98.00
    1 plan still waiting for an entry
    account value 100603.95
    ");
    assert_eq!(dir.prusik(["trades", "--json"]).json(), json!({ "schema": 1, "trades": [] }));
    let orders = dir.prusik(["orders", "--json"]).json();
    assert_eq!(orders["orders"][1]["status"], "submitted");
    // The next run starts afresh, and the old journal is kept.
    assert_eq!(dir.prusik(MAX).code, 0);
    assert_eq!(std::fs::read_dir(dir.path().join("state/archive")).expect("an archive").count(), 1);
    assert_eq!(dir.prusik(["orders", "--json"]).json(), orders);
}

#[test]
fn good_plans_run_beside_bad_ones_which_are_told() {
    let dir =
        Dir::with_plans(&[("xyz.yaml", &plan("XYZ_1", "1")), ("bad.yaml", "plan_id: BAD\nsymbl: XYZ\n")]);
    dir.write("xyz.csv", &minutes(&UP_AND_DOWN));
    let told = dir.prusik(MAX);
    assert_eq!(told.code, 0);
    assert!(
        told.err.contains("plans/bad.yaml:2:1") && told.err.contains("did you mean `symbol`?"),
        "{}",
        told.err
    );
    assert!(told.out.contains("1 trade closed, P&L 2302.84 after fees"), "{}", told.out);
}

#[test]
fn a_fourth_plan_above_the_portfolio_limit_is_refused_in_the_log_and_counted() {
    let dir = Dir::with_plans(&[]);
    for n in 1..=4 {
        // 2.99 % each; the stops stay where they are, so that no room comes free for the fourth.
        let text = plan(&format!("XYZ_{n}"), "50").replace("normal", "large").replace("98.00", "90.00");
        dir.write(&format!("plans/{n}.yaml"), &text);
    }
    dir.write("xyz.csv", &minutes(&UP_AND_DOWN));
    let told = dir.prusik(MAX);
    assert_eq!(told.code, 0);
    let refused: Vec<&str> = told.err.lines().filter(|line| line.contains(" refused: ")).collect();
    assert_eq!(refused.len(), 1, "told once");
    assert!(
        refused[0].contains("plan XYZ_4 refused: Portfolio risk limit exceeded: current ")
            && refused[0].ends_with(", max 10.00 %"),
        "{}",
        refused[0]
    );
    assert!(told.out.contains("1 entry refused by a limit"), "{}", told.out);
    let orders = dir.prusik(["orders", "--json"]).json();
    let plans = orders["orders"].as_array().expect("orders").iter().map(|order| &order["plan_id"]);
    assert!(plans.clone().count() == 6 && plans.into_iter().all(|plan| plan != "XYZ_4"));
}

#[test]
fn bars_that_cannot_be_used_are_told_with_their_place() {
    let dir = Dir::with_plans(&[]);
    let missing = dir.prusik(["run", "--bars", "XYZ=none.csv"]);
    assert_eq!((missing.code, missing.out.as_str()), (2, ""));
    assert_snapshot!(missing.err, @r"
    error: there is no file none.csv
      = help: --bars takes SYMBOL=FILE; look at the path
    ");

    let good = minutes(&UP_AND_DOWN);
    dir.write("bad.csv", &good.replace("101.00,102.00,101.00,102.00", "101.00,102.00,1o1.00,102.00"));
    let malformed = dir.prusik(["run", "--bars", "XYZ=bad.csv"]);
    assert_eq!((malformed.code, malformed.out.as_str()), (78, ""));
    assert_snapshot!(malformed.err, @r#"
    error: low "1o1.00" is not a price
     --> bad.csv:5:41
      = help: write it as a plain decimal like 167.65
    "#);

    dir.write("xyz.csv", &good);
    for (bars, words) in [
        ("xyz.csv", "there is no `=` between symbol and file"),
        ("xyz=xyz.csv", "`xyz` is no symbol"),
        ("XYZ=", "there is no file after the `=`"),
    ] {
        let told = dir.prusik(["run", "--bars", bars]);
        assert_eq!((told.code, told.out.as_str()), (2, ""), "{bars}");
        assert!(told.err.contains(words), "{}", told.err);
    }
    let twice = dir.prusik(["run", "--bars", "XYZ=xyz.csv", "--bars", "XYZ=xyz.csv"]);
    assert_eq!(twice.code, 2);
    assert!(twice.err.contains("XYZ has bars already"), "{}", twice.err);
}

#[test]
fn live_trading_and_foreign_gateways_are_refused() {
    let dir = Dir::with_plans(&[]);
    let live = dir.prusik(["run", "--live"]);
    assert_eq!((live.code, live.out.as_str()), (77, ""));
    assert_snapshot!(live.err, @r"
    error: live trading is not available yet
      = help: leave --live out: prusik trades on paper, simulated or at a paper account
    ");
    let foreign = dir.prusik(["run", "--connect", "192.0.2.1:4002"]);
    assert_eq!((foreign.code, foreign.out.as_str()), (77, ""));
    assert!(foreign.err.contains("the gateway at 192.0.2.1:4002 is not on this machine"), "{}", foreign.err);
    assert!(!dir.path().join("state").exists(), "nothing was begun");
}

#[test]
fn a_gateway_that_is_not_there_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let told = Dir::with_plans(&[]).prusik(["run", "--connect", &address]);
    assert_eq!((told.code, told.out.as_str()), (69, ""));
    assert!(told.err.contains(&format!("no gateway at {address}")), "{}", told.err);
}

#[test]
fn a_gateway_in_the_configuration_is_used_unless_bars_are_given() {
    let dir = Dir::with_plans(&[]);
    dir.write("prusik.yaml", "broker:\n  connect: 127.0.0.1:1\n");
    dir.write("xyz.csv", &minutes(&UP_AND_DOWN));
    let told = dir.prusik(["run"]);
    assert_eq!(told.code, 69);
    assert!(told.err.contains("no gateway at 127.0.0.1:1"), "{}", told.err);
    assert_eq!(dir.prusik(MAX).code, 0);
    let both = dir.prusik(["run", "--bars", "XYZ=xyz.csv", "--connect", "127.0.0.1:1"]);
    assert_eq!(both.code, 2);
}

#[test]
fn a_bad_configuration_starts_nothing() {
    let dir = Dir::with_plans(&[]);
    dir.write("prusik.yaml", "risk:\n  order_shares: many\nmode: live\n");
    let told = dir.prusik(["run"]);
    assert_eq!((told.code, told.out.as_str()), (78, ""));
    assert_snapshot!(told.err, @r"
    error[C005]: `many` is not a whole number
     --> prusik.yaml:2:17
    2 |   order_shares: many
      |                 ^^^^
      = help: `order_shares` is the largest order, in shares: 1 to 1000000

    error[C008]: live trading does not exist yet
     --> prusik.yaml:3:7
    3 | mode: live
      |       ^^^^
      = help: write `mode: paper`, or leave it out
    ");

    dir.write("prusik.yaml", "");
    for (flag, value) in [("--speed", "0"), ("--speed", "fast"), ("--cash", "-1"), ("--connect", "nowhere")] {
        let told = dir.prusik(["run", flag, value]);
        assert_eq!((told.code, told.out.as_str()), (2, ""), "{flag} {value}");
        assert!(told.err.contains(&format!("--> {flag}")), "{}", told.err);
    }
    let mut webhook = dir.command(["run"]);
    let told = super::prusik::told(webhook.env("PRUSIK_DISCORD_WEBHOOK", "ftp://canary"));
    assert_eq!((told.code, told.out.as_str()), (78, ""));
    assert!(told.err.contains("PRUSIK_DISCORD_WEBHOOK") && !told.err.contains("canary"), "{}", told.err);
}

#[test]
fn a_signal_ends_a_run_cleanly_with_a_summary() {
    for signal in ["TERM", "INT"] {
        let dir = Dir::with_plans(&[("xyz.yaml", &plan("XYZ_1", "1"))]);
        dir.write("xyz.csv", &minutes(&UP_AND_DOWN));
        let mut running = dir.start(["run", "--bars", "XYZ=xyz.csv", "--speed", "1"]);
        running.wait_for("plan XYZ_1 armed");
        running.wait_for("market opens");
        // Another one in the same place would write the same journal.
        let second = dir.prusik(MAX);
        assert_eq!((second.code, second.out.as_str()), (75, ""));
        assert!(second.err.contains("another prusik"), "{}", second.err);
        // What is remembered can be read meanwhile.
        assert_eq!(dir.prusik(["orders", "--json"]).json(), json!({ "schema": 1, "orders": [] }));
        running.signal(signal);
        let told = running.end();
        assert_eq!(told.code, 0, "{}", told.err);
        assert_eq!(
            without_pace(&told.out),
            "no trades\n1 plan still waiting for an entry\naccount value 100000.00"
        );
    }
}

#[test]
fn the_log_can_be_turned_down() {
    let dir = Dir::with_plans(&[("xyz.yaml", &plan("XYZ_1", "1"))]);
    dir.write("xyz.csv", &minutes(&UP_AND_DOWN));
    for variable in ["RUST_LOG", "PRUSIK_LOG"] {
        let told = told(dir.command(MAX).env(variable, "error"));
        assert_eq!((told.code, told.err.as_str()), (0, ""), "{variable}");
    }
}

#[expect(clippy::print_stderr, reason = "a test that has nothing to test must say so")]
#[test]
fn the_example_for_spy_trades_the_days_it_is_written_for() {
    let data = std::env::var_os("PRUSIK_DATA").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        std::path::PathBuf::from,
    );
    let file = data.join("SPY_1min_2013-10-04_2013-10-11.csv");
    let Ok(bars) = std::fs::read_to_string(&file) else {
        eprintln!("SKIPPED: there is no {}; set PRUSIK_DATA", file.display());
        return;
    };
    let dir = Dir::with_plans(&[("spy.yaml", include_str!("../../examples/spy/plans/spy.yaml"))]);
    // The plan waits until the 9th; the days before only take time.
    let from_the_9th = bars.lines().filter(|row| row.starts_with("time") || *row >= "2013-10-09");
    dir.write("spy.csv", &from_the_9th.collect::<Vec<_>>().join("\n"));
    let told = dir.prusik(["run", "--bars", "SPY=spy.csv", "--speed", "max", "--exit-at-end"]);
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(told.err.lines().filter(|line| line.contains("stop moved:")).count() >= 10, "{}", told.err);
    let trades = dir.prusik(["trades", "--json"]).json();
    let trade = &trades["trades"][0];
    assert_eq!((&trade["entry_price"], &trade["exit_price"]), (&json!("165.84"), &json!("169.64")));
    assert_eq!((&trade["exit_reason"], &trade["pnl"]), (&json!("stop"), &json!("3081.26")));
}
