//! SELECT: the plan, and the execution that reads page by page and makes rows of replies.

mod compile;
mod execution;
mod filter;
mod group;
mod ids;
mod order;
mod paging;
mod rows;

pub(crate) use compile::select;
pub use execution::SelectExecution;

use crate::bind::Bound;
use crate::bind::Context;
use crate::bind::bind_markers;
use crate::compile::Selected;
use crate::error::invalid;
use crate::expr::Expr;
use crate::expr::Scope;
use crate::expr::Typed;
use crate::restrict::Where;
use crate::spec::ColumnSpec;
use bytes::Bytes;
use quorate_cluster::TableSchema;
use quorate_data::CqlType;
use quorate_types::RequestError;
use std::sync::Arc;

/// The rows of a result, or of one page of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultSet {
    /// What each row holds.
    pub columns: Arc<[ColumnSpec]>,
    /// Wire bytes of the columns' types; `None` is null.
    pub rows: Vec<Vec<Option<Bytes>>>,
    /// Where the next page begins; `None`: there is none.
    pub paging_state: Option<Bytes>,
    /// For the client.
    pub warnings: Vec<String>,
}

/// A planned SELECT.
#[derive(Debug, Clone)]
pub struct SelectPlan {
    shape: Arc<Shape>,
}

/// Everything of a SELECT that does not depend on values.
#[derive(Debug)]
struct Shape {
    table: Arc<TableSchema>,
    markers: Arc<[ColumnSpec]>,
    columns: Arc<[ColumnSpec]>,
    /// The keys of SELECT JSON's text.
    json_names: Option<Vec<String>>,
    distinct: bool,
    outputs: Vec<Typed>,
    selected: Selected,
    clause: Where,
    /// The slot of each of the clause's filters.
    filter_slots: Vec<usize>,
    /// Rows in descending storage order.
    reversed: bool,
    /// Sort the rows of several partitions by these, when ORDER BY goes with IN.
    sort: Vec<SortColumn>,
    grouping: Grouping,
    limit: Option<Expr>,
    per_partition_limit: Option<Expr>,
    /// Whether a partition with only static content makes a row (semantics 1.6).
    shows_static_only: bool,
    /// The statement in its printed form, for the fingerprint of paging states.
    text: String,
}

/// A column that results are sorted by.
#[derive(Debug, Clone, Copy)]
struct SortColumn {
    slot: usize,
    cql_type: CqlType,
    descending: bool,
}

/// Which rows become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grouping {
    /// Each row is a row.
    None,
    /// All rows are one: aggregates without GROUP BY.
    Everything,
    /// Rows of one partition that agree in this many clustering columns.
    ByPrefix(usize),
}

/// LIMIT and PER PARTITION LIMIT of one execution; `u64::MAX` is none.
#[derive(Debug, Clone, Copy)]
struct RowLimits {
    total: u64,
    per_partition: u64,
}

impl SelectPlan {
    /// The table it reads.
    pub fn table(&self) -> &Arc<TableSchema> {
        &self.shape.table
    }

    /// The columns of its result.
    pub fn result_columns(&self) -> &Arc<[ColumnSpec]> {
        &self.shape.columns
    }

    /// Whether it names its partitions, instead of scanning for them.
    pub fn names_partitions(&self) -> bool {
        !self.shape.clause.partitions.is_scan()
    }

    pub(crate) fn markers(&self) -> &Arc<[ColumnSpec]> {
        &self.shape.markers
    }

    pub(crate) fn partition_key_markers(&self) -> Option<Vec<usize>> {
        self.shape.clause.partitions.markers()
    }

    /// Starts an execution: from the beginning, or where `paging_state` says. A `page_size` of
    /// `None` gives the whole result at once.
    pub fn bind(
        &self,
        context: &mut Context<'_>,
        page_size: Option<u32>,
        paging_state: Option<&[u8]>,
    ) -> Result<SelectExecution, RequestError> {
        if page_size == Some(0) {
            return Err(RequestError::Protocol(
                "The page size cannot be 0".to_owned(),
            ));
        }
        let markers = bind_markers(&self.shape.markers, context)?;
        SelectExecution::start(
            Arc::clone(&self.shape),
            markers,
            context,
            page_size,
            paging_state,
        )
    }
}

impl Shape {
    fn limits(&self, scope: &mut Scope<'_>) -> Result<RowLimits, RequestError> {
        Ok(RowLimits {
            total: limit(self.limit.as_ref(), scope)?,
            per_partition: limit(self.per_partition_limit.as_ref(), scope)?,
        })
    }
}

fn limit(term: Option<&Expr>, scope: &mut Scope<'_>) -> Result<u64, RequestError> {
    let Some(term) = term else {
        return Ok(u64::MAX);
    };
    let bytes = match term.term(scope)? {
        Bound::Unset => return Ok(u64::MAX),
        Bound::Null => return Err(invalid("Invalid null value of limit")),
        Bound::Value(bytes) => bytes,
    };
    let limit = bytes[..]
        .try_into()
        .map(i32::from_be_bytes)
        .map_err(|_| invalid("Invalid limit value"))?;
    u64::try_from(limit)
        .ok()
        .filter(|limit| *limit > 0)
        .ok_or_else(|| invalid("LIMIT must be strictly positive"))
}
