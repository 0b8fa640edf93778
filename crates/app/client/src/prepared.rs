//! Statements that the server has planned, and the token of what is bound to them.

use crate::ColumnSpec;
use crate::Values;
use bytes::Bytes;
use quorate_data::value::partition_key;
use quorate_types::Token;
use std::sync::Arc;

/// A statement that is planned once and run many times. Cheap to clone; valid for every node and
/// after restarts: a node that does not know it is told again, unseen.
#[derive(Debug, Clone)]
pub struct PreparedStatement {
    pub(crate) inner: Arc<Prepared>,
}

#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) id: Bytes,
    pub(crate) cql: String,
    /// What names without a keyspace meant when it was prepared.
    pub(crate) keyspace: String,
    pub(crate) markers: Vec<ColumnSpec>,
    pub(crate) result_columns: Vec<ColumnSpec>,
    /// Positions of the markers that make the partition key; empty when not all of it is bound.
    pub(crate) key_markers: Vec<usize>,
    pub(crate) idempotent: bool,
    pub(crate) reads: bool,
}

impl PreparedStatement {
    /// The id, the same on every node.
    pub fn id(&self) -> &[u8] {
        &self.inner.id
    }

    /// The text that was prepared.
    pub fn cql(&self) -> &str {
        &self.inner.cql
    }

    /// The values it wants.
    pub fn markers(&self) -> &[ColumnSpec] {
        &self.inner.markers
    }

    /// The columns it gives.
    pub fn result_columns(&self) -> &[ColumnSpec] {
        &self.inner.result_columns
    }

    /// Whether running it twice does no harm.
    pub fn is_idempotent(&self) -> bool {
        self.inner.idempotent
    }

    /// Whether it is a SELECT.
    pub fn reads(&self) -> bool {
        self.inner.reads
    }

    /// The keyspace of the table it is about; `None` for statements about none.
    pub fn keyspace(&self) -> Option<&str> {
        let columns = self.inner.markers.iter().chain(&self.inner.result_columns);
        columns
            .map(|column| column.keyspace.as_str())
            .find(|keyspace| !keyspace.is_empty())
    }

    /// The token of the partition that `values` name; `None` when they name none, or are wrong:
    /// then the server says so.
    pub fn token(&self, values: &Values) -> Option<Token> {
        if self.inner.key_markers.is_empty() {
            return None;
        }
        let components = self.inner.key_markers.iter().map(|position| {
            let marker = self.inner.markers.get(*position)?;
            let value = values.of_marker(*position, &marker.name)?;
            value.to_wire(marker.cql_type).ok().flatten()
        });
        let components: Vec<Bytes> = components.collect::<Option<_>>()?;
        let slices: Vec<&[u8]> = components.iter().map(Bytes::as_ref).collect();
        let key = partition_key(&slices).ok()?;
        Some(Token::of_key(&key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;
    use quorate_data::CqlType;

    fn statement(markers: &[(&str, CqlType)], key_markers: &[usize]) -> PreparedStatement {
        let markers = markers.iter().map(|(name, cql_type)| ColumnSpec {
            keyspace: "shop".to_owned(),
            table: "carts".to_owned(),
            name: (*name).to_owned(),
            cql_type: *cql_type,
        });
        PreparedStatement {
            inner: Arc::new(Prepared {
                id: Bytes::from_static(&[7; 16]),
                cql: String::new(),
                keyspace: String::new(),
                markers: markers.collect(),
                result_columns: Vec::new(),
                key_markers: key_markers.to_vec(),
                idempotent: true,
                reads: true,
            }),
        }
    }

    #[test]
    fn the_token_is_that_of_the_serialized_key() {
        let single = statement(&[("v", CqlType::Text), ("k", CqlType::Int)], &[1]);
        let values = Values::from(("x", 1));
        assert_eq!(
            single.token(&values),
            Some(Token::of_key(&[0, 0, 0, 1])),
            "one component is hashed bare"
        );
        let composite = statement(&[("b", CqlType::Text), ("a", CqlType::Int)], &[1, 0]);
        assert_eq!(
            composite.token(&Values::from(("x", 1))),
            Some(Token::of_key(&[0, 4, 0, 0, 0, 1, 0, 0, 1, b'x', 0])),
            "several are framed, in the key's order"
        );
        let named = Values::named([("k", Value::Integer(1)), ("v", Value::Null)]);
        assert_eq!(single.token(&named), single.token(&values));
    }

    #[test]
    fn a_key_that_is_not_bound_has_no_token() {
        let single = statement(&[("k", CqlType::Int)], &[0]);
        for values in [
            Values::from(()),
            Values::from((Value::Null,)),
            Values::from((Value::Unset,)),
            Values::from(("word",)),
        ] {
            assert_eq!(single.token(&values), None, "{values:?}");
        }
        let unbound = statement(&[("k", CqlType::Int)], &[]);
        assert_eq!(unbound.token(&Values::from((1,))), None);
    }
}
