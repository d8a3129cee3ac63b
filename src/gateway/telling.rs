//! What the market's state looks like on the wire.

use rust_decimal::Decimal;

use super::bars::Bar;
use super::clock;
use super::contract::CURRENCY;
use super::market::Market;
use super::messages as wire_messages;
use super::messages::{
    CommissionReport, ErrorMessage, OpenOrder, OrderBound, OrderState, OrderStatus, RealTimeBar, told,
};
use super::venue::{Fact, Kind, Life, Note, Order, Reach, Reason, Side, State, Status};
use super::wire::{double, push};

/// The id of a notice that is about no request.
pub(super) const NO_REQUEST: i32 = -1;

/// An error, a warning or a notice. Its time is market time.
pub(super) fn error(out: &mut Vec<u8>, now: i64, id: i32, code: i32, text: &str) {
    let message =
        ErrorMessage { id: Some(id), time: Some(now * 1_000), code: Some(code), text: Some(text.to_owned()) };
    push(out, told::ERROR, &message);
}

/// Who is told of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ear {
    Owner,
    /// Hears how everybody's orders stand and fill. Errors and warnings name an order id only, which would mean one
    /// of its own orders, so it does not hear those.
    Master,
}

/// One fact about an order. A fill is told in IBKR's order and with its duplicates: the execution, how the order
/// stands, the same again, and last what it cost.
pub(super) fn fact(out: &mut Vec<u8>, market: &Market, fact: &Fact, ear: Ear) {
    match *fact {
        Fact::Stands(place, status) => standing(out, market, place, status),
        Fact::Filled(execution) => {
            let place = market.venue.executions[execution].order;
            self::execution(out, market, execution, NO_REQUEST);
            standing(out, market, place, Status::Filled);
            standing(out, market, place, Status::Filled);
            commission(out, market, execution);
        }
        Fact::Cancelled(place, reason) => {
            standing(out, market, place, Status::Cancelled);
            if ear == Ear::Master {
                return;
            }
            let text = format!("Order Canceled - reason:{}", reason_text(reason));
            error(out, market.now, market.venue.orders[place].ticket.key.id, 202, &text);
        }
        Fact::Noted(..) if ear == Ear::Master => {}
        Fact::Noted(place, note) => {
            let (code, text) = note_text(market, place, note);
            error(out, market.now, market.venue.orders[place].ticket.key.id, code, &text);
        }
    }
}

/// How an order stands: the order, and its status.
pub(super) fn standing(out: &mut Vec<u8>, market: &Market, place: usize, status: Status) {
    open_order(out, market, place, status);
    order_status(out, market, place, status);
}

/// That an order entered by hand has become an order of client 0.
pub(super) fn order_bound(out: &mut Vec<u8>, market: &Market, place: usize) {
    let order = &market.venue.orders[place];
    let message = OrderBound {
        perm_id: Some(order.perm_id),
        client_id: Some(order.ticket.key.client),
        order_id: Some(order.ticket.key.id),
    };
    push(out, told::ORDER_BOUND, &message);
}

fn reason_text(reason: Reason) -> &'static str {
    match reason {
        Reason::Asked => "",
        Reason::Parent => "its parent was cancelled",
        Reason::OcaGroup => "another order of its group was filled",
        Reason::Expired => "the day it was good for is over",
    }
}

fn note_text(market: &Market, place: usize, note: Note) -> (i32, String) {
    match note {
        Note::SessionOnly => (
            2109,
            "Order Event Warning:Attribute 'Outside Regular Trading Hours' is ignored based on the order type and \
             destination. PlaceOrder is now being processed."
                .to_owned(),
        ),
        Note::WaitsForOpen => {
            let opens = market.days.open_after(market.now).map_or_else(String::new, |day| clock::stamp(day.open));
            let text = "Your order will not be placed at the exchange until";
            (399, format!("Order Message:\n{}\nWarning: {text} {opens}", summary(market, place)))
        }
    }
}

fn summary(market: &Market, place: usize) -> String {
    let ticket = &market.venue.orders[place].ticket;
    let symbol = &market.listings.get(ticket.symbol).symbol;
    format!("{} {} {symbol}", action(ticket.side), ticket.quantity)
}

pub(super) fn open_order(out: &mut Vec<u8>, market: &Market, place: usize, status: Status) {
    let order = &market.venue.orders[place];
    let message = OpenOrder {
        order_id: Some(order.ticket.key.id),
        contract: Some(market.listings.contract(order.ticket.symbol)),
        order: Some(order_message(market, order)),
        state: Some(OrderState { status: Some(status_text(status).to_owned()), ..OrderState::default() }),
    };
    push(out, told::OPEN_ORDER, &message);
}

pub(super) fn order_status(out: &mut Vec<u8>, market: &Market, place: usize, status: Status) {
    let order = &market.venue.orders[place];
    let filled = match (status, order.state) {
        (Status::Filled, State::Filled(execution)) => Some(&market.venue.executions[execution]),
        _ => None,
    };
    let price = filled.map_or(0.0, |execution| double(execution.price));
    let quantity = order.ticket.quantity;
    let (done, remaining) = if filled.is_some() { (quantity, 0) } else { (0, quantity) };
    let message = OrderStatus {
        order_id: Some(order.ticket.key.id),
        status: Some(status_text(status).to_owned()),
        filled: Some(done.to_string()),
        remaining: Some(remaining.to_string()),
        average_price: Some(price),
        perm_id: Some(order.perm_id),
        parent_id: Some(order.ticket.parent),
        last_price: Some(price),
        client_id: Some(order.ticket.key.client),
        why_held: Some(why_held(order, status).to_owned()),
        market_cap_price: Some(0.0),
    };
    push(out, told::ORDER_STATUS, &message);
}

fn why_held(order: &Order, status: Status) -> &'static str {
    match (status, order.state, order.ticket.kind) {
        (Status::PreSubmitted, State::Waiting, _) => "child",
        (Status::PreSubmitted, State::Working, Kind::Stop(_)) => "trigger",
        _ => "",
    }
}

/// The order as its owner wrote it, with the ids it was given.
pub(super) fn order_message(market: &Market, order: &Order) -> wire_messages::Order {
    let ticket = &order.ticket;
    let filled = if matches!(order.state, State::Filled(_)) { ticket.quantity } else { 0 };
    let (order_type, limit, aux) = match ticket.kind {
        Kind::Market => ("MKT", Decimal::ZERO, Decimal::ZERO),
        Kind::Limit(price) => ("LMT", price, Decimal::ZERO),
        Kind::Stop(price) => ("STP", Decimal::ZERO, price),
    };
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    wire_messages::Order {
        client_id: Some(ticket.key.client),
        order_id: Some(ticket.key.id),
        perm_id: Some(order.perm_id),
        parent_id: Some(ticket.parent),
        action: Some(action(ticket.side).to_owned()),
        quantity: Some(ticket.quantity.to_string()),
        order_type: Some(order_type.to_owned()),
        limit_price: Some(double(limit)),
        aux_price: Some(double(aux)),
        tif: Some(if ticket.life == Life::Day { "DAY" } else { "GTC" }.to_owned()),
        account: Some(market.account.clone()),
        outside_rth: Some(ticket.reach == Reach::AnyHour),
        oca_group: some(&ticket.oca_group),
        order_ref: some(&ticket.order_ref),
        oca_type: Some(ticket.oca_type),
        trigger_method: Some(ticket.trigger_method),
        transmit: Some(order.state != State::Held),
        filled_quantity: Some(filled.to_string()),
        parent_perm_id: order.parent.map(|parent| market.venue.orders[parent].perm_id),
        ..wire_messages::Order::default()
    }
}

/// An execution; `req_id` is the request it answers, or [`NO_REQUEST`] as it happens.
pub(super) fn execution(out: &mut Vec<u8>, market: &Market, execution: usize, req_id: i32) {
    let execution = &market.venue.executions[execution];
    let order = &market.venue.orders[execution.order];
    let ticket = &order.ticket;
    let message = wire_messages::Execution {
        order_id: Some(ticket.key.id),
        exec_id: Some(execution.id.clone()),
        time: Some(clock::stamp(execution.time)),
        account: Some(market.account.clone()),
        exchange: Some("SMART".to_owned()),
        side: Some(if ticket.side == Side::Buy { "BOT" } else { "SLD" }.to_owned()),
        shares: Some(ticket.quantity.to_string()),
        price: Some(double(execution.price)),
        perm_id: Some(order.perm_id),
        client_id: Some(ticket.key.client),
        is_liquidation: Some(false),
        cumulative: Some(ticket.quantity.to_string()),
        average_price: Some(double(execution.price)),
        order_ref: (!ticket.order_ref.is_empty()).then(|| ticket.order_ref.clone()),
        last_liquidity: Some(if matches!(ticket.kind, Kind::Limit(_)) { 1 } else { 2 }),
    };
    let contract = Some(market.listings.contract(ticket.symbol));
    let message =
        wire_messages::ExecutionDetails { req_id: Some(req_id), contract, execution: Some(message) };
    push(out, told::EXECUTION, &message);
}

pub(super) fn commission(out: &mut Vec<u8>, market: &Market, execution: usize) {
    let execution = &market.venue.executions[execution];
    let message = CommissionReport {
        exec_id: Some(execution.id.clone()),
        commission: Some(double(execution.commission)),
        currency: Some(CURRENCY.to_owned()),
        realized_pnl: execution.realized.map(|profit| double(profit.round_dp(6))),
    };
    push(out, told::COMMISSION, &message);
}

/// An order that has ended. As IBKR tells it, its quantity is what was left of it.
pub(super) fn completed_order(out: &mut Vec<u8>, market: &Market, place: usize) {
    let order = &market.venue.orders[place];
    let mut message = order_message(market, order);
    let (status, text) = match order.state {
        State::Filled(_) => {
            message.quantity = Some("0".to_owned());
            (Status::Filled, format!("Filled Size: {}", order.ticket.quantity))
        }
        State::Cancelled(Reason::Expired) => (Status::Cancelled, "Expired".to_owned()),
        _ => (Status::Cancelled, "Cancelled by Trader".to_owned()),
    };
    let state = OrderState {
        status: Some(status_text(status).to_owned()),
        completed_time: order.ended.map(clock::stamp),
        completed_status: Some(text),
        ..OrderState::default()
    };
    let contract = Some(market.listings.contract(order.ticket.symbol));
    let message = wire_messages::CompletedOrder { contract, order: Some(message), state: Some(state) };
    push(out, told::COMPLETED_ORDER, &message);
}

pub(super) fn real_time_bar(out: &mut Vec<u8>, req_id: i32, bar: &Bar) {
    let message = RealTimeBar {
        req_id: Some(req_id),
        time: Some(bar.start),
        open: Some(double(bar.open)),
        high: Some(double(bar.high)),
        low: Some(double(bar.low)),
        close: Some(double(bar.close)),
        volume: Some(bar.volume.to_string()),
        wap: Some(bar.average().to_string()),
        count: Some(i32::try_from(bar.count).unwrap_or(i32::MAX)),
    };
    push(out, told::REAL_TIME_BAR, &message);
}

pub(super) fn action(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

fn status_text(status: Status) -> &'static str {
    match status {
        Status::PreSubmitted => "PreSubmitted",
        Status::Submitted => "Submitted",
        Status::Filled => "Filled",
        Status::Cancelled => "Cancelled",
    }
}
