//! The order tracker's memory: an append-only, hash-chained journal in SQLite.
