//! Who may do what: kinds of statements × roles × resources, and the rules about roles themselves.
//!
//! Each role got its permissions another way (`people`); a table says for each statement who may run
//! it. Where it says nothing, the answer must be the refusal that names what is missing.

use crate::support::World;
use crate::support::shown;
use quorate_cluster::Metadata;
use quorate_cluster::Permission;
use quorate_cluster::Resource;
use quorate_cluster::SaltedHash;
use quorate_cluster::Transformation;
use quorate_query::Plan;
use quorate_query::refused;
use quorate_types::RequestError;
use std::sync::LazyLock;
use uuid::Uuid;

/// Everybody who asks, in the order of the tables' columns.
const PEOPLE: [&str; 11] = [
    "root",
    "admin",
    "owner",
    "everywhere",
    "in_a",
    "tables_a",
    "just_t",
    "chain",
    "other",
    "nobody",
    "locked",
];

/// Two keyspaces `a` and `b` with the tables `t` and `u` each, and those who ask:
///
/// * `root` is a superuser, `admin` a member of one;
/// * `owner` made the keyspace `a` and what is in it;
/// * `everywhere`, `in_a`, `tables_a`, `just_t` have all permissions on all keyspaces, on `a`, on
///   the tables in `a` and on `a.t`; `chain` is a member of a member of one that has the last;
/// * `other` has all permissions on `a.u` and on the keyspace `b`;
/// * `nobody` has none, `locked` is a superuser that may not log in.
fn people() -> World {
    static BUILT: LazyLock<Metadata> = LazyLock::new(|| build_people().metadata);
    let mut world = World::new();
    world.metadata = BUILT.clone();
    world
}

fn build_people() -> World {
    let mut world = World::new();
    for role in PEOPLE {
        world.ok(&format!("CREATE ROLE {role} WITH LOGIN = true"));
    }
    for statement in [
        "CREATE ROLE link",
        "CREATE ROLE last",
        "CREATE KEYSPACE b WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "CREATE TABLE b.t (k int PRIMARY KEY, v int)",
        "CREATE TABLE b.u (k int PRIMARY KEY, v int)",
        "ALTER ROLE root WITH SUPERUSER = true",
        "ALTER ROLE locked WITH SUPERUSER = true AND LOGIN = false",
        "GRANT root TO admin",
        "GRANT CREATE ON ALL KEYSPACES TO owner",
    ] {
        world.ok(statement);
    }
    for statement in [
        "CREATE KEYSPACE a WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "CREATE TABLE a.t (k int PRIMARY KEY, v int)",
        "CREATE TABLE a.u (k int PRIMARY KEY, v int)",
    ] {
        assert_eq!(ask(&mut world, "owner", statement), "yes");
    }
    for statement in [
        "REVOKE CREATE ON ALL KEYSPACES FROM owner",
        "GRANT ALL ON ALL KEYSPACES TO everywhere",
        "GRANT ALL ON KEYSPACE a TO in_a",
        "GRANT ALL ON ALL TABLES IN KEYSPACE a TO tables_a",
        "GRANT ALL ON a.t TO just_t",
        "GRANT ALL ON a.t TO last",
        "GRANT last TO link",
        "GRANT link TO chain",
        "GRANT ALL ON a.u TO other",
        "GRANT ALL ON KEYSPACE b TO other",
    ] {
        world.ok(statement);
    }
    world
}

/// Runs a statement as somebody: `yes`, its rows, or what it was refused with.
fn ask(world: &mut World, actor: &str, statement: &str) -> String {
    let run = |world: &mut World| -> Result<String, RequestError> {
        let prepared = world.prepare(statement)?;
        prepared.plan.authorize(&world.metadata, actor)?;
        let asked = match &prepared.plan {
            Plan::ListRoles(list) => {
                return Ok(shown(&list.execute(&world.metadata, Some(actor))?));
            }
            Plan::Schema(plan) => {
                plan.transformation(Uuid::from_u128(world.next_id()), world.micros)
            }
            Plan::Role(plan) => plan.transformation(hash()),
            _ => return Ok("yes".to_owned()),
        };
        let authored = Transformation::Authored {
            author: actor.to_owned(),
            asked: Box::new(asked),
        };
        world.metadata = world.metadata.apply(&authored).map_err(refused)?.0;
        Ok("yes".to_owned())
    };
    run(world).unwrap_or_else(|error| error.to_string())
}

fn hash() -> Option<SaltedHash> {
    SaltedHash::new(format!("$2a$10${}", "x".repeat(53)))
}

/// Asks in a world of its own, so that no statement changes what another meets.
fn ask_alone(actor: &str, statement: &str) -> String {
    ask(&mut people(), actor, statement)
}

/// What somebody without the permission is told.
fn denied(actor: &str, permission: &str, resource: &str) -> String {
    format!("User {actor} has no {permission} permission on <{resource}> or any of its parents")
}

/// Statement, the permission it needs, on what; then who has it, of [`PEOPLE`].
#[rustfmt::skip]
const MATRIX: &[(&str, &str, &str, &str)] = &[
    ("SELECT * FROM a.t",                      "SELECT", "table a.t",     "root admin owner everywhere in_a tables_a just_t chain"),
    ("SELECT * FROM a.u",                      "SELECT", "table a.u",     "root admin owner everywhere in_a tables_a other"),
    ("SELECT * FROM b.t",                      "SELECT", "table b.t",     "root admin everywhere other"),
    ("EXPLAIN CONSISTENCY SELECT * FROM a.t",  "SELECT", "table a.t",     "root admin owner everywhere in_a tables_a just_t chain"),
    ("INSERT INTO a.t (k) VALUES (1)",         "MODIFY", "table a.t",     "root admin owner everywhere in_a tables_a just_t chain"),
    ("UPDATE a.t SET v = 1 WHERE k = 1",       "MODIFY", "table a.t",     "root admin owner everywhere in_a tables_a just_t chain"),
    ("DELETE FROM a.t WHERE k = 1",            "MODIFY", "table a.t",     "root admin owner everywhere in_a tables_a just_t chain"),
    ("EXPLAIN CONSISTENCY DELETE FROM a.u WHERE k = 1", "MODIFY", "table a.u", "root admin owner everywhere in_a tables_a other"),
    ("TRUNCATE a.t",                           "MODIFY", "table a.t",     "root admin owner everywhere in_a tables_a just_t chain"),
    ("TRUNCATE b.u",                           "MODIFY", "table b.u",     "root admin everywhere other"),
    ("BEGIN BATCH INSERT INTO a.t (k) VALUES (1); DELETE FROM a.t WHERE k = 2; APPLY BATCH", "MODIFY", "table a.t", "root admin owner everywhere in_a tables_a just_t chain"),
    ("ALTER TABLE a.t ADD w int",              "ALTER",  "table a.t",     "root admin owner everywhere in_a tables_a just_t chain"),
    ("DROP TABLE a.t",                         "DROP",   "table a.t",     "root admin owner everywhere in_a tables_a just_t chain"),
    ("DROP TABLE b.t",                         "DROP",   "table b.t",     "root admin everywhere other"),
    ("CREATE TABLE a.new (k int PRIMARY KEY)", "CREATE", "all tables in a", "root admin owner everywhere in_a tables_a"),
    ("CREATE TABLE b.new (k int PRIMARY KEY)", "CREATE", "all tables in b", "root admin everywhere other"),
    ("ALTER KEYSPACE a WITH durable_writes = false", "ALTER", "keyspace a", "root admin owner everywhere in_a"),
    ("DROP KEYSPACE a",                        "DROP",   "keyspace a",    "root admin owner everywhere in_a"),
    ("DROP KEYSPACE b",                        "DROP",   "keyspace b",    "root admin everywhere other"),
    ("CREATE KEYSPACE c WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}", "CREATE", "all keyspaces", "root admin everywhere"),
    ("GRANT SELECT ON a.t TO nobody",          "AUTHORIZE", "table a.t",  "root admin owner everywhere in_a tables_a just_t chain"),
    ("REVOKE SELECT ON a.t FROM nobody",       "AUTHORIZE", "table a.t",  "root admin owner everywhere in_a tables_a just_t chain"),
    ("GRANT SELECT ON KEYSPACE a TO nobody",   "AUTHORIZE", "keyspace a", "root admin owner everywhere in_a"),
    ("GRANT SELECT ON ALL KEYSPACES TO nobody", "AUTHORIZE", "all keyspaces", "root admin everywhere"),
    // The system's own.
    ("SELECT * FROM system_traces.sessions",   "SELECT", "table system_traces.sessions", "root admin"),
    ("SELECT * FROM system.prepared_statements", "SELECT", "table system.prepared_statements", "root admin"),
    ("SELECT * FROM system_auth.roles",        "SELECT", "table system_auth.roles", "root admin"),
    ("SELECT * FROM system_auth.role_permissions", "SELECT", "table system_auth.role_permissions", "root admin"),
    ("SELECT * FROM system_views.settings",    "SELECT", "table system_views.settings", "root admin"),
];

#[test]
fn each_statement_is_for_those_who_have_its_permission() {
    let mut failures = Vec::new();
    for (statement, permission, resource, may) in MATRIX {
        for actor in PEOPLE {
            let wanted = if actor == "locked" {
                "You have not logged in".to_owned()
            } else if may.split(' ').any(|one| one == actor) {
                "yes".to_owned()
            } else {
                denied(actor, permission, resource)
            };
            let found = ask_alone(actor, statement);
            if found != wanted {
                failures.push(format!(
                    "{actor}: {statement}\n  wanted {wanted}\n  found  {found}"
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn what_drivers_read_is_for_all_who_logged_in() {
    let mut world = people();
    for statement in [
        "SELECT * FROM system.local",
        "SELECT * FROM system.peers",
        "SELECT * FROM system.peers_v2",
        "SELECT * FROM system_schema.tables",
        "SELECT * FROM system_virtual_schema.columns",
        "USE a",
        "DESCRIBE KEYSPACES",
    ] {
        assert_eq!(ask(&mut world, "nobody", statement), "yes", "{statement}");
        for stranger in ["locked", "gone"] {
            let found = ask(&mut world, stranger, statement);
            assert_eq!(found, "You have not logged in", "{statement}");
        }
    }
}

#[test]
fn nobody_writes_what_is_the_systems() {
    let mut world = people();
    for (statement, keyspace) in [
        ("INSERT INTO system.local (key) VALUES ('x')", "system"),
        (
            "UPDATE system_auth.roles SET is_superuser = true WHERE role = 'nobody'",
            "system_auth",
        ),
        (
            "DELETE FROM system_schema.tables WHERE keyspace_name = 'a'",
            "system_schema",
        ),
        ("TRUNCATE system_traces.events", "system_traces"),
        ("ALTER TABLE system_auth.roles ADD x int", "system_auth"),
        ("DROP TABLE system.local", "system"),
        (
            "CREATE TABLE system_auth.x (k int PRIMARY KEY)",
            "system_auth",
        ),
        ("DROP KEYSPACE system_schema", "system_schema"),
        (
            "ALTER KEYSPACE system_auth WITH durable_writes = false",
            "system_auth",
        ),
    ] {
        let refused = format!("{keyspace} keyspace is not user-modifiable.");
        assert_eq!(ask(&mut world, "root", statement), refused, "{statement}");
        let found = ask(&mut world, "everywhere", statement);
        assert!(
            found == refused || found.starts_with("User everywhere has no "),
            "{statement}: {found}"
        );
    }
    let limited = "Granting permissions on system keyspaces is strictly limited, this operation is not permitted";
    for statement in [
        "GRANT MODIFY ON KEYSPACE system TO nobody",
        "GRANT ALL ON system.local TO nobody",
        "GRANT SELECT ON system_auth.roles TO nobody",
    ] {
        assert_eq!(ask(&mut world, "root", statement), limited, "{statement}");
    }
    assert_eq!(
        ask(
            &mut world,
            "root",
            "GRANT SELECT ON system_traces.events TO nobody"
        ),
        "yes"
    );
    assert_eq!(
        ask(&mut world, "nobody", "SELECT * FROM system_traces.events"),
        "yes"
    );
}

/// Of what a statement needs, nothing may be missing and nothing else helps.
#[test]
fn a_permission_is_worth_what_its_name_says() {
    for (statement, name, resource, _) in MATRIX.iter().filter(|row| !row.2.contains("system")) {
        let resource = resource_of(resource);
        let needed = Permission::ALL
            .into_iter()
            .find(|one| one.name() == *name)
            .unwrap();
        // Who grants or revokes SELECT must have that, too.
        let given = |one| one == needed || (*name == "AUTHORIZE" && one == Permission::Select);
        let with = |keep: &dyn Fn(Permission) -> bool| {
            let mut world = people();
            let grant = Transformation::GrantPermissions {
                role: "nobody".to_owned(),
                permissions: resource
                    .applicable()
                    .iter()
                    .copied()
                    .filter(|one| keep(*one))
                    .collect(),
                resource: resource.clone(),
            };
            world.metadata = world.metadata.apply(&grant).unwrap().0;
            ask(&mut world, "nobody", statement)
        };
        assert_eq!(with(&given), "yes", "{statement}");
        assert_ne!(with(&|one| one != needed), "yes", "{statement}");
    }
}

fn resource_of(shown: &str) -> Resource {
    match shown.rsplit_once(' ').unwrap() {
        ("table", name) => {
            let (keyspace, name) = name.split_once('.').unwrap();
            Resource::table(keyspace, name)
        }
        ("all tables in", keyspace) => Resource::AllTables(keyspace.to_owned()),
        ("keyspace", keyspace) => Resource::Keyspace(keyspace.to_owned()),
        _ => Resource::AllKeyspaces,
    }
}

#[test]
fn a_batch_needs_the_permission_on_each_of_its_tables() {
    let batch =
        "BEGIN BATCH INSERT INTO a.t (k) VALUES (1); INSERT INTO a.u (k) VALUES (1); APPLY BATCH";
    assert_eq!(ask_alone("tables_a", batch), "yes");
    assert_eq!(
        ask_alone("just_t", batch),
        denied("just_t", "MODIFY", "table a.u")
    );
    assert_eq!(
        ask_alone("other", batch),
        denied("other", "MODIFY", "table a.t")
    );
}

#[test]
fn nobody_grants_what_he_has_not() {
    let mut world = people();
    world.ok("GRANT AUTHORIZE ON a.t TO nobody");
    let grant = "GRANT SELECT ON a.t TO other";
    assert_eq!(
        ask(&mut world, "nobody", grant),
        denied("nobody", "SELECT", "table a.t")
    );
    world.ok("GRANT SELECT ON KEYSPACE a TO nobody");
    assert_eq!(ask(&mut world, "nobody", grant), "yes");
    let all = "GRANT ALL ON a.t TO other";
    assert_eq!(
        ask(&mut world, "nobody", all),
        denied("nobody", "ALTER", "table a.t")
    );
    let wider = "GRANT SELECT ON KEYSPACE a TO other";
    assert_eq!(
        ask(&mut world, "nobody", wider),
        denied("nobody", "AUTHORIZE", "keyspace a")
    );
}

/// Plays `actor: statement => answer` from top to bottom. The answer `no` is that of statements
/// about roles that need a permission.
#[track_caller]
fn play(world: &mut World, script: &str) {
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let (actor, asked) = line.split_once(": ").unwrap();
        let (statement, wanted) = asked.split_once(" =>").unwrap();
        let wanted = wanted.trim_start();
        let no = format!(
            "User {actor} does not have sufficient privileges to perform the requested operation"
        );
        let wanted = if wanted == "no" { &no } else { wanted };
        let found = ask(world, actor, statement);
        assert_eq!(found.trim_end(), wanted, "{line}");
    }
}

/// `root`, a superuser; `maker` who may create roles; `ann`; the roles `boss` with superuser status
/// and `clerk`, neither of which logs in.
fn staff() -> World {
    let mut world = World::new();
    for statement in [
        "CREATE ROLE root WITH LOGIN = true AND SUPERUSER = true",
        "CREATE ROLE maker WITH LOGIN = true",
        "CREATE ROLE ann WITH LOGIN = true AND PASSWORD = 'a'",
        "CREATE ROLE boss WITH SUPERUSER = true",
        "CREATE ROLE clerk",
        "GRANT CREATE ON ALL ROLES TO maker",
    ] {
        world.ok(statement);
    }
    world
}

#[test]
fn roles_are_created_and_dropped_by_those_who_may() {
    play(
        &mut staff(),
        "ann: CREATE ROLE bob => no
         ann: CREATE USER bob WITH PASSWORD 'b' => no
         maker: CREATE ROLE bob => yes
         maker: CREATE ROLE bob => bob already exists
         maker: CREATE ROLE IF NOT EXISTS bob => yes
         maker: CREATE ROLE king WITH SUPERUSER = true => Only superusers can create a role with superuser status
         maker: CREATE USER king WITH PASSWORD 'k' SUPERUSER => Only superusers can create a role with superuser status
         maker: CREATE ROLE king WITH SUPERUSER = false => yes
         root: CREATE ROLE queen WITH SUPERUSER = true => yes
         maker: DROP ROLE queen => no
         maker: DROP ROLE clerk => no
         ann: DROP ROLE bob => no
         maker: DROP ROLE bob => yes
         root: GRANT DROP ON ALL ROLES TO ann => yes
         ann: DROP ROLE queen => Only superusers can drop a role with superuser status
         ann: DROP ROLE ann => Cannot DROP primary role for current login
         root: DROP ROLE root => Cannot DROP primary role for current login
         ann: DROP ROLE clerk => yes
         root: DROP ROLE queen => yes
         root: DROP ROLE queen => queen doesn't exist
         root: DROP ROLE IF EXISTS queen => yes",
    );
}

#[test]
fn roles_are_altered_by_themselves_and_by_those_who_may() {
    let own =
        "You aren't allowed to alter your own superuser status or that of a role granted to you";
    let only = "Only superusers are allowed to alter superuser status";
    let script = format!(
        "ann: ALTER ROLE ann WITH PASSWORD = 'new' => yes
         ann: ALTER USER 'ann' WITH PASSWORD 'newer' => yes
         ann: ALTER ROLE ann WITH LOGIN = false => You aren't allowed to alter LOGIN
         ann: ALTER ROLE ann WITH SUPERUSER = true => {own}
         ann: ALTER ROLE ann WITH SUPERUSER = false => {own}
         ann: ALTER ROLE ann WITH PASSWORD = 'x' AND SUPERUSER = true => {own}
         ann: ALTER ROLE clerk WITH SUPERUSER = true => {only}
         ann: ALTER ROLE root WITH PASSWORD = 'x' => no
         ann: ALTER ROLE maker WITH PASSWORD = 'x' => no
         root: ALTER ROLE root WITH SUPERUSER = false => {own}
         root: GRANT clerk TO ann => yes
         ann: ALTER ROLE clerk WITH SUPERUSER = true => {own}
         root: GRANT ALTER ON ROLE maker TO ann => yes
         ann: ALTER ROLE maker WITH PASSWORD = 'x' AND LOGIN = false => yes
         ann: ALTER ROLE maker WITH SUPERUSER = true => {only}
         root: GRANT ALTER ON ALL ROLES TO ann => yes
         ann: ALTER ROLE clerk WITH LOGIN = true => yes
         ann: ALTER ROLE root WITH PASSWORD = 'x' => Only superusers can alter a role with superuser status
         root: ALTER ROLE clerk WITH ACCESS TO ALL DATACENTERS => yes
         root: ALTER ROLE clerk WITH SUPERUSER = true => yes
         ann: ALTER ROLE maker WITH LOGIN = true => yes"
    );
    play(&mut staff(), &script);
}

#[test]
fn roles_are_granted_and_revoked_by_those_who_may() {
    play(
        &mut staff(),
        "ann: GRANT clerk TO ann => no
         ann: GRANT boss TO ann => no
         ann: REVOKE clerk FROM ann => no
         root: GRANT AUTHORIZE ON ALL ROLES TO maker => yes
         maker: GRANT clerk TO ann => yes
         maker: GRANT clerk TO ann => ann is a member of clerk
         maker: GRANT ann TO clerk => ann is a member of clerk
         maker: GRANT boss TO ann => Only superusers can grant or revoke a role with superuser status
         root: GRANT boss TO clerk => yes
         maker: REVOKE clerk FROM ann => Only superusers can grant or revoke a role with superuser status
         ann: CREATE ROLE king WITH SUPERUSER = true => yes
         root: REVOKE boss FROM clerk => yes
         ann: CREATE ROLE queen => no
         maker: REVOKE clerk FROM ann => yes
         maker: REVOKE clerk FROM ann => ann is not a member of clerk
         root: GRANT nobody TO ann => nobody doesn't exist
         maker: GRANT CREATE ON ALL ROLES TO ann => yes
         maker: GRANT ALTER ON ALL ROLES TO ann => User maker has no ALTER permission on <all roles> or any of its parents",
    );
}

#[test]
fn who_creates_a_role_rules_over_it() {
    play(
        &mut staff(),
        "maker: CREATE ROLE bob => yes
         maker: LIST ALL PERMISSIONS OF bob =>
         maker: LIST ALL ON ROLE bob OF maker NORECURSIVE => maker maker <role bob> ALTER / maker maker <role bob> DROP / maker maker <role bob> AUTHORIZE / maker maker <role bob> DESCRIBE
         maker: GRANT ALTER ON ROLE bob TO ann => yes
         ann: ALTER ROLE bob WITH LOGIN = true => yes
         ann: DROP ROLE bob => no
         maker: DROP ROLE bob => yes",
    );
}

#[test]
fn roles_are_listed_for_their_members_and_for_who_may_describe_them() {
    let ann = "ann false true {} ALL";
    let clerk = "clerk false false {} ALL";
    let hidden = "You are not authorized to view roles granted to";
    let script = format!(
        "ann: LIST ROLES => {ann}
         ann: LIST USERS => ann false ALL
         ann: LIST ROLES OF ann => {ann}
         ann: LIST ROLES OF clerk => {hidden} clerk
         ann: LIST ROLES OF nobody => nobody doesn't exist
         root: GRANT clerk TO ann => yes
         root: GRANT maker TO clerk => yes
         ann: LIST ROLES NORECURSIVE => {ann} / {clerk}
         ann: LIST ROLES => {ann} / {clerk} / maker false true {{}} ALL
         ann: LIST USERS => ann false ALL / maker false ALL
         ann: LIST ROLES OF clerk NORECURSIVE => {clerk} / maker false true {{}} ALL
         ann: LIST ROLES OF root => {hidden} root
         maker: LIST ROLES OF clerk => {hidden} clerk
         root: LIST USERS => ann false ALL / maker false ALL / root true ALL
         root: GRANT DESCRIBE ON ALL ROLES TO maker => yes
         maker: LIST ROLES OF clerk NORECURSIVE => {clerk} / maker false true {{}} ALL
         maker: LIST USERS => ann false ALL / maker false ALL / root true ALL"
    );
    play(&mut staff(), &script);
}

#[test]
fn permissions_are_listed_for_their_holders_and_for_who_may_describe_them() {
    let makers = "maker maker <all roles> CREATE";
    let hidden = "You are not authorized to view";
    let script = format!(
        "ann: LIST ALL PERMISSIONS => {hidden} everyone's permissions
         ann: LIST ALL PERMISSIONS OF ann =>
         ann: LIST ALL PERMISSIONS OF maker => {hidden} maker's permissions
         ann: LIST CREATE ON ALL ROLES => {hidden} everyone's permissions
         maker: LIST ALL PERMISSIONS OF maker => {makers}
         root: LIST ALL PERMISSIONS => {makers}
         root: GRANT DESCRIBE ON ROLE maker TO ann => yes
         ann: LIST ALL PERMISSIONS OF maker => {makers}
         ann: LIST ALL PERMISSIONS OF clerk => {hidden} clerk's permissions
         ann: LIST ALL PERMISSIONS => {hidden} everyone's permissions
         root: GRANT maker TO clerk => yes
         root: GRANT clerk TO ann => yes
         ann: LIST ALL PERMISSIONS OF clerk => {makers}
         root: GRANT DESCRIBE ON ALL ROLES TO ann => yes
         ann: LIST CREATE ON ALL ROLES => {makers}"
    );
    play(&mut staff(), &script);
}

#[test]
fn grants_and_revokes_that_change_nothing_are_warned_of() {
    let mut world = staff();
    world.ok("CREATE TABLE t (k int PRIMARY KEY)");
    for (statement, warning) in [
        (
            "REVOKE SELECT ON t FROM clerk",
            "Role 'clerk' was not granted SELECT on <table ks.t>",
        ),
        ("GRANT SELECT ON t TO clerk", ""),
        (
            "GRANT SELECT ON t TO clerk",
            "Role 'clerk' was already granted SELECT on <table ks.t>",
        ),
        (
            "GRANT SELECT, MODIFY ON t TO clerk",
            "Role 'clerk' was already granted SELECT on <table ks.t>",
        ),
        (
            "GRANT MODIFY, SELECT ON t TO clerk",
            "Role 'clerk' was already granted SELECT, MODIFY on <table ks.t>",
        ),
        ("GRANT SELECT ON KEYSPACE ks TO clerk", ""),
        ("GRANT ALL ON t TO clerk", ""),
        ("REVOKE SELECT ON t FROM clerk", ""),
        (
            "REVOKE SELECT, DROP ON t FROM clerk",
            "Role 'clerk' was not granted SELECT on <table ks.t>",
        ),
        ("REVOKE ALL ON t FROM clerk", ""),
        ("REVOKE ALL ON t FROM clerk", ""),
        (
            "REVOKE MODIFY ON ALL KEYSPACES FROM clerk",
            "Role 'clerk' was not granted MODIFY on <all keyspaces>",
        ),
        (
            "REVOKE SELECT ON system.local FROM clerk",
            "Role 'clerk' was not granted SELECT on <table system.local>",
        ),
        ("GRANT clerk TO ann", ""),
    ] {
        let Plan::Role(plan) = world.prepare(statement).unwrap().plan else {
            panic!("{statement}");
        };
        let found = plan.warning(&world.metadata).unwrap_or_default();
        assert_eq!(found, warning, "{statement}");
        world.ok(statement);
    }
}

#[test]
fn a_generated_password_is_the_result_and_in_no_plan() {
    let mut world = staff();
    for statement in [
        "CREATE ROLE bob WITH LOGIN = true AND GENERATED PASSWORD",
        "ALTER ROLE bob WITH GENERATED PASSWORD",
        "CREATE USER eve WITH GENERATED PASSWORD",
        "ALTER USER eve WITH GENERATED PASSWORD",
    ] {
        let prepared = world.prepare(statement).unwrap();
        let names: Vec<&str> = prepared
            .result_columns
            .iter()
            .map(|column| &*column.name)
            .collect();
        assert_eq!(names, ["generated_password"]);
        let Plan::Role(plan) = &prepared.plan else {
            panic!("{statement}");
        };
        assert!(!plan.has_secret() && plan.password().is_none());
        assert!(plan.generated(None).rows.is_empty());
        assert_eq!(world.rows(statement), "generated");
    }
    for name in ["bob", "eve"] {
        assert!(world.metadata.roles[name].salted_hash.is_some());
    }
    let plain = world
        .prepare("CREATE ROLE kim WITH PASSWORD = 'k'")
        .unwrap();
    assert!(plain.result_columns.is_empty());
}
