//! How `prusik gateway` starts, what it refuses to start with, and what its log says.

use super::journal::UP_AND_DOWN;
use super::prusik::{Dir, minutes, plan, prusik};

const WORDS: [&str; 5] = ["gateway", "--listen", "127.0.0.1:0", "--bars", "XYZ=xyz.csv"];

fn dir() -> Dir {
    let dir = Dir::new();
    dir.write("xyz.csv", &minutes(&UP_AND_DOWN));
    dir
}

#[test]
fn a_start_that_is_no_time_or_after_the_bars_is_refused() {
    let dir = dir();
    let told = dir.prusik([&WORDS[..], &["--start", "noon"]].concat());
    assert_eq!((told.code, told.out.as_str()), (2, ""));
    let wanted = "error: --start noon: not a time\n  \
                  = help: write it like --start 2013-10-07T09:25:00 (New York) or 2013-10-07T13:25:00Z\n";
    assert_eq!(told.err, wanted);
    let told = dir.prusik([&WORDS[..], &["--start", "2050-01-03T10:00:00"]].concat());
    assert_eq!((told.code, told.out.as_str()), (78, ""));
    assert!(
        told.err
            .starts_with("error: the market cannot start at 20500103 10:00:00 US/Eastern: the bars end at ")
    );
}

#[test]
fn a_missing_file_is_told_in_the_same_words_whatever_it_was_to_hold() {
    let dir = dir();
    for (flag, file) in [("--contracts", "none.yaml"), ("--faults", "none.yaml"), ("--bars", "ABC=none.yaml")]
    {
        let told = dir.prusik([&WORDS[..], &[flag, file]].concat());
        assert_eq!(told.code, 2);
        assert!(told.err.starts_with("error: there is no file none.yaml\n"), "{}", told.err);
    }
}

#[test]
fn the_help_says_what_becomes_of_an_orphan_that_is_changed() {
    let help = prusik(["gateway", "--help"]).out;
    for word in ["--orphan-modify", "cancels:", "reported:", "lives:", "--start"] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn the_example_faults_are_printed_and_can_be_read_back() {
    let told = prusik(["gateway", "--example-faults"]);
    assert_eq!(told.code, 0, "{}", told.err);
    assert_eq!(prusik::gateway::faults::read_faults(&told.out).map(|faults| faults.len() > 24), Ok(true));
    let help = prusik(["gateway", "--help"]).out;
    assert!(help.contains("--example-faults") && help.contains("PRUSIK_LOG=debug"), "{help}");
}

#[test]
fn a_fault_that_can_never_strike_keeps_the_gateway_from_starting() {
    let dir = dir();
    let cases = [
        (
            "{ on: place_order, symbol: QQQ, do: vanish }",
            "fault 1: there are no bars of QQQ: there are bars of XYZ",
        ),
        ("{ at: 2001-01-02T10:00:00, do: { halt: { symbol: QQQ } } }", "fault 1: there are no bars of QQQ"),
        ("{ at: 2001-01-02T10:00:00, do: drop }", "fault 1: its `at` is over by then: the bars begin at "),
        ("{ at: 2050-01-03T10:00:00, do: drop }", "fault 1: its `at` never comes: the bars end at "),
        ("{ on: place_order, order_type: MARKET, do: vanish }", "`MARKET` is the type of no order"),
        (
            "{ on: place_order, do: { split: { percent: [60, 50] } } }",
            "the parts are 110 percent of the order",
        ),
    ];
    for (fault, wanted) in cases {
        dir.write("faults.yaml", &format!("- {fault}\n"));
        let told = dir.prusik([&WORDS[..], &["--faults", "faults.yaml"]].concat());
        assert_eq!((told.code, told.out.as_str()), (78, ""), "{fault}");
        assert!(told.err.contains(wanted), "{fault}: {}", told.err);
    }
}

#[test]
fn the_log_says_what_the_gateway_trades_and_which_faults_never_struck() {
    let dir = dir();
    dir.write("faults.yaml", "- { on: ids, do: drop }\n- { name: never, on: fill, do: drop }\n");
    let words = [&WORDS[..], &["--speed", "max", "--faults", "faults.yaml", "--fault-seed", "7"]].concat();
    let mut gateway = dir.start(words);
    assert!(gateway.line().starts_with("listening on "));
    gateway.wait_for("bars of XYZ from ");
    gateway.signal("TERM");
    let told = gateway.end();
    assert!(told.err.contains("speed Max, fills Whole; 2 faults, seed 7 at 1 %"), "{}", told.err);
    assert!(told.err.contains("2 of the faults never struck: fault 1, fault `never`"), "{}", told.err);
}

/// A request as it goes over the wire.
fn frame(id: u32, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len() + 4).expect("a short message");
    [&length.to_be_bytes()[..], &(id + 200).to_be_bytes(), message].concat()
}

#[test]
fn a_symbol_without_bars_is_told_once_for_a_client() {
    let dir = dir();
    let mut gateway = dir.start([&WORDS[..], &["--speed", "max"]].concat());
    let line = gateway.line();
    let address = line.strip_prefix("listening on ").expect("an address");
    let mut client = std::net::TcpStream::connect(address).expect("connected");
    let asks = frame(9, b"\x08\x01\x12\x06\x12\x04MSFT");
    let bytes = [&b"API\0\0\0\0\x09v213..226"[..], &frame(71, &[0x08, 7]), &asks, &asks].concat();
    std::io::Write::write_all(&mut client, &bytes).expect("written");
    gateway.wait_for("client 7 asked for MSFT; there are bars of XYZ");
    gateway.signal("TERM");
    assert_eq!(gateway.end().err.matches("asked for MSFT").count(), 1);
}

#[test]
fn at_debug_the_log_has_a_line_for_every_order_and_every_fill() {
    let dir = Dir::with_plans(&[("xyz.yaml", &plan("XYZ_1", "1"))]);
    dir.write("xyz.csv", &minutes(&UP_AND_DOWN));
    let mut gateway = dir.start_at_debug([&WORDS[..], &["--speed", "max"]].concat());
    let line = gateway.line();
    let address = line.strip_prefix("listening on ").expect("an address");
    assert_eq!(dir.prusik(["run", "--connect", address, "--exit-at-end"]).code, 0);
    gateway.signal("TERM");
    let log = gateway.end().err;
    for words in [" placed", " filled: ", " changed"] {
        let line = log.lines().find(|line| line.contains(words) && line.contains(" XYZ "));
        let line = line.unwrap_or_else(|| panic!("no line of `{words}` in\n{log}"));
        assert!(line.contains("client=1") && line.contains("order="), "{line}");
    }
}
