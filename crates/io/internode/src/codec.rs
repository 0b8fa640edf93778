//! Our words to proto messages and back. Whatever a peer sends is checked here, once.

use crate::message::PeerReply;
use crate::message::PeerRequest;
use crate::proto;
use bytes::Bytes;
use proto::gossip::Message as GossipKind;
use proto::metadata_prepared::Reply as PreparedKind;
use proto::metadata_proposed::Reply as ProposedKind;
use proto::metadata_reply::Reply as MetadataReplyKind;
use proto::metadata_request::Request as MetadataRequestKind;
use proto::reply::Body as ReplyBody;
use proto::request::Body as RequestBody;
use quorate_data::RowDigest;
use quorate_gossip::ApplicationState;
use quorate_gossip::Delta;
use quorate_gossip::EndpointState;
use quorate_gossip::Generation;
use quorate_gossip::GossipDigest;
use quorate_gossip::HeartbeatVersion;
use quorate_gossip::Message;
use quorate_gossip::VersionedValue;
use quorate_paxos::PrepareReply;
use quorate_paxos::ProposeReply;
use quorate_paxos::Reply;
use quorate_paxos::Request;
use quorate_types::Ballot;
use quorate_types::Endpoint;
use quorate_types::Epoch;
use quorate_types::FailureReason;
use quorate_types::HostId;
use quorate_types::TableId;
use uuid::Uuid;

/// A message that a peer cannot have meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a peer's message lacks or garbles {0}")]
pub(crate) struct Malformed(&'static str);

pub(crate) fn request_to_proto(request: PeerRequest) -> RequestBody {
    match request {
        PeerRequest::Mutate(mutation) => RequestBody::Mutate(mutation),
        PeerRequest::Hint {
            mutation,
            created_millis,
        } => RequestBody::Hint(proto::Hint {
            mutation,
            created_millis,
        }),
        PeerRequest::Read(command) => RequestBody::Read(command),
        PeerRequest::ReadDigest(command) => RequestBody::ReadDigest(command),
        PeerRequest::Gossip { from, message } => RequestBody::Gossip(proto::Gossip {
            from: from.to_string(),
            message: Some(gossip_to_proto(message)),
        }),
        PeerRequest::Metadata(request) => RequestBody::Metadata(proto::MetadataRequest {
            request: Some(metadata_request_to_proto(request)),
        }),
        PeerRequest::MetadataSnapshot => RequestBody::MetadataSnapshot(proto::Nothing {}),
        PeerRequest::Truncate { table, at_millis } => RequestBody::Truncate(proto::Truncate {
            table: id_to_bytes(table.0),
            at_millis,
        }),
    }
}

pub(crate) fn request_from_proto(body: Option<RequestBody>) -> Result<PeerRequest, Malformed> {
    Ok(match body.ok_or(Malformed("its body"))? {
        RequestBody::Mutate(mutation) => PeerRequest::Mutate(mutation),
        RequestBody::Hint(hint) => PeerRequest::Hint {
            mutation: hint.mutation,
            created_millis: hint.created_millis,
        },
        RequestBody::Read(command) => PeerRequest::Read(command),
        RequestBody::ReadDigest(command) => PeerRequest::ReadDigest(command),
        RequestBody::Gossip(gossip) => PeerRequest::Gossip {
            from: gossip
                .from
                .parse::<Endpoint>()
                .map_err(|_| Malformed("the sender's address"))?,
            message: gossip_from_proto(gossip.message.ok_or(Malformed("the gossip"))?)?,
        },
        RequestBody::Metadata(request) => PeerRequest::Metadata(metadata_request_from_proto(
            request.request.ok_or(Malformed("the metadata request"))?,
        )?),
        RequestBody::MetadataSnapshot(_) => PeerRequest::MetadataSnapshot,
        RequestBody::Truncate(truncate) => PeerRequest::Truncate {
            table: TableId(id_from_bytes(&truncate.table)?),
            at_millis: truncate.at_millis,
        },
    })
}

pub(crate) fn reply_to_proto(reply: PeerReply) -> ReplyBody {
    match reply {
        PeerReply::Done => ReplyBody::Done(proto::Nothing {}),
        PeerReply::Data(rows) => ReplyBody::Data(rows),
        PeerReply::Digest(RowDigest(digest)) => {
            ReplyBody::Digest(Bytes::copy_from_slice(&digest.to_be_bytes()))
        }
        PeerReply::Metadata(reply) => ReplyBody::Metadata(proto::MetadataReply {
            reply: Some(metadata_reply_to_proto(reply)),
        }),
        PeerReply::MetadataSnapshot(state) => {
            ReplyBody::MetadataSnapshot(proto::MetadataSnapshot { state })
        }
        PeerReply::Failed { reason, message } => ReplyBody::Failure(proto::Failure {
            reason: u32::from(reason as u16),
            message,
        }),
    }
}

pub(crate) fn reply_from_proto(body: Option<ReplyBody>) -> Result<PeerReply, Malformed> {
    Ok(match body.ok_or(Malformed("its body"))? {
        ReplyBody::Done(_) => PeerReply::Done,
        ReplyBody::Data(rows) => PeerReply::Data(rows),
        ReplyBody::Digest(digest) => {
            let digest = <[u8; 16]>::try_from(&digest[..]).map_err(|_| Malformed("the digest"))?;
            PeerReply::Digest(RowDigest(u128::from_be_bytes(digest)))
        }
        ReplyBody::Metadata(reply) => PeerReply::Metadata(metadata_reply_from_proto(
            reply.reply.ok_or(Malformed("the metadata reply"))?,
        )?),
        ReplyBody::MetadataSnapshot(snapshot) => PeerReply::MetadataSnapshot(snapshot.state),
        ReplyBody::Failure(failure) => PeerReply::Failed {
            reason: u16::try_from(failure.reason)
                .map_or(FailureReason::Unknown, FailureReason::from_code),
            message: failure.message,
        },
    })
}

fn gossip_to_proto(message: Message) -> GossipKind {
    match message {
        Message::Syn { cluster, digests } => GossipKind::Syn(proto::GossipSyn {
            cluster,
            digests: digests.into_iter().map(digest_to_proto).collect(),
        }),
        Message::Ack { wanted, deltas } => GossipKind::Ack(proto::GossipAck {
            wanted: wanted.into_iter().map(digest_to_proto).collect(),
            deltas: deltas.into_iter().map(delta_to_proto).collect(),
        }),
        Message::Ack2 { deltas } => GossipKind::Ack2(proto::GossipAck2 {
            deltas: deltas.into_iter().map(delta_to_proto).collect(),
        }),
        Message::Echo => GossipKind::Echo(proto::Nothing {}),
        Message::EchoReply { host, generation } => GossipKind::EchoReply(proto::GossipEchoReply {
            host: id_to_bytes(host.0),
            generation: generation.0,
        }),
        Message::Shutdown { cluster, delta } => GossipKind::Shutdown(proto::GossipShutdown {
            cluster,
            delta: Some(delta_to_proto(delta)),
        }),
    }
}

fn gossip_from_proto(kind: GossipKind) -> Result<Message, Malformed> {
    Ok(match kind {
        GossipKind::Syn(syn) => Message::Syn {
            cluster: syn.cluster,
            digests: syn
                .digests
                .iter()
                .map(digest_from_proto)
                .collect::<Result<_, _>>()?,
        },
        GossipKind::Ack(ack) => Message::Ack {
            wanted: ack
                .wanted
                .iter()
                .map(digest_from_proto)
                .collect::<Result<_, _>>()?,
            deltas: ack
                .deltas
                .into_iter()
                .map(delta_from_proto)
                .collect::<Result<_, _>>()?,
        },
        GossipKind::Ack2(ack2) => Message::Ack2 {
            deltas: ack2
                .deltas
                .into_iter()
                .map(delta_from_proto)
                .collect::<Result<_, _>>()?,
        },
        GossipKind::Echo(_) => Message::Echo,
        GossipKind::EchoReply(reply) => Message::EchoReply {
            host: HostId(id_from_bytes(&reply.host)?),
            generation: Generation(reply.generation),
        },
        GossipKind::Shutdown(shutdown) => Message::Shutdown {
            cluster: shutdown.cluster,
            delta: delta_from_proto(shutdown.delta.ok_or(Malformed("the shutdown"))?)?,
        },
    })
}

fn digest_to_proto(digest: GossipDigest) -> proto::GossipDigest {
    proto::GossipDigest {
        host: id_to_bytes(digest.host.0),
        generation: digest.generation.0,
        version_max: digest.version_max.0,
    }
}

fn digest_from_proto(digest: &proto::GossipDigest) -> Result<GossipDigest, Malformed> {
    Ok(GossipDigest {
        host: HostId(id_from_bytes(&digest.host)?),
        generation: Generation(digest.generation),
        version_max: HeartbeatVersion(digest.version_max),
    })
}

fn delta_to_proto(delta: Delta) -> proto::GossipDelta {
    let facts = delta
        .state
        .states
        .into_iter()
        .map(|(state, fact)| proto::GossipFact {
            state: u32::from(state.code()),
            value: fact.value,
            version: fact.version.0,
        });
    proto::GossipDelta {
        host: id_to_bytes(delta.host.0),
        newer_than: delta.newer_than.0,
        generation: delta.state.generation.0,
        heartbeat: delta.state.heartbeat.0,
        facts: facts.collect(),
    }
}

fn delta_from_proto(delta: proto::GossipDelta) -> Result<Delta, Malformed> {
    let mut state = EndpointState::new(Generation(delta.generation));
    state.heartbeat = HeartbeatVersion(delta.heartbeat);
    for fact in delta.facts {
        let code = u16::try_from(fact.state).map_err(|_| Malformed("a gossiped fact"))?;
        let value = VersionedValue {
            value: fact.value,
            version: HeartbeatVersion(fact.version),
        };
        state
            .states
            .insert(ApplicationState::from_code(code), value);
    }
    Ok(Delta {
        host: HostId(id_from_bytes(&delta.host)?),
        newer_than: HeartbeatVersion(delta.newer_than),
        state,
    })
}

fn metadata_request_to_proto(request: Request) -> MetadataRequestKind {
    match request {
        Request::Prepare { slot, ballot } => MetadataRequestKind::Prepare(proto::MetadataPrepare {
            slot: slot.0,
            ballot: Some(ballot_to_proto(ballot)),
        }),
        Request::Propose {
            slot,
            ballot,
            value,
        } => MetadataRequestKind::Propose(proto::MetadataPropose {
            slot: slot.0,
            ballot: Some(ballot_to_proto(ballot)),
            value,
        }),
        Request::Learn { slot, value } => MetadataRequestKind::Learn(proto::MetadataEntry {
            slot: slot.0,
            value,
        }),
        Request::Fetch { after, count_max } => MetadataRequestKind::Fetch(proto::MetadataFetch {
            after: after.0,
            count_max,
        }),
    }
}

fn metadata_request_from_proto(kind: MetadataRequestKind) -> Result<Request, Malformed> {
    Ok(match kind {
        MetadataRequestKind::Prepare(prepare) => Request::Prepare {
            slot: Epoch(prepare.slot),
            ballot: ballot_from_proto(prepare.ballot)?,
        },
        MetadataRequestKind::Propose(propose) => Request::Propose {
            slot: Epoch(propose.slot),
            ballot: ballot_from_proto(propose.ballot)?,
            value: propose.value,
        },
        MetadataRequestKind::Learn(entry) => Request::Learn {
            slot: Epoch(entry.slot),
            value: entry.value,
        },
        MetadataRequestKind::Fetch(fetch) => Request::Fetch {
            after: Epoch(fetch.after),
            count_max: fetch.count_max,
        },
    })
}

fn metadata_reply_to_proto(reply: Reply) -> MetadataReplyKind {
    match reply {
        Reply::Prepared {
            slot,
            ballot,
            reply,
        } => MetadataReplyKind::Prepared(proto::MetadataPrepared {
            slot: slot.0,
            ballot: Some(ballot_to_proto(ballot)),
            reply: Some(match reply {
                PrepareReply::Promise { accepted } => {
                    let (ballot, value) = accepted.unzip();
                    PreparedKind::Promise(proto::Promise {
                        accepted_ballot: ballot.map(ballot_to_proto),
                        accepted_value: value.unwrap_or_default(),
                    })
                }
                PrepareReply::Reject { promised } => {
                    PreparedKind::Rejected(ballot_to_proto(promised))
                }
            }),
        }),
        Reply::Proposed {
            slot,
            ballot,
            reply,
        } => MetadataReplyKind::Proposed(proto::MetadataProposed {
            slot: slot.0,
            ballot: Some(ballot_to_proto(ballot)),
            reply: Some(match reply {
                ProposeReply::Accept => ProposedKind::Accepted(proto::Nothing {}),
                ProposeReply::Reject { promised, accepted } => {
                    ProposedKind::Rejected(proto::ProposeRejected {
                        promised: Some(ballot_to_proto(promised)),
                        accepted: Some(ballot_to_proto(accepted)),
                    })
                }
            }),
        }),
        Reply::Decided { slot, value } => MetadataReplyKind::Decided(proto::MetadataEntry {
            slot: slot.0,
            value,
        }),
        Reply::Behind { next } => MetadataReplyKind::BehindNext(next.0),
        Reply::Learned { next } => MetadataReplyKind::LearnedNext(next.0),
        Reply::Entries { entries, next } => {
            let entries = entries.into_iter();
            MetadataReplyKind::Entries(proto::MetadataEntries {
                entries: entries
                    .map(|(slot, value)| proto::MetadataEntry {
                        slot: slot.0,
                        value,
                    })
                    .collect(),
                next: next.0,
            })
        }
        Reply::SnapshotNeeded { floor } => MetadataReplyKind::SnapshotFloor(floor.0),
    }
}

fn metadata_reply_from_proto(kind: MetadataReplyKind) -> Result<Reply, Malformed> {
    Ok(match kind {
        MetadataReplyKind::Prepared(prepared) => Reply::Prepared {
            slot: Epoch(prepared.slot),
            ballot: ballot_from_proto(prepared.ballot)?,
            reply: match prepared.reply.ok_or(Malformed("the answer to a prepare"))? {
                PreparedKind::Promise(promise) => PrepareReply::Promise {
                    accepted: match promise.accepted_ballot {
                        None => None,
                        some => Some((ballot_from_proto(some)?, promise.accepted_value)),
                    },
                },
                PreparedKind::Rejected(ballot) => PrepareReply::Reject {
                    promised: ballot_from_proto(Some(ballot))?,
                },
            },
        },
        MetadataReplyKind::Proposed(proposed) => Reply::Proposed {
            slot: Epoch(proposed.slot),
            ballot: ballot_from_proto(proposed.ballot)?,
            reply: match proposed.reply.ok_or(Malformed("the answer to a propose"))? {
                ProposedKind::Accepted(_) => ProposeReply::Accept,
                ProposedKind::Rejected(rejected) => ProposeReply::Reject {
                    promised: ballot_from_proto(rejected.promised)?,
                    accepted: ballot_from_proto(rejected.accepted)?,
                },
            },
        },
        MetadataReplyKind::Decided(entry) => Reply::Decided {
            slot: Epoch(entry.slot),
            value: entry.value,
        },
        MetadataReplyKind::BehindNext(next) => Reply::Behind { next: Epoch(next) },
        MetadataReplyKind::LearnedNext(next) => Reply::Learned { next: Epoch(next) },
        MetadataReplyKind::Entries(entries) => Reply::Entries {
            entries: entries
                .entries
                .into_iter()
                .map(|entry| (Epoch(entry.slot), entry.value))
                .collect(),
            next: Epoch(entries.next),
        },
        MetadataReplyKind::SnapshotFloor(floor) => Reply::SnapshotNeeded {
            floor: Epoch(floor),
        },
    })
}

fn ballot_to_proto(ballot: Ballot) -> proto::Ballot {
    proto::Ballot {
        micros: ballot.micros,
        proposer: id_to_bytes(ballot.proposer.0),
    }
}

fn ballot_from_proto(ballot: Option<proto::Ballot>) -> Result<Ballot, Malformed> {
    let ballot = ballot.ok_or(Malformed("a ballot"))?;
    Ok(Ballot {
        micros: ballot.micros,
        proposer: HostId(id_from_bytes(&ballot.proposer)?),
    })
}

fn id_to_bytes(id: Uuid) -> Bytes {
    Bytes::copy_from_slice(id.as_bytes())
}

fn id_from_bytes(bytes: &[u8]) -> Result<Uuid, Malformed> {
    Uuid::from_slice(bytes).map_err(|_| Malformed("an id"))
}

#[cfg(test)]
mod tests;
