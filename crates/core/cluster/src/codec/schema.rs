//! The bytes of keyspaces and tables.

use super::CorruptMetadata;
use super::corrupt;
use super::wire::Coded;
use super::wire::Reader;
use super::wire::coded_struct;
use super::wire::read_keyed;
use super::wire::write_all;
use crate::Column;
use crate::ColumnKind;
use crate::DroppedColumn;
use crate::Keyspace;
use crate::ReadRepair;
use crate::ReplicationStrategy;
use crate::SpeculativeRetry;
use crate::TableOptions;
use crate::TableSchema;
use crate::schema::TableHead;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The key of a keyspace.
pub(super) fn name_of(keyspace: &Arc<Keyspace>) -> String {
    keyspace.name.clone()
}

impl Coded for Arc<Keyspace> {
    fn write(&self, out: &mut Vec<u8>) {
        self.name.write(out);
        self.replication.write(out);
        self.durable_writes.write(out);
        write_all(self.tables.values(), out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        Ok(Self::new(Keyspace {
            name: Coded::read(reader)?,
            replication: Coded::read(reader)?,
            durable_writes: Coded::read(reader)?,
            tables: read_keyed(reader, |table: &Arc<TableSchema>| table.name.clone())?,
        }))
    }
}

impl Coded for ReplicationStrategy {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Simple { factor } => {
                1u8.write(out);
                factor.write(out);
            }
            Self::NetworkTopology { factors } => {
                2u8.write(out);
                factors.write(out);
            }
            Self::Local => 3u8.write(out),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        match u8::read(reader)? {
            1 => Ok(Self::Simple {
                factor: Coded::read(reader)?,
            }),
            2 => Ok(Self::NetworkTopology {
                factors: Coded::read(reader)?,
            }),
            3 => Ok(Self::Local),
            code => corrupt(format!("replication strategy {code}")),
        }
    }
}

impl Coded for Arc<TableSchema> {
    fn write(&self, out: &mut Vec<u8>) {
        self.id.write(out);
        self.keyspace.write(out);
        self.name.write(out);
        self.epoch.write(out);
        self.next_column_id.write(out);
        write_all(self.columns(), out);
        self.dropped_columns.write(out);
        self.options.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        let id = Coded::read(reader)?;
        let keyspace = Coded::read(reader)?;
        let name = Coded::read(reader)?;
        let epoch = Coded::read(reader)?;
        let next_column_id = Coded::read(reader)?;
        let columns: Vec<Column> = Coded::read(reader)?;
        let head = TableHead {
            id,
            keyspace,
            name,
            epoch,
            next_column_id,
            dropped_columns: Coded::read(reader)?,
            options: Coded::read(reader)?,
        };
        check_columns(&head, &columns)?;
        Ok(Self::new(TableSchema::new(head, columns)))
    }
}

/// Ids are unique and given out, names are unique, keys are complete and in order.
fn check_columns(head: &TableHead, columns: &[Column]) -> Result<(), CorruptMetadata> {
    let mut ids = BTreeSet::new();
    let dropped = head.dropped_columns.iter().map(|column| column.id);
    for id in columns.iter().map(|column| column.id).chain(dropped) {
        if id >= head.next_column_id || !ids.insert(id) {
            return corrupt(format!("table {}: column id {}", head.name, id.0));
        }
    }
    let mut names = BTreeSet::new();
    let (mut partition, mut clustering) = (0, 0);
    for column in columns {
        let in_order = match column.kind {
            ColumnKind::PartitionKey(index) => {
                partition += 1;
                index + 1 == partition
            }
            ColumnKind::Clustering { index, .. } => {
                clustering += 1;
                index + 1 == clustering
            }
            ColumnKind::Static | ColumnKind::Regular => true,
        };
        if !in_order || !names.insert(&column.name) {
            return corrupt(format!("table {}: column '{}'", head.name, column.name));
        }
    }
    if partition == 0 {
        return corrupt(format!("table {} has no partition key", head.name));
    }
    Ok(())
}

coded_struct!(Column {
    id,
    name,
    cql_type,
    kind,
});

coded_struct!(DroppedColumn {
    name,
    cql_type,
    kind,
    id,
    dropped_at,
});

impl Coded for ColumnKind {
    fn write(&self, out: &mut Vec<u8>) {
        let index_of =
            |index: usize| u16::try_from(index).expect("a table has at most 65,535 columns");
        match *self {
            Self::PartitionKey(index) => {
                1u8.write(out);
                index_of(index).write(out);
            }
            Self::Clustering { index, descending } => {
                2u8.write(out);
                index_of(index).write(out);
                descending.write(out);
            }
            Self::Static => 3u8.write(out),
            Self::Regular => 4u8.write(out),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        match u8::read(reader)? {
            1 => Ok(Self::PartitionKey(usize::from(u16::read(reader)?))),
            2 => Ok(Self::Clustering {
                index: usize::from(u16::read(reader)?),
                descending: Coded::read(reader)?,
            }),
            3 => Ok(Self::Static),
            4 => Ok(Self::Regular),
            code => corrupt(format!("column kind {code}")),
        }
    }
}

coded_struct!(TableOptions {
    additional_write_policy,
    allow_auto_snapshot,
    bloom_filter_fp_chance,
    caching,
    cdc,
    comment,
    compaction,
    compression,
    memtable,
    crc_check_chance,
    default_time_to_live,
    extensions,
    gc_grace_seconds,
    incremental_backups,
    max_index_interval,
    memtable_flush_period_in_ms,
    min_index_interval,
    read_repair,
    speculative_retry,
});

impl Coded for SpeculativeRetry {
    fn write(&self, out: &mut Vec<u8>) {
        self.text().to_owned().write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        let text = String::read(reader)?;
        Self::parse(&text).or_else(|refused| corrupt(refused.to_string()))
    }
}

impl Coded for ReadRepair {
    fn write(&self, out: &mut Vec<u8>) {
        (*self == Self::Blocking).write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        Ok(if bool::read(reader)? {
            Self::Blocking
        } else {
            Self::None
        })
    }
}
