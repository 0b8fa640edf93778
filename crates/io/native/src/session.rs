//! What a client has said, once for the whole connection.

use quorate_frame::Version;
use quorate_request::ClientView;
use quorate_request::Connected;
use quorate_request::SslView;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// A client's side of its connection.
#[derive(Debug)]
pub(crate) struct Session {
    /// Where the client is.
    pub(crate) address: SocketAddr,
    /// How the connection is encrypted.
    ssl: Option<SslView>,
    /// Whether it must log in.
    must_log_in: bool,
    /// What STARTUP said, and in which version.
    startup: OnceLock<(Version, BTreeMap<String, String>)>,
    /// The keyspace of names without one. USE changes it.
    keyspace: Mutex<Option<String>>,
    /// As whom it has logged in.
    role: OnceLock<Arc<str>>,
    requests: AtomicU64,
}

impl Session {
    pub(crate) fn new(address: SocketAddr, ssl: Option<SslView>, must_log_in: bool) -> Self {
        Self {
            address,
            ssl,
            must_log_in,
            startup: OnceLock::new(),
            keyspace: Mutex::default(),
            role: OnceLock::new(),
            requests: AtomicU64::new(0),
        }
    }

    pub(crate) const fn must_log_in(&self) -> bool {
        self.must_log_in
    }

    pub(crate) fn start_up(&self, version: Version, options: &BTreeMap<String, String>) {
        // Nobody starts up twice: the phase says so.
        self.startup.get_or_init(|| (version, options.clone()));
    }

    pub(crate) fn keyspace(&self) -> Option<String> {
        self.in_use().clone()
    }

    pub(crate) fn use_keyspace(&self, name: &str) {
        *self.in_use() = Some(name.to_owned());
    }

    fn in_use(&self) -> MutexGuard<'_, Option<String>> {
        // Nothing that holds it panics.
        self.keyspace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn role(&self) -> Option<Arc<str>> {
        self.role.get().cloned()
    }

    pub(crate) fn log_in(&self, role: Arc<str>) {
        // Nobody logs in twice: the phase says so.
        self.role.get_or_init(|| role);
    }

    pub(crate) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }
}

impl Connected for Session {
    fn view(&self) -> ClientView {
        let startup = self.startup.get();
        let options = startup.map(|(_, options)| options.clone());
        let options = options.unwrap_or_default();
        let role = self.role();
        ClientView {
            address: self.address,
            hostname: None,
            stage: match startup {
                None => "ESTABLISHED",
                Some(_) if self.must_log_in && role.is_none() => "AUTHENTICATING",
                Some(_) => "READY",
            },
            driver_name: options.get("DRIVER_NAME").cloned(),
            driver_version: options.get("DRIVER_VERSION").cloned(),
            options,
            keyspace: self.keyspace(),
            protocol_version: startup.map_or(Version::HIGHEST, |(version, _)| *version) as u8,
            request_count: self.requests.load(Ordering::Relaxed),
            ssl: self.ssl.clone(),
            username: role.map(|role| role.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_shows_how_far_it_has_come() {
        let address = SocketAddr::from(([127, 0, 0, 9], 4_711));
        let session = Session::new(address, None, true);
        assert_eq!(session.view().stage, "ESTABLISHED");
        let said = [("DRIVER_NAME", "a driver"), ("DRIVER_VERSION", "1.2")];
        let said = said.map(|(name, value)| (name.to_owned(), value.to_owned()));
        session.start_up(Version::V4, &said.into());
        assert_eq!(session.view().stage, "AUTHENTICATING");
        session.log_in("ann".into());
        session.use_keyspace("shop");
        session.count_request();
        let view = session.view();
        assert_eq!((view.stage, view.protocol_version), ("READY", 4));
        assert_eq!(view.driver_name.as_deref(), Some("a driver"));
        assert_eq!(view.driver_version.as_deref(), Some("1.2"));
        assert_eq!(view.username.as_deref(), Some("ann"));
        assert_eq!(view.keyspace.as_deref(), Some("shop"));
        assert_eq!((view.request_count, view.address), (1, address));
    }
}
