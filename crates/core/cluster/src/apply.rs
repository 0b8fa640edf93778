//! What each transformation does to the state: the fold that makes the metadata.
//!
//! ```text
//!   state e ──apply(transformation)──▶ state e+1, change
//!                 ├── IF NOT EXISTS … ─▶ state e, Change::None   (no entry)
//!                 └── Refused          ─▶ state e
//! ```
//!
//! # Invariants
//!
//! * **A1** Apply depends on nothing but the state and the transformation, so every node that
//!   applies the same entries has the same bytes.
//! * **A2** Every change raises the epoch by one; a refusal or a no-op raises nothing.

mod alter_table;
mod create_table;
mod keyspaces;
mod metadata_replicas;
mod nodes;

use crate::Change;
use crate::Metadata;
use crate::Refused;
use crate::Transformation;
use nodes::NodeUpdate;

impl Metadata {
    /// The state after `transformation` and what it changed, or why not.
    pub fn apply(&self, transformation: &Transformation) -> Result<(Self, Change), Refused> {
        let mut next = self.clone();
        next.epoch = self.epoch.next();
        let change = next.change(transformation)?;
        match change {
            Change::None => return Ok((self.clone(), Change::None)),
            Change::Nodes => {}
            Change::KeyspaceCreated(_)
            | Change::KeyspaceAltered(_)
            | Change::KeyspaceDropped { .. }
            | Change::TableCreated { .. }
            | Change::TableAltered { .. }
            | Change::TableDropped { .. } => next.schema_epoch = next.epoch,
        }
        Ok((next.rebuilt(), change))
    }

    fn change(&mut self, transformation: &Transformation) -> Result<Change, Refused> {
        match transformation {
            Transformation::Initialize {
                cluster_name,
                first,
                num_tokens,
            } => self.initialize(cluster_name, first, *num_tokens),
            Transformation::Join { node, num_tokens } => self.join(node, *num_tokens),
            Transformation::UpdateNode {
                host_id,
                internode,
                client,
                native,
                datacenter,
                rack,
                build,
            } => {
                let update = NodeUpdate {
                    internode,
                    client,
                    native,
                    datacenter,
                    rack,
                    build,
                };
                self.update_node(*host_id, &update)
            }
            Transformation::CreateKeyspace {
                name,
                replication,
                durable_writes,
                if_not_exists,
            } => self.create_keyspace(name, replication.as_ref(), *durable_writes, *if_not_exists),
            Transformation::AlterKeyspace {
                name,
                replication,
                durable_writes,
                if_exists,
            } => self.alter_keyspace(name, replication.as_ref(), *durable_writes, *if_exists),
            Transformation::DropKeyspace { name, if_exists } => {
                self.drop_keyspace(name, *if_exists)
            }
            Transformation::CreateTable {
                definition,
                if_not_exists,
            } => self.create_table(definition, *if_not_exists),
            Transformation::AlterTable {
                keyspace,
                table,
                change,
                if_exists,
            } => self.alter_table(keyspace, table, change, *if_exists),
            Transformation::DropTable {
                keyspace,
                table,
                if_exists,
            } => self.drop_table(keyspace, table, *if_exists),
        }
    }
}

/// Shorthand for the refusal that most DDL checks give.
fn invalid<T>(message: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::Invalid(message.into()))
}

/// Letters, digits and underscores.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests;
