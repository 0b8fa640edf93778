//! Several replicas' replies to one read become one, and what each of them lacks (R7).
//!
//! Every reply is authoritative up to its `stopped_at`, and in each partition up to where the
//! partition's own limit of rows ended it. So the merge walks the entries of all replies in the
//! order of the read and stops where the first of them knows no more, or where the merged rows
//! reach a limit.
//!
//! # Invariants
//!
//! * **G1** The result says of the places before its `stopped_at` what one replica would that has
//!   everything.
//! * **G2** Repairs hold nothing beyond that, and nothing for replicas that already say the same.

mod partition;

use crate::CorruptFragment;
use crate::DataReply;
use crate::Entry;
use crate::PartitionData;
use crate::Position;
use crate::ReadCommand;
use crate::ReadTarget;
use crate::read::window::compare_places;
use bytes::Bytes;
use partition::MergedPartition;
use partition::PartitionReply;
use partition::merge_partition;
use quorate_types::Token;
use std::cmp::Ordering;

/// What the replies say together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MergedRead {
    /// Normalized; an exact prefix of what one replica that has everything would answer.
    pub reply: DataReply,
    /// For each reply, by partition key: the entries to send to its replica.
    pub repairs: Vec<Vec<(Bytes, Vec<Entry>)>>,
    /// Live rows in `reply`; a partition with only a live static row counts one.
    pub live_rows: u32,
}

/// Merges replies to the same command. Each is authoritative only up to its `stopped_at`, so the
/// result ends at the first of those; the caller goes on with [`ReadCommand::continued_after`].
/// No replies give an empty, complete result.
pub fn merge_replies(
    command: &ReadCommand,
    replies: &[DataReply],
) -> Result<MergedRead, CorruptFragment> {
    let mut merged = MergedRead {
        repairs: vec![Vec::new(); replies.len()],
        ..MergedRead::default()
    };
    let stops = replies.iter().filter_map(|reply| reply.stopped_at.as_ref());
    let first_stop = stops.min_by(|a, b| compare_positions(command.reversed, a, b));
    let mut sources: Vec<Source<'_>> = replies.iter().map(Source::new).collect();
    while let Some((token, key)) = next_partition(&sources) {
        if first_stop.is_some_and(|stop| (stop.token, &stop.key) < (token, &key)) {
            break;
        }
        let parts = sources
            .iter_mut()
            .map(|source| source.take(token, &key))
            .collect::<Result<Vec<_>, _>>()?;
        let Some(window) = command.window(token, &key) else {
            continue;
        };
        let rows_wanted = command.limits.rows.max(1).saturating_sub(merged.live_rows);
        let partition = merge_partition(command, window, &parts, rows_wanted)?;
        let stops_here = first_stop.is_some_and(|stop| (stop.token, &stop.key) == (token, &key));
        if let Some(position) = merged.take(command, token, &key, partition, stops_here) {
            // A stop of a reply's own says nothing beyond this one.
            merged.reply.stopped_at = unless_read_whole(command, position);
            return Ok(merged);
        }
    }
    let stop = first_stop.map(|stop| after_silence(command, stop));
    merged.reply.stopped_at = stop.and_then(|stop| unless_read_whole(command, stop));
    Ok(merged)
}

/// A single partition has nothing behind its end.
fn unless_read_whole(command: &ReadCommand, stop: Position) -> Option<Position> {
    let is_single = matches!(command.target, ReadTarget::Partition(_));
    (!is_single || stop.suffix != Position::END).then_some(stop)
}

/// Where a reply stopped in a partition of which none has anything to say: no row of it counts.
fn after_silence(command: &ReadCommand, stop: &Position) -> Position {
    let before = command.window(stop.token, &stop.key);
    Position {
        rows_seen: before.map_or(stop.rows_seen, |window| window.rows_seen),
        ..stop.clone()
    }
}

fn compare_positions(reversed: bool, a: &Position, b: &Position) -> Ordering {
    (a.token, &a.key)
        .cmp(&(b.token, &b.key))
        .then_with(|| compare_places(reversed, &a.suffix, &b.suffix))
}

/// One reply, read from front to back.
struct Source<'r> {
    partitions: std::slice::Iter<'r, PartitionData>,
    next: Option<(Token, &'r PartitionData)>,
    stopped_at: Option<&'r Position>,
}

impl<'r> Source<'r> {
    fn new(reply: &'r DataReply) -> Self {
        let mut source = Self {
            partitions: reply.partitions.iter(),
            next: None,
            stopped_at: reply.stopped_at.as_ref(),
        };
        source.advance();
        source
    }

    fn advance(&mut self) {
        let next = self.partitions.next();
        self.next = next.map(|partition| (Token::of_key(&partition.key), partition));
    }

    /// What this reply says of the partition, and how far it knows it.
    fn take(&mut self, token: Token, key: &Bytes) -> Result<PartitionReply<'r>, CorruptFragment> {
        let stop = self
            .stopped_at
            .filter(|stop| (stop.token, &stop.key) == (token, key));
        let mut entries: &[Entry] = &[];
        if let Some((found_token, found)) = self.next
            && (found_token, &found.key) == (token, key)
        {
            entries = &found.entries;
            self.advance();
            let is_next_later = |&(next_token, next): &(Token, &PartitionData)| {
                (next_token, &next.key) > (token, key)
            };
            if !self.next.as_ref().is_none_or(is_next_later) {
                return Err(CorruptFragment {
                    offset: 0,
                    what: "a reply whose partitions ascend",
                });
            }
        }
        Ok(PartitionReply {
            entries,
            stopped_after: stop.map(|stop| &stop.suffix),
        })
    }
}

/// The first partition, in ring order, that a reply has still to say something of.
fn next_partition(sources: &[Source<'_>]) -> Option<(Token, Bytes)> {
    let next = sources.iter().filter_map(|source| source.next);
    let next = next.map(|(token, partition)| (token, &partition.key)).min();
    next.map(|(token, key)| (token, key.clone()))
}

impl MergedRead {
    /// Takes a merged partition in; gives back where the read stops, when it stops here.
    fn take(
        &mut self,
        command: &ReadCommand,
        token: Token,
        key: &Bytes,
        partition: MergedPartition,
        stops_here: bool,
    ) -> Option<Position> {
        let has_content = !partition.entries.is_empty();
        self.live_rows = self.live_rows.saturating_add(partition.counted_rows);
        if has_content {
            self.reply.partitions.push(PartitionData {
                key: key.clone(),
                entries: partition.entries,
            });
        }
        for (repairs, entries) in self.repairs.iter_mut().zip(partition.repairs) {
            if !entries.is_empty() {
                repairs.push((key.clone(), entries));
            }
        }
        let has_enough = self.live_rows >= command.limits.rows.max(1);
        let suffix = match partition.stopped_after {
            Some(suffix) => suffix,
            None if stops_here || (has_enough && has_content) => Position::END,
            None => return None,
        };
        Some(Position {
            token,
            key: key.clone(),
            suffix,
            rows_seen: partition.rows_seen,
        })
    }
}

#[cfg(test)]
mod tests;
