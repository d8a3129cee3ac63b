//! Orders entered by hand: how they come, how client 0 makes them its own, and positions from elsewhere.

use rust_decimal::Decimal;

use crate::gateway::exchange::{Exchange, Wants};
use crate::gateway::manual::ManualOrder;
use crate::gateway::messages::{AutoOpenOrders, Contract, PlaceOrder};
use crate::gateway::telling::{self, NO_REQUEST};
use crate::gateway::ticket::{self, PRICE_MAX, QUANTITY_MAX};
use crate::gateway::venue::{BINDING_CLIENT, Refusal};

impl Exchange {
    /// Takes an order entered by hand; answers its permanent id. Where client 0 wants those, it is bound at once.
    pub(in crate::gateway) fn place_manual(&mut self, order: &ManualOrder) -> Result<i64, Refusal> {
        self.enter_by_hand(&order.request())
    }

    /// The same, for an order as a client would write it.
    pub(in crate::gateway) fn enter_by_hand(&mut self, order: &PlaceOrder) -> Result<i64, Refusal> {
        let ticket = ticket::read(BINDING_CLIENT, order, &self.market.listings, &self.market.account)?;
        let moment = self.market.moment();
        let place = self.market.venue.place_manual(ticket, &moment, &mut self.facts);
        let binding = self.clients.get(&BINDING_CLIENT).map(|client| client.manual_orders);
        if binding == Some(Wants::Updates) {
            self.market.venue.bind(place);
        }
        self.tell_facts();
        let Exchange { market, clients, .. } = self;
        if let (Some(Wants::Updates), Some(client)) = (binding, clients.get_mut(&BINDING_CLIENT)) {
            telling::order_bound(&mut client.out, market, place);
            client.wake.notify_one();
        }
        Ok(market.venue.orders[place].perm_id)
    }

    /// Cancels an order entered by hand.
    pub(in crate::gateway) fn cancel_manual(&mut self, perm_id: i64) -> Result<(), Refusal> {
        let now = self.market.now;
        self.market.venue.cancel_manual(perm_id, now, &mut self.facts)?;
        self.tell_facts();
        Ok(())
    }

    /// Makes the account hold so many shares at an average cost, and tells everyone who wants to know.
    pub(in crate::gateway) fn hold_position(
        &mut self,
        symbol: &str,
        quantity: i64,
        cost: Decimal,
    ) -> Result<(), Refusal> {
        let contract = Contract { symbol: Some(symbol.to_owned()), ..Contract::default() };
        let place = self.market.listings.find(Some(&contract))?;
        let is_price = Decimal::ZERO < cost && cost <= Decimal::from(PRICE_MAX);
        if quantity.abs() > QUANTITY_MAX || !is_price {
            return Err(Refusal::new(321, format!("{quantity} shares at {cost} cannot be held")));
        }
        let holding = &mut self.market.venue.account.holdings[place];
        holding.quantity = quantity;
        holding.cost = Decimal::from(quantity) * cost;
        // Before the first bar there is no other price to value it at.
        holding.mark = holding.mark.or(Some(cost));
        self.tell_account(&[place]);
        for client in self.clients.values() {
            client.wake.notify_one();
        }
        Ok(())
    }

    /// Whether client 0 wants the orders that will be entered by hand. No other client may.
    pub(super) fn auto_open_orders(&mut self, client: i32, request: &AutoOpenOrders) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        if client != BINDING_CLIENT {
            let text = "Error validating request.-'bC' : cause - Only the default client (i.e 0) can auto bind orders";
            return telling::error(&mut own.out, market.now, NO_REQUEST, 321, text);
        }
        own.manual_orders = if request.bind == Some(true) { Wants::Updates } else { Wants::Nothing };
    }
}
