//! Roles, what they may do and on what. Pure data; who may do a thing is decided in `authorize`,
//! how roles change in `apply`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;

/// Work factors of password hashes that are taken: above the last, checking one password would
/// take seconds.
const HASH_COST_MAX: u8 = 14;
/// Characters of a bcrypt hash: prefix, cost, salt and digest.
const HASH_CHARS: usize = 60;

/// Somebody who may log in, or a set of permissions to be granted to others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Whether a client may log in as it.
    pub can_login: bool,
    /// Whether it may do everything.
    pub is_superuser: bool,
    /// The roles granted to it, whose permissions it has too.
    pub member_of: BTreeSet<String>,
    /// Its password's hash; without one nobody logs in by password.
    pub salted_hash: Option<SaltedHash>,
    /// What was granted to it itself; no set is empty.
    pub permissions: BTreeMap<Resource, BTreeSet<Permission>>,
}

/// The bcrypt hash of a password. It does not show itself in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct SaltedHash(String);

impl SaltedHash {
    /// Takes a text of bcrypt's form: `$2a$10$`, 22 characters of salt, 31 of digest. `None` for
    /// any other text, and for work factors that would make logging in a burden.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let rest = ["$2a$", "$2b$", "$2x$", "$2y$"]
            .into_iter()
            .find_map(|prefix| text.strip_prefix(prefix))?;
        let (cost, digest) = rest.split_once('$')?;
        let is_hash = text.len() == HASH_CHARS
            && cost.len() == 2
            && matches!(cost.parse(), Ok(4..=HASH_COST_MAX))
            && digest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'/');
        is_hash.then_some(Self(text))
    }

    /// The text, for comparing a password with it and for those who may read it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SaltedHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SaltedHash")
    }
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Make keyspaces, tables or roles.
    Create,
    /// Change them; for roles also their passwords.
    Alter,
    /// Remove them.
    Drop,
    /// Read rows.
    Select,
    /// Write rows.
    Modify,
    /// Grant and revoke.
    Authorize,
    /// List roles.
    Describe,
    /// Call functions.
    Execute,
    /// See masked columns as they are.
    Unmask,
    /// Read masked columns, masked.
    SelectMasked,
}

impl Permission {
    /// All of them, in the order in which they are listed.
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
    pub const fn name(self) -> &'static str {
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

/// What a permission is about. Each but the two roots has a parent, whose permissions hold for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Every keyspace of users; the system's are not among them.
    AllKeyspaces,
    /// A keyspace and its tables.
    Keyspace(String),
    /// The tables of a keyspace.
    AllTables(String),
    /// A table.
    Table {
        /// Its keyspace.
        keyspace: String,
        /// Its name.
        name: String,
    },
    /// Every role.
    AllRoles,
    /// A role.
    Role(String),
}

impl Resource {
    /// A table.
    pub fn table(keyspace: impl Into<String>, name: impl Into<String>) -> Self {
        Self::Table {
            keyspace: keyspace.into(),
            name: name.into(),
        }
    }

    /// What it is part of.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        match self {
            Self::AllKeyspaces | Self::AllRoles => None,
            // System keyspaces are outside ALL KEYSPACES: nobody is given them by accident.
            Self::Keyspace(name) if crate::is_system_keyspace(name) => None,
            Self::Keyspace(_) => Some(Self::AllKeyspaces),
            Self::AllTables(keyspace) => Some(Self::Keyspace(keyspace.clone())),
            Self::Table { keyspace, .. } => Some(Self::AllTables(keyspace.clone())),
            Self::Role(_) => Some(Self::AllRoles),
        }
    }

    /// The keyspace that it is or lies in.
    pub fn keyspace(&self) -> Option<&str> {
        match self {
            Self::AllKeyspaces | Self::AllRoles | Self::Role(_) => None,
            Self::Keyspace(keyspace) | Self::AllTables(keyspace) | Self::Table { keyspace, .. } => {
                Some(keyspace)
            }
        }
    }

    /// The permissions that mean something for it.
    pub const fn applicable(&self) -> &'static [Permission] {
        use Permission::Alter;
        use Permission::Authorize;
        use Permission::Create;
        use Permission::Describe;
        use Permission::Drop;
        use Permission::Modify;
        use Permission::Select;
        use Permission::SelectMasked;
        use Permission::Unmask;
        match self {
            Self::AllKeyspaces | Self::Keyspace(_) | Self::AllTables(_) => &[
                Create,
                Alter,
                Drop,
                Select,
                Modify,
                Authorize,
                Unmask,
                SelectMasked,
            ],
            Self::Table { .. } => &[Alter, Drop, Select, Modify, Authorize, Unmask, SelectMasked],
            Self::AllRoles => &[Create, Alter, Drop, Authorize, Describe],
            Self::Role(_) => &[Alter, Drop, Authorize, Describe],
        }
    }

    /// How `system_auth` and drivers' tools write it: `data/ks/t`, `roles/r`.
    pub fn path(&self) -> String {
        match self {
            Self::AllKeyspaces => "data".to_owned(),
            Self::Keyspace(name) => format!("data/{name}"),
            Self::AllTables(keyspace) => format!("data/{keyspace}/*"),
            Self::Table { keyspace, name } => format!("data/{keyspace}/{name}"),
            Self::AllRoles => "roles".to_owned(),
            Self::Role(name) => format!("roles/{name}"),
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllKeyspaces => out.write_str("<all keyspaces>"),
            Self::Keyspace(name) => write!(out, "<keyspace {name}>"),
            Self::AllTables(keyspace) => write!(out, "<all tables in {keyspace}>"),
            Self::Table { keyspace, name } => write!(out, "<table {keyspace}.{name}>"),
            Self::AllRoles => out.write_str("<all roles>"),
            Self::Role(name) => write!(out, "<role {name}>"),
        }
    }
}
