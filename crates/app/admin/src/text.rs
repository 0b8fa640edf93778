//! The answers for people, as nodetool's users know them.

use crate::layout::Age;
use crate::layout::Share;
use crate::layout::Side;
use crate::layout::Size;
use crate::layout::columns;
use crate::report::Cluster;
use crate::report::GossipEndpoint;
use crate::report::HintTarget;
use crate::report::Node;
use crate::report::Report;
use crate::report::RingToken;
use crate::report::Table;
use std::fmt::Write;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// The lines to print.
pub(crate) fn of(report: &Report) -> String {
    match report {
        Report::Status {
            cluster,
            epoch,
            keyspace,
            nodes,
        } => {
            let head = format!("Cluster: {cluster}   Epoch: {epoch}\n\n");
            head + &status(nodes, keyspace.is_some())
        }
        Report::Ring { tokens } => ring(tokens),
        Report::Cluster(cluster) => describe(cluster),
        Report::Gossip { endpoints } => gossip(endpoints),
        Report::Endpoints { token, endpoints } => {
            let head = [("Address", Side::Left), ("Host ID", Side::Left)];
            let rows = endpoints
                .iter()
                .map(|endpoint| [endpoint.address.clone(), endpoint.host_id.to_string()]);
            format!("Token: {token}\n{}", columns(head, rows))
        }
        Report::Tables { tables } => stats(tables),
        Report::Flushed { tables } => format!("Flushed {}", counted(*tables, "table")),
        Report::Compacted {
            tables,
            entries_read,
            entries_purged,
            bytes_before,
            bytes_after,
        } => format!(
            "Compacted {}: {entries_purged} of {entries_read} entries purged, {} before, {} after",
            counted(*tables, "table"),
            Size(*bytes_before),
            Size(*bytes_after)
        ),
        Report::Drained { .. } => "Drained: the node can be stopped".to_owned(),
        Report::Hints { targets } => hints(targets, now_millis()),
    }
}

fn counted(count: u32, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

fn now_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

/// `UN`: the first letter says Up or Down, the second the state; `X` for nodes that left.
fn letters(up: bool, state: &str) -> String {
    let state = match state {
        "Normal" => 'N',
        "Leaving" => 'L',
        "Joining" => 'J',
        "Left" => 'X',
        _ => '?',
    };
    format!("{}{state}", if up { 'U' } else { 'D' })
}

fn up_or_down(up: bool) -> String {
    if up { "Up" } else { "Down" }.to_owned()
}

fn datacenter_head(out: &mut String, name: &str) {
    let title = format!("Datacenter: {name}");
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{title}\n{}", "=".repeat(title.chars().count()));
}

fn status(nodes: &[Node], is_effective: bool) -> String {
    let owns = if is_effective {
        "Owns (effective)"
    } else {
        "Owns"
    };
    let head = [
        ("--", Side::Left),
        ("Address", Side::Left),
        ("Client address", Side::Left),
        ("Load", Side::Right),
        ("Tokens", Side::Right),
        (owns, Side::Right),
        ("Host ID", Side::Left),
        ("Rack", Side::Left),
    ];
    let mut out = String::new();
    for members in nodes.chunk_by(|a, b| a.datacenter == b.datacenter) {
        let Some(first) = members.first() else {
            continue;
        };
        if !out.is_empty() {
            out.push('\n');
        }
        datacenter_head(&mut out, &first.datacenter);
        out.push_str("Status=Up/Down\n|/ State=Normal/Leaving/Joining/Left (X)\n");
        let rows = members.iter().map(|node| {
            [
                letters(node.up, &node.state),
                node.address.clone(),
                node.client_address.clone(),
                Size(node.load_bytes).to_string(),
                node.tokens.to_string(),
                Share(node.owns).to_string(),
                node.host_id.to_string(),
                node.rack.clone(),
            ]
        });
        out.push_str(&columns(head, rows));
    }
    out + &mixed_builds(nodes)
}

/// A cluster that is being upgraded, or was only half.
fn mixed_builds(nodes: &[Node]) -> String {
    let mut builds: Vec<&str> = nodes.iter().map(|node| node.build.as_str()).collect();
    builds.retain(|build| !build.is_empty());
    builds.sort_unstable();
    builds.dedup();
    if builds.len() < 2 {
        return String::new();
    }
    format!("\nNodes run different builds: {}\n", builds.join(", "))
}

fn ring(tokens: &[RingToken]) -> String {
    let head = [
        ("Address", Side::Left),
        ("Datacenter", Side::Left),
        ("Rack", Side::Left),
        ("Status", Side::Left),
        ("State", Side::Left),
        ("Owns", Side::Right),
        ("Token", Side::Right),
    ];
    let rows = tokens.iter().map(|token| {
        [
            token.address.clone(),
            token.datacenter.clone(),
            token.rack.clone(),
            up_or_down(token.up),
            token.state.clone(),
            Share(token.owns).to_string(),
            token.token.clone(),
        ]
    });
    columns(head, rows)
}

fn describe(cluster: &Cluster) -> String {
    let mut out = format!(
        "Name:               {}\nPartitioner:        {}\nEpoch:              {}\n\
         Schema version:     {}\nMetadata replicas:  {}\n",
        cluster.name,
        cluster.partitioner,
        cluster.epoch,
        cluster.schema_version,
        cluster.metadata_replicas.join(", ")
    );
    let _ = writeln!(out, "\nEpochs:");
    for entry in &cluster.epochs {
        let _ = writeln!(out, "  {}: {}", entry.epoch, entry.addresses.join(", "));
    }
    if !cluster.unreachable.is_empty() {
        let _ = writeln!(out, "  unreachable: {}", cluster.unreachable.join(", "));
    }
    let _ = writeln!(out, "\nKeyspaces:");
    for (name, replication) in &cluster.keyspaces {
        let _ = writeln!(out, "  {name}: {replication}");
    }
    out
}

fn gossip(endpoints: &[GossipEndpoint]) -> String {
    let mut out = String::new();
    for endpoint in endpoints {
        let _ = writeln!(
            out,
            "{}\n  status: {}\n  phi: {:.2}\n  generation: {}\n  heartbeat: {}",
            endpoint.host_id,
            up_or_down(endpoint.up),
            endpoint.phi,
            endpoint.generation,
            endpoint.heartbeat
        );
        for (name, value) in &endpoint.states {
            let _ = writeln!(out, "  {name}: {value}");
        }
    }
    out
}

fn stats(tables: &[Table]) -> String {
    let head = [
        ("Keyspace", Side::Left),
        ("Table", Side::Left),
        ("Keys (estimate)", Side::Right),
        ("On disk", Side::Right),
        ("In memory", Side::Right),
        ("Files", Side::Right),
        ("Reads", Side::Right),
        ("Writes", Side::Right),
        ("Sweeps", Side::Right),
        ("Swept", Side::Right),
    ];
    let rows = tables.iter().map(|table| {
        [
            table.keyspace.clone(),
            table.table.clone(),
            table.keys_estimated.to_string(),
            Size(table.bytes_on_disk).to_string(),
            Size(table.memtable_bytes).to_string(),
            table.files.to_string(),
            table.reads.to_string(),
            table.writes.to_string(),
            table.sweeps.to_string(),
            table.swept_entries.to_string(),
        ]
    });
    columns(head, rows)
}

fn hints(targets: &[HintTarget], now_millis: u64) -> String {
    if targets.is_empty() {
        return "This node has no pending hints".to_owned();
    }
    let head = [
        ("Host ID", Side::Left),
        ("Address", Side::Left),
        ("Status", Side::Left),
        ("Hints", Side::Right),
        ("Files", Side::Right),
        ("Size", Side::Right),
        ("Oldest", Side::Left),
    ];
    let rows = targets.iter().map(|target| {
        let age = target.oldest_millis.map(|oldest| Age {
            secs: now_millis.saturating_sub(oldest) / 1_000,
        });
        [
            target.host_id.to_string(),
            target.address.clone(),
            up_or_down(target.up),
            target.hints.to_string(),
            target.files.to_string(),
            Size(target.bytes).to_string(),
            age.map(|age| age.to_string()).unwrap_or_default(),
        ]
    });
    columns(head, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Endpoint;
    use uuid::Uuid;

    fn node(n: u8, datacenter: &str, up: bool, state: &str) -> Node {
        Node {
            up,
            state: state.to_owned(),
            address: format!("127.0.0.{n}:7000"),
            client_address: format!("127.0.0.{n}:9160"),
            load_bytes: 106_803 * u64::from(n),
            tokens: 16,
            owns: 1.0 / 3.0,
            host_id: Uuid::from_u128(n.into()),
            datacenter: datacenter.to_owned(),
            rack: "r1".to_owned(),
            build: "0.1.0".to_owned(),
        }
    }

    #[test]
    fn status_shows_each_datacenter_with_state_letters() {
        let report = Report::Status {
            cluster: "quorate".to_owned(),
            epoch: 12,
            keyspace: Some("shop".to_owned()),
            nodes: vec![
                node(1, "dc1", true, "Normal"),
                node(2, "dc1", false, "Leaving"),
                node(3, "dc2", true, "Joining"),
            ],
        };
        assert_eq!(
            of(&report),
            "\
Cluster: quorate   Epoch: 12

Datacenter: dc1
===============
Status=Up/Down
|/ State=Normal/Leaving/Joining/Left (X)
--  Address         Client address       Load  Tokens  Owns (effective)  Host ID                               Rack
UN  127.0.0.1:7000  127.0.0.1:9160  104.3 KiB      16             33.3%  00000000-0000-0000-0000-000000000001  r1
DL  127.0.0.2:7000  127.0.0.2:9160  208.6 KiB      16             33.3%  00000000-0000-0000-0000-000000000002  r1

Datacenter: dc2
===============
Status=Up/Down
|/ State=Normal/Leaving/Joining/Left (X)
--  Address         Client address       Load  Tokens  Owns (effective)  Host ID                               Rack
UJ  127.0.0.3:7000  127.0.0.3:9160  312.9 KiB      16             33.3%  00000000-0000-0000-0000-000000000003  r1
"
        );
    }

    #[test]
    fn different_builds_are_named() {
        let mut newer = node(2, "dc1", true, "Normal");
        newer.build = "0.2.0".to_owned();
        let nodes = [node(1, "dc1", true, "Normal"), newer];
        assert!(status(&nodes, false).ends_with("\nNodes run different builds: 0.1.0, 0.2.0\n"));
    }

    #[test]
    fn hints_show_how_old_the_oldest_is() {
        let target = HintTarget {
            host_id: Uuid::from_u128(2),
            address: "127.0.0.2:7000".to_owned(),
            up: false,
            files: 1,
            hints: 10_000,
            bytes: 2_048,
            oldest_millis: Some(1_000),
        };
        assert_eq!(
            hints(&[target], 91_000),
            "\
Host ID                               Address         Status  Hints  Files     Size  Oldest
00000000-0000-0000-0000-000000000002  127.0.0.2:7000  Down    10000      1  2.0 KiB  1 min ago
"
        );
        assert_eq!(hints(&[], 0), "This node has no pending hints");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(of(&Report::Flushed { tables: 1 }), "Flushed 1 table");
        assert_eq!(of(&Report::Flushed { tables: 0 }), "Flushed 0 tables");
    }

    #[test]
    fn endpoints_stay_in_the_rings_order() {
        let endpoint = |n: u8| Endpoint {
            address: format!("127.0.0.{n}:7000"),
            host_id: Uuid::from_u128(n.into()),
        };
        let report = Report::Endpoints {
            token: "-5".to_owned(),
            endpoints: vec![endpoint(2), endpoint(1)],
        };
        assert_eq!(
            of(&report),
            "\
Token: -5
Address         Host ID
127.0.0.2:7000  00000000-0000-0000-0000-000000000002
127.0.0.1:7000  00000000-0000-0000-0000-000000000001
"
        );
    }
}
