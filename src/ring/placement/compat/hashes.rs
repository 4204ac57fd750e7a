//! How other systems hash keys.

use crate::ring::placement::KeyHash;

/// The hash at a position of a circle of 2^32 positions.
pub(super) const fn at(position: u32) -> u64 {
    (position as u64) << 32
}

/// The key hash of [`Ketama`](super::Ketama): the first four bytes of MD5, read as a little-endian number, in the upper half
/// of the 64 bits.
///
/// # Source
///
/// RFC 1321 for MD5; `ketama_hashi` in libketama.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct KetamaHash;

impl KetamaHash {
    /// The hash of `bytes`.
    #[inline]
    #[must_use]
    pub fn bytes(bytes: &[u8]) -> u64 {
        let [a, b, c, d, ..] = md5::compute(bytes).0;
        at(u32::from_le_bytes([a, b, c, d]))
    }
}

impl<K: AsRef<[u8]> + ?Sized> KeyHash<K> for KetamaHash {
    #[inline]
    fn key_hash(key: &K) -> u64 {
        Self::bytes(key.as_ref())
    }
}

/// The key hash of [`NginxConsistent`](super::NginxConsistent): CRC-32 as zlib and Ethernet have it, in the upper half of the
/// 64 bits.
///
/// # Source
///
/// ISO 3309, ITU-T V.42; `ngx_crc32_long` in nginx.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Crc32Hash;

impl Crc32Hash {
    /// The hash of `bytes`.
    #[inline]
    #[must_use]
    pub fn bytes(bytes: &[u8]) -> u64 {
        at(crc32fast::hash(bytes))
    }
}

impl<K: AsRef<[u8]> + ?Sized> KeyHash<K> for Crc32Hash {
    #[inline]
    fn key_hash(key: &K) -> u64 {
        Self::bytes(key.as_ref())
    }
}

/// The key hash of [`EnvoyRing`](super::EnvoyRing) and [`EnvoyMaglev`](super::EnvoyMaglev): XXH64 with seed 0.
///
/// That is what Envoy makes of one header with one value, one cookie, one query parameter or the printed source address. It
/// joins the hashes of several policies: the one so far, rotated left by one bit, exclusive-or the next, beginning with zero.
/// Pass the result to the `_hash` forms.
///
/// # Source
///
/// Y. Collet, the xxHash specification; `HashUtil::xxHash64` and `HashPolicyImpl::generateHash` in Envoy.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Xxh64Hash;

impl Xxh64Hash {
    /// The hash of `bytes`.
    #[inline]
    #[must_use]
    pub fn bytes(bytes: &[u8]) -> u64 {
        Self::seeded(0, bytes)
    }

    #[inline]
    pub(super) fn seeded(seed: u64, bytes: &[u8]) -> u64 {
        twox_hash::XxHash64::oneshot(seed, bytes)
    }
}

impl<K: AsRef<[u8]> + ?Sized> KeyHash<K> for Xxh64Hash {
    #[inline]
    fn key_hash(key: &K) -> u64 {
        Self::bytes(key.as_ref())
    }
}
