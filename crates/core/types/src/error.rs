//! Why a request was refused or failed: one variant per error of the CQL native protocol, with the
//! numbers it carries. Every edge (gRPC, native protocol, shell, driver) speaks this one type.

use crate::ConsistencyLevel;
use crate::WriteType;

/// A request that did not succeed.
///
/// The messages are Cassandra's, since clients match on them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The node failed in a way that is its own fault. Nothing is known of the request's effect.
    #[error("{0}")]
    Server(String),
    /// The client broke the protocol. Nothing was done.
    #[error("{0}")]
    Protocol(String),
    /// Nobody is known by this name and password. Nothing was done.
    #[error("{0}")]
    Authentication(String),
    /// Too few replicas are alive. Nothing was done.
    #[error("Cannot achieve consistency level {level}{}", in_datacenter(datacenter.as_ref()))]
    Unavailable {
        /// The level asked for.
        level: ConsistencyLevel,
        /// Replicas it needs.
        required: u32,
        /// Replicas alive.
        alive: u32,
        /// Set when the numbers are those of one datacenter.
        datacenter: Option<String>,
    },
    /// The node has too much to do. Nothing was done.
    #[error("{0}")]
    Overloaded(String),
    /// The node does not serve yet, or no more. Nothing was done.
    #[error("{0}")]
    Bootstrapping(String),
    /// A TRUNCATE failed; some replicas may have truncated.
    #[error("Error during truncate: {0}")]
    Truncate(String),
    /// Too few replicas acknowledged in time. The write may still be applied.
    #[error("Operation timed out - received only {received} responses.")]
    WriteTimeout {
        /// The level asked for.
        level: ConsistencyLevel,
        /// Acknowledgements that came.
        received: u32,
        /// Acknowledgements that were needed.
        block_for: u32,
        /// What was being written.
        write_type: WriteType,
    },
    /// Too few replicas answered in time.
    #[error("Operation timed out - received only {received} responses.")]
    ReadTimeout {
        /// The level asked for.
        level: ConsistencyLevel,
        /// Answers that came.
        received: u32,
        /// Answers that were needed.
        block_for: u32,
        /// Whether one of them was data.
        data_present: bool,
    },
    /// Replicas failed the read.
    #[error("{}", failed(*received, failures))]
    ReadFailure {
        /// The level asked for.
        level: ConsistencyLevel,
        /// Answers that came.
        received: u32,
        /// Answers that were needed.
        block_for: u32,
        /// Whether one of them was data.
        data_present: bool,
        /// Which replica failed (its address), and why.
        failures: Vec<(String, FailureReason)>,
    },
    /// Replicas failed the write. It may be applied on others.
    #[error("{}", failed(*received, failures))]
    WriteFailure {
        /// The level asked for.
        level: ConsistencyLevel,
        /// Acknowledgements that came.
        received: u32,
        /// Acknowledgements that were needed.
        block_for: u32,
        /// What was being written.
        write_type: WriteType,
        /// Which replica failed (its address), and why.
        failures: Vec<(String, FailureReason)>,
    },
    /// A function refused its arguments.
    #[error("{message}")]
    FunctionFailure {
        /// The function's keyspace.
        keyspace: String,
        /// Its name.
        function: String,
        /// Its argument types.
        argument_types: Vec<String>,
        /// What went wrong.
        message: String,
    },
    /// The text is no CQL.
    #[error("{0}")]
    Syntax(String),
    /// The user may not do this.
    #[error("{0}")]
    Unauthorized(String),
    /// The statement makes no sense for this schema or these values.
    #[error("{0}")]
    Invalid(String),
    /// A setting of the statement is not possible.
    #[error("{0}")]
    Config(String),
    /// The keyspace or table exists.
    #[error("{}", already_exists(keyspace, table.as_ref()))]
    AlreadyExists {
        /// Its keyspace.
        keyspace: String,
        /// The table, when it is one.
        table: Option<String>,
    },
    /// The node knows no statement of this id.
    #[error(
        "Prepared query with ID {0} not found (either the query was not prepared on this host (maybe the host has been restarted?) or you have prepared too many queries and it has been evicted from the internal cache)"
    )]
    Unprepared(String),
}

/// Why a replica failed a request (the protocol's failure codes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum FailureReason {
    /// No reason of the list.
    Unknown = 0,
    /// The read met more tombstones than it may.
    ReadTooManyTombstones = 1,
    /// Its time was up before it was done.
    Timeout = 2,
    /// The replica knows no such table, or another form of it.
    IncompatibleSchema = 3,
    /// The answer is too large.
    ReadSize = 4,
    /// The node went down meanwhile.
    NodeDown = 5,
}

impl FailureReason {
    /// Reads a code; unknown ones become [`Self::Unknown`].
    pub const fn from_code(code: u16) -> Self {
        match code {
            1 => Self::ReadTooManyTombstones,
            2 => Self::Timeout,
            3 => Self::IncompatibleSchema,
            4 => Self::ReadSize,
            5 => Self::NodeDown,
            _ => Self::Unknown,
        }
    }

    /// The protocol's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::ReadTooManyTombstones => "READ_TOO_MANY_TOMBSTONES",
            Self::Timeout => "TIMEOUT",
            Self::IncompatibleSchema => "INCOMPATIBLE_SCHEMA",
            Self::ReadSize => "READ_SIZE",
            Self::NodeDown => "NODE_DOWN",
        }
    }
}

impl RequestError {
    /// The native protocol's error code.
    pub const fn code(&self) -> u32 {
        match self {
            Self::Server(_) => 0x0000,
            Self::Protocol(_) => 0x000A,
            Self::Authentication(_) => 0x0100,
            Self::Unavailable { .. } => 0x1000,
            Self::Overloaded(_) => 0x1001,
            Self::Bootstrapping(_) => 0x1002,
            Self::Truncate(_) => 0x1003,
            Self::WriteTimeout { .. } => 0x1100,
            Self::ReadTimeout { .. } => 0x1200,
            Self::ReadFailure { .. } => 0x1300,
            Self::FunctionFailure { .. } => 0x1400,
            Self::WriteFailure { .. } => 0x1500,
            Self::Syntax(_) => 0x2000,
            Self::Unauthorized(_) => 0x2100,
            Self::Invalid(_) => 0x2200,
            Self::Config(_) => 0x2300,
            Self::AlreadyExists { .. } => 0x2400,
            Self::Unprepared(_) => 0x2500,
        }
    }

    /// The error's name as cqlsh shows it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Server(_) => "ServerError",
            Self::Protocol(_) => "ProtocolException",
            Self::Authentication(_) => "AuthenticationFailed",
            Self::Unavailable { .. } => "Unavailable",
            Self::Overloaded(_) => "OverloadedErrorMessage",
            Self::Bootstrapping(_) => "IsBootstrappingErrorMessage",
            Self::Truncate(_) => "TruncateError",
            Self::WriteTimeout { .. } => "WriteTimeout",
            Self::ReadTimeout { .. } => "ReadTimeout",
            Self::ReadFailure { .. } => "ReadFailure",
            Self::FunctionFailure { .. } => "FunctionFailure",
            Self::WriteFailure { .. } => "WriteFailure",
            Self::Syntax(_) => "SyntaxException",
            Self::Unauthorized(_) => "Unauthorized",
            Self::Invalid(_) => "InvalidRequest",
            Self::Config(_) => "ConfigurationException",
            Self::AlreadyExists { .. } => "AlreadyExists",
            Self::Unprepared(_) => "Unprepared",
        }
    }
}

fn in_datacenter(datacenter: Option<&String>) -> String {
    datacenter
        .map(|name| format!(" in DC {name}"))
        .unwrap_or_default()
}

fn already_exists(keyspace: &str, table: Option<&String>) -> String {
    match table {
        Some(table) => {
            format!("Cannot add already existing table \"{table}\" to keyspace \"{keyspace}\"")
        }
        None => format!("Cannot add existing keyspace \"{keyspace}\""),
    }
}

fn failed(received: u32, failures: &[(String, FailureReason)]) -> String {
    let reasons: Vec<String> = failures
        .iter()
        .map(|(from, reason)| format!("{} from /{from}", reason.name()))
        .collect();
    let list = if reasons.is_empty() {
        String::new()
    } else {
        format!(": {}", reasons.join(", "))
    };
    format!(
        "Operation failed - received {received} responses and {} failures{list}",
        failures.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cassandras() {
        let unavailable = RequestError::Unavailable {
            level: ConsistencyLevel::EachQuorum,
            required: 2,
            alive: 1,
            datacenter: Some("dc1".to_owned()),
        };
        assert_eq!(
            unavailable.to_string(),
            "Cannot achieve consistency level EACH_QUORUM in DC dc1"
        );
        let failure = RequestError::ReadFailure {
            level: ConsistencyLevel::One,
            received: 0,
            block_for: 1,
            data_present: false,
            failures: vec![(
                "127.0.0.1:7000".to_owned(),
                FailureReason::ReadTooManyTombstones,
            )],
        };
        assert_eq!(
            failure.to_string(),
            "Operation failed - received 0 responses and 1 failures: READ_TOO_MANY_TOMBSTONES from /127.0.0.1:7000"
        );
    }
}
