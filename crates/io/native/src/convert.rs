//! Between the protocol's words and the node's.

use crate::login::log_in;
use crate::receipt;
use crate::session::Session;
use bytes::Bytes;
use futures_util::FutureExt;
use quorate_frame::Batch;
use quorate_frame::BatchKind;
use quorate_frame::BatchQuery;
use quorate_frame::Compression;
use quorate_frame::ErrorBody;
use quorate_frame::Prepared;
use quorate_frame::QueryParameters;
use quorate_frame::Request;
use quorate_frame::RequestFrame;
use quorate_frame::Response;
use quorate_frame::ResponseFrame;
use quorate_frame::SchemaChange;
use quorate_frame::SchemaChangeKind;
use quorate_frame::SchemaTarget;
use quorate_frame::Version;
use quorate_frame::WireValue;
use quorate_query::BoundValue;
use quorate_query::ColumnSpec;
use quorate_query::ResultSet;
use quorate_request::Execute;
use quorate_request::Frontend;
use quorate_request::Options;
use quorate_request::Outcome;
use quorate_request::PreparedStatement;
use quorate_request::Statement;
use quorate_request::StatementId;
use quorate_types::NowInSeconds;
use quorate_types::RequestError;
use quorate_types::WriteTimestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// What this server offers (semantics 10.10).
pub(crate) fn supported() -> BTreeMap<String, Vec<String>> {
    let versions = Version::EVERY.map(|version| version.label().to_owned());
    let entry = |name: &str, values: Vec<String>| (name.to_owned(), values);
    BTreeMap::from([
        entry("CQL_VERSION", vec!["3.4.7".to_owned()]),
        entry("COMPRESSION", vec!["snappy".to_owned(), "lz4".to_owned()]),
        entry("PROTOCOL_VERSIONS", versions.to_vec()),
    ])
}

/// What a STARTUP asks for.
pub(crate) fn startup(
    version: Version,
    options: &BTreeMap<String, String>,
) -> Result<Option<Compression>, RequestError> {
    let refuse = |message: String| Err(RequestError::Protocol(message));
    let Some(cql) = options.get("CQL_VERSION") else {
        return refuse("Missing value CQL_VERSION in STARTUP message".to_owned());
    };
    // Scylla's drivers say 4.0.0.
    let major: Option<u32> = cql.split('.').next().and_then(|major| major.parse().ok());
    if major.is_none_or(|major| major < 3) {
        return refuse(format!(
            "CQL version {cql} is not supported by the binary protocol (supported version are >= 3.0.0)"
        ));
    }
    match options.get("COMPRESSION").map(|name| name.to_lowercase()) {
        None => Ok(None),
        Some(name) if name.is_empty() => Ok(None),
        Some(name) if name == "lz4" => Ok(Some(Compression::Lz4)),
        Some(name) if name == "snappy" && version < Version::V5 => Ok(Some(Compression::Snappy)),
        Some(name) if name == "snappy" => {
            refuse("Snappy compression is not supported in protocol V5".to_owned())
        }
        Some(name) => refuse(format!("Unknown compression algorithm: {name}")),
    }
}

/// What goes back to the client.
pub(crate) enum Answer {
    /// A message as it is.
    Frame(ResponseFrame),
    /// Rows, which are written from where they are.
    Rows(RowsAnswer),
}

/// Rows, and what the client knows of them.
pub(crate) struct RowsAnswer {
    pub(crate) stream: i16,
    pub(crate) warnings: Vec<String>,
    pub(crate) result: ResultSet,
    pub(crate) skip_metadata: bool,
    pub(crate) new_metadata_id: Option<[u8; 16]>,
    pub(crate) tracing_id: Option<Uuid>,
    pub(crate) custom_payload: BTreeMap<String, Bytes>,
}

/// Carries out requests of one connection.
pub(crate) struct Work<F> {
    pub(crate) frontend: F,
    pub(crate) session: Arc<Session>,
    pub(crate) version: Version,
    /// Whether the client wants the request traced.
    pub(crate) tracing: bool,
    /// Whether it wants a receipt.
    pub(crate) wants_receipt: bool,
}

impl<F: Frontend> Work<F> {
    /// Carries out a request. What is frequent is lean: a connection keeps thousands in progress.
    pub(crate) fn answer(
        self,
        stream: i16,
        frame: RequestFrame,
    ) -> impl Future<Output = Answer> + use<F> {
        let work = match frame.request {
            Request::Query { text, parameters } => {
                let statement = Ok(Statement::Text(text));
                self.execute(stream, statement, None, parameters)
                    .left_future()
            }
            Request::Execute {
                id,
                result_metadata_id,
                parameters,
            } => {
                let statement = statement_id(&id).map(Statement::Prepared);
                self.execute(stream, statement, result_metadata_id, parameters)
                    .left_future()
            }
            other => self.carry_out(stream, other).boxed().right_future(),
        };
        work.map(move |outcome| {
            outcome.unwrap_or_else(|failure| {
                Answer::Frame(ResponseFrame::new(stream, error(&failure)))
            })
        })
    }

    /// What is rare.
    async fn carry_out(self, stream: i16, request: Request) -> Result<Answer, RequestError> {
        match request {
            Request::Prepare { text, keyspace } => {
                let keyspace = keyspace.or_else(|| self.session.keyspace());
                let role = self.session.role();
                let prepared = self.frontend.prepare(text, keyspace, role).await?;
                let response = Response::Prepared(prepared_of(&prepared, self.version));
                Ok(Answer::Frame(ResponseFrame::new(stream, response)))
            }
            Request::Batch(batch) => {
                let batch = self.batch(batch)?;
                let response = self.frontend.batch(batch).await?;
                Ok(self.result(stream, response, false, None))
            }
            Request::AuthResponse(token) => {
                let role = log_in(&self.frontend, token.as_deref()).await?;
                self.session.log_in(role);
                Ok(Answer::Frame(ResponseFrame::new(
                    stream,
                    Response::AuthSuccess(None),
                )))
            }
            other => Err(RequestError::Server(format!(
                "{} is answered elsewhere",
                other.opcode().name()
            ))),
        }
    }

    fn execute(
        self,
        stream: i16,
        statement: Result<Statement, RequestError>,
        known_metadata: Option<Bytes>,
        parameters: QueryParameters,
    ) -> impl Future<Output = Result<Answer, RequestError>> + use<F> {
        let skip_metadata = parameters.skip_metadata;
        let request = statement.and_then(|statement| self.execute_of(statement, parameters));
        async move {
            let response = self.frontend.execute(request?).await?;
            Ok(self.result(stream, response, skip_metadata, known_metadata))
        }
    }

    fn execute_of(
        &self,
        statement: Statement,
        parameters: QueryParameters,
    ) -> Result<Execute, RequestError> {
        let page_size = match parameters.page_size {
            // Without a page size there are no pages.
            None => u32::MAX,
            Some(0) => {
                return Err(RequestError::Protocol(
                    "The page size cannot be 0".to_owned(),
                ));
            }
            Some(size) => u32::try_from(size).unwrap_or(u32::MAX),
        };
        Ok(Execute {
            statement,
            values: parameters.values.into_iter().map(bound_value).collect(),
            names: parameters.names,
            options: Options {
                page_size: Some(page_size),
                paging_state: parameters.paging_state,
                ..self.options(
                    parameters.consistency,
                    parameters.serial_consistency,
                    parameters.keyspace,
                    parameters.timestamp,
                    parameters.now_in_seconds,
                )?
            },
        })
    }

    fn batch(&self, batch: Batch) -> Result<quorate_request::Batch, RequestError> {
        let logged = match batch.kind {
            BatchKind::Logged => true,
            BatchKind::Unlogged => false,
            BatchKind::Counter => {
                return Err(RequestError::Invalid(
                    "Cannot include non-counter statement in a counter batch".to_owned(),
                ));
            }
        };
        let statements = batch.statements.into_iter().map(|entry| {
            let statement = match entry.statement {
                BatchQuery::Text(text) => Statement::Text(text),
                BatchQuery::Prepared(id) => Statement::Prepared(statement_id(&id)?),
            };
            let values = entry.values.into_iter().map(bound_value).collect();
            Ok((statement, values))
        });
        Ok(quorate_request::Batch {
            logged,
            statements: statements.collect::<Result<_, RequestError>>()?,
            options: self.options(
                batch.consistency,
                batch.serial_consistency,
                batch.keyspace,
                batch.timestamp,
                batch.now_in_seconds,
            )?,
        })
    }

    fn options(
        &self,
        consistency: quorate_types::ConsistencyLevel,
        serial_consistency: Option<quorate_types::ConsistencyLevel>,
        keyspace: Option<String>,
        timestamp: Option<i64>,
        now_in_seconds: Option<i32>,
    ) -> Result<Options, RequestError> {
        let timestamp = timestamp.map(WriteTimestamp::new).transpose();
        let now = now_in_seconds.map(|now| {
            u32::try_from(now).map(NowInSeconds).map_err(|_| {
                RequestError::Invalid(format!("Invalid value {now} for now_in_seconds"))
            })
        });
        Ok(Options {
            consistency: Some(consistency),
            serial_consistency,
            keyspace: keyspace.or_else(|| self.session.keyspace()),
            timestamp: timestamp.map_err(|error| RequestError::Invalid(error.to_string()))?,
            now: now.transpose()?,
            keeps_columns: self.version < Version::V5,
            trace: self.tracing,
            receipt: self.wants_receipt,
            client: Some(self.session.address.ip()),
            role: self.session.role(),
            ..Options::default()
        })
    }

    fn result(
        &self,
        stream: i16,
        response: quorate_request::Response,
        skip_metadata: bool,
        known_metadata: Option<Bytes>,
    ) -> Answer {
        let columns = response.columns;
        let receipt = response.receipt.filter(|_| self.wants_receipt);
        let custom_payload = receipt.as_ref().map(receipt::payload).unwrap_or_default();
        let result = match response.outcome {
            Outcome::Rows(result) => {
                let is_known = columns.is_some_and(|columns| {
                    known_metadata.is_some_and(|known| known == columns.id[..])
                });
                let new_metadata_id = columns
                    .filter(|_| self.version >= Version::V5 && !is_known)
                    .map(|columns| columns.id);
                // A client of version 4 cannot be told that what it keeps is out of date.
                let is_certain = columns.is_some_and(|columns| !columns.have_changed);
                return Answer::Rows(RowsAnswer {
                    stream,
                    warnings: response.warnings,
                    result,
                    skip_metadata: skip_metadata && (is_certain || is_known),
                    new_metadata_id,
                    tracing_id: response.tracing_id,
                    custom_payload,
                });
            }
            Outcome::Void => Response::Void,
            Outcome::SetKeyspace(keyspace) => {
                self.session.use_keyspace(&keyspace);
                Response::SetKeyspace(keyspace)
            }
            Outcome::SchemaChange(change) => Response::SchemaChange(schema_change(&change)),
        };
        let mut frame = ResponseFrame::new(stream, result);
        // Version 3 has no warnings; the encoder leaves them out.
        frame.warnings = response.warnings;
        frame.tracing_id = response.tracing_id;
        frame.custom_payload = custom_payload;
        Answer::Frame(frame)
    }
}

fn statement_id(bytes: &[u8]) -> Result<StatementId, RequestError> {
    // No statement of ours has an id of another length.
    StatementId::try_from(bytes).map_err(|_| {
        let hex = bytes.iter().map(|byte| format!("{byte:02x}"));
        RequestError::Unprepared(hex.collect())
    })
}

fn bound_value(value: WireValue) -> BoundValue {
    match value {
        WireValue::Null => BoundValue::Null,
        WireValue::Unset => BoundValue::Unset,
        WireValue::Bytes(bytes) => BoundValue::Wire(bytes),
    }
}

fn schema_change(change: &quorate_request::SchemaChange) -> SchemaChange {
    use quorate_request::SchemaChangeKind as Kind;
    let keyspace = change.keyspace.clone();
    SchemaChange {
        change: match change.change {
            Kind::Created => SchemaChangeKind::Created,
            Kind::Updated => SchemaChangeKind::Updated,
            Kind::Dropped => SchemaChangeKind::Dropped,
        },
        target: match &change.table {
            None => SchemaTarget::Keyspace { keyspace },
            Some(name) => SchemaTarget::Table {
                keyspace,
                name: name.clone(),
            },
        },
    }
}

fn prepared_of(statement: &PreparedStatement, version: Version) -> Prepared {
    let positions = statement
        .partition_key_markers
        .as_deref()
        .unwrap_or_default();
    let id = |id: &[u8; 16]| Bytes::copy_from_slice(id);
    Prepared {
        id: id(&statement.id),
        result_metadata_id: (version >= Version::V5).then(|| id(&statement.result_metadata_id)),
        partition_key_markers: positions.iter().map(|position| *position as u16).collect(),
        markers: statement.markers.iter().map(spec).collect(),
        result_columns: statement.result_columns.iter().map(spec).collect(),
    }
}

fn spec(column: &ColumnSpec) -> quorate_frame::ColumnSpec {
    quorate_frame::ColumnSpec {
        keyspace: column.keyspace.as_str().into(),
        table: column.table.as_str().into(),
        name: column.name.clone(),
        cql_type: column.cql_type,
    }
}

/// The message of an error.
pub(crate) fn error(error: &RequestError) -> Response {
    Response::Error(ErrorBody::from(error))
}
