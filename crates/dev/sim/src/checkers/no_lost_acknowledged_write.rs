//! What was acknowledged, at whatever level, is there when everything has healed: the final reads, at
//! ALL, show it or something that wins over it. (Design, idea 6: nothing acknowledged is lost.)

use super::Violation;
use super::lww::Timeline;
use super::no_stale_quorum_read::shows_less;
use crate::history::History;

/// Judges the final reads.
pub fn check(history: &History, timeline: &Timeline<'_>) -> Vec<Violation> {
    let reads = history.reads.iter().filter(|read| read.is_final);
    reads
        .flat_map(|read| {
            let floor = |register| timeline.floor(register, read);
            shows_less(read, timeline, floor)
        })
        .map(|what| Violation {
            guarantee: "no lost acknowledged write",
            what,
        })
        .collect()
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
    fn a_write_acknowledged_by_one_replica_must_be_there_in_the_end() {
        let mut history = sample();
        let write = put(7, 10, 5).at_level(ConsistencyLevel::One);
        history.writes.push(write.acknowledged(20));
        history.reads.push(final_read(30, 40, Some((7, 5))));
        assert_eq!(verdict(&history), 0);
        history.reads.push(final_read(30, 40, None));
        assert_eq!(verdict(&history), 1);
    }

    #[test]
    fn a_write_that_timed_out_may_be_there_or_not() {
        let mut history = sample();
        history.writes.push(put(7, 10, 5));
        history.reads.push(final_read(30, 40, Some((7, 5))));
        history.reads.push(final_read(30, 40, None));
        assert_eq!(verdict(&history), 0);
    }
}
