//! The broker's words in ours, and ours in the broker's. Pure.
//!
//! ibapi has binary floats where money is. They are crossed in one way only, through the shortest decimal text that
//! names the float, so that 180.55 is 180.55 on both sides. What makes no sense is left out with a line in the log:
//! a strange frame must not stop the loop.

use ibapi::contracts::{self, Currency, Exchange, SecurityType};
use ibapi::market_data::{historical, realtime};
use ibapi::orders::{self, Action, ExecutionSide, OcaType, OrderStatusKind, OrderUpdate, TimeInForce};
use ibapi::{Notice, SYSTEM_MESSAGE_CODES};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use tracing::warn;

use super::codes::verdict;
use super::hours;
use super::{BarLength, LinkEvent, ORDER_ID_MAX};
use crate::domain::broker::{BrokerFact, ExecutionReport, OrderReport, OrderStatus, PositionRow, Standing};
use crate::domain::ids::{BrokerOrderId, ExecId, OrderRef, PermId, Side, Stamp, Symbol};
use crate::domain::market::{Bar, Contract, Hours};
use crate::domain::money::{Cash, Price, Qty, Tick};
use crate::domain::order::{Execution, OrderKind, Ticket};
use crate::domain::plan::{ContractSpec, Tif};

// ---- numbers

/// The exact decimal with the shortest text that names this float; `None` for what is no amount (NaN, infinite, beyond
/// a decimal's reach, as IBKR's "unset").
pub(super) fn decimal(float: f64) -> Option<Decimal> {
    // Above this no amount of money or shares lies, and a decimal has no room for the digits.
    (float.abs() < 1e18).then(|| float.to_string().parse().ok()).flatten()
}

/// The float that the decimal's text names.
pub(super) fn float(decimal: Decimal) -> f64 {
    // The text of a decimal is a valid float.
    decimal.to_string().parse().unwrap_or(f64::NAN)
}

fn price(float: f64) -> Option<Price> {
    Price::new(decimal(float)?).ok()
}

/// Whole shares; `None` for a negative or senseless number. Parts of a share are cut: we never order any.
fn shares(float: f64) -> Option<Qty> {
    decimal(float).filter(|raw| *raw >= Decimal::ZERO).map(Qty::floor)
}

/// A count of shares or trades, zero where it is absent or senseless.
fn count(float: f64) -> u64 {
    decimal(float).and_then(|raw| u64::try_from(raw.floor()).ok()).unwrap_or(0)
}

/// An amount as the broker writes it in its account rows.
pub(super) fn cash(text: &str) -> Option<Cash> {
    text.trim().parse::<Decimal>().ok().map(Cash::new)
}

/// A tick as a float.
pub(super) fn tick(float: f64) -> Option<Tick> {
    Tick::new(decimal(float)?).ok()
}

// ---- moments

/// A moment of ibapi's clock library.
pub(super) fn stamp(at: impl Into<std::time::SystemTime>) -> Stamp {
    let at: std::time::SystemTime = at.into();
    jiff::Timestamp::try_from(at).map_or(Stamp::from_millis(0), Stamp::new)
}

/// The time of an execution: `20131004 09:31:05 US/Eastern`, `20131004-13:31:05` or `20131004-13:31:05Z` (UTC).
/// `None` where the zone is missing or unknown.
pub(super) fn execution_time(text: &str) -> Option<Stamp> {
    let text = text.trim();
    let (local, zone) = match text.split_once(['-', ' ']) {
        Some((date, utc)) if text.as_bytes().get(8) == Some(&b'-') => {
            (civil(date, utc.trim_end_matches('Z'))?, TimeZone::UTC)
        }
        Some((date, rest)) => {
            let (time, zone) = rest.trim_start().split_once(' ')?;
            (civil(date, time)?, hours::zone(zone)?)
        }
        None => return None,
    };
    local.to_zoned(zone).ok().map(|moment| Stamp::new(moment.timestamp()))
}

fn civil(date: &str, time: &str) -> Option<DateTime> {
    let date = Date::strptime("%Y%m%d", date.trim()).ok()?;
    Some(date.to_datetime(jiff::civil::Time::strptime("%H:%M:%S", time.trim()).ok()?))
}

// ---- contracts

/// What to ask the broker for.
pub(super) fn wanted_contract(symbol: &Symbol, spec: &ContractSpec) -> contracts::Contract {
    contracts::Contract {
        contract_id: spec.con_id.unwrap_or(0),
        symbol: symbol.as_str().into(),
        security_type: spec.sec_type.parse().unwrap_or(SecurityType::Other(spec.sec_type.clone())),
        exchange: Exchange::from(spec.exchange.as_str()),
        currency: Currency::from(spec.currency.as_str()),
        primary_exchange: Exchange::from(spec.primary_exchange.as_deref().unwrap_or("")),
        ..contracts::Contract::default()
    }
}

/// A contract the broker has told of, as it wants it in orders: its number says everything.
pub(super) fn known_contract(
    contract: &Contract,
    security_type: SecurityType,
    exchange: &str,
) -> contracts::Contract {
    contracts::Contract {
        contract_id: contract.con_id,
        symbol: contract.symbol.as_str().into(),
        security_type,
        exchange: Exchange::from(exchange),
        currency: Currency::from(contract.currency.as_str()),
        ..contracts::Contract::default()
    }
}

fn symbol(contract: &contracts::Contract) -> Option<Symbol> {
    let symbol = Symbol::new(contract.symbol.as_str());
    if symbol.is_none() {
        warn!(contract = %contract.symbol, "a contract with a strange ticker is left out");
    }
    symbol
}

// ---- orders out

/// What an order has beyond its ticket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placing<'a> {
    /// The account it trades in.
    pub(super) account: &'a str,
    /// The number of the order it waits for; 0 for none.
    pub(super) parent_id: i32,
    /// Whether it goes to work, or waits at the gateway for the last leg.
    pub(super) transmit: bool,
}

/// A ticket as the broker wants it.
pub(super) fn order(ticket: &Ticket, placing: Placing<'_>) -> orders::Order {
    let (limit_price, aux_price) = match ticket.kind {
        OrderKind::Market => (None, None),
        OrderKind::Limit(at) => (Some(float(at.decimal())), None),
        OrderKind::Stop(at) => (None, Some(float(at.decimal()))),
    };
    orders::Order {
        action: match ticket.side {
            Side::Buy => Action::Buy,
            Side::Sell => Action::Sell,
        },
        total_quantity: float(ticket.qty.decimal()),
        order_type: ticket.kind.word().to_owned(),
        limit_price,
        aux_price,
        tif: match ticket.tif {
            Tif::Day => TimeInForce::Day,
            Tif::Gtc => TimeInForce::GoodTillCanceled,
        },
        outside_rth: ticket.hours == Hours::Extended,
        account: placing.account.to_owned(),
        order_ref: ticket.reference.as_str().to_owned(),
        oca_group: ticket.group.clone().unwrap_or_default(),
        // Cancel the rest of the group on a fill, and block while that is under way: no two exits both fill.
        oca_type: if ticket.group.is_some() { OcaType::CancelWithBlock } else { OcaType::None },
        parent_id: placing.parent_id,
        transmit: placing.transmit,
        ..orders::Order::default()
    }
}

// ---- what the broker says

/// A frame of the order stream. `None` for frames of other clients, what-if previews and nonsense. `now` stands in
/// for an execution's time where that can't be read: a fill without its time is still a fill.
pub(super) fn fact(update: OrderUpdate, client_id: i32, now: Stamp) -> Option<BrokerFact> {
    match update {
        OrderUpdate::OpenOrder(data) => {
            let ours = is_ours(data.order.client_id, client_id);
            ours.then(|| open_order(&data, client_id)).flatten().map(BrokerFact::Report)
        }
        OrderUpdate::OrderStatus(status) => {
            let ours = is_ours(status.client_id, client_id);
            ours.then(|| order_status(&status)).flatten().map(BrokerFact::Status)
        }
        OrderUpdate::ExecutionData(data) => {
            let ours = is_ours(data.execution.client_id, client_id);
            ours.then(|| execution(&data, now)).flatten().map(BrokerFact::Executed)
        }
        OrderUpdate::CommissionReport(report) => {
            charge(&report).map(|(exec, amount)| BrokerFact::Charged { exec, amount })
        }
        OrderUpdate::OrderBound(_) => None,
    }
}

/// Frames without a client id carry a zero; the transport has already dropped those of client 0.
fn is_ours(theirs: i32, ours: i32) -> bool {
    theirs == ours || theirs == 0
}

/// An open order. One of another client has no number with us.
pub(super) fn open_order(data: &orders::OrderData, client_id: i32) -> Option<OrderReport> {
    let ours = is_ours(data.order.client_id, client_id);
    let id = order_id(data.order_id).filter(|_| ours);
    report(data, id, data.order.total_quantity)
}

/// A completed order: it has no number, and tells what was left unfilled instead of its size.
pub(super) fn completed_order(data: &orders::OrderData) -> Option<OrderReport> {
    report(data, None, data.order.total_quantity + data.order.filled_quantity)
}

fn report(data: &orders::OrderData, id: Option<BrokerOrderId>, size: f64) -> Option<OrderReport> {
    // A preview comes as if it were an order.
    if data.order.what_if {
        return None;
    }
    let symbol = symbol(&data.contract)?;
    let Some(qty) = shares(size) else {
        warn!(order = data.order_id, size, "an order with a senseless quantity is left out");
        return None;
    };
    Some(OrderReport {
        reference: OrderRef::parse(&data.order.order_ref),
        id,
        perm: perm(data.order.perm_id),
        symbol,
        side: match data.order.action {
            Action::Buy => Side::Buy,
            Action::Sell | Action::SellShort | Action::SellLong => Side::Sell,
        },
        qty,
        kind: kind(&data.order),
        standing: standing(&data.order_state.status),
    })
}

fn kind(order: &orders::Order) -> Option<OrderKind> {
    match order.order_type.as_str() {
        "MKT" => Some(OrderKind::Market),
        "LMT" => order.limit_price.and_then(price).map(OrderKind::Limit),
        "STP" => order.aux_price.and_then(price).map(OrderKind::Stop),
        _ => None,
    }
}

/// A short status; `None` where it names no order or counts senselessly.
pub(super) fn order_status(status: &orders::OrderStatus) -> Option<OrderStatus> {
    let (Some(id), Some(filled)) = (order_id(status.order_id), shares(status.filled)) else {
        warn!(order = status.order_id, filled = status.filled, "a strange order status is left out");
        return None;
    };
    Some(OrderStatus { id, perm: perm(status.perm_id), standing: standing(&status.status), filled })
}

/// An execution; `None` where it has no name, price, ticker or whole shares.
pub(super) fn execution(data: &orders::ExecutionData, now: Stamp) -> Option<ExecutionReport> {
    let told = &data.execution;
    let symbol = symbol(&data.contract)?;
    let usable = (price(told.price), shares(told.shares).filter(|qty| !qty.is_zero()));
    let ((Some(price), Some(qty)), false) = (usable, told.execution_id.is_empty()) else {
        warn!(exec = %told.execution_id, told.price, told.shares, "a strange execution is left out");
        return None;
    };
    let at = execution_time(&told.time).unwrap_or_else(|| {
        warn!(exec = %told.execution_id, time = %told.time, "an execution's time was not understood");
        now
    });
    let execution = Execution {
        id: ExecId::new(&told.execution_id),
        side: match told.side {
            ExecutionSide::Bought => Side::Buy,
            ExecutionSide::Sold => Side::Sell,
        },
        qty,
        price,
        at,
    };
    Some(ExecutionReport {
        reference: OrderRef::parse(&told.order_reference),
        id: BrokerOrderId(told.order_id),
        perm: perm(told.perm_id),
        symbol,
        execution,
    })
}

/// What an execution cost. A rebate counts as nothing.
pub(super) fn charge(report: &orders::CommissionReport) -> Option<(ExecId, Cash)> {
    let Some(amount) = decimal(report.commission).filter(|_| !report.execution_id.is_empty()) else {
        warn!(exec = %report.execution_id, report.commission, "a strange commission is left out");
        return None;
    };
    Some((ExecId::new(&report.execution_id), Cash::new(amount.max(Decimal::ZERO))))
}

/// A position; `None` where its size makes no sense.
pub(super) fn position(row: &ibapi::accounts::Position) -> Option<PositionRow> {
    let symbol = symbol(&row.contract)?;
    let Some(shares) = decimal(row.position).and_then(|raw| i64::try_from(raw.trunc()).ok()) else {
        warn!(%symbol, row.position, "a position of senseless size is left out");
        return None;
    };
    Some(PositionRow { symbol, shares, average_cost: price(row.average_cost) })
}

/// What is said of an order with a code; `None` where the notice names no order.
pub(super) fn remark(notice: Notice) -> Option<BrokerFact> {
    let id = notice.request_id.and_then(order_id)?;
    let (code, text) = (notice.code, notice.message);
    Some(BrokerFact::Remark { id, code, text, verdict: verdict(code) })
}

fn order_id(raw: i32) -> Option<BrokerOrderId> {
    (1..=ORDER_ID_MAX).contains(&raw).then_some(BrokerOrderId(raw))
}

fn perm(raw: i64) -> Option<PermId> {
    (raw > 0).then_some(PermId(raw))
}

fn standing(status: &OrderStatusKind) -> Standing {
    match status {
        OrderStatusKind::ApiPending | OrderStatusKind::PendingSubmit | OrderStatusKind::PreSubmitted => {
            Standing::Held
        }
        OrderStatusKind::Submitted => Standing::Working,
        OrderStatusKind::PendingCancel => Standing::Cancelling,
        OrderStatusKind::Inactive => Standing::Inactive,
        OrderStatusKind::Filled => Standing::Filled,
        OrderStatusKind::Cancelled | OrderStatusKind::ApiCancelled => Standing::Cancelled,
        OrderStatusKind::Unknown(_) => Standing::Unclear,
    }
}

// ---- what the gateway says about itself

const CONNECTION_LOST: i32 = SYSTEM_MESSAGE_CODES[0];
const DATA_LOST: i32 = SYSTEM_MESSAGE_CODES[1];
const RESTORED: i32 = SYSTEM_MESSAGE_CODES[2];
const SERVER_LOST: i32 = 2110;
const END_OF_BARS: i32 = 2197;
const SIMULATED_GATEWAY: i32 = 2198;

/// Whether the gateway says that it is the simulated one.
pub(super) fn is_simulated_gateway(notice: &Notice) -> bool {
    notice.code == SIMULATED_GATEWAY && notice.message.starts_with("simulated gateway")
}

/// A notice that concerns no order.
pub(super) fn link_event(notice: Notice) -> LinkEvent {
    match notice.code {
        ibapi::TRANSPORT_RECONNECT_CODE => LinkEvent::Reconnected,
        CONNECTION_LOST | SERVER_LOST => LinkEvent::BrokerDown,
        DATA_LOST => LinkEvent::DataLost,
        RESTORED => LinkEvent::Restored,
        END_OF_BARS => LinkEvent::EndOfBars,
        // Among the notices that were dropped may have been the one that says "reconnected".
        ibapi::NOTICE_STREAM_LAG_CODE => LinkEvent::OrdersLagged,
        code => LinkEvent::Notice { code, text: notice.message },
    }
}

// ---- bars

/// A live 5-second bar; `None` where a price makes no sense.
pub(super) fn live_bar(bar: &realtime::Bar) -> Option<Bar> {
    let start = Stamp::from_seconds(bar.date.unix_timestamp());
    let prices = [bar.open, bar.high, bar.low, bar.close];
    assembled(start, 5, prices, bar.volume, bar.count)
}

/// A historical bar of a fixed length that begins at `start`.
pub(super) fn past_bar(bar: &historical::Bar, start: Stamp, seconds: u32) -> Option<Bar> {
    let prices = [bar.open, bar.high, bar.low, bar.close];
    assembled(start, seconds, prices, bar.volume, bar.count)
}

fn assembled(start: Stamp, seconds: u32, prices: [f64; 4], volume: f64, trades: i32) -> Option<Bar> {
    let [Some(open), Some(high), Some(low), Some(close)] = prices.map(price) else {
        warn!(%start, ?prices, "a bar without a price is left out");
        return None;
    };
    if low > high || open.min(close) < low || open.max(close) > high {
        warn!(%start, ?prices, "a bar whose prices contradict each other is left out");
        return None;
    }
    let trades = u64::try_from(trades).unwrap_or(0);
    Some(Bar { start, seconds, open, high, low, close, volume: count(volume), trades })
}

/// ibapi's word for a bar's length.
pub(super) fn bar_size(length: BarLength) -> historical::BarSize {
    match length {
        BarLength::Sec5 => historical::BarSize::Sec5,
        BarLength::Min1 => historical::BarSize::Min,
        BarLength::Min30 => historical::BarSize::Min30,
        BarLength::Day1 => historical::BarSize::Day,
    }
}

/// Where a historical bar begins: a moment, or a date.
pub(super) enum BarStart {
    At(Stamp),
    On(Date),
}

/// When a historical bar begins; `None` for a date no calendar has.
pub(super) fn bar_start(bar: &historical::Bar) -> Option<BarStart> {
    match bar.date {
        historical::BarTimestamp::DateTime(at) => {
            Some(BarStart::At(Stamp::from_seconds(at.unix_timestamp())))
        }
        historical::BarTimestamp::Date(date) => {
            let (year, month, day) = date.to_calendar_date();
            let (year, month, day) =
                (i16::try_from(year).ok()?, i8::try_from(u8::from(month)).ok()?, i8::try_from(day).ok()?);
            Date::new(year, month, day).ok().map(BarStart::On)
        }
    }
}

#[cfg(test)]
#[path = "translate_tests.rs"]
mod tests;
