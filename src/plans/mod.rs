//! Plan files: YAML in, checked plans or problems with their place out; and the folder they lie in, over time.
//!
//! [`read`] takes the bytes of one file and tells everything that is wrong with it at once. [`Folder`] takes looks at
//! a folder and says what is in force, whatever state its files are in; [`Watch`] says when a look is worth it.
//! A plan comes with its [`Source`], so that whoever checks it further (its rule's parameters, its symbol) can show
//! the place of a problem in the file.
//!
//! ```text
//! Watch ─ "look again" ─▶ Folder::look ─▶ disk (names, stats, bytes)
//!                              │
//!                              ▼
//!            doc::read ─▶ yaml (text → small tree, within a budget)
//!                              │
//!                              ▼
//!                         form (fields → Plan) ─▶ levels (three prices on their sides)
//!                              │
//!                              ▼
//!                         fields (known, missing, foreign keys), value (one scalar at a time)
//!                              │
//!                              ▼
//!                         source (places, rendered problems), code (P001 …)
//! ```
//!
//! It refuses to be a judge of rules, of risk or of time: a plan whose `valid_until` has passed is a good plan here.

pub mod code;

mod doc;
mod form;
mod levels;

mod fields;
mod value;

mod yaml;

mod source;

mod disk;
mod folder;

mod watch;

pub use doc::{Document, PLAN_BYTES_MAX, SourcedPlan, read};
pub use folder::{Folder, LOOKS_APART_MIN, Moment, QUIET_WITHOUT_NEWLINE, Reading};
pub use source::Source;
pub use watch::{Means, Watch};

#[cfg(test)]
mod doc_tests;
#[cfg(test)]
mod folder_tests;
