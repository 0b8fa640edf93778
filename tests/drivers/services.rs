//! What generic gRPC tools ask of a node: its health, its schema by reflection, streams that end in
//! good order.

use anyhow::Context;
use anyhow::ensure;
use quorate_client::proto;
use quorate_tests::Setup;
use quorate_tests::with_cluster;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

async fn serving(channel: Channel) -> anyhow::Result<ServingStatus> {
    let request = HealthCheckRequest {
        service: "quorate.v1.Quorate".to_owned(),
    };
    let answer = HealthClient::new(channel).check(request).await?;
    Ok(answer.into_inner().status())
}

async fn ask_reflection(
    channel: Channel,
    question: MessageRequest,
) -> anyhow::Result<MessageResponse> {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(question),
    };
    let mut answers = ServerReflectionClient::new(channel)
        .server_reflection_info(tokio_stream::once(request))
        .await?
        .into_inner();
    let answer = answers.message().await?.context("no answer")?;
    answer.message_response.context("an empty answer")
}

#[test]
fn health_and_reflection_are_served() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(1), async |cluster| {
        let channel = cluster.direct(1)?.channel;
        ensure!(serving(channel.clone()).await? == ServingStatus::Serving);

        let list = MessageRequest::ListServices(String::new());
        let MessageResponse::ListServicesResponse(list) =
            ask_reflection(channel.clone(), list).await?
        else {
            anyhow::bail!("no list of services");
        };
        let names: Vec<_> = list.service.iter().map(|service| &*service.name).collect();
        for name in [
            "quorate.v1.Quorate",
            "quorate.v1.Admin",
            "grpc.health.v1.Health",
        ] {
            ensure!(names.contains(&name), "{name} is not among {names:?}");
        }
        let symbol = MessageRequest::FileContainingSymbol("quorate.v1.ExecuteRequest".to_owned());
        let answer = ask_reflection(channel, symbol).await?;
        let MessageResponse::FileDescriptorResponse(files) = answer else {
            anyhow::bail!("no file: {answer:?}");
        };
        ensure!(!files.file_descriptor_proto.is_empty());
        Ok(())
    })
}

#[test]
fn a_node_that_stops_ends_its_streams_in_good_order() -> anyhow::Result<()> {
    with_cluster(Setup::nodes(1), async |cluster| {
        let mut service = cluster.direct(1)?.service;
        let (requests, outgoing) = tokio::sync::mpsc::channel(1);
        let mut answers = service
            .session(ReceiverStream::new(outgoing))
            .await?
            .into_inner();
        let mut news = service.watch(proto::WatchRequest {}).await?.into_inner();
        let prepare = proto::PrepareRequest {
            cql: "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy'}".to_owned(),
            ..proto::PrepareRequest::default()
        };
        let request = proto::SessionRequest {
            id: 7,
            request: Some(proto::session_request::Request::Prepare(prepare)),
        };
        requests.send(request).await?;
        let answer = answers.message().await?.context("no answer")?;
        ensure!(answer.id == 7, "{answer:?}");

        cluster.stop(1).await?;
        // An error would mean that the connection was cut.
        while news.try_next().await?.is_some() {}
        ensure!(answers.message().await?.is_none());
        Ok(())
    })
}
