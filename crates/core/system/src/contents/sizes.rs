//! `system.size_estimates` and `system.table_estimates`: how much lies in each of this node's primary
//! ranges, for jobs that split a table into parts.
//!
//! What is known of a table is its size on the whole node; it is shared out by the ranges' lengths.

use crate::SizeEstimate;
use crate::Snapshot;
use crate::rows::Rows;
use crate::rows::Wire;
use crate::rows::bigint;
use crate::rows::text;
use quorate_types::Token;

pub(super) fn size_estimates(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    put_estimates(rows, snapshot, &[]);
}

pub(super) fn table_estimates(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>) {
    put_estimates(rows, snapshot, &[("range_type", text("primary"))]);
}

fn put_estimates(rows: &mut Rows<'_>, snapshot: &Snapshot<'_>, more: &[(&'static str, Wire)]) {
    let ranges = primary_ranges(snapshot);
    for size in &snapshot.sizes {
        for range in &ranges {
            let mut values = estimate(size, range).to_vec();
            values.extend_from_slice(more);
            rows.put(&values);
        }
    }
}

/// The ring from after one token to another, round its end where the other is not larger.
struct PrimaryRange {
    after: Token,
    to: Token,
    /// Which part of all that the node is primary for.
    share: f64,
}

fn primary_ranges(snapshot: &Snapshot<'_>) -> Vec<PrimaryRange> {
    let entries = snapshot.metadata.ring().entries();
    let before = entries.last().into_iter().chain(entries);
    let mut ranges: Vec<PrimaryRange> = before
        .zip(entries)
        .filter(|(_, (_, owner))| *owner == snapshot.local.host_id)
        .map(|((after, _), (to, _))| PrimaryRange {
            after: *after,
            to: *to,
            share: length(*after, *to),
        })
        .collect();
    let total: f64 = ranges.iter().map(|range| range.share).sum();
    for range in &mut ranges {
        range.share /= total;
    }
    ranges
}

/// How many tokens lie in a range; the one that starts where it ends is the whole ring.
fn length(after: Token, to: Token) -> f64 {
    let tokens = to.value().wrapping_sub(after.value()).cast_unsigned();
    if tokens == 0 {
        u64::MAX as f64
    } else {
        tokens as f64
    }
}

fn estimate(size: &SizeEstimate, range: &PrimaryRange) -> [(&'static str, Wire); 6] {
    let partitions = (size.partitions as f64 * range.share).round() as u64;
    [
        ("keyspace_name", text(&size.keyspace)),
        ("table_name", text(&size.table)),
        ("range_start", text(&range.after.value().to_string())),
        ("range_end", text(&range.to.value().to_string())),
        ("mean_partition_size", bigint(size.partition_bytes_mean)),
        ("partitions_count", bigint(partitions)),
    ]
}
