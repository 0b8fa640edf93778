//! What the tests of several files share: tables, mutations, engines in temporary places.

use crate::Engine;
use crate::EngineConfig;
use crate::OpenReport;
use bytes::Bytes;
use quorate_cluster::ColumnDefinition;
use quorate_cluster::Property;
use quorate_cluster::TableDefinition;
use quorate_cluster::TableSchema;
use quorate_data::Cell;
use quorate_data::CellState;
use quorate_data::ColumnId;
use quorate_data::CqlType;
use quorate_data::Limits;
use quorate_data::Mutation;
use quorate_data::ReadCommand;
use quorate_data::ReadTarget;
use quorate_data::Row;
use quorate_data::Slice;
use quorate_data::key::row_suffix;
use quorate_data::ordered::encode_component;
use quorate_types::Epoch;
use quorate_types::NowInSeconds;
use quorate_types::TableId;
use quorate_types::TokenRange;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// Runs a future to its end.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

pub(crate) fn table_id(number: u128) -> TableId {
    TableId(Uuid::from_u128(number))
}

/// `CREATE TABLE ks.t<number> (k blob, c int, v blob, s blob STATIC, PRIMARY KEY (k, c))`.
pub(crate) fn schema(number: u128, gc_grace_secs: u32) -> Arc<TableSchema> {
    let column = |name: &str, cql_type, is_static| ColumnDefinition {
        name: name.to_owned(),
        cql_type,
        is_static,
    };
    let grace = Property::Text {
        text: gc_grace_secs.to_string(),
        quoted: false,
    };
    let definition = TableDefinition {
        id: table_id(number),
        keyspace: "ks".to_owned(),
        name: format!("t{number}"),
        columns: vec![
            column("k", CqlType::Blob, false),
            column("c", CqlType::Int, false),
            column("v", CqlType::Blob, false),
            column("s", CqlType::Blob, true),
        ],
        partition_key: vec!["k".to_owned()],
        clustering: vec!["c".to_owned()],
        clustering_order: Vec::new(),
        options: BTreeMap::from([("gc_grace_seconds".to_owned(), grace)]),
    };
    Arc::new(TableSchema::from_definition(&definition, Epoch(1)).unwrap())
}

/// A small engine: little memory, small segments.
pub(crate) fn config(directory: &Path) -> EngineConfig {
    let mut config = EngineConfig::new(directory);
    config.log.segment_bytes = 1 << 20;
    config.log.bytes_max = 8 << 20;
    config.memory.block_cache_bytes = 4 << 20;
    config.memory.write_buffer_bytes = 8 << 20;
    config.read_threads = 2;
    config.hints.file_bytes_max = 4 << 10;
    config
}

pub(crate) fn open(directory: &Path, tables: &[Arc<TableSchema>]) -> (Engine, OpenReport) {
    Engine::open(config(directory), tables).unwrap()
}

/// The clustering of `c = value`, framed.
pub(crate) fn clustering(value: i32) -> Vec<u8> {
    let mut framed = Vec::new();
    encode_component(CqlType::Int, &value.to_be_bytes(), false, &mut framed);
    framed.push(0x38);
    framed
}

pub(crate) fn mutation(table: u128, key: &[u8]) -> Mutation {
    Mutation::new(table_id(table), Epoch(1), Bytes::copy_from_slice(key))
}

pub(crate) fn live_row(value: &[u8], timestamp: i64) -> Row {
    Row {
        cells: vec![Cell {
            column: ColumnId(3),
            path: None,
            timestamp,
            state: CellState::Live(Bytes::copy_from_slice(value)),
        }],
        ..Row::default()
    }
}

/// `INSERT … (k, c, v)` of one row.
pub(crate) fn insert(table: u128, key: &[u8], c: i32, value: &[u8], timestamp: i64) -> Bytes {
    let mut change = mutation(table, key);
    change.insert(row_suffix(&clustering(c)), &live_row(value, timestamp));
    change.encode()
}

pub(crate) fn command(table: u128, target: ReadTarget, slices: Vec<Slice>) -> ReadCommand {
    ReadCommand {
        table: table_id(table),
        epoch: Epoch(1),
        now: NowInSeconds(1_000),
        purge_before_secs: 0,
        target,
        slices,
        reversed: false,
        limits: Limits {
            rows: u32::MAX,
            rows_per_partition: u32::MAX,
            reply_bytes: u32::MAX,
            tombstones: u32::MAX,
        },
        after: None,
    }
}

/// Everything in a table.
pub(crate) fn whole_table(table: u128) -> ReadCommand {
    command(
        table,
        ReadTarget::Range(TokenRange::FULL),
        vec![Slice::everything()],
    )
}

/// One row.
pub(crate) fn point(table: u128, key: &[u8], c: i32) -> ReadCommand {
    command(
        table,
        ReadTarget::Partition(Bytes::copy_from_slice(key)),
        vec![Slice::point(&clustering(c))],
    )
}

/// The value of `v` in a row, as an engine answers it.
pub(crate) fn value(engine: &Engine, table: u128, key: &[u8], c: i32) -> Option<Bytes> {
    let reply = block_on(engine.read(point(table, key, c))).unwrap();
    let partition = reply.partitions.first()?;
    let suffix = row_suffix(&clustering(c));
    let entry = partition
        .entries
        .iter()
        .find(|entry| entry.suffix == suffix)?;
    let row = Row::decode(&entry.fragment).unwrap();
    match &row.cells.first()?.state {
        CellState::Live(value) | CellState::Expiring(value, _) => Some(value.clone()),
        CellState::Tombstone { .. } => None,
    }
}
