//! Which tokens a joining node gets, so that every node owns about as much as its number of
//! tokens says, both of primary ranges and of everything replicated three times.
//!
//! Only the nodes of its own datacenter count: each datacenter replicates for itself. The first
//! one there is spaced evenly. Each next one first takes equal cuts from whoever owns most, then
//! a local search moves the cuts until nothing gets better. The search counts its steps, has no
//! clock, draws from a generator seeded by the names involved, and computes in integers: every
//! node allocates the same tokens.

use crate::Metadata;
use crate::Node;
use quorate_types::Token;
use quorate_types::murmur3_h1;
use std::collections::BTreeSet;

mod balance;

use balance::Balance;

/// How many tokens a node can own.
pub(crate) const NUM_TOKENS_MAX: u32 = 256;
/// How many ring entries the search may look at; some 10 ms, whatever the size of the ring.
const SEARCH_ENTRIES_MAX: usize = 1_000_000;
const SEARCH_STEPS_MAX: usize = 6_000;

/// A place on the ring as an unsigned number: sorts like the tokens.
fn place_of(token: Token) -> u64 {
    u64::from_be_bytes(token.to_sorted_bytes())
}

fn token_at(place: u64) -> Token {
    Token::from_sorted_bytes(place.to_be_bytes())
}

/// The tokens for `joining`, which is not among the nodes yet: as many as asked for (at least
/// one, at most 256), none of them anybody's.
///
/// # Panics
///
/// When the tokens' number is not the one asked for, which would be a bug.
pub fn allocate_tokens(metadata: &Metadata, joining: &Node, num_tokens: u32) -> BTreeSet<Token> {
    let num_tokens = usize::try_from(num_tokens.clamp(1, NUM_TOKENS_MAX)).unwrap_or(1);
    let locals: Vec<&Node> = metadata
        .present_nodes()
        .filter(|node| node.datacenter == joining.datacenter && !node.tokens.is_empty())
        .collect();
    let seed = seed(metadata, joining, locals.len());
    let places = if locals.is_empty() {
        evenly_spaced(seed, num_tokens)
    } else {
        let mut balance = Balance::new(&locals, joining, num_tokens);
        balance.cut_from_largest(num_tokens);
        search(&mut balance, seed);
        balance.places_of_joining()
    };
    let mut taken: BTreeSet<Token> = metadata
        .present_nodes()
        .flat_map(|node| node.tokens.iter().copied())
        .collect();
    let mut tokens = BTreeSet::new();
    for place in places {
        let mut place = place;
        // A neighbour place differs by nothing that anybody could measure.
        while !taken.insert(token_at(place)) {
            place = place.wrapping_add(1);
        }
        tokens.insert(token_at(place));
    }
    assert_eq!(
        tokens.len(),
        num_tokens,
        "each place became a token of its own"
    );
    tokens
}

/// Depends on names and counts only, so that clusters differ and nodes agree.
fn seed(metadata: &Metadata, joining: &Node, local_count: usize) -> u64 {
    let mut bytes = Vec::new();
    for text in [&metadata.cluster_name, &joining.datacenter] {
        bytes.extend(text.as_bytes());
        bytes.push(0);
    }
    bytes.extend(u64::try_from(local_count).unwrap_or(u64::MAX).to_be_bytes());
    murmur3_h1(&bytes).cast_unsigned()
}

/// The ring in equal parts, turned by the seed.
fn evenly_spaced(seed: u64, num_tokens: usize) -> Vec<u64> {
    let count = u64::try_from(num_tokens).unwrap_or(1);
    let spacing = u64::MAX / count;
    let offset = seed % spacing;
    (0..count).map(|index| offset + index * spacing).collect()
}

/// Moves one token at a time, keeping what is better, until the steps are used up.
fn search(balance: &mut Balance, seed: u64) {
    let steps = (SEARCH_ENTRIES_MAX / balance.entry_count()).min(SEARCH_STEPS_MAX);
    let mut random = SplitMix(seed);
    let mut cost = balance.cost();
    for step in 0..steps {
        let moved = balance.random_of_joining(random.next());
        let before = balance.place(moved);
        // Far moves find the right ranges first, near ones then find the right cut.
        let place = if step % 2 == 0 && step < steps / 2 {
            random.next()
        } else {
            let reach = balance.mean_width() >> (random.next() % 8);
            let offset = random.next() % (2 * reach + 1);
            before.wrapping_add(offset).wrapping_sub(reach)
        };
        let Some(moved) = balance.move_entry(moved, place) else {
            continue;
        };
        let new_cost = balance.cost();
        if new_cost <= cost {
            cost = new_cost;
        } else {
            balance
                .move_entry(moved, before)
                .expect("its old place is free again");
        }
    }
}

/// A small generator with a known sequence (Steele, Lea and Flood's SplitMix64).
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests;
