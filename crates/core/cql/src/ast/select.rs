//! Reading: SELECT, its selectors and its WHERE, which UPDATE and DELETE share.

use super::ArithmeticOperator;
use super::BindMarker;
use super::InValues;
use super::Literal;
use super::NativeType;
use super::Operator;
use super::QualifiedName;
use super::Term;
use super::TypeName;

/// `SELECT …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    /// Whether rows come back as one JSON text each.
    pub json: bool,
    /// Whether only distinct partitions are wanted.
    pub distinct: bool,
    /// What is selected.
    pub selection: Selection,
    /// FROM.
    pub table: QualifiedName,
    /// WHERE, its relations joined by AND; empty when there is none.
    pub where_clause: Vec<Relation>,
    /// GROUP BY; columns, or functions of one.
    pub group_by: Vec<Selector>,
    /// ORDER BY.
    pub order_by: Vec<Ordering>,
    /// PER PARTITION LIMIT: an integer literal or a marker.
    pub per_partition_limit: Option<Term>,
    /// LIMIT: an integer literal or a marker.
    pub limit: Option<Term>,
    /// ALLOW FILTERING.
    pub allow_filtering: bool,
}

/// What follows SELECT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// `*`
    All,
    /// A list of selectors, never empty.
    Items(Vec<SelectItem>),
}

/// One selected expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectItem {
    /// What is computed.
    pub selector: Selector,
    /// `AS alias`.
    pub alias: Option<String>,
}

/// An expression over the columns of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// A column.
    Column(String),
    /// A constant.
    Literal(Literal),
    /// `null`
    Null,
    /// `?` or `:name`
    Marker(BindMarker),
    /// `count(*)`
    CountRows,
    /// `f(a, b)`, also `token(…)` and `count(c)`.
    Function {
        /// The function; without a keyspace it is a native one or the session keyspace's.
        name: QualifiedName,
        /// Its arguments.
        arguments: Vec<Selector>,
    },
    /// `writetime(c)`, `maxwritetime(c)` or `ttl(c)`.
    CellMetadata {
        /// Which of them.
        kind: CellMetadata,
        /// A column, or an element, slice or field of one.
        of: Box<Selector>,
    },
    /// `CAST(s AS int)`
    Cast {
        /// What is converted.
        selector: Box<Selector>,
        /// The type wanted.
        target: NativeType,
    },
    /// `(int)s`: says which type is meant, converts nothing.
    TypeHint {
        /// The type meant.
        type_name: TypeName,
        /// The selector.
        selector: Box<Selector>,
    },
    /// `[a, b]`: a list or vector.
    List(Vec<Selector>),
    /// `{a, b}`; `{}` is this too.
    Set(Vec<Selector>),
    /// `{k: v, …}`, never empty: a map, or a user type when its keys are bare names
    /// (then they are [`Selector::Column`]s).
    MapOrUserType(Vec<(Selector, Selector)>),
    /// `(a, b)`, never empty. With one component it is either a tuple of one or a selector in
    /// parentheses.
    Tuple(Vec<Selector>),
    /// `s.field`
    Field {
        /// A user type value.
        of: Box<Selector>,
        /// Its field.
        field: String,
    },
    /// `s[key]`
    Element {
        /// A collection.
        of: Box<Selector>,
        /// Map key, set element or list index.
        key: Term,
    },
    /// `s[from..to]`
    Slice {
        /// A set or map.
        of: Box<Selector>,
        /// First key, inclusive; at least one bound is there.
        from: Option<Term>,
        /// Last key, inclusive.
        to: Option<Term>,
    },
    /// `-s`
    Negate(Box<Selector>),
    /// `a + b` and the like, left-associative; parentheses appear as a [`Selector::Tuple`] of one.
    Binary {
        /// Left operand.
        left: Box<Selector>,
        /// The operator.
        operator: ArithmeticOperator,
        /// Right operand.
        right: Box<Selector>,
    },
}

/// What can be asked about a cell besides its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CellMetadata {
    /// `writetime`
    WriteTime,
    /// `maxwritetime`
    MaxWriteTime,
    /// `ttl`
    Ttl,
}

impl CellMetadata {
    /// The function's name, lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WriteTime => "writetime",
            Self::MaxWriteTime => "maxwritetime",
            Self::Ttl => "ttl",
        }
    }
}

/// One relation of WHERE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// `c = t`, `c > t`, `c LIKE t`, `c CONTAINS t`, `c CONTAINS KEY t`
    Column {
        /// The column.
        column: String,
        /// Any operator.
        operator: Operator,
        /// The right side.
        value: Term,
    },
    /// `c IN (…)` or `c IN ?`
    In {
        /// The column.
        column: String,
        /// The right side.
        values: InValues,
    },
    /// `c IS NOT NULL`
    IsNotNull {
        /// The column.
        column: String,
    },
    /// `c[key] = t`
    Element {
        /// The column.
        column: String,
        /// Map key or list index.
        key: Term,
        /// `=`, `!=` or a slice operator.
        operator: Operator,
        /// The right side.
        value: Term,
    },
    /// `(a, b) > (t, u)`
    Columns {
        /// The columns, never empty; `(a) = (t)` is legal.
        columns: Vec<String>,
        /// `=`, `!=` or a slice operator.
        operator: Operator,
        /// A [`Term::Tuple`] or a marker.
        value: Term,
    },
    /// `(a, b) IN (…)` or `(a, b) IN ?`
    ColumnsIn {
        /// The columns, never empty.
        columns: Vec<String>,
        /// [`Term::Tuple`]s or markers.
        values: InValues,
    },
    /// `token(a, b) > t`
    Token {
        /// The columns inside `token()`, never empty.
        columns: Vec<String>,
        /// `=`, `!=` or a slice operator.
        operator: Operator,
        /// The right side, often `token(…)` again.
        value: Term,
    },
    /// `expr(index, t)`: a search in a custom index's own language.
    CustomIndex {
        /// The index.
        index: QualifiedName,
        /// The expression.
        value: Term,
    },
}

/// One part of ORDER BY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordering {
    /// The column.
    pub column: String,
    /// `ANN OF t`: by similarity to a vector instead of by value.
    pub ann_of: Option<Term>,
    /// ASC unless DESC was written.
    pub direction: Direction,
}

/// Ascending or descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// ASC
    Ascending,
    /// DESC
    Descending,
}

impl Direction {
    /// `ASC` or `DESC`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "ASC",
            Self::Descending => "DESC",
        }
    }
}
