//! A fault: when it strikes, whom, how often. What it does is its [`Deed`].

use super::deed::{Deed, Parts, Unit};
use super::names::{Callback, Request};
use crate::gateway::clock;

/// The types an order can have, as the protocol spells them.
const ORDER_TYPES: [&str; 5] = ["MKT", "LMT", "STP", "STP LMT", "TRAIL"];

/// The most copies of one message.
const DUPLICATES_MAX: u32 = 1_000;

/// Something that goes wrong, once or several times.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// What the log and the list of what struck call it; empty for the deed's own name.
    pub name: String,
    /// What it waits for.
    pub when: When,
    /// Whom and which orders it is about.
    pub only: Only,
    /// It strikes from this match on, counted from 1; 0 means 1.
    pub nth: u32,
    /// How often it strikes.
    pub times: Times,
    /// What it does.
    pub deed: Deed,
}

impl Fault {
    /// A fault for everyone that strikes once, with the first match.
    pub fn new(when: When, deed: Deed) -> Fault {
        Fault { name: String::new(), when, only: Only::default(), nth: 1, times: Times::Count(1), deed }
    }

    /// The same for one client id only.
    pub fn client(self, id: i32) -> Fault {
        Fault { only: Only { client: Some(id), ..self.only }, ..self }
    }

    /// The same for orders whose reference begins so.
    pub fn order_ref(self, prefix: impl Into<String>) -> Fault {
        Fault { only: Only { order_ref: Some(prefix.into()), ..self.only }, ..self }
    }

    /// The same from another match on, counted from 1.
    pub fn nth(self, nth: u32) -> Fault {
        Fault { nth, ..self }
    }

    /// The same so many times, or always.
    pub fn times(self, times: Times) -> Fault {
        Fault { times, ..self }
    }

    /// The same under a name of its own.
    pub fn named(self, name: impl Into<String>) -> Fault {
        Fault { name: name.into(), ..self }
    }

    /// What the log calls it.
    pub(super) fn title(&self) -> &str {
        if self.name.is_empty() { self.deed.name() } else { &self.name }
    }

    /// Why it could never do what it says, if so: not every deed can be done at every occasion.
    pub(in crate::gateway) fn unfit(&self) -> Option<Unfit> {
        let deed = self.deed.name();
        if !self.deed.goes_with(self.when) {
            let unfit = Unfit::Occasion { deed, when: self.when.to_string(), wants: self.deed.occasions() };
            return Some(unfit);
        }
        if matches!(self.deed, Deed::Duplicate(more) if more > DUPLICATES_MAX) {
            return Some(Unfit::TooMany { deed, max: DUPLICATES_MAX });
        }
        let nobody = matches!(self.when, When::Step(Step::Accept | Step::Greeting));
        let about_orders =
            self.only.symbol.is_some() || self.only.order_type.is_some() || self.only.order_ref.is_some();
        if nobody && self.only != Only::default() {
            return Some(Unfit::Nobody);
        }
        let moment = matches!(self.when, When::Now | When::At(_) | When::Step(_));
        if moment && !self.deed.chooses_orders() && (about_orders || self.only.kin.is_some()) {
            return Some(Unfit::NoOrder { deed });
        }
        if let Some(given) =
            self.only.order_type.as_ref().filter(|given| !ORDER_TYPES.contains(&given.as_str()))
        {
            return Some(Unfit::OrderType { given: given.clone() });
        }
        match &self.deed {
            Deed::Split(Parts { sizes, unit: Unit::Percent, .. }) => {
                let percent = sizes.iter().fold(0_i64, |sum, size| sum.saturating_add(*size));
                (percent > 100).then_some(Unfit::Percent { percent })
            }
            _ => None,
        }
    }

    /// Why it could never strike in a market of these symbols that begins and ends at these seconds of the epoch.
    pub(in crate::gateway) fn unfit_in(&self, symbols: &[&str], begins: i64, ends: i64) -> Option<Unfit> {
        let named = self.only.symbol.as_deref().into_iter().chain(self.deed.symbol());
        if let Some(symbol) = named.into_iter().find(|symbol| !symbols.contains(symbol)) {
            return Some(Unfit::Symbol { symbol: symbol.to_owned(), known: symbols.join(", ") });
        }
        match self.when {
            When::At(at) if at < begins => Some(Unfit::Before { begins: clock::stamp(begins) }),
            When::At(at) if at > ends => Some(Unfit::After { ends: clock::stamp(ends) }),
            _ => None,
        }
    }
}

/// Why a fault could never do what it says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The deed has nothing to work on there.
    #[error("{deed} cannot be done {when}: it goes with {wants}")]
    Occasion {
        /// The deed.
        deed: &'static str,
        /// The occasion it was given.
        when: String,
        /// Occasions that it can be done at.
        wants: &'static str,
    },
    /// More of it than the gateway does.
    #[error("{deed} goes up to {max}")]
    TooMany {
        /// The deed.
        deed: &'static str,
        /// The most there can be.
        max: u32,
    },
    /// Before a client has said who it is there is nobody to tell apart.
    #[error("a connection has no client id and no orders before it starts")]
    Nobody,
    /// No order has such a type.
    #[error("`{given}` is the type of no order: there are MKT, LMT, STP, STP LMT and TRAIL")]
    OrderType {
        /// The type it was given.
        given: String,
    },
    /// The parts are more than the whole.
    #[error("the parts are {percent} percent of the order: more than all of it")]
    Percent {
        /// Their sum.
        percent: i64,
    },
    /// The market has no such symbol.
    #[error("there are no bars of {symbol}: there are bars of {known}")]
    Symbol {
        /// The symbol it is about.
        symbol: String,
        /// Those that there are.
        known: String,
    },
    /// Its moment is over when the market begins.
    #[error("its `at` is over by then: the bars begin at {begins}")]
    Before {
        /// The start of the first instant, in New York.
        begins: String,
    },
    /// Its moment never comes.
    #[error("its `at` never comes: the bars end at {ends}")]
    After {
        /// The end of the last bar, in New York.
        ends: String,
    },
    /// At a moment no order is at hand that could be looked at.
    #[error("{deed} at a moment is about no order")]
    NoOrder {
        /// The deed.
        deed: &'static str,
    },
}

/// What a fault waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At once.
    Now,
    /// When market time, in seconds of the epoch, has come here. What is told at that moment is told before.
    At(i64),
    /// When a connection comes to this step.
    Step(Step),
    /// When a request has come, before it is done.
    Before(Request),
    /// When a request has been done, before its answers are sent.
    After(Request),
    /// When a bar has filled an order, wholly or in part, before anyone is told.
    Fill,
    /// When such a message is about to be sent.
    Callback(Callback),
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            When::Now => f.write_str("at once"),
            When::At(_) => f.write_str("at a market time"),
            When::Step(step) => write!(f, "on {}", step.word()),
            When::Before(request) => write!(f, "before {}", request.word()),
            When::After(request) => write!(f, "after {}", request.word()),
            When::Fill => f.write_str("on a fill"),
            When::Callback(callback) => write!(f, "on the callback {}", callback.word()),
        }
    }
}

/// The steps of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The connection stands; nothing has been read.
    Accept,
    /// The client has greeted; it has not been answered.
    Greeting,
    /// The client has started: its accounts, its next order id and the notices are about to be sent.
    Start,
}

impl Step {
    /// As a fault file spells it.
    pub fn word(self) -> &'static str {
        match self {
            Step::Accept => "accept",
            Step::Greeting => "greeting",
            Step::Start => "start",
        }
    }
}

/// Which of what happens a fault is about. What is left out lets everything pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Only {
    /// This client id.
    pub client: Option<i32>,
    /// This symbol.
    pub symbol: Option<String>,
    /// Orders of this type, as the protocol spells it: `MKT`, `LMT`, `STP`.
    pub order_type: Option<String>,
    /// Orders whose reference begins so.
    pub order_ref: Option<String>,
    /// Orders with or without a parent.
    pub kin: Option<Kin>,
}

/// Whether an order belongs to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kin {
    /// It names no parent.
    Parent,
    /// It names a parent.
    Child,
}

/// How often a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// So many times.
    Count(u32),
    /// With every match.
    Always,
}

/// What something that happens is about, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) client: Option<i32>,
    pub(super) symbol: Option<String>,
    pub(super) order_type: Option<String>,
    pub(super) order_ref: Option<String>,
    pub(super) kin: Option<Kin>,
    pub(super) order: Option<i32>,
}

impl Subject {
    pub(super) fn of(client: i32) -> Subject {
        Subject { client: Some(client), ..Subject::default() }
    }
}

impl Only {
    /// Whether a fault means this: what it asks for and is not known does not match.
    pub(super) fn means(&self, subject: &Subject) -> bool {
        let Only { client, symbol, order_type, order_ref, kin } = self;
        let known = |asked: &Option<String>, is: &Option<String>| asked.is_none() || asked == is;
        (client.is_none() || *client == subject.client)
            && known(symbol, &subject.symbol)
            && known(order_type, &subject.order_type)
            && order_ref.as_ref().is_none_or(|prefix| {
                subject.order_ref.as_ref().is_some_and(|is| is.starts_with(prefix.as_str()))
            })
            && (kin.is_none() || *kin == subject.kin)
    }
}
