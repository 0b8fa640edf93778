//! The body of an ERROR: a code, a text, and the numbers that go with the code.
//!
//! | | version 3 | version 4 | version 5 |
//! |---|---|---|---|
//! | read, write failure | a timeout | how many failed | which replicas, and why |
//! | function failure | invalid | as it is | as it is |
//! | timeout of a lightweight transaction | – | – | contentions follow |
//! | lightweight transaction of unknown result | a timeout | a timeout | as it is |

use crate::ProtocolViolation;
use crate::Version;
use crate::reader::Reader;
use crate::writer::Writer;
use bytes::Bytes;
use quorate_types::ConsistencyLevel;
use quorate_types::FailureReason;
use quorate_types::RequestError;
use quorate_types::WriteType;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

const AUTHENTICATION: u32 = 0x0100;
const CDC_WRITE_FAILURE: u32 = 0x1600;
const INVALID: u32 = 0x2200;

/// The codes without anything after the text.
const PLAIN: [u32; 11] = [
    0x0000,
    0x000A,
    AUTHENTICATION,
    0x1001,
    0x1002,
    0x1003,
    CDC_WRITE_FAILURE,
    0x2000,
    0x2100,
    INVALID,
    0x2300,
];

/// An error as it is on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorBody {
    /// For a human.
    pub message: String,
    /// For the driver.
    pub detail: ErrorDetail,
}

/// An error's code, and what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorDetail {
    /// Nothing but the code.
    Plain(u32),
    /// Too few replicas are alive.
    Unavailable {
        /// The level asked for.
        level: ConsistencyLevel,
        /// Replicas it needs.
        required: u32,
        /// Replicas alive.
        alive: u32,
    },
    /// Too few replicas acknowledged in time.
    WriteTimeout {
        /// The level asked for.
        level: ConsistencyLevel,
        /// Acknowledgements that came.
        received: u32,
        /// Acknowledgements that were needed.
        block_for: u32,
        /// What was being written ([`WriteType::name`], or one that we never say).
        write_type: String,
        /// How often the lightweight transaction lost. Version 5, write type CAS.
        contentions: u16,
    },
    /// Too few replicas answered in time.
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
    ReadFailure {
        /// The level asked for.
        level: ConsistencyLevel,
        /// Answers that came.
        received: u32,
        /// Answers that were needed.
        block_for: u32,
        /// Who failed.
        failures: Failures,
        /// Whether one of the answers was data.
        data_present: bool,
    },
    /// A function refused its arguments.
    FunctionFailure {
        /// The function's keyspace.
        keyspace: String,
        /// Its name.
        function: String,
        /// Its argument types.
        argument_types: Vec<String>,
    },
    /// Replicas failed the write.
    WriteFailure {
        /// The level asked for.
        level: ConsistencyLevel,
        /// Acknowledgements that came.
        received: u32,
        /// Acknowledgements that were needed.
        block_for: u32,
        /// Who failed.
        failures: Failures,
        /// What was being written.
        write_type: String,
    },
    /// A lightweight transaction may or may not be applied. Version 5.
    CasWriteUnknown {
        /// The level asked for.
        level: ConsistencyLevel,
        /// Acknowledgements that came.
        received: u32,
        /// Acknowledgements that were needed.
        block_for: u32,
    },
    /// The keyspace or table exists.
    AlreadyExists {
        /// Its keyspace.
        keyspace: String,
        /// The table; empty when it is a keyspace.
        table: String,
    },
    /// The node knows no statement of this id.
    Unprepared {
        /// The id.
        id: Bytes,
    },
}

/// Which replicas failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failures {
    /// So many; all that versions 3 and 4 can say.
    Count(u32),
    /// These, and why.
    Reasons(Vec<(IpAddr, FailureReason)>),
}

impl Failures {
    fn read(reader: &mut Reader, version: Version) -> Result<Self, ProtocolViolation> {
        if version < Version::V5 {
            return reader.u32().map(Self::Count);
        }
        let count = reader.i32()?;
        let count = usize::try_from(count).map_err(|_| ProtocolViolation::Count(count))?;
        let mut reasons = Vec::with_capacity(reader.room(count, 7));
        for _ in 0..count {
            let address = reader.address()?;
            reasons.push((address, FailureReason::from_code(reader.u16()?)));
        }
        Ok(Self::Reasons(reasons))
    }

    fn write(&self, writer: &mut Writer<'_>, version: Version) {
        match self {
            Self::Count(count) if version < Version::V5 => writer.u32(*count),
            Self::Count(_) => writer.u32(0),
            Self::Reasons(reasons) => {
                let count = writer.int_count(reasons.len());
                if version < Version::V5 {
                    return;
                }
                for (address, reason) in reasons.iter().take(count) {
                    writer.address(*address);
                    writer.u16(*reason as u16);
                }
            }
        }
    }
}

impl ErrorBody {
    /// An error that is only a code and a text.
    pub fn plain(code: u32, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            detail: ErrorDetail::Plain(code),
        }
    }

    /// Wrong credentials.
    pub fn authentication(message: impl Into<String>) -> Self {
        Self::plain(AUTHENTICATION, message)
    }

    /// The error's code.
    pub const fn code(&self) -> u32 {
        match self.detail {
            ErrorDetail::Plain(code) => code,
            ErrorDetail::Unavailable { .. } => 0x1000,
            ErrorDetail::WriteTimeout { .. } => 0x1100,
            ErrorDetail::ReadTimeout { .. } => 0x1200,
            ErrorDetail::ReadFailure { .. } => 0x1300,
            ErrorDetail::FunctionFailure { .. } => 0x1400,
            ErrorDetail::WriteFailure { .. } => 0x1500,
            ErrorDetail::CasWriteUnknown { .. } => 0x1700,
            ErrorDetail::AlreadyExists { .. } => 0x2400,
            ErrorDetail::Unprepared { .. } => 0x2500,
        }
    }

    /// What the version says instead, when it has no such error.
    fn replacement(&self, version: Version) -> Option<Self> {
        let is_v3 = version < Version::V4;
        let timeout =
            |received| format!("Operation timed out - received only {received} responses.");
        match &self.detail {
            ErrorDetail::ReadFailure {
                level,
                received,
                block_for,
                failures: _,
                data_present,
            } if is_v3 => Some(Self {
                message: timeout(*received),
                detail: ErrorDetail::ReadTimeout {
                    level: *level,
                    received: *received,
                    block_for: *block_for,
                    data_present: *data_present,
                },
            }),
            ErrorDetail::WriteFailure {
                level,
                received,
                block_for,
                failures: _,
                write_type,
            } if is_v3 => Some(Self {
                message: timeout(*received),
                detail: ErrorDetail::WriteTimeout {
                    level: *level,
                    received: *received,
                    block_for: *block_for,
                    write_type: write_type.clone(),
                    contentions: 0,
                },
            }),
            ErrorDetail::CasWriteUnknown {
                level,
                received,
                block_for,
            } if version < Version::V5 => Some(Self {
                message: self.message.clone(),
                detail: ErrorDetail::WriteTimeout {
                    level: *level,
                    received: *received,
                    block_for: *block_for,
                    write_type: WriteType::Cas.name().to_owned(),
                    contentions: 0,
                },
            }),
            ErrorDetail::FunctionFailure { .. } | ErrorDetail::Plain(CDC_WRITE_FAILURE)
                if is_v3 =>
            {
                Some(Self::plain(INVALID, self.message.clone()))
            }
            _ => None,
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>, version: Version) {
        if let Some(replacement) = self.replacement(version) {
            return replacement.write(writer, version);
        }
        writer.u32(self.code());
        writer.string(&self.message);
        self.detail.write(writer, version);
    }

    pub(crate) fn read(reader: &mut Reader, version: Version) -> Result<Self, ProtocolViolation> {
        let code = reader.u32()?;
        Ok(Self {
            message: reader.string()?,
            detail: ErrorDetail::read(code, reader, version)?,
        })
    }
}

impl ErrorDetail {
    fn write(&self, writer: &mut Writer<'_>, version: Version) {
        let acks = |writer: &mut Writer<'_>, level, received, needed| {
            writer.consistency(level);
            writer.u32(received);
            writer.u32(needed);
        };
        match self {
            Self::Plain(_) => {}
            Self::Unavailable {
                level,
                required,
                alive,
            } => acks(writer, *level, *required, *alive),
            Self::WriteTimeout {
                level,
                received,
                block_for,
                write_type,
                contentions,
            } => {
                acks(writer, *level, *received, *block_for);
                writer.string(write_type);
                if has_contentions(version, write_type) {
                    writer.u16(*contentions);
                }
            }
            Self::ReadTimeout {
                level,
                received,
                block_for,
                data_present,
            } => {
                acks(writer, *level, *received, *block_for);
                writer.u8(u8::from(*data_present));
            }
            Self::ReadFailure {
                level,
                received,
                block_for,
                failures,
                data_present,
            } => {
                acks(writer, *level, *received, *block_for);
                failures.write(writer, version);
                writer.u8(u8::from(*data_present));
            }
            Self::FunctionFailure {
                keyspace,
                function,
                argument_types,
            } => {
                writer.string(keyspace);
                writer.string(function);
                writer.string_list(argument_types);
            }
            Self::WriteFailure {
                level,
                received,
                block_for,
                failures,
                write_type,
            } => {
                acks(writer, *level, *received, *block_for);
                failures.write(writer, version);
                writer.string(write_type);
            }
            Self::CasWriteUnknown {
                level,
                received,
                block_for,
            } => acks(writer, *level, *received, *block_for),
            Self::AlreadyExists { keyspace, table } => {
                writer.string(keyspace);
                writer.string(table);
            }
            Self::Unprepared { id } => writer.short_bytes(id),
        }
    }

    fn read(code: u32, reader: &mut Reader, version: Version) -> Result<Self, ProtocolViolation> {
        match code {
            0x1000 | 0x1100 | 0x1200 | 0x1300 | 0x1500 | 0x1700 => {
                let acks = Acks {
                    level: reader.consistency()?,
                    received: reader.u32()?,
                    block_for: reader.u32()?,
                };
                Self::read_acks(code, &acks, reader, version)
            }
            0x1400 => Ok(Self::FunctionFailure {
                keyspace: reader.string()?,
                function: reader.string()?,
                argument_types: reader.string_list()?,
            }),
            0x2400 => Ok(Self::AlreadyExists {
                keyspace: reader.string()?,
                table: reader.string()?,
            }),
            0x2500 => Ok(Self::Unprepared {
                id: reader.short_bytes()?,
            }),
            code if PLAIN.contains(&code) => Ok(Self::Plain(code)),
            code => Err(ProtocolViolation::ErrorCode(code)),
        }
    }

    fn read_acks(
        code: u32,
        acks: &Acks,
        reader: &mut Reader,
        version: Version,
    ) -> Result<Self, ProtocolViolation> {
        let Acks {
            level,
            received,
            block_for,
        } = *acks;
        Ok(match code {
            0x1000 => Self::Unavailable {
                level,
                required: received,
                alive: block_for,
            },
            0x1100 => {
                let write_type = reader.string()?;
                let contentions = has_contentions(version, &write_type).then(|| reader.u16());
                Self::WriteTimeout {
                    level,
                    received,
                    block_for,
                    write_type,
                    contentions: contentions.transpose()?.unwrap_or_default(),
                }
            }
            0x1200 => Self::ReadTimeout {
                level,
                received,
                block_for,
                data_present: reader.u8()? != 0,
            },
            0x1300 => Self::ReadFailure {
                level,
                received,
                block_for,
                failures: Failures::read(reader, version)?,
                data_present: reader.u8()? != 0,
            },
            0x1500 => Self::WriteFailure {
                level,
                received,
                block_for,
                failures: Failures::read(reader, version)?,
                write_type: reader.string()?,
            },
            _ => Self::CasWriteUnknown {
                level,
                received,
                block_for,
            },
        })
    }
}

/// What all errors about replicas begin with.
struct Acks {
    level: ConsistencyLevel,
    received: u32,
    block_for: u32,
}

fn has_contentions(version: Version, write_type: &str) -> bool {
    version >= Version::V5 && write_type == WriteType::Cas.name()
}

impl From<&RequestError> for ErrorBody {
    fn from(error: &RequestError) -> Self {
        Self {
            message: error.to_string(),
            detail: ErrorDetail::from(error),
        }
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
                level: *level,
                received: *received,
                block_for: *block_for,
                write_type: write_type.name().to_owned(),
                contentions: 0,
            },
            RequestError::ReadTimeout {
                level,
                received,
                block_for,
                data_present,
            } => Self::ReadTimeout {
                level: *level,
                received: *received,
                block_for: *block_for,
                data_present: *data_present,
            },
            RequestError::ReadFailure {
                level,
                received,
                block_for,
                data_present,
                failures,
            } => Self::ReadFailure {
                level: *level,
                received: *received,
                block_for: *block_for,
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
                level: *level,
                received: *received,
                block_for: *block_for,
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

fn reasons(failures: &[(String, FailureReason)]) -> Failures {
    let failures = failures.iter();
    Failures::Reasons(
        failures
            .map(|(address, reason)| (address_of(address), *reason))
            .collect(),
    )
}

/// The address in `127.0.0.1:7000`; `0.0.0.0` for a host name, which the protocol cannot say.
fn address_of(text: &str) -> IpAddr {
    let socket = text.parse().map(|socket: SocketAddr| socket.ip());
    let address = socket.or_else(|_| text.parse());
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
