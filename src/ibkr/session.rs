//! One connection and everything that arrives on it. One loop owns it.
//!
//! The loop needs a barrier, because bars and order events come in separate channels: [`Session::barrier`] makes a
//! round trip, after which everything the broker sent before it lies in ibapi's channels; [`Session::drain`] takes it
//! out. [`Session::done`] says that the instant is worked off, which a simulated gateway waits for.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use futures_util::FutureExt;
use ibapi::accounts::types::AccountGroup;
use ibapi::market_data::TradingHours;
use tokio::task::coop::unconstrained;
use tracing::{info, warn};

use super::connect::{self, Opened};
use super::desk::{Desk, HistorySpan};
use super::inbox::Inbox;
use super::line::Line;
use super::translate;
use super::{ConnectError, ContractError, Drained, LinkError, Settings, next_order_id};
use crate::domain::ids::{BrokerOrderId, Stamp, Symbol};
use crate::domain::market::{Bar, Contract};
use crate::domain::plan::ContractSpec;

/// A connection to a gateway.
pub struct Session {
    settings: Settings,
    line: Arc<Line>,
    desk: Desk,
    inbox: Inbox,
    account: String,
    simulated: bool,
    next_id: i32,
}

impl Session {
    /// Connects, listens to order events before anything else, learns the account and whether the gateway is the
    /// simulated one, and asks for the account's values. `order_id_floor` is the highest order number ever used: new
    /// ones lie above it, whatever the gateway offers.
    pub async fn connect(settings: &Settings, order_id_floor: i32) -> Result<Session, ConnectError> {
        let Opened { line, notices, orders, heard, account, simulated, next_order_id: offered, now } =
            connect::open(settings).await?;
        let line = Arc::new(line);
        let mut session = Session {
            desk: Desk::new(settings.clone(), &line),
            line,
            inbox: Inbox::new(settings.client_id, account.clone(), orders, notices, heard, now),
            settings: settings.clone(),
            account,
            simulated,
            next_id: next_order_id(offered, order_id_floor, 0).0,
        };
        session.subscribe_account().await;
        Ok(session)
    }

    /// Gives the connection up and makes a new one: for a gateway that is frozen, or a connection that is gone for
    /// good. Afterwards everything is as after a reconnect: ask for a snapshot, then [`Session::resubscribe`].
    /// Where this fails the session stays closed, and it can be tried again.
    pub async fn reopen(&mut self) -> Result<(), ConnectError> {
        self.take();
        self.close().await;
        let opened = connect::open(&self.settings).await?;
        if opened.account != self.account {
            let (managed, wanted) = (vec![opened.account], Some(self.account.clone()));
            return Err(ConnectError::Account { managed, wanted });
        }
        self.line = Arc::new(opened.line);
        self.desk.move_to(&self.line);
        self.inbox.move_to(opened.orders, opened.notices, opened.heard);
        self.inbox.now = opened.now;
        self.simulated = opened.simulated;
        self.raise_order_id(opened.next_order_id, 0);
        Ok(())
    }

    /// Ends the connection. Orders at the broker live on.
    pub async fn close(&mut self) {
        // It waits for its reader, which may be in the middle of a connection attempt.
        if tokio::time::timeout(self.settings.request_timeout, self.line.client.disconnect()).await.is_err() {
            warn!("the connection did not end in time");
        }
    }

    /// The account that is traded. Paper and simulated ones begin with `D`.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Whether this is the simulated gateway: its time is market time, and it waits for [`Session::done`].
    pub fn simulated(&self) -> bool {
        self.simulated
    }

    /// The broker's time, as last told.
    pub fn now(&self) -> Stamp {
        self.inbox.now
    }

    /// Where contracts and history are looked up, beside the loop.
    pub fn desk(&self) -> Desk {
        self.desk.clone()
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn line(&self) -> Arc<Line> {
        Arc::clone(&self.line)
    }

    // ---- the barrier

    /// A round trip: when it returns, everything the broker sent before its answer is there for [`Session::drain`].
    /// Returns the broker's time, to the second. Also the heartbeat: a frozen gateway shows in nothing else.
    pub async fn barrier(&mut self) -> Result<Stamp, LinkError> {
        let line = self.line();
        let told = line.ask(self.settings.request_timeout, line.client.server_time()).await?;
        self.inbox.now = translate::stamp(told);
        Ok(self.inbox.now)
    }

    /// Says that the instant is worked off, and returns the broker's time to the millisecond. A simulated gateway at
    /// full speed holds its next bar until then.
    pub async fn done(&mut self) -> Result<Stamp, LinkError> {
        let line = self.line();
        let told = line.ask(self.settings.request_timeout, line.client.server_time_millis()).await?;
        self.inbox.now = translate::stamp(told);
        Ok(self.inbox.now)
    }

    /// Everything that has arrived, without waiting.
    pub fn drain(&mut self) -> Drained {
        self.take();
        self.inbox.mend_orders(&self.line.client);
        self.inbox.hand_out()
    }

    fn take(&mut self) {
        // Outside tokio's budget: a task that has used it up would see empty channels that are not.
        let taking = unconstrained(poll_fn(|cx| {
            self.inbox.take(cx);
            Poll::Ready(())
        }));
        taking.now_or_never();
    }

    /// Returns as soon as there is something to [`Session::drain`]. Nothing is lost where it is dropped while waiting.
    pub async fn wait(&mut self) {
        poll_fn(|cx| {
            self.inbox.take(cx);
            if self.inbox.holds_something() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    // ---- subscriptions

    /// Asks for the live 5-second bars of a contract, in and outside regular hours. Asking twice changes nothing.
    pub async fn subscribe_bars(&mut self, contract: &Contract) -> Result<(), LinkError> {
        if self.inbox.has_bars(&contract.symbol) {
            return Ok(());
        }
        let line = self.line();
        let wire = self.desk.wire_contract(contract);
        let request = line.client.realtime_bars(&wire).trading_hours(TradingHours::Extended);
        let bars = line.ask(self.settings.request_timeout, request.subscribe()).await?;
        info!(symbol = %contract.symbol, "bars subscribed");
        self.inbox.read_bars(contract.clone(), bars);
        Ok(())
    }

    /// Wants a contract's live bars no more.
    pub fn unsubscribe_bars(&mut self, symbol: &Symbol) {
        self.inbox.stop_bars(symbol);
    }

    /// Subscribes everything anew that was subscribed, and forgets contracts, whose hours may be old: after a reconnect, lost data, lost bars, and
    /// [`Session::reopen`].
    pub async fn resubscribe(&mut self) -> Result<(), LinkError> {
        self.inbox.forget_subscriptions();
        self.desk.forget_contracts();
        self.subscribe_account().await;
        for contract in self.inbox.wanted() {
            self.subscribe_bars(&contract).await?;
        }
        Ok(())
    }

    /// Without the account's values nothing is entered, but everything else goes on: a failure is told, not fatal.
    async fn subscribe_account(&mut self) {
        let line = self.line();
        let everyone = AccountGroup::from("All");
        let asked = line.client.account_summary(&everyone, &Inbox::ACCOUNT_TAGS);
        match line.ask(self.settings.request_timeout, asked).await {
            Ok(summary) => self.inbox.read_account(summary),
            Err(error) => warn!(%error, "the account's values could not be asked for"),
        }
    }

    // ---- looking things up

    /// As [`Session::contract`], asked anew: hours are listed a week ahead at most.
    pub async fn contract_anew(
        &mut self,
        symbol: &Symbol,
        spec: &ContractSpec,
    ) -> Result<Contract, ContractError> {
        self.desk.forget_contract(symbol, spec);
        self.contract(symbol, spec).await
    }

    /// As [`Desk::contract`].
    pub async fn contract(
        &mut self,
        symbol: &Symbol,
        spec: &ContractSpec,
    ) -> Result<Contract, ContractError> {
        self.desk().contract(symbol, spec).await
    }

    /// As [`Desk::history`].
    pub async fn history(&mut self, contract: &Contract, span: HistorySpan) -> Result<Vec<Bar>, LinkError> {
        self.desk().history(contract, span).await
    }

    // ---- order numbers

    /// A number for a new order, never used before.
    pub(super) fn next_order_id(&mut self) -> BrokerOrderId {
        let id = next_order_id(self.next_id, 0, self.inbox.highest_id);
        self.next_id = id.0.saturating_add(1);
        id
    }

    /// New orders lie at or above what the gateway offers, and above what was seen. Never goes down.
    pub(super) fn raise_order_id(&mut self, offered: i32, seen: i32) {
        self.next_id = next_order_id(self.next_id.max(offered), 0, seen).0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Parent;
    use super::*;
    use crate::domain::order::Ticket;
    use crate::domain::risk::{Approved, Bracket, Change};

    fn sendable<T: Send>(_: T) {}

    #[test]
    fn a_session_and_all_it_does_can_move_to_another_thread() {
        // Never called: that it compiles is the test.
        let _ = |session: &mut Session, contract: &Contract, span: HistorySpan| {
            sendable(session.barrier());
            sendable(session.done());
            sendable(session.wait());
            sendable(session.snapshot());
            sendable(session.resubscribe());
            sendable(session.reopen());
            sendable(session.subscribe_bars(contract));
            sendable(session.history(contract, span));
            sendable(session.cancel(BrokerOrderId(1)));
        };
        let _ = |session: &mut Session, bracket: &Approved<Bracket>, contract: &Contract| {
            sendable(session.submit(bracket, contract));
        };
        let _ = |session: &mut Session, change: &Approved<Change>, ticket: &Ticket, contract: &Contract| {
            sendable(session.amend(change, ticket, BrokerOrderId(1), Parent::Done, contract));
        };
        let _ = |desk: Desk, contract: &'static Contract, span: HistorySpan| {
            sendable(async move { desk.history(contract, span).await });
        };
        let _ = |settings: &Settings| sendable(Session::connect(settings, 0));
    }
}
