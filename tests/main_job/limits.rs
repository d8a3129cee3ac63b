//! Truth 6, at work: four large plans that together would risk more than a tenth of the account.

use std::time::Duration;

use prusik::domain::event::Event;
use prusik::gateway::SourceBar;
use prusik::notify::WebhookUrl;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::story::{Floor, Place, PlanText, Row, Running, embedded, flat, minutes, one};

const DAY: &str = "2013-10-04";
const REFUSAL: &str =
    "plan FOURTH refused: Portfolio risk limit exceeded: current 9.00 %, new 2.99 %, max 10.00 %";

/// Three plans that risk 600 × 5.00 each, and one that would risk 230 × 13.00.
fn plans(fourth_frame: &'static str) -> [PlanText; 4] {
    let large = |id| PlanText { id, stop: "95.10", risk: "large", ..PlanText::default() };
    let fourth = PlanText { stop: "87.10", entry_frame: fourth_frame, ..large("FOURTH") };
    [large("A_FIRST"), large("B_SECOND"), large("C_THIRD"), fourth]
}

fn bars() -> Vec<(String, Vec<SourceBar>)> {
    one("XYZ", minutes(DAY, "15:50", &flat("100.10", 10)))
}

#[tokio::test(flavor = "multi_thread")]
async fn reservations_of_entries_that_are_not_filled_count_as_risk() {
    let place = Place::with(&plans("1min"));
    let ran = place.run(bars()).await;
    print!("{}", ran.text());
    assert_eq!(ran.times(REFUSAL), 1, "told once, whatever the rule says at later candles");
    assert_eq!(ran.times("entered"), 3);
    place.lawful();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fourth_large_plan_is_refused_and_nothing_of_it_reaches_the_broker() {
    let discord = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(204)).mount(&discord).await;
    let place = Place::with(&plans("5min"));
    let mut floor = Floor::open(bars()).await;
    let mut options = place.options(floor.market());
    options.webhook = Some(WebhookUrl::parse(&format!("{}/hook", discord.uri())).expect("a webhook"));
    let mut running = Running::start(options).await;

    floor.play_to(DAY, "15:55").await;
    assert_eq!(running.heard.wait("FOURTH refused").await, REFUSAL);
    assert_eq!(running.heard.times("entered"), 3, "the others are positions by now, not reservations");

    let fourth = plan_digest(&place, "FOURTH");
    let orders =
        [floor.open_orders().await, floor.completed_orders().await, floor.executions().await].concat();
    assert_eq!(orders.len(), 9, "three stops, three entries, three executions: {orders:#?}");
    assert!(orders.iter().all(|line| !line.contains(&fourth)), "{orders:#?}");
    running.stop().await;

    let of_fourth = |row: &Row| row.body.contains("FOURTH") || row.body.contains(&fourth);
    let rows: Vec<Row> = place.rows().into_iter().filter(of_fourth).collect();
    let kinds: Vec<&str> = rows.iter().map(|row| row.kind.as_str()).collect();
    assert_eq!(kinds, ["plan_armed", "entry_refused"]);
    let body: serde_json::Value = serde_json::from_str(&rows[1].body).expect("JSON");
    assert_eq!(body["message"], REFUSAL);

    let requests = discord.received_requests().await.expect("what was sent");
    let contents: Vec<String> = requests.iter().map(|request| content(&request.body)).collect();
    let refusals: Vec<&String> = contents.iter().filter(|text| text.contains("refused")).collect();
    let [refusal] = refusals[..] else { panic!("{contents:#?}") };
    let first = refusal.lines().next().expect("a line");
    assert_eq!(first, format!("[SIMULATION] {REFUSAL}"));
    place.lawful();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discord_that_is_down_fails_or_is_silent_changes_nothing_in_the_trading() {
    let refusing = {
        // A port that was free a moment ago: nobody listens there.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        format!("http://{}/hook", listener.local_addr().expect("an address"))
    };
    let failing = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(500)).mount(&failing).await;
    let silent = MockServer::start().await;
    let never = ResponseTemplate::new(204).set_delay(Duration::from_secs(3_600));
    Mock::given(any()).respond_with(never).mount(&silent).await;

    let quiet = Place::with(&plans("5min"));
    quiet.run(bars()).await;
    let notified = async |url: String| {
        let place = Place::with(&plans("5min"));
        let mut options = place.options(embedded(bars()));
        options.webhook = Some(WebhookUrl::parse(&url).expect("a webhook"));
        let ran = place.run_with(options, |_| false).await;
        assert!(ran.said(REFUSAL));
        assert_eq!(place.rows(), quiet.rows(), "{url}");
    };
    // Each waits some seconds at its end for what is under way.
    tokio::join!(notified(refusing), notified(failing.uri()), notified(silent.uri()));
}

/// What stands for the plan in the references of its orders.
fn plan_digest(place: &Place, plan: &str) -> String {
    let digest = place.events().into_iter().find_map(|recorded| match recorded.event {
        Event::PlanArmed { plan: armed } if armed.id.as_str() == plan => Some(armed.digest),
        _ => None,
    });
    format!("{:016x}", digest.expect("an armed plan"))
}

fn content(body: &[u8]) -> String {
    let message: serde_json::Value = serde_json::from_slice(body).expect("JSON");
    message["content"].as_str().expect("a text").to_owned()
}
