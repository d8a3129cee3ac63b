//! How a command ends: the exit codes, and what is said when it did not do what was asked.

use std::process::ExitCode;

/// The exit codes. The same number always means the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// Done.
    Done,
    /// It was tried and failed.
    Failed,
    /// The command line is wrong.
    Usage,
    /// The broker or a service cannot be reached, or an address cannot be listened on.
    Unreachable,
    /// Not now: something else is at work there.
    TryAgain,
    /// A safety rule refused.
    Refused,
    /// A plan, a rule, the configuration or a file of bars is bad.
    Configuration,
}

impl Code {
    /// The number the system is told.
    pub(super) fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Code::Done => 0,
            Code::Failed => 1,
            Code::Usage => 2,
            Code::Unreachable => 69,
            Code::TryAgain => 75,
            Code::Refused => 77,
            Code::Configuration => 78,
        })
    }
}

/// Why a command did not do what was asked, and the way out.
#[derive(Debug)]
pub(super) struct Fail {
    pub(super) code: Code,
    /// What people read; problems that show their source come as they are.
    text: String,
}

impl Fail {
    /// One sentence, told as an error.
    pub(super) fn new(code: Code, message: impl std::fmt::Display) -> Fail {
        Fail { code, text: format!("error: {message}") }
    }

    /// A text that says itself what it is.
    pub(super) fn rendered(code: Code, text: String) -> Fail {
        Fail { code, text }
    }

    /// The same, with the way out.
    pub(super) fn help(self, help: &str) -> Fail {
        Fail { text: format!("{}\n  = help: {help}", self.text), ..self }
    }

    /// What people read.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}
