//! Every input that fuzzing has kept (`tests/fuzz/corpus` at the top of the repository), once more.

use quorate_frame::fuzz;
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;
use std::path::PathBuf;

/// Runs both functions on every input of one folder: one's inputs are bytes for the other too.
fn replay(target: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fuzz/corpus");
    let folder = folder.join(target);
    let files = fs::read_dir(&folder).expect("the corpus is part of the repository");
    let paths: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    let crash = |path: &&PathBuf| {
        let data = fs::read(path).expect("a readable file");
        let both = || {
            fuzz::frame(&data);
            fuzz::frame_sequence(&data);
        };
        catch_unwind(both).is_err()
    };
    let crashed: Vec<&PathBuf> = paths.iter().filter(crash).collect();
    assert!(crashed.is_empty(), "panicked on {crashed:?}");
}

#[test]
fn frames_of_the_corpus_are_read_or_refused() {
    replay("frame");
}

#[test]
fn sequences_of_the_corpus_end() {
    replay("frame_sequence");
}
