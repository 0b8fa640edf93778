//! How a client is set up, and its first contact.

use crate::Access;
use crate::Client;
use crate::ClientError;
use crate::Tls;
use crate::session::Failure;
use crate::watch::Subscription;
use quorate_types::ConsistencyLevel;
use quorate_types::Endpoint;
use std::sync::Arc;
use std::time::Duration;

/// The port of the gRPC service.
const PORT: u16 = 9160;

/// What a client is set up with.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) contact_points: Vec<String>,
    pub(crate) access: Access,
    pub(crate) consistency: Option<ConsistencyLevel>,
    pub(crate) serial_consistency: Option<ConsistencyLevel>,
    pub(crate) page_size: Option<u32>,
    pub(crate) keyspace: Option<String>,
    pub(crate) datacenter: Option<String>,
    pub(crate) request_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) in_flight_max: usize,
    pub(crate) client_timestamps: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            contact_points: Vec::new(),
            access: Access::default(),
            consistency: None,
            serial_consistency: None,
            page_size: None,
            keyspace: None,
            datacenter: None,
            request_timeout: Duration::from_secs(12),
            connect_timeout: Duration::from_secs(2),
            in_flight_max: 1_024,
            client_timestamps: true,
        }
    }
}

/// Sets up a [`Client`].
///
/// ```no_run
/// # async fn run() -> Result<(), quorate_client::ClientError> {
/// use quorate_client::{Client, ConsistencyLevel};
/// use std::time::Duration;
///
/// let client = Client::builder()
///     .contact_points(["10.0.0.1", "10.0.0.2:9160"])
///     .consistency(ConsistencyLevel::LocalQuorum)
///     .datacenter("dc1")
///     .page_size(1_000)
///     .request_timeout(Duration::from_secs(5))
///     .build()
///     .await?;
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct ClientBuilder {
    settings: Settings,
}

impl ClientBuilder {
    /// Nodes to begin with, `host` or `host:port` (9160); one that answers is enough.
    #[must_use]
    pub fn contact_points<P: Into<String>>(mut self, points: impl IntoIterator<Item = P>) -> Self {
        self.settings.contact_points = points.into_iter().map(Into::into).collect();
        self
    }

    /// Logs in as a role.
    ///
    /// # Errors
    /// [`ClientError::InvalidArgument`]: the name has a colon.
    pub fn credentials(mut self, role: &str, password: &str) -> Result<Self, ClientError> {
        self.settings.access = self.settings.access.credentials(role, password)?;
        Ok(self)
    }

    /// Encrypts connections.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.settings.access = self.settings.access.tls(tls);
        self
    }

    /// Both at once, as [`Access`] has it.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.settings.access = access;
        self
    }

    /// The level of requests that name none. Not set: the nodes' default.
    #[must_use]
    pub const fn consistency(mut self, level: ConsistencyLevel) -> Self {
        self.settings.consistency = Some(level);
        self
    }

    /// The serial level of requests that name none.
    #[must_use]
    pub const fn serial_consistency(mut self, level: ConsistencyLevel) -> Self {
        self.settings.serial_consistency = Some(level);
        self
    }

    /// Rows of a page, of requests that say nothing else. Not set: the nodes' default.
    #[must_use]
    pub const fn page_size(mut self, rows: u32) -> Self {
        self.settings.page_size = Some(rows);
        self
    }

    /// The keyspace of names without one, until [`Client::use_keyspace`].
    #[must_use]
    pub fn keyspace(mut self, keyspace: impl Into<String>) -> Self {
        self.settings.keyspace = Some(keyspace.into());
        self
    }

    /// The datacenter whose nodes are asked, the others only when none of its nodes can be, and then
    /// not with levels that speak of the local datacenter. Not set: that of the first node that
    /// answers is preferred, no more.
    #[must_use]
    pub fn datacenter(mut self, datacenter: impl Into<String>) -> Self {
        self.settings.datacenter = Some(datacenter.into());
        self
    }

    /// How long a request may take, repetitions included (12 s).
    #[must_use]
    pub const fn request_timeout(mut self, timeout: Duration) -> Self {
        self.settings.request_timeout = timeout;
        self
    }

    /// How long connecting to one node may take (2 s).
    #[must_use]
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connect_timeout = timeout;
        self
    }

    /// Requests that one node may owe an answer at once (1,024); more wait in the driver.
    #[must_use]
    pub fn in_flight_max(mut self, requests: usize) -> Self {
        self.settings.in_flight_max = requests.clamp(1, 1 << 20);
        self
    }

    /// Whether the driver gives each write its timestamp (it does). Without, the nodes' clocks do,
    /// and a repeated write may have two.
    #[must_use]
    pub const fn client_timestamps(mut self, enabled: bool) -> Self {
        self.settings.client_timestamps = enabled;
        self
    }

    /// Contacts the cluster.
    ///
    /// # Errors
    /// [`ClientError::InvalidArgument`] for settings that can't be, [`ClientError::NoHostAvailable`]
    /// when no contact point answers, [`ClientError::Request`] with
    /// [`Authentication`](crate::RequestError::Authentication) when the first that answers does not
    /// let the client in.
    pub async fn build(mut self) -> Result<Client, ClientError> {
        let points = self.settings.contact_points.iter();
        let points = points.map(|point| address(point)).collect::<Result<_, _>>();
        self.settings.contact_points = points?;
        if self.settings.contact_points.is_empty() {
            return Err(ClientError::InvalidArgument(
                "expected at least one contact point".to_owned(),
            ));
        }
        let settings = Arc::new(self.settings);
        let mut tried = Vec::new();
        for address in &settings.contact_points {
            match Subscription::open(address, &settings).await {
                Ok((subscription, view)) => {
                    check_datacenter(&settings, &view)?;
                    return Ok(Client::start(Arc::clone(&settings), subscription, view));
                }
                Err(Failure::Refused(error)) => return Err(error.into()),
                Err(Failure::NotSent(error) | Failure::Lost(error)) => {
                    tried.push((address.clone(), error));
                }
            }
        }
        Err(ClientError::NoHostAvailable { tried })
    }
}

/// A name that no node has would route nothing, anywhere.
fn check_datacenter(settings: &Settings, view: &crate::ClusterView) -> Result<(), ClientError> {
    let Some(wanted) = &settings.datacenter else {
        return Ok(());
    };
    let mut known: Vec<&str> = view.nodes.iter().map(|n| n.datacenter.as_str()).collect();
    known.sort_unstable();
    known.dedup();
    if known.contains(&wanted.as_str()) {
        return Ok(());
    }
    Err(ClientError::InvalidArgument(format!(
        "no node is in the datacenter '{wanted}'; there is {}",
        known.join(", ")
    )))
}

/// `host:port` of a contact point.
fn address(point: &str) -> Result<String, ClientError> {
    let bare_host = || {
        let host = point.trim_start_matches('[').trim_end_matches(']');
        let is_one = !host.is_empty() && !host.contains(['/', ' ', '[', ']']);
        let is_address = host.parse::<std::net::Ipv6Addr>().is_ok();
        (is_one && (is_address || !host.contains(':'))).then(|| Endpoint {
            host: host.to_owned(),
            port: PORT,
        })
    };
    match point.parse::<Endpoint>() {
        Ok(endpoint) => Ok(endpoint.to_string()),
        Err(error) => bare_host()
            .map(|endpoint| endpoint.to_string())
            .ok_or_else(|| ClientError::InvalidArgument(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_point_has_the_services_port_unless_it_names_one() {
        for (point, expected) in [
            ("127.0.0.1", "127.0.0.1:9160"),
            ("node-1.example:9999", "node-1.example:9999"),
            ("::1", "[::1]:9160"),
            ("[::1]", "[::1]:9160"),
            ("[::1]:7", "[::1]:7"),
        ] {
            assert_eq!(address(point).as_deref(), Ok(expected));
        }
        for wrong in ["", "host:port", "a b", "http://host", "1:2:x"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
