//! Bugs that tests plant, to see that the checkers find them. Never part of a plain run.
//!
//! Each can be chosen when a run starts (`--plant`). The engine's can be switched on by the cargo
//! feature of the same name too; the features named like the last two reach into the coordinator
//! itself, where the ones here only act as if.

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
    /// Reads do not repair what they find different: the tables say so.
    SkipReadRepair,
    /// A replica's acknowledgement counts for another one too: the network asks the wrong one.
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

    /// What the cargo features say of the engine.
    pub const fn of_features() -> Option<Self> {
        if cfg!(feature = "planted-ack-before-sync") {
            Some(Self::AckBeforeSync)
        } else if cfg!(feature = "planted-drop-hints") {
            Some(Self::DropHints)
        } else if cfg!(feature = "planted-purge-early") {
            Some(Self::PurgeEarly)
        } else {
            None
        }
    }
}
