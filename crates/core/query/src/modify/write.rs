//! The rows of a mutation: liveness, cells and tombstones.

use super::Assigned;
use super::ModifyPlan;
use super::Stamp;
use crate::bind::Bound;
use crate::expr::Scope;
use crate::restrict::StatementKind;
use crate::restrict::clustering_prefixes;
use bytes::Bytes;
use quorate_data::Cell;
use quorate_data::CellState;
use quorate_data::Liveness;
use quorate_data::Mutation;
use quorate_data::Row;
use quorate_data::Slice;
use quorate_data::Tombstone;
use quorate_data::key::header_suffix;
use quorate_data::key::row_suffix;
use quorate_data::key::static_suffix;
use quorate_types::RequestError;

impl Stamp {
    const fn tombstone(self) -> Tombstone {
        Tombstone {
            deleted_at: self.timestamp,
            local_deletion_secs: self.now.0,
        }
    }

    /// The cell of a value; nothing when it is unset.
    fn cell(self, assigned: &Assigned, value: Bound) -> Option<Cell> {
        let state = match (value, self.expiring) {
            (Bound::Unset, _) => return None,
            (Bound::Null, _) => CellState::Tombstone {
                local_deletion_secs: self.now.0,
            },
            (Bound::Value(bytes), None) => CellState::Live(bytes),
            (Bound::Value(bytes), Some(expiring)) => CellState::Expiring(bytes, expiring),
        };
        Some(Cell {
            column: assigned.column,
            path: None,
            timestamp: self.timestamp,
            state,
        })
    }
}

impl ModifyPlan {
    pub(super) fn mutations(
        &self,
        stamp: Stamp,
        scope: &mut Scope<'_>,
    ) -> Result<Vec<Mutation>, RequestError> {
        let keys = self.clause.partitions.keys(&self.table, scope)?;
        if self.kind == StatementKind::Delete && self.statics.is_empty() && self.regulars.is_empty()
        {
            return self.deletions(keys, stamp, scope);
        }
        let statics = cells(&self.statics, stamp, scope)?;
        let mut row = Row {
            cells: cells(&self.regulars, stamp, scope)?,
            ..Row::default()
        };
        if self.kind == StatementKind::Insert && self.writes_rows {
            row.liveness = Some(Liveness {
                timestamp: stamp.timestamp,
                expiring: stamp.expiring,
            });
        }
        let writes_row = row.liveness.is_some() || !row.cells.is_empty();
        let rows: Vec<Bytes> = if self.writes_rows {
            clustering_prefixes(&self.table, &self.clause, scope)?
                .into_iter()
                .map(|prefix| row_suffix(&prefix.into_row()))
                .collect()
        } else {
            Vec::new()
        };
        let static_row = Row {
            cells: statics,
            ..Row::default()
        };
        // An empty IN on the clustering names no row at all: then nothing of the partition is written.
        let names_rows = !rows.is_empty() || !self.writes_rows;
        let mutations = keys.into_iter().map(|key| {
            let mut mutation = self.mutation(key);
            if !static_row.cells.is_empty() && names_rows {
                mutation.insert(static_suffix(), &static_row);
            }
            if writes_row {
                for suffix in &rows {
                    mutation.insert(suffix.clone(), &row);
                }
            }
            mutation
        });
        Ok(mutations.filter(|m| !m.entries.is_empty()).collect())
    }

    fn mutation(&self, key: Bytes) -> Mutation {
        Mutation::new(self.table.id, self.table.epoch, key)
    }

    /// A DELETE without columns: of partitions, ranges or rows.
    fn deletions(
        &self,
        keys: Vec<Bytes>,
        stamp: Stamp,
        scope: &mut Scope<'_>,
    ) -> Result<Vec<Mutation>, RequestError> {
        let deletion = Row {
            deletion: Some(stamp.tombstone()),
            ..Row::default()
        };
        if self.clause.clustering.is_empty() {
            let whole = keys.into_iter().map(|key| {
                let mut mutation = self.mutation(key);
                mutation.insert(header_suffix(), &deletion);
                mutation
            });
            return Ok(whole.collect());
        }
        let slices = self.clause.slices(&self.table, scope)?;
        let mutations = keys.into_iter().map(|key| {
            let mut mutation = self.mutation(key);
            for slice in &slices {
                delete_slice(&mut mutation, slice, &deletion, stamp.tombstone());
            }
            mutation
        });
        Ok(mutations.filter(|m| !m.entries.is_empty()).collect())
    }
}

fn delete_slice(mutation: &mut Mutation, slice: &Slice, deletion: &Row, tombstone: Tombstone) {
    match slice.as_point() {
        Some(row) => mutation.insert(row_suffix(&row), deletion),
        None => mutation.insert_range_tombstone(slice, tombstone),
    }
}

fn cells(
    assigned: &[Assigned],
    stamp: Stamp,
    scope: &mut Scope<'_>,
) -> Result<Vec<Cell>, RequestError> {
    let mut cells = Vec::with_capacity(assigned.len());
    for assigned in assigned {
        let value = assigned.value.term(scope)?;
        cells.extend(stamp.cell(assigned, value));
    }
    Ok(cells)
}
