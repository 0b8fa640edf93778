//! Every word survives the wire; whatever else arrives is refused.

use super::*;
use prost::Message as _;

fn host(number: u128) -> HostId {
    HostId(Uuid::from_u128(number))
}

fn ballot() -> Ballot {
    Ballot {
        micros: 77,
        proposer: host(3),
    }
}

fn delta() -> Delta {
    let mut state = EndpointState::new(Generation(9));
    state.heartbeat = HeartbeatVersion(4);
    let value = VersionedValue {
        value: "dc1".to_owned(),
        version: HeartbeatVersion(2),
    };
    state
        .states
        .insert(ApplicationState::Datacenter, value.clone());
    state.states.insert(ApplicationState::from_code(999), value);
    Delta {
        host: host(1),
        newer_than: HeartbeatVersion(1),
        state,
    }
}

fn requests() -> Vec<PeerRequest> {
    let digest = GossipDigest {
        host: host(2),
        generation: Generation(8),
        version_max: HeartbeatVersion(5),
    };
    let cluster = "Test Cluster".to_owned();
    let gossip = [
        Message::Syn {
            cluster: cluster.clone(),
            digests: vec![digest],
        },
        Message::Ack {
            wanted: vec![digest],
            deltas: vec![delta()],
        },
        Message::Ack2 {
            deltas: vec![delta()],
        },
        Message::Echo,
        Message::EchoReply {
            host: host(1),
            generation: Generation(3),
        },
        Message::Shutdown {
            cluster,
            delta: delta(),
        },
    ];
    let value = Bytes::from_static(b"value");
    let metadata = [
        Request::Prepare {
            slot: Epoch(4),
            ballot: ballot(),
        },
        Request::Propose {
            slot: Epoch(4),
            ballot: ballot(),
            value: value.clone(),
        },
        Request::Learn {
            slot: Epoch(4),
            value: value.clone(),
        },
        Request::Fetch {
            after: Epoch(2),
            count_max: 10,
        },
    ];
    let from: Endpoint = "127.0.0.1:7000".parse().unwrap();
    let gossip = gossip.into_iter().map(|message| PeerRequest::Gossip {
        from: from.clone(),
        message,
    });
    let plain = [
        PeerRequest::Mutate(value.clone()),
        PeerRequest::Hint {
            mutation: value.clone(),
            created_millis: 5,
        },
        PeerRequest::Read(value.clone()),
        PeerRequest::ReadDigest(value),
        PeerRequest::MetadataSnapshot,
        PeerRequest::Truncate {
            table: TableId(Uuid::from_u128(6)),
            at_millis: 7,
        },
    ];
    gossip
        .chain(metadata.into_iter().map(PeerRequest::Metadata))
        .chain(plain)
        .collect()
}

fn replies() -> Vec<PeerReply> {
    let value = Bytes::from_static(b"value");
    let (slot, ballot) = (Epoch(4), ballot());
    let accepted = Some((ballot, value.clone()));
    let metadata = [
        Reply::Prepared {
            slot,
            ballot,
            reply: PrepareReply::Promise { accepted: None },
        },
        Reply::Prepared {
            slot,
            ballot,
            reply: PrepareReply::Promise { accepted },
        },
        Reply::Prepared {
            slot,
            ballot,
            reply: PrepareReply::Reject { promised: ballot },
        },
        Reply::Proposed {
            slot,
            ballot,
            reply: ProposeReply::Accept,
        },
        Reply::Proposed {
            slot,
            ballot,
            reply: ProposeReply::Reject {
                promised: ballot,
                accepted: Ballot::NONE,
            },
        },
        Reply::Decided {
            slot,
            value: value.clone(),
        },
        Reply::Behind { next: slot },
        Reply::Learned { next: slot },
        Reply::Entries {
            entries: vec![(slot, value.clone())],
            next: Epoch(5),
        },
        Reply::SnapshotNeeded { floor: slot },
    ];
    let plain = [
        PeerReply::Done,
        PeerReply::Data(value.clone()),
        PeerReply::Digest(RowDigest(u128::MAX - 5)),
        PeerReply::MetadataSnapshot(None),
        PeerReply::MetadataSnapshot(Some(value)),
        PeerReply::Failed {
            reason: FailureReason::Timeout,
            message: "late".to_owned(),
        },
    ];
    metadata
        .into_iter()
        .map(PeerReply::Metadata)
        .chain(plain)
        .collect()
}

#[test]
fn every_request_survives_the_wire() {
    for request in requests() {
        let body = Some(request_to_proto(request.clone()));
        let wire = proto::Request {
            id: 1,
            epoch: 2,
            timeout_micros: 3,
            body,
        }
        .encode_to_vec();
        let read = proto::Request::decode(wire.as_slice()).unwrap();
        assert_eq!(request_from_proto(read.body), Ok(request));
    }
}

#[test]
fn every_reply_survives_the_wire() {
    for reply in replies() {
        let body = Some(reply_to_proto(reply.clone()));
        let wire = proto::Reply {
            id: 1,
            epoch: 2,
            body,
        }
        .encode_to_vec();
        let read = proto::Reply::decode(wire.as_slice()).unwrap();
        assert_eq!(reply_from_proto(read.body), Ok(reply));
    }
}

#[test]
fn a_garbled_id_and_a_missing_body_are_refused() {
    let table = Bytes::from_static(b"short");
    let body = RequestBody::Truncate(proto::Truncate {
        table,
        at_millis: 0,
    });
    assert_eq!(request_from_proto(Some(body)), Err(Malformed("an id")));
    assert_eq!(request_from_proto(None), Err(Malformed("its body")));
    assert_eq!(reply_from_proto(None), Err(Malformed("its body")));
}
