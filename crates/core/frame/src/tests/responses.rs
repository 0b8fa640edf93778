//! Each response as bytes, counted by hand.

use super::encoded_response;
use super::golden_body;
use super::golden_response;
use super::hex;
use super::to_hex;
use crate::Acks;
use crate::ColumnRef;
use crate::ColumnSpec;
use crate::Columns;
use crate::ErrorBody;
use crate::ErrorDetail;
use crate::Event;
use crate::Prepared;
use crate::Response;
use crate::ResponseFrame;
use crate::Rows;
use crate::RowsMetadata;
use crate::RowsRef;
use crate::SchemaChange;
use crate::SchemaChangeKind as Kind;
use crate::SchemaTarget as Target;
use crate::StatusChange;
use crate::TopologyChange;
use crate::Version;
use crate::encode_rows;
use crate::encode_unsupported_version;
use bytes::Bytes;
use bytes::BytesMut;
use quorate_data::CqlType;
use quorate_types::ConsistencyLevel;
use quorate_types::FailureReason;
use quorate_types::RequestError;
use quorate_types::WriteType;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The body that an error becomes.
fn error_bytes(version: Version, error: RequestError) -> String {
    let frame = ResponseFrame::new(0, Response::Error(error.into()));
    to_hex(&encoded_response(version, &frame)[9..])
}

/// An error becomes these bytes after its code and text.
fn check_error(version: Version, error: &RequestError, wanted: &str) {
    let text = error.to_string();
    let length = format!("{:04x}", text.len());
    let head = format!("{:08x}{length}{}", error.code(), to_hex(text.as_bytes()));
    let whole = format!("{head}{}", to_hex(&hex(wanted)));
    assert_eq!(error_bytes(version, error.clone()), whole, "{error:?}");
    if version == Version::V5 {
        golden_body(version, Response::Error(error.into()), &whole);
    }
}

#[test]
fn errors_of_only_a_text() {
    for version in Version::EVERY {
        for error in [
            RequestError::Server("s".into()),
            RequestError::Protocol("p".into()),
            RequestError::Overloaded("o".into()),
            RequestError::Bootstrapping("b".into()),
            RequestError::Truncate("t".into()),
            RequestError::Syntax("s".into()),
            RequestError::Unauthorized("u".into()),
            RequestError::Invalid("i".into()),
            RequestError::Config("c".into()),
        ] {
            check_error(version, &error, "");
        }
        let bad = Response::Error(ErrorBody::authentication("no"));
        golden_body(version, bad, "00000100 0002 6e6f");
    }
}

#[test]
fn unavailable() {
    let error = RequestError::Unavailable {
        level: ConsistencyLevel::Quorum,
        required: 2,
        alive: 1,
        datacenter: None,
    };
    for version in Version::EVERY {
        check_error(version, &error, "0004 00000002 00000001");
    }
}

fn write_timeout(write_type: WriteType) -> RequestError {
    RequestError::WriteTimeout {
        level: ConsistencyLevel::One,
        received: 0,
        block_for: 1,
        write_type,
    }
}

#[test]
fn timeouts() {
    let cas = write_timeout(WriteType::Cas);
    let simple = write_timeout(WriteType::Simple);
    let read = RequestError::ReadTimeout {
        level: ConsistencyLevel::LocalOne,
        received: 1,
        block_for: 2,
        data_present: true,
    };
    for version in Version::EVERY {
        let wanted = "0001 00000000 00000001 0006 53494d504c45";
        check_error(version, &simple, wanted);
        check_error(version, &read, "000a 00000001 00000002 01");
    }
    let before = "0001 00000000 00000001 0003 434153";
    check_error(Version::V3, &cas, before);
    check_error(Version::V4, &cas, before);
    check_error(Version::V5, &cas, &format!("{before} 0000"));
}

fn read_failure() -> RequestError {
    RequestError::ReadFailure {
        level: ConsistencyLevel::All,
        received: 1,
        block_for: 3,
        data_present: false,
        failures: vec![
            (
                "127.0.0.1:7000".into(),
                FailureReason::ReadTooManyTombstones,
            ),
            ("[::1]:7000".into(), FailureReason::Timeout),
            ("a.host:7000".into(), FailureReason::Unknown),
        ],
    }
}

fn write_failure() -> RequestError {
    RequestError::WriteFailure {
        level: ConsistencyLevel::All,
        received: 1,
        block_for: 2,
        write_type: WriteType::Batch,
        failures: vec![("10.0.0.2".into(), FailureReason::IncompatibleSchema)],
    }
}

#[test]
fn failures_name_replicas_in_version_5_and_count_them_in_version_4() {
    let read = "0005 00000001 00000003 00000003";
    check_error(Version::V4, &read_failure(), &format!("{read} 00"));
    let reasons = "04 7f000001 0001  10 00000000000000000000000000000001 0002  04 00000000 0000";
    check_error(
        Version::V5,
        &read_failure(),
        &format!("{read} {reasons} 00"),
    );

    let write = "0005 00000001 00000002 00000001";
    let write_type = "0005 4241544348";
    check_error(
        Version::V4,
        &write_failure(),
        &format!("{write} {write_type}"),
    );
    let wanted = format!("{write} 04 0a000002 0003 {write_type}");
    check_error(Version::V5, &write_failure(), &wanted);
}

fn function_failure() -> RequestError {
    RequestError::FunctionFailure {
        keyspace: "k".into(),
        function: "f".into(),
        argument_types: vec!["int".into()],
        message: "m".into(),
    }
}

#[test]
fn function_failure_existing_and_unprepared() {
    check_error(
        Version::V4,
        &function_failure(),
        "0001 6b 0001 66 0001 0003 696e74",
    );
    let table = RequestError::AlreadyExists {
        keyspace: "k".into(),
        table: Some("t".into()),
    };
    let keyspace = RequestError::AlreadyExists {
        keyspace: "k".into(),
        table: None,
    };
    let unprepared = RequestError::Unprepared("00ff0102030405060708090a0b0c0d0e".into());
    for version in Version::EVERY {
        check_error(version, &table, "0001 6b 0001 74");
        check_error(version, &keyspace, "0001 6b 0000");
        let id = "0010 00ff0102030405060708090a0b0c0d0e";
        check_error(version, &unprepared, id);
    }
    check_error(Version::V4, &RequestError::Unprepared("0g".into()), "0000");
    check_error(Version::V4, &RequestError::Unprepared("123".into()), "0000");
}

#[test]
fn version_3_knows_no_failures() {
    let timeout = RequestError::ReadTimeout {
        level: ConsistencyLevel::All,
        received: 1,
        block_for: 3,
        data_present: false,
    };
    let as_timeout = error_bytes(Version::V3, timeout);
    assert_eq!(error_bytes(Version::V3, read_failure()), as_timeout);
    let timeout = RequestError::WriteTimeout {
        level: ConsistencyLevel::All,
        received: 1,
        block_for: 2,
        write_type: WriteType::Batch,
    };
    let as_timeout = error_bytes(Version::V3, timeout);
    assert_eq!(error_bytes(Version::V3, write_failure()), as_timeout);
    let as_invalid = error_bytes(Version::V3, RequestError::Invalid("m".into()));
    assert_eq!(error_bytes(Version::V3, function_failure()), as_invalid);
}

#[test]
fn only_version_5_knows_a_transaction_of_unknown_result() {
    let acks = Acks {
        level: ConsistencyLevel::Serial,
        received: 0,
        block_for: 1,
    };
    let error = Response::Error(ErrorBody {
        message: "?".into(),
        detail: ErrorDetail::CasWriteUnknown(acks),
    });
    let wanted = "00001700 0001 3f 0008 00000000 00000001";
    golden_body(Version::V5, error.clone(), wanted);
    let before = encoded_response(Version::V4, &ResponseFrame::new(0, error));
    let mut as_timeout = write_timeout(WriteType::Cas);
    if let RequestError::WriteTimeout { level, .. } = &mut as_timeout {
        *level = ConsistencyLevel::Serial;
    }
    assert_eq!(to_hex(&before[9..]), error_bytes(Version::V4, as_timeout));
}

#[test]
fn handshake() {
    golden_body(Version::V4, Response::Ready, "");
    golden_body(Version::V4, Response::Authenticate("A".into()), "0001 41");
    let options = BTreeMap::from([
        ("A".to_owned(), vec!["x".to_owned(), "y".to_owned()]),
        ("B".to_owned(), vec![]),
    ]);
    golden_body(
        Version::V4,
        Response::Supported(options),
        "0002  0001 41 0002 0001 78 0001 79  0001 42 0000",
    );
    let token = Some(Bytes::from_static(&[1, 2]));
    golden_body(Version::V4, Response::AuthChallenge(token), "00000002 0102");
    golden_body(Version::V4, Response::AuthSuccess(None), "ffffffff");
}

fn spec(table: &str, name: &str, cql_type: CqlType) -> ColumnSpec {
    ColumnSpec {
        keyspace: "k".into(),
        table: table.into(),
        name: name.into(),
        cql_type,
    }
}

fn rows(columns: Columns) -> Rows {
    Rows {
        metadata: RowsMetadata {
            columns,
            paging_state: None,
            new_metadata_id: None,
        },
        rows: vec![
            vec![Some(Bytes::from_static(&[0, 0, 0, 7])), None],
            vec![None, Some(Bytes::new())],
        ],
    }
}

const TWO_ROWS: &str = "00000002  00000004 00000007 ffffffff  ffffffff 00000000";

#[test]
fn void_and_set_keyspace() {
    for version in Version::EVERY {
        golden_body(version, Response::Void, "00000001");
        let set = Response::SetKeyspace("ks".into());
        golden_body(version, set, "00000003 0002 6b73");
    }
}

#[test]
fn rows_of_one_table_name_it_once() {
    let specs = [spec("t", "a", CqlType::Int), spec("t", "b", CqlType::Text)];
    let rows = rows(Columns::Specs(specs.into()));
    for version in Version::EVERY {
        golden_body(
            version,
            Response::Rows(rows.clone()),
            &format!(
                "00000002  00000001 00000002  0001 6b 0001 74
                 0001 61 0009  0001 62 000d
                 {TWO_ROWS}"
            ),
        );
    }
}

#[test]
fn rows_of_two_tables_name_both() {
    let specs = [spec("t", "a", CqlType::Int), spec("u", "b", CqlType::Text)];
    golden_body(
        Version::V4,
        Response::Rows(rows(Columns::Specs(specs.into()))),
        &format!(
            "00000002  00000000 00000002
             0001 6b 0001 74 0001 61 0009  0001 6b 0001 75 0001 62 000d
             {TWO_ROWS}"
        ),
    );
}

#[test]
fn rows_without_metadata_with_more_pages() {
    let mut rows = rows(Columns::Count(2));
    rows.metadata.paging_state = Some(Bytes::from_static(&[0xBE, 0xEF]));
    golden_body(
        Version::V4,
        Response::Rows(rows),
        &format!("00000002  00000006 00000002  00000002 beef {TWO_ROWS}"),
    );
}

#[test]
fn rows_whose_metadata_changed() {
    let specs = [spec("t", "a", CqlType::Int), spec("t", "b", CqlType::Text)];
    let mut changed = rows(Columns::Specs(specs.into()));
    changed.metadata.new_metadata_id = Some(Bytes::from_static(&[0xF0, 0x0D]));
    golden_body(
        Version::V5,
        Response::Rows(changed),
        &format!(
            "00000002  00000009 00000002  0002 f00d  0001 6b 0001 74
             0001 61 0009  0001 62 000d
             {TWO_ROWS}"
        ),
    );
}

#[test]
fn borrowed_rows_are_the_same_bytes() {
    let specs = [spec("t", "a", CqlType::Int), spec("t", "b", CqlType::Text)];
    let owned = rows(Columns::Specs(specs.clone().into()));
    let borrowed = |skip_metadata, new_metadata_id| {
        let rows = RowsRef {
            columns: specs.iter().map(ColumnRef::from),
            skip_metadata,
            paging_state: None,
            new_metadata_id,
            rows: &owned.rows,
        };
        let mut out = BytesMut::new();
        encode_rows(Version::V5, &ResponseFrame::new(1, rows), None, &mut out);
        out
    };
    let wanted = |columns: Columns, new_metadata_id: Option<Bytes>| {
        let mut rows = rows(columns);
        rows.metadata.new_metadata_id = new_metadata_id;
        encoded_response(Version::V5, &ResponseFrame::new(1, Response::Rows(rows)))
    };
    let all = || Columns::Specs(specs.clone().into());
    assert_eq!(borrowed(false, None), wanted(all(), None));
    assert_eq!(borrowed(true, None), wanted(Columns::Count(2), None));
    let id: &[u8] = &[1];
    let changed = wanted(all(), Some(Bytes::from_static(id)));
    assert_eq!(borrowed(true, Some(id)), changed);
}

#[test]
fn rows_of_a_wrong_length_are_made_right() {
    let mut wrong = rows(Columns::Count(2));
    wrong.rows[0].pop();
    wrong.rows[1].push(Some(Bytes::new()));
    let wrong = encoded_response(Version::V4, &ResponseFrame::new(1, Response::Rows(wrong)));
    let right = Response::Rows(rows(Columns::Count(2)));
    assert_eq!(
        wrong,
        encoded_response(Version::V4, &ResponseFrame::new(1, right))
    );
}

#[test]
fn prepared() {
    let statement = |result_metadata_id: Option<&'static [u8]>, partition_key_markers| Prepared {
        id: Bytes::from_static(&[0xCA, 0xFE]),
        result_metadata_id: result_metadata_id.map(Bytes::from_static),
        markers: vec![spec("t", "a", CqlType::Int)],
        partition_key_markers,
        result_columns: vec![spec("t", "b", CqlType::Text)],
    };
    let (id, marker) = ("00000004  0002 cafe", "0001 6b 0001 74 0001 61 0009");
    let result = "00000001 00000001 0001 6b 0001 74 0001 62 000d";
    golden_body(
        Version::V3,
        Response::Prepared(statement(None, vec![])),
        &format!("{id}  00000001 00000001 {marker}  {result}"),
    );
    golden_body(
        Version::V4,
        Response::Prepared(statement(None, vec![0])),
        &format!("{id}  00000001 00000001 00000001 0000 {marker}  {result}"),
    );
    golden_body(
        Version::V5,
        Response::Prepared(statement(Some(&[0xF0, 0x0D]), vec![0])),
        &format!("{id}  0002 f00d  00000001 00000001 00000001 0000 {marker}  {result}"),
    );
    let write = Prepared {
        markers: vec![],
        result_columns: vec![],
        ..statement(None, vec![])
    };
    golden_body(
        Version::V4,
        Response::Prepared(write),
        &format!("{id}  00000000 00000000 00000000  00000004 00000000"),
    );
}

#[test]
fn types() {
    let of = |version, cql_type, wanted: &str| {
        let rows = Rows {
            rows: vec![],
            ..rows(Columns::Specs([spec("t", "c", cql_type)].into()))
        };
        golden_body(
            version,
            Response::Rows(rows),
            &format!("00000002  00000001 00000001  0001 6b 0001 74 0001 63 {wanted}  00000000"),
        );
    };
    of(Version::V4, CqlType::List(&CqlType::Int), "0020 0009");
    of(Version::V4, CqlType::Set(&CqlType::Text), "0022 000d");
    of(
        Version::V4,
        CqlType::Map(&CqlType::Text, &CqlType::Blob),
        "0021 000d 0003",
    );
    of(Version::V5, CqlType::Duration, "0015");
    let class = |name: &str| {
        let class = format!("org.apache.cassandra.db.marshal.{name}");
        format!("0000 {:04x} {}", class.len(), to_hex(class.as_bytes()))
    };
    of(Version::V4, CqlType::Duration, &class("DurationType"));
    of(Version::V4, CqlType::Tinyint, "0014");
    of(Version::V3, CqlType::Tinyint, &class("ByteType"));
    of(
        Version::V3,
        CqlType::List(&CqlType::Date),
        &format!("0020 {}", class("SimpleDateType")),
    );
}

#[test]
fn events() {
    let address = "127.0.0.1:9042".parse().unwrap();
    golden_body(
        Version::V4,
        Response::Event(Event::Topology {
            change: TopologyChange::NewNode,
            address,
        }),
        "000f 544f504f4c4f47595f4348414e4745  0008 4e45575f4e4f4445
         04 7f000001 00002352",
    );
    golden_body(
        Version::V4,
        Response::Event(Event::Status {
            change: StatusChange::Down,
            address: "[::1]:9042".parse().unwrap(),
        }),
        "000d 5354415455535f4348414e4745  0004 444f574e
         10 00000000000000000000000000000001 00002352",
    );
}

#[test]
fn schema_changes() {
    let (keyspace, name) = (|| "k".to_owned(), || "t".to_owned());
    let argument_types = || vec!["int".to_owned()];
    let head = "000d 534348454d415f4348414e4745";
    let check = |version, change, target, wanted: &str| {
        let change = SchemaChange { change, target };
        let event = Response::Event(Event::Schema(change.clone()));
        golden_body(version, event, &format!("{head} {wanted}"));
        let result = Response::SchemaChange(change);
        golden_body(version, result, &format!("00000005 {wanted}"));
    };
    let [created, updated, dropped] = [
        "0007 43524541544544",
        "0007 55504441544544",
        "0007 44524f50504544",
    ];
    let target = Target::Keyspace {
        keyspace: keyspace(),
    };
    let wanted = format!("{created} 0008 4b45595350414345 0001 6b");
    check(Version::V3, Kind::Created, target, &wanted);
    let target = Target::Table {
        keyspace: keyspace(),
        name: name(),
    };
    let wanted = format!("{updated} 0005 5441424c45 0001 6b 0001 74");
    check(Version::V3, Kind::Updated, target, &wanted);
    let target = Target::Type {
        keyspace: keyspace(),
        name: name(),
    };
    let wanted = format!("{dropped} 0004 54595045 0001 6b 0001 74");
    check(Version::V5, Kind::Dropped, target, &wanted);
    let function = Target::Function {
        keyspace: keyspace(),
        name: name(),
        argument_types: argument_types(),
    };
    let wanted = format!("{created} 0008 46554e4354494f4e 0001 6b 0001 74 0001 0003 696e74");
    check(Version::V4, Kind::Created, function.clone(), &wanted);
    let aggregate = Target::Aggregate {
        keyspace: keyspace(),
        name: name(),
        argument_types: argument_types(),
    };
    let wanted = format!("{created} 0009 414747524547415445 0001 6b 0001 74 0001 0003 696e74");
    check(Version::V4, Kind::Created, aggregate, &wanted);

    let change = SchemaChange {
        change: Kind::Dropped,
        target: function,
    };
    let frame = ResponseFrame::new(-1, Response::SchemaChange(change));
    let wanted = format!("00000005 {updated} 0008 4b45595350414345 0001 6b");
    let before = encoded_response(Version::V3, &frame);
    assert_eq!(
        to_hex(&before[9..]),
        to_hex(&hex(&wanted)),
        "version 3 has no functions"
    );
}

#[test]
fn extras_come_before_the_message_in_their_order() {
    let frame = ResponseFrame {
        tracing_id: Some(Uuid::from_u128(1)),
        warnings: vec!["w".into()],
        custom_payload: BTreeMap::from([("k".to_owned(), Bytes::from_static(&[9]))]),
        ..ResponseFrame::new(-2, Response::Void)
    };
    golden_response(
        Version::V4,
        &frame,
        "84 0e fffe 08 00000023
         00000000000000000000000000000001  0001 0001 77  0001 0001 6b 00000001 09
         00000001",
    );
    let wanted = "83 02 fffe 08 00000014 00000000000000000000000000000001 00000001";
    let before = encoded_response(Version::V3, &frame);
    assert_eq!(
        to_hex(&before),
        to_hex(&hex(wanted)),
        "version 3 has neither"
    );
}

#[test]
fn an_unsupported_version_is_refused_in_our_highest() {
    let mut out = BytesMut::new();
    encode_unsupported_version(3, 0x42, &mut out);
    let (header, body) = super::envelope(&out);
    assert_eq!((header.version, header.stream, header.opcode), (5, 3, 0));
    assert_eq!(&body[..4], [0, 0, 0, 0x0A]);
    assert_eq!(
        &body[6..],
        b"Invalid or unsupported protocol version (66); supported versions are (3/v3, 4/v4, 5/v5)"
    );
}
