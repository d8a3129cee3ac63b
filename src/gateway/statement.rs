//! The account as clients are told of it: summary rows, account updates, positions.
//!
//! IBKR pushes the rows of a summary every three minutes when they changed. Here they are pushed with every whole
//! minute of market time in which the account's worth changed, and after every fill.

use rust_decimal::Decimal;

use super::account::{Account, Worth};
use super::clock;
use super::contract::CURRENCY;
use super::market::Market;
use super::messages::{AccountSummary, AccountText, AccountValue, PortfolioValue, Position, told};
use super::wire::{double, push};

/// The group of a summary that means every account there is. There are no others.
pub(super) const GROUP: &str = "All";
/// Subscriptions to account summaries that a client may have at once.
pub(super) const SUMMARIES_MAX: usize = 2;
/// The tag of a summary that asks for the cash ledger; `:` and a currency may follow it.
const LEDGER: &str = "$LEDGER";
/// How IBKR calls the account's own currency, where the ledger is told over all currencies.
const BASE_CURRENCY: &str = "BASE";

/// The tags that "all" means, and that account updates tell. "AccountType" comes first, as IBKR has it.
const TAGS: [&str; 27] = [
    "AccountType",
    "NetLiquidation",
    "EquityWithLoanValue",
    "TotalCashValue",
    "SettledCash",
    "AccruedCash",
    "BuyingPower",
    "GrossPositionValue",
    "InitMarginReq",
    "MaintMarginReq",
    "AvailableFunds",
    "ExcessLiquidity",
    "FullInitMarginReq",
    "FullMaintMarginReq",
    "FullAvailableFunds",
    "FullExcessLiquidity",
    "LookAheadNextChange",
    "LookAheadInitMarginReq",
    "LookAheadMaintMarginReq",
    "LookAheadAvailableFunds",
    "LookAheadExcessLiquidity",
    "RegTEquity",
    "RegTMargin",
    "Cushion",
    "HighestSeverity",
    "DayTradesRemaining",
    "Leverage",
];

/// A subscription to rows of the account.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) req_id: i32,
    tags: Vec<String>,
}

impl Summary {
    /// Reads a list of tags, separated by commas. A tag that does not exist brings no row, as at IBKR.
    pub(super) fn new(req_id: i32, list: &str) -> Summary {
        let mut tags: Vec<String> = Vec::new();
        for tag in list.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
            if tag.eq_ignore_ascii_case("all") {
                tags.extend(TAGS.map(str::to_owned));
            } else {
                tags.push(tag.to_owned());
            }
        }
        Summary { req_id, tags }
    }
}

/// One row: tag, value, currency.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    tag: String,
    value: String,
    currency: &'static str,
}

/// The rows of a summary, in the order in which its tags were asked for.
pub(super) fn summary_rows(out: &mut Vec<u8>, market: &Market, summary: &Summary, worth: &Worth) {
    for row in summary.tags.iter().flat_map(|tag| rows(tag, &market.venue.account, worth)) {
        let message = AccountSummary {
            req_id: Some(summary.req_id),
            account: Some(market.account.clone()),
            tag: Some(row.tag),
            value: Some(row.value),
            currency: Some(row.currency.to_owned()),
        };
        push(out, told::ACCOUNT_SUMMARY, &message);
    }
}

/// The account as account updates tell it: its values, what is held, and what `filled` may have closed.
pub(super) fn account_rows(out: &mut Vec<u8>, market: &Market, filled: &[usize]) {
    let account = &market.venue.account;
    let worth = account.worth();
    for row in TAGS.iter().chain(&[LEDGER]).flat_map(|tag| rows(tag, account, &worth)) {
        let message = AccountValue {
            key: Some(row.tag),
            value: Some(row.value),
            currency: Some(row.currency.to_owned()),
            account: Some(market.account.clone()),
        };
        push(out, told::ACCOUNT_VALUE, &message);
    }
    for (symbol, holding) in account.holdings.iter().enumerate() {
        if holding.quantity == 0 && !filled.contains(&symbol) {
            continue;
        }
        let message = PortfolioValue {
            contract: Some(market.listings.contract(symbol)),
            position: Some(holding.quantity.to_string()),
            market_price: Some(double(holding.mark.unwrap_or_default())),
            market_value: Some(double(holding.value())),
            average_cost: Some(double(holding.average_cost().round_dp(6))),
            unrealized_pnl: Some(double((holding.value() - holding.cost).round_dp(2))),
            realized_pnl: Some(double(holding.realized.round_dp(2))),
            account: Some(market.account.clone()),
        };
        push(out, told::PORTFOLIO_VALUE, &message);
    }
    let time = clock::wall(market.now).strftime("%H:%M").to_string();
    push(out, told::ACCOUNT_TIME, &AccountText { text: Some(time) });
}

/// What is held of one symbol, also when it is nothing any more.
pub(super) fn position(out: &mut Vec<u8>, market: &Market, symbol: usize) {
    let holding = &market.venue.account.holdings[symbol];
    let message = Position {
        account: Some(market.account.clone()),
        contract: Some(market.listings.contract(symbol)),
        position: Some(holding.quantity.to_string()),
        average_cost: Some(double(holding.average_cost().round_dp(6))),
    };
    push(out, told::POSITION, &message);
}

/// The rows a tag brings: one, those of the ledger, or none where it does not exist.
fn rows(tag: &str, account: &Account, worth: &Worth) -> Vec<Row> {
    match tag.strip_prefix(LEDGER) {
        Some("") => ledger(account, worth, BASE_CURRENCY),
        Some(":USD") => ledger(account, worth, CURRENCY),
        Some(":ALL") => {
            let mut rows = ledger(account, worth, CURRENCY);
            rows.extend(ledger(account, worth, BASE_CURRENCY));
            rows
        }
        Some(_) => Vec::new(),
        None => value(tag, worth)
            .map(|(value, currency)| vec![Row { tag: tag.to_owned(), value, currency }])
            .unwrap_or_default(),
    }
}

/// A value of the account and its currency.
fn value(tag: &str, worth: &Worth) -> Option<(String, &'static str)> {
    let equity = worth.net_liquidation;
    let share_of_equity = |part: Decimal| part.checked_div(equity).unwrap_or_default();
    let value = match tag {
        "AccountType" => return Some(("INDIVIDUAL".to_owned(), "")),
        "Cushion" => return Some((share_of_equity(worth.free()).round_dp(6).normalize().to_string(), "")),
        "Leverage" => {
            return Some((format!("{:.2}", share_of_equity(worth.gross).round_dp(2)), ""));
        }
        // No change of margins is ahead, no warning stands, and day trades are not counted: IBKR's words for these.
        "LookAheadNextChange" | "HighestSeverity" => return Some(("0".to_owned(), "")),
        "DayTradesRemaining" => return Some(("-1".to_owned(), "")),
        "NetLiquidation" | "EquityWithLoanValue" | "RegTEquity" => equity,
        "TotalCashValue" | "SettledCash" => worth.cash,
        "AccruedCash" => Decimal::ZERO,
        "BuyingPower" => worth.buying_power(),
        "GrossPositionValue" => worth.gross,
        // Regulation T binds half of what is held, whatever the broker asks for.
        "RegTMargin" => worth.gross / Decimal::TWO,
        "InitMarginReq" | "FullInitMarginReq" | "LookAheadInitMarginReq" => worth.margin(),
        "MaintMarginReq" | "FullMaintMarginReq" | "LookAheadMaintMarginReq" => worth.margin(),
        "AvailableFunds" | "FullAvailableFunds" | "LookAheadAvailableFunds" => worth.free(),
        "ExcessLiquidity" | "FullExcessLiquidity" | "LookAheadExcessLiquidity" => worth.free(),
        _ => return None,
    };
    Some((cents(value), CURRENCY))
}

/// What there is in one currency. Everything is in dollars, so each ledger says the same.
fn ledger(account: &Account, worth: &Worth, currency: &'static str) -> Vec<Row> {
    let held = account.holdings.iter();
    let cost: Decimal = held.clone().map(|holding| holding.cost).sum();
    let stock = worth.net_liquidation - worth.cash;
    let realized: Decimal = held.map(|holding| holding.realized).sum();
    let amounts = [
        ("CashBalance", worth.cash),
        ("TotalCashBalance", worth.cash),
        ("AccruedCash", Decimal::ZERO),
        ("StockMarketValue", stock),
        ("NetLiquidationByCurrency", worth.net_liquidation),
        ("UnrealizedPnL", stock - cost),
        ("RealizedPnL", realized),
    ];
    let words = [("Currency", currency), ("RealCurrency", currency), ("ExchangeRate", "1.00")];
    let row = |tag: &str, value: String| Row { tag: tag.to_owned(), value, currency };
    let words = words.into_iter().map(|(tag, word)| row(tag, word.to_owned()));
    words.chain(amounts.into_iter().map(|(tag, amount)| row(tag, cents(amount)))).collect()
}

fn cents(amount: Decimal) -> String {
    format!("{:.2}", amount.round_dp(2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::venue::Side;

    fn told(list: &str) -> String {
        let mut account = Account::new(Decimal::from(100_000), 1);
        account.book(0, Side::Buy, 1_000, Decimal::from(50), Decimal::from(5));
        account.holdings[0].mark = Some(Decimal::from(51));
        let worth = account.worth();
        let rows =
            Summary::new(1, list).tags.iter().flat_map(|tag| rows(tag, &account, &worth)).collect::<Vec<_>>();
        rows.iter()
            .map(|row| format!("{} {} {}", row.tag, row.value, row.currency).trim().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn every_tag_of_an_account_has_its_value_and_a_strange_one_has_none() {
        insta::assert_snapshot!(told("NetLiquidation, Nonsense,Cushion,Leverage,RegTMargin,AvailableFunds"), @r"
        NetLiquidation 100995.00 USD
        Cushion 0.873756
        Leverage 0.50
        RegTMargin 25500.00 USD
        AvailableFunds 88245.00 USD
        ");
        assert_eq!(told("all").lines().count(), TAGS.len(), "each tag that \"all\" means is told");
        assert_eq!(told(""), "");
    }

    #[test]
    fn the_ledger_says_what_there_is_in_each_currency() {
        insta::assert_snapshot!(told("$LEDGER"), @r"
        Currency BASE BASE
        RealCurrency BASE BASE
        ExchangeRate 1.00 BASE
        CashBalance 49995.00 BASE
        TotalCashBalance 49995.00 BASE
        AccruedCash 0.00 BASE
        StockMarketValue 51000.00 BASE
        NetLiquidationByCurrency 100995.00 BASE
        UnrealizedPnL 995.00 BASE
        RealizedPnL 0.00 BASE
        ");
        assert_eq!(told("$LEDGER:ALL").lines().count(), 20);
        assert_eq!((told("$LEDGER:EUR"), told("$LEDGER:USD").lines().count()), (String::new(), 10));
    }
}
