//! Says "look again". Never what happened: events of the operating system are hints, and they get lost.
//!
//! Directories are watched, not files, since editors replace files. Every burst of hints is followed by several
//! signals, spaced so that a reader that believes two equal looks only is done; and whatever hints are lost, a rescan
//! comes every 5 seconds. Where watching is impossible the rescans remain.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{EventHandler, EventKind, RecursiveMode, Watcher};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

/// When looks are worth it.
#[derive(Debug, Clone, Copy)]
struct Rhythm {
    /// How long hints must be absent, and how far apart two looks are.
    quiet: Duration,
    /// Hints that never cease delay a look no longer than this.
    busy_max: Duration,
    /// When a file that does not end with a newline has been left alone for long enough.
    late_look: Duration,
    /// Looks without a hint: for network disks, and for hints that got lost.
    rescan: Duration,
}

const RHYTHM: Rhythm = Rhythm {
    quiet: Duration::from_millis(200),
    busy_max: Duration::from_secs(1),
    late_look: Duration::from_millis(2_200),
    rescan: Duration::from_secs(5),
};

/// How changes are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// Not known yet.
    Starting,
    /// By the operating system's hints, and by rescans.
    Hints,
    /// By rescans only: a folder is missing, or the system refuses to watch it.
    Rescans,
}

#[derive(Debug, Clone, Copy)]
struct Signal {
    /// How many there were.
    number: u64,
    means: Means,
}

/// Watches folders for as long as it lives.
#[derive(Debug)]
pub struct Watch {
    signals: watch::Receiver<Signal>,
    task: JoinHandle<()>,
}

impl Watch {
    /// Begins to watch `dirs`: the folder of plans, that of scripts. They need not exist yet, may go, and may come
    /// back. The first signal comes at once. Must be called inside a tokio runtime; blocks nothing in it.
    pub fn start(dirs: Vec<PathBuf>) -> Watch {
        Watch::start_with(dirs, RHYTHM, system)
    }

    fn start_with(dirs: Vec<PathBuf>, rhythm: Rhythm, open: Open) -> Watch {
        let (tell, signals) = watch::channel(Signal { number: 0, means: Means::Starting });
        let eyes = Some(Eyes { dirs, open, watcher: None });
        let task = tokio::spawn(Pace { rhythm, hints: Arc::default(), tell, eyes }.keep());
        Watch { signals, task }
    }

    /// Waits until it is worth to look again. Signals that come while nobody waits count as one. Safe to drop while
    /// it waits.
    pub async fn changed(&mut self) {
        if self.signals.changed().await.is_err() {
            // The runtime is going down: nothing will change any more.
            std::future::pending::<()>().await;
        }
    }

    /// How changes are noticed at present.
    pub fn means(&self) -> Means {
        self.signals.borrow().means
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Opens the system's watcher; its hints go to the [`Notify`].
type Open = fn(Arc<Notify>) -> notify::Result<Box<dyn Watcher + Send>>;

fn system(hints: Arc<Notify>) -> notify::Result<Box<dyn Watcher + Send>> {
    Ok(Box::new(notify::recommended_watcher(Hint(hints))?))
}

/// Takes the events of the operating system.
struct Hint(Arc<Notify>);

impl EventHandler for Hint {
    fn handle_event(&mut self, event: notify::Result<notify::Event>) {
        let is_change = match event.map(|event| event.kind) {
            // Our own looks open and close files.
            Ok(EventKind::Access(AccessKind::Close(AccessMode::Write))) => true,
            Ok(EventKind::Access(_)) => false,
            // An error is a hint too: something may have been missed.
            Ok(_) | Err(_) => true,
        };
        if is_change {
            self.0.notify_one();
        }
    }
}

/// When to signal.
struct Pace {
    rhythm: Rhythm,
    hints: Arc<Notify>,
    tell: watch::Sender<Signal>,
    /// Away only while they are looked after on another thread.
    eyes: Option<Eyes>,
}

impl Pace {
    async fn keep(mut self) {
        let Rhythm { quiet, busy_max, late_look, rescan } = self.rhythm;
        loop {
            self.look_after().await;
            self.signal();
            // The second of two equal looks, one more for a reader that was late at the first, and one for files
            // without a last newline.
            for follow_up in [Some(quiet), Some(2 * quiet), Some(late_look), None] {
                if timeout(follow_up.unwrap_or(rescan), self.hints.notified()).await.is_ok() {
                    calm(&self.hints, quiet, busy_max).await;
                    break;
                }
                if follow_up.is_some() {
                    self.signal();
                }
            }
        }
    }

    fn signal(&self) {
        self.tell.send_modify(|signal| signal.number += 1);
    }

    /// Sees to it that the folders that are there now are the ones being watched. Asks the file system, on a thread
    /// that may block.
    async fn look_after(&mut self) {
        let Some(mut eyes) = self.eyes.take() else { return };
        let hints = self.hints.clone();
        let before = self.tell.borrow().means;
        let looked_after = spawn_blocking(move || {
            let means = eyes.look_after(&hints, before);
            (eyes, means)
        });
        match looked_after.await {
            Ok((eyes, means)) => {
                self.eyes = Some(eyes);
                self.tell.send_if_modified(|signal| {
                    signal.means = means;
                    false
                });
            }
            // The runtime is going down, or the watcher broke: rescans remain.
            Err(_) => self.tell.send_modify(|signal| signal.means = Means::Rescans),
        }
    }
}

/// Waits for the end of a burst of hints.
async fn calm(hints: &Notify, quiet: Duration, busy_max: Duration) {
    let rest = async { while timeout(quiet, hints.notified()).await.is_ok() {} };
    // A folder that never rests is looked at all the same.
    let _ = timeout(busy_max, rest).await;
}

/// The system's watcher and what it watches.
struct Eyes {
    dirs: Vec<PathBuf>,
    open: Open,
    watcher: Option<Box<dyn Watcher + Send>>,
}

impl Eyes {
    /// Watches what is to be watched. Tells once when that becomes impossible, and once when it works again.
    fn look_after(&mut self, hints: &Arc<Notify>, before: Means) -> Means {
        match self.watch_all(hints) {
            Ok(()) => {
                if before == Means::Rescans {
                    tracing::info!("folders are watched again");
                }
                Means::Hints
            }
            Err(error) => {
                if before != Means::Rescans {
                    // A folder that is not there is no trouble of the system's: it may come, and is looked for.
                    match self.dirs.iter().all(|dir| dir.is_dir()) {
                        true => {
                            tracing::warn!(%error, "a folder cannot be watched; it is looked at every 5 seconds instead")
                        }
                        false => {
                            tracing::debug!(%error, "a folder is not there; it is looked for every 5 seconds")
                        }
                    }
                }
                Means::Rescans
            }
        }
    }

    fn watch_all(&mut self, hints: &Arc<Notify>) -> notify::Result<()> {
        let watcher = match &mut self.watcher {
            Some(watcher) => watcher,
            None => self.watcher.insert((self.open)(hints.clone())?),
        };
        let mut failed = None;
        for dir in &self.dirs {
            // Also where it is watched: the same path may be another directory by now, and the system forgets the
            // old one without a word.
            if let Err(error) = watcher.watch(dir, RecursiveMode::NonRecursive) {
                failed = Some(error);
            }
        }
        failed.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Hints only: a rescan comes later than any test waits.
    const BY_HINTS: Rhythm = Rhythm {
        quiet: Duration::from_millis(20),
        busy_max: Duration::from_millis(100),
        late_look: Duration::from_millis(60),
        rescan: Duration::from_secs(3_600),
    };
    const BY_RESCANS: Rhythm = Rhythm { rescan: Duration::from_millis(100), ..BY_HINTS };

    /// Far longer than anything here takes; only a signal that never comes waits so long.
    const GENEROUS: Duration = Duration::from_secs(60);

    const PLAN: &str = "\
plan_id: A
symbol: AAPL
entry_level: 180.50
stop_loss: 178.00
risk_category: normal
entry_function: { function_type: close_above, timeframe: 15min }
exit_function: { function_type: stop_loss_take_profit }
";

    async fn signal(watch: &mut Watch) {
        timeout(GENEROUS, watch.changed()).await.expect("a signal");
    }

    /// Waits for signals until the folder is being watched.
    async fn watched(watch: &mut Watch) {
        while watch.means() != Means::Hints {
            signal(watch).await;
        }
    }

    /// What a reader does: look at every signal, until the look finds it.
    async fn seen(watch: &mut Watch, found: impl Fn() -> bool) {
        while !found() {
            signal(watch).await;
        }
    }

    /// Signals of one burst, with those that follow up.
    const BURST: u64 = 4;

    /// Waits until there were as many signals.
    async fn signals(watch: &mut Watch, number: u64) {
        while watch.signals.borrow().number < number {
            signal(watch).await;
        }
    }

    /// A watcher whose signals of the start have all passed: the next one is a hint's.
    async fn at_rest(dirs: &[&Path]) -> Watch {
        let mut watch =
            Watch::start_with(dirs.iter().map(|dir| dir.to_path_buf()).collect(), BY_HINTS, system);
        signals(&mut watch, BURST).await;
        assert_eq!(watch.means(), Means::Hints);
        watch
    }

    #[tokio::test]
    async fn a_written_file_is_signalled_for_two_looks_and_more() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut watch = at_rest(&[dir.path()]).await;
        fs::write(dir.path().join("a.yaml"), PLAN).expect("written");
        signals(&mut watch, 2 * BURST).await;
    }

    #[test]
    fn our_own_looks_are_no_hints() {
        use futures_util::FutureExt;
        use notify::Event;
        use notify::event::{CreateKind, ModifyKind, RemoveKind};

        let hint = |kind| {
            let hints = Arc::new(Notify::new());
            Hint(hints.clone()).handle_event(Ok(Event::new(kind)));
            hints.notified().now_or_never().is_some()
        };
        for look in [AccessKind::Open(AccessMode::Any), AccessKind::Read, AccessKind::Close(AccessMode::Read)]
        {
            assert!(!hint(EventKind::Access(look)), "{look:?}");
        }
        for change in [
            EventKind::Access(AccessKind::Close(AccessMode::Write)),
            EventKind::Create(CreateKind::File),
            EventKind::Modify(ModifyKind::Any),
            EventKind::Remove(RemoveKind::File),
            EventKind::Any,
            EventKind::Other,
        ] {
            assert!(hint(change), "{change:?}");
        }
    }

    #[tokio::test]
    async fn each_of_two_folders_is_watched() {
        let (plans, scripts) = (tempfile::tempdir().expect("plans"), tempfile::tempdir().expect("scripts"));
        for dir in [plans.path(), scripts.path()] {
            let mut watch = at_rest(&[plans.path(), scripts.path()]).await;
            fs::write(dir.join("file"), "text").expect("written");
            signals(&mut watch, BURST + 1).await;
        }
    }

    #[tokio::test]
    async fn a_file_that_is_renamed_or_deleted_is_signalled() {
        let dir = tempfile::tempdir().expect("a folder");
        let (from, to) = (dir.path().join("a.tmp"), dir.path().join("a.yaml"));
        fs::write(&from, PLAN).expect("written");
        let mut watch = at_rest(&[dir.path()]).await;
        fs::rename(&from, &to).expect("renamed");
        signals(&mut watch, BURST + 1).await;
        let mut watch = at_rest(&[dir.path()]).await;
        fs::remove_file(&to).expect("removed");
        signals(&mut watch, BURST + 1).await;
    }

    #[tokio::test]
    async fn a_folder_that_was_removed_and_made_again_is_watched_again() {
        let parent = tempfile::tempdir().expect("a folder");
        let plans = parent.path().join("plans");
        fs::create_dir(&plans).expect("made");
        let mut watch = Watch::start_with(vec![plans.clone()], BY_RESCANS, system);
        watched(&mut watch).await;
        fs::remove_dir(&plans).expect("removed");
        while watch.means() != Means::Rescans {
            signal(&mut watch).await;
        }
        fs::create_dir(&plans).expect("made again");
        watched(&mut watch).await;
        fs::write(plans.join("a.yaml"), PLAN).expect("written");
        signal(&mut watch).await;
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_yet_is_waited_for() {
        let parent = tempfile::tempdir().expect("a folder");
        let plans = parent.path().join("plans");
        let mut watch = Watch::start_with(vec![plans.clone()], BY_RESCANS, system);
        signal(&mut watch).await;
        assert_eq!(watch.means(), Means::Rescans);
        fs::create_dir(&plans).expect("made");
        watched(&mut watch).await;
    }

    #[tokio::test]
    async fn where_the_system_refuses_to_watch_the_rescans_remain() {
        let dir = tempfile::tempdir().expect("a folder");
        let refuse: Open = |_| Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch));
        let mut watch = Watch::start_with(vec![dir.path().to_path_buf()], BY_RESCANS, refuse);
        // The later ones can only be those of rescans.
        signals(&mut watch, 3 * BURST).await;
        assert_eq!(watch.means(), Means::Rescans);
    }

    #[tokio::test]
    async fn a_folder_that_never_rests_is_signalled_all_the_same() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut watch = at_rest(&[dir.path()]).await;
        let path = dir.path().join("a.yaml");
        let busy = tokio::spawn(async move {
            loop {
                fs::write(&path, PLAN).expect("written");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        signals(&mut watch, BURST + 3).await;
        busy.abort();
    }

    #[tokio::test]
    async fn a_plan_that_is_dropped_comes_into_force_by_following_the_signals() {
        use crate::plans::{Folder, Moment};

        let dir = tempfile::tempdir().expect("a folder");
        let mut watch = Watch::start(vec![dir.path().to_path_buf()]);
        let folder = std::cell::RefCell::new(Folder::new(dir.path(), "plans"));
        let look = || {
            let now = Moment { steady: std::time::Instant::now(), wall: std::time::SystemTime::now() };
            folder.borrow_mut().look(now).plans.len()
        };
        assert_eq!(look(), 0);
        fs::write(dir.path().join("a.yaml"), PLAN).expect("written");
        seen(&mut watch, || look() == 1).await;
        fs::remove_file(dir.path().join("a.yaml")).expect("removed");
        seen(&mut watch, || look() == 0).await;
    }
}
