//! ORDER BY: forward or backward, and the sorting of several partitions' rows.

use super::SortColumn;
use super::compile::slot_of;
use crate::compile::undefined_column;
use crate::error::invalid;
use crate::error::unsupported;
use crate::restrict::Where;
use bytes::Bytes;
use quorate_cluster::ColumnKind;
use quorate_cluster::TableSchema;
use quorate_cql::ast;
use quorate_cql::ast::Direction;
use quorate_types::RequestError;
use std::cmp::Ordering;

/// What ORDER BY comes to.
pub(super) struct Compiled {
    pub(super) reversed: bool,
    pub(super) sort: Vec<SortColumn>,
}

pub(super) fn compile(
    table: &TableSchema,
    select: &ast::Select,
    clause: &Where,
    slots: &mut Vec<usize>,
) -> Result<Compiled, RequestError> {
    let mut compiled = Compiled {
        reversed: false,
        sort: Vec::new(),
    };
    if select.order_by.is_empty() {
        return Ok(compiled);
    }
    for ordering in &select.order_by {
        if ordering.ann_of.is_some() {
            return Err(unsupported("ordering", "ANN OF"));
        }
        if table.column(&ordering.column).is_none() {
            return Err(undefined_column(&ordering.column, table));
        }
    }
    if clause.partitions.is_scan() {
        return Err(invalid(
            "ORDER BY is only supported when the partition key is restricted by an EQ or an IN.",
        ));
    }
    let mut next = 0;
    let mut directions = Vec::new();
    for ordering in &select.order_by {
        let reversed = one(table, clause, ordering, &mut next)?;
        directions.push(reversed);
    }
    let reversed = directions.first().copied().unwrap_or_default();
    if directions.iter().any(|other| *other != reversed) {
        return Err(invalid("Unsupported order by relation"));
    }
    compiled.reversed = reversed;
    if clause.partitions.has_in() {
        compiled.sort = sort_columns(table, select, slots);
    }
    Ok(compiled)
}

/// Whether one ordering goes against the order of storage. `next` is the clustering column that it
/// must name, but for those that have one value.
fn one(
    table: &TableSchema,
    clause: &Where,
    ordering: &ast::Ordering,
    next: &mut usize,
) -> Result<bool, RequestError> {
    let found = table.column(&ordering.column).map(|column| column.kind);
    let Some(ColumnKind::Clustering { index, descending }) = found else {
        return Err(invalid(format!(
            "Order by is currently only supported on the clustered columns of the PRIMARY KEY, got {}",
            ordering.column
        )));
    };
    let skipped = *next..index;
    if index < *next
        || !skipped
            .into_iter()
            .all(|index| clause.is_clustering_eq(index))
    {
        return Err(invalid(
            "Order by currently only supports the ordering of columns following their declared order in the PRIMARY KEY",
        ));
    }
    *next = index + 1;
    Ok((ordering.direction == Direction::Descending) != descending)
}

fn sort_columns(
    table: &TableSchema,
    select: &ast::Select,
    slots: &mut Vec<usize>,
) -> Vec<SortColumn> {
    let mut sort = Vec::new();
    for ordering in &select.order_by {
        let mut columns = table.columns().iter().enumerate();
        let found = columns.find(|(_, column)| column.name == ordering.column);
        if let Some((position, column)) = found {
            sort.push(SortColumn {
                slot: slot_of(slots, position),
                cql_type: column.cql_type,
                descending: ordering.direction == Direction::Descending,
            });
        }
    }
    sort
}

/// Compares the sort keys of two rows; nulls come last.
pub(super) fn compare(
    columns: &[SortColumn],
    a: &[Option<Bytes>],
    b: &[Option<Bytes>],
) -> Ordering {
    columns
        .iter()
        .zip(a.iter().zip(b))
        .map(|(column, pair)| match pair {
            (Some(a), Some(b)) => {
                let order = column.cql_type.compare(a, b);
                if column.descending {
                    order.reverse()
                } else {
                    order
                }
            }
            (a, b) => a.is_none().cmp(&b.is_none()),
        })
        .fold(Ordering::Equal, Ordering::then)
}
