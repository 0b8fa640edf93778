//! One node that answers as a test says, in this process, and a session whose output can be read.

use crate::ShellArgs;
use crate::output::Output;
use crate::session::Session;
use clap::Parser;
use quorate_client::Access;
use quorate_client::RequestError;
use quorate_client::proto;
use quorate_client::proto::mock::quorate_server::Quorate;
use quorate_client::proto::mock::quorate_server::QuorateServer;
use quorate_client::proto::session_request::Request;
use quorate_client::proto::session_response::Response;
use std::io;
use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Status;
use tonic::Streaming;

type Answer = dyn Fn(&Request) -> Result<Response, RequestError> + Send + Sync;

/// A node's address.
pub(crate) struct MockNode {
    address: String,
}

impl MockNode {
    /// Starts a node with the keyspace `shop` and the table `carts (k int, item text, v int)`.
    pub(crate) async fn start(
        answer: impl Fn(&Request) -> Result<Response, RequestError> + Send + Sync + 'static,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let service = Service {
            answer: Arc::new(answer),
            address: address.clone(),
        };
        tokio::spawn(
            tonic::transport::Server::builder()
                .add_service(QuorateServer::new(service))
                .serve_with_incoming(TcpListenerStream::new(listener)),
        );
        Self { address }
    }

    /// A session with it that runs a script.
    pub(crate) fn session(&self, args: &[&str]) -> (Session, Sink) {
        session(&self.address, args)
    }
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    shell: ShellArgs,
}

/// A session with an address.
pub(crate) fn session(address: &str, args: &[&str]) -> (Session, Sink) {
    let args = ["shell", "--host", address]
        .into_iter()
        .chain(args.iter().copied());
    let args = Cli::parse_from(args).shell;
    let sink = Sink::default();
    let errors = Box::new(Prefixed(sink.clone()));
    let output = Output::into_writers(Box::new(sink.clone()), errors);
    (Session::new(&args, Access::default(), output, false), sink)
}

/// What a session has written; errors with `! ` in front.
#[derive(Clone, Default)]
pub(crate) struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    /// All of it so far, once.
    pub(crate) fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Prefixed(Sink);

impl Write for Prefixed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let marked = if text == "\n" {
            text.into_owned()
        } else {
            format!("! {text}")
        };
        self.0.write_all(marked.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) fn column(name: &str, type_name: &str) -> proto::Column {
    proto::Column {
        keyspace: "shop".to_owned(),
        table: "carts".to_owned(),
        name: name.to_owned(),
        r#type: type_name.to_owned(),
    }
}

/// The columns of `shop.carts`.
pub(crate) fn carts() -> Vec<proto::Column> {
    vec![
        column("k", "int"),
        column("item", "text"),
        column("v", "int"),
    ]
}

pub(crate) fn int(number: i64) -> proto::Value {
    proto::Value {
        kind: Some(proto::value::Kind::Integer(number)),
    }
}

pub(crate) fn text(text: &str) -> proto::Value {
    proto::Value {
        kind: Some(proto::value::Kind::Text(text.to_owned())),
    }
}

pub(crate) fn void() -> Response {
    Response::Execute(proto::ExecuteResponse::default())
}

/// Rows of `shop.carts`; a state means that more follow.
pub(crate) fn rows(rows: Vec<Vec<proto::Value>>, paging_state: &str) -> proto::ExecuteResponse {
    let rows = rows.into_iter().map(|values| proto::Row { values });
    proto::ExecuteResponse {
        result: Some(proto::execute_response::Result::Rows(proto::Rows {
            columns: carts(),
            rows: rows.collect(),
            paging_state: paging_state.as_bytes().to_vec().into(),
        })),
        ..Default::default()
    }
}

struct Service {
    answer: Arc<Answer>,
    address: String,
}

#[tonic::async_trait]
impl Quorate for Service {
    type ExecuteStreamStream = ReceiverStream<Result<proto::ExecuteResponse, Status>>;
    type SessionStream = ReceiverStream<Result<proto::SessionResponse, Status>>;
    type WatchStream = ReceiverStream<Result<proto::ClusterSnapshot, Status>>;

    async fn execute(
        &self,
        _request: tonic::Request<proto::ExecuteRequest>,
    ) -> Result<tonic::Response<proto::ExecuteResponse>, Status> {
        Err(Status::unimplemented("the driver uses sessions"))
    }

    async fn execute_stream(
        &self,
        _request: tonic::Request<proto::ExecuteRequest>,
    ) -> Result<tonic::Response<Self::ExecuteStreamStream>, Status> {
        Err(Status::unimplemented("the driver uses sessions"))
    }

    async fn prepare(
        &self,
        _request: tonic::Request<proto::PrepareRequest>,
    ) -> Result<tonic::Response<proto::PrepareResponse>, Status> {
        Err(Status::unimplemented("the driver uses sessions"))
    }

    async fn execute_batch(
        &self,
        _request: tonic::Request<proto::BatchRequest>,
    ) -> Result<tonic::Response<proto::ExecuteResponse>, Status> {
        Err(Status::unimplemented("the driver uses sessions"))
    }

    async fn session(
        &self,
        request: tonic::Request<Streaming<proto::SessionRequest>>,
    ) -> Result<tonic::Response<Self::SessionStream>, Status> {
        let (answers, outgoing) = mpsc::channel(64);
        let answer = Arc::clone(&self.answer);
        let mut requests = request.into_inner();
        tokio::spawn(async move {
            while let Some(Ok(asked)) = requests.next().await {
                let request = asked.request.expect("the driver asks something");
                let response = answer(&request).unwrap_or_else(|error| refusal(&error));
                let answered = proto::SessionResponse {
                    id: asked.id,
                    response: Some(response),
                };
                if answers.send(Ok(answered)).await.is_err() {
                    return;
                }
            }
        });
        Ok(tonic::Response::new(ReceiverStream::new(outgoing)))
    }

    async fn watch(
        &self,
        _request: tonic::Request<proto::WatchRequest>,
    ) -> Result<tonic::Response<Self::WatchStream>, Status> {
        let (told, outgoing) = mpsc::channel(1);
        let snapshot = snapshot(&self.address);
        tokio::spawn(async move {
            let _ = told.send(Ok(snapshot)).await;
            // The stream ends with the connection only.
            told.closed().await;
        });
        Ok(tonic::Response::new(ReceiverStream::new(outgoing)))
    }
}

fn refusal(error: &RequestError) -> Response {
    let mut detail = proto::Error {
        code: error.code(),
        message: error.to_string(),
        ..Default::default()
    };
    if let RequestError::Unavailable {
        required, alive, ..
    } = error
    {
        detail.consistency = proto::Consistency::Quorum.into();
        (detail.required, detail.received) = (*required, *alive);
    }
    Response::Error(detail)
}

fn snapshot(address: &str) -> proto::ClusterSnapshot {
    let host_id = bytes::Bytes::from_static(&[7; 16]);
    let column = |column: proto::Column| proto::cluster_snapshot::TableColumn {
        kind: if column.name == "k" {
            "partition_key"
        } else {
            "regular"
        }
        .to_owned(),
        name: column.name,
        r#type: column.r#type,
    };
    let table = proto::cluster_snapshot::Table {
        name: "carts".to_owned(),
        columns: carts().into_iter().map(column).collect(),
        id: host_id.clone(),
    };
    let replication = [("class", "SimpleStrategy"), ("replication_factor", "1")];
    proto::ClusterSnapshot {
        epoch: 1,
        cluster_name: "mock".to_owned(),
        nodes: vec![proto::cluster_snapshot::Node {
            host_id: host_id.clone(),
            client_address: address.to_owned(),
            datacenter: "dc1".to_owned(),
            rack: "r1".to_owned(),
            tokens: vec![0],
            up: true,
            state: "Normal".to_owned(),
            ..Default::default()
        }],
        keyspaces: vec![proto::cluster_snapshot::Keyspace {
            name: "shop".to_owned(),
            replication: replication
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
            tables: vec![table],
        }],
        build: "9.9".to_owned(),
        host_id,
    }
}
