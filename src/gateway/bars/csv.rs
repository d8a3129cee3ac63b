//! Reading bars from CSV: every problem of a file at once, each with its line and column.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{BarProblem, Flaw, Length, SourceBar, flaws, length_of, same_day};

const FIELDS: [&str; 6] = ["time", "open", "high", "low", "close", "volume"];
/// Problems told of one file; one with more is not a bar file with mistakes but another kind of file.
const PROBLEMS_MAX: usize = 100;
/// The bars of a file, oldest first; or everything that is wrong with it, in the order of its lines.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<SourceBar>, Vec<BarProblem>> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        let line =
            bytes.split(|byte| *byte == b'\n').take_while(|line| std::str::from_utf8(line).is_ok()).count();
        return Err(vec![problem(line as u64 + 1, 1, "not UTF-8 text", "save the file as UTF-8")]);
    };
    let mut rows = text.trim_start_matches('\u{feff}').lines().enumerate();
    let order = match rows.next() {
        None => return Err(vec![problem(1, 1, "the file is empty", HEADER_HELP)]),
        Some((_, header)) => order_of(header)?,
    };
    let mut reader = Reader { order, bars: Vec::new(), lines: Vec::new(), problems: Vec::new() };
    for (index, row) in rows {
        if row.trim().is_empty() {
            continue;
        }
        reader.read(index as u64 + 1, row);
        if reader.problems.len() >= PROBLEMS_MAX {
            return Err(reader.problems);
        }
    }
    reader.finish()
}

/// As much of a header as is told.
const HEADER_CHARS_MAX: usize = 120;
const HEADER_HELP: &str = "the first line is time,open,high,low,close,volume";

/// Where each of the fields stands in a row.
fn order_of(header: &str) -> Result<[usize; 6], Vec<BarProblem>> {
    let names: Vec<&str> = header.split(',').map(str::trim).collect();
    let mut problems = Vec::new();
    let mut order = [0; 6];
    for (field, place) in FIELDS.iter().zip(&mut order) {
        match names.iter().position(|name| name.eq_ignore_ascii_case(field)) {
            Some(index) => *place = index,
            None => {
                let found: String =
                    header.chars().filter(|c| !c.is_control()).take(HEADER_CHARS_MAX).collect();
                let what = format!("there is no column {field}; the first line is `{}`", found.trim());
                problems.push(problem(1, 1, &what, HEADER_HELP));
            }
        }
    }
    if problems.is_empty() { Ok(order) } else { Err(problems) }
}

struct Reader {
    order: [usize; 6],
    bars: Vec<SourceBar>,
    lines: Vec<u64>,
    problems: Vec<BarProblem>,
}

impl Reader {
    fn read(&mut self, line: u64, row: &str) {
        let cells = cells(row);
        if let Some(missing) = FIELDS.iter().zip(self.order).find(|(_, place)| *place >= cells.len()) {
            let column = row.chars().count() as u64 + 1;
            let what = format!("the row ends before its {}", missing.0);
            self.problems.push(problem(line, column, &what, HEADER_HELP));
            return;
        }
        let before = self.problems.len();
        let time = self.time(line, cells[self.order[0]]);
        let prices = [1, 2, 3, 4].map(|field| self.price(line, FIELDS[field], cells[self.order[field]]));
        let volume = self.volume(line, cells[self.order[5]]);
        let (Some(time), [Some(open), Some(high), Some(low), Some(close)], Some(volume)) =
            (time, prices, volume)
        else {
            return;
        };
        let bar = SourceBar { time, open, high, low, close, volume };
        for flaw in flaws(&bar, self.bars.last()) {
            self.flawed(line, &cells, &flaw);
        }
        // A bar out of order would make its neighbours look out of order too.
        if self.problems.len() == before {
            self.bars.push(bar);
            self.lines.push(line);
        }
    }

    fn flawed(&mut self, line: u64, cells: &[(u64, &str)], flaw: &Flaw) {
        let field = FIELDS.iter().position(|field| *field == flaw.field()).unwrap_or(0);
        self.problems.push(problem(line, cells[self.order[field]].0, &flaw.to_string(), flaw.help()));
    }

    fn time(&mut self, line: u64, (column, text): (u64, &str)) -> Option<Timestamp> {
        let time = text.parse().ok();
        if time.is_none() {
            let what = format!("time {text:?} is not RFC 3339");
            self.problems.push(problem(line, column, &what, "write it as 2013-10-04T09:30:00-04:00"));
        }
        time
    }

    fn price(&mut self, line: u64, field: &str, (column, text): (u64, &str)) -> Option<Decimal> {
        let price = Decimal::from_str_exact(text).ok();
        if price.is_none() {
            let what = format!("{field} {text:?} is not a price");
            self.problems.push(problem(line, column, &what, "write it as a plain decimal like 167.65"));
        }
        price
    }

    fn volume(&mut self, line: u64, (column, text): (u64, &str)) -> Option<u64> {
        let whole = |text: &str| Decimal::from_str_exact(text).ok().filter(Decimal::is_integer);
        let volume = text.parse().ok().or_else(|| whole(text).and_then(|volume| volume.try_into().ok()));
        if volume.is_none() {
            let what = format!("volume {text:?} is not a number of shares");
            self.problems.push(problem(line, column, &what, "write a whole number, 0 or more"));
        }
        volume
    }

    /// What only shows when all bars are known.
    fn finish(mut self) -> Result<Vec<SourceBar>, Vec<BarProblem>> {
        if self.problems.is_empty() && self.bars.is_empty() {
            self.problems.push(problem(
                2,
                1,
                "the file has no bars",
                "add at least one row below the header",
            ));
        }
        if self.problems.is_empty()
            && length_of(&self.bars) == Length::Session
            && let Some(index) = same_day(&self.bars)
        {
            self.problems.push(problem(
                self.lines[index],
                1,
                &Flaw::SameDay.to_string(),
                Flaw::SameDay.help(),
            ));
        }
        if self.problems.is_empty() { Ok(self.bars) } else { Err(self.problems) }
    }
}

/// The cells of a row with the column each starts at.
fn cells(row: &str) -> Vec<(u64, &str)> {
    let mut column = 1;
    let mut cells = Vec::with_capacity(FIELDS.len());
    for cell in row.split(',') {
        let blank = cell.chars().count() - cell.trim_start().chars().count();
        cells.push((column + blank as u64, cell.trim()));
        column += cell.chars().count() as u64 + 1;
    }
    cells
}

fn problem(line: u64, column: u64, what: &str, help: &str) -> BarProblem {
    BarProblem { line, column, what: what.to_owned(), help: help.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "time,open,high,low,close,volume\n";

    fn play(rows: &str) -> String {
        match read(format!("{HEADER}{rows}").as_bytes()) {
            Ok(bars) => format!("{} bars, {:?}", bars.len(), length_of(&bars)),
            Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        }
    }

    #[test]
    fn all_problems_of_a_file_are_told_with_line_and_column() {
        insta::assert_snapshot!(play("\
2013-10-04T09:30:00-04:00,10.00,10.10,9.90,10.00,100
yesterday,ten,10.10,9.90,10.00,-5
2013-10-04T09:31:00-04:00,10.00,9.80,9.90,10.00,100
2013-10-04T09:32:00-04:00,10.20,10.10,9.90,0,100
2013-10-04T09:30:00-04:00,10.00,10.10,9.90,10.00,100
2013-10-04T09:29:00-04:00,10.00,10.10,9.90,10.00,100
2013-10-04T09:33:03-04:00,10.00,10.10,9.90,10.00,100
2013-10-04T09:34:00-04:00,10.00,10.10
"), @r#"
        line 3, column 1: time "yesterday" is not RFC 3339
        line 3, column 11: open "ten" is not a price
        line 3, column 32: volume "-5" is not a number of shares
        line 4, column 33: high 9.80 is below low 9.90
        line 5, column 44: close is not above zero
        line 5, column 27: open 10.20 is outside of low 9.90 to high 10.10
        line 5, column 44: close 0 is outside of low 9.90 to high 10.10
        line 6, column 1: the time repeats the bar before it
        line 7, column 1: the time is before the bar before it
        line 8, column 1: the time is not on a five-second mark
        line 9, column 38: the row ends before its low
        "#);
    }

    #[test]
    fn the_smallest_gap_is_the_length_of_the_bars() {
        let minute = "2013-10-04T09:30:00-04:00,1,1,1,1,1\n2013-10-04T09:31:00-04:00,1,1,1,1,1\n\
                      2013-10-04T12:31:00-04:00,1,1,1,1,1\n";
        assert_eq!(play(minute), "3 bars, Seconds(60)");
        let daily = "2013-03-08T00:00:00-05:00,1,1,1,1,1\n2013-03-11T00:00:00-04:00,1,1,1,1,1\n";
        assert_eq!(play(daily), "2 bars, Session");
        assert_eq!(play("2013-10-04T09:30:00-04:00,1,1,1,1,1.0\n"), "1 bars, Seconds(60)");
    }

    #[test]
    fn a_file_that_is_not_one_of_bars_says_what_is_missing() {
        assert_eq!(play(""), "line 2, column 1: the file has no bars");
        let problems = read(b"date;open\n1;2\n").expect_err("there is no such column");
        assert_eq!(problems.len(), 6);
        assert_eq!(problems[0].what, "there is no column time; the first line is `date;open`");
        let half = "2013-10-04T09:30:00-04:00,1,1,1,1,10.5\n";
        assert_eq!(play(half), "line 2, column 35: volume \"10.5\" is not a number of shares");
        assert!(read(b"").is_err() && read(b"time,\xff").is_err());
    }
}
