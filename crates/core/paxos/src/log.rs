//! Decisions in a row: the decided slots of one node, and the acceptor of the next one.
//!
//! Slots are [`Epoch`]s, from 1. The log decides nothing by itself: it answers proposers, learns
//! what was chosen, and hands entries to nodes that are behind. It holds no file: each change
//! comes out as a [`Record`] that must be durable before the answer leaves ([`Persist`]).
//!
//! ```text
//!   1 ........ floor | floor+1 ........ last | last+1 = next | later
//!   in a snapshot    | decided, kept here    | undecided:    | not answered: who the acceptors
//!   only             |                       | one acceptor  | of a slot are depends on the one before
//! ```
//!
//! # Invariants
//!
//! * **L1** No gaps: every slot from the floor to the last one is decided here and kept.
//! * **L2** A slot is promised or accepted only while it is the next one.
//! * **L3** Every answer that binds this node (a promise, an accept, the reject of a propose) carries
//!   the record that it stands on, even when it repeats an earlier one: that one's record may still
//!   be on its way to the disk. The reject of a prepare binds nobody, and neither does "learned":
//!   until the entry is durable here, the acceptor that it replaces is.
//! * **L4** A decided value never changes.
//! * **L5** After a crash at any moment, the durable records give back a log whose every answer that
//!   has left still holds.

use crate::acceptor::AcceptorState;
use crate::message::PrepareReply;
use crate::message::Reply;
use crate::message::Request;
use crate::persist::Persist;
use crate::persist::Record;
use bytes::Bytes;
use quorate_types::Ballot;
use quorate_types::Epoch;
use std::collections::BTreeMap;

/// Larger slots are garbage; so the next slot can always be counted.
const SLOT_MAX: Epoch = Epoch(1 << 62);

/// Two values for one slot: Paxos was broken (a disk lost what it had promised to keep).
/// Nothing was changed; this node must stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("slot {slot} is decided here with another value than a peer reports")]
pub struct Disagreement {
    /// Which slot.
    pub slot: Epoch,
}

/// Records that no log could have written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecoverError {
    /// Entries are missing.
    #[error("found slot {found}, expected at most {next}")]
    Gap {
        /// The slot of the record.
        found: Epoch,
        /// The next slot by the records before it.
        next: Epoch,
    },
    /// Two values for one slot.
    #[error("two values are recorded for slot {slot}")]
    TwoValues {
        /// Which slot.
        slot: Epoch,
    },
    /// No log could ever be so long.
    #[error("slot {slot} is impossible")]
    TooLarge {
        /// Which slot.
        slot: Epoch,
    },
    /// An acceptor went back: the records are not in the order in which they were made.
    #[error("the acceptor of slot {slot} went back to a smaller ballot")]
    PromiseWentBack {
        /// Which slot.
        slot: Epoch,
    },
}

/// The decided slots of one node, and the acceptor of the next one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SlotLog {
    floor: Epoch,
    /// Of the slots after the floor, without gaps (L1).
    entries: BTreeMap<Epoch, Bytes>,
    acceptor: AcceptorState,
}

/// Where a slot lies.
enum Place<'a> {
    InSnapshot,
    Decided(&'a Bytes),
    Next,
    Later,
}

impl SlotLog {
    /// Nothing decided.
    pub const fn new() -> Self {
        Self {
            floor: Epoch::NONE,
            entries: BTreeMap::new(),
            acceptor: AcceptorState::NEW,
        }
    }

    /// From the records of an earlier life, in the order they were made durable (or: the floor,
    /// the entries by slot, the acceptor). Of those that a later one replaces, an older acceptor or
    /// an entry under the floor, any may be missing.
    pub fn recover(records: impl IntoIterator<Item = Record>) -> Result<Self, RecoverError> {
        let mut log = Self::new();
        for record in records {
            match record {
                Record::Floor { slot } if slot > SLOT_MAX => {
                    return Err(RecoverError::TooLarge { slot });
                }
                Record::Floor { slot } => log.raise_floor(slot),
                Record::Entry { slot, value } => match log.place(slot) {
                    Place::InSnapshot => {}
                    Place::Decided(known) if *known == value => {}
                    Place::Decided(_) => return Err(RecoverError::TwoValues { slot }), // L4
                    Place::Next => log.append(value),
                    Place::Later => return Err(log.gap(slot)), // L1
                },
                Record::Acceptor { slot, state } => match log.place(slot) {
                    Place::InSnapshot | Place::Decided(_) => {}
                    Place::Next if state.promised < log.acceptor.promised => {
                        return Err(RecoverError::PromiseWentBack { slot });
                    }
                    Place::Next => log.acceptor = state,
                    Place::Later => return Err(log.gap(slot)), // L1
                },
            }
        }
        Ok(log)
    }

    /// Answers any request.
    pub fn answer(&mut self, request: Request) -> Result<Persist<Reply>, Disagreement> {
        match request {
            Request::Prepare { slot, ballot } => Ok(self.prepare(slot, ballot)),
            Request::Propose {
                slot,
                ballot,
                value,
            } => Ok(self.propose(slot, ballot, value)),
            Request::Learn { slot, value } => self.learn(slot, value),
            Request::Fetch { after, count_max } => {
                Ok(Persist::nothing(self.entries_after(after, count_max)))
            }
        }
    }

    /// Answers a prepare: `Prepared`, or why the slot is not open here.
    pub fn prepare(&mut self, slot: Epoch, ballot: Ballot) -> Persist<Reply> {
        if let Some(closed) = self.closed(slot) {
            return Persist::nothing(closed); // L2
        }
        let reply = self.acceptor.prepare(ballot);
        let binds = matches!(reply, PrepareReply::Promise { .. });
        let reply = Reply::Prepared {
            slot,
            ballot,
            reply,
        };
        if binds {
            self.with_acceptor(reply)
        } else {
            Persist::nothing(reply)
        }
    }

    /// Answers a propose: `Proposed`, or why the slot is not open here.
    pub fn propose(&mut self, slot: Epoch, ballot: Ballot, value: Bytes) -> Persist<Reply> {
        if let Some(closed) = self.closed(slot) {
            return Persist::nothing(closed); // L2
        }
        let reply = self.acceptor.propose(ballot, value);
        // A reject says "never under this ballot": it stands on the promise of a larger one, which
        // must not be forgotten in a crash after the proposer was told that nothing happened.
        self.with_acceptor(Reply::Proposed {
            slot,
            ballot,
            reply,
        })
    }

    /// Takes the value chosen for `slot`. Answers `Learned`, or `Behind` when earlier ones are
    /// missing. A record comes out exactly when the slot was news. A learned value may be used at
    /// once: it is chosen, durable here or not.
    pub fn learn(&mut self, slot: Epoch, value: Bytes) -> Result<Persist<Reply>, Disagreement> {
        match self.place(slot) {
            Place::Later => {
                let next = self.next();
                return Ok(Persist::nothing(Reply::Behind { next }));
            }
            Place::Decided(known) if *known != value => return Err(Disagreement { slot }), // L4
            Place::Decided(_) | Place::InSnapshot => {
                let next = self.next();
                return Ok(Persist::nothing(Reply::Learned { next }));
            }
            Place::Next => self.append(value.clone()),
        }
        let next = self.next();
        let record = Record::Entry { slot, value };
        Ok(Persist::first(record, Reply::Learned { next }))
    }

    /// Decided entries after `epoch`, at most `count_max`: `Entries` or `SnapshotNeeded`.
    pub fn entries_after(&self, epoch: Epoch, count_max: u32) -> Reply {
        if epoch < self.floor {
            return Reply::SnapshotNeeded { floor: self.floor };
        }
        let after = (std::ops::Bound::Excluded(epoch), std::ops::Bound::Unbounded);
        let count_max = usize::try_from(count_max).unwrap_or(usize::MAX);
        let entries = self.entries.range(after).take(count_max);
        Reply::Entries {
            entries: entries
                .map(|(slot, value)| (*slot, value.clone()))
                .collect(),
            next: self.next(),
        }
    }

    /// Drops the entries before `epoch` (never undecided ones). The caller holds a durable
    /// snapshot of the state at the slot before it, or a later one.
    pub fn truncate_below(&mut self, epoch: Epoch) -> Persist<()> {
        let floor = Epoch(epoch.0.saturating_sub(1)).min(self.last());
        if floor <= self.floor {
            return Persist::nothing(());
        }
        self.raise_floor(floor);
        Persist::first(Record::Floor { slot: floor }, ())
    }

    /// Jumps to a snapshot of the state at `epoch` that a peer sent and that is durable here.
    /// Nothing happens when the log knows as much, or when no log could ever be so long.
    pub fn install_snapshot(&mut self, epoch: Epoch) -> Persist<()> {
        if epoch <= self.last() || epoch > SLOT_MAX {
            return Persist::nothing(());
        }
        self.raise_floor(epoch);
        Persist::first(Record::Floor { slot: epoch }, ())
    }

    /// The last decided slot that this node knows.
    pub fn last(&self) -> Epoch {
        self.entries
            .last_key_value()
            .map_or(self.floor, |(slot, _)| *slot)
    }

    /// The first slot it doesn't know: the one to propose for.
    pub fn next(&self) -> Epoch {
        self.last().next()
    }

    /// The slots up to and with this one are in a snapshot only.
    pub const fn floor(&self) -> Epoch {
        self.floor
    }

    /// The value of a decided slot above the floor.
    pub fn entry(&self, slot: Epoch) -> Option<&Bytes> {
        self.entries.get(&slot)
    }

    /// What the acceptor of the next slot has promised: a proposal from here takes a ballot after
    /// it.
    pub const fn promised(&self) -> Ballot {
        self.acceptor.promised
    }

    fn place(&self, slot: Epoch) -> Place<'_> {
        if slot <= self.floor {
            return Place::InSnapshot;
        }
        match self.entries.get(&slot) {
            Some(value) => Place::Decided(value),
            None if slot == self.next() => Place::Next,
            None => Place::Later,
        }
    }

    /// Why `slot` has no acceptor here; nothing when it has (L2).
    fn closed(&self, slot: Epoch) -> Option<Reply> {
        match self.place(slot) {
            Place::InSnapshot => Some(Reply::SnapshotNeeded { floor: self.floor }),
            Place::Decided(value) => {
                let value = value.clone();
                Some(Reply::Decided { slot, value })
            }
            Place::Next => None,
            Place::Later => Some(Reply::Behind { next: self.next() }),
        }
    }

    fn with_acceptor(&self, reply: Reply) -> Persist<Reply> {
        let slot = self.next();
        let state = self.acceptor.clone();
        Persist::first(Record::Acceptor { slot, state }, reply) // L3
    }

    fn append(&mut self, value: Bytes) {
        self.entries.insert(self.next(), value);
        self.acceptor = AcceptorState::NEW;
        self.check();
    }

    /// Entries up to and with `slot` are covered by a snapshot; what is undecided up to there, too.
    fn raise_floor(&mut self, slot: Epoch) {
        if slot <= self.floor {
            return;
        }
        if slot > self.last() {
            self.acceptor = AcceptorState::NEW;
        }
        self.entries = self.entries.split_off(&slot.next());
        self.floor = slot;
        self.check();
    }

    fn gap(&self, found: Epoch) -> RecoverError {
        let next = self.next();
        RecoverError::Gap { found, next }
    }

    fn check(&self) {
        let span = self.last().0 - self.floor.0;
        assert_eq!(span, self.entries.len() as u64, "L1");
    }
}

impl Default for SlotLog {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::ballot;

    fn bytes(text: &str) -> Bytes {
        Bytes::copy_from_slice(text.as_bytes())
    }

    /// Plays words to a new log and shows each answer, with its record in brackets:
    /// `1p5` prepare slot 1 under ballot 5, `1=x@5` propose x under 5, `1!x` learn,
    /// `>0` entries after slot 0, `cut3` truncate below 3, `snap9` install a snapshot of 9.
    /// Then checks that the records alone give back the log, whenever it crashes (L5).
    fn play(script: &str) -> String {
        let mut log = SlotLog::new();
        let mut disk = Vec::new();
        let mut out = Vec::new();
        for word in script.split_whitespace() {
            let (record, answer) = step(&mut log, word);
            match record {
                None => out.push(answer),
                Some(record) => {
                    out.push(format!("[{}]{answer}", show_record(&record)));
                    disk.push(record.encode());
                }
            }
            let records = disk
                .iter()
                .map(|bytes| Record::decode(bytes.clone()).unwrap());
            assert_eq!(SlotLog::recover(records), Ok(log.clone()), "L5");
        }
        out.join(" ")
    }

    fn step(log: &mut SlotLog, word: &str) -> (Option<Record>, String) {
        let show = |answer: Persist<Reply>| (answer.record().cloned(), show(answer.once_durable()));
        let number = |text: &str| text.parse::<u64>().unwrap();
        if let Some(after) = word.strip_prefix('>') {
            let after = Epoch(number(after));
            let count_max = 2;
            return show(log.answer(Request::Fetch { after, count_max }).unwrap());
        }
        if let Some(epoch) = word.strip_prefix("cut") {
            let cut = log.truncate_below(Epoch(number(epoch)));
            return (cut.record().cloned(), "cut".to_owned());
        }
        if let Some(epoch) = word.strip_prefix("snap") {
            let installed = log.install_snapshot(Epoch(number(epoch)));
            return (installed.record().cloned(), "installed".to_owned());
        }
        let slot = Epoch(number(&word[..1]));
        let (kind, rest) = word[1..].split_at(1);
        let request = match kind {
            "p" => Request::Prepare {
                slot,
                ballot: ballot(number(rest)),
            },
            "=" => {
                let (value, under) = rest.split_once('@').unwrap();
                Request::Propose {
                    slot,
                    ballot: ballot(number(under)),
                    value: bytes(value),
                }
            }
            "!" => Request::Learn {
                slot,
                value: bytes(rest),
            },
            other => panic!("{other}"),
        };
        match log.answer(request) {
            Ok(answer) => show(answer),
            Err(Disagreement { slot }) => (None, format!("disagree({slot})")),
        }
    }

    fn text(value: &Bytes) -> String {
        String::from_utf8(value.to_vec()).unwrap()
    }

    fn show(reply: Reply) -> String {
        match reply {
            Reply::Prepared { reply, .. } => match reply {
                PrepareReply::Promise { accepted } => match accepted {
                    None => "promise".to_owned(),
                    Some((_, value)) => format!("promise({})", text(&value)),
                },
                PrepareReply::Reject { promised } => format!("reject({})", promised.micros),
            },
            Reply::Proposed { reply, .. } => match reply {
                crate::ProposeReply::Accept => "accept".to_owned(),
                crate::ProposeReply::Reject { promised, .. } => {
                    format!("reject({})", promised.micros)
                }
            },
            Reply::Decided { slot, value } => format!("decided({slot}={})", text(&value)),
            Reply::Behind { next } => format!("behind({next})"),
            Reply::Learned { next } => format!("learned({next})"),
            Reply::Entries { entries, next } => {
                let one = |(slot, value): &(Epoch, Bytes)| format!("{slot}={}", text(value));
                let entries: Vec<String> = entries.iter().map(one).collect();
                format!("entries({};{next})", entries.join(","))
            }
            Reply::SnapshotNeeded { floor } => format!("snapshot({floor})"),
        }
    }

    fn show_record(record: &Record) -> String {
        match record {
            Record::Acceptor { slot, state } => {
                let accepted = state.accepted.as_ref().map(|(_, value)| text(value));
                format!(
                    "A{slot}:{}{}",
                    state.promised.micros,
                    accepted.unwrap_or_default()
                )
            }
            Record::Entry { slot, value } => format!("E{slot}:{}", text(value)),
            Record::Floor { slot } => format!("F{slot}"),
        }
    }

    #[test]
    fn a_slot_is_promised_accepted_and_learned() {
        assert_eq!(
            play("1p5 1=x@5 1!x >0"),
            "[A1:5]promise [A1:5x]accept [E1:x]learned(2) entries(1=x;2)"
        );
    }

    #[test]
    fn only_the_next_slot_is_answered() {
        assert_eq!(play("2p5 2=x@5 2!x"), "behind(1) behind(1) behind(1)", "L2");
        assert_eq!(
            play("1!x 1p5 1=y@5 2p5"),
            "[E1:x]learned(2) decided(1=x) decided(1=x) [A2:5]promise",
            "L2"
        );
        assert_eq!(play("0p5"), "snapshot(0)", "there is no slot 0");
    }

    #[test]
    fn a_binding_answer_carries_its_record_even_when_repeated() {
        assert_eq!(
            play("1p5 1p5 1=x@5 1=x@5 1=z@4"),
            "[A1:5]promise reject(5) [A1:5x]accept [A1:5x]accept [A1:5x]reject(5)",
            "L3"
        );
    }

    #[test]
    fn a_slot_is_news_once() {
        assert_eq!(
            play("1!x 2p5 1!x 2=y@5 1!x"),
            "[E1:x]learned(2) [A2:5]promise learned(2) [A2:5y]accept learned(2)"
        );
    }

    #[test]
    fn the_next_slot_s_acceptor_starts_anew() {
        assert_eq!(
            play("1p9 1=x@9 1!y 2p1"),
            "[A1:9]promise [A1:9x]accept [E1:y]learned(2) [A2:1]promise"
        );
    }

    #[test]
    fn a_second_value_for_a_decided_slot_is_a_disagreement() {
        assert_eq!(
            play("1!x 1!y >0"),
            "[E1:x]learned(2) disagree(1) entries(1=x;2)",
            "L4"
        );
    }

    #[test]
    fn entries_come_in_order_and_no_more_than_asked() {
        assert_eq!(
            play("1!a 2!b 3!c >0 >2 >3 >9"),
            "[E1:a]learned(2) [E2:b]learned(3) [E3:c]learned(4) \
             entries(1=a,2=b;4) entries(3=c;4) entries(;4) entries(;4)"
        );
    }

    #[test]
    fn below_the_floor_only_a_snapshot_helps() {
        assert_eq!(
            play("1!a 2!b 3!c cut3 >1 >2 2p5 2!b 4p1"),
            "[E1:a]learned(2) [E2:b]learned(3) [E3:c]learned(4) [F2]cut \
             snapshot(2) entries(3=c;4) snapshot(2) learned(4) [A4:1]promise"
        );
    }

    #[test]
    fn undecided_slots_are_never_cut_off() {
        assert_eq!(
            play("1!a 2p5 cut9 2p6 cut9 cut0 >1"),
            "[E1:a]learned(2) [A2:5]promise [F1]cut [A2:6]promise cut cut entries(;2)"
        );
    }

    #[test]
    fn a_snapshot_jumps_ahead_and_never_back() {
        assert_eq!(
            play("1!a 2p5 snap1 snap4 4p1 5p1 snap4 snap3"),
            "[E1:a]learned(2) [A2:5]promise installed [F4]installed snapshot(4) [A5:1]promise \
             installed installed"
        );
        assert_eq!(
            play(&format!("snap{}", u64::MAX)),
            "installed",
            "an impossible one"
        );
    }

    #[test]
    fn records_that_no_log_has_written_are_refused() {
        let entry = |slot, value| Record::Entry {
            slot: Epoch(slot),
            value: bytes(value),
        };
        let acceptor = |slot, number| {
            let mut state = AcceptorState::NEW;
            let _ = state.prepare(ballot(number));
            let slot = Epoch(slot);
            Record::Acceptor { slot, state }
        };
        let floor = |slot| Record::Floor { slot: Epoch(slot) };
        let gap = |found, next| {
            let (found, next) = (Epoch(found), Epoch(next));
            Err(RecoverError::Gap { found, next })
        };
        let slot = Epoch(1);
        let recover = |records: Vec<Record>| SlotLog::recover(records).map(|log| log.next().0);
        assert_eq!(recover(vec![entry(2, "b")]), gap(2, 1), "L1");
        assert_eq!(
            recover(vec![entry(1, "a"), acceptor(3, 1)]),
            gap(3, 2),
            "L1"
        );
        assert_eq!(
            recover(vec![entry(1, "a"), entry(1, "b")]),
            Err(RecoverError::TwoValues { slot }),
            "L4"
        );
        assert_eq!(
            recover(vec![acceptor(1, 5), acceptor(1, 4)]),
            Err(RecoverError::PromiseWentBack { slot })
        );
        let slot = Epoch(u64::MAX);
        assert_eq!(
            recover(vec![floor(u64::MAX)]),
            Err(RecoverError::TooLarge { slot })
        );
        let replaced = vec![
            floor(2),
            entry(1, "a"),
            entry(3, "c"),
            acceptor(1, 1),
            acceptor(4, 1),
        ];
        assert_eq!(
            recover(replaced),
            Ok(4),
            "what a later record replaced is ignored"
        );
    }
}
