//! How many replicas a consistency level waits for, computed in this one place (semantics 3.1).
//!
//! # Invariants
//!
//! * **B1** A replica is counted at most once, whatever it sends.
//! * **B2** A level that is local to a datacenter counts no other datacenter's replicas.
//! * **B3** Pending replicas raise what a write waits for, never what a read does.

use quorate_cluster::Replica;
use quorate_cluster::ReplicaSet;
use quorate_cluster::ReplicationStrategy;
use quorate_types::ConsistencyLevel;
use quorate_types::HostId;
use quorate_types::RequestError;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a request waits for. Kept by its receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockFor {
    level: ConsistencyLevel,
    scope: Scope,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Scope {
    /// So many replicas, wherever they are.
    Anywhere(u32),
    /// So many replicas of one datacenter.
    Datacenter(Arc<str>, u32),
    /// So many replicas of each datacenter.
    Each(BTreeMap<Arc<str>, u32>),
}

const fn majority(replicas: u32) -> u32 {
    replicas / 2 + 1
}

/// Replicas that the strategy asks for in `datacenter`. With SimpleStrategy there is one number for
/// all of them, as in Cassandra.
fn local_factor(strategy: &ReplicationStrategy, datacenter: &str) -> u32 {
    match strategy {
        ReplicationStrategy::Simple { factor } => *factor,
        ReplicationStrategy::NetworkTopology { factors } => {
            factors.get(datacenter).copied().unwrap_or(0)
        }
        ReplicationStrategy::Local => 1,
    }
}

impl BlockFor {
    /// What a read at `level` waits for.
    ///
    /// # Errors
    /// [`RequestError::Invalid`] for ANY, and for the serial levels, which need Paxos.
    pub fn read(
        level: ConsistencyLevel,
        strategy: &ReplicationStrategy,
        local_datacenter: &Arc<str>,
    ) -> Result<Self, RequestError> {
        match level {
            ConsistencyLevel::Any => Err(RequestError::Invalid(
                "ANY ConsistencyLevel is only supported for writes".to_owned(),
            )),
            ConsistencyLevel::Serial | ConsistencyLevel::LocalSerial => Err(RequestError::Invalid(
                format!("consistency level {level} is not supported yet: lightweight transactions"),
            )),
            other => Ok(Self {
                level,
                scope: Self::scope(other, strategy, local_datacenter),
            }),
        }
    }

    /// What a write at `level` waits for: the level's share of the natural replicas, and every
    /// pending one on top (**B3**).
    ///
    /// # Errors
    /// [`RequestError::Invalid`] for the serial levels.
    pub fn write(
        level: ConsistencyLevel,
        strategy: &ReplicationStrategy,
        replicas: &ReplicaSet,
        local_datacenter: &Arc<str>,
    ) -> Result<Self, RequestError> {
        if level.is_serial() {
            return Err(RequestError::Invalid(
                "You must use conditional updates for serializable writes".to_owned(),
            ));
        }
        let mut scope = Self::scope(level, strategy, local_datacenter);
        if level != ConsistencyLevel::Any {
            scope.raise(&replicas.pending);
        }
        Ok(Self { level, scope })
    }

    fn scope(
        level: ConsistencyLevel,
        strategy: &ReplicationStrategy,
        local_datacenter: &Arc<str>,
    ) -> Scope {
        let local = || local_factor(strategy, local_datacenter);
        match level {
            ConsistencyLevel::Any | ConsistencyLevel::One => Scope::Anywhere(1),
            ConsistencyLevel::Two => Scope::Anywhere(2),
            ConsistencyLevel::Three => Scope::Anywhere(3),
            ConsistencyLevel::Quorum | ConsistencyLevel::Serial => {
                Scope::Anywhere(majority(strategy.total_factor()))
            }
            ConsistencyLevel::All => Scope::Anywhere(strategy.total_factor()),
            ConsistencyLevel::LocalOne => Scope::Datacenter(local_datacenter.clone(), 1),
            ConsistencyLevel::LocalQuorum | ConsistencyLevel::LocalSerial => {
                Scope::Datacenter(local_datacenter.clone(), majority(local()))
            }
            ConsistencyLevel::EachQuorum => match strategy {
                ReplicationStrategy::NetworkTopology { factors } => Scope::Each(
                    factors
                        .iter()
                        .filter(|(_, factor)| **factor > 0)
                        .map(|(name, factor)| (Arc::from(name.as_str()), majority(*factor)))
                        .collect(),
                ),
                ReplicationStrategy::Simple { .. } | ReplicationStrategy::Local => {
                    Scope::Anywhere(majority(strategy.total_factor()))
                }
            },
        }
    }

    /// The level it was computed from.
    pub const fn level(&self) -> ConsistencyLevel {
        self.level
    }

    /// Replicas waited for, over all datacenters.
    pub fn total(&self) -> u32 {
        match &self.scope {
            Scope::Anywhere(count) | Scope::Datacenter(_, count) => *count,
            Scope::Each(counts) => counts.values().sum(),
        }
    }

    /// Whether an answer of `replica` counts (**B2**).
    pub fn counts(&self, replica: &Replica) -> bool {
        match &self.scope {
            Scope::Anywhere(_) => true,
            Scope::Datacenter(name, _) => *name == replica.datacenter,
            Scope::Each(counts) => counts.contains_key(&replica.datacenter),
        }
    }

    /// Whether these replicas, each alive, can satisfy it.
    ///
    /// # Errors
    /// [`RequestError::Unavailable`], with the numbers of the datacenter that falls short where the
    /// level counts by datacenter.
    pub fn check_available<'a>(
        &self,
        alive: impl Iterator<Item = &'a Replica>,
    ) -> Result<(), RequestError> {
        let mut tally = Tally::new(self);
        for replica in alive {
            tally.count(replica);
        }
        match tally.shortfall() {
            None => Ok(()),
            Some((required, alive, datacenter)) => Err(RequestError::Unavailable {
                level: self.level,
                required,
                alive,
                datacenter,
            }),
        }
    }

    /// The fewest of `candidates` (nearest first) that can satisfy it, and the rest.
    pub fn choose(&self, candidates: Vec<Replica>) -> (Vec<Replica>, Vec<Replica>) {
        let mut tally = Tally::new(self);
        let (mut chosen, mut spare) = (Vec::new(), Vec::new());
        for replica in candidates {
            if !self.counts(&replica) {
                continue;
            }
            if tally.is_wanted(&replica) {
                tally.count(&replica);
                chosen.push(replica);
            } else {
                spare.push(replica);
            }
        }
        (chosen, spare)
    }
}

impl Scope {
    fn raise(&mut self, pending: &[Replica]) {
        let in_datacenter = |name: &Arc<str>| {
            pending
                .iter()
                .filter(|replica| replica.datacenter == *name)
                .count()
        };
        match self {
            Self::Anywhere(count) => *count += pending.len() as u32,
            Self::Datacenter(name, count) => *count += in_datacenter(name) as u32,
            Self::Each(counts) => {
                for (name, count) in counts {
                    *count += in_datacenter(name) as u32;
                }
            }
        }
    }
}

/// Replicas that answered, counted as a [`BlockFor`] counts them.
#[derive(Debug, Clone)]
pub struct Tally {
    block_for: BlockFor,
    counted: BTreeSet<HostId>,
    by_datacenter: BTreeMap<Arc<str>, u32>,
}

impl Tally {
    /// Nobody has answered yet.
    pub fn new(block_for: &BlockFor) -> Self {
        Self {
            block_for: block_for.clone(),
            counted: BTreeSet::new(),
            by_datacenter: BTreeMap::new(),
        }
    }

    /// Counts an answer; a second one of the same replica changes nothing (**B1**).
    pub fn count(&mut self, replica: &Replica) {
        if !self.block_for.counts(replica) || !self.take(replica.host_id) {
            return;
        }
        *self
            .by_datacenter
            .entry(replica.datacenter.clone())
            .or_default() += 1;
        assert!(
            self.by_datacenter.values().sum::<u32>() as usize == self.counted.len()
                || cfg!(feature = "planted-count-replica-twice"),
            "B1: every counted replica counts once"
        );
    }

    /// Notes a replica; whether it is new. With the planted bug every answer is.
    fn take(&mut self, host: HostId) -> bool {
        self.counted.insert(host) || cfg!(feature = "planted-count-replica-twice")
    }

    /// Whether one more answer of `replica`'s kind would bring the level nearer.
    pub fn is_wanted(&self, replica: &Replica) -> bool {
        match &self.block_for.scope {
            Scope::Anywhere(count) | Scope::Datacenter(_, count) => self.received() < *count,
            Scope::Each(counts) => {
                self.in_datacenter(&replica.datacenter)
                    < counts.get(&replica.datacenter).copied().unwrap_or(0)
            }
        }
    }

    /// Answers counted so far.
    pub fn received(&self) -> u32 {
        self.by_datacenter.values().sum()
    }

    /// Whether enough have answered.
    pub fn is_satisfied(&self) -> bool {
        self.shortfall().is_none()
    }

    fn in_datacenter(&self, name: &Arc<str>) -> u32 {
        self.by_datacenter.get(name).copied().unwrap_or(0)
    }

    /// Required, counted, and the datacenter they speak of; `None` when enough have answered.
    fn shortfall(&self) -> Option<(u32, u32, Option<String>)> {
        match &self.block_for.scope {
            Scope::Anywhere(count) | Scope::Datacenter(_, count) => {
                (self.received() < *count).then(|| (*count, self.received(), None))
            }
            Scope::Each(counts) => counts
                .iter()
                .find(|(name, count)| self.in_datacenter(name) < **count)
                .map(|(name, count)| (*count, self.in_datacenter(name), Some(name.to_string()))),
        }
    }
}

#[cfg(test)]
mod tests;
