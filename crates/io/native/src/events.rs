//! What drivers are told without asking: nodes that come, go, start and stop; schema changes.
//!
//! Decides which events a change of the cluster is, by comparing what was with what is. A node is
//! announced when it serves clients, not before (semantics 10.10).

use quorate_cluster::Metadata;
use quorate_frame::Event;
use quorate_frame::SchemaChange;
use quorate_frame::SchemaChangeKind;
use quorate_frame::SchemaTarget;
use quorate_frame::StatusChange;
use quorate_frame::TopologyChange;
use quorate_request::Frontend;
use quorate_types::Epoch;
use quorate_types::HostId;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tokio::sync::broadcast;

/// Watches the cluster, for ever.
pub(crate) async fn announce<F: Frontend>(frontend: F, events: broadcast::Sender<Event>) {
    let mut seen = frontend.changed(0).await;
    let mut known = View::of(&frontend);
    loop {
        seen = frontend.changed(seen).await;
        let now = View::of(&frontend);
        for event in now.since(&known) {
            // An error means that nobody listens.
            let _ = events.send(event);
        }
        known = now;
    }
}

/// What events are about.
#[derive(Debug, Default)]
struct View {
    /// The other nodes that drivers can reach, and whether they are up.
    nodes: BTreeMap<HostId, (SocketAddr, bool)>,
    keyspaces: BTreeMap<String, KeyspaceView>,
}

#[derive(Debug, PartialEq, Eq)]
struct KeyspaceView {
    replication: Vec<(String, String)>,
    tables: BTreeMap<String, (quorate_types::TableId, Epoch)>,
}

impl View {
    fn of<F: Frontend>(frontend: &F) -> Self {
        let metadata = frontend.metadata();
        let me = frontend.host_id();
        let nodes = metadata
            .present_nodes()
            .filter(|node| node.host_id != me)
            .filter_map(|node| {
                let address = node.native.as_ref()?.socket_address()?;
                Some((node.host_id, (address, frontend.is_ready(node.host_id))))
            });
        Self {
            nodes: nodes.collect(),
            keyspaces: keyspaces(&metadata),
        }
    }

    fn since(&self, before: &Self) -> Vec<Event> {
        let mut events = Vec::new();
        for (host, (address, _)) in &before.nodes {
            if self.nodes.get(host).is_none_or(|(now, _)| now != address) {
                events.push(topology(TopologyChange::RemovedNode, *address));
            }
        }
        for (host, (address, up)) in &self.nodes {
            let known = before
                .nodes
                .get(host)
                .filter(|(before, _)| before == address);
            if known.is_none() {
                events.push(topology(TopologyChange::NewNode, *address));
            }
            let was_up = known.is_some_and(|(_, up)| *up);
            match (was_up, *up) {
                (false, true) => events.push(status(StatusChange::Up, *address)),
                (true, false) => events.push(status(StatusChange::Down, *address)),
                (false, false) | (true, true) => {}
            }
        }
        events.extend(self.schema_since(before));
        events
    }

    fn schema_since(&self, before: &Self) -> Vec<Event> {
        let mut events = Vec::new();
        let mut add = |kind, keyspace: &str, table: Option<&str>| {
            let keyspace = keyspace.to_owned();
            let target = match table {
                None => SchemaTarget::Keyspace { keyspace },
                Some(name) => SchemaTarget::Table {
                    keyspace,
                    name: name.to_owned(),
                },
            };
            events.push(Event::Schema(SchemaChange {
                change: kind,
                target,
            }));
        };
        for (name, keyspace) in &before.keyspaces {
            let Some(now) = self.keyspaces.get(name) else {
                add(SchemaChangeKind::Dropped, name, None);
                continue;
            };
            for (table, (id, _)) in &keyspace.tables {
                if now.tables.get(table).is_none_or(|(now, _)| now != id) {
                    add(SchemaChangeKind::Dropped, name, Some(table));
                }
            }
        }
        for (name, keyspace) in &self.keyspaces {
            let known = before.keyspaces.get(name);
            match known {
                None => add(SchemaChangeKind::Created, name, None),
                Some(known) if known.replication != keyspace.replication => {
                    add(SchemaChangeKind::Updated, name, None);
                }
                Some(_) => {}
            }
            for (table, (id, epoch)) in &keyspace.tables {
                match known.and_then(|known| known.tables.get(table)) {
                    Some((before, known)) if before == id && known == epoch => {}
                    Some((before, _)) if before == id => {
                        add(SchemaChangeKind::Updated, name, Some(table));
                    }
                    Some(_) | None => add(SchemaChangeKind::Created, name, Some(table)),
                }
            }
        }
        events
    }
}

const fn topology(change: TopologyChange, address: SocketAddr) -> Event {
    Event::Topology { change, address }
}

const fn status(change: StatusChange, address: SocketAddr) -> Event {
    Event::Status { change, address }
}

fn keyspaces(metadata: &Metadata) -> BTreeMap<String, KeyspaceView> {
    let keyspaces = metadata.keyspaces.values().map(|keyspace| {
        let tables = keyspace.tables.values();
        let view = KeyspaceView {
            replication: keyspace.replication.options().into_iter().collect(),
            tables: tables
                .map(|table| (table.name.clone(), (table.id, table.epoch)))
                .collect(),
        };
        (keyspace.name.clone(), view)
    });
    keyspaces.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use quorate_types::TableId;
    use uuid::Uuid;

    fn host(number: u128) -> HostId {
        HostId(Uuid::from_u128(number))
    }

    fn address(last: u8) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, last], 9042))
    }

    fn view(nodes: &[(u128, u8, bool)], tables: &[(&str, u128, u64)]) -> View {
        let tables = tables.iter().map(|(name, id, epoch)| {
            let table = (TableId(Uuid::from_u128(*id)), Epoch(*epoch));
            ((*name).to_owned(), table)
        });
        let keyspace = KeyspaceView {
            replication: Vec::new(),
            tables: tables.collect(),
        };
        View {
            nodes: nodes
                .iter()
                .map(|(number, last, up)| (host(*number), (address(*last), *up)))
                .collect(),
            keyspaces: BTreeMap::from([("shop".to_owned(), keyspace)]),
        }
    }

    #[test]
    fn a_node_is_new_then_up_and_a_restart_is_down_then_up() {
        let (none, starting) = (view(&[], &[]), view(&[(1, 1, false)], &[]));
        let (up, moved) = (view(&[(1, 1, true)], &[]), view(&[(1, 2, true)], &[]));
        let new = |last| topology(TopologyChange::NewNode, address(last));
        let is_up = |last| status(StatusChange::Up, address(last));
        assert_eq!(up.since(&none), [new(1), is_up(1)]);
        assert_eq!(starting.since(&none), [new(1)]);
        assert_eq!(up.since(&starting), [is_up(1)]);
        let down = status(StatusChange::Down, address(1));
        assert_eq!(starting.since(&up), [down]);
        let removed = topology(TopologyChange::RemovedNode, address(1));
        assert_eq!(moved.since(&up), [removed.clone(), new(2), is_up(2)]);
        assert_eq!(none.since(&up), [removed]);
        assert_eq!(up.since(&up), []);
    }

    #[test]
    fn a_table_of_another_id_is_another_table() {
        let change = |kind, table: &str| {
            Event::Schema(SchemaChange {
                change: kind,
                target: SchemaTarget::Table {
                    keyspace: "shop".to_owned(),
                    name: table.to_owned(),
                },
            })
        };
        let (none, first) = (view(&[], &[]), view(&[], &[("carts", 1, 1)]));
        let (altered, other) = (view(&[], &[("carts", 1, 2)]), view(&[], &[("carts", 2, 3)]));
        let created = change(SchemaChangeKind::Created, "carts");
        let dropped = change(SchemaChangeKind::Dropped, "carts");
        assert_eq!(first.since(&none), std::slice::from_ref(&created));
        let updated = change(SchemaChangeKind::Updated, "carts");
        assert_eq!(altered.since(&first), [updated]);
        assert_eq!(other.since(&altered), [dropped.clone(), created]);
        assert_eq!(none.since(&other), [dropped]);
    }
}
