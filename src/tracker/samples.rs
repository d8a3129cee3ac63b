//! Events to test with: one of every kind, and any at all.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use proptest::prelude::*;
use rusqlite::Connection;
use rust_decimal::Decimal;
use tempfile::TempDir;

use super::{Head, Journal, Meta, Mode};
use crate::domain::event::{Ending, Event, ExitReason, Recorded};
use crate::domain::ids::{
    BrokerOrderId, Direction, ExecId, Leg, OrderRef, PermId, PlanId, Side, Stamp, Symbol,
};
use crate::domain::market::{Candle, Hours, Timeframe};
use crate::domain::money::{Cash, Distance, Price, Qty};
use crate::domain::order::{Amendment, Execution, OrderFact, OrderKind, Ticket};
use crate::domain::plan::{ContractSpec, Param, Plan, RiskCategory, RuleUse, Switch, Tif};
use crate::domain::risk::{Bracket, Denied};

pub(super) fn dec(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

pub(super) fn price(text: &str) -> Price {
    Price::new(dec(text)).expect("a price")
}

pub(super) fn plan_id() -> PlanId {
    PlanId::new("SPY_1").expect("a plan id")
}

fn symbol() -> Symbol {
    Symbol::new("SPY").expect("a symbol")
}

pub(super) fn stamp(text: &str) -> Stamp {
    Stamp::new(text.parse::<Timestamp>().expect("a time"))
}

fn reference(leg: Leg) -> OrderRef {
    OrderRef::new(7, 0xab, leg, 0)
}

pub(super) fn plan() -> Plan {
    Plan {
        id: plan_id(),
        digest: 0xab,
        symbol: symbol(),
        contract: ContractSpec { con_id: Some(756_733), ..ContractSpec::default() },
        direction: Direction::Long,
        entry_level: price("168.50"),
        stop_loss: price("167"),
        take_profit: Some(price("172.125")),
        risk: RiskCategory::Normal,
        entry: RuleUse {
            rule: "close_above".into(),
            timeframe: Timeframe::Min15,
            parameters: [
                ("threshold".to_owned(), Param::Number(dec("168.50"))),
                ("note".to_owned(), Param::Text("the \"high\"".into())),
                ("strict".to_owned(), Param::Flag(true)),
            ]
            .into(),
        },
        exit: RuleUse {
            rule: "trailing_stop".into(),
            timeframe: Timeframe::Hour1,
            parameters: Default::default(),
        },
        tif: Tif::Gtc,
        hours: Hours::Regular,
        valid_from: Some(stamp("2013-10-04T13:30:00Z")),
        valid_until: None,
        max_quantity: Some(Qty::new(500)),
        switch: Switch::On,
        notes: Some("after the breakout".into()),
    }
}

pub(super) fn ticket(leg: Leg, kind: OrderKind) -> Ticket {
    let exit = leg != Leg::Entry;
    Ticket {
        reference: reference(leg),
        plan: plan_id(),
        leg,
        side: if exit { Side::Sell } else { Side::Buy },
        qty: Qty::new(100),
        kind,
        tif: if exit { Tif::Gtc } else { Tif::Day },
        hours: Hours::Regular,
        group: exit.then(|| "prusik:7:00000000000000ab:0".to_owned()),
        parent: exit.then(|| reference(Leg::Entry)),
    }
}

pub(super) fn bracket() -> Bracket {
    Bracket {
        entry: ticket(Leg::Entry, OrderKind::Market),
        stop: ticket(Leg::Stop, OrderKind::Stop(price("167"))),
        target: Some(ticket(Leg::Target, OrderKind::Limit(price("172.125")))),
        risk: Cash::new(dec("150.00")),
        reference: price("168.50"),
    }
}

pub(super) fn execution() -> Execution {
    Execution {
        id: ExecId::new("0000e0d5.01.01"),
        side: Side::Buy,
        qty: Qty::new(100),
        price: price("168.51"),
        at: stamp("2013-10-04T13:45:05Z"),
    }
}

pub(super) fn candle() -> Candle {
    Candle {
        start: stamp("2013-10-04T13:30:00Z"),
        end: stamp("2013-10-04T13:45:00Z"),
        open: price("168.1"),
        high: price("168.55"),
        low: price("168"),
        close: price("168.51"),
        volume: 1_234_567,
    }
}

/// Everything that can happen to an order.
pub(super) fn facts() -> Vec<OrderFact> {
    let text = || "Order rejected - reason: \"size\"".to_owned();
    let amendment = Amendment { price: price("167.25"), qty: Qty::new(100) };
    vec![
        OrderFact::Sent(BrokerOrderId(41)),
        OrderFact::Lost,
        OrderFact::Acknowledged { id: BrokerOrderId(41), perm: Some(PermId(1_234_567_890_123)) },
        OrderFact::Acknowledged { id: BrokerOrderId(41), perm: None },
        OrderFact::Held,
        OrderFact::Working,
        OrderFact::AmendPlanned(amendment),
        OrderFact::Amended(amendment),
        OrderFact::AmendRefused { code: 104, text: text() },
        OrderFact::CancelPlanned,
        OrderFact::Inactive,
        OrderFact::Filled,
        OrderFact::Cancelled,
        OrderFact::Rejected { code: 201, text: text() },
        OrderFact::Expired,
        OrderFact::Abandoned,
    ]
}

/// Everything that can stand in the way of an entry.
pub(super) fn denials() -> Vec<Denied> {
    vec![
        Denied::NoShares {
            budget: Cash::new(dec("10.0")),
            distance: price("180.5") - price("168.25"),
            max: Qty::new(10_000),
        },
        Denied::PortfolioRisk { current: dec("9"), new: dec("2.994"), max: dec("10.00") },
        Denied::OrderValue { current: dec("250.5"), max: dec("200"), largest: Qty::new(1_107) },
        Denied::OrderShares { current: Qty::new(10_001), max: Qty::new(10_000) },
        Denied::BuyingPower {
            current: Cash::new(dec("500000")),
            max: Cash::new(dec("399999.995")),
            largest: Qty::new(2_215),
        },
        Denied::StopPassed { price: price("166.9"), stop: price("167") },
        Denied::OutsideSession,
        Denied::Currency { contract: "EUR".into(), account: "USD".into() },
        Denied::AccountUnknown,
        Denied::NotReady,
        Denied::SignalLate,
        Denied::Frozen,
    ]
}

/// One of every kind, and of every fact and refusal.
pub(super) fn events() -> Vec<Event> {
    let (plan_box, why) = (|| Box::new(plan()), || "as the rule says".to_owned());
    let mut events = vec![
        Event::PlanArmed { plan: plan_box() },
        Event::PlanChanged { plan: plan_box() },
        Event::PlanEditRefused { plan: plan_id(), why: why() },
        Event::PlanOrphaned { plan: plan_id() },
        Event::SignalHeld { plan: plan_id(), candle_end: stamp("2013-10-04T20:00:00Z"), why: why() },
        Event::EntryPlanned { bracket: Box::new(bracket()), account: Cash::new(dec("100000")), why: why() },
        Event::Executed { reference: reference(Leg::Entry), execution: execution() },
        Event::Charged { exec: execution().id, amount: Cash::new(dec("1.00")) },
        Event::CandleJudged { plan: plan_id(), candle: candle(), best: price("168.55") },
        Event::StopRefused { plan: plan_id(), why: why() },
        Event::RuleFailed { plan: plan_id(), why: why() },
        Event::PositionMismatch { symbol: symbol(), ours: 100, broker: -50 },
        Event::PositionAgrees { symbol: symbol() },
        Event::Reconciled { open_orders: 2, positions: 1 },
        Event::ConnectionLost { why: "no answer for 5 s".into() },
    ];
    let endings = [Ending::Closed, Ending::Cancelled, Ending::Removed, Ending::EntryFailed];
    events.extend(endings.map(|how| Event::PlanEnded { plan: plan_id(), how }));
    let exits = [
        ExitReason::Stop,
        ExitReason::Target,
        ExitReason::Rule,
        ExitReason::Operator,
        ExitReason::Protection,
        ExitReason::External,
    ];
    events.extend(exits.map(|reason| Event::OrderPlanned {
        ticket: ticket(Leg::Exit, OrderKind::Market),
        why: reason,
        text: why(),
    }));
    events.extend(facts().into_iter().map(|fact| Event::Order { reference: reference(Leg::Stop), fact }));
    events.extend(denials().into_iter().map(|denied| Event::EntryRefused { plan: plan_id(), denied }));
    events
}

/// `count` events, five seconds of market time apart.
pub(super) fn day(count: usize) -> Vec<Recorded> {
    let events = events();
    let start = stamp("2013-10-04T13:30:00Z");
    (0..count)
        .map(|n| Recorded {
            at: start.plus_seconds(5 * i64::try_from(n).expect("few events")),
            event: events[n % events.len()].clone(),
        })
        .collect()
}

/// A fresh journal's description.
pub(super) fn meta() -> Meta {
    Meta { epoch: 7, account: "DU0000001".to_owned(), mode: Mode::Connected, created: wall() }
}

/// Some wall time.
pub(super) fn wall() -> Timestamp {
    "2024-05-06T07:08:09.123456Z".parse().expect("a time")
}

/// A directory that is gone afterwards, and the journal's place in it.
pub(super) fn place() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("state").join("journal.db");
    (dir, path)
}

/// A closed journal with these rows, appended in groups of `group`.
pub(super) fn written(path: &Path, rows: &[Recorded], group: usize) -> Head {
    let mut journal = Journal::create(path, meta()).expect("a new journal");
    for records in rows.chunks(group) {
        journal.append(records, wall()).expect("appended");
    }
    let head = journal.head();
    journal.close().expect("closed");
    head
}

/// Opens the database behind the journal's back, its guards taken away.
pub(super) fn tampering(path: &Path) -> Connection {
    let conn = Connection::open(path).expect("a database");
    let guards: Vec<String> = conn
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .expect("a statement")
        .query_map([], |row| row.get(0))
        .expect("names")
        .collect::<Result<_, _>>()
        .expect("names");
    for guard in guards {
        conn.execute_batch(&format!("DROP TRIGGER {guard}")).expect("dropped");
    }
    conn
}

pub(super) fn any_decimal() -> impl Strategy<Value = Decimal> {
    (any::<i64>(), 0u32..=18).prop_map(|(units, scale)| Decimal::new(units, scale))
}

pub(super) fn any_price() -> impl Strategy<Value = Price> {
    (1i64..=1_000_000_000_000, 0u32..=12)
        .prop_map(|(units, scale)| Price::new(Decimal::new(units, scale)).expect("within the bounds"))
}

fn any_cash() -> impl Strategy<Value = Cash> {
    any_decimal().prop_map(Cash::new)
}

pub(super) fn any_distance() -> impl Strategy<Value = Distance> {
    (any_price(), any_price()).prop_map(|(a, b)| a - b)
}

fn any_qty() -> impl Strategy<Value = Qty> {
    any::<u32>().prop_map(|shares| Qty::new(shares.into()))
}

/// Any millisecond from the year -9999 to 9999.
fn any_stamp() -> impl Strategy<Value = Stamp> {
    (-300_000_000_000_000i64..=250_000_000_000_000).prop_map(Stamp::from_millis)
}

fn any_plan_id() -> impl Strategy<Value = PlanId> {
    "[A-Z0-9_]{1,100}".prop_map(|name| PlanId::new(&name).expect("a plan id"))
}

fn any_param() -> impl Strategy<Value = Param> {
    prop_oneof![
        any_decimal().prop_map(Param::Number),
        any::<String>().prop_map(Param::Text),
        any::<bool>().prop_map(Param::Flag),
    ]
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let parameters = prop::collection::btree_map(any::<String>(), any_param(), 0..4);
    let prices = (any_price(), any_price(), prop::option::of(any_price()));
    let until = prop::option::of(any_stamp());
    (any_plan_id(), any::<u64>(), prices, parameters, until, prop::option::of(any::<String>())).prop_map(
        |(id, digest, (entry_level, stop_loss, take_profit), parameters, valid_until, notes)| {
            let entry = RuleUse { parameters, ..plan().entry };
            Plan { id, digest, entry_level, stop_loss, take_profit, entry, valid_until, notes, ..plan() }
        },
    )
}

fn any_ticket() -> impl Strategy<Value = Ticket> {
    let kind = prop_oneof![
        Just(OrderKind::Market),
        any_price().prop_map(OrderKind::Limit),
        any_price().prop_map(OrderKind::Stop),
    ];
    (any_plan_id(), any::<(u64, u64, u32)>(), any_qty(), kind, prop::option::of(any::<String>())).prop_map(
        |(plan, (epoch, digest, generation), qty, kind, group)| Ticket {
            reference: OrderRef::new(epoch, digest, Leg::Target, generation),
            plan,
            qty,
            kind,
            group,
            ..ticket(Leg::Target, kind)
        },
    )
}

fn any_denied() -> impl Strategy<Value = Denied> {
    prop_oneof![
        (any_cash(), any_distance(), any_qty()).prop_map(|(budget, distance, max)| Denied::NoShares {
            budget,
            distance,
            max
        }),
        (any_decimal(), any_decimal(), any_decimal()).prop_map(|(current, new, max)| Denied::PortfolioRisk {
            current,
            new,
            max
        }),
        (any_cash(), any_cash(), any_qty()).prop_map(|(current, max, largest)| Denied::BuyingPower {
            current,
            max,
            largest
        }),
        any::<(String, String)>().prop_map(|(contract, account)| Denied::Currency { contract, account }),
    ]
}

/// Any event with any content; the kinds without content of their own are in [`events`].
pub(super) fn any_event() -> impl Strategy<Value = Event> {
    let amendment = (any_price(), any_qty()).prop_map(|(price, qty)| Amendment { price, qty });
    let fact = prop_oneof![
        any::<i32>().prop_map(|id| OrderFact::Sent(BrokerOrderId(id))),
        any::<(i32, Option<i64>)>()
            .prop_map(|(id, perm)| OrderFact::Acknowledged { id: BrokerOrderId(id), perm: perm.map(PermId) }),
        any::<(i32, String)>().prop_map(|(code, text)| OrderFact::Rejected { code, text }),
        amendment.prop_map(OrderFact::Amended),
    ];
    prop_oneof![
        prop::sample::select(events()),
        any_plan().prop_map(|plan| Event::PlanArmed { plan: Box::new(plan) }),
        (any_plan_id(), any_stamp(), any::<String>()).prop_map(|(plan, candle_end, why)| Event::SignalHeld {
            plan,
            candle_end,
            why
        }),
        (any_plan_id(), any_denied()).prop_map(|(plan, denied)| Event::EntryRefused { plan, denied }),
        (
            any_ticket(),
            any_ticket(),
            prop::option::of(any_ticket()),
            any_cash(),
            any_price(),
            any::<String>()
        )
            .prop_map(|(entry, stop, target, risk, reference, why)| Event::EntryPlanned {
                bracket: Box::new(Bracket { entry, stop, target, risk, reference }),
                account: risk,
                why
            }),
        fact.prop_map(|fact| Event::Order { reference: reference(Leg::Exit), fact }),
        (any::<String>(), any_qty(), any_price(), any_stamp()).prop_map(|(id, qty, price, at)| {
            let execution = Execution { id: ExecId::new(&id), side: Side::Sell, qty, price, at };
            Event::Executed { reference: reference(Leg::Stop), execution }
        }),
        (any::<String>(), any_cash())
            .prop_map(|(exec, amount)| Event::Charged { exec: ExecId::new(&exec), amount }),
        (any_plan_id(), any_stamp(), any_price(), any::<u64>()).prop_map(|(plan, start, close, volume)| {
            Event::CandleJudged { plan, candle: Candle { start, close, volume, ..candle() }, best: close }
        }),
        any::<(i64, i64)>().prop_map(|(ours, broker)| Event::PositionMismatch {
            symbol: symbol(),
            ours,
            broker
        }),
    ]
}
