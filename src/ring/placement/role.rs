//! The two roles: a recipe, and the table it builds.

use std::fmt;

use crate::ring::Error;

/// What a placement may know of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// The node's identity: its stable hash. No two members of a list have the same.
    pub id: u64,
    /// Its weight. A member of weight zero owns nothing.
    pub weight: u32,
}

impl Member {
    /// A member of a list.
    #[must_use]
    pub const fn new(id: u64, weight: u32) -> Self {
        Self { id, weight }
    }
}

/// What a table may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Entries the table may have; a placement that needs more refuses with [`Error::TooManyEntries`].
    pub max_entries: usize,
}

impl Limits {
    /// No limit is above this: 2^28 entries, some gigabytes.
    pub const CEILING: usize = 1 << 28;

    /// Limits for a placement that is built outside of a ring. More than [`CEILING`](Self::CEILING) counts as that.
    #[must_use]
    pub const fn new(max_entries: usize) -> Self {
        let above = max_entries > Self::CEILING;
        Self {
            max_entries: if above { Self::CEILING } else { max_entries },
        }
    }

    /// Checks a number of entries.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyEntries`] if `needed` is above the limit.
    pub fn check(&self, needed: u64) -> Result<usize, Error> {
        match usize::try_from(needed) {
            Ok(entries) if entries <= self.max_entries => Ok(entries),
            // The ceiling keeps the limit within 32 bits.
            _ => Err(Error::TooManyEntries {
                needed,
                limit: self.max_entries as u32,
            }),
        }
    }
}

/// A recipe for dividing the hash space among weighted members.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a placement",
    note = "use `Native`, `Maglev` or `Jump`, or implement `Placement` for `{Self}`; for a placement chosen at run time use `DynPlacement`"
)]
pub trait Placement: fmt::Debug + Send + Sync {
    /// What the recipe makes.
    type Table: Table;

    /// Builds the table for `members`. Indices in the table are indices into `members`.
    ///
    /// # Errors
    ///
    /// Whatever the recipe can't do: see [`Error`].
    fn build(&self, members: &[Member], limits: Limits) -> Result<Self::Table, Error>;
}

/// A division of the hash space, ready for lookups.
///
/// Indices are those of the list of members that the table was built from. A member of weight zero should never come up;
/// an index outside of the list counts as nobody.
pub trait Table: fmt::Debug + Send + Sync {
    /// The index of the member that owns `hash`; `None` if nobody has weight.
    ///
    /// Called once per request, so it should neither allocate nor lock.
    fn locate(&self, hash: u64) -> Option<usize>;

    /// The `n`-th candidate for a hash, counted from 0, which is the owner. Candidates may repeat.
    ///
    /// There must be an `n` from which on it is `None`, and every member that can own a hash should have come up before.
    fn candidate(&self, hash: u64, n: usize) -> Option<usize>;

    /// How the hash space is divided, if that can be told. Without it there is no plan from or to this table.
    fn layout(&self) -> Layout<'_> {
        Layout::Opaque
    }

    /// Entries in the table, and bytes of heap memory for them.
    fn size(&self) -> (usize, usize) {
        (0, 0)
    }
}

/// How a table divides the hash space.
#[non_exhaustive]
pub enum Layout<'t> {
    /// Consecutive ranges from hash 0 on: the last hash of each, and its owner. What lies behind the last range is nobody's,
    /// and a range that ends before the one in front of it is ignored.
    Ranges(Box<dyn Iterator<Item = (u64, usize)> + 't>),
    /// Jump consistent hashing over these buckets, as [`Jump::bucket`](super::Jump::bucket) does it: the owner of each.
    Jump(&'t [u32]),
    /// In a way that is not told.
    Opaque,
}

impl fmt::Debug for Layout<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ranges(_) => f.write_str("Ranges(..)"),
            Self::Jump(buckets) => write!(f, "Jump({} buckets)", buckets.len()),
            Self::Opaque => f.write_str("Opaque"),
        }
    }
}

/// Ranges that ascend, whatever a table says.
pub(in crate::ring) fn ascending(
    ranges: impl Iterator<Item = (u64, usize)>,
) -> impl Iterator<Item = (u64, usize)> {
    let mut previous = None;
    ranges.filter(move |(last, _)| {
        let ascends = previous.is_none_or(|previous| previous < *last);
        if ascends {
            previous = Some(*last);
        }
        ascends
    })
}
