//! What is wrong with the YAML of a catalogue, in words for the person who wrote it.

use super::CatalogueProblem;
use crate::yaml::{self, Budget, Extent, Flaw, FlawKind, Node, Null, Place};

/// Some 15 values for each contract.
const BUDGET: Budget = Budget { nodes_max: 200_000, depth_max: 12, null: Null::Nothing };

/// The one document of `text`; what is wrong is added to `problems`. None where it could not be read to its end.
pub(super) fn parse(text: &str, problems: &mut Vec<CatalogueProblem>) -> Option<Node> {
    let tree = yaml::parse(text, BUDGET);
    problems.extend(tree.flaws.iter().map(told));
    (tree.extent == Extent::Whole).then_some(tree.root)
}

/// A problem that stands at a place.
pub(super) fn problem(place: Place, what: impl Into<String>, help: impl Into<String>) -> CatalogueProblem {
    let Place { line, column } = place;
    CatalogueProblem { line: line.into(), column: column.into(), what: what.into(), help: help.into() }
}

fn told(flaw: &Flaw) -> CatalogueProblem {
    let none = |what: &str| format!("{what}, and a catalogue has none");
    let (what, help) = match &flaw.kind {
        FlawKind::Anchor(_) => (none("an anchor"), "leave it out"),
        FlawKind::Alias(_) => (none("an alias"), "write the value itself"),
        FlawKind::Merge => (none("a merge key"), "write the keys themselves"),
        FlawKind::Tag(_) => (none("a YAML tag"), "leave the tag out"),
        FlawKind::Directive => (none("a YAML directive"), "leave that line out"),
        FlawKind::Documents => ("a second YAML document begins here".to_owned(), "write all of it in one"),
        FlawKind::BadKey => ("a key is a plain word".to_owned(), "write `name: value`"),
        FlawKind::Duplicate { key, .. } => (format!("`{key}` stands here twice"), "keep one of them"),
        FlawKind::Tab => ("a tab in front of the line".to_owned(), "indent with spaces"),
        FlawKind::TooMany => {
            let what = format!("the file holds more than {} values", BUDGET.nodes_max);
            (what, "spread it over several files")
        }
        FlawKind::TooDeep => {
            let what = format!("the file is nested more than {} levels deep", BUDGET.depth_max);
            (what, "a catalogue needs five; look for brackets that are not closed")
        }
        FlawKind::Syntax { what, .. } => (
            format!("this is not YAML: {what}"),
            "indent with spaces, the keys of one entry by the same depth",
        ),
    };
    problem(flaw.place, what, help)
}
