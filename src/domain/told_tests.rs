use super::*;
use crate::domain::event::ExitReason;
use crate::domain::ids::{ExecId, Stamp};
use crate::domain::market::{Hours, Timeframe};
use crate::domain::plan::{ContractSpec, RiskCategory, RuleUse, Severity, Switch, Tif};

fn d(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

fn price(text: &str) -> Price {
    Price::new(d(text)).expect("a price")
}

fn id(name: &str) -> PlanId {
    PlanId::new(name).expect("a plan id")
}

fn spy() -> Symbol {
    Symbol::new("SPY").expect("a symbol")
}

fn rule(name: &str) -> RuleUse {
    RuleUse { rule: name.into(), timeframe: Timeframe::Min5, parameters: Default::default() }
}

fn plan(target: Option<&str>) -> Box<Plan> {
    Box::new(Plan {
        id: id("SPY_1"),
        digest: 0xab,
        symbol: spy(),
        contract: ContractSpec::default(),
        direction: Direction::Long,
        entry_level: price("168.2"),
        stop_loss: price("167"),
        take_profit: target.map(price),
        risk: RiskCategory::Normal,
        entry: rule("close_above"),
        exit: rule("trailing_stop"),
        tif: Tif::Gtc,
        hours: Hours::Regular,
        valid_from: None,
        valid_until: None,
        max_quantity: None,
        switch: Switch::On,
        notes: None,
    })
}

fn ticket(leg: Leg, side: Side, kind: OrderKind) -> Ticket {
    Ticket {
        reference: OrderRef::new(1, 0xab, leg, 0),
        plan: id("SPY_1"),
        leg,
        side,
        qty: Qty::new(500),
        kind,
        tif: Tif::Gtc,
        hours: Hours::Regular,
        group: None,
        parent: None,
    }
}

fn filled(leg: Leg, side: Side, at: &str) -> Told {
    let execution = Execution {
        id: ExecId::new("e.1"),
        side,
        qty: Qty::new(500),
        price: price(at),
        at: Stamp::from_seconds(0),
    };
    Told::Filled { plan: id("SPY_1"), symbol: spy(), leg, execution }
}

fn trade(r_multiple: Option<&str>) -> Told {
    Told::Closed {
        trade: Box::new(Trade {
            plan: id("SPY_1"),
            symbol: spy(),
            direction: Direction::Long,
            qty: Qty::new(500),
            entry_price: d("168.27"),
            entry_time: Stamp::from_seconds(0),
            exit_price: d("168.9"),
            exit_time: Stamp::from_seconds(60),
            exit_reason: ExitReason::Stop,
            pnl: Cash::new(d("310")),
            fees: Cash::new(d("5")),
            r_multiple: r_multiple.map(d),
        }),
    }
}

fn problem(line: u32, help: Option<&str>) -> Box<Problem> {
    Box::new(Problem {
        code: "P101",
        severity: Severity::Error,
        file: "plans/x.yaml".into(),
        line,
        column: if line > 0 { 12 } else { 0 },
        message: "stop_loss is above entry_level".into(),
        help: help.map(str::to_owned),
        rendered: String::new(),
    })
}

fn read(all: Vec<Told>) -> String {
    all.iter().map(Told::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_trade_reads_from_its_plan_to_its_end() {
    let risk = Some(Cash::new(d("600")));
    let market = OrderKind::Market;
    insta::assert_snapshot!(read(vec![
        Told::Armed { plan: plan(None) },
        Told::Armed { plan: plan(Some("170.5")) },
        Told::Placed { ticket: ticket(Leg::Entry, Side::Buy, market), symbol: spy(), risk },
        Told::Placed { ticket: ticket(Leg::Stop, Side::Sell, OrderKind::Stop(price("167"))), symbol: spy(), risk: None },
        Told::Placed { ticket: ticket(Leg::Target, Side::Sell, OrderKind::Limit(price("170.5"))), symbol: spy(), risk: None },
        filled(Leg::Entry, Side::Buy, "168.27"),
        Told::Protected {
            plan: id("SPY_1"), direction: Direction::Long, qty: Qty::new(500), stop: price("167"), order_id: 2,
        },
        Told::StopMoved { plan: id("SPY_1"), from: price("167"), to: price("167.31"), order_id: 2 },
        filled(Leg::Stop, Side::Sell, "168.9"),
        trade(Some("0.49")),
        trade(None),
    ]), @r"
    plan SPY_1 armed: long SPY, close_above on 5min, entry 168.20, stop 167.00, target none
    plan SPY_1 armed: long SPY, close_above on 5min, entry 168.20, stop 167.00, target 170.50
    plan SPY_1 placed: entry order, buy 500 SPY at market, 600.00 at risk (prusik:1:00000000000000ab:E:0)
    plan SPY_1 placed: stop order, sell 500 SPY at market once 167.00 traded (prusik:1:00000000000000ab:S:0)
    plan SPY_1 placed: target order, sell 500 SPY at 170.50 or better (prusik:1:00000000000000ab:T:0)
    plan SPY_1 entered: bought 500 SPY at 168.27
    plan SPY_1 protected: 500 shares, stop 167.00 (order 2)
    plan SPY_1 stop moved: 167.00 -> 167.31 (order 2)
    plan SPY_1 stop filled: sold 500 SPY at 168.90
    plan SPY_1 closed: long 500 SPY 168.27 -> 168.90 by stop, P&L 310.00, fees 5.00, R 0.49
    plan SPY_1 closed: long 500 SPY 168.27 -> 168.90 by stop, P&L 310.00, fees 5.00, R none
    ");
}

#[test]
fn what_did_not_happen_is_told_with_its_reason() {
    let denied = Denied::PortfolioRisk { current: d("9"), new: d("2.991"), max: d("10") };
    let reference = OrderRef::new(1, 0xab, Leg::Stop, 0);
    insta::assert_snapshot!(read(vec![
        Told::Refused { plan: id("X"), denied },
        Told::EditRefused { plan: id("X"), why: "symbol cannot change with a position".into() },
        Told::Failed { plan: id("X"), reference: reference.clone(), leg: Leg::Stop, code: Some(201), text: "Order rejected".into() },
        Told::Failed { plan: id("X"), reference, leg: Leg::Stop, code: None, text: "no answer".into() },
        Told::RuleTrouble { plan: id("X"), why: "167.10 is looser than the resting stop 167.31".into() },
        Told::Ended { plan: id("X"), how: Ending::EntryFailed },
    ]), @r"
    plan X refused: Portfolio risk limit exceeded: current 9.00 %, new 2.99 %, max 10.00 %
    plan X edit refused: symbol cannot change with a position
    plan X failed: stop order, code 201: Order rejected (prusik:1:00000000000000ab:S:0)
    plan X failed: stop order: no answer (prusik:1:00000000000000ab:S:0)
    plan X rule trouble: 167.10 is looser than the resting stop 167.31
    plan X ended: entry failed
    ");
}

#[test]
fn the_remaining_news_reads_as_plain_sentences() {
    insta::assert_snapshot!(read(vec![
        Told::Changed { plan: id("X") },
        Told::Orphaned { plan: id("X") },
        Told::Held { plan: id("X"), why: "close 180.51 above 180.50".into() },
        Told::RuleSays { plan: id("X"), line: "warming up 9/15".into() },
        Told::Problem { problem: problem(6, Some("put the stop below 180.50")) },
        Told::Problem { problem: problem(0, None) },
        Told::Alarm { text: "the stop of X is gone".into() },
        Told::Info { text: "connected".into() },
    ]), @r"
    plan X changed: the edit is in force
    plan X orphaned: its file is gone; the position keeps its stop, which goes on trailing
    plan X signal held for the next session: close 180.51 above 180.50
    plan X says: warming up 9/15
    plans/x.yaml:6:12: error[P101]: stop_loss is above entry_level; put the stop below 180.50
    plans/x.yaml: error[P101]: stop_loss is above entry_level
    ALARM: the stop of X is gone
    connected
    ");
}

#[test]
fn a_short_is_entered_by_selling() {
    assert_eq!(
        filled(Leg::Entry, Side::Sell, "168.27").to_string(),
        "plan SPY_1 entered: sold 500 SPY at 168.27"
    );
}

#[test]
fn a_text_from_outside_cannot_look_like_a_line_of_ours() {
    let forged = "fine\nplan SPY_1 closed: nothing\r\u{1b}[31m\u{2028}red";
    let told = Told::RuleSays { plan: id("X"), line: forged.into() }.to_string();
    assert_eq!(told, "plan X says: fine plan SPY_1 closed: nothing  [31m red");
}

#[test]
fn an_average_price_of_many_digits_is_shown_with_four() {
    let Told::Closed { mut trade } = trade(Some("0.49")) else { unreachable!("a closed trade") };
    trade.entry_price = Decimal::from(1000) / Decimal::from(3);
    assert!(Told::Closed { trade }.to_string().contains(" 333.3333 -> 168.90 "));
}
