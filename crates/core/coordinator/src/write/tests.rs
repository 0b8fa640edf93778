//! Writes as conversations: `a+` a acknowledges, `a!` a fails, `a?` a times out there, `a~` a hint
//! for a is stored, `@` the deadline passes.

use super::*;
use uuid::Uuid;

fn host(name: char) -> HostId {
    HostId(Uuid::from_u128(u128::from(u32::from(name))))
}

fn name(host: HostId) -> char {
    char::from_u32(host.0.as_u128() as u32).unwrap()
}

fn plan(level: ConsistencyLevel, down: &str) -> Result<WritePlan, RequestError> {
    let replicas: Vec<Replica> = "abc"
        .chars()
        .map(|name| Replica {
            host_id: host(name),
            datacenter: Arc::from("dc1"),
            rack: Arc::from("r1"),
            address: "127.0.0.1:7000".parse().unwrap(),
        })
        .collect();
    WritePlan::new(
        level,
        &ReplicationStrategy::Simple { factor: 3 },
        &ReplicaSet::new(replicas, Vec::new()),
        &Arc::from("dc1"),
        |host| !down.contains(name(host)),
    )
}

fn say(effects: Vec<Effect>) -> Vec<String> {
    effects
        .into_iter()
        .map(|effect| match effect {
            Effect::Answer(Ok(())) => "ok".to_owned(),
            Effect::Answer(Err(error)) => format!("{}: {error}", error.name()),
            Effect::Hint(host) => format!("hint {}", name(host)),
        })
        .collect()
}

fn play(level: ConsistencyLevel, down: &str, conversation: &str) -> String {
    let (mut write, effects) = Write::new(plan(level, down).unwrap(), WriteType::Simple);
    let mut said = say(effects);
    for word in conversation.split_whitespace() {
        let who = host(word.chars().next().unwrap());
        let input = match word.chars().last() {
            Some('+') => Input::Acknowledged(who),
            Some('!') => Input::Failed(who, FailureReason::Unknown),
            Some('?') => Input::Failed(who, FailureReason::Timeout),
            Some('~') => Input::HintStored(who),
            _ => Input::DeadlinePassed,
        };
        said.extend(say(write.on(Duration::ZERO, input)));
    }
    said.join("; ")
}

#[test]
fn a_quorum_of_acknowledgements_answers_once() {
    assert_eq!(play(ConsistencyLevel::Quorum, "", "a+ b+ c+"), "ok");
}

#[test]
fn a_repeated_acknowledgement_is_not_a_second_replica() {
    assert_eq!(play(ConsistencyLevel::Quorum, "", "a+ a+ a+"), "");
}

#[test]
fn a_replica_that_is_down_is_hinted_at_once() {
    assert_eq!(play(ConsistencyLevel::Quorum, "c", "a+ b+"), "hint c; ok");
}

#[test]
fn a_replica_that_is_late_is_hinted_after_the_answer() {
    assert_eq!(play(ConsistencyLevel::Quorum, "", "a+ b+ @"), "ok; hint c");
}

#[test]
fn the_deadline_answers_a_timeout_and_hints_the_silent() {
    assert_eq!(
        play(ConsistencyLevel::All, "", "a+ b+ @"),
        "hint c; WriteTimeout: Operation timed out - received only 2 responses."
    );
}

#[test]
fn too_many_failures_answer_before_the_deadline() {
    let said = play(ConsistencyLevel::Quorum, "", "a! b+ c! @");
    assert!(
        said.starts_with("hint a; hint c; WriteFailure: Operation failed - received 1"),
        "{said}"
    );
}

#[test]
fn replicas_that_merely_timed_out_make_a_timeout() {
    assert_eq!(
        play(ConsistencyLevel::All, "", "a? b+ c+"),
        "hint a; WriteTimeout: Operation timed out - received only 0 responses."
    );
}

#[test]
fn one_failure_does_not_hurt_a_quorum() {
    assert_eq!(play(ConsistencyLevel::Quorum, "", "a! b+ c+"), "hint a; ok");
}

#[test]
fn any_is_satisfied_by_a_stored_hint_and_quorum_is_not() {
    assert_eq!(
        play(ConsistencyLevel::Any, "abc", "a~ b~"),
        "hint a; hint b; hint c; ok"
    );
    assert_eq!(play(ConsistencyLevel::Quorum, "c", "c~ a+"), "hint c");
}

#[test]
fn unavailable_is_said_before_anything_is_sent() {
    assert_eq!(
        plan(ConsistencyLevel::Quorum, "bc").unwrap_err(),
        RequestError::Unavailable {
            level: ConsistencyLevel::Quorum,
            required: 2,
            alive: 1,
            datacenter: None
        }
    );
    assert_eq!(
        plan(ConsistencyLevel::All, "c").unwrap_err(),
        RequestError::Unavailable {
            level: ConsistencyLevel::All,
            required: 3,
            alive: 2,
            datacenter: None
        }
    );
}

#[test]
fn every_replica_ends_acknowledged_or_hinted() {
    let (mut write, _) = Write::new(plan(ConsistencyLevel::One, "").unwrap(), WriteType::Simple);
    write.on(Duration::ZERO, Input::Acknowledged(host('a')));
    assert!(write.is_answered() && !write.is_over());
    let late = say(write.on(Duration::ZERO, Input::DeadlinePassed));
    assert_eq!(
        (late.join(" "), write.is_over()),
        ("hint b hint c".to_owned(), true)
    );
}
