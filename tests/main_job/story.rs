//! What stories of whole runs are told with: a directory of plans, bars of one's own, a trading floor whose market
//! stands still between two words of the test, and the laws that hold over every journal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use ibapi::Client;
use ibapi::contracts::Contract;
use ibapi::market_data::TradingHours;
use ibapi::market_data::realtime::Bar;
use ibapi::orders::{ExecutionFilter, Executions, Orders};
use ibapi::prelude::{NoticeStream, Subscription, SubscriptionItem};
use jiff::Timestamp;
use prusik::domain::book::Book;
use prusik::domain::event::{Event, Recorded, Told};
use prusik::domain::ids::{BrokerOrderId, Direction, Leg, OrderRef, PlanId, Stamp};
use prusik::domain::money::Price;
use prusik::domain::order::{OrderFact, OrderState};
use prusik::domain::risk::tighter;
use prusik::gateway::{Gateway, MarketStart, Settings, SourceBar, Speed, load_bars};
use prusik::tracker::{JOURNAL_FILE, Reader, verify};
use prusik::{MarketPlace, Options, RunError, Runtime, Stopper, Summary};
use rust_decimal::Decimal;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Longer than anything here takes; a story that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(done) => done,
        Err(_) => panic!("in vain: {what}"),
    }
}

pub(crate) fn d(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

// ---- plans

/// A plan file's text. What a story does not say is a long plan that enters at once and keeps its stop.
#[derive(Clone)]
pub(crate) struct PlanText {
    pub(crate) id: &'static str,
    pub(crate) symbol: &'static str,
    pub(crate) entry: &'static str,
    pub(crate) stop: &'static str,
    pub(crate) risk: &'static str,
    pub(crate) entry_rule: &'static str,
    pub(crate) entry_frame: &'static str,
    pub(crate) exit_rule: &'static str,
    pub(crate) exit_frame: &'static str,
    pub(crate) exit_parameters: &'static str,
    /// Further lines.
    pub(crate) more: &'static str,
}

impl Default for PlanText {
    fn default() -> PlanText {
        PlanText {
            id: "PLAN",
            symbol: "XYZ",
            entry: "100.00",
            stop: "95.00",
            risk: "small",
            entry_rule: "close_above",
            entry_frame: "1min",
            exit_rule: "stop_loss_take_profit",
            exit_frame: "1min",
            exit_parameters: "",
            more: "",
        }
    }
}

impl PlanText {
    pub(crate) fn without_parameters(self) -> PlanText {
        PlanText { exit_parameters: "", ..self }
    }
}

impl fmt::Display for PlanText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PlanText { id, symbol, entry, stop, risk, more, .. } = self;
        writeln!(f, "plan_id: {id}\nsymbol: {symbol}\nentry_level: {entry}\nstop_loss: {stop}")?;
        writeln!(f, "risk_category: {risk}")?;
        writeln!(
            f,
            "entry_function:\n  function_type: {}\n  timeframe: {}",
            self.entry_rule, self.entry_frame
        )?;
        writeln!(f, "exit_function:\n  function_type: {}\n  timeframe: {}", self.exit_rule, self.exit_frame)?;
        if !self.exit_parameters.is_empty() {
            writeln!(f, "  parameters: {{ {} }}", self.exit_parameters)?;
        }
        if !more.is_empty() {
            writeln!(f, "{more}")?;
        }
        Ok(())
    }
}

// ---- a directory

/// A directory as a trader keeps one.
pub(crate) struct Place {
    dir: TempDir,
}

/// A row of a journal, as it lies in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) seq: i64,
    pub(crate) at: i64,
    pub(crate) kind: String,
    pub(crate) body: String,
    pub(crate) hash: Vec<u8>,
}

impl Place {
    pub(crate) fn new() -> Place {
        let place = Place { dir: tempfile::tempdir().expect("a directory") };
        std::fs::create_dir(place.path().join("plans")).expect("plans");
        std::fs::create_dir(place.path().join("scripts")).expect("scripts");
        place
    }

    /// A directory with these plans, one file each.
    pub(crate) fn with(plans: &[PlanText]) -> Place {
        let place = Place::new();
        for plan in plans {
            place.plan(plan);
        }
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes the plan's file as a careful editor does: beside it first, then over it.
    pub(crate) fn plan(&self, plan: &PlanText) {
        self.put(&format!("plans/{}.yaml", plan.id), &plan.to_string());
    }

    pub(crate) fn remove(&self, file: &str) {
        std::fs::remove_file(self.path().join(file)).expect("a file to remove");
    }

    pub(crate) fn put(&self, file: &str, text: &str) {
        let beside = self.path().join("being-written");
        std::fs::write(&beside, text).expect("written");
        std::fs::rename(beside, self.path().join(file)).expect("in its place");
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.path().join("state").join(JOURNAL_FILE)
    }

    pub(crate) fn events(&self) -> Vec<Recorded> {
        Reader::open(&self.journal()).expect("the journal").replay().expect("a good journal")
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        rows(&self.journal())
    }

    /// Everything that holds over every journal, and the last row's hash.
    pub(crate) fn lawful(&self) -> Vec<u8> {
        let report = verify(&self.journal()).expect("a journal");
        assert_eq!(report.problem, None);
        law(&self.events());
        report.head.expect("a head").as_bytes().to_vec()
    }

    pub(crate) fn options(&self, market: MarketPlace) -> Options {
        Options::new(self.path(), market)
    }

    /// Runs on a gateway of its own to the end of the bars.
    pub(crate) async fn run(&self, bars: Vec<(String, Vec<SourceBar>)>) -> Ran {
        let options = self.options(embedded(bars));
        self.run_with(options, |_| false).await
    }

    /// Runs until `enough` of what is told, or to the end of the bars.
    pub(crate) async fn run_with(&self, mut options: Options, mut enough: impl FnMut(&str) -> bool) -> Ran {
        let mut heard = Heard::attach(&mut options);
        let runtime = in_time("a start", Runtime::start(options)).await.expect("a start");
        let stopper = runtime.stopper();
        let task = tokio::spawn(runtime.run());
        let mut lines = Vec::new();
        while let Some((at, told)) = in_time("more to be told", heard.told.recv()).await {
            let line = told.to_string();
            if enough(&line) {
                stopper.stop();
            }
            lines.push((at, line));
        }
        let summary = in_time("an end", task).await.expect("no panic").expect("a run");
        Ran { summary, lines }
    }
}

pub(crate) fn rows(journal: &Path) -> Vec<Row> {
    let connection = rusqlite::Connection::open(journal).expect("sqlite");
    let mut statement =
        connection.prepare("SELECT seq, at, kind, body, hash FROM journal ORDER BY seq").expect("a query");
    let rows = statement.query_map([], |row| {
        Ok(Row { seq: row.get(0)?, at: row.get(1)?, kind: row.get(2)?, body: row.get(3)?, hash: row.get(4)? })
    });
    rows.expect("rows").map(|row| row.expect("a row")).collect()
}

pub(crate) fn embedded(bars: Vec<(String, Vec<SourceBar>)>) -> MarketPlace {
    MarketPlace::Embedded { bars, cash: Decimal::from(100_000), speed: Speed::Max }
}

/// A run that is over, and what was told.
pub(crate) struct Ran {
    pub(crate) summary: Summary,
    pub(crate) lines: Vec<(Stamp, String)>,
}

impl Ran {
    pub(crate) fn said(&self, part: &str) -> bool {
        self.times(part) > 0
    }

    pub(crate) fn times(&self, part: &str) -> usize {
        self.lines.iter().filter(|(_, line)| line.contains(part)).count()
    }

    /// When the first line with `part` was told, in New York.
    pub(crate) fn when(&self, part: &str) -> String {
        let (at, _) = self.lines.iter().find(|(_, line)| line.contains(part)).expect(part);
        new_york(at.timestamp())
    }

    pub(crate) fn text(&self) -> String {
        self.lines.iter().map(|(at, line)| format!("{} {line}\n", new_york(at.timestamp()))).collect()
    }
}

pub(crate) fn new_york(at: Timestamp) -> String {
    let zoned = at.in_tz("America/New_York").expect("a time zone");
    zoned.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

// ---- what people are told

/// Everything people are told, as it is told.
pub(crate) struct Heard {
    pub(crate) told: mpsc::UnboundedReceiver<(Stamp, Told)>,
    pub(crate) lines: Vec<String>,
}

impl Heard {
    pub(crate) fn attach(options: &mut Options) -> Heard {
        let (tell, told) = mpsc::unbounded_channel();
        options.listener = Some(Box::new(move |at, told: &Told| {
            let _ = tell.send((at, told.clone()));
        }));
        Heard { told, lines: Vec::new() }
    }

    /// Waits until a line with `part` is told.
    pub(crate) async fn wait(&mut self, part: &str) -> String {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            match tokio::time::timeout_at(deadline, self.told.recv()).await {
                Ok(Some((_, told))) => {
                    let line = told.to_string();
                    self.lines.push(line.clone());
                    if line.contains(part) {
                        return line;
                    }
                }
                Ok(None) | Err(_) => {
                    panic!("never told: {part}\nbut:\n{}", self.lines.join("\n"))
                }
            }
        }
    }

    /// Takes in what was told so far.
    pub(crate) fn catch_up(&mut self) {
        while let Ok((_, told)) = self.told.try_recv() {
            self.lines.push(told.to_string());
        }
    }

    pub(crate) fn times(&mut self, part: &str) -> usize {
        self.catch_up();
        self.lines.iter().filter(|line| line.contains(part)).count()
    }
}

// ---- bars

/// Minute bars of `day` from `from` (New York, "15:00"): each opens at the close before it and runs straight to its
/// own.
pub(crate) fn minutes(day: &str, from: &str, closes: &[&str]) -> Vec<SourceBar> {
    let mut previous = d(closes[0]);
    let start: Timestamp = at(day, from);
    let bar = |(minute, close): (i64, &&str)| {
        let (open, close) = (previous, d(close));
        previous = close;
        let time = Timestamp::from_second(start.as_second() + minute * 60).expect("a time");
        SourceBar { time, open, high: open.max(close), low: open.min(close), close, volume: 1_200 }
    };
    (0..).zip(closes).map(bar).collect()
}

/// `count` minutes at one price.
pub(crate) fn flat(price: &str, count: usize) -> Vec<&str> {
    vec![price; count]
}

pub(crate) fn at(day: &str, clock: &str) -> Timestamp {
    let wall: jiff::civil::DateTime = format!("{day}T{clock}").parse().expect("a time");
    wall.in_tz("America/New_York").expect("a time zone").timestamp()
}

pub(crate) fn one(symbol: &str, bars: Vec<SourceBar>) -> Vec<(String, Vec<SourceBar>)> {
    vec![(symbol.to_owned(), bars)]
}

/// The real bars of a file; `None` with a clear line where there is no data at all.
#[expect(clippy::print_stderr, reason = "a test that has nothing to test must say so")]
pub(crate) fn real(file: &str) -> Option<Vec<SourceBar>> {
    let named = std::env::var_os("PRUSIK_DATA").map(PathBuf::from);
    let dir = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"));
    if !dir.is_dir() {
        eprintln!("SKIPPED: no market data at {}; set PRUSIK_DATA", dir.display());
        return None;
    }
    Some(load_bars(dir.join(file)).expect("good bars"))
}

/// The bars that start in a stretch.
pub(crate) fn between(bars: &[SourceBar], from: Timestamp, to: Timestamp) -> Vec<SourceBar> {
    bars.iter().filter(|bar| from <= bar.time && bar.time < to).copied().collect()
}

// ---- the floor

/// A gateway, and a client of the test's that holds its market: an instant goes by only when the test says so.
pub(crate) struct Floor {
    /// Absent where it is a process of its own.
    pub(crate) gateway: Option<Gateway>,
    pub(crate) address: SocketAddr,
    client: Client,
    bars: Subscription<Bar>,
    _notices: NoticeStream,
    /// The end of the last instant, in seconds of the epoch.
    now: i64,
}

impl Floor {
    /// A gateway of the test's own.
    pub(crate) async fn open(bars: Vec<(String, Vec<SourceBar>)>) -> Floor {
        let symbol = bars[0].0.clone();
        let settings = Settings { bars, start: MarketStart::FirstBarSubscription, ..Settings::default() };
        let gateway = Gateway::start(settings).await.expect("a gateway");
        Floor::hold(gateway, &symbol).await
    }

    pub(crate) async fn hold(gateway: Gateway, symbol: &str) -> Floor {
        let floor = Floor::join(gateway.local_addr(), symbol).await;
        Floor { gateway: Some(gateway), ..floor }
    }

    /// Holds the market of a gateway that runs by itself.
    pub(crate) async fn join(address: SocketAddr, symbol: &str) -> Floor {
        let builder = Client::builder().address(address.to_string()).client_id(99);
        let builder = builder.tcp_no_delay(true).channel_capacity(1_000_000);
        let connecting = in_time("a connection", builder.connect_with_notice_stream());
        let (client, notices) = connecting.await.expect("connected");
        // Said before any subscription, it holds the market until it is said again.
        let now = in_time("an answer", client.server_time_millis()).await.expect("held").unix_timestamp();
        let contract = Contract::stock(symbol).build();
        let bars = client.realtime_bars(&contract).trading_hours(TradingHours::Extended);
        let bars = in_time("bars", bars.subscribe()).await.expect("subscribed");
        Floor { gateway: None, address, client, bars, _notices: notices, now }
    }

    pub(crate) fn market(&self) -> MarketPlace {
        MarketPlace::Gateway { address: self.address.to_string() }
    }

    /// Lets one instant go by.
    pub(crate) async fn step(&mut self) {
        in_time("an answer", self.client.server_time_millis()).await.expect("a round trip");
        match in_time("a bar", self.bars.next()).await {
            Some(Ok(SubscriptionItem::Data(bar))) => self.now = bar.date.unix_timestamp() + 5,
            other => panic!("no bar: {other:?}"),
        }
    }

    /// Whether the market's clock has not reached that time yet.
    pub(crate) fn is_before(&self, day: &str, clock: &str) -> bool {
        self.now < at(day, clock).as_second()
    }

    /// Plays until the market's clock shows that time. The last instant reaches the runtime, and what it does about
    /// it happens while the market stands still.
    pub(crate) async fn play_to(&mut self, day: &str, clock: &str) {
        while self.is_before(day, clock) {
            self.step().await;
        }
    }

    /// Holds the market no more; it runs to its end. Dropped, the gateway ends.
    #[must_use]
    pub(crate) async fn let_go(self) -> Option<Gateway> {
        drop(self.bars);
        self.client.disconnect().await;
        self.gateway
    }

    /// What the broker has at work: `ref id side type stop-or-limit quantity status`, by reference.
    pub(crate) async fn open_orders(&self) -> Vec<String> {
        let mut open = in_time("orders", self.client.all_open_orders()).await.expect("open orders");
        let rows = open.collect_to_end_within(PATIENCE).await.expect("to their end");
        let mut lines: Vec<String> = rows
            .into_iter()
            .filter_map(|row| match row {
                Orders::OrderData(row) => {
                    let order = &row.order;
                    let price = match order.order_type.as_str() {
                        "STP" => order.aux_price,
                        "LMT" => order.limit_price,
                        _ => None,
                    };
                    Some(format!(
                        "{} {} {:?} {} {:?} {} {}",
                        order.order_ref,
                        row.order_id,
                        order.action,
                        order.order_type,
                        price,
                        order.total_quantity,
                        row.order_state.status
                    ))
                }
                Orders::OrderStatus(_) => None,
            })
            .collect();
        lines.sort();
        lines
    }

    /// The references of all orders there ever were.
    pub(crate) async fn orders_ever(&self) -> Vec<String> {
        let open = self.open_orders().await;
        let name = |line: &String| line.split(' ').next().expect("a reference").to_owned();
        self.completed_orders().await.into_iter().chain(open.iter().map(name)).collect()
    }

    /// Every order that is over, by its reference.
    pub(crate) async fn completed_orders(&self) -> Vec<String> {
        let mut done = in_time("orders", self.client.completed_orders(false)).await.expect("completed");
        let rows = done.collect_to_end_within(PATIENCE).await.expect("to their end");
        rows.into_iter()
            .filter_map(|row| match row {
                Orders::OrderData(row) => Some(row.order.order_ref),
                Orders::OrderStatus(_) => None,
            })
            .collect()
    }

    /// Executions as `ref shares`.
    pub(crate) async fn executions(&self) -> Vec<String> {
        let all = in_time("executions", self.client.executions(ExecutionFilter::default()));
        let mut all = all.await.expect("executions");
        let rows = all.collect_to_end_within(PATIENCE).await.expect("to their end");
        rows.into_iter()
            .filter_map(|row| match row {
                Executions::ExecutionData(row) => {
                    Some(format!("{} {}", row.execution.order_reference, row.execution.shares))
                }
                Executions::CommissionReport(_) => None,
            })
            .collect()
    }
}

/// A runtime at work beside the test.
pub(crate) struct Running {
    pub(crate) heard: Heard,
    pub(crate) stopper: Stopper,
    pub(crate) task: JoinHandle<Result<Summary, RunError>>,
}

impl Running {
    pub(crate) async fn start(mut options: Options) -> Running {
        let heard = Heard::attach(&mut options);
        let runtime = in_time("a start", Runtime::start(options)).await.expect("a start");
        let stopper = runtime.stopper();
        Running { heard, stopper, task: tokio::spawn(runtime.run()) }
    }

    pub(crate) async fn end(self) -> (Heard, Summary) {
        let Running { mut heard, task, .. } = self;
        let summary = in_time("an end", task).await.expect("no panic").expect("a run");
        heard.catch_up();
        (heard, summary)
    }

    pub(crate) async fn stop(self) -> (Heard, Summary) {
        self.stopper.stop();
        self.end().await
    }
}

// ---- the laws

/// Truths 2, 3, 4 and 5 over a journal, row by row: what is planned precedes everything else of its order; a position
/// has at every moment one working stop of its size, one order all its life, that only tightens.
pub(crate) fn law(events: &[Recorded]) {
    let mut book = Book::default();
    let mut planned: BTreeSet<OrderRef> = BTreeSet::new();
    let mut numbers: BTreeMap<OrderRef, BrokerOrderId> = BTreeMap::new();
    let mut stops: BTreeMap<PlanId, (OrderRef, Price)> = BTreeMap::new();
    for (row, recorded) in events.iter().enumerate() {
        let row = row + 1;
        match &recorded.event {
            Event::EntryPlanned { bracket, .. } => {
                let legs = [Some(&bracket.entry), Some(&bracket.stop), bracket.target.as_ref()];
                for ticket in legs.into_iter().flatten() {
                    assert!(planned.insert(ticket.reference.clone()), "row {row}: a name used twice");
                }
            }
            Event::OrderPlanned { ticket, .. } => {
                assert!(planned.insert(ticket.reference.clone()), "row {row}: a name used twice");
            }
            Event::Order { reference, fact } => {
                assert!(planned.contains(reference), "row {row}: {reference} was not planned");
                if let OrderFact::Sent(id) | OrderFact::Acknowledged { id, .. } = fact {
                    let known = *numbers.entry(reference.clone()).or_insert(*id);
                    assert_eq!(known, *id, "row {row}: {reference} changed its number");
                }
            }
            Event::Executed { reference, .. } => {
                assert!(planned.contains(reference), "row {row}: {reference} was not planned");
            }
            _ => {}
        }
        book.apply(recorded);
        for record in book.plans() {
            let id = &record.plan.id;
            let ever: Vec<_> = book.legs(record, Leg::Stop).collect();
            assert!(ever.len() <= 1, "row {row}: {id} has a second stop order");
            if let Some(stop) = ever.first() {
                let price = stop.asked_price().expect("a stop has a price");
                if let Some((name, before)) = stops.get(id) {
                    assert_eq!(*name, stop.ticket.reference, "row {row}: {id} has another stop order");
                    let looser = match record.plan.direction {
                        Direction::Long => tighter(Direction::Long, *before, price),
                        Direction::Short => tighter(Direction::Short, *before, price),
                    };
                    assert!(!looser, "row {row}: {id} loosens its stop from {before} to {price}");
                }
                stops.insert(id.clone(), (stop.ticket.reference.clone(), price));
            }
            let Some(position) = book.position(record).filter(|held| !held.qty.is_zero()) else { continue };
            let stop = ever.first().unwrap_or_else(|| panic!("row {row}: {id} is unprotected"));
            let rests = matches!(stop.state, OrderState::Held | OrderState::Working | OrderState::Amending);
            assert!(rests, "row {row}: {id} has a position and its stop is {:?}", stop.state);
            assert_eq!(stop.ticket.qty, position.qty, "row {row}: {id} has a stop of another size");
        }
    }
}

/// Where a plan's stop was, from the first price on, as the broker confirmed it.
pub(crate) fn stop_path(events: &[Recorded], plan: &str) -> Vec<Decimal> {
    let mut path = Vec::new();
    let mut name = None;
    for recorded in events {
        match &recorded.event {
            Event::EntryPlanned { bracket, .. } if bracket.entry.plan.as_str() == plan => {
                name = Some(bracket.stop.reference.clone());
                if let prusik::domain::order::OrderKind::Stop(price) = bracket.stop.kind {
                    path.push(price.decimal());
                }
            }
            Event::Order { reference, fact: OrderFact::Amended(to) } if Some(reference) == name.as_ref() => {
                path.push(to.price.decimal());
            }
            _ => {}
        }
    }
    path
}
