//! Read commands, replies and positions as bytes (`docs/formats/read-reply.md`).

use crate::Bound;
use crate::DataReply;
use crate::Entry;
use crate::EntryKind;
use crate::Limits;
use crate::PartitionData;
use crate::Position;
use crate::ReadCommand;
use crate::ReadTarget;
use crate::RowDigest;
use crate::Slice;
use crate::fragment::bytes_in::BytesIn;
use crate::fragment::bytes_in::Damage;
use crate::fragment::bytes_in::put_sized;
use crate::fragment::bytes_in::put_varint;
use bytes::Bytes;
use quorate_types::Epoch;
use quorate_types::NowInSeconds;
use quorate_types::TableId;
use quorate_types::Token;
use quorate_types::TokenRange;
use uuid::Uuid;

/// The version byte of what we write.
const VERSION: u8 = 1;

const TARGET_PARTITION: u8 = 0;
const TARGET_RANGE: u8 = 1;

/// A count from a peer reserves no more room than this.
const RESERVED_MAX: usize = 1024;

/// Bytes that are no read command, reply, position or digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read message is damaged at byte {offset}: {what}")]
pub struct CorruptReadMessage {
    /// Where reading stopped.
    pub offset: usize,
    /// What was expected there.
    pub what: &'static str,
}

impl From<Damage> for CorruptReadMessage {
    fn from(damage: Damage) -> Self {
        Self {
            offset: damage.offset,
            what: damage.what,
        }
    }
}

impl ReadCommand {
    /// The bytes between nodes. Slices in which nothing can lie are left out.
    pub fn encode(&self) -> Bytes {
        let mut out = vec![VERSION];
        out.extend_from_slice(self.table.0.as_bytes());
        put_varint(self.epoch.0, &mut out);
        out.extend_from_slice(&self.now.0.to_be_bytes());
        out.extend_from_slice(&self.purge_before_secs.to_be_bytes());
        match &self.target {
            ReadTarget::Partition(key) => {
                out.push(TARGET_PARTITION);
                put_sized(key, &mut out);
            }
            ReadTarget::Range(range) => {
                out.push(TARGET_RANGE);
                out.extend_from_slice(&range.start().to_be_bytes());
                out.extend_from_slice(&range.end().value().to_be_bytes());
            }
        }
        let slices = || self.slices.iter().filter(|slice| !slice.is_empty());
        put_varint(slices().count() as u64, &mut out);
        for slice in slices() {
            put_sized(&slice.start.0, &mut out);
            put_sized(&slice.end.0, &mut out);
        }
        out.push(u8::from(self.reversed));
        let limits = self.limits;
        for limit in [
            limits.rows,
            limits.rows_per_partition,
            limits.reply_bytes,
            limits.tombstones,
        ] {
            put_varint(u64::from(limit), &mut out);
        }
        put_position(self.after.as_ref(), &mut out);
        Bytes::from(out)
    }

    /// Reads [`ReadCommand::encode`]; slices must be in order and not overlap.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the command keeps shares of the bytes"
    )]
    pub fn decode(bytes: Bytes) -> Result<Self, CorruptReadMessage> {
        let mut input = open(&bytes)?;
        let table = TableId(Uuid::from_bytes(input.array("a table")?));
        let epoch = Epoch(input.varint("an epoch")?);
        let now = NowInSeconds(u32::from_be_bytes(input.array("the present second")?));
        let purge_before_secs = u32::from_be_bytes(input.array("a purge second")?);
        let target = read_target(&mut input, &bytes)?;
        let slices = read_slices(&mut input, &bytes)?;
        let reversed = read_bool(&mut input, "an order")?;
        let limits = Limits {
            rows: input.varint_u32("a limit of rows")?,
            rows_per_partition: input.varint_u32("a limit of rows per partition")?,
            reply_bytes: input.varint_u32("a limit of bytes")?,
            tombstones: input.varint_u32("a limit of tombstones")?,
        };
        let after = read_position(&mut input, &bytes)?;
        input.end()?;
        Ok(Self {
            table,
            epoch,
            now,
            purge_before_secs,
            target,
            slices,
            reversed,
            limits,
            after,
        })
    }
}

impl Position {
    /// The bytes between nodes, and inside a client's paging state.
    pub fn encode(&self) -> Bytes {
        let mut out = vec![VERSION];
        self.put(&mut out);
        Bytes::from(out)
    }

    /// Reads [`Position::encode`].
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the position keeps shares of the bytes"
    )]
    pub fn decode(bytes: Bytes) -> Result<Self, CorruptReadMessage> {
        let mut input = open(&bytes)?;
        let position = Self::read(&mut input, &bytes)?;
        input.end()?;
        Ok(position)
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.token.to_sorted_bytes());
        put_sized(&self.key, out);
        put_sized(&self.suffix, out);
        put_varint(u64::from(self.rows_seen), out);
    }

    fn read(input: &mut BytesIn<'_>, bytes: &Bytes) -> Result<Self, Damage> {
        let off_the_ring = input.damage("a token that is on the ring");
        let sorted = input.array("a token")?;
        let token = Token::from_sorted_bytes(sorted);
        if token.to_sorted_bytes() != sorted {
            return Err(off_the_ring);
        }
        Ok(Self {
            token,
            key: input.sized_shared(bytes, "a partition key")?,
            suffix: input.sized_shared(bytes, "a suffix")?,
            rows_seen: input.varint_u32("a count of rows")?,
        })
    }
}

impl DataReply {
    /// The bytes between nodes.
    pub fn encode(&self) -> Bytes {
        let mut out = vec![VERSION];
        put_varint(self.partitions.len() as u64, &mut out);
        for partition in &self.partitions {
            put_sized(&partition.key, &mut out);
            put_varint(partition.entries.len() as u64, &mut out);
            for entry in &partition.entries {
                put_sized(&entry.suffix, &mut out);
                put_sized(&entry.fragment, &mut out);
            }
        }
        put_position(self.stopped_at.as_ref(), &mut out);
        Bytes::from(out)
    }

    /// Reads [`DataReply::encode`]; keys, suffixes and fragments are slices of `bytes`. Fragments
    /// are checked where they are used.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the reply keeps shares of the bytes"
    )]
    pub fn decode(bytes: Bytes) -> Result<Self, CorruptReadMessage> {
        let mut input = open(&bytes)?;
        let count = input.count("a count of partitions")?;
        let mut partitions = Vec::with_capacity(count.min(RESERVED_MAX));
        for _ in 0..count {
            let key = input.sized_shared(&bytes, "a partition key")?;
            let count = input.count("a count of entries")?;
            let mut entries = Vec::with_capacity(count.min(RESERVED_MAX));
            for _ in 0..count {
                entries.push(read_entry(&mut input, &bytes)?);
            }
            partitions.push(PartitionData { key, entries });
        }
        let stopped_at = read_position(&mut input, &bytes)?;
        input.end()?;
        Ok(Self {
            partitions,
            stopped_at,
        })
    }
}

impl RowDigest {
    /// The bytes between nodes.
    pub const fn encode(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// Reads [`RowDigest::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CorruptReadMessage> {
        let mut input = BytesIn::new(bytes);
        let digest = u128::from_be_bytes(input.array("a digest")?);
        input.end()?;
        Ok(Self(digest))
    }
}

fn open(bytes: &[u8]) -> Result<BytesIn<'_>, Damage> {
    let mut input = BytesIn::new(bytes);
    let damage = input.damage("version 1");
    match input.byte("a version")? {
        VERSION => Ok(input),
        _ => Err(damage),
    }
}

fn read_bool(input: &mut BytesIn<'_>, what: &'static str) -> Result<bool, Damage> {
    let damage = input.damage(what);
    match input.byte(what)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(damage),
    }
}

fn read_target(input: &mut BytesIn<'_>, bytes: &Bytes) -> Result<ReadTarget, Damage> {
    let damage = input.damage("a target");
    match input.byte("a target")? {
        TARGET_PARTITION => Ok(ReadTarget::Partition(
            input.sized_shared(bytes, "a partition key")?,
        )),
        TARGET_RANGE => {
            let damage = input.damage("a token range");
            let start = i64::from_be_bytes(input.array("a token")?);
            let end = i64::from_be_bytes(input.array("a token")?);
            let end_is_a_token = end != i64::MIN;
            TokenRange::new(start, Token::new(end))
                .filter(|_| end_is_a_token)
                .map(ReadTarget::Range)
                .ok_or(damage)
        }
        _ => Err(damage),
    }
}

fn read_slices(input: &mut BytesIn<'_>, bytes: &Bytes) -> Result<Vec<Slice>, Damage> {
    let count = input.count("a count of slices")?;
    let mut slices: Vec<Slice> = Vec::with_capacity(count.min(RESERVED_MAX));
    for _ in 0..count {
        let damage = input.damage("a slice after the one before it");
        let slice = Slice {
            start: Bound(input.sized_shared(bytes, "a start bound")?),
            end: Bound(input.sized_shared(bytes, "an end bound")?),
        };
        let overlaps = |last: &Slice| last.end > slice.start;
        if slice.is_empty() || slices.last().is_some_and(overlaps) {
            return Err(damage);
        }
        slices.push(slice);
    }
    Ok(slices)
}

fn read_entry(input: &mut BytesIn<'_>, bytes: &Bytes) -> Result<Entry, Damage> {
    let damage = input.damage("the kind of an entry");
    let suffix = input.sized_shared(bytes, "an entry's suffix")?;
    if EntryKind::check_suffix(&suffix).is_err() {
        return Err(damage);
    }
    let fragment = input.sized_shared(bytes, "an entry's fragment")?;
    Ok(Entry { suffix, fragment })
}

fn put_position(position: Option<&Position>, out: &mut Vec<u8>) {
    out.push(u8::from(position.is_some()));
    if let Some(position) = position {
        position.put(out);
    }
}

fn read_position(input: &mut BytesIn<'_>, bytes: &Bytes) -> Result<Option<Position>, Damage> {
    if read_bool(input, "whether a position follows")? {
        Position::read(input, bytes).map(Some)
    } else {
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
