//! Clusters and definitions for tests.

use crate::Change;
use crate::Metadata;
use crate::Node;
use crate::NodeState;
use crate::Refused;
use crate::Transformation;
use quorate_types::Endpoint;
use quorate_types::HostId;
use quorate_types::Token;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Node `number`, with addresses made from its number and no tokens.
pub(crate) fn node(number: u32, datacenter: &str, rack: &str) -> Node {
    let endpoint = |port| Endpoint {
        host: format!("10.0.0.{number}"),
        port,
    };
    Node {
        host_id: HostId(Uuid::from_u128(u128::from(number))),
        internode: endpoint(7000),
        client: endpoint(9043),
        native: Some(endpoint(9042)),
        datacenter: datacenter.to_owned(),
        rack: rack.to_owned(),
        state: NodeState::Joining,
        tokens: BTreeSet::new(),
        build: "1.0".to_owned(),
    }
}

/// [`node`] with these tokens.
pub(crate) fn node_at(number: u32, datacenter: &str, rack: &str, tokens: &[i64]) -> Node {
    Node {
        tokens: tokens.iter().copied().map(Token::new).collect(),
        ..node(number, datacenter, rack)
    }
}

/// A cluster of these nodes, the first of which made it.
pub(crate) fn cluster_of(name: &str, nodes: Vec<Node>) -> Metadata {
    let mut metadata = Metadata::empty(name);
    for node in nodes {
        let transformation = if metadata.nodes.is_empty() {
            Transformation::Initialize {
                cluster_name: name.to_owned(),
                first: node,
                num_tokens: 16,
            }
        } else {
            Transformation::Join {
                node,
                num_tokens: 16,
            }
        };
        metadata = applied(&metadata, &transformation).unwrap();
    }
    metadata
}

/// A cluster with nodes 1, 2, … at these datacenters and racks, 16 tokens each.
pub(crate) fn cluster(name: &str, places: &[(&str, &str)]) -> Metadata {
    let nodes = (1..)
        .zip(places)
        .map(|(number, (datacenter, rack))| node(number, datacenter, rack))
        .collect();
    cluster_of(name, nodes)
}

/// The state after a transformation.
pub(crate) fn applied(
    metadata: &Metadata,
    transformation: &Transformation,
) -> Result<Metadata, Refused> {
    metadata.apply(transformation).map(|(metadata, _)| metadata)
}

/// What a transformation changes, without the state.
pub(crate) fn change(
    metadata: &Metadata,
    transformation: &Transformation,
) -> Result<Change, Refused> {
    metadata.apply(transformation).map(|(_, change)| change)
}
