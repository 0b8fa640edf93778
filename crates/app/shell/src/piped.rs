//! A script on standard input: statements run as soon as they are whole, and what COPY FROM STDIN
//! reads follows its line, as in the files that other shells of this kind take.

use crate::STDIN_NAME;
use crate::errors::ShellError;
use crate::script::is_complete;
use crate::script::units;
use crate::session::Flow;
use crate::session::Session;
use std::io;

/// Runs standard input.
pub(crate) async fn run(session: &mut Session) -> Result<Flow, ShellError> {
    let mut script = Script::default();
    loop {
        let line = tokio::task::spawn_blocking(next_line)
            .await
            .map_err(io::Error::other)??;
        let Some(line) = line else {
            break;
        };
        for text in script.add(&line) {
            if run_text(session, &text).await? == Flow::Exit {
                return Ok(Flow::Exit);
            }
        }
    }
    run_text(session, &script.rest()).await
}

async fn run_text(session: &mut Session, text: &Text) -> Result<Flow, ShellError> {
    // Blank lines in front, so that errors name the line of the whole script.
    let padded = format!("{}{}", "\n".repeat(text.line), text.text);
    session.run_script(&padded, STDIN_NAME).await
}

fn next_line() -> io::Result<Option<String>> {
    let mut line = String::new();
    let count = io::stdin().read_line(&mut line)?;
    Ok((count > 0).then_some(line))
}

/// Part of a script that can be run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Text {
    text: String,
    /// Lines before it.
    line: usize,
}

/// The lines that have not been run.
#[derive(Debug, Default)]
struct Script {
    pending: Text,
    /// Whether `pending` can be run unless the next line goes on with it.
    is_ready: bool,
    lines: usize,
}

impl Script {
    /// Takes a line; what can be run now comes back.
    fn add(&mut self, line: &str) -> Vec<Text> {
        let mut ready = Vec::new();
        if self.is_ready && !goes_on(line) {
            ready.push(self.take());
        }
        let is_first = self.pending.text.is_empty();
        self.pending.text.push_str(line);
        self.lines += 1;
        // Without a semicolon only commands end, which take one line, or few.
        if is_first || self.is_ready || line.contains(';') || starts_command(&self.pending.text) {
            self.is_ready = is_complete(&self.pending.text);
        }
        if self.is_ready && !may_go_on(&self.pending.text) {
            ready.push(self.take());
        }
        ready
    }

    fn take(&mut self) -> Text {
        self.is_ready = false;
        let line = self.lines;
        let next = Text {
            text: String::new(),
            line,
        };
        std::mem::replace(&mut self.pending, next)
    }

    fn rest(mut self) -> Text {
        self.take()
    }
}

fn starts_command(text: &str) -> bool {
    let word = text.split_whitespace().next();
    word.is_some_and(crate::command::is_command_word)
}

/// Whether a line begins with what only a COPY before it can want.
fn goes_on(line: &str) -> bool {
    let word = line.split_whitespace().next();
    word.is_some_and(|word| word.eq_ignore_ascii_case("WITH") || word.eq_ignore_ascii_case("AND"))
}

/// Whether the text ends with a COPY whose options may follow in the next line. Not if it reads
/// standard input: what follows is its data.
fn may_go_on(text: &str) -> bool {
    let last = units(text).into_iter().next_back();
    let Some(body) = last.and_then(|last| {
        let after = text.get(last.range.end..).unwrap_or_default();
        text.get(last.range).filter(|_| !after.contains(';'))
    }) else {
        return false;
    };
    let words: Vec<String> = body
        .split_whitespace()
        .map(str::to_ascii_uppercase)
        .collect();
    words.first().is_some_and(|word| word == "COPY") && !words.iter().any(|word| word == "STDIN")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(lines: &[&str]) -> Vec<(usize, String)> {
        let mut script = Script::default();
        let mut texts: Vec<Text> = lines.iter().flat_map(|line| script.add(line)).collect();
        texts.push(script.rest());
        texts
            .into_iter()
            .filter(|text| !text.text.trim().is_empty())
            .map(|text| (text.line, text.text))
            .collect()
    }

    #[test]
    fn a_statement_runs_when_its_semicolon_has_come() {
        assert_eq!(
            run(&["SELECT 1\n", "FROM t;\n", "HELP\n", "\n", "SELECT 2"]),
            [
                (0, "SELECT 1\nFROM t;\n".to_owned()),
                (2, "HELP\n".to_owned()),
                (4, "SELECT 2".to_owned()),
            ]
        );
    }

    #[test]
    fn the_data_of_copy_is_not_read_as_its_options() {
        let mut script = Script::default();
        assert_eq!(script.add("COPY t FROM STDIN\n").len(), 1, "at once");
        assert_eq!(
            run(&["COPY t FROM 'x'\n", "WITH HEADER = TRUE\n", "SELECT 1;\n"]),
            [
                (0, "COPY t FROM 'x'\nWITH HEADER = TRUE\n".to_owned()),
                (2, "SELECT 1;\n".to_owned()),
            ]
        );
        assert_eq!(run(&["COPY t\n", "FROM 'x';\n", "AND"]).len(), 2);
    }
}
