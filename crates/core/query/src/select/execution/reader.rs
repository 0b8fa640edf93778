//! The reads of one execution: partitions in order, several at a time, or one range of tokens;
//! each goes on where its last reply stopped.

use super::super::Shape;
use crate::expr::Scope;
use bytes::Bytes;
use quorate_data::DataReply;
use quorate_data::Limits;
use quorate_data::Position;
use quorate_data::ReadCommand;
use quorate_data::ReadTarget;
use quorate_data::Slice;
use quorate_types::NowInSeconds;
use quorate_types::RequestError;
use quorate_types::Token;
use std::collections::VecDeque;

/// Partitions that are read at the same time.
const PARTITIONS_AT_ONCE: u64 = 32;
/// Rows of one reply at most.
const FETCH_ROWS_MAX: u64 = 10_000;
/// A reply is cut at about this size.
const REPLY_BYTES: u32 = 1 << 20;
/// Tombstones after which a replica refuses a read.
const TOMBSTONES_MAX: u32 = 100_000;

/// What is to be read and what was.
#[derive(Debug)]
pub(super) struct Reader {
    now: NowInSeconds,
    slices: Vec<Slice>,
    targets: Vec<ReadTarget>,
    /// The first target that was not begun.
    next: usize,
    /// Begun and not complete, in order.
    pending: VecDeque<Pending>,
    /// How many replies are awaited.
    asked: usize,
}

#[derive(Debug)]
struct Pending {
    index: usize,
    after: Option<Position>,
    reply: Option<DataReply>,
}

impl Reader {
    pub(super) fn new(
        shape: &Shape,
        now: NowInSeconds,
        scope: &mut Scope<'_>,
    ) -> Result<Self, RequestError> {
        let clause = &shape.clause;
        let slices = if clause.partitions.is_scan() && !clause.restricts_clustering {
            // One run over everything, also where each partition is a single row.
            vec![Slice::everything()]
        } else {
            clause.slices(&shape.table, scope)?
        };
        let mut targets: Vec<ReadTarget> = shape
            .clause
            .partitions
            .keys(&shape.table, scope)?
            .into_iter()
            .map(ReadTarget::Partition)
            .collect();
        if let Some(range) = shape.clause.partitions.range(scope)? {
            targets.push(ReadTarget::Range(range));
        }
        if slices.is_empty() {
            // An empty IN: no row can be meant.
            targets.clear();
        }
        Ok(Self {
            now,
            slices,
            targets,
            next: 0,
            pending: VecDeque::new(),
            asked: 0,
        })
    }

    /// Begins at a place that an earlier page ended at.
    pub(super) fn resume(&mut self, index: u32, position: &Position) -> Result<(), RequestError> {
        let index = index as usize;
        let key: &Bytes = &position.key;
        let is_ours = position.token == Token::of_key(key)
            && match self.targets.get(index) {
                Some(ReadTarget::Partition(known)) => known == key,
                Some(ReadTarget::Range(range)) => range.contains(position.token),
                None => false,
            };
        if !is_ours {
            return Err(RequestError::Protocol(
                "Invalid value for the paging state".to_owned(),
            ));
        }
        self.next = index + 1;
        let is_partition = matches!(self.targets.get(index), Some(ReadTarget::Partition(_)));
        if !(is_partition && position.suffix == Position::END) {
            self.pending.push_back(Pending {
                index,
                after: Some(position.clone()),
                reply: None,
            });
        }
        Ok(())
    }

    pub(super) fn is_finished(&self) -> bool {
        self.pending.is_empty() && self.next >= self.targets.len()
    }

    /// Reads for `rows` more rows: the rest of the first partition, or the next partitions.
    pub(super) fn next_reads(
        &mut self,
        shape: &Shape,
        rows: u64,
        rows_per_partition: u64,
    ) -> Vec<ReadCommand> {
        if self.pending.is_empty() {
            let at_once = PARTITIONS_AT_ONCE.min(rows).max(1) as usize;
            let end = self.targets.len().min(self.next + at_once);
            self.pending.extend((self.next..end).map(|index| Pending {
                index,
                after: None,
                reply: None,
            }));
            self.next = end;
        }
        let commands: Vec<ReadCommand> = self
            .pending
            .iter()
            .filter(|pending| pending.reply.is_none())
            .filter_map(|pending| self.command(shape, pending, rows, rows_per_partition))
            .collect();
        self.asked = commands.len();
        commands
    }

    fn command(
        &self,
        shape: &Shape,
        pending: &Pending,
        rows: u64,
        rows_per_partition: u64,
    ) -> Option<ReadCommand> {
        let gc_grace = u32::try_from(shape.table.options.gc_grace_seconds).unwrap_or(0);
        Some(ReadCommand {
            table: shape.table.id,
            epoch: shape.table.epoch,
            now: self.now,
            purge_before_secs: self.now.0.saturating_sub(gc_grace),
            target: self.targets.get(pending.index)?.clone(),
            slices: self.slices.clone(),
            reversed: shape.reversed,
            limits: Limits {
                rows: u32::try_from(rows.min(FETCH_ROWS_MAX)).unwrap_or(u32::MAX),
                rows_per_partition: u32::try_from(rows_per_partition).unwrap_or(u32::MAX),
                reply_bytes: REPLY_BYTES,
                tombstones: TOMBSTONES_MAX,
            },
            after: pending.after.clone(),
        })
    }

    /// Takes the replies to the reads of the last call.
    pub(super) fn accept(&mut self, replies: Vec<DataReply>) -> Result<(), RequestError> {
        if replies.len() != self.asked {
            return Err(RequestError::Server(format!(
                "{} replies came to {} reads",
                replies.len(),
                self.asked
            )));
        }
        self.asked = 0;
        let waiting = self.pending.iter_mut().filter(|p| p.reply.is_none());
        for (pending, reply) in waiting.zip(replies) {
            pending.reply = Some(reply);
        }
        Ok(())
    }

    /// The reply of the first target, when it is here.
    pub(super) fn take_reply(&mut self) -> Option<(u32, DataReply)> {
        let first = self.pending.front_mut()?;
        let index = u32::try_from(first.index).unwrap_or(u32::MAX);
        first.reply.take().map(|reply| (index, reply))
    }

    /// The first target was read to its end.
    pub(super) fn complete(&mut self) {
        self.pending.pop_front();
    }

    /// The first target's reply stopped here, or nothing more of its partition is wanted.
    pub(super) fn go_on_after(&mut self, position: Position) {
        let Some(first) = self.pending.front_mut() else {
            return;
        };
        let is_partition = matches!(
            self.targets.get(first.index),
            Some(ReadTarget::Partition(_))
        );
        if is_partition && position.suffix == Position::END {
            self.pending.pop_front();
        } else {
            first.after = Some(position);
        }
    }
}
