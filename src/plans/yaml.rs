//! What is wrong with the YAML of a plan file, in words for the person who wrote it.

use crate::yaml::{self, Budget, Extent, Flaw, FlawKind, Node, Null, Remedy};

use super::code;
use super::source::{Remark, shown};

const BUDGET: Budget = Budget { nodes_max: 2_000, depth_max: 12, null: Null::Word };
/// Tabs that are told one by one.
const TABS_TOLD_MAX: usize = 20;

/// The one document of `text`. What is wrong with it is added to `remarks`; a tree comes back even then, unless the
/// text cannot be read to its end.
pub(super) fn parse(text: &str, remarks: &mut Vec<Remark>) -> Option<Node> {
    let tree = yaml::parse(text, BUDGET);
    let is_tab = |flaw: &&Flaw| matches!(flaw.kind, FlawKind::Tab);
    let (tabs, others): (Vec<_>, Vec<_>) = tree.flaws.iter().partition(is_tab);
    remarks.extend(others.into_iter().chain(tabs.into_iter().take(TABS_TOLD_MAX)).map(remark));
    (tree.extent == Extent::Whole).then_some(tree.root)
}

fn remark(flaw: &Flaw) -> Remark {
    let at = flaw.at.clone();
    match &flaw.kind {
        FlawKind::Anchor(name) => no_alias(flaw, format!("`&{}` is an anchor", shown(name))),
        FlawKind::Alias(alias) => no_alias(flaw, format!("`{}` is an alias", shown(alias))),
        FlawKind::Merge => no_alias(flaw, "`<<` merges one mapping into another".to_owned()),
        FlawKind::Tag(tag) => {
            Remark::error(code::TAG, at, format!("`{}` is a YAML tag, and plans have none", shown(tag)))
                .help("leave the tag out; put a text in quotes where it could be taken for something else")
        }
        FlawKind::Directive => Remark::error(code::TAG, at, "YAML directives are refused")
            .help("leave out the line that begins with %"),
        FlawKind::Documents => Remark::error(code::DOCUMENTS, at, "a second YAML document begins here")
            .help("write several plans of one file as a list: every plan begins with `- plan_id: …`"),
        FlawKind::BadKey => {
            Remark::error(code::BAD_KEY, at, "a key is a plain word").help("write `name: value`")
        }
        FlawKind::Duplicate { key, first } => {
            Remark::error(code::DUPLICATE_KEY, at, format!("`{}` stands here twice", shown(key)))
                .label("a second time")
                .also(first.clone(), "the first time")
                .help("keep one of them")
        }
        FlawKind::Tab => {
            Remark::error(code::TAB, at, "a tab in front of the line").help("indent with spaces")
        }
        FlawKind::TooMany => {
            over_budget(flaw, format!("the file holds more than {} values", BUDGET.nodes_max))
        }
        FlawKind::TooDeep => {
            over_budget(flaw, format!("the file is nested more than {} levels deep", BUDGET.depth_max))
        }
        FlawKind::Syntax { what, remedy } => {
            Remark::error(code::SYNTAX, at, format!("this is not YAML: {}", shown_long(what)))
                .help(syntax_help(*remedy))
        }
    }
}

fn no_alias(flaw: &Flaw, message: String) -> Remark {
    Remark::error(code::ALIAS, flaw.at.clone(), format!("{message}, and plans have none"))
        .help("write the value itself in every place where it is meant")
}

fn over_budget(flaw: &Flaw, message: String) -> Remark {
    let help = "a plan needs about 25 values on 3 levels; spread many plans over several files";
    Remark::error(code::BUDGET, flaw.at.clone(), message).label("it ends here").help(help)
}

fn syntax_help(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::CloseQuote => "close the text with the quote it began with",
        Remedy::CloseBracket => "close what was opened: every { with }, every [ with ]",
        Remedy::AlignKeys => "fields of one plan begin in one column",
        Remedy::Unknown => {
            "every line is `name: value`; fields of one plan begin in one column; a text with `: ` or ` #` in it needs quotes"
        }
    }
}

fn shown_long(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
