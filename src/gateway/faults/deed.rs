//! What a fault does.

use std::time::Duration;

use rust_decimal::Decimal;

use super::fault::{Step, When};
use super::names::{Callback, Request};

/// What a fault does when it strikes.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// The connection ends.
    Drop(Gone),
    /// Nothing is read from the connection nor written to it; it stays open.
    Freeze(Lasting),
    /// What is told goes out later, in the same order; what is asked is still done.
    Delay(Lasting),
    /// The connection is read or written in pieces of so many bytes, with a pause after each.
    Trickle(Trickle),
    /// The message is sent so many times more.
    Duplicate(u32),
    /// The message is never sent.
    Lose,
    /// What is told about orders in the same breath comes in another order.
    Reorder(Reorder),
    /// The message is malformed. At a moment, a malformed `orderStatus` is sent beside the others.
    Corrupt(Corrupt),
    /// The request is refused with an error and not done. A refused change leaves the order as it is.
    Refuse(Words),
    /// The order is taken, refused with an error, and stays as `Inactive`.
    Reject(Words),
    /// The request is done, and then an error is told about an order that lives on.
    Warn(Words),
    /// The request was written to the socket, and nothing ever comes of it.
    Vanish,
    /// The change of an order leaves two living orders: the old one, and the new one with a permanent id of its own.
    Twin,
    /// The cancellation is told as pending, the order fills all the same, and the cancellation fails with this error.
    Overtake(Words),
    /// The order fills in these parts, the rest at the end as one.
    Split(Parts),
    /// Live orders fill at once, so many shares of each or all that is left, at their own price or the last one.
    Fill(Option<i64>),
    /// The next order id that is told is another.
    NextId(Jump),
    /// The gateway loses its connection to the servers (1100) and finds it again.
    Outage(Outage),
    /// The gateway restarts.
    Restart(Restart),
    /// An order appears that no client of this run gave.
    Order(Stranger),
    /// A position appears, or a given number of shares is added to it.
    Position(Found),
    /// A symbol does not trade: its bars are flat and nothing fills.
    Halt(Spell),
    /// A symbol's data does not come: it trades, and nobody sees it.
    Stale(Spell),
    /// A symbol's last data comes again and again: it trades, and nobody sees it.
    Frozen(Spell),
    /// Shares are split: a position of one share becomes so many, its cost stays, and its orders stay as they are.
    CorporateSplit(Ratio),
}

/// How a connection ends, and what happens until the client is back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone {
    /// Where in the stream of bytes.
    pub cut: Cut,
    /// Market seconds that the market goes on for; then it waits for the client to be back, as long as it waits for
    /// any client. None: it does not wait.
    pub away_for: Option<i64>,
    /// What the client finds that comes back while the market still goes on.
    pub door: Door,
}

impl Default for Gone {
    /// Between two frames; the market waits at once.
    fn default() -> Gone {
        Gone { cut: Cut::Between, away_for: Some(0), door: Door::Closed }
    }
}

/// Where a stream of bytes ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// After a whole frame.
    Between,
    /// In the middle of a frame: of the message it strikes on, else of one that tells the time.
    InFrame,
}

/// What a client finds that connects again too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// It is let in: it is back early.
    Open,
    /// The connection is closed without a word.
    Closed,
    /// 326: its id is in use, as if the dead connection still held it.
    InUse,
}

/// How long something on a connection lasts, by the wall's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// So long.
    For(Duration),
    /// Until [`Faults::release`](super::Faults::release).
    UntilReleased,
}

/// A connection in small pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trickle {
    /// Bytes read at once; none for as many as there are.
    pub read: Option<usize>,
    /// Bytes written at once; none for as many as fit.
    pub write: Option<usize>,
    /// The pause after each piece, by the wall's clock.
    pub pause: Duration,
}

/// Another order of what is told about orders in the same breath.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reorder {
    /// `orderStatus` before the `openOrder` of the same order.
    StatusFirst,
    /// `execDetails` and `commissionReport` after everything else, so after the status that says `Filled`.
    ExecutionLast,
    /// `commissionReport` before everything else, so before its `execDetails`.
    CommissionFirst,
    /// All of it backwards.
    Reversed,
}

impl Reorder {
    /// The orders, as a fault file spells them.
    pub(super) const WORDS: [(&'static str, Reorder); 4] = [
        ("status_first", Reorder::StatusFirst),
        ("execution_last", Reorder::ExecutionLast),
        ("commission_first", Reorder::CommissionFirst),
        ("reversed", Reorder::Reversed),
    ];
}

/// How a message is malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corrupt {
    /// Its bytes are no protobuf.
    Protobuf,
    /// Its id is that of no message.
    UnknownId,
    /// Its length is shorter than it is, so that the rest is read as a frame of its own.
    Length,
    /// Its length is above what a frame may have (0x00FFFFFF).
    Oversized,
    /// It is a text message, as before protobuf.
    Text,
    /// An `orderStatus` without `remaining`.
    NoRemaining,
}

impl Corrupt {
    /// The kinds, as a fault file spells them.
    pub(super) const WORDS: [(&'static str, Corrupt); 6] = [
        ("protobuf", Corrupt::Protobuf),
        ("unknown_id", Corrupt::UnknownId),
        ("length", Corrupt::Length),
        ("oversized", Corrupt::Oversized),
        ("text", Corrupt::Text),
        ("no_remaining", Corrupt::NoRemaining),
    ];
}

/// An error as a client is told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Its number.
    pub code: i32,
    /// Its text; `{id}` in it stands for the id of the order or the request.
    pub text: String,
}

impl Words {
    /// The error of this number, with the text IBKR gives it where that is known.
    pub fn of(code: i32) -> Words {
        Words { code, text: super::texts::text(code).to_owned() }
    }
}

/// How an order fills in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The parts, each above zero.
    pub sizes: Vec<i64>,
    /// What their numbers count.
    pub unit: Unit,
    /// When they fill.
    pub pace: Pace,
}

/// What the numbers of a split count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Shares.
    Shares,
    /// Hundredths of the order, rounded down to whole shares, at least one.
    Percent,
}

/// When the parts of an order fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// One in each bar that fills the order.
    OneABar,
    /// All in the same bar, one after the other.
    Together,
}

/// Another next order id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jump {
    /// The true one and so many; below zero, ids are told again that have been used.
    By(i32),
    /// This one.
    To(i32),
}

/// A lost connection between the gateway and the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// Market seconds; none: until [`Faults::release`](super::Faults::release).
    pub lasting: Option<i64>,
    /// How it ends.
    pub restored: Restored,
    /// What becomes of orders, changes and cancellations given meanwhile.
    pub meanwhile: Meanwhile,
}

/// What a client has left when the gateway finds its servers again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restored {
    /// 1101: subscriptions to data are lost and have to be made again.
    DataLost,
    /// 1102: subscriptions to data go on.
    DataKept,
}

/// What becomes of what is asked about orders during an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meanwhile {
    /// It is done at the end.
    Queued,
    /// Nothing ever comes of it.
    Lost,
}

/// A restart of the gateway: all connections end, orders that were not transmitted are lost, the others stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restart {
    /// Market seconds for which nobody listens; then the market waits for the clients that kept step with it.
    pub closed_for: i64,
    /// How far the next order id falls back.
    pub ids_back: i32,
}

/// An order that no client of this run gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// The client id it belongs to; none for an order given by hand.
    pub client: Option<i32>,
    /// What it trades.
    pub symbol: String,
    /// The shares it buys, below zero for those it sells.
    pub quantity: i64,
    /// Its type and price.
    pub price: Priced,
    /// Its reference; may be empty.
    pub order_ref: String,
}

/// An order's type and price, in dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priced {
    /// At the market.
    Market,
    /// At this price or a better one.
    Limit(Decimal),
    /// At the market, when this price trades.
    Stop(Decimal),
}

/// Shares that appear in the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Of what.
    pub symbol: String,
    /// How many, below zero for a short position.
    pub quantity: i64,
    /// What one cost, in dollars; none for the last price.
    pub cost: Option<Decimal>,
}

/// A symbol, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spell {
    /// The symbol.
    pub symbol: String,
    /// Market seconds; none: until [`Faults::release`](super::Faults::release).
    pub lasting: Option<i64>,
}

/// So many new shares for so many old ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ratio {
    /// Of what.
    pub symbol: String,
    /// The new shares.
    pub new: i64,
    /// The old ones they stand for.
    pub old: i64,
}

impl Deed {
    /// As a fault file spells it.
    pub fn name(&self) -> &'static str {
        match self {
            Deed::Drop(_) => "drop",
            Deed::Freeze(_) => "freeze",
            Deed::Delay(_) => "delay",
            Deed::Trickle(_) => "trickle",
            Deed::Duplicate(_) => "duplicate",
            Deed::Lose => "lose",
            Deed::Reorder(_) => "reorder",
            Deed::Corrupt(_) => "corrupt",
            Deed::Refuse(_) => "refuse",
            Deed::Reject(_) => "reject",
            Deed::Warn(_) => "warn",
            Deed::Vanish => "vanish",
            Deed::Twin => "twin",
            Deed::Overtake(_) => "overtake",
            Deed::Split(_) => "split",
            Deed::Fill(_) => "fill",
            Deed::NextId(_) => "next_id",
            Deed::Outage(_) => "outage",
            Deed::Restart(_) => "restart",
            Deed::Order(_) => "order",
            Deed::Position(_) => "position",
            Deed::Halt(_) => "halt",
            Deed::Stale(_) => "stale",
            Deed::Frozen(_) => "frozen",
            Deed::CorporateSplit(_) => "corporate_split",
        }
    }

    /// The symbol it is about, where it names one.
    pub(super) fn symbol(&self) -> Option<&str> {
        match self {
            Deed::Order(stranger) => Some(&stranger.symbol),
            Deed::Position(found) => Some(&found.symbol),
            Deed::Halt(spell) | Deed::Stale(spell) | Deed::Frozen(spell) => Some(&spell.symbol),
            Deed::CorporateSplit(ratio) => Some(&ratio.symbol),
            _ => None,
        }
    }

    /// Whether it can be done at such an occasion.
    pub(super) fn goes_with(&self, when: When) -> bool {
        let early = matches!(when, When::Step(Step::Accept | Step::Greeting));
        let moment = matches!(when, When::Now | When::At(_));
        let placed =
            |request: Request| matches!(request, Request::PlaceOrder | Request::ModifyOrder | Request::Any);
        match (self, when) {
            (Deed::Drop(_) | Deed::Freeze(_), _) => true,
            (_, _) if early => false,
            (Deed::Duplicate(_) | Deed::Lose | Deed::Reorder(_), when) => matches!(when, When::Callback(_)),
            (Deed::Corrupt(_), when) => moment || matches!(when, When::Callback(_)),
            (Deed::Refuse(_) | Deed::Vanish, when) => matches!(when, When::Before(_)),
            (Deed::Reject(_), When::Before(request)) => request == Request::PlaceOrder,
            (Deed::Warn(_), When::Before(request) | When::After(request)) => {
                placed(request) || request == Request::CancelOrder
            }
            (Deed::Twin, When::Before(request)) => request == Request::ModifyOrder,
            (Deed::Overtake(_), When::Before(request)) => request == Request::CancelOrder,
            (Deed::Split(_), When::Before(request) | When::After(request)) => placed(request),
            (Deed::Split(_), _) => moment,
            (Deed::NextId(_), when) => {
                matches!(when, When::Step(Step::Start) | When::Callback(Callback::NextValidId))
                    || when == When::Before(Request::Ids)
            }
            (Deed::Reject(_) | Deed::Warn(_) | Deed::Twin | Deed::Overtake(_), _) => false,
            _ => true,
        }
    }

    /// The occasions it goes with, in words.
    pub(super) fn occasions(&self) -> &'static str {
        match self {
            Deed::Drop(_) | Deed::Freeze(_) => "everything",
            Deed::Duplicate(_) | Deed::Lose | Deed::Reorder(_) => "`on: { callback: … }`",
            Deed::Corrupt(_) => "`on: { callback: … }` and `at`",
            Deed::Refuse(_) | Deed::Vanish => "`on` or `before` a request",
            Deed::Reject(_) => "`on: place_order`",
            Deed::Warn(_) => "`on` or `after` place_order, modify_order or cancel_order",
            Deed::Twin => "`on: modify_order`",
            Deed::Overtake(_) => "`on: cancel_order`",
            Deed::Split(_) => "`on` or `after` place_order or modify_order, and `at`",
            Deed::NextId(_) => "`on: start`, `on: ids` and `on: { callback: next_valid_id }`",
            _ => "everything but `on: accept` and `on: greeting`",
        }
    }

    /// Whether at a moment it works on those live orders that the fault means.
    pub(super) fn chooses_orders(&self) -> bool {
        matches!(self, Deed::Split(_) | Deed::Fill(_))
    }
}
