//! `count`, `min`, `max`, `sum`, `avg`: what they gather row by row.

use crate::error::invalid;
use crate::expr::Expr;
use crate::expr::Typed;
use bytes::Bytes;
use quorate_data::value::Average;
use quorate_data::value::Extreme;
use quorate_data::value::Sum;
use quorate_types::RequestError;

/// Which aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AggregateKind {
    CountRows,
    Count,
    Min,
    Max,
    Sum,
    Average,
}

impl AggregateKind {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "count" => Self::Count,
            "min" => Self::Min,
            "max" => Self::Max,
            "sum" => Self::Sum,
            "avg" => Self::Average,
            _ => return None,
        })
    }
}

/// One aggregate of a selection.
#[derive(Debug, Clone)]
pub(crate) struct AggregateSpec {
    pub(crate) kind: AggregateKind,
    /// What it gathers; `None` for `count(*)`.
    pub(crate) argument: Option<Typed>,
}

/// What an aggregate has gathered so far.
#[derive(Debug, Clone)]
pub(crate) enum Accumulator {
    Count(i64),
    Extreme(Extreme),
    Sum(Sum),
    Average(Average),
}

impl AggregateSpec {
    /// What it gathers; `count(*)` gathers nothing.
    pub(crate) fn argument(&self) -> Option<&Expr> {
        self.argument.as_ref().map(|typed| &typed.expr)
    }

    /// Nothing gathered yet.
    pub(crate) fn start(&self) -> Result<Accumulator, RequestError> {
        let Some(argument) = &self.argument else {
            return Ok(Accumulator::Count(0));
        };
        let cql_type = argument.cql_type;
        let numeric = || invalid(format!("Cannot add up values of type {cql_type}"));
        Ok(match self.kind {
            AggregateKind::CountRows | AggregateKind::Count => Accumulator::Count(0),
            AggregateKind::Min => Accumulator::Extreme(Extreme::min(cql_type)),
            AggregateKind::Max => Accumulator::Extreme(Extreme::max(cql_type)),
            AggregateKind::Sum => Accumulator::Sum(Sum::new(cql_type).ok_or_else(numeric)?),
            AggregateKind::Average => {
                Accumulator::Average(Average::new(cql_type).ok_or_else(numeric)?)
            }
        })
    }
}

impl Accumulator {
    /// Takes one more value that is not null; for `count(*)` one more row.
    pub(crate) fn add(&mut self, wire: &[u8]) -> Result<(), RequestError> {
        match self {
            Self::Count(count) => {
                *count += 1;
                Ok(())
            }
            Self::Extreme(extreme) => {
                extreme.add(wire);
                Ok(())
            }
            Self::Sum(sum) => sum.add(wire).map_err(|error| invalid(error.to_string())),
            Self::Average(average) => average
                .add(wire)
                .map_err(|error| invalid(error.to_string())),
        }
    }

    /// The result over all that was added.
    pub(crate) fn finish(&self) -> Option<Bytes> {
        match self {
            Self::Count(count) => Some(Bytes::copy_from_slice(&count.to_be_bytes())),
            Self::Extreme(extreme) => extreme.finish(),
            Self::Sum(sum) => Some(sum.finish()),
            Self::Average(average) => Some(average.finish()),
        }
    }
}
