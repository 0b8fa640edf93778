//! What can be selected: expressions, functions, aggregates, groups, names.

use crate::support::World;
use crate::support::play;
use quorate_query::BoundValue;

const N: &str = "CREATE TABLE n (k int, c int, ti tinyint, si smallint, v int, bi bigint, f float, d double, vi varint, de decimal, w text, ts timestamp, da date, PRIMARY KEY (k, c))";

fn world() -> World {
    let mut world = World::with(&[N]);
    world.ok("INSERT INTO n (k, c, ti, si, v, bi, f, d, vi, de, w, ts, da) VALUES (1, 1, 1, 2, 3, 4, 1.5, 2.5, 7, 8.5, 'a', 1000, '2024-02-29')");
    world.ok("INSERT INTO n (k, c, ti, si, v, bi, f, d, vi, de, w, ts, da) VALUES (1, 2, 2, 3, 4, 6, 2.5, 3.5, 9, 1.5, 'b', 2000, '2024-03-01')");
    world.ok("INSERT INTO n (k, c) VALUES (1, 3)");
    world.ok("INSERT INTO n (k, c, v) VALUES (2, 1, -5)");
    world
}

/// Names and first row of a selection from the first row.
fn first(world: &mut World, selection: &str) -> (String, String) {
    let query = format!("SELECT {selection} FROM n WHERE k = 1 AND c = 1");
    let result = match world.run(&query) {
        Ok(result) => result.unwrap(),
        Err(error) => return ("error".to_owned(), error.to_string()),
    };
    let names: Vec<&str> = result.columns.iter().map(|c| c.name.as_str()).collect();
    (names.join(", "), crate::support::shown(&result))
}

#[test]
fn expressions_have_cassandras_names_types_and_values() {
    let mut world = world();
    for (selection, name, value) in [
        ("v", "v", "3"),
        ("v AS x", "x", "3"),
        ("v + 1", "v + 1", "4"),
        ("v-1", "v - 1", "2"),
        ("v * 2 + 1", "v * 2 + 1", "7"),
        ("(v + 1) * 2", "(v + 1) * 2", "8"),
        ("v / 2", "v / 2", "1"),
        ("v % 2", "v % 2", "1"),
        ("-v", "-v", "-3"),
        ("ti + ti", "ti + ti", "2"),
        ("bi + v", "bi + v", "7"),
        ("vi + bi", "vi + bi", "11"),
        ("f + f", "f + f", "3"),
        ("d / 0", "d / 0", "Infinity"),
        ("(int) 5", "(int)5", "5"),
        ("(float) 1.0", "(float)1.0", "1"),
        ("'x'", "'x'", "x"),
        ("12", "12", "12"),
        ("cast(v AS text)", "cast(v as text)", "3"),
        ("cast(v AS bigint)", "cast(v as bigint)", "3"),
        ("cast(bi AS tinyint)", "cast(bi as tinyint)", "4"),
        ("abs(-5)", "system.abs(-5)", "5"),
        ("abs(v)", "system.abs(v)", "3"),
        ("round(d)", "system.round(d)", "3"),
        ("exp(ti)", "system.exp(ti)", "2"),
        ("log10(d * 40)", "system.log10(d * 40)", "2"),
        ("token(k)", "system.token(k)", "-4069959284402364209"),
        ("int_as_blob(v)", "system.int_as_blob(v)", "0x00000003"),
        ("intAsBlob(v)", "system.intasblob(v)", "0x00000003"),
        (
            "blob_as_int(0x0000000a)",
            "system.blob_as_int(0x0000000a)",
            "10",
        ),
        (
            "blobasint(intasblob(v))",
            "system.blobasint(system.intasblob(v))",
            "3",
        ),
        (
            "to_unix_timestamp(ts)",
            "system.to_unix_timestamp(ts)",
            "1000",
        ),
        ("to_date(ts)", "system.to_date(ts)", "1970-01-01"),
        (
            "to_unix_timestamp(da)",
            "system.to_unix_timestamp(da)",
            "1709164800000",
        ),
        ("to_json(w)", "system.to_json(w)", "\"a\""),
        (
            "to_date(min_timeuuid(ts))",
            "system.to_date(system.min_timeuuid(ts))",
            "1970-01-01",
        ),
        (
            "to_unix_timestamp(max_timeuuid(ts))",
            "system.to_unix_timestamp(system.max_timeuuid(ts))",
            "1000",
        ),
        ("ttl(v)", "ttl(v)", "null"),
    ] {
        let (found_name, found) = first(&mut world, selection);
        assert_eq!(
            (found_name.as_str(), found.as_str()),
            (name, value),
            "{selection}"
        );
    }
}

#[test]
fn the_time_of_a_request_is_one() {
    let mut world = world();
    let now = i64::from(world.now) * 1000;
    let rows = world.rows("SELECT to_unix_timestamp(current_timestamp()), to_date(now()), uuid() FROM n WHERE k = 1 AND c = 1");
    assert!(rows.starts_with(&now.to_string()), "{rows}");
    let rows = world.rows("SELECT uuid(), now() FROM n");
    let rows: std::collections::BTreeSet<&str> = rows.split(" / ").collect();
    assert_eq!(rows.len(), 4, "each row has its own");
}

#[test]
fn aggregates_skip_nulls_and_know_what_nothing_is() {
    let mut world = world();
    play(
        &mut world,
        "SELECT count(*) FROM n => 4
         SELECT count(1), count(v), count(w) FROM n => 4 3 2
         SELECT min(v), max(v), sum(v), avg(v) FROM n => -5 4 2 0
         SELECT sum(ti), avg(ti), sum(f), avg(d), sum(vi), sum(de) FROM n => 3 1 4 3 16 10.0
         SELECT min(w), max(w), max(ts) FROM n => a b 1970-01-01 00:00:02.000000+0000
         SELECT count(*), min(v), max(v), sum(v), avg(v) FROM n WHERE k = 9 => 0 null null 0 0
         SELECT sum(v) + 1, cast(max(v) AS text), sum(v * 2), k FROM n WHERE k = 1 => 8 4 14 1
         SELECT max(v) FROM n WHERE k = 1 LIMIT 1 => 4
         SELECT k, c, max(v) FROM n WHERE k = 1 => 1 1 4
         SELECT k, count(*), sum(v) FROM n GROUP BY k => 1 3 7 / 2 1 -5
         SELECT c, v FROM n WHERE k = 1 GROUP BY c => 1 3 / 2 4 / 3 null
         SELECT k FROM n WHERE k = 9 GROUP BY k =>
         SELECT k, count(*) FROM n WHERE v > 3 GROUP BY k ALLOW FILTERING => 1 1",
    );
    world.now += 1;
    let result = world
        .run("SELECT count(*), sum(v), system.max(v) AS m FROM n")
        .unwrap()
        .unwrap();
    let names: Vec<&str> = result.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["count", "system.sum(v)", "m"]);
    assert_eq!(
        result.warnings,
        ["Aggregation query used without partition key"]
    );
    let result = world
        .run("SELECT count(*) FROM n WHERE k IN (1, 2)")
        .unwrap()
        .unwrap();
    assert_eq!(
        result.warnings,
        ["Aggregation query used on multiple partition keys (IN restriction)"]
    );
    let result = world
        .run("SELECT count(*) FROM n WHERE k = 1")
        .unwrap()
        .unwrap();
    assert!(result.warnings.is_empty());
}

#[test]
fn the_star_has_keys_then_statics_then_regulars_by_name() {
    let mut world = World::with(&[
        "CREATE TABLE o (b int, a int, z int static, y int static, m int, \"M\" int, PRIMARY KEY (b, a))",
    ]);
    let result = world.run("SELECT * FROM o").unwrap().unwrap();
    let names: Vec<&str> = result.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["b", "a", "y", "z", "M", "m"]);
}

#[test]
fn select_json_is_one_text_per_row() {
    let mut world = World::with(&[
        "CREATE TABLE j (k int PRIMARY KEY, \"MyCol\" int, bl blob, t text, b boolean)",
    ]);
    world.ok("INSERT INTO j (k, \"MyCol\", bl, t) VALUES (1, 7, 0xcafe, 'say \"hi\"')");
    assert_eq!(
        world.rows("SELECT JSON * FROM j"),
        r#"{"k": 1, "\"MyCol\"": 7, "b": null, "bl": "0xcafe", "t": "say \"hi\""}"#
    );
    assert_eq!(
        world.rows("SELECT JSON k AS x, count(*) FROM j"),
        r#"{"x": 1, "count": 1}"#
    );
    let result = world.run("SELECT JSON k FROM j").unwrap().unwrap();
    assert_eq!(result.columns[0].name, "[json]");
}

#[test]
fn terms_are_computed_where_values_are_written() {
    let mut world = world();
    play(
        &mut world,
        "UPDATE n SET v = 1 + 2 * 3, bi = (bigint)5 + 1, ti = -(1 + 1) WHERE k = 5 AND c = 1 - 1
         SELECT v, bi, ti, c FROM n WHERE k = 5 => 7 6 -2 0",
    );
}

#[test]
fn limits_may_be_bound() {
    use BoundValue::{Integer, Unset};
    let mut world = world();
    let query = "SELECT c FROM n WHERE k = ? PER PARTITION LIMIT ? LIMIT ?";
    let mut rows =
        |per: BoundValue, limit: BoundValue| world.rows_with(query, &[Integer(1), per, limit]);
    assert_eq!(rows(Unset, Unset), "1 / 2 / 3");
    assert_eq!(rows(Integer(2), Unset), "1 / 2");
    assert_eq!(rows(Integer(2), Integer(1)), "1");
}

#[test]
fn explain_consistency_holds_the_plan_it_explains() {
    let mut world = world();
    let prepared = world
        .prepare("EXPLAIN CONSISTENCY SELECT v FROM n WHERE k = ?")
        .unwrap();
    assert_eq!(prepared.partition_key_markers, Some(vec![0]));
    let result = world.execute(&prepared.plan, &[BoundValue::Integer(2)]);
    assert_eq!(crate::support::shown(&result.unwrap().unwrap()), "-5");
}

#[test]
fn describe_gives_the_statements_back() {
    let mut world = World::with(&["CREATE TABLE a (k int PRIMARY KEY)"]);
    world.ok("CREATE KEYSPACE \"Mixed\" WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
    let keyspaces = world.rows("DESCRIBE KEYSPACES");
    assert!(
        keyspaces.starts_with("\"Mixed\" keyspace \"Mixed\" / ks keyspace ks / system"),
        "{keyspaces}"
    );
    assert_eq!(world.rows("DESCRIBE TABLES"), "ks table a");
    assert_eq!(world.rows("DESCRIBE TYPES"), "");
    assert_eq!(
        world.rows("DESCRIBE CLUSTER"),
        "test Murmur3Partitioner GossipingPropertyFileSnitch"
    );
    let table = world.rows("DESCRIBE TABLE a");
    assert!(
        table.starts_with("ks table a CREATE TABLE ks.a ("),
        "{table}"
    );
    let keyspace = world.rows("DESCRIBE KEYSPACE");
    assert!(
        keyspace.starts_with("ks keyspace ks CREATE KEYSPACE ks WITH"),
        "{keyspace}"
    );
    assert!(
        keyspace.contains("/ ks table a CREATE TABLE ks.a"),
        "{keyspace}"
    );
    assert_eq!(world.rows("DESCRIBE a"), table);
    assert_eq!(
        world.error("DESCRIBE TABLE b"),
        "Table 'b' not found in keyspace 'ks'"
    );
    assert_eq!(
        world.error("DESCRIBE nothing"),
        "'nothing' not found in keyspace 'ks'"
    );
}
