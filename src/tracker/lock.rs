//! One writer per state directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use super::error::JournalError;

const LOCK_FILE: &str = "lock";

/// Held as long as it lives; the system lets go of it when the process dies, however it dies.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a state directory, which must exist. Does not wait: [`JournalError::Locked`] where another
    /// holds it.
    pub(super) fn take(state_dir: &Path) -> Result<Lock, JournalError> {
        let path = state_dir.join(LOCK_FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(JournalError::io(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut said = String::new();
                // A courtesy: a number that cannot be read is left out of the message.
                let holder = file.read_to_string(&mut said).ok().and_then(|_| said.trim().parse().ok());
                return Err(JournalError::Locked { path, holder });
            }
            Err(TryLockError::Error(source)) => return Err(JournalError::Io { path, source }),
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(JournalError::io(&path))?;
        Ok(Lock { _file: file })
    }
}
