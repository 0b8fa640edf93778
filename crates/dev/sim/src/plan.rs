//! What one seed is about: the cluster's size, the tables, the mix of requests, which faults happen
//! and how often. Everything is drawn once, at the beginning, so that runs differ widely.

use crate::engine::DiskProfile;
use crate::rng::Rng;
use quorate_types::ConsistencyLevel;
use std::time::Duration;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// One node loses power and comes back later.
    Crash,
    /// All nodes lose power at once.
    CrashAll,
    /// One node stands still for a while.
    Pause,
    /// Two nodes do not hear one another.
    CutLink,
    /// One node does not hear another.
    CutOneWay,
    /// One node hears nobody and is heard by nobody.
    Isolate,
    /// One node is heard by all and hears nobody, or the other way round.
    IsolateOneWay,
    /// The nodes fall into two halves.
    Split,
    /// Messages are late or lost.
    Weather,
    /// A wall clock jumps.
    ClockJump,
    /// A disk becomes slow.
    SlowDisk,
    /// A disk has no room.
    FullDisk,
}

impl FaultKind {
    /// All of them.
    pub const EVERY: [Self; 12] = [
        Self::Crash,
        Self::CrashAll,
        Self::Pause,
        Self::CutLink,
        Self::CutOneWay,
        Self::Isolate,
        Self::IsolateOneWay,
        Self::Split,
        Self::Weather,
        Self::ClockJump,
        Self::SlowDisk,
        Self::FullDisk,
    ];
}

/// One table that clients write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePlan {
    /// Its name in the keyspace `ks`.
    pub name: String,
    /// Whether it has a clustering column.
    pub clustered: bool,
    /// Whether its rows are stored in descending order.
    pub descending: bool,
}

/// The columns that clients write.
pub const COLUMNS: [&str; 2] = ["v", "w"];

/// What one seed is about.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// How many nodes there are.
    pub nodes: usize,
    /// Replicas of each partition.
    pub replication_factor: u32,
    /// Tokens of each node.
    pub num_tokens: u32,
    /// Nodes that lose power while the cluster forms.
    pub crashes_while_forming: u64,
    /// Clients that work side by side.
    pub clients: usize,
    /// The mean time a client thinks between requests.
    pub think_time: Duration,
    /// How long faults happen.
    pub fault_time: Duration,
    /// Keys of partitions: 0 up to here.
    pub partitions: i64,
    /// Clustering keys: 0 up to here.
    pub rows: i64,
    /// The tables.
    pub tables: Vec<TablePlan>,
    /// Which faults happen.
    pub faults: Vec<FaultKind>,
    /// The mean time between faults.
    pub fault_interval: Duration,
    /// How long a fault lasts, in the mean.
    pub fault_duration: Duration,
    /// The share of requests that are writes.
    pub write_share: f64,
    /// The share of writes whose row nobody else writes or reads.
    pub ledger_share: f64,
    /// The share of the other writes that delete.
    pub delete_share: f64,
    /// The share of writes that are batches.
    pub batch_share: f64,
    /// The share of writes whose timestamp the client gives.
    pub client_timestamp_share: f64,
    /// The share of requests whose client hangs up before the answer.
    pub hang_up_share: f64,
    /// The levels of writes, each as often as it stands here.
    pub write_levels: Vec<ConsistencyLevel>,
    /// The levels of reads, each as often as it stands here.
    pub read_levels: Vec<ConsistencyLevel>,
    /// Whether the schema changes meanwhile.
    pub schema_changes: bool,
    /// Whether nodes may come back under another address.
    pub addresses_change: bool,
    /// The time between gossip rounds.
    pub gossip_interval: Duration,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// How often hints are looked for.
    pub hint_interval: Duration,
    /// How often tables are swept.
    pub sweep_interval: Duration,
    /// How fast disks are.
    pub disk: DiskProfile,
}

impl Plan {
    /// The plan of a seed.
    pub fn draw(seed: u64) -> Self {
        let mut rng = Rng::stream(seed, "plan", 0);
        let rng = &mut rng;
        let nodes = 3 + rng.index(3);
        let replication_factor = match rng.below(10) {
            0 => 2,
            1 if nodes == 5 => 5,
            _ => 3,
        };
        let faults: Vec<FaultKind> = FaultKind::EVERY
            .into_iter()
            .filter(|_| rng.chance(0.5))
            .collect();
        let millis = |rng: &mut Rng, low: u64, high: u64| {
            Duration::from_millis(rng.log_uniform(low as f64, high as f64) as u64)
        };
        Self {
            seed,
            nodes,
            replication_factor,
            num_tokens: 1 << rng.below(3),
            crashes_while_forming: if rng.chance(0.6) {
                0
            } else {
                rng.between(1, 4)
            },
            clients: 2 + rng.index(4),
            think_time: millis(rng, 10, 100),
            fault_time: millis(rng, 6_000, 14_000),
            partitions: 1 + rng.below(4) as i64,
            rows: 1 + rng.below(4) as i64,
            tables: tables(rng),
            faults,
            fault_interval: millis(rng, 150, 2_500),
            fault_duration: millis(rng, 100, 4_000),
            write_share: 0.35 + 0.4 * rng.unit(),
            ledger_share: 0.4 * rng.unit(),
            delete_share: if rng.chance(0.3) {
                0.0
            } else {
                0.4 * rng.unit()
            },
            batch_share: if rng.chance(0.4) {
                0.0
            } else {
                0.3 * rng.unit()
            },
            client_timestamp_share: if rng.chance(0.3) { 0.0 } else { rng.unit() },
            hang_up_share: if rng.chance(0.5) {
                0.0
            } else {
                0.15 * rng.unit()
            },
            write_levels: write_levels(rng),
            read_levels: read_levels(rng),
            schema_changes: rng.chance(0.5),
            addresses_change: rng.chance(0.3),
            gossip_interval: millis(rng, 200, 1_000),
            request_timeout: millis(rng, 500, 2_500),
            hint_interval: millis(rng, 500, 3_000),
            sweep_interval: millis(rng, 2_000, 20_000),
            disk: DiskProfile {
                sync_micros: rng.log_uniform(100.0, 5_000.0),
                read_micros: rng.log_uniform(20.0, 2_000.0),
                hiccup_chance: if rng.chance(0.5) {
                    0.0
                } else {
                    rng.log_uniform(0.001, 0.02)
                },
                hiccup_micros_max: rng.log_uniform(10_000.0, 1_500_000.0) as u64,
                slowness: 1.0,
                is_full: false,
            },
        }
    }
}

fn tables(rng: &mut Rng) -> Vec<TablePlan> {
    let clustered = TablePlan {
        name: "rows".to_owned(),
        clustered: true,
        descending: rng.chance(0.5),
    };
    let plain = TablePlan {
        name: "singles".to_owned(),
        clustered: false,
        descending: false,
    };
    match rng.below(3) {
        0 => vec![clustered],
        1 => vec![clustered.clone(), plain],
        _ => vec![clustered, plain],
    }
}

fn write_levels(rng: &mut Rng) -> Vec<ConsistencyLevel> {
    use ConsistencyLevel::{All, Any, LocalQuorum, One, Quorum, Two};
    let mut levels = vec![Quorum; 6];
    for level in [One, All, LocalQuorum, Two, Any] {
        if rng.chance(0.4) {
            levels.push(level);
        }
    }
    levels
}

fn read_levels(rng: &mut Rng) -> Vec<ConsistencyLevel> {
    use ConsistencyLevel::{All, LocalQuorum, One, Quorum};
    let mut levels = vec![Quorum; 6];
    for level in [One, All, LocalQuorum] {
        if rng.chance(0.4) {
            levels.push(level);
        }
    }
    levels
}
