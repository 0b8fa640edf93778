//! Expressions whose names and types are settled, and their value for a row.
//!
//! `compile` makes them from what was written; here they are only evaluated. An expression that
//! reads no column is a term: its value is the same for a whole execution.

use crate::bind::Bound;
use crate::bind::Context;
use crate::error::invalid;
use crate::error::of_value;
use crate::function::Function;
use bytes::Bytes;
use quorate_data::ArithmeticError;
use quorate_data::ArithmeticOp;
use quorate_data::CqlType;
use quorate_data::value::arithmetic;
use quorate_data::value::cast;
use quorate_data::value::negate;
use quorate_types::RequestError;
use uuid::Uuid;

/// An expression and the type of its values.
#[derive(Debug, Clone)]
pub(crate) struct Typed {
    pub(crate) expr: Expr,
    pub(crate) cql_type: CqlType,
}

/// An expression. Columns are named by their slot in a [`RowValues`].
#[derive(Debug, Clone)]
pub(crate) enum Expr {
    Constant(Option<Bytes>),
    Marker(usize),
    /// The elements of the list that a marker is bound to: the one value of an IN that is many.
    Elements(usize, CqlType),
    Column(usize),
    Writetime(usize),
    Ttl(usize),
    Call {
        function: Function,
        name: String,
        arguments: Vec<Self>,
    },
    Cast {
        of: Box<Typed>,
        target: CqlType,
    },
    Negate(Box<Typed>),
    Binary {
        op: ArithmeticOp,
        left: Box<Typed>,
        right: Box<Typed>,
    },
    /// The result of the aggregate with this index.
    Aggregate(usize),
}

/// Where `uuid()` and `now()` take theirs from.
pub(crate) trait IdSource {
    fn uuid(&mut self) -> Uuid;
    fn time_uuid(&mut self) -> Uuid;
}

impl IdSource for Context<'_> {
    fn uuid(&mut self) -> Uuid {
        (self.uuids)()
    }

    fn time_uuid(&mut self) -> Uuid {
        (self.time_uuids)()
    }
}

/// What an expression may look at beside its row.
pub(crate) struct Scope<'a> {
    pub(crate) markers: &'a [Bound],
    pub(crate) now_millis: i64,
    pub(crate) ids: &'a mut dyn IdSource,
}

/// The values of one row that the expressions of a statement need, by slot.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowValues {
    pub(crate) cells: Vec<SlotValue>,
}

/// One column of a row.
#[derive(Debug, Clone, Default)]
pub(crate) struct SlotValue {
    pub(crate) value: Option<Bytes>,
    pub(crate) timestamp: Option<i64>,
    /// Seconds left, of an expiring cell.
    pub(crate) ttl: Option<i32>,
}

impl RowValues {
    pub(crate) fn value(&self, slot: usize) -> Option<&Bytes> {
        self.cells.get(slot)?.value.as_ref()
    }
}

impl Expr {
    /// The value; columns are read from `row`, aggregates from `aggregates`.
    pub(crate) fn evaluate(
        &self,
        scope: &mut Scope<'_>,
        row: &RowValues,
        aggregates: &[Option<Bytes>],
    ) -> Result<Bound, RequestError> {
        let value = match self {
            Self::Constant(value) => value.clone(),
            Self::Marker(index) | Self::Elements(index, _) => {
                return Ok(scope.markers.get(*index).cloned().unwrap_or(Bound::Null));
            }
            Self::Column(slot) => row.value(*slot).cloned(),
            Self::Writetime(slot) => row
                .cells
                .get(*slot)
                .and_then(|cell| cell.timestamp)
                .map(|micros| Bytes::copy_from_slice(&micros.to_be_bytes())),
            Self::Ttl(slot) => row
                .cells
                .get(*slot)
                .and_then(|cell| cell.ttl)
                .map(|secs| Bytes::copy_from_slice(&secs.to_be_bytes())),
            Self::Call {
                function,
                name,
                arguments,
            } => {
                let arguments = arguments
                    .iter()
                    .map(
                        |argument| match argument.evaluate(scope, row, aggregates)? {
                            Bound::Value(bytes) => Ok(Some(bytes)),
                            Bound::Null => Ok(None),
                            Bound::Unset => Err(invalid(format!(
                                "Invalid unset value for argument in call to function {name}"
                            ))),
                        },
                    )
                    .collect::<Result<Vec<_>, _>>()?;
                function.call(name, &arguments, scope.now_millis, scope.ids)?
            }
            Self::Cast { of, target } => match of.expr.value(scope, row, aggregates)? {
                Some(wire) => Some(cast(of.cql_type, *target, &wire).map_err(of_value)?),
                None => None,
            },
            Self::Negate(of) => match of.expr.value(scope, row, aggregates)? {
                Some(wire) => {
                    Some(negate(of.cql_type, &wire).map_err(|error| of_arithmetic(&error))?)
                }
                None => None,
            },
            Self::Binary { op, left, right } => {
                let a = left.expr.value(scope, row, aggregates)?;
                let b = right.expr.value(scope, row, aggregates)?;
                match (a, b) {
                    (Some(a), Some(b)) => Some(
                        arithmetic(*op, (left.cql_type, &a), (right.cql_type, &b))
                            .map_err(|error| failed(*op, left, right, &error))?,
                    ),
                    _ => None,
                }
            }
            Self::Aggregate(index) => aggregates.get(*index).cloned().flatten(),
        };
        Ok(value.into())
    }

    /// As [`Self::evaluate`] inside another expression, where unset has no meaning.
    fn value(
        &self,
        scope: &mut Scope<'_>,
        row: &RowValues,
        aggregates: &[Option<Bytes>],
    ) -> Result<Option<Bytes>, RequestError> {
        match self.evaluate(scope, row, aggregates)? {
            Bound::Value(bytes) => Ok(Some(bytes)),
            Bound::Null => Ok(None),
            Bound::Unset => Err(invalid("Invalid unset value for an operand")),
        }
    }

    /// The value of a term: an expression that reads no row.
    pub(crate) fn term(&self, scope: &mut Scope<'_>) -> Result<Bound, RequestError> {
        match self {
            // What nearly every statement has: no row to build, nothing to call.
            Self::Constant(value) => Ok(value.clone().into()),
            Self::Marker(index) | Self::Elements(index, _) => {
                Ok(scope.markers.get(*index).cloned().unwrap_or(Bound::Null))
            }
            _ => self.evaluate(scope, &RowValues::default(), &[]),
        }
    }

    /// Whether two evaluations of the same row and values agree.
    pub(crate) fn is_pure(&self) -> bool {
        match self {
            Self::Constant(_)
            | Self::Marker(_)
            | Self::Elements(..)
            | Self::Column(_)
            | Self::Writetime(_)
            | Self::Ttl(_)
            | Self::Aggregate(_) => true,
            Self::Call {
                function,
                arguments,
                ..
            } => function.is_pure() && arguments.iter().all(Self::is_pure),
            Self::Cast { of, .. } | Self::Negate(of) => of.expr.is_pure(),
            Self::Binary { left, right, .. } => left.expr.is_pure() && right.expr.is_pure(),
        }
    }
}

fn of_arithmetic(error: &ArithmeticError) -> RequestError {
    invalid(error.to_string())
}

/// Division by zero is the function's failure, anything else the statement's.
fn failed(op: ArithmeticOp, left: &Typed, right: &Typed, error: &ArithmeticError) -> RequestError {
    match error {
        ArithmeticError::Failed { .. } => RequestError::FunctionFailure {
            keyspace: "system".to_owned(),
            function: format!("_{}", operator_name(op)),
            argument_types: vec![left.cql_type.to_string(), right.cql_type.to_string()],
            message: error.to_string(),
        },
        ArithmeticError::Unsupported { .. } | ArithmeticError::Invalid(_) => of_arithmetic(error),
    }
}

/// The operator as a word.
pub(crate) const fn operator_name(op: ArithmeticOp) -> &'static str {
    match op {
        ArithmeticOp::Add => "add",
        ArithmeticOp::Subtract => "substract",
        ArithmeticOp::Multiply => "multiply",
        ArithmeticOp::Divide => "divide",
        ArithmeticOp::Remainder => "modulo",
    }
}
