//! Market data lines: the quote, the last trade and the day of a symbol, told as ticks, only what changed.
//!
//! The ticks of one instant go out in this order: the type of the data if it changed, bid, ask, last (each with its
//! size; the size alone where only it changed), volume, high, low, close of the day before, open, time of the last
//! trade, halted, and the trade string (RTVolume) where it was asked for. Delayed data has ticks with ids of its own.

use rust_decimal::Decimal;

use super::screen::{Age, Halt, Shown};
use super::{Asked, TRADE_SECONDS};
use crate::gateway::bars::Bar;
use crate::gateway::feed::Hours;
use crate::gateway::market::Market;
use crate::gateway::messages::{
    MarketDataType, TickGeneric, TickPrice, TickReqParams, TickSize, TickString, told,
};
use crate::gateway::wire::{double, push};

/// The tick type of the trade string.
const RT_VOLUME: i32 = 48;
/// What a price is told as where there is none.
const NO_PRICE: Decimal = Decimal::NEGATIVE_ONE;
/// The attribute of a quote that an order can be executed against.
const CAN_AUTO_EXECUTE: i32 = 1;
/// What snapshots may be asked for: three kinds, as for US stocks.
const SNAPSHOT_PERMISSIONS: i32 = 3;

/// The ids of one set of ticks.
struct Ids {
    bid: i32,
    ask: i32,
    last: i32,
    bid_size: i32,
    ask_size: i32,
    last_size: i32,
    volume: i32,
    high: i32,
    low: i32,
    close: i32,
    open: i32,
    last_time: i32,
    halted: i32,
}

const LIVE: Ids = Ids {
    bid: 1,
    ask: 2,
    last: 4,
    bid_size: 0,
    ask_size: 3,
    last_size: 5,
    volume: 8,
    high: 6,
    low: 7,
    close: 9,
    open: 14,
    last_time: 45,
    halted: 49,
};

const DELAYED: Ids = Ids {
    bid: 66,
    ask: 67,
    last: 68,
    bid_size: 69,
    ask_size: 70,
    last_size: 71,
    volume: 74,
    high: 72,
    low: 73,
    close: 75,
    open: 76,
    last_time: 88,
    halted: 90,
};

/// Whether a line keeps the last quote when the market closes, or shows that there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Closed {
    Empty,
    Frozen,
}

/// A subscription to a symbol's quotes.
#[derive(Debug)]
pub(in crate::gateway) struct Line {
    pub(in crate::gateway) req_id: i32,
    pub(in crate::gateway) symbol: usize,
    age: Age,
    closed: Closed,
    trade_string: bool,
    told: Values,
    told_type: Option<i32>,
    /// The start of the bar whose trade string was told last.
    told_trade: Option<i64>,
}

/// What a line shows; none where there is nothing to show yet.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Values {
    bid: Option<(Decimal, u64)>,
    ask: Option<(Decimal, u64)>,
    last: Option<(Decimal, u64)>,
    volume: Option<u64>,
    high: Option<Decimal>,
    low: Option<Decimal>,
    close: Option<Decimal>,
    open: Option<Decimal>,
    last_time: Option<i64>,
    halted: Option<Halt>,
}

impl Line {
    /// A line of which nothing has been told.
    pub(in crate::gateway) fn new(req_id: i32, symbol: usize, asked: Asked, age: Age, generic: &str) -> Line {
        /// The generic tick that asks for the trade string.
        const GENERIC_TRADES: &str = "233";
        let closed = match asked {
            Asked::Live | Asked::Delayed => Closed::Empty,
            Asked::Frozen | Asked::DelayedFrozen => Closed::Frozen,
        };
        // Delayed data has no trade string.
        let trade_string = age == Age::Live && generic.split(',').any(|tick| tick.trim() == GENERIC_TRADES);
        let (told, told_type, told_trade) = (Values::default(), None, None);
        Line { req_id, symbol, age, closed, trade_string, told, told_type, told_trade }
    }

    /// What comes first: the tick of the prices, and the type of the data.
    pub(in crate::gateway) fn begin(&mut self, out: &mut Vec<u8>, market: &Market) {
        let params = TickReqParams {
            req_id: Some(self.req_id),
            min_tick: Some(market.screen.rule(self.symbol).least_tick().to_string()),
            bbo_exchange: market.listings.contract(self.symbol).primary_exchange,
            snapshot_permissions: Some(SNAPSHOT_PERMISSIONS),
        };
        push(out, told::TICK_PARAMETERS, &params);
        self.tell_type(out, market);
    }

    /// What has changed since the last time.
    pub(in crate::gateway) fn tell(&mut self, out: &mut Vec<u8>, market: &Market) {
        if market.screen.shown(self.symbol) != Shown::Flowing {
            return;
        }
        self.tell_type(out, market);
        let values = self.values(market);
        if values != self.told {
            self.tell_changes(out, &values);
            self.told = values;
        }
        let print = market.screen.print(self.symbol, self.age);
        let trade = print.last.as_ref().filter(|bar| self.trade_string && self.told_trade != Some(bar.start));
        if let Some(bar) = trade {
            self.told_trade = Some(bar.start);
            let value = trade_string(bar, print.volume, print.average());
            self.text(out, RT_VOLUME, value);
        }
    }

    fn tell_type(&mut self, out: &mut Vec<u8>, market: &Market) {
        let frozen = market.hours() == Hours::Outside && self.closed == Closed::Frozen;
        let data_type = match (self.age, frozen) {
            (Age::Live, false) => Asked::Live,
            (Age::Live, true) => Asked::Frozen,
            (Age::Delayed, false) => Asked::Delayed,
            (Age::Delayed, true) => Asked::DelayedFrozen,
        };
        let data_type = Some(data_type as i32);
        if self.told_type != data_type {
            self.told_type = data_type;
            push(out, told::MARKET_DATA_TYPE, &MarketDataType { req_id: Some(self.req_id), data_type });
        }
    }

    fn values(&self, market: &Market) -> Values {
        let print = market.screen.print(self.symbol, self.age);
        let Some(last) = &print.last else {
            return Values { halted: Some(market.screen.halted(self.symbol)), ..Values::default() };
        };
        let quote = market.screen.quote(self.symbol, self.age);
        let stands = self.closed == Closed::Frozen || self.age == Age::Delayed || market.quotes(self.symbol);
        let side = |side: Option<(Decimal, u64)>| if stands { side } else { Some((NO_PRICE, 0)) };
        Values {
            bid: side(quote.map(|quote| (quote.bid, quote.bid_size))),
            ask: side(quote.map(|quote| (quote.ask, quote.ask_size))),
            last: Some((last.close, super::last_size(last))),
            volume: Some(print.volume),
            high: print.high,
            low: print.low,
            close: print.close,
            open: print.open,
            last_time: Some(last.start + TRADE_SECONDS),
            halted: Some(market.screen.halted(self.symbol)),
        }
    }

    fn tell_changes(&self, out: &mut Vec<u8>, now: &Values) {
        let ids = match self.age {
            Age::Live => LIVE,
            Age::Delayed => DELAYED,
        };
        let told = &self.told;
        self.sized(out, [ids.bid, ids.bid_size], told.bid, now.bid, CAN_AUTO_EXECUTE);
        self.sized(out, [ids.ask, ids.ask_size], told.ask, now.ask, CAN_AUTO_EXECUTE);
        self.sized(out, [ids.last, ids.last_size], told.last, now.last, 0);
        if let Some(volume) = now.volume.filter(|_| now.volume != told.volume) {
            self.size(out, ids.volume, volume);
        }
        let prices = [
            (ids.high, told.high, now.high),
            (ids.low, told.low, now.low),
            (ids.close, told.close, now.close),
            (ids.open, told.open, now.open),
        ];
        for (id, told, now) in prices {
            if let Some(price) = now.filter(|_| now != told) {
                self.price(out, id, price, None, 0);
            }
        }
        if let Some(time) = now.last_time.filter(|_| now.last_time != told.last_time) {
            self.text(out, ids.last_time, time.to_string());
        }
        if let Some(halted) = now.halted.filter(|_| now.halted != told.halted) {
            let (req_id, tick_type) = (Some(self.req_id), Some(ids.halted));
            let value = Some(f64::from(halted as u8));
            push(out, told::TICK_GENERIC, &TickGeneric { req_id, tick_type, value });
        }
    }

    /// A price with its size, or the size alone where only it changed.
    fn sized(
        &self,
        out: &mut Vec<u8>,
        [price_id, size_id]: [i32; 2],
        told: Option<(Decimal, u64)>,
        now: Option<(Decimal, u64)>,
        attributes: i32,
    ) {
        let Some((price, size)) = now.filter(|_| now != told) else { return };
        match told {
            Some((before, _)) if before == price => self.size(out, size_id, size),
            _ => {
                let attributes = if price == NO_PRICE { 0 } else { attributes };
                self.price(out, price_id, price, Some(size), attributes);
            }
        }
    }

    fn price(&self, out: &mut Vec<u8>, id: i32, price: Decimal, size: Option<u64>, attributes: i32) {
        let message = TickPrice {
            req_id: Some(self.req_id),
            tick_type: Some(id),
            price: Some(double(price)),
            size: size.map(|size| size.to_string()),
            attributes: Some(attributes),
        };
        push(out, told::TICK_PRICE, &message);
    }

    fn size(&self, out: &mut Vec<u8>, id: i32, size: u64) {
        let (req_id, tick_type) = (Some(self.req_id), Some(id));
        push(out, told::TICK_SIZE, &TickSize { req_id, tick_type, size: Some(size.to_string()) });
    }

    fn text(&self, out: &mut Vec<u8>, id: i32, value: String) {
        let (req_id, tick_type) = (Some(self.req_id), Some(id));
        push(out, told::TICK_STRING, &TickString { req_id, tick_type, value: Some(value) });
    }
}

/// `10.48;100;1380893555000;3600;10.301234;false`: price, size, time in milliseconds, the day's volume and average
/// price, and whether it was a single trade: here one string tells all trades of five seconds.
fn trade_string(bar: &Bar, volume: u64, average: Option<Decimal>) -> String {
    let millis = (bar.start + TRADE_SECONDS) * 1_000;
    let average = average.map(|average| average.to_string()).unwrap_or_default();
    format!("{};{};{millis};{volume};{average};false", bar.close, bar.volume)
}
