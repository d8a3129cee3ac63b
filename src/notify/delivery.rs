//! One message to Discord: the request, what its answer means, and when to try again.

use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::header::HeaderMap;
use reqwest::{Client, Response, StatusCode};
use serde::{Deserialize, Serialize};

use super::message::{Message, Priority};
use super::webhook::WebhookUrl;

/// A request without an answer is given up after this.
pub(super) const REQUEST_MAX: Duration = Duration::from_secs(10);
/// Attempts for an informational message.
const INFO_ATTEMPTS_MAX: u32 = 6;
/// Attempts for an urgent one: some twenty minutes without Discord.
const URGENT_ATTEMPTS_MAX: u32 = 40;
/// How often one message is put off for the rate limit.
const PUT_OFF_MAX: u32 = 100;
/// The first wait after a failed attempt; each further one is twice as long.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
/// The longest such wait.
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// The longest wait a server may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);
/// As much of an answer as is read.
const ANSWER_BYTES_MAX: usize = 4 * 1024;
/// Discord's flag for a message without previews of links.
const SUPPRESS_EMBEDS: u32 = 1 << 2;

/// How the delivery waits; tests write down instead.
pub(super) type Wait = Box<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>;

/// Carries messages to one webhook.
pub(super) struct Courier {
    pub(super) client: Client,
    pub(super) url: WebhookUrl,
    pub(super) wait: Wait,
    pub(super) request_max: Duration,
}

/// Why a message did not arrive. Says nothing of the URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Undelivered {
    /// The webhook does not want it; the next one will fare the same until a person has looked.
    #[error("Discord refused it with status {status}{}", discord_code(*code))]
    Refused {
        /// The answer's status.
        status: StatusCode,
        /// Discord's own number of the error.
        code: Option<i64>,
    },
    /// Every attempt failed.
    #[error("given up after {attempts} attempts; the last: {last}")]
    GivenUp {
        /// How many.
        attempts: u32,
        /// What happened.
        last: String,
    },
}

fn discord_code(code: Option<i64>) -> String {
    code.map(|code| format!(" (Discord's code {code})")).unwrap_or_default()
}

/// What one request came to.
enum Answer {
    /// Taken; the next one may be sent after this.
    Taken(Option<Duration>),
    /// Too many: not before this, where it was told.
    TooMany(Option<Duration>),
    /// Broken for now.
    Broken(String),
    /// Never.
    Refused { status: StatusCode, code: Option<i64> },
}

#[derive(Serialize)]
struct Post<'a> {
    content: &'a str,
    allowed_mentions: AllowedMentions,
    flags: u32,
}

/// Nobody is ever called by a message: the list of kinds to look for is empty.
#[derive(Serialize)]
struct AllowedMentions {
    parse: [&'static str; 0],
}

/// The parts of Discord's answers that matter.
#[derive(Deserialize, Default)]
struct Body {
    retry_after: Option<f64>,
    code: Option<i64>,
}

impl Courier {
    /// Delivers one message, however long that takes within the attempts of its priority.
    pub(super) async fn deliver(&self, message: &Message) -> Result<(), Undelivered> {
        let attempts_max = match message.priority {
            Priority::Info => INFO_ATTEMPTS_MAX,
            Priority::Urgent => URGENT_ATTEMPTS_MAX,
        };
        let (mut attempts, mut put_off) = (0, 0);
        loop {
            let pause = match self.post(&message.text).await {
                Answer::Taken(pause) => {
                    // The window is used up: waiting now spares a refusal.
                    if let Some(pause) = pause {
                        (self.wait)(pause).await;
                    }
                    return Ok(());
                }
                Answer::Refused { status, code } => return Err(Undelivered::Refused { status, code }),
                Answer::TooMany(after) if put_off < PUT_OFF_MAX => {
                    put_off += 1;
                    after.unwrap_or(backoff(put_off))
                }
                Answer::TooMany(_) => {
                    let last = "too many requests".into();
                    return Err(Undelivered::GivenUp { attempts: attempts + put_off + 1, last });
                }
                Answer::Broken(last) => {
                    attempts += 1;
                    if attempts == attempts_max {
                        return Err(Undelivered::GivenUp { attempts, last });
                    }
                    tracing::debug!(attempts, reason = last, "notification not taken, trying again");
                    backoff(attempts)
                }
            };
            (self.wait)(pause).await;
        }
    }

    async fn post(&self, text: &str) -> Answer {
        let allowed_mentions = AllowedMentions { parse: [] };
        let post = Post { content: text, allowed_mentions, flags: SUPPRESS_EMBEDS };
        let request = self.client.post(self.url.expose().clone()).timeout(self.request_max).json(&post);
        match request.send().await {
            Ok(response) => answer(response).await,
            // Invariant: the error of a request leaves this line without its URL.
            Err(error) => Answer::Broken(reason(&error.without_url())),
        }
    }
}

async fn answer(response: Response) -> Answer {
    let status = response.status();
    let headers = response.headers().clone();
    if status.is_success() {
        let used_up = header(&headers, "x-ratelimit-remaining") == Some(0.0);
        return Answer::Taken(used_up.then(|| told_wait(&headers, None)).flatten());
    }
    if status.is_server_error() {
        return Answer::Broken(format!("status {status}"));
    }
    let body = read(response).await;
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Answer::TooMany(told_wait(&headers, body.retry_after));
    }
    Answer::Refused { status, code: body.code }
}

/// The beginning of an answer, as far as it is what Discord writes. Never shown: a server may echo our URL.
async fn read(mut response: Response) -> Body {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > ANSWER_BYTES_MAX {
            return Body::default();
        }
    }
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// The longest of the waits that were asked for: a header rounds up what another one tells exactly.
fn told_wait(headers: &HeaderMap, body: Option<f64>) -> Option<Duration> {
    let told = [header(headers, "retry-after"), header(headers, "x-ratelimit-reset-after"), body];
    let waits = told.into_iter().flatten().filter_map(|seconds| Duration::try_from_secs_f64(seconds).ok());
    waits.max().map(|wait| wait.min(RETRY_AFTER_MAX))
}

fn header(headers: &HeaderMap, name: &str) -> Option<f64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// 1 s, 2 s, 4 s … up to [`BACKOFF_MAX`].
fn backoff(attempts: u32) -> Duration {
    BACKOFF_FIRST.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(BACKOFF_MAX)
}

/// The whole chain: the outermost sentence alone says only that something failed.
fn reason(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text += &format!(": {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow_to_a_limit() {
        let waits: Vec<u64> = (1..=7).map(|n| backoff(n).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(backoff(u32::MAX), BACKOFF_MAX);
    }

    #[test]
    fn an_absurd_wait_is_cut_and_a_senseless_one_ignored() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "1e9".parse().expect("a header"));
        assert_eq!(told_wait(&headers, None), Some(RETRY_AFTER_MAX));
        for senseless in ["-1", "NaN", "inf", "soon"] {
            headers.insert("retry-after", senseless.parse().expect("a header"));
            assert_eq!(told_wait(&headers, None), None, "{senseless}");
        }
    }
}
