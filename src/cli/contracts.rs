//! `--contracts FILE`: what the symbols of a simulated market trade as.

use std::path::{Path, PathBuf};

use crate::gateway::{Catalogue, CatalogueError, CatalogueProblem};

use super::code::{Code, Fail};

/// The most problems of one file that are told; the rest is counted.
const PROBLEMS_TOLD_MAX: usize = 20;

/// The built-in catalogue with what the files add, one after the other. Refuses with the first file that cannot be
/// used, and all that is wrong with it.
pub(super) fn load(files: &[PathBuf]) -> Result<Catalogue, Fail> {
    let mut catalogue = Catalogue::default();
    for file in files {
        catalogue = catalogue.with_file(file).map_err(|error| refused(file, &error))?;
    }
    Ok(catalogue)
}

fn refused(file: &Path, error: &CatalogueError) -> Fail {
    match error {
        CatalogueError::Missing { .. } => {
            Fail::new(Code::Usage, error).help("--contracts takes a YAML file; look at the path")
        }
        CatalogueError::Unreadable { .. } => {
            Fail::new(Code::Usage, error).help("give a file that can be read")
        }
        CatalogueError::Malformed { problems, .. } => {
            let told = problems.iter().take(PROBLEMS_TOLD_MAX).map(|problem| row(file, problem));
            let mut text = told.collect::<Vec<_>>().join("\n");
            if problems.len() > PROBLEMS_TOLD_MAX {
                text.push_str(&format!("\n... and {} more", problems.len() - PROBLEMS_TOLD_MAX));
            }
            Fail::rendered(Code::Configuration, text)
        }
    }
}

fn row(file: &Path, problem: &CatalogueProblem) -> String {
    let CatalogueProblem { line, column, what, help } = problem;
    format!("error: {what}\n --> {}:{line}:{column}\n  = help: {help}", file.display())
}
