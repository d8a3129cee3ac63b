//! The file that carries the gateway's state over its restart: orders, executions, the account, order ids, market time.
//!
//! Lines of JSON. The first says whose state it is, each other one what changed, and the market time it changed at. A
//! line is written before anyone is told of what is in it, so what a client has seen is there after a restart. What a
//! crash of the program leaves is whole up to its last line: a torn one is dropped. Lines are not forced to the disk,
//! so a crash of the machine may lose some. At each start the file is written anew, in as few lines as it takes.
//!
//! Time alone is written once a market minute; so after a crash a quiet minute may be told again. What is not kept:
//! orders that were never transmitted, as at IBKR, and what was told to halt or freeze.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use super::clock;
use super::market::Market;
use super::venue::{Damage, Delta, Look, Memory};

/// The form of the lines.
const VERSION: u32 = 1;

/// Why a gateway's state could not be taken up.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file cannot be read or written.
    #[error("cannot use {}: {error}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Another gateway uses it.
    #[error("another gateway uses {}", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is not the state of such a gateway.
    #[error("{}, line {line}: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
}

/// Whose state it is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    version: u32,
    account: String,
    /// In order: the other lines name symbols by their places.
    symbols: Vec<String>,
}

/// What changed at a moment.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// Market time, in seconds of the epoch.
    now: i64,
    changed: Delta,
}

/// The file, and what stands in it.
#[derive(Debug)]
pub(super) struct Ledger {
    path: PathBuf,
    file: File,
    memory: Memory,
    /// The market minute of the last line.
    minute: i64,
    /// Orders that may have changed since.
    touched: BTreeSet<usize>,
    /// Trailing stops that live: they move without a word.
    trailing: BTreeSet<usize>,
}

impl Ledger {
    /// Takes up the state of a file, if there is one, and goes on writing it. Invariant: nothing has happened in the
    /// market yet.
    pub(super) fn open(path: &Path, market: &mut Market) -> Result<Ledger, StateError> {
        let unusable = |error| StateError::Unusable { path: path.to_owned(), error };
        let before = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(unusable)?;
        lock(&before, path)?;
        if let Some((memory, now)) = read(&before, path, market)? {
            let damaged = |damage: Damage| StateError::Damaged {
                path: path.to_owned(),
                line: 1,
                what: damage.to_string(),
            };
            market.resume(memory, now).map_err(damaged)?;
            let (orders, at) = (market.venue.orders.len(), clock::stamp(market.now));
            info!(path = %path.display(), orders, %at, "the gateway goes on where it was");
        }
        let memory = market.venue.memory();
        let file = write_anew(path, market, &memory)?;
        let trailing = market.venue.trailing();
        let minute = market.now.div_euclid(60);
        Ok(Ledger { path: path.to_owned(), file, memory, minute, touched: BTreeSet::new(), trailing })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Something happened to an order.
    pub(super) fn touch(&mut self, place: usize) {
        self.touched.insert(place);
    }

    /// Writes what a restart needs that is to go on at this very moment.
    pub(super) fn close(&mut self, market: &Market) -> io::Result<()> {
        self.minute = i64::MIN;
        self.write(market)
    }

    /// Writes what has changed since the last time.
    pub(super) fn write(&mut self, market: &Market) -> io::Result<()> {
        let minute = market.now.div_euclid(60);
        let look = if minute == self.minute { Look::Named } else { Look::All };
        let new = self.memory.orders_known()..market.venue.orders.len();
        let trails = |place: &usize| market.venue.trails(*place);
        self.trailing.extend(self.touched.iter().copied().chain(new).filter(trails));
        self.trailing.retain(trails);
        // A trailing stop that moves is no reason to write, but what is written has it where it stands.
        if look == Look::Named && !self.memory.is_behind(&market.venue, &self.touched) {
            self.touched.clear();
            return Ok(());
        }
        let mut named = std::mem::take(&mut self.touched);
        named.extend(&self.trailing);
        let delta = self.memory.follow(&market.venue, &named, look).unwrap_or_default();
        self.minute = minute;
        put(&mut self.file, &Line { now: market.now, changed: delta })
    }
}

/// Keeps others from using the file as long as it is open.
fn lock(file: &File, path: &Path) -> Result<(), StateError> {
    file.try_lock().map_err(|error| match error {
        std::fs::TryLockError::WouldBlock => StateError::InUse { path: path.to_owned() },
        std::fs::TryLockError::Error(error) => StateError::Unusable { path: path.to_owned(), error },
    })
}

fn head(market: &Market) -> Head {
    let symbols = (0..market.series.len()).map(|place| market.listings.get(place).symbol.clone());
    Head { version: VERSION, account: market.account.clone(), symbols: symbols.collect() }
}

/// What a file remembers, and up to when; none if there is nothing in it.
fn read(file: &File, path: &Path, market: &Market) -> Result<Option<(Memory, i64)>, StateError> {
    let damaged = |line, what| StateError::Damaged { path: path.to_owned(), line, what };
    let mut reader = BufReader::new(file);
    let (mut bytes, mut line) = (Vec::new(), 0);
    let (mut memory, mut now) = (Memory::empty(&market.venue), None);
    let mut known = false;
    loop {
        bytes.clear();
        let unusable = |error| StateError::Unusable { path: path.to_owned(), error };
        if reader.read_until(b'\n', &mut bytes).map_err(unusable)? == 0 {
            break;
        }
        line += 1;
        let last = reader.fill_buf().map_err(unusable)?.is_empty();
        let taken = if known { follow(&bytes, &mut memory, &mut now) } else { recognise(&bytes, market) };
        match taken {
            Ok(()) => known = true,
            // Not the first: that one was there before the file got its name.
            Err(Flaw::Torn(what)) if known && last => {
                warn!(path = %path.display(), line, what, "the last line of the state is torn; it is dropped");
            }
            Err(Flaw::Torn(what) | Flaw::Strange(what)) => return Err(damaged(line, what)),
        }
    }
    Ok(now.map(|now| (memory, now)))
}

/// What is wrong with a line.
#[derive(Debug)]
enum Flaw {
    /// It is no line, or only the beginning of one.
    Torn(String),
    /// It is one, and does not belong here.
    Strange(String),
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Flaw> {
    if bytes.last() != Some(&b'\n') {
        return Err(Flaw::Torn("it has no end".to_owned()));
    }
    serde_json::from_slice(bytes).map_err(|error| Flaw::Torn(error.to_string()))
}

fn recognise(bytes: &[u8], market: &Market) -> Result<(), Flaw> {
    let (found, wanted): (Head, Head) = (parse(bytes)?, head(market));
    if found == wanted {
        return Ok(());
    }
    let Head { version, account, symbols } = found;
    let what = if version != VERSION {
        format!("it is written in form {version}, and this gateway reads form {VERSION}")
    } else if account != wanted.account {
        format!("it is the state of account {account}, not of {}", wanted.account)
    } else {
        format!(
            "it is the state of {}, and the bars are of {}",
            symbols.join(", "),
            wanted.symbols.join(", ")
        )
    };
    Err(Flaw::Strange(what))
}

fn follow(bytes: &[u8], memory: &mut Memory, now: &mut Option<i64>) -> Result<(), Flaw> {
    let line: Line = parse(bytes)?;
    memory.apply(&line.changed).map_err(|damage| Flaw::Strange(damage.to_string()))?;
    *now = Some(line.now);
    Ok(())
}

/// Writes the whole state into a new file that takes the place of the one before.
fn write_anew(path: &Path, market: &Market, memory: &Memory) -> Result<File, StateError> {
    let unusable = |error| StateError::Unusable { path: path.to_owned(), error };
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let beside = PathBuf::from(name);
    let mut file = File::create(&beside).map_err(unusable)?;
    lock(&file, path)?;
    put(&mut file, &head(market)).map_err(unusable)?;
    put(&mut file, &Line { now: market.now, changed: memory.whole() }).map_err(unusable)?;
    std::fs::rename(&beside, path).map_err(unusable)?;
    Ok(file)
}

/// Writes a line at once: a crash leaves all of it, or a beginning without an end.
fn put(file: &mut File, line: &impl Serialize) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    file.write_all(&bytes)
}
