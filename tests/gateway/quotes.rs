//! Quotes, ticks and bars that keep up to date, compared with the bars they are made of.

#![expect(clippy::float_cmp, reason = "what is told twice is the same number, bit by bit")]

use std::collections::BTreeMap;

use futures_util::{FutureExt, StreamExt};
use ibapi::contracts::tick_types::TickType;
use ibapi::market_data::historical::{BarSize, BarTimestamp, HistoricalBarUpdate, ToDuration, WhatToShow};
use ibapi::market_data::realtime::{Bar, TickTypes, WhatToShow as RealtimeWhatToShow};
use ibapi::market_data::{IgnoreSize, MarketDataType, TradingHours};
use ibapi::orders::Action;
use ibapi::prelude::{Subscription, SubscriptionItem};
use prusik::gateway::{Gateway, Halt, MarketData, MarketStart, Settings};

use crate::desk::*;

type Ticks = BTreeMap<String, String>;

/// Adds what has arrived to what was told before; also everything in the order it came.
fn take(quotes: &mut Subscription<TickTypes>, seen: &mut Ticks) -> Vec<String> {
    let mut came = Vec::new();
    while let Some(Some(item)) = quotes.next().now_or_never() {
        let pairs = match item.expect("a readable tick") {
            SubscriptionItem::Data(tick) => values(&tick),
            SubscriptionItem::Notice(notice) => vec![("notice".to_owned(), notice.code.to_string())],
        };
        for (name, value) in pairs {
            came.push(format!("{name} {value}"));
            seen.insert(name, value);
        }
    }
    came
}

fn values(tick: &TickTypes) -> Vec<(String, String)> {
    let name = |tick: &TickType| format!("{tick:?}");
    match tick {
        TickTypes::Price(it) => vec![(name(&it.tick_type), it.price.to_string())],
        TickTypes::Size(it) => vec![(name(&it.tick_type), it.size.to_string())],
        TickTypes::String(it) => vec![(name(&it.tick_type), it.value.clone())],
        TickTypes::Generic(it) => vec![(name(&it.tick_type), it.value.to_string())],
        TickTypes::PriceSize(it) => vec![
            (name(&it.price_tick_type), it.price.to_string()),
            (name(&it.size_tick_type), it.size.to_string()),
        ],
        TickTypes::MarketDataType(it) => vec![("type".to_owned(), format!("{it:?}"))],
        TickTypes::RequestParameters(it) => vec![("tick".to_owned(), it.min_tick.to_string())],
        TickTypes::SnapshotEnd => vec![("end".to_owned(), String::new())],
        other => panic!("not asked for: {other:?}"),
    }
}

async fn quotes(desk: &Desk, generic: &[&str]) -> Subscription<TickTypes> {
    let contract = xyz();
    in_time(desk.client.market_data(&contract).generic_ticks(generic).subscribe()).await.expect("subscribed")
}

async fn next_bar(bars: &mut Subscription<Bar>) -> Bar {
    loop {
        if let SubscriptionItem::Data(bar) = in_time(bars.next()).await.expect("a bar").expect("readable") {
            return bar;
        }
    }
}

/// One instant: the client is done with the last, and has seen the next bar.
async fn step(desk: &Desk, bars: &mut Subscription<Bar>) -> Bar {
    desk.done().await;
    next_bar(bars).await
}

fn number(seen: &Ticks, name: &str) -> f64 {
    seen.get(name).unwrap_or_else(|| panic!("{name} was told")).parse().expect("a number")
}

#[tokio::test]
async fn quotes_show_the_bars_last_trade_and_day_with_bid_and_ask_around_it() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let desk = Desk::at(&gateway, 1).await;
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    let mut quotes = quotes(&desk, &["233", "9999"]).await;
    let mut seen = Ticks::new();
    let first = step(&desk, &mut bars).await;
    let came = take(&mut quotes, &mut seen);
    assert_eq!(first.close, 9.98);
    insta::assert_snapshot!(came.join("\n"), @r"
    tick 0.01
    type Realtime
    Halted 0
    Bid 9.98
    BidSize 100
    Ask 9.99
    AskSize 100
    Last 9.98
    LastSize 50
    Volume 100
    High 10
    Low 9.98
    Open 10
    LastTimestamp 1380893404
    RtVolume 9.98;100;1380893404000;100;9.98;false
    ");
    let (mut high, mut low, mut volume) = (first.high, first.low, first.volume);
    for _ in 1..48 {
        let bar = step(&desk, &mut bars).await;
        take(&mut quotes, &mut seen);
        (high, low, volume) = (high.max(bar.high), low.min(bar.low), volume + bar.volume);
        assert_eq!(number(&seen, "Last"), bar.close);
        assert_eq!([number(&seen, "High"), number(&seen, "Low")], [high, low]);
        assert_eq!((number(&seen, "Volume"), number(&seen, "Open")), (volume, 10.0));
        assert_eq!(number(&seen, "LastTimestamp") as i64, bar.date.unix_timestamp() + 4);
        let (bid, ask) = (number(&seen, "Bid"), number(&seen, "Ask"));
        assert!(0.0 < bid && bid < ask && bid <= bar.close && bar.close <= ask, "{bid} {ask} {bar:?}");
    }
    assert_eq!(seen["RtVolume"].split(';').nth(3), Some("4800"));
    step(&desk, &mut bars).await;
    assert_eq!(take(&mut quotes, &mut seen), [""; 0], "nothing traded, nothing changed");

    let contract = xyz();
    let snapshot =
        in_time(desk.client.market_data(&contract).snapshot_once(PATIENCE)).await.expect("all of it");
    let snapshot: Ticks = snapshot.iter().flat_map(values).collect();
    for name in ["Bid", "Ask", "Last", "BidSize", "AskSize", "LastSize", "Volume", "High", "Low", "Open"] {
        assert_eq!(snapshot[name], seen[name], "{name}");
    }
    gateway.shutdown().await;
}

#[tokio::test]
async fn trades_tick_by_tick_add_up_to_their_bars_and_quotes_come_when_they_change() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let desk = Desk::at(&gateway, 1).await;
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    let contract = xyz();
    let ticks = || desk.client.tick_by_tick(&contract, 0);
    let mut trades = in_time(ticks().last()).await.expect("subscribed");
    let mut all = in_time(ticks().all_last()).await.expect("subscribed");
    let mut both = in_time(ticks().bid_ask(IgnoreSize::Yes)).await.expect("subscribed");
    let mut sized = in_time(ticks().bid_ask(IgnoreSize::No)).await.expect("subscribed");
    let mut middle = in_time(ticks().mid_point()).await.expect("subscribed");
    let mut quotes = quotes(&desk, &[]).await;
    let mut seen = Ticks::new();
    let mut last_quote = None;
    for _ in 0..48 {
        let bar = step(&desk, &mut bars).await;
        take(&mut quotes, &mut seen);
        let (bid, ask) = (number(&seen, "Bid"), number(&seen, "Ask"));
        let mut told = Vec::new();
        while let Some(Some(item)) = trades.next().now_or_never() {
            let SubscriptionItem::Data(trade) = item.expect("readable") else { panic!("a notice") };
            told.push((trade.time.unix_timestamp() - bar.date.unix_timestamp(), trade.price, trade.size));
        }
        let mut again = 0;
        while let Some(Some(item)) = all.next().now_or_never() {
            again += i32::from(item.expect("readable").into_data().is_some());
        }
        assert!((1..=4).contains(&told.len()) && again as usize == told.len(), "{told:?}");
        assert_eq!(told.iter().map(|(_, _, size)| size).sum::<f64>(), bar.volume);
        assert_eq!((told[0].1, told[told.len() - 1].1), (bar.open, bar.close));
        assert!(told.iter().all(|(_, price, _)| bar.low <= *price && *price <= bar.high));
        assert!(told.iter().any(|(_, price, _)| *price == bar.high) && told.is_sorted_by_key(|tick| tick.0));
        assert!(told.iter().all(|(seconds, ..)| (0..5).contains(seconds)));

        let changed = last_quote != Some((bid, ask));
        last_quote = Some((bid, ask));
        let one = both.next().now_or_never().flatten();
        assert_eq!(one.is_some(), changed, "told when it changes");
        if let Some(Ok(SubscriptionItem::Data(tick))) = one {
            assert_eq!((tick.bid_price, tick.ask_price), (bid, ask));
        }
        if let Some(Some(Ok(SubscriptionItem::Data(tick)))) = middle.next().now_or_never() {
            assert!((tick.mid_point - (bid + ask) / 2.0).abs() < 1e-9);
        }
        if let Some(Some(Ok(SubscriptionItem::Data(tick)))) = sized.next().now_or_never() {
            assert_eq!((tick.bid_size, tick.ask_size), (number(&seen, "BidSize"), number(&seen, "AskSize")));
        }
    }
    let mut sixth = in_time(ticks().last()).await.expect("written");
    let refused = in_time(sixth.next()).await.expect("an answer").expect_err("one too many");
    assert!(refused.to_string().contains("10190"), "{refused}");
    gateway.shutdown().await;
}

#[tokio::test]
async fn bars_that_keep_up_to_date_end_as_history_tells_them_later() {
    for (size, show) in [
        (BarSize::Min, WhatToShow::Trades),
        (BarSize::Sec15, WhatToShow::Bid),
        (BarSize::Min5, WhatToShow::MidPoint),
        (BarSize::Sec5, WhatToShow::Ask),
        (BarSize::Hour, WhatToShow::Trades),
        (BarSize::Day, WhatToShow::Trades),
    ] {
        let gateway = Gateway::start(settings()).await.expect("started");
        let desk = Desk::at(&gateway, 1).await;
        desk.done().await;
        let contract = xyz();
        let history = || {
            let history = desk.client.historical_data(&contract, size).what_to_show(show);
            history.trading_hours(TradingHours::Extended).duration(1.days())
        };
        let mut stream = in_time(history().stream()).await.expect("subscribed");
        let SubscriptionItem::Data(HistoricalBarUpdate::Historical(batch)) =
            in_time(stream.next()).await.expect("the batch").expect("readable")
        else {
            panic!("bars come first")
        };
        assert!(batch.bars.is_empty(), "nothing has traded");
        let SubscriptionItem::Data(HistoricalBarUpdate::End { .. }) =
            in_time(stream.next()).await.expect("the end").expect("readable")
        else {
            panic!("the end of the batch")
        };
        // It keeps step by this subscription alone.
        let mut told = BTreeMap::new();
        let mut count = 0;
        for _ in 0..60 {
            desk.done().await;
            in_time(desk.client.server_time()).await.expect("a round trip");
            while let Some(Some(item)) = stream.next().now_or_never() {
                let SubscriptionItem::Data(HistoricalBarUpdate::Update(bar)) = item.expect("readable") else {
                    panic!("updates only")
                };
                let time = match bar.date {
                    BarTimestamp::Date(date) => date.to_string(),
                    BarTimestamp::DateTime(time) => time.unix_timestamp().to_string(),
                };
                told.insert(time, (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.wap, bar.count));
                count += 1;
            }
        }
        assert!((48..=60).contains(&count), "{size:?}: with every five seconds, {count}");
        let plain = in_time(history().fetch()).await.expect("history");
        let plain: Vec<_> = plain
            .bars
            .iter()
            .map(|bar| (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.wap, bar.count))
            .collect();
        assert_eq!(told.into_values().collect::<Vec<_>>(), plain, "{size:?} {show:?}");
        gateway.shutdown().await;
    }
}

#[tokio::test]
async fn a_bar_that_had_begun_before_the_subscription_is_told_whole() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let desk = Desk::at(&gateway, 1).await;
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    let mut minute = step(&desk, &mut bars).await;
    for _ in 1..18 {
        let bar = step(&desk, &mut bars).await;
        minute = if bar.date.second() == 0 {
            bar
        } else {
            Bar {
                high: minute.high.max(bar.high),
                low: minute.low.min(bar.low),
                close: bar.close,
                volume: minute.volume + bar.volume,
                ..minute
            }
        };
    }
    let contract = xyz();
    let history = desk.client.historical_data(&contract, BarSize::Min).trading_hours(TradingHours::Extended);
    let mut stream = in_time(history.duration(10.seconds()).stream()).await.expect("subscribed");
    let SubscriptionItem::Data(HistoricalBarUpdate::Historical(batch)) =
        in_time(stream.next()).await.expect("the batch").expect("readable")
    else {
        panic!("bars come first")
    };
    let last = batch.bars.last().expect("the bar that forms");
    assert_eq!((last.open, last.high, last.low), (minute.open, minute.high, minute.low));
    in_time(stream.next()).await.expect("the end").expect("readable");
    let bar = step(&desk, &mut bars).await;
    let SubscriptionItem::Data(HistoricalBarUpdate::Update(told)) =
        in_time(stream.next()).await.expect("an update").expect("readable")
    else {
        panic!("an update")
    };
    assert_eq!((told.close, told.volume), (bar.close, minute.volume + bar.volume));
    assert_eq!((told.high, told.open), (minute.high.max(bar.high), minute.open));
    gateway.shutdown().await;
}

#[tokio::test]
async fn real_time_bars_of_quotes_end_where_the_quotes_stand() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let desk = Desk::at(&gateway, 1).await;
    desk.done().await;
    let contract = xyz();
    let show = |show| desk.client.realtime_bars(&contract).what_to_show(show);
    let mut bids = in_time(show(RealtimeWhatToShow::Bid).subscribe()).await.expect("subscribed");
    let mut asks = in_time(show(RealtimeWhatToShow::Ask).subscribe()).await.expect("subscribed");
    let mut bars = desk.bars("XYZ").await;
    let mut quotes = quotes(&desk, &[]).await;
    let mut seen = Ticks::new();
    for _ in 0..60 {
        step(&desk, &mut bars).await;
        take(&mut quotes, &mut seen);
        let (bid, ask) = (next_bar(&mut bids).await, next_bar(&mut asks).await);
        assert_eq!((bid.close, ask.close), (number(&seen, "Bid"), number(&seen, "Ask")));
        assert!(bid.high < ask.high && bid.low < ask.low);
        assert_eq!((bid.volume, bid.wap, bid.count), (-1.0, -1.0, -1));
    }
    gateway.shutdown().await;
}

#[tokio::test]
async fn without_a_live_subscription_quotes_are_late_and_everything_else_is_refused() {
    let delayed = Settings { market_data: MarketData::Delayed, ..settings() };
    let gateway = Gateway::start(delayed).await.expect("started");
    let desk = Desk::at(&gateway, 1).await;
    desk.done().await;
    let contract = xyz();
    let mut live = quotes(&desk, &[]).await;
    let refused = in_time(live.next()).await.expect("an answer").expect_err("not subscribed");
    assert!(refused.to_string().contains("[354] Requested market data is not subscribed"), "{refused}");
    let mut bars = desk.bars("XYZ").await;
    let refused = in_time(bars.next()).await.expect("an answer").expect_err("not subscribed");
    assert!(
        refused.to_string().contains("420") && refused.to_string().contains("No market data permissions")
    );
    let mut trades = in_time(desk.client.tick_by_tick(&contract, 0).last()).await.expect("written");
    let refused = in_time(trades.next()).await.expect("an answer").expect_err("not subscribed");
    assert!(refused.to_string().contains("10189"), "{refused}");
    let history = desk.client.historical_data(&contract, BarSize::Min).duration(1.days());
    let mut stream = in_time(history.stream()).await.expect("written");
    in_time(stream.next()).await.expect("the batch").expect("readable");
    in_time(stream.next()).await.expect("the end").expect("readable");
    let refused = in_time(stream.next()).await.expect("an answer").expect_err("no updates");
    assert!(refused.to_string().contains("10182"), "{refused}");

    in_time(desk.client.switch_market_data_type(MarketDataType::Delayed)).await.expect("written");
    let mut late = quotes(&desk, &["233"]).await;
    let mut seen = Ticks::new();
    in_time(desk.client.server_time()).await.expect("a round trip");
    let came = take(&mut late, &mut seen);
    assert_eq!(came, ["notice 10167", "tick 0.01", "type Delayed", "DelayedHalted 0"]);
    // Instants that tell it nothing are not waited for, so the next it hears of is the first of 15 minutes later.
    let open = gateway.market_time();
    desk.done().await;
    in_time(desk.client.server_time()).await.expect("a round trip");
    take(&mut late, &mut seen);
    assert_eq!((number(&seen, "DelayedLast"), gateway.market_time()), (9.98, open + 905));
    for _ in 1..48 {
        desk.done().await;
        in_time(desk.client.server_time()).await.expect("a round trip");
        take(&mut late, &mut seen);
    }
    assert_eq!(gateway.market_time(), open + 905 + 47 * 5);
    assert_eq!((number(&seen, "DelayedLast"), number(&seen, "DelayedVolume")), (10.03, 4_800.0));
    assert_eq!([number(&seen, "DelayedHigh"), number(&seen, "DelayedLow")], [10.6, 9.91]);
    let (bid, ask) = (number(&seen, "DelayedBid"), number(&seen, "DelayedAsk"));
    assert!(bid <= 10.03 && 10.03 <= ask && bid < ask);
    gateway.shutdown().await;

    let nothing = Settings { market_data: MarketData::None, ..settings() };
    let gateway = Gateway::start(nothing).await.expect("started");
    let desk = Desk::at(&gateway, 1).await;
    in_time(desk.client.switch_market_data_type(MarketDataType::DelayedFrozen)).await.expect("written");
    let mut quotes = quotes(&desk, &[]).await;
    let refused = in_time(quotes.next()).await.expect("an answer").expect_err("not subscribed");
    assert!(refused.to_string().contains("354"), "{refused}");
    let history = desk.client.historical_data(&contract, BarSize::Min).duration(1.days());
    let refused = in_time(history.fetch()).await.expect_err("not subscribed");
    assert!(refused.to_string().contains("162"), "{refused}");
    gateway.shutdown().await;
}

#[tokio::test]
async fn at_the_close_frozen_quotes_stay_and_live_ones_are_gone_until_the_next_open() {
    let late = minutes("2013-10-04T15:58:00-04:00", &MINUTES[..2]);
    let next = minutes("2013-10-07T09:30:00-04:00", &MINUTES[..1]);
    let bars = vec![("XYZ".to_owned(), [late, next].concat())];
    let gateway = Gateway::start(Settings { bars, ..Settings::default() }).await.expect("started");
    let desk = Desk::at(&gateway, 1).await;
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    let mut live = quotes(&desk, &[]).await;
    in_time(desk.client.switch_market_data_type(MarketDataType::Frozen)).await.expect("written");
    let mut frozen = quotes(&desk, &[]).await;
    let (mut seen, mut kept) = (Ticks::new(), Ticks::new());
    for _ in 0..23 {
        step(&desk, &mut bars).await;
        take(&mut live, &mut seen);
        take(&mut frozen, &mut kept);
    }
    assert_eq!((kept["type"].as_str(), seen["type"].as_str()), ("Realtime", "Realtime"));
    let last = step(&desk, &mut bars).await;
    take(&mut live, &mut seen);
    take(&mut frozen, &mut kept);
    assert_eq!((number(&seen, "Bid"), number(&seen, "Ask"), number(&seen, "BidSize")), (-1.0, -1.0, 0.0));
    assert_eq!((seen["type"].as_str(), kept["type"].as_str()), ("Realtime", "Frozen"));
    assert!(number(&kept, "Bid") <= last.close && last.close <= number(&kept, "Ask"));
    let open = step(&desk, &mut bars).await;
    take(&mut live, &mut seen);
    take(&mut frozen, &mut kept);
    assert_eq!(kept["type"], "Realtime");
    assert_eq!((number(&kept, "Close"), number(&kept, "Open")), (last.close, open.open));
    assert_ne!(last.close, open.open);
    assert_eq!((&seen["Bid"], &seen["Ask"]), (&kept["Bid"], &kept["Ask"]));
    assert_eq!(number(&kept, "Volume"), open.volume);
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_halted_symbol_says_so_and_nothing_of_it_trades() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let mut desk = Desk::at(&gateway, 1).await;
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    let mut quotes = quotes(&desk, &[]).await;
    let mut seen = Ticks::new();
    let before = step(&desk, &mut bars).await;
    take(&mut quotes, &mut seen);
    gateway.halt("XYZ", Halt::Volatility).expect("it is there");
    assert!(gateway.halt("QQQ", Halt::General).is_err());
    desk.place(1, &order(Action::Buy, "MKT", 0.0)).await;
    for _ in 0..12 {
        let bar = step(&desk, &mut bars).await;
        assert_eq!((bar.open, bar.close, bar.volume, bar.count), (before.close, before.close, 0.0, 0));
        take(&mut quotes, &mut seen);
        assert_eq!((number(&seen, "Halted"), number(&seen, "Last")), (2.0, before.close));
    }
    assert!(!desk.drain().await.contains("execution"));
    gateway.halt("XYZ", Halt::None).expect("it is there");
    let bar = step(&desk, &mut bars).await;
    take(&mut quotes, &mut seen);
    assert_eq!((number(&seen, "Halted"), number(&seen, "Last")), (0.0, bar.close));
    assert!(desk.drain().await.contains(&format!("Bought 100 at {}", bar.open)));
    let contract = xyz();
    let history = desk.client.historical_data(&contract, BarSize::Sec5).duration(1.days());
    let told = in_time(history.trading_hours(TradingHours::Extended).fetch()).await.expect("history");
    assert_eq!(told.bars.len(), 2, "what the source has of the halt never happened");
    gateway.shutdown().await;
}

#[tokio::test]
async fn frozen_data_goes_quiet_while_the_symbol_trades_on() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let mut desk = Desk::at(&gateway, 1).await;
    desk.done().await;
    let mut bars = desk.bars("XYZ").await;
    let mut other = desk.bars("ABC").await;
    let mut quotes = quotes(&desk, &[]).await;
    let mut seen = Ticks::new();
    step(&desk, &mut other).await;
    next_bar(&mut bars).await;
    take(&mut quotes, &mut seen);
    gateway.freeze_data("XYZ").expect("it is there");
    desk.place(1, &order(Action::Buy, "MKT", 0.0)).await;
    for _ in 0..12 {
        step(&desk, &mut other).await;
        assert_eq!(take(&mut quotes, &mut seen), [""; 0]);
        assert!(bars.next().now_or_never().is_none());
    }
    assert!(desk.drain().await.contains("execution"));
    gateway.thaw_data("XYZ").expect("it is there");
    step(&desk, &mut other).await;
    let bar = next_bar(&mut bars).await;
    take(&mut quotes, &mut seen);
    assert_eq!((number(&seen, "Last"), number(&seen, "Volume")), (bar.close, 1_400.0));
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_client_may_watch_a_hundred_symbols_and_cancels_what_it_no_longer_wants() {
    let gateway =
        Gateway::start(Settings { start: MarketStart::OnCommand, ..settings() }).await.expect("started");
    let mut raw = Raw::greet(&gateway, "v213..226").await;
    raw.frame(71, &[0x08, 3]).await;
    for line in 1..=101 {
        raw.frame(1, &[&[0x08, line][..], b"\x12\x05\x12\x03XYZ"].concat()).await;
    }
    let mut error = async |id: u8, message: &[u8]| {
        if id > 0 {
            raw.frame(u32::from(id), message).await;
        }
        loop {
            let (id, message) = raw.next().await.expect("a frame");
            let text = String::from_utf8_lossy(&message).into_owned();
            if id == 4 && !text.contains("farm") && !text.contains("market time") {
                return text;
            }
        }
    };
    assert!(error(0, &[]).await.contains("Max number of tickers has been reached."));
    let again = error(1, b"\x08\x07\x12\x05\x12\x03XYZ").await;
    assert!(again.contains("Duplicate ticker ID."), "{again}");
    let unknown = error(2, &[0x08, 101]).await;
    assert!(unknown.contains("Can't find EId with tickerId:101"), "{unknown}");
    let unknown = error(98, &[0x08, 101]).await;
    assert!(unknown.contains("Can't find EId with tickerId:101"), "{unknown}");
    let wrong = error(97, b"\x08\x65\x12\x05\x12\x03XYZ\x1a\x04last").await;
    assert!(wrong.contains("the tick type is Last, AllLast, BidAsk or MidPoint"), "{wrong}");
    let wrong = error(59, &[0x08, 9]).await;
    assert!(wrong.contains("market data type"), "{wrong}");
    let stranger = error(1, b"\x08\x65\x12\x05\x12\x03QQQ").await;
    assert!(stranger.contains("No security definition"), "{stranger}");
    gateway.shutdown().await;
}

#[tokio::test]
async fn one_instant_brings_quotes_then_ticks_then_forming_bars_then_the_bar_and_always_the_same() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let gateway = Gateway::start(settings()).await.expect("started");
        let mut raw = Raw::greet(&gateway, "v213..226").await;
        raw.frame(71, &[0x08, 3]).await;
        raw.frame(105, &[]).await;
        let wanted = |id: u8, rest: &[u8]| [&[0x08, id][..], b"\x12\x05\x12\x03XYZ", rest].concat();
        raw.frame(50, &wanted(7, &[])).await;
        raw.frame(20, &wanted(8, b"\x22\x051 min\x2a\x031 D\x48\x01")).await;
        raw.frame(105, &[]).await;
        // With the last ten trades and quotes so far.
        for _ in 0..5 {
            raw.frame(105, &[]).await;
        }
        raw.frame(97, &wanted(9, b"\x1a\x04Last\x20\x0a")).await;
        raw.frame(97, &wanted(10, b"\x1a\x06BidAsk\x20\x0a")).await;
        raw.frame(97, &wanted(11, b"\x1a\x08MidPoint\x20\x02")).await;
        raw.frame(1, &wanted(12, &[])).await;
        for _ in 0..3 {
            raw.frame(105, &[]).await;
        }
        let mut frames: Vec<(u32, Vec<u8>)> = Vec::new();
        while frames.iter().filter(|(id, _)| *id == 50).count() < 9 {
            frames.push(raw.next().await.expect("a frame"));
        }
        runs.push(frames);
        gateway.shutdown().await;
    }
    assert_eq!(runs[0], runs[1]);
    let ids: Vec<u32> = runs[0].iter().map(|(id, _)| *id).collect();
    for past in [96, 97, 98] {
        assert_eq!(ids.iter().filter(|id| **id == past).count(), 1, "message {past}");
    }
    let bars: Vec<_> = (0..ids.len()).filter(|place| ids[*place] == 50).collect();
    let mut instant: Vec<u32> = ids[bars[6] + 1..=bars[7]].to_vec();
    instant.retain(|id| *id != 109);
    insta::assert_snapshot!(format!("{instant:?}"), @"[1, 1, 1, 2, 1, 46, 99, 99, 99, 99, 90, 50]");
}
