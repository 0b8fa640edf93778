//! INSERT, UPDATE, DELETE, BATCH.

use super::Name;
use super::enclosed;
use super::names;
use super::optional;
use super::select::where_clause;
use super::separated;
use crate::ast::Assignment;
use crate::ast::Batch;
use crate::ast::BatchKind;
use crate::ast::Condition;
use crate::ast::ConditionTest;
use crate::ast::Delete;
use crate::ast::IfClause;
use crate::ast::Insert;
use crate::ast::InsertSource;
use crate::ast::JsonValue;
use crate::ast::Modification;
use crate::ast::Target;
use crate::ast::Term;
use crate::ast::Update;
use crate::ast::Using;
use crate::quote::quote_string;
use std::fmt;
use std::fmt::Display;
use std::fmt::Formatter;

impl Display for Insert {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "INSERT INTO {} {}", self.table, self.source)?;
        f.write_str(optional(self.if_not_exists, " IF NOT EXISTS"))?;
        write!(f, "{}", self.using)
    }
}

impl Display for InsertSource {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values { columns, values } => {
                enclosed(f, "(", &names(columns), ")")?;
                enclosed(f, " VALUES (", values, ")")
            }
            Self::Json {
                value,
                default_unset,
            } => {
                write!(
                    f,
                    "JSON {value}{}",
                    optional(*default_unset, " DEFAULT UNSET")
                )
            }
        }
    }
}

impl Display for JsonValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quote_string(text)),
            Self::Marker(marker) => write!(f, "{marker}"),
        }
    }
}

/// With a space before it when there is anything.
impl Display for Using {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut options = Vec::new();
        options.extend(self.timestamp.as_ref().map(|term| ("TIMESTAMP", term)));
        options.extend(self.ttl.as_ref().map(|term| ("TTL", term)));
        let index = |term: &Term| match term {
            Term::Marker(marker) => Some(marker.index),
            _ => None,
        };
        // Q2: two markers keep the order they were written in.
        if let (Some(timestamp), Some(ttl)) = (&self.timestamp, &self.ttl)
            && let (Some(timestamp), Some(ttl)) = (index(timestamp), index(ttl))
            && ttl < timestamp
        {
            options.reverse();
        }
        for (position, (word, term)) in options.into_iter().enumerate() {
            write!(
                f,
                "{}{word} {term}",
                if position == 0 { " USING " } else { " AND " }
            )?;
        }
        Ok(())
    }
}

impl Display for Update {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "UPDATE {}{} SET ", self.table, self.using)?;
        separated(f, &self.assignments, ", ")?;
        where_clause(f, &self.where_clause)?;
        if_clause(f, self.condition.as_ref())
    }
}

impl Display for Assignment {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let column = Name(self.column());
        match self {
            Self::Set { value, .. } => write!(f, "{column} = {value}"),
            Self::Add { value, .. } => write!(f, "{column} = {column} + {value}"),
            Self::Subtract { value, .. } => write!(f, "{column} = {column} - {value}"),
            Self::Prepend { value, .. } => write!(f, "{column} = {value} + {column}"),
            Self::Element { key, value, .. } => write!(f, "{column}[{key}] = {value}"),
            Self::Field { field, value, .. } => write!(f, "{column}.{} = {value}", Name(field)),
        }
    }
}

fn if_clause(f: &mut Formatter<'_>, clause: Option<&IfClause>) -> fmt::Result {
    match clause {
        None => Ok(()),
        Some(clause) => write!(f, " {clause}"),
    }
}

impl Display for IfClause {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists => f.write_str("IF EXISTS"),
            Self::Conditions(conditions) => {
                f.write_str("IF ")?;
                separated(f, conditions, " AND ")
            }
        }
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.test {
            ConditionTest::Compare { operator, value } => {
                write!(f, "{} {operator} {value}", self.target)
            }
            ConditionTest::In(values) => write!(f, "{} IN {values}", self.target),
        }
    }
}

impl Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let column = Name(self.column());
        match self {
            Self::Column(_) => write!(f, "{column}"),
            Self::Element { key, .. } => write!(f, "{column}[{key}]"),
            Self::Field { field, .. } => write!(f, "{column}.{}", Name(field)),
        }
    }
}

impl Display for Delete {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("DELETE ")?;
        if !self.targets.is_empty() {
            separated(f, &self.targets, ", ")?;
            f.write_str(" ")?;
        }
        write!(f, "FROM {}{}", self.table, self.using)?;
        where_clause(f, &self.where_clause)?;
        if_clause(f, self.condition.as_ref())
    }
}

impl Display for Batch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            BatchKind::Logged => "",
            BatchKind::Unlogged => "UNLOGGED ",
            BatchKind::Counter => "COUNTER ",
        };
        write!(f, "BEGIN {kind}BATCH{}", self.using)?;
        let space = if f.alternate() { "\n    " } else { " " };
        for statement in &self.statements {
            write!(f, "{space}{statement};")?;
        }
        let space = if f.alternate() { "\n" } else { " " };
        write!(f, "{space}APPLY BATCH")
    }
}

impl Display for Modification {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Insert(insert) => write!(f, "{insert}"),
            Self::Update(update) => write!(f, "{update}"),
            Self::Delete(delete) => write!(f, "{delete}"),
        }
    }
}
