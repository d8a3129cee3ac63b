//! The only place that reads the time of this machine. Decisions use the broker's time; this one is for the journal's
//! wall column, and for saying how long a run took.

use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

use crate::plans::Moment;

/// Now, on this machine.
pub(crate) fn wall() -> Timestamp {
    Timestamp::now()
}

/// Now, on the clock that never jumps and on the one that dates files.
pub(crate) fn moment() -> Moment {
    Moment { steady: Instant::now(), wall: SystemTime::now() }
}

/// Measures how long something takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts.
    pub(crate) fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// How long it has been running.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
