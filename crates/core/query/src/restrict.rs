//! WHERE: which partitions and rows a statement names (semantics 10.6).
//!
//! Decides whether the relations are legal together, and sorts them: what chooses partitions, what
//! chooses a slice of their rows, and what can only be tested row by row (a filter). The order of
//! the checks is Cassandra's, since one statement can break several rules and clients match on
//! the message.

mod bounds;
mod keys;
mod merge;
mod relation;

pub(crate) use bounds::clustering_prefixes;
pub(crate) use keys::Partitions;
pub(crate) use keys::listed_values;
pub(crate) use keys::value_of;

use crate::compile::Compiler;
use crate::error::invalid;
use crate::expr::Expr;
use quorate_cluster::Column;
use quorate_cluster::ColumnKind;
use quorate_cluster::TableSchema;
use quorate_cql::ast::Relation;
use quorate_types::RequestError;
use std::fmt;

/// Whose WHERE it is; statements differ in what they allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatementKind {
    Select,
    Insert,
    Update,
    Delete,
}

impl fmt::Display for StatementKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        })
    }
}

/// One end of a slice: its value and whether it belongs to the slice.
pub(crate) type End<V> = Option<(V, bool)>;

/// An end without its value's ownership.
#[expect(clippy::ref_option, reason = "what the fields of a slice lend")]
pub(crate) fn as_ref<V>(end: &End<V>) -> End<&V> {
    end.as_ref().map(|(value, inclusive)| (value, *inclusive))
}

/// What a column (`V` a value) or several columns (`V` a tuple) must be.
#[derive(Debug, Clone)]
pub(crate) enum Restriction<V> {
    Eq(V),
    In(Vec<V>),
    Slice { start: End<V>, end: End<V> },
}

impl<V> Restriction<V> {
    pub(crate) const fn is_slice(&self) -> bool {
        matches!(self, Self::Slice { .. })
    }
}

/// A restriction of clustering columns that follow one another.
#[derive(Debug, Clone)]
pub(crate) struct ClusteringRestriction {
    /// The first clustering column it restricts.
    pub(crate) first: usize,
    /// How many.
    pub(crate) count: usize,
    /// Whether it was written with parentheses.
    pub(crate) multi: bool,
    pub(crate) restriction: Restriction<Vec<Expr>>,
}

/// A restriction that is tested row by row.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    /// The column's position in the table.
    pub(crate) column: usize,
    pub(crate) restriction: Restriction<Expr>,
}

/// A legal WHERE.
#[derive(Debug, Clone)]
pub(crate) struct Where {
    pub(crate) partitions: Partitions,
    /// What chooses slices: each after the one before it, only the last one a slice.
    pub(crate) clustering: Vec<ClusteringRestriction>,
    pub(crate) filters: Vec<Filter>,
    /// Whether any clustering column is restricted, sliced or filtered.
    pub(crate) restricts_clustering: bool,
    /// How many columns the partition key has: the first of the table.
    pub(crate) key_columns: usize,
}

/// The relations of a WHERE, merged by column, not judged yet.
#[derive(Debug, Default)]
struct Relations {
    /// By position among the partition key columns.
    partition_key: Vec<(usize, Restriction<Expr>)>,
    token: Option<Restriction<Expr>>,
    /// By first column.
    clustering: Vec<ClusteringRestriction>,
    /// By position in the table: statics and regulars.
    others: Vec<(usize, Restriction<Expr>)>,
}

/// What the check of a WHERE needs to know of its statement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clause {
    pub(crate) kind: StatementKind,
    pub(crate) allow_filtering: bool,
    /// Whether the statement reads or writes static columns and nothing else of a row.
    pub(crate) only_statics: bool,
}

pub(crate) const REQUIRES_FILTERING: &str = "Cannot execute this query as it might involve data filtering and thus may have unpredictable performance. If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING";

/// Compiles and judges a WHERE.
pub(crate) fn compile_where(
    compiler: &mut Compiler<'_>,
    relations: &[Relation],
    clause: Clause,
) -> Result<Where, RequestError> {
    let table = compiler.table;
    let mut merged = Relations::default();
    for relation in relations {
        merged.add(compiler, relation, clause)?;
    }
    judge(table, merged, clause)
}

fn judge(table: &TableSchema, merged: Relations, clause: Clause) -> Result<Where, RequestError> {
    let mut filters = Vec::new();
    let key_filters = merged.key_filters(table);
    let partitions = merged.partitions(table, clause, key_filters)?;
    if key_filters {
        filters.extend(
            merged
                .partition_key
                .iter()
                .map(|(column, restriction)| Filter {
                    column: *column,
                    restriction: restriction.clone(),
                }),
        );
    }
    let restricts_clustering = !merged.clustering.is_empty();
    let (clustering, rest) = merged.clustering(table, clause)?;
    let first = table.partition_key().len();
    for restriction in rest {
        filters.extend(clustering_filter(first, restriction)?);
    }
    judge_others(table, &merged.others, clause)?;
    filters.extend(
        merged
            .others
            .into_iter()
            .map(|(column, restriction)| Filter {
                column,
                restriction,
            }),
    );
    Ok(Where {
        partitions,
        clustering,
        filters,
        restricts_clustering,
        key_columns: table.partition_key().len(),
    })
}

fn judge_others(
    table: &TableSchema,
    others: &[(usize, Restriction<Expr>)],
    clause: Clause,
) -> Result<(), RequestError> {
    if others.is_empty() {
        return Ok(());
    }
    if clause.kind != StatementKind::Select {
        let names: Vec<&str> = others
            .iter()
            .filter_map(|(column, _)| table.columns().get(*column))
            .map(|column| column.name.as_str())
            .collect();
        return Err(invalid(format!(
            "Non PRIMARY KEY columns found in where clause: {} ",
            names.join(", ")
        )));
    }
    if clause.allow_filtering {
        Ok(())
    } else {
        Err(invalid(REQUIRES_FILTERING))
    }
}

/// A clustering restriction that cannot choose a slice, as filters of its columns.
fn clustering_filter(
    first: usize,
    restriction: ClusteringRestriction,
) -> Result<Vec<Filter>, RequestError> {
    let ClusteringRestriction {
        first: start,
        multi,
        restriction,
        ..
    } = restriction;
    let column = first + start;
    let only = |values: Vec<Expr>| values.into_iter().next();
    let restriction = match restriction {
        Restriction::Eq(values) => {
            let filters = values.into_iter().enumerate().map(|(index, value)| Filter {
                column: column + index,
                restriction: Restriction::Eq(value),
            });
            return Ok(filters.collect());
        }
        Restriction::In(_) if multi => {
            return Err(invalid("Multicolumn IN filters are not supported"));
        }
        Restriction::Slice { .. } if multi => {
            return Err(invalid(
                "Multi-column slice restrictions cannot be used for filtering.",
            ));
        }
        Restriction::In(values) => Restriction::In(values.into_iter().filter_map(only).collect()),
        Restriction::Slice { start, end } => {
            let single = |end: End<Vec<Expr>>| {
                end.and_then(|(values, inclusive)| only(values).map(|value| (value, inclusive)))
            };
            Restriction::Slice {
                start: single(start),
                end: single(end),
            }
        }
    };
    Ok(vec![Filter {
        column,
        restriction,
    }])
}

impl Relations {
    /// Whether the partition key is restricted, but not so that it names partitions.
    fn key_filters(&self, table: &TableSchema) -> bool {
        let names_all = self.partition_key.len() == table.partition_key().len()
            && self.partition_key.iter().all(|(_, r)| !r.is_slice());
        !self.partition_key.is_empty() && !names_all
    }

    fn partitions(
        &self,
        table: &TableSchema,
        clause: Clause,
        key_filters: bool,
    ) -> Result<Partitions, RequestError> {
        if clause.kind != StatementKind::Select {
            self.judge_write_key(table, clause.kind)?;
        } else if key_filters && !clause.allow_filtering {
            return Err(invalid(REQUIRES_FILTERING));
        }
        let token = self.token.clone();
        if key_filters || self.partition_key.is_empty() {
            return Ok(Partitions::Scan { token });
        }
        let mut components: Vec<_> = self.partition_key.clone();
        components.sort_by_key(|(column, _)| *column);
        Ok(Partitions::Keys {
            components: components.into_iter().map(|(_, r)| r).collect(),
            token,
        })
    }

    fn judge_write_key(
        &self,
        table: &TableSchema,
        kind: StatementKind,
    ) -> Result<(), RequestError> {
        if self.token.is_some() {
            return Err(invalid(format!(
                "The token function cannot be used in WHERE clauses for {kind} statements"
            )));
        }
        let is_restricted = |column: &Column| {
            let ColumnKind::PartitionKey(index) = column.kind else {
                return true;
            };
            self.partition_key.iter().any(|(known, _)| *known == index)
        };
        let missing = names(table.partition_key().iter().filter(|c| !is_restricted(c)));
        if !missing.is_empty() {
            return Err(invalid(format!(
                "Some partition key parts are missing: {missing}"
            )));
        }
        if self.partition_key.iter().any(|(_, r)| r.is_slice()) {
            return Err(invalid(format!(
                "Only EQ and IN relation are supported on the partition key (unless you use the token() function) for {kind} statements"
            )));
        }
        Ok(())
    }

    /// Splits the clustering restrictions into those that choose slices and the rest.
    fn clustering(
        &self,
        table: &TableSchema,
        clause: Clause,
    ) -> Result<(Vec<ClusteringRestriction>, Vec<ClusteringRestriction>), RequestError> {
        self.judge_clustering(table, clause)?;
        let mut usable: Vec<ClusteringRestriction> = Vec::new();
        let mut rest = Vec::new();
        let mut next = 0;
        let mut closed = false;
        for restriction in &self.clustering {
            if !closed && restriction.first == next {
                next += restriction.count;
                closed = restriction.restriction.is_slice();
                usable.push(restriction.clone());
            } else {
                closed = true;
                rest.push(restriction.clone());
            }
        }
        if let (Some(gap), false) = (rest.first(), clause.allow_filtering) {
            return Err(self.gap(table, gap.first));
        }
        Ok((usable, rest))
    }

    fn judge_clustering(&self, table: &TableSchema, clause: Clause) -> Result<(), RequestError> {
        let Clause {
            kind, only_statics, ..
        } = clause;
        if only_statics && !self.clustering.is_empty() {
            return match kind {
                StatementKind::Update | StatementKind::Delete => Err(invalid(format!(
                    "Invalid restrictions on clustering columns since the {kind} statement modifies only static columns"
                ))),
                StatementKind::Select => Err(invalid(
                    "Cannot restrict clustering columns when selecting only static columns",
                )),
                StatementKind::Insert => Ok(()),
            };
        }
        if kind != StatementKind::Update {
            return Ok(());
        }
        if self.clustering.iter().any(|r| r.restriction.is_slice()) {
            return Err(invalid(format!(
                "Slice restrictions are not supported on the clustering columns in {kind} statements"
            )));
        }
        let missing = self.unrestricted_clustering(table);
        if !only_statics && !missing.is_empty() {
            return Err(invalid(format!(
                "Some clustering keys are missing: {missing}"
            )));
        }
        Ok(())
    }

    fn is_clustering_restricted(&self, index: usize) -> bool {
        self.clustering
            .iter()
            .any(|r| (r.first..r.first + r.count).contains(&index))
    }

    fn unrestricted_clustering(&self, table: &TableSchema) -> String {
        let columns = table.clustering().iter().enumerate();
        names(
            columns
                .filter(|(index, _)| !self.is_clustering_restricted(*index))
                .map(|(_, column)| column),
        )
    }

    fn gap(&self, table: &TableSchema, restricted: usize) -> RequestError {
        let name = |index: usize| {
            table
                .clustering()
                .get(index)
                .map_or("", |column| column.name.as_str())
        };
        let skipped = (0..restricted).find(|index| !self.is_clustering_restricted(*index));
        invalid(format!(
            "PRIMARY KEY column \"{}\" cannot be restricted as preceding column \"{}\" is not restricted",
            name(restricted),
            name(skipped.unwrap_or(restricted)),
        ))
    }
}

impl Where {
    /// Whether the partition key or its token is restricted at all.
    pub(crate) fn restricts_partitions(&self) -> bool {
        let key_filters = self.filters.iter().any(|f| f.column < self.key_columns);
        match &self.partitions {
            Partitions::Keys { .. } => true,
            Partitions::Scan { token } => token.is_some() || key_filters,
        }
    }

    /// Whether a partition key column is restricted to one value.
    pub(crate) fn is_partition_key_eq(&self, index: usize) -> bool {
        let is_filtered = |filter: &Filter| {
            filter.column == index && matches!(filter.restriction, Restriction::Eq(_))
        };
        match &self.partitions {
            Partitions::Keys { components, .. } => {
                matches!(components.get(index), Some(Restriction::Eq(_)))
            }
            Partitions::Scan { .. } => self.filters.iter().any(is_filtered),
        }
    }

    /// Whether a clustering column is restricted to one value.
    pub(crate) fn is_clustering_eq(&self, index: usize) -> bool {
        self.clustering.iter().any(|r| {
            matches!(r.restriction, Restriction::Eq(_))
                && (r.first..r.first + r.count).contains(&index)
        })
    }

    /// How many leading clustering columns have single values or lists of them.
    pub(crate) fn clustering_points(&self) -> usize {
        let points = self.clustering.iter().filter(|r| !r.restriction.is_slice());
        points.map(|r| r.count).sum()
    }
}

/// Names as messages list them.
pub(crate) fn names<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    let names: Vec<&str> = columns.map(|column| column.name.as_str()).collect();
    names.join(", ")
}
