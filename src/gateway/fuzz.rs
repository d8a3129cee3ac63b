//! The doors for fuzzing: bytes of clients go in, and what must hold is asserted. Only built for fuzzers and tests.
//!
//! The world behind them is small and real: two symbols a few minutes before a close, three clients, orders that
//! rest, a bracket and a position. No sockets: [`super::session`] is the same steps with the network in between.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use prost::Message;
use rust_decimal::Decimal;
use tokio::sync::Notify;

use super::backlog::WAITING_BYTES_MAX;
use super::bars::{Series, SourceBar};
use super::catalogue::Catalogue;
use super::exchange::{Client, Visibility};
use super::faults::Door;
use super::hall::{Hall, More, Terms};
use super::market::Market;
use super::messages::{Contract, Order, PlaceOrder, RealTimeBarsRequest, StartApi, asked};
use super::requests::MarketStart;
use super::server::Speed;
use super::wire::{self, FRAME_BYTES_MAX, Frame, PROTOBUF_ID};

/// The clients of the small world: 0 is the one that may bind manual orders, 2 hears of everybody's.
const CLIENTS: [i32; 3] = [0, 1, 2];
const TERMS: Terms = Terms { speed: Speed::Max, start: MarketStart::OnCommand, patience: Duration::ZERO };
/// The account's cash at the start, in dollars.
const CASH: Decimal = Decimal::from_parts(100_000, 0, 0, false, 0);

/// Bytes as a connection would bring them: a greeting, who the client is, and frames. Where they do not begin with
/// a greeting they are the frames of clients that are seated already, in turn.
pub fn frames(bytes: &[u8]) {
    let world = World::new();
    let mut rest = bytes;
    if let Ok(Some((_, _, length))) = wire::greeting(bytes) {
        rest = &bytes[length..];
        if let Ok(Some(Frame { id, message, bytes })) = wire::frame(rest)
            && id == PROTOBUF_ID + asked::START_API
        {
            let Ok(StartApi { client_id }) = wire::read(asked::START_API, message) else { return };
            let _taken = world.seat(client_id.unwrap_or(0));
            rest = &rest[bytes..];
        }
    }
    for client in CLIENTS.into_iter().cycle() {
        let Ok(Some(Frame { id, message, bytes })) = wire::frame(rest) else { break };
        assert!(
            matches!(wire::frame(&rest[..bytes - 1]), Ok(None)),
            "a frame is not there before its last byte"
        );
        if let Some(id) = id.checked_sub(PROTOBUF_ID) {
            world.ask(client, id, message);
        }
        world.step();
        rest = &rest[bytes..];
    }
    world.take_everything();
}

/// Messages of clients, each as: which client and what it does first, the message's id, its length (two bytes), and
/// its bytes, whatever they are.
pub fn messages(bytes: &[u8]) {
    play(&World::new(), bytes);
}

fn play(world: &World, bytes: &[u8]) {
    let mut rest = bytes;
    while let [how, id, high, low, more @ ..] = rest {
        let client = CLIENTS[usize::from(*how) % CLIENTS.len()];
        // A client that does not take what waits for it is one of the things that happen.
        if how & 0x80 == 0 {
            world.take(client);
        }
        if how & 0x40 == 0 {
            world.step();
        }
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(more.len());
        world.ask(client, u32::from(*id), &more[..length]);
        rest = &more[length..];
    }
    world.take_everything();
}

/// A gateway without its sockets.
struct World(Hall);

impl World {
    fn new() -> World {
        let world =
            World(Hall::new(market(), Visibility { master: Some(2), ..Visibility::default() }, TERMS));
        for client in CLIENTS {
            assert!(world.seat(client), "every id is free");
        }
        let bars = RealTimeBarsRequest { req_id: Some(1), contract: contract("XYZ"), ..Default::default() };
        world.ask(1, asked::REAL_TIME_BARS, &bars.encode_to_vec());
        world.0.open();
        for (client, order) in orders() {
            world.ask(client, asked::PLACE_ORDER, &order.encode_to_vec());
        }
        world.step();
        world
    }

    fn seat(&self, client: i32) -> bool {
        self.0.enter(client, Client::new(Arc::new(Notify::new()))) == Door::Open
    }

    /// Does a request as a session would: not before there is room for its answer, and a malformed one ends the
    /// connection, after which the client comes back.
    fn ask(&self, client: i32, id: u32, message: &[u8]) {
        for _ in 0..64 {
            match self.0.more(client) {
                More::Now => break,
                More::Later => self.take(client),
                More::Never => self.come_back(client),
            }
        }
        match self.0.request(client, id, message) {
            Err(_malformed) => self.come_back(client),
            Ok(served) => {
                if let Some(job) = served.job {
                    self.0.answer(client, job.run());
                }
            }
        }
        self.check(client);
    }

    fn come_back(&self, client: i32) {
        let wake = self.0.lock().clients.get(&client).map(|own| Arc::clone(&own.wake));
        self.0.leave(client, &wake.expect("who comes back was there"));
        assert!(self.seat(client), "the id is free again");
    }

    /// What waits for a client stays within its bound.
    fn check(&self, client: i32) {
        let waiting = self.0.lock().clients.get(&client).map_or(0, Client::waiting);
        assert!(waiting <= WAITING_BYTES_MAX, "{waiting} bytes wait for client {client}");
    }

    /// Takes what waits for a client, which has to be whole frames.
    fn take(&self, client: i32) {
        let mut out = Vec::new();
        let wake = self.0.lock().clients.get(&client).map(|own| std::sync::Arc::clone(&own.wake));
        let Some(wake) = wake else { return };
        self.0.collect(client, &wake, &mut out);
        let mut rest = out.as_slice();
        while let Some((length, body)) = rest.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            assert!(
                (4..=FRAME_BYTES_MAX).contains(&length) && length <= body.len(),
                "a frame of {length} bytes"
            );
            rest = &body[length..];
        }
        assert!(rest.is_empty(), "{} bytes are no frame", rest.len());
    }

    fn take_everything(&self) {
        for client in CLIENTS {
            while self.0.more(client) == More::Later {
                self.take(client);
            }
            self.take(client);
        }
    }

    /// Lets the market go on by an instant, if nobody holds it.
    fn step(&self) {
        let mut exchange = self.0.lock();
        if exchange.may_advance() {
            exchange.advance();
        }
    }
}

/// A market of two symbols, before anything has happened.
fn market() -> Market {
    let catalogue = Catalogue::default();
    let listed = |(symbol, cents): (&str, i64)| {
        let series = Series::listed(bars(cents), &catalogue.listed(symbol)).expect("whole bars");
        (symbol.to_owned(), series)
    };
    let symbols = [("ABC", 5_000), ("XYZ", 1_000)].map(listed);
    Market::of("DU0000001".to_owned(), CASH, symbols.into(), &catalogue)
}

/// Five minutes before a close, around a price in cents.
fn bars(cents: i64) -> Vec<SourceBar> {
    let start: Timestamp = "2013-10-04T15:55:00-04:00".parse().expect("a time");
    let bar = |minute: i64| {
        let [open, high, low, close] = [0, 12, -9, 6].map(|off| Decimal::new(cents + off + minute, 2));
        let time = Timestamp::from_second(start.as_second() + minute * 60).expect("a time");
        SourceBar { time, open, high, low, close, volume: 1_200 }
    };
    (0..5).map(bar).collect()
}

fn contract(symbol: &str) -> Option<Contract> {
    Some(Contract { symbol: Some(symbol.to_owned()), ..Contract::default() })
}

/// What rests or fills in the small world: for each client a bracket and a limit far away.
fn orders() -> Vec<(i32, PlaceOrder)> {
    let order = |id: i32, action: &str, kind: &str, price: f64, parent: i32, transmit: bool| {
        let text = |text: &str| Some(text.to_owned());
        let order = Order {
            action: text(action),
            quantity: text("100"),
            order_type: text(kind),
            limit_price: (kind == "LMT").then_some(price),
            aux_price: (kind == "STP").then_some(price),
            tif: text("GTC"),
            parent_id: (parent != 0).then_some(parent),
            transmit: Some(transmit),
            ..Order::default()
        };
        PlaceOrder { order_id: Some(id), contract: contract("XYZ"), order: Some(order) }
    };
    let book = |client: i32| {
        [
            order(1, "BUY", "MKT", 0.0, 0, false),
            order(2, "SELL", "STP", 9.5, 1, false),
            order(3, "SELL", "LMT", 12.0, 1, true),
            order(4, "BUY", "LMT", 8.0, 0, true),
        ]
        .map(|order| (client, order))
    };
    CLIENTS.into_iter().flat_map(book).collect()
}

#[cfg(test)]
mod tests;
