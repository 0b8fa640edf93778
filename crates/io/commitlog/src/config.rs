//! What the operator decides about the log. Knows nothing of files' contents.

use crate::LogError;
use crate::frame;
use std::path::PathBuf;
use std::time::Duration;

/// When an acknowledgement may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncMode {
    /// After the sync that covers the write. One sync at a time; the next one takes whatever
    /// queued meanwhile. No timer.
    Group,
    /// After the append; the log is synced every `interval`. A power cut on every replica at once
    /// loses up to one and a half intervals of acknowledged writes.
    Periodic {
        /// Time from one sync to the next.
        interval: Duration,
    },
    /// After the write's own sync: one sync per write.
    Batch,
}

/// What opening does when it finds damage that no crash explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DamagePolicy {
    /// Opening fails and names segment and offset. Nothing in the directory was changed.
    #[default]
    Refuse,
    /// The rest of the damaged segment is left out of the replay and reported in the summary.
    /// The segment's bytes stay as they are until it is discarded.
    Skip,
}

/// Where the log lives and how it behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// The log's own directory; created when absent. Nobody else may write in it.
    pub directory: PathBuf,
    /// Size of a segment's file. A record may take half of it.
    pub segment_bytes: u32,
    /// When an acknowledgement may be given. [`CommitLog`](crate::CommitLog) itself syncs only when
    /// told to; the writer thread follows this.
    pub sync_mode: SyncMode,
    /// What to do about damage.
    pub damage_policy: DamagePolicy,
    /// How many discarded segments are kept to be overwritten; more are deleted.
    pub spare_segments_max: usize,
}

impl LogConfig {
    /// Segments of 32 MiB, group commit, damage refuses the start, up to four spare segments.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            segment_bytes: 32 << 20,
            sync_mode: SyncMode::Group,
            damage_policy: DamagePolicy::Refuse,
            spare_segments_max: 4,
        }
    }

    /// The longest payload a record may have.
    pub fn record_bytes_max(&self) -> u32 {
        (self.segment_bytes / 2).saturating_sub(frame::RECORD_OVERHEAD)
    }

    pub(crate) fn check(&self) -> Result<(), LogError> {
        if !(frame::SEGMENT_BYTES_MIN..=frame::SEGMENT_BYTES_MAX).contains(&self.segment_bytes) {
            return Err(LogError::SegmentBytes {
                bytes: self.segment_bytes,
                bytes_min: frame::SEGMENT_BYTES_MIN,
                bytes_max: frame::SEGMENT_BYTES_MAX,
            });
        }
        Ok(())
    }
}
