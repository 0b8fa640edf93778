//! A read sees every write that was acknowledged before it began, or something that wins over it,
//! when the replicas that acknowledged and those that were read must overlap: R + W > N (Dynamo,
//! section 4.5; semantics 3.1).

use super::Violation;
use super::lww::Timeline;
use super::lww::Version;
use crate::history::History;
use crate::history::Read;
use crate::history::Register;

/// Judges every read, against the writes it must overlap.
pub fn check(history: &History, timeline: &Timeline<'_>) -> Vec<Violation> {
    let reads = history.reads.iter().filter(|read| !read.is_final);
    reads
        .flat_map(|read| {
            let floor = |register| timeline.floor(register, read);
            shows_less(read, timeline, floor)
        })
        .map(|what| Violation {
            guarantee: "no stale quorum read",
            what,
        })
        .collect()
}

/// What of a read is older than the floor of its cell, in words.
pub(super) fn shows_less(
    read: &Read,
    timeline: &Timeline<'_>,
    floor: impl Fn(Register) -> Option<Version>,
) -> Vec<String> {
    let mut found = Vec::new();
    for (register, seen) in &read.cells {
        let Some(floor) = floor(*register) else {
            continue;
        };
        let is_enough = match seen {
            Some(seen) => Version::from(*seen) >= floor,
            None => timeline.may_be_deleted(*register, floor, read.completed),
        };
        if !is_enough {
            found.push(format!(
                "{} (at {}..{}) showed {seen:?} in {register:?}, expected at least {floor:?}",
                read.text, read.invoked, read.completed
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkers::samples::*;
    use quorate_types::ConsistencyLevel;

    fn verdict(history: &History) -> usize {
        check(history, &Timeline::of(history)).len()
    }

    #[test]
    fn a_quorum_read_that_misses_an_acknowledged_write_is_flagged() {
        let mut history = sample();
        history.writes.push(put(7, 10, 5).acknowledged(20));
        history.writes.push(put(8, 20, 9).acknowledged(25));
        history.reads.push(quorum_read(30, 40, Some((8, 9))));
        assert_eq!(verdict(&history), 0);
        history.reads.push(quorum_read(30, 40, Some((7, 5))));
        history.reads.push(quorum_read(30, 40, None));
        assert_eq!(verdict(&history), 2);
    }

    #[test]
    fn reads_that_began_before_the_acknowledgement_or_do_not_overlap_are_free() {
        let mut history = sample();
        history.writes.push(put(7, 10, 5).acknowledged(20));
        let weak = put(8, 10, 6).at_level(ConsistencyLevel::One);
        history.writes.push(weak.acknowledged(20));
        history.reads.push(quorum_read(20, 40, None));
        history.reads.push(quorum_read(21, 40, Some((7, 5))));
        assert_eq!(verdict(&history), 0);
    }

    #[test]
    fn the_order_is_that_of_timestamps_and_a_tie_goes_to_the_deletion() {
        let mut history = sample();
        history.writes.push(put(7, 10, 50).acknowledged(20));
        history.writes.push(put(8, 30, 40).acknowledged(35));
        history.reads.push(quorum_read(50, 60, Some((7, 50))));
        assert_eq!(verdict(&history), 0, "the later write lost by its clock");
        history.writes.push(delete(36, 50).acknowledged(40));
        assert_eq!(verdict(&history), 1, "deleted at the same timestamp");
        history.reads.clear();
        history.reads.push(quorum_read(50, 60, None));
        assert_eq!(verdict(&history), 0);
    }

    #[test]
    fn a_deletion_that_timed_out_excuses_an_absent_value() {
        let mut history = sample();
        history.writes.push(put(7, 10, 50).acknowledged(20));
        history.writes.push(delete(25, 40));
        history.reads.push(quorum_read(50, 60, None));
        assert_eq!(verdict(&history), 1, "it is older than the value");
        history.writes.push(delete(25, 60));
        assert_eq!(verdict(&history), 0);
    }
}
