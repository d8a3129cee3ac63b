//! What each request of a client does. Answers go to the client's own buffer, facts to the owners' buffers.

use tracing::debug;

use super::exchange::{Client, Exchange, OpenOrdersOnConnect, Phase, Wants, tell_end};
use super::history::Job;
use super::listing::Listing;
use super::messages::{
    AutoOpenOrders, CancelOrder, CompletedOrdersRequest, CurrentTime, ExecutionRequest, ManagedAccounts,
    NextValidId, RequestId, asked, told,
};
use super::telling::{self, NO_REQUEST};
use super::venue::Refusal;
use super::wire::{Malformed, push, read};

mod account;
mod data;
mod executions;
mod manual;
mod orders;
mod preview;
mod quotes;

pub(super) use executions::Fills;

/// When the market opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MarketStart {
    /// With the first subscription to market data: real-time bars, quotes, ticks, history that keeps up to date.
    #[default]
    FirstBarSubscription,
    /// When [`Gateway::open_market`](super::Gateway::open_market) says so.
    OnCommand,
}

/// The notices a client gets when it has started.
const WELCOME: [(i32, &str); 4] = [
    (2104, "Market data farm connection is OK:simulated"),
    (2106, "HMDS data farm connection is OK:simulated"),
    (2158, "Sec-def data farm connection is OK:simulated"),
    (2198, "simulated gateway: market time, no real orders"),
];

impl Exchange {
    /// A client has started: its accounts, its next order id, its open orders, the notices.
    pub(super) fn join(&mut self, id: i32, mut client: Client) {
        let (market, out) = (&self.market, &mut client.out);
        push(out, told::MANAGED_ACCOUNTS, &ManagedAccounts { accounts: Some(market.account.clone()) });
        push(out, told::NEXT_VALID_ID, &NextValidId { order_id: Some(market.venue.next_id(id)) });
        if self.visibility.on_connect == OpenOrdersOnConnect::Sent {
            client.list(market, Listing::own_orders_unasked(market, id));
        }
        let out = &mut client.out;
        for (code, text) in WELCOME {
            telling::error(out, market.now, NO_REQUEST, code, text);
        }
        if self.phase == Phase::Over {
            tell_end(out, market.now);
        }
        self.clients.insert(id, client);
    }

    /// Does what one message asks. A request for history is handed back: it is worked out without the lock.
    pub(super) fn handle(
        &mut self,
        client: i32,
        id: u32,
        message: &[u8],
        start: MarketStart,
    ) -> Result<Option<Job>, Malformed> {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return Ok(None) };
        let out = &mut own.out;
        match id {
            asked::CURRENT_TIME => push(out, told::CURRENT_TIME, &CurrentTime { time: Some(market.now) }),
            asked::CURRENT_TIME_MILLIS => {
                push(out, told::CURRENT_TIME_MILLIS, &CurrentTime { time: Some(market.now * 1_000) });
                self.done(client);
            }
            asked::IDS => {
                push(out, told::NEXT_VALID_ID, &NextValidId { order_id: Some(market.venue.next_id(client)) })
            }
            asked::MANAGED_ACCOUNTS => {
                push(
                    out,
                    told::MANAGED_ACCOUNTS,
                    &ManagedAccounts { accounts: Some(market.account.clone()) },
                );
            }
            asked::CONTRACT_DATA => self.contract_data(client, &read(id, message)?),
            asked::MARKET_RULE => self.market_rule(client, &read(id, message)?),
            asked::HISTORICAL_DATA => return Ok(self.history(client, read(id, message)?, start)),
            asked::HEAD_TIMESTAMP => self.head_timestamp(client, &read(id, message)?),
            asked::REAL_TIME_BARS => self.real_time_bars(client, &read(id, message)?, start),
            asked::CANCEL_REAL_TIME_BARS => self.cancel_real_time_bars(client, &read(id, message)?),
            asked::ACCOUNT_SUMMARY => self.account_summary(client, &read(id, message)?),
            asked::CANCEL_ACCOUNT_SUMMARY => {
                let request: RequestId = read(id, message)?;
                own.summaries.retain(|summary| Some(summary.req_id) != request.req_id);
            }
            asked::ACCOUNT_DATA => self.account_data(client, &read(id, message)?),
            asked::POSITIONS => self.positions(client),
            asked::CANCEL_POSITIONS => own.positions = Wants::Nothing,
            asked::PLACE_ORDER => self.place_order(client, &read(id, message)?, &read(id, message)?),
            asked::CANCEL_ORDER => self.cancel_order(client, &read::<CancelOrder>(id, message)?),
            asked::GLOBAL_CANCEL => self.cancel_all(),
            asked::OPEN_ORDERS => self.open_orders(client),
            asked::ALL_OPEN_ORDERS => self.all_open_orders(client),
            asked::AUTO_OPEN_ORDERS => self.auto_open_orders(client, &read::<AutoOpenOrders>(id, message)?),
            asked::COMPLETED_ORDERS => {
                self.completed_orders(client, &read::<CompletedOrdersRequest>(id, message)?);
            }
            asked::EXECUTIONS => self.executions(client, &read::<ExecutionRequest>(id, message)?),
            asked::MARKET_DATA_TYPE => self.market_data_type(client, &read(id, message)?),
            asked::MARKET_DATA => self.market_data(client, &read(id, message)?, start),
            asked::CANCEL_MARKET_DATA => self.cancel_market_data(client, &read(id, message)?),
            asked::TICK_BY_TICK => self.tick_by_tick(client, &read(id, message)?, start),
            asked::CANCEL_TICK_BY_TICK => self.cancel_tick_by_tick(client, &read(id, message)?),
            asked::CANCEL_HISTORICAL_DATA => self.cancel_history(client, &read(id, message)?),
            other => not_simulated(own, market.now, client, other, message),
        }
        Ok(None)
    }
}

pub(super) fn refuse(out: &mut Vec<u8>, now: i64, id: Option<i32>, refusal: &Refusal) {
    telling::error(out, now, id.unwrap_or(NO_REQUEST), refusal.code, &refusal.text);
}

fn not_simulated(own: &mut Client, now: i64, client: i32, id: u32, message: &[u8]) {
    debug!(client, message = id, "this message is not simulated");
    if id == asked::SERVER_LOG_LEVEL || asked::CANCELS.contains(&id) {
        return;
    }
    let refusal = if id <= asked::HIGHEST {
        let text = "Error validating request : cause - the simulated gateway does not know message";
        Refusal::new(321, format!("{text} {id}"))
    } else {
        Refusal::new(505, format!("Fatal Error: Unknown message id. {id}"))
    };
    let req_id = asked::NOT_SIMULATED.contains(&id).then(|| read::<RequestId>(id, message).ok());
    refuse(&mut own.out, now, req_id.flatten().and_then(|request| request.req_id), &refusal);
}
