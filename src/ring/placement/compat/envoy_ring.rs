//! The hash ring of Envoy.

use super::Xxh64Hash;
use super::listed::{Numbered, listed, normalised};
use crate::ring::Error;
use crate::ring::placement::points::Wide;
use crate::ring::placement::stored::stored;
use crate::ring::placement::{Layout, Limits, Member, Placement, Table, Walk};

/// The ring of Envoy: every key where its `ring_hash` load balancer places it, with the hash function `XX_HASH`.
///
/// A node's name is the host's address as Envoy prints it, `10.0.0.1:80` or `[::1]:80`, which is how the address types of
/// the standard library print theirs; with `use_hostname_for_hashing` it is the host name, and a `hash_key` in the host's
/// metadata comes before both. A key belongs to the first point at or after its hash.
///
/// ```
/// use tenfold::ring::Ring;
/// use tenfold::ring::placement::EnvoyRing;
///
/// let hosts = Ring::builder().nodes(["127.0.0.1:90", "127.0.0.1:91"]);
/// let ring = hosts.placement(EnvoyRing::default()).build()?;
/// assert_eq!(ring.stats().entries, 1024);
/// # Ok::<(), tenfold::ring::Error>(())
/// ```
///
/// # Weights
///
/// The ring has about as many points as make a whole number for the lightest host, no fewer than the minimum and no more than
/// the maximum; all of them are shared out by weight, and fractions are carried from host to host. So the order of the list
/// can decide who has one point more, and a light host beside a heavy one makes a large ring. Weights count in proportion
/// only. Envoy takes a weight of zero as one, and refuses weights that add up to 2^32 or more; here a node of weight zero is
/// not on the list, and there is no such limit.
///
/// While the minimum decides how many points there are, a change of hosts or weights changes how many each host has, so
/// those of others come and go as well: more moves than must, some of it between hosts that stay.
///
/// # Ties
///
/// Where two hosts have a point at one position, the first on the list has it. Envoy does not say who; at 64 bits it does not
/// happen by chance.
///
/// # What Envoy does besides
///
/// It puts only healthy hosts on the ring, or all of them in a panic, and has a ring for each priority; it can multiply
/// weights by those of localities, place hosts by MurmurHash2, and pass over hosts with too much load. None of that is here.
/// Its retries take the hosts of the points that follow, which are the candidates here. [`Xxh64Hash`] tells how it hashes
/// keys.
///
/// # Complexity
///
/// As [`Native`](crate::ring::Native), but 13 to 14 bytes per point: 8 for the point, 4 for its owner and one for each of
/// as many guide entries, rounded up to a power of two. Building sorts the points. The arithmetic is that of IEEE 754 without
/// fused operations, as in builds of Envoy for x86-64; where the compiler fuses a product and a sum, a host may have a point
/// more or less.
///
/// # Source
///
/// Envoy, `ring_hash_lb.cc` and `thread_aware_lb_impl.cc`. Points of a host are XXH64 over `name_0`, `name_1`, ….
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Stored", into = "Stored"))]
pub struct EnvoyRing {
    minimum: u32,
    maximum: u32,
}

impl EnvoyRing {
    /// A ring of these sizes: `minimum_ring_size` and `maximum_ring_size`, of which Envoy takes up to 8 388 608. A minimum
    /// above the maximum is refused when the ring is built. With a minimum or a maximum of zero nobody owns
    /// anything.
    #[must_use]
    pub const fn with_ring_sizes(minimum: u32, maximum: u32) -> Self {
        Self { minimum, maximum }
    }

    /// Points that the ring has at least.
    #[must_use]
    pub const fn minimum_ring_size(&self) -> u32 {
        self.minimum
    }

    /// Points that the ring has at most, give or take one for rounding.
    #[must_use]
    pub const fn maximum_ring_size(&self) -> u32 {
        self.maximum
    }

    /// How many points each host has. Sizes fit into 32 bits, so all numbers here are far from where whole ones lose digits.
    fn shares(&self, weights: &[f64]) -> Vec<u64> {
        let lightest = weights.iter().copied().fold(1.0, f64::min);
        let whole = (lightest * f64::from(self.minimum)).ceil();
        let scale = (whole / lightest).min(f64::from(self.maximum));
        let (mut made, mut target) = (0.0_f64, 0.0_f64);
        let share = |weight: &f64| {
            target += scale * weight;
            let until = target.ceil().max(made);
            let own = until - made;
            made = until;
            own as u64
        };
        weights.iter().map(share).collect()
    }
}

impl Default for EnvoyRing {
    /// From 1024 to 8 388 608 points, as Envoy has it.
    fn default() -> Self {
        Self::with_ring_sizes(1024, 1 << 23)
    }
}

stored!(EnvoyRing {
    minimum: u32,
    maximum: u32
});

impl Placement for EnvoyRing {
    type Table = EnvoyRingTable;
    type Hash = Xxh64Hash;

    fn build(&self, members: &[Member], limits: Limits) -> Result<EnvoyRingTable, Error> {
        let Self { minimum, maximum } = *self;
        if minimum > maximum {
            return Err(Error::RingSizes { minimum, maximum });
        }
        let hosts = listed(members)?;
        let shares = self.shares(&normalised(&hosts));
        let count = limits.check(shares.iter().copied().fold(0, u64::saturating_add))?;
        let mut pairs = Vec::with_capacity(count);
        for (host, own) in hosts.iter().zip(shares) {
            let mut text = Numbered::new(host.name, b'_');
            pairs.extend((0..own).map(|i| (Xxh64Hash::bytes(text.with(i)), host.owner)));
        }
        pairs.sort_unstable();
        Ok(EnvoyRingTable {
            circle: Wide::from_pairs(pairs),
        })
    }

    fn by_name(&self) -> bool {
        true
    }
}

/// The table of [`EnvoyRing`].
#[derive(Debug)]
pub struct EnvoyRingTable {
    circle: Wide,
}

impl Table for EnvoyRingTable {
    #[inline]
    fn locate(&self, hash: u64) -> Option<usize> {
        self.circle.owner(hash)
    }

    fn candidate(&self, hash: u64, walk: &mut Walk) -> Option<usize> {
        self.circle.next_owner(hash, walk)
    }

    fn layout(&self) -> Layout<'_> {
        Layout::Ranges(Box::new(self.circle.ranges()))
    }

    fn size(&self) -> (usize, usize) {
        (self.circle.len(), self.circle.heap_bytes())
    }
}
