//! What can be wrong with a configuration; each code means one thing for good.

/// The file cannot be read, is too large or is not text.
pub const UNREADABLE: &str = "C001";
/// The text is not YAML.
pub const SYNTAX: &str = "C002";
/// A key that does not exist.
pub const UNKNOWN_KEY: &str = "C003";
/// A key that stands twice.
pub const DUPLICATE_KEY: &str = "C004";
/// A value of the wrong kind: a word for a number, a list for a value.
pub const WRONG_TYPE: &str = "C005";
/// A number outside its range.
pub const OUT_OF_RANGE: &str = "C006";
/// A gateway on another machine that was not allowed.
pub const REMOTE_GATEWAY: &str = "C007";
/// Live trading was asked for.
pub const LIVE: &str = "C008";
/// A variable that looks like ours and is not (a warning).
pub const UNKNOWN_VARIABLE: &str = "C009";
/// YAML that a configuration has no use for: anchors, aliases, tags, several documents, too many values.
pub const UNWANTED_YAML: &str = "C010";
