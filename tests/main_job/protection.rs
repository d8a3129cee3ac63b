//! Truth 3, protected: on real bars, a short trade and a position over a split, without an unprotected moment.

use crate::story::{Place, PlanText, at, between, d, embedded, new_york, one, real, stop_path};

#[tokio::test(flavor = "multi_thread")]
async fn a_short_trade_on_real_bars_trails_downwards_and_is_protected_at_every_moment() {
    let Some(bars) = real("SPY_1min_2013-10-04_2013-10-11.csv") else { return };
    let day = between(&bars, at("2013-10-08", "10:00"), at("2013-10-08", "16:00"));
    let plan = PlanText {
        id: "SHORT",
        symbol: "SPY",
        entry: "167.30",
        stop: "168.00",
        entry_rule: "close_below",
        entry_frame: "5min",
        exit_rule: "trailing_stop",
        exit_frame: "5min",
        exit_parameters: "trail_percent: 0.25",
        ..PlanText::default()
    };
    let place = Place::with(&[plan]);
    let options = place.options(embedded(one("SPY", day)));
    let ran = place.run_with(options, |line| line.contains("closed:")).await;
    println!("{}", ran.text());
    place.lawful();
    let path = stop_path(&place.events(), "SHORT");
    assert!(path.len() > 4 && path.windows(2).all(|pair| pair[1] < pair[0]), "{path:?}");
    assert_eq!(ran.times("stop moved") + 1, path.len());
    let [trade] = &ran.summary.trades[..] else { panic!("{:?}", ran.summary) };
    assert_eq!(trade.direction.word(), "short");
    assert!(trade.exit_price < trade.entry_price && trade.pnl.decimal() > d("0"), "{trade:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_position_over_a_split_is_stopped_at_the_open_beyond_its_stop() {
    let Some(bars) = real("AAPL_1min_2014-06-05_2014-06-09.csv") else { return };
    let weekend = between(&bars, at("2014-06-06", "15:30"), at("2014-06-09", "09:40"));
    let plan = PlanText {
        id: "SPLIT",
        symbol: "AAPL",
        entry: "645.00",
        stop: "640.00",
        exit_rule: "trailing_stop",
        exit_frame: "5min",
        exit_parameters: "trail_percent: 1.0",
        ..PlanText::default()
    };
    let place = Place::with(&[plan]);
    let options = place.options(embedded(one("AAPL", weekend)));
    let ran = place.run_with(options, |line| line.contains("closed:")).await;
    println!("{}", ran.text());
    place.lawful();
    let [trade] = &ran.summary.trades[..] else { panic!("{:?}", ran.summary) };
    assert_eq!(new_york(trade.entry_time.timestamp()), "2014-06-06 15:31:00");
    // Before the session the price falls through the stop, and nothing may trade; the open is 92.69.
    assert_eq!(new_york(trade.exit_time.timestamp()), "2014-06-09 09:30:00");
    assert_eq!((trade.exit_price, trade.exit_reason.word()), (d("92.69"), "stop"));
    let path = stop_path(&place.events(), "SPLIT");
    assert!(path.windows(2).all(|pair| pair[0] < pair[1]), "{path:?}");
    assert!(path.iter().all(|stop| *stop > d("600")), "the fall moved nothing: {path:?}");
}
