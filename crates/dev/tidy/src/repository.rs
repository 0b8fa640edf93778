//! Reads the checkout and runs every check over it.
//!
//! The files are those git tracks or would track: what `.gitignore` names is not ours.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Finding, arrows, documents, lengths, sources, steps};

/// How many of the longest functions and files are named.
const LONGEST_COUNT: usize = 5;

/// Files whose text is somebody else's, so no rule of ours applies.
const FOREIGN: &[&str] = &["Cargo.lock", "LICENSE"];

/// What a run found.
#[derive(Debug, Default)]
pub struct Report {
    /// What has to be mended.
    pub findings: Vec<Finding>,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// The top of the repository that holds this crate.
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// Runs every check over the checkout at `top`.
///
/// # Errors
/// When git or cargo cannot be asked, or a tracked file cannot be read.
pub fn check(top: &Path) -> Result<Report, String> {
    let mut report = Report::default();
    check_packages(top, &mut report)?;
    let mut in_code: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut in_document = BTreeSet::new();
    let mut lengths = Lengths::default();
    for place in tracked_files(top)? {
        let path = top.join(&place);
        let Ok(metadata) = path.metadata() else {
            continue;
        }; // deleted, not yet committed
        let found = documents::check_size(&place, metadata.len(), documents::LARGE_FILES);
        report.findings.extend(found);
        if !metadata.is_file() || metadata.len() > documents::FILE_BYTES_MAX {
            continue;
        }
        let bytes = std::fs::read(&path).map_err(|e| format!("{place}: {e}"))?;
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        check_text(top, &place, &text, &mut report.findings);
        if place == "ARCHITECTURE.md" {
            in_document = steps::named_in_document(&text);
        }
        if is_rust(&place) && !place.starts_with("crates/dev/tidy/") {
            for step in steps::marked_in_code(&text) {
                in_code.entry(step).or_default().push(place.clone());
            }
            lengths.add(&place, &text);
        }
    }
    report.notes.extend(steps::compare(&in_code, &in_document));
    report.notes.extend(lengths.notes());
    report.findings.sort();
    Ok(report)
}

/// The checks that read one file's text.
fn check_text(top: &Path, place: &str, text: &str, findings: &mut Vec<Finding>) {
    let file = place.rsplit('/').next().unwrap_or(place);
    if FOREIGN.contains(&file) {
        return;
    }
    findings.extend(sources::check_machine_paths(place, text));
    if is_rust(place) {
        findings.extend(sources::check_header(place, text));
    }
    if is_written_by_hand(file) {
        findings.extend(sources::check_leftovers(place, text));
    }
    if has_extension(place, "md") {
        findings.extend(documents::check_links(place, text, |path| {
            top.join(path).exists()
        }));
    }
}

fn has_extension(place: &str, extension: &str) -> bool {
    Path::new(place)
        .extension()
        .is_some_and(|found| found == extension)
}

fn is_rust(place: &str) -> bool {
    has_extension(place, "rs")
}

/// Code, scripts and settings; not data, and not documents, which may speak of anything.
fn is_written_by_hand(file: &str) -> bool {
    ["rs", "toml", "sh", "py", "proto", "yml"]
        .iter()
        .any(|ext| has_extension(file, ext))
        || ["Makefile", "run"].contains(&file)
}

/// Arrows and lints of every workspace crate.
fn check_packages(top: &Path, report: &mut Report) -> Result<(), String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let json = output(
        top,
        &cargo,
        &["metadata", "--no-deps", "--format-version", "1"],
    )?;
    let packages = arrows::parse_metadata(&json)?;
    report
        .findings
        .extend(arrows::check(&packages, arrows::ARROWS));
    for package in &packages {
        let path = top.join(&package.folder).join("Cargo.toml");
        let manifest =
            std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        report
            .findings
            .extend(arrows::check_lints(package, &manifest));
    }
    Ok(())
}

/// What git tracks, and what it would track if it were added.
fn tracked_files(top: &Path) -> Result<Vec<String>, String> {
    let flags = [
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ];
    let list = output(top, "git", &flags)?;
    let unique: BTreeSet<&str> = list.split('\0').filter(|path| !path.is_empty()).collect();
    Ok(unique.into_iter().map(str::to_owned).collect())
}

/// What a program prints, run at `top`.
fn output(top: &Path, program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(top)
        .output()
        .map_err(|e| format!("{program} cannot be started: {e}"))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "{program} {}: {}",
            arguments.join(" "),
            words.trim()
        ));
    }
    String::from_utf8(output.stdout).map_err(|e| format!("{program} printed no text: {e}"))
}

/// The lengths of everything read so far.
#[derive(Debug, Default)]
struct Lengths {
    functions: Vec<(usize, String)>,
    files: Vec<(usize, String)>,
}

impl Lengths {
    fn add(&mut self, place: &str, text: &str) {
        self.files
            .push((lengths::file_lines(text), place.to_owned()));
        for (lines, name, start) in lengths::functions(text) {
            self.functions
                .push((lines, format!("{name} ({place}:{start})")));
        }
    }

    fn notes(mut self) -> Vec<String> {
        let functions = longest(&mut self.functions, lengths::FUNCTION_LINES_AIM);
        let files = longest(&mut self.files, lengths::FILE_LINES_AIM);
        functions.into_iter().chain(files).collect()
    }
}

/// The longest that exceed the aim, and how many more there are.
fn longest(all: &mut [(usize, String)], aim: usize) -> Vec<String> {
    all.sort_by(|a, b| b.cmp(a));
    let count = all.iter().filter(|(lines, _)| *lines > aim).count();
    let mut notes: Vec<String> = all
        .iter()
        .take(count.min(LONGEST_COUNT))
        .map(|(lines, what)| format!("{lines} lines (aim {aim}): {what}"))
        .collect();
    if count > LONGEST_COUNT {
        notes.push(format!(
            "… and {} more above {aim} lines",
            count - LONGEST_COUNT
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_longest_are_named_and_the_rest_counted() {
        let mut all: Vec<_> = (1..=8).map(|n| (n * 10, format!("f{n}"))).collect();
        assert_eq!(longest(&mut all, 70), ["80 lines (aim 70): f8"]);
        assert_eq!(
            longest(&mut all, 20).last(),
            Some(&"… and 1 more above 20 lines".to_owned())
        );
    }

    #[test]
    fn the_rules_for_text_follow_the_kind_of_file() {
        let count = |place: &str, text: &str| {
            let mut findings = Vec::new();
            check_text(Path::new("."), place, text, &mut findings);
            findings.len()
        };
        let task = concat!("//! A TO", "DO\n");
        assert_eq!(count("crates/a/src/lib.rs", task), 1);
        assert_eq!(count("docs/a.md", task), 0);
        assert_eq!(count("deploy/a.sh", task), 1);
        assert_eq!(count("Cargo.lock", concat!("\"/ro", "ot/x\"")), 0);
        assert_eq!(count("config/a.json", concat!("\"/ro", "ot/x\"")), 1);
        assert_eq!(count("docs/a.md", "[x](no-such-file.md)"), 1);
    }
}
