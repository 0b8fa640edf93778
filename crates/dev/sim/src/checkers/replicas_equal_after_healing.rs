//! When faults have stopped, hints are delivered and every row was read at ALL (which repairs), the
//! replicas of each partition hold the same. (Reconciliation converges: semantics 1.2, invariant M1 of
//! `quorate_data::reconcile`.)
//!
//! What a replica holds is what it would tell a reader: rows under their deletions, and the deletions
//! that still matter.

use super::Violation;
use quorate_data::Entry;
use quorate_types::HostId;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// A partition: its table's name and its key's bytes.
pub type PartitionName = (String, Vec<u8>);

/// What one replica holds.
pub type Holdings = BTreeMap<PartitionName, Vec<Entry>>;

/// Compares what the replicas of each partition hold. `placement` says whose replicas matter.
pub fn check(
    replicas: &BTreeMap<HostId, Holdings>,
    placement: impl Fn(&PartitionName) -> Vec<HostId>,
) -> Vec<Violation> {
    let every: BTreeSet<&PartitionName> = replicas.values().flat_map(BTreeMap::keys).collect();
    let mut violations = Vec::new();
    for partition in every {
        let held = |host: &HostId| {
            let entries = replicas
                .get(host)
                .and_then(|holdings| holdings.get(partition));
            entries.map(Vec::as_slice).unwrap_or_default()
        };
        let hosts = placement(partition);
        for pair in hosts.windows(2) {
            let [one, other] = pair else { continue };
            if held(one) != held(other) {
                violations.push(Violation {
                    guarantee: "replicas equal after healing",
                    what: format!(
                        "partition {partition:02x?}: {one} holds {:02x?}, {other} holds {:02x?}",
                        held(one),
                        held(other)
                    ),
                });
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use uuid::Uuid;

    fn host(number: u128) -> HostId {
        HostId(Uuid::from_u128(number))
    }

    fn holding(fragment: &'static [u8]) -> Holdings {
        let entry = Entry {
            suffix: Bytes::from_static(b"\x40\x38"),
            fragment: Bytes::from_static(fragment),
        };
        Holdings::from([(("t".to_owned(), vec![1]), vec![entry])])
    }

    #[test]
    fn a_replica_that_holds_something_else_or_nothing_is_flagged() {
        let everybody = |_: &PartitionName| vec![host(1), host(2), host(3)];
        let equal = |number| (host(number), holding(b"a"));
        let replicas = BTreeMap::from([equal(1), equal(2), equal(3)]);
        assert_eq!(check(&replicas, everybody), []);
        let mut changed = replicas.clone();
        changed.insert(host(2), holding(b"b"));
        assert_eq!(check(&changed, everybody).len(), 2);
        let mut missing = replicas.clone();
        missing.remove(&host(3));
        assert_eq!(check(&missing, everybody).len(), 1);
        let two = |_: &PartitionName| vec![host(1), host(2)];
        assert_eq!(check(&missing, two), [], "the third is no replica");
    }
}
