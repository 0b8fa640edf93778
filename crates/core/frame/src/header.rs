//! The nine bytes before each body, the opcodes and the flags.
//!
//! ```text
//!   version 1 (high bit: response) │ flags 1 │ stream 2 │ opcode 1 │ body bytes 4
//! ```

use crate::ProtocolViolation;
use crate::Version;
use bytes::BufMut;
use bytes::BytesMut;

/// How long a header is. (Versions 1 and 2 had eight bytes; their first byte tells.)
pub const HEADER_BYTES: usize = 9;

/// Where in a header the body's length is.
pub(crate) const BODY_BYTES_AT: usize = 5;

/// No body is longer, in any version (and no list's or value's length is negative).
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024 * 1024;

const RESPONSE_BIT: u8 = 0x80;

/// What a header's flags say.
pub(crate) mod flag {
    pub(crate) const COMPRESSED: u8 = 0x01;
    pub(crate) const TRACING: u8 = 0x02;
    pub(crate) const CUSTOM_PAYLOAD: u8 = 0x04;
    pub(crate) const WARNING: u8 = 0x08;
    pub(crate) const USE_BETA: u8 = 0x10;
}

/// An envelope's header, as it came: nothing is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The version, without the direction bit; [`Version::from_byte`] reads it.
    pub version: u8,
    /// The direction bit.
    pub is_response: bool,
    /// The flags.
    pub flags: u8,
    /// Which request a response answers; negative: an event.
    pub stream: i16,
    /// What the body is; [`Opcode::from_byte`] reads it.
    pub opcode: u8,
    /// How long the body is, as it is on the wire.
    pub body_bytes: u32,
}

impl Header {
    /// Reads a header.
    pub const fn decode(bytes: &[u8; HEADER_BYTES]) -> Self {
        let [version, flags, s0, s1, opcode, b0, b1, b2, b3] = *bytes;
        Self {
            version: version & !RESPONSE_BIT,
            is_response: version & RESPONSE_BIT != 0,
            flags,
            stream: i16::from_be_bytes([s0, s1]),
            opcode,
            body_bytes: u32::from_be_bytes([b0, b1, b2, b3]),
        }
    }

    /// Appends the header.
    pub fn encode(&self, out: &mut BytesMut) {
        let direction = if self.is_response { RESPONSE_BIT } else { 0 };
        out.put_u8(self.version & !RESPONSE_BIT | direction);
        out.put_u8(self.flags);
        out.put_i16(self.stream);
        out.put_u8(self.opcode);
        out.put_u32(self.body_bytes);
    }

    /// Whether the body is compressed (versions 3 and 4; version 5 compresses segments instead).
    pub const fn is_compressed(&self) -> bool {
        self.flags & flag::COMPRESSED != 0 && self.version < Version::V5.byte()
    }

    /// Whether the sender means a version that is not finished.
    pub const fn uses_beta(&self) -> bool {
        self.flags & flag::USE_BETA != 0
    }

    /// Refuses a body of more than `bytes_max`, before anything is kept for it.
    pub fn check_length(&self, bytes_max: u32) -> Result<(), ProtocolViolation> {
        let signed = self.body_bytes.cast_signed();
        if signed < 0 {
            return Err(ProtocolViolation::BodyLength(signed));
        }
        if self.body_bytes > bytes_max {
            return Err(ProtocolViolation::BodyTooLong {
                bytes: self.body_bytes,
                bytes_max,
            });
        }
        Ok(())
    }

    /// The opcode, if it is one and goes the way that the header says.
    pub fn opcode(&self) -> Result<Opcode, ProtocolViolation> {
        let opcode =
            Opcode::from_byte(self.opcode).ok_or(ProtocolViolation::UnknownOpcode(self.opcode))?;
        if opcode.is_response() != self.is_response {
            return Err(ProtocolViolation::WrongDirection {
                expected: direction(opcode.is_response()),
                got: direction(self.is_response),
                opcode: self.opcode,
                name: opcode.name(),
            });
        }
        Ok(opcode)
    }

    /// The same, and that it is what this side may receive.
    pub(crate) fn opcode_towards(&self, is_client: bool) -> Result<Opcode, ProtocolViolation> {
        let opcode = self.opcode()?;
        if opcode.is_response() != is_client {
            return Err(ProtocolViolation::Unexpected {
                got: direction(opcode.is_response()),
                name: opcode.name(),
                expected: direction(is_client),
            });
        }
        Ok(opcode)
    }
}

const fn direction(is_response: bool) -> &'static str {
    if is_response { "RESPONSE" } else { "REQUEST" }
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// The request was refused, or failed.
    Error = 0x00,
    /// The first request.
    Startup = 0x01,
    /// The connection may be used.
    Ready = 0x02,
    /// Who are you?
    Authenticate = 0x03,
    /// What can STARTUP ask for?
    Options = 0x05,
    /// That.
    Supported = 0x06,
    /// A statement.
    Query = 0x07,
    /// What came of it.
    Result = 0x08,
    /// A statement to be executed later.
    Prepare = 0x09,
    /// A prepared statement with its values.
    Execute = 0x0A,
    /// Tell me of events.
    Register = 0x0B,
    /// An event.
    Event = 0x0C,
    /// Several statements.
    Batch = 0x0D,
    /// Say more of who you are.
    AuthChallenge = 0x0E,
    /// Who I am.
    AuthResponse = 0x0F,
    /// Welcome.
    AuthSuccess = 0x10,
}

impl Opcode {
    /// Every opcode.
    pub const EVERY: [Self; 16] = [
        Self::Error,
        Self::Startup,
        Self::Ready,
        Self::Authenticate,
        Self::Options,
        Self::Supported,
        Self::Query,
        Self::Result,
        Self::Prepare,
        Self::Execute,
        Self::Register,
        Self::Event,
        Self::Batch,
        Self::AuthChallenge,
        Self::AuthResponse,
        Self::AuthSuccess,
    ];

    /// Reads a header's opcode.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::EVERY.into_iter().find(|opcode| opcode.byte() == byte)
    }

    /// The opcode as a byte.
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// Whether the server sends it.
    pub const fn is_response(self) -> bool {
        match self {
            Self::Startup
            | Self::Options
            | Self::Query
            | Self::Prepare
            | Self::Execute
            | Self::Register
            | Self::Batch
            | Self::AuthResponse => false,
            Self::Error
            | Self::Ready
            | Self::Authenticate
            | Self::Supported
            | Self::Result
            | Self::Event
            | Self::AuthChallenge
            | Self::AuthSuccess => true,
        }
    }

    /// The protocol's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Startup => "STARTUP",
            Self::Ready => "READY",
            Self::Authenticate => "AUTHENTICATE",
            Self::Options => "OPTIONS",
            Self::Supported => "SUPPORTED",
            Self::Query => "QUERY",
            Self::Result => "RESULT",
            Self::Prepare => "PREPARE",
            Self::Execute => "EXECUTE",
            Self::Register => "REGISTER",
            Self::Event => "EVENT",
            Self::Batch => "BATCH",
            Self::AuthChallenge => "AUTH_CHALLENGE",
            Self::AuthResponse => "AUTH_RESPONSE",
            Self::AuthSuccess => "AUTH_SUCCESS",
        }
    }
}
