//! What the benchmark programs share: CPU time, tables, sample rows, clusters of processes.
//!
//! Figures are CPU time wherever that is possible: the machines these programs run on are shared,
//! and wall times there say more about the neighbours. Every program prints Markdown tables;
//! `docs/performance.md` has what was seen and what reproduces it.
//!
//! Start with [`Run`], then [`cpu`].

pub mod cpu;
pub mod flights;
pub mod nodes;
pub mod random;
mod report;
pub mod samples;

pub use report::Run;
pub use report::Table;
pub use report::micros;
pub use report::per_second;

/// As in the node's own program, so that what is measured allocates alike.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated from the proto files"
)]
pub mod unary {
    tonic::include_proto!("quorate.bench.v1");
}
