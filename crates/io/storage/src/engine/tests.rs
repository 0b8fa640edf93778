//! The engine against a model: histories, crashes, sweeps, truncations.

use super::test_support::*;
use super::*;
use crate::DamagePolicy;
use crate::SyncMode;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

mod crash;
mod model;
mod sweeps;

fn place() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn apply(engine: &Engine, mutation: Bytes) {
    block_on(engine.apply(mutation)).unwrap();
}

#[test]
fn a_write_is_read_back_at_once() {
    let place = place();
    let (engine, report) = open(place.path(), &[schema(1, 0)]);
    assert_eq!(report.records_replayed, 0);
    apply(&engine, insert(1, b"k", 1, b"old", 10));
    apply(&engine, insert(1, b"k", 1, b"new", 20));
    apply(&engine, insert(1, b"k", 1, b"late", 5));
    assert_eq!(value(&engine, 1, b"k", 1).unwrap(), "new");
    assert_eq!(value(&engine, 1, b"k", 2), None);
    block_on(engine.flush(None)).unwrap();
    assert_eq!(value(&engine, 1, b"k", 1).unwrap(), "new");
    let stats = engine.table_stats(table_id(1));
    assert_eq!((stats.writes, stats.reads), (3, 3));
    assert!(stats.files > 0 && stats.bytes_on_disk > 0);
}

#[test]
fn many_mutations_get_one_answer() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    let mutations = (0..100).map(|c| insert(1, b"k", c, b"v", 1)).collect();
    block_on(engine.apply_many(mutations)).unwrap();
    assert_eq!(value(&engine, 1, b"k", 99).unwrap(), "v");
    block_on(engine.apply_many(Vec::new())).unwrap();
    let mixed = vec![insert(1, b"k", 100, b"v", 1), insert(9, b"k", 1, b"v", 1)];
    let refused = block_on(engine.apply_many(mixed));
    assert_eq!(refused, Err(EngineError::UnknownTable(table_id(9))));
    assert_eq!(value(&engine, 1, b"k", 100).unwrap(), "v");
}

#[test]
fn what_cannot_be_written_is_refused_by_type() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    let refused = |mutation| block_on(engine.apply(mutation)).unwrap_err();
    assert_eq!(
        refused(insert(2, b"k", 1, b"v", 1)),
        EngineError::UnknownTable(table_id(2))
    );
    assert!(matches!(
        refused(Bytes::from_static(b"no mutation")),
        EngineError::CorruptMutation(_)
    ));
    assert!(matches!(
        refused(insert(1, b"k", 1, &vec![0; 600 << 10], 1)),
        EngineError::TooLarge { .. }
    ));
    let read = block_on(engine.read(whole_table(2))).unwrap_err();
    assert_eq!(read, EngineError::UnknownTable(table_id(2)));
    apply(&engine, insert(1, b"k", 1, b"v", 1));
}

#[test]
fn a_cold_read_finds_what_is_on_disk() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    let mutations = (0..2_000)
        .map(|key: i32| insert(1, &key.to_be_bytes(), 1, &[7; 300], 1))
        .collect();
    block_on(engine.apply_many(mutations)).unwrap();
    block_on(engine.close()).unwrap();
    drop(engine);
    let (engine, report) = open(place.path(), &[schema(1, 0)]);
    assert_eq!(report.records_replayed, 0);
    for key in [0i32, 999, 1_999] {
        assert_eq!(
            value(&engine, 1, &key.to_be_bytes(), 1).unwrap(),
            [7; 300][..]
        );
    }
    assert_eq!(value(&engine, 1, &5_000i32.to_be_bytes(), 1), None);
    let reply = block_on(engine.read(whole_table(1))).unwrap();
    assert_eq!(reply.partitions.len(), 2_000);
}

#[test]
fn a_closed_engine_takes_no_writes_and_replays_nothing() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    for c in 0..50 {
        apply(&engine, insert(1, b"k", c, b"v", 1));
    }
    block_on(engine.close()).unwrap();
    block_on(engine.close()).unwrap();
    let refused = block_on(engine.apply(insert(1, b"k", 50, b"v", 1)));
    assert_eq!(refused, Err(EngineError::Closed));
    drop(engine);
    let (engine, report) = open(place.path(), &[schema(1, 0)]);
    assert_eq!(report.records_replayed, 0);
    assert_eq!(report.records_durable, 50);
    assert_eq!(value(&engine, 1, b"k", 49).unwrap(), "v");
    assert_eq!(value(&engine, 1, b"k", 50), None);
}

#[test]
fn a_directory_is_not_opened_twice() {
    let place = place();
    let (engine, _) = open(place.path(), &[]);
    let refused = Engine::open(config(place.path()), &[]).unwrap_err();
    assert!(matches!(refused, EngineError::Log(_)), "{refused}");
    drop(engine);
    open(place.path(), &[]);
}

#[test]
fn a_dropped_table_takes_its_rows_with_it_and_its_records_are_counted() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    engine.set_tables(&[schema(1, 0), schema(2, 0)]).unwrap();
    apply(&engine, insert(1, b"k", 1, b"one", 1));
    apply(&engine, insert(2, b"k", 1, b"two", 1));
    engine.set_tables(&[schema(1, 0)]).unwrap();
    let refused = block_on(engine.apply(insert(2, b"k", 1, b"v", 1)));
    assert_eq!(refused, Err(EngineError::UnknownTable(table_id(2))));
    assert_eq!(value(&engine, 1, b"k", 1).unwrap(), "one");
    drop(engine);
    let (engine, report) = open(place.path(), &[schema(1, 0)]);
    assert_eq!(report.records_of_unknown_tables, 1);
    assert_eq!(report.records_replayed, 1);
    engine.set_tables(&[schema(1, 0), schema(2, 0)]).unwrap();
    assert_eq!(value(&engine, 2, b"k", 1), None);
    assert_eq!(value(&engine, 1, b"k", 1).unwrap(), "one");
}

#[test]
fn a_table_that_opening_was_not_told_of_keeps_its_records() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    engine.set_tables(&[schema(1, 0), schema(2, 0)]).unwrap();
    apply(&engine, insert(2, b"k", 1, b"two", 1));
    drop(engine);
    let (engine, report) = open(place.path(), &[schema(1, 0)]);
    assert_eq!(report.records_replayed, 1);
    let unknown = block_on(engine.read(whole_table(2))).unwrap_err();
    assert_eq!(unknown, EngineError::UnknownTable(table_id(2)));
    engine.set_tables(&[schema(1, 0), schema(2, 0)]).unwrap();
    assert_eq!(value(&engine, 2, b"k", 1).unwrap(), "two");
}

#[test]
fn writers_at_once_all_get_their_answer() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0), schema(2, 0)]);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut tasks = Vec::new();
        for task in 0u8..32 {
            let engine = engine.clone();
            tasks.push(tokio::spawn(async move {
                for c in 0..50 {
                    let table = u128::from(task % 2) + 1;
                    engine.apply(insert(table, &[task], c, b"v", 1)).await?;
                    engine.read(point(table, &[task], c)).await?;
                }
                Ok::<_, EngineError>(())
            }));
        }
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
    for task in 0u8..32 {
        let table = u128::from(task % 2) + 1;
        for c in 0..50 {
            assert_eq!(value(&engine, table, &[task], c).unwrap(), "v");
        }
    }
}

#[test]
fn the_log_stays_below_its_cap() {
    let place = place();
    let mut config = config(place.path());
    config.log.bytes_max = 4 << 20;
    let (engine, _) = Engine::open(config, &[schema(1, 0), schema(2, 0)]).unwrap();
    // The table that is written once would hold back the whole log.
    apply(&engine, insert(2, b"k", 1, b"two", 1));
    for round in 0..40 {
        let mutations = (0..50)
            .map(|c| insert(1, &[round], c, &[9; 8_000], 1))
            .collect();
        block_on(engine.apply_many(mutations)).unwrap();
    }
    let segments = || {
        let files = fs::read_dir(place.path().join("commitlog")).unwrap();
        let name = |file: std::io::Result<fs::DirEntry>| file.unwrap().file_name();
        files
            .map(name)
            .filter(|name| name.to_string_lossy().contains("segment"))
            .count()
    };
    for _ in 0..100 {
        if engine
            .inner
            .state
            .log
            .bytes
            .load(std::sync::atomic::Ordering::Relaxed)
            <= 5 << 20
        {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let bytes = engine
        .inner
        .state
        .log
        .bytes
        .load(std::sync::atomic::Ordering::Relaxed);
    assert!(bytes <= 5 << 20, "{bytes} bytes, {} segments", segments());
    drop(engine);
    let (engine, _) = open(place.path(), &[schema(1, 0), schema(2, 0)]);
    assert_eq!(value(&engine, 2, b"k", 1).unwrap(), "two");
    for round in 0..40 {
        assert_eq!(value(&engine, 1, &[round], 49).unwrap(), [9; 8_000][..]);
    }
}

#[test]
fn a_snapshot_holds_what_was_there_when_it_was_taken() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    apply(&engine, insert(1, b"k", 1, b"before", 1));
    let snapshot = engine.snapshot("monday").unwrap();
    apply(&engine, insert(1, b"k", 1, b"after", 2));
    for refused in ["monday", "", "../x"] {
        assert!(engine.snapshot(refused).is_err(), "{refused}");
    }
    let other = tempfile::tempdir().unwrap();
    fs::rename(snapshot.join("rocksdb"), other.path().join("rocksdb")).unwrap();
    let (restored, _) = open(other.path(), &[schema(1, 0)]);
    assert_eq!(value(&restored, 1, b"k", 1).unwrap(), "before");
    assert_eq!(value(&engine, 1, b"k", 1).unwrap(), "after");
    // Its positions are those of another log: new writes survive a crash all the same.
    apply(&restored, insert(1, b"k", 1, b"newer", 3));
    drop(restored);
    let (restored, _) = open(other.path(), &[schema(1, 0)]);
    assert_eq!(value(&restored, 1, b"k", 1).unwrap(), "newer");
}

#[test]
fn a_corrupt_entry_is_named_and_the_others_are_read() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    apply(&engine, insert(1, b"good", 1, b"v", 1));
    apply(&engine, insert(1, b"bad", 1, b"v", 1));
    let table = engine.inner.state.table(table_id(1)).unwrap();
    let family = table.handle(&engine.inner.state.db).unwrap();
    let mut key = quorate_data::key::partition_prefix(quorate_types::Token::of_key(b"bad"), b"bad");
    key.extend_from_slice(&quorate_data::key::row_suffix(&clustering(1)));
    let options = crate::rocks::write_options();
    let mut batch = rocksdb::WriteBatch::default();
    batch.merge_cf(&family, &key, [0xEE; 20]);
    engine.inner.state.db.write_opt(&batch, &options).unwrap();
    drop(family);
    block_on(engine.flush(None)).unwrap();
    let error = block_on(engine.read(point(1, b"bad", 1))).unwrap_err();
    let EngineError::Corrupt {
        table, key: named, ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((table, named), (table_id(1), Bytes::from(key)));
    assert_eq!(value(&engine, 1, b"good", 1).unwrap(), "v");
    apply(&engine, insert(1, b"bad", 2, b"v", 1));
    assert_eq!(value(&engine, 1, b"bad", 2).unwrap(), "v");
}

#[test]
fn the_guarantee_is_said_in_a_sentence() {
    let sentence = |mode| crate::config::guarantee(mode);
    assert_eq!(
        sentence(SyncMode::Group),
        "acknowledged writes survive power loss: group commit"
    );
    let interval = Duration::from_secs(10);
    assert!(sentence(SyncMode::Periodic { interval }).contains("up to 15000 ms"));
}

#[test]
fn reads_wait_for_no_disk_on_the_callers_thread() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    let keys = (0..1_000u32).map(u32::to_be_bytes);
    let mutations = keys.map(|key| insert(1, &key, 1, &[7; 300], 1)).collect();
    block_on(engine.apply_many(mutations)).unwrap();
    block_on(engine.close()).unwrap();
    drop(engine);
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    // Nobody else can answer, so only what is cached is: the blocks that opening has read.
    engine.inner.readers.stop();
    let answered = (0..1_000u32)
        .filter(|key| block_on(engine.read(point(1, &key.to_be_bytes(), 1))).is_ok())
        .count();
    assert!(
        answered < 100,
        "{answered} of 1000 cold reads were answered"
    );
    let absent = block_on(engine.read(point(1, b"absent", 1)));
    assert_eq!(absent.unwrap().partitions, [], "filters are at hand");
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn damage_in_the_middle_of_the_log_refuses_the_start() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    for c in 0..10 {
        apply(&engine, insert(1, b"k", c, b"UNMISTAKABLE", 1));
    }
    drop(engine);
    crash::flip(&place.path().join("commitlog"), b"UNMISTAKABLE", 4);
    let error = Engine::open(config(place.path()), &[schema(1, 0)]).unwrap_err();
    assert!(error.to_string().contains("damaged at segment"), "{error}");
    let mut skipping = config(place.path());
    skipping.log.damage_policy = DamagePolicy::Skip;
    let (engine, report) = Engine::open(skipping, &[schema(1, 0)]).unwrap();
    assert_eq!((report.records_replayed, report.damage.len()), (4, 1));
    assert_eq!(value(&engine, 1, b"k", 3).unwrap(), "UNMISTAKABLE");
}
