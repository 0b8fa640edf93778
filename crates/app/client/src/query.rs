//! One statement as a program asks it, and how it is to be carried out.

use crate::Values;
use bytes::Bytes;
use quorate_types::ConsistencyLevel;
use std::time::Duration;

/// How one request is carried out. What is left out, the client's builder says, then the node.
///
/// ```
/// use quorate_client::{ConsistencyLevel, RequestOptions};
///
/// let options = RequestOptions {
///     consistency: Some(ConsistencyLevel::Quorum),
///     receipt: true,
///     ..RequestOptions::default()
/// };
/// assert!(options.page_size.is_none());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestOptions {
    /// How many replicas must answer.
    pub consistency: Option<ConsistencyLevel>,
    /// The level of a condition's Paxos.
    pub serial_consistency: Option<ConsistencyLevel>,
    /// Rows of a page.
    pub page_size: Option<u32>,
    /// Where the page before ended ([`QueryResult::paging_state`](crate::QueryResult)).
    pub paging_state: Option<Bytes>,
    /// The keyspace of names without one.
    pub keyspace: Option<String>,
    /// The write timestamp in microseconds, for statements that name none.
    pub timestamp: Option<i64>,
    /// Whether the answer shall carry a [`Receipt`](crate::Receipt).
    pub receipt: bool,
    /// Whether running it twice does no harm; `None`: SELECTs, and prepared statements that the
    /// server says are.
    pub idempotent: Option<bool>,
    /// How long to wait, repetitions included.
    pub timeout: Option<Duration>,
}

/// A statement as text, with its values and options.
///
/// ```
/// use quorate_client::{Query, RequestOptions};
///
/// let query = Query::new("SELECT * FROM shop.carts WHERE user = ?")
///     .bind(("ada",))
///     .options(RequestOptions { page_size: Some(100), ..Default::default() });
/// # let _ = query;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    pub(crate) cql: String,
    pub(crate) values: Values,
    pub(crate) options: RequestOptions,
}

impl Query {
    /// Without values, with the client's options.
    pub fn new(cql: impl Into<String>) -> Self {
        Self {
            cql: cql.into(),
            values: Values::default(),
            options: RequestOptions::default(),
        }
    }

    /// Binds the markers.
    #[must_use]
    pub fn bind(mut self, values: impl Into<Values>) -> Self {
        self.values = values.into();
        self
    }

    /// Sets how it is carried out.
    #[must_use]
    pub fn options(mut self, options: RequestOptions) -> Self {
        self.options = options;
        self
    }
}

impl From<&str> for Query {
    fn from(cql: &str) -> Self {
        Self::new(cql)
    }
}

impl From<String> for Query {
    fn from(cql: String) -> Self {
        Self::new(cql)
    }
}

/// Whether a statement's text begins with SELECT, after blanks and comments. Only such text is
/// known to be harmless without asking the server.
pub(crate) fn is_select(cql: &str) -> bool {
    let mut rest = cql.trim_start();
    loop {
        let after = if let Some(line) = rest.strip_prefix("--").or(rest.strip_prefix("//")) {
            line.split_once('\n').map(|(_, after)| after)
        } else if let Some(block) = rest.strip_prefix("/*") {
            block.split_once("*/").map(|(_, after)| after)
        } else {
            break;
        };
        rest = after.unwrap_or_default().trim_start();
    }
    let word = rest
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .next();
    word.is_some_and(|word| word.eq_ignore_ascii_case("select"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_that_begins_with_select_reads() {
        for reads in [
            "SELECT * FROM t",
            "  select count(*) from t",
            "-- all of them\nSELECT\n* FROM t",
            "/* one */ // two\n select(a) from t",
        ] {
            assert!(is_select(reads), "{reads}");
        }
        for other in [
            "",
            "INSERT INTO selects (a) VALUES (1)",
            "selection",
            "-- SELECT",
            "/* SELECT",
            "BEGIN BATCH",
        ] {
            assert!(!is_select(other), "{other}");
        }
    }
}
