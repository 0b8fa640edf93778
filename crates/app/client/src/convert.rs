//! The driver's words to proto messages, and answers back.

use crate::ColumnSpec;
use crate::PreparedStatement;
use crate::QueryResult;
use crate::Receipt;
use crate::ReplicaReceipt;
use crate::Row;
use crate::SchemaChange;
use crate::StepReceipt;
use crate::Value;
use crate::Values;
use crate::prepared::Prepared;
use crate::proto;
use proto::Consistency;
use proto::execute_response::Result as ResultKind;
use proto::value::Kind;
use quorate_data::CqlType;
use quorate_types::ConsistencyLevel;
use quorate_types::HostId;
use quorate_types::RequestError;
use std::sync::Arc;
use uuid::Uuid;

pub(crate) const fn consistency_to_proto(level: ConsistencyLevel) -> Consistency {
    match level {
        ConsistencyLevel::Any => Consistency::Any,
        ConsistencyLevel::One => Consistency::One,
        ConsistencyLevel::Two => Consistency::Two,
        ConsistencyLevel::Three => Consistency::Three,
        ConsistencyLevel::Quorum => Consistency::Quorum,
        ConsistencyLevel::All => Consistency::All,
        ConsistencyLevel::LocalQuorum => Consistency::LocalQuorum,
        ConsistencyLevel::EachQuorum => Consistency::EachQuorum,
        ConsistencyLevel::Serial => Consistency::Serial,
        ConsistencyLevel::LocalSerial => Consistency::LocalSerial,
        ConsistencyLevel::LocalOne => Consistency::LocalOne,
    }
}

pub(crate) fn consistency_from_proto(code: i32) -> Option<ConsistencyLevel> {
    let wanted = Consistency::try_from(code).ok()?;
    ConsistencyLevel::EVERY
        .into_iter()
        .find(|level| consistency_to_proto(*level) == wanted)
}

pub(crate) fn host_id(bytes: &[u8]) -> HostId {
    HostId(Uuid::from_slice(bytes).unwrap_or_default())
}

pub(crate) fn value_to_proto(value: Value) -> proto::Value {
    let kind = match value {
        Value::Null => None,
        Value::Unset => Some(Kind::Unset(proto::Unset {})),
        Value::Boolean(value) => Some(Kind::Boolean(value)),
        Value::Integer(number) => Some(Kind::Integer(number)),
        Value::Floating(number) => Some(Kind::Floating(number)),
        Value::Text(text) => Some(Kind::Text(text)),
        Value::Wire(bytes) => Some(Kind::Wire(bytes)),
    };
    proto::Value { kind }
}

fn value_from_proto(value: proto::Value) -> Value {
    match value.kind {
        None => Value::Null,
        Some(Kind::Unset(_)) => Value::Unset,
        Some(Kind::Boolean(value)) => Value::Boolean(value),
        Some(Kind::Integer(number)) => Value::Integer(number),
        Some(Kind::Floating(number)) => Value::Floating(number),
        Some(Kind::Text(text)) => Value::Text(text),
        Some(Kind::Wire(bytes)) => Value::Wire(bytes),
    }
}

pub(crate) fn execute_request(
    statement: proto::execute_request::Statement,
    values: Values,
    options: proto::Options,
) -> proto::ExecuteRequest {
    let (names, values) = match values {
        Values::Positional(values) => (Vec::new(), values),
        Values::Named(values) => values.into_iter().unzip(),
    };
    proto::ExecuteRequest {
        statement: Some(statement),
        values: values.into_iter().map(value_to_proto).collect(),
        names,
        options: Some(options),
    }
}

fn cql_type(name: &str, column: &str) -> Result<CqlType, RequestError> {
    CqlType::from_system_name(name).ok_or_else(|| {
        RequestError::Protocol(format!(
            "the column '{column}' has the type '{name}', which this driver does not know"
        ))
    })
}

fn column(column: proto::Column) -> Result<ColumnSpec, RequestError> {
    Ok(ColumnSpec {
        cql_type: cql_type(&column.r#type, &column.name)?,
        keyspace: column.keyspace,
        table: column.table,
        name: column.name,
    })
}

pub(crate) fn query_result(response: proto::ExecuteResponse) -> Result<QueryResult, RequestError> {
    let mut result = QueryResult {
        warnings: response.warnings,
        receipt: response.receipt.map(receipt),
        ..QueryResult::default()
    };
    match response.result {
        Some(ResultKind::Rows(rows)) => {
            let columns = rows.columns.into_iter().map(column);
            result.columns = columns.collect::<Result<_, _>>()?;
            result.paging_state = (!rows.paging_state.is_empty()).then_some(rows.paging_state);
            result.rows = rows_of(&result.columns, rows.rows);
        }
        Some(ResultKind::Keyspace(keyspace)) => result.keyspace_changed = Some(keyspace),
        Some(ResultKind::SchemaChange(change)) => {
            result.schema_change = Some(SchemaChange {
                change: change.change,
                keyspace: change.keyspace,
                table: (!change.table.is_empty()).then_some(change.table),
                epoch: change.epoch,
            });
        }
        Some(ResultKind::Void(_)) | None => {}
    }
    Ok(result)
}

fn rows_of(columns: &[ColumnSpec], rows: Vec<proto::Row>) -> Vec<Row> {
    if rows.is_empty() {
        return Vec::new();
    }
    let columns: Arc<[ColumnSpec]> = columns.into();
    rows.into_iter()
        .map(|row| {
            let values = row.values.into_iter().map(value_from_proto).collect();
            Row::new(Arc::clone(&columns), values)
        })
        .collect()
}

pub(crate) fn prepared(
    cql: String,
    keyspace: String,
    response: proto::PrepareResponse,
) -> Result<PreparedStatement, RequestError> {
    let columns = |columns: Vec<proto::Column>| -> Result<Vec<ColumnSpec>, RequestError> {
        columns.into_iter().map(column).collect()
    };
    let positions = response.partition_key_markers.iter();
    Ok(PreparedStatement {
        inner: Arc::new(Prepared {
            id: response.id,
            cql,
            keyspace,
            key_markers: positions.map(|position| *position as usize).collect(),
            markers: columns(response.markers)?,
            result_columns: columns(response.result_columns)?,
            idempotent: response.idempotent,
            reads: response.reads,
        }),
    })
}

fn receipt(receipt: proto::Receipt) -> Receipt {
    let replicas = receipt.replicas.into_iter().map(|replica| ReplicaReceipt {
        host_id: host_id(&replica.host_id),
        address: replica.address,
        datacenter: replica.datacenter,
        asked: replica.asked,
        alive: replica.alive,
        answer: replica.answer,
        micros: replica.micros,
    });
    let steps = receipt.steps.into_iter().map(|step| StepReceipt {
        name: step.name,
        micros: step.micros,
    });
    Receipt {
        epoch: receipt.epoch,
        consistency: consistency_from_proto(receipt.consistency),
        replication_factor: receipt.replication_factor,
        block_for: receipt.block_for,
        answered: receipt.answered,
        replicas: replicas.collect(),
        digests: receipt.digests,
        timestamp: (receipt.timestamp != 0).then_some(receipt.timestamp),
        guarantee: receipt.guarantee,
        steps: steps.collect(),
        reads: receipt.reads,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_comes_back_and_the_unspecified_is_none() {
        for level in ConsistencyLevel::EVERY {
            let code = consistency_to_proto(level).into();
            assert_eq!(consistency_from_proto(code), Some(level));
        }
        assert_eq!(consistency_from_proto(0), None);
        assert_eq!(consistency_from_proto(77), None);
    }

    #[test]
    fn every_kind_of_value_comes_back() {
        let every = [
            Value::Null,
            Value::Unset,
            Value::Boolean(true),
            Value::Integer(i64::MIN),
            Value::Floating(0.5),
            Value::from("tea"),
            Value::from(vec![1_u8, 2]),
        ];
        for value in every {
            assert_eq!(value_from_proto(value_to_proto(value.clone())), value);
        }
    }

    #[test]
    fn a_type_this_driver_does_not_know_is_named() {
        let rows = proto::Rows {
            columns: vec![proto::Column {
                name: "tags".to_owned(),
                r#type: "set<duration>".to_owned(),
                ..Default::default()
            }],
            ..Default::default()
        };
        let response = proto::ExecuteResponse {
            result: Some(ResultKind::Rows(rows)),
            ..Default::default()
        };
        assert_eq!(
            query_result(response).unwrap_err().to_string(),
            "the column 'tags' has the type 'set<duration>', which this driver does not know"
        );
    }
}
