//! A simulated gateway with a small market, and a client that keeps step with it.

use jiff::Timestamp;
use prusik::domain::broker::{BrokerFact, OrderReport, Standing};
use prusik::domain::ids::{BrokerOrderId, Direction, Leg, OrderRef, PlanId, Side, Symbol};
use prusik::domain::market::{Contract, Hours};
use prusik::domain::money::{Cash, Price, Qty};
use prusik::domain::order::{OrderKind, Ticket};
use prusik::domain::plan::{ContractSpec, RiskCategory, Tif};
use prusik::domain::risk::{
    Account, Approved, Bracket, EntryRequest, Exposure, Limits, RestingStop, approve_entry, approve_stop_move,
};
use prusik::gateway::{self, Gateway, SourceBar};
use prusik::ibkr::{Drained, LinkEvent, Sent, Session, Settings};
use rust_decimal::Decimal;
use std::time::Duration;

pub(crate) fn dollars(text: &str) -> Price {
    Price::new(text.parse().expect("a decimal")).expect("a price")
}

pub(crate) fn symbol(ticker: &str) -> Symbol {
    Symbol::new(ticker).expect("a ticker")
}

/// Minute bars from a moment on, each as its four prices in cents.
pub(crate) fn minutes(from: &str, prices: &[[i64; 4]]) -> Vec<SourceBar> {
    let from: Timestamp = from.parse().expect("a timestamp");
    let cents = |cents| Decimal::new(cents, 2);
    (0..)
        .zip(prices)
        .map(|(minute, [open, high, low, close])| SourceBar {
            time: Timestamp::from_second(from.as_second() + minute * 60).expect("a timestamp"),
            open: cents(*open),
            high: cents(*high),
            low: cents(*low),
            close: cents(*close),
            volume: 1_200,
        })
        .collect()
}

/// The last five minutes of a session: SPY rises from 100 to 103, then falls through 99.
pub(crate) fn afternoon() -> Vec<SourceBar> {
    minutes(
        "2024-01-03T20:55:00Z",
        &[
            [10_000, 10_010, 10_000, 10_010],
            [10_010, 10_200, 10_010, 10_200],
            [10_200, 10_300, 10_200, 10_300],
            [10_300, 10_300, 9_900, 9_900],
            [9_900, 9_900, 9_800, 9_800],
        ],
    )
}

pub(crate) async fn gateway(bars: Vec<(&str, Vec<SourceBar>)>) -> Gateway {
    let bars = bars.into_iter().map(|(symbol, bars)| (symbol.to_owned(), bars)).collect();
    Gateway::start(gateway::Settings { bars, ..gateway::Settings::default() }).await.expect("a gateway")
}

/// Settings with patience for a busy machine.
pub(crate) fn settings(address: impl ToString) -> Settings {
    Settings { request_timeout: Duration::from_secs(20), ..Settings::new(address.to_string()) }
}

pub(crate) async fn connected(gateway: &Gateway) -> Session {
    Session::connect(&settings(gateway.local_addr()), 0).await.expect("a session")
}

/// Holds the market where it is, whoever else comes and goes: a client that says it keeps step, and then nothing.
pub(crate) async fn hold(gateway: &Gateway) -> Session {
    let holder = Settings { client_id: 99, ..settings(gateway.local_addr()) };
    let mut holder = Session::connect(&holder, 0).await.expect("a session");
    holder.done().await.expect("joined the lockstep");
    holder
}

/// A client that keeps step with the market, and everything it heard.
pub(crate) struct Client {
    pub(crate) session: Session,
    pub(crate) spy: Contract,
    pub(crate) heard: Drained,
}

impl Client {
    /// Connects, joins the lockstep and subscribes the bars of SPY; the market has not moved yet.
    pub(crate) async fn at(address: impl ToString) -> Client {
        let mut session = Session::connect(&settings(address), 0).await.expect("a session");
        let spy = session.contract(&symbol("SPY"), &ContractSpec::default()).await.expect("SPY");
        session.done().await.expect("joined the lockstep");
        session.subscribe_bars(&spy).await.expect("bars");
        Client { session, spy, heard: Drained::default() }
    }

    /// Takes in what is there, after a barrier.
    pub(crate) async fn listen(&mut self) {
        self.session.barrier().await.expect("a barrier");
        let Drained { facts, account, bars, link } = self.session.drain();
        self.heard.facts.extend(facts);
        self.heard.account = account.or(self.heard.account.take());
        self.heard.bars.extend(bars);
        self.heard.link.extend(link);
    }

    /// Waits, without a barrier, until the connection says something.
    pub(crate) async fn wait_for(&mut self, event: LinkEvent) {
        let patience = Duration::from_secs(30);
        while !self.heard.link.contains(&event) {
            let heard = tokio::time::timeout(patience, self.session.wait()).await;
            heard.unwrap_or_else(|_| panic!("{event:?} was never told: {:?}", self.heard.link));
            self.heard.link.extend(self.session.drain().link);
        }
    }

    /// Lets the market go on, one instant after the other, until something is heard.
    pub(crate) async fn play_until(&mut self, what: impl Fn(&Drained) -> bool) {
        self.listen().await;
        while !what(&self.heard) {
            assert!(
                !self.heard.link.contains(&LinkEvent::EndOfBars),
                "the market is over: {:#?}",
                self.heard
            );
            self.session.done().await.expect("done");
            self.listen().await;
        }
    }

    /// Sends a bracket that must leave whole, and gives its numbers.
    pub(crate) async fn submit(&mut self, bracket: &Approved<Bracket>) -> Vec<BrokerOrderId> {
        let sent = self.session.submit(bracket, &self.spy).await;
        sent.into_iter().map(|(_, sent)| id_of(sent)).collect()
    }

    /// The last whole report of an order.
    pub(crate) fn report(&self, id: BrokerOrderId) -> Option<&OrderReport> {
        reports(&self.heard, id).last()
    }

    pub(crate) fn stands(&self, id: BrokerOrderId) -> Option<Standing> {
        self.report(id).map(|report| report.standing)
    }
}

pub(crate) fn reports(heard: &Drained, id: BrokerOrderId) -> impl Iterator<Item = &OrderReport> {
    heard.facts.iter().filter_map(move |fact| match fact {
        BrokerFact::Report(report) if report.id == Some(id) => Some(report),
        _ => None,
    })
}

pub(crate) fn is_filled(heard: &Drained, id: BrokerOrderId) -> bool {
    reports(heard, id).any(|report| report.standing == Standing::Filled)
}

pub(crate) fn id_of(sent: Sent) -> BrokerOrderId {
    match sent {
        Sent::Sent(id) => id,
        other => panic!("not sent: {other:?}"),
    }
}

/// 100 shares bought at market, a stop and a target.
pub(crate) fn bracket(stop: &str, target: Option<&str>) -> Approved<Bracket> {
    let request = EntryRequest {
        category: RiskCategory::Normal,
        reference: dollars("100.10"),
        stop: dollars(stop),
        max_quantity: Some(Qty::new(100)),
    };
    let cash = |dollars: i64| Cash::new(Decimal::from(dollars));
    let account = Account { value: cash(100_000), buying_power: cash(400_000) };
    approve_entry(&request, &Limits::default(), &account, &Exposure::default(), |sized| Bracket {
        entry: ticket(Leg::Entry, sized.qty, OrderKind::Market),
        stop: ticket(Leg::Stop, sized.qty, OrderKind::Stop(dollars(stop))),
        target: target.map(|target| ticket(Leg::Target, sized.qty, OrderKind::Limit(dollars(target)))),
        risk: sized.risk,
        reference: request.reference,
    })
    .expect("within the limits")
}

pub(crate) fn reference(leg: Leg) -> OrderRef {
    OrderRef::new(1, 0xfeed, leg, 1)
}

pub(crate) fn ticket(leg: Leg, qty: Qty, kind: OrderKind) -> Ticket {
    let entry = leg == Leg::Entry;
    Ticket {
        reference: reference(leg),
        plan: PlanId::new("SPY_1").expect("a plan id"),
        leg,
        side: if entry { Side::Buy } else { Side::Sell },
        qty,
        kind,
        tif: if entry { Tif::Day } else { Tif::Gtc },
        hours: Hours::Regular,
        group: (!entry).then(|| "prusik:1:feed:1".to_owned()),
        parent: (!entry && leg != Leg::Exit).then(|| reference(Leg::Entry)),
    }
}

/// A tighter stop than the one in the bracket.
pub(crate) fn tighter(contract: &Contract, from: &str, to: &str) -> Approved<prusik::domain::risk::Change> {
    let resting = RestingStop {
        reference: reference(Leg::Stop),
        direction: Direction::Long,
        stop: dollars(from),
        qty: Qty::new(100),
        tick: contract.tick,
        market: dollars("102.00"),
    };
    approve_stop_move(&resting, dollars(to).decimal()).expect("tighter")
}
