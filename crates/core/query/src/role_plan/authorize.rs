//! Who may change roles and permissions.

use super::RolePlan;
use crate::authorize::require;
use crate::error::invalid;
use quorate_cluster::Metadata;
use quorate_cluster::Permission;
use quorate_cluster::Resource;
use quorate_cluster::Transformation;
use quorate_types::RequestError;

impl RolePlan {
    /// Whether `actor` may do it. Nobody gives away what they have not, so roles with superuser
    /// status are for superusers.
    pub(crate) fn authorize(&self, metadata: &Metadata, actor: &str) -> Result<(), RequestError> {
        let need = |permission, resource: &Resource| require(metadata, actor, permission, resource);
        let over = |permission, role: &Resource| privileged(metadata, actor, permission, role);
        let role = |name: &String| Resource::Role(name.clone());
        match &self.template {
            Transformation::CreateRole { is_superuser, .. } => {
                over(Permission::Create, &Resource::AllRoles)?;
                let done = "can create a role with superuser status";
                only_superusers(metadata, actor, *is_superuser, done)
            }
            Transformation::AlterRole { name, .. } => self.authorize_alter(metadata, actor, name),
            Transformation::DropRole { name, .. } => {
                if name == actor {
                    return Err(invalid("Cannot DROP primary role for current login"));
                }
                over(Permission::Drop, &role(name))?;
                let done = "can drop a role with superuser status";
                only_superusers(metadata, actor, metadata.is_superuser(name), done)
            }
            Transformation::GrantRole { role: given, .. }
            | Transformation::RevokeRole { role: given, .. } => {
                over(Permission::Authorize, &role(given))?;
                let done = "can grant or revoke a role with superuser status";
                only_superusers(metadata, actor, metadata.is_superuser(given), done)
            }
            Transformation::GrantPermissions {
                resource,
                permissions,
                ..
            }
            | Transformation::RevokePermissions {
                resource,
                permissions,
                ..
            } => {
                need(Permission::Authorize, resource)?;
                permissions.iter().try_for_each(|one| need(*one, resource))
            }
            _ => Err(RequestError::Server("no change of roles".to_owned())),
        }
    }

    fn authorize_alter(
        &self,
        metadata: &Metadata,
        actor: &str,
        name: &str,
    ) -> Result<(), RequestError> {
        let Transformation::AlterRole {
            can_login,
            is_superuser,
            ..
        } = &self.template
        else {
            return Ok(());
        };
        let unauthorized = |message: &str| Err(RequestError::Unauthorized(message.to_owned()));
        if is_superuser.is_some() && metadata.is_member(actor, name) {
            return unauthorized(
                "You aren't allowed to alter your own superuser status or that of a role granted to you",
            );
        }
        if metadata.is_superuser(actor) {
            return Ok(());
        }
        if is_superuser.is_some() {
            return unauthorized("Only superusers are allowed to alter superuser status");
        }
        if name != actor {
            let role = Resource::Role(name.to_owned());
            privileged(metadata, actor, Permission::Alter, &role)?;
        } else if can_login.is_some() {
            return unauthorized("You aren't allowed to alter LOGIN");
        }
        let is_others = name != actor && metadata.is_superuser(name);
        let done = "can alter a role with superuser status";
        only_superusers(metadata, actor, is_others, done)
    }
}

/// As [`require`], in the words that statements about roles have for it.
fn privileged(
    metadata: &Metadata,
    actor: &str,
    permission: Permission,
    role: &Resource,
) -> Result<(), RequestError> {
    require(metadata, actor, permission, role).map_err(|_| {
        RequestError::Unauthorized(format!(
            "User {actor} does not have sufficient privileges to perform the requested operation"
        ))
    })
}

fn only_superusers(
    metadata: &Metadata,
    actor: &str,
    applies: bool,
    done: &str,
) -> Result<(), RequestError> {
    if applies && !metadata.is_superuser(actor) {
        return Err(RequestError::Unauthorized(format!(
            "Only superusers {done}"
        )));
    }
    Ok(())
}
