use super::*;
use crate::domain::event::{Ending, ExitReason, Trade};
use crate::domain::ids::{Direction, ExecId, Leg, OrderRef, PlanId, Side, Stamp, Symbol};
use crate::domain::market::Hours;
use crate::domain::money::{Cash, Price, Qty};
use crate::domain::order::{Execution, OrderKind, Ticket};
use crate::domain::plan::Tif;
use crate::domain::risk::Denied;
use rust_decimal::Decimal;

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

fn placed() -> Told {
    let ticket = Ticket {
        reference: OrderRef::new(1, 0xab, Leg::Entry, 0),
        plan: id("SPY_1"),
        leg: Leg::Entry,
        side: Side::Buy,
        qty: Qty::new(500),
        kind: OrderKind::Market,
        tif: Tif::Gtc,
        hours: Hours::Regular,
        group: None,
        parent: None,
    };
    Told::Placed { ticket, symbol: spy(), risk: Some(Cash::new(d("600"))) }
}

fn filled() -> Told {
    let (side, at) = (Side::Buy, Stamp::from_seconds(0));
    let execution =
        Execution { id: ExecId::new("e.1"), side, qty: Qty::new(500), price: price("168.27"), at };
    Told::Filled { plan: id("SPY_1"), symbol: spy(), leg: Leg::Entry, execution }
}

fn closed() -> Told {
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
            r_multiple: Some(d("0.49")),
        }),
    }
}

fn failed(text: &str) -> Told {
    let reference = OrderRef::new(1, 0xab, Leg::Stop, 0);
    Told::Failed { plan: id("SPY_1"), reference, leg: Leg::Stop, code: Some(201), text: text.into() }
}

fn refused(denied: Denied) -> Told {
    Told::Refused { plan: id("X"), denied }
}

fn says(text: &str) -> String {
    let told = Told::Alarm { text: text.into() };
    let message = message(&told, Mode::Live).expect("an alarm goes out");
    message.text.strip_prefix("ALARM: ").expect("the alarm's word").to_owned()
}

/// Each message on lines of its own, with its priority.
fn read(all: Vec<Told>) -> String {
    let line = |told: &Told| match message(told, Mode::Paper) {
        Some(Message { priority, text }) => format!("{priority:?}: {text}"),
        None => "-".into(),
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_trade_is_told_from_its_order_to_its_result() {
    insta::assert_snapshot!(read(vec![placed(), filled(), failed("Order rejected - reason: margin"), closed()]), @r"
    Info: [SIMULATION] plan SPY_1 placed: entry order, buy 500 SPY at market, 600.00 at risk (prusik:1:00000000000000ab:E:0)
    Info: [SIMULATION] plan SPY_1 entered: bought 500 SPY at 168.27
    Urgent: [SIMULATION] plan SPY_1 failed: stop order, code 201: Order rejected - reason: margin (prusik:1:00000000000000ab:S:0)
    Info: [SIMULATION] plan SPY_1 closed: long 500 SPY 168.27 -> 168.90 by stop, P&L 310.00, fees 5.00, R 0.49
    ");
}

#[test]
fn a_refusal_tells_its_limit_where_it_stands_and_how_far_it_goes() {
    insta::assert_snapshot!(read(vec![
        refused(Denied::PortfolioRisk { current: d("9"), new: d("2.991"), max: d("10") }),
        refused(Denied::OrderShares { current: Qty::new(12_000), max: Qty::new(10_000) }),
        refused(Denied::OutsideSession),
    ]), @r"
    Urgent: [SIMULATION] plan X refused: Portfolio risk limit exceeded: current 9.00 %, new 2.99 %, max 10.00 %
    limit portfolio_risk_percent, current 9.00, max 10.00
    Urgent: [SIMULATION] plan X refused: Order size limit exceeded: order 12000 shares, max 10000 shares
    limit order_shares, current 12000, max 10000
    Urgent: [SIMULATION] plan X refused: Outside the session: entries are decided in the regular session only
    limit session
    ");
}

#[test]
fn what_needs_a_look_goes_out() {
    insta::assert_snapshot!(read(vec![
        Told::Alarm { text: "the stop of SPY_1 is gone".into() },
        Told::EditRefused { plan: id("X"), why: "symbol cannot change with a position".into() },
        Told::RuleTrouble { plan: id("X"), why: "too many operations (line 3, column 5)".into() },
        Told::Held { plan: id("X"), why: "close 180.51 above 180.50".into() },
        Told::Orphaned { plan: id("X") },
    ]), @r"
    Urgent: [SIMULATION] ALARM: the stop of SPY_1 is gone
    Urgent: [SIMULATION] plan X edit refused: symbol cannot change with a position
    Info: [SIMULATION] plan X rule trouble: too many operations (line 3, column 5)
    Info: [SIMULATION] plan X signal held for the next session: close 180.51 above 180.50
    Info: [SIMULATION] plan X orphaned: its file is gone; the position keeps its stop, which goes on trailing
    ");
}

#[test]
fn what_happens_all_the_time_stays_on_the_log() {
    let (from, to) = (price("167"), price("167.31"));
    let quiet = [
        Told::Changed { plan: id("X") },
        Told::Ended { plan: id("X"), how: Ending::Removed },
        Told::Protected {
            plan: id("X"),
            direction: Direction::Long,
            qty: Qty::new(1),
            stop: from,
            order_id: 2,
        },
        Told::StopMoved { plan: id("X"), from, to, order_id: 2 },
        Told::RuleSays { plan: id("X"), line: "warming up 9/15".into() },
        Told::Info { text: "connected".into() },
    ];
    assert!(quiet.iter().all(|told| message(told, Mode::Paper).is_none()));
}

#[test]
fn only_paper_is_called_a_simulation() {
    let text = |mode| message(&closed(), mode).expect("a closed trade goes out").text;
    assert!(text(Mode::Paper).starts_with("[SIMULATION] plan SPY_1 closed: "));
    assert!(text(Mode::Live).starts_with("plan SPY_1 closed: "));
}

#[test]
fn a_text_from_outside_calls_nobody_and_formats_nothing() {
    insta::assert_snapshot!(says("**bold** ~~gone~~ `code` ||spoiler|| [click](https://evil.example) \\*"), @r"\*\*bold\*\* \~\~gone\~\~ \`code\` \|\|spoiler\|\| \[click\](https\://evil.example) \\\*");
    for mention in ["@everyone", "@here", "<@123>", "<@&123>", "<#123>", "<t:0>", "<https://evil.example>"] {
        let said = says(mention);
        assert!(!said.replace(r"\<", "").contains('<'), "{said}");
        assert_eq!(said.matches('@').count(), said.matches("@\u{200b}").count(), "{said}");
    }
    assert_eq!(says("abc\u{202e}fed"), "abcfed");
    assert!(!says("one\n# two").contains('\n'), "no text starts a line");
}

#[test]
fn a_name_stays_as_it_is_and_can_be_searched_for() {
    assert_eq!(says("AAPL_20250815_001 is gone"), "AAPL_20250815_001 is gone");
    assert_eq!(says("_A__B_ is gone"), r"\_A\_\_B\_ is gone");
}

#[test]
fn a_long_text_is_shortened_and_keeps_the_plan_and_the_order() {
    for filler in ["x", "*", "@", "🦀", "\\"] {
        let text = message(&failed(&filler.repeat(5_000)), Mode::Paper).expect("a failure goes out").text;
        assert!(
            text.encode_utf16().count() <= CONTENT_UNITS_MAX,
            "{filler}: {}",
            text.encode_utf16().count()
        );
        assert!(text.starts_with("[SIMULATION] plan SPY_1 failed: stop order, code 201: "), "{text}");
        assert!(text.ends_with("(prusik:1:00000000000000ab:S:0)") && text.contains('…'), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_a_message_too_long_or_leaves_a_mark_unescaped(text in "\\PC{0,1200}|[*_~`|<>\\[\\]@:/\\\\a ]{0,1200}") {
        let said = says(&text);
        proptest::prop_assert!(said.encode_utf16().count() <= CONTENT_UNITS_MAX);
        let mut escaped = false;
        for c in said.chars() {
            proptest::prop_assert!(escaped || !"*~`|<[]".contains(c), "{said}");
            escaped = c == '\\' && !escaped;
        }
        proptest::prop_assert!(!escaped, "a lone backslash ends {said}");
    }
}
