//! CREATE, ALTER and DROP of roles and users, GRANT and REVOKE: from syntax to a transformation of
//! the metadata, and who may ask for it (semantics 10.11).
//!
//! Knows no hash function: a password in plain goes to whoever runs the plan, which comes back with
//! its hash.

use crate::authorize::require;
use crate::error::invalid;
use crate::error::unsupported;
use quorate_cluster::Metadata;
use quorate_cluster::Permission;
use quorate_cluster::Resource;
use quorate_cluster::SaltedHash;
use quorate_cluster::Transformation;
use quorate_cql::ast;
use quorate_cql::ast::QualifiedName;
use quorate_cql::ast::RoleOption;
use quorate_cql::ast::Statement;
use quorate_cql::ast::UserPassword;
use quorate_types::RequestError;
use std::collections::BTreeSet;
use std::fmt;

/// Bytes of a password at most: bcrypt looks at no more.
const PASSWORD_BYTES_MAX: usize = 72;

/// A planned change of roles or permissions.
#[derive(Debug, Clone)]
pub struct RolePlan {
    template: Transformation,
    password: Option<Plain>,
    /// Whether ALL permissions were written, whichever those are for the resource.
    names_all: bool,
}

/// A password in plain. It does not show itself in logs.
#[derive(Clone)]
struct Plain(String);

impl fmt::Debug for Plain {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Plain")
    }
}

/// What CREATE and ALTER say of a role.
#[derive(Default)]
struct Said {
    can_login: Option<bool>,
    is_superuser: Option<bool>,
    plain: Option<Plain>,
    hash: Option<SaltedHash>,
}

type FindKeyspace<'a> = &'a dyn Fn(&QualifiedName) -> Result<String, RequestError>;

/// The plan of a statement that changes roles; `None` for statements of any other kind.
pub(crate) fn compile(
    statement: &Statement,
    keyspace_of: FindKeyspace<'_>,
) -> Result<Option<RolePlan>, RequestError> {
    let plan = match statement {
        Statement::CreateRole(create) => {
            let said = Said::of_role(&create.options)?;
            created(&create.name, said, create.if_not_exists)
        }
        Statement::CreateUser(create) => {
            let mut said = Said::of_user(create.password.as_ref(), create.superuser)?;
            said.can_login = Some(true);
            created(&create.name, said, create.if_not_exists)
        }
        Statement::AlterRole(alter) => {
            let said = Said::of_role(&alter.options)?;
            altered(&alter.name, said, alter.options.is_empty(), alter.if_exists)?
        }
        Statement::AlterUser(alter) => {
            let is_empty = alter.password.is_none() && alter.superuser.is_none();
            let said = Said::of_user(alter.password.as_ref(), alter.superuser)?;
            altered(&alter.name, said, is_empty, alter.if_exists)?
        }
        Statement::DropRole(drop) | Statement::DropUser(drop) => {
            RolePlan::of(Transformation::DropRole {
                name: drop.name.clone(),
                if_exists: drop.if_exists,
            })
        }
        Statement::GrantRole(grant) => RolePlan::of(Transformation::GrantRole {
            role: grant.role.clone(),
            grantee: grant.grantee.clone(),
        }),
        Statement::RevokeRole(grant) => RolePlan::of(Transformation::RevokeRole {
            role: grant.role.clone(),
            grantee: grant.grantee.clone(),
        }),
        Statement::Grant(grant) => {
            let resource = resource(&grant.resource, keyspace_of)?;
            let template = Transformation::GrantPermissions {
                role: grant.role.clone(),
                permissions: permissions_on(&grant.permissions, &resource),
                resource,
            };
            RolePlan::of_permissions(template, &grant.permissions)
        }
        Statement::Revoke(grant) => {
            let resource = resource(&grant.resource, keyspace_of)?;
            let template = Transformation::RevokePermissions {
                role: grant.role.clone(),
                permissions: permissions_on(&grant.permissions, &resource),
                resource,
            };
            RolePlan::of_permissions(template, &grant.permissions)
        }
        _ => return Ok(None),
    };
    Ok(Some(plan))
}

fn created(name: &str, said: Said, if_not_exists: bool) -> RolePlan {
    let template = Transformation::CreateRole {
        name: name.to_owned(),
        can_login: said.can_login.unwrap_or(false),
        is_superuser: said.is_superuser.unwrap_or(false),
        salted_hash: said.hash,
        if_not_exists,
    };
    RolePlan {
        password: said.plain,
        ..RolePlan::of(template)
    }
}

fn altered(
    name: &str,
    said: Said,
    is_empty: bool,
    if_exists: bool,
) -> Result<RolePlan, RequestError> {
    if is_empty {
        return Err(invalid("ALTER [ROLE|USER] can't be empty"));
    }
    let template = Transformation::AlterRole {
        name: name.to_owned(),
        can_login: said.can_login,
        is_superuser: said.is_superuser,
        salted_hash: said.hash,
        if_exists,
    };
    Ok(RolePlan {
        password: said.plain,
        ..RolePlan::of(template)
    })
}

impl Said {
    fn of_role(options: &[RoleOption]) -> Result<Self, RequestError> {
        let mut said = Self::default();
        let twice = |name| {
            let message = format!("Multiple definition for property '{name}'");
            Err(RequestError::Syntax(message))
        };
        for option in options {
            match option {
                RoleOption::Password(password) => said.plain = Some(plain(password)?),
                RoleOption::HashedPassword(hash) => said.hash = Some(hashed(hash)?),
                RoleOption::GeneratedPassword => {
                    return Err(unsupported("clause", "GENERATED PASSWORD"));
                }
                RoleOption::Superuser(_) if said.is_superuser.is_some() => {
                    return twice("SUPERUSER");
                }
                RoleOption::Superuser(is_superuser) => said.is_superuser = Some(*is_superuser),
                RoleOption::Login(_) if said.can_login.is_some() => return twice("LOGIN"),
                RoleOption::Login(can_login) => said.can_login = Some(*can_login),
                // Cassandra's words, so that those who know them know what to do.
                RoleOption::Options(_) => {
                    return Err(invalid(
                        "org.apache.cassandra.auth.CassandraRoleManager doesn't support OPTIONS",
                    ));
                }
                RoleOption::AccessToAllDatacenters | RoleOption::AccessFromAllCidrs => {}
                RoleOption::AccessToDatacenters(_) => {
                    return Err(invalid(
                        "ACCESS TO DATACENTERS operations not supported by AllowAllNetworkAuthorizer",
                    ));
                }
                RoleOption::AccessFromCidrs(groups) => {
                    return Err(invalid(format!(
                        "Invalid CIDR group(s): [{}]. Available CIDR Groups are: []",
                        groups.join(", ")
                    )));
                }
            }
        }
        Ok(said)
    }

    fn of_user(
        password: Option<&UserPassword>,
        is_superuser: Option<bool>,
    ) -> Result<Self, RequestError> {
        let mut said = Self {
            is_superuser,
            ..Self::default()
        };
        match password {
            None => {}
            Some(UserPassword::Plain(password)) => said.plain = Some(plain(password)?),
            Some(UserPassword::Hashed(hash)) => said.hash = Some(hashed(hash)?),
            Some(UserPassword::Generated) => {
                return Err(unsupported("clause", "GENERATED PASSWORD"));
            }
        }
        Ok(said)
    }
}

fn plain(password: &str) -> Result<Plain, RequestError> {
    if password.is_empty() || password.contains('\0') || password.len() > PASSWORD_BYTES_MAX {
        return Err(invalid(format!(
            "A password has 1 to {PASSWORD_BYTES_MAX} bytes and no NUL character"
        )));
    }
    Ok(Plain(password.to_owned()))
}

fn hashed(hash: &str) -> Result<SaltedHash, RequestError> {
    SaltedHash::new(hash)
        .ok_or_else(|| invalid("Invalid hashed password value. Please use jBcrypt."))
}

/// What a statement calls a resource.
pub(crate) fn resource(
    written: &ast::Resource,
    keyspace_of: FindKeyspace<'_>,
) -> Result<Resource, RequestError> {
    match written {
        ast::Resource::AllKeyspaces => Ok(Resource::AllKeyspaces),
        ast::Resource::Keyspace(name) => Ok(Resource::Keyspace(name.clone())),
        ast::Resource::AllTables(keyspace) => Ok(Resource::AllTables(keyspace.clone())),
        ast::Resource::Table(name) => Ok(Resource::table(keyspace_of(name)?, &name.name)),
        ast::Resource::AllRoles => Ok(Resource::AllRoles),
        ast::Resource::Role(name) => Ok(Resource::Role(name.clone())),
        ast::Resource::AllFunctions
        | ast::Resource::AllFunctionsIn(_)
        | ast::Resource::Function { .. } => Err(unsupported("resource", "FUNCTION")),
        ast::Resource::AllMbeans | ast::Resource::Mbean(_) | ast::Resource::Mbeans(_) => {
            Err(unsupported("resource", "MBEAN"))
        }
    }
}

/// The permissions written; of ALL those that mean something for the resource.
fn permissions_on(written: &ast::Permissions, resource: &Resource) -> BTreeSet<Permission> {
    match written {
        ast::Permissions::All => resource.applicable().iter().copied().collect(),
        ast::Permissions::Listed(listed) => listed.iter().copied().map(permission).collect(),
    }
}

pub(crate) const fn permission(written: ast::Permission) -> Permission {
    match written {
        ast::Permission::Create => Permission::Create,
        ast::Permission::Alter => Permission::Alter,
        ast::Permission::Drop => Permission::Drop,
        ast::Permission::Select => Permission::Select,
        ast::Permission::Modify => Permission::Modify,
        ast::Permission::Authorize => Permission::Authorize,
        ast::Permission::Describe => Permission::Describe,
        ast::Permission::Execute => Permission::Execute,
        ast::Permission::Unmask => Permission::Unmask,
        ast::Permission::SelectMasked => Permission::SelectMasked,
    }
}

impl RolePlan {
    const fn of(template: Transformation) -> Self {
        Self {
            template,
            password: None,
            names_all: false,
        }
    }

    fn of_permissions(template: Transformation, written: &ast::Permissions) -> Self {
        Self {
            names_all: matches!(written, ast::Permissions::All),
            ..Self::of(template)
        }
    }

    /// The password that is to be hashed before the role can be changed.
    pub fn password(&self) -> Option<&str> {
        self.password.as_ref().map(|plain| plain.0.as_str())
    }

    /// Whether the statement's text must not be shown: it has a password in it, or the hash of one.
    pub fn has_secret(&self) -> bool {
        let has_hash = match &self.template {
            Transformation::CreateRole { salted_hash, .. }
            | Transformation::AlterRole { salted_hash, .. } => salted_hash.is_some(),
            _ => false,
        };
        has_hash || self.password.is_some()
    }

    /// What to propose to the metadata log. `hash` is that of [`Self::password`].
    pub fn transformation(&self, hash: Option<SaltedHash>) -> Transformation {
        let mut transformation = self.template.clone();
        if let (
            Some(hash),
            Transformation::CreateRole { salted_hash, .. }
            | Transformation::AlterRole { salted_hash, .. },
        ) = (hash, &mut transformation)
        {
            *salted_hash = Some(hash);
        }
        transformation
    }

    /// What a client is told that granted what was granted `before`, or revoked what was not. Who
    /// says ALL knows that some of it may be so.
    pub fn warning(&self, before: &Metadata) -> Option<String> {
        let (role, resource, permissions, is_grant) = match &self.template {
            Transformation::GrantPermissions {
                role,
                resource,
                permissions,
            } => (role, resource, permissions, true),
            Transformation::RevokePermissions {
                role,
                resource,
                permissions,
            } => (role, resource, permissions, false),
            _ => return None,
        };
        let held = before.roles.get(role)?.permissions.get(resource);
        let is_held = |one| held.is_some_and(|held| held.contains(one));
        let idle = permissions.iter().filter(|one| is_held(one) == is_grant);
        let idle: Vec<&str> = idle.map(|one| one.name()).collect();
        if self.names_all || idle.is_empty() {
            return None;
        }
        let was = if is_grant { "already" } else { "not" };
        let idle = idle.join(", ");
        Some(format!(
            "Role '{role}' was {was} granted {idle} on {resource}"
        ))
    }

    /// Whether `actor` may do it. Nobody gives away what they have not, so roles with superuser
    /// status are for superusers.
    pub(crate) fn authorize(&self, metadata: &Metadata, actor: &str) -> Result<(), RequestError> {
        let need = |permission, resource: &Resource| require(metadata, actor, permission, resource);
        let over = |permission, role: &Resource| privileged(metadata, actor, permission, role);
        let role = |name: &String| Resource::Role(name.clone());
        match &self.template {
            Transformation::CreateRole { is_superuser, .. } => {
                over(Permission::Create, &Resource::AllRoles)?;
                let done = "can create a role with superuser status";
                only_superusers(metadata, actor, *is_superuser, done)
            }
            Transformation::AlterRole { name, .. } => self.authorize_alter(metadata, actor, name),
            Transformation::DropRole { name, .. } => {
                if name == actor {
                    return Err(invalid("Cannot DROP primary role for current login"));
                }
                over(Permission::Drop, &role(name))?;
                let done = "can drop a role with superuser status";
                only_superusers(metadata, actor, metadata.is_superuser(name), done)
            }
            Transformation::GrantRole { role: given, .. }
            | Transformation::RevokeRole { role: given, .. } => {
                over(Permission::Authorize, &role(given))?;
                let done = "can grant or revoke a role with superuser status";
                only_superusers(metadata, actor, metadata.is_superuser(given), done)
            }
            Transformation::GrantPermissions {
                resource,
                permissions,
                ..
            }
            | Transformation::RevokePermissions {
                resource,
                permissions,
                ..
            } => {
                need(Permission::Authorize, resource)?;
                permissions.iter().try_for_each(|one| need(*one, resource))
            }
            _ => Err(RequestError::Server("no change of roles".to_owned())),
        }
    }

    fn authorize_alter(
        &self,
        metadata: &Metadata,
        actor: &str,
        name: &str,
    ) -> Result<(), RequestError> {
        let Transformation::AlterRole {
            can_login,
            is_superuser,
            ..
        } = &self.template
        else {
            return Ok(());
        };
        let unauthorized = |message: &str| Err(RequestError::Unauthorized(message.to_owned()));
        if is_superuser.is_some() && metadata.is_member(actor, name) {
            return unauthorized(
                "You aren't allowed to alter your own superuser status or that of a role granted to you",
            );
        }
        if metadata.is_superuser(actor) {
            return Ok(());
        }
        if is_superuser.is_some() {
            return unauthorized("Only superusers are allowed to alter superuser status");
        }
        if name != actor {
            let role = Resource::Role(name.to_owned());
            privileged(metadata, actor, Permission::Alter, &role)?;
        } else if can_login.is_some() {
            return unauthorized("You aren't allowed to alter LOGIN");
        }
        let is_others = name != actor && metadata.is_superuser(name);
        let done = "can alter a role with superuser status";
        only_superusers(metadata, actor, is_others, done)
    }
}

/// As [`require`], in the words that statements about roles have for it.
fn privileged(
    metadata: &Metadata,
    actor: &str,
    permission: Permission,
    role: &Resource,
) -> Result<(), RequestError> {
    require(metadata, actor, permission, role).map_err(|_| {
        RequestError::Unauthorized(format!(
            "User {actor} does not have sufficient privileges to perform the requested operation"
        ))
    })
}

fn only_superusers(
    metadata: &Metadata,
    actor: &str,
    applies: bool,
    done: &str,
) -> Result<(), RequestError> {
    if applies && !metadata.is_superuser(actor) {
        return Err(RequestError::Unauthorized(format!(
            "Only superusers {done}"
        )));
    }
    Ok(())
}
