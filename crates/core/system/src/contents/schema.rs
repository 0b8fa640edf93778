//! `system_schema` and `system_virtual_schema`: users' keyspaces and the server's own as rows.

use crate::Snapshot;
use crate::catalogue;
use crate::catalogue::type_text;
use crate::rows::Rows;
use crate::rows::Wire;
use crate::rows::bigint;
use crate::rows::blob;
use crate::rows::boolean;
use crate::rows::double;
use crate::rows::int;
use crate::rows::text;
use crate::rows::text_map;
use crate::rows::text_set;
use crate::rows::uuid;
use crate::tables::VIRTUAL_KEYSPACES;
use quorate_cluster::Keyspace;
use quorate_cluster::TableSchema;
use std::collections::BTreeMap;
use std::sync::Arc;

fn is_virtual(keyspace: &Keyspace) -> bool {
    VIRTUAL_KEYSPACES.contains(&keyspace.name.as_str())
}

/// The keyspaces that `system_schema` describes.
fn replicated<'a>(snapshot: &'a Snapshot<'_>) -> impl Iterator<Item = &'a Arc<Keyspace>> {
    let systems = catalogue::keyspaces().iter();
    systems
        .filter(|keyspace| !is_virtual(keyspace))
        .chain(snapshot.metadata.keyspaces.values())
}

/// The tables that `system_schema` describes.
fn replicated_tables<'a>(snapshot: &'a Snapshot<'_>) -> impl Iterator<Item = &'a Arc<TableSchema>> {
    replicated(snapshot).flat_map(|keyspace| keyspace.tables.values())
}

/// The keyspaces that `system_virtual_schema` describes.
fn virtuals() -> impl Iterator<Item = &'static Arc<Keyspace>> {
    let systems = catalogue::keyspaces().iter();
    systems.filter(|keyspace| is_virtual(keyspace))
}

pub(super) fn keyspaces(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    for keyspace in replicated(snapshot) {
        rows.put(&[
            ("keyspace_name", text(&keyspace.name)),
            ("durable_writes", boolean(keyspace.durable_writes)),
            ("replication", text_map(&keyspace.replication.options())),
        ]);
    }
}

pub(super) fn tables(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    for table in replicated_tables(snapshot) {
        let mut values = vec![
            ("keyspace_name", text(&table.keyspace)),
            ("table_name", text(&table.name)),
            ("id", uuid(table.id.0)),
            ("flags", text_set(table.flags())),
        ];
        values.extend(options(table));
        rows.put(&values);
    }
}

fn options(table: &TableSchema) -> [(&'static str, Wire); 21] {
    let options = &table.options;
    let policy = &options.additional_write_policy;
    let flush_period = options.memtable_flush_period_in_ms;
    [
        ("additional_write_policy", text(policy.text())),
        ("allow_auto_snapshot", boolean(options.allow_auto_snapshot)),
        (
            "bloom_filter_fp_chance",
            double(options.bloom_filter_fp_chance),
        ),
        ("caching", text_map(&options.caching)),
        ("cdc", boolean(options.cdc)),
        ("comment", text(&options.comment)),
        ("compaction", text_map(&options.compaction)),
        ("compression", text_map(&options.compression)),
        ("crc_check_chance", double(options.crc_check_chance)),
        // Options of old releases that drivers still look for.
        ("dclocal_read_repair_chance", double(0.0)),
        ("read_repair_chance", double(0.0)),
        ("default_time_to_live", int(options.default_time_to_live)),
        ("extensions", text_map(&options.extensions)),
        ("gc_grace_seconds", int(options.gc_grace_seconds)),
        ("incremental_backups", boolean(options.incremental_backups)),
        ("max_index_interval", int(options.max_index_interval)),
        ("memtable", text(&options.memtable)),
        ("memtable_flush_period_in_ms", int(flush_period)),
        ("min_index_interval", int(options.min_index_interval)),
        ("read_repair", text(options.read_repair.name())),
        ("speculative_retry", text(options.speculative_retry.text())),
    ]
}

pub(super) fn columns(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    for table in replicated_tables(snapshot) {
        put_columns(rows, table);
    }
}

fn put_columns(rows: &mut Rows<'_>, table: &TableSchema) {
    for column in table.columns() {
        rows.put(&[
            ("keyspace_name", text(&table.keyspace)),
            ("table_name", text(&table.name)),
            ("column_name", text(&column.name)),
            ("clustering_order", text(column.kind.clustering_order())),
            ("column_name_bytes", blob(column.name.as_bytes())),
            ("kind", text(column.kind.name())),
            ("position", int(column.kind.position())),
            ("type", text(&type_text(table.id, column))),
        ]);
    }
}

pub(super) fn dropped_columns(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    for table in replicated_tables(snapshot) {
        let dropped = table.dropped_columns.iter();
        // Of columns of one name the last one dropped is shown.
        let by_name: BTreeMap<&str, _> = dropped.map(|column| (&*column.name, column)).collect();
        for column in by_name.into_values() {
            rows.put(&[
                ("keyspace_name", text(&table.keyspace)),
                ("table_name", text(&table.name)),
                ("column_name", text(&column.name)),
                ("dropped_time", bigint(column.dropped_at.div_euclid(1000))),
                ("kind", text(column.kind.name())),
                ("type", text(&column.cql_type.to_string())),
            ]);
        }
    }
}

pub(super) fn virtual_keyspaces(rows: &mut Rows<'_>) {
    for keyspace in virtuals() {
        rows.put(&[("keyspace_name", text(&keyspace.name))]);
    }
}

pub(super) fn virtual_tables(rows: &mut Rows<'_>) {
    for table in virtuals().flat_map(|keyspace| keyspace.tables.values()) {
        rows.put(&[
            ("keyspace_name", text(&table.keyspace)),
            ("table_name", text(&table.name)),
            ("comment", text(&table.options.comment)),
        ]);
    }
}

pub(super) fn virtual_columns(rows: &mut Rows<'_>) {
    for table in virtuals().flat_map(|keyspace| keyspace.tables.values()) {
        put_columns(rows, table);
    }
}
