//! The rule host: Rhai, contained.
