//! Distinct nodes for one key, in order of preference.

use std::fmt;

use super::Distinct;
use crate::ring::placement::{KeyHash, Placement};
use crate::ring::{Native, Ring};

/// Distinct nodes for one key, the owner first: made by [`Ring::replicas`].
#[must_use = "an iterator does nothing until it is asked"]
pub struct Replicas<'r, N, P: Placement = Native> {
    ring: &'r Ring<N, P>,
    walk: Distinct<'r, P::Table>,
    /// Nodes still to come, unless the table has fewer.
    left: usize,
}

/// # Nodes of a key
impl<N, P: Placement> Ring<N, P> {
    /// Up to `n` distinct nodes for `key`, its owner first.
    ///
    /// The first of `n` nodes are those that a smaller `n` gives. Fewer come if fewer nodes own anything: those of weight zero
    /// don't, nor with some placements those of very little.
    ///
    /// When one node joins or leaves, the list of a key changes by at most one member with most placements, and by more with
    /// some: the [table](crate::ring#which-placement) says which.
    ///
    /// # Complexity
    ///
    /// Nothing allocates. About as many steps as nodes asked for, while these are few among many equal ones; a node of small
    /// weight among heavy ones is found late. All `m` nodes of a ring take about `m ln m` steps. Behind the 64th node in a
    /// ring of more than 2048, a bit per node is allocated.
    pub fn replicas<K: ?Sized>(&self, key: &K, n: usize) -> Replicas<'_, N, P>
    where
        P::Hash: KeyHash<K>,
    {
        self.replicas_hash(P::Hash::key_hash(key), n)
    }

    /// As [`replicas`](Self::replicas), for a key whose hash is known.
    pub fn replicas_hash(&self, hash: u64, n: usize) -> Replicas<'_, N, P> {
        Replicas {
            ring: self,
            walk: self.distinct(hash),
            left: n.min(self.alive()),
        }
    }

    /// The first node for `key` that is usable: the owner, or else the nearest of its [`replicas`](Self::replicas), or else any
    /// with weight. `usable` is asked about each node at most once, by index and node; it is where health comes in, without a
    /// new ring.
    ///
    /// Keys whose owner is usable stay where they are, and those of a node that is not are spread over the others.
    ///
    /// # Complexity
    ///
    /// One step while the owner is usable, and two or three while most nodes are. With `m` nodes and hardly any usable, about
    /// `m ln m` steps. Memory as for [`replicas`](Self::replicas).
    ///
    /// ```
    /// use tenfold::ring::Ring;
    ///
    /// let ring = Ring::new(["a", "b", "c"])?;
    /// let up = [true, false, true];
    /// let node = ring.locate_where("user:42", |index, _node| up[index]);
    /// assert!(node.is_some_and(|node| *node != "b"));
    /// assert_eq!(ring.locate_where("user:42", |_, _| false), None);
    /// # Ok::<(), tenfold::ring::Error>(())
    /// ```
    pub fn locate_where<K: ?Sized>(
        &self,
        key: &K,
        usable: impl FnMut(usize, &N) -> bool,
    ) -> Option<&N>
    where
        P::Hash: KeyHash<K>,
    {
        self.locate_hash_where(P::Hash::key_hash(key), usable)
    }

    /// As [`locate_where`](Self::locate_where), for a key whose hash is known.
    #[inline]
    pub fn locate_hash_where(
        &self,
        hash: u64,
        mut usable: impl FnMut(usize, &N) -> bool,
    ) -> Option<&N> {
        let owner = self.index_of_hash(hash)?;
        let node = self.node(owner)?;
        if usable(owner, node) {
            return Some(node);
        }
        let others = self.distinct(hash).and_all_others(self.members());
        others
            .take(self.alive())
            .filter(|index| *index != owner)
            .filter_map(|index| Some((index, self.node(index)?)))
            .find(|(index, node)| usable(*index, node))
            .map(|(_, node)| node)
    }

    /// Indices of the nodes of a hash, the owner first.
    pub(in crate::ring) fn distinct(&self, hash: u64) -> Distinct<'_, P::Table> {
        Distinct::new(self.table(), self.len(), hash)
    }
}

impl<'r, N, P: Placement> Iterator for Replicas<'r, N, P> {
    type Item = &'r N;

    fn next(&mut self) -> Option<&'r N> {
        self.left = self.left.checked_sub(1)?;
        let next = self.walk.next();
        if next.is_none() {
            self.left = 0;
        }
        self.ring.node(next?)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}

impl<N, P: Placement> std::iter::FusedIterator for Replicas<'_, N, P> {}

impl<N, P: Placement> Clone for Replicas<'_, N, P> {
    fn clone(&self) -> Self {
        Self {
            walk: self.walk.clone(),
            ..*self
        }
    }
}

impl<N: fmt::Debug, P: Placement> fmt::Debug for Replicas<'_, N, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
