//! The log on a simulated disk: torn, flipped, recycled, cut off at every step.

use super::*;
use crate::disk::simulated::{Choices, SimulatedDisk};
use crate::{Damage, DamageKind, DamagePolicy, ReplaySummary, TornTail};
use proptest::prelude::*;
use std::ops::Range;

fn config(segment_bytes: u32, damage_policy: DamagePolicy) -> LogConfig {
    LogConfig {
        segment_bytes,
        damage_policy,
        ..LogConfig::new("/simulated")
    }
}

type Records = Vec<(LogPosition, Vec<u8>)>;

struct Opened {
    log: CommitLog,
    records: Records,
    summary: ReplaySummary,
}

fn open_with(disk: &SimulatedDisk, config: LogConfig) -> Result<Opened, LogError> {
    let (log, replay) = CommitLog::open_on(Arc::new(disk.clone()), config, false)?;
    let summary = replay.summary().clone();
    let records: Records = replay
        .map(|record| record.map(|record| (record.position, record.payload.to_vec())))
        .collect::<Result<_, _>>()?;
    assert_eq!(summary.records, records.len() as u64);
    assert_eq!(
        summary.bytes,
        records
            .iter()
            .map(|(_, payload)| payload.len() as u64)
            .sum::<u64>()
    );
    Ok(Opened {
        log,
        records,
        summary,
    })
}

fn open(disk: &SimulatedDisk) -> Opened {
    open_with(disk, config(512, DamagePolicy::Refuse)).unwrap()
}

/// Appends payloads of `sizes` bytes, told apart by their first bytes.
fn append(log: &mut CommitLog, from: u32, sizes: &[usize]) -> Records {
    let payloads = sizes.iter().zip(from..).map(|(size, number)| {
        let mut payload = number.to_be_bytes().to_vec();
        payload.resize((*size).max(4), 0x5a);
        payload
    });
    payloads
        .map(|payload| (log.append(&payload).unwrap(), payload))
        .collect()
}

fn segment_name(id: u64) -> String {
    FileName::Segment(id).text()
}

fn bytes_of(record: &(LogPosition, Vec<u8>)) -> Range<usize> {
    let start = record.0.offset as usize;
    start..start + record.1.len() + RECORD_OVERHEAD as usize
}

/// A disk with one segment of five synced records.
fn five_records() -> (SimulatedDisk, Records) {
    let disk = SimulatedDisk::default();
    let mut log = open(&disk).log;
    let mut records = Vec::new();
    for number in 0..5 {
        records.extend(append(&mut log, number, &[4 + 9 * number as usize]));
        log.sync().unwrap();
    }
    assert_eq!(log.segments().len(), 1);
    (disk.killed(), records)
}

/// A disk with three segments, the last one open.
fn three_segments() -> (SimulatedDisk, Records) {
    let disk = SimulatedDisk::default();
    let mut log = open(&disk).log;
    let records = append(&mut log, 0, &[100; 11]);
    log.sync().unwrap();
    assert_eq!(log.segments().len(), 3);
    (disk.killed(), records)
}

fn damage(segment: u64, offset: u32, kind: DamageKind, records_after: u64) -> Damage {
    Damage {
        position: LogPosition { segment, offset },
        kind,
        records_after,
    }
}

fn refused(disk: &SimulatedDisk) -> Damage {
    let before = disk.operations();
    match open_with(disk, config(512, DamagePolicy::Refuse)) {
        Err(LogError::Damaged(damage)) => {
            assert_eq!(disk.operations(), before, "a refusal changes nothing");
            damage
        }
        Err(other) => panic!("{other}"),
        Ok(opened) => panic!("opened with {:?}", opened.summary),
    }
}

#[test]
fn what_was_appended_is_replayed_in_order_with_its_positions() {
    let directory = tempfile::tempdir().unwrap();
    let real = LogConfig {
        segment_bytes: 4096,
        ..LogConfig::new(directory.path().join("a/b"))
    };
    let (mut log, replay) = CommitLog::open(real.clone()).unwrap();
    assert_eq!(replay.count(), 0);
    let mut records = append(&mut log, 0, &[100; 200]);
    log.close().unwrap();
    let (mut log, replay) = CommitLog::open(real.clone()).unwrap();
    let replayed: Records = replay
        .map(|record| record.unwrap())
        .map(|r| (r.position, r.payload.to_vec()))
        .collect();
    assert_eq!(replayed, records);
    assert!(records.is_sorted());
    records.extend(append(&mut log, 200, &[7]));
    assert_eq!(log.discard_before(records[150].0).unwrap(), 4);
    log.close().unwrap();
    let (_log, replay) = CommitLog::open(real).unwrap();
    assert_eq!(replay.last().unwrap().unwrap().position, records[200].0);
}

#[test]
fn a_directory_in_use_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let real = LogConfig {
        segment_bytes: 4096,
        ..LogConfig::new(directory.path())
    };
    let first = CommitLog::open(real.clone()).unwrap();
    assert!(matches!(
        CommitLog::open(real.clone()),
        Err(LogError::InUse { .. })
    ));
    drop(first);
    assert!(CommitLog::open(real).is_ok());
}

#[test]
fn records_that_cannot_be_logged_are_refused_and_the_log_goes_on() {
    let disk = SimulatedDisk::default();
    let mut log = open(&disk).log;
    assert!(matches!(log.append(b""), Err(LogError::EmptyRecord)));
    let refused = log.append(&[1; 245]);
    assert!(matches!(
        refused,
        Err(LogError::Oversized {
            bytes: 245,
            bytes_max: 244
        })
    ));
    let longest = log.append(&[1; 244]).unwrap();
    let second = log.append_parts(&[&[1; 200], &[], &[2; 44]]).unwrap();
    assert_eq!((longest.segment, second.segment), (1, 2));
    log.sync().unwrap();
    let replayed = open(&disk.killed()).records;
    assert_eq!(replayed[1].1, [vec![1; 200], vec![2; 44]].concat());
}

#[test]
fn a_log_cut_at_every_byte_of_its_last_two_records_replays_the_exact_prefix() {
    for synced_between in [true, false] {
        let disk = SimulatedDisk::default();
        let mut log = open(&disk).log;
        let mut records = append(&mut log, 0, &[20, 30]);
        log.sync().unwrap();
        records.extend(append(&mut log, 2, &[25]));
        if synced_between {
            log.sync().unwrap();
        }
        records.extend(append(&mut log, 3, &[35]));
        log.sync().unwrap();
        let whole = disk.content(&segment_name(1));
        let used = log.end().offset as usize;
        for cut in bytes_of(&records[2]).start..used {
            for zero_filled in [true, false] {
                let disk = disk.killed();
                let mut bytes = whole[..cut].to_vec();
                if zero_filled {
                    bytes.resize(whole.len(), 0);
                }
                disk.set_content(&segment_name(1), &bytes);
                let kept = records
                    .iter()
                    .filter(|record| bytes_of(record).end <= cut)
                    .count();
                check_prefix_and_go_on(&disk, &records[..kept]);
            }
        }
    }
}

/// The log holds exactly `prefix`, and goes on in another segment as if nothing had happened.
fn check_prefix_and_go_on(disk: &SimulatedDisk, prefix: &[(LogPosition, Vec<u8>)]) {
    let Opened {
        mut log, records, ..
    } = open(disk);
    assert_eq!(records, prefix);
    assert!(prefix.is_empty() || log.end().segment != 1, "L5");
    let more = append(&mut log, 90, &[10, 200, 200]);
    log.sync().unwrap();
    let Opened {
        records, summary, ..
    } = open(&disk.killed());
    assert_eq!(records, [prefix, &more[..]].concat());
    assert_eq!(summary.torn_tail, None, "it was reported once, and closed");
}

#[test]
fn a_log_cut_in_its_first_record_or_its_header_starts_empty() {
    let (disk, _) = five_records();
    let whole = disk.content(&segment_name(1));
    for cut in 0..HEADER_BYTES as usize + 16 {
        for zero_filled in [true, false] {
            let disk = disk.killed();
            let mut bytes = whole[..cut].to_vec();
            if zero_filled {
                bytes.resize(whole.len(), 0);
            }
            disk.set_content(&segment_name(1), &bytes);
            // A cut in the zeros that begin a length looks like the end.
            let torn = !(24..28).contains(&cut);
            assert_eq!(
                open(&disk.killed()).summary.torn_tail.is_some(),
                torn,
                "cut at {cut}"
            );
            check_prefix_and_go_on(&disk, &[]);
        }
    }
}

#[test]
fn a_power_cut_while_a_ruined_header_is_mended_is_no_damage() {
    for case in 0..400u64 {
        let mut choices = Choices(case);
        let (disk, _) = five_records();
        disk.set_content(&segment_name(1), &[7; 10]);
        // Opening takes thirteen operations, the last ones at the old segment.
        disk.fail_at(1 + case % 13, true);
        let opened = open_with(&disk, config(512, DamagePolicy::Refuse));
        assert_eq!(opened.is_ok(), case % 13 == 12);
        assert_eq!(
            open(&disk.power_cut(&mut choices, case / 13 % 5)).records,
            []
        );
    }
}

#[test]
fn every_flipped_bit_is_found_and_named() {
    let (disk, records) = five_records();
    let whole = disk.content(&segment_name(1));
    let used = bytes_of(&records[4]).end + frame::SYNCED_BYTES as usize;
    for bit in 0..whole.len() * 8 {
        let at = bit / 8;
        let disk = disk.killed();
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (bit % 8);
        disk.set_content(&segment_name(1), &bytes);
        if at < bytes_of(&records[4]).end {
            // A record with its frame, the mark behind it, or the header.
            let hit = records.iter().position(|record| at < bytes_of(record).end);
            let record = &records[hit.unwrap()];
            let (offset, kind) = match at {
                0..24 => (0, DamageKind::Header),
                _ if at >= bytes_of(record).start => (record.0.offset, DamageKind::Record),
                _ => (record.0.offset - frame::SYNCED_BYTES, DamageKind::Record),
            };
            let found = refused(&disk);
            assert_eq!(
                (found.position.offset, found.kind),
                (offset, kind),
                "bit {bit}"
            );
            let Opened {
                records: replayed,
                summary,
                ..
            } = open_with(&disk, config(512, DamagePolicy::Skip)).unwrap();
            assert_eq!(summary.damage, [found]);
            let before = records
                .iter()
                .filter(|record| bytes_of(record).end <= offset as usize);
            assert_eq!(replayed.len(), before.count());
            assert_eq!(replayed, records[..replayed.len()]);
        } else {
            let Opened {
                records: replayed,
                summary,
                ..
            } = open(&disk);
            assert_eq!(replayed, records);
            let noticed = at < used + TERMINATOR.len();
            assert_eq!(summary.torn_tail.is_some(), noticed, "bit {bit}");
        }
    }
}

#[test]
fn every_flipped_bit_of_a_closed_segment_is_found_and_named() {
    let (disk, records) = three_segments();
    let whole = disk.content(&segment_name(2));
    let in_segment = |id: u64| records.iter().filter(move |record| record.0.segment == id);
    let end = bytes_of(in_segment(2).next_back().unwrap()).end;
    for bit in 0..(end + frame::CLOSED_BYTES as usize) * 8 {
        let disk = disk.killed();
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        disk.set_content(&segment_name(2), &bytes);
        let found = refused(&disk);
        assert_eq!(found.position.segment, 2);
        assert!(found.position.offset as usize <= bit / 8);
        let Opened {
            mut log,
            records: replayed,
            summary,
        } = open_with(&disk, config(512, DamagePolicy::Skip)).unwrap();
        assert_eq!(summary.damage, std::slice::from_ref(&found));
        let left: Vec<_> = records
            .iter()
            .filter(|record| {
                record.0.segment != 2 || bytes_of(record).end <= found.position.offset as usize
            })
            .cloned()
            .collect();
        assert_eq!(replayed, left);
        // It stays reported until it is discarded.
        assert_eq!(refused(&disk.killed()), found);
        let discarded = log.discard_before(LogPosition {
            segment: 3,
            offset: 0,
        });
        assert_eq!(discarded.unwrap(), 2);
        assert_eq!(open(&disk.killed()).summary.damage, []);
    }
}

#[test]
fn a_segment_that_is_missing_is_damage() {
    for (id, offset) in [(2, 0), (3, 0)] {
        let (disk, _) = three_segments();
        disk.take_away(&segment_name(id));
        assert_eq!(refused(&disk), damage(id, offset, DamageKind::Missing, 0));
    }
    let (disk, records) = three_segments();
    disk.take_away(&segment_name(3));
    let Opened {
        mut log,
        records: replayed,
        ..
    } = open_with(&disk, config(512, DamagePolicy::Skip)).unwrap();
    assert_eq!(replayed, records[..replayed.len()]);
    assert_eq!(
        append(&mut log, 50, &[9])[0].0.segment,
        4,
        "an id is not used twice"
    );
}

#[test]
fn a_closed_segment_that_was_cut_short_is_damage() {
    let (disk, records) = three_segments();
    let end = bytes_of(
        records
            .iter()
            .rfind(|record| record.0.segment == 2)
            .unwrap(),
    )
    .end;
    let bytes = disk.content(&segment_name(2));
    disk.set_content(&segment_name(2), &bytes[..end]);
    assert_eq!(
        refused(&disk),
        damage(2, end as u32, DamageKind::Unclosed, 0)
    );
}

#[test]
fn a_zeroed_stretch_that_had_been_synced_is_damage() {
    let (disk, records) = five_records();
    let mut bytes = disk.content(&segment_name(1));
    bytes[bytes_of(&records[1])].fill(0);
    disk.set_content(&segment_name(1), &bytes);
    assert_eq!(
        refused(&disk),
        damage(1, records[1].0.offset, DamageKind::Record, 3)
    );
}

#[test]
fn a_gap_in_a_write_that_was_never_synced_is_a_torn_tail() {
    let disk = SimulatedDisk::default();
    let mut log = open(&disk).log;
    let mut records = append(&mut log, 0, &[20, 20]);
    log.sync().unwrap();
    records.extend(append(&mut log, 2, &[20, 20, 20]));
    log.write_buffered().unwrap();
    let mut bytes = disk.content(&segment_name(1));
    bytes[bytes_of(&records[2])].fill(0);
    let disk = disk.killed();
    disk.set_content(&segment_name(1), &bytes);
    let Opened {
        records: replayed,
        summary,
        ..
    } = open(&disk);
    assert_eq!(replayed, records[..2]);
    let position = LogPosition {
        offset: records[2].0.offset,
        ..records[0].0
    };
    assert_eq!(
        summary.torn_tail,
        Some(TornTail {
            position,
            records_after: 2
        })
    );
}

#[test]
fn a_segment_of_another_format_version_is_refused_whatever_the_policy() {
    let (disk, _) = five_records();
    let mut bytes = disk.content(&segment_name(1));
    bytes[11] = 9;
    let crc = crc32fast::hash(&bytes[..20]);
    bytes[20..24].copy_from_slice(&crc.to_be_bytes());
    disk.set_content(&segment_name(1), &bytes);
    let opened = open_with(&disk, config(512, DamagePolicy::Skip));
    assert!(matches!(
        opened,
        Err(LogError::FormatVersion {
            found: 9,
            expected: 1,
            ..
        })
    ));
}

#[test]
fn a_recycled_segment_never_replays_records_of_its_earlier_life() {
    let disk = SimulatedDisk::default();
    let mut log = open(&disk).log;
    let mut number = 0;
    for _ in 0..6 {
        let records = append(&mut log, number, &[100; 9]);
        number += 9;
        log.sync().unwrap();
        log.discard_before(records[8].0).unwrap();
        // One record at the start of a recycled segment, whole old records right behind it.
        let Opened {
            records: kept,
            summary,
            ..
        } = open(&disk.killed());
        assert_eq!(kept, records[9 - kept.len()..]);
        assert_eq!(summary.torn_tail, None, "the end is marked");
        // Even when what ends the segment is lost.
        let current = segment_name(log.end().segment);
        let mut bytes = disk.content(&current);
        let end = log.end().offset as usize;
        bytes.drain(end..end + TERMINATOR.len());
        let lost = disk.killed();
        lost.set_content(&current, &bytes);
        assert_eq!(open(&lost).records, kept);
    }
    let recycled = disk.content(&segment_name(log.end().segment));
    assert!(recycled[log.end().offset as usize + 8..].contains(&0x5a));
}

#[test]
fn spare_segments_are_kept_up_to_their_limit_and_used_again() {
    let disk = SimulatedDisk::default();
    let few = LogConfig {
        spare_segments_max: 2,
        ..config(512, DamagePolicy::Refuse)
    };
    let mut log = open_with(&disk, few).unwrap().log;
    let records = append(&mut log, 0, &[100; 40]);
    assert_eq!(log.segments().len(), 10);
    assert_eq!(log.discard_before(records[39].0).unwrap(), 9);
    assert_eq!(disk.names().len(), 3);
    append(&mut log, 40, &[100; 8]);
    assert_eq!(log.segments().len(), 3);
    assert_eq!(disk.names().len(), 3);
}

#[test]
fn only_closed_segments_wholly_before_the_position_are_discarded() {
    let disk = SimulatedDisk::default();
    let mut log = open(&disk).log;
    let records = append(&mut log, 0, &[100; 9]);
    assert_eq!(log.discard_before(LogPosition::START).unwrap(), 0);
    assert_eq!(log.discard_before(records[3].0).unwrap(), 0);
    assert_eq!(log.discard_before(records[4].0).unwrap(), 1);
    assert_eq!(log.discard_before(log.end()).unwrap(), 1);
    log.sync().unwrap();
    assert_eq!(open(&disk.killed()).records, records[8..]);
}

#[test]
fn a_segment_size_that_changed_is_no_trouble() {
    let disk = SimulatedDisk::default();
    let mut expected = Vec::new();
    for (round, segment_bytes) in [512, 1024, 256, 512].into_iter().enumerate() {
        let opened = open_with(&disk, config(segment_bytes, DamagePolicy::Refuse)).unwrap();
        assert_eq!(opened.records, expected);
        let mut log = opened.log;
        if round % 2 == 1 {
            expected.extend(append(&mut log, round as u32 * 10, &[100; 7]));
        }
        log.close().unwrap();
    }
    let mut log = open(&disk).log;
    log.discard_before(log.end()).unwrap();
    assert_eq!(log.segments().len(), 1);
}

#[test]
fn a_full_disk_refuses_the_record_and_recovers_by_itself() {
    let disk = SimulatedDisk::default();
    let mut log = open(&disk).log;
    let mut records = append(&mut log, 0, &[100; 4]);
    disk.set_full(true);
    for _ in 0..3 {
        assert!(matches!(log.append(&[1; 100]), Err(LogError::Full { .. })));
    }
    log.sync().unwrap();
    assert_eq!(open(&disk.killed()).records, records);
    disk.set_full(false);
    records.extend(append(&mut log, 4, &[100]));
    log.sync().unwrap();
    assert_eq!(open(&disk.killed()).records, records);
}

#[test]
fn a_segment_that_could_not_be_made_ahead_is_made_when_it_is_needed() {
    let disk = SimulatedDisk::default();
    let config = config(512, DamagePolicy::Refuse);
    let (mut log, _) = CommitLog::open_on(Arc::new(disk.clone()), config, true).unwrap();
    let before = disk.operations();
    disk.set_full(true);
    append(&mut log, 0, &[100; 2]);
    while disk.operations() == before {
        std::thread::yield_now();
    }
    disk.set_full(false);
    append(&mut log, 2, &[100; 4]);
    assert_eq!(log.segments().len(), 2);
}

#[test]
fn a_segment_under_another_name_is_damage() {
    let (disk, records) = five_records();
    let mut bytes = disk.content(&segment_name(1));
    bytes.splice(
        ..HEADER_BYTES as usize,
        frame::encode_header(frame::SEGMENT_MAGIC, 9),
    );
    disk.set_content(&segment_name(1), &bytes);
    assert_eq!(
        refused(&disk),
        damage(1, 0, DamageKind::Header, records.len() as u64)
    );
}

#[test]
fn nothing_is_written_or_synced_after_any_failure() {
    let mut failures = 0;
    for at in 1..200 {
        let disk = SimulatedDisk::default();
        let mut log = open(&disk).log;
        let before = disk.operations();
        disk.fail_at(before + at, false);
        let mut run = Run::new();
        if run.play(&mut log, &script(at)).is_ok() {
            assert!(disk.operations() < before + at);
            break;
        }
        failures += 1;
        assert!(log.is_poisoned(), "operation {at}");
        let count = disk.operations();
        assert!(matches!(log.append(b"x"), Err(LogError::Poisoned { .. })));
        assert!(matches!(log.sync(), Err(LogError::Poisoned { .. })));
        assert!(matches!(
            log.write_buffered(),
            Err(LogError::Poisoned { .. })
        ));
        assert!(matches!(
            log.discard_before(log.end()),
            Err(LogError::Poisoned { .. })
        ));
        assert!(log.close().is_err());
        assert_eq!(disk.operations(), count, "L6 after operation {at}");
        run.check(&open(&disk.killed()), at);
    }
    assert!(failures > 40);
}

/// What a run appended, and what of it must and may be found again.
#[derive(Clone)]
struct Run {
    records: Records,
    /// So many of them are synced.
    synced: usize,
    /// So many of them may be gone.
    discarded: usize,
    number: u32,
}

#[derive(Debug, Clone)]
enum Step {
    Append(usize),
    Write,
    Sync,
    /// Everything before the record that is this many from the end.
    Discard(usize),
}

impl Run {
    fn new() -> Self {
        Self {
            records: Vec::new(),
            synced: 0,
            discarded: 0,
            number: 0,
        }
    }

    fn play(&mut self, log: &mut CommitLog, steps: &[Step]) -> Result<(), LogError> {
        for step in steps {
            match step {
                Step::Append(size) => {
                    self.number += 1;
                    let mut payload = self.number.to_be_bytes().to_vec();
                    payload.resize((*size).max(4), self.number as u8);
                    let segment = log.end().segment;
                    let appended = log.append(&payload);
                    if log.end().segment != segment {
                        self.synced = self.records.len();
                    }
                    match appended {
                        Ok(position) => self.records.push((position, payload)),
                        Err(error) => {
                            // Perhaps written, perhaps not; where, is known.
                            self.records.push((log.end(), payload));
                            return Err(error);
                        }
                    }
                }
                Step::Write => log.write_buffered()?,
                Step::Sync => {
                    log.sync()?;
                    self.synced = self.records.len();
                }
                Step::Discard(from_end) => {
                    let first = self.records.len().saturating_sub(*from_end);
                    if let Some((position, _)) = self.records.get(first) {
                        self.discarded = self.discarded.max(first);
                        log.discard_before(*position)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// What was found is one stretch of what was appended, with all that was promised (L4).
    fn check(&mut self, opened: &Opened, hint: u64) {
        let found = &opened.records;
        assert_eq!(opened.summary.damage, []);
        let start = match found.first() {
            Some(first) => self
                .records
                .iter()
                .position(|record| record.1 == first.1)
                .unwrap(),
            None => self.synced.max(self.discarded).min(self.records.len()),
        };
        let end = start + found.len();
        assert!(start <= self.discarded, "case {hint}: lost the oldest");
        assert!(
            end >= self.synced,
            "case {hint}: {end} records, {} were synced",
            self.synced
        );
        let payloads = |records: &[(LogPosition, Vec<u8>)]| {
            records
                .iter()
                .map(|record| record.1.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            payloads(found),
            payloads(&self.records[start..end]),
            "case {hint}"
        );
        let expected = self.records[start..end].iter().map(|record| record.0);
        let wrong = found
            .iter()
            .map(|record| record.0)
            .zip(expected)
            .find(|(a, b)| a != b);
        assert_eq!(wrong, None, "case {hint}");
        self.records.truncate(end);
        (self.synced, self.discarded) = (end, self.discarded.min(end));
    }
}

/// A varied run: batches, rolls, discards, recycling.
fn script(seed: u64) -> Vec<Step> {
    let mut choices = Choices(seed);
    (0..60)
        .map(|_| match choices.below(10) {
            0..6 => Step::Append(4 + choices.below(150) as usize),
            6 => Step::Write,
            7..9 => Step::Sync,
            _ => Step::Discard(choices.below(6) as usize),
        })
        .collect()
}

#[test]
fn a_power_cut_at_any_operation_loses_nothing_that_was_synced() {
    for case in 0..4_000u64 {
        let mut choices = Choices(case);
        let mut disk = SimulatedDisk::default();
        let mut run = Run::new();
        for _life in 0..4 {
            // Also while opening, until one succeeds.
            disk.fail_at(1 + choices.below(110), true);
            let segment_bytes = if choices.below(8) == 0 { 640 } else { 512 };
            if let Ok(opened) = open_with(&disk, config(segment_bytes, DamagePolicy::Refuse)) {
                run.check(&opened, case);
                let mut log = opened.log;
                let _ = run.play(&mut log, &script(choices.below(1 << 40)));
            }
            // Killed: what was not synced is still there, and may go with the next power cut.
            disk = if choices.below(4) == 0 {
                disk.killed()
            } else {
                let kept_in_4 = choices.below(5);
                disk.power_cut(&mut choices, kept_in_4)
            };
        }
        run.check(&open(&disk), case);
    }
}

#[test]
fn a_power_cut_at_each_operation_of_one_run_loses_nothing_that_was_synced() {
    let steps = script(3);
    for at in 1.. {
        for kept_in_4 in 0..5 {
            let disk = SimulatedDisk::default();
            disk.fail_at(at, true);
            let mut run = Run::new();
            if let Ok(mut opened) = open_with(&disk, config(512, DamagePolicy::Refuse))
                && run.play(&mut opened.log, &steps).is_ok()
            {
                assert!(at > 60, "the run has that many operations");
                return;
            }
            let mut choices = Choices(at * 8 + kept_in_4);
            run.clone()
                .check(&open(&disk.power_cut(&mut choices, kept_in_4)), at);
            run.check(&open(&disk.killed()), at);
        }
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (4usize..240).prop_map(Step::Append),
        1 => Just(Step::Write),
        2 => Just(Step::Sync),
        1 => (0usize..9).prop_map(Step::Discard),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_log_is_the_list_of_what_was_appended(
        lives in proptest::collection::vec(
            (proptest::collection::vec(any_step(), 0..40), any::<bool>()), 1..5),
    ) {
        let mut disk = SimulatedDisk::default();
        let mut run = Run::new();
        for (index, (steps, closed)) in lives.iter().enumerate() {
            let opened = open(&disk);
            run.check(&opened, index as u64);
            let mut log = opened.log;
            run.play(&mut log, steps).unwrap();
            if *closed {
                log.close().unwrap();
            } else {
                log.write_buffered().unwrap();
            }
            // Nothing is lost without a power cut.
            run.synced = run.records.len();
            disk = disk.killed();
        }
        run.check(&open(&disk), 99);
    }

    #[test]
    fn a_directory_of_garbage_never_panics(
        segments in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..600), 1..4),
        header_is_ours in any::<bool>(),
    ) {
        let disk = SimulatedDisk::default();
        for (id, bytes) in (1..).zip(&segments) {
            let file = disk.create(&segment_name(id)).unwrap();
            file.write_at(bytes, 0).unwrap();
            if header_is_ours {
                file.write_at(&frame::encode_header(frame::SEGMENT_MAGIC, id), 0).unwrap();
            }
        }
        for policy in [DamagePolicy::Refuse, DamagePolicy::Skip] {
            if let Ok(opened) = open_with(&disk.killed(), config(512, policy)) {
                prop_assert_eq!(opened.records, vec![]);
            }
        }
    }
}
