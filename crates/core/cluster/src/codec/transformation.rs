//! The bytes of transformations.

use super::CorruptMetadata;
use super::corrupt;
use super::wire::Coded;
use super::wire::Reader;
use super::wire::coded_struct;
use crate::ColumnDefinition;
use crate::Property;
use crate::TableChange;
use crate::TableDefinition;
use crate::Transformation;

/// The code of [`Transformation::Authored`].
const AUTHORED: u8 = 18;

/// An enum as a code byte, then the fields of the variant in the order given.
macro_rules! coded_enum {
    ($name:ident, $what:literal { $($code:literal => $variant:ident { $($field:ident),* }),* $(,)? }) => {
        impl Coded for $name {
            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant { $($field),* } => {
                        let code: u8 = $code;
                        code.write(out);
                        $($field.write(out);)*
                    })*
                }
            }

            fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
                match u8::read(reader)? {
                    $($code => Ok(Self::$variant { $($field: Coded::read(reader)?),* }),)*
                    code => corrupt(format!("{} {code}", $what)),
                }
            }
        }
    };
}

coded_enum!(Transformation, "transformation" {
    1 => Initialize { cluster_name, first, num_tokens },
    2 => Join { node, num_tokens },
    3 => UpdateNode { host_id, internode, client, native, datacenter, rack, build },
    4 => CreateKeyspace { name, replication, durable_writes, if_not_exists },
    5 => AlterKeyspace { name, replication, durable_writes, if_exists },
    6 => DropKeyspace { name, if_exists },
    7 => CreateTable { definition, if_not_exists },
    8 => AlterTable { keyspace, table, change, if_exists },
    9 => DropTable { keyspace, table, if_exists },
    10 => CreateFirstSuperuser { name, salted_hash },
    11 => CreateRole { name, can_login, is_superuser, salted_hash, if_not_exists },
    12 => AlterRole { name, can_login, is_superuser, salted_hash, if_exists },
    13 => DropRole { name, if_exists },
    14 => GrantRole { role, grantee },
    15 => RevokeRole { role, grantee },
    16 => GrantPermissions { role, resource, permissions },
    17 => RevokePermissions { role, resource, permissions },
    18 => Authored { author, asked },
});

/// What an author asked for. One level only: bytes cannot make the reader recurse for ever.
impl Coded for Box<Transformation> {
    fn write(&self, out: &mut Vec<u8>) {
        Transformation::write(self, out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        if reader.peek() == Some(AUTHORED) {
            return corrupt("an author's author");
        }
        Transformation::read(reader).map(Self::new)
    }
}

coded_struct!(TableDefinition {
    id,
    keyspace,
    name,
    columns,
    partition_key,
    clustering,
    clustering_order,
    options,
});

coded_struct!(ColumnDefinition {
    name,
    cql_type,
    is_static,
});

impl Coded for TableChange {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::AddColumns {
                columns,
                if_not_exists,
            } => {
                1u8.write(out);
                columns.write(out);
                if_not_exists.write(out);
            }
            Self::DropColumns {
                names,
                if_exists,
                at_micros,
            } => {
                2u8.write(out);
                names.write(out);
                if_exists.write(out);
                at_micros.write(out);
            }
            Self::RenameColumns { renames, if_exists } => {
                3u8.write(out);
                renames.write(out);
                if_exists.write(out);
            }
            Self::SetOptions(properties) => {
                4u8.write(out);
                properties.write(out);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        match u8::read(reader)? {
            1 => Ok(Self::AddColumns {
                columns: Coded::read(reader)?,
                if_not_exists: Coded::read(reader)?,
            }),
            2 => Ok(Self::DropColumns {
                names: Coded::read(reader)?,
                if_exists: Coded::read(reader)?,
                at_micros: Coded::read(reader)?,
            }),
            3 => Ok(Self::RenameColumns {
                renames: Coded::read(reader)?,
                if_exists: Coded::read(reader)?,
            }),
            4 => Ok(Self::SetOptions(Coded::read(reader)?)),
            code => corrupt(format!("table change {code}")),
        }
    }
}

impl Coded for Property {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text { text, quoted } => {
                1u8.write(out);
                quoted.write(out);
                text.write(out);
            }
            Self::Map(map) => {
                2u8.write(out);
                map.write(out);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CorruptMetadata> {
        match u8::read(reader)? {
            1 => Ok(Self::Text {
                quoted: Coded::read(reader)?,
                text: Coded::read(reader)?,
            }),
            2 => Ok(Self::Map(Coded::read(reader)?)),
            code => corrupt(format!("property {code}")),
        }
    }
}
