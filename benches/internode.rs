//! Round trips between two nodes' ends, in one process: the batched stream of `quorate-internode`
//! against one unary gRPC call per request. Each carries a mutation of 300 bytes and is answered
//! at once; the CPU time is that of both ends.

use anyhow::Context;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use quorate_benches::Run;
use quorate_benches::Table;
use quorate_benches::cpu;
use quorate_benches::micros;
use quorate_benches::per_second;
use quorate_benches::random::Random;
use quorate_benches::unary;
use quorate_internode::Handler;
use quorate_internode::PeerReply;
use quorate_internode::PeerRequest;
use quorate_internode::Peers;
use quorate_internode::PeersConfig;
use quorate_types::Endpoint;
use quorate_types::Epoch;
use quorate_types::HostId;
use std::time::Duration;
use std::time::Instant;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Request;
use tonic::Response;
use tonic::Status;
use unary::unary_client::UnaryClient;
use unary::unary_server::Unary;
use unary::unary_server::UnaryServer;
use uuid::Uuid;

const IN_FLIGHT: [usize; 3] = [1, 16, 256];
const MUTATION_BYTES: usize = 300;
const TIME: Duration = Duration::from_millis(1_500);
const TIMEOUT: Duration = Duration::from_secs(10);
const CLUSTER: &str = "bench";

fn main() -> anyhow::Result<()> {
    let Some(_run) = Run::begin("internode") else {
        return Ok(());
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(compare())
}

async fn compare() -> anyhow::Result<()> {
    let mut table = Table::new(
        "Round trips of 300-byte mutations, both ends",
        &[
            "in flight",
            "unary, per core-second",
            "stream, per core-second",
            "unary µs",
            "stream µs",
            "stream : unary",
        ],
    );
    let mutation = Random::new(5).bytes(MUTATION_BYTES);
    let stream = stream_call(mutation.clone()).await?;
    let unary = unary_call(mutation).await?;
    for in_flight in IN_FLIGHT {
        // Connections are made and buffers grown by the first ones.
        drive(&unary, in_flight, TIME / 5).await?;
        let (unary_count, unary_cpu) = drive(&unary, in_flight, TIME).await?;
        drive(&stream, in_flight, TIME / 5).await?;
        let (stream_count, stream_cpu) = drive(&stream, in_flight, TIME).await?;
        let unary_each = micros(unary_cpu, unary_count);
        let stream_each = micros(stream_cpu, stream_count);
        table.row([
            in_flight.to_string(),
            per_second(unary_count, unary_cpu),
            per_second(stream_count, stream_cpu),
            format!("{unary_each:.1}"),
            format!("{stream_each:.1}"),
            format!("{:.1}", unary_each / stream_each),
        ]);
    }
    table.print();
    Ok(())
}

type Call = Box<dyn Fn() -> BoxFuture<'static, anyhow::Result<()>>>;

/// Keeps `in_flight` calls unanswered until the time is up; how many were answered, and the CPU
/// time of the process.
async fn drive(call: &Call, in_flight: usize, time: Duration) -> anyhow::Result<(u64, Duration)> {
    let before = cpu::of_this_process()?;
    let ends = Instant::now() + time;
    let mut waiting: FuturesUnordered<_> = (0..in_flight).map(|_| call()).collect();
    let mut answered = 0;
    while let Some(answer) = waiting.next().await {
        answer?;
        answered += 1;
        if Instant::now() < ends {
            waiting.push(call());
        }
    }
    Ok((answered, cpu::of_this_process()?.saturating_sub(before)))
}

#[derive(Clone)]
struct Acknowledging;

impl Handler for Acknowledging {
    async fn handle(&self, _: HostId, _: Epoch, _: Duration, request: PeerRequest) -> PeerReply {
        std::hint::black_box(request);
        PeerReply::Done
    }

    fn epoch(&self) -> Epoch {
        Epoch(7)
    }

    fn cluster_name(&self) -> String {
        CLUSTER.to_owned()
    }
}

async fn stream_call(mutation: Bytes) -> anyhow::Result<Call> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let to = Endpoint {
        host: "127.0.0.1".to_owned(),
        port: listener.local_addr()?.port(),
    };
    tokio::spawn(quorate_internode::serve(
        listener,
        None,
        Acknowledging,
        std::future::pending(),
    ));
    let peers = Peers::new(PeersConfig {
        me: HostId(Uuid::from_u128(1)),
        cluster_name: CLUSTER.to_owned(),
        connect_timeout: Duration::from_secs(5),
        queue_count_max: 65_536,
        identity: None,
    });
    Ok(Box::new(move || {
        let request = PeerRequest::Mutate(mutation.clone());
        let answered = peers.call(&to, Epoch(7), TIMEOUT, request);
        answered.map(|answer| Ok(answer.map(drop)?)).boxed()
    }))
}

#[tonic::async_trait]
impl Unary for Acknowledging {
    async fn mutate(
        &self,
        request: Request<unary::MutateRequest>,
    ) -> Result<Response<unary::MutateReply>, Status> {
        std::hint::black_box(request.into_inner());
        Ok(Response::new(unary::MutateReply { epoch: 7 }))
    }
}

async fn unary_call(mutation: Bytes) -> anyhow::Result<Call> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    let connections = TcpListenerStream::new(listener).inspect(|connection| {
        if let Ok(connection) = connection {
            // As on the stream's side; without, every call would wait for a timer.
            let _ = connection.set_nodelay(true);
        }
    });
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(UnaryServer::new(Acknowledging))
            .serve_with_incoming(connections),
    );
    let channel = tonic::transport::Endpoint::from_shared(address)?
        .tcp_nodelay(true)
        .connect()
        .await
        .context("the unary service cannot be reached")?;
    let client = UnaryClient::new(channel);
    Ok(Box::new(move || {
        let mut client = client.clone();
        let request = unary::MutateRequest {
            epoch: 7,
            timeout_micros: 10_000_000,
            mutation: mutation.clone(),
        };
        async move {
            client.mutate(request).await?;
            Ok(())
        }
        .boxed()
    }))
}
