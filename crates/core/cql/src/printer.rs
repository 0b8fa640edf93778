//! A syntax tree back to CQL: `Display` for every node, in one canonical spelling.
//!
//! Keywords are upper case, functions and types lower case, names quoted only where they must
//! be, optional words that change nothing left out. Where DESCRIBE writes several lines, `{:#}`
//! does. What a parser cannot produce still prints as something with the same meaning, or, for
//! lists that are never empty, as something that does not parse.
//!
//! # Invariants
//!
//! * **Q1** What was parsed prints to text that parses to an equal tree.
//! * **Q2** Markers print in the order of their numbers, so they are numbered the same again.

mod access;
mod modify;
mod schema;
mod select;
mod statement;
mod term;

use crate::ast::QualifiedName;
use crate::quote::quote_identifier;
use std::fmt;
use std::fmt::Display;
use std::fmt::Formatter;

/// Items with a separator between them.
fn separated<T: Display>(f: &mut Formatter<'_>, items: &[T], separator: &str) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

/// `open a, b close`.
fn enclosed<T: Display>(
    f: &mut Formatter<'_>,
    open: &str,
    items: &[T],
    close: &str,
) -> fmt::Result {
    f.write_str(open)?;
    separated(f, items, ", ")?;
    f.write_str(close)
}

/// A name that quotes itself.
struct Name<'a>(&'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&quote_identifier(self.0))
    }
}

/// Names that quote themselves.
fn names(names: &[String]) -> Vec<Name<'_>> {
    names.iter().map(|name| Name(name)).collect()
}

/// Two things with something between.
struct Pair<'a, A, B>(&'a A, &'static str, &'a B);

impl<A: Display, B: Display> Display for Pair<'_, A, B> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.0, self.1, self.2)
    }
}

/// `k: v` pairs.
fn entries<A, B>(pairs: &[(A, B)]) -> Vec<Pair<'_, A, B>> {
    pairs
        .iter()
        .map(|(key, value)| Pair(key, ": ", value))
        .collect()
}

/// A word that is there or not, with a space before it.
fn optional(present: bool, words: &'static str) -> &'static str {
    if present { words } else { "" }
}

/// A qualified name whose last part is quoted by `quote`.
fn qualified(
    f: &mut Formatter<'_>,
    name: &QualifiedName,
    quote: fn(&str) -> String,
) -> fmt::Result {
    if let Some(keyspace) = &name.keyspace {
        write!(f, "{}.", Name(keyspace))?;
    }
    f.write_str(&quote(&name.name))
}

impl Display for QualifiedName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        qualified(f, self, quote_identifier)
    }
}

#[cfg(test)]
mod tests;
