//! The cluster's metadata state: schema, ring, replication, epochs.
