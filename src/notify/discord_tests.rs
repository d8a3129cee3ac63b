use std::fmt::{self, Write};
use std::sync::{Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

use super::*;

const CANARY: &str = "canary0token";
const HOUR: Duration = Duration::from_secs(3_600);

/// A sender, the server it talks to, the waits it would have waited, and everything that was logged.
struct Stage {
    server: MockServer,
    waits: Arc<Mutex<Vec<f64>>>,
    log: Arc<Mutex<String>>,
    _capture: tracing::subscriber::DefaultGuard,
}

impl Stage {
    /// A server that gives these answers, and then says yes to everything.
    async fn answering(answers: Vec<ResponseTemplate>) -> Stage {
        let log: Arc<Mutex<String>> = Arc::default();
        let capture = tracing::subscriber::set_default(Capture(Arc::clone(&log)));
        let server = MockServer::builder().start().await;
        for answer in answers {
            Mock::given(matchers::any()).respond_with(answer).up_to_n_times(1).mount(&server).await;
        }
        Mock::given(matchers::any()).respond_with(status(204)).mount(&server).await;
        Stage { server, waits: Arc::default(), log, _capture: capture }
    }

    fn url(&self) -> WebhookUrl {
        WebhookUrl::parse(&format!("{}/api/webhooks/1/{CANARY}", self.server.uri())).expect("a local URL")
    }

    fn workings(&self) -> Workings {
        let waits = Arc::clone(&self.waits);
        let wait: Wait = Box::new(move |pause| {
            waits.lock().unwrap_or_else(PoisonError::into_inner).push(pause.as_secs_f64());
            Box::pin(std::future::ready(()))
        });
        Workings { wait, request_max: HOUR, flush_max: HOUR, queue_max: 100 }
    }

    fn start(&self, workings: Workings) -> Discord {
        Discord::with(self.url(), Mode::Paper, workings).expect("a sender")
    }

    async fn send(&self, texts: &[&str]) -> Tally {
        let discord = self.start(self.workings());
        texts.iter().for_each(|text| discord.send(&alarm(text)));
        discord.close().await
    }

    /// What the server was asked to show, in order.
    async fn shown(&self) -> Vec<String> {
        let requests = self.server.received_requests().await.expect("requests are recorded");
        let content = |body: &[u8]| {
            let body: serde_json::Value = serde_json::from_slice(body).expect("JSON");
            body["content"].as_str().expect("a content").replace("[SIMULATION] ALARM: ", "")
        };
        requests.iter().map(|request| content(&request.body)).collect()
    }

    fn waits(&self) -> Vec<f64> {
        self.waits.lock().expect("the waits").clone()
    }

    fn log(&self) -> String {
        self.log.lock().expect("the log").clone()
    }
}

fn status(code: u16) -> ResponseTemplate {
    ResponseTemplate::new(code)
}

fn alarm(text: &str) -> Told {
    Told::Alarm { text: text.into() }
}

fn trouble(text: &str) -> Told {
    let plan = crate::domain::ids::PlanId::new("X").expect("a plan id");
    Told::RuleTrouble { plan, why: text.into() }
}

/// Everything that is logged by anybody, at every level, with every field.
struct Capture(Arc<Mutex<String>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").expect("a string takes it");
    }
}

impl Capture {
    fn write(&self, record: impl FnOnce(&mut Line<'_>)) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        record(&mut Line(&mut log));
        log.push('\n');
    }
}

impl tracing::Subscriber for Capture {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        self.write(|line| attributes.record(line));
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        self.write(|line| values.record(line));
    }
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        self.write(|line| event.record(line));
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn messages_arrive_in_the_order_they_were_told() {
    let stage = Stage::answering(vec![]).await;
    let texts: Vec<String> = (0..30).map(|n| n.to_string()).collect();
    let tally = stage.send(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(tally, Tally { delivered: 30, ..Tally::default() });
    assert_eq!(stage.shown().await, texts);
}

#[tokio::test]
async fn a_request_calls_nobody_and_shows_no_previews() {
    let stage = Stage::answering(vec![]).await;
    stage.send(&["look"]).await;
    let requests = stage.server.received_requests().await.expect("requests are recorded");
    assert_eq!(requests[0].method.as_str(), "POST");
    assert_eq!(requests[0].url.path(), format!("/api/webhooks/1/{CANARY}"));
    let body: serde_json::Value = serde_json::from_slice(&requests[0].body).expect("JSON");
    let wanted = serde_json::json!({
        "content": "[SIMULATION] ALARM: look", "allowed_mentions": { "parse": [] }, "flags": 4,
    });
    assert_eq!(body, wanted);
}

#[tokio::test]
async fn too_many_requests_wait_as_long_as_the_answer_says_and_keep_the_order() {
    let stage = Stage::answering(vec![
        status(429).insert_header("Retry-After", "2"),
        status(429).insert_header("X-RateLimit-Reset-After", "1.5"),
        status(429).set_body_json(serde_json::json!({ "retry_after": 0.25, "global": false })),
        status(429).insert_header("Retry-After", "1").insert_header("X-RateLimit-Reset-After", "0.7"),
        status(429),
    ])
    .await;
    let tally = stage.send(&["first", "second"]).await;
    assert_eq!(tally, Tally { delivered: 2, ..Tally::default() });
    assert_eq!(stage.waits(), [2.0, 1.5, 0.25, 1.0, 16.0]);
    assert_eq!(stage.shown().await, ["first", "first", "first", "first", "first", "first", "second"]);
}

#[tokio::test]
async fn the_last_request_of_a_window_waits_for_the_next_one() {
    let last = |left: &str| {
        let taken = status(204).insert_header("X-RateLimit-Remaining", left);
        taken.insert_header("X-RateLimit-Reset-After", "0.7")
    };
    let stage = Stage::answering(vec![last("1"), last("0")]).await;
    stage.send(&["first", "second", "third"]).await;
    assert_eq!(stage.waits(), [0.7]);
}

#[tokio::test]
async fn a_broken_server_is_tried_again_later_and_later() {
    let stage = Stage::answering(vec![status(500), status(502), status(503)]).await;
    let tally = stage.send(&["first"]).await;
    assert_eq!(tally, Tally { delivered: 1, ..Tally::default() });
    assert_eq!(stage.waits(), [1.0, 2.0, 4.0]);
}

#[tokio::test]
async fn a_message_that_never_gets_through_ends_in_the_log_and_the_next_one_goes_out() {
    let stage = Stage::answering(vec![status(500); 6]).await;
    let discord = stage.start(stage.workings());
    discord.send(&trouble("lost"));
    discord.send(&alarm("next"));
    let tally = discord.close().await;
    assert_eq!(tally, Tally { delivered: 1, failed: 1, ..Tally::default() });
    let log = stage.log();
    assert!(log.contains("given up after 6 attempts; the last: status 500") && log.contains("lost"), "{log}");
}

#[tokio::test]
async fn an_alarm_is_tried_for_longer_than_what_is_good_to_know() {
    let stage = Stage::answering(vec![status(500); 20]).await;
    assert_eq!(stage.send(&["look"]).await.delivered, 1);
    assert_eq!(stage.waits().last(), Some(&30.0));
}

#[tokio::test]
async fn a_request_without_an_answer_is_tried_again() {
    let stage = Stage::answering(vec![status(204).set_delay(HOUR)]).await;
    let discord = stage.start(Workings { request_max: Duration::from_millis(300), ..stage.workings() });
    discord.send(&alarm("look"));
    assert_eq!(discord.close().await.delivered, 1);
    assert_eq!(stage.waits().first(), Some(&1.0));
    assert!(stage.log().contains("timed out"), "{}", stage.log());
}

#[tokio::test]
async fn what_discord_refuses_is_not_tried_again_and_told_once() {
    let gone = status(404).set_body_json(serde_json::json!({ "message": "Unknown Webhook", "code": 10015 }));
    let stage = Stage::answering(vec![gone.clone(), gone.clone(), gone]).await;
    let tally = stage.send(&["a", "b", "c", "d"]).await;
    assert_eq!(tally, Tally { delivered: 1, failed: 3, ..Tally::default() });
    assert_eq!(stage.shown().await, ["a", "b", "c", "d"]);
    let log = stage.log();
    assert_eq!(log.matches("look at the webhook").count(), 1, "{log}");
    assert!(log.contains("404 Not Found (Discord's code 10015)"), "{log}");
    assert!(stage.waits().is_empty());
}

#[tokio::test]
async fn a_redirect_is_refused() {
    let elsewhere = Stage::answering(vec![]).await;
    let stage = Stage::answering(vec![status(307).insert_header("Location", elsewhere.server.uri())]).await;
    assert_eq!(stage.send(&["look"]).await.failed, 1);
    assert!(elsewhere.shown().await.is_empty());
}

#[tokio::test]
async fn the_url_is_in_no_log_whatever_goes_wrong() {
    let echo = format!("http://localhost/api/webhooks/1/{CANARY}");
    let stage = Stage::answering(vec![
        status(204),
        status(500).set_body_string(&echo),
        status(429).insert_header("Retry-After", echo.as_str()),
        status(404).set_body_json(serde_json::json!({ "message": echo, "code": 1 })),
        status(302).insert_header("Location", echo.as_str()),
        status(204).set_delay(HOUR),
    ])
    .await;
    let discord = stage.start(Workings { request_max: Duration::from_millis(300), ..stage.workings() });
    ["a", "b", "c", "d", "e"].iter().for_each(|text| discord.send(&alarm(text)));
    discord.close().await;

    let unused = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = unused.local_addr().expect("its address").port();
    drop(unused);
    let nobody = WebhookUrl::parse(&format!("http://127.0.0.1:{port}/{CANARY}")).expect("a local URL");
    let discord = Discord::with(nobody, Mode::Paper, stage.workings()).expect("a sender");
    discord.send(&trouble("nobody there"));
    assert_eq!(discord.close().await.failed, 1);

    let plain = stage.server.uri().replace("http://", "https://");
    let no_tls = WebhookUrl::parse(&format!("{plain}/{CANARY}")).expect("a local URL");
    let discord = Discord::with(no_tls, Mode::Paper, stage.workings()).expect("a sender");
    discord.send(&trouble("no TLS there"));
    assert_eq!(discord.close().await.failed, 1);

    let log = stage.log();
    assert!(log.contains("no TLS there"), "{log}");
    assert!(log.contains("timed out") && log.contains("404") && log.contains("nobody there"), "{log}");
    assert!(!log.to_lowercase().contains(CANARY), "{log}");
}

#[tokio::test]
async fn sending_never_waits_and_gives_up_what_is_only_good_to_know() {
    let stage = Stage::answering(vec![]).await;
    let discord = stage.start(Workings { queue_max: 3, ..stage.workings() });
    discord.send(&alarm("alarm"));
    (0..10).for_each(|n| discord.send(&trouble(&n.to_string())));
    let tally = discord.close().await;
    assert_eq!(tally, Tally { delivered: 3, dropped: 8, ..Tally::default() });
    let told = "[SIMULATION] plan X rule trouble: ";
    assert_eq!(
        stage.shown().await,
        [
            "8 notifications were dropped here: too many were waiting",
            "alarm",
            &format!("{told}8"),
            &format!("{told}9")
        ]
    );
}

#[tokio::test]
async fn closing_waits_for_a_bounded_time() {
    let stage = Stage::answering(vec![status(204).set_delay(HOUR)]).await;
    let discord = stage.start(Workings { flush_max: Duration::from_millis(1), ..stage.workings() });
    ["a", "b", "c"].iter().for_each(|text| discord.send(&alarm(text)));
    assert_eq!(discord.close().await, Tally { left: 3, ..Tally::default() });
    assert!(stage.log().contains("left undelivered"), "{}", stage.log());
}

#[test]
fn without_a_runtime_there_is_a_clear_error() {
    let url = WebhookUrl::parse("http://127.0.0.1:1/").expect("a local URL");
    let refused = Discord::start(url, Mode::Paper).err().expect("no runtime");
    assert_eq!(refused.to_string(), "notifications need a running tokio runtime");
}
