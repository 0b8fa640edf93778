//! The seeded world: time, network, disk, faults, checkers.
//!
//! Runs whole clusters of [`quorate_node::Node`]s, their drivers unchanged, in one thread with virtual
//! time: everything that happens follows from one seed. Clients work while nodes crash, stand still
//! and cannot hear one another; then everything heals, and the [`checkers`] judge what clients saw
//! and what the nodes hold. Knows nothing of RocksDB, sockets or clocks.
//!
//! Start with [`run_seed`], then `scenario.rs` (what a run is), `world.rs` (what a node sees of it),
//! `network.rs` and `engine.rs` (what it is made of), and [`checkers`].

pub mod checkers;
pub mod cluster;
pub mod disk;
pub mod engine;
pub mod executor;
pub mod faults;
pub mod history;
pub mod network;
pub mod plan;
pub mod planted;
pub mod rng;
mod scenario;
mod schema_work;
mod statements;
pub mod trace;
mod workload;
pub mod world;

use checkers::Violation;
use checkers::check_history;
use cluster::Cluster;
use executor::Executor;
use executor::lock;
use history::History;
use network::Network;
use plan::Plan;
use planted::PlantedBug;
use rng::Rng;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use trace::Trace;
use trace::TraceSink;

/// Virtual time after which a run is taken for endless.
const TIME_MAX: Duration = Duration::from_mins(15);

/// What a run found.
#[derive(Debug, Clone)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// The rolling hash of everything that happened.
    pub trace_hash: u64,
    /// Events of the trace.
    pub events: u64,
    /// Virtual time that passed.
    pub time: Duration,
    /// Writes that were sent, and how many were acknowledged.
    pub writes: (u64, u64),
    /// Reads that were answered.
    pub reads: u64,
    /// Requests that were answered with an error.
    pub errors: u64,
    /// Hints that were stored.
    pub hints: u64,
    /// Reads that found replicas different and repaired them.
    pub read_repairs: u64,
    /// Guarantees that did not hold.
    pub violations: Vec<Violation>,
}

impl Report {
    /// The line that runs this seed again.
    pub fn replay(&self) -> String {
        format!("cargo run -p quorate-sim -- --seed {}", self.seed)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sent, acknowledged) = self.writes;
        write!(
            f,
            "seed {}: trace {:016x}, {} events in {:.1?}, {acknowledged} of {sent} writes acknowledged, \
             {} reads, {} errors, {} hints, {} read repairs",
            self.seed,
            self.trace_hash,
            self.events,
            self.time,
            self.reads,
            self.errors,
            self.hints,
            self.read_repairs
        )?;
        for violation in &self.violations {
            write!(f, "\n  {violation}")?;
        }
        if !self.violations.is_empty() {
            write!(f, "\n  {}", self.replay())?;
        }
        Ok(())
    }
}

/// Runs the world of a seed to its end.
pub fn run_seed(seed: u64, planted: Option<PlantedBug>, sink: Option<TraceSink>) -> Report {
    let plan = Plan::draw(seed);
    let executor = Executor::new(Rng::stream(seed, "order", 0), Trace::new(sink));
    executor.note(format_args!("{plan:?}"));
    let history = Arc::new(Mutex::new(History {
        replication_factor: plan.replication_factor,
        ..History::default()
    }));
    let network = Network::new(executor.clone(), Rng::stream(seed, "network", 0), planted);
    let cluster = Cluster::new(executor.clone(), network, plan, planted, history.clone());
    let outcome = executor.run(scenario::run(cluster.clone(), planted), TIME_MAX);
    let (trace_hash, events) = executor.trace_hash();
    let hints = cluster.stored_hints().len() as u64;
    let time = Duration::from_micros(executor.now_micros());
    cluster.shut_down();
    let history = lock(&history);
    let mut violations = check_history(&history);
    let trouble = |what: String| Violation {
        guarantee: "liveness",
        what,
    };
    violations.extend(history.troubles.iter().cloned().map(trouble));
    match outcome {
        Ok(found) => violations.extend(found),
        Err(stuck) => violations.push(trouble(stuck.to_string())),
    }
    let acknowledged =
        |write: &&history::Write| matches!(write.outcome, history::WriteOutcome::Acknowledged(_));
    Report {
        seed,
        trace_hash,
        events,
        time,
        writes: (
            history.writes.len() as u64,
            history.writes.iter().filter(acknowledged).count() as u64,
        ),
        reads: history.reads.len() as u64,
        errors: history.errors,
        hints,
        read_repairs: history.read_repairs,
        violations,
    }
}
