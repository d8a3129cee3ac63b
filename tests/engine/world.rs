//! One `play` touches the API: it drives [`Engine::handle`] with the commands of a story, one per line, and prints
//! what was told and done. Commands: `day` `to` `bar` `wait` `plan` `edit` `remove` `say` `broker` `muffle` `listen`
//! `forget` `down` `degraded` `ready` `recover` `restart` `snapshot` `shares` `user` `lose` `account` `untold` `tell` `costs` `show`.
//!
//! After every input the [`Laws`] are checked, whatever the story.

use std::collections::BTreeMap;

use jiff::civil::Date;
use prusik::domain::broker::{AccountRow, BrokerFact, Link, Standing, Verdict};
use prusik::domain::engine::{Effect, Engine, Input};
use prusik::domain::ids::{OrderRef, PlanId, Stamp, Symbol};
use prusik::domain::market::{Bar, Contract};
use prusik::domain::money::{Cash, Tick};
use prusik::domain::order::{OrderKind, Ticket};
use prusik::domain::plan::PlanChange;
use prusik::domain::risk::Limits;
use prusik::domain::session::Session;
use prusik::domain::told::Told;
use rust_decimal::Decimal;

use crate::broker::{Broker, Fault};
use crate::checks::Laws;
use crate::rules::{NativeRules, Say};
use crate::writing::{clock, decimal, moment, plan, price, symbol};

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) laws: Laws,
    pub(crate) broker: Broker,
    pub(crate) rules: NativeRules,
    pub(crate) now: Stamp,
    pub(crate) out: Vec<String>,
    /// Whether the broker's account figures come with every bar, as the simulated gateway tells them.
    pub(crate) account_told: bool,
    date: Date,
    session: Session,
    prices: BTreeMap<Symbol, Decimal>,
    tape: BTreeMap<Symbol, Vec<Bar>>,
    muffled: bool,
    /// History comes in minutes as far as they are whole.
    coarse: bool,
    unknown: Option<Symbol>,
    /// The broker answers every look, once a turn.
    answers: bool,
    looking: bool,
}

/// The transcript of a story that starts ready, on a Monday, before the open, with 100,000 in the account.
pub(crate) fn play(story: &str) -> String {
    let mut world = World::new();
    world.run("recover");
    world.out.clear();
    world.run(story);
    world.transcript()
}

impl World {
    pub(crate) fn new() -> World {
        let date = Date::constant(2024, 6, 3);
        World {
            engine: Engine::new(Limits::default(), 0),
            laws: Laws::default(),
            broker: Broker::with_cash(Decimal::from(100_000)),
            rules: NativeRules::default(),
            now: moment(date, "09:00:00"),
            out: vec![],
            account_told: true,
            date,
            session: Session::us_equities(),
            prices: BTreeMap::new(),
            tape: BTreeMap::new(),
            muffled: false,
            coarse: false,
            unknown: None,
            answers: true,
            looking: false,
        }
    }

    pub(crate) fn transcript(&self) -> String {
        self.out.join("\n")
    }

    pub(crate) fn run(&mut self, story: &str) {
        for line in story.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
            self.command(command, rest.trim());
        }
    }

    fn command(&mut self, command: &str, rest: &str) {
        let words: Vec<&str> = rest.split_whitespace().collect();
        match command {
            "day" => {
                self.date = rest.parse().expect("a date");
                self.out.push(format!("-- {rest}"));
            }
            "to" => self.walk(moment(self.date, words[0]), &words[1..]),
            "walk" => {
                let open = moment(self.date, "09:30:00");
                let bars: i64 = words[0].parse().expect("a number of bars");
                let begin = Stamp::from_seconds(self.now.max(open).millis() / 5000 * 5);
                self.walk(begin.plus_seconds(5 * bars), &words[1..]);
            }
            "bar" => self.one_bar(&words),
            "wait" => {
                self.now = self.now.plus_seconds(rest.parse().expect("seconds"));
                self.feed(Input::Clock);
            }
            "plan" => self.plans(vec![PlanChange::Added(Box::new(plan(self.date, rest)))]),
            "edit" => self.plans(vec![PlanChange::Replaced(Box::new(plan(self.date, rest)))]),
            "remove" => self.plans(vec![PlanChange::Removed(PlanId::new(rest).expect("a plan id"))]),
            "say" => self.say(&words),
            "muffle" => self.muffled = true,
            "listen" => {
                self.muffled = false;
                self.settle();
            }
            "forget" => self.broker.said.clear(),
            // What was said comes again, and the latest first.
            "repeat" => self.broker.said.extend(self.broker.said.clone()),
            "reverse" => self.broker.said.reverse(),
            "account" => {
                self.broker.cash = decimal(rest);
            }
            "untold" => self.account_told = false,
            "tell" => {
                let account = self.account();
                self.feed(Input::Bars { bars: vec![], account: Some(account) });
            }
            "costs" => {
                self.broker.costs_held = rest == "held";
                self.broker.tell_costs();
            }
            "user" => self.broker_acts(|broker| broker.cancel(rest.parse().expect("a number"))),
            "obey" => self.broker.faults.clear(),
            "lose" => {
                let id: i32 = rest.parse().expect("a number");
                self.broker.lose(id);
            }
            "shares" => {
                self.broker.shares.insert(symbol(words[0]), words[1].parse().expect("shares"));
            }
            "show" => {
                let shown = self.broker.shown();
                let held: Vec<String> = self
                    .broker
                    .shares
                    .iter()
                    .filter(|(_, shares)| **shares != 0)
                    .map(|(symbol, shares)| format!("{shares} {symbol}"))
                    .collect();
                self.out.push(format!("   at the broker: {shown} | holds {}", held.join(", ")));
            }
            _ => self.unruly(command, &words),
        }
    }

    /// What brokers and users do.
    fn unruly(&mut self, command: &str, words: &[&str]) {
        match command {
            // The broker's word comes in parts: only these are heard.
            "hear" => {
                let wanted = |input: &Input| match (words[0], input) {
                    ("cancelled", Input::Broker(BrokerFact::Report(r))) => r.standing == Standing::Cancelled,
                    ("reports", Input::Broker(BrokerFact::Report(_))) => true,
                    _ => false,
                };
                let said = std::mem::take(&mut self.broker.said);
                let (heard, rest) = said.into_iter().partition(wanted);
                let heard: Vec<Input> = heard;
                self.broker.said = rest;
                for input in heard {
                    self.looked(input);
                }
            }
            "revive" => self.broker.revive(words[0].parse().expect("a number")),
            "moves" => self.broker_acts(|broker| {
                broker.user_moves(words[0].parse().expect("a number"), price(words[1]));
            }),
            "stranger" => {
                let reference = OrderRef::parse(words[0]).expect("a reference");
                self.broker_acts(|broker| broker.stranger(reference));
            }
            "remark" => {
                let (id, code) = (words[0].parse().expect("a number"), words[1].parse().expect("a code"));
                self.broker_acts(|broker| broker.remark(id, code, &words[2..].join(" "), Verdict::Warning));
            }
            "unknown" => self.unknown = Some(symbol(words[0])),
            "broker" => {
                let fault = match words[1] {
                    "reject" => Fault::Reject,
                    "mute" => Fault::Mute,
                    "drop" => Fault::Drop,
                    "notsent" => Fault::NotSent,
                    "inactive" => Fault::Inactive,
                    "half" => Fault::Half,
                    other => panic!("{other} is no fault"),
                };
                self.broker.faults.entry(words[0].into()).or_default().push(fault);
            }
            "coarse" => self.coarse = true,
            "unanswered" => self.answers = false,
            // An answer whose positions are newer than its executions.
            "positions" => {
                let positions = self.broker.snapshot().positions;
                let mut half = self.broker.snapshot();
                (half.executions, half.charges, half.positions) = (vec![], vec![], positions);
                self.looked(Input::Snapshot(half));
            }
            _ => self.connection(command),
        }
    }

    fn connection(&mut self, command: &str) {
        match command {
            "down" => {
                self.muffled = true;
                self.broker.said.clear();
                self.feed(Input::Link(Link::Down, "reset by peer".into()));
            }
            "degraded" => self.feed(Input::Link(Link::Degraded, "the gateway lost its server".into())),
            "ready" => self.feed(Input::Link(Link::Ready, "reconciled".into())),
            "snapshot" => self.feed(Input::Snapshot(self.broker.snapshot())),
            "recover" => {
                self.muffled = false;
                self.broker.said.clear();
                for _ in 0..4 {
                    if !self.looked(Input::Snapshot(self.broker.snapshot())) {
                        break;
                    }
                }
                self.feed(Input::Link(Link::Ready, "reconciled".into()));
            }
            "restart" => {
                self.out.push("-- restart".into());
                self.engine = Engine::new(Limits::default(), 0);
                self.engine.replay(self.laws.journal.clone());
                assert_eq!(*self.engine.book(), self.laws.folded, "a replay gives the book");
                self.connection("recover");
            }
            other => panic!("{other} is no command"),
        }
    }

    fn say(&mut self, words: &[&str]) {
        let say = match words[1] {
            "enter" => Say::Enter,
            "cancel" => Say::Cancel,
            "exit" => Say::Exit,
            "fault" => Say::Fault,
            "stop" => Say::Stop(decimal(words[2])),
            other => panic!("{other} is no answer"),
        };
        self.rules.scripted.entry(words[0].into()).or_default().push_back(say);
    }

    fn plans(&mut self, changes: Vec<PlanChange>) {
        self.feed(Input::Plans(changes));
    }

    fn broker_acts(&mut self, act: impl FnOnce(&mut Broker)) {
        act(&mut self.broker);
        self.settle();
    }

    /// `SPY 101 QQQ 50`: 5-second bars, straight from the last price, the last one ending then.
    fn walk(&mut self, end: Stamp, words: &[&str]) {
        let goals: Vec<(Symbol, Decimal)> =
            words.chunks(2).map(|pair| (symbol(pair[0]), decimal(pair[1]))).collect();
        let from: Vec<Decimal> =
            goals.iter().map(|(s, goal)| self.prices.get(s).copied().unwrap_or(*goal)).collect();
        let start = self.next_bar_start(end);
        let steps = (end.millis() - start.millis()) / 5000;
        assert!(steps > 0, "{} is not ahead of {}", clock(end), clock(self.now));
        for step in 1..=steps {
            let part = Decimal::from(step) / Decimal::from(steps);
            let at = start.plus_seconds((step - 1) * 5);
            let bars = goals.iter().zip(&from).map(|((symbol, goal), from)| {
                let close = (*from + (*goal - *from) * part).round_dp(2);
                let open = self.prices.get(symbol).copied().unwrap_or(close);
                (symbol.clone(), bar_of(at, [open, open.max(close), open.min(close), close]))
            });
            let bars: Vec<(Symbol, Bar)> = bars.collect();
            self.bars(bars);
        }
    }

    /// The end of the last bar, or the session's open where the last bar was before it.
    fn next_bar_start(&self, end: Stamp) -> Stamp {
        let last = self.tape.values().filter_map(|bars| bars.last()).map(Bar::end).max();
        let open = moment(self.date, "09:30:00");
        match last {
            Some(last) if last >= open || end <= open => last,
            _ => open,
        }
    }

    /// `09:30:00 SPY 100 100.1 99.9 100.05`, or just the close.
    fn one_bar(&mut self, words: &[&str]) {
        let (at, symbol) = (moment(self.date, words[0]), symbol(words[1]));
        let numbers: Vec<Decimal> = words[2..].iter().map(|word| decimal(word)).collect();
        let bar = match numbers[..] {
            [close] => {
                let open = self.prices.get(&symbol).copied().unwrap_or(close);
                bar_of(at, [open, open.max(close), open.min(close), close])
            }
            [open, high, low, close] => bar_of(at, [open, high, low, close]),
            _ => panic!("one or four prices"),
        };
        self.bars(vec![(symbol, bar)]);
    }

    fn bars(&mut self, mut bars: Vec<(Symbol, Bar)>) {
        bars.sort_by(|a, b| a.0.cmp(&b.0));
        for (symbol, bar) in &bars {
            self.prices.insert(symbol.clone(), bar.close.decimal());
            self.tape.entry(symbol.clone()).or_default().push(*bar);
            let open = self.session.is_open(bar.start);
            self.broker.trade(symbol, bar, open);
            self.now = self.now.max(bar.end());
        }
        if self.engine.link() == Link::Down {
            self.broker.said.clear();
            return;
        }
        self.settle();
        let account = self.account_told.then(|| self.account());
        self.feed(Input::Bars { bars, account });
        self.feed(Input::Clock);
    }

    fn account(&self) -> AccountRow {
        AccountRow {
            net_liquidation: Cash::new(self.broker.net_liquidation()),
            buying_power: Cash::new(self.broker.buying_power()),
            currency: "USD".into(),
        }
    }

    /// Hands an input in, does what comes out, and goes on until the broker is silent.
    pub(crate) fn feed(&mut self, input: Input) {
        self.looked(input);
        self.settle();
        if !self.muffled && self.answers && std::mem::take(&mut self.looking) {
            self.looked(Input::Snapshot(self.broker.snapshot()));
            self.settle();
        }
    }

    fn settle(&mut self) {
        while !self.muffled && !self.broker.said.is_empty() {
            let input = self.broker.said.remove(0);
            self.looked(input);
        }
    }

    /// Whether the engine wants a look at the broker.
    pub(crate) fn looked(&mut self, input: Input) -> bool {
        let ready = self.engine.link() == Link::Ready || matches!(input, Input::Link(Link::Ready, _));
        let effects = self.engine.handle(self.now, input, &mut self.rules);
        self.laws.check(&effects, ready, self.engine.book());
        let (mut look, mut answers) = (false, vec![]);
        for effect in &effects {
            self.print(effect);
            match effect {
                Effect::Look => look = true,
                Effect::Watch { symbol, .. } if self.unknown.as_ref() == Some(symbol) => {
                    let why = "no security definition has been found".to_owned();
                    answers.push(Input::ContractRefused { symbol: symbol.clone(), why });
                }
                Effect::Watch { symbol, .. } => answers.push(Input::Contract(contract(symbol))),
                Effect::Fetch { symbol, timeframe, .. } => {
                    let bars = self.tape.get(symbol).cloned().unwrap_or_default();
                    let bars = if self.coarse { minutes(&bars) } else { bars };
                    let known_from = bars.first().map_or(self.now, |bar| bar.start);
                    let (symbol, timeframe) = (symbol.clone(), *timeframe);
                    answers.push(Input::History { symbol, timeframe, bars, known_from });
                }
                _ => {
                    let symbol_of = |ticket: &Ticket| {
                        let record = self.engine.book().plan(&ticket.plan).expect("its plan is known");
                        record.plan.symbol.clone()
                    };
                    self.broker.take(effect, symbol_of);
                }
            }
        }
        for answer in answers {
            look |= self.looked(answer);
        }
        self.looking |= look;
        look
    }

    fn print(&mut self, effect: &Effect) {
        let line = match effect {
            Effect::Enter(bracket) => {
                let bracket = bracket.get();
                let legs = [Some(&bracket.entry), Some(&bracket.stop), bracket.target.as_ref()];
                let legs: Vec<String> = legs.into_iter().flatten().map(shown).collect();
                format!("> enter {}: {}, risk {}", bracket.entry.plan, legs.join(", "), bracket.risk)
            }
            Effect::Submit(ticket) => format!("> submit {}: {}", ticket.get().plan, shown(ticket.get())),
            Effect::Amend { change, ticket, id, .. } => {
                let to = change.get().to;
                format!("> amend {} {}: {} of {}", ticket.leg.word(), id.0, to.price, to.qty)
            }
            Effect::Cancel { id, .. } => format!("> cancel {}", id.0),
            Effect::Look => "> look".to_owned(),
            Effect::Tell(Told::Placed { .. }) => return,
            Effect::Tell(told) => told.to_string(),
            Effect::Record(_) | Effect::Watch { .. } | Effect::Fetch { .. } => return,
        };
        self.out.push(format!("{} {line}", clock(self.now)));
    }
}

fn shown(ticket: &Ticket) -> String {
    let at = match ticket.kind {
        OrderKind::Market => "market".to_owned(),
        OrderKind::Limit(price) | OrderKind::Stop(price) => price.to_string(),
    };
    format!("{} {} {} at {at}", ticket.leg.word(), ticket.side.word(), ticket.qty)
}

fn bar_of(start: Stamp, [open, high, low, close]: [Decimal; 4]) -> Bar {
    let at = |raw: Decimal| price(&raw.to_string());
    Bar {
        start,
        seconds: 5,
        open: at(open),
        high: at(high),
        low: at(low),
        close: at(close),
        volume: 100,
        trades: 1,
    }
}

/// The same past in bars of a minute, and what is left in the bars it came in.
fn minutes(bars: &[Bar]) -> Vec<Bar> {
    let mut coarse: Vec<Bar> = vec![];
    for minute in bars.chunk_by(|a, b| a.start.millis() / 60_000 == b.start.millis() / 60_000) {
        let (Some(first), Some(last)) = (minute.first(), minute.last()) else { continue };
        if minute.len() < 12 {
            coarse.extend(minute);
            continue;
        }
        let high = minute.iter().map(|bar| bar.high).max().unwrap_or(first.high);
        let low = minute.iter().map(|bar| bar.low).min().unwrap_or(first.low);
        let volume = minute.iter().map(|bar| bar.volume).sum();
        coarse.push(Bar { seconds: 60, high, low, close: last.close, volume, ..*first });
    }
    coarse
}

fn contract(symbol: &Symbol) -> Contract {
    Contract {
        symbol: symbol.clone(),
        con_id: 1,
        tick: Tick::cent(),
        currency: "USD".into(),
        session: Session::us_equities(),
    }
}
