//! The gRPC services that clients and operators use: `quorate.v1`, health and reflection.
//!
//! Turns proto messages into the words of `quorate-request`, hands them to a
//! [`Frontend`](quorate_request::Frontend) or [`Operator`], and turns answers and errors back. It
//! decides nothing about statements or consistency. Start with [`serve`].

mod admin;
mod connected;
mod convert;
mod errors;
mod login;
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated from the proto files"
)]
pub mod proto;
mod receipt;
mod server;
mod service;
mod snapshot;

pub use admin::Operator;
pub use server::Listener;
pub use server::ServeError;
pub use server::serve;
