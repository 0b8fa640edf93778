//! The authorizer: whether a role may do a thing, by what was granted to it, to the roles it is a
//! member of, on the resource or on what that is part of.
//!
//! # Invariants
//!
//! * **Z1** A role that does not exist, or may not log in, may do nothing.
//! * **Z2** What was granted on all keyspaces says nothing about those of the system.
//! * **Z3** Only superusers read `system_auth`.

use crate::Metadata;
use crate::Permission;
use crate::Resource;
use crate::Role;
use std::collections::BTreeSet;

/// A role may not do what it asked for (CQL 0x2100).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The role has gone, or lost its right to log in.
    #[error("You have not logged in")]
    NotLoggedIn,
    /// It was not granted.
    #[error("User {role} has no {} permission on {resource} or any of its parents", permission.name())]
    Permission {
        /// Who asked.
        role: String,
        /// What for.
        permission: Permission,
        /// On what.
        resource: Resource,
    },
}

impl Metadata {
    /// Whether `role` may do what `permission` names to `resource`.
    pub fn authorize(
        &self,
        role: &str,
        permission: Permission,
        resource: &Resource,
    ) -> Result<(), Denied> {
        if !self.may_log_in(role) {
            return Err(Denied::NotLoggedIn);
        }
        if is_readable_by_all(permission, resource) {
            return Ok(());
        }
        let roles = self.roles_of(role);
        let is_superuser = roles.iter().any(|role| role.is_superuser);
        let is_secret = resource.keyspace() == Some("system_auth");
        let is_granted = || roles.iter().any(|role| grants(role, permission, resource));
        if is_superuser || (!is_secret && is_granted()) {
            return Ok(());
        }
        Err(Denied::Permission {
            role: role.to_owned(),
            permission,
            resource: resource.clone(),
        })
    }

    /// Whether the role exists and may log in.
    pub fn may_log_in(&self, role: &str) -> bool {
        self.roles.get(role).is_some_and(|role| role.can_login)
    }

    /// Whether the role, or one that it is a member of, is a superuser.
    pub fn is_superuser(&self, role: &str) -> bool {
        self.roles_of(role).iter().any(|role| role.is_superuser)
    }

    /// Whether the role is `of` or, directly or not, a member of it.
    pub fn is_member(&self, role: &str, of: &str) -> bool {
        self.roles_of(role).iter().any(|role| role.name == of)
    }

    /// The role and all that it is a member of, directly or not; none when it does not exist.
    pub fn roles_of(&self, role: &str) -> Vec<&Role> {
        let mut found: Vec<&Role> = Vec::new();
        let mut met = BTreeSet::new();
        let mut next = vec![role];
        while let Some(name) = next.pop() {
            if let Some(role) = self.roles.get(name).filter(|_| met.insert(name)) {
                found.push(role);
                next.extend(role.member_of.iter().map(String::as_str));
            }
        }
        found
    }
}

/// Whether one role has the permission itself.
fn grants(role: &Role, permission: Permission, resource: &Resource) -> bool {
    let mut next = Some(resource.clone());
    while let Some(resource) = next {
        let granted = role.permissions.get(&resource);
        if granted.is_some_and(|granted| granted.contains(&permission)) {
            return true;
        }
        next = resource.parent();
    }
    false
}

/// The tables without which no driver finds its way.
fn is_readable_by_all(permission: Permission, resource: &Resource) -> bool {
    let Resource::Table { keyspace, name } = resource else {
        return false;
    };
    permission == Permission::Select
        && match keyspace.as_str() {
            "system_schema" | "system_virtual_schema" => true,
            "system" => ["local", "peers", "peers_v2"].contains(&name.as_str()),
            _ => false,
        }
}

#[cfg(test)]
mod tests;
