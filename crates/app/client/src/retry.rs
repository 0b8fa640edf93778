//! Decides what follows a refusal: nothing, the same node again, or the next one.
//!
//! # Invariants
//!
//! * **Y1** What may have happened is repeated only if it is idempotent.
//! * **Y2** Each kind of refusal is repeated once, but those of nodes that only say "not me", which
//!   are bounded by the number of nodes.

use quorate_types::FailureReason;
use quorate_types::RequestError;
use quorate_types::WriteType;

/// What to do after a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The refusal is the answer.
    Fail,
    /// Ask the same node again.
    SameNode,
    /// Ask the next node.
    NextNode,
}

/// What was repeated already, for one request.
#[derive(Debug, Default)]
pub(crate) struct Retries {
    unavailable: bool,
    timeout: bool,
    failure: bool,
}

impl Retries {
    /// Decides; each call counts.
    pub(crate) fn decide(&mut self, error: &RequestError, idempotent: bool) -> Decision {
        match error {
            // Nothing was done: another node may be luckier.
            RequestError::Overloaded(_) | RequestError::Bootstrapping(_) => Decision::NextNode,
            // Nothing was done: another node may know more replicas to be alive.
            RequestError::Unavailable { .. } => once(&mut self.unavailable, Decision::NextNode),
            // Enough replicas answered, but the one that was asked for the data did not: the
            // coordinator has noticed by now and asks another.
            RequestError::ReadTimeout {
                received,
                block_for,
                data_present: false,
                ..
            } if received >= block_for => once(&mut self.timeout, Decision::SameNode),
            // Nothing was applied yet.
            RequestError::WriteTimeout {
                write_type: WriteType::BatchLog,
                ..
            } => once(&mut self.timeout, Decision::SameNode),
            RequestError::ReadFailure { failures, .. }
            | RequestError::WriteFailure { failures, .. }
                if idempotent && all_went_down(failures) =>
            {
                once(&mut self.failure, Decision::NextNode)
            }
            RequestError::Server(_) if idempotent => once(&mut self.failure, Decision::NextNode),
            RequestError::ReadTimeout { .. }
            | RequestError::WriteTimeout { .. }
            | RequestError::ReadFailure { .. }
            | RequestError::WriteFailure { .. }
            | RequestError::Server(_)
            | RequestError::Protocol(_)
            | RequestError::Authentication(_)
            | RequestError::Truncate(_)
            | RequestError::FunctionFailure { .. }
            | RequestError::Syntax(_)
            | RequestError::Unauthorized(_)
            | RequestError::Invalid(_)
            | RequestError::Config(_)
            | RequestError::AlreadyExists { .. }
            | RequestError::Unprepared(_) => Decision::Fail,
        }
    }
}

fn once(done: &mut bool, decision: Decision) -> Decision {
    if std::mem::replace(done, true) {
        Decision::Fail
    } else {
        decision
    }
}

fn all_went_down(failures: &[(String, FailureReason)]) -> bool {
    !failures.is_empty()
        && failures
            .iter()
            .all(|(_, reason)| *reason == FailureReason::NodeDown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quorate_types::ConsistencyLevel;

    const LEVEL: ConsistencyLevel = ConsistencyLevel::Quorum;

    fn decisions(error: &RequestError, idempotent: bool) -> [Decision; 2] {
        let mut retries = Retries::default();
        [(); 2].map(|()| retries.decide(error, idempotent))
    }

    fn read_timeout(received: u32, data_present: bool) -> RequestError {
        RequestError::ReadTimeout {
            level: LEVEL,
            received,
            block_for: 2,
            data_present,
        }
    }

    fn write_timeout(write_type: WriteType) -> RequestError {
        RequestError::WriteTimeout {
            level: LEVEL,
            received: 1,
            block_for: 2,
            write_type,
        }
    }

    #[test]
    fn unavailable_is_asked_of_one_other_node() {
        let error = RequestError::Unavailable {
            level: LEVEL,
            required: 2,
            alive: 1,
            datacenter: None,
        };
        assert_eq!(
            decisions(&error, false),
            [Decision::NextNode, Decision::Fail]
        );
    }

    #[test]
    fn a_read_is_repeated_only_when_just_the_data_lacks() {
        let again = [Decision::SameNode, Decision::Fail];
        let fail = [Decision::Fail; 2];
        assert_eq!(decisions(&read_timeout(2, false), true), again);
        assert_eq!(decisions(&read_timeout(1, false), true), fail);
        assert_eq!(decisions(&read_timeout(2, true), true), fail);
    }

    #[test]
    fn of_write_timeouts_only_that_of_the_batch_log_is_repeated() {
        let again = [Decision::SameNode, Decision::Fail];
        assert_eq!(decisions(&write_timeout(WriteType::BatchLog), false), again);
        for write_type in [WriteType::Simple, WriteType::Batch, WriteType::Counter] {
            let decided = decisions(&write_timeout(write_type), true);
            assert_eq!(decided, [Decision::Fail; 2], "{write_type}");
        }
    }

    #[test]
    fn a_node_that_cannot_serve_is_passed_over_however_often() {
        for error in [
            RequestError::Overloaded("too much".to_owned()),
            RequestError::Bootstrapping("not yet".to_owned()),
        ] {
            assert_eq!(decisions(&error, false), [Decision::NextNode; 2]);
        }
    }

    #[test]
    fn a_failure_is_repeated_only_if_replicas_went_down_and_it_does_no_harm() {
        let failure = |reasons: &[FailureReason]| RequestError::WriteFailure {
            level: LEVEL,
            received: 1,
            block_for: 2,
            write_type: WriteType::Simple,
            failures: reasons.iter().map(|r| (String::new(), *r)).collect(),
        };
        let down = failure(&[FailureReason::NodeDown]);
        let mixed = failure(&[FailureReason::NodeDown, FailureReason::Unknown]);
        assert_eq!(decisions(&down, true), [Decision::NextNode, Decision::Fail]);
        assert_eq!(decisions(&down, false), [Decision::Fail; 2]);
        assert_eq!(decisions(&mixed, true), [Decision::Fail; 2]);
        assert_eq!(decisions(&failure(&[]), true), [Decision::Fail; 2]);
        let server = RequestError::Server("broken".to_owned());
        assert_eq!(
            decisions(&server, true),
            [Decision::NextNode, Decision::Fail]
        );
        assert_eq!(decisions(&server, false), [Decision::Fail; 2]);
    }
}
