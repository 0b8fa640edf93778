//! CREATE TABLE: which definitions make a table, and which table they make.

use super::invalid;
use super::is_plain_name;
use super::keyspaces::check_modifiable;
use crate::Change;
use crate::Column;
use crate::ColumnDefinition;
use crate::ColumnKind;
use crate::Metadata;
use crate::Property;
use crate::Refused;
use crate::TableDefinition;
use crate::TableOptions;
use crate::TableSchema;
use crate::schema::TableHead;
use crate::system_tables;
use quorate_data::ColumnId;
use quorate_data::CqlType;
use quorate_types::Epoch;
use quorate_types::TableId;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// A table's name is at most this long.
const TABLE_NAME_CHARS_MAX: usize = 222;

impl Metadata {
    pub(super) fn create_table(
        &mut self,
        definition: &TableDefinition,
        if_not_exists: bool,
    ) -> Result<Change, Refused> {
        check_modifiable(&definition.keyspace)?;
        let Some(keyspace) = self.keyspaces.get(&definition.keyspace) else {
            return invalid(format!("Keyspace '{}' doesn't exist", definition.keyspace));
        };
        if keyspace.tables.contains_key(&definition.name) {
            if if_not_exists {
                return Ok(Change::None);
            }
            return Err(Refused::AlreadyExists {
                keyspace: definition.keyspace.clone(),
                table: Some(definition.name.clone()),
            });
        }
        let table = TableSchema::from_definition(definition, self.epoch)?;
        self.check_id_is_free(table.id)?;
        let change = Change::TableCreated {
            keyspace: table.keyspace.clone(),
            name: table.name.clone(),
            id: table.id,
        };
        self.put_table(table);
        Ok(change)
    }

    /// Two tables of one id would share their rows.
    fn check_id_is_free(&self, id: TableId) -> Result<(), Refused> {
        let own = system_tables();
        let mut others = own.iter().chain(self.table_by_id(id));
        match others.find(|other| other.id == id) {
            None => Ok(()),
            Some(other) => invalid(format!(
                "Table id {id} belongs to table {}",
                other.full_name()
            )),
        }
    }

    /// Puts a new or changed table in its keyspace.
    pub(super) fn put_table(&mut self, table: TableSchema) {
        let keyspace = self
            .keyspaces
            .get_mut(&table.keyspace)
            .expect("the caller found the keyspace");
        Arc::make_mut(keyspace)
            .tables
            .insert(table.name.clone(), Arc::new(table));
    }
}

impl TableSchema {
    /// The table that a CREATE TABLE makes, or why it makes none. Column ids follow the order of
    /// `SELECT *`.
    pub fn from_definition(definition: &TableDefinition, epoch: Epoch) -> Result<Self, Refused> {
        check_name(definition)?;
        let declared = declared_columns(definition)?;
        let (id, options) = id_and_options(definition)?;
        let mut columns = primary_key_columns(definition, &declared)?;
        columns.extend(other_columns(definition, &declared));
        check_statics_and_counters(definition, &columns, &options)?;
        let count = columns.len();
        let Ok(next_column_id) = u16::try_from(count) else {
            return invalid(format!(
                "Table '{}' declares {count} columns, more than the {} that a table can have",
                definition.name,
                u16::MAX
            ));
        };
        for (id, column) in (0..next_column_id).zip(&mut columns) {
            column.id = ColumnId(id);
        }
        let head = TableHead {
            id,
            keyspace: definition.keyspace.clone(),
            name: definition.name.clone(),
            epoch,
            options,
            dropped_columns: Vec::new(),
            next_column_id: ColumnId(next_column_id),
        };
        Ok(Self::new(head, columns))
    }
}

fn check_name(definition: &TableDefinition) -> Result<(), Refused> {
    let (keyspace, name) = (&definition.keyspace, &definition.name);
    if !is_plain_name(name) {
        return Err(Refused::Config(format!(
            "{keyspace}.{name}: Table name must not be empty or not contain non-alphanumeric-underscore characters (got \"{name}\")"
        )));
    }
    let chars = name.len();
    if chars > TABLE_NAME_CHARS_MAX {
        return Err(Refused::Config(format!(
            "{keyspace}.{name}: Table name must not be more than {TABLE_NAME_CHARS_MAX} characters long (got {chars} characters for \"{name}\")"
        )));
    }
    Ok(())
}

fn declared_columns(
    definition: &TableDefinition,
) -> Result<BTreeMap<&str, &ColumnDefinition>, Refused> {
    let mut declared = BTreeMap::new();
    for column in &definition.columns {
        if declared.insert(column.name.as_str(), column).is_some() {
            return invalid(format!(
                "Duplicate column '{}' declaration for table '{}'",
                column.name, definition.name
            ));
        }
    }
    if definition.partition_key.is_empty() {
        return invalid(format!(
            "No PRIMARY KEY specifed for table '{}' (exactly one required)",
            definition.name
        ));
    }
    Ok(declared)
}

/// The property `id` names the table's id; all others are options.
fn id_and_options(definition: &TableDefinition) -> Result<(TableId, TableOptions), Refused> {
    let mut properties: BTreeMap<String, Property> = definition.options.clone();
    let id = match properties.remove("id") {
        None => definition.id,
        Some(property) => match Uuid::parse_str(property.text("id")?) {
            Ok(id) => TableId(id),
            Err(_) => return Err(Refused::Config("Invalid table id".to_owned())),
        },
    };
    Ok((id, TableOptions::default().with(&properties)?))
}

/// The columns of the primary key in order; ids are given later.
fn primary_key_columns(
    definition: &TableDefinition,
    declared: &BTreeMap<&str, &ColumnDefinition>,
) -> Result<Vec<Column>, Refused> {
    let descending = clustering_directions(definition)?;
    let partition = definition.partition_key.iter().enumerate();
    let clustering = definition.clustering.iter().enumerate();
    let kinds = partition
        .map(|(index, name)| (name, ColumnKind::PartitionKey(index)))
        .chain(clustering.map(|(index, name)| {
            let descending = descending.get(name.as_str()).copied().unwrap_or(false);
            (name, ColumnKind::Clustering { index, descending })
        }));
    let mut seen = BTreeSet::new();
    let mut columns = Vec::new();
    for (name, kind) in kinds {
        if !seen.insert(name) {
            return invalid(format!(
                "Duplicate column '{name}' in PRIMARY KEY clause for table '{}'",
                definition.name
            ));
        }
        let Some(column) = declared.get(name.as_str()) else {
            return invalid(format!(
                "Unknown column '{name}' referenced in PRIMARY KEY for table '{}'",
                definition.name
            ));
        };
        if matches!(column.cql_type, CqlType::Counter | CqlType::Duration) {
            return invalid(format!(
                "{} type is not supported for PRIMARY KEY column '{name}'",
                column.cql_type
            ));
        }
        if column.is_static {
            return invalid(format!(
                "Static column '{name}' cannot be part of the PRIMARY KEY"
            ));
        }
        columns.push(without_id(column, kind));
    }
    Ok(columns)
}

/// CLUSTERING ORDER BY names a prefix of the clustering columns, in their order.
fn clustering_directions(definition: &TableDefinition) -> Result<BTreeMap<&str, bool>, Refused> {
    let clustering: Vec<&str> = definition.clustering.iter().map(String::as_str).collect();
    let mut directions = BTreeMap::new();
    for (name, descending) in &definition.clustering_order {
        if directions.insert(name.as_str(), *descending).is_some() {
            return invalid(format!(
                "Duplicate column '{name}' in CLUSTERING ORDER BY clause for table '{}'",
                definition.name
            ));
        }
    }
    let ordered = || {
        definition
            .clustering_order
            .iter()
            .map(|(name, _)| name.as_str())
    };
    let strangers: Vec<&str> = ordered()
        .filter(|name| !clustering.contains(name))
        .collect();
    if !strangers.is_empty() {
        return invalid(format!(
            "Only clustering key columns can be defined in CLUSTERING ORDER directive: [{}] are not clustering columns",
            strangers.join(", ")
        ));
    }
    for (name, expected) in ordered().zip(&clustering) {
        if name == *expected {
            continue;
        }
        return invalid(if directions.contains_key(expected) {
            format!(
                "The order of columns in the CLUSTERING ORDER directive must match that of the clustering columns ({expected} must appear before {name})"
            )
        } else {
            format!("Missing CLUSTERING ORDER for column {expected}")
        });
    }
    Ok(directions)
}

/// Statics by name, then regulars by name, as `SELECT *` shows them.
fn other_columns(
    definition: &TableDefinition,
    declared: &BTreeMap<&str, &ColumnDefinition>,
) -> Vec<Column> {
    let others = |is_static: bool| {
        declared
            .values()
            .filter(move |column| column.is_static == is_static)
            .filter(|column| {
                !definition.partition_key.contains(&column.name)
                    && !definition.clustering.contains(&column.name)
            })
    };
    others(true)
        .map(|column| without_id(column, ColumnKind::Static))
        .chain(others(false).map(|column| without_id(column, ColumnKind::Regular)))
        .collect()
}

fn without_id(column: &ColumnDefinition, kind: ColumnKind) -> Column {
    Column {
        id: ColumnId(0),
        name: column.name.clone(),
        cql_type: column.cql_type,
        kind,
    }
}

fn check_statics_and_counters(
    definition: &TableDefinition,
    columns: &[Column],
    options: &TableOptions,
) -> Result<(), Refused> {
    let has_statics = columns.iter().any(Column::is_static);
    if has_statics && definition.clustering.is_empty() {
        return invalid(
            "Static columns are only useful (and thus allowed) if the table has at least one clustering column",
        );
    }
    let mut others = columns.iter().filter(|column| !column.is_primary_key());
    let is_counter = |column: &Column| column.cql_type == CqlType::Counter;
    let has_counters = others.clone().any(is_counter);
    if has_counters && !others.all(is_counter) {
        return invalid("Cannot mix counter and non counter columns in the same table");
    }
    if has_counters && options.default_time_to_live > 0 {
        return invalid("Cannot set default_time_to_live on a table with counters");
    }
    Ok(())
}
