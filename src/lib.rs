//! prusik
