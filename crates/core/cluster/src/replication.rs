//! Where replicas go: the strategies, and how their options are read. The walk round the ring that
//! picks replicas is in `placement`.

use crate::Refused;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// Where replicas of a keyspace's partitions go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReplicationStrategy {
    /// The next `factor` distinct nodes, whatever their rack or datacenter.
    Simple {
        /// How many.
        factor: u32,
    },
    /// Per datacenter this many, on distinct racks where possible.
    NetworkTopology {
        /// By datacenter; none is zero.
        factors: BTreeMap<String, u32>,
    },
    /// Every node for itself (system keyspaces); has no replica set.
    Local,
}

const PACKAGE: &str = "org.apache.cassandra.locator.";
const REPLICATION_FACTOR: &str = "replication_factor";
/// What a datacenter gets when `NetworkTopologyStrategy` names none.
const DEFAULT_KEYSPACE_FACTOR: u32 = 1;

impl ReplicationStrategy {
    /// The class without its package, as DESCRIBE says it.
    pub const fn class_name(&self) -> &'static str {
        match self {
            Self::Simple { .. } => "SimpleStrategy",
            Self::NetworkTopology { .. } => "NetworkTopologyStrategy",
            Self::Local => "LocalStrategy",
        }
    }

    /// The options without the class.
    pub fn factors(&self) -> BTreeMap<String, String> {
        match self {
            Self::Simple { factor } => {
                BTreeMap::from([(REPLICATION_FACTOR.to_owned(), factor.to_string())])
            }
            Self::NetworkTopology { factors } => factors
                .iter()
                .map(|(datacenter, factor)| (datacenter.clone(), factor.to_string()))
                .collect(),
            Self::Local => BTreeMap::new(),
        }
    }

    /// The map that `system_schema.keyspaces.replication` shows, with the full class name.
    pub fn options(&self) -> BTreeMap<String, String> {
        let mut options = self.factors();
        options.insert(
            "class".to_owned(),
            format!("{PACKAGE}{}", self.class_name()),
        );
        options
    }

    /// How many replicas a datacenter has; with `Simple`, how many there are altogether.
    pub fn factor_in(&self, datacenter: &str) -> u32 {
        match self {
            Self::Simple { factor } => *factor,
            Self::NetworkTopology { factors } => factors.get(datacenter).copied().unwrap_or(0),
            Self::Local => 1,
        }
    }

    /// How many replicas there are altogether.
    pub fn total_factor(&self) -> u32 {
        match self {
            Self::Simple { factor } => *factor,
            Self::NetworkTopology { factors } => factors
                .values()
                .fold(0, |sum, factor| sum.saturating_add(*factor)),
            Self::Local => 1,
        }
    }

    /// Reads a replication map as written in CREATE or ALTER KEYSPACE. `datacenters` are those
    /// of the cluster; `previous` is what an ALTER replaces.
    pub fn parse(
        keyspace: &str,
        written: &BTreeMap<String, String>,
        datacenters: &BTreeSet<String>,
        previous: Option<&Self>,
    ) -> Result<Self, Refused> {
        let Some(class) = written.get("class") else {
            return Err(Refused::Config(
                "Missing replication strategy class".to_owned(),
            ));
        };
        let mut options = written.clone();
        options.remove("class");
        match class.strip_prefix(PACKAGE).unwrap_or(class) {
            "SimpleStrategy" => parse_simple(keyspace, &options),
            "NetworkTopologyStrategy" => {
                parse_network_topology(keyspace, options, datacenters, previous)
            }
            "LocalStrategy" => refused(
                "Unable to use given strategy class: LocalStrategy is reserved for internal use.",
            ),
            "OldNetworkTopologyStrategy" => refused(
                "The support for the OldNetworkTopologyStrategy has been removed in C* version 4.0. The keyspace strategy should be switch to NetworkTopologyStrategy",
            ),
            short => {
                let named = if short.contains('.') {
                    short.to_owned()
                } else {
                    format!("{PACKAGE}{short}")
                };
                refused(format!(
                    "Unable to find replication strategy class '{named}'"
                ))
            }
        }
    }
}

fn refused<T>(message: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::Config(message.into()))
}

fn parse_simple(
    keyspace: &str,
    options: &BTreeMap<String, String>,
) -> Result<ReplicationStrategy, Refused> {
    let Some(factor) = options.get(REPLICATION_FACTOR) else {
        return refused("SimpleStrategy requires a replication_factor strategy option.");
    };
    let factor = parse_factor(factor)?;
    match options.keys().find(|name| *name != REPLICATION_FACTOR) {
        Some(name) => unrecognized(name, "SimpleStrategy", keyspace),
        None => Ok(ReplicationStrategy::Simple { factor }),
    }
}

/// `replication_factor` stands for every datacenter that is not named; an ALTER keeps what the
/// keyspace has where it has something. Without any factor every datacenter gets the default.
fn parse_network_topology(
    keyspace: &str,
    mut options: BTreeMap<String, String>,
    datacenters: &BTreeSet<String>,
    previous: Option<&ReplicationStrategy>,
) -> Result<ReplicationStrategy, Refused> {
    let mut expanded = options
        .remove(REPLICATION_FACTOR)
        .map(|text| parse_factor(&text))
        .transpose()?;
    let mut factors = BTreeMap::new();
    for (datacenter, text) in &options {
        let factor = parse_factor(text)?;
        if !datacenters.contains(datacenter) {
            return unrecognized(datacenter, "NetworkTopologyStrategy", keyspace);
        }
        factors.insert(datacenter.clone(), factor);
    }
    match (expanded, previous) {
        (Some(_), Some(ReplicationStrategy::NetworkTopology { factors: kept })) => {
            for (datacenter, factor) in kept {
                factors.entry(datacenter.clone()).or_insert(*factor);
            }
        }
        (None, Some(ReplicationStrategy::Simple { factor })) if factors.is_empty() => {
            expanded = Some(*factor);
        }
        (None, _) if factors.is_empty() => expanded = Some(DEFAULT_KEYSPACE_FACTOR),
        _ => {}
    }
    if let Some(factor) = expanded {
        for datacenter in datacenters {
            factors.entry(datacenter.clone()).or_insert(factor);
        }
    }
    factors.retain(|_, factor| *factor > 0);
    if factors.is_empty() {
        return refused("Configuration for at least one datacenter must be present");
    }
    Ok(ReplicationStrategy::NetworkTopology { factors })
}

fn parse_factor(text: &str) -> Result<u32, Refused> {
    if text.contains('/') {
        return refused("Transient replication is disabled. Enable in cassandra.yaml to use.");
    }
    match text.parse::<i32>() {
        Err(_) => refused(format!("Replication factor must be numeric; found {text}")),
        Ok(factor) => u32::try_from(factor).or_else(|_| {
            refused(format!(
                "Replication factor must be non-negative; found {text}"
            ))
        }),
    }
}

fn unrecognized<T>(option: &str, class: &str, keyspace: &str) -> Result<T, Refused> {
    refused(format!(
        "Unrecognized strategy option {{{option}}} passed to {class} for keyspace {keyspace}"
    ))
}

#[cfg(test)]
mod tests;
