//! Identities: nodes, their addresses, tables, epochs, ballots.

use std::fmt;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::str::FromStr;
use uuid::Uuid;

/// A node's identity: made once, kept on its disk, the same after every change of address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub Uuid);

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A table's identity, unique for ever: a table dropped and created again has a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(pub Uuid);

impl fmt::Display for TableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a node can be reached: host name or address, and port. An attribute, not an identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Host name, IPv4 or IPv6 address (without brackets).
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// Text that is no `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected host:port, got '{0}'")]
pub struct EndpointError(pub String);

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl Endpoint {
    /// The address, when the host is an IP address and no name.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        let address: IpAddr = self.host.parse().ok()?;
        Some(SocketAddr::new(address, self.port))
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let refused = || EndpointError(text.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(refused)?;
        let host = match host.strip_prefix('[') {
            Some(inner) => inner.strip_suffix(']').ok_or_else(refused)?,
            None if host.contains(':') => return Err(refused()),
            None => host,
        };
        if host.is_empty() {
            return Err(refused());
        }
        let port = port.parse().map_err(|_| refused())?;
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

/// The index of an entry of the metadata log; the state after that entry carries it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch(pub u64);

impl Epoch {
    /// Before the first entry: no cluster yet.
    pub const NONE: Self = Self(0);

    /// The epoch that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A Paxos number: ordered by time, then by the proposer, so that no two proposers share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ballot {
    /// Microseconds since 1970, never repeated by one proposer.
    pub micros: u64,
    /// Who proposes.
    pub proposer: HostId,
}

impl Ballot {
    /// Smaller than every ballot of a proposer.
    pub const NONE: Self = Self {
        micros: 0,
        proposer: HostId(Uuid::nil()),
    };

    /// A ballot of `proposer` that is larger than `seen`, and not before `now_micros`.
    #[must_use]
    pub fn after(seen: Self, now_micros: u64, proposer: HostId) -> Self {
        Self {
            micros: now_micros.max(seen.micros.saturating_add(1)),
            proposer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_survive_their_text() {
        for text in ["127.0.0.1:7000", "node-1.example:9042", "[::1]:7000"] {
            assert_eq!(
                text.parse::<Endpoint>().map(|e| e.to_string()),
                Ok(text.to_owned())
            );
        }
        for text in [
            "",
            "host",
            ":7000",
            "::1:7000",
            "host:seventy",
            "[::1:7000",
            "host:70000",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_new_ballot_is_larger_than_the_one_it_saw_even_when_the_clock_is_behind() {
        let me = HostId(Uuid::from_u128(7));
        let seen = Ballot {
            micros: 1_000,
            proposer: HostId(Uuid::from_u128(9)),
        };
        assert!(Ballot::after(seen, 5, me) > seen);
        assert_eq!(Ballot::after(seen, 2_000, me).micros, 2_000);
    }
}
