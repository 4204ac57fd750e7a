//! Who was evicted lately: two bytes each, no keys.
//!
//! Sets of sixteen fingerprints, each set first in, first out, so that all of them together are nearly so. One set is half a cache line. A
//! stranger is taken for a ghost once in four thousand times.

const WAYS: usize = 16;

#[derive(Default)]
pub(super) struct Ghosts {
    sets: Box<[[u16; WAYS]]>,
}

impl Ghosts {
    /// Remembers about `entries` of them.
    pub(super) fn new(entries: usize) -> Self {
        Self {
            sets: vec![[0; WAYS]; (entries / WAYS).max(1)].into(),
        }
    }

    /// A set, and a fingerprint that is not zero.
    fn spot(&self, hash: u32) -> (usize, u16) {
        let mixed = hash.wrapping_mul(0x9E37_79B1);
        let set = (u64::from(mixed) * self.sets.len() as u64) >> 32;
        (set as usize, (mixed as u16).max(1))
    }

    pub(super) fn add(&mut self, hash: u32) {
        let (set, mark) = self.spot(hash);
        if let Some(set) = self.sets.get_mut(set) {
            set.copy_within(..WAYS - 1, 1);
            set[0] = mark;
        }
    }

    /// Whether `hash` is one of them; it no longer is.
    pub(super) fn take(&mut self, hash: u32) -> bool {
        let (set, mark) = self.spot(hash);
        let Some(set) = self.sets.get_mut(set) else {
            return false;
        };
        let Some(at) = set.iter().position(|&held| held == mark) else {
            return false;
        };
        set.copy_within(at + 1.., at);
        set[WAYS - 1] = 0;
        true
    }

    pub(super) fn capacity(&self) -> usize {
        self.sets.len() * WAYS
    }

    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.sets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_known_and_the_oldest_forgotten() {
        let mut ghosts = Ghosts::new(1600);
        for hash in 0..16_000u32 {
            ghosts.add(hash.wrapping_mul(0x85EB_CA6B));
        }
        let known = |ghosts: &mut Ghosts, range: std::ops::Range<u32>| {
            range
                .filter(|hash| ghosts.take(hash.wrapping_mul(0x85EB_CA6B)))
                .count()
        };
        assert!(known(&mut ghosts, 0..8000) < 30);
        assert!(
            known(&mut ghosts, 15_200..16_000) > 720,
            "half of what fits is there"
        );
        assert!(known(&mut ghosts, 15_200..16_000) < 30, "taken once");
    }

    #[test]
    fn no_room_is_one_set() {
        let mut ghosts = Ghosts::new(0);
        ghosts.add(3);
        assert!(ghosts.take(3) && !ghosts.take(3));
        assert_eq!(ghosts.memory(), 32);
    }
}
