//! The segmented, checksummed, group-committed log.
//!
//! Decides how a write becomes durable and how it is found again: records in preallocated,
//! overwritten segments, one thread that appends a batch, syncs once and then lets the batch be
//! applied, and a replay that tells a torn tail (normal after a crash) from damage (never). It is
//! also the file format of hints ([`RecordFileWriter`]). It knows nothing of what a payload means,
//! of tables or of RocksDB.
//!
//! Start reading at [`CommitLog`], then [`spawn_writer`]; the bytes are in
//! `docs/formats/commitlog.md`.

mod config;
mod disk;
mod error;
#[cfg(test)]
mod format_tests;
mod frame;
mod log;
mod position;
mod prepare_ahead;
mod record_file;
mod recovery;
mod replay;
mod segment;
mod writer;

pub use config::{DamagePolicy, LogConfig, SyncMode};
pub use error::{Damage, DamageKind, LogError};
pub use log::{CommitLog, SegmentInfo};
pub use position::LogPosition;
pub use record_file::{RecordFileError, RecordFileReader, RecordFileWriter};
pub use replay::{Replay, ReplayRecord, ReplaySummary, TornTail};
pub use writer::{LogWriter, Sink, WriterConfig, spawn_writer};
