//! The first `prusik.yaml`: every key with its default, written from the same table that reads it.

use serde_yaml::{Mapping, Value};

use super::Config;
use super::keys::{KEYS, sections};

const HEADER: &str = "\
# prusik: risk limits, broker, paper account and folders.
#
# Every key may be left out; the defaults are the values below. A flag of the command line goes before the
# environment (PRUSIK_<SECTION>_<KEY>, like PRUSIK_RISK_ORDER_SHARES), the environment before this file.
# The Discord webhook is a secret and has no key here: set PRUSIK_DISCORD_WEBHOOK.
#
";

/// The text of a `prusik.yaml` that says what is true without one, every key explained in its head.
pub fn default_yaml() -> String {
    let config = Config::default();
    let mut root = Mapping::new();
    for section in std::iter::once("").chain(sections()) {
        let keys = KEYS.iter().filter(|key| key.section() == section);
        let values: Mapping = keys.map(|key| (key.name.into(), value((key.show)(&config)))).collect();
        if section.is_empty() {
            root.extend(values);
        } else {
            root.insert(section.into(), Value::Mapping(values));
        }
    }
    let explained: String =
        KEYS.iter().map(|key| format!("# {}: {}; {}\n", key.path, key.meaning, key.range)).collect();
    let body = serde_yaml::to_string(&root).expect("words and whole numbers can always be written");
    format!("{HEADER}{explained}\n{body}")
}

/// As it is read back: numbers that are whole and words; anything else in quotes.
fn value(shown: Option<String>) -> Value {
    let Some(text) = shown else { return Value::Null };
    if let Ok(number) = text.parse::<u64>() {
        return Value::from(number);
    }
    match text.as_str() {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => Value::String(text),
    }
}
