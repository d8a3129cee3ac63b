//! The contracts of the simulated exchange: one US stock for each symbol it has bars of.

use super::clock;
use super::feed::Days;
use super::messages::{Contract, ContractDetails};
use super::venue::Refusal;

/// The exchange a stock is routed to, and the only one it is listed on.
const EXCHANGE: &str = "SMART";
pub(super) const CURRENCY: &str = "USD";
/// The one market rule: a tick of a cent at every price.
pub(super) const MARKET_RULE: i32 = 26;
/// How many days the hours of a contract are told for.
const HOURS_DAYS: i64 = 7;

/// All contracts, in symbol order.
#[derive(Debug)]
pub(super) struct Listings(Vec<Listing>);

#[derive(Debug)]
pub(super) struct Listing {
    pub(super) symbol: String,
    pub(super) con_id: i32,
}

impl Listings {
    /// Lists symbols, which stand in order and do not repeat.
    pub(super) fn new(symbols: impl Iterator<Item = String>) -> Listings {
        let mut listings: Vec<Listing> = Vec::new();
        for symbol in symbols {
            let mut con_id = con_id_of(&symbol);
            while listings.iter().any(|other| other.con_id == con_id) {
                con_id += 1;
            }
            listings.push(Listing { symbol, con_id });
        }
        Listings(listings)
    }

    pub(super) fn get(&self, symbol: usize) -> &Listing {
        &self.0[symbol]
    }

    /// The place of the contract a client means: by its id, or by its symbol.
    pub(super) fn find(&self, asked: Option<&Contract>) -> Result<usize, Refusal> {
        let unknown = || Refusal::new(200, "No security definition has been found for the request");
        let asked = asked.ok_or_else(unknown)?;
        let con_id = asked.con_id.unwrap_or(0);
        let symbol = asked.symbol.as_deref().unwrap_or("");
        let fits = |listing: &Listing| {
            (con_id == 0 || listing.con_id == con_id)
                && (symbol.is_empty() || listing.symbol == symbol)
                && (con_id != 0 || !symbol.is_empty())
        };
        let stock = matches!(asked.sec_type.as_deref(), None | Some("" | "STK"));
        let dollars = matches!(asked.currency.as_deref(), None | Some("" | CURRENCY));
        self.0.iter().position(|listing| stock && dollars && fits(listing)).ok_or_else(unknown)
    }

    /// The contract in full, as it stands in every frame.
    pub(super) fn contract(&self, symbol: usize) -> Contract {
        let Listing { symbol, con_id } = &self.0[symbol];
        Contract {
            con_id: Some(*con_id),
            symbol: Some(symbol.clone()),
            sec_type: Some("STK".to_owned()),
            exchange: Some(EXCHANGE.to_owned()),
            primary_exchange: Some("NASDAQ".to_owned()),
            currency: Some(CURRENCY.to_owned()),
            local_symbol: Some(symbol.clone()),
            trading_class: Some(symbol.clone()),
        }
    }

    /// Its details, with the hours of the days from `now` on.
    pub(super) fn details(&self, symbol: usize, days: &Days, now: i64) -> ContractDetails {
        let symbol = &self.0[symbol].symbol;
        ContractDetails {
            market_name: Some(symbol.clone()),
            min_tick: Some("0.01".to_owned()),
            order_types: Some("DAY,GTC,GTD,LMT,MKT,OCA,STP,STPLMT,TRAIL,WHATIF".to_owned()),
            valid_exchanges: Some(EXCHANGE.to_owned()),
            price_magnifier: Some(1),
            long_name: Some(format!("{symbol} (simulated)")),
            time_zone_id: Some(clock::ZONE_NAME.to_owned()),
            trading_hours: Some(hours(days, now, "0400", "2000")),
            liquid_hours: Some(hours(days, now, "0930", "1600")),
            market_rule_ids: Some(MARKET_RULE.to_string()),
            stock_type: Some("COMMON".to_owned()),
            min_size: Some("1".to_owned()),
            size_increment: Some("1".to_owned()),
            suggested_size_increment: Some("100".to_owned()),
        }
    }
}

/// `20131004:0930-20131004:1600;20131005:CLOSED;…` for the coming days; a day without bars is closed.
fn hours(days: &Days, now: i64, from: &str, to: &str) -> String {
    let today = clock::date(now);
    let day = |ahead| {
        let date = clock::days_after(today, ahead);
        let stamp = clock::date_stamp(date);
        match days.on(date) {
            Some(_) => format!("{stamp}:{from}-{stamp}:{to}"),
            None => format!("{stamp}:CLOSED"),
        }
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

    #[test]
    fn a_contract_is_found_by_its_symbol_or_by_its_id_and_by_nothing_else() {
        let listings = Listings::new(["AAPL", "SPY"].map(str::to_owned).into_iter());
        let asked = |symbol: &str, con_id, sec_type: &str| Contract {
            symbol: Some(symbol.to_owned()),
            con_id: Some(con_id),
            sec_type: Some(sec_type.to_owned()),
            ..Contract::default()
        };
        let spy = listings.get(1).con_id;
        assert_eq!(listings.find(Some(&asked("SPY", 0, "STK"))), Ok(1));
        assert_eq!(listings.find(Some(&asked("", spy, ""))), Ok(1));
        for stranger in
            [asked("QQQ", 0, "STK"), asked("AAPL", spy, "STK"), asked("", 0, "STK"), asked("SPY", 0, "OPT")]
        {
            assert_eq!(listings.find(Some(&stranger)).map_err(|refusal| refusal.code), Err(200));
        }
        let again = Listings::new(["SPY"].map(str::to_owned).into_iter());
        assert_eq!(again.get(0).con_id, spy, "the id only depends on the symbol");
    }
}
