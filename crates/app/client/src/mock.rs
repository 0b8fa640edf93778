//! A cluster of servers that answer as a test says, for tests. Each node has a runtime of its own,
//! so that it can be killed at once, connections and all.

use crate::convert::host_id;
use crate::proto;
use crate::proto::mock::quorate_server::Quorate;
use crate::proto::mock::quorate_server::QuorateServer;
use bytes::Bytes;
use proto::cluster_snapshot;
use proto::session_request::Request;
use proto::session_response::Response;
use quorate_types::RequestError;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Status;
use tonic::Streaming;
use uuid::Uuid;

/// What a node does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    Answer(Response),
    AnswerLater(Duration, Response),
    Refuse(RequestError),
    /// Never answer.
    Hang,
}

type Script = dyn Fn(usize, &Request) -> Action + Send + Sync;

/// What all nodes share.
struct Shared {
    snapshots: watch::Sender<proto::ClusterSnapshot>,
    script: Box<Script>,
    seen: Mutex<Vec<(usize, Request)>>,
    /// Requests that are not answered, now and at most.
    in_flight: Mutex<(usize, usize)>,
}

pub(crate) struct MockCluster {
    nodes: Vec<MockNode>,
    shared: Arc<Shared>,
}

struct MockNode {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Drop for MockNode {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// An answer without a result.
pub(crate) fn void() -> Action {
    execute(proto::execute_response::Result::Void(proto::Void {}))
}

pub(crate) fn execute(result: proto::execute_response::Result) -> Action {
    Action::Answer(Response::Execute(proto::ExecuteResponse {
        result: Some(result),
        ..Default::default()
    }))
}

impl MockCluster {
    /// `count` nodes in `dc1` with one token each, evenly apart, and the keyspace `shop` with one
    /// replica.
    pub(crate) fn start(
        count: usize,
        script: impl Fn(usize, &Request) -> Action + Send + Sync + 'static,
    ) -> Self {
        let listeners: Vec<std::net::TcpListener> = (0..count)
            .map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let addresses: Vec<SocketAddr> = listeners
            .iter()
            .map(|listener| listener.local_addr().unwrap())
            .collect();
        drop(listeners);
        let shared = Arc::new(Shared {
            snapshots: watch::Sender::new(snapshot(&addresses)),
            script: Box::new(script),
            seen: Mutex::default(),
            in_flight: Mutex::default(),
        });
        let nodes = addresses.into_iter().map(|address| MockNode {
            address,
            runtime: None,
        });
        let mut cluster = Self {
            nodes: nodes.collect(),
            shared,
        };
        (0..count).for_each(|index| cluster.restart(index));
        cluster
    }

    pub(crate) fn restart(&mut self, index: usize) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let service = MockService {
            index,
            shared: Arc::clone(&self.shared),
        };
        let node = &mut self.nodes[index];
        let listener = std::net::TcpListener::bind(node.address).unwrap();
        listener.set_nonblocking(true).unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            tonic::transport::Server::builder()
                .add_service(QuorateServer::new(service).max_decoding_message_size(64 << 20))
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await
        });
        node.runtime = Some(runtime);
    }

    pub(crate) fn kill(&mut self, index: usize) {
        self.nodes[index]
            .runtime
            .take()
            .unwrap()
            .shutdown_background();
    }

    pub(crate) fn address(&self, index: usize) -> String {
        self.nodes[index].address.to_string()
    }

    /// Changes what all nodes tell of the cluster.
    pub(crate) fn change(&self, change: impl FnOnce(&mut proto::ClusterSnapshot)) {
        self.shared.snapshots.send_modify(|snapshot| {
            snapshot.epoch += 1;
            change(snapshot);
        });
    }

    /// Every request so far, with the node that got it.
    pub(crate) fn seen(&self) -> Vec<(usize, Request)> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// How many requests waited for their answer at once, at most.
    pub(crate) fn in_flight_max(&self) -> usize {
        self.shared.in_flight.lock().unwrap().1
    }

    /// The nodes that got executions, in order.
    pub(crate) fn executed_on(&self) -> Vec<usize> {
        self.executions()
            .into_iter()
            .map(|(node, _)| node)
            .collect()
    }

    pub(crate) fn executions(&self) -> Vec<(usize, proto::ExecuteRequest)> {
        let seen = self.seen().into_iter();
        seen.filter_map(|(node, request)| match request {
            Request::Execute(request) => Some((node, request)),
            Request::Prepare(_) | Request::Batch(_) => None,
        })
        .collect()
    }
}

pub(crate) fn node_id(index: usize) -> Bytes {
    Bytes::copy_from_slice(Uuid::from_u128(index as u128 + 1).as_bytes())
}

fn snapshot(addresses: &[SocketAddr]) -> proto::ClusterSnapshot {
    let ends_at = |index: usize| {
        let share = (1_i128 << 64) / addresses.len() as i128;
        i64::try_from(i128::from(i64::MIN) + (index as i128 + 1) * share - 1).unwrap()
    };
    let nodes = addresses.iter().enumerate();
    let nodes = nodes.map(|(index, address)| cluster_snapshot::Node {
        host_id: node_id(index),
        client_address: address.to_string(),
        datacenter: "dc1".to_owned(),
        rack: "r1".to_owned(),
        tokens: vec![ends_at(index)],
        up: true,
        state: "Normal".to_owned(),
        ..Default::default()
    });
    let replication = [("class", "SimpleStrategy"), ("replication_factor", "1")];
    let column = |name: &str, kind: &str| cluster_snapshot::TableColumn {
        name: name.to_owned(),
        r#type: "int".to_owned(),
        kind: kind.to_owned(),
    };
    let table = cluster_snapshot::Table {
        name: "carts".to_owned(),
        columns: vec![column("k", "partition_key"), column("v", "regular")],
        id: node_id(99),
    };
    proto::ClusterSnapshot {
        epoch: 1,
        cluster_name: "mock".to_owned(),
        nodes: nodes.collect(),
        keyspaces: vec![cluster_snapshot::Keyspace {
            name: "shop".to_owned(),
            replication: replication
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            tables: vec![table],
        }],
        build: "mock".to_owned(),
        host_id: Bytes::new(),
    }
}

struct MockService {
    index: usize,
    shared: Arc<Shared>,
}

#[tonic::async_trait]
impl Quorate for MockService {
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
        let (index, shared) = (self.index, Arc::clone(&self.shared));
        let mut requests = request.into_inner();
        tokio::spawn(async move {
            while let Some(Ok(asked)) = requests.next().await {
                let request = asked.request.expect("the driver asks something");
                shared.seen.lock().unwrap().push((index, request.clone()));
                {
                    let (now, most) = &mut *shared.in_flight.lock().unwrap();
                    *now += 1;
                    *most = (*now).max(*most);
                }
                let action = (shared.script)(index, &request);
                let (shared, answers) = (Arc::clone(&shared), answers.clone());
                tokio::spawn(async move {
                    let Some(response) = response(action, &answers).await else {
                        return;
                    };
                    shared.in_flight.lock().unwrap().0 -= 1;
                    let (id, response) = (asked.id, Some(response));
                    let _ = answers
                        .send(Ok(proto::SessionResponse { id, response }))
                        .await;
                });
            }
        });
        Ok(tonic::Response::new(ReceiverStream::new(outgoing)))
    }

    async fn watch(
        &self,
        _request: tonic::Request<proto::WatchRequest>,
    ) -> Result<tonic::Response<Self::WatchStream>, Status> {
        let (told, outgoing) = mpsc::channel(1);
        let (index, mut snapshots) = (self.index, self.shared.snapshots.subscribe());
        tokio::spawn(async move {
            loop {
                let mut snapshot = snapshots.borrow_and_update().clone();
                snapshot.host_id = node_id(index);
                let gone = told.send(Ok(snapshot)).await.is_err();
                if gone || snapshots.changed().await.is_err() {
                    return;
                }
            }
        });
        Ok(tonic::Response::new(ReceiverStream::new(outgoing)))
    }
}

type Answers = mpsc::Sender<Result<proto::SessionResponse, Status>>;

async fn response(action: Action, answers: &Answers) -> Option<Response> {
    match action {
        Action::Answer(response) => Some(response),
        Action::AnswerLater(delay, response) => {
            tokio::time::sleep(delay).await;
            Some(response)
        }
        Action::Refuse(error) => Some(Response::Error(detail(&error))),
        Action::Hang => {
            // Keeps the stream open, as a node that is stuck does.
            answers.closed().await;
            None
        }
    }
}

/// The numbers that the tests look at.
fn detail(error: &RequestError) -> proto::Error {
    let (required, received) = match error {
        RequestError::Unavailable {
            required, alive, ..
        } => (*required, *alive),
        RequestError::WriteTimeout {
            received,
            block_for,
            ..
        } => (*block_for, *received),
        _ => (0, 0),
    };
    proto::Error {
        code: error.code(),
        message: error.to_string(),
        consistency: proto::Consistency::Quorum.into(),
        required,
        received,
        write_type: "SIMPLE".to_owned(),
        ..Default::default()
    }
}

#[test]
fn mock_nodes_have_ids_that_the_driver_reads() {
    assert_eq!(host_id(&node_id(4)).0, Uuid::from_u128(5));
}
