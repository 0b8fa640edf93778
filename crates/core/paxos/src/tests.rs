//! The proposer as conversations, every run of a small decision, and many runs of a bad cluster.

mod exhaustive;
mod proposing;
mod schedules;

use quorate_types::Ballot;
use quorate_types::HostId;
use uuid::Uuid;

/// The ballot of this number, by proposer 9; 0 is nobody's.
pub(crate) fn ballot(number: u64) -> Ballot {
    match number {
        0 => Ballot::NONE,
        micros => ballot_of(micros, 9),
    }
}

/// The ballot of this number, by this proposer.
fn ballot_of(micros: u64, proposer: u64) -> Ballot {
    Ballot {
        micros,
        proposer: host(proposer),
    }
}

fn host(index: u64) -> HostId {
    HostId(Uuid::from_u128(u128::from(index)))
}
