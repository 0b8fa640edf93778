//! Random histories against the table in memory that the simulator runs on. The engine flushes, compacts, sweeps,
//! crashes, closes and truncates meanwhile; what a read answers must not depend on it.

use super::*;
use proptest::prelude::*;
use quorate_data::Bound;
use quorate_data::Expiring;
use quorate_data::Liveness;
use quorate_data::Position;
use quorate_data::ReadTarget;
use quorate_data::Row;
use quorate_data::Slice;
use quorate_data::Tombstone;
use quorate_data::key::header_suffix;
use quorate_data::key::row_suffix;
use quorate_data::key::static_suffix;
use quorate_data::memory::MemoryTable;
use quorate_data::partition;
use quorate_data::reconcile::SweepVerdict;
use quorate_data::reconcile::sweep;
use quorate_types::NowInSeconds;

const GC_GRACE_SECS: u32 = 40;

#[derive(Debug, Clone)]
enum Step {
    Write(Vec<Change>),
    Read(Reading),
    Flush,
    Sweep { later_secs: u32 },
    Compact { later_secs: u32 },
    Crash,
    Close,
    Truncate,
}

#[derive(Debug, Clone)]
struct Change {
    partition: u8,
    kind: ChangeKind,
    /// Added to the time of the last sweep: what comes after it is younger than what it purged.
    timestamp: i64,
    second: u32,
}

#[derive(Debug, Clone)]
enum ChangeKind {
    Cell { c: i32, value: u8, ttl: Option<u32> },
    Insert { c: i32, ttl: Option<u32> },
    Static { value: u8 },
    DeleteCell { c: i32 },
    DeleteRow { c: i32 },
    DeleteRange { from: i32, rows: i32 },
    DeletePartition,
}

#[derive(Debug, Clone)]
struct Reading {
    partition: Option<u8>,
    from: i32,
    rows: i32,
    points: bool,
    reversed: bool,
    limit: u32,
    later_secs: u32,
}

fn change() -> impl Strategy<Value = Change> {
    let ttl = || proptest::option::weighted(0.3, 1u32..120);
    let kind = prop_oneof![
        6 => (0i32..12, any::<u8>(), ttl()).prop_map(|(c, value, ttl)| ChangeKind::Cell { c, value, ttl }),
        2 => (0i32..12, ttl()).prop_map(|(c, ttl)| ChangeKind::Insert { c, ttl }),
        1 => any::<u8>().prop_map(|value| ChangeKind::Static { value }),
        2 => (0i32..12).prop_map(|c| ChangeKind::DeleteCell { c }),
        2 => (0i32..12).prop_map(|c| ChangeKind::DeleteRow { c }),
        2 => (0i32..12, 0i32..6).prop_map(|(from, rows)| ChangeKind::DeleteRange { from, rows }),
        1 => Just(ChangeKind::DeletePartition),
    ];
    (0u8..4, kind, 0i64..20, 0u32..30).prop_map(|(partition, kind, timestamp, second)| Change {
        partition,
        kind,
        timestamp,
        second,
    })
}

fn reading() -> impl Strategy<Value = Reading> {
    (
        proptest::option::weighted(0.7, 0u8..4),
        0i32..12,
        0i32..12,
        any::<bool>(),
        any::<bool>(),
        prop_oneof![Just(u32::MAX), 1u32..5],
        0u32..30,
    )
        .prop_map(
            |(partition, from, rows, points, reversed, limit, later_secs)| Reading {
                partition,
                from,
                rows,
                points,
                reversed,
                limit,
                later_secs,
            },
        )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => proptest::collection::vec(change(), 1..6).prop_map(Step::Write),
        6 => reading().prop_map(Step::Read),
        2 => Just(Step::Flush),
        2 => (0u32..60).prop_map(|later_secs| Step::Sweep { later_secs }),
        1 => (0u32..60).prop_map(|later_secs| Step::Compact { later_secs }),
        1 => Just(Step::Crash),
        1 => Just(Step::Close),
        1 => Just(Step::Truncate),
    ]
}

struct World {
    place: TempDir,
    engine: Option<Engine>,
    model: MemoryTable,
    /// Seconds; only grows.
    now: u32,
    /// Timestamps of writes begin here.
    epoch: i64,
    /// What the last sweep may have purged: reads must not ask for more.
    purged_before: u32,
}

impl World {
    fn new() -> Self {
        let place = place();
        let (engine, _) = open(place.path(), &[schema(1, GC_GRACE_SECS)]);
        Self {
            place,
            engine: Some(engine),
            model: MemoryTable::default(),
            now: 10_000,
            epoch: 0,
            purged_before: 0,
        }
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    fn reopen(&mut self) {
        self.engine = None;
        let (engine, _) = open(self.place.path(), &[schema(1, GC_GRACE_SECS)]);
        self.engine = Some(engine);
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Write(changes) => {
                self.now += 1;
                let mutations: Vec<Mutation> =
                    changes.iter().map(|change| self.mutation(change)).collect();
                let encoded = mutations.iter().map(Mutation::encode).collect();
                block_on(self.engine().apply_many(encoded)).unwrap();
                for mutation in &mutations {
                    self.model.apply(mutation);
                }
            }
            Step::Read(reading) => {
                self.now += reading.later_secs;
                self.compare(&self.command(&reading));
            }
            Step::Flush => block_on(self.engine().flush(None)).unwrap(),
            Step::Sweep { later_secs } => {
                let policy = self.begin_sweep(later_secs);
                let full = TokenRange::FULL;
                block_on(self.engine().sweep(table_id(1), policy, full)).unwrap();
                self.sweep_model();
            }
            Step::Compact { later_secs } => {
                let policy = self.begin_sweep(later_secs);
                block_on(self.engine().compact(table_id(1), policy)).unwrap();
                self.sweep_model();
            }
            Step::Crash => self.reopen(),
            Step::Close => {
                block_on(self.engine().close()).unwrap();
                self.reopen();
            }
            Step::Truncate => {
                block_on(self.engine().truncate(table_id(1), u64::from(self.now))).unwrap();
                self.model = MemoryTable::default();
            }
        }
    }

    fn begin_sweep(&mut self, later_secs: u32) -> PurgePolicy {
        self.now += later_secs;
        self.epoch += 100;
        self.purged_before = self.now - GC_GRACE_SECS;
        PurgePolicy::after_gc_grace(NowInSeconds(self.now))
    }

    fn sweep_model(&mut self) {
        let now = NowInSeconds(self.now);
        self.model.sweep(now, self.now - GC_GRACE_SECS).unwrap();
    }

    fn mutation(&self, change: &Change) -> Mutation {
        let timestamp = self.epoch + change.timestamp;
        let second = self.now - change.second.min(29);
        let tombstone = Tombstone {
            deleted_at: timestamp,
            local_deletion_secs: second,
        };
        let expiring = |ttl: u32| Expiring {
            ttl,
            expiry: second + ttl,
        };
        let cell = |column, state| Row {
            cells: vec![quorate_data::Cell {
                column: quorate_data::ColumnId(column),
                path: None,
                timestamp,
                state,
            }],
            ..Row::default()
        };
        let value = |byte: u8, ttl: Option<u32>| {
            let bytes = Bytes::from(vec![byte; 3]);
            match ttl {
                Some(ttl) => quorate_data::CellState::Expiring(bytes, expiring(ttl)),
                None => quorate_data::CellState::Live(bytes),
            }
        };
        let deletion = || Row {
            deletion: Some(tombstone),
            ..Row::default()
        };
        let row = |c: i32| row_suffix(&clustering(c));
        let mut mutation = mutation(1, &[change.partition]);
        match change.kind {
            ChangeKind::Cell { c, value: v, ttl } => {
                mutation.insert(row(c), &cell(3, value(v, ttl)));
            }
            ChangeKind::Insert { c, ttl } => mutation.insert(
                row(c),
                &Row {
                    liveness: Some(Liveness {
                        timestamp,
                        expiring: ttl.map(expiring),
                    }),
                    ..Row::default()
                },
            ),
            ChangeKind::Static { value: v } => {
                mutation.insert(static_suffix(), &cell(2, value(v, None)));
            }
            ChangeKind::DeleteCell { c } => mutation.insert(
                row(c),
                &cell(
                    3,
                    quorate_data::CellState::Tombstone {
                        local_deletion_secs: second,
                    },
                ),
            ),
            ChangeKind::DeleteRow { c } => mutation.insert(row(c), &deletion()),
            ChangeKind::DeleteRange { from, rows } => {
                mutation.insert_range_tombstone(&slice(from, rows), tombstone);
            }
            ChangeKind::DeletePartition => mutation.insert(header_suffix(), &deletion()),
        }
        mutation
    }

    fn command(&self, reading: &Reading) -> ReadCommand {
        let target = match reading.partition {
            Some(partition) => ReadTarget::Partition(Bytes::from(vec![partition])),
            None => ReadTarget::Range(TokenRange::FULL),
        };
        let slices = if reading.points {
            let rows = reading.from..=reading.from + reading.rows;
            rows.map(|c| Slice::point(&clustering(c))).collect()
        } else if reading.rows == 0 {
            vec![Slice::everything()]
        } else {
            vec![slice(reading.from, reading.rows)]
        };
        let mut command = command(1, target, slices);
        command.reversed = reading.reversed;
        command.now = NowInSeconds(self.now);
        command.purge_before_secs = self.now - GC_GRACE_SECS;
        command.limits.rows = reading.limit;
        command
    }

    /// Reads all pages from both.
    fn compare(&self, command: &ReadCommand) {
        assert!(command.purge_before_secs >= self.purged_before);
        let mut command = command.clone();
        loop {
            let expected = partition::read(&self.model, &command).unwrap();
            let answered = block_on(self.engine().read(command.clone())).unwrap();
            let next: Option<Position> = expected.stopped_at.clone();
            assert_eq!(
                answered.digest(&command),
                expected.digest(&command),
                "{command:?}"
            );
            assert_eq!(
                swept(answered, &command),
                swept(expected, &command),
                "{command:?}"
            );
            match next {
                Some(position) => command.after = Some(position),
                None => break,
            }
        }
    }
}

/// With tombstones in the place of expired cells: a sweep may have put them there or not.
fn swept(mut reply: DataReply, command: &ReadCommand) -> DataReply {
    for partition in &mut reply.partitions {
        for entry in &mut partition.entries {
            let verdict = sweep(
                &entry.fragment,
                None,
                command.now,
                command.purge_before_secs,
            );
            match verdict.unwrap() {
                SweepVerdict::Keep => {}
                SweepVerdict::Rewrite(fragment) => entry.fragment = fragment,
                SweepVerdict::Drop => panic!("a read answers nothing that may be purged"),
            }
        }
    }
    reply
}

fn slice(from: i32, rows: i32) -> Slice {
    let prefix = |c: i32| {
        let mut framed = clustering(c);
        framed.pop();
        framed
    };
    Slice {
        start: Bound::starting(&prefix(from), true),
        end: Bound::ending(&prefix(from + rows), true),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reads_answer_as_the_same_table_in_memory_does(
        steps in proptest::collection::vec(step(), 1..40)
    ) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
        for reversed in [false, true] {
            let reading = Reading {
                partition: None, from: 0, rows: 0, points: false, reversed, limit: 2, later_secs: 0,
            };
            let command = world.command(&reading);
            world.compare(&command);
        }
    }
}
