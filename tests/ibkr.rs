//! The order manager against the simulated gateway and against worse peers, over loopback TCP.

#[path = "ibkr/market.rs"]
mod market;
#[path = "ibkr/peers.rs"]
mod peers;

use std::time::Duration;

use market::*;
use peers::{Field, Greeting, Proxy, Scripted};
use prusik::domain::broker::{BrokerFact, Standing, Verdict};
use prusik::domain::ids::{BrokerOrderId, Leg, Side, Stamp};
use prusik::domain::market::{Contract, Hours};
use prusik::domain::money::{Qty, Tick};
use prusik::domain::order::OrderKind;
use prusik::domain::plan::ContractSpec;
use prusik::domain::risk::{approve_exit, approve_target_move};
use prusik::ibkr::{
    BarLength, ConnectError, ContractError, HistorySpan, LinkError, LinkEvent, Parent, Reach, Sent, Session,
    Settings,
};

fn spy() -> Contract {
    Contract {
        symbol: symbol("SPY"),
        con_id: 756_733,
        tick: Tick::cent(),
        currency: "USD".to_owned(),
        session: prusik::domain::session::Session::us_equities(),
    }
}

fn at(text: &str) -> Stamp {
    Stamp::new(text.parse().expect("a timestamp"))
}

// ---- connecting

#[tokio::test]
async fn a_connection_learns_account_time_and_that_the_gateway_is_simulated() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let mut session = connected(&gateway).await;
    assert_eq!(session.account(), "DU0000001");
    assert!(session.simulated());
    assert_eq!(session.barrier().await, Ok(at("2024-01-03T20:55:00Z")), "market time, not ours");
    let account = session.drain().account.expect("both values");
    assert_eq!(account.net_liquidation.to_string(), "100000.00");
    assert_eq!(account.buying_power.to_string(), "400000.00");
    assert_eq!(account.currency, "USD");
    assert_eq!(session.drain().account, None, "told once");
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let refused = Session::connect(&Settings::new(&address), 0).await.err();
    assert!(matches!(refused, Some(ConnectError::Unreachable { address: at, .. }) if at == address));
}

#[tokio::test]
async fn a_peer_that_never_answers_times_out() {
    let brief = Duration::from_millis(200);
    let settings = Settings { connect_timeout: brief, ..Settings::new(peers::silent().await.to_string()) };
    let refused = Session::connect(&settings, 0).await.err();
    assert!(matches!(refused, Some(ConnectError::TimedOut { after, .. }) if after == brief), "{refused:?}");
}

#[tokio::test]
async fn a_peer_that_hangs_up_in_the_handshake_says_that_we_are_not_trusted() {
    let refused = Session::connect(&Settings::new(peers::rude().await.to_string()), 0).await.err();
    assert!(matches!(refused, Some(ConnectError::HandshakeClosed { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_gateway_older_than_the_protocol_is_refused() {
    let peer = Scripted::greeting(Greeting { version: 187, ..Greeting::default() }).await;
    let refused = Session::connect(&Settings::new(peer.addr.to_string()), 0).await.err();
    assert!(matches!(refused, Some(ConnectError::TooOld { has: 187, needs: 213 })), "{refused:?}");
}

#[tokio::test]
async fn a_client_id_in_use_is_told_after_some_tries_and_is_free_once_its_owner_has_gone() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let mut first = connected(&gateway).await;
    let refused = Session::connect(&settings(gateway.local_addr()), 0).await.err();
    assert_eq!(refused, Some(ConnectError::ClientIdInUse { client_id: 17 }));
    first.close().await;
    connected(&gateway).await;
}

#[tokio::test]
async fn one_of_several_accounts_must_be_named() {
    let peer = Scripted::greeting(Greeting { accounts: "DU1,DU2", ..Greeting::default() }).await;
    let settings = Settings::new(peer.addr.to_string());
    let refused = Session::connect(&settings, 0).await.err();
    let managed = vec!["DU1".to_owned(), "DU2".to_owned()];
    assert_eq!(refused, Some(ConnectError::Account { managed, wanted: None }));
    let named = Settings { account: Some("DU2".to_owned()), ..settings };
    let session = Session::connect(&named, 0).await.expect("a session");
    assert_eq!(session.account(), "DU2");
    assert!(!session.simulated(), "it did not say so");
}

// ---- looking things up

#[tokio::test]
async fn a_contract_has_number_tick_currency_and_hours_and_an_unknown_one_is_told() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let mut session = connected(&gateway).await;
    let spec = ContractSpec::default();
    let spy = session.contract(&symbol("SPY"), &spec).await.expect("SPY");
    assert!(spy.con_id > 0);
    assert_eq!((spy.tick.to_string().as_str(), spy.currency.as_str()), ("0.01", "USD"));
    let day = spy.session.stretch(jiff::civil::date(2024, 1, 3), Hours::Regular).expect("open");
    assert_eq!((day.open, day.close), (at("2024-01-03T14:30:00Z"), at("2024-01-03T21:00:00Z")));
    assert_eq!(session.contract(&symbol("SPY"), &spec).await, Ok(spy));
    let unknown = session.contract(&symbol("NOPE"), &spec).await;
    assert!(matches!(unknown, Err(ContractError::Unknown { .. })), "{unknown:?}");
}

#[tokio::test]
async fn history_ends_now_with_a_last_bar_that_is_as_long_as_it_has_lasted() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let mut client = Client::at(gateway.local_addr()).await;
    let desk = client.session.desk();
    let span = |bar, back| HistorySpan { bar, back };
    let minutes = span(BarLength::Min1, Reach::Seconds(600));
    assert_eq!(desk.history(&client.spy, minutes).await, Ok(vec![]), "before the first bar there is nothing");

    client.play_until(|heard| heard.bars.len() == 30).await;
    let bars = desk.history(&client.spy, minutes).await.expect("bars");
    let lengths: Vec<(Stamp, u32)> = bars.iter().map(|bar| (bar.start, bar.seconds)).collect();
    let (first, second, third) =
        (at("2024-01-03T20:55:00Z"), at("2024-01-03T20:56:00Z"), at("2024-01-03T20:57:00Z"));
    assert_eq!(lengths, [(first, 60), (second, 60), (third, 30)]);
    assert_eq!(
        (bars[1].open, bars[1].high, bars[1].low, bars[1].close),
        (dollars("100.10"), dollars("102.00"), dollars("100.10"), dollars("102.00"))
    );
    assert_eq!((bars[0].volume, bars[2].volume), (1_200, 600));

    let live = desk.history(&client.spy, span(BarLength::Sec5, Reach::Seconds(150))).await.expect("bars");
    let heard: Vec<_> = client.heard.bars.iter().map(|(_, bar)| *bar).collect();
    assert_eq!(live, heard, "history and live bars are the same bars");

    let days = desk.history(&client.spy, span(BarLength::Day1, Reach::Days(5))).await.expect("bars");
    assert_eq!(days.len(), 1);
    assert_eq!(days[0].start, at("2024-01-03T14:30:00Z"), "a daily bar is its session");
    assert_eq!(days[0].end(), at("2024-01-03T20:57:30Z"), "which is not over");
}

// ---- lockstep

#[tokio::test]
async fn bars_come_by_time_and_then_symbol_and_the_end_is_told() {
    let gateway = gateway(vec![("SPY", afternoon()), ("AIG", afternoon())]).await;
    let mut client = Client::at(gateway.local_addr()).await;
    let aig = client.session.contract(&symbol("AIG"), &ContractSpec::default()).await.expect("AIG");
    client.session.subscribe_bars(&aig).await.expect("bars");
    client.session.subscribe_bars(&aig).await.expect("twice changes nothing");
    client.play_until(|heard| heard.link.contains(&LinkEvent::EndOfBars)).await;

    let bars = &client.heard.bars;
    assert_eq!(bars.len(), 2 * 5 * 12);
    for (at, pair) in bars.chunks(2).enumerate() {
        let start = 1_704_315_300 + 5 * i64::try_from(at).expect("small");
        assert_eq!((pair[0].0.as_str(), pair[1].0.as_str()), ("AIG", "SPY"));
        assert_eq!(
            (pair[0].1.start, pair[1].1.start),
            (Stamp::from_seconds(start), Stamp::from_seconds(start))
        );
        assert_eq!(pair[0].1.seconds, 5);
    }
}

#[tokio::test]
async fn waiting_loses_nothing_when_it_is_given_up() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let mut client = Client::at(gateway.local_addr()).await;
    client.listen().await;
    let mut bars = 0;
    while bars < 20 {
        client.session.done().await.expect("done");
        // Given up again and again: at any point of its work, as a loop with several sources does.
        loop {
            tokio::select! {
                biased;
                () = client.session.wait() => break,
                () = tokio::task::yield_now() => {}
            }
        }
        client.session.barrier().await.expect("a barrier");
        bars += client.session.drain().bars.len();
    }
    assert_eq!(bars, 20, "one bar for each instant");
}

#[tokio::test]
async fn a_drain_sees_everything_also_in_a_task_that_has_used_up_its_turn() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let mut client = Client::at(gateway.local_addr()).await;
    client.listen().await;
    client.session.done().await.expect("done");
    client.session.barrier().await.expect("a barrier");
    while tokio::task::coop::has_budget_remaining() {
        tokio::task::consume_budget().await;
        let _ = futures_util::FutureExt::now_or_never(tokio::task::coop::consume_budget());
    }
    assert_eq!(client.session.drain().bars.len(), 1);
}

// ---- orders

#[tokio::test]
async fn a_bracket_fills_and_its_stop_closes_it() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let mut client = Client::at(gateway.local_addr()).await;
    let ids = client.submit(&bracket("99.50", Some("110.00"))).await;
    let [entry, stop, target] = ids[..] else { panic!("three legs") };
    assert!(entry < stop && stop < target);
    client.play_until(|heard| is_filled(heard, entry)).await;
    assert_eq!(client.stands(entry), Some(Standing::Filled));
    assert_eq!(client.stands(target), Some(Standing::Working));
    let resting = client.report(stop).expect("the stop");
    assert_eq!((resting.kind, resting.side), (Some(OrderKind::Stop(dollars("99.50"))), Side::Sell));
    assert_eq!(resting.reference, Some(reference(Leg::Stop)));

    client.play_until(|heard| is_filled(heard, stop)).await;
    client.listen().await;
    assert_eq!(client.stands(target), Some(Standing::Cancelled), "one exit cancels the other");
    let executions: Vec<_> = client
        .heard
        .facts
        .iter()
        .filter_map(|fact| match fact {
            BrokerFact::Executed(report) => Some(report),
            _ => None,
        })
        .collect();
    let told: Vec<_> = executions
        .iter()
        .map(|told| (told.reference.clone(), told.execution.side, told.execution.price))
        .collect();
    let expected = [
        (Some(reference(Leg::Entry)), Side::Buy, dollars("100.00")),
        (Some(reference(Leg::Stop)), Side::Sell, dollars("99.50")),
    ];
    assert_eq!(told, expected);
    assert_eq!(executions[0].execution.at, at("2024-01-03T20:55:00Z"), "the start of its bar");
    let charged: Vec<_> = client
        .heard
        .facts
        .iter()
        .filter_map(|fact| match fact {
            BrokerFact::Charged { exec, amount } => Some((exec.clone(), amount.to_string())),
            _ => None,
        })
        .collect();
    let expected =
        [&executions[0], &executions[1]].map(|told| (told.execution.id.clone(), "1.00".to_owned()));
    assert_eq!(charged, expected);
}

#[tokio::test]
async fn a_stop_is_moved_in_place_once_its_parent_is_done_and_naming_the_parent_would_fail() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let mut client = Client::at(gateway.local_addr()).await;
    let approved = bracket("99.50", None);
    let original = &approved.get().stop;
    let ids = client.submit(&approved).await;
    let (entry, stop) = (ids[0], ids[1]);
    client.play_until(|heard| is_filled(heard, entry)).await;
    let perm = client.report(stop).and_then(|report| report.perm).expect("a lasting number");

    let change = tighter(&client.spy, "99.50", "99.80");
    let spy = client.spy.clone();
    let sent = client.session.amend(&change, original, stop, Parent::Done, &spy).await;
    assert_eq!(sent, Sent::Sent(stop), "the same number");
    client.listen().await;
    let moved = client.report(stop).expect("the stop");
    assert_eq!(moved.kind, Some(OrderKind::Stop(dollars("99.80"))));
    assert_eq!(moved.perm, Some(perm), "the same order");
    assert_eq!(moved.reference, Some(reference(Leg::Stop)));

    let change = tighter(&client.spy, "99.80", "99.90");
    client.session.amend(&change, original, stop, Parent::Waiting(entry), &spy).await;
    client.listen().await;
    let remarks: Vec<_> = client
        .heard
        .facts
        .iter()
        .filter_map(|fact| match fact {
            BrokerFact::Remark { id, code, verdict, .. } => Some((*id, *code, *verdict)),
            _ => None,
        })
        .collect();
    let trap = [(stop, 135, Verdict::LookAgain), (stop, 202, Verdict::Cancelled)];
    assert!(remarks.ends_with(&trap), "the trap is there, and the stop is gone: {remarks:?}");
}

#[tokio::test]
async fn a_child_is_changed_while_its_parent_waits() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let mut client = Client::at(gateway.local_addr()).await;
    let approved = bracket("99.50", Some("110.00"));
    let target = approved.get().target.clone().expect("a target");
    let ids = client.submit(&approved).await;
    let change = approve_target_move(&target.reference, dollars("109.00"), target.qty);
    let spy = client.spy.clone();
    let sent = client.session.amend(&change, &target, ids[2], Parent::Waiting(ids[0]), &spy).await;
    assert_eq!(sent, Sent::Sent(ids[2]));
    client.listen().await;
    let kind = client.report(ids[2]).and_then(|report| report.kind);
    assert_eq!(kind, Some(OrderKind::Limit(dollars("109.00"))));
    client.play_until(|heard| is_filled(heard, ids[0])).await;
    assert_eq!(client.stands(ids[2]), Some(Standing::Working), "it is still a child of its entry");
}

#[tokio::test]
async fn a_change_for_another_order_or_of_an_order_at_market_is_not_sent() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let mut client = Client::at(gateway.local_addr()).await;
    let change = tighter(&client.spy, "99.50", "99.80");
    let spy = client.spy.clone();
    let other = ticket(Leg::Target, Qty::new(100), OrderKind::Limit(dollars("110")));
    let market = ticket(Leg::Stop, Qty::new(100), OrderKind::Market);
    for original in [other, market] {
        let sent = client.session.amend(&change, &original, BrokerOrderId(1), Parent::Done, &spy).await;
        assert!(matches!(sent, Sent::NotSent(_)), "{sent:?}");
    }
}

#[tokio::test]
async fn a_cancelled_entry_takes_its_children_with_it() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let mut client = Client::at(gateway.local_addr()).await;
    let ids = client.submit(&bracket("99.50", None)).await;
    client.listen().await;
    assert_eq!(client.session.cancel(ids[0]).await, Sent::Sent(ids[0]));
    client.listen().await;
    assert_eq!(client.stands(ids[0]), Some(Standing::Cancelled));
    assert_eq!(client.stands(ids[1]), Some(Standing::Cancelled));
    let said = client.heard.facts.iter().any(|fact| {
        matches!(fact, BrokerFact::Remark { id, code: 202, verdict: Verdict::Cancelled, .. } if *id == ids[0])
    });
    assert!(said, "{:#?}", client.heard.facts);

    client.session.cancel(ids[0]).await;
    client.listen().await;
    let last = client.heard.facts.last();
    assert!(
        matches!(last, Some(BrokerFact::Remark { verdict: Verdict::LookAgain, .. })),
        "a second cancel finds nothing: {last:?}"
    );
}

#[tokio::test]
async fn an_exit_at_market_closes_the_position_and_its_group() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let mut client = Client::at(gateway.local_addr()).await;
    let ids = client.submit(&bracket("99.50", None)).await;
    client.play_until(|heard| is_filled(heard, ids[0])).await;
    let exit = ticket(Leg::Exit, Qty::new(100), OrderKind::Market);
    let direction = prusik::domain::ids::Direction::Long;
    let exit = approve_exit(exit, direction, Qty::new(100)).expect("it closes");
    let spy = client.spy.clone();
    let id = id_of(client.session.submit_exit(&exit, &spy).await);
    client.play_until(|heard| is_filled(heard, id)).await;
    client.listen().await;
    assert_eq!(client.stands(ids[1]), Some(Standing::Cancelled), "the stop has nothing left to protect");
    let snapshot = client.session.snapshot().await.expect("a snapshot");
    assert_eq!((snapshot.open.len(), snapshot.positions.len()), (0, 0));
}

#[tokio::test]
async fn order_numbers_lie_above_every_number_ever_used() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let mut session = Session::connect(&settings(gateway.local_addr()), 500).await.expect("a session");
    let spy = session.contract(&symbol("SPY"), &ContractSpec::default()).await.expect("SPY");
    let sent = session.submit(&bracket("99.50", None), &spy).await;
    assert_eq!(sent[0].1, Sent::Sent(BrokerOrderId(501)));
    assert_eq!(sent[1].1, Sent::Sent(BrokerOrderId(502)));
    session.close().await;
    let sent = session.submit(&bracket("99.50", None), &spy).await;
    assert!(sent.iter().all(|(_, sent)| matches!(sent, Sent::NotSent(_))), "{sent:?}");
    session.reopen().await.expect("open again");
    let sent = session.submit(&bracket("99.50", None), &spy).await;
    assert!(matches!(sent[0].1, Sent::Sent(BrokerOrderId(id)) if id > 502), "{sent:?}");
}

#[tokio::test]
async fn a_bracket_that_leaves_in_part_is_taken_back() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let last_but_one = 1_499_999_998;
    let mut session =
        Session::connect(&settings(gateway.local_addr()), last_but_one).await.expect("a session");
    let spy = session.contract(&symbol("SPY"), &ContractSpec::default()).await.expect("SPY");
    let sent = session.submit(&bracket("99.50", Some("110.00")), &spy).await;
    let last = BrokerOrderId(last_but_one + 1);
    assert_eq!(sent[0].1, Sent::Sent(last), "the last number there is");
    assert!(matches!(sent[1].1, Sent::NotSent(_)), "{sent:?}");
    assert!(matches!(sent[2].1, Sent::NotSent(_)), "{sent:?}");
    session.barrier().await.expect("a barrier");
    let drained = session.drain();
    let standings: Vec<_> = reports(&drained, last).map(|report| report.standing).collect();
    assert_eq!(standings.last(), Some(&Standing::Cancelled), "no entry without its stop");
    assert!(!standings.contains(&Standing::Working), "it waited for its last leg: {standings:?}");
}

// ---- when things break

#[tokio::test]
async fn after_a_reconnect_a_snapshot_has_everything_and_bars_come_again() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let proxy = Proxy::before(gateway.local_addr()).await;
    let mut client = Client::at(proxy.addr).await;
    let ids = client.submit(&bracket("99.50", Some("110.00"))).await;
    client.play_until(|heard| is_filled(heard, ids[0])).await;

    let _held = hold(&gateway).await;
    proxy.cut();
    client.wait_for(LinkEvent::Reconnected).await;
    let down = client.heard.link.iter().position(|event| *event == LinkEvent::Down);
    let up = client.heard.link.iter().position(|event| *event == LinkEvent::Reconnected);
    assert!(down.is_some() && down < up, "{:?}", client.heard.link);
    client.session.barrier().await.expect("up again");
    let snapshot = client.session.snapshot().await.expect("a snapshot");
    let open: Vec<_> = snapshot.open.iter().map(|order| (order.id, order.reference.clone())).collect();
    let expected = [(Some(ids[1]), Some(reference(Leg::Stop))), (Some(ids[2]), Some(reference(Leg::Target)))];
    assert_eq!(open, expected);
    assert_eq!(snapshot.completed.len(), 1);
    assert_eq!(snapshot.completed[0].reference, Some(reference(Leg::Entry)));
    assert_eq!(snapshot.completed[0].standing, Standing::Filled);
    assert_eq!(snapshot.completed[0].qty.shares(), 100);
    assert_eq!(snapshot.executions.len(), 1);
    let charged: Vec<_> = snapshot.charges.iter().map(|(exec, _)| exec.clone()).collect();
    assert_eq!(charged, [snapshot.executions[0].execution.id.clone()]);
    let position = &snapshot.positions[0];
    assert_eq!((position.symbol.as_str(), position.shares), ("SPY", 100));

    client.session.resubscribe().await.expect("subscribed");
    client.session.barrier().await.expect("a barrier");
    assert!(client.session.drain().account.is_some(), "the account is told anew");
    gateway.open_market();
    client.play_until(|heard| is_filled(heard, ids[1])).await;

    client.heard.link.clear();
    proxy.cut();
    client.wait_for(LinkEvent::Down).await;
}

#[tokio::test]
async fn a_snapshot_has_the_fills_of_the_days_before_today_too() {
    let mut bars = afternoon();
    bars.extend(minutes("2024-01-04T14:30:00Z", &[[10_000, 10_010, 10_000, 10_010]]));
    let gateway = gateway(vec![("SPY", bars)]).await;
    let mut client = Client::at(gateway.local_addr()).await;
    client.submit(&bracket("90.00", Some("110.00"))).await;
    let morning = at("2024-01-04T14:30:00Z");
    client.play_until(|heard| heard.bars.iter().any(|(_, bar)| bar.start == morning)).await;
    let snapshot = client.session.snapshot().await.expect("a snapshot");
    let told: Vec<_> = snapshot.executions.iter().map(|told| told.reference.clone()).collect();
    assert_eq!(told, [Some(reference(Leg::Entry))], "the entry filled yesterday");
}

#[tokio::test]
async fn while_the_socket_is_down_nothing_waits_and_nothing_is_sent() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let proxy = Proxy::before(gateway.local_addr()).await;
    let mut client = Client::at(proxy.addr).await;
    let desk = client.session.desk();
    gateway.shutdown().await;
    proxy.cut();
    client.wait_for(LinkEvent::Down).await;
    assert_eq!(client.session.barrier().await, Err(LinkError::Down));
    let spy = client.spy.clone();
    let sent = client.session.submit(&bracket("99.50", None), &spy).await;
    assert!(sent.iter().all(|(_, sent)| matches!(sent, Sent::NotSent(_))), "{sent:?}");
    let span = HistorySpan { bar: BarLength::Min1, back: Reach::Seconds(60) };
    assert_eq!(desk.history(&spy, span).await, Err(LinkError::Down));
    drop(client);
    assert_eq!(desk.history(&spy, span).await, Err(LinkError::Closed), "a desk does not keep a connection");
}

#[tokio::test]
async fn a_frozen_gateway_shows_in_the_barrier_and_a_new_connection_mends_it() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let proxy = Proxy::before(gateway.local_addr()).await;
    let mut client = Client::at(proxy.addr).await;
    let ids = client.submit(&bracket("99.50", None)).await;
    client.listen().await;
    let _held = hold(&gateway).await;
    let mut impatient = settings(proxy.addr);
    impatient.request_timeout = Duration::from_millis(300);
    impatient.client_id = 18;
    let mut other = Session::connect(&impatient, 0).await.expect("a session");

    proxy.freeze();
    let silence = other.barrier().await;
    assert_eq!(silence, Err(LinkError::TimedOut { after: impatient.request_timeout }));
    let snapshot = other.snapshot().await;
    assert!(matches!(snapshot, Err(LinkError::TimedOut { .. })), "{snapshot:?}");

    proxy.cut();
    proxy.thaw();
    client.session.reopen().await.expect("a new connection");
    assert!(client.session.drain().link.iter().all(|event| *event != LinkEvent::Closed), "it is open");
    let snapshot = client.session.snapshot().await.expect("a snapshot");
    let open: Vec<_> = snapshot.open.iter().filter_map(|order| order.id).collect();
    assert_eq!(open, ids, "orders live at the broker, not in the connection");
    client.session.resubscribe().await.expect("subscribed");
}

#[tokio::test]
async fn a_new_connection_is_not_taken_for_the_one_that_ended() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let proxy = Proxy::before(gateway.local_addr()).await;
    let mut impatient = settings(proxy.addr);
    impatient.connect_timeout = Duration::from_secs(2);
    let mut session = Session::connect(&impatient, 0).await.expect("a session");
    proxy.cut();
    proxy.freeze();
    session.reopen().await.expect_err("nobody answers");
    proxy.cut();
    proxy.thaw();
    session.reopen().await.expect("a new connection");
    session.barrier().await.expect("a barrier");
    let link = session.drain().link;
    assert!(link.iter().all(|event| matches!(event, LinkEvent::Notice { .. })), "{link:?}");
}

#[tokio::test]
async fn a_gateway_that_loses_its_broker_says_so_and_says_when_it_is_back() {
    let peer = Scripted::greeting(Greeting::default()).await;
    let mut session = Session::connect(&Settings::new(peer.addr.to_string()), 0).await.expect("a session");
    session.drain();
    peer.notice(-1, 1100, "Connectivity between IB and Trader Workstation has been lost.");
    peer.notice(-1, 1101, "Connectivity has been restored- data lost.");
    peer.notice(-1, 1100, "Connectivity has been lost.");
    peer.notice(-1, 1102, "Connectivity has been restored- data maintained.");
    session.barrier().await.expect("a barrier");
    let link = session.drain().link;
    let down = LinkEvent::BrokerDown;
    assert_eq!(link, [down.clone(), LinkEvent::DataLost, down, LinkEvent::Restored]);
}

#[tokio::test]
async fn when_data_was_lost_everything_is_subscribed_anew_over_the_same_connection() {
    let peer = Scripted::greeting(Greeting::default()).await;
    let mut session = Session::connect(&Settings::new(peer.addr.to_string()), 0).await.expect("a session");
    let spy = spy();
    session.subscribe_bars(&spy).await.expect("bars");
    session.barrier().await.expect("a barrier");
    let asked = |peer: &Scripted| (peer.asked(peers::ASKED_BARS), peer.asked(peers::ASKED_ACCOUNT_SUMMARY));
    assert_eq!(asked(&peer), (1, 1));
    session.resubscribe().await.expect("subscribed");
    session.barrier().await.expect("a barrier");
    assert_eq!(asked(&peer), (2, 2));
}

#[tokio::test]
async fn bars_that_are_refused_are_told_with_their_symbol() {
    let peer = Scripted::greeting(Greeting::default()).await;
    let mut session = Session::connect(&Settings::new(peer.addr.to_string()), 0).await.expect("a session");
    let spy = spy();
    session.subscribe_bars(&spy).await.expect("bars");
    session.drain();
    // ibapi counts its requests from here; the account summary was the first one.
    peer.notice(1_500_000_001, 420, "Invalid real-time query: no market data permissions");
    session.barrier().await.expect("a barrier");
    let link = session.drain().link;
    assert!(matches!(&link[..], [LinkEvent::BarsLost { symbol, .. }] if *symbol == spy.symbol), "{link:?}");
    session.subscribe_bars(&spy).await.expect("bars");
    session.barrier().await.expect("a barrier");
    assert_eq!(peer.asked(peers::ASKED_BARS), 2, "they can be asked for again");
}

#[tokio::test]
async fn a_frame_that_cannot_be_read_breaks_the_order_stream_which_is_opened_again() {
    let peer = Scripted::greeting(Greeting::default()).await;
    let mut session = Session::connect(&Settings::new(peer.addr.to_string()), 0).await.expect("a session");
    peer.status(4, "Submitted", "0");
    // A status that counts nothing.
    peer.say(peers::TOLD_STATUS, &[Field::Number(1, 5), Field::Text(2, "Submitted"), Field::Number(9, 17)]);
    session.barrier().await.expect("a barrier");
    let drained = session.drain();
    assert_eq!(drained.facts.len(), 1, "{:?}", drained.facts);
    assert!(drained.link.contains(&LinkEvent::OrdersLagged));

    peer.status(6, "Pondering", "0");
    session.barrier().await.expect("a barrier");
    let facts = session.drain().facts;
    let Some(BrokerFact::Status(status)) = facts.first() else { panic!("the stream is open: {facts:?}") };
    assert_eq!((status.id, status.standing), (BrokerOrderId(6), Standing::Unclear));
}

#[tokio::test]
async fn a_refusal_of_an_order_is_a_remark_and_no_event_of_the_connection() {
    let peer = Scripted::greeting(Greeting::default()).await;
    let mut session = Session::connect(&Settings::new(peer.addr.to_string()), 0).await.expect("a session");
    session.drain();
    peer.notice(9, 201, "Order rejected - reason: insufficient margin");
    peer.notice(9, 404, "Order held while securities are located.");
    session.barrier().await.expect("a barrier");
    let drained = session.drain();
    let verdicts: Vec<_> = drained
        .facts
        .iter()
        .map(|fact| match fact {
            BrokerFact::Remark { id, verdict, .. } => (id.0, *verdict),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(verdicts, [(9, Verdict::Refused), (9, Verdict::Warning)]);
    assert_eq!(drained.link, []);
}

#[tokio::test]
async fn a_closed_session_says_so_and_answers_nothing() {
    let gateway = gateway(vec![("SPY", afternoon())]).await;
    let mut session = connected(&gateway).await;
    session.close().await;
    session.wait().await;
    assert!(session.drain().link.contains(&LinkEvent::Closed));
    assert_eq!(session.barrier().await, Err(LinkError::Closed));
    assert!(matches!(session.cancel(BrokerOrderId(1)).await, Sent::NotSent(_)));
}
