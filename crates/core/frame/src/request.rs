//! The requests: what a client may ask, read from a body and written into one.

use crate::Compression;
use crate::EventKind;
use crate::Header;
use crate::Opcode;
use crate::ProtocolViolation;
use crate::QueryParameters;
use crate::Version;
use crate::WireValue;
use crate::header::BODY_BYTES_MAX;
use crate::header::flag;
use crate::parameters::read_values;
use crate::parameters::write_values;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::writer::write_envelope;
use bytes::Bytes;
use bytes::BytesMut;
use quorate_types::ConsistencyLevel;
use std::collections::BTreeMap;

/// PREPARE's one flag.
const PREPARE_KEYSPACE: u32 = 0x01;

/// A request and what its header's flags add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestFrame {
    /// Whether the client wants the request traced.
    pub tracing: bool,
    /// For whoever extends the server. Not in version 3.
    pub custom_payload: BTreeMap<String, Bytes>,
    /// The request.
    pub request: Request,
}

/// What a client asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The first request; the options' names are upper case.
    Startup(BTreeMap<String, String>),
    /// What can STARTUP ask for?
    Options,
    /// Run a statement.
    Query {
        /// The statement.
        text: String,
        /// Its values and all else.
        parameters: QueryParameters,
    },
    /// Keep a statement for later.
    Prepare {
        /// The statement.
        text: String,
        /// The keyspace of names without one. Version 5.
        keyspace: Option<String>,
    },
    /// Run a prepared statement.
    Execute {
        /// Its id.
        id: Bytes,
        /// The result's columns as the client knows them. Version 5.
        result_metadata_id: Option<Bytes>,
        /// Its values and all else.
        parameters: QueryParameters,
    },
    /// Run several statements.
    Batch(Batch),
    /// Tell me of events.
    Register(Vec<EventKind>),
    /// A step of the client's authentication.
    AuthResponse(Option<Bytes>),
}

/// What a batch promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum BatchKind {
    /// All or nothing, in the end.
    Logged = 0,
    /// Nothing.
    Unlogged = 1,
    /// Counter updates.
    Counter = 2,
}

/// Several statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// What it promises.
    pub kind: BatchKind,
    /// The statements.
    pub statements: Vec<BatchStatement>,
    /// How many replicas must answer.
    pub consistency: ConsistencyLevel,
    /// The level of a lightweight transaction's Paxos.
    pub serial_consistency: Option<ConsistencyLevel>,
    /// The write timestamp, in microseconds; never `i64::MIN`.
    pub timestamp: Option<i64>,
    /// The keyspace of names without one. Version 5.
    pub keyspace: Option<String>,
    /// The time that TTLs and expiry go by. Version 5.
    pub now_in_seconds: Option<i32>,
}

/// A statement of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchStatement {
    /// The statement.
    pub statement: BatchQuery,
    /// Its markers' values.
    pub values: Vec<WireValue>,
}

/// How a batch names a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchQuery {
    /// By its text.
    Text(String),
    /// By the id of a prepared statement.
    Prepared(Bytes),
}

/// Reads a request. `body` is decompressed already; values, ids and paging states are slices of
/// it. What follows the message in its body is ignored.
pub fn decode_request(
    version: Version,
    header: &Header,
    body: Bytes,
) -> Result<RequestFrame, ProtocolViolation> {
    let opcode = header.opcode_towards(false)?;
    let mut reader = Reader::new(body);
    let custom_payload = if header.flags & flag::CUSTOM_PAYLOAD == 0 {
        BTreeMap::new()
    } else if version < Version::V4 {
        return Err(ProtocolViolation::CustomPayload);
    } else {
        reader.bytes_map()?
    };
    Ok(RequestFrame {
        tracing: header.flags & flag::TRACING != 0,
        custom_payload,
        request: read_request(version, opcode, &mut reader)?,
    })
}

fn read_request(
    version: Version,
    opcode: Opcode,
    reader: &mut Reader,
) -> Result<Request, ProtocolViolation> {
    Ok(match opcode {
        Opcode::Startup => {
            let options = reader.string_map()?.into_iter();
            Request::Startup(options.map(|(k, v)| (k.to_ascii_uppercase(), v)).collect())
        }
        Opcode::Options => Request::Options,
        Opcode::Query => Request::Query {
            text: reader.long_string()?,
            parameters: QueryParameters::read(reader, version)?,
        },
        Opcode::Prepare => {
            let text = reader.long_string()?;
            let flags = if version < Version::V5 {
                0
            } else {
                reader.u32()?
            };
            let keyspace = (flags & PREPARE_KEYSPACE != 0).then(|| reader.string());
            let keyspace = keyspace.transpose()?;
            Request::Prepare { text, keyspace }
        }
        Opcode::Execute => {
            let id = reader.short_bytes()?;
            let result_metadata_id = (version >= Version::V5).then(|| reader.short_bytes());
            Request::Execute {
                id,
                result_metadata_id: result_metadata_id.transpose()?.filter(|id| !id.is_empty()),
                parameters: QueryParameters::read(reader, version)?,
            }
        }
        Opcode::Batch => Request::Batch(read_batch(version, reader)?),
        Opcode::Register => {
            let names = reader.string_list()?;
            let kinds = names.iter().map(|name| EventKind::from_name(name));
            Request::Register(kinds.collect::<Result<_, _>>()?)
        }
        Opcode::AuthResponse => Request::AuthResponse(reader.bytes()?),
        Opcode::Error
        | Opcode::Ready
        | Opcode::Authenticate
        | Opcode::Supported
        | Opcode::Result
        | Opcode::Event
        | Opcode::AuthChallenge
        | Opcode::AuthSuccess => {
            return Err(ProtocolViolation::UnknownOpcode(opcode.byte()));
        }
    })
}

fn read_batch(version: Version, reader: &mut Reader) -> Result<Batch, ProtocolViolation> {
    let kind = match reader.u8()? {
        0 => BatchKind::Logged,
        1 => BatchKind::Unlogged,
        2 => BatchKind::Counter,
        other => return Err(ProtocolViolation::BatchKind(other.cast_signed())),
    };
    let count = usize::from(reader.u16()?);
    let mut statements = Vec::with_capacity(reader.room(count, 5));
    for _ in 0..count {
        let statement = match reader.u8()? {
            0 => BatchQuery::Text(reader.long_string()?),
            1 => BatchQuery::Prepared(reader.short_bytes()?),
            other => return Err(ProtocolViolation::BatchQueryKind(other.cast_signed())),
        };
        let (_, values) = read_values(reader, version, false)?;
        statements.push(BatchStatement { statement, values });
    }
    let parameters = QueryParameters::read(reader, version)?;
    Ok(Batch {
        kind,
        statements,
        consistency: parameters.consistency,
        serial_consistency: parameters.serial_consistency,
        timestamp: parameters.timestamp,
        keyspace: parameters.keyspace,
        now_in_seconds: parameters.now_in_seconds,
    })
}

/// A request that the version cannot express.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request has {0}")]
pub struct Unencodable(&'static str);

/// Appends a whole envelope: header and body, the body compressed when `compression` is given and
/// the version is below 5. A request that `version` cannot express appends nothing.
pub fn encode_request(
    version: Version,
    stream: i16,
    frame: &RequestFrame,
    compression: Option<Compression>,
    out: &mut BytesMut,
) -> Result<(), Unencodable> {
    check_version(version, frame)?;
    let has_payload = !frame.custom_payload.is_empty();
    let tracing = if frame.tracing { flag::TRACING } else { 0 };
    let payload = if has_payload { flag::CUSTOM_PAYLOAD } else { 0 };
    let header = Header {
        version: version.byte(),
        is_response: false,
        flags: tracing | payload,
        stream,
        opcode: frame.request.opcode().byte(),
        body_bytes: 0,
    };
    // STARTUP agrees on the compression, and so cannot have one.
    let compression = compression.filter(|_| !matches!(frame.request, Request::Startup(_)));
    let start = out.len();
    let (body_bytes, was_cut) = write_envelope(header, compression, out, |writer| {
        if has_payload {
            writer.bytes_map(&frame.custom_payload);
        }
        frame.request.write(writer, version);
    });
    if was_cut || body_bytes > BODY_BYTES_MAX {
        out.truncate(start);
        return Err(Unencodable("something longer than its length can say"));
    }
    Ok(())
}

fn check_version(version: Version, frame: &RequestFrame) -> Result<(), Unencodable> {
    let refuse = |is_wrong, what| {
        if is_wrong {
            Err(Unencodable(what))
        } else {
            Ok(())
        }
    };
    let values = frame.request.values();
    let has_unset = values.into_iter().flatten().any(|v| *v == WireValue::Unset);
    let (is_v3, is_below_v5) = (version < Version::V4, version < Version::V5);
    refuse(
        is_v3 && has_unset,
        "an unset value, which version 3 has not",
    )?;
    refuse(
        is_v3 && !frame.custom_payload.is_empty(),
        "a custom payload, which version 3 has not",
    )?;
    let (keyspace, now_in_seconds) = match &frame.request {
        Request::Query { parameters, .. } | Request::Execute { parameters, .. } => {
            let names = parameters.names.as_ref().map(Vec::len);
            let differ = names.is_some_and(|names| names != parameters.values.len());
            refuse(differ, "not as many names as values")?;
            (&parameters.keyspace, parameters.now_in_seconds)
        }
        Request::Batch(batch) => (&batch.keyspace, batch.now_in_seconds),
        Request::Prepare { keyspace, .. } => (keyspace, None),
        Request::Startup(_)
        | Request::Options
        | Request::Register(_)
        | Request::AuthResponse(_) => (&None, None),
    };
    refuse(
        is_below_v5 && (keyspace.is_some() || now_in_seconds.is_some()),
        "a keyspace or a time of its own, which only version 5 has",
    )
}

impl Request {
    /// What the header says of it.
    pub const fn opcode(&self) -> Opcode {
        match self {
            Self::Startup(_) => Opcode::Startup,
            Self::Options => Opcode::Options,
            Self::Query { .. } => Opcode::Query,
            Self::Prepare { .. } => Opcode::Prepare,
            Self::Execute { .. } => Opcode::Execute,
            Self::Batch(_) => Opcode::Batch,
            Self::Register(_) => Opcode::Register,
            Self::AuthResponse(_) => Opcode::AuthResponse,
        }
    }

    /// All values in it, statement by statement.
    fn values(&self) -> Vec<&[WireValue]> {
        match self {
            Self::Query { parameters, .. } | Self::Execute { parameters, .. } => {
                vec![&parameters.values]
            }
            Self::Batch(batch) => {
                let statements = batch.statements.iter();
                statements.map(|s| s.values.as_slice()).collect()
            }
            Self::Startup(_)
            | Self::Options
            | Self::Prepare { .. }
            | Self::Register(_)
            | Self::AuthResponse(_) => Vec::new(),
        }
    }

    fn write(&self, writer: &mut Writer<'_>, version: Version) {
        match self {
            Self::Startup(options) => writer.string_map(options),
            Self::Options => {}
            Self::Query { text, parameters } => {
                writer.long_string(text);
                parameters.write(writer, version);
            }
            Self::Prepare { text, keyspace } => {
                writer.long_string(text);
                if version >= Version::V5 {
                    writer.u32(keyspace.as_ref().map_or(0, |_| PREPARE_KEYSPACE));
                    if let Some(keyspace) = keyspace {
                        writer.string(keyspace);
                    }
                }
            }
            Self::Execute {
                id,
                result_metadata_id,
                parameters,
            } => {
                writer.short_bytes(id);
                if version >= Version::V5 {
                    writer.short_bytes(result_metadata_id.as_deref().unwrap_or_default());
                }
                parameters.write(writer, version);
            }
            Self::Batch(batch) => batch.write(writer, version),
            Self::Register(kinds) => {
                let names = kinds.iter().map(|kind| kind.name().to_owned());
                writer.string_list(&names.collect::<Vec<_>>());
            }
            Self::AuthResponse(token) => writer.bytes(token.as_deref()),
        }
    }
}

impl Batch {
    fn write(&self, writer: &mut Writer<'_>, version: Version) {
        writer.u8(self.kind as u8);
        let count = writer.short_count(self.statements.len());
        for statement in self.statements.iter().take(count) {
            match &statement.statement {
                BatchQuery::Text(text) => {
                    writer.u8(0);
                    writer.long_string(text);
                }
                BatchQuery::Prepared(id) => {
                    writer.u8(1);
                    writer.short_bytes(id);
                }
            }
            write_values(writer, None, &statement.values);
        }
        let parameters = QueryParameters {
            serial_consistency: self.serial_consistency,
            timestamp: self.timestamp,
            keyspace: self.keyspace.clone(),
            now_in_seconds: self.now_in_seconds,
            ..QueryParameters::at(self.consistency)
        };
        parameters.write(writer, version);
    }
}
