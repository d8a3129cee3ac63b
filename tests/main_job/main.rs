//! The main job, end to end: a plan dropped into a folder becomes a protected, trailing position, over TCP, with the
//! journal that remembers it. Each test is a story of one or two days.

mod containment;
mod determinism;
mod edits;
mod half_days;
mod limits;
mod protection;
mod restart;
mod sessions;
#[cfg(feature = "cli")]
mod sigkill;
mod story;
