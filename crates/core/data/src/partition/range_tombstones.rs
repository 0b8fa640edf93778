//! Which deletion covers a place, and which range tombstones are worth telling.

use crate::Bound;
use crate::Slice;
use crate::Tombstone;
use std::collections::BTreeSet;

/// The range tombstones of one partition (or of the part of it that matters).
#[derive(Debug, Clone, Default)]
pub struct RangeTombstones {
    ranges: Vec<(Slice, Tombstone)>,
    /// Disjoint and ascending, each with the greatest tombstone over it.
    segments: Vec<(Slice, Tombstone)>,
}

impl RangeTombstones {
    /// Takes them in any order; they may overlap.
    pub fn new(ranges: Vec<(Slice, Tombstone)>) -> Self {
        let mut segments: Vec<(Slice, Tombstone)> = Vec::with_capacity(ranges.len());
        let everything = (0..ranges.len()).collect::<Vec<_>>();
        for_each_segment(&ranges, &everything, |start, end, active| {
            let Some(&(tombstone, _)) = active.last() else {
                return;
            };
            match segments.last_mut() {
                Some((last, same)) if last.end == *start && *same == tombstone => {
                    last.end = end.clone();
                }
                _ => {
                    let slice = Slice {
                        start: start.clone(),
                        end: end.clone(),
                    };
                    segments.push((slice, tombstone));
                }
            }
        });
        Self { ranges, segments }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The greatest that covers the row.
    pub fn covering(&self, framed_clustering: &[u8]) -> Option<Tombstone> {
        if self.segments.is_empty() {
            return None;
        }
        let index = self
            .segments
            .partition_point(|(slice, _)| &slice.end.0[..] < framed_clustering);
        let (slice, tombstone) = self.segments.get(index)?;
        slice.contains(framed_clustering).then_some(*tombstone)
    }

    /// Those that pass `matters` and are, somewhere in `window`, the greatest of all that do; in
    /// order of their slices. The others change nothing for a reader of `window`.
    pub fn visible(
        &self,
        window: &[Slice],
        matters: impl Fn(&Tombstone) -> bool,
    ) -> Vec<(&Slice, Tombstone)> {
        let candidates: Vec<usize> = (0..)
            .zip(&self.ranges)
            .filter(|(_, (_, tombstone))| matters(tombstone))
            .map(|(index, _)| index)
            .collect();
        let mut visible = BTreeSet::new();
        for_each_segment(&self.ranges, &candidates, |start, end, active| {
            let is_read = |slice: &Slice| slice.start < *end && *start < slice.end;
            let Some(&(greatest, _)) = active.last() else {
                return;
            };
            if window.iter().any(is_read) {
                let equal = active
                    .iter()
                    .rev()
                    .take_while(|(tombstone, _)| *tombstone == greatest);
                visible.extend(equal.map(|&(_, index)| index));
            }
        });
        let mut found: Vec<(&Slice, Tombstone)> = visible
            .into_iter()
            .filter_map(|index| self.ranges.get(index))
            .map(|(slice, tombstone)| (slice, *tombstone))
            .collect();
        found.sort_unstable();
        found
    }
}

/// Calls back with each stretch between two neighbouring bounds and the chosen ranges over it.
fn for_each_segment(
    ranges: &[(Slice, Tombstone)],
    chosen: &[usize],
    mut on_segment: impl FnMut(&Bound, &Bound, &BTreeSet<(Tombstone, usize)>),
) {
    let mut bounds: Vec<(&Bound, bool, (Tombstone, usize))> = Vec::with_capacity(2 * chosen.len());
    for &index in chosen {
        if let Some((slice, tombstone)) = ranges.get(index).filter(|(slice, _)| !slice.is_empty()) {
            bounds.push((&slice.start, true, (*tombstone, index)));
            bounds.push((&slice.end, false, (*tombstone, index)));
        }
    }
    bounds.sort_unstable();
    let mut active = BTreeSet::new();
    let mut previous: Option<&Bound> = None;
    for (bound, starts, range) in bounds {
        if let Some(previous) = previous.filter(|previous| *previous != bound) {
            on_segment(previous, bound, &active);
        }
        if starts {
            active.insert(range);
        } else {
            active.remove(&range);
        }
        previous = Some(bound);
    }
}
