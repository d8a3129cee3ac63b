//! The sender: takes what was told, and lets a task of its own deliver it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::delivery::{Courier, REQUEST_MAX, Undelivered, Wait};
use super::message::{Message, Mode, Priority, message};
use super::queue::{Next, Queue};
use super::webhook::WebhookUrl;
use crate::domain::event::Told;

/// Messages that may wait.
const QUEUE_MESSAGES_MAX: usize = 1_000;
/// How long [`Discord::close`] waits for what is still under way.
const FLUSH_MAX: Duration = Duration::from_secs(5);

/// Why no message can be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The delivery needs a tokio runtime to run on.
    #[error("notifications need a running tokio runtime")]
    NoRuntime,
    /// No client could be built, for example without certificates on this machine.
    #[error("no https client for notifications: {0}")]
    Client(#[source] reqwest::Error),
}

/// What became of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Taken by Discord.
    pub delivered: u64,
    /// Refused by Discord, or given up after all attempts.
    pub failed: u64,
    /// Given up because too many were waiting.
    pub dropped: u64,
    /// Still waiting or under way when the time to close was over.
    pub left: u64,
}

/// Messages to a Discord channel. Dropped without [`Discord::close`], its task delivers what waits and ends.
pub struct Discord {
    queue: Arc<Queue>,
    counts: Arc<Counts>,
    mode: Mode,
    flush_max: Duration,
    task: Option<JoinHandle<()>>,
}

/// The parts of a sender that tests replace.
struct Workings {
    wait: Wait,
    request_max: Duration,
    flush_max: Duration,
    queue_max: usize,
}

#[derive(Default)]
struct Counts {
    taken_up: AtomicU64,
    delivered: AtomicU64,
    failed: AtomicU64,
}

impl Discord {
    /// Starts the delivery on the current tokio runtime. No message is sent yet, nothing is asked of the network.
    pub fn start(url: WebhookUrl, mode: Mode) -> Result<Discord, StartError> {
        let wait: Wait = Box::new(|pause| Box::pin(tokio::time::sleep(pause)));
        let workings =
            Workings { wait, request_max: REQUEST_MAX, flush_max: FLUSH_MAX, queue_max: QUEUE_MESSAGES_MAX };
        Discord::with(url, mode, workings)
    }

    fn with(url: WebhookUrl, mode: Mode, workings: Workings) -> Result<Discord, StartError> {
        let Workings { wait, request_max, flush_max, queue_max } = workings;
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let client = client(&url)?;
        let (queue, counts) = (Arc::new(Queue::new(queue_max)), Arc::new(Counts::default()));
        let courier = Courier { client, url, wait, request_max };
        let task = runtime.spawn(carry(Arc::clone(&queue), Arc::clone(&counts), courier, mode));
        Ok(Discord { queue, counts, mode, flush_max, task: Some(task) })
    }

    /// Hands over what was told, where it goes to Discord at all ([`message`]). Never waits; when too many are
    /// waiting, informational messages are given up first, oldest first, and counted.
    pub fn send(&self, told: &Told) {
        if let Some(message) = message(told, self.mode) {
            self.queue.push(message);
        }
    }

    /// Takes no more messages and waits, for a bounded time, until those under way are delivered.
    pub async fn close(mut self) -> Tally {
        self.queue.close();
        if let Some(mut task) = self.task.take()
            && tokio::time::timeout(self.flush_max, &mut task).await.is_err()
        {
            task.abort();
            // Wait for its end, so that nothing is delivered after it was counted as left.
            let _cancelled = task.await;
        }
        let tally = self.tally();
        if tally.left > 0 {
            tracing::error!(left = tally.left, "notifications left undelivered at the end");
        }
        tally
    }

    fn tally(&self) -> Tally {
        let Counts { taken_up, delivered, failed } = &*self.counts;
        let (waiting, dropped) = self.queue.counts();
        let (delivered, failed) = (delivered.load(Ordering::Acquire), failed.load(Ordering::Acquire));
        let under_way = taken_up.load(Ordering::Acquire).saturating_sub(delivered + failed);
        Tally { delivered, failed, dropped, left: under_way + waiting as u64 }
    }
}

impl Drop for Discord {
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn client(url: &WebhookUrl) -> Result<Client, StartError> {
    // A host program may have chosen its provider already: then that one is used.
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    // A redirect would carry the message, and with it the secret, somewhere else.
    let mut builder =
        Client::builder().redirect(Policy::none()).user_agent(concat!("prusik/", env!("CARGO_PKG_VERSION")));
    if url.is_local() {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| StartError::Client(error.without_url()))
}

async fn carry(queue: Arc<Queue>, counts: Arc<Counts>, courier: Courier, mode: Mode) {
    let mut refused = None;
    while let Some(next) = queue.next().await {
        match next {
            Next::Message(message) => {
                counts.taken_up.fetch_add(1, Ordering::AcqRel);
                let outcome = courier.deliver(&message).await;
                let count = if outcome.is_ok() { &counts.delivered } else { &counts.failed };
                count.fetch_add(1, Ordering::AcqRel);
                refused = log(&message, outcome, refused);
            }
            // Not counted: it is a message about messages.
            Next::Gap(count) => {
                let message = gap(count, mode);
                let outcome = courier.deliver(&message).await;
                refused = log(&message, outcome, refused);
            }
        }
    }
}

fn gap(count: u64, mode: Mode) -> Message {
    tracing::error!(count, "notifications dropped: too many were waiting");
    let told =
        Told::Alarm { text: format!("{count} notifications were dropped here: too many were waiting") };
    message(&told, mode).unwrap_or(Message { priority: Priority::Urgent, text: told.to_string() })
}

/// Writes down what did not arrive. A status that Discord answers again and again is told once, until a message
/// arrives or the status changes; returns the status to remember.
fn log(message: &Message, outcome: Result<(), Undelivered>, told: Option<StatusCode>) -> Option<StatusCode> {
    let text = message.text.as_str();
    match outcome {
        Ok(()) => None,
        Err(Undelivered::Refused { status, .. }) if told == Some(status) => told,
        Err(reason @ Undelivered::Refused { status, .. }) => {
            tracing::error!(%reason, ?text, "notification not delivered; look at the webhook, no more such lines follow");
            Some(status)
        }
        Err(reason @ Undelivered::GivenUp { .. }) => {
            tracing::error!(%reason, ?text, "notification not delivered");
            told
        }
    }
}

#[cfg(test)]
#[path = "discord_tests.rs"]
mod tests;
