//! Reads as conversations: `a=7` a sends data saying 7, `a#7` a digest of 7, `a!` a fails, `a~` a has
//! what it was sent, `?` the read is slow, `@` the deadline passes.

use super::*;
use bytes::Bytes;
use quorate_data::Cell;
use quorate_data::CellState;
use quorate_data::ColumnId;
use quorate_data::Entry;
use quorate_data::Limits;
use quorate_data::PartitionData;
use quorate_data::ReadTarget;
use quorate_data::Row;
use quorate_data::Slice;
use quorate_data::key::row_suffix;
use quorate_types::Epoch;
use quorate_types::NowInSeconds;
use quorate_types::TableId;
use uuid::Uuid;

fn host(name: char) -> HostId {
    HostId(Uuid::from_u128(u128::from(u32::from(name))))
}

fn name(host: HostId) -> char {
    char::from_u32(host.0.as_u128() as u32).unwrap()
}

fn plan(level: ConsistencyLevel, down: &str) -> Result<ReadPlan, RequestError> {
    let replicas: Vec<Replica> = "abc"
        .chars()
        .map(|name| Replica {
            host_id: host(name),
            datacenter: Arc::from("dc1"),
            rack: Arc::from("r1"),
            address: "127.0.0.1:7000".parse().unwrap(),
        })
        .collect();
    ReadPlan::new(
        level,
        &ReplicationStrategy::Simple { factor: 3 },
        &ReplicaSet::new(replicas, Vec::new()),
        &Arc::from("dc1"),
        |host| !down.contains(name(host)),
        |replica| u64::from(u32::from(name(replica.host_id))),
    )
}

fn command() -> ReadCommand {
    ReadCommand {
        table: TableId(Uuid::from_u128(1)),
        epoch: Epoch(1),
        now: NowInSeconds(100),
        purge_before_secs: 0,
        target: ReadTarget::Partition(Bytes::from_static(b"key")),
        slices: vec![Slice::everything()],
        reversed: false,
        limits: Limits {
            rows: 100,
            rows_per_partition: u32::MAX,
            reply_bytes: 1 << 20,
            tombstones: 1_000,
        },
        after: None,
    }
}

/// One row written at `timestamp`; none for 0.
fn rows(timestamp: i64) -> DataReply {
    if timestamp == 0 {
        return DataReply::default();
    }
    let cell = Cell {
        column: ColumnId(1),
        path: None,
        timestamp,
        state: CellState::Live(Bytes::from_static(b"v")),
    };
    let row = Row {
        cells: vec![cell],
        ..Row::default()
    };
    let entry = Entry {
        suffix: row_suffix(&[0x38]),
        fragment: row.encode(),
    };
    let partition = PartitionData {
        key: Bytes::from_static(b"key"),
        entries: vec![entry],
    };
    DataReply {
        partitions: vec![partition],
        stopped_at: None,
    }
}

fn timestamp_of(reply: &DataReply) -> i64 {
    let entry = reply
        .partitions
        .first()
        .and_then(|partition| partition.entries.first());
    entry.map_or(0, |entry| {
        Row::decode(&entry.fragment)
            .unwrap()
            .cells
            .first()
            .unwrap()
            .timestamp
    })
}

fn say(effects: Vec<Effect>) -> Vec<String> {
    effects
        .into_iter()
        .map(|effect| match effect {
            Effect::AskData(host) => format!("data? {}", name(host)),
            Effect::AskDigest(host) => format!("digest? {}", name(host)),
            Effect::Repair(host, mutations) => {
                format!("repair {} x{}", name(host), mutations.len())
            }
            Effect::Answer(Ok(reply)) => format!("rows {}", timestamp_of(&reply)),
            Effect::Answer(Err(error)) => format!("{}: {error}", error.name()),
        })
        .collect()
}

fn input(word: &str) -> Input {
    let who = host(word.chars().next().unwrap());
    let number = || {
        word.get(2..)
            .and_then(|digits| digits.parse().ok())
            .unwrap_or(0)
    };
    match word.chars().nth(1) {
        Some('=') => Input::Data(who, rows(number())),
        Some('#') => Input::Digest(who, rows(number()).digest(&command())),
        Some('!') => Input::Failed(who, FailureReason::Unknown),
        Some('~') => Input::Repaired(who),
        _ if word == "?" => Input::SpeculationDue,
        _ => Input::DeadlinePassed,
    }
}

fn converse((mut read, effects): (Read, Vec<Effect>), conversation: &str) -> String {
    let mut said = say(effects);
    for word in conversation.split_whitespace() {
        said.extend(say(read.on(Duration::ZERO, input(word))));
    }
    said.join("; ")
}

fn play(level: ConsistencyLevel, conversation: &str) -> String {
    converse(
        Read::partition(plan(level, "").unwrap(), command(), true),
        conversation,
    )
}

#[test]
fn agreeing_quorum_answers_once() {
    assert_eq!(
        play(ConsistencyLevel::Quorum, "a=7 b#7 c#7"),
        "data? a; digest? b; rows 7"
    );
}

#[test]
fn a_digest_that_comes_first_waits_for_the_data() {
    assert_eq!(
        play(ConsistencyLevel::Quorum, "b#7 a=7"),
        "data? a; digest? b; rows 7"
    );
}

#[test]
fn a_repeated_reply_is_not_a_second_replica() {
    assert_eq!(
        play(ConsistencyLevel::Quorum, "a=7 a=7"),
        "data? a; digest? b"
    );
}

#[test]
fn one_asks_one_replica_and_compares_nothing() {
    assert_eq!(play(ConsistencyLevel::One, "a=7"), "data? a; rows 7");
}

#[test]
fn a_replica_that_lacks_a_row_has_it_before_the_client_does() {
    assert_eq!(
        play(ConsistencyLevel::Quorum, "a=0 b#7 b=7 a~"),
        "data? a; digest? b; data? b; repair a x1; rows 7"
    );
}

#[test]
fn a_repair_that_nobody_acknowledges_times_the_read_out() {
    assert_eq!(
        play(ConsistencyLevel::Quorum, "a=0 b#7 b=7 @"),
        "data? a; digest? b; data? b; repair a x1; \
         ReadTimeout: Operation timed out - received only 1 responses."
    );
}

#[test]
fn a_replica_lost_while_it_is_repaired_is_replaced_by_a_spare_one() {
    assert_eq!(
        play(ConsistencyLevel::Quorum, "a=0 b#7 b=7 a! b=7 c=7"),
        "data? a; digest? b; data? b; repair a x1; data? b; data? c; rows 7"
    );
}

#[test]
fn a_replica_lost_while_it_is_repaired_fails_the_read_at_once_when_nobody_can_replace_it() {
    let said = play(ConsistencyLevel::All, "a=0 b#7 c#7 b=7 c=7 a!");
    assert!(said.contains("ReadFailure: Operation failed"), "{said}");
}

#[test]
fn without_read_repair_the_merged_rows_are_answered_at_once() {
    let read = Read::partition(
        plan(ConsistencyLevel::Quorum, "").unwrap(),
        command(),
        false,
    );
    assert_eq!(
        converse(read, "a=0 b#7 b=7"),
        "data? a; digest? b; data? b; rows 7"
    );
}

#[test]
fn a_replica_that_fails_is_replaced_by_a_spare_one() {
    assert_eq!(
        play(ConsistencyLevel::Quorum, "a! b#7 c=7"),
        "data? a; digest? b; data? c; rows 7"
    );
    assert_eq!(
        play(ConsistencyLevel::Quorum, "a=7 b! c#7"),
        "data? a; digest? b; digest? c; rows 7"
    );
}

#[test]
fn a_slow_read_asks_one_more_replica() {
    assert_eq!(
        play(ConsistencyLevel::Quorum, "a=7 ? c#7"),
        "data? a; digest? b; digest? c; rows 7"
    );
    assert_eq!(
        play(ConsistencyLevel::One, "? b=7"),
        "data? a; data? b; rows 7"
    );
}

#[test]
fn too_many_failures_answer_before_the_deadline() {
    let said = play(ConsistencyLevel::All, "a=7 b!");
    assert!(
        said.contains("ReadFailure: Operation failed - received 1"),
        "{said}"
    );
}

#[test]
fn the_deadline_says_whether_data_was_there() {
    let timeout = |conversation: &str| {
        let plan = plan(ConsistencyLevel::Quorum, "").unwrap();
        let (mut read, _) = Read::partition(plan, command(), true);
        let effects = conversation
            .split_whitespace()
            .flat_map(|word| read.on(Duration::ZERO, input(word)))
            .collect::<Vec<_>>();
        match effects.last() {
            Some(Effect::Answer(Err(RequestError::ReadTimeout {
                received,
                data_present,
                ..
            }))) => (*received, *data_present),
            other => panic!("expected a timeout, got {other:?}"),
        }
    };
    assert_eq!(timeout("a=7 @"), (1, true));
    assert_eq!(timeout("b#7 @"), (1, false));
    assert_eq!(timeout("@"), (0, false));
}

#[test]
fn a_range_read_takes_data_from_all_contacts_and_repairs() {
    let read = Read::range(plan(ConsistencyLevel::Quorum, "").unwrap(), command(), true);
    assert_eq!(
        converse(read, "a=7 b=0 b~"),
        "data? a; data? b; repair b x1; rows 7"
    );
}

#[test]
fn too_few_replicas_alive_is_said_before_anybody_is_asked() {
    assert_eq!(
        plan(ConsistencyLevel::Quorum, "bc").unwrap_err(),
        RequestError::Unavailable {
            level: ConsistencyLevel::Quorum,
            required: 2,
            alive: 1,
            datacenter: None
        }
    );
}

#[test]
fn nothing_is_said_after_the_answer() {
    assert_eq!(
        play(ConsistencyLevel::One, "a=7 b=9 @ ?"),
        "data? a; rows 7"
    );
}
