//! Request errors to gRPC statuses, with the numbers as details.

use crate::convert::consistency_to_proto;
use crate::proto;
use bytes::Bytes;
use prost::Message;
use quorate_types::ConsistencyLevel;
use quorate_types::RequestError;
use tonic::Code;
use tonic::Status;

/// The type of the detail, as `google.protobuf.Any` names it.
const ERROR_TYPE_URL: &str = "type.googleapis.com/quorate.v1.Error";

/// Bytes of a message at most. A status travels in headers, of which clients take 16 KiB; a message
/// that repeats a statement of megabytes would break the connection for all that is on it.
const MESSAGE_BYTES_MAX: usize = 1_000;

pub(crate) fn status(error: &RequestError) -> Status {
    let code = code(error);
    let detail = detail(error);
    let message = detail.message.clone();
    let details = proto::StatusDetails {
        code: code as i32,
        message: message.clone(),
        details: vec![prost_types::Any {
            type_url: ERROR_TYPE_URL.to_owned(),
            value: detail.encode_to_vec(),
        }],
    };
    Status::with_details(code, message, Bytes::from(details.encode_to_vec()))
}

/// The error's words; the beginning, when they are very many.
fn message(error: &RequestError) -> String {
    let mut message = error.to_string();
    if message.len() > MESSAGE_BYTES_MAX {
        message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
        message.push_str("...");
    }
    message
}

const fn code(error: &RequestError) -> Code {
    match error {
        RequestError::Server(_) | RequestError::FunctionFailure { .. } => Code::Internal,
        RequestError::Unavailable { .. }
        | RequestError::Bootstrapping(_)
        | RequestError::ReadFailure { .. }
        | RequestError::WriteFailure { .. }
        | RequestError::Truncate(_) => Code::Unavailable,
        RequestError::Overloaded(_) => Code::ResourceExhausted,
        RequestError::WriteTimeout { .. } | RequestError::ReadTimeout { .. } => {
            Code::DeadlineExceeded
        }
        RequestError::Protocol(_)
        | RequestError::Syntax(_)
        | RequestError::Invalid(_)
        | RequestError::Config(_) => Code::InvalidArgument,
        RequestError::Unauthorized(_) => Code::PermissionDenied,
        RequestError::Authentication(_) => Code::Unauthenticated,
        RequestError::AlreadyExists { .. } => Code::AlreadyExists,
        RequestError::Unprepared(_) => Code::NotFound,
    }
}

/// The error with its numbers.
pub(crate) fn detail(error: &RequestError) -> proto::Error {
    let base = proto::Error {
        code: error.code(),
        message: message(error),
        ..Default::default()
    };
    let level = |level: ConsistencyLevel| consistency_to_proto(level) as i32;
    match error {
        RequestError::Unavailable {
            level: at,
            required,
            alive,
            datacenter,
        } => proto::Error {
            consistency: level(*at),
            required: *required,
            received: *alive,
            datacenter: datacenter.clone().unwrap_or_default(),
            ..base
        },
        RequestError::WriteTimeout {
            level: at,
            received,
            block_for,
            write_type,
        } => proto::Error {
            consistency: level(*at),
            required: *block_for,
            received: *received,
            write_type: write_type.name().to_owned(),
            ..base
        },
        RequestError::ReadTimeout {
            level: at,
            received,
            block_for,
            data_present,
        } => proto::Error {
            consistency: level(*at),
            required: *block_for,
            received: *received,
            data_present: *data_present,
            ..base
        },
        RequestError::ReadFailure {
            level: at,
            received,
            block_for,
            data_present,
            failures,
        } => proto::Error {
            consistency: level(*at),
            required: *block_for,
            received: *received,
            data_present: *data_present,
            failures: reasons(failures),
            ..base
        },
        RequestError::WriteFailure {
            level: at,
            received,
            block_for,
            write_type,
            failures,
        } => proto::Error {
            consistency: level(*at),
            required: *block_for,
            received: *received,
            write_type: write_type.name().to_owned(),
            failures: reasons(failures),
            ..base
        },
        RequestError::AlreadyExists { keyspace, table } => proto::Error {
            keyspace: keyspace.clone(),
            table: table.clone().unwrap_or_default(),
            ..base
        },
        RequestError::FunctionFailure { keyspace, .. } => proto::Error {
            keyspace: keyspace.clone(),
            ..base
        },
        RequestError::Server(_)
        | RequestError::Protocol(_)
        | RequestError::Authentication(_)
        | RequestError::Overloaded(_)
        | RequestError::Bootstrapping(_)
        | RequestError::Truncate(_)
        | RequestError::Syntax(_)
        | RequestError::Unauthorized(_)
        | RequestError::Invalid(_)
        | RequestError::Config(_)
        | RequestError::Unprepared(_) => base,
    }
}

fn reasons(
    failures: &[(String, quorate_types::FailureReason)],
) -> std::collections::HashMap<String, String> {
    failures
        .iter()
        .map(|(from, reason)| (from.clone(), reason.name().to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_repeats_megabytes_is_cut() {
        let error = RequestError::Invalid("ö".repeat(1 << 20));
        let status = status(&error);
        assert!(status.message().len() <= MESSAGE_BYTES_MAX + 3);
        assert!(status.message().ends_with("ö..."));
        assert!(status.details().len() < 4 * MESSAGE_BYTES_MAX);
    }

    #[test]
    fn an_unavailable_error_travels_with_its_numbers() {
        let error = RequestError::Unavailable {
            level: ConsistencyLevel::All,
            required: 3,
            alive: 2,
            datacenter: None,
        };
        let status = status(&error);
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(status.message(), "Cannot achieve consistency level ALL");
        let details = proto::StatusDetails::decode(status.details()).unwrap();
        let any = details.details.first().unwrap();
        assert_eq!(any.type_url, ERROR_TYPE_URL);
        let read = proto::Error::decode(any.value.as_slice()).unwrap();
        assert_eq!((read.code, read.required, read.received), (0x1000, 3, 2));
    }
}
