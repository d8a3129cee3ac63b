use jiff::Timestamp;
use rust_decimal::Decimal;

use super::*;
use crate::gateway::bars::SourceBar;

/// Minute bars from 09:28 on two days, each a cent above the last.
fn series() -> Arc<Series> {
    let mut bars = Vec::new();
    for day in ["2013-10-04T09:28:00-04:00", "2013-10-07T09:28:00-04:00"] {
        let start: Timestamp = day.parse().expect("a time");
        for minute in 0..120 {
            let price = Decimal::new(10_000 + minute, 2);
            let time = Timestamp::from_second(start.as_second() + minute * 60).expect("a time");
            let high = price + Decimal::new(2, 2);
            bars.push(SourceBar { time, open: price, high, low: price, close: price, volume: 120 });
        }
    }
    Arc::new(Series::new(bars).expect("whole bars"))
}

fn job(now: &str, size: &str, duration: &str, rth: Option<bool>) -> Job {
    let series = series();
    let text = |text: &str| Some(text.to_owned());
    let request = HistoricalDataRequest {
        req_id: Some(9),
        bar_size: text(size),
        duration: text(duration),
        use_rth: rth,
        ..HistoricalDataRequest::default()
    };
    let days = Arc::new(Days::of(std::slice::from_ref(&series)));
    let now = clock::parse_stamp(now).expect("a time");
    let rule = series.rule();
    let source = Source { series, spread: Spread::default(), rule, silent: Vec::new() };
    Job { request, source, days, now, until: now, rights: MarketData::Live }
}

fn play(job: &Job) -> String {
    let row = |bar: &Bar| {
        let Bar { start, open, high, low, close, volume, count } = bar;
        let at = clock::wall(*start).strftime("%d %H:%M:%S");
        format!("{at} {open} {high} {low} {close} {volume} {count}")
    };
    match job.query().and_then(|query| collect(&job.source, &job.days, &query)) {
        Ok(bars) => bars.iter().map(row).collect::<Vec<_>>().join("\n"),
        Err(refusal) => format!("refused {}", refusal.code),
    }
}

#[test]
fn bars_add_up_to_market_now_and_a_bar_that_is_not_over_is_cut_there() {
    insta::assert_snapshot!(play(&job("20131004 09:32:10", "1 min", "1 D", None)), @r"
    04 09:28:00 100.00 100.02 100.00 100.00 120 12
    04 09:29:00 100.01 100.03 100.01 100.01 120 12
    04 09:30:00 100.02 100.04 100.02 100.02 120 12
    04 09:31:00 100.03 100.05 100.03 100.03 120 12
    04 09:32:00 100.04 100.04 100.04 100.04 20 2
    ");
}

#[test]
fn regular_hours_begin_at_the_open_and_larger_bars_stand_on_the_clock() {
    insta::assert_snapshot!(play(&job("20131004 20:00:00", "1 hour", "1 D", Some(true))), @r"
    04 09:30:00 100.02 100.33 100.02 100.31 3600 360
    04 10:00:00 100.32 100.93 100.32 100.91 7200 720
    04 11:00:00 100.92 101.21 100.92 101.19 3360 336
    ");
}

#[test]
fn days_are_days_with_bars_counted_back_from_the_date_of_the_end() {
    insta::assert_snapshot!(play(&job("20131007 20:00:00", "1 day", "2 D", None)), @r"
    04 00:00:00 100.00 101.21 100.00 101.19 14400 1440
    07 00:00:00 100.00 101.21 100.00 101.19 14400 1440
    ");
    assert_eq!(play(&job("20131007 20:00:00", "1 day", "1 D", Some(true))).lines().count(), 1);
}

#[test]
fn five_second_bars_are_the_ones_that_were_sent() {
    let told = play(&job("20131004 09:30:10", "5 secs", "20 S", None));
    insta::assert_snapshot!(told, @r"
    04 09:29:50 100.02 100.02 100.02 100.02 10 1
    04 09:29:55 100.02 100.02 100.01 100.01 10 1
    04 09:30:00 100.02 100.02 100.02 100.02 10 1
    04 09:30:05 100.02 100.02 100.02 100.02 10 1
    ");
    let mut job = job("20131004 12:00:00", "5 secs", "60 S", None);
    job.request.end = Some("20131004 13:30:00 UTC".to_owned());
    assert!(play(&job).starts_with("04 09:29:00"), "the end is a time of the request");
}

#[test]
fn what_is_not_there_or_not_simulated_is_refused() {
    assert_eq!(play(&job("20131004 12:00:00", "1 week", "1 D", None)), "refused 321");
    assert_eq!(play(&job("20131004 12:00:00", "1 min", "a while", None)), "refused 321");
    let mut out = Vec::new();
    let refused = job("20131004 09:00:00", "1 min", "1 D", None).answer(&mut out);
    assert_eq!(refused.map_err(|refusal| refusal.code), Err(162));
    assert!(play(&job("20131007 20:00:00", "1 min", "9999999999 M", None)).starts_with("refused"));
}

#[test]
fn bids_asks_and_midpoints_are_seen_around_the_trades() {
    // Of a spread of one tick, it lies below the price where a five-second bar rose or stood, else above it.
    for (show, told) in [
        ("BID", "04 09:30:00 100.01 100.04 100.01 100.02 120 12"),
        ("MIDPOINT", "04 09:30:00 100.015 100.045 100.015 100.025 120 12"),
        ("ASK", "04 09:30:00 100.02 100.05 100.02 100.03 120 12"),
    ] {
        let mut job = job("20131004 09:31:00", "1 min", "60 S", None);
        job.request.what_to_show = Some(show.to_owned());
        assert_eq!(play(&job), told);
        let row = row(&Bar::flat(0, Decimal::TEN), Size::Seconds(5), None, Show::Bid);
        assert_eq!(
            (row.volume.as_deref(), row.wap.as_deref(), row.count),
            (Some("-1"), Some("-1"), Some(-1))
        );
    }
    let mut job = job("20131004 09:31:00", "1 min", "60 S", None);
    job.request.what_to_show = Some("SCHEDULE".to_owned());
    assert_eq!(play(&job), "refused 321");
}

#[test]
fn what_did_not_trade_in_a_halt_is_no_history() {
    let mut job = job("20131004 09:33:00", "1 min", "3600 S", None);
    let second = |text| clock::parse_stamp(text).expect("a time");
    job.source.silent = vec![(second("20131004 09:30:30"), second("20131004 09:32:00"))];
    insta::assert_snapshot!(play(&job), @r"
    04 09:28:00 100.00 100.02 100.00 100.00 120 12
    04 09:29:00 100.01 100.03 100.01 100.01 120 12
    04 09:30:00 100.02 100.03 100.02 100.03 60 6
    04 09:32:00 100.04 100.06 100.04 100.04 120 12
    ");
}
