//! Why a request did not succeed, and how the server's refusals become typed again.

use crate::convert::consistency_from_proto;
use crate::proto;
use quorate_types::ConsistencyLevel;
use quorate_types::FailureReason;
use quorate_types::RequestError;
use quorate_types::WriteType;

/// A request that did not succeed.
///
/// ```
/// use quorate_client::{ClientError, RequestError};
///
/// fn may_have_happened(error: &ClientError) -> bool {
///     match error {
///         ClientError::Request(RequestError::Unavailable { .. }) => false,
///         ClientError::Request(RequestError::WriteTimeout { .. }) => true,
///         ClientError::Transport { .. } | ClientError::Timeout => true,
///         _ => false,
///     }
/// }
/// # assert!(may_have_happened(&ClientError::Timeout));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The server refused it or failed, with the numbers. Each variant says what it left behind.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The connection broke after the request was sent: it may have happened, or not. Only of
    /// statements that are not idempotent; others are repeated.
    #[error("the connection to {address} broke: {message}")]
    Transport {
        /// The node that was asked.
        address: String,
        /// What broke.
        message: String,
    },
    /// No node could be asked. An idempotent statement may have happened, should a connection have
    /// broken meanwhile; any other has not.
    #[error("no host available{}", shown(tried))]
    NoHostAvailable {
        /// Each node's address, and what was wrong.
        tried: Vec<(String, String)>,
    },
    /// No answer in time. The request may have happened, or happen yet.
    #[error("the request timed out in the driver")]
    Timeout,
    /// The program gave something that can't be right. Nothing was sent, or the value that was asked
    /// for is not there.
    #[error("{0}")]
    InvalidArgument(String),
    /// The client was closed. Nothing was sent.
    #[error("the client is closed")]
    Closed,
}

impl ClientError {
    /// The error's name as the shell shows it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Request(error) => error.name(),
            Self::Transport { .. } => "ConnectionException",
            Self::NoHostAvailable { .. } => "NoHostAvailable",
            Self::Timeout => "OperationTimedOut",
            Self::InvalidArgument(_) => "InvalidArgument",
            Self::Closed => "Closed",
        }
    }
}

fn shown(tried: &[(String, String)]) -> String {
    let each: Vec<String> = tried
        .iter()
        .map(|(address, error)| format!("{address} ({error})"))
        .collect();
    if each.is_empty() {
        String::new()
    } else {
        format!(": {}", each.join(", "))
    }
}

/// The error that a detail describes, with all its numbers.
pub(crate) fn from_detail(detail: proto::Error) -> RequestError {
    let level = consistency_from_proto(detail.consistency).unwrap_or(ConsistencyLevel::One);
    let write_type = write_type(&detail.write_type);
    let (required, received) = (detail.required, detail.received);
    let filled = |text: String| (!text.is_empty()).then_some(text);
    match detail.code {
        0x000A => RequestError::Protocol(detail.message),
        0x1000 => RequestError::Unavailable {
            level,
            required,
            alive: received,
            datacenter: filled(detail.datacenter),
        },
        0x1001 => RequestError::Overloaded(detail.message),
        0x1002 => RequestError::Bootstrapping(detail.message),
        0x1003 => RequestError::Truncate(bare(&detail.message, "Error during truncate: ")),
        0x1100 => RequestError::WriteTimeout {
            level,
            received,
            block_for: required,
            write_type,
        },
        0x1200 => RequestError::ReadTimeout {
            level,
            received,
            block_for: required,
            data_present: detail.data_present,
        },
        0x1300 => RequestError::ReadFailure {
            level,
            received,
            block_for: required,
            data_present: detail.data_present,
            failures: failures(detail.failures),
        },
        0x1400 => RequestError::FunctionFailure {
            keyspace: detail.keyspace,
            function: String::new(),
            argument_types: Vec::new(),
            message: detail.message,
        },
        0x1500 => RequestError::WriteFailure {
            level,
            received,
            block_for: required,
            write_type,
            failures: failures(detail.failures),
        },
        0x0100 => RequestError::Authentication(detail.message),
        0x2000 => RequestError::Syntax(detail.message),
        0x2100 => RequestError::Unauthorized(detail.message),
        0x2200 => RequestError::Invalid(detail.message),
        0x2300 => RequestError::Config(detail.message),
        0x2400 => RequestError::AlreadyExists {
            keyspace: detail.keyspace,
            table: filled(detail.table),
        },
        0x2500 => RequestError::Unprepared(unprepared_id(&detail.message)),
        // 0 is a server error; of codes that a newer server has, at least the message remains.
        _ => RequestError::Server(detail.message),
    }
}

fn bare(message: &str, prefix: &str) -> String {
    message.strip_prefix(prefix).unwrap_or(message).to_owned()
}

fn unprepared_id(message: &str) -> String {
    let id = message
        .strip_prefix("Prepared query with ID ")
        .and_then(|rest| rest.split(' ').next());
    id.unwrap_or(message).to_owned()
}

fn failures(map: std::collections::HashMap<String, String>) -> Vec<(String, FailureReason)> {
    let mut failures: Vec<(String, FailureReason)> = map
        .into_iter()
        .map(|(address, reason)| (address, failure_reason(&reason)))
        .collect();
    failures.sort();
    failures
}

fn failure_reason(name: &str) -> FailureReason {
    (0..=5)
        .map(FailureReason::from_code)
        .find(|reason| reason.name() == name)
        .unwrap_or(FailureReason::Unknown)
}

fn write_type(name: &str) -> WriteType {
    let every = [
        WriteType::Simple,
        WriteType::Batch,
        WriteType::UnloggedBatch,
        WriteType::Counter,
        WriteType::BatchLog,
        WriteType::Cas,
    ];
    every
        .into_iter()
        .find(|write_type| write_type.name() == name)
        .unwrap_or(WriteType::Simple)
}

/// An error with what caused it, and what caused that.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Wrappers repeat what they wrap.
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

/// A broken stream in words, without gRPC's frame round them.
pub(crate) fn of_status(status: &tonic::Status) -> String {
    match std::error::Error::source(status) {
        Some(cause) => with_causes(cause),
        None if status.message().is_empty() => status.code().to_string(),
        None => status.message().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_come_back_with_their_numbers() {
        let unavailable = from_detail(proto::Error {
            code: 0x1000,
            consistency: proto::Consistency::All.into(),
            required: 3,
            received: 2,
            ..Default::default()
        });
        assert_eq!(
            unavailable,
            RequestError::Unavailable {
                level: ConsistencyLevel::All,
                required: 3,
                alive: 2,
                datacenter: None,
            }
        );
        let failure = from_detail(proto::Error {
            code: 0x1500,
            consistency: proto::Consistency::Quorum.into(),
            required: 2,
            received: 1,
            write_type: "BATCH_LOG".to_owned(),
            failures: [("127.0.0.2:7000".to_owned(), "NODE_DOWN".to_owned())].into(),
            ..Default::default()
        });
        assert_eq!(
            failure,
            RequestError::WriteFailure {
                level: ConsistencyLevel::Quorum,
                received: 1,
                block_for: 2,
                write_type: WriteType::BatchLog,
                failures: vec![("127.0.0.2:7000".to_owned(), FailureReason::NodeDown)],
            }
        );
    }

    #[test]
    fn messages_are_not_wrapped_twice() {
        let every = [
            RequestError::Truncate("node 2 is down".to_owned()),
            RequestError::Unprepared("0707".to_owned()),
            RequestError::Syntax("line 1:0 no".to_owned()),
            RequestError::Server("broken".to_owned()),
        ];
        for error in every {
            let detail = proto::Error {
                code: error.code(),
                message: error.to_string(),
                ..Default::default()
            };
            assert_eq!(from_detail(detail), error);
        }
    }

    #[test]
    fn a_list_of_hosts_says_what_was_wrong_with_each() {
        let error = ClientError::NoHostAvailable {
            tried: vec![("127.0.0.1:9160".to_owned(), "connection refused".to_owned())],
        };
        assert_eq!(
            error.to_string(),
            "no host available: 127.0.0.1:9160 (connection refused)"
        );
    }
}
