//! The operator's verbs, answered from the node.

use crate::world::RealWorld;
use bytes::Bytes;
use quorate_cluster::TableSchema;
use quorate_cluster::create_keyspace_cql;
use quorate_data::text::parse_text;
use quorate_data::value::partition_key;
use quorate_gossip::ApplicationState;
use quorate_grpc::Operator;
use quorate_grpc::proto;
use quorate_node::Node;
use quorate_node::NodeStatus;
use quorate_types::HostId;
use quorate_types::Token;
use quorate_types::TokenRange;
use std::collections::BTreeMap;
use std::sync::Arc;
use tonic::Status;

/// The node, as operators speak to it.
#[derive(Clone)]
pub(crate) struct NodeOperator(pub(crate) Node<RealWorld>);

fn id_bytes(host: HostId) -> Bytes {
    Bytes::copy_from_slice(host.0.as_bytes())
}

impl NodeOperator {
    fn tables(&self, keyspace: &str, table: &str) -> Result<Vec<Arc<TableSchema>>, Status> {
        let tables = self.0.tables(keyspace, table);
        if tables.is_empty() && !(keyspace.is_empty() && table.is_empty()) {
            return Err(Status::not_found(format!(
                "there is no table {keyspace}.{table}"
            )));
        }
        Ok(tables)
    }

    /// Each gossiped epoch with the addresses of the nodes that have it.
    fn epochs(&self) -> Vec<proto::describe_cluster_response::EpochNodes> {
        let mut epochs: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for (_, state, verdict) in self.0.gossip_states() {
            if verdict.is_some_and(|verdict| !verdict.up) {
                continue;
            }
            let address = state.internode_address().map(|address| address.to_string());
            epochs
                .entry(state.epoch().map_or(0, |epoch| epoch.0))
                .or_default()
                .extend(address);
        }
        epochs
            .into_iter()
            .map(
                |(epoch, addresses)| proto::describe_cluster_response::EpochNodes {
                    epoch,
                    addresses,
                },
            )
            .collect()
    }
}

fn status_node(status: NodeStatus) -> proto::status_response::Node {
    let node = status.node;
    proto::status_response::Node {
        up: status.up,
        state: node.state.name().to_owned(),
        address: node.internode.to_string(),
        client_address: node.client.to_string(),
        load_bytes: status.load_bytes.unwrap_or(0),
        tokens: node.tokens.len() as u32,
        owns: status.owns,
        host_id: id_bytes(node.host_id),
        datacenter: node.datacenter,
        rack: node.rack,
        build: node.build,
    }
}

impl Operator for NodeOperator {
    fn status(&self, keyspace: &str) -> Result<proto::StatusResponse, Status> {
        let metadata = self.0.current_metadata();
        if !keyspace.is_empty() && !metadata.keyspaces.contains_key(keyspace) {
            return Err(Status::not_found(format!(
                "keyspace {keyspace} does not exist"
            )));
        }
        let wanted = (!keyspace.is_empty()).then_some(keyspace);
        Ok(proto::StatusResponse {
            nodes: self
                .0
                .statuses(wanted)
                .into_iter()
                .map(status_node)
                .collect(),
            epoch: metadata.epoch.0,
            cluster_name: metadata.cluster_name.clone(),
        })
    }

    fn ring(&self) -> proto::RingResponse {
        let metadata = self.0.current_metadata();
        let mut before = i64::MIN;
        let mut tokens = Vec::new();
        for (token, owner) in metadata.ring().entries() {
            let share = TokenRange::new(before, *token).map_or(0.0, TokenRange::fraction);
            before = token.value();
            let Some(node) = metadata.nodes.get(owner) else {
                continue;
            };
            tokens.push(proto::ring_response::Token {
                token: token.value(),
                address: node.internode.to_string(),
                host_id: id_bytes(*owner),
                datacenter: node.datacenter.clone(),
                rack: node.rack.clone(),
                up: self.0.is_peer_up(*owner),
                state: node.state.name().to_owned(),
                owns: share,
            });
        }
        // The range that wraps belongs to the first token.
        let wrapping = TokenRange::new(before, Token::MAX).map_or(0.0, TokenRange::fraction);
        if let Some(first) = tokens.first_mut() {
            first.owns += wrapping;
        }
        proto::RingResponse { tokens }
    }

    fn describe_cluster(&self) -> proto::DescribeClusterResponse {
        let metadata = self.0.current_metadata();
        let address = |host: &HostId| {
            metadata
                .nodes
                .get(host)
                .map(|node| node.internode.to_string())
        };
        let down = metadata
            .present_nodes()
            .filter(|node| !self.0.is_peer_up(node.host_id));
        proto::DescribeClusterResponse {
            name: metadata.cluster_name.clone(),
            partitioner: "org.apache.cassandra.dht.Murmur3Partitioner".to_owned(),
            epoch: metadata.epoch.0,
            schema_version: metadata.schema_version().to_string(),
            metadata_replicas: metadata
                .metadata_replicas
                .iter()
                .filter_map(address)
                .collect(),
            epochs: self.epochs(),
            unreachable: down.map(|node| node.internode.to_string()).collect(),
            keyspaces: metadata
                .keyspaces
                .values()
                .map(|keyspace| (keyspace.name.clone(), create_keyspace_cql(keyspace)))
                .collect(),
        }
    }

    fn gossip_info(&self) -> proto::GossipInfoResponse {
        let endpoints = self
            .0
            .gossip_states()
            .into_iter()
            .map(
                |(host, state, verdict)| proto::gossip_info_response::Endpoint {
                    host_id: id_bytes(host),
                    generation: state.generation.0,
                    heartbeat: state.heartbeat.0,
                    up: verdict.is_none_or(|verdict| verdict.up),
                    phi: verdict.map_or(0.0, |verdict| verdict.phi),
                    states: state
                        .states
                        .iter()
                        .map(|(name, fact)| (state_name(*name), fact.value.clone()))
                        .collect(),
                },
            );
        proto::GossipInfoResponse {
            endpoints: endpoints.collect(),
        }
    }

    fn endpoints(
        &self,
        request: &proto::GetEndpointsRequest,
    ) -> Result<proto::GetEndpointsResponse, Status> {
        let metadata = self.0.current_metadata();
        let missing = |missing: quorate_cluster::Missing| Status::not_found(missing.to_string());
        let keyspace = metadata.keyspace(&request.keyspace).map_err(missing)?;
        let table = metadata
            .table(&request.keyspace, &request.table)
            .map_err(missing)?;
        let key = key_of_text(table, &request.key)?;
        let token = Token::of_key(&key);
        let replicas = metadata.replicas(keyspace, token);
        Ok(proto::GetEndpointsResponse {
            token: token.value(),
            addresses: replicas
                .natural
                .iter()
                .map(|replica| replica.address.to_string())
                .collect(),
            host_ids: replicas
                .natural
                .iter()
                .map(|replica| id_bytes(replica.host_id))
                .collect(),
        })
    }

    fn table_stats(
        &self,
        request: &proto::TableStatsRequest,
    ) -> Result<proto::TableStatsResponse, Status> {
        let tables = self.tables(&request.keyspace, &request.table)?;
        let tables = tables.iter().map(|table| {
            let stats = self.0.table_stats(table);
            proto::table_stats_response::Table {
                keyspace: table.keyspace.clone(),
                table: table.name.clone(),
                keys_estimated: stats.keys,
                bytes_on_disk: stats.bytes_on_disk,
                memtable_bytes: stats.memtable_bytes,
                files: stats.files,
                reads: stats.reads,
                writes: stats.writes,
                sweeps: stats.sweeps,
                swept_entries: stats.swept_entries,
            }
        });
        Ok(proto::TableStatsResponse {
            tables: tables.collect(),
        })
    }

    async fn flush(&self, request: proto::FlushRequest) -> Result<proto::FlushResponse, Status> {
        let tables = self.tables(&request.keyspace, &request.table)?;
        for table in &tables {
            self.0
                .flush(table)
                .await
                .map_err(|failure| Status::internal(failure.message))?;
        }
        Ok(proto::FlushResponse {
            tables: tables.len() as u32,
        })
    }

    async fn compact(
        &self,
        request: proto::CompactRequest,
    ) -> Result<proto::CompactResponse, Status> {
        let tables = self.tables(&request.keyspace, &request.table)?;
        let mut sum = proto::CompactResponse {
            tables: tables.len() as u32,
            ..Default::default()
        };
        for table in &tables {
            let done = self.0.compact(table).await;
            let done = done.map_err(|failure| Status::internal(failure.message))?;
            sum.entries_read += done.entries_read;
            sum.entries_purged += done.entries_purged;
            sum.bytes_before += done.bytes_before;
            sum.bytes_after += done.bytes_after;
        }
        Ok(sum)
    }

    async fn drain(&self) -> Result<proto::DrainResponse, Status> {
        self.0
            .drain()
            .await
            .map_err(|failure| Status::internal(failure.message))?;
        Ok(proto::DrainResponse {})
    }

    fn pending_hints(&self) -> proto::ListPendingHintsResponse {
        let metadata = self.0.current_metadata();
        let targets = self.0.pending_hints().into_iter().map(|target| {
            let node = metadata.nodes.get(&target.backlog.target);
            proto::list_pending_hints_response::Target {
                host_id: id_bytes(target.backlog.target),
                address: node
                    .map(|node| node.internode.to_string())
                    .unwrap_or_default(),
                up: target.up,
                files: target.backlog.files,
                hints: target.backlog.hints,
                bytes: target.backlog.bytes,
                oldest: target.backlog.oldest_millis.unwrap_or(0),
            }
        });
        proto::ListPendingHintsResponse {
            targets: targets.collect(),
        }
    }
}

fn state_name(state: ApplicationState) -> String {
    match state {
        ApplicationState::Other(code) => format!("Other({code})"),
        known => format!("{known:?}"),
    }
}

/// The bytes of a partition key given as text, components separated by `:`.
fn key_of_text(table: &TableSchema, text: &str) -> Result<Bytes, Status> {
    let columns = table.partition_key();
    let parts: Vec<&str> = if columns.len() == 1 {
        vec![text]
    } else {
        text.split(':').collect()
    };
    if parts.len() != columns.len() {
        return Err(Status::invalid_argument(format!(
            "expected {} components separated by ':', got {}",
            columns.len(),
            parts.len()
        )));
    }
    let invalid = |error: quorate_data::InvalidValue| Status::invalid_argument(error.to_string());
    let values: Vec<Bytes> = columns
        .iter()
        .zip(parts)
        .map(|(column, part)| parse_text(column.cql_type, part))
        .collect::<Result<_, _>>()
        .map_err(invalid)?;
    let components: Vec<&[u8]> = values.iter().map(AsRef::as_ref).collect();
    partition_key(&components).map_err(invalid)
}
