//! What a column of a result, or a bind marker, looks like from outside.

use quorate_cluster::TableSchema;
use quorate_cql::ast::BindMarker;
use quorate_data::CqlType;
use std::sync::Arc;

/// The name and type of a result column or bind marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnSpec {
    /// The keyspace of the table it belongs to.
    pub keyspace: String,
    /// The table it belongs to.
    pub table: String,
    /// Its name: the column's, the alias, the expression as written, or the marker's.
    pub name: String,
    /// Its type.
    pub cql_type: CqlType,
}

impl ColumnSpec {
    /// A column named `name` of `table`.
    pub(crate) fn new(table: &TableSchema, name: impl Into<String>, cql_type: CqlType) -> Self {
        Self {
            keyspace: table.keyspace.clone(),
            table: table.name.clone(),
            name: name.into(),
            cql_type,
        }
    }
}

/// The markers of one statement, found in whatever order its clauses are compiled.
#[derive(Debug, Default)]
pub(crate) struct Markers {
    specs: Vec<Option<ColumnSpec>>,
}

impl Markers {
    /// Takes note of a marker whose type is now known; its own name wins over `name`.
    pub(crate) fn add(
        &mut self,
        marker: &BindMarker,
        table: &TableSchema,
        name: &str,
        cql_type: CqlType,
    ) {
        if self.specs.len() <= marker.index {
            self.specs.resize(marker.index + 1, None);
        }
        let name = marker.name.as_deref().unwrap_or(name);
        if let Some(spec) = self.specs.get_mut(marker.index) {
            *spec = Some(ColumnSpec::new(table, name, cql_type));
        }
    }

    /// All of them in order.
    pub(crate) fn finish(self) -> Arc<[ColumnSpec]> {
        // A marker that nothing gave a type cannot be: each clause compiles each of its terms.
        self.specs.into_iter().flatten().collect()
    }
}
