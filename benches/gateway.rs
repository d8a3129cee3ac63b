//! How fast the simulated gateway is: `cargo bench`. Each figure is the median of some runs, and beside it stands
//! what the same bytes cost this machine by themselves, in the same run: figures of different machines are not to
//! be compared, their ratios are.

use std::io::Write;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use prusik::gateway::{Gateway, MarketStart, Settings, SourceBar, Speed};
use rust_decimal::Decimal;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

const RUNS: usize = 5;
const SYMBOLS: usize = 10;
/// Sessions of minutes, from a Monday on.
const DAYS: i64 = 10;
const MINUTES: i64 = 390;
/// Five-second bars of a session.
const SLOTS: u64 = 4_680;
const ORDERS: usize = 50_000;
const CLIENTS: i32 = 200;
const OPEN_ORDER_END: u32 = 53;
const REAL_TIME_BAR: u32 = 50;
const ERROR: u32 = 4;
/// What every client is told when it has started.
const NOTICES: usize = 4;
const CURRENT_TIME: u32 = 49;
const ORDER_STATUS: u32 = 3;

fn main() {
    let one_core = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let all_cores = Builder::new_multi_thread().enable_all().build().expect("a runtime");
    matching(&one_core, 0);
    matching(&one_core, ORDERS);
    clients(&all_cores, Pace::Free);
    clients(&all_cores, Pace::Lockstep);
    orders(&all_cores);
}

/// Bars through matching, without a client that looks.
fn matching(runtime: &Runtime, orders: usize) {
    let bars = bars(SYMBOLS, DAYS);
    let count = SYMBOLS as u64 * DAYS.unsigned_abs() * SLOTS;
    let took = median(|| {
        runtime.block_on(async {
            let gateway = start(bars.clone()).await;
            let mut client = Client::at(&gateway, 1).await;
            client.place(orders).await;
            drop(client);
            let start = Instant::now();
            gateway.open_market();
            gateway.end_of_bars().await;
            let took = start.elapsed();
            gateway.shutdown().await;
            took
        })
    });
    let bytes = vec![1_u8; count as usize * size_of::<SourceBar>()];
    let copied = median(|| {
        let start = Instant::now();
        std::hint::black_box(bytes.clone());
        start.elapsed()
    });
    let minute = count as f64 / took.as_secs_f64() * 60.0;
    say(&format!(
        "{SYMBOLS} symbols, {orders} living orders, one core: {count} bars in {took:.2?}, {:.1} million a minute \
         (copying as many bars: {copied:.2?})",
        minute / 1e6
    ));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    Free,
    Lockstep,
}

/// One session for many clients, each with a subscription.
fn clients(runtime: &Runtime, pace: Pace) {
    let bars = bars(1, 1);
    let mut bytes = 0;
    let took = median(|| {
        runtime.block_on(async {
            let gateway = start(bars.clone()).await;
            let mut readers = Vec::new();
            for id in 1..=CLIENTS {
                let mut client = Client::at(&gateway, id).await;
                client.subscribe(pace).await;
                readers.push(client);
            }
            let start = Instant::now();
            gateway.open_market();
            let readers: Vec<_> =
                readers.into_iter().map(|client| tokio::spawn(client.read_all(pace))).collect();
            bytes = 0;
            for reader in readers {
                bytes += reader.await.expect("a reader");
            }
            let took = start.elapsed();
            gateway.shutdown().await;
            took
        })
    });
    let sent = median(|| runtime.block_on(loopback(CLIENTS as usize, bytes / CLIENTS as usize)));
    let count = SLOTS * u64::from(CLIENTS.unsigned_abs());
    say(&format!(
        "{CLIENTS} clients, {pace:?}: {SLOTS} instants, {count} bars told in {took:.2?}, {:.0} instants a second \
         ({:.1} MB over as many loopback connections alone: {sent:.2?}, ratio {:.1})",
        SLOTS as f64 / took.as_secs_f64(),
        bytes as f64 / 1e6,
        took.as_secs_f64() / sent.as_secs_f64(),
    ));
}

/// Placing orders, and asking for all of them.
fn orders(runtime: &Runtime) {
    let (mut placed, mut listed, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..RUNS {
        runtime.block_on(async {
            let gateway = start(bars(SYMBOLS, 1)).await;
            let mut client = Client::at(&gateway, 1).await;
            let start = Instant::now();
            client.place(ORDERS).await;
            placed.push(start.elapsed());
            let start = Instant::now();
            client.ask(16, &[]).await;
            bytes = client.until(OPEN_ORDER_END).await;
            listed.push(start.elapsed());
            gateway.shutdown().await;
        });
    }
    let (placed, listed) = (middle(placed), middle(listed));
    let sent = median(|| runtime.block_on(loopback(1, bytes)));
    let rate = ORDERS as f64 / placed.as_secs_f64();
    say(&format!("{ORDERS} orders placed over TCP in {placed:.2?}, {rate:.0} a second"));
    say(&format!(
        "{ORDERS} living orders told in {listed:.2?} ({:.1} MB over loopback alone: {sent:.2?}, ratio {:.1})",
        bytes as f64 / 1e6,
        listed.as_secs_f64() / sent.as_secs_f64(),
    ));
}

async fn start(bars: Vec<(String, Vec<SourceBar>)>) -> Gateway {
    let settings = Settings { bars, speed: Speed::Max, start: MarketStart::OnCommand, ..Settings::default() };
    Gateway::start(settings).await.expect("started")
}

/// Minute bars that wander around 100 dollars.
fn bars(symbols: usize, days: i64) -> Vec<(String, Vec<SourceBar>)> {
    let open: Timestamp = "2013-09-09T09:30:00-04:00".parse().expect("a time");
    let series = |symbol: usize| {
        let mut bars = Vec::new();
        for day in (0..).filter(|day| day % 7 < 5).take(days as usize) {
            for minute in 0..MINUTES {
                let second = open.as_second() + day * 86_400 + minute * 60;
                let wave = (minute * (symbol as i64 + 3)) % 97;
                let cents = |off: i64| Decimal::new(10_000 + wave + off, 2);
                bars.push(SourceBar {
                    time: Timestamp::from_second(second).expect("a time"),
                    open: cents(0),
                    high: cents(9),
                    low: cents(-7),
                    close: cents(3),
                    volume: 12_000,
                });
            }
        }
        (format!("SYM{symbol}"), bars)
    };
    (0..symbols).map(series).collect()
}

/// A client of raw frames.
struct Client {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Client {
    async fn at(gateway: &Gateway, id: i32) -> Client {
        let stream = TcpStream::connect(gateway.local_addr()).await.expect("connected");
        stream.set_nodelay(true).expect("no delay");
        let (reader, writer) = stream.into_split();
        let mut client = Client { reader: BufReader::with_capacity(64 * 1024, reader), writer };
        client.writer.write_all(b"API\0\0\0\0\x09v213..226").await.expect("written");
        client.skip().await;
        client.ask(71, &number(1, id.unsigned_abs().into())).await;
        client
    }

    async fn skip(&mut self) {
        let length = self.reader.read_u32().await.expect("a length");
        self.reader.read_exact(&mut vec![0; length as usize]).await.expect("a frame");
    }

    async fn ask(&mut self, id: u32, message: &[u8]) {
        self.writer.write_all(&frame(id, message)).await.expect("written");
    }

    /// The next frame's id and length.
    async fn next(&mut self, body: &mut Vec<u8>) -> (u32, usize) {
        let length = self.reader.read_u32().await.expect("a length") as usize;
        body.resize(length, 0);
        self.reader.read_exact(body).await.expect("a frame");
        let id = u32::from_be_bytes([body[0], body[1], body[2], body[3]]) - 200;
        (id, length + 4)
    }

    /// Reads up to a frame; answers the bytes read.
    async fn until(&mut self, wanted: u32) -> usize {
        let (mut body, mut bytes) = (Vec::new(), 0);
        loop {
            let (id, length) = self.next(&mut body).await;
            bytes += length;
            if id == wanted {
                return bytes;
            }
        }
    }

    async fn subscribe(&mut self, pace: Pace) {
        self.ask(REAL_TIME_BAR, &[number(1, 7), part(2, &part(2, b"SYM0"))].concat()).await;
        if pace == Pace::Lockstep {
            self.ask(105, &[]).await;
        }
        self.ask(CURRENT_TIME, &[]).await;
        self.until(CURRENT_TIME).await;
    }

    /// Reads everything up to the end of the bars; answers the bytes read.
    async fn read_all(mut self, pace: Pace) -> usize {
        let (mut body, mut bytes) = (Vec::new(), 0);
        let done = frame(105, &[]);
        loop {
            let (id, length) = self.next(&mut body).await;
            bytes += length;
            match id {
                REAL_TIME_BAR if pace == Pace::Lockstep => {
                    self.writer.write_all(&done).await.expect("written");
                }
                ERROR => return bytes,
                _ => {}
            }
        }
    }

    /// Places so many limits far below the market, all on their way at once, and waits until they stand.
    async fn place(&mut self, orders: usize) {
        let mut asked = Vec::new();
        for nth in 0..orders {
            asked.extend_from_slice(&frame(3, &order(nth)));
        }
        let (reader, writer) = (&mut self.reader, &mut self.writer);
        let write = async { writer.write_all(&asked).await.expect("written") };
        let read = async {
            let (mut seen, mut errors, mut body) = (0, 0, Vec::new());
            while seen < orders {
                let length = reader.read_u32().await.expect("a length") as usize;
                body.resize(length, 0);
                reader.read_exact(&mut body).await.expect("a frame");
                let id = u32::from_be_bytes([body[0], body[1], body[2], body[3]]) - 200;
                seen += usize::from(id == ORDER_STATUS);
                errors += usize::from(id == ERROR);
                assert!(errors <= NOTICES, "an order was refused");
            }
        };
        tokio::join!(write, read);
    }
}

/// "BUY 100 LMT GTC", transmitted, at one of many prices below 90 dollars.
fn order(nth: usize) -> Vec<u8> {
    // Divided last: a sum of cents would not lie on the tick.
    let limit = (5_000 + nth % 4_000) as f64 / 100.0;
    let price = [varint(9 << 3 | 1), limit.to_le_bytes().to_vec()].concat();
    let texts = [part(5, b"BUY"), part(6, b"100"), part(8, b"LMT"), part(11, b"GTC"), part(28, b"bench")];
    let symbol = format!("SYM{}", nth % SYMBOLS);
    let order = [texts.concat(), price, number(66, 1)].concat();
    [number(1, nth as u64 + 1), part(2, &part(2, symbol.as_bytes())), part(3, &order)].concat()
}

/// So many bytes over each of so many loopback connections, in pieces as the gateway writes them.
async fn loopback(connections: usize, bytes: usize) -> Duration {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let mut pairs = Vec::new();
    for _ in 0..connections {
        let (reader, writer) = tokio::join!(TcpStream::connect(addr), listener.accept());
        pairs.push((reader.expect("connected"), writer.expect("accepted").0));
    }
    let start = Instant::now();
    let mut tasks = Vec::new();
    for (mut reader, mut writer) in pairs {
        tasks.push(tokio::spawn(async move {
            let piece = vec![1_u8; 16 * 1024];
            let mut left = bytes;
            while left > 0 {
                let count = left.min(piece.len());
                writer.write_all(&piece[..count]).await.expect("written");
                left -= count;
            }
        }));
        tasks.push(tokio::spawn(async move {
            let mut room = vec![0_u8; 64 * 1024];
            while reader.read(&mut room).await.expect("read") > 0 {}
        }));
    }
    for task in tasks {
        task.await.expect("done");
    }
    start.elapsed()
}

fn frame(id: u32, message: &[u8]) -> Vec<u8> {
    let length = (message.len() as u32 + 4).to_be_bytes();
    [&length[..], &(id + 200).to_be_bytes(), message].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn number(tag: u64, value: u64) -> Vec<u8> {
    [varint(tag << 3), varint(value)].concat()
}

fn part(tag: u64, bytes: &[u8]) -> Vec<u8> {
    [varint(tag << 3 | 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

fn median(mut run: impl FnMut() -> Duration) -> Duration {
    middle((0..RUNS).map(|_| run()).collect())
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("written");
}
