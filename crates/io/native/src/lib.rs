//! The listener around `quorate-frame`: connections of Cassandra's drivers, and what holds them in
//! check.
//!
//! Each connection is one task. It reads many frames per receive, works on all of them side by side,
//! and writes everything that is ready with one call. What a request means is the business of the
//! [`Frontend`](quorate_request::Frontend) behind it. Start with [`serve`], then `connection.rs`.

mod budget;
mod connection;
mod convert;
mod events;
mod incoming;
mod login;
mod outgoing;
mod receipt;
mod server;
mod session;

pub use server::Listener;
pub use server::NativeConfig;
pub use server::serve;
