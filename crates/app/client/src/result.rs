//! What an execution gave: rows with their columns, or what has changed.

use crate::ClientError;
use crate::FromValue;
use crate::Receipt;
use crate::Value;
use bytes::Bytes;
use quorate_data::CqlType;
use std::sync::Arc;

/// A column of a result, or a marker of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnSpec {
    /// The table's keyspace; empty for columns of none.
    pub keyspace: String,
    /// The table; empty for columns of none.
    pub table: String,
    /// The column's name, or the selector's text.
    pub name: String,
    /// The type of its values.
    pub cql_type: CqlType,
}

/// A change of the schema that a statement made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaChange {
    /// CREATED, UPDATED or DROPPED.
    pub change: String,
    /// The keyspace.
    pub keyspace: String,
    /// The table; `None` when the keyspace itself changed.
    pub table: Option<String>,
    /// The epoch that has the change.
    pub epoch: u64,
}

/// The answer to one request: for a SELECT, one page of rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueryResult {
    /// The columns of the rows; none unless the statement gives rows.
    pub columns: Vec<ColumnSpec>,
    /// The rows of this page.
    pub rows: Vec<Row>,
    /// Set when more rows follow: give it back in the options for the next page.
    pub paging_state: Option<Bytes>,
    /// What the server wants known besides.
    pub warnings: Vec<String>,
    /// What was asked of whom, when the options wanted it.
    pub receipt: Option<Receipt>,
    /// After USE: the keyspace that is now meant.
    pub keyspace_changed: Option<String>,
    /// After CREATE, ALTER and DROP.
    pub schema_change: Option<SchemaChange>,
}

impl QueryResult {
    /// The first row, if there is one.
    pub fn first(&self) -> Option<&Row> {
        self.rows.first()
    }

    /// The first column of the first row: what `SELECT count(*)` gives.
    ///
    /// # Errors
    /// [`ClientError::InvalidArgument`] when there is no row, or its value is of another type.
    pub fn single<T: FromValue>(&self) -> Result<T, ClientError> {
        let row = self.rows.first();
        row.ok_or_else(|| ClientError::InvalidArgument("expected a row, got none".to_owned()))?
            .get(0)
    }
}

/// One row.
///
/// ```
/// # fn read(row: &quorate_client::Row) -> Result<(), quorate_client::ClientError> {
/// let user: String = row.get("user")?;
/// let count: Option<i32> = row.get(1)?;
/// # let _ = (user, count);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    columns: Arc<[ColumnSpec]>,
    values: Vec<Value>,
}

impl Row {
    /// A row of these columns; values that lack are null.
    pub fn new(columns: Arc<[ColumnSpec]>, mut values: Vec<Value>) -> Self {
        values.resize(columns.len(), Value::Null);
        Self { columns, values }
    }

    /// The values, in the columns' order.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The columns.
    pub fn columns(&self) -> &[ColumnSpec] {
        &self.columns
    }

    /// How many values it has.
    pub const fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value of a column, by position or name, as a Rust type.
    ///
    /// # Errors
    /// [`ClientError::InvalidArgument`] when there is no such column, or its value is null or of
    /// another type.
    pub fn get<T: FromValue>(&self, column: impl ColumnIndex) -> Result<T, ClientError> {
        let (spec, value) = self.find(column)?;
        T::from_value(value, spec.cql_type).map_err(|error| {
            ClientError::InvalidArgument(format!("column '{}': {error}", spec.name))
        })
    }

    /// The value as the shell prints it; `None` for null.
    ///
    /// # Errors
    /// [`ClientError::InvalidArgument`] when there is no such column.
    pub fn text(&self, column: impl ColumnIndex) -> Result<Option<String>, ClientError> {
        let (spec, value) = self.find(column)?;
        Ok(value.to_text(spec.cql_type))
    }

    /// The value in CQL's wire encoding; `None` for null.
    ///
    /// # Errors
    /// [`ClientError::InvalidArgument`] when there is no such column.
    pub fn wire(&self, column: impl ColumnIndex) -> Result<Option<Bytes>, ClientError> {
        let (spec, value) = self.find(column)?;
        match (value.to_wire(spec.cql_type), value) {
            (Ok(wire), _) => Ok(wire),
            // Damage travels as it is.
            (Err(_), Value::Wire(bytes)) => Ok(Some(bytes.clone())),
            (Err(error), _) => Err(ClientError::InvalidArgument(error.to_string())),
        }
    }

    fn find(&self, column: impl ColumnIndex) -> Result<(&ColumnSpec, &Value), ClientError> {
        let position = column.position(&self.columns);
        position
            .and_then(|position| self.columns.get(position).zip(self.values.get(position)))
            .ok_or_else(|| {
                ClientError::InvalidArgument(format!("the result has no column {}", column.shown()))
            })
    }
}

/// What names a column of a row: its position or its name.
pub trait ColumnIndex: Copy {
    /// Where it is.
    fn position(self, columns: &[ColumnSpec]) -> Option<usize>;
    /// As errors show it.
    fn shown(self) -> String;
}

impl ColumnIndex for usize {
    fn position(self, columns: &[ColumnSpec]) -> Option<usize> {
        (self < columns.len()).then_some(self)
    }

    fn shown(self) -> String {
        self.to_string()
    }
}

impl ColumnIndex for &str {
    fn position(self, columns: &[ColumnSpec]) -> Option<usize> {
        columns.iter().position(|column| column.name == self)
    }

    fn shown(self) -> String {
        format!("'{self}'")
    }
}

impl ColumnIndex for &String {
    fn position(self, columns: &[ColumnSpec]) -> Option<usize> {
        self.as_str().position(columns)
    }

    fn shown(self) -> String {
        self.as_str().shown()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        let columns = [
            ("k", CqlType::Int),
            ("v", CqlType::Text),
            ("d", CqlType::Date),
        ];
        let columns = columns.map(|(name, cql_type)| ColumnSpec {
            keyspace: "shop".to_owned(),
            table: "carts".to_owned(),
            name: name.to_owned(),
            cql_type,
        });
        let date = Value::Wire(Bytes::from_static(&[0x80, 0, 0, 0]));
        Row::new(columns.into(), vec![7.into(), Value::Null, date])
    }

    #[test]
    fn a_column_is_found_by_position_and_by_name() {
        let row = row();
        assert_eq!(row.get::<i32>(0).unwrap(), 7);
        assert_eq!(row.get::<i64>("k").unwrap(), 7);
        assert_eq!(row.get::<Option<String>>("v").unwrap(), None);
        assert_eq!(row.text("d").unwrap().as_deref(), Some("1970-01-01"));
        assert_eq!(row.wire("k").unwrap().unwrap().as_ref(), [0, 0, 0, 7]);
    }

    #[test]
    fn a_wrong_column_or_type_is_named() {
        let message = |error: ClientError| error.to_string();
        assert_eq!(
            message(row().get::<i32>("x").unwrap_err()),
            "the result has no column 'x'"
        );
        assert_eq!(
            message(row().get::<i32>(9).unwrap_err()),
            "the result has no column 9"
        );
        assert_eq!(
            message(row().get::<String>("v").unwrap_err()),
            "column 'v': expected text, got null"
        );
        assert_eq!(
            message(row().get::<bool>("k").unwrap_err()),
            "column 'k': expected a boolean, got a value of type int"
        );
    }
}
