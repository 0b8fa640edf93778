//! What of a node is durable: merged rows, hints, truncations, small files. Everything here survives
//! a crash; what does not is in [`crate::engine`].
//!
//! The commit log is not modelled byte by byte: a write that was synced is in the tables here, since
//! replaying the log would bring it there.

use bytes::Bytes;
use quorate_data::Mutation;
use quorate_data::memory::MemoryTable;
use quorate_node::StoredHint;
use quorate_types::HostId;
use quorate_types::TableId;
use std::collections::BTreeMap;

/// One node's disk.
#[derive(Debug, Default)]
pub struct Disk {
    pub(crate) tables: BTreeMap<TableId, MemoryTable>,
    pub(crate) truncated_at: BTreeMap<TableId, u64>,
    pub(crate) hints: BTreeMap<HostId, HintQueue>,
    pub(crate) blobs: BTreeMap<String, Bytes>,
}

/// The hints for one target, by number.
#[derive(Debug, Default)]
pub(crate) struct HintQueue {
    pub(crate) last_number: u64,
    pub(crate) hints: BTreeMap<u64, StoredHint>,
}

impl Disk {
    /// Merges a mutation in; whether its table is there.
    pub(crate) fn apply(&mut self, mutation: &Mutation) -> bool {
        match self.tables.get_mut(&mutation.table) {
            Some(table) => {
                table.apply(mutation);
                true
            }
            None => false,
        }
    }

    /// Empties a table for good.
    pub(crate) fn truncate(&mut self, table: TableId, at_millis: u64) -> bool {
        let known = self.tables.get_mut(&table);
        let Some(known) = known else { return false };
        *known = MemoryTable::default();
        self.truncated_at.insert(table, at_millis);
        true
    }

    pub(crate) fn store_hint(&mut self, target: HostId, hint: StoredHint) {
        let queue = self.hints.entry(target).or_default();
        queue.last_number += 1;
        queue.hints.insert(queue.last_number, hint);
    }

    pub(crate) fn forget_hints(&mut self, target: HostId, up_to: u64) {
        if let Some(queue) = self.hints.get_mut(&target) {
            queue.hints = queue.hints.split_off(&(up_to + 1));
        }
    }
}
