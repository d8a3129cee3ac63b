//! Start, reconnect and doubt are one path: ask the broker for everything, fetch the bars that were missed, make the
//! books agree, and only then let entries through.

use std::time::Duration;

use tokio::time::sleep;
use tracing::{info, warn};

use super::{RunError, Trader};
use crate::domain::broker::Link;
use crate::domain::engine::Input;
use crate::domain::ids::Stamp;
use crate::ibkr::{LinkError, LinkEvent};

/// How long an order may take to show up before it is asked for a second time.
const SETTLE: Duration = Duration::from_secs(5);
/// Complete answers that are asked for at most before the books are taken to agree as far as they will.
const LOOKS_MAX: u32 = 4;
/// Pauses between attempts to connect: short at first, then the nightly restart is waited for.
const PAUSES: [u64; 6] = [1, 2, 5, 10, 20, 30];

impl Trader {
    /// Makes the books agree with the broker and opens the gate. The inner error is the connection's.
    pub(super) async fn recover(&mut self) -> Result<Result<(), LinkError>, RunError> {
        for look in 0..LOOKS_MAX {
            if look > 0 && !self.session.simulated() {
                sleep(SETTLE).await;
            }
            self.look = false;
            if let Err(trouble) = self.snapshot().await? {
                return Ok(Err(trouble));
            }
            let now = self.session.now();
            while let Some(fetched) = self.fetches.join_next().await {
                if let Ok(input) = fetched {
                    self.feed(now, input).await?;
                }
            }
            if !self.look {
                break;
            }
        }
        self.look = false;
        let now = self.session.now();
        self.feed(now, Input::Link(Link::Ready, "reconciled".into())).await?;
        Ok(Ok(()))
    }

    /// One complete answer of the broker, with what was said before it.
    async fn snapshot(&mut self) -> Result<Result<(), LinkError>, RunError> {
        let now = match self.session.barrier().await {
            Ok(now) => now,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let drained = self.session.drain();
        self.take(now, drained).await?;
        match self.session.snapshot().await {
            Ok(snapshot) => self.feed(now, Input::Snapshot(snapshot)).await?,
            Err(trouble) => return Ok(Err(trouble)),
        }
        Ok(Ok(()))
    }

    /// Asks the broker once where something is in doubt. A second doubt waits for the next turn.
    pub(super) async fn look_once(&mut self, now: Stamp) -> Result<Result<(), LinkError>, RunError> {
        if let Some(event) = self.recovery_due.take() {
            return self.recover_from(now, event).await;
        }
        if std::mem::take(&mut self.look) { self.snapshot().await } else { Ok(Ok(())) }
    }

    async fn recover_from(
        &mut self,
        now: Stamp,
        event: LinkEvent,
    ) -> Result<Result<(), LinkError>, RunError> {
        self.feed(now, Input::Link(Link::Down, in_words(&event).to_owned())).await?;
        match event {
            LinkEvent::Closed => return Ok(Err(LinkError::Closed)),
            LinkEvent::Reconnected | LinkEvent::DataLost => {
                if let Err(trouble) = self.session.resubscribe().await {
                    return Ok(Err(trouble));
                }
            }
            _ => {}
        }
        self.recover().await
    }

    pub(super) async fn degraded(&mut self, now: Stamp, why: &str) -> Result<(), RunError> {
        self.feed(now, Input::Link(Link::Degraded, why.to_owned())).await
    }

    /// Builds the connection anew, for as long as it takes.
    pub(super) async fn reconnect(&mut self, trouble: LinkError) -> Result<(), RunError> {
        let mut trouble = trouble.to_string();
        for attempt in 0_usize.. {
            let now = self.session.now();
            self.feed(now, Input::Link(Link::Down, trouble.clone())).await?;
            if attempt > 0 {
                sleep(Duration::from_secs(PAUSES[(attempt - 1).min(PAUSES.len() - 1)])).await;
            }
            if let Err(error) = self.session.reopen().await {
                warn!(%error, "no connection yet");
                trouble = error.to_string();
                continue;
            }
            if let Err(error) = self.session.resubscribe().await {
                trouble = error.to_string();
                continue;
            }
            match self.recover().await? {
                Ok(()) => {
                    info!("connected again");
                    return Ok(());
                }
                Err(error) => trouble = error.to_string(),
            }
        }
        Ok(())
    }
}

/// Why the books are doubtful.
fn in_words(event: &LinkEvent) -> &'static str {
    match event {
        LinkEvent::Closed => "the gateway ended it",
        LinkEvent::Reconnected => "it broke and is back; asking the broker what happened meanwhile",
        LinkEvent::Restored => {
            "the gateway had lost Interactive Brokers and is back; asking what happened meanwhile"
        }
        LinkEvent::DataLost => {
            "the gateway had lost Interactive Brokers and is back without our market data; subscribing anew"
        }
        LinkEvent::Down
        | LinkEvent::BrokerDown
        | LinkEvent::OrdersLagged
        | LinkEvent::BarsLost { .. }
        | LinkEvent::EndOfBars
        | LinkEvent::Notice { .. } => "something may have been missed",
    }
}
