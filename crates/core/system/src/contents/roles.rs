//! `system_auth`: who there is, who is a member of what, who may do what. The tables are laid out as
//! Cassandra stores them; ours are in the metadata (`docs/decisions/0007-roles-in-the-metadata-log.md`).
//!
//! # Invariants
//!
//! * **Y3** No password's hash is in any table, not even for those who may read them: `salted_hash`
//!   is null in every row. A role is moved to another cluster with a new password.

use crate::Snapshot;
use crate::rows::Rows;
use crate::rows::Wire;
use crate::rows::boolean;
use crate::rows::text;
use crate::rows::text_set;
use quorate_cluster::Permission;
use quorate_cluster::Resource;
use quorate_cluster::Role;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) fn roles(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    for role in all(snapshot) {
        rows.put(&[
            ("role", text(&role.name)),
            ("can_login", boolean(role.can_login)),
            ("is_superuser", boolean(role.is_superuser)),
            ("member_of", set_or_null(&role.member_of)),
            // Y3.
            ("salted_hash", Wire::default()),
        ]);
    }
}

pub(super) fn role_members(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    for member in all(snapshot) {
        for role in &member.member_of {
            rows.put(&[("role", text(role)), ("member", text(&member.name))]);
        }
    }
}

pub(super) fn role_permissions(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    for (role, resource, permissions) in grants(snapshot) {
        let names = permissions.iter().map(|permission| permission.name());
        rows.put(&[
            ("role", text(&role.name)),
            ("resource", text(&resource.path())),
            ("permissions", text_set(names)),
        ]);
    }
}

pub(super) fn roles_by_resource(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    for (role, resource, _) in grants(snapshot) {
        rows.put(&[
            ("resource", text(&resource.path())),
            ("role", text(&role.name)),
        ]);
    }
}

fn all<'a>(snapshot: &Snapshot<'a>) -> impl Iterator<Item = &'a Role> + use<'a> {
    snapshot.metadata.roles.values().map(Arc::as_ref)
}

/// What was granted: to whom, on what, which.
fn grants<'a>(
    snapshot: &Snapshot<'a>,
) -> impl Iterator<Item = (&'a Role, &'a Resource, &'a BTreeSet<Permission>)> + use<'a> {
    all(snapshot).flat_map(|role| {
        let granted = role.permissions.iter();
        granted.map(move |(resource, permissions)| (role, resource, permissions))
    })
}

/// A set that is stored element by element has no empty form.
fn set_or_null(texts: &BTreeSet<String>) -> Wire {
    if texts.is_empty() {
        Wire::default()
    } else {
        text_set(texts)
    }
}
