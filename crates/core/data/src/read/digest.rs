//! What two replicas' answers are compared by (semantics 4.2).
//!
//! Replicas may rightly differ in the second they noted for a tombstone, and in whether a sweep has
//! already made a tombstone of an expired cell. Content is what is left when that is left out.

use crate::DataReply;
use crate::ReadCommand;
use crate::RowDigest;
use crate::fragment::CellStateRef;
use crate::fragment::bytes_in::put_sized;
use crate::fragment::bytes_in::put_varint;
use crate::fragment::codec;
use crate::fragment::codec::ItemRef;
use quorate_types::NowInSeconds;

const LIVENESS: u8 = 1;
const DELETION: u8 = 2;
const COLUMN_DELETION: u8 = 3;
const DEAD: u8 = 4;
const LIVE: u8 = 5;
const EXPIRING: u8 = 6;
const UNREADABLE: u8 = 7;
const WITH_PATH: u8 = 0x80;

impl DataReply {
    /// The digest that replicas compare: equal when they have the same to say to `command`.
    #[expect(clippy::missing_panics_doc, reason = "reading from memory cannot fail")]
    pub fn digest(&self, command: &ReadCommand) -> RowDigest {
        let mut content = Vec::new();
        put_varint(self.partitions.len() as u64, &mut content);
        for partition in &self.partitions {
            put_sized(&partition.key, &mut content);
            put_varint(partition.entries.len() as u64, &mut content);
            for entry in &partition.entries {
                put_sized(&entry.suffix, &mut content);
                put_content(&entry.fragment, command.now, &mut content);
            }
        }
        if let Some(position) = &self.stopped_at {
            position.put(&mut content);
        }
        let hash = murmur3::murmur3_x64_128(&mut &content[..], 0);
        RowDigest(hash.expect("reading from memory cannot fail"))
    }
}

/// Whether two fragments say the same to a read at `now`.
pub(crate) fn has_same_content(a: &[u8], b: &[u8], now: NowInSeconds) -> bool {
    if a == b {
        return true;
    }
    let content = |fragment| {
        let mut content = Vec::new();
        put_content(fragment, now, &mut content);
        content
    };
    content(a) == content(b)
}

/// Ends itself: items start with their kind, and zero follows the last. An empty row has none.
fn put_content(fragment: &[u8], now: NowInSeconds, out: &mut Vec<u8>) {
    let start = out.len();
    if put_items(fragment, now, out).is_none() {
        out.truncate(start);
        out.push(UNREADABLE);
        put_sized(fragment, out);
    }
    if out.len() > start {
        out.push(0);
    }
}

fn put_items(fragment: &[u8], now: NowInSeconds, out: &mut Vec<u8>) -> Option<()> {
    let (head, mut items) = codec::open(fragment).ok()?;
    if let Some(liveness) = head.liveness {
        out.push(LIVENESS);
        put_timestamp(liveness.timestamp, out);
        let expiring = liveness.expiring;
        let (ttl, expiry) = expiring.map_or((0, 0), |expiring| (expiring.ttl, expiring.expiry));
        put_varint(u64::from(ttl), out);
        put_varint(u64::from(expiry), out);
    }
    if let Some(deletion) = head.deletion {
        out.push(DELETION);
        put_timestamp(deletion.deleted_at, out);
    }
    while let Some(item) = items.next().ok()? {
        match item {
            ItemRef::ColumnDeletion(column, tombstone) => {
                out.push(COLUMN_DELETION);
                put_varint(u64::from(column.0), out);
                put_timestamp(tombstone.deleted_at, out);
            }
            ItemRef::Cell(cell) => {
                let kind = match cell.state {
                    CellStateRef::Live(_) => LIVE,
                    CellStateRef::Expiring(_, expiring) if !expiring.has_expired(now) => EXPIRING,
                    CellStateRef::Expiring(..) | CellStateRef::Tombstone { .. } => DEAD,
                };
                let path_flag = if cell.path.is_some() { WITH_PATH } else { 0 };
                out.push(kind | path_flag);
                put_varint(u64::from(cell.column.0), out);
                put_timestamp(cell.timestamp, out);
                if let Some(path) = cell.path {
                    put_sized(path, out);
                }
                match cell.state {
                    CellStateRef::Expiring(value, expiring) if kind == EXPIRING => {
                        put_varint(u64::from(expiring.ttl), out);
                        put_varint(u64::from(expiring.expiry), out);
                        put_sized(value, out);
                    }
                    CellStateRef::Live(value) => put_sized(value, out),
                    CellStateRef::Expiring(..) | CellStateRef::Tombstone { .. } => {}
                }
            }
        }
    }
    Some(())
}

fn put_timestamp(timestamp: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(&timestamp.to_be_bytes());
}
