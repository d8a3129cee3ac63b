//! What is wrong with the YAML of a configuration, in words for the person who wrote it.

use crate::domain::plan::Problem;
use crate::yaml::{self, Budget, Entry, Flaw, FlawKind, Null, Value};

use super::code;
use super::report::{Text, shown};

const BUDGET: Budget = Budget { nodes_max: 2_000, depth_max: 12, null: Null::Nothing };

/// The entries of the one document. What is wrong is added to `problems`; what could be read comes back even then.
pub(super) fn parse(text: &Text, problems: &mut Vec<Problem>) -> Vec<Entry> {
    let tree = yaml::parse(text.as_str(), BUDGET);
    problems.extend(tree.flaws.iter().map(|flaw| problem(text, flaw)));
    match tree.root.value {
        Value::Map(entries) => return entries,
        Value::Empty | Value::Refused => {}
        Value::Plain(_) | Value::Quoted(_) | Value::List(_) => {
            let help = "write `name: value` on lines of their own";
            problems.push(text.problem(
                code::WRONG_TYPE,
                &tree.root.span,
                "the file holds no keys".to_owned(),
                help,
            ));
        }
    }
    Vec::new()
}

fn problem(text: &Text, flaw: &Flaw) -> Problem {
    let itself = "write the value itself";
    let few = "a configuration is one document with a few sections";
    let none = |what: &str| format!("{what}, and a configuration has none");
    let (code, message, help) = match &flaw.kind {
        FlawKind::Anchor(_) => (code::UNWANTED_YAML, none("an anchor"), itself),
        FlawKind::Alias(_) => (code::UNWANTED_YAML, none("an alias"), itself),
        FlawKind::Merge => (code::UNWANTED_YAML, none("a merge key"), itself),
        FlawKind::Tag(_) => (code::UNWANTED_YAML, none("a YAML tag"), itself),
        FlawKind::Directive => (code::UNWANTED_YAML, none("a YAML directive"), "leave that line out"),
        FlawKind::Documents => (code::UNWANTED_YAML, "a second YAML document begins here".to_owned(), few),
        FlawKind::TooMany => {
            let message = format!("the file holds more than {} keys and values", BUDGET.nodes_max);
            (code::UNWANTED_YAML, message, few)
        }
        FlawKind::TooDeep => {
            let message = format!("the file is nested more than {} levels deep", BUDGET.depth_max);
            (code::UNWANTED_YAML, message, few)
        }
        FlawKind::BadKey => (code::WRONG_TYPE, "a key is a plain word".to_owned(), "write `name: value`"),
        FlawKind::Duplicate { key, .. } => {
            (code::DUPLICATE_KEY, format!("`{}` stands here twice", shown(key)), "keep one of them")
        }
        FlawKind::Tab => (code::SYNTAX, "a tab in front of the line".to_owned(), "indent with spaces"),
        FlawKind::Syntax { what, .. } => {
            let help = "every line is `name: value`; the keys of a section are indented with spaces by the same depth";
            (code::SYNTAX, format!("this is not YAML: {}", shown(what)), help)
        }
    };
    text.problem(code, &flaw.at, message, help)
}
