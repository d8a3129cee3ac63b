//! The wire to the gateway: every request goes through [`Line::ask`], which paces it, bounds its time and puts its
//! failure into our words.

use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt;
use ibapi::{Client, Error};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::LinkError;

/// Messages a real gateway takes in a second before it complains or hangs up: 50. We stay below, bursts included.
const SUSTAINED_PER_SECOND: u32 = 30;
/// Messages that may leave at once after a quiet time.
const BURST_MAX: u32 = 15;

/// A connected client and the pace it is asked at.
pub(super) struct Line {
    pub(super) client: Client,
    pace: Option<Pace>,
}

impl Line {
    /// A line without a pace: for the simulated gateway, which has no limit.
    pub(super) fn unpaced(client: Client) -> Line {
        Line { client, pace: None }
    }

    /// A line that never sends more than IBKR takes.
    pub(super) fn paced(client: Client) -> Line {
        Line { client, pace: Some(Pace::new(SUSTAINED_PER_SECOND, BURST_MAX)) }
    }

    /// Waits until another message may leave.
    pub(super) async fn turn(&self) {
        if let Some(pace) = &self.pace {
            pace.turn().await;
        }
    }

    /// Whether anything can be sent. ibapi itself would wait for a reconnect, and the loop with it.
    pub(super) fn is_up(&self) -> Result<(), LinkError> {
        if self.client.is_connected() {
            return Ok(());
        }
        match self.client.wait_connected().now_or_never() {
            Some(Err(_)) => Err(LinkError::Closed),
            Some(Ok(())) | None => Err(LinkError::Down),
        }
    }

    /// The answer to a request, within `limit`.
    pub(super) async fn ask<T>(
        &self,
        limit: Duration,
        request: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, LinkError> {
        self.is_up()?;
        self.turn().await;
        match tokio::time::timeout(limit, request).await {
            Ok(answer) => answer.map_err(|error| link_error(error, limit)),
            Err(_) => Err(LinkError::TimedOut { after: limit }),
        }
    }
}

/// ibapi's error in our words.
pub(super) fn link_error(error: Error, limit: Duration) -> LinkError {
    match error {
        Error::Timeout => LinkError::TimedOut { after: limit },
        Error::Shutdown | Error::ConnectionFailed => LinkError::Closed,
        Error::Notice(notice) => LinkError::Refused { code: notice.code, text: notice.message },
        lost if lost.is_connection_lost() => LinkError::Down,
        Error::Io(_) => LinkError::Down,
        other => LinkError::Garbled(other.to_string()),
    }
}

/// A bucket that fills with `sustained` tokens a second up to `burst`: each message takes one.
struct Pace {
    gap: Duration,
    burst: u32,
    /// When the bucket will be full again.
    full_at: Mutex<Instant>,
}

impl Pace {
    fn new(sustained: u32, burst: u32) -> Pace {
        Pace { gap: Duration::from_secs(1) / sustained, burst, full_at: Mutex::new(Instant::now()) }
    }

    async fn turn(&self) {
        // The lock is held while waiting, so that messages leave in the order they asked.
        let mut full_at = self.full_at.lock().await;
        let (leave_at, next_full_at) = self.reserve(*full_at, Instant::now());
        tokio::time::sleep_until(leave_at).await;
        *full_at = next_full_at;
    }

    /// When a message that asks at `now` may leave, and when the bucket will be full after it.
    fn reserve(&self, full_at: Instant, now: Instant) -> (Instant, Instant) {
        let next_full_at = full_at.max(now) + self.gap;
        let leave_at = next_full_at.checked_sub(self.gap * self.burst).map_or(now, |at| at.max(now));
        (leave_at, next_full_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_sees_more_messages_than_the_gateway_takes() {
        let pace = Pace::new(SUSTAINED_PER_SECOND, BURST_MAX);
        let mut now = Instant::now();
        let mut full_at = now;
        let mut sent = Vec::new();
        for _ in 0..200 {
            (now, full_at) = pace.reserve(full_at, now);
            sent.push(now);
        }
        let second = Duration::from_secs(1);
        let within = |from: &Instant| sent.iter().filter(|at| *at >= from && **at < *from + second).count();
        assert!(sent.iter().map(within).max() <= Some(50));
        assert_eq!(sent[BURST_MAX as usize - 1], sent[0], "a burst leaves at once");
        assert!(sent[199] - sent[0] > Duration::from_secs(6), "then it goes at the sustained pace");
    }
}
