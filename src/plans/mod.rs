//! Plan files: YAML in, checked plans or problems with their place out.

pub mod code;

mod doc;
mod fields;
mod form;
mod levels;
mod source;
mod value;
mod yaml;

pub use doc::{Document, PLAN_BYTES_MAX, SourcedPlan, read};
pub use source::Source;

#[cfg(test)]
mod doc_tests;
