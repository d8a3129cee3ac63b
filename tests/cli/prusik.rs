//! Calls the binary, in a directory of its own and with no variable of ours in its environment.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// What a call came to.
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Told {
    /// Stdout as the one JSON document it is.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

/// A call that is ready to be made.
pub(crate) fn command(words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prusik"));
    command.args(words).stdin(Stdio::null()).env_remove("RUST_LOG").env_remove("NO_COLOR");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PRUSIK_")) {
        command.env_remove(name);
    }
    command
}

/// Calls, somewhere.
pub(crate) fn prusik(words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Told {
    told(&mut command(words))
}

/// Makes a call and waits for its end.
pub(crate) fn told(command: &mut Command) -> Told {
    let output = command.output().expect("the binary starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let code = output.status.code().expect("an exit code, not a signal");
    Told { code, out: text(output.stdout), err: text(output.stderr) }
}

/// A directory that is gone at the end.
pub(crate) struct Dir(TempDir);

impl Dir {
    pub(crate) fn new() -> Dir {
        Dir(TempDir::new().expect("a directory"))
    }

    /// A directory with these plans.
    pub(crate) fn with_plans(plans: &[(&str, &str)]) -> Dir {
        let dir = Dir::new();
        std::fs::create_dir(dir.path().join("plans")).expect("a folder");
        for (name, text) in plans {
            dir.write(&format!("plans/{name}"), text);
        }
        dir
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, text).expect("a file to write");
        path
    }

    pub(crate) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path().join(file)).expect("a file to read")
    }

    /// A call that is ready to be made in this directory.
    pub(crate) fn command(&self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = command(words);
        command.current_dir(self.path());
        command
    }

    /// Calls in this directory.
    pub(crate) fn prusik(&self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Told {
        told(&mut self.command(words))
    }

    /// Calls in this directory and does not wait. Ended with the value.
    pub(crate) fn start(&self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Running {
        start(&mut self.command(words))
    }

    /// The same, with everything in its log.
    pub(crate) fn start_at_debug(&self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Running {
        start(self.command(words).env("PRUSIK_LOG", "debug"))
    }
}

fn start(command: &mut Command) -> Running {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let err = BufReader::new(child.stderr.take().expect("stderr"));
    Running { child, err, log: String::new() }
}

/// A call that goes on.
pub(crate) struct Running {
    child: Child,
    err: BufReader<std::process::ChildStderr>,
    log: String,
}

impl Running {
    /// Reads the log up to the line that holds `words`, and returns that line.
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        loop {
            let start = self.log.len();
            let read = self.err.read_line(&mut self.log).expect("a log to read");
            assert!(read > 0, "the log ended without `{words}`:\n{}", self.log);
            if self.log[start..].contains(words) {
                return self.log[start..].trim_end().to_owned();
            }
        }
    }

    /// Reads one line of the answer.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        let out = self.child.stdout.as_mut().expect("stdout");
        let mut byte = [0];
        while out.read(&mut byte).expect("an answer to read") == 1 && byte != *b"\n" {
            line.push(char::from(byte[0]));
        }
        line
    }

    /// Sends it a signal, `TERM` or `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(kill.expect("kill").success());
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Told {
        self.err.read_to_string(&mut self.log).expect("a log to read");
        let mut out = String::new();
        self.child.stdout.take().expect("stdout").read_to_string(&mut out).expect("an answer to read");
        let code = self.child.wait().expect("an end").code().expect("an exit code, not a signal");
        Told { code, out, err: std::mem::take(&mut self.log) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already over in a test that went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A long plan for AAPL that is entered on the first close of a minute above 100 and trails by `trail_percent`.
pub(crate) fn plan(id: &str, trail_percent: &str) -> String {
    format!(
        "plan_id: {id}\nsymbol: XYZ\nentry_level: 100.00\nstop_loss: 98.00\nrisk_category: normal\n\
         entry_function: {{ function_type: close_above, timeframe: 1min }}\n\
         exit_function:\n  function_type: trailing_stop\n  timeframe: 1min\n  parameters: {{ trail_percent: {trail_percent} }}\n"
    )
}

/// Minute bars from 09:30 on 2013-10-04, one for each pair of open and close, as a file.
pub(crate) fn minutes(prices: &[(&str, &str)]) -> String {
    let mut text = String::from("time,open,high,low,close,volume\n");
    for (minute, (open, close)) in prices.iter().enumerate() {
        let price = |text: &str| text.parse::<rust_decimal::Decimal>().expect("a price");
        let (high, low) = (price(open).max(price(close)), price(open).min(price(close)));
        let minute = 30 + minute;
        text.push_str(&format!("2013-10-04T09:{minute}:00-04:00,{open},{high},{low},{close},1200\n"));
    }
    text
}
