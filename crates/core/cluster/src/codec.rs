//! The bytes of the metadata state and of its transformations: what the metadata log stores,
//! sends and snapshots. `docs/formats/metadata.md` draws them.
//!
//! Equal values have equal bytes. What is derived (ring, placements, look-ups) is not written.
//! Checksums are the business of whoever stores the bytes.
//!
//! # Invariants
//!
//! * **C1** Decoding never panics and never reserves memory that the bytes do not back.
//! * **C2** What decodes satisfies the invariants of the state: ids unique, keys complete.

mod roles;
mod schema;
mod transformation;
mod wire;

use crate::Metadata;
use crate::Node;
use crate::NodeState;
use crate::Transformation;
use bytes::Bytes;
use std::collections::BTreeSet;
use wire::Coded;
use wire::Reader;
use wire::coded_struct;

/// The newest version that is read.
const VERSION: u8 = 2;
/// The version of what has no roles in it. It is still written for that, so that older builds read
/// all they can understand.
const VERSION_WITHOUT_ROLES: u8 = 1;

/// Bytes that are no metadata, or of a newer version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("corrupt metadata: {0}")]
pub struct CorruptMetadata(pub String);

impl Metadata {
    /// The snapshot's bytes; equal states, equal bytes.
    pub fn encode(&self) -> Bytes {
        let version = if self.roles.is_empty() {
            VERSION_WITHOUT_ROLES
        } else {
            VERSION
        };
        let mut out = vec![version];
        self.epoch.0.write(&mut out);
        self.schema_epoch.0.write(&mut out);
        self.cluster_name.write(&mut out);
        wire::write_all(self.nodes.values(), &mut out);
        wire::write_all(self.keyspaces.values(), &mut out);
        self.metadata_replicas.write(&mut out);
        if version > VERSION_WITHOUT_ROLES {
            wire::write_all(self.roles.values(), &mut out);
        }
        out.into()
    }

    /// Reads [`Self::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CorruptMetadata> {
        let (version, mut reader) = versioned(bytes)?;
        let reader = &mut reader;
        let mut metadata = Self::empty("");
        metadata.epoch.0 = Coded::read(reader)?;
        metadata.schema_epoch.0 = Coded::read(reader)?;
        metadata.cluster_name = Coded::read(reader)?;
        metadata.nodes = wire::read_keyed(reader, |node: &Node| node.host_id)?;
        metadata.keyspaces = wire::read_keyed(reader, schema::name_of)?;
        metadata.metadata_replicas = Coded::read(reader)?;
        if version > VERSION_WITHOUT_ROLES {
            metadata.roles = wire::read_keyed(reader, roles::name_of)?;
        }
        reader.finish()?;
        check(&metadata)?;
        Ok(metadata.rebuilt())
    }
}

impl Transformation {
    /// The bytes of a log entry.
    pub fn encode(&self) -> Bytes {
        let mut out = vec![self.version()];
        self.write(&mut out);
        out.into()
    }

    /// The oldest version that has this transformation.
    const fn version(&self) -> u8 {
        match self {
            Self::Initialize { .. }
            | Self::Join { .. }
            | Self::UpdateNode { .. }
            | Self::CreateKeyspace { .. }
            | Self::AlterKeyspace { .. }
            | Self::DropKeyspace { .. }
            | Self::CreateTable { .. }
            | Self::AlterTable { .. }
            | Self::DropTable { .. } => VERSION_WITHOUT_ROLES,
            Self::CreateFirstSuperuser { .. }
            | Self::CreateRole { .. }
            | Self::AlterRole { .. }
            | Self::DropRole { .. }
            | Self::GrantRole { .. }
            | Self::RevokeRole { .. }
            | Self::GrantPermissions { .. }
            | Self::RevokePermissions { .. }
            | Self::Authored { .. } => VERSION,
        }
    }

    /// Reads [`Self::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CorruptMetadata> {
        let (_, mut reader) = versioned(bytes)?;
        let transformation = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(transformation)
    }
}

fn corrupt<T>(message: impl Into<String>) -> Result<T, CorruptMetadata> {
    Err(CorruptMetadata(message.into()))
}

/// The version and what follows it.
fn versioned(bytes: &[u8]) -> Result<(u8, Reader<'_>), CorruptMetadata> {
    match bytes.split_first() {
        None => corrupt("no bytes"),
        Some((&version @ 1..=VERSION, rest)) => Ok((version, Reader::new(rest))),
        Some((version, _)) => corrupt(format!(
            "version {version}, but this build reads version {VERSION}"
        )),
    }
}

/// What spans nodes and tables (**C2**).
fn check(metadata: &Metadata) -> Result<(), CorruptMetadata> {
    for host_id in &metadata.metadata_replicas {
        if !metadata.nodes.contains_key(host_id) {
            return corrupt(format!("metadata replica {host_id} is no node"));
        }
    }
    let mut tokens = BTreeSet::new();
    for token in metadata.present_nodes().flat_map(|node| &node.tokens) {
        if !tokens.insert(token) {
            return corrupt(format!("token {token} has two owners"));
        }
    }
    let mut ids = BTreeSet::new();
    for keyspace in metadata.keyspaces.values() {
        for table in keyspace.tables.values() {
            if table.keyspace != keyspace.name {
                return corrupt(format!(
                    "table {} lies in another keyspace",
                    table.full_name()
                ));
            }
            if !ids.insert(table.id) {
                return corrupt(format!("table id {} has two tables", table.id));
            }
        }
    }
    roles::check(metadata)
}

coded_struct!(Node {
    host_id,
    internode,
    client,
    native,
    datacenter,
    rack,
    state,
    tokens,
    build,
});

impl Coded for NodeState {
    fn write(&self, out: &mut Vec<u8>) {
        let code: u8 = match self {
            Self::Joining => 1,
            Self::Normal => 2,
            Self::Leaving => 3,
            Self::Left => 4,
        };
        code.write(out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        match u8::read(reader)? {
            1 => Ok(Self::Joining),
            2 => Ok(Self::Normal),
            3 => Ok(Self::Leaving),
            4 => Ok(Self::Left),
            code => corrupt(format!("node state {code}")),
        }
    }
}

#[cfg(test)]
mod tests;
