//! Writes and reads end to end: what was written is what is read.

use crate::support::World;
use crate::support::play;

const T: &str = "CREATE TABLE t (k int, c int, s int static, v int, w text, PRIMARY KEY (k, c))";
const U: &str = "CREATE TABLE u (k int PRIMARY KEY, v int, w text)";

#[test]
fn a_row_is_read_as_it_was_written() {
    let mut world = World::with(&[T, U]);
    play(
        &mut world,
        "INSERT INTO u (k, v, w) VALUES (1, 2, 'three')
         SELECT * FROM u => 1 2 three
         SELECT w, k FROM u WHERE k = 1 => three 1
         SELECT * FROM u WHERE k = 2 =>
         INSERT INTO t (k, c, v) VALUES (1, 2, 3)
         INSERT INTO t (k, c, v) VALUES (1, 1, 4)
         SELECT * FROM t => 1 1 null 4 null / 1 2 null 3 null
         UPDATE t SET s = 9 WHERE k = 1
         SELECT k, s, c FROM t => 1 9 1 / 1 9 2
         UPDATE u SET v = 7, w = null WHERE k = 1
         SELECT * FROM u => 1 7 null",
    );
}

#[test]
fn insert_marks_the_row_and_update_does_not() {
    let mut world = World::with(&[U]);
    play(
        &mut world,
        "INSERT INTO u (k, v) VALUES (101, 1)
         DELETE v FROM u WHERE k = 101
         SELECT * FROM u => 101 null null
         UPDATE u SET v = 1 WHERE k = 102
         SELECT k FROM u WHERE k = 102 => 102
         DELETE v FROM u WHERE k = 102
         SELECT * FROM u WHERE k = 102 =>
         UPDATE u SET v = 1 WHERE k = 103
         UPDATE u SET v = null WHERE k = 103
         SELECT * FROM u WHERE k = 103 =>
         INSERT INTO u (k) VALUES (104)
         SELECT * FROM u WHERE k = 104 => 104 null null",
    );
}

#[test]
fn a_row_with_a_ttl_stays_for_a_cell_that_has_none() {
    let mut world = World::with(&[U]);
    play(
        &mut world,
        "INSERT INTO u (k, v) VALUES (1, 1) USING TTL 10
         SELECT ttl(v) FROM u => 10
         UPDATE u SET w = 'x' WHERE k = 1",
    );
    world.now += 4;
    assert_eq!(world.rows("SELECT v, ttl(v), ttl(w) FROM u"), "1 6 null");
    world.now += 6;
    play(
        &mut world,
        "SELECT * FROM u => 1 null x
         DELETE w FROM u WHERE k = 1
         SELECT * FROM u =>",
    );
}

#[test]
fn deletions_win_ties_and_cover_what_is_older() {
    let mut world = World::with(&[U]);
    play(
        &mut world,
        "INSERT INTO u (k, v) VALUES (100, 1) USING TIMESTAMP 10
         INSERT INTO u (k, v) VALUES (100, 2) USING TIMESTAMP 10
         SELECT v, writetime(v) FROM u => 2 10
         DELETE FROM u USING TIMESTAMP 10 WHERE k = 100
         SELECT * FROM u =>
         INSERT INTO u (k, v) VALUES (100, 1) USING TIMESTAMP 9
         SELECT * FROM u =>
         INSERT INTO u (k, v) VALUES (100, -1) USING TIMESTAMP 11
         SELECT * FROM u => 100 -1 null
         INSERT INTO u (k, v) VALUES (100, 2) USING TIMESTAMP 11
         SELECT * FROM u => 100 -1 null",
    );
}

#[test]
fn every_granularity_of_deletion_deletes_just_that() {
    let mut world = World::with(&[
        "CREATE TABLE d (k int, a int, b int, s int static, v int, PRIMARY KEY (k, a, b))",
    ]);
    let fill = "INSERT INTO d (k, a, b, v, s) VALUES (1, 1, 1, 11, 5)
         INSERT INTO d (k, a, b, v) VALUES (1, 1, 2, 12)
         INSERT INTO d (k, a, b, v) VALUES (1, 2, 1, 21)
         INSERT INTO d (k, a, b, v) VALUES (1, 2, 2, 22)
         INSERT INTO d (k, a, b, v) VALUES (1, 3, 1, 31)";
    for (delete, left) in [
        (
            "DELETE FROM d WHERE k = 1 AND a = 2 AND b = 1",
            "11 12 22 31",
        ),
        ("DELETE FROM d WHERE k = 1 AND a = 2", "11 12 31"),
        ("DELETE FROM d WHERE k = 1 AND a > 1", "11 12"),
        ("DELETE FROM d WHERE k = 1 AND a >= 1 AND a < 3", "31"),
        ("DELETE FROM d WHERE k = 1 AND a IN (1, 3)", "21 22"),
        (
            "DELETE FROM d WHERE k = 1 AND a IN (1, 2) AND b = 2",
            "11 21 31",
        ),
        ("DELETE FROM d WHERE k = 1 AND (a, b) > (1, 1)", "11"),
        (
            "DELETE FROM d WHERE k = 1 AND a = 1 AND b <= 1",
            "12 21 22 31",
        ),
        ("DELETE FROM d WHERE k = 1", ""),
        ("DELETE FROM d WHERE k IN (1, 2)", ""),
        ("DELETE FROM d WHERE k IN ()", "11 12 21 22 31"),
        ("DELETE FROM d WHERE k = 1 AND a IN ()", "11 12 21 22 31"),
        (
            "DELETE v FROM d WHERE k = 1 AND a = 1 AND b IN (1, 2)",
            "null null 21 22 31",
        ),
    ] {
        world.ok("TRUNCATE d");
        play(&mut world, fill);
        world.ok(delete);
        let rows = world
            .rows("SELECT v FROM d WHERE k = 1")
            .replace(" / ", " ");
        assert_eq!(rows, left, "{delete}");
        let statics = world.rows("SELECT DISTINCT k, s FROM d");
        let expected = if left.is_empty() { "" } else { "1 5" };
        assert_eq!(statics, expected, "{delete}");
    }
}

#[test]
fn a_partition_with_only_static_content_is_one_row_of_a_whole_read() {
    let mut world = World::with(&[T]);
    play(
        &mut world,
        "INSERT INTO t (k, s) VALUES (5, 1)
         SELECT * FROM t WHERE k = 5 => 5 null 1 null null
         SELECT * FROM t WHERE k = 5 AND c = 1 =>
         SELECT * FROM t WHERE k = 5 AND c > 1 =>
         SELECT DISTINCT k, s FROM t => 5 1
         SELECT * FROM t => 5 null 1 null null
         SELECT * FROM t WHERE v = 1 ALLOW FILTERING =>
         SELECT k, s FROM t WHERE s = 1 ALLOW FILTERING => 5 1
         SELECT k, s FROM t WHERE s = 2 ALLOW FILTERING =>
         SELECT count(*) FROM t => 1
         INSERT INTO t (k, c) VALUES (5, 1)
         SELECT * FROM t WHERE k = 5 => 5 1 1 null null
         DELETE FROM t WHERE k = 5 AND c = 1
         SELECT * FROM t WHERE k = 5 => 5 null 1 null null
         DELETE s FROM t WHERE k = 5
         SELECT * FROM t WHERE k = 5 =>
         UPDATE t SET s = 3 WHERE k = 5
         DELETE FROM t WHERE k = 5
         SELECT * FROM t =>",
    );
}

#[test]
fn unset_writes_nothing_and_null_deletes() {
    use quorate_query::BoundValue::{Integer, Null, Text, Unset};
    let mut world = World::with(&[U]);
    let insert = "INSERT INTO u (k, v, w) VALUES (?, ?, ?)";
    let select = "SELECT * FROM u";
    world
        .run_with(insert, &[Integer(1), Integer(2), Text("x".into())])
        .unwrap();
    world.run_with(insert, &[Integer(1), Unset, Null]).unwrap();
    assert_eq!(world.rows(select), "1 2 null");
    world
        .run_with(
            "UPDATE u SET v = ?, w = ? WHERE k = ?",
            &[Unset, Unset, Integer(2)],
        )
        .unwrap();
    assert_eq!(world.rows(select), "1 2 null");
    world.run_with(insert, &[Integer(3), Unset, Unset]).unwrap();
    assert_eq!(world.rows("SELECT k FROM u WHERE k = 3"), "3");
}

#[test]
fn a_table_ttl_holds_unless_the_statement_says_another() {
    let mut world =
        World::with(&["CREATE TABLE e (k int PRIMARY KEY, v int) WITH default_time_to_live = 100"]);
    play(
        &mut world,
        "INSERT INTO e (k, v) VALUES (1, 1)
         INSERT INTO e (k, v) VALUES (2, 1) USING TTL 5
         INSERT INTO e (k, v) VALUES (3, 1) USING TTL 0
         SELECT k, ttl(v) FROM e WHERE k IN (1, 2, 3) => 1 100 / 2 5 / 3 null",
    );
    world.now += 100;
    assert_eq!(world.rows("SELECT k FROM e"), "3");
}

#[test]
fn one_batch_has_one_timestamp() {
    let mut world = World::with(&[U]);
    play(
        &mut world,
        "BEGIN BATCH INSERT INTO u (k, v) VALUES (104, 1); DELETE FROM u WHERE k = 104; APPLY BATCH
         SELECT * FROM u =>
         BEGIN BATCH DELETE FROM u WHERE k = 105; INSERT INTO u (k, v) VALUES (105, 1); APPLY BATCH
         SELECT * FROM u =>
         BEGIN UNLOGGED BATCH USING TIMESTAMP 42 INSERT INTO u (k, v) VALUES (1, 1); UPDATE u SET v = 2 WHERE k = 1; APPLY BATCH
         SELECT v, writetime(v) FROM u => 2 42
         BEGIN BATCH INSERT INTO u (k, v) VALUES (2, 1) USING TIMESTAMP 5; INSERT INTO u (k, v) VALUES (3, 1) USING TIMESTAMP 6; APPLY BATCH
         SELECT k, writetime(v) FROM u WHERE k IN (2, 3) => 2 5 / 3 6
         BEGIN BATCH APPLY BATCH",
    );
}

#[test]
fn a_dropped_column_takes_its_values_along() {
    let mut world = World::with(&[U]);
    play(
        &mut world,
        "INSERT INTO u (k, v, w) VALUES (1, 1, 'old')
         UPDATE u SET w = 'only' WHERE k = 2
         SELECT k FROM u WHERE k = 2 => 2
         ALTER TABLE u DROP w
         SELECT * FROM u WHERE k IN (1, 2) => 1 1
         ALTER TABLE u ADD w text
         SELECT * FROM u WHERE k IN (1, 2) => 1 1 null
         UPDATE u SET w = 'new' WHERE k = 2
         SELECT * FROM u WHERE k IN (1, 2) => 1 1 null / 2 null new",
    );
}

#[test]
fn in_on_the_partition_key_gives_rows_in_the_order_of_its_type() {
    let mut world = World::with(&["CREATE TABLE p (a int, b text, v int, PRIMARY KEY ((a, b)))"]);
    for (a, b) in [(3, "x"), (-1, "y"), (2, "x"), (-1, "x"), (2, "y")] {
        world.ok(&format!("INSERT INTO p (a, b, v) VALUES ({a}, '{b}', {a})"));
    }
    play(
        &mut world,
        "SELECT a, b FROM p WHERE a IN (3, 2, -1, 2) AND b IN ('y', 'x') => -1 x / -1 y / 2 x / 2 y / 3 x
         SELECT a, b FROM p WHERE a IN (3, 2) AND b = 'x' => 2 x / 3 x
         SELECT a FROM p WHERE a IN () AND b = 'x' =>
         SELECT a, b FROM p WHERE a IN (3, 2, -1) AND b = 'x' LIMIT 2 => -1 x / 2 x
         UPDATE p SET v = 0 WHERE a IN (2, 3) AND b = 'x'
         SELECT v FROM p WHERE a IN (2, 3) AND b IN ('x', 'y') => 0 / 2 / 0",
    );
}

#[test]
fn in_on_clustering_gives_rows_in_clustering_order() {
    let mut world = World::with(&[
        T,
        "CREATE TABLE r (k int, c int, d int, v int, PRIMARY KEY (k, c, d)) WITH CLUSTERING ORDER BY (c DESC, d ASC)",
    ]);
    for c in 1..=5 {
        world.ok(&format!("INSERT INTO t (k, c, v) VALUES (1, {c}, {c})"));
        for d in 1..=2 {
            world.ok(&format!(
                "INSERT INTO r (k, c, d, v) VALUES (1, {c}, {d}, {c}{d})"
            ));
        }
    }
    play(
        &mut world,
        "SELECT c FROM t WHERE k = 1 AND c IN (5, 1, 3, 1) => 1 / 3 / 5
         SELECT c FROM t WHERE k = 1 AND c IN (5, 1, 3) ORDER BY c DESC => 5 / 3 / 1
         SELECT c FROM t WHERE k = 1 AND c IN (9) =>
         SELECT c FROM t WHERE k = 1 AND c IN () =>
         SELECT v FROM r WHERE k = 1 AND c IN (1, 3) => 31 / 32 / 11 / 12
         SELECT v FROM r WHERE k = 1 AND c IN (1, 3) AND d > 1 => 32 / 12
         SELECT v FROM r WHERE k = 1 AND (c, d) IN ((1, 2), (3, 1), (1, 2)) => 31 / 12
         SELECT v FROM r WHERE k = 1 AND c IN (1, 3) AND d IN (2, 1) ORDER BY c => 12 / 11 / 32 / 31",
    );
}

#[test]
fn slices_hold_what_lies_between_their_bounds_in_both_directions() {
    let mut world = World::with(&[
        "CREATE TABLE asc_t (k int, c int, PRIMARY KEY (k, c))",
        "CREATE TABLE desc_t (k int, c int, PRIMARY KEY (k, c)) WITH CLUSTERING ORDER BY (c DESC)",
    ]);
    for c in 1..=6 {
        world.ok(&format!("INSERT INTO asc_t (k, c) VALUES (1, {c})"));
        world.ok(&format!("INSERT INTO desc_t (k, c) VALUES (1, {c})"));
    }
    for (condition, expected) in [
        ("c > 2", "3456"),
        ("c >= 2", "23456"),
        ("c < 3", "12"),
        ("c <= 3", "123"),
        ("c > 2 AND c < 5", "34"),
        ("c >= 2 AND c <= 5", "2345"),
        ("c > 5 AND c < 2", ""),
        ("c = 4", "4"),
        ("(c) > (4)", "56"),
        ("(c) >= (2) AND c < 4", "23"),
    ] {
        let backward: String = expected.chars().rev().collect();
        for (table, order, expected) in [
            ("asc_t", "", expected),
            ("asc_t", "ORDER BY c DESC", &backward),
            ("desc_t", "", &backward),
            ("desc_t", "ORDER BY c ASC", expected),
        ] {
            let statement = format!("SELECT c FROM {table} WHERE k = 1 AND {condition} {order}");
            let rows = world.rows(&statement).replace(" / ", "");
            assert_eq!(rows, *expected, "{statement}");
        }
    }
}

#[test]
fn token_ranges_cut_the_ring() {
    let mut world = World::with(&[U]);
    for k in 0..20 {
        world.ok(&format!("INSERT INTO u (k, v) VALUES ({k}, {k})"));
    }
    let all: Vec<(i64, i64)> = world
        .rows("SELECT token(k), k FROM u")
        .split(" / ")
        .map(|row| row.split_once(' ').unwrap())
        .map(|(token, k)| (token.parse().unwrap(), k.parse().unwrap()))
        .collect();
    assert_eq!(all.len(), 20);
    assert!(all.is_sorted(), "token order");
    let (middle, middle_key) = all[10];
    let mut count = |condition: &str| {
        let rows = world.rows(&format!("SELECT k FROM u WHERE {condition}"));
        rows.split(" / ").filter(|row| !row.is_empty()).count()
    };
    assert_eq!(count(&format!("token(k) > {middle}")), 9);
    assert_eq!(count(&format!("token(k) >= {middle}")), 10);
    assert_eq!(count(&format!("token(k) < {middle}")), 10);
    assert_eq!(count(&format!("token(k) <= {middle}")), 11);
    assert_eq!(count(&format!("token(k) = {middle}")), 1);
    assert_eq!(
        count(&format!(
            "token(k) >= token({middle_key}) AND token(k) <= token({middle_key})"
        )),
        1
    );
    assert_eq!(
        count(&format!("token(k) > {middle} AND token(k) < {middle}")),
        0
    );
    assert_eq!(
        count(&format!(
            "token(k) > {} AND token(k) < {}",
            i64::MAX,
            i64::MAX
        )),
        0
    );
    assert_eq!(count(&format!("token(k) > {}", i64::MIN)), 20);
    assert_eq!(count(&format!("token(k) <= {}", i64::MIN)), 20);
    assert_eq!(
        count(&format!(
            "token(k) > {} AND token(k) <= {}",
            i64::MIN,
            i64::MAX
        )),
        20
    );
    assert_eq!(
        count(&format!("k IN (1, 2, 3, 4) AND token(k) > {}", i64::MIN)),
        4
    );
    assert_eq!(
        count(&format!("k = {middle_key} AND token(k) > {middle}")),
        0
    );
    assert_eq!(
        count(&format!("k = {middle_key} AND token(k) = {middle}")),
        1
    );
}

#[test]
fn filtering_tests_what_no_key_chooses() {
    let mut world = World::with(&[
        "CREATE TABLE f (a int, b int, c int, d int, v int, w text, PRIMARY KEY ((a, b), c, d))",
    ]);
    for n in 0..8 {
        let (a, b, c, d) = (n % 2, n / 2 % 2, n / 4, n);
        world.ok(&format!(
            "INSERT INTO f (a, b, c, d, v) VALUES ({a}, {b}, {c}, {d}, {n})"
        ));
    }
    world.ok("UPDATE f SET w = 'x' WHERE a = 0 AND b = 0 AND c = 0 AND d = 0");
    let mut sorted = |condition: &str| {
        let rows = world.rows(&format!(
            "SELECT v FROM f WHERE {condition} ALLOW FILTERING"
        ));
        let mut rows: Vec<&str> = rows.split(" / ").collect();
        rows.sort_unstable();
        rows.join(" ")
    };
    assert_eq!(sorted("v > 5"), "6 7");
    assert_eq!(sorted("v >= 2 AND v < 4"), "2 3");
    assert_eq!(sorted("v IN (1, 7)"), "1 7");
    assert_eq!(sorted("a = 1"), "1 3 5 7");
    assert_eq!(sorted("a > 0 AND v < 4"), "1 3");
    assert_eq!(sorted("b = 0 AND c = 1"), "4 5");
    assert_eq!(sorted("c = 1"), "4 5 6 7");
    assert_eq!(sorted("c > 0"), "4 5 6 7");
    assert_eq!(sorted("d = 3"), "3");
    assert_eq!(sorted("a = 1 AND b = 1 AND d = 7"), "7");
    assert_eq!(sorted("a = 1 AND b = 1 AND c > 0 AND d = 7"), "7");
    assert_eq!(sorted("(c, d) = (1, 4)"), "4");
    assert_eq!(sorted("w = 'x'"), "0");
    assert_eq!(sorted("w > ''"), "0");
    assert_eq!(sorted("token(a, b) > -9223372036854775808 AND v = 3"), "3");
}

#[test]
fn mixed_directions_expand_a_comparison_of_tuples() {
    for order in [
        "",
        " WITH CLUSTERING ORDER BY (a ASC, b DESC, c ASC)",
        " WITH CLUSTERING ORDER BY (a DESC, b ASC, c DESC)",
        " WITH CLUSTERING ORDER BY (a DESC, b DESC, c DESC)",
        " WITH CLUSTERING ORDER BY (a DESC, b DESC, c ASC)",
    ] {
        let table =
            format!("CREATE TABLE m (k int, a int, b int, c int, PRIMARY KEY (k, a, b, c)){order}");
        let mut world = World::with(&[&table]);
        let all: Vec<(i32, i32, i32)> = (0..27).map(|n| (n / 9, n / 3 % 3, n % 3)).collect();
        for (a, b, c) in &all {
            world.ok(&format!(
                "INSERT INTO m (k, a, b, c) VALUES (1, {a}, {b}, {c})"
            ));
        }
        let in_order: Vec<String> = world
            .rows("SELECT a, b, c FROM m WHERE k = 1")
            .split(" / ")
            .map(str::to_owned)
            .collect();
        let mut check = |condition: &str, holds: &dyn Fn((i32, i32, i32)) -> bool| {
            let wanted: Vec<String> = in_order
                .iter()
                .filter(|row| {
                    let n: Vec<i32> = row.split(' ').map(|n| n.parse().unwrap()).collect();
                    holds((n[0], n[1], n[2]))
                })
                .cloned()
                .collect();
            let statement = format!("SELECT a, b, c FROM m WHERE k = 1 AND {condition}");
            assert_eq!(
                world.rows(&statement),
                wanted.join(" / "),
                "{statement}{order}"
            );
        };
        check("(a, b, c) > (1, 1, 1)", &|t| t > (1, 1, 1));
        check("(a, b, c) >= (1, 1, 1)", &|t| t >= (1, 1, 1));
        check("(a, b, c) < (1, 1, 1)", &|t| t < (1, 1, 1));
        check("(a, b, c) <= (1, 1, 1)", &|t| t <= (1, 1, 1));
        check("(a, b) > (1, 0)", &|t| (t.0, t.1) > (1, 0));
        check("(a, b) <= (1, 0)", &|t| (t.0, t.1) <= (1, 0));
        check("(a, b, c) > (0, 1, 2) AND (a, b, c) < (2, 0, 1)", &|t| {
            t > (0, 1, 2) && t < (2, 0, 1)
        });
        check("(a, b, c) >= (0, 2, 0) AND (a, b) < (2, 1)", &|t| {
            t >= (0, 2, 0) && (t.0, t.1) < (2, 1)
        });
        check("(a, b) > (0, 1) AND a < 2", &|t| {
            (t.0, t.1) > (0, 1) && t.0 < 2
        });
        check("a = 1 AND (b, c) > (1, 0)", &|t| {
            t.0 == 1 && (t.1, t.2) > (1, 0)
        });
        check("a IN (0, 2) AND (b, c) <= (1, 1)", &|t| {
            t.0 != 1 && (t.1, t.2) <= (1, 1)
        });
        check("(a, b) = (1, 2) AND c >= 1", &|t| {
            t.0 == 1 && t.1 == 2 && t.2 >= 1
        });
    }
}
