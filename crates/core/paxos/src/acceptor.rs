//! What an acceptor remembers of one decision.

use crate::codec::DecodeError;
use crate::message::PrepareReply;
use crate::message::ProposeReply;
use bytes::Bytes;
use quorate_types::Ballot;

/// What an acceptor remembers of one decision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AcceptorState {
    /// Nothing under a smaller ballot is answered any more.
    pub promised: Ballot,
    /// What it has accepted last.
    pub accepted: Option<(Ballot, Bytes)>,
}

impl AcceptorState {
    /// Nothing promised, nothing accepted.
    pub const NEW: Self = Self {
        promised: Ballot::NONE,
        accepted: None,
    };

    /// Answers a prepare. A promise may leave only once this state is durable.
    #[must_use = "a promise may leave only once the state is durable"]
    pub fn prepare(&mut self, _ballot: Ballot) -> PrepareReply {
        todo!()
    }

    /// Answers a propose. An accept may leave only once this state is durable.
    #[must_use = "an accept may leave only once the state is durable"]
    pub fn propose(&mut self, _ballot: Ballot, _value: Bytes) -> ProposeReply {
        todo!()
    }

    /// As bytes, for the disk.
    pub fn encode(&self) -> Bytes {
        todo!()
    }

    /// From bytes of the disk.
    pub fn decode(_bytes: Bytes) -> Result<Self, DecodeError> {
        todo!()
    }
}
