//! What each request of a client does. Answers go to the client's own buffer, facts to the owners' buffers.

use tracing::debug;

use super::clock;
use super::contract::MARKET_RULE;
use super::exchange::{Client, Exchange, Phase, Wants, account_rows, summary_rows, tell_end};
use super::history::{self, Job};
use super::messages::{
    AccountDataRequest, AccountSummaryRequest, AccountText, CancelOrder, ContractData, ContractDataRequest,
    CurrentTime, Empty, ErrorMessage, ExecutionRequest, HeadTimestamp, HeadTimestampRequest,
    HistoricalDataRequest, ManagedAccounts, MarketRule, MarketRuleRequest, NextValidId, PriceIncrement,
    RealTimeBarsRequest, RequestEnd, RequestId, asked, told,
};
use super::telling::{self, NO_REQUEST};
use super::venue::{Key, Reach, Refusal, State};
use super::wire::{Malformed, push, read};

mod orders;

/// When the market opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MarketStart {
    /// With the first subscription to real-time bars.
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
    /// A client has started: its accounts, its next order id, the notices.
    pub(super) fn join(&mut self, id: i32, mut client: Client) {
        let (market, out) = (&self.market, &mut client.out);
        push(out, told::MANAGED_ACCOUNTS, &ManagedAccounts { accounts: Some(market.account.clone()) });
        push(out, told::NEXT_VALID_ID, &NextValidId { order_id: Some(market.venue.next_id(id)) });
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
            asked::CONTRACT_DATA => {
                let request: ContractDataRequest = read(id, message)?;
                let req_id = request.req_id;
                match market.listings.find(request.contract.as_ref()) {
                    Err(refusal) => refuse(out, market.now, req_id, &refusal),
                    Ok(symbol) => {
                        let details = Some(market.listings.details(symbol, &market.days, market.now));
                        let contract = Some(market.listings.contract(symbol));
                        push(out, told::CONTRACT_DATA, &ContractData { req_id, contract, details });
                        push(out, told::CONTRACT_DATA_END, &RequestEnd { req_id });
                    }
                }
            }
            asked::MARKET_RULE => self.market_rule(client, &read(id, message)?),
            asked::HISTORICAL_DATA => return Ok(self.history(client, read(id, message)?)),
            asked::HEAD_TIMESTAMP => self.head_timestamp(client, &read(id, message)?),
            asked::REAL_TIME_BARS => self.real_time_bars(client, &read(id, message)?, start),
            asked::CANCEL_REAL_TIME_BARS => {
                let request: RequestId = read(id, message)?;
                own.bars.retain(|feed| Some(feed.req_id) != request.req_id);
            }
            asked::ACCOUNT_SUMMARY => self.account_summary(client, &read(id, message)?),
            asked::CANCEL_ACCOUNT_SUMMARY => {
                let request: RequestId = read(id, message)?;
                own.summaries.retain(|summary| Some(summary.req_id) != request.req_id);
            }
            asked::ACCOUNT_DATA => self.account_data(client, &read(id, message)?),
            asked::POSITIONS => {
                own.positions = Wants::Updates;
                for (symbol, holding) in market.venue.account.holdings.iter().enumerate() {
                    if holding.quantity != 0 {
                        telling::position(out, market, symbol);
                    }
                }
                push(out, told::POSITIONS_END, &Empty {});
            }
            asked::CANCEL_POSITIONS => own.positions = Wants::Nothing,
            asked::PLACE_ORDER => self.place_order(client, &read(id, message)?),
            asked::CANCEL_ORDER => self.cancel_order(client, &read::<CancelOrder>(id, message)?),
            asked::GLOBAL_CANCEL => {
                let now = self.market.now;
                self.market.venue.cancel_all(now, &mut self.facts);
                self.tell_facts();
            }
            asked::OPEN_ORDERS => self.open_orders(client, Some(client)),
            asked::ALL_OPEN_ORDERS => self.open_orders(client, None),
            asked::AUTO_OPEN_ORDERS => {
                debug!(client, "manual orders are not simulated, so there is nothing to bind")
            }
            asked::COMPLETED_ORDERS => self.completed_orders(client),
            asked::EXECUTIONS => self.executions(client, &read::<ExecutionRequest>(id, message)?),
            asked::MARKET_DATA_TYPE => debug!(client, "all simulated data is live"),
            asked::CANCEL_HISTORICAL_DATA => {
                debug!(client, "history is answered at once, there is nothing to cancel")
            }
            other => not_simulated(own, market.now, client, other, message),
        }
        Ok(None)
    }

    fn market_rule(&mut self, client: i32, request: &MarketRuleRequest) {
        let now = self.market.now;
        let Some(own) = self.clients.get_mut(&client) else { return };
        if request.rule_id != Some(MARKET_RULE) {
            telling::error(
                &mut own.out,
                now,
                NO_REQUEST,
                321,
                "Error validating request.-'cd' : cause - Invalid market rule",
            );
            return;
        }
        let increments = vec![PriceIncrement { low_edge: Some(0.0), increment: Some(0.01) }];
        push(&mut own.out, told::MARKET_RULE, &MarketRule { rule_id: request.rule_id, increments });
    }

    fn history(&mut self, client: i32, request: HistoricalDataRequest) -> Option<Job> {
        let Exchange { market, clients, .. } = self;
        let own = clients.get_mut(&client)?;
        match market.listings.find(request.contract.as_ref()) {
            Err(refusal) => {
                refuse(&mut own.out, market.now, request.req_id, &refusal);
                None
            }
            Ok(symbol) => {
                let (series, days) = (market.series[symbol].clone(), market.days.clone());
                Some(Job { request, series, days, now: market.now })
            }
        }
    }

    fn head_timestamp(&mut self, client: i32, request: &HeadTimestampRequest) {
        /// Ask for times as seconds of the epoch.
        const FORMAT_EPOCH: i32 = 2;
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        let reach = reach_of(request.use_rth);
        let head = market.listings.find(request.contract.as_ref()).and_then(|symbol| {
            let none =
                || Refusal::new(162, "Historical Market Data Service error message:No head time stamp");
            history::head(&market.series[symbol], reach).ok_or_else(none)
        });
        match head {
            Err(refusal) => refuse(&mut own.out, market.now, request.req_id, &refusal),
            Ok(start) => {
                let epoch = request.format_date == Some(FORMAT_EPOCH);
                let timestamp = Some(if epoch { start.to_string() } else { clock::stamp(start) });
                push(
                    &mut own.out,
                    told::HEAD_TIMESTAMP,
                    &HeadTimestamp { req_id: request.req_id, timestamp },
                );
            }
        }
    }

    fn real_time_bars(&mut self, client: i32, request: &RealTimeBarsRequest, start: MarketStart) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        let symbol = match (market.listings.find(request.contract.as_ref()), request.what_to_show.as_deref())
        {
            (Ok(symbol), None | Some("" | "TRADES")) => symbol,
            (Ok(_), Some(_)) => {
                let text = "Error validating request.-'bY' : cause - only TRADES are simulated";
                return refuse(&mut own.out, market.now, request.req_id, &Refusal::new(321, text));
            }
            (Err(refusal), _) => return refuse(&mut own.out, market.now, request.req_id, &refusal),
        };
        let Some(req_id) = request.req_id else { return };
        own.bars.retain(|feed| feed.req_id != req_id);
        own.bars.push(super::exchange::BarFeed { req_id, symbol, reach: reach_of(request.use_rth) });
        if start == MarketStart::FirstBarSubscription {
            self.open();
        }
    }

    fn account_summary(&mut self, client: i32, request: &AccountSummaryRequest) {
        let Exchange { market, clients, .. } = self;
        let (Some(own), Some(req_id)) = (clients.get_mut(&client), request.req_id) else { return };
        let mut tags: Vec<String> = Vec::new();
        for tag in
            request.tags.as_deref().unwrap_or("").split(',').map(str::trim).filter(|tag| !tag.is_empty())
        {
            if tag.eq_ignore_ascii_case("all") {
                tags.extend(telling::ACCOUNT_TAGS.map(str::to_owned));
            } else {
                tags.push(tag.to_owned());
            }
        }
        let summary = super::exchange::Summary { req_id, tags };
        summary_rows(&mut own.out, market, &summary, &market.venue.account.worth());
        push(&mut own.out, told::ACCOUNT_SUMMARY_END, &RequestEnd { req_id: Some(req_id) });
        own.summaries.retain(|other| other.req_id != req_id);
        own.summaries.push(summary);
    }

    fn account_data(&mut self, client: i32, request: &AccountDataRequest) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        if request.subscribe != Some(true) {
            own.account = Wants::Nothing;
            return;
        }
        let account = request.account.as_deref().unwrap_or("");
        if !account.is_empty() && account != market.account {
            let text = format!(
                "Error validating request.-'bO' : cause - account {account} is not {}",
                market.account
            );
            return telling::error(&mut own.out, market.now, NO_REQUEST, 321, &text);
        }
        own.account = Wants::Updates;
        account_rows(&mut own.out, market, &[]);
        push(&mut own.out, told::ACCOUNT_DATA_END, &AccountText { text: Some(market.account.clone()) });
    }

    fn cancel_order(&mut self, client: i32, request: &CancelOrder) {
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

    /// The orders that live: of one client, or of all.
    fn open_orders(&mut self, client: i32, of: Option<i32>) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        for place in market.venue.live() {
            if of.is_some_and(|of| market.venue.orders[*place].ticket.key.client != of) {
                continue;
            }
            let status = market.venue.status(*place);
            telling::open_order(&mut own.out, market, *place, status);
            telling::order_status(&mut own.out, market, *place, status);
        }
        push(&mut own.out, told::OPEN_ORDERS_END, &Empty {});
    }

    fn completed_orders(&mut self, client: i32) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        for (place, order) in market.venue.orders.iter().enumerate() {
            if matches!(order.state, State::Filled(_) | State::Cancelled(_)) {
                telling::completed_order(&mut own.out, market, place);
            }
        }
        push(&mut own.out, told::COMPLETED_ORDERS_END, &Empty {});
    }
}

pub(super) fn refuse(out: &mut Vec<u8>, now: i64, id: Option<i32>, refusal: &Refusal) {
    let message = ErrorMessage {
        id: Some(id.unwrap_or(NO_REQUEST)),
        time: Some(now * 1_000),
        code: Some(refusal.code),
        text: Some(refusal.text.clone()),
    };
    push(out, told::ERROR, &message);
}

fn reach_of(use_rth: Option<bool>) -> Reach {
    if use_rth == Some(true) { Reach::Session } else { Reach::AnyHour }
}

fn not_simulated(own: &mut Client, now: i64, client: i32, id: u32, message: &[u8]) {
    debug!(client, message = id, "this message is not simulated");
    if !asked::NOT_SIMULATED.contains(&id) {
        return;
    }
    let req_id = read::<RequestId>(id, message).ok().and_then(|request| request.req_id);
    if req_id.is_some() {
        let text =
            format!("Error validating request : cause - the simulated gateway does not know message {id}");
        refuse(&mut own.out, now, req_id, &Refusal::new(321, text));
    }
}
