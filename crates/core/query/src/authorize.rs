//! Which permissions a plan needs: what a node asks of the metadata before it runs one.

use crate::plan::Plan;
use quorate_cluster::Metadata;
use quorate_cluster::Permission;
use quorate_cluster::Resource;
use quorate_cluster::TableSchema;
use quorate_types::RequestError;

impl Plan {
    /// Whether `actor`, a role that somebody logged in as, may run it.
    pub fn authorize(&self, metadata: &Metadata, actor: &str) -> Result<(), RequestError> {
        if !metadata.may_log_in(actor) {
            let message = "You have not logged in".to_owned();
            return Err(RequestError::Unauthorized(message));
        }
        if let Self::Role(plan) = self {
            return plan.authorize(metadata, actor);
        }
        let needed = self.required_permissions();
        let mut needed = needed.iter();
        needed
            .try_for_each(|(permission, resource)| require(metadata, actor, *permission, resource))
    }

    /// What whoever runs it must have. Changes of roles have rules of their own, which
    /// [`Self::authorize`] knows.
    pub fn required_permissions(&self) -> Vec<(Permission, Resource)> {
        match self {
            Self::Select(select) => vec![(Permission::Select, of_table(select.table()))],
            Self::Modify(modify) => vec![(Permission::Modify, of_table(modify.table()))],
            Self::Batch(batch) => batch
                .tables()
                .map(|table| (Permission::Modify, of_table(table)))
                .collect(),
            Self::Schema(schema) => vec![schema.required_permission()],
            Self::Truncate { table } => vec![(Permission::Modify, of_table(table))],
            Self::ExplainConsistency(inner) => inner.required_permissions(),
            // What is shown of roles depends on who looks; the schema is for everybody.
            Self::Role(_) | Self::ListRoles(_) | Self::Use(_) | Self::Describe(_) => Vec::new(),
        }
    }
}

fn of_table(table: &TableSchema) -> Resource {
    Resource::table(&table.keyspace, &table.name)
}

/// The authorizer's answer as the error that clients see.
pub(crate) fn require(
    metadata: &Metadata,
    actor: &str,
    permission: Permission,
    resource: &Resource,
) -> Result<(), RequestError> {
    metadata
        .authorize(actor, permission, resource)
        .map_err(|denied| RequestError::Unauthorized(denied.to_string()))
}
