//! The `[option]` that says a column's type: its code, and the codes of a collection's parts.
//!
//! A type that is younger than the message's version goes by its class in Cassandra, as `custom`.

use crate::ProtocolViolation;
use crate::Version;
use crate::reader::Reader;
use crate::writer::Writer;
use quorate_data::CqlType;

const CUSTOM: u16 = 0x00;
const VARCHAR_BEFORE_V3: u16 = 0x0A;
const LIST: u16 = 0x20;
const MAP: u16 = 0x21;
const SET: u16 = 0x22;

const CLASSES: &str = "org.apache.cassandra.db.marshal.";

/// The scalars, where collections can point at them.
static SCALARS: [CqlType; 20] = CqlType::EVERY;

/// The first version that has a code for the type, and the class that says it before.
const fn since(cql_type: CqlType) -> Option<(Version, &'static str)> {
    match cql_type {
        CqlType::Date => Some((Version::V4, "SimpleDateType")),
        CqlType::Time => Some((Version::V4, "TimeType")),
        CqlType::Smallint => Some((Version::V4, "ShortType")),
        CqlType::Tinyint => Some((Version::V4, "ByteType")),
        CqlType::Duration => Some((Version::V5, "DurationType")),
        _ => None,
    }
}

pub(crate) fn write_type(writer: &mut Writer<'_>, version: Version, cql_type: CqlType) {
    if let Some((first, class)) = since(cql_type)
        && version < first
    {
        writer.u16(CUSTOM);
        writer.string(&format!("{CLASSES}{class}"));
        return;
    }
    writer.u16(cql_type.code());
    match cql_type {
        CqlType::List(element) | CqlType::Set(element) => write_type(writer, version, *element),
        CqlType::Map(key, value) => {
            write_type(writer, version, *key);
            write_type(writer, version, *value);
        }
        _ => {}
    }
}

/// Reads a type. Collections of collections are refused: we never make one.
pub(crate) fn read_type(reader: &mut Reader) -> Result<CqlType, ProtocolViolation> {
    let code = reader.u16()?;
    Ok(match code {
        LIST => CqlType::List(read_part(reader)?),
        SET => CqlType::Set(read_part(reader)?),
        MAP => CqlType::Map(read_part(reader)?, read_part(reader)?),
        code => *read_scalar(code, reader)?,
    })
}

fn read_part(reader: &mut Reader) -> Result<&'static CqlType, ProtocolViolation> {
    let code = reader.u16()?;
    read_scalar(code, reader)
}

fn read_scalar(code: u16, reader: &mut Reader) -> Result<&'static CqlType, ProtocolViolation> {
    if code == CUSTOM {
        let class = reader.string()?;
        let short = class.strip_prefix(CLASSES).unwrap_or(&class);
        let known = SCALARS
            .iter()
            .find(|scalar| since(**scalar).is_some_and(|(_, name)| name == short));
        return known.ok_or(ProtocolViolation::UnsupportedType(class));
    }
    let code = if code == VARCHAR_BEFORE_V3 {
        CqlType::Text.code()
    } else {
        code
    };
    let scalar = SCALARS.iter().find(|scalar| scalar.code() == code);
    scalar.ok_or(ProtocolViolation::TypeOption(code))
}
