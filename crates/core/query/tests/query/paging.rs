//! Pages: their size, where replies were cut and where a state is used again must not show in the
//! rows (**Q3**).

use crate::support::World;
use crate::support::shown;
use bytes::Bytes;
use proptest::prelude::*;
use quorate_query::BoundValue;
use quorate_query::Plan;
use quorate_query::SelectPlan;
use quorate_types::RequestError;

const TABLE: &str = "CREATE TABLE t (k int, a int, b int, s int static, v int, PRIMARY KEY (k, a, b)) WITH CLUSTERING ORDER BY (a DESC, b ASC)";

/// Partitions with rows, with static content, with both; deleted and expired rows among them.
fn world() -> World {
    let mut world = World::with(&[TABLE]);
    for k in 0..6 {
        if k != 2 {
            world.ok(&format!("UPDATE t SET s = {k} WHERE k = {k}"));
        }
        if k == 3 {
            continue;
        }
        for a in 0..3 {
            for b in 0..4 {
                world.ok(&format!(
                    "INSERT INTO t (k, a, b, v) VALUES ({k}, {a}, {b}, {k}{a}{b})"
                ));
            }
        }
        world.ok(&format!(
            "DELETE FROM t WHERE k = {k} AND a = 1 AND b = {}",
            k % 4
        ));
        world.ok(&format!(
            "INSERT INTO t (k, a, b) VALUES ({k}, 5, 5) USING TTL 1"
        ));
    }
    world.ok("DELETE FROM t WHERE k = 4 AND a > 0");
    world.ok("DELETE FROM t WHERE k = 5 AND a < 2 AND a > 0");
    world.now += 10;
    world
}

const QUERIES: [&str; 34] = [
    "SELECT * FROM t",
    "SELECT * FROM t LIMIT 7",
    "SELECT * FROM t PER PARTITION LIMIT 2",
    "SELECT * FROM t PER PARTITION LIMIT 2 LIMIT 5",
    "SELECT * FROM t WHERE k = 1",
    "SELECT * FROM t WHERE k = 1 LIMIT 5",
    "SELECT * FROM t WHERE k = 1 ORDER BY a ASC",
    "SELECT * FROM t WHERE k = 1 ORDER BY a ASC, b DESC LIMIT 7",
    "SELECT * FROM t WHERE k = 1 AND a = 2 ORDER BY b DESC",
    "SELECT * FROM t WHERE k = 1 AND a IN (0, 2) AND b > 0",
    "SELECT * FROM t WHERE k = 1 AND a IN (0, 2) AND b IN (3, 1) ORDER BY a ASC",
    "SELECT * FROM t WHERE k = 1 AND (a, b) > (0, 2)",
    "SELECT * FROM t WHERE k = 1 AND (a, b) <= (1, 2) ORDER BY a ASC",
    "SELECT * FROM t WHERE k IN (5, 1, 3, 2, 77)",
    "SELECT * FROM t WHERE k IN (5, 1, 3, 2) PER PARTITION LIMIT 3",
    "SELECT * FROM t WHERE k IN (5, 1, 3, 2) AND a = 2",
    "SELECT * FROM t WHERE k = 3",
    "SELECT DISTINCT k FROM t",
    "SELECT DISTINCT k, s FROM t",
    "SELECT DISTINCT k, s FROM t LIMIT 4",
    "SELECT DISTINCT k, s FROM t WHERE k IN (4, 2, 3)",
    "SELECT DISTINCT s FROM t WHERE k = 1",
    "SELECT * FROM t WHERE token(k) > -4069959284402364209",
    "SELECT * FROM t WHERE v > 20 ALLOW FILTERING",
    "SELECT * FROM t WHERE b = 2 PER PARTITION LIMIT 2 ALLOW FILTERING",
    "SELECT * FROM t WHERE a = 2 AND b > 1 ALLOW FILTERING",
    "SELECT * FROM t WHERE s > 1 LIMIT 9 ALLOW FILTERING",
    "SELECT count(*), min(v), max(v), sum(v), avg(v) FROM t",
    "SELECT k, count(*) FROM t GROUP BY k",
    "SELECT k, a, count(*), sum(v) FROM t GROUP BY k, a",
    "SELECT k, a, count(v), b FROM t GROUP BY k, a LIMIT 4",
    "SELECT k, a, count(v) FROM t GROUP BY k, a PER PARTITION LIMIT 2",
    "SELECT k, a, max(b) FROM t WHERE k IN (5, 1, 0) GROUP BY k, a PER PARTITION LIMIT 1",
    "SELECT a, max(b) FROM t WHERE k = 1 GROUP BY a ORDER BY a ASC",
];

#[test]
fn the_rows_do_not_depend_on_the_size_of_pages_or_replies() {
    let mut world = world();
    for query in QUERIES {
        world.page_size = None;
        world.reply_rows = u32::MAX;
        let whole = world.rows(query);
        assert!(!whole.is_empty(), "{query}");
        for page_size in 1..=10 {
            for reply_rows in [1, 2, 3, 5, u32::MAX] {
                world.page_size = Some(page_size);
                world.reply_rows = reply_rows;
                let paged = world.rows(query);
                assert_eq!(paged, whole, "{query} page {page_size} reply {reply_rows}");
            }
        }
    }
}

#[test]
fn ascending_and_descending_hold_the_same_rows() {
    let mut world = world();
    for page_size in [None, Some(1), Some(4)] {
        world.page_size = page_size;
        for condition in ["", "AND a = 2", "AND a >= 1", "AND (a, b) < (2, 1)"] {
            let forward = world.rows(&format!("SELECT a, b, v FROM t WHERE k = 1 {condition}"));
            let backward = world.rows(&format!(
                "SELECT a, b, v FROM t WHERE k = 1 {condition} ORDER BY a ASC, b DESC"
            ));
            let mut reversed: Vec<&str> = backward.split(" / ").collect();
            reversed.reverse();
            assert_eq!(forward, reversed.join(" / "), "{condition}");
        }
    }
}

fn select(world: &World, query: &str) -> SelectPlan {
    match world.prepare(query).unwrap().plan {
        Plan::Select(plan) => plan,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_full_last_page_is_known_to_be_the_last() {
    let mut world = world();
    world.page_size = Some(3);
    let plan = select(&world, "SELECT * FROM t WHERE k = 1 AND a = 2 LIMIT 3");
    assert_eq!(world.page(&plan, &[], None).unwrap().paging_state, None);
    world.page_size = Some(4);
    let plan = select(&world, "SELECT * FROM t WHERE k = 1 AND a = 2");
    let page = world.page(&plan, &[], None).unwrap();
    assert_eq!((page.rows.len(), page.paging_state), (4, None));
    let plan = select(&world, "SELECT count(*) FROM t");
    assert_eq!(world.page(&plan, &[], None).unwrap().paging_state, None);
}

#[test]
fn a_state_survives_the_deletion_of_its_row_and_another_page_size() {
    let mut world = world();
    let plan = select(&world, "SELECT a, b FROM t WHERE k = 0");
    world.page_size = Some(2);
    let first = world.page(&plan, &[], None).unwrap();
    assert_eq!(shown(&first), "2 0 / 2 1");
    world.ok("DELETE FROM t WHERE k = 0 AND a = 2 AND b = 1");
    world.page_size = Some(3);
    let state = first.paging_state.unwrap();
    let second = world.page(&plan, &[], Some(&state)).unwrap();
    assert_eq!(shown(&second), "2 2 / 2 3 / 1 1");
    // Planned anew, as another coordinator does.
    let plan = select(&world, "SELECT a, b FROM t WHERE k = 0");
    assert_eq!(
        shown(&world.page(&plan, &[], Some(&state)).unwrap()),
        "2 2 / 2 3 / 1 1"
    );
}

#[test]
fn a_state_of_another_query_or_other_bytes_is_refused() {
    let mut world = world();
    world.page_size = Some(2);
    let refusal = RequestError::Protocol("Invalid value for the paging state".to_owned());
    let plan = select(&world, "SELECT a, b FROM t WHERE k = ?");
    let one = [BoundValue::Integer(1)];
    let state = world.page(&plan, &one, None).unwrap().paging_state.unwrap();
    assert!(world.page(&plan, &one, Some(&state)).is_ok());
    let other = [BoundValue::Integer(2)];
    assert_eq!(
        world.page(&plan, &other, Some(&state)),
        Err(refusal.clone())
    );
    let other = select(&world, "SELECT b, a FROM t WHERE k = ?");
    assert_eq!(world.page(&other, &one, Some(&state)), Err(refusal.clone()));
    for at in 0..state.len() {
        let mut damaged = state.to_vec();
        damaged[at] ^= 1;
        assert_eq!(
            world.page(&plan, &one, Some(&damaged)),
            Err(refusal.clone()),
            "{at}"
        );
        if at > 0 {
            assert_eq!(
                world.page(&plan, &one, Some(&state[..at])),
                Err(refusal.clone()),
                "{at}"
            );
        }
    }
    world.page_size = Some(0);
    let refused = world.page(&plan, &one, None);
    assert_eq!(
        refused,
        Err(RequestError::Protocol(
            "The page size cannot be 0".to_owned()
        ))
    );
}

#[test]
fn rows_of_several_partitions_are_sorted_when_they_fit_one_page() {
    let mut world = world();
    let query = "SELECT k, a, b FROM t WHERE k IN (1, 0) AND b = 3 AND a > 0 ORDER BY a ASC";
    assert!(
        world.error(query).contains("ALLOW FILTERING") || world.error(query).contains("restricted")
    );
    let query = "SELECT k, a, b FROM t WHERE k IN (1, 0) AND a IN (0, 2) AND b = 3 ORDER BY a ASC";
    assert_eq!(world.rows(query), "0 0 3 / 1 0 3 / 0 2 3 / 1 2 3");
    let query = "SELECT k, a, b FROM t WHERE k IN (1, 0) ORDER BY a DESC, b ASC LIMIT 3";
    assert_eq!(world.rows(query), "0 2 0 / 1 2 0 / 0 2 1");
    world.page_size = Some(3);
    assert_eq!(world.rows(query), "0 2 0 / 1 2 0 / 0 2 1");
    world.page_size = Some(2);
    assert_eq!(
        world.error(query),
        "Cannot page queries with both ORDER BY and a IN restriction on the partition key; you must either remove the ORDER BY or the IN and sort client side, or disable paging for this query"
    );
}

/// A random table against the plain filter and cut of all its rows.
#[derive(Debug, Clone)]
enum Step {
    Insert(i32, i32, i32),
    Static(i32),
    DeleteRow(i32, i32, i32),
    DeleteRange(i32, i32),
    DeletePartition(i32),
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..4_i32;
    prop_oneof![
        6 => (key.clone(), 0..3_i32, 0..3_i32).prop_map(|(k, a, b)| Step::Insert(k, a, b)),
        1 => key.clone().prop_map(Step::Static),
        2 => (key.clone(), 0..3_i32, 0..3_i32).prop_map(|(k, a, b)| Step::DeleteRow(k, a, b)),
        1 => (key.clone(), 0..3_i32).prop_map(|(k, a)| Step::DeleteRange(k, a)),
        1 => key.prop_map(Step::DeletePartition),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_pages_of_any_table_are_its_rows(
        steps in prop::collection::vec(step(), 1..60),
        query in 0..QUERIES.len(),
        page_size in 1..10_u32,
        reply_rows in 1..6_u32,
    ) {
        let mut world = World::with(&[TABLE]);
        for step in steps {
            world.ok(&match step {
                Step::Insert(k, a, b) => {
                    format!("INSERT INTO t (k, a, b, v) VALUES ({k}, {a}, {b}, {k}{a}{b})")
                }
                Step::Static(k) => format!("UPDATE t SET s = {k} WHERE k = {k}"),
                Step::DeleteRow(k, a, b) => {
                    format!("DELETE FROM t WHERE k = {k} AND a = {a} AND b = {b}")
                }
                Step::DeleteRange(k, a) => format!("DELETE FROM t WHERE k = {k} AND a >= {a}"),
                Step::DeletePartition(k) => format!("DELETE FROM t WHERE k = {k}"),
            });
        }
        let query = QUERIES[query];
        let whole = world.rows(query);
        world.page_size = Some(page_size);
        world.reply_rows = reply_rows;
        prop_assert_eq!(world.rows(query), whole, "{}", query);
    }

    #[test]
    fn no_bytes_of_a_state_break_anything(bytes in prop::collection::vec(any::<u8>(), 1..80)) {
        let world = World::with(&[TABLE]);
        let plan = select(&world, "SELECT * FROM t");
        prop_assert!(world.page(&plan, &[], Some(&Bytes::from(bytes))).is_err());
    }
}
