//! Requests about orders: who may change which, and who is told of which.

use super::refuse;
use crate::gateway::exchange::Exchange;
use crate::gateway::listing::Listing;
use crate::gateway::messages::{CancelOrder, CompletedOrdersRequest, PlaceOrder, PlaceOrderTerms};
use crate::gateway::ticket;
use crate::gateway::venue::{BINDING_CLIENT, Fact, Key, Refusal, Ticket};

impl Exchange {
    pub(super) fn place_order(&mut self, client: i32, request: &PlaceOrder, terms: &PlaceOrderTerms) {
        let what_if = request.order.as_ref().is_some_and(|order| order.what_if == Some(true));
        let ticket = ticket::without(terms)
            .and_then(|()| ticket::read(client, request, &self.market.listings, &self.market.account));
        let done = ticket.and_then(|ticket| {
            if what_if {
                return self.preview(client, request.order.as_ref(), &ticket);
            }
            self.place_or_change(ticket)
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

    /// Places an order, or changes the one that has its id. IBKR acknowledges a change twice.
    fn place_or_change(&mut self, ticket: Ticket) -> Result<(), Refusal> {
        let moment = self.market.moment();
        let changed = self.market.venue.place_of(ticket.key);
        self.market.venue.place(ticket, &moment, &mut self.facts)?;
        if let Some(changed) = changed {
            let stands = |fact: &&Fact| matches!(fact, Fact::Stands(place, _) if *place == changed);
            let again = self.facts.iter().rev().find(stands).cloned();
            self.facts.extend(again);
        }
        Ok(())
    }

    /// Cancels an order of the client's own. To whoever asks for another's, it does not exist.
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

    /// Cancels every order of every client, and those entered by hand.
    pub(super) fn cancel_all(&mut self) {
        let now = self.market.now;
        self.market.venue.cancel_all(now, &mut self.facts);
        self.tell_facts();
    }

    /// The client's own orders that live. Client 0 makes those entered by hand its own with it.
    pub(super) fn open_orders(&mut self, client: i32) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        let unbound = if client == BINDING_CLIENT { market.venue.unbound() } else { Vec::new() };
        for place in &unbound {
            market.venue.bind(*place);
        }
        own.list(market, Listing::own_orders(market, client, unbound));
    }

    /// Everybody's orders that live, each with its owner's ids.
    pub(super) fn all_open_orders(&mut self, client: i32) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        own.list(market, Listing::all_orders(market));
    }

    /// Everybody's orders that have ended; those entered by hand unless only clients' orders are wanted.
    pub(super) fn completed_orders(&mut self, client: i32, request: &CompletedOrdersRequest) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        own.list(market, Listing::completed_orders(market, request.api_only == Some(true)));
    }
}
