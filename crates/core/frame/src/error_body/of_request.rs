//! What a [`RequestError`] is on the wire.

use crate::error_body::Acks;
use crate::error_body::ErrorBody;
use crate::error_body::ErrorDetail;
use crate::error_body::Failures;
use bytes::Bytes;
use quorate_types::ConsistencyLevel;
use quorate_types::FailureReason;
use quorate_types::RequestError;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

impl From<&RequestError> for ErrorBody {
    fn from(error: &RequestError) -> Self {
        let body = Self {
            message: error.to_string(),
            detail: ErrorDetail::from(error),
        };
        assert_eq!(body.code(), error.code(), "one code in both crates");
        body
    }
}

impl From<RequestError> for ErrorBody {
    fn from(error: RequestError) -> Self {
        Self::from(&error)
    }
}

impl From<&RequestError> for ErrorDetail {
    fn from(error: &RequestError) -> Self {
        match error {
            RequestError::Server(_)
            | RequestError::Protocol(_)
            | RequestError::Authentication(_)
            | RequestError::Overloaded(_)
            | RequestError::Bootstrapping(_)
            | RequestError::Truncate(_)
            | RequestError::Syntax(_)
            | RequestError::Unauthorized(_)
            | RequestError::Invalid(_)
            | RequestError::Config(_) => Self::Plain(error.code()),
            RequestError::Unavailable {
                level,
                required,
                alive,
                datacenter: _,
            } => Self::Unavailable {
                level: *level,
                required: *required,
                alive: *alive,
            },
            RequestError::WriteTimeout {
                level,
                received,
                block_for,
                write_type,
            } => Self::WriteTimeout {
                acks: acks(*level, *received, *block_for),
                write_type: write_type.name().to_owned(),
                contentions: 0,
            },
            RequestError::ReadTimeout {
                level,
                received,
                block_for,
                data_present,
            } => Self::ReadTimeout {
                acks: acks(*level, *received, *block_for),
                data_present: *data_present,
            },
            RequestError::ReadFailure {
                level,
                received,
                block_for,
                data_present,
                failures,
            } => Self::ReadFailure {
                acks: acks(*level, *received, *block_for),
                failures: reasons(failures),
                data_present: *data_present,
            },
            RequestError::WriteFailure {
                level,
                received,
                block_for,
                write_type,
                failures,
            } => Self::WriteFailure {
                acks: acks(*level, *received, *block_for),
                failures: reasons(failures),
                write_type: write_type.name().to_owned(),
            },
            RequestError::FunctionFailure {
                keyspace,
                function,
                argument_types,
                message: _,
            } => Self::FunctionFailure {
                keyspace: keyspace.clone(),
                function: function.clone(),
                argument_types: argument_types.clone(),
            },
            RequestError::AlreadyExists { keyspace, table } => Self::AlreadyExists {
                keyspace: keyspace.clone(),
                table: table.clone().unwrap_or_default(),
            },
            RequestError::Unprepared(hex) => Self::Unprepared {
                id: bytes_of_hex(hex).unwrap_or_default(),
            },
        }
    }
}

const fn acks(level: ConsistencyLevel, received: u32, block_for: u32) -> Acks {
    Acks {
        level,
        received,
        block_for,
    }
}

fn reasons(failures: &[(String, FailureReason)]) -> Failures {
    let reasons = failures
        .iter()
        .map(|(replica, reason)| (address_of(replica), *reason));
    Failures::Reasons(reasons.collect())
}

/// The address in `127.0.0.1:7000`; `0.0.0.0` for a host name, which the protocol cannot say.
fn address_of(replica: &str) -> IpAddr {
    let socket = replica.parse().map(|socket: SocketAddr| socket.ip());
    let address = socket.or_else(|_| replica.parse());
    address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

fn bytes_of_hex(hex: &str) -> Option<Bytes> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let bytes = pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    bytes.collect::<Option<Bytes>>().filter(|_| rest.is_empty())
}
