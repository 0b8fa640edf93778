//! Prints what the repository's checks find; the status says whether to mend something.

#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::process::ExitCode;

use quorate_tidy::repository;

fn main() -> ExitCode {
    let report = match repository::check(&repository::top()) {
        Ok(report) => report,
        Err(why) => {
            println!("tidy: {why}");
            return ExitCode::FAILURE;
        }
    };
    for note in &report.notes {
        println!("note: {note}");
    }
    for finding in &report.findings {
        println!("{finding}");
    }
    if report.findings.is_empty() {
        println!("tidy: nothing to mend");
        return ExitCode::SUCCESS;
    }
    println!("tidy: {} to mend", report.findings.len());
    ExitCode::FAILURE
}
