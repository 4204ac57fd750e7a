//! Numbers that a table may keep of each entry, besides key and value: only those that are wanted take room.
//!
//! Readers and the holder of the lock load and store them one by one. None of them says whether there is an entry.

use super::group::SLOTS;
use crate::kernel::sync::{AtomicU64, Ordering};

/// The deadline of an entry that does not expire.
pub(crate) const NEVER: u64 = u64::MAX;

/// What a table keeps of each entry besides key and value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    /// When it expires.
    pub(crate) deadlines: bool,
    /// How far readers may put that off.
    pub(crate) limits: bool,
    /// When it should be loaded anew.
    pub(crate) refreshes: bool,
    /// What its load took.
    pub(crate) costs: bool,
}

/// When an entry expires, in nanoseconds of the cache's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) deadline: u64,
    /// Readers put the deadline off up to here.
    pub(crate) limit: u64,
}

impl Lease {
    /// It doesn't.
    pub(crate) const FOREVER: Self = Self {
        deadline: NEVER,
        limit: NEVER,
    };
}

/// The numbers of all slots of one table. Each is found by its slot's [dense](super::dense) number.
pub(super) struct Numbers {
    /// When each entry expires, in nanoseconds of the cache's clock; none if entries don't.
    deadlines: Box<[AtomicU64]>,
    /// How far a reader may put that off; none if readers don't.
    limits: Box<[AtomicU64]>,
    /// When somebody should load it anew; none if nobody should.
    refreshes: Box<[AtomicU64]>,
    /// What its load took; none if that doesn't matter.
    costs: Box<[AtomicU64]>,
    /// Whether there is none of these numbers.
    bare: bool,
}

/// A number for each slot of so many groups, if it is wanted.
fn column(groups: usize, wanted: bool, value: u64) -> Box<[AtomicU64]> {
    (0..if wanted { groups * SLOTS } else { 0 })
        .map(|_| AtomicU64::new(value))
        .collect()
}

impl Numbers {
    pub(super) fn new(groups: usize, columns: Columns) -> Self {
        Self {
            deadlines: column(groups, columns.deadlines, NEVER),
            limits: column(groups, columns.limits, NEVER),
            refreshes: column(groups, columns.refreshes, NEVER),
            costs: column(groups, columns.costs, 0),
            bare: columns == Columns::default(),
        }
    }

    pub(super) fn columns(&self) -> Columns {
        Columns {
            deadlines: !self.deadlines.is_empty(),
            limits: !self.limits.is_empty(),
            refreshes: !self.refreshes.is_empty(),
            costs: !self.costs.is_empty(),
        }
    }

    #[inline(always)]
    pub(super) fn is_bare(&self) -> bool {
        self.bare
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.deadlines)
            + size_of_val(&*self.limits)
            + size_of_val(&*self.refreshes)
            + size_of_val(&*self.costs)
    }

    /// When the entry expires, if entries do.
    #[inline(always)]
    pub(super) fn due(&self, at: usize) -> Option<&AtomicU64> {
        self.deadlines.get(at)
    }

    #[inline]
    pub(super) fn deadline(&self, at: usize) -> u64 {
        self.due(at)
            .map_or(NEVER, |due| due.load(Ordering::Relaxed))
    }

    /// How far a reader may put its deadline off.
    #[inline]
    pub(super) fn limit(&self, at: usize) -> u64 {
        self.limits
            .get(at)
            .map_or(NEVER, |limit| limit.load(Ordering::Relaxed))
    }

    #[inline]
    pub(super) fn lease(&self, at: usize) -> Lease {
        Lease {
            deadline: self.deadline(at),
            limit: self.limit(at),
        }
    }

    #[inline]
    pub(super) fn set_lease(&self, at: usize, lease: Lease) {
        if let Some(limit) = self.limits.get(at) {
            limit.store(lease.limit, Ordering::Relaxed);
        }
        if let Some(due) = self.deadlines.get(at) {
            due.store(lease.deadline, Ordering::Relaxed);
        }
    }

    /// A reader puts the deadline off if it is still `from`. So a finite one stays finite until the holder of the lock changes it, who counts
    /// those.
    pub(super) fn put_off(&self, at: usize, from: u64, lease: Lease) {
        let Some(due) = self.deadlines.get(at) else {
            return;
        };
        let order = Ordering::Relaxed;
        let moved = due.compare_exchange(from, lease.deadline, order, order);
        if let (Ok(_), Some(limit)) = (moved, self.limits.get(at)) {
            limit.store(lease.limit, order);
        }
    }

    /// When the entry should be loaded anew, and what its load took.
    #[inline]
    pub(super) fn refresh(&self, at: usize) -> (u64, u64) {
        let number = |column: &[AtomicU64]| Some(column.get(at)?.load(Ordering::Relaxed));
        (
            number(&self.refreshes).unwrap_or(NEVER),
            number(&self.costs).unwrap_or(0),
        )
    }

    #[inline]
    pub(super) fn set_refresh(&self, at: usize, refresh: u64, cost: u64) {
        if let Some(own) = self.refreshes.get(at) {
            own.store(refresh, Ordering::Relaxed);
        }
        if let Some(own) = self.costs.get(at) {
            own.store(cost, Ordering::Relaxed);
        }
    }

    /// How many deadlines there are.
    #[cfg(any(test, fuzzing, tenfold_loom, tenfold_shuttle))]
    pub(super) fn deadlines(&self) -> usize {
        self.deadlines.len()
    }
}
