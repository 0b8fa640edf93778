//! The repository's own checks: what the compiler and clippy cannot see.
//!
//! | module | what it refuses |
//! |---|---|
//! | [`arrows`] | a dependency that points upwards, RocksDB outside its crate, a crate without the shared lints |
//! | [`sources`] | a file without `//!`, leftovers, tasks without an issue, one machine's paths |
//! | [`documents`] | dead relative links, accidental blobs |
//! | [`steps`] | (says only) steps of the write and read path that code and document do not share |
//! | [`lengths`] | (says only) the longest functions and files |
//!
//! Every check is a function from text to [`Finding`]s and knows nothing of the disk;
//! [`repository`] reads the tree and calls them. Start reading there. The binary prints
//! the findings; the test `tests/repository.rs` runs the same over this checkout, so
//! `cargo test` and `cargo run -p quorate-tidy` cannot disagree.

pub mod arrows;
pub mod documents;
pub mod lengths;
pub mod repository;
pub mod sources;
pub mod steps;

use std::fmt;

/// One thing to mend, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file or crate, relative to the top of the repository.
    pub place: String,
    /// The line, counted from one; absent when the whole file is meant.
    pub line: Option<usize>,
    /// What is wrong and what to do instead.
    pub message: String,
}

impl Finding {
    /// A finding about a whole file or crate.
    pub fn whole(place: &str, message: impl Into<String>) -> Self {
        Self {
            place: place.to_owned(),
            line: None,
            message: message.into(),
        }
    }

    /// A finding about one line, counted from one.
    pub fn at(place: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            place: place.to_owned(),
            line: Some(line),
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.place, self.message),
            None => write!(f, "{}: {}", self.place, self.message),
        }
    }
}

/// Whether `text[at..at + len]` stands alone, not inside a longer word.
fn is_whole_word(text: &str, at: usize, len: usize) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let before = text.get(..at).and_then(|t| t.chars().next_back());
    let after = text.get(at + len..).and_then(|t| t.chars().next());
    !before.is_some_and(word) && !after.is_some_and(word)
}
