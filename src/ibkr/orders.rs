//! Sends what was approved. What is not known to have left is [`Sent::Lost`], never "refused": only the broker can tell.

use ibapi::{Error, contracts};
use tracing::{debug, warn};

use super::line::link_error;
use super::session::Session;
use super::translate::{self, Placing};
use crate::domain::ids::{BrokerOrderId, OrderRef};
use crate::domain::market::Contract;
use crate::domain::order::{OrderKind, Ticket};
use crate::domain::risk::{Approved, Bracket, Change};

/// What became of an attempt to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// Handed to the socket under this number. No proof that it arrived: only a frame that names the order is.
    Sent(BrokerOrderId),
    /// It certainly did not leave.
    NotSent(String),
    /// It may or may not have left. Never send it again: ask the broker.
    Lost(String),
}

/// The order a child was given with, as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// Not finished: its number goes with every change of the child.
    Waiting(BrokerOrderId),
    /// Finished, or there never was one. To name it now would cost the child (IBKR answers 135).
    Done,
}

impl Session {
    /// Sends an entry with its protection, back to back: the gateway keeps the legs until the last one comes, so the
    /// entry can't be live without its stop. Where a leg fails, the ones before it are cancelled and the ones after
    /// it stay here.
    pub async fn submit(
        &mut self,
        bracket: &Approved<Bracket>,
        contract: &Contract,
    ) -> Vec<(OrderRef, Sent)> {
        let Bracket { entry, stop, target, .. } = bracket.get();
        let mut legs = vec![entry, stop];
        legs.extend(target.as_ref());
        let parent = self.next_order_id();
        let mut outcomes: Vec<(OrderRef, Sent)> = Vec::with_capacity(legs.len());
        let mut failed = false;
        for (at, ticket) in legs.iter().enumerate() {
            let sent = if failed {
                Sent::NotSent("an earlier leg of the bracket was not sent".to_owned())
            } else {
                let id = if at == 0 { parent } else { self.next_order_id() };
                let parent_id = if at == 0 { 0 } else { parent.0 };
                self.place(ticket, id, parent_id, at + 1 == legs.len(), contract).await
            };
            failed = failed || !matches!(sent, Sent::Sent(_));
            outcomes.push((ticket.reference.clone(), sent));
        }
        if failed && matches!(outcomes.first(), Some((_, Sent::Sent(_)))) {
            // The entry alone: its children end with it. Should the lost leg have arrived and the entry be filled, it
            // can't be cancelled any more, and its stop must not be.
            let cancelled = self.cancel(parent).await;
            warn!(order = parent.0, ?cancelled, "a bracket was not sent whole, its entry is cancelled");
        }
        outcomes
    }

    /// Sends a single exit: at market, or a protective stop. It belongs to its plan's one-cancels-all group.
    pub async fn submit_exit(&mut self, ticket: &Approved<Ticket>, contract: &Contract) -> Sent {
        let id = self.next_order_id();
        self.place(ticket.get(), id, 0, true, contract).await
    }

    /// Changes a resting order in place: the same order, number and name with another price and quantity. `original`
    /// is the ticket it was sent with.
    pub async fn amend(
        &mut self,
        change: &Approved<Change>,
        original: &Ticket,
        id: BrokerOrderId,
        parent: Parent,
        contract: &Contract,
    ) -> Sent {
        let Change { reference, to } = change.get();
        if *reference != original.reference {
            return Sent::NotSent(format!(
                "the change is for {reference}, the ticket is {}",
                original.reference
            ));
        }
        let kind = match original.kind {
            OrderKind::Market => {
                return Sent::NotSent("an order at market has no price to change".to_owned());
            }
            OrderKind::Limit(_) => OrderKind::Limit(to.price),
            OrderKind::Stop(_) => OrderKind::Stop(to.price),
        };
        // Everything else goes as it went: IBKR refuses a change that touches more (105).
        let ticket = Ticket { kind, qty: to.qty, ..original.clone() };
        let parent_id = match parent {
            Parent::Waiting(parent) => parent.0,
            Parent::Done => 0,
        };
        self.place(&ticket, id, parent_id, true, contract).await
    }

    /// Asks for an order's end. It may still fill; what became of it comes as a fact.
    pub async fn cancel(&mut self, id: BrokerOrderId) -> Sent {
        let line = self.line();
        if let Err(down) = line.is_up() {
            return Sent::NotSent(down.to_string());
        }
        debug!(order = id.0, "cancelling");
        let limit = self.settings().request_timeout;
        // Unpaced: a cancel is never kept waiting.
        match tokio::time::timeout(limit, line.client.cancel_order(id.0, "")).await {
            // Dropped at once: while it lives, it takes this order's executions away from a snapshot.
            Ok(Ok(subscription)) => {
                drop(subscription);
                Sent::Sent(id)
            }
            Ok(Err(error)) => self.unsent(error),
            Err(_) => Sent::Lost("the gateway takes nothing in".to_owned()),
        }
    }

    async fn place(
        &mut self,
        ticket: &Ticket,
        id: BrokerOrderId,
        parent_id: i32,
        transmit: bool,
        contract: &Contract,
    ) -> Sent {
        let line = self.line();
        if let Err(down) = line.is_up() {
            return Sent::NotSent(down.to_string());
        }
        let limit = self.settings().request_timeout;
        let order = translate::order(ticket, Placing { account: self.account(), parent_id, transmit });
        let contract: contracts::Contract = self.desk().wire_contract(contract);
        debug!(
            order = id.0, reference = %ticket.reference, symbol = %contract.symbol, side = ticket.side.word(),
            qty = %ticket.qty, kind = ?ticket.kind, parent_id, transmit, "sending"
        );
        line.turn().await;
        match tokio::time::timeout(limit, line.client.submit_order(id.0, &contract, &order)).await {
            Ok(Ok(())) => Sent::Sent(id),
            Ok(Err(error)) => self.unsent(error),
            Err(_) => Sent::Lost("the gateway takes nothing in".to_owned()),
        }
    }

    /// What ibapi checks before it writes did not leave; everything else may have.
    fn unsent(&self, error: Error) -> Sent {
        match error {
            Error::InvalidArgument(_) | Error::OrderIdInRequestRange { .. } | Error::ServerVersion(..) => {
                Sent::NotSent(error.to_string())
            }
            error => Sent::Lost(link_error(error, self.settings().request_timeout).to_string()),
        }
    }
}
