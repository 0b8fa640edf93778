//! Whom to talk to in one round.
//!
//! One up peer, always. Sometimes a down one, or nobody would notice that it is back. Sometimes a
//! seed, or two halves of a cluster that lost sight of each other would never meet again.
//!
//! Decides from counts and random numbers alone; the machine knows the names.

use quorate_types::Endpoint;

/// The addresses a round chooses from.
pub(crate) struct Candidates {
    /// Of peers that are up.
    pub(crate) up: Vec<Endpoint>,
    /// Of peers that are not.
    pub(crate) down: Vec<Endpoint>,
    /// Of the seeds but this node.
    pub(crate) seeds: Vec<Endpoint>,
}

impl Candidates {
    /// The addresses to open an exchange with, each once.
    pub(crate) fn choose(&self, random: &mut dyn FnMut() -> u64) -> Vec<Endpoint> {
        let mut chosen: Vec<Endpoint> = Vec::new();
        let mut add = |endpoint: Option<&Endpoint>| {
            if let Some(endpoint) = endpoint
                && !chosen.contains(endpoint)
            {
                chosen.push(endpoint.clone());
            }
        };
        let up = pick(&self.up, random);
        add(up);

        let (up_count, down_count) = (self.up.len() as f64, self.down.len() as f64);
        if happens(down_count / (up_count + 1.0), random) {
            add(pick(&self.down, random));
        }

        let seed_reached = up.is_some_and(|up| self.seeds.contains(up));
        if !seed_reached || self.up.len() < self.seeds.len() {
            let seeds_count = self.seeds.len() as f64;
            if up.is_none() || happens(seeds_count / (up_count + down_count), random) {
                add(pick(&self.seeds, random));
            }
        }
        chosen
    }
}

/// Each alike; nothing of nothing.
fn pick<'a>(from: &'a [Endpoint], random: &mut dyn FnMut() -> u64) -> Option<&'a Endpoint> {
    // The upper half of the product is evenly spread over 0..len.
    let index = (u128::from(random()) * from.len() as u128) >> 64;
    from.get(usize::try_from(index).ok()?)
}

/// True with this probability; always from 1 on.
fn happens(probability: f64, random: &mut dyn FnMut() -> u64) -> bool {
    const STEPS: f64 = (1u64 << 53) as f64;
    ((random() >> 11) as f64) / STEPS < probability
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(prefix: &str, count: usize) -> Vec<Endpoint> {
        let one = |i| format!("{prefix}{i}:7000").parse().unwrap();
        (0..count).map(one).collect()
    }

    /// How often in 10,000 rounds an up, down and seed address is chosen.
    fn play(up: usize, down: usize, seeds: Vec<Endpoint>) -> (u32, u32, u32) {
        let candidates = Candidates {
            up: addresses("up", up),
            down: addresses("down", down),
            seeds,
        };
        let mut random = crate::tests::random(7);
        let mut counts = (0, 0, 0);
        for _ in 0..10_000 {
            for endpoint in candidates.choose(&mut random) {
                match endpoint.host.trim_end_matches(char::is_numeric) {
                    "up" => counts.0 += 1,
                    "down" => counts.1 += 1,
                    _ => counts.2 += 1,
                }
            }
        }
        counts
    }

    #[test]
    fn one_up_peer_is_chosen_every_round() {
        assert_eq!(play(3, 0, vec![]), (10_000, 0, 0));
    }

    #[test]
    fn a_down_peer_is_chosen_as_often_as_down_ones_outnumber_up_ones() {
        let (_, down, _) = play(4, 1, vec![]);
        assert!((1_800..2_200).contains(&down), "a fifth, {down}");
        assert_eq!(play(1, 2, vec![]), (10_000, 10_000, 0));
    }

    #[test]
    fn without_an_up_peer_a_seed_is_always_asked() {
        assert_eq!(play(0, 0, addresses("seed", 2)), (0, 0, 10_000));
        assert_eq!(play(0, 3, addresses("seed", 2)), (0, 10_000, 10_000));
    }

    #[test]
    fn a_seed_is_asked_as_often_as_seeds_are_frequent() {
        let (_, _, seed) = play(8, 2, addresses("seed", 2));
        assert!((1_800..2_200).contains(&seed), "a fifth, {seed}");
    }

    #[test]
    fn a_seed_that_was_just_chosen_is_not_asked_again() {
        assert_eq!(play(1, 0, addresses("up", 1)), (10_000, 0, 0));
    }

    #[test]
    fn every_up_peer_gets_its_turn() {
        let candidates = Candidates {
            up: addresses("up", 5),
            down: vec![],
            seeds: vec![],
        };
        let mut random = crate::tests::random(3);
        let mut seen: Vec<Endpoint> = (0..100)
            .flat_map(|_| candidates.choose(&mut random))
            .collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen, candidates.up);
    }

    #[test]
    fn nobody_to_talk_to_is_no_fault() {
        assert_eq!(play(0, 0, vec![]), (0, 0, 0));
    }
}
