//! The two streams. People read answers on stdout, everything about the way there on stderr; a reader that went away
//! is no reason to fall over.

use std::io::{self, Write};

use serde::Serialize;

use super::code::{Code, Fail};

/// The version of every JSON document: fields come, none goes or changes its meaning.
const SCHEMA: u32 = 1;

/// An answer, on stdout, ended by a newline. Refuses where it cannot be written; a closed pipe has read enough.
pub(super) fn answer(text: &str) -> Result<(), Fail> {
    written(&mut io::stdout().lock(), text)
        .map_err(|error| Fail::new(Code::Failed, format_args!("the answer cannot be written: {error}")))
}

/// An answer as the one JSON document of a command.
pub(super) fn document(content: &impl Serialize) -> Result<(), Fail> {
    #[derive(Serialize)]
    struct Document<'a, C> {
        schema: u32,
        #[serde(flatten)]
        content: &'a C,
    }
    let text = serde_json::to_string_pretty(&Document { schema: SCHEMA, content })
        .expect("words, numbers and lists can always be written as JSON");
    answer(&text)
}

/// A remark or an error, on stderr. Nobody is left to be told where that fails.
pub(super) fn remark(text: &str) {
    let _ = written(&mut io::stderr().lock(), text);
}

fn written(stream: &mut impl Write, text: &str) -> io::Result<()> {
    let wrote = stream
        .write_all(text.as_bytes())
        .and_then(|()| if text.ends_with('\n') { Ok(()) } else { stream.write_all(b"\n") })
        .and_then(|()| stream.flush());
    match wrote {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        wrote => wrote,
    }
}

/// Columns under their titles, numbers to the right. Widths are counted in characters.
pub(super) struct Table<const N: usize> {
    titles: [&'static str; N],
    /// Columns whose words stand to the left.
    words: &'static [&'static str],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// A table without rows. The columns of `words` are aligned to the left, the others to the right.
    pub(super) fn new(titles: [&'static str; N], words: &'static [&'static str]) -> Table<N> {
        Table { titles, words, rows: Vec::new() }
    }

    /// One row more.
    pub(super) fn row(&mut self, row: [String; N]) {
        self.rows.push(row);
    }
}

impl<const N: usize> std::fmt::Display for Table<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let titles = self.titles.map(str::to_owned);
        let rows = || std::iter::once(&titles).chain(&self.rows);
        let widths: [usize; N] =
            std::array::from_fn(|at| rows().map(|row| row[at].chars().count()).max().unwrap_or(0));
        for (number, row) in rows().enumerate() {
            let cells = row.iter().zip(widths).zip(self.titles).map(|((cell, width), title)| {
                if self.words.contains(&title) {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_to_the_left_and_numbers_to_the_right() {
        let mut table = Table::new(["PLAN", "P&L"], &["PLAN"]);
        table.row(["A".into(), "-1234.50".into()]);
        table.row(["ÄÖÜ_LONG".into(), "7.00".into()]);
        insta::assert_snapshot!(table, @r"
        PLAN           P&L
        A         -1234.50
        ÄÖÜ_LONG      7.00
        ");
    }

    #[test]
    fn a_reader_that_went_away_is_no_error_and_a_full_disk_is_one() {
        struct Broken(io::ErrorKind);
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert!(written(&mut Broken(io::ErrorKind::BrokenPipe), "text").is_ok());
        assert!(written(&mut Broken(io::ErrorKind::StorageFull), "text").is_err());
    }
}
