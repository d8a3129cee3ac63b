//! Processes of a story: the gateway, and calls that must end in time.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Longer than a gateway takes to listen.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// What a call came to; no code where it did not end in time, or was ended by a signal.
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Makes a call and waits for its end, but not for ever.
pub(crate) fn bounded(command: &mut Command, patience: Duration) -> Told {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (ended, end) = channel();
    let out = gather(child.stdout.take().expect("stdout"), ended.clone());
    let err = gather(child.stderr.take().expect("stderr"), ended);
    // Both outputs end with the process, or with the patience.
    for _ in 0..2 {
        if end.recv_timeout(patience).is_err() {
            // It may have ended just now.
            let _ = child.kill();
        }
    }
    let status = child.wait().expect("an end");
    let text = |thread: JoinHandle<String>| thread.join().expect("what it said");
    Told { code: status.code(), out: text(out), err: text(err) }
}

fn gather(mut from: impl Read + Send + 'static, ended: std::sync::mpsc::Sender<()>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What could be read before an error is all there is.
        let _ = from.read_to_end(&mut bytes);
        let _ = ended.send(());
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// `prusik gateway` as a process of its own; it ends with the value.
pub(crate) struct Gateway {
    child: Child,
    address: SocketAddr,
    log: Arc<Mutex<String>>,
}

impl Gateway {
    /// Starts one on a free port, as fast as its clients follow.
    pub(crate) fn start(bars: &[(String, PathBuf)], flags: &[&str]) -> Gateway {
        let mut command = Command::new(env!("CARGO_BIN_EXE_prusik"));
        command.args(["gateway", "--listen", "127.0.0.1:0", "--speed", "max"]).args(flags);
        for (symbol, path) in bars {
            command.arg("--bars").arg(format!("{symbol}={}", path.display()));
        }
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PRUSIK_"))
        {
            command.env_remove(name);
        }
        let folder = bars[0].1.parent().expect("the folder of the bars");
        let mut child = command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let log = Arc::new(Mutex::new(String::new()));
        keep(child.stderr.take().expect("stderr"), Arc::clone(&log));
        let said = lines(child.stdout.take().expect("stdout"));
        let address = said
            .recv_timeout(START_PATIENCE)
            .ok()
            .and_then(|line| line.rsplit(' ').next().and_then(|address| address.parse().ok()));
        let Some(address) = address else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the gateway does not listen:\n{}", log.lock().expect("the log"));
        };
        Gateway { child, address, log }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("the log").clone()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keep(from: impl Read + Send + 'static, log: Arc<Mutex<String>>) {
    let read = BufReader::new(from);
    std::thread::spawn(move || {
        for line in read.lines().map_while(Result::ok) {
            log.lock().expect("the log").push_str(&format!("{line}\n"));
        }
    });
}

pub(crate) fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, said) = channel();
    let read = BufReader::new(from);
    std::thread::spawn(move || read.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
    said
}
