//! The catalogue: what contracts there are, by which market rules and in which hours they trade. It is data: the one
//! that is part of the binary is `catalogue.yaml`, and files of the same form add to it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use rust_decimal::Decimal;

mod calendar;
mod days;
mod reading;
mod rule;
mod yaml;

pub(super) use calendar::{Calendar, DayHours};
pub(super) use rule::{Band, MarketRule};

/// The currency of the account, and so of everything it may trade.
pub(super) const CURRENCY: &str = "USD";
/// The exchange an order is routed to unless it names another.
pub(super) const SMART: &str = "SMART";

/// Contracts, market rules and calendars of the simulated exchange. The default is the one that is part of prusik.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    rules: BTreeMap<String, Arc<MarketRule>>,
    calendars: BTreeMap<String, Arc<Calendar>>,
    defaults: Terms,
    contracts: BTreeMap<String, Terms>,
}

/// One thing that is wrong in a catalogue, with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct CatalogueProblem {
    /// The line, counted from 1.
    pub line: u64,
    /// The character in that line, counted from 1.
    pub column: u64,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub help: String,
}

/// Why a catalogue file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// There is no such file.
    #[error("there is no file {}", path.display())]
    Missing {
        /// The path as it was given.
        path: PathBuf,
    },
    /// The file is there and could not be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The path as it was given.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file was read, and not everything in it belongs into a catalogue.
    #[error("{} has {} problem(s), the first at {}", path.display(), problems.len(), problems[0])]
    Malformed {
        /// The path as it was given.
        path: PathBuf,
        /// Everything that is wrong, in the order of the file; never empty.
        problems: Vec<CatalogueProblem>,
    },
}

impl Default for Catalogue {
    /// The catalogue that is part of prusik: some well-known US stocks and funds under IBKR's contract ids, IBKR's
    /// market rule for them, and the calendar of the New York exchanges.
    fn default() -> Catalogue {
        static EMBEDDED: LazyLock<Catalogue> = LazyLock::new(|| {
            let mut catalogue = Catalogue::empty();
            let problems = reading::read(include_str!("catalogue.yaml"), &mut catalogue);
            debug_assert_eq!(problems, [], "the embedded catalogue");
            catalogue
        });
        EMBEDDED.clone()
    }
}

impl Catalogue {
    /// The same catalogue with what a text in the form of `catalogue.yaml` adds to it or replaces in it.
    ///
    /// # Errors
    /// All that is wrong with the text: it is no YAML; keys, rules, calendars or days that are not known; prices and
    /// sizes that are no numbers above zero; bands that make no market rule; a contract id that two symbols have.
    pub fn extended(mut self, text: &str) -> Result<Catalogue, Vec<CatalogueProblem>> {
        let problems = reading::read(text, &mut self);
        if problems.is_empty() { Ok(self) } else { Err(problems) }
    }

    /// As [`Catalogue::extended`], of a file.
    ///
    /// # Errors
    /// [`CatalogueError::Missing`] where there is no file, [`CatalogueError::Unreadable`] where it could not be read,
    /// [`CatalogueError::Malformed`] with everything that is wrong in it.
    pub fn with_file(self, path: impl AsRef<Path>) -> Result<Catalogue, CatalogueError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => CatalogueError::Missing { path: path.to_owned() },
            _ => CatalogueError::Unreadable { path: path.to_owned(), error },
        })?;
        self.extended(&text).map_err(|problems| CatalogueError::Malformed { path: path.to_owned(), problems })
    }

    /// What a symbol trades as: its entry, completed by the defaults.
    pub(super) fn listed(&self, symbol: &str) -> Listed {
        let Terms {
            name,
            con_id,
            primary_exchange,
            valid_exchanges,
            stock_type,
            trading_class,
            industry,
            category,
            subcategory,
            market_rule,
            calendar,
            min_size,
            size_increment,
            suggested_size_increment,
        } = self.contracts.get(symbol).cloned().unwrap_or_default();
        let defaults = &self.defaults;
        let rule = market_rule.as_ref().or(defaults.market_rule.as_ref());
        let calendar = calendar.as_ref().or(defaults.calendar.as_ref());
        Listed {
            entry: if self.contracts.contains_key(symbol) { Entered::Yes } else { Entered::No },
            name: name.unwrap_or_else(|| format!("{symbol} (simulated)")),
            con_id,
            primary_exchange: primary_exchange
                .or_else(|| defaults.primary_exchange.clone())
                .unwrap_or_default(),
            valid_exchanges: valid_exchanges
                .or_else(|| defaults.valid_exchanges.clone())
                .unwrap_or_else(|| vec![SMART.to_owned()]),
            stock_type: stock_type.or_else(|| defaults.stock_type.clone()).unwrap_or_default(),
            trading_class: trading_class.unwrap_or_else(|| symbol.to_owned()),
            industry,
            category,
            subcategory,
            rule: rule
                .and_then(|name| self.rules.get(name))
                .map_or_else(|| Arc::new(MarketRule::cents()), Arc::clone),
            calendar: calendar
                .and_then(|name| self.calendars.get(name))
                .map_or_else(|| Arc::new(Calendar::weekdays()), Arc::clone),
            min_size: min_size.or(defaults.min_size).unwrap_or(Decimal::ONE),
            size_increment: size_increment.or(defaults.size_increment).unwrap_or(Decimal::ONE),
            suggested_size_increment: suggested_size_increment
                .or(defaults.suggested_size_increment)
                .unwrap_or(Decimal::ONE_HUNDRED),
        }
    }

    /// The contract id an entry reserves, if any does: no made-up one may be the same.
    pub(super) fn reserves(&self, con_id: i32) -> bool {
        self.contracts.values().any(|terms| terms.con_id == Some(con_id))
    }

    /// The market rule of a number.
    pub(super) fn rule(&self, id: i32) -> Option<Arc<MarketRule>> {
        self.rules.values().find(|rule| rule.id == id).cloned()
    }

    fn empty() -> Catalogue {
        Catalogue {
            rules: BTreeMap::new(),
            calendars: BTreeMap::new(),
            defaults: Terms::default(),
            contracts: BTreeMap::new(),
        }
    }
}

/// What a file says of a contract, or of all of them.
#[derive(Debug, Clone, PartialEq, Default)]
struct Terms {
    name: Option<String>,
    con_id: Option<i32>,
    primary_exchange: Option<String>,
    valid_exchanges: Option<Vec<String>>,
    stock_type: Option<String>,
    trading_class: Option<String>,
    industry: Option<String>,
    category: Option<String>,
    subcategory: Option<String>,
    market_rule: Option<String>,
    calendar: Option<String>,
    min_size: Option<Decimal>,
    size_increment: Option<Decimal>,
    suggested_size_increment: Option<Decimal>,
}

/// Whether a symbol stands in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entered {
    Yes,
    No,
}

/// What a symbol trades as, with everything that was left out filled in.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) entry: Entered,
    pub(super) name: String,
    /// None where it is to be made up.
    pub(super) con_id: Option<i32>,
    pub(super) primary_exchange: String,
    pub(super) valid_exchanges: Vec<String>,
    pub(super) stock_type: String,
    pub(super) trading_class: String,
    pub(super) industry: Option<String>,
    pub(super) category: Option<String>,
    pub(super) subcategory: Option<String>,
    pub(super) rule: Arc<MarketRule>,
    pub(super) calendar: Arc<Calendar>,
    pub(super) min_size: Decimal,
    pub(super) size_increment: Decimal,
    pub(super) suggested_size_increment: Decimal,
}

#[cfg(test)]
mod tests;
