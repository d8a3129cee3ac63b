//! `handle(now, input) → effects`: the one place where decisions meet.
//!
//! The engine is told; it never asks. It keeps candles, the account's value and the book, and answers every input
//! with a list of effects that the runtime carries out strictly in order: what is recorded precedes its deed.

mod doubt;
mod edits;
mod entry;
mod guard;
mod once;
mod orders;
mod recovery;
mod series;
mod trail;
mod valuation;
mod watch;

use std::collections::BTreeMap;

use super::book::{Book, FileState, PlanRecord};
use super::broker::{AccountRow, BrokerFact, Link, Snapshot};
use super::event::{Event, ExitReason, Recorded};
use super::ids::{BrokerOrderId, ExecId, OrderRef, PlanId, Stamp, Symbol};
use super::market::{Bar, Contract, Timeframe};
use super::money::{Cash, Price, Qty};
use super::order::Ticket;
use super::plan::{ContractSpec, Plan, PlanChange};
use super::ports::Rules;
use super::risk::{Approved, Bracket, Change, Limits};
use super::told::Told;
use series::{Series, SeriesKey};
use valuation::Valuation;

/// A signal older than this is not acted on: an intent expires.
pub const SIGNAL_SECONDS_MAX: i64 = 10;
/// An order that nobody named for so long is unknown, and the broker is asked.
pub const SILENCE_SECONDS_MAX: i64 = 10;
/// A position that is not protected for so long is closed at market.
pub const UNPROTECTED_SECONDS_MAX: i64 = 5;
/// A lost stop is acted on after so long at the latest, even where its group may have ended it for a good reason.
pub const LOST_SECONDS_MAX: i64 = 2;
/// How long an order may take to show up in the broker's answers before its absence counts.
pub const SETTLE_SECONDS: i64 = 5;

/// Everything that can happen.
#[derive(Debug, Clone)]
pub enum Input {
    /// The bars of one instant, and the account as it was told with them. Candles that close together are decided
    /// together, in the order of the plans' names.
    Bars {
        /// 5-second bars that end at the same moment, in symbol order.
        bars: Vec<(Symbol, Bar)>,
        /// The account after that instant, where the broker told it.
        account: Option<AccountRow>,
    },
    /// A contract that [`Effect::Watch`] asked for; its live bars are on their way.
    Contract(Contract),
    /// The broker does not know it.
    ContractRefused {
        /// The ticker.
        symbol: Symbol,
        /// What was said.
        why: String,
    },
    /// The past that [`Effect::Fetch`] asked for.
    History {
        /// Of what.
        symbol: Symbol,
        /// For which candles.
        timeframe: Timeframe,
        /// Bars, oldest first, not overlapping; longer ones may come before shorter ones.
        bars: Vec<Bar>,
        /// From when on `bars` hold everything that traded.
        known_from: Stamp,
    },
    /// The broker said something about orders.
    Broker(BrokerFact),
    /// What became of an order that was to be sent.
    Dispatched {
        /// The order.
        reference: OrderRef,
        /// What became of it.
        how: Dispatch,
    },
    /// The folder changed.
    Plans(Vec<PlanChange>),
    /// The connection changed.
    Link(Link, String),
    /// A complete answer to "what do you have?".
    Snapshot(Snapshot),
    /// Time passed.
    Clock,
}

/// What became of an order that was to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dispatch {
    /// Its bytes were handed to the socket. That proves nothing yet.
    Sent(BrokerOrderId),
    /// It certainly never left.
    NotSent(String),
    /// It may have left.
    Lost(String),
}

/// What the runtime must do, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Make this durable before anything that follows.
    Record(Recorded),
    /// Send an entry with its protection.
    Enter(Approved<Bracket>),
    /// Send one order that closes or protects a position.
    Submit(Approved<Ticket>),
    /// Change a resting order in place.
    Amend {
        /// What to change.
        change: Approved<Change>,
        /// The order as it stands.
        ticket: Ticket,
        /// Its number.
        id: BrokerOrderId,
        /// Whether its entry is finished: it must not be named then.
        parent: Parent,
    },
    /// Cancel an order.
    Cancel {
        /// The order.
        reference: OrderRef,
        /// Its number.
        id: BrokerOrderId,
    },
    /// Look the contract up and subscribe to its 5-second bars.
    Watch {
        /// The ticker.
        symbol: Symbol,
        /// Which of the contracts with that ticker.
        spec: ContractSpec,
    },
    /// Fetch the past of a contract for candles of this timeframe.
    Fetch {
        /// The contract.
        symbol: Symbol,
        /// The candles that are to be made of it.
        timeframe: Timeframe,
        /// How far back at least, where a position needs it.
        since: Option<Stamp>,
    },
    /// Ask the broker for everything it has.
    Look,
    /// Tell people.
    Tell(Told),
}

/// Whether the entry a child order was attached to is finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// The child still belongs to it.
    Working,
    /// It is filled or gone; naming it would be refused (IBKR error 135).
    Done,
}

/// The core: candles, account, book, and the decisions over them.
pub struct Engine {
    limits: Limits,
    epoch: u64,
    book: Book,
    /// Plans whose contract is being looked up.
    arriving: BTreeMap<PlanId, Plan>,
    contracts: BTreeMap<Symbol, Contract>,
    /// What the tickers mean in this run.
    watched: BTreeMap<Symbol, ContractSpec>,
    series: BTreeMap<SeriesKey, Series>,
    marks: BTreeMap<Symbol, Price>,
    valuation: Option<Valuation>,
    link: Link,
    /// What rules proposed while nothing could be sent.
    due: BTreeMap<PlanId, Due>,
    /// Since when a position has no working stop, and what was done about it.
    unprotected: BTreeMap<PlanId, Unprotected>,
    /// Positions whose protection was told, with the quantity told.
    protected: BTreeMap<PlanId, Qty>,
    /// Orders that a complete answer of the broker did not know, and how often.
    absent: BTreeMap<OrderRef, u32>,
    /// Orders that the broker calls filled while executions are missing, and since when.
    unfilled: BTreeMap<OrderRef, Stamp>,
    /// Costs whose execution has not come yet.
    early_costs: BTreeMap<ExecId, Cash>,
    /// Positions that differed in one answer; a second answer decides.
    disputes: BTreeMap<Symbol, (i64, i64)>,
    asked: doubt::Asked,
    once: once::Once,
    effects: Vec<Effect>,
}

/// What a rule proposed while nothing could be sent: the tightest stop, and the first exit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Due {
    stop: Option<Price>,
    exit: Option<(ExitReason, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Unprotected {
    since: Stamp,
    attempts: u32,
    asked: bool,
}

/// How much of an instant is known when the engine looks at where everything stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Facts of one instant come one by one, in any order: others may be on their way.
    Between,
    /// What was said before was heard.
    Settled,
    /// The broker has just told everything it has.
    Complete,
}

impl Engine {
    /// An engine that knows nothing yet. `epoch` is the journal's; it stands in every order's reference.
    pub fn new(limits: Limits, epoch: u64) -> Engine {
        Engine {
            limits,
            epoch,
            book: Book::default(),
            arriving: BTreeMap::new(),
            contracts: BTreeMap::new(),
            watched: BTreeMap::new(),
            series: BTreeMap::new(),
            marks: BTreeMap::new(),
            valuation: None,
            link: Link::Down,
            due: BTreeMap::new(),
            unprotected: BTreeMap::new(),
            protected: BTreeMap::new(),
            absent: BTreeMap::new(),
            unfilled: BTreeMap::new(),
            early_costs: BTreeMap::new(),
            disputes: BTreeMap::new(),
            asked: doubt::Asked::default(),
            once: once::Once::default(),
            effects: Vec::new(),
        }
    }

    /// Takes in what a journal remembers. Only before the first input.
    pub fn replay(&mut self, journal: impl IntoIterator<Item = Recorded>) {
        for recorded in journal {
            self.book.apply(&recorded);
        }
    }

    /// What is known of plans, orders and positions.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Whether orders can be sent.
    pub fn link(&self) -> Link {
        self.link
    }

    /// Net liquidation now: the broker's last figure, moved by our marks and fills since. Account currency.
    pub fn account_value(&self) -> Option<Cash> {
        self.valuation.as_ref().map(|v| v.account(&self.marks).value)
    }

    /// The contract of a symbol, once the broker told it.
    pub fn contract(&self, symbol: &Symbol) -> Option<&Contract> {
        self.contracts.get(symbol)
    }

    /// What bars are wanted of, with the words that name it to the broker.
    pub fn watched(&self) -> impl Iterator<Item = (&Symbol, &ContractSpec)> {
        self.watched.iter()
    }

    /// Takes one input in, and says what must be done. `now` is the broker's time.
    pub fn handle(&mut self, now: Stamp, input: Input, rules: &mut dyn Rules) -> Vec<Effect> {
        let moment = match &input {
            Input::Bars { .. } | Input::Clock => Moment::Settled,
            Input::Snapshot(_) => Moment::Complete,
            _ => Moment::Between,
        };
        match input {
            Input::Bars { bars, account } => self.on_bars(now, &bars, account, rules),
            Input::Contract(contract) => self.on_contract(now, contract),
            Input::ContractRefused { symbol, why } => self.on_contract_refused(&symbol, &why),
            Input::History { symbol, timeframe, bars, known_from } => {
                self.on_history(now, &symbol, timeframe, &bars, known_from, rules);
            }
            Input::Broker(fact) => self.on_fact(now, &fact),
            Input::Dispatched { reference, how } => self.on_dispatched(now, &reference, how),
            Input::Plans(changes) => self.on_plans(now, changes),
            Input::Link(link, why) => self.on_link(now, link, why),
            Input::Snapshot(snapshot) => self.on_snapshot(now, &snapshot),
            Input::Clock => self.on_clock(now, rules),
        }
        self.tend(now, moment);
        std::mem::take(&mut self.effects)
    }

    /// Every decision passes here: what is remembered is applied to the book at once, and recorded before the
    /// deeds that follow it.
    fn record(&mut self, at: Stamp, event: Event) {
        let recorded = Recorded { at, event };
        self.book.apply(&recorded);
        self.effects.push(Effect::Record(recorded));
    }

    fn tell(&mut self, told: Told) {
        self.effects.push(Effect::Tell(told));
    }

    /// Asks the broker for everything it has, once per input.
    fn look(&mut self) {
        if !self.effects.contains(&Effect::Look) {
            self.effects.push(Effect::Look);
        }
    }

    fn plan_ids(&self, wanted: impl Fn(&PlanRecord) -> bool) -> Vec<PlanId> {
        self.book.active().filter(|record| wanted(record)).map(|record| record.plan.id.clone()).collect()
    }
}
