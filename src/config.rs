//! `prusik.yaml`, the environment and the flags: what each adapter is told. Live or paper is chosen here only.
//!
//! Flags go before the environment (`PRUSIK_<SECTION>_<KEY>`), that before `prusik.yaml`, that before the defaults.
//! Every key may be left out; what cannot be read is refused, all of it at once, with its place and the way out.
//! Secrets have no key here: a webhook's URL comes from the environment alone and never passes through this module.

use std::fmt;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rust_decimal::Decimal;

use crate::domain::plan::{Problem, Severity};
use crate::domain::risk::Limits;

mod keys;

mod yaml;

mod report;

mod reading;

#[cfg(feature = "cli")]
mod first;

pub mod code;

#[cfg(feature = "cli")]
pub use first::default_yaml;

use report::{Text, without_source};

/// The file's name in prusik's directory.
pub const FILE_NAME: &str = "prusik.yaml";
/// The largest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// What every variable of ours starts with.
const ENVIRONMENT_PREFIX: &str = "PRUSIK_";
/// Everything that can be configured, checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// `mode`: `paper`, the default and the only one yet.
    pub mode: Mode,
    /// Section `risk`. In percent of the account, above 0 and at most 100: `small_risk_percent` (1),
    /// `normal_risk_percent` (2), `large_risk_percent` (3), `portfolio_risk_percent` (10); above 0 and at most 1000:
    /// `order_value_percent` (200). In shares, 1 to 1,000,000: `order_shares` (10,000).
    pub limits: Limits,
    /// Section `broker`.
    pub broker: Broker,
    /// Section `paper`.
    pub paper: Paper,
    /// Section `paths`.
    pub paths: Paths,
}

impl Config {
    /// Every key by its path (`risk.order_shares`) with its value in force as it would be written; `None` where it
    /// is absent. In the order of the file.
    pub fn values(&self) -> Vec<(&'static str, Option<String>)> {
        keys::KEYS.iter().map(|key| (key.path, (key.show)(self))).collect()
    }
}

/// Whether orders reach a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Nothing is real. Live trading does not exist yet.
    #[default]
    Paper,
}

/// Where the broker is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// `connect`: host:port of a TWS, an IB Gateway or a simulated one; absent (the default) for the gateway inside
    /// this program. A host other than this machine needs `allow_remote_gateway`.
    pub connect: Option<Address>,
    /// `client_id`: the number this program has at the gateway, 1 to 999,999; 1 unless told otherwise. 0 is refused:
    /// orders placed by hand would be bound to us.
    pub client_id: i32,
    /// `allow_remote_gateway`: true or false (the default). Whoever reaches the gateway's port controls the account.
    pub allow_remote_gateway: bool,
}

impl Default for Broker {
    fn default() -> Broker {
        Broker { connect: None, client_id: 1, allow_remote_gateway: false }
    }
}

/// The simulated market and account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// `cash_usd`: what the account starts with, in US dollars, above 0 and at most 1,000,000,000; 100,000 unless
    /// told otherwise.
    pub cash: Decimal,
    /// `speed`: how many times as fast as the clock on the wall market time runs; 60 unless told otherwise.
    pub speed: Speed,
}

impl Default for Paper {
    fn default() -> Paper {
        Paper { cash: Decimal::from(100_000), speed: Speed::Times(60) }
    }
}

/// How fast market time runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speed {
    /// So many times as fast as the clock on the wall, 1 to 1,000,000.
    Times(u32),
    /// As fast as this program can follow.
    Max,
}

/// Where files are. Relative ones are meant from prusik's directory: `dir.join(&paths.plans)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// `plans`: the folder of the plan files; `plans` unless told otherwise.
    pub plans: PathBuf,
    /// `scripts`: the folder of the rules; `scripts` unless told otherwise.
    pub scripts: PathBuf,
    /// `state`: the folder of the journal; `state` unless told otherwise.
    pub state: PathBuf,
}

impl Default for Paths {
    fn default() -> Paths {
        Paths { plans: "plans".into(), scripts: "scripts".into(), state: "state".into() }
    }
}

/// A host and a port: `127.0.0.1:4002`, `localhost:7497`, `[::1]:4002`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// The address of a text; `None` where it is no host, a colon and a port from 1 to 65535.
    pub fn parse(text: &str) -> Option<Address> {
        let (host, port) = text.rsplit_once(':')?;
        let port: u16 = port.parse().ok().filter(|port| *port > 0)?;
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bracketed {
            Some(host) => host.parse::<std::net::Ipv6Addr>().ok()?.to_string(),
            None => host.to_owned(),
        };
        let named = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
        (!host.is_empty() && (named || bracketed.is_some())).then_some(Address { host, port })
    }

    /// The host's name or number, an IPv6 number without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Address { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// What was said on the command line, as it was said; checked like everything else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flags {
    /// `paper` for `--paper`, `live` for `--live`.
    pub mode: Option<String>,
    /// `--connect HOST:PORT`.
    pub connect: Option<String>,
    /// `--client-id N`.
    pub client_id: Option<String>,
    /// `--allow-remote-gateway`: `true`.
    pub allow_remote_gateway: Option<String>,
    /// `--cash N`.
    pub cash: Option<String>,
    /// `--speed N|max`.
    pub speed: Option<String>,
}

impl Flags {
    /// Each flag that was given: its spelling, the key it stands for, its value.
    fn given(&self) -> Vec<(&'static str, &'static str, &str)> {
        let Flags { mode, connect, client_id, allow_remote_gateway, cash, speed } = self;
        let mode_flag = if mode.as_deref() == Some("live") { "--live" } else { "--paper" };
        let all = [
            (mode_flag, "mode", mode),
            ("--connect", "broker.connect", connect),
            ("--client-id", "broker.client_id", client_id),
            ("--allow-remote-gateway", "broker.allow_remote_gateway", allow_remote_gateway),
            ("--cash", "paper.cash_usd", cash),
            ("--speed", "paper.speed", speed),
        ];
        all.into_iter().filter_map(|(flag, key, value)| Some((flag, key, value.as_deref()?))).collect()
    }
}

/// A configuration that can be used, and what is to be said about it all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Warnings and notes; no errors.
    pub remarks: Vec<Problem>,
}

/// Reads `prusik.yaml` in `dir` and the environment of this process. A missing file means defaults.
pub fn load(dir: &Path, flags: &Flags) -> Result<Loaded, Vec<Problem>> {
    let path = dir.join(FILE_NAME);
    let file = path.display().to_string();
    let text = text_of(&path).map_err(|what| {
        vec![without_source(
            code::UNREADABLE,
            Severity::Error,
            &file,
            what,
            "make it a readable text file of at most 64 KiB",
        )]
    })?;
    let environment: Vec<(String, String)> = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .collect();
    read(&file, text.as_deref(), &environment, flags)
}

fn text_of(path: &Path) -> Result<Option<String>, String> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("the file cannot be opened: {error}")),
    };
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("the file cannot be read: {error}"))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("the file is larger than {} KiB", FILE_BYTES_MAX / 1024));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| "the file is not UTF-8 text".into())
}

/// The configuration of a file's text (`None`: no file), an environment and flags; or every problem at once.
pub fn read(
    file: &str,
    text: Option<&str>,
    environment: &[(String, String)],
    flags: &Flags,
) -> Result<Loaded, Vec<Problem>> {
    let text = Text::new(file, text.unwrap_or(""));
    let (config, mut problems) = reading::layered(&text, environment, flags);
    // As the file reads; what stands outside it comes after it, in the order of its layers.
    problems.sort_by_key(|problem| (problem.line == 0, problem.line, problem.column));
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        Err(problems)
    } else {
        Ok(Loaded { config, remarks: problems })
    }
}

#[cfg(test)]
#[path = "config/tests.rs"]
mod tests;
