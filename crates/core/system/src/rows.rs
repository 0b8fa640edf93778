//! Rows by column names, as a table in memory.
//!
//! # Invariants
//!
//! * **Y1** Each value is one of its column's type.
//! * **Y2** Equal snapshots make equal tables: every write has the same timestamp.

use bytes::Bytes;
use quorate_cluster::Column;
use quorate_cluster::TableSchema;
use quorate_data::Cell;
use quorate_data::CellState;
use quorate_data::Liveness;
use quorate_data::Mutation;
use quorate_data::Row;
use quorate_data::key::row_suffix;
use quorate_data::memory::MemoryTable;
use quorate_data::ordered::encode_component;
use quorate_data::value::encode_elements;
use quorate_data::value::encode_entries;
use quorate_data::value::partition_key;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::IpAddr;
use uuid::Uuid;

/// When everything was written, for those who ask.
const WRITTEN_AT: i64 = 0;
/// What closes the framed clustering of a row.
const ROW_END: u8 = 0x38;

/// A value's wire bytes, or null.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wire(Option<Bytes>);

/// A table being filled.
pub(crate) struct Rows<'a> {
    table: &'a TableSchema,
    filled: MemoryTable,
}

impl<'a> Rows<'a> {
    /// No rows yet.
    pub(crate) fn of(table: &'a TableSchema) -> Self {
        Self {
            table,
            filled: MemoryTable::default(),
        }
    }

    /// Inserts a row: values by column name, null where none is given. A row whose key is null, empty
    /// or too long cannot be, and is left out.
    pub(crate) fn put(&mut self, values: &[(&str, Wire)]) {
        for (name, _) in values {
            assert!(self.table.column(name).is_some(), "Y1: no column {name}");
        }
        let given = |column: &Column| {
            let value = values.iter().find(|(name, _)| *name == column.name);
            let value = value.and_then(|(_, wire)| wire.0.as_ref());
            let problem = value.and_then(|wire| column.cql_type.validate(wire).err());
            assert_eq!(problem, None, "Y1: {}", column.name);
            value
        };
        // A null leaves no components, which make no key.
        let components = self.table.partition_key().iter().map(given);
        let components: Option<Vec<&Bytes>> = components.collect();
        let components: Vec<&[u8]> = components.iter().flatten().map(|wire| &wire[..]).collect();
        let Ok(key) = partition_key(&components) else {
            return;
        };
        let mut framed = Vec::new();
        for column in self.table.clustering() {
            let Some(wire) = given(column) else {
                return;
            };
            encode_component(column.cql_type, wire, column.is_descending(), &mut framed);
        }
        framed.push(ROW_END);
        let cells = self.table.regulars().iter().filter_map(|column| {
            Some(Cell {
                column: column.id,
                path: None,
                timestamp: WRITTEN_AT,
                state: CellState::Live(given(column)?.clone()),
            })
        });
        let row = Row {
            liveness: Some(Liveness {
                timestamp: WRITTEN_AT,
                expiring: None,
            }),
            cells: cells.collect(),
            ..Row::default()
        };
        let mut mutation = Mutation::new(self.table.id, self.table.epoch, key);
        mutation.insert(row_suffix(&framed), &row);
        self.filled.apply(&mutation);
    }

    /// The table.
    pub(crate) fn finish(self) -> MemoryTable {
        self.filled
    }
}

pub(crate) fn text(text: &str) -> Wire {
    blob(text.as_bytes())
}

pub(crate) fn text_or_null(value: Option<&String>) -> Wire {
    value.map(|value| text(value)).unwrap_or_default()
}

pub(crate) fn blob(bytes: &[u8]) -> Wire {
    Wire(Some(Bytes::copy_from_slice(bytes)))
}

pub(crate) fn int(number: i32) -> Wire {
    blob(&number.to_be_bytes())
}

/// A bigint or a timestamp. What does not fit is as large as can be.
pub(crate) fn bigint(number: impl TryInto<i64>) -> Wire {
    blob(&number.try_into().unwrap_or(i64::MAX).to_be_bytes())
}

pub(crate) fn double(number: f64) -> Wire {
    blob(&number.to_be_bytes())
}

pub(crate) fn boolean(truth: bool) -> Wire {
    blob(&[u8::from(truth)])
}

pub(crate) fn uuid(uuid: Uuid) -> Wire {
    blob(uuid.as_bytes())
}

pub(crate) fn inet(address: IpAddr) -> Wire {
    match address {
        IpAddr::V4(address) => blob(&address.octets()),
        IpAddr::V6(address) => blob(&address.octets()),
    }
}

pub(crate) fn port(port: u16) -> Wire {
    int(port.into())
}

pub(crate) fn text_set<T: AsRef<[u8]> + Ord>(texts: impl IntoIterator<Item = T>) -> Wire {
    let sorted: BTreeSet<T> = texts.into_iter().collect();
    Wire(Some(encode_elements(&Vec::from_iter(sorted))))
}

/// A map of texts to texts or blobs.
pub(crate) fn text_map<V: AsRef<[u8]>>(entries: &BTreeMap<String, V>) -> Wire {
    let entries: Vec<(&str, &[u8])> = entries
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_ref()))
        .collect();
    Wire(Some(encode_entries(&entries)))
}
