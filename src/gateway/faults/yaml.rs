//! What is wrong with the YAML of a fault file, in words for the person who wrote it.

use super::script::FaultProblem;
use crate::yaml::{self, Budget, Extent, Flaw, FlawKind, Node, Null, Place};

const BUDGET: Budget = Budget { nodes_max: 50_000, depth_max: 8, null: Null::Nothing };

/// The one document of a text; what is wrong with it is added to `problems`.
pub(super) fn parse(text: &str, problems: &mut Vec<FaultProblem>) -> Option<Node> {
    let tree = yaml::parse(text, BUDGET);
    problems.extend(tree.flaws.iter().map(told));
    (tree.extent == Extent::Whole).then_some(tree.root)
}

/// A problem that stands at a place.
pub(super) fn problem(place: Place, what: impl Into<String>, help: impl Into<String>) -> FaultProblem {
    let Place { line, column } = place;
    FaultProblem { line, column, what: what.into(), help: help.into() }
}

fn told(flaw: &Flaw) -> FaultProblem {
    let itself = "write the value itself";
    let none = |what: &str| format!("{what}, and a fault file has none");
    let (what, help) = match &flaw.kind {
        FlawKind::Anchor(_) => (none("an anchor"), itself),
        FlawKind::Alias(_) => (none("an alias"), itself),
        FlawKind::Merge => (none("a merge key"), "write the keys themselves"),
        FlawKind::Tag(_) => (none("a tag"), itself),
        FlawKind::Directive => (none("a YAML directive"), "leave that line out"),
        FlawKind::Documents => {
            ("a second YAML document begins here".to_owned(), "keep all faults in one list")
        }
        FlawKind::BadKey => ("a key is a plain word".to_owned(), "write `name: value`"),
        FlawKind::Duplicate { key, .. } => {
            (format!("`{}` stands here twice", shown(key)), "keep one of them")
        }
        FlawKind::Tab => ("a tab in front of the line".to_owned(), "indent with spaces"),
        FlawKind::TooMany | FlawKind::TooDeep => {
            ("the file holds too much, or too deep".to_owned(), "a fault has three levels")
        }
        FlawKind::Syntax { what, .. } => (
            format!("this is not YAML: {}", shown(what)),
            "a fault is a `- ` with `name: value` lines in one column",
        ),
    };
    problem(flaw.place, what, help)
}

/// A text of a file as a message may show it: short, and nothing that would move a terminal's cursor.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
