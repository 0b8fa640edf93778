//! A node's settings: defaults, then the file, then `QUORATE_…` of the environment, then flags.
//!
//! Every name is known and every value is checked before anything starts: an unknown or
//! contradictory setting refuses the start and is named.

mod tls;

pub(crate) use tls::Identities;

use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;
use quorate_commitlog::DamagePolicy;
use quorate_commitlog::SyncMode;
use quorate_coordinator::HintPolicy;
use quorate_native::NativeConfig;
use quorate_node::InitialSuperuser;
use quorate_node::NodeConfig;
use quorate_storage::EngineConfig;
use quorate_types::ConsistencyLevel;
use quorate_types::Endpoint;
use serde::Deserialize;
use serde::Serialize;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use toml::Table;
use toml::Value;

/// What precedes a setting's name in the environment.
const ENVIRONMENT_PREFIX: &str = "QUORATE_";
/// Where the password of `initial_superuser` is given: in no file, in no table of settings.
const PASSWORD_VARIABLE: &str = "QUORATE_INITIAL_SUPERUSER_PASSWORD";
/// Bytes of a password at most.
const PASSWORD_BYTES_MAX: usize = 72;
/// Names of the environment that are not settings of a node.
const ENVIRONMENT_OTHERS: [&str; 9] = [
    "QUORATE_CONFIG",
    "QUORATE_HOST",
    "QUORATE_CACHE",
    "QUORATE_BIN",
    "QUORATE_USERNAME",
    "QUORATE_PASSWORD",
    "QUORATE_TLS_AUTHORITY",
    "QUORATE_TLS_CERTIFICATE",
    "QUORATE_TLS_KEY",
];

/// Everything of `config/quorate.toml`; the defaults are the file's.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) cluster_name: String,
    pub(crate) data_directory: PathBuf,
    pub(crate) listen_address: String,
    pub(crate) advertise_address: String,
    pub(crate) internode_port: u16,
    pub(crate) client_port: u16,
    pub(crate) native_port: u16,
    pub(crate) seeds: Vec<String>,
    pub(crate) datacenter: String,
    pub(crate) rack: String,
    pub(crate) num_tokens: u32,
    pub(crate) default_consistency: String,
    pub(crate) page_size: u32,
    pub(crate) read_timeout_ms: u64,
    pub(crate) range_timeout_ms: u64,
    pub(crate) write_timeout_ms: u64,
    pub(crate) truncate_timeout_ms: u64,
    pub(crate) metadata_timeout_ms: u64,
    pub(crate) requests_in_flight_max: usize,
    pub(crate) timestamp_ahead_max_ms: u64,
    pub(crate) prepared_statements_max: usize,
    pub(crate) native_connections_max: usize,
    pub(crate) native_idle_timeout_ms: u64,
    pub(crate) client_tls_certificate: PathBuf,
    pub(crate) client_tls_key: PathBuf,
    pub(crate) client_tls_authority: PathBuf,
    pub(crate) internode_tls_certificate: PathBuf,
    pub(crate) internode_tls_key: PathBuf,
    pub(crate) internode_tls_authority: PathBuf,
    pub(crate) authentication: bool,
    pub(crate) initial_superuser: String,
    #[serde(skip)]
    initial_superuser_password: Secret,
    pub(crate) commit_log_sync: String,
    pub(crate) commit_log_sync_interval_ms: u64,
    pub(crate) commit_log_segment_bytes: u32,
    pub(crate) commit_log_bytes_max: u64,
    pub(crate) commit_log_damage: String,
    pub(crate) block_cache_bytes: usize,
    pub(crate) write_buffer_bytes: usize,
    pub(crate) read_threads: usize,
    pub(crate) hinted_handoff: bool,
    pub(crate) hint_window_ms: u64,
    pub(crate) hint_bytes_per_host_max: u64,
    pub(crate) hint_file_bytes: u64,
    pub(crate) hint_dispatch_interval_ms: u64,
    pub(crate) hint_bytes_per_second: u64,
    pub(crate) hints_in_flight_max: usize,
    pub(crate) gossip_interval_ms: u64,
    pub(crate) phi_threshold: f64,
    pub(crate) sweep_interval_ms: u64,
    pub(crate) log_format: String,
    pub(crate) log_filter: String,
    pub(crate) worker_threads: usize,
}

/// A text that does not show itself.
#[derive(Clone, Default, PartialEq)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret")
    }
}

impl Default for Settings {
    fn default() -> Self {
        let node = NodeConfig::default();
        let engine = EngineConfig::new("");
        let native = NativeConfig::default();
        Self {
            cluster_name: node.cluster_name,
            data_directory: PathBuf::from("/var/lib/quorate"),
            listen_address: "127.0.0.1".to_owned(),
            advertise_address: String::new(),
            internode_port: 7000,
            client_port: 9160,
            native_port: 9042,
            seeds: Vec::new(),
            datacenter: "dc1".to_owned(),
            rack: "rack1".to_owned(),
            num_tokens: node.num_tokens,
            default_consistency: node.default_consistency.name().to_owned(),
            page_size: node.page_size,
            read_timeout_ms: millis(node.read_timeout),
            range_timeout_ms: millis(node.range_timeout),
            write_timeout_ms: millis(node.write_timeout),
            truncate_timeout_ms: millis(node.truncate_timeout),
            metadata_timeout_ms: millis(node.metadata_timeout),
            requests_in_flight_max: node.requests_in_flight_max,
            timestamp_ahead_max_ms: millis(node.timestamp_ahead_max),
            prepared_statements_max: node.prepared_statements_max,
            native_connections_max: native.connections_max,
            native_idle_timeout_ms: 0,
            client_tls_certificate: PathBuf::new(),
            client_tls_key: PathBuf::new(),
            client_tls_authority: PathBuf::new(),
            internode_tls_certificate: PathBuf::new(),
            internode_tls_key: PathBuf::new(),
            internode_tls_authority: PathBuf::new(),
            authentication: true,
            initial_superuser: String::new(),
            initial_superuser_password: Secret::default(),
            commit_log_sync: "group".to_owned(),
            commit_log_sync_interval_ms: 10_000,
            commit_log_segment_bytes: engine.log.segment_bytes,
            commit_log_bytes_max: engine.log.bytes_max,
            commit_log_damage: "refuse".to_owned(),
            block_cache_bytes: engine.memory.block_cache_bytes,
            write_buffer_bytes: engine.memory.write_buffer_bytes,
            read_threads: 0,
            hinted_handoff: node.hints.enabled,
            hint_window_ms: millis(node.hints.window),
            hint_bytes_per_host_max: node.hints.bytes_per_host_max,
            hint_file_bytes: engine.hints.file_bytes_max,
            hint_dispatch_interval_ms: millis(node.hint_dispatch_interval),
            hint_bytes_per_second: node.hint_bytes_per_second,
            hints_in_flight_max: node.hints_in_flight_max,
            gossip_interval_ms: millis(node.gossip_interval),
            phi_threshold: node.phi_threshold,
            sweep_interval_ms: millis(node.sweep_interval),
            log_format: "text".to_owned(),
            log_filter: "info".to_owned(),
            worker_threads: 0,
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Settings {
    /// Reads the file (when one is named), the environment and `flags` (`name=value`), in this order.
    pub(crate) fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
        flags: &[String],
    ) -> anyhow::Result<Self> {
        let mut table = match file {
            Some(path) => {
                let text = std::fs::read_to_string(path).with_context(|| {
                    format!("the configuration {} cannot be read", path.display())
                })?;
                text.parse::<Table>()
                    .with_context(|| format!("in {}", path.display()))?
            }
            None => Table::new(),
        };
        let mut password = Secret::default();
        for (name, value) in environment {
            if name == PASSWORD_VARIABLE {
                password = Secret(value);
                continue;
            }
            if ENVIRONMENT_OTHERS.contains(&name.as_str()) {
                continue;
            }
            if let Some(setting) = name.strip_prefix(ENVIRONMENT_PREFIX) {
                set(&mut table, &setting.to_lowercase(), &value)
                    .with_context(|| format!("in the environment's {name}"))?;
            }
        }
        for flag in flags {
            let (name, value) = flag
                .split_once('=')
                .with_context(|| format!("expected --set name=value, got '{flag}'"))?;
            set(&mut table, name, value).with_context(|| format!("in --set {flag}"))?;
        }
        let mut settings: Self = table.try_into().context("in the configuration")?;
        settings.initial_superuser_password = password;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> anyhow::Result<()> {
        ensure!(!self.cluster_name.is_empty(), "cluster_name is empty");
        ensure!(
            (1..=256).contains(&self.num_tokens),
            "num_tokens is {}, expected 1 to 256",
            self.num_tokens
        );
        ensure!(self.page_size > 0, "page_size is 0");
        let ports = [
            ("internode_port", self.internode_port),
            ("client_port", self.client_port),
            ("native_port", self.native_port),
        ];
        for (index, (name, port)) in ports.iter().enumerate() {
            let same = ports
                .iter()
                .skip(index + 1)
                .find(|(_, other)| other == port && *port != 0);
            if let Some((other, _)) = same {
                anyhow::bail!("{name} and {other} are both {port}");
            }
        }
        ensure!(
            self.phi_threshold > 0.0,
            "phi_threshold is {}, expected more than 0",
            self.phi_threshold
        );
        ensure!(self.gossip_interval_ms > 0, "gossip_interval_ms is 0");
        ensure!(self.hint_bytes_per_second > 0, "hint_bytes_per_second is 0");
        ensure!(
            u64::from(self.commit_log_segment_bytes) <= self.commit_log_bytes_max,
            "commit_log_segment_bytes is more than commit_log_bytes_max"
        );
        let everywhere = ["0.0.0.0", "::"].contains(&self.listen_address.as_str());
        ensure!(
            !everywhere || !self.advertise_address.is_empty(),
            "listen_address is {}: advertise_address must say where other nodes and clients reach this one",
            self.listen_address
        );
        self.check_superuser()?;
        self.check_tls()?;
        ensure!(
            (1..=1_000_000).contains(&self.native_connections_max),
            "native_connections_max is {}, expected 1 to 1000000",
            self.native_connections_max
        );
        self.sync_mode()?;
        self.damage_policy()?;
        self.consistency()?;
        self.seed_endpoints()?;
        ensure!(
            ["text", "json"].contains(&self.log_format.as_str()),
            "log_format is '{}', expected text or json",
            self.log_format
        );
        Ok(())
    }

    fn check_superuser(&self) -> anyhow::Result<()> {
        let name = &self.initial_superuser;
        let password = &self.initial_superuser_password.0;
        ensure!(
            name.is_empty() || !password.is_empty(),
            "initial_superuser is '{name}': {PASSWORD_VARIABLE} must give its password"
        );
        ensure!(
            password.len() <= PASSWORD_BYTES_MAX && !password.contains('\0'),
            "{PASSWORD_VARIABLE} is longer than {PASSWORD_BYTES_MAX} bytes, or has a NUL character"
        );
        Ok(())
    }

    fn superuser(&self) -> Option<InitialSuperuser> {
        (!self.initial_superuser.is_empty()).then(|| InitialSuperuser {
            name: self.initial_superuser.clone(),
            password: self.initial_superuser_password.0.clone(),
        })
    }

    /// The address that others are told.
    pub(crate) fn advertised(&self) -> &str {
        if self.advertise_address.is_empty() {
            &self.listen_address
        } else {
            &self.advertise_address
        }
    }

    fn sync_mode(&self) -> anyhow::Result<SyncMode> {
        Ok(match self.commit_log_sync.as_str() {
            "group" => SyncMode::Group,
            "batch" => SyncMode::Batch,
            "periodic" => SyncMode::Periodic {
                interval: Duration::from_millis(self.commit_log_sync_interval_ms.max(1)),
            },
            other => bail!("commit_log_sync is '{other}', expected group, batch or periodic"),
        })
    }

    fn damage_policy(&self) -> anyhow::Result<DamagePolicy> {
        Ok(match self.commit_log_damage.as_str() {
            "refuse" => DamagePolicy::Refuse,
            "skip" => DamagePolicy::Skip,
            other => bail!("commit_log_damage is '{other}', expected refuse or skip"),
        })
    }

    fn consistency(&self) -> anyhow::Result<ConsistencyLevel> {
        self.default_consistency
            .parse()
            .context("in default_consistency")
    }

    fn seed_endpoints(&self) -> anyhow::Result<Vec<Endpoint>> {
        let seeds = self.seeds.iter().map(|seed| match seed.parse() {
            Ok(endpoint) => Ok(endpoint),
            // A bare host means our own port.
            Err(_) if !seed.contains(':') => Ok(Endpoint {
                host: seed.clone(),
                port: self.internode_port,
            }),
            Err(error) => Err(error).context("in seeds"),
        });
        seeds.collect()
    }

    /// What the node's drivers are told.
    pub(crate) fn node(&self) -> anyhow::Result<NodeConfig> {
        Ok(NodeConfig {
            cluster_name: self.cluster_name.clone(),
            seeds: self.seed_endpoints()?,
            num_tokens: self.num_tokens,
            default_consistency: self.consistency()?,
            page_size: self.page_size,
            read_timeout: Duration::from_millis(self.read_timeout_ms),
            range_timeout: Duration::from_millis(self.range_timeout_ms),
            write_timeout: Duration::from_millis(self.write_timeout_ms),
            truncate_timeout: Duration::from_millis(self.truncate_timeout_ms),
            metadata_timeout: Duration::from_millis(self.metadata_timeout_ms),
            requests_in_flight_max: self.requests_in_flight_max,
            hints_in_flight_max: self.hints_in_flight_max,
            hints: HintPolicy {
                enabled: self.hinted_handoff,
                window: Duration::from_millis(self.hint_window_ms),
                bytes_per_host_max: self.hint_bytes_per_host_max,
            },
            hint_dispatch_interval: Duration::from_millis(self.hint_dispatch_interval_ms),
            hint_bytes_per_second: self.hint_bytes_per_second,
            gossip_interval: Duration::from_millis(self.gossip_interval_ms),
            phi_threshold: self.phi_threshold,
            timestamp_ahead_max: Duration::from_millis(self.timestamp_ahead_max_ms),
            mutation_bytes_max: self.engine()?.mutation_bytes_max(),
            prepared_statements_max: self.prepared_statements_max,
            sweep_interval: Duration::from_millis(self.sweep_interval_ms),
            shown_settings: self.shown()?,
            authentication: self.authentication,
            initial_superuser: self.superuser(),
        })
    }

    /// Names and values as text.
    fn shown(&self) -> anyhow::Result<Vec<(String, String)>> {
        let table = Table::try_from(self).context("the settings cannot be listed")?;
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        Ok(table
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect())
    }

    /// What connections of drivers may cost.
    pub(crate) fn native(&self) -> NativeConfig {
        let idle = self.native_idle_timeout_ms;
        NativeConfig {
            connections_max: self.native_connections_max,
            idle_timeout: (idle > 0).then(|| Duration::from_millis(idle)),
            ..NativeConfig::default()
        }
    }

    /// What the engine is told.
    pub(crate) fn engine(&self) -> anyhow::Result<EngineConfig> {
        let mut engine = EngineConfig::new(&self.data_directory);
        engine.log.sync_mode = self.sync_mode()?;
        engine.log.damage_policy = self.damage_policy()?;
        engine.log.segment_bytes = self.commit_log_segment_bytes;
        engine.log.bytes_max = self.commit_log_bytes_max;
        engine.memory.block_cache_bytes = self.block_cache_bytes;
        engine.memory.write_buffer_bytes = self.write_buffer_bytes;
        engine.hints.file_bytes_max = self.hint_file_bytes;
        if self.read_threads > 0 {
            engine.read_threads = self.read_threads;
        }
        Ok(engine)
    }
}

/// Sets a value given as text. Its kind is the default's: the file's own syntax for lists, plain
/// text for strings.
fn set(table: &mut Table, name: &str, text: &str) -> anyhow::Result<()> {
    let value = match known_kind(name)? {
        Kind::Text => Value::String(text.to_owned()),
        Kind::List => Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(Value::from)
                .collect(),
        ),
        Kind::Integer => Value::Integer(
            text.parse()
                .with_context(|| format!("{name} is '{text}', expected an integer"))?,
        ),
        Kind::Float => Value::Float(
            text.parse()
                .with_context(|| format!("{name} is '{text}', expected a number"))?,
        ),
        Kind::Boolean => Value::Boolean(
            text.parse()
                .with_context(|| format!("{name} is '{text}', expected true or false"))?,
        ),
    };
    table.insert(name.to_owned(), value);
    Ok(())
}

enum Kind {
    Text,
    List,
    Integer,
    Float,
    Boolean,
}

/// The kind of a setting, read off the documented file: the one place where all of them stand.
fn known_kind(name: &str) -> anyhow::Result<Kind> {
    let documented = documented();
    let value = documented
        .get(name)
        .with_context(|| format!("there is no setting '{name}'"))?;
    Ok(match value {
        Value::String(_) | Value::Datetime(_) | Value::Table(_) => Kind::Text,
        Value::Array(_) => Kind::List,
        Value::Integer(_) => Kind::Integer,
        Value::Float(_) => Kind::Float,
        Value::Boolean(_) => Kind::Boolean,
    })
}

/// `config/quorate.toml` with its commented settings taken for set.
fn documented() -> Table {
    let text = include_str!("../../../../config/quorate.toml");
    let settings: String = text
        .lines()
        .map(|line| line.strip_prefix("#:").unwrap_or(line))
        .fold(String::new(), |all, line| all + line + "\n");
    settings.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(flags: &[&str]) -> anyhow::Result<Settings> {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        Settings::load(None, std::iter::empty(), &flags)
    }

    #[test]
    fn the_documented_file_states_every_default() {
        let documented: Settings = documented().try_into().unwrap();
        assert_eq!(documented, Settings::default());
    }

    #[test]
    fn flags_win_over_the_environment() {
        let environment = [
            ("QUORATE_PAGE_SIZE".to_owned(), "7".to_owned()),
            ("QUORATE_RACK".to_owned(), "r9".to_owned()),
            ("PATH".to_owned(), "/bin".to_owned()),
        ];
        let flags = [
            "page_size=9".to_owned(),
            "seeds=127.0.0.1:7000, 127.0.0.2".to_owned(),
        ];
        let settings = Settings::load(None, environment.into_iter(), &flags).unwrap();
        assert_eq!((settings.page_size, settings.rack.as_str()), (9, "r9"));
        let seeds: Vec<String> = settings
            .node()
            .unwrap()
            .seeds
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(seeds, ["127.0.0.1:7000", "127.0.0.2:7000"]);
    }

    #[test]
    fn the_first_superusers_password_is_shown_nowhere() {
        let environment = [(PASSWORD_VARIABLE.to_owned(), "open sesame".to_owned())];
        let flags = ["initial_superuser=ann".to_owned()];
        let settings = Settings::load(None, environment.into_iter(), &flags).unwrap();
        let node = settings.node().unwrap();
        let initial = node.initial_superuser.as_ref().unwrap();
        assert_eq!((&*initial.name, &*initial.password), ("ann", "open sesame"));
        let shown = format!("{settings:?} {node:?}");
        assert!(!shown.contains("sesame"), "{shown}");
    }

    #[test]
    fn wrong_settings_refuse_the_start_and_are_named() {
        let refusals = [
            ("page_sice=3", "page_sice"),
            ("page_size=many", "page_size"),
            ("page_size=0", "page_size"),
            ("num_tokens=0", "num_tokens"),
            ("commit_log_sync=never", "commit_log_sync"),
            ("listen_address=0.0.0.0", "advertise_address"),
            ("client_port=7000", "internode_port and client_port"),
            ("native_port=9160", "client_port and native_port"),
            ("default_consistency=MOST", "default_consistency"),
            ("seeds=a:b", "seeds"),
            ("log_format=xml", "log_format"),
            ("initial_superuser=ann", PASSWORD_VARIABLE),
            ("client_tls_certificate=node.pem", "client_tls_key"),
            (
                "internode_tls_authority=all.pem",
                "internode_tls_certificate",
            ),
            ("native_connections_max=0", "native_connections_max"),
        ];
        for (flag, named) in refusals {
            let error = format!("{:#}", load(&[flag]).unwrap_err());
            assert!(error.contains(named), "{flag}: {error}");
        }
    }
}
