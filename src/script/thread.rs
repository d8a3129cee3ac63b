//! The thread on which every script runs: its own stack, its own fence against panics, and a time after which it is
//! given up and replaced.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rhai::Engine;

use super::input::Input;

/// Deep expressions recurse in Rhai's parser and evaluator; with the depth limits they stay far below this.
const STACK_BYTES: usize = 8 * 1024 * 1024;
/// A job that takes longer hangs in a native function, where no script limit reaches. The thread is abandoned.
const PATIENCE: Duration = Duration::from_secs(5);
/// Lines a script may write in one call.
const LOG_LINES_MAX: usize = 20;
/// Parameters of one rule.
const INPUTS_MAX: usize = 32;
/// Characters of one line.
const LOG_CHARS_MAX: usize = 200;

/// Why a call ended before its script did. Kept beside Rhai's own error, because some of Rhai's natives swallow errors
/// of their callbacks: what stands here counts, whatever the script returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// The deadline passed.
    Deadline,
    /// It took too many operations.
    Operations,
    /// A candle was asked for that does not exist yet.
    WarmingUp {
        /// Candles there are.
        have: usize,
        /// Candles the rule wants.
        need: usize,
    },
    /// A candle was asked for that exists but was not handed over.
    LookFurther,
}

/// The processor time this thread has had. Time in which the machine was busy with others is not the rule's: on a
/// loaded machine a good rule would be stopped now and then, and its candle lost.
#[cfg(unix)]
fn spent() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(spent).unwrap_or(Duration::MAX)
}

/// Where the system tells no thread's time in safe words: the time since the first call.
#[cfg(not(unix))]
fn spent() -> Duration {
    static FIRST: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    FIRST.elapsed()
}

/// The state of the one call that is under way on a thread.
#[derive(Debug, Default)]
pub(super) struct Turn(Mutex<TurnState>);

#[derive(Debug, Default)]
struct TurnState {
    deadline: Option<Duration>,
    stop: Option<Stop>,
    log: Vec<String>,
    inputs: Vec<Input>,
}

/// What a call left behind besides its result.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Why it was ended, if it was.
    pub(super) stop: Option<Stop>,
    /// The lines it wrote.
    pub(super) log: Vec<String>,
    /// The parameters it declared. Only a rule's top level should.
    pub(super) inputs: Vec<Input>,
}

impl Turn {
    /// Opens a call that may take `time` of this thread.
    pub(super) fn begin(&self, time: Duration) {
        *self.state() = TurnState { deadline: Some(spent() + time), ..TurnState::default() };
    }

    /// Closes the call.
    pub(super) fn end(&self) -> Left {
        let TurnState { deadline: _, stop, log, inputs } = std::mem::take(&mut *self.state());
        Left { stop, log, inputs }
    }

    /// Whether the call has to end now. A clock is read here, because a count of operations says nothing of time.
    pub(super) fn overdue(&self) -> Option<Stop> {
        let mut state = self.state();
        if state.stop.is_none() && state.deadline.is_some_and(|deadline| spent() > deadline) {
            state.stop = Some(Stop::Deadline);
        }
        state.stop.clone()
    }

    /// Ends the call; the first reason counts.
    pub(super) fn stop(&self, why: Stop) {
        self.state().stop.get_or_insert(why);
    }

    /// Adds a line for people: bounded, and without characters that could forge another line.
    pub(super) fn log(&self, text: &str) {
        let mut state = self.state();
        if state.log.len() < LOG_LINES_MAX {
            state.log.push(one_line(text, LOG_CHARS_MAX));
        }
    }

    /// Adds a parameter of the rule that is being read. Refuses a second one of the same name.
    pub(super) fn declare(&self, input: Input) -> Result<(), String> {
        let mut state = self.state();
        if let Some(taken) =
            input.names().find(|name| state.inputs.iter().any(|other| other.answers_to(name)))
        {
            return Err(format!("input \"{taken}\" is declared twice"));
        }
        if state.inputs.len() >= INPUTS_MAX {
            return Err(format!("a rule has at most {INPUTS_MAX} inputs"));
        }
        state.inputs.push(input);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, TurnState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `text` on one line of at most `chars_max` characters.
pub(super) fn one_line(text: &str, chars_max: usize) -> String {
    let plain = |c: char| if c.is_control() || is_direction_mark(c) { ' ' } else { c };
    text.chars().take(chars_max).map(plain).collect()
}

/// Invisible characters that make text read otherwise than it runs.
pub(super) fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// A job that gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Lost {
    /// It panicked; the message.
    #[error("stopped by a fault inside: {0}")]
    Panicked(String),
    /// It hung.
    #[error("given up: it hung inside one function")]
    Hung,
    /// No thread could be started.
    #[error("no thread to run on: {0}")]
    NoThread(String),
}

type Job = Box<dyn FnOnce(&Engine, &Turn) -> After + Send>;
type Build = dyn Fn(&Arc<Turn>) -> Engine + Send + Sync;

/// Whether the engine may be used again after a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Sound,
    Suspect,
}

/// The thread, and how to make another one.
pub(super) struct RuleThread {
    build: Arc<Build>,
    jobs: Mutex<Option<Sender<Job>>>,
    patience: Duration,
}

impl RuleThread {
    /// Starts the thread; its engine is made on it by `build`. Fails where the system has no thread to give.
    pub(super) fn start(
        build: impl Fn(&Arc<Turn>) -> Engine + Send + Sync + 'static,
    ) -> io::Result<RuleThread> {
        let build: Arc<Build> = Arc::new(build);
        let jobs = spawn(&build)?;
        Ok(RuleThread { build, jobs: Mutex::new(Some(jobs)), patience: PATIENCE })
    }

    /// The same, giving up after another time.
    #[cfg(test)]
    pub(super) fn with_patience(self, patience: Duration) -> RuleThread {
        RuleThread { patience, ..self }
    }

    /// Runs `job` there and waits for its answer. One job runs at a time; after a lost one the next works.
    pub(super) fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Engine, &Turn) -> T + Send + 'static,
    ) -> Result<T, Lost> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = match jobs.take() {
            Some(sender) => sender,
            None => spawn(&self.build).map_err(|error| Lost::NoThread(error.to_string()))?,
        };
        let (answer, answers) = mpsc::sync_channel(1);
        let job: Job = Box::new(move |engine, turn| {
            let result = catch_unwind(AssertUnwindSafe(|| job(engine, turn)));
            let after = if result.is_ok() { After::Sound } else { After::Suspect };
            // Nobody waits any more only where the thread was given up; then nobody misses the answer.
            let _ = answer.send(result.map_err(|panic| Lost::Panicked(words_of(&*panic))));
            after
        });
        if sender.send(job).is_err() {
            return Err(Lost::Panicked("the rule thread had ended".into()));
        }
        match answers.recv_timeout(self.patience) {
            Ok(result) => {
                *jobs = Some(sender);
                result
            }
            Err(RecvTimeoutError::Timeout) => Err(Lost::Hung),
            Err(RecvTimeoutError::Disconnected) => Err(Lost::Panicked("the rule thread ended".into())),
        }
    }
}

fn spawn(build: &Arc<Build>) -> io::Result<Sender<Job>> {
    let (sender, jobs) = mpsc::channel();
    let build = Arc::clone(build);
    thread::Builder::new()
        .name("rules".into())
        .stack_size(STACK_BYTES)
        .spawn(move || work(&jobs, &*build))?;
    Ok(sender)
}

fn work(jobs: &Receiver<Job>, build: &Build) {
    let turn = Arc::new(Turn::default());
    let mut engine = build(&turn);
    while let Ok(job) = jobs.recv() {
        if job(&engine, &turn) == After::Suspect {
            engine = build(&turn);
        }
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    one_line(words.unwrap_or("a panic without words"), LOG_CHARS_MAX)
}
