//! A position from its first fill to its last, as one row.

use rust_decimal::Decimal;

use super::book::{Book, PlanRecord};
use super::event::{ExitReason, Trade};
use super::ids::{Direction, Leg};
use super::money::{Cash, Qty, cents};

/// The trade of a plan whose position was opened and closed; `None` before.
///
/// pnl = (exit value − entry value, mirrored for a short) − fees; fees are those known so far.
pub fn of_plan(book: &Book, record: &PlanRecord) -> Option<Trade> {
    let position = book.position(record)?;
    if !position.qty.is_zero() {
        return None;
    }
    let (mut entry, mut exit) = (Filled::default(), Filled::default());
    let mut fees = Cash::ZERO;
    let (mut entry_time, mut exit_time, mut exit_reason) = (None, None, ExitReason::External);
    for (order, execution, charge) in book.fills(record) {
        fees += charge.unwrap_or(Cash::ZERO);
        let side = if order.ticket.leg == Leg::Entry { &mut entry } else { &mut exit };
        side.qty = side.qty + execution.qty;
        side.value += execution.price * execution.qty;
        if order.ticket.leg == Leg::Entry {
            entry_time = entry_time.or(Some(execution.at));
        } else {
            exit_time = Some(execution.at);
            exit_reason = reason(order.ticket.leg, order.why);
        }
    }
    if exit.qty > entry.qty {
        // More was closed than opened, and that was told as an alarm; the trade ends with its own shares.
        exit.value = Cash::new(exit.average()? * entry.qty.decimal());
        exit.qty = entry.qty;
    }
    let gross = match record.plan.direction {
        Direction::Long => exit.value - entry.value,
        Direction::Short => entry.value - exit.value,
    };
    let pnl = gross - fees;
    let initial_risk = record.initial_stop.map(|stop| (position.entry_price - stop).abs() * entry.qty);
    Some(Trade {
        plan: record.plan.id.clone(),
        symbol: record.plan.symbol.clone(),
        direction: record.plan.direction,
        qty: entry.qty,
        entry_price: entry.average()?,
        entry_time: entry_time?,
        exit_price: exit.average()?,
        exit_time: exit_time?,
        exit_reason,
        pnl,
        fees,
        r_multiple: initial_risk
            .filter(|risk| *risk > Cash::ZERO)
            .map(|risk| cents(pnl.decimal() / risk.decimal())),
    })
}

/// Every closed trade, by the time of its exit.
pub fn all(book: &Book) -> Vec<Trade> {
    let mut trades: Vec<Trade> = book.plans().filter_map(|record| of_plan(book, record)).collect();
    trades.sort_by(|a, b| (a.exit_time, &a.plan).cmp(&(b.exit_time, &b.plan)));
    trades
}

#[derive(Default)]
struct Filled {
    qty: Qty,
    value: Cash,
}

impl Filled {
    fn average(&self) -> Option<Decimal> {
        (!self.qty.is_zero()).then(|| self.value.decimal() / self.qty.decimal())
    }
}

fn reason(leg: Leg, why: Option<ExitReason>) -> ExitReason {
    match (leg, why) {
        // A stop that was placed anew is still a stop.
        (Leg::Stop, _) => ExitReason::Stop,
        (Leg::Target, _) => ExitReason::Target,
        (Leg::Exit | Leg::Entry, why) => why.unwrap_or(ExitReason::External),
    }
}
