//! Names of things: plans, symbols, orders, executions; and the moment something happened.

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

/// A plan's name: `^[A-Z0-9_]{1,100}$`, unique over all plan files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanId(Arc<str>);

impl PlanId {
    /// The name, or `None` where it does not match `^[A-Z0-9_]{1,100}$`.
    pub fn new(name: &str) -> Option<PlanId> {
        let fits = (1..=100).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        fits.then(|| PlanId(name.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A ticker as IBKR writes it: `AAPL`, `BRK B`. Upper-case letters, digits, and `. - space` inside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(Arc<str>);

impl Symbol {
    /// The ticker, or `None` where no exchange would write it so (1–20 of `A-Z 0-9 . - space`, starting with a
    /// letter or digit).
    pub fn new(ticker: &str) -> Option<Symbol> {
        let inner = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b' ');
        let first = ticker.bytes().next()?;
        let last = ticker.bytes().next_back()?;
        let fits = ticker.len() <= 20
            && ticker.bytes().all(inner)
            && first.is_ascii_alphanumeric()
            && last.is_ascii_alphanumeric();
        fits.then(|| Symbol(ticker.into()))
    }

    /// The ticker as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The role of one order in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Leg {
    /// Opens the position.
    Entry,
    /// The protective stop.
    Stop,
    /// The profit target.
    Target,
    /// Closes the position at market.
    Exit,
}

impl Leg {
    /// One letter, as it stands in an [`OrderRef`].
    pub fn letter(self) -> char {
        match self {
            Leg::Entry => 'E',
            Leg::Stop => 'S',
            Leg::Target => 'T',
            Leg::Exit => 'X',
        }
    }

    /// The leg of a letter.
    pub fn of_letter(letter: &str) -> Option<Leg> {
        match letter {
            "E" => Some(Leg::Entry),
            "S" => Some(Leg::Stop),
            "T" => Some(Leg::Target),
            "X" => Some(Leg::Exit),
            _ => None,
        }
    }

    /// The word people read.
    pub fn word(self) -> &'static str {
        match self {
            Leg::Entry => "entry",
            Leg::Stop => "stop",
            Leg::Target => "target",
            Leg::Exit => "exit",
        }
    }
}

/// Our name for one order, written on it before it is sent and returned by the broker with everything that
/// concerns it: `prusik:<epoch>:<16 hex digits of the plan>:<E|S|T|X>:<generation>`.
///
/// Invariant: never used for two orders.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderRef(Arc<str>);

impl OrderRef {
    /// The name of the `generation`th order that plays `leg` for the plan with the digest `plan_digest`.
    pub fn new(epoch: u64, plan_digest: u64, leg: Leg, generation: u32) -> OrderRef {
        OrderRef(format!("prusik:{epoch}:{plan_digest:016x}:{}:{generation}", leg.letter()).into())
    }

    /// A name read back from the broker or the journal; `None` where it is not one of ours.
    pub fn parse(text: &str) -> Option<OrderRef> {
        let mut parts = text.split(':');
        let ours = parts.next() == Some("prusik")
            && parts.next().is_some_and(|epoch| epoch.parse::<u64>().is_ok())
            && parts.next().is_some_and(|plan| plan.len() == 16 && u64::from_str_radix(plan, 16).is_ok())
            && parts.next().is_some_and(|leg| Leg::of_letter(leg).is_some())
            && parts.next().is_some_and(|generation| generation.parse::<u32>().is_ok())
            && parts.next().is_none();
        ours.then(|| OrderRef(text.into()))
    }

    /// The epoch of the journal that made the name.
    pub fn epoch(&self) -> u64 {
        self.0.split(':').nth(1).and_then(|epoch| epoch.parse().ok()).unwrap_or(0)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The number of an order within one client id at the broker. Re-usable over sessions; never a key by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerOrderId(pub i32);

/// The broker's own lasting number of an order, known only after it answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermId(pub i64);

/// The broker's name of one execution. A correction carries the same name with a higher suffix after the last dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExecId(Arc<str>);

impl ExecId {
    /// An execution's name.
    pub fn new(text: &str) -> ExecId {
        ExecId(text.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without its revision: what a correction shares with what it corrects.
    pub fn stem(&self) -> &str {
        self.0.rsplit_once('.').map_or(&*self.0, |(stem, _)| stem)
    }

    /// The revision after the last dot, zero where there is none.
    pub fn revision(&self) -> u64 {
        self.0.rsplit_once('.').and_then(|(_, revision)| revision.parse().ok()).unwrap_or(0)
    }
}

/// What an order does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Buys.
    Buy,
    /// Sells.
    Sell,
}

impl Side {
    /// The side that undoes this one.
    pub fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }

    /// The word people read.
    pub fn word(self) -> &'static str {
        match self {
            Side::Buy => "buy",
            Side::Sell => "sell",
        }
    }
}

/// Which way a position earns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Earns when the price rises.
    Long,
    /// Earns when the price falls.
    Short,
}

impl Direction {
    /// The side that opens such a position.
    pub fn entry_side(self) -> Side {
        match self {
            Direction::Long => Side::Buy,
            Direction::Short => Side::Sell,
        }
    }

    /// The side that closes it.
    pub fn exit_side(self) -> Side {
        self.entry_side().opposite()
    }

    /// The word people read.
    pub fn word(self) -> &'static str {
        match self {
            Direction::Long => "long",
            Direction::Short => "short",
        }
    }
}

/// A moment, in the broker's time (simulated: market time), to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(Timestamp);

impl Stamp {
    /// A moment; what is finer than a millisecond is cut off.
    pub fn new(at: Timestamp) -> Stamp {
        Stamp::from_millis(at.as_millisecond())
    }

    /// Milliseconds since 1970-01-01T00:00:00Z; absurd values are cut to what a calendar can name.
    pub fn from_millis(millis: i64) -> Stamp {
        Stamp(Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        }))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn from_seconds(seconds: i64) -> Stamp {
        Stamp::from_millis(seconds.saturating_mul(1000))
    }

    /// The moment as a jiff timestamp.
    pub fn timestamp(self) -> Timestamp {
        self.0
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// The moment `seconds` later.
    pub fn plus_seconds(self, seconds: i64) -> Stamp {
        Stamp::from_millis(self.millis().saturating_add(seconds.saturating_mul(1000)))
    }

    /// How long ago `earlier` was; negative where it is later.
    pub fn since(self, earlier: Stamp) -> SignedDuration {
        SignedDuration::from_millis(self.millis().saturating_sub(earlier.millis()))
    }
}

macro_rules! shown_as_text {
    ($($name:ty),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}
shown_as_text!(PlanId, Symbol, OrderRef, ExecId);

/// RFC 3339 in UTC.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_id_is_upper_case_digits_and_underscores() {
        assert!(PlanId::new("AAPL_20250815_001").is_some());
        for bad in ["", "aapl", "A B", "A-B", &"A".repeat(101)] {
            assert!(PlanId::new(bad).is_none(), "{bad} is no plan id");
        }
    }

    #[test]
    fn symbols_are_accepted_as_the_broker_writes_them() {
        for good in ["AAPL", "BRK.B", "BF B", "BTC-USD", "7203"] {
            assert!(Symbol::new(good).is_some(), "{good}");
        }
        for bad in ["", "aapl", " A", "A ", "A/B", "<@everyone>"] {
            assert!(Symbol::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_order_ref_comes_back_as_it_went() {
        let name = OrderRef::new(7, 0xab, Leg::Stop, 2);
        assert_eq!(name.as_str(), "prusik:7:00000000000000ab:S:2");
        assert!(name.as_str().len() <= 60);
        assert_eq!(OrderRef::parse(name.as_str()), Some(name.clone()));
        assert_eq!(name.epoch(), 7);
        for foreign in [
            "",
            "manual",
            "prusik:1:xyz:S:0",
            "prusik:1:00000000000000ab:Q:0",
            "prusik:1:00000000000000ab:S:0:1",
        ] {
            assert_eq!(OrderRef::parse(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_corrected_execution_shares_its_stem() {
        let (first, corrected) = (ExecId::new("0000e0d5.01.01"), ExecId::new("0000e0d5.01.02"));
        assert_eq!(first.stem(), corrected.stem());
        assert!(first.revision() < corrected.revision());
    }
}
