//! What a client is warned of although its change was made.

use crate::Change;
use crate::Metadata;
use crate::ReplicationStrategy;

impl Metadata {
    /// The warnings about a change that led to this state: replicas that have no node to be kept on.
    pub fn warnings(&self, change: &Change) -> Vec<String> {
        let (Change::KeyspaceCreated(name) | Change::KeyspaceAltered(name)) = change else {
            return Vec::new();
        };
        let Ok(keyspace) = self.keyspace(name) else {
            return Vec::new();
        };
        match &keyspace.replication {
            ReplicationStrategy::Simple { factor } => {
                let nodes = self.present_nodes().count();
                Vec::from_iter(too_few_nodes(name, *factor, nodes))
            }
            ReplicationStrategy::NetworkTopology { factors } => {
                let warnings = factors.iter().filter_map(|(datacenter, factor)| {
                    let nodes = self.present_nodes();
                    let nodes = nodes.filter(|node| node.datacenter == *datacenter).count();
                    let warning = too_few_nodes(name, *factor, nodes)?;
                    Some(format!("{warning} for datacenter {datacenter}"))
                });
                warnings.collect()
            }
            ReplicationStrategy::Local => Vec::new(),
        }
    }
}

fn too_few_nodes(keyspace: &str, factor: u32, nodes: usize) -> Option<String> {
    let has_enough = u32::try_from(nodes).is_ok_and(|nodes| nodes >= factor);
    (!has_enough).then(|| {
        format!(
            "Your replication factor {factor} for keyspace {keyspace} is higher than the number of nodes {nodes}"
        )
    })
}

#[cfg(test)]
mod tests {
    use crate::Transformation;
    use crate::testing;

    /// The warnings of CREATE KEYSPACE k in a cluster of three nodes, two of them in dc1, and of
    /// an ALTER to the same.
    fn warned(replication: &[(&str, &str)]) -> Vec<String> {
        let places = [("dc1", "r1"), ("dc1", "r2"), ("dc2", "r1")];
        let cluster = testing::cluster("c", &places);
        let create = testing::create_keyspace("k", replication);
        let (created, change) = cluster.apply(&create).unwrap();
        let warned = created.warnings(&change);
        let single = [("class", "SimpleStrategy"), ("replication_factor", "1")];
        let small = cluster
            .apply(&testing::create_keyspace("k", &single))
            .unwrap()
            .0;
        let alter = Transformation::AlterKeyspace {
            name: "k".to_owned(),
            replication: Some(testing::texts(replication)),
            durable_writes: Some(false),
            if_exists: false,
        };
        let (altered, change) = small.apply(&alter).unwrap();
        assert_eq!(altered.warnings(&change), warned);
        warned
    }

    #[test]
    fn more_replicas_than_nodes_are_warned_of() {
        let simple = |factor| [("class", "SimpleStrategy"), ("replication_factor", factor)];
        assert!(warned(&simple("3")).is_empty());
        assert_eq!(
            warned(&simple("5")),
            ["Your replication factor 5 for keyspace k is higher than the number of nodes 3"]
        );
        let by_datacenter = |dc1, dc2| {
            let class = ("class", "NetworkTopologyStrategy");
            warned(&[class, ("dc1", dc1), ("dc2", dc2)])
        };
        assert!(by_datacenter("2", "1").is_empty());
        assert_eq!(
            by_datacenter("3", "2"),
            [
                "Your replication factor 3 for keyspace k is higher than the number of nodes 2 for datacenter dc1",
                "Your replication factor 2 for keyspace k is higher than the number of nodes 1 for datacenter dc2",
            ]
        );
    }

    #[test]
    fn other_changes_are_not_warned_of() {
        let metadata = testing::with_tables();
        let drop = Transformation::DropKeyspace {
            name: "k".to_owned(),
            if_exists: false,
        };
        for transformation in [drop, testing::create_role("ann", true)] {
            let (after, change) = metadata.apply(&transformation).unwrap();
            assert!(after.warnings(&change).is_empty());
        }
    }
}
