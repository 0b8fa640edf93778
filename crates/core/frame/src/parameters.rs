//! What goes with a QUERY or an EXECUTE: consistency, flags, and what the flags announce.
//!
//! ```text
//!   consistency 2 │ flags 1 (v5: 4) │ [values] │ [page size] │ [paging state] │
//!   [serial consistency] │ [timestamp] │ [keyspace, v5] │ [now in seconds, v5]
//! ```
//!
//! A BATCH ends with the same, without the first four.

use crate::ProtocolViolation;
use crate::Version;
use crate::reader::Reader;
use crate::writer::Writer;
use bytes::Bytes;
use quorate_types::ConsistencyLevel;

const VALUES: u32 = 0x01;
const SKIP_METADATA: u32 = 0x02;
const PAGE_SIZE: u32 = 0x04;
const PAGING_STATE: u32 = 0x08;
const SERIAL_CONSISTENCY: u32 = 0x10;
const TIMESTAMP: u32 = 0x20;
const NAMES: u32 = 0x40;
const KEYSPACE: u32 = 0x80;
const NOW_IN_SECONDS: u32 = 0x100;

/// A bound value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireValue {
    /// Nothing: a tombstone, when written.
    Null,
    /// Nothing was bound: what is there stays. Not in version 3.
    Unset,
    /// A value of the marker's type; a slice of the message.
    Bytes(Bytes),
}

/// What goes with a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryParameters {
    /// How many replicas must answer.
    pub consistency: ConsistencyLevel,
    /// The markers' values.
    pub values: Vec<WireValue>,
    /// The markers' names, as many as values, when the values go by name.
    pub names: Option<Vec<String>>,
    /// Whether the client knows the result's columns already.
    pub skip_metadata: bool,
    /// How many rows a page may have.
    pub page_size: Option<i32>,
    /// Where the page begins: what an earlier page ended with.
    pub paging_state: Option<Bytes>,
    /// The level of a lightweight transaction's Paxos.
    pub serial_consistency: Option<ConsistencyLevel>,
    /// The write timestamp, in microseconds; never `i64::MIN`.
    pub timestamp: Option<i64>,
    /// The keyspace of names without one. Version 5.
    pub keyspace: Option<String>,
    /// The time that TTLs and expiry go by. Version 5.
    pub now_in_seconds: Option<i32>,
}

impl QueryParameters {
    /// Just a level.
    pub const fn at(consistency: ConsistencyLevel) -> Self {
        Self {
            consistency,
            values: Vec::new(),
            names: None,
            skip_metadata: false,
            page_size: None,
            paging_state: None,
            serial_consistency: None,
            timestamp: None,
            keyspace: None,
            now_in_seconds: None,
        }
    }

    pub(crate) fn read(reader: &mut Reader, version: Version) -> Result<Self, ProtocolViolation> {
        let mut parameters = Self::at(reader.consistency()?);
        let flags = if version < Version::V5 {
            u32::from(reader.u8()?)
        } else {
            reader.u32()?
        };
        let has = |flag| flags & flag != 0;
        if has(KEYSPACE) && version < Version::V5 {
            let flag = "KEYSPACE";
            return Err(ProtocolViolation::LaterFlag { flag, version });
        }
        if has(VALUES) {
            (parameters.names, parameters.values) = read_values(reader, version, has(NAMES))?;
        }
        parameters.skip_metadata = has(SKIP_METADATA);
        if has(PAGE_SIZE) {
            parameters.page_size = Some(reader.i32()?);
        }
        if has(PAGING_STATE) {
            parameters.paging_state = reader.bytes()?;
        }
        if has(SERIAL_CONSISTENCY) {
            parameters.serial_consistency = Some(reader.consistency()?);
        }
        if has(TIMESTAMP) {
            parameters.timestamp = Some(read_timestamp(reader)?);
        }
        if has(KEYSPACE) {
            parameters.keyspace = Some(reader.string()?);
        }
        if has(NOW_IN_SECONDS) {
            parameters.now_in_seconds = Some(reader.i32()?);
        }
        Ok(parameters)
    }

    fn flags(&self) -> u32 {
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        flag(!self.values.is_empty(), VALUES)
            | flag(self.skip_metadata, SKIP_METADATA)
            | flag(self.page_size.is_some(), PAGE_SIZE)
            | flag(self.paging_state.is_some(), PAGING_STATE)
            | flag(self.serial_consistency.is_some(), SERIAL_CONSISTENCY)
            | flag(self.timestamp.is_some(), TIMESTAMP)
            | flag(self.names.is_some() && !self.values.is_empty(), NAMES)
            | flag(self.keyspace.is_some(), KEYSPACE)
            | flag(self.now_in_seconds.is_some(), NOW_IN_SECONDS)
    }

    /// Writes what `version` can say; the caller has made sure that this is all there is.
    pub(crate) fn write(&self, writer: &mut Writer<'_>, version: Version) {
        writer.consistency(self.consistency);
        match u8::try_from(self.flags()) {
            Ok(flags) if version < Version::V5 => writer.u8(flags),
            Ok(_) | Err(_) => writer.u32(self.flags()),
        }
        if !self.values.is_empty() {
            write_values(writer, self.names.as_deref(), &self.values);
        }
        if let Some(page_size) = self.page_size {
            writer.i32(page_size);
        }
        if let Some(paging_state) = &self.paging_state {
            writer.bytes(Some(paging_state));
        }
        if let Some(level) = self.serial_consistency {
            writer.consistency(level);
        }
        if let Some(timestamp) = self.timestamp {
            writer.i64(timestamp);
        }
        if let Some(keyspace) = &self.keyspace {
            writer.string(keyspace);
        }
        if let Some(now_in_seconds) = self.now_in_seconds {
            writer.i32(now_in_seconds);
        }
    }
}

fn read_timestamp(reader: &mut Reader) -> Result<i64, ProtocolViolation> {
    match reader.i64()? {
        i64::MIN => Err(ProtocolViolation::Timestamp(i64::MIN)),
        timestamp => Ok(timestamp),
    }
}

type NamesAndValues = (Option<Vec<String>>, Vec<WireValue>);

/// A `[short]` n, then n values, each after its name if they have names.
pub(crate) fn read_values(
    reader: &mut Reader,
    version: Version,
    has_names: bool,
) -> Result<NamesAndValues, ProtocolViolation> {
    let count = usize::from(reader.u16()?);
    let room = reader.room(count, 4);
    let mut values = Vec::with_capacity(room);
    let mut names = Vec::with_capacity(if has_names { room } else { 0 });
    for _ in 0..count {
        if has_names {
            names.push(reader.string()?);
        }
        values.push(reader.value(version)?);
    }
    Ok(((has_names && count > 0).then_some(names), values))
}

pub(crate) fn write_values(
    writer: &mut Writer<'_>,
    names: Option<&[String]>,
    values: &[WireValue],
) {
    let count = writer.short_count(values.len());
    for (index, value) in values.iter().take(count).enumerate() {
        if let Some(name) = names.and_then(|names| names.get(index)) {
            writer.string(name);
        }
        match value {
            WireValue::Null => writer.i32(-1),
            WireValue::Unset => writer.i32(-2),
            WireValue::Bytes(bytes) => writer.bytes(Some(bytes)),
        }
    }
}
