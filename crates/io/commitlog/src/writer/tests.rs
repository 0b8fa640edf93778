//! The writer thread on a simulated disk whose syncs can be held.

use super::*;
use crate::disk::simulated::SimulatedDisk;
use crate::{LogConfig, ReplayRecord};
use std::sync::mpsc::{Receiver, Sender, channel};

const LONG: Duration = Duration::from_hours(1);

type Closure = Box<dyn FnOnce(&mut CommitLog) + Send>;

enum Item {
    Write(Vec<u8>),
    Control(Closure),
    Panic,
}

/// What the sink was told about one item: its name, its position, whether it may be acknowledged.
type Answer = (String, LogPosition, Result<(), String>);

struct Answers(Sender<Answer>);

impl Sink for Answers {
    type Item = Item;

    fn payload<'a>(&self, item: &'a Item) -> Option<&'a [u8]> {
        match item {
            Item::Write(payload) => Some(payload),
            Item::Control(_) | Item::Panic => None,
        }
    }

    fn queued_bytes(item: &Item) -> usize {
        match item {
            Item::Write(payload) => payload.len(),
            Item::Control(_) | Item::Panic => 1,
        }
    }

    fn apply(
        &mut self,
        log: &mut CommitLog,
        items: Vec<Item>,
        positions: &[LogPosition],
        outcome: Result<(), &LogError>,
    ) {
        assert_eq!(items.len(), positions.len());
        let outcome = outcome.map_err(ToString::to_string);
        if items.is_empty() {
            self.0
                .send(("nobody".to_owned(), log.end(), outcome.clone()))
                .unwrap();
        }
        for (item, position) in items.into_iter().zip(positions) {
            let name = match item {
                Item::Write(payload) => String::from_utf8_lossy(&payload).into_owned(),
                Item::Control(run) => {
                    run(log);
                    "control".to_owned()
                }
                Item::Panic => panic!("as asked"),
            };
            self.0.send((name, *position, outcome.clone())).unwrap();
        }
    }
}

struct Rig {
    disk: SimulatedDisk,
    writer: LogWriter<Item>,
    answers: Receiver<Answer>,
    /// Syncs that opening took.
    syncs_before: u64,
}

fn rig(sync_mode: SyncMode, config: WriterConfig) -> Rig {
    let disk = SimulatedDisk::default();
    let log_config = LogConfig {
        sync_mode,
        segment_bytes: 1 << 14,
        ..LogConfig::new("/simulated")
    };
    let (log, _) = CommitLog::open_on(Arc::new(disk.clone()), log_config, false).unwrap();
    let (sender, answers) = channel();
    let syncs_before = disk.syncs();
    let writer = spawn_writer(log, Answers(sender), config);
    Rig {
        disk,
        writer,
        answers,
        syncs_before,
    }
}

impl Rig {
    fn submit(&self, name: &str) -> bool {
        self.writer
            .submit(Item::Write(name.as_bytes().to_vec()))
            .is_ok()
    }

    fn syncs(&self) -> u64 {
        self.disk.syncs() - self.syncs_before
    }

    fn end(&self) -> Result<(), LogError> {
        self.writer.shutdown();
        self.writer.join()
    }

    /// Everything the sink was told since the last call; only after the end.
    fn names(&self) -> Vec<String> {
        self.answers.try_iter().map(|answer| answer.0).collect()
    }
}

fn replayed(disk: &SimulatedDisk) -> Vec<ReplayRecord> {
    let config = LogConfig {
        segment_bytes: 1 << 14,
        ..LogConfig::new("/simulated")
    };
    let (_, replay) = CommitLog::open_on(Arc::new(disk.killed()), config, false).unwrap();
    replay.collect::<Result<_, _>>().unwrap()
}

#[test]
fn nothing_is_answered_before_its_sync_and_what_queued_meanwhile_shares_the_next() {
    let rig = rig(SyncMode::Group, WriterConfig::default());
    rig.disk.hold_syncs(true);
    rig.submit("first");
    rig.disk.wait_for_held_sync();
    for number in 0..99 {
        rig.submit(&number.to_string());
    }
    assert!(rig.answers.try_recv().is_err(), "L7");
    assert_eq!(rig.writer.queued().0, 99);
    rig.disk.hold_syncs(false);
    rig.end().unwrap();
    assert_eq!(rig.syncs(), 2);
    let answers: Vec<_> = rig.answers.try_iter().collect();
    assert_eq!(answers.len(), 100);
    assert!(answers.iter().all(|answer| answer.2.is_ok()));
    let positions: Vec<_> = answers.iter().map(|answer| answer.1).collect();
    let records = replayed(&rig.disk);
    assert_eq!(
        records
            .iter()
            .map(|record| record.position)
            .collect::<Vec<_>>(),
        positions
    );
}

#[test]
fn batch_mode_syncs_once_per_write() {
    let rig = rig(SyncMode::Batch, WriterConfig::default());
    rig.disk.hold_syncs(true);
    rig.submit("a");
    rig.disk.wait_for_held_sync();
    for name in ["b", "c", "d", "e"] {
        rig.submit(name);
    }
    rig.disk.hold_syncs(false);
    rig.end().unwrap();
    assert_eq!(rig.syncs(), 5);
    assert_eq!(rig.names(), ["a", "b", "c", "d", "e"]);
}

#[test]
fn periodic_mode_answers_without_a_sync_and_leaves_nothing_in_memory() {
    let rig = rig(
        SyncMode::Periodic { interval: LONG },
        WriterConfig::default(),
    );
    rig.disk.hold_syncs(true);
    rig.submit("a");
    assert_eq!(rig.answers.recv().unwrap().2, Ok(()));
    assert_eq!(rig.syncs(), 0);
    assert_eq!(
        replayed(&rig.disk).len(),
        1,
        "a killed process loses nothing"
    );
    rig.disk.hold_syncs(false);
    rig.end().unwrap();
    assert_eq!(rig.syncs(), 1, "ending syncs");
}

#[test]
fn periodic_mode_syncs_when_nothing_comes() {
    let interval = Duration::from_millis(5);
    let rig = rig(SyncMode::Periodic { interval }, WriterConfig::default());
    rig.submit("a");
    rig.disk.wait_for_syncs(rig.syncs_before + 1);
    rig.submit("b");
    rig.disk.wait_for_syncs(rig.syncs_before + 2);
    rig.end().unwrap();
    assert_eq!(rig.names(), ["a", "b"]);
}

#[test]
fn periodic_mode_answers_wait_when_the_last_sync_is_too_old() {
    let rig = rig(
        SyncMode::Periodic {
            interval: Duration::ZERO,
        },
        WriterConfig::default(),
    );
    rig.disk.hold_syncs(true);
    rig.submit("a");
    rig.disk.wait_for_held_sync();
    assert!(rig.answers.try_recv().is_err());
    rig.disk.hold_syncs(false);
    assert_eq!(rig.answers.recv().unwrap().2, Ok(()));
    rig.end().unwrap();
}

#[test]
fn a_full_queue_gives_the_item_back() {
    let few = WriterConfig {
        queue_items_max: 3,
        queue_bytes_max: 10,
        ..WriterConfig::default()
    };
    let rig = rig(SyncMode::Group, few);
    rig.disk.hold_syncs(true);
    rig.submit("taken");
    rig.disk.wait_for_held_sync();
    assert!(rig.submit("a huge one may wait alone"));
    assert!(!rig.submit("b"), "too many bytes");
    rig.disk.hold_syncs(false);
    assert!(rig.answers.iter().nth(1).is_some());
    rig.disk.hold_syncs(true);
    rig.submit("taken");
    rig.disk.wait_for_held_sync();
    assert!(rig.submit("a") && rig.submit("b") && rig.submit("c"));
    let back = rig.writer.submit(Item::Write(b"d".to_vec()));
    assert!(matches!(back, Err(Item::Write(payload)) if payload == b"d"));
    rig.disk.hold_syncs(false);
    rig.end().unwrap();
    assert_eq!(rig.names(), ["taken", "a", "b", "c"]);
    assert!(!rig.submit("after the end"));
}

#[test]
fn after_a_failed_sync_every_item_is_told_and_nothing_is_taken() {
    let rig = rig(SyncMode::Group, WriterConfig::default());
    rig.disk.hold_syncs(true);
    rig.submit("a");
    rig.disk.wait_for_held_sync();
    rig.submit("b");
    let writer = rig.writer.clone();
    let (sender, taken) = channel();
    let control: Closure = Box::new(move |_| {
        let late = writer.submit(Item::Write(b"too late".to_vec()));
        sender.send(late.is_ok()).unwrap();
    });
    assert!(rig.writer.submit(Item::Control(control)).is_ok());
    rig.disk.fail_at(rig.disk.operations() + 1, false);
    rig.disk.hold_syncs(false);
    assert!(matches!(rig.writer.join(), Err(LogError::Poisoned { .. })));
    assert!(rig.writer.is_poisoned());
    assert!(!rig.submit("d"));
    assert_eq!(rig.syncs(), 0, "a sync is never tried again");
    let answers: Vec<_> = rig.answers.try_iter().collect();
    assert_eq!(answers.len(), 3);
    assert!(answers.iter().all(|answer| answer.2.is_err()));
    assert!(!taken.recv().unwrap(), "refused before anyone is told");
    assert!(
        answers[2]
            .2
            .as_ref()
            .is_err_and(|reason| reason.contains("injected"))
    );
}

#[test]
fn a_sync_that_fails_between_batches_is_told_to_the_sink() {
    let interval = Duration::from_millis(5);
    let rig = rig(SyncMode::Periodic { interval }, WriterConfig::default());
    rig.disk.hold_syncs(true);
    rig.submit("a");
    assert_eq!(rig.answers.recv().unwrap().2, Ok(()));
    rig.disk.wait_for_held_sync();
    rig.disk.fail_at(rig.disk.operations() + 1, false);
    rig.disk.hold_syncs(false);
    let told = rig.answers.recv().unwrap();
    assert_eq!((told.0.as_str(), told.2.is_err()), ("nobody", true));
    assert!(rig.writer.join().is_err());
}

#[test]
fn a_record_that_is_refused_does_not_touch_its_neighbours() {
    let rig = rig(SyncMode::Group, WriterConfig::default());
    rig.disk.hold_syncs(true);
    rig.submit("first");
    rig.disk.wait_for_held_sync();
    rig.submit("a");
    rig.submit(&"x".repeat(1 << 13));
    rig.submit("b");
    rig.disk.hold_syncs(false);
    rig.end().unwrap();
    let outcomes: Vec<_> = rig
        .answers
        .try_iter()
        .map(|(name, _, outcome)| (name.len(), outcome.is_ok()))
        .collect();
    assert_eq!(
        outcomes,
        [(5, true), (1, true), (1, true), (1 << 13, false)]
    );
    assert_eq!(replayed(&rig.disk).len(), 3);
}

#[test]
fn control_items_keep_their_place_and_reach_the_log() {
    let rig = rig(SyncMode::Group, WriterConfig::default());
    let (sender, ends) = channel();
    rig.disk.hold_syncs(true);
    rig.submit("a");
    rig.disk.wait_for_held_sync();
    rig.submit("b");
    let control: Closure = Box::new(move |log| sender.send(log.end()).unwrap());
    assert!(rig.writer.submit(Item::Control(control)).is_ok());
    rig.submit("c");
    rig.disk.hold_syncs(false);
    rig.end().unwrap();
    let answers: Vec<_> = rig.answers.try_iter().collect();
    let names: Vec<_> = answers.iter().map(|answer| answer.0.as_str()).collect();
    assert_eq!(names, ["a", "b", "control", "c"], "L8");
    assert_eq!(answers[2].1, answers[3].1, "where the next record starts");
    assert!(ends.recv().unwrap() > answers[3].1);
}

#[test]
fn many_submitters_are_each_answered_once_and_in_their_order() {
    let rig = rig(
        SyncMode::Group,
        WriterConfig {
            batch_items_max: 7,
            ..WriterConfig::default()
        },
    );
    thread::scope(|scope| {
        for submitter in 0..8 {
            let writer = rig.writer.clone();
            scope.spawn(move || {
                for number in 0..100 {
                    let name = format!("{submitter} {number}");
                    assert!(writer.submit(Item::Write(name.into_bytes())).is_ok());
                }
            });
        }
    });
    rig.end().unwrap();
    let names = rig.names();
    assert_eq!(names.len(), 800, "L9");
    for submitter in 0..8 {
        let own = names
            .iter()
            .filter(|name| name.starts_with(&format!("{submitter} ")));
        let expected = (0..100).map(|number| format!("{submitter} {number}"));
        assert!(own.cloned().eq(expected), "L8");
    }
    let logged = replayed(&rig.disk);
    assert!(
        logged
            .iter()
            .map(|record| &record.payload[..])
            .eq(names.iter().map(String::as_bytes))
    );
}

#[test]
fn the_thread_ends_with_the_last_handle() {
    let Rig {
        writer, answers, ..
    } = rig(SyncMode::Group, WriterConfig::default());
    let other = writer.clone();
    drop(writer);
    assert!(other.submit(Item::Write(b"a".to_vec())).is_ok());
    drop(other);
    // Ends when the sink, which holds the sender, is dropped.
    assert_eq!(answers.iter().count(), 1);
}

#[test]
fn a_sink_that_panics_ends_the_writer_and_not_the_program() {
    let rig = rig(SyncMode::Group, WriterConfig::default());
    assert!(rig.writer.submit(Item::Panic).is_ok());
    assert!(matches!(rig.writer.join(), Err(LogError::Poisoned { .. })));
    assert!(!rig.submit("a"));
}
