//! The spelling of stories: plans, times, prices.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZoneDatabase;
use prusik::domain::ids::{Direction, PlanId, Stamp, Symbol};
use prusik::domain::market::{Hours, Timeframe};
use prusik::domain::money::{Price, Qty};
use prusik::domain::plan::{ContractSpec, Param, Plan, RiskCategory, RuleUse, Switch, Tif};
use rust_decimal::Decimal;

pub(crate) fn decimal(text: &str) -> Decimal {
    text.parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

pub(crate) fn price(text: &str) -> Price {
    Price::new(decimal(text)).expect("a price")
}

pub(crate) fn symbol(text: &str) -> Symbol {
    Symbol::new(text).unwrap_or_else(|| panic!("{text} is no symbol"))
}

/// A moment of New York.
pub(crate) fn moment(date: Date, time: &str) -> Stamp {
    let time: Time = time.parse().unwrap_or_else(|_| panic!("{time} is no time"));
    let zone = TimeZoneDatabase::bundled().get("America/New_York").expect("New York");
    Stamp::new(zone.to_timestamp(date.to_datetime(time)).expect("a moment"))
}

/// The time of day in New York.
pub(crate) fn clock(at: Stamp) -> String {
    let zone = TimeZoneDatabase::bundled().get("America/New_York").expect("New York");
    zone.to_datetime(at.timestamp()).strftime("%H:%M:%S").to_string()
}

/// `A SPY long entry 100 stop 98 target 106 risk large above 100.5 1min percent 2 5min max 10 day ext off`.
/// Long unless `short`; the entry rule is `above`, `below` or none; the exit rule `percent` or none.
pub(crate) fn plan(date: Date, text: &str) -> Plan {
    let mut words = text.split_whitespace();
    let mut word = || words.next();
    let id = word().expect("a plan has a name");
    let mut plan = blank(id, word().expect("a plan has a symbol"));
    while let Some(key) = word() {
        let mut value = || word().unwrap_or_else(|| panic!("{key} of what?"));
        match key {
            "long" => plan.direction = Direction::Long,
            "short" => plan.direction = Direction::Short,
            "entry" => plan.entry_level = price(value()),
            "stop" => plan.stop_loss = price(value()),
            "target" => plan.take_profit = Some(price(value())),
            "risk" => plan.risk = RiskCategory::parse(value()).expect("a category"),
            "above" | "below" => plan.entry = rule(key, value(), value()),
            "percent" => plan.exit = rule(key, value(), value()),
            "keep" => plan.exit.timeframe = Timeframe::parse(value()).expect("a timeframe"),
            "wait" => plan.entry.timeframe = Timeframe::parse(value()).expect("a timeframe"),
            "max" => plan.max_quantity = Some(Qty::new(value().parse().expect("shares"))),
            "from" => plan.valid_from = Some(moment(date, value())),
            "until" => plan.valid_until = Some(moment(date, value())),
            "listed" => plan.contract.primary_exchange = Some(value().into()),
            "day" => plan.tif = Tif::Day,
            "ext" => plan.hours = Hours::Extended,
            "off" => plan.switch = Switch::Off,
            other => panic!("{other} is no word of a plan"),
        }
    }
    plan
}

fn rule(name: &str, number: &str, timeframe: &str) -> RuleUse {
    RuleUse {
        rule: name.into(),
        timeframe: Timeframe::parse(timeframe).expect("a timeframe"),
        parameters: BTreeMap::from([("at".to_owned(), Param::Number(decimal(number)))]),
    }
}

fn blank(id: &str, ticker: &str) -> Plan {
    let silent = RuleUse { rule: "silent".into(), timeframe: Timeframe::Min1, parameters: BTreeMap::new() };
    Plan {
        id: PlanId::new(id).expect("a plan id"),
        digest: id.bytes().fold(0, |sum, byte| sum * 256 + u64::from(byte)),
        symbol: symbol(ticker),
        contract: ContractSpec::default(),
        direction: Direction::Long,
        entry_level: price("100"),
        stop_loss: price("98"),
        take_profit: None,
        risk: RiskCategory::Normal,
        entry: silent.clone(),
        exit: silent,
        tif: Tif::Gtc,
        hours: Hours::Regular,
        valid_from: None,
        valid_until: None,
        max_quantity: None,
        switch: Switch::On,
        notes: None,
    }
}
