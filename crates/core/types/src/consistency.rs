//! Consistency levels and write types: names and wire codes. How many replies a level
//! waits for is decided in `quorate-coordinator`, from the replica set.

use std::fmt;
use std::str::FromStr;

/// How many replicas must answer before a request does.
///
/// The discriminants are the CQL native protocol's codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
pub enum ConsistencyLevel {
    /// Writes only: one replica, or a stored hint.
    Any = 0x0,
    /// One replica.
    One = 0x1,
    /// Two replicas.
    Two = 0x2,
    /// Three replicas.
    Three = 0x3,
    /// A majority of all replicas, over all datacenters together.
    Quorum = 0x4,
    /// Every replica.
    All = 0x5,
    /// A majority of the coordinator's datacenter.
    LocalQuorum = 0x6,
    /// A majority in each datacenter.
    EachQuorum = 0x7,
    /// Linearizable, over all datacenters (conditional updates and serial reads).
    Serial = 0x8,
    /// Linearizable within the coordinator's datacenter.
    LocalSerial = 0x9,
    /// One replica of the coordinator's datacenter.
    LocalOne = 0xA,
}

/// A code that names no consistency level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Unknown code {0} for a consistency level")]
pub struct UnknownConsistencyCode(pub u16);

impl ConsistencyLevel {
    /// Every level, in the order of the codes.
    pub const EVERY: [Self; 11] = [
        Self::Any,
        Self::One,
        Self::Two,
        Self::Three,
        Self::Quorum,
        Self::All,
        Self::LocalQuorum,
        Self::EachQuorum,
        Self::Serial,
        Self::LocalSerial,
        Self::LocalOne,
    ];

    /// The protocol code.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// Reads a protocol code.
    pub fn from_code(code: u16) -> Result<Self, UnknownConsistencyCode> {
        Self::EVERY
            .into_iter()
            .find(|level| level.code() == code)
            .ok_or(UnknownConsistencyCode(code))
    }

    /// The level's name as CQL users write it (`LOCAL_QUORUM`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "ANY",
            Self::One => "ONE",
            Self::Two => "TWO",
            Self::Three => "THREE",
            Self::Quorum => "QUORUM",
            Self::All => "ALL",
            Self::LocalQuorum => "LOCAL_QUORUM",
            Self::EachQuorum => "EACH_QUORUM",
            Self::Serial => "SERIAL",
            Self::LocalSerial => "LOCAL_SERIAL",
            Self::LocalOne => "LOCAL_ONE",
        }
    }

    /// Whether only replicas of the coordinator's datacenter count.
    pub const fn is_datacenter_local(self) -> bool {
        matches!(self, Self::LocalQuorum | Self::LocalOne | Self::LocalSerial)
    }

    /// Whether the level asks for Paxos.
    pub const fn is_serial(self) -> bool {
        matches!(self, Self::Serial | Self::LocalSerial)
    }
}

impl fmt::Display for ConsistencyLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no consistency level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown consistency level '{0}'")]
pub struct UnknownConsistencyName(pub String);

impl FromStr for ConsistencyLevel {
    type Err = UnknownConsistencyName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::EVERY
            .into_iter()
            .find(|level| level.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| UnknownConsistencyName(name.to_owned()))
    }
}

/// What kind of write a timeout or failure speaks of (the protocol's `writeType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WriteType {
    /// One mutation.
    Simple,
    /// A logged batch, after its batch log was written.
    Batch,
    /// Independent mutations of an unlogged batch.
    UnloggedBatch,
    /// A counter update.
    Counter,
    /// The batch log itself: nothing was applied yet.
    BatchLog,
    /// A lightweight transaction.
    Cas,
}

impl WriteType {
    /// The protocol's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Simple => "SIMPLE",
            Self::Batch => "BATCH",
            Self::UnloggedBatch => "UNLOGGED_BATCH",
            Self::Counter => "COUNTER",
            Self::BatchLog => "BATCH_LOG",
            Self::Cas => "CAS",
        }
    }
}

impl fmt::Display for WriteType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_survives_its_code_and_its_name() {
        for level in ConsistencyLevel::EVERY {
            assert_eq!(ConsistencyLevel::from_code(level.code()), Ok(level));
            assert_eq!(level.name().to_lowercase().parse(), Ok(level));
        }
        assert_eq!(
            ConsistencyLevel::from_code(0xC),
            Err(UnknownConsistencyCode(0xC))
        );
    }
}
