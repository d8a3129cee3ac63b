//! `--faults FILE` and `--fault-seed N`: what goes wrong at a simulated gateway.

use super::args::FaultArgs;
use super::code::{Code, Fail};
use crate::gateway::faults::{Fault, FaultFileError, FaultProblem, Seed, load_faults};

/// The most problems of a file that are told; the rest is counted.
const PROBLEMS_TOLD_MAX: usize = 20;

/// The faults of the file, if there is one. Refuses with all that is wrong with it.
pub(super) fn load(args: &FaultArgs) -> Result<Vec<Fault>, Fail> {
    let Some(file) = &args.faults else { return Ok(Vec::new()) };
    load_faults(file).map_err(|error| match &error {
        FaultFileError::Missing { .. } => {
            Fail::new(Code::Usage, error).help("--faults takes a YAML file; look at the path")
        }
        FaultFileError::Unreadable { .. } => {
            Fail::new(Code::Usage, error).help("give a file that can be read")
        }
        FaultFileError::TooLong { .. } => Fail::new(Code::Configuration, error).help("split it up"),
        FaultFileError::Malformed { problems, .. } => {
            let told = problems.iter().take(PROBLEMS_TOLD_MAX).map(|problem| row(file, problem));
            let mut text = told.collect::<Vec<_>>().join("\n");
            if problems.len() > PROBLEMS_TOLD_MAX {
                text.push_str(&format!("\n... and {} more", problems.len() - PROBLEMS_TOLD_MAX));
            }
            Fail::rendered(Code::Configuration, text)
        }
    })
}

fn row(file: &str, problem: &FaultProblem) -> String {
    let FaultProblem { line, column, what, help } = problem;
    format!("error: {what}\n --> {file}:{line}:{column}\n  = help: {help}")
}

/// The seed, if there is one.
pub(super) fn seed(args: &FaultArgs) -> Result<Option<Seed>, Fail> {
    let Some(number) = args.fault_seed else { return Ok(None) };
    let Some(rate) = &args.fault_rate else { return Ok(Some(Seed::new(number))) };
    match rate.trim_end_matches('%').parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Some(Seed { number, percent })),
        _ => Err(Fail::new(Code::Usage, format_args!("--fault-rate {rate}: not a percentage"))
            .help("write a number from 0 to 100, like --fault-rate 0.5")),
    }
}
