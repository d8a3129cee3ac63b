//! Reading an order from the wire: everything the venue cannot do is refused here, by IBKR's codes.

use rust_decimal::Decimal;

use super::catalogue::MarketRule;
use super::clock;
use super::contract::Listings;
use super::messages::{Order, PlaceOrder, PlaceOrderTerms};
use super::venue::{Distance, Key, Kind, Life, Reach, Refusal, Side, Ticket, Transmit};
use super::wire;

/// The largest order, in shares: more would not fit the exact arithmetic of the account.
pub(super) const QUANTITY_MAX: i64 = 1_000_000_000;
/// The highest price an order may name, in dollars.
pub(super) const PRICE_MAX: i64 = 1_000_000_000;

/// The longest name of an OCA group, and the longest reference: every order keeps them.
const TEXT_BYTES_MAX: usize = 256;
/// The OCA types are 1 to this; 0 is none.
const OCA_TYPE_MAX: i32 = 3;
/// IBKR's ways to watch a price. The venue looks at the last trade whichever is asked for.
const TRIGGER_METHODS: [i32; 7] = [0, 1, 2, 3, 4, 7, 8];

/// Refuses an order that asks for what the venue does not do.
pub(super) fn without(terms: &PlaceOrderTerms) -> Result<(), Refusal> {
    let asked = terms.first().map(|name| invalid(&format!("{name} is not simulated")));
    asked.map_or(Ok(()), Err)
}

/// The order a client means.
pub(super) fn read(
    client: i32,
    asked: &PlaceOrder,
    listings: &Listings,
    account: &str,
) -> Result<Ticket, Refusal> {
    let symbol = listings.find(asked.contract.as_ref())?;
    let order = asked.order.as_ref().ok_or_else(|| invalid("the order is missing"))?;
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    if !text(&order.account).is_empty() && text(&order.account) != account {
        return Err(invalid(&format!("account {} is not {account}", text(&order.account))));
    }
    let (oca_group, order_ref) = (text(&order.oca_group), text(&order.order_ref));
    if oca_group.len().max(order_ref.len()) > TEXT_BYTES_MAX {
        return Err(invalid(&format!(
            "an OCA group or an order reference has more than {TEXT_BYTES_MAX} bytes"
        )));
    }
    let simple = order.conditions.is_empty()
        && text(&order.algo_strategy).is_empty()
        && text(&order.good_after_time).is_empty();
    if !simple {
        return Err(invalid("conditions, algorithms and start times are not simulated"));
    }
    let side = match order.action.as_deref() {
        Some("BUY") => Side::Buy,
        Some("SELL") => Side::Sell,
        other => return Err(invalid(&format!("action {:?} is not BUY or SELL", other.unwrap_or("")))),
    };
    let oca_type = order.oca_type.unwrap_or(0);
    if !(0..=OCA_TYPE_MAX).contains(&oca_type) {
        return Err(invalid(&format!("OCA type {oca_type} is not 1, 2 or 3")));
    }
    let trigger_method = order.trigger_method.unwrap_or(0);
    if !TRIGGER_METHODS.contains(&trigger_method) {
        return Err(invalid(&format!("there is no trigger method {trigger_method}")));
    }
    let kind = kind(order)?;
    let life = life(order)?;
    on_tick(listings.rule(symbol), &kind)?;
    let quantity = quantity(order.quantity.as_deref())?;
    if !listings.is_size(symbol, Decimal::from(quantity)) {
        return Err(invalid("Order size does not conform to market rule."));
    }
    Ok(Ticket {
        key: Key { client, id: asked.order_id.unwrap_or(0) },
        symbol,
        side,
        quantity,
        kind,
        life,
        reach: if order.outside_rth == Some(true) { Reach::AnyHour } else { Reach::Session },
        // IBKR's clients leave out what is false.
        transmit: if order.transmit == Some(true) { Transmit::Now } else { Transmit::Hold },
        parent: order.parent_id.unwrap_or(0),
        oca_group,
        oca_type,
        trigger_method,
        order_ref,
    })
}

fn kind(order: &Order) -> Result<Kind, Refusal> {
    Ok(match order.order_type.as_deref() {
        Some("MKT") => Kind::Market,
        Some("LMT") => Kind::Limit(price("limit price", order.limit_price)?),
        Some("STP") => Kind::Stop(price("stop price", order.aux_price)?),
        Some("STP LMT") => Kind::StopLimit {
            stop: price("stop price", order.aux_price)?,
            limit: price("limit price", order.limit_price)?,
        },
        Some("TRAIL") => Kind::Trail {
            by: distance(order)?,
            start: given(order.trail_stop_price)
                .map(|_| price("trail stop price", order.trail_stop_price))
                .transpose()?,
        },
        _ => return Err(Refusal::new(387, "Unsupported order type for this exchange and security type.")),
    })
}

/// How far a trailing stop keeps: an amount or a percentage, exactly one of the two.
fn distance(order: &Order) -> Result<Distance, Refusal> {
    match (given(order.aux_price), given(order.trailing_percent)) {
        (Some(_), None) => Ok(Distance::Amount(price("trailing amount", order.aux_price)?)),
        (None, Some(percent)) => match wire::decimal(percent) {
            Some(percent) if Decimal::ZERO < percent && percent < Decimal::ONE_HUNDRED => {
                Ok(Distance::Percent(percent.normalize()))
            }
            _ => Err(invalid("the trailing percentage is not between 0 and 100")),
        },
        _ => Err(invalid("a trailing stop takes an amount or a percentage, and not both")),
    }
}

/// A number that a client has set.
fn given(value: Option<f64>) -> Option<f64> {
    value.filter(|value| wire::is_set(*value))
}

fn life(order: &Order) -> Result<Life, Refusal> {
    let date = order.good_till_date.as_deref().unwrap_or("").trim();
    match order.tif.as_deref() {
        None | Some("" | "DAY") => Ok(Life::Day),
        Some("GTC") => Ok(Life::UntilCancelled),
        Some("GTD") if date.is_empty() => {
            Err(Refusal::new(334, "Invalid Good Till Date order: its date is missing"))
        }
        Some("GTD") => until(date).map(Life::Until).ok_or_else(|| {
            let text = "The date, time, or time-zone entered is invalid. The correct format is yyyymmdd hh:mm:ss \
                        xxx, or yyyymmdd-hh:mm:ss in UTC.";
            Refusal::new(337, text)
        }),
        Some(other) => {
            Err(invalid(&format!("time in force {other} is not simulated, only DAY, GTC and GTD")))
        }
    }
}

/// The moment a date means, in seconds of the epoch; one without a time means all of that day.
fn until(date: &str) -> Option<i64> {
    let moment = clock::parse_stamp(date)?;
    let whole_day = date.bytes().all(|byte| byte.is_ascii_digit());
    Some(if whole_day { clock::midnight(clock::days_after(clock::date(moment), 1)) } else { moment })
}

fn quantity(text: Option<&str>) -> Result<i64, Refusal> {
    let quantity = match text {
        None | Some("") => Decimal::ZERO,
        Some(text) => Decimal::from_str_exact(text).map_err(|_| invalid("the quantity is not a number"))?,
    };
    if quantity == Decimal::ZERO {
        return Err(Refusal::new(434, "The order size cannot be zero."));
    }
    if !quantity.is_integer() {
        return Err(Refusal::new(10_243, "Fractional-sized order cannot be placed via API."));
    }
    match i64::try_from(quantity) {
        Ok(shares) if (1..=QUANTITY_MAX).contains(&shares) => Ok(shares),
        _ => Err(invalid(&format!("the quantity is not between 1 and {QUANTITY_MAX}"))),
    }
}

fn price(name: &str, value: Option<f64>) -> Result<Decimal, Refusal> {
    let price = value.and_then(wire::decimal).ok_or_else(|| invalid(&format!("the {name} is missing")))?;
    if price <= Decimal::ZERO || price > Decimal::from(PRICE_MAX) {
        return Err(invalid(&format!("the {name} {price} is not a price")));
    }
    Ok(price.normalize())
}

/// Refuses an order with a price between the steps of its band.
fn on_tick(rule: &MarketRule, kind: &Kind) -> Result<(), Refusal> {
    let prices = match *kind {
        Kind::Market | Kind::Trail { start: None, .. } => [None, None],
        Kind::Limit(price) | Kind::Stop(price) | Kind::Trail { start: Some(price), .. } => {
            [Some(price), None]
        }
        Kind::StopLimit { stop, limit } => [Some(stop), Some(limit)],
    };
    if prices.into_iter().flatten().all(|price| rule.is_on_tick(price)) {
        return Ok(());
    }
    let text = "The price does not conform to the minimum price variation for this contract.";
    Err(Refusal::new(110, text))
}

fn invalid(why: &str) -> Refusal {
    Refusal::new(321, format!("Error validating request.-'bV' : cause - {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::messages::{Contract, Order};

    fn play(change: impl FnOnce(&mut Order)) -> Result<Ticket, i32> {
        let listings = Listings::new(std::iter::once("SPY".to_owned()));
        let text = |text: &str| Some(text.to_owned());
        let mut order =
            Order { action: text("BUY"), quantity: text("100"), order_type: text("LMT"), ..Order::default() };
        order.limit_price = Some(167.65);
        change(&mut order);
        let contract = Contract { symbol: text("SPY"), ..Contract::default() };
        let asked = PlaceOrder { order_id: Some(7), contract: Some(contract), order: Some(order) };
        read(1, &asked, &listings, "DU0000001").map_err(|refusal| refusal.code)
    }

    #[test]
    fn an_order_is_read_exactly_and_what_is_left_out_is_false() {
        let ticket = play(|_| {}).expect("a plain order");
        assert_eq!(ticket.kind, Kind::Limit(Decimal::new(16_765, 2)));
        assert_eq!((ticket.quantity, ticket.life, ticket.transmit), (100, Life::Day, Transmit::Hold));
    }

    #[test]
    fn what_the_venue_cannot_do_is_refused_with_the_code_of_ibkr() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(play(|order| order.limit_price = Some(167.655)), Err(110));
        assert_eq!(play(|order| order.limit_price = None), Err(321));
        assert_eq!(play(|order| order.limit_price = Some(-1.0)), Err(321));
        assert_eq!(play(|order| order.limit_price = Some(f64::MAX)), Err(321));
        assert_eq!(play(|order| order.order_type = text("MOC")), Err(387));
        assert_eq!(play(|order| order.quantity = None), Err(434));
        assert_eq!(play(|order| order.quantity = text("1.5")), Err(10_243));
        assert_eq!(play(|order| order.quantity = text("1e300")), Err(321));
        assert_eq!(play(|order| order.tif = text("IOC")), Err(321));
        assert_eq!(play(|order| order.account = text("U1234567")), Err(321));
        assert_eq!(play(|order| order.action = text("SSHORT")), Err(321));
        assert_eq!(play(|order| order.order_ref = text(&"x".repeat(257))), Err(321));
    }
}
