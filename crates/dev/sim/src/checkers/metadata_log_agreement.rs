//! The metadata log is one log: the state at an epoch is the same bytes on every node, and no node's
//! epoch goes back, restarts included. (Design, section 5; invariants L1 and L2 of the node.)

use super::Violation;
use crate::history::MetadataSeen;
use std::collections::BTreeMap;

/// Judges what was seen of the nodes' metadata, in order of time.
pub fn check(metadata: &[MetadataSeen]) -> Vec<Violation> {
    let mut first_seen: BTreeMap<u64, &MetadataSeen> = BTreeMap::new();
    let mut latest: BTreeMap<usize, u64> = BTreeMap::new();
    let mut violations = Vec::new();
    let mut violation = |what| {
        violations.push(Violation {
            guarantee: "metadata log agreement",
            what,
        });
    };
    for seen in metadata {
        let first = first_seen.entry(seen.epoch).or_insert(seen);
        if first.bytes != seen.bytes {
            violation(format!(
                "at epoch {} node {} (at {}) and node {} (at {}) have different states",
                seen.epoch, first.node, first.at, seen.node, seen.at
            ));
        }
        let before = latest.entry(seen.node).or_default();
        if seen.epoch < *before {
            violation(format!(
                "node {} went back from epoch {before} to {} at {}",
                seen.node, seen.epoch, seen.at
            ));
        }
        *before = seen.epoch;
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn seen(node: usize, at: u64, epoch: u64, bytes: &'static str) -> MetadataSeen {
        MetadataSeen {
            node,
            at,
            epoch,
            bytes: Bytes::from_static(bytes.as_bytes()),
        }
    }

    #[test]
    fn two_states_of_one_epoch_are_flagged() {
        assert_eq!(check(&[seen(0, 1, 5, "a"), seen(1, 9, 5, "a")]), []);
        assert_eq!(check(&[seen(0, 1, 5, "a"), seen(1, 9, 5, "b")]).len(), 1);
    }

    #[test]
    fn an_epoch_that_goes_back_is_flagged() {
        let forth = [seen(0, 1, 5, "a"), seen(1, 2, 4, "b"), seen(0, 3, 6, "c")];
        assert_eq!(check(&forth), []);
        assert_eq!(check(&[seen(0, 1, 5, "a"), seen(0, 2, 4, "b")]).len(), 1);
    }
}
