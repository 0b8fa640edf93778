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
mod roles;

use crate::Change;
use crate::Metadata;
use crate::Refused;
use crate::Role;
use crate::Transformation;
use nodes::NodeUpdate;
use roles::RoleUpdate;

impl Metadata {
    /// The state after `transformation` and what it changed, or why not.
    pub fn apply(&self, transformation: &Transformation) -> Result<(Self, Change), Refused> {
        let mut next = self.clone();
        next.epoch = self.epoch.next();
        let change = next.change(transformation)?;
        match change {
            Change::None => return Ok((self.clone(), Change::None)),
            Change::Nodes | Change::Roles => {}
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
            Transformation::CreateFirstSuperuser { .. }
            | Transformation::CreateRole { .. }
            | Transformation::AlterRole { .. }
            | Transformation::DropRole { .. }
            | Transformation::GrantRole { .. }
            | Transformation::RevokeRole { .. }
            | Transformation::GrantPermissions { .. }
            | Transformation::RevokePermissions { .. } => self.change_roles(transformation),
            Transformation::Authored { author, asked } => self.apply_authored(author, asked),
        }
    }

    fn change_roles(&mut self, transformation: &Transformation) -> Result<Change, Refused> {
        match transformation {
            Transformation::CreateFirstSuperuser { name, salted_hash } => {
                self.create_first_superuser(name, salted_hash)
            }
            Transformation::CreateRole {
                name,
                can_login,
                is_superuser,
                salted_hash,
                if_not_exists,
            } => {
                let role = Role {
                    name: name.clone(),
                    can_login: *can_login,
                    is_superuser: *is_superuser,
                    salted_hash: salted_hash.clone(),
                    ..Role::default()
                };
                self.create_role(role, *if_not_exists)
            }
            Transformation::AlterRole {
                name,
                can_login,
                is_superuser,
                salted_hash,
                if_exists,
            } => {
                let update = RoleUpdate {
                    can_login: *can_login,
                    is_superuser: *is_superuser,
                    salted_hash: salted_hash.as_ref(),
                };
                self.alter_role(name, &update, *if_exists)
            }
            Transformation::DropRole { name, if_exists } => self.drop_role(name, *if_exists),
            Transformation::GrantRole { role, grantee } => self.grant_role(role, grantee),
            Transformation::RevokeRole { role, grantee } => self.revoke_role(role, grantee),
            Transformation::GrantPermissions {
                role,
                resource,
                permissions,
            } => self.grant_permissions(role, resource, permissions),
            Transformation::RevokePermissions {
                role,
                resource,
                permissions,
            } => self.revoke_permissions(role, resource, permissions),
            Transformation::Initialize { .. }
            | Transformation::Join { .. }
            | Transformation::UpdateNode { .. }
            | Transformation::CreateKeyspace { .. }
            | Transformation::AlterKeyspace { .. }
            | Transformation::DropKeyspace { .. }
            | Transformation::CreateTable { .. }
            | Transformation::AlterTable { .. }
            | Transformation::DropTable { .. }
            | Transformation::Authored { .. } => Ok(Change::None),
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
