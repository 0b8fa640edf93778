//! The connections of this node's clients, for `system_views.clients`.

use quorate_request::ClientView;
use quorate_request::Connected;
use std::fmt;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::Weak;

/// Connections that ended are forgotten when there may be more of them than of others, and at least
/// this many.
const ENDED_MIN: usize = 64;

/// The connections that were noted and have not ended.
#[derive(Default)]
pub(crate) struct Clients(Mutex<Noted>);

#[derive(Default)]
struct Noted {
    connections: Vec<Weak<dyn Connected>>,
    /// How many there were when the ended ones were last forgotten.
    open: usize,
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noted = self.noted().connections.len();
        f.debug_tuple("Clients").field(&noted).finish()
    }
}

impl Clients {
    /// Nothing panics while it holds the lock.
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, connection: Weak<dyn Connected>) {
        let mut noted = self.noted();
        noted.connections.push(connection);
        if noted.connections.len() > 2 * noted.open + ENDED_MIN {
            noted.connections.retain(|known| known.strong_count() > 0);
            noted.open = noted.connections.len();
        }
    }

    pub(crate) fn views(&self) -> Vec<ClientView> {
        let open: Vec<_> = self
            .noted()
            .connections
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        open.iter().map(|connection| connection.view()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::net::SocketAddr;
    use std::sync::Arc;

    struct Connection(u16);

    impl Connected for Connection {
        fn view(&self) -> ClientView {
            ClientView {
                address: SocketAddr::from(([127, 0, 0, 1], self.0)),
                hostname: None,
                options: BTreeMap::new(),
                stage: "READY",
                driver_name: None,
                driver_version: None,
                keyspace: None,
                protocol_version: 5,
                request_count: 0,
                ssl: None,
                username: None,
            }
        }
    }

    #[test]
    fn a_connection_is_listed_while_it_is_there() {
        let clients = Clients::default();
        let stays: Arc<dyn Connected> = Arc::new(Connection(1));
        clients.note(Arc::downgrade(&stays));
        for port in 2..10_000 {
            let goes: Arc<dyn Connected> = Arc::new(Connection(port));
            clients.note(Arc::downgrade(&goes));
        }
        let ports: Vec<u16> = clients
            .views()
            .iter()
            .map(|view| view.address.port())
            .collect();
        assert_eq!(ports, [1]);
        assert!(clients.noted().connections.len() <= 2 + ENDED_MIN);
    }
}
