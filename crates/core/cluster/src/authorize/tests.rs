//! Who may do what, as conversations.

use super::*;
use crate::Transformation;
use crate::testing;
use crate::testing::applied;
use crate::testing::create_role;
use crate::testing::grant;
use crate::testing::grant_role;
use std::sync::Arc;

/// A superuser `root`, `ann` who may log in, `readers` of which she is a member, keyspace `k` with
/// the tables `t` and `counts`.
fn start() -> Metadata {
    after(
        testing::with_tables(),
        &[
            create_role("root", true),
            create_role("ann", false),
            create_role("readers", false),
            grant_role("readers", "ann"),
        ],
    )
}

fn after(mut metadata: Metadata, transformations: &[Transformation]) -> Metadata {
    for transformation in transformations {
        metadata = applied(&metadata, transformation).unwrap();
    }
    metadata
}

fn may(metadata: &Metadata, role: &str, permission: Permission, resource: &Resource) -> bool {
    metadata.authorize(role, permission, resource).is_ok()
}

#[test]
fn what_is_not_granted_is_denied_by_name() {
    let denied = start()
        .authorize("ann", Permission::Select, &Resource::table("k", "t"))
        .unwrap_err();
    assert_eq!(
        denied.to_string(),
        "User ann has no SELECT permission on <table k.t> or any of its parents"
    );
}

#[test]
fn a_permission_holds_for_what_lies_below_and_for_members() {
    let table = Resource::table("k", "t");
    let others = [
        Resource::table("k", "t"),
        Resource::AllTables("k".to_owned()),
        Resource::Keyspace("k".to_owned()),
        Resource::AllKeyspaces,
    ];
    for resource in others {
        let metadata = after(
            start(),
            &[grant("readers", resource, &[Permission::Select])],
        );
        assert!(may(&metadata, "ann", Permission::Select, &table));
        assert!(!may(&metadata, "ann", Permission::Modify, &table));
    }
    let elsewhere = grant("ann", Resource::table("k", "counts"), &[Permission::Select]);
    assert!(!may(
        &after(start(), &[elsewhere]),
        "ann",
        Permission::Select,
        &table
    ));
}

#[test]
fn all_keyspaces_are_those_of_users() {
    let every = Resource::AllKeyspaces;
    let all = every.applicable();
    let metadata = after(start(), &[grant("ann", every.clone(), all)]);
    for keyspace in crate::SYSTEM_KEYSPACES {
        for permission in Permission::ALL {
            let table = Resource::table(keyspace, "any");
            let is_open = permission == Permission::Select
                && ["system_schema", "system_virtual_schema"].contains(&keyspace);
            assert_eq!(
                may(&metadata, "ann", permission, &table),
                is_open,
                "Z2 {keyspace}"
            );
        }
    }
    let peers = Resource::table("system", "peers_v2");
    assert!(may(&metadata, "readers", Permission::Select, &peers));
    assert!(!may(&metadata, "readers", Permission::Modify, &peers));
}

#[test]
fn only_superusers_read_what_is_secret() {
    let roles = Resource::table("system_auth", "roles");
    assert!(!may(&start(), "ann", Permission::Select, &roles), "Z3");
    assert!(may(&start(), "root", Permission::Select, &roles));
    // Nobody can be granted it; if somebody were, it would not help.
    let mut granted = start();
    let ann = Arc::make_mut(granted.roles.get_mut("ann").unwrap());
    let select = BTreeSet::from([Permission::Select]);
    ann.permissions.insert(roles.clone(), select);
    assert!(!may(&granted, "ann", Permission::Select, &roles), "Z3");
    let member = after(start(), &[grant_role("root", "readers")]);
    assert!(may(&member, "ann", Permission::Select, &roles));
    assert!(member.is_superuser("ann"));
}

#[test]
fn who_has_gone_or_may_not_log_in_may_do_nothing() {
    let local = Resource::table("system", "local");
    assert!(may(&start(), "ann", Permission::Select, &local));
    let gone = after(start(), &[testing::drop_role("ann")]);
    assert!(!may(&gone, "ann", Permission::Select, &local), "Z1");
    let locked = Transformation::AlterRole {
        name: "root".to_owned(),
        can_login: Some(false),
        is_superuser: None,
        salted_hash: None,
        if_exists: false,
    };
    let locked = after(start(), &[locked]);
    let denied = locked.authorize("root", Permission::Select, &local);
    assert_eq!(denied, Err(Denied::NotLoggedIn), "Z1");
}
