//! Whose a place is: the part of a key's hash that does not choose the set, and the class of its quota.

/// Bits of a word that name the class.
const CLASS_BITS: u32 = 8;

/// 56 bits of a hash, and 8 bits for the class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag(u64);

impl Tag {
    /// No key's.
    pub(super) const NONE: Self = Self(0);

    /// The tag of a key with this hash, in class 0. The highest bits of a hash are not in it: they choose the set.
    #[inline]
    pub(super) const fn of(hash: u64) -> Self {
        let tag = hash << CLASS_BITS;
        // One in 2^56 hashes would be nobody's.
        Self(if tag == 0 { 1 << CLASS_BITS } else { tag })
    }

    #[inline]
    pub(super) const fn from_word(word: u64) -> Self {
        Self(word)
    }

    pub(super) const fn word(self) -> u64 {
        self.0
    }

    /// This tag with a class.
    pub(super) const fn with_class(self, class: u8) -> Self {
        Self((self.0 >> CLASS_BITS << CLASS_BITS) | class as u64)
    }

    /// The class of the quota.
    #[inline]
    pub(super) const fn class(self) -> u8 {
        self.0 as u8
    }

    /// Whether both are of the same key, whatever the classes.
    #[inline]
    pub(super) const fn is(self, other: Self) -> bool {
        (self.0 ^ other.0) >> CLASS_BITS == 0
    }
}
