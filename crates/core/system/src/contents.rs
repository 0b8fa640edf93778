//! What each table holds for a snapshot.

mod nodes;
mod roles;
mod schema;
mod sizes;
mod traces;
mod views;

use crate::Snapshot;
use crate::rows::Rows;
use crate::rows::blob;
use crate::rows::text;
use crate::rows::text_or_null;
use crate::table_by_id;
use quorate_data::memory::MemoryTable;
use quorate_types::TableId;

/// The rows of a system table; `None` when the id is of none.
pub fn contents(table: TableId, snapshot: &Snapshot<'_>) -> Option<MemoryTable> {
    let table = table_by_id(table)?;
    let mut rows = Rows::of(table);
    match (table.keyspace.as_str(), table.name.as_str()) {
        ("system", "local") => nodes::local(&mut rows, snapshot),
        ("system", "peers") => nodes::peers(&mut rows, snapshot),
        ("system", "peers_v2") => nodes::peers_v2(&mut rows, snapshot),
        ("system", "prepared_statements") => prepared_statements(&mut rows, snapshot),
        ("system", "size_estimates") => sizes::size_estimates(&mut rows, snapshot),
        ("system", "table_estimates") => sizes::table_estimates(&mut rows, snapshot),
        ("system_schema", "keyspaces") => schema::keyspaces(&mut rows, snapshot),
        ("system_schema", "tables") => schema::tables(&mut rows, snapshot),
        ("system_schema", "columns") => schema::columns(&mut rows, snapshot),
        ("system_schema", "dropped_columns") => schema::dropped_columns(&mut rows, snapshot),
        ("system_virtual_schema", "keyspaces") => schema::virtual_keyspaces(&mut rows),
        ("system_virtual_schema", "tables") => schema::virtual_tables(&mut rows),
        ("system_virtual_schema", "columns") => schema::virtual_columns(&mut rows),
        ("system_auth", "roles") => roles::roles(&mut rows, snapshot),
        ("system_auth", "role_members") => roles::role_members(&mut rows, snapshot),
        ("system_auth", "role_permissions") => roles::role_permissions(&mut rows, snapshot),
        ("system_auth", "resource_role_permissons_index") => {
            roles::roles_by_resource(&mut rows, snapshot);
        }
        ("system_traces", "sessions") => traces::sessions(&mut rows, snapshot),
        ("system_traces", "events") => traces::events(&mut rows, snapshot),
        ("system_views", "clients") => views::clients(&mut rows, snapshot),
        ("system_views", "gossip_info") => views::gossip_info(&mut rows, snapshot),
        ("system_views", "settings") => views::settings(&mut rows, snapshot),
        // Of what Quorate has not, or does not tell in tables.
        _ => {}
    }
    Some(rows.finish())
}

fn prepared_statements(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    for statement in &snapshot.prepared {
        rows.put(&[
            ("prepared_id", blob(&statement.id)),
            ("logged_keyspace", text_or_null(statement.keyspace.as_ref())),
            ("query_string", text(&statement.query)),
        ]);
    }
}

#[cfg(test)]
mod tests;
