//! Rows of the result as they come together: one by one, or many to a group.

use super::Grouping;
use super::Shape;
use super::ids::DerivedIds;
use crate::aggregate::Accumulator;
use crate::bind::Bound;
use crate::expr::RowValues;
use crate::expr::Scope;
use bytes::Bytes;
use quorate_data::CqlType;
use quorate_data::text::format_json;
use quorate_types::RequestError;
use std::sync::Arc;

/// One row of the result.
pub(super) type OutputRow = Vec<Option<Bytes>>;

/// Makes output rows; knows nothing of limits and pages.
#[derive(Debug)]
pub(super) struct Collector {
    shape: Arc<Shape>,
    markers: Vec<Bound>,
    now_millis: i64,
    ids: DerivedIds,
    open: Option<Group>,
    /// Sort key (empty unless the result is sorted) and row.
    rows: Vec<(OutputRow, OutputRow)>,
}

/// A group that may get more rows.
#[derive(Debug)]
struct Group {
    /// The clustering prefix that its rows share.
    prefix: Vec<u8>,
    /// What is not aggregated comes from the first row.
    first: RowValues,
    gathered: Vec<Accumulator>,
}

impl Collector {
    pub(super) fn new(
        shape: Arc<Shape>,
        markers: Vec<Bound>,
        now_millis: i64,
        ids: DerivedIds,
    ) -> Self {
        Self {
            shape,
            markers,
            now_millis,
            ids,
            open: None,
            rows: Vec::new(),
        }
    }

    /// Adds a row that is a row of the result by itself.
    pub(super) fn emit(&mut self, values: &RowValues) -> Result<(), RequestError> {
        self.output(values, &[])
    }

    /// Whether a row with this prefix belongs to the open group.
    pub(super) fn continues_group(&self, prefix: &[u8]) -> bool {
        self.open
            .as_ref()
            .is_some_and(|group| group.prefix == prefix)
    }

    pub(super) const fn has_open_group(&self) -> bool {
        self.open.is_some()
    }

    /// Adds a row to the open group, or begins one with it.
    pub(super) fn gather(&mut self, prefix: &[u8], values: &RowValues) -> Result<(), RequestError> {
        let mut group = match self.open.take() {
            Some(group) => group,
            None => self.new_group(prefix, values.clone())?,
        };
        let shape = Arc::clone(&self.shape);
        for (spec, gathered) in shape.selected.aggregates.iter().zip(&mut group.gathered) {
            let Some(argument) = spec.argument() else {
                gathered.add(&[])?;
                continue;
            };
            let mut scope = self.scope();
            if let Bound::Value(value) = argument.evaluate(&mut scope, values, &[])? {
                gathered.add(&value)?;
            }
        }
        self.open = Some(group);
        Ok(())
    }

    /// Closes the open group; its row is added.
    pub(super) fn close_group(&mut self) -> Result<(), RequestError> {
        let Some(group) = self.open.take() else {
            return Ok(());
        };
        let results: Vec<Option<Bytes>> = group.gathered.iter().map(Accumulator::finish).collect();
        self.output(&group.first, &results)
    }

    /// All rows, sorted when the query asks for that and then cut to `limit`. Aggregates without
    /// GROUP BY give one row even over nothing.
    pub(super) fn finish(mut self, limit: usize) -> Result<Vec<OutputRow>, RequestError> {
        if self.shape.grouping == Grouping::Everything {
            if self.open.is_none() {
                self.open = Some(self.new_group(&[], RowValues::default())?);
            }
            self.close_group()?;
        }
        if !self.shape.sort.is_empty() {
            let sort = &self.shape.sort;
            self.rows
                .sort_by(|(a, _), (b, _)| super::order::compare(sort, a, b));
            self.rows.truncate(limit);
        }
        Ok(self.rows.into_iter().map(|(_, row)| row).collect())
    }

    fn new_group(&self, prefix: &[u8], first: RowValues) -> Result<Group, RequestError> {
        let aggregates = &self.shape.selected.aggregates;
        Ok(Group {
            prefix: prefix.to_vec(),
            first,
            gathered: aggregates
                .iter()
                .map(crate::aggregate::AggregateSpec::start)
                .collect::<Result<_, _>>()?,
        })
    }

    fn scope(&mut self) -> Scope<'_> {
        Scope {
            markers: &self.markers,
            now_millis: self.now_millis,
            ids: &mut self.ids,
        }
    }

    fn output(
        &mut self,
        values: &RowValues,
        aggregates: &[Option<Bytes>],
    ) -> Result<(), RequestError> {
        let shape = Arc::clone(&self.shape);
        let mut scope = self.scope();
        let mut row = Vec::with_capacity(shape.outputs.len());
        for output in &shape.outputs {
            row.push(
                match output.expr.evaluate(&mut scope, values, aggregates)? {
                    Bound::Value(bytes) => Some(bytes),
                    Bound::Null | Bound::Unset => None,
                },
            );
        }
        if let Some(names) = &shape.json_names {
            row = vec![Some(json(&shape, names, &row))];
        }
        let sort_key = shape
            .sort
            .iter()
            .map(|column| values.value(column.slot).cloned());
        self.rows.push((sort_key.collect(), row));
        Ok(())
    }
}

/// The one column of SELECT JSON (semantics 10.7).
fn json(shape: &Shape, names: &[String], row: &[Option<Bytes>]) -> Bytes {
    let fields = names
        .iter()
        .zip(row)
        .zip(&shape.outputs)
        .map(|((name, value), output)| {
            // Names that are not lower case keep their CQL quotes inside the JSON string.
            let name = if *name == name.to_lowercase() {
                name.clone()
            } else {
                format!("\"{name}\"")
            };
            let name = format_json(CqlType::Text, name.as_bytes());
            let value = value
                .as_ref()
                .map_or_else(|| "null".to_owned(), |v| format_json(output.cql_type, v));
            format!("{name}: {value}")
        });
    let fields: Vec<String> = fields.collect();
    Bytes::from(format!("{{{}}}", fields.join(", ")))
}
