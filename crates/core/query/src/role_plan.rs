//! CREATE, ALTER and DROP of roles and users, GRANT and REVOKE: from syntax to a transformation of
//! the metadata, and who may ask for it (semantics 10.11; `authorize`).
//!
//! Knows no hash function and nothing random: a password in plain goes to whoever runs the plan, or is
//! made there, which comes back with its hash.

use crate::error::invalid;
use crate::error::unsupported;
use crate::role_list;
use crate::select::ResultSet;
use crate::spec::ColumnSpec;
use bytes::Bytes;
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
use quorate_data::CqlType;
use quorate_types::RequestError;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

mod authorize;

/// Bytes of a password at most: bcrypt looks at no more.
const PASSWORD_BYTES_MAX: usize = 72;
/// The one column of a result that shows a generated password.
const GENERATED_PASSWORD: &str = "generated_password";

/// A planned change of roles or permissions.
#[derive(Debug, Clone)]
pub struct RolePlan {
    template: Transformation,
    password: Option<Password>,
    /// Whether ALL permissions were written, whichever those are for the resource.
    names_all: bool,
}

/// What is to be hashed before the role can be changed.
#[derive(Debug, Clone)]
enum Password {
    Given(Plain),
    /// Whoever runs the plan is to think of one.
    Generated,
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
    password: Option<Password>,
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
        password: said.password,
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
        password: said.password,
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
                RoleOption::Password(password) => said.password = Some(given(password)?),
                RoleOption::HashedPassword(hash) => said.hash = Some(hashed(hash)?),
                RoleOption::GeneratedPassword => said.password = Some(Password::Generated),
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
            Some(UserPassword::Plain(password)) => said.password = Some(given(password)?),
            Some(UserPassword::Hashed(hash)) => said.hash = Some(hashed(hash)?),
            Some(UserPassword::Generated) => said.password = Some(Password::Generated),
        }
        Ok(said)
    }
}

fn given(password: &str) -> Result<Password, RequestError> {
    if password.is_empty() || password.contains('\0') || password.len() > PASSWORD_BYTES_MAX {
        return Err(invalid(format!(
            "A password has 1 to {PASSWORD_BYTES_MAX} bytes and no NUL character"
        )));
    }
    Ok(Password::Given(Plain(password.to_owned())))
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

    /// The password that was written, to be hashed before the role can be changed.
    pub fn password(&self) -> Option<&str> {
        match &self.password {
            Some(Password::Given(plain)) => Some(&plain.0),
            Some(Password::Generated) | None => None,
        }
    }

    /// Whether a password is to be thought of, hashed, and shown once in [`Self::generated`].
    pub const fn generates_password(&self) -> bool {
        matches!(self.password, Some(Password::Generated))
    }

    pub(crate) fn columns(&self) -> Arc<[ColumnSpec]> {
        if !self.generates_password() {
            return Arc::new([]);
        }
        role_list::columns(GENERATED_PASSWORD, &[(GENERATED_PASSWORD, CqlType::Text)])
    }

    /// The result of a plan that [generates a password](Self::generates_password): the password,
    /// when the role has it now.
    pub fn generated(&self, password: Option<&str>) -> ResultSet {
        let row = |text: &str| vec![Some(Bytes::copy_from_slice(text.as_bytes()))];
        ResultSet {
            columns: self.columns(),
            rows: password.into_iter().map(row).collect(),
            paging_state: None,
            warnings: Vec::new(),
        }
    }

    /// Whether the statement's text must not be shown: it has a password in it, or the hash of one.
    pub fn has_secret(&self) -> bool {
        let has_hash = match &self.template {
            Transformation::CreateRole { salted_hash, .. }
            | Transformation::AlterRole { salted_hash, .. } => salted_hash.is_some(),
            _ => false,
        };
        has_hash || self.password().is_some()
    }

    /// What to propose to the metadata log. `hash` is that of the password.
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
}
