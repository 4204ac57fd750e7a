//! The hash that every contestant uses where it lets one choose: tenfold's own, so that tables are compared and not
//! hash functions.

use std::hash::{BuildHasher, Hasher};

use tenfold::hash::StableHash;

/// Builds [`Xxh3`] hashers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BuildXxh3;

impl BuildHasher for BuildXxh3 {
    type Hasher = Xxh3;

    fn build_hasher(&self) -> Xxh3 {
        Xxh3::default()
    }
}

/// XXH3-64 behind the standard trait.
///
/// What is written is folded into one word, which is hashed at the end: a `u64` on its own hashes to exactly
/// `StableHash::u64`, and a crate that writes a constant before the key pays next to nothing for it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Xxh3 {
    folded: u64,
}

impl Xxh3 {
    fn fold(&mut self, word: u64) {
        // An odd factor: different words stay different, and so do their orders.
        self.folded = self
            .folded
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(29)
            ^ word;
    }
}

impl Hasher for Xxh3 {
    fn write(&mut self, bytes: &[u8]) {
        self.fold(StableHash::bytes(bytes));
    }

    fn write_u8(&mut self, value: u8) {
        self.fold(value.into());
    }

    fn write_u16(&mut self, value: u16) {
        self.fold(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.fold(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.fold(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.fold(value as u64);
    }

    fn finish(&self) -> u64 {
        StableHash::u64(self.folded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_word_hashes_as_tenfold_hashes_it() {
        for word in [0, 1, u64::MAX] {
            assert_eq!(BuildXxh3.hash_one(word), StableHash::u64(word));
        }
    }

    #[test]
    fn order_and_length_count() {
        let hashes = [
            BuildXxh3.hash_one((1_u32, 2_u32)),
            BuildXxh3.hash_one((2_u32, 1_u32)),
            BuildXxh3.hash_one(1_u32),
            BuildXxh3.hash_one("1"),
        ];
        for (index, hash) in hashes.iter().enumerate() {
            assert!(
                hashes.iter().skip(index + 1).all(|other| other != hash),
                "{hashes:?}"
            );
        }
    }
}
