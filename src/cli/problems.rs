//! Problems of plans, rules and the configuration, as people and programs read them.

use serde::Serialize;

use crate::domain::plan::{Problem, Severity};

/// A problem in JSON.
#[derive(Debug, Serialize)]
pub(super) struct Row<'a> {
    code: &'a str,
    severity: &'static str,
    file: &'a str,
    line: Option<u32>,
    column: Option<u32>,
    message: &'a str,
    help: Option<&'a str>,
}

impl<'a> Row<'a> {
    /// Line and column are absent where the whole file, or the whole line, is meant.
    pub(super) fn of(problem: &'a Problem) -> Row<'a> {
        let Problem { code, severity, file, line, column, message, help, rendered: _ } = problem;
        let placed = |number: u32| (number > 0).then_some(number);
        Row {
            code,
            severity: severity.word(),
            file,
            line: placed(*line),
            column: placed(*column),
            message,
            help: help.as_deref(),
        }
    }
}

/// Whether a problem stands in the way.
pub(super) fn is_error(problem: &Problem) -> bool {
    problem.severity == Severity::Error
}

/// All of them, with their source where there is one, a line of air between two.
pub(super) fn rendered(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n\n")
}

/// Remarks on the configuration, on the log.
pub(super) fn log(problems: &[Problem]) {
    for problem in problems {
        let text = problem.to_string();
        match problem.severity {
            Severity::Error => tracing::error!("{text}"),
            Severity::Warning => tracing::warn!("{text}"),
            Severity::Note => tracing::info!("{text}"),
        }
    }
}
