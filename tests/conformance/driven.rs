//! IBKR's Python client at the end of a line: `driven.py` does what a test tells it.

use std::io::Write;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::lines;
use crate::venv;

/// Longer than anything it is told to do takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// IBKR's Python client, told what to do.
pub(crate) struct Driven {
    child: Child,
    tell: ChildStdin,
    said: Receiver<String>,
}

impl Driven {
    pub(crate) fn at(port: u16, python: &venv::Python, folder: &TempDir, client: i32) -> Driven {
        let mut command = python.command();
        command.arg(crate::scripts().join("driven.py"));
        command.arg(port.to_string()).arg(folder.path()).arg(client.to_string());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the script starts");
        let tell = child.stdin.take().expect("stdin");
        let said = lines(child.stdout.take().expect("stdout"));
        Driven { child, tell, said }
    }

    /// What an expression in Python comes to.
    pub(crate) fn ask(&mut self, expression: &str) -> Vec<String> {
        writeln!(self.tell, "{expression}").expect("the script listens");
        let mut told = Vec::new();
        loop {
            match self.said.recv_timeout(PATIENCE) {
                Ok(line) if line == "." => break,
                Ok(line) => told.push(line),
                Err(error) => panic!("{expression}: {error}; told so far: {told:#?}"),
            }
        }
        assert!(!told.iter().any(|line| line.starts_with('!')), "{expression}:\n{}", told.join("\n"));
        told
    }

    /// Everything it was told since the last look, but for the bars.
    pub(crate) fn told(&mut self) -> Vec<String> {
        self.ask("desk.told('realtimeBar')")
    }

    /// Names its ids anew, as [`Names::default`] does.
    pub(crate) fn forget_names(&mut self) {
        self.ask("lines.names.clear()");
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
