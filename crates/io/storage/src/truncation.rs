//! Which tables were truncated, and up to where in the log.
//!
//! Decides that nothing logged before a truncation comes back, whatever crashes when: the record is
//! durable before the data goes, replay skips what lies before it, and opening finishes what a
//! crash interrupted. The bytes: `table (16) · log position (12) · milliseconds (8)`, repeated.

use crate::EngineError;
use crate::blob::read_checked;
use crate::blob::write_checked;
use quorate_commitlog::LogPosition;
use quorate_types::TableId;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use uuid::Uuid;

const ENTRY_BYTES: usize = 36;

/// The last truncation of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Truncation {
    /// Records before it are gone.
    pub(crate) position: LogPosition,
    /// When, milliseconds since 1970.
    pub(crate) at_millis: u64,
}

/// The file of truncations and what it says.
#[derive(Debug)]
pub(crate) struct Truncations {
    path: PathBuf,
    by_table: Mutex<BTreeMap<TableId, Truncation>>,
}

impl Truncations {
    pub(crate) fn load(path: PathBuf) -> Result<Self, EngineError> {
        let bytes = read_checked(&path).map_err(|error| EngineError::io("read", &path, &error))?;
        let by_table = decode(&bytes.unwrap_or_default());
        Ok(Self {
            path,
            by_table: Mutex::new(by_table),
        })
    }

    pub(crate) fn of(&self, table: TableId) -> Option<Truncation> {
        self.lock().get(&table).copied()
    }

    pub(crate) fn all(&self) -> BTreeMap<TableId, Truncation> {
        self.lock().clone()
    }

    /// Remembers a truncation; durable when it returns.
    pub(crate) fn record(&self, table: TableId, truncation: Truncation) -> Result<(), EngineError> {
        self.change(|by_table| {
            by_table.insert(table, truncation);
        })
    }

    /// Forgets a table that was dropped.
    pub(crate) fn forget(&self, table: TableId) -> Result<(), EngineError> {
        if self.of(table).is_none() {
            return Ok(());
        }
        self.change(|by_table| {
            by_table.remove(&table);
        })
    }

    /// Brings positions that the log never reached (it lost an unsynced tail) back to its end:
    /// what is logged from here on is not before them.
    pub(crate) fn clamp_to(&self, end: LogPosition) -> Result<(), EngineError> {
        if self.lock().values().all(|known| known.position <= end) {
            return Ok(());
        }
        self.change(|by_table| {
            for known in by_table.values_mut() {
                known.position = known.position.min(end);
            }
        })
    }

    fn change(
        &self,
        change: impl FnOnce(&mut BTreeMap<TableId, Truncation>),
    ) -> Result<(), EngineError> {
        let mut by_table = self.lock();
        let mut changed = by_table.clone();
        change(&mut changed);
        write_checked(&self.path, &encode(&changed))
            .map_err(|error| EngineError::io("write", &self.path, &error))?;
        *by_table = changed;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TableId, Truncation>> {
        self.by_table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn encode(by_table: &BTreeMap<TableId, Truncation>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(by_table.len() * ENTRY_BYTES);
    for (table, truncation) in by_table {
        bytes.extend_from_slice(table.0.as_bytes());
        bytes.extend_from_slice(&truncation.position.to_bytes());
        bytes.extend_from_slice(&truncation.at_millis.to_be_bytes());
    }
    bytes
}

fn decode(bytes: &[u8]) -> BTreeMap<TableId, Truncation> {
    let (entries, _) = bytes.as_chunks::<ENTRY_BYTES>();
    let read = |entry: &[u8; ENTRY_BYTES]| {
        let (table, rest) = entry.split_first_chunk::<16>()?;
        let (position, rest) = rest.split_first_chunk::<12>()?;
        let (at_millis, _) = rest.split_first_chunk::<8>()?;
        let truncation = Truncation {
            position: LogPosition::from_bytes(*position),
            at_millis: u64::from_be_bytes(*at_millis),
        };
        Some((TableId(Uuid::from_bytes(*table)), truncation))
    };
    entries.iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_recorded_is_loaded_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("truncations");
        let position = |segment, offset| LogPosition { segment, offset };
        let (one, two) = (
            TableId(Uuid::from_u128(1)),
            TableId(Uuid::from_u128(u128::MAX)),
        );
        let known = Truncations::load(path.clone()).unwrap();
        let truncation = Truncation {
            position: position(7, 99),
            at_millis: 1_234,
        };
        known.record(one, truncation).unwrap();
        known.record(two, truncation).unwrap();
        known.forget(one).unwrap();
        let known = Truncations::load(path.clone()).unwrap();
        assert_eq!(known.all(), BTreeMap::from([(two, truncation)]));
        known.clamp_to(position(7, 10)).unwrap();
        let known = Truncations::load(path).unwrap();
        assert_eq!(known.of(two).unwrap().position, position(7, 10));
    }
}
