//! The log, on stderr, in words for people.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

use super::out;

/// The variables that say what is logged, in the order in which they are asked.
const ENVIRONMENT: [&str; 2] = ["PRUSIK_LOG", "RUST_LOG"];
const DEFAULT: &str = "info";

/// Whose time stands in front of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// This machine's.
    Wall,
    /// None: the lines tell market time themselves, and the wall's would only confuse.
    Market,
}

/// Begins to log. Once in a process.
pub(super) fn start(clock: Clock) {
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter())
        .with_writer(io::stderr)
        .with_ansi(
            io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty()),
        )
        .with_target(false)
        // A closed stderr must not end a run that protects a position.
        .log_internal_errors(false);
    let started = match clock {
        Clock::Wall => log.with_timer(SystemTime).try_init(),
        Clock::Market => log.without_time().try_init(),
    };
    if let Err(error) = started {
        out::remark(&format!("warning: the log cannot be started: {error}"));
    }
}

fn filter() -> EnvFilter {
    for variable in ENVIRONMENT {
        let Some(said) = std::env::var(variable).ok().filter(|said| !said.trim().is_empty()) else {
            continue;
        };
        match EnvFilter::try_new(&said) {
            Ok(filter) => return filter,
            Err(error) => {
                out::remark(&format!("warning: {variable} is not understood and has no effect: {error}"))
            }
        }
    }
    EnvFilter::new(DEFAULT)
}
