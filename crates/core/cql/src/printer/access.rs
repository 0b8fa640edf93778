//! Roles, users, identities, permissions. Passwords print in clear.

use super::enclosed;
use super::entries;
use super::optional;
use super::schema::IF_EXISTS;
use super::schema::IF_NOT_EXISTS;
use super::separated;
use super::term::FunctionName;
use crate::ast::AddIdentity;
use crate::ast::AlterRole;
use crate::ast::AlterUser;
use crate::ast::CreateRole;
use crate::ast::CreateUser;
use crate::ast::DropIdentity;
use crate::ast::Grant;
use crate::ast::GrantRole;
use crate::ast::ListPermissions;
use crate::ast::ListRoles;
use crate::ast::Permission;
use crate::ast::Permissions;
use crate::ast::Resource;
use crate::ast::RoleOption;
use crate::ast::UserPassword;
use crate::quote::quote_identifier;
use crate::quote::quote_string;
use std::fmt;
use std::fmt::Display;
use std::fmt::Formatter;

/// A role as a name; the empty one, refused later, only as a string.
pub(super) fn role(name: &str) -> String {
    if name.is_empty() {
        quote_string(name)
    } else {
        quote_identifier(name)
    }
}

fn role_options(f: &mut Formatter<'_>, options: &[RoleOption]) -> fmt::Result {
    if options.is_empty() {
        return Ok(());
    }
    f.write_str(" WITH ")?;
    separated(f, options, " AND ")
}

impl Display for CreateRole {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let guard = optional(self.if_not_exists, IF_NOT_EXISTS);
        write!(f, "CREATE ROLE {guard}{}", role(&self.name))?;
        role_options(f, &self.options)
    }
}

impl Display for AlterRole {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ALTER ROLE {}{}",
            optional(self.if_exists, IF_EXISTS),
            role(&self.name)
        )?;
        role_options(f, &self.options)
    }
}

impl Display for RoleOption {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let strings = |texts: &[String]| texts.iter().map(|text| quote_string(text)).collect();
        match self {
            Self::Password(password) => write!(f, "PASSWORD = {}", quote_string(password)),
            Self::HashedPassword(hash) => write!(f, "HASHED PASSWORD = {}", quote_string(hash)),
            Self::GeneratedPassword => f.write_str("GENERATED PASSWORD"),
            Self::Superuser(superuser) => write!(f, "SUPERUSER = {superuser}"),
            Self::Login(login) => write!(f, "LOGIN = {login}"),
            Self::Options(pairs) => enclosed(f, "OPTIONS = {", &entries(pairs), "}"),
            Self::AccessToAllDatacenters => f.write_str("ACCESS TO ALL DATACENTERS"),
            Self::AccessToDatacenters(names) => {
                let names: Vec<String> = strings(names);
                enclosed(f, "ACCESS TO DATACENTERS {", &names, "}")
            }
            Self::AccessFromAllCidrs => f.write_str("ACCESS FROM ALL CIDRS"),
            Self::AccessFromCidrs(names) => {
                let names: Vec<String> = strings(names);
                enclosed(f, "ACCESS FROM CIDRS {", &names, "}")
            }
        }
    }
}

fn user_options(
    f: &mut Formatter<'_>,
    password: Option<&UserPassword>,
    superuser: Option<bool>,
) -> fmt::Result {
    match password {
        None => {}
        Some(UserPassword::Plain(text)) => write!(f, " WITH PASSWORD {}", quote_string(text))?,
        Some(UserPassword::Hashed(hash)) => {
            write!(f, " WITH HASHED PASSWORD {}", quote_string(hash))?;
        }
        Some(UserPassword::Generated) => f.write_str(" WITH GENERATED PASSWORD")?,
    }
    f.write_str(match superuser {
        None => "",
        Some(true) => " SUPERUSER",
        Some(false) => " NOSUPERUSER",
    })
}

impl Display for CreateUser {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let guard = optional(self.if_not_exists, IF_NOT_EXISTS);
        write!(f, "CREATE USER {guard}{}", quote_string(&self.name))?;
        user_options(f, self.password.as_ref(), self.superuser)
    }
}

impl Display for AlterUser {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let guard = optional(self.if_exists, IF_EXISTS);
        write!(f, "ALTER USER {guard}{}", quote_string(&self.name))?;
        user_options(f, self.password.as_ref(), self.superuser)
    }
}

impl Display for AddIdentity {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let guard = optional(self.if_not_exists, IF_NOT_EXISTS);
        let (identity, role) = (quote_string(&self.identity), quote_string(&self.role));
        write!(f, "ADD IDENTITY {guard}{identity} TO ROLE {role}")
    }
}

impl Display for DropIdentity {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let guard = optional(self.if_exists, IF_EXISTS);
        write!(f, "DROP IDENTITY {guard}{}", quote_string(&self.identity))
    }
}

/// Without its verb: `permissions ON resource`.
impl Display for Grant {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} ON {}", self.permissions, self.resource)
    }
}

/// `role verb grantee`.
pub(super) fn grant_role(f: &mut Formatter<'_>, grant: &GrantRole, verb: &str) -> fmt::Result {
    write!(f, "{} {verb} {}", role(&grant.role), role(&grant.grantee))
}

impl Display for Permissions {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("ALL PERMISSIONS"),
            Self::Listed(permissions) => separated(f, permissions, ", "),
        }
    }
}

impl Display for Permission {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Display for Resource {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllKeyspaces => f.write_str("ALL KEYSPACES"),
            Self::Keyspace(name) => write!(f, "KEYSPACE {}", quote_identifier(name)),
            Self::AllTables(name) => {
                write!(f, "ALL TABLES IN KEYSPACE {}", quote_identifier(name))
            }
            Self::Table(name) => write!(f, "TABLE {name}"),
            Self::AllRoles => f.write_str("ALL ROLES"),
            Self::Role(name) => write!(f, "ROLE {}", role(name)),
            Self::AllFunctions => f.write_str("ALL FUNCTIONS"),
            Self::AllFunctionsIn(name) => {
                write!(f, "ALL FUNCTIONS IN KEYSPACE {}", quote_identifier(name))
            }
            Self::Function { name, arguments } => {
                write!(f, "FUNCTION {}", FunctionName(name))?;
                enclosed(f, "(", arguments, ")")
            }
            Self::AllMbeans => f.write_str("ALL MBEANS"),
            Self::Mbean(name) => write!(f, "MBEAN {}", quote_string(name)),
            Self::Mbeans(pattern) => write!(f, "MBEANS {}", quote_string(pattern)),
        }
    }
}

impl Display for ListPermissions {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "LIST {}", self.permissions)?;
        if let Some(resource) = &self.resource {
            write!(f, " ON {resource}")?;
        }
        of_role(f, self.role.as_deref(), self.recursive)
    }
}

impl Display for ListRoles {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("LIST ROLES")?;
        of_role(f, self.role.as_deref(), self.recursive)
    }
}

fn of_role(f: &mut Formatter<'_>, name: Option<&str>, recursive: bool) -> fmt::Result {
    if let Some(name) = name {
        write!(f, " OF {}", role(name))?;
    }
    f.write_str(optional(!recursive, " NORECURSIVE"))
}
