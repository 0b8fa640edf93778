//! The body of an ERROR: a code, a text, and the numbers that go with the code.
//!
//! | | version 3 | version 4 | version 5 |
//! |---|---|---|---|
//! | read, write failure | a timeout | how many failed | which replicas, and why |
//! | function failure | invalid | as it is | as it is |
//! | timeout of a lightweight transaction | – | – | contentions follow |
//! | lightweight transaction of unknown result | a timeout | a timeout | as it is |

mod of_request;

use crate::ProtocolViolation;
use crate::Version;
use crate::reader::Reader;
use crate::writer::Writer;
use bytes::Bytes;
use quorate_types::ConsistencyLevel;
use quorate_types::FailureReason;
use quorate_types::WriteType;
use std::net::IpAddr;

const AUTHENTICATION: u32 = 0x0100;
const UNAVAILABLE: u32 = 0x1000;
const WRITE_TIMEOUT: u32 = 0x1100;
const READ_TIMEOUT: u32 = 0x1200;
const READ_FAILURE: u32 = 0x1300;
const FUNCTION_FAILURE: u32 = 0x1400;
const WRITE_FAILURE: u32 = 0x1500;
const CDC_WRITE_FAILURE: u32 = 0x1600;
const CAS_WRITE_UNKNOWN: u32 = 0x1700;
const INVALID: u32 = 0x2200;
const ALREADY_EXISTS: u32 = 0x2400;
const UNPREPARED: u32 = 0x2500;

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
        /// How many did.
        acks: Acks,
        /// What was being written ([`WriteType::name`], or one that we never say).
        write_type: String,
        /// How often the lightweight transaction lost. Version 5, write type CAS.
        contentions: u16,
    },
    /// Too few replicas answered in time.
    ReadTimeout {
        /// How many did.
        acks: Acks,
        /// Whether one of the answers was data.
        data_present: bool,
    },
    /// Replicas failed the read.
    ReadFailure {
        /// How many answered.
        acks: Acks,
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
        /// How many acknowledged it.
        acks: Acks,
        /// Who failed.
        failures: Failures,
        /// What was being written.
        write_type: String,
    },
    /// A lightweight transaction may or may not be applied. Version 5.
    CasWriteUnknown(Acks),
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

/// How many replicas did what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acks {
    /// The level asked for.
    pub level: ConsistencyLevel,
    /// Acknowledgements or answers that came.
    pub received: u32,
    /// Those that were needed.
    pub block_for: u32,
}

impl Acks {
    fn read(reader: &mut Reader) -> Result<Self, ProtocolViolation> {
        Ok(Self {
            level: reader.consistency()?,
            received: reader.u32()?,
            block_for: reader.u32()?,
        })
    }

    fn write(self, writer: &mut Writer<'_>) {
        writer.consistency(self.level);
        writer.u32(self.received);
        writer.u32(self.block_for);
    }
}

/// Which replicas failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failures {
    /// So many; all that version 4 can say.
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

    /// Version 4 says how many, version 5 who: of a mere count, nobody.
    fn write(&self, writer: &mut Writer<'_>, version: Version) {
        match self {
            Self::Count(count) if version < Version::V5 => writer.u32(*count),
            Self::Count(_) => writer.u32(0),
            Self::Reasons(reasons) => {
                let count = writer.int_count(reasons.len());
                let count = if version < Version::V5 { 0 } else { count };
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
            ErrorDetail::Unavailable { .. } => UNAVAILABLE,
            ErrorDetail::WriteTimeout { .. } => WRITE_TIMEOUT,
            ErrorDetail::ReadTimeout { .. } => READ_TIMEOUT,
            ErrorDetail::ReadFailure { .. } => READ_FAILURE,
            ErrorDetail::FunctionFailure { .. } => FUNCTION_FAILURE,
            ErrorDetail::WriteFailure { .. } => WRITE_FAILURE,
            ErrorDetail::CasWriteUnknown(_) => CAS_WRITE_UNKNOWN,
            ErrorDetail::AlreadyExists { .. } => ALREADY_EXISTS,
            ErrorDetail::Unprepared { .. } => UNPREPARED,
        }
    }

    /// What the version says instead, when it has no such error.
    fn replacement(&self, version: Version) -> Option<Self> {
        let is_v3 = version < Version::V4;
        let timed_out = |acks: Acks| {
            format!(
                "Operation timed out - received only {} responses.",
                acks.received
            )
        };
        match &self.detail {
            ErrorDetail::ReadFailure {
                acks,
                failures: _,
                data_present,
            } if is_v3 => Some(Self {
                message: timed_out(*acks),
                detail: ErrorDetail::ReadTimeout {
                    acks: *acks,
                    data_present: *data_present,
                },
            }),
            ErrorDetail::WriteFailure {
                acks,
                failures: _,
                write_type,
            } if is_v3 => Some(Self {
                message: timed_out(*acks),
                detail: ErrorDetail::WriteTimeout {
                    acks: *acks,
                    write_type: write_type.clone(),
                    contentions: 0,
                },
            }),
            ErrorDetail::CasWriteUnknown(acks) if version < Version::V5 => Some(Self {
                message: timed_out(*acks),
                detail: ErrorDetail::WriteTimeout {
                    acks: *acks,
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
        match self {
            Self::Plain(_) => {}
            Self::Unavailable {
                level,
                required,
                alive,
            } => {
                writer.consistency(*level);
                writer.u32(*required);
                writer.u32(*alive);
            }
            Self::WriteTimeout {
                acks,
                write_type,
                contentions,
            } => {
                acks.write(writer);
                writer.string(write_type);
                if has_contentions(version, write_type) {
                    writer.u16(*contentions);
                }
            }
            Self::ReadTimeout { acks, data_present } => {
                acks.write(writer);
                writer.u8(u8::from(*data_present));
            }
            Self::ReadFailure {
                acks,
                failures,
                data_present,
            } => {
                acks.write(writer);
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
                acks,
                failures,
                write_type,
            } => {
                acks.write(writer);
                failures.write(writer, version);
                writer.string(write_type);
            }
            Self::CasWriteUnknown(acks) => acks.write(writer),
            Self::AlreadyExists { keyspace, table } => {
                writer.string(keyspace);
                writer.string(table);
            }
            Self::Unprepared { id } => writer.short_bytes(id),
        }
    }

    fn read(code: u32, reader: &mut Reader, version: Version) -> Result<Self, ProtocolViolation> {
        Ok(match code {
            UNAVAILABLE => Self::Unavailable {
                level: reader.consistency()?,
                required: reader.u32()?,
                alive: reader.u32()?,
            },
            WRITE_TIMEOUT => Self::read_write_timeout(reader, version)?,
            READ_TIMEOUT => Self::ReadTimeout {
                acks: Acks::read(reader)?,
                data_present: reader.u8()? != 0,
            },
            READ_FAILURE => Self::ReadFailure {
                acks: Acks::read(reader)?,
                failures: Failures::read(reader, version)?,
                data_present: reader.u8()? != 0,
            },
            FUNCTION_FAILURE => Self::FunctionFailure {
                keyspace: reader.string()?,
                function: reader.string()?,
                argument_types: reader.string_list()?,
            },
            WRITE_FAILURE => Self::WriteFailure {
                acks: Acks::read(reader)?,
                failures: Failures::read(reader, version)?,
                write_type: reader.string()?,
            },
            CAS_WRITE_UNKNOWN => Self::CasWriteUnknown(Acks::read(reader)?),
            ALREADY_EXISTS => Self::AlreadyExists {
                keyspace: reader.string()?,
                table: reader.string()?,
            },
            UNPREPARED => Self::Unprepared {
                id: reader.short_bytes()?,
            },
            code if PLAIN.contains(&code) => Self::Plain(code),
            code => return Err(ProtocolViolation::ErrorCode(code)),
        })
    }

    fn read_write_timeout(
        reader: &mut Reader,
        version: Version,
    ) -> Result<Self, ProtocolViolation> {
        let acks = Acks::read(reader)?;
        let write_type = reader.string()?;
        let contentions = if has_contentions(version, &write_type) {
            reader.u16()?
        } else {
            0
        };
        Ok(Self::WriteTimeout {
            acks,
            write_type,
            contentions,
        })
    }
}

fn has_contentions(version: Version, write_type: &str) -> bool {
    version >= Version::V5 && write_type == WriteType::Cas.name()
}
