//! A value that is read was written: by a request that had begun and was not refused, to that cell,
//! with that timestamp. (Reconciliation only ever chooses among versions; semantics 1.2.)

use super::Violation;
use super::lww::Timeline;
use crate::history::History;

/// Judges every read, whatever its level.
pub fn check(history: &History, timeline: &Timeline<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for read in &history.reads {
        for (register, seen) in &read.cells {
            let Some(seen) = seen else { continue };
            let written = timeline
                .writer_of(*register, seen.value)
                .is_some_and(|write| {
                    write.invoked <= read.completed && write.stamp.may_be(seen.timestamp)
                });
            if !written {
                violations.push(Violation {
                    guarantee: "no invented value",
                    what: format!(
                        "{} (at {}..{}) showed {seen:?} in {register:?}, which no accepted write put there",
                        read.text, read.invoked, read.completed
                    ),
                });
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkers::samples::*;

    fn verdict(history: &History) -> usize {
        check(history, &Timeline::of(history)).len()
    }

    #[test]
    fn a_value_nobody_wrote_or_that_was_refused_is_flagged() {
        let mut history = sample();
        history.writes.push(put(7, 10, 5).acknowledged(20));
        history.reads.push(quorum_read(30, 40, Some((7, 5))));
        assert_eq!(verdict(&history), 0);
        history.reads.push(quorum_read(30, 40, Some((8, 5))));
        history.reads.push(quorum_read(30, 40, Some((7, 6))));
        history.reads.push(quorum_read(1, 9, Some((7, 5))));
        assert_eq!(verdict(&history), 3);
        history.writes.push(put(9, 10, 5).refused());
        history.reads.push(quorum_read(30, 40, Some((9, 5))));
        assert_eq!(verdict(&history), 4);
    }
}
