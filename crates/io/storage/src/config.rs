//! What the operator decides about the engine. Knows nothing of files' contents.

use quorate_commitlog::LogConfig;
use std::path::Path;
use std::path::PathBuf;
use std::thread;

pub use quorate_commitlog::DamagePolicy;
pub use quorate_commitlog::SyncMode;

/// Where the engine lives and how it behaves. [`EngineConfig::new`] gives defaults for a small
/// machine: an idle engine stays far below 100 MB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineConfig {
    /// The engine's own directory; created when absent.
    pub directory: PathBuf,
    /// The commit log.
    pub log: LogSettings,
    /// Memory of RocksDB.
    pub memory: MemorySettings,
    /// Threads that wait for the disk in the place of callers.
    pub read_threads: usize,
    /// Hints for other nodes.
    pub hints: HintSettings,
}

/// When writes are acknowledged and how much log is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// When an acknowledgement may be given.
    pub sync_mode: SyncMode,
    /// Size of a segment's file. A mutation may take half of it.
    pub segment_bytes: u32,
    /// What opening does about damage that no crash explains.
    pub damage_policy: DamagePolicy,
    /// Over this, memtables are flushed so that old segments can go. Also what a start after a
    /// crash replays at most, roughly.
    pub bytes_max: u64,
}

/// How much memory RocksDB may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemorySettings {
    /// Uncompressed blocks, indexes and filters of all tables.
    pub block_cache_bytes: usize,
    /// Memtables of all tables together.
    pub write_buffer_bytes: usize,
}

/// How hints are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HintSettings {
    /// A file that has grown to this is followed by another.
    pub file_bytes_max: u64,
}

impl EngineConfig {
    /// The defaults: group commit, segments of 32 MiB, at most 256 MiB of log, 64 MiB of block
    /// cache, 64 MiB of memtables, hint files of 16 MiB.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        let cores = thread::available_parallelism().map_or(2, usize::from);
        Self {
            directory: directory.into(),
            log: LogSettings {
                sync_mode: SyncMode::Group,
                segment_bytes: 32 << 20,
                damage_policy: DamagePolicy::Refuse,
                bytes_max: 256 << 20,
            },
            memory: MemorySettings {
                block_cache_bytes: 64 << 20,
                write_buffer_bytes: 64 << 20,
            },
            read_threads: cores.clamp(2, 16),
            hints: HintSettings {
                file_bytes_max: 16 << 20,
            },
        }
    }

    /// Bytes of the largest mutation that the commit log has room for.
    pub fn mutation_bytes_max(&self) -> usize {
        self.log_config().record_bytes_max() as usize
    }

    pub(crate) fn log_config(&self) -> LogConfig {
        let mut config = LogConfig::new(self.directory.join("commitlog"));
        config.segment_bytes = self.log.segment_bytes;
        config.sync_mode = planted_sync_mode(self.log.sync_mode);
        config.damage_policy = self.log.damage_policy;
        config
    }

    pub(crate) fn rocksdb_directory(&self) -> PathBuf {
        self.directory.join("rocksdb")
    }

    pub(crate) fn hints_directory(&self) -> PathBuf {
        self.directory.join("hints")
    }

    pub(crate) fn snapshots_directory(&self) -> PathBuf {
        self.directory.join("snapshots")
    }

    pub(crate) fn truncations_file(&self) -> PathBuf {
        self.directory.join("truncations")
    }
}

pub(crate) fn blobs_directory(directory: &Path) -> PathBuf {
    directory.join("blobs")
}

/// What an acknowledgement of this mode is worth, as a sentence for the log.
pub(crate) fn guarantee(mode: SyncMode) -> String {
    match mode {
        SyncMode::Group => "acknowledged writes survive power loss: group commit".to_owned(),
        SyncMode::Batch => {
            "acknowledged writes survive power loss: one sync for each write".to_owned()
        }
        SyncMode::Periodic { interval } => {
            let window = interval + interval / 2;
            format!(
                "periodic: up to {} ms of acknowledged writes may be lost when the power of this node fails",
                window.as_millis()
            )
        }
    }
}

/// The mode as configured; with the planted bug, one that acknowledges before any sync.
#[cfg(not(feature = "planted-ack-before-sync"))]
fn planted_sync_mode(mode: SyncMode) -> SyncMode {
    mode
}

#[cfg(feature = "planted-ack-before-sync")]
fn planted_sync_mode(_: SyncMode) -> SyncMode {
    SyncMode::Periodic {
        interval: std::time::Duration::from_secs(3_600),
    }
}
