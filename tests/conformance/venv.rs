//! The virtual environment with IBKR's Python client: made once beside the build, never part of the sources.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::process::{Told, bounded};

/// IBKR's client as it is published, and the protobuf it was generated for.
const PACKAGES: [&str; 2] = ["nautilus-ibapi==10.46.1", "protobuf>=5.29,<6"];
/// The first Python that IBKR's client runs on: older ones cannot call its decoders.
const PYTHON_MIN: &str = "(3, 10)";
/// Longer than making the environment and filling it takes where PyPI answers.
const MAKE_PATIENCE: Duration = Duration::from_secs(120);
const FILL_PATIENCE: Duration = Duration::from_secs(300);
/// What pip says where it did not get through to PyPI.
const UNREACHED: [&str; 5] =
    ["connection broken by", "NewConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ProxyError"];

/// The Python that has IBKR's client.
pub(crate) struct Python(PathBuf);

impl Python {
    /// A call of it that is ready to be made; it leaves nothing beside the scripts.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.0);
        command.arg("-B").env("PYTHONPATH", crate::scripts()).env("PYTHONUNBUFFERED", "1");
        command.env_remove("PYTHONHOME");
        command
    }
}

/// The Python with IBKR's client. None, with a line that nobody overlooks, where PyPI or Python itself is out of reach:
/// then `unproven` is not proven. An environment that was made and does not work is a failure.
pub(crate) fn python(unproven: &str) -> Option<Python> {
    static MADE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match MADE.get_or_init(|| make(Path::new(env!("CARGO_TARGET_TMPDIR")))) {
        Ok(python) => Some(Python(python.clone())),
        Err(why) => {
            // A test's own words are shown only when it fails; this is said past the capture.
            let line = format!("SKIPPED: `{unproven}` is NOT PROVEN with IBKR's Python client: {why}\n");
            let _ = std::io::stderr().write_all(line.as_bytes());
            None
        }
    }
}

fn make(folder: &Path) -> Result<PathBuf, String> {
    fs::create_dir_all(folder).expect("the folder of the build");
    let lock = File::create(folder.join("conformance-venv.lock")).expect("a lock to make");
    // Another run of the tests may be making it; the lock goes with the file.
    lock.lock().expect("the lock");
    let venv = folder.join("conformance-venv");
    let python = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let (made, whole) = (venv.join("made-of"), PACKAGES.join("\n"));
    if fs::read_to_string(&made).is_ok_and(|text| text == whole) {
        return Ok(python);
    }
    if venv.exists() {
        fs::remove_dir_all(&venv).expect("an unfinished environment goes");
    }
    let system = system_python().ok_or("there is no python3 of 3.10 or later here")?;
    let told = bounded(Command::new(system).args(["-m", "venv"]).arg(&venv), MAKE_PATIENCE);
    if told.code != Some(0) {
        let said = format!("{}{}", told.out, told.err);
        if said.contains("ensurepip is not") || said.contains("No module named venv") {
            return Err(format!("{system} makes no virtual environments here (install python3-venv)"));
        }
        panic!("{system} -m venv: {:?}\n{said}", told.code);
    }
    fill(&python)?;
    fs::write(&made, whole).expect("a file to write");
    Ok(python)
}

fn system_python() -> Option<&'static str> {
    let asks = format!("import sys; sys.exit(sys.version_info < {PYTHON_MIN})");
    ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"].into_iter().find(
        |name| Command::new(name).args(["-c", &asks]).output().is_ok_and(|output| output.status.success()),
    )
}

fn fill(python: &Path) -> Result<(), String> {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input"]);
    pip.args(["--retries", "2", "--timeout", "20"]).args(PACKAGES);
    let Told { code, out, err } = bounded(&mut pip, FILL_PATIENCE);
    match code {
        Some(0) => {}
        None => return Err(format!("pip did not end within {} s", FILL_PATIENCE.as_secs())),
        Some(_) if UNREACHED.iter().any(|words| err.contains(words)) => {
            let said = err.lines().find(|line| UNREACHED.iter().any(|words| line.contains(words)));
            let said = said.and_then(|line| line.rsplit("connection broken by ").next()).unwrap_or_default();
            return Err(format!("PyPI cannot be reached: {said}"));
        }
        Some(code) => panic!("pip install {PACKAGES:?}: exit code {code}\n{out}{err}"),
    }
    let asks = "import ibapi.client, ibapi.wrapper, google.protobuf, importlib.metadata as m; \
                print(m.version('nautilus-ibapi'), m.version('protobuf'))";
    let told = bounded(Command::new(python).args(["-c", asks]), MAKE_PATIENCE);
    assert!(
        told.code == Some(0) && told.out.starts_with("10.46.1 5."),
        "IBKR's client is installed and does not work: {:?}\n{}{}",
        told.code,
        told.out,
        told.err
    );
    Ok(())
}
