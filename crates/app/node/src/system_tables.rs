//! The system tables as this node sees them: what it knows, for `quorate_system` to lay out.

use crate::Engine;
use crate::Node;
use crate::World;
use crate::access::has_secret;
use crate::traces;
use bytes::Bytes;
use quorate_cluster::Metadata;
use quorate_cluster::TableSchema;
use quorate_data::DataReply;
use quorate_data::ReadCommand;
use quorate_data::memory::MemoryTable;
use quorate_data::partition;
use quorate_gossip::ApplicationState;
use quorate_gossip::EndpointState;
use quorate_system::GossipFact;
use quorate_system::GossipView;
use quorate_system::LocalNode;
use quorate_system::NodeView;
use quorate_system::PreparedView;
use quorate_system::SizeEstimate;
use quorate_system::Snapshot;
use quorate_types::Endpoint;
use quorate_types::RequestError;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use uuid::Uuid;

/// What gossip's facts are called in `system_views.gossip_info`.
const GOSSIP_FACTS: [(ApplicationState, &str); 6] = [
    (ApplicationState::Datacenter, "dc"),
    (ApplicationState::Rack, "rack"),
    (ApplicationState::Load, "load"),
    (ApplicationState::Build, "release_version"),
    (
        ApplicationState::InternodeAddress,
        "internal_address_and_port",
    ),
    (ApplicationState::Ready, "rpc_ready"),
];

impl<W: World> Node<W> {
    /// A system table as it is now; `None` when the table is none of the server's own.
    pub(crate) fn system_table(
        &self,
        table: &TableSchema,
        metadata: &Metadata,
    ) -> Option<MemoryTable> {
        if !quorate_system::is_system_keyspace(&table.keyspace) {
            return None;
        }
        let identity = self.identity();
        let broadcast = address_of(&identity.internode);
        let native = identity.native.as_ref().map_or(broadcast, address_of);
        let gossip = self.gossip_states();
        let generation = gossip
            .first()
            .map_or(0, |(_, state, _)| generation_of(state));
        // Drivers ask for `local` and `peers` all the time: what costs something is looked up for the
        // tables that show it only.
        let (keyspace, name) = (table.keyspace.as_str(), table.name.as_str());
        let snapshot = Snapshot {
            metadata,
            local: LocalNode {
                host_id: self.me(),
                generation,
                native,
                broadcast,
                listen: broadcast,
            },
            nodes: self.node_views(metadata),
            prepared: only_if(name == "prepared_statements", || self.prepared_views()),
            clients: only_if(name == "clients", || self.inner().clients.views()),
            settings: only_if(name == "settings", || self.config().shown_settings.clone()),
            sizes: only_if(name.ends_with("_estimates"), || self.sizes(metadata)),
            traces: only_if(keyspace == traces::KEYSPACE, || self.inner().traces.all()),
            gossip: gossip
                .iter()
                .filter_map(|(_, state, _)| gossip_view(state))
                .collect(),
        };
        quorate_system::contents(table.id, &snapshot)
    }

    fn node_views(&self, metadata: &Metadata) -> Vec<NodeView> {
        let current = quorate_system::schema_version(metadata);
        let gossip = self.gossip();
        let nodes = metadata.present_nodes().map(|node| {
            let endpoint = gossip.endpoint(node.host_id);
            let epoch = endpoint.and_then(EndpointState::epoch).unwrap_or_default();
            // A node that has not come as far has another version; which one, nobody asks.
            let is_current = node.host_id == self.me() || epoch >= metadata.schema_epoch;
            NodeView {
                host_id: node.host_id,
                internode: address_of(&node.internode),
                native: node.native.as_ref().and_then(Endpoint::socket_address),
                schema_version: Some(if is_current { current } else { Uuid::nil() }),
            }
        });
        nodes.collect()
    }

    fn prepared_views(&self) -> Vec<PreparedView> {
        let known = self.inner().prepared.all().into_iter();
        known
            .filter(|known| !has_secret(&known.prepared.plan))
            .map(|known| PreparedView {
                id: Bytes::copy_from_slice(&known.prepared.id),
                keyspace: known.keyspace.clone(),
                query: known.text.clone(),
            })
            .collect()
    }

    fn sizes(&self, metadata: &Metadata) -> Vec<SizeEstimate> {
        let tables = metadata.keyspaces.values();
        tables
            .flat_map(|keyspace| keyspace.tables.values())
            .map(|table| {
                let stats = self.engine().table_stats(table.id);
                SizeEstimate {
                    keyspace: table.keyspace.clone(),
                    table: table.name.clone(),
                    partitions: stats.keys,
                    partition_bytes_mean: stats.bytes_on_disk / stats.keys.max(1),
                }
            })
            .collect()
    }
}

fn only_if<T>(is_shown: bool, look_up: impl FnOnce() -> Vec<T>) -> Vec<T> {
    if is_shown { look_up() } else { Vec::new() }
}

/// Answers reads of a system table.
pub(crate) fn read_system_table(
    table: &MemoryTable,
    commands: &[ReadCommand],
) -> Result<Vec<DataReply>, RequestError> {
    let read = |command: &ReadCommand| {
        partition::read(table, command).map_err(|error| RequestError::Server(error.to_string()))
    };
    commands.iter().map(read).collect()
}

/// The address of an endpoint; a host that is a name has none that tables could show.
pub(crate) fn address_of(endpoint: &Endpoint) -> SocketAddr {
    let unknown = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), endpoint.port);
    endpoint.socket_address().unwrap_or(unknown)
}

fn generation_of(state: &EndpointState) -> i32 {
    i32::try_from(state.generation.0).unwrap_or(i32::MAX)
}

fn gossip_view(state: &EndpointState) -> Option<GossipView> {
    let address = state.internode_address()?.socket_address()?;
    let version = |version: u64| i32::try_from(version).unwrap_or(i32::MAX);
    let facts = GOSSIP_FACTS.iter().filter_map(|(fact, name)| {
        let said = state.states.get(fact)?;
        Some(GossipFact {
            name,
            value: said.value.clone(),
            version: version(said.version.0),
        })
    });
    Some(GossipView {
        address,
        hostname: address.ip().to_string(),
        generation: generation_of(state),
        heartbeat: version(state.heartbeat.0),
        facts: facts.collect(),
    })
}
