//! What a statement writes, byte for byte of meaning: the rows of its mutations. And what is known
//! of a statement before it is executed.

use crate::support::World;
use bytes::Bytes;
use quorate_data::CellState;
use quorate_data::CqlType;
use quorate_data::EntryKind;
use quorate_data::Mutation;
use quorate_data::Row;
use quorate_data::key::split_range_tombstone;
use quorate_data::value::encode_elements;
use quorate_query::BatchKind;
use quorate_query::BoundBatch;
use quorate_query::BoundValue;
use quorate_query::BoundValue::Integer;
use quorate_query::Context;
use quorate_query::Plan;
use quorate_query::Prepared;
use quorate_query::batch;
use quorate_query::prepare;
use quorate_query::prepare_statement;
use std::fmt::Write;

const T: &str = "CREATE TABLE t (k int, c int, s int static, v int, w int, PRIMARY KEY (k, c))";
const U: &str = "CREATE TABLE u (k int PRIMARY KEY, v int)";

fn bind(world: &World, statement: &str, values: &[BoundValue]) -> Vec<Mutation> {
    let Plan::Modify(plan) = world.prepare(statement).unwrap().plan else {
        panic!("{statement}");
    };
    world
        .in_context(values, |context| plan.bind(context))
        .unwrap()
}

/// `key: kind clustering? liveness? deletion? cells`, one line per entry.
fn shown(mutations: &[Mutation]) -> String {
    let mut out = String::new();
    for mutation in mutations {
        for entry in &mutation.entries {
            let kind = EntryKind::of_suffix(&entry.suffix).unwrap();
            write!(out, "{:02x?} {kind:?}", mutation.key.last().unwrap()).unwrap();
            match kind {
                EntryKind::Row => write!(out, " {:02x?}", &entry.suffix[1..]).unwrap(),
                EntryKind::RangeTombstone => {
                    let slice = split_range_tombstone(&entry.suffix).unwrap();
                    write!(
                        out,
                        " {:02x?}..{:02x?}",
                        &slice.start.0[..],
                        &slice.end.0[..]
                    )
                    .unwrap();
                }
                EntryKind::Header | EntryKind::Static => {}
            }
            row(&Row::decode(&entry.fragment).unwrap(), &mut out);
            out.push('\n');
        }
    }
    out
}

fn row(row: &Row, out: &mut String) {
    if let Some(liveness) = row.liveness {
        write!(out, " live@{}", liveness.timestamp).unwrap();
        if let Some(expiring) = liveness.expiring {
            write!(out, "+{}={}", expiring.ttl, expiring.expiry).unwrap();
        }
    }
    if let Some(deletion) = row.deletion {
        write!(
            out,
            " deleted@{}/{}",
            deletion.deleted_at, deletion.local_deletion_secs
        )
        .unwrap();
    }
    if row.has_range_tombstones {
        write!(out, " ranges").unwrap();
    }
    for cell in &row.cells {
        write!(out, " {}:", cell.column.0).unwrap();
        match &cell.state {
            CellState::Live(value) => write!(out, "{:x}", value.last().unwrap()).unwrap(),
            CellState::Expiring(value, expiring) => {
                write!(out, "{:x}+{}", value.last().unwrap(), expiring.ttl).unwrap();
            }
            CellState::Tombstone {
                local_deletion_secs,
            } => {
                write!(out, "x/{local_deletion_secs}").unwrap();
            }
        }
        write!(out, "@{}", cell.timestamp).unwrap();
    }
}

#[test]
fn statements_write_these_rows() {
    let mut world = World::with(&[T, U]);
    world.micros = 500;
    world.now = 1000;
    // Columns of t: k 0, c 1, s 2, v 3, w 4.
    for (statement, expected) in [
        (
            "INSERT INTO t (k, c, s, v, w) VALUES (1, 2, 3, 4, null)",
            "01 Static 2:3@500\n01 Row [40, 80, 00, 00, 02, 38] live@500 3:4@500 4:x/1000@500\n",
        ),
        ("INSERT INTO t (k, s) VALUES (1, 3)", "01 Static 2:3@500\n"),
        ("INSERT INTO u (k) VALUES (1)", "01 Row [38] live@500\n"),
        (
            "INSERT INTO u (k, v) VALUES (1, 2) USING TTL 60 AND TIMESTAMP 7",
            "01 Row [38] live@7+60=1060 1:2+60@7\n",
        ),
        ("UPDATE u SET v = 2 WHERE k = 1", "01 Row [38] 1:2@500\n"),
        (
            "UPDATE u SET v = null WHERE k = 1",
            "01 Row [38] 1:x/1000@500\n",
        ),
        (
            "UPDATE u USING TTL 60 SET v = null WHERE k = 1",
            "01 Row [38] 1:x/1000@500\n",
        ),
        ("UPDATE t SET s = 2 WHERE k = 1", "01 Static 2:2@500\n"),
        (
            "UPDATE u SET v = 2 WHERE k IN (2, 1)",
            "01 Row [38] 1:2@500\n02 Row [38] 1:2@500\n",
        ),
        (
            "UPDATE t SET s = 1, v = 2 WHERE k = 1 AND c IN (6, 5)",
            "01 Static 2:1@500\n01 Row [40, 80, 00, 00, 05, 38] 3:2@500\n01 Row [40, 80, 00, 00, 06, 38] 3:2@500\n",
        ),
        ("UPDATE t SET s = 1, v = 2 WHERE k = 1 AND c IN ()", ""),
        ("DELETE FROM u WHERE k = 1", "01 Header deleted@500/1000\n"),
        ("DELETE v FROM u WHERE k = 1", "01 Row [38] 1:x/1000@500\n"),
        ("DELETE FROM t WHERE k = 1", "01 Header deleted@500/1000\n"),
        (
            "DELETE FROM t USING TIMESTAMP 9 WHERE k = 1 AND c = 2",
            "01 Row [40, 80, 00, 00, 02, 38] deleted@9/1000\n",
        ),
        (
            "DELETE FROM t WHERE k = 1 AND c > 2",
            "01 Header ranges\n01 RangeTombstone [40, 80, 00, 00, 02, 60]..[60] deleted@500/1000\n",
        ),
        ("DELETE s FROM t WHERE k = 1", "01 Static 2:x/1000@500\n"),
    ] {
        assert_eq!(
            shown(&bind(&world, statement, &[])),
            expected,
            "{statement}"
        );
    }
}

#[test]
fn a_prepared_statement_knows_its_markers() {
    let world = World::with(&[
        T,
        "CREATE TABLE p (a int, b text, v bigint, PRIMARY KEY ((a, b)))",
    ]);
    let markers = |prepared: &Prepared| {
        let specs = prepared.markers.iter();
        let specs: Vec<String> = specs
            .map(|m| format!("{} {}", m.name, m.cql_type))
            .collect();
        specs.join(", ")
    };
    let prepared = world
        .prepare("INSERT INTO p (v, b, a) VALUES (?, ?, ?) USING TTL ? AND TIMESTAMP ?")
        .unwrap();
    assert_eq!(
        markers(&prepared),
        "v bigint, b text, a int, [ttl] int, [timestamp] bigint"
    );
    assert_eq!(prepared.partition_key_markers, Some(vec![2, 1]));
    assert!(prepared.is_idempotent);
    assert!(prepared.result_columns.is_empty());
    let prepared = world
        .prepare("SELECT v FROM p WHERE b = :bee AND a = 1 LIMIT ?")
        .unwrap_err();
    assert_eq!(prepared.code(), 0x2000, "both kinds of marker");
    let prepared = world.prepare("SELECT v AS x, token(a, b) FROM p WHERE b = :bee AND a = :a AND token(a, b) > :t LIMIT :n").unwrap();
    assert_eq!(markers(&prepared), "bee text, a int, t bigint, n int");
    assert_eq!(prepared.partition_key_markers, Some(vec![1, 0]));
    let columns: Vec<&str> = prepared
        .result_columns
        .iter()
        .map(|c| c.name.as_str())
        .collect();
    assert_eq!(columns, ["x", "system.token(a, b)"]);
    let prepared = world
        .prepare("SELECT * FROM p WHERE a IN (?, ?) AND b = ?")
        .unwrap();
    assert_eq!(markers(&prepared), "a int, a int, b text");
    assert_eq!(prepared.partition_key_markers, None);
    let prepared = world.prepare("BEGIN BATCH USING TIMESTAMP ? UPDATE t SET v = ? WHERE k = ? AND c = ?; DELETE FROM t WHERE k = ?; APPLY BATCH").unwrap();
    assert_eq!(
        markers(&prepared),
        "[timestamp] bigint, v int, k int, c int, k int"
    );
    assert_eq!(prepared.partition_key_markers, Some(vec![2]));
    let prepared = world
        .prepare("SELECT to_date(min_timeuuid(?)) FROM t WHERE k = ? + 1")
        .unwrap();
    assert_eq!(
        markers(&prepared),
        "arg0(system.min_timeuuid) timestamp, k int"
    );
    assert!(
        world
            .prepare("INSERT INTO t (k, c) VALUES (to_unix_timestamp(now()), 1)")
            .is_err()
    );
}

#[test]
fn statements_with_fresh_values_are_not_idempotent() {
    let world = World::with(&["CREATE TABLE i (k uuid, c timeuuid, PRIMARY KEY (k, c))"]);
    let idempotent = |text: &str| world.prepare(text).unwrap().is_idempotent;
    assert!(!idempotent("INSERT INTO i (k, c) VALUES (uuid(), ?)"));
    assert!(!idempotent("INSERT INTO i (k, c) VALUES (?, now())"));
    assert!(!idempotent(
        "BEGIN BATCH INSERT INTO i (k, c) VALUES (?, now()); APPLY BATCH"
    ));
    assert!(idempotent(
        "DELETE FROM i WHERE k = ? AND c < min_timeuuid(?)"
    ));
    assert!(!idempotent("CREATE TABLE z (k int PRIMARY KEY)"));
}

#[test]
fn ids_depend_on_text_and_on_the_keyspace_only_when_it_is_left_open() {
    let mut world = World::with(&[U]);
    world.ok("CREATE KEYSPACE other WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
    world.ok("CREATE TABLE other.u (k int PRIMARY KEY, v int)");
    let id = |text: &str, keyspace| prepare(text, &world.metadata, keyspace).unwrap().id;
    let open = "SELECT * FROM u WHERE k = ?";
    let full = "SELECT * FROM ks.u WHERE k = ?";
    assert_eq!(id(open, Some("ks")), id(open, Some("ks")));
    assert_ne!(id(open, Some("ks")), id(open, Some("other")));
    assert_eq!(id(full, Some("ks")), id(full, Some("other")));
    assert_eq!(id(full, Some("ks")), id(full, None));
    assert_ne!(id(full, None), id("SELECT  * FROM ks.u WHERE k = ?", None));
    // For ever: drivers and nodes keep it.
    assert_eq!(
        format!("{:032x}", u128::from_be_bytes(id(full, None))),
        "3c7e0a8cf6cb41ac25341da52ea19892"
    );
    let statement = quorate_cql::parse_statement("select * from ks.u where k=?").unwrap();
    let parsed = prepare_statement(&statement, &world.metadata, None).unwrap();
    assert_eq!(parsed.id, id(full, None));
}

#[test]
fn an_alter_makes_a_plan_stale_by_its_epoch() {
    let mut world = World::with(&[U]);
    let before = world.prepare("SELECT * FROM u").unwrap();
    world.ok("ALTER TABLE u ADD w text");
    let after = world.prepare("SELECT * FROM u").unwrap();
    assert!(after.epoch > before.epoch);
    assert_eq!(
        (before.result_columns.len(), after.result_columns.len()),
        (2, 3)
    );
    // The old plan still works, and shows what it knew.
    world.ok("INSERT INTO u (k, v, w) VALUES (1, 2, 'x')");
    let result = world.execute(&before.plan, &[]).unwrap().unwrap();
    assert_eq!(crate::support::shown(&result), "1 2");
}

#[test]
fn values_may_be_given_by_name() {
    let world = World::with(&[U]);
    let Plan::Modify(plan) = world
        .prepare("INSERT INTO u (k, v) VALUES (:a, :b)")
        .unwrap()
        .plan
    else {
        panic!("an INSERT");
    };
    let names = ["b".to_owned(), "a".to_owned()];
    let with_names = |context: &mut Context<'_>, count: usize| {
        let mut named = Context {
            values: context.values,
            names: names.get(..count),
            now: context.now,
            timestamp: context.timestamp,
            uuids: &mut *context.uuids,
            time_uuids: &mut *context.time_uuids,
            timestamp_max: context.timestamp_max,
            now_millis: context.now_millis,
        };
        plan.bind(&mut named)
    };
    let values = [Integer(2), Integer(1)];
    let bound = world
        .in_context(&values, |context| with_names(context, 2))
        .unwrap();
    assert_eq!(
        shown(&bound),
        format!("01 Row [38] live@{0} 1:2@{0}\n", world.micros)
    );
    let missing = world.in_context(&values[..1], |context| with_names(context, 1));
    assert_eq!(
        missing.unwrap_err().to_string(),
        "Invalid amount of bind variables"
    );
}

#[test]
fn one_marker_takes_the_whole_list_of_an_in() {
    let mut world = World::with(&[T]);
    for (k, c) in [(1, 1), (1, 2), (1, 3), (2, 1), (3, 1)] {
        world.ok(&format!("INSERT INTO t (k, c, v) VALUES ({k}, {c}, {c})"));
    }
    let list = |numbers: &[i32]| {
        let elements: Vec<[u8; 4]> = numbers.iter().map(|number| number.to_be_bytes()).collect();
        BoundValue::Wire(encode_elements(&elements))
    };
    let prepared = world
        .prepare("SELECT c FROM t WHERE k IN ? AND c IN ?")
        .unwrap();
    assert_eq!(prepared.markers[0].name, "in(k)");
    assert_eq!(prepared.markers[0].cql_type, CqlType::List(&CqlType::Int));
    assert_eq!(prepared.partition_key_markers, None);
    let both = "SELECT k, c FROM t WHERE k IN ? AND c IN ?";
    let keys = [list(&[2, 1, 9]), list(&[3, 1])];
    assert_eq!(world.rows_with(both, &keys), "1 1 / 1 3 / 2 1");
    let none = [list(&[]), list(&[3, 1])];
    assert_eq!(world.rows_with(both, &none), "");
    let filter = "SELECT k, c FROM t WHERE v IN ? ALLOW FILTERING";
    assert_eq!(world.rows_with(filter, &[list(&[3])]), "1 3");
    let delete = bind(&world, "DELETE FROM t WHERE k IN ?", &[list(&[1, 2])]);
    assert_eq!(delete.len(), 2);
    let null = world.run_with("SELECT k FROM t WHERE k IN ?", &[BoundValue::Null]);
    assert_eq!(
        null.unwrap_err().to_string(),
        "Invalid null value in condition for column k"
    );
    let cut = BoundValue::Wire(Bytes::from_static(&[0, 0, 0, 2, 0]));
    assert!(
        world
            .run_with("SELECT k FROM t WHERE k IN ?", &[cut])
            .is_err()
    );
}

fn batch_of(
    world: &World,
    kind: BatchKind,
    statements: &[(&str, &[BoundValue])],
) -> Result<BoundBatch, String> {
    let prepared: Vec<Prepared> = statements
        .iter()
        .map(|(text, _)| world.prepare(text).unwrap())
        .collect();
    let list: Vec<(&Prepared, &[BoundValue])> = prepared
        .iter()
        .zip(statements)
        .map(|(prepared, (_, values))| (prepared, *values))
        .collect();
    let bound = world.in_context(&[], |context| batch(kind, &list, context));
    bound.map_err(|error| error.to_string())
}

#[test]
fn a_batch_merges_what_goes_to_one_partition() {
    let world = World::with(&[T, U]);
    let insert = "INSERT INTO t (k, c, v) VALUES (?, ?, ?)";
    let bound = batch_of(
        &world,
        BatchKind::Logged,
        &[
            (insert, &[Integer(1), Integer(1), Integer(5)]),
            ("INSERT INTO u (k) VALUES (1)", &[]),
            (insert, &[Integer(1), Integer(2), Integer(6)]),
            ("DELETE FROM t WHERE k = 1 AND c = 1", &[]),
        ],
    )
    .unwrap();
    assert_eq!(bound.mutations.len(), 2);
    assert!(bound.logged);
    let at = world.micros;
    assert_eq!(
        shown(&bound.mutations[..1]),
        format!(
            "01 Row [40, 80, 00, 00, 01, 38] deleted@{at}/{}\n01 Row [40, 80, 00, 00, 02, 38] live@{at} 3:6@{at}\n",
            world.now
        )
    );
    let single = batch_of(
        &world,
        BatchKind::Logged,
        &[("INSERT INTO u (k) VALUES (1)", &[])],
    );
    assert!(!single.unwrap().logged, "one mutation is atomic by itself");
}

#[test]
fn batches_warn_and_refuse_by_size() {
    let mut world = World::with(&[U, "CREATE TABLE x (k int PRIMARY KEY, v text)"]);
    let values: Vec<[BoundValue; 1]> = (0..11).map(|k| [Integer(k)]).collect();
    let many: Vec<(&str, &[BoundValue])> = values
        .iter()
        .map(|values| ("INSERT INTO u (k) VALUES (?)", &values[..]))
        .collect();
    let bound = batch_of(&world, BatchKind::Unlogged, &many).unwrap();
    assert_eq!(
        bound.warnings,
        [
            "Unlogged batch covering 11 partitions detected against table[s] [ks.u]. You should use a logged batch for atomicity, or asynchronous writes for performance."
        ]
    );
    assert!(
        batch_of(&world, BatchKind::Logged, &many)
            .unwrap()
            .warnings
            .is_empty()
    );
    let text = |n: usize| BoundValue::Text("x".repeat(n));
    let large = |n| [Integer(1), text(n)];
    let insert = "INSERT INTO x (k, v) VALUES (?, ?)";
    let small = "INSERT INTO x (k) VALUES (2)";
    let bound = batch_of(
        &world,
        BatchKind::Logged,
        &[(insert, &large(6000)), (small, &[])],
    )
    .unwrap();
    assert!(
        bound.warnings[0].starts_with("Batch for [ks.x] is of size "),
        "{:?}",
        bound.warnings
    );
    let refused = batch_of(
        &world,
        BatchKind::Logged,
        &[(insert, &large(60_000)), (small, &[])],
    );
    assert_eq!(refused, Err("Batch too large".to_owned()));
    assert!(batch_of(&world, BatchKind::Logged, &[(insert, &large(60_000))]).is_ok());
    world.ok("ALTER TABLE x WITH gc_grace_seconds = 0");
    let bound = batch_of(
        &world,
        BatchKind::Logged,
        &[(insert, &large(1)), (small, &[])],
    )
    .unwrap();
    assert!(bound.warnings[0].starts_with("Executing a LOGGED BATCH on table[s] [ks.x]"));
}

#[test]
fn only_modifications_go_into_a_batch() {
    let world = World::with(&[U]);
    assert_eq!(
        batch_of(&world, BatchKind::Logged, &[("SELECT * FROM u", &[])]),
        Err(
            "Invalid statement in batch: only UPDATE, INSERT and DELETE statements are allowed."
                .to_owned()
        )
    );
    assert_eq!(
        batch_of(
            &world,
            BatchKind::Logged,
            &[("INSERT INTO u (k) VALUES (?)", &[])]
        ),
        Err("There were 1 markers(?) in CQL but 0 bound variables".to_owned())
    );
    assert_eq!(
        batch_of(
            &world,
            BatchKind::Counter,
            &[("INSERT INTO u (k) VALUES (1)", &[])]
        ),
        Err("Cannot include non-counter statement in a counter batch".to_owned())
    );
    assert!(
        batch_of(&world, BatchKind::Unlogged, &[])
            .unwrap()
            .mutations
            .is_empty()
    );
}
