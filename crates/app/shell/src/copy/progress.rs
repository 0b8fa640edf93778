//! How far a COPY is, for people: a bar on a terminal, lines elsewhere.

use indicatif::ProgressBar;
use indicatif::ProgressStyle;
use std::io;
use std::io::IsTerminal;
use std::io::Write;
use std::time::Duration;
use std::time::Instant;

/// Between two lines where there is no terminal.
const LINES_EVERY: Duration = Duration::from_secs(5);

/// Between two drawings of a bar.
const DRAWN_EVERY: Duration = Duration::from_millis(200);

/// Shows progress on standard error.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    started: Instant,
    every: Duration,
    last: Instant,
    last_rows: u64,
}

/// Where a COPY is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Point {
    pub(super) rows: u64,
    /// Of the whole that progress was told of.
    pub(super) position: u64,
    pub(super) failed: u64,
    pub(super) retries: u64,
}

impl Progress {
    /// Of a whole of so many bytes or parts; `None` when nobody knows.
    pub(super) fn new(total: Option<u64>, every: Option<Duration>) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let started = Instant::now();
        Self {
            bar: is_terminal.then(|| bar(total)),
            started,
            every: every.unwrap_or(if is_terminal {
                DRAWN_EVERY
            } else {
                LINES_EVERY
            }),
            last: started,
            last_rows: 0,
        }
    }

    /// Since the beginning.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Shows a point, if it is time.
    pub(super) fn show(&mut self, point: Point) -> io::Result<()> {
        let since = self.last.elapsed();
        if since < self.every {
            return Ok(());
        }
        let rate = per_second(point.rows - self.last_rows.min(point.rows), since);
        let mean = per_second(point.rows, self.elapsed());
        self.last = Instant::now();
        self.last_rows = point.rows;
        let text = text(point, rate, mean);
        match &self.bar {
            Some(bar) => {
                bar.set_position(point.position);
                bar.set_message(text);
                Ok(())
            }
            None => writeln!(io::stderr(), "{text}"),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "{percent:>3}% [{bar:30}] {msg}, {eta} left",
        ),
        None => (ProgressBar::no_length(), "{spinner} {msg}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}

fn per_second(rows: u64, time: Duration) -> u64 {
    (rows as f64 / time.as_secs_f64().max(0.001)) as u64
}

fn text(point: Point, rate: u64, mean: u64) -> String {
    let mut text = format!(
        "Processed: {} rows; Rate: {} rows/s; Avg. rate: {} rows/s",
        grouped(point.rows),
        grouped(rate),
        grouped(mean)
    );
    if point.retries > 0 {
        text.push_str("; ");
        text.push_str(&grouped(point.retries));
        text.push_str(" retries");
    }
    if point.failed > 0 {
        text.push_str("; ");
        text.push_str(&grouped(point.failed));
        text.push_str(" failed");
    }
    text
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_reads_as_a_line() {
        let point = Point {
            rows: 1_234_567,
            ..Point::default()
        };
        assert_eq!(
            text(point, 999, 1_000),
            "Processed: 1,234,567 rows; Rate: 999 rows/s; Avg. rate: 1,000 rows/s"
        );
        let troubled = Point {
            retries: 2,
            failed: 1,
            ..point
        };
        assert!(text(troubled, 0, 0).ends_with("; 2 retries; 1 failed"));
    }

    #[test]
    fn no_time_is_no_division_by_zero() {
        assert_eq!(per_second(5, Duration::ZERO), 5_000);
    }
}
