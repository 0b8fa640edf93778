//! From text to plan: which kind of statement it is, which table it speaks of, and the id under
//! which every node knows the prepared form.

use crate::batch::BatchPlan;
use crate::describe::DescribePlan;
use crate::digest::murmur3;
use crate::error::invalid;
use crate::error::unsupported;
use crate::modify;
use crate::modify::ModifyPlan;
use crate::role_list;
use crate::role_list::RoleListPlan;
use crate::role_plan;
use crate::role_plan::RolePlan;
use crate::schema_plan;
use crate::schema_plan::SchemaPlan;
use crate::select::SelectPlan;
use crate::spec::ColumnSpec;
use crate::spec::Markers;
use quorate_cluster::Metadata;
use quorate_cluster::TableSchema;
use quorate_cql::ast::DescribeTarget;
use quorate_cql::ast::QualifiedName;
use quorate_cql::ast::Statement;
use quorate_cql::parse_statement;
use quorate_types::Epoch;
use quorate_types::RequestError;
use std::cell::Cell;
use std::sync::Arc;

/// A statement that was planned; holds no values and may be executed any number of times.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// What to do.
    pub plan: Plan,
    /// The bind markers, in order.
    pub markers: Vec<ColumnSpec>,
    /// The columns of the result; empty when there is none.
    pub result_columns: Arc<[ColumnSpec]>,
    /// A digest of the result's columns: drivers that keep them notice by it that they have changed.
    pub result_metadata_id: [u8; 16],
    /// Which markers are the partition key, in its order, when each of its columns is bound by a
    /// marker of its own: what drivers route by.
    pub partition_key_markers: Option<Vec<usize>>,
    /// The last change of the tables it speaks of. When a table's is later, the plan is stale.
    pub epoch: Epoch,
    /// The same on every node for the same text and (when the text leaves it open) keyspace.
    pub id: [u8; 16],
    /// Whether executing it twice with the same values and timestamp does no harm.
    pub is_idempotent: bool,
}

/// What a statement does.
#[derive(Debug, Clone)]
pub enum Plan {
    /// SELECT.
    Select(SelectPlan),
    /// INSERT, UPDATE, DELETE.
    Modify(Box<ModifyPlan>),
    /// BEGIN BATCH … APPLY BATCH.
    Batch(BatchPlan),
    /// CREATE, ALTER, DROP of keyspaces and tables.
    Schema(SchemaPlan),
    /// USE: the keyspace, which exists.
    Use(String),
    /// TRUNCATE.
    Truncate {
        /// The table to empty.
        table: Arc<TableSchema>,
    },
    /// EXPLAIN CONSISTENCY: carry the inner plan out and answer its receipt.
    ExplainConsistency(Box<Plan>),
    /// DESCRIBE.
    Describe(DescribePlan),
    /// CREATE, ALTER, DROP, GRANT, REVOKE of roles and permissions.
    Role(RolePlan),
    /// LIST of roles, users or permissions.
    ListRoles(RoleListPlan),
}

/// Plans a statement given as text. Names without a keyspace are looked up in `keyspace`.
pub fn prepare(
    text: &str,
    metadata: &Metadata,
    keyspace: Option<&str>,
) -> Result<Prepared, RequestError> {
    let statement =
        parse_statement(text).map_err(|error| RequestError::Syntax(error.to_string()))?;
    prepare_with(&statement, text, metadata, keyspace)
}

/// Plans a statement that was parsed already; its id is that of its printed form.
pub fn prepare_statement(
    statement: &Statement,
    metadata: &Metadata,
    keyspace: Option<&str>,
) -> Result<Prepared, RequestError> {
    prepare_with(statement, &statement.to_string(), metadata, keyspace)
}

fn prepare_with(
    statement: &Statement,
    text: &str,
    metadata: &Metadata,
    keyspace: Option<&str>,
) -> Result<Prepared, RequestError> {
    let names = Names {
        metadata,
        keyspace,
        used_session: Cell::new(false),
    };
    let plan = names.plan(statement)?;
    let summary = Summary::of(&plan);
    if summary.markers.len() != statement.bind_markers().len() {
        return Err(invalid("Bind markers are not allowed here"));
    }
    let mut hashed = Vec::new();
    if let (Some(keyspace), true) = (keyspace, names.used_session.get()) {
        hashed.extend_from_slice(keyspace.as_bytes());
        // No name has this byte, so that ("ab", "c") and ("a", "bc") differ.
        hashed.push(0);
    }
    hashed.extend_from_slice(text.as_bytes());
    Ok(Prepared {
        result_metadata_id: result_metadata_id(&summary.columns),
        markers: summary.markers.to_vec(),
        result_columns: summary.columns,
        partition_key_markers: summary.partition_key_markers,
        epoch: summary.epoch,
        is_idempotent: summary.is_idempotent,
        id: murmur3(&hashed).to_be_bytes(),
        plan,
    })
}

fn result_metadata_id(columns: &[ColumnSpec]) -> [u8; 16] {
    let mut hashed = Vec::new();
    for column in columns {
        let type_name = column.cql_type.name();
        for part in [&*column.keyspace, &column.table, &column.name, &type_name] {
            hashed.extend_from_slice(part.as_bytes());
            hashed.push(0);
        }
    }
    murmur3(&hashed).to_be_bytes()
}

/// The names of one statement.
struct Names<'a> {
    metadata: &'a Metadata,
    keyspace: Option<&'a str>,
    /// Whether a name without keyspace was met.
    used_session: Cell<bool>,
}

impl Names<'_> {
    fn keyspace<'n>(&'n self, name: &'n QualifiedName) -> Result<&'n str, RequestError> {
        if let Some(keyspace) = &name.keyspace {
            return Ok(keyspace);
        }
        self.used_session.set(true);
        self.keyspace.ok_or_else(|| {
            invalid(
                "No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename",
            )
        })
    }

    /// A table to read: a user's or the server's own.
    fn readable(&self, name: &QualifiedName) -> Result<Arc<TableSchema>, RequestError> {
        match quorate_system::table(self.keyspace(name)?, &name.name) {
            Some(table) => Ok(Arc::clone(table)),
            None => self.table(name),
        }
    }

    /// A user's table.
    fn table(&self, name: &QualifiedName) -> Result<Arc<TableSchema>, RequestError> {
        let keyspace = self.keyspace(name)?;
        if quorate_system::table(keyspace, &name.name).is_some() {
            return Err(RequestError::Unauthorized(format!(
                "{keyspace} keyspace is not user-modifiable."
            )));
        }
        if quorate_system::is_system_keyspace(keyspace) {
            return Err(invalid(format!("table {} does not exist", name.name)));
        }
        let found = self.metadata.table(keyspace, &name.name);
        found
            .map(Arc::clone)
            .map_err(|missing| invalid(missing.to_string()))
    }

    fn plan(&self, statement: &Statement) -> Result<Plan, RequestError> {
        if let Some(plan) = self.data_plan(statement)? {
            return Ok(plan);
        }
        match statement {
            Statement::Use(name) if quorate_system::is_system_keyspace(name) => {
                Ok(Plan::Use(name.clone()))
            }
            Statement::Use(name) => match self.metadata.keyspace(name) {
                Ok(_) => Ok(Plan::Use(name.clone())),
                Err(_) => Err(invalid(format!("Keyspace '{name}' does not exist"))),
            },
            Statement::Truncate(name) => Ok(Plan::Truncate {
                table: self.table(name)?,
            }),
            Statement::Describe(describe) => {
                if describe_uses_session(&describe.target) {
                    self.used_session.set(true);
                }
                DescribePlan::new(describe, self.keyspace).map(Plan::Describe)
            }
            Statement::ExplainConsistency(inner) => match self.data_plan(inner)? {
                Some(plan) => Ok(Plan::ExplainConsistency(Box::new(plan))),
                None => Err(invalid(format!(
                    "EXPLAIN CONSISTENCY is for SELECT, INSERT, UPDATE, DELETE and BATCH, not for {}",
                    inner.name()
                ))),
            },
            other => {
                let find = |name: &QualifiedName| self.keyspace(name).map(str::to_owned);
                if let Some(plan) = schema_plan::compile(other, &find)? {
                    return Ok(Plan::Schema(plan));
                }
                if let Some(plan) = role_plan::compile(other, &find)? {
                    return Ok(Plan::Role(plan));
                }
                match role_list::compile(other, &find)? {
                    Some(plan) => Ok(Plan::ListRoles(plan)),
                    None => Err(unsupported("statement", other.name())),
                }
            }
        }
    }

    /// The plan of a statement that reads or writes rows.
    fn data_plan(&self, statement: &Statement) -> Result<Option<Plan>, RequestError> {
        let mut markers = Markers::default();
        let modify = match statement {
            Statement::Select(select) => {
                let table = self.readable(&select.table)?;
                let plan = crate::select::select(&table, select)?;
                return Ok(Some(Plan::Select(plan)));
            }
            Statement::Batch(batch) => {
                let plan = crate::batch::compile(batch, &|name| self.table(name))?;
                return Ok(Some(Plan::Batch(plan)));
            }
            Statement::Insert(insert) => {
                modify::compile::insert(&self.table(&insert.table)?, insert, &mut markers)?
            }
            Statement::Update(update) => {
                modify::compile::update(&self.table(&update.table)?, update, &mut markers)?
            }
            Statement::Delete(delete) => {
                modify::compile::delete(&self.table(&delete.table)?, delete, &mut markers)?
            }
            _ => return Ok(None),
        };
        let plan = modify.with_markers(markers.finish());
        Ok(Some(Plan::Modify(Box::new(plan))))
    }
}

fn describe_uses_session(target: &DescribeTarget) -> bool {
    match target {
        DescribeTarget::Keyspace { name, .. } => name.is_none(),
        DescribeTarget::Cluster | DescribeTarget::Schema { .. } | DescribeTarget::Keyspaces => {
            false
        }
        DescribeTarget::Table(name)
        | DescribeTarget::Index(name)
        | DescribeTarget::MaterializedView(name)
        | DescribeTarget::Type(name)
        | DescribeTarget::Function(name)
        | DescribeTarget::Aggregate(name)
        | DescribeTarget::Named(name) => name.keyspace.is_none(),
        DescribeTarget::Tables
        | DescribeTarget::Types
        | DescribeTarget::Functions
        | DescribeTarget::Aggregates => true,
    }
}

/// What [`Prepared`] says of a plan.
struct Summary {
    markers: Arc<[ColumnSpec]>,
    columns: Arc<[ColumnSpec]>,
    partition_key_markers: Option<Vec<usize>>,
    epoch: Epoch,
    is_idempotent: bool,
}

impl Summary {
    fn of(plan: &Plan) -> Self {
        let nothing = Self {
            markers: Arc::new([]),
            columns: Arc::new([]),
            partition_key_markers: None,
            epoch: Epoch::NONE,
            is_idempotent: false,
        };
        match plan {
            Plan::Select(select) => Self {
                markers: Arc::clone(select.markers()),
                columns: Arc::clone(select.result_columns()),
                partition_key_markers: select.partition_key_markers(),
                epoch: select.table().epoch,
                is_idempotent: true,
            },
            Plan::Modify(modify) => Self {
                markers: Arc::clone(&modify.markers),
                partition_key_markers: modify.partition_key_markers(),
                epoch: modify.table().epoch,
                is_idempotent: modify.is_pure(),
                ..nothing
            },
            Plan::Batch(batch) => Self {
                markers: Arc::clone(&batch.markers),
                partition_key_markers: batch.partition_key_markers(),
                epoch: batch
                    .tables()
                    .map(|table| table.epoch)
                    .max()
                    .unwrap_or_default(),
                is_idempotent: batch.is_pure(),
                ..nothing
            },
            Plan::Truncate { table } => Self {
                epoch: table.epoch,
                ..nothing
            },
            Plan::ExplainConsistency(inner) => Self::of(inner),
            Plan::Describe(describe) => Self {
                columns: Arc::clone(describe.columns()),
                is_idempotent: true,
                ..nothing
            },
            Plan::ListRoles(list) => Self {
                columns: Arc::clone(list.columns()),
                is_idempotent: true,
                ..nothing
            },
            Plan::Role(role) => Self {
                columns: role.columns(),
                ..nothing
            },
            Plan::Schema(_) | Plan::Use(_) => nothing,
        }
    }
}
