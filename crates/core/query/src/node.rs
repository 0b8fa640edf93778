//! Terms and selectors as one kind of tree: what may be written in a WHERE or VALUES and what may
//! be selected differ only in where columns are allowed.
//!
//! Decides nothing but names: how an expression is called in a result, and that collections,
//! tuples and user types are refused by name (**Q2**).

use crate::error::unsupported;
use crate::literal;
use quorate_cql::ast::ArithmeticOperator;
use quorate_cql::ast::BindMarker;
use quorate_cql::ast::CellMetadata;
use quorate_cql::ast::Literal;
use quorate_cql::ast::NativeType;
use quorate_cql::ast::QualifiedName;
use quorate_cql::ast::Selector;
use quorate_cql::ast::Term;
use quorate_cql::ast::TypeName;
use quorate_data::CqlType;
use quorate_types::RequestError;

/// A term or selector.
#[derive(Debug, Clone)]
pub(crate) enum Node<'a> {
    Literal(&'a Literal),
    Null,
    Marker(&'a BindMarker),
    Column(&'a str),
    CountRows,
    Call {
        name: &'a QualifiedName,
        arguments: Vec<Self>,
    },
    CellMetadata {
        kind: CellMetadata,
        of: Box<Self>,
    },
    Cast {
        of: Box<Self>,
        target: CqlType,
    },
    Hint {
        of: Box<Self>,
        cql_type: CqlType,
    },
    Negate(Box<Self>),
    Binary {
        left: Box<Self>,
        operator: ArithmeticOperator,
        right: Box<Self>,
    },
    /// Parentheses, kept for the name only.
    Group(Box<Self>),
}

/// The scalar type of a written type name; others are refused by name.
pub(crate) fn scalar_type(type_name: &TypeName) -> Result<CqlType, RequestError> {
    match type_name {
        TypeName::Native(native) => native_type(*native),
        TypeName::Frozen(_)
        | TypeName::List(_)
        | TypeName::Set(_)
        | TypeName::Map(..)
        | TypeName::Tuple(_)
        | TypeName::Vector(..)
        | TypeName::User(_)
        | TypeName::Custom(_) => Err(unsupported("type", type_name)),
    }
}

pub(crate) fn native_type(native: NativeType) -> Result<CqlType, RequestError> {
    CqlType::from_name(native.as_str()).ok_or_else(|| unsupported("type", native.as_str()))
}

impl<'a> Node<'a> {
    pub(crate) fn of_term(term: &'a Term) -> Result<Self, RequestError> {
        let boxed = |term: &'a Term| Self::of_term(term).map(Box::new);
        Ok(match term {
            Term::Literal(literal) => Self::Literal(literal),
            Term::Null => Self::Null,
            Term::Marker(marker) => Self::Marker(marker),
            Term::Tuple(parts) => match parts.as_slice() {
                [only] => Self::Group(boxed(only)?),
                _ => return Err(unsupported("value", format_args!("tuple {term}"))),
            },
            Term::Function { name, arguments } => Self::Call {
                name,
                arguments: arguments
                    .iter()
                    .map(Self::of_term)
                    .collect::<Result<_, _>>()?,
            },
            Term::TypeHint { type_name, term } => Self::Hint {
                of: boxed(term)?,
                cql_type: scalar_type(type_name)?,
            },
            Term::Cast { term, target } => Self::Cast {
                of: boxed(term)?,
                target: native_type(*target)?,
            },
            Term::Negate(term) => Self::Negate(boxed(term)?),
            Term::Binary {
                left,
                operator,
                right,
            } => Self::Binary {
                left: boxed(left)?,
                operator: *operator,
                right: boxed(right)?,
            },
            Term::List(_) => return Err(unsupported("value", format_args!("list {term}"))),
            Term::Set(_) => return Err(unsupported("value", format_args!("set {term}"))),
            Term::Map(_) => return Err(unsupported("value", format_args!("map {term}"))),
            Term::UserType(_) => {
                return Err(unsupported("value", format_args!("user type {term}")));
            }
        })
    }

    pub(crate) fn of_selector(selector: &'a Selector) -> Result<Self, RequestError> {
        let boxed = |selector: &'a Selector| Self::of_selector(selector).map(Box::new);
        Ok(match selector {
            Selector::Column(name) => Self::Column(name),
            Selector::Literal(literal) => Self::Literal(literal),
            Selector::Null => Self::Null,
            Selector::Marker(marker) => Self::Marker(marker),
            Selector::CountRows => Self::CountRows,
            Selector::Function { name, arguments } => Self::Call {
                name,
                arguments: arguments
                    .iter()
                    .map(Self::of_selector)
                    .collect::<Result<_, _>>()?,
            },
            Selector::CellMetadata { kind, of } => Self::CellMetadata {
                kind: *kind,
                of: boxed(of)?,
            },
            Selector::Cast { selector, target } => Self::Cast {
                of: boxed(selector)?,
                target: native_type(*target)?,
            },
            Selector::TypeHint {
                type_name,
                selector,
            } => Self::Hint {
                of: boxed(selector)?,
                cql_type: scalar_type(type_name)?,
            },
            Selector::Tuple(parts) => match parts.as_slice() {
                [only] => Self::Group(boxed(only)?),
                _ => return Err(unsupported("selection", format_args!("tuple {selector}"))),
            },
            Selector::Negate(selector) => Self::Negate(boxed(selector)?),
            Selector::Binary {
                left,
                operator,
                right,
            } => Self::Binary {
                left: boxed(left)?,
                operator: *operator,
                right: boxed(right)?,
            },
            Selector::List(_)
            | Selector::Set(_)
            | Selector::MapOrUserType(_)
            | Selector::Field { .. }
            | Selector::Element { .. }
            | Selector::Slice { .. } => return Err(unsupported("selection", selector)),
        })
    }

    /// How a result column that shows this is named (semantics 10.5).
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Literal(literal) => literal::shown(literal),
            Self::Null => "null".to_owned(),
            Self::Marker(marker) => marker
                .name
                .as_ref()
                .map_or_else(|| "?".to_owned(), |name| format!(":{name}")),
            Self::Column(name) => (*name).to_owned(),
            Self::CountRows => "count".to_owned(),
            Self::Call { name, arguments } => {
                let keyspace = name.keyspace.as_deref().unwrap_or("system");
                let arguments: Vec<String> = arguments.iter().map(Self::name).collect();
                format!("{keyspace}.{}({})", name.name, arguments.join(", "))
            }
            Self::CellMetadata { kind, of } => format!("{}({})", kind.as_str(), of.name()),
            Self::Cast { of, target } => format!("cast({} as {target})", of.name()),
            Self::Hint { of, cql_type } => format!("({cql_type}){}", of.name()),
            Self::Negate(of) => format!("-{}", of.name()),
            Self::Binary {
                left,
                operator,
                right,
            } => format!("{} {} {}", left.name(), operator.as_str(), right.name()),
            Self::Group(of) => format!("({})", of.name()),
        }
    }

    /// The node without the parentheses around it.
    pub(crate) fn ungrouped(&self) -> &Self {
        match self {
            Self::Group(of) => of.ungrouped(),
            _ => self,
        }
    }
}
