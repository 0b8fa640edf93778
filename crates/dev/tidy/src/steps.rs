//! The steps of the write and the read path carry one number everywhere.
//!
//! In code a step is a comment that starts a line, `// W3 …` or `// R5 …`; in
//! ARCHITECTURE.md it is the bare word. The two sets are compared and differences said;
//! they do not fail the check, so that document and code can be written one after
//! the other.

use std::collections::{BTreeMap, BTreeSet};

use crate::is_whole_word;

/// The highest step of either path.
const STEP_MAX: u32 = 8;

/// Every step there is: `W1` to `W8`, `R1` to `R8`.
fn all() -> impl Iterator<Item = String> {
    ["W", "R"]
        .into_iter()
        .flat_map(|path| (1..=STEP_MAX).map(move |n| format!("{path}{n}")))
}

/// The steps that the comments of `text` mark.
pub fn marked_in_code(text: &str) -> BTreeSet<String> {
    let comments: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("// "))
        .collect();
    all()
        .filter(|step| {
            comments
                .iter()
                .any(|line| line.starts_with(step.as_str()) && is_whole_word(line, 0, step.len()))
        })
        .collect()
}

/// The steps that the document `text` names.
pub fn named_in_document(text: &str) -> BTreeSet<String> {
    all()
        .filter(|step| {
            text.match_indices(step)
                .any(|(at, _)| is_whole_word(text, at, step.len()))
        })
        .collect()
}

/// What the two do not share. Silent while either side has no steps at all.
pub fn compare(
    in_code: &BTreeMap<String, Vec<String>>,
    in_document: &BTreeSet<String>,
) -> Vec<String> {
    if in_code.is_empty() || in_document.is_empty() {
        return Vec::new();
    }
    let unmarked = in_document
        .iter()
        .filter(|step| !in_code.contains_key(*step))
        .map(|step| {
            format!("{step} is named in ARCHITECTURE.md, but no code marks it `// {step}`")
        });
    let unnamed = in_code
        .iter()
        .filter(|(step, _)| !in_document.contains(*step))
        .map(|(step, places)| {
            format!(
                "{step} is marked in {}, but not named in ARCHITECTURE.md",
                places.join(", ")
            )
        });
    unmarked.chain(unnamed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(steps: &[&str]) -> BTreeSet<String> {
        steps.iter().map(|&step| step.to_owned()).collect()
    }

    #[test]
    fn a_marker_is_a_comment_that_starts_with_the_step() {
        let text =
            "fn f() {\n    // W3 plan: replicas\n    // R5: carry out\n}\n// see W4\n/// W5\n";
        assert_eq!(marked_in_code(text), set(&["W3", "R5"]));
        assert_eq!(marked_in_code("// W31 no step\n// R9 neither\n"), set(&[]));
    }

    #[test]
    fn a_document_names_a_step_as_a_word() {
        assert_eq!(
            named_in_document("| W1 | receive |, then `R2`; not W10"),
            set(&["W1", "R2"])
        );
    }

    #[test]
    fn differences_are_said_both_ways() {
        let in_code = BTreeMap::from([
            ("W1".to_owned(), vec!["a.rs".to_owned()]),
            ("W2".to_owned(), vec!["a.rs".to_owned(), "b.rs".to_owned()]),
        ]);
        assert_eq!(
            compare(&in_code, &set(&["W1", "R1"])),
            [
                "R1 is named in ARCHITECTURE.md, but no code marks it `// R1`",
                "W2 is marked in a.rs, b.rs, but not named in ARCHITECTURE.md",
            ]
        );
        assert_eq!(compare(&in_code, &set(&[])), Vec::<String>::new());
    }
}
