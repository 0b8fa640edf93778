//! Why a transformation was refused. Every variant leaves the metadata as it was.

/// Why a transformation was refused; the state is unchanged. Maps one to one to CQL error codes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The keyspace, or the table in it, exists (CQL 0x2400).
    #[error("{}", already_exists_message(.keyspace, .table.as_deref()))]
    AlreadyExists {
        /// The keyspace.
        keyspace: String,
        /// The table; `None` when the keyspace itself exists.
        table: Option<String>,
    },
    /// The request makes no sense in this state (CQL 0x2200).
    #[error("{0}")]
    Invalid(String),
    /// An option has a value that is not allowed (CQL 0x2300).
    #[error("{0}")]
    Config(String),
    /// No property has this name (CQL 0x2000).
    #[error("Unknown property '{0}'")]
    SyntaxUnknownProperty(String),
    /// A property's text is not of its kind (CQL 0x2000).
    #[error("{0}")]
    Syntax(String),
    /// System keyspaces belong to the system (CQL 0x2100).
    #[error("{0}")]
    Unauthorized(String),
    /// The cluster holds tables, whose data a joining node could not get.
    #[error("{0}")]
    HoldsData(String),
    /// A node's identity, address or place contradicts what the cluster knows.
    #[error("{0}")]
    Node(String),
}

impl Refused {
    /// The CQL error code that drivers expect.
    pub const fn cql_code(&self) -> u32 {
        match self {
            Self::AlreadyExists { .. } => 0x2400,
            Self::Invalid(_) | Self::HoldsData(_) | Self::Node(_) => 0x2200,
            Self::Config(_) => 0x2300,
            Self::SyntaxUnknownProperty(_) | Self::Syntax(_) => 0x2000,
            Self::Unauthorized(_) => 0x2100,
        }
    }
}

fn already_exists_message(keyspace: &str, table: Option<&str>) -> String {
    match table {
        Some(table) => {
            format!("Cannot add already existing table \"{table}\" to keyspace \"{keyspace}\"")
        }
        None => format!("Cannot add existing keyspace \"{keyspace}\""),
    }
}
