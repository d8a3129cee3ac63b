//! prusik's directory on the command line: `--dir`, else `PRUSIK_DIR`, else where we stand.

use std::path::{Path, PathBuf};

use super::code::{Code, Fail};
use super::problems;
use crate::config::{self, Config, Flags, Loaded};

/// The variable that names the directory where `--dir` does not.
const ENVIRONMENT: &str = "PRUSIK_DIR";

/// A directory that is there. The one we stand in has an empty path, so that its files are told without `./`.
pub(super) struct Home(PathBuf);

impl Home {
    /// The directory that was asked for, whether it is there or not.
    pub(super) fn asked(dir: Option<PathBuf>) -> PathBuf {
        let from_environment =
            || std::env::var_os(ENVIRONMENT).filter(|dir| !dir.is_empty()).map(PathBuf::from);
        dir.or_else(from_environment).unwrap_or_else(|| ".".into())
    }

    /// The directory that was asked for. Refuses one that is not there.
    pub(super) fn find(dir: Option<PathBuf>) -> Result<Home, Fail> {
        Home::at(&Home::asked(dir))
    }

    /// As [`Home::find`], of a path.
    pub(super) fn at(dir: &Path) -> Result<Home, Fail> {
        if !dir.is_dir() {
            let what = if dir.exists() { "is not a directory" } else { "does not exist" };
            let fail = Fail::new(Code::Usage, format_args!("{} {what}", dir.display()));
            return Err(fail.help("`prusik init DIR` makes a directory with all that is needed"));
        }
        Ok(Home(if dir == Path::new(".") { PathBuf::new() } else { dir.to_owned() }))
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// A path below it, unless it is absolute.
    pub(super) fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.0.join(path)
    }

    /// The configuration in force without flags.
    pub(super) fn config(&self) -> Result<Config, Fail> {
        self.load(&Flags::default()).map(|loaded| loaded.config)
    }

    /// The configuration in force, with what is to be said about it. Refuses with everything that is wrong; a flag
    /// that is wrong is a wrong command line, and one that asks for too much is refused.
    pub(super) fn load(&self, flags: &Flags) -> Result<Loaded, Fail> {
        config::load(self.path(), flags).map_err(|found| {
            let said_on_the_line = |file: &str| file.starts_with("--");
            let errors = || found.iter().filter(|problem| problems::is_error(problem));
            let code = if errors().any(|problem| !said_on_the_line(&problem.file)) {
                Code::Configuration
            } else if errors().all(|problem| problem.code == config::code::REMOTE_GATEWAY) {
                Code::Refused
            } else {
                Code::Usage
            };
            Fail::rendered(code, problems::rendered(&found))
        })
    }
}
