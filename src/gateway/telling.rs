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
use super::quotes::Show;
use super::venue::{
    Distance, Fact, Kind, Life, Note, Order, Reach, Reason, Rejection, Side, Standing, State, Status, Waits,
};
use super::wire::{double, push};

/// The id of a notice that is about no request.
pub(super) const NO_REQUEST: i32 = -1;
/// The longest text of an error.
const ERROR_CHARS_MAX: usize = 2_000;
/// The decimals of an average price.
const AVERAGE_DECIMALS: u32 = 8;

/// An error, a warning or a notice. Its time is market time.
pub(super) fn error(out: &mut Vec<u8>, now: i64, id: i32, code: i32, text: &str) {
    // A refusal may quote its request, which may be long.
    let text = Some(text.chars().take(ERROR_CHARS_MAX).collect());
    let message = ErrorMessage { id: Some(id), time: Some(now * 1_000), code: Some(code), text };
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
    let remark = match *fact {
        Fact::Stands(place, stands) => {
            standing(out, market, place, &stands);
            None
        }
        Fact::Filled(execution) => {
            self::execution(out, market, execution, NO_REQUEST);
            let (place, stands) = standing_after(market, execution);
            standing(out, market, place, &stands);
            standing(out, market, place, &stands);
            commission(out, market, execution);
            None
        }
        Fact::Cancelled(place, reason) => {
            // Also of an order that in truth lives on: see `OrphanModify`.
            let stands = Standing { status: Status::Cancelled, ..market.venue.standing(place) };
            standing(out, market, place, &stands);
            Some((place, (202, format!("Order Canceled - reason:{}", reason_text(reason)))))
        }
        Fact::Rejected(place, why) => {
            standing(out, market, place, &market.venue.standing(place));
            let told = why != Rejection::OnDemand;
            told.then(|| (place, (201, format!("Order rejected - reason:{}", rejection(why)))))
        }
        Fact::Noted(place, note) => Some((place, note_text(market, place, note))),
    };
    if let (Some((place, (code, text))), Ear::Owner) = (remark, ear) {
        error(out, market.now, market.venue.orders[place].ticket.key.id, code, &text);
    }
}

/// How an order stands: the order, and its status.
pub(super) fn standing(out: &mut Vec<u8>, market: &Market, place: usize, standing: &Standing) {
    open_order(out, market, place, standing);
    order_status(out, market, place, standing);
}

/// How an order stood right after one of its executions.
fn standing_after(market: &Market, execution: usize) -> (usize, Standing) {
    let told = &market.venue.executions[execution];
    let standing = Standing {
        status: if told.remaining == 0 { Status::Filled } else { Status::Submitted },
        quantity: told.cumulative + told.remaining,
        filled: told.cumulative,
        last: Some(execution),
        ..market.venue.standing(told.order)
    };
    (told.order, standing)
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

/// Why an order cannot be taken, in IBKR's words where it has some.
pub(super) fn rejection(rejection: Rejection) -> String {
    match rejection {
        Rejection::Margin { equity, margin } => format!(
            "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH LOAN VALUE \
             [{equity:.2} {CURRENCY}] MUST EXCEED THE INITIAL MARGIN [{margin:.2} {CURRENCY}]"
        ),
        Rejection::OnDemand => String::new(),
        Rejection::GroupFilled => "the OCA group has already filled".to_owned(),
    }
}

fn reason_text(reason: Reason) -> &'static str {
    match reason {
        Reason::Asked => "",
        Reason::Parent => "its parent was cancelled",
        Reason::OcaGroup => "another order of its group was filled",
        Reason::Expired => "the time it was good for is over",
        Reason::Lost => "it was lost",
        Reason::Orphaned => "its change named a parent that is done",
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

pub(super) fn open_order(out: &mut Vec<u8>, market: &Market, place: usize, standing: &Standing) {
    let order = &market.venue.orders[place];
    let status = Some(status_text(standing.status).to_owned());
    let message = OpenOrder {
        order_id: Some(order.ticket.key.id),
        contract: Some(market.listings.contract(order.ticket.symbol)),
        order: Some(order_message(market, order, standing)),
        state: Some(OrderState { status, ..OrderState::default() }),
    };
    push(out, told::OPEN_ORDER, &message);
}

pub(super) fn order_status(out: &mut Vec<u8>, market: &Market, place: usize, standing: &Standing) {
    let order = &market.venue.orders[place];
    let last = standing.last.map(|execution| &market.venue.executions[execution]);
    let message = OrderStatus {
        order_id: Some(order.ticket.key.id),
        status: Some(status_text(standing.status).to_owned()),
        filled: Some(standing.filled.to_string()),
        remaining: Some((standing.quantity - standing.filled).to_string()),
        average_price: Some(last.map_or(0.0, |last| average(last.average))),
        perm_id: Some(order.perm_id),
        parent_id: Some(order.ticket.parent),
        last_price: Some(last.map_or(0.0, |last| double(last.price))),
        client_id: Some(order.ticket.key.client),
        why_held: Some(why_held(standing).to_owned()),
        market_cap_price: Some(0.0),
    };
    push(out, told::ORDER_STATUS, &message);
}

/// An average price on the wire: exact where it has few decimals.
fn average(price: Decimal) -> f64 {
    double(price.round_dp(AVERAGE_DECIMALS))
}

fn why_held(standing: &Standing) -> &'static str {
    match (standing.status, standing.waits) {
        (Status::PreSubmitted, Waits::ForParent) => "child",
        (Status::PreSubmitted, Waits::ForTrigger) => "trigger",
        _ => "",
    }
}

/// The order as its owner wrote it, with the ids it was given and what has become of it.
pub(super) fn order_message(market: &Market, order: &Order, standing: &Standing) -> wire_messages::Order {
    let ticket = &order.ticket;
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut message = wire_messages::Order {
        client_id: Some(ticket.key.client),
        order_id: Some(ticket.key.id),
        perm_id: Some(order.perm_id),
        parent_id: Some(ticket.parent),
        action: Some(action(ticket.side).to_owned()),
        quantity: Some(standing.quantity.to_string()),
        limit_price: Some(0.0),
        aux_price: Some(0.0),
        account: Some(market.account.clone()),
        outside_rth: Some(ticket.reach == Reach::AnyHour),
        oca_group: some(&ticket.oca_group),
        order_ref: some(&ticket.order_ref),
        oca_type: Some(ticket.oca_type),
        trigger_method: Some(ticket.trigger_method),
        transmit: Some(order.state != State::Held),
        filled_quantity: Some(standing.filled.to_string()),
        parent_perm_id: order.parent.map(|parent| market.venue.orders[parent].perm_id),
        ..wire_messages::Order::default()
    };
    tell_kind(&mut message, ticket.kind, standing.trail_stop);
    let tif = match ticket.life {
        Life::Day => "DAY",
        Life::UntilCancelled => "GTC",
        Life::Until(end) => {
            message.good_till_date = Some(clock::stamp(end));
            "GTD"
        }
    };
    message.tif = Some(tif.to_owned());
    message
}

/// What an order waits for, in the fields its client wrote it in.
fn tell_kind(message: &mut wire_messages::Order, kind: Kind, trail_stop: Option<Decimal>) {
    let name = match kind {
        Kind::Market => "MKT",
        Kind::Limit(limit) => {
            message.limit_price = Some(double(limit));
            "LMT"
        }
        Kind::Stop(stop) => {
            message.aux_price = Some(double(stop));
            "STP"
        }
        Kind::StopLimit { stop, limit } => {
            message.limit_price = Some(double(limit));
            message.aux_price = Some(double(stop));
            "STP LMT"
        }
        Kind::Trail { by, start } => {
            match by {
                Distance::Amount(amount) => message.aux_price = Some(double(amount)),
                Distance::Percent(percent) => {
                    message.aux_price = None;
                    message.trailing_percent = Some(double(percent));
                }
            }
            message.trail_stop_price = trail_stop.or(start).map(double);
            "TRAIL"
        }
    };
    message.order_type = Some(name.to_owned());
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
        shares: Some(execution.shares.to_string()),
        price: Some(double(execution.price)),
        perm_id: Some(order.perm_id),
        client_id: Some(ticket.key.client),
        is_liquidation: Some(false),
        cumulative: Some(execution.cumulative.to_string()),
        average_price: Some(average(execution.average)),
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
    let standing = market.venue.standing(place);
    let mut message = order_message(market, order, &standing);
    message.quantity = Some(order.remaining().to_string());
    let text = match order.state {
        State::Cancelled(Reason::Expired) => "Expired".to_owned(),
        State::Inactive(why) => format!("Order rejected - reason:{}", rejection(why)),
        State::Cancelled(_) => "Cancelled by Trader".to_owned(),
        _ => format!("Filled Size: {}", order.filled),
    };
    let state = OrderState {
        status: Some(status_text(standing.status).to_owned()),
        completed_time: order.ended.map(clock::stamp),
        completed_status: Some(text),
        ..OrderState::default()
    };
    let contract = Some(market.listings.contract(order.ticket.symbol));
    let message = wire_messages::CompletedOrder { contract, order: Some(message), state: Some(state) };
    push(out, told::COMPLETED_ORDER, &message);
}

/// Five seconds of a symbol. Bars of quotes have neither shares nor trades: those are told as -1.
pub(super) fn real_time_bar(out: &mut Vec<u8>, req_id: i32, bar: &Bar, show: Show) {
    let (volume, wap, count) = match show {
        Show::Trades => {
            let count = i32::try_from(bar.count).unwrap_or(i32::MAX);
            (bar.volume.to_string(), bar.average().to_string(), count)
        }
        _ => ("-1".to_owned(), "-1".to_owned(), -1),
    };
    let message = RealTimeBar {
        req_id: Some(req_id),
        time: Some(bar.start),
        open: Some(double(bar.open)),
        high: Some(double(bar.high)),
        low: Some(double(bar.low)),
        close: Some(double(bar.close)),
        volume: Some(volume),
        wap: Some(wap),
        count: Some(count),
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
        Status::PendingCancel => "PendingCancel",
        Status::Inactive => "Inactive",
    }
}
