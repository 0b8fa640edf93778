//! SELECT, selectors, relations.

use super::Name;
use super::enclosed;
use super::entries;
use super::names;
use super::optional;
use super::separated;
use super::term::FunctionName;
use super::term::Negated;
use crate::ast::Direction;
use crate::ast::LiteralKind;
use crate::ast::NativeType;
use crate::ast::Ordering;
use crate::ast::Relation;
use crate::ast::Select;
use crate::ast::SelectItem;
use crate::ast::Selection;
use crate::ast::Selector;
use std::fmt;
use std::fmt::Display;
use std::fmt::Formatter;

impl Display for Select {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let json = optional(self.json, " JSON");
        let distinct = optional(self.distinct, " DISTINCT");
        let selection = modifier_quoted(self.selection.to_string());
        write!(f, "SELECT{json}{distinct} {selection} FROM {}", self.table)?;
        where_clause(f, &self.where_clause)?;
        if !self.group_by.is_empty() {
            enclosed(f, " GROUP BY ", &self.group_by, "")?;
        }
        if !self.order_by.is_empty() {
            enclosed(f, " ORDER BY ", &self.order_by, "")?;
        }
        if let Some(limit) = &self.per_partition_limit {
            write!(f, " PER PARTITION LIMIT {limit}")?;
        }
        if let Some(limit) = &self.limit {
            write!(f, " LIMIT {limit}")?;
        }
        f.write_str(optional(self.allow_filtering, " ALLOW FILTERING"))
    }
}

/// A selection that begins with a column called `json` or `distinct` would be read as the
/// modifier; in quotes it is not.
fn modifier_quoted(selection: String) -> String {
    for word in ["json", "distinct"] {
        let continues = |next: char| next.is_ascii_alphanumeric() || next == '_';
        if let Some(rest) = selection.strip_prefix(word)
            && !rest.starts_with(continues)
        {
            return format!("\"{word}\"{rest}");
        }
    }
    selection
}

/// ` WHERE a AND b`, when there is one.
pub(super) fn where_clause(f: &mut Formatter<'_>, relations: &[Relation]) -> fmt::Result {
    if relations.is_empty() {
        return Ok(());
    }
    f.write_str(" WHERE ")?;
    separated(f, relations, " AND ")
}

impl Display for Selection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Items(items) => separated(f, items, ", "),
        }
    }
}

impl Display for SelectItem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.alias {
            Some(alias) => write!(f, "{} AS {}", self.selector, Name(alias)),
            None => write!(f, "{}", self.selector),
        }
    }
}

impl Display for Selector {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(column) => write!(f, "{}", Name(column)),
            Self::Literal(literal) => write!(f, "{literal}"),
            Self::Null => f.write_str("NULL"),
            Self::Marker(marker) => write!(f, "{marker}"),
            Self::CountRows => f.write_str("count(*)"),
            Self::Function { name, arguments } => {
                write!(f, "{}", FunctionName(name))?;
                enclosed(f, "(", arguments, ")")
            }
            Self::CellMetadata { kind, of } => write!(f, "{}({of})", kind.as_str()),
            Self::Cast { selector, target } => write!(f, "cast({selector} as {target})"),
            Self::TypeHint {
                type_name,
                selector,
            } => write!(f, "({type_name}){selector}"),
            Self::List(items) => enclosed(f, "[", items, "]"),
            Self::Set(items) => enclosed(f, "{", items, "}"),
            Self::MapOrUserType(pairs) => enclosed(f, "{", &entries(pairs), "}"),
            Self::Tuple(items) => match items.as_slice() {
                // `(int)[1]` would be a list of ints; `("int")[1]` is an element of a column.
                [Self::Column(column)] if NativeType::from_name(column).is_some() => {
                    write!(f, "(\"{column}\")")
                }
                items => enclosed(f, "(", items, ")"),
            },
            Self::Field { of, field } => {
                // `1.f` would begin with a float.
                let space = optional(ends_in_number(of), " ");
                write!(f, "{of}{space}.{}", Name(field))
            }
            Self::Element { of, key } => write!(f, "{of}[{key}]"),
            Self::Slice { of, from, to } => {
                write!(f, "{of}[")?;
                if let Some(from) = from {
                    // `1...2` would be read as a float; a space keeps them apart.
                    let from = from.to_string();
                    let space = if from.ends_with('.') { " " } else { "" };
                    write!(f, "{from}{space}")?;
                }
                f.write_str("..")?;
                if let Some(to) = to {
                    write!(f, "{to}")?;
                }
                f.write_str("]")
            }
            Self::Negate(selector) => write!(f, "{}", Negated(selector.as_ref())),
            Self::Binary {
                left,
                operator,
                right,
            } => write!(f, "{left} {operator} {right}"),
        }
    }
}

/// Whether a selector prints with a number at its end.
fn ends_in_number(selector: &Selector) -> bool {
    match selector {
        Selector::Literal(literal) => {
            matches!(literal.kind, LiteralKind::Integer | LiteralKind::Float)
        }
        Selector::TypeHint { selector, .. } => ends_in_number(selector),
        _ => false,
    }
}

impl Display for Relation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column {
                column,
                operator,
                value,
            } => {
                write!(f, "{} {operator} {value}", Name(column))
            }
            Self::In { column, values } => write!(f, "{} IN {values}", Name(column)),
            Self::IsNotNull { column } => write!(f, "{} IS NOT NULL", Name(column)),
            Self::Element {
                column,
                key,
                operator,
                value,
            } => {
                write!(f, "{}[{key}] {operator} {value}", Name(column))
            }
            Self::Columns {
                columns,
                operator,
                value,
            } => {
                enclosed(f, "(", &names(columns), ")")?;
                write!(f, " {operator} {value}")
            }
            Self::ColumnsIn { columns, values } => {
                enclosed(f, "(", &names(columns), ")")?;
                write!(f, " IN {values}")
            }
            Self::Token {
                columns,
                operator,
                value,
            } => {
                enclosed(f, "token(", &names(columns), ")")?;
                write!(f, " {operator} {value}")
            }
            Self::CustomIndex { index, value } => write!(f, "expr({index}, {value})"),
        }
    }
}

impl Display for Ordering {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Name(&self.column))?;
        if let Some(term) = &self.ann_of {
            write!(f, " ANN OF {term}")?;
        }
        f.write_str(optional(self.direction == Direction::Descending, " DESC"))
    }
}

impl Display for Direction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
