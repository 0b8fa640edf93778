//! Keeps the commit log short, and asks RocksDB to go on after a full disk.
//!
//! Decides when memtables are flushed for the log's sake: when the log exceeds its cap, the tables
//! that hold back its oldest segments. Which segments may go is decided on the writer thread.

use crate::EngineError;
use crate::apply::Control;
use crate::apply::Item;
use crate::apply::take_turn;
use crate::state::State;
use crate::table::CLEAN;
use quorate_commitlog::LogPosition;
use quorate_commitlog::LogWriter;
use quorate_types::TableId;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

/// How often it looks without being asked to.
const PERIOD: Duration = Duration::from_secs(10);
/// How often it asks RocksDB to go on.
const RESUME_PERIOD: Duration = Duration::from_secs(1);

/// Wakes and stops the trimmer.
#[derive(Debug, Default)]
pub(crate) struct TrimSignal {
    wanted: Mutex<Wanted>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Wanted {
    trim: bool,
    stop: bool,
}

impl TrimSignal {
    /// Asks for a look at the log.
    pub(crate) fn request(&self) {
        self.lock().trim = true;
        self.changed.notify_one();
    }

    pub(crate) fn stop(&self) {
        self.lock().stop = true;
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a request or the time; whether to go on.
    fn wait(&self, period: Duration) -> bool {
        let wanted = self.lock();
        let idle = |wanted: &mut Wanted| !wanted.trim && !wanted.stop;
        let mut wanted = self
            .changed
            .wait_timeout_while(wanted, period, idle)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        wanted.trim = false;
        !wanted.stop
    }
}

/// Starts the thread.
pub(crate) fn spawn_trimmer(
    state: Arc<State>,
    writer: LogWriter<Item>,
    signal: Arc<TrimSignal>,
) -> std::io::Result<JoinHandle<()>> {
    let run = move || {
        loop {
            let full = state.health.disk_full.load(Relaxed);
            let go_on = signal.wait(if full { RESUME_PERIOD } else { PERIOD });
            if !go_on {
                break;
            }
            resume_after_full_disk(&state);
            if let Err(error) = trim(&state, &writer) {
                tracing::warn!(%error, "the commit log could not be trimmed");
            }
        }
    };
    thread::Builder::new()
        .name("log-trim".to_owned())
        .spawn(run)
}

fn resume_after_full_disk(state: &State) {
    if state.health.disk_full.load(Relaxed) && state.db.resume().is_ok() {
        state.health.disk_full.store(false, Relaxed);
        tracing::info!("there is room on the disk again: writes are taken");
    }
}

/// Discards what is not needed; over the cap, flushes what holds the log back and tries again.
pub(crate) fn trim(state: &State, writer: &LogWriter<Item>) -> Result<(), EngineError> {
    discard(state, writer)?;
    let cap = state.config.log.bytes_max;
    let bytes = state.log.bytes.load(Relaxed);
    if bytes <= cap {
        return Ok(());
    }
    // Some room to spare, so that not every segment causes small flushes.
    let excess = bytes - cap / 4 * 3;
    let segments = excess.div_ceil(u64::from(state.config.log.segment_bytes).max(1));
    let last = state.log.oldest_segment.load(Relaxed) + segments.saturating_sub(1);
    for table in state.all_tables() {
        if table.dirty_segment.load(Relaxed) <= last {
            state.flush(&table)?;
        }
    }
    discard(state, writer)
}

fn discard(state: &State, writer: &LogWriter<Item>) -> Result<(), EngineError> {
    let durable = durable_positions(state)?;
    take_turn(state, writer, |done| Control::Trim { durable, done })
}

/// How far the files of each dirty table go.
fn durable_positions(state: &State) -> Result<Vec<(TableId, LogPosition)>, EngineError> {
    let mut positions = Vec::new();
    for table in state.all_tables() {
        if table.dirty_segment.load(Relaxed) == CLEAN {
            continue;
        }
        if let Some(position) = state.durable_position(&table)? {
            positions.push((table.id, position));
        }
    }
    Ok(positions)
}
