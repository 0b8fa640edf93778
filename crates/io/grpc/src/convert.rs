//! Proto messages to the words of requests, and results back.

use crate::proto;
use bytes::Bytes;
use proto::Consistency;
use proto::execute_response::Result as ResultKind;
use proto::value::Kind;
use quorate_data::CqlType;
use quorate_data::value::Value;
use quorate_query::BoundValue;
use quorate_query::ColumnSpec;
use quorate_query::ResultSet;
use quorate_request::Batch;
use quorate_request::Execute;
use quorate_request::Options;
use quorate_request::Outcome;
use quorate_request::PreparedStatement;
use quorate_request::Response;
use quorate_request::Statement;
use quorate_request::StatementId;
use quorate_types::ConsistencyLevel;
use quorate_types::RequestError;
use quorate_types::WriteTimestamp;
use std::time::Duration;

pub(crate) fn execute(
    request: proto::ExecuteRequest,
    timeout: Option<Duration>,
) -> Result<Execute, RequestError> {
    use proto::execute_request::Statement as Kind;
    let statement = match request.statement {
        Some(Kind::Cql(text)) => Statement::Text(text),
        Some(Kind::PreparedId(id)) => Statement::Prepared(statement_id(&id)?),
        None => return Err(RequestError::Protocol("expected a statement".to_owned())),
    };
    Ok(Execute {
        statement,
        values: request.values.into_iter().map(bound_value).collect(),
        names: (!request.names.is_empty()).then_some(request.names),
        options: options(request.options, timeout)?,
    })
}

pub(crate) fn batch(
    request: proto::BatchRequest,
    timeout: Option<Duration>,
) -> Result<Batch, RequestError> {
    use proto::batch_request::statement::Statement as Kind;
    let logged = match request.kind() {
        proto::batch_request::Kind::Logged => true,
        proto::batch_request::Kind::Unlogged => false,
    };
    let statements = request.statements.into_iter().map(|entry| {
        let statement = match entry.statement {
            Some(Kind::Cql(text)) => Statement::Text(text),
            Some(Kind::PreparedId(id)) => Statement::Prepared(statement_id(&id)?),
            None => return Err(RequestError::Protocol("expected a statement".to_owned())),
        };
        Ok((
            statement,
            entry.values.into_iter().map(bound_value).collect(),
        ))
    });
    Ok(Batch {
        logged,
        statements: statements.collect::<Result<_, _>>()?,
        options: options(request.options, timeout)?,
    })
}

fn statement_id(bytes: &[u8]) -> Result<StatementId, RequestError> {
    StatementId::try_from(bytes).map_err(|_| {
        RequestError::Protocol(format!(
            "expected a statement id of 16 bytes, got {}",
            bytes.len()
        ))
    })
}

fn options(
    options: Option<proto::Options>,
    timeout: Option<Duration>,
) -> Result<Options, RequestError> {
    let options = options.unwrap_or_default();
    let unknown = |_| RequestError::Protocol("unknown consistency level".to_owned());
    let consistency = Consistency::try_from(options.consistency).map_err(unknown)?;
    let serial = Consistency::try_from(options.serial_consistency).map_err(unknown)?;
    let own_timeout =
        (options.timeout_micros > 0).then(|| Duration::from_micros(options.timeout_micros));
    let timestamp = options.timestamp.map(WriteTimestamp::new).transpose();
    Ok(Options {
        consistency: consistency_from_proto(consistency),
        page_size: (options.page_size > 0).then_some(options.page_size),
        paging_state: (!options.paging_state.is_empty()).then_some(options.paging_state),
        keyspace: (!options.keyspace.is_empty()).then_some(options.keyspace),
        timestamp: timestamp.map_err(|error| RequestError::Invalid(error.to_string()))?,
        receipt: options.receipt,
        timeout: timeout.into_iter().chain(own_timeout).min(),
        serial_consistency: consistency_from_proto(serial),
        now: None,
        // Rows always say their columns here.
        keeps_columns: false,
        trace: false,
        client: None,
        role: None,
    })
}

const fn consistency_from_proto(level: Consistency) -> Option<ConsistencyLevel> {
    Some(match level {
        Consistency::Unspecified => return None,
        Consistency::Any => ConsistencyLevel::Any,
        Consistency::One => ConsistencyLevel::One,
        Consistency::Two => ConsistencyLevel::Two,
        Consistency::Three => ConsistencyLevel::Three,
        Consistency::Quorum => ConsistencyLevel::Quorum,
        Consistency::All => ConsistencyLevel::All,
        Consistency::LocalQuorum => ConsistencyLevel::LocalQuorum,
        Consistency::EachQuorum => ConsistencyLevel::EachQuorum,
        Consistency::Serial => ConsistencyLevel::Serial,
        Consistency::LocalSerial => ConsistencyLevel::LocalSerial,
        Consistency::LocalOne => ConsistencyLevel::LocalOne,
    })
}

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

fn bound_value(value: proto::Value) -> BoundValue {
    match value.kind {
        None => BoundValue::Null,
        Some(Kind::Boolean(value)) => BoundValue::Boolean(value),
        Some(Kind::Integer(value)) => BoundValue::Integer(value),
        Some(Kind::Floating(value)) => BoundValue::Floating(value),
        Some(Kind::Text(text)) => BoundValue::Text(text),
        Some(Kind::Wire(bytes)) => BoundValue::Wire(bytes),
        Some(Kind::Unset(_)) => BoundValue::Unset,
    }
}

pub(crate) fn response(response: Response, receipt_wanted: bool) -> proto::ExecuteResponse {
    let result = match response.outcome {
        Outcome::Void => ResultKind::Void(proto::Void {}),
        Outcome::Rows(rows) => ResultKind::Rows(rows_to_proto(rows)),
        Outcome::SetKeyspace(keyspace) => ResultKind::Keyspace(keyspace),
        Outcome::SchemaChange(change) => ResultKind::SchemaChange(proto::SchemaChange {
            change: change.change.name().to_owned(),
            keyspace: change.keyspace,
            table: change.table.unwrap_or_default(),
            epoch: change.epoch.0,
        }),
    };
    let receipt = response.receipt.filter(|_| receipt_wanted);
    proto::ExecuteResponse {
        result: Some(result),
        warnings: response.warnings,
        receipt: receipt.as_ref().map(crate::receipt::to_proto),
    }
}

fn rows_to_proto(set: ResultSet) -> proto::Rows {
    let columns = set.columns;
    let rows = set.rows.into_iter().map(|row| proto::Row {
        values: row
            .into_iter()
            .zip(columns.iter())
            .map(|(cell, column)| value(column.cql_type, cell))
            .collect(),
    });
    proto::Rows {
        rows: rows.collect(),
        columns: columns.iter().map(column).collect(),
        paging_state: set.paging_state.unwrap_or_default(),
    }
}

fn column(spec: &ColumnSpec) -> proto::Column {
    proto::Column {
        keyspace: spec.keyspace.clone(),
        table: spec.table.clone(),
        name: spec.name.clone(),
        r#type: spec.cql_type.to_string(),
    }
}

/// A cell in the kind that its type has in answers. Types without a kind of their own, empty values
/// and damage travel as wire bytes.
fn value(cql_type: CqlType, cell: Option<Bytes>) -> proto::Value {
    let Some(bytes) = cell else {
        return proto::Value { kind: None };
    };
    let kind = match Value::decode(cql_type, &bytes) {
        Ok(Some(Value::Boolean(value))) => Kind::Boolean(value),
        Ok(Some(Value::Tinyint(value))) => Kind::Integer(i64::from(value)),
        Ok(Some(Value::Smallint(value))) => Kind::Integer(i64::from(value)),
        Ok(Some(Value::Int(value))) => Kind::Integer(i64::from(value)),
        Ok(Some(
            Value::Bigint(value)
            | Value::Counter(value)
            | Value::Timestamp(value)
            | Value::Time(value),
        )) => Kind::Integer(value),
        Ok(Some(Value::Float(value))) => Kind::Floating(f64::from(value)),
        Ok(Some(Value::Double(value))) => Kind::Floating(value),
        Ok(Some(Value::Text(text) | Value::Ascii(text))) => Kind::Text(text),
        Ok(_) | Err(_) => Kind::Wire(bytes),
    };
    proto::Value { kind: Some(kind) }
}

pub(crate) fn prepared(statement: &PreparedStatement) -> proto::PrepareResponse {
    let positions = statement
        .partition_key_markers
        .as_deref()
        .unwrap_or_default();
    proto::PrepareResponse {
        id: Bytes::copy_from_slice(&statement.id),
        markers: statement.markers.iter().map(column).collect(),
        result_columns: statement.result_columns.iter().map(column).collect(),
        partition_key_markers: positions.iter().map(|position| *position as u32).collect(),
        idempotent: statement.is_idempotent,
        reads: statement.is_select,
    }
}
