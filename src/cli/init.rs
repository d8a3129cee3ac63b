//! `prusik init`: a directory with all that is needed, and examples that work without a network.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::code::{Code, Fail};
use super::home::Home;
use super::out;
use crate::config::{FILE_NAME, default_yaml};

/// Plans that trade the bundled bars.
const EXAMPLES: [(&str, &str); 2] = [
    ("aapl.yaml", include_str!("../../plans/aapl.yaml")),
    ("msft.yaml", include_str!("../../plans/msft.yaml")),
];

/// Makes or completes a directory.
pub(super) fn run(dir: &Path) -> Result<Code, Fail> {
    let mut done = Done::default();
    done.folder(dir)?;
    done.file(&dir.join(FILE_NAME), &default_yaml())?;
    let home = Home::at(dir)?;
    let paths = home.config()?.paths;
    let plans = home.join(&paths.plans);
    let examples = !plans.exists();
    done.folder(&plans)?;
    if examples {
        for (name, text) in EXAMPLES {
            done.file(&plans.join(name), text)?;
        }
    }
    done.folder(&home.join(&paths.scripts))?;
    done.folder(&home.join(&paths.state))?;
    out::answer(&format!("{}\n\n{}", done.lines.join("\n"), next(dir, &plans)))?;
    Ok(Code::Done)
}

fn next(dir: &Path, plans: &Path) -> String {
    let flag = if dir == Path::new(".") { String::new() } else { format!(" --dir {}", dir.display()) };
    format!(
        "Next:\n  \
         prusik check{flag}\n  \
         prusik run{flag} --speed max --exit-at-end    paper trading on bundled bars, no network\n  \
         prusik trades{flag}\n\n\
         Then drop your own plans into {}/ while it runs.",
        plans.display()
    )
}

/// What was made, line by line.
#[derive(Default)]
struct Done {
    lines: Vec<String>,
}

impl Done {
    fn folder(&mut self, path: &Path) -> Result<(), Fail> {
        if !path.is_dir() {
            fs::create_dir_all(path).map_err(|error| refused(path, &error))?;
            self.lines.push(format!("made {}/", path.display()));
        }
        Ok(())
    }

    /// Writes a file that is not there; one that is stays as it is.
    fn file(&mut self, path: &Path, text: &str) -> Result<(), Fail> {
        match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes()).map_err(|error| refused(path, &error))?;
                self.lines.push(format!("made {}", path.display()));
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.lines.push(format!("kept {}", path.display()));
                Ok(())
            }
            Err(error) => Err(refused(path, &error)),
        }
    }
}

fn refused(path: &Path, error: &io::Error) -> Fail {
    Fail::new(Code::Failed, format_args!("cannot make {}: {error}", path.display()))
        .help("give a directory that can be written")
}
