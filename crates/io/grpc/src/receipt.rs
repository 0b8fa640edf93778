//! Receipts as clients get them.

use crate::convert::consistency_to_proto;
use crate::proto;
use bytes::Bytes;
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
        digests: receipt
            .digests
            .map(|verdict| verdict.to_string())
            .unwrap_or_default(),
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
        answer: entry.said(),
        micros: entry.took.as_micros() as u64,
    }
}
