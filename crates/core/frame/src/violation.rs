//! Why bytes are no message. The texts are Cassandra's where it has one: drivers match on some.

use crate::CompressionError;
use crate::Version;
use quorate_types::RequestError;
use quorate_types::UnknownConsistencyCode;

/// Bytes that are no message of the protocol. Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolViolation {
    /// The header's version is none of ours.
    #[error(
        "Invalid or unsupported protocol version ({0}); supported versions are ({list})",
        list = Version::EVERY.map(Version::label).join(", ")
    )]
    UnsupportedVersion(u8),
    /// The header's opcode is none.
    #[error("Unknown opcode {0}")]
    UnknownOpcode(u8),
    /// The opcode belongs to the other direction than the header's.
    #[error(
        "Wrong protocol direction (expected {expected}, got {got}) for opcode {opcode} ({name})"
    )]
    WrongDirection {
        /// The opcode's direction.
        expected: &'static str,
        /// The header's.
        got: &'static str,
        /// The opcode.
        opcode: u8,
        /// Its name.
        name: &'static str,
    },
    /// A well formed header of the direction that this side sends itself.
    #[error("Unexpected {got} message {name}, expecting {expected}")]
    Unexpected {
        /// What came.
        got: &'static str,
        /// The opcode's name.
        name: &'static str,
        /// What may come.
        expected: &'static str,
    },
    /// The header's body length is negative.
    #[error("Invalid value for envelope header body length field: {0}")]
    BodyLength(i32),
    /// The header's body length is above the limit.
    #[error("Request is too big: length {bytes} exceeds maximum allowed length {bytes_max}.")]
    BodyTooLong {
        /// The length.
        bytes: u32,
        /// The limit.
        bytes_max: u32,
    },
    /// The body ends before a number does.
    #[error("Not enough bytes to read the message")]
    EndOfBody,
    /// The body ends before a string does.
    #[error("Not enough bytes to read an UTF8 serialized string preceded by its {0} bytes length")]
    ShortString(u8),
    /// The body ends before an id does.
    #[error("Not enough bytes to read a byte array preceded by its 2 bytes length")]
    ShortBytes,
    /// The body ends before a value does.
    #[error(
        "Cannot read value of length {length}, only {remaining} bytes remaining in the message"
    )]
    ShortValue {
        /// The value's length.
        length: i32,
        /// How much is there.
        remaining: usize,
    },
    /// A value's length is negative and neither null's nor unset's.
    #[error("Invalid ByteBuf length {0}")]
    ValueLength(i32),
    /// A string is not UTF-8.
    #[error("Cannot decode string as UTF8: '{hex}'; {error}")]
    NotUtf8 {
        /// Its first bytes.
        hex: String,
        /// What is wrong with it.
        error: std::str::Utf8Error,
    },
    /// No consistency level has the code.
    #[error(transparent)]
    Consistency(#[from] UnknownConsistencyCode),
    /// A name is none of a list.
    #[error("Invalid value '{value}' for {list}")]
    UnknownName {
        /// The name.
        value: String,
        /// The list.
        list: &'static str,
    },
    /// Version 3 has no custom payloads.
    #[error("Received frame with CUSTOM_PAYLOAD flag for native protocol version < 4")]
    CustomPayload,
    /// A flag that only a later version has.
    #[error("Flag {flag} is not valid for protocol version {version}")]
    LaterFlag {
        /// The flag.
        flag: &'static str,
        /// The message's version.
        version: Version,
    },
    /// The timestamp is the one number that is none.
    #[error(
        "Out of bound timestamp, must be in [-9223372036854775807, 9223372036854775807] (got {0})"
    )]
    Timestamp(i64),
    /// A batch is neither logged, unlogged nor of counters.
    #[error("Invalid BATCH message type {0}")]
    BatchKind(i8),
    /// A batch's statement is neither text nor an id.
    #[error("Invalid query kind in BATCH messages. Must be 0 or 1 but got {0}")]
    BatchQueryKind(i8),
    /// A RESULT is of no kind.
    #[error("Unknown kind id {0} in RESULT message")]
    ResultKind(i32),
    /// An ERROR has no meaning.
    #[error("Unknown error code {0}")]
    ErrorCode(u32),
    /// A type is none.
    #[error("Unknown option id {0}")]
    TypeOption(u16),
    /// A type that we have no name for.
    #[error("Unsupported type {0}")]
    UnsupportedType(String),
    /// An address has a length that no address has.
    #[error("Invalid IP address while deserializing inet address")]
    Address,
    /// A port is none.
    #[error("Invalid port {0} while deserializing inet address")]
    Port(i32),
    /// A compressed body is none.
    #[error(transparent)]
    Compression(#[from] CompressionError),
    /// A list is longer than its length can say or the message can hold.
    #[error("Invalid count {0}")]
    Count(i32),
}

impl From<ProtocolViolation> for RequestError {
    fn from(violation: ProtocolViolation) -> Self {
        Self::Protocol(violation.to_string())
    }
}
