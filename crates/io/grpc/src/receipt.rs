//! Receipts as clients get them.

use crate::convert::consistency_to_proto;
use crate::proto;
use bytes::Bytes;
use quorate_coordinator::Answer;
use quorate_coordinator::DigestVerdict;
use quorate_coordinator::Receipt;
use quorate_coordinator::ReplicaReceipt;
use quorate_types::WriteTimestamp;

pub(crate) fn to_proto(receipt: &Receipt) -> proto::Receipt {
    proto::Receipt {
        epoch: receipt.epoch.0,
        consistency: consistency_to_proto(receipt.level) as i32,
        replication_factor: receipt.replication_factor,
        block_for: receipt.block_for,
        answered: receipt.answered,
        replicas: receipt.replicas.iter().map(replica).collect(),
        digests: receipt.digests.map(digests).unwrap_or_default(),
        timestamp: receipt.timestamp.map_or(0, WriteTimestamp::micros),
        guarantee: receipt.guarantee(),
        steps: receipt
            .steps
            .iter()
            .map(|step| proto::receipt::Step {
                name: step.name.to_owned(),
                micros: step.done_after.as_micros() as u64,
            })
            .collect(),
        reads: receipt.parts,
    }
}

fn replica(entry: &ReplicaReceipt) -> proto::receipt::Replica {
    proto::receipt::Replica {
        host_id: Bytes::copy_from_slice(entry.replica.host_id.0.as_bytes()),
        address: entry.replica.address.to_string(),
        datacenter: entry.replica.datacenter.to_string(),
        asked: entry.asked,
        alive: entry.alive,
        answer: answer(entry),
        micros: entry.took.as_micros() as u64,
    }
}

fn answer(entry: &ReplicaReceipt) -> String {
    match entry.answer {
        None if entry.asked => "no answer yet".to_owned(),
        None => String::new(),
        Some(Answer::Acknowledged) => "acknowledged".to_owned(),
        Some(Answer::Data) => "data".to_owned(),
        Some(Answer::Digest) => "digest".to_owned(),
        Some(Answer::Failed(reason)) => format!("failed: {}", reason.name()),
        Some(Answer::Hinted) => "hinted".to_owned(),
        Some(Answer::Repaired) => "repaired".to_owned(),
    }
}

fn digests(verdict: DigestVerdict) -> String {
    match verdict {
        DigestVerdict::SingleReplica => "single replica, nothing compared".to_owned(),
        DigestVerdict::Agreed => "agreed".to_owned(),
        DigestVerdict::Repaired { entries } => format!("differed, {entries} entries repaired"),
        DigestVerdict::Differed => "differed, not repaired".to_owned(),
    }
}
