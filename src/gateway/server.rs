//! The gateway as a server: its settings, its start and its end, and the clock hand that moves the market.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use rust_decimal::Decimal;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tracing::{info, warn};

use super::bars::{Series, SourceBar};
use super::catalogue::Catalogue;
use super::clock;
use super::exchange::{OpenOrdersOnConnect, Phase, Visibility};
use super::faults::{Dice, Fault, Faults, Seed, Timer, Trouble, Unfit, keep_time};
use super::hall::{Hall, Terms, drive, watch_silence};
use super::ledger::{Ledger, StateError};
use super::market::Market;
use super::quotes::{Halt, MarketData, Shown, Spread};
use super::requests::MarketStart;
use super::session;
use super::venue::{Fills, Margin, OrphanModify, Rules};

/// How long it is waited after a connection could not be taken.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often it is tried to listen again after a restart.
const BIND_TRIES: u32 = 50;

/// How fast market time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Speed {
    /// As fast as the clients follow.
    #[default]
    Max,
    /// So many market seconds in a second of wall time. The time between two days is skipped.
    Times(NonZeroU32),
}

/// What a simulated gateway is made of.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// The symbols and their bars, oldest first.
    pub bars: Vec<(String, Vec<SourceBar>)>,
    /// What the symbols trade as: contract ids, market rules, calendars.
    pub catalogue: Catalogue,
    /// The account's cash at the start, in dollars.
    pub cash: Decimal,
    /// The account's name; those of simulated accounts begin with D.
    pub account: String,
    /// How fast market time passes.
    pub speed: Speed,
    /// When it begins to.
    pub start: MarketStart,
    /// The moment the market begins at: with the first instant that does not start before it. Everything before has
    /// happened already, without a trade of anybody's: it is history, and its last prices are known. None to begin
    /// with the first bar. Where [`Settings::state`] has a market that runs, that one goes on where it was.
    pub start_at: Option<Timestamp>,
    /// How much of an order a bar fills.
    pub fills: Fills,
    /// Whether new orders must be covered by the account.
    pub margin: Margin,
    /// What becomes of an order whose change still names a parent that is done.
    pub orphan_modify: OrphanModify,
    /// The client id that hears of everybody's orders and fills, not only of its own: the "master API client id" of
    /// IB Gateway's settings. None by default.
    pub master_client: Option<i32>,
    /// Whether a client that connects is told of its open orders without asking.
    pub open_orders_on_connect: OpenOrdersOnConnect,
    /// What market data the account has subscribed to.
    pub market_data: MarketData,
    /// How far apart the made bid and ask stand.
    pub spread: Spread,
    /// How long a client may take to say who it is, and how long it may read nothing of what waits for it; then
    /// its connection ends.
    pub patience: Duration,
    /// The file that carries orders, executions, the account, order ids and market time over a restart; none to begin
    /// anew each time. Where it has a state already, the account's cash is that of the state.
    pub state: Option<PathBuf>,
    /// What goes wrong, and when.
    pub faults: Vec<Fault>,
    /// More that goes wrong, drawn from a seed.
    pub fault_seed: Option<Seed>,
}

impl Default for Settings {
    /// Any free port of this machine, no bars, the catalogue that is part of prusik, account DU0000001 with 100,000
    /// dollars, as fast as it goes from the first subscription to market data, a patience of 30 s.
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            bars: Vec::new(),
            catalogue: Catalogue::default(),
            cash: Decimal::from(100_000),
            account: "DU0000001".to_owned(),
            speed: Speed::default(),
            start: MarketStart::default(),
            start_at: None,
            fills: Fills::default(),
            margin: Margin::default(),
            orphan_modify: OrphanModify::default(),
            market_data: MarketData::default(),
            spread: Spread::default(),
            master_client: None,
            open_orders_on_connect: OpenOrdersOnConnect::default(),
            patience: Duration::from_secs(30),
            state: None,
            faults: Vec::new(),
            fault_seed: None,
        }
    }
}

/// Why a gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Something else listens there.
    #[error("{addr} is in use")]
    PortInUse {
        /// The address asked for.
        addr: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: {error}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// A fault could never do what it says.
    #[error("fault {}: {unfit}", index + 1)]
    Fault {
        /// Its place, counted from 0.
        index: usize,
        /// Why it could not.
        unfit: Unfit,
    },
    /// There is nothing to simulate.
    #[error("there are no bars")]
    NoBars,
    /// A symbol is there twice.
    #[error("{symbol} has two sets of bars")]
    SymbolTwice {
        /// The symbol.
        symbol: String,
    },
    /// Two symbols trade by different calendars, and the market has one clock.
    #[error("{symbol} and {other} have different calendars")]
    Calendars {
        /// One symbol.
        symbol: String,
        /// The other.
        other: String,
    },
    /// The market would begin after the last bar.
    #[error("the market cannot start at {start}: the bars end at {end}")]
    StartAfterEnd {
        /// When it was to start, in New York.
        start: String,
        /// The end of the last bar, in New York.
        end: String,
    },
    /// The state of before cannot be taken up.
    #[error(transparent)]
    State(#[from] StateError),
    /// A bar is not one, or is not in its place.
    #[error("bar {index} of {symbol}: {what}")]
    Bar {
        /// The symbol.
        symbol: String,
        /// Its place, counted from 0.
        index: usize,
        /// What is wrong.
        what: String,
    },
}

/// A symbol that the gateway has no bars of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no symbol {symbol}")]
pub struct UnknownSymbol {
    /// As it was given.
    pub symbol: String,
}

/// A running simulated gateway. Dropping it ends it.
#[derive(Debug)]
pub struct Gateway {
    addr: SocketAddr,
    hall: Arc<Hall>,
    tasks: [JoinHandle<()>; 4],
}

impl Gateway {
    /// Starts a gateway on the current tokio runtime.
    ///
    /// # Errors
    /// What is wrong with the bars, or with the address.
    pub async fn start(settings: Settings) -> Result<Gateway, StartError> {
        let Settings {
            listen,
            bars,
            catalogue,
            cash,
            account,
            speed,
            start,
            start_at,
            fills,
            margin,
            orphan_modify,
            master_client,
            open_orders_on_connect,
            patience,
            state,
            market_data,
            spread,
            faults,
            fault_seed,
        } = settings;
        let visibility = Visibility { master: master_client, on_connect: open_orders_on_connect };
        let mut market = Market::of(account, cash, series(bars, &catalogue)?, &catalogue);
        market.venue.rules = Rules { fills, margin, orphan_modify };
        market.screen.set_up(market_data, spread);
        let begins = start_at.map(|start| beginning(&market, start)).transpose()?;
        let trade = format!("speed {speed:?}, fills {fills:?}");
        let wrong = format!("{} faults, {}", faults.len(), seeded(fault_seed));
        let (trouble, timers) = trouble(faults, fault_seed, &market, begins)?;
        let ledger = state.map(|path| Ledger::open(&path, &mut market, begins)).transpose()?;
        if let (None, Some(start)) = (&ledger, begins) {
            market.begin_at(start);
        }
        let refused = |error: io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => StartError::PortInUse { addr: listen },
            _ => StartError::Listen { addr: listen, error },
        };
        let listener = TcpListener::bind(listen).await.map_err(refused)?;
        let addr = listener.local_addr().map_err(refused)?;
        let first = clock::stamp(market.now);
        info!(%addr, account = market.account, %first, "simulated gateway listens: market time, no real orders");
        if let Some((from, last)) = market.span() {
            let (symbols, from) = (market.symbols().join(", "), clock::stamp(from));
            let to = clock::stamp(last + clock::SLOT_SECONDS);
            info!("bars of {symbols} from {from} to {to}; {trade}; {wrong}");
        }
        let hall = Arc::new(Hall::new(market, visibility, Terms { speed, start, patience }));
        {
            let mut exchange = hall.lock();
            exchange.ledger = ledger;
            exchange.trouble = trouble.for_market(start);
        }
        let tasks = [
            tokio::spawn(accept(addr, listener, Arc::clone(&hall))),
            tokio::spawn(drive(Arc::clone(&hall))),
            tokio::spawn(watch_silence(Arc::clone(&hall))),
            tokio::spawn(keep_time(Arc::clone(&hall), timers)),
        ];
        Ok(Gateway { addr, hall, tasks })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) fn hall(&self) -> &Hall {
        &self.hall
    }

    /// The handle that makes things go wrong.
    pub fn faults(&self) -> Faults {
        Faults::new(Arc::clone(&self.hall))
    }

    /// Opens the market, if it is not open. Who commands this is ready: a client that joined the lockstep and
    /// said nothing more is not waited for before the first instant.
    pub fn open_market(&self) {
        self.hall.open();
    }

    /// Market time, in seconds of the epoch: the end of the last instant.
    pub fn market_time(&self) -> i64 {
        self.hall.lock().market.now
    }

    /// The most memory a client has cost so far, in bytes: its requests, what waited for it and what was on its way.
    /// It is never more than the longest frame of the protocol, 16 MiB.
    pub fn client_bytes_max(&self) -> usize {
        self.hall.dearest.load(Ordering::Relaxed)
    }

    /// Halts a symbol from the next instant on, or lets it trade again: while it is halted its bars are flat, nothing
    /// of it triggers or fills, and its source's bars of that time never happened.
    ///
    /// # Errors
    /// There is no such symbol.
    pub fn halt(&self, symbol: &str, halt: Halt) -> Result<(), UnknownSymbol> {
        known(symbol, self.hall.lock().halt(symbol, halt))
    }

    /// Stops everything that is sent of a symbol's market data, with no word to anyone, while it trades on.
    ///
    /// # Errors
    /// There is no such symbol.
    pub fn freeze_data(&self, symbol: &str) -> Result<(), UnknownSymbol> {
        known(symbol, self.hall.lock().show(symbol, Shown::Frozen))
    }

    /// Lets a symbol's market data flow again, from where the market is.
    ///
    /// # Errors
    /// There is no such symbol.
    pub fn thaw_data(&self, symbol: &str) -> Result<(), UnknownSymbol> {
        known(symbol, self.hall.lock().show(symbol, Shown::Flowing))
    }

    /// Waits until the bars are over and every client in lockstep is done with the last one.
    pub async fn end_of_bars(&self) {
        self.hall.end_of_bars().await;
    }

    /// Ends it. When this returns, nothing listens any more and all connections are closed.
    pub async fn shutdown(mut self) {
        self.hall.closing.notify_one();
        let [accept, others @ ..] = &mut self.tasks;
        for task in others.iter() {
            task.abort();
        }
        for task in std::iter::once(accept).chain(others) {
            // An aborted task ends with an error that says so.
            let _ = task.await;
        }
        {
            let exchange = self.hall.lock();
            if exchange.phase != Phase::Over {
                exchange.trouble.tell_unstruck();
            }
        }
        self.hall.close();
        info!("simulated gateway ended");
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn known(symbol: &str, known: bool) -> Result<(), UnknownSymbol> {
    known.then_some(()).ok_or_else(|| UnknownSymbol { symbol: symbol.to_owned() })
}

/// The seed, as the log says it.
fn seeded(seed: Option<Seed>) -> String {
    match seed {
        Some(Seed { number, percent }) => format!("seed {number} at {percent} %"),
        None => "no seed".to_owned(),
    }
}

/// When the market begins, in whole seconds of the epoch; refused where nothing trades from there on.
fn beginning(market: &Market, start: Timestamp) -> Result<i64, StartError> {
    // A fraction of a second is after its second.
    let at = start.as_second() + i64::from(start.subsec_nanosecond() > 0);
    match market.span() {
        Some((_, last)) if at > last => {
            let end = clock::stamp(last + clock::SLOT_SECONDS);
            Err(StartError::StartAfterEnd { start: clock::stamp(at), end })
        }
        _ => Ok(at),
    }
}

/// What goes wrong, checked.
fn trouble(
    faults: Vec<Fault>,
    seed: Option<Seed>,
    market: &Market,
    begins: Option<i64>,
) -> Result<(Trouble, mpsc::UnboundedReceiver<Timer>), StartError> {
    let symbols = market.symbols();
    let (first, last) = market.span().unwrap_or((market.now, market.now));
    let (begins, ends) = (begins.map_or(first, |begins| begins.max(first)), last + clock::SLOT_SECONDS);
    for (index, fault) in faults.iter().enumerate() {
        if let Some(unfit) = fault.unfit().or_else(|| fault.unfit_in(&symbols, begins, ends)) {
            return Err(StartError::Fault { index, unfit });
        }
    }
    Ok(Trouble::new(faults, seed.map(Dice::new)))
}

/// The symbols in order, their bars checked.
fn series(
    bars: Vec<(String, Vec<SourceBar>)>,
    catalogue: &Catalogue,
) -> Result<Vec<(String, Series)>, StartError> {
    let mut symbols: Vec<(String, Series)> = Vec::new();
    for (symbol, bars) in bars {
        if symbols.iter().any(|(other, _)| *other == symbol) {
            return Err(StartError::SymbolTwice { symbol });
        }
        match Series::listed(bars, &catalogue.listed(&symbol)) {
            Ok(series) => symbols.push((symbol, series)),
            Err((index, flaw)) => return Err(StartError::Bar { symbol, index, what: flaw.to_string() }),
        }
    }
    if symbols.iter().all(|(_, series)| series.bars.is_empty()) {
        return Err(StartError::NoBars);
    }
    if let Some(pair) = symbols.windows(2).find(|pair| pair[0].1.calendar() != pair[1].1.calendar()) {
        return Err(StartError::Calendars { symbol: pair[0].0.clone(), other: pair[1].0.clone() });
    }
    symbols.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(symbols)
}

async fn accept(addr: SocketAddr, listener: TcpListener, hall: Arc<Hall>) {
    // The sessions end with this task.
    let mut sessions = JoinSet::new();
    let mut listens = hall.lock().trouble.listens();
    let mut listening = Some(listener);
    loop {
        if !*listens.borrow_and_update() {
            listening = None;
        } else if listening.is_none() {
            listening = listen_again(addr).await;
        }
        tokio::select! {
            connection = next_connection(listening.as_ref()) => match connection {
                Ok(stream) => drop(sessions.spawn(session::serve(stream, Arc::clone(&hall)))),
                Err(error) => {
                    warn!(%error, "a connection could not be taken");
                    hall.lobby.make_room();
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = sessions.join_next() => {}
            _ = listens.changed() => {}
            () = hall.closing.notified() => break,
        }
    }
    drop(listening);
    sessions.shutdown().await;
}

/// The next connection; none as long as a fault has closed the door.
async fn next_connection(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => Ok(listener.accept().await?.0),
        None => std::future::pending().await,
    }
}

/// Listens again at the address it listened at; none where something else keeps it for too long.
async fn listen_again(addr: SocketAddr) -> Option<TcpListener> {
    for _ in 0..BIND_TRIES {
        match TcpListener::bind(addr).await {
            Ok(listener) => return Some(listener),
            Err(error) => warn!(%error, %addr, "cannot listen again yet"),
        }
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
    None
}
