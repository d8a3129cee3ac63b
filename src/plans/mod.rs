//! Plan files: YAML in, checked plans or problems with their place out.

pub mod code;

mod disk;
mod doc;
mod fields;
mod folder;
mod form;
mod levels;
mod source;
mod value;
mod watch;
mod yaml;

pub use doc::{Document, PLAN_BYTES_MAX, SourcedPlan, read};
pub use folder::{Folder, LOOKS_APART_MIN, Moment, QUIET_WITHOUT_NEWLINE, Reading};
pub use source::Source;
pub use watch::{Means, Watch};

#[cfg(test)]
mod doc_tests;
#[cfg(test)]
mod folder_tests;
