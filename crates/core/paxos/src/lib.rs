//! Paxos: ballots, one decision, and the slot log built on it.
