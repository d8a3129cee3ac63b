//! `prusik run`: the runtime, until the bars end or somebody says stop, and a summary.

use std::pin::pin;
use std::time::Duration;

use tracing::{info, warn};

use super::args::RunArgs;
use super::bars;
use super::code::{Code, Fail};
use super::gateway;
use super::home::Home;
use super::listing::trade_table;
use super::log::{self, Clock};
use super::out;
use super::problems;
use super::signals::Signals;
use crate::config::{Config, Flags, Loaded};
use crate::domain::money::Cash;
use crate::gateway::synthetic_bars;
use crate::notify::WebhookUrl;
use crate::runtime::{AtEnd, MarketPlace, Options, RunError, Runtime, Summary};

/// Runs, and tells at the end what was done.
pub(super) fn run(home: &Home, args: &RunArgs) -> Result<Code, Fail> {
    if args.live {
        return Err(Fail::new(Code::Refused, "live trading is not available yet")
            .help("leave --live out: prusik trades on paper, simulated or at a paper account"));
    }
    let Loaded { config, remarks } = home.load(&flags(args))?;
    let webhook = WebhookUrl::from_environment().map_err(|error| Fail::new(Code::Configuration, error))?;
    let market = market(args, &config)?;
    let clock = match market {
        MarketPlace::Embedded { .. } => Clock::Market,
        MarketPlace::Gateway { .. } => Clock::Wall,
    };
    log::start(clock);
    problems::log(&remarks);
    if clock == Clock::Wall && (args.market.speed.is_some() || args.market.cash.is_some()) {
        warn!("--speed and --cash have no effect here: pace and money are the gateway's");
    }
    let at_end = if args.exit_at_end { AtEnd::Exit } else { AtEnd::Stay };
    let options = Options {
        plans: home.join(&config.paths.plans),
        scripts: home.join(&config.paths.scripts),
        state: home.join(&config.paths.state),
        limits: config.limits,
        client_id: config.broker.client_id,
        market,
        at_end,
        webhook,
        listener: None,
    };
    let summary = gateway::in_tokio()?.block_on(trade(options))?;
    if let Some(summary) = summary {
        out::answer(&told(&summary))?;
    }
    Ok(Code::Done)
}

fn flags(args: &RunArgs) -> Flags {
    Flags {
        mode: args.paper.then(|| "paper".to_owned()),
        connect: args.connect.clone(),
        client_id: args.client_id.clone(),
        ..gateway::flags(&args.market)
    }
}

/// Where to trade: bars on the command line go before a gateway in prusik.yaml.
fn market(args: &RunArgs, config: &Config) -> Result<MarketPlace, Fail> {
    match &config.broker.connect {
        Some(address) if args.bars.is_empty() => Ok(MarketPlace::Gateway { address: address.to_string() }),
        _ => Ok(MarketPlace::Embedded {
            bars: if args.bars.is_empty() { synthetic_bars() } else { bars::load(&args.bars)? },
            cash: config.paper.cash,
            speed: gateway::speed(config.paper.speed),
        }),
    }
}

/// Starts and runs; nothing to tell where a signal came before there was a run.
async fn trade(options: Options) -> Result<Option<Summary>, Fail> {
    let mut signals = gateway::signals()?;
    let runtime = tokio::select! {
        started = Runtime::start(options) => started.map_err(|error| failed(&error))?,
        signal = signals.next() => {
            info!("{signal}: stopped before the run began");
            return Ok(None);
        }
    };
    let stopper = runtime.stopper();
    let mut run = pin!(runtime.run());
    let outcome = tokio::select! {
        outcome = &mut run => outcome,
        signal = signals.next() => {
            info!("{signal}: the run ends; at a gateway the stops stay, a simulation ends with this program");
            stopper.stop();
            ended(&mut signals, run).await?
        }
    };
    outcome.map(Some).map_err(|error| failed(&error))
}

/// Waits for the end that was asked for; a second signal does not.
async fn ended<R>(signals: &mut Signals, run: R) -> Result<R::Output, Fail>
where
    R: Future,
{
    tokio::select! {
        outcome = run => Ok(outcome),
        signal = signals.next() => {
            Err(Fail::new(Code::Failed, format_args!("{signal} again: ended without waiting for the broker")))
        }
    }
}

fn failed(error: &RunError) -> Fail {
    match error {
        RunError::Configuration(_) => Fail::new(Code::Configuration, error),
        RunError::Refused(_) => Fail::new(Code::Refused, error),
        RunError::Unreachable(_) => Fail::new(Code::Unreachable, error)
            .help("is the gateway running, logged in, and its API port open for this machine?"),
        RunError::Busy(_) => {
            Fail::new(Code::TryAgain, error).help("wait until it has ended, or give this run another --dir")
        }
        RunError::Journal(_) => Fail::new(Code::Failed, error),
    }
}

/// The summary: trades, what stays open, what was refused, and how fast it went.
fn told(summary: &Summary) -> String {
    let Summary { trades, open, armed, refused, bars, took, account_value } = summary;
    let mut text = trade_table(trades);
    if !trades.is_empty() {
        let pnl: Cash = trades.iter().map(|trade| trade.pnl).sum();
        text.push_str(&format!("\n\n{} closed, P&L {pnl} after fees", counted(trades.len(), "trade")));
    }
    for position in open {
        text.push_str(&format!("\n{position}"));
    }
    if *armed > 0 {
        text.push_str(&format!("\n{} still waiting for an entry", counted(*armed, "plan")));
    }
    if *refused > 0 {
        text.push_str(&format!("\n{} refused by a limit", counted(*refused, "entry")));
    }
    if let Some(value) = account_value {
        text.push_str(&format!("\naccount value {value}"));
    }
    text.push_str(&format!("\n{}", pace(*bars, *took)));
    text
}

fn pace(bars: u64, took: Duration) -> String {
    let millis = took.as_millis().max(1);
    let a_second = u128::from(bars) * 1000 / millis;
    format!("{bars} bars in {}.{:02} s, {a_second} bars a second", millis / 1000, millis % 1000 / 10)
}

fn counted(number: usize, what: &str) -> String {
    match (number, what) {
        (1, what) => format!("1 {what}"),
        (number, "entry") => format!("{number} entries"),
        (number, what) => format!("{number} {what}s"),
    }
}
