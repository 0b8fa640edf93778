//! One relation at a time: which column it restricts and whether it goes with those before it.

use super::Clause;
use super::ClusteringRestriction;
use super::End;
use super::Relations;
use super::Restriction;
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
    pub(super) fn add(
        &mut self,
        compiler: &mut Compiler<'_>,
        relation: &Relation,
        clause: Clause,
    ) -> Result<(), RequestError> {
        match relation {
            Relation::Column {
                operator: Operator::NotEqual,
                ..
            }
            | Relation::Columns {
                operator: Operator::NotEqual,
                ..
            }
            | Relation::Token {
                operator: Operator::NotEqual,
                ..
            } => Err(invalid(format!("Unsupported \"!=\" relation: {relation}"))),
            Relation::Column {
                column,
                operator,
                value,
            } => {
                let column = find(compiler.table, column)?;
                judge_operator(relation, column, *operator)?;
                let receiver = Receiver {
                    name: &column.name,
                    cql_type: column.cql_type,
                };
                let value = compiler.term(value, receiver)?;
                self.add_column(compiler.table, column, compare(*operator, value), clause)
            }
            Relation::In { column, values } => {
                let column = find(compiler.table, column)?;
                let receiver = Receiver {
                    name: &column.name,
                    cql_type: column.cql_type,
                };
                let values = match values {
                    InValues::List(terms) => terms
                        .iter()
                        .map(|term| compiler.term(term, receiver))
                        .collect::<Result<_, _>>()?,
                    InValues::Marker(marker) => {
                        let list = column.cql_type.list_of().ok_or_else(|| {
                            unsupported("bind marker", format_args!("{relation}"))
                        })?;
                        vec![compiler.list_marker(marker, &column.name, list)]
                    }
                };
                self.add_column(compiler.table, column, Restriction::In(values), clause)
            }
            Relation::IsNotNull { column } => {
                find(compiler.table, column)?;
                Err(invalid(format!("Unsupported restriction: {relation}")))
            }
            Relation::Element { column, .. } => {
                let column = find(compiler.table, column)?;
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
                let columns = multi_columns(compiler.table, columns, relation)?;
                if !operator.is_slice() && *operator != Operator::Equal {
                    return Err(invalid(format!(
                        "{} cannot be used for multi-column relations",
                        operator.as_str()
                    )));
                }
                let values = tuple(compiler, &columns, value)?;
                let restriction = compare(*operator, values);
                self.add_clustering(compiler.table, &columns, true, restriction, clause)
            }
            Relation::ColumnsIn { columns, values } => {
                let columns = multi_columns(compiler.table, columns, relation)?;
                let InValues::List(tuples) = values else {
                    return Err(unsupported(
                        "bind marker",
                        format_args!("{relation}, a list in one marker"),
                    ));
                };
                let tuples = tuples
                    .iter()
                    .map(|term| tuple(compiler, &columns, term))
                    .collect::<Result<_, _>>()?;
                let restriction = Restriction::In(tuples);
                self.add_clustering(compiler.table, &columns, true, restriction, clause)
            }
            Relation::Token {
                columns,
                operator,
                value,
            } => self.add_token(compiler, columns, *operator, value),
            Relation::CustomIndex { .. } => Err(unsupported("restriction", relation)),
        }
    }

    fn add_column(
        &mut self,
        table: &TableSchema,
        column: &Column,
        restriction: Restriction<Expr>,
        clause: Clause,
    ) -> Result<(), RequestError> {
        match column.kind {
            ColumnKind::PartitionKey(index) => {
                merge_into(&mut self.partition_key, index, restriction, &column.name)
            }
            ColumnKind::Clustering { .. } => {
                let restriction = match restriction {
                    Restriction::Eq(value) => Restriction::Eq(vec![value]),
                    Restriction::In(values) => {
                        Restriction::In(values.into_iter().map(|value| vec![value]).collect())
                    }
                    Restriction::Slice { start, end } => {
                        let one = |end: End<Expr>| end.map(|(value, inside)| (vec![value], inside));
                        Restriction::Slice {
                            start: one(start),
                            end: one(end),
                        }
                    }
                };
                self.add_clustering(table, &[column], false, restriction, clause)
            }
            ColumnKind::Static | ColumnKind::Regular => {
                let position = table.columns().iter().position(|c| c.id == column.id);
                let position = position.unwrap_or_default();
                merge_into(&mut self.others, position, restriction, &column.name)
            }
        }
    }

    fn add_clustering(
        &mut self,
        table: &TableSchema,
        columns: &[&Column],
        multi: bool,
        restriction: Restriction<Vec<Expr>>,
        clause: Clause,
    ) -> Result<(), RequestError> {
        let first = columns.first().map_or(0, |column| clustering_index(column));
        let added = ClusteringRestriction {
            first,
            count: columns.len(),
            multi,
            restriction,
        };
        let overlaps = |known: &ClusteringRestriction| {
            known.first < added.first + added.count && added.first < known.first + known.count
        };
        if let Some(position) = self.clustering.iter().position(overlaps) {
            let known = self.clustering.remove(position);
            let merged = merge_clustering(table, known, added)?;
            self.clustering.insert(position, merged);
            return Ok(());
        }
        if !clause.allow_filtering {
            self.judge_order(table, &added)?;
        }
        let position = self.clustering.partition_point(|r| r.first < added.first);
        self.clustering.insert(position, added);
        Ok(())
    }

    /// Nothing may follow a slice.
    fn judge_order(
        &self,
        table: &TableSchema,
        added: &ClusteringRestriction,
    ) -> Result<(), RequestError> {
        let Some(last) = self.clustering.last() else {
            return Ok(());
        };
        let name = |index: usize| {
            table
                .clustering()
                .get(index)
                .map_or("", |column| column.name.as_str())
        };
        if last.restriction.is_slice() && added.first > last.first {
            return Err(invalid(format!(
                "Clustering column \"{}\" cannot be restricted (preceding column \"{}\" is restricted by a non-EQ relation)",
                name(added.first),
                name(last.first)
            )));
        }
        if added.restriction.is_slice() && added.first < last.first {
            let next = self.clustering.iter().find(|r| r.first > added.first);
            return Err(invalid(format!(
                "PRIMARY KEY column \"{}\" cannot be restricted (preceding column \"{}\" is restricted by a non-EQ relation)",
                name(next.map_or(last.first, |r| r.first)),
                name(added.first)
            )));
        }
        Ok(())
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
        if !operator.is_slice() && operator != Operator::Equal {
            return Err(invalid(format!(
                "{} cannot be used with the token function",
                operator.as_str()
            )));
        }
        let receiver = Receiver {
            name: "partition key token",
            cql_type: CqlType::Bigint,
        };
        let added = compare(operator, compiler.term(value, receiver)?);
        let names = columns.join(", ");
        let merged = match self.token.take() {
            None => added,
            Some(Restriction::Slice { .. }) if !added.is_slice() => {
                return Err(invalid(format!(
                    "Columns \"{names}\" cannot be restricted by both an equality and an inequality relation"
                )));
            }
            Some(known) => merge(known, added, &names)?,
        };
        self.token = Some(merged);
        Ok(())
    }
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

const fn clustering_index(column: &Column) -> usize {
    match column.kind {
        ColumnKind::Clustering { index, .. } => index,
        ColumnKind::PartitionKey(_) | ColumnKind::Static | ColumnKind::Regular => 0,
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
        .map(|(part, column)| {
            let receiver = Receiver {
                name: &column.name,
                cql_type: column.cql_type,
            };
            compiler.term(part, receiver)
        })
        .collect()
}

fn merge_into(
    list: &mut Vec<(usize, Restriction<Expr>)>,
    position: usize,
    restriction: Restriction<Expr>,
    name: &str,
) -> Result<(), RequestError> {
    let Some(index) = list.iter().position(|(known, _)| *known == position) else {
        list.push((position, restriction));
        return Ok(());
    };
    let (_, known) = list.remove(index);
    list.insert(index, (position, merge(known, restriction, name)?));
    Ok(())
}

/// Two restrictions of the same columns: only slices go together, one bound from each.
fn merge<V>(
    known: Restriction<V>,
    added: Restriction<V>,
    names: &str,
) -> Result<Restriction<V>, RequestError> {
    let (known_start, known_end) = match known {
        Restriction::Eq(_) => {
            return Err(invalid(format!(
                "{names} cannot be restricted by more than one relation if it includes an Equal"
            )));
        }
        Restriction::In(_) => {
            return Err(invalid(format!(
                "{names} cannot be restricted by more than one relation if it includes a IN"
            )));
        }
        Restriction::Slice { start, end } => (start, end),
    };
    let Restriction::Slice { start, end } = added else {
        return Err(invalid(format!(
            "Column \"{names}\" cannot be restricted by both an equality and an inequality relation"
        )));
    };
    if known_start.is_some() && start.is_some() {
        return Err(invalid(format!(
            "More than one restriction was found for the start bound on {names}"
        )));
    }
    if known_end.is_some() && end.is_some() {
        return Err(invalid(format!(
            "More than one restriction was found for the end bound on {names}"
        )));
    }
    Ok(Restriction::Slice {
        start: known_start.or(start),
        end: known_end.or(end),
    })
}

fn merge_clustering(
    table: &TableSchema,
    known: ClusteringRestriction,
    added: ClusteringRestriction,
) -> Result<ClusteringRestriction, RequestError> {
    let from = known.first.max(added.first);
    let to = (known.first + known.count).min(added.first + added.count);
    let common: Vec<&str> = table
        .clustering()
        .get(from..to)
        .unwrap_or_default()
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let names = common.join(" ,");
    if known.first != added.first && known.restriction.is_slice() && added.restriction.is_slice() {
        return Err(invalid(format!(
            "Column \"{names}\" cannot be restricted by two inequalities not starting with the same column"
        )));
    }
    Ok(ClusteringRestriction {
        first: known.first,
        count: known.count.max(added.count),
        multi: known.multi || added.multi,
        restriction: merge(known.restriction, added.restriction, &names)?,
    })
}
