//! For tests: a small world of writes, a store of their fragments, and a naive model that answers
//! reads by looking at everything.

use super::*;
use crate::Bound;
use crate::Cell;
use crate::CellState;
use crate::ColumnId;
use crate::Entry;
use crate::EntryKind;
use crate::Limits;
use crate::Mutation;
use crate::Row;
use crate::Tombstone;
use crate::fragment::samples::*;
use crate::key::header_suffix;
use crate::key::row_suffix;
use crate::key::split_range_tombstone;
use crate::key::static_suffix;
use crate::read::LivePartition;
use crate::read::live_rows;
use crate::reconcile::SweepVerdict;
use crate::reconcile::merge_or_quarantine;
use crate::reconcile::merge_rows;
use crate::reconcile::sweep;
use proptest::collection::vec;
use proptest::prelude::*;
use quorate_types::Epoch;
use quorate_types::NowInSeconds;
use quorate_types::TableId;
use std::collections::BTreeMap;
use std::convert::Infallible;
use uuid::Uuid;

pub(crate) const KEYS: [&[u8]; 4] = [b"a", b"b", b"", b"d\0"];

pub(crate) fn framed(components: &[u8]) -> Vec<u8> {
    components
        .iter()
        .flat_map(|&byte| [0x40, byte, 0])
        .collect()
}

pub(crate) fn clustering(components: &[u8]) -> Bytes {
    Bytes::from([&framed(components)[..], &[0x38]].concat())
}

/// One table of one replica.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Store {
    pairs: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Store {
    pub(crate) fn of(mutations: &[Mutation]) -> Self {
        let mut store = Self::default();
        for mutation in mutations {
            store.apply(mutation);
        }
        store
    }

    pub(crate) fn apply(&mut self, mutation: &Mutation) {
        let mutation = Mutation::decode(mutation.encode()).unwrap();
        let prefix = partition_prefix(mutation.token(), &mutation.key);
        for entry in &mutation.entries {
            let key = [&prefix[..], &entry.suffix].concat();
            let existing = self.pairs.get(&key).map(Vec::as_slice);
            let merged = merge_or_quarantine(existing, [&entry.fragment[..]].into_iter());
            self.pairs.insert(key, merged);
        }
    }

    pub(crate) fn apply_repairs(&mut self, repairs: &[(Bytes, Vec<Entry>)]) {
        for (key, entries) in repairs {
            let mut mutation = mutation(key);
            mutation.entries.clone_from(entries);
            self.apply(&mutation);
        }
    }

    pub(crate) fn read(&self, command: &ReadCommand) -> DataReply {
        // What goes over the wire is what is answered.
        let command = ReadCommand::decode(command.encode()).unwrap();
        let reply = read(self, &command).unwrap();
        DataReply::decode(reply.encode()).unwrap()
    }

    /// Puts bytes in the place of an entry, as damage would.
    pub(crate) fn put(&mut self, key: Vec<u8>, fragment: Vec<u8>) {
        self.pairs.insert(key, fragment);
    }

    /// Sweeps every entry under what covers it.
    pub(crate) fn sweep(&mut self, now: NowInSeconds, purge_before_secs: u32) {
        let model = Model::of_store(self);
        let entries = std::mem::take(&mut self.pairs);
        for (key, fragment) in entries {
            let (token, partition_key, suffix) = split_key(&key).unwrap();
            let partition = &model.partitions[&(token, partition_key)];
            let covering = match EntryKind::of_suffix(suffix).unwrap() {
                EntryKind::Header => None,
                EntryKind::RangeTombstone | EntryKind::Static => partition.deletion,
                EntryKind::Row => partition.covering(&suffix[1..]),
            };
            match sweep(&fragment, covering, now, purge_before_secs).unwrap() {
                SweepVerdict::Keep => {
                    self.pairs.insert(key, fragment);
                }
                SweepVerdict::Rewrite(bytes) => {
                    self.pairs.insert(key, bytes.to_vec());
                }
                SweepVerdict::Drop => {}
            }
        }
    }
}

impl Pairs for Store {
    type Error = Infallible;
    type Cursor<'a> = StoreCursor;

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Infallible> {
        Ok(self
            .pairs
            .get(key)
            .map(|fragment| Bytes::copy_from_slice(fragment)))
    }

    fn cursor(&self, lower: &[u8], upper: Option<&[u8]>) -> StoreCursor {
        let lies_inside = |key: &[u8]| key >= lower && upper.is_none_or(|upper| key < upper);
        let pairs = self.pairs.iter().filter(|(key, _)| lies_inside(key));
        StoreCursor {
            pairs: pairs
                .map(|(key, fragment)| (key.clone(), fragment.clone()))
                .collect(),
            at: None,
        }
    }
}

pub(crate) struct StoreCursor {
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
    at: Option<usize>,
}

impl PairCursor for StoreCursor {
    type Error = Infallible;

    fn seek(&mut self, key: &[u8]) {
        self.at = Some(self.pairs.partition_point(|(other, _)| &other[..] < key));
    }

    fn seek_for_prev(&mut self, key: &[u8]) {
        let after = self.pairs.partition_point(|(other, _)| &other[..] <= key);
        self.at = after.checked_sub(1);
    }

    fn next(&mut self) {
        self.at = self.at.map(|at| at + 1);
    }

    fn prev(&mut self) {
        self.at = self.at.and_then(|at| at.checked_sub(1));
    }

    fn item(&self) -> Result<Option<(&[u8], &[u8])>, Infallible> {
        let pair = self.at.and_then(|at| self.pairs.get(at));
        Ok(pair.map(|(key, fragment)| (&key[..], &fragment[..])))
    }
}

/// A partition as rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct ModelPartition {
    pub(crate) deletion: Option<Tombstone>,
    pub(crate) ranges: Vec<(Slice, Tombstone)>,
    pub(crate) static_row: Row,
    pub(crate) rows: BTreeMap<Bytes, Row>,
}

impl ModelPartition {
    pub(crate) fn covering(&self, framed: &[u8]) -> Option<Tombstone> {
        let over = self
            .ranges
            .iter()
            .filter(|(slice, _)| slice.contains(framed));
        self.deletion
            .max(over.map(|(_, tombstone)| *tombstone).max())
    }
}

/// What is live of a row under a deletion, said plainly; `None`: not to be seen.
pub(crate) fn live_of(row: &Row, covering: Option<Tombstone>, now: u32) -> Option<Row> {
    let covering = Row {
        deletion: covering,
        ..Row::default()
    };
    let row = merge_rows(row, &covering);
    let expired = |expiring: crate::Expiring| expiring.expiry <= now;
    let is_live = |cell: &Cell| match cell.state {
        CellState::Live(_) => true,
        CellState::Expiring(_, expiring) => !expired(expiring),
        CellState::Tombstone { .. } => false,
    };
    let live = Row {
        liveness: row
            .liveness
            .filter(|liveness| !liveness.expiring.is_some_and(expired)),
        cells: row.cells.into_iter().filter(is_live).collect(),
        ..Row::default()
    };
    (!live.is_empty()).then_some(live)
}

/// Everything a table holds, as rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub(crate) partitions: BTreeMap<(Token, Bytes), ModelPartition>,
}

impl Model {
    pub(crate) fn of(mutations: &[Mutation]) -> Self {
        let mut model = Self::default();
        for mutation in mutations {
            for entry in &mutation.entries {
                model.take(
                    mutation.token(),
                    &mutation.key,
                    &entry.suffix,
                    &entry.fragment,
                );
            }
        }
        model
    }

    fn of_store(store: &Store) -> Self {
        let mut model = Self::default();
        for (key, fragment) in &store.pairs {
            let (token, key, suffix) = split_key(key).unwrap();
            model.take(token, &key, suffix, fragment);
        }
        model
    }

    fn take(&mut self, token: Token, key: &Bytes, suffix: &[u8], fragment: &[u8]) {
        let partition = self.partitions.entry((token, key.clone())).or_default();
        let row = Row::decode(fragment).unwrap();
        match EntryKind::of_suffix(suffix).unwrap() {
            EntryKind::Header => partition.deletion = partition.deletion.max(row.deletion),
            EntryKind::RangeTombstone => {
                let slice = split_range_tombstone(suffix).unwrap();
                partition
                    .ranges
                    .extend(row.deletion.map(|deletion| (slice, deletion)));
            }
            EntryKind::Static => partition.static_row = merge_rows(&partition.static_row, &row),
            EntryKind::Row => {
                let framed = Bytes::copy_from_slice(&suffix[1..]);
                let merged = partition.rows.entry(framed).or_default();
                *merged = merge_rows(merged, &row);
            }
        }
    }

    /// What a read without `limits.rows` and `after` gives.
    pub(crate) fn read(&self, command: &ReadCommand) -> Vec<LivePartition> {
        let now = command.now.0;
        let is_meant = |token: Token, key: &Bytes| match &command.target {
            ReadTarget::Partition(meant) => meant == key,
            ReadTarget::Range(range) => range.contains(token),
        };
        let mut found = Vec::new();
        for ((token, key), partition) in &self.partitions {
            if !is_meant(*token, key) {
                continue;
            }
            let rows = partition.rows.iter().filter_map(|(framed, row)| {
                let is_read = command.slices.iter().any(|slice| slice.contains(framed));
                let live = live_of(row, partition.covering(framed), now)?;
                is_read.then(|| (framed.clone(), live))
            });
            let mut rows: Vec<_> = rows.collect();
            if command.reversed {
                rows.reverse();
            }
            rows.truncate(command.limits.rows_per_partition as usize);
            let static_row = live_of(&partition.static_row, partition.deletion, now);
            if static_row.is_some() || !rows.is_empty() {
                found.push(LivePartition {
                    key: key.clone(),
                    static_row,
                    rows,
                });
            }
        }
        found
    }
}

/// The live part of a reply.
pub(crate) fn live_part(reply: &DataReply, command: &ReadCommand) -> Vec<LivePartition> {
    let partitions = reply.partitions.iter();
    let live = partitions.map(|partition| live_rows(partition, command.now).unwrap());
    live.filter(|partition| partition.static_row.is_some() || !partition.rows.is_empty())
        .collect()
}

/// Pages put together; a partition that is continued says its static row again.
pub(crate) fn join(pages: Vec<Vec<LivePartition>>) -> Vec<LivePartition> {
    let mut joined: Vec<LivePartition> = Vec::new();
    for partition in pages.into_iter().flatten() {
        match joined.last_mut() {
            Some(last) if last.key == partition.key => {
                assert_eq!(last.static_row, partition.static_row);
                last.rows.extend(partition.rows);
            }
            _ => joined.push(partition),
        }
    }
    joined
}

/// Rows that count: a partition with only a live static row counts one.
pub(crate) fn count(partitions: &[LivePartition]) -> usize {
    partitions
        .iter()
        .map(|partition| partition.rows.len().max(1))
        .sum()
}

pub(crate) fn table() -> TableId {
    TableId(Uuid::from_u128(7))
}

pub(crate) fn mutation(key: &Bytes) -> Mutation {
    Mutation::new(table(), Epoch(1), key.clone())
}

pub(crate) fn everything() -> ReadCommand {
    ReadCommand {
        table: table(),
        epoch: Epoch(1),
        now: NowInSeconds(100),
        purge_before_secs: 0,
        target: ReadTarget::Range(TokenRange::FULL),
        slices: vec![Slice::everything()],
        reversed: false,
        limits: UNLIMITED,
        after: None,
    }
}

pub(crate) const UNLIMITED: Limits = Limits {
    rows: u32::MAX,
    rows_per_partition: u32::MAX,
    reply_bytes: u32::MAX,
    tombstones: u32::MAX,
};

fn any_small_tombstone() -> impl Strategy<Value = Tombstone> {
    (1i64..20, 92u32..108).prop_map(|(at, secs)| tombstone(at, secs))
}

fn any_state() -> impl Strategy<Value = CellState> {
    let value = vec(0u8..2, 0..2).prop_map(Bytes::from);
    let more = value.clone();
    prop_oneof![
        5 => value.prop_map(CellState::Live),
        2 => (more, 1u32..20, 92u32..112)
            .prop_map(|(value, ttl, expiry)| CellState::Expiring(value, crate::Expiring { ttl, expiry })),
        1 => (92u32..108).prop_map(|local_deletion_secs| CellState::Tombstone { local_deletion_secs }),
    ]
}

fn any_cells() -> impl Strategy<Value = Vec<Cell>> {
    let cell = (0u16..2, 1i64..20, any_state()).prop_map(|(column, timestamp, state)| Cell {
        column: ColumnId(column),
        path: (column == 1).then(|| value(b"p")),
        timestamp,
        state,
    });
    vec(cell, 0..3)
}

fn any_bound() -> impl Strategy<Value = Bound> {
    (vec(1u8..4, 0..3), any::<bool>())
        .prop_map(|(components, inclusive)| Bound::starting(&framed(&components), inclusive))
}

fn any_slice() -> impl Strategy<Value = Slice> {
    (any_bound(), any_bound())
        .prop_filter("a slice is not empty", |(a, b)| a != b)
        .prop_map(|(a, b)| Slice {
            start: a.clone().min(b.clone()),
            end: a.max(b),
        })
}

fn any_clustering() -> impl Strategy<Value = Bytes> {
    (1u8..4, 1u8..4).prop_map(|(a, b)| clustering(&[a, b]))
}

#[derive(Debug, Clone)]
enum Write {
    Row(Bytes, Row),
    Static(Row),
    Range(Slice, Tombstone),
    Partition(Tombstone),
}

fn any_write() -> impl Strategy<Value = Write> {
    let liveness = proptest::option::of((
        1i64..20,
        proptest::option::weighted(0.3, (1u32..20, 92u32..112)),
    ));
    let row = (
        liveness,
        proptest::option::weighted(0.15, any_small_tombstone()),
        proptest::option::weighted(0.1, any_small_tombstone()),
        any_cells(),
    )
        .prop_map(|(liveness, deletion, column_deletion, cells)| Row {
            liveness: liveness.map(|(timestamp, expiring)| crate::Liveness {
                timestamp,
                expiring: expiring.map(|(ttl, expiry)| crate::Expiring { ttl, expiry }),
            }),
            deletion,
            has_range_tombstones: false,
            column_deletions: column_deletion
                .map(|at| (ColumnId(1), at))
                .into_iter()
                .collect(),
            cells,
        });
    prop_oneof![
        12 => (any_clustering(), row).prop_map(|(clustering, row)| Write::Row(clustering, row)),
        2 => any_cells().prop_map(|cells| Write::Static(update(cells))),
        3 => (any_slice(), any_small_tombstone()).prop_map(|(slice, at)| Write::Range(slice, at)),
        1 => any_small_tombstone().prop_map(Write::Partition),
    ]
}

pub(crate) fn any_mutation() -> impl Strategy<Value = Mutation> {
    let key = prop_oneof![3 => Just(0), 2 => 0..KEYS.len()];
    (key, vec(any_write(), 1..4)).prop_map(|(key, writes)| {
        let mut mutation = mutation(&Bytes::from_static(KEYS[key]));
        for write in writes {
            match write {
                Write::Row(clustering, row) => mutation.insert(row_suffix(&clustering), &row),
                Write::Static(row) => mutation.insert(static_suffix(), &row),
                Write::Range(slice, at) => mutation.insert_range_tombstone(&slice, at),
                Write::Partition(at) => mutation.insert(
                    header_suffix(),
                    &Row {
                        deletion: Some(at),
                        ..Row::default()
                    },
                ),
            }
        }
        mutation
    })
}

pub(crate) fn any_mutations() -> impl Strategy<Value = Vec<Mutation>> {
    vec(any_mutation(), 0..16)
}

fn any_slices() -> impl Strategy<Value = Vec<Slice>> {
    let disjoint = vec(any_bound(), 0..5).prop_map(|mut bounds| {
        bounds.sort();
        bounds.dedup();
        let pairs = bounds.chunks_exact(2);
        let slice = |pair: &[Bound]| Slice {
            start: pair[0].clone(),
            end: pair[1].clone(),
        };
        pairs.map(slice).collect()
    });
    let points = proptest::collection::btree_set(any_clustering(), 1..4);
    prop_oneof![
        3 => Just(vec![Slice::everything()]),
        3 => disjoint,
        2 => points.prop_map(|points| points.iter().map(|framed| Slice::point(framed)).collect()),
        1 => Just(Vec::new()),
    ]
}

fn any_target() -> impl Strategy<Value = ReadTarget> {
    let key = (0..KEYS.len()).prop_map(|key| Bytes::from_static(KEYS[key]));
    let some = (0..KEYS.len(), any::<bool>()).prop_map(|(key, below)| {
        let token = Token::of_key(KEYS[key]);
        let range = if below {
            TokenRange::new(i64::MIN, token)
        } else {
            TokenRange::new(token.value(), Token::MAX)
        };
        range.unwrap_or(TokenRange::FULL)
    });
    prop_oneof![
        3 => key.prop_map(ReadTarget::Partition),
        2 => Just(ReadTarget::Range(TokenRange::FULL)),
        1 => some.prop_map(ReadTarget::Range),
    ]
}

/// A read without limits.
pub(crate) fn any_command() -> impl Strategy<Value = ReadCommand> {
    (any_target(), any_slices(), any::<bool>(), 90u32..112).prop_map(
        |(target, slices, reversed, now)| ReadCommand {
            now: NowInSeconds(now),
            target,
            slices,
            reversed,
            ..everything()
        },
    )
}

pub(crate) fn any_limits() -> impl Strategy<Value = Limits> {
    let unlimited = || Just(u32::MAX);
    (
        prop_oneof![4 => 1u32..10, 1 => unlimited()],
        prop_oneof![2 => 1u32..4, 3 => unlimited()],
        prop_oneof![1 => 0u32..100, 3 => unlimited()],
    )
        .prop_map(|(rows, rows_per_partition, reply_bytes)| Limits {
            rows,
            rows_per_partition,
            reply_bytes,
            tombstones: u32::MAX,
        })
}
