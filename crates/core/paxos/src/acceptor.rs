//! What an acceptor remembers of one decision, and the two rules it answers by.
//!
//! The rules change the state in memory. An answer that says yes is a promise about the state,
//! so it may leave only once the state is durable; [`SlotLog`](crate::SlotLog) sees to that with
//! [`Persist`](crate::Persist).
//!
//! # Invariants
//!
//! * **P1** The promised ballot never goes back, nor does the accepted one.
//! * **P2** A value accepted under or above a ballot that chose one is the chosen one. (This is
//!   what makes a decision a decision. It follows from all the others, for the whole system.)
//! * **P3** The accepted ballot is at most the promised one.
//! * **P4** One ballot is promised at most once. So of two tries under one ballot (a proposer that
//!   restarts while its clock jumps back) at most one finds a majority.
//! * **P5** Under one ballot at most one value is accepted.

use crate::codec;
use crate::codec::DecodeError;
use crate::message::PrepareReply;
use crate::message::ProposeReply;
use bytes::BufMut;
use bytes::Bytes;
use quorate_types::Ballot;

/// What an acceptor remembers of one decision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AcceptorState {
    /// Nothing under a smaller ballot is answered with yes any more.
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

    /// Answers a prepare: promises a ballot larger than every earlier one, and says what it has
    /// accepted. A repeated prepare is rejected like any other that is not larger (P4).
    #[must_use = "a promise may leave only once the state is durable"]
    pub fn prepare(&mut self, ballot: Ballot) -> PrepareReply {
        if ballot <= self.promised {
            let promised = self.promised;
            return PrepareReply::Reject { promised };
        }
        self.promised = ballot; // P1
        let accepted = self.accepted.clone();
        PrepareReply::Promise { accepted }
    }

    /// Answers a propose: accepts the value unless a larger ballot was promised. A repeated
    /// propose is accepted again, for the first answer may be lost.
    #[must_use = "an accept may leave only once the state is durable"]
    pub fn propose(&mut self, ballot: Ballot, value: Bytes) -> ProposeReply {
        let accepted = self.accepted_ballot();
        if let Some((_, same)) = self.accepted.as_ref().filter(|(under, _)| *under == ballot) {
            if *same == value {
                // True even when a larger ballot has been promised since.
                return ProposeReply::Accept;
            }
            return self.reject_propose(); // P5
        }
        if ballot < self.promised || ballot == Ballot::NONE {
            return self.reject_propose();
        }
        assert!(ballot > accepted, "P1");
        self.promised = ballot;
        self.accepted = Some((ballot, value));
        assert!(self.accepted_ballot() <= self.promised, "P3");
        ProposeReply::Accept
    }

    /// As bytes, for the disk.
    pub fn encode(&self) -> Bytes {
        let mut out = codec::begin();
        codec::put_ballot(&mut out, self.promised);
        match &self.accepted {
            None => out.put_u8(0),
            Some((ballot, value)) => {
                out.put_u8(1);
                codec::put_ballot(&mut out, *ballot);
                out.put_slice(value);
            }
        }
        out.freeze()
    }

    /// From bytes of the disk. The value shares them.
    pub fn decode(mut bytes: Bytes) -> Result<Self, DecodeError> {
        codec::expect_version(&mut bytes)?;
        let promised = codec::take_ballot(&mut bytes)?;
        let accepted = match codec::take_u8(&mut bytes)? {
            0 => {
                codec::expect_end(&bytes)?;
                None
            }
            1 => Some((codec::take_ballot(&mut bytes)?, bytes)),
            other => return Err(DecodeError::UnknownTag(other)),
        };
        let state = Self { promised, accepted };
        if state.accepted_ballot() > state.promised {
            return Err(DecodeError::AcceptedBeyondPromise); // P3
        }
        Ok(state)
    }

    fn accepted_ballot(&self) -> Ballot {
        self.accepted
            .as_ref()
            .map_or(Ballot::NONE, |(ballot, _)| *ballot)
    }

    fn reject_propose(&self) -> ProposeReply {
        ProposeReply::Reject {
            promised: self.promised,
            accepted: self.accepted_ballot(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::ballot;
    use proptest::prelude::*;

    /// Plays `p3` (prepare ballot 3) and `3=x` (propose x under 3) to a new acceptor.
    fn play(script: &str) -> String {
        let mut state = AcceptorState::NEW;
        let mut out = Vec::new();
        for word in script.split_whitespace() {
            out.push(step(&mut state, word));
        }
        out.join(" ")
    }

    fn step(state: &mut AcceptorState, word: &str) -> String {
        if let Some(number) = word.strip_prefix('p') {
            return match state.prepare(ballot(number.parse().unwrap())) {
                PrepareReply::Promise { accepted: None } => "yes".to_owned(),
                PrepareReply::Promise {
                    accepted: Some((ballot, value)),
                } => format!("yes({}={})", ballot.micros, text(&value)),
                PrepareReply::Reject { promised } => format!("no({})", promised.micros),
            };
        }
        let (number, value) = word.split_once('=').unwrap();
        let value = Bytes::copy_from_slice(value.as_bytes());
        match state.propose(ballot(number.parse().unwrap()), value) {
            ProposeReply::Accept => "accept".to_owned(),
            ProposeReply::Reject { promised, accepted } => {
                format!("no({},{})", promised.micros, accepted.micros)
            }
        }
    }

    fn text(value: &Bytes) -> String {
        String::from_utf8(value.to_vec()).unwrap()
    }

    #[test]
    fn only_a_larger_ballot_is_promised() {
        assert_eq!(play("p3 p2 p3 p4"), "yes no(3) no(3) yes", "P1, P4");
        assert_eq!(play("p0"), "no(0)", "the ballot of nobody");
    }

    #[test]
    fn a_propose_under_a_promise_is_rejected() {
        assert_eq!(play("p3 2=x 3=x"), "yes no(3,0) accept");
        assert_eq!(
            play("3=x 2=y 4=z p4 p5"),
            "accept no(3,3) accept no(4) yes(4=z)"
        );
        assert_eq!(play("0=x"), "no(0,0)", "the ballot of nobody");
    }

    #[test]
    fn a_promise_tells_what_was_accepted_last() {
        assert_eq!(play("1=x p2 2=y p3"), "accept yes(1=x) accept yes(2=y)");
    }

    #[test]
    fn a_repeated_propose_is_accepted_again_even_after_a_larger_promise() {
        assert_eq!(play("1=x 1=x p2 1=x"), "accept accept yes(1=x) accept");
        assert_eq!(play("1=x p2 2=y 1=x"), "accept yes(1=x) accept no(2,2)");
    }

    #[test]
    fn a_second_value_under_one_ballot_is_rejected() {
        assert_eq!(play("1=x 1=y p2"), "accept no(1,1) yes(1=x)", "P5");
    }

    #[test]
    fn the_bytes_of_an_acceptor_are_these() {
        let mut state = AcceptorState::NEW;
        assert_eq!(state.encode().len(), 1 + 24 + 1);
        let _ = state.propose(ballot(0x0102), Bytes::from_static(b"xy"));
        let _ = state.prepare(ballot(0x0304));
        let proposer = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
        let mut golden = vec![1, 0, 0, 0, 0, 0, 0, 3, 4];
        golden.extend(proposer);
        golden.extend([1, 0, 0, 0, 0, 0, 0, 1, 2]);
        golden.extend(proposer);
        golden.extend(b"xy");
        assert_eq!(state.encode(), golden);
    }

    #[test]
    fn impossible_acceptors_are_refused() {
        let mut state = AcceptorState::NEW;
        let _ = state.propose(ballot(5), Bytes::from_static(b"x"));
        state.promised = ballot(4);
        assert_eq!(
            AcceptorState::decode(state.encode()),
            Err(DecodeError::AcceptedBeyondPromise),
            "P3"
        );
    }

    proptest! {
        #[test]
        fn an_acceptor_survives_its_bytes(
            script in prop::collection::vec((0u64..6, prop::option::of(any::<u8>())), 0..20),
        ) {
            let mut state = AcceptorState::NEW;
            for (number, value) in script {
                let before = state.clone();
                match value {
                    None => drop(state.prepare(ballot(number))),
                    Some(value) => {
                        let _ = state.propose(ballot(number), Bytes::copy_from_slice(&[value]));
                    }
                }
                prop_assert!(state.promised >= before.promised, "P1");
                prop_assert!(state.accepted_ballot() >= before.accepted_ballot(), "P1");
                prop_assert_eq!(AcceptorState::decode(state.encode()), Ok(state.clone()));
            }
        }

        #[test]
        fn any_bytes_are_an_acceptor_or_an_error(bytes in prop::collection::vec(0u8..3, 0..80)) {
            let bytes = Bytes::from(bytes);
            if let Ok(state) = AcceptorState::decode(bytes.clone()) {
                prop_assert_eq!(state.encode(), bytes);
            }
        }
    }
}
