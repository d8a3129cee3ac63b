//! One client's connection: bytes in, requests done, frames out.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Sleep, sleep, timeout};
use tracing::{debug, info, warn};

use super::clock;
use super::exchange::Client;
use super::hall::{Hall, Served};
use super::history::{Answer, Follow, Job};
use super::messages::{StartApi, asked};
use super::requests::refuse;

use super::telling;
use super::venue::Refusal;
use super::wire::{self, Frame, Malformed};

/// The protocol versions the gateway speaks.
const VERSION_MIN: i32 = 213;
const VERSION_MAX: i32 = 226;
/// How long a client may take nothing of what waits for it.
const UNREAD_PATIENCE: Duration = Duration::from_secs(30);
/// How long a client may take to say who it is.
const GREETING_PATIENCE: Duration = Duration::from_secs(30);
/// How much is read at once.
const READ_BYTES: usize = 64 * 1024;
/// Frames that may wait for a client before its own requests wait too.
const ANSWERS_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
enum Over {
    #[error("the client closed the connection")]
    Closed,
    #[error("the connection failed: {0}")]
    Failed(#[from] io::Error),
    #[error("malformed: {0}")]
    Malformed(#[from] Malformed),
    #[error("the client read nothing for {} s", UNREAD_PATIENCE.as_secs())]
    Unread,
    #[error("the client did not say who it is for {} s", GREETING_PATIENCE.as_secs())]
    Unknown,
    #[error(
        "the client speaks versions {min} to {max}, the simulated gateway {VERSION_MIN} to {VERSION_MAX}"
    )]
    Version { min: i32, max: i32 },
    #[error("client id {id} is already in use")]
    IdInUse { id: i32 },
}

/// Serves one connection to its end.
pub(super) async fn serve(stream: TcpStream, hall: Arc<Hall>) {
    let peer = stream.peer_addr().map_or_else(|_| "unknown".to_owned(), |peer| peer.to_string());
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%peer, %error, "the connection keeps collecting small frames");
    }
    let mut line = Line { stream, inbound: Vec::new(), outbound: Vec::new(), sent: 0, taken: 0 };
    let over = match timeout(GREETING_PATIENCE, enter(&mut line, &hall)).await {
        Err(_) => Over::Unknown,
        Ok(Err(over)) => over,
        Ok(Ok(seat)) => {
            info!(%peer, client = seat.id, "client connected");
            match run(&mut line, &seat).await {
                Ok(never) => match never {},
                Err(over) => over,
            }
        }
    };
    match over {
        Over::Closed | Over::Failed(_) => info!(%peer, "client gone: {over}"),
        _ => warn!(%peer, "client refused or disconnected: {over}"),
    }
}

/// A client's place in the exchange; given up when the connection ends, however it ends.
struct Seat {
    id: i32,
    hall: Arc<Hall>,
    wake: Arc<Notify>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hall.leave(self.id);
    }
}

/// The greeting, the version, and who the client is.
async fn enter(line: &mut Line, hall: &Arc<Hall>) -> Result<Seat, Over> {
    let (min, max, length) = loop {
        match wire::greeting(&line.inbound)? {
            Some(versions) => break versions,
            None => line.read_more().await?,
        }
    };
    line.inbound.drain(..length);
    if max < VERSION_MIN || VERSION_MAX < min {
        return Err(Over::Version { min, max });
    }
    let now = hall.lock().market.now;
    wire::push_welcome(&mut line.outbound, max.min(VERSION_MAX), &clock::stamp(now));
    line.flush().await?;
    let id = loop {
        let Some(Frame { id, message, bytes }) = wire::frame(&line.inbound)? else {
            line.read_more().await?;
            continue;
        };
        if id != wire::PROTOBUF_ID + asked::START_API {
            return Err(Malformed::NotStarted.into());
        }
        let start: StartApi = wire::read(asked::START_API, message)?;
        line.inbound.drain(..bytes);
        break start.client_id.unwrap_or(0);
    };
    let wake = Arc::new(Notify::new());
    if hall.enter(id, Client::new(Arc::clone(&wake))) {
        return Ok(Seat { id, hall: Arc::clone(hall), wake });
    }
    let text = "Unable to connect as the client id is already in use. Retry with a unique client id.";
    telling::error(&mut line.outbound, now, telling::NO_REQUEST, 326, text);
    line.flush().await?;
    line.hang_up().await?;
    Err(Over::IdInUse { id })
}

/// Requests in, frames out, until the connection ends.
async fn run(line: &mut Line, seat: &Seat) -> Result<std::convert::Infallible, Over> {
    let mut patience: Option<Patience> = None;
    loop {
        let reads = line.waiting() + seat.hall.waiting(seat.id) < ANSWERS_BYTES_MAX;
        if reads {
            work(line, seat).await?;
        }
        line.collect(seat);
        line.write_some()?;
        if line.is_drained() && line.collect(seat) {
            continue;
        }
        patience = match patience {
            _ if line.is_drained() => None,
            Some(patience) if patience.taken == line.taken => Some(patience),
            _ => Some(Patience { taken: line.taken, ends: Box::pin(sleep(UNREAD_PATIENCE)) }),
        };
        let interest = match (line.is_drained(), reads) {
            (true, _) => Interest::READABLE,
            (false, true) => Interest::READABLE | Interest::WRITABLE,
            (false, false) => Interest::WRITABLE,
        };
        let impatient = async {
            match &mut patience {
                Some(patience) => patience.ends.as_mut().await,
                None => std::future::pending().await,
            }
        };
        let readable = tokio::select! {
            ready = line.stream.ready(interest) => ready?.is_readable(),
            () = seat.wake.notified() => false,
            () = impatient => return Err(Over::Unread),
        };
        if readable {
            line.read_some()?;
        }
    }
}

/// How long a client that takes nothing is still waited for.
struct Patience {
    /// What it had taken when the wait began.
    taken: u64,
    ends: Pin<Box<Sleep>>,
}

/// Does the requests that have arrived whole, as long as their answers do not pile up.
async fn work(line: &mut Line, seat: &Seat) -> Result<(), Over> {
    let mut used = 0;
    while let Some(Frame { id, message, bytes }) = wire::frame(&line.inbound[used..])? {
        let served = match id.checked_sub(wire::PROTOBUF_ID) {
            None | Some(0) => {
                debug!(client = seat.id, message = id, "a text message; this protocol version has none");
                Served::default()
            }
            Some(id) => seat.hall.request(seat.id, id, message)?,
        };
        used += bytes;
        if let Some(job) = served.job {
            answer_history(job, seat).await;
        }
        if served.waiting >= ANSWERS_BYTES_MAX {
            break;
        }
    }
    line.inbound.drain(..used);
    Ok(())
}

/// Works out history on a thread of its own: a long one takes a while, and the market goes on meanwhile.
async fn answer_history(job: Job, seat: &Seat) {
    let req_id = job.request.req_id;
    let answer = tokio::task::spawn_blocking(move || job.run());
    let answer = answer.await.unwrap_or_else(|error| {
        let mut frames = Vec::new();
        let refusal = Refusal::new(162, format!("history could not be worked out: {error}"));
        refuse(&mut frames, 0, req_id, &refusal);
        Answer { frames, follow: req_id.map_or(Follow::Nothing, Follow::Refused) }
    });
    seat.hall.answer(seat.id, &answer);
}

/// The bytes of a connection, both ways.
struct Line {
    stream: TcpStream,
    inbound: Vec<u8>,
    outbound: Vec<u8>,
    /// How much of `outbound` the network has taken.
    sent: usize,
    /// How many bytes the network has taken since the connection began.
    taken: u64,
}

impl Line {
    fn waiting(&self) -> usize {
        self.outbound.len() - self.sent
    }

    fn is_drained(&self) -> bool {
        self.sent == self.outbound.len()
    }

    /// Takes over what waits in the exchange, once everything before is sent. Answers whether there is anything.
    fn collect(&mut self, seat: &Seat) -> bool {
        if self.is_drained() {
            self.outbound.clear();
            self.sent = 0;
            seat.hall.collect(seat.id, &mut self.outbound);
        }
        !self.is_drained()
    }

    /// Writes as much as the network takes now.
    fn write_some(&mut self) -> Result<(), Over> {
        while !self.is_drained() {
            match self.stream.try_write(&self.outbound[self.sent..]) {
                Ok(0) => return Err(Over::Closed),
                Ok(count) => {
                    self.sent += count;
                    self.taken += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Reads what has arrived.
    fn read_some(&mut self) -> Result<(), Over> {
        self.inbound.reserve(READ_BYTES);
        match self.stream.try_read_buf(&mut self.inbound) {
            Ok(0) => Err(Over::Closed),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn read_more(&mut self) -> Result<(), Over> {
        self.stream.readable().await?;
        self.read_some()
    }

    /// Ends the connection so that what was sent arrives: no more from here, then whatever the client still says.
    /// Closing over unread bytes would take back what is under way.
    async fn hang_up(&mut self) -> Result<(), Over> {
        self.stream.shutdown().await?;
        while self.read_more().await.is_ok() {
            self.inbound.clear();
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Over> {
        loop {
            self.write_some()?;
            if self.is_drained() {
                return Ok(());
            }
            self.stream.writable().await?;
        }
    }
}
