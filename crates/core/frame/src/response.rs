//! The responses: what a server answers, written into an envelope and read from one.

use crate::ColumnRef;
use crate::Compression;
use crate::ErrorBody;
use crate::Event;
use crate::Header;
use crate::Opcode;
use crate::Prepared;
use crate::ProtocolViolation;
use crate::Rows;
use crate::RowsRef;
use crate::SchemaChange;
use crate::Version;
use crate::header::BODY_BYTES_MAX;
use crate::header::flag;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::writer::write_envelope;
use bytes::Bytes;
use bytes::BytesMut;
use quorate_types::RequestError;
use std::collections::BTreeMap;
use uuid::Uuid;

const VOID: i32 = 1;
const ROWS: i32 = 2;
const SET_KEYSPACE: i32 = 3;
const PREPARED: i32 = 4;
const SCHEMA_CHANGE: i32 = 5;

/// A response and what its header says. `R` is [`Response`], or [`RowsRef`] for [`encode_rows`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseFrame<R = Response> {
    /// The stream of the request that it answers; -1 for an event.
    pub stream: i16,
    /// Where the trace of the request is.
    pub tracing_id: Option<Uuid>,
    /// What the client should know. Not in version 3: there it is left out.
    pub warnings: Vec<String>,
    /// For whoever extends the server. Not in version 3: there it is left out.
    pub custom_payload: BTreeMap<String, Bytes>,
    /// The response.
    pub response: R,
}

impl<R> ResponseFrame<R> {
    /// A response without any of the extras.
    pub const fn new(stream: i16, response: R) -> Self {
        Self {
            stream,
            tracing_id: None,
            warnings: Vec::new(),
            custom_payload: BTreeMap::new(),
            response,
        }
    }
}

/// What a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// The request was refused, or failed.
    Error(ErrorBody),
    /// The connection may be used.
    Ready,
    /// The client must say who it is, to the authenticator of this class.
    Authenticate(String),
    /// What STARTUP may ask for.
    Supported(BTreeMap<String, Vec<String>>),
    /// Done, nothing to say.
    Void,
    /// Rows.
    Rows(Rows),
    /// The connection's keyspace is this one now.
    SetKeyspace(String),
    /// A statement is prepared.
    Prepared(Prepared),
    /// The schema was changed by the statement.
    SchemaChange(SchemaChange),
    /// Something happened, for those who registered.
    Event(Event),
    /// A step of the client's authentication.
    AuthChallenge(Option<Bytes>),
    /// The client is who it says.
    AuthSuccess(Option<Bytes>),
}

impl Response {
    /// What the header says of it.
    pub const fn opcode(&self) -> Opcode {
        match self {
            Self::Error(_) => Opcode::Error,
            Self::Ready => Opcode::Ready,
            Self::Authenticate(_) => Opcode::Authenticate,
            Self::Supported(_) => Opcode::Supported,
            Self::Void
            | Self::Rows(_)
            | Self::SetKeyspace(_)
            | Self::Prepared(_)
            | Self::SchemaChange(_) => Opcode::Result,
            Self::Event(_) => Opcode::Event,
            Self::AuthChallenge(_) => Opcode::AuthChallenge,
            Self::AuthSuccess(_) => Opcode::AuthSuccess,
        }
    }

    fn write(&self, writer: &mut Writer<'_>, version: Version) {
        match self {
            Self::Error(body) => body.write(writer, version),
            Self::Ready => {}
            Self::Authenticate(class) => writer.string(class),
            Self::Supported(options) => writer.string_multimap(options),
            Self::Void => writer.i32(VOID),
            Self::Rows(rows) => {
                writer.i32(ROWS);
                rows.write(writer, version);
            }
            Self::SetKeyspace(keyspace) => {
                writer.i32(SET_KEYSPACE);
                writer.string(keyspace);
            }
            Self::Prepared(prepared) => {
                writer.i32(PREPARED);
                prepared.write(writer, version);
            }
            Self::SchemaChange(change) => {
                writer.i32(SCHEMA_CHANGE);
                change.write(writer, version);
            }
            Self::Event(event) => event.write(writer, version),
            Self::AuthChallenge(token) | Self::AuthSuccess(token) => {
                writer.bytes(token.as_deref());
            }
        }
    }
}

/// Appends a whole envelope: header and body, the body compressed when `compression` is given and
/// the version is below 5. A response that is too long for the protocol becomes an error.
pub fn encode_response(
    version: Version,
    frame: &ResponseFrame,
    compression: Option<Compression>,
    out: &mut BytesMut,
) {
    let opcode = frame.response.opcode();
    encode(version, frame, opcode, compression, out, |writer| {
        frame.response.write(writer, version);
    });
}

/// Appends a whole envelope of rows as [`encode_response`] does, straight from where they are.
pub fn encode_rows<'a, C>(
    version: Version,
    frame: &ResponseFrame<RowsRef<'a, C>>,
    compression: Option<Compression>,
    out: &mut BytesMut,
) where
    C: Iterator<Item = ColumnRef<'a>> + Clone,
{
    encode(version, frame, Opcode::Result, compression, out, |writer| {
        writer.i32(ROWS);
        frame.response.write(writer, version);
    });
}

/// Appends the answer to an envelope of a version that we do not speak: an error, in our highest.
pub fn encode_unsupported_version(stream: i16, version: u8, out: &mut BytesMut) {
    let error = RequestError::from(ProtocolViolation::UnsupportedVersion(version));
    let frame = ResponseFrame::new(stream, Response::Error(error.into()));
    encode_response(Version::HIGHEST, &frame, None, out);
}

fn encode<R>(
    version: Version,
    frame: &ResponseFrame<R>,
    opcode: Opcode,
    compression: Option<Compression>,
    out: &mut BytesMut,
    write: impl FnOnce(&mut Writer<'_>),
) {
    let has_warnings = version >= Version::V4 && !frame.warnings.is_empty();
    let has_payload = version >= Version::V4 && !frame.custom_payload.is_empty();
    let flag = |is_set, flag| if is_set { flag } else { 0 };
    let header = Header {
        version: version.byte(),
        is_response: true,
        flags: flag(frame.tracing_id.is_some(), flag::TRACING)
            | flag(has_warnings, flag::WARNING)
            | flag(has_payload, flag::CUSTOM_PAYLOAD),
        stream: frame.stream,
        opcode: opcode.byte(),
        body_bytes: 0,
    };
    let start = out.len();
    let (body_bytes, _) = write_envelope(header, compression, out, |writer| {
        if let Some(id) = frame.tracing_id {
            writer.slice(id.as_bytes());
        }
        if has_warnings {
            writer.string_list(&frame.warnings);
        }
        if has_payload {
            writer.bytes_map(&frame.custom_payload);
        }
        write(writer);
    });
    if body_bytes > BODY_BYTES_MAX {
        out.truncate(start);
        let error =
            format!("the response has {body_bytes} bytes, at most {BODY_BYTES_MAX} may be sent");
        let error = Response::Error(RequestError::Server(error).into());
        encode_response(version, &ResponseFrame::new(frame.stream, error), None, out);
    }
}

/// Reads a response. `body` is decompressed already; values and ids are slices of it. What follows
/// the message in its body is ignored.
pub fn decode_response(
    version: Version,
    header: &Header,
    body: Bytes,
) -> Result<ResponseFrame, ProtocolViolation> {
    let opcode = header.opcode_towards(true)?;
    let has = |flag| header.flags & flag != 0;
    let mut reader = Reader::new(body);
    let tracing_id = has(flag::TRACING).then(|| reader.uuid()).transpose()?;
    let warnings = has(flag::WARNING).then(|| reader.string_list());
    let warnings = warnings.transpose()?.unwrap_or_default();
    let custom_payload = has(flag::CUSTOM_PAYLOAD).then(|| reader.bytes_map());
    let custom_payload = custom_payload.transpose()?.unwrap_or_default();
    Ok(ResponseFrame {
        stream: header.stream,
        tracing_id,
        warnings,
        custom_payload,
        response: read_response(version, opcode, &mut reader)?,
    })
}

fn read_response(
    version: Version,
    opcode: Opcode,
    reader: &mut Reader,
) -> Result<Response, ProtocolViolation> {
    Ok(match opcode {
        Opcode::Error => Response::Error(ErrorBody::read(reader, version)?),
        Opcode::Ready => Response::Ready,
        Opcode::Authenticate => Response::Authenticate(reader.string()?),
        Opcode::Supported => Response::Supported(reader.string_multimap()?),
        Opcode::Result => read_result(version, reader)?,
        Opcode::Event => Response::Event(Event::read(reader)?),
        Opcode::AuthChallenge => Response::AuthChallenge(reader.bytes()?),
        Opcode::AuthSuccess => Response::AuthSuccess(reader.bytes()?),
        Opcode::Startup
        | Opcode::Options
        | Opcode::Query
        | Opcode::Prepare
        | Opcode::Execute
        | Opcode::Register
        | Opcode::Batch
        | Opcode::AuthResponse => {
            return Err(ProtocolViolation::UnknownOpcode(opcode.byte()));
        }
    })
}

fn read_result(version: Version, reader: &mut Reader) -> Result<Response, ProtocolViolation> {
    Ok(match reader.i32()? {
        VOID => Response::Void,
        ROWS => Response::Rows(Rows::read(reader, version)?),
        SET_KEYSPACE => Response::SetKeyspace(reader.string()?),
        PREPARED => Response::Prepared(Prepared::read(reader, version)?),
        SCHEMA_CHANGE => Response::SchemaChange(SchemaChange::read(reader)?),
        kind => return Err(ProtocolViolation::ResultKind(kind)),
    })
}
