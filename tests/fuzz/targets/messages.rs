//! Messages of clients, whatever is in them. `cargo +nightly fuzz run --fuzz-dir tests/fuzz messages`
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| prusik::gateway::fuzz::messages(bytes));
