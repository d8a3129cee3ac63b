//! Every word of the command line, with what `--help` says about it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use rust_decimal::Decimal;

use super::amount::positive;
use crate::domain::plan::RiskCategory;

const ABOUT: &str = "\
prusik runs trade plans at Interactive Brokers. A plan (YAML) says what to trade and how much may be lost; rules \
(Rhai) say when to enter and how the stop trails. prusik sizes, protects and trails the position. Paper trading only.";

const AFTER: &str = "\
Start here:
  prusik init demo
  prusik run --dir demo --speed max --exit-at-end
  prusik trades --dir demo

Exit codes:
  0 ok   1 failed   2 wrong command line   69 broker or service not reachable   75 try again
  77 refused by a safety rule   78 bad plan, rule, configuration or bars

Environment:
  PRUSIK_DIR                the directory where --dir is not given
  PRUSIK_<SECTION>_<KEY>    a key of prusik.yaml, like PRUSIK_RISK_ORDER_SHARES
  PRUSIK_DISCORD_WEBHOOK    where `run` tells what happens; a secret, never logged
  PRUSIK_LOG, RUST_LOG      what is logged: error, warn, info, debug, or like prusik=debug";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "prusik", version, about = ABOUT, after_help = AFTER, max_term_width = 110)]
pub(super) struct Arguments {
    /// prusik's directory: prusik.yaml, plans/, scripts/, state/ [default: $PRUSIK_DIR, else this directory]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Everything prusik can be asked to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a directory with prusik.yaml, plans/, scripts/, state/ and example plans
    #[command(after_help = "Example:\n  prusik init demo")]
    Init(InitArgs),
    /// Trade the plans of a directory, on the simulated gateway in this program or at one that runs
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArgs),
    /// Serve a simulated IB Gateway that trades bars from files, until Ctrl-C
    #[command(after_help = GATEWAY_EXAMPLES)]
    Gateway(GatewayArgs),
    /// Check plans, rules and the configuration; exit 0 or 78
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Say how many shares the risk buys; exit 77 where a limit refuses
    #[command(after_help = SIZE_EXAMPLES)]
    Size(SizeArgs),
    /// List every order in the journal, running or not
    #[command(
        after_help = "Examples:\n  prusik orders --dir demo\n  prusik orders --json | jq '.orders[].status'"
    )]
    Orders(ListArgs),
    /// List every closed trade in the journal, running or not
    #[command(
        after_help = "Examples:\n  prusik trades --dir demo\n  prusik trades --json | jq '.trades[].pnl'"
    )]
    Trades(ListArgs),
    /// Look at the journal itself
    #[command(subcommand)]
    Journal(JournalCommand),
}

const RUN_EXAMPLES: &str = "\
Examples:
  prusik run --dir demo --speed max --exit-at-end          bundled bars of AAPL and MSFT, as fast as it goes
  prusik run --bars SPY=spy.csv --bars AIG=aig.csv         your own bars: time,open,high,low,close,volume
  prusik run --connect 127.0.0.1:4002                      IB Gateway on paper, or `prusik gateway`

The log goes to stderr, the summary at the end to stdout. Ctrl-C ends the run; the stops stay at the broker.";

const GATEWAY_EXAMPLES: &str = "\
Example:
  prusik gateway --listen 127.0.0.1:4002 --bars SPY=spy.csv
  prusik run --connect 127.0.0.1:4002                      in another terminal

A file of --contracts says what symbols trade as; one entry adds one, and what it leaves out has a default:
  contracts:
    PENNY: { name: PENNY MINING CORP, primary_exchange: AMEX, market_rule: us_sub_dollar }

Its market starts with the first client that asks for bars or quotes, and runs on with or without clients.
Bid and ask are made around the trades of the bars.

Faults: --faults FILE takes a list; each entry has an occasion (at, on, before, after), whom it means, and what it does:
  - { on: place_order, order_type: STP, times: 2, do: { refuse: 110 } }
  - { at: 2013-10-04T10:00:00, client: 1, do: { drop: { away_for: 60 } } }
  - { on: { callback: order_status }, times: always, do: duplicate }
  - { on: cancel_order, do: { overtake: 10148 } }
What it can do: drop freeze delay trickle, duplicate lose reorder corrupt, refuse reject warn vanish twin overtake split
fill, next_id outage restart, order position halt stale frozen corporate_split. The README has an example of each kind;
a misspelt file is told with its lines, and what to write instead.";

const CHECK_EXAMPLES: &str = "\
Examples:
  prusik check                        the directory's prusik.yaml, plans and rules
  prusik check plans/aapl.yaml        one plan
  prusik check scripts/ --json        the rules of a folder, for a program";

const SIZE_EXAMPLES: &str = "\
Example:
  prusik size --account 100000 --risk normal --entry 180.50 --stop 178.00
  800 shares
  2000.00 at risk, 2.00 % of the account
  144400.00 order value";

/// `prusik init`.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The directory to make, or to complete: nothing that is there is overwritten
    #[arg(value_name = "DIR", conflicts_with = "dir")]
    pub(super) target: Option<PathBuf>,
}

/// `prusik run`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Trade on paper; the default, and all there is so far
    #[arg(long, conflicts_with = "live")]
    pub(super) paper: bool,
    /// Refused: live trading is not available yet
    #[arg(long)]
    pub(super) live: bool,
    /// Trade these bars on the gateway in this program; without any, the bundled ones of AAPL and MSFT
    #[arg(long, value_name = "SYMBOL=FILE", num_args = 1.., conflicts_with = "connect")]
    pub(super) bars: Vec<String>,
    #[command(flatten)]
    pub(super) market: MarketArgs,
    /// End when the bars end, with a summary; open positions stay open
    #[arg(long)]
    pub(super) exit_at_end: bool,
    /// Trade at a gateway that runs by itself
    #[arg(long, value_name = "HOST:PORT")]
    pub(super) connect: Option<String>,
    /// prusik's number at that gateway, 1 to 999999 [default: prusik.yaml, else 1]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(super) client_id: Option<String>,
}

/// `prusik gateway`.
#[derive(Debug, Args)]
pub(super) struct GatewayArgs {
    /// Where to listen; port 0 takes any that is free
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:4002")]
    pub(super) listen: String,
    /// The bars to trade
    #[arg(long, value_name = "SYMBOL=FILE", num_args = 1.., required = true)]
    pub(super) bars: Vec<String>,
    /// How much of an order a bar fills: all of it, or at most its volume (volume:25 is a quarter of it)
    #[arg(long, value_name = "whole|volume[:PERCENT]", default_value = "whole")]
    pub(super) fills: String,
    /// Contracts, market rules and calendars beside those that are built in (YAML)
    #[arg(long, value_name = "FILE")]
    pub(super) contracts: Vec<PathBuf>,
    /// Carries orders, executions, the account, order ids and market time over a restart
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<PathBuf>,
    #[command(flatten)]
    pub(super) faults: FaultArgs,
    #[command(flatten)]
    pub(super) market: MarketArgs,
    /// What market data the account has subscribed to
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    pub(super) market_data: MarketDataArg,
    /// How far apart bid and ask stand, in hundredths of a percent of the price; at least a tick
    #[arg(long, value_name = "BASIS_POINTS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub(super) spread: u32,
    /// The client id that hears of every client's orders and fills, and of those entered by hand
    #[arg(long, value_name = "N")]
    pub(super) master_client: Option<i32>,
    /// Whether a client that connects is told of its open orders without asking
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(super) open_orders_on_connect: OnConnect,
}

/// What market data there is, as the command line spells it.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum MarketDataArg {
    /// Everything as it happens
    #[default]
    Live,
    /// Quotes of 15 minutes ago, for clients that ask for delayed data; no real-time bars
    Delayed,
    /// Every request for market data is refused
    None,
}

/// Whether something is told on connection.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum OnConnect {
    /// As IB Gateway does
    #[default]
    Sent,
    /// Only on request
    Withheld,
}

/// What goes wrong at a simulated gateway.
#[derive(Debug, Args)]
pub(super) struct FaultArgs {
    /// What goes wrong, and when: a YAML list of faults
    #[arg(long, value_name = "FILE")]
    pub(super) faults: Option<String>,
    /// Draw faults of all kinds from this seed: the same seed and the same requests meet the same faults
    #[arg(long, value_name = "N")]
    pub(super) fault_seed: Option<u64>,
    /// How often the seed strikes, in percent of the occasions [default: 1]
    #[arg(long, value_name = "PERCENT", requires = "fault_seed")]
    pub(super) fault_rate: Option<String>,
}

/// What a simulated market is told.
#[derive(Debug, Args)]
pub(super) struct MarketArgs {
    /// Market seconds a second, or max: as fast as it goes [default: prusik.yaml, else 60]
    #[arg(long, value_name = "N|max", allow_negative_numbers = true)]
    pub(super) speed: Option<String>,
    /// The simulated account's cash at the start, in dollars [default: prusik.yaml, else 100000]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(super) cash: Option<String>,
}

/// `prusik check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Plans (.yaml, .yml), rules (.rhai), prusik.yaml, or folders of them; without any, the whole directory
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// One JSON document on stdout
    #[arg(long)]
    pub(super) json: bool,
}

/// `prusik size`.
#[derive(Debug, Args)]
pub(super) struct SizeArgs {
    /// The account's value
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true)]
    pub(super) account: Decimal,
    /// How much of it may be lost: the percentages stand in prusik.yaml
    #[arg(long, value_enum)]
    pub(super) risk: Risk,
    /// The price of the entry
    #[arg(long, value_name = "PRICE", value_parser = positive, allow_negative_numbers = true)]
    pub(super) entry: Decimal,
    /// The price of the stop: below the entry for a long, above it for a short
    #[arg(long, value_name = "PRICE", value_parser = positive, allow_negative_numbers = true)]
    pub(super) stop: Decimal,
    /// What may be spent [default: 4 times the account]
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true)]
    pub(super) buying_power: Option<Decimal>,
    /// One JSON document on stdout
    #[arg(long)]
    pub(super) json: bool,
}

/// `prusik orders`, `prusik trades`, `prusik journal verify`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// One JSON document on stdout
    #[arg(long)]
    pub(super) json: bool,
}

/// `prusik journal …`.
#[derive(Debug, Subcommand)]
pub(super) enum JournalCommand {
    /// Check every row of the journal against its chain; exit 1 where one was changed
    Verify(ListArgs),
}

/// A risk category, as plans spell it.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Risk {
    /// 1 % of the account unless configured otherwise
    Small,
    /// 2 %
    Normal,
    /// 3 %
    Large,
}

impl Risk {
    /// The category of the plan.
    pub(super) fn category(self) -> RiskCategory {
        match self {
            Risk::Small => RiskCategory::Small,
            Risk::Normal => RiskCategory::Normal,
            Risk::Large => RiskCategory::Large,
        }
    }
}
