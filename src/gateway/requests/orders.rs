//! Requests about orders and their fills.

use rust_decimal::Decimal;

use super::refuse;
use crate::gateway::account::{self, Account};
use crate::gateway::contract::CURRENCY;
use crate::gateway::exchange::Exchange;
use crate::gateway::listing::Listing;
use crate::gateway::messages::{
    CancelOrder, ExecutionRequest, OpenOrder, Order, OrderState, PlaceOrder, told,
};
use crate::gateway::ticket;
use crate::gateway::venue::{Key, Refusal, Ticket};
use crate::gateway::wire::{double, push};

impl Exchange {
    pub(super) fn place_order(&mut self, client: i32, request: &PlaceOrder) {
        let what_if = request.order.as_ref().is_some_and(|order| order.what_if == Some(true));
        let ticket = ticket::read(client, request, &self.market.listings, &self.market.account);
        let done = ticket.and_then(|ticket| {
            if what_if {
                return self.preview(client, request.order.as_ref(), &ticket);
            }
            let moment = self.market.moment();
            self.market.venue.place(ticket, &moment, &mut self.facts)
        });
        if let Err(refusal) = done {
            let now = self.market.now;
            if let Some(own) = self.clients.get_mut(&client) {
                refuse(&mut own.out, now, request.order_id, &refusal);
            }
        }
        // A refusal can end the order it is about.
        self.tell_facts();
    }

    /// Answers what an order would bind and cost, and forgets it; its id is used up.
    fn preview(&mut self, client: i32, order: Option<&Order>, ticket: &Ticket) -> Result<(), Refusal> {
        self.market.venue.use_id(ticket.key)?;
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return Ok(()) };
        let message = OpenOrder {
            order_id: Some(ticket.key.id),
            contract: Some(market.listings.contract(ticket.symbol)),
            order: order.map(|order| Order {
                client_id: Some(client),
                order_id: Some(ticket.key.id),
                account: Some(market.account.clone()),
                transmit: Some(true),
                ..order.clone()
            }),
            state: Some(preview(&market.venue.account, ticket)),
        };
        push(&mut own.out, told::OPEN_ORDER, &message);
        Ok(())
    }

    pub(super) fn cancel_order(&mut self, client: i32, request: &CancelOrder) {
        let key = Key { client, id: request.order_id.unwrap_or(0) };
        let now = self.market.now;
        match self.market.venue.cancel(key, now, &mut self.facts) {
            Ok(()) => drop(self.tell_facts()),
            Err(refusal) => {
                if let Some(own) = self.clients.get_mut(&client) {
                    refuse(&mut own.out, now, Some(key.id), &refusal);
                }
            }
        }
    }

    /// Cancels every order of every client.
    pub(super) fn cancel_all(&mut self) {
        let now = self.market.now;
        self.market.venue.cancel_all(now, &mut self.facts);
        self.tell_facts();
    }

    /// The orders that live: of one client, or of all.
    pub(super) fn open_orders(&mut self, client: i32, of: Option<i32>) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        own.list(market, Listing::open_orders(market, of));
    }

    pub(super) fn completed_orders(&mut self, client: i32) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        own.list(market, Listing::completed_orders(market));
    }

    pub(super) fn executions(&mut self, client: i32, request: &ExecutionRequest) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        let filter = request.filter.clone().unwrap_or_default();
        own.list(market, Listing::executions(market, request.req_id, filter));
    }
}

/// The account before and after an order that would fill at its own price, or at the last price.
fn preview(account: &Account, ticket: &Ticket) -> OrderState {
    let holding = account.holdings[ticket.symbol];
    let price = ticket.kind.reference(holding.mark).unwrap_or_default();
    let commission = account::commission(ticket.quantity, price);
    let before = account.worth();
    let quantity = holding.quantity + ticket.side.signed(ticket.quantity);
    let change = (Decimal::from(quantity) * price).abs() - holding.value().abs();
    let margin = change / Decimal::from(4);
    let wire = |value: Decimal| Some(double(value.round_dp(2)));
    OrderState {
        status: Some("PreSubmitted".to_owned()),
        init_margin_before: wire(before.margin()),
        maint_margin_before: wire(before.margin()),
        equity_before: wire(before.net_liquidation),
        init_margin_change: wire(margin),
        maint_margin_change: wire(margin),
        equity_change: wire(-commission),
        init_margin_after: wire(before.margin() + margin),
        maint_margin_after: wire(before.margin() + margin),
        equity_after: wire(before.net_liquidation - commission),
        commission: wire(commission),
        commission_currency: Some(CURRENCY.to_owned()),
        margin_currency: Some(CURRENCY.to_owned()),
        ..OrderState::default()
    }
}
