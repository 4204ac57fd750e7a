//! A ring that changes while threads look things up in it.

use std::fmt;

use super::placement::KeyHash;
use super::{Error, Native, Placement, Ring, Stats};
use crate::kernel::counters::Counters;
use crate::kernel::hash::StableKey;
use crate::kernel::snapshot::{self, Snapshot};
use crate::kernel::sync::Arc;

/// A ring whose membership changes under load.
///
/// Clones are handles to the same ring. Lookups are wait-free: a change works out a new ring beside them and publishes it
/// whole, so no lookup sees half of a change, and none that begins after a change returned sees the ring before it.
///
/// # Example: a node joins under load
///
/// ```
/// use tenfold::ring::{Ring, SharedRing};
///
/// let ring = SharedRing::new(Ring::new(["a".to_string(), "b".to_string()])?);
/// let lookups = {
///     let mut reader = ring.reader();
///     std::thread::spawn(move || (0..10_000_u32).filter(|key| reader.locate(key).is_some()).count())
/// };
/// ring.add("c".to_string())?;
/// assert_eq!(lookups.join().unwrap(), 10_000);
/// assert_eq!(ring.load().len(), 3);
/// # Ok::<(), tenfold::ring::Error>(())
/// ```
pub struct SharedRing<N, P: Placement = Native> {
    inner: Arc<Inner<N, P>>,
}

struct Inner<N, P: Placement> {
    ring: Arc<Snapshot<Ring<N, P>>>,
    events: Counters<3>,
}

/// Numbers of the counters.
const CHANGES: usize = 0;
const CONFLICTS: usize = 1;
const REFUSALS: usize = 2;

impl<N, P: Placement> SharedRing<N, P> {
    /// Shares a ring.
    #[must_use]
    pub fn new(ring: Ring<N, P>) -> Self {
        let ring = Arc::new(Snapshot::new(ring));
        Self {
            inner: Arc::new(Inner {
                ring,
                events: Counters::new(),
            }),
        }
    }

    /// The ring of this moment. It stays as it is, whatever is published later.
    #[must_use]
    pub fn load(&self) -> Ring<N, P> {
        self.inner.ring.read(Ring::clone)
    }

    /// Runs `look` on the ring of this moment: for several lookups that must agree.
    ///
    /// # Blocking
    ///
    /// Never waits: see [`Snapshot::read`].
    #[inline]
    pub fn read<R>(&self, look: impl FnOnce(&Ring<N, P>) -> R) -> R {
        self.inner.ring.read(look)
    }

    /// A clone of the node that owns `key`. To avoid the clone, use [`read`](Self::read) or a [`reader`](Self::reader).
    #[inline]
    pub fn locate<K: ?Sized>(&self, key: &K) -> Option<N>
    where
        N: Clone,
        P::Hash: KeyHash<K>,
    {
        self.locate_hash(P::Hash::key_hash(key))
    }

    /// As [`locate`](Self::locate), for a key whose hash is known.
    #[inline]
    #[must_use]
    pub fn locate_hash(&self, hash: u64) -> Option<N>
    where
        N: Clone,
    {
        self.read(|ring| ring.locate_hash(hash).cloned())
    }

    /// A handle for one thread or task: the fastest lookups. An idle reader keeps the ring that it saw last in memory.
    #[must_use]
    pub fn reader(&self) -> Reader<N, P> {
        Reader {
            rings: snapshot::Reader::new(self.inner.ring.clone()),
        }
    }

    /// Replaces the ring by what `change` makes of the current one, and returns the new ring.
    ///
    /// `change` runs outside all locks, and again if another change was published meanwhile: no change is lost, and of changes
    /// that meet one always gets through. A slow `change` beside a stream of fast ones may be repeated for as long as these go
    /// on, and one that publishes to the same shared ring itself is repeated for ever.
    ///
    /// # Errors
    ///
    /// What `change` returns; then the ring stays as it is.
    pub fn update<E>(
        &self,
        mut change: impl FnMut(&Ring<N, P>) -> Result<Ring<N, P>, E>,
    ) -> Result<Ring<N, P>, E> {
        let events = &self.inner.events;
        let mut attempts = 0_u32;
        let outcome = self.inner.ring.try_update(|ring| {
            if attempts > 0 {
                events.raise(CONFLICTS);
            }
            attempts += 1;
            change(ring)
        });
        match outcome {
            Ok(ring) => {
                events.raise(CHANGES);
                Ok(Ring::clone(&ring))
            }
            Err(error) => {
                events.raise(REFUSALS);
                Err(error)
            }
        }
    }

    /// Replaces the ring by `to`, if it is still `from`: for a change that was planned, and whose data was moved, before it is
    /// published.
    ///
    /// # Errors
    ///
    /// [`Error::Outdated`] if another ring was published meanwhile; then that one stays.
    pub fn replace(&self, from: &Ring<N, P>, to: Ring<N, P>) -> Result<Ring<N, P>, Error> {
        self.update(|ring| {
            if ring.is_same_as(from) {
                Ok(to.clone())
            } else {
                Err(Error::Outdated)
            }
        })
    }

    /// Size and evenness of the current ring, and what happened so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let events = &self.inner.events;
        Stats {
            changes: events.sum(CHANGES),
            conflicts: events.sum(CONFLICTS),
            refusals: events.sum(REFUSALS),
            ..self.load().stats()
        }
    }
}

/// # Membership
///
/// Each call publishes one new ring and returns it.
impl<N: StableKey + Clone, P: Placement + Clone> SharedRing<N, P> {
    /// Adds a node of weight 1.
    ///
    /// # Errors
    ///
    /// As [`Ring::with`]; then the ring stays as it is.
    pub fn add(&self, node: N) -> Result<Ring<N, P>, Error> {
        self.update(|ring| ring.with(node.clone()))
    }

    /// Adds a node of this weight.
    ///
    /// # Errors
    ///
    /// As [`Ring::with_weighted`]; then the ring stays as it is.
    pub fn add_weighted(&self, node: N, weight: u32) -> Result<Ring<N, P>, Error> {
        self.update(|ring| ring.with_weighted(node.clone(), weight))
    }

    /// Removes a node.
    ///
    /// # Errors
    ///
    /// As [`Ring::without`]; then the ring stays as it is.
    pub fn remove<K: StableKey + ?Sized>(&self, node: &K) -> Result<Ring<N, P>, Error> {
        self.update(|ring| ring.without(node))
    }

    /// Changes the weight of a node; zero drains it.
    ///
    /// # Errors
    ///
    /// As [`Ring::with_weight`]; then the ring stays as it is.
    pub fn set_weight<K: StableKey + ?Sized>(
        &self,
        node: &K,
        weight: u32,
    ) -> Result<Ring<N, P>, Error> {
        self.update(|ring| ring.with_weight(node, weight))
    }
}

impl<N, P: Placement> Clone for SharedRing<N, P> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<N: fmt::Debug, P: Placement> fmt::Debug for SharedRing<N, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedRing").field(&self.load()).finish()
    }
}

/// One thread's or task's view of a [`SharedRing`]: it looks for a newer ring by a single load per call.
pub struct Reader<N, P: Placement = Native> {
    rings: snapshot::Reader<Ring<N, P>>,
}

impl<N, P: Placement> Reader<N, P> {
    /// The ring of this moment.
    #[inline]
    pub fn ring(&mut self) -> &Ring<N, P> {
        self.rings.get()
    }

    /// The node that owns `key`.
    #[inline]
    pub fn locate<K: ?Sized>(&mut self, key: &K) -> Option<&N>
    where
        P::Hash: KeyHash<K>,
    {
        self.ring().locate(key)
    }

    /// The node that owns the key with this hash.
    #[inline]
    pub fn locate_hash(&mut self, hash: u64) -> Option<&N> {
        self.ring().locate_hash(hash)
    }
}

impl<N, P: Placement> Clone for Reader<N, P> {
    fn clone(&self) -> Self {
        Self {
            rings: self.rings.clone(),
        }
    }
}

impl<N: fmt::Debug, P: Placement> fmt::Debug for Reader<N, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reader").field(&self.rings).finish()
    }
}
