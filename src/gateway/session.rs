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

use super::backlog::{PIECE_BYTES, WAITING_BYTES_MAX};
use super::clock;
use super::exchange::Client;
use super::faults::{Deed, Door, Flow, Step, Trickle, half_of, stand_still};
use super::hall::{Hall, More, Served};
use super::history::{Answer, Follow, Job};
use super::messages::{StartApi, asked};
use super::requests::refuse;
use super::telling;
use super::venue::Refusal;
use super::wire::{self, Frame, Malformed, REQUEST_BYTES_MAX};

/// The protocol versions the gateway speaks.
const VERSION_MIN: i32 = 213;
const VERSION_MAX: i32 = 226;
/// How much is read at once.
const READ_BYTES: usize = 64 * 1024;
/// The longest frame of a client with its length.
const INBOUND_BYTES_MAX: usize = 4 + REQUEST_BYTES_MAX;

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
enum Over {
    #[error("the client closed the connection")]
    Closed,
    #[error("the connection failed: {0}")]
    Failed(#[from] io::Error),
    #[error("malformed: {0}")]
    Malformed(#[from] Malformed),
    #[error("the client read nothing for {} s", patience.as_secs_f32())]
    Unread { patience: Duration },
    #[error("the client reads too little of what it is told: more than {WAITING_BYTES_MAX} bytes waited")]
    Overrun,
    #[error("the client did not say who it is for {} s", patience.as_secs_f32())]
    Unknown { patience: Duration },
    #[error("the client did not say who it is while many others came")]
    Crowded,
    #[error(
        "the client speaks versions {min} to {max}, the simulated gateway {VERSION_MIN} to {VERSION_MAX}"
    )]
    Version { min: i32, max: i32 },
    #[error("client id {id} is already in use")]
    IdInUse { id: i32 },
    #[error("a fault ended the connection")]
    Fault,
}

/// Serves one connection to its end.
pub(super) async fn serve(stream: TcpStream, hall: Arc<Hall>) {
    let peer = stream.peer_addr().map_or_else(|_| "unknown".to_owned(), |peer| peer.to_string());
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%peer, %error, "the connection keeps collecting small frames");
    }
    let mut line = Line { stream, inbound: Vec::new(), outbound: Vec::new(), sent: 0, taken: 0 };
    let over = match be_greeted(&mut line, &hall).await {
        Err(over) => over,
        Ok(seat) => {
            info!(%peer, client = seat.id, "client connected");
            let Err(over) = run(&mut line, &seat).await;
            over
        }
    };
    if matches!(over, Over::Fault) {
        // What was sent before is to arrive. However this ends, the connection is over.
        drop(timeout(hall.patience, line.hang_up()).await);
    }
    match over {
        Over::Closed | Over::Failed(_) | Over::Fault => info!(%peer, "client gone: {over}"),
        _ => warn!(%peer, "client refused or disconnected: {over}"),
    }
}

/// Waits in the lobby for who the client is.
async fn be_greeted(line: &mut Line, hall: &Arc<Hall>) -> Result<Seat, Over> {
    // Nothing has been read: who has not greeted yet because it was not listened to is not dismissed for it.
    be_stricken(line, hall, Step::Accept, &[]).await?;
    let guest = hall.lobby.enter();
    tokio::select! {
        entered = timeout(hall.patience, enter(line, hall)) => {
            entered.unwrap_or(Err(Over::Unknown { patience: hall.patience }))
        }
        () = guest.dismissed() => Err(Over::Crowded),
    }
}

/// A client's place in the exchange; given up when the connection ends, however it ends.
struct Seat {
    id: i32,
    hall: Arc<Hall>,
    wake: Arc<Notify>,
}

impl Seat {
    /// The pause after a piece, at most as long as the connection is to go in pieces.
    async fn pause(&self, trickle: Trickle) {
        if trickle.pause.is_zero() {
            // A timer would make even this a millisecond.
            return tokio::task::yield_now().await;
        }
        let over = sleep(trickle.pause);
        tokio::pin!(over);
        let mut rung = false;
        while self.hall.trickle(self.id, &self.wake) == Some(trickle) {
            tokio::select! {
                () = &mut over => break,
                () = self.wake.notified() => rung = true,
            }
        }
        if rung {
            self.wake.notify_one();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hall.leave(self.id, &self.wake);
    }
}

/// What a fault does to a connection before it has a client id; `next` is the frame it is owed.
async fn be_stricken(line: &mut Line, hall: &Arc<Hall>, step: Step, next: &[u8]) -> Result<(), Over> {
    for (deed, released) in hall.at_step(step) {
        match deed {
            Deed::Drop(gone) => {
                line.outbound.extend_from_slice(&next[..half_of(&gone, next)]);
                line.flush().await?;
                return Err(Over::Fault);
            }
            Deed::Freeze(lasting) => stand_still(lasting, released).await,
            _ => {}
        }
    }
    Ok(())
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
    let mut welcome = Vec::new();
    wire::push_welcome(&mut welcome, max.min(VERSION_MAX), &clock::stamp(now));
    be_stricken(line, hall, Step::Greeting, &welcome).await?;
    line.outbound.append(&mut welcome);
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
    match hall.enter(id, Client::new(Arc::clone(&wake))) {
        Door::Open => return Ok(Seat { id, hall: Arc::clone(hall), wake }),
        Door::Closed => return Err(Over::Fault),
        Door::InUse => {}
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
        if seat.hall.is_frozen(seat.id, &seat.wake) {
            while seat.hall.is_frozen(seat.id, &seat.wake) {
                seat.wake.notified().await;
            }
            // What was asked meanwhile is done, even if the client has given up: so it is read before anything is
            // written to a connection that may be gone.
            line.read_some()?;
        }
        // One who takes nothing of its answers is not asked what else it wants.
        let reads = line.waiting() < PIECE_BYTES && seat.hall.more(seat.id) == More::Now;
        let caught_up = reads && work(line, seat).await? == Work::Done;
        seat.hall.note_cost(seat.id, line.cost());
        if seat.hall.more(seat.id) == More::Never {
            return Err(Over::Overrun);
        }
        line.collect(seat);
        line.write_in_pieces(seat).await?;
        if let Some(last) = seat.hall.farewell(&seat.wake) {
            return Err(line.take_leave(seat, &last).await);
        }
        // With room again there may be more to tell, and requests that have waited.
        if line.is_drained() && (line.collect(seat) || !caught_up) {
            continue;
        }
        patience = match patience {
            _ if line.is_drained() => None,
            Some(patience) if patience.taken == line.taken => Some(patience),
            _ => Some(Patience { taken: line.taken, ends: Box::pin(sleep(seat.hall.patience)) }),
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
            () = impatient => return Err(Over::Unread { patience: seat.hall.patience }),
        };
        if readable {
            line.read_in_pieces(seat).await?;
        }
    }
}

/// How long a client that takes nothing is still waited for.
struct Patience {
    /// What it had taken when the wait began.
    taken: u64,
    ends: Pin<Box<Sleep>>,
}

/// Whether all requests that have arrived whole are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Done,
    Left,
}

/// Does the requests that have arrived whole, as long as their answers do not pile up.
async fn work(line: &mut Line, seat: &Seat) -> Result<Work, Over> {
    let (mut used, mut work) = (0, Work::Done);
    while let Some(Frame { id, message, bytes }) = wire::frame(&line.inbound[used..])? {
        let served = match id.checked_sub(wire::PROTOBUF_ID) {
            None | Some(0) => {
                debug!(client = seat.id, message = id, "a text message; this protocol version has none");
                Served::default()
            }
            Some(id) => seat.hall.request(seat.id, id, message)?,
        };
        if served.flow != Flow::StandsBefore {
            used += bytes;
        }
        let more = match served.job {
            None => served.more,
            Some(job) => answer_history(job, seat).await,
        };
        if more != More::Now || served.flow != Flow::Goes {
            work = Work::Left;
            break;
        }
    }
    line.used(used);
    Ok(work)
}

/// Works out history on a thread of its own: a long one takes a while, and the market goes on meanwhile.
async fn answer_history(job: Job, seat: &Seat) -> More {
    let req_id = job.request.req_id;
    let answer = tokio::task::spawn_blocking(move || job.run());
    let answer = answer.await.unwrap_or_else(|error| {
        let mut frames = Vec::new();
        let refusal = Refusal::new(162, format!("history could not be worked out: {error}"));
        refuse(&mut frames, 0, req_id, &refusal);
        Answer { frames, follow: req_id.map_or(Follow::Nothing, Follow::Refused) }
    });
    seat.hall.answer(seat.id, answer);
    seat.hall.more(seat.id)
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

    /// The memory it holds, in bytes, but for what was collected: that counts as long as it is in flight.
    fn cost(&self) -> usize {
        self.inbound.capacity() + self.outbound.capacity() - self.outbound.len()
    }

    fn is_drained(&self) -> bool {
        self.sent == self.outbound.len()
    }

    /// Takes over what waits in the exchange, once everything before is sent. Answers whether there is anything.
    fn collect(&mut self, seat: &Seat) -> bool {
        if self.is_drained() {
            // What one long answer needed is not kept for the short ones after it.
            if self.outbound.capacity() > 2 * PIECE_BYTES {
                self.outbound = Vec::new();
            }
            self.outbound.clear();
            self.sent = 0;
            seat.hall.collect(seat.id, &seat.wake, &mut self.outbound);
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

    /// Writes as a fault says: so many bytes at once, with a pause after each piece; else as much as the network takes.
    async fn write_in_pieces(&mut self, seat: &Seat) -> Result<(), Over> {
        while !self.is_drained() {
            let Some(trickle) = seat.hall.trickle(seat.id, &seat.wake) else { return self.write_some() };
            let Some(piece) = trickle.write else { return self.write_some() };
            let end = self.outbound.len().min(self.sent + piece.max(1));
            self.stream.writable().await?;
            match self.stream.try_write(&self.outbound[self.sent..end]) {
                Ok(0) => return Err(Over::Closed),
                Ok(count) => {
                    self.sent += count;
                    self.taken += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
            seat.pause(trickle).await;
        }
        Ok(())
    }

    /// Reads as a fault says: so many bytes at once, with a pause after each piece; else what has arrived.
    async fn read_in_pieces(&mut self, seat: &Seat) -> Result<(), Over> {
        let Some(trickle) = seat.hall.trickle(seat.id, &seat.wake) else { return self.read_some() };
        let Some(piece) = trickle.read else { return self.read_some() };
        let mut bytes = vec![0; piece.clamp(1, READ_BYTES)];
        match self.stream.try_read(&mut bytes) {
            Ok(0) => return Err(Over::Closed),
            Ok(count) => self.inbound.extend_from_slice(&bytes[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        seat.pause(trickle).await;
        Ok(())
    }

    /// Sends the last bytes of a connection that a fault ends.
    async fn take_leave(&mut self, seat: &Seat, last: &[u8]) -> Over {
        let flushed = async {
            self.flush().await?;
            self.outbound = last.to_vec();
            self.sent = 0;
            self.flush().await
        };
        match timeout(seat.hall.patience, flushed).await {
            Ok(Err(over)) => over,
            Ok(Ok(())) | Err(_) => Over::Fault,
        }
    }

    /// Forgets the bytes that were done, and the memory that one long request needed.
    fn used(&mut self, bytes: usize) {
        self.inbound.drain(..bytes);
        if self.inbound.capacity() > 2 * READ_BYTES && self.inbound.len() <= READ_BYTES {
            self.inbound.shrink_to(READ_BYTES);
        }
    }

    /// Reads what has arrived, never more than the longest request: the length a frame says it has is worth no
    /// memory, only the bytes that come are.
    fn read_some(&mut self) -> Result<(), Over> {
        if self.inbound.len() == self.inbound.capacity() {
            let more = self.inbound.len().max(READ_BYTES);
            self.inbound.reserve_exact(more.min(INBOUND_BYTES_MAX - self.inbound.len()));
        }
        if self.inbound.len() == self.inbound.capacity() {
            return Ok(());
        }
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
