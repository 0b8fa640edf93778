//! The seeded world: time, network, disk, faults, checkers.
