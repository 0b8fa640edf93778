//! Receipts in the protocol's custom payload, as JSON.

use bytes::Bytes;
use quorate_coordinator::Receipt;
use quorate_coordinator::ReplicaReceipt;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;

/// A request whose custom payload has this entry, whatever its value, wants a receipt; the answer's
/// payload has it in an entry of the same name.
pub(crate) const KEY: &str = "quorate-receipt";

/// The payload of an answer.
pub(crate) fn payload(receipt: &Receipt) -> BTreeMap<String, Bytes> {
    let json = to_json(receipt).to_string();
    BTreeMap::from([(KEY.to_owned(), Bytes::from(json))])
}

fn to_json(receipt: &Receipt) -> Value {
    let steps = receipt.steps.iter().map(|step| {
        json!({
            "name": step.name,
            "micros": step.done_after.as_micros() as u64,
        })
    });
    json!({
        "epoch": receipt.epoch.0,
        "consistency": receipt.level.to_string(),
        "replication_factor": receipt.replication_factor,
        "block_for": receipt.block_for,
        "answered": receipt.answered,
        "replicas": receipt.replicas.iter().map(replica).collect::<Vec<_>>(),
        "digests": receipt.digests.map(|verdict| verdict.to_string()),
        "timestamp": receipt.timestamp.map(quorate_types::WriteTimestamp::micros),
        "guarantee": receipt.guarantee(),
        "steps": steps.collect::<Vec<_>>(),
        "reads": receipt.parts,
    })
}

fn replica(entry: &ReplicaReceipt) -> Value {
    json!({
        "host_id": entry.replica.host_id.0.to_string(),
        "address": entry.replica.address.to_string(),
        "datacenter": &*entry.replica.datacenter,
        "asked": entry.asked,
        "alive": entry.alive,
        "answer": entry.said(),
        "micros": entry.took.as_micros() as u64,
    })
}
