//! Requests about contracts and their bars.

use super::{MarketStart, refuse};
use crate::gateway::catalogue::Band;
use crate::gateway::clock;
use crate::gateway::exchange::{BarFeed, Exchange};
use crate::gateway::history::{self, Job, LiveBars, Source};
use crate::gateway::messages::{
    ContractData, ContractDataRequest, HeadTimestamp, HeadTimestampRequest, HistoricalDataRequest,
    MarketRule, MarketRuleRequest, PriceIncrement, RealTimeBarsRequest, RequestEnd, told,
};
use crate::gateway::quotes::Show;
use crate::gateway::telling::{self, NO_REQUEST};
use crate::gateway::venue::{Reach, Refusal};
use crate::gateway::wire::{double, push};

impl Exchange {
    pub(super) fn contract_data(&mut self, client: i32, request: &ContractDataRequest) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        let req_id = request.req_id;
        match market.listings.find(request.contract.as_ref()) {
            Err(refusal) => refuse(&mut own.out, market.now, req_id, &refusal),
            Ok(symbol) => {
                let details = Some(market.listings.details(symbol, &market.days, market.now));
                let contract = Some(market.listings.contract(symbol));
                push(&mut own.out, told::CONTRACT_DATA, &ContractData { req_id, contract, details });
                push(&mut own.out, told::CONTRACT_DATA_END, &RequestEnd { req_id });
            }
        }
    }

    pub(super) fn market_rule(&mut self, client: i32, request: &MarketRuleRequest) {
        let now = self.market.now;
        let Some(own) = self.clients.get_mut(&client) else { return };
        let Some(rule) = request.rule_id.and_then(|id| self.market.listings.rule_of(id)) else {
            telling::error(
                &mut own.out,
                now,
                NO_REQUEST,
                321,
                "Error validating request.-'cd' : cause - Invalid market rule",
            );
            return;
        };
        let increment = |band: &Band| PriceIncrement {
            low_edge: Some(double(band.from)),
            increment: Some(double(band.tick)),
        };
        let increments = rule.bands().iter().map(increment).collect();
        push(&mut own.out, told::MARKET_RULE, &MarketRule { rule_id: request.rule_id, increments });
    }

    pub(super) fn history(
        &mut self,
        client: i32,
        request: HistoricalDataRequest,
        start: MarketStart,
    ) -> Option<Job> {
        let Exchange { market, clients, .. } = self;
        let own = clients.get_mut(&client)?;
        let (now, rights) = (market.now, market.screen.rights);
        let req_id = request.req_id;
        let job = market.listings.find(request.contract.as_ref()).and_then(|symbol| {
            let until = rights.history(&market.listings, symbol, now)?;
            let (source, days) = (Source::of(market, symbol), market.days.clone());
            let job = Job { request, source, days, now, until, rights };
            if job.keeps_up()
                && rights.live()
                && let Some(bars) = LiveBars::of(&job, symbol)?
            {
                own.watch.keep_up(bars)?;
            }
            Ok(job)
        });
        match job {
            Err(refusal) => {
                refuse(&mut own.out, now, req_id, &refusal);
                None
            }
            Ok(job) => {
                if job.keeps_up() && rights.live() {
                    self.open_for_data(start);
                }
                Some(job)
            }
        }
    }

    pub(super) fn head_timestamp(&mut self, client: i32, request: &HeadTimestampRequest) {
        /// Ask for times as seconds of the epoch.
        const FORMAT_EPOCH: i32 = 2;
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        let reach = reach_of(request.use_rth);
        let head = market.listings.find(request.contract.as_ref()).and_then(|symbol| {
            let none =
                || Refusal::new(162, "Historical Market Data Service error message:No head time stamp");
            history::head(&market.series[symbol], &market.days, reach).ok_or_else(none)
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

    pub(super) fn real_time_bars(&mut self, client: i32, request: &RealTimeBarsRequest, start: MarketStart) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        let feed = market.listings.find(request.contract.as_ref()).and_then(|symbol| {
            let Some(show) = Show::read(request.what_to_show.as_deref()) else {
                let text = "Error validating request.-'bY' : cause - only TRADES, MIDPOINT, BID and ASK are simulated";
                return Err(Refusal::new(321, text));
            };
            market.screen.rights.real_time_bars(&market.listings, symbol)?;
            Ok((symbol, show))
        });
        let (symbol, show) = match feed {
            Ok(feed) => feed,
            Err(refusal) => return refuse(&mut own.out, market.now, request.req_id, &refusal),
        };
        let Some(req_id) = request.req_id else { return };
        own.bars.retain(|feed| feed.req_id != req_id);
        own.bars.push(BarFeed { req_id, symbol, reach: reach_of(request.use_rth), show });
        self.open_for_data(start);
    }
}

fn reach_of(use_rth: Option<bool>) -> Reach {
    if use_rth == Some(true) { Reach::Session } else { Reach::AnyHour }
}
