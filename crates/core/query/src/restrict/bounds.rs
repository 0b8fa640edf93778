//! Which rows of a partition: clustering restrictions as slices of sorted bytes.
//!
//! A slice is in storage order, so a descending column swaps its bounds, and a comparison of
//! several columns of mixed directions becomes several slices: `(a, b) > (1, 2)` is
//! `a > 1`, and `a = 1 AND b > 2`, each of which is one.

use super::ClusteringRestriction;
use super::End;
use super::Restriction;
use super::Where;
use super::as_ref;
use super::keys::listed_values;
use super::keys::value_of;
use crate::error::invalid;
use crate::expr::Expr;
use crate::expr::Scope;
use bytes::Bytes;
use quorate_cluster::Column;
use quorate_cluster::TableSchema;
use quorate_data::Bound;
use quorate_data::Slice;
use quorate_data::ordered::encode_component;
use quorate_types::RequestError;

/// The longest clustering, and the longest of its components.
const CLUSTERING_BYTES_MAX: usize = 65_535;
/// What closes the framed clustering of a row.
const ROW_END: u8 = 0x38;

/// The start of a clustering: framed components, and how many bytes their values had.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Prefix {
    framed: Vec<u8>,
    value_bytes: usize,
}

impl Prefix {
    /// This with one more component.
    fn with(&self, column: &Column, value: &[u8]) -> Result<Self, RequestError> {
        let value_bytes = self.value_bytes + value.len();
        if value_bytes > CLUSTERING_BYTES_MAX {
            return Err(invalid(format!(
                "The sum of all clustering columns is too long ({value_bytes} > {CLUSTERING_BYTES_MAX})"
            )));
        }
        let mut framed = self.framed.clone();
        encode_component(column.cql_type, value, column.is_descending(), &mut framed);
        Ok(Self {
            framed,
            value_bytes,
        })
    }

    /// The framed clustering of the one row that has just these components.
    pub(crate) fn into_row(mut self) -> Bytes {
        self.framed.push(ROW_END);
        Bytes::from(self.framed)
    }
}

/// The prefixes that the restrictions before any slice name, sorted, each once.
pub(crate) fn clustering_prefixes(
    table: &TableSchema,
    clause: &Where,
    scope: &mut Scope<'_>,
) -> Result<Vec<Prefix>, RequestError> {
    let mut prefixes = vec![Prefix::default()];
    for restriction in &clause.clustering {
        let columns = columns_of(table, restriction);
        let tuples = match &restriction.restriction {
            Restriction::Eq(values) => vec![tuple(columns, values, scope)?],
            Restriction::In(tuples) => listed_tuples(columns, tuples, scope)?,
            Restriction::Slice { .. } => break,
        };
        let mut longer = Vec::with_capacity(prefixes.len() * tuples.len());
        for prefix in &prefixes {
            for values in &tuples {
                let mut next = prefix.clone();
                for (column, value) in columns.iter().zip(values) {
                    next = next.with(column, value)?;
                }
                longer.push(next);
            }
        }
        prefixes = longer;
    }
    // By bytes is clustering order; the byte counts of equal clusterings may differ (1.0, 1.00).
    prefixes.sort();
    prefixes.dedup_by(|a, b| a.framed == b.framed);
    Ok(prefixes)
}

impl Where {
    /// The slices that the clustering restrictions name, in storage order, not overlapping.
    pub(crate) fn slices(
        &self,
        table: &TableSchema,
        scope: &mut Scope<'_>,
    ) -> Result<Vec<Slice>, RequestError> {
        let prefixes = clustering_prefixes(table, self, scope)?;
        let last = self.clustering.last().filter(|r| r.restriction.is_slice());
        let Some(last) = last else {
            let is_row = self.clustering_points() == table.clustering().len();
            return Ok(prefixes
                .into_iter()
                .map(|prefix| {
                    if is_row {
                        Slice::point(&prefix.into_row())
                    } else {
                        within(&prefix)
                    }
                })
                .collect());
        };
        let columns = columns_of(table, last);
        let Restriction::Slice { start, end } = &last.restriction else {
            return Ok(Vec::new());
        };
        let start = ends(columns, as_ref(start), scope)?;
        let end = ends(columns, as_ref(end), scope)?;
        let mut slices = Vec::new();
        for prefix in &prefixes {
            slices.extend(between(columns, prefix, start.as_ref(), end.as_ref())?);
        }
        slices.retain(|slice| !slice.is_empty());
        slices.sort();
        Ok(slices)
    }
}

fn columns_of<'t>(table: &'t TableSchema, restriction: &ClusteringRestriction) -> &'t [Column] {
    let end = restriction.first + restriction.count;
    table
        .clustering()
        .get(restriction.first..end)
        .unwrap_or_default()
}

fn listed_tuples(
    columns: &[Column],
    tuples: &[Vec<Expr>],
    scope: &mut Scope<'_>,
) -> Result<Vec<Vec<Bytes>>, RequestError> {
    // A list in one marker is for one column.
    if let ([column], [list]) = (columns, tuples)
        && let [Expr::Elements(..)] = list.as_slice()
    {
        let values = listed_values(column, list, scope)?;
        return Ok(values.into_iter().map(|value| vec![value]).collect());
    }
    let tuples = tuples.iter().map(|values| tuple(columns, values, scope));
    tuples.collect()
}

fn tuple(
    columns: &[Column],
    values: &[Expr],
    scope: &mut Scope<'_>,
) -> Result<Vec<Bytes>, RequestError> {
    columns
        .iter()
        .zip(values)
        .map(|(column, value)| value_of(column, value, scope))
        .collect()
}

/// The values of one end and whether it belongs to the slice.
type Edge = (Vec<Bytes>, bool);

fn ends(
    columns: &[Column],
    end: End<&Vec<Expr>>,
    scope: &mut Scope<'_>,
) -> Result<Option<Edge>, RequestError> {
    match end {
        None => Ok(None),
        Some((values, inclusive)) => Ok(Some((tuple(columns, values, scope)?, inclusive))),
    }
}

/// All rows that continue a prefix.
fn within(prefix: &Prefix) -> Slice {
    Slice {
        start: Bound::starting(&prefix.framed, true),
        end: Bound::ending(&prefix.framed, true),
    }
}

fn between(
    columns: &[Column],
    prefix: &Prefix,
    start: Option<&Edge>,
    end: Option<&Edge>,
) -> Result<Vec<Slice>, RequestError> {
    let above = match start {
        None => vec![within(prefix)],
        Some(edge) => beyond(columns, prefix, edge, Side::Above)?,
    };
    let below = match end {
        None => vec![within(prefix)],
        Some(edge) => beyond(columns, prefix, edge, Side::Below)?,
    };
    let mut slices = Vec::new();
    for a in &above {
        for b in &below {
            let both = Slice {
                start: a.start.clone().max(b.start.clone()),
                end: a.end.clone().min(b.end.clone()),
            };
            if !both.is_empty() {
                slices.push(both);
            }
        }
    }
    Ok(slices)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Above,
    Below,
}

/// The rows whose tuple is greater (or less) than the edge. One slice when all its columns are
/// stored in the same direction, else one per column.
fn beyond(
    columns: &[Column],
    prefix: &Prefix,
    (values, inclusive): &Edge,
    side: Side,
) -> Result<Vec<Slice>, RequestError> {
    let compared = columns.get(..values.len()).unwrap_or(columns);
    let descending = compared.first().is_some_and(Column::is_descending);
    if compared.iter().all(|c| c.is_descending() == descending) {
        let mut edge = prefix.clone();
        for (column, value) in compared.iter().zip(values) {
            edge = edge.with(column, value)?;
        }
        return Ok(vec![one_side(prefix, &edge, *inclusive, side, descending)]);
    }
    let mut slices = Vec::with_capacity(values.len());
    let mut equal = prefix.clone();
    let last = values.len().saturating_sub(1);
    for (index, (column, value)) in compared.iter().zip(values).enumerate() {
        let edge = equal.with(column, value)?;
        let inclusive = *inclusive && index == last;
        slices.push(one_side(
            &equal,
            &edge,
            inclusive,
            side,
            column.is_descending(),
        ));
        equal = edge;
    }
    Ok(slices)
}

/// The rows of `prefix` on one side of `edge`. In a descending column the greater lie before.
fn one_side(
    prefix: &Prefix,
    edge: &Prefix,
    inclusive: bool,
    side: Side,
    descending: bool,
) -> Slice {
    let whole = within(prefix);
    if (side == Side::Above) == descending {
        Slice {
            start: whole.start,
            end: Bound::ending(&edge.framed, inclusive),
        }
    } else {
        Slice {
            start: Bound::starting(&edge.framed, inclusive),
            end: whole.end,
        }
    }
}
