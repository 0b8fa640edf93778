//! `system.local` and `system.peers`: where drivers learn of the nodes and their tokens.
//!
//! # Invariants
//!
//! * **N1** A peer that drivers would ignore is not shown: each has host id, address, datacenter, rack
//!   and tokens. The node itself is no peer.

use crate::CQL_VERSION;
use crate::NATIVE_PROTOCOL_VERSION;
use crate::PARTITIONER;
use crate::RELEASE_VERSION;
use crate::Snapshot;
use crate::rows::Rows;
use crate::rows::Wire;
use crate::rows::inet;
use crate::rows::int;
use crate::rows::port;
use crate::rows::text;
use crate::rows::text_or_null;
use crate::rows::text_set;
use crate::rows::uuid;
use crate::schema_version;
use quorate_cluster::Node;
use quorate_cluster::NodeState;
use quorate_types::Endpoint;
use std::collections::BTreeSet;
use std::net::SocketAddr;

pub(super) fn local(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    let local = &snapshot.local;
    let metadata = snapshot.metadata;
    let node = metadata.nodes.get(&local.host_id);
    rows.put(&[
        ("key", text("local")),
        ("bootstrapped", text(bootstrapped(node))),
        ("broadcast_address", inet(local.broadcast.ip())),
        ("broadcast_port", port(local.broadcast.port())),
        ("cluster_name", text(&metadata.cluster_name)),
        ("cql_version", text(CQL_VERSION)),
        (
            "data_center",
            text_or_null(node.map(|node| &node.datacenter)),
        ),
        ("gossip_generation", int(local.generation)),
        ("host_id", uuid(local.host_id.0)),
        ("listen_address", inet(local.listen.ip())),
        ("listen_port", port(local.listen.port())),
        ("native_protocol_version", text(NATIVE_PROTOCOL_VERSION)),
        ("partitioner", text(PARTITIONER)),
        ("rack", text_or_null(node.map(|node| &node.rack))),
        ("release_version", text(RELEASE_VERSION)),
        ("rpc_address", inet(local.native.ip())),
        ("rpc_port", port(local.native.port())),
        ("schema_version", uuid(schema_version(metadata))),
        ("tokens", node.map(tokens).unwrap_or_default()),
    ]);
}

fn bootstrapped(node: Option<&Node>) -> &'static str {
    match node.map(|node| node.state) {
        None => "NEEDS_BOOTSTRAP",
        Some(NodeState::Joining) => "IN_PROGRESS",
        Some(NodeState::Normal | NodeState::Leaving) => "COMPLETED",
        Some(NodeState::Left) => "DECOMMISSIONED",
    }
}

/// The tokens as drivers read them; no set is empty.
fn tokens(node: &Node) -> Wire {
    let texts = node.tokens.iter().map(|token| token.value().to_string());
    if node.tokens.is_empty() {
        Wire::default()
    } else {
        text_set(texts)
    }
}

/// Another node of the ring, with all that drivers need (N1).
struct Peer<'a> {
    node: &'a Node,
    internode: SocketAddr,
    native: SocketAddr,
    schema_version: Wire,
}

/// What gossip says of the addresses goes before what the metadata says: a node that was down since
/// this one started is known from the metadata only.
fn other_nodes<'a>(snapshot: &'a Snapshot<'_>) -> impl Iterator<Item = Peer<'a>> {
    let others = snapshot.metadata.nodes.values().filter(|node| {
        let is_usable = node.state.owns_ranges() && !node.tokens.is_empty();
        is_usable && node.host_id != snapshot.local.host_id
    });
    others.filter_map(|node| {
        let mut views = snapshot.nodes.iter();
        let view = views.find(|view| view.host_id == node.host_id);
        let internode = view.map(|view| view.internode);
        let native = view.and_then(|view| view.native);
        Some(Peer {
            node,
            internode: internode.or_else(|| numeric(&node.internode))?,
            native: native.or_else(|| node.native.as_ref().and_then(numeric))?,
            schema_version: view
                .and_then(|view| view.schema_version)
                .map(uuid)
                .unwrap_or_default(),
        })
    })
}

/// The endpoint, unless its host is a name.
fn numeric(endpoint: &Endpoint) -> Option<SocketAddr> {
    let address = endpoint.host.parse().ok()?;
    Some(SocketAddr::new(address, endpoint.port))
}

pub(super) fn peers_v2(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    for peer in other_nodes(snapshot) {
        rows.put(&[
            ("peer", inet(peer.internode.ip())),
            ("peer_port", port(peer.internode.port())),
            ("data_center", text(&peer.node.datacenter)),
            ("host_id", uuid(peer.node.host_id.0)),
            ("native_address", inet(peer.native.ip())),
            ("native_port", port(peer.native.port())),
            ("rack", text(&peer.node.rack)),
            ("release_version", text(RELEASE_VERSION)),
            ("schema_version", peer.schema_version),
            ("tokens", tokens(peer.node)),
        ]);
    }
}

/// As `peers_v2`, for drivers that know no ports: of nodes with one address only the first is shown.
pub(super) fn peers(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    let mut seen = BTreeSet::new();
    for peer in other_nodes(snapshot) {
        if !seen.insert(peer.internode.ip()) {
            continue;
        }
        rows.put(&[
            ("peer", inet(peer.internode.ip())),
            ("data_center", text(&peer.node.datacenter)),
            ("host_id", uuid(peer.node.host_id.0)),
            ("rack", text(&peer.node.rack)),
            ("release_version", text(RELEASE_VERSION)),
            ("rpc_address", inet(peer.native.ip())),
            ("schema_version", peer.schema_version),
            ("tokens", tokens(peer.node)),
        ]);
    }
}
