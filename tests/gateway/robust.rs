//! What no client may do to the gateway, and what many may do at once.

use std::time::Duration;

use futures_util::FutureExt;
use prusik::gateway::{Gateway, MarketStart, Settings};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::desk::*;

/// The longest frame of the protocol, and so the most a client may cost.
const FRAME_BYTES_MAX: usize = 0x00FF_FFFF;

/// Numbers that look like chance and are the same every time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn bytes(&mut self, count_max: u64) -> Vec<u8> {
        (0..self.next() % count_max).map(|_| self.next() as u8).collect()
    }
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

fn xyz_contract() -> Vec<u8> {
    part(2, &part(2, b"XYZ"))
}

/// "BUY 1 LMT 0.01 GTC", transmitted.
fn resting_order(id: u64, reference: &[u8]) -> Vec<u8> {
    let price = [varint(9 << 3 | 1), 0.01_f64.to_le_bytes().to_vec()].concat();
    let texts = [part(5, b"BUY"), part(6, b"1"), part(8, b"LMT"), part(11, b"GTC"), part(28, reference)];
    let order = [texts.concat(), price, number(66, 1)].concat();
    [number(1, id), xyz_contract(), part(3, &order)].concat()
}

async fn seated(gateway: &Gateway, id: u64) -> Raw {
    let mut raw = Raw::greet(gateway, "v213..226").await;
    assert!(raw.next().await.is_some(), "the welcome");
    raw.frame(71, &number(1, id)).await;
    raw
}

/// Reads until a frame of this id.
async fn until(raw: &mut Raw, id: u32) {
    while raw.next().await.expect("a frame").0 != id {}
}

/// The gateway still serves whoever behaves.
async fn still_serves(gateway: &Gateway) {
    let desk = Desk::at(gateway, 1_000).await;
    let details = in_time(desk.client.contract_details(&xyz())).await.expect("details");
    assert_eq!(details.len(), 1);
}

#[tokio::test]
async fn random_bytes_end_their_own_connection_at_most() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let mut chance = Chance(20_131_004);
    for round in 0..300 {
        let mut raw = match round % 3 {
            0 => Raw(TcpStream::connect(gateway.local_addr()).await.expect("connected")),
            1 => Raw::greet(&gateway, "v213..226").await,
            _ => seated(&gateway, round + 1).await,
        };
        for _ in 0..10 {
            let bytes = chance.bytes(400);
            let written = match chance.next() % 2 {
                0 => raw.0.write_all(&bytes).await,
                // A frame that is well formed, of a message that may not be.
                _ => {
                    let head = [
                        (bytes.len() as u32 + 4).to_be_bytes(),
                        (200 + chance.next() as u32 % 110).to_be_bytes(),
                    ];
                    raw.0.write_all(&[head.concat(), bytes].concat()).await
                }
            };
            // The gateway may have hung up.
            if written.is_err() {
                break;
            }
        }
    }
    still_serves(&gateway).await;
    assert!(gateway.client_bytes_max() <= FRAME_BYTES_MAX);
    gateway.shutdown().await;
}

#[tokio::test]
async fn frames_that_come_byte_by_byte_are_understood_and_half_frames_end_with_their_connection() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let mut raw = Raw(TcpStream::connect(gateway.local_addr()).await.expect("connected"));
    raw.0.set_nodelay(true).expect("no delay");
    let start = [&[0, 0, 0, 6, 0, 0, 1, 15][..], &number(1, 5)].concat();
    let time = [0, 0, 0, 4, 0, 0, 0, 249];
    let whole = [&b"API\0\0\0\0\x09v213..226"[..], &start, &time].concat();
    for byte in &whole {
        raw.send(&[*byte]).await;
    }
    assert!(raw.next().await.is_some(), "the welcome");
    until(&mut raw, 49).await;
    for cut in 1..whole.len() {
        let mut raw = Raw(TcpStream::connect(gateway.local_addr()).await.expect("connected"));
        raw.send(&whole[..cut]).await;
    }
    still_serves(&gateway).await;
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_length_that_no_request_has_ends_the_connection_before_its_bytes_come() {
    let gateway = Gateway::start(settings()).await.expect("started");
    for length in [0, 3, 1024 * 1024 + 1, FRAME_BYTES_MAX as u32, 0x0100_0000, u32::MAX] {
        let mut raw = seated(&gateway, 5).await;
        until(&mut raw, 15).await;
        raw.send(&length.to_be_bytes()).await;
        while raw.next().await.is_some() {}
    }
    assert!(gateway.client_bytes_max() < 1024 * 1024, "{}", gateway.client_bytes_max());
    let mut raw = seated(&gateway, 6).await;
    let long = part(1_000, &vec![0; 1024 * 1024 - 20]);
    raw.frame(49, &long).await;
    until(&mut raw, 49).await;
    assert!(gateway.client_bytes_max() <= 2 * FRAME_BYTES_MAX / 16 + 1024 * 1024);
    still_serves(&gateway).await;
    gateway.shutdown().await;
}

#[tokio::test]
async fn ten_thousand_connections_come_and_go_and_the_next_client_is_served() {
    let gateway = Gateway::start(settings()).await.expect("started");
    for batch in 0..50 {
        let mut open = Vec::new();
        for nth in 0..200 {
            open.push(match nth % 4 {
                0 => Raw::greet(&gateway, "v213..226").await,
                1 if batch % 5 == 0 => {
                    let mut raw = Raw::greet(&gateway, "v213..226").await;
                    raw.frame(71, &number(1, nth + 1)).await;
                    raw
                }
                _ => Raw(TcpStream::connect(gateway.local_addr()).await.expect("connected")),
            });
        }
    }
    still_serves(&gateway).await;
    gateway.shutdown().await;
}

#[tokio::test]
async fn strangers_who_say_nothing_keep_nobody_out_and_have_to_go() {
    let gateway = Gateway::start(settings()).await.expect("started");
    let mut strangers = Vec::new();
    for _ in 0..600 {
        strangers.push(Raw(TcpStream::connect(gateway.local_addr()).await.expect("connected")));
    }
    still_serves(&gateway).await;
    assert!(strangers[0].next().await.is_none(), "the oldest made room");
    gateway.shutdown().await;

    let patience = Duration::from_millis(50);
    let gateway = Gateway::start(Settings { patience, ..settings() }).await.expect("started");
    let mut stranger = Raw::greet(&gateway, "v213..226").await;
    assert!(stranger.next().await.is_some(), "the welcome");
    assert!(stranger.next().await.is_none(), "it never said who it is");
    gateway.shutdown().await;
}

#[tokio::test]
async fn a_client_that_asks_for_everything_and_reads_nothing_costs_little_and_is_disconnected() {
    const ORDERS: u64 = 4_000;
    let patience = Duration::from_millis(500);
    let start = MarketStart::OnCommand;
    let gateway = Gateway::start(Settings { patience, start, ..settings() }).await.expect("started");
    let mut owner = seated(&gateway, 1).await;
    for id in 1..=ORDERS {
        owner.frame(3, &resting_order(id, &[b'r'; 200])).await;
        until(&mut owner, 3).await;
    }
    let mut greedy = seated(&gateway, 2).await;
    let history = [number(1, 9), xyz_contract(), part(4, b"5 secs"), part(5, b"1 D")].concat();
    for _ in 0..1_000 {
        greedy.frame(16, &[]).await;
        greedy.frame(99, &[]).await;
        greedy.frame(7, &number(1, 8)).await;
        greedy.frame(61, &[]).await;
        greedy.frame(20, &history).await;
        greedy.frame(62, &[number(1, 7), part(3, b"All,All,All")].concat()).await;
    }
    // Others are served meanwhile, and everything they ask for is whole.
    let desk = Desk::at(&gateway, 3).await;
    assert_eq!(desk.open_orders().await.len() as u64, ORDERS);
    while !is_gone(&mut greedy).await {}
    let dearest = gateway.client_bytes_max();
    assert!(dearest < 4 * 1024 * 1024, "{dearest}");
    gateway.shutdown().await;
}

/// Whether the other side has ended the connection, found out without reading: writing fails then.
async fn is_gone(raw: &mut Raw) -> bool {
    tokio::task::yield_now().await;
    raw.0.write_all(&[0, 0, 0, 4, 0, 0, 0, 249]).now_or_never().is_some_and(|written| written.is_err())
}

#[tokio::test]
async fn what_ends_four_thousand_orders_at_once_reaches_their_owner_whole() {
    const ORDERS: u64 = 4_000;
    let start = MarketStart::OnCommand;
    let gateway = Gateway::start(Settings { start, ..settings() }).await.expect("started");
    let mut owner = seated(&gateway, 1).await;
    for id in 1..=ORDERS {
        owner.frame(3, &resting_order(id, &[b'r'; 200])).await;
        until(&mut owner, 3).await;
    }
    owner.frame(58, &[]).await;
    owner.frame(49, &[]).await;
    let (mut cancelled, mut errors) = (0, 0);
    loop {
        let (id, message) = owner.next().await.expect("a frame");
        match id {
            3 => cancelled += u64::from(String::from_utf8_lossy(&message).contains("Cancelled")),
            4 => errors += 1,
            49 => break,
            _ => {}
        }
    }
    assert_eq!((cancelled, errors), (ORDERS, ORDERS));
    assert!(gateway.client_bytes_max() < 4 * 1024 * 1024);
    gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_clients_at_once_get_every_bar() {
    const CLIENTS: u64 = 200;
    let bars = minutes("2013-10-04T15:50:00-04:00", &[[1000, 1010, 990, 1005]; 10]);
    let bars = vec![("XYZ".to_owned(), bars)];
    let start = MarketStart::OnCommand;
    let gateway = Gateway::start(Settings { bars, start, ..settings() }).await.expect("started");
    let mut clients = Vec::new();
    for id in 1..=CLIENTS {
        let mut raw = seated(&gateway, id).await;
        raw.frame(50, &[number(1, 7), xyz_contract()].concat()).await;
        raw.frame(49, &[]).await;
        until(&mut raw, 49).await;
        clients.push(raw);
    }
    gateway.open_market();
    let readers: Vec<_> = clients
        .into_iter()
        .map(|mut raw| {
            tokio::spawn(async move {
                let mut bars = Vec::new();
                loop {
                    match raw.next().await.expect("a frame") {
                        (50, bar) => bars.push(bar),
                        (4, _) => return bars,
                        _ => {}
                    }
                }
            })
        })
        .collect();
    let mut first: Option<Vec<Vec<u8>>> = None;
    for reader in readers {
        let bars = in_time(reader).await.expect("read");
        assert_eq!(bars.len(), 120);
        assert!(*first.get_or_insert_with(|| bars.clone()) == bars, "everybody sees the same bars");
    }
    gateway.shutdown().await;
}
