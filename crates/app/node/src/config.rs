//! What a node's drivers are told: times, sizes, switches. Reading them from files is the binary's.

use quorate_coordinator::HintPolicy;
use quorate_types::ConsistencyLevel;
use quorate_types::Endpoint;
use std::fmt;
use std::time::Duration;

/// The settings of one node. [`NodeConfig::default`] gives what `config/quorate.toml` documents.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// The cluster to found or join.
    pub cluster_name: String,
    /// Nodes to ask when joining. The first one founds the cluster when it is this node.
    pub seeds: Vec<Endpoint>,
    /// Tokens this node gets when it joins.
    pub num_tokens: u32,
    /// The level of requests that name none.
    pub default_consistency: ConsistencyLevel,
    /// Rows of a page when a request names no size.
    pub page_size: u32,
    /// How long a read of one partition may take.
    pub read_timeout: Duration,
    /// How long a read of token ranges may take.
    pub range_timeout: Duration,
    /// How long a write may take.
    pub write_timeout: Duration,
    /// How long a TRUNCATE may take.
    pub truncate_timeout: Duration,
    /// How long a schema or topology change may take.
    pub metadata_timeout: Duration,
    /// Requests in progress at once; further ones are refused as overloaded.
    pub requests_in_flight_max: usize,
    /// Hints being written at once; further writes to replicas that need one are refused.
    pub hints_in_flight_max: usize,
    /// When hints are kept.
    pub hints: HintPolicy,
    /// How often hints are looked for.
    pub hint_dispatch_interval: Duration,
    /// Bytes of hints sent per second to one node.
    pub hint_bytes_per_second: u64,
    /// How often a gossip round happens.
    pub gossip_interval: Duration,
    /// Suspicion from which a peer is down.
    pub phi_threshold: f64,
    /// How far ahead of this node's clock a client's timestamp may be.
    pub timestamp_ahead_max: Duration,
    /// Bytes of the largest mutation taken: what the commit logs of all replicas have room for.
    pub mutation_bytes_max: usize,
    /// Prepared statements kept.
    pub prepared_statements_max: usize,
    /// How often tables are swept of what may be purged.
    pub sweep_interval: Duration,
    /// Names and values of all settings, as `system_views.settings` shows them.
    pub shown_settings: Vec<(String, String)>,
    /// Whether clients must log in, and may do only what was granted to them.
    pub authentication: bool,
    /// The role that is made when the cluster has none: it makes the others.
    pub initial_superuser: Option<InitialSuperuser>,
}

/// A role's name and password. The password does not show itself in logs.
#[derive(Clone)]
pub struct InitialSuperuser {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for InitialSuperuser {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "InitialSuperuser({})", self.name)
    }
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            cluster_name: "quorate".to_owned(),
            seeds: Vec::new(),
            num_tokens: 16,
            default_consistency: ConsistencyLevel::LocalQuorum,
            page_size: 5_000,
            read_timeout: Duration::from_secs(5),
            range_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(2),
            truncate_timeout: Duration::from_mins(1),
            metadata_timeout: Duration::from_secs(10),
            requests_in_flight_max: 16_384,
            hints_in_flight_max: 4_096,
            hints: HintPolicy {
                enabled: true,
                window: Duration::from_hours(3),
                bytes_per_host_max: 4 << 30,
            },
            hint_dispatch_interval: Duration::from_secs(10),
            hint_bytes_per_second: 16 << 20,
            gossip_interval: Duration::from_secs(1),
            phi_threshold: 8.0,
            timestamp_ahead_max: Duration::from_hours(1),
            mutation_bytes_max: (16 << 20) - 64,
            prepared_statements_max: 10_000,
            sweep_interval: Duration::from_hours(1),
            shown_settings: Vec::new(),
            authentication: false,
            initial_superuser: None,
        }
    }
}
