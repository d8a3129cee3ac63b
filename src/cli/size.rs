//! `prusik size`: how many shares the risk buys, by the same gate that sizes an entry.

use rust_decimal::Decimal;
use serde::Serialize;

use super::amount::exact;
use super::args::SizeArgs;
use super::code::{Code, Fail};
use super::home::Home;
use super::out;
use crate::domain::money::{AMOUNT_MAX, Cash, Price, cents};
use crate::domain::risk::{Account, Denied, EntryRequest, Exposure, Sized, approve_size};

/// What is assumed where nobody says what may be spent: the margin of a day trader at IBKR.
const BUYING_POWER_TIMES: u32 = 4;

/// A size in JSON.
#[derive(Debug, Serialize)]
struct Answer {
    quantity: String,
    risk_amount: String,
    risk_percent: String,
    order_value: String,
}

/// A refusal in JSON.
#[derive(Debug, Serialize)]
struct Refusal {
    denied: Limit,
}

#[derive(Debug, Serialize)]
struct Limit {
    limit: &'static str,
    current: Option<String>,
    max: Option<String>,
    message: String,
}

/// Sizes, and says so.
pub(super) fn run(home: &Home, args: &SizeArgs) -> Result<Code, Fail> {
    let limits = home.config()?.limits;
    let account = account(args)?;
    let request = EntryRequest {
        category: args.risk.category(),
        reference: price("--entry", args.entry)?,
        stop: price("--stop", args.stop)?,
        max_quantity: None,
    };
    if request.reference == request.stop {
        let fail = Fail::new(Code::Usage, "--stop is the same as --entry: nothing would be at risk");
        return Err(fail.help("put the stop below the entry for a long, above it for a short"));
    }
    match approve_size(&request, &limits, &account, &Exposure::default()) {
        Ok(sized) => {
            granted(args, &account, &sized)?;
            Ok(Code::Done)
        }
        Err(denied) => {
            refused(args, &denied)?;
            Ok(Code::Refused)
        }
    }
}

fn account(args: &SizeArgs) -> Result<Account, Fail> {
    let money = |flag: &str, amount: Decimal| {
        if amount > Decimal::from(AMOUNT_MAX) {
            return Err(Fail::new(Code::Usage, format_args!("{flag} {amount} is larger than any account")));
        }
        Ok(Cash::new(amount))
    };
    let value = money("--account", args.account)?;
    let buying_power = match args.buying_power {
        Some(amount) => money("--buying-power", amount)?,
        None => Cash::new(value.decimal() * Decimal::from(BUYING_POWER_TIMES)),
    };
    Ok(Account { value, buying_power })
}

fn price(flag: &str, number: Decimal) -> Result<Price, Fail> {
    Price::new(number).map_err(|error| Fail::new(Code::Usage, format_args!("{flag}: {error}")))
}

fn granted(args: &SizeArgs, account: &Account, sized: &Sized) -> Result<(), Fail> {
    let Sized { qty, risk, value } = *sized;
    let answer = Answer {
        quantity: qty.to_string(),
        risk_amount: exact(risk.decimal()),
        risk_percent: cents(risk.percent_of(account.value)).to_string(),
        order_value: exact(value.decimal()),
    };
    if args.json {
        return out::document(&answer);
    }
    let Answer { quantity, risk_amount, risk_percent, order_value } = answer;
    out::answer(&format!(
        "{quantity} shares\n{risk_amount} at risk, {risk_percent} % of the account\n{order_value} order value"
    ))
}

fn refused(args: &SizeArgs, denied: &Denied) -> Result<(), Fail> {
    let limit = Limit {
        limit: denied.limit(),
        current: denied.current().map(|number| number.to_string()),
        max: denied.max().map(|number| number.to_string()),
        message: denied.to_string(),
    };
    if args.json {
        return out::document(&Refusal { denied: limit });
    }
    let Limit { limit, current, max, message } = limit;
    let shown = |number: Option<String>| number.unwrap_or_else(|| "none".into());
    out::answer(&format!(
        "denied: {message}\n  limit    {limit}\n  current  {}\n  max      {}",
        shown(current),
        shown(max)
    ))
}
