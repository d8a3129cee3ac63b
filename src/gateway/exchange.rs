//! The market and the clients that look at it: who is owed which frames, and when the next instant may go.
//!
//! All of it stands behind one lock, held only for as long as it takes to write frames into the clients'
//! buffers: so every client sees the same order of things, and no client can hold up another.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;
use tracing::{debug, info, warn};

use super::account::Worth;
use super::backlog::Backlog;
use super::clock;
use super::faults::{Line, Trouble};
use super::ledger::Ledger;
use super::market::Market;
use super::quotes::{Halt, Show, Shown, Watch};
use super::requests::Strangers;
use super::statement::{self, Summary};
use super::telling::{self, Ear, NO_REQUEST};
use super::venue::{Fact, Reach, Ticket};

/// The notice that the bars are over.
const END_OF_BARS: (i32, &str) = (2197, "simulated gateway: end of bars");

/// Where the market stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Closed,
    Open,
    Over,
}

/// One connected client.
#[derive(Debug)]
pub(super) struct Client {
    /// Frames it has not been given yet, after those of its backlog.
    pub(super) out: Vec<u8>,
    pub(super) backlog: Backlog,
    /// Bytes given to its connection that the network has not taken yet.
    pub(super) in_flight: usize,
    /// How long `out` was before the instant that is being told.
    waiting_before: usize,
    /// Told when there is something to send.
    pub(super) wake: Arc<Notify>,
    pub(super) step: Step,
    pub(super) bars: Vec<BarFeed>,
    /// What it watches of the market beside bars.
    pub(super) watch: Watch,
    pub(super) summaries: Vec<Summary>,
    pub(super) positions: Wants,
    pub(super) account: Wants,
    /// What the faults have done to its connection.
    pub(super) line: Line,
    /// Whether orders entered by hand are to become its own as they come.
    pub(super) manual_orders: Wants,
}

/// A subscription to the five-second bars of a symbol.
#[derive(Debug)]
pub(super) struct BarFeed {
    pub(super) req_id: i32,
    pub(super) symbol: usize,
    pub(super) reach: Reach,
    pub(super) show: Show,
}

/// Whether a client wants to hear of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    Nothing,
    Updates,
}

/// How a client keeps step with the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It never said "done": bars are simply sent.
    Free,
    /// It said it wants to keep step before it subscribed to any data: the market waits until it says so again.
    Holding,
    /// It has seen an instant and has not said "done". Without a subscription nothing waits for it.
    Busy,
    Done,
}

impl Client {
    pub(super) fn new(wake: Arc<Notify>) -> Client {
        Client {
            out: Vec::new(),
            backlog: Backlog::default(),
            in_flight: 0,
            waiting_before: 0,
            wake,
            step: Step::Free,
            bars: Vec::new(),
            watch: Watch::default(),
            summaries: Vec::new(),
            positions: Wants::Nothing,
            account: Wants::Nothing,
            line: Line::default(),
            manual_orders: Wants::Nothing,
        }
    }

    /// Whether it has subscribed to any data of the market.
    pub(super) fn follows(&self) -> bool {
        !self.bars.is_empty() || !self.watch.is_empty()
    }

    fn is_waited_for(&self) -> bool {
        match self.step {
            Step::Free | Step::Done => false,
            Step::Holding => true,
            Step::Busy => self.follows(),
        }
    }
}

/// The market, its clients, and what the last instant left to be told.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) market: Market,
    pub(super) phase: Phase,
    /// In the order of their ids, so that the same run writes the same frames.
    pub(super) clients: BTreeMap<i32, Client>,
    /// Instants sent so far.
    pub(super) instants: u64,
    pub(super) facts: Vec<Fact>,
    /// What goes wrong.
    pub(super) trouble: Trouble,
    /// What the account was worth when its rows were last pushed.
    told: Worth,
    pub(super) visibility: Visibility,
    /// What carries the state over a restart.
    pub(super) ledger: Option<Ledger>,
    pub(super) strangers: Strangers,
}

/// What clients are told of orders beyond what is always so.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Visibility {
    /// The client that hears of everybody's orders.
    pub(super) master: Option<i32>,
    pub(super) on_connect: OpenOrdersOnConnect,
}

/// Whether a client that connects is told of its own open orders without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OpenOrdersOnConnect {
    /// Right after its next order id, as IB Gateway does unless its settings say otherwise.
    #[default]
    Sent,
    /// Only when it asks.
    Withheld,
}

impl Exchange {
    pub(super) fn new(market: Market) -> Exchange {
        let told = market.venue.account.worth();
        let (clients, visibility) = (BTreeMap::new(), Visibility::default());
        let (phase, facts, trouble) = (Phase::Closed, Vec::new(), Trouble::default());
        let (instants, ledger, strangers) = (0, None, Strangers::default());
        Exchange { market, phase, clients, instants, facts, trouble, told, visibility, ledger, strangers }
    }

    /// Opens the market, if it was not open before.
    pub(super) fn open(&mut self) {
        if self.phase == Phase::Closed {
            self.phase = Phase::Open;
            info!(at = %clock::stamp(self.market.now), "the simulated market opens");
        }
    }

    /// Opens the market by command: who commands it is ready, so nobody who only joined is waited for.
    pub(super) fn open_by_command(&mut self) {
        self.open();
        for client in self.clients.values_mut().filter(|client| client.step == Step::Holding) {
            client.step = Step::Done;
        }
    }

    /// A client says it is done with the last instant, and that it keeps step from now on.
    pub(super) fn done(&mut self, id: i32) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.step = match client.step {
                Step::Free if !client.follows() && self.phase != Phase::Over => Step::Holding,
                _ => Step::Done,
            };
        }
    }

    /// Whether the next instant, or the end, may be told now.
    pub(super) fn may_advance(&self) -> bool {
        self.phase == Phase::Open
            && self.clients.iter().all(|(id, client)| !self.waits_for(*id, client) && client.keeps_up())
            && !self.trouble.holds(self.market.now)
    }

    /// Trades the next instant and writes what it brings to the clients' buffers: orders first, then the
    /// account, then market data, the real-time bars last. Invariant: only called when [`Exchange::may_advance`].
    pub(super) fn advance(&mut self) {
        for client in self.clients.values_mut() {
            client.waiting_before = client.out.len();
        }
        self.before_instant();
        if !self.market.advance(&mut self.facts) {
            self.end();
            return;
        }
        self.instants += 1;
        self.strike_fills();
        let filled = self.tell_facts();
        self.tell_account(&filled);
        let Exchange { market, clients, .. } = self;
        for client in clients.values_mut() {
            client.watch.tell(&mut client.out, market);
            for feed in &client.bars {
                tell_bar(&mut client.out, feed, market);
            }
        }
        self.after_instant();
        for client in self.clients.values_mut() {
            // A subscriber who was told nothing has nothing to be done with, and no reason to look.
            let heard = !client.follows() || client.is_behind() || client.out.len() > client.waiting_before;
            if client.step == Step::Done && heard {
                client.step = Step::Busy;
            }
            if client.is_behind() || !client.out.is_empty() {
                client.wake.notify_one();
            }
        }
    }

    /// Whether the last instant told nothing to a client in lockstep, and the next may go at once.
    pub(super) fn passed_unseen(&self) -> bool {
        self.may_advance()
            && self.clients.values().any(|client| client.step == Step::Done && client.follows())
    }

    /// Lets every client in lockstep look at the market, whether it was told anything or not.
    pub(super) fn hold(&mut self) {
        for client in self.clients.values_mut().filter(|client| client.step == Step::Done) {
            client.step = Step::Busy;
        }
    }

    /// Tells the owners what became of their orders, and the master client, which hears of all. An order entered by
    /// hand has no owner until client 0 binds it. Answers the symbols in which something filled, in order.
    pub(super) fn tell_facts(&mut self) -> Vec<usize> {
        let Exchange { market, clients, facts, visibility, ledger, .. } = self;
        let mut filled = Vec::new();
        for fact in facts.drain(..) {
            let place = match fact {
                Fact::Stands(place, _)
                | Fact::Cancelled(place, _)
                | Fact::Rejected(place, _)
                | Fact::Noted(place, _) => place,
                Fact::Filled(execution) => market.venue.executions[execution].order,
            };
            if let Some(ledger) = ledger {
                ledger.touch(place);
            }
            let ticket = &market.venue.orders[place].ticket;
            log_fact(market, &fact, place);
            if matches!(fact, Fact::Filled(_)) {
                filled.push(ticket.symbol);
            }
            let owner = ticket.key.owner();
            let master = visibility.master.filter(|master| Some(*master) != owner);
            for (ear, id) in [(Ear::Owner, owner), (Ear::Master, master)] {
                let Some(client) = id.and_then(|id| clients.get_mut(&id)) else { continue };
                client.tell(market, &fact, ear);
                client.wake.notify_one();
            }
        }
        filled.sort_unstable();
        filled.dedup();
        filled
    }

    /// Positions and account rows: after a fill, and with every whole minute in which a value changed.
    pub(super) fn tell_account(&mut self, filled: &[usize]) {
        let minute = self.market.now % 60 == 0;
        if filled.is_empty() && !minute {
            return;
        }
        let worth = self.market.venue.account.worth();
        if filled.is_empty() && worth == self.told {
            return;
        }
        self.told = worth;
        let Exchange { market, clients, .. } = self;
        for client in clients.values_mut() {
            if client.positions == Wants::Updates {
                for symbol in filled {
                    statement::position(&mut client.out, market, *symbol);
                }
            }
            for summary in &client.summaries {
                statement::summary_rows(&mut client.out, market, summary, &worth);
            }
            if client.account == Wants::Updates {
                statement::account_rows(&mut client.out, market, filled);
            }
        }
    }

    /// The end of the bars, told once to everyone.
    fn end(&mut self) {
        self.phase = Phase::Over;
        self.end_what_no_time_ends();
        info!(instants = self.instants, "simulated gateway: end of bars");
        self.trouble.tell_unstruck();
        for client in self.clients.values_mut() {
            tell_end(&mut client.out, self.market.now);
            client.wake.notify_one();
        }
    }

    /// Halts a symbol or lets it trade again; false if there is none of that name.
    pub(super) fn halt(&mut self, symbol: &str, halt: Halt) -> bool {
        let place = self.market.place_of(symbol);
        place.map(|place| self.market.halt(place, halt)).is_some()
    }

    /// Stops a symbol's data or lets it flow again; false if there is none of that name.
    pub(super) fn show(&mut self, symbol: &str, shown: Shown) -> bool {
        let place = self.market.place_of(symbol);
        place.map(|place| self.market.show(place, shown)).is_some()
    }

    /// Nobody waits any more for those who did not say "done" for too long.
    pub(super) fn drop_silent(&mut self) {
        for (id, client) in self.clients.iter_mut().filter(|(_, client)| client.is_waited_for()) {
            warn!(client = id, "a client was silent for too long; the market does not wait for it any more");
            client.step = Step::Free;
        }
        self.trouble.give_up(self.market.now);
    }

    /// Whether the market waits for a client to say "done".
    pub(super) fn is_held(&self) -> bool {
        let waits = self.clients.iter().any(|(id, client)| self.waits_for(*id, client));
        self.phase == Phase::Open && (waits || self.trouble.holds(self.market.now))
    }

    fn waits_for(&self, id: i32, client: &Client) -> bool {
        client.is_waited_for() && !self.trouble.keeps_waiting(id)
    }
}

/// A fill, or the end of an order without one, in the log.
fn log_fact(market: &Market, fact: &Fact, place: usize) {
    let ticket = &market.venue.orders[place].ticket;
    match *fact {
        Fact::Filled(execution) => {
            let fill = &market.venue.executions[execution];
            let at = clock::stamp(market.slot.start);
            log_order(
                market,
                ticket,
                format_args!("filled: {} at {} in the bar of {at}", fill.shares, fill.price),
            );
        }
        Fact::Cancelled(_, reason) => log_order(market, ticket, format_args!("cancelled: {reason:?}")),
        Fact::Rejected(_, why) => log_order(market, ticket, format_args!("rejected: {why:?}")),
        Fact::Stands(..) | Fact::Noted(..) => {}
    }
}

/// What happened to an order, in the log.
pub(super) fn log_order(market: &Market, ticket: &Ticket, what: std::fmt::Arguments<'_>) {
    let Ticket { key, symbol, side, quantity, kind, .. } = ticket;
    let symbol = &market.listings.get(*symbol).symbol;
    debug!(client = key.client, order = key.id, "{side:?} {quantity} {symbol} {kind:?} {what}");
}

/// The last instant's bar for one subscription, if it reaches there and the symbol's data flows.
fn tell_bar(out: &mut Vec<u8>, feed: &BarFeed, market: &Market) {
    if feed.reach == Reach::Session && !market.in_session() {
        return;
    }
    let Some(bar) = market.slot.bars.get(feed.symbol).and_then(Option::as_ref) else { return };
    if market.screen.shown(feed.symbol) != Shown::Frozen {
        let bar = market.screen.seen(feed.symbol, feed.show, bar);
        telling::real_time_bar(out, feed.req_id, &bar, feed.show);
    }
}

pub(super) fn tell_end(out: &mut Vec<u8>, now: i64) {
    telling::error(out, now, NO_REQUEST, END_OF_BARS.0, END_OF_BARS.1);
}

#[cfg(test)]
mod tests;
