//! What must be copied between two rings, range by range.

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;

use super::flow::RangeMove;
use crate::ring::placement::{Layout, Native, Placement, Table, ascending};
use crate::ring::{Error, Ring};

/// What must be copied on the way from one ring to another, range by range: made by [`Ring::moves`].
#[must_use = "an iterator does nothing until it is asked"]
pub struct Moves<'r, N, P: Placement = Native, P2: Placement = Native> {
    old: Side<'r, N, P>,
    new: Side<'r, N, P2>,
    /// Where the next range begins, unless all is done.
    first: Option<u64>,
    /// Moves of the last range, which may go on.
    open: Vec<RangeMove>,
    ready: VecDeque<RangeMove>,
}

/// One of the two rings, and where the walk along it stands.
struct Side<'r, N, P: Placement> {
    ring: &'r Ring<N, P>,
    copies: usize,
    ranges: Box<dyn Iterator<Item = (u64, usize)> + Send + 'r>,
    last: u64,
    /// Nodes of the range that ends at `last`, as ids and indices.
    nodes: Vec<(u64, usize)>,
}

impl<'r, N, P: Placement> Side<'r, N, P> {
    fn new(ring: &'r Ring<N, P>, copies: usize) -> Result<Self, Error> {
        let Layout::Ranges(ranges) = ring.table().layout() else {
            return Err(Error::Incomparable);
        };
        // The same nodes come up for all hashes, at the latest at the end of the walk. Those that never do are not waited for.
        let copies = match copies {
            0 | 1 => copies,
            _ => copies.min(ring.distinct(0).count()),
        };
        let mut side = Self {
            ring,
            copies,
            ranges: Box::new(ascending(ranges)),
            last: 0,
            nodes: Vec::new(),
        };
        side.advance(0);
        Ok(side)
    }

    /// Goes on to the range that begins here.
    fn advance(&mut self, first: u64) {
        let (last, owner) = self.ranges.next().unzip();
        self.last = last.unwrap_or(u64::MAX);
        let copies = self.copies;
        // The owner is known; further nodes are found as for any key.
        let others = self.ring.distinct(first).take(copies).skip(1);
        let members = self.ring.members();
        let identity = |index: usize| Some((members.get(index)?.id, index));
        self.nodes.clear();
        if copies > 0 {
            self.nodes.extend(owner.and_then(identity));
        }
        if copies > 1 {
            self.nodes.extend(others.filter_map(identity));
        }
    }
}

impl<'r, N, P: Placement, P2: Placement> Moves<'r, N, P, P2> {
    pub(in crate::ring) fn new(
        old: &'r Ring<N, P>,
        new: &'r Ring<N, P2>,
        copies: usize,
    ) -> Result<Self, Error> {
        Ok(Self {
            old: Side::new(old, copies)?,
            new: Side::new(new, copies)?,
            first: Some(0),
            open: Vec::new(),
            ready: VecDeque::new(),
        })
    }

    /// Compares the nodes of the range from `first` to `last`.
    fn compare(&mut self, first: u64, last: u64) {
        let pairs = between(&self.old.nodes, &self.new.nodes);
        let moves = pairs.map(|(from, to, role)| RangeMove {
            first,
            last,
            from,
            to,
            role: role as u32,
        });
        let mut moves: Vec<RangeMove> = moves.collect();
        moves.sort_by_key(|range| range.role);
        let what = |range: &RangeMove| (range.from, range.to, range.role);
        if self.open.iter().map(what).eq(moves.iter().map(what)) {
            self.open.iter_mut().for_each(|range| range.last = last);
        } else {
            self.ready.extend(self.open.drain(..));
            self.open = moves;
        }
    }

    /// Goes on by one range, and behind the last one ends what is open.
    fn step(&mut self, first: u64) {
        let last = self.old.last.min(self.new.last);
        self.compare(first, last);
        self.first = last.checked_add(1);
        let Some(next) = self.first else {
            self.ready.extend(self.open.drain(..));
            return;
        };
        if self.old.last == last {
            self.old.advance(next);
        }
        if self.new.last == last {
            self.new.advance(next);
        }
    }
}

type Pair = (Option<usize>, Option<usize>, usize);

/// Pairs nodes that stop with nodes that begin, in the order of their roles.
fn between<'n>(
    old: &'n [(u64, usize)],
    new: &'n [(u64, usize)],
) -> impl Iterator<Item = Pair> + Clone + 'n {
    let only_in = |one: &'n [(u64, usize)], other: &'n [(u64, usize)]| {
        let is_elsewhere = move |id: u64| other.iter().any(|(known, _)| *known == id);
        one.iter()
            .enumerate()
            .filter(move |(_, (id, _))| !is_elsewhere(*id))
            .map(|(role, (_, index))| (role, *index))
    };
    let (mut stopping, mut beginning) = (only_in(old, new), only_in(new, old));
    std::iter::from_fn(move || match (stopping.next(), beginning.next()) {
        (None, None) => None,
        (from, Some((role, to))) => Some((from.map(|(_, from)| from), Some(to), role)),
        (Some((role, from)), None) => Some((Some(from), None, role)),
    })
}

impl<N, P: Placement, P2: Placement> Iterator for Moves<'_, N, P, P2> {
    type Item = RangeMove;

    fn next(&mut self) -> Option<RangeMove> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            self.step(self.first?);
        }
    }
}

impl<N, P: Placement, P2: Placement> FusedIterator for Moves<'_, N, P, P2> {}

impl<N, P: Placement, P2: Placement> fmt::Debug for Moves<'_, N, P, P2> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Moves")
            .field("first", &self.first)
            .finish_non_exhaustive()
    }
}
