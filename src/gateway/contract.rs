//! The contracts of the simulated exchange: one US stock or fund for each symbol it has bars of, as the catalogue
//! lists it.

use std::sync::Arc;

use rust_decimal::Decimal;

pub(super) use super::catalogue::CURRENCY;
use super::catalogue::{Catalogue, Entered, Listed, MarketRule, SMART};
use super::clock;
use super::feed::Days;
use super::messages::{Contract, ContractDetails};
use super::venue::Refusal;

/// How many days the hours of a contract are told for.
const HOURS_DAYS: i64 = 7;
/// What the venue takes, by IBKR's names.
const ORDER_TYPES: &str = "DAY,GTC,GTD,LMT,MKT,OCA,STP,STPLMT,TRAIL,WHATIF";

/// All contracts, in symbol order.
#[derive(Debug)]
pub(super) struct Listings {
    listings: Vec<Listing>,
    catalogue: Catalogue,
}

#[derive(Debug)]
pub(super) struct Listing {
    pub(super) symbol: String,
    pub(super) con_id: i32,
    terms: Listed,
}

impl Listings {
    /// Lists symbols as the embedded catalogue has them.
    #[cfg(test)]
    pub(super) fn new(symbols: impl Iterator<Item = String>) -> Listings {
        Listings::of(symbols, &Catalogue::default())
    }

    /// Lists symbols, which stand in order and do not repeat. One without an entry in the catalogue gets an id that
    /// only depends on its letters.
    pub(super) fn of(symbols: impl Iterator<Item = String>, catalogue: &Catalogue) -> Listings {
        let mut listings: Vec<Listing> = Vec::new();
        for symbol in symbols {
            let terms = catalogue.listed(&symbol);
            let con_id = terms.con_id.unwrap_or_else(|| {
                let mut made_up = con_id_of(&symbol);
                while catalogue.reserves(made_up) || listings.iter().any(|other| other.con_id == made_up) {
                    made_up += 1;
                }
                made_up
            });
            listings.push(Listing { symbol, con_id, terms });
        }
        Listings { listings, catalogue: catalogue.clone() }
    }

    pub(super) fn get(&self, symbol: usize) -> &Listing {
        &self.listings[symbol]
    }

    /// The price steps of a symbol.
    pub(super) fn rule(&self, symbol: usize) -> &Arc<MarketRule> {
        &self.listings[symbol].terms.rule
    }

    /// The market rule of a number, whether or not a symbol here trades by it.
    pub(super) fn rule_of(&self, id: i32) -> Option<Arc<MarketRule>> {
        self.catalogue.rule(id)
    }

    /// Whether so many shares may be ordered: the least of the symbol, and steps of its increment.
    pub(super) fn is_size(&self, symbol: usize, shares: Decimal) -> bool {
        let Listed { min_size, size_increment, .. } = &self.listings[symbol].terms;
        shares >= *min_size && (shares % size_increment).is_zero()
    }

    /// The place of the contract a client means: by its id, or by its symbol. What else it says of it must be so.
    pub(super) fn find(&self, asked: Option<&Contract>) -> Result<usize, Refusal> {
        let unknown = || Refusal::new(200, "No security definition has been found for the request");
        let asked = asked.ok_or_else(unknown)?;
        self.listings.iter().position(|listing| listing.is_meant_by(asked)).ok_or_else(unknown)
    }

    /// The contract in full, as it stands in every frame.
    pub(super) fn contract(&self, symbol: usize) -> Contract {
        let Listing { symbol, con_id, terms } = &self.listings[symbol];
        Contract {
            con_id: Some(*con_id),
            symbol: Some(symbol.clone()),
            sec_type: Some("STK".to_owned()),
            exchange: Some(SMART.to_owned()),
            primary_exchange: Some(terms.primary_exchange.clone()),
            currency: Some(CURRENCY.to_owned()),
            local_symbol: Some(symbol.clone()),
            trading_class: Some(terms.trading_class.clone()),
        }
    }

    /// Its details, with the hours of the days from `now` on.
    pub(super) fn details(&self, symbol: usize, days: &Days, now: i64) -> ContractDetails {
        let terms = &self.listings[symbol].terms;
        let rule_ids = vec![terms.rule.id.to_string(); terms.valid_exchanges.len()];
        ContractDetails {
            market_name: Some(terms.trading_class.clone()),
            min_tick: Some(terms.rule.least_tick().to_string()),
            order_types: Some(ORDER_TYPES.to_owned()),
            valid_exchanges: Some(terms.valid_exchanges.join(",")),
            price_magnifier: Some(1),
            long_name: Some(terms.name.clone()),
            industry: terms.industry.clone(),
            category: terms.category.clone(),
            subcategory: terms.subcategory.clone(),
            time_zone_id: Some(clock::ZONE_NAME.to_owned()),
            trading_hours: Some(hours(days, now, Part::Trading)),
            liquid_hours: Some(hours(days, now, Part::Liquid)),
            agg_group: Some(1),
            market_rule_ids: Some(rule_ids.join(",")),
            stock_type: Some(terms.stock_type.clone()),
            min_size: Some(terms.min_size.normalize().to_string()),
            size_increment: Some(terms.size_increment.normalize().to_string()),
            suggested_size_increment: Some(terms.suggested_size_increment.normalize().to_string()),
        }
    }
}

impl Listing {
    fn is_meant_by(&self, asked: &Contract) -> bool {
        let Listing { symbol, con_id, terms } = self;
        let text = |field: &Option<String>| field.clone().filter(|text| !text.is_empty());
        let is = |field: &Option<String>, own: &str| text(field).is_none_or(|asked| asked == own);
        let by_id = asked.con_id.filter(|id| *id != 0);
        let named = by_id.is_some() || text(&asked.symbol).is_some() || text(&asked.local_symbol).is_some();
        let traded_at = |field: &Option<String>| {
            text(field).is_none_or(|asked| {
                asked == SMART || terms.valid_exchanges.iter().any(|own| own == on_its_name(&asked))
            })
        };
        // Of a symbol without an entry nobody knows where it is at home.
        let at_home = match terms.entry {
            Entered::Yes => text(&asked.primary_exchange)
                .is_none_or(|asked| on_its_name(&asked) == terms.primary_exchange),
            Entered::No => traded_at(&asked.primary_exchange),
        };
        named
            && by_id.is_none_or(|id| id == *con_id)
            && is(&asked.symbol, symbol)
            && is(&asked.local_symbol, symbol)
            && is(&asked.trading_class, &terms.trading_class)
            && is(&asked.sec_type, "STK")
            && is(&asked.currency, CURRENCY)
            && traded_at(&asked.exchange)
            && at_home
    }
}

/// An exchange by the name it has here: IBKR's API knew NASDAQ as ISLAND for decades, and still takes it.
fn on_its_name(exchange: &str) -> &str {
    match exchange {
        "ISLAND" => "NASDAQ",
        other => other,
    }
}

/// Which of a day's hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// With those before and after the session.
    Trading,
    /// The regular session.
    Liquid,
}

/// `20131004:0930-20131004:1600;20131005:CLOSED;…` for the coming days.
fn hours(days: &Days, now: i64, part: Part) -> String {
    let today = clock::date(now);
    let day = |ahead| {
        let date = clock::days_after(today, ahead);
        let stamp = clock::date_stamp(date);
        let Some(hours) = days.hours_on(date) else { return format!("{stamp}:CLOSED") };
        let (from, to) = match part {
            Part::Trading => (hours.pre, hours.post),
            Part::Liquid => (hours.open, hours.close),
        };
        format!("{stamp}:{}-{stamp}:{}", from.strftime("%H%M"), to.strftime("%H%M"))
    };
    (0..HOURS_DAYS).map(day).collect::<Vec<_>>().join(";")
}

/// A contract id that only depends on the symbol (FNV-1a), above all ids IBKR uses for well-known stocks.
fn con_id_of(symbol: &str) -> i32 {
    let hash =
        symbol.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    0x4000_0000 | (hash & 0x0FFF_FFFF) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listings() -> Listings {
        Listings::new(["AAPL", "BRK B", "SPY", "XYZ"].map(str::to_owned).into_iter())
    }

    /// What a client means with these words: symbol, id, kind, currency, exchange, primary exchange.
    fn find(words: [&str; 6]) -> Result<usize, i32> {
        let [symbol, con_id, sec_type, currency, exchange, primary] =
            words.map(|word| Some(word.to_owned()).filter(|word| !word.is_empty()));
        let con_id = con_id.map(|id| id.parse().expect("an id"));
        let asked = Contract {
            symbol,
            con_id,
            sec_type,
            currency,
            exchange,
            primary_exchange: primary,
            ..Contract::default()
        };
        listings().find(Some(&asked)).map_err(|refusal| refusal.code)
    }

    #[test]
    fn a_contract_is_found_by_its_symbol_or_by_its_id_and_by_nothing_else() {
        assert_eq!(find(["SPY", "", "STK", "", "", ""]), Ok(2));
        assert_eq!(find(["", "756733", "", "", "", ""]), Ok(2));
        assert_eq!(find(["BRK B", "", "STK", "USD", "SMART", "NYSE"]), Ok(1));
        for stranger in [
            ["QQQ", "", "STK", "", "", ""],
            ["AAPL", "756733", "STK", "", "", ""],
            ["", "", "STK", "", "", ""],
            ["BRK.B", "", "STK", "", "", ""],
            ["SPY", "", "OPT", "", "", ""],
            ["SPY", "", "STK", "EUR", "", ""],
        ] {
            assert_eq!(find(stranger), Err(200), "{stranger:?}");
        }
    }

    #[test]
    fn an_exchange_must_be_one_it_trades_at_and_the_primary_one_its_own() {
        for known in [
            ["AAPL", "", "STK", "USD", "SMART", "NASDAQ"],
            ["AAPL", "", "STK", "USD", "ISLAND", ""],
            ["AAPL", "", "STK", "USD", "SMART", "ISLAND"],
            ["SPY", "", "STK", "USD", "ARCA", "ARCA"],
            // Nobody knows where a made-up symbol is at home.
            ["XYZ", "", "STK", "USD", "SMART", "NYSE"],
        ] {
            assert!(find(known).is_ok(), "{known:?}");
        }
        for wrong in [
            ["AAPL", "", "STK", "USD", "LSE", ""],
            ["AAPL", "", "STK", "USD", "SMART", "NYSE"],
            ["XYZ", "", "STK", "USD", "SMART", "LSE"],
        ] {
            assert_eq!(find(wrong), Err(200), "{wrong:?}");
        }
    }

    #[test]
    fn a_made_up_id_only_depends_on_the_symbol() {
        let again = Listings::new(["XYZ"].map(str::to_owned).into_iter());
        assert_eq!(again.get(0).con_id, listings().get(3).con_id);
        assert!(again.get(0).con_id >= 0x4000_0000);
    }
}
