//! How many candidates a table is asked for, in situations where it could be very many: counted, not timed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tenfold::hash::StableHash;
use tenfold::ring::placement::{Layout, Limits, Member, Table, Walk};
use tenfold::ring::{Bounded, Error, Maglev, Native, Placement, Ring};

use crate::{Nodes, ring_of};

/// Another placement, and how often its tables were asked.
#[derive(Clone, Debug)]
struct Counting<P>(P, Arc<AtomicUsize>);

#[derive(Debug)]
struct CountingTable<T>(T, Arc<AtomicUsize>);

impl<P> Counting<P> {
    fn new(placement: P) -> Self {
        Self(placement, Arc::default())
    }

    /// Candidates that `work` asks for.
    fn during(&self, work: impl FnOnce()) -> usize {
        let before = self.1.load(Ordering::Relaxed);
        work();
        self.1.load(Ordering::Relaxed) - before
    }
}

impl<P: Placement<Hash = StableHash>> Placement for Counting<P> {
    type Table = CountingTable<P::Table>;
    type Hash = StableHash;

    fn build(&self, members: &[Member], limits: Limits) -> Result<Self::Table, Error> {
        Ok(CountingTable(
            self.0.build(members, limits)?,
            self.1.clone(),
        ))
    }
}

impl<T: Table> Table for CountingTable<T> {
    fn locate(&self, hash: u64) -> Option<usize> {
        self.0.locate(hash)
    }

    fn candidate(&self, hash: u64, walk: &mut Walk) -> Option<usize> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.candidate(hash, walk)
    }

    fn layout(&self) -> Layout<'_> {
        self.0.layout()
    }
}

/// So many nodes, of which the first is drained.
fn with_a_drained_one(nodes: u32) -> Nodes {
    (0..nodes).map(|node| (node, u32::from(node > 0))).collect()
}

/// Every node comes up after about `m ln m` candidates; twice that leaves room for chance.
fn enough(nodes: u32) -> usize {
    (2.0 * f64::from(nodes) * f64::from(nodes).ln()) as usize
}

#[test]
fn a_walk_ends_when_all_nodes_are_down() {
    for nodes in [100, 3000] {
        let counting = Counting::new(Native::with_points(40));
        let ring = ring_of(&with_a_drained_one(nodes), counting.clone());
        let mut asked = 0;
        let candidates = counting.during(|| {
            let none = ring.locate_where(&1_u32, |_, _| {
                asked += 1;
                false
            });
            assert_eq!(none, None);
        });
        assert_eq!(asked, nodes - 1);
        assert!(candidates <= enough(nodes), "{candidates} for {nodes}");
        let all =
            counting.during(|| assert_eq!(ring.replicas(&1_u32, 3000).count(), asked as usize));
        assert!(all <= enough(nodes), "{all} for {nodes}");
    }
}

#[test]
fn a_lease_looks_at_no_more_nodes_than_there_are() {
    let counting = Counting::new(Native::with_points(40));
    let bounded = Bounded::new(ring_of(&with_a_drained_one(100), counting.clone()), 1.0).unwrap();
    let mut leases = Vec::new();
    let candidates =
        counting.during(|| leases.extend((0..99).filter_map(|_| bounded.lease("hot"))));
    assert_eq!(leases.len(), 99);
    // Each passes the nodes that are full, and many of them more than once: 9068 candidates in all.
    assert!(candidates <= 15_000, "{candidates}");
}

/// A node that is too light for an entry comes up nowhere: no range waits for it until the end of the table.
#[test]
fn a_plan_of_copies_does_not_wait_for_nodes_that_own_nothing() {
    let counting = Counting::new(Maglev::with_table_size(10_007));
    let nodes = vec![(1, u32::MAX), (2, u32::MAX), (3, 1)];
    let (old, new) = (
        ring_of(&nodes, counting.clone()),
        ring_of(&nodes, counting.clone()),
    );
    let candidates = counting.during(|| assert!(old.plan_copies(&new, 3).unwrap().is_empty()));
    assert!(candidates < 200_000, "{candidates}");
    // Nor is it on a list; but if nobody else can, it serves.
    assert_eq!(old.replicas(&7_u32, 3).count(), 2);
    assert_eq!(old.locate_where(&7_u32, |_, node| *node == 3), Some(&3));
}

#[test]
fn more_zones_than_are_remembered_at_first_take_no_longer() {
    let counting = Counting::new(Native::with_points(40));
    let ring: Ring<u32, _> = ring_of(&with_a_drained_one(401), counting.clone());
    let candidates = counting.during(|| {
        let homes: Vec<u32> = ring
            .replicas_by(&1_u32, 45, |node| node % 40)
            .copied()
            .collect();
        let mut zones: Vec<u32> = homes.iter().take(40).map(|node| node % 40).collect();
        zones.sort_unstable();
        assert_eq!((homes.len(), zones), (45, (0..40).collect()));
    });
    assert!(candidates <= 2 * enough(401), "{candidates}");
}
