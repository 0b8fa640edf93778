//! What an execution knows before its first read.

use super::super::Grouping;
use super::super::RowLimits;
use super::super::Shape;
use super::super::ids::DerivedIds;
use crate::bind::Bound;
use crate::bind::Context;
use crate::error::invalid;
use crate::expr::Expr;
use quorate_types::RequestError;
use uuid::Uuid;

/// Rows until the page is full. Sorted results cannot be paged: whatever does not fit one page is
/// refused.
pub(super) fn page_left(
    shape: &Shape,
    page_size: Option<u32>,
    limits: RowLimits,
) -> Result<u64, RequestError> {
    let Some(page_size) = page_size.map(u64::from) else {
        return Ok(u64::MAX);
    };
    if shape.sort.is_empty() {
        return Ok(page_size);
    }
    if limits.total <= page_size {
        return Ok(u64::MAX);
    }
    Err(invalid(
        "Cannot page queries with both ORDER BY and a IN restriction on the partition key; you must either remove the ORDER BY or the IN and sort client side, or disable paging for this query",
    ))
}

pub(super) fn warnings(shape: &Shape) -> Vec<String> {
    if shape.grouping == Grouping::None {
        return Vec::new();
    }
    let text = if !shape.clause.restricts_partitions() {
        "Aggregation query used without partition key"
    } else if shape.clause.partitions.has_in() {
        "Aggregation query used on multiple partition keys (IN restriction)"
    } else {
        return Vec::new();
    };
    vec![text.to_owned()]
}

/// Ids are drawn only for selections that ask for some.
pub(super) fn ids(shape: &Shape, context: &mut Context<'_>) -> DerivedIds {
    let aggregates = shape
        .selected
        .aggregates
        .iter()
        .filter_map(|a| a.argument());
    let outputs = shape.outputs.iter().map(|output| &output.expr);
    if outputs.chain(aggregates).all(Expr::is_pure) {
        DerivedIds::new(Uuid::nil(), Uuid::nil())
    } else {
        DerivedIds::new((context.uuids)(), (context.time_uuids)())
    }
}

/// Of the query: its table, text and values.
pub(super) fn fingerprint(shape: &Shape, markers: &[Bound]) -> u64 {
    let mut input = shape.table.id.0.as_bytes().to_vec();
    input.extend_from_slice(shape.text.as_bytes());
    for marker in markers {
        match marker {
            Bound::Unset => input.push(0),
            Bound::Null => input.push(1),
            Bound::Value(bytes) => {
                input.push(2);
                input.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
                input.extend_from_slice(bytes);
            }
        }
    }
    crate::digest::murmur3(&input) as u64
}
