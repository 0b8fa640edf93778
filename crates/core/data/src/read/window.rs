//! Which part of a partition a read still has to do, or has done.
//!
//! Places are suffixes: a row's is just after that row in the order of the read, [`Position::END`]
//! is after everything, and anything else is before the first row.

use crate::Bound;
use crate::EntryKind;
use crate::Position;
use crate::ReadCommand;
use crate::Slice;
use quorate_types::Token;
use std::borrow::Cow;
use std::cmp::Ordering;

/// A place among the rows of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place<'a> {
    Start,
    After(&'a [u8]),
    End,
}

impl<'a> Place<'a> {
    fn of_suffix(suffix: &'a [u8]) -> Self {
        match suffix.split_first() {
            Some((&kind, clustering)) if kind == EntryKind::Row.byte() => Self::After(clustering),
            _ if suffix == &Position::END[..] => Self::End,
            _ => Self::Start,
        }
    }
}

/// Which of two places of a partition comes first in the order of the read.
pub(crate) fn compare_places(reversed: bool, a: &[u8], b: &[u8]) -> Ordering {
    let rank = |place| match place {
        Place::Start => 0,
        Place::After(_) => 1,
        Place::End => 2,
    };
    match (Place::of_suffix(a), Place::of_suffix(b)) {
        (Place::After(a), Place::After(b)) if reversed => b.cmp(a),
        (Place::After(a), Place::After(b)) => a.cmp(b),
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

/// What a read has to do in one partition.
#[derive(Debug, Clone)]
pub(crate) struct Window<'c> {
    /// The rows to read, in storage order.
    pub(crate) slices: Cow<'c, [Slice]>,
    /// Rows of the partition that earlier pages counted.
    pub(crate) rows_seen: u32,
}

impl ReadCommand {
    /// `None`: nothing is left to do there.
    pub(crate) fn window(&self, token: Token, key: &[u8]) -> Option<Window<'_>> {
        let everything = Window {
            slices: Cow::Borrowed(&self.slices),
            rows_seen: 0,
        };
        let Some(after) = &self.after else {
            return Some(everything);
        };
        match (after.token, &after.key[..]).cmp(&(token, key)) {
            Ordering::Less => Some(everything),
            Ordering::Greater => None,
            Ordering::Equal => {
                let is_done = after.suffix == Position::END
                    || after.rows_seen >= self.limits.rows_per_partition.max(1);
                let slices = clip(&self.slices, after_place(self.reversed, &after.suffix));
                (!is_done).then_some(Window {
                    slices: Cow::Owned(slices),
                    rows_seen: after.rows_seen,
                })
            }
        }
    }
}

impl Window<'_> {
    /// What of it lies before the place; all of it, when it was read to its end.
    pub(crate) fn until(&self, reversed: bool, stopped_after: Option<&[u8]>) -> Cow<'_, [Slice]> {
        let Some(place) = stopped_after else {
            return Cow::Borrowed(&self.slices);
        };
        let bounds = match Place::of_suffix(place) {
            Place::Start => return Cow::Borrowed(&[]),
            Place::End => return Cow::Borrowed(&self.slices),
            Place::After(clustering) if reversed => (Some(Bound::just_before(clustering)), None),
            Place::After(clustering) => (None, Some(Bound::just_after(clustering))),
        };
        Cow::Owned(clip(&self.slices, bounds))
    }

    /// Whether no row is left to read after the place.
    pub(crate) fn is_done_after(&self, reversed: bool, place: &[u8]) -> bool {
        clip(&self.slices, after_place(reversed, place)).is_empty()
    }
}

fn after_place(reversed: bool, place: &[u8]) -> (Option<Bound>, Option<Bound>) {
    match Place::of_suffix(place) {
        Place::Start => (None, None),
        Place::End => (Some(Bound::TOP), None),
        Place::After(clustering) if reversed => (None, Some(Bound::just_before(clustering))),
        Place::After(clustering) => (Some(Bound::just_after(clustering)), None),
    }
}

fn clip(slices: &[Slice], (from, to): (Option<Bound>, Option<Bound>)) -> Vec<Slice> {
    let clipped = slices.iter().map(|slice| Slice {
        start: from
            .as_ref()
            .map_or(&slice.start, |from| from.max(&slice.start))
            .clone(),
        end: to
            .as_ref()
            .map_or(&slice.end, |to| to.min(&slice.end))
            .clone(),
    });
    clipped.filter(|slice| !slice.is_empty()).collect()
}
