//! CREATE, ALTER and DROP KEYSPACE, and dropping tables.

use super::invalid;
use super::is_plain_name;
use crate::Change;
use crate::Keyspace;
use crate::Metadata;
use crate::NodeState;
use crate::Refused;
use crate::ReplicationStrategy;
use crate::Resource;
use crate::is_system_keyspace;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A keyspace's name is at most this long.
const KEYSPACE_NAME_CHARS_MAX: usize = 48;
/// The system keyspaces that have no data.
const VIRTUAL_KEYSPACES: [&str; 2] = ["system_views", "system_virtual_schema"];

/// Refuses what would change a system keyspace.
pub(super) fn check_modifiable(keyspace: &str) -> Result<(), Refused> {
    if VIRTUAL_KEYSPACES.contains(&keyspace) {
        return invalid(format!(
            "Virtual keyspace '{keyspace}' is not user-modifiable"
        ));
    }
    if is_system_keyspace(keyspace) {
        return Err(Refused::Unauthorized(format!(
            "{keyspace} keyspace is not user-modifiable."
        )));
    }
    Ok(())
}

impl Metadata {
    pub(super) fn create_keyspace(
        &mut self,
        name: &str,
        replication: Option<&BTreeMap<String, String>>,
        durable_writes: bool,
        if_not_exists: bool,
    ) -> Result<Change, Refused> {
        check_modifiable(name)?;
        let Some(replication) = replication else {
            return invalid("Missing mandatory option 'replication'");
        };
        if self.keyspaces.contains_key(name) {
            if if_not_exists {
                return Ok(Change::None);
            }
            return Err(Refused::AlreadyExists {
                keyspace: name.to_owned(),
                table: None,
            });
        }
        if !is_plain_name(name) || name.len() > KEYSPACE_NAME_CHARS_MAX {
            return Err(Refused::Config(format!(
                "Keyspace name must not be empty, more than {KEYSPACE_NAME_CHARS_MAX} characters long, or contain non-alphanumeric-underscore characters (got \"{name}\")"
            )));
        }
        let replication = ReplicationStrategy::parse(name, replication, &self.datacenters(), None)?;
        let keyspace = Keyspace {
            name: name.to_owned(),
            replication,
            durable_writes,
            tables: BTreeMap::new(),
        };
        self.keyspaces.insert(name.to_owned(), Arc::new(keyspace));
        Ok(Change::KeyspaceCreated(name.to_owned()))
    }

    pub(super) fn alter_keyspace(
        &mut self,
        name: &str,
        replication: Option<&BTreeMap<String, String>>,
        durable_writes: Option<bool>,
        if_exists: bool,
    ) -> Result<Change, Refused> {
        check_modifiable(name)?;
        let Some(old) = self.keyspaces.get(name) else {
            return missing_keyspace(name, if_exists);
        };
        let mut altered = Keyspace::clone(old);
        if let Some(written) = replication {
            altered.replication = ReplicationStrategy::parse(
                name,
                written,
                &self.datacenters(),
                Some(&old.replication),
            )?;
        }
        if let Some(durable_writes) = durable_writes {
            altered.durable_writes = durable_writes;
        }
        if altered == **old {
            return Ok(Change::None);
        }
        if altered.replication != old.replication {
            self.check_no_range_movements()?;
        }
        self.keyspaces.insert(name.to_owned(), Arc::new(altered));
        Ok(Change::KeyspaceAltered(name.to_owned()))
    }

    pub(super) fn drop_keyspace(&mut self, name: &str, if_exists: bool) -> Result<Change, Refused> {
        check_modifiable(name)?;
        let Some(dropped) = self.keyspaces.remove(name) else {
            return missing_keyspace(name, if_exists);
        };
        let tables = dropped
            .tables
            .values()
            .map(|table| (table.name.clone(), table.id))
            .collect();
        self.forget_grants(|resource| resource.keyspace() == Some(name));
        Ok(Change::KeyspaceDropped {
            name: name.to_owned(),
            tables,
        })
    }

    pub(super) fn drop_table(
        &mut self,
        keyspace: &str,
        table: &str,
        if_exists: bool,
    ) -> Result<Change, Refused> {
        check_modifiable(keyspace)?;
        let dropped = self
            .keyspaces
            .get_mut(keyspace)
            .filter(|found| found.tables.contains_key(table))
            .and_then(|found| Arc::make_mut(found).tables.remove(table));
        match dropped {
            None => missing_table(keyspace, table, if_exists),
            Some(dropped) => {
                let gone = Resource::table(keyspace, table);
                self.forget_grants(|resource| *resource == gone);
                Ok(Change::TableDropped {
                    keyspace: keyspace.to_owned(),
                    name: table.to_owned(),
                    id: dropped.id,
                })
            }
        }
    }

    fn check_no_range_movements(&self) -> Result<(), Refused> {
        let moving: Vec<String> = self
            .present_nodes()
            .filter(|node| node.state != NodeState::Normal)
            .map(|node| node.internode.to_string())
            .collect();
        if moving.is_empty() {
            return Ok(());
        }
        Err(Refused::Config(format!(
            "Cannot alter RF while some endpoints are not in normal state (no range movements): [{}]",
            moving.join(", ")
        )))
    }
}

fn missing_keyspace(name: &str, if_exists: bool) -> Result<Change, Refused> {
    if if_exists {
        Ok(Change::None)
    } else {
        invalid(format!("Keyspace '{name}' doesn't exist"))
    }
}

/// A table that an ALTER or DROP names does not exist.
pub(super) fn missing_table(
    keyspace: &str,
    table: &str,
    if_exists: bool,
) -> Result<Change, Refused> {
    if if_exists {
        Ok(Change::None)
    } else {
        invalid(format!("Table '{keyspace}.{table}' doesn't exist"))
    }
}
