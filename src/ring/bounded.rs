//! A ring on which no node gets much more than its part of the work at hand.
//!
//! # Design
//!
//! Every node has a counter of leases, and one counter has the total. A caller first counts itself in the total, then walks
//! through the key's nodes and enters the first whose counter is below its bound, by compare-and-swap. A lease that ends leaves the
//! node first and the total then. So at any moment the total is at least one more than all nodes have together for every caller
//! that walks, and since bounds add up to at least the total, some node has room; a caller that finds none was overtaken,
//! looks at the total again and walks again.
//!
//! Counters belong to ids and outlive changes of the ring, also a node that leaves and comes back.

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;

use crossbeam_utils::CachePadded;

use super::placement::{KeyHash, Native, Placement};
use super::{Error, Ring};
use crate::kernel::counters::Counters;
use crate::kernel::hash::StableKey;
use crate::kernel::snapshot::Snapshot;
use crate::kernel::sync::fault::{self, Fault};
use crate::kernel::sync::{Arc, AtomicU64, Ordering, yield_now};

/// A ring with bounded loads: keys stay with their owner while it has room, and go to the next of their nodes when it has
/// not.
///
/// Of `t` leases at a time, the one that is about to be given included, no node is given more than `factor × t × w / W`, rounded up,
/// `w` being its weight and `W` that of all nodes. So one hot key can't overload a node, and few keys leave their owner: the larger the
/// factor, the fewer. 1.25 is a good start.
///
/// Clones are handles to the same loads. Membership changes as with [`SharedRing`](super::SharedRing), under load.
///
/// # Concurrency
///
/// A lease is counted with atomics; nobody waits for a lock. `t` is the number of leases when the caller counted itself, or later;
/// if others end meanwhile it may have become less by the time the caller enters. Leases of a node that has left the ring count
/// in `t` until they end.
///
/// # Complexity
///
/// A lookup, one or two steps on average to a node with room, however many nodes there are (but a hot key passes all those that
/// are full, its own doing), and six atomic operations from begin to
/// end, two of them on one counter for all. Nothing allocates. About a hundred bytes per node besides the ring.
///
/// # Source
///
/// V. Mirrokni, M. Thorup, M. Zadimoghaddam, "Consistent Hashing with Bounded Loads", 2016 (arXiv 1608.01350).
///
/// # Example: a hot key
///
/// ```
/// use tenfold::ring::{Bounded, Ring};
///
/// let bounded = Bounded::new(Ring::new(["a", "b", "c", "d"])?, 1.25)?;
/// let leases: Vec<_> = (0..100).filter_map(|_| bounded.lease("hot")).collect();
/// // Its owner does a fair part of the work, a quarter more than the mean, and no more.
/// let owner = bounded.ring().locate("hot").copied();
/// let of_owner = leases.iter().filter(|lease| Some(lease.node()) == owner.as_ref()).count();
/// assert_eq!(of_owner, 32); // 1.25 × 100 / 4, rounded up
/// # Ok::<(), tenfold::ring::Error>(())
/// ```
pub struct Bounded<N, P: Placement = Native> {
    inner: Arc<Inner<N, P>>,
}

struct Inner<N, P: Placement> {
    /// In units of 1 / `UNIT`.
    factor: u64,
    state: Snapshot<State<N, P>>,
    total: Arc<CachePadded<AtomicU64>>,
    events: Counters<2>,
}

/// Numbers of the counters.
const LEASES: usize = 0;
const OVERFLOWS: usize = 1;

const UNIT: u64 = 1 << 16;
const MAX_FACTOR: f64 = 65_536.0;

struct State<N, P: Placement> {
    ring: Ring<N, P>,
    /// In the order of the ring's nodes.
    seats: Box<[Arc<Seat<N>>]>,
    weight: u64,
    /// Loads of nodes that have left and may still have leases, by id.
    left: HashMap<u64, Arc<Load>>,
}

/// A node and what it does.
struct Seat<N> {
    node: N,
    load: Arc<Load>,
}

struct Load {
    leases: AtomicU64,
    total: Arc<CachePadded<AtomicU64>>,
}

impl Load {
    /// Counts one more lease, unless there are as many as the bound allows.
    fn enter(&self, bound: u64) -> bool {
        if fault::is(Fault::EnterUnchecked) {
            let has_room = self.leases.load(Ordering::Relaxed) < bound;
            self.leases
                .fetch_add(u64::from(has_room), Ordering::Relaxed);
            return has_room;
        }
        let more = |leases: u64| (leases < bound).then_some(leases + 1);
        self.leases
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok()
    }

    fn leave(&self) {
        self.leases.fetch_sub(1, Ordering::Relaxed);
        // Whoever sees the total without this lease sees the node without it.
        self.total.fetch_sub(1, Ordering::Release);
    }
}

/// A caller that is in the total; out of it again if a table of a user's panics.
struct Counted<'t>(&'t AtomicU64);

impl<'t> Counted<'t> {
    fn new(total: &'t AtomicU64) -> Self {
        total.fetch_add(1, Ordering::Acquire);
        Self(total)
    }

    /// From here on its lease counts it.
    fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

impl<N: Clone, P: Placement> State<N, P> {
    fn new(ring: Ring<N, P>, before: Option<&Self>, total: &Arc<CachePadded<AtomicU64>>) -> Self {
        let mut left: HashMap<u64, Arc<Load>> = HashMap::new();
        if let Some(before) = before {
            // Whoever has a lease, or an older ring to take one from, holds the load as well; two are held by the old state
            // and by this map. What nobody else holds can't be entered any more.
            left.extend(before.left.iter().map(|(id, load)| (*id, load.clone())));
            left.retain(|_, load| Arc::strong_count(load) > 2);
            let here = before.ring.members().iter().map(|member| member.id);
            left.extend(here.zip(before.seats.iter().map(|seat| seat.load.clone())));
            if fault::is(Fault::ForgetAbsent) {
                left.retain(|_, load| load.leases.load(Ordering::Relaxed) > 0);
            }
        }
        let new_load = || {
            Arc::new(Load {
                leases: AtomicU64::new(0),
                total: total.clone(),
            })
        };
        let mut seats = Vec::with_capacity(ring.len());
        for (node, member) in ring.list().iter().zip(ring.members()) {
            seats.push(Arc::new(Seat {
                node: node.clone(),
                load: left.remove(&member.id).unwrap_or_else(new_load),
            }));
        }
        let weight = ring
            .members()
            .iter()
            .map(|member| u64::from(member.weight))
            .sum();
        Self {
            ring,
            seats: seats.into_boxed_slice(),
            weight,
            left,
        }
    }

    /// How many leases this node may have, of so many.
    fn bound(&self, index: usize, total: u64, factor: u64) -> u64 {
        let weight = self
            .ring
            .members()
            .get(index)
            .map_or(0, |member| member.weight);
        let share = u128::from(factor) * u128::from(total) * u128::from(weight);
        let whole = u128::from(UNIT) * u128::from(self.weight.max(1));
        u64::try_from(share.div_ceil(whole)).unwrap_or(u64::MAX)
    }

    /// Enters the first node that has room, and tells how many came before it.
    fn enter(&self, hash: u64, total: u64, factor: u64) -> Option<(usize, &Arc<Seat<N>>)> {
        let members = self.ring.members();
        // A node that owns nothing may still have room.
        let nodes = self.ring.distinct(hash).and_all_others(members);
        let mut nodes = nodes.take(self.ring.alive()).enumerate();
        nodes.find_map(|(before, index)| {
            let seat = self.seats.get(index)?;
            let bound = self.bound(index, total, factor);
            seat.load.enter(bound).then_some((before, seat))
        })
    }
}

impl<N: Clone, P: Placement> Bounded<N, P> {
    /// Bounds the loads of `ring`. The factor is rounded down to a multiple of 2^-16.
    ///
    /// # Errors
    ///
    /// [`Error::Factor`] if it is not 1 to 65 536.
    pub fn new(ring: Ring<N, P>, factor: f64) -> Result<Self, Error> {
        if !(1.0..=MAX_FACTOR).contains(&factor) {
            return Err(Error::Factor);
        }
        let total = Arc::new(CachePadded::new(AtomicU64::new(0)));
        let state = State::new(ring, None, &total);
        Ok(Self {
            inner: Arc::new(Inner {
                factor: (factor * UNIT as f64) as u64,
                state: Snapshot::new(state),
                total,
                events: Counters::new(),
            }),
        })
    }

    /// A lease of the first node for `key` that has room, the owner if it has; `None` if no node has weight.
    ///
    /// # Blocking
    ///
    /// Never waits for a lock. A caller walks again only if others entered meanwhile.
    #[must_use]
    pub fn lease<K: ?Sized>(&self, key: &K) -> Option<Lease<N>>
    where
        P::Hash: KeyHash<K>,
    {
        self.lease_hash(P::Hash::key_hash(key))
    }

    /// As [`lease`](Self::lease), for a key whose hash is known.
    #[must_use]
    pub fn lease_hash(&self, hash: u64) -> Option<Lease<N>> {
        let Inner {
            factor,
            state,
            total,
            events,
        } = &*self.inner;
        state.read(|state| {
            if state.weight == 0 {
                return None;
            }
            let counted = Counted::new(total);
            loop {
                let leases = total.load(Ordering::Acquire);
                if let Some((before, seat)) = state.enter(hash, leases, *factor) {
                    counted.keep();
                    events.raise(LEASES);
                    if before > 0 {
                        events.raise(OVERFLOWS);
                    }
                    return Some(Lease { seat: seat.clone() });
                }
                yield_now();
            }
        })
    }

    /// The ring of this moment.
    #[must_use]
    pub fn ring(&self) -> Ring<N, P> {
        self.inner.state.read(|state| state.ring.clone())
    }

    /// Replaces the ring by what `change` makes of the current one, and returns the new ring. Loads of nodes that are in both
    /// go on. `change` may run again, as with [`SharedRing::update`](super::SharedRing::update).
    ///
    /// # Errors
    ///
    /// What `change` returns; then the ring stays as it is.
    pub fn update<E>(
        &self,
        mut change: impl FnMut(&Ring<N, P>) -> Result<Ring<N, P>, E>,
    ) -> Result<Ring<N, P>, E> {
        let Inner { state, total, .. } = &*self.inner;
        let state = state.try_update(|state| {
            let ring = change(&state.ring)?;
            Ok(State::new(ring, Some(state), total))
        })?;
        Ok(state.ring.clone())
    }

    /// How many leases there are, callers about to get one included.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.inner.total.load(Ordering::Relaxed)
    }

    /// The nodes and how many leases each has, in the order of the ring.
    #[must_use]
    pub fn loads(&self) -> Vec<(N, u64)> {
        let of_seat = |seat: &Arc<Seat<N>>| {
            let leases = seat.load.leases.load(Ordering::Relaxed);
            (seat.node.clone(), leases)
        };
        let state = self.inner.state.load();
        state.seats.iter().map(of_seat).collect()
    }

    /// What happened so far, and what is going on.
    #[must_use]
    pub fn stats(&self) -> BoundedStats {
        BoundedStats {
            in_flight: self.in_flight(),
            leases: self.inner.events.sum(LEASES),
            overflows: self.inner.events.sum(OVERFLOWS),
        }
    }
}

/// # Membership
///
/// Each call publishes one new ring and returns it; the errors are those of [`Ring`], and then the ring stays as it is.
impl<N: StableKey + Clone, P: Placement + Clone> Bounded<N, P> {
    /// Adds a node of this weight.
    ///
    /// # Errors
    ///
    /// As [`Ring::with_weighted`].
    pub fn add(&self, node: N, weight: u32) -> Result<Ring<N, P>, Error> {
        self.update(|ring| ring.with_weighted(node.clone(), weight))
    }

    /// Removes a node. Its leases end when they end.
    ///
    /// # Errors
    ///
    /// As [`Ring::without`].
    pub fn remove<K: StableKey + ?Sized>(&self, node: &K) -> Result<Ring<N, P>, Error> {
        self.update(|ring| ring.without(node))
    }

    /// Changes the weight of a node; zero drains it.
    ///
    /// # Errors
    ///
    /// As [`Ring::with_weight`].
    pub fn set_weight<K: StableKey + ?Sized>(
        &self,
        node: &K,
        weight: u32,
    ) -> Result<Ring<N, P>, Error> {
        self.update(|ring| ring.with_weight(node, weight))
    }
}

/// What happened on a [`Bounded`] ring, and what is going on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct BoundedStats {
    /// Leases that have not ended.
    pub in_flight: u64,
    /// Leases given so far.
    pub leases: u64,
    /// Leases of another node than the key's owner.
    pub overflows: u64,
}

impl BoundedStats {
    /// What happened since `earlier`: the counters as differences, what is going on as it is now.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            in_flight: self.in_flight,
            leases: self.leases.saturating_sub(earlier.leases),
            overflows: self.overflows.saturating_sub(earlier.overflows),
        }
    }
}

/// A piece of work on a node: made by [`Bounded::lease`]. It ends when it is dropped, in whatever way.
#[must_use = "a lease ends when it is dropped"]
pub struct Lease<N> {
    seat: Arc<Seat<N>>,
}

impl<N> Lease<N> {
    /// The node.
    #[must_use]
    pub fn node(&self) -> &N {
        &self.seat.node
    }
}

impl<N> Deref for Lease<N> {
    type Target = N;

    fn deref(&self) -> &N {
        self.node()
    }
}

impl<N> Drop for Lease<N> {
    fn drop(&mut self) {
        self.seat.load.leave();
    }
}

impl<N: fmt::Debug> fmt::Debug for Lease<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(self.node()).finish()
    }
}

impl<N, P: Placement> Clone for Bounded<N, P> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<N: fmt::Debug + Clone, P: Placement> fmt::Debug for Bounded<N, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded")
            .field("factor", &(self.inner.factor as f64 / UNIT as f64))
            .field("loads", &self.loads())
            .finish_non_exhaustive()
    }
}
