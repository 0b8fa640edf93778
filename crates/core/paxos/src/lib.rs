//! Paxos: one decision by a majority that may lose messages and crash, and a log of them.
//!
//! [`AcceptorState`] is what an acceptor remembers of one decision and the two rules it answers
//! by. [`Proposer`] drives one decision. [`SlotLog`] puts decisions in a row: it keeps the decided
//! ones and the acceptor of the next. A value is opaque bytes; who the acceptors are is told by the
//! caller. Nothing here sends, stores or reads a clock: what must be durable before an answer
//! leaves comes out wrapped in [`Persist`].
//!
//! The metadata log uses all three; lightweight transactions use the first two.
//!
//! # Words
//!
//! A value is *accepted* by an acceptor, *chosen* once a majority accepted it under one ballot, and
//! *decided* on a node that has learned that it was chosen.

mod acceptor;
mod codec;
mod log;
pub mod message;
mod persist;
mod proposer;
#[cfg(test)]
mod tests;

pub use acceptor::AcceptorState;
pub use codec::DecodeError;
pub use log::Disagreement;
pub use log::RecoverError;
pub use log::SlotLog;
pub use message::PrepareReply;
pub use message::ProposeReply;
pub use message::Reply;
pub use message::Request;
pub use persist::Persist;
pub use persist::Record;
pub use proposer::Action;
pub use proposer::Proposer;
