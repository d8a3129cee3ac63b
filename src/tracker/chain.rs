//! What ties the rows together: every row's hash covers the row before it, and the first one what the journal is.
//!
//! The chain holds market time and events, nothing else: the same input makes the same hashes. Wall time stands
//! beside it.

use std::fmt;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// The version of the tables. A journal of another version is refused.
pub const SCHEMA: u32 = 1;

/// What a journal is, decided when it is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// Stands in every order's reference, so that a lost journal's orders are told from this one's; 0 when embedded.
    pub epoch: u64,
    /// The account at the broker.
    pub account: String,
    /// Whose market it is.
    pub mode: Mode,
    /// Wall time of the creation, for people: outside the chain, like the wall time of every row.
    pub created: Timestamp,
}

/// Whose market a journal tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The gateway inside this process: starts afresh each time.
    Embedded,
    /// A gateway that lives on without us.
    Connected,
}

impl Mode {
    /// The word in the journal.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Embedded => "embedded",
            Mode::Connected => "connected",
        }
    }

    /// The mode of a word.
    pub fn parse(word: &str) -> Option<Mode> {
        [Mode::Embedded, Mode::Connected].into_iter().find(|mode| mode.word() == word)
    }
}

/// A SHA-256 that covers everything up to its row. Shown as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChainHash([u8; 32]);

impl ChainHash {
    /// The hash before the first row: what the journal is.
    pub fn first(meta: &Meta) -> ChainHash {
        // Taken apart, so that a new field is either covered or, like `created`, left out on purpose.
        let Meta { epoch, account, mode, created: _ } = meta;
        let mut hasher = Sha256::new();
        hasher.update(b"prusik journal");
        hasher.update(SCHEMA.to_be_bytes());
        hasher.update(epoch.to_be_bytes());
        covered(&mut hasher, account);
        covered(&mut hasher, mode.word());
        ChainHash(hasher.finalize().into())
    }

    /// The hash of the row that follows: number `seq`, at `at` milliseconds of market time.
    pub fn next(self, seq: u64, at: i64, kind: &str, body: &str) -> ChainHash {
        let mut hasher = Sha256::new();
        hasher.update(self.0);
        hasher.update(seq.to_be_bytes());
        hasher.update(at.to_be_bytes());
        covered(&mut hasher, kind);
        covered(&mut hasher, body);
        ChainHash(hasher.finalize().into())
    }

    /// A hash as it stands in the database, if it is one.
    pub fn from_bytes(bytes: &[u8]) -> Option<ChainHash> {
        bytes.try_into().ok().map(ChainHash)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Texts go in with their length, so that no two rows can share one string of bytes.
fn covered(hasher: &mut Sha256, text: &str) {
    hasher.update((text.len() as u64).to_be_bytes());
    hasher.update(text);
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainHash({self})")
    }
}

/// Where a journal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of its last row; 0 while it has none.
    pub seq: u64,
    /// The hash of that row.
    pub hash: ChainHash,
}
