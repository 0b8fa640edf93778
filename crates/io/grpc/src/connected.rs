//! The sessions of gRPC clients, as operators see them in `system_views.clients`.

use quorate_request::ClientView;
use quorate_request::Connected;
use quorate_request::SslView;
use quorate_tls::Peer;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use tonic::Request;

/// The version of `quorate.v1`.
const PROTOCOL_VERSION: u8 = 1;

/// One session stream.
#[derive(Debug)]
pub(crate) struct Session {
    address: SocketAddr,
    ssl: Option<SslView>,
    /// `quorate-client/0.1.0 tonic/0.14.9`
    user_agent: Option<String>,
    role: Option<Arc<str>>,
    requests: AtomicU64,
}

impl Session {
    /// What the call that opens a session tells of its client.
    pub(crate) fn of<T>(call: &Request<T>, role: Option<Arc<str>>) -> Self {
        let peer = call.extensions().get::<Peer>();
        let address = peer.and_then(|peer| peer.address);
        let encryption = peer.and_then(|peer| peer.encryption.clone());
        let user_agent = call.metadata().get("user-agent");
        Self {
            address: address.unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, 0).into()),
            ssl: encryption.map(|(protocol, cipher_suite)| SslView {
                cipher_suite,
                protocol,
            }),
            user_agent: user_agent.and_then(|agent| Some(agent.to_str().ok()?.to_owned())),
            role,
            requests: AtomicU64::new(0),
        }
    }

    pub(crate) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }
}

impl Connected for Session {
    fn view(&self) -> ClientView {
        let agent = self.user_agent.as_deref();
        let driver = agent.and_then(|agent| agent.split(' ').next()?.split_once('/'));
        let agent = agent.map(|agent| ("user-agent".to_owned(), agent.to_owned()));
        ClientView {
            address: self.address,
            hostname: None,
            options: agent.into_iter().collect::<BTreeMap<_, _>>(),
            stage: "READY",
            driver_name: driver.map(|(name, _)| name.to_owned()),
            driver_version: driver.map(|(_, version)| version.to_owned()),
            keyspace: None,
            protocol_version: PROTOCOL_VERSION,
            request_count: self.requests.load(Ordering::Relaxed),
            ssl: self.ssl.clone(),
            username: self.role.as_ref().map(ToString::to_string),
        }
    }
}
