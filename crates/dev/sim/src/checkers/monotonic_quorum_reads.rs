//! What a quorum read has shown, later quorum reads show too, or something that wins over it: also
//! when the write was never acknowledged. (Blocking read repair; semantics 4.5, invariant Q4 of the
//! coordinator's read.)

use super::Violation;
use super::lww::State;
use super::lww::Timeline;
use super::lww::Version;
use super::no_stale_quorum_read::shows_less;
use crate::history::History;
use crate::history::Read;
use crate::history::Register;
use crate::history::replicas_at;
use std::collections::BTreeMap;

/// Judges each pair of quorum reads of which one ended before the other began.
pub fn check(history: &History, timeline: &Timeline<'_>) -> Vec<Violation> {
    let quorum = history.replication_factor / 2 + 1;
    let mut reads: Vec<&Read> = history
        .reads
        .iter()
        .filter(|read| replicas_at(read.level, history.replication_factor) >= quorum)
        .collect();
    reads.sort_by_key(|read| read.invoked);
    let mut by_end = reads.clone();
    by_end.sort_by_key(|read| read.completed);
    let mut ended = by_end.into_iter().peekable();
    let mut shown: BTreeMap<Register, Version> = BTreeMap::new();
    let mut violations = Vec::new();
    for read in reads {
        while let Some(earlier) = ended.next_if(|earlier| earlier.completed < read.invoked) {
            for (register, version) in versions_shown(earlier, timeline) {
                let greatest = shown.entry(register).or_insert(version);
                *greatest = version.max(*greatest);
            }
        }
        let floor = |register| shown.get(&register).copied();
        let found = shows_less(read, timeline, floor).into_iter();
        violations.extend(found.map(|what| Violation {
            guarantee: "monotonic quorum reads",
            what,
        }));
    }
    violations
}

/// The version that a read certainly met in each cell. A cell that must have had a value and had
/// none was met deleted.
fn versions_shown(read: &Read, timeline: &Timeline<'_>) -> Vec<(Register, Version)> {
    let version = |register: Register, seen: Option<_>| match seen {
        Some(seen) => Some(Version::from(seen)),
        None => timeline.floor(register, read).map(|floor| Version {
            timestamp: floor.timestamp,
            state: State::Deleted,
        }),
    };
    read.cells
        .iter()
        .filter_map(|(register, seen)| Some((*register, version(*register, *seen)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkers::samples::*;

    fn verdict(history: &History) -> usize {
        check(history, &Timeline::of(history)).len()
    }

    #[test]
    fn a_value_that_was_seen_must_not_vanish_even_when_its_write_timed_out() {
        let mut history = sample();
        history.writes.push(put(7, 10, 5));
        history.reads.push(quorum_read(20, 30, Some((7, 5))));
        history.reads.push(quorum_read(25, 40, None));
        assert_eq!(verdict(&history), 0, "the reads overlap");
        history.reads.push(quorum_read(31, 40, None));
        assert_eq!(verdict(&history), 1);
    }

    #[test]
    fn a_value_that_was_seen_deleted_must_not_come_back() {
        let mut history = sample();
        history.writes.push(put(7, 10, 5).acknowledged(11));
        history.writes.push(delete(12, 8));
        history.reads.push(quorum_read(20, 30, None));
        history.reads.push(quorum_read(31, 40, Some((7, 5))));
        assert_eq!(verdict(&history), 1);
    }

    #[test]
    fn newer_values_are_progress() {
        let mut history = sample();
        history.writes.push(put(7, 10, 5));
        history.writes.push(put(8, 10, 6));
        history.reads.push(quorum_read(20, 30, Some((7, 5))));
        history.reads.push(quorum_read(31, 40, Some((8, 6))));
        assert_eq!(verdict(&history), 0);
    }
}
