//! The ring as its users hold it.

use std::fmt;
use std::sync::Arc;

use super::placement::{KeyHash, Limits, Member, Native, Placement, Table};
use super::{Builder, Config, Error};
use crate::kernel::hash::StableKey;

/// An immutable table from keys to nodes.
///
/// A clone is a reference to the same table. Changes ([`with`](Ring::with), [`without`](Ring::without), …) make a new ring.
///
/// # Complexity
///
/// What the [placement](super#which-placement) says. Nothing allocates on a lookup.
///
/// With the feature `serde` a ring is stored as its [`Builder`] is, and built again when it is read; see there for rings from
/// sources that are not trusted.
///
/// # Example: weights
///
/// ```
/// use tenfold::ring::Ring;
///
/// let ring = Ring::builder().weighted("large", 2).weighted("small", 1).weighted("leaving", 0).build()?;
/// let large = (0..3000_u32).filter(|key| ring.locate(key) == Some(&"large")).count();
/// assert!((1600..2400).contains(&large)); // two thirds
/// assert!((0..3000_u32).all(|key| ring.locate(&key) != Some(&"leaving")));
/// # Ok::<(), tenfold::ring::Error>(())
/// ```
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "Builder<N, P>", into = "Builder<N, P>")
)]
#[cfg_attr(
    feature = "serde",
    serde(bound(
        serialize = "N: Clone + serde::Serialize, P: Placement + Clone + serde::Serialize"
    ))
)]
#[cfg_attr(
    feature = "serde",
    serde(bound(
        deserialize = "N: StableKey + serde::Deserialize<'de>, P: Placement + serde::Deserialize<'de>"
    ))
)]
pub struct Ring<N, P: Placement = Native> {
    inner: Arc<Inner<N, P>>,
}

struct Inner<N, P: Placement> {
    table: P::Table,
    nodes: Box<[N]>,
    members: Box<[Member]>,
    /// Members with weight.
    alive: usize,
    config: Config<P>,
}

impl<N: StableKey> Ring<N> {
    /// A ring of `nodes`, all of weight 1, with the default placement.
    ///
    /// No nodes are fine: then nobody owns anything.
    ///
    /// # Errors
    ///
    /// [`Error::DuplicateNode`]; [`Error::TooManyEntries`] from 26 215 nodes on (see [`Config::max_entries`]).
    pub fn new(nodes: impl IntoIterator<Item = N>) -> Result<Self, Error> {
        Self::builder().nodes(nodes).build()
    }
}

impl<N> Ring<N> {
    /// A builder with the default placement.
    pub fn builder() -> Builder<N> {
        Builder::new()
    }
}

impl<N, P: Placement> Ring<N, P> {
    /// Builds the table. `members` tells of each node, in the same order; their ids are distinct.
    pub(super) fn build(
        nodes: Vec<N>,
        members: Vec<Member>,
        config: Config<P>,
    ) -> Result<Self, Error> {
        Self::build_with(nodes, members, config, P::build)
    }

    /// Builds the table from this ring's.
    pub(super) fn rebuild(&self, nodes: Vec<N>, members: Vec<Member>) -> Result<Self, Error>
    where
        P: Clone,
    {
        let change = |placement: &P, members: &[Member], limits| {
            placement.change(self.table(), self.members(), members, limits)
        };
        Self::build_with(nodes, members, self.config().clone(), change)
    }

    fn build_with(
        nodes: Vec<N>,
        members: Vec<Member>,
        mut config: Config<P>,
        build: impl FnOnce(&P, &[Member], Limits) -> Result<P::Table, Error>,
    ) -> Result<Self, Error> {
        if config.placement.by_name() {
            if let Some(node) = members.iter().position(|member| member.name.is_none()) {
                let node = u32::try_from(node).unwrap_or(u32::MAX);
                return Err(Error::Nameless { node });
            }
        }
        let table = build(&config.placement, &members, config.limits())?;
        config.placement.forget_state();
        let alive = members.iter().filter(|member| member.weight > 0).count();
        let (nodes, members) = (nodes.into(), members.into());
        Ok(Self {
            inner: Arc::new(Inner {
                table,
                nodes,
                members,
                alive,
                config,
            }),
        })
    }

    /// The node that owns `key`, or `None` if no node has weight.
    #[inline]
    pub fn locate<K: ?Sized>(&self, key: &K) -> Option<&N>
    where
        P::Hash: KeyHash<K>,
    {
        self.locate_hash(P::Hash::key_hash(key))
    }

    /// The node that owns the key with this hash.
    ///
    /// The hash must be the placement's, which for most is [`StableHash`](crate::hash::StableHash), or as well mixed: consecutive
    /// numbers as hashes all fall to one node.
    #[inline]
    #[must_use]
    pub fn locate_hash(&self, hash: u64) -> Option<&N> {
        self.inner.nodes.get(self.inner.table.locate(hash)?)
    }

    /// The index of the owner of this hash in [`nodes`](Self::nodes), for callers that keep something per node in a list. It
    /// holds for this ring only: in a ring without one node another one may have its index.
    #[inline]
    #[must_use]
    pub fn index_of_hash(&self, hash: u64) -> Option<usize> {
        self.inner
            .table
            .locate(hash)
            .filter(|index| *index < self.len())
    }

    /// The nodes and their weights, in the order in which indices count them.
    #[must_use]
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (&N, u32)> + '_ {
        self.inner
            .nodes
            .iter()
            .zip(self.inner.members.iter().map(|member| member.weight))
    }

    /// The node with this index.
    #[must_use]
    pub fn node(&self, index: usize) -> Option<&N> {
        self.inner.nodes.get(index)
    }

    /// How many nodes there are, those of weight zero included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.nodes.len()
    }

    /// Whether there are no nodes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.nodes.is_empty()
    }

    /// The configuration the ring was built with.
    #[must_use]
    pub fn config(&self) -> &Config<P> {
        &self.inner.config
    }

    pub(super) fn table(&self) -> &P::Table {
        &self.inner.table
    }

    pub(super) fn members(&self) -> &[Member] {
        &self.inner.members
    }

    /// Whether the other one is a clone of this ring or this of it.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Nodes with weight.
    pub(super) fn alive(&self) -> usize {
        self.inner.alive
    }

    pub(super) fn list(&self) -> &[N] {
        &self.inner.nodes
    }
}

impl<N, P: Placement> Clone for Ring<N, P> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<N: fmt::Debug, P: Placement> fmt::Debug for Ring<N, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Nodes<'r, N, P: Placement>(&'r Ring<N, P>);
        impl<N: fmt::Debug, P: Placement> fmt::Debug for Nodes<'_, N, P> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_map().entries(self.0.nodes()).finish()
            }
        }
        f.debug_struct("Ring")
            .field("nodes", &Nodes(self))
            .field("placement", &self.inner.config.placement)
            .finish()
    }
}
