//! Entry, stop path and exit of a trade, computed a second time from the bars alone, by the words of the rules and
//! with no code of the gateway, the candles or the engine: the runtime must have done the same.
//!
//! Truths 4 (a stop only tightens) and 7 (the same inputs give the same decisions) are held here on real bars.

use std::path::{Path, PathBuf};

use prusik::domain::event::{Event, Trade};
use prusik::domain::ids::Leg;
use prusik::domain::order::{OrderFact, OrderKind};
use prusik::gateway::{Speed, load_bars};
use prusik::runtime::{MarketPlace, Options, Runtime};
use prusik::tracker::{JOURNAL_FILE, Reader};
use rust_decimal::{Decimal, RoundingStrategy};

/// A five-second bar with trades. Those without never matter here.
#[derive(Clone, Copy)]
struct Five {
    /// Seconds since 1970.
    start: i64,
    open: Decimal,
    high: Decimal,
    low: Decimal,
    close: Decimal,
    /// First bar of its session.
    session: u32,
    /// Minutes since the session's open.
    minute: i64,
    last_of_session: bool,
}

struct Case {
    name: &'static str,
    symbol: &'static str,
    file: &'static str,
    long: bool,
    entry_level: &'static str,
    stop: &'static str,
    trail_percent: &'static str,
    activation: &'static str,
    confirmation: usize,
    entry_minutes: i64,
    exit_minutes: i64,
}

const CASES: [Case; 4] = [
    Case {
        name: "LONG_SPY",
        symbol: "SPY",
        file: "SPY_1min_2013-10-04_2013-10-11.csv",
        long: true,
        entry_level: "168.30",
        stop: "167.10",
        trail_percent: "0.45",
        activation: "0.1",
        confirmation: 1,
        entry_minutes: 15,
        exit_minutes: 5,
    },
    Case {
        name: "SHORT_SPY",
        symbol: "SPY",
        file: "SPY_1min_2013-10-04_2013-10-11.csv",
        long: false,
        entry_level: "167.60",
        stop: "168.90",
        trail_percent: "0.35",
        activation: "0",
        confirmation: 3,
        entry_minutes: 5,
        exit_minutes: 15,
    },
    Case {
        name: "LONG_AIG",
        symbol: "AIG",
        file: "AIG_1min_2013-10-04_2013-10-11.csv",
        long: true,
        entry_level: "48.90",
        stop: "48.00",
        trail_percent: "0.6",
        activation: "0.5",
        confirmation: 2,
        entry_minutes: 30,
        exit_minutes: 60,
    },
    Case {
        name: "DAILY_SPY",
        symbol: "SPY",
        file: "SPY_1min_2013-10-04_2013-10-11.csv",
        long: true,
        entry_level: "165.40",
        stop: "164.00",
        trail_percent: "0.25",
        activation: "1",
        confirmation: 1,
        entry_minutes: 390,
        exit_minutes: 240,
    },
];

#[derive(Debug, PartialEq, Eq, Default)]
struct Course {
    quantity: u64,
    entry: (i64, Decimal),
    stops: Vec<Decimal>,
    exit: Option<(i64, Decimal)>,
}

#[test]
fn the_runtime_trades_as_the_rules_recomputed_from_the_bars_say() {
    let Some(data) = data() else { return };
    for case in &CASES {
        let expected = recompute(case, &data.join(case.file));
        let (trades, done) = run(case, &data.join(case.file));
        assert!(expected.stops.len() > 1, "{}: a story worth telling moves its stop", case.name);
        assert_eq!(expected, done, "{}", case.name);
        assert_eq!(trades.len(), usize::from(expected.exit.is_some()), "{}", case.name);
        if let (Some(trade), Some((at, price))) = (trades.first(), expected.exit) {
            check_trade(case, trade, &expected, at, price);
        }
        let tightens = |pair: &[Decimal]| if case.long { pair[0] < pair[1] } else { pair[0] > pair[1] };
        assert!(done.stops.windows(2).all(tightens), "{}: {:?}", case.name, done.stops);
    }
}

fn check_trade(case: &Case, trade: &Trade, expected: &Course, at: i64, price: Decimal) {
    let qty = Decimal::from(expected.quantity);
    assert_eq!(trade.exit_time.millis() / 1000, at);
    let gross = if case.long { price - expected.entry.1 } else { expected.entry.1 - price } * qty;
    let fee = |price: Decimal| {
        let fee = (qty * Decimal::new(5, 3)).max(Decimal::ONE).min(qty * price / Decimal::ONE_HUNDRED);
        fee.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
    };
    let fees = fee(expected.entry.1) + fee(price);
    assert_eq!(trade.fees.decimal(), fees, "{}", case.name);
    assert_eq!(trade.pnl.decimal(), gross - fees, "{}", case.name);
    let risk = (expected.entry.1 - d(case.stop)).abs() * qty;
    let r = (trade.pnl.decimal() / risk).round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    assert_eq!(trade.r_multiple, Some(r), "{}", case.name);
}

// ---- the second computation

fn recompute(case: &Case, file: &Path) -> Course {
    let bars = five_second_bars(file);
    let mut path = Course::default();
    let (level, mut stop) = (d(case.entry_level), d(case.stop));
    let (mut entry_candle, mut exit_candle) = (Candle::default(), Candle::default());
    let (mut streak, mut entering, mut held, mut exiting) = (0, false, false, false);
    let mut best: Option<Decimal> = None;
    let mut position: Option<(i64, Decimal)> = None;
    let mut last_session = u32::MAX;
    for bar in &bars {
        // A candle whose last minutes had no trade is over before the next bar is used.
        let closed_before =
            [entry_candle.over(bar, case.entry_minutes), exit_candle.over(bar, case.exit_minutes)];
        assert!(closed_before.iter().all(Option::is_none) || bar.minute > 0 || last_session != bar.session);
        let opening = last_session != bar.session;
        last_session = bar.session;
        for (which, closed) in closed_before.into_iter().enumerate() {
            if let Some(candle) = closed {
                judge(
                    case,
                    which,
                    &candle,
                    &mut streak,
                    &mut entering,
                    &mut held,
                    &mut exiting,
                    &mut best,
                    &mut stop,
                    position,
                    &mut path,
                );
            }
        }
        // Orders, as they stand at the beginning of the bar.
        if entering {
            entering = false;
            position = Some((bar.start, bar.open));
            path.entry = (bar.start, bar.open);
            path.stops.push(stop);
        }
        if position.is_some() && exiting {
            path.exit = Some((bar.start, bar.open));
            return path;
        }
        let hit = if case.long { bar.low <= stop } else { bar.high >= stop };
        if position.is_some() && hit {
            let price = if case.long { stop.min(bar.open) } else { stop.max(bar.open) };
            path.exit = Some((bar.start, price));
            return path;
        }
        // A signal of the last candle of a session is decided on the first bar of the next.
        if held && opening {
            held = false;
            (path.quantity, entering) = (size(level, bar.close, stop, case), true);
        }
        entry_candle.take(bar);
        exit_candle.take(bar);
        let closed_now =
            [entry_candle.ends(bar, case.entry_minutes), exit_candle.ends(bar, case.exit_minutes)];
        for (which, closed) in closed_now.into_iter().enumerate() {
            if let Some(candle) = closed {
                judge(
                    case,
                    which,
                    &candle,
                    &mut streak,
                    &mut entering,
                    &mut held,
                    &mut exiting,
                    &mut best,
                    &mut stop,
                    position,
                    &mut path,
                );
            }
        }
    }
    path
}

#[expect(
    clippy::too_many_arguments,
    reason = "the state of a calculation that is kept apart from the product's types"
)]
fn judge(
    case: &Case,
    which: usize,
    candle: &Candle,
    streak: &mut usize,
    entering: &mut bool,
    held: &mut bool,
    exiting: &mut bool,
    best: &mut Option<Decimal>,
    stop: &mut Decimal,
    position: Option<(i64, Decimal)>,
    path: &mut Course,
) {
    let level = d(case.entry_level);
    match (which, position) {
        (0, None) if !*entering && !*held => {
            let beyond = if case.long { candle.close > level } else { candle.close < level };
            *streak = if beyond { *streak + 1 } else { 0 };
            if *streak >= case.confirmation {
                if candle.last_of_session {
                    *held = true;
                } else {
                    (path.quantity, *entering) = (size(level, candle.close, *stop, case), true);
                }
            }
        }
        (1, Some((since, fill))) if candle.start >= since => {
            let extreme = if case.long { candle.high } else { candle.low };
            *best = Some(best.map_or(extreme, |b| if case.long { b.max(extreme) } else { b.min(extreme) }));
            let best = best.expect("just set");
            let gain = if case.long { best - fill } else { fill - best } * Decimal::ONE_HUNDRED / fill;
            if gain < d(case.activation) {
                return;
            }
            let part = d(case.trail_percent) / Decimal::ONE_HUNDRED;
            let raw = if case.long { best * (Decimal::ONE - part) } else { best * (Decimal::ONE + part) };
            let cents = raw * Decimal::ONE_HUNDRED;
            let new = if case.long { cents.ceil() } else { cents.floor() } / Decimal::ONE_HUNDRED;
            let closed_beyond = if case.long { candle.close <= new } else { candle.close >= new };
            if closed_beyond {
                *exiting = true;
            } else if (case.long && new > *stop) || (!case.long && new < *stop) {
                *stop = new;
                path.stops.push(new);
            }
        }
        _ => {}
    }
}

fn size(level: Decimal, close: Decimal, stop: Decimal, case: &Case) -> u64 {
    let reference = if case.long { level.max(close) } else { level.min(close) };
    let whole = (Decimal::from(1_000) / (reference - stop).abs()).floor();
    whole.to_string().parse().expect("a whole number")
}

#[derive(Clone, Copy, Default)]
struct Candle {
    key: Option<(u32, i64)>,
    start: i64,
    high: Decimal,
    low: Decimal,
    close: Decimal,
    minute: i64,
    last_of_session: bool,
}

impl Candle {
    fn take(&mut self, bar: &Five) {
        if self.key.is_none() {
            *self = Candle {
                key: Some((bar.session, bar.minute)),
                start: bar.start,
                high: bar.high,
                low: bar.low,
                minute: bar.minute,
                ..*self
            };
        }
        self.high = self.high.max(bar.high);
        self.low = self.low.min(bar.low);
        self.close = bar.close;
    }

    /// The candle that was left open when this bar belongs to a later one.
    fn over(&mut self, bar: &Five, minutes: i64) -> Option<Candle> {
        let (session, minute) = self.key?;
        let same = session == bar.session && minute / minutes == bar.minute / minutes;
        if same { None } else { Some(self.close_it(minutes, session != bar.session)) }
    }

    /// The candle that this bar is the last one of.
    fn ends(&mut self, bar: &Five, minutes: i64) -> Option<Candle> {
        let (_, minute) = self.key?;
        let end = ((minute / minutes + 1) * minutes).min(390);
        let last = bar.last_of_minute() && bar.minute + 1 == end;
        last.then(|| self.close_it(minutes, bar.last_of_session))
    }

    fn close_it(&mut self, minutes: i64, last_of_session: bool) -> Candle {
        // Aligned to the session's open, whenever its first trade was.
        let start = self.start - self.start.rem_euclid(60) - (self.minute % minutes) * 60;
        let done = Candle {
            start,
            last_of_session: last_of_session || (self.minute / minutes + 1) * minutes >= 390,
            ..*self
        };
        *self = Candle::default();
        done
    }
}

impl Five {
    fn last_of_minute(&self) -> bool {
        self.start % 60 == 55
    }
}

fn five_second_bars(file: &Path) -> Vec<Five> {
    let text = std::fs::read_to_string(file).expect("the data file");
    let mut bars = Vec::new();
    let (mut session, mut day) = (0, String::new());
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let (date, clock) = (&cells[0][..10], &cells[0][11..16]);
        let of_day: i64 =
            clock[..2].parse::<i64>().expect("hours") * 60 + clock[3..].parse::<i64>().expect("minutes");
        if !(570..960).contains(&of_day) {
            continue;
        }
        if day != date {
            session += 1;
            day = date.to_owned();
        }
        let start = cells[0].parse::<jiff::Timestamp>().expect("a time").as_second();
        let [open, high, low, close] = [1, 2, 3, 4].map(|cell: usize| d(cells[cell]));
        let corners = if close >= open { [open, low, high, close] } else { [open, high, low, close] };
        let mut previous = open;
        for bar in 0..12_i64 {
            let (leg, step) = ((bar / 4) as usize, Decimal::from(bar % 4 + 1));
            let (a, b) = (corners[leg], corners[leg + 1]);
            let to = (a + (b - a) * step / Decimal::from(4))
                .round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
            bars.push(Five {
                start: start + bar * 5,
                open: previous,
                high: previous.max(to),
                low: previous.min(to),
                close: to,
                session,
                minute: of_day - 570,
                last_of_session: of_day == 959,
            });
            previous = to;
        }
    }
    bars
}

// ---- what the product did

fn run(case: &Case, file: &Path) -> (Vec<Trade>, Course) {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(dir.path().join("plans")).expect("plans");
    std::fs::write(dir.path().join("plans/plan.yaml"), plan_text(case)).expect("a plan");
    let runtime = tokio::runtime::Runtime::new().expect("tokio");
    let summary = runtime.block_on(async {
        let market = MarketPlace::Embedded {
            bars: vec![(case.symbol.to_owned(), load_bars(file).expect("good bars"))],
            cash: Decimal::from(100_000),
            speed: Speed::Max,
        };
        let options = Options::new(dir.path(), market);
        Runtime::start(options).await.expect("a start").run().await.expect("a run")
    });
    let journal = Reader::open(&dir.path().join("state").join(JOURNAL_FILE)).expect("the journal");
    let mut done = Course::default();
    let mut stop_refs = std::collections::BTreeSet::new();
    let mut legs = std::collections::BTreeMap::new();
    for recorded in journal.replay().expect("a good journal") {
        match recorded.event {
            Event::EntryPlanned { bracket, .. } => {
                done.quantity = bracket.entry.qty.shares();
                if let OrderKind::Stop(price) = bracket.stop.kind {
                    done.stops.push(price.decimal());
                }
                stop_refs.insert(bracket.stop.reference.clone());
                legs.insert(bracket.entry.reference, Leg::Entry);
                legs.insert(bracket.stop.reference, Leg::Stop);
            }
            Event::OrderPlanned { ticket, .. } => {
                assert_ne!(ticket.leg, Leg::Stop, "there is one stop order per position, ever");
                legs.insert(ticket.reference, ticket.leg);
            }
            Event::Order { reference, fact: OrderFact::Amended(to) } => {
                assert!(stop_refs.contains(&reference));
                done.stops.push(to.price.decimal());
            }
            Event::Executed { reference, execution } => {
                let fill = (execution.at.millis() / 1000, execution.price.decimal());
                match legs[&reference] {
                    Leg::Entry => done.entry = fill,
                    Leg::Stop | Leg::Target | Leg::Exit => done.exit = Some(fill),
                }
            }
            _ => {}
        }
    }
    (summary.trades, done)
}

fn plan_text(case: &Case) -> String {
    let Case { name, symbol, long, entry_level, stop, trail_percent, activation, confirmation, .. } = case;
    let rule = if *long { "close_above" } else { "close_below" };
    let frame = |minutes: i64| match minutes {
        60 => "1h".to_owned(),
        240 => "4h".to_owned(),
        390 => "1d".to_owned(),
        minutes => format!("{minutes}min"),
    };
    let (entry_frame, exit_frame) = (frame(case.entry_minutes), frame(case.exit_minutes));
    format!(
        "plan_id: {name}\nsymbol: {symbol}\nentry_level: {entry_level}\nstop_loss: {stop}\nrisk_category: small\n\
         entry_function:\n  function_type: {rule}\n  timeframe: {entry_frame}\n  parameters: {{ confirmation_bars: {confirmation} }}\n\
         exit_function:\n  function_type: trailing_stop\n  timeframe: {exit_frame}\n  parameters: {{ trail_percent: {trail_percent}, activation_threshold: {activation} }}\n"
    )
}

#[expect(clippy::print_stderr, reason = "a test that has nothing to test must say so")]
fn data() -> Option<PathBuf> {
    let named = std::env::var_os("PRUSIK_DATA").map(PathBuf::from);
    let dir = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"));
    if dir.is_dir() {
        return Some(dir);
    }
    eprintln!("SKIPPED: no market data at {}; set PRUSIK_DATA", dir.display());
    None
}

fn d(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}
