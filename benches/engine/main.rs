//! The engine against RocksDB alone, with the same rows, the same options and batches of the same
//! size, in one process.
//!
//! A raw write is one `WriteBatch` of merges, without and with RocksDB's own log (not synced); the
//! engine's write decodes and checks the mutation, logs it, applies it and answers. A raw read is
//! one `get` of the row's key; the engine's answers a read command. Figures are the medians of
//! interleaved repetitions, each on a fresh directory.

mod raw;

use anyhow::Context;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use quorate_benches::Run;
use quorate_benches::Table;
use quorate_benches::cpu;
use quorate_benches::micros;
use quorate_benches::random::Random;
use quorate_benches::samples;
use quorate_data::Mutation;
use quorate_storage::Engine;
use quorate_storage::EngineConfig;
use quorate_storage::PurgePolicy;
use quorate_storage::SyncMode;
use quorate_types::NowInSeconds;
use raw::RawTable;
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Rows that are written, in random order of their tokens.
const ROWS: u64 = 50_000;
const READS: u64 = 100_000;
const IN_FLIGHT: [usize; 4] = [1, 16, 128, 512];
const REPETITIONS: usize = 3;
/// Synced writes one by one are waits, not work: fewer do.
const SYNCED_ONE_BY_ONE: usize = 5_000;

fn main() -> anyhow::Result<()> {
    let Some(run) = Run::begin("engine") else {
        return Ok(());
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    if run.wants("write") {
        writes(&runtime)?.print();
    }
    if run.wants("read") {
        reads(&runtime)?.print();
    }
    Ok(())
}

fn mutations() -> Vec<Mutation> {
    let mut random = Random::new(3);
    let mut mutation = |number| {
        let value = random.bytes(samples::VALUE_BYTES);
        samples::mutation(number, value, 1_700_000_000_000_000)
    };
    (0..ROWS).map(&mut mutation).collect()
}

fn writes(runtime: &Runtime) -> anyhow::Result<Table> {
    // Two comparisons: RocksDB that gets as many writes in one batch as the engine has in flight,
    // from a caller who has them all; and RocksDB that is called once for each write, as callers do
    // who know nothing of each other.
    let mut table = Table::new(
        "Writes of 300 bytes: CPU µs per write, all threads",
        &[
            "in flight (= raw batch)",
            "raw, no log, batches",
            "raw, own log, batches",
            "raw, own log, a call each",
            "engine, periodic",
            "engine, group",
            "raw batches : periodic",
            "raw calls : periodic",
        ],
    );
    let mutations = mutations();
    let pairs: Vec<_> = mutations.iter().flat_map(raw::pairs).collect();
    let encoded: Vec<Bytes> = mutations.iter().map(Mutation::encode).collect();
    let interval = Duration::from_secs(10);
    for in_flight in IN_FLIGHT {
        let mut figures: [Vec<f64>; 5] = Default::default();
        let [bare, logged, calls, periodic, group] = &mut figures;
        for _ in 0..REPETITIONS {
            bare.push(raw_write(&pairs, in_flight, false)?);
            let mode = SyncMode::Periodic { interval };
            periodic.push(runtime.block_on(engine_write(&encoded, in_flight, mode))?);
            logged.push(raw_write(&pairs, in_flight, true)?);
            calls.push(raw_write(&pairs, 1, true)?);
            let some = if in_flight == 1 {
                encoded.get(..SYNCED_ONE_BY_ONE).unwrap_or_default()
            } else {
                &encoded
            };
            group.push(runtime.block_on(engine_write(some, in_flight, SyncMode::Group))?);
        }
        let [bare, logged, calls, periodic, group] = figures.map(median);
        table.row([
            in_flight.to_string(),
            format!("{bare:.2}"),
            format!("{logged:.2}"),
            format!("{calls:.2}"),
            format!("{periodic:.2}"),
            format!("{group:.2}"),
            format!("{:.0} %", 100.0 * logged / periodic),
            format!("{:.0} %", 100.0 * calls / periodic),
        ]);
    }
    Ok(table)
}

fn reads(runtime: &Runtime) -> anyhow::Result<Table> {
    let mut table = Table::new(
        "Point reads: CPU µs per read",
        &["rows lie in", "raw", "engine", "raw : engine"],
    );
    let mutations = mutations();
    let pairs: Vec<_> = mutations.iter().flat_map(raw::pairs).collect();
    let encoded: Vec<Bytes> = mutations.iter().map(Mutation::encode).collect();
    let directory = tempfile::tempdir()?;
    let bare = RawTable::open(&directory.path().join("raw"))?;
    bare.write(&pairs, 128, false)?;
    let engine = open(&directory.path().join("engine"), SyncMode::Group)?;
    runtime.block_on(write_all(&engine, &encoded, 128))?;
    for place in ["memtable", "one file, cached"] {
        if place != "memtable" {
            bare.flush_and_compact()?;
            let policy = PurgePolicy::after_gc_grace(NowInSeconds(1_700_000_000));
            runtime.block_on(engine.flush(None))?;
            runtime.block_on(engine.compact(samples::table_id(), policy))?;
        }
        let (mut raw_figures, mut engine_figures) = (Vec::new(), Vec::new());
        // Once more than is counted: the first time fills the caches.
        for repetition in 0..=REPETITIONS {
            let raw_figure = raw_read(&bare, &pairs)?;
            let engine_figure = runtime.block_on(engine_read(&engine))?;
            if repetition > 0 {
                raw_figures.push(raw_figure);
                engine_figures.push(engine_figure);
            }
        }
        let (raw_figure, engine_figure) = (median(raw_figures), median(engine_figures));
        table.row([
            place.to_owned(),
            format!("{raw_figure:.2}"),
            format!("{engine_figure:.2}"),
            format!("{:.0} %", 100.0 * raw_figure / engine_figure),
        ]);
    }
    Ok(table)
}

fn raw_write(pairs: &[raw::Pair], in_flight: usize, logged: bool) -> anyhow::Result<f64> {
    let directory = tempfile::tempdir()?;
    let table = RawTable::open(directory.path())?;
    let before = cpu::of_this_process()?;
    table.write(pairs, in_flight, logged)?;
    let spent = cpu::of_this_process()?.saturating_sub(before);
    Ok(micros(spent, pairs.len() as u64))
}

async fn engine_write(
    mutations: &[Bytes],
    in_flight: usize,
    mode: SyncMode,
) -> anyhow::Result<f64> {
    let directory = tempfile::tempdir()?;
    let engine = open(directory.path(), mode)?;
    let before = cpu::of_this_process()?;
    write_all(&engine, mutations, in_flight).await?;
    let spent = cpu::of_this_process()?.saturating_sub(before);
    engine.close().await?;
    Ok(micros(spent, mutations.len() as u64))
}

fn open(directory: &Path, mode: SyncMode) -> anyhow::Result<Engine> {
    let mut config = EngineConfig::new(directory);
    config.log.sync_mode = mode;
    let opened = Engine::open(config, &[samples::table()?]);
    Ok(opened.context("the engine cannot be opened")?.0)
}

async fn write_all(engine: &Engine, mutations: &[Bytes], in_flight: usize) -> anyhow::Result<()> {
    let mut waiting = FuturesUnordered::new();
    for mutation in mutations {
        if waiting.len() >= in_flight
            && let Some(applied) = waiting.next().await
        {
            let applied: Result<(), _> = applied;
            applied?;
        }
        waiting.push(engine.apply(mutation.clone()));
    }
    while let Some(applied) = waiting.next().await {
        applied?;
    }
    Ok(())
}

fn raw_read(table: &RawTable, pairs: &[raw::Pair]) -> anyhow::Result<f64> {
    let mut random = Random::new(4);
    let before = cpu::of_this_process()?;
    for _ in 0..READS {
        let place = usize::try_from(random.below(ROWS))?;
        let (key, _) = pairs.get(place).context("no such row")?;
        anyhow::ensure!(table.read(key)?.is_some(), "a row is missing");
    }
    Ok(micros(
        cpu::of_this_process()?.saturating_sub(before),
        READS,
    ))
}

async fn engine_read(engine: &Engine) -> anyhow::Result<f64> {
    let mut random = Random::new(4);
    let before = cpu::of_this_process()?;
    for _ in 0..READS {
        let reply = engine.read(samples::point_read(random.below(ROWS))).await?;
        anyhow::ensure!(reply.partitions.len() == 1, "a row is missing");
    }
    Ok(micros(
        cpu::of_this_process()?.saturating_sub(before),
        READS,
    ))
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
