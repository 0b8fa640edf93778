//! The command line of a benchmark program, and its tables.

use std::fmt::Write;
use std::process::Command;
use std::time::Duration;

/// One run of a benchmark program: what of it is wanted.
#[derive(Debug)]
pub struct Run {
    /// Words that sections must contain one of; none: everything runs.
    wanted: Vec<String>,
}

impl Run {
    /// Reads the command line and says where and on what the figures are taken. `None` when the
    /// program was not started by `cargo bench`, but built and run among the tests.
    pub fn begin(name: &str) -> Option<Self> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        if !arguments.iter().any(|argument| argument == "--bench") {
            print(&format!(
                "run with: cargo bench -p quorate-benches --bench {name}\n"
            ));
            return None;
        }
        let words = arguments
            .into_iter()
            .filter(|argument| !argument.starts_with('-'));
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load: Vec<&str> = load.split_whitespace().take(1).collect();
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        print(&format!(
            "\n## {name}\n\n{}, commit {}, {cores} cores, load average {} at the start\n",
            said_by("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
            said_by("git", &["rev-parse", "--short", "HEAD"]),
            load.concat(),
        ));
        Some(Self {
            wanted: words.collect(),
        })
    }

    /// How long each kind of request is measured: `QUORATE_BENCH_SECONDS`, or else this many seconds.
    ///
    /// # Errors
    /// The environment's value is no number.
    pub fn seconds(&self, default: u64) -> anyhow::Result<Duration> {
        let wanted = std::env::var("QUORATE_BENCH_SECONDS").ok();
        let seconds = wanted.map_or(Ok(default), |text| text.parse())?;
        Ok(Duration::from_secs(seconds))
    }

    /// Whether this is to be run: a figure, by its name, or a section that figures' names begin
    /// with.
    pub fn wants(&self, name: &str) -> bool {
        let begins = |word: &str| {
            let rest = word.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(' '))
        };
        let asks = |word: &String| name.contains(word.as_str()) || begins(word);
        self.wanted.is_empty() || self.wanted.iter().any(asks)
    }
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| "unknown".to_owned())
}

/// A Markdown table.
#[derive(Debug)]
pub struct Table {
    title: String,
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// No rows yet. The first column is text, the others are numbers.
    pub fn new(title: &str, columns: &[&'static str]) -> Self {
        Self {
            title: title.to_owned(),
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// One more row, and a sign of life for who waits.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        eprintln!("    {}", cells.join("  "));
        self.rows.push(cells);
    }

    /// Writes it to standard output.
    pub fn print(&self) {
        print(&self.to_markdown());
    }

    fn to_markdown(&self) -> String {
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|index| {
                let cells = self.rows.iter().filter_map(|row| row.get(index));
                let header = self.columns.get(index).map_or(0, |name| name.len());
                cells.map(String::len).fold(header.max(4), usize::max)
            })
            .collect();
        let line = |cells: &mut dyn Iterator<Item = String>| {
            let mut line = "|".to_owned();
            for (index, (cell, &width)) in cells.zip(&widths).enumerate() {
                // Writing to a string cannot fail.
                let _ = if index == 0 {
                    write!(line, " {cell:<width$} |")
                } else {
                    write!(line, " {cell:>width$} |")
                };
            }
            line.push('\n');
            line
        };
        let mut text = format!("\n### {}\n\n", self.title);
        text += &line(&mut self.columns.iter().map(|&name| name.to_owned()));
        text += &line(&mut widths.iter().enumerate().map(|(index, &width)| {
            let dashes = "-".repeat(width.saturating_sub(1));
            if index == 0 {
                format!("{dashes}-")
            } else {
                format!("{dashes}:")
            }
        }));
        for row in &self.rows {
            text += &line(&mut row.iter().cloned());
        }
        text
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the tables are what these programs are for"
)]
fn print(text: &str) {
    println!("{text}");
}

/// Microseconds of `time` for each of `count`.
pub fn micros(time: Duration, count: u64) -> f64 {
    time.as_secs_f64() * 1e6 / count.max(1) as f64
}

/// How many in each second of `time`, as a table shows it.
pub fn per_second(count: u64, time: Duration) -> String {
    let rate = count as f64 / time.as_secs_f64().max(1e-9);
    if rate >= 10_000.0 {
        format!("{:.1}k", rate / 1e3)
    } else {
        format!("{rate:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_markdown_with_numbers_to_the_right() {
        let mut table = Table::new("T", &["what", "µs"]);
        table.row(["write".to_owned(), "1.5".to_owned()]);
        let expected = "\n### T\n\n| what  |   µs |\n| ----- | ---: |\n| write |  1.5 |\n";
        assert_eq!(table.to_markdown(), expected);
    }

    #[test]
    fn a_word_wants_its_section_and_what_contains_it() {
        let run = Run {
            wanted: vec!["three read ONE 16".to_owned()],
        };
        assert!(run.wants("three") && run.wants("three read ONE 16"));
        assert!(!run.wants("one") && !run.wants("three read ONE 1"));
    }

    #[test]
    fn rates_are_short() {
        assert_eq!(per_second(30_000, Duration::from_secs(2)), "15.0k");
        assert_eq!(per_second(10, Duration::from_secs(2)), "5");
    }
}
