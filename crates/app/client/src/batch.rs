//! Several modifications that travel, and happen, together.

use crate::PreparedStatement;
use crate::RequestOptions;
use crate::Value;
use crate::Values;

/// INSERTs, UPDATEs and DELETEs as one request.
///
/// A logged batch happens wholly, if it happens, even when nodes fail half way; an unlogged one
/// only saves round trips.
///
/// ```no_run
/// # async fn run(client: quorate_client::Client) -> Result<(), quorate_client::ClientError> {
/// use quorate_client::Batch;
///
/// let batch = Batch::logged()
///     .statement("INSERT INTO shop.carts (user, item, count) VALUES (?, ?, ?)", ("ada", "tea", 2))
///     .statement("DELETE FROM shop.wishes WHERE user = ? AND item = ?", ("ada", "tea"));
/// client.batch(batch).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Batch {
    pub(crate) logged: bool,
    pub(crate) entries: Vec<Entry>,
    pub(crate) options: RequestOptions,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) statement: Statement,
    pub(crate) values: Values,
}

#[derive(Debug, Clone)]
pub(crate) enum Statement {
    Text(String),
    Prepared(PreparedStatement),
}

impl Batch {
    /// All or nothing.
    pub fn logged() -> Self {
        Self {
            logged: true,
            entries: Vec::new(),
            options: RequestOptions::default(),
        }
    }

    /// Each for itself.
    pub fn unlogged() -> Self {
        Self {
            logged: false,
            ..Self::logged()
        }
    }

    /// Adds a statement as text; its values go by position.
    #[must_use]
    pub fn statement(mut self, cql: impl Into<String>, values: impl Into<Values>) -> Self {
        self.entries.push(Entry {
            statement: Statement::Text(cql.into()),
            values: values.into(),
        });
        self
    }

    /// Adds a prepared statement.
    #[must_use]
    pub fn prepared(mut self, statement: &PreparedStatement, values: impl Into<Values>) -> Self {
        self.push_prepared(statement, values);
        self
    }

    /// Adds a prepared statement, in a loop.
    pub fn push_prepared(&mut self, statement: &PreparedStatement, values: impl Into<Values>) {
        self.entries.push(Entry {
            statement: Statement::Prepared(statement.clone()),
            values: values.into(),
        });
    }

    /// Sets how it is carried out.
    #[must_use]
    pub fn options(mut self, options: RequestOptions) -> Self {
        self.options = options;
        self
    }

    /// How many statements it has.
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether running it twice does no harm, as far as the statements tell.
    pub(crate) fn is_idempotent(&self) -> bool {
        self.options.idempotent.unwrap_or_else(|| {
            self.entries.iter().all(|entry| match &entry.statement {
                Statement::Text(_) => false,
                Statement::Prepared(statement) => statement.is_idempotent(),
            })
        })
    }
}

impl Entry {
    /// The values by position: a batch has no names on the wire.
    pub(crate) fn positional(&self) -> Result<Vec<Value>, String> {
        match (&self.values, &self.statement) {
            (Values::Positional(values), _) => Ok(values.clone()),
            (Values::Named(_), Statement::Text(_)) => {
                Err("values by name need a prepared statement in a batch".to_owned())
            }
            (Values::Named(_), Statement::Prepared(statement)) => statement
                .markers()
                .iter()
                .enumerate()
                .map(|(position, marker)| {
                    self.values
                        .of_marker(position, &marker.name)
                        .cloned()
                        .ok_or_else(|| format!("no value for the marker '{}'", marker.name))
                })
                .collect(),
        }
    }
}
