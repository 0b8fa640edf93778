//! One node asked directly, by the proto alone: no discovery, no routing, no second try.

use crate::proto;
use anyhow::Context;
use bytes::Bytes;
use prost::Message;
use proto::admin_client::AdminClient;
use proto::execute_request::Statement;
use proto::quorate_client::QuorateClient;
use proto::value::Kind;
use quorate_client::Access;
use std::time::Duration;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// As much as nodes take.
const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// A connection that says as whom it asks.
type Authorized = InterceptedService<Channel, Access>;

/// One node, as its clients and operators reach it.
#[derive(Debug, Clone)]
pub struct Direct {
    /// The gRPC service.
    pub service: QuorateClient<Authorized>,
    /// The operator's verbs.
    pub admin: AdminClient<Authorized>,
    /// The connection under both, as nobody.
    pub channel: Channel,
}

/// Why a node did not do what it was asked.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// gRPC's own code.
    pub status: tonic::Code,
    /// gRPC's message.
    pub message: String,
    /// What the node said in the status details.
    pub detail: Option<proto::Error>,
}

impl Refusal {
    /// The native protocol's error code; `None` when the node sent no detail.
    pub fn code(&self) -> Option<u32> {
        self.detail.as_ref().map(|detail| detail.code)
    }

    /// Code, replicas needed, replicas alive or answered.
    pub fn numbers(&self) -> Option<(u32, u32, u32)> {
        let detail = self.detail.as_ref()?;
        Some((detail.code, detail.required, detail.received))
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.code() {
            Some(code) => write!(f, "{:?} {code:#06x}: {}", self.status, self.message),
            None => write!(f, "{:?}: {}", self.status, self.message),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<tonic::Status> for Refusal {
    fn from(status: tonic::Status) -> Self {
        let details = proto::StatusDetails::decode(status.details()).ok();
        let any = details.and_then(|details| details.details.into_iter().next());
        let detail = any
            .filter(|any| any.type_url.ends_with("/quorate.v1.Error"))
            .and_then(|any| proto::Error::decode(any.value.as_slice()).ok());
        Self {
            status: status.code(),
            message: status.message().to_owned(),
            detail,
        }
    }
}

impl Direct {
    /// The node at `address`, asked with an access. Connects at the first call, and again when that broke.
    ///
    /// # Errors
    /// When `address` is none.
    pub fn new(address: &str, access: Access) -> anyhow::Result<Self> {
        let channel = access
            .endpoint(address)?
            .connect_timeout(Duration::from_secs(1))
            .timeout(TIMEOUT)
            .tcp_nodelay(true)
            .connect_lazy();
        Ok(Self {
            service: QuorateClient::with_interceptor(channel.clone(), access.clone())
                .max_decoding_message_size(MESSAGE_BYTES_MAX)
                .max_encoding_message_size(MESSAGE_BYTES_MAX),
            admin: AdminClient::with_interceptor(channel.clone(), access),
            channel,
        })
    }

    /// Runs a statement with values by position.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn execute(
        &self,
        cql: &str,
        values: Vec<proto::Value>,
        level: proto::Consistency,
    ) -> Result<proto::ExecuteResponse, Refusal> {
        let options = proto::Options {
            consistency: level.into(),
            ..proto::Options::default()
        };
        self.execute_with(cql, values, options).await
    }

    /// Runs a statement with options.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn execute_with(
        &self,
        cql: &str,
        values: Vec<proto::Value>,
        options: proto::Options,
    ) -> Result<proto::ExecuteResponse, Refusal> {
        self.send(proto::ExecuteRequest {
            statement: Some(Statement::Cql(cql.to_owned())),
            values,
            options: Some(options),
            ..proto::ExecuteRequest::default()
        })
        .await
    }

    /// Sends a request as it is.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn send(
        &self,
        request: proto::ExecuteRequest,
    ) -> Result<proto::ExecuteResponse, Refusal> {
        let answer = self.service.clone().execute(request).await?;
        Ok(answer.into_inner())
    }

    /// Every row of a SELECT, page by page.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn every_row(
        &self,
        cql: &str,
        level: proto::Consistency,
        page_size: u32,
    ) -> Result<Vec<Vec<proto::Value>>, Refusal> {
        let mut options = proto::Options {
            consistency: level.into(),
            page_size,
            ..proto::Options::default()
        };
        let mut every = Vec::new();
        loop {
            let response = self.execute_with(cql, Vec::new(), options.clone()).await?;
            let Some(proto::execute_response::Result::Rows(rows)) = response.result else {
                return Ok(every);
            };
            every.extend(rows.rows.into_iter().map(|row| row.values));
            if rows.paging_state.is_empty() {
                return Ok(every);
            }
            options.paging_state = rows.paging_state;
        }
    }

    /// The cluster as this node knows it now.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn snapshot(&self) -> anyhow::Result<proto::ClusterSnapshot> {
        let answer = self.service.clone().watch(proto::WatchRequest {}).await?;
        let first = answer.into_inner().message().await?;
        first.context("the node ended the stream")
    }

    /// The nodes as this one sees them.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn status(&self) -> anyhow::Result<proto::StatusResponse> {
        let request = proto::StatusRequest::default();
        Ok(self.admin.clone().status(request).await?.into_inner())
    }

    /// How many hints this node keeps for others.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn pending_hints(&self) -> anyhow::Result<u64> {
        let request = proto::ListPendingHintsRequest {};
        let answer = self.admin.clone().list_pending_hints(request).await?;
        let targets = answer.into_inner().targets;
        Ok(targets.iter().map(|target| target.hints).sum())
    }
}

/// The rows of an answer; none when it has none.
pub fn rows_of(response: proto::ExecuteResponse) -> Vec<Vec<proto::Value>> {
    match response.result {
        Some(proto::execute_response::Result::Rows(rows)) => {
            rows.rows.into_iter().map(|row| row.values).collect()
        }
        _ => Vec::new(),
    }
}

/// An integer to bind.
pub fn integer(number: impl Into<i64>) -> proto::Value {
    proto::Value {
        kind: Some(Kind::Integer(number.into())),
    }
}

/// A text to bind.
pub fn text(text: impl Into<String>) -> proto::Value {
    proto::Value {
        kind: Some(Kind::Text(text.into())),
    }
}

/// A value in CQL's own encoding to bind.
pub fn wire(bytes: impl Into<Bytes>) -> proto::Value {
    proto::Value {
        kind: Some(Kind::Wire(bytes.into())),
    }
}
