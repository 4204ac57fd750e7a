//! Random numbers for simulations, jitter and tests: fast, seedable, and not for secrets.
//!
//! ```
//! use tenfold::rng::Rng;
//!
//! let mut rng = Rng::seeded(42);
//! let die = 1 + rng.below(6);
//! assert!((1..=6).contains(&die));
//! assert!(rng.unit() < 1.0);
//! ```
//!
//! # Source
//!
//! SplitMix64: G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014. Unbiased
//! ranges: D. Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS 29(1), 2019.
//!
//! # When not to use this
//!
//! For anything an adversary must not predict: one number of 64 bits reveals all that follow.

/// A generator with 64 bits of state: 8 bytes, one addition and two multiplications a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// What a number adds to the state.
    pub(crate) const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

    /// The generator that always gives the same numbers for the same `seed`.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 random bits.
    #[inline]
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(Self::STEP);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, each with the same probability; 0 if `bound` is 0.
    #[inline]
    pub const fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        loop {
            let product = self.next_u64() as u128 * bound as u128;
            let low = product as u64;
            // Rare: only a product in the first `bound` values can be one of the surplus ones.
            if low >= bound || low >= bound.wrapping_neg() % bound {
                return (product >> 64) as u64;
            }
        }
    }

    /// A number in `0.0..1.0`, a multiple of 2^-53.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of seed 1234567, as Java's SplittableRandom and the reference code give them.
    #[test]
    fn reference_sequence() {
        let mut rng = Rng::seeded(1_234_567);
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(expected.map(|_| rng.next_u64()), expected);
    }

    #[test]
    fn below_is_in_range_and_even() {
        let mut rng = Rng::seeded(1);
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.below(1), 0);
        assert!((0..1000).all(|_| rng.below(u64::MAX) < u64::MAX));
        let mut seen = [0_u32; 6];
        for _ in 0..60_000 {
            seen[rng.below(6) as usize] += 1;
        }
        // Six standard deviations of a binomial count.
        assert!(seen.iter().all(|&n| n.abs_diff(10_000) < 550), "{seen:?}");
        // A bound where taking the remainder would double the lower half.
        let bound = 3 << 62;
        let low = (0..30_000).filter(|_| rng.below(bound) < bound / 3).count();
        assert!(low.abs_diff(10_000) < 500, "{low}");
    }
}
