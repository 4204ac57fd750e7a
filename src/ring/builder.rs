//! Building rings, and what can be configured.

use super::placement::{Limits, Member, Native, Placement};
use super::{Error, Ring};
use crate::kernel::hash::StableKey;

/// How a ring is built, apart from its nodes.
///
/// ```
/// use tenfold::ring::{Config, Native, Ring};
///
/// let config = Config::new(Native::with_points(512));
/// let ring = Ring::builder().config(config).nodes(["a", "b"]).build()?;
/// assert_eq!(ring.stats().entries, 1024);
/// # Ok::<(), tenfold::ring::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Config<P = Native> {
    /// How the hash space is divided.
    pub placement: P,
    /// Entries that the table may have: 2^22 by default, which is 38 to 42 MiB of points. Weights multiply entries, and a typing
    /// error in one should be refused, not served. More than [`Limits::CEILING`] counts as that.
    #[cfg_attr(feature = "serde", serde(default = "default_max_entries"))]
    pub max_entries: usize,
}

const fn default_max_entries() -> usize {
    1 << 22
}

impl<P> Config<P> {
    /// The default configuration with this placement.
    #[must_use]
    pub const fn new(placement: P) -> Self {
        Self {
            placement,
            max_entries: default_max_entries(),
        }
    }

    pub(super) const fn limits(&self) -> Limits {
        Limits::new(self.max_entries)
    }
}

impl<P: Default> Default for Config<P> {
    fn default() -> Self {
        Self::new(P::default())
    }
}

/// Collects nodes and configuration for a [`Ring`].
///
/// Nothing is checked before [`build`](Self::build).
///
/// With the feature `serde` a builder is the stored form of a ring; the [guide](crate::guide::ring) shows it. What is stored includes the configuration with its limit, so
/// a ring from a source that is not trusted can make its reader allocate some gigabytes; read such nodes and weights as plain
/// data, and build with a limit of your own.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[cfg_attr(
    feature = "serde",
    serde(bound(deserialize = "N: serde::Deserialize<'de>, P: serde::Deserialize<'de>"))
)]
#[must_use = "a builder makes nothing until `build` is called"]
pub struct Builder<N, P = Native> {
    config: Config<P>,
    nodes: Vec<(N, u32)>,
}

impl<N> Builder<N> {
    /// No nodes yet, and the default configuration.
    pub fn new() -> Self {
        Self {
            config: Config::default(),
            nodes: Vec::new(),
        }
    }
}

impl<N> Default for Builder<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<N, P> Builder<N, P> {
    /// Adds a node of weight 1.
    pub fn node(self, node: N) -> Self {
        self.weighted(node, 1)
    }

    /// Adds a node of this weight. A node of weight zero is on the list and owns nothing.
    pub fn weighted(mut self, node: N, weight: u32) -> Self {
        self.nodes.push((node, weight));
        self
    }

    /// Adds nodes of weight 1.
    pub fn nodes(mut self, nodes: impl IntoIterator<Item = N>) -> Self {
        self.nodes.extend(nodes.into_iter().map(|node| (node, 1)));
        self
    }

    /// Sets the placement.
    pub fn placement<P2: Placement>(self, placement: P2) -> Builder<N, P2> {
        let config = Config {
            placement,
            max_entries: self.config.max_entries,
        };
        Builder {
            config,
            nodes: self.nodes,
        }
    }

    /// Sets how many entries the table may have: see [`Config::max_entries`].
    pub fn max_entries(mut self, entries: usize) -> Self {
        self.config.max_entries = entries;
        self
    }

    /// Sets the whole configuration.
    pub fn config<P2: Placement>(self, config: Config<P2>) -> Builder<N, P2> {
        Builder {
            config,
            nodes: self.nodes,
        }
    }
}

impl<N: StableKey, P: Placement> Builder<N, P> {
    /// Builds the ring.
    ///
    /// # Errors
    ///
    /// [`Error::DuplicateNode`], and what the placement refuses: see there.
    pub fn build(self) -> Result<Ring<N, P>, Error> {
        let (nodes, weights): (Vec<N>, Vec<u32>) = self.nodes.into_iter().unzip();
        let by_name = self.config.placement.by_name();
        let member = |(node, weight): (&N, u32)| Member::of(node, weight, by_name);
        let members: Vec<Member> = nodes.iter().zip(weights).map(member).collect();
        refuse_duplicates(&members)?;
        Ring::build(nodes, members, self.config)
    }
}

fn refuse_duplicates(members: &[Member]) -> Result<(), Error> {
    let mut order: Vec<(u64, usize)> = members
        .iter()
        .enumerate()
        .map(|(index, member)| (member.id, index))
        .collect();
    order.sort_unstable();
    let index = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
    for (one, other) in order.iter().zip(order.iter().skip(1)) {
        if one.0 == other.0 {
            return Err(Error::DuplicateNode {
                first: index(one.1),
                second: index(other.1),
            });
        }
    }
    Ok(())
}

impl<N: StableKey, P: Placement> TryFrom<Builder<N, P>> for Ring<N, P> {
    type Error = Error;

    fn try_from(builder: Builder<N, P>) -> Result<Self, Error> {
        builder.build()
    }
}

impl<N: Clone, P: Placement + Clone> From<Ring<N, P>> for Builder<N, P> {
    fn from(ring: Ring<N, P>) -> Self {
        let nodes = ring
            .nodes()
            .map(|(node, weight)| (node.clone(), weight))
            .collect();
        let mut config = ring.config().clone();
        if let Some(placement) = config.placement.with_state(ring.table(), ring.members()) {
            config.placement = placement;
        }
        Self { config, nodes }
    }
}
