//! The one error of this crate: the text is not CQL, and where.

use thiserror::Error;

/// Why a text is not a CQL statement.
///
/// Printed it has the shape drivers know: `line 1:17 mismatched input 'IF' expecting
/// K_WHERE (UPDATE u SET v=1 [IF] v...)`. At the end of the text the position is
/// `line 0:-1`, as they know it too.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}:{column} {message}")]
pub struct SyntaxError {
    /// Line of the offending token, from 1; 0 at the end of the text.
    pub line: u32,
    /// Column of the offending token in characters, from 0; -1 at the end of the text.
    pub column: i32,
    /// Byte offset of the offending token; the text's length at its end.
    pub offset: usize,
    /// What is wrong, with the snippet when there is one.
    pub message: String,
}

impl SyntaxError {
    /// An error at a byte offset of `text`.
    pub(crate) fn at(text: &str, offset: usize, message: String) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let lines = before.bytes().filter(|byte| *byte == b'\n').count();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(start..).map_or(0, |line| line.chars().count());
        Self {
            line: u32::try_from(lines + 1).unwrap_or(u32::MAX),
            column: i32::try_from(column).unwrap_or(i32::MAX),
            offset,
            message,
        }
    }

    /// An error at the end of `text`.
    pub(crate) fn at_end(text: &str, message: String) -> Self {
        Self {
            line: 0,
            column: -1,
            offset: text.len(),
            message,
        }
    }
}
