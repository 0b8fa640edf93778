//! Chance from a seed: independent streams, so that drawing more from one shifts no other.

/// One stream of random numbers (SplitMix64).
#[derive(Debug, Clone)]
pub struct Rng(u64);

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Rng {
    /// The stream of this name and number under a seed.
    pub fn stream(seed: u64, name: &str, number: u64) -> Self {
        let mut state = mix(seed.wrapping_add(GOLDEN));
        for byte in name.bytes() {
            state = mix(state ^ u64::from(byte)).wrapping_add(GOLDEN);
        }
        Self(mix(state ^ number.wrapping_mul(GOLDEN)))
    }

    /// 64 random bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number below `bound`; 0 when the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.draw()) * u128::from(bound);
        (wide >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// An index of a list of this length; 0 for an empty one.
    pub fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// A number from 0 to 1.
    pub fn unit(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something of this probability happens.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A number whose logarithm is spread evenly.
    pub fn log_uniform(&mut self, low: f64, high: f64) -> f64 {
        (low.ln() + self.unit() * (high.ln() - low.ln())).exp()
    }

    /// A waiting time of this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// One of a list; `None` when it is empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.index(list.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ_by_seed_name_and_number() {
        let first = |seed, name, number| Rng::stream(seed, name, number).draw();
        assert_eq!(first(1, "network", 0), first(1, "network", 0));
        assert_ne!(first(1, "network", 0), first(2, "network", 0));
        assert_ne!(first(1, "network", 0), first(1, "faults", 0));
        assert_ne!(first(1, "network", 0), first(1, "network", 1));
    }

    #[test]
    fn draws_stay_inside_their_bounds() {
        let mut rng = Rng::stream(7, "bounds", 0);
        for _ in 0..1_000 {
            assert!((3..=5).contains(&rng.between(3, 5)));
            assert!(rng.below(2) < 2);
            assert!((0.0..1.0).contains(&rng.unit()));
            assert!((0.5..=2.0).contains(&rng.log_uniform(0.5, 2.0)));
        }
        assert_eq!(rng.pick::<u8>(&[]), None);
    }
}
