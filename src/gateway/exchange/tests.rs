use jiff::Timestamp;
use rust_decimal::Decimal;

use super::*;
use crate::gateway::bars::{Series, SourceBar};

/// An exchange of one symbol with one minute of bars, open.
fn exchange() -> Exchange {
    let price = Decimal::TEN;
    let time: Timestamp = "2013-10-04T15:59:00-04:00".parse().expect("a time");
    let bar = SourceBar { time, open: price, high: price, low: price, close: price, volume: 12 };
    let series = Series::new(vec![bar]).expect("a whole bar");
    let mut exchange =
        Exchange::new(Market::new("DU0000001".to_owned(), price, vec![("XYZ".to_owned(), series)]));
    exchange.open();
    exchange
}

fn join(exchange: &mut Exchange, id: i32) {
    exchange.clients.insert(id, Client::new(Arc::new(Notify::new())));
}

fn subscribe(exchange: &mut Exchange, id: i32) {
    let feed = BarFeed { req_id: 1, symbol: 0, reach: Reach::AnyHour, show: Show::Trades };
    exchange.clients.get_mut(&id).expect("a client").bars.push(feed);
}

#[test]
fn a_client_that_joins_before_it_subscribes_holds_the_market_until_it_says_so_again() {
    let mut exchange = exchange();
    join(&mut exchange, 1);
    assert!(exchange.may_advance(), "a client that never said anything is just sent what there is");
    exchange.done(1);
    subscribe(&mut exchange, 1);
    assert!(!exchange.may_advance());
    exchange.done(1);
    assert!(exchange.may_advance());
    exchange.advance();
    assert!(!exchange.may_advance(), "it owes a word about the instant it got");
    exchange.done(1);
    assert!(exchange.may_advance());
}

#[test]
fn opening_by_command_releases_those_who_only_joined() {
    let mut exchange = exchange();
    join(&mut exchange, 1);
    exchange.done(1);
    subscribe(&mut exchange, 1);
    exchange.open_by_command();
    assert!(exchange.may_advance());
}

#[test]
fn nothing_waits_for_a_client_without_a_subscription_or_for_one_that_was_dropped_as_silent() {
    let mut exchange = exchange();
    join(&mut exchange, 1);
    exchange.done(1);
    exchange.done(1);
    exchange.advance();
    assert!(exchange.may_advance(), "no bars, nothing to wait for");
    subscribe(&mut exchange, 1);
    assert!(exchange.is_held());
    exchange.drop_silent();
    assert!(exchange.may_advance() && !exchange.is_held());
    exchange.done(1);
    exchange.advance();
    assert!(exchange.is_held(), "it may come back");
}

#[test]
fn the_market_waits_for_a_client_whose_frames_pile_up() {
    let mut exchange = exchange();
    join(&mut exchange, 1);
    exchange.clients.get_mut(&1).expect("a client").in_flight = WAITING_BYTES_MAX + 1;
    assert!(!exchange.may_advance() && !exchange.is_held());
}

#[test]
fn the_end_of_the_bars_is_told_once_after_the_last_instant_is_done_with() {
    let mut exchange = exchange();
    join(&mut exchange, 1);
    subscribe(&mut exchange, 1);
    exchange.done(1);
    let mut instants = 0;
    while exchange.phase == Phase::Open {
        exchange.clients.get_mut(&1).expect("a client").out.clear();
        assert!(exchange.may_advance());
        exchange.advance();
        exchange.done(1);
        instants += 1;
    }
    assert_eq!((instants, exchange.instants), (13, 12));
    let out = &exchange.clients[&1].out;
    assert!(String::from_utf8_lossy(out).contains("simulated gateway: end of bars"));
    assert!(!exchange.may_advance());
}

#[test]
fn an_instant_that_tells_a_client_nothing_is_not_waited_for() {
    let mut exchange = exchange();
    join(&mut exchange, 1);
    let silent = BarFeed { req_id: 1, symbol: 1, reach: Reach::AnyHour, show: Show::Trades };
    exchange.clients.get_mut(&1).expect("a client").bars.push(silent);
    exchange.done(1);
    exchange.advance();
    assert!(exchange.passed_unseen(), "it follows another symbol, which does not trade");
    exchange.hold();
    assert!(exchange.is_held() && !exchange.passed_unseen(), "now and then it may look all the same");
    exchange.done(1);
    subscribe(&mut exchange, 1);
    exchange.advance();
    assert!(exchange.is_held(), "it was told of this one");
}
