//! The circle of nginx.

use super::Crc32Hash;
use super::hashes::at;
use super::listed::{listed, total};
use crate::ring::Error;
use crate::ring::placement::points::{Circle, CircleTable, point};
use crate::ring::placement::stored::stored;
use crate::ring::placement::{Limits, Member, Placement};

/// Points per unit of weight.
const POINTS: u64 = 160;

/// The circle of nginx: every key where `hash … consistent` places it. Made by `NginxConsistent::default()`.
///
/// A node's name is the text in the `server` directive, its weight the `weight` there, and a key the bytes that the
/// expression of the `hash` directive makes. A server has 160 points per unit of weight, each made from the one before; a key
/// belongs to the first point at or after its hash.
///
/// ```
/// use tenfold::ring::Ring;
/// use tenfold::ring::placement::NginxConsistent;
///
/// let servers = Ring::builder().nodes(["127.0.0.1:7777", "127.0.0.1:7778"]);
/// let ring = servers.placement(NginxConsistent::default()).build()?;
/// assert_eq!(ring.locate("/some/path"), Some(&"127.0.0.1:7778"));
/// # Ok::<(), tenfold::ring::Error>(())
/// ```
///
/// # Names
///
/// Only the text counts, so `backend` and `backend:80` are two servers. The port is what follows the last colon, if that is
/// digits only; `unix:` in front, in whatever case, is left out. An IPv6 address stands in brackets, `[::1]:80`, as the
/// address types of the standard library print it. The pingora-ketama crate leaves the brackets out: for its placement the
/// name is `::1:80`.
///
/// # Weights
///
/// Points of a server depend on itself only, so a change moves only what it must: between servers that stay nothing
/// moves. nginx does not take a weight of zero. A node of weight zero is placed like a server that is `down`: its keys
/// go where nginx takes them.
///
/// # Ties
///
/// Where two servers have a point at one position, the first on the list has it and the other point is gone. That is what
/// a stable sort makes of it; nginx calls `qsort`, which need not be one.
///
/// # What nginx does besides
///
/// It takes turns among the addresses that one server name stands for, and spreads requests with an empty key over all
/// servers; here an empty key has an owner. A server that fails is passed over for those of the points that follow, which are
/// the candidates here, but after some 20 points nginx takes turns as well. Servers marked `backup` are on no circle: leave
/// them out. One that is marked `resolve` is known by the text in its directive all the same; with `service` it is known by
/// the names that the DNS gives.
///
/// # Complexity
///
/// As [`Native`](crate::ring::Native): 9 to 10 bytes per point. Building computes CRC-32 of four bytes per point, and sorts
/// them.
///
/// # Source
///
/// R. Arutyunyan, `ngx_http_upstream_hash_module.c` in nginx, which follows Cache::Memcached::Fast. A point is CRC-32 over
/// host, a zero byte, port, and the four little-endian bytes of the server's point before, zero at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Stored", into = "Stored"))]
#[non_exhaustive]
pub struct NginxConsistent {}

stored!(NginxConsistent {});

/// Host and port, as nginx tells them apart.
fn host_and_port(name: &[u8]) -> (&[u8], &[u8]) {
    if let Some((scheme, path)) = name.split_at_checked(5) {
        if scheme.eq_ignore_ascii_case(b"unix:") {
            return (path, b"");
        }
    }
    let last = name.iter().rposition(|byte| !byte.is_ascii_digit());
    match last.and_then(|last| name.split_at_checked(last)) {
        Some((host, [b':', port @ ..])) => (host, port),
        _ => (name, b""),
    }
}

/// The positions of a server's points, without end.
fn positions(name: &[u8]) -> impl Iterator<Item = u32> {
    let (host, port) = host_and_port(name);
    let mut base = crc32fast::Hasher::new();
    for part in [host, b"\0", port] {
        base.update(part);
    }
    let after = move |before: u32| {
        let mut hasher = base.clone();
        hasher.update(&before.to_le_bytes());
        hasher.finalize()
    };
    let first = after(0);
    std::iter::successors(Some(first), move |before| Some(after(*before)))
}

impl Placement for NginxConsistent {
    type Table = CircleTable;
    type Hash = Crc32Hash;

    fn build(&self, members: &[Member], limits: Limits) -> Result<CircleTable, Error> {
        CircleTable::check(members)?;
        let servers = listed(members)?;
        let count = limits.check(total(&servers).saturating_mul(POINTS))?;
        let mut words = Vec::with_capacity(count + Circle::SPARE);
        for server in &servers {
            // No more than the limit, which is checked.
            let own = (u64::from(server.weight) * POINTS) as usize;
            words.extend(
                positions(server.name)
                    .take(own)
                    .map(|position| point(at(position), server.owner)),
            );
        }
        // By position, and at one position by the order of the list; then only the first at each counts.
        words.sort_unstable();
        words.dedup_by_key(|word| point(*word, 0));
        Ok(CircleTable::new(Circle::from_sorted(words)))
    }

    fn by_name(&self) -> bool {
        true
    }
}
