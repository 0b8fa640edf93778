//! The ring: who owns which token, and the replica sets that requests carry.

use quorate_types::Endpoint;
use quorate_types::HostId;
use quorate_types::Token;
use quorate_types::TokenRange;
use std::sync::Arc;

/// A node in its role for a token.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Replica {
    /// Who.
    pub host_id: HostId,
    /// Its datacenter.
    pub datacenter: Arc<str>,
    /// Its rack.
    pub rack: Arc<str>,
    /// Where peers reach it, as the metadata says.
    pub address: Endpoint,
}

/// The replicas of a token, in ring order. A clone costs two counters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaSet {
    /// Those that serve reads and writes; the first is the primary.
    pub natural: Arc<[Replica]>,
    /// Those gaining the range: they get writes only, on top of what a level asks for.
    pub pending: Arc<[Replica]>,
}

impl ReplicaSet {
    /// A set of these.
    pub fn new(natural: impl Into<Arc<[Replica]>>, pending: impl Into<Arc<[Replica]>>) -> Self {
        Self {
            natural: natural.into(),
            pending: pending.into(),
        }
    }

    /// Nobody.
    pub fn empty() -> Self {
        Self::new(Vec::new(), Vec::new())
    }

    /// Naturals, then pending ones.
    pub fn all(&self) -> impl Iterator<Item = &Replica> {
        self.natural.iter().chain(self.pending.iter())
    }

    /// Whether `host_id` is a natural replica.
    pub fn is_natural(&self, host_id: HostId) -> bool {
        self.natural
            .iter()
            .any(|replica| replica.host_id == host_id)
    }

    /// Whether `host_id` is a natural or pending replica.
    pub fn contains(&self, host_id: HostId) -> bool {
        self.all().any(|replica| replica.host_id == host_id)
    }
}

/// The tokens of the nodes that own ranges, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenRing {
    entries: Arc<[(Token, HostId)]>,
}

impl TokenRing {
    /// Sorts and keeps; of two equal tokens the first host id wins (`apply` lets none in).
    pub fn new(mut entries: Vec<(Token, HostId)>) -> Self {
        entries.sort_unstable();
        entries.dedup_by_key(|(token, _)| *token);
        Self {
            entries: entries.into(),
        }
    }

    /// Every token with its owner, in ring order.
    pub fn entries(&self) -> &[(Token, HostId)] {
        &self.entries
    }

    /// How many tokens.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nobody owns anything yet.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The index of the ring token that owns `token`: the first not before it, else the first.
    /// Zero on an empty ring.
    pub fn index_of(&self, token: Token) -> usize {
        let index = self.entries.partition_point(|(owned, _)| *owned < token);
        if index == self.entries.len() {
            0
        } else {
            index
        }
    }

    /// The owner of `token`: the primary whatever the strategy.
    pub fn owner(&self, token: Token) -> Option<HostId> {
        self.entries
            .get(self.index_of(token))
            .map(|(_, host_id)| *host_id)
    }

    /// The whole ring in ranges that do not wrap, split at the ring's tokens, in order. The last
    /// one, after the last token, belongs to the owner of the first.
    pub fn ranges(&self) -> Vec<TokenRange> {
        let mut start = i64::MIN;
        let mut ranges = Vec::with_capacity(self.entries.len() + 1);
        for end in self
            .entries
            .iter()
            .map(|(token, _)| *token)
            .chain([Token::MAX])
        {
            ranges.extend(TokenRange::new(start, end));
            start = end.value();
        }
        ranges
    }
}
