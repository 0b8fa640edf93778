//! Reads source text line by line: headers, leftovers, tasks, machine paths.
//!
//! The words looked for are put together with `concat!`, so that this file passes
//! its own check.

use crate::{Finding, is_whole_word};

/// Words that must not reach the main branch, and what to do instead.
const LEFTOVERS: &[(&str, &str)] = &[
    (concat!("FIX", "ME"), "mend it or file an issue"),
    (concat!("dbg", "!("), "left from debugging"),
    (
        concat!("to", "do!("),
        "refuse the unsupported case by name instead",
    ),
    (
        concat!("un", "implemented!("),
        "refuse the unsupported case by name instead",
    ),
];

/// Folders that exist on one machine only.
const MACHINE_FOLDERS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
];

const TASK: &str = concat!("TO", "DO");

/// Refuses a Rust file that does not open with its module's talk.
pub fn check_header(place: &str, text: &str) -> Option<Finding> {
    let opens = text
        .lines()
        .next()
        .is_some_and(|line| line.starts_with("//!"));
    (!opens).then(|| {
        Finding::at(
            place,
            1,
            "a file opens with `//!`: what it decides, and what not",
        )
    })
}

/// Refuses leftovers, and tasks that no issue tracks.
pub fn check_leftovers(place: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for (word, instead) in LEFTOVERS {
            if line
                .match_indices(word)
                .any(|(at, _)| starts_word(line, at))
            {
                findings.push(Finding::at(
                    place,
                    index + 1,
                    format!("`{word}`: {instead}"),
                ));
            }
        }
        for (at, _) in line.match_indices(TASK) {
            let rest = line.get(at + TASK.len()..).unwrap_or_default();
            if is_whole_word(line, at, TASK.len()) && !names_an_issue(rest) {
                let message = format!("a bare `{TASK}`: write `{TASK}(#n)` with an issue");
                findings.push(Finding::at(place, index + 1, message));
            }
        }
    }
    findings
}

/// Whether no longer identifier ends at `at`.
fn starts_word(line: &str, at: usize) -> bool {
    let before = line.get(..at).and_then(|text| text.chars().next_back());
    !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// Whether `rest` starts with an issue in parentheses: `(#12)`.
fn names_an_issue(rest: &str) -> bool {
    rest.strip_prefix("(#")
        .and_then(|rest| rest.split_once(')'))
        .is_some_and(|(digits, _)| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Refuses absolute paths that only one machine has.
///
/// A relative path may contain the same words (`a/work/b`); what counts is that the
/// path starts with them.
pub fn check_machine_paths(place: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for folder in MACHINE_FOLDERS {
            if line
                .match_indices(folder)
                .any(|(at, _)| starts_path(line, at))
            {
                let message = format!("a path of one machine: `{folder}…`");
                findings.push(Finding::at(place, index + 1, message));
            }
        }
    }
    findings
}

fn starts_path(line: &str, at: usize) -> bool {
    let before = line.get(..at).and_then(|text| text.chars().next_back());
    !before.is_some_and(|c| c.is_alphanumeric() || "._-~/}*)".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leftovers(line: &str) -> usize {
        check_leftovers("x.rs", line).len()
    }

    #[test]
    fn a_rust_file_opens_with_its_talk() {
        assert_eq!(check_header("x.rs", "//! Decides.\n"), None);
        assert!(check_header("x.rs", "// Decides.\n").is_some());
        assert!(check_header("x.rs", "use std::fmt;\n//! Late.\n").is_some());
        assert!(check_header("x.rs", "").is_some());
    }

    #[test]
    fn leftovers_are_named_with_their_line() {
        let text = format!("fn a() {{}}\n    {}x);\n", concat!("dbg", "!("));
        let found = check_leftovers("x.rs", &text);
        assert_eq!(found.len(), 1);
        assert_eq!(found.first().and_then(|f| f.line), Some(2));
        assert_eq!(leftovers(concat!("// FIX", "ME later")), 1);
        assert_eq!(leftovers(concat!("to", "do!()")), 1);
        assert_eq!(leftovers(concat!("un", "implemented!(\"x\")")), 1);
        assert_eq!(leftovers("my_todo!(x); debug!(x)"), 0);
    }

    #[test]
    fn a_task_names_its_issue() {
        assert_eq!(leftovers(concat!("// TO", "DO: later")), 1);
        assert_eq!(leftovers(concat!("// TO", "DO(#): later")), 1);
        assert_eq!(leftovers(concat!("// TO", "DO(me): later")), 1);
        assert_eq!(leftovers(concat!("// TO", "DO(#12): later")), 0);
        assert_eq!(leftovers(concat!("let TO", "DOS = 1;")), 0);
    }

    #[test]
    fn paths_of_one_machine_are_refused() {
        let count = |line: &str| check_machine_paths("x", line).len();
        assert_eq!(count(concat!("cd /wo", "rk/main")), 1);
        assert_eq!(count(concat!("path = \"/ro", "ot/.cargo\"")), 1);
        assert_eq!(count(concat!("`/ho", "me/me`")), 1);
        assert_eq!(
            count(concat!("a/wo", "rk/main ../wo", "rk/x ~/wo", "rk/y")),
            0
        );
        assert_eq!(count(concat!("https://example.org/ho", "me/")), 0);
    }
}
