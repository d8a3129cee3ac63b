//! Gets a connection up, or says why not.

use std::io::ErrorKind;
use std::time::Duration;

use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use ibapi::orders::OrderUpdate;
use ibapi::subscriptions::Subscription;
use ibapi::{Client, Error, Notice};
use tokio::task::coop::unconstrained;
use tracing::{info, warn};

use super::line::Line;
use super::translate;
use super::{ConnectError, LinkError, Settings};
use crate::domain::ids::Stamp;

/// Frames a subscription may hold before it drops some.
const CHANNEL_FRAMES: usize = 8_192;
/// How long to wait before each further try where our client id is in use: TWS holds on to a dead connection.
const CLIENT_ID_WAITS: [Duration; 3] =
    [Duration::from_millis(250), Duration::from_millis(750), Duration::from_millis(2_000)];

/// What the gateway says about itself, for as long as the connection lives.
pub(super) type Notices = BoxStream<'static, Notice>;

/// A connection that answers.
pub(super) struct Opened {
    pub(super) line: Line,
    pub(super) notices: Notices,
    pub(super) orders: Subscription<OrderUpdate>,
    /// Notices that came with the handshake.
    pub(super) heard: Vec<Notice>,
    pub(super) account: String,
    pub(super) simulated: bool,
    pub(super) next_order_id: i32,
    pub(super) now: Stamp,
}

/// Connects, listens to order events before anything else, and learns who answers.
pub(super) async fn open(settings: &Settings) -> Result<Opened, ConnectError> {
    let (client, mut notices) = dial(settings).await?;
    // First thing: what comes before somebody listens is lost.
    let orders = client.order_update_stream().await.map_err(|error| refusal(settings, error))?;
    let account = account_of(settings, client.handshake_managed_accounts())?;
    // A round trip, so that what the gateway says of itself has arrived too. It also answers, which an open socket
    // alone does not prove.
    let line = Line::unpaced(client);
    let asked = line.ask(settings.request_timeout, line.client.server_time()).await;
    let now = asked.map(translate::stamp).map_err(|error| silence(settings, error))?;

    let mut heard = Vec::new();
    while let Some(notice) = unconstrained(notices.next()).now_or_never().flatten() {
        heard.push(notice);
    }
    let simulated = heard.iter().any(translate::is_simulated_gateway);
    let next_order_id = line.client.next_order_id();
    let version = line.client.server_version();
    info!(address = %settings.address, %account, simulated, version, next_order_id, "connected");
    let line = if simulated { line } else { Line::paced(line.client) };
    Ok(Opened { line, notices, orders, heard, account, simulated, next_order_id, now })
}

async fn dial(settings: &Settings) -> Result<(Client, Notices), ConnectError> {
    let mut waits = CLIENT_ID_WAITS.iter();
    loop {
        let outcome = attempt(settings).await;
        let Err(ConnectError::ClientIdInUse { client_id }) = outcome else { return outcome };
        let Some(wait) = waits.next() else { return outcome };
        warn!(client_id, ?wait, "client id in use, trying again");
        tokio::time::sleep(*wait).await;
    }
}

async fn attempt(settings: &Settings) -> Result<(Client, Notices), ConnectError> {
    let dialling = Client::builder()
        .address(&settings.address)
        .client_id(settings.client_id)
        .channel_capacity(CHANNEL_FRAMES)
        // Nightly restarts take longer than any number of attempts foresees.
        .reconnect_forever()
        .connect_with_notice_stream();
    // ibapi waits without a limit for a silent gateway.
    match tokio::time::timeout(settings.connect_timeout, dialling).await {
        Err(_) => Err(timed_out(settings, settings.connect_timeout)),
        Ok(Err(error)) => Err(refusal(settings, error)),
        Ok(Ok((client, notices))) => {
            let flowing = stream::unfold(notices, async |mut notices| {
                let notice = notices.next().await?;
                Some((notice, notices))
            });
            Ok((client, flowing.boxed()))
        }
    }
}

fn account_of(settings: &Settings, managed: &[String]) -> Result<String, ConnectError> {
    let refused = || ConnectError::Account { managed: managed.to_vec(), wanted: settings.account.clone() };
    match (&settings.account, managed) {
        (Some(wanted), managed) if managed.contains(wanted) => Ok(wanted.clone()),
        (None, [only]) => Ok(only.clone()),
        _ => Err(refused()),
    }
}

fn timed_out(settings: &Settings, after: Duration) -> ConnectError {
    ConnectError::TimedOut { address: settings.address.clone(), after }
}

/// Why the first request over a new connection failed.
fn silence(settings: &Settings, error: LinkError) -> ConnectError {
    let (address, why) = (settings.address.clone(), error.to_string());
    match error {
        LinkError::TimedOut { after } => timed_out(settings, after),
        LinkError::Down | LinkError::Closed => ConnectError::HandshakeClosed { address, why },
        LinkError::Refused { .. } | LinkError::Garbled(_) => ConnectError::Garbled { address, why },
    }
}

/// ibapi's error in our words.
fn refusal(settings: &Settings, error: Error) -> ConnectError {
    let (address, why) = (settings.address.clone(), error.to_string());
    match error {
        Error::ClientIdInUse { client_id } => ConnectError::ClientIdInUse { client_id },
        Error::ServerVersion(needs, has, _) => ConnectError::TooOld { has, needs },
        Error::OrderIdInRequestRange { order_id } => ConnectError::OrderIdsUsedUp { next: order_id },
        Error::Io(io) if matches!(io.kind(), ErrorKind::TimedOut) => {
            timed_out(settings, settings.connect_timeout)
        }
        lost if lost.is_connection_lost() => ConnectError::HandshakeClosed { address, why },
        Error::ConnectionRejected(_) | Error::Shutdown => ConnectError::HandshakeClosed { address, why },
        Error::Io(_) | Error::ConnectionFailed => ConnectError::Unreachable { address, why },
        _ => ConnectError::Garbled { address, why },
    }
}
