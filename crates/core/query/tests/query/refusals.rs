//! Statements that make no sense, and what they are told: the table in `refusals.txt`.
//!
//! A message after `~` is the beginning of the whole one.

use crate::support::World;
use quorate_query::BoundValue;
use quorate_query::prepare;
use quorate_types::RequestError;
use uuid::Uuid;

const TABLES: [&str; 6] = [
    "CREATE TABLE u (k int PRIMARY KEY, v int, w text)",
    "CREATE TABLE t (k int, a int, b int, s int static, v int, w text, PRIMARY KEY (k, a, b))",
    "CREATE TABLE p (a int, b int, v int, PRIMARY KEY ((a, b)))",
    "CREATE TABLE x (k text PRIMARY KEY, v int)",
    "CREATE TABLE y (k int PRIMARY KEY, d duration, de decimal)",
    "CREATE TABLE g (k int, a int, b int, c int, PRIMARY KEY (k, a, b, c))",
];

#[test]
fn each_refusal_has_its_message() {
    let mut world = World::with(&TABLES);
    world.ok("INSERT INTO u (k, v, w) VALUES (1, 2, 'x')");
    world.ok("INSERT INTO y (k, de) VALUES (1, 1.5)");
    let mut failures = Vec::new();
    let mut checked = 0;
    let lines = include_str!("refusals.txt").lines();
    for line in lines.filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (statement, expected) = line.split_once(" => ").expect("`statement => message`");
        let found = match world.run(statement) {
            Ok(_) => "no error".to_owned(),
            Err(error) => error.to_string(),
        };
        let agrees = match expected.strip_prefix('~') {
            Some(start) => found.starts_with(start),
            None => found == expected,
        };
        if !agrees {
            failures.push(format!(
                "{statement}\n  wanted {expected}\n  found  {found}"
            ));
        }
        checked += 1;
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(checked >= 150, "{checked}");
}

#[test]
fn without_a_keyspace_only_full_names_work() {
    let world = World::with(&TABLES);
    let error = prepare("SELECT * FROM u", &world.metadata, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename"
    );
    assert!(prepare("SELECT * FROM ks.u", &world.metadata, None).is_ok());
}

#[test]
fn an_id_is_no_two_tables() {
    let mut world = World::with(&[]);
    let create =
        |name: &str, id: Uuid| format!("CREATE TABLE {name} (k int PRIMARY KEY) WITH id = {id}");
    for keyspace in quorate_system::keyspaces() {
        for table in keyspace.tables.values() {
            assert_eq!(
                world.error(&create("a", table.id.0)),
                format!(
                    "Table id {} belongs to table {}",
                    table.id,
                    table.full_name()
                )
            );
        }
    }
    let stored = quorate_cluster::batches_table_id();
    assert_eq!(
        world.error(&create("a", stored.0)),
        format!("Table id {stored} belongs to table system.batches")
    );
    let free = Uuid::from_u128(77);
    world.ok(&create("a", free));
    assert_eq!(
        world.error(&create("b", free)),
        format!("Table id {free} belongs to table ks.a")
    );
}

#[test]
fn errors_have_their_codes() {
    let mut world = World::with(&TABLES);
    let mut code = |statement: &str| world.run(statement).unwrap_err().code();
    assert_eq!(code("SELEC"), 0x2000);
    assert_eq!(
        code("CREATE TABLE z (k int PRIMARY KEY) WITH foo = 1"),
        0x2000
    );
    assert_eq!(code("SELECT * FROM nope"), 0x2200);
    assert_eq!(code("CREATE TABLE u (k int PRIMARY KEY)"), 0x2400);
    world.ok("INSERT INTO u (k, v) VALUES (1, 1)");
    let error = world.run("SELECT v / 0 FROM u").unwrap_err();
    assert_eq!(error.code(), 0x1400);
}

#[test]
fn values_that_are_none_of_the_type_are_refused() {
    use BoundValue::{Boolean, Floating, Integer, Null, Text, Unset, Wire};
    let mut world = World::with(&TABLES);
    let mut error = |statement: &str, values: &[BoundValue]| {
        world.run_with(statement, values).unwrap_err().to_string()
    };
    let insert = "INSERT INTO u (k, v) VALUES (?, ?)";
    let one = Integer(1);
    assert_eq!(
        error(insert, &[one.clone(), Wire(vec![1].into())]),
        "Expected 4 or 0 byte int (1)"
    );
    assert_eq!(
        error(insert, &[one.clone(), Integer(3_000_000_000)]),
        "Unable to make int from '3000000000'"
    );
    assert_eq!(
        error(insert, &[one.clone(), Text("x".into())]),
        "Unable to make int from 'x'"
    );
    assert_eq!(
        error(insert, &[one.clone(), Floating(1.5)]),
        "Invalid FLOAT constant (1.5) for \"v\" of type int"
    );
    assert_eq!(
        error(insert, &[one.clone(), Boolean(true)]),
        "Invalid BOOLEAN constant (true) for \"v\" of type int"
    );
    assert_eq!(
        error(insert, &[Null, one.clone()]),
        "Invalid null value in condition for column k"
    );
    assert_eq!(
        error(insert, &[Unset, one.clone()]),
        "Invalid unset value for column k"
    );
    assert_eq!(
        error(insert, std::slice::from_ref(&one)),
        "Invalid amount of bind variables"
    );
    assert_eq!(error(insert, &[]), "Invalid amount of bind variables");
    assert_eq!(
        error(
            "INSERT INTO x (k) VALUES (?)",
            &[Wire(vec![b'x'; 65_536].into())]
        ),
        "Key length of 65536 is longer than maximum of 65535"
    );
    assert_eq!(
        error("INSERT INTO x (k) VALUES (?)", &[Wire(vec![0xFF].into())]),
        "String didn't validate."
    );
    let select = "SELECT * FROM u LIMIT ?";
    assert_eq!(error(select, &[Null]), "Invalid null value of limit");
    assert_eq!(
        error(select, &[Integer(0)]),
        "LIMIT must be strictly positive"
    );
    let timed = "INSERT INTO u (k) VALUES (1) USING TIMESTAMP ?";
    assert_eq!(error(timed, &[Null]), "Invalid null value of timestamp");
    let expiring = "INSERT INTO u (k) VALUES (1) USING TTL ?";
    assert_eq!(
        error(expiring, &[Integer(-1)]),
        "A TTL must be greater or equal to 0, but was -1"
    );
}

#[test]
fn an_expiry_after_2106_is_refused() {
    let mut world = World::with(&TABLES);
    world.now = 4_294_967_293 - 630_720_000;
    world.ok("INSERT INTO u (k) VALUES (1) USING TTL 630720000");
    world.now += 1;
    assert_eq!(
        world.error("INSERT INTO u (k) VALUES (1) USING TTL 630720000"),
        "Request on table ks.u with ttl of 630720000 seconds exceeds maximum supported expiration date of 2106-02-07T06:28:13+00:00. In order to avoid this use a lower TTL."
    );
    world.ok("CREATE TABLE e (k int PRIMARY KEY) WITH default_time_to_live = 630720000");
    assert!(
        world
            .error("INSERT INTO e (k) VALUES (1)")
            .contains("with default ttl of")
    );
}

#[test]
fn a_clustering_that_is_too_long_is_refused() {
    let mut world = World::with(&["CREATE TABLE l (k int, a text, b text, PRIMARY KEY (k, a, b))"]);
    let long = |n: usize| BoundValue::Wire(vec![b'x'; n].into());
    let insert = "INSERT INTO l (k, a, b) VALUES (1, ?, ?)";
    assert!(world.run_with(insert, &[long(65_000), long(535)]).is_ok());
    assert_eq!(
        world.run_with(insert, &[long(65_000), long(536)]),
        Err(RequestError::Invalid(
            "The sum of all clustering columns is too long (65536 > 65535)".to_owned()
        ))
    );
}
