//! Where results, messages and errors go: the terminal or a pipe, and CAPTURE's file.
//!
//! Results are buffered; whoever waits for something (a statement, a key) flushes first.

use crate::format::Screen;
use crate::format::Style;
use crate::terminal::Terminal;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::BufWriter;
use std::io::IsTerminal;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// The shell's output.
pub(crate) struct Output {
    results: Box<dyn Write + Send>,
    errors: Box<dyn Write + Send>,
    capture: Option<Capture>,
    terminal: Option<Arc<Terminal>>,
    color: bool,
    error_color: bool,
    /// Whether programs read the results: then messages go to the errors.
    pub(crate) is_for_programs: bool,
}

/// CAPTURE's file.
struct Capture {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Output {
    /// Standard output and standard error.
    pub(crate) fn standard(color: bool) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let color = color && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            results: Box::new(BufWriter::with_capacity(64 << 10, io::stdout())),
            errors: Box::new(io::stderr()),
            capture: None,
            terminal: is_terminal.then(|| Arc::new(Terminal::default())),
            color: color && is_terminal,
            error_color: color && io::stderr().is_terminal(),
            is_for_programs: false,
        }
    }

    /// Into these writers, without colours.
    #[cfg(test)]
    pub(crate) fn into_writers(
        results: Box<dyn Write + Send>,
        errors: Box<dyn Write + Send>,
    ) -> Self {
        Self {
            results,
            errors,
            capture: None,
            terminal: None,
            color: false,
            error_color: false,
            is_for_programs: false,
        }
    }

    /// Where rows go.
    pub(crate) fn results(&mut self) -> &mut dyn Write {
        match &mut self.capture {
            Some(capture) => &mut capture.file,
            None => &mut *self.results,
        }
    }

    /// Where COPY TO STDOUT writes, whatever is captured.
    pub(crate) fn stdout(&mut self) -> &mut dyn Write {
        &mut *self.results
    }

    /// Says something about what happened.
    pub(crate) fn message(&mut self, text: &str) -> io::Result<()> {
        if self.is_for_programs {
            return self.note(text);
        }
        writeln!(self.results, "{text}")?;
        self.results.flush()
    }

    /// Says something that is never part of the results.
    pub(crate) fn note(&mut self, text: &str) -> io::Result<()> {
        self.flush()?;
        writeln!(self.errors, "{text}")
    }

    /// Says what went wrong.
    pub(crate) fn error(&mut self, text: &str) -> io::Result<()> {
        self.flush()?;
        let text = Style::Error.paint(text, self.error_color);
        writeln!(self.errors, "{text}")
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if let Some(capture) = &mut self.capture {
            capture.file.flush()?;
        }
        self.results.flush()
    }

    /// What rows are formatted for.
    pub(crate) fn screen(&self, is_paged: bool) -> Screen {
        if self.capture.is_some() {
            return Screen::default();
        }
        Screen {
            color: self.color,
            columns: self.terminal.as_ref().and_then(|t| t.columns()),
            is_paged,
        }
    }

    pub(crate) const fn color(&self) -> bool {
        self.color
    }

    /// The terminal that shows the results, unless they are captured.
    pub(crate) fn terminal(&self) -> Option<Arc<Terminal>> {
        self.terminal.clone().filter(|_| self.capture.is_none())
    }

    pub(crate) fn captures(&self) -> Option<&Path> {
        self.capture.as_ref().map(|capture| capture.path.as_path())
    }

    /// Sends results to the end of a file, or back to where they went before.
    pub(crate) fn capture(&mut self, path: Option<&Path>) -> io::Result<()> {
        self.flush()?;
        self.capture = match path {
            Some(path) => {
                let file = OpenOptions::new().create(true).append(true).open(path)?;
                Some(Capture {
                    path: path.to_owned(),
                    file: BufWriter::new(file),
                })
            }
            None => None,
        };
        Ok(())
    }
}
