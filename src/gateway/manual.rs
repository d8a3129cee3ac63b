//! What happens at the simulated broker without any client: orders entered by hand, positions from elsewhere.
//!
//! A trader's account is not the program's alone. Orders placed here are those somebody enters at the broker's own
//! screen: they have no order id and no client, they fill and move the account like any other, and only client 0 may
//! bind them.

use rust_decimal::Decimal;

use super::messages::{Contract, Order, PlaceOrder};
use super::server::Gateway;
use super::venue::Refusal;
use super::wire::double;
use crate::domain::ids::{PermId, Side};
use crate::domain::market::Hours;
use crate::domain::order::OrderKind;
use crate::domain::plan::Tif;

/// An order entered by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManualOrder {
    /// One of the symbols the gateway has bars of.
    pub symbol: String,
    /// Whether it buys or sells.
    pub side: Side,
    /// Shares, at least one.
    pub quantity: u32,
    /// Market, limit or stop, with its price.
    pub kind: OrderKind,
    /// How long it lives.
    pub tif: Tif,
    /// When it may act.
    pub hours: Hours,
}

impl ManualOrder {
    /// An order for the regular session that lives until it is cancelled.
    pub fn new(symbol: &str, side: Side, quantity: u32, kind: OrderKind) -> ManualOrder {
        ManualOrder { symbol: symbol.to_owned(), side, quantity, kind, tif: Tif::Gtc, hours: Hours::Regular }
    }

    /// The order as a client would write it, so that it is checked as every order is.
    pub(super) fn request(&self) -> PlaceOrder {
        let ManualOrder { symbol, side, quantity, kind, tif, hours } = self;
        let (limit, aux) = match kind {
            OrderKind::Market => (None, None),
            OrderKind::Limit(price) => (Some(double(price.decimal())), None),
            OrderKind::Stop(price) => (None, Some(double(price.decimal()))),
        };
        let order = Order {
            action: Some(if *side == Side::Buy { "BUY" } else { "SELL" }.to_owned()),
            quantity: Some(quantity.to_string()),
            order_type: Some(kind.word().to_owned()),
            limit_price: limit,
            aux_price: aux,
            tif: Some(if *tif == Tif::Day { "DAY" } else { "GTC" }.to_owned()),
            outside_rth: Some(*hours == Hours::Extended),
            transmit: Some(true),
            ..Order::default()
        };
        let contract = Contract { symbol: Some(symbol.clone()), ..Contract::default() };
        PlaceOrder { order_id: None, contract: Some(contract), order: Some(order) }
    }
}

/// Why something done by hand was refused: IBKR's code and its words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {text}")]
pub struct ManualRefused {
    /// IBKR's code, as a client would get it.
    pub code: i32,
    /// What is wrong.
    pub text: String,
}

impl From<Refusal> for ManualRefused {
    fn from(refusal: Refusal) -> ManualRefused {
        ManualRefused { code: refusal.code, text: refusal.text }
    }
}

impl Gateway {
    /// Enters an order by hand; it acts from the next instant. Answers its permanent id.
    ///
    /// # Errors
    /// What would be refused of a client too: an unknown symbol, no shares, a price off the tick.
    pub fn place_manual(&self, order: &ManualOrder) -> Result<PermId, ManualRefused> {
        Ok(PermId(self.hall().lock().place_manual(order)?))
    }

    /// Cancels an order that was entered by hand, bound or not.
    ///
    /// # Errors
    /// No such order lives.
    pub fn cancel_manual(&self, order: PermId) -> Result<(), ManualRefused> {
        Ok(self.hall().lock().cancel_manual(order.0)?)
    }

    /// Makes the account hold so many shares of a symbol, below zero for short, at this average cost in dollars a
    /// share, as if they had been moved in from elsewhere: whatever was held of it is replaced, cash stays as it is,
    /// and there is no execution.
    ///
    /// # Errors
    /// The symbol is unknown, the quantity is beyond a billion shares, or the cost is not a price.
    pub fn hold(&self, symbol: &str, quantity: i64, cost: Decimal) -> Result<(), ManualRefused> {
        Ok(self.hall().lock().hold_position(symbol, quantity, cost)?)
    }
}
