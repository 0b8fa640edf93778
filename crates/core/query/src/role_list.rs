//! LIST ROLES, USERS and PERMISSIONS: who there is and what was granted, as far as the one who asks
//! may see it.

use crate::error::invalid;
use crate::role_plan::permission;
use crate::role_plan::resource;
use crate::select::ResultSet;
use crate::spec::ColumnSpec;
use bytes::Bytes;
use quorate_cluster::Metadata;
use quorate_cluster::Permission;
use quorate_cluster::Resource;
use quorate_cluster::Role;
use quorate_cql::ast;
use quorate_cql::ast::QualifiedName;
use quorate_cql::ast::Statement;
use quorate_data::CqlType;
use quorate_data::value::encode_entries;
use quorate_types::RequestError;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

const OPTIONS: CqlType = CqlType::Map(&CqlType::Text, &CqlType::Text);

/// A planned LIST. It looks at the roles when it is executed, not when it is planned.
#[derive(Debug, Clone)]
pub struct RoleListPlan {
    what: What,
    columns: Arc<[ColumnSpec]>,
}

#[derive(Debug, Clone)]
enum What {
    Users,
    Roles {
        of: Option<String>,
        recursive: bool,
    },
    Permissions {
        permissions: BTreeSet<Permission>,
        on: Option<Resource>,
        of: Option<String>,
        recursive: bool,
    },
}

type Rows = Vec<Vec<Option<Bytes>>>;

/// The plan of a LIST; `None` for statements of any other kind.
pub(crate) fn compile(
    statement: &Statement,
    keyspace_of: &dyn Fn(&QualifiedName) -> Result<String, RequestError>,
) -> Result<Option<RoleListPlan>, RequestError> {
    let text = CqlType::Text;
    let truth = CqlType::Boolean;
    let plan = match statement {
        Statement::ListUsers => RoleListPlan {
            what: What::Users,
            columns: columns(
                "users",
                &[("name", text), ("super", truth), ("datacenters", text)],
            ),
        },
        Statement::ListRoles(list) => RoleListPlan {
            what: What::Roles {
                of: list.role.clone(),
                recursive: list.recursive,
            },
            columns: columns(
                "roles",
                &[
                    ("role", text),
                    ("super", truth),
                    ("login", truth),
                    ("options", OPTIONS),
                    ("datacenters", text),
                ],
            ),
        },
        Statement::ListPermissions(list) => RoleListPlan {
            what: What::Permissions {
                permissions: match &list.permissions {
                    ast::Permissions::All => Permission::ALL.into_iter().collect(),
                    ast::Permissions::Listed(listed) => {
                        listed.iter().copied().map(permission).collect()
                    }
                },
                on: list
                    .resource
                    .as_ref()
                    .map(|written| resource(written, keyspace_of))
                    .transpose()?,
                of: list.role.clone(),
                recursive: list.recursive,
            },
            columns: columns(
                "permissions",
                &[
                    ("role", text),
                    ("username", text),
                    ("resource", text),
                    ("permission", text),
                ],
            ),
        },
        _ => return Ok(None),
    };
    Ok(Some(plan))
}

/// Columns of what is no table, but is listed as one of `system_auth`.
pub(crate) fn columns(table: &str, columns: &[(&str, CqlType)]) -> Arc<[ColumnSpec]> {
    let column = |(name, cql_type): &(&str, CqlType)| ColumnSpec {
        keyspace: "system_auth".to_owned(),
        table: table.to_owned(),
        name: (*name).to_owned(),
        cql_type: *cql_type,
    };
    columns.iter().map(column).collect()
}

impl RoleListPlan {
    pub(crate) const fn columns(&self) -> &Arc<[ColumnSpec]> {
        &self.columns
    }

    /// The rows that `actor` may see; all of them without one.
    pub fn execute(
        &self,
        metadata: &Metadata,
        actor: Option<&str>,
    ) -> Result<ResultSet, RequestError> {
        let rows = match &self.what {
            What::Users => {
                let roles = visible(metadata, actor, None, true)?;
                let users = roles.values().filter(|role| role.can_login);
                users.map(|role| user_row(role)).collect()
            }
            What::Roles { of, recursive } => {
                let roles = visible(metadata, actor, of.as_deref(), *recursive)?;
                roles.values().map(|role| role_row(role)).collect()
            }
            What::Permissions {
                permissions,
                on,
                of,
                recursive,
            } => {
                let on = on.as_ref().map(|on| chain(on, *recursive));
                let wanted = |resource: &Resource| {
                    on.as_ref()
                        .is_none_or(|resources| resources.contains(resource))
                };
                let roles = granted(metadata, actor, of.as_deref())?;
                permission_rows(&roles, permissions, wanted)
            }
        };
        Ok(ResultSet {
            columns: Arc::clone(&self.columns),
            rows,
            paging_state: None,
            warnings: Vec::new(),
        })
    }
}

type Roles<'a> = BTreeMap<&'a str, &'a Role>;

fn by_name<'a>(roles: impl IntoIterator<Item = &'a Role>) -> Roles<'a> {
    let named = roles.into_iter().map(|role| (role.name.as_str(), role));
    named.collect()
}

fn every(metadata: &Metadata) -> Roles<'_> {
    by_name(metadata.roles.values().map(Arc::as_ref))
}

fn must_exist(metadata: &Metadata, role: &str) -> Result<(), RequestError> {
    if metadata.roles.contains_key(role) {
        return Ok(());
    }
    Err(invalid(format!("{role} doesn't exist")))
}

/// The roles granted to `of`, or all; without DESCRIBE only what was granted to `actor`.
fn visible<'a>(
    metadata: &'a Metadata,
    actor: Option<&'a str>,
    of: Option<&'a str>,
    recursive: bool,
) -> Result<Roles<'a>, RequestError> {
    let sees_all = |actor: &&str| {
        let describe = metadata.authorize(actor, Permission::Describe, &Resource::AllRoles);
        describe.is_ok()
    };
    let limited = actor.filter(|actor| !sees_all(actor));
    let Some(of) = of.or(limited) else {
        return Ok(every(metadata));
    };
    must_exist(metadata, of)?;
    if limited.is_some_and(|actor| !metadata.is_member(actor, of)) {
        return Err(RequestError::Unauthorized(format!(
            "You are not authorized to view roles granted to {of} "
        )));
    }
    let mut roles = metadata.roles_of(of);
    if !recursive {
        let direct = metadata.roles.get(of).map(|role| &role.member_of);
        roles.retain(|role| {
            role.name == of || direct.is_some_and(|direct| direct.contains(&role.name))
        });
    }
    Ok(by_name(roles))
}

/// The roles whose grants are listed: `of` with what it is a member of, or all.
fn granted<'a>(
    metadata: &'a Metadata,
    actor: Option<&str>,
    of: Option<&'a str>,
) -> Result<Roles<'a>, RequestError> {
    if let Some(of) = of {
        must_exist(metadata, of)?;
    }
    let shown = of.map_or(Resource::AllRoles, |of| Resource::Role(of.to_owned()));
    let sees = |actor| {
        let describe = metadata.authorize(actor, Permission::Describe, &shown);
        describe.is_ok() || of.is_some_and(|of| metadata.is_member(actor, of))
    };
    if !actor.is_none_or(sees) {
        return Err(RequestError::Unauthorized(format!(
            "You are not authorized to view {}'s permissions",
            of.unwrap_or("everyone")
        )));
    }
    Ok(of.map_or_else(|| every(metadata), |of| by_name(metadata.roles_of(of))))
}

/// A resource, and with it what it is part of.
fn chain(resource: &Resource, recursive: bool) -> Vec<Resource> {
    let parents = std::iter::successors(Some(resource.clone()), Resource::parent);
    parents
        .take(if recursive { usize::MAX } else { 1 })
        .collect()
}

fn permission_rows(
    roles: &Roles<'_>,
    permissions: &BTreeSet<Permission>,
    wanted: impl Fn(&Resource) -> bool,
) -> Rows {
    let mut rows = Vec::new();
    for role in roles.values() {
        let grants = role.permissions.iter();
        for (resource, held) in grants.filter(|(resource, _)| wanted(resource)) {
            let shown = resource.to_string();
            for permission in held.intersection(permissions) {
                let name = permission.name();
                rows.push(row([
                    text(&role.name),
                    text(&role.name),
                    text(&shown),
                    text(name),
                ]));
            }
        }
    }
    rows
}

fn user_row(role: &Role) -> Vec<Option<Bytes>> {
    row([text(&role.name), truth(role.is_superuser), text("ALL")])
}

fn role_row(role: &Role) -> Vec<Option<Bytes>> {
    let no_options: [(&str, &str); 0] = [];
    row([
        text(&role.name),
        truth(role.is_superuser),
        truth(role.can_login),
        encode_entries(&no_options),
        text("ALL"),
    ])
}

fn row<const N: usize>(values: [Bytes; N]) -> Vec<Option<Bytes>> {
    values.into_iter().map(Some).collect()
}

fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn truth(truth: bool) -> Bytes {
    Bytes::copy_from_slice(&[u8::from(truth)])
}
