//! CREATE, ALTER, DROP, GRANT and REVOKE of roles and permissions.
//!
//! # Invariants
//!
//! * **L1** No role is a member of itself, directly or not.
//! * **L2** What is granted exists: dropping a role, table or keyspace takes every grant of it and
//!   on it along.

use super::invalid;
use crate::Change;
use crate::Metadata;
use crate::Permission;
use crate::Refused;
use crate::Resource;
use crate::Role;
use crate::SaltedHash;
use crate::Transformation;
use crate::is_system_keyspace;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What ALTER ROLE changes; `None` leaves it.
pub(super) struct RoleUpdate<'a> {
    pub(super) can_login: Option<bool>,
    pub(super) is_superuser: Option<bool>,
    pub(super) salted_hash: Option<&'a SaltedHash>,
}

impl Metadata {
    pub(super) fn create_first_superuser(
        &mut self,
        name: &str,
        salted_hash: &SaltedHash,
    ) -> Result<Change, Refused> {
        if !self.roles.is_empty() {
            return Ok(Change::None);
        }
        let role = Role {
            name: name.to_owned(),
            can_login: true,
            is_superuser: true,
            salted_hash: Some(salted_hash.clone()),
            ..Role::default()
        };
        self.create_role(role, false)
    }

    pub(super) fn create_role(
        &mut self,
        role: Role,
        if_not_exists: bool,
    ) -> Result<Change, Refused> {
        if role.name.is_empty() {
            return invalid("Role name can't be an empty string");
        }
        if self.roles.contains_key(&role.name) {
            if if_not_exists {
                return Ok(Change::None);
            }
            return invalid(format!("{} already exists", role.name));
        }
        self.roles.insert(role.name.clone(), Arc::new(role));
        Ok(Change::Roles)
    }

    pub(super) fn alter_role(
        &mut self,
        name: &str,
        update: &RoleUpdate<'_>,
        if_exists: bool,
    ) -> Result<Change, Refused> {
        let Some(role) = self.roles.get_mut(name) else {
            if if_exists {
                return Ok(Change::None);
            }
            return invalid(format!("Role {name} doesn't exist"));
        };
        let before = Arc::clone(role);
        let role = Arc::make_mut(role);
        role.can_login = update.can_login.unwrap_or(role.can_login);
        role.is_superuser = update.is_superuser.unwrap_or(role.is_superuser);
        if let Some(salted_hash) = update.salted_hash {
            role.salted_hash = Some(salted_hash.clone());
        }
        Ok(if *role == *before {
            Change::None
        } else {
            Change::Roles
        })
    }

    pub(super) fn drop_role(&mut self, name: &str, if_exists: bool) -> Result<Change, Refused> {
        if self.roles.remove(name).is_none() {
            if if_exists {
                return Ok(Change::None);
            }
            return invalid(format!("{name} doesn't exist"));
        }
        for role in self.roles.values_mut() {
            if role.member_of.contains(name) {
                Arc::make_mut(role).member_of.remove(name);
            }
        }
        self.forget_grants(|resource| matches!(resource, Resource::Role(role) if role == name));
        Ok(Change::Roles)
    }

    pub(super) fn grant_role(&mut self, role: &str, grantee: &str) -> Result<Change, Refused> {
        self.check_roles(&[role, grantee])?;
        // L1.
        if self.is_member(grantee, role) {
            return invalid(format!("{grantee} is a member of {role}"));
        }
        if self.is_member(role, grantee) {
            return invalid(format!("{role} is a member of {grantee}"));
        }
        if let Some(found) = self.roles.get_mut(grantee) {
            Arc::make_mut(found).member_of.insert(role.to_owned());
        }
        Ok(Change::Roles)
    }

    pub(super) fn revoke_role(&mut self, role: &str, grantee: &str) -> Result<Change, Refused> {
        self.check_roles(&[role, grantee])?;
        let direct = self
            .roles
            .get_mut(grantee)
            .filter(|found| found.member_of.contains(role));
        let Some(found) = direct else {
            return invalid(format!("{grantee} is not a member of {role}"));
        };
        Arc::make_mut(found).member_of.remove(role);
        Ok(Change::Roles)
    }

    pub(super) fn grant_permissions(
        &mut self,
        role: &str,
        resource: &Resource,
        permissions: &BTreeSet<Permission>,
    ) -> Result<Change, Refused> {
        self.check_applicable(role, resource, permissions)?;
        check_open(resource, permissions)?;
        Ok(self.grant_unchecked(role, resource, permissions.iter().copied()))
    }

    fn grant_unchecked(
        &mut self,
        role: &str,
        resource: &Resource,
        permissions: impl Iterator<Item = Permission>,
    ) -> Change {
        let Some(found) = self.roles.get_mut(role) else {
            return Change::None;
        };
        let known = found.permissions.get(resource);
        let new: BTreeSet<Permission> = permissions
            .filter(|permission| known.is_none_or(|known| !known.contains(permission)))
            .collect();
        if new.is_empty() {
            return Change::None;
        }
        let granted = &mut Arc::make_mut(found).permissions;
        granted.entry(resource.clone()).or_default().extend(new);
        Change::Roles
    }

    pub(super) fn revoke_permissions(
        &mut self,
        role: &str,
        resource: &Resource,
        permissions: &BTreeSet<Permission>,
    ) -> Result<Change, Refused> {
        self.check_applicable(role, resource, permissions)?;
        let held = self.roles.get_mut(role).filter(|found| {
            let held = found.permissions.get(resource);
            held.is_some_and(|held| !held.is_disjoint(permissions))
        });
        let Some(found) = held else {
            return Ok(Change::None);
        };
        let granted = &mut Arc::make_mut(found).permissions;
        let left = granted.remove(resource).unwrap_or_default();
        let left: BTreeSet<Permission> = left.difference(permissions).copied().collect();
        if !left.is_empty() {
            granted.insert(resource.clone(), left);
        }
        Ok(Change::Roles)
    }

    /// Applies what `author` asked for. Who creates a thing gets every permission on it.
    pub(super) fn apply_authored(
        &mut self,
        author: &str,
        asked: &Transformation,
    ) -> Result<Change, Refused> {
        let change = self.change(asked)?;
        let created = match (&change, asked) {
            (Change::KeyspaceCreated(name), _) => Resource::Keyspace(name.clone()),
            (Change::TableCreated { keyspace, name, .. }, _) => Resource::table(keyspace, name),
            (Change::Roles, Transformation::CreateRole { name, .. }) => {
                Resource::Role(name.clone())
            }
            _ => return Ok(change),
        };
        self.grant_unchecked(author, &created, created.applicable().iter().copied());
        Ok(change)
    }

    /// Takes back what was granted on resources that have gone (**L2**).
    pub(super) fn forget_grants(&mut self, has_gone: impl Fn(&Resource) -> bool) {
        for role in self.roles.values_mut() {
            if role.permissions.keys().any(&has_gone) {
                Arc::make_mut(role)
                    .permissions
                    .retain(|resource, _| !has_gone(resource));
            }
        }
    }

    fn check_roles(&self, names: &[&str]) -> Result<(), Refused> {
        let missing = names.iter().find(|name| !self.roles.contains_key(**name));
        missing.map_or(Ok(()), |name| invalid(format!("{name} doesn't exist")))
    }

    fn check_applicable(
        &self,
        role: &str,
        resource: &Resource,
        permissions: &BTreeSet<Permission>,
    ) -> Result<(), Refused> {
        if !self.roles.contains_key(role) {
            return invalid(format!("Role {role} doesn't exist"));
        }
        if !self.exists(resource) {
            return invalid(format!("Resource {resource} doesn't exist"));
        }
        let applicable = resource.applicable();
        if let Some(stranger) = permissions.iter().find(|one| !applicable.contains(one)) {
            return invalid(format!(
                "{resource} does not support the permission {}",
                stranger.name()
            ));
        }
        Ok(())
    }

    fn exists(&self, resource: &Resource) -> bool {
        match resource {
            Resource::AllKeyspaces | Resource::AllRoles => true,
            Resource::Keyspace(keyspace) | Resource::AllTables(keyspace) => {
                is_system_keyspace(keyspace) || self.keyspaces.contains_key(keyspace)
            }
            Resource::Table { keyspace, name } => {
                is_system_keyspace(keyspace) || self.table(keyspace, name).is_ok()
            }
            Resource::Role(name) => self.roles.contains_key(name),
        }
    }
}

/// The system's keyspaces are to be read at most, `system_auth` not even that.
fn check_open(resource: &Resource, permissions: &BTreeSet<Permission>) -> Result<(), Refused> {
    let Some(keyspace) = resource.keyspace().filter(|name| is_system_keyspace(name)) else {
        return Ok(());
    };
    let only_reads = permissions.iter().all(|one| *one == Permission::Select);
    if only_reads && keyspace != "system_auth" {
        return Ok(());
    }
    Err(Refused::Unauthorized(
        "Granting permissions on system keyspaces is strictly limited, this operation is not permitted"
            .to_owned(),
    ))
}
