//! What the market's state looks like on the wire.

use rust_decimal::Decimal;

use super::account::Worth;
use super::bars::Bar;
use super::clock;
use super::contract::CURRENCY;
use super::market::Market;
use super::messages as wire_messages;
use super::messages::{
    CommissionReport, ErrorMessage, OpenOrder, OrderState, OrderStatus, RealTimeBar, told,
};
use super::venue::{
    Distance, Fact, Kind, Life, Note, Order, Reach, Reason, Rejection, Side, Standing, State, Status, Waits,
};
use super::wire::{double, push};

/// The id of a notice that is about no request.
pub(super) const NO_REQUEST: i32 = -1;
/// The decimals of an average price.
const AVERAGE_DECIMALS: u32 = 8;
/// The longest text of an error.
const ERROR_CHARS_MAX: usize = 2_000;

/// An error, a warning or a notice. Its time is market time.
pub(super) fn error(out: &mut Vec<u8>, now: i64, id: i32, code: i32, text: &str) {
    // A refusal may quote its request, which may be long.
    let text = Some(text.chars().take(ERROR_CHARS_MAX).collect());
    let message = ErrorMessage { id: Some(id), time: Some(now * 1_000), code: Some(code), text };
    push(out, told::ERROR, &message);
}

/// One fact about an order, for its owner.
pub(super) fn fact(out: &mut Vec<u8>, market: &Market, fact: &Fact) {
    let mut tell = |place: usize, standing: &Standing| {
        open_order(out, market, place, standing);
        order_status(out, market, place, standing);
    };
    match *fact {
        Fact::Stands(place, standing) => tell(place, &standing),
        Fact::Filled(execution) => {
            self::execution(out, market, execution, NO_REQUEST);
            let standing = standing_after(market, execution);
            let place = market.venue.executions[execution].order;
            open_order(out, market, place, &standing);
            order_status(out, market, place, &standing);
            commission(out, market, execution);
        }
        Fact::Cancelled(place, reason) => {
            tell(place, &market.venue.standing(place));
            let text = format!("Order Canceled - reason:{}", reason_text(reason));
            error(out, market.now, market.venue.orders[place].ticket.key.id, 202, &text);
        }
        Fact::Rejected(place, rejection) => {
            tell(place, &market.venue.standing(place));
            if rejection == Rejection::OnDemand {
                return;
            }
            error(out, market.now, market.venue.orders[place].ticket.key.id, 201, &rejection_text(rejection));
        }
        Fact::Noted(place, note) => {
            let (code, text) = note_text(market, place, note);
            error(out, market.now, market.venue.orders[place].ticket.key.id, code, &text);
        }
    }
}

/// How an order stood right after one of its executions.
fn standing_after(market: &Market, execution: usize) -> Standing {
    let told = &market.venue.executions[execution];
    Standing {
        status: if told.remaining == 0 { Status::Filled } else { Status::Submitted },
        quantity: told.cumulative + told.remaining,
        filled: told.cumulative,
        last: Some(execution),
        ..market.venue.standing(told.order)
    }
}

fn rejection_text(rejection: Rejection) -> String {
    let why = match rejection {
        Rejection::Margin { needs, has } => format!(
            "YOUR ORDER IS NOT ACCEPTED. It would bind {needs:.2} {CURRENCY} of margin, and the account has \
             {has:.2} {CURRENCY} available."
        ),
        Rejection::OnDemand => String::new(),
        Rejection::GroupFilled => "the OCA group has already filled".to_owned(),
    };
    format!("Order rejected - reason:{why}")
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
        State::Inactive(rejection) => rejection_text(rejection),
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

/// What is held of one symbol, also when it is nothing any more.
pub(super) fn position(out: &mut Vec<u8>, market: &Market, symbol: usize) {
    let holding = &market.venue.account.holdings[symbol];
    let message = wire_messages::Position {
        account: Some(market.account.clone()),
        contract: Some(market.listings.contract(symbol)),
        position: Some(holding.quantity.to_string()),
        average_cost: Some(double(holding.average_cost().round_dp(6))),
    };
    push(out, told::POSITION, &message);
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

/// The rows of the account that can be asked for: tag, value, currency.
pub(super) fn account_row(tag: &str, worth: &Worth) -> Option<(String, &'static str)> {
    let value = match tag {
        "AccountType" => return Some(("INDIVIDUAL".to_owned(), "")),
        "NetLiquidation" | "EquityWithLoanValue" => worth.net_liquidation,
        "TotalCashValue" | "SettledCash" => worth.cash,
        "AccruedCash" => Decimal::ZERO,
        "BuyingPower" => worth.buying_power(),
        "GrossPositionValue" => worth.gross,
        "InitMarginReq" | "FullInitMarginReq" | "LookAheadInitMarginReq" => worth.margin(),
        "MaintMarginReq" | "FullMaintMarginReq" | "LookAheadMaintMarginReq" => worth.margin(),
        "AvailableFunds" | "FullAvailableFunds" | "LookAheadAvailableFunds" => worth.free(),
        "ExcessLiquidity" | "FullExcessLiquidity" | "LookAheadExcessLiquidity" => worth.free(),
        _ => return None,
    };
    Some((format!("{:.2}", value.round_dp(2)), CURRENCY))
}

/// Whether there is such a row of the account.
pub(super) fn has_account_row(tag: &str) -> bool {
    account_row(tag, &Worth::default()).is_some()
}

/// The tags that [`account_row`] knows and that "all" means.
pub(super) const ACCOUNT_TAGS: [&str; 16] = [
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
];

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
