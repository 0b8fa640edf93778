//! The generated messages and services of `proto/quorate/v1`.

tonic::include_proto!("quorate.v1");

/// What reflection serves.
pub(crate) const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
