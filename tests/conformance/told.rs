//! What ibapi decodes, in the very words in which `lines.py` tells what IBKR's Python client decodes: the two are then
//! compared as text.

use std::collections::HashMap;

use ibapi::accounts::PositionUpdate;
use ibapi::orders::{
    Action, CommissionReport, ExecutionData, ExecutionSide, Executions, Liquidity, OcaType, Order, OrderData,
    OrderState, OrderStatus, OrderUpdate, Orders,
};
use ibapi::prelude::{Notice, SubscriptionItem};

/// The permanent and execution ids by the names of their first appearance.
#[derive(Default)]
pub(crate) struct Names {
    permanent: HashMap<i64, usize>,
    executions: HashMap<String, usize>,
}

impl Names {
    fn permanent(&mut self, id: i64) -> String {
        if id == 0 {
            return "0".to_owned();
        }
        let next = self.permanent.len() + 1;
        format!("P{}", self.permanent.entry(id).or_insert(next))
    }

    fn execution(&mut self, id: &str) -> String {
        let next = self.executions.len() + 1;
        format!("X{}", self.executions.entry(id.to_owned()).or_insert(next))
    }

    /// An item of the stream of one's own orders.
    pub(crate) fn update(&mut self, item: SubscriptionItem<OrderUpdate>) -> String {
        match item {
            SubscriptionItem::Notice(notice) => error(&notice),
            SubscriptionItem::Data(OrderUpdate::OpenOrder(data)) => self.open(&data),
            SubscriptionItem::Data(OrderUpdate::OrderStatus(status)) => self.status(&status),
            SubscriptionItem::Data(OrderUpdate::ExecutionData(data)) => self.execution_row(&data),
            SubscriptionItem::Data(OrderUpdate::CommissionReport(report)) => self.commission(&report),
            SubscriptionItem::Data(OrderUpdate::OrderBound(bound)) => {
                let perm_id = self.permanent(bound.perm_id);
                format!("orderBound {perm_id} client {} order {}", bound.client_id, bound.order_id)
            }
        }
    }

    /// A row of the orders that are open.
    pub(crate) fn open_row(&mut self, row: &Orders) -> String {
        match row {
            Orders::OrderData(data) => self.open(data),
            Orders::OrderStatus(status) => self.status(status),
        }
    }

    /// A row of the orders that have ended.
    pub(crate) fn completed_row(&mut self, row: &Orders) -> String {
        match row {
            Orders::OrderData(data) => {
                let perm_id = self.permanent(data.order.perm_id);
                let words = words(&data.order, &data.contract.symbol, self);
                let (id, client) = (data.order.order_id, data.order.client_id);
                format!(
                    "completedOrder {id} client {client} {perm_id}: {words} -> {}",
                    state(&data.order_state)
                )
            }
            Orders::OrderStatus(status) => self.status(status),
        }
    }

    /// A row of the executions asked for.
    pub(crate) fn executions_row(&mut self, row: &Executions) -> String {
        match row {
            Executions::ExecutionData(data) => self.execution_row(data),
            Executions::CommissionReport(report) => self.commission(report),
        }
    }

    fn open(&mut self, data: &OrderData) -> String {
        let perm_id = self.permanent(data.order.perm_id);
        let words = words(&data.order, &data.contract.symbol, self);
        let (id, client) = (data.order_id, data.order.client_id);
        format!("openOrder {id} client {client} {perm_id}: {words} -> {}", state(&data.order_state))
    }

    fn status(&mut self, told: &OrderStatus) -> String {
        let (average, last) = (told.average_fill_price.unwrap_or(0.0), told.last_fill_price.unwrap_or(0.0));
        let fill = if average + last > 0.0 { format!(" at {average} last {last}") } else { String::new() };
        let up = if told.parent_id == 0 { String::new() } else { format!(" child of {}", told.parent_id) };
        let why = if told.why_held.is_empty() { String::new() } else { format!(" held {}", told.why_held) };
        let cap = match told.market_cap_price {
            Some(0.0) => String::new(),
            Some(price) => format!(" cap {price}"),
            None => " cap -".to_owned(),
        };
        let perm_id = self.permanent(told.perm_id);
        let (id, client) = (told.order_id, told.client_id);
        let (status, filled, remaining) = (told.status.as_str(), told.filled, told.remaining);
        format!(
            "orderStatus {id} client {client} {perm_id}: {status} {filled}/{remaining}{fill}{up}{why}{cap}"
        )
    }

    fn execution_row(&mut self, data: &ExecutionData) -> String {
        let told = &data.execution;
        let side = match told.side {
            ExecutionSide::Bought => "BOT",
            ExecutionSide::Sold => "SLD",
        };
        let liquidity = match told.last_liquidity {
            Liquidity::None => 0,
            Liquidity::AddedLiquidity => 1,
            Liquidity::RemovedLiquidity => 2,
            Liquidity::LiquidityRoutedOut => 3,
            Liquidity::Unknown(code) => code,
        };
        let (execution, perm_id) = (self.execution(&told.execution_id), self.permanent(told.perm_id));
        format!(
            "execDetails {}: {execution} order {} client {} {perm_id} {side} {} {} at {} {} {} cum {} avg {} ref '{}' \
             liquidity {liquidity} {}",
            data.request_id,
            told.order_id,
            told.client_id,
            told.shares,
            data.contract.symbol,
            told.price,
            told.time,
            told.exchange,
            told.cumulative_quantity,
            told.average_price,
            told.order_reference,
            told.account_number
        )
    }

    fn commission(&mut self, told: &CommissionReport) -> String {
        let execution = self.execution(&told.execution_id);
        let realized = told.realized_pnl.unwrap_or(0.0);
        format!("commission {execution}: {} {} realized {realized}", told.commission, told.currency)
    }
}

pub(crate) fn error(notice: &Notice) -> String {
    let text = notice.message.lines().collect::<Vec<_>>().join(" | ");
    format!("error {} {} {text}", notice.request_id.unwrap_or(-1), notice.code)
}

pub(crate) fn position(update: &PositionUpdate) -> String {
    match update {
        PositionUpdate::Position(row) => {
            let (symbol, held, cost) = (&row.contract.symbol, row.position, row.average_cost);
            format!("position {} {symbol} {held} cost {cost}", row.account)
        }
        PositionUpdate::PositionEnd => "positionEnd".to_owned(),
    }
}

fn words(order: &Order, symbol: &ibapi::contracts::Symbol, names: &mut Names) -> String {
    let action = match order.action {
        Action::Buy => "BUY",
        Action::Sell => "SELL",
        Action::SellShort => "SSHORT",
        Action::SellLong => "SLONG",
    };
    let mut text = format!("{action} {} {symbol} {}", order.total_quantity, order.order_type);
    for (word, price) in [("lmt", order.limit_price), ("aux", order.aux_price)] {
        if let Some(price) = price.filter(|price| *price != 0.0) {
            text.push_str(&format!(" {word} {price}"));
        }
    }
    text.push_str(&format!(" {}", order.tif.as_str()));
    if order.filled_quantity > 0.0 && order.filled_quantity < f64::MAX {
        text.push_str(&format!(" filled {}", order.filled_quantity));
    }
    if let Some(parent) = order.parent_perm_id.filter(|parent| *parent != 0) {
        text.push_str(&format!(" child of {}", names.permanent(parent)));
    }
    if !order.transmit {
        text.push_str(" not transmitted");
    }
    let mut others: Vec<(&str, String)> = Vec::new();
    let mut tell = |name, value: Option<String>| {
        if let Some(value) = value {
            others.push((name, value));
        }
    };
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    tell("goodTillDate", some(&order.good_till_date));
    tell("lmtPriceOffset", order.limit_price_offset.map(|price| price.to_string()));
    tell("ocaGroup", some(&order.oca_group));
    tell("ocaType", (order.oca_type != OcaType::None).then(|| i32::from(order.oca_type).to_string()));
    tell("orderRef", some(&order.order_ref));
    tell("outsideRth", order.outside_rth.then(|| "True".to_owned()));
    tell("parentId", (order.parent_id != 0).then(|| order.parent_id.to_string()));
    tell("trailStopPrice", order.trail_stop_price.map(|price| price.to_string()));
    tell("trailingPercent", order.trailing_percent.map(|percent| percent.to_string()));
    let trigger = i32::from(order.trigger_method);
    tell("triggerMethod", (trigger != 0).then(|| trigger.to_string()));
    tell("whatIf", order.what_if.then(|| "True".to_owned()));
    for (name, value) in others {
        text.push_str(&format!(" {name}={value}"));
    }
    text
}

fn state(state: &OrderState) -> String {
    let mut text = state.status.as_str().to_owned();
    for (name, value) in
        [("completedStatus", &state.completed_status), ("completedTime", &state.completed_time)]
    {
        if !value.is_empty() {
            text.push_str(&format!(" {name}={value}"));
        }
    }
    text
}
