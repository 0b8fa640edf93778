//! Keyspaces, tables and columns as immutable values with fast look-ups.
//!
//! A [`TableSchema`] is made from a validated definition and never changed: an ALTER makes a new
//! one. What a definition may contain is decided in `apply`, not here.
//!
//! # Invariants
//!
//! * **S1** Columns are stored in `SELECT *` order: partition key, clustering, statics by name,
//!   regulars by name.
//! * **S2** A [`ColumnId`] is never given to two columns of one table, dropped ones included.

use crate::ReplicationStrategy;
use crate::TableOptions;
use quorate_data::ColumnId;
use quorate_data::CqlType;
use quorate_types::Epoch;
use quorate_types::TableId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The keyspaces that belong to the system.
pub const SYSTEM_KEYSPACES: [&str; 7] = [
    "system",
    "system_schema",
    "system_auth",
    "system_distributed",
    "system_traces",
    "system_views",
    "system_virtual_schema",
];

/// Whether `name` is one of [`SYSTEM_KEYSPACES`].
pub fn is_system_keyspace(name: &str) -> bool {
    SYSTEM_KEYSPACES.contains(&name)
}

/// A namespace of tables that are replicated alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Keyspace {
    /// Its name.
    pub name: String,
    /// Where replicas of its partitions go.
    pub replication: ReplicationStrategy,
    /// Stored and shown; Quorate's writes are always durable.
    pub durable_writes: bool,
    /// Its tables, by name.
    pub tables: BTreeMap<String, Arc<TableSchema>>,
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColumnKind {
    /// The component of the partition key with this index.
    PartitionKey(usize),
    /// A component of the clustering key.
    Clustering {
        /// Its index among the clustering columns.
        index: usize,
        /// Whether rows are stored in descending order of it.
        descending: bool,
    },
    /// One value per partition.
    Static,
    /// One value per row.
    Regular,
}

impl ColumnKind {
    /// As `system_schema.columns.kind` says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PartitionKey(_) => "partition_key",
            Self::Clustering { .. } => "clustering",
            Self::Static => "static",
            Self::Regular => "regular",
        }
    }

    /// As `system_schema.columns.position` says it: the index in the key, or -1.
    pub fn position(self) -> i32 {
        match self {
            Self::PartitionKey(index) | Self::Clustering { index, .. } => {
                i32::try_from(index).unwrap_or(i32::MAX)
            }
            Self::Static | Self::Regular => -1,
        }
    }

    /// As `system_schema.columns.clustering_order` says it.
    pub const fn clustering_order(self) -> &'static str {
        match self {
            Self::Clustering { descending, .. } => {
                if descending {
                    "desc"
                } else {
                    "asc"
                }
            }
            Self::PartitionKey(_) | Self::Static | Self::Regular => "none",
        }
    }

    /// Whether the column is part of the primary key.
    pub const fn is_primary_key(self) -> bool {
        match self {
            Self::PartitionKey(_) | Self::Clustering { .. } => true,
            Self::Static | Self::Regular => false,
        }
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// How cells name it; unique for the life of the table (**S2**).
    pub id: ColumnId,
    /// Its name.
    pub name: String,
    /// The type of its values.
    pub cql_type: CqlType,
    /// What it is for.
    pub kind: ColumnKind,
}

impl Column {
    /// Whether it is part of the primary key.
    pub const fn is_primary_key(&self) -> bool {
        self.kind.is_primary_key()
    }

    /// Whether it has one value per partition.
    pub const fn is_static(&self) -> bool {
        matches!(self.kind, ColumnKind::Static)
    }

    /// Whether rows are stored in descending order of it.
    pub const fn is_descending(&self) -> bool {
        matches!(
            self.kind,
            ColumnKind::Clustering {
                descending: true,
                ..
            }
        )
    }
}

/// A column that was dropped: its cells may still lie on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedColumn {
    /// Its name when it was dropped.
    pub name: String,
    /// The type of its values.
    pub cql_type: CqlType,
    /// Static or regular; key columns cannot be dropped.
    pub kind: ColumnKind,
    /// Its id, never used again in this table.
    pub id: ColumnId,
    /// When, in microseconds since 1970.
    pub dropped_at: i64,
}

/// One table: its columns, its options, its history of dropped columns.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSchema {
    /// Its identity, for ever.
    pub id: TableId,
    /// The keyspace it lies in.
    pub keyspace: String,
    /// Its name.
    pub name: String,
    /// The epoch of its last change.
    pub epoch: Epoch,
    /// Everything after WITH.
    pub options: TableOptions,
    /// Columns that were dropped, in the order they were dropped. A name can occur again.
    pub dropped_columns: Vec<DroppedColumn>,
    /// The id that the next new column gets.
    pub next_column_id: ColumnId,
    columns: Vec<Column>,
    partition_key_count: usize,
    clustering_count: usize,
    static_count: usize,
    positions_by_name: Vec<usize>,
    positions_by_id: Vec<usize>,
}

/// Everything of a table but its columns, which [`TableSchema::new`] puts in order.
pub(crate) struct TableHead {
    pub(crate) id: TableId,
    pub(crate) keyspace: String,
    pub(crate) name: String,
    pub(crate) epoch: Epoch,
    pub(crate) options: TableOptions,
    pub(crate) dropped_columns: Vec<DroppedColumn>,
    pub(crate) next_column_id: ColumnId,
}

impl TableSchema {
    /// Puts the columns in order (**S1**) and builds the look-ups. The caller has validated them.
    pub(crate) fn new(head: TableHead, mut columns: Vec<Column>) -> Self {
        columns.sort_by(|one, other| sort_key(one).cmp(&sort_key(other)));
        let count = |wanted: fn(ColumnKind) -> bool| {
            columns.iter().filter(|column| wanted(column.kind)).count()
        };
        let partition_key_count = count(|kind| matches!(kind, ColumnKind::PartitionKey(_)));
        let clustering_count = count(|kind| matches!(kind, ColumnKind::Clustering { .. }));
        let static_count = count(|kind| matches!(kind, ColumnKind::Static));
        let positions_by_name = positions_sorted_by(&columns, |column| column.name.as_str());
        let positions_by_id = positions_sorted_by(&columns, |column| column.id.0);
        Self {
            id: head.id,
            keyspace: head.keyspace,
            name: head.name,
            epoch: head.epoch,
            options: head.options,
            dropped_columns: head.dropped_columns,
            next_column_id: head.next_column_id,
            columns,
            partition_key_count,
            clustering_count,
            static_count,
            positions_by_name,
            positions_by_id,
        }
    }

    /// What [`Self::new`] takes beside the columns, to make a changed table.
    pub(crate) fn head(&self) -> TableHead {
        TableHead {
            id: self.id,
            keyspace: self.keyspace.clone(),
            name: self.name.clone(),
            epoch: self.epoch,
            options: self.options.clone(),
            dropped_columns: self.dropped_columns.clone(),
            next_column_id: self.next_column_id,
        }
    }

    /// Every column in `SELECT *` order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns of the partition key, in key order.
    pub fn partition_key(&self) -> &[Column] {
        self.between(0, self.partition_key_count)
    }

    /// The clustering columns, in key order.
    pub fn clustering(&self) -> &[Column] {
        self.between(self.partition_key_count, self.clustering_count)
    }

    /// The static columns, by name.
    pub fn statics(&self) -> &[Column] {
        self.between(
            self.partition_key_count + self.clustering_count,
            self.static_count,
        )
    }

    /// The regular columns, by name.
    pub fn regulars(&self) -> &[Column] {
        let start = self.partition_key_count + self.clustering_count + self.static_count;
        self.columns.get(start..).unwrap_or_default()
    }

    /// The column with this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        let found = self.positions_by_name.binary_search_by(|position| {
            self.columns
                .get(*position)
                .map_or("", |column| column.name.as_str())
                .cmp(name)
        });
        self.columns.get(*self.positions_by_name.get(found.ok()?)?)
    }

    /// The column with this id; `None` for one that was dropped or never was.
    pub fn column_by_id(&self, id: ColumnId) -> Option<&Column> {
        let found = self.positions_by_id.binary_search_by(|position| {
            self.columns
                .get(*position)
                .map_or(0, |column| column.id.0)
                .cmp(&id.0)
        });
        self.columns.get(*self.positions_by_id.get(found.ok()?)?)
    }

    /// The columns that `SELECT *` returns, in its order.
    pub fn select_star_order(&self) -> impl ExactSizeIterator<Item = &Column> {
        self.columns.iter()
    }

    /// Whether its regular and static columns are counters. It stays a counter table when they
    /// are dropped.
    pub fn is_counter(&self) -> bool {
        let types = self.columns.iter().map(|column| column.cql_type);
        let dropped = self.dropped_columns.iter().map(|column| column.cql_type);
        types
            .chain(dropped)
            .any(|cql_type| cql_type == CqlType::Counter)
    }

    /// Whether the partition key has several components, which are then framed in its bytes.
    pub const fn has_composite_partition_key(&self) -> bool {
        self.partition_key_count > 1
    }

    /// As `system_schema.tables.flags` says it.
    pub fn flags(&self) -> &'static [&'static str] {
        if self.is_counter() {
            &["compound", "counter"]
        } else {
            &["compound"]
        }
    }

    /// `keyspace.name`, as messages say it.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.keyspace, self.name)
    }

    fn between(&self, start: usize, count: usize) -> &[Column] {
        self.columns.get(start..start + count).unwrap_or_default()
    }
}

fn sort_key(column: &Column) -> (u8, usize, &str) {
    match column.kind {
        ColumnKind::PartitionKey(index) => (0, index, ""),
        ColumnKind::Clustering { index, .. } => (1, index, ""),
        ColumnKind::Static => (2, 0, &column.name),
        ColumnKind::Regular => (3, 0, &column.name),
    }
}

fn positions_sorted_by<'a, K: Ord>(columns: &'a [Column], key: fn(&'a Column) -> K) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..columns.len()).collect();
    positions.sort_by_key(|position| columns.get(*position).map(key));
    positions
}
