//! What the server tells those who registered: nodes that come and go, the schema's changes.

use crate::ProtocolViolation;
use crate::Version;
use crate::reader::Reader;
use crate::writer::Writer;
use std::net::SocketAddr;

type Result<T> = std::result::Result<T, ProtocolViolation>;

/// What REGISTER asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// Nodes that join, leave and move.
    TopologyChange,
    /// Nodes that come up and go down.
    StatusChange,
    /// Keyspaces, tables and the like.
    SchemaChange,
}

/// Something that happened, for those who registered for its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A node joined, left or moved.
    Topology {
        /// Which of these.
        change: TopologyChange,
        /// Where its clients reach it.
        address: SocketAddr,
    },
    /// A node came up or went down.
    Status {
        /// Which of these.
        change: StatusChange,
        /// Where its clients reach it.
        address: SocketAddr,
    },
    /// The schema changed.
    Schema(SchemaChange),
}

/// How a node's membership changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopologyChange {
    /// It joined.
    NewNode,
    /// It left, or was removed.
    RemovedNode,
    /// It has other tokens.
    MovedNode,
}

/// How a node's state changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusChange {
    /// It serves.
    Up,
    /// It is silent.
    Down,
}

/// A change of the schema; both an event and the result of the statement that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaChange {
    /// What was done.
    pub change: SchemaChangeKind,
    /// To what.
    pub target: SchemaTarget,
}

/// What was done to a thing of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaChangeKind {
    /// It is new.
    Created,
    /// It is different.
    Updated,
    /// It is gone.
    Dropped,
}

/// A thing of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaTarget {
    /// A keyspace.
    Keyspace {
        /// Its name.
        keyspace: String,
    },
    /// A table (or an index of it, or a view).
    Table {
        /// Its keyspace.
        keyspace: String,
        /// Its name.
        name: String,
    },
    /// A user defined type.
    Type {
        /// Its keyspace.
        keyspace: String,
        /// Its name.
        name: String,
    },
    /// A function. Version 3 says that its keyspace was updated.
    Function {
        /// Its keyspace.
        keyspace: String,
        /// Its name.
        name: String,
        /// Its argument types, in CQL.
        argument_types: Vec<String>,
    },
    /// An aggregate. Version 3 says that its keyspace was updated.
    Aggregate {
        /// Its keyspace.
        keyspace: String,
        /// Its name.
        name: String,
        /// Its argument types, in CQL.
        argument_types: Vec<String>,
    },
}

/// The item of `list` that is called `name`, in any case.
fn named<T: Copy>(
    name: &str,
    kind: &'static str,
    list: &[T],
    name_of: impl Fn(T) -> &'static str,
) -> Result<T> {
    let found = list
        .iter()
        .find(|item| name_of(**item).eq_ignore_ascii_case(name));
    found
        .copied()
        .ok_or_else(|| ProtocolViolation::UnknownName {
            value: name.to_owned(),
            list: kind,
        })
}

impl EventKind {
    /// Every kind.
    pub const EVERY: [Self; 3] = [Self::TopologyChange, Self::StatusChange, Self::SchemaChange];

    /// The protocol's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TopologyChange => "TOPOLOGY_CHANGE",
            Self::StatusChange => "STATUS_CHANGE",
            Self::SchemaChange => "SCHEMA_CHANGE",
        }
    }

    /// Reads [`Self::name`].
    pub fn from_name(name: &str) -> Result<Self> {
        named(name, "Type", &Self::EVERY, Self::name)
    }
}

impl TopologyChange {
    const EVERY: [Self; 3] = [Self::NewNode, Self::RemovedNode, Self::MovedNode];

    /// The protocol's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewNode => "NEW_NODE",
            Self::RemovedNode => "REMOVED_NODE",
            Self::MovedNode => "MOVED_NODE",
        }
    }
}

impl StatusChange {
    const EVERY: [Self; 2] = [Self::Up, Self::Down];

    /// The protocol's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "UP",
            Self::Down => "DOWN",
        }
    }
}

impl SchemaChangeKind {
    const EVERY: [Self; 3] = [Self::Created, Self::Updated, Self::Dropped];

    /// The protocol's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Updated => "UPDATED",
            Self::Dropped => "DROPPED",
        }
    }
}

impl Event {
    /// What a client registers for to get it.
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Topology { .. } => EventKind::TopologyChange,
            Self::Status { .. } => EventKind::StatusChange,
            Self::Schema(_) => EventKind::SchemaChange,
        }
    }

    pub(crate) fn read(reader: &mut Reader) -> Result<Self> {
        let kind = EventKind::from_name(&reader.string()?)?;
        Ok(match kind {
            EventKind::TopologyChange => Self::Topology {
                change: named(
                    &reader.string()?,
                    "Change",
                    &TopologyChange::EVERY,
                    TopologyChange::name,
                )?,
                address: reader.socket_address()?,
            },
            EventKind::StatusChange => Self::Status {
                change: named(
                    &reader.string()?,
                    "Status",
                    &StatusChange::EVERY,
                    StatusChange::name,
                )?,
                address: reader.socket_address()?,
            },
            EventKind::SchemaChange => Self::Schema(SchemaChange::read(reader)?),
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>, version: Version) {
        writer.string(self.kind().name());
        match self {
            Self::Topology { change, address } => {
                writer.string(change.name());
                writer.socket_address(*address);
            }
            Self::Status { change, address } => {
                writer.string(change.name());
                writer.socket_address(*address);
            }
            Self::Schema(change) => change.write(writer, version),
        }
    }
}

impl SchemaChange {
    pub(crate) fn read(reader: &mut Reader) -> Result<Self> {
        let change = named(
            &reader.string()?,
            "Change",
            &SchemaChangeKind::EVERY,
            SchemaChangeKind::name,
        )?;
        let target = reader.string()?;
        let keyspace = reader.string()?;
        let target = match target.as_str() {
            "KEYSPACE" => SchemaTarget::Keyspace { keyspace },
            "TABLE" => SchemaTarget::Table {
                keyspace,
                name: reader.string()?,
            },
            "TYPE" => SchemaTarget::Type {
                keyspace,
                name: reader.string()?,
            },
            "FUNCTION" => SchemaTarget::Function {
                keyspace,
                name: reader.string()?,
                argument_types: reader.string_list()?,
            },
            "AGGREGATE" => SchemaTarget::Aggregate {
                keyspace,
                name: reader.string()?,
                argument_types: reader.string_list()?,
            },
            _ => {
                return Err(ProtocolViolation::UnknownName {
                    value: target,
                    list: "Target",
                });
            }
        };
        Ok(Self { change, target })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>, version: Version) {
        let has_name = |writer: &mut Writer<'_>, target, keyspace: &str, name: &str| {
            writer.string(self.change.name());
            writer.string(target);
            writer.string(keyspace);
            writer.string(name);
        };
        match &self.target {
            SchemaTarget::Keyspace { keyspace } => {
                writer.string(self.change.name());
                writer.string("KEYSPACE");
                writer.string(keyspace);
            }
            SchemaTarget::Table { keyspace, name } => has_name(writer, "TABLE", keyspace, name),
            SchemaTarget::Type { keyspace, name } => has_name(writer, "TYPE", keyspace, name),
            SchemaTarget::Function { keyspace, .. } | SchemaTarget::Aggregate { keyspace, .. }
                if version < Version::V4 =>
            {
                writer.string(SchemaChangeKind::Updated.name());
                writer.string("KEYSPACE");
                writer.string(keyspace);
            }
            SchemaTarget::Function {
                keyspace,
                name,
                argument_types,
            } => {
                has_name(writer, "FUNCTION", keyspace, name);
                writer.string_list(argument_types);
            }
            SchemaTarget::Aggregate {
                keyspace,
                name,
                argument_types,
            } => {
                has_name(writer, "AGGREGATE", keyspace, name);
                writer.string_list(argument_types);
            }
        }
    }
}
