//! What the tasks of a gateway share: the exchange behind its lock, and the hand that moves the market.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Interval, MissedTickBehavior};
use tracing::error;

use super::clock::{self, SLOT_SECONDS};
use super::exchange::{Client, Exchange, Phase, Visibility};
use super::faults::{Deed, Door, Flow, Step, Trickle};
use super::history::{Answer, Job};
use super::lobby::Lobby;
use super::market::Market;
use super::messages::asked;
use super::requests::MarketStart;
use super::server::Speed;
use super::wire::Malformed;

/// How often it is looked whether a client holds the market for too long, and how many looks that is: 30 s.
const SILENCE_LOOK: Duration = Duration::from_secs(5);
const SILENT_LOOKS_MAX: u32 = 6;
/// Instants after which the market lets other tasks run, where nothing else makes it pause.
const INSTANTS_AT_ONCE: u32 = 64;
/// Instants that tell a client in lockstep nothing, after which it may look all the same: 20 years of sessions are 24
/// million.
const UNSEEN_INSTANTS_MAX: u32 = 500_000;

/// What became of a request.
#[derive(Debug, Default)]
pub(super) struct Served {
    /// History is handed back, to be worked out without the lock.
    pub(super) job: Option<Job>,
    pub(super) more: More,
    /// What a fault makes of the connection.
    pub(super) flow: Flow,
}

/// Whether a client's next request may be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum More {
    #[default]
    Now,
    /// When it has taken some of what waits for it.
    Later,
    /// Never: so much waited for it that it was given up.
    Never,
}

impl More {
    fn of(client: &Client) -> More {
        match client {
            _ if client.is_overrun() => More::Never,
            _ if client.takes_requests() => More::Now,
            _ => More::Later,
        }
    }
}

/// How a gateway serves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) speed: Speed,
    pub(super) start: MarketStart,
    pub(super) patience: Duration,
}

/// What all tasks of a gateway share.
#[derive(Debug)]
pub(super) struct Hall {
    exchange: Mutex<Exchange>,
    /// Told when the market may go on.
    driver: Notify,
    /// Whether the bars are over.
    over: watch::Sender<bool>,
    /// Told when the gateway is to end.
    pub(super) closing: Notify,
    pub(super) lobby: Arc<Lobby>,
    /// How long a client may take to say who it is, and how long nothing of what waits for it.
    pub(super) patience: Duration,
    /// The most memory a client ever cost, in bytes.
    pub(super) dearest: AtomicUsize,
    speed: Speed,
    start: MarketStart,
}

/// The exchange while one task works in it. What was changed is written down before the next may enter, and so
/// before any client is given a word of it.
pub(super) struct Floor<'a> {
    exchange: MutexGuard<'a, Exchange>,
    closing: &'a Notify,
    worked: bool,
}

impl Deref for Floor<'_> {
    type Target = Exchange;

    fn deref(&self) -> &Exchange {
        &self.exchange
    }
}

impl DerefMut for Floor<'_> {
    fn deref_mut(&mut self) -> &mut Exchange {
        self.worked = true;
        &mut self.exchange
    }
}

impl Drop for Floor<'_> {
    fn drop(&mut self) {
        if !self.worked {
            return;
        }
        let Exchange { market, ledger, clients, .. } = &mut *self.exchange;
        let Some(kept) = ledger else { return };
        if let Err(error) = kept.write(market) {
            error!(path = %kept.path().display(), %error, "the state cannot be written: the gateway ends");
            *ledger = None;
            // Nobody is told of what would be forgotten.
            clients.clear();
            self.closing.notify_one();
        }
    }
}

impl Hall {
    pub(super) fn new(market: Market, visibility: Visibility, terms: Terms) -> Hall {
        let Terms { speed, start, patience } = terms;
        let (over, _) = watch::channel(false);
        let mut exchange = Exchange::new(market);
        exchange.visibility = visibility;
        Hall {
            exchange: Mutex::new(exchange),
            driver: Notify::new(),
            over,
            closing: Notify::new(),
            lobby: Arc::default(),
            patience,
            dearest: AtomicUsize::new(0),
            speed,
            start,
        }
    }

    /// Opens the market by command.
    pub(super) fn open(&self) {
        self.lock().open_by_command();
        self.driver.notify_one();
    }

    /// Waits until the bars are over.
    pub(super) async fn end_of_bars(&self) {
        // It cannot fail: the sender lives as long as this.
        let _ = self.over.subscribe().wait_for(|over| *over).await;
    }

    /// The exchange. Nobody keeps the lock over an await.
    pub(super) fn lock(&self) -> Floor<'_> {
        // A panic while it was held is a bug of ours that ended one connection; the others go on.
        let exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        Floor { exchange, closing: &self.closing, worked: false }
    }

    /// Writes down where the market stands, before the gateway ends.
    pub(super) fn close(&self) {
        let mut exchange = self.lock();
        let Exchange { market, ledger, .. } = &mut *exchange;
        if let Some(Err(error)) = ledger.take().map(|mut ledger| ledger.close(market)) {
            error!(%error, "the last of the state could not be written");
        }
    }

    /// Seats a client, if the door is open to it.
    pub(super) fn enter(&self, id: i32, client: Client) -> Door {
        let mut exchange = self.lock();
        if exchange.clients.contains_key(&id) {
            return Door::InUse;
        }
        let door = exchange.door(id);
        if door == Door::Open {
            exchange.join(id, client);
            exchange.started(id);
            self.go_on(&mut exchange);
        }
        door
    }

    /// Gives up the seat of a connection, told apart by its bell: another may have the id by now.
    pub(super) fn leave(&self, id: i32, wake: &Arc<Notify>) {
        let mut exchange = self.lock();
        drop(exchange.farewell(wake));
        if exchange.clients.get(&id).is_some_and(|own| Arc::ptr_eq(&own.wake, wake)) {
            exchange.clients.remove(&id);
            exchange.trouble.gone(id);
        }
        self.go_on(&mut exchange);
    }

    /// What happens to a connection at a step before it has a client id.
    pub(super) fn at_step(&self, step: Step) -> Vec<(Deed, watch::Receiver<u64>)> {
        self.lock().at_step(step)
    }

    /// Whether a connection stands still, by a fault.
    pub(super) fn is_frozen(&self, id: i32, wake: &Arc<Notify>) -> bool {
        self.lock().clients.get(&id).is_some_and(|own| own.is_frozen() && Arc::ptr_eq(&own.wake, wake))
    }

    /// In which pieces a connection's bytes go, by a fault.
    pub(super) fn trickle(&self, id: i32, wake: &Arc<Notify>) -> Option<Trickle> {
        self.lock().clients.get(&id).filter(|own| Arc::ptr_eq(&own.wake, wake)).and_then(Client::trickle)
    }

    /// The last bytes of a connection that a fault has ended; none where it goes on.
    pub(super) fn farewell(&self, wake: &Arc<Notify>) -> Option<Vec<u8>> {
        self.lock().farewell(wake)
    }

    /// Does one request of a client.
    pub(super) fn request(&self, client: i32, id: u32, message: &[u8]) -> Result<Served, Malformed> {
        let mut exchange = self.lock();
        let (job, flow) = exchange.serve(client, id, message, self.start)?;
        if id == asked::CURRENT_TIME_MILLIS && self.speed == Speed::Max && exchange.may_advance() {
            // The last client in lockstep is done: the next instant goes out with the answer to it.
            self.advance(&mut exchange);
        }
        self.go_on(&mut exchange);
        let Some(own) = exchange.clients.get_mut(&client) else {
            return Ok(Served { flow: Flow::Ends, ..Served::default() });
        };
        if job.is_some() {
            own.begin_answer();
        }
        let flow = if own.is_frozen() && flow == Flow::Goes { Flow::Stands } else { flow };
        Ok(Served { job, more: More::of(own), flow })
    }

    /// Whether a client's next request may be done.
    pub(super) fn more(&self, client: i32) -> More {
        self.lock().clients.get(&client).map_or(More::Now, More::of)
    }

    /// Notes what a client costs now: what waits for it, and the memory of its connection beside that.
    pub(super) fn note_cost(&self, client: i32, connection: usize) {
        let waiting = self.lock().clients.get(&client).map_or(0, Client::waiting);
        self.dearest.fetch_max(connection + waiting, Ordering::Relaxed);
    }

    /// Gives a client its history, and what followed it meanwhile.
    pub(super) fn answer(&self, client: i32, answer: Answer) {
        self.lock().answer(client, answer);
    }

    /// Hands over frames that wait for a client, for its empty `out`. Everything it got before is sent. A connection
    /// that has lost its seat gets nothing of what is for the next one there.
    pub(super) fn collect(&self, client: i32, wake: &Arc<Notify>, out: &mut Vec<u8>) {
        let mut exchange = self.lock();
        let Exchange { market, clients, .. } = &mut *exchange;
        let own = clients.get_mut(&client).filter(|own| Arc::ptr_eq(&own.wake, wake));
        let Some(own) = own.filter(|own| !own.is_held_back()) else { return };
        own.hand_over(market, out);
        let was_behind = own.in_flight > 0;
        own.in_flight = out.len();
        if was_behind {
            self.go_on(&mut exchange);
        }
    }

    /// Moves the market one instant. As fast as it goes, also over the instants after it that tell a client in
    /// lockstep nothing: it isn't woken by them, and must not begin to look between them and the next it is told of.
    fn advance(&self, exchange: &mut Exchange) {
        exchange.advance();
        let mut unseen = 0;
        while self.speed == Speed::Max && exchange.passed_unseen() {
            unseen += 1;
            if unseen == UNSEEN_INSTANTS_MAX {
                exchange.hold();
                break;
            }
            exchange.advance();
        }
        if exchange.phase == Phase::Over {
            self.over.send_replace(true);
        }
    }

    pub(super) fn go_on(&self, exchange: &mut Exchange) {
        if exchange.may_advance() {
            self.driver.notify_one();
        }
    }
}

/// Moves the market: at the speed that was asked for, whenever all clients are ready.
pub(super) async fn drive(hall: Arc<Hall>) {
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
pub(super) async fn watch_silence(hall: Arc<Hall>) {
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
