//! Tick by tick: every trade, every quote, every midpoint.
//!
//! The source knows bars, so the trades of five seconds are made: one at each corner of the bar's walk (open, low,
//! high, close where it rose or stood, else open, high, low, close), 0, 1, 3 and 4 seconds into it; corners at the same
//! price one after the other are one trade, at the time of the later. The bar's volume is shared out evenly, the rest
//! goes to the last trade. So the tape's high, low, last and volume are those of the bars.
//!
//! Quotes and midpoints are told when they change, which is at the end of a bar in which something traded.

use rust_decimal::Decimal;

use super::screen::{Age, Shown};
use super::spread::Quote;
use crate::gateway::bars::{Bar, Series};
use crate::gateway::market::Market;
use crate::gateway::messages::{
    PastTicksBidAsk, PastTicksLast, PastTicksMidPoint, Tick, TickAttributes, TickBidAsk, TickByTick,
    TickLast, TickMidPoint, told,
};
use crate::gateway::wire::{double, push};

/// When the last trade of a bar happens, in seconds from its start; its quote stands from then on.
pub(in crate::gateway) const TRADE_SECONDS: i64 = 4;
/// When the corners of a bar trade, in seconds from its start.
const CORNER_SECONDS: [i64; 4] = [0, 1, 3, TRADE_SECONDS];

/// One made trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Trade {
    /// Seconds of the epoch.
    time: i64,
    price: Decimal,
    /// Shares; 0 where the bar has fewer shares than trades.
    size: u64,
}

/// The trades of a bar, oldest first: one to four, none in a bar in which nothing traded.
fn trades(bar: &Bar) -> Vec<Trade> {
    let Bar { start, open, high, low, close, volume, .. } = *bar;
    let mut trades: Vec<Trade> = Vec::with_capacity(CORNER_SECONDS.len());
    if !bar.traded() {
        return trades;
    }
    let corners = if close >= open { [open, low, high, close] } else { [open, high, low, close] };
    for (price, seconds) in corners.into_iter().zip(CORNER_SECONDS) {
        let time = start + seconds;
        match trades.last_mut() {
            Some(last) if last.price == price => last.time = time,
            _ => trades.push(Trade { time, price, size: 0 }),
        }
    }
    let count = trades.len() as u64;
    for trade in &mut trades {
        trade.size = volume / count;
    }
    if let Some(last) = trades.last_mut() {
        last.size += volume % count;
    }
    trades
}

/// The shares of a bar's last trade.
pub(in crate::gateway) fn last_size(bar: &Bar) -> u64 {
    trades(bar).last().map_or(0, |trade| trade.size)
}

/// What is told tick by tick. The number is the one clients know it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Kind {
    Last = 1,
    AllLast = 2,
    BidAsk = 3,
    MidPoint = 4,
}

impl Kind {
    /// As clients spell it, capitals and all.
    pub(in crate::gateway) fn read(text: &str) -> Option<Kind> {
        match text {
            "Last" => Some(Kind::Last),
            "AllLast" => Some(Kind::AllLast),
            "BidAsk" => Some(Kind::BidAsk),
            "MidPoint" => Some(Kind::MidPoint),
            _ => None,
        }
    }
}

/// Which changes of a quote are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Sizes {
    Told,
    Ignored,
}

/// A subscription tick by tick.
#[derive(Debug)]
pub(in crate::gateway) struct TickFeed {
    pub(in crate::gateway) req_id: i32,
    pub(in crate::gateway) symbol: usize,
    pub(in crate::gateway) kind: Kind,
    pub(in crate::gateway) sizes: Sizes,
    /// The quote told last.
    pub(in crate::gateway) told: Option<Quote>,
}

impl TickFeed {
    /// What the last instant brought.
    pub(in crate::gateway) fn tell(&mut self, out: &mut Vec<u8>, market: &Market) {
        let bar = market.slot.bars.get(self.symbol).and_then(Option::as_ref).filter(|bar| bar.traded());
        let Some(bar) = bar.filter(|_| market.screen.shown(self.symbol) == Shown::Flowing) else { return };
        match self.kind {
            Kind::Last | Kind::AllLast => {
                let exchange = exchange(market, self.symbol);
                for trade in trades(bar) {
                    self.push(out, Tick::Last(last(&trade, &exchange)));
                }
            }
            Kind::BidAsk | Kind::MidPoint => {
                let Some(quote) = market.screen.quote(self.symbol, Age::Live) else { return };
                if self.told.is_some_and(|told| self.is_same(&told, &quote)) {
                    return;
                }
                self.told = Some(quote);
                let time = bar.start + TRADE_SECONDS;
                let tick = match self.kind {
                    Kind::BidAsk => Tick::BidAsk(bid_ask(time, &quote)),
                    _ => Tick::MidPoint(midpoint(time, &quote)),
                };
                self.push(out, tick);
            }
        }
    }

    /// The last `count` ticks up to now, in one message of their own, oldest first.
    pub(in crate::gateway) fn tell_past(&mut self, out: &mut Vec<u8>, market: &Market, count: usize) {
        let (req_id, is_done) = (Some(self.req_id), Some(true));
        let silent = market.screen.silent(self.symbol);
        let bars = back_from(&market.series[self.symbol], market.now, silent);
        if matches!(self.kind, Kind::Last | Kind::AllLast) {
            let exchange = exchange(market, self.symbol);
            let trades = bars.flat_map(|bar| trades(&bar).into_iter().rev()).take(count);
            let mut ticks: Vec<_> = trades.map(|trade| last(&trade, &exchange)).collect();
            ticks.reverse();
            return push(out, told::PAST_TICKS_LAST, &PastTicksLast { req_id, ticks, is_done });
        }
        let rule = market.screen.rule(self.symbol);
        let quotes = bars.map(|bar| (bar.start + TRADE_SECONDS, market.screen.spread.quote(&bar, rule)));
        let mut quotes = quotes.peekable();
        let mut past = Vec::new();
        while let Some((time, quote)) = quotes.next().filter(|_| past.len() < count) {
            let changed = quotes.peek().is_none_or(|(_, before)| !self.is_same(before, &quote));
            if changed {
                past.push((time, quote));
            }
        }
        past.reverse();
        self.told = past.last().map(|(_, quote)| *quote);
        if self.kind == Kind::BidAsk {
            let ticks = past.iter().map(|(time, quote)| bid_ask(*time, quote)).collect();
            push(out, told::PAST_TICKS_BID_ASK, &PastTicksBidAsk { req_id, ticks, is_done });
        } else {
            let ticks = past.iter().map(|(time, quote)| midpoint(*time, quote)).collect();
            push(out, told::PAST_TICKS_MIDPOINT, &PastTicksMidPoint { req_id, ticks, is_done });
        }
    }

    /// Whether there is nothing to tell of a quote after another.
    fn is_same(&self, before: &Quote, after: &Quote) -> bool {
        match (self.kind, self.sizes) {
            (Kind::MidPoint, _) => before.midpoint() == after.midpoint(),
            (_, Sizes::Ignored) => (before.bid, before.ask) == (after.bid, after.ask),
            (_, Sizes::Told) => before == after,
        }
    }

    fn push(&self, out: &mut Vec<u8>, tick: Tick) {
        let (req_id, tick_type) = (Some(self.req_id), Some(self.kind as i32));
        push(out, told::TICK_BY_TICK, &TickByTick { req_id, tick_type, tick: Some(tick) });
    }
}

/// The five-second bars of a series that have traded at `now`, newest first.
fn back_from(series: &Series, now: i64, silent: &[(i64, i64)]) -> impl Iterator<Item = Bar> {
    let until = series.bars.partition_point(|bar| bar.time.as_second() < now);
    // A daily bar covers the session of its date, whatever its time says: the next one may have begun.
    let until = (until + 1).min(series.bars.len());
    let over = move |bar: &Bar| {
        bar.start + crate::gateway::clock::SLOT_SECONDS <= now
            && !silent.iter().any(|(from, to)| *from <= bar.start && bar.start < *to)
    };
    let bars = (0..until).rev().flat_map(|index| {
        let mut bars: Vec<Bar> = series.walk(index).collect();
        bars.reverse();
        bars
    });
    bars.filter(move |bar| over(bar))
}

fn exchange(market: &Market, symbol: usize) -> Option<String> {
    market.listings.contract(symbol).primary_exchange
}

fn last(trade: &Trade, exchange: &Option<String>) -> TickLast {
    TickLast {
        time: Some(trade.time),
        attributes: Some(TickAttributes { first: Some(false), second: Some(false) }),
        price: Some(double(trade.price)),
        size: Some(trade.size.to_string()),
        exchange: exchange.clone(),
        conditions: None,
    }
}

fn bid_ask(time: i64, quote: &Quote) -> TickBidAsk {
    TickBidAsk {
        time: Some(time),
        attributes: Some(TickAttributes { first: Some(false), second: Some(false) }),
        bid: Some(double(quote.bid)),
        ask: Some(double(quote.ask)),
        bid_size: Some(quote.bid_size.to_string()),
        ask_size: Some(quote.ask_size.to_string()),
    }
}

fn midpoint(time: i64, quote: &Quote) -> TickMidPoint {
    TickMidPoint { time: Some(time), price: Some(double(quote.midpoint())), size: Some("0".to_owned()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gateway::bars::SourceBar;
    use crate::gateway::quotes::Halt;
    use crate::gateway::wire;

    fn bar(cents: [i64; 4], volume: u64) -> Bar {
        let [open, high, low, close] = cents.map(|cents| Decimal::new(cents, 2));
        Bar { start: 100, open, high, low, close, volume, count: 1 }
    }

    fn play(cents: [i64; 4], volume: u64) -> String {
        let row = |trade: &Trade| format!("{} {} {}", trade.time, trade.price, trade.size);
        trades(&bar(cents, volume)).iter().map(row).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_bar_trades_at_the_corners_of_its_walk() {
        assert_eq!(play([1000, 1030, 990, 1010], 9), "100 10.00 2, 101 9.90 2, 103 10.30 2, 104 10.10 3");
        assert_eq!(play([1000, 1030, 990, 995], 8), "100 10.00 2, 101 10.30 2, 103 9.90 2, 104 9.95 2");
        assert_eq!(play([1000, 1005, 1000, 1005], 5), "101 10.00 2, 104 10.05 3");
        assert_eq!(play([1000, 1000, 1000, 1000], 5), "104 10.00 5");
        assert_eq!(play([1000, 1005, 1000, 1005], 0), "101 10.00 0, 104 10.05 0");
        assert!(trades(&Bar::flat(100, Decimal::TEN)).is_empty());
    }

    /// The ticks of every frame in a buffer, one after the other.
    fn ticks(out: &[u8]) -> Vec<Tick> {
        let (mut rest, mut ticks) = (out, Vec::new());
        while let Some(frame) = wire::frame(rest).expect("our own frames") {
            let id = frame.id - wire::PROTOBUF_ID;
            match id {
                told::TICK_BY_TICK => {
                    ticks.extend(wire::read::<TickByTick>(id, frame.message).expect("ours").tick);
                }
                told::PAST_TICKS_LAST => {
                    let past: PastTicksLast = wire::read(id, frame.message).expect("ours");
                    ticks.extend(past.ticks.into_iter().map(Tick::Last));
                }
                told::PAST_TICKS_BID_ASK => {
                    let past: PastTicksBidAsk = wire::read(id, frame.message).expect("ours");
                    ticks.extend(past.ticks.into_iter().map(Tick::BidAsk));
                }
                _ => {
                    let past: PastTicksMidPoint = wire::read(id, frame.message).expect("ours");
                    ticks.extend(past.ticks.into_iter().map(Tick::MidPoint));
                }
            }
            rest = &rest[frame.bytes..];
        }
        ticks
    }

    #[test]
    fn past_ticks_are_those_that_were_told_when_they_happened() {
        let start: jiff::Timestamp = "2013-10-04T09:30:00-04:00".parse().expect("a time");
        let minute = |(minute, cents): (i64, [i64; 4])| {
            let [open, high, low, close] = cents.map(|cents| Decimal::new(cents, 2));
            let time = jiff::Timestamp::from_second(start.as_second() + minute * 60).expect("a time");
            SourceBar { time, open, high, low, close, volume: 1_000 + minute.unsigned_abs() * 70 }
        };
        let rows = [[1000, 1012, 991, 1006], [1006, 1006, 1006, 1006], [1024, 1060, 1018, 1020]];
        let series = Series::new((0..).zip(rows).map(minute).collect()).expect("whole bars");
        for (kind, sizes) in [
            (Kind::Last, Sizes::Told),
            (Kind::BidAsk, Sizes::Told),
            (Kind::BidAsk, Sizes::Ignored),
            (Kind::MidPoint, Sizes::Told),
        ] {
            let series = Series::new(series.bars.clone()).expect("whole bars");
            let mut market =
                Market::new("DU0000001".to_owned(), Decimal::TEN, vec![("XYZ".to_owned(), series)]);
            let feed = || TickFeed { req_id: 1, symbol: 0, kind, sizes, told: None };
            let (mut live, mut out) = (feed(), Vec::new());
            for instant in 0..40 {
                match instant {
                    15 => market.halt(0, Halt::General),
                    18 => market.halt(0, Halt::None),
                    _ => {}
                }
                assert!(market.advance(&mut Vec::new()));
                live.tell(&mut out, &market);
            }
            let told = ticks(&out);
            assert!(told.len() > 10, "{kind:?}");
            for count in [1, 7, 1_000] {
                let (mut late, mut out) = (feed(), Vec::new());
                late.tell_past(&mut out, &market, count);
                assert_eq!(ticks(&out), told[told.len().saturating_sub(count)..], "{kind:?} {count}");
                assert_eq!(late.told, live.told, "it goes on where they ended");
            }
        }
    }

    proptest! {
        #[test]
        fn the_trades_of_a_bar_add_up_to_it(
            cents in prop::array::uniform4(1i64..100_000), volume in 0u64..1_000_000,
        ) {
            let (high, low) = (cents.iter().max(), cents.iter().min());
            let bar = bar([cents[0], *high.expect("four"), *low.expect("four"), cents[1]], volume);
            let trades = trades(&bar);
            prop_assert!((1..=4).contains(&trades.len()));
            prop_assert_eq!(trades.iter().map(|trade| trade.size).sum::<u64>(), volume);
            prop_assert!(trades.windows(2).all(|pair| pair[0].time <= pair[1].time));
            prop_assert!(trades.iter().all(|trade| 100 <= trade.time && trade.time < 105));
            let (first, last) = (trades.first().expect("one"), trades.last().expect("one"));
            prop_assert_eq!((first.price, last.price), (bar.open, bar.close));
            prop_assert_eq!(trades.iter().map(|trade| trade.price).max(), Some(bar.high));
            prop_assert_eq!(trades.iter().map(|trade| trade.price).min(), Some(bar.low));
        }
    }
}
