//! Other ends of the wire than a gateway that behaves: a proxy that can cut and freeze, and a peer that says exactly
//! what a test tells it to.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Stands between a client and a gateway.
pub(crate) struct Proxy {
    pub(crate) addr: SocketAddr,
    connections: Arc<Mutex<Vec<JoinHandle<()>>>>,
    frozen: watch::Sender<bool>,
}

impl Proxy {
    pub(crate) async fn before(gateway: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let connections: Arc<Mutex<Vec<JoinHandle<()>>>> = Arc::default();
        let (frozen, is_frozen) = watch::channel(false);
        let known = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let is_frozen = is_frozen.clone();
                let connection = tokio::spawn(forward(client, gateway, is_frozen));
                known.lock().expect("no panic").push(connection);
            }
        });
        Proxy { addr, connections, frozen }
    }

    /// Closes every connection, both ways.
    pub(crate) fn cut(&self) {
        for connection in self.connections.lock().expect("no panic").drain(..) {
            connection.abort();
        }
    }

    /// Keeps connections open and lets nothing through.
    pub(crate) fn freeze(&self) {
        self.frozen.send_replace(true);
    }

    /// Lets through what comes over new connections.
    pub(crate) fn thaw(&self) {
        self.frozen.send_replace(false);
    }
}

async fn forward(mut client: TcpStream, gateway: SocketAddr, mut is_frozen: watch::Receiver<bool>) {
    let Ok(mut gateway) = TcpStream::connect(gateway).await else { return };
    // The sockets live as long as this task: a frozen connection is open.
    let frozen = async {
        if is_frozen.wait_for(|frozen| *frozen).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        () = frozen => {}
        _ = copy_bidirectional(&mut client, &mut gateway) => return,
    }
    std::future::pending::<()>().await;
}

/// A peer that accepts connections and says nothing, ever.
pub(crate) async fn silent() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            open.push(connection);
        }
    });
    addr
}

/// A peer that hangs up as soon as it is called.
pub(crate) async fn rude() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    addr
}

/// A peer that greets a client as a gateway does, answers requests for the time, and says what a test tells it to.
pub(crate) struct Scripted {
    pub(crate) addr: SocketAddr,
    say: mpsc::UnboundedSender<Vec<u8>>,
    asked: Asked,
}

/// How often each request was made.
type Asked = Arc<Mutex<BTreeMap<u32, usize>>>;

/// How a [`Scripted`] peer introduces itself.
pub(crate) struct Greeting {
    pub(crate) version: i32,
    pub(crate) accounts: &'static str,
    pub(crate) next_order_id: u32,
}

impl Default for Greeting {
    fn default() -> Greeting {
        Greeting { version: 226, accounts: "DU7", next_order_id: 1 }
    }
}

const ASKED_TIME: u32 = 49;
pub(crate) const ASKED_BARS: u32 = 50;
pub(crate) const ASKED_ACCOUNT_SUMMARY: u32 = 62;
const ASKED_TIME_MILLIS: u32 = 105;
pub(crate) const TOLD_STATUS: u32 = 3;
pub(crate) const TOLD_ERROR: u32 = 4;
const TOLD_NEXT_ID: u32 = 9;
const TOLD_ACCOUNTS: u32 = 15;
/// Real gateways and simulated ones count protobuf messages from here.
const PROTOBUF: u32 = 200;

impl Scripted {
    pub(crate) async fn greeting(greeting: Greeting) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let (say, mut script) = mpsc::unbounded_channel();
        let asked = Asked::default();
        let counted = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                // An end of the connection ends the conversation; the next call starts another.
                let _ = converse(connection, &greeting, &mut script, &counted).await;
            }
        });
        Scripted { addr, say, asked }
    }

    /// How often a request was made, up to the last one that was answered.
    pub(crate) fn asked(&self, message: u32) -> usize {
        self.asked.lock().expect("no panic").get(&message).copied().unwrap_or(0)
    }

    /// Says this frame next.
    pub(crate) fn say(&self, message: u32, fields: &[Field<'_>]) {
        self.say.send(frame(message, fields)).expect("the peer is there");
    }

    /// An error or notice: about a request, an order, or (-1) nothing.
    pub(crate) fn notice(&self, id: i64, code: u64, text: &str) {
        self.say(TOLD_ERROR, &[Field::Signed(1, id), Field::Number(3, code), Field::Text(4, text)]);
    }

    /// An order status with all a reader needs.
    pub(crate) fn status(&self, order: u64, word: &str, filled: &str) {
        let fields = [
            Field::Number(1, order),
            Field::Text(2, word),
            Field::Text(3, filled),
            Field::Text(4, "0"),
            Field::Number(9, 17),
        ];
        self.say(TOLD_STATUS, &fields);
    }
}

/// One field of a protobuf message.
pub(crate) enum Field<'a> {
    Number(u8, u64),
    Signed(u8, i64),
    Text(u8, &'a str),
}

async fn converse(
    mut connection: TcpStream,
    greeting: &Greeting,
    script: &mut mpsc::UnboundedReceiver<Vec<u8>>,
    counted: &Asked,
) -> std::io::Result<()> {
    // "API\0", then the versions, then the first request: who the client is.
    let mut hello = [0; 4];
    connection.read_exact(&mut hello).await?;
    read_frame(&mut connection).await?;
    let welcome = format!("{}\0{}\0", greeting.version, "20240103 15:55:00 US/Eastern");
    connection.write_all(&framed(welcome.as_bytes())).await?;
    read_frame(&mut connection).await?;
    connection.write_all(&frame(TOLD_ACCOUNTS, &[Field::Text(1, greeting.accounts)])).await?;
    let next = u64::from(greeting.next_order_id);
    connection.write_all(&frame(TOLD_NEXT_ID, &[Field::Number(1, next)])).await?;
    let (mut incoming, mut outgoing) = connection.into_split();
    let (asked, mut requests) = mpsc::unbounded_channel();
    let reader = tokio::spawn(async move {
        while let Ok(body) = read_frame(&mut incoming).await {
            if asked.send(body).is_err() {
                break;
            }
        }
    });
    loop {
        let frame = tokio::select! {
            biased;
            Some(said) = script.recv() => said,
            asked = requests.recv() => {
                let Some(asked) = asked else { break };
                let message = u32::from_be_bytes(asked[..4].try_into().expect("four bytes")) - PROTOBUF;
                *counted.lock().expect("no panic").entry(message).or_default() += 1;
                match message {
                    ASKED_TIME => frame(ASKED_TIME, &[Field::Number(1, 1_704_315_300)]),
                    ASKED_TIME_MILLIS => frame(ASKED_TIME_MILLIS + 4, &[Field::Number(1, 1_704_315_300_250)]),
                    _ => continue,
                }
            }
        };
        outgoing.write_all(&frame).await?;
    }
    reader.abort();
    Ok(())
}

async fn read_frame(connection: &mut (impl AsyncReadExt + Unpin)) -> std::io::Result<Vec<u8>> {
    let length = connection.read_u32().await?;
    let mut body = vec![0; length as usize];
    connection.read_exact(&mut body).await?;
    Ok(body)
}

fn framed(body: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(body.len()).expect("short").to_be_bytes().to_vec();
    frame.extend_from_slice(body);
    frame
}

fn frame(message: u32, fields: &[Field<'_>]) -> Vec<u8> {
    let mut body = (message + PROTOBUF).to_be_bytes().to_vec();
    for field in fields {
        match field {
            Field::Number(tag, value) => {
                body.push(tag << 3);
                varint(&mut body, *value);
            }
            Field::Signed(tag, value) => {
                body.push(tag << 3);
                varint(&mut body, value.cast_unsigned());
            }
            Field::Text(tag, text) => {
                body.push(tag << 3 | 2);
                varint(&mut body, text.len() as u64);
                body.extend_from_slice(text.as_bytes());
            }
        }
    }
    framed(&body)
}

fn varint(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    into.push(u8::try_from(value).expect("seven bits"));
}
