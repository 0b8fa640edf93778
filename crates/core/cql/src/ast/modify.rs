//! Writing: INSERT, UPDATE, DELETE and BATCH.

use super::BindMarker;
use super::InValues;
use super::Operator;
use super::QualifiedName;
use super::Relation;
use super::Term;

/// `USING TIMESTAMP t AND TTL t`; each an integer literal or a marker.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Using {
    /// TIMESTAMP, in microseconds.
    pub timestamp: Option<Term>,
    /// TTL, in seconds; never there for DELETE.
    pub ttl: Option<Term>,
}

/// `INSERT INTO …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insert {
    /// The table.
    pub table: QualifiedName,
    /// What is inserted.
    pub source: InsertSource,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// USING.
    pub using: Using,
}

/// Where an INSERT takes its values from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InsertSource {
    /// `(a, b) VALUES (t, u)`; neither list is empty, their lengths may differ.
    Values {
        /// The columns.
        columns: Vec<String>,
        /// Their values.
        values: Vec<Term>,
    },
    /// `JSON '…' [DEFAULT NULL|UNSET]`
    Json {
        /// The JSON text: a string literal or a marker.
        value: JsonValue,
        /// Whether columns left out stay as they are (UNSET) instead of becoming null.
        default_unset: bool,
    },
}

/// The JSON of an INSERT JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonValue {
    /// The text itself.
    Text(String),
    /// A marker for it.
    Marker(BindMarker),
}

/// `UPDATE …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The table.
    pub table: QualifiedName,
    /// USING.
    pub using: Using,
    /// SET, never empty.
    pub assignments: Vec<Assignment>,
    /// WHERE, never empty.
    pub where_clause: Vec<Relation>,
    /// IF.
    pub condition: Option<IfClause>,
}

/// One part of SET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assignment {
    /// `c = t`
    Set {
        /// The column.
        column: String,
        /// Its new value.
        value: Term,
    },
    /// `c = c + t` or `c += t`: counters, appending, adding to a set or map.
    Add {
        /// The column.
        column: String,
        /// What is added.
        value: Term,
    },
    /// `c = c - t` or `c -= t`
    Subtract {
        /// The column.
        column: String,
        /// What is taken away.
        value: Term,
    },
    /// `c = t + c`: prepending to a list.
    Prepend {
        /// The column.
        column: String,
        /// What is prepended.
        value: Term,
    },
    /// `c[k] = t`
    Element {
        /// The column.
        column: String,
        /// Map key or list index.
        key: Term,
        /// The element's new value.
        value: Term,
    },
    /// `c.field = t`
    Field {
        /// The column.
        column: String,
        /// The user type's field.
        field: String,
        /// The field's new value.
        value: Term,
    },
}

impl Assignment {
    /// The column that is changed.
    pub fn column(&self) -> &str {
        match self {
            Self::Set { column, .. }
            | Self::Add { column, .. }
            | Self::Subtract { column, .. }
            | Self::Prepend { column, .. }
            | Self::Element { column, .. }
            | Self::Field { column, .. } => column,
        }
    }
}

/// IF of an UPDATE or DELETE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfClause {
    /// `IF EXISTS`
    Exists,
    /// `IF a = 1 AND …`, never empty.
    Conditions(Vec<Condition>),
}

/// One condition of IF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What is looked at.
    pub target: Target,
    /// What must hold of it.
    pub test: ConditionTest,
}

/// What must hold of a condition's target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConditionTest {
    /// `= t`, `!= t`, `< t`, `CONTAINS t`, …; LIKE does not occur, CONTAINS only with whole columns.
    Compare {
        /// The operator.
        operator: Operator,
        /// The right side.
        value: Term,
    },
    /// `IN (…)` or `IN ?`
    In(InValues),
}

/// A column or a part of one: what DELETE deletes and IF compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `c`
    Column(String),
    /// `c[key]`
    Element {
        /// The column.
        column: String,
        /// Map key, set element or list index.
        key: Term,
    },
    /// `c.field`
    Field {
        /// The column.
        column: String,
        /// The user type's field.
        field: String,
    },
}

impl Target {
    /// The column it is or belongs to.
    pub fn column(&self) -> &str {
        match self {
            Self::Column(column) | Self::Element { column, .. } | Self::Field { column, .. } => {
                column
            }
        }
    }
}

/// `DELETE … FROM …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delete {
    /// What is deleted of the rows; empty means the rows themselves.
    pub targets: Vec<Target>,
    /// The table.
    pub table: QualifiedName,
    /// USING; only TIMESTAMP.
    pub using: Using,
    /// WHERE, never empty.
    pub where_clause: Vec<Relation>,
    /// IF.
    pub condition: Option<IfClause>,
}

/// `BEGIN … BATCH … APPLY BATCH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// LOGGED unless written otherwise.
    pub kind: BatchKind,
    /// USING of the whole batch; a TTL parses here and is refused later.
    pub using: Using,
    /// Its statements in the order written; may be empty.
    pub statements: Vec<Modification>,
}

/// How a batch promises to be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BatchKind {
    /// All or nothing.
    Logged,
    /// Each for itself.
    Unlogged,
    /// Counter updates, each for itself.
    Counter,
}

/// A statement that may stand in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Modification {
    /// `INSERT INTO …`
    Insert(Box<Insert>),
    /// `UPDATE …`
    Update(Box<Update>),
    /// `DELETE … FROM …`
    Delete(Box<Delete>),
}

impl Modification {
    /// The table it writes.
    pub fn table(&self) -> &QualifiedName {
        match self {
            Self::Insert(insert) => &insert.table,
            Self::Update(update) => &update.table,
            Self::Delete(delete) => &delete.table,
        }
    }
}
