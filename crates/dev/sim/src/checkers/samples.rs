//! For the checkers' own tests: short histories of one cell under replication factor 3.

use crate::history::History;
use crate::history::Read;
use crate::history::Register;
use crate::history::Seen;
use crate::history::Stamp;
use crate::history::Write;
use crate::history::WriteOutcome;
use quorate_types::ConsistencyLevel;

const CELL: Register = Register {
    table: 0,
    partition: 1,
    row: 2,
    column: 0,
};

pub(super) fn sample() -> History {
    History {
        replication_factor: 3,
        ..History::default()
    }
}

fn write(value: Option<i64>, invoked: u64, timestamp: i64) -> Write {
    Write {
        invoked,
        outcome: WriteOutcome::Unknown,
        level: ConsistencyLevel::Quorum,
        stamp: Stamp::exactly(timestamp),
        cells: vec![(CELL, value)],
        text: "a write".to_owned(),
    }
}

/// A write of a value that timed out.
pub(super) fn put(value: i64, invoked: u64, timestamp: i64) -> Write {
    write(Some(value), invoked, timestamp)
}

/// A deletion that timed out.
pub(super) fn delete(invoked: u64, timestamp: i64) -> Write {
    write(None, invoked, timestamp)
}

impl Write {
    pub(super) fn acknowledged(mut self, at: u64) -> Self {
        self.outcome = WriteOutcome::Acknowledged(at);
        self
    }

    pub(super) fn refused(mut self) -> Self {
        self.outcome = WriteOutcome::Refused;
        self
    }

    pub(super) fn at_level(mut self, level: ConsistencyLevel) -> Self {
        self.level = level;
        self
    }
}

pub(super) fn quorum_read(invoked: u64, completed: u64, seen: Option<(i64, i64)>) -> Read {
    Read {
        invoked,
        completed,
        level: ConsistencyLevel::Quorum,
        cells: vec![(
            CELL,
            seen.map(|(value, timestamp)| Seen { value, timestamp }),
        )],
        is_final: false,
        text: "a read".to_owned(),
    }
}

pub(super) fn final_read(invoked: u64, completed: u64, seen: Option<(i64, i64)>) -> Read {
    Read {
        level: ConsistencyLevel::All,
        is_final: true,
        ..quorum_read(invoked, completed, seen)
    }
}
