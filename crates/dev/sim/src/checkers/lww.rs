//! The writes of each cell, and which version of it wins: last write wins, per cell.

use crate::history::History;
use crate::history::Read;
use crate::history::Register;
use crate::history::Seen;
use crate::history::Write;
use crate::history::WriteOutcome;
use crate::history::replicas_at;
use std::collections::BTreeMap;

/// A version of a cell, in the order in which versions win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    pub(super) timestamp: i64,
    pub(super) state: State,
}

/// At equal timestamps a deletion wins over a value, and the greater value over the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Value(i64),
    Deleted,
}

impl From<Seen> for Version {
    fn from(seen: Seen) -> Self {
        Self {
            timestamp: seen.timestamp,
            state: State::Value(seen.value),
        }
    }
}

/// All writes, by cell.
#[derive(Debug)]
pub struct Timeline<'a> {
    replication_factor: u32,
    cells: BTreeMap<Register, Vec<(&'a Write, Option<i64>)>>,
}

impl<'a> Timeline<'a> {
    /// Sorts a history's writes by cell.
    pub fn of(history: &'a History) -> Self {
        let mut cells: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for write in &history.writes {
            for (register, value) in &write.cells {
                cells.entry(*register).or_default().push((write, *value));
            }
        }
        Self {
            replication_factor: history.replication_factor,
            cells,
        }
    }

    fn writes(&self, register: Register) -> impl Iterator<Item = (&'a Write, Option<i64>)> {
        self.cells.get(&register).into_iter().flatten().copied()
    }

    /// The write of this value, when there was one that was not refused.
    pub(super) fn writer_of(&self, register: Register, value: i64) -> Option<&'a Write> {
        self.writes(register)
            .filter(|(write, _)| write.outcome != WriteOutcome::Refused)
            .find(|(_, written)| *written == Some(value))
            .map(|(write, _)| write)
    }

    /// The greatest version that was acknowledged before `read` began, by enough replicas that the
    /// read must have met one of them.
    pub(super) fn floor(&self, register: Register, read: &Read) -> Option<Version> {
        let readers = replicas_at(read.level, self.replication_factor);
        self.writes(register)
            .filter(|(write, _)| {
                let holders = replicas_at(write.level, self.replication_factor);
                let overlap = holders + readers > self.replication_factor;
                overlap
                    && matches!(write.outcome, WriteOutcome::Acknowledged(at) if at < read.invoked)
            })
            .map(|(write, value)| Version {
                timestamp: write.stamp.low,
                state: value.map_or(State::Deleted, State::Value),
            })
            .max()
    }

    /// Whether a deletion that began before `before` may be newer than `version`.
    pub(super) fn may_be_deleted(&self, register: Register, version: Version, before: u64) -> bool {
        version.state == State::Deleted
            || self.writes(register).any(|(write, value)| {
                value.is_none()
                    && write.outcome != WriteOutcome::Refused
                    && write.invoked <= before
                    && write.stamp.high >= version.timestamp
            })
    }
}
