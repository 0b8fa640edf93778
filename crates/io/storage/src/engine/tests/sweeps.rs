//! What a sweep may take and what it must leave.

use super::*;
use quorate_data::Row;
use quorate_data::Slice;
use quorate_data::Tombstone;
use quorate_data::key::header_suffix;
use quorate_data::key::row_suffix;
use quorate_types::NowInSeconds;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

const GC_GRACE_SECS: u32 = 100;

fn deletion(deleted_at: i64, second: u32) -> Row {
    Row {
        deletion: Some(Tombstone {
            deleted_at,
            local_deletion_secs: second,
        }),
        ..Row::default()
    }
}

fn delete_row(key: &[u8], c: i32, deleted_at: i64, second: u32) -> Bytes {
    let mut change = mutation(1, key);
    change.insert(row_suffix(&clustering(c)), &deletion(deleted_at, second));
    change.encode()
}

fn delete_partition(key: &[u8], deleted_at: i64, second: u32) -> Bytes {
    let mut change = mutation(1, key);
    change.insert(header_suffix(), &deletion(deleted_at, second));
    change.encode()
}

fn delete_everything(key: &[u8], deleted_at: i64, second: u32) -> Bytes {
    let mut change = mutation(1, key);
    let tombstone = Tombstone {
        deleted_at,
        local_deletion_secs: second,
    };
    change.insert_range_tombstone(&Slice::everything(), tombstone);
    change.encode()
}

fn sweep_at(engine: &Engine, now: u32) -> SweepReport {
    let policy = PurgePolicy::after_gc_grace(NowInSeconds(now));
    block_on(engine.sweep(table_id(1), policy, TokenRange::FULL)).unwrap()
}

/// Entries of the table, dead or alive, without the position key.
fn stored_entries(engine: &Engine) -> usize {
    use quorate_data::partition::PairCursor;
    let table = engine.inner.state.table(table_id(1)).unwrap();
    let db = &engine.inner.state.db;
    let family = table.handle(db).unwrap();
    let tier = crate::pairs::Tier::Disk { fill_cache: false };
    let pairs = crate::pairs::StoredPairs::new(db, table.id, family, tier);
    let mut cursor = pairs.scan(&[], None);
    cursor.seek(&[]);
    let mut count = 0;
    while cursor.item().unwrap().is_some() {
        count += 1;
        cursor.next();
    }
    count
}

#[test]
fn a_tombstone_stays_until_its_grace_is_over() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, GC_GRACE_SECS)]);
    apply(&engine, insert(1, b"row", 1, b"v", 10));
    apply(&engine, delete_row(b"row", 1, 20, 1_000));
    apply(&engine, insert(1, b"partition", 1, b"v", 10));
    apply(&engine, delete_partition(b"partition", 20, 1_000));
    apply(&engine, insert(1, b"range", 1, b"v", 10));
    apply(&engine, delete_everything(b"range", 20, 1_000));
    sweep_at(&engine, 1_000 + GC_GRACE_SECS);
    // A replica that was down delivers old writes: they must stay deleted.
    for key in [&b"row"[..], b"partition", b"range"] {
        apply(&engine, insert(1, key, 1, b"zombie", 15));
        let found = block_on(engine.read(point(1, key, 1))).unwrap();
        assert!(
            value(&engine, 1, key, 1).is_none(),
            "{}: {found:?}",
            String::from_utf8_lossy(key)
        );
    }
    assert_eq!(sweep_at(&engine, 1_001 + GC_GRACE_SECS).entries_corrupt, 0);
    assert_eq!(stored_entries(&engine), 0);
}

#[test]
fn a_caller_cannot_shorten_the_grace() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, GC_GRACE_SECS)]);
    apply(&engine, delete_row(b"k", 1, 20, 1_000));
    let early = PurgePolicy {
        now: NowInSeconds(1_050),
        purge_before_secs: u32::MAX,
    };
    block_on(engine.sweep(table_id(1), early, TokenRange::FULL)).unwrap();
    assert_eq!(stored_entries(&engine), 1);
    let late = PurgePolicy {
        now: NowInSeconds(9_000),
        purge_before_secs: 1_000,
    };
    block_on(engine.sweep(table_id(1), late, TokenRange::FULL)).unwrap();
    assert_eq!(stored_entries(&engine), 1, "the caller may lengthen it");
}

#[test]
fn disk_space_comes_back() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, GC_GRACE_SECS)]);
    let mut noise = 12_345u64;
    let mut block = || {
        // Bytes that do not compress.
        let mut next = || {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            noise.to_be_bytes()
        };
        (0..125).flat_map(|_| next()).collect::<Vec<u8>>()
    };
    for key in 0u8..20 {
        let rows = (0..100)
            .map(|c| insert(1, &[key], c, &block(), 10))
            .collect();
        block_on(engine.apply_many(rows)).unwrap();
    }
    block_on(engine.flush(None)).unwrap();
    let full = engine.table_stats(table_id(1)).bytes_on_disk;
    assert!(full > 1_900_000, "{full}");
    for key in 0u8..18 {
        apply(&engine, delete_partition(&[key], 20, 1_000));
    }
    let policy = PurgePolicy::after_gc_grace(NowInSeconds(2_000));
    let report = block_on(engine.compact(table_id(1), policy)).unwrap();
    assert_eq!(report.sweep.entries_dropped, 18 * 101);
    let stats = engine.table_stats(table_id(1));
    assert!(
        stats.bytes_on_disk < full / 5,
        "{} of {full}",
        stats.bytes_on_disk
    );
    assert_eq!((stats.sweeps, stats.swept_entries), (1, 18 * 101));
    assert_eq!(value(&engine, 1, &[17], 5), None);
    assert!(value(&engine, 1, &[18], 5).is_some());
    assert_eq!(stored_entries(&engine), 200);
}

#[test]
fn what_was_swept_does_not_return_after_a_crash() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    let reopen = |engine: Engine| {
        drop(engine);
        open(place.path(), &[schema(1, 0)]).0
    };
    apply(&engine, insert(1, b"k", 1, b"v", 10));
    apply(&engine, insert(1, b"k", 2, b"v", 10));
    block_on(engine.flush(None)).unwrap();
    apply(&engine, delete_partition(b"k", 20, 1_000));
    // Swept with the row in a file and its deletion in the log only.
    let report = sweep_at(&engine, 5_000);
    assert_eq!(report.entries_dropped, 3);
    let engine = reopen(engine);
    assert_eq!(stored_entries(&engine), 0);
    apply(&engine, insert(1, b"k", 1, b"young", 30));
    let engine = reopen(engine);
    assert_eq!(value(&engine, 1, b"k", 1).unwrap(), "young");
    assert_eq!(value(&engine, 1, b"k", 2), None);
}

#[test]
fn a_range_tombstone_and_its_mark_go_together() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, GC_GRACE_SECS)]);
    apply(&engine, insert(1, b"k", 1, b"old", 10));
    apply(&engine, delete_everything(b"k", 20, 1_000));
    apply(&engine, insert(1, b"k", 2, b"young", 30));
    assert_eq!(stored_entries(&engine), 4);
    sweep_at(&engine, 1_050);
    assert_eq!(
        stored_entries(&engine),
        3,
        "only what is shadowed goes early"
    );
    sweep_at(&engine, 2_000);
    assert_eq!(stored_entries(&engine), 1);
    assert_eq!(value(&engine, 1, b"k", 2).unwrap(), "young");
}

#[test]
fn a_sweep_beside_writers_takes_nothing_alive() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    let stop = Arc::new(AtomicBool::new(false));
    let sweeper = {
        let (engine, stop) = (engine.clone(), Arc::clone(&stop));
        thread::spawn(move || {
            let mut sweeps = 0;
            while !stop.load(Relaxed) {
                sweep_at(&engine, 5_000);
                sweeps += 1;
            }
            sweeps
        })
    };
    for round in 1..60i64 {
        // Deleted, and written again with a later timestamp, while sweeps run.
        let key = [u8::try_from(round % 5).unwrap()];
        let rows = (0..10).map(|c| insert(1, &key, c, &round.to_be_bytes(), round * 10));
        block_on(engine.apply_many(rows.collect())).unwrap();
        apply(&engine, delete_partition(&key, round * 10 + 5, 1_000));
        apply(
            &engine,
            insert(1, &key, 3, &round.to_be_bytes(), round * 10 + 6),
        );
        for c in 0..10 {
            let expected = (c == 3).then(|| Bytes::copy_from_slice(&round.to_be_bytes()));
            assert_eq!(value(&engine, 1, &key, c), expected, "round {round}");
        }
    }
    stop.store(true, Relaxed);
    assert!(sweeper.join().unwrap() > 0);
    sweep_at(&engine, 5_000);
    assert_eq!(stored_entries(&engine), 5);
}

#[test]
fn a_late_write_under_a_purgeable_deletion_keeps_the_deletion() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    apply(&engine, delete_partition(b"k", 20, 1_000));
    let table = engine.inner.state.table(table_id(1)).unwrap();
    let (state, writer) = (&engine.inner.state, &engine.inner.writer);
    let watched = Arc::clone(&table);
    let generation = take_turn(state, writer, |done| Control::Watch {
        table: watched,
        done,
    })
    .unwrap();
    // After the sweep looked, before it purges.
    apply(&engine, insert(1, b"k", 1, b"zombie", 10));
    let mut key = quorate_data::key::partition_prefix(quorate_types::Token::of_key(b"k"), b"k");
    key.extend_from_slice(&header_suffix());
    let chunk = || sweep::SweepChunk::of_header(&table, generation, key.clone());
    let counts = take_turn(state, writer, |done| Control::Sweep {
        chunk: chunk(),
        done,
    });
    assert_eq!(counts.unwrap().postponed, 1);
    assert_eq!(value(&engine, 1, b"k", 1), None);
    block_on(engine.truncate(table_id(1), 1)).unwrap();
    let counts = take_turn(state, writer, |done| Control::Sweep {
        chunk: chunk(),
        done,
    });
    assert!(counts.unwrap().table_gone);
}
