//! The segmented, checksummed, group-committed log.
