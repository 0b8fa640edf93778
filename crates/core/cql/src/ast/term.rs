//! Values as they are written: literals, bind markers, collections, calls, arithmetic.

use super::QualifiedName;
use super::TypeName;

/// A value that can be computed without reading a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// A constant.
    Literal(Literal),
    /// `null`
    Null,
    /// `?` or `:name`
    Marker(BindMarker),
    /// `[a, b]`: a list, or a vector when the receiver is one.
    List(Vec<Term>),
    /// `{a, b}`; `{}` is this too and may mean an empty map.
    Set(Vec<Term>),
    /// `{k: v, …}`, never empty.
    Map(Vec<(Term, Term)>),
    /// `{field: v, …}`, never empty: keys that are bare names.
    UserType(Vec<(String, Term)>),
    /// `(a, b)`, never empty. With one component it is either a tuple of one or a term in
    /// parentheses; only the type it is meant for tells which.
    Tuple(Vec<Term>),
    /// `f(a, b)`, also `token(…)`.
    Function {
        /// The function; without a keyspace it is a native one or the session keyspace's.
        name: QualifiedName,
        /// Its arguments.
        arguments: Vec<Term>,
    },
    /// `(int)t`: says which type is meant, converts nothing.
    TypeHint {
        /// The type meant.
        type_name: TypeName,
        /// The term.
        term: Box<Term>,
    },
    /// `CAST(t AS int)`: converts.
    Cast {
        /// The term.
        term: Box<Term>,
        /// The type wanted.
        target: super::NativeType,
    },
    /// `-t`; a minus directly before a number belongs to the literal instead.
    Negate(Box<Term>),
    /// `a + b` and the like, left-associative; parentheses appear as a [`Term::Tuple`] of one.
    Binary {
        /// Left operand.
        left: Box<Term>,
        /// The operator.
        operator: ArithmeticOperator,
        /// Right operand.
        right: Box<Term>,
    },
}

/// A constant: its kind and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// What it looked like.
    pub kind: LiteralKind,
    /// Its text: of a string the content without quotes, `NaN`, `Infinity` and `-Infinity` in
    /// that spelling, anything else as written (a blob with its `0x`).
    pub text: String,
}

impl Literal {
    /// A literal of a kind.
    pub fn new(kind: LiteralKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }

    /// A string literal with this content.
    pub fn string(text: impl Into<String>) -> Self {
        Self::new(LiteralKind::String, text)
    }
}

/// What a literal looks like, before its column gives it a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LiteralKind {
    /// `'text'` or `$$text$$`
    String,
    /// `42`, `-1`
    Integer,
    /// `1.5`, `1e3`, `NaN`, `Infinity`
    Float,
    /// `true`, `FALSE`
    Boolean,
    /// `550e8400-e29b-41d4-a716-446655440000`
    Uuid,
    /// `0xcafe`; an odd number of digits is refused later, where its type is known.
    Hex,
    /// `1h30m`, `P1Y2M`
    Duration,
}

impl LiteralKind {
    /// The kind's name in messages: `Invalid STRING constant (x) for …`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "STRING",
            Self::Integer => "INTEGER",
            Self::Float => "FLOAT",
            Self::Boolean => "BOOLEAN",
            Self::Uuid => "UUID",
            Self::Hex => "HEX",
            Self::Duration => "DURATION",
        }
    }
}

/// A place for a value that arrives with the execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindMarker {
    /// Its position among the statement's markers, from 0.
    pub index: usize,
    /// Its name, folded, when written `:name`. Two markers may share a name.
    pub name: Option<String>,
}

/// Arithmetic between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArithmeticOperator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

impl ArithmeticOperator {
    /// The operator as written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

/// How a column is compared, in WHERE and in IF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `LIKE`
    Like,
    /// `CONTAINS`
    Contains,
    /// `CONTAINS KEY`
    ContainsKey,
}

impl Operator {
    /// The operator as written and as messages name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Like => "LIKE",
            Self::Contains => "CONTAINS",
            Self::ContainsKey => "CONTAINS KEY",
        }
    }

    /// Whether it bounds a range: `<`, `<=`, `>`, `>=`.
    pub fn is_slice(self) -> bool {
        matches!(
            self,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual
        )
    }
}

/// The right side of IN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InValues {
    /// `(a, b, …)`, possibly empty.
    List(Vec<Term>),
    /// `?` or `:name`: one marker for the whole list.
    Marker(BindMarker),
}
