//! From a stopped node to a serving one: recover, found or join a cluster, start the services.
//!
//! ```text
//!   open ──▶ recovered ──no cluster yet──▶ first seed: found ──▶ member ──▶ serving
//!                │                         other: ask seeds, join ──▶ │
//!                └──known cluster──────── update my addresses ───────▶┘
//! ```

use crate::Identity;
use crate::Node;
use crate::NodeConfig;
use crate::World;
use crate::metadata_log;
use crate::metadata_log::CommitError;
use bytes::Bytes;
use quorate_cluster::Node as ClusterNode;
use quorate_cluster::NodeState;
use quorate_cluster::Transformation;
use quorate_gossip::ApplicationState;
use quorate_gossip::Config as GossipConfig;
use quorate_gossip::Generation;
use quorate_gossip::Gossip;
use quorate_gossip::WallSeconds;
use quorate_internode::Answered;
use quorate_internode::PeerReply;
use quorate_internode::PeerRequest;
use quorate_types::Endpoint;
use quorate_types::Epoch;
use std::collections::BTreeSet;
use std::time::Duration;

/// The blob with the generation of this node's last life.
const GENERATION_BLOB: &str = "generation";
/// Between two tries to reach the seeds, or to get an entry decided.
const RETRY_PAUSE: Duration = Duration::from_millis(250);
/// How long a seed may take to answer.
const SEED_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a node does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// What the disk holds cannot be read, or cannot be written.
    #[error("{0}")]
    Disk(String),
    /// There is nobody to ask for the cluster.
    #[error(
        "no seeds are configured: name this node itself to found a cluster, or others to join one"
    )]
    NoSeeds,
    /// Clients of the new cluster would have to log in, and nobody could.
    #[error(
        "authentication is on, and a new cluster has no role that could log in: name the first one with \
         initial_superuser, or set authentication=false"
    )]
    NoSuperuser,
    /// The cluster does not take this node.
    #[error("the cluster refuses this node: {0}")]
    Refused(String),
}

impl<W: World> Node<W> {
    /// Recovers what the disk holds. The node answers peers from here on, clients not yet.
    ///
    /// # Errors
    /// [`StartError::Disk`].
    pub async fn open(
        world: W,
        identity: Identity,
        config: NodeConfig,
    ) -> Result<Self, StartError> {
        let (metadata, log) =
            metadata_log::recover(|name| world.load_blob(name), &config.cluster_name)
                .map_err(StartError::Disk)?;
        if metadata.epoch != Epoch::NONE && metadata.cluster_name != config.cluster_name {
            return Err(StartError::Disk(format!(
                "this data belongs to cluster '{}', the configuration says '{}'",
                metadata.cluster_name, config.cluster_name
            )));
        }
        let generation = next_generation(&world).await?;
        let gossip = Gossip::new(
            GossipConfig {
                phi_threshold: config.phi_threshold,
                ..GossipConfig::new(config.cluster_name.clone(), identity.host_id)
                    .with_interval(config.gossip_interval)
            },
            generation,
            gossiped_identity(&identity, metadata.epoch),
        );
        Ok(Self::assemble(
            world, identity, config, metadata, log, gossip,
        ))
    }

    /// Founds or joins the cluster if need be, starts the background services, and serves clients
    /// when it returns.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn bring_up(&self) -> Result<(), StartError> {
        self.world().spawn(self.clone().gossip_rounds());
        self.world().spawn(self.clone().create_initial_superuser());
        if self.epoch() == Epoch::NONE {
            self.find_cluster().await?;
        }
        if self.current_metadata().nodes.contains_key(&self.me()) {
            self.world().spawn(self.clone().announce_addresses());
        } else {
            self.join().await?;
        }
        self.settle_gossip().await;
        self.gossip()
            .set(ApplicationState::Ready, "true".to_owned());
        self.world().spawn(self.clone().dispatch_hints());
        self.world().spawn(self.clone().replay_batches());
        self.world().spawn(self.clone().sweep_rounds());
        self.set_serving(true);
        self.notify_change();
        Ok(())
    }

    /// Gets the metadata from a seed, or founds the cluster when this node is the first seed and no
    /// other seed knows one.
    async fn find_cluster(&self) -> Result<(), StartError> {
        let me = &self.identity().internode;
        let first = self.config().seeds.first().ok_or(StartError::NoSeeds)?;
        let founder = first == me;
        let others: Vec<Endpoint> = self
            .config()
            .seeds
            .iter()
            .filter(|seed| *seed != me)
            .cloned()
            .collect();
        let mut tries = 0_u32;
        loop {
            for seed in &others {
                if let Some(bytes) = self.ask_seed(seed).await {
                    return self
                        .install_snapshot(&bytes)
                        .await
                        .map_err(|error| match error {
                            CommitError::Refused(refused) => {
                                StartError::Refused(refused.to_string())
                            }
                            other => StartError::Disk(other.to_string()),
                        });
                }
            }
            if founder {
                return self.found().await;
            }
            if tries.is_multiple_of(40) {
                tracing::info!(seeds = ?self.config().seeds, "waiting for a seed that knows the cluster");
            }
            tries += 1;
            self.world().sleep(RETRY_PAUSE).await;
        }
    }

    async fn ask_seed(&self, seed: &Endpoint) -> Option<Bytes> {
        let call = self.world().call(
            seed.clone(),
            self.epoch(),
            SEED_TIMEOUT,
            PeerRequest::MetadataSnapshot,
        );
        match call.await {
            Ok(Answered {
                reply: PeerReply::MetadataSnapshot(state),
                ..
            }) => state,
            Ok(_) | Err(_) => None,
        }
    }

    async fn found(&self) -> Result<(), StartError> {
        if self.config().authentication && self.config().initial_superuser.is_none() {
            return Err(StartError::NoSuperuser);
        }
        tracing::info!(cluster = self.config().cluster_name, "founding the cluster");
        let founding = Transformation::Initialize {
            cluster_name: self.config().cluster_name.clone(),
            first: self.as_cluster_node(),
            num_tokens: self.config().num_tokens,
        };
        self.commit(founding).await.map(|_| ()).map_err(start_error)
    }

    async fn join(&self) -> Result<(), StartError> {
        tracing::info!(cluster = self.config().cluster_name, "joining the cluster");
        loop {
            self.refresh_from_seeds().await;
            let joining = Transformation::Join {
                node: self.as_cluster_node(),
                num_tokens: self.config().num_tokens,
            };
            match self.commit(joining).await {
                Ok(_) => return Ok(()),
                Err(CommitError::NoMajority { answered, needed }) => {
                    tracing::warn!(
                        answered,
                        needed,
                        "joining waits for a majority of the metadata replicas"
                    );
                    self.world().sleep(RETRY_PAUSE).await;
                }
                Err(error) => return Err(start_error(error)),
            }
        }
    }

    /// The state may have moved on since it was fetched.
    async fn refresh_from_seeds(&self) {
        for seed in &self.config().seeds {
            if let Some(bytes) = self.ask_seed(seed).await {
                if let Err(error) = self.install_snapshot(&bytes).await {
                    tracing::warn!(%error, %seed, "a seed's metadata cannot be taken over");
                }
                return;
            }
        }
    }

    /// Tells the cluster where this node is reached now, and which build it runs, until that is
    /// written down.
    async fn announce_addresses(self) {
        loop {
            let identity = self.identity();
            let update = Transformation::UpdateNode {
                host_id: identity.host_id,
                internode: identity.internode.clone(),
                client: identity.client.clone(),
                native: identity.native.clone(),
                datacenter: identity.datacenter.to_string(),
                rack: identity.rack.to_string(),
                build: identity.build.clone(),
            };
            match self.commit(update).await {
                Ok(_) => return,
                Err(CommitError::NoMajority { .. }) => self.world().sleep(RETRY_PAUSE).await,
                Err(error) => {
                    tracing::error!(%error, "this node's addresses cannot be written down");
                    return;
                }
            }
        }
    }

    fn as_cluster_node(&self) -> ClusterNode {
        let identity = self.identity();
        ClusterNode {
            host_id: identity.host_id,
            internode: identity.internode.clone(),
            client: identity.client.clone(),
            native: identity.native.clone(),
            datacenter: identity.datacenter.to_string(),
            rack: identity.rack.to_string(),
            state: NodeState::Normal,
            tokens: BTreeSet::new(),
            build: identity.build.clone(),
        }
    }
}

fn start_error(error: CommitError) -> StartError {
    match error {
        CommitError::Refused(refused) => StartError::Refused(refused.to_string()),
        other => StartError::Disk(other.to_string()),
    }
}

/// A generation larger than that of every earlier life, made durable before it is used.
async fn next_generation<W: World>(world: &W) -> Result<Generation, StartError> {
    let previous = world
        .load_blob(GENERATION_BLOB)
        .map_err(StartError::Disk)?
        .and_then(|bytes| {
            bytes
                .first_chunk()
                .map(|eight| Generation(u64::from_be_bytes(*eight)))
        });
    let wall = WallSeconds(u64::try_from(world.unix_micros() / 1_000_000).unwrap_or(0));
    let generation = Generation::at_start(wall, previous);
    let bytes = Bytes::copy_from_slice(&generation.0.to_be_bytes());
    world
        .persist_blob(GENERATION_BLOB, bytes)
        .await
        .map_err(StartError::Disk)?;
    Ok(generation)
}

fn gossiped_identity(identity: &Identity, epoch: Epoch) -> Vec<(ApplicationState, String)> {
    vec![
        (
            ApplicationState::InternodeAddress,
            identity.internode.to_string(),
        ),
        (ApplicationState::GrpcAddress, identity.client.to_string()),
        (
            ApplicationState::Datacenter,
            identity.datacenter.to_string(),
        ),
        (ApplicationState::Rack, identity.rack.to_string()),
        (ApplicationState::Build, identity.build.clone()),
        (ApplicationState::Epoch, epoch.to_string()),
    ]
}
