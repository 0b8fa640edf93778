//! `system_views`: a node at work.

use crate::Snapshot;
use crate::rows::Rows;
use crate::rows::bigint;
use crate::rows::boolean;
use crate::rows::inet;
use crate::rows::int;
use crate::rows::port;
use crate::rows::text;
use crate::rows::text_map;
use crate::rows::text_or_null;

pub(super) fn clients(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    for client in &snapshot.clients {
        let ssl = client.ssl.as_ref();
        rows.put(&[
            ("address", inet(client.address.ip())),
            ("port", port(client.address.port())),
            ("client_options", text_map(&client.options)),
            ("connection_stage", text(client.stage)),
            ("driver_name", text_or_null(client.driver_name.as_ref())),
            (
                "driver_version",
                text_or_null(client.driver_version.as_ref()),
            ),
            ("hostname", text_or_null(client.hostname.as_ref())),
            ("keyspace_name", text_or_null(client.keyspace.as_ref())),
            ("protocol_version", int(client.protocol_version.into())),
            ("request_count", bigint(client.request_count)),
            (
                "ssl_cipher_suite",
                text_or_null(ssl.map(|ssl| &ssl.cipher_suite)),
            ),
            ("ssl_enabled", boolean(ssl.is_some())),
            ("ssl_protocol", text_or_null(ssl.map(|ssl| &ssl.protocol))),
            ("username", text_or_null(client.username.as_ref())),
        ]);
    }
}

/// The facts of gossip that have columns, each with the column of its version.
const FACTS: [(&str, &str); 10] = [
    ("dc", "dc_version"),
    ("host_id", "host_id_version"),
    (
        "internal_address_and_port",
        "internal_address_and_port_version",
    ),
    ("load", "load_version"),
    ("native_address_and_port", "native_address_and_port_version"),
    ("rack", "rack_version"),
    ("release_version", "release_version_version"),
    ("rpc_ready", "rpc_ready_version"),
    ("schema", "schema_version"),
    ("status_with_port", "status_with_port_version"),
];

pub(super) fn gossip_info(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    for node in &snapshot.gossip {
        let mut values = vec![
            ("address", inet(node.address.ip())),
            ("port", port(node.address.port())),
            ("hostname", text(&node.hostname)),
            ("generation", int(node.generation)),
            ("heartbeat", int(node.heartbeat)),
        ];
        for (name, version_name) in FACTS {
            if let Some(fact) = node.facts.iter().find(|fact| fact.name == name) {
                values.push((name, text(&fact.value)));
                values.push((version_name, int(fact.version)));
            }
        }
        rows.put(&values);
    }
}

pub(super) fn settings(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    for (name, value) in &snapshot.settings {
        rows.put(&[("name", text(name)), ("value", text(value))]);
    }
}
