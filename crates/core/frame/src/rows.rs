//! The two large results: rows, and what a PREPARE answers.
//!
//! ```text
//!   flags 4 │ column count 4 │ [paging state] │ [new metadata id, v5] │ [keyspace │ table] │ columns
//!   row count 4 │ rows × columns of [bytes]
//! ```
//!
//! Rows are written straight from where they are ([`RowsRef`]), values are read as slices.

use crate::ProtocolViolation;
use crate::Version;
use crate::reader::Reader;
use crate::type_option::read_type;
use crate::type_option::write_type;
use crate::writer::Writer;
use bytes::Bytes;
use quorate_data::CqlType;
use std::sync::Arc;

type Result<T> = std::result::Result<T, ProtocolViolation>;

const GLOBAL_TABLE: u32 = 0x01;
const HAS_MORE_PAGES: u32 = 0x02;
const NO_METADATA: u32 = 0x04;
const METADATA_CHANGED: u32 = 0x08;

/// A column of a result, or a marker of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnSpec {
    /// The keyspace of the table it belongs to; shared, so that a short message cannot make many
    /// copies of a long name.
    pub keyspace: Arc<str>,
    /// The table it belongs to.
    pub table: Arc<str>,
    /// The column's name, the alias, the expression as written, or the marker's name.
    pub name: String,
    /// Its type.
    pub cql_type: CqlType,
}

/// A [`ColumnSpec`] that lies somewhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnRef<'a> {
    /// The keyspace of the table it belongs to.
    pub keyspace: &'a str,
    /// The table it belongs to.
    pub table: &'a str,
    /// The column's name, the alias, the expression as written, or the marker's name.
    pub name: &'a str,
    /// Its type.
    pub cql_type: CqlType,
}

impl<'a> From<&'a ColumnSpec> for ColumnRef<'a> {
    fn from(spec: &'a ColumnSpec) -> Self {
        Self {
            keyspace: &spec.keyspace,
            table: &spec.table,
            name: &spec.name,
            cql_type: spec.cql_type,
        }
    }
}

/// What is said of a result's columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Columns {
    /// Only how many there are: the client knows them.
    Count(usize),
    /// All; shared, so that a prepared statement's need no copies.
    Specs(Arc<[ColumnSpec]>),
}

/// What a result says of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowsMetadata {
    /// The columns.
    pub columns: Columns,
    /// Where the next page begins, if there is one.
    pub paging_state: Option<Bytes>,
    /// The id of the columns, when they are not those that the client knows. Version 5.
    pub new_metadata_id: Option<Bytes>,
}

/// Rows, as messages hold them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// What is said of them.
    pub metadata: RowsMetadata,
    /// The rows; each has a value per column, `None` is null.
    pub rows: Vec<Vec<Option<Bytes>>>,
}

/// Rows to be written from where they are. The iterators are run more than once.
#[derive(Debug, Clone)]
pub struct RowsRef<'a, C> {
    /// The columns; their number is also that of each row's values.
    pub columns: C,
    /// Whether to say only how many columns there are.
    pub skip_metadata: bool,
    /// Where the next page begins, if there is one.
    pub paging_state: Option<&'a [u8]>,
    /// The id of the columns, when they are not those that the client knows; then they are said
    /// even if `skip_metadata` asks not to. Version 5.
    pub new_metadata_id: Option<&'a [u8]>,
    /// The rows. One of another length than the columns is cut, or filled up with null.
    pub rows: &'a [Vec<Option<Bytes>>],
}

impl<'a, C> RowsRef<'a, C>
where
    C: Iterator<Item = ColumnRef<'a>> + Clone,
{
    pub(crate) fn write(&self, writer: &mut Writer<'_>, version: Version) {
        let metadata = MetadataRef {
            paging_state: self.paging_state,
            new_metadata_id: self.new_metadata_id.filter(|_| version >= Version::V5),
        };
        let skips = self.skip_metadata && metadata.new_metadata_id.is_none();
        let count = self.columns.clone().count();
        let specs = (!skips).then(|| self.columns.clone());
        metadata.write(writer, version, count, specs);
        write_rows(writer, count, self.rows);
    }
}

impl Rows {
    pub(crate) fn write(&self, writer: &mut Writer<'_>, version: Version) {
        let metadata = MetadataRef {
            paging_state: self.metadata.paging_state.as_deref(),
            new_metadata_id: self.metadata.new_metadata_id.as_deref(),
        };
        let (count, specs) = match &self.metadata.columns {
            Columns::Count(count) => (*count, None),
            Columns::Specs(specs) => (specs.len(), Some(specs.iter().map(ColumnRef::from))),
        };
        metadata.write(writer, version, count, specs);
        write_rows(writer, count, &self.rows);
    }

    pub(crate) fn read(reader: &mut Reader, version: Version) -> Result<Self> {
        let metadata = RowsMetadata::read(reader, version)?;
        let columns = match &metadata.columns {
            Columns::Count(count) => *count,
            Columns::Specs(specs) => specs.len(),
        };
        let count = read_count(reader)?;
        if columns == 0 && count > 0 {
            return Err(ProtocolViolation::Count(0));
        }
        let mut rows = Vec::with_capacity(reader.room(count, columns.saturating_mul(4)));
        for _ in 0..count {
            let mut row = Vec::with_capacity(reader.room(columns, 4));
            for _ in 0..columns {
                row.push(reader.bytes()?);
            }
            rows.push(row);
        }
        Ok(Self { metadata, rows })
    }
}

fn write_rows(writer: &mut Writer<'_>, columns: usize, rows: &[Vec<Option<Bytes>>]) {
    let count = writer.int_count(rows.len());
    for row in rows.iter().take(count) {
        for value in row.iter().take(columns) {
            writer.bytes(value.as_deref());
        }
        for _ in row.len()..columns {
            writer.bytes(None);
        }
    }
}

fn read_count(reader: &mut Reader) -> Result<usize> {
    let count = reader.i32()?;
    usize::try_from(count).map_err(|_| ProtocolViolation::Count(count))
}

impl RowsMetadata {
    fn read(reader: &mut Reader, version: Version) -> Result<Self> {
        let flags = reader.u32()?;
        let has = |flag| flags & flag != 0;
        let count = read_count(reader)?;
        let paging_state = has(HAS_MORE_PAGES).then(|| reader.bytes()).transpose()?;
        let changed = has(METADATA_CHANGED) && version >= Version::V5;
        let new_metadata_id = changed.then(|| reader.short_bytes()).transpose()?;
        let columns = if has(NO_METADATA) {
            Columns::Count(count)
        } else {
            Columns::Specs(read_specs(reader, count, has(GLOBAL_TABLE))?.into())
        };
        Ok(Self {
            columns,
            paging_state: paging_state.flatten(),
            new_metadata_id,
        })
    }
}

/// What a result says of its rows, but for the columns.
#[derive(Debug, Default, Clone, Copy)]
struct MetadataRef<'a> {
    paging_state: Option<&'a [u8]>,
    new_metadata_id: Option<&'a [u8]>,
}

impl MetadataRef<'_> {
    /// Writes it, and the columns, if there are `specs`.
    fn write<'a>(
        &self,
        writer: &mut Writer<'_>,
        version: Version,
        count: usize,
        specs: Option<impl Iterator<Item = ColumnRef<'a>> + Clone>,
    ) {
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let new_metadata_id = self.new_metadata_id.filter(|_| version >= Version::V5);
        let global = specs.clone().and_then(global_table);
        writer.u32(
            flag(global.is_some(), GLOBAL_TABLE)
                | flag(self.paging_state.is_some(), HAS_MORE_PAGES)
                | flag(specs.is_none(), NO_METADATA)
                | flag(new_metadata_id.is_some(), METADATA_CHANGED),
        );
        writer.int_count(count);
        if let Some(paging_state) = self.paging_state {
            writer.bytes(Some(paging_state));
        }
        if let Some(id) = new_metadata_id {
            writer.short_bytes(id);
        }
        if let Some(specs) = specs {
            write_specs(writer, version, global, specs);
        }
    }
}

/// Keyspace and table, if they are the same for all columns, and there is one.
fn global_table<'a>(mut specs: impl Iterator<Item = ColumnRef<'a>>) -> Option<(&'a str, &'a str)> {
    let first = specs.next()?;
    let table = (first.keyspace, first.table);
    specs
        .all(|spec| (spec.keyspace, spec.table) == table)
        .then_some(table)
}

fn write_specs<'a>(
    writer: &mut Writer<'_>,
    version: Version,
    global: Option<(&str, &str)>,
    specs: impl Iterator<Item = ColumnRef<'a>>,
) {
    if let Some((keyspace, table)) = global {
        writer.string(keyspace);
        writer.string(table);
    }
    for spec in specs {
        if global.is_none() {
            writer.string(spec.keyspace);
            writer.string(spec.table);
        }
        writer.string(spec.name);
        write_type(writer, version, spec.cql_type);
    }
}

fn read_specs(reader: &mut Reader, count: usize, is_global: bool) -> Result<Vec<ColumnSpec>> {
    let global = is_global.then(|| read_table(reader)).transpose()?;
    let mut specs = Vec::with_capacity(reader.room(count, 4));
    for _ in 0..count {
        let (keyspace, table) = match &global {
            Some(global) => global.clone(),
            None => read_table(reader)?,
        };
        specs.push(ColumnSpec {
            keyspace,
            table,
            name: reader.string()?,
            cql_type: read_type(reader)?,
        });
    }
    Ok(specs)
}

fn read_table(reader: &mut Reader) -> Result<(Arc<str>, Arc<str>)> {
    Ok((reader.string()?.into(), reader.string()?.into()))
}

/// What a PREPARE answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The statement's id.
    pub id: Bytes,
    /// The id of its result's columns. Version 5.
    pub result_metadata_id: Option<Bytes>,
    /// Its markers.
    pub markers: Vec<ColumnSpec>,
    /// Which marker binds each column of the partition key; empty unless each is bound by one.
    /// Not in version 3.
    pub partition_key_markers: Vec<u16>,
    /// The columns of its result; none, unless it is a SELECT.
    pub result_columns: Vec<ColumnSpec>,
}

impl Prepared {
    pub(crate) fn write(&self, writer: &mut Writer<'_>, version: Version) {
        writer.short_bytes(&self.id);
        if version >= Version::V5 {
            writer.short_bytes(self.result_metadata_id.as_deref().unwrap_or_default());
        }
        let markers = self.markers.iter().map(ColumnRef::from);
        let global = global_table(markers.clone());
        writer.u32(global.map_or(0, |_| GLOBAL_TABLE));
        writer.int_count(self.markers.len());
        if version >= Version::V4 {
            let count = writer.int_count(self.partition_key_markers.len());
            for index in self.partition_key_markers.iter().take(count) {
                writer.u16(*index);
            }
        }
        write_specs(writer, version, global, markers);
        let results = self.result_columns.iter().map(ColumnRef::from);
        let specs = (!self.result_columns.is_empty()).then_some(results);
        MetadataRef::default().write(writer, version, self.result_columns.len(), specs);
    }

    pub(crate) fn read(reader: &mut Reader, version: Version) -> Result<Self> {
        let id = reader.short_bytes()?;
        let result_metadata_id = (version >= Version::V5).then(|| reader.short_bytes());
        let result_metadata_id = result_metadata_id.transpose()?;
        let flags = reader.u32()?;
        let count = read_count(reader)?;
        let mut partition_key_markers = Vec::new();
        if version >= Version::V4 {
            let keys = read_count(reader)?;
            partition_key_markers.reserve(reader.room(keys, 2));
            for _ in 0..keys {
                partition_key_markers.push(reader.u16()?);
            }
        }
        let markers = read_specs(reader, count, flags & GLOBAL_TABLE != 0)?;
        let result_columns = match RowsMetadata::read(reader, version)?.columns {
            Columns::Count(_) => Vec::new(),
            Columns::Specs(specs) => specs.to_vec(),
        };
        Ok(Self {
            id,
            result_metadata_id: result_metadata_id.filter(|id| !id.is_empty()),
            markers,
            partition_key_markers,
            result_columns,
        })
    }
}
