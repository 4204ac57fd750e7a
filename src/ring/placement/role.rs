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
    /// Limits for a placement that is built outside of a ring.
    #[must_use]
    pub const fn new(max_entries: usize) -> Self {
        Self { max_entries }
    }

    /// Checks a number of entries.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyEntries`] if `needed` is above the limit.
    pub fn check(&self, needed: u64) -> Result<usize, Error> {
        let clamp = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        match usize::try_from(needed) {
            Ok(entries) if entries <= self.max_entries => Ok(entries),
            _ => Err(Error::TooManyEntries {
                needed: clamp(needed),
                limit: clamp(self.max_entries as u64),
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
pub trait Table: fmt::Debug + Send + Sync {
    /// The index of the member that owns `hash`; `None` if nobody has weight.
    ///
    /// Called once per request, so it should neither allocate nor lock.
    fn locate(&self, hash: u64) -> Option<usize>;

    /// The next candidate for a hash, the owner first. Candidates may repeat. `None` when every member that can own a hash
    /// has come up.
    fn step(&self, cursor: &mut Cursor) -> Option<usize>;

    /// How the hash space is divided, if that can be told. Without it there is no plan from or to this table.
    fn layout(&self) -> Layout<'_> {
        Layout::Opaque
    }

    /// Entries in the table, and bytes of heap memory for them.
    fn size(&self) -> (usize, usize) {
        (0, 0)
    }
}

/// A walk through the candidates of one hash.
#[derive(Clone, Debug)]
pub struct Cursor {
    hash: u64,
    steps: usize,
    /// Where the table began to walk, for tables that need to search for it.
    pub(super) start: usize,
}

impl Cursor {
    /// A walk that has not begun.
    #[must_use]
    pub const fn new(hash: u64) -> Self {
        Self {
            hash,
            steps: 0,
            start: 0,
        }
    }

    /// The hash whose candidates are asked for.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// How many candidates came before.
    #[must_use]
    pub const fn steps(&self) -> usize {
        self.steps
    }

    /// The number of the next step, if it is one of the first `bound`.
    pub const fn next_of(&mut self, bound: usize) -> Option<usize> {
        if self.steps >= bound {
            return None;
        }
        self.steps += 1;
        Some(self.steps - 1)
    }
}

/// How a table divides the hash space.
#[non_exhaustive]
pub enum Layout<'t> {
    /// Consecutive ranges from hash 0 to [`u64::MAX`]: the last hash of each, and its owner. No ranges: nobody owns anything.
    Ranges(Box<dyn Iterator<Item = (u64, usize)> + 't>),
    /// Jump consistent hashing over these buckets: the owner of each.
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
