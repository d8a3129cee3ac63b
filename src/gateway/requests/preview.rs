//! What-if: what an order would bind and cost. Nothing of it lives, whatever it says about being transmitted.

use rust_decimal::Decimal;

use crate::gateway::account;
use crate::gateway::contract::CURRENCY;
use crate::gateway::exchange::Exchange;
use crate::gateway::messages::{OpenOrder, Order, OrderState, told};
use crate::gateway::telling;
use crate::gateway::venue::{Refusal, State, Ticket, Venue};
use crate::gateway::wire::{double, push};

impl Exchange {
    /// Answers what an order would bind and cost, and forgets it. A new order's id is used up; a living order that is
    /// asked about by its own id stays as it is.
    pub(super) fn preview(
        &mut self,
        client: i32,
        order: Option<&Order>,
        ticket: &Ticket,
    ) -> Result<(), Refusal> {
        match self.market.venue.place_of(ticket.key) {
            None => self.market.venue.use_id(ticket.key)?,
            Some(place) => {
                let living = &self.market.venue.orders[place];
                match living.state {
                    State::Filled(_) => return Err(Refusal::new(104, "Cannot modify a filled order.")),
                    State::Cancelled(_) | State::Inactive(_) => {
                        return Err(Refusal::new(103, "Duplicate order id"));
                    }
                    State::Held | State::Waiting | State::Working => {}
                }
                if (ticket.symbol, ticket.side) != (living.ticket.symbol, living.ticket.side) {
                    return Err(Refusal::new(105, "Order being modified does not match original order"));
                }
            }
        }
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
            state: Some(state(&market.venue, ticket)),
        };
        push(&mut own.out, told::OPEN_ORDER, &message);
        Ok(())
    }
}

/// The account before and after an order that would fill at its own price, or at the last price. Its commission is
/// known to the cent, so there is no least and no most.
fn state(venue: &Venue, ticket: &Ticket) -> OrderState {
    let account = &venue.account;
    let price = ticket.kind.reference(account.holdings[ticket.symbol].mark).unwrap_or_default();
    let commission = account::commission(ticket.quantity, price);
    let before = account.worth();
    let change = account.margin_change(ticket, price);
    let (margin, equity) = (before.margin() + change, before.net_liquidation - commission);
    let wire = |value: Decimal| Some(double(value.round_dp(2)));
    OrderState {
        status: Some("PreSubmitted".to_owned()),
        init_margin_before: wire(before.margin()),
        maint_margin_before: wire(before.margin()),
        equity_before: wire(before.net_liquidation),
        init_margin_change: wire(change),
        maint_margin_change: wire(change),
        equity_change: wire(-commission),
        init_margin_after: wire(margin),
        maint_margin_after: wire(margin),
        equity_after: wire(equity),
        commission: wire(commission),
        commission_currency: Some(CURRENCY.to_owned()),
        margin_currency: Some(CURRENCY.to_owned()),
        warning_text: venue.lack_of_margin(ticket).map(telling::rejection),
        ..OrderState::default()
    }
}
