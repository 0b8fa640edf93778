//! Each request as bytes, counted by hand.

use super::encoded_request;
use super::golden_request;
use super::hex;
use crate::Batch;
use crate::BatchKind;
use crate::BatchQuery;
use crate::BatchStatement;
use crate::EventKind;
use crate::QueryParameters;
use crate::Request;
use crate::RequestFrame;
use crate::Version;
use crate::WireValue;
use crate::decode_request;
use bytes::Bytes;
use quorate_types::ConsistencyLevel;
use std::collections::BTreeMap;

fn plain(request: Request) -> RequestFrame {
    RequestFrame {
        tracing: false,
        custom_payload: BTreeMap::new(),
        request,
    }
}

fn value(bytes: &'static [u8]) -> WireValue {
    WireValue::Bytes(Bytes::from_static(bytes))
}

/// Everything that version 4 knows.
fn all_parameters() -> QueryParameters {
    QueryParameters {
        consistency: ConsistencyLevel::LocalQuorum,
        values: vec![value(&[0, 0, 0, 0x2A]), WireValue::Null, WireValue::Unset],
        names: Some(vec!["a".into(), "b".into(), "c".into()]),
        skip_metadata: true,
        page_size: Some(5000),
        paging_state: Some(Bytes::from_static(&[0xBE, 0xEF])),
        serial_consistency: Some(ConsistencyLevel::LocalSerial),
        timestamp: Some(5),
        keyspace: None,
        now_in_seconds: None,
    }
}

#[test]
fn startup() {
    let options = BTreeMap::from([("CQL_VERSION".to_owned(), "3.0.0".to_owned())]);
    golden_request(
        Version::V4,
        &plain(Request::Startup(options)),
        "04 00 0001 01 00000016
         0001  000b 43514c5f56455253494f4e  0005 332e302e30",
    );
}

#[test]
fn the_names_of_startup_options_are_upper_case() {
    let bytes = hex("03 00 0001 01 0000000a  0001  0002 6142  0002 6142");
    let (header, body) = super::envelope(&bytes);
    let options = BTreeMap::from([("AB".to_owned(), "aB".to_owned())]);
    let decoded = decode_request(Version::V3, &header, body).unwrap();
    assert_eq!(decoded.request, Request::Startup(options));
}

#[test]
fn options_register_and_auth_response() {
    golden_request(
        Version::V5,
        &plain(Request::Options),
        "05 00 0001 05 00000000",
    );
    golden_request(
        Version::V4,
        &plain(Request::Register(vec![
            EventKind::StatusChange,
            EventKind::SchemaChange,
        ])),
        "04 00 0001 0b 00000020  0002
         000d 5354415455535f4348414e4745
         000d 534348454d415f4348414e4745",
    );
    golden_request(
        Version::V3,
        &plain(Request::AuthResponse(Some(Bytes::from_static(b"\0u\0p")))),
        "03 00 0001 0f 00000008  00000004 00750070",
    );
    golden_request(
        Version::V3,
        &plain(Request::AuthResponse(None)),
        "03 00 0001 0f 00000004  ffffffff",
    );
}

#[test]
fn query_with_every_flag_of_version_4() {
    let query = Request::Query {
        text: "SELECT".into(),
        parameters: all_parameters(),
    };
    golden_request(
        Version::V4,
        &plain(query),
        "04 00 0001 07 0000003c
         00000006 53454c454354  0006  7f
         0003  0001 61 00000004 0000002a  0001 62 ffffffff  0001 63 fffffffe
         00001388  00000002 beef  0009  0000000000000005",
    );
}

#[test]
fn query_with_every_flag_of_version_5() {
    let query = Request::Query {
        text: "SELECT".into(),
        parameters: QueryParameters {
            keyspace: Some("ks".into()),
            now_in_seconds: Some(100),
            ..all_parameters()
        },
    };
    golden_request(
        Version::V5,
        &plain(query),
        "05 00 0001 07 00000047
         00000006 53454c454354  0006  000001ff
         0003  0001 61 00000004 0000002a  0001 62 ffffffff  0001 63 fffffffe
         00001388  00000002 beef  0009  0000000000000005  0002 6b73  00000064",
    );
}

#[test]
fn query_in_version_3_with_tracing() {
    let frame = RequestFrame {
        tracing: true,
        ..plain(Request::Query {
            text: "Q".into(),
            parameters: QueryParameters {
                values: vec![value(&[7]), WireValue::Null],
                ..QueryParameters::at(ConsistencyLevel::One)
            },
        })
    };
    golden_request(
        Version::V3,
        &frame,
        "03 02 0001 07 00000013
         00000001 51  0001  01  0002  00000001 07  ffffffff",
    );
}

#[test]
fn prepare_has_a_keyspace_only_in_version_5() {
    let prepare = |keyspace: Option<&str>| {
        plain(Request::Prepare {
            text: "Q".into(),
            keyspace: keyspace.map(str::to_owned),
        })
    };
    let wanted = "04 00 0001 09 00000005  00000001 51";
    golden_request(Version::V4, &prepare(None), wanted);
    let wanted = "05 00 0001 09 00000009  00000001 51  00000000";
    golden_request(Version::V5, &prepare(None), wanted);
    let wanted = "05 00 0001 09 0000000d  00000001 51  00000001  0002 6b73";
    golden_request(Version::V5, &prepare(Some("ks")), wanted);
}

#[test]
fn execute_names_the_result_metadata_only_in_version_5() {
    let execute = |result_metadata_id: Option<&'static [u8]>| {
        plain(Request::Execute {
            id: Bytes::from_static(&[0xCA, 0xFE]),
            result_metadata_id: result_metadata_id.map(Bytes::from_static),
            parameters: QueryParameters {
                values: vec![value(&[7])],
                ..QueryParameters::at(ConsistencyLevel::One)
            },
        })
    };
    golden_request(
        Version::V5,
        &execute(Some(&[0xF0, 0x0D])),
        "05 00 0001 0a 00000015
         0002 cafe  0002 f00d  0001  00000001  0001 00000001 07",
    );
    golden_request(
        Version::V4,
        &execute(None),
        "04 00 0001 0a 0000000e
         0002 cafe  0001  01  0001 00000001 07",
    );
}

#[test]
fn batch() {
    let prepared = |values| BatchStatement {
        statement: BatchQuery::Prepared(Bytes::from_static(&[0xCA, 0xFE])),
        values,
    };
    let text = BatchStatement {
        statement: BatchQuery::Text("X".into()),
        values: vec![],
    };
    let logged = Batch {
        kind: BatchKind::Logged,
        statements: vec![text, prepared(vec![value(&[7])])],
        consistency: ConsistencyLevel::Quorum,
        serial_consistency: Some(ConsistencyLevel::Serial),
        timestamp: Some(5),
        keyspace: None,
        now_in_seconds: None,
    };
    golden_request(
        Version::V4,
        &plain(Request::Batch(logged.clone())),
        "04 00 0001 0d 00000024
         00  0002  00 00000001 58 0000  01 0002 cafe 0001 00000001 07
         0004  30  0008  0000000000000005",
    );
    let unlogged = Batch {
        kind: BatchKind::Unlogged,
        statements: vec![prepared(vec![])],
        keyspace: Some("ks".into()),
        now_in_seconds: Some(100),
        ..logged
    };
    golden_request(
        Version::V5,
        &plain(Request::Batch(unlogged)),
        "05 00 0001 0d 00000022
         01  0001  01 0002 cafe 0000
         0004  000001b0  0008  0000000000000005  0002 6b73  00000064",
    );
}

#[test]
fn a_custom_payload_comes_before_the_message() {
    let frame = RequestFrame {
        custom_payload: BTreeMap::from([("k".to_owned(), Bytes::from_static(&[9]))]),
        ..plain(Request::Options)
    };
    let wanted = "04 04 0001 05 0000000a  0001  0001 6b  00000001 09";
    golden_request(Version::V4, &frame, wanted);
}

#[test]
fn values_are_slices_of_the_body() {
    let frame = plain(Request::Query {
        text: "Q".into(),
        parameters: all_parameters(),
    });
    let (header, body) = super::envelope(&encoded_request(Version::V4, 1, &frame));
    let within = body.as_ptr_range();
    let decoded = decode_request(Version::V4, &header, body).unwrap();
    let Request::Query { parameters, .. } = decoded.request else {
        panic!("a query");
    };
    let [WireValue::Bytes(first), ..] = parameters.values.as_slice() else {
        panic!("a value");
    };
    assert!(within.contains(&first.as_ptr()));
}

#[test]
fn what_follows_a_message_is_ignored() {
    let bytes = hex("04 00 0001 09 00000007  00000001 51  dead");
    let (header, body) = super::envelope(&bytes);
    assert!(decode_request(Version::V4, &header, body).is_ok());
}
