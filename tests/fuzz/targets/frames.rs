//! Bytes as a connection brings them. `cargo +nightly fuzz run --fuzz-dir tests/fuzz frames`
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| prusik::gateway::fuzz::frames(bytes));
