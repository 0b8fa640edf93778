//! From the live rows of a reply to the values that the expressions of a SELECT read.

use super::Shape;
use crate::expr::RowValues;
use crate::expr::SlotValue;
use bytes::Bytes;
use quorate_cluster::Column;
use quorate_cluster::ColumnKind;
use quorate_data::CellState;
use quorate_data::CorruptFragment;
use quorate_data::CorruptKey;
use quorate_data::InvalidValue;
use quorate_data::Row;
use quorate_data::ordered::decode_component;
use quorate_data::value::partition_key_components;
use quorate_types::NowInSeconds;
use quorate_types::RequestError;

pub(super) fn corrupt_fragment(error: &CorruptFragment) -> RequestError {
    RequestError::Server(format!("a replica's answer cannot be read: {error}"))
}

fn corrupt_key(error: &CorruptKey) -> RequestError {
    RequestError::Server(format!("a replica's answer cannot be read: {error}"))
}

fn corrupt_partition_key(error: &InvalidValue) -> RequestError {
    RequestError::Server(format!("a replica's answer cannot be read: {error}"))
}

impl Shape {
    fn slots(&self) -> impl Iterator<Item = &Column> {
        let columns = self.table.columns();
        self.selected
            .slots
            .iter()
            .filter_map(|position| columns.get(*position))
    }

    /// The values that all rows of a partition share: its key's.
    pub(super) fn partition_values(&self, key: &Bytes) -> Result<RowValues, RequestError> {
        let count = self.table.partition_key().len();
        let components =
            partition_key_components(key, count).map_err(|error| corrupt_partition_key(&error))?;
        let cells = self.slots().map(|column| SlotValue {
            value: match column.kind {
                ColumnKind::PartitionKey(index) => components.get(index).cloned(),
                ColumnKind::Clustering { .. } | ColumnKind::Static | ColumnKind::Regular => None,
            },
            ..SlotValue::default()
        });
        Ok(RowValues {
            cells: cells.collect(),
        })
    }

    /// Adds the cells of a row, static or regular, to those of its partition.
    pub(super) fn add_cells(&self, row: &Row, now: NowInSeconds, values: &mut RowValues) {
        for (column, slot) in self.slots().zip(&mut values.cells) {
            let of_row = matches!(column.kind, ColumnKind::Static | ColumnKind::Regular);
            let found = row
                .cells
                .iter()
                .find(|cell| of_row && cell.column == column.id);
            let Some(cell) = found else {
                continue;
            };
            let (value, ttl) = match &cell.state {
                CellState::Live(value) => (value, None),
                CellState::Expiring(value, expiring) => {
                    let left = expiring.expiry.saturating_sub(now.0);
                    (value, Some(i32::try_from(left).unwrap_or(i32::MAX)))
                }
                CellState::Tombstone { .. } => continue,
            };
            *slot = SlotValue {
                value: Some(value.clone()),
                timestamp: Some(cell.timestamp),
                ttl,
            };
        }
    }

    /// Adds the clustering columns of a row. Gives back how many bytes of its clustering are the
    /// first `prefix` components.
    pub(super) fn add_clustering(
        &self,
        framed: &[u8],
        prefix: usize,
        values: &mut RowValues,
    ) -> Result<usize, RequestError> {
        let mut rest = framed;
        let mut prefix_bytes = 0;
        for (index, column) in self.table.clustering().iter().enumerate() {
            let value = decode_component(column.cql_type, column.is_descending(), &mut rest)
                .map_err(|error| corrupt_key(&error))?;
            if index < prefix {
                prefix_bytes = framed.len() - rest.len();
            }
            let mut slots = self.slots().zip(&mut values.cells);
            if let Some((_, slot)) = slots.find(|(known, _)| known.id == column.id) {
                slot.value = Some(value);
            }
        }
        Ok(prefix_bytes)
    }

    /// Whether anything of the row is a column that the table still has. Cells of dropped columns
    /// keep no row alive.
    pub(super) fn is_visible(&self, row: &Row) -> bool {
        row.liveness.is_some()
            || row
                .cells
                .iter()
                .any(|cell| self.table.column_by_id(cell.column).is_some())
    }
}
