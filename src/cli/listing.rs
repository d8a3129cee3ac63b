//! `prusik orders` and `prusik trades`: what the journal remembers, folded into a book, running or not.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::Serialize;

use super::amount::{exact, short};
use super::args::ListArgs;
use super::code::{Code, Fail};
use super::home::Home;
use super::journal;
use super::out::{self, Table};
use crate::domain::book::{Book, OrderRecord};
use crate::domain::event::{Event, Recorded, Trade};
use crate::domain::ids::OrderRef;
use crate::domain::money::{Price, cents};
use crate::domain::order::{OrderKind, Ticket};
use crate::domain::trade;
use crate::tracker::{JournalError, Reader};

/// What simulated and paper accounts begin with.
const PAPER: char = 'D';

#[derive(Debug, Serialize)]
struct Orders {
    orders: Vec<OrderRow>,
}

/// An order in JSON.
#[derive(Debug, Serialize)]
struct OrderRow {
    order_ref: String,
    order_id: Option<i32>,
    perm_id: Option<i64>,
    plan_id: String,
    leg: &'static str,
    side: &'static str,
    order_type: &'static str,
    quantity: String,
    limit_price: Option<String>,
    stop_price: Option<String>,
    status: &'static str,
    filled_quantity: String,
    average_fill_price: Option<String>,
    submitted_at: String,
    updated_at: String,
}

#[derive(Debug, Serialize)]
struct Trades {
    trades: Vec<TradeRow>,
}

/// A trade in JSON.
#[derive(Debug, Serialize)]
struct TradeRow {
    plan_id: String,
    symbol: String,
    side: &'static str,
    quantity: String,
    entry_price: String,
    entry_time: String,
    exit_price: String,
    exit_time: String,
    exit_reason: &'static str,
    pnl: String,
    fees: String,
    r_multiple: Option<String>,
    simulated: bool,
}

/// Lists the orders, in the order in which they were planned.
pub(super) fn orders(home: &Home, args: &ListArgs) -> Result<Code, Fail> {
    let Memory { book, planned, simulated: _ } = remember(home)?;
    let orders: Vec<&OrderRecord> = planned.iter().filter_map(|reference| book.order(reference)).collect();
    if args.json {
        out::document(&Orders { orders: orders.into_iter().map(order_row).collect() })?;
    } else {
        out::answer(&order_table(&orders))?;
    }
    Ok(Code::Done)
}

/// Lists the closed trades, by the time of their exit.
pub(super) fn trades(home: &Home, args: &ListArgs) -> Result<Code, Fail> {
    let Memory { book, planned: _, simulated } = remember(home)?;
    let trades = trade::all(&book);
    if args.json {
        out::document(&Trades { trades: trades.iter().map(|trade| trade_row(trade, simulated)).collect() })?;
    } else {
        out::answer(&trade_table(&trades))?;
    }
    Ok(Code::Done)
}

/// What a journal remembers.
#[derive(Default)]
struct Memory {
    book: Book,
    /// Every order, in the order in which it was planned.
    planned: Vec<OrderRef>,
    simulated: bool,
}

impl Memory {
    fn take(&mut self, recorded: &Recorded, seen: &mut BTreeSet<OrderRef>) {
        self.book.apply(recorded);
        let mut plan = |ticket: &Ticket| {
            if seen.insert(ticket.reference.clone()) {
                self.planned.push(ticket.reference.clone());
            }
        };
        match &recorded.event {
            Event::EntryPlanned { bracket, .. } => {
                plan(&bracket.entry);
                plan(&bracket.stop);
                bracket.target.iter().for_each(plan);
            }
            Event::OrderPlanned { ticket, .. } => plan(ticket),
            _ => {}
        }
    }
}

fn remember(home: &Home) -> Result<Memory, Fail> {
    let path = journal::path(home)?;
    let mut memory = Memory::default();
    let reader = match Reader::open(&path) {
        Ok(reader) => reader,
        Err(JournalError::Absent { path }) => {
            out::remark(&format!(
                "note: there is no journal at {} yet; `prusik run` begins one",
                path.display()
            ));
            return Ok(memory);
        }
        Err(error) => return Err(journal::refused(&error)),
    };
    memory.simulated = reader.meta().account.starts_with(PAPER);
    let mut seen = BTreeSet::new();
    reader.fold(|recorded| memory.take(&recorded, &mut seen)).map_err(|error| journal::refused(&error))?;
    Ok(memory)
}

fn order_row(order: &OrderRecord) -> OrderRow {
    let Ticket { reference, plan, leg, side, qty, kind, .. } = &order.ticket;
    let (limit_price, stop_price) = match kind {
        OrderKind::Market => (None, None),
        OrderKind::Limit(price) => (Some(price.to_string()), None),
        OrderKind::Stop(price) => (None, Some(price.to_string())),
    };
    OrderRow {
        order_ref: reference.to_string(),
        order_id: order.id.map(|id| id.0),
        perm_id: order.perm.map(|perm| perm.0),
        plan_id: plan.to_string(),
        leg: leg.word(),
        side: side.word(),
        order_type: kind.word(),
        quantity: qty.to_string(),
        limit_price,
        stop_price,
        status: order.state.word(),
        filled_quantity: order.filled.to_string(),
        average_fill_price: order.average_price().map(exact),
        submitted_at: order.planned_at.to_string(),
        updated_at: order.updated_at.to_string(),
    }
}

fn order_table(orders: &[&OrderRecord]) -> String {
    const TITLES: [&str; 11] = [
        "SUBMITTED",
        "PLAN",
        "LEG",
        "SIDE",
        "TYPE",
        "QUANTITY",
        "PRICE",
        "STATUS",
        "FILLED",
        "AVERAGE",
        "ORDER",
    ];
    if orders.is_empty() {
        return "no orders".into();
    }
    let mut table = Table::new(TITLES, &["SUBMITTED", "PLAN", "LEG", "SIDE", "TYPE", "STATUS"]);
    for order in orders {
        let Ticket { plan, leg, side, qty, kind, .. } = &order.ticket;
        let price: Option<Price> = match kind {
            OrderKind::Market => None,
            OrderKind::Limit(price) | OrderKind::Stop(price) => Some(*price),
        };
        table.row([
            order.planned_at.to_string(),
            plan.to_string(),
            leg.word().into(),
            side.word().into(),
            kind.word().into(),
            qty.to_string(),
            or_dash(price),
            order.state.word().into(),
            order.filled.to_string(),
            or_dash(order.average_price().map(short)),
            or_dash(order.id.map(|id| id.0)),
        ]);
    }
    table.to_string()
}

fn trade_row(trade: &Trade, simulated: bool) -> TradeRow {
    TradeRow {
        plan_id: trade.plan.to_string(),
        symbol: trade.symbol.to_string(),
        side: trade.direction.word(),
        quantity: trade.qty.to_string(),
        entry_price: exact(trade.entry_price),
        entry_time: trade.entry_time.to_string(),
        exit_price: exact(trade.exit_price),
        exit_time: trade.exit_time.to_string(),
        exit_reason: trade.exit_reason.word(),
        pnl: exact(trade.pnl.decimal()),
        fees: exact(trade.fees.decimal()),
        r_multiple: trade.r_multiple.map(r),
        simulated,
    }
}

/// Trades as people read them; also the summary of a run.
pub(super) fn trade_table(trades: &[Trade]) -> String {
    const TITLES: [&str; 12] = [
        "PLAN", "SYMBOL", "SIDE", "QUANTITY", "ENTRY", "ENTERED", "EXIT", "EXITED", "BY", "P&L", "FEES", "R",
    ];
    if trades.is_empty() {
        return "no trades".into();
    }
    let mut table = Table::new(TITLES, &["PLAN", "SYMBOL", "SIDE", "ENTERED", "EXITED", "BY"]);
    for trade in trades {
        table.row([
            trade.plan.to_string(),
            trade.symbol.to_string(),
            trade.direction.word().into(),
            trade.qty.to_string(),
            short(trade.entry_price),
            trade.entry_time.to_string(),
            short(trade.exit_price),
            trade.exit_time.to_string(),
            trade.exit_reason.word().into(),
            trade.pnl.to_string(),
            trade.fees.to_string(),
            or_dash(trade.r_multiple.map(r)),
        ]);
    }
    table.to_string()
}

fn r(multiple: Decimal) -> String {
    cents(multiple).to_string()
}

fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
