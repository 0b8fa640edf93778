//! What is found again after a crash: an engine that is dropped without closing has flushed
//! nothing, so all that was not flushed before comes from the log.

use super::*;

/// Flips a bit of the `nth` place (from 0; a large number: the last) where `pattern` occurs in the
/// files of a directory, in the order of their names.
pub(super) fn flip(directory: &Path, pattern: &[u8], nth: usize) {
    let mut files: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut places = Vec::new();
    for file in files {
        let bytes = fs::read(&file).unwrap();
        let found = bytes
            .windows(pattern.len())
            .enumerate()
            .filter(|(_, window)| *window == pattern);
        places.extend(found.map(|(offset, _)| (file.clone(), offset)));
    }
    let (file, offset) = places.get(nth.min(places.len() - 1)).unwrap();
    let mut bytes = fs::read(file).unwrap();
    bytes[*offset] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[test]
fn everything_answered_is_there_after_a_crash() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    for c in 0..30 {
        apply(&engine, insert(1, b"k", c, b"v", 1));
        if c == 10 {
            block_on(engine.flush(None)).unwrap();
        }
    }
    drop(engine);
    let (engine, report) = open(place.path(), &[schema(1, 0)]);
    // Exactly what was not in files.
    assert_eq!((report.records_replayed, report.records_durable), (19, 11));
    for c in 0..30 {
        assert_eq!(value(&engine, 1, b"k", c).unwrap(), "v");
    }
    drop(engine);
    let (_, again) = open(place.path(), &[schema(1, 0)]);
    assert_eq!((again.records_replayed, again.records_durable), (19, 11));
}

#[test]
fn tables_are_replayed_each_from_its_own_position() {
    let place = place();
    let tables = [schema(1, 0), schema(2, 0)];
    let (engine, _) = open(place.path(), &tables);
    for c in 0..10 {
        apply(&engine, insert(1, b"k", c, b"v", 1));
        apply(&engine, insert(2, b"k", c, b"v", 1));
        if c == 4 {
            block_on(engine.flush(Some(table_id(1)))).unwrap();
        }
        if c == 7 {
            block_on(engine.flush(Some(table_id(2)))).unwrap();
        }
    }
    drop(engine);
    let (engine, report) = open(place.path(), &tables);
    assert_eq!((report.records_replayed, report.records_durable), (7, 13));
    for c in 0..10 {
        assert_eq!(value(&engine, 1, b"k", c).unwrap(), "v");
        assert_eq!(value(&engine, 2, b"k", c).unwrap(), "v");
    }
}

/// An acknowledged record is one that a crash cannot take away: if the log could tell us that it
/// was torn rather than damaged, it had not been synced. The image of the disk is a copy.
#[test]
fn an_acknowledged_write_had_been_synced() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    let mut round = 0;
    for count in [1, 1, 3, 20] {
        for _ in 0..count {
            round += 1;
            let value = format!("VALUE-{round:04}-OF-A-ROUND");
            apply(&engine, insert(1, b"k", round, value.as_bytes(), 1));
        }
        let image = tempfile::tempdir().unwrap();
        copy_tree(
            &place.path().join("commitlog"),
            &image.path().join("commitlog"),
        );
        let pattern = format!("VALUE-{round:04}-OF-A-ROUND");
        flip(
            &image.path().join("commitlog"),
            pattern.as_bytes(),
            usize::MAX,
        );
        let opened = Engine::open(config(image.path()), &[schema(1, 0)]);
        assert!(
            opened.is_err(),
            "write {round} was answered and could be lost: {:?}",
            opened.map(|(_, report)| report)
        );
    }
}

#[test]
fn a_torn_tail_takes_only_what_was_never_answered() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    for c in 0..5 {
        apply(&engine, insert(1, b"k", c, b"v", 1));
    }
    drop(engine);
    // Half a record after the last sync.
    let log = place.path().join("commitlog");
    let segment = fs::read_dir(&log)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| fs::metadata(path).unwrap().len() > 1_000)
        .min()
        .unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let before = bytes.clone();
    bytes[end + 16..end + 80].fill(0xAB);
    assert_ne!(before, bytes);
    fs::write(&segment, bytes).unwrap();
    let (engine, report) = open(place.path(), &[schema(1, 0)]);
    assert_eq!(report.records_replayed, 5);
    assert_eq!(value(&engine, 1, b"k", 4).unwrap(), "v");
}

#[test]
fn a_truncated_table_stays_empty_after_a_crash() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    apply(&engine, insert(1, b"k", 1, b"flushed", 1));
    block_on(engine.flush(None)).unwrap();
    apply(&engine, insert(1, b"k", 2, b"logged", 1));
    block_on(engine.truncate(table_id(1), 777)).unwrap();
    assert_eq!(engine.truncated_at(table_id(1)), Some(777));
    assert_eq!(value(&engine, 1, b"k", 1), None);
    apply(&engine, insert(1, b"k", 3, b"after", 1));
    drop(engine);
    for _ in 0..2 {
        let (engine, _) = open(place.path(), &[schema(1, 0)]);
        assert_eq!(engine.truncated_at(table_id(1)), Some(777));
        assert_eq!(value(&engine, 1, b"k", 1), None);
        assert_eq!(value(&engine, 1, b"k", 2), None);
        assert_eq!(value(&engine, 1, b"k", 3).unwrap(), "after");
    }
}

#[test]
fn a_truncation_that_a_crash_cut_short_is_finished() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0), schema(2, 0)]);
    apply(&engine, insert(1, b"k", 1, b"flushed", 1));
    apply(&engine, insert(2, b"k", 1, b"other", 1));
    block_on(engine.flush(None)).unwrap();
    apply(&engine, insert(1, b"k", 2, b"logged", 1));
    // The crash comes after the record of the truncation, before the rows went.
    let state = &engine.inner.state;
    take_turn(state, &engine.inner.writer, |done| Control::Barrier {
        done,
    })
    .unwrap();
    let truncation = crate::truncation::Truncation {
        position: state.log.applied_to(),
        at_millis: 5,
    };
    state.truncations.record(table_id(1), truncation).unwrap();
    drop(engine);
    let (engine, report) = open(place.path(), &[schema(1, 0), schema(2, 0)]);
    assert_eq!(report.truncations_finished, 1);
    assert_eq!(value(&engine, 1, b"k", 1), None);
    assert_eq!(value(&engine, 1, b"k", 2), None);
    assert_eq!(value(&engine, 2, b"k", 1).unwrap(), "other");
    apply(&engine, insert(1, b"k", 3, b"after", 1));
    block_on(engine.flush(None)).unwrap();
    drop(engine);
    let (engine, report) = open(place.path(), &[schema(1, 0), schema(2, 0)]);
    assert_eq!(report.truncations_finished, 0);
    assert_eq!(value(&engine, 1, b"k", 3).unwrap(), "after");
}

#[test]
fn a_log_that_lost_its_tail_hides_no_later_write() {
    let place = place();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    for c in 0..20 {
        apply(&engine, insert(1, b"k", c, b"v", 1));
    }
    block_on(engine.flush(None)).unwrap();
    drop(engine);
    // All of the log is gone; the files say they hold a position that the new log has not reached.
    fs::remove_dir_all(place.path().join("commitlog")).unwrap();
    let (engine, _) = open(place.path(), &[schema(1, 0)]);
    apply(&engine, insert(1, b"k", 100, b"new", 1));
    drop(engine);
    let (engine, report) = open(place.path(), &[schema(1, 0)]);
    assert_eq!(report.records_replayed, 1);
    assert_eq!(value(&engine, 1, b"k", 100).unwrap(), "new");
    assert_eq!(value(&engine, 1, b"k", 19).unwrap(), "v");
}

#[test]
fn a_crash_during_writes_loses_no_answered_write() {
    let place = place();
    let mut answered: Vec<Vec<u8>> = Vec::new();
    for round in 0u8..6 {
        let (engine, _) = open(place.path(), &[schema(1, 0)]);
        for key in &answered {
            assert_eq!(value(&engine, 1, key, 0).unwrap(), "v");
        }
        let keys = (0u8..100).map(|number| vec![round, number]);
        let pending: Vec<_> = keys
            .map(|key| (key.clone(), engine.apply(insert(1, &key, 0, b"v", 1))))
            .collect();
        for (index, (key, write)) in pending.into_iter().enumerate() {
            // The engine goes while the later half is on its way.
            if index < 50 {
                block_on(write).unwrap();
                answered.push(key);
            }
        }
        if round % 2 == 0 {
            block_on(engine.flush(None)).unwrap();
        }
    }
}
