//! UUIDs for the rows of a result: any number of them from the two that the execution began with.

use crate::expr::IdSource;
use uuid::Uuid;

/// Makes UUIDs that differ from one another and, but for a collision of 60 random bits, from all
/// others.
#[derive(Debug)]
pub(super) struct DerivedIds {
    seed: Uuid,
    time: Uuid,
    count: u64,
}

impl DerivedIds {
    /// From a random and a time UUID that nobody else has.
    pub(super) const fn new(seed: Uuid, time: Uuid) -> Self {
        Self {
            seed,
            time,
            count: 0,
        }
    }

    fn next(&mut self) -> u128 {
        let mut input = self.seed.as_bytes().to_vec();
        input.extend_from_slice(&self.count.to_be_bytes());
        self.count += 1;
        crate::digest::murmur3(&input)
    }
}

const VERSION_4: u128 = 0x4 << 76;
const VERSION_MASK: u128 = 0xF << 76;
const VARIANT: u128 = 0b10 << 62;
const VARIANT_MASK: u128 = 0b11 << 62;
/// Says that the node part is random, not a network card's.
const MULTICAST: u128 = 1 << 40;
const LOW_HALF: u128 = u64::MAX as u128;

impl IdSource for DerivedIds {
    fn uuid(&mut self) -> Uuid {
        let bits = self.next() & !VERSION_MASK & !VARIANT_MASK;
        Uuid::from_u128(bits | VERSION_4 | VARIANT)
    }

    fn time_uuid(&mut self) -> Uuid {
        let low = self.next() & LOW_HALF & !VARIANT_MASK;
        let high = self.time.as_u128() & !LOW_HALF;
        Uuid::from_u128(high | low | VARIANT | MULTICAST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn derived_ids_differ_and_keep_their_versions() {
        let seed = Uuid::from_u128(0x4cc5_2088_2950_44fb_8fc9_b349_ecde_e658);
        let time = Uuid::parse_str("2a92d750-d8dc-11e6-a2de-cf8ecd4cf053").unwrap();
        let mut ids = DerivedIds::new(seed, time);
        let random: BTreeSet<Uuid> = (0..100).map(|_| ids.uuid()).collect();
        let timed: BTreeSet<Uuid> = (0..100).map(|_| ids.time_uuid()).collect();
        assert_eq!((random.len(), timed.len()), (100, 100));
        assert!(random.iter().all(|id| id.get_version_num() == 4));
        for id in timed {
            assert_eq!(id.get_version_num(), 1);
            assert_eq!(
                id.get_timestamp(),
                time.get_timestamp().map(|t| {
                    let (secs, nanos) = t.to_unix();
                    let ours = id.get_timestamp().unwrap();
                    assert_eq!(ours.to_unix(), (secs, nanos));
                    ours
                })
            );
        }
    }
}
