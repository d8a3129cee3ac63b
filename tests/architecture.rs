//! The house and its walls: who may name whom, which foreign crate stops where, who reads the clock, who prints.
//!
//! The rules are the tables below. They are held against the sources, and against small bad samples, so that a rule
//! that sees nothing does not pass for a rule that is kept.

#[path = "architecture/source.rs"]
mod source;

use std::collections::BTreeMap;
use std::path::Path;

use source::{Origin, Part, Source, Spelled, Token};

/// The longest a file may be before its tests.
const PROGRAM_LINES_MAX: usize = 500;

const ADAPTERS: [&str; 7] = ["script", "plans", "ibkr", "tracker", "gateway", "notify", "control"];

/// Everything that may stand directly below `src/`, a file or a folder of that name, and which of the others it may
/// name.
const ROWS: [(&str, &[&str]); 14] = [
    ("domain", &[]),
    // A text as a tree with places: below everything that reads files people write.
    ("yaml", &[]),
    ("script", &["domain"]),
    ("plans", &["domain", "yaml"]),
    ("ibkr", &["domain"]),
    ("tracker", &["domain"]),
    ("gateway", &["domain", "yaml"]),
    ("notify", &["domain"]),
    ("control", &["domain"]),
    ("runtime", &["domain", "script", "plans", "ibkr", "tracker", "gateway", "notify", "control"]),
    // Of all but the domain it may name the settings only, see `config_names_settings_only`.
    (
        "config",
        &["domain", "yaml", "runtime", "script", "plans", "ibkr", "tracker", "gateway", "notify", "control"],
    ),
    // Beside the runtime: `gateway` serves alone, `check` reads plans and rules, `orders`, `trades` and `journal`
    // read a journal that no runtime needs to run for, `status` and `halt` talk to one that runs, and `run` takes the
    // webhook's address from the environment.
    ("cli", &["domain", "runtime", "config", "gateway", "plans", "script", "tracker", "notify", "control"]),
    ("main", &["cli"]),
    (
        "lib",
        &[
            "domain", "runtime", "config", "cli", "script", "plans", "ibkr", "tracker", "gateway", "notify",
            "control",
        ],
    ),
];

/// Foreign crates that stop at a wall: where they may be named.
const WALLS: [(&str, &[&str]); 10] = [
    ("ibapi", &["ibkr/"]),
    ("rhai", &["script/"]),
    ("serde_saphyr", &["yaml"]),
    ("rusqlite", &["tracker/"]),
    ("prost", &["gateway/"]),
    ("notify", &["plans/"]),
    ("reqwest", &["notify/"]),
    ("clap", &["cli/", "main"]),
    ("tracing_subscriber", &["cli/", "main"]),
    ("serde_yaml", &["cli/", "config"]),
];

/// The foreign crates of the domain; of those that it may name, words that would look at the world.
const DOMAIN_CRATES: [&str; 3] = ["rust_decimal", "thiserror", "jiff"];
const WORLD: [&str; 7] = ["time", "fs", "net", "io", "env", "process", "thread"];
const DOMAIN_WORDS: [&str; 4] = ["async", "await", "HashMap", "HashSet"];

const CLOCKS: [&str; 6] = ["Instant", "SystemTime", "Timestamp", "Zoned", "Utc", "Local"];
/// Who may read a clock, and why.
const CLOCK_READERS: [(&str, &str); 3] = [
    ("runtime/clock.rs", "it is the clock"),
    ("script/thread.rs", "the deadline of a hanging rule"),
    ("ibkr/line.rs", "the pace and the timeouts of what is sent to a socket"),
];

const PRINTERS: [&str; 5] = ["println", "print", "eprintln", "eprint", "dbg"];

/// Where a rule is broken, and how.
type Finding = String;

fn found(source: &Source, line: usize, what: &str) -> Finding {
    format!("src/{}:{line}: {what}", source.file)
}

/// Every rule, over every file.
fn findings(sources: &[Source], dependencies: &[String]) -> Vec<Finding> {
    let mut all = Vec::new();
    for source in sources {
        let Some((_, may_name)) = ROWS.iter().find(|(place, _)| *place == source.place()) else {
            all.push(found(source, 1, "has no row in the table of tests/architecture.rs"));
            continue;
        };
        for part in [Part::Program, Part::Tests] {
            for path in source.paths(part) {
                all.extend(layers(source, &path, may_name));
            }
        }
        for path in source.paths(Part::Program) {
            all.extend(walls(source, &path));
            all.extend(clocks(source, &path));
            all.extend(domain_paths(source, &path, dependencies));
            all.extend(config_names_settings_only(source, &path));
            all.extend(output(source, &path));
        }
        all.extend(words(source));
        if source.program_lines > PROGRAM_LINES_MAX {
            let what =
                format!("{} lines before its tests, at most {PROGRAM_LINES_MAX}", source.program_lines);
            all.push(found(source, source.program_lines, &what));
        }
    }
    all
}

/// A path into the package stays within what its place may name.
fn layers(source: &Source, path: &Spelled, may_name: &[&str]) -> Option<Finding> {
    let by_own_name = source.place() == "main" && path.words.first().is_some_and(|word| word == "prusik");
    if path.from == Origin::Anywhere && !by_own_name {
        return None;
    }
    let words = &path.words[usize::from(by_own_name)..];
    let own = source.place();
    match words.first().map(String::as_str) {
        None if path.renamed => Some(found(source, path.line, "gives the package another name")),
        None => None,
        Some(name) if name == own || may_name.contains(&name) => None,
        // What the root itself offers is for those who stand above everything.
        Some(name) if is_place(name) || !matches!(own, "cli" | "main" | "lib") => {
            Some(found(source, path.line, &format!("{own} must not name {name}")))
        }
        Some(_) => None,
    }
}

fn is_place(name: &str) -> bool {
    ROWS.iter().any(|(place, _)| *place == name)
}

fn walls(source: &Source, path: &Spelled) -> Option<Finding> {
    let (name, allowed) =
        WALLS.iter().find(|(name, _)| path.words.first().is_some_and(|word| word == name))?;
    let ours =
        path.from == Origin::Package || source.file == "lib.rs" || path.words.len() == 1 && !path.renamed;
    // Above the adapters, `notify::` is the folder of that name.
    let folder = is_place(name) && matches!(source.place(), "runtime" | "config" | "cli" | "main");
    let inside = allowed.iter().any(|place| source.file.starts_with(place));
    (!ours && !folder && !inside)
        .then(|| found(source, path.line, &format!("the crate {name} stops at {}", allowed.join(" and "))))
}

fn clocks(source: &Source, path: &Spelled) -> Option<Finding> {
    let reads = path.words.windows(2).any(|pair| {
        CLOCKS.contains(&&*pair[0]) && pair[1].starts_with("now") || pair == ["TimeZone", "system"]
    });
    let hidden = path.renamed && path.words.last().is_some_and(|word| CLOCKS.contains(&&**word));
    let allowed = CLOCK_READERS.iter().any(|(reader, _)| *reader == source.file);
    ((reads || hidden) && !allowed).then(|| found(source, path.line, "only runtime/clock.rs reads the clock"))
}

fn domain_paths(source: &Source, path: &Spelled, dependencies: &[String]) -> Option<Finding> {
    if source.place() != "domain" || path.from == Origin::Package {
        return None;
    }
    let first = path.words.first()?;
    let foreign = dependencies.contains(first) && !DOMAIN_CRATES.contains(&&**first);
    let world = matches!(&**first, "std" | "core" | "alloc" | "tokio")
        && path.words.get(1).is_some_and(|word| WORLD.contains(&&**word));
    if foreign && path.words.len() > 1 {
        return Some(found(source, path.line, &format!("the domain knows no crate {first}")));
    }
    world.then(|| found(source, path.line, &format!("the domain is pure: {}", path.words.join("::"))))
}

/// The configuration fills in the adapters' settings and knows nothing else of them.
fn config_names_settings_only(source: &Source, path: &Spelled) -> Option<Finding> {
    let adapter = path.words.first().filter(|word| ADAPTERS.contains(&&***word) || *word == "runtime")?;
    let named = path.words.len() == 1 || path.words.iter().any(|word| word.ends_with("Settings"));
    (source.place() == "config" && !named)
        .then(|| found(source, path.line, &format!("config names only the settings of {adapter}")))
}

fn output(source: &Source, path: &Spelled) -> Option<Finding> {
    let stream =
        path.words.windows(2).any(|pair| pair[0] == "io" && matches!(&*pair[1], "stdout" | "stderr"));
    (stream && source.place() != "cli").then(|| found(source, path.line, "only cli/ prints"))
}

/// Rules about single words and macros.
fn words(source: &Source) -> Vec<Finding> {
    let mut all = Vec::new();
    let followed_by =
        |tokens: &[Token], nth: usize, mark| tokens.get(nth + 1).is_some_and(|next: &Token| next.is(mark));
    for (nth, token) in source.program.iter().enumerate() {
        let Some(word) = token.word() else { continue };
        if PRINTERS.contains(&word) && followed_by(&source.program, nth, '!') && source.place() != "cli" {
            all.push(found(source, token.line, "only cli/ prints"));
        }
        if source.place() == "domain" {
            let clock = word == "now" && followed_by(&source.program, nth, '(');
            if clock || DOMAIN_WORDS.contains(&word) {
                all.push(found(source, token.line, &format!("the domain is pure: {word}")));
            }
        }
    }
    let both = source.program.iter().chain(&source.tests);
    all.extend(
        both.filter(|token| token.word() == Some("unsafe")).map(|token| found(source, token.line, "unsafe")),
    );
    all
}

/// The names that code gives to the dependencies of `Cargo.toml`.
fn dependencies() -> Vec<String> {
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    let manifest = manifest.expect("the manifest");
    let section = manifest.split("\n[dependencies]\n").nth(1).expect("a section of dependencies");
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" ="));
    names.map(|(name, _)| name.replace('-', "_")).collect()
}

#[test]
fn the_sources_keep_the_rules_of_the_house() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources = source::read(&root);
    assert!(sources.len() > 10, "the sources were found");
    let all = findings(&sources, &dependencies());
    assert!(all.is_empty(), "{} rules broken:\n{}", all.len(), all.join("\n"));
}

#[test]
fn everything_below_src_has_a_row() {
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("src") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        assert!(is_place(name.trim_end_matches(".rs")), "src/{name} has no row in the table");
    }
}

#[test]
fn every_wall_is_that_of_a_dependency() {
    let dependencies = dependencies();
    assert!(dependencies.len() > 10, "the manifest was read");
    for (name, _) in WALLS {
        assert!(dependencies.iter().any(|dependency| dependency == name), "{name} is no dependency any more");
    }
}

/// What the rules say of some small files: a line `--- FILE` begins each.
fn scan(sample: &str) -> String {
    let mut texts = BTreeMap::new();
    for file in sample.split("--- ").skip(1) {
        let (name, text) = file.split_once('\n').expect("a name and a text");
        texts.insert(name.trim().to_owned(), text.to_owned());
    }
    let dependencies = ["tokio", "serde", "rust_decimal", "jiff"].map(str::to_owned);
    let said: Vec<String> = findings(&source::sources(&texts), &dependencies);
    said.join("\n")
}

#[test]
fn adapters_that_know_one_another_are_found_however_they_spell_it() {
    insta::assert_snapshot!(scan("
--- ibkr/session.rs
use crate::domain::{ids::Stamp, market::Bar};
use crate::{domain::money::Price, gateway::{self, wire}, tracker as memory};
use super::super::notify::Discord;
use super::translate;
mod inner { use super::super::orders; use super::super::super::plans; }
fn f() { let _ = crate::script::Host::new; }
use crate as everything;
use crate::Runtime;
--- domain/book.rs
pub(crate) fn f(book: &mut crate::tracker::Store) { super::ids::g() }
--- main.rs
fn main() { prusik::cli::run(); prusik::ibkr::connect(); prusik::Runtime::new(); }
    "), @r"
    src/domain/book.rs:1: domain must not name tracker
    src/ibkr/session.rs:2: ibkr must not name gateway
    src/ibkr/session.rs:2: ibkr must not name gateway
    src/ibkr/session.rs:2: ibkr must not name tracker
    src/ibkr/session.rs:3: ibkr must not name notify
    src/ibkr/session.rs:5: ibkr must not name plans
    src/ibkr/session.rs:6: ibkr must not name script
    src/ibkr/session.rs:7: gives the package another name
    src/ibkr/session.rs:8: ibkr must not name Runtime
    src/main.rs:1: main must not name ibkr
    ");
}

#[test]
fn foreign_crates_outside_their_wall_are_found() {
    insta::assert_snapshot!(scan("
--- runtime/perform.rs
use ibapi::Client;
use crate::notify::Discord;
fn f() { notify::Discord::new(); rhai::Engine::new_raw(); rusqlite::Connection::open(x); }
--- plans/watch.rs
use notify::Watcher;
use serde_saphyr::from_str;
use prost::Message;
--- script/host.rs
fn f() { ::notify::recommended_watcher(g); reqwest::Client::new() }
--- config.rs
use serde_saphyr::from_str;
use crate::ibkr;
use crate::notify::{DiscordSettings, queue};
fn f() -> ibkr::Settings { ibkr::connect() }
    "), @r"
    src/config.rs:1: the crate serde_saphyr stops at yaml
    src/config.rs:3: config names only the settings of notify
    src/config.rs:4: config names only the settings of ibkr
    src/plans/watch.rs:2: the crate serde_saphyr stops at yaml
    src/plans/watch.rs:3: the crate prost stops at gateway/
    src/runtime/perform.rs:1: the crate ibapi stops at ibkr/
    src/runtime/perform.rs:3: the crate rhai stops at script/
    src/runtime/perform.rs:3: the crate rusqlite stops at tracker/
    src/script/host.rs:1: the crate notify stops at plans/
    src/script/host.rs:1: the crate reqwest stops at notify/
    ");
}

#[test]
fn a_domain_that_looks_at_the_world_is_found() {
    insta::assert_snapshot!(scan("
--- domain/engine.rs
use std::{collections::{BTreeMap, HashMap}, sync::Arc, time::Duration};
use serde::Serialize;
use jiff::Timestamp;
async fn f(now: Stamp) { std::fs::read(p); Timestamp::now(); clock.now(); core::time::Duration::ZERO; g(now) }
fn zone() { jiff::tz::TimeZone::system() }
    "), @r"
    src/domain/engine.rs:1: the domain is pure: std::time::Duration
    src/domain/engine.rs:2: the domain knows no crate serde
    src/domain/engine.rs:4: the domain is pure: std::fs::read
    src/domain/engine.rs:4: only runtime/clock.rs reads the clock
    src/domain/engine.rs:4: the domain is pure: core::time::Duration::ZERO
    src/domain/engine.rs:5: only runtime/clock.rs reads the clock
    src/domain/engine.rs:1: the domain is pure: HashMap
    src/domain/engine.rs:4: the domain is pure: async
    src/domain/engine.rs:4: the domain is pure: now
    src/domain/engine.rs:4: the domain is pure: now
    ");
}

#[test]
fn clocks_prints_and_unsafe_code_are_found() {
    insta::assert_snapshot!(scan(r##"
--- runtime/clock.rs
fn f() { std::time::Instant::now(); }
--- runtime/perform.rs
fn f() { Instant::now(); std::time::SystemTime::now(); println!("hello"); }
use std::time::Instant as Moment;
--- tracker/store.rs
fn f() { let now = jiff::Zoned::now; eprintln!("{}", 1); std::io::stdout(); unsafe { g() } }
--- cli/mod.rs
fn f() { println!("hello"); }
--- notify/discord.rs
// println! in a comment, unsafe, Instant::now()
/* and /* nested */ crate::tracker::Store */
fn f<'a>(x: &'a str) -> char { g("unsafe crate::tracker \" println!", r#"Instant::now() " unsafe"#, b"unsafe"); '"' }
fn g() { let c = '\''; let x = "Instant::now()"; crate::plans::x() }
    "##), @r"
    src/notify/discord.rs:4: notify must not name plans
    src/runtime/perform.rs:1: only runtime/clock.rs reads the clock
    src/runtime/perform.rs:1: only runtime/clock.rs reads the clock
    src/runtime/perform.rs:2: only runtime/clock.rs reads the clock
    src/runtime/perform.rs:1: only cli/ prints
    src/tracker/store.rs:1: only runtime/clock.rs reads the clock
    src/tracker/store.rs:1: only cli/ prints
    src/tracker/store.rs:1: only cli/ prints
    src/tracker/store.rs:1: unsafe
    ");
}

#[test]
fn tests_may_print_and_use_what_they_like_but_still_know_their_place() {
    insta::assert_snapshot!(scan("
--- ibkr/session.rs
fn f() {}
#[cfg(test)]
use crate::{domain::ids, domain::money};
#[cfg(test)]
mod tests {
    use super::super::codes;
    use super::super::super::gateway::Server;
    fn g() { println!(); std::time::Instant::now(); prost::Message::encode(m); }
}
fn h() { println!(); }
#[cfg(test)]
#[path = \"far_tests.rs\"]
mod far;
--- ibkr/far_tests.rs
use super::super::orders;
use super::super::super::tracker;
fn f() { println!(); }
--- ibkr/codes.rs
#[cfg(test)]
mod tests;
--- ibkr/codes/tests.rs
fn f() { println!(); unsafe {} }
--- ibkr/orders/tests.rs
fn f() { println!(); }
    "), @r"
    src/ibkr/codes/tests.rs:1: unsafe
    src/ibkr/far_tests.rs:2: ibkr must not name tracker
    src/ibkr/orders/tests.rs:1: only cli/ prints
    src/ibkr/session.rs:7: ibkr must not name gateway
    src/ibkr/session.rs:10: only cli/ prints
    ");
}

#[test]
fn folders_without_a_row_and_files_without_an_end_are_found() {
    let long = format!(
        "--- plans/doc.rs\n{}#[cfg(test)]\nmod tests {{\n{}}}\n",
        "fn f() {}\n".repeat(501),
        "\n".repeat(900)
    );
    let fits = format!(
        "--- plans/watch.rs\n{}#[cfg(test)]\nmod tests {{\n{}}}\n",
        "fn f() {}\n".repeat(500),
        "\n".repeat(900)
    );
    insta::assert_snapshot!(scan(&format!("--- helpers/mod.rs\nfn f() {{}}\n--- extra.rs\nfn f() {{}}\n{long}{fits}")), @r"
    src/extra.rs:1: has no row in the table of tests/architecture.rs
    src/helpers/mod.rs:1: has no row in the table of tests/architecture.rs
    src/plans/doc.rs:501: 501 lines before its tests, at most 500
    ");
}
