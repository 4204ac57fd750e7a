//! The circle of libketama.

use super::KetamaHash;
use super::hashes::at;
use super::listed::{Numbered, listed, total};
use crate::ring::Error;
use crate::ring::placement::points::{Circle, CircleTable, point};
use crate::ring::placement::stored::stored;
use crate::ring::placement::{Limits, Member, Placement};

/// The circle of libketama: every key where RJ's original places it. Made by `Ketama::default()`.
///
/// A server's weight is the `memory` of the servers file, and its name the text in front of it, `10.0.1.1:11211`. On average
/// a server has 160 points; its share of the total memory says how many. A key belongs to the first point at or after its
/// hash.
///
/// ```
/// use tenfold::ring::Ring;
/// use tenfold::ring::placement::Ketama;
///
/// let servers = Ring::builder().weighted("10.0.1.1:11211", 600).weighted("10.0.1.2:11211", 300);
/// let ring = servers.placement(Ketama::default()).build()?;
/// assert_eq!(ring.locate("user:42"), Some(&"10.0.1.1:11211"));
/// # Ok::<(), tenfold::ring::Error>(())
/// ```
///
/// # Weights
///
/// Of `n` servers one has `⌊40 × n × weight / total⌋` times four points, in the arithmetic of the original: the quotient
/// in 32 bits, the product in 64 and its floor in 32 again. So a server with less than a fortieth of the average weight
/// owns nothing. A change of `n` or of the total can give or take points of any server: when one weight grows, all others
/// lose some. The original refuses a file in which a server has no memory; here a node of weight
/// zero is not on the list and does not count.
///
/// # Ties
///
/// Where two servers have a point at one position, the first on the list has it, and the order of the list matters for
/// nothing else. That is what a stable sort makes of it; the original calls `qsort`, which need not be one.
///
/// # What the original does besides
///
/// It reads names of at most 23 bytes, takes an IPv6 address as it is written in its file, ends keys at the first zero byte,
/// and keeps its points in 512 KiB of shared memory. It reads the number in the last line of a file without its last digit if
/// no line break follows. It knows no replicas; here they are the servers of the points that follow. Other libraries that are
/// called ketama can have other points.
///
/// # Complexity
///
/// As [`Native`](crate::ring::Native): 9 to 10 bytes per point. Building computes MD5 once for four points, and sorts them.
/// The arithmetic is that of IEEE 754; an original built for x87 may round otherwise.
///
/// # Source
///
/// R. Jones, libketama (`ketama_create_continuum`, `ketama_get_server`), github.com/RJ/ketama. The points of a server are the
/// four little-endian numbers in each MD5 of `name-0`, `name-1`, ….
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Stored", into = "Stored"))]
#[non_exhaustive]
pub struct Ketama {}

stored!(Ketama {});

/// Digests of a server, four points each.
fn digests(weight: u32, total: u64, servers: usize) -> u32 {
    let share = weight as f32 / total as f32;
    let digests = f64::from(share) * 40.0 * f64::from(servers as f32);
    (digests as f32).floor() as u32
}

impl Placement for Ketama {
    type Table = CircleTable;
    type Hash = KetamaHash;

    fn build(&self, members: &[Member], limits: Limits) -> Result<CircleTable, Error> {
        CircleTable::check(members)?;
        let servers = listed(members)?;
        let total = total(&servers);
        let digests = |weight| digests(weight, total, servers.len());
        let needed: u64 = servers
            .iter()
            .map(|server| u64::from(digests(server.weight)) * 4)
            .sum();
        let count = limits.check(needed)?;
        let mut words = Vec::with_capacity(count + Circle::SPARE);
        for server in &servers {
            let mut text = Numbered::new(server.name, b'-');
            for k in 0..digests(server.weight) {
                let md5::Digest(digest) = md5::compute(text.with(u64::from(k)));
                let digest = u128::from_le_bytes(digest);
                let numbers = [0, 32, 64, 96].map(|shift| (digest >> shift) as u32);
                words.extend(numbers.map(|position| point(at(position), server.owner)));
            }
        }
        // By position, and at one position by the order of the list.
        words.sort_unstable();
        Ok(CircleTable::new(Circle::from_sorted(words)))
    }

    fn by_name(&self) -> bool {
        true
    }
}
