//! All sets, made at once and never more.

use super::Overflow;
use super::keys::{Held, Kept, Keys};
use super::meters::Meters;
use super::set::{PLACES, Set};
use crate::limit::error::MOST_BYTES;

/// A set, and its keys if they are kept. Two lines of the cache, which the processor likes to fetch together.
#[derive(Debug)]
#[repr(C, align(128))]
pub(super) struct Shelf<B> {
    pub(super) set: Set,
    pub(super) keys: B,
}

#[derive(Debug)]
pub(super) struct Table<B> {
    /// All but one.
    shelves: Box<[Shelf<B>]>,
    /// The one behind them. So every index means one.
    last: Box<Shelf<B>>,
}

impl<B> Table<B> {
    /// Bytes of a set.
    pub(super) const SET: usize = size_of::<Shelf<B>>();

    /// As many sets as fit; `None` if that is none, or more than there is memory for.
    fn new<K>(bytes: usize) -> Option<Self>
    where
        B: Keys<K>,
    {
        let others = (bytes / Self::SET).checked_sub(1)?;
        if bytes > MOST_BYTES {
            return None;
        }
        let mut shelves = Vec::new();
        shelves.try_reserve_exact(others).ok()?;
        shelves.resize_with(others, Shelf::new);
        Some(Self {
            shelves: shelves.into_boxed_slice(),
            last: Box::new(Shelf::new()),
        })
    }

    /// The set of a key.
    #[inline]
    pub(super) fn shelf(&self, hash: u64) -> &Shelf<B> {
        let index = (u128::from(hash) * self.count() as u128) >> 64;
        self.shelves.get(index as usize).unwrap_or(&self.last)
    }

    fn clear<K>(&self)
    where
        B: Keys<K>,
    {
        for Shelf { set, keys } in self.all() {
            // Keys are dropped behind the lock.
            let _keys = {
                let mut held = keys.lock(set);
                set.clear();
                std::array::from_fn::<_, PLACES, _>(|place| held.replace(place, None))
            };
        }
    }

    fn live<K>(&self, now: u64, meters: &Meters, overflow: Overflow) -> usize
    where
        B: Keys<K>,
    {
        let live = |Shelf { set, keys }: &Shelf<B>| {
            let _held = keys.lock(set);
            set.live(now, meters, overflow)
        };
        self.all().map(live).sum()
    }

    fn all(&self) -> impl Iterator<Item = &Shelf<B>> {
        self.shelves.iter().chain(std::iter::once(&*self.last))
    }

    /// How many sets there are.
    const fn count(&self) -> usize {
        self.shelves.len() + 1
    }
}

impl<B> Shelf<B> {
    fn new<K>() -> Self
    where
        B: Keys<K>,
    {
        Self {
            set: Set::new(),
            keys: B::new(),
        }
    }
}

/// A table that knows keys by their tags, or one that has them.
#[derive(Debug)]
pub(super) enum Tables<K> {
    Hashed(Table<()>),
    Exact(Table<Kept<K>>),
}

impl<K> Tables<K> {
    pub(super) fn new(bytes: usize, exact: bool) -> Option<Self> {
        if exact {
            Table::new::<K>(bytes).map(Self::Exact)
        } else {
            Table::new::<K>(bytes).map(Self::Hashed)
        }
    }

    /// The smallest table there can be: one set, without keys.
    pub(super) fn least() -> Self {
        Self::Hashed(Table {
            shelves: Box::default(),
            last: Box::new(Shelf::new::<K>()),
        })
    }

    /// Bytes of a set.
    pub(super) const fn set_bytes(exact: bool) -> usize {
        if exact {
            Table::<Kept<K>>::SET
        } else {
            Table::<()>::SET
        }
    }

    /// How many sets there are.
    pub(super) const fn count(&self) -> usize {
        match self {
            Self::Hashed(table) => table.count(),
            Self::Exact(table) => table.count(),
        }
    }

    pub(super) const fn bytes(&self) -> usize {
        let exact = matches!(self, Self::Exact(_));
        self.count() * Self::set_bytes(exact)
    }

    /// Empties all sets, one after the other.
    pub(super) fn clear(&self) {
        match self {
            Self::Hashed(table) => table.clear::<K>(),
            Self::Exact(table) => table.clear::<K>(),
        }
    }

    /// Keys whose buckets are not full at `now`.
    pub(super) fn live(&self, now: u64, meters: &Meters, overflow: Overflow) -> usize {
        match self {
            Self::Hashed(table) => table.live::<K>(now, meters, overflow),
            Self::Exact(table) => table.live::<K>(now, meters, overflow),
        }
    }
}
