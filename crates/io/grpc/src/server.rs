//! The listener: all services on one port.

use crate::admin::AdminService;
use crate::admin::Operator;
use crate::proto;
use crate::proto::admin_server::AdminServer;
use crate::proto::quorate_server::QuorateServer;
use crate::service::Service;
use quorate_request::Frontend;
use quorate_tls::Identity;
use quorate_tls::incoming;
use std::future::Future;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Largest message taken or sent.
const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// Where and as what a node serves gRPC.
#[derive(Debug)]
pub struct Listener {
    /// Bound already, so that its port is known.
    pub socket: TcpListener,
    /// What is shown to clients; `None`: connections are not encrypted.
    pub identity: Option<Identity>,
    /// The build that clients are told.
    pub build: String,
}

/// The services stopped, or never started.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener broke.
    #[error("the gRPC listener stopped: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptors are damaged: the build is broken.
    #[error("reflection cannot be served: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// Serves clients and operators until `stop` completes; calls in progress are finished, sessions end
/// a moment later.
///
/// # Errors
/// [`ServeError`].
pub async fn serve<F: Frontend, O: Operator>(
    listener: Listener,
    frontend: F,
    operator: O,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let (health_reporter, health) = tonic_health::server::health_reporter();
    health_reporter
        .set_serving::<QuorateServer<Service<F>>>()
        .await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let (stopping, stops) = watch::channel(false);
    let quorate = QuorateServer::new(Service {
        frontend: frontend.clone(),
        build: listener.build,
        stops,
    })
    .max_decoding_message_size(MESSAGE_BYTES_MAX)
    .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let connections = incoming(listener.socket, listener.identity);
    let draining = async move {
        stop.await;
        health_reporter
            .set_not_serving::<QuorateServer<Service<F>>>()
            .await;
        stopping.send_replace(true);
    };
    tonic::transport::Server::builder()
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .initial_stream_window_size(Some(4 << 20))
        .initial_connection_window_size(Some(8 << 20))
        .max_concurrent_streams(Some(4_096))
        .add_service(health)
        .add_service(reflection)
        .add_service(quorate)
        .add_service(AdminServer::new(AdminService { frontend, operator }))
        .serve_with_incoming_shutdown(connections, draining)
        .await?;
    Ok(())
}
