//! The roles: a recipe, the table it builds, and how keys are hashed for it.

use std::fmt;

use super::{Layout, Member, Walk};
use crate::kernel::hash::{StableHash, StableKey};
use crate::ring::Error;

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
        let limit = self.max_entries.min(Self::CEILING);
        match usize::try_from(needed) {
            Ok(entries) if entries <= limit => Ok(entries),
            // The ceiling keeps the limit within 32 bits.
            _ => Err(Error::TooManyEntries {
                needed,
                limit: limit as u32,
            }),
        }
    }
}

/// How a placement hashes keys.
///
/// Most placements use [`StableHash`]. Those that place keys where another system does use that system's hash, and take keys
/// that are bytes.
#[diagnostic::on_unimplemented(
    message = "this ring can't hash keys of type `{K}`",
    note = "most placements need a key that implements `StableKey`; those compatible with another system need text or bytes"
)]
pub trait KeyHash<K: ?Sized> {
    /// The hash of `key`.
    fn key_hash(key: &K) -> u64;
}

impl<K: StableKey + ?Sized> KeyHash<K> for StableHash {
    #[inline]
    fn key_hash(key: &K) -> u64 {
        key.stable_hash()
    }
}

/// A recipe for dividing the hash space among weighted members.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a placement",
    note = "use `Native`, `Maglev`, `SlotTable` or another of `tenfold::ring::placement`, or implement `Placement` for `{Self}`; for a placement chosen at run time use `DynPlacement`"
)]
pub trait Placement: fmt::Debug + Send + Sync {
    /// What the recipe makes.
    type Table: Table;
    /// How keys are hashed: [`StableHash`], unless another system says where keys belong.
    type Hash;

    /// Builds the table for `members`. Indices in the table are indices into `members`.
    ///
    /// # Errors
    ///
    /// Whatever the recipe can't do: see [`Error`].
    fn build(&self, members: &[Member], limits: Limits) -> Result<Self::Table, Error>;

    /// Builds the table for `members` from the table that an equal recipe made for the members `before`.
    ///
    /// A placement whose table depends on what was there before says here what becomes of it; one that can change a table
    /// faster than build one does so. All others build.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    fn change(
        &self,
        old: &Self::Table,
        before: &[Member],
        members: &[Member],
        limits: Limits,
    ) -> Result<Self::Table, Error> {
        _ = (old, before);
        self.build(members, limits)
    }

    /// Whether members must have [names](Member::name).
    fn by_name(&self) -> bool {
        false
    }

    /// A recipe that builds this very table again, if the table depends on what was there before: the form in which a ring
    /// is stored.
    fn with_state(&self, table: &Self::Table, members: &[Member]) -> Option<Self>
    where
        Self: Sized,
    {
        _ = (table, members);
        None
    }

    /// Forgets what [`with_state`](Self::with_state) put in, once the table is built.
    fn forget_state(&mut self) {}
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

    /// The next candidate for a hash on this walk. The first is the owner, and candidates may repeat.
    ///
    /// A walk must end with `None`, and every member that can own a hash should have come up before.
    fn candidate(&self, hash: u64, walk: &mut Walk) -> Option<usize>;

    /// How the hash space is divided, if that can be told. Without it there is no plan from or to this table.
    fn layout(&self) -> Layout<'_> {
        Layout::Opaque
    }

    /// Entries in the table, and bytes of heap memory for them.
    fn size(&self) -> (usize, usize) {
        (0, 0)
    }
}
