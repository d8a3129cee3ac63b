use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::samples::{
    any_distance, any_event, any_price, bracket, candle, dec, denials, events, execution, facts, plan,
    plan_id, price, stamp, ticket,
};
use super::*;
use crate::domain::ids::Leg;
use crate::domain::money::Distance;
use crate::domain::order::OrderKind;

fn again(event: &Event) -> Event {
    let Spelled { kind, body } = encode(event);
    decode(kind, &body).unwrap_or_else(|error| panic!("{kind} {body}: {error}"))
}

/// Kind and body, the body broken into lines between its fields.
fn shown(event: Event) -> String {
    assert_eq!(again(&event), event);
    let Spelled { kind, body } = encode(&event);
    assert!(body.starts_with(r#"{"v":1,"#) && !body.contains('\n'), "one line, version first: {body}");
    let mut lines = vec![format!("{kind} ")];
    for field in body.split_inclusive(',') {
        match lines.last_mut() {
            Some(line) if line.len() + field.len() < 100 => line.push_str(field),
            _ => lines.push(format!("  {field}")),
        }
    }
    lines.join("\n")
}

fn refused(kind: &str, body: &str) -> String {
    decode(kind, body).expect_err("no event").to_string()
}

#[test]
fn every_kind_comes_back_as_it_went() {
    for event in events() {
        assert_eq!(again(&event), event);
    }
}

#[test]
fn every_kind_has_a_name_of_its_own() {
    let kinds: BTreeSet<&str> = events().iter().map(|event| encode(event).kind).collect();
    assert_eq!(kinds.len(), 19, "{kinds:?}");
}

proptest! {
    #[test]
    fn any_event_comes_back_as_it_went(event in any_event()) {
        prop_assert_eq!(again(&event), event);
    }

    #[test]
    fn a_number_keeps_every_digit_it_was_written_with(units in any::<i64>(), scale in 0u32..=28) {
        let number = rust_decimal::Decimal::new(units, scale);
        let read = <rust_decimal::Decimal as leaf::Text>::read(&leaf::Text::spell(&number)).expect("a number");
        prop_assert_eq!((read, read.scale()), (number, number.scale()));
    }

    #[test]
    fn every_distance_of_two_prices_comes_back(distance in any_distance(), from in any_price()) {
        let whole = from - from;
        for distance in [distance, whole] {
            let read = <Distance as leaf::Text>::read(&leaf::Text::spell(&distance));
            prop_assert_eq!(read, Ok(distance));
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(kind in "[a-z_]{0,12}", body in any::<String>()) {
        let _ = decode(&kind, &body);
        for kind in ["plan_armed", "entry_planned", "order", "executed", "entry_refused"] {
            prop_assert!(decode(kind, &body).is_err());
        }
    }

    #[test]
    fn half_a_record_is_no_record(event in any_event(), cut in any::<prop::sample::Index>()) {
        let Spelled { kind, body } = encode(&event);
        let end = cut.index(body.len());
        prop_assume!(body.is_char_boundary(end));
        prop_assert!(decode(kind, &body[..end]).is_err());
    }
}

#[test]
fn the_widest_distance_of_two_prices_comes_back() {
    let distance = price("1000000000000") - price("0.000000000000001");
    assert_eq!(<Distance as leaf::Text>::read(&leaf::Text::spell(&distance)), Ok(distance));
    assert!(<Distance as leaf::Text>::read("1000000000001").is_err(), "no two prices are so far apart");
}

#[test]
fn a_version_from_the_future_is_refused_by_its_number() {
    let body = r#"{"v":2,"plan":"SPY_1","where":"new"}"#;
    assert_eq!(refused("plan_orphaned", body), "field `v`: version 2; this prusik reads version 1");
    assert_eq!(refused("plan_teleported", body), "unknown kind `plan_teleported`");
}

#[test]
fn a_bad_value_is_named_by_its_field() {
    let planned = encode(&Event::EntryPlanned {
        bracket: Box::new(bracket()),
        account: Cash::ZERO,
        why: String::new(),
    })
    .body;
    let spoiled = |from: &str, to: &str| refused("entry_planned", &planned.replacen(from, to, 1));
    assert_eq!(
        spoiled(r#""stop":"167.00""#, r#""stop":"-1""#),
        "field `bracket.stop.kind.stop`: -1 is not above zero"
    );
    assert_eq!(
        spoiled(r#""leg":"entry""#, r#""leg":"enter""#),
        "field `bracket.entry.leg`: `enter` is none of entry, stop, target, exit"
    );
    assert_eq!(
        spoiled(r#""qty":100"#, r#""qty":2147483648"#),
        "field `bracket.entry.qty`: 2147483648 is more than 2147483647 shares"
    );
    assert_eq!(
        spoiled(r#""account":"0""#, r#""account":0"#),
        "field `account`: invalid type: integer `0`, expected a text"
    );
    assert_eq!(refused("plan_orphaned", r#"{"v":1}"#), "field ``: missing field `plan`");
    assert_eq!(
        refused("plan_orphaned", r#"{"v":1,"plan":"SPY_1","extra":0}"#),
        "field `extra`: unknown field `extra`, expected `v` or `plan`"
    );
}

#[test]
fn a_number_is_never_read_from_more_digits_than_it_can_hold() {
    let body = r#"{"v":1,"exec":"a.1","amount":"0.12345678901234567890123456789012"}"#;
    assert_eq!(
        refused("charged", body),
        "field `amount`: `0.12345678901234567890123456789012` is no decimal number of at most 28 digits"
    );
}

// One story per kind: what a person finds in the journal.

#[test]
fn an_armed_plan_is_written_whole() {
    let event = Event::PlanArmed { plan: Box::new(plan()) };
    insta::assert_snapshot!(shown(event), @r#"
    plan_armed {"v":1,"plan":{"id":"SPY_1","digest":"00000000000000ab","symbol":"SPY",
      "contract":{"sec_type":"STK","exchange":"SMART","currency":"USD","primary_exchange":null,
      "con_id":756733},"direction":"long","entry_level":"168.50","stop_loss":"167.00",
      "take_profit":"172.125","risk":"normal","entry":{"rule":"close_above","timeframe":"15min",
      "parameters":{"note":{"text":"the \"high\""},"strict":{"flag":true},
      "threshold":{"number":"168.50"}}},"exit":{"rule":"trailing_stop","timeframe":"1h",
      "parameters":{}},"tif":"gtc","hours":"regular","valid_from":"2013-10-04T13:30:00Z",
      "valid_until":null,"max_quantity":500,"switch":"on","notes":"after the breakout"}}
    "#);
}

#[test]
fn a_changed_plan_is_written_whole() {
    let event = Event::PlanChanged {
        plan: Box::new(Plan { take_profit: None, max_quantity: None, notes: None, ..plan() }),
    };
    insta::assert_snapshot!(shown(event), @r#"
    plan_changed {"v":1,"plan":{"id":"SPY_1","digest":"00000000000000ab","symbol":"SPY",
      "contract":{"sec_type":"STK","exchange":"SMART","currency":"USD","primary_exchange":null,
      "con_id":756733},"direction":"long","entry_level":"168.50","stop_loss":"167.00",
      "take_profit":null,"risk":"normal","entry":{"rule":"close_above","timeframe":"15min",
      "parameters":{"note":{"text":"the \"high\""},"strict":{"flag":true},
      "threshold":{"number":"168.50"}}},"exit":{"rule":"trailing_stop","timeframe":"1h",
      "parameters":{}},"tif":"gtc","hours":"regular","valid_from":"2013-10-04T13:30:00Z",
      "valid_until":null,"max_quantity":null,"switch":"on","notes":null}}
    "#);
}

#[test]
fn a_refused_edit_says_why() {
    let event =
        Event::PlanEditRefused { plan: plan_id(), why: "the symbol of a position cannot change".into() };
    insta::assert_snapshot!(shown(event), @r#"plan_edit_refused {"v":1,"plan":"SPY_1","why":"the symbol of a position cannot change"}"#);
}

#[test]
fn an_orphaned_plan_is_named() {
    let event = Event::PlanOrphaned { plan: plan_id() };
    insta::assert_snapshot!(shown(event), @r#"plan_orphaned {"v":1,"plan":"SPY_1"}"#);
}

#[test]
fn an_ended_plan_says_how() {
    let event = Event::PlanEnded { plan: plan_id(), how: Ending::EntryFailed };
    insta::assert_snapshot!(shown(event), @r#"plan_ended {"v":1,"plan":"SPY_1","how":"entry_failed"}"#);
}

#[test]
fn a_held_signal_names_its_candle() {
    let event = Event::SignalHeld {
        plan: plan_id(),
        candle_end: stamp("2013-10-04T20:00:00.005Z"),
        why: "close above".into(),
    };
    insta::assert_snapshot!(shown(event), @r#"signal_held {"v":1,"plan":"SPY_1","candle_end":"2013-10-04T20:00:00.005Z","why":"close above"}"#);
}

#[test]
fn a_planned_entry_holds_every_order_of_it() {
    let event = Event::EntryPlanned {
        bracket: Box::new(bracket()),
        account: Cash::new(dec("100000.00")),
        why: "close above".into(),
    };
    insta::assert_snapshot!(shown(event), @r#"
    entry_planned {"v":1,"bracket":{"entry":{"reference":"prusik:7:00000000000000ab:E:0",
      "plan":"SPY_1","leg":"entry","side":"buy","qty":100,"kind":"market","tif":"day",
      "hours":"regular","group":null,"parent":null},
      "stop":{"reference":"prusik:7:00000000000000ab:S:0","plan":"SPY_1","leg":"stop","side":"sell",
      "qty":100,"kind":{"stop":"167.00"},"tif":"gtc","hours":"regular",
      "group":"prusik:7:00000000000000ab:0","parent":"prusik:7:00000000000000ab:E:0"},
      "target":{"reference":"prusik:7:00000000000000ab:T:0","plan":"SPY_1","leg":"target",
      "side":"sell","qty":100,"kind":{"limit":"172.125"},"tif":"gtc","hours":"regular",
      "group":"prusik:7:00000000000000ab:0","parent":"prusik:7:00000000000000ab:E:0"},"risk":"150.00",
      "reference":"168.50"},"account":"100000.00","why":"close above"}
    "#);
}

#[test]
fn a_planned_order_says_why() {
    let event = Event::OrderPlanned {
        ticket: ticket(Leg::Exit, OrderKind::Market),
        why: ExitReason::Rule,
        text: "closed at the stop".into(),
    };
    insta::assert_snapshot!(shown(event), @r#"
    order_planned {"v":1,"ticket":{"reference":"prusik:7:00000000000000ab:X:0","plan":"SPY_1",
      "leg":"exit","side":"sell","qty":100,"kind":"market","tif":"gtc","hours":"regular",
      "group":"prusik:7:00000000000000ab:0","parent":"prusik:7:00000000000000ab:E:0"},"why":"rule",
      "text":"closed at the stop"}
    "#);
}

#[test]
fn an_execution_is_written_as_the_broker_told_it() {
    let event = Event::Executed { reference: bracket().entry.reference, execution: execution() };
    insta::assert_snapshot!(shown(event), @r#"
    executed {"v":1,"reference":"prusik:7:00000000000000ab:E:0","execution":{"id":"0000e0d5.01.01",
      "side":"buy","qty":100,"price":"168.51","at":"2013-10-04T13:45:05Z"}}
    "#);
}

#[test]
fn costs_name_their_execution() {
    let event = Event::Charged { exec: execution().id, amount: Cash::new(dec("1.00")) };
    insta::assert_snapshot!(shown(event), @r#"charged {"v":1,"exec":"0000e0d5.01.01","amount":"1.00"}"#);
}

#[test]
fn a_judged_candle_keeps_its_prices() {
    let event = Event::CandleJudged { plan: plan_id(), candle: candle(), best: price("168.55") };
    insta::assert_snapshot!(shown(event), @r#"
    candle_judged {"v":1,"plan":"SPY_1","candle":{"start":"2013-10-04T13:30:00Z",
      "end":"2013-10-04T13:45:00Z","open":"168.10","high":"168.55","low":"168.00","close":"168.51",
      "volume":1234567},"best":"168.55"}
    "#);
}

#[test]
fn a_refused_stop_says_why() {
    let event =
        Event::StopRefused { plan: plan_id(), why: "166.00 is looser than the resting stop 167.00".into() };
    insta::assert_snapshot!(shown(event), @r#"stop_refused {"v":1,"plan":"SPY_1","why":"166.00 is looser than the resting stop 167.00"}"#);
}

#[test]
fn a_failed_rule_says_why() {
    let event = Event::RuleFailed { plan: plan_id(), why: "line 3: too many operations".into() };
    insta::assert_snapshot!(shown(event), @r#"rule_failed {"v":1,"plan":"SPY_1","why":"line 3: too many operations"}"#);
}

#[test]
fn a_mismatch_holds_both_positions() {
    let event = Event::PositionMismatch { symbol: plan().symbol, ours: 100, broker: -50 };
    insta::assert_snapshot!(shown(event), @r#"position_mismatch {"v":1,"symbol":"SPY","ours":100,"broker":-50}"#);
}

#[test]
fn an_agreement_names_its_symbol() {
    let event = Event::PositionAgrees { symbol: plan().symbol };
    insta::assert_snapshot!(shown(event), @r#"position_agrees {"v":1,"symbol":"SPY"}"#);
}

#[test]
fn a_reconciliation_counts() {
    let event = Event::Reconciled { open_orders: 2, positions: 1 };
    insta::assert_snapshot!(shown(event), @r#"reconciled {"v":1,"open_orders":2,"positions":1}"#);
}

#[test]
fn a_lost_connection_says_what_was_seen() {
    let event = Event::ConnectionLost { why: "no answer for 5 s".into() };
    insta::assert_snapshot!(shown(event), @r#"connection_lost {"v":1,"why":"no answer for 5 s"}"#);
}

#[test]
fn every_fact_of_an_order_has_its_word() {
    let reference = bracket().stop.reference;
    let lines: Vec<String> =
        facts().into_iter().map(|fact| shown(Event::Order { reference: reference.clone(), fact })).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    order {"v":1,"reference":"prusik:7:00000000000000ab:S:0","fact":{"sent":41}}
    order {"v":1,"reference":"prusik:7:00000000000000ab:S:0","fact":"lost"}
    order {"v":1,"reference":"prusik:7:00000000000000ab:S:0","fact":{"acknowledged":{"id":41,
      "perm":1234567890123}}}
    order {"v":1,"reference":"prusik:7:00000000000000ab:S:0","fact":{"acknowledged":{"id":41,
      "perm":null}}}
    order {"v":1,"reference":"prusik:7:00000000000000ab:S:0","fact":"held"}
    order {"v":1,"reference":"prusik:7:00000000000000ab:S:0","fact":"working"}
    order {"v":1,"reference":"prusik:7:00000000000000ab:S:0","fact":{"amend_planned":{"price":"167.25",
      "qty":100}}}
    order {"v":1,"reference":"prusik:7:00000000000000ab:S:0","fact":{"amended":{"price":"167.25",
      "qty":100}}}
    order {"v":1,"reference":"prusik:7:00000000000000ab:S:0","fact":{"amend_refused":{"code":104,
      "text":"Order rejected - reason: \"size\""}}}
    order {"v":1,"reference":"prusik:7:00000000000000ab:S:0","fact":"cancel_planned"}
    order {"v":1,"reference":"prusik:7:00000000000000ab:S:0","fact":"inactive"}
    order {"v":1,"reference":"prusik:7:00000000000000ab:S:0","fact":"filled"}
    order {"v":1,"reference":"prusik:7:00000000000000ab:S:0","fact":"cancelled"}
    order {"v":1,"reference":"prusik:7:00000000000000ab:S:0","fact":{"rejected":{"code":201,
      "text":"Order rejected - reason: \"size\""}}}
    order {"v":1,"reference":"prusik:7:00000000000000ab:S:0","fact":"expired"}
    order {"v":1,"reference":"prusik:7:00000000000000ab:S:0","fact":"abandoned"}
    "#);
}

#[test]
fn every_refusal_of_an_entry_is_a_sentence_too() {
    let lines: Vec<String> =
        denials().into_iter().map(|denied| shown(Event::EntryRefused { plan: plan_id(), denied })).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    entry_refused {"v":1,"plan":"SPY_1","denied":{"no_shares":{"budget":"10.0","distance":"12.25",
      "max":10000}},
      "message":"plan SPY_1 refused: Size below one share: 10.00 may be lost and one share loses 12.25 at the stop"}
    entry_refused {"v":1,"plan":"SPY_1","denied":{"portfolio_risk":{"current":"9","new":"2.994",
      "max":"10.00"}},"message":"plan SPY_1 refused: Portfolio risk limit exceeded: current 9.00 %,
       new 2.99 %, max 10.00 %"}
    entry_refused {"v":1,"plan":"SPY_1","denied":{"order_value":{"current":"250.5","max":"200",
      "largest":1107}},
      "message":"plan SPY_1 refused: Order value limit exceeded: order 250.50 % of the account,
       max 200.00 %; the largest size that passes is 1107"}
    entry_refused {"v":1,"plan":"SPY_1","denied":{"order_shares":{"current":10001,"max":10000}},
      "message":"plan SPY_1 refused: Order size limit exceeded: order 10001 shares, max 10000 shares"}
    entry_refused {"v":1,"plan":"SPY_1","denied":{"buying_power":{"current":"500000",
      "max":"399999.995","largest":2215}},
      "message":"plan SPY_1 refused: Buying power exceeded: order value 500000.00,
       max 400000.00; the largest size that passes is 2215"}
    entry_refused {"v":1,"plan":"SPY_1","denied":{"stop_passed":{"price":"166.90","stop":"167.00"}},
      "message":"plan SPY_1 refused: Stop already passed: the market is at 166.90, the stop at 167.00"}
    entry_refused {"v":1,"plan":"SPY_1","denied":"outside_session",
      "message":"plan SPY_1 refused: Outside the session: entries are decided in the regular session only"}
    entry_refused {"v":1,"plan":"SPY_1","denied":{"currency":{"contract":"EUR","account":"USD"}},
      "message":"plan SPY_1 refused: Currency mismatch: the contract trades in EUR,
       the account is in USD"}
    entry_refused {"v":1,"plan":"SPY_1","denied":"account_unknown",
      "message":"plan SPY_1 refused: Account value unknown: the broker has not told one above zero"}
    entry_refused {"v":1,"plan":"SPY_1","denied":"not_ready",
      "message":"plan SPY_1 refused: Not ready: the books and the broker are not reconciled"}
    entry_refused {"v":1,"plan":"SPY_1","denied":"signal_late",
      "message":"plan SPY_1 refused: Signal too old: the first bar of the session it waited for has passed"}
    entry_refused {"v":1,"plan":"SPY_1","denied":"frozen",
      "message":"plan SPY_1 refused: Symbol frozen: our position and the broker's differ"}
    "#);
}
