//! CREATE, ALTER and DROP of keyspaces and tables: from syntax to a transformation of the
//! metadata.
//!
//! Decides only what the transformation cannot say: types and clauses that are not executed yet,
//! primary keys that are missing or declared twice, and ids of system tables. Everything else is judged where it is
//! applied, against the state that it is applied to.

use crate::error::invalid;
use crate::error::unsupported;
use crate::node::scalar_type;
use quorate_cluster::ColumnDefinition;
use quorate_cluster::Permission;
use quorate_cluster::Property;
use quorate_cluster::Refused;
use quorate_cluster::Resource;
use quorate_cluster::TableChange;
use quorate_cluster::TableDefinition;
use quorate_cluster::Transformation;
use quorate_cluster::keyspace_properties;
use quorate_cql::ast;
use quorate_cql::ast::AlterTableOperation;
use quorate_cql::ast::Direction;
use quorate_cql::ast::LiteralKind;
use quorate_cql::ast::PropertyValue;
use quorate_cql::ast::QualifiedName;
use quorate_cql::ast::Statement;
use quorate_data::CqlType;
use quorate_types::RequestError;
use quorate_types::TableId;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A planned change of the schema.
#[derive(Debug, Clone)]
pub struct SchemaPlan {
    template: Transformation,
    /// Whether a dropped column's time was written: USING TIMESTAMP.
    has_timestamp: bool,
    keyspace: String,
    table: Option<String>,
}

impl SchemaPlan {
    /// What to propose to the metadata log. `new_table_id` is the id of a table that is created
    /// (a random UUID), `now_micros` the time at which columns are dropped.
    pub fn transformation(&self, new_table_id: Uuid, now_micros: i64) -> Transformation {
        let mut transformation = self.template.clone();
        match &mut transformation {
            Transformation::CreateTable { definition, .. } => {
                definition.id = TableId(new_table_id);
            }
            Transformation::AlterTable {
                change: TableChange::DropColumns { at_micros, .. },
                ..
            } if !self.has_timestamp => *at_micros = now_micros,
            _ => {}
        }
        transformation
    }

    /// What whoever runs it must have.
    pub(crate) fn required_permission(&self) -> (Permission, Resource) {
        let keyspace = || self.keyspace.clone();
        let resource = match &self.table {
            Some(table) => Resource::table(keyspace(), table),
            None => Resource::Keyspace(keyspace()),
        };
        match &self.template {
            Transformation::CreateKeyspace { .. } => (Permission::Create, Resource::AllKeyspaces),
            Transformation::CreateTable { .. } => {
                (Permission::Create, Resource::AllTables(keyspace()))
            }
            Transformation::DropKeyspace { .. } | Transformation::DropTable { .. } => {
                (Permission::Drop, resource)
            }
            // A plan of schema has no other kind than ALTER besides.
            _ => (Permission::Alter, resource),
        }
    }

    /// The keyspace that it changes, or in which it changes a table.
    pub fn keyspace(&self) -> &str {
        &self.keyspace
    }

    /// The table that it changes; `None`: the keyspace itself.
    pub fn table(&self) -> Option<&str> {
        self.table.as_deref()
    }
}

/// A refusal of the metadata as the error that clients see.
pub fn refused(refused: Refused) -> RequestError {
    match refused {
        Refused::AlreadyExists { keyspace, table } => {
            RequestError::AlreadyExists { keyspace, table }
        }
        Refused::Config(message) => RequestError::Config(message),
        Refused::Syntax(message) => RequestError::Syntax(message),
        Refused::Unauthorized(message) => RequestError::Unauthorized(message),
        Refused::SyntaxUnknownProperty(_) => RequestError::Syntax(refused.to_string()),
        Refused::Invalid(message) | Refused::HoldsData(message) | Refused::Node(message) => {
            RequestError::Invalid(message)
        }
    }
}

type FindKeyspace<'a> = &'a dyn Fn(&QualifiedName) -> Result<String, RequestError>;

/// The plan of a schema statement; `None` for statements of any other kind.
pub(crate) fn compile(
    statement: &Statement,
    keyspace_of: FindKeyspace<'_>,
) -> Result<Option<SchemaPlan>, RequestError> {
    let plan = match statement {
        Statement::CreateKeyspace(create) => {
            let read = keyspace_properties(&properties(&create.properties)).map_err(refused)?;
            of_keyspace(
                &create.name,
                Transformation::CreateKeyspace {
                    name: create.name.clone(),
                    replication: read.replication,
                    durable_writes: read.durable_writes.unwrap_or(true),
                    if_not_exists: create.if_not_exists,
                },
            )
        }
        Statement::AlterKeyspace(alter) => {
            let read = keyspace_properties(&properties(&alter.properties)).map_err(refused)?;
            of_keyspace(
                &alter.name,
                Transformation::AlterKeyspace {
                    name: alter.name.clone(),
                    replication: read.replication,
                    durable_writes: read.durable_writes,
                    if_exists: alter.if_exists,
                },
            )
        }
        Statement::DropKeyspace(drop) => of_keyspace(
            &drop.name,
            Transformation::DropKeyspace {
                name: drop.name.clone(),
                if_exists: drop.if_exists,
            },
        ),
        Statement::CreateTable(create) => {
            let keyspace = keyspace_of(&create.name)?;
            let definition = table_definition(&keyspace, create)?;
            let template = Transformation::CreateTable {
                definition,
                if_not_exists: create.if_not_exists,
            };
            of_table(keyspace, &create.name, template)
        }
        Statement::AlterTable(alter) => alter_table(alter, keyspace_of(&alter.name)?)?,
        Statement::DropTable(drop) => {
            let keyspace = keyspace_of(&drop.name)?;
            let template = Transformation::DropTable {
                keyspace: keyspace.clone(),
                table: drop.name.name.clone(),
                if_exists: drop.if_exists,
            };
            of_table(keyspace, &drop.name, template)
        }
        _ => return Ok(None),
    };
    Ok(Some(plan))
}

fn of_keyspace(name: &str, template: Transformation) -> SchemaPlan {
    SchemaPlan {
        template,
        has_timestamp: false,
        keyspace: name.to_owned(),
        table: None,
    }
}

fn of_table(keyspace: String, name: &QualifiedName, template: Transformation) -> SchemaPlan {
    SchemaPlan {
        template,
        has_timestamp: false,
        keyspace,
        table: Some(name.name.clone()),
    }
}

fn table_definition(
    keyspace: &str,
    create: &ast::CreateTable,
) -> Result<TableDefinition, RequestError> {
    let name = &create.name.name;
    if create.options.compact_storage {
        return Err(unsupported("clause", "COMPACT STORAGE"));
    }
    let columns = create
        .columns
        .iter()
        .map(column_definition)
        .collect::<Result<_, _>>()?;
    let primary_key = match create.primary_keys.as_slice() {
        [only] => only,
        [] => {
            return Err(invalid(format!(
                "No PRIMARY KEY specifed for table '{name}' (exactly one required)"
            )));
        }
        _ => {
            return Err(invalid(format!(
                "Multiple PRIMARY KEY specified for table '{name}' (exactly one required)"
            )));
        }
    };
    let mut options = properties(&create.options.properties);
    if let Some(id) = create.options.id {
        check_id(TableId(id))?;
        options.insert("id".to_owned(), Property::quoted(id.to_string()));
    }
    Ok(TableDefinition {
        id: TableId(Uuid::nil()),
        keyspace: keyspace.to_owned(),
        name: name.clone(),
        columns,
        partition_key: primary_key.partition_key.clone(),
        clustering: primary_key.clustering.clone(),
        clustering_order: create
            .options
            .clustering_order
            .iter()
            .map(|(name, direction)| (name.clone(), *direction == Direction::Descending))
            .collect(),
        options,
    })
}

/// The ids of system tables are known here; whether another table has the id is known where the
/// transformation is applied.
fn check_id(id: TableId) -> Result<(), RequestError> {
    match quorate_system::table_by_id(id) {
        None => Ok(()),
        Some(other) => Err(invalid(format!(
            "Table id {id} belongs to table {}",
            other.full_name()
        ))),
    }
}

fn column_definition(column: &ast::ColumnDefinition) -> Result<ColumnDefinition, RequestError> {
    if column.mask.is_some() {
        return Err(unsupported(
            "clause",
            format_args!("MASKED WITH of column {}", column.name),
        ));
    }
    let cql_type = scalar_type(&column.type_name)?;
    if cql_type == CqlType::Counter {
        return Err(unsupported("type", "counter"));
    }
    Ok(ColumnDefinition {
        name: column.name.clone(),
        cql_type,
        is_static: column.is_static,
    })
}

fn alter_table(alter: &ast::AlterTable, keyspace: String) -> Result<SchemaPlan, RequestError> {
    let mut has_timestamp = false;
    let change = match &alter.operation {
        AlterTableOperation::Add {
            if_not_exists,
            columns,
        } => TableChange::AddColumns {
            columns: columns
                .iter()
                .map(column_definition)
                .collect::<Result<_, _>>()?,
            if_not_exists: *if_not_exists,
        },
        AlterTableOperation::Drop {
            if_exists,
            columns,
            timestamp,
        } => {
            has_timestamp = timestamp.is_some();
            TableChange::DropColumns {
                names: columns.clone(),
                if_exists: *if_exists,
                at_micros: timestamp.unwrap_or_default(),
            }
        }
        AlterTableOperation::Rename { if_exists, renames } => TableChange::RenameColumns {
            renames: renames.clone(),
            if_exists: *if_exists,
        },
        AlterTableOperation::With(written) => {
            if written.iter().any(|(name, _)| name == "id") {
                return Err(invalid("Cannot alter table id."));
            }
            TableChange::SetOptions(properties(written))
        }
        AlterTableOperation::AlterType { .. } => {
            return Err(invalid("Altering column types is no longer supported"));
        }
        AlterTableOperation::AlterMask { .. } => return Err(unsupported("clause", "MASKED")),
        AlterTableOperation::DropCompactStorage => {
            return Err(unsupported("clause", "DROP COMPACT STORAGE"));
        }
    };
    let template = Transformation::AlterTable {
        keyspace: keyspace.clone(),
        table: alter.name.name.clone(),
        change,
        if_exists: alter.if_exists,
    };
    Ok(SchemaPlan {
        has_timestamp,
        ..of_table(keyspace, &alter.name, template)
    })
}

fn properties(written: &ast::Properties) -> BTreeMap<String, Property> {
    let property = |value: &PropertyValue| match value {
        PropertyValue::Literal(literal) if literal.kind == LiteralKind::String => {
            Property::quoted(&literal.text)
        }
        PropertyValue::Literal(literal) => Property::bare(&literal.text),
        PropertyValue::Map(entries) => Property::Map(
            entries
                .iter()
                .map(|(key, value)| (key.text.clone(), value.text.clone()))
                .collect(),
        ),
    };
    written
        .iter()
        .map(|(name, value)| (name.to_lowercase(), property(value)))
        .collect()
}
