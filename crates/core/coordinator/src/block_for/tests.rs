//! The block-for table of semantics 3.1, row by row.

use super::*;
use uuid::Uuid;

fn replica(number: u128, datacenter: &str) -> Replica {
    Replica {
        host_id: HostId(Uuid::from_u128(number)),
        datacenter: Arc::from(datacenter),
        rack: Arc::from("r1"),
        address: "127.0.0.1:7000".parse().unwrap(),
    }
}

fn two_datacenters() -> ReplicationStrategy {
    let factors = [("dc1".to_owned(), 3), ("dc2".to_owned(), 2)]
        .into_iter()
        .collect();
    ReplicationStrategy::NetworkTopology { factors }
}

fn natural() -> Vec<Replica> {
    vec![
        replica(1, "dc1"),
        replica(2, "dc1"),
        replica(3, "dc1"),
        replica(4, "dc2"),
        replica(5, "dc2"),
    ]
}

fn dc1() -> Arc<str> {
    Arc::from("dc1")
}

fn totals(level: ConsistencyLevel, pending: &[Replica]) -> (Option<u32>, Option<u32>) {
    let strategy = two_datacenters();
    let replicas = ReplicaSet::new(natural(), pending.to_vec());
    (
        BlockFor::read(level, &strategy, &dc1())
            .ok()
            .map(|block_for| block_for.total()),
        BlockFor::write(level, &strategy, &replicas, &dc1())
            .ok()
            .map(|block_for| block_for.total()),
    )
}

#[test]
fn levels_wait_for_the_numbers_of_the_table() {
    let table = [
        (ConsistencyLevel::Any, (None, Some(1))),
        (ConsistencyLevel::One, (Some(1), Some(1))),
        (ConsistencyLevel::Two, (Some(2), Some(2))),
        (ConsistencyLevel::Three, (Some(3), Some(3))),
        (ConsistencyLevel::Quorum, (Some(3), Some(3))),
        (ConsistencyLevel::All, (Some(5), Some(5))),
        (ConsistencyLevel::LocalQuorum, (Some(2), Some(2))),
        (ConsistencyLevel::EachQuorum, (Some(4), Some(4))),
        (ConsistencyLevel::LocalOne, (Some(1), Some(1))),
        (ConsistencyLevel::Serial, (None, None)),
        (ConsistencyLevel::LocalSerial, (None, None)),
    ];
    for (level, expected) in table {
        assert_eq!(totals(level, &[]), expected, "{level}");
    }
}

#[test]
fn pending_replicas_raise_writes_by_datacenter_and_reads_never() {
    let pending = [replica(6, "dc1"), replica(7, "dc2")];
    assert_eq!(
        totals(ConsistencyLevel::Quorum, &pending),
        (Some(3), Some(5))
    );
    assert_eq!(
        totals(ConsistencyLevel::LocalQuorum, &pending),
        (Some(2), Some(3))
    );
    assert_eq!(
        totals(ConsistencyLevel::EachQuorum, &pending),
        (Some(4), Some(6))
    );
    assert_eq!(totals(ConsistencyLevel::Any, &pending), (None, Some(1)));
}

#[test]
fn a_replica_that_answers_twice_is_one_replica() {
    let block_for = BlockFor::read(
        ConsistencyLevel::Quorum,
        &ReplicationStrategy::Simple { factor: 3 },
        &dc1(),
    )
    .unwrap();
    let mut tally = Tally::new(&block_for);
    tally.count(&replica(1, "dc1"));
    tally.count(&replica(1, "dc1"));
    assert_eq!((tally.received(), tally.is_satisfied()), (1, false));
    tally.count(&replica(2, "dc1"));
    assert!(tally.is_satisfied());
}

#[test]
fn a_local_level_counts_no_other_datacenter() {
    let block_for =
        BlockFor::read(ConsistencyLevel::LocalQuorum, &two_datacenters(), &dc1()).unwrap();
    let alive = [replica(1, "dc1"), replica(4, "dc2"), replica(5, "dc2")];
    assert_eq!(
        block_for.check_available(alive.iter()),
        Err(RequestError::Unavailable {
            level: ConsistencyLevel::LocalQuorum,
            required: 2,
            alive: 1,
            datacenter: None
        })
    );
}

#[test]
fn each_quorum_names_the_datacenter_that_falls_short() {
    let block_for =
        BlockFor::read(ConsistencyLevel::EachQuorum, &two_datacenters(), &dc1()).unwrap();
    let alive = [
        replica(1, "dc1"),
        replica(2, "dc1"),
        replica(3, "dc1"),
        replica(4, "dc2"),
    ];
    assert_eq!(
        block_for.check_available(alive.iter()),
        Err(RequestError::Unavailable {
            level: ConsistencyLevel::EachQuorum,
            required: 2,
            alive: 1,
            datacenter: Some("dc2".to_owned())
        })
    );
}

#[test]
fn each_quorum_chooses_a_majority_of_each_datacenter_and_no_more() {
    let block_for =
        BlockFor::read(ConsistencyLevel::EachQuorum, &two_datacenters(), &dc1()).unwrap();
    let (chosen, spare) = block_for.choose(natural());
    let ids = |replicas: Vec<Replica>| -> Vec<u128> {
        replicas
            .into_iter()
            .map(|replica| replica.host_id.0.as_u128())
            .collect()
    };
    assert_eq!((ids(chosen), ids(spare)), (vec![1, 2, 4, 5], vec![3]));
}

#[test]
fn three_of_two_is_never_available() {
    let simple = ReplicationStrategy::Simple { factor: 2 };
    let block_for = BlockFor::read(ConsistencyLevel::Three, &simple, &dc1()).unwrap();
    assert!(
        block_for
            .check_available([replica(1, "dc1"), replica(2, "dc1")].iter())
            .is_err()
    );
}

#[test]
fn levels_of_the_wrong_kind_are_refused_in_cassandras_words() {
    let simple = ReplicationStrategy::Simple { factor: 3 };
    let any = BlockFor::read(ConsistencyLevel::Any, &simple, &dc1()).unwrap_err();
    assert_eq!(
        any.to_string(),
        "ANY ConsistencyLevel is only supported for writes"
    );
    let replicas = ReplicaSet::new(natural(), Vec::new());
    let serial = BlockFor::write(ConsistencyLevel::Serial, &simple, &replicas, &dc1()).unwrap_err();
    assert_eq!(
        serial.to_string(),
        "You must use conditional updates for serializable writes"
    );
}
