//! Roles and permissions: what each statement changes, and its refusals.

use super::*;
use crate::Permission;
use crate::Resource;
use crate::testing::create_role;
use crate::testing::drop_role;
use crate::testing::grant;
use crate::testing::grant_role;

fn roles(names: &[&str]) -> Metadata {
    let mut metadata = testing::with_tables();
    for name in names {
        metadata = applied(&metadata, &create_role(name, false)).unwrap();
    }
    metadata
}

fn table() -> Resource {
    Resource::table("k", "t")
}

fn first(name: &str) -> Transformation {
    Transformation::CreateFirstSuperuser {
        name: name.to_owned(),
        salted_hash: testing::salted_hash(),
    }
}

fn revoke(role: &str, resource: Resource, permissions: &[Permission]) -> Transformation {
    Transformation::RevokePermissions {
        role: role.to_owned(),
        resource,
        permissions: permissions.iter().copied().collect(),
    }
}

#[test]
fn the_first_superuser_is_made_once() {
    let metadata = applied(&testing::with_tables(), &first("ann")).unwrap();
    assert!(metadata.is_superuser("ann") && metadata.may_log_in("ann"));
    assert_eq!(metadata.schema_epoch, testing::with_tables().schema_epoch);
    assert_eq!(change(&metadata, &first("bob")), Ok(Change::None));
}

#[test]
fn roles_exist_once() {
    let metadata = roles(&["ann"]);
    let again = create_role("ann", false);
    assert_eq!(refusal(&metadata, &again), "0x2200 ann already exists");
    assert_eq!(
        refusal(&metadata, &create_role("", false)),
        "0x2200 Role name can't be an empty string"
    );
    assert_eq!(
        refusal(&metadata, &drop_role("bob")),
        "0x2200 bob doesn't exist"
    );
    let alter = |if_exists| Transformation::AlterRole {
        name: "bob".to_owned(),
        can_login: None,
        is_superuser: Some(true),
        salted_hash: None,
        if_exists,
    };
    assert_eq!(
        refusal(&metadata, &alter(false)),
        "0x2200 Role bob doesn't exist"
    );
    assert_eq!(change(&metadata, &alter(true)), Ok(Change::None));
}

#[test]
fn no_role_is_a_member_of_itself() {
    let mut metadata = roles(&["a", "b", "c"]);
    for (role, grantee) in [("a", "b"), ("b", "c")] {
        metadata = applied(&metadata, &grant_role(role, grantee)).unwrap();
    }
    let refusals = [
        ("a", "c", "0x2200 c is a member of a"),
        ("c", "a", "0x2200 c is a member of a"),
        ("a", "a", "0x2200 a is a member of a"),
        ("a", "nobody", "0x2200 nobody doesn't exist"),
    ];
    for (role, grantee, expected) in refusals {
        assert_eq!(
            refusal(&metadata, &grant_role(role, grantee)),
            expected,
            "L1"
        );
    }
    let revoke = |role: &str, grantee: &str| Transformation::RevokeRole {
        role: role.to_owned(),
        grantee: grantee.to_owned(),
    };
    assert_eq!(
        refusal(&metadata, &revoke("a", "c")),
        "0x2200 c is not a member of a"
    );
    let less = applied(&metadata, &revoke("a", "b")).unwrap();
    assert_eq!(less.roles_of("c").len(), 2);
}

#[test]
fn grants_add_up_and_are_taken_back() {
    let both = [Permission::Select, Permission::Modify];
    let metadata = applied(&roles(&["ann"]), &grant("ann", table(), &both)).unwrap();
    let again = grant("ann", table(), &both[..1]);
    assert_eq!(change(&metadata, &again), Ok(Change::None));
    let less = applied(&metadata, &revoke("ann", table(), &both[..1])).unwrap();
    assert!(less.authorize("ann", both[0], &table()).is_err());
    assert!(less.authorize("ann", both[1], &table()).is_ok());
    let none = applied(&less, &revoke("ann", table(), &both)).unwrap();
    assert!(none.roles["ann"].permissions.is_empty());
    assert_eq!(
        change(&none, &revoke("ann", table(), &both)),
        Ok(Change::None)
    );
}

#[test]
fn grants_that_mean_nothing_are_refused() {
    const LIMITED: &str = "0x2100 Granting permissions on system keyspaces is strictly limited, this operation is not permitted";
    let metadata = roles(&["ann"]);
    let create = [Permission::Create];
    let system = || Resource::table("system", "batches");
    let refusals = [
        (
            grant("bob", table(), &create),
            "0x2200 Role bob doesn't exist",
        ),
        (
            grant("ann", Resource::table("k", "u"), &create),
            "0x2200 Resource <table k.u> doesn't exist",
        ),
        (
            grant("ann", table(), &create),
            "0x2200 <table k.t> does not support the permission CREATE",
        ),
        (grant("ann", system(), &[Permission::Modify]), LIMITED),
        (
            grant(
                "ann",
                Resource::table("system_auth", "roles"),
                &[Permission::Select],
            ),
            LIMITED,
        ),
    ];
    for (transformation, expected) in refusals {
        assert_eq!(refusal(&metadata, &transformation), expected);
    }
    assert!(applied(&metadata, &grant("ann", system(), &[Permission::Select])).is_ok());
}

#[test]
fn what_is_dropped_takes_its_grants_along() {
    let select = [Permission::Select];
    let mut metadata = roles(&["ann", "bob"]);
    for transformation in [
        grant("ann", table(), &select),
        grant("ann", Resource::Keyspace("k".to_owned()), &select),
        grant(
            "ann",
            Resource::Role("bob".to_owned()),
            &[Permission::Alter],
        ),
        grant_role("bob", "ann"),
    ] {
        metadata = applied(&metadata, &transformation).unwrap();
    }
    metadata = applied(&metadata, &drop_role("bob")).unwrap();
    assert!(metadata.roles["ann"].member_of.is_empty(), "L2");
    assert_eq!(metadata.roles["ann"].permissions.len(), 2, "L2");
    let drop_table = Transformation::DropTable {
        keyspace: "k".to_owned(),
        table: "t".to_owned(),
        if_exists: false,
    };
    metadata = applied(&metadata, &drop_table).unwrap();
    assert_eq!(metadata.roles["ann"].permissions.len(), 1, "L2");
    let drop_keyspace = Transformation::DropKeyspace {
        name: "k".to_owned(),
        if_exists: false,
    };
    metadata = applied(&metadata, &drop_keyspace).unwrap();
    assert!(metadata.roles["ann"].permissions.is_empty(), "L2");
}

#[test]
fn who_creates_a_thing_may_do_everything_with_it() {
    let authored = |asked| Transformation::Authored {
        author: "ann".to_owned(),
        asked: Box::new(asked),
    };
    let create = testing::create_table(testing::definition("new", "a int", "a", ""));
    let (metadata, happened) = roles(&["ann"]).apply(&authored(create)).unwrap();
    assert!(matches!(happened, Change::TableCreated { .. }));
    assert_eq!(metadata.schema_epoch, metadata.epoch);
    let new = Resource::table("k", "new");
    assert!(metadata.authorize("ann", Permission::Modify, &new).is_ok());
    assert!(
        metadata
            .authorize("ann", Permission::Modify, &table())
            .is_err()
    );
    let metadata = applied(&metadata, &authored(create_role("bob", false))).unwrap();
    let bob = Resource::Role("bob".to_owned());
    assert!(metadata.authorize("ann", Permission::Drop, &bob).is_ok());
}

#[test]
fn a_hash_does_not_show_itself() {
    let shown = format!("{:?}", create_role("ann", true));
    assert!(
        shown.contains("SaltedHash") && !shown.contains("$2a$"),
        "{shown}"
    );
    let digest = "x".repeat(53);
    for wrong in ["", "secret", "$2a$31", "$2a$3", "$1a$10"] {
        assert_eq!(crate::SaltedHash::new(wrong), None);
        assert_eq!(
            crate::SaltedHash::new(format!("{wrong}${digest}")),
            None,
            "{wrong}"
        );
    }
}
