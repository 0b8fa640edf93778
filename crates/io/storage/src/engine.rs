//! The engine's face: every verb, one line of what happens, and where.

use crate::EngineConfig;
use crate::EngineError;
use crate::apply::Ack;
use crate::apply::ApplySink;
use crate::apply::Control;
use crate::apply::Item;
use crate::apply::ManyAck;
use crate::apply::PreparedEntries;
use crate::apply::Write;
use crate::apply::take_turn;
use crate::hints::Hint;
use crate::hints::HintPosition;
use crate::hints::HintSummary;
use crate::hints::Hints;
use crate::open::OpenReport;
use crate::open::Opened;
use crate::open::open_files;
use crate::read::Readers;
use crate::read::read;
use crate::read::spawn_readers;
use crate::rocks::changeable_options;
use crate::state::State;
use crate::stats::TableStats;
use crate::stats::table_stats;
use crate::sweep;
use crate::sweep::CompactReport;
use crate::sweep::PurgePolicy;
use crate::sweep::SweepReport;
use crate::table::Table;
use crate::trim::TrimSignal;
use crate::trim::spawn_trimmer;
use crate::trim::trim;
use bytes::Bytes;
use quorate_cluster::TableSchema;
use quorate_commitlog::LogWriter;
use quorate_commitlog::WriterConfig;
use quorate_commitlog::spawn_writer;
use quorate_data::DataReply;
use quorate_data::Mutation;
use quorate_data::ReadCommand;
use quorate_types::HostId;
use quorate_types::TableId;
use quorate_types::TokenRange;
use rocksdb::checkpoint::Checkpoint;
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// The rows and hints of one node. A clone is a handle to the same engine; when the last one is
/// dropped its threads end as in a crash: what is in the log is found again, nothing is flushed.
/// [`Engine::close`] is the clean end.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    state: Arc<State>,
    writer: LogWriter<Item>,
    readers: Arc<Readers>,
    hints: Hints,
    trim_signal: Arc<TrimSignal>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// One change of the tables at a time.
    tables_turn: Mutex<()>,
    record_bytes_max: usize,
}

impl Engine {
    /// Opens or creates an engine and replays its log. Column families are made for `tables` that
    /// have none; tables on disk that are not among them are left for [`Engine::set_tables`].
    ///
    /// # Errors
    /// When the log is damaged or in use, and what the disk says.
    pub fn open(
        config: EngineConfig,
        tables: &[Arc<TableSchema>],
    ) -> Result<(Self, OpenReport), EngineError> {
        let read_threads = config.read_threads;
        let record_bytes_max = config.mutation_bytes_max();
        let Opened {
            state,
            log,
            dirty,
            report,
        } = open_files(config, tables)?;
        // After the log, whose directory is locked.
        let hints = Hints::open(&state.config)?;
        let trim_signal = Arc::new(TrimSignal::default());
        let rolled = Arc::clone(&trim_signal);
        let sink = ApplySink::new(Arc::clone(&state), dirty, move || rolled.request());
        let writer = spawn_writer(log, sink, WriterConfig::default());
        let readers = Arc::new(Readers::default());
        let engine = Self {
            inner: Arc::new(Inner {
                state: Arc::clone(&state),
                writer: writer.clone(),
                readers: Arc::clone(&readers),
                hints,
                trim_signal: Arc::clone(&trim_signal),
                threads: Mutex::new(Vec::new()),
                tables_turn: Mutex::new(()),
                record_bytes_max,
            }),
        };
        let failed = |error| EngineError::Io(format!("start a thread: {error}"));
        let mut threads = spawn_readers(&state, &readers, read_threads).map_err(failed)?;
        threads.push(spawn_trimmer(state, writer, Arc::clone(&trim_signal)).map_err(failed)?);
        *engine
            .inner
            .threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = threads;
        trim_signal.request();
        Ok((engine, report))
    }

    /// Follows the schema: makes column families for new tables, drops those of tables that are
    /// gone, takes over changed options. Waits for the disk (milliseconds per changed table).
    ///
    /// # Errors
    /// What the disk says. Tables changed till then stay changed; call it again.
    pub fn set_tables(&self, tables: &[Arc<TableSchema>]) -> Result<(), EngineError> {
        let state = &self.inner.state;
        state.health.check_running()?;
        let _turn = self
            .inner
            .tables_turn
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for schema in tables {
            if let Some(table) = state.stored_table(schema.id) {
                update_table(state, &table, schema);
            } else {
                let table = Table::new(schema.id, Some(Arc::clone(schema)));
                state.create_family(&table)?;
                state.insert_table(table);
            }
        }
        let kept: BTreeSet<TableId> = tables.iter().map(|schema| schema.id).collect();
        for table in state.all_tables() {
            if !kept.contains(&table.id) {
                self.drop_table(table)?;
            }
        }
        Ok(())
    }

    fn drop_table(&self, table: Arc<Table>) -> Result<(), EngineError> {
        let state = &self.inner.state;
        state
            .tables
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&table.id);
        take_turn(state, &self.inner.writer, |done| Control::Drop {
            table,
            done,
        })
    }

    // W6 log: the writer thread appends and syncs, W7 follows on it.
    /// Makes an encoded mutation durable (as the log's mode says) and visible. The work starts with
    /// the call, not with the first poll.
    pub fn apply(
        &self,
        mutation: Bytes,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + use<> {
        let (done, answer) = oneshot::channel();
        let submitted = self.submit(mutation, Ack::One(done));
        answered(Arc::clone(&self.inner.state), submitted, answer)
    }

    /// As [`Engine::apply`] for several mutations, each a record of its own, with one answer: when
    /// all are applied, or the first error. Others may be applied even so.
    pub fn apply_many(
        &self,
        mutations: Vec<Bytes>,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + use<> {
        let (done, answer) = oneshot::channel();
        if mutations.is_empty() {
            Ack::One(done).answer(Ok(()));
        } else {
            let many = ManyAck::new(mutations.len(), done);
            for mutation in mutations {
                if let Err(error) = self.submit(mutation, Ack::Many(Arc::clone(&many))) {
                    Ack::Many(Arc::clone(&many)).answer(Err(error));
                }
            }
        }
        answered(Arc::clone(&self.inner.state), Ok(()), answer)
    }

    fn submit(&self, bytes: Bytes, ack: Ack) -> Result<(), EngineError> {
        let state = &self.inner.state;
        state.health.check_writable()?;
        let bytes_max = self.inner.record_bytes_max;
        if bytes.len() > bytes_max {
            let bytes = bytes.len();
            return Err(EngineError::TooLarge { bytes, bytes_max });
        }
        let mutation = Mutation::decode(bytes.clone())?;
        let write = Write {
            table: state.table(mutation.table)?,
            entries: PreparedEntries::new(mutation),
            bytes,
            ack,
        };
        // The ack in a refused item must not be answered twice.
        self.inner.writer.submit(Item::Write(write)).map_err(|_| {
            let refused = state.health.check_writable().err();
            refused.unwrap_or(EngineError::Overloaded("too many writes wait for the log"))
        })
    }

    /// Answers a read: at once when memory has it, else after a read thread has waited for the disk.
    pub fn read(
        &self,
        command: ReadCommand,
    ) -> impl Future<Output = Result<DataReply, EngineError>> + Send + use<> {
        read(
            Arc::clone(&self.inner.state),
            Arc::clone(&self.inner.readers),
            command,
        )
    }

    /// Forgets all rows of a table, durably: no crash at any point brings them back.
    pub fn truncate(
        &self,
        table: TableId,
        at_millis: u64,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + use<> {
        self.on_thread("truncate", move |inner| {
            let table = inner.state.table(table)?;
            take_turn(&inner.state, &inner.writer, |done| Control::Truncate {
                table,
                at_millis,
                done,
            })
        })
    }

    /// When the table was truncated last, milliseconds since 1970: hints and repairs made before
    /// must not be applied.
    pub fn truncated_at(&self, table: TableId) -> Option<u64> {
        let last = self.inner.state.truncations.of(table);
        last.map(|truncation| truncation.at_millis)
    }

    /// Writes memtables to files: of one table, or of all.
    pub fn flush(
        &self,
        table: Option<TableId>,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + use<> {
        self.on_thread("flush", move |inner| match table {
            Some(id) => inner.state.flush(&*inner.state.table(id)?),
            None => inner.flush_all(),
        })
    }

    /// Takes dead data of a token range off the disk (see [`PurgePolicy`]). Writes go on meanwhile.
    pub fn sweep(
        &self,
        table: TableId,
        policy: PurgePolicy,
        range: TokenRange,
    ) -> impl Future<Output = Result<SweepReport, EngineError>> + Send + use<> {
        self.on_thread("sweep", move |inner| {
            let table = inner.state.table(table)?;
            sweep::sweep(&inner.state, &inner.writer, &table, policy, range)
        })
    }

    /// Sweeps a whole table, then rewrites its files.
    pub fn compact(
        &self,
        table: TableId,
        policy: PurgePolicy,
    ) -> impl Future<Output = Result<CompactReport, EngineError>> + Send + use<> {
        self.on_thread("compact", move |inner| {
            let table = inner.state.table(table)?;
            sweep::compact(&inner.state, &inner.writer, &table, policy)
        })
    }

    /// Numbers of a table; zeros for one that is not known.
    pub fn table_stats(&self, table: TableId) -> TableStats {
        let table = self.inner.state.table(table);
        table.map_or_else(
            |_| TableStats::default(),
            |table| table_stats(&self.inner.state, &table),
        )
    }

    /// Takes a snapshot of all tables into `snapshots/<name>`: hard links where possible. Waits for
    /// the disk.
    ///
    /// # Errors
    /// When the name is taken or none, and what the disk says.
    pub fn snapshot(&self, name: &str) -> Result<PathBuf, EngineError> {
        let state = &self.inner.state;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if name.is_empty() || !name.bytes().all(plain) {
            return Err(EngineError::Io(format!(
                "'{name}' is no name of a snapshot"
            )));
        }
        let path = state.config.snapshots_directory().join(name);
        fs::create_dir_all(&path).map_err(|error| EngineError::io("create", &path, &error))?;
        // Taken before the checkpoint: each table's own position in it is at or after this.
        let position = state.log.applied_to();
        Checkpoint::new(&state.db)
            .and_then(|checkpoint| checkpoint.create_checkpoint(path.join("rocksdb")))
            .map_err(|error| EngineError::rocksdb("create checkpoint", &error))?;
        let file = path.join("log-position");
        crate::blob::write_checked(&file, &position.to_bytes())
            .map_err(|error| EngineError::io("write", &file, &error))?;
        Ok(path)
    }

    /// The clean end: refuses new writes, answers those taken in, writes memtables to files and
    /// closes the log. The next start replays nothing.
    pub fn close(&self) -> impl Future<Output = Result<(), EngineError>> + Send + use<> {
        self.on_thread("close", Inner::close)
    }

    /// Keeps a mutation for a node that missed it; durable when the future completes.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the engine keeps the hint: callers should not hold on to it"
    )]
    pub fn store_hint(
        &self,
        target: HostId,
        hint: Hint,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + use<> {
        self.inner.hints.store(target, &hint)
    }

    /// The oldest hints that were not delivered yet, at least one if there is one, and no more
    /// after `bytes_max` bytes.
    pub fn hints(
        &self,
        target: HostId,
        bytes_max: usize,
    ) -> impl Future<Output = Result<Vec<(HintPosition, Hint)>, EngineError>> + Send + use<> {
        self.inner.hints.read(target, bytes_max)
    }

    /// Forgets the hints up to a position that [`Engine::hints`] gave.
    pub fn hints_delivered(
        &self,
        target: HostId,
        up_to: HintPosition,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + use<> {
        self.inner.hints.delivered(target, up_to)
    }

    /// What is kept, by target.
    pub fn hint_summary(&self) -> Vec<HintSummary> {
        self.inner.hints.summary()
    }

    /// Forgets all hints for a target.
    pub fn discard_hints(
        &self,
        target: HostId,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + use<> {
        self.inner.hints.discard(target)
    }

    /// Runs what waits for the disk on a thread of its own: rare and long.
    fn on_thread<T, W>(
        &self,
        name: &str,
        work: W,
    ) -> impl Future<Output = Result<T, EngineError>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce(&Inner) -> Result<T, EngineError> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        let (done, answer) = oneshot::channel();
        let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let result = work(&inner);
            // Before the answer: whoever waits for it may want the directory for itself.
            drop(inner);
            drop(done.send(result));
        });
        let started = started
            .map(drop)
            .map_err(|error| EngineError::Io(format!("start a thread: {error}")));
        async move {
            started?;
            answer.await.unwrap_or(Err(EngineError::Closed))
        }
    }
}

fn update_table(state: &State, table: &Table, schema: &Arc<TableSchema>) {
    let before = table.schema();
    let options = changeable_options(schema);
    let changed = before.is_none_or(|before| changeable_options(&before) != options);
    table.set_schema(schema);
    if changed && let Some(family) = table.handle(&state.db) {
        let set = state.db.set_options_cf(&family, &options);
        if let Err(error) = set {
            tracing::warn!(table = %schema.full_name(), %error, "compression stays as it was");
        }
    }
}

async fn answered(
    state: Arc<State>,
    submitted: Result<(), EngineError>,
    answer: oneshot::Receiver<Result<(), EngineError>>,
) -> Result<(), EngineError> {
    submitted?;
    answer
        .await
        .unwrap_or_else(|_| Err(state.health.why_unanswered()))
}

impl Inner {
    fn flush_all(&self) -> Result<(), EngineError> {
        for table in self.state.all_tables() {
            self.state.flush(&table)?;
        }
        Ok(())
    }

    fn close(&self) -> Result<(), EngineError> {
        if !self.state.health.start_closing() {
            return Ok(());
        }
        let written = take_turn(&self.state, &self.writer, |done| Control::Barrier { done });
        let flushed = written
            .and_then(|()| self.flush_all())
            .and_then(|()| trim(&self.state, &self.writer));
        self.stop();
        self.state.db.cancel_all_background_work(true);
        flushed
    }

    /// Ends all threads; what was taken in is finished.
    fn stop(&self) {
        self.state.health.mark_stopped();
        self.writer.shutdown();
        self.readers.stop();
        self.trim_signal.stop();
        if let Err(error) = self.writer.join() {
            tracing::error!(%error, "the commit log was not closed cleanly");
        }
        self.hints.close();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the engine panicked");
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("state", &self.inner.state)
            .field("writer", &self.inner.writer)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod test_support;
#[cfg(test)]
mod tests;
