//! The cluster as drivers see it: nodes, tokens, keyspaces, tables.

use crate::proto;
use bytes::Bytes;
use quorate_cluster::Keyspace;
use quorate_cluster::TableSchema;
use quorate_request::Frontend;

pub(crate) fn of<F: Frontend>(frontend: &F, build: &str) -> proto::ClusterSnapshot {
    let metadata = frontend.metadata();
    let nodes = metadata
        .present_nodes()
        .map(|node| proto::cluster_snapshot::Node {
            host_id: Bytes::copy_from_slice(node.host_id.0.as_bytes()),
            client_address: node.client.to_string(),
            internode_address: node.internode.to_string(),
            datacenter: node.datacenter.clone(),
            rack: node.rack.clone(),
            tokens: node.tokens.iter().map(|token| token.value()).collect(),
            up: frontend.is_up(node.host_id),
            state: node.state.name().to_owned(),
            build: node.build.clone(),
        });
    proto::ClusterSnapshot {
        epoch: metadata.epoch.0,
        cluster_name: metadata.cluster_name.clone(),
        nodes: nodes.collect(),
        keyspaces: metadata
            .keyspaces
            .values()
            .map(|keyspace| of_keyspace(keyspace))
            .collect(),
        build: build.to_owned(),
        host_id: Bytes::copy_from_slice(frontend.host_id().0.as_bytes()),
    }
}

fn of_keyspace(keyspace: &Keyspace) -> proto::cluster_snapshot::Keyspace {
    proto::cluster_snapshot::Keyspace {
        name: keyspace.name.clone(),
        replication: keyspace.replication.options().into_iter().collect(),
        tables: keyspace
            .tables
            .values()
            .map(|table| of_table(table))
            .collect(),
    }
}

fn of_table(table: &TableSchema) -> proto::cluster_snapshot::Table {
    let columns = table
        .columns()
        .iter()
        .map(|column| proto::cluster_snapshot::TableColumn {
            name: column.name.clone(),
            r#type: column.cql_type.to_string(),
            kind: column.kind.name().to_owned(),
        });
    proto::cluster_snapshot::Table {
        name: table.name.clone(),
        columns: columns.collect(),
        id: Bytes::copy_from_slice(table.id.0.as_bytes()),
    }
}
