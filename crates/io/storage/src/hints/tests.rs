//! Hints survive restarts, torn tails and damage.

use super::*;
use crate::engine::test_support::*;
use std::fs;
use uuid::Uuid;

fn target(number: u128) -> HostId {
    HostId(Uuid::from_u128(number))
}

fn hint(number: u64) -> Hint {
    Hint {
        created_millis: 1_000 + number,
        gc_grace_secs: 864_000,
        mutation: Bytes::from(number.to_be_bytes().repeat(20)),
    }
}

fn numbers(hints: &[(HintPosition, Hint)]) -> Vec<u64> {
    hints
        .iter()
        .map(|(_, hint)| hint.created_millis - 1_000)
        .collect()
}

#[test]
fn hints_are_delivered_oldest_first_and_page_by_page() {
    let place = tempfile::tempdir().unwrap();
    let (engine, _) = open(place.path(), &[]);
    for number in 0..100 {
        block_on(engine.store_hint(target(1), hint(number))).unwrap();
    }
    block_on(engine.store_hint(target(2), hint(7))).unwrap();
    let summary = engine.hint_summary();
    assert_eq!(summary.len(), 2);
    assert_eq!(
        (summary[0].hints, summary[0].oldest_millis),
        (100, Some(1_000))
    );
    assert!(summary[0].files > 1, "files of 4 KiB");
    let mut seen = Vec::new();
    loop {
        let page = block_on(engine.hints(target(1), 1_600)).unwrap();
        let Some((position, _)) = page.last() else {
            break;
        };
        seen.extend(numbers(&page));
        assert!(page.len() <= 10);
        block_on(engine.hints_delivered(target(1), *position)).unwrap();
    }
    assert_eq!(seen, (0..100).collect::<Vec<_>>());
    assert_eq!(engine.hint_summary().len(), 1);
    let directory = place.path().join("hints").join(target(1).to_string());
    assert!(!directory.exists());
    // And on it goes.
    block_on(engine.store_hint(target(1), hint(100))).unwrap();
    let page = block_on(engine.hints(target(1), 1)).unwrap();
    assert_eq!(numbers(&page), [100]);
    block_on(engine.discard_hints(target(1))).unwrap();
    block_on(engine.discard_hints(target(9))).unwrap();
    assert_eq!(block_on(engine.hints(target(1), 1)).unwrap(), []);
}

#[test]
fn hints_survive_a_crash_and_so_does_what_was_delivered() {
    let place = tempfile::tempdir().unwrap();
    let (engine, _) = open(place.path(), &[]);
    for number in 0..60 {
        block_on(engine.store_hint(target(1), hint(number))).unwrap();
    }
    let page = block_on(engine.hints(target(1), 160 * 25)).unwrap();
    assert_eq!(page.len(), 25);
    block_on(engine.hints_delivered(target(1), page[24].0)).unwrap();
    // An older position moves nothing back.
    block_on(engine.hints_delivered(target(1), page[3].0)).unwrap();
    let before = engine.hint_summary();
    drop(engine);
    let (engine, _) = open(place.path(), &[]);
    assert_eq!(engine.hint_summary(), before);
    assert_eq!(before[0].hints, 35);
    assert_eq!(before[0].oldest_millis, Some(1_025));
    block_on(engine.store_hint(target(1), hint(60))).unwrap();
    let page = block_on(engine.hints(target(1), usize::MAX)).unwrap();
    assert_eq!(numbers(&page), (25..61).collect::<Vec<_>>());
}

#[test]
fn a_torn_or_damaged_file_costs_only_what_cannot_be_read() {
    let place = tempfile::tempdir().unwrap();
    let (engine, _) = open(place.path(), &[]);
    for number in 0..20 {
        block_on(engine.store_hint(target(1), hint(number))).unwrap();
    }
    drop(engine);
    let directory = place.path().join("hints").join(target(1).to_string());
    let mut files: Vec<_> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let file = &files[0];
    let mut bytes = fs::read(file).unwrap();
    let damaged = bytes
        .windows(16)
        .position(|window| window == 5u64.to_be_bytes().repeat(2))
        .unwrap();
    bytes[damaged] ^= 0x40;
    bytes.truncate(bytes.len() - 10);
    fs::write(file, bytes).unwrap();
    let (engine, _) = open(place.path(), &[]);
    let page = block_on(engine.hints(target(1), usize::MAX)).unwrap();
    let expected: Vec<u64> = (0..19).filter(|number| *number != 5).collect();
    assert_eq!(numbers(&page), expected);
    let (last, _) = page.last().unwrap();
    block_on(engine.hints_delivered(target(1), *last)).unwrap();
    assert_eq!(block_on(engine.hints(target(1), 1)).unwrap(), []);
    assert_eq!(engine.hint_summary(), []);
}

#[test]
fn hints_stored_at_once_are_all_kept() {
    let place = tempfile::tempdir().unwrap();
    let (engine, _) = open(place.path(), &[]);
    let stores: Vec<_> = (0..500)
        .map(|number| engine.store_hint(target(u128::from(number % 3)), hint(number)))
        .collect();
    for store in stores {
        block_on(store).unwrap();
    }
    drop(engine);
    let (engine, _) = open(place.path(), &[]);
    let kept: u64 = engine
        .hint_summary()
        .iter()
        .map(|target| target.hints)
        .sum();
    assert_eq!(kept, 500);
}

#[test]
fn a_target_of_which_nothing_can_be_read_is_let_go() {
    let place = tempfile::tempdir().unwrap();
    let (engine, _) = open(place.path(), &[]);
    block_on(engine.store_hint(target(1), hint(1))).unwrap();
    let directory = place.path().join("hints").join(target(1).to_string());
    let file = fs::read_dir(&directory).unwrap().next().unwrap().unwrap();
    let mut bytes = fs::read(file.path()).unwrap();
    let header = bytes.len() - 200;
    bytes[header..].fill(0x55);
    fs::write(file.path(), bytes).unwrap();
    assert_eq!(block_on(engine.hints(target(1), 1)).unwrap(), []);
    assert_eq!(engine.hint_summary(), []);
    block_on(engine.store_hint(target(1), hint(2))).unwrap();
    assert_eq!(numbers(&block_on(engine.hints(target(1), 1)).unwrap()), [2]);
    drop(engine);
    let (engine, _) = open(place.path(), &[]);
    assert_eq!(numbers(&block_on(engine.hints(target(1), 1)).unwrap()), [2]);
}
