//! Changing what tables there are, and emptying them. (Roles: `access.rs`.)

use super::Request;
use super::plain;
use super::random_bytes;
use crate::Engine;
use crate::Node;
use crate::World;
use crate::access::authored;
use futures_util::future::join_all;
use quorate_cluster::Change;
use quorate_cluster::TableSchema;
use quorate_internode::PeerRequest;
use quorate_query::SchemaPlan;
use quorate_request::Outcome;
use quorate_request::Response;
use quorate_request::SchemaChange;
use quorate_request::SchemaChangeKind;
use quorate_types::ConsistencyLevel;
use quorate_types::Deadline;
use quorate_types::HostId;
use quorate_types::RequestError;
use std::sync::Arc;

impl<W: World> Node<W> {
    /// CREATE, ALTER, DROP of keyspaces and tables: an entry of the metadata log.
    pub(super) async fn change_schema(
        &self,
        this: &Request<'_>,
        plan: &SchemaPlan,
    ) -> Result<Response, RequestError> {
        let id = uuid::Builder::from_random_bytes(random_bytes(self.world())).into_uuid();
        let transformation = plan.transformation(id, self.world().unix_micros());
        let (change, metadata) = self.commit(authored(this.options, transformation)).await?;
        let warnings = metadata.warnings(&change);
        let outcome = match schema_change(&change) {
            None => Outcome::Void,
            Some((change, keyspace, table)) => {
                let epoch = metadata.epoch;
                Outcome::SchemaChange(SchemaChange {
                    change,
                    keyspace,
                    table,
                    epoch,
                })
            }
        };
        Ok(Response {
            warnings,
            ..plain(outcome)
        })
    }

    /// TRUNCATE: every node must be up, and each drops what it has.
    pub(super) async fn truncate(&self, table: &Arc<TableSchema>) -> Result<(), RequestError> {
        let metadata = self.current_metadata();
        let hosts: Vec<HostId> = metadata.present_nodes().map(|node| node.host_id).collect();
        let up = hosts.iter().filter(|host| self.is_peer_up(**host)).count();
        if up < hosts.len() {
            return Err(RequestError::Unavailable {
                level: ConsistencyLevel::All,
                required: hosts.len() as u32,
                alive: up as u32,
                datacenter: None,
            });
        }
        let at_millis = self.unix_millis();
        let deadline = Deadline(self.now().after(self.config().truncate_timeout));
        let outcomes = join_all(hosts.into_iter().map(|host| async move {
            if host == self.me() {
                let done = self.engine().truncate(table.id, at_millis).await;
                return done.map_err(|failure| failure.message);
            }
            let request = PeerRequest::Truncate {
                table: table.id,
                at_millis,
            };
            self.ask_peer(host, request, deadline)
                .await
                .map(|_| ())
                .map_err(|failure| failure.message)
        }));
        outcomes
            .await
            .into_iter()
            .collect::<Result<(), String>>()
            .map_err(RequestError::Truncate)
    }
}

/// What clients are told of a change.
fn schema_change(change: &Change) -> Option<(SchemaChangeKind, String, Option<String>)> {
    match change {
        Change::None | Change::Nodes | Change::Roles => None,
        Change::KeyspaceCreated(name) => Some((SchemaChangeKind::Created, name.clone(), None)),
        Change::KeyspaceAltered(name) => Some((SchemaChangeKind::Updated, name.clone(), None)),
        Change::KeyspaceDropped { name, .. } => {
            Some((SchemaChangeKind::Dropped, name.clone(), None))
        }
        Change::TableCreated { keyspace, name, .. } => Some((
            SchemaChangeKind::Created,
            keyspace.clone(),
            Some(name.clone()),
        )),
        Change::TableAltered { keyspace, name, .. } => Some((
            SchemaChangeKind::Updated,
            keyspace.clone(),
            Some(name.clone()),
        )),
        Change::TableDropped { keyspace, name, .. } => Some((
            SchemaChangeKind::Dropped,
            keyspace.clone(),
            Some(name.clone()),
        )),
    }
}
