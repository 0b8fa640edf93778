//! Bugs that tests plant, to see that the checkers find them. Never part of a plain run.
//!
//! Each can be chosen when a run starts (`--plant`), or by the cargo feature of the same name.

use clap::ValueEnum;

/// A bug on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlantedBug {
    /// The engine acknowledges writes before they are durable.
    AckBeforeSync,
    /// Hints are forgotten when a node starts.
    DropHints,
    /// Sweeps purge every tombstone at once, whatever gc_grace says.
    PurgeEarly,
    /// Reads do not repair what they find different.
    SkipReadRepair,
    /// A replica's acknowledgement counts for another one too.
    CountReplicaTwice,
}

impl PlantedBug {
    /// All of them.
    pub const EVERY: [Self; 5] = [
        Self::AckBeforeSync,
        Self::DropHints,
        Self::PurgeEarly,
        Self::SkipReadRepair,
        Self::CountReplicaTwice,
    ];

    /// What the cargo features say.
    pub const fn of_features() -> Option<Self> {
        if cfg!(feature = "planted-ack-before-sync") {
            Some(Self::AckBeforeSync)
        } else if cfg!(feature = "planted-drop-hints") {
            Some(Self::DropHints)
        } else if cfg!(feature = "planted-purge-early") {
            Some(Self::PurgeEarly)
        } else if cfg!(feature = "planted-skip-read-repair") {
            Some(Self::SkipReadRepair)
        } else if cfg!(feature = "planted-count-replica-twice") {
            Some(Self::CountReplicaTwice)
        } else {
            None
        }
    }
}
