//! What the account is worth now.
//!
//! The broker tells its figures every few minutes; between two of them the value is moved by what we know: the
//! marks of our positions, and our own fills with their costs.

use std::collections::BTreeMap;

use super::super::broker::AccountRow;
use super::super::ids::{Side, Symbol};
use super::super::money::{Cash, Price, Qty};
use super::super::order::Execution;
use super::super::risk::Account;

/// The broker's figures, and what happened since they were told.
#[derive(Debug, Clone)]
pub(super) struct Valuation {
    row: AccountRow,
    /// Our shares by symbol, and their mark, when the figures were told.
    held: BTreeMap<Symbol, (i64, Price)>,
    fills: Vec<(Symbol, Side, Qty, Price)>,
    costs: Cash,
}

impl Valuation {
    pub(super) fn new(row: AccountRow, held: BTreeMap<Symbol, (i64, Price)>) -> Valuation {
        Valuation { row, held, fills: Vec::new(), costs: Cash::ZERO }
    }

    pub(super) fn currency(&self) -> &str {
        &self.row.currency
    }

    pub(super) fn filled(&mut self, symbol: &Symbol, execution: &Execution) {
        self.fills.push((symbol.clone(), execution.side, execution.qty, execution.price));
    }

    pub(super) fn charged(&mut self, amount: Cash) {
        self.costs += amount;
    }

    /// The account with every position marked at `marks`. Fills since the broker's last figures take from the buying
    /// power, or give back, as much as the value of the positions has grown or shrunk by them.
    pub(super) fn account(&self, marks: &BTreeMap<Symbol, Price>) -> Account {
        let mut value = self.row.net_liquidation - self.costs;
        let mut spent = Cash::ZERO;
        for (symbol, (shares, then)) in &self.held {
            if let Some(now) = marks.get(symbol) {
                value += signed((*now - *then) * Qty::new(shares.unsigned_abs()), *shares < 0);
            }
        }
        let mut held: BTreeMap<&Symbol, i64> =
            self.held.iter().map(|(symbol, (shares, _))| (symbol, *shares)).collect();
        for (symbol, side, qty, price) in &self.fills {
            let now = marks.get(symbol).copied().unwrap_or(*price);
            value += signed((now - *price) * *qty, *side == Side::Sell);
            let shares = i64::try_from(qty.shares()).unwrap_or(i64::MAX);
            let before = held.entry(symbol).or_default();
            let after = before.saturating_add(if *side == Side::Sell { -shares } else { shares });
            let grown = after.saturating_abs().saturating_sub(before.saturating_abs());
            spent += signed(*price * Qty::new(grown.unsigned_abs()), grown < 0);
            *before = after;
        }
        Account { value, buying_power: self.row.buying_power - spent }
    }
}

fn signed(amount: Cash, negative: bool) -> Cash {
    if negative { -amount } else { amount }
}
