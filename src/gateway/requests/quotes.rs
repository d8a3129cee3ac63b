//! Requests about quotes and ticks.

use super::{MarketStart, refuse};
use crate::gateway::exchange::Exchange;
use crate::gateway::messages::{
    MarketDataRequest, MarketDataTypeRequest, RequestEnd, RequestId, TickByTickRequest, told,
};
use crate::gateway::quotes::{Age, Asked, Kind, Line, Sizes, TickFeed};
use crate::gateway::telling::{self, NO_REQUEST};
use crate::gateway::venue::Refusal;
use crate::gateway::wire::push;

/// Past ticks one request may ask for.
const PAST_TICKS_MAX: i32 = 1_000;

impl Exchange {
    /// The type of data of the quotes a client asks for from now on.
    pub(super) fn market_data_type(&mut self, client: i32, request: &MarketDataTypeRequest) {
        let now = self.market.now;
        let Some(own) = self.clients.get_mut(&client) else { return };
        match request.data_type.and_then(Asked::read) {
            Some(asked) => own.watch.asked = asked,
            None => {
                let text = "Error validating request.-'bE' : cause - the market data type is 1, 2, 3 or 4";
                telling::error(&mut own.out, now, NO_REQUEST, 321, text);
            }
        }
    }

    /// A subscription to quotes, or all of them once.
    pub(super) fn market_data(&mut self, client: i32, request: &MarketDataRequest, start: MarketStart) {
        let Exchange { market, clients, .. } = self;
        let (Some(own), Some(req_id)) = (clients.get_mut(&client), request.req_id) else { return };
        let asked = own.watch.asked;
        let granted = market.listings.find(request.contract.as_ref()).and_then(|symbol| {
            own.watch.line_fits(req_id)?;
            Ok((symbol, market.screen.rights.quotes(asked)?))
        });
        let (symbol, age) = match granted {
            Ok(granted) => granted,
            Err(refusal) => return refuse(&mut own.out, market.now, Some(req_id), &refusal),
        };
        if age == Age::Delayed {
            let text = "Requested market data is not subscribed. Displaying delayed market data.";
            telling::error(&mut own.out, market.now, req_id, 10167, text);
        }
        let generic = request.generic_ticks.as_deref().unwrap_or("");
        let mut line = Line::new(req_id, symbol, asked, age, generic);
        line.begin(&mut own.out, market);
        line.tell(&mut own.out, market);
        if request.snapshot == Some(true) || request.regulatory_snapshot == Some(true) {
            return push(&mut own.out, told::SNAPSHOT_END, &RequestEnd { req_id: Some(req_id) });
        }
        own.watch.lines.push(line);
        self.open_for_data(start);
    }

    pub(super) fn cancel_market_data(&mut self, client: i32, request: &RequestId) {
        let now = self.market.now;
        let (Some(own), Some(req_id)) = (self.clients.get_mut(&client), request.req_id) else { return };
        let before = own.watch.lines.len();
        own.watch.lines.retain(|line| line.req_id != req_id);
        if own.watch.lines.len() == before {
            refuse(&mut own.out, now, Some(req_id), &unknown_id(req_id));
        }
    }

    /// A subscription to every trade, quote or midpoint.
    pub(super) fn tick_by_tick(&mut self, client: i32, request: &TickByTickRequest, start: MarketStart) {
        let Exchange { market, clients, .. } = self;
        let (Some(own), Some(req_id)) = (clients.get_mut(&client), request.req_id) else { return };
        let feed = market.listings.find(request.contract.as_ref()).and_then(|symbol| {
            let (kind, past) = ticks_of(request)?;
            own.watch.ticks_fit(req_id)?;
            market.screen.rights.ticks(&market.listings, symbol)?;
            let sizes = if request.ignore_size == Some(true) { Sizes::Ignored } else { Sizes::Told };
            Ok((TickFeed { req_id, symbol, kind, sizes, told: None }, past))
        });
        let (mut feed, past) = match feed {
            Ok(feed) => feed,
            Err(refusal) => return refuse(&mut own.out, market.now, Some(req_id), &refusal),
        };
        if past > 0 {
            feed.tell_past(&mut own.out, market, past);
        }
        own.watch.ticks.push(feed);
        self.open_for_data(start);
    }

    pub(super) fn cancel_tick_by_tick(&mut self, client: i32, request: &RequestId) {
        let now = self.market.now;
        let (Some(own), Some(req_id)) = (self.clients.get_mut(&client), request.req_id) else { return };
        let before = own.watch.ticks.len();
        own.watch.ticks.retain(|feed| feed.req_id != req_id);
        if own.watch.ticks.len() == before {
            refuse(&mut own.out, now, Some(req_id), &unknown_id(req_id));
        }
    }

    /// Ends a history that keeps up to date. Any other was answered at once: it is not found any more.
    pub(super) fn cancel_history(&mut self, client: i32, request: &RequestId) {
        let now = self.market.now;
        let (Some(own), Some(req_id)) = (self.clients.get_mut(&client), request.req_id) else { return };
        let before = own.watch.bars.len();
        own.watch.bars.retain(|bars| bars.req_id != req_id);
        let (code, text) = if own.watch.bars.len() < before {
            (162, "Historical Market Data Service error message:API historical data query cancelled: ")
        } else {
            (366, "No historical data query found for ticker id:")
        };
        refuse(&mut own.out, now, Some(req_id), &Refusal::new(code, format!("{text}{req_id}")));
    }

    pub(super) fn cancel_real_time_bars(&mut self, client: i32, request: &RequestId) {
        let now = self.market.now;
        let (Some(own), Some(req_id)) = (self.clients.get_mut(&client), request.req_id) else { return };
        let before = own.bars.len();
        own.bars.retain(|feed| feed.req_id != req_id);
        if own.bars.len() == before {
            refuse(&mut own.out, now, Some(req_id), &unknown_id(req_id));
        }
    }

    /// A subscription opens the market, where nothing else is to.
    pub(super) fn open_for_data(&mut self, start: MarketStart) {
        if start == MarketStart::FirstBarSubscription {
            self.open();
        }
    }
}

/// What a request tick by tick asks for, and how many past ticks.
fn ticks_of(request: &TickByTickRequest) -> Result<(Kind, usize), Refusal> {
    let invalid = |why: &str| Refusal::new(321, format!("Error validating request.-'cj' : cause - {why}"));
    let kind = Kind::read(request.tick_type.as_deref().unwrap_or(""));
    let kind = kind.ok_or_else(|| invalid("the tick type is Last, AllLast, BidAsk or MidPoint"))?;
    let past = request.number_of_ticks.unwrap_or(0);
    match usize::try_from(past) {
        Ok(count) if past <= PAST_TICKS_MAX => Ok((kind, count)),
        _ => Err(invalid(&format!("the number of ticks is 0 to {PAST_TICKS_MAX}"))),
    }
}

fn unknown_id(req_id: i32) -> Refusal {
    Refusal::new(300, format!("Can't find EId with tickerId:{req_id}"))
}
