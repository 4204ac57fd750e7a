//! Two kinds of hash, and why they must not be mixed up.
//!
//! | | for | stable | seeded |
//! |---|---|---|---|
//! | [`DefaultHashBuilder`] | tables in memory | no: another release or machine may hash differently | yes, against chosen keys |
//! | [`StableHash`] | placing data: rings, shards, sticky routing | yes: specified, with published vectors | no |
//!
//! A key that places data implements [`StableKey`]. Hash it once and hand the number on: every placement call has a form
//! that takes the hash, and [`Hashed`] carries a key and its hash together.
//!
//! ```
//! use tenfold::hash::{Hashed, StableHash, StableKey};
//!
//! assert_eq!("user:42".stable_hash(), StableHash::bytes(b"user:42"));
//! let key = Hashed::new("user:42");
//! assert_eq!(key.stable_hash(), "user:42".stable_hash()); // and costs nothing from now on
//! ```
//!
//! # When not to use this
//!
//! Neither hash withstands an adversary who wants collisions in [`StableHash`]: it has no secret, since all processes must
//! agree. Where tenants choose keys freely and skew is an attack, bound the load per node.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

/// Builds the hashers of this crate's in-memory tables: seeded per instance, and opaque.
///
/// The algorithm (ahash today) may change in any release, so nothing may depend on its values.
#[derive(Clone, Debug)]
pub struct DefaultHashBuilder(ahash::RandomState);

impl DefaultHashBuilder {
    /// A builder with a random seed.
    #[must_use]
    pub fn new() -> Self {
        Self(ahash::RandomState::new())
    }

    /// A builder with a fixed seed, for tests and simulations that must repeat.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(ahash::RandomState::with_seeds(
            seed,
            !seed,
            seed.rotate_left(32),
            !seed.rotate_left(32),
        ))
    }
}

impl Default for DefaultHashBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl BuildHasher for DefaultHashBuilder {
    type Hasher = DefaultHasher;

    #[inline]
    fn build_hasher(&self) -> Self::Hasher {
        DefaultHasher(self.0.build_hasher())
    }
}

/// What [`DefaultHashBuilder`] builds.
#[derive(Clone, Debug)]
pub struct DefaultHasher(ahash::AHasher);

macro_rules! forward {
    ($($write:ident: $type:ty),*) => {
        impl Hasher for DefaultHasher {
            #[inline]
            fn finish(&self) -> u64 {
                self.0.finish()
            }
            $(
                #[inline]
                fn $write(&mut self, value: $type) {
                    self.0.$write(value);
                }
            )*
        }
    };
}
forward!(write: &[u8], write_u8: u8, write_u16: u16, write_u32: u32, write_u64: u64, write_u128: u128, write_usize: usize);

/// The hash that places data: XXH3-64 with seed 0, version 1 of this crate's placement hash.
///
/// The same bytes give the same number on every platform, in every process and in every release with the same
/// [`VERSION`](Self::VERSION).
///
/// # Source
///
/// Y. Collet, the xxHash specification; vectors in `tests/hash.rs`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StableHash;

impl StableHash {
    /// Which specification the values follow. A change moves data, so it comes with a new major release, if ever.
    pub const VERSION: u32 = 1;

    /// The hash of `bytes`.
    #[inline]
    #[must_use]
    pub fn bytes(bytes: &[u8]) -> u64 {
        twox_hash::XxHash3_64::oneshot(bytes)
    }

    /// The hash of the eight little-endian bytes of `number`.
    #[inline]
    #[must_use]
    pub fn u64(number: u64) -> u64 {
        Self::bytes(&number.to_le_bytes())
    }

    /// The hash of two numbers, in this order: sixteen little-endian bytes.
    #[inline]
    #[must_use]
    pub fn pair(first: u64, second: u64) -> u64 {
        let both = u128::from(second) << 64 | u128::from(first);
        Self::bytes(&both.to_le_bytes())
    }
}

/// A key whose hash is the same everywhere: what a placement needs.
///
/// [`std::hash::Hash`] does not promise that: it feeds native byte orders and widths to the hasher. The implementations here
/// hash text and bytes as they are, integers as eight little-endian bytes (128-bit ones as sixteen), so `7_u32` and
/// `7_usize` are one key, and negative numbers sign-extended.
///
/// # Example: a key of your own
///
/// ```
/// use tenfold::hash::{StableHash, StableKey};
///
/// struct OrderId { tenant: u64, number: u64 }
///
/// impl StableKey for OrderId {
///     fn stable_hash(&self) -> u64 {
///         StableHash::pair(self.tenant, self.number)
///     }
/// }
/// # assert_ne!(OrderId { tenant: 1, number: 2 }.stable_hash(), OrderId { tenant: 2, number: 1 }.stable_hash());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no hash that is the same on every machine",
    note = "implement `StableKey` for `{Self}` with `StableHash::bytes` or `StableHash::pair`, or call the `_hash` form"
)]
pub trait StableKey {
    /// The hash, equal for equal keys, on every machine and in every release.
    fn stable_hash(&self) -> u64;

    /// The name under which other systems know this, for placements that agree with them: text and bytes as they are,
    /// numbers in decimal digits, addresses as they are printed (`10.0.1.1:11211`, `[::1]:80`). Types of your own have
    /// none unless they say so.
    fn stable_name(&self) -> Option<Cow<'_, [u8]>> {
        None
    }
}

/// The name of whatever is known by its text.
fn printed(value: &impl ToString) -> Option<Cow<'_, [u8]>> {
    Some(Cow::Owned(value.to_string().into_bytes()))
}

macro_rules! integers {
    ($($type:ty => $wide:ty),*) => {$(
        impl StableKey for $type {
            #[inline]
            fn stable_hash(&self) -> u64 {
                StableHash::bytes(&(*self as $wide).to_le_bytes())
            }

            fn stable_name(&self) -> Option<Cow<'_, [u8]>> {
                printed(self)
            }
        }
    )*};
}
integers!(u8 => u64, u16 => u64, u32 => u64, u64 => u64, usize => u64, u128 => u128);
integers!(i8 => i64, i16 => i64, i32 => i64, i64 => i64, isize => i64, i128 => i128);

macro_rules! as_bytes {
    ($($type:ty),*) => {$(
        impl StableKey for $type {
            #[inline]
            fn stable_hash(&self) -> u64 {
                StableHash::bytes(self.as_ref())
            }

            fn stable_name(&self) -> Option<Cow<'_, [u8]>> {
                Some(Cow::Borrowed(self.as_ref()))
            }
        }
    )*};
}
as_bytes!(str, String, [u8], Vec<u8>);

impl<const N: usize> StableKey for [u8; N] {
    #[inline]
    fn stable_hash(&self) -> u64 {
        StableHash::bytes(self)
    }

    fn stable_name(&self) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Borrowed(self))
    }
}

macro_rules! as_pointee {
    ($($type:ty),*) => {$(
        impl<K: StableKey + ?Sized> StableKey for $type {
            #[inline]
            fn stable_hash(&self) -> u64 {
                (**self).stable_hash()
            }

            fn stable_name(&self) -> Option<Cow<'_, [u8]>> {
                (**self).stable_name()
            }
        }
    )*};
}
as_pointee!(&K, &mut K, Box<K>, Rc<K>, Arc<K>);

impl<K: StableKey + ToOwned + ?Sized> StableKey for Cow<'_, K> {
    #[inline]
    fn stable_hash(&self) -> u64 {
        (**self).stable_hash()
    }

    fn stable_name(&self) -> Option<Cow<'_, [u8]>> {
        (**self).stable_name()
    }
}

impl StableKey for Ipv4Addr {
    #[inline]
    fn stable_hash(&self) -> u64 {
        StableHash::bytes(&self.octets())
    }

    fn stable_name(&self) -> Option<Cow<'_, [u8]>> {
        printed(self)
    }
}

impl StableKey for Ipv6Addr {
    #[inline]
    fn stable_hash(&self) -> u64 {
        StableHash::bytes(&self.octets())
    }

    fn stable_name(&self) -> Option<Cow<'_, [u8]>> {
        printed(self)
    }
}

impl StableKey for IpAddr {
    #[inline]
    fn stable_hash(&self) -> u64 {
        match self {
            Self::V4(address) => address.stable_hash(),
            Self::V6(address) => address.stable_hash(),
        }
    }

    fn stable_name(&self) -> Option<Cow<'_, [u8]>> {
        printed(self)
    }
}

impl StableKey for SocketAddr {
    #[inline]
    fn stable_hash(&self) -> u64 {
        StableHash::pair(self.ip().stable_hash(), u64::from(self.port()))
    }

    fn stable_name(&self) -> Option<Cow<'_, [u8]>> {
        printed(self)
    }
}

/// A key and its stable hash, computed once.
///
/// Whatever takes a [`StableKey`] takes this and does not hash again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashed<K> {
    hash: u64,
    key: K,
}

impl<K: StableKey> Hashed<K> {
    /// Hashes `key`.
    #[must_use]
    pub fn new(key: K) -> Self {
        Self {
            hash: key.stable_hash(),
            key,
        }
    }
}

impl<K> Hashed<K> {
    /// The key.
    #[must_use]
    pub const fn key(&self) -> &K {
        &self.key
    }

    /// The key, without its hash.
    #[must_use]
    pub fn into_key(self) -> K {
        self.key
    }
}

impl<K: StableKey> StableKey for Hashed<K> {
    #[inline]
    fn stable_hash(&self) -> u64 {
        self.hash
    }

    fn stable_name(&self) -> Option<Cow<'_, [u8]>> {
        self.key.stable_name()
    }
}

impl<K> std::hash::Hash for Hashed<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}
