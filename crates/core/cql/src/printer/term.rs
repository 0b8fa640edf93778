//! Terms, literals and types.

use super::Name;
use super::Pair;
use super::enclosed;
use super::entries;
use super::qualified;
use crate::ast::ArithmeticOperator;
use crate::ast::BindMarker;
use crate::ast::InValues;
use crate::ast::Literal;
use crate::ast::LiteralKind;
use crate::ast::NativeType;
use crate::ast::Operator;
use crate::ast::QualifiedName;
use crate::ast::Term;
use crate::ast::TypeName;
use crate::quote::quote_function;
use crate::quote::quote_string;
use crate::quote::quote_user_type;
use std::fmt;
use std::fmt::Display;
use std::fmt::Formatter;

/// The name of a function.
pub(super) struct FunctionName<'a>(pub(super) &'a QualifiedName);

impl Display for FunctionName<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        qualified(f, self.0, quote_function)
    }
}

/// The name of a user type.
pub(super) struct UserTypeName<'a>(pub(super) &'a QualifiedName);

impl Display for UserTypeName<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        qualified(f, self.0, quote_user_type)
    }
}

/// What follows a minus, with a space where without one the two would become a comment or a
/// negative number.
pub(super) struct Negated<'a, T>(pub(super) &'a T);

impl<T: Display> Display for Negated<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let operand = self.0.to_string();
        let clings = operand.starts_with(|first: char| first == '-' || first.is_ascii_digit())
            || is_unsigned_word(&operand);
        let space = if clings { " " } else { "" };
        write!(f, "-{space}{operand}")
    }
}

/// Whether text begins with a number that does not begin with a digit.
fn is_unsigned_word(text: &str) -> bool {
    ["NaN", "Infinity", "P"]
        .iter()
        .any(|word| text.starts_with(word))
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.kind {
            LiteralKind::String => f.write_str(&quote_string(&self.text)),
            LiteralKind::Integer
            | LiteralKind::Float
            | LiteralKind::Boolean
            | LiteralKind::Uuid
            | LiteralKind::Hex
            | LiteralKind::Duration => f.write_str(&self.text),
        }
    }
}

impl Display for BindMarker {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, ":{}", Name(name)),
            None => f.write_str("?"),
        }
    }
}

impl Display for ArithmeticOperator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Display for Operator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => write!(f, "{literal}"),
            Self::Null => f.write_str("NULL"),
            Self::Marker(marker) => write!(f, "{marker}"),
            Self::List(items) => enclosed(f, "[", items, "]"),
            Self::Set(items) => enclosed(f, "{", items, "}"),
            Self::Map(pairs) => enclosed(f, "{", &entries(pairs), "}"),
            Self::UserType(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(name, term)| (Name(name), term))
                    .collect();
                enclosed(f, "{", &entries(&fields), "}")
            }
            Self::Tuple(items) => enclosed(f, "(", items, ")"),
            Self::Function { name, arguments } => {
                write!(f, "{}", FunctionName(name))?;
                enclosed(f, "(", arguments, ")")
            }
            Self::TypeHint { type_name, term } => write!(f, "({type_name}){term}"),
            Self::Cast { term, target } => write!(f, "cast({term} as {target})"),
            Self::Negate(term) => write!(f, "{}", Negated(term.as_ref())),
            Self::Binary {
                left,
                operator,
                right,
            } => write!(f, "{left} {operator} {right}"),
        }
    }
}

impl Display for InValues {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(items) => enclosed(f, "(", items, ")"),
            Self::Marker(marker) => write!(f, "{marker}"),
        }
    }
}

impl Display for NativeType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Display for TypeName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native(native) => write!(f, "{native}"),
            Self::List(element) => write!(f, "list<{element}>"),
            Self::Set(element) => write!(f, "set<{element}>"),
            Self::Map(key, value) => write!(f, "map<{}>", Pair(key, ", ", value)),
            Self::Tuple(components) => enclosed(f, "tuple<", components, ">"),
            Self::Vector(element, dimensions) => write!(f, "vector<{element}, {dimensions}>"),
            Self::Frozen(inner) => write!(f, "frozen<{inner}>"),
            Self::User(name) => write!(f, "{}", UserTypeName(name)),
            Self::Custom(class) => f.write_str(&quote_string(class)),
        }
    }
}
