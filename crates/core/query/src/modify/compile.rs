//! From syntax to [`ModifyPlan`]: the checks of semantics 10.8 in Cassandra's order.

use super::Assigned;
use super::ModifyPlan;
use crate::compile::Compiler;
use crate::compile::Receiver;
use crate::compile::undefined_column;
use crate::error::invalid;
use crate::error::unsupported;
use crate::expr::Expr;
use crate::restrict::Clause;
use crate::restrict::ClusteringRestriction;
use crate::restrict::Partitions;
use crate::restrict::Restriction;
use crate::restrict::StatementKind;
use crate::restrict::Where;
use crate::restrict::compile_where;
use crate::restrict::names;
use crate::spec::ColumnSpec;
use crate::spec::Markers;
use quorate_cluster::Column;
use quorate_cluster::ColumnKind;
use quorate_cluster::TableSchema;
use quorate_cql::ast;
use quorate_cql::ast::Assignment;
use quorate_cql::ast::InsertSource;
use quorate_cql::ast::Target;
use quorate_cql::ast::Term;
use quorate_cql::ast::Using;
use quorate_data::CqlType;
use quorate_types::RequestError;
use std::sync::Arc;

/// A plan whose markers are not numbered off yet: those of a batch share one list.
#[derive(Debug)]
pub(crate) struct Unmarked(ModifyPlan);

impl Unmarked {
    pub(crate) fn with_markers(self, markers: Arc<[ColumnSpec]>) -> ModifyPlan {
        ModifyPlan { markers, ..self.0 }
    }
}

fn refuse_counters(table: &TableSchema) -> Result<(), RequestError> {
    if table.is_counter() {
        Err(unsupported(
            "table",
            format_args!("{} with counters", table.full_name()),
        ))
    } else {
        Ok(())
    }
}

pub(crate) fn insert(
    table: &Arc<TableSchema>,
    insert: &ast::Insert,
    markers: &mut Markers,
) -> Result<Unmarked, RequestError> {
    refuse_counters(table)?;
    let (columns, values) = match &insert.source {
        InsertSource::Values { columns, values } => (columns, values),
        InsertSource::Json { .. } => return Err(unsupported("statement", "INSERT JSON")),
    };
    if columns.is_empty() {
        return Err(invalid("No columns provided to INSERT"));
    }
    if columns.len() != values.len() {
        return Err(invalid("Unmatched column names/values"));
    }
    let repeats =
        |(index, name): (usize, &String)| columns.iter().skip(index + 1).any(|n| n == name);
    if columns.iter().enumerate().any(repeats) {
        return Err(invalid("The column names contains duplicates"));
    }
    let mut compiler = Compiler::for_terms(table, markers);
    let mut keys: Vec<(&Column, Expr)> = Vec::new();
    let (mut statics, mut regulars) = (Vec::new(), Vec::new());
    for (name, value) in columns.iter().zip(values) {
        let column = find(table, name)?;
        let value = assigned(&mut compiler, column, value)?;
        match column.kind {
            ColumnKind::PartitionKey(_) | ColumnKind::Clustering { .. } => {
                keys.push((column, value.value));
            }
            ColumnKind::Static => statics.push(value),
            ColumnKind::Regular => regulars.push(value),
        }
    }
    let has_clustering = keys
        .iter()
        .any(|(c, _)| matches!(c.kind, ColumnKind::Clustering { .. }));
    let only_statics = !has_clustering && !statics.is_empty() && regulars.is_empty();
    let clause = insert_where(table, keys, only_statics)?;
    let (timestamp, ttl) = using(&mut compiler, &insert.using)?;
    if insert.if_not_exists {
        return Err(unsupported("lightweight transaction", "IF NOT EXISTS"));
    }
    Ok(Unmarked(ModifyPlan {
        table: Arc::clone(table),
        kind: StatementKind::Insert,
        markers: Arc::new([]),
        clause,
        timestamp,
        ttl,
        statics,
        regulars,
        writes_rows: !only_statics || table.clustering().is_empty(),
    }))
}

/// The primary key of an INSERT as a WHERE of equalities.
fn insert_where(
    table: &TableSchema,
    mut keys: Vec<(&Column, Expr)>,
    only_statics: bool,
) -> Result<Where, RequestError> {
    let is_missing = |column: &&Column| !keys.iter().any(|(known, _)| known.id == column.id);
    let missing = names(table.partition_key().iter().filter(is_missing));
    if !missing.is_empty() {
        return Err(invalid(format!(
            "Some partition key parts are missing: {missing}"
        )));
    }
    let missing = names(table.clustering().iter().filter(is_missing));
    if !missing.is_empty() && !only_statics {
        return Err(invalid(format!(
            "Some clustering keys are missing: {missing}"
        )));
    }
    keys.sort_by_key(|(column, _)| column.kind);
    let mut components = Vec::new();
    let mut clustering = Vec::new();
    for (column, value) in keys {
        match column.kind {
            ColumnKind::Clustering { index, .. } => clustering.push(ClusteringRestriction {
                first: index,
                count: 1,
                multi: false,
                restriction: Restriction::Eq(vec![value]),
            }),
            ColumnKind::PartitionKey(_) | ColumnKind::Static | ColumnKind::Regular => {
                components.push(Restriction::Eq(value));
            }
        }
    }
    Ok(Where {
        restricts_clustering: !clustering.is_empty(),
        partitions: Partitions::Keys {
            components,
            token: None,
        },
        clustering,
        filters: Vec::new(),
        key_columns: table.partition_key().len(),
    })
}

pub(crate) fn update(
    table: &Arc<TableSchema>,
    update: &ast::Update,
    markers: &mut Markers,
) -> Result<Unmarked, RequestError> {
    refuse_counters(table)?;
    let mut compiler = Compiler::for_terms(table, markers);
    let (mut statics, mut regulars): (Vec<Assigned>, Vec<Assigned>) = (Vec::new(), Vec::new());
    for assignment in &update.assignments {
        let column = find(table, assignment.column())?;
        if column.is_primary_key() {
            return Err(invalid(format!(
                "PRIMARY KEY part {} found in SET part",
                column.name
            )));
        }
        let value = set(assignment, column)?;
        let value = assigned(&mut compiler, column, value)?;
        if statics
            .iter()
            .chain(&regulars)
            .any(|known| known.column == column.id)
        {
            return Err(invalid(format!(
                "Multiple incompatible setting of column {}",
                column.name
            )));
        }
        if column.is_static() {
            statics.push(value);
        } else {
            regulars.push(value);
        }
    }
    let clause = Clause {
        kind: StatementKind::Update,
        allow_filtering: false,
        only_statics: regulars.is_empty() && !statics.is_empty(),
    };
    let restrictions = compile_where(&mut compiler, &update.where_clause, clause)?;
    let (timestamp, ttl) = using(&mut compiler, &update.using)?;
    refuse_conditions(update.condition.as_ref())?;
    Ok(Unmarked(ModifyPlan {
        table: Arc::clone(table),
        kind: StatementKind::Update,
        markers: Arc::new([]),
        clause: restrictions,
        timestamp,
        ttl,
        writes_rows: !regulars.is_empty(),
        statics,
        regulars,
    }))
}

pub(crate) fn delete(
    table: &Arc<TableSchema>,
    delete: &ast::Delete,
    markers: &mut Markers,
) -> Result<Unmarked, RequestError> {
    refuse_counters(table)?;
    let mut compiler = Compiler::for_terms(table, markers);
    let (mut statics, mut regulars): (Vec<Assigned>, Vec<Assigned>) = (Vec::new(), Vec::new());
    for target in &delete.targets {
        let column = find(table, target.column())?;
        judge_target(target, column)?;
        let deleted = Assigned {
            column: column.id,
            value: Expr::Constant(None),
        };
        if column.is_static() {
            statics.push(deleted);
        } else {
            regulars.push(deleted);
        }
    }
    let clause = Clause {
        kind: StatementKind::Delete,
        allow_filtering: false,
        only_statics: regulars.is_empty() && !statics.is_empty(),
    };
    let restrictions = compile_where(&mut compiler, &delete.where_clause, clause)?;
    let names_rows = restrictions.clustering_points() == table.clustering().len();
    if !regulars.is_empty() && !names_rows {
        return Err(invalid(
            "Range deletions are not supported for specific columns",
        ));
    }
    let (timestamp, ttl) = using(&mut compiler, &delete.using)?;
    refuse_conditions(delete.condition.as_ref())?;
    Ok(Unmarked(ModifyPlan {
        table: Arc::clone(table),
        kind: StatementKind::Delete,
        markers: Arc::new([]),
        clause: restrictions,
        timestamp,
        ttl,
        writes_rows: !clause.only_statics,
        statics,
        regulars,
    }))
}

fn judge_target(target: &Target, column: &Column) -> Result<(), RequestError> {
    let name = &column.name;
    if column.is_primary_key() {
        return Err(invalid(format!(
            "Invalid identifier {name} for deletion (should not be a PRIMARY KEY part)"
        )));
    }
    match target {
        Target::Column(_) => Ok(()),
        Target::Element { .. } => Err(invalid(format!(
            "Invalid deletion operation for non collection column {name}"
        ))),
        Target::Field { .. } => Err(invalid(format!(
            "Invalid field deletion operation for non-UDT column {name}"
        ))),
    }
}

fn refuse_conditions(condition: Option<&ast::IfClause>) -> Result<(), RequestError> {
    match condition {
        None => Ok(()),
        Some(ast::IfClause::Exists) => Err(unsupported("lightweight transaction", "IF EXISTS")),
        Some(ast::IfClause::Conditions(_)) => {
            Err(unsupported("lightweight transaction", "IF conditions"))
        }
    }
}

/// The value of an assignment; those that only collections and counters have are refused.
fn set<'t>(assignment: &'t Assignment, column: &Column) -> Result<&'t Term, RequestError> {
    let name = &column.name;
    let (operation, wanted) = match assignment {
        Assignment::Set { value, .. } => return Ok(value),
        Assignment::Add { value, .. } => (format!("{name} = {name} + {value}"), "counter"),
        Assignment::Subtract { value, .. } => (format!("{name} = {name} - {value}"), "counter"),
        Assignment::Prepend { value, .. } => (format!("{name} = {value} + {name}"), "list"),
        Assignment::Element { key, value, .. } => {
            (format!("{name}[{key}] = {value}"), "collection")
        }
        Assignment::Field { field, value, .. } => {
            return Err(invalid(format!(
                "Invalid operation ({name}.{field} = {value}) for non-UDT column {name}"
            )));
        }
    };
    Err(invalid(format!(
        "Invalid operation ({operation}) for non {wanted} column {name}"
    )))
}

fn assigned(
    compiler: &mut Compiler<'_>,
    column: &Column,
    value: &Term,
) -> Result<Assigned, RequestError> {
    let receiver = Receiver {
        name: &column.name,
        cql_type: column.cql_type,
    };
    Ok(Assigned {
        column: column.id,
        value: compiler.term(value, receiver)?,
    })
}

/// TIMESTAMP and TTL.
pub(crate) fn using(
    compiler: &mut Compiler<'_>,
    using: &Using,
) -> Result<(Option<Expr>, Option<Expr>), RequestError> {
    let mut term = |term: &Option<Term>, name, cql_type| match term {
        None => Ok(None),
        Some(term) => compiler.term(term, Receiver { name, cql_type }).map(Some),
    };
    Ok((
        term(&using.timestamp, "[timestamp]", CqlType::Bigint)?,
        term(&using.ttl, "[ttl]", CqlType::Int)?,
    ))
}

fn find<'t>(table: &'t TableSchema, name: &str) -> Result<&'t Column, RequestError> {
    table
        .column(name)
        .ok_or_else(|| undefined_column(name, table))
}
