//! Splits a script into statements without parsing them, for the shell: a semicolon inside a
//! string, a `$$` body, a comment or a batch ends nothing.

use crate::lexer::Token;
use crate::lexer::TokenKind;
use crate::lexer::Unterminated;
use crate::lexer::tokenize;
use std::ops::Range;

/// A statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptStatement {
    /// Its bytes in the script, without the semicolon and without comments around it.
    pub range: Range<usize>,
    /// Just after its semicolon, or the end of the script.
    pub end: usize,
    /// How it ends.
    pub ending: Ending,
}

/// How a statement of a script ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// With a semicolon.
    Semicolon,
    /// With the script, and could go on.
    Open,
    /// With the script, inside a batch that has no APPLY BATCH yet.
    OpenBatch,
    /// With the script, inside a string, quoted name or comment.
    Inside(Unterminated),
}

/// The statements of a script.
///
/// Only the last one can end without a semicolon; a line editor goes on asking for lines
/// until it does not.
pub fn split_statements(text: &str) -> Vec<ScriptStatement> {
    let mut statements = Vec::new();
    let mut current = Current::default();
    for token in tokenize(text) {
        let word = text.get(token.range.clone()).unwrap_or("");
        if token.kind == TokenKind::Symbol && word == ";" && !current.in_batch() {
            if let Some(range) = current.range.take() {
                let (end, ending) = (token.range.end, Ending::Semicolon);
                statements.push(ScriptStatement { range, end, ending });
            }
            current = Current::default();
        } else {
            current.take(&token, word);
        }
    }
    if let Some(ending) = current.ending() {
        let range = current.range.unwrap_or(text.len()..text.len());
        statements.push(ScriptStatement {
            range,
            end: text.len(),
            ending,
        });
    }
    statements
}

/// The statement that is being read.
#[derive(Default)]
struct Current {
    /// From its first to its last token that is no comment.
    range: Option<Range<usize>>,
    batch: Batch,
    open: Option<Unterminated>,
}

/// How far `BEGIN … BATCH … APPLY BATCH` has been read.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Batch {
    #[default]
    Start,
    Begin,
    Kind,
    Inside,
    Apply,
    /// Applied, or no batch at all.
    Over,
}

impl Current {
    fn in_batch(&self) -> bool {
        matches!(self.batch, Batch::Inside | Batch::Apply)
    }

    fn take(&mut self, token: &Token, word: &str) {
        match token.kind {
            TokenKind::Comment => return,
            TokenKind::Unterminated(what) => {
                self.open = Some(what);
                if what == Unterminated::Comment {
                    return;
                }
            }
            _ => {}
        }
        match &mut self.range {
            Some(range) => range.end = token.range.end,
            None => self.range = Some(token.range.clone()),
        }
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        self.batch = match self.batch {
            Batch::Start if is("BEGIN") => Batch::Begin,
            Batch::Begin if is("UNLOGGED") || is("COUNTER") => Batch::Kind,
            Batch::Begin | Batch::Kind if is("BATCH") => Batch::Inside,
            Batch::Inside | Batch::Apply if is("APPLY") => Batch::Apply,
            Batch::Apply if is("BATCH") => Batch::Over,
            Batch::Inside | Batch::Apply => Batch::Inside,
            Batch::Start | Batch::Begin | Batch::Kind | Batch::Over => Batch::Over,
        };
    }

    /// How the statement ends when the script ends here; `None` when there is none.
    fn ending(&self) -> Option<Ending> {
        if let Some(what) = self.open {
            return Some(Ending::Inside(what));
        }
        self.range.as_ref()?;
        Some(if self.in_batch() {
            Ending::OpenBatch
        } else {
            Ending::Open
        })
    }
}

#[cfg(test)]
mod tests;
