//! The tables that every node keeps for itself: in the engine, but not in the metadata.

use crate::ColumnDefinition;
use crate::Property;
use crate::TableDefinition;
use crate::TableSchema;
use quorate_data::ColumnId;
use quorate_data::CqlType;
use quorate_types::Epoch;
use quorate_types::TableId;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// The column of [`batches_table`] that holds the batch.
pub const BATCHES_VALUE: ColumnId = ColumnId(1);

/// The id of [`batches_table`]: the same on every node, since nodes write to each other's.
pub const fn batches_table_id() -> TableId {
    TableId(Uuid::from_u128(0x919a_4bc5_7a33_3573_b03e_13fc_3f68_b465))
}

/// Logged batches that this node keeps until their coordinators have finished them.
pub fn batches_table() -> Arc<TableSchema> {
    let column = |name: &str| ColumnDefinition {
        name: name.to_owned(),
        cql_type: CqlType::Blob,
        is_static: false,
    };
    let definition = TableDefinition {
        id: batches_table_id(),
        keyspace: "system".to_owned(),
        name: "batches".to_owned(),
        columns: vec![column("id"), column("value")],
        partition_key: vec!["id".to_owned()],
        clustering: Vec::new(),
        clustering_order: Vec::new(),
        // Nobody else has these rows: a deletion may go as soon as it is made.
        options: BTreeMap::from([("gc_grace_seconds".to_owned(), Property::bare(0))]),
    };
    let table = TableSchema::from_definition(&definition, Epoch::NONE);
    Arc::new(table.expect("a fixed definition that a test builds"))
}

/// All tables of this kind.
pub fn system_tables() -> Vec<Arc<TableSchema>> {
    vec![batches_table()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_batches_table_has_its_value_column() {
        let table = batches_table();
        assert_eq!(
            table.column("value").map(|column| column.id),
            Some(BATCHES_VALUE)
        );
        assert_eq!(table.options.gc_grace_seconds, 0);
        assert_eq!(table.id, batches_table_id());
    }
}
