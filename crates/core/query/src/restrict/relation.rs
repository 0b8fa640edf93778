//! One relation at a time: which columns it restricts, and to what. Whether it goes with those before
//! it is `merge.rs`'s.

use super::Clause;
use super::Relations;
use super::Restriction;
use super::merge::clustering_index;
use crate::compile::Compiler;
use crate::compile::Receiver;
use crate::compile::undefined_column;
use crate::error::invalid;
use crate::error::unsupported;
use crate::expr::Expr;
use quorate_cluster::Column;
use quorate_cluster::ColumnKind;
use quorate_cluster::TableSchema;
use quorate_cql::ast::InValues;
use quorate_cql::ast::Operator;
use quorate_cql::ast::Relation;
use quorate_cql::ast::Term;
use quorate_data::CqlType;
use quorate_types::RequestError;

impl Relations {
    /// Adds what a relation says to what those before it said.
    pub(super) fn add(
        &mut self,
        compiler: &mut Compiler<'_>,
        relation: &Relation,
        clause: Clause,
    ) -> Result<(), RequestError> {
        judge_not_equal(relation)?;
        let table = compiler.table;
        match relation {
            Relation::Column {
                column,
                operator,
                value,
            } => {
                let column = find(table, column)?;
                judge_operator(relation, column, *operator)?;
                let value = compiler.term(value, receiver(column))?;
                self.add_column(table, column, compare(*operator, value), clause)
            }
            Relation::In { column, values } => {
                let column = find(table, column)?;
                let values = listed(compiler, relation, column, values)?;
                self.add_column(table, column, Restriction::In(values), clause)
            }
            Relation::IsNotNull { column } => {
                find(table, column)?;
                Err(invalid(format!("Unsupported restriction: {relation}")))
            }
            Relation::Element { column, .. } => {
                let column = find(table, column)?;
                Err(invalid(format!(
                    "Column {} cannot be used as a map",
                    column.name
                )))
            }
            Relation::Columns {
                columns,
                operator,
                value,
            } => {
                let columns = multi_columns(table, columns, relation)?;
                judge_comparison(*operator, "for multi-column relations")?;
                let restriction = compare(*operator, tuple(compiler, &columns, value)?);
                self.add_clustering(table, &columns, true, restriction, clause)
            }
            Relation::ColumnsIn { columns, values } => {
                let columns = multi_columns(table, columns, relation)?;
                let tuples = listed_tuples(compiler, relation, &columns, values)?;
                self.add_clustering(table, &columns, true, Restriction::In(tuples), clause)
            }
            Relation::Token {
                columns,
                operator,
                value,
            } => self.add_token(compiler, columns, *operator, value),
            Relation::CustomIndex { .. } => Err(unsupported("restriction", relation)),
        }
    }

    fn add_token(
        &mut self,
        compiler: &mut Compiler<'_>,
        columns: &[String],
        operator: Operator,
        value: &Term,
    ) -> Result<(), RequestError> {
        let table = compiler.table;
        for column in columns {
            find(table, column)?;
        }
        judge_token_columns(table, columns)?;
        judge_comparison(operator, "with the token function")?;
        let receiver = Receiver {
            name: "partition key token",
            cql_type: CqlType::Bigint,
        };
        let added = compare(operator, compiler.term(value, receiver)?);
        self.merge_token(added, &columns.join(", "))
    }
}

/// `!=` is part of the language, but of no legal relation. (That of an element is refused as such.)
fn judge_not_equal(relation: &Relation) -> Result<(), RequestError> {
    match relation {
        Relation::Column { operator, .. }
        | Relation::Columns { operator, .. }
        | Relation::Token { operator, .. }
            if *operator == Operator::NotEqual =>
        {
            Err(invalid(format!("Unsupported \"!=\" relation: {relation}")))
        }
        Relation::Column { .. }
        | Relation::In { .. }
        | Relation::IsNotNull { .. }
        | Relation::Element { .. }
        | Relation::Columns { .. }
        | Relation::ColumnsIn { .. }
        | Relation::Token { .. }
        | Relation::CustomIndex { .. } => Ok(()),
    }
}

/// Tuples and tokens can only be equal, smaller or larger.
fn judge_comparison(operator: Operator, place: &str) -> Result<(), RequestError> {
    if operator.is_slice() || operator == Operator::Equal {
        return Ok(());
    }
    Err(invalid(format!(
        "{} cannot be used {place}",
        operator.as_str()
    )))
}

fn judge_token_columns(table: &TableSchema, columns: &[String]) -> Result<(), RequestError> {
    let key: Vec<&str> = table
        .partition_key()
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    if key.iter().eq(columns.iter()) {
        return Ok(());
    }
    Err(invalid(
        if !key.iter().all(|name| columns.iter().any(|c| c == name)) {
            "The token() function must be applied to all partition key components or none of them"
                .to_owned()
        } else if columns.len() > key.len() {
            "The token() function must contains only partition key components".to_owned()
        } else {
            format!(
                "The token function arguments must be in the partition key order: {}",
                key.join(", ")
            )
        },
    ))
}

fn find<'t>(table: &'t TableSchema, name: &str) -> Result<&'t Column, RequestError> {
    table
        .column(name)
        .ok_or_else(|| undefined_column(name, table))
}

fn receiver(column: &Column) -> Receiver<'_> {
    Receiver {
        name: &column.name,
        cql_type: column.cql_type,
    }
}

/// What the operators that only collections and indexes have say of a scalar column.
fn judge_operator(
    relation: &Relation,
    column: &Column,
    operator: Operator,
) -> Result<(), RequestError> {
    let name = &column.name;
    match operator {
        Operator::Like => Err(invalid(format!(
            "LIKE restriction is only supported on properly indexed columns. {relation} is not valid."
        ))),
        Operator::Contains => Err(invalid(format!(
            "Cannot use CONTAINS on non-collection column {name}"
        ))),
        Operator::ContainsKey => Err(invalid(format!(
            "Cannot use CONTAINS KEY on non-map column {name}"
        ))),
        _ if operator.is_slice() && column.cql_type == CqlType::Duration => Err(invalid(
            "Slice restrictions are not supported on duration columns",
        )),
        _ => Ok(()),
    }
}

fn compare<V>(operator: Operator, value: V) -> Restriction<V> {
    let inclusive = matches!(operator, Operator::LessOrEqual | Operator::GreaterOrEqual);
    match operator {
        Operator::Less | Operator::LessOrEqual => Restriction::Slice {
            start: None,
            end: Some((value, inclusive)),
        },
        Operator::Greater | Operator::GreaterOrEqual => Restriction::Slice {
            start: Some((value, inclusive)),
            end: None,
        },
        Operator::Equal
        | Operator::NotEqual
        | Operator::Like
        | Operator::Contains
        | Operator::ContainsKey => Restriction::Eq(value),
    }
}

/// What a column's IN lists; a single marker is a list as a whole.
fn listed(
    compiler: &mut Compiler<'_>,
    relation: &Relation,
    column: &Column,
    values: &InValues,
) -> Result<Vec<Expr>, RequestError> {
    match values {
        InValues::List(terms) => terms
            .iter()
            .map(|term| compiler.term(term, receiver(column)))
            .collect(),
        InValues::Marker(marker) => {
            let list = column
                .cql_type
                .list_of()
                .ok_or_else(|| unsupported("bind marker", format_args!("{relation}")))?;
            Ok(vec![compiler.list_marker(marker, &column.name, list)])
        }
    }
}

/// What the IN of several columns lists.
fn listed_tuples(
    compiler: &mut Compiler<'_>,
    relation: &Relation,
    columns: &[&Column],
    values: &InValues,
) -> Result<Vec<Vec<Expr>>, RequestError> {
    let InValues::List(tuples) = values else {
        return Err(unsupported(
            "bind marker",
            format_args!("{relation}, a list in one marker"),
        ));
    };
    tuples
        .iter()
        .map(|term| tuple(compiler, columns, term))
        .collect()
}

/// The columns of `(a, b)`: clustering columns that follow one another.
fn multi_columns<'t>(
    table: &'t TableSchema,
    names: &[String],
    relation: &Relation,
) -> Result<Vec<&'t Column>, RequestError> {
    let mut columns: Vec<&Column> = Vec::with_capacity(names.len());
    for name in names {
        let column = find(table, name)?;
        if !matches!(column.kind, ColumnKind::Clustering { .. }) {
            return Err(invalid(format!(
                "Multi-column relations can only be applied to clustering columns but was applied to: {name}"
            )));
        }
        if columns.iter().any(|known| known.id == column.id) {
            return Err(invalid(format!(
                "Column \"{name}\" appeared twice in a relation: {relation}"
            )));
        }
        if let Some(last) = columns.last()
            && clustering_index(column) != clustering_index(last) + 1
        {
            return Err(invalid(format!(
                "Clustering columns must appear in the PRIMARY KEY order in multi-column relations: {relation}"
            )));
        }
        columns.push(column);
    }
    Ok(columns)
}

fn tuple(
    compiler: &mut Compiler<'_>,
    columns: &[&Column],
    term: &Term,
) -> Result<Vec<Expr>, RequestError> {
    let parts = match term {
        Term::Tuple(parts) => parts.as_slice(),
        Term::Marker(_) => {
            return Err(unsupported("bind marker", "a tuple in one marker"));
        }
        other => std::slice::from_ref(other),
    };
    if parts.len() != columns.len() {
        return Err(invalid(format!(
            "Expected {} elements in value tuple, but got {}: {term}",
            columns.len(),
            parts.len()
        )));
    }
    parts
        .iter()
        .zip(columns)
        .map(|(part, column)| compiler.term(part, receiver(column)))
        .collect()
}
