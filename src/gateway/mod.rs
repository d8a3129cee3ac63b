//! A simulated IB Gateway on TCP: it speaks the TWS protocol and trades bars from files, in market time.
//!
//! | file | what |
//! | --- | --- |
//! | `bars` | reading source bars from CSV, walking one into bars of five seconds |
//! | `catalogue` | contracts, market rules and calendars, read from `catalogue.yaml` and files like it |
//! | `feed` | the stream of instants: all symbols' bars of the same five seconds |
//! | `venue` | orders and matching, pure; `account` the money they move |
//! | `market` | feed and venue together, and market time |
//! | `quotes` | bid and ask made around the bars, the day of each symbol, ticks; halts and frozen data |
//! | `exchange` | the market and its clients: who is told what, when the next instant may go |
//! | `requests`, `ticket`, `history`, `contract` | what each message of a client does |
//! | `manual` | what happens at the broker without a client: orders entered by hand, positions from elsewhere |
//! | `telling` | what the market's state looks like in messages |
//! | `listing`, `backlog` | what is long, told in pieces; what may wait for a client |
//! | `statement` | what the account looks like in messages |
//! | `wire`, `messages` | frames, and the protobuf messages with IBKR's field numbers |
//! | `faults` | what goes wrong on demand |
//! | `session`, `lobby` | one connection; those that have not said who they are |
//! | `ledger` | the file that carries the state over a restart |
//! | `hall` | what all connections share, and the pace of the market |
//! | `server` | settings, start and end |
//! | `fuzz` | the doors for fuzzing, built for nothing else |
//! | `synthetic` | minute bars for two symbols that need no file |
//!
//! **Time.** Nothing here reads a clock: the time the gateway tells is that of the bars, so that the same bars and
//! the same requests bring the same frames.
//!
//! **Who is told what.** A client hears live of its own orders; the master client, if there is one, of everybody's.
//! An order entered by hand is nobody's until client 0 binds it, and every client sees what it does to the account.
//! Requests for all open orders, completed orders and executions tell of everybody's. A placed order is told as
//! openOrder and orderStatus; a changed one so twice; a fill as execDetails, openOrder and orderStatus twice over, and
//! the commission report; a cancelled order as openOrder, orderStatus and notice 202.
//!
//! **Lockstep.** A client that asks for the time in milliseconds says with it "I am done with all you sent me".
//! From then on the next instant waits for it, at any speed, as long as it has a subscription to market data: bars,
//! quotes, ticks or history that keeps up to date. Saying it
//! for the first time before any subscription only joins, and holds the market until it is said again (or until
//! [`Gateway::open_market`]). A client that is silent for 30 s is not waited for any more. A client that never
//! says it is sent what there is, as fast as it reads; one that reads nothing for 30 s is disconnected.
//!
//! **Memory.** A client costs never more than the longest frame of the protocol, 16 MiB, whatever it sends and
//! whether it reads or not: a request has at most 1 MiB, history is refused where its one frame would be too long,
//! what else is long is written in pieces as the client takes them, and its next request waits meanwhile.
//!
//! **Orders.** MKT, LMT, STP, STP LMT and TRAIL; DAY, GTC and GTD; OCA types 1 to 3; parents and children. An order
//! fills whole, or by the volume of the bars ([`Fills`]). A new order that would bind more than a quarter of its value
//! leaves free is refused ([`Margin`]); what a position binds is not watched afterwards, and nothing is liquidated.
//!
//! What it refuses to be: an exchange with a book, queues or delays; IBKR's risk department; a simulator of the order
//! types, conditions and algorithms that are not named here: it says so when it is asked for one.

mod account;
mod backlog;
mod bars;
mod catalogue;
mod clock;
mod contract;
mod exchange;
pub mod faults;
mod feed;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod hall;
mod history;
mod ledger;
mod listing;
mod lobby;
mod manual;
mod market;
mod messages;
mod quotes;
mod requests;
mod server;
mod session;
mod statement;
mod synthetic;
mod telling;
mod ticket;
mod venue;
mod wire;

pub use bars::{BarProblem, LoadError, SourceBar, load_bars};
pub use catalogue::{Catalogue, CatalogueError, CatalogueProblem};
pub use exchange::OpenOrdersOnConnect;
pub use ledger::StateError;
pub use manual::{ManualOrder, ManualRefused};
pub use quotes::{Halt, MarketData, Spread};
pub use requests::MarketStart;
pub use server::{Gateway, Settings, Speed, StartError, UnknownSymbol};
pub use synthetic::synthetic_bars;
pub use venue::{Fills, Margin, OrphanModify};
