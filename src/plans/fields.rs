//! The fields of one mapping: which are there, which are missing, which do not belong.

use std::ops::Range;

use super::code;
use super::source::{Remark, shown};
use super::value::nearest;
use crate::yaml::{Entry, Node, Value};

/// What other tools and people call our fields.
const OTHER_NAMES: [(&str, &str); 16] = [
    ("entry", "entry_level"),
    ("entry_price", "entry_level"),
    ("stop", "stop_loss"),
    ("stop_price", "stop_loss"),
    ("sl", "stop_loss"),
    ("target", "take_profit"),
    ("target_price", "take_profit"),
    ("tp", "take_profit"),
    ("risk", "risk_category"),
    ("ticker", "symbol"),
    ("id", "plan_id"),
    ("name", "plan_id"),
    ("function", "function_type"),
    ("type", "function_type"),
    ("params", "parameters"),
    ("direction", "side"),
];
/// What a missing field could look like.
const EXAMPLES: [(&str, &str); 9] = [
    ("plan_id", "plan_id: AAPL_20250815_001"),
    ("symbol", "symbol: AAPL"),
    ("entry_level", "entry_level: 180.50"),
    ("stop_loss", "stop_loss: 178.00"),
    ("risk_category", "risk_category: normal"),
    ("entry_function", "entry_function: { function_type: close_above, timeframe: 15min }"),
    ("exit_function", "exit_function: { function_type: stop_loss_take_profit }"),
    ("function_type", "function_type: close_above"),
    ("timeframe", "timeframe: 15min"),
];
/// Names under which other tools hold what is not for a plan to say here.
const SIZES: [&str; 5] = ["quantity", "qty", "size", "shares", "position_size"];

/// A mapping being read. What is wrong is added to the remarks; reading goes on.
pub(super) struct Fields<'t, 'r> {
    what: &'static str,
    at: Range<usize>,
    entries: &'t [Entry],
    /// Fields that are likely meant by an unknown key, so that they are not told as missing too.
    meant: Vec<&'static str>,
    missing: Vec<&'static str>,
    pub(super) remarks: &'r mut Vec<Remark>,
}

impl<'t, 'r> Fields<'t, 'r> {
    /// The mapping `node`, which is `what` (`a plan`), marked at `at` where the whole is meant, and whose keys are
    /// the `known` ones. `None`, with a remark, where it is no mapping.
    pub(super) fn open(
        node: &'t Node,
        what: &'static str,
        at: Range<usize>,
        known: &'static [&'static str],
        remarks: &'r mut Vec<Remark>,
    ) -> Option<Fields<'t, 'r>> {
        let entries = match &node.value {
            Value::Map(entries) => entries,
            Value::Refused => return None,
            _ => {
                let message = format!("{what} is a mapping of fields");
                let help = format!("write `name: value` for each of: {}", known.join(", "));
                remarks.push(Remark::error(code::WRONG_TYPE, at, message).help(help));
                return None;
            }
        };
        let mut fields = Fields { what, at, entries, meant: Vec::new(), missing: Vec::new(), remarks };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            fields.unknown(entry, known);
        }
        Some(fields)
    }

    /// A field every such mapping has.
    pub(super) fn needed<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&'t Node) -> Result<T, Remark>,
    ) -> Option<T> {
        match self.entry(name) {
            Some(entry) => self.read(entry, read),
            None => {
                self.lacks(name);
                None
            }
        }
    }

    /// A field that may be left out, or be an explicit `null`.
    pub(super) fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&'t Node) -> Result<T, Remark>,
    ) -> Option<T> {
        let entry = self.entry(name)?;
        match &entry.value.value {
            Value::Plain(null) if null == "null" || null == "~" => None,
            _ => self.read(entry, read),
        }
    }

    /// The field's entry, whatever its value is.
    pub(super) fn entry(&self, name: &str) -> Option<&'t Entry> {
        self.entries.iter().find(|entry| entry.key == name)
    }

    /// Whether the field is left out or an explicit `null`, and no unknown key is likely to mean it.
    pub(super) fn lacks_value(&self, name: &str) -> bool {
        match self.entry(name) {
            Some(entry) => matches!(&entry.value.value, Value::Plain(null) if null == "null" || null == "~"),
            None => !self.meant.contains(&name),
        }
    }

    /// Says that the field `name` is missing.
    pub(super) fn lacks(&mut self, name: &'static str) {
        self.missing.push(name);
    }

    /// Tells what is missing, all of it.
    pub(super) fn close(self) {
        let Fields { what, at, entries: _, meant, missing, remarks } = self;
        let names: Vec<String> =
            missing.iter().filter(|name| !meant.contains(name)).map(|name| format!("`{name}`")).collect();
        if !names.is_empty() {
            let message = format!("{what} is missing {}", names.join(", "));
            let lines: Vec<String> = EXAMPLES
                .iter()
                .filter(|(name, _)| missing.contains(name) && !meant.contains(name))
                .map(|(_, line)| format!("`{line}`"))
                .collect();
            let help = format!("add {}", lines.join(", "));
            remarks.push(Remark::error(code::MISSING, at, message).help(help));
        }
    }

    fn read<T>(&mut self, entry: &'t Entry, read: impl FnOnce(&'t Node) -> Result<T, Remark>) -> Option<T> {
        match entry.value.value {
            Value::Refused => return None,
            Value::Empty => {
                let message = format!("`{}` has no value", entry.key);
                let help =
                    "write its value behind the colon, or leave the line out where the field is optional";
                self.remarks.push(Remark::error(code::MISSING, entry.key_span.clone(), message).help(help));
                return None;
            }
            _ => {}
        }
        match read(&entry.value) {
            Ok(value) => Some(value),
            Err(remark) => {
                self.remarks.push(remark);
                None
            }
        }
    }

    fn unknown(&mut self, entry: &Entry, known: &'static [&'static str]) {
        let is_size = SIZES.contains(&entry.key.as_str());
        let meant = OTHER_NAMES
            .iter()
            .find(|(other, name)| *other == entry.key && known.contains(name))
            .map(|(_, name)| *name)
            .or_else(|| nearest(&entry.key, known))
            .filter(|name| self.entry(name).is_none() && !is_size);
        let allowed = known.join(", ");
        let help = match meant {
            Some(name) => format!("did you mean `{name}`? Allowed here: {allowed}"),
            None if is_size && known.contains(&"max_quantity") => {
                format!("the size follows from the risk; `max_quantity` caps it. Allowed here: {allowed}")
            }
            None => format!("allowed here: {allowed}"),
        };
        let message = format!("{} has no field `{}`", self.what, shown(&entry.key));
        let mut remark = Remark::error(code::UNKNOWN_KEY, entry.key_span.clone(), message).help(help);
        if let Some(name) = meant {
            self.meant.push(name);
            remark = remark.label(format!("did you mean `{name}`?"));
        }
        self.remarks.push(remark);
    }
}
