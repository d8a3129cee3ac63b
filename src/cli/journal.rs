//! `prusik journal verify`: whether the journal is what was written.

use std::path::PathBuf;

use serde::Serialize;

use super::args::ListArgs;
use super::code::{Code, Fail};
use super::home::Home;
use super::out;
use crate::tracker::{self, JOURNAL_FILE, JournalError, Report};

/// A verification in JSON.
#[derive(Debug, Serialize)]
struct Answer {
    ok: bool,
    rows: u64,
    head: Option<String>,
    problem: Option<String>,
}

/// Verifies, and says what was found.
pub(super) fn verify(home: &Home, args: &ListArgs) -> Result<Code, Fail> {
    let path = path(home)?;
    let Report { rows, head, problem } = tracker::verify(&path).map_err(|error| refused(&error))?;
    let head = head.map(|hash| hash.to_string());
    let problem = problem.map(|flaw| flaw.to_string());
    let code = if problem.is_none() { Code::Done } else { Code::Failed };
    if args.json {
        out::document(&Answer { ok: problem.is_none(), rows, head, problem })?;
        return Ok(code);
    }
    match (problem, head) {
        (None, head) => out::answer(&format!("ok: {rows} rows, head {}", head.unwrap_or_default()))?,
        (Some(problem), _) => {
            out::answer(&format!("bad: {problem}\n{rows} rows before it are as they were written"))?;
        }
    }
    Ok(code)
}

/// Where the directory's journal is, or would be.
pub(super) fn path(home: &Home) -> Result<PathBuf, Fail> {
    Ok(home.join(home.config()?.paths.state).join(JOURNAL_FILE))
}

/// Why the journal tells nothing.
pub(super) fn refused(error: &JournalError) -> Fail {
    let fail = Fail::new(Code::Failed, error);
    match error {
        JournalError::Bad { .. } => {
            fail.help("`prusik journal verify` tells how far it can be trusted; nothing was changed")
        }
        JournalError::Absent { .. } => fail.help("`prusik run` begins one; --dir names another directory"),
        _ => fail,
    }
}
