//! Filters: what is left of WHERE when partitions and slices are chosen, tested row by row at the
//! coordinator. A null cell fits nothing.

use super::Shape;
use crate::expr::Expr;
use crate::expr::RowValues;
use crate::expr::Scope;
use crate::restrict::End;
use crate::restrict::Restriction;
use crate::restrict::listed_values;
use crate::restrict::value_of;
use bytes::Bytes;
use quorate_data::CqlType;
use quorate_types::RequestError;

/// A filter with its values.
#[derive(Debug)]
pub(super) struct BoundFilter {
    slot: usize,
    cql_type: CqlType,
    test: Restriction<Bytes>,
}

impl Shape {
    pub(super) fn filters(&self, scope: &mut Scope<'_>) -> Result<Vec<BoundFilter>, RequestError> {
        let mut bound = Vec::with_capacity(self.clause.filters.len());
        for (filter, slot) in self.clause.filters.iter().zip(&self.filter_slots) {
            let Some(column) = self.table.columns().get(filter.column) else {
                continue;
            };
            let end = |end: &End<Expr>, scope: &mut Scope<'_>| match end {
                None => Ok(None),
                Some((expr, inclusive)) => {
                    value_of(column, expr, scope).map(|bytes| Some((bytes, *inclusive)))
                }
            };
            let test = match &filter.restriction {
                Restriction::Slice { start, end: to } => Restriction::Slice {
                    start: end(start, scope)?,
                    end: end(to, scope)?,
                },
                Restriction::Eq(expr) => Restriction::Eq(value_of(column, expr, scope)?),
                Restriction::In(exprs) => Restriction::In(listed_values(column, exprs, scope)?),
            };
            bound.push(BoundFilter {
                slot: *slot,
                cql_type: column.cql_type,
                test,
            });
        }
        Ok(bound)
    }
}

impl BoundFilter {
    pub(super) fn accepts(&self, row: &RowValues) -> bool {
        let Some(value) = row.value(self.slot) else {
            return false;
        };
        let compare = |other: &Bytes| self.cql_type.compare(value, other);
        match &self.test {
            Restriction::Eq(wanted) => compare(wanted).is_eq(),
            Restriction::In(wanted) => wanted.iter().any(|wanted| compare(wanted).is_eq()),
            Restriction::Slice { start, end } => {
                let above = start.as_ref().is_none_or(|(bound, inclusive)| {
                    let order = compare(bound);
                    order.is_gt() || (*inclusive && order.is_eq())
                });
                let below = end.as_ref().is_none_or(|(bound, inclusive)| {
                    let order = compare(bound);
                    order.is_lt() || (*inclusive && order.is_eq())
                });
                above && below
            }
        }
    }
}
