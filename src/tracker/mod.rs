//! The order tracker's memory: an append-only, hash-chained journal in SQLite.

pub mod record;

#[cfg(test)]
mod samples;
