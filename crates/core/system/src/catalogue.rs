//! The system keyspaces as schema, made once from the definitions in `tables`.
//!
//! # Invariants
//!
//! * **C1** A table's id follows from its keyspace's and its own name: it is the same on every node
//!   and for ever.

use crate::tables::Definition;
use crate::tables::KEYSPACES;
use crate::tables::KeyspaceDefinition;
use quorate_cluster::Column;
use quorate_cluster::ColumnDefinition;
use quorate_cluster::Keyspace;
use quorate_cluster::Property;
use quorate_cluster::TableDefinition;
use quorate_cluster::TableSchema;
use quorate_data::CqlType;
use quorate_types::Epoch;
use quorate_types::TableId;
use quorate_types::murmur3_h1;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::LazyLock;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::new);

struct Catalogue {
    keyspaces: Vec<Arc<Keyspace>>,
    tables: BTreeMap<TableId, Arc<TableSchema>>,
    /// Collections that are not frozen, by table and column: only their names say so.
    multi_cell: BTreeMap<(TableId, &'static str), &'static str>,
}

/// The keyspaces that are the server's own, with their tables.
pub fn keyspaces() -> &'static [Arc<Keyspace>] {
    &CATALOGUE.keyspaces
}

/// The system table of this name, case as stored.
pub fn table(keyspace: &str, name: &str) -> Option<&'static Arc<TableSchema>> {
    keyspaces()
        .iter()
        .find(|known| known.name == keyspace)?
        .tables
        .get(name)
}

/// The system table with this id.
pub fn table_by_id(id: TableId) -> Option<&'static Arc<TableSchema>> {
    CATALOGUE.tables.get(&id)
}

/// The type of a column of any table, as `system_schema.columns` says it.
pub(crate) fn type_text(table: TableId, column: &Column) -> String {
    let multi_cell = CATALOGUE.multi_cell.get(&(table, column.name.as_str()));
    multi_cell.map_or_else(|| column.cql_type.to_string(), |text| (*text).to_owned())
}

impl Catalogue {
    fn new() -> Self {
        let mut catalogue = Self {
            keyspaces: Vec::new(),
            tables: BTreeMap::new(),
            multi_cell: BTreeMap::new(),
        };
        for definition in KEYSPACES {
            catalogue.add(definition);
        }
        catalogue
    }

    fn add(&mut self, definition: KeyspaceDefinition) {
        let mut tables = BTreeMap::new();
        for declared in definition.tables {
            let table = Arc::new(schema_of(definition.name, declared));
            let multi_cell = columns(declared).filter(|(_, text)| {
                let collections = ["set<", "list<", "map<"];
                collections.iter().any(|start| text.starts_with(start))
            });
            self.multi_cell
                .extend(multi_cell.map(|(name, text)| ((table.id, name), text)));
            self.tables.insert(table.id, Arc::clone(&table));
            tables.insert(table.name.clone(), table);
        }
        self.keyspaces.push(Arc::new(Keyspace {
            name: definition.name.to_owned(),
            replication: definition.replication,
            durable_writes: true,
            tables,
        }));
    }
}

/// The table of a definition, checked as users' tables are.
fn schema_of(keyspace: &str, definition: &Definition) -> TableSchema {
    let names = |declared: &'static str| split(declared).map(|(name, _)| name.to_owned()).collect();
    let columns = columns(definition).map(|(name, text)| ColumnDefinition {
        name: name.to_owned(),
        cql_type: CqlType::from_system_name(text)
            .expect("a type of a definition that a test reads"),
        is_static: false,
    });
    let table = TableDefinition {
        id: id_of(keyspace, definition.name),
        keyspace: keyspace.to_owned(),
        name: definition.name.to_owned(),
        columns: columns.collect(),
        partition_key: names(definition.partition_key),
        clustering: names(definition.clustering),
        clustering_order: Vec::new(),
        options: BTreeMap::from([
            ("comment".to_owned(), Property::quoted(definition.comment)),
            ("gc_grace_seconds".to_owned(), Property::bare(0)),
        ]),
    };
    TableSchema::from_definition(&table, Epoch::NONE).expect("a definition that a test builds")
}

/// Names and types of all columns.
fn columns(definition: &Definition) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
    [
        definition.partition_key,
        definition.clustering,
        definition.others,
    ]
    .into_iter()
    .flat_map(split)
}

fn split(declared: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    declared
        .split("; ")
        .filter_map(|column| column.split_once(' '))
}

/// A uuid made from the name (C1).
fn id_of(keyspace: &str, name: &str) -> TableId {
    let hashed = |half: u8| {
        let mut bytes = vec![half];
        bytes.extend(keyspace.bytes());
        bytes.push(b'.');
        bytes.extend(name.bytes());
        murmur3_h1(&bytes)
    };
    let [high, low] = [hashed(0), hashed(1)].map(i64::cast_unsigned);
    let bytes = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
    TableId(uuid::Builder::from_md5_bytes(bytes).into_uuid())
}
