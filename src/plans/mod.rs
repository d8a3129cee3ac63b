//! Plan files: YAML in, checked plans or problems with their place out.
