//! Rust text as far as the rules of the house need it: words without comments and strings, the paths they spell, and
//! which of them are tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A piece of a source file, and the line it begins on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) line: usize,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Word(String),
    Text(String),
    Colons,
    Mark(char),
}

impl Token {
    pub(crate) fn word(&self) -> Option<&str> {
        if let Kind::Word(word) = &self.kind { Some(word) } else { None }
    }

    pub(crate) fn is(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }
}

/// Whether a file or a part of it is compiled into the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Program,
    Tests,
}

/// A path as it was written out: `use a::{b, c::d}` spells `a::b` and `a::c::d`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spelled {
    pub(crate) line: usize,
    /// Where it starts: at the root of the package for `crate::`, `super::` and `self::`, else anywhere.
    pub(crate) from: Origin,
    pub(crate) words: Vec<String>,
    /// It was given another name (`as`).
    pub(crate) renamed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Package,
    Anywhere,
}

/// One file: its tokens split into program and tests, and its lines before the tests.
pub(crate) struct Source {
    /// Below `src/`, with `/` between the names.
    pub(crate) file: String,
    pub(crate) part: Part,
    module: Vec<String>,
    pub(crate) program: Vec<Token>,
    pub(crate) tests: Vec<Token>,
    pub(crate) program_lines: usize,
}

impl Source {
    /// Every path of a part of the file.
    pub(crate) fn paths(&self, part: Part) -> Vec<Spelled> {
        paths(if part == Part::Program { &self.program } else { &self.tests }, &self.module)
    }

    /// The first name below `src/`, of a folder or a file: `domain`, `config`.
    pub(crate) fn place(&self) -> &str {
        let first = self.file.split('/').next().unwrap_or(&self.file);
        first.trim_end_matches(".rs")
    }
}

/// Reads every `.rs` file below `root`.
pub(crate) fn read(root: &Path) -> Vec<Source> {
    let mut texts = BTreeMap::new();
    collect(root, root, &mut texts);
    sources(&texts)
}

fn collect(root: &Path, folder: &Path, texts: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(root, &path, texts);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source is UTF-8");
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            texts.insert(name, text);
        }
    }
}

/// Takes the files apart. A file that is declared behind `#[cfg(test)]` is a test as a whole.
pub(crate) fn sources(texts: &BTreeMap<String, String>) -> Vec<Source> {
    let mut declared: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut found: Vec<Source> = texts
        .iter()
        .map(|(file, text)| {
            let (program, tests) = part_tests(tokens(text));
            let module = module_of(file);
            for (name, place) in test_files(file, &tests) {
                declared.insert(place, module.iter().cloned().chain([name]).collect());
            }
            let first_test = tests.first().map(|token| token.line - 1);
            let program_lines = first_test.unwrap_or(text.lines().count());
            Source { file: file.clone(), part: Part::Program, module, program, tests, program_lines }
        })
        .collect();
    for source in &mut found {
        if let Some(module) = declared.get(&source.file) {
            source.part = Part::Tests;
            source.module = module.clone();
            source.tests.splice(0..0, std::mem::take(&mut source.program));
            source.program_lines = 0;
        }
    }
    found
}

fn module_of(file: &str) -> Vec<String> {
    let stem = file.trim_end_matches(".rs");
    let names = stem.split('/').filter(|name| !matches!(*name, "mod" | "lib" | "main"));
    names.map(str::to_owned).collect()
}

/// Name and file of each module that the test part of `file` declares in another file.
fn test_files(file: &str, tests: &[Token]) -> Vec<(String, String)> {
    let folder = PathBuf::from(file).parent().map(Path::to_path_buf).unwrap_or_default();
    let own = if file.ends_with("mod.rs") { folder.clone() } else { PathBuf::from(file).with_extension("") };
    let mut named = None;
    let mut files = Vec::new();
    for window in tests.windows(3) {
        match window {
            [path, equals, Token { kind: Kind::Text(text), .. }]
                if path.word() == Some("path") && equals.is('=') =>
            {
                named = Some(folder.join(text));
            }
            [keyword, name, end] if keyword.word() == Some("mod") && end.is(';') => {
                let name = name.word().unwrap_or_default().to_owned();
                let place = named.take().unwrap_or_else(|| own.join(format!("{name}.rs")));
                files.push((name, place.to_string_lossy().replace('\\', "/")));
            }
            _ => {}
        }
    }
    files
}

/// Splits off what stands behind `#[cfg(test)]`.
fn part_tests(tokens: Vec<Token>) -> (Vec<Token>, Vec<Token>) {
    let (mut program, mut tests) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < tokens.len() {
        let end = if is_test_attribute(&tokens[at..]) { item_end(&tokens, at) } else { at };
        if end > at {
            tests.extend_from_slice(&tokens[at..end]);
            at = end;
        } else {
            program.push(tokens[at].clone());
            at += 1;
        }
    }
    (program, tests)
}

fn is_test_attribute(tokens: &[Token]) -> bool {
    let [hash, open, cfg, paren, test, close, ..] = tokens else { return false };
    hash.is('#')
        && open.is('[')
        && cfg.word() == Some("cfg")
        && paren.is('(')
        && test.word() == Some("test")
        && close.is(')')
}

/// Behind the item that begins at `at` with its attributes: behind its `;`, or behind its braces.
fn item_end(tokens: &[Token], at: usize) -> usize {
    let (mut depth, mut braces) = (0usize, Braces::End);
    for (nth, token) in tokens.iter().enumerate().skip(at) {
        match &token.kind {
            Kind::Word(word) if depth == 0 && matches!(&**word, "use" | "const" | "static") => {
                braces = Braces::Inside
            }
            Kind::Mark('(' | '[' | '{') => depth += 1,
            Kind::Mark(')' | ']') => depth = depth.saturating_sub(1),
            Kind::Mark('}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 && braces == Braces::End {
                    return nth + 1;
                }
            }
            Kind::Mark(';') if depth == 0 => return nth + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// What a closing brace says of an item.
#[derive(PartialEq)]
enum Braces {
    End,
    Inside,
}

/// Words, strings and marks; comments, lifetimes and numbers' suffixes are nobody's business.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let (mut found, mut at, mut line) = (Vec::new(), 0, 1);
    while at < chars.len() {
        let end = match (chars[at], chars.get(at + 1)) {
            ('/', Some('/')) => end_of(&chars, at, |rest| rest[0] == '\n'),
            ('/', Some('*')) => end_of_comment(&chars, at),
            ('"', _) => end_of_string(&chars, at),
            ('\'', Some('\\')) => end_of(&chars, at + 3, |rest| rest[0] == '\'') + 1,
            ('\'', Some(_)) if chars.get(at + 2) == Some(&'\'') => at + 3,
            (':', Some(':')) => at + 2,
            (first, _) if is_name(first) => {
                let end = end_of(&chars, at, |rest| !is_name(rest[0]));
                end_of_raw(&chars, at, end).unwrap_or(end)
            }
            _ => at + 1,
        };
        let end = end.min(chars.len());
        let piece: String = chars[at..end].iter().collect();
        let kind = match chars[at] {
            '/' if end > at + 1 => None,
            ':' if end == at + 2 => Some(Kind::Colons),
            _ if piece.ends_with(['"', '#']) && piece.contains('"') => {
                Some(Kind::Text(piece.trim_matches(|c| c != '"').trim_matches('"').to_owned()))
            }
            '\'' => None,
            first if first.is_whitespace() => None,
            first if is_name(first) => Some(Kind::Word(piece.clone())),
            mark => Some(Kind::Mark(mark)),
        };
        found.extend(kind.map(|kind| Token { line, kind }));
        line += piece.matches('\n').count();
        at = end;
    }
    found
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn end_of(chars: &[char], from: usize, stop: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len()).find(|at| stop(&chars[*at..])).unwrap_or(chars.len())
}

fn end_of_comment(chars: &[char], from: usize) -> usize {
    let (mut depth, mut at) = (0, from);
    while at < chars.len() {
        match chars[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn end_of_string(chars: &[char], from: usize) -> usize {
    let mut at = from + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// Where `r"…"`, `r#"…"#`, `b"…"` and their kin end, if the word is the beginning of one.
fn end_of_raw(chars: &[char], from: usize, word_end: usize) -> Option<usize> {
    let word: String = chars[from..word_end].iter().collect();
    let hashes = chars[word_end..].iter().take_while(|c| **c == '#').count();
    let quoted = chars.get(word_end + hashes) == Some(&'"');
    match &*word {
        "b" | "c" if quoted && hashes == 0 => Some(end_of_string(chars, word_end)),
        "r" | "br" | "cr" if quoted => {
            let close = |rest: &[char]| {
                rest[0] == '"' && rest[1..].iter().take_while(|c| **c == '#').count() >= hashes
            };
            Some(end_of(chars, word_end + hashes + 1, close) + 1 + hashes)
        }
        _ => None,
    }
}

/// Every path in the tokens of `module`.
pub(crate) fn paths(tokens: &[Token], module: &[String]) -> Vec<Spelled> {
    let mut reader =
        Reader { tokens, module: module.to_vec(), inner: Vec::new(), depth: 0, found: Vec::new() };
    let mut at = 0;
    while at < tokens.len() {
        at = reader.step(at);
    }
    reader.found
}

struct Reader<'a> {
    tokens: &'a [Token],
    module: Vec<String>,
    /// Depths at which a module was opened inside this file.
    inner: Vec<usize>,
    depth: usize,
    found: Vec<Spelled>,
}

impl Reader<'_> {
    fn step(&mut self, at: usize) -> usize {
        let token = &self.tokens[at];
        match &token.kind {
            Kind::Mark('{') => self.depth += 1,
            Kind::Mark('}') => {
                self.depth = self.depth.saturating_sub(1);
                if self.inner.last() == Some(&self.depth) {
                    self.inner.pop();
                    self.module.pop();
                }
            }
            Kind::Word(word)
                if word == "mod" && self.tokens.get(at + 2).is_some_and(|token| token.is('{')) =>
            {
                self.inner.push(self.depth);
                self.module.push(self.tokens[at + 1].word().unwrap_or_default().to_owned());
                self.depth += 1;
                return at + 3;
            }
            Kind::Word(_) if at == 0 || self.tokens[at - 1].kind != Kind::Colons || self.leads(at) => {
                return self.tree(at, &[]);
            }
            _ => {}
        }
        at + 1
    }

    /// Whether the colons before `at` begin a path (`::notify`) instead of going on with one.
    fn leads(&self, at: usize) -> bool {
        at < 2 || !(self.tokens[at - 2].word().is_some() || self.tokens[at - 2].is('>'))
    }

    /// Spells out the path that goes on at `at`, behind `prefix`; answers where it ends.
    fn tree(&mut self, mut at: usize, prefix: &[String]) -> usize {
        let line = self.tokens[at].line;
        let mut words = prefix.to_vec();
        while let Some(token) = self.tokens.get(at) {
            match &token.kind {
                Kind::Word(word) => words.push(word.clone()),
                Kind::Mark('*') if words.len() > prefix.len() || !prefix.is_empty() => {
                    words.push("*".to_owned())
                }
                Kind::Mark('{') => return self.group(at, &words),
                _ => break,
            }
            at += 1;
            let goes_on = self
                .tokens
                .get(at + 1)
                .is_some_and(|next| next.word().is_some() || next.is('{') || next.is('*'));
            if self.tokens.get(at).is_none_or(|next| next.kind != Kind::Colons) || !goes_on {
                break;
            }
            at += 1;
        }
        let renamed = self.tokens.get(at).and_then(Token::word) == Some("as");
        self.spell(line, &words, renamed);
        at
    }

    fn group(&mut self, open: usize, prefix: &[String]) -> usize {
        let mut at = open + 1;
        while let Some(token) = self.tokens.get(at) {
            match &token.kind {
                Kind::Mark('}') => return at + 1,
                Kind::Word(word) if word == "as" => at += 2,
                Kind::Word(_) | Kind::Mark('*') => at = self.tree(at, prefix),
                _ => at += 1,
            }
        }
        at
    }

    fn spell(&mut self, line: usize, words: &[String], renamed: bool) {
        let supers = words.iter().take_while(|word| *word == "super").count();
        let (from, words) = match words.first().map(String::as_str) {
            Some("crate") => (Origin::Package, words[1..].to_vec()),
            Some("self") if words.get(1).is_none_or(|word| word != "super") => {
                (Origin::Package, self.module.iter().chain(&words[1..]).cloned().collect())
            }
            Some("self" | "super") => {
                let skipped = usize::from(words[0] == "self");
                let supers = words[skipped..].iter().take_while(|word| *word == "super").count().max(supers);
                let kept = self.module.len().saturating_sub(supers);
                let rest = &words[skipped + supers..];
                (Origin::Package, self.module[..kept].iter().chain(rest).cloned().collect())
            }
            _ => (Origin::Anywhere, words.to_vec()),
        };
        self.found.push(Spelled { line, from, words, renamed });
    }
}
