//! This checkout passes its own checks.

use quorate_tidy::repository;

#[test]
fn the_repository_is_tidy() {
    let report = repository::check(&repository::top()).expect("git and cargo answer");
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "to mend:\n{}", findings.join("\n"));
}
