//! How evenly a datacenter's ring is owned, as one number to make small.

use super::place_of;
use crate::Node;
use std::collections::BTreeMap;

/// The replication that balance is judged by, beside the primary ranges.
const JUDGED_FACTOR: usize = 3;
/// Relative deviations are counted in millionths.
const MILLION: i64 = 1_000_000;

/// A datacenter's ring with the joining node's tokens in it.
pub(super) struct Balance {
    /// Place and owner, sorted by place; no two share a place.
    entries: Vec<(u64, usize)>,
    members: Vec<Member>,
    rack_count: usize,
}

/// A node; the last one is the joining one.
struct Member {
    rack: usize,
    /// What it should own of the primary ranges, and of what is replicated.
    primary_target: i64,
    replicated_target: i64,
}

/// The whole ring, in the units that ownership is added up in.
const WHOLE: i64 = 1 << 32;

impl Balance {
    /// The ring of `locals`, who have tokens; the joining node has none yet.
    pub(super) fn new(locals: &[&Node], joining: &Node, num_tokens: usize) -> Self {
        let mut racks = BTreeMap::new();
        let weights: Vec<(usize, i64)> = locals
            .iter()
            .map(|node| (&node.rack, node.tokens.len()))
            .chain([(&joining.rack, num_tokens)])
            .map(|(rack, weight)| {
                let next = racks.len();
                let rack = *racks.entry(rack).or_insert(next);
                (rack, i64::try_from(weight).unwrap_or(1))
            })
            .collect();
        let rack_count = racks.len();
        let total: i64 = weights.iter().map(|(_, weight)| weight).sum();
        let members = weights
            .iter()
            .map(|(rack, weight)| {
                let in_rack: i64 = weights
                    .iter()
                    .filter(|(other, _)| other == rack)
                    .map(|(_, weight)| weight)
                    .sum();
                let factor = i64::try_from(JUDGED_FACTOR.min(weights.len())).unwrap_or(1);
                // With as many racks as replicas each rack holds everything once.
                let replicated = if rack_count == JUDGED_FACTOR {
                    WHOLE * weight / in_rack
                } else {
                    (WHOLE * weight * factor / total).min(WHOLE)
                };
                Member {
                    rack: *rack,
                    primary_target: WHOLE * weight / total,
                    replicated_target: replicated,
                }
            })
            .collect();
        let mut entries: Vec<(u64, usize)> = locals
            .iter()
            .enumerate()
            .flat_map(|(member, node)| {
                node.tokens
                    .iter()
                    .map(move |token| (place_of(*token), member))
            })
            .collect();
        entries.sort_unstable();
        Self {
            entries,
            members,
            rack_count,
        }
    }

    fn joining(&self) -> usize {
        self.members.len() - 1
    }

    pub(super) fn entry_count(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn mean_width(&self) -> u64 {
        u64::MAX / u64::try_from(self.entries.len()).unwrap_or(1)
    }

    pub(super) fn places_of_joining(&self) -> Vec<u64> {
        let joining = self.joining();
        self.entries
            .iter()
            .filter(|(_, member)| *member == joining)
            .map(|(place, _)| *place)
            .collect()
    }

    /// The index of one of the joining node's entries, chosen by `random`.
    pub(super) fn random_of_joining(&self, random: u64) -> usize {
        let joining = self.joining();
        let own: Vec<usize> = (0..self.entries.len())
            .filter(|index| {
                self.entries
                    .get(*index)
                    .is_some_and(|(_, member)| *member == joining)
            })
            .collect();
        let chosen = usize::try_from(random % u64::try_from(own.len().max(1)).unwrap_or(1));
        own.get(chosen.unwrap_or(0)).copied().unwrap_or(0)
    }

    pub(super) fn place(&self, index: usize) -> u64 {
        self.entries.get(index).map_or(0, |(place, _)| *place)
    }

    /// Moves an entry and returns its new index; `None` when somebody is there already.
    pub(super) fn move_entry(&mut self, index: usize, place: u64) -> Option<usize> {
        let at = self.entries.partition_point(|(other, _)| *other < place);
        if self
            .entries
            .get(at)
            .is_some_and(|(other, _)| *other == place)
        {
            return None;
        }
        let (_, member) = self.entries.remove(index);
        let at = if index < at { at - 1 } else { at };
        self.entries.insert(at, (place, member));
        Some(at)
    }

    /// The width of the range that ends at this entry. A ring of one entry is all its own.
    fn width(&self, index: usize) -> u64 {
        let before = index.checked_sub(1).unwrap_or(self.entries.len() - 1);
        let width = self.place(index).wrapping_sub(self.place(before));
        if width == 0 { u64::MAX } else { width }
    }

    /// Gives the joining node its tokens: each takes an equal part of its share, from the widest
    /// range of whoever owns most over its target.
    pub(super) fn cut_from_largest(&mut self, num_tokens: usize) {
        let joining = self.joining();
        let share = self
            .members
            .last()
            .map_or(0, |member| member.primary_target);
        let mut left = u128::from(u64::try_from(share).unwrap_or(0)) << 32;
        for remaining in (1..=num_tokens).rev() {
            let cut =
                u64::try_from(left / u128::try_from(remaining).unwrap_or(1)).unwrap_or(u64::MAX);
            let index = self.widest_of_richest();
            let width = self.width(index);
            let cut = cut.clamp(1, (width / 8).saturating_mul(7).max(1));
            let place = self.place(index).wrapping_sub(width).wrapping_add(cut);
            left = left.saturating_sub(u128::from(cut));
            let at = self.entries.partition_point(|(other, _)| *other < place);
            self.entries.insert(at, (place, joining));
        }
        // Ranges too narrow to cut give equal places; spread those out.
        for index in 1..self.entries.len() {
            let before = self.place(index - 1);
            if let Some((place, _)) = self.entries.get_mut(index)
                && *place <= before
            {
                *place = before.saturating_add(1);
            }
        }
    }

    fn widest_of_richest(&self) -> usize {
        let mut owned = vec![0; self.members.len()];
        for (index, (_, member)) in self.entries.iter().enumerate() {
            add(&mut owned, *member, self.units(index));
        }
        let richest = self
            .members
            .iter()
            .zip(&owned)
            .map(|(member, owned)| deviation(*owned, member.primary_target))
            .take(self.joining())
            .enumerate()
            .max_by_key(|(member, deviation)| (*deviation, usize::MAX - member))
            .map_or(0, |(member, _)| member);
        (0..self.entries.len())
            .filter(|index| {
                self.entries
                    .get(*index)
                    .is_some_and(|(_, owner)| *owner == richest)
            })
            .max_by_key(|index| self.width(*index))
            .unwrap_or(0)
    }

    fn units(&self, index: usize) -> i64 {
        i64::try_from(self.width(index) >> 32).unwrap_or(WHOLE)
    }

    /// Grows with the squares of the members' relative deviations, and most with the largest.
    pub(super) fn cost(&self) -> i128 {
        let mut primary = vec![0; self.members.len()];
        let mut replicated = vec![0; self.members.len()];
        for (index, (_, owner)) in self.entries.iter().enumerate() {
            let units = self.units(index);
            add(&mut primary, *owner, units);
            for member in self.replicas(index).into_iter().flatten() {
                add(&mut replicated, member, units);
            }
        }
        let mut sum = 0;
        let mut largest = 0;
        for ((member, primary), replicated) in self.members.iter().zip(primary).zip(replicated) {
            for deviation in [
                deviation(primary, member.primary_target),
                deviation(replicated, member.replicated_target),
            ] {
                let square = i128::from(deviation) * i128::from(deviation);
                sum += square;
                largest = largest.max(square);
            }
        }
        sum + largest * i128::try_from(self.members.len()).unwrap_or(1)
    }

    /// The walk of `placement`, for three replicas in one datacenter, without allocating.
    fn replicas(&self, index: usize) -> [Option<usize>; JUDGED_FACTOR] {
        let mut chosen = [None; JUDGED_FACTOR];
        let wanted = JUDGED_FACTOR.min(self.members.len());
        let mut repeats = JUDGED_FACTOR.saturating_sub(self.rack_count);
        let mut count = 0;
        let (before, after) = self.entries.split_at(index);
        for (_, member) in after.iter().chain(before) {
            if count == wanted {
                break;
            }
            if chosen.contains(&Some(*member)) {
                continue;
            }
            let rack = self.rack(*member);
            if chosen
                .iter()
                .flatten()
                .any(|other| self.rack(*other) == rack)
            {
                if repeats == 0 {
                    continue;
                }
                repeats -= 1;
            }
            if let Some(slot) = chosen.get_mut(count) {
                *slot = Some(*member);
            }
            count += 1;
        }
        chosen
    }

    fn rack(&self, member: usize) -> usize {
        self.members.get(member).map_or(0, |member| member.rack)
    }
}

fn add(owned: &mut [i64], member: usize, units: i64) {
    if let Some(owned) = owned.get_mut(member) {
        *owned += units;
    }
}

/// By how many millionths of its target a member owns more (or less).
fn deviation(owned: i64, target: i64) -> i64 {
    let target = target.max(1);
    i64::try_from(i128::from(owned - target) * i128::from(MILLION) / i128::from(target))
        .unwrap_or(i64::MAX)
}
