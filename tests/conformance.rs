//! IBKR's own Python client at the simulated gateway: neither ours nor that of ibapi's author, and it takes the gateway
//! for a real one. Each story is a script in `conformance/stories` that compares what it is told, value by value.
//!
//! The client comes from PyPI into a virtual environment beside the build, once. Where PyPI cannot be reached these
//! tests prove nothing and say so on stderr, past the capture of the test runner.

#[path = "conformance/driven.rs"]
mod driven;
#[path = "conformance/manual.rs"]
mod manual;
#[path = "conformance/market.rs"]
mod market;
#[path = "conformance/process.rs"]
mod process;
#[path = "conformance/together.rs"]
mod together;
#[path = "conformance/told.rs"]
mod told;
#[path = "conformance/venv.rs"]
mod venv;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use process::{Gateway, bounded};

/// Longer than any story takes.
const STORY_PATIENCE: Duration = Duration::from_secs(120);

/// Minutes from a moment in New York on, as `open high low close volume`; prices in cents.
type Minutes = (&'static str, &'static [[i64; 5]]);

/// A contract that trades on small steps below a dollar.
const PENNY: &str =
    "contracts:\n  PENNY: { name: PENNY MINING CORP, primary_exchange: AMEX, market_rule: us_sub_dollar }\n";

/// What a gateway is given to trade.
#[derive(Clone, Copy)]
enum Market {
    /// The first minutes of a Friday.
    Morning,
    /// Before a Thanksgiving: the last minute of its eve, and the last but one minutes of the half day after it.
    HalfDay,
    /// The last two minutes of a Friday, and on Monday a minute before the open and two after it.
    Weekend,
}

impl Market {
    /// Its symbols.
    fn symbols(self) -> &'static [(&'static str, &'static [Minutes])] {
        match self {
            Market::Morning => &[
                (
                    "XYZ",
                    &[(
                        "2013-10-04T09:30:00-04:00",
                        &[
                            [1000, 1012, 991, 1006, 1200],
                            [1006, 1030, 1000, 1024, 1210],
                            [1024, 1060, 1018, 1048, 1200],
                            [1048, 1051, 1000, 1003, 1205],
                        ],
                    )],
                ),
                (
                    "ABC",
                    &[(
                        "2013-10-04T09:30:00-04:00",
                        &[[5000, 5000, 5000, 5000, 600], [5000, 5010, 4990, 5005, 600]],
                    )],
                ),
            ],
            Market::HalfDay => &[
                (
                    "SPY",
                    &[
                        ("2013-11-27T15:59:00-05:00", &[[18_090, 18_095, 18_085, 18_090, 1200]]),
                        ("2013-11-29T12:58:00-05:00", &[[18_100, 18_110, 18_090, 18_105, 1200]]),
                        ("2013-11-29T12:59:00-05:00", &[[18_105, 18_120, 18_100, 18_110, 1200]]),
                    ],
                ),
                ("AAPL", &[("2013-11-29T12:58:00-05:00", &[[55_500, 55_510, 55_490, 55_500, 600]; 2])]),
                (
                    "PENNY",
                    &[("2013-11-29T12:58:00-05:00", &[[90, 110, 80, 105, 600], [105, 106, 95, 99, 600]])],
                ),
            ],
            Market::Weekend => &[(
                "XYZ",
                &[
                    (
                        "2013-10-04T15:58:00-04:00",
                        &[[1000, 1010, 990, 1005, 1200], [1005, 1020, 1000, 1010, 1200]],
                    ),
                    ("2013-10-07T09:29:00-04:00", &[[1030, 1040, 1030, 1035, 240]]),
                    (
                        "2013-10-07T09:30:00-04:00",
                        &[[1035, 1050, 1020, 1040, 1200], [1040, 1045, 980, 985, 1200]],
                    ),
                ],
            )],
        }
    }

    /// Writes its bars, a file for each symbol.
    fn write(self, folder: &Path) -> Vec<(String, PathBuf)> {
        let file = |(symbol, parts): &(&str, &[Minutes])| {
            let path = folder.join(format!("{symbol}.csv"));
            std::fs::write(&path, csv(parts)).expect("a file to write");
            ((*symbol).to_owned(), path)
        };
        if let Market::HalfDay = self {
            std::fs::write(folder.join("contracts.yaml"), PENNY).expect("a file to write");
        }
        self.symbols().iter().map(file).collect()
    }
}

fn csv(parts: &[Minutes]) -> String {
    let mut text = String::from("time,open,high,low,close,volume\n");
    for (start, rows) in parts {
        let start: jiff::Timestamp = start.parse().expect("a time");
        for (minute, [open, high, low, close, volume]) in (0..).zip(*rows) {
            let [open, high, low, close] =
                [open, high, low, close].map(|cents| format!("{}.{:02}", cents / 100, cents % 100));
            let time = jiff::Timestamp::from_second(start.as_second() + minute * 60).expect("a time");
            let time = time.strftime("%Y-%m-%dT%H:%M:%S+00:00");
            text.push_str(&format!("{time},{open},{high},{low},{close},{volume}\n"));
        }
    }
    text
}

/// Where the scripts lie.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

/// Plays a story on a gateway of its own.
#[expect(clippy::print_stdout, reason = "the transcript of a story, for who asks the test runner for it")]
fn play(story: &str, market: Market, flags: &[&str]) {
    let Some(python) = venv::python(story) else { return };
    let folder = TempDir::new().expect("a folder");
    let gateway = Gateway::start(&market.write(folder.path()), flags);
    let mut script = python.command();
    script.arg(scripts().join("stories").join(format!("{story}.py")));
    script.arg(gateway.address().port().to_string()).arg(folder.path());
    let told = bounded(&mut script, STORY_PATIENCE);
    println!("{}", told.out);
    assert!(
        told.code == Some(0),
        "{story}: {:?}\n{}\n{}\nthe gateway said:\n{}",
        told.code,
        told.out,
        told.err,
        gateway.log()
    );
}

macro_rules! stories {
    ($($name:ident = $story:literal on $market:ident $flags:tt;)*) => {
        $(
            #[test]
            fn $name() {
                play($story, Market::$market, &$flags);
            }
        )*

        const STORIES: &[&str] = &[$($story),*];
    };
}

stories! {
    the_client_connects_and_learns_its_version_ids_and_accounts = "connect" on Morning [];
    a_bracket_is_sent_filled_moved_and_ended = "bracket" on Morning [];
    the_account_is_worth_what_its_fills_make_it = "account" on Morning [];
    a_client_that_keeps_no_step_reads_every_bar = "realtime" on Morning [];
    history_is_what_has_traded = "history" on Morning [];
    what_is_refused_is_refused_with_the_codes_of_ibkr = "codes" on Morning [];
    two_clients_hear_of_their_own_orders = "two_clients" on Morning [];
    orders_live_as_long_as_they_are_good_for = "lives" on Weekend [];
    executions_and_completed_orders_are_told_as_they_are_asked_for = "executions" on Morning [];
    what_an_order_would_bind_is_told_and_nothing_comes_of_it = "what_if" on Morning [];
    a_catalogued_stock_has_its_own_id_rule_and_half_days = "catalogue" on HalfDay ["--contracts", "contracts.yaml"];
    a_master_client_hears_of_everybodys_orders = "master" on Morning ["--master-client", "9"];
    a_large_order_fills_in_parts_by_the_volume = "partial" on Morning ["--fills", "volume"];
    an_entry_cancelled_in_mid_fill_leaves_its_children_what_it_filled =
        "partial_parent" on Morning ["--fills", "volume:40"];
    stop_limits_trail_and_dates_do_what_they_say = "kinds" on Morning [];
    an_order_beyond_the_account_stands_inactive = "inactive" on Morning [];
    groups_that_reduce_take_the_shares_of_a_fill = "reduce" on Morning [];
    orders_that_are_tied_end_together = "groups" on Morning [];
    a_contract_has_its_details_and_its_rule = "contract" on Morning [];
    quotes_show_the_market_as_its_bars_have_it = "market_data" on Morning [];
    trades_told_one_by_one_are_the_bars = "tick_by_tick" on Morning [];
    bars_that_keep_up_to_date_tell_the_bar_that_forms = "keep_up_to_date" on Morning [];
    delayed_data_is_told_as_such = "delayed" on Morning ["--market-data", "delayed"];
}

#[test]
fn every_story_is_played() {
    let files = std::fs::read_dir(scripts().join("stories")).expect("the stories");
    let mut files: Vec<String> = files
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut told: Vec<&str> = STORIES.to_vec();
    told.sort_unstable();
    assert_eq!(files, told);
}
