//! A rule: one file, compiled once, shared by every plan that uses it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rhai::{AST, Engine};
use sha2::{Digest, Sha256};

use crate::domain::plan::Param;

use super::api::WORD_NAMES;
use super::fault::Fault;
use super::input::{Input, Misfit, bind};
use super::proposal::{ENTRY, TRAIL};
use super::sandbox::DEADLINE;
use super::thread::{RuleThread, Turn};
use super::view::Params;

/// Candles handed to a rule that has not yet looked further back. Most rules look at one or two.
const DEPTH_AT_FIRST: usize = 16;

/// The fingerprint of a source.
pub(super) type Fingerprint = [u8; 32];

/// The SHA-256 of a source.
pub(super) fn fingerprint(source: &[u8]) -> Fingerprint {
    Sha256::digest(source).into()
}

/// A compiled rule. Invariant: its top level ran once, to its end, and left nothing but `inputs`.
#[derive(Debug)]
pub(super) struct Rule {
    /// Its name in plans.
    pub(super) name: String,
    /// The file it was read from, as people name it.
    pub(super) file: String,
    /// Its declared parameters.
    pub(super) inputs: Arc<[Input]>,
    /// Its functions.
    pub(super) ast: AST,
    /// Name and number of arguments of each.
    functions: Vec<(String, usize)>,
    depth: AtomicUsize,
}

impl Rule {
    /// Compiles `source` and reads its inputs. A rule without any hook is refused.
    pub(super) fn read(thread: &RuleThread, name: &str, file: &str, source: &str) -> Result<Rule, Fault> {
        let text = source.to_owned();
        let read = thread.run(move |engine, turn| compile(engine, turn, &text));
        let (ast, inputs) = read.map_err(|lost| Fault::new(lost.to_string()))??;
        let functions: Vec<(String, usize)> =
            ast.iter_functions().map(|function| (function.name.to_owned(), function.params.len())).collect();
        let rule = Rule {
            name: name.into(),
            file: file.into(),
            inputs: inputs.into(),
            ast: ast.clone_functions_only(),
            functions,
            depth: AtomicUsize::new(DEPTH_AT_FIRST),
        };
        if !rule.has(ENTRY.hook) && !rule.has(TRAIL.hook) {
            return Err(Fault::new("the rule has no hook").with_help("write fn entry(ctx) or fn trail(ctx)"));
        }
        Ok(rule)
    }

    /// Whether it has this function, with one argument as every function has that we call.
    pub(super) fn has(&self, function: &str) -> bool {
        self.functions.iter().any(|(name, arguments)| name == function && *arguments == 1)
    }

    /// The values of a plan's parameters.
    pub(super) fn params(&self, given: &BTreeMap<String, Param>) -> Result<Params, Vec<Misfit>> {
        let values = bind(&self.inputs, given)?;
        Ok(Params { inputs: Arc::clone(&self.inputs), values: values.into() })
    }

    /// The names of its functions.
    pub(super) fn function_names(&self) -> impl Iterator<Item = &str> {
        self.functions.iter().map(|(name, _)| name.as_str())
    }

    /// How many candles the rule is handed: no more than it has been seen to look at.
    pub(super) fn depth(&self) -> usize {
        self.depth.load(Ordering::Relaxed)
    }

    /// Hands the rule `candles` from now on.
    pub(super) fn deepen(&self, candles: usize) {
        self.depth.fetch_max(candles, Ordering::Relaxed);
    }
}

fn compile(engine: &Engine, turn: &Turn, source: &str) -> Result<(AST, Vec<Input>), Fault> {
    let ast = engine.compile(source).map_err(|error| Fault::of_parse(&error, source))?;
    turn.begin(DEADLINE);
    let result = engine.run_ast(&ast);
    let left = turn.end();
    match (left.stop, result) {
        (None, Ok(())) => Ok((ast, left.inputs)),
        (None, Err(error)) => Err(Fault::of_run(*error, &WORD_NAMES)),
        (Some(stop), result) => {
            let at = result.err().and_then(|error| Fault::of_run(*error, &[]).at);
            Err(Fault::of_limit(&stop, at))
        }
    }
}
