//! `prusik gateway`: the simulated gateway alone.

use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroU32;

use tracing::info;

use super::args::{GatewayArgs, MarketArgs, MarketDataArg, OnConnect};
use super::bars;
use super::code::{Code, Fail};
use super::contracts;
use super::faults;
use super::home::Home;
use super::log::{self, Clock};
use super::out;
use super::problems;
use super::signals::Signals;
use crate::config::{self, Flags};
use crate::gateway::{
    Fills, Gateway, MarketData, MarketStart, OpenOrdersOnConnect, Settings, Speed, Spread, StartError,
    StateError,
};

/// Serves until a signal.
pub(super) fn run(home: &Home, args: &GatewayArgs) -> Result<Code, Fail> {
    let loaded = home.load(&flags(&args.market))?;
    let settings = Settings {
        listen: address(&args.listen)?,
        bars: bars::load(&args.bars)?,
        catalogue: contracts::load(&args.contracts)?,
        cash: loaded.config.paper.cash,
        speed: speed(loaded.config.paper.speed),
        start: MarketStart::FirstBarSubscription,
        fills: fills(&args.fills)?,
        faults: faults::load(&args.faults)?,
        fault_seed: faults::seed(&args.faults)?,
        market_data: match args.market_data {
            MarketDataArg::Live => MarketData::Live,
            MarketDataArg::Delayed => MarketData::Delayed,
            MarketDataArg::None => MarketData::None,
        },
        spread: Spread { basis_points: args.spread, ..Spread::default() },
        master_client: args.master_client,
        state: args.state.clone(),
        open_orders_on_connect: match args.open_orders_on_connect {
            OnConnect::Sent => OpenOrdersOnConnect::Sent,
            OnConnect::Withheld => OpenOrdersOnConnect::Withheld,
        },
        ..Settings::default()
    };
    log::start(Clock::Wall);
    problems::log(&loaded.remarks);
    let runtime = in_tokio()?;
    runtime.block_on(serve(settings))
}

async fn serve(settings: Settings) -> Result<Code, Fail> {
    let mut signals = signals()?;
    let gateway = Gateway::start(settings).await.map_err(|error| refused(&error))?;
    out::answer(&format!("listening on {}", gateway.local_addr()))?;
    let signal = tokio::select! {
        signal = signals.next() => signal,
        () = gateway.end_of_bars() => {
            info!("the bars have ended; the gateway goes on serving until Ctrl-C");
            signals.next().await
        }
    };
    info!("{signal}: the gateway ends");
    gateway.shutdown().await;
    Ok(Code::Done)
}

fn refused(error: &StartError) -> Fail {
    match error {
        StartError::PortInUse { .. } => Fail::new(Code::Unreachable, format_args!("cannot listen: {error}"))
            .help("end what listens there, or take another port with --listen; port 0 takes any"),
        StartError::Listen { .. } => Fail::new(Code::Unreachable, error)
            .help("--listen takes an address of this machine, like 127.0.0.1:4002"),
        StartError::Fault { .. } => {
            Fail::new(Code::Configuration, error).help("look at the file of --faults")
        }
        StartError::NoBars | StartError::SymbolTwice { .. } | StartError::Bar { .. } => {
            Fail::new(Code::Configuration, error).help("look at the files of --bars")
        }
        StartError::State(error) => {
            let help = match error {
                StateError::InUse { .. } => "end the other gateway, or give this one a file of its own",
                StateError::Unusable { .. } => "--state takes a file that may be read and written",
                StateError::Damaged { .. } => {
                    "start with the bars and the account it was written with, or move it away to begin anew"
                }
            };
            Fail::new(Code::Configuration, error).help(help)
        }
        StartError::Calendars { .. } => Fail::new(Code::Configuration, error)
            .help("give all symbols of --bars one calendar in the file of --contracts"),
    }
}

fn address(text: &str) -> Result<SocketAddr, Fail> {
    let resolved = text.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    resolved.ok_or_else(|| {
        Fail::new(Code::Usage, format_args!("--listen {text}: not a host and a port"))
            .help("write it like --listen 127.0.0.1:4002")
    })
}

/// `whole`, `volume`, or `volume:` and a percentage of the volume.
fn fills(text: &str) -> Result<Fills, Fail> {
    let percent = match text.split_once(':') {
        None if text == "whole" => return Ok(Fills::Whole),
        None if text == "volume" => NonZeroU32::new(100),
        Some(("volume", percent)) => percent.parse().ok(),
        _ => None,
    };
    percent.map(|percent| Fills::BarVolume { percent }).ok_or_else(|| {
        Fail::new(Code::Usage, format_args!("--fills {text}: not whole, volume or volume:PERCENT"))
            .help("write it like --fills volume:25 for a quarter of each bar's volume")
    })
}

/// What was said of the simulated market.
pub(super) fn flags(market: &MarketArgs) -> Flags {
    Flags { speed: market.speed.clone(), cash: market.cash.clone(), ..Flags::default() }
}

/// The configuration's word for the pace, as the gateway takes it.
pub(super) fn speed(speed: config::Speed) -> Speed {
    match speed {
        config::Speed::Max => Speed::Max,
        config::Speed::Times(times) => NonZeroU32::new(times).map_or(Speed::Max, Speed::Times),
    }
}

/// What drives everything that waits.
pub(super) fn in_tokio() -> Result<tokio::runtime::Runtime, Fail> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Fail::new(Code::Failed, format_args!("no threads: {error}")))
}

/// Ctrl-C and SIGTERM, heard from now on.
pub(super) fn signals() -> Result<Signals, Fail> {
    Signals::listen().map_err(|error| Fail::new(Code::Failed, format_args!("no signals: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_are_whole_or_a_share_of_the_volume_and_nothing_else() {
        let share = |percent| NonZeroU32::new(percent).map(|percent| Fills::BarVolume { percent });
        assert_eq!(fills("whole").ok(), Some(Fills::Whole));
        assert_eq!(fills("volume").ok(), share(100));
        assert_eq!(fills("volume:25").ok(), share(25));
        for wrong in ["", "volume:0", "volume:-5", "volume:", "whole:5", "half"] {
            assert!(fills(wrong).is_err(), "{wrong}");
        }
    }
}
