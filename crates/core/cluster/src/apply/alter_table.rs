//! ALTER TABLE: columns added, dropped, renamed; options set.
//!
//! # Invariants
//!
//! * **S2** A column that is added again after it was dropped gets a new id, so that no old cell
//!   comes back to life.

use super::invalid;
use super::keyspaces::check_modifiable;
use super::keyspaces::missing_table;
use crate::Change;
use crate::Column;
use crate::ColumnDefinition;
use crate::ColumnKind;
use crate::DroppedColumn;
use crate::Metadata;
use crate::Property;
use crate::Refused;
use crate::TableChange;
use crate::TableSchema;
use crate::schema::TableHead;
use quorate_data::ColumnId;
use quorate_data::CqlType;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Metadata {
    pub(super) fn alter_table(
        &mut self,
        keyspace: &str,
        table: &str,
        change: &TableChange,
        if_exists: bool,
    ) -> Result<Change, Refused> {
        check_modifiable(keyspace)?;
        let found = self
            .keyspaces
            .get(keyspace)
            .and_then(|keyspace| keyspace.tables.get(table));
        let Some(old) = found.map(Arc::clone) else {
            return missing_table(keyspace, table, if_exists);
        };
        let mut altering = Altering {
            head: old.head(),
            columns: old.columns().to_vec(),
            old: &old,
        };
        match change {
            TableChange::AddColumns {
                columns,
                if_not_exists,
            } => altering.add(columns, *if_not_exists)?,
            TableChange::DropColumns {
                names,
                if_exists,
                at_micros,
            } => altering.drop(names, *if_exists, *at_micros)?,
            TableChange::RenameColumns { renames, if_exists } => {
                altering.rename(renames, *if_exists)?;
            }
            TableChange::SetOptions(properties) => altering.set_options(properties)?,
        }
        let mut altered = TableSchema::new(altering.head, altering.columns);
        if altered == *old {
            return Ok(Change::None);
        }
        altered.epoch = self.epoch;
        let change = Change::TableAltered {
            keyspace: keyspace.to_owned(),
            name: table.to_owned(),
            id: altered.id,
        };
        self.put_table(altered);
        Ok(change)
    }
}

/// A table on its way to the next version.
struct Altering<'a> {
    head: TableHead,
    columns: Vec<Column>,
    old: &'a TableSchema,
}

impl Altering<'_> {
    fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    fn add(&mut self, added: &[ColumnDefinition], if_not_exists: bool) -> Result<(), Refused> {
        for column in added {
            if self.position(&column.name).is_some() {
                if if_not_exists {
                    continue;
                }
                return invalid(format!("Column with name '{}' already exists", column.name));
            }
            self.check_addable(column)?;
            let id = self.head.next_column_id;
            let Some(next) = id.0.checked_add(1) else {
                return invalid(format!(
                    "Table '{}' has used up all {} column ids",
                    self.old.full_name(),
                    u16::MAX
                ));
            };
            self.head.next_column_id = ColumnId(next);
            self.columns.push(Column {
                id,
                name: column.name.clone(),
                cql_type: column.cql_type,
                kind: kind_of(column),
            });
        }
        Ok(())
    }

    fn check_addable(&self, column: &ColumnDefinition) -> Result<(), Refused> {
        let name = &column.name;
        if column.is_static && self.old.clustering().is_empty() {
            return invalid(
                "Static columns are only useful (and thus allowed) if the table has at least one clustering column",
            );
        }
        let dropped = self
            .head
            .dropped_columns
            .iter()
            .rev()
            .find(|dropped| dropped.name == *name);
        if let Some(dropped) = dropped {
            check_compatible(column, dropped)?;
        }
        let full_name = self.old.full_name();
        match (self.old.is_counter(), column.cql_type == CqlType::Counter) {
            (true, false) => Err(Refused::Config(format!(
                "{full_name}: Cannot have a non counter column (\"{name}\") in a counter table"
            ))),
            (false, true) => Err(Refused::Config(format!(
                "{full_name}: Cannot have a counter column (\"{name}\") in a non counter table"
            ))),
            _ => Ok(()),
        }
    }

    fn drop(&mut self, names: &[String], if_exists: bool, dropped_at: i64) -> Result<(), Refused> {
        for name in names {
            let Some(position) = self.position(name) else {
                if if_exists {
                    continue;
                }
                return invalid(format!(
                    "Column {name} was not found in table '{}'",
                    self.old.full_name()
                ));
            };
            let column = self.columns.remove(position);
            if column.is_primary_key() {
                return invalid(format!("Cannot drop PRIMARY KEY column {name}"));
            }
            self.head.dropped_columns.push(DroppedColumn {
                name: column.name,
                cql_type: column.cql_type,
                kind: column.kind,
                id: column.id,
                dropped_at,
            });
        }
        Ok(())
    }

    fn rename(&mut self, renames: &[(String, String)], if_exists: bool) -> Result<(), Refused> {
        for (from, to) in renames {
            let taken = self.position(to).is_some();
            let Some(column) = self.columns.iter_mut().find(|column| column.name == *from) else {
                if if_exists {
                    continue;
                }
                return invalid(format!(
                    "Column {from} was not found in table {}",
                    self.old.full_name()
                ));
            };
            if !column.is_primary_key() {
                return invalid(format!("Cannot rename non PRIMARY KEY column {from}"));
            }
            if taken {
                return invalid(format!(
                    "Cannot rename column {from} to {to} in table '{}'; another column with that name already exists",
                    self.old.full_name()
                ));
            }
            column.name.clone_from(to);
        }
        Ok(())
    }

    fn set_options(&mut self, properties: &BTreeMap<String, Property>) -> Result<(), Refused> {
        if properties.contains_key("id") {
            return Err(Refused::Config("Cannot alter table id.".to_owned()));
        }
        self.head.options = self.head.options.with(properties)?;
        if self.old.is_counter() && self.head.options.default_time_to_live > 0 {
            return invalid("Cannot set default_time_to_live on a table with counters");
        }
        Ok(())
    }
}

fn kind_of(column: &ColumnDefinition) -> ColumnKind {
    if column.is_static {
        ColumnKind::Static
    } else {
        ColumnKind::Regular
    }
}

/// Files may still hold the dropped column's cells, and tools read them by name.
fn check_compatible(column: &ColumnDefinition, dropped: &DroppedColumn) -> Result<(), Refused> {
    let name = &column.name;
    if dropped.cql_type == CqlType::Counter {
        return invalid(format!(
            "Cannot re-add previously dropped counter column {name}"
        ));
    }
    if dropped.cql_type != column.cql_type {
        return invalid(format!(
            "Cannot add a column '{name}' of type {}, incompatible with previously dropped column '{name}' of type {}",
            column.cql_type, dropped.cql_type
        ));
    }
    let kind = kind_of(column);
    if dropped.kind != kind {
        let upper = |kind: ColumnKind| kind.name().to_ascii_uppercase();
        return invalid(format!(
            "Cannot re-add previously dropped column '{name}' of kind {}, incompatible with previous kind {}",
            upper(kind),
            upper(dropped.kind)
        ));
    }
    Ok(())
}
