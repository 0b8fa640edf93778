//! Several relations of the same columns: whether one goes with those before it, and what they say
//! together.

use super::Clause;
use super::ClusteringRestriction;
use super::End;
use super::Relations;
use super::Restriction;
use crate::error::invalid;
use crate::expr::Expr;
use quorate_cluster::Column;
use quorate_cluster::ColumnKind;
use quorate_cluster::TableSchema;
use quorate_types::RequestError;

impl Relations {
    /// A column that is restricted alone; a clustering column is a tuple of one.
    pub(super) fn add_column(
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

    /// Clustering columns that follow one another, merged with whatever restricts one of them already.
    pub(super) fn add_clustering(
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

    /// The token of the partition key's columns, called `names`.
    pub(super) fn merge_token(
        &mut self,
        added: Restriction<Expr>,
        names: &str,
    ) -> Result<(), RequestError> {
        let merged = match self.token.take() {
            None => added,
            Some(Restriction::Slice { .. }) if !added.is_slice() => {
                return Err(invalid(format!(
                    "Columns \"{names}\" cannot be restricted by both an equality and an inequality relation"
                )));
            }
            Some(known) => merge(known, added, names)?,
        };
        self.token = Some(merged);
        Ok(())
    }
}

pub(super) const fn clustering_index(column: &Column) -> usize {
    match column.kind {
        ColumnKind::Clustering { index, .. } => index,
        ColumnKind::PartitionKey(_) | ColumnKind::Static | ColumnKind::Regular => 0,
    }
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
