//! Rendezvous hashing: every node draws, the best draw wins.

use super::stored::stored;
use super::{Layout, Limits, Member, Placement, Table, Walk};
use crate::kernel::hash::StableHash;
use crate::ring::Error;

/// Rendezvous hashing, also called highest random weight: no table at all, exact weights, and the best replicas. Made by
/// `Rendezvous::default()`.
///
/// Every node draws a number for the key, and the nodes in the order of their draws are the key's nodes: the first is the
/// owner. A node that joins or leaves changes nothing between the others, in the whole list.
///
/// # Weights
///
/// A node's share is exactly its part of all weights, in expectation, however large or small: draws are exponential waiting times,
/// divided by the weight, and the shortest wins.
///
/// # Complexity
///
/// A lookup takes a step for every node, and so does each further replica. 24 bytes per node with weight. Take it for
/// some ten nodes, or where weights are unlike each other; with more nodes the others look up faster.
///
/// # Source
///
/// D. Thaler, C. Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", IEEE/ACM Transactions on Networking, 1998.
/// A node's draw is XXH3-64 over the 16 little-endian bytes of key hash and node id; with `u = (draw + 1) / 2^64` it waits
/// `-ln(u) / weight`, where draws and weights are rounded to 64-bit floating-point numbers, and the logarithm is computed from IEEE 754
/// additions, multiplications and divisions, so that all machines agree. Of equal times the smaller id wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Stored", into = "Stored"))]
#[non_exhaustive]
pub struct Rendezvous {}

stored!(Rendezvous {});

impl Placement for Rendezvous {
    type Table = RendezvousTable;
    type Hash = StableHash;

    fn build(&self, members: &[Member], limits: Limits) -> Result<RendezvousTable, Error> {
        let alive = members.iter().filter(|member| member.weight > 0).count();
        let mut runners = Vec::with_capacity(limits.check(alive as u64)?);
        for (index, member) in members.iter().enumerate() {
            if member.weight > 0 {
                runners.push(Runner {
                    id: member.id,
                    weight: f64::from(member.weight),
                    index: index as u32,
                });
            }
        }
        let equal = runners
            .windows(2)
            .all(|pair| matches!(pair, [one, other] if one.weight == other.weight));
        Ok(RendezvousTable {
            runners: runners.into_boxed_slice(),
            equal,
        })
    }
}

#[derive(Debug)]
struct Runner {
    id: u64,
    weight: f64,
    index: u32,
}

/// The table of [`Rendezvous`].
#[derive(Debug)]
pub struct RendezvousTable {
    runners: Box<[Runner]>,
    /// Whether all weigh the same.
    equal: bool,
}

/// How long a runner takes, and its id: the order of runners.
type Time = (f64, u64);

/// Draws that are further apart than this are in the order of their times, whatever rounding does to these.
const CLOSE: u64 = 1 << 24;

impl RendezvousTable {
    /// The fastest of runners of one weight, without a look at the clock: the largest draw. `None` if two are too close.
    #[inline]
    fn largest_draw(&self, hash: u64) -> Option<usize> {
        let (mut largest, mut second, mut owner) = (0, 0, None);
        for runner in &self.runners {
            let draw = StableHash::pair(hash, runner.id);
            second = draw.min(largest).max(second);
            if draw >= largest {
                (largest, owner) = (draw, Some(runner.index as usize));
            }
        }
        owner.filter(|_| largest - second > CLOSE)
    }

    /// The fastest runner that is slower than `than`.
    #[inline]
    fn next_after(&self, hash: u64, than: Option<Time>) -> Option<(Time, usize)> {
        let mut best = None;
        let mut best_time = (f64::INFINITY, u64::MAX);
        for runner in &self.runners {
            let draw = StableHash::pair(hash, runner.id);
            // A waiting time is at least 1 - u, so most runners are out before a logarithm is taken.
            let at_least = least_time(draw);
            if at_least > best_time.0 * runner.weight {
                continue;
            }
            let time = (waiting_time(draw) / runner.weight, runner.id);
            if time < best_time && than.is_none_or(|than| time > than) {
                best_time = time;
                best = Some(runner.index as usize);
            }
        }
        best.map(|index| (best_time, index))
    }
}

impl Table for RendezvousTable {
    #[inline]
    fn locate(&self, hash: u64) -> Option<usize> {
        if self.equal {
            if let Some(index) = self.largest_draw(hash) {
                return Some(index);
            }
        }
        self.next_after(hash, None).map(|(_, index)| index)
    }

    fn candidate(&self, hash: u64, walk: &mut Walk) -> Option<usize> {
        let last = (f64::from_bits(walk.state[0]), walk.state[1]);
        let than = (walk.step() > 0).then_some(last);
        let ((time, id), index) = self.next_after(hash, than)?;
        walk.state = [time.to_bits(), id];
        Some(index)
    }

    fn layout(&self) -> Layout<'_> {
        let part = |runner: &Runner| (runner.index as usize, runner.weight as u64);
        Layout::Scattered(Box::new(self.runners.iter().map(part)))
    }

    fn size(&self) -> (usize, usize) {
        (self.runners.len(), size_of_val(&*self.runners))
    }
}

/// No more than the waiting time: by more than draws are rounded, and by more than anything else is.
#[inline]
fn least_time(draw: u64) -> f64 {
    (!draw).saturating_sub(1 << 11) as f64 * (ONE / TWO_64)
}

const TWO_64: f64 = 18_446_744_073_709_551_616.0;
/// A little less than one.
const ONE: f64 = 1.0 - 1.0 / 1_099_511_627_776.0;

/// `1 / (2 n + 1)`: the series of the logarithm.
const SERIES: [f64; 11] = [
    1.0,
    1.0 / 3.0,
    1.0 / 5.0,
    1.0 / 7.0,
    1.0 / 9.0,
    1.0 / 11.0,
    1.0 / 13.0,
    1.0 / 15.0,
    1.0 / 17.0,
    1.0 / 19.0,
    1.0 / 21.0,
];

/// `-ln((draw + 1) / 2^64)`, from operations that are the same everywhere.
fn waiting_time(draw: u64) -> f64 {
    const EXPONENT_BITS: u32 = 52;
    let bits = (draw as f64 + 1.0).to_bits();
    let exponent = (bits >> EXPONENT_BITS) as i32 - 1023;
    let mantissa = f64::from_bits(bits & ((1 << EXPONENT_BITS) - 1) | 1023 << EXPONENT_BITS);
    // Around one, where the series is short and nothing cancels.
    let (mantissa, exponent) = if mantissa > std::f64::consts::SQRT_2 {
        (mantissa / 2.0, exponent + 1)
    } else {
        (mantissa, exponent)
    };
    let z = (mantissa - 1.0) / (mantissa + 1.0);
    let square = z * z;
    let series = SERIES
        .iter()
        .rfold(0.0, |sum, coefficient| sum * square + coefficient);
    f64::from(64 - exponent) * std::f64::consts::LN_2 - 2.0 * z * series
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::Rng;

    #[test]
    fn the_largest_draw_is_the_shortest_time() {
        let members: Vec<Member> = (0..9).map(|id| Member::new(id, 3)).collect();
        let table = Rendezvous {}.build(&members, Limits::new(100)).unwrap();
        for hash in 0..10_000 {
            let by_time = table.next_after(hash, None).map(|(_, index)| index);
            assert_eq!(table.largest_draw(hash), by_time);
        }
        let one = Rendezvous {}.build(&members[..1], Limits::new(1)).unwrap();
        assert_eq!(one.locate(7), Some(0));
    }

    #[test]
    fn waiting_times_are_logarithms() {
        let mut rng = Rng::seeded(3);
        let draws = (0..100_000).map(|_| rng.next_u64() >> rng.below(64));
        for draw in draws.chain([
            0,
            1,
            2,
            u64::MAX,
            u64::MAX - (1 << 12),
            1 << 63,
            (1 << 63) - 1,
        ]) {
            let exact = -((draw as f64 + 1.0) / TWO_64).ln();
            let got = waiting_time(draw);
            assert!(
                (got - exact).abs() <= 1e-14 * exact.max(1e-9),
                "{draw}: {got} is not {exact}"
            );
            assert!(least_time(draw) <= got, "{draw}");
        }
    }
}
