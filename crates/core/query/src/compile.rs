//! From what was written to expressions: names become columns and functions, literals and markers
//! get their types.

mod call;

use crate::aggregate::AggregateSpec;
use crate::error::invalid;
use crate::expr::Expr;
use crate::expr::Typed;
use crate::literal;
use crate::node::Node;
use crate::spec::Markers;
use quorate_cluster::TableSchema;
use quorate_cql::ast::ArithmeticOperator;
use quorate_cql::ast::BindMarker;
use quorate_cql::ast::CellMetadata;
use quorate_cql::ast::Term;
use quorate_data::ArithmeticOp;
use quorate_data::CqlType;
use quorate_data::value::arithmetic_type;
use quorate_data::value::can_cast;
use quorate_types::RequestError;

/// Compiles the expressions of one statement over one table.
pub(crate) struct Compiler<'a> {
    pub(crate) table: &'a TableSchema,
    pub(crate) markers: &'a mut Markers,
    /// Where columns may be read: in selections. `None`: in terms.
    selection: Option<Selected>,
    inside_aggregate: bool,
}

/// What the expressions of a selection read.
#[derive(Debug, Default)]
pub(crate) struct Selected {
    /// Positions in the table's columns, by slot.
    pub(crate) slots: Vec<usize>,
    pub(crate) aggregates: Vec<AggregateSpec>,
}

/// What a value is for: its name and type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Receiver<'a> {
    pub(crate) name: &'a str,
    pub(crate) cql_type: CqlType,
}

/// How well an expression suits a parameter's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    Weak,
    Exact,
}

impl<'a> Compiler<'a> {
    /// For terms: no columns.
    pub(crate) fn for_terms(table: &'a TableSchema, markers: &'a mut Markers) -> Self {
        Self {
            table,
            markers,
            selection: None,
            inside_aggregate: false,
        }
    }

    /// For selections: columns and aggregates.
    pub(crate) fn for_selection(table: &'a TableSchema, markers: &'a mut Markers) -> Self {
        Self {
            table,
            markers,
            selection: Some(Selected::default()),
            inside_aggregate: false,
        }
    }

    /// What the compiled expressions read.
    pub(crate) fn into_selected(self) -> Selected {
        self.selection.unwrap_or_default()
    }

    /// A term that is a value of `receiver`.
    pub(crate) fn term(
        &mut self,
        term: &Term,
        receiver: Receiver<'_>,
    ) -> Result<Expr, RequestError> {
        self.receive(&Node::of_term(term)?, receiver)
    }

    /// The slot of a column, which is then read.
    pub(crate) fn slot(&mut self, name: &str) -> Result<(usize, CqlType), RequestError> {
        let position = self
            .table
            .columns()
            .iter()
            .position(|column| column.name == name)
            .ok_or_else(|| undefined_column(name, self.table))?;
        let cql_type = self
            .table
            .columns()
            .get(position)
            .map_or(CqlType::Blob, |column| column.cql_type);
        let selected = self.selection.get_or_insert_default();
        let known = selected.slots.iter().position(|slot| *slot == position);
        let slot = known.unwrap_or_else(|| {
            selected.slots.push(position);
            selected.slots.len() - 1
        });
        Ok((slot, cql_type))
    }

    /// A node as a value of the receiver's type.
    pub(crate) fn receive(
        &mut self,
        node: &Node<'_>,
        receiver: Receiver<'_>,
    ) -> Result<Expr, RequestError> {
        match node {
            Node::Group(of) => self.receive(of, receiver),
            Node::Literal(literal) => literal::value(
                literal.kind,
                &literal.text,
                receiver.name,
                receiver.cql_type,
            )
            .map(|bytes| Expr::Constant(Some(bytes))),
            Node::Null => Ok(Expr::Constant(None)),
            Node::Marker(marker) => Ok(self.marker(marker, receiver.name, receiver.cql_type)),
            Node::Binary {
                left,
                operator,
                right,
            } => self.receive_binary(node, left, *operator, right, receiver),
            Node::Negate(of) if is_untyped(of) => {
                let of = self.receive(of, receiver)?;
                Ok(Expr::Negate(Box::new(Typed {
                    expr: of,
                    cql_type: receiver.cql_type,
                })))
            }
            Node::Column(_)
            | Node::CountRows
            | Node::Call { .. }
            | Node::CellMetadata { .. }
            | Node::Cast { .. }
            | Node::Hint { .. }
            | Node::Negate(_) => {
                let typed = self.typed(node, Some(receiver))?;
                if is_assignable(typed.cql_type, receiver.cql_type) {
                    return Ok(typed.expr);
                }
                Err(cannot_assign(node, &typed, receiver))
            }
        }
    }

    fn receive_binary(
        &mut self,
        node: &Node<'_>,
        left: &Node<'_>,
        operator: ArithmeticOperator,
        right: &Node<'_>,
        receiver: Receiver<'_>,
    ) -> Result<Expr, RequestError> {
        // Two operands without a type of their own are of the receiver's.
        let typed = if is_untyped(left) && is_untyped(right) {
            let op = arithmetic_op(operator);
            let left = Typed {
                expr: self.receive(left, receiver)?,
                cql_type: receiver.cql_type,
            };
            let right = Typed {
                expr: self.receive(right, receiver)?,
                cql_type: receiver.cql_type,
            };
            binary(op, operator, left, right)?
        } else {
            self.typed(node, Some(receiver))?
        };
        if is_assignable(typed.cql_type, receiver.cql_type) {
            Ok(typed.expr)
        } else {
            Err(cannot_assign(node, &typed, receiver))
        }
    }

    /// The one marker of an IN, which takes a list.
    pub(crate) fn list_marker(&mut self, marker: &BindMarker, column: &str, list: CqlType) -> Expr {
        let name = format!("in({column})");
        self.markers.add(marker, self.table, &name, list);
        Expr::Elements(marker.index, list)
    }

    fn marker(&mut self, marker: &BindMarker, name: &str, cql_type: CqlType) -> Expr {
        self.markers.add(marker, self.table, name, cql_type);
        Expr::Marker(marker.index)
    }

    /// A node whose type follows from itself. `receiver` only helps operands that have none.
    pub(crate) fn typed(
        &mut self,
        node: &Node<'_>,
        receiver: Option<Receiver<'_>>,
    ) -> Result<Typed, RequestError> {
        match node {
            Node::Group(of) => self.typed(of, receiver),
            Node::Literal(literal) => {
                let cql_type = literal::own_type(literal);
                let receiver = Receiver {
                    name: "constant",
                    cql_type,
                };
                Ok(Typed {
                    expr: self.receive(node, receiver)?,
                    cql_type,
                })
            }
            Node::Null | Node::Marker(_) => Err(cannot_infer(node)),
            Node::Column(name) => self.column(name),
            Node::CountRows => self.count_rows(),
            Node::Call { name, arguments } => self.call(name, arguments, receiver),
            Node::CellMetadata { kind, of } => self.cell_metadata(*kind, of),
            Node::Cast { of, target } => {
                let of = self.typed(of, None)?;
                if of.cql_type == *target {
                    return Ok(of);
                }
                if !can_cast(of.cql_type, *target) {
                    return Err(invalid(format!(
                        "{} cannot be cast to {target}",
                        of.cql_type
                    )));
                }
                Ok(Typed {
                    expr: Expr::Cast {
                        of: Box::new(of),
                        target: *target,
                    },
                    cql_type: *target,
                })
            }
            Node::Hint { of, cql_type } => self.hint(node, of, *cql_type),
            Node::Negate(of) => {
                let of = self.typed(of, receiver)?;
                let cql_type = of.cql_type;
                if !cql_type.is_numeric() {
                    return Err(invalid(format!(
                        "the '-' operation is not supported on {cql_type}"
                    )));
                }
                Ok(Typed {
                    expr: Expr::Negate(Box::new(of)),
                    cql_type,
                })
            }
            Node::Binary {
                left,
                operator,
                right,
            } => self.operands(left, *operator, right, receiver),
        }
    }

    fn column(&mut self, name: &str) -> Result<Typed, RequestError> {
        if self.selection.is_none() {
            return Err(invalid(format!(
                "Column references are not allowed here: {name}"
            )));
        }
        let (slot, cql_type) = self.slot(name)?;
        Ok(Typed {
            expr: Expr::Column(slot),
            cql_type,
        })
    }

    fn cell_metadata(&mut self, kind: CellMetadata, of: &Node<'_>) -> Result<Typed, RequestError> {
        let Node::Column(name) = of.ungrouped() else {
            return Err(crate::error::unsupported("selection", of.name()));
        };
        let (slot, _) = self.slot(name)?;
        if self
            .table
            .column(name)
            .is_some_and(quorate_cluster::Column::is_primary_key)
        {
            return Err(invalid(format!(
                "Cannot use selection function {} on PRIMARY KEY part {name}",
                kind.as_str()
            )));
        }
        Ok(match kind {
            CellMetadata::WriteTime | CellMetadata::MaxWriteTime => Typed {
                expr: Expr::Writetime(slot),
                cql_type: CqlType::Bigint,
            },
            CellMetadata::Ttl => Typed {
                expr: Expr::Ttl(slot),
                cql_type: CqlType::Int,
            },
        })
    }

    fn hint(
        &mut self,
        node: &Node<'_>,
        of: &Node<'_>,
        cql_type: CqlType,
    ) -> Result<Typed, RequestError> {
        let receiver = Receiver {
            name: "[selection]",
            cql_type,
        };
        if self.fit(of, cql_type) == Fit::No {
            return Err(invalid(format!(
                "Cannot cast value {} to type {cql_type}",
                of.name()
            )));
        }
        let expr = self
            .receive(of, receiver)
            .map_err(|error| match of.ungrouped() {
                Node::Literal(_) => error,
                _ => invalid(format!(
                    "Cannot assign value {} to {} of type {cql_type}",
                    of.name(),
                    node.name()
                )),
            })?;
        Ok(Typed { expr, cql_type })
    }

    fn operands(
        &mut self,
        left: &Node<'_>,
        operator: ArithmeticOperator,
        right: &Node<'_>,
        receiver: Option<Receiver<'_>>,
    ) -> Result<Typed, RequestError> {
        // A marker or null takes the other operand's type.
        let of_type = |cql_type: CqlType| Receiver {
            name: "[operand]",
            cql_type,
        };
        let ambiguous = || {
            invalid(format!(
                "Ambiguous '{}' operation with args {} and {}: use type hint to disambiguate, example '(int) ?'",
                operator.as_str(),
                left.name(),
                right.name()
            ))
        };
        let (left, right) = match (has_no_type(left), has_no_type(right)) {
            (false, false) => (self.typed(left, receiver)?, self.typed(right, receiver)?),
            (true, false) => {
                let right = self.typed(right, receiver)?;
                let expr = self.receive(left, of_type(right.cql_type))?;
                let cql_type = right.cql_type;
                (Typed { expr, cql_type }, right)
            }
            (false, true) => {
                let left = self.typed(left, receiver)?;
                let expr = self.receive(right, of_type(left.cql_type))?;
                let cql_type = left.cql_type;
                (left, Typed { expr, cql_type })
            }
            (true, true) => return Err(ambiguous()),
        };
        binary(arithmetic_op(operator), operator, left, right)
    }

    /// How well a node suits a type, without compiling it.
    fn fit(&mut self, node: &Node<'_>, wanted: CqlType) -> Fit {
        match node.ungrouped() {
            Node::Literal(literal) if literal::own_type(literal) == wanted => Fit::Exact,
            Node::Literal(literal) if literal::fits(literal.kind, wanted) => Fit::Weak,
            Node::Literal(_) => Fit::No,
            Node::Null | Node::Marker(_) => Fit::Weak,
            Node::Negate(of) if is_untyped(of) => self.fit(of, wanted),
            other => match self.type_of(other) {
                Some(cql_type) if cql_type == wanted => Fit::Exact,
                Some(cql_type) if is_assignable(cql_type, wanted) => Fit::Weak,
                Some(_) => Fit::No,
                // It has an error of its own, which compiling it will tell.
                None => Fit::Weak,
            },
        }
    }

    /// The type of a node, leaving no trace in markers and slots.
    fn type_of(&self, node: &Node<'_>) -> Option<CqlType> {
        let mut markers = Markers::default();
        let mut trial = Compiler {
            table: self.table,
            markers: &mut markers,
            selection: self.selection.as_ref().map(|_| Selected::default()),
            inside_aggregate: self.inside_aggregate,
        };
        trial.typed(node, None).ok().map(|typed| typed.cql_type)
    }
}

fn binary(
    op: ArithmeticOp,
    operator: ArithmeticOperator,
    left: Typed,
    right: Typed,
) -> Result<Typed, RequestError> {
    let Some(cql_type) = arithmetic_type(op, left.cql_type, right.cql_type) else {
        return Err(invalid(format!(
            "the '{}' operation is not supported between {} and {}",
            operator.as_str(),
            left.cql_type,
            right.cql_type
        )));
    };
    Ok(Typed {
        expr: Expr::Binary {
            op,
            left: Box::new(left),
            right: Box::new(right),
        },
        cql_type,
    })
}

const fn arithmetic_op(operator: ArithmeticOperator) -> ArithmeticOp {
    match operator {
        ArithmeticOperator::Add => ArithmeticOp::Add,
        ArithmeticOperator::Subtract => ArithmeticOp::Subtract,
        ArithmeticOperator::Multiply => ArithmeticOp::Multiply,
        ArithmeticOperator::Divide => ArithmeticOp::Divide,
        ArithmeticOperator::Remainder => ArithmeticOp::Remainder,
    }
}

/// Whether only a receiver can give it a type.
fn has_no_type(node: &Node<'_>) -> bool {
    match node.ungrouped() {
        Node::Null | Node::Marker(_) => true,
        Node::Negate(of) => has_no_type(of),
        _ => false,
    }
}

/// Whether a receiver may choose its type: literals, markers, and arithmetic of those.
fn is_untyped(node: &Node<'_>) -> bool {
    match node.ungrouped() {
        Node::Literal(_) | Node::Null | Node::Marker(_) => true,
        Node::Negate(of) => is_untyped(of),
        Node::Binary { left, right, .. } => is_untyped(left) && is_untyped(right),
        _ => false,
    }
}

/// Whether every value of `from` is, byte for byte, the same value of `to`.
pub(crate) fn is_assignable(from: CqlType, to: CqlType) -> bool {
    from == to
        || to == CqlType::Blob
        || matches!(
            (from, to),
            (CqlType::Ascii, CqlType::Text)
                | (CqlType::Timeuuid, CqlType::Uuid)
                | (CqlType::Timestamp | CqlType::Counter, CqlType::Bigint)
                | (CqlType::Bigint, CqlType::Timestamp)
        )
}

fn cannot_assign(node: &Node<'_>, typed: &Typed, receiver: Receiver<'_>) -> RequestError {
    let what = match node.ungrouped() {
        Node::Call { name, .. } => {
            let keyspace = name.keyspace.as_deref().unwrap_or("system");
            format!("result of function {keyspace}.{}", name.name)
        }
        Node::Binary { .. } | Node::Negate(_) => format!("result of operation {}", node.name()),
        _ => {
            return invalid(format!(
                "Cannot assign value {} to {} of type {}",
                node.name(),
                receiver.name,
                receiver.cql_type
            ));
        }
    };
    invalid(format!(
        "Type error: cannot assign {what} (type {}) to {} (type {})",
        typed.cql_type, receiver.name, receiver.cql_type
    ))
}

fn cannot_infer(node: &Node<'_>) -> RequestError {
    invalid(format!(
        "Cannot infer type for term {} in selection clause (try using a cast to force a type)",
        node.name()
    ))
}

pub(crate) fn undefined_column(name: &str, table: &TableSchema) -> RequestError {
    invalid(format!(
        "Undefined column name {name} in table {}",
        table.full_name()
    ))
}
