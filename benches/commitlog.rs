//! The commit log: appends of 300 bytes in each mode, with 1 to 256 writers that each wait for
//! their acknowledgement before the next one.

use anyhow::Context;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use quorate_benches::Run;
use quorate_benches::Table;
use quorate_benches::cpu;
use quorate_benches::micros;
use quorate_benches::per_second;
use quorate_benches::random::Random;
use quorate_commitlog::CommitLog;
use quorate_commitlog::LogConfig;
use quorate_commitlog::LogError;
use quorate_commitlog::LogPosition;
use quorate_commitlog::LogWriter;
use quorate_commitlog::Sink;
use quorate_commitlog::SyncMode;
use quorate_commitlog::WriterConfig;
use quorate_commitlog::spawn_writer;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::Instant;
use tokio::sync::oneshot;

const WRITERS: [usize; 5] = [1, 4, 16, 64, 256];
const TIME: Duration = Duration::from_secs(1);
/// Of this many bytes is each record.
const RECORD_BYTES: usize = 300;

fn main() -> anyhow::Result<()> {
    let Some(run) = Run::begin("commitlog") else {
        return Ok(());
    };
    let mut table = Table::new(
        "Commit log, records of 300 bytes",
        &[
            "mode",
            "writers",
            "appends/s",
            "CPU µs/append",
            "syncs/append",
        ],
    );
    let interval = Duration::from_secs(10);
    let modes = [
        ("group", SyncMode::Group),
        ("periodic", SyncMode::Periodic { interval }),
        ("batch", SyncMode::Batch),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for (name, mode) in modes {
        for writers in WRITERS {
            if run.wants(name) {
                let figures = runtime.block_on(append(mode, writers))?;
                let syncs = figures.syncs as f64 / figures.appends.max(1) as f64;
                table.row([
                    name.to_owned(),
                    writers.to_string(),
                    per_second(figures.appends, figures.elapsed),
                    format!("{:.1}", micros(figures.cpu, figures.appends)),
                    format!("{syncs:.3}"),
                ]);
            }
        }
    }
    table.print();
    Ok(())
}

struct Figures {
    appends: u64,
    syncs: u64,
    elapsed: Duration,
    cpu: Duration,
}

async fn append(mode: SyncMode, writers: usize) -> anyhow::Result<Figures> {
    let directory = tempfile::tempdir()?;
    let mut config = LogConfig::new(directory.path().join("log"));
    config.sync_mode = mode;
    let (log, _) = CommitLog::open(config).context("the log cannot be opened")?;
    let batches = Arc::new(AtomicU64::new(0));
    let sink = Answering {
        batches: Arc::clone(&batches),
        segment: 0,
    };
    let writer = spawn_writer(log, sink, WriterConfig::default());
    let payload = Random::new(2).bytes(RECORD_BYTES);
    // The first segments are being prepared: that is not what is measured.
    drive(&writer, &payload, writers, TIME / 4).await?;

    let batches_before = batches.load(Relaxed);
    let (begun, cpu_before) = (Instant::now(), cpu::of_this_process()?);
    let appends = drive(&writer, &payload, writers, TIME).await?;
    let (elapsed, cpu) = (
        begun.elapsed(),
        cpu::of_this_process()?.saturating_sub(cpu_before),
    );
    let batches = batches.load(Relaxed) - batches_before;
    writer.shutdown();
    writer.join().context("the log failed")?;
    Ok(Figures {
        appends,
        // Outside the periodic mode each batch has one sync.
        syncs: match mode {
            SyncMode::Group | SyncMode::Batch => batches,
            SyncMode::Periodic { .. } => 0,
        },
        elapsed,
        cpu,
    })
}

/// Keeps `writers` appends unanswered until the time is up; gives how many were answered.
async fn drive(
    writer: &LogWriter<Record>,
    payload: &Bytes,
    writers: usize,
    time: Duration,
) -> anyhow::Result<u64> {
    let submit = || {
        let (done, answered) = oneshot::channel();
        let record = Record {
            payload: payload.clone(),
            done,
        };
        let taken = writer.submit(record);
        taken.map(|()| answered).ok().context("the queue is full")
    };
    let ends = Instant::now() + time;
    let mut waiting = FuturesUnordered::new();
    for _ in 0..writers {
        waiting.push(submit()?);
    }
    let mut answered = 0;
    while let Some(answer) = waiting.next().await {
        anyhow::ensure!(
            answer.context("an append got no answer")?,
            "an append failed"
        );
        answered += 1;
        if Instant::now() < ends {
            waiting.push(submit()?);
        }
    }
    Ok(answered)
}

struct Record {
    payload: Bytes,
    done: oneshot::Sender<bool>,
}

/// Answers everything and keeps nothing.
struct Answering {
    batches: Arc<AtomicU64>,
    /// Where the log was last.
    segment: u64,
}

impl Sink for Answering {
    type Item = Record;

    fn payload<'a>(&self, item: &'a Record) -> Option<&'a [u8]> {
        Some(&item.payload)
    }

    fn apply(
        &mut self,
        log: &mut CommitLog,
        items: Vec<Record>,
        _positions: &[LogPosition],
        outcome: Result<(), &LogError>,
    ) {
        self.batches.fetch_add(1, Relaxed);
        for item in items {
            // Nobody waits any more: nothing to tell.
            let _ = item.done.send(outcome.is_ok());
        }
        // Segments that are full are given back to be written again, as after a flush.
        if log.end().segment != self.segment {
            self.segment = log.end().segment;
            let discarded = log.discard_before(log.end());
            discarded.expect("the log was written a moment ago");
        }
    }
}
