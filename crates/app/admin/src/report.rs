//! The answers as they are printed: serialized as they stand, they are the JSON that the crate's
//! documentation promises. Lists are sorted, so that two answers can be compared.

use bytes::Bytes;
use quorate_client::proto;
use serde::Serialize;
use std::collections::BTreeMap;
use uuid::Uuid;

/// One verb's answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Report {
    Status {
        cluster: String,
        epoch: u64,
        keyspace: Option<String>,
        nodes: Vec<Node>,
    },
    Ring {
        tokens: Vec<RingToken>,
    },
    Cluster(Cluster),
    Gossip {
        endpoints: Vec<GossipEndpoint>,
    },
    Endpoints {
        token: String,
        endpoints: Vec<Endpoint>,
    },
    Tables {
        tables: Vec<Table>,
    },
    Flushed {
        tables: u32,
    },
    Compacted {
        tables: u32,
        entries_read: u64,
        entries_purged: u64,
        bytes_before: u64,
        bytes_after: u64,
    },
    Drained {
        drained: bool,
    },
    Hints {
        targets: Vec<HintTarget>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Node {
    pub(crate) up: bool,
    pub(crate) state: String,
    pub(crate) address: String,
    pub(crate) client_address: String,
    pub(crate) load_bytes: u64,
    pub(crate) tokens: u32,
    pub(crate) owns: f64,
    pub(crate) host_id: Uuid,
    pub(crate) datacenter: String,
    pub(crate) rack: String,
    pub(crate) build: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RingToken {
    pub(crate) token: String,
    pub(crate) address: String,
    pub(crate) host_id: Uuid,
    pub(crate) datacenter: String,
    pub(crate) rack: String,
    pub(crate) up: bool,
    pub(crate) state: String,
    pub(crate) owns: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) partitioner: String,
    pub(crate) epoch: u64,
    pub(crate) schema_version: String,
    pub(crate) metadata_replicas: Vec<String>,
    pub(crate) epochs: Vec<EpochNodes>,
    pub(crate) unreachable: Vec<String>,
    pub(crate) keyspaces: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct EpochNodes {
    pub(crate) epoch: u64,
    pub(crate) addresses: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct GossipEndpoint {
    pub(crate) host_id: Uuid,
    pub(crate) generation: u64,
    pub(crate) heartbeat: u64,
    pub(crate) up: bool,
    pub(crate) phi: f64,
    pub(crate) states: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Endpoint {
    pub(crate) address: String,
    pub(crate) host_id: Uuid,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Table {
    pub(crate) keyspace: String,
    pub(crate) table: String,
    pub(crate) keys_estimated: u64,
    pub(crate) bytes_on_disk: u64,
    pub(crate) memtable_bytes: u64,
    pub(crate) files: u64,
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    pub(crate) sweeps: u64,
    pub(crate) swept_entries: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct HintTarget {
    pub(crate) host_id: Uuid,
    pub(crate) address: String,
    pub(crate) up: bool,
    pub(crate) files: u64,
    pub(crate) hints: u64,
    pub(crate) bytes: u64,
    pub(crate) oldest_millis: Option<u64>,
}

fn uuid(bytes: &Bytes) -> Uuid {
    Uuid::from_slice(bytes).unwrap_or_default()
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

impl Report {
    pub(crate) fn status(answer: proto::StatusResponse, keyspace: Option<String>) -> Self {
        let nodes = answer.nodes.into_iter().map(|node| Node {
            host_id: uuid(&node.host_id),
            up: node.up,
            state: node.state,
            address: node.address,
            client_address: node.client_address,
            load_bytes: node.load_bytes,
            tokens: node.tokens,
            owns: node.owns,
            datacenter: node.datacenter,
            rack: node.rack,
            build: node.build,
        });
        let mut nodes: Vec<Node> = nodes.collect();
        nodes.sort_by(|a, b| {
            let place = |node: &Node| (node.datacenter.clone(), node.address.clone(), node.host_id);
            place(a).cmp(&place(b))
        });
        Self::Status {
            cluster: answer.cluster_name,
            epoch: answer.epoch,
            keyspace,
            nodes,
        }
    }

    pub(crate) fn ring(mut answer: proto::RingResponse) -> Self {
        answer.tokens.sort_by_key(|token| token.token);
        let tokens = answer.tokens.into_iter().map(|token| RingToken {
            host_id: uuid(&token.host_id),
            token: token.token.to_string(),
            address: token.address,
            datacenter: token.datacenter,
            rack: token.rack,
            up: token.up,
            state: token.state,
            owns: token.owns,
        });
        Self::Ring {
            tokens: tokens.collect(),
        }
    }

    pub(crate) fn cluster(answer: proto::DescribeClusterResponse) -> Self {
        let epochs = answer.epochs.into_iter().map(|entry| EpochNodes {
            epoch: entry.epoch,
            addresses: sorted(entry.addresses),
        });
        let mut epochs: Vec<EpochNodes> = epochs.collect();
        epochs.sort_by_key(|entry| std::cmp::Reverse(entry.epoch));
        Self::Cluster(Cluster {
            name: answer.name,
            partitioner: answer.partitioner,
            epoch: answer.epoch,
            schema_version: answer.schema_version,
            metadata_replicas: sorted(answer.metadata_replicas),
            epochs,
            unreachable: sorted(answer.unreachable),
            keyspaces: answer.keyspaces.into_iter().collect(),
        })
    }

    pub(crate) fn gossip(answer: proto::GossipInfoResponse) -> Self {
        let endpoints = answer.endpoints.into_iter().map(|endpoint| GossipEndpoint {
            host_id: uuid(&endpoint.host_id),
            generation: endpoint.generation,
            heartbeat: endpoint.heartbeat,
            up: endpoint.up,
            phi: endpoint.phi,
            states: endpoint.states.into_iter().collect(),
        });
        let mut endpoints: Vec<GossipEndpoint> = endpoints.collect();
        endpoints.sort_by_key(|endpoint| endpoint.host_id);
        Self::Gossip { endpoints }
    }

    /// In the ring's order, which says something: not sorted.
    pub(crate) fn endpoints(answer: proto::GetEndpointsResponse) -> Self {
        let ids = answer.host_ids.iter().map(uuid);
        let endpoints = answer.addresses.into_iter().zip(ids);
        Self::Endpoints {
            token: answer.token.to_string(),
            endpoints: endpoints
                .map(|(address, host_id)| Endpoint { address, host_id })
                .collect(),
        }
    }

    pub(crate) fn tables(answer: proto::TableStatsResponse) -> Self {
        let tables = answer.tables.into_iter().map(|table| Table {
            keyspace: table.keyspace,
            table: table.table,
            keys_estimated: table.keys_estimated,
            bytes_on_disk: table.bytes_on_disk,
            memtable_bytes: table.memtable_bytes,
            files: table.files,
            reads: table.reads,
            writes: table.writes,
            sweeps: table.sweeps,
            swept_entries: table.swept_entries,
        });
        let mut tables: Vec<Table> = tables.collect();
        tables.sort_by(|a, b| (&a.keyspace, &a.table).cmp(&(&b.keyspace, &b.table)));
        Self::Tables { tables }
    }

    pub(crate) const fn flushed(answer: proto::FlushResponse) -> Self {
        Self::Flushed {
            tables: answer.tables,
        }
    }

    pub(crate) const fn compacted(answer: &proto::CompactResponse) -> Self {
        Self::Compacted {
            tables: answer.tables,
            entries_read: answer.entries_read,
            entries_purged: answer.entries_purged,
            bytes_before: answer.bytes_before,
            bytes_after: answer.bytes_after,
        }
    }

    pub(crate) fn hints(answer: proto::ListPendingHintsResponse) -> Self {
        let targets = answer.targets.into_iter().map(|target| HintTarget {
            host_id: uuid(&target.host_id),
            address: target.address,
            up: target.up,
            files: target.files,
            hints: target.hints,
            bytes: target.bytes,
            oldest_millis: (target.oldest != 0).then_some(target.oldest),
        });
        let mut targets: Vec<HintTarget> = targets.collect();
        targets.sort_by_key(|target| target.host_id);
        Self::Hints { targets }
    }
}
