//! The bytes of roles and permissions.

use super::CorruptMetadata;
use super::corrupt;
use super::wire::Coded;
use super::wire::Reader;
use super::wire::coded_struct;
use crate::Metadata;
use crate::Permission;
use crate::Resource;
use crate::Role;
use crate::SaltedHash;
use std::collections::BTreeSet;
use std::sync::Arc;

coded_struct!(Role {
    name,
    can_login,
    is_superuser,
    member_of,
    salted_hash,
    permissions,
});

/// The key of a role.
pub(super) fn name_of(role: &Arc<Role>) -> String {
    role.name.clone()
}

impl Coded for Arc<Role> {
    fn write(&self, out: &mut Vec<u8>) {
        Role::write(self, out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        Role::read(reader).map(Self::new)
    }
}

impl Coded for SaltedHash {
    fn write(&self, out: &mut Vec<u8>) {
        self.expose().to_owned().write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        // The bytes stay out of the message: they may be a secret.
        Self::new(String::read(reader)?).map_or_else(|| corrupt("a text that is no hash"), Ok)
    }
}

impl Coded for Permission {
    fn write(&self, out: &mut Vec<u8>) {
        let code: u8 = match self {
            Self::Create => 1,
            Self::Alter => 2,
            Self::Drop => 3,
            Self::Select => 4,
            Self::Modify => 5,
            Self::Authorize => 6,
            Self::Describe => 7,
            Self::Execute => 8,
            Self::Unmask => 9,
            Self::SelectMasked => 10,
        };
        code.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        Ok(match u8::read(reader)? {
            1 => Self::Create,
            2 => Self::Alter,
            3 => Self::Drop,
            4 => Self::Select,
            5 => Self::Modify,
            6 => Self::Authorize,
            7 => Self::Describe,
            8 => Self::Execute,
            9 => Self::Unmask,
            10 => Self::SelectMasked,
            code => return corrupt(format!("permission {code}")),
        })
    }
}

impl Coded for Resource {
    fn write(&self, out: &mut Vec<u8>) {
        let (code, texts): (u8, &[&String]) = match self {
            Self::AllKeyspaces => (1, &[]),
            Self::Keyspace(name) => (2, &[name]),
            Self::AllTables(keyspace) => (3, &[keyspace]),
            Self::Table { keyspace, name } => (4, &[keyspace, name]),
            Self::AllRoles => (5, &[]),
            Self::Role(name) => (6, &[name]),
        };
        code.write(out);
        for text in texts {
            text.write(out);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        Ok(match u8::read(reader)? {
            1 => Self::AllKeyspaces,
            2 => Self::Keyspace(Coded::read(reader)?),
            3 => Self::AllTables(Coded::read(reader)?),
            4 => Self::Table {
                keyspace: Coded::read(reader)?,
                name: Coded::read(reader)?,
            },
            5 => Self::AllRoles,
            6 => Self::Role(Coded::read(reader)?),
            code => return corrupt(format!("resource {code}")),
        })
    }
}

/// What spans roles: members exist and no role is its own member; no grant is empty.
pub(super) fn check(metadata: &Metadata) -> Result<(), CorruptMetadata> {
    let mut checked: BTreeSet<&str> = BTreeSet::new();
    for role in metadata.roles.values() {
        if let Some(missing) = role
            .member_of
            .iter()
            .find(|name| !metadata.roles.contains_key(*name))
        {
            return corrupt(format!(
                "role {} is a member of {missing}, no role",
                role.name
            ));
        }
        if role.permissions.values().any(BTreeSet::is_empty) {
            return corrupt(format!("role {} has a grant of nothing", role.name));
        }
    }
    // Roles whose memberships are all checked, again and again: what is left has a circle.
    while checked.len() < metadata.roles.len() {
        let before = checked.len();
        for role in metadata.roles.values() {
            if role
                .member_of
                .iter()
                .all(|name| checked.contains(name.as_str()))
            {
                checked.insert(&role.name);
            }
        }
        if checked.len() == before {
            return corrupt("a role that is a member of itself");
        }
    }
    Ok(())
}
