//! Who is thought alive: gossip's verdicts, and fresh evidence from connections.
//!
//! Gossip needs seconds to notice a crash. A connection that is refused says it at once, so a peer
//! that could not be reached is taken for down for a moment, and asked again after it.

use quorate_types::HostId;
use quorate_types::Monotonic;
use std::collections::BTreeMap;
use std::sync::RwLock;
use std::time::Duration;

/// For how long a peer that could not be reached is not asked.
const REFUSED_PAUSE: Duration = Duration::from_millis(500);

/// Liveness of the peers, read on every request.
#[derive(Debug, Default)]
pub struct Liveness {
    peers: RwLock<BTreeMap<HostId, PeerLiveness>>,
}

#[derive(Debug, Clone, Copy)]
struct PeerLiveness {
    up: bool,
    since: Monotonic,
    refused_until: Monotonic,
}

impl Liveness {
    /// Takes gossip's verdict. Returns whether it is news.
    pub(crate) fn set(&self, host: HostId, up: bool, now: Monotonic) -> bool {
        let mut peers = self.write();
        let entry = peers.entry(host).or_insert(PeerLiveness {
            up: !up,
            since: now,
            refused_until: Monotonic::default(),
        });
        let news = entry.up != up;
        if news {
            entry.up = up;
            entry.since = now;
        }
        if up {
            entry.refused_until = Monotonic::default();
        }
        news
    }

    /// A connection to the peer was refused just now.
    pub(crate) fn refused(&self, host: HostId, now: Monotonic) {
        if let Some(entry) = self.write().get_mut(&host) {
            entry.refused_until = now.after(REFUSED_PAUSE);
        }
    }

    /// Whether requests should be sent to the peer.
    pub fn is_up(&self, host: HostId, now: Monotonic) -> bool {
        self.read()
            .get(&host)
            .is_some_and(|entry| entry.up && entry.refused_until <= now)
    }

    /// For how long the peer has been down; zero when it is up or was never seen.
    pub fn down_for(&self, host: HostId, now: Monotonic) -> Duration {
        match self.read().get(&host) {
            Some(entry) if !entry.up => now.since(entry.since),
            Some(_) | None => Duration::ZERO,
        }
    }

    // A panic while the lock is held cannot leave the map half changed: poisoning says nothing.
    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<HostId, PeerLiveness>> {
        self.peers
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<HostId, PeerLiveness>> {
        self.peers
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_refused_connection_means_down_for_a_moment() {
        let (liveness, peer) = (Liveness::default(), HostId(Uuid::from_u128(1)));
        assert!(!liveness.is_up(peer, Monotonic(0)), "a stranger is not up");
        assert!(liveness.set(peer, true, Monotonic(0)));
        liveness.refused(peer, Monotonic(10));
        assert!(!liveness.is_up(peer, Monotonic(20)));
        assert!(liveness.is_up(peer, Monotonic(10).after(REFUSED_PAUSE)));
    }

    #[test]
    fn downtime_counts_from_the_verdict() {
        let (liveness, peer) = (Liveness::default(), HostId(Uuid::from_u128(1)));
        liveness.set(peer, true, Monotonic(0));
        liveness.set(peer, false, Monotonic(1_000));
        assert!(!liveness.set(peer, false, Monotonic(2_000)), "no news");
        assert_eq!(
            liveness.down_for(peer, Monotonic(3_000)),
            Duration::from_millis(2)
        );
    }
}
