//! Who may do what: roles, users, identities, permissions.
//!
//! Printing a role with a password prints the password; log the statement's
//! [`name`](super::Statement::name) instead.

use super::Literal;
use super::QualifiedName;
use super::TypeName;

/// `CREATE ROLE [IF NOT EXISTS] name [WITH option AND …]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRole {
    /// The role: folded when unquoted, kept when quoted or a string.
    pub name: String,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// WITH.
    pub options: Vec<RoleOption>,
}

/// `ALTER ROLE [IF EXISTS] name [WITH option AND …]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterRole {
    /// The role.
    pub name: String,
    /// IF EXISTS.
    pub if_exists: bool,
    /// WITH.
    pub options: Vec<RoleOption>,
}

/// `DROP ROLE|USER [IF EXISTS] name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropRole {
    /// The role or user.
    pub name: String,
    /// IF EXISTS.
    pub if_exists: bool,
}

/// One option of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleOption {
    /// `PASSWORD = 'p'`
    Password(String),
    /// `HASHED PASSWORD = 'h'`
    HashedPassword(String),
    /// `GENERATED PASSWORD`
    GeneratedPassword,
    /// `SUPERUSER = b`
    Superuser(bool),
    /// `LOGIN = b`
    Login(bool),
    /// `OPTIONS = {…}`
    Options(Vec<(Literal, Literal)>),
    /// `ACCESS TO ALL DATACENTERS`
    AccessToAllDatacenters,
    /// `ACCESS TO DATACENTERS {'dc1', …}`
    AccessToDatacenters(Vec<String>),
    /// `ACCESS FROM ALL CIDRS`
    AccessFromAllCidrs,
    /// `ACCESS FROM CIDRS {'group', …}`
    AccessFromCidrs(Vec<String>),
}

/// `CREATE USER [IF NOT EXISTS] name [WITH PASSWORD 'p'] [SUPERUSER|NOSUPERUSER]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateUser {
    /// The user; its case is kept even unquoted.
    pub name: String,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// WITH.
    pub password: Option<UserPassword>,
    /// SUPERUSER or NOSUPERUSER, when written.
    pub superuser: Option<bool>,
}

/// `ALTER USER [IF EXISTS] name [WITH PASSWORD 'p'] [SUPERUSER|NOSUPERUSER]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterUser {
    /// The user; its case is kept even unquoted.
    pub name: String,
    /// IF EXISTS.
    pub if_exists: bool,
    /// WITH.
    pub password: Option<UserPassword>,
    /// SUPERUSER or NOSUPERUSER, when written.
    pub superuser: Option<bool>,
}

/// The password of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserPassword {
    /// `PASSWORD 'p'`
    Plain(String),
    /// `HASHED PASSWORD 'h'`
    Hashed(String),
    /// `GENERATED PASSWORD`
    Generated,
}

/// `ADD IDENTITY [IF NOT EXISTS] 'identity' TO ROLE 'role'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddIdentity {
    /// The identity, of a certificate.
    pub identity: String,
    /// The role it stands for.
    pub role: String,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
}

/// `DROP IDENTITY [IF EXISTS] 'identity'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropIdentity {
    /// The identity.
    pub identity: String,
    /// IF EXISTS.
    pub if_exists: bool,
}

/// `GRANT permissions ON resource TO role` or `REVOKE … FROM role`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Which permissions.
    pub permissions: Permissions,
    /// On what.
    pub resource: Resource,
    /// To or from whom.
    pub role: String,
}

/// `GRANT role TO grantee` or `REVOKE role FROM grantee`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRole {
    /// The role given or taken.
    pub role: String,
    /// To or from whom.
    pub grantee: String,
}

/// Which permissions are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permissions {
    /// ALL
    All,
    /// A list, never empty.
    Listed(Vec<Permission>),
}

/// A permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// CREATE
    Create,
    /// ALTER
    Alter,
    /// DROP
    Drop,
    /// SELECT
    Select,
    /// MODIFY
    Modify,
    /// AUTHORIZE
    Authorize,
    /// DESCRIBE
    Describe,
    /// EXECUTE
    Execute,
    /// UNMASK
    Unmask,
    /// SELECT_MASKED
    SelectMasked,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Create,
        Self::Alter,
        Self::Drop,
        Self::Select,
        Self::Modify,
        Self::Authorize,
        Self::Describe,
        Self::Execute,
        Self::Unmask,
        Self::SelectMasked,
    ];

    /// Its name, upper case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Alter => "ALTER",
            Self::Drop => "DROP",
            Self::Select => "SELECT",
            Self::Modify => "MODIFY",
            Self::Authorize => "AUTHORIZE",
            Self::Describe => "DESCRIBE",
            Self::Execute => "EXECUTE",
            Self::Unmask => "UNMASK",
            Self::SelectMasked => "SELECT_MASKED",
        }
    }
}

/// What a permission is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// `ALL KEYSPACES`
    AllKeyspaces,
    /// `KEYSPACE ks`
    Keyspace(String),
    /// `ALL TABLES IN KEYSPACE ks`
    AllTables(String),
    /// `[TABLE] ks.t`
    Table(QualifiedName),
    /// `ALL ROLES`
    AllRoles,
    /// `ROLE r`
    Role(String),
    /// `ALL FUNCTIONS`
    AllFunctions,
    /// `ALL FUNCTIONS IN KEYSPACE ks`
    AllFunctionsIn(String),
    /// `FUNCTION f(type, …)`
    Function {
        /// The function.
        name: QualifiedName,
        /// The types of its arguments.
        arguments: Vec<TypeName>,
    },
    /// `ALL MBEANS`
    AllMbeans,
    /// `MBEAN 'name'`
    Mbean(String),
    /// `MBEANS 'pattern'`
    Mbeans(String),
}

/// `LIST permissions [ON resource] [OF role] [NORECURSIVE]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPermissions {
    /// Which permissions.
    pub permissions: Permissions,
    /// ON.
    pub resource: Option<Resource>,
    /// OF.
    pub role: Option<String>,
    /// Whether inherited ones count; not with NORECURSIVE.
    pub recursive: bool,
}

/// `LIST ROLES [OF role] [NORECURSIVE]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRoles {
    /// OF.
    pub role: Option<String>,
    /// Whether inherited ones count; not with NORECURSIVE.
    pub recursive: bool,
}
