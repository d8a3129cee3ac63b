//! The command line: arguments in, one command carried out, an exit code out. Nothing else in this package prints.
//!
//! One file per family of commands. What a command answers goes to stdout, everything about the way there to stderr;
//! see `out`. Exit codes are in `code`.

mod args;
mod code;
mod contracts;
mod out;

mod amount;
mod bars;
mod home;
mod log;
mod problems;
mod signals;

mod check;
mod faults;
mod gateway;
mod init;
mod journal;
mod listing;
mod run;
mod size;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command, JournalCommand};
use code::{Code, Fail};
use home::Home;

/// Carries out the command line of this process: its name first, then its arguments.
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(said) => {
            // Help and version are asked for and go to stdout. A closed pipe has read enough.
            let _ = said.print();
            return if said.use_stderr() { Code::Usage } else { Code::Done }.exit_code();
        }
    };
    let code = carry_out(arguments).unwrap_or_else(|fail| {
        out::remark(fail.text());
        fail.code
    });
    code.exit_code()
}

fn carry_out(Arguments { dir, command }: Arguments) -> Result<Code, Fail> {
    match command {
        Command::Init(args) => init::run(&Home::asked(args.target.or(dir))),
        Command::Run(args) => run::run(&Home::find(dir)?, &args),
        Command::Gateway(args) => gateway::run(&Home::find(dir)?, &args),
        Command::Check(args) => check::run(&Home::find(dir)?, &args),
        Command::Size(args) => size::run(&Home::find(dir)?, &args),
        Command::Orders(args) => listing::orders(&Home::find(dir)?, &args),
        Command::Trades(args) => listing::trades(&Home::find(dir)?, &args),
        Command::Journal(JournalCommand::Verify(args)) => journal::verify(&Home::find(dir)?, &args),
    }
}
