//! `quorate serve`: one node, from its settings to a clean end.

use crate::operator::NodeOperator;
use crate::settings::Identities;
use crate::settings::Settings;
use crate::telemetry;
use crate::world::RealWorld;
use crate::world::load_blob;
use anyhow::Context;
use clap::Args;
use quorate_internode::Peers;
use quorate_internode::PeersConfig;
use quorate_node::Identity;
use quorate_node::Node;
use quorate_storage::BlobStore;
use quorate_storage::Engine;
use quorate_storage::OpenReport;
use quorate_types::Endpoint;
use quorate_types::HostId;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// The blob with this node's host id.
const HOST_ID_BLOB: &str = "host-id";
/// Files that are open beside connections of drivers.
const FILES_BESIDE: u64 = 2_048;
/// How long peers and clients may take to notice the end of their calls.
const GOODBYE: Duration = Duration::from_secs(5);

/// What a node is started with.
#[derive(Args)]
pub(crate) struct ServeArgs {
    /// The configuration file; see config/quorate.toml for every setting.
    #[arg(long, env = "QUORATE_CONFIG")]
    config: Option<PathBuf>,
    /// Sets one setting, as `page_size=100`; wins over file and environment.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
}

/// Runs a node until it is told to stop.
pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let settings = Settings::load(args.config.as_deref(), std::env::vars(), &args.settings)?;
    telemetry::start(&settings.log_format, &settings.log_filter)?;
    raise_file_limit(&settings);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if settings.worker_threads > 0 {
        runtime.worker_threads(settings.worker_threads);
    }
    let runtime = runtime
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    runtime.block_on(serve(&settings, started))?;
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(ExitCode::SUCCESS)
}

/// Each connection is a file, and so is each part of a table: as many as the system allows.
fn raise_file_limit(settings: &Settings) {
    let wanted = settings.native_connections_max as u64 + FILES_BESIDE;
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files) if files < wanted => tracing::warn!(
            files,
            wanted,
            "the limit of open files is low; raise it, or lower native_connections_max"
        ),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the limit of open files cannot be raised"),
    }
}

async fn serve(settings: &Settings, started: Instant) -> anyhow::Result<()> {
    let Opened {
        node,
        sockets,
        identities,
    } = open(settings).await?;
    let (stop, stopped) = watch::channel(false);
    let internode = tokio::spawn(quorate_internode::serve(
        sockets.internode,
        identities.internode,
        node.clone(),
        until(stopped.clone()),
    ));
    tokio::select! {
        up = node.bring_up() => up?,
        () = told_to_stop() => {
            tracing::info!("stopped before the cluster was found");
            return Ok(());
        }
    }
    let listener = quorate_grpc::Listener {
        socket: sockets.client,
        identity: identities.client,
        build: node.identity().build.clone(),
    };
    let operator = NodeOperator(node.clone());
    let client = tokio::spawn(quorate_grpc::serve(
        listener,
        node.clone(),
        operator,
        until(stopped),
    ));
    let (stop_drivers, drivers_stopped) = watch::channel(false);
    let listener = quorate_native::Listener {
        socket: sockets.native,
        identity: identities.native,
        config: settings.native(),
    };
    let native = tokio::spawn(quorate_native::serve(
        listener,
        node.clone(),
        until(drivers_stopped),
    ));
    log_serving(&node, started);
    told_to_stop().await;
    let servers = Servers {
        stop,
        internode,
        client,
        stop_drivers,
        native,
    };
    servers.end(&node).await;
    Ok(())
}

/// A node that is open, and what it will serve with.
struct Opened {
    node: Node<RealWorld>,
    sockets: Sockets,
    identities: Identities,
}

/// Opens the node, with its ports taken: others may be told of them.
async fn open(settings: &Settings) -> anyhow::Result<Opened> {
    let blobs = open_blobs(settings)?;
    let host_id = host_id(&blobs).await?;
    let identities = settings.identities()?;
    identities.keep_current();
    let sockets = Sockets::bind(settings).await?;
    let identity = Identity {
        host_id,
        internode: advertised(settings, &sockets.internode)?,
        client: advertised(settings, &sockets.client)?,
        native: Some(advertised_to_drivers(settings, &sockets.native).await?),
        datacenter: Arc::from(settings.datacenter.as_str()),
        rack: Arc::from(settings.rack.as_str()),
        build: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let engine = open_engine(settings, &blobs)?;
    let peers = Peers::new(PeersConfig {
        me: host_id,
        cluster_name: settings.cluster_name.clone(),
        connect_timeout: Duration::from_secs(1),
        queue_count_max: 65_536,
        identity: identities.internode.clone(),
    });
    let world = RealWorld::new(engine, blobs, peers);
    let node = Node::open(world, identity, settings.node()?).await?;
    Ok(Opened {
        node,
        sockets,
        identities,
    })
}

fn open_blobs(settings: &Settings) -> anyhow::Result<BlobStore> {
    std::fs::create_dir_all(&settings.data_directory).with_context(|| {
        format!(
            "the data directory {} cannot be made",
            settings.data_directory.display()
        )
    })?;
    BlobStore::open(&settings.data_directory).context("the small files cannot be opened")
}

/// The ports of a node.
struct Sockets {
    internode: TcpListener,
    client: TcpListener,
    native: TcpListener,
}

impl Sockets {
    async fn bind(settings: &Settings) -> anyhow::Result<Self> {
        let host = &settings.listen_address;
        Ok(Self {
            internode: listen(host, settings.internode_port).await?,
            client: listen(host, settings.client_port).await?,
            native: listen(host, settings.native_port).await?,
        })
    }
}

fn log_serving(node: &Node<RealWorld>, started: Instant) {
    let identity = node.identity();
    tracing::info!(
        host_id = %identity.host_id,
        client = %identity.client,
        native = identity.native.as_ref().map(tracing::field::display),
        internode = %identity.internode,
        after_ms = started.elapsed().as_millis() as u64,
        "serving"
    );
}

/// What a node answers with, and how each is told to end.
struct Servers {
    /// Ends `internode` and `client`.
    stop: watch::Sender<bool>,
    internode: JoinHandle<Result<(), quorate_internode::ServeError>>,
    client: JoinHandle<Result<(), quorate_grpc::ServeError>>,
    /// Ends `native`.
    stop_drivers: watch::Sender<bool>,
    native: JoinHandle<()>,
}

impl Servers {
    /// Ends the node in order: drivers go, clients are told, the engine is closed, peers go.
    async fn end(self, node: &Node<RealWorld>) {
        tracing::info!("stopping");
        // CQL has no word for "go elsewhere": connections are closed, each in a quiet moment, while
        // the node still answers.
        let _ = self.stop_drivers.send(true);
        if tokio::time::timeout(GOODBYE, self.native).await.is_err() {
            tracing::debug!("some drivers were still connected");
        }
        node.stop_serving();
        // Clients are told first, then peers: what clients have begun still reaches its replicas.
        tokio::time::sleep(Duration::from_millis(50)).await;
        node.wait_for_requests(GOODBYE).await;
        if let Err(failure) = node.drain().await {
            tracing::error!(%failure, "the engine was not closed cleanly; the next start replays its log");
        }
        let _ = self.stop.send(true);
        let goodbye = async {
            let _ = self.client.await;
            let _ = self.internode.await;
        };
        if tokio::time::timeout(GOODBYE, goodbye).await.is_err() {
            tracing::debug!("some connections were still open");
        }
        tracing::info!("stopped");
    }
}

/// This node's identity: made at its first start, kept for ever.
async fn host_id(blobs: &BlobStore) -> anyhow::Result<HostId> {
    if let Some(bytes) = blobs
        .load(HOST_ID_BLOB)
        .context("the host id cannot be read")?
    {
        return Ok(HostId(
            Uuid::from_slice(&bytes).context("the host id is damaged")?,
        ));
    }
    let fresh = Uuid::new_v4();
    let written = blobs.persist(HOST_ID_BLOB, fresh.as_bytes().to_vec()).await;
    written.context("the host id cannot be written")?;
    Ok(HostId(fresh))
}

async fn listen(host: &str, port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((host, port))
        .await
        .with_context(|| format!("cannot listen on {host}:{port}"))
}

/// What others are told: the configured host with the port that was really taken.
fn advertised(settings: &Settings, listener: &TcpListener) -> anyhow::Result<Endpoint> {
    let port = listener
        .local_addr()
        .context("the listener has no address")?
        .port();
    Ok(Endpoint {
        host: settings.advertised().to_owned(),
        port,
    })
}

/// Drivers are told addresses, not names.
async fn advertised_to_drivers(
    settings: &Settings,
    listener: &TcpListener,
) -> anyhow::Result<Endpoint> {
    let named = advertised(settings, listener)?;
    if named.socket_address().is_some() {
        return Ok(named);
    }
    let mut addresses = tokio::net::lookup_host((named.host.as_str(), named.port))
        .await
        .with_context(|| format!("advertise_address {} cannot be looked up", named.host))?;
    let address = addresses
        .next()
        .with_context(|| format!("advertise_address {} has no address", named.host))?;
    Ok(Endpoint {
        host: address.ip().to_string(),
        port: named.port,
    })
}

fn open_engine(settings: &Settings, blobs: &BlobStore) -> anyhow::Result<Engine> {
    let tables = quorate_node::recorded_tables(|name| load_blob(blobs, name))
        .map_err(anyhow::Error::msg)
        .context("the metadata cannot be read")?;
    let (engine, report) =
        Engine::open(settings.engine()?, &tables).context("the engine cannot be opened")?;
    log_report(&report);
    Ok(engine)
}

fn log_report(report: &OpenReport) {
    tracing::info!(
        replayed = report.records_replayed,
        already_durable = report.records_durable,
        of_unknown_tables = report.records_of_unknown_tables,
        took_ms = report.duration.as_millis() as u64,
        "engine open; {}",
        report.guarantee
    );
    if let Some(torn) = &report.torn_tail {
        tracing::info!(
            torn,
            "the commit log ended in the middle of a write, as after a crash"
        );
    }
    for damage in &report.damage {
        tracing::error!(
            damage,
            "a part of the commit log was left out; repair this node's ranges"
        );
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // The sender lives as long as the node serves.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Completes at SIGTERM or SIGINT.
pub(crate) async fn told_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        tracing::error!("signals cannot be listened for; stop this process with SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
