//! Decides which nodes a request is offered to, in which order.
//!
//! # Invariants
//!
//! * **R1** A plan names each node once.
//! * **R2** Nodes that can be asked come before those that probably can't; among each, the local
//!   datacenter first; among each, replicas first.
//! * **R3** Equals take turns.

use crate::ClusterView;
use crate::node::Node;
use quorate_types::HostId;
use quorate_types::Token;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The cluster with the driver's connections to it.
#[derive(Debug, Default)]
pub(crate) struct Routing {
    pub(crate) view: Arc<ClusterView>,
    /// One for each of the view's nodes, in the same order.
    pub(crate) nodes: Vec<Arc<Node>>,
}

/// What a request wants of its nodes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wish<'a> {
    /// The keyspace and token of the partition, when it is one.
    pub(crate) partition: Option<(&'a str, Token)>,
    /// The datacenter to prefer.
    pub(crate) datacenter: Option<&'a str>,
    /// Whether no other datacenter will do: a LOCAL level would mean something else there.
    pub(crate) stays_local: bool,
    /// Counts requests.
    pub(crate) turn: usize,
}

impl Routing {
    /// The routing by a new view: nodes that are still at their address keep their connection.
    pub(crate) fn new(
        view: Arc<ClusterView>,
        previous: &Self,
        connect: impl Fn(HostId, &str) -> Arc<Node>,
    ) -> Self {
        let known: BTreeMap<HostId, &Arc<Node>> = previous
            .nodes
            .iter()
            .map(|node| (node.host_id(), node))
            .collect();
        let nodes = view
            .nodes
            .iter()
            .map(|seen| match known.get(&seen.host_id) {
                Some(node) if node.address() == seen.address => Arc::clone(node),
                _ => connect(seen.host_id, &seen.address),
            });
        Self {
            nodes: nodes.collect(),
            view,
        }
    }

    /// Whom to ask, best first.
    pub(crate) fn plan(&self, wish: Wish<'_>) -> Vec<Arc<Node>> {
        let reachable = |index: usize| {
            let node = self.nodes.get(index);
            node.is_some_and(|node| !node.is_unreachable())
        };
        order(&self.view, reachable, wish)
            .into_iter()
            .filter_map(|index| self.nodes.get(index).cloned())
            .collect()
    }
}

/// What decides a node's place; smaller is earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    is_doubtful: bool,
    is_remote: bool,
    is_no_replica: bool,
}

fn order(view: &ClusterView, reachable: impl Fn(usize) -> bool, wish: Wish<'_>) -> Vec<usize> {
    let replicas = wish.partition.map_or(&[][..], |(keyspace, token)| {
        view.replica_indexes(keyspace, token)
    });
    let mut ranked: Vec<(Rank, usize)> = Vec::with_capacity(view.nodes.len());
    for (index, node) in view.nodes.iter().enumerate() {
        let is_remote = wish
            .datacenter
            .is_some_and(|datacenter| node.datacenter != datacenter);
        if is_remote && wish.stays_local || node.state == "Left" {
            continue;
        }
        let rank = Rank {
            is_doubtful: !node.up || node.state == "Joining" || !reachable(index),
            is_remote,
            is_no_replica: !replicas.contains(&index),
        };
        ranked.push((rank, index));
    }
    ranked.sort_unstable();
    for equals in ranked.chunk_by_mut(|a, b| a.0 == b.0) {
        let turn = wish.turn % equals.len();
        equals.rotate_left(turn);
    }
    ranked.into_iter().map(|(_, index)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyspaceView;
    use crate::NodeView;
    use crate::placement::Placements;
    use uuid::Uuid;

    /// Nodes 0 to 2 in `near`, 3 and 4 in `far`, at tokens 0, 10, … 40, one replica each way.
    fn view() -> ClusterView {
        let nodes: Vec<NodeView> = (0..5_usize)
            .map(|index| NodeView {
                host_id: HostId(Uuid::from_u128(index as u128)),
                address: format!("10.0.0.{index}:9160"),
                internode_address: String::new(),
                datacenter: if index < 3 { "near" } else { "far" }.to_owned(),
                rack: "r1".to_owned(),
                tokens: vec![Token::new(index as i64 * 10)],
                up: true,
                state: "Normal".to_owned(),
                build: String::new(),
            })
            .collect();
        let replication = [("class", "SimpleStrategy"), ("replication_factor", "3")];
        let keyspace = KeyspaceView {
            name: "shop".to_owned(),
            replication: replication
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
            tables: BTreeMap::new(),
        };
        let keyspaces = BTreeMap::from([("shop".to_owned(), keyspace)]);
        ClusterView {
            placements: Placements::new(&nodes, &keyspaces),
            nodes,
            keyspaces,
            ..ClusterView::default()
        }
    }

    fn near(turn: usize) -> Wish<'static> {
        Wish {
            datacenter: Some("near"),
            turn,
            ..Wish::default()
        }
    }

    fn at(token: i64, turn: usize) -> Wish<'static> {
        Wish {
            partition: Some(("shop", Token::new(token))),
            ..near(turn)
        }
    }

    #[test]
    fn without_a_token_local_nodes_take_turns_and_remote_ones_follow() {
        assert_eq!(order(&view(), |_| true, near(0)), [0, 1, 2, 3, 4]);
        assert_eq!(order(&view(), |_| true, near(1)), [1, 2, 0, 4, 3]);
        assert_eq!(order(&view(), |_| true, near(2)), [2, 0, 1, 3, 4]);
    }

    #[test]
    fn with_a_token_local_replicas_come_first_and_take_turns() {
        assert_eq!(order(&view(), |_| true, at(5, 0)), [1, 2, 0, 3, 4]);
        assert_eq!(order(&view(), |_| true, at(5, 1)), [2, 1, 0, 3, 4]);
        assert_eq!(order(&view(), |_| true, at(25, 0)), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn nodes_that_are_down_or_unreachable_come_last() {
        let mut view = view();
        view.nodes[1].up = false;
        assert_eq!(order(&view, |_| true, at(5, 0)), [2, 0, 3, 4, 1]);
        assert_eq!(order(&view, |index| index != 2, at(5, 0)), [0, 3, 4, 1, 2]);
    }

    #[test]
    fn a_request_that_stays_local_is_never_offered_to_another_datacenter() {
        let wish = Wish {
            stays_local: true,
            ..at(25, 0)
        };
        assert_eq!(order(&view(), |_| true, wish), [0, 1, 2]);
    }

    #[test]
    fn a_node_that_joins_is_asked_last_and_one_that_left_never() {
        let mut view = view();
        view.nodes[0].state = "Joining".to_owned();
        view.nodes[1].state = "Left".to_owned();
        assert_eq!(order(&view, |_| true, near(0)), [2, 3, 4, 0]);
    }
}
