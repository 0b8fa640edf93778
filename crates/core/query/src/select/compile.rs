//! From syntax to [`SelectPlan`], with the checks of semantics 10.7 in Cassandra's order.

use super::Grouping;
use super::SelectPlan;
use super::Shape;
use super::order;
use crate::compile::Compiler;
use crate::compile::Receiver;
use crate::compile::Selected;
use crate::compile::undefined_column;
use crate::error::invalid;
use crate::error::unsupported;
use crate::expr::Expr;
use crate::expr::Typed;
use crate::node::Node;
use crate::restrict::Clause;
use crate::restrict::REQUIRES_FILTERING;
use crate::restrict::StatementKind;
use crate::restrict::Where;
use crate::restrict::compile_where;
use crate::spec::ColumnSpec;
use crate::spec::Markers;
use quorate_cluster::Column;
use quorate_cluster::ColumnKind;
use quorate_cluster::TableSchema;
use quorate_cql::ast;
use quorate_cql::ast::Selection;
use quorate_cql::ast::Selector;
use quorate_cql::ast::Term;
use quorate_data::CqlType;
use quorate_types::RequestError;
use std::sync::Arc;

pub(crate) fn select(
    table: &Arc<TableSchema>,
    select: &ast::Select,
) -> Result<SelectPlan, RequestError> {
    let mut markers = Markers::default();
    let (outputs, names, mut selected) = outputs(table, select, &mut markers)?;
    let only_statics =
        select.selection != Selection::All && reads_only_statics(table, &selected.slots);
    let mut terms = Compiler::for_terms(table, &mut markers);
    let clause = Clause {
        kind: StatementKind::Select,
        allow_filtering: select.allow_filtering,
        only_statics,
    };
    let clause = compile_where(&mut terms, &select.where_clause, clause)?;
    if select.distinct {
        judge_distinct(table, select, &selected.slots, &clause)?;
    }
    let grouping = grouping(table, select, &selected, &clause)?;
    if grouping == Grouping::Everything && select.per_partition_limit.is_some() {
        return Err(invalid(
            "PER PARTITION LIMIT is not allowed with aggregate queries.",
        ));
    }
    let ordering = order::compile(table, select, &clause, &mut selected.slots)?;
    if clause.partitions.is_scan() && clause.restricts_clustering && !select.allow_filtering {
        // Each partition's slice is read, and still most of the table may have nothing there.
        return Err(invalid(REQUIRES_FILTERING));
    }
    let limit = limit(&mut terms, select.limit.as_ref(), "[limit]")?;
    let per_partition_limit = self::limit(
        &mut terms,
        select.per_partition_limit.as_ref(),
        "[per_partition_limit]",
    )?;
    let filter_slots = clause
        .filters
        .iter()
        .map(|filter| slot_of(&mut selected.slots, filter.column))
        .collect();
    let shows_static_only = !clause.restricts_clustering && !filters_regulars(table, &clause);
    let (columns, json_names) = columns(table, select.json, &outputs, names);
    Ok(SelectPlan {
        shape: Arc::new(Shape {
            table: Arc::clone(table),
            markers: markers.finish(),
            columns,
            json_names,
            distinct: select.distinct,
            outputs,
            selected,
            clause,
            filter_slots,
            reversed: ordering.reversed,
            sort: ordering.sort,
            grouping,
            limit,
            per_partition_limit,
            shows_static_only,
            text: ast::Statement::Select(Box::new(select.clone())).to_string(),
        }),
    })
}

/// The slot of the column at a position of the table, added when it is not read yet.
pub(super) fn slot_of(slots: &mut Vec<usize>, position: usize) -> usize {
    let known = slots.iter().position(|known| *known == position);
    known.unwrap_or_else(|| {
        slots.push(position);
        slots.len() - 1
    })
}

type Outputs = (Vec<Typed>, Vec<String>, Selected);

fn outputs(
    table: &TableSchema,
    select: &ast::Select,
    markers: &mut Markers,
) -> Result<Outputs, RequestError> {
    let mut compiler = Compiler::for_selection(table, markers);
    let (mut outputs, mut names) = (Vec::new(), Vec::new());
    match &select.selection {
        Selection::All => {
            for column in table.select_star_order() {
                outputs.push(compiler.typed(&Node::Column(&column.name), None)?);
                names.push(column.name.clone());
            }
        }
        Selection::Items(items) => {
            for item in items {
                let node = Node::of_selector(&item.selector)?;
                outputs.push(compiler.typed(&node, None)?);
                names.push(item.alias.clone().unwrap_or_else(|| node.name()));
            }
        }
    }
    Ok((outputs, names, compiler.into_selected()))
}

/// The columns that the client sees, and the keys of its JSON.
fn columns(
    table: &TableSchema,
    json: bool,
    outputs: &[Typed],
    names: Vec<String>,
) -> (Arc<[ColumnSpec]>, Option<Vec<String>>) {
    if json {
        let column = ColumnSpec::new(table, "[json]", CqlType::Text);
        return (Arc::new([column]), Some(names));
    }
    let columns = names
        .into_iter()
        .zip(outputs)
        .map(|(name, output)| ColumnSpec::new(table, name, output.cql_type));
    (columns.collect(), None)
}

fn column_at(table: &TableSchema, position: usize) -> Option<&Column> {
    table.columns().get(position)
}

/// Whether static columns are read, and beside them nothing but the partition key.
fn reads_only_statics(table: &TableSchema, slots: &[usize]) -> bool {
    let columns = || slots.iter().filter_map(|slot| column_at(table, *slot));
    let of_partition =
        |column: &Column| column.is_static() || matches!(column.kind, ColumnKind::PartitionKey(_));
    columns().any(Column::is_static) && columns().all(of_partition)
}

fn filters_regulars(table: &TableSchema, clause: &Where) -> bool {
    clause
        .filters
        .iter()
        .filter_map(|filter| column_at(table, filter.column))
        .any(|column| column.kind == ColumnKind::Regular)
}

fn judge_distinct(
    table: &TableSchema,
    select: &ast::Select,
    slots: &[usize],
    clause: &Where,
) -> Result<(), RequestError> {
    if select.per_partition_limit.is_some() {
        return Err(invalid(
            "PER PARTITION LIMIT is not allowed with SELECT DISTINCT queries",
        ));
    }
    if clause.restricts_clustering || filters_regulars(table, clause) {
        return Err(invalid(
            "SELECT DISTINCT with WHERE clause only supports restriction by partition key and/or static columns.",
        ));
    }
    let requested = || slots.iter().filter_map(|slot| column_at(table, *slot));
    for column in requested() {
        if matches!(
            column.kind,
            ColumnKind::Clustering { .. } | ColumnKind::Regular
        ) {
            return Err(invalid(format!(
                "SELECT DISTINCT queries must only request partition key columns and/or static columns (not {})",
                column.name
            )));
        }
    }
    if !clause.partitions.is_scan() {
        return Ok(());
    }
    let is_missing = |column: &&Column| !requested().any(|known| known.id == column.id);
    match table.partition_key().iter().find(is_missing) {
        None => Ok(()),
        Some(column) => Err(invalid(format!(
            "SELECT DISTINCT queries must request all the partition key columns (missing {})",
            column.name
        ))),
    }
}

fn grouping(
    table: &TableSchema,
    select: &ast::Select,
    selected: &Selected,
    clause: &Where,
) -> Result<Grouping, RequestError> {
    if select.group_by.is_empty() {
        return Ok(if selected.aggregates.is_empty() {
            Grouping::None
        } else {
            Grouping::Everything
        });
    }
    let out_of_order = || {
        invalid(
            "Group by currently only support groups of columns following their declared order in the PRIMARY KEY",
        )
    };
    let key: Vec<&Column> = table
        .partition_key()
        .iter()
        .chain(table.clustering())
        .collect();
    let mut key = key.into_iter().peekable();
    let mut clustering = 0;
    for selector in &select.group_by {
        let wanted = group_column(table, selector)?;
        loop {
            let column = key.next().ok_or_else(out_of_order)?;
            if matches!(column.kind, ColumnKind::Clustering { .. }) {
                clustering += 1;
            }
            if column.id == wanted.id {
                break;
            }
            if !is_eq(clause, column) {
                return Err(out_of_order());
            }
        }
    }
    if key
        .peek()
        .is_some_and(|next| matches!(next.kind, ColumnKind::PartitionKey(_)))
    {
        return Err(invalid(
            "Group by is not supported on only a part of the partition key",
        ));
    }
    if clustering > 0 && select.distinct {
        return Err(invalid(
            "Grouping on clustering columns is not allowed for SELECT DISTINCT queries",
        ));
    }
    Ok(Grouping::ByPrefix(clustering))
}

fn group_column<'t>(
    table: &'t TableSchema,
    selector: &Selector,
) -> Result<&'t Column, RequestError> {
    let Selector::Column(name) = selector else {
        return match selector {
            Selector::Function { .. } => Err(unsupported("GROUP BY", selector)),
            _ => Err(invalid(
                "Only column names and monotonic scalar functions are supported in the GROUP BY clause.",
            )),
        };
    };
    let column = table
        .column(name)
        .ok_or_else(|| undefined_column(name, table))?;
    if column.is_primary_key() {
        Ok(column)
    } else {
        Err(invalid(format!(
            "Group by is currently only supported on the columns of the PRIMARY KEY, got {name}"
        )))
    }
}

fn is_eq(clause: &Where, column: &Column) -> bool {
    match column.kind {
        ColumnKind::PartitionKey(index) => clause.is_partition_key_eq(index),
        ColumnKind::Clustering { index, .. } => clause.is_clustering_eq(index),
        ColumnKind::Static | ColumnKind::Regular => false,
    }
}

fn limit(
    compiler: &mut Compiler<'_>,
    term: Option<&Term>,
    name: &str,
) -> Result<Option<Expr>, RequestError> {
    let receiver = Receiver {
        name,
        cql_type: CqlType::Int,
    };
    term.map(|term| compiler.term(term, receiver)).transpose()
}
