//! Nodes coming in, changing addresses, and being chosen for the metadata log.

use super::refusal;
use crate::Change;
use crate::Metadata;
use crate::Node;
use crate::NodeState;
use crate::Transformation;
use crate::testing;
use crate::testing::applied;
use crate::testing::change;
use quorate_types::Endpoint;
use quorate_types::HostId;
use quorate_types::Token;
use uuid::Uuid;

fn join(node: Node) -> Transformation {
    Transformation::Join {
        node,
        num_tokens: 16,
    }
}

fn initialize(cluster_name: &str, first: Node) -> Transformation {
    Transformation::Initialize {
        cluster_name: cluster_name.to_owned(),
        first,
        num_tokens: 16,
    }
}

fn update(node: &Node) -> Transformation {
    Transformation::UpdateNode {
        host_id: node.host_id,
        internode: node.internode.clone(),
        client: node.client.clone(),
        native: node.native.clone(),
        datacenter: node.datacenter.clone(),
        rack: node.rack.clone(),
        build: node.build.clone(),
    }
}

fn host(number: u128) -> HostId {
    HostId(Uuid::from_u128(number))
}

#[test]
fn a_cluster_is_initialised_once() {
    let first = testing::node(1, "dc1", "r1");
    let empty = Metadata::empty("");
    let metadata = applied(&empty, &initialize("prod", first.clone())).unwrap();
    assert_eq!(
        (metadata.epoch.0, metadata.cluster_name.as_str()),
        (1, "prod")
    );
    assert_eq!(metadata.nodes[&host(1)].state, NodeState::Normal);
    assert_eq!(metadata.ring().len(), 16);
    assert_eq!(
        change(&metadata, &initialize("prod", first.clone())),
        Ok(Change::None)
    );
    let other = testing::node(2, "dc1", "r1");
    assert_eq!(
        refusal(&metadata, &initialize("prod", other)),
        "0x2200 cluster 'prod' exists already; a node joins it instead of initialising it"
    );
    assert_eq!(
        refusal(&Metadata::empty("test"), &initialize("prod", first.clone())),
        "0x2200 this node is configured for cluster 'test', not for 'prod'"
    );
    assert_eq!(
        refusal(&empty, &initialize("", first.clone())),
        "0x2200 a cluster needs a name"
    );
    assert_eq!(
        refusal(&empty, &join(first)),
        "0x2200 there is no cluster to join yet; it has to be initialised first"
    );
}

#[test]
fn a_join_may_be_retried_and_conflicts_are_refused() {
    let metadata = testing::cluster("join", &[("dc1", "r1"), ("dc1", "r1")]);
    assert_eq!(
        change(&metadata, &join(testing::node(2, "dc1", "r1"))),
        Ok(Change::None)
    );
    let check = |node: Node, expected: &str| {
        assert_eq!(
            refusal(&metadata, &join(node)),
            format!("0x2200 {expected}")
        );
    };
    check(
        testing::node(2, "dc1", "r2"),
        "node 00000000-0000-0000-0000-000000000002 is in this cluster already, with other attributes; it has to be updated, not joined",
    );
    let mut stranger = testing::node(3, "dc1", "r1");
    stranger.internode = metadata.nodes[&host(1)].internode.clone();
    check(
        stranger,
        "the address 10.0.0.1:7000 belongs to node 00000000-0000-0000-0000-000000000001",
    );
    let (token, owner) = metadata.ring().entries()[0];
    check(
        testing::node_at(3, "dc1", "r1", &[token.value()]),
        &format!("token {token} belongs to node {owner}"),
    );
    check(
        testing::node(3, "", "r1"),
        "node 00000000-0000-0000-0000-000000000003 needs a datacenter and a rack",
    );
    for num_tokens in [0, 257] {
        let join = Transformation::Join {
            node: testing::node(3, "dc1", "r1"),
            num_tokens,
        };
        assert_eq!(
            refusal(&metadata, &join),
            format!("0x2200 num_tokens must be between 1 and 256, not {num_tokens}")
        );
    }
}

#[test]
fn a_node_that_left_does_not_come_back() {
    let mut metadata = testing::cluster("left", &[("dc1", "r1"), ("dc1", "r1")]);
    metadata.nodes.get_mut(&host(2)).unwrap().state = NodeState::Left;
    let metadata = metadata.rebuilt();
    assert_eq!(metadata.ring().len(), 16);
    let node = testing::node(2, "dc1", "r1");
    assert_eq!(
        refusal(&metadata, &join(node.clone())),
        "0x2200 node 00000000-0000-0000-0000-000000000002 left this cluster; to come back it needs an empty data directory and a new host id"
    );
    assert_eq!(
        refusal(&metadata, &update(&node)),
        "0x2200 node 00000000-0000-0000-0000-000000000002 left this cluster"
    );
    let reborn = Node {
        host_id: host(9),
        ..node
    };
    assert_eq!(change(&metadata, &join(reborn)), Ok(Change::Nodes));
}

#[test]
fn a_cluster_with_tables_takes_no_more_nodes() {
    let mut metadata = testing::with_tables();
    let node = testing::node(2, "dc1", "r1");
    assert_eq!(
        refusal(&metadata, &join(node.clone())),
        "0x2200 this cluster already holds tables (k.counts, k.t); a node can join it only before the first table is created, until streaming is supported"
    );
    for name in ["a", "b", "c"] {
        let create = testing::create_table(testing::definition(name, "a int", "a", ""));
        metadata = applied(&metadata, &create).unwrap();
    }
    assert_eq!(
        refusal(&metadata, &join(node)),
        "0x2200 this cluster already holds tables (k.a, k.b, k.c, …); a node can join it only before the first table is created, until streaming is supported"
    );
    let known = testing::node(1, "dc1", "r1");
    assert_eq!(change(&metadata, &join(known)), Ok(Change::None));
}

#[test]
fn a_node_changes_its_addresses_and_keeps_its_place() {
    let metadata = testing::with_tables();
    let mut moved = metadata.nodes[&host(1)].clone();
    assert_eq!(change(&metadata, &update(&moved)), Ok(Change::None));
    moved.internode = Endpoint {
        host: "10.9.9.9".to_owned(),
        port: 7001,
    };
    moved.native = None;
    moved.build = "1.1".to_owned();
    let after = applied(&metadata, &update(&moved)).unwrap();
    assert_eq!(after.nodes[&host(1)], moved);
    assert_eq!(after.ring(), metadata.ring());
    assert_eq!(after.schema_version(), metadata.schema_version());
    let mut elsewhere = moved.clone();
    elsewhere.rack = "r7".to_owned();
    assert_eq!(
        refusal(&metadata, &update(&elsewhere)),
        "0x2200 node 00000000-0000-0000-0000-000000000001 belongs to datacenter 'dc1', rack 'r1'; it cannot become datacenter 'dc1', rack 'r7', because its data would be in the wrong place"
    );
    let unknown = testing::node(5, "dc1", "r1");
    assert_eq!(
        refusal(&metadata, &update(&unknown)),
        "0x2200 node 00000000-0000-0000-0000-000000000005 is not in this cluster"
    );
}

#[test]
fn a_node_may_bring_its_own_tokens() {
    let metadata = testing::cluster_of("own", vec![testing::node_at(1, "dc1", "r1", &[5, -5])]);
    let tokens: Vec<Token> = metadata
        .ring()
        .entries()
        .iter()
        .map(|(token, _)| *token)
        .collect();
    assert_eq!(tokens, [Token::new(-5), Token::new(5)]);
}

/// The numbers of the metadata replicas as nodes come in at these racks.
fn metadata_replicas(racks: &[&str]) -> Vec<Vec<u128>> {
    let mut chosen = Vec::new();
    for count in 1..=racks.len() {
        let places: Vec<(&str, &str)> = racks[..count].iter().map(|rack| ("dc1", *rack)).collect();
        let nodes = (1..)
            .zip(places)
            .map(|(number, (datacenter, rack))| {
                testing::node_at(number, datacenter, rack, &[i64::from(number)])
            })
            .collect();
        let metadata = testing::cluster_of("replicas", nodes);
        let numbers = metadata.metadata_replicas.iter();
        chosen.push(numbers.map(|host_id| host_id.0.as_u128()).collect());
    }
    chosen
}

#[test]
fn metadata_replicas_grow_to_three_then_five_and_never_shrink() {
    let chosen = metadata_replicas(&["r1"; 9]);
    let counts: Vec<usize> = chosen.iter().map(Vec::len).collect();
    assert_eq!(counts, [1, 2, 3, 3, 3, 3, 5, 5, 5]);
    assert_eq!(chosen[5], [1, 2, 3]);
    assert_eq!(chosen[8], [1, 2, 3, 4, 5]);
}

#[test]
fn metadata_replicas_spread_over_racks_one_exchange_at_a_time() {
    let chosen = metadata_replicas(&["r1", "r1", "r1", "r2", "r3", "r3", "r4"]);
    assert_eq!(chosen[2], [1, 2, 3]);
    assert_eq!(chosen[3], [1, 2, 4]);
    assert_eq!(chosen[4], [1, 4, 5]);
    assert_eq!(chosen[5], [1, 4, 5]);
    assert_eq!(chosen[6], [1, 2, 4, 5, 7]);
}
