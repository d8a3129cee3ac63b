//! The gateway as a server: its settings, its start and its end, and the clock hand that moves the market.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rust_decimal::Decimal;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Interval, MissedTickBehavior};
use tracing::{info, warn};

use super::bars::{Series, SourceBar};
use super::clock::{self, SLOT_SECONDS};
use super::exchange::{Client, Exchange, Phase};
use super::history::Job;
use super::market::Market;
use super::messages::asked;
use super::requests::MarketStart;
use super::session;
use super::wire::Malformed;

/// How often it is looked whether a client holds the market for too long, and how many looks that is: 30 s.
const SILENCE_LOOK: Duration = Duration::from_secs(5);
const SILENT_LOOKS_MAX: u32 = 6;
/// Instants after which the market lets other tasks run, where nothing else makes it pause.
const INSTANTS_AT_ONCE: u32 = 64;

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
    /// The account's cash at the start, in dollars.
    pub cash: Decimal,
    /// The account's name; those of simulated accounts begin with D.
    pub account: String,
    /// How fast market time passes.
    pub speed: Speed,
    /// When it begins to.
    pub start: MarketStart,
}

impl Default for Settings {
    /// Any free port of this machine, no bars, account DU0000001 with 100,000 dollars, as fast as it goes from
    /// the first bar subscription.
    fn default() -> Settings {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            bars: Vec::new(),
            cash: Decimal::from(100_000),
            account: "DU0000001".to_owned(),
            speed: Speed::default(),
            start: MarketStart::default(),
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
    /// There is nothing to simulate.
    #[error("there are no bars")]
    NoBars,
    /// A symbol is there twice.
    #[error("{symbol} has two sets of bars")]
    SymbolTwice {
        /// The symbol.
        symbol: String,
    },
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

/// A running simulated gateway. Dropping it ends it.
#[derive(Debug)]
pub struct Gateway {
    addr: SocketAddr,
    hall: Arc<Hall>,
    tasks: Vec<JoinHandle<()>>,
}

impl Gateway {
    /// Starts a gateway on the current tokio runtime.
    ///
    /// # Errors
    /// What is wrong with the bars, or with the address.
    pub async fn start(settings: Settings) -> Result<Gateway, StartError> {
        let Settings { listen, bars, cash, account, speed, start } = settings;
        let market = Market::new(account, cash, series(bars)?);
        let refused = |error: io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => StartError::PortInUse { addr: listen },
            _ => StartError::Listen { addr: listen, error },
        };
        let listener = TcpListener::bind(listen).await.map_err(refused)?;
        let addr = listener.local_addr().map_err(refused)?;
        let first = clock::stamp(market.now);
        info!(%addr, account = market.account, %first, "simulated gateway listens: market time, no real orders");
        let (over, _) = watch::channel(false);
        let hall = Arc::new(Hall {
            exchange: Mutex::new(Exchange::new(market)),
            driver: Notify::new(),
            over,
            speed,
            start,
        });
        let tasks = vec![
            tokio::spawn(accept(listener, Arc::clone(&hall))),
            tokio::spawn(drive(Arc::clone(&hall))),
            tokio::spawn(watch_silence(Arc::clone(&hall))),
        ];
        Ok(Gateway { addr, hall, tasks })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Opens the market, if it is not open. Who commands this is ready: a client that joined the lockstep and
    /// said nothing more is not waited for before the first instant.
    pub fn open_market(&self) {
        self.hall.lock().open_by_command();
        self.hall.driver.notify_one();
    }

    /// Market time, in seconds of the epoch: the end of the last instant.
    pub fn market_time(&self) -> i64 {
        self.hall.lock().market.now
    }

    /// Waits until the bars are over and every client in lockstep is done with the last one.
    pub async fn end_of_bars(&self) {
        // The sender lives in the hall, which this gateway holds.
        let _ = self.hall.over.subscribe().wait_for(|over| *over).await;
    }

    /// Ends it: no new connections, all connections closed, when this returns.
    pub async fn shutdown(mut self) {
        for task in &self.tasks {
            task.abort();
        }
        for task in self.tasks.drain(..) {
            // An aborted task ends with an error that says so.
            let _ = task.await;
        }
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

/// The symbols in order, their bars checked.
fn series(bars: Vec<(String, Vec<SourceBar>)>) -> Result<Vec<(String, Series)>, StartError> {
    let mut symbols: Vec<(String, Series)> = Vec::new();
    for (symbol, bars) in bars {
        if symbols.iter().any(|(other, _)| *other == symbol) {
            return Err(StartError::SymbolTwice { symbol });
        }
        match Series::new(bars) {
            Ok(series) => symbols.push((symbol, series)),
            Err((index, flaw)) => return Err(StartError::Bar { symbol, index, what: flaw.to_string() }),
        }
    }
    if symbols.iter().all(|(_, series)| series.bars.is_empty()) {
        return Err(StartError::NoBars);
    }
    symbols.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(symbols)
}

/// What all tasks of a gateway share.
#[derive(Debug)]
pub(super) struct Hall {
    exchange: Mutex<Exchange>,
    /// Told when the market may go on.
    driver: Notify,
    over: watch::Sender<bool>,
    speed: Speed,
    start: MarketStart,
}

impl Hall {
    /// The exchange. Nobody keeps the lock over an await.
    pub(super) fn lock(&self) -> MutexGuard<'_, Exchange> {
        // A panic while it was held is a bug of ours that ended one connection; the others go on.
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seats a client; false if its id is taken.
    pub(super) fn enter(&self, id: i32, client: Client) -> bool {
        let mut exchange = self.lock();
        if exchange.clients.contains_key(&id) {
            return false;
        }
        exchange.join(id, client);
        true
    }

    pub(super) fn leave(&self, id: i32) {
        let mut exchange = self.lock();
        exchange.clients.remove(&id);
        self.go_on(&mut exchange);
    }

    /// Does one request of a client; history is handed back to be worked out without the lock.
    pub(super) fn request(&self, client: i32, id: u32, message: &[u8]) -> Result<Option<Job>, Malformed> {
        let mut exchange = self.lock();
        let job = exchange.handle(client, id, message, self.start)?;
        if id == asked::CURRENT_TIME_MILLIS && self.speed == Speed::Max && exchange.may_advance() {
            // The last client in lockstep is done: the next instant goes out with the answer to it.
            self.advance(&mut exchange);
        }
        self.go_on(&mut exchange);
        Ok(job)
    }

    pub(super) fn answer(&self, client: i32, frames: &[u8]) {
        if let Some(own) = self.lock().clients.get_mut(&client) {
            own.out.extend_from_slice(frames);
        }
    }

    /// Hands over the frames that wait for a client, for its empty `out`. Everything it got before is sent.
    pub(super) fn collect(&self, client: i32, out: &mut Vec<u8>) {
        let mut exchange = self.lock();
        let Some(own) = exchange.clients.get_mut(&client) else { return };
        std::mem::swap(&mut own.out, out);
        let was_behind = own.in_flight > 0;
        own.in_flight = out.len();
        if was_behind {
            self.go_on(&mut exchange);
        }
    }

    fn advance(&self, exchange: &mut Exchange) {
        exchange.advance();
        if exchange.phase == Phase::Over {
            self.over.send_replace(true);
        }
    }

    fn go_on(&self, exchange: &mut Exchange) {
        if exchange.may_advance() {
            self.driver.notify_one();
        }
    }
}

async fn accept(listener: TcpListener, hall: Arc<Hall>) {
    // The sessions end with this task.
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            connection = listener.accept() => match connection {
                Ok((stream, _)) => drop(sessions.spawn(session::serve(stream, Arc::clone(&hall)))),
                Err(error) => {
                    warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = sessions.join_next() => {}
        }
    }
}

/// Moves the market: at the speed that was asked for, whenever all clients are ready.
async fn drive(hall: Arc<Hall>) {
    let mut pace = Pace::new(hall.speed);
    let mut before = None;
    let mut at_once = 0;
    loop {
        let upcoming = {
            let exchange = hall.lock();
            match exchange.phase {
                Phase::Over => return,
                Phase::Closed => None,
                Phase::Open => Some((exchange.market.now, exchange.market.upcoming())),
            }
        };
        let Some((now, upcoming)) = upcoming else {
            hall.driver.notified().await;
            continue;
        };
        if before != Some(now) {
            before = Some(now);
            pace.wait(now, upcoming).await;
        }
        let moved = {
            let mut exchange = hall.lock();
            let may = exchange.may_advance();
            if may {
                hall.advance(&mut exchange);
            }
            may
        };
        if !moved {
            hall.driver.notified().await;
            continue;
        }
        at_once += 1;
        if at_once == INSTANTS_AT_ONCE {
            at_once = 0;
            tokio::task::yield_now().await;
        }
    }
}

/// Drops clients from the lockstep that hold the same instant for too long.
async fn watch_silence(hall: Arc<Hall>) {
    let (mut seen, mut looks) = (0, 0);
    loop {
        tokio::time::sleep(SILENCE_LOOK).await;
        let mut exchange = hall.lock();
        if !exchange.is_held() || exchange.instants != seen {
            (seen, looks) = (exchange.instants, 0);
            continue;
        }
        looks += 1;
        if looks == SILENT_LOOKS_MAX {
            looks = 0;
            exchange.drop_silent();
            hall.go_on(&mut exchange);
        }
    }
}

/// How long to wait between instants.
struct Pace(Option<Interval>);

impl Pace {
    fn new(speed: Speed) -> Pace {
        let Speed::Times(times) = speed else { return Pace(None) };
        let period = Duration::from_secs(SLOT_SECONDS.unsigned_abs()) / times.get();
        let mut ticks = tokio::time::interval(period.max(Duration::from_nanos(1)));
        // A market that was held goes on at its speed; it does not catch up.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Pace(Some(ticks))
    }

    /// Waits for the next instant's turn: as long as the market takes to its end, but not over a night.
    async fn wait(&mut self, now: i64, upcoming: Option<i64>) {
        let (Some(ticks), Some(upcoming)) = (&mut self.0, upcoming) else { return };
        let same_day = clock::date(now) == clock::date(upcoming);
        let slots = if same_day { (upcoming - now) / SLOT_SECONDS + 1 } else { 1 };
        for _ in 0..slots {
            ticks.tick().await;
        }
    }
}
