//! Truth 5 at the command line: the program is killed with an open position while the gateway runs in a process of
//! its own, and is started again.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use jiff::Timestamp;
use prusik::gateway::SourceBar;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::story::{Floor, PATIENCE, Place, PlanText, minutes, stop_path};

const DAY: &str = "2013-10-04";
/// Up by half a dollar a minute from 15:45 on, and down through every stop in the last minute.
const CLOSES: [&str; 20] = [
    "101.00", "101.00", "101.00", "101.00", "101.00", "101.50", "102.00", "102.50", "103.00", "103.50",
    "104.00", "104.50", "105.00", "105.50", "106.00", "106.50", "107.00", "107.50", "108.00", "90.00",
];

/// A process that dies with the test.
struct Process {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
    heard: Vec<String>,
}

impl Process {
    fn start(arguments: &[&str], said_on: fn(&mut Child) -> Box<dyn Read + Send>) -> Process {
        let mut child = Command::new(env!("CARGO_BIN_EXE_prusik"))
            .args(arguments)
            .env_remove("PRUSIK_DISCORD_WEBHOOK")
            .env_remove("PRUSIK_DIR")
            .env("PRUSIK_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let said = BufReader::new(said_on(&mut child));
        let (tell, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || said.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Process { child, lines, heard: Vec::new() }
    }

    /// What it logs is what is heard.
    fn run(place: &Place, address: SocketAddr) -> Process {
        let dir = place.path().to_str().expect("a path");
        Process::start(&["run", "--dir", dir, "--connect", &address.to_string()], |child| {
            // Nobody reads the summary.
            drop(child.stdout.take());
            Box::new(child.stderr.take().expect("stderr"))
        })
    }

    fn gateway(bars: &Path) -> Process {
        let bars = format!("XYZ={}", bars.display());
        let arguments = ["gateway", "--listen", "127.0.0.1:0", "--speed", "max", "--bars", &bars];
        Process::start(&arguments, |child| {
            drop(child.stderr.take());
            Box::new(child.stdout.take().expect("stdout"))
        })
    }

    async fn wait(&mut self, part: &str) -> String {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            match tokio::time::timeout_at(deadline, self.lines.recv()).await {
                Ok(Some(line)) => {
                    self.heard.push(line.clone());
                    if line.contains(part) {
                        return line;
                    }
                }
                Ok(None) | Err(_) => panic!("never said: {part}\nbut:\n{}", self.heard.join("\n")),
            }
        }
    }

    /// Whether `part` was said by now.
    fn has_said(&mut self, part: &str) -> bool {
        while let Ok(line) = self.lines.try_recv() {
            self.heard.push(line);
        }
        self.heard.iter().any(|line| line.contains(part))
    }

    /// SIGKILL: nothing of it gets to say anything more.
    fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn csv(bars: &[SourceBar]) -> String {
    let zoned =
        |time: Timestamp| time.in_tz("America/New_York").expect("a zone").strftime("%Y-%m-%dT%H:%M:%S%:z");
    let row = |bar: &SourceBar| {
        let SourceBar { time, open, high, low, close, volume } = bar;
        format!("{},{open},{high},{low},{close},{volume}\n", zoned(*time))
    };
    let rows: String = bars.iter().map(row).collect();
    format!("time,open,high,low,close,volume\n{rows}")
}

/// What a command says on stdout, as JSON; it must end well.
fn told(place: &Place, arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prusik"));
    let output = command.arg("--dir").arg(place.path()).args(arguments).output().expect("the program");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A trade under kills: one after each of these lines, with whatever the program is doing then.
async fn trade(deadly: &[&str]) -> (Value, Vec<String>) {
    let place = Place::with(&[PlanText {
        stop: "96.00",
        exit_rule: "trailing_stop",
        exit_parameters: "trail_amount: 3.00",
        ..PlanText::default()
    }]);
    let bars = place.path().join("xyz.csv");
    std::fs::write(&bars, csv(&minutes(DAY, "15:40", &CLOSES))).expect("bars");
    let mut gateway = Process::gateway(&bars);
    let said = gateway.wait("listening on").await;
    let address = said.rsplit(' ').next().expect("an address").parse().expect("an address");
    let mut floor = Floor::join(address, "XYZ").await;

    let mut program = Process::run(&place, address);
    program.wait("armed").await;
    for line in deadly {
        // What the one before was about to say when it died is not said again: then a later moment is as good.
        while !program.has_said(line) && floor.is_before(DAY, "15:59:15") {
            floor.step().await;
        }
        program.kill();
        let resting = floor.open_orders().await;
        program = Process::run(&place, address);
        program.wait("ready:").await;
        assert_eq!(
            floor.open_orders().await,
            resting,
            "{line}: what rests goes on resting, and nothing joins it"
        );
        let ever = floor.orders_ever().await;
        assert_eq!(ever.len(), 2, "{line}: an entry and a stop, ever: {ever:?}");
    }
    let _none_of_ours = floor.let_go().await;
    program.wait("closed:").await;
    program.kill();
    place.lawful();

    let orders = told(&place, &["orders", "--json"]);
    let stops: Vec<&Value> =
        orders["orders"].as_array().expect("orders").iter().filter(|order| order["leg"] == "stop").collect();
    assert_eq!(stops.len(), 1, "{orders:#}");
    let path = stop_path(&place.events(), "PLAN").iter().map(ToString::to_string).collect();
    (told(&place, &["trades", "--json"]), path)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_with_an_open_position_it_comes_back_to_the_same_stop_and_trails_to_the_same_end() {
    let (expected, path) = trade(&[]).await;
    assert_eq!(expected["trades"].as_array().map(Vec::len), Some(1), "{expected:#}");
    assert!(path.len() > 10, "{path:?}");
    let stories: [&[&str]; 2] = [
        &["placed: entry order", "entered", "stop moved: 96.00 -> 98.00"],
        &["protected", "-> 99.00", "-> 99.50", "-> 103.00", "-> 105.00"],
    ];
    for deadly in stories {
        let (trades, moved) = trade(deadly).await;
        assert_eq!(trades, expected, "{deadly:?}");
        assert_eq!(moved, path, "{deadly:?}");
    }
}
