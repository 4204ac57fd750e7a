//! Size and evenness of a ring, and what happened to a shared one.

use super::placement::{Layout, Member, Table, ascending};

/// Size and evenness of a ring, and for a [`SharedRing`](super::SharedRing) what happened to it.
///
/// ```
/// use tenfold::ring::{Native, Ring};
///
/// let ring = Ring::builder().nodes(0..100_u32).placement(Native::with_points(1024)).build()?;
/// let stats = ring.stats();
/// assert_eq!((stats.nodes, stats.entries), (100, 102_400));
/// assert!(stats.peak_to_mean < 1.15);
/// # Ok::<(), tenfold::ring::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Stats {
    /// Nodes, those of weight zero included.
    pub nodes: usize,
    /// Nodes of weight zero.
    pub drained: usize,
    /// Entries in the table.
    pub entries: usize,
    /// Bytes of heap memory of the table; the nodes themselves not included.
    pub heap_bytes: usize,
    /// The largest share of a node, as a multiple of what its weight entitles it to. 1 is perfect; 0 if nobody owns anything
    /// or the placement does not tell.
    pub peak_to_mean: f64,
    /// Standard deviation of the nodes' shares, each as a multiple of what its weight entitles it to.
    pub variation: f64,
    /// Rings published by a [`SharedRing`](super::SharedRing), the first one not counted.
    pub changes: u64,
    /// Changes that were worked out again because another one came in between.
    pub conflicts: u64,
    /// Changes that were refused with an error.
    pub refusals: u64,
}

impl Stats {
    /// What happened since `earlier`: the counters as differences, everything else as it is now.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            changes: self.changes.saturating_sub(earlier.changes),
            conflicts: self.conflicts.saturating_sub(earlier.conflicts),
            refusals: self.refusals.saturating_sub(earlier.refusals),
            ..*self
        }
    }
}

pub(super) fn of_table(table: &impl Table, members: &[Member]) -> Stats {
    let (entries, heap_bytes) = table.size();
    let shares = shares(table, members.len()).unwrap_or_default();
    let (peak_to_mean, variation) = evenness(&shares, members);
    let drained = members.iter().filter(|member| member.weight == 0).count();
    Stats {
        nodes: members.len(),
        drained,
        entries,
        heap_bytes,
        peak_to_mean,
        variation,
        ..Stats::default()
    }
}

/// The part of the hash space that each member owns, unless the table does not tell.
pub(super) fn shares(table: &impl Table, members: usize) -> Option<Vec<f64>> {
    let mut owned = vec![0_u128; members];
    let mut add = |owner: usize, amount: u128| {
        if let Some(share) = owned.get_mut(owner) {
            *share += amount;
        }
    };
    match table.layout() {
        Layout::Ranges(ranges) => {
            let mut first = 0_u128;
            for (last, owner) in ascending(ranges) {
                add(owner, u128::from(last) + 1 - first);
                first = u128::from(last) + 1;
            }
        }
        Layout::Jump(buckets) => buckets.iter().for_each(|owner| add(*owner as usize, 1)),
        Layout::Scattered(parts) => parts.for_each(|(owner, part)| add(owner, u128::from(part))),
        Layout::Opaque => return None,
    }
    let all = owned.iter().sum::<u128>().max(1) as f64;
    let share = |amount| amount as f64 / all;
    Some(owned.into_iter().map(share).collect())
}

/// Peak and standard deviation of shares relative to weights.
fn evenness(shares: &[f64], members: &[Member]) -> (f64, f64) {
    let total: f64 = members.iter().map(|member| f64::from(member.weight)).sum();
    let weighted = shares
        .iter()
        .zip(members)
        .filter(|(_, member)| member.weight > 0);
    let relative: Vec<f64> = weighted
        .map(|(share, member)| share * total / f64::from(member.weight))
        .collect();
    let peak = relative.iter().copied().fold(0.0, f64::max);
    let squares: f64 = relative
        .iter()
        .map(|share| (share - 1.0) * (share - 1.0))
        .sum();
    (peak, (squares / relative.len().max(1) as f64).sqrt())
}
