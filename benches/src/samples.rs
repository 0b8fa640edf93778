//! The rows that are measured: `CREATE TABLE bench.kv (k bigint PRIMARY KEY, v blob)`, and rows of
//! many columns.

use anyhow::Context;
use bytes::Bytes;
use quorate_cluster::ColumnDefinition;
use quorate_cluster::TableDefinition;
use quorate_cluster::TableSchema;
use quorate_data::Cell;
use quorate_data::CellState;
use quorate_data::ColumnId;
use quorate_data::CqlType;
use quorate_data::Limits;
use quorate_data::Liveness;
use quorate_data::Mutation;
use quorate_data::ReadCommand;
use quorate_data::ReadTarget;
use quorate_data::Row;
use quorate_data::Slice;
use quorate_data::key::row_suffix;
use quorate_types::Epoch;
use quorate_types::NowInSeconds;
use quorate_types::TableId;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// Bytes of a value, so that an encoded mutation of the table has about 300.
pub const VALUE_BYTES: usize = 250;
/// The framed clustering of a table without clustering columns.
pub const NO_CLUSTERING: &[u8] = &[0x38];

/// The table's id.
pub const fn table_id() -> TableId {
    TableId(Uuid::from_u128(0xBE7C))
}

/// The table `bench.kv`.
///
/// # Errors
/// None that are known.
pub fn table() -> anyhow::Result<Arc<TableSchema>> {
    let column = |name: &str, cql_type| ColumnDefinition {
        name: name.to_owned(),
        cql_type,
        is_static: false,
    };
    let definition = TableDefinition {
        id: table_id(),
        keyspace: "bench".to_owned(),
        name: "kv".to_owned(),
        columns: vec![column("k", CqlType::Bigint), column("v", CqlType::Blob)],
        partition_key: vec!["k".to_owned()],
        clustering: Vec::new(),
        clustering_order: Vec::new(),
        options: BTreeMap::new(),
    };
    let schema = TableSchema::from_definition(&definition, Epoch(1));
    Ok(Arc::new(schema.context("the table is refused")?))
}

/// The partition key's bytes of row `number`.
pub fn key(number: u64) -> Bytes {
    Bytes::copy_from_slice(&number.to_be_bytes())
}

/// An INSERT into `bench.kv`.
pub fn mutation(number: u64, value: Bytes, timestamp: i64) -> Mutation {
    let mut mutation = Mutation::new(table_id(), Epoch(1), key(number));
    let row = Row {
        liveness: Some(Liveness {
            timestamp,
            expiring: None,
        }),
        cells: vec![live(1, timestamp, value)],
        ..Row::default()
    };
    mutation.insert(row_suffix(NO_CLUSTERING), &row);
    mutation
}

/// A point read of `bench.kv`, as the coordinator plans it.
pub fn point_read(number: u64) -> ReadCommand {
    ReadCommand {
        table: table_id(),
        epoch: Epoch(1),
        now: NowInSeconds(1_700_000_000),
        purge_before_secs: 0,
        target: ReadTarget::Partition(key(number)),
        slices: vec![Slice::point(NO_CLUSTERING)],
        reversed: false,
        limits: Limits {
            rows: 5_000,
            rows_per_partition: u32::MAX,
            reply_bytes: 8 << 20,
            tombstones: 100_000,
        },
        after: None,
    }
}

/// A row with cells of columns `first` to `first + count`, of 20 bytes each.
pub fn wide_row(first: u16, count: u16, timestamp: i64) -> Row {
    let cells = (first..first + count).map(|column| {
        let value = Bytes::from(vec![b'a' + (column % 26) as u8; 20]);
        live(column, timestamp, value)
    });
    Row {
        liveness: Some(Liveness {
            timestamp,
            expiring: None,
        }),
        cells: cells.collect(),
        ..Row::default()
    }
}

fn live(column: u16, timestamp: i64, value: Bytes) -> Cell {
    Cell {
        column: ColumnId(column),
        path: None,
        timestamp,
        state: CellState::Live(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutation_has_about_300_bytes() {
        let value = Bytes::from(vec![7; VALUE_BYTES]);
        let bytes = mutation(1 << 60, value, 1_700_000_000_000_000).encode();
        assert!((290..=310).contains(&bytes.len()), "{}", bytes.len());
    }

    #[test]
    fn the_table_is_the_one_that_the_mutations_write() {
        assert_eq!(table().unwrap().id, table_id());
    }
}
