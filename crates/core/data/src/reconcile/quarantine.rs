//! Merging for a storage engine, whose merge must not fail: what cannot be read is kept as it is.
//!
//! A quarantine is a set of unreadable byte strings beside one readable fragment. Merging unites
//! the sets and merges the fragments; a string that has become readable (a newer version of this
//! program knows its format) leaves the set. So it is as associative as the plain merge.
//!
//! ```text
//! ff · length · readable fragment · { length · unreadable bytes }*   ascending
//! ```

use super::Merger;
use crate::fragment::bytes_in::BytesIn;
use crate::fragment::bytes_in::Damage;
use crate::fragment::bytes_in::put_sized;
use std::collections::BTreeSet;

/// The version byte of quarantined bytes.
pub(crate) const QUARANTINE_VERSION: u8 = 0xFF;

/// [`crate::CorruptFragment`]'s `what` for bytes that [`merge_or_quarantine`] could not read and
/// kept.
pub const QUARANTINED: &str = "a fragment that can be read (these bytes are quarantined)";

/// Quarantined bytes, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined<'a> {
    /// The merge of all that could be read; the empty row when nothing could.
    pub readable: &'a [u8],
    /// What could not, in ascending order.
    pub unreadable: Vec<&'a [u8]>,
}

impl<'a> Quarantined<'a> {
    /// Takes apart what [`merge_or_quarantine`] wrote; `None` when these bytes are not quarantined.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        (bytes.first() == Some(&QUARANTINE_VERSION))
            .then(|| Self::take_apart(bytes).ok())
            .flatten()
    }

    fn take_apart(bytes: &'a [u8]) -> Result<Self, Damage> {
        let mut input = BytesIn::new(bytes);
        input.byte("a version")?;
        let readable = input.sized("a readable fragment")?;
        let mut unreadable = Vec::new();
        while !input.is_at_end() {
            unreadable.push(input.sized("unreadable bytes")?);
        }
        Ok(Self {
            readable,
            unreadable,
        })
    }
}

/// Merges what a storage engine holds of one row; never fails and never drops. Fragments that
/// cannot be read are kept as they are beside the merge of those that can, under a version byte of
/// their own; reading such bytes is a [`crate::CorruptFragment`] that says [`QUARANTINED`].
pub fn merge_or_quarantine<'a>(
    existing: Option<&'a [u8]>,
    operands: impl Iterator<Item = &'a [u8]>,
) -> Vec<u8> {
    let mut merger = Merger::new();
    let mut unreadable = BTreeSet::new();
    let mut fragments = existing.into_iter().chain(operands);
    let (first, second) = (fragments.next(), fragments.next());
    let is_begun = first
        .zip(second)
        .is_some_and(|(first, second)| merger.begin(first, second).is_ok());
    let singly = first.into_iter().chain(second).filter(|_| !is_begun);
    for fragment in singly.chain(fragments) {
        if merger.push(fragment).is_err() {
            take_in(fragment, &mut merger, &mut unreadable);
        }
    }
    if unreadable.is_empty() {
        return merger.finish().to_vec();
    }
    let mut out = vec![QUARANTINE_VERSION];
    put_sized(merger.finish(), &mut out);
    for bytes in unreadable {
        put_sized(bytes, &mut out);
    }
    out
}

/// Merges all readable parts of `bytes`, to whatever depth they are quarantined, and keeps the rest.
fn take_in<'a>(bytes: &'a [u8], merger: &mut Merger, unreadable: &mut BTreeSet<&'a [u8]>) {
    let mut left = vec![bytes];
    while let Some(bytes) = left.pop() {
        if merger.push(bytes).is_ok() {
            continue;
        }
        match Quarantined::parse(bytes) {
            Some(parts) => {
                left.push(parts.readable);
                left.extend(parts.unreadable);
            }
            None => {
                unreadable.insert(bytes);
            }
        }
    }
}
