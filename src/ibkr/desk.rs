//! Looks things up at the broker: contracts and past bars. Works beside the loop that owns the [`Session`], because a
//! real gateway takes seconds for history.
//!
//! [`Session`]: super::Session

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use ibapi::contracts::{self, ContractDetails, SecurityType};
use ibapi::market_data::TradingHours;
use ibapi::market_data::historical::{Duration as Back, WhatToShow};
use tracing::warn;

use super::line::Line;
use super::translate::{self, BarStart};
use super::{LinkError, Settings, hours};
use crate::domain::ids::{Stamp, Symbol};
use crate::domain::market::{Bar, Contract, Hours};
use crate::domain::money::Tick;
use crate::domain::plan::ContractSpec;

/// IBKR: no security definition for the request.
const UNKNOWN_CONTRACT: i32 = 200;
/// IBKR: the historical data service has an error; that there is nothing is one of them.
const HISTORY_ERROR: i32 = 162;
/// The longest time back that IBKR takes in seconds.
const SECONDS_BACK_MAX: u32 = 86_400;
/// The longest time back that IBKR takes in days.
const DAYS_BACK_MAX: u32 = 365;

/// Why a ticker is no contract we can trade.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// The broker does not know it.
    #[error("the broker knows no contract {symbol} ({spec})")]
    Unknown {
        /// The ticker.
        symbol: Symbol,
        /// What was asked for.
        spec: String,
    },
    /// Several contracts have that ticker.
    #[error("{symbol} ({spec}) is ambiguous: {}; name primary_exchange or con_id in the plan", candidates.join(", "))]
    Ambiguous {
        /// The ticker.
        symbol: Symbol,
        /// What was asked for.
        spec: String,
        /// The contracts, as people can tell them apart.
        candidates: Vec<String>,
    },
    /// The broker knows it, and what it tells of it can't be used.
    #[error("the contract {symbol} can't be traded: {why}")]
    Unusable {
        /// The ticker.
        symbol: Symbol,
        /// What is wrong.
        why: String,
    },
    /// There was no answer.
    #[error(transparent)]
    Link(#[from] LinkError),
}

/// The length of past bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BarLength {
    /// Five seconds, as live ones. IBKR gives at most a few hours of them at once.
    Sec5,
    /// One minute.
    Min1,
    /// Half an hour.
    Min30,
    /// One regular session.
    Day1,
}

impl BarLength {
    /// In seconds; `None` for a session.
    fn seconds(self) -> Option<u32> {
        match self {
            BarLength::Sec5 => Some(5),
            BarLength::Min1 => Some(60),
            BarLength::Min30 => Some(1_800),
            BarLength::Day1 => None,
        }
    }
}

/// How far back from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Seconds; more than a day's worth are rounded up to days.
    Seconds(u32),
    /// Days on which the contract trades; more than a year's worth are rounded up to years.
    Days(u32),
}

/// Which past bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistorySpan {
    /// How long each is.
    pub bar: BarLength,
    /// How far they go back.
    pub back: Reach,
}

/// The place where things are looked up. Cheap to clone; outlives a reconnect, but not the session.
#[derive(Clone)]
pub struct Desk {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    /// The session's: it ends with the session, however many desks there are.
    line: RwLock<Weak<Line>>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    contracts: BTreeMap<(Symbol, String), Contract>,
    /// What goes with an order for a contract, by its number.
    wire: BTreeMap<i32, contracts::Contract>,
}

impl Desk {
    pub(super) fn new(settings: Settings, line: &Arc<Line>) -> Desk {
        let line = RwLock::new(Arc::downgrade(line));
        Desk { shared: Arc::new(Shared { settings, line, known: Mutex::default() }) }
    }

    /// The connection as it is now.
    fn line(&self) -> Result<Arc<Line>, LinkError> {
        let line = self.shared.line.read().unwrap_or_else(PoisonError::into_inner);
        line.upgrade().ok_or(LinkError::Closed)
    }

    /// Goes on over another connection.
    pub(super) fn move_to(&self, line: &Arc<Line>) {
        *self.shared.line.write().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(line);
    }

    /// Asks for contracts anew: a list of hours goes a week ahead at most.
    pub(super) fn forget_contracts(&self) {
        self.known().contracts.clear();
    }

    /// Asks for one contract anew.
    pub(super) fn forget_contract(&self, symbol: &Symbol, spec: &ContractSpec) {
        self.known().contracts.remove(&(symbol.clone(), spec_words(spec)));
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.shared.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The contract as it goes with requests.
    pub(super) fn wire_contract(&self, contract: &Contract) -> contracts::Contract {
        let known = self.known().wire.get(&contract.con_id).cloned();
        known.unwrap_or_else(|| translate::known_contract(contract, SecurityType::Stock, "SMART"))
    }

    /// The contract that a plan means: its number, tick, currency and hours. Asked for once, then
    /// remembered until [`Session::resubscribe`](super::Session::resubscribe).
    ///
    /// The tick is the coarsest of the contract's price bands at the plan's exchange, which is valid in all of them.
    pub async fn contract(&self, symbol: &Symbol, spec: &ContractSpec) -> Result<Contract, ContractError> {
        let words = spec_words(spec);
        let key = (symbol.clone(), words.clone());
        if let Some(contract) = self.known().contracts.get(&key) {
            return Ok(contract.clone());
        }
        let details = self.only_match(symbol, spec, words).await?;
        let unusable = |why: String| ContractError::Unusable { symbol: symbol.clone(), why };
        let tick = self.tick(&details, &spec.exchange).await?;
        let tick = tick.ok_or_else(|| unusable("it has no price step".to_owned()))?;
        let session = hours::session(&details.time_zone_id, &details.liquid_hours, &details.trading_hours)
            .map_err(|error| unusable(error.to_string()))?;
        let contract = Contract {
            symbol: symbol.clone(),
            con_id: details.contract.contract_id,
            tick,
            currency: details.contract.currency.to_string(),
            session,
        };
        let wire =
            translate::known_contract(&contract, details.contract.security_type.clone(), &spec.exchange);
        let mut known = self.known();
        known.wire.insert(contract.con_id, wire);
        known.contracts.insert(key, contract.clone());
        Ok(contract)
    }

    async fn only_match(
        &self,
        symbol: &Symbol,
        spec: &ContractSpec,
        words: String,
    ) -> Result<ContractDetails, ContractError> {
        let line = self.line()?;
        let wanted = translate::wanted_contract(symbol, spec);
        let asked =
            line.ask(self.shared.settings.request_timeout, line.client.contract_details(&wanted)).await;
        let mut found = match asked {
            Err(LinkError::Refused { code: UNKNOWN_CONTRACT, .. }) => Vec::new(),
            asked => asked?,
        };
        found.retain(|details| details.contract.contract_id > 0);
        found.dedup_by_key(|details| details.contract.contract_id);
        match (found.pop(), found.as_slice()) {
            (None, _) => Err(ContractError::Unknown { symbol: symbol.clone(), spec: words }),
            (Some(only), []) => Ok(only),
            (Some(last), others) => {
                let candidates = others.iter().chain([&last]).map(candidate).collect();
                Err(ContractError::Ambiguous { symbol: symbol.clone(), spec: words, candidates })
            }
        }
    }

    async fn tick(&self, details: &ContractDetails, exchange: &str) -> Result<Option<Tick>, LinkError> {
        let least = translate::tick(details.min_tick);
        let at = details.valid_exchanges.iter().position(|name| name == exchange);
        let rule = at.and_then(|at| details.market_rule_ids.get(at)).and_then(|id| id.parse::<i32>().ok());
        let Some(rule) = rule else { return Ok(least) };
        let line = self.line()?;
        match line.ask(self.shared.settings.request_timeout, line.client.market_rule(rule)).await {
            Ok(rule) => {
                let steps = rule.price_increments.iter().filter_map(|band| translate::tick(band.increment));
                Ok(steps.max_by_key(|tick| tick.decimal()).or(least))
            }
            Err(LinkError::Refused { code, text }) => {
                warn!(rule, code, text, "the market rule is not known, the least tick is used");
                Ok(least)
            }
            Err(error) => Err(error),
        }
    }

    /// Past bars up to now, oldest first, each with the length it really has: the last one may be shorter, because it
    /// is not over. Bars of a fixed length come from outside regular hours too; a daily bar is the regular session of
    /// its date. Where there are none, the list is empty.
    pub async fn history(&self, contract: &Contract, span: HistorySpan) -> Result<Vec<Bar>, LinkError> {
        let hours = match span.bar {
            BarLength::Day1 => TradingHours::Regular,
            BarLength::Sec5 | BarLength::Min1 | BarLength::Min30 => TradingHours::Extended,
        };
        let wire = self.wire_contract(contract);
        let line = self.line()?;
        let request = line
            .client
            .historical_data(&wire, translate::bar_size(span.bar))
            .what_to_show(WhatToShow::Trades)
            .trading_hours(hours)
            .duration(back(span.back));
        let asked = line.ask(self.shared.settings.history_timeout, request.fetch()).await;
        let answer = match asked {
            // The same code says "too many requests": only the text tells.
            Err(LinkError::Refused { code: HISTORY_ERROR, text }) if text.contains("no data") => {
                return Ok(Vec::new());
            }
            asked => asked?,
        };
        let until = Stamp::from_seconds(answer.end.unix_timestamp());
        let mut bars: Vec<Bar> =
            answer.bars.iter().filter_map(|bar| past_bar(bar, span.bar, contract, until)).collect();
        bars.sort_by_key(|bar| bar.start);
        bars.dedup_by_key(|bar| bar.start);
        Ok(bars)
    }
}

fn past_bar(
    bar: &ibapi::market_data::historical::Bar,
    length: BarLength,
    contract: &Contract,
    until: Stamp,
) -> Option<Bar> {
    let (start, end) = match (translate::bar_start(bar)?, length.seconds()) {
        (BarStart::At(start), Some(seconds)) => (start, start.plus_seconds(i64::from(seconds))),
        (BarStart::On(date), _) => session_of(contract, date)?,
        (BarStart::At(at), None) => session_of(contract, contract.session.local_date(at))?,
    };
    // What is not over yet is as long as it has lasted.
    let seconds = u32::try_from(end.min(until).since(start).as_secs()).ok().filter(|seconds| *seconds > 0)?;
    translate::past_bar(bar, start, seconds)
}

fn session_of(contract: &Contract, date: jiff::civil::Date) -> Option<(Stamp, Stamp)> {
    let stretch = contract.session.stretch(date, Hours::Regular)?;
    Some((stretch.open, stretch.close))
}

fn back(reach: Reach) -> Back {
    let whole = |number: u32| i32::try_from(number.max(1)).unwrap_or(i32::MAX);
    match reach {
        Reach::Seconds(seconds) if seconds <= SECONDS_BACK_MAX => Back::seconds(whole(seconds)),
        Reach::Seconds(seconds) => back(Reach::Days(seconds.div_ceil(SECONDS_BACK_MAX))),
        Reach::Days(days) if days <= DAYS_BACK_MAX => Back::days(whole(days)),
        Reach::Days(days) => Back::years(whole(days.div_ceil(DAYS_BACK_MAX))),
    }
}

fn spec_words(spec: &ContractSpec) -> String {
    let ContractSpec { sec_type, exchange, currency, primary_exchange, con_id } = spec;
    let mut words = format!("{sec_type} {exchange} {currency}");
    if let Some(primary) = primary_exchange {
        words.push_str(&format!(" primary {primary}"));
    }
    if let Some(con_id) = con_id {
        words.push_str(&format!(" con_id {con_id}"));
    }
    words
}

fn candidate(details: &ContractDetails) -> String {
    let contract = &details.contract;
    let name = if details.long_name.is_empty() { "?" } else { &details.long_name };
    format!("{} {} con_id {} ({name})", contract.primary_exchange, contract.currency, contract.contract_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_back_is_asked_in_the_unit_the_broker_takes() {
        let asked = |reach| back(reach).to_string();
        assert_eq!(asked(Reach::Seconds(0)), "1 S");
        assert_eq!(asked(Reach::Seconds(86_400)), "86400 S");
        assert_eq!(asked(Reach::Seconds(86_401)), "2 D");
        assert_eq!(asked(Reach::Days(365)), "365 D");
        assert_eq!(asked(Reach::Days(366)), "2 Y");
    }
}
