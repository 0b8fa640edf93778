//! Where COPY FROM reads: a file, or standard input up to a line `\.`.

use crate::errors::ShellError;
use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

/// An opened source.
pub(super) enum Source {
    File {
        file: File,
        path: PathBuf,
        bytes: u64,
    },
    Stdin,
}

impl Source {
    /// Opens a file, or takes standard input.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, ShellError> {
        let Some(path) = path else {
            return Ok(Self::Stdin);
        };
        let refused = |error: io::Error| {
            ShellError::command(format!(
                "Can't open '{}' for reading: {error}",
                path.display()
            ))
        };
        let file = File::open(path).map_err(refused)?;
        let metadata = file.metadata().map_err(refused)?;
        if metadata.is_dir() {
            return Err(refused(io::ErrorKind::IsADirectory.into()));
        }
        Ok(Self::File {
            file,
            path: std::path::absolute(path).map_err(refused)?,
            bytes: metadata.len(),
        })
    }

    /// Its size, where there is one.
    pub(super) const fn bytes(&self) -> Option<u64> {
        match self {
            Self::File { bytes, .. } => Some(*bytes),
            Self::Stdin => None,
        }
    }

    /// Which file it is.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. } => Some(path),
            Self::Stdin => None,
        }
    }

    pub(super) fn into_read(self) -> Box<dyn Read + Send> {
        match self {
            Self::File { file, .. } => Box::new(file),
            Self::Stdin => Box::new(DataLines::new(StdinLines)),
        }
    }
}

/// Lines, one at a time, with their line breaks.
pub(super) trait Lines {
    /// Adds the next line; nothing at the end.
    fn next_line(&mut self, line: &mut Vec<u8>) -> io::Result<()>;
}

/// Lines of standard input. Nothing is read ahead that the script on standard input may need.
struct StdinLines;

impl Lines for StdinLines {
    fn next_line(&mut self, line: &mut Vec<u8>) -> io::Result<()> {
        io::stdin().lock().read_until(b'\n', line).map(|_| ())
    }
}

/// What lines say up to the line `\.`, or all.
pub(super) struct DataLines<L> {
    lines: L,
    line: Vec<u8>,
    position: usize,
    is_over: bool,
}

impl<L: Lines> DataLines<L> {
    pub(super) const fn new(lines: L) -> Self {
        Self {
            lines,
            line: Vec::new(),
            position: 0,
            is_over: false,
        }
    }
}

impl<L: Lines> Read for DataLines<L> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position == self.line.len() && !self.is_over {
            self.line.clear();
            self.position = 0;
            self.lines.next_line(&mut self.line)?;
            if self.line.is_empty() || self.line.trim_ascii() == b"\\." {
                self.line.clear();
                self.is_over = true;
            }
        }
        let mut rest = self.line.get(self.position..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.position += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Script(&'static [&'static str], usize);

    impl Lines for Script {
        fn next_line(&mut self, line: &mut Vec<u8>) -> io::Result<()> {
            if let Some(next) = self.0.get(self.1) {
                line.extend_from_slice(next.as_bytes());
                self.1 += 1;
            }
            Ok(())
        }
    }

    #[test]
    fn data_ends_with_its_line_and_leaves_what_follows() {
        let script = Script(&["1,a\n", "2,b\n", "\\.\n", "SELECT 1;\n"], 0);
        let mut data = DataLines::new(script);
        let mut text = String::new();
        data.read_to_string(&mut text).unwrap();
        assert_eq!(text, "1,a\n2,b\n");
        assert_eq!(data.lines.1, 3, "the statement is not read");
        assert_eq!(data.read(&mut [0; 8]).unwrap(), 0, "over is over");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = Source::open(Some(Path::new("/nowhere/x.csv")))
            .err()
            .unwrap();
        assert!(
            error
                .to_string()
                .starts_with("Can't open '/nowhere/x.csv' for reading: "),
            "{error}"
        );
    }
}
