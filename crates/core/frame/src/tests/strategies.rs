//! Any message that a version can express.

use crate::Acks;
use crate::Batch;
use crate::BatchKind;
use crate::BatchQuery;
use crate::BatchStatement;
use crate::ColumnSpec;
use crate::Columns;
use crate::ErrorBody;
use crate::ErrorDetail;
use crate::Event;
use crate::EventKind;
use crate::Failures;
use crate::Prepared;
use crate::QueryParameters;
use crate::Request;
use crate::RequestFrame;
use crate::Response;
use crate::ResponseFrame;
use crate::Rows;
use crate::RowsMetadata;
use crate::SchemaChange;
use crate::SchemaChangeKind;
use crate::SchemaTarget;
use crate::StatusChange;
use crate::TopologyChange;
use crate::Version;
use crate::WireValue;
use bytes::Bytes;
use proptest::collection::btree_map;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use quorate_data::CqlType;
use quorate_types::ConsistencyLevel;
use quorate_types::FailureReason;
use quorate_types::WriteType;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::net::SocketAddr;
use uuid::Uuid;

pub(super) fn version() -> impl Strategy<Value = Version> {
    select(&Version::EVERY[..])
}

fn text() -> impl Strategy<Value = String> {
    "[a-zé\"]{0,6}"
}

fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..9).prop_map(Bytes::from)
}

/// An id that is there: no bytes at all mean that none is.
fn id() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 1..17).prop_map(Bytes::from)
}

fn level() -> impl Strategy<Value = ConsistencyLevel> {
    select(&ConsistencyLevel::EVERY[..])
}

fn payload(version: Version) -> BoxedStrategy<BTreeMap<String, Bytes>> {
    if version < Version::V4 {
        return Just(BTreeMap::new()).boxed();
    }
    btree_map(text(), bytes(), 0..3).boxed()
}

/// `strategy`'s values, but only from version 5 on.
fn since_v5<T: Clone + std::fmt::Debug + 'static>(
    version: Version,
    strategy: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<T>> {
    if version < Version::V5 {
        return Just(None).boxed();
    }
    option::of(strategy).boxed()
}

fn value(version: Version) -> BoxedStrategy<WireValue> {
    let old = prop_oneof![Just(WireValue::Null), bytes().prop_map(WireValue::Bytes)];
    if version < Version::V4 {
        return old.boxed();
    }
    prop_oneof![4 => old, 1 => Just(WireValue::Unset)].boxed()
}

fn values(version: Version) -> impl Strategy<Value = (Vec<WireValue>, Option<Vec<String>>)> {
    (vec((text(), value(version)), 0..5), any::<bool>()).prop_map(|(pairs, has_names)| {
        let (names, values): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let names = (has_names && !values.is_empty()).then_some(names);
        (values, names)
    })
}

fn timestamp() -> impl Strategy<Value = i64> {
    -i64::MAX..=i64::MAX
}

fn parameters(version: Version) -> impl Strategy<Value = QueryParameters> {
    (
        level(),
        values(version),
        any::<bool>(),
        option::of(any::<i32>()),
        option::of(bytes()),
        option::of(level()),
        option::of(timestamp()),
        since_v5(version, text()),
        since_v5(version, any::<i32>()),
    )
        .prop_map(
            |(
                consistency,
                (values, names),
                skip,
                page,
                paging,
                serial,
                timestamp,
                keyspace,
                now,
            )| {
                QueryParameters {
                    consistency,
                    values,
                    names,
                    skip_metadata: skip,
                    page_size: page,
                    paging_state: paging,
                    serial_consistency: serial,
                    timestamp,
                    keyspace,
                    now_in_seconds: now,
                }
            },
        )
}

fn batch(version: Version) -> impl Strategy<Value = Batch> {
    let statement = prop_oneof![
        text().prop_map(BatchQuery::Text),
        bytes().prop_map(BatchQuery::Prepared)
    ];
    let statement = (statement, vec(value(version), 0..4));
    let statement = statement.prop_map(|(statement, values)| BatchStatement { statement, values });
    (
        select(&[BatchKind::Logged, BatchKind::Unlogged, BatchKind::Counter][..]),
        vec(statement, 0..4),
        level(),
        option::of(level()),
        option::of(timestamp()),
        since_v5(version, text()),
        since_v5(version, any::<i32>()),
    )
        .prop_map(
            |(kind, statements, consistency, serial, timestamp, keyspace, now)| Batch {
                kind,
                statements,
                consistency,
                serial_consistency: serial,
                timestamp,
                keyspace,
                now_in_seconds: now,
            },
        )
}

pub(super) fn request(version: Version) -> impl Strategy<Value = RequestFrame> {
    let query = (text(), parameters(version));
    let prepare = (text(), since_v5(version, text()));
    let execute = (bytes(), since_v5(version, id()), parameters(version));
    let request = prop_oneof![
        btree_map("[A-Z_]{0,6}", text(), 0..4).prop_map(Request::Startup),
        Just(Request::Options),
        query.prop_map(|(text, parameters)| Request::Query { text, parameters }),
        prepare.prop_map(|(text, keyspace)| Request::Prepare { text, keyspace }),
        execute.prop_map(|(id, result_metadata_id, parameters)| Request::Execute {
            id,
            result_metadata_id,
            parameters,
        }),
        batch(version).prop_map(Request::Batch),
        vec(select(&EventKind::EVERY[..]), 0..4).prop_map(Request::Register),
        option::of(bytes()).prop_map(Request::AuthResponse),
    ];
    (any::<bool>(), payload(version), request).prop_map(|(tracing, custom_payload, request)| {
        RequestFrame {
            tracing,
            custom_payload,
            request,
        }
    })
}

fn acks() -> impl Strategy<Value = Acks> {
    (level(), any::<u32>(), any::<u32>()).prop_map(|(level, received, block_for)| Acks {
        level,
        received,
        block_for,
    })
}

fn write_type() -> impl Strategy<Value = String> {
    let ours = [WriteType::Simple, WriteType::Cas, WriteType::BatchLog];
    let names = ours.map(|write_type| write_type.name().to_owned());
    prop_oneof![select(Vec::from(names)), Just("VIEW".to_owned())]
}

fn failures(version: Version) -> BoxedStrategy<Failures> {
    if version < Version::V5 {
        return any::<u32>().prop_map(Failures::Count).boxed();
    }
    let reason = (0_u16..6).prop_map(FailureReason::from_code);
    vec((any::<IpAddr>(), reason), 0..4)
        .prop_map(Failures::Reasons)
        .boxed()
}

fn detail(version: Version) -> BoxedStrategy<ErrorDetail> {
    let numbers = (level(), any::<u32>(), any::<u32>());
    let timeout = (acks(), write_type(), any::<u16>());
    let every = prop_oneof![
        select(&[0, 0x0A, 0x100, 0x1001, 0x2000, 0x2200][..]).prop_map(ErrorDetail::Plain),
        numbers.prop_map(|(level, required, alive)| ErrorDetail::Unavailable {
            level,
            required,
            alive,
        }),
        timeout.prop_map(move |(acks, write_type, contentions)| {
            let has_contentions = version == Version::V5 && write_type == "CAS";
            ErrorDetail::WriteTimeout {
                acks,
                write_type,
                contentions: if has_contentions { contentions } else { 0 },
            }
        }),
        (acks(), any::<bool>())
            .prop_map(|(acks, data_present)| ErrorDetail::ReadTimeout { acks, data_present }),
        (text(), text())
            .prop_map(|(keyspace, table)| ErrorDetail::AlreadyExists { keyspace, table }),
        bytes().prop_map(|id| ErrorDetail::Unprepared { id }),
    ];
    if version < Version::V4 {
        return every.boxed();
    }
    let v4 = prop_oneof![
        (acks(), failures(version), any::<bool>()).prop_map(|(acks, failures, data_present)| {
            ErrorDetail::ReadFailure {
                acks,
                failures,
                data_present,
            }
        }),
        (acks(), failures(version), write_type()).prop_map(|(acks, failures, write_type)| {
            ErrorDetail::WriteFailure {
                acks,
                failures,
                write_type,
            }
        }),
        (text(), text(), vec(text(), 0..3)).prop_map(|(keyspace, function, argument_types)| {
            ErrorDetail::FunctionFailure {
                keyspace,
                function,
                argument_types,
            }
        }),
    ];
    if version < Version::V5 {
        return prop_oneof![every, v4].boxed();
    }
    prop_oneof![every, v4, acks().prop_map(ErrorDetail::CasWriteUnknown)].boxed()
}

fn spec() -> impl Strategy<Value = ColumnSpec> {
    let mut types = Vec::from(CqlType::EVERY);
    types.extend([
        CqlType::List(&CqlType::Int),
        CqlType::Set(&CqlType::Date),
        CqlType::Map(&CqlType::Text, &CqlType::Duration),
    ]);
    let table = select(&["t", "u"][..]);
    (table, text(), select(types)).prop_map(|(table, name, cql_type)| ColumnSpec {
        keyspace: "k".into(),
        table: table.into(),
        name,
        cql_type,
    })
}

fn rows(version: Version) -> impl Strategy<Value = Rows> {
    let columns = prop_oneof![
        (1_usize..4).prop_map(Columns::Count),
        vec(spec(), 1..4).prop_map(|specs| Columns::Specs(specs.into())),
    ];
    let metadata = (columns, option::of(bytes()), since_v5(version, bytes()));
    metadata.prop_flat_map(|(columns, paging_state, new_metadata_id)| {
        let width = match &columns {
            Columns::Count(count) => *count,
            Columns::Specs(specs) => specs.len(),
        };
        let metadata = RowsMetadata {
            columns,
            paging_state,
            new_metadata_id,
        };
        let row = vec(option::of(bytes()), width..=width);
        vec(row, 0..4).prop_map(move |rows| Rows {
            metadata: metadata.clone(),
            rows,
        })
    })
}

fn prepared(version: Version) -> impl Strategy<Value = Prepared> {
    let keys_max = if version < Version::V4 { 0 } else { 3 };
    (
        bytes(),
        since_v5(version, id()),
        vec(spec(), 0..4),
        vec(any::<u16>(), 0..=keys_max),
        vec(spec(), 0..4),
    )
        .prop_map(
            |(id, result_metadata_id, markers, keys, result_columns)| Prepared {
                id,
                result_metadata_id,
                markers,
                partition_key_markers: keys,
                result_columns,
            },
        )
}

fn schema_change(version: Version) -> impl Strategy<Value = SchemaChange> {
    let kinds = [
        SchemaChangeKind::Created,
        SchemaChangeKind::Updated,
        SchemaChangeKind::Dropped,
    ];
    let targets = if version < Version::V4 { 3 } else { 5 };
    let names = (text(), text(), vec(text(), 0..3));
    (select(Vec::from(kinds)), 0..targets, names).prop_map(
        |(change, target, (keyspace, name, argument_types))| {
            let target = match target {
                0 => SchemaTarget::Keyspace { keyspace },
                1 => SchemaTarget::Table { keyspace, name },
                2 => SchemaTarget::Type { keyspace, name },
                3 => SchemaTarget::Function {
                    keyspace,
                    name,
                    argument_types,
                },
                _ => SchemaTarget::Aggregate {
                    keyspace,
                    name,
                    argument_types,
                },
            };
            SchemaChange { change, target }
        },
    )
}

fn event(version: Version) -> impl Strategy<Value = Event> {
    let address = (any::<IpAddr>(), any::<u16>()).prop_map(SocketAddr::from);
    let topology = [
        TopologyChange::NewNode,
        TopologyChange::RemovedNode,
        TopologyChange::MovedNode,
    ];
    let topology = (select(Vec::from(topology)), address.clone());
    let status = (select(vec![StatusChange::Up, StatusChange::Down]), address);
    prop_oneof![
        topology.prop_map(|(change, address)| Event::Topology { change, address }),
        status.prop_map(|(change, address)| Event::Status { change, address }),
        schema_change(version).prop_map(Event::Schema),
    ]
}

pub(super) fn response(version: Version) -> impl Strategy<Value = ResponseFrame> {
    let error = (text(), detail(version));
    let response = prop_oneof![
        3 => error.prop_map(|(message, detail)| Response::Error(ErrorBody { message, detail })),
        1 => Just(Response::Ready),
        1 => text().prop_map(Response::Authenticate),
        1 => btree_map(text(), vec(text(), 0..3), 0..3).prop_map(Response::Supported),
        1 => Just(Response::Void),
        3 => rows(version).prop_map(Response::Rows),
        1 => text().prop_map(Response::SetKeyspace),
        2 => prepared(version).prop_map(Response::Prepared),
        1 => schema_change(version).prop_map(Response::SchemaChange),
        2 => event(version).prop_map(Response::Event),
        1 => option::of(bytes()).prop_map(Response::AuthChallenge),
        1 => option::of(bytes()).prop_map(Response::AuthSuccess),
    ];
    let warnings_max = if version < Version::V4 { 0 } else { 2 };
    (
        any::<i16>(),
        option::of(any::<u128>().prop_map(Uuid::from_u128)),
        vec(text(), 0..=warnings_max),
        payload(version),
        response,
    )
        .prop_map(
            |(stream, tracing_id, warnings, custom_payload, response)| ResponseFrame {
                stream,
                tracing_id,
                warnings,
                custom_payload,
                response,
            },
        )
}
