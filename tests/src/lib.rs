//! Starts clusters of real processes, for the tests in the folders beside this one.
//!
//! Each folder holds one promise: `consistency`, `durability`, `membership`, `cql`, `drivers`. A
//! test says which nodes it wants ([`Setup`]), gets a [`Cluster`] whose nodes see each other, does
//! to them what operators and fate do (stop, kill, pause, move), and asks them through the Rust
//! driver or, where one node alone is meant, through [`Direct`].
//!
//! Clusters never meet: each has loopback addresses of its own (127.0.X.1 and up). Nothing waits
//! for a fixed time; [`until`] asks again until something is true. When a test fails, the logs of
//! its nodes are printed.
//!
//! The program under test is named by `QUORATE_BIN`; without it, it is
//! `target/under-test/quorate` of this checkout.

mod cluster;
mod direct;
mod network;
mod process;
mod random;
mod security;
mod wait;

pub use cluster::Cluster;
pub use cluster::Setup;
pub use cluster::with_cluster;
pub use direct::Direct;
pub use direct::Refusal;
pub use direct::integer;
pub use direct::rows_of;
pub use direct::text;
pub use direct::wire;
pub use process::SUPERUSER;
pub use process::SUPERUSER_PASSWORD;
pub use process::program;
pub use quorate_client::proto;
pub use random::Random;
pub use security::Flaw;
pub use security::Security;
pub use wait::until;
