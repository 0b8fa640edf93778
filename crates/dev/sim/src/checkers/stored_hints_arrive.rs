//! A hint that was stored durably reaches its target once both are up and hear one another, however
//! often the node that keeps it restarts. (Semantics 3.6; invariant E7 of the storage engine's hints.)
//!
//! Judged before the final reads, which would repair what a lost hint left undone: merging the hint's
//! mutation into what the target holds must change nothing that a reader could see.

use super::Violation;
use bytes::Bytes;
use quorate_data::DataReply;
use quorate_data::Limits;
use quorate_data::Mutation;
use quorate_data::ReadCommand;
use quorate_data::ReadTarget;
use quorate_data::Slice;
use quorate_data::memory::MemoryTable;
use quorate_data::partition;
use quorate_types::Epoch;
use quorate_types::HostId;
use quorate_types::NowInSeconds;
use quorate_types::TableId;
use std::collections::BTreeMap;

/// A hint as it was stored: for whom, and the encoded mutation.
pub type HintRecord = (HostId, Bytes);

/// Judges what was stored against what the nodes hold. Tables that are gone excuse their hints.
pub fn check<'a>(
    hints: &[HintRecord],
    tables: impl Fn(HostId, TableId) -> Option<&'a MemoryTable>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut violation = |what| {
        violations.push(Violation {
            guarantee: "stored hints arrive",
            what,
        });
    };
    let mut by_target: BTreeMap<(HostId, TableId), Vec<Mutation>> = BTreeMap::new();
    for (target, bytes) in hints {
        match Mutation::decode(bytes.clone()) {
            Ok(mutation) => by_target
                .entry((*target, mutation.table))
                .or_default()
                .push(mutation),
            Err(damage) => violation(format!("a hint for {target} is damaged: {damage}")),
        }
    }
    for ((target, id), mutations) in by_target {
        let Some(table) = tables(target, id) else {
            continue;
        };
        for mutation in mutations {
            let mut with_hint = table.only_partition_of(&mutation);
            let before = partition_of(&with_hint, &mutation);
            with_hint.apply(&mutation);
            if before != partition_of(&with_hint, &mutation) {
                violation(format!(
                    "{target} lacks what was hinted for it: {mutation:02x?}"
                ));
            }
        }
    }
    violations
}

/// What a reader would be told of the mutation's partition; `None` when it cannot be read.
fn partition_of(table: &MemoryTable, mutation: &Mutation) -> Option<DataReply> {
    let command = ReadCommand {
        table: mutation.table,
        epoch: Epoch::NONE,
        now: NowInSeconds(0),
        purge_before_secs: 0,
        target: ReadTarget::Partition(mutation.key.clone()),
        slices: vec![Slice::everything()],
        reversed: false,
        limits: Limits {
            rows: u32::MAX,
            rows_per_partition: u32::MAX,
            reply_bytes: u32::MAX,
            tombstones: u32::MAX,
        },
        after: None,
    };
    partition::read(table, &command).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use quorate_data::Cell;
    use quorate_data::CellState;
    use quorate_data::ColumnId;
    use quorate_data::Row;
    use quorate_data::Tombstone;
    use quorate_data::key::row_suffix;
    use uuid::Uuid;

    const CLUSTERING: &[u8] = &[0x40, 7, 0x38];

    fn mutation() -> Mutation {
        let id = TableId(Uuid::from_u128(1));
        Mutation::new(id, Epoch(1), Bytes::from_static(b"key"))
    }

    /// Writes the row at a timestamp.
    fn row(timestamp: i64) -> Mutation {
        let cell = Cell {
            column: ColumnId(1),
            path: None,
            timestamp,
            state: CellState::Live(Bytes::from_static(b"value")),
        };
        let row = Row {
            cells: vec![cell],
            ..Row::default()
        };
        let mut mutation = mutation();
        mutation.insert(row_suffix(CLUSTERING), &row);
        mutation
    }

    fn tombstone(deleted_at: i64) -> Tombstone {
        Tombstone {
            deleted_at,
            local_deletion_secs: 100,
        }
    }

    /// Deletes all rows at a timestamp.
    fn deletion(timestamp: i64) -> Mutation {
        let mut deletion = mutation();
        deletion.insert_range_tombstone(&Slice::everything(), tombstone(timestamp));
        deletion
    }

    fn verdict(hinted: &[Mutation], held: &[Mutation]) -> usize {
        let target = HostId(Uuid::from_u128(1));
        let hints: Vec<HintRecord> = hinted
            .iter()
            .map(|mutation| (target, mutation.encode()))
            .collect();
        let mut table = MemoryTable::default();
        for mutation in held {
            table.apply(mutation);
        }
        check(&hints, |_, _| Some(&table)).len()
    }

    #[test]
    fn a_hint_that_did_not_arrive_is_flagged() {
        assert_eq!(verdict(&[row(5)], &[row(5)]), 0);
        assert_eq!(verdict(&[row(5), row(7)], &[row(5)]), 1);
        assert_eq!(verdict(&[row(5)], &[]), 1);
    }

    #[test]
    fn what_was_overwritten_meanwhile_need_not_be_there() {
        assert_eq!(verdict(&[row(5)], &[row(7)]), 0);
        assert_eq!(verdict(&[row(5)], &[deletion(7)]), 0);
        assert_eq!(verdict(&[row(9)], &[deletion(7)]), 1);
    }

    #[test]
    fn a_table_that_is_gone_excuses_its_hints() {
        let hints = [(HostId(Uuid::from_u128(1)), row(5).encode())];
        assert_eq!(check(&hints, |_, _| None), []);
    }
}
