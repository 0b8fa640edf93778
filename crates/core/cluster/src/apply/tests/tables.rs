//! CREATE, ALTER and DROP TABLE.

use super::refusal;
use crate::Change;
use crate::ColumnKind;
use crate::Metadata;
use crate::Property;
use crate::TableChange;
use crate::TableDefinition;
use crate::TableSchema;
use crate::Transformation;
use crate::testing;
use crate::testing::add;
use crate::testing::alter_table;
use crate::testing::applied;
use crate::testing::change;
use crate::testing::create_table;
use crate::testing::definition;
use crate::testing::drop_columns;
use quorate_data::ColumnId;
use quorate_types::TableId;
use uuid::Uuid;

/// Columns as `name:kind:id`.
fn shown(table: &TableSchema) -> String {
    let columns: Vec<String> = table
        .select_star_order()
        .map(|column| format!("{}:{}:{}", column.name, column.kind.name(), column.id.0))
        .collect();
    columns.join(" ")
}

fn rename(renames: &[(&str, &str)]) -> TableChange {
    TableChange::RenameColumns {
        renames: renames
            .iter()
            .map(|(from, to)| ((*from).to_owned(), (*to).to_owned()))
            .collect(),
        if_exists: false,
    }
}

fn set(entries: &[(&str, &str)]) -> TableChange {
    TableChange::SetOptions(testing::properties(entries))
}

#[test]
fn columns_stand_in_select_star_order_with_ids_in_that_order() {
    let metadata = testing::with_tables();
    let table = testing::table(&metadata, "t");
    assert_eq!(
        shown(&table),
        "a:partition_key:0 b:clustering:1 s:static:2 v:regular:3 w:regular:4",
        "S1"
    );
    let names = |columns: &[crate::Column]| -> Vec<String> {
        columns.iter().map(|column| column.name.clone()).collect()
    };
    assert_eq!(names(table.partition_key()), ["a"]);
    assert_eq!(names(table.clustering()), ["b"]);
    assert_eq!(names(table.statics()), ["s"]);
    assert_eq!(names(table.regulars()), ["v", "w"]);
    for column in table.columns() {
        assert_eq!(table.column(&column.name), Some(column));
        assert_eq!(table.column_by_id(column.id), Some(column));
    }
    assert_eq!(table.column("x"), None);
    assert_eq!(table.column_by_id(ColumnId(5)), None);
    assert_eq!((table.epoch.0, table.next_column_id.0), (3, 5));
    assert_eq!(table.flags(), ["compound"]);
    assert_eq!(
        testing::table(&metadata, "counts").flags(),
        ["compound", "counter"]
    );
}

#[test]
fn clustering_order_may_name_a_prefix() {
    let mut written = definition("o", "a int, b int, c int", "a", "b c");
    written.clustering_order = vec![("b".to_owned(), true)];
    let table = TableSchema::from_definition(&written, quorate_types::Epoch(1)).unwrap();
    let orders: Vec<(i32, &str)> = table
        .columns()
        .iter()
        .map(|column| (column.kind.position(), column.kind.clustering_order()))
        .collect();
    assert_eq!(orders, [(0, "none"), (0, "desc"), (1, "asc")]);
    assert!(table.clustering()[0].is_descending());
}

#[test]
fn definitions_are_refused_with_cassandras_words() {
    let metadata = testing::with_tables();
    let check = |definition: TableDefinition, expected: &str| {
        assert_eq!(refusal(&metadata, &create_table(definition)), expected);
    };
    for (declared, partition_key, clustering, expected) in [
        (
            "a int, a text",
            "a",
            "",
            "Duplicate column 'a' declaration for table 'x'",
        ),
        (
            "a int",
            "",
            "",
            "No PRIMARY KEY specifed for table 'x' (exactly one required)",
        ),
        (
            "a int",
            "z",
            "",
            "Unknown column 'z' referenced in PRIMARY KEY for table 'x'",
        ),
        (
            "a int",
            "a",
            "a",
            "Duplicate column 'a' in PRIMARY KEY clause for table 'x'",
        ),
        (
            "a counter",
            "a",
            "",
            "counter type is not supported for PRIMARY KEY column 'a'",
        ),
        (
            "a int, b duration",
            "a",
            "b",
            "duration type is not supported for PRIMARY KEY column 'b'",
        ),
        (
            "a int, b int static",
            "a",
            "b",
            "Static column 'b' cannot be part of the PRIMARY KEY",
        ),
        (
            "a int, b int static",
            "a",
            "",
            "Static columns are only useful (and thus allowed) if the table has at least one clustering column",
        ),
        (
            "a int, b int, c counter",
            "a",
            "",
            "Cannot mix counter and non counter columns in the same table",
        ),
    ] {
        check(
            definition("x", declared, partition_key, clustering),
            &format!("0x2200 {expected}"),
        );
    }
    check(
        definition("t", "a int", "a", ""),
        "0x2400 Cannot add already existing table \"t\" to keyspace \"k\"",
    );
    let counter = |options| TableDefinition {
        options: testing::properties(options),
        ..definition("x", "a int, n counter", "a", "")
    };
    check(
        counter(&[("default_time_to_live", "10")]),
        "0x2200 Cannot set default_time_to_live on a table with counters",
    );
    check(counter(&[("foo", "1")]), "0x2000 Unknown property 'foo'");
    check(counter(&[("id", "seven")]), "0x2300 Invalid table id");
    let in_keyspace = |keyspace: &str| TableDefinition {
        keyspace: keyspace.to_owned(),
        ..definition("x", "a int", "a", "")
    };
    check(in_keyspace("nope"), "0x2200 Keyspace 'nope' doesn't exist");
    check(
        in_keyspace("system_schema"),
        "0x2100 system_schema keyspace is not user-modifiable.",
    );
    let mut reused = definition("x", "a int", "a", "");
    reused.id = testing::table(&metadata, "t").id;
    check(
        reused,
        "0x2200 Table id 00000000-0000-0000-0000-00000000077b belongs to table k.t",
    );
}

#[test]
fn table_names_are_plain_and_not_too_long() {
    let metadata = testing::with_tables();
    let refused =
        |name: &str| refusal(&metadata, &create_table(definition(name, "a int", "a", "")));
    assert_eq!(
        refused("a-b"),
        "0x2300 k.a-b: Table name must not be empty or not contain non-alphanumeric-underscore characters (got \"a-b\")"
    );
    let long = "t".repeat(223);
    assert_eq!(
        refused(&long),
        format!(
            "0x2300 k.{long}: Table name must not be more than 222 characters long (got 223 characters for \"{long}\")"
        )
    );
    let fits = TableDefinition {
        name: long[1..].to_owned(),
        ..definition("x", "a int", "a", "")
    };
    assert!(metadata.apply(&create_table(fits)).is_ok());
}

#[test]
fn clustering_orders_are_refused_with_cassandras_words() {
    let metadata = testing::with_tables();
    for (order, expected) in [
        (
            "z y",
            "Only clustering key columns can be defined in CLUSTERING ORDER directive: [z, y] are not clustering columns",
        ),
        (
            "c b",
            "The order of columns in the CLUSTERING ORDER directive must match that of the clustering columns (b must appear before c)",
        ),
        ("c", "Missing CLUSTERING ORDER for column b"),
        (
            "b b",
            "Duplicate column 'b' in CLUSTERING ORDER BY clause for table 'x'",
        ),
    ] {
        let mut written = definition("x", "a int, b int, c int", "a", "b c");
        let order = order.split(' ').map(|name| (name.to_owned(), true));
        written.clustering_order = order.collect();
        assert_eq!(
            refusal(&metadata, &create_table(written)),
            format!("0x2200 {expected}")
        );
    }
}

#[test]
fn the_id_may_be_written_and_if_not_exists_is_quiet() {
    let metadata = testing::with_tables();
    let id = "5a1c395e-b41f-11e5-9f22-ba0be0483c18";
    let mut written = definition("x", "a int", "a", "");
    written.options = testing::properties(&[("id", id)]);
    let expected = Change::TableCreated {
        keyspace: "k".to_owned(),
        name: "x".to_owned(),
        id: TableId(Uuid::parse_str(id).unwrap()),
    };
    assert_eq!(change(&metadata, &create_table(written)), Ok(expected));
    let again = Transformation::CreateTable {
        definition: definition("t", "other int", "other", ""),
        if_not_exists: true,
    };
    assert_eq!(change(&metadata, &again), Ok(Change::None));
}

/// `t` after these changes, one after another.
fn altered(changes: &[TableChange]) -> Metadata {
    let mut metadata = testing::with_tables();
    for change in changes {
        metadata = applied(&metadata, &alter_table("t", change.clone())).unwrap();
    }
    metadata
}

#[test]
fn a_column_added_again_has_a_new_id() {
    let metadata = altered(&[
        add("u blob, r int static"),
        drop_columns(&["v", "s"]),
        add("v text"),
    ]);
    let table = testing::table(&metadata, "t");
    assert_eq!(
        shown(&table),
        "a:partition_key:0 b:clustering:1 r:static:6 u:regular:5 v:regular:7 w:regular:4",
        "S2"
    );
    let dropped: Vec<(&str, u16, ColumnKind, i64)> = table
        .dropped_columns
        .iter()
        .map(|column| {
            (
                column.name.as_str(),
                column.id.0,
                column.kind,
                column.dropped_at,
            )
        })
        .collect();
    assert_eq!(
        dropped,
        [
            ("v", 3, ColumnKind::Regular, 1_000),
            ("s", 2, ColumnKind::Static, 1_000)
        ]
    );
    assert_eq!(table.column_by_id(ColumnId(3)), None);
    assert_eq!((table.next_column_id.0, table.epoch), (8, metadata.epoch));
}

#[test]
fn key_columns_are_renamed_and_keep_their_ids() {
    let metadata = altered(&[rename(&[("a", "id"), ("b", "at")])]);
    let table = testing::table(&metadata, "t");
    assert_eq!(
        shown(&table),
        "id:partition_key:0 at:clustering:1 s:static:2 v:regular:3 w:regular:4"
    );
    assert_eq!(table.column("id").unwrap().id, ColumnId(0));
    assert_eq!(table.column("a"), None);
}

#[test]
fn options_are_set_and_others_kept() {
    let metadata = altered(&[set(&[("comment", "hi")]), set(&[("gc_grace_seconds", "5")])]);
    let options = &testing::table(&metadata, "t").options;
    assert_eq!(
        (options.comment.as_str(), options.gc_grace_seconds),
        ("hi", 5)
    );
    let same = alter_table("t", set(&[("comment", "hi")]));
    assert_eq!(change(&metadata, &same), Ok(Change::None));
}

#[test]
fn alterations_are_refused_with_cassandras_words() {
    let metadata = altered(&[drop_columns(&["v", "s"])]);
    let check = |table: &str, change: TableChange, expected: &str| {
        assert_eq!(refusal(&metadata, &alter_table(table, change)), expected);
    };
    check("nope", add("x int"), "0x2200 Table 'k.nope' doesn't exist");
    check(
        "t",
        add("w int"),
        "0x2200 Column with name 'w' already exists",
    );
    check(
        "t",
        add("x int, x int"),
        "0x2200 Column with name 'x' already exists",
    );
    check(
        "t",
        add("v int"),
        "0x2200 Cannot add a column 'v' of type int, incompatible with previously dropped column 'v' of type text",
    );
    check(
        "t",
        add("s text"),
        "0x2200 Cannot re-add previously dropped column 's' of kind REGULAR, incompatible with previous kind STATIC",
    );
    check(
        "t",
        add("n counter"),
        "0x2300 k.t: Cannot have a counter column (\"n\") in a non counter table",
    );
    check(
        "counts",
        add("x int"),
        "0x2300 k.counts: Cannot have a non counter column (\"x\") in a counter table",
    );
    check(
        "counts",
        add("x counter static"),
        "0x2200 Static columns are only useful (and thus allowed) if the table has at least one clustering column",
    );
    check(
        "t",
        drop_columns(&["nope"]),
        "0x2200 Column nope was not found in table 'k.t'",
    );
    check(
        "t",
        drop_columns(&["w", "w"]),
        "0x2200 Column w was not found in table 'k.t'",
    );
    check(
        "t",
        drop_columns(&["b"]),
        "0x2200 Cannot drop PRIMARY KEY column b",
    );
    check(
        "t",
        rename(&[("nope", "x")]),
        "0x2200 Column nope was not found in table k.t",
    );
    check(
        "t",
        rename(&[("w", "x")]),
        "0x2200 Cannot rename non PRIMARY KEY column w",
    );
    check(
        "t",
        rename(&[("a", "w")]),
        "0x2200 Cannot rename column a to w in table 'k.t'; another column with that name already exists",
    );
    check("t", set(&[("id", "x")]), "0x2300 Cannot alter table id.");
    check("t", set(&[("foo", "x")]), "0x2000 Unknown property 'foo'");
    check(
        "counts",
        set(&[("default_time_to_live", "1")]),
        "0x2200 Cannot set default_time_to_live on a table with counters",
    );
}

#[test]
fn a_counter_table_stays_one_when_its_counters_are_dropped() {
    let drop = alter_table("counts", drop_columns(&["n"]));
    let metadata = applied(&testing::with_tables(), &drop).unwrap();
    assert!(testing::table(&metadata, "counts").is_counter());
    for (declared, expected) in [
        (
            "n counter",
            "0x2200 Cannot re-add previously dropped counter column n",
        ),
        (
            "x int",
            "0x2300 k.counts: Cannot have a non counter column (\"x\") in a counter table",
        ),
    ] {
        assert_eq!(
            refusal(&metadata, &alter_table("counts", add(declared))),
            expected
        );
    }
    assert!(
        metadata
            .apply(&alter_table("counts", add("m counter")))
            .is_ok()
    );
}

#[test]
fn if_exists_and_if_not_exists_skip_what_they_name() {
    let metadata = testing::with_tables();
    let quiet = [
        TableChange::AddColumns {
            columns: testing::columns("w int"),
            if_not_exists: true,
        },
        TableChange::DropColumns {
            names: vec!["nope".to_owned()],
            if_exists: true,
            at_micros: 1,
        },
        TableChange::RenameColumns {
            renames: vec![("nope".to_owned(), "x".to_owned())],
            if_exists: true,
        },
    ];
    for written in quiet {
        assert_eq!(
            change(&metadata, &alter_table("t", written)),
            Ok(Change::None)
        );
    }
    let missing = |if_exists| {
        [
            Transformation::AlterTable {
                keyspace: "k".to_owned(),
                table: "nope".to_owned(),
                change: add("x int"),
                if_exists,
            },
            Transformation::DropTable {
                keyspace: "k".to_owned(),
                table: "nope".to_owned(),
                if_exists,
            },
        ]
    };
    for transformation in missing(true) {
        assert_eq!(change(&metadata, &transformation), Ok(Change::None));
    }
    for transformation in missing(false) {
        assert_eq!(
            refusal(&metadata, &transformation),
            "0x2200 Table 'k.nope' doesn't exist"
        );
    }
}

#[test]
fn a_table_is_dropped_and_made_anew_with_another_id() {
    let metadata = testing::with_tables();
    let id = testing::table(&metadata, "t").id;
    let drop = Transformation::DropTable {
        keyspace: "k".to_owned(),
        table: "t".to_owned(),
        if_exists: false,
    };
    let expected = Change::TableDropped {
        keyspace: "k".to_owned(),
        name: "t".to_owned(),
        id,
    };
    assert_eq!(change(&metadata, &drop), Ok(expected));
    let dropped = applied(&metadata, &drop).unwrap();
    assert_eq!(refusal(&dropped, &drop), "0x2200 Table 'k.t' doesn't exist");
    let anew = TableDefinition {
        id: TableId(Uuid::from_u128(99)),
        ..definition("t", "a int", "a", "")
    };
    let anew = applied(&dropped, &create_table(anew)).unwrap();
    assert_eq!(testing::table(&anew, "t").id, TableId(Uuid::from_u128(99)));
}

#[test]
fn a_table_runs_out_of_column_ids_with_words() {
    let mut metadata = testing::with_tables();
    let mut table = TableSchema::clone(&testing::table(&metadata, "t"));
    table.next_column_id = ColumnId(u16::MAX);
    metadata.put_table(table);
    assert_eq!(
        refusal(&metadata, &alter_table("t", add("x int"))),
        "0x2200 Table 'k.t' has used up all 65535 column ids"
    );
}

#[test]
fn options_of_a_definition_reach_the_table() {
    let mut written = definition("x", "a int", "a", "");
    written.options = testing::properties(&[("default_time_to_live", "60")]);
    let lz4 = testing::texts(&[("class", "ZstdCompressor")]);
    written
        .options
        .insert("compression".to_owned(), Property::Map(lz4));
    let metadata = applied(&testing::with_tables(), &create_table(written)).unwrap();
    let options = &testing::table(&metadata, "x").options;
    assert_eq!(options.default_time_to_live, 60);
    assert_eq!(
        options.compression["class"],
        "org.apache.cassandra.io.compress.ZstdCompressor"
    );
}
