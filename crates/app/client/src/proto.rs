//! The generated messages and clients of `proto/quorate/v1`. Not part of the driver's promise:
//! programs use the types of the crate's root.

tonic::include_proto!("quorate.v1");

/// The server side, for tests that answer as a node does.
#[cfg(any(test, feature = "mock"))]
pub mod mock {
    include!(concat!(env!("OUT_DIR"), "/mock/quorate.v1.rs"));
}
