//! Names of types as they are written: `frozen<map<text, list<ks.address>>>`.

use super::QualifiedName;

/// A type as written in DDL, a type cast or CAST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeName {
    /// `int`, `text`, …
    Native(NativeType),
    /// `list<t>`
    List(Box<TypeName>),
    /// `set<t>`
    Set(Box<TypeName>),
    /// `map<k, v>`
    Map(Box<TypeName>, Box<TypeName>),
    /// `tuple<a, b, …>`, at least one component.
    Tuple(Vec<TypeName>),
    /// `vector<t, n>`
    Vector(Box<TypeName>, u32),
    /// `frozen<t>`
    Frozen(Box<TypeName>),
    /// A user type, known only by name here.
    User(QualifiedName),
    /// `'class.name'`, a type by the name of its class.
    Custom(String),
}

/// The types that need no declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NativeType {
    /// `ascii`
    Ascii,
    /// `bigint`
    Bigint,
    /// `blob`
    Blob,
    /// `boolean`
    Boolean,
    /// `counter`
    Counter,
    /// `date`
    Date,
    /// `decimal`
    Decimal,
    /// `double`
    Double,
    /// `duration`
    Duration,
    /// `float`
    Float,
    /// `inet`
    Inet,
    /// `int`
    Int,
    /// `smallint`
    Smallint,
    /// `text`
    Text,
    /// `time`
    Time,
    /// `timestamp`
    Timestamp,
    /// `timeuuid`
    Timeuuid,
    /// `tinyint`
    Tinyint,
    /// `uuid`
    Uuid,
    /// `varchar`, another spelling of `text`, kept as it was written.
    Varchar,
    /// `varint`
    Varint,
}

impl NativeType {
    /// All of them, by name.
    pub const ALL: [Self; 21] = [
        Self::Ascii,
        Self::Bigint,
        Self::Blob,
        Self::Boolean,
        Self::Counter,
        Self::Date,
        Self::Decimal,
        Self::Double,
        Self::Duration,
        Self::Float,
        Self::Inet,
        Self::Int,
        Self::Smallint,
        Self::Text,
        Self::Time,
        Self::Timestamp,
        Self::Timeuuid,
        Self::Tinyint,
        Self::Uuid,
        Self::Varchar,
        Self::Varint,
    ];

    /// The type's name in CQL, lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ascii => "ascii",
            Self::Bigint => "bigint",
            Self::Blob => "blob",
            Self::Boolean => "boolean",
            Self::Counter => "counter",
            Self::Date => "date",
            Self::Decimal => "decimal",
            Self::Double => "double",
            Self::Duration => "duration",
            Self::Float => "float",
            Self::Inet => "inet",
            Self::Int => "int",
            Self::Smallint => "smallint",
            Self::Text => "text",
            Self::Time => "time",
            Self::Timestamp => "timestamp",
            Self::Timeuuid => "timeuuid",
            Self::Tinyint => "tinyint",
            Self::Uuid => "uuid",
            Self::Varchar => "varchar",
            Self::Varint => "varint",
        }
    }

    /// The type of this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|native| native.as_str().eq_ignore_ascii_case(name))
    }
}
