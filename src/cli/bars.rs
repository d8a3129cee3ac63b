//! `--bars SYMBOL=FILE`: which bars a simulated market trades.

use crate::domain::ids::Symbol;
use crate::gateway::{BarProblem, LoadError, SourceBar, load_bars};

use super::code::{Code, Fail};

/// The most problems of one file that are told; the rest is counted.
const PROBLEMS_TOLD_MAX: usize = 20;

/// A market's symbols, each with its bars, oldest first.
pub(super) type Bars = Vec<(String, Vec<SourceBar>)>;

/// Reads every file. Refuses with the first that cannot be used, and all that is wrong with it.
pub(super) fn load(given: &[String]) -> Result<Bars, Fail> {
    let mut all: Bars = Vec::new();
    for text in given {
        let (symbol, file) = split(text)?;
        if all.iter().any(|(known, _)| known == symbol) {
            let fail = Fail::new(Code::Usage, format_args!("--bars {text}: {symbol} has bars already"));
            return Err(fail.help("give each symbol one file"));
        }
        let bars = load_bars(file).map_err(|error| refused(file, &error))?;
        all.push((symbol.to_owned(), bars));
    }
    Ok(all)
}

fn split(text: &str) -> Result<(&str, &str), Fail> {
    let wrong = |what: &str| {
        let fail = Fail::new(Code::Usage, format_args!("--bars {text}: {what}"));
        Err(fail.help("write it like --bars SPY=data/spy.csv"))
    };
    match text.split_once('=') {
        None => wrong("there is no `=` between symbol and file"),
        Some((symbol, _)) if Symbol::new(symbol).is_none() => {
            wrong(&format!("`{symbol}` is no symbol; symbols are upper case"))
        }
        Some((_, "")) => wrong("there is no file after the `=`"),
        Some(both) => Ok(both),
    }
}

fn refused(file: &str, error: &LoadError) -> Fail {
    match error {
        LoadError::Missing { .. } => {
            Fail::new(Code::Usage, error).help("--bars takes SYMBOL=FILE; look at the path")
        }
        LoadError::Unreadable { .. } => Fail::new(Code::Usage, error).help("give a file that can be read"),
        LoadError::Malformed { problems, .. } => {
            let told = problems.iter().take(PROBLEMS_TOLD_MAX).map(|problem| row(file, problem));
            let mut text = told.collect::<Vec<_>>().join("\n");
            if problems.len() > PROBLEMS_TOLD_MAX {
                text.push_str(&format!("\n... and {} more", problems.len() - PROBLEMS_TOLD_MAX));
            }
            Fail::rendered(Code::Configuration, text)
        }
    }
}

fn row(file: &str, problem: &BarProblem) -> String {
    let BarProblem { line, column, what, help } = problem;
    format!("error: {what}\n --> {file}:{line}:{column}\n  = help: {help}")
}
