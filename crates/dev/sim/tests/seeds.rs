//! Whole clusters under faults, seed after seed, and the simulator's own promises.

use quorate_sim::Report;
use quorate_sim::planted::PlantedBug;
use quorate_sim::run_seed;
use std::panic;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;

/// Seeds of each run of the tests.
const SEEDS: u64 = 200;
/// Seeds side by side.
const THREADS: usize = 2;
/// The futures of a whole cluster are polled on one stack.
const STACK_BYTES: usize = 16 << 20;

/// Runs seeds on a few threads until one fails; returns the failures that were found, in words.
fn run_seeds(count: u64, planted: Option<PlantedBug>, stop_at_first: bool) -> Vec<String> {
    let next = AtomicU64::new(0);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let worker = thread::Builder::new().stack_size(STACK_BYTES);
            let work = || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let found = || failures.lock().unwrap_or_else(PoisonError::into_inner);
                    if seed >= count || (stop_at_first && !found().is_empty()) {
                        return;
                    }
                    let ran = panic::catch_unwind(|| run_seed(seed, planted, None));
                    match ran {
                        Ok(report) if report.violations.is_empty() => {}
                        Ok(report) => found().push(report.to_string()),
                        Err(_) => found().push(format!(
                            "seed {seed}: a task panicked\n  cargo run -p quorate-sim -- --seed {seed}"
                        )),
                    }
                }
            };
            worker
                .spawn_scoped(scope, work)
                .expect("a thread can be started");
        }
    });
    failures
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn every_guarantee_holds_under_every_seed() {
    let failures = run_seeds(SEEDS, PlantedBug::of_features(), false);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_same_seed_is_the_same_run() {
    let run = |seed| -> Report { run_seed(seed, None, None) };
    for seed in 0..8 {
        let (one, other) = (run(seed), run(seed));
        assert_eq!(one.trace_hash, other.trace_hash, "seed {seed}");
        assert_eq!(one.events, other.events, "seed {seed}");
    }
    assert_ne!(run(3).trace_hash, run(4).trace_hash);
}

#[test]
fn the_world_is_rough_enough_to_mean_something() {
    let reports: Vec<Report> = (0..20).map(|seed| run_seed(seed, None, None)).collect();
    let sum = |of: fn(&Report) -> u64| reports.iter().map(of).sum::<u64>();
    assert!(
        sum(|report| report.writes.1) > 1_000,
        "writes that were acknowledged"
    );
    assert!(
        sum(|report| report.writes.0 - report.writes.1) > 100,
        "writes that were not"
    );
    assert!(sum(|report| report.reads) > 500, "reads");
    assert!(sum(|report| report.errors) > 100, "errors");
    assert!(sum(|report| report.hints) > 100, "hints");
    assert!(sum(|report| report.read_repairs) > 10, "read repairs");
}

#[test]
fn planted_bugs_are_caught() {
    for planted in PlantedBug::EVERY {
        let failures = run_seeds(SEEDS, Some(planted), true);
        assert!(!failures.is_empty(), "{planted:?} was not noticed");
    }
}
