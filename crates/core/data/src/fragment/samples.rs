//! Rows for tests: short constructors, random rows from a small world in which everything
//! collides, and the bytes of the worked examples in `docs/formats`.

use super::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub(crate) fn cell(column: u16, timestamp: i64, state: CellState) -> Cell {
    Cell {
        column: ColumnId(column),
        path: None,
        timestamp,
        state,
    }
}

pub(crate) fn value(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

pub(crate) fn live(column: u16, timestamp: i64, bytes: &[u8]) -> Cell {
    cell(column, timestamp, CellState::Live(value(bytes)))
}

pub(crate) fn expiring(column: u16, timestamp: i64, ttl: u32, expiry: u32, bytes: &[u8]) -> Cell {
    let state = CellState::Expiring(value(bytes), Expiring { ttl, expiry });
    cell(column, timestamp, state)
}

pub(crate) fn dead(column: u16, timestamp: i64, local_deletion_secs: u32) -> Cell {
    let state = CellState::Tombstone {
        local_deletion_secs,
    };
    cell(column, timestamp, state)
}

pub(crate) fn at_path(path: &[u8], cell: Cell) -> Cell {
    Cell {
        path: Some(value(path)),
        ..cell
    }
}

pub(crate) fn tombstone(deleted_at: i64, local_deletion_secs: u32) -> Tombstone {
    Tombstone {
        deleted_at,
        local_deletion_secs,
    }
}

pub(crate) fn inserted(timestamp: i64) -> Liveness {
    Liveness {
        timestamp,
        expiring: None,
    }
}

/// What UPDATE writes.
pub(crate) fn update(cells: impl IntoIterator<Item = Cell>) -> Row {
    Row {
        cells: cells.into_iter().collect(),
        ..Row::default()
    }
}

/// What INSERT writes.
pub(crate) fn insert(timestamp: i64, cells: impl IntoIterator<Item = Cell>) -> Row {
    Row {
        liveness: Some(inserted(timestamp)),
        ..update(cells)
    }
}

/// What a DELETE of the whole row writes.
pub(crate) fn deleted(deleted_at: i64, local_deletion_secs: u32) -> Row {
    Row {
        deletion: Some(tombstone(deleted_at, local_deletion_secs)),
        ..Row::default()
    }
}

fn any_timestamp() -> impl Strategy<Value = i64> {
    prop_oneof![12 => 1i64..9, 1 => Just(i64::MIN), 1 => Just(i64::MAX), 1 => any::<i64>()]
}

fn any_seconds() -> impl Strategy<Value = u32> {
    prop_oneof![12 => 90u32..110, 1 => any::<u32>()]
}

pub(crate) fn any_tombstone() -> impl Strategy<Value = Tombstone> {
    (any_timestamp(), any_seconds()).prop_map(|(at, secs)| tombstone(at, secs))
}

fn any_expiring() -> impl Strategy<Value = Expiring> {
    (prop_oneof![1u32..30, Just(1_000_000)], any_seconds())
        .prop_map(|(ttl, expiry)| Expiring { ttl, expiry })
}

fn any_state() -> impl Strategy<Value = CellState> {
    let bytes = prop_oneof![vec(0u8..3, 0..3), vec(any::<u8>(), 120..140)].prop_map(Bytes::from);
    let more = bytes.clone();
    prop_oneof![
        4 => bytes.prop_map(CellState::Live),
        2 => (more, any_expiring()).prop_map(|(bytes, expiring)| CellState::Expiring(bytes, expiring)),
        2 => any_seconds().prop_map(|local_deletion_secs| CellState::Tombstone { local_deletion_secs }),
    ]
}

fn any_column() -> impl Strategy<Value = ColumnId> {
    prop_oneof![8 => 0u16..4, 1 => Just(127), 1 => Just(128), 1 => Just(u16::MAX)]
        .prop_map(ColumnId)
}

fn any_cell() -> impl Strategy<Value = Cell> {
    let path = option::of(vec(0u8..2, 0..2).prop_map(Bytes::from));
    (any_column(), path, any_timestamp(), any_state()).prop_map(
        |(column, path, timestamp, state)| Cell {
            column,
            path,
            timestamp,
            state,
        },
    )
}

/// Any row, in any order of cells, duplicates and covered data included.
pub(crate) fn any_row() -> impl Strategy<Value = Row> {
    let liveness =
        (any_timestamp(), option::of(any_expiring())).prop_map(|(timestamp, expiring)| Liveness {
            timestamp,
            expiring,
        });
    (
        option::weighted(0.4, liveness),
        option::weighted(0.3, any_tombstone()),
        proptest::bool::weighted(0.1),
        vec((any_column(), any_tombstone()), 0..3),
        vec(any_cell(), 0..7),
    )
        .prop_map(
            |(liveness, deletion, has_range_tombstones, column_deletions, cells)| Row {
                liveness,
                deletion,
                has_range_tombstones,
                column_deletions,
                cells,
            },
        )
}

/// The bytes of a worked example: the block that starts with ```` ```hex name ````. Everything
/// after two spaces is a remark.
pub(crate) fn example(document: &str, name: &str) -> Vec<u8> {
    let opening = format!("```hex {name}\n");
    let (_, block) = document.split_once(&opening).expect("the example exists");
    let (block, _) = block.split_once("```").expect("the block ends");
    let hex: String = block
        .lines()
        .filter_map(|line| line.trim_start().split("  ").next())
        .flat_map(|line| line.chars().filter(|c| !c.is_whitespace()))
        .collect();
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
